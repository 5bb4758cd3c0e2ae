//! Codes: who gets tokens for one, how often, and what each misuse is answered.

use std::sync::Arc;

use axum::{body::Body, http::Request};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine_gateway::store::MemoryStore;
use serde_json::{Value, json};

use crate::{
    CLIENT, OTHER_CLIENT, OTHER_REDIRECT, Place, REDIRECT, SECOND, STATE, VERIFIER, error, exchange,
    oidc::{providers, query},
    real, refused, settings, shown,
    support::{APPLICATION, AUTHORITY, Hands, authorization, device, now},
    text, token_request,
};

/// The claims of a token, unverified: the app is the one that verifies it.
fn claims(token: &str) -> Value {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn r85_r90_a_login_at_each_provider_ends_in_its_tokens() {
    let Some(oidc) = providers() else { return };
    let place = Place::new(real(oidc));
    let mut alice = place.registered("alice").await;
    for name in ["rotating", "steady"] {
        let location = place.logged_in(name).await;
        let back = query(&location);
        assert!(location.starts_with(REDIRECT), "{location}");
        assert_eq!((&*back["state"], &*back["iss"]), (STATE, &*format!("https://{AUTHORITY}")));
        let answer = place.ask(&mut alice, &exchange(&back["code"], &[])).await;
        assert_eq!((answer.status, answer.headers["cache-control"].as_bytes()), (200, &b"no-store"[..]), "{name}");
        let tokens = answer.json();
        assert!(oidc.is_active(name, text(&tokens, "access_token")).await, "{name}");
        assert_eq!((text(&tokens, "token_type"), tokens["expires_in"].as_u64()), ("Bearer", Some(600)));
        let id = claims(text(&tokens, "id_token"));
        assert_eq!((text(&id, "sub"), text(&id, "iss")), ("alice", oidc.issuer(name)));
        let refresh = text(&tokens, "refresh_token");
        assert!(!oidc.is_active(name, refresh).await, "{name}: the provider's own stays here");
        assert_eq!(place.exchanges([name, "authorization_code", "granted"]), 1);
    }
}

#[tokio::test]
async fn r89_a_code_counts_once() {
    let Some(oidc) = providers() else { return };
    let place = Place::new(real(oidc));
    let mut alice = place.registered("alice").await;
    let code = place.code("rotating").await;
    let tokens = place.ask(&mut alice, &exchange(&code, &[])).await.json();
    let answer = place.ask(&mut alice, &exchange(&code, &[])).await;
    assert_eq!(refused(&place, &answer, "CodeReused"), "invalid_grant");
    // The provider has not seen it twice, which would end what came from it.
    assert!(oidc.is_active("rotating", text(&tokens, "access_token")).await);
    assert_eq!(place.exchanges(["rotating", "authorization_code", "granted"]), 1);
}

#[tokio::test]
async fn r89_of_many_uses_of_a_code_one_counts() {
    let Some(oidc) = providers() else { return };
    let place = Arc::new(Place::new(real(oidc)));
    let mut alice = place.registered("alice").await;
    let code = place.code("steady").await;
    let bearer = place.bearer(&mut alice).await;
    assert_eq!(place.at_once(16, &bearer, &exchange(&code, &[])).await.len(), 1);
    assert_eq!(place.gate.metrics.refusals("CodeReused"), 15);
    assert_eq!(place.exchanges(["steady", "authorization_code", "granted"]), 1);
}

#[tokio::test]
async fn r86_r87_r88_one_change_and_a_code_is_refused() {
    let Some(oidc) = providers() else { return };
    let place = Place::new(real(oidc));
    let mut alice = place.registered("alice").await;
    let code = place.code("steady").await;
    let mut changed = code.clone();
    changed.replace_range(80..81, if &code[80..81] == "A" { "B" } else { "A" });
    let other = VERIFIER.replace('d', "e");
    let refresh = text(&place.tokens(&mut alice, "steady").await, "refresh_token").to_owned();
    for (name, value, reason, expected) in [
        ("redirect_uri", OTHER_REDIRECT, "RedirectChanged", "invalid_grant"),
        ("code_verifier", &*other, "VerifierWrong", "invalid_grant"),
        // Whoever saw the login's first request has the challenge.
        ("code_verifier", crate::CHALLENGE, "VerifierWrong", "invalid_grant"),
        ("client_id", OTHER_CLIENT, "CodeOfAnother", "invalid_grant"),
        ("client_id", SECOND, "OauthClientUnknown", "invalid_client"),
        ("client_id", "com.example.evil", "OauthClientUnknown", "invalid_client"),
        ("code", &*changed, "CodeUnknown", "invalid_grant"),
        ("code", "made-up", "CodeUnknown", "invalid_grant"),
        ("code", &*refresh, "CodeUnknown", "invalid_grant"),
        ("grant_type", "password", "GrantTypeUnknown", "unsupported_grant_type"),
        ("grant_type", "refresh_token", "ParameterWrong", "invalid_request"),
        ("grant_type", "", "ParameterWrong", "invalid_request"),
        ("code", "", "ParameterWrong", "invalid_request"),
        ("redirect_uri", "", "ParameterWrong", "invalid_request"),
        ("code_verifier", "", "ParameterWrong", "invalid_request"),
        ("code_verifier", "too short", "ParameterWrong", "invalid_request"),
        ("client_id", "", "OauthClientUnknown", "invalid_client"),
        ("client_secret", "an app has none", "ParameterWrong", "invalid_request"),
        ("refresh_token", &*refresh, "ParameterWrong", "invalid_request"),
    ] {
        let before = place.gate.metrics.refusals(reason);
        let answer = place.ask(&mut alice, &exchange(&code, &[(name, value)])).await;
        assert_eq!(refused(&place, &answer, reason), expected, "{name}={value}");
        assert_eq!(place.gate.metrics.refusals(reason), before + 1, "{name}={value}");
    }
    let twice = format!("{}&client_id={CLIENT}", exchange(&code, &[]));
    assert_eq!(error(&place.ask(&mut alice, &twice).await), "invalid_request");
    let challenge = place.challenge(APPLICATION, "assertion").await;
    let mut json = token_request(&mut alice, &exchange(&code, &[]), Some(&challenge));
    json.headers_mut().insert("content-type", "application/json".parse().unwrap());
    assert_eq!(error(&place.send(json).await), "invalid_request");
    // None of that has used it.
    assert_eq!(place.ask(&mut alice, &exchange(&code, &[])).await.status, 200);
}

#[tokio::test]
async fn r88_a_code_is_good_for_as_long_as_it_says() {
    let Some(oidc) = providers() else { return };
    let place = Place::new(real(oidc));
    let mut alice = place.registered("alice").await;
    let [one, other] = [place.code("rotating").await, place.code("rotating").await];
    place.hands.advance(60);
    assert_eq!(place.ask(&mut alice, &exchange(&one, &[])).await.status, 200);
    place.hands.advance(1);
    let answer = place.ask(&mut alice, &exchange(&other, &[])).await;
    assert_eq!(refused(&place, &answer, "CodeUnknown"), "invalid_grant");
}

/// Mallory has the code, from a browser's history or an app that claims the same scheme, and even the verifier.
#[tokio::test]
async fn r90_a_stolen_code_is_of_no_use_to_whoever_is_no_genuine_device_of_the_app() {
    let Some(oidc) = providers() else { return };
    let place = Place::new(real(oidc));
    let mut alice = place.registered("alice").await;
    for provider in ["rotating", "steady"] {
        let code = place.code(provider).await;
        let form = exchange(&code, &[]);
        let unsigned = Request::post("/oauth/token").header("content-type", "application/x-www-form-urlencoded");
        let answer = place.send(unsigned.body(Body::from(form.clone())).unwrap()).await;
        assert_eq!((answer.status, &*answer.code()), (401, "rejected"));
        let mut unknown = device("mallory");
        assert_eq!(place.ask(&mut unknown, &form).await.code(), "unknown_key");
        let mut elsewhere = place.registered_as(&format!("mallory at {provider}"), SECOND).await;
        let answer = place.ask_as(&mut elsewhere, SECOND, &form).await;
        assert_eq!(refused(&place, &answer, "OauthClientUnknown"), "invalid_client");
        // A genuine device of the app without the verifier: it can send what its app sends.
        let mut mallory = place.registered(&format!("mallory of {provider}")).await;
        let other = "mallory's own verifier is another one than alice's".replace([' ', '\''], "-");
        let answer = place.ask(&mut mallory, &exchange(&code, &[("code_verifier", &other)])).await;
        assert_eq!(refused(&place, &answer, "VerifierWrong"), "invalid_grant");
        assert_eq!(place.ask(&mut alice, &form).await.status, 200, "and Alice gets her tokens");
    }
}

#[tokio::test]
async fn r90_the_request_is_signed_with_its_body_and_a_challenge() {
    let Some(oidc) = providers() else { return };
    let place = Place::new(real(oidc));
    let mut alice = place.registered("alice").await;
    let code = place.code("steady").await;
    let form = exchange(&code, &[]);
    let without = token_request(&mut alice, &form, None);
    assert_eq!(place.send(without).await.code(), "challenge_rejected");
    let challenge = place.challenge(APPLICATION, "assertion").await;
    let mut changed = token_request(&mut alice, &exchange("another", &[]), Some(&challenge));
    *changed.body_mut() = Body::from(form.clone());
    assert_eq!(place.send(changed).await.code(), "rejected");
    let challenge = place.challenge(APPLICATION, "assertion").await;
    let request = token_request(&mut alice, &form, Some(&challenge));
    let header = request.headers()["authorization"].clone();
    assert_eq!(place.send(request).await.status, 200);
    let mut again = token_request(&mut device("alice"), &form, Some(&challenge));
    again.headers_mut().insert("authorization", header);
    let code = place.send(again).await.code();
    assert!(matches!(&*code, "counter_overtaken" | "challenge_rejected"), "{code}");
    place.gate.revoke(genuine::app_attest::KeyId(alice.key_id())).await.unwrap();
    let code = place.code("steady").await;
    assert_eq!(place.ask(&mut alice, &exchange(&code, &[])).await.code(), "rejected");
}

#[tokio::test]
async fn r90_a_session_token_counts_where_it_is_configured() {
    let Some(oidc) = providers() else { return };
    let (hands, store) = (Hands::at(now()), Arc::new(MemoryStore::default()));
    let place = Place::over(store.clone(), &settings(real(oidc)), &hands);
    let mut closed = settings(real(oidc));
    closed.session_tokens = false;
    let closed = Place::over(store, &closed, &hands);
    let mut alice = place.registered("alice").await;
    let bearer = place.bearer(&mut alice).await;
    let form = exchange(&place.code("steady").await, &[]);
    assert_eq!(closed.send(shown(&bearer, &form)).await.code(), "rejected", "an assertion is missing");
    assert_eq!(place.send(shown(&format!("{bearer}x"), &form)).await.code(), "token_rejected");
    let tokens = place.send(shown(&bearer, &form)).await;
    assert_eq!(tokens.status, 200, "{}", tokens.json());
    // The refresh token is the device's, however it shows itself.
    let renewed = place.ask(&mut alice, &crate::renew(text(&tokens.json(), "refresh_token"), &[])).await;
    assert_eq!(renewed.status, 200, "{}", renewed.json());
    // An assertion that is refused is not made up for by a token.
    let assertion = crate::support::assert(&mut device("mallory"), "POST", "/oauth/token", form.as_bytes(), None);
    let mut both = shown(&bearer, &form);
    let header = authorization(&device("mallory"), &assertion, None).replace("Attest ", "").replace(", ", "; ");
    both.headers_mut().insert("x-app-attest", header.replace('"', "").parse().unwrap());
    assert_eq!(place.send(both).await.code(), "challenge_rejected");
    // Revoked: at the next request, and none is given out that would be refused.
    place.gate.revoke_tokens(genuine::app_attest::KeyId(alice.key_id())).await.unwrap();
    let form = exchange(&place.code("steady").await, &[]);
    assert_eq!(place.send(shown(&bearer, &form)).await.code(), "token_rejected");
    let answer = place.ask(&mut alice, &form).await;
    assert_eq!((answer.status, &*answer.code()), (429, "rate_limited"));
    assert_eq!(json!(answer.headers["retry-after"].to_str().unwrap()), "61");
}
