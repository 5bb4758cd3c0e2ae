//! AES: the example of RFC 3394 §4.6, and test cases 13 and 16 of *The Galois/Counter Mode of Operation*, appendix B, each with
//! what must be refused beside it.

use super::{Answer, ConformanceFailure, known::hex};
use crate::crypto::traits::{AesKwGcm, CryptoError};

/// Wrapping key, what it wrapped, and what that is, if it is anything.
type WrappedCase = (&'static str, [u8; 32], [u8; 40], Option<[u8; 32]>);

const WRAPPING: [u8; 32] = hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
const WRAPPED: [u8; 40] = hex("28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21");
const UNWRAPPED: [u8; 32] = hex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f");

const WRAPPED_CASES: &[WrappedCase] = &[
    ("AES key wrap", WRAPPING, WRAPPED, Some(UNWRAPPED)),
    ("AES key wrap with its first octet altered", WRAPPING, altered(WRAPPED, 0), None),
    ("AES key wrap with an octet of the key altered", WRAPPING, altered(WRAPPED, 20), None),
    ("AES key wrap with its last octet altered", WRAPPING, altered(WRAPPED, 39), None),
    ("AES key wrap of zeros", WRAPPING, [0; 40], None),
    ("AES key wrap by another key", altered(WRAPPING, 31), WRAPPED, None),
];

/// Initialization vector, additional data, ciphertext and tag, and whether they belong together.
type SealedCase = (&'static str, [u8; 12], &'static [u8], [u8; 60], [u8; 16], bool);

const KEY: [u8; 32] = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
const IV: [u8; 12] = hex("cafebabefacedbaddecaf888");
const ADDITIONAL: [u8; 20] = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
const TEXT: [u8; 60] =
    hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525\
    b16aedf5aa0de657ba637b39");
const SEALED: [u8; 60] =
    hex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838\
    c5f61e6393ba7a0abcc9f662");
const TAG: [u8; 16] = hex("76fc6ece0f4e1768cddf8853bb2d551b");
const ALTERED_ADDITIONAL: [u8; 20] = altered(ADDITIONAL, 19);
/// The tag of no text and no additional data under a key and an initialization vector of zeros.
const EMPTY_TAG: [u8; 16] = hex("530f8afbc74536b9a963b4f1c4cb738b");

const ALTERED_EMPTY_TAG: [u8; 16] = altered(EMPTY_TAG, 7);

const SEALED_CASES: &[SealedCase] = &[
    ("AES-GCM", IV, &ADDITIONAL, SEALED, TAG, true),
    ("AES-GCM with the first octet of the tag altered", IV, &ADDITIONAL, SEALED, altered(TAG, 0), false),
    ("AES-GCM with the last octet of the tag altered", IV, &ADDITIONAL, SEALED, altered(TAG, 15), false),
    ("AES-GCM with a tag of zeros", IV, &ADDITIONAL, SEALED, [0; 16], false),
    ("AES-GCM with other additional data", IV, &ALTERED_ADDITIONAL, SEALED, TAG, false),
    ("AES-GCM without its additional data", IV, &[], SEALED, TAG, false),
    ("AES-GCM with the text altered", IV, &ADDITIONAL, altered(SEALED, 59), TAG, false),
    ("AES-GCM with another initialization vector", altered(IV, 11), &ADDITIONAL, SEALED, TAG, false),
];

/// With the last bit of an octet inverted.
#[allow(clippy::indexing_slicing, reason = "evaluated at compile time only")]
const fn altered<const N: usize>(mut octets: [u8; N], position: usize) -> [u8; N] {
    octets[position] ^= 1;
    octets
}

/// Runs key wrapping and AES-GCM: 6 wrapped keys and 10 sealed texts.
///
/// # Errors
///
/// The first check that was not passed.
///
/// ```
/// # #[cfg(feature = "rust-crypto")]
/// genuine::crypto::conformance::check_aes_kw_gcm(&genuine::crypto::RustCrypto).unwrap();
/// ```
pub fn check_aes_kw_gcm<C: AesKwGcm + ?Sized>(crypto: &C) -> Result<(), ConformanceFailure> {
    WRAPPED_CASES.iter().try_for_each(|(name, wrapping, wrapped, key)| {
        let unwrapped = crypto.unwrap_key(wrapping, wrapped);
        expect(name, unwrapped.map(|unwrapped| Some(unwrapped) == *key), key.is_some())
    })?;
    SEALED_CASES.iter().try_for_each(|(name, iv, additional, sealed, tag, valid)| {
        let mut text = *sealed;
        let opened = crypto.open_in_place(&KEY, iv, additional, &mut text, tag);
        expect(name, opened.map(|()| text == TEXT), *valid)
    })?;
    let empty = |tag| crypto.open_in_place(&[0; 32], &[0; 12], &[], &mut [], tag).map(|()| true);
    expect("AES-GCM of nothing", empty(&EMPTY_TAG), true)?;
    expect("AES-GCM of nothing with the tag altered", empty(&ALTERED_EMPTY_TAG), false)
}

/// Looks at an answer: whether what came out is the expected text.
fn expect(check: &'static str, answer: Result<bool, CryptoError>, valid: bool) -> Result<(), ConformanceFailure> {
    let answer = match (answer, valid) {
        (Ok(true), true) | (Err(CryptoError::Invalid), false) => return Ok(()),
        (Ok(_), false) => Answer::Accepted,
        (Ok(false), true) => Answer::WrongText,
        (Err(CryptoError::Invalid), true) => Answer::Refused,
        (Err(CryptoError::Unavailable), _) => Answer::Unavailable,
    };
    Err(ConformanceFailure { check, answer })
}
