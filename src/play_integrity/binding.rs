//! What binds a token to a request.

use super::payload::RequestDetails;
use crate::{encoding::base64, error::Error};

/// What the server expects in the token: the nonce of a classic request, or the request hash of a standard one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding<'b>(Kind<'b>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'b> {
    Nonce(&'b [u8]),
    RequestHash(&'b str),
}

/// A nonce is 16 to 500 characters of base64url: 12 to 375 octets.
const NONCE: core::ops::RangeInclusive<usize> = 12..=375;

/// The most bytes of a request hash.
const MAX_REQUEST_HASH: usize = 500;

impl<'b> Binding<'b> {
    /// Expects a nonce that decodes to these octets. The app hands their base64url to Google, with padding or without.
    ///
    /// # Errors
    ///
    /// [`Error::PlayBindingLength`] unless they are 12 to 375 octets, which make 16 to 500 characters.
    pub fn nonce(octets: &'b [u8]) -> Result<Self, Error> {
        if NONCE.contains(&octets.len()) { Ok(Self(Kind::Nonce(octets))) } else { Err(Error::PlayBindingLength) }
    }

    /// Expects this request hash, as the text that the app handed to Google.
    ///
    /// # Errors
    ///
    /// [`Error::PlayBindingLength`] unless it is 1 to 500 bytes long.
    pub const fn request_hash(text: &'b str) -> Result<Self, Error> {
        if text.is_empty() || text.len() > MAX_REQUEST_HASH {
            return Err(Error::PlayBindingLength);
        }
        Ok(Self(Kind::RequestHash(text)))
    }

    pub(super) const fn kind(self) -> Kind<'b> {
        self.0
    }

    pub(super) fn check(self, request: &RequestDetails<'_>) -> Result<(), Error> {
        match self.0 {
            Kind::Nonce(octets) => {
                let nonce = request.nonce.ok_or(Error::PlayNonceMissing)?;
                if base64::is_text_of(nonce.chars(), octets) { Ok(()) } else { Err(Error::PlayNonceMismatch) }
            }
            Kind::RequestHash(expected) => {
                let hash = request.request_hash.ok_or(Error::PlayRequestHashMissing)?;
                if hash == *expected { Ok(()) } else { Err(Error::PlayRequestHashMismatch) }
            }
        }
    }
}
