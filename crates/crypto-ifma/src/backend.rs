//! [`Ifma`] as a backend of `genuine`: batches in eight lanes, one prepared verification over all of them, and the rest by
//! `GenuineCrypto`, whose prepared keys are the same.

use genuine::crypto::{
    BatchP256, Crypto, CryptoError, Digest, GenuineCrypto, P256Item, P256Key, P256PublicKey, P256Signature,
    P384PublicKey, P384Signature, PrepareP256, PrepareP384, PreparedP256, PreparedP384,
};
use genuine_crypto::{BATCH, Invalid, P256, PublicKey};

use crate::{Ifma, Item, Key};

impl Crypto for Ifma {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        GenuineCrypto.sha256(parts)
    }

    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        GenuineCrypto.sha384(parts)
    }

    fn check_p256(&self, key: &P256PublicKey) -> Result<(), CryptoError> {
        GenuineCrypto.check_p256(key)
    }

    fn check_p384(&self, key: &P384PublicKey) -> Result<(), CryptoError> {
        GenuineCrypto.check_p384(key)
    }

    fn verify_p256(&self, key: &P256PublicKey, digest: &Digest, signature: &P256Signature) -> Result<(), CryptoError> {
        GenuineCrypto.verify_p256(key, digest, signature)
    }

    fn verify_p384(&self, key: &P384PublicKey, digest: &Digest, signature: &P384Signature) -> Result<(), CryptoError> {
        GenuineCrypto.verify_p384(key, digest, signature)
    }
}

impl<const POINTS: usize> PrepareP256<PreparedP256<POINTS>> for Ifma {
    fn prepare_p256(&self, key: &P256PublicKey) -> Result<PreparedP256<POINTS>, CryptoError> {
        GenuineCrypto.prepare_p256(key)
    }

    fn verify_p256_prepared(
        &self,
        key: &PreparedP256<POINTS>,
        digest: &Digest,
        signature: &P256Signature,
    ) -> Result<(), CryptoError> {
        self.verify_prepared(digest.as_bytes(), &signature.0, key).map_err(invalid)
    }
}

/// IssuerKeys are kept as by `GenuineCrypto`.
impl<const POINTS: usize> PrepareP384<PreparedP384<POINTS>> for Ifma {
    fn prepare_p384(&self, key: &P384PublicKey) -> Result<PreparedP384<POINTS>, CryptoError> {
        GenuineCrypto.prepare_p384(key)
    }

    fn verify_p384_prepared(
        &self,
        key: &PreparedP384<POINTS>,
        digest: &Digest,
        signature: &P384Signature,
    ) -> Result<(), CryptoError> {
        GenuineCrypto.verify_p384_prepared(key, digest, signature)
    }
}

impl<const POINTS: usize> BatchP256<PreparedP256<POINTS>> for Ifma {
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
            // An item whose key is no point takes no lane, and its answer stays what it is.
            let mut answers = [Err(Invalid); BATCH];
            let decided = items.iter().zip(&points).enumerate().filter_map(|(place, (item, point))| {
                let key = match item.key {
                    P256Key::Prepared(key) => Key::Prepared(key),
                    P256Key::Plain(_) => Key::Plain(point.as_ref()?),
                };
                Some((place, Item { key, digest: item.digest.as_bytes(), signature: &item.signature.0 }))
            });
            self.verify_placed(decided, &mut answers);
            for ((verdict, answer), _) in verdicts.iter_mut().zip(answers).zip(items) {
                *verdict = answer.map_err(invalid);
            }
        }
    }
}

fn invalid(_: Invalid) -> CryptoError {
    CryptoError::Invalid
}
