//! What is not as the interface describes it: a clear answer, whatever it is.
#![allow(missing_docs)]

mod support;

use std::{collections::BTreeSet, convert::Infallible, sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Request, routing::post};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::StreamExt as _;
use genuine_gateway::{
    connections::Connections,
    gate::{Access, Freshness},
    http::{self, Intake, Origin, require_assertion},
    limit::RateLimiter,
    refusal::Refusal,
    shop,
};
use serde_json::{Value, json};
use support::{APPLICATION, Site, authorization, device, gate, json_request, origin, registration, signed};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let site = Site::new();
    for (method, path, code) in [
        ("GET", "/", "not_found"),
        ("GET", "/nothing", "not_found"),
        ("POST", "/devices/", "not_found"),
        ("GET", "/metrics", "not_found"),
        ("PUT", "/devices/AAAA/revocation", "not_found"),
        ("GET", "/challenges", "method_not_allowed"),
        ("DELETE", "/devices", "method_not_allowed"),
        ("PUT", "/orders", "method_not_allowed"),
        ("BREW", "/payments", "method_not_allowed"),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let answer = site.send(request).await;
        assert_eq!(answer.code(), code, "{method} {path}");
        assert_eq!(answer.headers.contains_key("allow"), code == "method_not_allowed", "{method} {path}");
    }
    assert_eq!(site.operate("GET", "/orders").await.code(), "not_found");
    assert_eq!(site.operate("POST", "/metrics").await.code(), "method_not_allowed");
    assert_eq!(site.operate("GET", "/devices/%FF").await.code(), "malformed");
    assert_eq!(site.operate("GET", "/health").await.status, 200);
    assert_eq!(site.operate("GET", "/ready").await.status, 200);
    // Labels are the server's own, whatever is asked for.
    let metrics = String::from_utf8(site.operate("GET", "/metrics").await.body).unwrap();
    assert!(!metrics.contains("BREW") && !metrics.contains("nothing"), "{metrics}");
}

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

#[test]
fn one_address_cannot_take_every_place() {
    let connections = Connections::new(5, 2, vec!["10.0.0.0/8".parse().unwrap()]);
    let place = |address: &str| connections.place(address.parse().unwrap());
    let (first, second) = (place("192.0.2.1"), place("192.0.2.1"));
    assert!(first.is_some() && second.is_some() && place("192.0.2.1").is_none());
    let others = ["10.0.0.1", "10.0.0.1", "127.0.0.1"].map(place);
    assert!(others.iter().all(Option::is_some), "proxies and this machine speak for many");
    assert!(place("127.0.0.1").is_none() && place("192.0.2.2").is_none(), "but there are no more than five places");
    drop((first, second));
    let again = place("192.0.2.1");
    assert!(again.is_some() && place("192.0.2.1").is_none(), "where places are few, one is enough");
    drop((others, again));
    let network = ["2001:db8::1", "2001:db8::2", "2001:db8::3"].map(place);
    assert!(network[1].is_some() && network[2].is_none(), "one network of 64 bits is one address");
    assert!(place("2001:db8:0:1::1").is_some());
    drop(network);
    assert!(["192.0.2.1", "192.0.2.1", "192.0.2.2"].map(place).iter().all(Option::is_some));
}

/// As many as the default has, and each address wants as many as it may.
#[test]
fn two_thousand_addresses_keep_nobody_out() {
    let connections = Connections::new(4096, 256, Vec::new());
    let mut held = Vec::new();
    for round in 0..256 {
        for number in 0..2000_u32 {
            let address = std::net::IpAddr::from(std::net::Ipv4Addr::from(0x0A00_0000 + number));
            held.extend(connections.place(address));
        }
        assert!(held.len() < 4096, "round {round}: {}", held.len());
    }
    let honest = "192.0.2.1".parse().unwrap();
    assert!(connections.place(honest).is_some(), "{} are held", held.len());
    drop(held);
    let many: Vec<_> = (0..300).filter_map(|_| connections.place(honest)).collect();
    assert_eq!(many.len(), 256, "and as before when they are gone");
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

/// A peer, and what it says of where the request came from.
type Hop<'a> = (&'a str, &'a [&'a str]);

#[tokio::test]
async fn r72_an_address_comes_as_often_as_it_may() {
    let with = || Origin {
        allow_plain_http: true,
        trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
        addresses: RateLimiter::per_minute(6),
        ..origin()
    };
    let get = |forwarded: &[&str]| {
        let request = Request::get("/openapi.json");
        let request = forwarded.iter().fold(request, |request, value| request.header("x-forwarded-for", *value));
        request.body(Body::empty()).unwrap()
    };
    // Two requests, the first of which is served: whether the second comes from the same client.
    let pairs: [(Hop<'_>, Hop<'_>, bool); 13] = [
        (("192.0.2.1", &[]), ("192.0.2.1", &[]), true),
        (("192.0.2.1", &[]), ("192.0.2.2", &[]), false),
        (("::ffff:192.0.2.1", &[]), ("192.0.2.1", &[]), true),
        (("2001:db8::1", &[]), ("2001:db8::2", &[]), true),
        (("2001:db8::1", &[]), ("2001:db8:0:1::1", &[]), false),
        // What a client says of itself counts for nothing.
        (("192.0.2.1", &["198.51.100.1"]), ("192.0.2.1", &["198.51.100.2"]), true),
        (("10.0.0.1", &["198.51.100.1"]), ("10.0.0.1", &["198.51.100.2"]), false),
        (("10.0.0.1", &["203.0.113.1, 198.51.100.1"]), ("10.0.0.1", &["203.0.113.2, 198.51.100.1"]), true),
        (("10.0.0.1", &["198.51.100.1, 10.0.0.2"]), ("10.0.0.2", &["198.51.100.1"]), true),
        (("10.0.0.1", &["203.0.113.1", "198.51.100.1"]), ("10.0.0.1", &["203.0.113.2", "198.51.100.1"]), true),
        // What cannot be read ends the list, and is no reason to believe what stands before it.
        (
            ("10.0.0.1", &["203.0.113.1", "\u{e9}, 198.51.100.1"]),
            ("10.0.0.1", &["203.0.113.2", "\u{e9}, 198.51.100.1"]),
            true,
        ),
        (("10.0.0.1", &["198.51.100.1:4711"]), ("10.0.0.1", &["198.51.100.1:4712"]), true),
        (("10.0.0.1", &["198.51.100.1:4711"]), ("10.0.0.1", &["198.51.100.2:4711"]), false),
    ];
    for (number, (first, second, same)) in pairs.into_iter().enumerate() {
        let (gate, hands) = gate();
        let site = Site::of(gate, hands, with());
        assert_eq!(site.send_from(first.0, get(first.1)).await.status, 200, "pair {number}");
        let answer = site.send_from(second.0, get(second.1)).await;
        assert_eq!(answer.status, if same { 429 } else { 200 }, "pair {number}");
        if same {
            let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=10).contains(&wait), "{wait}");
        }
    }
}

#[test]
fn the_rate_is_steady_and_the_memory_bounded() {
    let start = std::time::Instant::now();
    let after = |milliseconds| start + Duration::from_millis(milliseconds);
    assert!(RateLimiter::<u32>::per_minute(0).is_none());
    // 60 a minute: 10 at once, then one a second.
    let limiter = RateLimiter::per_minute(60).unwrap();
    for _ in 0..10 {
        assert_eq!(limiter.check(0, start), Ok(()));
    }
    assert_eq!(limiter.check(0, start), Err(1));
    assert_eq!(limiter.check(0, after(999)), Err(1));
    assert_eq!(limiter.check(0, after(1000)), Ok(()));
    assert_eq!(limiter.check(0, after(1000)), Err(1));
    assert_eq!(limiter.check(0, after(60_000)), Ok(()));
    // In an hour it is sixty an hour and no more, whatever the bursts.
    let limiter = RateLimiter::per_minute(60).unwrap();
    let accepted = (0..36_000).filter(|tenth| limiter.check(0, after(tenth * 100)).is_ok()).count();
    assert!((3600..=3610).contains(&accepted), "{accepted}");
    // A hundred thousand callers are known at a time; then the next one waits.
    let limiter = RateLimiter::per_minute(60).unwrap();
    for caller in 0..100_000_u32 {
        assert_eq!(limiter.check(caller, start), Ok(()));
    }
    assert_eq!(limiter.check(100_000, start), Err(1));
    assert_eq!(limiter.check(0, start), Ok(()), "who is known still comes");
    assert_eq!(limiter.check(100_000, after(5000)), Ok(()));
}

#[tokio::test]
async fn the_interface_is_what_its_description_says() {
    let site = Site::new();
    // A stream of verdicts ends by itself where the gateway stops.
    site.gate.metrics.events.end();
    for (path, operator) in [("/openapi.json", false), ("/openapi.json", true)] {
        let answer = if operator {
            site.operate("GET", path).await
        } else {
            site.send(Request::get(path).body(Body::empty()).unwrap()).await
        };
        let interface = answer.json();
        assert_eq!(interface["openapi"], "3.1.0");
        let paths = interface["paths"].as_object().unwrap();
        let expected: &[&str] = if operator {
            &[
                "/accounts/{account}",
                "/accounts/{account}/devices",
                "/accounts/{account}/lock",
                "/accounts/{account}/revocation",
                "/accounts/{account}/tokens/revocation",
                "/audit",
                "/devices",
                "/devices/{key_id}",
                "/devices/{key_id}/lock",
                "/devices/{key_id}/revocation",
                "/devices/{key_id}/tokens/revocation",
                "/events",
                "/health",
                "/inspect",
                "/metrics",
                "/openapi.json",
                "/ready",
                "/tokens/keys",
            ]
        } else {
            &[
                "/.well-known/jwks.json",
                "/basket",
                "/challenges",
                "/devices",
                "/devices/unsupported",
                "/openapi.json",
                "/orders",
                "/payments",
                "/tokens",
            ]
        };
        assert_eq!(paths.keys().map(String::as_str).collect::<Vec<_>>(), expected);
        for (path, item) in paths {
            let described: Vec<_> = item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                let path = path.replace("{key_id}", "AAAA").replace("{account}", "AAAA");
                let answer = if operator {
                    site.operate(method, &path).await
                } else {
                    site.send(Request::builder().method(method).uri(&path).body(Body::empty()).unwrap()).await
                };
                // The one that is there only where it is configured.
                assert!(answer.status != 404 || path == "/audit", "{method} {path}");
                assert_eq!(answer.status != 405, described.contains(&method.to_owned()), "{method} {path}");
                // Each answer is one that is described, in the media type that is described.
                if answer.status != 405 {
                    let operation = &interface["paths"][&item_path(paths, &path)][method.to_lowercase()];
                    let mut response = &operation["responses"][answer.status.to_string()];
                    assert!(!response.is_null(), "{method} {path}: {} is not described", answer.status);
                    if response["$ref"] == "#/components/responses/Problem" {
                        response = &interface["components"]["responses"]["Problem"];
                    }
                    if answer.status == 204 {
                        assert!(answer.body.is_empty() && response["content"].is_null(), "{method} {path}");
                        continue;
                    }
                    let media_type = answer.headers["content-type"].to_str().unwrap();
                    let media_type = media_type.split(';').next().unwrap();
                    assert!(response["content"][media_type].is_object(), "{method} {path}: {media_type}");
                }
            }
        }
    }
}

/// Every route that the source has is in the list above, and so in a description.
#[test]
fn no_route_is_left_undescribed() {
    let mut routes = BTreeSet::new();
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/http")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    for file in files.chain([concat!(env!("CARGO_MANIFEST_DIR"), "/src/shop.rs").into()]) {
        let source = std::fs::read_to_string(file).unwrap();
        let paths = source.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        routes.extend(paths);
    }
    let interfaces = [http::APP_INTERFACE, http::OPERATOR_INTERFACE];
    let paths = interfaces.map(|interface| serde_json::from_str::<Value>(interface).unwrap()["paths"].take());
    let more = [
        shop::PATHS,
        shop::TOKEN_PATHS,
        http::TOKEN_PATHS,
        http::CLIENT_ATTESTATION_PATHS,
        http::MEDIATOR_PATHS,
        http::API_KEY_PATHS,
    ];
    let more = more.map(|paths| serde_json::from_str::<Value>(paths).unwrap());
    let described = paths.iter().chain(&more).flat_map(|paths| paths.as_object().unwrap().keys().cloned());
    assert_eq!(routes, described.collect());
}

fn item_path(paths: &serde_json::Map<String, Value>, path: &str) -> String {
    paths.keys().find(|known| known.replace("{key_id}", "AAAA").replace("{account}", "AAAA") == path).unwrap().clone()
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
