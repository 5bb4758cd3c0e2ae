//! The verdict is the engine's, and without the whole caller's side there is none.

use crate::support::{
    CHALLENGE, CLIENT_DATA, anchors, assertion_side, attestation_side, explained, explained_attestation, object,
};
use genuine::{
    Error, UnixTime,
    app_attest::{
        AppIdHash, AssertionVerifier, AttestedKey, ClientDataHash, Counter, Environment, Environments, Policy,
    },
    crypto::{P256, PublicKey, RustCrypto},
};
use genuine_explain::{
    CallerSide, ClientData, Expected, Kind, LastCounter, Mark, Missing, Outcome, Requirements, StoredKey, Vector,
    explain,
};
use genuine_testvectors::{Device, text, texts};

/// The minted vectors say which code the engine has to give; the conformance tests hold the engine itself against them.
#[test]
fn every_vector_has_its_verdict() {
    for (id, json) in texts() {
        let vector = Vector::parse(json).expect(id);
        let explanation = explain(&vector.object, Some(vector.kind), &vector.side, &anchors(), UnixTime(1));
        assert!(vector.expected.is_met_by(&explanation.verdict), "{id}: {:?}", explanation.verdict);
        let failed = explanation.steps.iter().filter(|step| step.mark == Mark::Failed).count();
        assert_eq!(failed, usize::from(vector.expected != Expected::Pass), "{id}");
        assert!(!explanation.diagnosis.sentence.is_empty(), "{id}");
        let proved = explanation.facts.is_some_and(|facts| facts.proved);
        assert_eq!(proved, vector.expected == Expected::Pass, "{id}");
    }
}

/// Each part of an attestation's other side, left out alone: never accepted, and named.
#[test]
fn an_attestation_without_the_whole_side_has_no_verdict() {
    let device = Device::new("incomplete");
    let attestation = device.attest(CHALLENGE);
    let full = attestation_side(&device);
    assert_eq!(explained_attestation(&attestation, &full).verdict.verdict, Outcome::Accepted);
    let rows = [
        (Missing::AppId, "AppId", CallerSide { app_id: None, ..full.clone() }),
        (Missing::KeyId, "KeyId", CallerSide { key_id: None, ..full.clone() }),
        (Missing::ClientData, "Nonce", CallerSide { client_data: None, ..full.clone() }),
    ];
    for (missing, step, side) in rows {
        let explanation = explained_attestation(&attestation, &side);
        assert_eq!((explanation.verdict.verdict, &explanation.verdict.missing), (Outcome::Incomplete, &vec![missing]));
        let not_asked: Vec<_> = explanation.steps.iter().filter(|step| step.mark == Mark::NotAsked).collect();
        assert!(not_asked.iter().any(|report| report.step == step), "{step}");
        assert!(!explanation.facts.expect("parsed").proved);
    }
}

#[test]
fn an_assertion_without_the_whole_side_has_no_verdict() {
    let mut device = Device::new("incomplete");
    let assertion = device.assert(CLIENT_DATA).object;
    let full = assertion_side(&device);
    assert_eq!(explained(assertion.clone(), Kind::Assertion, &full).verdict.verdict, Outcome::Accepted);
    let rows = [
        (Missing::AppId, CallerSide { app_id: None, ..full.clone() }),
        (Missing::PublicKey, CallerSide { public_key: None, ..full.clone() }),
        (Missing::ClientData, CallerSide { client_data: None, ..full.clone() }),
        (Missing::Counter, CallerSide { last_counter: None, ..full.clone() }),
    ];
    for (missing, side) in rows {
        let explanation = explained(assertion.clone(), Kind::Assertion, &side);
        assert_eq!((explanation.verdict.verdict, &explanation.verdict.missing), (Outcome::Incomplete, &vec![missing]));
    }
}

/// What was told is asked, whatever else is missing.
#[test]
fn what_is_told_is_asked() {
    let mut device = Device::new("told");
    let (attestation, assertion) = (device.attest(CHALLENGE).object, device.assert(CLIENT_DATA).object);
    let other = Some("ABCDE12345.org.example.other".to_owned());
    let zeros = Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned());
    let at = Some(UnixTime(device.issue_time()));
    let counter = Some(LastCounter::Is(Counter(7)));
    let rows = [
        (Kind::Attestation, CallerSide { app_id: other.clone(), at, ..CallerSide::default() }, Error::RpIdMismatch),
        (Kind::Attestation, CallerSide { key_id: zeros, at, ..CallerSide::default() }, Error::KeyIdMismatch),
        (
            Kind::Attestation,
            CallerSide { at: Some(UnixTime(2_524_608_000)), ..CallerSide::default() },
            Error::LeafExpired,
        ),
        (Kind::Assertion, CallerSide { last_counter: counter, ..CallerSide::default() }, Error::CounterNotIncreased),
        (Kind::Assertion, CallerSide { app_id: other, ..assertion_side(&device) }, Error::RpIdMismatch),
    ];
    for (kind, side, error) in rows {
        let bytes = if kind == Kind::Attestation { attestation.clone() } else { assertion.clone() };
        assert_eq!(explained(bytes, kind, &side).verdict.error, Some(error));
    }
}

/// A fault of the caller's side is about no object: a stage of its own, which comes before anything is compared.
#[test]
fn the_callers_side_is_a_stage_of_its_own() {
    let mut device = Device::new("side");
    let (attestation, assertion) = (device.attest(CHALLENGE).object, device.assert(CLIENT_DATA).object);
    let (attested, asserted) = (attestation_side(&device), assertion_side(&device));
    let zeros = Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned());
    let empty = Some(ClientData::of_hash(Vec::new()));
    let rows = [
        (Kind::Attestation, CallerSide { key_id: Some("no key".to_owned()), ..attested.clone() }, Error::KeyIdFormat),
        (Kind::Attestation, CallerSide { client_data: empty.clone(), ..attested.clone() }, Error::ClientDataEmpty),
        (Kind::Attestation, CallerSide { at: Some(UnixTime(0)), ..attested.clone() }, Error::ClockUnset),
        (Kind::Assertion, CallerSide { client_data: empty, key_id: zeros, ..asserted.clone() }, Error::ClientDataEmpty),
        (Kind::Assertion, CallerSide { public_key: Some(StoredKey(vec![4])), ..asserted }, Error::PublicKeyInvalid),
    ];
    for (kind, side, error) in rows {
        let bytes = if kind == Kind::Attestation { attestation.clone() } else { assertion.clone() };
        let explanation = explained(bytes, kind, &side);
        assert_eq!((explanation.verdict.error, error.step()), (Some(error), None));
        assert_eq!(explanation.verdict.step.as_deref(), Some("Configuration"), "{error}");
        let position = explanation.steps.iter().position(|step| step.step == "Configuration").expect("a stage");
        assert_eq!(explanation.steps[position].title, "Your side");
        let (before, rest) = explanation.steps.split_at(position);
        assert!(before.iter().all(|step| step.mark == Mark::Passed), "{error}");
        assert_eq!(rest[0].mark, Mark::Failed, "{error}");
        assert!(rest[1..].iter().all(|step| step.mark == Mark::NotReached), "{error}");
    }
}

/// Without the challenge, a forged chain is refused all the same.
#[test]
fn the_chain_is_verified_without_the_challenge() {
    let device = Device::new("chain").with_authorities(genuine_testvectors::TestPki::new("forger"));
    let side = CallerSide { at: Some(UnixTime(device.issue_time())), ..CallerSide::default() };
    let explanation = explain(&object(device.attest(CHALLENGE).object), None, &side, &anchors(), UnixTime(1));
    assert_eq!(explanation.verdict.verdict, Outcome::Refused);
    let chain = explanation.chain.expect("parsed");
    assert_eq!((chain.at.holds, chain.within_validity.expect("overlaps").holds), (Some(false), Some(false)));
}

/// At another time than its own, an object is refused for its time, and its chain holds within it.
#[test]
fn the_chain_has_a_verdict_within_its_validity() {
    let device = Device::new("old");
    let side = CallerSide { at: Some(UnixTime(device.not_after() + 1)), ..attestation_side(&device) };
    let explanation = explained_attestation(&device.attest(CHALLENGE), &side);
    assert_eq!(explanation.verdict.error, Some(Error::LeafExpired));
    let chain = explanation.chain.expect("parsed");
    assert_eq!((chain.at.holds, chain.at.name), (Some(false), Some("LeafExpired")));
    assert_eq!(chain.within_validity.expect("overlaps").holds, Some(true));
}

/// Each requirement of a vector reaches the engine's policy: one that cannot be met refuses with its own code.
#[test]
fn requirements_are_asked() {
    let (attestation, assertion) =
        (text("generation::ios17-production"), text("generation::assertion-ios17-production"));
    let rows = [
        (attestation, r#""require_categories": [4]"#, Error::LaunchDataMissing),
        (attestation, r#""require_bundle_versions": ["1"]"#, Error::LaunchDataMissing),
        (attestation, r#""require_code_hashes": ["00ff"]"#, Error::LaunchDataMissing),
        (attestation, r#""require_platforms": ["iphoneos"]"#, Error::PlatformMissing),
        (attestation, r#""require_os_version": "99""#, Error::OsVersionTooOld),
        (attestation, r#""require_os_builds": [["iphoneos", "99A1"]]"#, Error::PlatformMissing),
        (attestation, r#""limit_attestation_age": 1"#, Error::AttestationTooOld),
        (assertion, r#""limit_counter_step": 0"#, Error::CounterStepTooLarge),
        (assertion, r#""previous_window_b64": "AQ==""#, Error::StoredWindowMalformed),
        (assertion, r#""previous_window_b64": "AQAAAAf//////////w==""#, Error::CounterSeen),
    ];
    for (json, requirement, error) in rows {
        let json = json.replacen('{', &format!("{{{requirement},"), 1);
        let explanation = crate::support::explained_vector(&json, &anchors());
        assert_eq!(explanation.verdict.error, Some(error), "{requirement}");
        let step = explanation.steps.iter().find(|step| step.mark == Mark::Failed).expect("a failed step");
        assert_eq!(Some(&step.step), explanation.verdict.step.as_ref(), "{requirement}");
    }
    for misspelt in [r#""require_platform": ["iphoneos"]"#, r#""limit_age": 1"#, r#""require_": null"#] {
        let json = attestation.replacen('{', &format!("{{{misspelt},"), 1);
        assert!(Vector::parse(&json).expect_err(misspelt).contains("is no requirement"), "{misspelt}");
    }
    // Only Macs carry what this asks for, and other platforms are not asked.
    let json = attestation.replacen('{', r#"{"require_macos_access_control": "00","#, 1);
    assert_eq!(crate::support::explained_vector(&json, &anchors()).verdict.verdict, Outcome::Accepted);
    for malformed in [
        r#""require_code_hashes": ["0"]"#,
        r#""require_os_version": "x""#,
        r#""require_os_builds": [["iphoneos"]]"#,
        r#""require_macos_access_control": 1"#,
        r#""limit_attestation_age": -1"#,
        r#""limit_counter_step": 4294967296"#,
    ] {
        let json = attestation.replacen('{', &format!("{{{malformed},"), 1);
        let name = malformed.split('"').nth(1).expect("a name");
        assert!(Vector::parse(&json).expect_err(malformed).contains(name), "{malformed}");
    }
}

/// What the policy asks for is named beside what the object has, whole and as it was written.
#[test]
fn policy_refusals_name_both_values() {
    let hash = "ab".repeat(32);
    let (new, mac) =
        (text("policy::assertion-code-hash-of-other-code"), text("policy::access-control-permission-differs"));
    let with = |json: &str, requirement: &str| {
        let mut fields: serde_json::Map<_, _> = serde_json::from_str(json).expect("JSON");
        fields.retain(|name, _| !name.starts_with("require_"));
        let added: serde_json::Map<_, _> = serde_json::from_str(&format!("{{{requirement}}}")).expect("JSON");
        fields.extend(added);
        crate::support::explained_vector(&serde_json::Value::Object(fields).to_string(), &anchors())
    };
    let rows = [
        (new, r#""require_categories": [77]"#.to_owned(), Error::CategoryRefused, "asks for 77"),
        (new, r#""require_bundle_versions": ["x"]"#.to_owned(), Error::BundleVersionRefused, "asks for x"),
        (new, format!(r#""require_code_hashes": ["{hash}"]"#), Error::CodeHashRefused, hash.as_str()),
        (mac, r#""require_platforms": ["iphoneos"]"#.to_owned(), Error::PlatformRefused, "asks for iphoneos"),
        (mac, r#""require_os_version": "99""#.to_owned(), Error::OsVersionTooOld, "asks for at least 99.0"),
        (
            mac,
            r#""require_os_builds": [["macosx", "99A500"]]"#.to_owned(),
            Error::OsBuildTooOld,
            "on macosx at least 99A500",
        ),
        (mac, r#""require_macos_access_control": "00ff""#.to_owned(), Error::AccessControlRefused, "asks for 00ff"),
    ];
    for (json, requirement, error, allowed) in rows {
        let explanation = with(json, &requirement);
        assert_eq!(explanation.verdict.error, Some(error), "{requirement}");
        let sentence = &explanation.diagnosis.sentence;
        assert!(sentence.contains(allowed) && sentence.contains(" is ") && !sentence.contains("27.2"), "{sentence}");
        let failed = explanation.steps.iter().find(|step| step.mark == Mark::Failed).expect("a failed step");
        let required = &failed.compared.first().expect("what is required").value;
        let value = allowed.trim_start_matches("asks for ").trim_start_matches("at least ");
        assert!(required.contains(value) && !required.contains('…'), "{required}");
    }
    let hashes = with(new, &format!(r#""require_code_hashes": ["{hash}"]"#));
    let found = hashes.facts.expect("parsed").launch.expect("launch data").code_hash_hex.expect("a code hash");
    let step = hashes.steps.iter().find(|step| step.mark == Mark::Failed).expect("a failed step");
    assert!(step.compared[1].value.contains(&found), "{step:?}");
}

/// Where nobody told the environment, acceptance says so.
#[test]
fn the_environment_is_asked_or_left_to_the_caller() {
    let device = Device::new("environment").with_environment(genuine_testvectors::Environment::Development);
    let attestation = device.attest(CHALLENGE);
    let with = |environment| {
        let requirements = Requirements { environment, ..Requirements::default() };
        explained_attestation(&attestation, &CallerSide { requirements, ..attestation_side(&device) })
    };
    let open = with(None);
    assert_eq!(open.verdict.verdict, Outcome::Accepted);
    assert!(open.diagnosis.sentence.contains("a development key, which a production server refuses"));
    for told in [Environments::ProductionAndDevelopment, Environments::Development] {
        let asked = with(Some(told));
        assert_eq!(asked.verdict.verdict, Outcome::Accepted);
        assert!(!asked.diagnosis.sentence.contains("environment"), "{}", asked.diagnosis.sentence);
        assert!(asked.steps.iter().all(|step| step.mark == Mark::Passed));
    }
    let refused = with(Some(Environments::Production));
    assert_eq!(refused.verdict.error, Some(Error::EnvironmentMismatch));

    // It is told beside what a vector requires, not in its place.
    let any = Requirements { environment: Some(Environments::ProductionAndDevelopment), ..Requirements::default() };
    let told = CallerSide { requirements: any, ..CallerSide::default() };
    let vector =
        Requirements { environment: Some(Environments::Production), counter_step: Some(1), ..Requirements::default() };
    let both = told.or(CallerSide { requirements: vector, ..CallerSide::default() }).requirements;
    assert_eq!((both.environment, both.counter_step), (Some(Environments::ProductionAndDevelopment), Some(1)));
}

/// What the object says and no verdict rests on.
#[test]
fn facts_beside_the_verdict() {
    let facts = |name: &str| crate::support::explained_vector(text(name), &anchors()).facts.expect("parsed");
    for (vector, documented) in [
        ("policy::access-control-met", Some(true)),
        ("policy::access-control-permission-differs", Some(false)),
        ("policy::access-control-missing", None),
    ] {
        assert_eq!(facts(vector).access_control_documented, documented, "{vector}");
    }
    let (with, without) = (facts("envelope::cd-hash"), facts("generation::ios17-production"));
    let hash = with.unsigned_code_hash_hex.expect("an unsigned code hash");
    assert_eq!((hash.len(), without.unsigned_code_hash_hex), (40, None));
}

/// The stored form names app and environment, so that they need not be told.
#[test]
fn a_stored_key_brings_its_app() {
    let mut device = Device::new("stored");
    let point = PublicKey::<P256>::from_uncompressed(&device.public_key()).expect("65 octets");
    let app = AppIdHash::of(device.app_id(), &RustCrypto).expect("a hash");
    let key = AttestedKey::from_trusted_parts(&point, app, Environment::Production, &RustCrypto).expect("a key");
    let side =
        CallerSide { app_id: None, public_key: Some(StoredKey(key.to_bytes().to_vec())), ..assertion_side(&device) };
    let assertion = device.assert(CLIENT_DATA).object;
    assert_eq!(explained(assertion.clone(), Kind::Assertion, &side).verdict.verdict, Outcome::Accepted);

    // The oracle: the engine, called as a server calls it.
    let view = genuine::app_attest::Assertion::parse(&assertion).expect("an assertion");
    let data = side.client_data.clone().expect("told");
    let hash = ClientDataHash::new(&data.hash).expect("not empty");
    let policies = [Policy::new(app)];
    let verifier = AssertionVerifier::new(&policies, &RustCrypto).expect("a configuration");
    let accepted = verifier.verify(&view, &key, &hash).and_then(|one| one.accept_without_store(Counter(0)));
    assert!(accepted.is_ok());

    let other = AppIdHash::of("ABCDE12345.org.example.other", &RustCrypto).expect("a hash");
    let key = AttestedKey::from_trusted_parts(&point, other, Environment::Production, &RustCrypto).expect("a key");
    let side = CallerSide { public_key: Some(StoredKey(key.to_bytes().to_vec())), ..side };
    assert_eq!(explained(assertion, Kind::Assertion, &side).verdict.error, Some(Error::RpIdMismatch));
}

#[test]
fn keys_are_read_in_every_form() {
    use p256::pkcs8::{EncodePublicKey as _, LineEnding};
    let point = Device::new("forms").public_key();
    let key = p256::PublicKey::from_sec1_bytes(&point).expect("a point");
    let pem = key.to_public_key_pem(LineEnding::LF).expect("PEM");
    let hex: String = crate::support::hex(&point);
    for text in [pem.as_str(), &crate::support::base64(&point), &hex] {
        assert_eq!(StoredKey::read(text), Ok(StoredKey(point.to_vec())), "{text}");
    }
    let certificate = genuine_testvectors::ROOT_PEM;
    for none in ["no key", certificate, "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n"] {
        assert!(StoredKey::read(none).is_err(), "{none}");
    }
}
