//! Sums, differences, halves and products modulo p in words of 64 bits, W = 64·N. Without branches where none could be
//! predicted.
//!
//! Products are t·2^−W for a product t of 2N words, as in HAC, algorithm 14.32, with the multiples of p as its shape allows. The
//! answer is congruent and less than 2^W: t < 2^2W, and a multiple m·p with m < 2^W is added, so that
//! t·2^−W + m·p·2^−W < 2^W + p, and p is subtracted once if the sum has left W bits.

use crate::{
    P256,
    word::{add, sub},
    words,
};

/// a becomes a + b, less p as often as that has more than W bits.
#[inline(always)]
pub(crate) const fn sum<const N: usize>(a: &mut [u64; N], b: &[u64; N], p: &[u64; N]) {
    let (sum, carry) = words::add(a, b);
    let (sum, borrow) = words::sub(&sum, &masked(p, carry));
    // A borrow takes a carry back. One comparison, because of a carry without a borrow the compiler makes two branches, and
    // every other time the first is predicted wrongly.
    *a = if carry == borrow { sum } else { words::sub(&sum, p).0 };
}

/// a becomes a − b, and p more as often as that is negative.
#[inline(always)]
pub(crate) const fn difference<const N: usize>(a: &mut [u64; N], b: &[u64; N], p: &[u64; N]) {
    let (difference, borrow) = words::sub(a, b);
    let (difference, carry) = words::add(&difference, &masked(p, borrow));
    // As in a sum.
    *a = if borrow == carry { difference } else { words::add(&difference, p).0 };
}

/// a becomes a/2, or (a + p)/2 if a is odd.
#[inline(always)]
pub(crate) const fn half<const N: usize>(a: &mut [u64; N], p: &[u64; N]) {
    let (sum, carry) = words::add(a, &masked(p, a[0] & 1 == 1));
    let mut i = 0;
    while i < N {
        let above = if i + 1 < N { sum[i + 1] } else { carry as u64 };
        a[i] = sum[i] >> 1 | above << 63;
        i += 1;
    }
}

/// t·2^−W modulo p for a product t.
#[inline(always)]
pub(crate) const fn product<const N: usize>([low, high]: &mut [[u64; N]; 2], p: &[u64; N]) -> [u64; N] {
    let (number, carry) = if N == P256 {
        let (words, carry) = p256(words::rename(low), words::rename(high));
        (words::rename(&words), carry)
    } else {
        let (words, carry) = p384(words::rename(low), words::rename(high));
        (words::rename(&words), carry)
    };
    words::sub(&number, &masked(p, carry)).0
}

#[inline(always)]
const fn masked<const N: usize>(a: &[u64; N], keep: bool) -> [u64; N] {
    let mask = (keep as u64).wrapping_neg();
    let mut masked = [0; N];
    let mut i = 0;
    while i < N {
        masked[i] = a[i] & mask;
        i += 1;
    }
    masked
}

/// p = 2^256 − 2^224 + 2^192 + 2^96 − 1; −p⁻¹ ≡ 1 modulo 2^64, so each step adds m·p for the lowest word m itself.
///
/// m + m·p = m·2^96 + m·(2^64 − 2^32 + 1)·2^192: one product and two shifts.
#[inline(always)]
const fn p256(low: [u64; 4], high: [u64; 4]) -> ([u64; 4], bool) {
    const TOP: u64 = 0xffff_ffff_0000_0001;
    let [mut a, mut b, mut c, mut d] = low;
    let mut step = 0;
    while step < 4 {
        let product = a as u128 * TOP as u128;
        let (first, carry) = add(b, a << 32, false);
        let (second, carry) = add(c, a >> 32, carry);
        let (third, carry) = add(d, product as u64, carry);
        // At most (2^64 − 1)·TOP / 2^64 < 2^64 − 1.
        let fourth = (product >> 64) as u64 + carry as u64;
        (a, b, c, d) = (first, second, third, fourth);
        step += 1;
    }
    let (a, carry) = add(a, high[0], false);
    let (b, carry) = add(b, high[1], carry);
    let (c, carry) = add(c, high[2], carry);
    let (d, carry) = add(d, high[3], carry);
    ([a, b, c, d], carry)
}

/// p = 2^384 − 2^128 − 2^96 + 2^32 − 1; −p⁻¹ ≡ 2^32 + 1 modulo 2^64.
///
/// m·p = m·2^384 − m·(2^128 + 2^96 − 2^32 + 1), and 2^96 − 2^32 + 1 = (2^32 − 1)·2^64 + (2^64 − 2^32 + 1): two products.
#[inline(always)]
const fn p384(low: [u64; 6], high: [u64; 6]) -> ([u64; 6], bool) {
    let [mut a, mut b, mut c, mut d, mut e, mut f] = low;
    let mut step = 0;
    while step < 6 {
        let m = a.wrapping_add(a << 32);
        // m·(2^96 − 2^32 + 1) < 2^160, without its lowest word, which is a.
        let middle = m as u128 * 0xffff_ffff + ((m as u128 * 0xffff_ffff_0000_0001) >> 64);
        let (above, carry) = add((middle >> 64) as u64, m, false);
        // The lowest word becomes zero; the highest is m, less what is borrowed.
        let (first, borrow) = sub(b, middle as u64, false);
        let (second, borrow) = sub(c, above, borrow);
        let (third, borrow) = sub(d, carry as u64, borrow);
        let (fourth, borrow) = sub(e, 0, borrow);
        let (fifth, borrow) = sub(f, 0, borrow);
        let (sixth, _) = sub(m, 0, borrow);
        (a, b, c, d, e, f) = (first, second, third, fourth, fifth, sixth);
        step += 1;
    }
    let (a, carry) = add(a, high[0], false);
    let (b, carry) = add(b, high[1], carry);
    let (c, carry) = add(c, high[2], carry);
    let (d, carry) = add(d, high[3], carry);
    let (e, carry) = add(e, high[4], carry);
    let (f, carry) = add(f, high[5], carry);
    ([a, b, c, d, e, f], carry)
}
