//! Real proxies with the configurations of `proxies/`, between an app and a service: what passes, and what must not.
#![allow(missing_docs)]

#[path = "../support/stage.rs"]
mod stage;
#[path = "../support/mod.rs"]
mod support;

mod reach;

use axum::{
    body::Body,
    http::{HeaderMap, Request},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use reach::{
    a_service_that_fails_is_no_refusal, r61_nothing_else_is_open, too_many_requests_are_told_when_to_come_back,
    what_is_the_gateways_own_goes_to_it, without_a_gateway_nothing_passes,
};
use stage::{API_KEY, Proxy, Stage, device, digest, signed};

/// Each scenario is a test with each proxy.
macro_rules! with_each_proxy {
    ($($scenario:ident),* $(,)?) => {
        mod nginx { $(#[tokio::test(flavor = "multi_thread")] async fn $scenario() { super::$scenario(super::Proxy::Nginx).await; })* }
        mod haproxy { $(#[tokio::test(flavor = "multi_thread")] async fn $scenario() { super::$scenario(super::Proxy::Haproxy).await; })* }
        mod caddy { $(#[tokio::test(flavor = "multi_thread")] async fn $scenario() { super::$scenario(super::Proxy::Caddy).await; })* }
    };
}

with_each_proxy!(
    r68_a_signed_request_arrives_with_its_claims_once,
    claims_from_outside_are_dropped,
    a_client_does_not_name_its_request,
    what_is_not_signed_is_refused_with_its_problem,
    a_changed_request_is_refused,
    a_changed_body_is_refused_by_the_service,
    a_revoked_device_is_refused_at_once,
    a_route_may_ask_for_a_challenge,
    a_route_without_bodies_gets_none,
    a_route_that_is_watched_passes_everything_with_its_verdict,
    a_route_takes_session_tokens,
    r61_nothing_else_is_open,
    what_is_the_gateways_own_goes_to_it,
    too_many_requests_are_told_when_to_come_back,
    without_a_gateway_nothing_passes,
    a_service_that_fails_is_no_refusal,
);

fn values<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

async fn r68_a_signed_request_arrives_with_its_claims_once(proxy: Proxy) {
    let Some(stage) = Stage::start(proxy, "claims", &[]).await else { return };
    let mut alice = device("alice");
    let device = BASE64_STANDARD.encode(alice.key_id());
    for (counter, method, target, body) in [
        ("1", "POST", "/orders?item[]=7&note=%20x", "two of them"),
        ("2", "GET", "/orders/7", ""),
        ("3", "PUT", "/orders", "{}"),
    ] {
        let arrived = stage.passed(signed(&mut alice, method, target, body, None)).await;
        assert_eq!((arrived.method.as_str(), &*arrived.target, &*arrived.body), (method, target, body.as_bytes()));
        assert_eq!(values(&arrived.headers, "x-genuine-device"), [&*device]);
        assert_eq!(values(&arrived.headers, "x-genuine-application"), ["shop"]);
        assert_eq!(values(&arrived.headers, "x-genuine-counter"), [counter]);
        assert_eq!(values(&arrived.headers, "x-genuine-content-digest"), [&*digest(body)]);
        assert_eq!(values(&arrived.headers, "x-api-key"), [API_KEY]);
    }
    // The same once more.
    let call = || signed(&mut device_at(3), "POST", "/orders", "one", None);
    stage.passed(call()).await;
    assert_eq!(stage.refused(call()).await, (401, "counter_overtaken".to_owned()));
    let answer = stage.send(call()).await;
    assert_eq!(values(&answer.headers, "www-authenticate"), ["Attest"]);
}

/// Alice's phone, when it has signed so often.
fn device_at(counter: u32) -> genuine_testvectors::Device {
    device("alice").with_counter(counter)
}

async fn claims_from_outside_are_dropped(proxy: Proxy) {
    let Some(stage) = Stage::start(proxy, "forged", &[]).await else { return };
    let mut alice = device("alice");
    let real = BASE64_STANDARD.encode(alice.key_id());
    let mut call = signed(&mut alice, "POST", "/orders", "one", None);
    let forged = [
        "x-genuine-device",
        "x-genuine-application",
        "x-genuine-counter",
        "x-genuine-content-digest",
        "x-genuine-verdict",
        "x-genuine-problem",
        "x-genuine-key",
        "x-genuine-scopes",
        "x_genuine_key",
        "x_genuine_device",
        "x_genuine_verdict",
        "x-genuine_device",
        "x_genuine-application",
        "x-api-key",
        "x_api_key",
        "x-api_key",
        "x.genuine.device",
        "x.api.key",
    ];
    for name in forged {
        call.headers_mut().append(name, "forged".parse().unwrap());
        call.headers_mut().append(name, "forged, twice".parse().unwrap());
    }
    let arrived = stage.passed(call).await;
    let text = format!("{:?}", arrived.headers);
    assert!(!text.contains("forged"), "{text}");
    assert_eq!(values(&arrived.headers, "x-genuine-device"), [&*real]);

    // What a client says of its connection takes nothing away of what the gateway says.
    let mut call = signed(&mut alice, "POST", "/orders", "one", None);
    let claims = ["x-genuine-device", "x-genuine-application", "x-genuine-counter", "x-genuine-content-digest"];
    call.headers_mut().insert("connection", claims.join(", ").parse().unwrap());
    let arrived = stage.passed(call).await;
    assert!(claims.iter().all(|name| values(&arrived.headers, name).len() == 1), "{:?}", arrived.headers);

    // What follows an upgrade is not what was signed.
    let mut call = signed(&mut alice, "GET", "/orders", "", None);
    call.headers_mut().insert("connection", "upgrade".parse().unwrap());
    call.headers_mut().insert("upgrade", "tunnel".parse().unwrap());
    assert!(!stage.passed(call).await.headers.contains_key("upgrade"), "{proxy:?}");

    // Nor do they open anything by themselves.
    let mut call = Request::get("/orders").body(Body::empty()).unwrap();
    for name in forged {
        call.headers_mut().insert(name, "forged".parse().unwrap());
    }
    assert_eq!(stage.refused(call).await, (401, "rejected".to_owned()));
}

/// The proxy names a request, and its name is what the gateway answers, logs, and has the service told.
async fn a_client_does_not_name_its_request(proxy: Proxy) {
    let Some(stage) = Stage::start(proxy, "names", &[]).await else { return };
    let with_name = |mut request: Request<Body>| {
        request.headers_mut().append("x-request-id", "client-chose".parse().unwrap());
        request
    };
    let is_of_proxy = |id: &str| id.len() == if proxy == Proxy::Nginx { 32 } else { 36 };
    let arrived = stage.passed(with_name(signed(&mut device("alice"), "GET", "/orders", "", None))).await;
    let names = values(&arrived.headers, "x-request-id");
    assert!(names.len() == 1 && is_of_proxy(names[0]), "{names:?}");

    let answer = stage.send(with_name(Request::get("/orders").body(Body::empty()).unwrap())).await;
    let (told, name) = (answer.json()["request_id"].clone(), values(&answer.headers, "x-request-id"));
    assert!(name.len() == 1 && is_of_proxy(name[0]) && told == *name[0], "{told} {name:?}");

    // Where the proxy hands on to the gateway itself.
    let challenge = Request::post("/challenges").body(Body::empty()).unwrap();
    let answer = stage.send(with_name(challenge)).await;
    let told = answer.json()["request_id"].as_str().unwrap().to_owned();
    assert!(answer.status == 415 && is_of_proxy(&told), "{told}");
}

/// Who comes with a session token, which the gateway issues through the proxy.
async fn a_route_takes_session_tokens(proxy: Proxy) {
    let Some(stage) = Stage::start(proxy, "tokens", &[]).await else { return };
    let mut alice = device("alice");
    let challenge = stage.challenge("alice").await;
    let answer = stage.send(signed(&mut alice, "POST", "/tokens", "", Some(&challenge))).await;
    assert_eq!(answer.status, 200, "{proxy:?}: {}", answer.json());
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let come = |token: &str| {
        let request = Request::post("/profile").header("authorization", format!("Bearer {token}"));
        request.body(Body::from("one")).unwrap()
    };
    let mut with_claims = come(&token);
    for name in ["x-genuine-counter", "x-genuine-content-digest", "x-genuine-device"] {
        with_claims.headers_mut().insert(name, "forged".parse().unwrap());
    }
    let arrived = stage.passed(with_claims).await;
    assert_eq!(values(&arrived.headers, "x-genuine-device"), [BASE64_STANDARD.encode(alice.key_id())], "{proxy:?}");
    assert_eq!((values(&arrived.headers, "x-genuine-verdict"), &*arrived.body), (vec!["verified"], &b"one"[..]));
    for name in ["x-genuine-counter", "x-genuine-content-digest"] {
        assert!(
            arrived.headers.get(name).is_none_or(axum::http::HeaderValue::is_empty),
            "{proxy:?}: {:?}",
            arrived.headers
        );
    }
    let mut other = token.clone();
    other.replace_range(token.len() - 8..token.len() - 4, "AAAA");
    assert_eq!(stage.refused(come(&other)).await, (401, "token_rejected".to_owned()), "{proxy:?}");
    let bare = Request::post("/profile").body(Body::from("one")).unwrap();
    assert_eq!(stage.refused(bare).await, (401, "token_rejected".to_owned()), "{proxy:?}");
    // An assertion is none, nor is a token an assertion.
    assert_eq!(stage.refused(signed(&mut alice, "POST", "/profile", "one", None)).await.0, 401, "{proxy:?}");
    let mut orders = come(&token);
    *orders.uri_mut() = "/orders".parse().unwrap();
    assert_eq!(stage.refused(orders).await.0, 401, "{proxy:?}");
    stage.revoke(&alice).await;
    assert_eq!(stage.refused(come(&token)).await, (401, "rejected".to_owned()), "{proxy:?}");
}

/// Monitor first: the service sees each request, what it showed, and who sent it only where that is verified.
async fn a_route_that_is_watched_passes_everything_with_its_verdict(proxy: Proxy) {
    let Some(stage) = Stage::start(proxy, "watched", &[]).await else { return };
    let mut alice = device("alice");
    let claims = ["x-genuine-device", "x-genuine-application", "x-genuine-counter", "x-genuine-content-digest"];
    let arrived = stage.passed(signed(&mut alice, "POST", "/news", "one", None)).await;
    assert_eq!(values(&arrived.headers, "x-genuine-verdict"), ["verified"], "{proxy:?}");
    assert!(claims.iter().all(|name| values(&arrived.headers, name).len() == 1), "{proxy:?}: {:?}", arrived.headers);
    let mut unsigned = Request::post("/news").body(Body::from("two")).unwrap();
    for name in claims.into_iter().chain(["x-genuine-verdict", "x_genuine_verdict"]) {
        unsigned.headers_mut().insert(name, "verified".parse().unwrap());
    }
    let stranger = signed(&mut device("mallory"), "POST", "/news", "two", None);
    for (request, verdict) in [(unsigned, "missing"), (stranger, "invalid")] {
        let arrived = stage.passed(request).await;
        assert_eq!(
            (values(&arrived.headers, "x-genuine-verdict"), &*arrived.body),
            (vec![verdict], &b"two"[..]),
            "{proxy:?}"
        );
        let forged = claims.iter().any(|name| arrived.headers.get(*name).is_some_and(|claim| !claim.is_empty()));
        assert!(!forged && !arrived.headers.contains_key("x_genuine_verdict"), "{proxy:?}: {:?}", arrived.headers);
    }
    // A device that was revoked is refused there too.
    stage.revoke(&alice).await;
    assert_eq!(stage.refused(signed(&mut alice, "POST", "/news", "one", None)).await.0, 401, "{proxy:?}");
}

async fn what_is_not_signed_is_refused_with_its_problem(proxy: Proxy) {
    let Some(stage) = Stage::start(proxy, "unsigned", &[]).await else { return };
    let bare = |method: &str, body: &str| {
        Request::builder().method(method).uri("/orders").body(Body::from(body.to_owned())).unwrap()
    };
    for (method, body) in [("GET", ""), ("POST", "one"), ("DELETE", "")] {
        let answer = stage.send(bare(method, body)).await;
        assert_eq!((answer.status, &*answer.code()), (401, "rejected"), "{proxy:?}");
        assert_eq!(values(&answer.headers, "www-authenticate"), ["Attest"], "{proxy:?}");
    }
    assert_eq!(stage.send(bare("HEAD", "")).await.status, 401);
    let stranger = signed(&mut device("mallory"), "GET", "/orders", "", None);
    assert_eq!(stage.refused(stranger).await, (401, "unknown_key".to_owned()));
    // A body that nobody could compare.
    let mut without = signed(&mut device("alice"), "POST", "/orders", "", None);
    without.headers_mut().remove("content-digest");
    *without.body_mut() = Body::from("a body of which nothing is said");
    assert_eq!(stage.refused(without).await, (400, "digest_required".to_owned()));
    let mut twice = signed(&mut device("alice"), "POST", "/orders", "one", None);
    twice.headers_mut().append("content-digest", digest("two").parse().unwrap());
    assert_eq!(stage.refused(twice).await, (400, "malformed".to_owned()));
    let mut twice = signed(&mut device("alice"), "POST", "/orders", "one", None);
    let other = signed(&mut device("bob"), "POST", "/orders", "one", None).headers()["authorization"].clone();
    twice.headers_mut().append("authorization", other);
    // nginx does not even ask.
    assert_eq!(stage.send(twice).await.status, 400);
    assert!(stage.arrived().is_empty());
    // What was refused has moved no counter.
    stage.passed(signed(&mut device("alice"), "POST", "/orders", "one", None)).await;
}

async fn a_changed_request_is_refused(proxy: Proxy) {
    let Some(stage) = Stage::start(proxy, "changed", &[]).await else { return };
    let call = || signed(&mut device("alice"), "POST", "/orders?item=7", "one", None);
    let rejected = (401, "rejected".to_owned());
    for target in ["/orders?item=8", "/orders", "/orders/?item=7", "/orders?item=7&x", "/payments?item=7"] {
        let mut call = call();
        *call.uri_mut() = target.parse().unwrap();
        let expected =
            if target.starts_with("/payments") { (401, "challenge_rejected".to_owned()) } else { rejected.clone() };
        assert_eq!(stage.refused(call).await, expected, "{proxy:?} {target}");
    }
    let mut other = call();
    *other.method_mut() = "PUT".parse().unwrap();
    assert_eq!(stage.refused(other).await, rejected);
    let mut other = call();
    other.headers_mut().insert("content-digest", digest("two").parse().unwrap());
    assert_eq!(stage.refused(other).await, rejected);

    // What a client says of method and target is not what the gateway hears.
    for (method, target) in [("PUT", "/orders?item=7"), ("POST", "/orders?item=8")] {
        let mut call = call();
        *call.method_mut() = method.parse().unwrap();
        *call.uri_mut() = target.parse().unwrap();
        for (name, value) in [
            ("x-forwarded-method", "POST"),
            ("x-forwarded-uri", "/orders?item=7"),
            ("x_forwarded_method", "POST"),
            ("x_forwarded_uri", "/orders?item=7"),
            ("x-original-method", "POST"),
            ("x-original-url", "/orders?item=7"),
        ] {
            call.headers_mut().insert(name, value.parse().unwrap());
        }
        assert_eq!(stage.refused(call).await, rejected, "{proxy:?} {method} {target}");
    }
    stage.passed(call()).await;
}

async fn a_changed_body_is_refused_by_the_service(proxy: Proxy) {
    let Some(stage) = Stage::start(proxy, "body", &[]).await else { return };
    let mut alice = device("alice");
    for body in ["ten of them", "", "two of them, and more"] {
        let mut call = signed(&mut alice, "POST", "/orders", "two of them", None);
        *call.body_mut() = Body::from(body);
        let answer = stage.send(call).await;
        assert_eq!((answer.status, &*answer.code()), (401, "rejected"), "{proxy:?}");
        assert_eq!(stage.arrived().len(), 1, "the gateway knows the digest alone");
    }
    // A body in a request that was signed without one, in chunks.
    let mut call = signed(&mut alice, "GET", "/orders", "", None);
    send_in_chunks(&mut call, "more");
    assert_eq!(stage.send(call).await.status, 401);
    assert_eq!(&*stage.arrived()[0].body, b"more");
}

fn send_in_chunks(call: &mut Request<Body>, text: &'static str) {
    call.headers_mut().insert("transfer-encoding", "chunked".parse().unwrap());
    *call.body_mut() = Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(text)]));
}

async fn a_revoked_device_is_refused_at_once(proxy: Proxy) {
    let Some(stage) = Stage::start(proxy, "revoked", &[]).await else { return };
    let (mut alice, mut bob) = (device("alice"), device("bob"));
    for _ in 0..3 {
        stage.passed(signed(&mut bob, "GET", "/orders", "", None)).await;
    }
    stage.revoke(&bob).await;
    for _ in 0..2 {
        assert_eq!(stage.refused(signed(&mut bob, "GET", "/orders", "", None)).await, (401, "rejected".to_owned()));
    }
    stage.passed(signed(&mut alice, "GET", "/orders", "", None)).await;
}

async fn a_route_may_ask_for_a_challenge(proxy: Proxy) {
    let Some(stage) = Stage::start(proxy, "challenge", &[]).await else { return };
    let mut alice = device("alice");
    let refused = (401, "challenge_rejected".to_owned());
    assert_eq!(stage.refused(signed(&mut alice, "POST", "/payments", "10", None)).await, refused);
    let challenge = stage.challenge("alice").await;
    stage.passed(signed(&mut alice, "POST", "/payments", "10", Some(&challenge))).await;
    assert_eq!(stage.refused(signed(&mut alice, "POST", "/payments", "10", Some(&challenge))).await, refused);
    let challenge = stage.challenge("somebody else").await;
    assert_eq!(stage.refused(signed(&mut alice, "POST", "/payments", "10", Some(&challenge))).await, refused);
}

async fn a_route_without_bodies_gets_none(proxy: Proxy) {
    let Some(stage) = Stage::start(proxy, "catalogue", &[]).await else { return };
    let mut alice = device("alice");
    let mut signed = |method: &str| {
        let mut call = signed(&mut alice, method, "/catalogue/7", "", None);
        call.headers_mut().remove("content-digest");
        call
    };
    if proxy == Proxy::Caddy {
        assert_eq!(stage.send(signed("GET")).await.status, 404, "there is no such route");
        return;
    }
    let arrived = stage.passed(signed("GET")).await;
    assert_eq!(values(&arrived.headers, "x-genuine-content-digest"), [&*digest("")]);
    for method in ["GET", "POST"] {
        let mut whole = signed(method);
        *whole.body_mut() = Body::from("more");
        let mut chunks = signed(method);
        send_in_chunks(&mut chunks, "more");
        for call in [whole, chunks] {
            stage.send(call).await;
            assert!(stage.arrived().iter().all(|arrived| arrived.body.is_empty()), "{proxy:?} {method}");
        }
    }
    let mut call = signed("GET");
    call.headers_mut().insert("content-digest", digest("more").parse().unwrap());
    assert_eq!(stage.refused(call).await, (400, "malformed".to_owned()));
}
