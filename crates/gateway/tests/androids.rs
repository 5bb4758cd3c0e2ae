//! Android devices in other applications, modes and limits than their own: one change each.
#![allow(missing_docs)]

mod support;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{HeaderName, Request},
    routing::get,
};
use genuine::{app_attest::KeyId, session::mode::Mode};
use genuine_gateway::{
    config::{Application, Config, Environment, Play},
    gate::Gate,
    http::{AppRoutes, ForwardRule, Origin},
    limit::RateLimiter,
    store::MemoryStore,
};
use genuine_testvectors::json::Json;
use serde_json::json;
use support::{
    APPLICATION, Answer, Hands, Site,
    android::{Phone, application, play, play_app},
    answer_of, device, gate_of, json_request, now, origin, registration,
};

const OTHER: &str = "other";

struct Place {
    site: Site,
    app: Router,
}

impl Place {
    fn new(settings: &Play) -> Self {
        Self::of(settings, &[APPLICATION], |gate| gate)
    }

    fn of(settings: &Play, callers: &[&str], change: impl FnOnce(Gate) -> Gate) -> Self {
        let hands = Hands::at(now());
        let applications =
            [APPLICATION, OTHER].map(|name| Application { name: name.to_owned(), ..application(settings.clone()) });
        let gate = Arc::new(change(gate_of(&applications, Arc::new(MemoryStore::default()), &hands)));
        let callers: Vec<_> = callers.iter().map(|&name| name.to_owned()).collect();
        let profile = Router::new().route("/profile", get(async || "profile"));
        let app = AppRoutes::new(Arc::clone(&gate), support::intake())
            .tokens(callers.clone())
            .unwrap()
            .admitted(HeaderName::from_static("authorization"), callers, profile)
            .router(Arc::new(origin()));
        Self { site: Site::of(gate, hands, origin()), app }
    }

    fn now(&self) -> u64 {
        (self.site.gate.clock)()
    }

    async fn attest(&self, application: &str, phone: &Phone, change: impl FnOnce(&mut Json)) -> Answer {
        let body = json!({ "application": application, "purpose": "integrity" });
        let challenge = self.site.post("/challenges", "session", &body).await.json()["challenge"].clone();
        let challenge = challenge.as_str().unwrap();
        let mut said = phone.classic(challenge, self.now());
        change(&mut said);
        let token = play_app().token(&said);
        let body =
            json!({ "application": application, "challenge": challenge, "integrity_token": { "classic": token } });
        let mut request = json_request("/devices", "session", &body);
        let proof = phone.proof("/devices", challenge, self.now(), &json!({}));
        request.headers_mut().insert("dpop", proof.parse().unwrap());
        self.site.send(request).await
    }

    async fn phone(&self, name: &str) -> Phone {
        let phone = Phone::new(name);
        let answer = self.attest(APPLICATION, &phone, |_| {}).await;
        assert_eq!(answer.status, 201, "{}", answer.json());
        phone
    }

    async fn ask(&self, phone: &Phone, version: Option<&str>) -> Answer {
        let challenge = self.site.challenge("assertion", "session").await;
        let proof = phone.proof("/tokens", &challenge, self.now(), &json!({}));
        let mut request = Request::post("/tokens").header("dpop", proof).header("x-session", "session");
        if let Some(version) = version {
            request = request.header("x-client-version", version);
        }
        answer_of(self.app.clone(), "127.0.0.1", request.body(Body::empty()).unwrap()).await
    }
}

fn failing(said: &mut Json) {
    said.set("deviceIntegrity.deviceRecognitionVerdict", Json::texts(&["MEETS_BASIC_INTEGRITY"]));
}

#[tokio::test]
async fn tokens_are_for_devices_of_the_callers() {
    let place = Place::of(&play(false), &[OTHER], |gate| gate);
    let phone = place.phone("pixel").await;
    assert_eq!(
        (place.ask(&phone, None).await.code().as_str(), place.site.refusals("ApplicationRefused")),
        ("rejected", 1)
    );
}

#[tokio::test]
async fn tokens_are_for_clients_that_are_not_too_old() {
    let least = toml::from_str::<Config>(
        "[[applications]]\nname = \"x\"\n[applications.play]\npackage_name = \"a.b\"\ncertificates = []\n\
         client_version_at_least = \"3.17\"",
    );
    let least = least.unwrap().applications.remove(0).play.unwrap().client_version_at_least;
    let place = Place::new(&play(false));
    let phone = place.phone("pixel").await;
    let store = Arc::clone(&place.site.gate.store);
    let place = Place::of(&Play { client_version_at_least: least, ..play(false) }, &[APPLICATION], |gate| {
        let challenges = genuine_gateway::challenge::Challenges::new(300, Arc::clone(&store));
        let tokens = genuine_gateway::token::Tokens::new(support::token_settings(), Arc::clone(&store));
        Gate { store, challenges, tokens: Some(tokens), ..gate }
    });
    for (version, status) in [(None, 403), (Some("3.16"), 403), (Some("3.17"), 200)] {
        assert_eq!(place.ask(&phone, version).await.status, status, "{version:?}");
    }
}

#[tokio::test]
async fn a_device_asks_for_tokens_as_often_as_it_may() {
    let place = Place::of(&play(false), &[APPLICATION], |gate| Gate { devices: RateLimiter::per_minute(2), ..gate });
    let phone = place.phone("pixel").await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(place.ask(&phone, None).await.status);
    }
    assert!(statuses.starts_with(&[200]) && statuses.ends_with(&[429]), "{statuses:?}");
}

/// The token lives longer than the attestation counts.
#[tokio::test]
async fn a_token_ends_with_the_attestation() {
    let place = Place::new(&Play { attestation_lifetime_seconds: 100, ..play(false) });
    let phone = place.phone("pixel").await;
    let token = place.ask(&phone, None).await.json()["access_token"].as_str().unwrap().to_owned();
    let come = async |id: &str| {
        use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
        let ath = BASE64_URL_SAFE_NO_PAD.encode(genuine_gateway::gate::sha256(token.as_bytes()));
        let others = json!({ "htm": "GET", "ath": ath, "jti": id, "nonce": null });
        let proof = phone.proof("/profile", "", place.now(), &others);
        let request = Request::get("/profile").header("authorization", format!("DPoP {token}")).header("dpop", proof);
        answer_of(place.app.clone(), "127.0.0.1", request.body(Body::empty()).unwrap()).await
    };
    place.site.hands.advance(100);
    assert_eq!(come("1").await.status, 200);
    place.site.hands.advance(1);
    assert_eq!(come("2").await.code(), "attestation_expired");
}

/// A key is of one application, and of one platform.
#[tokio::test]
async fn a_key_is_registered_in_one_place() {
    let place = Place::new(&play(false));
    let phone = place.phone("pixel").await;
    assert_eq!(place.attest(OTHER, &phone, |_| {}).await.code(), "already_registered");
    let alice = device("alice");
    place.site.register(&alice, "alice").await;
    let record = place.site.gate.store.device(KeyId(alice.key_id())).await.unwrap().unwrap();
    let other = Phone::new("other");
    place.site.gate.store.register(KeyId(other.key_id), &record).await.unwrap();
    assert_eq!(place.attest(APPLICATION, &other, |_| {}).await.code(), "already_registered");
}

#[tokio::test]
async fn a_test_response_is_one_of_development() {
    let test = |said: &mut Json| said.add("testingDetails", Json::object([("isTestingResponse", true.into())]));
    let place = Place::new(&Play { environment: Environment::Development, ..play(false) });
    let answer = place.attest(APPLICATION, &Phone::new("pixel"), test).await;
    assert_eq!((answer.status, &answer.json()["environment"]), (201, &json!("DEVELOPMENT")), "{}", answer.json());
    let place = Place::new(&play(false));
    assert_eq!(place.attest(APPLICATION, &Phone::new("pixel"), test).await.status, 401);
    assert_eq!(place.site.refusals("PlayTestResponse"), 1);
}

/// A key of Apple's is attested once: what is locked takes another one.
#[tokio::test]
async fn a_locked_key_of_apples_is_not_registered_again() {
    let site = Site::new();
    let alice = device("alice");
    site.register(&alice, "alice").await;
    site.gate.set_lock(KeyId(alice.key_id()), true).await.unwrap();
    let challenge = site.challenge("attestation", "alice").await;
    assert_eq!(site.post("/devices", "alice", &registration(&alice, &challenge)).await.code(), "locked");
}

/// What is OPTIONAL refuses nobody for an outcome, but for a locked device, which has to succeed.
#[tokio::test]
async fn a_lock_outlives_the_mode_under_which_it_was_set() {
    let place = Place::new(&Play { mode: Mode::Optional, ..play(false) });
    let phone = place.phone("pixel").await;
    assert_eq!(place.attest(APPLICATION, &phone, failing).await.status, 200);
    place.site.gate.set_lock(KeyId(phone.key_id), true).await.unwrap();
    assert_eq!(place.attest(APPLICATION, &phone, failing).await.status, 401);
    place.site.hands.advance(1);
    assert_eq!(place.attest(APPLICATION, &phone, |_| {}).await.json()["registered"], true);
    assert_eq!(place.attest(APPLICATION, &phone, failing).await.status, 200);
}

/// Each token that is decoded elsewhere costs one of a day's, good or not: an address has a few in a minute.
#[tokio::test]
async fn an_address_has_few_tokens_decoded() {
    struct Nobody;
    #[async_trait::async_trait]
    impl genuine_gateway::play::Decoder for Nobody {
        async fn decode(&self, _: &str, _: &str) -> Result<Vec<u8>, genuine_gateway::play::DecodeFault> {
            Err(genuine_gateway::play::DecodeFault::Refused)
        }
    }
    let place = Place::of(&play(true), &[APPLICATION], |gate| Gate {
        decoder: Some(Arc::new(Nobody)),
        decodes: RateLimiter::per_minute(2),
        ..gate
    });
    let mut statuses = Vec::new();
    for number in 0..4 {
        let phone = Phone::new(&format!("phone {number}"));
        let challenge = place.site.challenge("integrity", "session").await;
        let body = json!({ "application": APPLICATION, "challenge": challenge, "integrity_token": { "standard": "a.b.c.d.e" } });
        let mut request = json_request("/devices", "session", &body);
        let proof = phone.proof("/devices", &challenge, place.now(), &json!({}));
        request.headers_mut().insert("dpop", proof.parse().unwrap());
        statuses.push(place.site.send(request).await.status);
    }
    assert!(statuses.starts_with(&[401]) && statuses.ends_with(&[429]), "{statuses:?}");
}

/// A rule that takes tokens and no bodies refuses a body, and the hash of one.
#[tokio::test]
async fn a_rule_for_tokens_without_bodies_gets_none() {
    let text =
        "[[forward_auth]]\nname = \"profile\"\nevidence = \"token\"\nbody = \"none\"\ncallers = [\"demo\"]\n[tokens]";
    let rules = ForwardRule::configured(&toml::from_str(text).unwrap());
    let site = Site::new();
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    let challenge = site.challenge("assertion", "alice").await;
    let token = site.send(support::signed(&mut alice, "POST", "/tokens", "", Some(&challenge))).await.json();
    let token = token["access_token"].as_str().unwrap().to_owned();
    let app = AppRoutes::new(Arc::clone(&site.gate), support::intake());
    let app = app.forward_auth(&["127.0.0.1/32".parse().unwrap()], rules).unwrap();
    let app = app.router(Arc::new(Origin { allow_plain_http: true, ..origin() }));
    let digest = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";
    for (body, digest, status) in [("", None, 200), ("a body", None, 400), ("", Some(digest), 400)] {
        let mut request = Request::get("/authorize/profile")
            .header("x-forwarded-method", "GET")
            .header("x-forwarded-uri", "/profile")
            .header("authorization", format!("Bearer {token}"));
        if let Some(digest) = digest {
            request = request.header("content-digest", digest);
        }
        let request = request.body(Body::from(body)).unwrap();
        assert_eq!(answer_of(app.clone(), "127.0.0.1", request).await.status, status, "{body:?} {digest:?}");
    }
}
