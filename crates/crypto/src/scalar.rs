//! Scalars: numbers modulo the order n of the group.
//!
//! A verification needs one inverse and three products of them, so this is the plain Montgomery multiplication, for any
//! odd modulus.

use crate::{
    P256, P384,
    inverse::{Inverter, limbs},
    word::{self, Word},
    words,
};

/// A number modulo n, below n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scalar<const N: usize>(pub [Word; N]);

impl<const N: usize> Scalar<N> {
    /// n (SEC 2 §2.4.2 and §2.5.1).
    pub const ORDER: [Word; N] = if N == P256 {
        words::rename(&words::hex::<P256>("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"))
    } else {
        words::rename(&words::hex::<P384>(
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        ))
    };

    /// −n⁻¹ modulo 2^W of one word.
    const NEGATIVE_INVERSE: Word = word::inverse(Self::ORDER[0]).wrapping_neg();

    /// 2^W modulo n, W being the bits of N words: one in Montgomery form.
    pub const MONTGOMERY_ONE: Self = Self(words::sub(&[0; N], &Self::ORDER).0);

    /// 2^2W modulo n.
    const R2: Self = {
        let Self(mut power) = Self::MONTGOMERY_ONE;
        let mut i = 0;
        while i < N * Word::BITS as usize {
            let (double, carry) = words::add(&power, &power);
            let (reduced, borrow) = words::sub(&double, &Self::ORDER);
            power = if carry || !borrow { reduced } else { double };
            i += 1;
        }
        Self(power)
    };

    /// Reads r or s from N words of big-endian octets; `None` unless it lies in 1 … n − 1 (FIPS 186-5 §6.4.2 step 1).
    pub const fn from_be(octets: &[u8]) -> Option<Self> {
        if octets.len() != N * words::OCTETS {
            return None;
        }
        let number = words::from_be(octets);
        let in_range = words::less(&number, &Self::ORDER) && !words::equal(&number, &[0; N]);
        if in_range { Some(Self(number)) } else { None }
    }

    /// The number e of a digest modulo n: its leftmost octets, as many as n has (FIPS 186-5 §6.4.2 step 2).
    ///
    /// `None` if it has fewer than half as many: that is no digest. One of zeros, or of nothing, has signatures by every key.
    pub const fn from_digest(digest: &[u8]) -> Option<Self> {
        if digest.len() < N * words::OCTETS / 2 {
            return None;
        }
        let leftmost = match digest.split_at_checked(N * words::OCTETS) {
            Some((leftmost, _)) => leftmost,
            None => digest,
        };
        let number = words::from_be(leftmost);
        // 2^W < 2n, so it is at most once too large.
        let (reduced, borrow) = words::sub(&number, &Self::ORDER);
        Some(Self(if borrow { number } else { reduced }))
    }

    /// s⁻¹ in Montgomery form, s⁻¹·2^W: what [`times`](Self::times) takes. Zero for zero.
    pub const fn invert(&self) -> Self {
        let inverse = if N == P256 {
            const { Inverter::<{ limbs(256) }>::new(&Self::ORDER) }.invert(&self.0)
        } else {
            const { Inverter::<{ limbs(384) }>::new(&Self::ORDER) }.invert(&self.0)
        };
        Self(inverse).times(&Self::R2)
    }

    /// a·b·2^−W: the product, if one of the two is in Montgomery form.
    ///
    /// Word by word (CIOS: Koç, Acar and Kaliski, 1996). The sum stays below 2n, since a·b < 2^W·n.
    pub const fn times(&self, other: &Self) -> Self {
        let mut sum = [0; N];
        let mut top = 0;
        let mut i = 0;
        while i < N {
            let mut carry = 0;
            let mut j = 0;
            while j < N {
                (sum[j], carry) = word::mul_add(sum[j], self.0[i], other.0[j], carry);
                j += 1;
            }
            let (above, overflow) = word::add(top, carry, false);
            let m = sum[0].wrapping_mul(Self::NEGATIVE_INVERSE);
            (_, carry) = word::mul_add(sum[0], m, Self::ORDER[0], 0);
            let mut j = 1;
            while j < N {
                (sum[j - 1], carry) = word::mul_add(sum[j], m, Self::ORDER[j], carry);
                j += 1;
            }
            let (above, again) = word::add(above, carry, false);
            sum[N - 1] = above;
            top = overflow as Word + again as Word;
            i += 1;
        }
        let (reduced, borrow) = words::sub(&sum, &Self::ORDER);
        Self(if top == 0 && borrow { sum } else { reduced })
    }

    /// n − a: for zero n itself, which is odd and stands for the same multiple.
    pub const fn complement(&self) -> [Word; N] {
        words::sub(&Self::ORDER, &self.0).0
    }

    /// Whether the number below n is odd.
    pub const fn is_odd(&self) -> bool {
        self.0[0] & 1 == 1
    }
}
