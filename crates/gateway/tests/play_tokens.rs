//! Session tokens of Android devices: by a proof of the key that Play Integrity was bound to, and bound to that key.
#![allow(missing_docs)]

mod support;

use std::sync::Arc;

use axum::{
    Extension, Router,
    body::Body,
    http::{HeaderName, Request},
    routing::get,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::app_attest::KeyId;
use genuine_gateway::{
    account::{AccountId, PROXY},
    config::{Accounts, Dpop, TokenSettings},
    gate::{Gate, sha256},
    http::{AccountSource, AppRoutes, Intake, Origin},
    store::{MemoryStore, Store},
    token::{TokenHolder, Tokens},
};
use serde_json::{Value, json};
use support::{
    APPLICATION, Answer, Hands, Site,
    android::{Phone, application, play, play_app},
    answer_of, device, gate_of, json_request, now, origin, token_settings,
};
use tokio::task::JoinSet;

struct Place {
    site: Site,
    app: Router,
}

fn intake() -> Intake {
    let source = AccountSource::new(&Accounts::Proxy { header: "x-account".to_owned() }).unwrap();
    support::intake().with_accounts(source, &["127.0.0.1/32".parse().unwrap()])
}

impl Place {
    fn new() -> Self {
        Self::with(token_settings())
    }

    fn with(settings: TokenSettings) -> Self {
        async fn who(Extension(holder): Extension<TokenHolder>) -> String {
            BASE64_URL_SAFE_NO_PAD.encode(holder.key_id.0)
        }
        let (hands, store) = (Hands::at(now()), Arc::new(MemoryStore::default()) as Arc<dyn Store>);
        let gate = gate_of(&[application(play(false))], Arc::clone(&store), &hands);
        let gate = Arc::new(Gate { tokens: Some(Tokens::new(settings, store)), ..gate });
        let app = AppRoutes::new(Arc::clone(&gate), intake())
            .tokens(vec![APPLICATION.to_owned()])
            .unwrap()
            .admitted(
                HeaderName::from_static("authorization"),
                vec![APPLICATION.to_owned()],
                Router::new().route("/profile", get(who)),
            )
            .router(Arc::new(Origin { allow_plain_http: true, ..origin() }));
        Self { site: Site::with(gate, hands, Origin { allow_plain_http: true, ..origin() }, &intake()), app }
    }

    fn now(&self) -> u64 {
        (self.site.gate.clock)()
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        answer_of(self.app.clone(), "127.0.0.1", request).await
    }

    async fn phone(&self, name: &str, account: Option<&str>) -> Phone {
        let phone = Phone::new(name);
        assert!(self.attest(&phone, account).await < 300);
        phone
    }

    async fn attest(&self, phone: &Phone, account: Option<&str>) -> u16 {
        let challenge = self.site.challenge("integrity", "session").await;
        let token = play_app().token(&phone.classic(&challenge, self.now()));
        let body =
            json!({ "application": APPLICATION, "challenge": challenge, "integrity_token": { "classic": token } });
        let mut request = json_request("/devices", "session", &body);
        let proof = phone.proof("/devices", &challenge, self.now(), &json!({}));
        request.headers_mut().insert("dpop", proof.parse().unwrap());
        if let Some(account) = account {
            request.headers_mut().insert("x-account", account.parse().unwrap());
        }
        self.site.send(request).await.status
    }

    fn request(&self, phone: &Phone, challenge: &str, others: &Value) -> Request<Body> {
        let proof = phone.proof("/tokens", challenge, self.now(), others);
        Request::post("/tokens").header("dpop", proof).header("x-session", "session").body(Body::empty()).unwrap()
    }

    async fn ask(&self, phone: &Phone) -> Answer {
        let challenge = self.site.challenge("assertion", "session").await;
        self.send(self.request(phone, &challenge, &json!({}))).await
    }

    async fn token(&self, phone: &Phone) -> String {
        let answer = self.ask(phone).await;
        assert_eq!((answer.status, &answer.json()["token_type"]), (200, &json!("DPoP")), "{}", answer.json());
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Comes with a token, and a proof of this name for it.
    fn with_token(&self, phone: &Phone, token: &str, id: &str) -> Request<Body> {
        let ath = BASE64_URL_SAFE_NO_PAD.encode(sha256(token.as_bytes()));
        let others = json!({ "htm": "GET", "ath": ath, "jti": id, "nonce": null });
        let proof = phone.proof("/profile", "", self.now(), &others);
        let request = Request::get("/profile").header("authorization", format!("DPoP {token}")).header("dpop", proof);
        request.body(Body::empty()).unwrap()
    }
}

#[tokio::test]
async fn an_android_device_gets_a_token_that_is_bound_to_its_key() {
    let place = Place::new();
    let (phone, other) = (place.phone("pixel", None).await, place.phone("other", None).await);
    let token = place.token(&phone).await;
    let answer = place.send(place.with_token(&phone, &token, "one")).await;
    let expected = BASE64_URL_SAFE_NO_PAD.encode(phone.key_id);
    assert_eq!((answer.status, String::from_utf8(answer.body).unwrap()), (200, expected));
    // By the key of another device, once more with the same proof, and as a bearer's.
    assert_eq!(place.send(place.with_token(&other, &token, "two")).await.status, 401);
    assert_eq!(place.send(place.with_token(&phone, &token, "one")).await.code(), "proof_rejected");
    let bearer = Request::get("/profile").header("authorization", format!("Bearer {token}"));
    assert_eq!(place.send(bearer.body(Body::empty()).unwrap()).await.status, 401);
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((&claims["environment"], &claims["application"]), (&json!("PRODUCTION"), &json!(APPLICATION)));
}

#[tokio::test]
async fn a_proof_for_a_token_names_a_challenge_and_counts_once() {
    let place = Place::new();
    let phone = place.phone("pixel", None).await;
    let challenge = place.site.challenge("assertion", "session").await;
    let other = place.site.challenge("integrity", "session").await;
    let elsewhere = place.site.challenge("assertion", "another session").await;
    for (reason, challenge, others) in [
        ("ChallengeMissing", &challenge, json!({ "nonce": null })),
        ("ChallengeForged", &other, json!({})),
        ("ChallengeForged", &elsewhere, json!({})),
        ("ChallengeForm", &"short".to_owned(), json!({})),
        ("ProofUri", &challenge, json!({ "htu": "https://localhost:8080/devices" })),
        ("ProofMethod", &challenge, json!({ "htm": "GET" })),
        ("TokenTooOld", &challenge, json!({ "iat": place.now() - 361 })),
    ] {
        let before = place.site.refusals(reason);
        let answer = place.send(place.request(&phone, challenge, &others)).await;
        assert_eq!((answer.status, place.site.refusals(reason)), (401, before + 1), "{reason}");
    }
    let mut body = place.request(&phone, &challenge, &json!({}));
    *body.body_mut() = Body::from("{}");
    assert_eq!(place.send(body).await.code(), "malformed");
    let request = || place.request(&phone, &challenge, &json!({}));
    assert_eq!(place.send(request()).await.status, 200, "none of them used the challenge");
    assert_eq!(place.send(request()).await.code(), "challenge_rejected");
    let mut twice = place.request(&phone, &challenge, &json!({}));
    let proof = twice.headers()["dpop"].clone();
    twice.headers_mut().append("dpop", proof);
    assert_eq!(place.send(twice).await.code(), "malformed");
}

#[tokio::test]
async fn who_is_not_registered_gets_none() {
    let place = Place::new();
    assert_eq!(place.ask(&Phone::new("stranger")).await.code(), "unknown_key");
    // A key of Apple's attests nothing by a proof.
    let apple = device("alice");
    place.site.register(&apple, "alice").await;
    let record = place.site.gate.store.device(KeyId(apple.key_id())).await.unwrap().unwrap();
    let phone = Phone::new("pixel");
    place.site.gate.store.register(KeyId(phone.key_id), &record).await.unwrap();
    assert_eq!(place.ask(&phone).await.code(), "unknown_key");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_copies_gets_a_token() {
    let place = Arc::new(Place::new());
    let phone = Arc::new(place.phone("pixel", None).await);
    let challenge = place.site.challenge("assertion", "session").await;
    let mut runners = JoinSet::new();
    for _ in 0..200 {
        let (place, phone, challenge) = (Arc::clone(&place), Arc::clone(&phone), challenge.clone());
        runners.spawn(async move { place.send(place.request(&phone, &challenge, &json!({}))).await.status });
    }
    let statuses = runners.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
}

/// Revoked, locked, or attested too long ago: refused at the next request, and no token any more.
#[tokio::test]
async fn r14_what_becomes_of_the_device_counts_at_its_next_request() {
    let place = Place::new();
    let phone = place.phone("pixel", None).await;
    let token = place.token(&phone).await;
    let key = KeyId(phone.key_id);
    place.site.gate.set_lock(key, true).await.unwrap();
    assert_eq!(place.send(place.with_token(&phone, &token, "locked")).await.code(), "locked");
    assert_eq!(place.ask(&phone).await.code(), "locked");
    place.site.gate.set_lock(key, false).await.unwrap();
    assert_eq!(place.send(place.with_token(&phone, &token, "open")).await.status, 200);
    // To the second: a day after the attestation.
    place.site.hands.advance(86_400);
    assert_eq!(place.ask(&phone).await.status, 200);
    place.site.hands.advance(1);
    assert_eq!(place.ask(&phone).await.code(), "attestation_expired");
    assert_eq!(place.attest(&phone, None).await, 200);
    let token = place.token(&phone).await;
    assert_eq!(place.send(place.with_token(&phone, &token, "again")).await.status, 200);
    place.site.gate.revoke(key).await.unwrap();
    assert_eq!(place.send(place.with_token(&phone, &token, "revoked")).await.code(), "rejected");
    assert_eq!((place.ask(&phone).await.code().as_str(), place.site.refusals("KeyRevoked")), ("rejected", 2));
}

#[tokio::test]
async fn r83_a_token_is_of_the_account_too() {
    let place = Place::new();
    let phone = place.phone("pixel", Some("alice")).await;
    let record = place.site.gate.store.device(KeyId(phone.key_id)).await.unwrap().unwrap();
    assert_eq!(record.account, Some(AccountId::of(PROXY, "alice").unwrap().0));
    let token = place.token(&phone).await;
    for (id, account, status) in [("1", None, 200), ("2", Some("alice"), 200), ("3", Some("eve"), 401)] {
        let mut request = place.with_token(&phone, &token, id);
        if let Some(account) = account {
            request.headers_mut().insert("x-account", account.parse().unwrap());
        }
        assert_eq!(place.send(request).await.status, status, "{account:?}");
    }
    let challenge = place.site.challenge("assertion", "session").await;
    let mut request = place.request(&phone, &challenge, &json!({}));
    request.headers_mut().insert("x-account", "eve".parse().unwrap());
    assert_eq!(place.send(request).await.code(), "rejected");
    assert_eq!(place.site.refusals("AccountMismatch"), 2);
}

/// Tokens that no key is bound to are not for devices that have nothing else.
#[tokio::test]
async fn without_bound_tokens_there_are_none() {
    let place = Place::with(TokenSettings { dpop: Dpop::Off, ..token_settings() });
    let phone = place.phone("pixel", None).await;
    let answer = place.ask(&phone).await;
    assert_eq!((answer.status, place.site.refusals("BindingRefused")), (400, 1), "{}", answer.json());
}
