//! The default backend: the RustCrypto crates `p256`, `p384` and `sha2`.

use p256::ecdsa::signature::hazmat::PrehashVerifier;

use super::{Crypto, CryptoError, Digest, P256PublicKey, P256Signature, P384PublicKey, P384Signature, hash};

/// The RustCrypto backend: portable Rust, no allocation, never [`CryptoError::Unavailable`].
///
/// Requires the default feature `rust-crypto`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RustCrypto;

impl Crypto for RustCrypto {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        Ok(hash::sha256(parts))
    }

    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        Ok(hash::sha384(parts))
    }

    fn check_p256(&self, key: &P256PublicKey) -> Result<(), CryptoError> {
        p256_key(key).map(drop)
    }

    fn check_p384(&self, key: &P384PublicKey) -> Result<(), CryptoError> {
        p384_key(key).map(drop)
    }

    fn verify_p256(&self, key: &P256PublicKey, digest: &Digest, signature: &P256Signature) -> Result<(), CryptoError> {
        let signature = p256::ecdsa::Signature::from_bytes(&signature.0.into()).map_err(invalid)?;
        p256_key(key)?.verify_prehash(digest.as_bytes(), &signature).map_err(invalid)
    }

    fn verify_p384(&self, key: &P384PublicKey, digest: &Digest, signature: &P384Signature) -> Result<(), CryptoError> {
        let signature = p384::ecdsa::Signature::from_bytes(&signature.0.into()).map_err(invalid)?;
        p384_key(key)?.verify_prehash(digest.as_bytes(), &signature).map_err(invalid)
    }
}

fn p256_key(key: &P256PublicKey) -> Result<p256::ecdsa::VerifyingKey, CryptoError> {
    let point = p256::Sec1Point::from_untagged_bytes(&key.0.into());
    p256::ecdsa::VerifyingKey::from_sec1_point(&point).map_err(invalid)
}

fn p384_key(key: &P384PublicKey) -> Result<p384::ecdsa::VerifyingKey, CryptoError> {
    let point = p384::Sec1Point::from_untagged_bytes(&key.0.into());
    p384::ecdsa::VerifyingKey::from_sec1_point(&point).map_err(invalid)
}

fn invalid(_: p256::ecdsa::Error) -> CryptoError {
    CryptoError::Invalid
}
