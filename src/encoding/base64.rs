//! Strict base64url without padding, decoded in place (RFC 4648 §5, RFC 7515 §2).
//!
//! `base64ct` decodes in place as well, but takes a last character with spare bits, so that one value has several texts.

use core::cell::Cell;

/// The URL-safe alphabet.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What stands for no value. Every value has this bit clear.
const NONE: u8 = 0x80;

/// The value of each octet, as a character of the URL-safe alphabet.
const VALUES: [u8; 256] = values();

#[allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "evaluated at compile time only"
)]
const fn values() -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
}

/// The value of a character, and whether it has one.
fn value(character: u8) -> u8 {
    VALUES.get(usize::from(character)).copied().unwrap_or(NONE)
}

/// Decodes the text over itself; `None` unless it is canonical: no padding, no white space, no other alphabet, no spare bits.
pub(crate) fn decode_in_place(text: &mut [u8]) -> Option<&mut [u8]> {
    let cells = Cell::from_mut(&mut *text).as_slice_of_cells();
    let (groups, last) = cells.as_chunks::<4>();
    let (places, _) = cells.as_chunks::<3>();
    let mut all = 0;
    // What is written lies before what is still to be read.
    for (group, place) in groups.iter().zip(places) {
        let [first, second, third, fourth] = group.each_ref().map(|character| value(character.get()));
        all |= first | second | third | fourth;
        let bits = u32::from(first) << 18 | u32::from(second) << 12 | u32::from(third) << 6 | u32::from(fourth);
        let [_, octets @ ..] = bits.to_be_bytes();
        for (to, octet) in place.iter().zip(octets) {
            to.set(octet);
        }
    }
    let mut length = groups.len().saturating_mul(3);
    let mut put = |octet| {
        if let Some(to) = cells.get(length) {
            to.set(octet);
        }
        length = length.saturating_add(1);
    };
    match last {
        [] => {}
        [first, second] => {
            let [first, second] = [first, second].map(|character| value(character.get()));
            all |= first | second | spare(second & 0b1111);
            put(first << 2 | second >> 4);
        }
        [first, second, third] => {
            let [first, second, third] = [first, second, third].map(|character| value(character.get()));
            all |= first | second | third | spare(third & 0b11);
            put(first << 2 | second >> 4);
            put(second << 4 | third >> 2);
        }
        _ => return None,
    }
    if all & NONE == 0 { text.get_mut(..length) } else { None }
}

/// As bad as no value, if a last character has such bits.
const fn spare(bits: u8) -> u8 {
    if bits == 0 { 0 } else { NONE }
}

/// Whether a text is canonical, as for [`decode_in_place`].
#[cfg(feature = "play-integrity")]
pub(crate) fn is_canonical(text: &[u8]) -> bool {
    let spare = match (text.len() & 3, text.last()) {
        (0, _) => 0,
        (2, Some(last)) => value(*last) & 0b1111,
        (3, Some(last)) => value(*last) & 0b11,
        _ => return false,
    };
    spare == 0 && text.iter().all(|character| value(*character) != NONE)
}

/// Whether the characters are the canonical text of these octets, with padding or without.
#[cfg(feature = "play-integrity")]
pub(crate) fn is_text_of(mut text: impl Iterator<Item = char>, octets: &[u8]) -> bool {
    let mut padding = 0_usize;
    for group in octets.chunks(3) {
        let bits = group.iter().fold(0, |bits, octet| bits << 8 | u32::from(*octet));
        padding = 3_usize.saturating_sub(group.len());
        let (bits, characters) = match group.len() {
            3 => (bits, 4),
            2 => (bits << 8, 3),
            _ => (bits << 16, 2),
        };
        for shift in [18, 12, 6, 0].into_iter().take(characters) {
            let expected = usize::try_from(bits >> shift & 0x3F).ok().and_then(|value| ALPHABET.get(value));
            if text.next() != expected.map(|character| char::from(*character)) {
                return false;
            }
        }
    }
    match text.next() {
        None => true,
        Some('=') => padding > 0 && (1..padding).all(|_| text.next() == Some('=')) && text.next().is_none(),
        Some(_) => false,
    }
}
