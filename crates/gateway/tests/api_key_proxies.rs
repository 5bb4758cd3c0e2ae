//! Real proxies with the configurations of `proxies/`, in front of a service for clients with API keys.
#![allow(missing_docs)]

#[path = "support/stage.rs"]
mod stage;
mod support;

use std::fs;

use axum::{
    body::Body,
    http::{HeaderMap, Request},
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use ring::{digest, hmac};
use stage::{API_KEY, HOST, Proxy, Stage, device, digest, signed};
use support::Scratch;

const SHOWN: (&str, [u8; 32]) = ("gk_AAAAAAAAAAAAAAAA", [7; 32]);
const SIGNING: (&str, [u8; 32]) = ("gk_BBBBBBBBBBBBBBBB", [8; 32]);

/// `proxies/gateway.toml`, whose rule for session tokens takes API keys.
fn configuration(scratch: &Scratch) -> std::path::PathBuf {
    let salt = [9; 16];
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(&salt);
    hash.update(&SHOWN.1);
    let [salt, hash, secret] =
        [&salt[..], hash.finish().as_ref(), &SIGNING.1].map(|octets| BASE64_URL_SAFE_NO_PAD.encode(octets));
    let entry = |id: &str, material: &str| {
        format!(
            "[[keys]]\nid = {id:?}\napplication = \"web\"\nscopes = [\"read\", \"write\"]\ntier = \"all\"\n{material}\n"
        )
    };
    let keys = [
        entry(SHOWN.0, &format!("salt = {salt:?}\nhash = {hash:?}")),
        entry(SIGNING.0, &format!("signing_secret = {secret:?}")),
    ];
    let (file, config) = (scratch.path().join("keys.toml"), scratch.path().join("gateway.toml"));
    fs::write(&file, keys.concat()).unwrap();
    let text = include_str!("../proxies/gateway.toml");
    let rule = "evidence = \"api_key\"\ncallers = [\"web\"]\nscopes = [\"read\"] #";
    let (before, after) = text.split_once("evidence = \"token\"").unwrap();
    let more = format!(
        "\n[api_keys]\nfile = {:?}\nclients = [{{ name = \"web\" }}]\ntiers = [{{ name = \"all\", per_minute = 6000 }}]\n",
        file.to_str().unwrap()
    );
    fs::write(&config, format!("{before}{rule}{after}{more}")).unwrap();
    config
}

async fn start(proxy: Proxy, name: &str) -> Option<(Stage, Scratch)> {
    let scratch = Scratch::new(&format!("api-keys-{proxy:?}-{name}"));
    let config = configuration(&scratch);
    Some((Stage::start_configured(proxy, &format!("keys-{name}"), &config, &[], &[]).await?, scratch))
}

fn values<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

fn come(target: &str, authorization: &str) -> Request<Body> {
    Request::post(target).header("authorization", authorization).body(Body::from("one")).unwrap()
}

/// A signed request, as RFC 9421 has it.
fn sign(target: &str, body: &'static str, nonce: u32) -> Request<Body> {
    let created = genuine_gateway::server::system_clock()();
    let params = format!(
        "(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\");created={created};keyid={:?};nonce=\"nonce-of-the-proxies-{nonce:08}\";alg=\"hmac-sha256\"",
        SIGNING.0
    );
    let (path, query) = target.split_once('?').unwrap();
    let base = format!(
        "\"@method\": POST\n\"@authority\": {HOST}\n\"@path\": {path}\n\"@query\": ?{query}\n\"content-digest\": {}\n\"@signature-params\": {params}",
        digest(body)
    );
    let mac = BASE64_STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &SIGNING.1), base.as_bytes()));
    Request::post(target)
        .header("content-digest", digest(body))
        .header("signature-input", format!("a={params}"))
        .header("signature", format!("a=:{mac}:"))
        .body(Body::from(body))
        .unwrap()
}

async fn r75_r78_keys_tokens_and_signatures_arrive_with_their_claims(proxy: Proxy) {
    let Some((stage, _scratch)) = start(proxy, "claims").await else { return };
    let key = format!("ApiKey {}.{}", SHOWN.0, BASE64_URL_SAFE_NO_PAD.encode(SHOWN.1));
    let exchange = Request::post("/api-keys/tokens").header("authorization", &key).body(Body::empty()).unwrap();
    let exchanged = stage.send(exchange).await;
    assert_eq!(exchanged.status, 200, "{proxy:?}: {}", exchanged.json());
    let token = format!("Bearer {}", exchanged.json()["access_token"].as_str().unwrap());
    let signed_once = || sign("/profile?item=7&x=%20y", "one", 1);
    for (request, id) in
        [(come("/profile", &key), SHOWN.0), (come("/profile", &token), SHOWN.0), (signed_once(), SIGNING.0)]
    {
        let is_signed = request.headers().contains_key("signature");
        let mut request = request;
        for name in ["x-genuine-key", "x-genuine-scopes", "x-genuine-device", "x-genuine-verdict", "x_genuine_key"] {
            request.headers_mut().insert(name, "forged".parse().unwrap());
        }
        let arrived = stage.passed(request).await;
        let claims = ["application", "key", "scopes", "verdict"]
            .map(|name| values(&arrived.headers, &format!("x-genuine-{name}")));
        assert_eq!(claims, [vec!["web"], vec![id], vec!["read write"], vec!["api_key"]], "{proxy:?}");
        assert!(!format!("{:?}", arrived.headers).contains("forged"), "{proxy:?}: {:?}", arrived.headers);
        let signed_digest = values(&arrived.headers, "x-genuine-content-digest").concat();
        assert_eq!(signed_digest, if is_signed { digest("one") } else { String::new() }, "{proxy:?}");
        assert!(values(&arrived.headers, "x-genuine-device").concat().is_empty(), "{proxy:?}");
        assert_eq!((values(&arrived.headers, "x-api-key"), &*arrived.body), (vec![API_KEY], &b"one"[..]), "{proxy:?}");
    }
    assert_eq!(stage.refused(signed_once()).await, (401, "signature_rejected".to_owned()), "{proxy:?}");
}

async fn what_is_no_key_is_refused_and_a_key_opens_nothing_else(proxy: Proxy) {
    let Some((stage, _scratch)) = start(proxy, "refused").await else { return };
    let key = format!("ApiKey {}.{}", SHOWN.0, BASE64_URL_SAFE_NO_PAD.encode(SHOWN.1));
    let rejected = (401, "api_key_rejected".to_owned());
    let wrong = format!("ApiKey {}.{}", SHOWN.0, BASE64_URL_SAFE_NO_PAD.encode(SIGNING.1));
    assert_eq!(stage.refused(come("/profile", &wrong)).await, rejected, "{proxy:?}");
    assert_eq!(stage.refused(Request::post("/profile").body(Body::from("one")).unwrap()).await, rejected, "{proxy:?}");
    assert_eq!(
        stage.refused(signed(&mut device("alice"), "POST", "/profile", "one", None)).await,
        rejected,
        "{proxy:?}"
    );
    let mut other = sign("/profile?item=7", "one", 1);
    *other.uri_mut() = "/profile?item=8".parse().unwrap();
    assert_eq!(stage.refused(other).await, rejected, "{proxy:?}");
    // Nothing that is for devices.
    let mut order = sign("/orders?item=7", "one", 2);
    order.headers_mut().remove("authorization");
    assert_eq!(stage.refused(order).await, (401, "rejected".to_owned()), "{proxy:?}");
    let mut order = come("/orders", &key);
    order.headers_mut().insert("content-digest", digest("one").parse().unwrap());
    assert_eq!(stage.refused(order).await, (401, "rejected".to_owned()), "{proxy:?}");
    // The gateway itself is not asked by clients.
    assert_eq!(stage.send(come("/authorize/profile", &key)).await.status, 404, "{proxy:?}");
}

/// Each scenario is a test with each proxy.
macro_rules! with_each_proxy {
    ($($scenario:ident),* $(,)?) => {
        mod nginx { $(#[tokio::test(flavor = "multi_thread")] async fn $scenario() { super::$scenario(super::Proxy::Nginx).await; })* }
        mod haproxy { $(#[tokio::test(flavor = "multi_thread")] async fn $scenario() { super::$scenario(super::Proxy::Haproxy).await; })* }
        mod caddy { $(#[tokio::test(flavor = "multi_thread")] async fn $scenario() { super::$scenario(super::Proxy::Caddy).await; })* }
    };
}

with_each_proxy!(
    r75_r78_keys_tokens_and_signatures_arrive_with_their_claims,
    what_is_no_key_is_refused_and_a_key_opens_nothing_else,
);
