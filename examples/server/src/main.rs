//! A thin server around the `genuine` engine: challenges, registration, one protected route. README.md explains it.

use std::{collections::HashMap, env, fs, io::Write as _, sync::Mutex, time::SystemTime};

use axum::{
    Json, Router,
    body::{Bytes, to_bytes},
    extract::{FromRequest, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine::{
    Class, Error, UnixTime,
    app_attest::{
        APPLE_APP_ATTEST_ROOT, Advance, AdvanceError, AppIdHash, Assertion, AssertionVerifier, AttestationObject,
        AttestationVerifier, AttestedKey, ClientDataHash, Counter, CounterStore, KeyId, MAX_ATTESTATION, Policy,
    },
    crypto::RustCrypto,
    x509::TrustAnchor,
};
use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use serde_json::{Value, json};

/// The largest body: an attestation object of the size that the engine reads.
const BODY_BYTES: usize = MAX_ATTESTATION;

/// What requests are held against, for as long as the process lives.
struct Service {
    attestations: AttestationVerifier<'static, RustCrypto>,
    assertions: AssertionVerifier<'static, RustCrypto>,
    challenges: Challenges,
    devices: Devices,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (app_id, anchor) = match &*arguments {
        [app_id] if is_app_id(app_id) => (app_id, APPLE_APP_ATTEST_ROOT),
        [app_id, option, der] if is_app_id(app_id) && option == "--danger-trust-root" => {
            log("DANGER: whoever has the key of this root, which is not Apple's, can make devices");
            (app_id, TrustAnchor::from_trusted_certificate(fs::read(der)?.leak())?)
        }
        _ => return Err("usage: genuine-example-server APP_ID, such as ABCDE12345.com.example.app".into()),
    };
    // Keys of production and no others. For builds that Xcode runs: `.with_environments(Environments::Development)`.
    let policies = vec![Policy::new(AppIdHash::of(app_id, &RustCrypto)?)].leak();
    let service: &'static Service = Box::leak(Box::new(Service {
        attestations: AttestationVerifier::new(policies, vec![anchor].leak(), &RustCrypto)?,
        assertions: AssertionVerifier::new(policies, &RustCrypto)?,
        challenges: Challenges::default(),
        devices: Devices::open(&env::var("STORE").unwrap_or("devices.redb".into()))?,
    }));
    let routes = Router::new()
        .route("/challenges", post(challenge))
        .route("/devices", post(register))
        .route("/orders", post(order))
        .with_state(service);
    let listener = tokio::net::TcpListener::bind(env::var("LISTEN").unwrap_or("127.0.0.1:8080".into())).await?;
    println!("http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, routes).await?)
}

/// Ten capital letters or digits, a period, a bundle identifier. Under a wrong App ID every object would be refused.
fn is_app_id(text: &str) -> bool {
    let (prefix, bundle) = text.split_once('.').unwrap_or_default();
    prefix.len() == 10
        && prefix.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
        && !bundle.is_empty()
        && bundle.chars().all(|letter| letter.is_ascii_alphanumeric() || ".-".contains(letter))
}

async fn challenge(State(service): State<&'static Service>) -> Result<(StatusCode, Json<Value>), Problem> {
    let challenge = service.challenges.issue(now())?;
    Ok((StatusCode::CREATED, Json(json!({ "challenge": challenge }))))
}

/// The body is the attestation object, made for the SHA-256 of the challenge's text.
async fn register(State(service): State<&'static Service>, request: Request) -> Result<StatusCode, Problem> {
    let now = now();
    let [key_id, challenge] = credentials(&request)?;
    let key_id = KeyId::from_base64(&key_id)?;
    let body = to_bytes(request.into_body(), BODY_BYTES).await.map_err(|_| Problem::TOO_LARGE)?;
    service.challenges.spend(&challenge, now)?;
    let client_data_hash = sha256(&[challenge.as_bytes()])?;
    blocking(move || {
        let object = AttestationObject::parse(&body)?;
        let verified = service.attestations.verify(&object, &key_id, &ClientDataHash::from(&client_data_hash), now)?;
        if service.devices.register(&verified.key())? { Ok(StatusCode::CREATED) } else { Err(Problem::REGISTERED) }
    })
    .await
}

/// The protected route. A handler that takes [`Attested`] runs for what an attested key signed, once, and nothing else.
async fn order(Attested { key_id, counter, body }: Attested) -> Json<Value> {
    Json(json!({ "device": BASE64_STANDARD.encode(key_id.0), "counter": counter.0, "body_bytes": body.len() }))
}

/// Who sent a request, and its body.
struct Attested {
    key_id: KeyId,
    counter: Counter,
    body: Bytes,
}

impl FromRequest<&'static Service> for Attested {
    type Rejection = Problem;

    async fn from_request(request: Request, &service: &&'static Service) -> Result<Self, Problem> {
        let now = now();
        let [key_id, challenge, assertion] = credentials(&request)?;
        let key_id = KeyId::from_base64(&key_id)?;
        let assertion = BASE64_STANDARD.decode(assertion).map_err(|_| Problem::MALFORMED)?;
        // What the app has to have signed, built from what arrived. No line can hold a line feed; the body comes last.
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let head = format!("{}\n{target}\n{challenge}\n", request.method());
        let body = to_bytes(request.into_body(), BODY_BYTES).await.map_err(|_| Problem::TOO_LARGE)?;
        service.challenges.spend(&challenge, now)?;
        let client_data_hash = sha256(&[head.as_bytes(), &body])?;
        let (key_id, counter) = blocking(move || {
            let assertion = Assertion::parse(&assertion)?;
            let stored = service.devices.key(key_id)?.ok_or(Error::UnknownKey)?;
            let key = AttestedKey::from_trusted_bytes(&stored, &RustCrypto)?;
            let authentic = service.assertions.verify(&assertion, &key, &ClientDataHash::from(&client_data_hash))?;
            let verified = authentic.accept_in(&service.devices).map_err(Error::from)?;
            Ok((verified.key_id(), verified.counter()))
        })
        .await?;
        Ok(Self { key_id, counter, body })
    }
}

/// `Authorization: Attest KEY_ID.CHALLENGE.ASSERTION`, or its first two parts. There twice it is refused:
/// two readers of one request must not see two callers.
fn credentials<const PARTS: usize>(request: &Request) -> Result<[String; PARTS], Problem> {
    let mut values = request.headers().get_all(header::AUTHORIZATION).iter().map(HeaderValue::to_str);
    let (Some(Ok(value)), None) = (values.next(), values.next()) else { return Err(Problem::MISSING) };
    let parts = value.strip_prefix("Attest ").unwrap_or_default().split('.').map(str::to_owned);
    parts.collect::<Vec<_>>().try_into().map_err(|_| Problem::MISSING)
}

/// The time, read once for each request. Of a clock before 1970 it is 0, which the engine refuses as never set.
fn now() -> UnixTime {
    UnixTime(SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs()))
}

fn sha256(parts: &[&[u8]]) -> Result<[u8; 32], Error> {
    ClientDataHash::digest(parts, &RustCrypto)
}

/// Signatures take milliseconds and a commit waits for the disk: neither may hold up a thread that serves connections.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Problem> + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Problem::UNAVAILABLE))
}

/// How long a challenge is good for, in seconds, and how many may be out, some 10 MB.
const LIFETIME: u64 = 300;
const MOST: usize = 100_000;

/// The challenges that are out, with the time when each expires. They may be lost: a client asks for another.
#[derive(Default)]
struct Challenges(Mutex<HashMap<String, u64>>);

impl Challenges {
    /// A new one: 32 random bytes as text. The text is what gets hashed, so that nobody has to decode it.
    fn issue(&self, now: UnixTime) -> Result<String, Problem> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|_| Problem::UNAVAILABLE)?;
        let challenge = BASE64_STANDARD.encode(random);
        let mut out = self.0.lock().map_err(|_| Problem::UNAVAILABLE)?;
        out.retain(|_, expires| now.0 < *expires);
        if out.len() >= MOST {
            return Err(Problem::UNAVAILABLE);
        }
        out.insert(challenge.clone(), now.0.saturating_add(LIFETIME));
        Ok(challenge)
    }

    /// Takes it out: of any number of requests with one challenge, one goes on.
    fn spend(&self, challenge: &str, now: UnixTime) -> Result<(), Problem> {
        let expires = self.0.lock().map_err(|_| Problem::UNAVAILABLE)?.remove(challenge);
        if expires.is_some_and(|expires| now.0 < expires) { Ok(()) } else { Err(Problem::CHALLENGE) }
    }
}

/// By key identifier: the attested key in its stored form, and the counter that was accepted last.
const DEVICES: TableDefinition<'_, [u8; 32], (&[u8; AttestedKey::ENCODED_LEN], u32)> = TableDefinition::new("devices");

/// The registered devices. redb has one write transaction at a time, and what was committed is on the disk.
struct Devices(Database);

impl Devices {
    /// Opens the file, or makes it.
    fn open(path: &str) -> Result<Self, redb::Error> {
        let database = Database::create(path)?;
        let transaction = database.begin_write()?;
        transaction.open_table(DEVICES)?;
        transaction.commit()?;
        Ok(Self(database))
    }

    /// Keeps a key with counter 0. `false` if it is there, and then nothing changes: with its counter at 0 again,
    /// everything that the key ever signed would be fresh.
    fn register(&self, key: &AttestedKey) -> Result<bool, Error> {
        let transaction = self.0.begin_write().map_err(unavailable)?;
        let mut devices = transaction.open_table(DEVICES).map_err(unavailable)?;
        if devices.get(key.id().0).map_err(unavailable)?.is_some() {
            return Ok(false);
        }
        devices.insert(key.id().0, (&key.to_bytes(), Counter::ATTESTED.0)).map_err(unavailable)?;
        drop(devices);
        transaction.commit().map_err(unavailable)?;
        Ok(true)
    }

    /// The stored form of a key.
    fn key(&self, id: KeyId) -> Result<Option<[u8; AttestedKey::ENCODED_LEN]>, Error> {
        let devices = self.0.begin_read().map_err(unavailable)?.open_table(DEVICES).map_err(unavailable)?;
        Ok(devices.get(id.0).map_err(unavailable)?.map(|row| *row.value().0))
    }
}

impl CounterStore for Devices {
    type Error = Error;

    /// Decides and writes in one transaction: of two requests with one counter, the second finds what the first wrote.
    fn advance(&self, id: &KeyId, advance: &Advance) -> Result<(), AdvanceError<Error>> {
        let transaction = self.0.begin_write().map_err(store)?;
        let mut devices = transaction.open_table(DEVICES).map_err(store)?;
        let row = devices.get(id.0).map_err(store)?.map(|row| (*row.value().0, row.value().1));
        let (key, last) = row.ok_or(AdvanceError::UnknownKey)?;
        let counter = advance.in_order(Counter(last))?;
        devices.insert(id.0, (&key, counter.0)).map_err(store)?;
        drop(devices);
        transaction.commit().map_err(store)
    }
}

fn store(error: impl Into<redb::Error>) -> AdvanceError<Error> {
    AdvanceError::Store(unavailable(error))
}

/// redb's own message is for the log. After an error of the disk redb answers nothing until the file is opened again.
fn unavailable(error: impl Into<redb::Error>) -> Error {
    log(&format!("store: {}", error.into()));
    Error::StoreUnavailable
}

/// Why a request is refused: status and code for the client, and for the log a name that holds nothing of the request.
struct Problem(StatusCode, &'static str, &'static str);

impl Problem {
    const MALFORMED: Self = Self(StatusCode::BAD_REQUEST, "malformed", "RequestMalformed");
    const MISSING: Self = Self(StatusCode::UNAUTHORIZED, "rejected", "CredentialsMissing");
    const CHALLENGE: Self = Self(StatusCode::UNAUTHORIZED, "challenge_rejected", "ChallengeRejected");
    const REGISTERED: Self = Self(StatusCode::CONFLICT, "already_registered", "AlreadyRegistered");
    const TOO_LARGE: Self = Self(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "BodyTooLarge");
    const UNAVAILABLE: Self = Self(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Unavailable");
}

/// The client is told the class. `Unavailable` is no refusal: the same may pass later.
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (status, code) = match error.class() {
            _ if error == Error::UnknownKey => (StatusCode::UNAUTHORIZED, "unknown_key"),
            Class::Malformed => (StatusCode::BAD_REQUEST, "malformed"),
            Class::Rejected => (StatusCode::UNAUTHORIZED, "rejected"),
            _ => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        };
        Self(status, code, error.name())
    }
}

/// RFC 9457. A 401 has to name a scheme that would do (RFC 9110 §15.5.2), and others may (§11.6.1).
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self(status, code, reason) = self;
        log(&format!("{} {code}: {reason}", status.as_u16()));
        let headers = [(header::CONTENT_TYPE, "application/problem+json"), (header::WWW_AUTHENTICATE, "Attest")];
        let body = json!({ "title": status.canonical_reason(), "status": status.as_u16(), "code": code });
        (status, headers, Json(body)).into_response()
    }
}

/// A line on standard error. That nobody takes it is no reason to end, as it is to `eprintln!`.
fn log(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
#[path = "../tests/unit/mod.rs"]
mod unit;
