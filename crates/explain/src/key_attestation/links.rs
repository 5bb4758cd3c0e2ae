//! Whether each certificate is signed by the next one: each link by itself, whatever the engine says of the chain.

use genuine::{
    crypto::{
        Digest, GenuineCrypto, P256, P384, PublicKey, RsaPublicKey, Sha256 as _, Sha384 as _, Signature,
        VerifyEcdsa as _, VerifyRsa as _,
    },
    x509::IssuerKey,
};

use super::certificate::{Seen, SeenKey};
use crate::ber::{Elements, INTEGER, SEQUENCE};

/// ecdsa-with-SHA256 and -SHA384, sha256WithRSAEncryption; id-ecPublicKey, rsaEncryption, id-ml-dsa-44 to -87; the curves P-256 and P-384.
const ECDSA_SHA256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];
const ECDSA_SHA384: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03];
const RSA_SHA256: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B];
const EC_KEY: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
const RSA_KEY: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
const ML_DSA: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03];
const ON_P256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
const ON_P384: &[u8] = &[0x2B, 0x81, 0x04, 0x00, 0x22];

/// What became of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// The issuer's key signed the certificate.
    Signed,
    /// It did not.
    Wrong,
    /// Algorithm, key or form are none that are verified here.
    Unknown,
}

/// The algorithm of a signature in words.
pub(super) fn signature_algorithm(certificate: &Seen<'_>) -> &'static str {
    match certificate.signature_algorithm {
        ECDSA_SHA256 => "ECDSA with SHA-256",
        ECDSA_SHA384 => "ECDSA with SHA-384",
        RSA_SHA256 => "RSA with SHA-256",
        _ => "an algorithm that is not verified here",
    }
}

/// A key in words: algorithm and size.
pub(super) fn key_title(key: &SeenKey<'_>) -> String {
    match (key.algorithm, key.curve) {
        (EC_KEY, ON_P256) => "P-256".to_owned(),
        (EC_KEY, ON_P384) => "P-384".to_owned(),
        (EC_KEY, _) => "a key on another curve".to_owned(),
        (RSA_KEY, _) => rsa(key.octets).map_or_else(
            || "RSA of no known form".to_owned(),
            |(modulus, exponent)| {
                let bits = modulus.len() * 8;
                if exponent == [1, 0, 1] {
                    format!("RSA-{bits}")
                } else {
                    format!("RSA-{bits} with another exponent than 65537")
                }
            },
        ),
        ([firsts @ .., parameters], _) if firsts == ML_DSA => match parameters {
            17 => "ML-DSA-44".to_owned(),
            18 => "ML-DSA-65".to_owned(),
            19 => "ML-DSA-87".to_owned(),
            _ => "ML-DSA".to_owned(),
        },
        _ => "a key of another algorithm".to_owned(),
    }
}

/// The key as an issuer has it; `None` if it is none that the engine verifies with.
pub(super) fn issuer_key<'i>(key: &SeenKey<'i>) -> Option<IssuerKey<'i>> {
    let point = || key.octets.split_first().filter(|(form, _)| **form == 4).map(|(_, point)| point);
    match (key.algorithm, key.curve) {
        (EC_KEY, ON_P256) => point()?.try_into().ok().map(IssuerKey::P256),
        (EC_KEY, ON_P384) => point()?.try_into().ok().map(IssuerKey::P384),
        (RSA_KEY, _) => RsaPublicKey::from_der(key.octets).map(IssuerKey::Rsa),
        _ => None,
    }
}

/// Whether this key signed the certificate.
pub(super) fn signed_by(certificate: &Seen<'_>, issuer: Option<IssuerKey<'_>>) -> Link {
    let digest = match certificate.signature_algorithm {
        ECDSA_SHA256 | RSA_SHA256 => GenuineCrypto.sha256(&[certificate.signed]).ok().map(Digest::Sha256),
        ECDSA_SHA384 => GenuineCrypto.sha384(&[certificate.signed]).ok().map(Digest::Sha384),
        _ => None,
    };
    let is_rsa = certificate.signature_algorithm == RSA_SHA256;
    let (Some(issuer), Some(digest)) = (issuer, digest) else { return Link::Unknown };
    let is_signed = match (issuer, &digest) {
        (IssuerKey::P256(key), digest) if !is_rsa => ecdsa(certificate.signature).is_some_and(|signature| {
            GenuineCrypto.verify(&PublicKey::<P256>(*key), digest, &Signature(signature)).is_ok()
        }),
        (IssuerKey::P384(key), digest) if !is_rsa => ecdsa(certificate.signature).is_some_and(|signature| {
            GenuineCrypto.verify(&PublicKey::<P384>(*key), digest, &Signature(signature)).is_ok()
        }),
        (IssuerKey::Rsa(key), Digest::Sha256(digest)) if is_rsa => {
            GenuineCrypto.verify_rsa_pkcs1_sha256(key, digest, certificate.signature).is_ok()
        }
        _ => return Link::Unknown,
    };
    if is_signed { Link::Signed } else { Link::Wrong }
}

/// `r ‖ s` of an `ECDSA-Sig-Value`, each filled up to half of these octets.
fn ecdsa<const N: usize>(signature: &[u8]) -> Option<[u8; N]> {
    let mut parts = Elements::of(signature).enter(SEQUENCE)?;
    let mut octets = [0; N];
    for half in octets.chunks_exact_mut(N / 2) {
        let mut number = parts.expect(INTEGER)?.value;
        while let [0, rest @ ..] = number {
            number = rest;
        }
        let start = half.len().checked_sub(number.len())?;
        half.get_mut(start..)?.copy_from_slice(number);
    }
    parts.is_empty().then_some(octets)
}

/// Modulus and exponent without leading zeros.
fn rsa(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = Elements::of(key).enter(SEQUENCE)?;
    let mut number = || {
        let mut number = parts.expect(INTEGER)?.value;
        while let [0, rest @ ..] = number {
            number = rest;
        }
        Some(number)
    };
    Some((number()?, number()?))
}
