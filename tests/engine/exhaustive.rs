//! Families that are too many for a table: every prefix, every byte, every place.
//!
//! Every flipped bit is in `properties.rs`, every call that a backend can fail in `seam.rs`, and the same on objects of
//! genuine devices in `real_devices.rs`.

use genuine::{
    Error, Step,
    app_attest::{self, AppIdHash, Assertion, AttestationObject, Counter},
    crypto::{P256, PublicKey},
    x509::{Certificate, TrustAnchor, X509Error},
};
use genuine_testvectors::{
    Device, GENUINE_RECEIPT_LENGTH, Generation, TestPki,
    certificate::{ec_public_key, field, oid},
    der::{Der, tag},
    keys::{Signer, pseudo_random},
};

use crate::common::{
    AssertionCase, AttestationCase, CLIENT_DATA,
    backend::{Call, Tap},
    device, mutation,
};

/// A device of each generation.
fn devices() -> impl Iterator<Item = Device> {
    Generation::ALL.into_iter().map(|generation| device("exhaustive").with_generation(generation))
}

#[test]
fn every_prefix_is_cut_off() {
    let large = device("exhaustive").with_receipt_length(GENUINE_RECEIPT_LENGTH);
    for device in devices().chain([large]) {
        let object = AttestationCase::mint(&device, &mutation()).object;
        for length in 0..object.len() {
            let verdict = AttestationObject::parse(&object[..length]).err();
            assert_eq!(verdict, Some(Error::CborTruncated), "{length} bytes of an attestation");
        }
        let object = AssertionCase::mint(&device, 1, &mutation()).object;
        for length in 0..object.len() {
            let verdict = Assertion::parse(&object[..length]).err();
            assert_eq!(verdict, Some(Error::CborTruncated), "{length} bytes of an assertion");
        }
    }
}

/// An object with one byte less, one byte twice, or two neighbours swapped.
fn moved(object: &[u8]) -> impl Iterator<Item = (String, Vec<u8>)> {
    (0..object.len()).flat_map(|at| {
        let mut missing = object.to_vec();
        missing.remove(at);
        let mut doubled = object.to_vec();
        doubled.insert(at, object[at]);
        let mut swapped = object.to_vec();
        swapped.swap(at, (at + 1).min(object.len() - 1));
        [("missing", missing), ("doubled", doubled), ("swapped", swapped)]
            .map(|(what, object)| (format!("byte {at} {what}"), object))
    })
}

#[test]
fn every_moved_byte_is_noticed() {
    for device in devices() {
        let case = AttestationCase::mint(&device, &mutation());
        let receipt = device.receipt();
        let start = case.object.windows(receipt.len()).position(|window| window == receipt).unwrap();
        for (what, object) in moved(&case.object) {
            // Swapped in the receipt, or equal.
            let mut same = case.object.clone();
            same[start..start + receipt.len()].copy_from_slice(&object[start..start + receipt.len()]);
            let expected = object == same;
            let accepted = case.with(|case| case.object = object).verify().is_ok();
            assert_eq!(accepted, expected, "attestation: {what}");
        }
        let case = AssertionCase::mint(&device, 1, &mutation());
        for (what, object) in moved(&case.object) {
            let expected = object == case.object;
            let accepted = case.with(|case| case.object = object).verify().is_ok();
            assert_eq!(accepted, expected, "assertion: {what}");
        }
    }
}

/// With a backend that believes every signature, so that what is counted is the most that any backend is asked.
#[test]
fn no_flipped_bit_costs_a_signature_before_its_time() {
    let believing = || Tap::new(|_, call: Call| call.is_signature().then_some(Ok(())));
    let bits = |object: &[u8]| (0..object.len()).flat_map(|at| (0..8).map(move |bit| (at, 1 << bit)));
    for device in devices() {
        let case = AttestationCase::mint(&device, &mutation());
        for (at, bit) in bits(&case.object) {
            let tap = believing();
            let error = case.with(|case| case.object[at] ^= bit).verify_with(&tap).err();
            assert!(is_in_time(error, &tap.calls(), &[Call::VerifyP384; 2]), "byte {at} of an attestation: {error:?}");
        }
        let case = AssertionCase::mint(&device, 1, &mutation());
        for (at, bit) in bits(&case.object) {
            let tap = believing();
            let error = case.with(|case| case.object[at] ^= bit).verify_with(&tap).err();
            assert!(is_in_time(error, &tap.calls(), &[Call::VerifyP256]), "byte {at} of an assertion: {error:?}");
        }
    }
}

/// Whether no more signatures were verified than may be, and none if another check refuses.
fn is_in_time(error: Option<Error>, calls: &[Call], allowed: &[Call]) -> bool {
    let asked: Vec<_> = calls.iter().copied().filter(|call| call.is_signature()).collect();
    let is_early =
        error.is_some_and(|error| error.step() < Some(Step::AppAttest(app_attest::Step::IntermediateSignature)));
    allowed.starts_with(&asked) && (asked.is_empty() || !is_early)
}

#[test]
fn every_bit_of_the_client_data_counts() {
    let attestation = AttestationCase::mint(&device("exhaustive"), &mutation());
    let assertion = AssertionCase::mint(&device("exhaustive"), 1, &mutation());
    for bit in 0..8 * CLIENT_DATA.len() {
        let flip = |data: &mut Vec<u8>| data[bit / 8] ^= 1 << (bit % 8);
        let verdict = attestation.with(|case| flip(&mut case.client_data)).verify().err();
        assert_eq!(verdict, Some(Error::NonceMismatch), "bit {bit}");
        let verdict = assertion.with(|case| flip(&mut case.client_data)).verify().err();
        assert_eq!(verdict, Some(Error::SignatureInvalid), "bit {bit}");
    }
}

#[test]
fn no_random_bytes_are_an_object() {
    for seed in 0..10_000 {
        let bytes = pseudo_random(&format!("random {seed}"), 8 * 1024);
        assert!(AttestationObject::parse(&bytes).is_err(), "{seed}");
        assert_eq!(Assertion::parse(&bytes).err(), Some(Error::InputTooLarge), "{seed}");
        assert!(Assertion::parse(&bytes[..1024]).is_err(), "{seed}");
    }
}

#[test]
fn every_octet_of_a_time_but_the_last_is_a_digit() {
    for (position, tag, text) in
        [(0, tag::UTC_TIME, &b"231031120000Z"[..]), (1, tag::GENERALIZED_TIME, b"20510101120000Z")]
    {
        let mut leaf = device("exhaustive").leaf(&[7; 32]);
        leaf.tbs[field::VALIDITY][position] = Der::primitive(tag, text);
        let leaf = leaf.sign().encode();
        assert!(Certificate::parse(&leaf).is_ok());
        let start = leaf.windows(text.len()).position(|window| window == text).unwrap();
        for (at, octet) in (0..text.len()).flat_map(|at| (0..=u8::MAX).map(move |octet| (at, octet))) {
            let mut changed = leaf.clone();
            changed[start + at] = octet;
            let verdict = Certificate::parse(&changed).err();
            let last = at == text.len() - 1;
            if octet == text[at] {
                assert_eq!(verdict, None);
            } else if last || !octet.is_ascii_digit() {
                assert_eq!(verdict, Some(X509Error::Time), "octet {at} is {octet:#04x}");
            } else {
                let is_time = verdict.is_none() || verdict == Some(X509Error::ValidityInverted);
                assert!(is_time || verdict == Some(X509Error::Time), "octet {at} is {octet:#04x}: {verdict:?}");
            }
        }
    }
}

#[test]
fn public_keys_have_one_form() {
    let point = device("exhaustive").public_key();
    for first in 0..=u8::MAX {
        for length in 0..=130 {
            let octets: Vec<u8> = [first].into_iter().chain(point[1..].iter().copied().cycle()).take(length).collect();
            let expected = (first == 4 && length == 65).then(|| PublicKey::<P256>(point[1..].try_into().unwrap()));
            assert_eq!(PublicKey::<P256>::from_uncompressed(&octets), expected, "{length} octets from {first:#04x}");
        }
    }
    let spki = ec_public_key(oid::P256, &point).encode();
    assert_eq!(PublicKey::<P256>::from_uncompressed(&spki), None);
}

#[test]
fn the_app_has_any_place_in_the_list_or_none() {
    let attestation = AttestationCase::mint(&device("exhaustive"), &mutation());
    let assertion = AssertionCase::mint(&device("exhaustive"), 1, &mutation());
    let others: Vec<_> = (0..8).map(|other| AppIdHash([other; 32])).collect();
    for place in 0..8 {
        let mut apps = others.clone();
        apps[place] = attestation.apps[0];
        let case = attestation.with(|case| case.apps.clone_from(&apps));
        assert_eq!(case.verify().map(|proof| proof.app_index()), Ok(place));
        let case = assertion.with(|case| case.apps.clone_from(&apps));
        let accepted = case.verify().and_then(|authentic| authentic.accept_without_store(Counter::ATTESTED));
        assert_eq!(accepted.map(|proof| proof.app_index()), Ok(place));
    }
    let refused = Some(Error::RpIdMismatch);
    assert_eq!(attestation.with(|case| case.apps.clone_from(&others)).verify().err(), refused);
    assert_eq!(assertion.with(|case| case.apps.clone_from(&others)).verify().err(), refused);
}

#[test]
fn anchors_have_a_key_on_p384() {
    let root = |key: Option<Der>| {
        let mut root = TestPki::default().intermediate();
        if let Some(key) = key {
            root.tbs[field::SPKI] = key;
        }
        root.sign().encode()
    };
    assert!(TrustAnchor::from_trusted_certificate(&root(None)).is_ok());
    let on_p256 = root(Some(ec_public_key(oid::P256, &Signer::p256("root").public_point())));
    assert!(Certificate::parse(&on_p256).is_ok());
    assert_eq!(TrustAnchor::from_trusted_certificate(&on_p256), Err(Error::ConfigInvalidAnchor));
}
