//! Registration and protected requests, over HTTP but without sockets: what is accepted, and each reason to refuse.
#![allow(missing_docs)]

mod support;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use axum::{body::Body, http::Request};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use genuine::{
    Error, UnixMillis,
    app_attest::{Advance, AdvanceError, KeyId},
};
use genuine_gateway::{
    challenge::{Purpose, SETTLING},
    config,
    gate::{Access, Client, Freshness, Gate, PresentedAssertion, SignedRequest, sha256},
    limit::RateLimiter,
    platform::date,
    refusal::Refusal,
    store::{
        AccountHash, AdvanceFault, ChallengeId, Change, Contract, Cursor, Device as Record, Listing, MemoryStore,
        RedbStore, Spent, Store, StoredSecret, Unavailable, Usage,
    },
};
use genuine_testvectors::{Device, Environment, Generation};
use serde_json::{Value, json};
use support::{
    APP_ID, APPLICATION, AUTHORITY, Answer, Hands, Postgres, Redis, Scratch, Site, assert, authorization, device,
    gate_of, gate_over, now, origin, registration, signed,
};
use tokio::task::JoinSet;

/// The request is refused with this status and code, and for this reason, which the client does not see.
fn assert_refused(site: &Site, answer: &Answer, status: u16, code: &str, reason: &str) {
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(answer.status, status, "{reason}: {body}");
    assert_eq!(answer.code(), code, "{reason}");
    assert_eq!(site.refusals(reason), 1, "{reason}: {body}");
    assert!(!body.contains(reason), "{reason}: {body}");
    assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401);
}

#[tokio::test]
async fn a_device_registers_and_its_requests_pass() {
    let site = Site::new();
    let mut alice = device("alice");
    let challenge = site.challenge("attestation", "alice").await;
    assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(&challenge).unwrap().len(), 75);
    assert_ne!(challenge, site.challenge("attestation", "alice").await);

    let answer = site.post("/devices", "alice", &registration(&alice, &challenge)).await;
    let expected = json!({
        "application": "demo", "registered": true, "environment": "PRODUCTION",
        "app_attest_status": "VERIFIED", "app_attest_date": date(UnixMillis(now() * 1000)),
    });
    assert_eq!((answer.status, answer.json()), (201, expected));

    let answer = site.send(signed(&mut alice, "POST", "/orders?item=7", "two of them", None)).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    assert_eq!((&answer.json()["counter"], &answer.json()["body_bytes"]), (&json!(1), &json!(11)));
    let answer = site.send(signed(&mut alice, "GET", "/orders", "", None)).await;
    assert_eq!((answer.status, &answer.json()["counter"]), (200, &json!(2)));

    let challenge = site.challenge("assertion", "alice").await;
    let answer = site.send(signed(&mut alice, "POST", "/payments", "{}", Some(&challenge))).await;
    assert_eq!((answer.status, &answer.json()["counter"]), (200, &json!(3)));
    // A challenge may come where none is asked for: then it counts.
    let challenge = site.challenge("assertion", "alice").await;
    assert_eq!(site.send(signed(&mut alice, "POST", "/orders", "", Some(&challenge))).await.status, 200);
    assert_eq!(site.send(signed(&mut alice, "POST", "/orders", "", Some(&challenge))).await.status, 401);
    assert_eq!(site.refusals("ChallengeReused"), 1);
}

/// The bytes that a client signs: part of the interface, and written down in the README.
#[test]
fn client_data_has_one_form() {
    let authority = "shop.example.com";
    let request = SignedRequest { method: "POST", authority, target: "/orders?item=7", body: b"abc" };
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let lines = format!("genuine-request-v1\nPOST\n{authority}\n/orders?item=7\n{hash}\n");
    assert_eq!(request.client_data(None), format!("{lines}\n"));
    assert_eq!(request.client_data(Some("c1")), format!("{lines}c1\n"));
    let readme = include_str!("../README.md");
    assert!(readme.contains(&lines), "README.md shows it");
}

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

#[tokio::test]
async fn r16_r20_r22_requests_are_refused_for_each_reason() {
    let site = Site::new();
    let mut alice = device("alice");
    site.register(&alice, "alice").await;

    // What was signed is another request.
    let assertion = assert(&mut alice, "GET", "/orders?item=7", b"", None);
    let header = authorization(&alice, &assertion, None);
    let request = |method: &str, target: &str, body: &'static str| {
        Request::builder().method(method).uri(target).header("authorization", &header).body(Body::from(body)).unwrap()
    };
    let others = [
        request("POST", "/orders?item=7", ""),
        request("GET", "/orders?item=8", ""),
        request("GET", "/orders", ""),
        request("GET", "/orders?item=7&item=7", ""),
        request("GET", "/orders?item=7", "x"),
    ];
    for (number, other) in others.into_iter().enumerate() {
        let answer = site.send(other).await;
        assert_eq!((answer.status, answer.code()), (401, "rejected".to_owned()));
        assert_eq!(site.refusals("SignatureInvalid"), number as u64 + 1);
    }
    // None of them moved the counter.
    assert_eq!(site.send(request("GET", "/orders?item=7", "")).await.status, 200);
    let answer = site.send(request("GET", "/orders?item=7", "")).await;
    assert_refused(&site, &answer, 401, "counter_overtaken", "CounterNotIncreased");

    let answer = site.send(signed(&mut device("nobody"), "GET", "/orders", "", None)).await;
    assert_refused(&site, &answer, 401, "unknown_key", "UnknownKey");
    let answer = site.send(Request::get("/orders").body(Body::empty()).unwrap()).await;
    assert_refused(&site, &answer, 401, "rejected", "AssertionMissing");

    // Somebody else's assertion under a registered key.
    let mut bob = device("bob").with_counter(10);
    let assertion = assert(&mut bob, "GET", "/orders", b"", None);
    let request = Request::get("/orders").header("authorization", authorization(&alice, &assertion, None));
    assert_eq!(site.send(request.body(Body::empty()).unwrap()).await.code(), "rejected");
    assert_eq!(site.refusals("SignatureInvalid"), 6);

    let answer = site.send(signed(&mut alice, "POST", "/payments", "", None)).await;
    assert_refused(&site, &answer, 401, "challenge_rejected", "ChallengeMissing");
    let challenge = site.challenge("attestation", "alice").await;
    let answer = site.send(signed(&mut alice, "POST", "/payments", "", Some(&challenge))).await;
    assert_refused(&site, &answer, 401, "challenge_rejected", "ChallengeForged");
    let challenge = site.challenge("assertion", "bob").await;
    let answer = site.send(signed(&mut alice, "POST", "/payments", "", Some(&challenge))).await;
    assert_eq!((answer.code().as_str(), site.refusals("ChallengeForged")), ("challenge_rejected", 2));
    let challenge = site.challenge("assertion", "alice").await;
    site.hands.advance(301);
    let answer = site.send(signed(&mut alice, "POST", "/payments", "", Some(&challenge))).await;
    assert_refused(&site, &answer, 401, "challenge_rejected", "ChallengeExpired");
    // The challenge that was signed is not the one that is shown.
    let (one, other) = (site.challenge("assertion", "alice").await, site.challenge("assertion", "alice").await);
    let assertion = assert(&mut alice, "POST", "/payments", b"", Some(&one));
    let request = Request::post("/payments")
        .header("authorization", authorization(&alice, &assertion, Some(&other)))
        .header("x-session", "alice");
    assert_eq!(site.send(request.body(Body::empty()).unwrap()).await.code(), "rejected");
    assert_eq!(site.refusals("SignatureInvalid"), 7);
}

#[tokio::test]
async fn r14_r19_a_revoked_device_is_refused_and_a_new_key_restores_trust() {
    let site = Site::new();
    let (mut phone, mut tablet) = (device("alice's phone"), device("alice's tablet"));
    site.register(&phone, "alice").await;
    site.register(&tablet, "alice").await;
    let path = format!("/devices/{}", BASE64_URL_SAFE_NO_PAD.encode(phone.key_id()));
    assert_eq!(site.send(signed(&mut phone, "GET", "/orders", "", None)).await.status, 200);
    let answer = site.operate("GET", &path).await;
    let mut expected = json!({
        "application": "demo", "environment": "PRODUCTION", "account": null, "registered_at": now(), "counter": 1,
        "app_attest_status": "VERIFIED", "app_attest_date": date(UnixMillis(now() * 1000)),
        "locked_at": null, "revoked_at": null, "pseudonym": site.gate.pseudonyms.of(KeyId(phone.key_id())),
    });
    assert_eq!((answer.status, answer.json()), (200, expected.clone()));

    site.hands.advance(10);
    assert_eq!(site.operate("PUT", &format!("{path}/revocation")).await.status, 204);
    let answer = site.send(signed(&mut phone, "GET", "/orders", "", None)).await;
    assert_refused(&site, &answer, 401, "rejected", "KeyRevoked");
    expected["revoked_at"] = json!(now() + 10);
    assert_eq!(site.operate("GET", &path).await.json(), expected);

    // The key does not come back; the other key of the session is untouched, and a new key is trusted.
    let challenge = site.challenge("attestation", "alice").await;
    assert_eq!(site.post("/devices", "alice", &registration(&phone, &challenge)).await.code(), "rejected");
    assert_eq!(site.refusals("KeyRevoked"), 2);
    assert_eq!(site.send(signed(&mut tablet, "GET", "/orders", "", None)).await.status, 200);
    let mut reinstalled = device("alice's phone, reinstalled");
    site.register(&reinstalled, "alice").await;
    assert_eq!(site.send(signed(&mut reinstalled, "GET", "/orders", "", None)).await.status, 200);

    for (method, path) in [("GET", "/devices/AAAA"), ("PUT", "/devices/AAAA/revocation")] {
        assert_eq!(site.operate(method, path).await.code(), "malformed");
    }
    let unknown = BASE64_URL_SAFE_NO_PAD.encode([9; 32]);
    for (method, path) in [("GET", format!("/devices/{unknown}")), ("PUT", format!("/devices/{unknown}/revocation"))] {
        assert_eq!(site.operate(method, &path).await.code(), "not_found");
    }
}

#[tokio::test]
async fn r11_the_chain_is_verified_once() {
    let site = Site::new();
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    for _ in 0..1000 {
        assert_eq!(site.send(signed(&mut alice, "GET", "/orders", "", None)).await.status, 200);
    }
    assert_eq!((site.gate.metrics.chains.get(), site.gate.metrics.assertions.get()), (1, 1000));
    let metrics = String::from_utf8(site.operate("GET", "/metrics").await.body).unwrap();
    for line in [
        "genuine_chain_verifications_total 1",
        "genuine_signatures_total{curve=\"p256\",key=\"stored\"} 2",
        "genuine_signatures_total{curve=\"p256\",key=\"prepared\"} 998",
        "genuine_signatures_total{curve=\"p384\",key=\"stored\"} 2",
        "genuine_http_requests_total{method=\"GET\",route=\"/orders\",status=\"200\"} 1000",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
}

#[tokio::test]
async fn r1_an_app_without_app_attest_gets_what_the_mode_says() {
    use config::Mode;
    for (mode, status) in [(Mode::Off, 200), (Mode::Optional, 200), (Mode::Required, 403)] {
        let application = config::Application { mode, ..config::Application::new(APPLICATION, &[APP_ID]) };
        let hands = Hands::at(now());
        let gate = gate_of(&[application], Arc::new(MemoryStore::default()), &hands);
        let site = Site::of(Arc::new(gate), hands, origin());
        let answer = site.post("/devices/unsupported", "s", &json!({ "application": APPLICATION })).await;
        assert_eq!(answer.status, status, "{mode:?}");
        if status == 200 {
            let date = date(UnixMillis(now() * 1000));
            let status = json!({ "app_attest_status": "NOT_SUPPORTED", "app_attest_date": date });
            let mut expected = json!({ "application": APPLICATION, "registered": false });
            expected.as_object_mut().unwrap().extend(status.as_object().unwrap().clone());
            assert_eq!(answer.json(), expected);
        } else {
            assert_refused(&site, &answer, 403, "attestation_required", "AttestationRequired");
        }
        let answer = site.post("/devices/unsupported", "s", &json!({ "application": "nobody's" })).await;
        assert_eq!(answer.status, 401);
    }
}

/// However many are out, an honest client gets one, and it is good: nothing is stored of those that nobody uses.
#[tokio::test]
async fn challenges_that_nobody_uses_take_no_room() {
    let site = Site::new();
    let challenge = site.challenge("attestation", "alice").await;
    for number in 0..20_000 {
        let flood = site.gate.challenge(APPLICATION, Purpose::Assertion, sha256(&u32::to_be_bytes(number))).await;
        assert_eq!(flood.unwrap().len(), 100);
    }
    assert_eq!(site.post("/devices", "alice", &registration(&device("alice"), &challenge)).await.status, 201);
}

/// Several gateways, and one that was started anew: what one sealed the other opens, and one use counts.
#[tokio::test]
async fn gateways_of_one_store_take_each_others_challenges() {
    let (store, hands): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::default()), Hands::at(now()));
    let site = || Site::of(Arc::new(gate_over(Arc::clone(&store), &hands)), hands.clone(), origin());
    let (one, other) = (site(), site());
    let challenge = one.challenge("attestation", "alice").await;
    assert_eq!(other.post("/devices", "alice", &registration(&device("alice"), &challenge)).await.status, 201);
    let answer = one.post("/devices", "alice", &registration(&device("bob"), &challenge)).await;
    assert_refused(&one, &answer, 401, "challenge_rejected", "ChallengeReused");
}

/// A used challenge is remembered as long as the slowest clock takes it for alive, whatever the fastest one forgets.
#[tokio::test]
async fn a_used_challenge_outlives_what_clocks_differ_by() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let site = |hands: &Hands| Site::of(Arc::new(gate_over(Arc::clone(&store), hands)), hands.clone(), origin());
    let hands = [Hands::at(now()), Hands::at(now() + 60)];
    let [slow, fast] = [site(&hands[0]), site(&hands[1])];
    let challenge = slow.challenge("attestation", "alice").await;
    assert_eq!(slow.post("/devices", "alice", &registration(&device("alice"), &challenge)).await.status, 201);
    for hands in &hands {
        hands.advance(300);
    }
    // What is over by the fast clock is forgotten with the next one that is used there.
    fast.register(&device("bob"), "bob").await;
    let answer = slow.post("/devices", "alice", &registration(&device("mallory"), &challenge)).await;
    assert_refused(&slow, &answer, 401, "challenge_rejected", "ChallengeReused");
}

/// Whoever waits while the secrets cannot be read is told with the one who tried: they do not try one after the other.
#[tokio::test]
async fn those_who_wait_for_secrets_wait_once() {
    let hands = Hands::at(now());
    let store = Arc::new(Faulty { unreadable: true, ..Faulty::default() });
    let gate = gate_over(Arc::clone(&store) as Arc<dyn Store>, &hands);
    let ask = |_| gate.challenge(APPLICATION, Purpose::Assertion, [0; 32]);
    let answers = futures_util::future::join_all((0..100).map(ask)).await;
    assert!(answers.iter().all(|answer| *answer == Err(Refusal::StoreUnavailable)));
    assert_eq!(store.reads.load(Ordering::SeqCst), 1);
    // And whoever comes later tries again.
    assert!(gate.challenge(APPLICATION, Purpose::Assertion, [0; 32]).await.is_err());
    assert_eq!(store.reads.load(Ordering::SeqCst), 2);
}

/// A gateway whose clock was years ahead once does not end rotation.
#[tokio::test]
async fn a_secret_from_the_future_is_followed_by_another() {
    let (store, hands): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::default()), Hands::at(now()));
    let site = Site::of(Arc::new(gate_over(Arc::clone(&store), &hands)), hands, origin());
    for (number, ahead, renewed) in [(1, 60, false), (2, 61, true)] {
        let secret = StoredSecret { number, made_at: now() + ahead, octets: [7; 32] };
        assert!(store.add_secret(Usage::Challenges, &secret).await.unwrap());
        site.gate.challenges.renew((site.gate.clock)()).await.unwrap();
        let newest = store.secrets(Usage::Challenges).await.unwrap()[0].number;
        assert_eq!(newest, if renewed { number + 1 } else { number });
    }
}

/// A secret is renewed after a day. It seals once every gateway has had time to read it, and what the last one sealed is good
/// until its time is over.
#[tokio::test]
async fn secrets_are_renewed_while_gateways_run() {
    const DAY: u64 = 86_400;
    let (store, hands): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::default()), Hands::at(now()));
    let site = || Site::of(Arc::new(gate_over(Arc::clone(&store), &hands)), hands.clone(), origin());
    let (one, other) = (site(), site());
    let numbers = async || store.secrets(Usage::Challenges).await.unwrap().iter().map(|s| s.number).collect::<Vec<_>>();
    let renew = async |site: &Site| site.gate.challenges.renew((site.gate.clock)()).await.unwrap();
    let opens = async |from: &Site, at: &Site, name: &str| {
        let challenge = from.challenge("attestation", name).await;
        at.post("/devices", name, &registration(&device(name), &challenge)).await.status == 201
    };
    assert!(opens(&one, &other, "1").await && opens(&other, &one, "2").await);
    hands.advance(DAY - 1);
    renew(&one).await;
    assert_eq!(numbers().await, [1]);
    hands.advance(1);
    renew(&one).await;
    assert_eq!(numbers().await, [2, 1]);
    // The other one has not read the new secret yet, and nobody notices.
    assert!(opens(&one, &other, "3").await && opens(&other, &one, "4").await);
    renew(&other).await;
    assert_eq!(numbers().await, [2, 1], "one of them adds one");
    let before = one.challenge("attestation", "5").await;
    hands.advance(SETTLING);
    let after = other.challenge("attestation", "6").await;
    for (challenge, name) in [(before, "5"), (after, "6")] {
        assert_eq!(one.post("/devices", name, &registration(&device(name), &challenge)).await.status, 201);
    }
}

#[tokio::test]
async fn r65_a_device_comes_as_often_as_it_may() {
    let hands = Hands::at(now());
    let devices = RateLimiter::per_minute(12);
    let gate = Gate { devices, ..gate_over(Arc::new(MemoryStore::default()), &hands) };
    let site = Site::of(Arc::new(gate), hands, origin());
    let (mut alice, mut bob) = (device("alice"), device("bob"));
    site.register(&alice, "alice").await;
    site.register(&bob, "bob").await;
    // Whoever only claims to be alice uses up nothing of hers.
    for _ in 0..5 {
        let assertion = assert(&mut bob, "GET", "/orders", b"", None);
        let request = Request::get("/orders").header("authorization", authorization(&alice, &assertion, None));
        assert_eq!(site.send(request.body(Body::empty()).unwrap()).await.status, 401);
    }
    assert_eq!(site.refusals("SignatureInvalid"), 5);
    // Nor does whoever repeats what she sent.
    let assertion = assert(&mut alice, "GET", "/orders", b"", None);
    for status in [200, 401, 401, 401] {
        let request = Request::get("/orders").header("authorization", authorization(&alice, &assertion, None));
        assert_eq!(site.send(request.body(Body::empty()).unwrap()).await.status, status);
    }
    assert_eq!(site.send(signed(&mut alice, "GET", "/orders", "", None)).await.status, 200);
    let answer = site.send(signed(&mut alice, "GET", "/orders", "", None)).await;
    assert_refused(&site, &answer, 429, "rate_limited", "DeviceLimit");
    let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=6).contains(&wait), "{wait}");
    assert_eq!(site.send(signed(&mut bob, "GET", "/orders", "", None)).await.status, 200);
}

#[tokio::test]
async fn r60_a_route_is_for_the_applications_that_it_names() {
    let development = config::Application {
        environment: config::Environment::Development,
        ..config::Application::new("development", &[APP_ID])
    };
    let hands = Hands::at(now());
    let applications = [config::Application::new(APPLICATION, &[APP_ID]), development];
    let site = Site::of(Arc::new(gate_of(&applications, Arc::new(MemoryStore::default()), &hands)), hands, origin());
    let mut developer = device("developer").with_environment(Environment::Development);
    let body = json!({ "application": "development", "purpose": "attestation" });
    let challenge = site.post("/challenges", "s", &body).await.json()["challenge"].as_str().unwrap().to_owned();
    let mut body = registration(&developer, &challenge);
    body["application"] = json!("development");
    assert_eq!(site.post("/devices", "s", &body).await.status, 201);
    let answer = site.send(signed(&mut developer, "GET", "/orders", "", None)).await;
    assert_refused(&site, &answer, 401, "rejected", "ApplicationRefused");
}

/// Sends 200 copies of one request to these sites in turn, and counts the answers 200.
async fn copies(sites: &[Arc<Site>], make: impl Fn() -> Request<Body>) -> usize {
    let mut runners = JoinSet::new();
    for site in sites.iter().cycle().take(200) {
        let (site, request) = (Arc::clone(site), make());
        runners.spawn(async move { site.send(request).await.status });
    }
    let answers = runners.join_all().await;
    assert!(answers.iter().all(|status| [200, 401].contains(status)), "{answers:?}");
    answers.iter().filter(|status| **status == 200).count()
}

async fn one_copy_is_accepted(stores: Vec<Arc<dyn Store>>) {
    let sites: Vec<_> = stores
        .into_iter()
        .map(|store| {
            let hands = Hands::at(now());
            Arc::new(Site::of(Arc::new(gate_over(store, &hands)), hands, origin()))
        })
        .collect();
    let mut alice = device("alice");
    sites[0].register(&alice, "alice").await;
    for target in ["/orders", "/payments"] {
        let challenge = sites[0].challenge("assertion", "alice").await;
        let challenge = (target == "/payments").then_some(challenge.as_str());
        let assertion = assert(&mut alice, "POST", target, b"body", challenge);
        let header = authorization(&alice, &assertion, challenge);
        let make = || {
            let request = Request::post(target).header("authorization", &header).header("x-session", "alice");
            request.body(Body::from("body")).unwrap()
        };
        assert_eq!(copies(&sites, make).await, 1, "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_one_of_200_copies_is_accepted_in_memory() {
    one_copy_is_accepted(vec![Arc::new(MemoryStore::default())]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_one_of_200_copies_is_accepted_on_redb() {
    let scratch = Scratch::new("copies");
    let commits = genuine_gateway::metrics::Metrics::new().unwrap().commit;
    let store = RedbStore::open(&scratch.path().join("devices.redb"), commits).unwrap();
    one_copy_is_accepted(vec![Arc::new(store)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_one_of_200_copies_is_accepted_by_two_servers_on_one_redis() {
    let Some(redis) = Redis::start("copies") else { return };
    let store = || Arc::new(redis.store()) as Arc<dyn Store>;
    one_copy_is_accepted(vec![store(), store()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_one_of_200_copies_is_accepted_by_two_servers_on_one_postgres() {
    let Some(postgres) = Postgres::start("copies").await else { return };
    let store = || Arc::new(postgres.store()) as Arc<dyn Store>;
    one_copy_is_accepted(vec![store(), store()]).await;
}

/// Twenty keys, one challenge, and as many gateways as there are stores.
async fn one_registration_is_accepted(stores: Vec<Arc<dyn Store>>) {
    let hands = Hands::at(now());
    let site = |store| Arc::new(Site::of(Arc::new(gate_over(store, &hands)), hands.clone(), origin()));
    let sites: Vec<_> = stores.into_iter().map(site).collect();
    let challenge = sites[0].challenge("attestation", "alice").await;
    let mut runners = JoinSet::new();
    for number in 0..20 {
        let body = registration(&device(&format!("device {number}")), &challenge);
        let site = Arc::clone(&sites[number % sites.len()]);
        runners.spawn(async move { site.post("/devices", "alice", &body).await.status });
    }
    let answers = runners.join_all().await;
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [201, 401].contains(status)), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_one_of_many_registrations_with_one_challenge_is_accepted() {
    one_registration_is_accepted(vec![Arc::new(MemoryStore::default())]).await;
    if let Some(redis) = Redis::start("one-challenge") {
        one_registration_is_accepted(vec![Arc::new(redis.store()), Arc::new(redis.store())]).await;
    }
    if let Some(postgres) = Postgres::start("one-challenge").await {
        one_registration_is_accepted(vec![Arc::new(postgres.store()), Arc::new(postgres.store())]).await;
    }
}

/// What an honest client can act on is told apart, and nothing by which a stranger could find out about a device.
#[tokio::test]
async fn a_client_is_told_what_to_do_and_a_stranger_nothing() {
    let site = Site::new();
    let mut alice = device("alice").with_counter(10);
    site.register(&alice, "alice").await;
    let assertion = assert(&mut alice, "GET", "/orders", b"", None);
    let header = authorization(&alice, &assertion, None);
    let get = |header: &str| Request::get("/orders").header("authorization", header).body(Body::empty()).unwrap();
    assert_eq!(site.send(get(&header)).await.status, 200);
    assert_eq!(site.send(get(&header)).await.code(), "counter_overtaken");
    assert_eq!(site.send(signed(&mut device("nobody"), "GET", "/orders", "", None)).await.code(), "unknown_key");

    // Who only knows her key identifier does not learn how often she came: 11 times.
    let mut answers = Vec::new();
    for counter in [0, 10, 11, 1000] {
        let assertion = assert(&mut device("mallory").with_counter(counter), "GET", "/orders", b"", None);
        answers.push(site.send(get(&authorization(&alice, &assertion, None))).await);
    }
    answers.push(site.send(signed(&mut alice, "GET", "/orders?other", "", None).map(|_| Body::from("x"))).await);
    answers.push(site.send(Request::get("/orders").body(Body::empty()).unwrap()).await);
    for answer in &answers {
        assert_eq!((answer.code().as_str(), answer.told()), ("rejected", answers[0].told()));
    }
    for (reason, times) in
        [("CounterNotIncreased", 1), ("UnknownKey", 1), ("SignatureInvalid", 5), ("AssertionMissing", 1)]
    {
        assert_eq!(site.refusals(reason), times, "{reason}");
    }
}

/// A store in memory whose next registration fails, or whose secrets cannot be read.
#[derive(Default)]
struct Faulty {
    store: MemoryStore,
    fails: AtomicBool,
    unreadable: bool,
    reads: AtomicUsize,
}

#[async_trait]
impl Store for Faulty {
    async fn spend(&self, challenge: ChallengeId, by: KeyId, until: u64, now: u64) -> Result<Spent, Unavailable> {
        self.store.spend(challenge, by, until, now).await
    }

    async fn secrets(&self, usage: Usage) -> Result<Vec<StoredSecret>, Unavailable> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if self.unreadable {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            return Err(Unavailable);
        }
        self.store.secrets(usage).await
    }

    async fn add_secret(&self, usage: Usage, secret: &StoredSecret) -> Result<bool, Unavailable> {
        self.store.add_secret(usage, secret).await
    }

    async fn register(&self, key: KeyId, device: &Record) -> Result<bool, Unavailable> {
        if self.fails.swap(false, Ordering::SeqCst) { Err(Unavailable) } else { self.store.register(key, device).await }
    }

    async fn list(&self, after: Option<&Cursor>, about: usize) -> Result<Option<Listing>, Unavailable> {
        self.store.list(after, about).await
    }

    async fn device(&self, key: KeyId) -> Result<Option<Record>, Unavailable> {
        self.store.device(key).await
    }

    async fn advance(
        &self,
        key: KeyId,
        advance: Advance,
        contract: Contract,
    ) -> Result<(), AdvanceError<AdvanceFault>> {
        self.store.advance(key, advance, contract).await
    }

    async fn change(&self, key: KeyId, change: Change) -> Result<bool, Unavailable> {
        self.store.change(key, change).await
    }

    async fn devices_of(
        &self,
        account: AccountHash,
        after: Option<KeyId>,
        most: usize,
    ) -> Result<Vec<KeyId>, Unavailable> {
        self.store.devices_of(account, after, most).await
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        self.store.ready().await
    }
}

/// A key is attested once: whatever went wrong on the way, sending the same again has to end well.
#[tokio::test]
async fn a_registration_may_be_sent_again() {
    let hands = Hands::at(now());
    let store = Faulty { fails: AtomicBool::new(true), ..Faulty::default() };
    let site = Site::of(Arc::new(gate_over(Arc::new(store), &hands)), hands, origin());
    let mut alice = device("alice");
    let challenge = site.challenge("attestation", "alice").await;
    let body = registration(&alice, &challenge);
    // The challenge is spent, and then the store fails.
    assert_eq!(site.post("/devices", "alice", &body).await.status, 503);
    // It is spent for this key alone.
    let answer = site.post("/devices", "alice", &registration(&device("mallory"), &challenge)).await;
    assert_refused(&site, &answer, 401, "challenge_rejected", "ChallengeReused");
    assert_eq!(site.post("/devices", "alice", &body).await.status, 201);
    assert_eq!(site.send(signed(&mut alice, "GET", "/orders", "", None)).await.status, 200);

    // The answer was lost: the same again changes nothing, long after the challenge and the certificate have expired too.
    for age in [0, 301, 30 * 86_400] {
        site.hands.advance(age);
        assert_eq!(site.post("/devices", "alice", &body).await.code(), "already_registered");
    }
    assert_eq!(site.gate.metrics.registrations.get(), 1);
    let answer = site.send(signed(&mut alice, "GET", "/orders", "", None)).await;
    assert_eq!((answer.status, &answer.json()["counter"]), (200, &json!(2)), "the counter was not reset");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_copies_of_a_registration_registers_and_the_others_find_it() {
    let site = Arc::new(Site::new());
    let challenge = site.challenge("attestation", "alice").await;
    let body = registration(&device("alice"), &challenge);
    let mut runners = JoinSet::new();
    for _ in 0..20 {
        let (site, body) = (Arc::clone(&site), body.clone());
        runners.spawn(async move { site.post("/devices", "alice", &body).await.status });
    }
    let answers = runners.join_all().await;
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [201, 409].contains(status)), "{answers:?}");
}

#[tokio::test]
async fn the_demonstration_names_the_line_that_differs() {
    let hands = Hands::at(now());
    let gate = Gate { explains: true, ..gate_over(Arc::new(MemoryStore::default()), &hands) };
    let site = Site::of(Arc::new(gate), hands, origin());
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    let arrives = SignedRequest { method: "POST", authority: AUTHORITY, target: "/orders?item=7", body: b"two" };
    let signs = [
        (SignedRequest { method: "post", ..arrives }.client_data(None), "Line 2, the method: 'post' was signed"),
        (SignedRequest { authority: "localhost", ..arrives }.client_data(None), "Line 3, the authority: 'localhost'"),
        (SignedRequest { target: "/orders", ..arrives }.client_data(None), "Line 4, the target: '/orders' was"),
        (SignedRequest { body: b"three", ..arrives }.client_data(None), "Line 5, the SHA-256 of the body: '8b5b"),
        (arrives.client_data(Some("c1")), "Line 6, the challenge: 'c1' was signed, '' arrived."),
        (arrives.client_data(None).replace("v1", "v0"), "Line 1, the form:"),
        (arrives.client_data(None) + "\n", "There are 6 lines"),
    ];
    let send = async |signed: &str, shown: Option<&str>, device: &mut Device| {
        let assertion = device.assert_hash(&sha256(signed.as_bytes())).object;
        let request = Request::post("/orders?item=7").header("authorization", authorization(device, &assertion, None));
        let shown = shown.into_iter().fold(request, |request, shown| request.header("x-app-attest-client-data", shown));
        let answer = site.send(shown.body(Body::from("two")).unwrap()).await;
        assert_eq!((answer.status, answer.code()), (401, "rejected".to_owned()));
        answer.json()["detail"].as_str().unwrap().to_owned()
    };
    for (signed, expected) in signs {
        let detail = send(&signed, Some(&BASE64_STANDARD.encode(&signed)), &mut alice).await;
        assert!(detail.starts_with(expected), "{detail}");
    }
    let other = arrives.client_data(Some("c1"));
    assert!(
        send("something else", Some(&BASE64_STANDARD.encode(&other)), &mut alice).await.starts_with("This key did not")
    );
    assert!(send(&other, Some("!"), &mut alice).await.ends_with("is not the base64 of text."));
    assert!(send(&other, None, &mut alice).await.starts_with("Show what was signed in X-App-Attest-Client-Data"));

    // Nobody else explains.
    let site = Site::new();
    site.register(&alice, "alice").await;
    let assertion = alice.assert_hash(&sha256(other.as_bytes())).object;
    let request = Request::post("/orders?item=7").header("authorization", authorization(&alice, &assertion, None));
    let request = request.header("x-app-attest-client-data", BASE64_STANDARD.encode(&other));
    let answer = site.send(request.body(Body::from("two")).unwrap()).await;
    assert_eq!((answer.code().as_str(), &answer.json()["detail"]), ("rejected", &Value::Null));
}

/// What is known without a signature costs none, and what changed meanwhile is looked at again.
#[tokio::test]
async fn a_signature_is_the_last_thing_that_is_verified() {
    let site = Site::new();
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    let verified = || {
        let metrics = site.gate.metrics.text().unwrap();
        let line = metrics.lines().find(|line| line.starts_with("genuine_signatures_total{curve=\"p256\""));
        line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
    };
    let used = site.challenge("assertion", "alice").await;
    assert_eq!(site.send(signed(&mut alice, "POST", "/payments", "", Some(&used))).await.status, 200);
    assert_eq!(site.send(signed(&mut alice, "POST", "/payments", "", Some(&used))).await.status, 401);
    let late = site.challenge("assertion", "alice").await;
    let client = Client { session: sha256(b"alice"), ..Client::default() };
    let assertion = assert(&mut alice, "POST", "/payments", b"", Some(&late));
    let presented = PresentedAssertion { key_id: KeyId(alice.key_id()), assertion, challenge: Some(late.clone()) };
    let access = Access::new(vec![APPLICATION.to_owned()], Freshness::Challenge);
    let identified = site.gate.identify(&presented, client, &access).await.ok().unwrap();
    site.hands.advance(301);
    assert_eq!(site.send(signed(&mut alice, "POST", "/payments", "", Some(&late))).await.status, 401);
    // Only the store knows that a challenge was used, and is asked last.
    assert_eq!((verified(), site.refusals("ChallengeReused"), site.refusals("ChallengeExpired")), (2, 1, 1));
    // It expired while the body was on its way.
    let request = SignedRequest { method: "POST", authority: AUTHORITY, target: "/payments", body: b"" };
    assert_eq!(site.gate.check(identified, request, config::Mode::Required).await, Err(Error::ChallengeExpired.into()));
    let before = verified();
    site.gate.revoke(KeyId(alice.key_id())).await.unwrap();
    assert_eq!(site.send(signed(&mut alice, "GET", "/orders", "", None)).await.status, 401);
    assert_eq!((verified(), site.refusals("KeyRevoked")), (before, 1));
}
