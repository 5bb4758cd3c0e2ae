//! Values that callers keep, log and print: proofs in owned form, identifiers, errors of stores, verifiers.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use genuine::{
    Error,
    app_attest::{
        AdvanceError, AppIdHash, AssertionVerifier, AttestationCrypto, AttestationVerifier, ClientDataHash, Counter,
        KeyId, Policy, Refusal, ValidationCategory,
    },
    crypto::RustCrypto,
    x509::TrustAnchor,
};
use genuine_testvectors::{Device, Generation, keys::sha256};

use crate::common::{AssertionCase, AttestationCase, CLIENT_DATA, app_hash, backend::Tap, device, mutation};

fn new_device() -> Device {
    Device::new("values")
        .with_generation(Generation::Ios27)
        .with_launch_data("1.2.3", 2)
        .with_code_hash(&[7; 32])
        .with_receipt_length(64)
}

#[test]
fn proofs_outlive_their_input() {
    let device = new_device();
    let attestation = AttestationCase::mint(&device, &mutation());
    let owned = attestation.verify().unwrap().to_owned();
    let proof = attestation.verify().unwrap();
    assert_eq!((owned.key(), owned.app_index(), owned.leaf_validity()), (proof.key(), 0, proof.leaf_validity()));
    assert_eq!(owned.os_version(), proof.device().os_version);
    assert_eq!(owned.os_build(), proof.device().os_build);
    assert_eq!(owned.platform(), Some("iphoneos"));
    assert_eq!(owned.launch().category, Some(ValidationCategory::TESTFLIGHT));
    assert_eq!(owned.launch().bundle_version.unwrap().as_str(), "1.2.3");
    assert_eq!(owned.launch().code_hash.unwrap().as_bytes(), proof.launch().code_hash.unwrap());
    assert_eq!(owned.launch().code_hash_type, proof.launch().code_hash_type);

    let assertion = AssertionCase::mint(&device, 7, &mutation());
    let owned = assertion.verify().unwrap().accept_without_store(Counter(6)).unwrap().to_owned();
    assert_eq!((owned.key_id(), owned.app_index(), owned.counter()), (assertion.key.id(), 0, Counter(7)));
    assert_eq!(owned.launch().bundle_version.unwrap().as_str(), "1.2.3");

    let old = AttestationCase::mint(&device.with_generation(Generation::Ios14), &mutation());
    let owned = old.verify().unwrap().to_owned();
    assert_eq!((owned.platform(), owned.launch().category, owned.launch().bundle_version), (None, None, None));
}

/// The longest text that a launch entry may have, and one of each length below it.
#[test]
fn owned_texts_hold_what_a_proof_can_say() {
    for length in [0, 1, 63, 254, 255] {
        let version = "9".repeat(length);
        let device = new_device().with_launch_data(&version, 4);
        let owned = AttestationCase::mint(&device, &mutation()).verify().unwrap().to_owned();
        assert_eq!(owned.launch().bundle_version.unwrap().as_str(), version);
    }
}

#[test]
fn identifiers_print_as_base64_and_hexadecimal_digits() {
    let octets = sha256(&[b"identifier"]);
    let hex = octets.iter().fold(String::new(), |digits, octet| format!("{digits}{octet:02x}"));
    assert_eq!(KeyId(octets).to_string(), STANDARD.encode(octets));
    assert_eq!(KeyId::from_base64(&KeyId(octets).to_string()), Ok(KeyId(octets)));
    assert_eq!(format!("{:x}", KeyId(octets)), hex);
    assert_eq!(AppIdHash(octets).to_string(), STANDARD.encode(octets));
    assert_eq!(format!("{:x}", AppIdHash(octets)), hex);
}

#[cfg(feature = "serde")]
#[test]
fn identifiers_serialise_as_they_print() {
    let id = KeyId(sha256(&[b"identifier"]));
    let json = serde_json::to_string(&id).unwrap();
    assert_eq!(json, format!("\"{id}\""));
    assert_eq!(serde_json::from_str::<KeyId>(&json).unwrap(), id);
    assert!(serde_json::from_str::<KeyId>("\"AAAA\"").is_err());
    assert_eq!(serde_json::to_string(&Error::CborTag).unwrap(), "\"CborTag\"");
}

#[test]
fn errors_of_a_store_convert() {
    let of = |error: AdvanceError<()>| Error::from(error);
    assert_eq!(of(AdvanceError::Refused(Refusal::Seen)), Error::CounterSeen);
    assert_eq!(of(AdvanceError::UnknownKey), Error::UnknownKey);
    assert_eq!(of(AdvanceError::Store(())), Error::StoreUnavailable);
}

#[test]
fn client_data_is_hashed_as_if_concatenated() {
    let digest = ClientDataHash::digest(&[b"POST ", b"", b"/orders"], &RustCrypto).unwrap();
    assert_eq!(digest, sha256(&[b"POST /orders"]));
    assert_eq!(ClientDataHash::from(&digest).as_bytes(), digest);
    assert_eq!(ClientDataHash::new(&digest), Ok(ClientDataHash::from(&digest)));
    assert_eq!(ClientDataHash::new(&[]), Err(Error::ClientDataEmpty));
    let broken = Tap::new(|_, _| Some(Err(genuine::crypto::CryptoError::Unavailable)));
    assert_eq!(ClientDataHash::digest(&[b"x"], &broken), Err(Error::CryptoUnavailable));
}

/// The backend of this test is neither `Clone` nor `Debug`.
#[test]
fn a_verifier_is_copied_and_shown_whatever_its_backend_is() {
    let case = AttestationCase::mint(&device("values"), &mutation());
    let assertion = AssertionCase::mint(&device("values"), 1, &mutation());
    let (policies, anchors) = (case.policies(), [TrustAnchor::new(&case.root_subject, case.root_key)]);
    let tap = Tap::counting();
    let crypto: &dyn AttestationCrypto = &tap;
    let verifier = AttestationVerifier::new(&policies, &anchors, crypto).unwrap();
    let copy = verifier;
    assert!(format!("{:?}", verifier.clone()).starts_with("AttestationVerifier { policies: [Policy {"));
    let object = genuine::app_attest::AttestationObject::parse(&case.object).unwrap();
    assert!(copy.verify(&object, &case.key_id, &ClientDataHash::from(CLIENT_DATA), case.now).is_ok());
    let verifier = AssertionVerifier::new(&policies, crypto).unwrap();
    let copy = verifier;
    assert!(format!("{:?}", verifier.clone()).starts_with("AssertionVerifier { policies: [Policy {"));
    let object = genuine::app_attest::Assertion::parse(&assertion.object).unwrap();
    assert!(copy.verify(&object, &assertion.key, &ClientDataHash::from(CLIENT_DATA)).is_ok());
}

/// A service keeps its verifiers for its lifetime, with nothing beside them.
#[test]
fn a_verifier_lives_as_long_as_its_service() {
    struct Service {
        verifier: AssertionVerifier<'static, RustCrypto>,
    }
    let policies: &'static [Policy<'static>] = vec![Policy::new(app_hash("app"))].leak();
    let service = Service { verifier: AssertionVerifier::new(policies, &RustCrypto).unwrap() };
    let on_another_thread = std::thread::spawn(move || format!("{:?}", service.verifier)).join();
    assert!(on_another_thread.is_ok());
}
