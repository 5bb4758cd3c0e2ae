//! Deterministic keys and signatures.
//!
//! Secrets come from a seed text through SHA-384 and nonces from RFC 6979, so that the same seed mints the same bytes on
//! every machine. None of these keys protects anything.

use std::sync::Arc;

use der::pem::{LineEnding, encode_string};
use p256::{ecdsa::signature::hazmat::PrehashSigner, pkcs8::EncodePrivateKey as _};
use rsa::traits::PublicKeyParts as _;
use rsa::{BoxedUint, Pkcs1v15Sign, PrivateKey};
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
    /// An RSA key, which signs after PKCS#1 v1.5. Android alone has those.
    Rsa(RsaKey),
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
    ///
    /// # Panics
    ///
    /// If the key is an RSA key.
    #[must_use]
    pub fn public_point(&self) -> Vec<u8> {
        match self {
            Self::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::P384(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::Rsa(_) => panic!("an RSA key is no point"),
        }
    }

    /// The private key, PEM (RFC 7468, RFC 5208): for whoever lets another program mint under it.
    ///
    /// # Panics
    ///
    /// If the key is an RSA key, which is the same for everybody.
    #[must_use]
    pub fn private_key_pem(&self) -> String {
        let document = match self {
            Self::P256(key) => key.to_pkcs8_der(),
            Self::P384(key) => key.to_pkcs8_der(),
            Self::Rsa(_) => panic!("the RSA keys are constants"),
        };
        let pem = document.map(|document| encode_string("PRIVATE KEY", LineEnding::LF, document.as_bytes()));
        pem.expect("a key has a DER form").expect("what has a DER form has a PEM form")
    }

    /// The DER `ECDSA-Sig-Value` over a digest (RFC 3279 §2.2.3, nonce after RFC 6979), or the octets of an RSA signature
    /// (RFC 8017 §8.2).
    ///
    /// # Panics
    ///
    /// If the digest is shorter than half the curve's order, which neither hash is, or for RSA none of SHA-256.
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
            Self::Rsa(key) => key
                .0
                .sign(Pkcs1v15Sign::new::<Sha256>(), digest)
                .expect("a digest of SHA-256 and a key of 1024 bits or more"),
        }
    }
}

/// An RSA key, one of those that the crate brings.
#[derive(Clone, Debug, PartialEq)]
pub struct RsaKey(Arc<PrivateKey>);

impl RsaKey {
    /// The key of two primes, in hexadecimal digits, and a public exponent.
    pub(crate) fn new(first: &str, second: &str, exponent: u64) -> Self {
        let prime = |hexadecimal: &str| BoxedUint::from_be_slice_vartime(&octets(hexadecimal));
        let key = PrivateKey::from_p_q(prime(first), prime(second), BoxedUint::from(exponent));
        Self(Arc::new(key.expect("the primes make a key")))
    }

    /// The modulus, big-endian: as many octets as the key has, and none for a sign.
    #[must_use]
    pub fn modulus(&self) -> Vec<u8> {
        self.0.n_bytes().to_vec()
    }

    /// The signature whose encoded message ends in these octets, with all the padding before them that there is room for: for
    /// negative vectors (RFC 8017 §9.2).
    ///
    /// # Panics
    ///
    /// If there is no room for 8 octets of padding.
    #[must_use]
    pub fn sign_encoded(&self, octets: &[u8]) -> Vec<u8> {
        self.0.sign(Pkcs1v15Sign::new_unprefixed(), octets).expect("room for the padding")
    }

    /// The public exponent, big-endian.
    #[must_use]
    pub fn exponent(&self) -> Vec<u8> {
        self.0.e_bytes().to_vec()
    }
}

/// The octets of a text of hexadecimal digits.
fn octets(hexadecimal: &str) -> Vec<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pairs = hexadecimal.as_bytes().chunks(2).map(|pair| Some((digit(pair[0])? << 4) | digit(pair[1])?));
    pairs.collect::<Option<_>>().expect("hexadecimal digits")
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
