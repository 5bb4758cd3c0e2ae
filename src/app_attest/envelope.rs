//! What the outer maps of attestations and assertions have in common.

use crate::{cbor::Reader, error::Error};

/// `cdHash: {hash: bytes, type: integer}`, from iOS 18.5 on with an entitlement. It is not signed, so its
/// content is passed over; its form is bounded.
pub(super) fn skip_code_hash(reader: &mut Reader<'_>) -> Result<(), Error> {
    /// The longest hash; 20 bytes were seen.
    const MAX_CODE_HASH: usize = 64;

    let mut hash = None;
    let mut kind = None;
    for _ in 0..reader.map()? {
        match reader.text()? {
            "hash" => once(&mut hash, reader.bytes()?)?,
            "type" => once(&mut kind, reader.integer()?)?,
            _ => return Err(Error::UnknownField),
        }
    }
    if hash.is_some_and(|hash| hash.len() > MAX_CODE_HASH) {
        return Err(Error::CborLimit);
    }
    Ok(())
}

/// Keeps the value of a map's key, which may occur once.
pub(super) fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Error> {
    if slot.replace(value).is_some() { Err(Error::CborDuplicateKey) } else { Ok(()) }
}
