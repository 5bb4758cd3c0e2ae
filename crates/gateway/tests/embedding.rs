//! The gateway inside of a program of somebody else's: routes and state of their own behind its layer, without a fork.
#![allow(missing_docs)]

mod support;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Extension, Router,
    body::Bytes,
    extract::State,
    http::{Method, StatusCode},
    routing::{any, get, post},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine_gateway::{
    challenge::Purpose,
    client::{Answer, App, SignedCall},
    config::{Config, Limits, Store},
    demo,
    gate::{Access, Caller, Freshness},
    server::Server,
};
use genuine_testvectors::Device;
use reqwest::Client;
use support::{APPLICATION, AUTHORITY, now};

/// The embedder's state: which ballots were cast.
#[derive(Default)]
struct Ballots(AtomicUsize);

impl Ballots {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

async fn vote(State(ballots): State<Arc<Ballots>>, Extension(caller): Extension<Caller>, body: Bytes) -> String {
    ballots.0.fetch_add(1, Ordering::SeqCst);
    let key = BASE64_STANDARD.encode(caller.key_id.0);
    format!("{{\"application\":\"{}\",\"key\":\"{key}\",\"bytes\":{}}}", caller.application, body.len())
}

fn config() -> Config {
    Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        operator_listen: "127.0.0.1:0".parse().unwrap(),
        store: Store::Memory {},
        limits: Limits { body_bytes: 1000, ..demo::config().limits },
        ..demo::config()
    }
}

async fn bound() -> Server {
    Server::bind(config()).await.unwrap()
}

/// Serves, and is an app of it that has registered.
async fn served(server: Server) -> App {
    let address = server.app_address().unwrap();
    tokio::spawn(async { server.serve(std::future::pending()).await.unwrap() });
    let app = app(&format!("http://{address}"), "alice");
    let challenge = app.challenge(Purpose::Attestation).await.unwrap();
    let answer = app.register(challenge.challenge().unwrap()).await.unwrap();
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    app
}

fn app(server: &str, name: &str) -> App {
    let clock = genuine_gateway::server::system_clock();
    assert!(clock() > now() - 365 * 86_400, "the clock is set");
    let device = Device::new(name).with_app_id(support::APP_ID).with_issue_time(clock() - 60);
    App {
        server: server.to_owned(),
        application: APPLICATION.to_owned(),
        authority: AUTHORITY.to_owned(),
        session: name.to_owned(),
        device,
        http: Client::new(),
    }
}

async fn plain(app: &App, method: Method, target: &str, body: &'static str) -> (u16, String) {
    let request = app.http.request(method, format!("{}{target}", app.server)).body(body);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn refusal(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.code.as_deref().unwrap_or_default())
}

#[tokio::test]
async fn r28_r61_r73_a_route_of_ones_own_is_reached_by_the_signed_request_alone() {
    let ballots = Arc::new(Ballots::default());
    let routes = Router::new().route("/polls/{poll}/ballots", post(vote)).with_state(Arc::clone(&ballots));
    let mut app = served(bound().await.with_routes(Freshness::Counter, routes)).await;

    // Without an assertion, and with one of a key that nobody registered.
    let (status, body) = plain(&app, Method::POST, "/polls/7/ballots", "yes").await;
    assert!(status == 401 && body.contains("\"code\":\"rejected\""), "{status} {body}");
    let stranger = sign_ballot(&mut self::app(&app.server, "stranger"), "yes");
    assert_eq!(refusal(&app.call(&stranger).await.unwrap()), (401, "unknown_key"));
    assert_eq!(ballots.count(), 0);

    // With one of this very request.
    let call = sign_ballot(&mut app, "yes");
    let answer = app.call(&call).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!((&answer.body["application"], &answer.body["bytes"]), (&APPLICATION.into(), &3.into()));
    assert_eq!(answer.body["key"], BASE64_STANDARD.encode(app.device.key_id()));
    assert_eq!(ballots.count(), 1);

    // Once, and of no other body, target or method.
    assert_eq!(refusal(&app.call(&call).await.unwrap()), (401, "counter_overtaken"));
    let changed: [fn(&mut SignedCall); 4] = [
        |call| call.body = "no!".to_owned(),
        |call| call.target = "/polls/8/ballots".to_owned(),
        |call| call.target += "?twice",
        |call| call.authorization = call.authorization.replacen("assertion=\"o", "assertion=\"p", 1),
    ];
    for change in changed {
        let mut call = sign_ballot(&mut app, "yes");
        change(&mut call);
        let answer = app.call(&call).await.unwrap();
        assert!(answer.status.is_client_error(), "{call:?}: {}", answer.body);
    }
    assert_eq!(ballots.count(), 1);
    let call = sign_ballot(&mut app, "yes");
    assert_eq!(app.call(&call).await.unwrap().status, StatusCode::OK);
    assert_eq!(ballots.count(), 2);
}

fn sign_ballot(app: &mut App, body: &str) -> SignedCall {
    app.sign(Method::POST, "/polls/7/ballots", body, None)
}

#[tokio::test]
async fn r21_a_route_may_ask_for_a_challenge() {
    let ballots = Arc::new(Ballots::default());
    let routes = Router::new().route("/polls/7/ballots", post(vote)).with_state(Arc::clone(&ballots));
    let mut app = served(bound().await.with_routes(Freshness::Challenge, routes)).await;
    let call = sign_ballot(&mut app, "yes");
    assert_eq!(refusal(&app.call(&call).await.unwrap()), (401, "challenge_rejected"));
    let challenge = app.challenge(Purpose::Assertion).await.unwrap();
    let call = app.sign(Method::POST, "/polls/7/ballots", "yes", challenge.challenge());
    assert_eq!(app.call(&call).await.unwrap().status, StatusCode::OK);
    assert_eq!(ballots.count(), 1);
}

/// axum keeps fallbacks apart from routes, where no layer on routes sees them.
#[tokio::test]
async fn nothing_of_a_protected_router_is_beside_the_layer() {
    let reached = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&reached);
    let hidden = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        std::future::ready("hidden")
    };
    let inner = Router::new().route("/leaf", get(hidden.clone())).fallback(any(hidden.clone()));
    let service = Router::new().fallback(any(hidden.clone()));
    let routes = Router::new()
        .nest("/nested", inner)
        .nest_service("/service", service)
        .route("/tree/{*rest}", get(hidden.clone()))
        .route("/methods", get(hidden.clone()).fallback(hidden.clone()))
        .fallback(hidden);
    let mut app = served(bound().await.with_routes(Freshness::Counter, routes)).await;
    for (path, status) in [
        ("/nested/leaf", 401),
        ("/nested/nothing", 404),
        ("/nothing", 404),
        ("/service/x", 401),
        ("/tree/x/y", 401),
        ("/methods", 401),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let (found, body) = plain(&app, method.clone(), path, "").await;
            assert_eq!(found, status, "{method} {path}: {body}");
        }
        assert!(matches!(plain(&app, Method::DELETE, path, "").await.0, 401 | 404 | 405), "{path}");
    }
    assert_eq!(reached.load(Ordering::SeqCst), 0);
    // What is signed is the whole path, however the route came about.
    for path in ["/nested/leaf", "/service/x", "/tree/x/y", "/methods"] {
        let call = app.sign(Method::GET, path, "", None);
        assert_eq!(app.call(&call).await.unwrap().status, StatusCode::OK, "{path}");
    }
    let call = app.sign(Method::GET, "/leaf", "", None);
    let moved = SignedCall { target: "/nested/leaf".to_owned(), ..call };
    assert_eq!(refusal(&app.call(&moved).await.unwrap()), (401, "rejected"));
    assert_eq!(reached.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn open_routes_are_reached_by_anybody_within_the_limits() {
    let open = Router::new()
        .route("/version", get(async || "7"))
        .route("/feedback", post(async |body: Bytes| body.len().to_string()))
        .fallback(async || "hidden");
    let app = served(bound().await.with_open_routes(open).with_routes(Freshness::Counter, Router::new())).await;
    assert_eq!(plain(&app, Method::GET, "/version", "").await, (200, "7".to_owned()));
    assert_eq!(plain(&app, Method::POST, "/feedback", "good").await, (200, "4".to_owned()));
    let (status, body) = plain(&app, Method::POST, "/feedback", Box::leak("x".repeat(1001).into_boxed_str())).await;
    assert!(status == 413 && body.contains("\"code\":\"too_large\""), "{status} {body}");
    let (status, body) = plain(&app, Method::GET, "/nothing", "").await;
    assert!(status == 404 && body.contains("\"code\":\"not_found\""), "{status} {body}");
}

#[tokio::test]
async fn routes_may_name_their_applications() {
    let of = |name: &str| Access::new(vec![name.to_owned()], Freshness::Counter);
    let server = bound()
        .await
        .with_routes_for(of(APPLICATION), Router::new().route("/ours", get(async || "{}")))
        .with_routes_for(of("other"), Router::new().route("/theirs", get(async || "{}")));
    let mut app = served(server).await;
    for (path, status) in [("/ours", StatusCode::OK), ("/theirs", StatusCode::UNAUTHORIZED)] {
        let call = app.sign(Method::GET, path, "", None);
        assert_eq!(app.call(&call).await.unwrap().status, status, "{path}");
    }
}

#[tokio::test]
#[should_panic(expected = "Overlapping method route")]
async fn a_route_of_the_gateway_is_not_replaced() {
    let _server = bound().await.with_open_routes(Router::new().route("/devices", post(async || "mine")));
}

#[tokio::test]
async fn what_is_served_is_described() {
    let routes = Router::new().route("/ballots", post(async || "{}"));
    let server = bound().await.with_routes(Freshness::Counter, routes);
    assert!(bound().await.describe("[]").is_err());
    let app = served(server.describe("{\"/ballots\": {\"post\": {\"responses\": {}}}}").unwrap()).await;
    let (status, description) = plain(&app, Method::GET, "/openapi.json", "").await;
    let description: serde_json::Value = serde_json::from_str(&description).unwrap();
    let paths: Vec<_> = description["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let own = ["/challenges", "/devices", "/devices/unsupported", "/openapi.json", "/tokens"];
    let expected: Vec<_> = ["/.well-known/jwks.json", "/ballots"].into_iter().chain(own).collect();
    assert_eq!((status, &*paths), (200, &expected[..]));
}

/// A configuration that is written in Rust is held to the same rules as a file.
#[tokio::test]
async fn a_configuration_with_a_mistake_is_not_bound() {
    let mistaken: [(Config, &str); 3] = [
        (Config::default(), "applications: there is none"),
        (Config { operator_listen: "0.0.0.0:0".parse().unwrap(), ..config() }, "operator_listen"),
        (Config { demo: false, ..config() }, "its name is the demonstration's"),
    ];
    for (config, mistake) in mistaken {
        let error = Server::bind(config).await.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(mistake), "{mistake}: {error}");
    }
}
