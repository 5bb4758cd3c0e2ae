//! The name of a request: in its answer, chosen by nobody but a trusted proxy.
#![allow(missing_docs)]

mod support;

use std::{collections::HashSet, sync::Arc};

use axum::{Router, body::Body, http::Request};
use genuine_gateway::{
    audit::Audit,
    config::Config,
    gate::{Access, Freshness},
    http::{self, AppRoutes, ForwardRule, OperatorAccess, Origin},
};
use support::{APPLICATION, Answer, answer_of, gate, intake, origin};

const PROXY: &str = "10.0.0.1";

/// The two listeners, behind a proxy at [`PROXY`].
fn listeners() -> [Router; 2] {
    let (gate, _) = gate();
    let proxies = vec![format!("{PROXY}/32").parse().unwrap()];
    let rule = ForwardRule {
        name: "orders".to_owned(),
        access: Access::new(vec![APPLICATION.to_owned()], Freshness::Counter).named("orders"),
        bodies: genuine_gateway::config::Bodies::None,
        token_header: None,
    };
    let access = OperatorAccess::new(&Config::default(), Audit::default());
    let operator = http::operator(&gate, access, &proxies);
    let routes = AppRoutes::new(Arc::clone(&gate), intake()).forward_auth(&proxies, vec![rule]).unwrap();
    [routes.router(Arc::new(Origin { allow_plain_http: true, trusted_proxies: proxies, ..origin() })), operator]
}

async fn get(routes: &Router, peer: &str, path: &str, said: &[&[u8]]) -> Answer {
    let mut request = Request::get(path).header("host", "localhost");
    for said in said {
        request = request.header("x-request-id", *said);
    }
    answer_of(routes.clone(), peer, request.body(Body::empty()).unwrap()).await
}

fn id(answer: &Answer) -> String {
    let ids: Vec<_> = answer.headers.get_all("x-request-id").iter().collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    ids[0].to_str().unwrap().to_owned()
}

fn is_fresh(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f'))
}

#[tokio::test]
async fn each_request_has_a_name_of_its_own() {
    let mut seen = HashSet::new();
    for routes in &listeners() {
        for path in ["/openapi.json", "/nothing"] {
            for _ in 0..500 {
                let answer = get(routes, "192.0.2.1", path, &[]).await;
                let id = id(&answer);
                assert!(is_fresh(&id), "{id}");
                if answer.status >= 400 {
                    assert_eq!(answer.json()["request_id"], *id);
                    assert_eq!(answer.headers["content-length"], answer.body.len().to_string());
                }
                assert!(seen.insert(id), "the same name twice");
            }
        }
    }
    assert_eq!(seen.len(), 2000);
}

#[tokio::test]
async fn a_proxy_names_a_request_and_a_stranger_does_not() {
    for routes in &listeners() {
        for name in ["a", "f3.A-b_9", &"x".repeat(128)] {
            let answer = get(routes, PROXY, "/nothing", &[name.as_bytes()]).await;
            assert_eq!((&*id(&answer), &answer.json()["request_id"]), (name, &name.into()));
            let answer = get(routes, "192.0.2.1", "/nothing", &[name.as_bytes()]).await;
            assert!(is_fresh(&id(&answer)) && !answer.body.windows(6).any(|window| window == b"f3.A-b"));
        }
    }
}

#[tokio::test]
async fn a_name_that_is_none_is_not_taken_from_a_proxy_either() {
    let long = "x".repeat(129);
    let hostile: [&[&[u8]]; 12] = [
        &[b""],
        &[long.as_bytes()],
        &[b"a b"],
        &[b"a\tb"],
        &[b"a\"b"],
        &[b"a,b"],
        &[b"a=b"],
        &[b"a/../b"],
        &[b"\x1b[31mred"],
        &[b"\xff\xfe"],
        &["\u{e4}".as_bytes()],
        &[b"one", b"two"],
    ];
    for routes in &listeners() {
        for said in
            hostile.iter().filter(|said| said.iter().all(|said| axum::http::HeaderValue::from_bytes(said).is_ok()))
        {
            let answer = get(routes, PROXY, "/nothing", said).await;
            assert!(is_fresh(&id(&answer)), "{said:?}: {}", id(&answer));
        }
    }
}

/// A proxy that hands headers of a refusal on, and not its body, finds the same name in them.
#[tokio::test]
async fn what_proxies_are_told_has_the_name() {
    let [routes, _] = listeners();
    let question = |rule: &str| {
        let request = Request::get(format!("/authorize/{rule}"));
        let request = request.header("x-forwarded-proto", "https").header("x-request-id", "from-the-proxy");
        let request = request.header("x-forwarded-method", "GET").header("x-forwarded-uri", "/orders");
        request.body(Body::empty()).unwrap()
    };
    for (rule, status) in [("orders", 401), ("unknown", 404)] {
        let answer = answer_of(routes.clone(), PROXY, question(rule)).await;
        assert_eq!((answer.status, &*id(&answer)), (status, "from-the-proxy"));
        let told: serde_json::Value = serde_json::from_slice(answer.headers["x-genuine-problem"].as_bytes()).unwrap();
        assert_eq!(told, answer.json());
        assert_eq!(told["request_id"], "from-the-proxy");
    }
}
