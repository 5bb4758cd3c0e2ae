//! What protecting a route costs: the same route with and without a layer, over the store in memory. `protected` takes an assertion,
//! `token` a session token of ES256, and `proof` one that is bound to a key, with a proof.
#![allow(missing_docs)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header::AUTHORIZATION},
    routing::get,
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use genuine::app_attest::KeyId;
use genuine_gateway::{
    client::ProofKey,
    gate::{Access, Freshness},
    http::{require_assertion, require_token},
    token::{Client, Grant},
};
use support::{APPLICATION, AUTHORITY, Site, device, intake, now, signed};
use tower::ServiceExt as _;

fn protect(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let site = Site::new();
    let mut alice = device("alice");
    runtime.block_on(site.register(&alice, "alice"));
    let bare = Router::new().route("/", get(async || "answer"));
    let access = Access::new(vec![APPLICATION.to_owned()], Freshness::Counter);
    let layer = require_assertion(Arc::clone(&site.gate), intake(), access);
    let protected = bare.clone().route_layer(layer);

    let answer = |routes: &Router, request: Request<Body>| {
        let response = runtime.block_on(routes.clone().oneshot(request)).unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    };
    let mut group = criterion.benchmark_group("route");
    group.bench_function("bare", |bencher| {
        let request = || Request::get("/").body(Body::empty()).unwrap();
        bencher.iter_batched(request, |request| answer(&bare, request), BatchSize::SmallInput);
    });
    group.bench_function("protected", |bencher| {
        // Each one is signed, outside of the measurement, and counts once.
        let request = || signed(&mut alice, "GET", "/", "", None);
        bencher.iter_batched(request, |request| answer(&protected, request), BatchSize::SmallInput);
    });
    let tokens = site.gate.tokens.as_ref().unwrap();
    let key_id = KeyId(alice.key_id());
    let device = runtime.block_on(site.gate.device(key_id)).unwrap();
    let environment = device.key.environment().unwrap();
    let client = ProofKey::of("alice").unwrap();
    let mint = |bound_to| {
        let client = Client::default();
        let grant = Grant { key_id, environment, application: APPLICATION, bound_to, client, lifetime: None };
        runtime.block_on(tokens.mint(&grant, now())).unwrap()
    };
    let layer = require_token(Arc::clone(&site.gate), intake(), AUTHORIZATION, vec![APPLICATION.to_owned()]);
    let admitted = bare.route_layer(layer);
    let free = format!("Bearer {}", mint(None));
    group.bench_function("token", |bencher| {
        let request = || Request::get("/").header(AUTHORIZATION, &free).body(Body::empty()).unwrap();
        bencher.iter_batched(request, |request| answer(&admitted, request), BatchSize::SmallInput);
    });
    let bound = mint(Some(client.thumbprint().unwrap()));
    let (uri, mut number) = (format!("https://{AUTHORITY}/"), 0_u64);
    group.bench_function("proof", |bencher| {
        // Each one is signed, outside of the measurement, and counts once.
        let request = || {
            number += 1;
            let request = Request::get("/").header(AUTHORIZATION, format!("DPoP {bound}"));
            let proof = client.prove("GET", &uri, &bound, &number.to_string(), now()).unwrap();
            request.header("dpop", proof).body(Body::empty()).unwrap()
        };
        bencher.iter_batched(request, |request| answer(&admitted, request), BatchSize::SmallInput);
    });
    group.finish();
}

criterion_group!(benches, protect);
criterion_main!(benches);
