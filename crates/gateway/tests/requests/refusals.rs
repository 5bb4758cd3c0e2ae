//! Why requests are refused.

use std::sync::Arc;

use axum::{body::Body, http::Request};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::{UnixMillis, app_attest::KeyId};
use genuine_gateway::{config, gate::Gate, limit::RateLimiter, platform::date, store::MemoryStore};
use genuine_testvectors::Environment;
use serde_json::json;

use crate::{
    assert_refused,
    support::{
        APP_ID, APPLICATION, Hands, Site, assert, authorization, device, gate_of, gate_over, now, origin, registration,
        signed,
    },
};

#[tokio::test]
async fn r16_r20_r22_requests_are_refused_for_each_reason() {
    let site = Site::new();
    let mut alice = device("alice");
    site.register(&alice, "alice").await;

    // What was signed is another request.
    let assertion = assert(&mut alice, "GET", "/orders?item=7", b"", None);
    let header = authorization(&alice, &assertion, None);
    let request = |method: &str, target: &str, body: &'static str| {
        Request::builder().method(method).uri(target).header("authorization", &header).body(Body::from(body)).unwrap()
    };
    let others = [
        request("POST", "/orders?item=7", ""),
        request("GET", "/orders?item=8", ""),
        request("GET", "/orders", ""),
        request("GET", "/orders?item=7&item=7", ""),
        request("GET", "/orders?item=7", "x"),
    ];
    for (number, other) in others.into_iter().enumerate() {
        let answer = site.send(other).await;
        assert_eq!((answer.status, answer.code()), (401, "rejected".to_owned()));
        assert_eq!(site.refusals("SignatureInvalid"), number as u64 + 1);
    }
    // None of them moved the counter.
    assert_eq!(site.send(request("GET", "/orders?item=7", "")).await.status, 200);
    let answer = site.send(request("GET", "/orders?item=7", "")).await;
    assert_refused(&site, &answer, 401, "counter_overtaken", "CounterNotIncreased");

    let answer = site.send(signed(&mut device("nobody"), "GET", "/orders", "", None)).await;
    assert_refused(&site, &answer, 401, "unknown_key", "UnknownKey");
    let answer = site.send(Request::get("/orders").body(Body::empty()).unwrap()).await;
    assert_refused(&site, &answer, 401, "rejected", "AssertionMissing");

    // Somebody else's assertion under a registered key.
    let mut bob = device("bob").with_counter(10);
    let assertion = assert(&mut bob, "GET", "/orders", b"", None);
    let request = Request::get("/orders").header("authorization", authorization(&alice, &assertion, None));
    assert_eq!(site.send(request.body(Body::empty()).unwrap()).await.code(), "rejected");
    assert_eq!(site.refusals("SignatureInvalid"), 6);

    let answer = site.send(signed(&mut alice, "POST", "/payments", "", None)).await;
    assert_refused(&site, &answer, 401, "challenge_rejected", "ChallengeMissing");
    let challenge = site.challenge("attestation", "alice").await;
    let answer = site.send(signed(&mut alice, "POST", "/payments", "", Some(&challenge))).await;
    assert_refused(&site, &answer, 401, "challenge_rejected", "ChallengeForged");
    let challenge = site.challenge("assertion", "bob").await;
    let answer = site.send(signed(&mut alice, "POST", "/payments", "", Some(&challenge))).await;
    assert_eq!((answer.code().as_str(), site.refusals("ChallengeForged")), ("challenge_rejected", 2));
    let challenge = site.challenge("assertion", "alice").await;
    site.hands.advance(301);
    let answer = site.send(signed(&mut alice, "POST", "/payments", "", Some(&challenge))).await;
    assert_refused(&site, &answer, 401, "challenge_rejected", "ChallengeExpired");
    // The challenge that was signed is not the one that is shown.
    let (one, other) = (site.challenge("assertion", "alice").await, site.challenge("assertion", "alice").await);
    let assertion = assert(&mut alice, "POST", "/payments", b"", Some(&one));
    let request = Request::post("/payments")
        .header("authorization", authorization(&alice, &assertion, Some(&other)))
        .header("x-session", "alice");
    assert_eq!(site.send(request.body(Body::empty()).unwrap()).await.code(), "rejected");
    assert_eq!(site.refusals("SignatureInvalid"), 7);
}

#[tokio::test]
async fn r14_r19_a_revoked_device_is_refused_and_a_new_key_restores_trust() {
    let site = Site::new();
    let (mut phone, mut tablet) = (device("alice's phone"), device("alice's tablet"));
    site.register(&phone, "alice").await;
    site.register(&tablet, "alice").await;
    let path = format!("/devices/{}", BASE64_URL_SAFE_NO_PAD.encode(phone.key_id()));
    assert_eq!(site.send(signed(&mut phone, "GET", "/orders", "", None)).await.status, 200);
    let answer = site.operate("GET", &path).await;
    let mut expected = json!({
        "application": "demo", "environment": "PRODUCTION", "account": null, "registered_at": now(), "counter": 1,
        "app_attest_status": "VERIFIED", "app_attest_date": date(UnixMillis(now() * 1000)),
        "locked_at": null, "revoked_at": null, "pseudonym": site.gate.pseudonyms.of(KeyId(phone.key_id())),
    });
    assert_eq!((answer.status, answer.json()), (200, expected.clone()));

    site.hands.advance(10);
    assert_eq!(site.operate("PUT", &format!("{path}/revocation")).await.status, 204);
    let answer = site.send(signed(&mut phone, "GET", "/orders", "", None)).await;
    assert_refused(&site, &answer, 401, "rejected", "KeyRevoked");
    expected["revoked_at"] = json!(now() + 10);
    assert_eq!(site.operate("GET", &path).await.json(), expected);

    // The key does not come back; the other key of the session is untouched, and a new key is trusted.
    let challenge = site.challenge("attestation", "alice").await;
    assert_eq!(site.post("/devices", "alice", &registration(&phone, &challenge)).await.code(), "rejected");
    assert_eq!(site.refusals("KeyRevoked"), 2);
    assert_eq!(site.send(signed(&mut tablet, "GET", "/orders", "", None)).await.status, 200);
    let mut reinstalled = device("alice's phone, reinstalled");
    site.register(&reinstalled, "alice").await;
    assert_eq!(site.send(signed(&mut reinstalled, "GET", "/orders", "", None)).await.status, 200);

    for (method, path) in [("GET", "/devices/AAAA"), ("PUT", "/devices/AAAA/revocation")] {
        assert_eq!(site.operate(method, path).await.code(), "malformed");
    }
    let unknown = BASE64_URL_SAFE_NO_PAD.encode([9; 32]);
    for (method, path) in [("GET", format!("/devices/{unknown}")), ("PUT", format!("/devices/{unknown}/revocation"))] {
        assert_eq!(site.operate(method, &path).await.code(), "not_found");
    }
}

#[tokio::test]
async fn r11_the_chain_is_verified_once() {
    let site = Site::new();
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    for _ in 0..1000 {
        assert_eq!(site.send(signed(&mut alice, "GET", "/orders", "", None)).await.status, 200);
    }
    assert_eq!((site.gate.metrics.chains.get(), site.gate.metrics.assertions.get()), (1, 1000));
    assert_eq!(site.operate("GET", "/ready").await.status, 200);
    let metrics = String::from_utf8(site.operate("GET", "/metrics").await.body).unwrap();
    for line in [
        "genuine_http_requests_total{listener=\"operator\",method=\"GET\",route=\"/ready\",status=\"200\"} 1",
        "genuine_http_request_seconds_count{listener=\"operator\",route=\"/ready\"} 1",
        "genuine_http_request_seconds_count{listener=\"app\",route=\"/orders\"} 1000",
        "genuine_chain_verifications_total 1",
        "genuine_signatures_total{curve=\"p256\",key=\"stored\"} 2",
        "genuine_signatures_total{curve=\"p256\",key=\"prepared\"} 998",
        "genuine_signatures_total{curve=\"p384\",key=\"stored\"} 2",
        "genuine_http_requests_total{listener=\"app\",method=\"GET\",route=\"/orders\",status=\"200\"} 1000",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
}

#[tokio::test]
async fn r1_an_app_without_app_attest_gets_what_the_mode_says() {
    use config::Mode;
    for (mode, status) in [(Mode::Off, 200), (Mode::Optional, 200), (Mode::Required, 403)] {
        let application = config::Application { mode, ..config::Application::new(APPLICATION, &[APP_ID]) };
        let hands = Hands::at(now());
        let gate = gate_of(&[application], Arc::new(MemoryStore::default()), &hands);
        let site = Site::of(Arc::new(gate), hands, origin());
        let answer = site.post("/devices/unsupported", "s", &json!({ "application": APPLICATION })).await;
        assert_eq!(answer.status, status, "{mode:?}");
        if status == 200 {
            let date = date(UnixMillis(now() * 1000));
            let status = json!({ "app_attest_status": "NOT_SUPPORTED", "app_attest_date": date });
            let mut expected = json!({ "application": APPLICATION, "registered": false });
            expected.as_object_mut().unwrap().extend(status.as_object().unwrap().clone());
            assert_eq!(answer.json(), expected);
        } else {
            assert_refused(&site, &answer, 403, "attestation_required", "AttestationRequired");
        }
        let answer = site.post("/devices/unsupported", "s", &json!({ "application": "nobody's" })).await;
        assert_eq!(answer.status, 401);
    }
}

#[tokio::test]
async fn r65_a_device_comes_as_often_as_it_may() {
    let hands = Hands::at(now());
    let devices = RateLimiter::per_minute(12);
    let gate = Gate { devices, ..gate_over(Arc::new(MemoryStore::default()), &hands) };
    let site = Site::of(Arc::new(gate), hands, origin());
    let (mut alice, mut bob) = (device("alice"), device("bob"));
    site.register(&alice, "alice").await;
    site.register(&bob, "bob").await;
    // Whoever only claims to be alice uses up nothing of hers.
    for _ in 0..5 {
        let assertion = assert(&mut bob, "GET", "/orders", b"", None);
        let request = Request::get("/orders").header("authorization", authorization(&alice, &assertion, None));
        assert_eq!(site.send(request.body(Body::empty()).unwrap()).await.status, 401);
    }
    assert_eq!(site.refusals("SignatureInvalid"), 5);
    // Nor does whoever repeats what she sent.
    let assertion = assert(&mut alice, "GET", "/orders", b"", None);
    for status in [200, 401, 401, 401] {
        let request = Request::get("/orders").header("authorization", authorization(&alice, &assertion, None));
        assert_eq!(site.send(request.body(Body::empty()).unwrap()).await.status, status);
    }
    assert_eq!(site.send(signed(&mut alice, "GET", "/orders", "", None)).await.status, 200);
    let answer = site.send(signed(&mut alice, "GET", "/orders", "", None)).await;
    assert_refused(&site, &answer, 429, "rate_limited", "DeviceLimit");
    let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=6).contains(&wait), "{wait}");
    assert_eq!(site.send(signed(&mut bob, "GET", "/orders", "", None)).await.status, 200);
}

#[tokio::test]
async fn r60_a_route_is_for_the_applications_that_it_names() {
    let development = config::Application {
        environment: config::Environment::Development,
        ..config::Application::new("development", &[APP_ID])
    };
    let hands = Hands::at(now());
    let applications = [config::Application::new(APPLICATION, &[APP_ID]), development];
    let site = Site::of(Arc::new(gate_of(&applications, Arc::new(MemoryStore::default()), &hands)), hands, origin());
    let mut developer = device("developer").with_environment(Environment::Development);
    let body = json!({ "application": "development", "purpose": "attestation" });
    let challenge = site.post("/challenges", "s", &body).await.json()["challenge"].as_str().unwrap().to_owned();
    let mut body = registration(&developer, &challenge);
    body["application"] = json!("development");
    assert_eq!(site.post("/devices", "s", &body).await.status, 201);
    let answer = site.send(signed(&mut developer, "GET", "/orders", "", None)).await;
    assert_refused(&site, &answer, 401, "rejected", "ApplicationRefused");
}
