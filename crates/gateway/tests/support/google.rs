//! A stand-in for Google's two servers, on loopback: access tokens for service accounts, and `decodeIntegrityToken`.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "shared by several test crates")]

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, Once,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::{Body, Bytes};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures_util::{StreamExt as _, stream};
use genuine::play_integrity::MAX_ANSWER;
use genuine_gateway::{
    gate::Clock,
    play::{GoogleDecoder, Quota, ServerUrl, ServiceAccount, Settings},
};
use genuine_testvectors::{
    json::Json,
    play::{PlayApp, answer, unevaluated},
};
use http_body_util::BodyExt as _;
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{AUTHORIZATION, CONTENT_TYPE, LOCATION},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use tracing_subscriber::filter::LevelFilter;

pub const EMAIL: &str = "gateway@stand-in.iam.example";
pub const KEY_ID: &str = "0123456789abcdef";
/// How access tokens of the stand-in begin.
pub const ACCESS_TOKEN: &str = "ya29.stand-in-";

/// The key of the service account: PKCS #8, in base64 without the lines that PEM has around it. It is public and opens nothing.
const PRIVATE_KEY: &str = "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDQs1Bh/uu1bgosmTrlJleiDgo0ujJs0TUZCFtL6mX0c7nEY+BDQmPgmY+jSN\
    0A2RY3b1oyGeeHsW/LYWhy6HkNTSa1bafTYBcr+aAmwBFGQoDnLW80Da0X6s2RODCVaLUwjO+Bx/yj05FUrqQURSzNyqkWANJzQoR64K7wX+hd\
    Fm1oSlOHoiuaZvRDnPpBbdPWyUQrHDfMGbDMYzWcNED6advdcuf/7l5ImSrpWdDKvxg1eYWQMvFDkOJ/36OT0PxB7oCck9pIsIS3uHHuqRb1ut\
    yaWLCAx0nxbXef2DjZmZHBawWUP00oVCXtTCAFxJlGxLsVGBNCGpcXIVDOGC6nAgMBAAECggEAXHLCLdbFxSXMnfr2quF0OlYr0TWV9rwp4D/i\
    aVuY9FN7O/LeOg0jvy9nAHbbZ2/CtqW996mf9Wz1T8uDgDtYvDqr5fyANlM/kHxQpDm6rTvya/WlaBKS1aBulWClrNmoQax8wCm90Th8DV4bUt\
    tdwH+ArT2J/ALAOspi1Bo4DVt/yPzMtfbN6PVEdxqo8P83aqQEkELUWNoIgVHp81/JbIcdQaRuxRIxGUnAP0P3I+xR+th1KFVALKNVpItWE9V5\
    SVPbT6f101F9E8kYUe3tD5L/IOzIFJvsJU7LG8dB4qDv5WPtuW3reZ6rMqnvMnX8cWq3N8sn0psZP3/XrowzWQKBgQD14OmQ5gUYnvUe+KARJ6\
    8FLhZ9/mm8TEw6thWiG434vFAwdhm1NyJfLhaVWA7oSlT7hNGlqYhAQJMUhcMKK3lX3KQpldUVweA/jlY6spbp4GnGa/DrCvEc2U/oSO/kjMRq\
    Rxq+pM7MwP0y2uBy9dZDmSE5EUZQ7GzylXCEZoJduwKBgQDZSp2d96yc5DmR0CZdQ+UOifsZT0vTKdJ5xR6OLIAKJG9HNIFzG7/nwfWfCcFwNs\
    4laOYGZOdoqN/I/KtOjrtUlZGMvfdtzm6PvAKwDVLiQ/2iWv2iyuxLVGNcXY/glthS+ZHrIFSaDQpZBktimSPTlJW8tD/0SGhcD2XMZHJuBQKB\
    gQDklypudPst7bKUDa+64zr7ROLSVjH1RrXkK56nLJjsNB8VPucdq9l/xbhnNgv9+AVUJSJHsvqiSaa0ALvYe5x/i/jvVIZbiPiz/d+7CIf3fZ\
    S5TWcZDf4lxP9eRFkLEbgV2m9J6Kz+fTmpCwZ6uoVuKTJS/PVzjKqpSTfnT+pJuwKBgE+qh7dPAz5SfrjzM92l8ukttZ5F8GrvPnfeyaEet6MA\
    ULwuh/eICQgTmNZCYWWe8l3M4+kcPaulnsa1vKkEs7IDVGXhkEH2GZshN2sMt4K1otxPuAZjl9bWjcdjlkilhZKGZfVq2RnSBiU1pZX0x6nfJD\
    cXbwtFMN3v10bk3P9xAoGBAOIpTO+mRWOUJPNkEajBta4HMkidoDEvzle9xkEXsR+/GMk8kp7XGE8gr8zSPK5J+JSA/Ne5AFk/ivkp6iNpQ5SE\
    l70tvFgrCZXFzapnSBCmvXbMC22w3STTnYGRmFAVpuDuyolKd/ZJh/Q+jwpXdwoRmAedDa01aXMUDxLNRjgk";
/// Its public half: an `RSAPublicKey` of RFC 8017.
const PUBLIC_KEY: &str = "MIIBCgKCAQEA0LNQYf7rtW4KLJk65SZXog4KNLoybNE1GQhbS+pl9HO5xGPgQ0Jj4JmPo0jdANkWN29aMhnnh7Fvy2Focuh5DU0mtW2n02AXK/\
    mgJsARRkKA5y1vNA2tF+rNkTgwlWi1MIzvgcf8o9ORVK6kFEUszcqpFgDSc0KEeuCu8F/oXRZtaEpTh6Irmmb0Q5z6QW3T1slEKxw3zBmwzGM1\
    nDRA+mnb3XLn/+5eSJkq6VnQyr8YNXmFkDLxQ5Dif9+jk9D8Qe6AnJPaSLCEt7hx7qkW9brcmliwgMdJ8W13n9g42ZmRwWsFlD9NKFQl7UwgBc\
    SZRsS7FRgTQhqXFyFQzhgupwIDAQAB";

/// Which of the two servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum At {
    /// The one that gives access tokens.
    Grant,
    /// The one that decodes tokens of Play Integrity.
    Decode,
}

/// What goes wrong with one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The honest answer comes late.
    Slow(Duration),
    /// Another status.
    Status(u16),
    /// Another status, and what is said of it.
    Problem(u16, Value),
    /// Another place to go to.
    Redirect(String),
    /// This body, and 200.
    Body(Vec<u8>),
    /// The honest answer with spaces around it, so many octets long.
    Padded(usize),
    /// The connection ends without an answer.
    Close,
    /// No answer ever.
    HangBeforeHead,
    /// A body that does not end.
    HangInBody,
}

/// The stand-in. It goes away with the test's runtime.
pub struct Google {
    pub address: SocketAddr,
    roots: RootCertStore,
    state: Arc<State>,
}

struct State {
    base: String,
    clock: Clock,
    /// How long access tokens live, in seconds.
    lifetime: AtomicU64,
    /// Until when each access token is good.
    access: Mutex<HashMap<String, u64>>,
    minted: Mutex<HashMap<String, Minted>>,
    faults: Mutex<HashMap<At, VecDeque<Fault>>>,
    asked: Mutex<HashMap<At, u64>>,
    /// Requests at this moment: each has one clone.
    present: Arc<()>,
    most_at_a_time: AtomicUsize,
}

/// A token that the stand-in can open.
struct Minted {
    package: String,
    payload: Json,
    decoded: u64,
}

impl Google {
    /// Over plain HTTP.
    pub async fn start(clock: Clock) -> Self {
        Self::run(clock, "http", "127.0.0.1", None).await
    }

    /// Over TLS, with a certificate for this name.
    pub async fn start_tls(clock: Clock, name: &str) -> Self {
        Self::run(clock, "https", "localhost", Some(name)).await
    }

    async fn run(clock: Clock, scheme: &str, host: &str, certificate: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut roots = RootCertStore::empty();
        let tls = certificate.map(|name| {
            let issued = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
            roots.add(issued.cert.der().clone()).unwrap();
            let key = PrivateKeyDer::try_from(issued.signing_key.serialize_der()).unwrap();
            acceptor(issued.cert.der().clone(), key)
        });
        let state = Arc::new(State {
            base: format!("{scheme}://{host}:{}", address.port()),
            clock,
            lifetime: AtomicU64::new(3599),
            access: Mutex::default(),
            minted: Mutex::default(),
            faults: Mutex::default(),
            asked: Mutex::default(),
            present: Arc::default(),
            most_at_a_time: AtomicUsize::new(0),
        });
        tokio::spawn(accept(listener, tls, Arc::clone(&state)));
        Self { address, roots, state }
    }

    /// Where the API is.
    pub fn endpoint(&self) -> String {
        self.state.base.clone()
    }

    /// The file of the service account.
    pub fn service_account(&self) -> Value {
        service_account(&self.state.base)
    }

    /// What a decoder needs that asks this stand-in.
    pub fn settings(&self) -> Settings {
        let clock = Arc::clone(&self.state.clock);
        Settings {
            account: ServiceAccount::parse(self.service_account().to_string().as_bytes()).unwrap(),
            endpoint: ServerUrl::parse(&self.endpoint()).unwrap(),
            roots: self.roots.clone(),
            timeout: Duration::from_secs(20),
            quota: Quota::new(10_000, Arc::clone(&clock)).unwrap(),
            clock,
        }
    }

    pub fn decoder(&self) -> GoogleDecoder {
        GoogleDecoder::new(self.settings()).unwrap()
    }

    /// A token of a standard request, which this stand-in alone opens.
    pub fn mint(&self, app: &PlayApp, payload: &Json) -> String {
        let token = app.standard_token(payload);
        let minted = Minted { package: app.package_name().to_owned(), payload: payload.clone(), decoded: 0 };
        self.state.minted.lock().unwrap().insert(token.clone(), minted);
        token
    }

    /// The next requests go wrong like this, one each.
    pub fn fail(&self, at: At, faults: &[Fault]) {
        self.state.faults.lock().unwrap().entry(at).or_default().extend(faults.iter().cloned());
    }

    /// No access token that was given is good any more.
    pub fn revoke(&self) {
        self.state.access.lock().unwrap().clear();
    }

    /// How long access tokens live from now on, in seconds.
    pub fn set_lifetime(&self, seconds: u64) {
        self.state.lifetime.store(seconds, Ordering::SeqCst);
    }

    /// How many requests there were at a time.
    pub fn most_at_a_time(&self) -> usize {
        self.state.most_at_a_time.load(Ordering::SeqCst)
    }

    /// How often a server was asked.
    pub fn asked(&self, at: At) -> u64 {
        self.state.asked.lock().unwrap().get(&at).copied().unwrap_or(0)
    }
}

/// The file of the service account whose access tokens come from this server.
pub fn service_account(base: &str) -> Value {
    json!({
        "type": "service_account",
        "private_key_id": KEY_ID,
        "private_key": private_key_pem(),
        "client_email": EMAIL,
        "token_uri": format!("{base}/token"),
    })
}

pub fn private_key_pem() -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{PRIVATE_KEY}\n-----END PRIVATE KEY-----\n")
}

fn acceptor(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> TlsAcceptor {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, state) = (tls.clone(), Arc::clone(&state));
        tokio::spawn(async move {
            match tls {
                None => serve(stream, state).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, state).await;
                    }
                }
            }
        });
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, state: Arc<State>) {
    let service = service_fn(|request| answer_to(Arc::clone(&state), request));
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Ends the connection.
#[derive(Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed")
    }
}

impl std::error::Error for Closed {}

async fn answer_to(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Body>, Closed> {
    let at = if request.uri().path() == "/token" { At::Grant } else { At::Decode };
    *state.asked.lock().unwrap().entry(at).or_default() += 1;
    let _present = Arc::clone(&state.present);
    state.most_at_a_time.fetch_max(Arc::strong_count(&state.present) - 1, Ordering::SeqCst);
    let fault = state.faults.lock().unwrap().get_mut(&at).and_then(VecDeque::pop_front);
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let honest = || match at {
        At::Grant => state.grant(&parts, &body),
        At::Decode => state.decode(&parts, &body),
    };
    Ok(match fault {
        None => honest(),
        Some(Fault::Slow(pause)) => {
            tokio::time::sleep(pause).await;
            honest()
        }
        Some(Fault::Status(status)) => json_answer(status, &json!({ "error": { "code": status } })),
        Some(Fault::Problem(status, problem)) => json_answer(status, &problem),
        Some(Fault::Redirect(place)) => {
            let mut answer = Response::new(Body::empty());
            *answer.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            answer.headers_mut().insert(LOCATION, place.parse().unwrap());
            answer
        }
        Some(Fault::Body(body)) => Response::new(body.into()),
        Some(Fault::Padded(length)) => {
            let mut body = honest().into_body().collect().await.unwrap().to_bytes().to_vec();
            body.resize(length, b' ');
            Response::new(body.into())
        }
        Some(Fault::Close) => return Err(Closed),
        Some(Fault::HangBeforeHead) => std::future::pending().await,
        Some(Fault::HangInBody) => {
            let begin = stream::once(async { Ok::<_, Infallible>(Bytes::from_static(b"{")) });
            Response::new(Body::from_stream(begin.chain(stream::pending())))
        }
    })
}

impl State {
    /// The token endpoint (RFC 7523 §2.1). `jsonwebtoken` verifies the assertion.
    fn grant(&self, parts: &hyper::http::request::Parts, body: &[u8]) -> Response<Body> {
        let form = std::str::from_utf8(body).unwrap_or("");
        let form = reqwest::Url::parse(&format!("http://form/?{form}")).unwrap();
        let form: HashMap<_, _> = form.query_pairs().into_owned().collect();
        let is_form = parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/x-www-form-urlencoded");
        let grant_type = form.get("grant_type").map(String::as_str);
        if parts.method != "POST" || !is_form || grant_type != Some("urn:ietf:params:oauth:grant-type:jwt-bearer") {
            return json_answer(400, &json!({ "error": "unsupported_grant_type" }));
        }
        if let Err(reason) = self.verify(form.get("assertion").map_or("", String::as_str)) {
            return json_answer(400, &json!({ "error": "invalid_grant", "error_description": reason }));
        }
        let lifetime = self.lifetime.load(Ordering::SeqCst);
        let mut access = self.access.lock().unwrap();
        let token = format!("{ACCESS_TOKEN}{}", self.asked.lock().unwrap()[&At::Grant]);
        access.insert(token.clone(), (self.clock)() + lifetime);
        json_answer(200, &json!({ "access_token": token, "expires_in": lifetime, "token_type": "Bearer" }))
    }

    fn verify(&self, assertion: &str) -> Result<(), String> {
        let key = DecodingKey::from_rsa_der(&BASE64_STANDARD.decode(PUBLIC_KEY).unwrap());
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&[format!("{}/token", self.base)]);
        validation.set_issuer(&[EMAIL]);
        validation.set_required_spec_claims(&["iss", "aud", "exp"]);
        // The time is the test's.
        validation.validate_exp = false;
        let header = decode_header(assertion).map_err(|error| error.to_string())?;
        let claims = decode::<Value>(assertion, &key, &validation).map_err(|error| error.to_string())?.claims;
        let (now, time) = ((self.clock)(), |name: &str| claims[name].as_u64().unwrap_or(0));
        let is_now = time("iat") == now && time("exp") == now + 3600;
        let is_meant = claims["scope"] == "https://www.googleapis.com/auth/playintegrity";
        let is_named = header.kid.as_deref() == Some(KEY_ID) && header.typ.as_deref() == Some("JWT");
        if is_now && is_meant && is_named { Ok(()) } else { Err(format!("{claims}")) }
    }

    /// `decodeIntegrityToken`.
    fn decode(&self, parts: &hyper::http::request::Parts, body: &[u8]) -> Response<Body> {
        let bearer = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let until = bearer.and_then(|token| self.access.lock().unwrap().get(token).copied());
        if until.is_none_or(|until| until <= (self.clock)()) {
            return refusal(401, "UNAUTHENTICATED");
        }
        let path = parts.uri.path().strip_prefix("/v1/").and_then(|path| path.strip_suffix(":decodeIntegrityToken"));
        let is_json = parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
        let (Some(package), true, true) = (path, parts.method == "POST", is_json) else {
            return refusal(404, "NOT_FOUND");
        };
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let mut minted = self.minted.lock().unwrap();
        let minted = request["integrityToken"].as_str().and_then(|token| minted.get_mut(token));
        let Some(minted) = minted.filter(|minted| minted.package == package) else {
            return refusal(400, "INVALID_ARGUMENT");
        };
        minted.decoded += 1;
        // Google clears the verdicts of a token that comes again.
        let payload = if minted.decoded == 1 { minted.payload.clone() } else { unevaluated(minted.payload.clone()) };
        Response::new(answer(&payload).into())
    }
}

fn refusal(status: u16, word: &str) -> Response<Body> {
    json_answer(status, &json!({ "error": { "code": status, "message": word, "status": word } }))
}

fn json_answer(status: u16, body: &Value) -> Response<Body> {
    let mut answer = Response::new(Body::from(body.to_string()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    answer
}

/// JSON that is one octet too long for the engine.
pub fn huge() -> Vec<u8> {
    let mut body = vec![b' '; MAX_ANSWER - 1];
    body.extend(b"{}");
    body
}

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// From now on this thread's log is kept, in full detail: what the gateway logs, and libraries with `tracing`. One subscriber
/// serves all threads, since one for each of them misses what another thread without one came by first.
pub fn keep_log() {
    static SUBSCRIBED: Once = Once::new();
    SUBSCRIBED.call_once(|| {
        let subscriber = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false);
        tracing::subscriber::set_global_default(subscriber.with_writer(|| Line).finish()).unwrap();
    });
    LOGGED.take();
}

/// What was logged since.
pub fn logged() -> String {
    LOGGED.with_borrow(|logged| String::from_utf8_lossy(logged).into_owned())
}

struct Line;

impl io::Write for Line {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend(octets));
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
