//! What reaches the cryptographic backend, when, how often, and what its answers can and cannot do.

use std::cell::RefCell;

use genuine::{
    Class, Error, Step,
    app_attest::{
        self, AppIdHash, Assertion, AttestationCrypto, AttestationObject, AttestedKey, Environment, KeyId,
        MAX_ASSERTION, MAX_ATTESTATION, PreparedKey,
    },
    crypto::{CryptoError, RustCrypto},
};
use genuine_testvectors::{Kind, Mutation, TestPki, certificate::part, der::Der};

use crate::common::{
    AssertionCase, AttestationCase,
    backend::{
        Call,
        Call::{
            CheckP256, CheckP384, PrepareP384, Sha256, Sha384, VerifyP256, VerifyP256Batched, VerifyP256Prepared,
            VerifyP384, VerifyP384Prepared,
        },
        Tap,
    },
    device,
    mistakes::{ASSERTION_MISTAKES, ATTESTATION_MISTAKES},
    mutation, vectors,
};

/// The order of the group of P-256 (SEC 2 §2.4.2).
const P256_ORDER: [u8; 32] = *b"\xFF\xFF\xFF\xFF\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\
    \xBC\xE6\xFA\xAD\xA7\x17\x9E\x84\xF3\xB9\xCA\xC2\xFC\x63\x25\x51";
/// The order of the group of P-384 (SEC 2 §2.5.1).
const P384_ORDER: [u8; 48] = *b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\
    \xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xC7\x63\x4D\x81\xF4\x37\x2D\xDF\
    \x58\x1A\x0D\xB2\x48\xB0\xA7\x7A\xEC\xEC\x19\x6A\xCC\xC5\x29\x73";

/// The first step that verifies a signature of an attestation.
const SIGNATURES: Step = Step::AppAttest(app_attest::Step::IntermediateSignature);

fn attestation() -> AttestationCase {
    AttestationCase::mint(&device("seam"), &mutation())
}

fn assertion() -> AssertionCase {
    AssertionCase::mint(&device("seam"), 1, &mutation())
}

#[test]
fn good_objects_cost_what_they_must() {
    let tap = Tap::counting();
    let _ = attestation().verify_with(&tap).unwrap();
    // The anchor's key where the verifier is made. Key identifier, leaf key, nonce, the intermediate's key, then from the
    // anchor downward.
    let expected = [CheckP384, Sha256, CheckP256, Sha256, CheckP384, Sha384, VerifyP384, Sha256, VerifyP384];
    assert_eq!(tap.calls(), expected);

    let tap = Tap::counting();
    let _ = assertion().verify_with(&tap).unwrap();
    assert_eq!(tap.calls(), [Sha256, Sha256, VerifyP256]);
}

/// What was prepared or kept takes the place of a verification, and of nothing else; alone or in a batch.
#[test]
fn what_was_prepared_saves_what_it_can() {
    let tap = Tap::counting();
    let issuer = attestation().issuer(&tap).unwrap();
    // Beside a verification the intermediate's fingerprint, before the signatures, and its key, after them.
    let before = [CheckP384, Sha256, CheckP256, Sha256, CheckP384, Sha256];
    let expected = [&before[..], &[Sha384, VerifyP384, Sha256, VerifyP384, PrepareP384]].concat();
    assert_eq!(tap.calls(), expected);

    // The fingerprint in the place of the intermediate's signature.
    let expected = [&before[..], &[Sha256, VerifyP384Prepared]].concat();
    let tap = Tap::counting();
    let _ = attestation().verify_with_issuer(&issuer, &tap).unwrap();
    assert_eq!(tap.calls(), expected);
    let tap = Tap::counting();
    let _ = attestation().verify_cached(&RefCell::new(Some(issuer)), &tap).unwrap();
    assert_eq!(tap.calls(), expected);

    let key = PreparedKey::new(&assertion().key, &Tap::counting()).unwrap();
    let tap = Tap::counting();
    let _ = assertion().verify_prepared_with(&key, &tap).unwrap();
    assert_eq!(tap.calls(), [Sha256, Sha256, VerifyP256Prepared]);

    let tap = Tap::counting();
    assertion().verify_batched_with(&tap).unwrap();
    assert_eq!(tap.calls(), [Sha256, Sha256, VerifyP256Batched]);
}

#[test]
fn no_vector_costs_a_signature_before_its_time() {
    let pki = TestPki::default();
    let mut early = 0;
    for vector in genuine_testvectors::vectors() {
        let tap = Tap::counting();
        let verdict = vectors::verify(&vector, &pki, &tap);
        let calls = tap.calls();
        let (p256, p384) = (
            calls.iter().filter(|call| **call == VerifyP256).count(),
            calls.iter().filter(|call| **call == VerifyP384).count(),
        );
        let id = &vector.id;
        if let Err(error) = verdict
            && error.step() < Some(SIGNATURES)
        {
            early += 1;
            assert_eq!((p256, p384), (0, 0), "{id}: {error}");
        }
        match (vector.kind, verdict) {
            (Kind::Attestation, Ok(()) | Err(Error::LeafSignature)) => assert!(p256 == 0 && p384 <= 2, "{id}"),
            (Kind::Attestation, Err(_)) => assert!(p256 == 0 && p384 <= 1, "{id}"),
            (Kind::Assertion, Ok(())) => assert_eq!((p256, p384), (1, 0), "{id}"),
            (Kind::Assertion, Err(error)) if error.step() == Some(Step::AppAttest(app_attest::Step::CounterRisen)) => {
                assert_eq!((p256, p384), (1, 0), "{id}: {error}");
            }
            (Kind::Assertion, Err(_)) => assert!(p256 <= 1 && p384 == 0, "{id}"),
        }
    }
    assert!(early > 100, "only {early} vectors fail early");
}

#[test]
fn no_mistake_of_the_caller_costs_a_signature_before_its_time() {
    for (mistake, make, expected) in ATTESTATION_MISTAKES {
        let tap = Tap::counting();
        assert_eq!(attestation().with(make).verify_with(&tap).err(), Some(*expected), "{mistake}");
        let allowed = usize::from(expected.step() >= Some(SIGNATURES));
        assert_eq!(tap.signatures(), allowed, "{mistake}");
    }
    for (mistake, make, expected) in ASSERTION_MISTAKES {
        let tap = Tap::counting();
        assert_eq!(assertion().with(make).verify_with(&tap).err(), Some(*expected), "{mistake}");
        assert_eq!(tap.signatures(), usize::from(*expected == Error::SignatureInvalid), "{mistake}");
    }
    // Prepared, kept, or in a batch, the same mistakes cost no more.
    let issuer = attestation().issuer(&Tap::counting()).unwrap();
    for (mistake, make, expected) in ATTESTATION_MISTAKES {
        let tap = Tap::counting();
        let verdict = attestation().with(make).verify_with_issuer(&issuer, &tap).err();
        assert_eq!(verdict, Some(*expected), "{mistake}");
        assert_eq!(tap.signatures(), usize::from(expected.step() >= Some(SIGNATURES)), "{mistake}");

        // Nor does anything that is not authentic have an issuer prepared.
        let (cache, tap) = (RefCell::new(None), Tap::counting());
        let verdict = attestation().with(make).verify_cached(&cache, &tap).err();
        assert_eq!(verdict, Some(*expected), "{mistake}");
        assert_eq!(tap.signatures(), usize::from(expected.step() >= Some(SIGNATURES)), "{mistake}");
        assert!(cache.borrow().is_none() && !tap.calls().contains(&PrepareP384), "{mistake}");
    }
    for (mistake, make, expected) in ASSERTION_MISTAKES {
        let (case, tap) = (assertion().with(make), Tap::counting());
        let key = PreparedKey::new(&case.key, &tap).unwrap();
        assert_eq!(case.verify_prepared_with(&key, &tap).err(), Some(*expected), "{mistake}");
        assert_eq!(case.verify_batched_with(&tap), Err(*expected), "{mistake}");
        assert_eq!(tap.signatures(), 2 * usize::from(*expected == Error::SignatureInvalid), "{mistake}");
    }
}

#[test]
fn objects_over_the_caps_are_not_looked_at() {
    for filler in [0x00, 0xA3, 0xFF] {
        let object = vec![filler; MAX_ATTESTATION + 1];
        assert_eq!(AttestationObject::parse(&object).err(), Some(Error::InputTooLarge), "{filler:#04x}");
        assert_ne!(AttestationObject::parse(&object[1..]).err(), Some(Error::InputTooLarge), "{filler:#04x}");
        let object = vec![filler; MAX_ASSERTION + 1];
        assert_eq!(Assertion::parse(&object).err(), Some(Error::InputTooLarge), "{filler:#04x}");
        assert_ne!(Assertion::parse(&object[1..]).err(), Some(Error::InputTooLarge), "{filler:#04x}");
    }
    // All of it is well-formed, and only its length is wrong.
    let receipt = MAX_ATTESTATION - attestation().object.len() + 64 - 1;
    for (excess, verdict) in [(0, None), (1, Some(Error::InputTooLarge))] {
        let case = AttestationCase::mint(&device("seam").with_receipt_length(receipt + excess), &mutation());
        assert_eq!(case.object.len(), MAX_ATTESTATION + excess);
        let tap = Tap::counting();
        assert_eq!(case.verify_with(&tap).err(), verdict);
        assert_eq!(tap.calls().is_empty(), verdict.is_some());
    }
}

#[test]
fn a_backend_that_cannot_compute_is_never_a_verdict() {
    let (attestation, assertion) = (attestation(), assertion());
    let issuer = attestation.issuer(&Tap::counting()).unwrap();
    let key = PreparedKey::new(&assertion.key, &Tap::counting()).unwrap();
    let failing =
        |position: usize| Tap::new(move |call, _| (call == position).then_some(Err(CryptoError::Unavailable)));
    for (calls, verify) in [
        (9, &(|crypto: &Tap| attestation.verify_with(crypto).map(drop)) as &dyn Fn(&Tap) -> _),
        (3, &|crypto| assertion.verify_with(crypto).map(drop)),
        (10, &|crypto| attestation.verify_cached(&RefCell::new(None), crypto).map(drop)),
        (8, &|crypto| attestation.verify_cached(&RefCell::new(Some(issuer.clone())), crypto).map(drop)),
        (8, &|crypto| attestation.verify_with_issuer(&issuer, crypto).map(drop)),
        (1, &|crypto| PreparedKey::new(&assertion.key, crypto).map(drop)),
        (3, &|crypto| assertion.verify_prepared_with(&key, crypto).map(drop)),
        (3, &|crypto| assertion.verify_batched_with(crypto)),
    ] {
        for position in 0..calls {
            let tap = failing(position);
            let error: Error = verify(&tap).unwrap_err();
            assert_eq!(error, Error::CryptoUnavailable, "at call {position}");
            assert_eq!(error.class(), Class::Unavailable);
            assert_eq!(tap.calls().len(), position + 1, "nothing is asked after the failure");
        }
        assert_eq!(verify(&failing(calls)), Ok(()), "there is no call {calls}");
    }
}

/// Everything is decided by then: it is for the next ones that an issuer is kept.
#[test]
fn an_issuer_that_cannot_be_prepared_is_not_kept() {
    for error in [CryptoError::Unavailable, CryptoError::Invalid] {
        let tap = Tap::new(move |_, call| (call == PrepareP384).then_some(Err(error)));
        let cache = RefCell::new(None);
        assert!(attestation().verify_cached(&cache, &tap).is_ok());
        assert!(cache.borrow().is_none() && tap.calls().contains(&PrepareP384));
    }
}

/// What is computed outside of the verifiers.
#[test]
fn a_backend_that_cannot_compute_is_never_a_verdict_on_a_key() {
    let key = assertion().key;
    for position in 0..2 {
        let tap = || Tap::new(move |call, _| (call == position).then_some(Err(CryptoError::Unavailable)));
        let parts = AttestedKey::from_trusted_parts(&key.public_key(), key.app_id(), Environment::Production, &tap());
        assert_eq!(parts.err(), Some(Error::CryptoUnavailable), "at call {position}");
        let stored = AttestedKey::from_trusted_bytes(&key.to_bytes(), &tap());
        assert_eq!(stored.err(), Some(Error::CryptoUnavailable), "at call {position}");
    }
    for error in [CryptoError::Unavailable, CryptoError::Invalid] {
        // A hash has no verdict, whatever it answers.
        let tap = Tap::new(move |_, _| Some(Err(error)));
        assert_eq!(KeyId::of(&key.public_key(), &tap), Err(Error::CryptoUnavailable));
        assert_eq!(AppIdHash::of("app", &tap), Err(Error::CryptoUnavailable));
    }
}

#[test]
fn a_hash_that_is_refused_could_not_be_computed() {
    let refusing = |call: Call| matches!(call, Sha256 | Sha384).then_some(Err(CryptoError::Invalid));
    for position in 0..9 {
        let tap = Tap::new(move |at, call| if at == position { refusing(call) } else { None });
        let verdict = attestation().verify_with(&tap).err();
        let is_hash = refusing(tap.calls()[position]).is_some();
        assert_eq!(verdict, is_hash.then_some(Error::CryptoUnavailable), "at call {position}");
    }
}

#[test]
fn each_refusal_has_its_error() {
    let refuse = |position| Tap::new(move |call, _| (call == position).then_some(Err(CryptoError::Invalid)));
    for (position, expected) in [
        (0, Error::ConfigInvalidAnchor),
        (2, Error::LeafKeyInvalid),
        (4, Error::IntermediateKeyInvalid),
        (6, Error::IntermediateSignature),
        (8, Error::LeafSignature),
    ] {
        let tap = refuse(position);
        assert_eq!(attestation().verify_with(&tap).err(), Some(expected), "at call {position}");
        assert_eq!(tap.calls().len(), position + 1);
    }
    assert_eq!(assertion().verify_with(&refuse(2)).err(), Some(Error::SignatureInvalid));
    assert_eq!(assertion().verify_batched_with(&refuse(2)), Err(Error::SignatureInvalid));
    let prepared = PreparedKey::new(&assertion().key, &Tap::counting()).unwrap();
    assert_eq!(assertion().verify_prepared_with(&prepared, &refuse(2)).err(), Some(Error::SignatureInvalid));
    assert_eq!(PreparedKey::new(&assertion().key, &refuse(0)).err(), Some(Error::PublicKeyInvalid));
    for (position, expected) in [(7, Error::IntermediateSignature), (9, Error::LeafSignature)] {
        let (cache, tap) = (RefCell::new(None), refuse(position));
        let verdict = attestation().verify_cached(&cache, &tap).err();
        assert_eq!(verdict, Some(expected), "at call {position}");
        assert!(cache.borrow().is_none() && tap.calls().len() == position + 1);
    }
    let issuer = attestation().issuer(&Tap::counting()).unwrap();
    assert_eq!(attestation().verify_with_issuer(&issuer, &refuse(7)).err(), Some(Error::LeafSignature));

    let key = assertion().key;
    let parts = AttestedKey::from_trusted_parts(&key.public_key(), key.app_id(), Environment::Production, &refuse(0));
    assert_eq!(parts.err(), Some(Error::PublicKeyInvalid));
    assert_eq!(AttestedKey::from_trusted_bytes(&key.to_bytes(), &refuse(0)).err(), Some(Error::PublicKeyInvalid));
}

/// A backend that says yes to everything makes signatures and points worthless and nothing else.
#[test]
fn a_backend_that_says_yes_decides_no_more_than_its_question() {
    let yes = || Tap::new(|_, _| Some(Ok(())));
    for (mistake, make, expected) in ATTESTATION_MISTAKES {
        let verdict = attestation().with(make).verify_with(&yes()).err();
        let asked = *expected == Error::IntermediateSignature || *mistake == "an anchor off the curve";
        assert_eq!(verdict, (!asked).then_some(*expected), "{mistake}");
    }
    for (mistake, make, expected) in ASSERTION_MISTAKES {
        let verdict = assertion().with(make).verify_with(&yes()).err();
        assert_eq!(verdict, (*expected != Error::SignatureInvalid).then_some(*expected), "{mistake}");
    }
    let pki = TestPki::default();
    for vector in genuine_testvectors::vectors() {
        let honest = vectors::verify(&vector, &pki, &RustCrypto);
        let asked = [
            Error::IntermediateSignature,
            Error::LeafSignature,
            Error::SignatureInvalid,
            Error::LeafKeyInvalid,
            Error::IntermediateKeyInvalid,
        ];
        if !honest.is_err_and(|error| asked.contains(&error)) {
            assert_eq!(vectors::verify(&vector, &pki, &yes()), honest, "{}", vector.id);
        }
    }
}

#[test]
fn a_backend_may_be_a_trait_object() {
    let crypto: &dyn AttestationCrypto = &RustCrypto;
    assert!(attestation().verify_with(crypto).is_ok());
    assert!(assertion().verify_with(crypto).is_ok());
    let key = assertion().key;
    assert_eq!(KeyId::of(&key.public_key(), crypto), Ok(key.id()));
    assert_eq!(AttestedKey::from_trusted_bytes(&key.to_bytes(), crypto), Ok(key));
}

/// `ECDSA-Sig-Value` of any two numbers.
fn signature(r: &[u8], s: &[u8]) -> Vec<u8> {
    Der::sequence(vec![Der::integer(r), Der::integer(s)]).encode()
}

/// Pairs of r and s of which one is not in 1 … n − 1.
fn out_of_range<const N: usize>(order: [u8; N]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let one = &[1][..];
    let mut above = order;
    above[N - 1] += 1;
    let bad: [&[u8]; 4] = [&[0], &order, &above, &[0xFF; N]];
    bad.iter().flat_map(|bad| [(bad.to_vec(), one.to_vec()), (one.to_vec(), bad.to_vec())]).collect()
}

/// The least and the greatest numbers that may be r or s.
fn in_range<const N: usize>(order: [u8; N]) -> [(Vec<u8>, Vec<u8>); 2] {
    let mut last = order;
    last[N - 1] -= 1;
    [(vec![1], last.to_vec()), (last.to_vec(), vec![1])]
}

#[test]
fn numbers_out_of_range_do_not_reach_the_backend() {
    let asked = |tap: &Tap| tap.signatures();
    let yes = || Tap::new(|_, call: Call| call.is_signature().then_some(Ok(())));
    let p256 = |(r, s): &(Vec<u8>, Vec<u8>)| {
        let sign = |der: &mut Vec<u8>| *der = signature(r, s);
        let (case, tap) = (AssertionCase::mint(&device("seam"), 1, &Mutation::default().signature(sign)), yes());
        let verdict = case.verify_with(&tap).err();
        let asked_plain = asked(&tap);
        // On each path.
        let key = PreparedKey::new(&case.key, &tap).unwrap();
        assert_eq!(case.verify_prepared_with(&key, &tap).err(), verdict);
        assert_eq!(asked(&tap), 2 * asked_plain);
        assert_eq!(case.verify_batched_with(&tap).err(), verdict);
        assert_eq!(asked(&tap), 3 * asked_plain);
        (verdict, asked_plain)
    };
    let p384 = |(r, s): &(Vec<u8>, Vec<u8>), leaf: bool| {
        let mutation = Mutation::default().chain(|chain| {
            let certificate = if leaf { &mut chain.leaf } else { &mut chain.intermediate };
            certificate[part::SIGNATURE] = Der::bit_string(&signature(r, s));
        });
        let (case, tap) = (AttestationCase::mint(&device("seam"), &mutation), yes());
        let verdict = case.verify_with(&tap).err();
        let asked_plain = asked(&tap);
        // The intermediate that is kept is this one or, if it cannot be, the honest one.
        let issuer = case.issuer(&tap).unwrap_or_else(|_| attestation().issuer(&tap).unwrap());
        assert_eq!(case.verify_with_issuer(&issuer, &yes()).err(), verdict);
        assert_eq!(case.verify_cached(&RefCell::new(Some(issuer)), &yes()).err(), verdict);
        (verdict, asked_plain)
    };
    for numbers in out_of_range(P256_ORDER) {
        assert_eq!(p256(&numbers), (Some(Error::SignatureInvalid), 0), "{numbers:02x?}");
    }
    for numbers in in_range(P256_ORDER) {
        assert_eq!(p256(&numbers), (None, 1), "{numbers:02x?}");
    }
    for numbers in out_of_range(P384_ORDER) {
        assert_eq!(p384(&numbers, false), (Some(Error::IntermediateSignature), 0), "{numbers:02x?}");
        assert_eq!(p384(&numbers, true), (Some(Error::LeafSignature), 1), "{numbers:02x?}");
    }
    for numbers in in_range(P384_ORDER) {
        assert_eq!(p384(&numbers, false), (None, 2), "{numbers:02x?}");
        assert_eq!(p384(&numbers, true), (None, 2), "{numbers:02x?}");
    }
}
