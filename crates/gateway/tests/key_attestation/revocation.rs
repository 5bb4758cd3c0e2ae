//! Keys that are revoked: at registration, afterwards, and what an old list is good for.

use std::sync::Arc;

use axum::{body::Body, http::Request};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::{
    Error,
    app_attest::KeyId,
    crypto::PublicKey,
    session::mode::{Mode, Status},
};
use genuine_gateway::{
    config::{KeyAttestation, Revocations},
    gate::{Caller, Gate},
    platform::Platform,
    refusal::Refusal,
    store::DeviceKey,
};
use genuine_testvectors::{
    Device,
    android::{AndroidMutation, Shape},
};
use serde_json::{Value, json};

use crate::{
    handset::{Place, keys, phone, registration},
    order, refused,
    support::{APPLICATION, Site, origin, signed},
};

/// The serial numbers of a device's certificates, leaf first.
async fn serials(place: &Place, app: &Device) -> Vec<String> {
    let device = place.site.gate.store.device(KeyId(app.key_id())).await.unwrap().unwrap();
    let DeviceKey::KeyAttestation(key) = device.key else { panic!("{device:?}") };
    key.serials.iter().map(ToString::to_string).collect()
}

fn entry(serial: &str, status: &str) -> Value {
    json!({ serial: { "status": status } })
}

#[tokio::test]
async fn a_revoked_key_registers_nothing() {
    let place = Place::new("revoked").await;
    for shape in Shape::ALL {
        let [known, next, other] = ["known", "next", "other"]
            .map(|key| phone("pixel").with_shape(shape).with_key(&format!("{shape:?} {key}")));
        let all = serials(&place, &place.register(&known).await).await;
        // Each certificate below the root but the leaf, whose number all leaves have.
        for serial in &all[1..] {
            for (status, reason) in
                [("REVOKED", "AndroidRevoked"), ("SUSPENDED", "AndroidSuspended"), ("ANYTHING", "AndroidRevoked")]
            {
                let before = place.site.refusals(reason);
                place.list(&entry(serial, status)).await;
                let answer = place.attempt(&next, &AndroidMutation::default()).await.1;
                let told = answer.json();
                assert_eq!((answer.code().as_str(), &told["retryable"]), ("rejected", &json!(false)), "{status}");
                assert_eq!(place.site.refusals(reason), before + 1, "{status}");
            }
        }
        place.list(&entry("abc", "REVOKED")).await;
        order(&place.site, &mut place.register(&other).await).await;
    }
}

/// A key that is found to have leaked takes along what was registered with it, at the next request; and no longer than it is on the list.
#[tokio::test]
async fn a_device_goes_with_the_certificates_that_vouched_for_it() {
    let place = Place::new("later").await;
    let site = &place.site;
    let mut app = place.register(&phone("pixel")).await;
    let mut other = place.register(&phone("other")).await;
    let challenge = site.challenge("assertion", "alice").await;
    let token = site.send(signed(&mut app, "POST", "/tokens", "", Some(&challenge))).await.json();
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let basket = || Request::get("/basket").header("authorization", &bearer).body(Body::empty()).unwrap();
    assert_eq!(site.send(basket()).await.status, 200);
    let view = async || {
        let key_id = BASE64_URL_SAFE_NO_PAD.encode(app.key_id());
        site.operate("GET", &format!("/devices/{key_id}")).await.json()["key_attestation"]["revocation"].clone()
    };
    assert_eq!(view().await, "GOOD");
    let attestation = serials(&place, &app).await[1].clone();
    for (status, reason) in [("REVOKED", "AndroidRevoked"), ("SUSPENDED", "AndroidSuspended")] {
        place.list(&entry(&attestation, status)).await;
        assert_eq!(view().await, status);
        let before = site.refusals(reason);
        let answer = site.send(signed(&mut app.clone(), "POST", "/orders", "one", None)).await;
        assert_eq!((answer.code().as_str(), &answer.json()["retryable"]), ("rejected", &json!(false)));
        let challenge = site.challenge("assertion", "alice").await;
        assert_eq!(refused(site, signed(&mut app.clone(), "POST", "/tokens", "", Some(&challenge))).await, "rejected");
        assert_eq!(site.send(basket()).await.code(), "rejected");
        assert_eq!(site.refusals(reason), before + 3);
        // Another phone's key is another matter.
        order(site, &mut other).await;
    }
    place.list(&entry("abc", "REVOKED")).await;
    order(site, &mut app).await;
    assert_eq!(site.send(basket()).await.status, 200);
}

#[tokio::test]
async fn what_is_suspended_passes_where_that_is_set() {
    let place = Place::of("suspended", KeyAttestation { suspended: true, ..keys() }).await;
    let (pixel, next) = (phone("pixel"), phone("pixel").with_key("next"));
    let mut app = place.register(&pixel).await;
    let attestation = serials(&place, &app).await[1].clone();
    place.list(&entry(&attestation, "SUSPENDED")).await;
    order(&place.site, &mut app).await;
    order(&place.site, &mut place.register(&next).await).await;
    place.list(&entry(&attestation, "REVOKED")).await;
    assert_eq!(refused(&place.site, signed(&mut app, "POST", "/orders", "one", None)).await, "rejected");
}

/// Where a route asks for nothing, a device whose certificates are revoked passes as what it is.
#[tokio::test]
async fn a_mode_decides_about_a_revoked_key_as_about_any_other_failure() {
    let place = Place::of("optional", KeyAttestation { mode: Mode::Optional, ..keys() }).await;
    let app = place.register(&phone("pixel")).await;
    place.list(&entry(&serials(&place, &app).await[1], "REVOKED")).await;
    let answer = place.attempt(&phone("pixel").with_key("next"), &AndroidMutation::default()).await.1;
    assert_eq!((answer.status, &answer.json()["registered"]), (200, &json!(false)));
    assert_eq!(place.site.gate.metrics.attestations(Platform::KeyAttestation, Mode::Optional, Status::Failed), 1);
    assert_eq!(refused(&place.site, signed(&mut app.clone(), "POST", "/orders", "one", None)).await, "rejected");
}

/// A list that is too old registers nobody, and is right about those that are on it.
#[tokio::test]
async fn an_old_list_registers_nobody() {
    let place = Place::new("old").await;
    let site = &place.site;
    let mut app = place.register(&phone("pixel")).await;
    site.hands.advance(1000);
    let mut second = place.register(&phone("second")).await;
    site.hands.advance(1);
    let challenge = site.challenge("attestation", "alice").await;
    let third = phone("third");
    let body = registration(&third, &mut third.requester(), &challenge);
    for _ in 0..2 {
        let answer = site.post("/devices", "alice", &body).await;
        let told = answer.json();
        assert_eq!((answer.status, answer.code().as_str()), (503, "revocations_stale"), "{told}");
        assert_eq!((&told["retryable"], &told["session_status"]), (&json!(true), &json!("UNDECIDED")));
        assert_eq!(answer.headers["retry-after"], "60");
    }
    assert_eq!(site.refusals("RevocationsTooOld"), 2);
    assert_eq!(site.gate.metrics.attestations(Platform::KeyAttestation, Mode::Required, Status::Unavailable), 2);
    for app in [&mut app, &mut second] {
        order(site, app).await;
    }
    // The challenge was not used: with a list of now the same registration passes.
    place.list(&entry("abc", "REVOKED")).await;
    assert_eq!(site.post("/devices", "alice", &body).await.status, 201);

    let optional = Place::of("old-optional", KeyAttestation { mode: Mode::Optional, ..keys() }).await;
    optional.site.hands.advance(1001);
    let answer = optional.attempt(&phone("pixel"), &AndroidMutation::default()).await.1;
    assert_eq!((answer.status, &answer.json()["registered"]), (200, &json!(false)));
}

/// Where nobody has said where a list comes from, which no configuration can, nobody is registered.
#[tokio::test]
async fn without_a_list_nobody_is_registered() {
    let place = Place::new("none").await;
    let store = Arc::clone(&place.site.gate.store);
    let gate = crate::support::gate_of(&[crate::application(keys())], store, &place.site.hands);
    let site = Site::of(Arc::new(Gate { revocations: None, ..gate }), place.site.hands.clone(), origin());
    let challenge = site.challenge("attestation", "alice").await;
    let pixel = phone("pixel");
    let answer = site.post("/devices", "alice", &registration(&pixel, &mut pixel.requester(), &challenge)).await;
    assert_eq!(answer.code(), "revocations_stale");
    // Nor is anybody found not to be on it who is registered.
    let mut known = place.register(&pixel).await;
    assert_eq!(refused(&site, signed(&mut known, "POST", "/orders", "one", None)).await, "revocations_stale");
    order(&place.site, &mut known).await;
}

/// Where there is no list, nobody says of a key that it is good.
#[tokio::test]
async fn without_a_list_nothing_is_known_of_a_key() {
    let place = Place::new("unknown").await;
    let (store, hands) = (Arc::clone(&place.site.gate.store), place.site.hands.clone());
    let gate = crate::support::gate_of(&[crate::application(keys())], store, &hands);
    let nowhere = Revocations::None {}.open(hands.clock(), Arc::clone(&gate.metrics)).await.unwrap();
    let site = Site::of(Arc::new(Gate { revocations: Some(Arc::new(nowhere)), ..gate }), hands, origin());
    let app = place.register(&phone("pixel")).await;
    let path = format!("/devices/{}", BASE64_URL_SAFE_NO_PAD.encode(app.key_id()));
    for (site, expected) in [(&place.site, "GOOD"), (&site, "UNKNOWN")] {
        assert_eq!(site.operate("GET", &path).await.json()["key_attestation"]["revocation"], expected);
    }
}

/// What is given out to a device that was let in a moment ago: by a list that is another one since.
#[tokio::test]
async fn a_list_that_changes_meanwhile_counts_as_well() {
    let place = Place::new("meanwhile").await;
    let app = place.register(&phone("pixel")).await;
    let caller = Caller { key_id: KeyId(app.key_id()), application: APPLICATION.to_owned(), counter: 2 };
    let attest = async || place.site.gate.attest_client(&caller, PublicKey([0; 64])).await.map(drop);
    // It is good, and the application is no client.
    assert_eq!(attest().await, Err(Refusal::RouteUnknown));
    place.list(&entry(&serials(&place, &app).await[1], "REVOKED")).await;
    assert_eq!(attest().await, Err(Refusal::Engine(Error::AndroidRevoked)));
}
