//! Google's roots: the constants are what its certificates say.

use std::{env, fs, path::Path};

use genuine::{
    Error,
    key_attestation::{GOOGLE_P384_ROOT, GOOGLE_ROOTS, GOOGLE_RSA_ROOT},
    x509::TrustAnchor,
};
use genuine_testvectors::{
    android::{AndroidDevice, AndroidPki},
    certificate::{UnsignedCertificate, ec_public_key, extension, field, oid, rsa_public_key},
    der::Der,
};
use num_bigint::BigUint;
use sha2::{Digest as _, Sha256};
use x509_cert::der::{DecodePem as _, Encode as _};

/// SHA-256 of the two keys as `SubjectPublicKeyInfo`, as the format's page has them from elsewhere.
const RSA: &str = "feb2ea7551ee316ed4bb443c8293b884dbfdea40b603ee3e4f4a897e4580fbae";
const P384: &str = "3ee44512a1af2beb39c889490c60ea3f82e43f5d5a5532f5ab9419f676cd07ec";

#[test]
fn the_constants_are_those_of_the_certificates() {
    assert_eq!(GOOGLE_ROOTS, [GOOGLE_P384_ROOT, GOOGLE_RSA_ROOT]);
    let Some(directory) = env::var_os("GENUINE_REAL_VECTORS") else {
        println!("skipped: GENUINE_REAL_VECTORS is not set");
        return;
    };
    let path = Path::new(&directory).join("../android-key-attestation/roots.json");
    let roots: Vec<String> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let mut found = Vec::new();
    for pem in &roots {
        let certificate = x509_cert::Certificate::from_pem(pem).unwrap();
        let info = certificate.tbs_certificate().subject_public_key_info().to_der().unwrap();
        let digest = BigUint::from_bytes_be(&Sha256::digest(&info)).to_str_radix(16);
        let constant = match digest.as_str() {
            RSA => GOOGLE_RSA_ROOT,
            P384 => GOOGLE_P384_ROOT,
            other => panic!("a root with the key {other}"),
        };
        let der = certificate.to_der().unwrap();
        assert_eq!(TrustAnchor::from_trusted_issuer(&der).unwrap(), constant);
        found.push(digest);
    }
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, [P384, RSA]);
}

/// A key with this identifier, and of so many numbers: a modulus, and 65537 for each other.
fn rsa_key(id: &[u8], numbers: usize) -> Der {
    let mut key = vec![Der::integer(&[1, 0, 1]); numbers];
    key[0] = Der::integer(&[0xA5; 256]);
    let algorithm = Der::sequence(vec![Der::oid(id), Der::null()]);
    Der::sequence(vec![algorithm, Der::bit_string(&Der::sequence(key).encode())])
}

/// An authority with a key that certificates can be verified with, and nothing that would limit it.
#[test]
fn other_certificates_are_no_anchors() {
    let authorities = AndroidPki::default();
    let anchor = |change: fn(&mut UnsignedCertificate)| {
        let mut root = authorities.p384_root();
        change(&mut root);
        let der = root.sign().encode();
        TrustAnchor::from_trusted_issuer(&der).map(drop).err()
    };
    assert_eq!(anchor(|_| ()), None);
    let refused = Some(Error::ConfigInvalidAnchor);
    assert_eq!(anchor(|root| root.remove_extension(oid::BASIC_CONSTRAINTS)), refused);
    assert_eq!(anchor(|root| root.set_extension_value(oid::BASIC_CONSTRAINTS, &[0x30, 0x00])), refused);
    assert_eq!(anchor(|root| root.extensions().push(extension(oid::NAME_CONSTRAINTS, true, &[0x30, 0x00]))), refused);
    for key in [
        rsa_public_key(&[0xA5; 128], &[1, 0, 1]),
        rsa_public_key(&[0xA5; 256], &[3]),
        // The identifier of RSASSA-PSS (RFC 4055 §3.1), and a third number behind the exponent.
        rsa_key(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A], 2),
        rsa_key(oid::RSA_ENCRYPTION, 3),
        ec_public_key(&[0x2B, 0x81, 0x04, 0x00, 0x23], &[4; 133]),
    ] {
        let mut root = authorities.p384_root();
        root.tbs[field::SPKI] = key;
        assert_eq!(TrustAnchor::from_trusted_issuer(&root.sign().encode()).err(), refused);
    }
    let mut root = authorities.p384_root();
    root.tbs[field::SPKI] = rsa_key(oid::RSA_ENCRYPTION, 2);
    assert_eq!(TrustAnchor::from_trusted_issuer(&root.sign().encode()).err(), None);
    let leaf = &AndroidDevice::new("leaf").attest(b"challenge").certificates[0];
    assert_eq!(TrustAnchor::from_trusted_issuer(leaf).err(), refused);
}
