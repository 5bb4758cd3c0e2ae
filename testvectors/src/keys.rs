//! Deterministic keys and signatures.
//!
//! Secrets come from a seed text through SHA-384 and nonces from RFC 6979, so that the same seed mints the same bytes on
//! every machine. None of these keys protects anything.

use der::pem::{LineEnding, encode_string};
use p256::{ecdsa::signature::hazmat::PrehashSigner, pkcs8::EncodePrivateKey as _};
use sha2::{Digest as _, Sha256, Sha384};

/// The hash of a signature, independent of the curve: Apple's leaf has SHA-256 under a P-384 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
}

impl Hash {
    /// The digest of a message.
    #[must_use]
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
        }
    }
}

/// A private key that signs certificates or assertions.
#[derive(Clone, Debug, PartialEq)]
pub enum Signer {
    /// An ECDSA key on P-256.
    P256(p256::ecdsa::SigningKey),
    /// An ECDSA key on P-384.
    P384(p384::ecdsa::SigningKey),
}

impl Signer {
    /// The P-256 key of a seed.
    #[must_use]
    pub fn p256(seed: &str) -> Self {
        Self::P256(p256_key(seed))
    }

    /// The P-384 key of a seed.
    #[must_use]
    pub fn p384(seed: &str) -> Self {
        Self::P384(p384_key(seed))
    }

    /// The public key as an uncompressed point: 65 bytes on P-256, 97 on P-384 (SEC 1 §2.3.3).
    #[must_use]
    pub fn public_point(&self) -> Vec<u8> {
        match self {
            Self::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::P384(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
        }
    }

    /// The private key, PEM (RFC 7468, RFC 5208): for whoever lets another program mint under it.
    ///
    /// # Panics
    ///
    /// Never: a key has a PEM form.
    #[must_use]
    pub fn private_key_pem(&self) -> String {
        let document = match self {
            Self::P256(key) => key.to_pkcs8_der(),
            Self::P384(key) => key.to_pkcs8_der(),
        };
        let pem = document.map(|document| encode_string("PRIVATE KEY", LineEnding::LF, document.as_bytes()));
        pem.expect("a key has a DER form").expect("what has a DER form has a PEM form")
    }

    /// The DER `ECDSA-Sig-Value` over a digest (RFC 3279 §2.2.3, nonce after RFC 6979).
    ///
    /// # Panics
    ///
    /// If the digest is shorter than half the curve's order, which neither hash is.
    #[must_use]
    pub fn sign_digest(&self, digest: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign_prehash(digest).expect("the digest is long enough");
                signature.to_der().as_bytes().to_vec()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign_prehash(digest).expect("the digest is long enough");
                signature.to_der().as_bytes().to_vec()
            }
        }
    }
}

pub(crate) fn p256_key(seed: &str) -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(&secret(seed)[..32]).expect("a hash below the order, but for odds of 2^-32")
}

pub(crate) fn p384_key(seed: &str) -> p384::ecdsa::SigningKey {
    p384::ecdsa::SigningKey::from_slice(&secret(seed)).expect("a hash below the order, but for odds of 2^-190")
}

fn secret(seed: &str) -> Vec<u8> {
    Sha384::digest(format!("genuine-testvectors key {seed}")).to_vec()
}

/// The other form of an ECDSA signature by a P-384 key, DER: (r, n − s) for (r, s). Both verify.
///
/// # Panics
///
/// If it is no signature.
#[must_use]
pub fn other_form_p384(signature: &[u8]) -> Vec<u8> {
    let parsed = p384::ecdsa::Signature::from_der(signature).expect("a signature");
    let (r, s) = parsed.split_scalars();
    let other = p384::ecdsa::Signature::from_scalars(*r, -*s).expect("the negation of a scalar that is not zero");
    other.to_der().as_bytes().to_vec()
}

/// `length` bytes that look random and depend on the seed alone.
#[must_use]
pub fn pseudo_random(seed: &str, length: usize) -> Vec<u8> {
    (0_u32..)
        .flat_map(|block| Sha256::digest(format!("genuine-testvectors bytes {block} {seed}")).to_vec())
        .take(length)
        .collect()
}

/// SHA-256 of the concatenation of `parts`.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    Sha256::digest(parts.concat()).into()
}
