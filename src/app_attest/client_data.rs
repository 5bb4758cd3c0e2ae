//! What the client signed beside the authenticator data.

use crate::{
    crypto::{Backend, Sha256},
    error::Error,
};

/// The client data hash: what the client passed to `attestKey(_:clientDataHash:)` or `generateAssertion`.
///
/// Apple asks for the SHA-256 of the challenge (attestation) or of the client data (assertion), but the device signs
/// whatever bytes the app passed: in both of Apple's own published attestations it is the raw challenge. So this takes
/// bytes of any length but zero, and the caller decides which they are; see [`guide::hashing`](crate::guide::hashing), also for
/// why a fixed length is better.
///
/// ```
/// # #[cfg(feature = "rust-crypto")] {
/// use genuine::{app_attest::ClientDataHash, crypto::RustCrypto};
///
/// // What a request mostly needs: the SHA-256 of what the server received.
/// let digest = ClientDataHash::digest(&[b"POST /orders\n", b"{\"amount\":1}"], &RustCrypto)?;
/// let client_data = ClientDataHash::from(&digest);
/// # let _ = client_data;
/// # }
/// # Ok::<(), genuine::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientDataHash<'a>(&'a [u8]);

impl<'a> ClientDataHash<'a> {
    /// Takes the bytes that the app passed.
    ///
    /// # Errors
    ///
    /// [`Error::ClientDataEmpty`] if there are none, because they would bind the object to nothing.
    pub const fn new(bytes: &'a [u8]) -> Result<Self, Error> {
        if bytes.is_empty() { Err(Error::ClientDataEmpty) } else { Ok(Self(bytes)) }
    }

    /// The SHA-256 of the client data, its parts taken as if concatenated.
    ///
    /// # Errors
    ///
    /// [`Error::CryptoUnavailable`] if the backend cannot hash.
    pub fn digest<C: Sha256 + ?Sized>(parts: &[&[u8]], crypto: &C) -> Result<[u8; 32], Error> {
        Backend::new(crypto).sha256(parts)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

impl<'a> From<&'a [u8; 32]> for ClientDataHash<'a> {
    fn from(digest: &'a [u8; 32]) -> Self {
        Self(digest)
    }
}
