//! Sums, differences, halves and products modulo p in words of 64 bits, W = 64·N. Without branches where none could be
//! predicted.
//!
//! Operands are any numbers below 2^W, below p or not, and so are the answers; 2p > 2^W. a is changed in place.
//!
//! Products are t·2^−W for a product t of 2N words, as in HAC, algorithm 14.32, with the multiples of p as its shape allows. The
//! answer is congruent and less than 2^W: t < 2^2W, and a multiple m·p with m < 2^W is added, so that
//! t·2^−W + m·p·2^−W < 2^W + p, and p is subtracted once if the sum has left W bits.

use crate::{
    word::{add, sub},
    words::Words,
};

/// a becomes a + b, less p as often as that has more than W bits.
#[inline(always)]
pub(crate) fn sum<W: Words>(a: &mut W, b: &W, p: &W) {
    let (sum, carry) = a.add(b);
    let (sum, borrow) = sum.sub(&masked(p, carry));
    // A borrow takes a carry back. One comparison, because of a carry without a borrow the compiler makes two branches, and
    // every other time the first is predicted wrongly.
    *a = if carry == borrow { sum } else { sum.sub(p).0 };
}

/// a becomes a − b, and p more as often as that is negative.
#[inline(always)]
pub(crate) fn difference<W: Words>(a: &mut W, b: &W, p: &W) {
    let (difference, borrow) = a.sub(b);
    let (difference, carry) = difference.add(&masked(p, borrow));
    // As in a sum.
    *a = if borrow == carry { difference } else { difference.add(p).0 };
}

/// a becomes a/2, or (a + p)/2 if a is odd.
#[inline(always)]
pub(crate) fn half<W: Words>(a: &mut W, p: &W) {
    let is_odd = a.bit(0);
    let (sum, carry) = a.add(&masked(p, is_odd));
    let (a, sum) = (a.as_mut(), sum.as_ref());
    for i in 0..a.len() {
        let above = if i + 1 < a.len() { sum[i + 1] } else { u64::from(carry) };
        a[i] = sum[i] >> 1 | above << 63;
    }
}

#[inline(always)]
fn masked<W: Words>(a: &W, keep: bool) -> W {
    let mask = u64::from(keep).wrapping_neg();
    let mut masked = *a;
    for word in masked.as_mut() {
        *word &= mask;
    }
    masked
}

/// p = 2^256 − 2^224 + 2^192 + 2^96 − 1; −p⁻¹ ≡ 1 modulo 2^64, so each step adds m·p for the lowest word m itself.
///
/// m + m·p = m·2^96 + m·(2^64 − 2^32 + 1)·2^192: one product and two shifts.
#[inline(always)]
pub(crate) fn p256([low, high]: &mut [[u64; 4]; 2], p: &[u64; 4]) -> [u64; 4] {
    const TOP: u64 = 0xffff_ffff_0000_0001;
    let [mut a, mut b, mut c, mut d] = *low;
    for _ in 0..4 {
        let product = u128::from(a) * u128::from(TOP);
        let (first, carry) = add(b, a << 32, false);
        let (second, carry) = add(c, a >> 32, carry);
        let (third, carry) = add(d, product as u64, carry);
        // At most (2^64 − 1)·TOP / 2^64 < 2^64 − 1.
        let fourth = (product >> 64) as u64 + u64::from(carry);
        (a, b, c, d) = (first, second, third, fourth);
    }
    let (a, carry) = add(a, high[0], false);
    let (b, carry) = add(b, high[1], carry);
    let (c, carry) = add(c, high[2], carry);
    let (d, carry) = add(d, high[3], carry);
    [a, b, c, d].sub(&masked(p, carry)).0
}

/// p = 2^384 − 2^128 − 2^96 + 2^32 − 1; −p⁻¹ ≡ 2^32 + 1 modulo 2^64.
///
/// m·p = m·2^384 − m·(2^128 + 2^96 − 2^32 + 1), and 2^96 − 2^32 + 1 = (2^32 − 1)·2^64 + (2^64 − 2^32 + 1): two products.
#[inline(always)]
pub(crate) fn p384([low, high]: &mut [[u64; 6]; 2], p: &[u64; 6]) -> [u64; 6] {
    let [mut a, mut b, mut c, mut d, mut e, mut f] = *low;
    for _ in 0..6 {
        let m = a.wrapping_add(a << 32);
        // m·(2^96 − 2^32 + 1) < 2^160, without its lowest word, which is a.
        let middle = u128::from(m) * 0xffff_ffff + ((u128::from(m) * 0xffff_ffff_0000_0001) >> 64);
        let (above, carry) = add((middle >> 64) as u64, m, false);
        // The lowest word becomes zero; the highest is m, less what is borrowed.
        let (first, borrow) = sub(b, middle as u64, false);
        let (second, borrow) = sub(c, above, borrow);
        let (third, borrow) = sub(d, u64::from(carry), borrow);
        let (fourth, borrow) = sub(e, 0, borrow);
        let (fifth, borrow) = sub(f, 0, borrow);
        let (sixth, _) = sub(m, 0, borrow);
        (a, b, c, d, e, f) = (first, second, third, fourth, fifth, sixth);
    }
    let (a, carry) = add(a, high[0], false);
    let (b, carry) = add(b, high[1], carry);
    let (c, carry) = add(c, high[2], carry);
    let (d, carry) = add(d, high[3], carry);
    let (e, carry) = add(e, high[4], carry);
    let (f, carry) = add(f, high[5], carry);
    [a, b, c, d, e, f].sub(&masked(p, carry)).0
}
