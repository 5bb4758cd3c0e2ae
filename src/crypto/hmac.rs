//! HMAC for the backends in software, by the crate `hmac`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{CryptoError, HmacSha256};

fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
    // A key of any length is one: those above a block are hashed.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| CryptoError::Unavailable)?;
    for part in parts {
        mac.update(part);
    }
    Ok(mac.finalize().into_bytes().into())
}

#[cfg(feature = "rust-crypto")]
impl HmacSha256 for super::RustCrypto {
    fn hmac_sha256(&self, key: &[u8], parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        hmac_sha256(key, parts)
    }
}

#[cfg(feature = "genuine-crypto")]
impl HmacSha256 for super::GenuineCrypto {
    fn hmac_sha256(&self, key: &[u8], parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        hmac_sha256(key, parts)
    }
}
