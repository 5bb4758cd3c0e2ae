//! How the key of an assertion is held: as it is stored, or with what a backend prepared of it.

use core::{fmt, marker::PhantomData};

use super::key::AttestedKey;
use crate::{
    crypto::{Backend, Digest, EcdsaSigValue, Key, P256, PrepareEcdsa, Sha256, StoredForm, Unprepared, VerifyEcdsa},
    error::Error,
};

/// A key that an [`AssertionVerifier`](super::AssertionVerifier) with the backend `C` verifies with: an [`AttestedKey`], a
/// [`PreparedKey`], or an [`EitherKey`]. Nobody else can add one.
pub trait AssertionKey<C: ?Sized>: sealed::Sealed {
    /// The attested key.
    fn attested(&self) -> &AttestedKey;

    #[doc(hidden)]
    #[allow(private_interfaces, reason = "nobody else can implement this")]
    fn verify(&self, digest: &Digest, signature: EcdsaSigValue<'_, P256>, crypto: &Backend<'_, C>)
    -> Result<(), Error>;
}

/// A key whose assertions can be verified in a batch.
pub trait BatchKey<C: ?Sized>: AssertionKey<C> {
    /// The form of those that are prepared.
    type Form;

    #[doc(hidden)]
    fn to_verify_with(&self) -> Key<'_, P256, Self::Form>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::AttestedKey {}
    impl<C: ?Sized, K> Sealed for super::PreparedKey<C, K> {}
    impl<C: ?Sized, K> Sealed for super::EitherKey<'_, C, K> {}
}

#[allow(private_interfaces, reason = "nobody else can implement this")]
impl<C: VerifyEcdsa<P256> + ?Sized> AssertionKey<C> for AttestedKey {
    fn attested(&self) -> &AttestedKey {
        self
    }

    fn verify(
        &self,
        digest: &Digest,
        signature: EcdsaSigValue<'_, P256>,
        crypto: &Backend<'_, C>,
    ) -> Result<(), Error> {
        crypto.verify(&self.public_key_ref().0, digest, signature, Error::SignatureInvalid)
    }
}

impl<C: VerifyEcdsa<P256> + ?Sized> BatchKey<C> for AttestedKey {
    type Form = Unprepared;

    fn to_verify_with(&self) -> Key<'_, P256, Unprepared> {
        Key::Plain(self.public_key_ref())
    }
}

/// An attested key as the backend `C` prepared it, for assertions to be verified sooner.
///
/// `K` is the form in which the backend did so. With `GenuineCrypto` it is a table of 512 bytes to 32 KB, and
/// [`guide::throughput`](crate::guide::throughput) says from which assertion on it pays. Keep it in a cache, or in storage
/// beside the device's record.
///
/// It is bound to the type of the backend. Behind `dyn`, where that says nothing, no key is prepared.
#[must_use]
pub struct PreparedKey<C: ?Sized, K> {
    key: AttestedKey,
    prepared: K,
    backend: PhantomData<fn(&C)>,
}

impl<C: ?Sized, K: Clone> Clone for PreparedKey<C, K> {
    fn clone(&self) -> Self {
        Self { key: self.key, prepared: self.prepared.clone(), backend: PhantomData }
    }
}

impl<C: ?Sized, K> fmt::Debug for PreparedKey<C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedKey").field("key", &self.key).finish_non_exhaustive()
    }
}

impl<C: PrepareEcdsa<P256, K>, K> PreparedKey<C, K> {
    /// Prepares a key.
    ///
    /// # Errors
    ///
    /// [`Error::CryptoUnavailable`] if the backend cannot. ([`Error::PublicKeyInvalid`] if it finds that the key is no
    /// point, which an `AttestedKey` always is.)
    pub fn new(key: &AttestedKey, crypto: &C) -> Result<Self, Error> {
        let prepared = Backend::new(crypto).prepare(key.public_key_ref(), Error::PublicKeyInvalid)?;
        Ok(Self { key: *key, prepared, backend: PhantomData })
    }
}

impl<C: ?Sized, K> PreparedKey<C, K> {
    /// The attested key.
    pub const fn key(&self) -> &AttestedKey {
        &self.key
    }
}

#[allow(private_interfaces, reason = "nobody else can implement this")]
impl<C: PrepareEcdsa<P256, K> + ?Sized, K> AssertionKey<C> for PreparedKey<C, K> {
    fn attested(&self) -> &AttestedKey {
        &self.key
    }

    fn verify(
        &self,
        digest: &Digest,
        signature: EcdsaSigValue<'_, P256>,
        crypto: &Backend<'_, C>,
    ) -> Result<(), Error> {
        crypto.verify_prepared(&self.prepared, digest, signature, Error::SignatureInvalid)
    }
}

impl<C: PrepareEcdsa<P256, K> + ?Sized, K> BatchKey<C> for PreparedKey<C, K> {
    type Form = K;

    fn to_verify_with(&self) -> Key<'_, P256, K> {
        Key::Prepared(&self.prepared)
    }
}

/// A key that may be prepared, where some are and some are not.
pub enum EitherKey<'k, C: ?Sized, K> {
    /// As it is stored.
    Plain(&'k AttestedKey),
    /// Prepared.
    Prepared(&'k PreparedKey<C, K>),
}

// Not derived, because that would ask C and K to be `Copy`, which are only referred to.
impl<C: ?Sized, K> Clone for EitherKey<'_, C, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized, K> Copy for EitherKey<'_, C, K> {}

impl<C: ?Sized, K> fmt::Debug for EitherKey<'_, C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(key) => f.debug_tuple("Plain").field(key).finish(),
            Self::Prepared(key) => f.debug_tuple("Prepared").field(key).finish(),
        }
    }
}

#[allow(private_interfaces, reason = "nobody else can implement this")]
impl<C: PrepareEcdsa<P256, K> + ?Sized, K> AssertionKey<C> for EitherKey<'_, C, K> {
    fn attested(&self) -> &AttestedKey {
        match self {
            Self::Plain(key) => key,
            Self::Prepared(key) => key.key(),
        }
    }

    fn verify(
        &self,
        digest: &Digest,
        signature: EcdsaSigValue<'_, P256>,
        crypto: &Backend<'_, C>,
    ) -> Result<(), Error> {
        match self {
            Self::Plain(key) => key.verify(digest, signature, crypto),
            Self::Prepared(key) => key.verify(digest, signature, crypto),
        }
    }
}

impl<C: PrepareEcdsa<P256, K> + ?Sized, K> BatchKey<C> for EitherKey<'_, C, K> {
    type Form = K;

    fn to_verify_with(&self) -> Key<'_, P256, K> {
        match self {
            Self::Plain(key) => Key::Plain(key.public_key_ref()),
            Self::Prepared(key) => Key::Prepared(&key.prepared),
        }
    }
}

/// The length of the digest at the end of the stored form.
const DIGEST: usize = 32;

impl<C: Sha256 + VerifyEcdsa<P256>, K: StoredForm> PreparedKey<C, K> {
    /// The length of the stored form in bytes.
    pub const ENCODED_LEN: usize = AttestedKey::ENCODED_LEN + K::ENCODED_LEN + DIGEST;

    /// Writes the stored form: the one of the attested key (130 octets), what was prepared, and SHA-256 of the name of that form
    /// and both (32).
    ///
    /// # Errors
    ///
    /// [`Error::StoredKeyMalformed`] unless there is room for exactly [`ENCODED_LEN`](Self::ENCODED_LEN) octets,
    /// [`Error::CryptoUnavailable`] if the backend cannot hash.
    pub fn write_to(&self, bytes: &mut [u8], crypto: &C) -> Result<(), Error> {
        let (key, rest) =
            bytes.split_first_chunk_mut::<{ AttestedKey::ENCODED_LEN }>().ok_or(Error::StoredKeyMalformed)?;
        let (prepared, digest) = rest.split_last_chunk_mut::<DIGEST>().ok_or(Error::StoredKeyMalformed)?;
        *key = self.key.to_bytes();
        self.prepared.write_to(prepared).ok_or(Error::StoredKeyMalformed)?;
        *digest = Backend::new(crypto).sha256::<Error>(&[K::NAME, key, prepared])?;
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
    pub fn from_trusted_bytes(bytes: &[u8], crypto: &C) -> Result<Self, Error> {
        let (stored, digest) = bytes.split_last_chunk::<DIGEST>().ok_or(Error::StoredKeyMalformed)?;
        Backend::new(crypto).expect_sha256(&[K::NAME, stored], digest, Error::StoredKeyMalformed)?;
        let (key, prepared) = stored.split_at_checked(AttestedKey::ENCODED_LEN).ok_or(Error::StoredKeyMalformed)?;
        let key = AttestedKey::from_trusted_bytes(key, crypto)?;
        let prepared = K::from_trusted_bytes(prepared).ok_or(Error::StoredKeyMalformed)?;
        Ok(Self { key, prepared, backend: PhantomData })
    }
}
