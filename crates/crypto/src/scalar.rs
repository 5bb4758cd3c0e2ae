//! Scalars: numbers modulo the order n of the group.
//!
//! A verification needs one inverse and three products of them, so this is the plain Montgomery multiplication, for any
//! odd modulus.

use crate::{
    curve::Curve,
    word::{self, Word},
    words::Words,
};

/// A number modulo n, below n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scalar<C: Curve>(pub C::Words);

impl<C: Curve> Scalar<C> {
    /// 2^W modulo n: one in Montgomery form.
    pub const MONTGOMERY_ONE: Self = Self(C::N_R);

    /// Reads r or s from N words of big-endian octets; `None` unless it lies in 1 … n − 1 (FIPS 186-5 §6.4.2 step 1).
    pub fn from_be(octets: &[u8]) -> Option<Self> {
        if octets.len() != C::Words::OCTETS {
            return None;
        }
        let number = C::Words::from_be(octets);
        let in_range = number.less(C::N) && !number.is_zero();
        if in_range { Some(Self(number)) } else { None }
    }

    /// The number e of a digest modulo n: its leftmost octets, as many as n has (FIPS 186-5 §6.4.2 step 2).
    ///
    /// `None` if it has fewer than half as many: that is no digest. One of zeros, or of nothing, has signatures by every key.
    pub fn from_digest(digest: &[u8]) -> Option<Self> {
        if digest.len() < C::Words::OCTETS / 2 {
            return None;
        }
        let leftmost = match digest.split_at_checked(C::Words::OCTETS) {
            Some((leftmost, _)) => leftmost,
            None => digest,
        };
        let number = C::Words::from_be(leftmost);
        // 2^W < 2n, so it is at most once too large.
        let (reduced, borrow) = number.sub(C::N);
        Some(Self(if borrow { number } else { reduced }))
    }

    /// s⁻¹ in Montgomery form, s⁻¹·2^W, below n: what [`times`](Self::times) takes. Zero for zero.
    pub fn invert(&self) -> Self {
        Self(C::invert_modulo_n(&self.0)).times(&Self(C::N_R2))
    }

    /// a·b·2^−W modulo n, below n, for a and b below n: the product, if one of the two is in Montgomery form.
    ///
    /// Word by word: CIOS of Koç, Acar and Kaliski, "Analyzing and comparing Montgomery multiplication algorithms" (IEEE Micro
    /// 16(3), 1996, section 5), whose t\[0\] … t\[s − 1\] are `words` here, and t\[s\] is `top`. The sum stays below 2n, since
    /// a·b < 2^W·n.
    pub fn times(&self, other: &Self) -> Self {
        let mut sum = C::Words::ZERO;
        let (a, b, n, words) = (self.0.as_ref(), other.0.as_ref(), C::N, sum.as_mut());
        let n = n.as_ref();
        let last = words.len() - 1;
        let mut top = 0;
        for &a in a {
            // t = t + a[i]·b
            let mut carry = 0;
            for j in 0..words.len() {
                (words[j], carry) = word::mul_add(words[j], a, b[j], carry);
            }
            let (above, overflow) = word::add(top, carry, false);
            // t = (t + m·n) / 2^w
            let m = words[0].wrapping_mul(C::N_NEGATIVE_INVERSE);
            (_, carry) = word::mul_add(words[0], m, n[0], 0);
            for j in 1..words.len() {
                (words[j - 1], carry) = word::mul_add(words[j], m, n[j], carry);
            }
            let (above, again) = word::add(above, carry, false);
            words[last] = above;
            top = Word::from(overflow) + Word::from(again);
        }
        let (reduced, borrow) = sum.sub(C::N);
        Self(if top == 0 && borrow { sum } else { reduced })
    }

    /// n − a: for zero n itself, which is odd and stands for the same multiple.
    pub fn complement(&self) -> C::Words {
        C::N.sub(&self.0).0
    }

    /// Whether the number below n is odd.
    pub fn is_odd(&self) -> bool {
        self.0.bit(0)
    }
}
