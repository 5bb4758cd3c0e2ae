//! The simulated Android phone and its vectors against readers that share no code with this crate: x509-cert and ring.

use std::collections::BTreeSet;

use ciborium::Value;
use der::{Decode as _, Encode as _};
use genuine_testvectors::android::{AndroidDevice, AndroidPki, KeyKind, SecurityLevel, Shape};
use genuine_testvectors::{AndroidVector, android_vectors};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use sha2::{Digest as _, Sha256};
use x509_cert::Certificate;

const CHALLENGE: &[u8] = b"challenge";

/// The certificates of a chain, read by x509-cert.
fn read(certificates: &[Vec<u8>]) -> Vec<Certificate> {
    certificates.iter().map(|der| Certificate::from_der(der).expect("x509-cert reads the certificate")).collect()
}

/// The algorithm of ring for the signature of one certificate by the key of another, if phones have that combination.
fn algorithm(
    certificate: &Certificate,
    issuer: &Certificate,
) -> Option<(&'static dyn VerificationAlgorithm, &'static str)> {
    let key = &issuer.tbs_certificate().subject_public_key_info().algorithm;
    let curve = key.parameters.as_ref().and_then(|any| any.decode_as::<der::asn1::ObjectIdentifier>().ok());
    let curve = curve.map(|oid| oid.to_string());
    let signed = certificate.signature_algorithm().oid.to_string();
    Some(match (curve.as_deref(), signed.as_str()) {
        (Some("1.2.840.10045.3.1.7"), "1.2.840.10045.4.3.2") => (&signature::ECDSA_P256_SHA256_ASN1, "P-256 SHA-256"),
        (Some("1.2.840.10045.3.1.7"), "1.2.840.10045.4.3.3") => (&signature::ECDSA_P256_SHA384_ASN1, "P-256 SHA-384"),
        (Some("1.3.132.0.34"), "1.2.840.10045.4.3.2") => (&signature::ECDSA_P384_SHA256_ASN1, "P-384 SHA-256"),
        (Some("1.3.132.0.34"), "1.2.840.10045.4.3.3") => (&signature::ECDSA_P384_SHA384_ASN1, "P-384 SHA-384"),
        (None, "1.2.840.113549.1.1.11") => (&signature::RSA_PKCS1_2048_8192_SHA256, "RSA SHA-256"),
        _ => return None,
    })
}

/// Whether the key of one certificate signed another, as ring says, and by which algorithm.
fn verify(certificate: &Certificate, issuer: &Certificate) -> Option<&'static str> {
    let key = issuer.tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes();
    let (algorithm, name) = algorithm(certificate, issuer)?;
    let message = certificate.tbs_certificate().to_der().expect("DER");
    let key = UnparsedPublicKey::new(algorithm, key);
    key.verify(&message, certificate.signature().raw_bytes()).is_ok().then_some(name)
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
                        let (certificate, issuer) = (&pair[0], &pair[1]);
                        assert_eq!(certificate.tbs_certificate().issuer(), issuer.tbs_certificate().subject());
                        assert_eq!(certificate.tbs_certificate().signature(), certificate.signature_algorithm());
                        seen.insert(verify(certificate, issuer).expect("the issuer signed the certificate"));
                    }
                    let root = chain.last().expect("a root");
                    assert!(verify(root, root).is_some(), "the root signed itself");
                    // Genuine chains have 1,951 to 5,637 octets, and none both RSA in the factory and a key of ML-DSA.
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
    // Whoever names authorities has none of the keys that everybody can read.
    let named = AndroidPki::named("a secret seed", "Rehearsal");
    assert!(!named.has_rsa_root());
    assert!(String::from_utf8_lossy(&named.p384_root_der()).contains("Rehearsal P-384 Root"));
    assert_ne!(named.p384_root_point(), honest.p384_root_point());
}

#[test]
fn minting_is_deterministic() {
    let mint = |seed: &str| {
        let mut device = AndroidDevice::new(seed).with_shape(Shape::FactoryRsa2048);
        (device.attest(CHALLENGE), device.assert(b"request"), device.assert(b"request"))
    };
    assert_eq!(mint("determinism"), mint("determinism"));
    assert_ne!(mint("determinism").0.public_key, mint("another").0.public_key);
}

#[test]
fn requests_verify_and_count() {
    let mut device = AndroidDevice::new("oracle").with_package("com.example.shop", 3);
    let point = device.attest(CHALLENGE).point();
    for counter in 1..=3_u32 {
        let signed = device.assert(b"request");
        let object: Value = ciborium::from_reader(&signed.object[..]).expect("well-formed CBOR");
        let [(_, signature), (name, data)] = object.into_map().expect("a map").try_into().expect("two entries");
        assert_eq!(name, Value::from("authenticatorData"));
        let data = data.into_bytes().expect("a byte string");
        assert_eq!((data.len(), data[32]), (37, 0x40));
        assert_eq!(data[..32], Sha256::digest(b"android:com.example.shop")[..]);
        assert_eq!(data[33..], counter.to_be_bytes());
        let nonce = Sha256::digest([&data[..], &Sha256::digest(b"request")].concat());
        UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_ASN1, point)
            .verify(&nonce, &signature.into_bytes().expect("a byte string"))
            .expect("the device signed the nonce as a message");
    }
}

/// The chain of a vector with the root behind it, if x509-cert reads all of it.
fn chain_of(vector: &AndroidVector, roots: &[Certificate]) -> Option<Vec<Certificate>> {
    let mut chain: Vec<_> =
        vector.certificates().into_iter().map(Certificate::from_der).collect::<Result<_, _>>().ok()?;
    let last = chain.last()?.tbs_certificate();
    let named =
        |name: &x509_cert::name::Name| roots.iter().find(|root| root.tbs_certificate().subject() == name).cloned();
    let root = match named(last.subject()) {
        // The key of the root counts, and not the copy that was sent.
        Some(root) => {
            let is_root = root.tbs_certificate().subject_public_key_info() == last.subject_public_key_info();
            is_root.then(|| chain.pop());
            is_root.then_some(root)
        }
        None => named(last.issuer()),
    };
    chain.extend(root);
    Some(chain)
}

/// What genuine phones send and x509-cert does not read, because it is no DER: a BOOLEAN of 01, and a year before 1970.
const UNREADABLE: [&str; 2] = ["android-good::critical-01", "android-good::leaf-ends-1969"];

/// The signatures of a vector say what its error says: all of them are good, or just the one that was to be broken is not.
#[test]
fn signatures_of_the_vectors_are_what_the_errors_say() {
    let authorities = AndroidPki::default();
    let roots = read(&[authorities.p384_root_der(), authorities.rsa_root_der()]);
    let (mut good, mut broken) = (0, 0);
    for vector in android_vectors() {
        let id = vector.id.as_str();
        let Some(chain) = chain_of(&vector, &roots) else {
            assert!(vector.code.is_some_and(|code| code < 3_100) || UNREADABLE.contains(&id), "{id}: unreadable");
            continue;
        };
        let links = chain.windows(2).map(|pair| verify(&pair[0], &pair[1]));
        match vector.code {
            // Form, names and anchors: the issuer is not there, or signed something else.
            Some(3_000..=3_101) => {}
            Some(3_360) => {
                assert_eq!(links.filter(Option::is_none).count(), 1, "{id}: one signature is broken");
                broken += 1;
            }
            _ if id == "android-chain::root-first" => {}
            _ => {
                assert!(links.into_iter().all(|link| link.is_some()), "{id}: all signatures are good");
                good += 1;
            }
        }
    }
    assert!(good > 350 && broken > 40, "{good} good, {broken} broken");
}
