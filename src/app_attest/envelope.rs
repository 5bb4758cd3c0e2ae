//! What the outer maps of attestations and assertions have in common.

use crate::{
    cbor::{MAX_SKIPPED_ITEMS, Reader},
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

/// Refuses an object of the other kind, which its first key tells: one of `others`, `cdHash` left out. Whatever cannot be
/// read is for the reader of this kind to refuse.
pub(super) fn refuse_other_kind(input: &[u8], others: &[&str]) -> Result<(), Error> {
    /// No more of the input is looked at: room for the first key, and for `cdHash` before it.
    const START: usize = 1024;

    let input = input.get(..START).unwrap_or(input);
    let first_key = || {
        let mut reader = Reader::new(input);
        reader.map()?;
        match reader.text()? {
            CODE_HASH => {
                skip_code_hash(&mut reader)?;
                reader.text()
            }
            key => Ok(key),
        }
    };
    if first_key().is_ok_and(|key| others.contains(&key)) { Err(Error::WrongObjectKind) } else { Ok(()) }
}

/// Keeps the value of a map's key, which may occur once.
pub(super) fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Error> {
    if slot.replace(value).is_some() { Err(Error::CborDuplicateKey) } else { Ok(()) }
}
