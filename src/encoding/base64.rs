//! Strict base64url without padding, decoded in place (RFC 4648 §5, RFC 7515 §2).
//!
//! `base64ct` decodes in place as well, but takes a last character with spare bits, so that one value has several texts.

use core::cell::Cell;

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
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < alphabet.len() {
        values[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    values
}

/// Decodes the text over itself; `None` unless it is canonical: no padding, no white space, no other alphabet, no spare bits.
pub(crate) fn decode_in_place(text: &mut [u8]) -> Option<&mut [u8]> {
    let cells = Cell::from_mut(&mut *text).as_slice_of_cells();
    let (mut length, mut all) = (0_usize, 0);
    // What is written lies before what is still to be read.
    for (from, to) in cells.chunks(4).zip(cells.chunks(3)) {
        let mut bits = 0_u32;
        for character in from {
            let value = VALUES.get(usize::from(character.get())).copied().unwrap_or(NONE);
            all |= value;
            bits = bits << 6 | u32::from(value & !NONE);
        }
        let (octets, bits) = match from.len() {
            4 => (3, bits),
            3 if bits & 0b11 == 0 => (2, bits << 6),
            2 if bits & 0b1111 == 0 => (1, bits << 12),
            _ => return None,
        };
        let [_, decoded @ ..] = bits.to_be_bytes();
        for (to, octet) in to.iter().zip(decoded).take(octets) {
            to.set(octet);
        }
        length = length.saturating_add(octets);
    }
    if all & NONE == 0 { text.get_mut(..length) } else { None }
}
