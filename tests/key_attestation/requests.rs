//! From the chain to requests: the attested key signs what App Attest calls an assertion, and the same verifier takes it.

use genuine::{
    Error,
    app_attest::{
        self, Assertion, AssertionRequest, AssertionVerifier, ClientDataHash, Counter, PreparedKey, ReplayWindow,
    },
    crypto::{GenuineCrypto, PreparedP256},
    key_attestation::{Provisioning, SecurityLevel, app_id_hash},
};
use genuine_testvectors::android::{self, AndroidDevice, KeyKind, Shape};
use sha2::{Digest as _, Sha256};

use crate::common::Case;

/// Every shape of chain, on both kinds of hardware.
#[test]
fn honest_phones_of_every_shape_register_and_sign() {
    for shape in Shape::ALL {
        for level in [android::SecurityLevel::Tee, android::SecurityLevel::StrongBox] {
            let mut device = AndroidDevice::new("requests").with_shape(shape).with_level(level);
            let case = Case::honest(&device);
            let proof = case.verify().unwrap_or_else(|error| panic!("{shape:?} {level:?}: {error}"));
            let is_strong_box = proof.security_level() == SecurityLevel::StrongBox;
            assert_eq!(is_strong_box, level == android::SecurityLevel::StrongBox);
            assert_eq!(proof.provisioning() == Provisioning::Remote, shape.is_remote());
            let issued = proof.provisioning_info().and_then(|info| info.certificates_issued);
            assert_eq!(issued, shape.is_remote().then_some(32));

            let key = proof.attested_key(&GenuineCrypto).unwrap();
            let expected: [u8; 32] = Sha256::digest(format!("android:{}", case.package)).into();
            assert_eq!(key.app_id().0, expected);
            assert_eq!(key.app_id(), app_id_hash(&case.package, &GenuineCrypto).unwrap());

            // Possession, over the same challenge.
            let policies = [app_attest::Policy::new(key.app_id())];
            let verifier = AssertionVerifier::new(&policies, &GenuineCrypto).unwrap();
            let possession = device.assert(&case.challenge);
            let hash = ClientDataHash::new(&possession.client_data_hash).unwrap();
            let assertion = Assertion::parse(&possession.object).unwrap();
            let accepted =
                verifier.verify(&assertion, &key, &hash).unwrap().accept_without_store(Counter::ATTESTED).unwrap();
            assert_eq!(accepted.key_id(), key.id());

            // Somebody else's key signs for nobody.
            let mut other = AndroidDevice::new("another phone").with_shape(shape).with_level(level);
            let foreign = other.assert(&case.challenge);
            let assertion = Assertion::parse(&foreign.object).unwrap();
            assert_eq!(verifier.verify(&assertion, &key, &hash).err(), Some(Error::SignatureInvalid));
        }
    }
}

#[test]
fn requests_are_taken_prepared_in_batches_and_in_windows() {
    let mut device = AndroidDevice::new("batch");
    let case = Case::honest(&device);
    let key = case.verify().unwrap().attested_key(&GenuineCrypto).unwrap();
    let prepared: PreparedKey<_, PreparedP256<32>> = PreparedKey::new(&key, &GenuineCrypto).unwrap();
    let policies = [app_attest::Policy::new(key.app_id())];
    let verifier = AssertionVerifier::new(&policies, &GenuineCrypto).unwrap();

    let signed: Vec<_> = (0..20).map(|number: u8| device.assert(&[number])).collect();
    let assertions: Vec<_> = signed.iter().map(|signed| Assertion::parse(&signed.object).unwrap()).collect();
    let requests = assertions.iter().zip(&signed).map(|(assertion, signed)| AssertionRequest {
        assertion,
        key: &prepared,
        client_data: ClientDataHash::new(&signed.client_data_hash).unwrap(),
    });
    let mut window = ReplayWindow::after(Counter::ATTESTED);
    let mut answers = 0;
    verifier.verify_batch(requests.clone(), |position, answer| {
        let (proof, next) = answer.unwrap().accept_in_window_without_store(window).unwrap();
        assert_eq!(proof.counter(), Counter(u32::try_from(position).unwrap() + 1));
        window = next;
        answers += 1;
    });
    assert_eq!(answers, 20);
    verifier.verify_batch(requests, |_, answer| {
        let replayed = answer.unwrap().accept_in_window_without_store(window);
        assert_eq!(replayed.err(), Some(Error::CounterSeen));
    });
}

/// A key that is not on P-256 is handed out where the policy accepts it, and signs no requests.
#[test]
fn other_keys_are_handed_out() {
    for kind in [KeyKind::Rsa2048, KeyKind::MlDsa65] {
        let device = AndroidDevice::new("other").with_key_kind(kind).with_version(500);
        let case = Case::honest(&device);
        assert_eq!(case.verify().err(), Some(Error::AndroidAlgorithm), "{kind:?}");
        let proof = case.verify_under(&[case.policy().accept_any_key()], &GenuineCrypto).unwrap();
        assert_eq!(proof.public_key(), None);
        assert_eq!(proof.attested_key(&GenuineCrypto).err(), Some(Error::AndroidKeyCannotSign));
        assert_eq!(proof.to_owned().key, None);
    }
}

/// Where packages share a user identifier, the key is for the one that the policy names, wherever it stands.
#[test]
fn the_app_of_a_key_is_that_of_the_policy() {
    let device = AndroidDevice::new("shared").with_another_package("org.example.other", 1);
    for package in [device.package(), "org.example.other"] {
        let mut case = Case::honest(&device);
        case.package = package.to_owned();
        let proof = case.verify_under(&[case.policy().accept_shared_user_id()], &GenuineCrypto).unwrap();
        let key = proof.attested_key(&GenuineCrypto).unwrap();
        assert_eq!(key.app_id(), app_id_hash(package, &GenuineCrypto).unwrap());
    }
}
