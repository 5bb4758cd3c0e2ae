//! A gateway, a real proxy with its configuration from `proxies/`, and a service behind it, on free ports of loopback.
#![allow(dead_code, missing_docs, unreachable_pub)]

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use axum::{
    Extension, Json, Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderName, Method, Request},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::any,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine::app_attest::KeyId;
use genuine_gateway::{
    challenge::Purpose,
    config::Application,
    gate::{Caller, Client, Evidence, Registration, SignedRequest, sha256},
    http::{Intake, require_claims},
    metrics::Metrics,
    store::RedbStore,
};
use genuine_testvectors::Device;
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::support::{Answer, Hands, Scratch, attest, gate_of, idempotency_key_of_now, now};

pub const HOST: &str = "shop.example.com";
pub const API_KEY: &str = "only-the-service-knows-this";
const APP_ID: &str = "ABCDE12345.com.example.shop";
/// The devices that are registered.
const DEVICES: [&str; 2] = ["alice", "bob"];

/// A proxy that Debian has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    Nginx,
    Haproxy,
    Caddy,
}

impl Proxy {
    fn program(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::Caddy => "caddy",
        }
    }

    /// Whether it is installed; in CI it has to be.
    fn installed(self) -> bool {
        let found = Command::new(self.program()).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
        assert!(found || env::var_os("CI").is_none(), "{} is not installed", self.program());
        if !found {
            eprintln!("NOTICE: {} is not installed; the tests with it are left out", self.program());
        }
        found
    }
}

/// A program that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A request as it came to the service.
#[derive(Clone, Debug)]
pub struct Arrived {
    pub method: Method,
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

type Arrivals = Arc<Mutex<Vec<Arrived>>>;

pub struct Stage {
    pub proxy: Proxy,
    gateway: Option<Process>,
    operator: String,
    arrivals: Arrivals,
    client: ClientConfig,
    port: u16,
    _proxy: Process,
    _scratch: Scratch,
}

impl Stage {
    /// Everything, with these settings of the gateway. `None` where the proxy is not installed.
    pub async fn start(proxy: Proxy, name: &str, settings: &[(&str, &str)]) -> Option<Self> {
        Self::start_changed(proxy, name, settings, &[]).await
    }

    /// The same, with these texts in the place of those in the script of `HAProxy`.
    pub async fn start_changed(
        proxy: Proxy,
        name: &str,
        settings: &[(&str, &str)],
        script: &[(&str, &str)],
    ) -> Option<Self> {
        let config = concat!(env!("CARGO_MANIFEST_DIR"), "/proxies/gateway.toml");
        Self::start_configured(proxy, name, Path::new(config), settings, script).await
    }

    /// The same, with this configuration of the gateway.
    pub async fn start_configured(
        proxy: Proxy,
        name: &str,
        config: &Path,
        settings: &[(&str, &str)],
        script: &[(&str, &str)],
    ) -> Option<Self> {
        if !proxy.installed() {
            return None;
        }
        let scratch = Scratch::new(&format!("{}-{name}", proxy.program()));
        let store = scratch.path().join("genuine.redb");
        enrol(&store).await;
        let (gateway, app, operator) = run_gateway(config, &store, settings);
        let arrivals = Arrivals::default();
        let service = serve(Arc::clone(&arrivals)).await;
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed([HOST.to_owned()]).unwrap();
        let (chain, key) = (cert.pem(), signing_key.serialize_pem());
        for (file, text) in [("chain.pem", &chain), ("key.pem", &key), ("chain-and-key.pem", &format!("{chain}{key}"))]
        {
            fs::write(scratch.path().join(file), text).unwrap();
        }
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        fs::write(scratch.path().join("genuine.lua"), adapted("genuine.lua", script)).unwrap();
        let (process, port) = run_proxy(proxy, scratch.path(), &app, service);
        Some(Self {
            proxy,
            gateway: Some(gateway),
            operator,
            arrivals,
            client: ClientConfig::builder().with_root_certificates(roots).with_no_client_auth(),
            port,
            _proxy: process,
            _scratch: scratch,
        })
    }

    async fn connect(&self) -> TlsStream<tokio::net::TcpStream> {
        let tcp = tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let name = ServerName::try_from(HOST).unwrap();
        TlsConnector::from(Arc::new(self.client.clone())).connect(name, tcp).await.unwrap()
    }

    /// Sends octets to the proxy: what it answers until it ends the connection.
    pub async fn send_octets(&self, octets: &[u8]) -> Vec<u8> {
        let mut connection = self.connect().await;
        connection.write_all(octets).await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(2), connection.read_to_end(&mut answer)).await;
        answer
    }

    /// Sends a request through the proxy, over TLS.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        request.headers_mut().insert("host", HOST.parse().unwrap());
        let tls = self.connect().await;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.unwrap();
        tokio::spawn(connection);
        let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body };
        let text = format!("{:?}{}", answer.headers, String::from_utf8_lossy(&answer.body));
        assert!(!text.contains(API_KEY), "no answer holds the key of the service: {text}");
        answer
    }

    /// What has come to the service since this was asked last.
    pub fn arrived(&self) -> Vec<Arrived> {
        std::mem::take(&mut *self.arrivals.lock().unwrap())
    }

    /// Sends a request that is refused before it comes to the service: status and code, which stand in problem+json.
    pub async fn refused(&self, request: Request<Body>) -> (u16, String) {
        let answer = self.send(request).await;
        assert!(self.arrived().is_empty(), "{:?}: it came to the service", self.proxy);
        (answer.status, answer.code())
    }

    /// Sends a request that passes: what came to the service.
    pub async fn passed(&self, request: Request<Body>) -> Arrived {
        let answer = self.send(request).await;
        assert_eq!(answer.status, 200, "{:?}: {}", self.proxy, answer.json());
        let mut arrived = self.arrived();
        assert_eq!(arrived.len(), 1);
        arrived.remove(0)
    }

    /// A challenge, which the gateway issues through the proxy.
    pub async fn challenge(&self, session: &str) -> String {
        let body = json!({ "application": "shop", "purpose": "assertion" });
        let answer = self.send(crate::support::json_request("/challenges", session, &body)).await;
        assert_eq!(answer.status, 201, "{}", answer.json());
        answer.json()["challenge"].as_str().unwrap().to_owned()
    }

    pub async fn revoke(&self, device: &Device) {
        let key_id = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(device.key_id());
        let revocation = format!("{}/devices/{key_id}/revocation", self.operator);
        assert_eq!(
            reqwest::Client::new()
                .put(revocation)
                .header("idempotency-key", idempotency_key_of_now())
                .send()
                .await
                .unwrap()
                .status(),
            204
        );
    }

    pub fn kill_gateway(&mut self) {
        self.gateway = None;
    }
}

/// A device that is registered, or one of another name that is not.
pub fn device(name: &str) -> Device {
    Device::new(name).with_app_id(APP_ID)
}

/// A request with its assertion and the digest of its body, as an app sends it.
pub fn signed(device: &mut Device, method: &str, target: &str, body: &str, challenge: Option<&str>) -> Request<Body> {
    let request = SignedRequest { method, authority: HOST, target, body: body.as_bytes() };
    let assertion = device.assert_hash(&sha256(request.client_data(challenge).as_bytes())).object;
    Request::builder()
        .method(method)
        .uri(target)
        .header("authorization", crate::support::authorization(device, &assertion, challenge))
        .header("content-digest", digest(body))
        .header("x-session", "alice")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

/// As RFC 9530 writes it.
pub fn digest(body: &str) -> String {
    format!("sha-256=:{}:", BASE64_STANDARD.encode(sha256(body.as_bytes())))
}

/// Registers the devices, as the gateway would: it trusts Apple's root alone, and these are simulated.
async fn enrol(path: &Path) {
    let store = Arc::new(RedbStore::open(path, Metrics::new().unwrap().commit).unwrap());
    let gate = gate_of(&[Application::new("shop", &[APP_ID])], store, &Hands::at(now()));
    for device in DEVICES.map(device) {
        let session = sha256(b"");
        let challenge = gate.challenge("shop", Purpose::Attestation, session).await.unwrap();
        let registration = Registration {
            application: "shop",
            challenge: &challenge,
            evidence: Evidence::AppAttest {
                key_id: &BASE64_STANDARD.encode(device.key_id()),
                attestation: &attest(&device, &challenge),
            },
            client: Client { session, ..Client::default() },
        };
        let registered = gate.register(registration).await.unwrap();
        assert_eq!(registered.device.unwrap().key_id, KeyId(device.key_id()));
    }
}

/// The gateway with this configuration: where apps and where the operator reach it.
fn run_gateway(config: &Path, store: &Path, settings: &[(&str, &str)]) -> (Process, String, String) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"))
        .arg("--config")
        .arg(config)
        .env("GENUINE_GATEWAY_LISTEN", "127.0.0.1:0")
        .env("GENUINE_GATEWAY_OPERATOR_LISTEN", "127.0.0.1:0")
        .env("GENUINE_GATEWAY_STORE", format!("redb:{}", store.display()))
        .envs(settings.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut address = |name: &str| lines.next().unwrap().strip_prefix(name).unwrap().trim().to_owned();
    let (app, operator) = (address("apps:"), address("operator:"));
    (Process(process), app, operator)
}

/// A body over which the service fails, without an answer.
pub const FATAL: &str = "fatal";

/// A service in Rust: it notes what comes, and then has it compared.
async fn serve(arrivals: Arrivals) -> SocketAddr {
    let intake = Intake::new(100_000, 1_000_000, Duration::from_secs(5), HeaderName::from_static("x-session"));
    let watched = Router::new().route("/news", any(async || "seen")).route("/profile", any(async || "seen"));
    let closed = Router::new().fallback(answer).layer(require_claims(intake));
    let routes = closed.merge(watched).layer(from_fn_with_state(arrivals, note));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, routes).await });
    address
}

async fn note(State(arrivals): State<Arrivals>, request: Request<Body>, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let (method, target, headers) = (parts.method.clone(), parts.uri.to_string(), parts.headers.clone());
    arrivals.lock().unwrap().push(Arrived { method, target, headers, body: body.clone() });
    let mut response = next.run(Request::from_parts(parts, Body::from(body))).await;
    // A service that tells its key to everybody.
    response.headers_mut().insert("x-api-key", API_KEY.parse().unwrap());
    response
}

async fn answer(Extension(caller): Extension<Caller>, body: Bytes) -> Json<Value> {
    assert_ne!(body, FATAL, "the service ends here, and the connection with it");
    let device = BASE64_STANDARD.encode(caller.key_id.0);
    Json(json!({ "device": device, "application": caller.application, "counter": caller.counter, "bytes": body.len() }))
}

/// The proxy with its configuration from `proxies/`, in which nothing is changed but addresses and paths.
fn run_proxy(proxy: Proxy, scratch: &Path, gateway: &str, service: SocketAddr) -> (Process, u16) {
    let gateway = gateway.strip_prefix("http://").unwrap();
    let service = service.to_string();
    let directory = scratch.to_str().unwrap();
    let path = |file: &str| scratch.join(file).to_str().unwrap().to_owned();
    // A port that is free may be somebody else's a moment later: then the proxy ends at once, and another is tried.
    for _ in 0..5 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listen = format!("127.0.0.1:{port}");
        let mut command = Command::new(proxy.program());
        match proxy {
            Proxy::Nginx => {
                fs::write(path("key.conf"), format!("set $upstream_api_key \"{API_KEY}\";")).unwrap();
                let server = adapted(
                    "nginx.conf",
                    &[
                        ("127.0.0.1:8080", gateway),
                        ("127.0.0.1:9000", &service),
                        ("listen 443 ssl", &format!("listen {listen} ssl")),
                        ("/etc/ssl/shop", directory),
                        ("/etc/nginx/upstream-api-key.conf", &path("key.conf")),
                    ],
                );
                let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                    .map(|place| format!("{place}_temp_path {directory}/{place};"));
                let text = format!(
                    "daemon off; master_process off; pid {directory}/pid; error_log stderr;\nevents {{}}\nhttp {{\n\
                     access_log off; {}\n{server}}}\n",
                    places.concat()
                );
                fs::write(path("nginx.conf"), text).unwrap();
                command.args(["-p", directory, "-e", "stderr", "-c", &path("nginx.conf")]);
            }
            Proxy::Haproxy => {
                let text = adapted(
                    "haproxy.cfg",
                    &[
                        ("127.0.0.1:8080", gateway),
                        ("127.0.0.1:9000", &service),
                        ("bind :443", &format!("bind {listen}")),
                        ("/etc/ssl/shop", directory),
                        ("/etc/haproxy/genuine.lua", &path("genuine.lua")),
                    ],
                );
                fs::write(path("haproxy.cfg"), text).unwrap();
                command.args(["-db", "-f", &path("haproxy.cfg")]).env("UPSTREAM_API_KEY", API_KEY);
            }
            Proxy::Caddy => {
                let text = adapted(
                    "Caddyfile",
                    &[
                        ("127.0.0.1:8080", gateway),
                        ("127.0.0.1:9000", &service),
                        ("shop.example.com:443", &format!("shop.example.com:{port}")),
                        ("/etc/ssl/shop", directory),
                    ],
                );
                let global = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n";
                fs::write(path("Caddyfile"), format!("{global}{text}")).unwrap();
                command.args(["run", "--adapter", "caddyfile", "--config", &path("Caddyfile")]);
                command.env("UPSTREAM_API_KEY", API_KEY).env("HOME", directory).env("XDG_CONFIG_HOME", directory);
                command.env("XDG_DATA_HOME", directory);
            }
        }
        let mut process = Process(command.spawn().unwrap());
        for _ in 0..400 {
            if process.0.try_wait().unwrap().is_some() {
                break;
            }
            if TcpStream::connect(&listen).is_ok() {
                return (process, port);
            }
            thread::sleep(Duration::from_millis(25));
        }
    }
    panic!("{} does not start", proxy.program());
}

/// A configuration with these texts in the place of those, each of which it holds.
fn adapted(file: &str, changes: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("proxies").join(file);
    changes.iter().fold(fs::read_to_string(path).unwrap(), |text, (from, to)| {
        assert!(text.contains(from), "{file}: {from}");
        text.replace(from, to)
    })
}
