//! What a proxy asks, without a proxy: whose word counts, what is said twice or badly, and the layer of a service behind it.
#![allow(missing_docs)]

mod support;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Extension, Router,
    body::{Body, Bytes},
    extract::ConnectInfo,
    http::{Request, request},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine_gateway::{
    challenge::Purpose,
    config::{Bodies, Config},
    gate::{Access, Caller, Client, Evidence, Freshness, Gate, sha256},
    http::{AppRoutes, ForwardRule, Origin, require_claims},
    limit::RateLimiter,
    store::MemoryStore,
};
use genuine_testvectors::Device;
use http_body_util::BodyExt as _;
use support::{APP_ID, APPLICATION, Answer, Hands, assert, attest, authorization, device, gate_of, intake, now};
use tower::ServiceExt as _;

const PROXY: &str = "10.0.0.1";
const SESSION: &str = "alice";

struct Desk {
    gate: Arc<Gate>,
    routes: Router,
}

fn rule(name: &str, freshness: Freshness, bodies: Bodies) -> ForwardRule {
    let access = Access::new(vec![APPLICATION.to_owned()], freshness);
    ForwardRule { name: name.to_owned(), access, bodies, token_header: None }
}

impl Desk {
    fn new() -> Self {
        Self::with(vec![
            rule("orders", Freshness::Counter, Bodies::Upstream),
            rule("payments", Freshness::Challenge, Bodies::Upstream),
            rule("catalogue", Freshness::Counter, Bodies::None),
        ])
    }

    fn with(rules: Vec<ForwardRule>) -> Self {
        let applications = [APPLICATION, "other"].map(|name| {
            let app_id = if name == APPLICATION { APP_ID } else { "ABCDE12345.com.example.other" };
            genuine_gateway::config::Application::new(name, &[app_id])
        });
        let gate = Arc::new(gate_of(&applications, Arc::new(MemoryStore::default()), &Hands::at(now())));
        Self::of(gate, rules, None)
    }

    fn of(gate: Arc<Gate>, rules: Vec<ForwardRule>, per_minute: Option<u32>) -> Self {
        let proxies = vec!["10.0.0.0/8".parse().unwrap()];
        let routes = AppRoutes::new(Arc::clone(&gate), intake()).forward_auth(&proxies, rules).unwrap();
        let addresses = per_minute.and_then(RateLimiter::per_minute);
        let origin = Origin { tls: true, allow_plain_http: false, trusted_proxies: proxies, addresses };
        Self { gate, routes: routes.router(Arc::new(origin)) }
    }

    async fn register(&self, name: &str, app_id: &str, application: &str) -> Device {
        let device = device(name).with_app_id(app_id);
        let session = sha256(SESSION.as_bytes());
        let challenge = self.gate.challenge(application, Purpose::Attestation, session).await.unwrap();
        let registration = genuine_gateway::gate::Registration {
            application,
            challenge: &challenge,
            evidence: Evidence::AppAttest {
                key_id: &BASE64_STANDARD.encode(device.key_id()),
                attestation: &attest(&device, &challenge),
            },
            client: Client { session, ..Client::default() },
        };
        let registered = self.gate.register(registration).await.unwrap();
        assert_eq!(registered.device.unwrap().key_id.0, device.key_id());
        device
    }

    async fn alice(&self) -> Device {
        self.register("alice", APP_ID, APPLICATION).await
    }

    async fn ask_from(&self, peer: &str, question: request::Builder, body: &'static str) -> Answer {
        let mut question = question.body(Body::from(body)).unwrap();
        question.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 50_000)));
        answer(self.routes.clone(), question).await
    }

    async fn ask(&self, question: request::Builder) -> Answer {
        self.ask_from(PROXY, question, "").await
    }

    async fn refused(&self, question: request::Builder) -> (u16, String) {
        let answer = self.ask(question).await;
        (answer.status, answer.code())
    }
}

async fn answer(routes: Router, request: Request<Body>) -> Answer {
    let (parts, body) = routes.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

fn digest(body: &str) -> String {
    format!("sha-256=:{}:", BASE64_STANDARD.encode(sha256(body.as_bytes())))
}

/// What a proxy asks about a request that a device signed, but for the method and target.
fn about(device: &mut Device, rule: &str, signed: (&str, &str, &str), challenge: Option<&str>) -> request::Builder {
    let (method, target, body) = signed;
    let assertion = assert(device, method, target, body.as_bytes(), challenge);
    Request::builder()
        .uri(format!("/authorize/{rule}"))
        .header("x-forwarded-proto", "https")
        .header("x-session", SESSION)
        .header("authorization", authorization(device, &assertion, challenge))
}

fn with(question: request::Builder, headers: &[(&str, &str)]) -> request::Builder {
    headers.iter().fold(question, |question, (name, value)| question.header(*name, *value))
}

const CALL: (&str, &str, &str) = ("POST", "/orders?item=7", "abc");
const ORIGINAL: [(&str, &str); 2] = [("x-forwarded-method", "POST"), ("x-forwarded-uri", "/orders?item=7")];

#[tokio::test]
async fn r67_a_signed_request_is_answered_with_claims_and_nobody_keeps_them() {
    let desk = Desk::new();
    let mut alice = desk.alice().await;
    let question = with(about(&mut alice, "orders", CALL, None), &ORIGINAL).header("content-digest", digest("abc"));
    let answer = desk.ask(question).await;
    assert_eq!((answer.status, &*answer.body), (200, &b""[..]));
    let header = |name: &str| answer.headers[name].to_str().unwrap();
    assert_eq!(header("x-genuine-device"), BASE64_STANDARD.encode(alice.key_id()));
    assert_eq!((header("x-genuine-application"), header("x-genuine-counter")), (APPLICATION, "1"));
    assert_eq!((header("x-genuine-content-digest"), header("cache-control")), (&*digest("abc"), "no-store"));
    assert!(!answer.headers.contains_key("x-genuine-problem"));
}

#[tokio::test]
async fn only_a_listed_proxy_may_ask() {
    let desk = Desk::new();
    let mut alice = desk.alice().await;
    let mut question = || {
        let question = with(about(&mut alice, "orders", CALL, None), &ORIGINAL);
        question.header("content-digest", digest("abc"))
    };
    for peer in ["127.0.0.1", "192.0.2.1", "::1", "::ffff:192.0.2.1"] {
        let answer = desk.ask_from(peer, question(), "").await;
        assert_eq!((answer.status, &*answer.code()), (403, "proxy_unknown"), "{peer}");
    }
    assert_eq!(desk.ask_from("::ffff:10.0.0.1", question(), "").await.status, 200);
    assert_eq!(desk.gate.metrics.refusals("ProxyUnknown"), 4);
}

#[tokio::test]
async fn without_a_rule_there_is_nothing_to_ask() {
    let desk = Desk::with(Vec::new());
    let mut alice = desk.alice().await;
    let question = with(about(&mut alice, "orders", CALL, None), &ORIGINAL).header("content-digest", digest("abc"));
    assert_eq!(desk.refused(question).await, (404, "not_found".to_owned()));
    let described = async |desk: &Desk| {
        let question = Request::builder().uri("/openapi.json").header("x-forwarded-proto", "https");
        desk.ask(question).await.json()["paths"]["/authorize/{name}"].is_object()
    };
    assert!(!described(&desk).await);
    let desk = Desk::new();
    assert!(described(&desk).await);
    let question = with(about(&mut alice, "nobodys", CALL, None), &ORIGINAL).header("content-digest", digest("abc"));
    assert_eq!(desk.refused(question).await, (404, "not_found".to_owned()));
}

#[tokio::test]
async fn method_and_target_are_said_once_and_well() {
    let desk = Desk::new();
    let mut alice = desk.alice().await;
    let (method, target) = (("x-forwarded-method", "POST"), ("x-forwarded-uri", "/orders?item=7"));
    let wrong: [&[(&str, &str)]; 14] = [
        &[],
        &[method],
        &[target],
        &[method, target, method],
        &[method, target, target],
        &[method, target, ("x-forwarded-method", "GET")],
        &[method, target, ("x-forwarded-uri", "/orders")],
        &[("x-forwarded-method", ""), target],
        &[("x-forwarded-method", "PO ST"), target],
        &[method, ("x-forwarded-uri", "")],
        &[method, ("x-forwarded-uri", "orders?item=7")],
        &[method, ("x-forwarded-uri", "https://shop.example.com/orders?item=7")],
        &[method, ("x-forwarded-uri", "/orders?item=7#x")],
        &[method, ("x-forwarded-uri", "/orders ?item=7")],
    ];
    for headers in wrong {
        let question = with(about(&mut alice, "orders", CALL, None), headers).header("content-digest", digest("abc"));
        assert_eq!(desk.refused(question).await, (400, "malformed".to_owned()), "{headers:?}");
    }
    // Signed as they are said: refused because a proxy and an upstream may take them for two routes.
    for path in [
        "/orders/../payments",
        "/./orders",
        "/orders/%2E%2e/x",
        "/a%2F..%2fb",
        "/a\\..\\b",
        "/a%5c.",
        "/..",
        "/orders/..;/payments",
        "/orders/..;x=1/payments",
        "/orders/..%3b/payments",
        "/orders/%252e%252E/payments",
        "/orders/..%252fpayments",
        "/orders/%25252e./payments",
        "/orders/%25252525",
        "/orders/..%00/payments",
        "/orders/.%3Bx",
    ] {
        let question = about(&mut alice, "orders", ("GET", path, ""), None).header("content-digest", digest(""));
        let question = question.header("x-forwarded-method", "GET").header("x-forwarded-uri", path);
        assert_eq!(desk.refused(question).await, (400, "malformed".to_owned()), "{path}");
    }
    for target in [
        "/orders?path=/../x",
        "/orders/...",
        "/.well-known/x",
        "/a.b/c..d",
        "//orders",
        "/?",
        "/orders/%7Ea;v=1.2",
        "/orders/100%",
        "/orders/%zz",
        "/orders/%2525",
        "/orders/%C3%A9",
        "/orders/..%C3%A9",
    ] {
        let question = about(&mut alice, "orders", ("GET", target, ""), None).header("content-digest", digest(""));
        let question = question.header("x-forwarded-method", "GET").header("x-forwarded-uri", target);
        assert_eq!(desk.ask(question).await.status, 200, "{target}");
    }
    // What a proxy leaves in the question of the request's query is not looked at.
    let question = about(&mut alice, "orders?item=8", CALL, None).header("content-digest", digest("abc"));
    assert_eq!(desk.ask(with(question, &ORIGINAL)).await.status, 200);
}

#[tokio::test]
async fn envoy_asks_with_the_request_itself() {
    let desk = Desk::new();
    let mut alice = desk.alice().await;
    for (method, target) in [("POST", "/orders?item[]=7"), ("GET", "/"), ("DELETE", "/?x"), ("PUT", "//orders/%2f/7")] {
        let place = format!("orders/request{target}");
        let question = |alice: &mut Device| {
            let question = about(alice, &place, (method, target, "abc"), None).method(method);
            question.header("content-digest", digest("abc"))
        };
        assert_eq!(desk.ask(question(&mut alice)).await.status, 200, "{method} {target}");
        for header in ORIGINAL {
            let answer = desk.refused(with(question(&mut alice), &[header])).await;
            assert_eq!(answer, (400, "malformed".to_owned()), "said in two ways");
        }
        let other = question(&mut alice).method("PATCH");
        assert_eq!(desk.refused(other).await, (401, "rejected".to_owned()));
    }
    // Another name than the one before the separator is another rule, and there is none.
    let question = about(&mut alice, "orders/requestx/orders", CALL, None).method("POST");
    assert_eq!(desk.refused(question).await, (404, "not_found".to_owned()));
    let question = about(&mut alice, "orders/request", CALL, None).method("POST");
    assert_eq!(desk.refused(question).await, (404, "not_found".to_owned()));
}

#[tokio::test]
async fn the_digest_of_the_body_is_said_once_and_well() {
    let desk = Desk::new();
    let mut alice = desk.alice().await;
    let right = digest("abc");
    let mut question = || with(about(&mut alice, "orders", CALL, None), &ORIGINAL);
    assert_eq!(desk.refused(question()).await, (400, "digest_required".to_owned()));
    let wrong = [
        right.replace("sha-256", "sha-512"),
        right.replace("sha-256", "SHA-256"),
        right.replace(':', ""),
        right.replace("=:", "="),
        right.replace(':', "::"),
        format!("{right}, {}", digest("other")),
        format!("sha-512=:AAAA:, {right}"),
        format!("{right};x"),
        right.replace("=:", ":"),
        "sha-256=:AAAA:".to_owned(),
        String::new(),
    ];
    for said in wrong {
        let answer = desk.refused(question().header("content-digest", &said)).await;
        assert_eq!(answer, (400, "malformed".to_owned()), "{said}");
    }
    let twice = question().header("content-digest", &right).header("content-digest", &right);
    assert_eq!(desk.refused(twice).await, (400, "malformed".to_owned()));
    let other = question().header("content-digest", digest("other"));
    assert_eq!(desk.refused(other).await, (401, "rejected".to_owned()));
    assert_eq!(desk.ask(question().header("content-digest", &right)).await.status, 200);
}

#[tokio::test]
async fn a_rule_without_bodies_takes_the_hash_of_nothing_alone() {
    let desk = Desk::new();
    let mut alice = desk.alice().await;
    let mut question = |body: &str| {
        let question = about(&mut alice, "catalogue", ("GET", "/catalogue", body), None);
        with(question, &[("x-forwarded-method", "GET"), ("x-forwarded-uri", "/catalogue")])
    };
    let answer = desk.ask(question("")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["x-genuine-content-digest"], digest(""));
    assert_eq!(desk.ask(question("").header("content-digest", digest(""))).await.status, 200);
    assert_eq!(desk.refused(question("abc")).await, (401, "rejected".to_owned()));
    let said = question("abc").header("content-digest", digest("abc"));
    assert_eq!(desk.refused(said).await, (400, "malformed".to_owned()));
    // The proxy has a body, and shows it.
    let answer = desk.ask_from(PROXY, question(""), "abc").await;
    assert_eq!((answer.status, answer.code()), (400, "malformed".to_owned()));
}

#[tokio::test]
async fn a_rule_says_which_applications_and_how_fresh() {
    let desk = Desk::new();
    let mut other = desk.register("other", "ABCDE12345.com.example.other", "other").await;
    let question = with(about(&mut other, "orders", CALL, None), &ORIGINAL).header("content-digest", digest("abc"));
    assert_eq!(desk.refused(question).await, (401, "rejected".to_owned()));
    assert_eq!(desk.gate.metrics.refusals("ApplicationRefused"), 1);

    let mut alice = desk.alice().await;
    let question = with(about(&mut alice, "payments", CALL, None), &ORIGINAL).header("content-digest", digest("abc"));
    assert_eq!(desk.refused(question).await, (401, "challenge_rejected".to_owned()));
    for (session, status) in [("eve", 401), (SESSION, 200)] {
        let session = sha256(session.as_bytes());
        let challenge = desk.gate.challenge(APPLICATION, Purpose::Assertion, session).await.unwrap();
        let question = with(about(&mut alice, "payments", CALL, Some(&challenge)), &ORIGINAL);
        assert_eq!(desk.ask(question.header("content-digest", digest("abc"))).await.status, status);
    }
}

/// nginx hands on headers of the answer, and not its body.
#[tokio::test]
async fn each_refusal_stands_in_a_header_as_well() {
    let gate = Desk::new().gate;
    let desk = Desk::of(gate, vec![rule("orders", Freshness::Counter, Bodies::Upstream)], Some(18));
    let https = || Request::builder().uri("/authorize/orders").header("x-forwarded-proto", "https");
    let plain = Request::builder().uri("/authorize/orders").header("x-forwarded-proto", "http");
    let nobody = Request::builder().uri("/authorize/nobody").header("x-forwarded-proto", "https");
    let questions = [plain, https(), with(https(), &ORIGINAL), nobody, https()];
    for (question, status) in questions.into_iter().zip([403, 400, 401, 404, 429]) {
        let answer = desk.ask(question).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.headers["x-genuine-problem"].as_bytes(), answer.body);
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert_eq!(answer.headers.contains_key("retry-after"), status == 429);
    }
}

#[tokio::test]
async fn a_service_believes_whole_claims_and_compares_the_body() {
    let handler =
        async |Extension(caller): Extension<Caller>, body: Bytes| format!("{} {}", caller.counter, body.len());
    let routes = Router::new().fallback(handler).layer(require_claims(intake()));
    let device = BASE64_STANDARD.encode([7; 32]);
    let signed = digest("abc");
    let claims = [
        ("x-genuine-device", &*device),
        ("x-genuine-application", "shop"),
        ("x-genuine-counter", "41"),
        ("x-genuine-content-digest", &*signed),
    ];
    let send = async |claims: &[(&str, &str)], body: &str| {
        let request = with(Request::post("/orders"), claims).body(Body::from(body.to_owned())).unwrap();
        answer(routes.clone(), request).await
    };
    let answer = send(&claims, "abc").await;
    assert_eq!((answer.status, &*answer.body), (200, &b"41 3"[..]));
    for body in ["", "abd", "abcd"] {
        let answer = send(&claims, body).await;
        assert_eq!((answer.status, &*answer.code()), (401, "rejected"), "{body}");
    }
    let too_large = "x".repeat(1001);
    assert_eq!(send(&claims, &too_large).await.status, 413);
    for (index, (name, value)) in claims.into_iter().enumerate() {
        let mut without = claims.to_vec();
        without.remove(index);
        assert_eq!(send(&without, "abc").await.status, 401, "without {name}");
        let twice = [&claims[..], &[(name, value)]].concat();
        assert_eq!(send(&twice, "abc").await.status, 400, "{name} twice");
        let mut bad = claims;
        bad[index].1 = "";
        let expected = if name == "x-genuine-application" { 200 } else { 400 };
        assert_eq!(send(&bad, "abc").await.status, expected, "{name} without a value");
    }
}

/// What the README shows: a digest, and the rules.
#[test]
fn the_readme_shows_what_is_so() {
    let readme = include_str!("../README.md");
    assert!(readme.contains(&format!("Content-Digest: {}\n", digest("abc"))));
    let rules = readme.split("```").filter_map(|block| block.strip_prefix("toml\n"));
    let rules = rules.into_iter().find(|block| block.contains("[[forward_auth]]")).unwrap();
    let text = format!("{rules}\n[[applications]]\nname = \"shop\"\napp_ids = [\"ABCDE12345.com.example\"]\n");
    let config = Config::load(Some(&text), std::iter::empty()).unwrap();
    assert_eq!(ForwardRule::configured(&config).len(), 2);
}

#[test]
fn each_mistake_of_the_configuration_is_named() {
    const REST: &str =
        "authority = \"shop.example.com\"\n[[applications]]\nname = \"shop\"\napp_ids = [\"ABCDE12345.com.example\"]\n";
    let load = |proxies: &str, rules: &str| {
        let text = format!("{proxies}\n{REST}{rules}");
        Config::load(Some(&text), std::iter::empty()).map_err(|mistakes| mistakes.0)
    };
    let listed = "trusted_proxies = [\"127.0.0.1/32\"]";
    let rule = "[[forward_auth]]\nbody = \"upstream\"\n";
    let config = load(listed, &format!("{rule}name = \"orders\"\nfreshness = \"challenge\"\n")).unwrap();
    let forward = ForwardRule::configured(&config).remove(0);
    assert_eq!((&*forward.name, forward.bodies), ("orders", Bodies::Upstream));
    assert_eq!(
        (forward.access.applications, forward.access.freshness),
        (vec!["shop".to_owned()], Freshness::Challenge)
    );

    let long = format!("{rule}name = \"{}\"\n", "x".repeat(65));
    let mistakes = [
        ("", format!("{rule}name = \"orders\"\n"), "forward_auth: trusted_proxies lists no proxy that could ask"),
        (listed, format!("{rule}name = \"\"\n"), "name: 1 to 64 lower-case letters"),
        (listed, format!("{rule}name = \"a/b\"\n"), "name: 1 to 64 lower-case letters"),
        (listed, format!("{rule}name = \"{{x}}\"\n"), "name: 1 to 64 lower-case letters"),
        (listed, format!("{rule}name = \"Orders\"\n"), "name: 1 to 64 lower-case letters"),
        (listed, long, "name: 1 to 64 lower-case letters"),
        (listed, format!("{rule}name = \"a\"\n{rule}name = \"a\"\n"), "forward_auth \"a\": name: another one has it"),
        (listed, format!("{rule}name = \"a\"\ncallers = [\"b\"]\n"), "callers: there is no application \"b\""),
        (listed, "[[forward_auth]]\nname = \"a\"\n".to_owned(), "missing field `body`"),
        (listed, format!("{rule}name = \"a\"\nfreshness = \"never\"\n"), "unknown variant `never`"),
        (listed, "[[forward_auth]]\nname = \"a\"\nbody = \"some\"\n".to_owned(), "unknown variant `some`"),
        (listed, format!("{rule}name = \"a\"\ncaller = []\n"), "unknown field `caller`"),
    ];
    for (proxies, rules, named) in mistakes {
        let found = load(proxies, &rules).map(drop).unwrap_err();
        assert!(found.len() == 1 && found[0].contains(named), "{named}: {found:?}");
    }
}
