//! Request tokens: what a key is exchanged for, and what becomes of one when its key changes.

use axum::http::Request;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine_gateway::{
    api_key::KeyKind,
    config::{self, TokenSecret, TokenSettings},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, jwk::JwkSet};
use serde_json::Value;

use super::{CLIENT, Place, READ, Signing, TestKey, come, exchange, rejected};
use crate::support::{AUTHORITY, now, token_settings};

fn refused() -> (u16, String) {
    (401, "request_token_rejected".to_owned())
}

#[tokio::test]
async fn r71_a_key_is_exchanged_for_a_token_of_minutes() {
    let key = TestKey::new("alice");
    let place = Place::new("exchange", &[key.bearer("scopes = [\"orders:read\", \"orders:write\"]\n")]);
    let answer = place.send(exchange(&format!("ApiKey {}", key.shown()), "")).await;
    let body = answer.json();
    assert_eq!((answer.status, &body["token_type"], &body["expires_in"]), (200, &"Bearer".into(), &120.into()));
    assert_eq!(body["scope"], "orders:read orders:write");
    let token = body["access_token"].as_str().unwrap();
    let text = place.passed(come("/partner/orders", &format!("Bearer {token}"))).await;
    assert_eq!(text, format!("{} {CLIENT} orders:read,orders:write token 0", key.id));
    assert_eq!(place.gate.metrics.api_keys(CLIENT, KeyKind::Token, "accepted"), 1);
    assert_eq!(place.gate.metrics.api_key_tokens.get(), 1);

    // Another library verifies it with the published keys, as what it is: of its own type and audience.
    let keys: JwkSet = serde_json::from_slice(
        &place.send(Request::get("/.well-known/jwks.json").body(axum::body::Body::empty()).unwrap()).await.body,
    )
    .unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[format!("https://{AUTHORITY}/api-keys")]);
    validation.set_issuer(&[format!("https://{AUTHORITY}")]);
    validation.validate_exp = false;
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("genuine-api-key+jwt"));
    let jwk = keys.find(header.kid.as_deref().unwrap()).unwrap();
    let decoded = decode::<Value>(token, &DecodingKey::from_jwk(jwk).unwrap(), &validation).unwrap();
    let claims = &decoded.claims;
    assert_eq!((&claims["sub"], &claims["application"]), (&key.id.as_str().into(), &CLIENT.into()));
    assert_eq!(claims["scope"], "orders:read orders:write");
    assert_eq!(claims["exp"], now() + 120);
    assert!(claims.get("verdict").is_none() && claims.get("environment").is_none(), "it says nothing of a device");
}

#[tokio::test]
async fn r71_a_token_is_for_what_was_asked() {
    let key = TestKey::new("alice");
    let place = Place::new("narrow", &[key.bearer("scopes = [\"orders:read\", \"orders:write\"]\n")]);
    let shown = format!("ApiKey {}", key.shown());
    let narrow = place.token(&key, "{\"scope\":\"orders:read\"}").await;
    place.passed(come("/partner/orders", &format!("Bearer {narrow}"))).await;
    let write = come("/partner/write", &format!("Bearer {narrow}"));
    assert_eq!(place.refused(write).await, (403, "insufficient_scope".to_owned()));
    place.passed(come("/partner/write", &shown)).await;
    let many = format!("{{\"scope\":\"{}\"}}", ["orders:read"; 300].join(" ")).leak();
    for (body, status, code) in [
        ("{\"scope\":\"orders:delete\"}", 403, "insufficient_scope"),
        ("{\"scope\":\"orders:read orders:delete\"}", 403, "insufficient_scope"),
        ("{\"scope\":\"\"}", 400, "malformed"),
        ("{\"scope\":\"orders:read  orders:write\"}", 400, "malformed"),
        ("{\"scope\":\"ORDERS\"}", 400, "malformed"),
        ("{\"scope\":\"orders:read orders:read\"}", 400, "malformed"),
        ("{\"scope\":\"a b c d e f g h i j k l m n o p q\"}", 400, "malformed"),
        (many, 400, "malformed"),
        ("{}", 400, "malformed"),
        ("{\"scope\":\"orders:read\",\"lifetime\":3600}", 400, "malformed"),
        ("[\"orders:read\"]", 400, "malformed"),
        ("scope=orders:read", 400, "malformed"),
    ] {
        assert_eq!(place.refused(exchange(&shown, body)).await, (status, code.to_owned()), "{body}");
    }
}

#[tokio::test]
async fn r71_a_signed_request_is_exchanged_once() {
    let key = TestKey::new("signing");
    let place = Place::new("signed-exchange", &[key.signing("")]);
    let signing = Signing { target: "/api-keys/tokens", body: "{\"scope\":\"orders:read\"}", ..Signing::of(&key, 1) };
    let answer = place.send(signing.request()).await;
    assert_eq!(answer.status, 200);
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    place.passed(come("/partner/orders", &format!("Bearer {token}"))).await;
    assert_eq!(place.refused(signing.request()).await, (401, "signature_rejected".to_owned()));
}

#[tokio::test]
async fn r71_each_wrong_token_is_refused() {
    let key = TestKey::new("alice");
    let place = Place::new("wrong-tokens", &[key.bearer("")]);
    let token = place.token(&key, "").await;
    let come_with = |token: &str| come("/partner/orders", &format!("Bearer {token}"));
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let mut other = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    other[20] ^= 1;
    let other = BASE64_URL_SAFE_NO_PAD.encode(other);
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    let more = BASE64_URL_SAFE_NO_PAD.encode(text.replace("orders:read", "orders:full"));
    let none = BASE64_URL_SAFE_NO_PAD.encode("{\"alg\":\"none\",\"typ\":\"genuine-api-key+jwt\"}");
    for wrong in [
        format!("{header}.{claims}.{other}"),
        format!("{header}.{more}.{signature}"),
        format!("{none}.{claims}."),
        format!("{header}.{claims}"),
        String::new(),
        key.shown(),
    ] {
        assert_eq!(place.refused(come_with(&wrong)).await, refused(), "{wrong}");
    }
    // A token is not exchanged: it would never end.
    assert_eq!(place.refused(exchange(&format!("Bearer {token}"), "")).await, rejected());
    assert_eq!(place.gate.metrics.refusals("ApiKeyExchange"), 1);
    place.hands.advance(119);
    place.passed(come_with(&token)).await;
    place.hands.advance(2);
    assert_eq!(place.refused(come_with(&token)).await, refused());
}

/// Where a secret is shared, it signs request tokens as well.
#[tokio::test]
async fn r71_a_shared_secret_signs_request_tokens() {
    let key = TestKey::new("alice");
    let secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let secrets = vec![TokenSecret::decode(secret).unwrap()];
    let tokens = TokenSettings { signing: config::Signing::Shared { secrets, decoys: false }, ..token_settings() };
    let place = Place::build("shared", &[key.bearer("")], "authorization", tokens);
    let token = place.token(&key, "").await;
    assert_eq!(jsonwebtoken::decode_header(&token).unwrap().alg, Algorithm::HS256);
    place.passed(come("/partner/orders", &format!("Bearer {token}"))).await;
    assert_eq!(place.refused(come("/basket", &format!("Bearer {token}"))).await, (401, "token_rejected".to_owned()));
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&[format!("https://{AUTHORITY}/api-keys")]);
    validation.validate_exp = false;
    decode::<Value>(&token, &DecodingKey::from_base64_secret(secret).unwrap(), &validation).unwrap();
}

/// The file is asked with each request: what happens to a key happens to its tokens.
#[tokio::test]
async fn r71_a_token_is_refused_when_its_key_is() {
    let (key, next) = (TestKey::new("alice"), TestKey::new("next"));
    let place = Place::new("revocation", &[key.bearer("")]);
    let token = place.token(&key, "").await;
    let come_with = || come("/partner/orders", &format!("Bearer {token}"));
    place.passed(come_with()).await;
    let changes = [
        ("revoked = true\n", rejected(), "ApiKeyRevoked"),
        ("expires = 2020-01-31\n", rejected(), "ApiKeyExpired"),
        ("application = \"other-web\"\n", rejected(), "ApiKeyClient"),
        ("scopes = [\"orders:write\"]\n", (403, "insufficient_scope".to_owned()), "ScopeMissing"),
    ];
    for (lines, expected, reason) in changes {
        place.rewrite(&[key.bearer(lines)]);
        assert_eq!(place.refused(come_with()).await, expected, "{lines}");
        assert_eq!(place.gate.metrics.refusals(reason), 1, "{lines}");
    }
    // A key that went to another client takes no token of the first one along.
    place.rewrite(&[key.bearer("application = \"other-web\"\n")]);
    place.passed(come("/other/orders", &format!("ApiKey {}", key.shown()))).await;
    assert_eq!(place.refused(come("/other/orders", &format!("Bearer {token}"))).await, rejected());
    place.rewrite(&[next.bearer("")]);
    assert_eq!(place.refused(come_with()).await, rejected());
    assert_eq!(place.gate.metrics.refusals("ApiKeyUnknown"), 1);
    // Both while one takes the place of the other.
    place.rewrite(&[key.bearer(""), next.bearer("")]);
    place.passed(come_with()).await;
    for key in [&key, &next] {
        place.passed(come("/partner/orders", &format!("ApiKey {}", key.shown()))).await;
    }
    // A scope that the key gets later is not the token's.
    place.rewrite(&[key.bearer("scopes = [\"orders:read\", \"orders:write\"]\n")]);
    assert_eq!(place.passed(come_with()).await, format!("{} {CLIENT} {READ} token 0", key.id));
}

#[tokio::test]
async fn the_interface_describes_the_exchange() {
    let place = Place::new("interface", &[]);
    let description = place.send(Request::get("/openapi.json").body(axum::body::Body::empty()).unwrap()).await.json();
    let exchange = &description["paths"]["/api-keys/tokens"]["post"];
    let said = exchange["responses"]["200"]["content"]["application/json"]["schema"]["required"].as_array().unwrap();
    let key = TestKey::new("alice");
    place.rewrite(&[key.bearer("")]);
    let answer = place.send(super::exchange(&format!("ApiKey {}", key.shown()), "")).await.json();
    assert_eq!(answer.as_object().unwrap().len(), said.len());
    assert!(said.iter().all(|name| answer.get(name.as_str().unwrap()).is_some()), "{answer}");
    for status in ["400", "401", "403", "429"] {
        assert!(exchange["responses"][status].is_object(), "{status}");
    }
    let verdicts =
        &description["paths"]["/authorize/{name}"]["get"]["responses"]["200"]["headers"]["X-Genuine-Verdict"];
    assert!(verdicts["schema"]["enum"].as_array().unwrap().contains(&"api_key".into()));
}
