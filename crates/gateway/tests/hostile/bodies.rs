//! Bodies: their form, their size, and all of them together.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Request, routing::post};
use bytes::Bytes;
use futures_util::StreamExt as _;
use genuine_gateway::{
    gate::{Access, Freshness},
    http::{Intake, require_assertion},
    refusal::Refusal,
};
use serde_json::json;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::support::{APPLICATION, Site, device, gate, json_request, origin, signed};

#[tokio::test]
async fn bodies_that_are_not_what_is_described_are_refused() {
    let site = Site::new();
    let challenge = json!({ "application": APPLICATION, "purpose": "attestation" });
    let mut cases: Vec<(Request<Body>, u16, &str)> = Vec::new();
    for body in [
        "",
        "{",
        "[]",
        "null",
        "7",
        "\"x\"",
        "{}",
        "{\"application\":\"demo\"}",
        "\u{feff}{}",
        "{\"application\":\"demo\",\"purpose\":\"nothing\"}",
        "{\"application\":\"demo\",\"purpose\":\"attestation\",\"more\":1}",
        "{\"application\":\"demo\",\"application\":\"demo\",\"purpose\":\"attestation\"}",
        "{\"application\":7,\"purpose\":\"attestation\"}",
        "[\"demo\",\"attestation\"]",
        "{\"application\":null,\"purpose\":\"attestation\"}",
        "{\"application\":\"demo\",\"purpose\":\"attestation\"} x",
    ] {
        let request = Request::post("/challenges").header("content-type", "application/json");
        cases.push((request.body(Body::from(body)).unwrap(), 400, "malformed"));
    }
    let nested = "[".repeat(20_000);
    let request =
        Request::post("/devices").header("content-type", "application/json").body(Body::from(nested)).unwrap();
    cases.push((request, 400, "malformed"));
    let octets = Body::from(&b"{\"application\":\"\xFF\"}"[..]);
    let request = Request::post("/devices").header("content-type", "application/json").body(octets).unwrap();
    cases.push((request, 400, "malformed"));
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
        let request = Request::post("/challenges").header("content-type", media_type);
        cases.push((request.body(Body::from(challenge.to_string())).unwrap(), 415, "unsupported_media_type"));
    }
    let request = Request::post("/challenges").body(Body::from(challenge.to_string())).unwrap();
    cases.push((request, 415, "unsupported_media_type"));
    let large = json!({ "application": "x".repeat(40_000), "purpose": "attestation" });
    cases.push((json_request("/challenges", "s", &large), 413, "too_large"));
    let twice = Request::post("/challenges").header("content-type", "application/json");
    let twice = twice.header("x-session", "a").header("x-session", "b");
    cases.push((twice.body(Body::from(challenge.to_string())).unwrap(), 400, "malformed"));
    for (number, (request, status, code)) in cases.into_iter().enumerate() {
        let answer = site.send(request).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "case {number}");
    }
    let request = Request::post("/challenges").header("content-type", "Application/JSON; charset=utf-8");
    assert_eq!(site.send(request.body(Body::from(challenge.to_string())).unwrap()).await.status, 201);
}

#[tokio::test]
async fn bodies_of_protected_requests_are_limited_before_anything_is_verified() {
    let site = Site::new();
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    let before = site.gate.metrics.text().unwrap();
    let limit = "x".repeat(1000);
    assert_eq!(site.send(signed(&mut alice, "POST", "/orders", &limit, None)).await.status, 200);
    let answer = site.send(signed(&mut alice, "POST", "/orders", &format!("{limit}x"), None)).await;
    assert_eq!((answer.status, answer.code()), (413, "too_large".to_owned()));

    // Nothing is read for who is not registered, or comes again.
    let pending = || Body::from_stream(futures_util::stream::pending::<Result<Bytes, Infallible>>());
    let stranger = signed(&mut device("stranger"), "POST", "/orders", "", None).map(|_| pending());
    assert_eq!(site.send(stranger).await.code(), "unknown_key");
    assert_eq!((site.refusals("UnknownKey"), before.contains("UnknownKey")), (1, false));
    // A body that never ends, and one that never comes.
    let endless = futures_util::stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[0; 500])));
    let request = signed(&mut alice, "POST", "/orders", "", None).map(|_| Body::from_stream(endless));
    assert_eq!(site.send(request).await.code(), "too_large");
    let request = signed(&mut alice, "POST", "/orders", "", None);
    let request = request.map(|_| pending());
    let answer = tokio::time::timeout(Duration::from_secs(5), site.send(request)).await.unwrap();
    assert_eq!((answer.status, answer.code()), (408, "timeout".to_owned()));
    // One that breaks off.
    let broken = futures_util::stream::iter([Ok(Bytes::from_static(b"x")), Err("gone")]);
    let request = signed(&mut alice, "POST", "/orders", "", None).map(|_| Body::from_stream(broken));
    assert_eq!(site.send(request).await.code(), "malformed");
    let counted = site.gate.metrics.text().unwrap();
    assert!(counted.contains("genuine_signatures_total{curve=\"p256\",key=\"stored\"} 1\n"), "{counted}");
}

#[tokio::test]
async fn bodies_together_are_limited() {
    let (gate, hands) = gate();
    let site = Site::of(Arc::clone(&gate), hands, origin());
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    // Room for ten bodies of up to 1000 bytes.
    let intake = Intake::new(1000, 10 * 1024, Duration::from_millis(500), "x-session".parse().unwrap());
    let access = Access::new(vec![APPLICATION.to_owned()], Freshness::Counter);
    let routes = Router::new().route("/", post(async |body: Bytes| body.len().to_string()));
    let routes = routes.route_layer(require_assertion(gate, intake, access));
    let mut waiting = JoinSet::new();
    for _ in 0..10 {
        // Each has sent something, and sends no more. What is only announced takes no room.
        let sent = futures_util::stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"x"))]);
        let pending = Body::from_stream(sent.chain(futures_util::stream::pending()));
        let request = signed(&mut alice, "POST", "/", "", None).map(|_| pending);
        waiting.spawn(routes.clone().oneshot(request));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let status = async |request: Request<Body>| routes.clone().oneshot(request).await.unwrap().status().as_u16();
    let request = signed(&mut alice, "POST", "/", "body", None);
    let (parts, _) = request.into_parts();
    let call = || Request::from_parts(parts.clone(), Body::from("body"));
    assert_eq!((status(call()).await, site.gate.metrics.assertions.get()), (503, 0));
    for answer in waiting.join_all().await {
        assert_eq!(answer.unwrap().status(), 408);
    }
    assert_eq!(status(call()).await, 200, "there is room again, and the assertion is as good as before");

    // Room is taken until the handler is done with the body.
    let intake = Intake::new(1000, 1024, Duration::from_millis(500), "x-session".parse().unwrap());
    let body = intake.body(Body::from("held")).await.unwrap();
    let part = body.slice(1..2);
    drop(body);
    assert_eq!(intake.body(Body::from("another")).await, Err(Refusal::BodyLimit));
    assert!(intake.body(Body::empty()).await.is_ok(), "what is empty takes none");
    drop(part);
    assert_eq!(intake.body(Body::from("another")).await.unwrap(), "another");
}

#[tokio::test]
async fn a_large_body_reaches_its_route() {
    let (gate, hands) = gate();
    let intake = Intake::new(8 << 20, 64 << 20, Duration::from_secs(5), "x-session".parse().unwrap());
    let site = Site::with(gate, hands, origin(), &intake);
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    let body = "x".repeat(3 << 20);
    let answer = site.send(signed(&mut alice, "POST", "/orders", &body, None)).await;
    assert_eq!((answer.status, &answer.json()["body_bytes"]), (200, &json!(3 << 20)));
}
