//! What the outer maps of attestations and assertions have in common.

use crate::{
    encoding::cbor::{CborError, MAX_SKIPPED_ITEMS, Reader},
    error::Error,
};

/// The unsigned code hash, from iOS 18.5 on with an entitlement.
pub(super) const CODE_HASH: &str = "cdHash";

/// Passes over the value of [`CODE_HASH`]: `{hash: 20 bytes, type: 1 byte}` on devices. Nothing signs it, so it may be any
/// value of strict CBOR (definite lengths, shortest heads, no tags), within bounds.
pub(super) fn skip_code_hash(reader: &mut Reader<'_>) -> Result<(), Error> {
    /// The longest value in bytes. Genuine ones have 34.
    const MAX_CODE_HASH: usize = 512;

    let start = reader.rest().len();
    reader.skip(MAX_SKIPPED_ITEMS)?;
    if start.saturating_sub(reader.rest().len()) > MAX_CODE_HASH { Err(Error::CborLimit) } else { Ok(()) }
}

/// Reads an object that may have so many bytes at most. Of a longer one the start is read as well, because it tells an object of
/// the other kind, which is refused as that, whatever its size.
pub(super) fn within<'i, T>(
    cap: usize,
    input: &'i [u8],
    read: impl FnOnce(&'i [u8]) -> Result<T, Error>,
) -> Result<T, Error> {
    let start = input.get(..cap).unwrap_or(input);
    match read(start) {
        Err(Error::WrongObjectKind) => Err(Error::WrongObjectKind),
        _ if start.len() < input.len() => Err(Error::InputTooLarge),
        object => object,
    }
}

/// Keeps the value of a map's key, which may occur once.
pub(super) fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), CborError> {
    if slot.replace(value).is_some() { Err(CborError::DuplicateKey) } else { Ok(()) }
}
