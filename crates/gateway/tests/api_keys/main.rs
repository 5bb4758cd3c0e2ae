//! API keys: who may come with one, what one is exchanged for, and what is never opened by one.
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod bearer;
mod file;
mod forward;
mod nowhere;
mod signed;
mod spend;
mod token;
mod tool;
mod watched;

use std::{fmt::Write as _, fs, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::Body,
    http::{HeaderName, Request, request::Builder},
    routing::any,
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use genuine_gateway::{
    api_key::{ApiKeyHolder, KeyAccess},
    config::{self, Bodies, Config},
    gate::{ApiKeys, Gate},
    http::{AppRoutes, Intake, KeyIntake, KeyRule, Origin},
    shop,
    store::{MemoryStore, Store},
    token::Tokens,
};
use ring::{digest, hmac};
use support::{APPLICATION, AUTHORITY, Answer, Hands, Scratch, answer_of, gate_over, intake, now, token_settings};

const CLIENT: &str = "partner-web";
const READ: &str = "orders:read";

/// A key of the tests. Its octets are made of its name; the salt and the hash are made here, by another library than the gateway's.
#[derive(Clone)]
struct TestKey {
    id: String,
    secret: [u8; 32],
}

impl TestKey {
    fn new(name: &str) -> Self {
        let id = format!("gk_{}", &BASE64_URL_SAFE_NO_PAD.encode(sha256(&[name.as_bytes()]))[..16]);
        Self { id, secret: sha256(&[b"secret of ", name.as_bytes()]) }
    }

    fn secret(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.secret)
    }

    /// As the client shows it.
    fn shown(&self) -> String {
        format!("{}.{}", self.id, self.secret())
    }

    /// Its entry in the file, with these lines beside.
    fn bearer(&self, lines: &str) -> String {
        let salt = &sha256(&[b"salt of ", self.id.as_bytes()])[..16];
        let hash = BASE64_URL_SAFE_NO_PAD.encode(sha256(&[salt, &self.secret]));
        let salt = BASE64_URL_SAFE_NO_PAD.encode(salt);
        self.entry(&format!("salt = \"{salt}\"\nhash = \"{hash}\"\n"), lines)
    }

    fn signing(&self, lines: &str) -> String {
        self.entry(&format!("signing_secret = \"{}\"\n", self.secret()), lines)
    }

    fn entry(&self, material: &str, lines: &str) -> String {
        let mut entry = format!("[[keys]]\nid = \"{}\"\n{material}{lines}\n", self.id);
        for (name, value) in [
            ("application", format!("{CLIENT:?}")),
            ("scopes", format!("[{READ:?}]")),
            ("tier", "\"large\"".to_owned()),
        ] {
            if !lines.contains(&format!("{name} =")) {
                let _ = writeln!(entry, "{name} = {value}");
            }
        }
        entry
    }
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    digest::digest(&digest::SHA256, &parts.concat()).as_ref().try_into().unwrap()
}

/// A signature of a request, as RFC 9421 has it, by another library than the gateway's. Each part can be set for itself.
#[derive(Clone)]
struct Signing {
    key: TestKey,
    method: &'static str,
    authority: &'static str,
    target: &'static str,
    body: &'static str,
    created: u64,
    nonce: String,
    more: &'static str,
}

impl Signing {
    fn of(key: &TestKey, nonce: u32) -> Self {
        Self {
            key: key.clone(),
            method: "POST",
            authority: AUTHORITY,
            target: "/partner/orders?item=7",
            body: "{\"item\":7}",
            created: now(),
            nonce: format!("nonce-of-the-tests-{nonce:08}"),
            more: "",
        }
    }

    /// Signature-Input, Signature and Content-Digest.
    fn headers(&self) -> [(&'static str, String); 3] {
        let Self { key, method, authority, target, body, created, nonce, more } = self;
        let params = format!(
            "(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\");created={created};keyid=\"{}\";alg=\"hmac-sha256\";nonce=\"{nonce}\"{more}",
            key.id
        );
        let digest = format!("sha-256=:{}:", BASE64_STANDARD.encode(sha256(&[body.as_bytes()])));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let base = format!(
            "\"@method\": {method}\n\"@authority\": {authority}\n\"@path\": {path}\n\"@query\": ?{query}\n\"content-digest\": {digest}\n\"@signature-params\": {params}"
        );
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key.secret), base.as_bytes());
        let mac = BASE64_STANDARD.encode(mac);
        [
            ("signature-input", format!("sig={params}")),
            ("signature", format!("sig=:{mac}:")),
            ("content-digest", digest),
        ]
    }

    /// The request, signed.
    fn request(&self) -> Request<Body> {
        let request = Request::builder().method(self.method).uri(self.target);
        let request = self.headers().iter().fold(request, |request, (name, value)| request.header(*name, value));
        request.body(Body::from(self.body)).unwrap()
    }
}

/// A gateway with API keys, over a store: routes for keys, for assertions and for session tokens, and rules of proxies.
struct Place {
    gate: Arc<Gate>,
    hands: Hands,
    keys: Arc<ApiKeys>,
    app: Router,
    scratch: Scratch,
}

/// The settings of API keys, with the file in this directory.
fn settings(scratch: &Scratch) -> config::ApiKeys {
    let tier = |name: &str, per_minute, burst| config::Tier { name: name.to_owned(), per_minute, burst };
    config::ApiKeys {
        file: scratch.path().join("keys.toml"),
        header: "authorization".to_owned(),
        token_lifetime_seconds: 120,
        clients: [CLIENT, "other-web"].map(|name| config::ApiClient { name: name.to_owned() }).to_vec(),
        tiers: vec![tier("small", 6, Some(2)), tier("large", 6000, None)],
    }
}

/// Reads bodies that come when a test has them come.
fn patient() -> Intake {
    Intake::new(10_000, 20_000_000, Duration::from_secs(20), HeaderName::from_static("x-session"))
}

async fn who(Extension(holder): Extension<ApiKeyHolder>, body: String) -> String {
    let ApiKeyHolder { key, application, scopes, kind } = holder;
    format!("{key} {application} {} {} {}", scopes.join(","), kind.as_str(), body.len())
}

impl Place {
    /// With these entries in the file.
    fn new(name: &str, entries: &[String]) -> Self {
        Self::with_header(name, entries, "authorization")
    }

    fn with_header(name: &str, entries: &[String], header: &'static str) -> Self {
        Self::build(name, entries, header, token_settings())
    }

    /// With these tokens.
    fn build(name: &str, entries: &[String], header: &'static str, tokens: config::TokenSettings) -> Self {
        Self::over(Arc::new(MemoryStore::default()), name, entries, header, tokens)
    }

    /// Over this store.
    fn over(
        store: Arc<dyn Store>,
        name: &str,
        entries: &[String],
        header: &'static str,
        tokens: config::TokenSettings,
    ) -> Self {
        let scratch = Scratch::new(&format!("api-keys-{name}"));
        fs::write(scratch.path().join("keys.toml"), entries.concat()).unwrap();
        let hands = Hands::at(now());
        let tokens = Some(Tokens::new(tokens, Arc::clone(&store)));
        let gate = Arc::new(Gate { tokens, ..gate_over(store, &hands) });
        let config = Config {
            authority: AUTHORITY.to_owned(),
            api_keys: Some(settings(&scratch)),
            tokens: Some(config::Tokens::default()),
            ..Config::default()
        };
        let keys = Arc::new(ApiKeys::new(&config, Arc::clone(&gate)).unwrap());
        let door = KeyIntake::new(Arc::clone(&keys), patient(), HeaderName::from_static(header));
        let access = || KeyAccess::new([CLIENT]).scope(READ);
        let rule = |name: &str, access, bodies| KeyRule { name: name.to_owned(), access, bodies };
        let rules = vec![
            rule("partner", access(), Bodies::Unsigned),
            rule("partner-reads", access(), Bodies::None),
            rule("partner-signed", access().signed(), Bodies::Upstream),
        ];
        let proxies = vec!["10.0.0.0/8".parse().unwrap()];
        let app = AppRoutes::new(Arc::clone(&gate), intake())
            .protected(
                genuine_gateway::gate::Access::new(vec![APPLICATION.to_owned()], config::Freshness::Counter),
                shop::orders(),
            )
            .admitted(HeaderName::from_static("authorization"), vec![APPLICATION.to_owned()], shop::basket())
            .tokens(vec![APPLICATION.to_owned()])
            .unwrap()
            .keyed(&door, access(), Router::new().route("/partner/orders", any(who)))
            .keyed(&door, access().scope("orders:write"), Router::new().route("/partner/write", any(who)))
            .keyed(&door, KeyAccess::new(["other-web"]).scope(READ), Router::new().route("/other/orders", any(who)))
            .keyed(&door, access().signed(), Router::new().route("/partner/signed", any(who)))
            .keyed(&door, KeyAccess::new(Vec::<String>::new()).scope(READ), Router::new().route("/nobody", any(who)))
            .key_exchange(&door, vec![CLIENT.to_owned(), "other-web".to_owned()])
            .unwrap()
            .forward_api_keys(&door, &proxies, rules)
            .unwrap()
            .router(Arc::new(Origin { tls: true, allow_plain_http: false, trusted_proxies: proxies, addresses: None }));
        Self { gate, hands, keys, app, scratch }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        answer_of(self.app.clone(), "192.0.2.1", request).await
    }

    async fn refused(&self, request: Request<Body>) -> (u16, String) {
        let answer = self.send(request).await;
        (answer.status, answer.code())
    }

    /// What is answered, as text.
    async fn passed(&self, request: Request<Body>) -> String {
        let answer = self.send(request).await;
        let text = String::from_utf8(answer.body).unwrap();
        assert_eq!(answer.status, 200, "{text}");
        text
    }

    /// Writes the file anew, and has the gateway read it.
    fn rewrite(&self, entries: &[String]) {
        fs::write(self.scratch.path().join("keys.toml"), entries.concat()).unwrap();
        self.keys.renew();
    }

    /// A request token, which is issued.
    async fn token(&self, key: &TestKey, body: &'static str) -> String {
        let answer = self.send(exchange(&format!("ApiKey {}", key.shown()), body)).await;
        assert_eq!((answer.status, answer.headers["cache-control"].as_bytes()), (200, &b"no-store"[..]));
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }
}

/// A request that shows this in `Authorization`.
fn come(target: &str, authorization: &str) -> Request<Body> {
    with(Request::get(target), "authorization", authorization).body(Body::empty()).unwrap()
}

fn exchange(authorization: &str, body: &'static str) -> Request<Body> {
    with(Request::post("/api-keys/tokens"), "authorization", authorization).body(Body::from(body)).unwrap()
}

fn with(request: Builder, name: &'static str, value: &str) -> Builder {
    request.header(name, value)
}

fn rejected() -> (u16, String) {
    (401, "api_key_rejected".to_owned())
}
