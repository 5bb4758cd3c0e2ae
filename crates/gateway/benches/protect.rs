//! What protecting a route costs: the same route with and without the layer, over the store in memory.
#![allow(missing_docs)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    routing::get,
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use genuine_gateway::{
    gate::{Access, Freshness},
    http::require_assertion,
};
use support::{APPLICATION, Site, device, intake, signed};
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
    group.finish();
}

criterion_group!(benches, protect);
criterion_main!(benches);
