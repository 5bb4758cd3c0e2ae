//! An attested key with what a backend prepared of it.

use super::key::AttestedKey;
#[cfg(feature = "genuine-crypto")]
use crate::crypto::{Crypto, PreparedP256};
use crate::{
    crypto::{Backend, PrepareP256},
    error::Error,
};

/// An attested key, prepared for assertions to be verified sooner.
///
/// `K` is the form in which the backend prepared it. With `GenuineCrypto` it is a table of 512 bytes to 32 KB, and
/// [`guide::throughput`](crate::guide::throughput) says from which assertion on it pays. Keep it in a cache, or in storage
/// beside the device's record.
#[derive(Clone, Debug)]
#[must_use]
pub struct PreparedKey<K> {
    key: AttestedKey,
    prepared: K,
}

impl<K> PreparedKey<K> {
    /// Prepares a key.
    ///
    /// # Errors
    ///
    /// [`Error::CryptoUnavailable`] if the backend cannot. ([`Error::PublicKeyInvalid`] if it finds that the key is no
    /// point, which an `AttestedKey` always is.)
    pub fn new<C: PrepareP256<K> + ?Sized>(key: &AttestedKey, crypto: &C) -> Result<Self, Error> {
        let prepared = Backend(crypto).prepare_p256(key.public_key_ref(), Error::PublicKeyInvalid)?;
        Ok(Self { key: *key, prepared })
    }

    /// The attested key.
    pub const fn key(&self) -> &AttestedKey {
        &self.key
    }

    pub(super) const fn prepared(&self) -> &K {
        &self.prepared
    }
}

/// What a stored form is hashed with: it names the meaning of the table's entries, so that a form with others is not read
/// as this one.
#[cfg(feature = "genuine-crypto")]
const FORM: &[u8] = b"genuine prepared key 1";

/// The length of the digest at the end of the stored form.
#[cfg(feature = "genuine-crypto")]
const DIGEST: usize = 32;

#[cfg(feature = "genuine-crypto")]
impl<const POINTS: usize> PreparedKey<PreparedP256<POINTS>> {
    /// The length of the stored form in bytes.
    pub const ENCODED_LEN: usize = AttestedKey::ENCODED_LEN + PreparedP256::<POINTS>::ENCODED_LEN + DIGEST;

    /// Writes the stored form: the one of the attested key (130 octets), the table, and SHA-256 of the name of this form and
    /// both (32).
    ///
    /// # Errors
    ///
    /// [`Error::StoredKeyMalformed`] unless there is room for exactly [`ENCODED_LEN`](Self::ENCODED_LEN) octets,
    /// [`Error::CryptoUnavailable`] if the backend cannot hash.
    pub fn write_to<C: Crypto + ?Sized>(&self, bytes: &mut [u8], crypto: &C) -> Result<(), Error> {
        let (key, rest) =
            bytes.split_first_chunk_mut::<{ AttestedKey::ENCODED_LEN }>().ok_or(Error::StoredKeyMalformed)?;
        let (table, digest) = rest.split_last_chunk_mut::<DIGEST>().ok_or(Error::StoredKeyMalformed)?;
        *key = self.key.to_bytes();
        self.prepared.write_to(table).ok_or(Error::StoredKeyMalformed)?;
        *digest = Backend(crypto).sha256(&[FORM, key, table])?;
        Ok(())
    }

    /// Reads the stored form back from a place that only the verifier writes to.
    ///
    /// The digest shows damage and a table that went to another key; it is no defence against somebody who writes to that
    /// place, who could as well write another key.
    ///
    /// # Errors
    ///
    /// [`Error::StoredKeyMalformed`] if it is not what [`write_to`](Self::write_to) wrote, and what
    /// [`AttestedKey::from_trusted_bytes`] answers.
    pub fn from_trusted_bytes<C: Crypto + ?Sized>(bytes: &[u8], crypto: &C) -> Result<Self, Error> {
        let (stored, digest) = bytes.split_last_chunk::<DIGEST>().ok_or(Error::StoredKeyMalformed)?;
        Backend(crypto).expect_sha256(&[FORM, stored], digest, Error::StoredKeyMalformed)?;
        let (key, table) = stored.split_at_checked(AttestedKey::ENCODED_LEN).ok_or(Error::StoredKeyMalformed)?;
        let key = AttestedKey::from_trusted_bytes(key, crypto)?;
        let prepared = PreparedP256::from_trusted_bytes(table).ok_or(Error::StoredKeyMalformed)?;
        Ok(Self { key, prepared })
    }
}
