//! Tokens of HS256, whose secret the API shares, and those that nobody accepts.

use std::sync::Arc;

use axum::{body::Body, http::Request};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use genuine::app_attest::KeyId;
use genuine_gateway::{
    config::{ClientTrait, Dpop, Signing, TokenSecret, TokenSettings},
    gate::{Gate, IssuedToken, TokenRequest, sha256},
    http::parse_assertion_headers,
    limit::RateLimiter,
    refusal::Refusal,
    store::{MemoryStore, Store},
    token::{Client, Tokens},
};
use genuine_testvectors::Device;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Validation, decode,
    jwk::{Jwk, ThumbprintHash},
};
use serde_json::{Value, json};

use crate::{
    APPLICATION, AUDIENCE, CLIENT_KEY, ISSUER, Place, access_token, binding, gate_with_tokens, part, proof, settings,
    support::{self, Answer, Hands, device, now, signed},
};

fn secret(octet: u8) -> [u8; 32] {
    [octet; 32]
}

fn shared(secrets: &[u8], decoys: bool) -> TokenSettings {
    let secrets = secrets.iter().map(|octet| TokenSecret::decode(&BASE64_STANDARD.encode(secret(*octet))).unwrap());
    TokenSettings { signing: Signing::Shared { secrets: secrets.collect(), decoys }, ..settings() }
}

/// What the API finds, with the other library and one secret.
fn verified(token: &str, octet: u8) -> Option<Value> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    decode(token, &DecodingKey::from_secret(&secret(octet)).unwrap(), &validation).ok().map(|token| token.claims)
}

/// The name of a secret, as the other library computes its thumbprint.
fn kid(octet: u8) -> String {
    let key = EncodingKey::from_secret(&secret(octet)).unwrap();
    let jwk = Jwk::from_encoding_key(&key, Algorithm::HS256).unwrap();
    jwk.thumbprint(ThumbprintHash::SHA256).unwrap()[..12].to_owned()
}

#[tokio::test]
async fn r62_tokens_of_a_shared_secret_verify_with_it_alone() {
    let place = Place::with(shared(&[1], false));
    let (alice, token) = place.registered("alice").await;
    assert_eq!(part(&token, 0), json!({ "alg": "HS256", "typ": "JWT", "kid": kid(1) }));
    assert_eq!(verified(&token, 1).unwrap()["sub"], BASE64_URL_SAFE_NO_PAD.encode(alice.key_id()));
    let issued = IssuedToken { token: token.clone(), lifetime: 300, is_bound: false };
    assert!(!format!("{issued:?}").contains(&token));
    assert_eq!((verified(&token, 2), place.come(&token).await.status), (None, 200));
    // Nothing is published, and there is no key to add.
    let answer = place.send(Request::get("/.well-known/jwks.json").body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, answer.code()), (404, "not_found".to_owned()));
    assert_eq!(place.site.operate("PUT", "/tokens/keys").await.code(), "not_found");
    // A token of the one algorithm is none of the other's.
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let (with_keys, with_secret) =
        (Place::with_over(settings(), &store), Place::with_over(shared(&[1], false), &store));
    let (mut alice, signed) = with_keys.registered("alice").await;
    assert_eq!(with_secret.come(&signed).await.code(), "token_rejected");
    assert_eq!(with_keys.come(&with_secret.token(&mut alice).await).await.code(), "token_rejected");
    // A key of the client's binds them too.
    let token = with_secret.bound_token(&mut alice).await;
    assert_eq!(with_secret.come_with(&token, &proof(&token, "one")).await.status, 200);
    assert_eq!(with_secret.come(&token).await.status, 401);
}

/// New and old side by side, in the order in which the README replaces one.
#[tokio::test]
async fn r82_a_secret_is_replaced_without_a_refusal() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let place = |secrets: &[u8]| Place::with_over(shared(secrets, false), &store);
    let (mut alice, old) = place(&[1]).registered("alice").await;
    assert_eq!(part(&old, 0)["kid"], kid(1));
    // Every gateway knows the new one before any signs with it.
    for secrets in [&[1, 2][..], &[2, 1]] {
        assert_eq!(place(secrets).come(&old).await.status, 200);
    }
    assert_eq!(part(&place(&[1, 2]).token(&mut alice).await, 0)["kid"], kid(1));
    let new = place(&[2, 1]).token(&mut alice).await;
    assert_eq!((&part(&new, 0)["kid"], verified(&new, 2).is_some()), (&json!(kid(2)), true));
    assert_eq!(place(&[1, 2]).come(&new).await.status, 200);
    // When the last of the old ones has expired, the old secret goes.
    let after = place(&[2]);
    assert_eq!((after.come(&new).await.status, after.come(&old).await.code()), (200, "token_rejected".to_owned()));
    assert_eq!(after.site.refusals("TokenKeyUnknown"), 1);
}

/// A place with decoys, a good device, and what it gets.
struct Stage {
    place: Place,
    good: Device,
    answer: Answer,
}

impl Stage {
    async fn new() -> Self {
        let place = Place::with(shared(&[1], true));
        let mut good = place.device("good").await;
        let request = place.ask(&mut good, "").await;
        let answer = place.send(request).await;
        Self { place, good, answer }
    }

    async fn revoked(&self, name: &str) -> Device {
        let device = self.place.device(name).await;
        self.place.site.gate.revoke(KeyId(device.key_id())).await.unwrap();
        device
    }

    /// That an answer is of the shape of the good one and that nobody accepts its token.
    async fn expect_decoy(&self, answer: &Answer, reason: &str) {
        let (good, decoy) = (access_token(&self.answer, "Bearer"), access_token(answer, "Bearer"));
        let tokens = self.place.site.gate.metrics.tokens.get();
        // But for the request's name, which is another one each time.
        let [told, good_told] = [answer, &self.answer].map(|answer| {
            let mut headers = answer.headers.clone();
            assert_eq!(headers.remove("x-request-id").unwrap().len(), 32);
            headers
        });
        assert_eq!(told, good_told);
        assert_eq!((answer.body.len(), decoy.len()), (self.answer.body.len(), good.len()));
        assert_eq!(part(&decoy, 0), part(&good, 0));
        let names = |token: &str| part(token, 1).as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&decoy), names(&good));
        for name in ["iss", "aud", "iat", "exp", "application", "environment", "verdict"] {
            assert_eq!(part(&decoy, 1)[name], part(&good, 1)[name], "{name}");
        }
        assert_eq!((verified(&decoy, 1), verified(&good, 1).is_some()), (None, true));
        let forged = self.place.site.refusals("TokenForged");
        assert_eq!(self.place.come(&decoy).await.code(), "token_rejected");
        assert_eq!(self.place.site.refusals("TokenForged"), forged + 1);
        // It is counted as what it is.
        assert_eq!((self.place.site.refusals(reason), tokens), (1, 1), "{reason}");
    }
}

#[tokio::test]
async fn r63_a_verdict_looks_like_a_token() {
    let stage = Stage::new().await;
    let place = &stage.place;
    let mut revoked = stage.revoked("revoked").await;
    let answer = place.send(place.ask(&mut revoked, "").await).await;
    stage.expect_decoy(&answer, "KeyRevoked").await;
    // It takes two writes of the store, as a good one does: to use the challenge and to move the counter.
    let taken = |operation: &str| place.site.gate.metrics.store.with_label_values(&[operation]).get_sample_count();
    assert_eq!((taken("decoy"), taken("advance")), (2, 1));
    assert_eq!(part(&access_token(&answer, "Bearer"), 1)["sub"], BASE64_URL_SAFE_NO_PAD.encode(revoked.key_id()));

    // Signed by another key.
    let mut request = place.ask(&mut Device::clone(&stage.good), "").await;
    *request.body_mut() = Body::from(binding(CLIENT_KEY));
    let forged = place.send(request).await;
    assert_eq!(
        (forged.status, place.site.refusals("SignatureInvalid") + place.site.refusals("NonceMismatch")),
        (200, 1)
    );
    assert_eq!(verified(&access_token(&forged, "DPoP"), 1), None);
}

/// What an honest device acts on, what is malformed and what nobody could decide stays a problem.
#[tokio::test]
async fn r63_what_is_no_verdict_stays_a_problem() {
    let mut stage = Stage::new().await;
    let mut revoked = stage.revoked("revoked").await;
    let place = &stage.place;
    let mut stranger = device("stranger");
    for (device, others) in [(&mut stage.good, "unknown"), (&mut revoked, "revoked")] {
        // A challenge that was never issued, of another purpose, or none.
        let used = place.site.challenge("attestation", "alice").await;
        for challenge in [Some("AAAA"), Some(&*used)] {
            let answer = place.send(signed(device, "POST", "/tokens", "", challenge)).await;
            assert_eq!(answer.code(), "challenge_rejected", "{others}");
        }
        let answer = place.send(signed(device, "POST", "/tokens", "", None)).await;
        assert_eq!(answer.code(), "challenge_rejected", "{others}");
        // Of two mistakes the first one, as for anybody.
        let answer = place.send(signed(device, "POST", "/tokens", "x", Some("AAAA"))).await;
        assert_eq!(answer.code(), "challenge_rejected", "{others}");
        // A body that is none.
        let request = place.ask(device, "x").await;
        assert_eq!(place.send(request).await.code(), "malformed", "{others}");
        // Another method.
        let challenge = place.site.challenge("assertion", "alice").await;
        let answer = place.send(signed(device, "PUT", "/tokens", "", Some(&challenge))).await;
        assert_eq!(answer.code(), "method_not_allowed", "{others}");
        // An assertion that is none.
        let mut request = place.ask(device, "").await;
        request.headers_mut().insert("authorization", "Attest key_id=\"x\", assertion=\"y\"".parse().unwrap());
        assert_eq!(place.send(request).await.status, 400, "{others}");
    }
    // Who is not registered, and who comes again.
    let request = place.ask(&mut stranger, "").await;
    assert_eq!(place.send(request).await.code(), "unknown_key");
    let challenge = place.site.challenge("assertion", "alice").await;
    let again = |device: &Device| signed(&mut device.clone(), "POST", "/tokens", "", Some(&challenge));
    assert_eq!(place.send(again(&stage.good)).await.status, 200);
    assert_eq!(place.send(again(&stage.good)).await.code(), "counter_overtaken");
    // Other routes say what they find.
    let order = signed(&mut revoked, "POST", "/orders", "", None);
    assert_eq!(place.site.send(order).await.code(), "rejected");
}

#[tokio::test]
async fn r63_without_decoys_a_verdict_is_a_problem() {
    let sender = genuine_gateway::gate::Client { session: sha256(b"alice"), ..Default::default() };
    for settings in [shared(&[1], false), settings()] {
        let place = Place::with(settings);
        let mut alice = place.device("alice").await;
        place.site.gate.revoke(KeyId(alice.key_id())).await.unwrap();
        let request = place.ask(&mut alice, "").await;
        let answer = place.send(request).await;
        assert_eq!((answer.status, answer.code()), (401, "rejected".to_owned()));
        // Nor does the gate make one for others that ask it.
        let request = place.ask(&mut alice, "").await;
        let presented = parse_assertion_headers(request.headers()).unwrap();
        let (refusal, asked) = (Refusal::KeyRevoked, TokenRequest { bound_to: None, client: Client::default() });
        assert_eq!(place.site.gate.decoy_token(refusal, &presented, sender, Ok(asked)).await, Err(refusal));
    }
}

/// Decoys are bound as tokens are, and refused bindings are refused alike.
#[tokio::test]
async fn r63_decoys_are_bound_as_tokens_are() {
    let bind = vec![ClientTrait::Address, ClientTrait::Agent];
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let place = Place::with_over(TokenSettings { dpop: Dpop::Required, bind, ..shared(&[1], true) }, &store);
    let (mut good, mut bad) = (place.device("good").await, place.device("bad").await);
    place.site.gate.revoke(KeyId(bad.key_id())).await.unwrap();
    let mut answers = Vec::new();
    for device in [&mut good, &mut bad] {
        let request = place.ask(device, "").await;
        assert_eq!(place.send(request).await.code(), "dpop_required");
        let request = place.ask(device, &binding(CLIENT_KEY)).await;
        let answer = place.send(request).await;
        let claims = part(&access_token(&answer, "DPoP"), 1);
        answers.push((answer.body.len(), claims["cnf"].clone(), claims.as_object().unwrap().len()));
    }
    assert_eq!(answers[0], answers[1]);

    // What limits a device limits the good one, and nobody learns more than that.
    let hands = Hands::at(now());
    let tokens = Some(Tokens::new(shared(&[1], true), Arc::clone(&store)));
    let gate = Gate { tokens, devices: RateLimiter::per_minute(6), ..gate_with_tokens(&store, &hands) };
    let limited = Place::of(gate, &hands, "authorization");
    let first = limited.ask(&mut good, "").await;
    assert_eq!(limited.send(first).await.status, 200);
    let second = limited.ask(&mut good, "").await;
    assert_eq!(limited.send(second).await.code(), "rate_limited");
}

/// A device of an application that the route is not for is refused there; where tokens are for both, it is not.
#[tokio::test]
async fn r63_a_device_of_another_application_gets_a_decoy() {
    let (store, hands): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::default()), Hands::at(now()));
    let tokens = Some(Tokens::new(shared(&[1], true), Arc::clone(&store)));
    let gate = Arc::new(Gate { tokens, ..gate_with_tokens(&store, &hands) });
    let place = Place::over(&store, &hands);
    let mut alice = place.device("alice").await;
    let challenge = place.challenge_for(APPLICATION).await;
    let strict = genuine_gateway::http::AppRoutes::new(Arc::clone(&gate), support::intake())
        .tokens(vec!["other".to_owned()])
        .unwrap()
        .router(Arc::new(support::origin()));
    let request = signed(&mut alice, "POST", "/tokens", "", Some(&challenge));
    let answer = support::answer_of(strict, "127.0.0.1", request).await;
    assert_eq!(verified(&access_token(&answer, "Bearer"), 1), None);
    assert_eq!(gate.metrics.refusals("ApplicationRefused"), 1);
}
