//! What reaches the backend, when, and what its answers do.

use genuine::{
    Class, Error,
    crypto::{
        CryptoError, Curve, Digest, GenuineCrypto, PublicKey, RsaPublicKey, RustCrypto, Sha256, Sha384, Signature,
        VerifyEcdsa, VerifyRsa,
    },
    key_attestation::{KeyAttestationCrypto, KeyAttestationVerifier},
    x509::{IssuerKey, TrustAnchor},
};
use genuine_backend_aws_lc::AwsLc;
use genuine_testvectors::{
    android::{AndroidDevice, AndroidMutation, Shape},
    certificate::{field, oid, part, signature_algorithm},
    der::Der,
    keys::Signer,
};

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
}

/// A verifier without RSA refuses a chain for its algorithm, and not for a signature that nobody looked at.
#[test]
fn without_rsa_a_signature_of_rsa_is_of_no_algorithm() {
    let signer = AndroidDevice::new("rsa").with_shape(Shape::FactoryRsa3072).attestation_signer();
    let mutation = AndroidMutation::default().unsigned(|chain| {
        chain[1].tbs[field::SPKI] = signer.public_key();
        chain[0].signer = signer.clone();
        chain[0].set_algorithm(&signature_algorithm(oid::RSA_SHA256));
    });
    let case = Case::mint(&AndroidDevice::new("mixed"), &mutation);
    assert_eq!(case.verify().err(), None);
    let (anchors, policies) = (case.anchors(), [case.policy()]);
    let verifier = KeyAttestationVerifier::without_rsa(&policies, &anchors[..1], &RustCrypto).unwrap();
    let verdict = verifier.verify(&case.parse().unwrap(), &case.challenge, &nothing_revoked, case.now);
    assert_eq!(verdict.err(), Some(Error::AndroidCertAlgUnsupported));
}

/// What is no signature under a key does not reach a backend, which may not look: longer or shorter than the modulus, or not below it.
#[test]
fn a_backend_is_asked_for_signatures_of_rsa_alone() {
    let device = AndroidDevice::new("range").with_shape(Shape::FactoryEc);
    let authorities = device.authorities();
    let modulus = authorities.rsa_root_modulus();
    for (signature, expected) in [
        (vec![0; 512], None),
        (modulus.clone(), Some(Error::AndroidSignature)),
        (vec![0xFF; 512], Some(Error::AndroidSignature)),
        (vec![0; 384], Some(Error::AndroidSignature)),
        (vec![0; 256], Some(Error::AndroidSignature)),
    ] {
        let mutation =
            AndroidMutation::default().signed(|chain| chain[2][part::SIGNATURE] = Der::bit_string(&signature));
        let case = Case::mint(&device, &mutation);
        assert_eq!(case.verify_under(&[case.policy()], &Credulous).err(), expected, "{} octets", signature.len());
        assert_eq!(case.verify().err(), Some(Error::AndroidSignature));
    }
}

/// An anchor on a curve is a point of it.
#[test]
fn an_anchor_that_is_no_point_is_none() {
    let case = Case::honest(&AndroidDevice::new("anchors"));
    let (policies, subject) = ([case.policy()], case.anchors()[0].subject());
    let coordinates = Signer::p256("anchor").public_point();
    let good: &[u8; 64] = coordinates[1..].try_into().unwrap();
    let anchors = [TrustAnchor::new(subject, IssuerKey::P256(good))];
    assert_eq!(KeyAttestationVerifier::new(&policies, &anchors, &GenuineCrypto).err(), None);
    for key in [IssuerKey::P256(&[1; 64]), IssuerKey::P384(&[1; 96])] {
        let anchors = [TrustAnchor::new(subject, key)];
        let verdict = KeyAttestationVerifier::new(&policies, &anchors, &GenuineCrypto);
        assert_eq!(verdict.err(), Some(Error::ConfigInvalidAnchor));
    }
}

/// A backend that takes every signature of RSA.
struct Credulous;

impl Sha256 for Credulous {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        GenuineCrypto.sha256(parts)
    }
}

impl Sha384 for Credulous {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        GenuineCrypto.sha384(parts)
    }
}

impl<C: Curve> VerifyEcdsa<C> for Credulous
where
    GenuineCrypto: VerifyEcdsa<C>,
{
    fn check_key(&self, key: &PublicKey<C>) -> Result<(), CryptoError> {
        GenuineCrypto.check_key(key)
    }

    fn verify(&self, key: &PublicKey<C>, digest: &Digest, signature: &Signature<C>) -> Result<(), CryptoError> {
        GenuineCrypto.verify(key, digest, signature)
    }
}

impl VerifyRsa for Credulous {
    fn verify_rsa_pkcs1_sha256(&self, _: RsaPublicKey<'_>, _: &[u8; 32], _: &[u8]) -> Result<(), CryptoError> {
        Ok(())
    }
}

/// A backend behind a pointer.
trait All: KeyAttestationCrypto + VerifyRsa {}

impl<C: KeyAttestationCrypto + VerifyRsa> All for C {}
