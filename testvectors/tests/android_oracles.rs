//! The honest Android device against readers that share no code with this crate.

use std::collections::BTreeSet;

use der::{Decode as _, Encode as _};
use genuine_testvectors::android::{AndroidDevice, AndroidPki, KeyKind, SecurityLevel, Shape};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use x509_cert::Certificate;

const CHALLENGE: &[u8] = b"challenge";

/// The certificates of a chain, read by x509-cert.
fn read(certificates: &[Vec<u8>]) -> Vec<Certificate> {
    certificates.iter().map(|der| Certificate::from_der(der).expect("x509-cert reads the certificate")).collect()
}

/// The algorithm of ring for a signature with this identifier by a key with this one.
fn algorithm(certificate: &Certificate, issuer: &Certificate) -> (&'static dyn VerificationAlgorithm, &'static str) {
    let key = &issuer.tbs_certificate().subject_public_key_info().algorithm;
    let curve = key.parameters.as_ref().and_then(|any| any.decode_as::<der::asn1::ObjectIdentifier>().ok());
    let curve = curve.map(|oid| oid.to_string());
    let signed = certificate.signature_algorithm().oid.to_string();
    match (curve.as_deref(), signed.as_str()) {
        (Some("1.2.840.10045.3.1.7"), "1.2.840.10045.4.3.2") => (&signature::ECDSA_P256_SHA256_ASN1, "P-256 SHA-256"),
        (Some("1.3.132.0.34"), "1.2.840.10045.4.3.2") => (&signature::ECDSA_P384_SHA256_ASN1, "P-384 SHA-256"),
        (Some("1.3.132.0.34"), "1.2.840.10045.4.3.3") => (&signature::ECDSA_P384_SHA384_ASN1, "P-384 SHA-384"),
        (None, "1.2.840.113549.1.1.11") => (&signature::RSA_PKCS1_2048_8192_SHA256, "RSA SHA-256"),
        other => panic!("{other:?} is no combination of a genuine phone"),
    }
}

/// Verifies the signature of one certificate by the key of another with ring, and says what it was.
fn verify(certificate: &Certificate, issuer: &Certificate) -> &'static str {
    assert_eq!(certificate.tbs_certificate().signature(), certificate.signature_algorithm());
    assert_eq!(certificate.tbs_certificate().issuer(), issuer.tbs_certificate().subject());
    let key = issuer.tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes();
    let (algorithm, name) = algorithm(certificate, issuer);
    let message = certificate.tbs_certificate().to_der().expect("DER");
    UnparsedPublicKey::new(algorithm, key)
        .verify(&message, certificate.signature().raw_bytes())
        .expect("the issuer signed the certificate");
    name
}

#[test]
fn chains_of_every_shape_verify() {
    let mut seen = BTreeSet::new();
    for shape in Shape::ALL {
        for level in [SecurityLevel::Tee, SecurityLevel::StrongBox] {
            for kind in [KeyKind::P256, KeyKind::Rsa2048, KeyKind::MlDsa65] {
                let device = AndroidDevice::new("oracle").with_shape(shape).with_level(level).with_key_kind(kind);
                for (more, device) in [device.clone(), device.with_attest_key()].into_iter().enumerate() {
                    let attested = device.attest(CHALLENGE);
                    let chain = read(&attested.certificates);
                    assert_eq!(chain.len(), 4 + usize::from(shape.is_remote()) + more);
                    for pair in chain.windows(2) {
                        seen.insert(verify(&pair[0], &pair[1]));
                    }
                    let root = chain.last().expect("a root");
                    verify(root, root);
                    let octets: usize = attested.certificates.iter().map(Vec::len).sum();
                    assert!((1_900..8_192).contains(&octets), "{shape:?}: {octets} octets");
                }
            }
        }
    }
    assert_eq!(seen, BTreeSet::from(["P-256 SHA-256", "P-384 SHA-256", "P-384 SHA-384", "RSA SHA-256"]));
}

#[test]
fn roots_are_those_of_the_authorities_and_nobody_elses() {
    let (honest, attacker) = (AndroidPki::default(), AndroidPki::attacker());
    assert_eq!(honest.p384_root_subject(), attacker.p384_root_subject());
    assert_eq!(honest.rsa_root_subject(), attacker.rsa_root_subject());
    assert_ne!(honest.p384_root_point(), attacker.p384_root_point());
    assert_ne!(honest.rsa_root_modulus(), attacker.rsa_root_modulus());
    for root in [honest.p384_root_der(), honest.rsa_root_der()] {
        let text = String::from_utf8_lossy(&root);
        assert!(!text.contains("Google") && !text.contains("f92009e853b6b045") && text.contains("Genuine Test"));
    }
    assert_eq!(honest.rsa_root_modulus().len(), 512);
}
