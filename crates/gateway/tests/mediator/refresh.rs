//! Refresh tokens: each counts once, for one device, and an outage of the provider costs nobody theirs.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine::app_attest::KeyId;
use genuine_gateway::{
    config::Secret,
    store::{Change, MemoryStore},
};
use serde_json::Value;

use crate::{
    OTHER_CLIENT, Place, SECOND, error, exchange,
    oidc::{Oidc, providers},
    real, refused, renew, settings,
    support::{Hands, now},
    text,
};

fn refresh_token(tokens: &Value) -> String {
    text(tokens, "refresh_token").to_owned()
}

#[tokio::test]
async fn r85_r90_a_refresh_goes_through_the_gateway() {
    let Some(oidc) = providers() else { return };
    let place = Place::new(real(oidc));
    let mut alice = place.registered("alice").await;
    for name in ["rotating", "steady"] {
        let mut token = refresh_token(&place.tokens(&mut alice, name).await);
        for _ in 0..3 {
            let answer = place.ask(&mut alice, &renew(&token, &[])).await;
            assert_eq!(answer.status, 200, "{name}: {}", answer.json());
            let tokens = answer.json();
            assert!(oidc.is_active(name, text(&tokens, "access_token")).await);
            let next = refresh_token(&tokens);
            assert_ne!(next, token, "{name}");
            token = next;
        }
        assert_eq!(place.exchanges([name, "refresh_token", "granted"]), 3);
    }
}

#[tokio::test]
async fn r89_a_refresh_token_counts_once() {
    let Some(oidc) = providers() else { return };
    let place = Place::new(real(oidc));
    let mut alice = place.registered("alice").await;
    // A provider that keeps its own would give tokens for it again: nobody gets them, and the newest one is still good.
    let first = refresh_token(&place.tokens(&mut alice, "steady").await);
    let second = refresh_token(&place.ask(&mut alice, &renew(&first, &[])).await.json());
    let answer = place.ask(&mut alice, &renew(&first, &[])).await;
    assert_eq!(refused(&place, &answer, "RefreshReused"), "invalid_grant");
    assert_eq!(place.ask(&mut alice, &renew(&second, &[])).await.status, 200);
    // One that rotates its own sees the earlier one again, and ends all that came from the login.
    let first = refresh_token(&place.tokens(&mut alice, "rotating").await);
    let second = place.ask(&mut alice, &renew(&first, &[])).await.json();
    let answer = place.ask(&mut alice, &renew(&first, &[])).await;
    assert_eq!(refused(&place, &answer, "GrantRefused"), "invalid_grant");
    assert_eq!(error(&place.ask(&mut alice, &renew(&refresh_token(&second), &[])).await), "invalid_grant");
    assert!(!oidc.is_active("rotating", text(&second, "access_token")).await);
}

#[tokio::test]
async fn r89_of_many_uses_of_a_refresh_token_one_counts() {
    let Some(oidc) = providers() else { return };
    let place = Arc::new(Place::new(real(oidc)));
    let mut alice = place.registered("alice").await;
    let bearer = place.bearer(&mut alice).await;
    for name in ["rotating", "steady"] {
        let token = refresh_token(&place.tokens(&mut alice, name).await);
        let granted = place.at_once(16, &bearer, &renew(&token, &[])).await;
        assert_eq!(granted.len(), 1, "{name}");
        // Those that waited did not go to the provider, which would have ended it all.
        assert_eq!(place.exchanges([name, "refresh_token", "granted"]), 1, "{name}");
        assert_eq!(place.ask(&mut alice, &renew(&refresh_token(&granted[0]), &[])).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn r89_two_gateways_of_one_store_answer_one_use() {
    let Some(oidc) = providers() else { return };
    let (hands, store) = (Hands::at(now()), Arc::new(MemoryStore::default()));
    let [one, other] = [(); 2].map(|()| Place::over(store.clone(), &settings(real(oidc)), &hands));
    let mut alice = one.registered("alice").await;
    let code = one.code("steady").await;
    let tokens = other.ask(&mut alice, &exchange(&code, &[])).await;
    assert_eq!(tokens.status, 200, "what one has sealed the other opens");
    let answer = one.ask(&mut alice, &exchange(&code, &[])).await;
    assert_eq!(refused(&one, &answer, "CodeReused"), "invalid_grant");
    let token = refresh_token(&tokens.json());
    assert_eq!(one.ask(&mut alice, &renew(&token, &[])).await.status, 200);
    let answer = other.ask(&mut alice, &renew(&token, &[])).await;
    assert_eq!(refused(&other, &answer, "RefreshReused"), "invalid_grant");
}

#[tokio::test]
async fn a_provider_that_is_down_costs_no_device_its_grant() {
    let Some(oidc) = Oidc::start() else { return };
    let place = Place::new(real(&oidc));
    let mut alice = place.registered("alice").await;
    for name in ["rotating", "steady"] {
        let code = place.code(name).await;
        let token = refresh_token(&place.tokens(&mut alice, name).await);
        oidc.down(name);
        for _ in 0..2 {
            let answer = place.ask(&mut alice, &renew(&token, &[])).await;
            assert_eq!((answer.status, &*answer.code()), (503, "provider_unavailable"), "{name}");
            assert!(answer.headers.contains_key("retry-after"));
            assert_eq!(answer.json()["retryable"], true);
        }
        let answer = place.ask(&mut alice, &exchange(&code, &[])).await;
        assert_eq!((answer.status, &*answer.code()), (503, "provider_unavailable"), "{name}");
        assert_eq!(place.gate.metrics.refusals("ProviderUnavailable") % 3, 0);
        oidc.up(name);
        let answer = place.ask(&mut alice, &renew(&token, &[])).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.json());
        // A code is used up by its first use: the user logs in again.
        let answer = place.ask(&mut alice, &exchange(&code, &[])).await;
        assert_eq!(refused(&place, &answer, "CodeReused"), "invalid_grant");
    }
}

#[tokio::test]
async fn r88_r90_one_change_and_a_refresh_token_is_refused() {
    let Some(oidc) = providers() else { return };
    let place = Place::new(real(oidc));
    let mut alice = place.registered("alice").await;
    let mut bob = place.registered("bob").await;
    let mut elsewhere = place.registered_as("carol", SECOND).await;
    let token = refresh_token(&place.tokens(&mut alice, "rotating").await);
    let code = place.code("rotating").await;
    // Whoever takes it from a backup or from another app has another device.
    let answer = place.ask(&mut bob, &renew(&token, &[])).await;
    assert_eq!(refused(&place, &answer, "DeviceChanged"), "invalid_grant");
    let answer = place.ask_as(&mut elsewhere, SECOND, &renew(&token, &[])).await;
    assert_eq!(refused(&place, &answer, "OauthClientUnknown"), "invalid_client");
    let mut changed = token.clone();
    changed.replace_range(80..81, if &token[80..81] == "A" { "B" } else { "A" });
    for (name, value, reason, expected) in [
        ("client_id", OTHER_CLIENT, "RefreshOfAnother", "invalid_grant"),
        ("client_id", SECOND, "OauthClientUnknown", "invalid_client"),
        ("refresh_token", &*changed, "RefreshUnknown", "invalid_grant"),
        ("refresh_token", "made-up", "RefreshUnknown", "invalid_grant"),
        ("refresh_token", &*code, "RefreshUnknown", "invalid_grant"),
        ("refresh_token", "", "ParameterWrong", "invalid_request"),
        ("code", &*code, "ParameterWrong", "invalid_request"),
        ("scope", "openid", "ParameterWrong", "invalid_request"),
        ("grant_type", "authorization_code", "ParameterWrong", "invalid_request"),
    ] {
        let before = place.gate.metrics.refusals(reason);
        let answer = place.ask(&mut alice, &renew(&token, &[(name, value)])).await;
        assert_eq!(refused(&place, &answer, reason), expected, "{name}={value}");
        assert_eq!(place.gate.metrics.refusals(reason), before + 1, "{name}={value}");
    }
    assert_eq!(place.ask(&mut alice, &renew(&token, &[])).await.status, 200, "none of that has used it");
}

#[tokio::test]
async fn r88_a_refresh_token_is_good_for_as_long_as_is_configured() {
    let Some(oidc) = providers() else { return };
    let place = Place::new(real(oidc));
    let mut alice = place.registered("alice").await;
    let [one, other] = [place.tokens(&mut alice, "steady").await, place.tokens(&mut alice, "steady").await];
    place.hands.advance(86_400);
    assert_eq!(place.ask(&mut alice, &renew(&refresh_token(&one), &[])).await.status, 200);
    place.hands.advance(1);
    let answer = place.ask(&mut alice, &renew(&refresh_token(&other), &[])).await;
    assert_eq!(refused(&place, &answer, "RefreshUnknown"), "invalid_grant");
}

#[tokio::test]
async fn what_the_operator_does_to_a_device_holds_for_its_refresh_tokens() {
    let Some(oidc) = providers() else { return };
    let place = Place::new(real(oidc));
    let mut alice = place.registered("alice").await;
    let key = KeyId(alice.key_id());
    let token = refresh_token(&place.tokens(&mut alice, "steady").await);
    place.gate.set_lock(key, true).await.unwrap();
    assert_eq!(place.ask(&mut alice, &renew(&token, &[])).await.code(), "locked");
    place.gate.set_lock(key, false).await.unwrap();
    place.gate.store.change(key, Change::RevokeTokens(now())).await.unwrap();
    let answer = place.ask(&mut alice, &renew(&token, &[])).await;
    assert_eq!(refused(&place, &answer, "GrantRevoked"), "invalid_grant");
    place.hands.advance(1);
    let token = refresh_token(&place.tokens(&mut alice, "steady").await);
    assert_eq!(place.ask(&mut alice, &renew(&token, &[])).await.status, 200, "one of later is good");
}

#[tokio::test]
async fn r88_a_secret_of_the_gateways_is_replaced_without_a_refusal() {
    let Some(oidc) = providers() else { return };
    let (hands, store) = (Hands::at(now()), Arc::new(MemoryStore::default()));
    let place = |secrets: &[u8]| {
        let mut settings = settings(real(oidc));
        settings.secrets = secrets.iter().map(|octet| Secret(BASE64_STANDARD.encode([*octet; 32]))).collect();
        Place::over(store.clone(), &settings, &hands)
    };
    let (before, both, after) = (place(&[7]), place(&[8, 7]), place(&[8]));
    let mut alice = before.registered("alice").await;
    let token = refresh_token(&before.tokens(&mut alice, "steady").await);
    let answer = after.ask(&mut alice, &renew(&token, &[])).await;
    assert_eq!(refused(&after, &answer, "RefreshUnknown"), "invalid_grant");
    let token = refresh_token(&both.ask(&mut alice, &renew(&token, &[])).await.json());
    assert_eq!(after.ask(&mut alice, &renew(&token, &[])).await.status, 200);
}
