//! A chain is no secret: who registers proves to have the key, over this very challenge.

use genuine_gateway::config::Application;
use genuine_testvectors::{Device, Mutation, android::AndroidMutation};
use serde_json::json;

use crate::{
    attempt_with,
    handset::{Place, application, keys, over, phone, registration, registration_of},
    order,
    support::{APPLICATION, Hands, now},
};

#[tokio::test]
async fn without_the_key_nobody_registers() {
    let settings = Application { counter_step: Some(10), ..application(keys()) };
    let store = std::sync::Arc::new(genuine_gateway::store::MemoryStore::default());
    let place = Place::over("possession", settings, store, Hands::at(now())).await;
    let pixel = phone("pixel");
    let by = |mut device: Device| move |challenge: &str| device.assert_hash(&over(challenge)).object;
    let thief = phone("thief").requester();
    let other_app = Device::new("x").with_app_id("android:com.example.other");
    for (assertion, code, reason) in [
        (attempt_with(&place, &pixel, by(thief)).await, "rejected", "SignatureInvalid"),
        (attempt_with(&place, &pixel, by(other_app)).await, "rejected", "RpIdMismatch"),
        // Apple's form of the app's name, and not Android's.
        (
            attempt_with(&place, &pixel, by(pixel.requester().with_app_id("com.example.attest"))).await,
            "rejected",
            "RpIdMismatch",
        ),
        (
            attempt_with(&place, &pixel, |_| pixel.requester().assert_hash(&over("another challenge")).object).await,
            "rejected",
            "SignatureInvalid",
        ),
        // The challenge itself, and not its hash.
        (
            attempt_with(&place, &pixel, |challenge| pixel.requester().assert_hash(challenge.as_bytes()).object).await,
            "rejected",
            "SignatureInvalid",
        ),
        (
            attempt_with(&place, &pixel, |challenge| {
                Mutation::default().mint_assertion(&pixel.requester(), 0, &over(challenge))
            })
            .await,
            "rejected",
            "CounterNotIncreased",
        ),
        (attempt_with(&place, &pixel, by(pixel.requester().with_counter(10))).await, "rejected", "CounterStepTooLarge"),
        (attempt_with(&place, &pixel, |_| Vec::new()).await, "malformed", "CborTruncated"),
        (attempt_with(&place, &pixel, |_| vec![0xA0]).await, "malformed", "MissingField"),
    ] {
        assert_eq!(
            (assertion.code().as_str(), place.site.refusals(reason)),
            (code, place.site.refusals(reason).max(1)),
            "{reason}"
        );
    }
    // The highest counter that the application's step allows; and everything else is as it was.
    let answer = attempt_with(&place, &pixel, by(pixel.requester().with_counter(9))).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    order(&place.site, &mut pixel.requester().with_counter(10)).await;
}

#[tokio::test]
async fn a_registration_without_an_assertion_is_malformed() {
    let place = Place::new("missing").await;
    let (pixel, challenge) = (phone("pixel"), place.site.challenge("attestation", "alice").await);
    let good = registration(&pixel, &mut pixel.requester(), &challenge);
    for (name, value) in [
        ("assertion", None),
        ("assertion", Some(json!(null))),
        ("assertion", Some(json!("not base64!"))),
        ("chain", None),
        ("chain", Some(json!("MII"))),
        ("chain", Some(json!(["not base64!"]))),
        ("challenge", None),
        ("application", None),
        ("key_id", Some(json!("AAAA"))),
    ] {
        let mut body = good.clone();
        match &value {
            Some(value) => body[name] = value.clone(),
            None => drop(body.as_object_mut().unwrap().remove(name)),
        }
        let answer = place.site.post("/devices", "alice", &body).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "malformed"), "{name} {value:?}");
    }
    assert_eq!(place.site.post("/devices", "alice", &good).await.status, 201);
}

/// What somebody has seen of a registration is of no use to them, and does not keep its owner out.
#[tokio::test]
async fn a_chain_of_somebody_else_is_of_no_use() {
    let place = Place::new("replayed").await;
    let (pixel, eve) = (phone("pixel"), phone("eve"));
    let mut app = pixel.requester();
    let challenge = place.site.challenge("attestation", "alice").await;
    let chain = pixel.attest(&over(&challenge)).certificates;
    let seen = registration_of(&challenge, &chain, &app.assert_hash(&over(&challenge)).object);

    // In a session of her own; with a challenge of her own; and with her own key's assertion over Alice's challenge.
    assert_eq!(place.site.post("/devices", "eve", &seen).await.code(), "challenge_rejected");
    let hers = place.site.challenge("attestation", "eve").await;
    let of_hers = registration_of(&hers, &chain, &eve.requester().assert_hash(&over(&hers)).object);
    assert_eq!(place.site.post("/devices", "eve", &of_hers).await.code(), "rejected");
    assert_eq!(place.site.refusals("AndroidChallengeMismatch"), 1);
    let signed = registration_of(&challenge, &chain, &eve.requester().assert_hash(&over(&challenge)).object);
    assert_eq!(place.site.post("/devices", "alice", &signed).await.code(), "rejected");
    assert_eq!(place.site.refusals("SignatureInvalid"), 1);

    // None of it has used anything up. What is sent again afterwards finds the key registered.
    assert_eq!(place.site.post("/devices", "alice", &seen).await.status, 201);
    assert_eq!(place.site.post("/devices", "alice", &seen).await.code(), "already_registered");
    order(&place.site, &mut app).await;
    // With the challenge that was used another key is not registered.
    let late = registration(&eve, &mut eve.requester(), &challenge);
    assert_eq!(place.site.post("/devices", "alice", &late).await.code(), "challenge_rejected");
    assert_eq!(place.site.refusals("ChallengeReused"), 1);
}

/// A challenge is for one purpose, of one application, and for its lifetime.
#[tokio::test]
async fn a_challenge_is_for_this_and_for_now() {
    let place = Place::new("purpose").await;
    let pixel = phone("pixel");
    for purpose in ["integrity", "assertion"] {
        let challenge = place.site.challenge(purpose, "alice").await;
        let body = registration(&pixel, &mut pixel.requester(), &challenge);
        assert_eq!(place.site.post("/devices", "alice", &body).await.code(), "challenge_rejected", "{purpose}");
    }
    let challenge = place.site.challenge("attestation", "alice").await;
    let mut body = registration(&pixel, &mut pixel.requester(), &challenge);
    body["application"] = "nobody's".into();
    assert_eq!(place.site.post("/devices", "alice", &body).await.code(), "rejected");
    body["application"] = APPLICATION.into();
    place.site.hands.advance(301);
    assert_eq!(place.site.post("/devices", "alice", &body).await.code(), "challenge_rejected");
    let (_, answer) = place.attempt(&pixel, &AndroidMutation::default()).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
}
