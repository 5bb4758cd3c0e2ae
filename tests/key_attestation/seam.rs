//! What reaches the backend, when, and what its answers do.

use genuine::{
    Class, Error,
    crypto::{GenuineCrypto, RustCrypto, VerifyRsa},
    key_attestation::{KeyAttestationCrypto, KeyAttestationVerifier},
};
use genuine_backend_aws_lc::AwsLc;
use genuine_testvectors::android::{AndroidDevice, Shape};

use crate::common::{Call, Case, Tap, nothing_revoked};

/// The roots' keys, those of the leaf, then from the anchor downward hash and signature.
#[test]
fn a_good_chain_costs_what_it_must() {
    use Call::{CheckP256, CheckP384, Sha256, Sha384, VerifyP256, VerifyP384, VerifyRsa};

    let cases = [
        (Shape::Remote, vec![Sha384, VerifyP384, Sha384, VerifyP384, Sha256, VerifyP256, Sha256, VerifyP256]),
        (Shape::FactoryEc, vec![Sha256, VerifyRsa, Sha256, VerifyP384, Sha256, VerifyP256]),
        (Shape::FactoryRsa3072, vec![Sha256, VerifyRsa, Sha256, VerifyRsa, Sha256, VerifyRsa]),
    ];
    for (shape, signatures) in cases {
        let (tap, case) = (Tap::default(), Case::honest(&AndroidDevice::new("cost").with_shape(shape)));
        let _ = case.verify_under(&[case.policy()], &tap).unwrap();
        assert_eq!(tap.take(), [vec![CheckP384, CheckP256], signatures].concat(), "{shape:?}");
    }
}

/// Whatever cannot be computed is never a refusal and never an acceptance.
#[test]
fn what_cannot_be_computed_decides_nothing() {
    for shape in Shape::ALL {
        let case = Case::honest(&AndroidDevice::new("unavailable").with_shape(shape));
        let tap = Tap::default();
        let _ = case.verify_under(&[case.policy()], &tap).unwrap();
        for position in 0..tap.take().len() {
            let verdict = case.verify_under(&[case.policy()], &Tap::failing_at(position));
            let error = verdict.expect_err("a call that failed");
            assert_eq!((error, error.class()), (Error::CryptoUnavailable, Class::Unavailable), "{shape:?} {position}");
        }
    }
}

#[test]
fn no_signature_is_looked_at_before_all_else_has_passed() {
    let mut case = Case::honest(&AndroidDevice::new("order"));
    case.challenge.push(0);
    let tap = Tap::default();
    assert_eq!(case.verify_under(&[case.policy()], &tap).err(), Some(Error::AndroidChallengeMismatch));
    assert_eq!(tap.take(), [Call::CheckP384]);
}

#[test]
fn backends_agree_and_one_without_rsa_takes_what_has_none() {
    for shape in Shape::ALL {
        let case = Case::honest(&AndroidDevice::new("backends").with_shape(shape));
        let key = case.verify().unwrap().public_key();
        let dynamic: &dyn All = &AwsLc;
        assert_eq!(case.verify_under(&[case.policy()], &AwsLc).unwrap().public_key(), key);
        assert_eq!(case.verify_under(&[case.policy()], dynamic).unwrap().public_key(), key);

        let (anchors, policies) = (case.anchors(), [case.policy()]);
        let refused = KeyAttestationVerifier::without_rsa(&policies, &anchors, &RustCrypto);
        assert_eq!(refused.err(), Some(Error::ConfigInvalidAnchor));
        let verifier = KeyAttestationVerifier::without_rsa(&policies, &anchors[..1], &RustCrypto).unwrap();
        let verdict = verifier.verify(&case.parse().unwrap(), &case.challenge, &nothing_revoked, case.now);
        match shape {
            Shape::Remote => assert_eq!(verdict.unwrap().public_key(), key),
            _ => assert_eq!(verdict.err(), Some(Error::AndroidAnchorUnknown), "{shape:?}"),
        }
    }
    let _ = GenuineCrypto;
}

/// A backend behind a pointer.
trait All: KeyAttestationCrypto + VerifyRsa {}

impl<C: KeyAttestationCrypto + VerifyRsa> All for C {}
