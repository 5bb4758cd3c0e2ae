//! Verdicts as they are passed, told to whoever watches them.
#![allow(missing_docs)]

mod support;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, BodyDataStream},
    http::{Method, Request},
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use futures_util::StreamExt as _;
use genuine::{UnixMillis, app_attest::KeyId, session::mode::Mode};
use genuine_gateway::{
    config,
    events::{Answered, Sighting, WATCHERS},
    gate::Gate,
    refusal::Refusal,
    store::MemoryStore,
};
use genuine_testvectors::json::Json;
use serde_json::{Value, json};
use support::{
    APP_ID, APPLICATION, Answer, Hands, Site,
    android::{Phone, application, play, play_app},
    answer_of, device, gate_of, json_request, key_id_text, now, operator_of, origin, registration, signed,
};
use tower::ServiceExt as _;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// What a watcher reads.
struct Stream {
    body: BodyDataStream,
    text: String,
}

impl Stream {
    /// Watches a gate, which says at once that it is there.
    async fn open(gate: &Arc<Gate>) -> Self {
        let request = get("/events").header("authorization", format!("Bearer {TOKEN}")).body(Body::empty()).unwrap();
        let answer = operator(gate).oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let mut stream = Self { body: answer.into_body().into_data_stream(), text: String::new() };
        assert_eq!(stream.next().await, json!({ "kind": "beat" }));
        stream
    }

    async fn line(&mut self) -> Option<Value> {
        let chunk = tokio::time::timeout(Duration::from_secs(20), self.body.next()).await.unwrap();
        let chunk = chunk?.unwrap();
        let text = std::str::from_utf8(&chunk).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "one line at a time");
        self.text.push_str(text);
        Some(serde_json::from_str(text).unwrap())
    }

    async fn next(&mut self) -> Value {
        self.line().await.unwrap()
    }

    /// The next verdict, without what differs each time; and the name of the device.
    async fn verdict(&mut self) -> (Value, Option<String>) {
        let mut line = self.next().await;
        let members = line.as_object_mut().unwrap();
        let at = members.remove("at").unwrap();
        assert!(at.as_str().unwrap().ends_with('Z') && at.as_str().unwrap().len() == 24, "{at}");
        let device = members.remove("device").unwrap().as_str().map(str::to_owned);
        (line, device)
    }
}

fn get(path: &str) -> axum::http::request::Builder {
    Request::builder().method(Method::GET).uri(path).header("host", "localhost")
}

fn operator(gate: &Arc<Gate>) -> Router {
    operator_of(gate, TOKEN)
}

async fn operate(gate: &Arc<Gate>, path: &str, authorization: Option<&str>) -> Answer {
    let request = authorization.into_iter().fold(get(path), |request, value| request.header("authorization", value));
    let answer = answer_of(operator(gate), "127.0.0.1", request.body(Body::empty()).unwrap());
    // A stream that should be refused does not end.
    tokio::time::timeout(Duration::from_secs(20), answer).await.unwrap()
}

/// A verdict as it is told, with these members in the place of those of a good request for an order.
fn told(others: Value) -> Value {
    let mut told = json!({
        "kind": "verdict", "what": "request", "verdict": "allowed", "outcome": "verified", "reason": null,
        "application": "demo", "platform": "app_attest", "mode": "REQUIRED", "route": "/orders", "status": 200,
    });
    let Value::Object(others) = others else { panic!("members") };
    told.as_object_mut().unwrap().extend(others);
    told
}

#[tokio::test]
async fn each_verdict_is_told_with_its_reason() {
    let site = Site::new();
    let mut stream = Stream::open(&site.gate).await;
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    let (verdict, name) = stream.verdict().await;
    let registered = json!({ "what": "registration", "outcome": "VERIFIED", "route": "/devices", "status": 201 });
    assert_eq!(verdict, told(registered));
    let name = name.unwrap();
    // What the log calls the device.
    assert_eq!(name, site.gate.pseudonyms.of(KeyId(alice.key_id())));

    let order = || signed(&mut device("alice"), "GET", "/orders", "", None);
    assert_eq!(site.send(order()).await.status, 200);
    assert_eq!(stream.verdict().await, (told(json!({})), Some(name.clone())));
    assert_eq!(site.send(order()).await.code(), "counter_overtaken");
    let refused = |reason: &str| json!({ "verdict": "refused", "outcome": "invalid", "reason": reason, "status": 401 });
    assert_eq!(stream.verdict().await, (told(refused("CounterNotIncreased")), Some(name.clone())));

    let _ = alice.assert_hash(&[0; 32]);
    let mut moved = signed(&mut alice, "GET", "/orders?other=1", "", None);
    *moved.uri_mut() = "/orders".parse().unwrap();
    assert_eq!(site.send(moved).await.status, 401);
    assert_eq!(stream.verdict().await, (told(refused("SignatureInvalid")), Some(name.clone())));

    let unsigned = get("/orders").body(Body::empty()).unwrap();
    assert_eq!(site.send(unsigned).await.status, 401);
    let missing = json!({
        "verdict": "refused", "outcome": "missing", "reason": "AssertionMissing", "status": 401,
        "application": null, "platform": null,
    });
    assert_eq!(stream.verdict().await, (told(missing), None));

    // Who makes up keys makes up no devices.
    let mut stranger = device("stranger");
    let unknown = signed(&mut stranger, "GET", "/orders", "", None);
    assert_eq!(site.send(unknown).await.status, 401);
    let (verdict, name) = stream.verdict().await;
    assert_eq!((verdict["reason"].as_str(), name), (Some("UnknownKey"), None));
    let challenge = site.challenge("attestation", "another session").await;
    assert_eq!(site.post("/devices", "alice", &registration(&stranger, &challenge)).await.status, 401);
    let (verdict, name) = stream.verdict().await;
    assert_eq!((verdict["reason"].as_str(), name), (Some("ChallengeForged"), None));

    let forged = json!({ "application": "demo", "key_id": "AAAA", "challenge": "AAAA", "attestation": "AAAA" });
    assert_eq!(site.post("/devices", "bob", &forged).await.status, 400);
    let (verdict, device) = stream.verdict().await;
    assert_eq!(
        (verdict["what"].as_str(), verdict["verdict"].as_str(), device),
        (Some("registration"), Some("refused"), None)
    );
    assert_eq!(verdict["reason"], "KeyIdFormat");

    assert_eq!(site.send(get("/nothing/of/yours").body(Body::empty()).unwrap()).await.status, 404);
    let nothing = json!({
        "verdict": "refused", "outcome": null, "reason": "RouteUnknown", "status": 404, "route": "none",
        "application": null, "platform": null, "mode": null,
    });
    assert_eq!(stream.verdict().await, (told(nothing), None));
    // A challenge is no verdict, and what the operator does is none either.
    site.challenge("assertion", "alice").await;
    assert_eq!(site.operate("GET", "/nothing").await.status, 404);
    assert_eq!(stream.next().await, json!({ "kind": "beat" }), "nothing more");
}

#[tokio::test]
async fn tokens_are_told_as_what_they_are() {
    let site = Site::new();
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    let challenge = site.challenge("assertion", "alice").await;
    let mut stream = Stream::open(&site.gate).await;
    let answer = site.send(signed(&mut alice, "POST", "/tokens", "", Some(&challenge))).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let issued = json!({ "what": "token", "outcome": "issued", "route": "/tokens" });
    let (verdict, name) = stream.verdict().await;
    assert_eq!(verdict, told(issued));
    let show =
        |token: &str| get("/basket").header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap();
    assert_eq!(site.send(show(&token)).await.status, 200);
    let admitted = json!({ "what": "token", "outcome": "admitted", "route": "/basket", "mode": null });
    assert_eq!(stream.verdict().await, (told(admitted), name));
    assert_eq!(site.send(show(&format!("{}A", &token[..token.len() - 2]))).await.status, 401);
    let (verdict, device) = stream.verdict().await;
    assert_eq!((verdict["what"].as_str(), verdict["verdict"].as_str()), (Some("token"), Some("refused")));
    assert_eq!((verdict["application"].as_str(), device), (None, None), "a forged token says nothing");
    assert!(!stream.text.contains(&token));
}

/// What passes because the mode does not require it is told with what it would have been refused for.
#[tokio::test]
async fn what_a_mode_lets_pass_is_told_with_its_reason() {
    let hands = Hands::at(now());
    let optional = config::Application { mode: Mode::Optional, ..config::Application::new(APPLICATION, &[APP_ID]) };
    let gate = gate_of(&[optional], Arc::new(MemoryStore::default()), &hands);
    let site = Site::of(Arc::new(gate), hands, origin());
    let mut stream = Stream::open(&site.gate).await;
    let challenge = site.challenge("attestation", "alice").await;
    let mut body = registration(&device("alice"), "another challenge");
    body["challenge"] = challenge.into();
    assert_eq!(site.post("/devices", "alice", &body).await.status, 200);
    let passed = json!({
        "what": "registration", "outcome": "FAILED", "reason": "NonceMismatch", "mode": "OPTIONAL", "route": "/devices",
    });
    assert_eq!(stream.verdict().await.0, told(passed));
}

#[tokio::test]
async fn a_lock_is_told_beside_the_refusal() {
    let hands = Hands::at(now());
    let gate = gate_of(&[application(play(false))], Arc::new(MemoryStore::default()), &hands);
    let site = Site::of(Arc::new(gate), hands, origin());
    let phone = Phone::new("phone");
    let register = async |labels: &[&str]| {
        let (challenge, now) = (site.challenge("integrity", "alice").await, (site.gate.clock)());
        let mut said = phone.classic(&challenge, now);
        said.set("deviceIntegrity.deviceRecognitionVerdict", Json::texts(labels));
        let token = play_app().token(&said);
        let body = json!({ "application": "demo", "challenge": challenge, "integrity_token": { "classic": token } });
        let mut request = json_request("/devices", "alice", &body);
        let proof = phone.proof("/devices", &challenge, now, &json!({}));
        request.headers_mut().insert("dpop", proof.parse().unwrap());
        site.send(request).await.status
    };
    assert_eq!(register(&["MEETS_DEVICE_INTEGRITY"]).await, 201);
    let mut stream = Stream::open(&site.gate).await;
    assert_eq!(register(&["MEETS_BASIC_INTEGRITY"]).await, 401);
    let (refused, name) = stream.verdict().await;
    assert_eq!((refused["verdict"].as_str(), refused["platform"].as_str()), (Some("refused"), Some("play_integrity")));
    let (locked, locked_name) = stream.verdict().await;
    let told = ["what", "verdict", "outcome", "application"].map(|member| locked[member].as_str().unwrap());
    assert_eq!(told, ["lock", "locked", "LOCKED", "demo"]);
    assert_eq!(locked["reason"], refused["reason"]);
    assert!(name.is_some() && name == locked_name);
}

/// Neither who it is nor what they showed.
#[tokio::test]
async fn nothing_is_told_that_names_anybody() {
    let site = Site::new();
    let mut stream = Stream::open(&site.gate).await;
    let mut alice = device("alice");
    site.register(&alice, "the session of alice").await;
    let request = signed(&mut alice, "GET", "/orders", "", None);
    let shown = request.headers()["authorization"].to_str().unwrap().to_owned();
    assert_eq!(site.send_from("127.9.8.7", request).await.status, 200);
    let other =
        Request::builder().uri("/orders").header("authorization", &shown).header("x-session", "a secret session");
    assert_eq!(site.send(other.body(Body::empty()).unwrap()).await.status, 401);
    for _ in 0..3 {
        stream.next().await;
    }
    let key_id = alice.key_id();
    let hex = key_id.map(|octet| format!("{octet:02x}")).concat();
    let assertion = shown.split("assertion=\"").nth(1).unwrap().split('"').next().unwrap();
    for secret in [
        &*key_id_text(&key_id),
        &BASE64_URL_SAFE_NO_PAD.encode(key_id),
        &hex[..10],
        "127.",
        "session",
        &BASE64_STANDARD.encode(&key_id[..6]),
        assertion,
        APP_ID,
    ] {
        assert!(!stream.text.contains(secret), "{secret}: {}", stream.text);
    }
}

#[tokio::test]
async fn the_data_takes_the_token_and_the_files_do_not() {
    let site = Site::new();
    for shown in [None, Some("Bearer 0123456789abcdef0123456789abcdee"), Some(TOKEN)] {
        for path in ["/events", "/inspect"] {
            assert_eq!(operate(&site.gate, path, shown).await.code(), "unauthorized", "{path} {shown:?}");
        }
        for path in ["/page", "/page/page.css", "/page/page.js", "/page/live.js", "/page/inspector.js", "/page/dom.js"]
        {
            let answer = operate(&site.gate, path, shown).await;
            assert_eq!(answer.status, 200, "{path}");
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"));
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("cache-control", "no-store"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-resource-policy", "same-origin"),
            ] {
                assert_eq!(answer.headers[name], value, "{path}");
            }
        }
    }
    assert_eq!(operate(&site.gate, "/inspect", Some(&format!("Bearer {TOKEN}"))).await.status, 200);
    // They are the operator's: apps find none of it.
    for path in ["/page", "/page/page.js", "/events", "/inspect"] {
        assert_eq!(site.send(get(path).body(Body::empty()).unwrap()).await.status, 404, "{path}");
    }
}

/// Text that comes from elsewhere is never made markup or code, and nothing is loaded from elsewhere.
#[test]
fn the_files_have_no_markup_of_text_and_no_address() {
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/page");
    let mut files = 0;
    for file in std::fs::read_dir(place).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace("http://www.w3.org/2000/svg", "");
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "DOMParser",
            "createContextualFragment",
            "srcdoc",
            "eval(",
            "Function(",
            "http://",
            "https://",
            "url(",
            "@import",
            "<style",
            " style=",
            " onclick",
            "javascript:",
            "localStorage",
            "sessionStorage",
            "document.cookie",
        ] {
            assert!(!text.contains(forbidden), "{}: {forbidden}", path.display());
        }
        files += 1;
    }
    assert_eq!(files, 7);
}

#[tokio::test]
async fn as_many_watch_as_may() {
    let site = Site::new();
    let mut streams = Vec::new();
    for _ in 0..WATCHERS {
        streams.push(Stream::open(&site.gate).await);
    }
    let right = format!("Bearer {TOKEN}");
    let full = operate(&site.gate, "/events", Some(&right)).await;
    assert_eq!((full.status, &*full.code()), (503, "too_many_watchers"));
    assert_eq!(full.headers["retry-after"], "1");
    streams.pop();
    let _again = Stream::open(&site.gate).await;
}

#[tokio::test]
async fn who_reads_slowly_is_told_how_much_was_lost() {
    let site = Site::new();
    let events = &site.gate.metrics.events;
    assert!(!events.is_watched());
    let mut slow = Stream::open(&site.gate).await;
    assert!(events.is_watched());
    let answered =
        |at| Answered { at: UnixMillis(at), route: "/orders", status: 404, refusal: Some(Refusal::RouteUnknown) };
    for at in 0..5000 {
        events.tell(&Sighting::default(), None, answered(at));
    }
    let first = slow.next().await;
    assert_eq!(first, json!({ "kind": "lost", "events": 5000 - 4096 }));
    assert_eq!(slow.next().await["at"], "1970-01-01T00:00:00.904Z", "the oldest that is left");
    drop(slow);
    assert!(!events.is_watched());
}

#[tokio::test]
async fn a_stream_ends_with_the_gateway() {
    let site = Site::new();
    let mut stream = Stream::open(&site.gate).await;
    site.gate.metrics.events.end();
    assert_eq!(stream.line().await, None);
    let mut late = Stream::open(&site.gate).await;
    assert_eq!(late.line().await, None);
}
