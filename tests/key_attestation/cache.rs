//! Cached issuers: the same verdicts, and what is saved.

use std::cell::{Cell, RefCell};

use genuine::{
    Error,
    crypto::GenuineCrypto,
    x509::{CachedIssuer, IssuerCache},
};
use genuine_testvectors::{
    android::{AndroidDevice, AndroidMutation, AndroidPki, Shape},
    certificate::{algorithm, field, oid, part},
    der::Der,
};
use sha2::{Digest as _, Sha256};

use crate::common::{Call, Case, Prepared, Tap};

type One = RefCell<Option<CachedIssuer<Tap, Prepared>>>;

fn signatures(calls: &[Call]) -> Vec<Call> {
    let is_one = |call: &Call| {
        matches!(
            call,
            Call::VerifyP256 | Call::VerifyP384 | Call::VerifyRsa | Call::VerifyP256Prepared | Call::PrepareP256
        )
    };
    calls.iter().copied().filter(is_one).collect()
}

#[test]
fn an_issuer_saves_what_is_above_it_and_changes_no_verdict() {
    use Call::{PrepareP256, VerifyP256, VerifyP256Prepared, VerifyP384, VerifyRsa};

    let cases = [
        (Shape::Remote, vec![VerifyP384, VerifyP384, VerifyP256, VerifyP256]),
        (Shape::RemoteUnderRsa, vec![VerifyRsa, VerifyP384, VerifyP256, VerifyP256]),
    ];
    for (shape, cold) in cases {
        let (tap, cache) = (Tap::default(), One::default());
        let first = Case::honest(&AndroidDevice::new("first").with_shape(shape));
        let _ = first.verify_cached(&cache, &tap).unwrap();
        assert_eq!(signatures(&tap.take()), [cold, vec![PrepareP256]].concat(), "{shape:?}");
        // Another phone of the same issuer.
        let second = Case::honest(&AndroidDevice::new("second").with_shape(shape));
        let _ = second.verify_cached(&cache, &tap).unwrap();
        assert_eq!(signatures(&tap.take()), [VerifyP256Prepared, VerifyP256], "{shape:?}");
    }
    // Keys of factories have no issuer on P-256: nothing is kept.
    for shape in [Shape::FactoryEc, Shape::FactoryRsa3072] {
        let (tap, cache) = (Tap::default(), One::default());
        let case = Case::honest(&AndroidDevice::new("factory").with_shape(shape));
        let _ = case.verify_cached(&cache, &tap).unwrap();
        assert!(cache.borrow().is_none(), "{shape:?}");
    }
}

/// Remembers what it was asked for, and has nothing.
#[derive(Default)]
struct Asked(Cell<Option<[u8; 32]>>);

impl IssuerCache<GenuineCrypto> for Asked {
    type Key = Prepared;

    fn with_issuer<T>(
        &self,
        fingerprint: &[u8; 32],
        function: impl FnOnce(Option<&CachedIssuer<GenuineCrypto, Prepared>>) -> T,
    ) -> T {
        self.0.set(Some(*fingerprint));
        function(None)
    }

    fn store(&self, _: CachedIssuer<GenuineCrypto, Prepared>) {}
}

/// Everything that the signatures above are statements of, and how long the anchor's key is, without which an octet of the key could be
/// one of a certificate.
#[test]
fn a_fingerprint_is_of_the_anchor_and_all_that_it_vouches_for() {
    for (shape, size) in [(Shape::Remote, 3), (Shape::RemoteUnderRsa, 16)] {
        let case = Case::honest(&AndroidDevice::new("fingerprint").with_shape(shape));
        let mut expected = Sha256::new_with_prefix([size]);
        expected.update(match shape {
            Shape::Remote => AndroidPki::default().p384_root_point()[1..].to_vec(),
            _ => AndroidPki::default().rsa_root_modulus(),
        });
        for position in [3, 2] {
            let mut certificate = Der::decode(&case.certificates[position]);
            expected.update(certificate[part::TBS].encode());
            // Behind the number of unused bits.
            let signature = &certificate[part::SIGNATURE].octets()[1..];
            match p384::ecdsa::Signature::from_der(signature) {
                Ok(signature) => expected.update(signature.normalize_s().to_bytes()),
                Err(_) => expected.update(signature),
            }
        }
        let asked = Asked::default();
        let _ = case.verify_cached(&asked, &GenuineCrypto).unwrap();
        assert_eq!(asked.0.get(), Some(expected.finalize().into()), "{shape:?}");
    }
}

/// A chain in which a signature is not right, each in turn, has the same verdict with the honest issuer in the cache.
#[test]
fn a_forged_chain_is_refused_whatever_is_cached() {
    for shape in [Shape::Remote, Shape::RemoteUnderRsa] {
        let device = AndroidDevice::new("forged").with_shape(shape);
        let cache = RefCell::<Option<CachedIssuer<GenuineCrypto, Prepared>>>::default();
        let honest = Case::honest(&device);
        let _ = honest.verify_cached(&cache, &GenuineCrypto).unwrap();
        for position in 0..4 {
            let mut forged = honest.clone();
            *forged.certificates[position].last_mut().unwrap() ^= 1;
            assert_eq!(forged.verify().err(), Some(Error::AndroidSignature), "{shape:?} {position}");
            let cached = forged.verify_cached(&cache, &GenuineCrypto);
            assert_eq!(cached.err(), Some(Error::AndroidSignature), "{shape:?} {position}");
        }
        // Not under another anchor either, whose name is the same.
        let mut elsewhere = honest.clone();
        let attacker = AndroidPki::attacker();
        if shape == Shape::Remote {
            elsewhere.roots = [attacker.p384_root_der(), honest.roots[1].clone()];
            elsewhere.certificates.pop();
            assert_eq!(elsewhere.verify().err(), elsewhere.verify_cached(&cache, &GenuineCrypto).err());
            assert!(elsewhere.verify_cached(&cache, &GenuineCrypto).is_err());
        }
    }
}

/// What a certificate above says is part of what is cached, and not its signature alone: a serial number that is on no list, or a
/// later end, would be another certificate under a signature that is known.
#[test]
fn a_signature_that_is_known_signs_nothing_else() {
    for shape in [Shape::Remote, Shape::RemoteUnderRsa] {
        let device = AndroidDevice::new("signed").with_shape(shape);
        let cache = RefCell::<Option<CachedIssuer<GenuineCrypto, Prepared>>>::default();
        let _ = Case::honest(&device).verify_cached(&cache, &GenuineCrypto).unwrap();
        for position in [2, 3] {
            let mutation = AndroidMutation::default().signed(move |chain| {
                *chain[position][part::TBS][field::SERIAL].octets().last_mut().unwrap() ^= 1;
            });
            let changed = Case::mint(&device, &mutation);
            assert_eq!(changed.verify().err(), Some(Error::AndroidSignature), "{shape:?} {position}");
            let cached = changed.verify_cached(&cache, &GenuineCrypto);
            assert_eq!(cached.err(), Some(Error::AndroidSignature), "{shape:?} {position}");
        }
    }
}

/// A key says how long a signature is, so that no octets of a chain are another's: what is longer or shorter is not even hashed.
#[test]
fn a_signature_of_another_length_is_none() {
    let device = AndroidDevice::new("length").with_shape(Shape::RemoteUnderRsa);
    let mutation = AndroidMutation::default().signed(|chain| chain[3][part::SIGNATURE] = Der::bit_string(&[0; 256]));
    let (tap, cache, case) = (Tap::default(), One::default(), Case::mint(&device, &mutation));
    assert_eq!(case.verify_cached(&cache, &tap).err(), Some(Error::AndroidSignature));
    assert_eq!(tap.take(), [Call::CheckP384, Call::CheckP256]);
}

/// Some genuine certificates name ECDSA with NULL for parameters. What a prepared key does not verify is verified without.
#[test]
fn an_algorithm_with_null_is_accepted_beside_a_cache() {
    let mut with_null = algorithm(oid::ECDSA_SHA256);
    with_null.elements().push(Der::null());
    let device = AndroidDevice::new("null");
    for position in [0, 1] {
        let mutation =
            AndroidMutation::default().certificate(position, |certificate| certificate.set_algorithm(&with_null));
        let case = Case::mint(&device, &mutation);
        let (tap, cache) = (Tap::default(), One::default());
        let _ = Case::honest(&device).verify_cached(&cache, &tap).unwrap();
        for _ in 0..2 {
            let _ = case.verify_cached(&cache, &tap).unwrap();
        }
        let prepared = tap.take().iter().filter(|call| **call == Call::VerifyP256Prepared).count();
        assert_eq!(prepared, if position == 0 { 2 } else { 0 });
    }
}

/// Who relays a chain can change s into n − s. That is the same issuer.
#[test]
fn the_other_form_of_a_signature_is_the_same_issuer() {
    let device = AndroidDevice::new("forms");
    let (tap, cache) = (Tap::default(), One::default());
    let _ = Case::honest(&device).verify_cached(&cache, &tap).unwrap();
    let fingerprint = *cache.borrow().as_ref().unwrap().fingerprint();
    tap.take();
    for position in [2, 3] {
        let mutation = AndroidMutation::default().signed(move |chain| {
            let signature = chain[position].elements().last_mut().unwrap();
            *signature = Der::bit_string(&crate::common::other_form(&signature.octets()[1..]));
        });
        let relayed = Case::mint(&device, &mutation);
        assert_ne!(relayed.certificates, Case::honest(&device).certificates);
        let _ = relayed.verify_cached(&cache, &tap).unwrap();
        assert_eq!(signatures(&tap.take()), [Call::VerifyP256Prepared, Call::VerifyP256]);
        assert_eq!(*cache.borrow().as_ref().unwrap().fingerprint(), fingerprint);
    }
}

#[test]
fn several_issuers_have_room_beside_each_other() {
    let cache = RefCell::new([const { None::<CachedIssuer<Tap, Prepared>> }; 2]);
    let tap = Tap::default();
    let phones = [AndroidDevice::new("a"), AndroidDevice::new("a").with_shape(Shape::RemoteUnderRsa)];
    for device in &phones {
        let _ = Case::honest(device).verify_cached(&cache, &tap).unwrap();
    }
    tap.take();
    for _ in 0..2 {
        for device in &phones {
            let _ = Case::honest(device).verify_cached(&cache, &tap).unwrap();
            assert_eq!(signatures(&tap.take()), [Call::VerifyP256Prepared, Call::VerifyP256]);
        }
    }
    // A third one takes the place of the first.
    let later = AndroidDevice::new("a").with_issue_time(1_792_000_000 + 200 * 86_400);
    let _ = Case::honest(&later).verify_cached(&cache, &tap).unwrap();
    tap.take();
    let _ = Case::honest(&phones[1]).verify_cached(&cache, &tap).unwrap();
    assert_eq!(signatures(&tap.take()), [Call::VerifyP256Prepared, Call::VerifyP256]);
    let _ = Case::honest(&phones[0]).verify_cached(&cache, &tap).unwrap();
    assert_ne!(signatures(&tap.take()), [Call::VerifyP256Prepared, Call::VerifyP256]);
}
