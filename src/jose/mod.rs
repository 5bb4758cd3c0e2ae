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
    let mut rest = text;
    let mut segments = [const { None }; N];
    for (position, segment) in segments.iter_mut().enumerate() {
        let is_period = |octet: &u8| *octet == b'.';
        // The last period is looked for from the end: what lies before it is long.
        let period = match N.saturating_sub(position) {
            1 => Some(rest.len()),
            2 => rest.iter().rposition(is_period),
            _ => rest.iter().position(is_period),
        };
        let (found, others) = rest.split_at_mut_checked(period.ok_or(JoseError::Segments)?).unwrap_or_default();
        if has_period(found) {
            return Err(JoseError::Segments);
        }
        *segment = Some(found);
        rest = others.get_mut(1..).unwrap_or_default();
    }
    Ok(segments.map(Option::unwrap_or_default))
}

/// Whether a period is in it; eight octets at a time, because a segment is long.
fn has_period(segment: &[u8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const PERIODS: u64 = u64::from_ne_bytes([b'.'; 8]);
    const TOPS: u64 = u64::from_ne_bytes([0x80; 8]);
    let (words, last) = segment.as_chunks();
    // Zero where the period is: one less has its top bit set, and it had not.
    let has = |word: &[u8; 8]| {
        let difference = u64::from_ne_bytes(*word) ^ PERIODS;
        difference.wrapping_sub(ONES) & !difference & TOPS != 0
    };
    words.iter().any(has) || last.contains(&b'.')
}
