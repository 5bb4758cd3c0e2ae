//! JSON Web Signature and JSON Web Encryption in the compact form (RFC 7515, RFC 7516): views over the caller's buffer.
//!
//! A view says where the parts are and decodes them. Which algorithms, types and keys are good is a protocol's.

mod header;
#[cfg(feature = "play-integrity")]
mod jwe;
mod jws;

pub(crate) use header::{Header, HeaderRoom};
#[cfg(feature = "play-integrity")]
pub(crate) use jwe::Jwe;
pub(crate) use jws::Jws;

use crate::encoding::json::JsonError;

/// Why a text is not of the compact form, or its header not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JoseError {
    /// Another number of segments.
    Segments,
    /// A segment is not canonical base64url (RFC 7515 §2).
    Base64,
    /// The header is longer than [`HeaderRoom`].
    HeaderTooLarge,
    /// The header is not the strict JSON of one.
    Header(JsonError),
}

/// The segments of a compact form, as many as asked for, without the periods between them.
fn split<const N: usize>(text: &mut [u8]) -> Result<[&mut [u8]; N], JoseError> {
    let mut segments = text.split_mut(|octet| *octet == b'.');
    let found = core::array::from_fn(|_| segments.next());
    if segments.next().is_some() || found.iter().any(Option::is_none) {
        return Err(JoseError::Segments);
    }
    Ok(found.map(Option::unwrap_or_default))
}
