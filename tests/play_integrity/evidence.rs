//! One entry for both platforms: it gives what the platform's own verifier gives, and refuses what it has no verifier for.

use genuine::{
    Error, UnixMillis,
    app_attest::{
        APPLE_APP_ATTEST_ROOT, AppIdHash, AttestationVerifier, ClientDataHash, Environment, Environments, KeyId,
        Policy as ApplePolicy,
    },
    crypto::{P384, PublicKey, RustCrypto},
    evidence::{Evidence, EvidenceVerifier, Platform, Verified},
    play_integrity::{ClassicVerifier, DecodedVerifier, Policy, SingleUse},
    x509::TrustAnchor,
};
use genuine_testvectors::{Device, Generation, json::Json, play::answer};

use crate::common::{NOW, app, binding, certificates, minimal, pair};

fn attestation(device: &Device) -> (Vec<u8>, KeyId) {
    (device.attest_hash(b"client data hash").object, KeyId(device.key_id()))
}

#[test]
fn each_kind_of_evidence_goes_to_its_own_verifier() {
    let device = Device::new("evidence").with_generation(Generation::Ios27);
    let (object, key_id) = attestation(&device);
    let authorities = device.authorities();
    let (subject, point) =
        (authorities.root_subject(), PublicKey::<P384>::from_uncompressed(&authorities.root_point()).unwrap());
    let apple = [ApplePolicy::new(AppIdHash::of(device.app_id(), &RustCrypto).unwrap())
        .with_environments(Environments::ProductionAndDevelopment)];
    let anchors = [TrustAnchor::new(&subject, point)];
    let (app, certificates) = (app(), certificates());
    let pairs = [pair(&app)];
    let google = Policy::new(app.package_name(), &certificates);
    let verifier = EvidenceVerifier::default()
        .with_app_attest(AttestationVerifier::new(&apple, &anchors, &RustCrypto).unwrap())
        .with_play_tokens(ClassicVerifier::new(&google, &pairs, &RustCrypto).unwrap())
        .with_play_answers(DecodedVerifier::new(&google, &RustCrypto).unwrap());

    let client_data = ClientDataHash::new(b"client data hash").unwrap();
    let now = UnixMillis(device.issue_time() * 1_000 + 999);
    let proved = verifier.verify(Evidence::AppAttest { object: &object, key_id, client_data }, now).unwrap();
    assert_eq!((proved.platform(), proved.environment()), (Platform::Ios, Environment::Production));
    assert_eq!(proved.key().map(|key| key.id()), Some(key_id));
    assert!(matches!(&proved, Verified::AppAttest(proof) if proof.leaf_validity().not_before == proved.issued_at()));
    let unset = verifier.verify(Evidence::AppAttest { object: &object, key_id, client_data }, UnixMillis(999));
    assert_eq!(unset.map(drop), Err(Error::ClockUnset));

    let payload = minimal();
    let mut token = app.token(&payload).into_bytes();
    let proved =
        verifier.verify(Evidence::PlayToken { token: &mut token, binding: binding() }, UnixMillis(NOW)).unwrap();
    assert_eq!((proved.platform(), proved.environment()), (Platform::Android, Environment::Production));
    assert_eq!((proved.key().map(|key| key.id()), proved.issued_at().0), (None, NOW / 1_000));
    assert_eq!(proved.platform().to_string(), "android");

    let (answer, token) = (answer(&payload), app.token(&payload));
    let evidence = Evidence::PlayAnswer { answer: answer.as_bytes(), token: token.as_bytes(), binding: binding() };
    let Verified::PlayIntegrity(proof) = verifier.verify(evidence, UnixMillis(NOW)).unwrap() else {
        panic!("of Google")
    };
    assert!(matches!(proof.single_use(), SingleUse::Nonce(_)) && proof.key_index().is_none());
    // The last millisecond in which the policy takes it.
    let evidence = || Evidence::PlayAnswer { answer: answer.as_bytes(), token: token.as_bytes(), binding: binding() };
    assert!(verifier.verify(evidence(), proof.expires_at()).is_ok());
    let late = verifier.verify(evidence(), UnixMillis(proof.expires_at().0 + 1));
    assert_eq!(late.map(drop), Err(Error::PlayTooOld));
}

#[test]
fn a_platform_without_a_verifier_is_refused() {
    let device = Device::new("evidence");
    let (object, key_id) = attestation(&device);
    let (app, certificates) = (app(), certificates());
    let pairs = [pair(&app)];
    let google = Policy::new(app.package_name(), &certificates);
    let apple = [ApplePolicy::new(AppIdHash([0; 32]))];
    let none = EvidenceVerifier::<RustCrypto>::default();
    let client_data = ClientDataHash::new(b"client data hash").unwrap();
    let mut token = app.token(&minimal()).into_bytes();
    let answer = answer(&minimal());
    for verifier in [
        none,
        none.with_app_attest(AttestationVerifier::new(&apple, &[APPLE_APP_ATTEST_ROOT], &RustCrypto).unwrap()),
        none.with_play_tokens(ClassicVerifier::new(&google, &pairs, &RustCrypto).unwrap()),
        none.with_play_answers(DecodedVerifier::new(&google, &RustCrypto).unwrap()),
    ] {
        let answers = [
            verifier.verify(Evidence::AppAttest { object: &object, key_id, client_data }, UnixMillis(NOW)).err(),
            verifier
                .verify(Evidence::PlayToken { token: &mut token.clone(), binding: binding() }, UnixMillis(NOW))
                .err(),
            verifier
                .verify(
                    Evidence::PlayAnswer { answer: answer.as_bytes(), token: &token.clone(), binding: binding() },
                    UnixMillis(NOW),
                )
                .err(),
        ];
        let missing = answers.iter().filter(|error| **error == Some(Error::ConfigNoPlatform)).count();
        assert!(missing >= 2, "{answers:?}");
    }
    token.clear();
}

/// An app that Google Play does not recognize, and a test response, are none as they are distributed.
#[test]
fn what_is_not_distributed_is_of_development() {
    let (app, certificates) = (app(), certificates());
    let policy = Policy::new(app.package_name(), &certificates).accept_unrecognized_versions().accept_test_responses();
    let verifier = EvidenceVerifier::<RustCrypto>::default()
        .with_play_answers(DecodedVerifier::new(&policy, &RustCrypto).unwrap());
    let environment = |change: &dyn Fn(&mut Json)| {
        let mut payload = minimal();
        change(&mut payload);
        let (answer, token) = (answer(&payload), app.token(&payload));

        let evidence = Evidence::PlayAnswer { answer: answer.as_bytes(), token: token.as_bytes(), binding: binding() };
        verifier.verify(evidence, UnixMillis(NOW)).unwrap().environment()
    };
    assert_eq!(environment(&|_| {}), Environment::Production);
    assert_eq!(
        environment(&|payload| payload.set("appIntegrity.appRecognitionVerdict", "UNRECOGNIZED_VERSION")),
        Environment::Development
    );
    assert_eq!(environment(&|payload| payload.set("testingDetails.isTestingResponse", true)), Environment::Development);
}
