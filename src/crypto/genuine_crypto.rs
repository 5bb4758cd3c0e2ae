//! The backend of our own: ECDSA verification by `genuine-crypto`, hashes by `sha2`.

use genuine_crypto::{BATCH, P256, P384, Prepared, PublicKey, Unverified};

use super::{
    BatchP256, Crypto, CryptoError, Digest, P256Item, P256Key, P256PublicKey, P256Signature, P384PublicKey,
    P384Signature, PrepareP256, PrepareP384, hash,
};

/// A P-256 key prepared by [`GenuineCrypto`], as 8, 32, 128 or 512 multiples: 512 B, 2 KB, 8 KB or 32 KB.
pub type PreparedP256<const POINTS: usize> = Prepared<P256, POINTS>;

/// A P-384 key prepared by [`GenuineCrypto`], as 8, 32, 128 or 512 multiples: 768 B, 3 KB, 12 KB or 48 KB.
pub type PreparedP384<const POINTS: usize> = Prepared<P384, POINTS>;

/// Verification and nothing else, in variable time: several times faster than `RustCrypto`.
///
/// Requires the feature `genuine-crypto`. Portable Rust without `unsafe`, no allocation, never
/// [`CryptoError::Unavailable`].
#[derive(Clone, Copy, Debug, Default)]
pub struct GenuineCrypto;

impl Crypto for GenuineCrypto {
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
        let key = p256_key(key)?;
        Unverified::new(digest.as_bytes(), &signature.0).and_then(|unverified| unverified.verify(&key)).map_err(invalid)
    }

    fn verify_p384(&self, key: &P384PublicKey, digest: &Digest, signature: &P384Signature) -> Result<(), CryptoError> {
        let key = p384_key(key)?;
        Unverified::new(digest.as_bytes(), &signature.0).and_then(|unverified| unverified.verify(&key)).map_err(invalid)
    }
}

impl<const POINTS: usize> PrepareP256<PreparedP256<POINTS>> for GenuineCrypto {
    fn prepare_p256(&self, key: &P256PublicKey) -> Result<PreparedP256<POINTS>, CryptoError> {
        p256_key(key).map(|key| key.prepare())
    }

    fn verify_p256_prepared(
        &self,
        key: &PreparedP256<POINTS>,
        digest: &Digest,
        signature: &P256Signature,
    ) -> Result<(), CryptoError> {
        Unverified::new(digest.as_bytes(), &signature.0)
            .and_then(|unverified| unverified.verify_prepared(key))
            .map_err(invalid)
    }
}

impl<const POINTS: usize> PrepareP384<PreparedP384<POINTS>> for GenuineCrypto {
    fn prepare_p384(&self, key: &P384PublicKey) -> Result<PreparedP384<POINTS>, CryptoError> {
        p384_key(key).map(|key| key.prepare())
    }

    fn verify_p384_prepared(
        &self,
        key: &PreparedP384<POINTS>,
        digest: &Digest,
        signature: &P384Signature,
    ) -> Result<(), CryptoError> {
        Unverified::new(digest.as_bytes(), &signature.0)
            .and_then(|unverified| unverified.verify_prepared(key))
            .map_err(invalid)
    }
}

impl<const POINTS: usize> BatchP256<PreparedP256<POINTS>> for GenuineCrypto {
    fn verify_p256_batch(
        &self,
        items: &[P256Item<'_, PreparedP256<POINTS>>],
        verdicts: &mut [Result<(), CryptoError>],
    ) {
        for (items, verdicts) in items.chunks(BATCH).zip(verdicts.chunks_mut(BATCH)) {
            let mut pairs: [(&[u8], &[u8]); BATCH] = [(&[], &[]); BATCH];
            for (pair, item) in pairs.iter_mut().zip(items) {
                *pair = (item.digest.as_bytes(), &item.signature.0);
            }
            for ((verdict, item), unverified) in verdicts.iter_mut().zip(items).zip(Unverified::batch(&pairs)) {
                let unverified = unverified.map_err(invalid);
                *verdict = unverified.and_then(|unverified| match item.key {
                    P256Key::Plain(key) => unverified.verify(&p256_key(key)?).map_err(invalid),
                    P256Key::Prepared(key) => unverified.verify_prepared(key).map_err(invalid),
                });
            }
        }
    }
}

fn p256_key(key: &P256PublicKey) -> Result<PublicKey<P256>, CryptoError> {
    PublicKey::from_be(&key.0).ok_or(CryptoError::Invalid)
}

fn p384_key(key: &P384PublicKey) -> Result<PublicKey<P384>, CryptoError> {
    PublicKey::from_be(&key.0).ok_or(CryptoError::Invalid)
}

fn invalid(_: genuine_crypto::Invalid) -> CryptoError {
    CryptoError::Invalid
}
