//! `genuine-ecdsa-lanes` as a backend of `genuine`, for hosts with AVX-512 IFMA: batches in eight lanes, one prepared
//! verification over all of them, and the rest by `VerifyOnly`.
//!
//! Copy it into your project, and fall back to `VerifyOnly` where [`InLanes::detect`] has nothing: prepared keys are the same.

use crate::{Item, Key, Lanes};
use genuine::crypto::{
    BatchP256, Crypto, CryptoError, Digest, P256Item, P256Key, P256PublicKey, P256Signature, P384PublicKey,
    P384Signature, PrepareP256, PrepareP384, PreparedP256, PreparedP384, VerifyOnly,
};
use genuine_ecdsa::{BATCH, Invalid, P256, PublicKey};
extern crate alloc;
use alloc::{vec, vec::Vec};

/// The backend.
#[derive(Clone, Copy, Debug)]
pub struct InLanes(Lanes);

impl InLanes {
    /// The backend, if the processor has lanes.
    #[must_use]
    pub fn detect() -> Option<Self> {
        Lanes::detect().map(Self)
    }
}

impl Crypto for InLanes {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        VerifyOnly.sha256(parts)
    }

    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        VerifyOnly.sha384(parts)
    }

    fn check_p256(&self, key: &P256PublicKey) -> Result<(), CryptoError> {
        VerifyOnly.check_p256(key)
    }

    fn check_p384(&self, key: &P384PublicKey) -> Result<(), CryptoError> {
        VerifyOnly.check_p384(key)
    }

    fn verify_p256(&self, key: &P256PublicKey, digest: &Digest, signature: &P256Signature) -> Result<(), CryptoError> {
        VerifyOnly.verify_p256(key, digest, signature)
    }

    fn verify_p384(&self, key: &P384PublicKey, digest: &Digest, signature: &P384Signature) -> Result<(), CryptoError> {
        VerifyOnly.verify_p384(key, digest, signature)
    }
}

impl<const POINTS: usize> PrepareP256<PreparedP256<POINTS>> for InLanes {
    fn prepare_p256(&self, key: &P256PublicKey) -> Result<PreparedP256<POINTS>, CryptoError> {
        VerifyOnly.prepare_p256(key)
    }

    fn verify_p256_prepared(
        &self,
        key: &PreparedP256<POINTS>,
        digest: &Digest,
        signature: &P256Signature,
    ) -> Result<(), CryptoError> {
        self.0.verify_prepared(digest.as_bytes(), &signature.0, key).map_err(invalid)
    }
}

/// Issuers are kept as by `VerifyOnly`.
impl<const POINTS: usize> PrepareP384<PreparedP384<POINTS>> for InLanes {
    fn prepare_p384(&self, key: &P384PublicKey) -> Result<PreparedP384<POINTS>, CryptoError> {
        VerifyOnly.prepare_p384(key)
    }

    fn verify_p384_prepared(
        &self,
        key: &PreparedP384<POINTS>,
        digest: &Digest,
        signature: &P384Signature,
    ) -> Result<(), CryptoError> {
        VerifyOnly.verify_p384_prepared(key, digest, signature)
    }
}

impl<const POINTS: usize> BatchP256<PreparedP256<POINTS>> for InLanes {
    fn verify_p256_batch(
        &self,
        items: &[P256Item<'_, PreparedP256<POINTS>>],
        verdicts: &mut [Result<(), CryptoError>],
    ) {
        for (items, verdicts) in items.chunks(BATCH).zip(verdicts.chunks_mut(BATCH)) {
            let mut points: [Option<PublicKey<P256>>; BATCH] = [None; BATCH];
            for (point, item) in points.iter_mut().zip(items) {
                if let P256Key::Plain(key) = item.key {
                    *point = PublicKey::from_be(&key.0);
                }
            }
            // A key that is no point has no item; the places of the others are kept.
            let mut taken = Vec::with_capacity(BATCH);
            let mut places = Vec::with_capacity(BATCH);
            for (place, (item, point)) in items.iter().zip(&points).enumerate() {
                let key = match (item.key, point) {
                    (P256Key::Prepared(key), _) => Key::Prepared(key),
                    (P256Key::Plain(_), Some(point)) => Key::Plain(point),
                    (P256Key::Plain(_), None) => continue,
                };
                taken.push(Item { key, digest: item.digest.as_bytes(), signature: &item.signature.0 });
                places.push(place);
            }
            let mut answers = vec![Err(Invalid); taken.len()];
            self.0.verify_batch(&taken, &mut answers);
            verdicts.iter_mut().take(items.len()).for_each(|verdict| *verdict = Err(CryptoError::Invalid));
            for (place, answer) in places.into_iter().zip(answers) {
                if let Some(verdict) = verdicts.get_mut(place) {
                    *verdict = answer.map_err(invalid);
                }
            }
        }
    }
}

fn invalid(_: Invalid) -> CryptoError {
    CryptoError::Invalid
}
