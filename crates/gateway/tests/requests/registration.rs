//! Who registers, and under which policy.

use std::sync::Arc;

use genuine_gateway::{config, store::MemoryStore};
use genuine_testvectors::{Environment, Generation};
use serde_json::{Value, json};

use crate::{
    assert_refused,
    support::{APP_ID, APPLICATION, Hands, Site, device, gate_of, now, origin, registration, signed},
};

#[tokio::test]
async fn r2_r3_a_challenge_lives_for_its_lifetime() {
    for (age, status) in [(0, 201), (299, 201), (300, 201), (301, 401)] {
        let site = Site::new();
        let challenge = site.challenge("attestation", "alice").await;
        site.hands.advance(age);
        let answer = site.post("/devices", "alice", &registration(&device("alice"), &challenge)).await;
        assert_eq!(answer.status, status, "after {age} s");
        assert_eq!(site.refusals("ChallengeExpired"), u64::from(status == 401));
    }
}

#[tokio::test]
async fn r4_r8_r9_registrations_are_refused_for_each_reason() {
    let alice = device("alice");
    let honest = |challenge: &str| registration(&alice, challenge);
    let with = |challenge: &str, field: &str, value: Value| {
        let mut body = honest(challenge);
        body[field] = value;
        body
    };

    let site = Site::new();
    // Another gateway's, with secrets of its own.
    let foreign = Site::new().challenge("attestation", "alice").await;
    let answer = site.post("/devices", "alice", &honest(&foreign)).await;
    assert_refused(&site, &answer, 401, "challenge_rejected", "ChallengeForged");
    for text in ["", "x", &foreign[..99], &format!("{foreign}="), &format!("{foreign}A"), "not base64 at all !"] {
        let answer = site.post("/devices", "alice", &honest(text)).await;
        assert_eq!((answer.status, answer.code()), (401, "challenge_rejected".to_owned()), "{text:?}");
    }

    let site = Site::new();
    let challenge = site.challenge("attestation", "bob").await;
    let answer = site.post("/devices", "alice", &honest(&challenge)).await;
    assert_refused(&site, &answer, 401, "challenge_rejected", "ChallengeForged");
    // Whoever only tried did not use it up.
    assert_eq!(site.post("/devices", "bob", &honest(&challenge)).await.status, 201);

    let site = Site::new();
    let challenge = site.challenge("assertion", "alice").await;
    let answer = site.post("/devices", "alice", &honest(&challenge)).await;
    assert_refused(&site, &answer, 401, "challenge_rejected", "ChallengeForged");

    let site = Site::new();
    site.register(&alice, "alice").await;
    let challenge = site.challenge("attestation", "mallory").await;
    let answer = site.post("/devices", "mallory", &honest(&challenge)).await;
    assert_refused(&site, &answer, 409, "already_registered", "KeyAlreadyEnrolled");

    // Another key with a challenge that is used, and an attestation with a challenge that it was not made for.
    let site = Site::new();
    let challenge = site.challenge("attestation", "alice").await;
    assert_eq!(site.post("/devices", "alice", &registration(&device("other"), &challenge)).await.status, 201);
    let answer = site.post("/devices", "alice", &honest(&challenge)).await;
    assert_refused(&site, &answer, 401, "challenge_rejected", "ChallengeReused");
    let fresh = site.challenge("attestation", "alice").await;
    let answer = site.post("/devices", "alice", &with(&challenge, "challenge", json!(fresh))).await;
    assert_refused(&site, &answer, 401, "rejected", "NonceMismatch");

    let site = Site::new();
    let challenge = site.challenge("attestation", "alice").await;
    let answer = site.post("/devices", "alice", &with(&challenge, "application", json!("nobody's"))).await;
    assert_refused(&site, &answer, 401, "rejected", "ApplicationUnknown");
    let answer = site.post("/devices", "alice", &with(&challenge, "key_id", json!("AAAA"))).await;
    assert_refused(&site, &answer, 400, "malformed", "KeyIdFormat");
    let answer = site.post("/devices", "alice", &with(&challenge, "attestation", json!("!"))).await;
    assert_refused(&site, &answer, 400, "malformed", "RequestMalformed");
    let answer = site.post("/devices", "alice", &with(&challenge, "attestation", json!(""))).await;
    assert_refused(&site, &answer, 400, "malformed", "CborTruncated");
    // None of this used the challenge up.
    assert_eq!(site.post("/devices", "alice", &honest(&challenge)).await.status, 201);
}

#[tokio::test]
async fn r47_r58_only_the_policy_of_the_application_counts() {
    let development = config::Application {
        environment: config::Environment::Development,
        ..config::Application::new("development", &[APP_ID])
    };
    let production = config::Application::new(APPLICATION, &[APP_ID]);
    let launched = config::Application {
        categories: Some(vec![1]),
        bundle_versions: Some(vec!["42".to_owned()]),
        ..config::Application::new("launched", &[APP_ID])
    };
    let other = config::Application::new("other", &["ABCDE12345.com.example.other"]);
    let hands = Hands::at(now());
    let gate = gate_of(&[production, development, launched, other], Arc::new(MemoryStore::default()), &hands);
    let site = Site::of(Arc::new(gate), hands, origin());

    let in_development = device("developer").with_environment(Environment::Development);
    let before_ios27 = device("dave").with_generation(Generation::Ios26).with_issue_time(now());
    let cases = [
        (device("alice"), "demo", None),
        (device("bob"), "development", Some("EnvironmentMismatch")),
        (in_development.clone(), "demo", Some("EnvironmentMismatch")),
        (in_development, "development", None),
        (device("carol"), "other", Some("RpIdMismatch")),
        (before_ios27, "launched", Some("LaunchDataMissing")),
        (device("erin").with_launch_data("42", 1), "launched", None),
        (device("frank").with_launch_data("42", 9), "launched", Some("CategoryRefused")),
        (device("grace").with_launch_data("41", 1), "launched", Some("BundleVersionRefused")),
    ];
    for (device, application, reason) in cases {
        let before = reason.map(|reason| site.refusals(reason));
        let body = json!({ "application": application, "purpose": "attestation" });
        let challenge = site.post("/challenges", "s", &body).await.json()["challenge"].as_str().unwrap().to_owned();
        let mut body = registration(&device, &challenge);
        body["application"] = json!(application);
        let answer = site.post("/devices", "s", &body).await;
        assert_eq!(answer.status, if reason.is_some() { 401 } else { 201 }, "{application}: {}", answer.json());
        assert_eq!(reason.map(|reason| site.refusals(reason)), before.map(|before| before + 1), "{application}");
        // Its challenge is of no use to another application either.
        body["application"] = json!("demo");
        if application != "demo" {
            let code = if reason.is_some() { "challenge_rejected" } else { "already_registered" };
            assert_eq!(site.post("/devices", "s", &body).await.code(), code);
        }
    }
}

/// Each setting of an application reaches the engine: it refuses for its own reason, and lets what it asks for pass.
#[tokio::test]
async fn what_an_application_asks_for_is_asked() {
    let plain = config::Application::new(APPLICATION, &[APP_ID]);
    let with = |setting: &str| {
        let text = format!("name = \"demo\"\napp_ids = [\"{APP_ID}\"]\n{setting}");
        toml::from_str::<config::Application>(&text).unwrap()
    };
    let cases = [
        (plain, None),
        (with("platforms = [\"macosx\"]"), Some("PlatformRefused")),
        (with("platforms = [\"macosx\", \"iphoneos\", \"testphoneos\"]"), None),
        (with("os_version_at_least = \"99\""), Some("OsVersionTooOld")),
        (with("os_version_at_least = \"1.0\""), None),
        (with("os_build_at_least = { iphoneos = \"999A1\", testphoneos = \"999A1\" }"), Some("OsBuildTooOld")),
        (with("os_build_at_least = { macosx = \"1A1\" }"), Some("PlatformRefused")),
        (with("os_build_at_least = { iphoneos = \"1A1\", testphoneos = \"1A1\" }"), None),
        (with("code_hashes = [\"00\"]"), Some("LaunchDataMissing")),
        (with("attestation_age_seconds = 86400"), Some("AttestationTooOld")),
        (with("attestation_age_seconds = 86410"), None),
        (with("macos_access_control = true"), None),
    ];
    for (application, reason) in cases {
        let text = format!("{application:?}");
        let hands = Hands::at(now());
        let gate = gate_of(&[application], Arc::new(MemoryStore::default()), &hands);
        let site = Site::of(Arc::new(gate), hands, origin());
        site.hands.advance(10);
        let challenge = site.challenge("attestation", "s").await;
        let answer = site.post("/devices", "s", &registration(&device("alice"), &challenge)).await;
        match reason {
            None => assert_eq!(answer.status, 201, "{text}: {}", site.gate.metrics.text().unwrap()),
            Some(reason) => assert_refused(&site, &answer, 401, "rejected", reason),
        }
    }

    let hands = Hands::at(now());
    let applications = [with("counter_step = 5\ncounter = \"window\"")];
    let site = Site::of(Arc::new(gate_of(&applications, Arc::new(MemoryStore::default()), &hands)), hands, origin());
    site.register(&device("alice"), "alice").await;
    for (counter, reason) in [
        (6, Some(("rejected", "CounterStepTooLarge"))),
        (5, None),
        (3, None),
        (3, Some(("counter_overtaken", "CounterSeen"))),
        (10, None),
        (4, None),
    ] {
        let mut alice = device("alice").with_counter(counter - 1);
        let answer = site.send(signed(&mut alice, "GET", "/orders", "", None)).await;
        match reason {
            None => assert_eq!(answer.status, 200, "{counter}: {}", answer.json()),
            Some((code, reason)) => {
                assert_refused(&site, &answer, 401, code, reason);
                // A later counter of this key is further ahead still.
                assert_eq!(answer.json()["retryable"], reason != "CounterStepTooLarge", "{reason}");
            }
        }
    }
    for counter in (15..=85).step_by(5) {
        let mut alice = device("alice").with_counter(counter - 1);
        assert_eq!(site.send(signed(&mut alice, "GET", "/orders", "", None)).await.status, 200, "{counter}");
    }
    let answer = site.send(signed(&mut device("alice").with_counter(11), "GET", "/orders", "", None)).await;
    assert_refused(&site, &answer, 401, "counter_overtaken", "CounterBelowWindow");
}
