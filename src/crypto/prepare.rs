//! Keys that are known in advance: what a backend can do with one beforehand, and with many signatures at once.
//!
//! A verdict does not depend on it. Prepared or not, alone or in a batch, the same signatures verify.
//!
//! A prepared form means the key that it was made of for as long as it lives, and in every instance of the backend. A slot
//! of a peripheral that is filled anew must not be reached by an older form: it would accept the signatures of another key.
//!
//! [`conformance`](super::conformance) has checks for each of the three traits.

use super::{Crypto, CryptoError, Digest, P256PublicKey, P256Signature, P384PublicKey, P384Signature};

/// A backend that computes something about a P-256 key beforehand: a table, or a slot of a peripheral.
///
/// `K` is what it computes; a backend may have several forms of it. It means its key for as long as it lives, in every
/// instance of the backend.
pub trait PrepareP256<K>: Crypto {
    /// Prepares a key.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] if the key is no point of the curve.
    fn prepare_p256(&self, key: &P256PublicKey) -> Result<K, CryptoError>;

    /// As [`verify_p256`](Crypto::verify_p256) with the key that was prepared.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] if the signature does not verify.
    fn verify_p256_prepared(&self, key: &K, digest: &Digest, signature: &P256Signature) -> Result<(), CryptoError>;
}

/// A backend that computes something about a P-384 key beforehand.
pub trait PrepareP384<K>: Crypto {
    /// Prepares a key.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] if the key is no point of the curve.
    fn prepare_p384(&self, key: &P384PublicKey) -> Result<K, CryptoError>;

    /// As [`verify_p384`](Crypto::verify_p384) with the key that was prepared.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] if the signature does not verify.
    fn verify_p384_prepared(&self, key: &K, digest: &Digest, signature: &P384Signature) -> Result<(), CryptoError>;
}

/// A backend that verifies several signatures by P-256 keys for less than one after the other.
pub trait BatchP256<K>: PrepareP256<K> {
    /// Verifies each item and writes its verdict to the same place of `verdicts`; what is not written is taken for not decided.
    ///
    /// The verdict of an item is the one it would have alone, whatever the others are. What is missing in the longer of the
    /// two slices is left alone.
    fn verify_p256_batch(&self, items: &[P256Item<'_, K>], verdicts: &mut [Result<(), CryptoError>]);
}

/// A digest, a signature, and the key that is to have signed.
#[derive(Debug)]
pub struct P256Item<'a, K> {
    /// The key.
    pub key: P256Key<'a, K>,
    /// What was signed.
    pub digest: Digest,
    /// The signature.
    pub signature: P256Signature,
}

/// A key, prepared or not.
#[derive(Debug)]
pub enum P256Key<'a, K> {
    /// As it is stored.
    Plain(&'a P256PublicKey),
    /// Prepared.
    Prepared(&'a K),
}

// Not derived, because that would ask K to be `Copy`, which is only referred to.
impl<K> Clone for P256Item<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for P256Item<'_, K> {}

impl<K> Clone for P256Key<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for P256Key<'_, K> {}
