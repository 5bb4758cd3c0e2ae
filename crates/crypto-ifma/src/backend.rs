//! [`Ifma`] as a backend of `genuine`: batches in eight lanes, one prepared verification over all of them, and the rest by
//! `GenuineCrypto`, whose prepared keys are the same.

use genuine::crypto::{
    BatchEcdsa, CryptoError, Digest, GenuineCrypto, Item, Key, LaneCount, P256, P384, PrepareEcdsa, PreparedP256,
    PreparedP384, PublicKey, RsaPublicKey, Sha256, Sha384, Signature, Unprepared, VerifyEcdsa, VerifyRsa,
};
use genuine_crypto::{BATCH, Invalid};

use crate::{Ifma, batch};

impl Sha256 for Ifma {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        GenuineCrypto.sha256(parts)
    }
}

impl Sha384 for Ifma {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        GenuineCrypto.sha384(parts)
    }
}

impl VerifyEcdsa<P256> for Ifma {
    fn check_key(&self, key: &PublicKey<P256>) -> Result<(), CryptoError> {
        GenuineCrypto.check_key(key)
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        GenuineCrypto.verify(key, digest, signature)
    }
}

impl VerifyEcdsa<P384> for Ifma {
    fn check_key(&self, key: &PublicKey<P384>) -> Result<(), CryptoError> {
        GenuineCrypto.check_key(key)
    }

    fn verify(&self, key: &PublicKey<P384>, digest: &Digest, signature: &Signature<P384>) -> Result<(), CryptoError> {
        GenuineCrypto.verify(key, digest, signature)
    }
}

impl VerifyRsa for Ifma {
    fn verify_rsa_pkcs1_sha256(
        &self,
        key: RsaPublicKey<'_>,
        digest: &[u8; 32],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        GenuineCrypto.verify_rsa_pkcs1_sha256(key, digest, signature)
    }
}

impl<const POINTS: usize> PrepareEcdsa<P256, PreparedP256<POINTS>> for Ifma {
    fn prepare(&self, key: &PublicKey<P256>) -> Result<PreparedP256<POINTS>, CryptoError> {
        GenuineCrypto.prepare(key)
    }

    fn verify_prepared(
        &self,
        key: &PreparedP256<POINTS>,
        digest: &Digest,
        signature: &Signature<P256>,
    ) -> Result<(), CryptoError> {
        // The lanes' own function of this name.
        Ifma::verify_prepared(self, digest.as_bytes(), &signature.0, key).map_err(invalid)
    }
}

/// Keys of issuers are prepared as by `GenuineCrypto`.
impl<const POINTS: usize> PrepareEcdsa<P384, PreparedP384<POINTS>> for Ifma {
    fn prepare(&self, key: &PublicKey<P384>) -> Result<PreparedP384<POINTS>, CryptoError> {
        GenuineCrypto.prepare(key)
    }

    fn verify_prepared(
        &self,
        key: &PreparedP384<POINTS>,
        digest: &Digest,
        signature: &Signature<P384>,
    ) -> Result<(), CryptoError> {
        GenuineCrypto.verify_prepared(key, digest, signature)
    }
}

impl<const POINTS: usize> BatchEcdsa<P256, PreparedP256<POINTS>> for Ifma {
    type Lanes = LaneCount<BATCH>;

    fn verify_batch(&self, items: &[Item<'_, P256, PreparedP256<POINTS>>], verdicts: &mut [Result<(), CryptoError>]) {
        in_lanes(*self, items, verdicts, |key| key);
    }
}

impl BatchEcdsa<P256, Unprepared> for Ifma {
    type Lanes = LaneCount<BATCH>;

    fn verify_batch(&self, items: &[Item<'_, P256, Unprepared>], verdicts: &mut [Result<(), CryptoError>]) {
        // Of no key there is a prepared form, so that its size says nothing.
        in_lanes::<8, _>(*self, items, verdicts, |none| match *none {});
    }
}

/// As many at a time as there are lanes.
fn in_lanes<const POINTS: usize, K>(
    lanes: Ifma,
    items: &[Item<'_, P256, K>],
    verdicts: &mut [Result<(), CryptoError>],
    prepared: impl Fn(&K) -> &PreparedP256<POINTS>,
) {
    for (items, verdicts) in items.chunks(BATCH).zip(verdicts.chunks_mut(BATCH)) {
        let mut points = [None; BATCH];
        for (point, item) in points.iter_mut().zip(items) {
            if let Key::Plain(key) = item.key {
                *point = genuine_crypto::PublicKey::from_be(&key.0);
            }
        }
        // An item whose key is no point takes no lane, and its answer stays what it is.
        let mut answers = [Err(Invalid); BATCH];
        let decided = items.iter().zip(&points).enumerate().filter_map(|(place, (item, point))| {
            let key = match item.key {
                Key::Prepared(key) => batch::Key::Prepared(prepared(key)),
                Key::Plain(_) => batch::Key::Plain(point.as_ref()?),
            };
            Some((place, batch::Item { key, digest: item.digest.as_bytes(), signature: &item.signature.0 }))
        });
        lanes.verify_placed(decided, &mut answers);
        for ((verdict, answer), _) in verdicts.iter_mut().zip(answers).zip(items) {
            *verdict = answer.map_err(invalid);
        }
    }
}

fn invalid(_: Invalid) -> CryptoError {
    CryptoError::Invalid
}
