//! What is refused whatever else holds.

use std::{sync::Arc, time::Duration};

use axum::{body::Body, http::Request};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine_gateway::http::Origin;
use serde_json::json;

use crate::support::{self, APPLICATION, Site, authorization, device, gate, origin, registration};

#[tokio::test]
async fn r7_a_changed_attestation_is_refused() {
    // Every seventh letter, all the way through HTTP; the engine's own tests do it bit by bit.
    let site = Site::new();
    let alice = device("alice").with_receipt_length(8);
    let challenge = site.challenge("attestation", "alice").await;
    let body = registration(&alice, &challenge);
    let attestation = body["attestation"].as_str().unwrap();
    // The receipt is Apple's own affair: nothing that is verified here covers it.
    let (object, receipt) = (BASE64_STANDARD.decode(attestation).unwrap(), alice.receipt());
    let receipt_at = object.windows(receipt.len()).position(|window| window == receipt).unwrap();
    let unsigned = receipt_at * 8 / 6..=(receipt_at + receipt.len()) * 8 / 6;
    for position in (0..attestation.len()).step_by(7).filter(|position| !unsigned.contains(position)) {
        let mut changed = attestation.as_bytes().to_vec();
        changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
        let mut body = body.clone();
        body["attestation"] = json!(String::from_utf8(changed).unwrap());
        let answer = site.post("/devices", "alice", &body).await;
        assert!([400, 401].contains(&answer.status), "{position}: {}", answer.json());
    }
    for length in (0..attestation.len()).step_by(97) {
        let mut body = body.clone();
        body["attestation"] = json!(attestation[..length]);
        assert_eq!(site.post("/devices", "alice", &body).await.code(), "malformed", "{length}");
    }
    assert_eq!(site.gate.metrics.registrations.get(), 0);
    assert_eq!(site.post("/devices", "alice", &body).await.status, 201);
}

#[tokio::test]
async fn r18_plain_http_is_for_this_machine_and_for_trusted_proxies() {
    let with = |tls, allow_plain_http| Origin {
        tls,
        allow_plain_http,
        trusted_proxies: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
        ..origin()
    };
    let behind_loopback = || Origin { trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()], ..origin() };
    let forwarded = |protocol: Option<&str>| {
        let request = Request::get("/openapi.json");
        let request = protocol.into_iter().fold(request, |request, value| request.header("x-forwarded-proto", value));
        request.body(Body::empty()).unwrap()
    };
    let cases = [
        (with(false, false), "127.0.0.1", None, true),
        (with(false, false), "::1", None, true),
        (with(false, false), "::ffff:127.0.0.1", None, true),
        (with(false, false), "127.0.0.1", Some("http"), true),
        (with(false, false), "192.0.2.1", None, false),
        (with(false, false), "192.0.2.1", Some("https"), false),
        (with(false, false), "10.1.2.3", Some("https"), true),
        (with(false, false), "::ffff:10.1.2.3", Some("https"), true),
        (with(false, false), "fd00::1", Some("https"), true),
        (with(false, false), "10.1.2.3", Some("http"), false),
        (with(false, false), "10.1.2.3", Some("https, http"), false),
        (with(false, false), "10.1.2.3", None, false),
        (behind_loopback(), "127.0.0.1", None, false),
        (behind_loopback(), "127.0.0.1", Some("https"), true),
        (with(true, false), "192.0.2.1", None, true),
        (with(true, false), "192.0.2.1", Some("http"), true),
        (with(true, false), "10.1.2.3", Some("http"), false),
        (with(true, false), "10.1.2.3", Some("https"), true),
        (with(false, true), "192.0.2.1", None, true),
    ];
    for (number, (origin, peer, protocol, served)) in cases.into_iter().enumerate() {
        let (gate, hands) = gate();
        let site = Site::of(gate, hands, origin);
        let answer = site.send_from(peer, forwarded(protocol)).await;
        assert_eq!(answer.status, if served { 200 } else { 403 }, "case {number}");
        if !served {
            assert_eq!(answer.code(), "https_required");
        }
    }
    // Two lines, of which one may be the client's.
    let (gate, hands) = gate();
    let site = Site::of(gate, hands, with(false, false));
    for lines in [["https", "http"], ["http", "https"], ["https", "https"]] {
        let request = lines
            .iter()
            .fold(Request::get("/openapi.json"), |request, line| request.header("x-forwarded-proto", *line));
        assert_eq!(site.send_from("10.1.2.3", request.body(Body::empty()).unwrap()).await.status, 403, "{lines:?}");
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_unavailable_and_nothing_is_accepted() {
    let Some(mut redis) = support::Redis::start("away-http") else { return };
    let store = redis.store();
    let hands = support::Hands::at(support::now());
    let site = Site::of(Arc::new(support::gate_over(Arc::new(store), &hands)), hands.clone(), origin());
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    let challenge = site.challenge("attestation", "bob").await;
    redis.kill();
    let assertion = support::assert(&mut alice, "GET", "/orders", b"", None);
    let header = authorization(&alice, &assertion, None);
    let get = || Request::get("/orders").header("authorization", &header).body(Body::empty()).unwrap();
    let challenge_request = json!({ "application": APPLICATION, "purpose": "attestation" });
    // What it needs for a challenge a gateway has read once; one that has not is as good as none.
    let unstarted = Site::of(Arc::new(support::gate_over(Arc::new(redis.store()), &hands)), hands.clone(), origin());
    assert_eq!(site.post("/challenges", "bob", &challenge_request).await.status, 201);
    for answer in [
        site.send(get()).await,
        unstarted.post("/challenges", "bob", &challenge_request).await,
        site.post("/devices", "bob", &registration(&device("bob"), &challenge)).await,
        site.operate("GET", "/ready").await,
    ] {
        assert_eq!((answer.status, answer.code()), (503, "unavailable".to_owned()));
        assert!(answer.headers.contains_key("retry-after"));
    }
    assert_eq!(site.operate("GET", "/health").await.status, 200);
    redis.run();
    for _ in 0..100 {
        if site.operate("GET", "/ready").await.status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(site.send(get()).await.status, 200, "service resumes by itself");
    assert_eq!(site.send(get()).await.status, 401, "and the assertion counts once");
}
