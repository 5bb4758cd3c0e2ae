//! AES for the backends in software, by the crates `aes-kw` and `aes-gcm`.

use aes_gcm::{Aes256Gcm, KeyInit, aead::AeadInOut};
use aes_kw::KwAes256;
use zeroize::Zeroizing;

use super::{AesKwGcm, CryptoError};

fn unwrap_key(wrapping: &[u8; 32], wrapped: &[u8; 40]) -> Result<[u8; 32], CryptoError> {
    let mut key = Zeroizing::new([0; 32]);
    KwAes256::new(wrapping.into()).unwrap_key(wrapped, &mut *key).map_err(|_| CryptoError::Invalid)?;
    Ok(*key)
}

fn open_in_place(
    key: &[u8; 32],
    iv: &[u8; 12],
    additional: &[u8],
    text: &mut [u8],
    tag: &[u8; 16],
) -> Result<(), CryptoError> {
    Aes256Gcm::new(key.into())
        .decrypt_inout_detached(iv.into(), additional, text.into(), tag.into())
        .map_err(|_| CryptoError::Invalid)
}

macro_rules! aes_kw_gcm {
    ($backend:ty) => {
        impl AesKwGcm for $backend {
            fn unwrap_key(&self, wrapping: &[u8; 32], wrapped: &[u8; 40]) -> Result<[u8; 32], CryptoError> {
                unwrap_key(wrapping, wrapped)
            }

            fn open_in_place(
                &self,
                key: &[u8; 32],
                iv: &[u8; 12],
                additional: &[u8],
                text: &mut [u8],
                tag: &[u8; 16],
            ) -> Result<(), CryptoError> {
                open_in_place(key, iv, additional, text, tag)
            }
        }
    };
}

#[cfg(feature = "rust-crypto")]
aes_kw_gcm!(super::RustCrypto);
#[cfg(feature = "genuine-crypto")]
aes_kw_gcm!(super::GenuineCrypto);
