//! What API keys never open: routes behind assertions and session tokens. And what devices have opens nothing that is for keys.

use axum::{body::Body, http::Request};

use super::{Place, Signing, TestKey, come, rejected, with};
use crate::support::{Site, device, origin, signed};

/// A session token of a device of this gateway.
async fn session_token(place: &Place) -> String {
    let site = Site::of(place.gate.clone(), place.hands.clone(), origin());
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    let challenge = site.challenge("assertion", "alice").await;
    let answer = site.send(signed(&mut alice, "POST", "/tokens", "", Some(&challenge))).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn r71_neither_token_is_taken_for_the_other() {
    let key = TestKey::new("alice");
    let place = Place::new("both-tokens", &[key.bearer("")]);
    let (of_device, of_key) = (session_token(&place).await, place.token(&key, "").await);
    let bearer = |token: &str| format!("Bearer {token}");
    place.passed(come("/basket", &bearer(&of_device))).await;
    place.passed(come("/partner/orders", &bearer(&of_key))).await;
    assert_eq!(place.refused(come("/basket", &bearer(&of_key))).await, (401, "token_rejected".to_owned()));
    assert_eq!(place.gate.metrics.refusals("TokenType"), 1);
    let device_at_key = come("/partner/orders", &bearer(&of_device));
    assert_eq!(place.refused(device_at_key).await, (401, "request_token_rejected".to_owned()));
    assert_eq!(place.refused(super::exchange(&bearer(&of_device), "")).await, rejected());
}

#[tokio::test]
async fn an_api_key_opens_nothing_that_is_for_devices() {
    let (key, signing) = (TestKey::new("alice"), TestKey::new("signing"));
    let place = Place::new("devices", &[key.bearer(""), signing.signing("")]);
    let token = place.token(&key, "").await;
    for shown in [format!("ApiKey {}", key.shown()), format!("Bearer {token}")] {
        let order = with(Request::post("/orders"), "authorization", &shown).body(Body::from("{}")).unwrap();
        assert_eq!(place.refused(order).await, (401, "rejected".to_owned()));
        let tokens = with(Request::post("/tokens"), "authorization", &shown).body(Body::empty()).unwrap();
        assert_eq!(place.refused(tokens).await, (401, "rejected".to_owned()));
        assert_eq!(place.refused(come("/basket", &shown)).await, (401, "token_rejected".to_owned()));
    }
    let order = Signing { target: "/orders", body: "{}", ..Signing::of(&signing, 1) };
    assert_eq!(place.refused(order.request()).await, (401, "rejected".to_owned()));
    let basket = Signing { method: "GET", target: "/basket", body: "", ..Signing::of(&signing, 2) };
    assert_eq!(place.refused(basket.request()).await, (401, "token_rejected".to_owned()));
}

#[tokio::test]
async fn a_device_opens_nothing_that_is_for_api_keys() {
    let key = TestKey::new("alice");
    let place = Place::new("keys-alone", &[key.bearer("")]);
    let site = Site::of(place.gate.clone(), place.hands.clone(), origin());
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    assert_eq!(place.refused(signed(&mut alice, "GET", "/partner/orders", "", None)).await, rejected());
}
