//! Sums, differences, halves and products modulo p in words of 32 bits, W = 32·N.
//!
//! Operands are any numbers below 2^W, below p or not, and so are the answers; 2p > 2^W. What a function changes it changes in
//! place, which keeps the stack small, and its loops are as short when they are not unrolled.

use crate::{word, words::Words};

/// a becomes a + b, less p as often as that has more than W bits: at most twice, since a + b − 2p < 2^(W + 1) − 2p < 2^W.
///
/// `complement` is 2^W − p.
#[inline(always)]
pub(crate) fn sum<W: Words>(a: &mut W, b: &W, complement: &W) {
    let mut addend = b;
    // The carry is 2^W, and adding the complement then makes −p of it.
    while add(a, addend) {
        addend = complement;
    }
}

/// a becomes a − b, and p more as often as that is negative: at most twice, since a − b + 2p > 2p − 2^W > 0.
#[inline(always)]
pub(crate) fn difference<W: Words>(a: &mut W, b: &W, p: &W) {
    // a + (2^W − 1 − b) + 1, because the compiler makes a chain of carries of sums, and none of differences.
    let mut carry = true;
    for (a, b) in a.as_mut().iter_mut().zip(b.as_ref()) {
        (*a, carry) = word::add(*a, !b, carry);
    }
    while !carry {
        carry = add(a, p);
    }
}

/// a becomes a + b; returns the carry.
#[inline(always)]
fn add<W: Words>(a: &mut W, b: &W) -> bool {
    let mut carry = false;
    for (a, b) in a.as_mut().iter_mut().zip(b.as_ref()) {
        (*a, carry) = word::add(*a, *b, carry);
    }
    carry
}

/// a becomes a/2, or (a + p)/2 if a is odd.
#[inline(always)]
pub(crate) fn half<W: Words>(a: &mut W, p: &W) {
    let (a, p) = (a.as_mut(), p.as_ref());
    let mask = (a[0] & 1).wrapping_neg();
    let mut column = 0_i64;
    for i in 0..a.len() {
        column += i64::from(a[i]) + i64::from(p[i] & mask);
        if i > 0 {
            a[i - 1] |= (column as u32) << 31;
        }
        a[i] = column as u32 >> 1;
        column >>= 32;
    }
    a[a.len() - 1] |= (column as u32) << 31;
}

// Products are t·2^−W modulo p for a product t, by Montgomery's method as in HAC, algorithm 14.32, column by column.
//
// For both primes −p⁻¹ ≡ 1 modulo 2^32 and every term of p is a power of 2^32, so that the multiple m[i] of p to add is
// the column i itself, and adding it is adding m[i] to a few columns. It is put where the column was. A column sums at most
// six words, so a signed 64-bit accumulator is far from its limits.
//
// The answer is congruent and less than 2^W: t·2^−W + m·p·2^−W < 2^W + p, and p is subtracted once if the sum has left
// W bits.

/// t·2^−256 modulo p = 2^256 − 2^224 + 2^192 + 2^96 − 1, below 2^256, for a product t of any two numbers, which is used up.
#[inline(never)]
pub(crate) fn p256(t: &mut [[u32; 8]; 2], p: &[u32; 8]) -> [u32; 8] {
    let words = t.as_flattened_mut();
    let mut column = 0_i64;
    for i in 0..8 {
        column += i64::from(words[i]);
        if i >= 3 {
            column += i64::from(words[i - 3]);
            if i >= 6 {
                column += i64::from(words[i - 6]);
                if i >= 7 {
                    column -= i64::from(words[i - 7]);
                }
            }
        }
        words[i] = column as u32;
        column >>= 32;
    }
    for i in 0..8 {
        column += i64::from(words[i + 8]) + i64::from(words[i]);
        if i < 7 {
            column -= i64::from(words[i + 1]);
            if i < 6 {
                column += i64::from(words[i + 2]);
                if i < 3 {
                    column += i64::from(words[i + 5]);
                }
            }
        }
        words[i + 8] = column as u32;
        column >>= 32;
    }
    within(&t[1], column != 0, p)
}

/// t·2^−384 modulo p = 2^384 − 2^128 − 2^96 + 2^32 − 1, below 2^384, for a product t of any two numbers, which is used up.
#[inline(never)]
pub(crate) fn p384(t: &mut [[u32; 12]; 2], p: &[u32; 12]) -> [u32; 12] {
    let words = t.as_flattened_mut();
    let mut column = 0_i64;
    for i in 0..12 {
        column += i64::from(words[i]);
        if i >= 1 {
            column += i64::from(words[i - 1]);
            if i >= 3 {
                column -= i64::from(words[i - 3]);
                if i >= 4 {
                    column -= i64::from(words[i - 4]);
                }
            }
        }
        words[i] = column as u32;
        column >>= 32;
    }
    for i in 0..12 {
        column += i64::from(words[i + 12]) + i64::from(words[i]);
        if i < 4 {
            column -= i64::from(words[i + 8]);
            if i < 3 {
                column -= i64::from(words[i + 9]);
                if i < 1 {
                    column += i64::from(words[i + 11]);
                }
            }
        }
        words[i + 12] = column as u32;
        column >>= 32;
    }
    within(&t[1], column != 0, p)
}

/// The sum, less p if it has left W bits.
#[inline(always)]
fn within<const N: usize>(sum: &[u32; N], has_left: bool, p: &[u32; N]) -> [u32; N] {
    let mut sum = *sum;
    if has_left {
        let mut column = 0_i64;
        for i in 0..N {
            column += i64::from(sum[i]) - i64::from(p[i]);
            sum[i] = column as u32;
            column >>= 32;
        }
    }
    sum
}
