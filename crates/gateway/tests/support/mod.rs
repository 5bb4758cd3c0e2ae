//! What the tests of the server share. Each test is a crate of its own and uses a part of it.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "shared by several test crates")]

pub mod android;
mod postgres;
mod redis_server;
mod redis_servers;

use std::{
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, HeaderName, Request},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine_gateway::{
    account::PROXY,
    application::Application,
    audit::Audit,
    challenge::Challenges,
    config::{self, Config, Secret, TokenSettings},
    demo,
    engine::Engine,
    gate::{Access, Freshness, Gate, SignedRequest, sha256},
    http::{self, AppRoutes, Intake, OperatorAccess, Origin},
    metrics::{Metered, Metrics},
    pseudonym::Pseudonyms,
    shop,
    store::{MemoryStore, PostgresStore, Store},
    token::Tokens,
};
use genuine_testvectors::Device;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

#[allow(unused_imports, reason = "not every test crate has a store")]
pub use self::{
    postgres::Postgres,
    redis_server::{Redis, redis_store},
    redis_servers::{RedisCluster, Sentinel, Watched, until, watched_settings, watched_store},
};

pub const APP_ID: &str = "ABCDE12345.com.example.demo";
pub const APPLICATION: &str = "demo";
pub const AUTHORITY: &str = "localhost:8080";

/// A directory that goes away with the test.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("genuine-gateway-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn postgres_store(url: &str) -> PostgresStore {
    PostgresStore::new(url, None, Duration::from_secs(5)).unwrap()
}

/// A clock that the test moves.
#[derive(Clone)]
pub struct Hands(Arc<AtomicU64>);

impl Hands {
    pub fn at(unix: u64) -> Self {
        Self(Arc::new(AtomicU64::new(unix)))
    }

    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn clock(&self) -> genuine_gateway::gate::Clock {
        let hands = self.clone();
        Arc::new(move || hands.0.load(Ordering::SeqCst))
    }
}

/// When simulated attestations are valid.
pub fn now() -> u64 {
    device("anybody").issue_time()
}

pub fn device(seed: &str) -> Device {
    Device::new(seed).with_app_id(APP_ID)
}

pub fn token_settings() -> TokenSettings {
    TokenSettings::new(&format!("https://{AUTHORITY}"), "https://api.example", 300)
}

/// A gate over a store, with the demonstration's application.
pub fn gate_over(store: Arc<dyn Store>, hands: &Hands) -> Gate {
    gate_of(&[config::Application::new(APPLICATION, &[APP_ID])], store, hands)
}

pub fn gate_of(applications: &[config::Application], store: Arc<dyn Store>, hands: &Hands) -> Gate {
    gate_on(Metered::detect, 1 << 20, applications, store, hands)
}

/// A gate on a backend, with so many bytes for prepared keys.
pub fn gate_on(
    backend: fn(Arc<Metrics>) -> Metered,
    prepared_bytes: u64,
    applications: &[config::Application],
    store: Arc<dyn Store>,
    hands: &Hands,
) -> Gate {
    let roots = demo::roots().unwrap();
    let metrics = Arc::new(Metrics::new().unwrap());
    let engine = Box::leak(Box::new(Engine::new(backend(Arc::clone(&metrics)), prepared_bytes)));
    Gate {
        applications: applications
            .iter()
            .map(|application| Application::new(application, roots, engine).unwrap())
            .collect(),
        decoder: None,
        revocations: None,
        decodes: None,
        account_issuer: Some(PROXY.to_owned()),
        epoch: 0,
        tokens: Some(Tokens::new(token_settings(), Arc::clone(&store))),
        challenges: Challenges::new(300, Arc::clone(&store)),
        store,
        metrics,
        pseudonyms: Pseudonyms::keyed(&[7; 32]),
        traces: None,
        clock: hands.clock(),
        authority: AUTHORITY.to_owned(),
        explains: false,
        devices: None,
    }
}

pub fn gate() -> (Arc<Gate>, Hands) {
    let hands = Hands::at(now());
    (Arc::new(gate_over(Arc::new(MemoryStore::default()), &hands)), hands)
}

/// The attestation object for a challenge, as a client makes it.
pub fn attest(device: &Device, challenge: &str) -> Vec<u8> {
    device.attest_hash(&sha256(challenge.as_bytes())).object
}

/// The assertion for a request, as a client makes it.
pub fn assert(device: &mut Device, method: &str, target: &str, body: &[u8], challenge: Option<&str>) -> Vec<u8> {
    let request = SignedRequest { method, authority: AUTHORITY, target, body };
    device.assert_hash(&sha256(request.client_data(challenge).as_bytes())).object
}

/// A server without sockets: requests go straight to its routes.
pub struct Site {
    pub gate: Arc<Gate>,
    pub hands: Hands,
    app: Router,
    operator: Router,
}

/// An answer, read.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// What a problem tells, but for the request's name, which is another one each time.
    pub fn told(&self) -> Value {
        let mut told = self.json();
        told.as_object_mut().unwrap().remove("request_id").unwrap();
        told
    }

    /// The code of a problem.
    pub fn code(&self) -> String {
        let body = self.json();
        let media_type = self.headers.get("content-type").unwrap();
        assert_eq!(media_type, "application/problem+json", "{body}");
        assert_eq!(body["status"], self.status);
        assert!(body["retryable"].is_boolean() && body["title"].is_string() && body["type"].is_string(), "{body}");
        body["code"].as_str().unwrap().to_owned()
    }
}

pub fn intake() -> Intake {
    Intake::new(1000, 20_000_000, Duration::from_millis(200), HeaderName::from_static("x-session"))
}

pub fn origin() -> Origin {
    Origin { tls: false, allow_plain_http: false, trusted_proxies: Vec::new(), addresses: None }
}

impl Site {
    pub fn new() -> Self {
        let (gate, hands) = gate();
        Self::of(gate, hands, origin())
    }

    pub fn of(gate: Arc<Gate>, hands: Hands, origin: Origin) -> Self {
        Self::with(gate, hands, origin, &intake())
    }

    pub fn with(gate: Arc<Gate>, hands: Hands, origin: Origin, intake: &Intake) -> Self {
        let access = |freshness| Access::new(vec![APPLICATION.to_owned()], freshness);
        let app = AppRoutes::new(Arc::clone(&gate), intake.clone())
            .protected(access(Freshness::Counter), shop::orders())
            .protected(access(Freshness::Challenge), shop::payments())
            .admitted(HeaderName::from_static("authorization"), vec![APPLICATION.to_owned()], shop::basket())
            .tokens(vec![APPLICATION.to_owned()])
            .and_then(|routes| routes.described(shop::PATHS)?.described(shop::TOKEN_PATHS))
            .unwrap()
            .router(Arc::new(origin));
        let operator = http::operator(&gate, OperatorAccess::new(&Config::default(), Audit::default()), &[]);
        Self { gate, hands, app, operator }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        self.send_from("127.0.0.1", request).await
    }

    pub async fn send_from(&self, peer: &str, request: Request<Body>) -> Answer {
        answer_of(self.app.clone(), peer, request).await
    }

    /// What the operator asks for, once.
    pub async fn operate(&self, method: &str, path: &str) -> Answer {
        let request = Request::builder().method(method).uri(path).header("host", "localhost");
        let request = request.header("idempotency-key", idempotency_key((self.gate.clock)()));
        answer(self.operator.clone(), request.body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, session: &str, body: &Value) -> Answer {
        self.send(json_request(path, session, body)).await
    }

    /// A challenge, which is issued.
    pub async fn challenge(&self, purpose: &str, session: &str) -> String {
        let body = json!({ "application": APPLICATION, "purpose": purpose });
        let answer = self.post("/challenges", session, &body).await;
        assert_eq!(answer.status, 201, "{}", answer.json());
        answer.json()["challenge"].as_str().unwrap().to_owned()
    }

    /// Registers a device, which succeeds.
    pub async fn register(&self, device: &Device, session: &str) {
        let challenge = self.challenge("attestation", session).await;
        let answer = self.post("/devices", session, &registration(device, &challenge)).await;
        assert_eq!(answer.status, 201, "{}", answer.json());
    }

    /// How often each of these reasons was counted.
    pub fn refusals(&self, reason: &str) -> u64 {
        self.gate.metrics.refusals(reason)
    }
}

/// What makes a change of the operator's count once: nobody has used it.
pub fn idempotency_key(now: u64) -> String {
    let mut random = [0; 16];
    getrandom::fill(&mut random).unwrap();
    format!("{now}-{}", random.map(|octet| format!("{octet:02x}")).concat())
}

/// The same, by the clock of a server that is a process.
pub fn idempotency_key_of_now() -> String {
    idempotency_key(genuine_gateway::server::system_clock()())
}

/// What these routes answer to somebody.
pub async fn answer_of(routes: Router, peer: &str, mut request: Request<Body>) -> Answer {
    request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 50_000)));
    answer(routes, request).await
}

async fn answer(routes: Router, request: Request<Body>) -> Answer {
    let (parts, body) = routes.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

pub fn json_request(path: &str, session: &str, body: &Value) -> Request<Body> {
    Request::post(path)
        .header("content-type", "application/json")
        .header("x-session", session)
        .body(Body::from(body.to_string()))
        .unwrap()
}

/// What a client sends to register.
pub fn registration(device: &Device, challenge: &str) -> Value {
    json!({
        "application": APPLICATION,
        "key_id": BASE64_STANDARD.encode(device.key_id()),
        "challenge": challenge,
        "attestation": BASE64_STANDARD.encode(attest(device, challenge)),
    })
}

/// What the operator reaches, who shows this token.
pub fn operator_of(gate: &Arc<Gate>, token: &str) -> Router {
    let config = Config { operator_token: Some(Secret(token.to_owned())), ..Config::default() };
    http::operator(gate, OperatorAccess::new(&config, Audit::default()), &[])
}

/// A key identifier, as apps write it.
pub fn key_id_text(key_id: &[u8; 32]) -> String {
    BASE64_STANDARD.encode(key_id)
}

/// The header of an assertion, as a client writes it.
pub fn authorization(device: &Device, assertion: &[u8], challenge: Option<&str>) -> String {
    let (key_id, assertion) = (BASE64_STANDARD.encode(device.key_id()), BASE64_STANDARD.encode(assertion));
    let challenge = challenge.map_or_else(String::new, |challenge| format!(", challenge=\"{challenge}\""));
    format!("Attest key_id=\"{key_id}\", assertion=\"{assertion}\"{challenge}")
}

/// A request with its assertion, as a client makes it.
pub fn signed(device: &mut Device, method: &str, target: &str, body: &str, challenge: Option<&str>) -> Request<Body> {
    let assertion = assert(device, method, target, body.as_bytes(), challenge);
    Request::builder()
        .method(method)
        .uri(target)
        .header("authorization", authorization(device, &assertion, challenge))
        .header("x-session", "alice")
        .body(Body::from(body.to_owned()))
        .unwrap()
}
