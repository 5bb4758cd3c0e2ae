//! What an attestation leaves behind: the attested key, to be stored.

use super::{
    app::{AppIdHash, Environment},
    identifier,
};
use crate::{
    crypto::{Backend, P256, PublicKey, Sha256, VerifyEcdsa, uncompressed},
    error::Error,
};

/// The key identifier: SHA-256 of the public key, `04 ‖ X ‖ Y`.
///
/// Compare and look up these 32 bytes, never a text: standard and URL-safe base64 of one identifier differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct KeyId(pub [u8; 32]);

identifier::identifier!(KeyId);

impl KeyId {
    /// The key identifier of a public key.
    ///
    /// # Errors
    ///
    /// [`Error::CryptoUnavailable`] if the backend cannot hash.
    pub fn of<C: Sha256 + ?Sized>(key: &PublicKey<P256>, crypto: &C) -> Result<Self, Error> {
        Backend::new(crypto).sha256(&uncompressed(&key.0)).map(Self)
    }

    /// Takes the 32 bytes of a key identifier.
    ///
    /// # Errors
    ///
    /// [`Error::KeyIdFormat`] for any other length.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, Error> {
        bytes.try_into().map(Self).map_err(|_| Error::KeyIdFormat)
    }

    /// Decodes the text that `DCAppAttestService.generateKey()` gives the app: standard base64. The URL-safe alphabet
    /// is taken as well, and the padding may be missing.
    ///
    /// # Errors
    ///
    /// [`Error::KeyIdFormat`] for anything that is not the base64 of 32 bytes: another length, white space, spare bits.
    pub fn from_base64(text: &str) -> Result<Self, Error> {
        identifier::octets(text).map(Self).ok_or(Error::KeyIdFormat)
    }
}

/// A key that Apple attested, or an Android phone's secure hardware: what to store, and what assertions are verified with.
///
/// It carries the app and the environment that it was attested for, so that it serves no other. Of a key of an Android app, which signs
/// objects of the same form, the app is `key_attestation::app_id_hash` of its package, and the environment production.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub struct AttestedKey {
    id: KeyId,
    key: PublicKey<P256>,
    app_id: AppIdHash,
    environment: Environment,
}

/// The first octet of the stored form.
const VERSION_1: u8 = 1;
/// The second: far apart, so that no damage of a few bits turns a development key into a production key.
const PRODUCTION: u8 = 0x5A;
const DEVELOPMENT: u8 = 0xA5;

impl AttestedKey {
    /// The length of the stored form in bytes.
    pub const ENCODED_LEN: usize = 130;

    /// Made by the attestation verifier, which has checked that they belong together.
    pub(super) const fn new(id: KeyId, key: PublicKey<P256>, app_id: AppIdHash, environment: Environment) -> Self {
        Self { id, key, app_id, environment }
    }

    /// Takes over a key that the caller already trusts, such as one registered by another verifier.
    ///
    /// # Errors
    ///
    /// [`Error::PublicKeyInvalid`] if the key is no point of P-256, [`Error::CryptoUnavailable`] if the backend cannot
    /// tell.
    pub fn from_trusted_parts<C: Sha256 + VerifyEcdsa<P256> + ?Sized>(
        key: &PublicKey<P256>,
        app_id: AppIdHash,
        environment: Environment,
        crypto: &C,
    ) -> Result<Self, Error> {
        Backend::new(crypto).check_key::<P256, _>(&key.0, Error::PublicKeyInvalid)?;
        Ok(Self::new(KeyId::of(key, crypto)?, *key, app_id, environment))
    }

    /// The stored form: version (1 octet, `01`), environment (1 octet, `5A` production, `A5` development), App ID hash
    /// (32), key identifier (32), X (32), Y (32).
    ///
    /// Later versions of this crate read every earlier form.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::ENCODED_LEN] {
        let environment = match self.environment {
            Environment::Production => PRODUCTION,
            Environment::Development => DEVELOPMENT,
        };
        let fields = [&[VERSION_1, environment][..], &self.app_id.0, &self.id.0, &self.key.0];
        let mut bytes = [0; Self::ENCODED_LEN];
        for (to, from) in bytes.iter_mut().zip(fields.into_iter().flatten()) {
            *to = *from;
        }
        bytes
    }

    /// Reads the stored form back from a place that only the verifier writes to.
    ///
    /// The key identifier is computed again, so that an altered key is found here and not as failed assertions. An altered
    /// App ID hash is not: it shows as [`Error::RpIdMismatch`].
    ///
    /// # Errors
    ///
    /// [`Error::StoredKeyMalformed`] if it is not what [`to_bytes`](Self::to_bytes) gave,
    /// [`Error::PublicKeyInvalid`] if the key is no point of P-256, [`Error::CryptoUnavailable`] if the backend cannot
    /// tell.
    pub fn from_trusted_bytes<C: Sha256 + VerifyEcdsa<P256> + ?Sized>(bytes: &[u8], crypto: &C) -> Result<Self, Error> {
        let (&[version, environment], rest) = bytes.split_first_chunk::<2>().ok_or(Error::StoredKeyMalformed)?;
        let (&app_id, rest) = rest.split_first_chunk::<32>().ok_or(Error::StoredKeyMalformed)?;
        let (&id, rest) = rest.split_first_chunk::<32>().ok_or(Error::StoredKeyMalformed)?;
        let coordinates = rest.try_into().map_err(|_| Error::StoredKeyMalformed)?;
        let environment = match (version, environment) {
            (VERSION_1, PRODUCTION) => Environment::Production,
            (VERSION_1, DEVELOPMENT) => Environment::Development,
            _ => return Err(Error::StoredKeyMalformed),
        };
        let key = Self::from_trusted_parts(&PublicKey(coordinates), AppIdHash(app_id), environment, crypto)?;
        if key.id == KeyId(id) { Ok(key) } else { Err(Error::StoredKeyMalformed) }
    }

    /// The key identifier: the key of the record in storage.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The public key.
    #[must_use]
    pub const fn public_key(&self) -> PublicKey<P256> {
        self.key
    }

    pub(super) const fn public_key_ref(&self) -> &PublicKey<P256> {
        &self.key
    }

    /// The app that the key was attested for.
    #[must_use]
    pub const fn app_id(&self) -> AppIdHash {
        self.app_id
    }

    /// The environment that the key was attested in.
    #[must_use]
    pub const fn environment(&self) -> Environment {
        self.environment
    }
}
