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
