//! The firmware's SHA-384 is that of the crate `sha2`: every length over two blocks, in one part and in several.

#[path = "../../src/sha384.rs"]
pub mod sha384;

use sha2::{Digest as _, Sha384};

#[test]
fn every_length_has_the_digest_of_sha2() {
    let message: Vec<u8> = (0..=u8::MAX).cycle().map(|octet| octet.wrapping_mul(167)).take(300).collect();
    for length in 0..=message.len() {
        let message = &message[..length];
        let expected = <[u8; 48]>::from(Sha384::digest(message));
        assert_eq!(sha384::sha384(&[message]), expected, "{length} octets");
        let (front, back) = message.split_at(length / 3);
        assert_eq!(sha384::sha384(&[front, &[], back, &[]]), expected, "{length} octets in parts");
    }
}

#[test]
fn no_part_is_an_empty_message() {
    assert_eq!(sha384::sha384(&[]), <[u8; 48]>::from(Sha384::digest([])));
}
