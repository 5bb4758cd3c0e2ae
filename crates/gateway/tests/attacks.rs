//! Attacks that once had a way in: each test says what has to hold.
#![allow(missing_docs)]

mod support;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    http::{HeaderName, Request},
    routing::get,
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use genuine::{
    app_attest::KeyId,
    session::mode::{Mode, Rollout},
};
use genuine_gateway::{
    account::{AccountId, PROXY},
    config::{Accounts, Environment, Play, Signing, TokenSecret, TokenSettings},
    gate::{Access, Freshness, Gate, sha256},
    http::{AccountSource, AppRoutes, ForwardRule, Intake, Origin},
    play::{DecodeFault, Decoder},
    store::{Change, MemoryStore, Store},
    token::Tokens,
};
use genuine_testvectors::json::Json;
use serde_json::{Value, json};
use support::{
    APPLICATION, Answer, Hands, Site,
    android::{Phone, application, play, play_app},
    answer_of, assert as assertion_of, device, gate_of, json_request, now, origin, registration, signed,
    token_settings,
};

fn plain() -> Origin {
    Origin { allow_plain_http: true, ..origin() }
}

fn intake() -> Intake {
    let source = AccountSource::new(&Accounts::Proxy { header: "x-account".to_owned() }).unwrap();
    support::intake().with_accounts(source, &["127.0.0.1/32".parse().unwrap()])
}

fn gate(settings: Play) -> (Arc<Gate>, Hands) {
    let hands = Hands::at(now());
    (Arc::new(gate_of(&[application(settings)], Arc::new(MemoryStore::default()), &hands)), hands)
}

/// The identifier is of the key: who attests one key registers no other one.
#[tokio::test]
async fn r6_an_attestation_is_for_the_key_that_it_attests() {
    let site = Site::new();
    let (alice, bob) = (device("alice"), device("bob"));
    assert_eq!(sha256(&alice.public_key()), alice.key_id());
    let challenge = site.challenge("attestation", "alice").await;
    let mut other = registration(&alice, &challenge);
    other["key_id"] = json!(BASE64_STANDARD.encode(bob.key_id()));
    let answer = site.post("/devices", "alice", &other).await;
    assert_eq!((answer.status, answer.code()), (401, "rejected".to_owned()));
    assert_eq!(site.refusals("KeyIdMismatch"), 1);
    assert_eq!(site.post("/devices", "alice", &registration(&alice, &challenge)).await.status, 201);
}

async fn classic(site: &Site, phone: &Phone, payload: impl FnOnce(&mut Json)) -> Request<Body> {
    let challenge = site.challenge("integrity", "alice").await;
    let now = (site.gate.clock)();
    let mut said = phone.classic(&challenge, now);
    payload(&mut said);
    let body = json!({ "application": APPLICATION, "challenge": challenge, "integrity_token": { "classic": play_app().token(&said) } });
    let mut request = json_request("/devices", "alice", &body);
    request.headers_mut().insert("dpop", phone.proof("/devices", &challenge, now, &json!({})).parse().unwrap());
    request
}

fn again(request: &Request<Body>, body: &str) -> Request<Body> {
    let mut copy = Request::post("/devices").body(Body::from(body.to_owned())).unwrap();
    *copy.headers_mut() = request.headers().clone();
    copy
}

/// `account = true` is dropped by leaving the assertion out, wherever the mode is not REQUIRED for everybody.
#[tokio::test]
async fn a_route_for_accounts_is_for_accounts_in_every_mode() {
    let mut passed = Vec::new();
    for (name, mode, rollout) in [
        ("OPTIONAL", Mode::Optional, Rollout::ALL),
        ("OFF", Mode::Off, Rollout::ALL),
        ("REQUIRED at 0 %", Mode::Required, Rollout::NONE),
    ] {
        let (gate, _) = gate(play(false));
        let access =
            Access::new(vec![APPLICATION.to_owned()], Freshness::Counter).with_account().in_mode(mode, rollout);
        let app = AppRoutes::new(gate, intake()).protected(access, Router::new().route("/both", get(async || "both")));
        let request = Request::get("/both").body(Body::empty()).unwrap();
        let answer = answer_of(app.router(Arc::new(plain())), "127.0.0.1", request).await;
        if answer.status == 200 {
            passed.push(name);
        }
    }
    assert_eq!(passed, Vec::<&str>::new(), "no assertion and no account, and these routes are for accounts");
}

/// The same of a proxy's rule.
#[tokio::test]
async fn a_rule_for_accounts_is_for_accounts_in_every_mode() {
    let mut passed = Vec::new();
    for evidence in ["", "evidence = \"token\""] {
        for mode in ["OPTIONAL", "OFF"] {
            let text = format!(
                "[[forward_auth]]\nname = \"both\"\nbody = \"none\"\naccount = true\ncallers = [\"demo\"]\nmode = \"{mode}\"\n{evidence}\n[tokens]\nheader=\"x-token\""
            );
            let rules = ForwardRule::configured(&toml::from_str(&text).unwrap());
            let (gate, _) = gate(play(false));
            let app = AppRoutes::new(gate, intake()).forward_auth(&["127.0.0.1/32".parse().unwrap()], rules).unwrap();
            for digest in ["", "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"] {
                let mut request =
                    Request::get("/authorize/both").header("x-forwarded-method", "GET").header("x-forwarded-uri", "/a");
                if !digest.is_empty() {
                    request = request.header("content-digest", digest);
                }
                let answer =
                    answer_of(app.clone().router(Arc::new(plain())), "127.0.0.1", request.body(Body::empty()).unwrap())
                        .await;
                if answer.status == 200 {
                    passed.push(format!("{mode} {evidence} {digest}"));
                }
            }
        }
    }
    assert_eq!(passed, Vec::<String>::new());
}

/// Behind a proxy all clients without assertion or session have the proxy's place.
#[tokio::test]
async fn behind_a_proxy_the_address_is_the_clients() {
    let (gate, _) = gate(play(false));
    let half = Rollout::from_hundredths(5000).unwrap();
    let access = Access::new(vec![APPLICATION.to_owned()], Freshness::Counter).in_mode(Mode::Required, half);
    let app = AppRoutes::new(gate, intake()).protected(access, Router::new().route("/a", get(async || "a")));
    let app = app.router(Arc::new(Origin { trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()], ..plain() }));
    let mut refused = 0;
    for number in 0..100 {
        let request = Request::get("/a").header("x-forwarded-for", format!("203.0.113.{number}"));
        let answer = answer_of(app.clone(), "127.0.0.1", request.body(Body::empty()).unwrap()).await;
        refused += u32::from(answer.status != 200);
    }
    assert!((30..=70).contains(&refused), "{refused} of 100 addresses at 50 %");
}

/// A classic registration that failed is sent again, by whoever has seen it, and locks a device that is well again.
#[tokio::test]
async fn a_failed_registration_locks_once() {
    let (gate, hands) = gate(play(false));
    let site = Site::of(gate, hands, origin());
    let phone = Phone::new("pixel");
    assert_eq!(site.send(classic(&site, &phone, |_| {}).await).await.status, 201);
    let failing =
        |said: &mut Json| said.set("deviceIntegrity.deviceRecognitionVerdict", Json::texts(&["MEETS_BASIC_INTEGRITY"]));
    let request = classic(&site, &phone, failing).await;
    let (parts, body) = request.into_parts();
    let body = String::from_utf8(axum::body::to_bytes(body, 100_000).await.unwrap().to_vec()).unwrap();
    let request = Request::from_parts(parts, Body::empty());
    assert_eq!(site.send(again(&request, &body)).await.status, 401);
    let locked = async || site.gate.store.device(KeyId(phone.key_id)).await.unwrap().unwrap().locked_at;
    assert!(locked().await.is_some());
    // Attested again: well.
    assert_eq!(site.send(classic(&site, &phone, |_| {}).await).await.status, 200);
    assert_eq!(locked().await, None);
    site.send(again(&request, &body)).await;
    assert_eq!(locked().await, None, "the same octets as before lock it again");
}

/// A device that shows another environment when it is attested again keeps the first in its tokens.
#[tokio::test]
async fn a_token_says_the_environment_of_the_last_attestation() {
    let (gate, hands) = gate(Play { environment: Environment::Development, ..play(false) });
    let site = Site::of(gate, hands, origin());
    let phone = Phone::new("pixel");
    let answer = site.send(classic(&site, &phone, |_| {}).await).await;
    assert_eq!(answer.json()["environment"], "PRODUCTION");
    let unrecognized = |said: &mut Json| said.set("appIntegrity.appRecognitionVerdict", "UNRECOGNIZED_VERSION");
    let answer = site.send(classic(&site, &phone, unrecognized).await).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "already_registered"), "a key is of one environment");
    assert_eq!(token_claims(&site, &phone).await["environment"], "PRODUCTION");
}

async fn ask_token(site: &Site, phone: &Phone) -> Answer {
    let challenge = site.challenge("assertion", "alice").await;
    let proof = phone.proof("/tokens", &challenge, (site.gate.clock)(), &json!({}));
    let request = Request::post("/tokens").header("dpop", proof).header("x-session", "alice");
    site.send(request.body(Body::empty()).unwrap()).await
}

async fn token_claims(site: &Site, phone: &Phone) -> Value {
    let answer = ask_token(site, phone).await.json();
    let token = answer["access_token"].as_str().unwrap().to_owned();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

/// What was registered under DEVELOPMENT gets tokens under PRODUCTION.
#[tokio::test]
async fn a_test_build_is_none_of_production() {
    let hands = Hands::at(now());
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let over = |environment| {
        let gate = gate_of(&[application(Play { environment, ..play(false) })], Arc::clone(&store), &hands);
        Site::of(Arc::new(gate), hands.clone(), origin())
    };
    let (before, after) = (over(Environment::Development), over(Environment::Production));
    let phone = Phone::new("pixel");
    let unrecognized = |said: &mut Json| said.set("appIntegrity.appRecognitionVerdict", "UNRECOGNIZED_VERSION");
    assert_eq!(before.send(classic(&before, &phone, unrecognized).await).await.status, 201);
    assert_eq!(ask_token(&after, &phone).await.status, 401, "an unrecognized build, and the application is PRODUCTION");
}

/// Whoever knows a key identifier finds out that it is revoked: by what the coarse problem lacks.
#[tokio::test]
async fn a_revoked_key_is_refused_like_a_bad_signature() {
    let site = Site::new();
    let (good, revoked) = (device("good"), device("revoked"));
    for device in [&good, &revoked] {
        site.register(device, "alice").await;
    }
    site.gate.revoke(KeyId(revoked.key_id())).await.unwrap();
    // Without the key: an assertion of another request.
    let mut told = Vec::new();
    for victim in [good, revoked] {
        let assertion = assertion_of(&mut victim.clone(), "GET", "/other", b"", None);
        let request =
            Request::get("/orders").header("authorization", support::authorization(&victim, &assertion, None));
        told.push(site.send(request.body(Body::empty()).unwrap()).await.told());
    }
    assert_eq!(told[0], told[1]);
}

/// With decoys: a request in another account, or of an old client, tells a revoked device from a good one without its key.
#[tokio::test]
async fn a_decoy_hides_a_verdict_in_any_session() {
    let hands = Hands::at(now());
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let secret = TokenSecret::decode(&BASE64_STANDARD.encode([1; 32])).unwrap();
    let settings =
        TokenSettings { signing: Signing::Shared { secrets: vec![secret], decoys: true }, ..token_settings() };
    let gate = gate_of(&[application(play(false))], Arc::clone(&store), &hands);
    let gate = Arc::new(Gate { tokens: Some(Tokens::new(settings, store)), ..gate });
    let site = Site::with(gate, hands, plain(), &intake());
    let (good, revoked) = (device("good"), device("revoked"));
    for device in [&good, &revoked] {
        site.register(device, "alice").await;
    }
    site.gate.revoke(KeyId(revoked.key_id())).await.unwrap();
    let mut statuses = Vec::new();
    for victim in [good, revoked] {
        let challenge = site.challenge("assertion", "alice").await;
        // No key: the assertion is of something else.
        let assertion = assertion_of(&mut victim.clone(), "GET", "/other", b"", None);
        let request = Request::post("/tokens")
            .header("authorization", support::authorization(&victim, &assertion, Some(&challenge)))
            .header("x-session", "alice")
            .header("x-account", "eve");
        statuses.push(site.send(request.body(Body::empty()).unwrap()).await.status);
    }
    assert_eq!(statuses[0], statuses[1]);
}

/// A device that is revoked, or whose account is erased, while Google is asked, is told that it registered.
struct Meanwhile {
    store: Arc<dyn Store>,
    key: KeyId,
    change: Mutex<Option<Change>>,
    answer: Mutex<Vec<u8>>,
}

#[async_trait]
impl Decoder for Meanwhile {
    async fn decode(&self, _: &str, _: &str) -> Result<Vec<u8>, DecodeFault> {
        let change = self.change.lock().unwrap().take();
        if let Some(change) = change {
            self.store.change(self.key, change).await.unwrap();
        }
        Ok(self.answer.lock().unwrap().clone())
    }
}

#[tokio::test]
async fn what_is_revoked_meanwhile_is_not_verified() {
    let mut told = Vec::new();
    for change in [Change::Revoke(now()), Change::Erase(now())] {
        let hands = Hands::at(now());
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let phone = Phone::new("pixel");
        let decoder = Arc::new(Meanwhile {
            store: Arc::clone(&store),
            key: KeyId(phone.key_id),
            change: Mutex::default(),
            answer: Mutex::default(),
        });
        let gate = gate_of(&[application(play(true))], store, &hands);
        let site = Site::of(
            Arc::new(Gate { decoder: Some(Arc::clone(&decoder) as Arc<dyn Decoder>), ..gate }),
            hands,
            origin(),
        );
        let standard = async || {
            let challenge = site.challenge("integrity", "alice").await;
            let said = phone.standard(&challenge, now());
            let text = format!("{{\"tokenPayloadExternal\":{}}}", said.encode());
            *decoder.answer.lock().unwrap() = text.into_bytes();
            let body = json!({ "application": APPLICATION, "challenge": challenge, "integrity_token": { "standard": "AAAA.AAAA.AAAA.AAAA.AAAA" } });
            let mut request = json_request("/devices", "alice", &body);
            request
                .headers_mut()
                .insert("dpop", phone.proof("/devices", &challenge, now(), &json!({})).parse().unwrap());
            site.send(request).await
        };
        let first = standard().await;
        assert_eq!(first.status, 201, "{}", first.json());
        *decoder.change.lock().unwrap() = Some(change);
        told.push(standard().await.status);
        let record = site.gate.store.device(KeyId(phone.key_id)).await.unwrap().unwrap();
        assert!(record.revoked_at.is_some());
    }
    assert_eq!(told, [401, 401]);
}

/// A version that nobody can read stops a request even where nothing asks for versions, and where the route is OFF.
#[tokio::test]
async fn a_version_that_nobody_asks_for_is_not_read() {
    let site = Site::new();
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    let mut request = signed(&mut alice, "GET", "/orders", "", None);
    request.headers_mut().insert("x-client-version", "3.1.0-rc1".parse().unwrap());
    assert_eq!(site.send(request).await.status, 200);
}

/// What was attested before a lock opens it.
#[tokio::test]
async fn evidence_from_before_a_lock_opens_none() {
    let (gate, hands) = gate(play(false));
    let site = Site::of(gate, hands, origin());
    let phone = Phone::new("pixel");
    assert_eq!(site.send(classic(&site, &phone, |_| {}).await).await.status, 201);
    // Kept back while the phone is still whole.
    let kept = classic(&site, &phone, |_| {}).await;
    site.hands.advance(200);
    site.gate.set_lock(KeyId(phone.key_id), true).await.unwrap();
    site.send(kept).await;
    let record = site.gate.store.device(KeyId(phone.key_id)).await.unwrap().unwrap();
    assert!(record.locked_at.is_some(), "Google's word is 200 seconds older than the lock");
}

/// Anybody makes the gateway read and hold whole bodies for POST /tokens, where there is none to be.
#[tokio::test]
async fn a_body_that_has_to_be_empty_is_not_read() {
    let site = Site::new();
    let request = Request::post("/tokens").header("dpop", "AAAA").body(Body::from(vec![b'a'; 1001])).unwrap();
    // Too large for the limit says that it was waited for and counted.
    assert_eq!(site.send(request).await.status, 400);
    let _ = (registration(&device("x"), ""), AccountId::of(PROXY, "x"), HeaderName::from_static("x"));
}
