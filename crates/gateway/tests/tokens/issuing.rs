//! Who gets a token, who may come with one, and what others verify.

use std::sync::Arc;

use axum::{body::Body, http::Request};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::{
    Error,
    app_attest::{Environment, KeyId},
};
use genuine_gateway::{
    config::TokenSettings,
    gate::{Caller, Gate, TokenRequest},
    http::AppRoutes,
    limit::RateLimiter,
    refusal::Refusal,
    store::{MemoryStore, Store, Usage},
    token::{Client, Grant, Tokens},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    AUDIENCE, ISSUER, LIFETIME, Place, gate_with_tokens, part,
    support::{self, APPLICATION, Hands, Site, answer_of, device, now, origin, signed},
};

#[tokio::test]
async fn a_device_that_signs_gets_a_token_and_comes_with_it() {
    let place = Place::new();
    let (alice, token) = place.registered("alice").await;
    let subject = BASE64_URL_SAFE_NO_PAD.encode(alice.key_id());
    for _ in 0..3 {
        let answer = place.come(&token).await;
        assert_eq!((answer.status, answer.body), (200, format!("{subject} {APPLICATION}").into_bytes()));
    }
    let claims = part(&token, 1);
    assert_eq!(part(&token, 0)["alg"], "ES256");
    assert_eq!(
        (&claims["iss"], &claims["aud"], &claims["sub"]),
        (&json!(ISSUER), &json!("https://api.example"), &json!(subject))
    );
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(now() - 60), &json!(now() + u64::from(LIFETIME))));
    assert_eq!((&claims["environment"], &claims["verdict"]), (&json!("PRODUCTION"), &json!("VERIFIED")));
    assert_eq!((place.site.gate.metrics.tokens.get(), place.site.gate.metrics.admissions.get()), (1, 3));
    // Nor does a signature that may be old.
    let mut bob = device("bob");
    place.site.register(&bob, "bob").await;
    assert_eq!(place.send(signed(&mut bob, "POST", "/tokens", "", None)).await.code(), "challenge_rejected");
    // Who signed nothing gets none, and neither does whoever has a token alone.
    let bare = |header: &str| Request::post("/tokens").header("authorization", header).body(Body::empty()).unwrap();
    for header in ["Bearer x".to_owned(), format!("Bearer {token}")] {
        assert_eq!(place.send(bare(&header)).await.code(), "rejected");
    }
}

/// None, or any flipped bit, answers 401.
#[tokio::test]
async fn r12_only_valid_signed_tokens_pass() {
    let place = Place::new();
    let (_, token) = place.registered("alice").await;
    for place_of_flip in 0..token.len() {
        let mut flipped = token.clone().into_bytes();
        flipped[place_of_flip] ^= 1;
        let Ok(flipped) = String::from_utf8(flipped) else { continue };
        if !flipped.bytes().all(|octet| octet.is_ascii_graphic()) {
            continue;
        }
        let answer = place.come(&flipped).await;
        assert_eq!((answer.status, answer.code()), (401, "token_rejected".to_owned()), "{place_of_flip}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    for header in
        [None, Some(""), Some("Bearer"), Some("Bearer "), Some(&*token), Some("Basic eDp5"), Some("Bearer a.b.c")]
    {
        let request = header
            .into_iter()
            .fold(Request::get("/profile"), |request, header| request.header("authorization", header));
        let answer = place.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status, answer.code()), (401, "token_rejected".to_owned()), "{header:?}");
    }
    // Twice is none.
    let twice = Request::get("/profile").header("authorization", format!("Bearer {token}"));
    let twice = twice.header("authorization", format!("Bearer {token}"));
    assert_eq!(place.send(twice.body(Body::empty()).unwrap()).await.status, 400);
    assert_eq!(place.come(&token).await.status, 200);
}

#[tokio::test]
async fn r13_a_token_expires_to_the_second() {
    let place = Place::new();
    let (_, token) = place.registered("alice").await;
    place.site.hands.advance(u64::from(LIFETIME) - 1);
    assert_eq!(place.come(&token).await.status, 200);
    place.site.hands.advance(1);
    assert_eq!(place.come(&token).await.code(), "token_rejected");
    assert_eq!(place.site.refusals("TokenExpired"), 1);
}

const fn grant(key_id: KeyId, application: &str) -> Grant<'_> {
    let client = Client { address: None, agent: None };
    Grant { key_id, environment: Environment::Production, application, bound_to: None, client, lifetime: None }
}

/// Under another application than the record's a token is nobody's, and a device that was revoked meanwhile gets none.
#[tokio::test]
async fn a_token_is_held_against_the_record() {
    let place = Place::new();
    let (alice, _) = place.registered("alice").await;
    let key_id = KeyId(alice.key_id());
    let tokens = place.site.gate.tokens.as_ref().unwrap();
    let all = [APPLICATION.to_owned(), "other".to_owned()];
    for (application, accepted) in [(APPLICATION, true), ("other", false)] {
        let token = tokens.mint(&grant(key_id, application), now()).await.unwrap();
        assert_eq!(place.admit(&token, &all).await.is_ok(), accepted, "{application}");
    }
    // Of a device that nobody registered, by the gateway's own key.
    let stranger = KeyId(device("stranger").key_id());
    let token = tokens.mint(&grant(stranger, APPLICATION), now()).await.unwrap();
    assert_eq!(place.admit(&token, &all).await, Err(Error::UnknownKey.into()));

    let caller = Caller { key_id, application: APPLICATION.to_owned(), counter: 1 };
    let request = TokenRequest { bound_to: None, client: Client::default() };
    assert!(place.site.gate.issue_token(&caller, request).await.is_ok());
    place.site.gate.revoke(key_id).await.unwrap();
    assert_eq!(place.site.gate.issue_token(&caller, request).await, Err(Refusal::KeyRevoked));
}

/// Those of now and of the next minute, since clocks differ; a later one is good.
#[tokio::test]
async fn r14_tokens_of_a_device_are_revoked_at_their_next_request() {
    let place = Place::new();
    let (mut alice, token) = place.registered("alice").await;
    let (_, bobs) = place.registered("bob").await;
    let path = format!("/devices/{}/tokens/revocation", BASE64_URL_SAFE_NO_PAD.encode(alice.key_id()));
    assert_eq!(place.site.operate("PUT", &path).await.status, 204);
    assert_eq!(place.come(&token).await.code(), "token_rejected");
    assert_eq!((place.come(&bobs).await.status, place.site.refusals("TokenRevoked")), (200, 1));
    // One of now would be refused by a gateway whose clock is behind: the device is told when to come back.
    place.site.hands.advance(58);
    let request = place.ask(&mut alice, "").await;
    let answer = place.send(request).await;
    assert_eq!((answer.status, answer.headers["retry-after"].as_bytes()), (429, &b"3"[..]));
    place.site.hands.advance(3);
    let later = place.token(&mut alice).await;
    assert_eq!((place.come(&later).await.status, place.come(&token).await.status), (200, 401));
    let nobody = format!("/devices/{}/tokens/revocation", BASE64_URL_SAFE_NO_PAD.encode([7; 32]));
    assert_eq!(place.site.operate("PUT", &nobody).await.code(), "not_found");
}

/// Gateways of one store whose clocks differ by a minute take each other's tokens.
#[tokio::test]
async fn a_gateway_whose_clock_is_behind_takes_a_new_token() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let one = Place::over(&store, &Hands::at(now()));
    let (_, token) = one.registered("alice").await;
    for (behind, status) in [(0, 200), (1, 200), (60, 200), (61, 401)] {
        let other = Place::over(&store, &Hands::at(now() - behind));
        assert_eq!(other.come(&token).await.status, status, "{behind}");
    }
}

#[tokio::test]
async fn r14_a_revoked_device_is_refused_at_its_next_request() {
    let place = Place::new();
    let (mut alice, token) = place.registered("alice").await;
    let (_, other) = place.registered("bob").await;
    place.site.gate.revoke(KeyId(alice.key_id())).await.unwrap();
    assert_eq!(place.come(&token).await.code(), "rejected");
    let challenge = place.site.challenge("assertion", "alice").await;
    assert_eq!(place.send(signed(&mut alice, "POST", "/tokens", "", Some(&challenge))).await.status, 401);
    assert_eq!((place.site.refusals("KeyRevoked"), place.come(&other).await.status), (2, 200));
}

/// Both keys are published while both are in use. A new one signs when verifiers elsewhere have had time to read it.
#[tokio::test]
async fn r15_keys_rotate_and_overlap() {
    let (store, hands): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::default()), Hands::at(now()));
    let (one, other) = (Place::over(&store, &hands), Place::over(&store, &hands));
    let (mut alice, token) = one.registered("alice").await;
    let kids = async |place: &Place| place.keys().await.iter().map(|key| key["kid"].clone()).collect::<Vec<_>>();
    let first = kids(&other).await;
    assert_eq!((first.len(), &part(&token, 0)["kid"]), (1, &first[0]), "one key, whichever gateway needed it first");

    // The operator adds one; the other gateway has not read it yet.
    assert_eq!(one.site.operate("PUT", "/tokens/keys").await.status, 204);
    let both = kids(&one).await;
    assert_eq!((both.len(), &both[1], kids(&other).await), (2, &first[0], first.clone()));
    let before = one.token(&mut alice).await;
    assert_eq!(part(&before, 0)["kid"], first[0], "it does not sign yet");
    hands.advance(599);
    let before = one.token(&mut alice).await;
    assert_eq!(part(&before, 0)["kid"], first[0]);
    other.site.gate.tokens.as_ref().unwrap().renew((other.site.gate.clock)()).await.unwrap();
    hands.advance(1);
    let after = one.token(&mut alice).await;
    assert_eq!(part(&after, 0)["kid"], both[0]);
    for place in [&one, &other] {
        for token in [&before, &after] {
            assert_eq!(place.come(token).await.status, 200);
        }
        assert_eq!(kids(place).await, both);
    }

    // By itself after a week, and four are kept.
    for weeks in 1..=5 {
        hands.advance(7 * 86_400);
        one.site.gate.tokens.as_ref().unwrap().renew((one.site.gate.clock)()).await.unwrap();
        assert_eq!(kids(&one).await.len(), (2 + weeks).min(4));
    }
    assert_eq!(
        store.secrets(Usage::Challenges).await.unwrap().len(),
        1,
        "of the other use there is the one that was needed"
    );
}

/// Requests of one device may overtake each other.
#[tokio::test(flavor = "multi_thread")]
async fn many_requests_come_with_one_token_at_once() {
    let place = Arc::new(Place::new());
    let (_, token) = place.registered("alice").await;
    let mut runners = JoinSet::new();
    for _ in 0..50 {
        let (place, token) = (Arc::clone(&place), token.clone());
        runners.spawn(async move { place.come(&token).await.status });
    }
    assert!(runners.join_all().await.into_iter().all(|status| status == 200));
}

/// In the year 2345 the time has 34 bits, and a token ends then as it does now.
#[tokio::test]
async fn r80_a_token_ends_by_a_time_of_64_bits() {
    let place = Place::new();
    let mut alice = place.device("alice").await;
    place.site.hands.advance(11_833_862_400 - now());
    let token = place.token(&mut alice).await;
    assert_eq!(part(&token, 1)["exp"], 11_833_862_400 + u64::from(LIFETIME));
    place.site.hands.advance(u64::from(LIFETIME) - 1);
    assert_eq!(place.come(&token).await.status, 200);
    place.site.hands.advance(1);
    assert_eq!(place.come(&token).await.code(), "token_rejected");
    assert_eq!(place.site.refusals("TokenExpired"), 1);
}

#[tokio::test]
async fn r74_a_token_is_good_for_its_application_service_and_store() {
    let (store, hands): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::default()), Hands::at(now()));
    let place = Place::over(&store, &hands);
    // Registered under the other application, whose devices get tokens, and which the route is not for.
    let mut bob = device("bob");
    let body = json!({ "application": "other", "purpose": "attestation" });
    let challenge = place.site.post("/challenges", "bob", &body).await.json()["challenge"].as_str().unwrap().to_owned();
    let mut registration = support::registration(&bob, &challenge);
    registration["application"] = json!("other");
    assert_eq!(place.site.post("/devices", "bob", &registration).await.status, 201);
    let token = place.token_of("other", &mut bob).await;
    assert_eq!(place.come(&token).await.code(), "rejected");
    assert_eq!(place.site.refusals("ApplicationRefused"), 1);

    // Where that application gets none, it gets none.
    let strict = AppRoutes::new(Arc::clone(&place.site.gate), support::intake()).tokens(vec![APPLICATION.to_owned()]);
    let strict = strict.unwrap().router(Arc::new(origin()));
    let challenge =
        place.site.post("/challenges", "alice", &json!({ "application": "other", "purpose": "assertion" })).await;
    let challenge = challenge.json()["challenge"].as_str().unwrap().to_owned();
    let request = signed(&mut bob, "POST", "/tokens", "", Some(&challenge));
    assert_eq!(answer_of(strict, "127.0.0.1", request).await.code(), "rejected");

    let (_, token) = place.registered("alice").await;
    // Another store has other keys.
    assert_eq!(Place::new().come(&token).await.code(), "token_rejected");
    // The keys of this one, for another issuer or audience.
    for (issuer, audience, reason) in
        [("https://elsewhere", "https://api.example", "TokenIssuer"), (ISSUER, "https://elsewhere", "TokenAudience")]
    {
        let settings = TokenSettings::new(issuer, audience, LIFETIME);
        let tokens = Some(Tokens::new(settings, Arc::clone(&store)));
        let gate = Gate { tokens, ..gate_with_tokens(&store, &hands) };
        let elsewhere = Place::of(gate, &hands, "authorization");
        assert_eq!(elsewhere.come(&token).await.code(), "token_rejected");
        assert_eq!(elsewhere.site.refusals(reason), 1, "{reason}");
    }
    // One that lives longer than this gateway's live.
    let settings = TokenSettings::new(ISSUER, AUDIENCE, LIFETIME - 1);
    let gate = Gate { tokens: Some(Tokens::new(settings, Arc::clone(&store))), ..gate_with_tokens(&store, &hands) };
    assert_eq!(Place::of(gate, &hands, "authorization").come(&token).await.code(), "token_rejected");
}

#[tokio::test]
async fn r64_the_header_of_a_token_is_configured() {
    let (store, hands): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::default()), Hands::at(now()));
    let place = Place::of(gate_with_tokens(&store, &hands), &hands, "x-device-token");
    let (_, token) = place.registered("alice").await;
    let come = async |name: &str, value: &str| {
        place.send(Request::get("/profile").header(name, value).body(Body::empty()).unwrap()).await.status
    };
    assert_eq!(come("x-device-token", &token).await, 200);
    assert_eq!(come("x-device-token", &format!("Bearer {token}")).await, 401, "the token alone");
    assert_eq!(come("authorization", &format!("Bearer {token}")).await, 401);
}

/// With the published keys and nothing else.
#[tokio::test]
async fn r81_anybody_verifies_a_token_with_the_published_keys() {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
    let place = Place::new();
    let (alice, token) = place.registered("alice").await;
    let keys: JwkSet = serde_json::from_value(json!({ "keys": place.keys().await })).unwrap();
    let key = keys.find(&decode_header(&token).unwrap().kid.unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.validate_exp = false;
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&["https://api.example"]);
    let claims = decode::<Value>(&token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap().claims;
    assert_eq!(claims["sub"], BASE64_URL_SAFE_NO_PAD.encode(alice.key_id()));
}

#[tokio::test]
async fn without_tokens_there_is_no_such_route() {
    let hands = Hands::at(now());
    let gate = Arc::new(Gate { tokens: None, ..support::gate_over(Arc::new(MemoryStore::default()), &hands) });
    let app = AppRoutes::new(Arc::clone(&gate), support::intake()).router(Arc::new(origin()));
    let site = Site::of(gate, hands, origin());
    for (method, path) in [("POST", "/tokens"), ("GET", "/.well-known/jwks.json")] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        assert_eq!(answer_of(app.clone(), "127.0.0.1", request).await.code(), "not_found");
    }
    assert_eq!(site.operate("PUT", "/tokens/keys").await.code(), "not_found");
}

#[tokio::test]
async fn a_device_comes_as_often_as_it_may_with_a_token_too() {
    let (store, hands): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::default()), Hands::at(now()));
    let gate = Gate { devices: RateLimiter::per_minute(12), ..gate_with_tokens(&store, &hands) };
    let place = Place::of(gate, &hands, "authorization");
    let (_, token) = place.registered("alice").await;
    // One of its two was the request for the token.
    assert_eq!((place.come(&token).await.status, place.come(&token).await.code()), (200, "rate_limited".to_owned()));
    // Who has no valid token uses up nothing of it.
    let (_, other) = place.registered("bob").await;
    for _ in 0..5 {
        assert_eq!(place.come(&format!("{other}x")).await.code(), "token_rejected");
    }
    assert_eq!(place.come(&other).await.status, 200);
}
