//! The default backend: the RustCrypto crates `p256`, `p384` and `sha2`.

use p256::ecdsa::signature::hazmat::PrehashVerifier;

use super::{CryptoError, Digest, P256, P384, PublicKey, Sha256, Sha384, Signature, VerifyEcdsa, hash};

/// The RustCrypto backend: portable Rust, no allocation, never [`CryptoError::Unavailable`].
///
/// Requires the default feature `rust-crypto`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RustCrypto;

impl Sha256 for RustCrypto {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        Ok(hash::sha256(parts))
    }
}

impl Sha384 for RustCrypto {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        Ok(hash::sha384(parts))
    }
}

impl VerifyEcdsa<P256> for RustCrypto {
    fn check_key(&self, key: &PublicKey<P256>) -> Result<(), CryptoError> {
        p256_key(key).map(drop)
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        let signature = p256::ecdsa::Signature::from_bytes(&signature.0.into()).map_err(invalid)?;
        p256_key(key)?.verify_prehash(digest.as_bytes(), &signature).map_err(invalid)
    }
}

impl VerifyEcdsa<P384> for RustCrypto {
    fn check_key(&self, key: &PublicKey<P384>) -> Result<(), CryptoError> {
        p384_key(key).map(drop)
    }

    fn verify(&self, key: &PublicKey<P384>, digest: &Digest, signature: &Signature<P384>) -> Result<(), CryptoError> {
        let signature = p384::ecdsa::Signature::from_bytes(&signature.0.into()).map_err(invalid)?;
        p384_key(key)?.verify_prehash(digest.as_bytes(), &signature).map_err(invalid)
    }
}

fn p256_key(key: &PublicKey<P256>) -> Result<p256::ecdsa::VerifyingKey, CryptoError> {
    let point = p256::Sec1Point::from_untagged_bytes(&key.0.into());
    p256::ecdsa::VerifyingKey::from_sec1_point(&point).map_err(invalid)
}

fn p384_key(key: &PublicKey<P384>) -> Result<p384::ecdsa::VerifyingKey, CryptoError> {
    let point = p384::Sec1Point::from_untagged_bytes(&key.0.into());
    p384::ecdsa::VerifyingKey::from_sec1_point(&point).map_err(invalid)
}

fn invalid(_: p256::ecdsa::Error) -> CryptoError {
    CryptoError::Invalid
}

/// A key on P-256 in memory that signs by the crate `p256`, in constant time and deterministically (RFC 6979 §3.2).
///
/// `Debug` shows the public key alone, and the secret is wiped when the value is dropped. Requires the features `rust-crypto` and
/// `session`.
#[cfg(feature = "session")]
#[derive(Clone, Debug)]
pub struct RustCryptoSigner(p256::ecdsa::SigningKey);

#[cfg(feature = "session")]
impl TryFrom<&[u8; 32]> for RustCryptoSigner {
    type Error = CryptoError;

    /// Takes the secret, big-endian; [`CryptoError::Invalid`] unless it lies in 1 … n − 1 (SEC 1 §3.2.1).
    fn try_from(secret: &[u8; 32]) -> Result<Self, CryptoError> {
        p256::ecdsa::SigningKey::from_slice(secret).map(Self).map_err(invalid)
    }
}

#[cfg(feature = "session")]
impl super::SignP256 for RustCryptoSigner {
    fn public_key(&self) -> PublicKey<P256> {
        let point = self.0.verifying_key().to_sec1_point(false);
        // Always 65 octets. Zeros are no key, and every signature would be refused.
        PublicKey::from_uncompressed(point.as_bytes()).unwrap_or(PublicKey([0; 64]))
    }

    fn sign(&self, digest: &[u8; 32]) -> Result<Signature<P256>, CryptoError> {
        use p256::ecdsa::signature::hazmat::PrehashSigner;

        let signature: p256::ecdsa::Signature = self.0.sign_prehash(digest).map_err(|_| CryptoError::Unavailable)?;
        Ok(Signature(signature.to_bytes().into()))
    }
}
