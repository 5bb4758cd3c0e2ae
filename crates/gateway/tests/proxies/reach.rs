//! What is reached through a proxy, and what is not, whatever fails.

use std::fs;

use axum::{body::Body, http::Request};

use crate::{
    stage::{FATAL, HOST, Proxy, Stage, device, signed},
    support::Scratch,
    values,
};

pub(super) async fn r61_nothing_else_is_open(proxy: Proxy) {
    let Some(stage) = Stage::start(proxy, "closed", &[]).await else { return };
    for target in [
        "/",
        "/authorize/orders",
        "/authorize/orders/request/orders",
        "/_genuine",
        "/ordersx",
        "/other",
        "/openapi.json",
    ] {
        let mut call = signed(&mut device("alice"), "GET", target, "", None);
        call.headers_mut().insert("x-forwarded-method", "GET".parse().unwrap());
        call.headers_mut().insert("x-forwarded-uri", target.parse().unwrap());
        let answer = stage.send(call).await;
        assert_eq!(answer.status, 404, "{proxy:?} {target}");
        assert!(answer.headers.keys().all(|name| !name.as_str().contains("genuine")), "{proxy:?} {target}");
        assert!(stage.arrived().is_empty(), "{proxy:?} {target}");
    }
    // Paths that a proxy and a service may take for two routes.
    for target in [
        "/orders/../payments",
        "/orders/%2e%2e/payments",
        "/orders/..%2fpayments",
        "/orders/..;/payments",
        "/orders/%252e%252e/payments",
        "/authorize/orders/request/x/../../../../challenges",
    ] {
        let answer = stage.send(signed(&mut device("alice"), "GET", target, "", None)).await;
        assert!([400, 401, 404].contains(&answer.status), "{proxy:?} {target}: {}", answer.status);
        assert!(stage.arrived().is_empty(), "{proxy:?} {target}");
    }
}

pub(super) async fn too_many_requests_are_told_when_to_come_back(proxy: Proxy) {
    // One at a time, and another after ten seconds.
    let settings = [("GENUINE_GATEWAY_ADDRESS_PER_MINUTE", "6")];
    let Some(stage) = Stage::start(proxy, "limit", &settings).await else { return };
    let mut alice = device("alice");
    stage.passed(signed(&mut alice, "GET", "/orders", "", None)).await;
    let answer = stage.send(signed(&mut alice, "GET", "/orders", "", None)).await;
    assert_eq!((answer.status, &*answer.code()), (429, "rate_limited"), "{proxy:?}");
    let seconds: u64 = values(&answer.headers, "retry-after")[0].parse().unwrap();
    assert!((1..=10).contains(&seconds), "{seconds}");
    assert!(stage.arrived().is_empty());
}

pub(super) async fn without_a_gateway_nothing_passes(proxy: Proxy) {
    let Some(mut stage) = Stage::start(proxy, "away", &[]).await else { return };
    let mut alice = device("alice");
    stage.passed(signed(&mut alice, "GET", "/orders", "", None)).await;
    stage.kill_gateway();
    let answer = stage.refused(signed(&mut alice, "POST", "/orders", "one", None)).await;
    assert_eq!(answer, (503, "unavailable".to_owned()));
}

/// An order that the service has got and not answered may have been executed. Whoever sent it must not take the proxy's answer for the
/// gateway's refusal, after which they would send it again.
pub(super) async fn a_service_that_fails_is_no_refusal(proxy: Proxy) {
    let Some(stage) = Stage::start(proxy, "fails", &[]).await else { return };
    let answer = stage.send(signed(&mut device("alice"), "POST", "/orders", FATAL, None)).await;
    assert_eq!(stage.arrived().len(), 1, "{proxy:?}");
    assert_eq!(answer.status, 502, "{proxy:?}");
    let types = values(&answer.headers, "content-type");
    assert!(!types.contains(&"application/problem+json"), "{proxy:?}: {types:?}");
    assert!(!answer.headers.contains_key("x-genuine-problem"), "{proxy:?}");
}

/// `HAProxy` goes on after a script that fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_fails_lets_nothing_pass() {
    let broken = "error(\"broken\")";
    for script in [
        ("local headers = txn.http:req_get_headers()", broken),
        ("txn:set_var(\"txn.genuine_passed\", true)", broken),
        // A claim that the gateway does not make.
        ("local CLAIMS = {", "local CLAIMS = { \"x-genuine-nothing\","),
    ] {
        let Some(stage) = Stage::start_changed(Proxy::Haproxy, "broken", &[], &[script]).await else { return };
        let answer = stage.send(signed(&mut device("alice"), "GET", "/orders", "", None)).await;
        assert_eq!(answer.status, 503);
        assert!(stage.arrived().is_empty(), "{script:?}");
    }
}

/// In HTTP/2 a body needs no header, and the catalogue of `HAProxy` goes by headers.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_goes_by_headers_speaks_no_http_2() {
    let Some(stage) = Stage::start(Proxy::Haproxy, "http2", &[]).await else { return };
    let answer = stage.send_octets(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    assert!(answer.starts_with(b"HTTP/1.1 400"), "{answer:?}");
}

/// What apps and browsers ask the gateway itself: the mediator, and attestations for OAuth servers.
pub(super) async fn what_is_the_gateways_own_goes_to_it(proxy: Proxy) {
    let scratch = Scratch::new(&format!("own-{proxy:?}"));
    let config = scratch.path().join("own.toml");
    let more = r#"
        [applications.oauth_client]
        client_id = "com.example.shop"
        [mediator]
        secrets = ["BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="]
        [[mediator.providers]]
        name = "work"
        issuer = "https://id.example.com"
        authorization_endpoint = "https://id.example.com/authorize"
        token_endpoint = "https://id.example.com/token"
        client_id = "gateway"
        client_secret = "secret"
        scopes = ["openid"]
        [[mediator.clients]]
        client_id = "com.example.shop"
        application = "shop"
        redirect_uris = ["com.example.shop:/signed-in"]
        providers = ["work"]
    "#;
    fs::write(&config, format!("{}{more}", include_str!("../../proxies/gateway.toml"))).unwrap();
    let Some(stage) = Stage::start_configured(proxy, "own", &config, &[], &[]).await else { return };
    let get = |target: &str| Request::get(target).body(Body::empty()).unwrap();
    let metadata = stage.send(get("/.well-known/oauth-authorization-server")).await;
    assert_eq!((metadata.status, &metadata.json()["issuer"]), (200, &format!("https://{HOST}").into()), "{proxy:?}");
    let login = "/oauth/authorize?response_type=code&client_id=com.example.shop&scope=openid&provider=work\
                 &redirect_uri=com.example.shop%3A%2Fsigned-in&code_challenge_method=S256\
                 &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let login = stage.send(get(login)).await;
    let location = login.headers["location"].to_str().unwrap();
    assert!(login.status == 303 && location.starts_with("https://id.example.com/authorize?"), "{proxy:?}: {location}");
    let answer = stage.send(get("/oauth/callback/work?code=one&state=two")).await;
    assert_eq!((answer.status, &*answer.code()), (400, "login_unknown"), "{proxy:?}");
    let mut alice = device("alice");
    let challenge = stage.challenge("alice").await;
    let form = "grant_type=refresh_token&client_id=com.example.shop&refresh_token=none";
    let mut asked = signed(&mut alice, "POST", "/oauth/token", form, Some(&challenge));
    asked.headers_mut().insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    let answer = stage.send(asked).await;
    assert_eq!((answer.status, &answer.json()["error"]), (400, &"invalid_grant".into()), "{proxy:?}");
    let challenge = stage.challenge("alice").await;
    let answer = stage.send(signed(&mut alice, "POST", "/client-attestations", "{}", Some(&challenge))).await;
    assert_eq!((answer.status, &*answer.code()), (400, "malformed"), "{proxy:?}: of what the device has signed");
    for target in ["/oauth", "/oauth/tokens", "/oauth/authorize/more", "/.well-known/openid-configuration"] {
        assert_eq!(stage.send(get(target)).await.status, 404, "{proxy:?}: {target}");
    }
    assert!(stage.arrived().is_empty(), "{proxy:?}: nothing of that comes to the service");
}
