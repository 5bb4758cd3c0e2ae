//! What is known of a curve, and how it is written down.

use crate::crypto::operand::{Curve, Digest};

/// A key, and whether it is a point of the curve.
pub(super) type KeyCase<V> = (&'static str, <V as Curve>::Octets, bool);
/// Key, digest and signature, and whether it verifies.
pub(super) type SignatureCase<V> = (&'static str, <V as Curve>::Octets, Digest, <V as Curve>::Octets, bool);

/// How many signatures there are of each curve.
pub(super) const SIGNATURES: usize = 20;

/// A curve with what is known of it: [`P256`](crate::crypto::P256) and [`P384`](crate::crypto::P384).
pub trait KnownAnswers: Curve {
    /// Keys, and whether they are points of the curve.
    const KEYS: &'static [KeyCase<Self>];
    /// Signatures, and whether they verify.
    const SIGNATURES: &'static [SignatureCase<Self>; SIGNATURES];
    /// A good signature, after whose key others are prepared.
    const PREPARED_FIRST: SignatureCase<Self>;
}

/// Decodes hexadecimal digits at compile time, where a mistake is a build failure.
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "evaluated at compile time only")]
pub(super) const fn hex<const N: usize>(digits: &str) -> [u8; N] {
    const fn digit(digit: u8) -> u8 {
        match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => u8::MAX,
        }
    }
    let digits = digits.as_bytes();
    assert!(digits.len() == 2 * N);
    let mut octets = [0; N];
    let mut index = 0;
    while index < N {
        let (high, low) = (digit(digits[2 * index]), digit(digits[2 * index + 1]));
        assert!(high < 16 && low < 16);
        octets[index] = high << 4 | low;
        index += 1;
    }
    octets
}
