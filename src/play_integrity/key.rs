//! The keys of an app, as the Play Console shows them to its developer.

use base64ct::{Base64, Encoding};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    crypto::{P256, PublicKey},
    error::Error,
};

/// The decryption key: AES, 256 bits. Secret; wiped when it is dropped, and not shown by `Debug`.
///
/// Whoever has it can make tokens that decrypt. That Google made a token, the [`VerificationKey`] alone proves.
#[derive(Clone)]
pub struct DecryptionKey([u8; 32]);

impl DecryptionKey {
    /// Takes the octets.
    #[must_use]
    pub const fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// Reads the text of the Play Console: standard base64 with padding, 44 characters.
    ///
    /// # Errors
    ///
    /// [`Error::PlayDecryptionKeyBase64`], [`Error::PlayDecryptionKeyLength`].
    pub fn from_base64(text: &str) -> Result<Self, Error> {
        let mut room = [0; 64];
        let octets = Base64::decode(text, &mut room);
        let key = match octets {
            Ok(octets) => octets.try_into().map(Self).map_err(|_| Error::PlayDecryptionKeyLength),
            Err(base64ct::Error::InvalidLength) => Err(Error::PlayDecryptionKeyLength),
            Err(base64ct::Error::InvalidEncoding) => Err(Error::PlayDecryptionKeyBase64),
        };
        room.zeroize();
        key
    }

    pub(super) const fn octets(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for DecryptionKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for DecryptionKey {}

impl core::fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("DecryptionKey(…)")
    }
}

/// The verification key: Google's public key for this app, on P-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerificationKey(PublicKey<P256>);

/// `SubjectPublicKeyInfo` of a key on P-256 up to its uncompressed point (RFC 5480 §2).
const SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE,
    0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

impl VerificationKey {
    /// Takes a key. Whether it is a point of the curve, [`ClassicVerifier::new`](super::ClassicVerifier::new) checks.
    #[must_use]
    pub const fn new(key: PublicKey<P256>) -> Self {
        Self(key)
    }

    /// Reads the text of the Play Console: standard base64 with padding of 91 octets of DER, 124 characters.
    ///
    /// # Errors
    ///
    /// [`Error::PlayVerificationKeyBase64`], [`Error::PlayVerificationKeyForm`].
    pub fn from_base64(text: &str) -> Result<Self, Error> {
        let mut room = [0; 128];
        match Base64::decode(text, &mut room) {
            Ok(octets) => {
                let point = octets.strip_prefix(&SPKI).ok_or(Error::PlayVerificationKeyForm)?;
                PublicKey::from_uncompressed(point).map(Self).ok_or(Error::PlayVerificationKeyForm)
            }
            Err(base64ct::Error::InvalidLength) => Err(Error::PlayVerificationKeyForm),
            Err(base64ct::Error::InvalidEncoding) => Err(Error::PlayVerificationKeyBase64),
        }
    }

    pub(super) const fn key(&self) -> &PublicKey<P256> {
        &self.0
    }
}

/// The two keys of an app that belong together. While keys are rotated, a verifier has two pairs.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// The one of the *response encryption*, which opens tokens.
    pub decryption: DecryptionKey,
    /// The one that proves that Google made them.
    pub verification: VerificationKey,
}
