//! The backend `GenuineCrypto`: ECDSA and RSA verification by the crate `genuine-crypto`, hashes by `sha2`.

use genuine_crypto::{BATCH, Prepared, Unverified};

use super::{
    BatchEcdsa, CryptoError, Curve, Digest, Item, Key, LaneCount, P256, P384, PrepareEcdsa, PublicKey, RsaPublicKey,
    Sha256, Sha384, Signature, StoredForm, Unprepared, VerifyEcdsa, VerifyRsa, hash,
};

/// A P-256 key prepared by [`GenuineCrypto`], as 8, 32, 128 or 512 multiples: 512 B, 2 KB, 8 KB or 32 KB.
pub type PreparedP256<const POINTS: usize> = Prepared<genuine_crypto::P256, POINTS>;

/// A P-384 key prepared by [`GenuineCrypto`], as 8, 32, 128 or 512 multiples: 768 B, 3 KB, 12 KB or 48 KB.
pub type PreparedP384<const POINTS: usize> = Prepared<genuine_crypto::P384, POINTS>;

/// A curve with its arithmetic.
pub trait Arithmetic: Curve {
    /// The curve as `genuine-crypto` has it.
    type Of: genuine_crypto::BasePoint;
}

impl Arithmetic for P256 {
    type Of = genuine_crypto::P256;
}

impl Arithmetic for P384 {
    type Of = genuine_crypto::P384;
}

/// Verification and nothing else, in variable time: several times faster than `RustCrypto`.
///
/// Requires the feature `genuine-crypto`. Portable Rust without `unsafe`, no allocation, never
/// [`CryptoError::Unavailable`].
#[derive(Clone, Copy, Debug, Default)]
pub struct GenuineCrypto;

impl Sha256 for GenuineCrypto {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        Ok(hash::sha256(parts))
    }
}

impl Sha384 for GenuineCrypto {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        Ok(hash::sha384(parts))
    }
}

impl<V: Arithmetic> VerifyEcdsa<V> for GenuineCrypto {
    fn check_key(&self, key: &PublicKey<V>) -> Result<(), CryptoError> {
        point(key).map(drop)
    }

    fn verify(&self, key: &PublicKey<V>, digest: &Digest, signature: &Signature<V>) -> Result<(), CryptoError> {
        let key = point(key)?;
        Unverified::new(digest.as_bytes(), signature.0.as_ref())
            .and_then(|unverified| unverified.verify(&key))
            .map_err(invalid)
    }
}

impl VerifyRsa for GenuineCrypto {
    fn verify_rsa_pkcs1_sha256(
        &self,
        key: RsaPublicKey<'_>,
        digest: &[u8; 32],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        genuine_crypto::RsaPublicKey::new(key.modulus())
            .ok_or(CryptoError::Invalid)?
            .verify_pkcs1_sha256(digest, signature)
            .map_err(invalid)
    }
}

impl<V: Arithmetic, const POINTS: usize> PrepareEcdsa<V, Prepared<V::Of, POINTS>> for GenuineCrypto {
    fn prepare(&self, key: &PublicKey<V>) -> Result<Prepared<V::Of, POINTS>, CryptoError> {
        point(key).map(|key| key.prepare())
    }

    fn verify_prepared(
        &self,
        key: &Prepared<V::Of, POINTS>,
        digest: &Digest,
        signature: &Signature<V>,
    ) -> Result<(), CryptoError> {
        Unverified::new(digest.as_bytes(), signature.0.as_ref())
            .and_then(|unverified| unverified.verify_prepared(key))
            .map_err(invalid)
    }
}

impl<const POINTS: usize> StoredForm for PreparedP256<POINTS> {
    const ENCODED_LEN: usize = Self::ENCODED_LEN;

    const NAME: &'static [u8] = b"genuine prepared key 1";

    fn write_to(&self, octets: &mut [u8]) -> Option<()> {
        self.write_to(octets)
    }

    fn from_trusted_bytes(octets: &[u8]) -> Option<Self> {
        Self::from_trusted_bytes(octets)
    }
}

impl<const POINTS: usize> BatchEcdsa<P256, PreparedP256<POINTS>> for GenuineCrypto {
    type Lanes = LaneCount<BATCH>;

    fn verify_batch(&self, items: &[Item<'_, P256, PreparedP256<POINTS>>], verdicts: &mut [Result<(), CryptoError>]) {
        batch(items, verdicts, Unverified::verify_prepared);
    }
}

impl BatchEcdsa<P256, Unprepared> for GenuineCrypto {
    type Lanes = LaneCount<BATCH>;

    fn verify_batch(&self, items: &[Item<'_, P256, Unprepared>], verdicts: &mut [Result<(), CryptoError>]) {
        batch(items, verdicts, |_, none| match *none {});
    }
}

/// The signatures of a batch share an inversion.
fn batch<K>(
    items: &[Item<'_, P256, K>],
    verdicts: &mut [Result<(), CryptoError>],
    verify_prepared: impl Fn(&Unverified<genuine_crypto::P256>, &K) -> Result<(), genuine_crypto::Invalid>,
) {
    for (items, verdicts) in items.chunks(BATCH).zip(verdicts.chunks_mut(BATCH)) {
        let mut pairs: [(&[u8], &[u8]); BATCH] = [(&[], &[]); BATCH];
        for (pair, item) in pairs.iter_mut().zip(items) {
            *pair = (item.digest.as_bytes(), &item.signature.0);
        }
        for ((verdict, item), unverified) in verdicts.iter_mut().zip(items).zip(Unverified::batch(&pairs)) {
            let unverified = unverified.map_err(invalid);
            *verdict = unverified.and_then(|unverified| match item.key {
                Key::Plain(key) => unverified.verify(&point(key)?).map_err(invalid),
                Key::Prepared(key) => verify_prepared(&unverified, key).map_err(invalid),
            });
        }
    }
}

// Not inlined: 1.4 KB of flash on Cortex-M4 on P-384, and verifying, checking and preparing call it.
#[inline(never)]
fn point<V: Arithmetic>(key: &PublicKey<V>) -> Result<genuine_crypto::PublicKey<V::Of>, CryptoError> {
    genuine_crypto::PublicKey::from_be(key.0.as_ref()).ok_or(CryptoError::Invalid)
}

fn invalid(_: genuine_crypto::Invalid) -> CryptoError {
    CryptoError::Invalid
}
