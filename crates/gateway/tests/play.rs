//! Android devices: a key of the client's own, and Google's word on it.
#![allow(missing_docs)]

#[path = "support/google.rs"]
mod google;
mod support;

use std::sync::Arc;

use axum::{body::Body, http::Request};
use genuine::{
    UnixMillis,
    app_attest::KeyId,
    session::mode::{Mode, Status},
};
use genuine_gateway::{config::Play, gate::Gate, platform::Platform, play::Decoder, store::MemoryStore};
use genuine_testvectors::json::Json;
use google::{At, Fault, Google};
use serde_json::{Value, json};
use support::{
    APPLICATION, Answer, Hands, Site,
    android::{Phone, application, play, play_app},
    device, gate_of, now, origin,
};
use tokio::task::JoinSet;

fn site_of(settings: Play, decoder: Option<Arc<dyn Decoder>>) -> Site {
    let hands = Hands::at(now());
    let gate = gate_of(&[application(settings)], Arc::new(MemoryStore::default()), &hands);
    Site::of(Arc::new(Gate { decoder, ..gate }), hands, origin())
}

/// A site, whose clock the stand-in for Google has as well.
async fn site_with_google(settings: Play) -> (Site, Google) {
    let hands = Hands::at(now());
    let google = Google::start(hands.clock()).await;
    let gate = gate_of(&[application(settings)], Arc::new(MemoryStore::default()), &hands);
    let gate = Gate { decoder: Some(Arc::new(google.decoder())), ..gate };
    (Site::of(Arc::new(gate), hands, origin()), google)
}

fn request(proof: &str, body: &Value) -> Request<Body> {
    Request::post("/devices")
        .header("content-type", "application/json")
        .header("x-session", "alice")
        .header("dpop", proof)
        .body(Body::from(body.to_string()))
        .unwrap()
}

fn body(challenge: &str, kind: &str, token: &str) -> Value {
    json!({ "application": APPLICATION, "challenge": challenge, "integrity_token": { kind: token } })
}

impl Phone {
    /// Registers with a classic token of this payload.
    async fn register_as(&self, site: &Site, payload: impl FnOnce(&mut Json)) -> Answer {
        let challenge = site.challenge("integrity", "alice").await;
        let mut said = self.classic(&challenge, site.now());
        payload(&mut said);
        let proof = self.proof("/devices", &challenge, site.now(), &json!({}));
        site.send(request(&proof, &body(&challenge, "classic", &play_app().token(&said)))).await
    }

    async fn register(&self, site: &Site) -> Answer {
        self.register_as(site, |_| {}).await
    }

    async fn record(&self, site: &Site) -> Option<genuine_gateway::store::Device> {
        site.gate.store.device(KeyId(self.key_id)).await.unwrap()
    }
}

trait Now {
    fn now(&self) -> u64;
}

impl Now for Site {
    fn now(&self) -> u64 {
        (self.gate.clock)()
    }
}

fn failing(payload: &mut Json) {
    payload.set("deviceIntegrity.deviceRecognitionVerdict", Json::texts(&["MEETS_BASIC_INTEGRITY"]));
}

#[tokio::test]
async fn r27_r29_r49_a_classic_token_registers_a_key() {
    let site = site_of(play(false), None);
    let phone = Phone::new("pixel");
    let answer = phone.register(&site).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    let mut told = answer.json();
    let date = genuine_gateway::platform::date(UnixMillis(site.now() * 1000));
    assert_eq!(told["play_integrity_date"].take(), date);
    let expected = json!({
        "application": APPLICATION, "registered": true, "environment": "PRODUCTION",
        "play_integrity_status": "VERIFIED", "play_integrity_date": null,
    });
    assert_eq!(told, expected, "r49: the platform's own pair, and no other");
    let record = phone.record(&site).await.unwrap();
    assert_eq!((record.application.as_str(), record.registered_at), (APPLICATION, site.now()));
    assert_eq!(site.gate.metrics.attestations(Platform::PlayIntegrity, Mode::Required, Status::Verified), 1);
    // It is no key of Apple's: an assertion of it is of an unknown key.
    let assertion = support::assert(&mut device("pixel"), "GET", "/orders", b"", None);
    let header = support::authorization(&device("pixel"), &assertion, None);
    let mine = header.replace(&key_text(device("pixel").key_id()), &key_text(phone.key_id));
    let come = Request::get("/orders").header("authorization", mine).body(Body::empty()).unwrap();
    assert_eq!(site.send(come).await.code(), "unknown_key");
}

fn key_text(key_id: [u8; 32]) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(key_id)
}

/// Each is one change to a registration that succeeds.
#[tokio::test]
async fn r30_to_r37_one_change_and_nothing_is_registered() {
    type Change = fn(&mut Json);
    let cases: [(&str, Change, &str); 10] = [
        ("PlayRequestPackage", |said| said.set("requestDetails.requestPackageName", "com.example.other"), "rejected"),
        ("PlayNonceMismatch", |said| said.set("requestDetails.nonce", "AAAAAAAAAAAAAAAAAAAAAAAA"), "rejected"),
        (
            "PlayTooOld",
            |said| said.set("requestDetails.timestampMillis", ((now() - 301) * 1000).to_string()),
            "rejected",
        ),
        (
            "PlayFromFuture",
            |said| said.set("requestDetails.timestampMillis", ((now() + 61) * 1000).to_string()),
            "rejected",
        ),
        ("PlayAppPackage", |said| said.set("appIntegrity.packageName", "com.example.other"), "rejected"),
        (
            "PlayCertificate",
            |said| said.set("appIntegrity.certificateSha256Digest", Json::texts(&["AAAA"])),
            "rejected",
        ),
        (
            "PlayAppNotRecognized",
            |said| said.set("appIntegrity.appRecognitionVerdict", "UNRECOGNIZED_VERSION"),
            "rejected",
        ),
        ("PlayDeviceLabels", failing, "rejected"),
        (
            "PlayDeviceLabels",
            |said| said.set("deviceIntegrity.deviceRecognitionVerdict", Json::texts(&["MEETS_VIRTUAL_INTEGRITY"])),
            "rejected",
        ),
        ("PlayNotLicensed", |said| said.set("accountDetails.appLicensingVerdict", "UNLICENSED"), "rejected"),
    ];
    for (reason, change, code) in cases {
        let site = site_of(play(false), None);
        let phone = Phone::new("pixel");
        let answer = phone.register_as(&site, change).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, code), "{reason}");
        assert_eq!(answer.json()["session_status"], "REFUSED", "r51");
        assert!(!String::from_utf8(answer.body.clone()).unwrap().contains("Play"), "r37: the client sees no reason");
        assert_eq!((site.refusals(reason), phone.record(&site).await), (1, None), "{reason}");
        assert_eq!(phone.register(&site).await.status, 201, "{reason}: and the same without the change");
    }
}

/// The proof is of the key, for this registration.
#[tokio::test]
async fn a_proof_is_of_this_registration() {
    let site = site_of(play(false), None);
    let (phone, other) = (Phone::new("pixel"), Phone::new("other"));
    let challenge = site.challenge("integrity", "alice").await;
    let elsewhere = site.challenge("integrity", "alice").await;
    let token = play_app().token(&phone.classic(&challenge, site.now()));
    let body = body(&challenge, "classic", &token);
    let proof = |nonce: &str, others: Value| phone.proof("/devices", nonce, site.now(), &others);
    for (reason, proof) in [
        ("ProofNonce", proof(&elsewhere, json!({}))),
        ("ProofNonce", proof(&challenge, json!({ "nonce": null }))),
        ("ProofMethod", proof(&challenge, json!({ "htm": "PUT" }))),
        ("ProofUri", proof(&challenge, json!({ "htu": "https://localhost:8080/tokens" }))),
        ("ProofUri", proof(&challenge, json!({ "htu": "https://evil.example/devices" }))),
        ("TokenTooOld", proof(&challenge, json!({ "iat": site.now() - 361 }))),
        ("TokenFromFuture", proof(&challenge, json!({ "iat": site.now() + 61 }))),
        // A token that is bound to another key than the one that is proved.
        ("PlayNonceMismatch", other.proof("/devices", &challenge, site.now(), &json!({}))),
    ] {
        let before = site.refusals(reason);
        let answer = site.send(request(&proof, &body)).await;
        let code = if reason.starts_with("Play") { "rejected" } else { "proof_rejected" };
        assert_eq!((answer.status, answer.code().as_str()), (401, code), "{reason}: {proof}");
        assert_eq!(site.refusals(reason), before + 1, "{reason}");
    }
    let mut forged = proof(&challenge, json!({}));
    forged.replace_range(forged.len() - 4.., "AAAA");
    assert_eq!(site.send(request(&forged, &body)).await.status, 401);
    // Without one, or with two, nobody knows which key is meant.
    let good = proof(&challenge, json!({}));
    let mut without = request(&good, &body);
    without.headers_mut().remove("dpop");
    let mut twice = request(&good, &body);
    twice.headers_mut().append("dpop", good.parse().unwrap());
    for request in [without, twice] {
        let answer = site.send(request).await;
        assert_eq!((answer.status, answer.code()), (400, "malformed".to_owned()));
    }
    assert_eq!(site.send(request(&good, &body)).await.status, 201, "none of them used the challenge");
}

#[tokio::test]
async fn r4_r5_a_challenge_is_for_integrity_for_its_session_and_good_once() {
    let site = site_of(play(false), None);
    let phone = Phone::new("pixel");
    let register = async |challenge: &str, session: &str| {
        let token = play_app().token(&phone.classic(challenge, site.now()));
        let proof = phone.proof("/devices", challenge, site.now(), &json!({}));
        let mut request = request(&proof, &body(challenge, "classic", &token));
        request.headers_mut().insert("x-session", session.parse().unwrap());
        site.send(request).await
    };
    let challenge = site.challenge("integrity", "alice").await;
    assert_eq!(register(&challenge, "bob").await.code(), "challenge_rejected");
    for purpose in ["attestation", "assertion"] {
        let other = site.challenge(purpose, "alice").await;
        assert_eq!(register(&other, "alice").await.code(), "challenge_rejected", "{purpose}");
    }
    assert_eq!(register(&challenge, "alice").await.status, 201);
    assert_eq!(register(&challenge, "alice").await.code(), "challenge_rejected");
    assert_eq!(site.refusals("ChallengeReused"), 1);
    let late = site.challenge("integrity", "alice").await;
    site.hands.advance(301);
    assert_eq!(register(&late, "alice").await.code(), "challenge_rejected");
}

/// One of 200 copies registers the key.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_copies_registers() {
    let site = Arc::new(site_of(play(false), None));
    let phone = Phone::new("pixel");
    let challenge = site.challenge("integrity", "alice").await;
    let token = play_app().token(&phone.classic(&challenge, site.now()));
    let proof = phone.proof("/devices", &challenge, site.now(), &json!({}));
    let mut runners = JoinSet::new();
    for _ in 0..200 {
        let (site, proof, body) = (Arc::clone(&site), proof.clone(), body(&challenge, "classic", &token));
        runners.spawn(async move { site.send(request(&proof, &body)).await.status });
    }
    let statuses = runners.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1);
    assert!(statuses.iter().all(|status| [201, 401].contains(status)), "{statuses:?}");
}

#[tokio::test]
async fn a_device_is_attested_again() {
    let site = site_of(play(false), None);
    let phone = Phone::new("pixel");
    assert_eq!(phone.register(&site).await.status, 201);
    let first = phone.record(&site).await.unwrap();
    site.hands.advance(1000);
    let answer = phone.register(&site).await;
    assert_eq!((answer.status, answer.json()["registered"].as_bool()), (200, Some(true)));
    let second = phone.record(&site).await.unwrap();
    assert_eq!((second.registered_at, second.attested_at.0), (first.registered_at, first.attested_at.0 + 1_000_000));
}

/// R40: a failure that is Google's own word on this device locks it, a success opens the lock, and nothing else does either.
#[tokio::test]
async fn r40_a_device_that_fails_is_locked_until_it_is_attested_again() {
    let site = site_of(play(false), None);
    let phone = Phone::new("pixel");
    assert_eq!(phone.register_as(&site, failing).await.status, 401);
    assert_eq!(phone.record(&site).await, None, "of a device that nobody knows nothing is kept");
    phone.register(&site).await;
    // What anybody could send in its name locks nothing.
    let other = |said: &mut Json| said.set("requestDetails.nonce", "AAAAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(phone.register_as(&site, other).await.status, 401);
    let late = |said: &mut Json| said.set("requestDetails.timestampMillis", "1000");
    assert_eq!(phone.register_as(&site, late).await.status, 401);
    let unevaluated = |said: &mut Json| said.set("appIntegrity.appRecognitionVerdict", "UNEVALUATED");
    assert_eq!(phone.register_as(&site, unevaluated).await.status, 401);
    assert_eq!(phone.record(&site).await.unwrap().locked_at, None);
    let answer = phone.register_as(&site, failing).await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "rejected"));
    assert_eq!(phone.record(&site).await.unwrap().locked_at, Some(site.now()));
    let told = site.operate("GET", &format!("/devices/{}", url_text(phone.key_id))).await.json();
    assert_eq!((&told["play_integrity_status"], &told["app_attest_status"]), (&json!("LOCKED"), &Value::Null));
    assert_eq!(site.gate.metrics.locks.get(), 1);
    assert_eq!(phone.register(&site).await.status, 200);
    assert_eq!(phone.record(&site).await.unwrap().locked_at, None);
    // Or by the operator.
    phone.register_as(&site, failing).await;
    let lock = format!("/devices/{}/lock", url_text(phone.key_id));
    assert_eq!(site.operate("DELETE", &lock).await.status, 204);
    assert_eq!(phone.record(&site).await.unwrap().locked_at, None);
    assert_eq!(site.operate("PUT", &lock).await.status, 204);
    assert!(phone.record(&site).await.unwrap().locked_at.is_some());
    assert_eq!(site.operate("PUT", &format!("/devices/{}/lock", url_text([7; 32]))).await.status, 404);
}

fn url_text(key_id: [u8; 32]) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    BASE64_URL_SAFE_NO_PAD.encode(key_id)
}

#[tokio::test]
async fn a_revoked_device_is_not_attested_again() {
    let site = site_of(play(false), None);
    let phone = Phone::new("pixel");
    phone.register(&site).await;
    site.gate.revoke(KeyId(phone.key_id)).await.unwrap();
    assert_eq!(phone.register(&site).await.code(), "rejected");
    assert_eq!(site.refusals("KeyRevoked"), 1);
}

#[tokio::test]
async fn a_standard_token_is_decoded_by_google_once() {
    let (site, google) = site_with_google(play(true)).await;
    let phone = Phone::new("pixel");
    let challenge = site.challenge("integrity", "alice").await;
    let token = google.mint(&play_app(), &phone.standard(&challenge, site.now()));
    let proof = phone.proof("/devices", &challenge, site.now(), &json!({}));
    let register = async || site.send(request(&proof, &body(&challenge, "standard", &token))).await;
    let answer = register().await;
    assert_eq!((answer.status, answer.json()["play_integrity_status"].as_str()), (201, Some("VERIFIED")));
    // Sent again it is not asked about again: Google would clear its verdicts, and the device would seem to fail.
    assert_eq!(register().await.code(), "challenge_rejected");
    assert_eq!((google.asked(At::Decode), phone.record(&site).await.unwrap().locked_at), (1, None));
    // Bound to another key or challenge it is of no use.
    let other = site.challenge("integrity", "alice").await;
    let proof = phone.proof("/devices", &other, site.now(), &json!({}));
    let token = google.mint(&play_app(), &phone.standard(&challenge, site.now()));
    let answer = site.send(request(&proof, &body(&other, "standard", &token))).await;
    assert_eq!((answer.status, site.refusals("PlayRequestHashMismatch")), (401, 1));
    // A classic token is no standard one, and the reverse.
    let other = site.challenge("integrity", "alice").await;
    let proof = phone.proof("/devices", &other, site.now(), &json!({}));
    let token = google.mint(&play_app(), &phone.standard(&other, site.now()));
    assert_eq!(site.send(request(&proof, &body(&other, "classic", &token))).await.status, 401);
    assert_eq!(site.refusals("PlayNotOpened"), 1);
}

/// R55: an outage is no failure. It locks nobody, and is not told as a refusal.
#[tokio::test]
async fn r55_an_outage_is_no_failure() {
    let (site, google) = site_with_google(play(true)).await;
    let phone = Phone::new("pixel");
    let attempt = async || {
        let challenge = site.challenge("integrity", "alice").await;
        let token = google.mint(&play_app(), &phone.standard(&challenge, site.now()));
        let proof = phone.proof("/devices", &challenge, site.now(), &json!({}));
        site.send(request(&proof, &body(&challenge, "standard", &token))).await
    };
    assert_eq!(attempt().await.status, 201);
    for (fault, reason) in [(Fault::Status(500), "DecoderUnavailable"), (Fault::Status(429), "DecoderQuota")] {
        google.fail(At::Decode, &[fault]);
        let answer = attempt().await;
        assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"));
        assert_eq!((answer.json()["session_status"].as_str(), site.refusals(reason)), (Some("UNDECIDED"), 1));
    }
    google.fail(At::Decode, &[Fault::Status(400)]);
    assert_eq!((attempt().await.code().as_str(), site.refusals("IntegrityToken")), ("rejected", 1));
    assert_eq!(phone.record(&site).await.unwrap().locked_at, None);
    let unavailable = site.gate.metrics.attestations(Platform::PlayIntegrity, Mode::Required, Status::Unavailable);
    assert_eq!((unavailable, attempt().await.status), (2, 200));
}

#[tokio::test]
async fn what_is_not_configured_is_refused() {
    let phone = Phone::new("pixel");
    let without = site_of(play(false), None);
    let challenge = without.challenge("integrity", "alice").await;
    let token = play_app().standard_token(&phone.standard(&challenge, without.now()));
    let proof = phone.proof("/devices", &challenge, without.now(), &json!({}));
    let answer = without.send(request(&proof, &body(&challenge, "standard", &token))).await;
    assert_eq!((answer.status, without.refusals("IntegrityRequest")), (401, 1));
    // An application of Apple's systems alone, and one of Android alone.
    let apple = Site::new();
    let challenge = apple.challenge("integrity", "alice").await;
    let proof = phone.proof("/devices", &challenge, apple.now(), &json!({}));
    let token = play_app().token(&phone.classic(&challenge, apple.now()));
    let answer = apple.send(request(&proof, &body(&challenge, "classic", &token))).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "platform_unknown"));
    let hands = Hands::at(now());
    let android = genuine_gateway::config::Application { app_ids: Vec::new(), ..application(play(false)) };
    let gate = gate_of(&[android], Arc::new(MemoryStore::default()), &hands);
    let android = Site::of(Arc::new(gate), hands, origin());
    let challenge = android.challenge("attestation", "alice").await;
    let answer = android.post("/devices", "alice", &support::registration(&device("alice"), &challenge)).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "platform_unknown"));
    assert_eq!(phone.register(&android).await.status, 201);
}

/// A body of neither form, and of both.
#[tokio::test]
async fn a_registration_has_one_form() {
    let site = site_of(play(false), None);
    let phone = Phone::new("pixel");
    let challenge = site.challenge("integrity", "alice").await;
    let proof = phone.proof("/devices", &challenge, site.now(), &json!({}));
    let good = body(&challenge, "classic", "a.b.c.d.e");
    for (member, value) in [
        ("integrity_token", json!({})),
        ("integrity_token", json!({ "classic": "a", "standard": "b" })),
        ("integrity_token", json!({ "other": "a" })),
        ("integrity_token", json!("a")),
        ("integrity_token", json!({ "classic": null })),
        ("key_id", json!("AAAA")),
        ("attestation", json!("AAAA")),
    ] {
        let mut body = good.clone();
        body[member] = value;
        let answer = site.send(request(&proof, &body)).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "malformed"), "{body}");
    }
    assert_eq!(site.send(request(&proof, &good)).await.status, 400, "no token at all");
}
