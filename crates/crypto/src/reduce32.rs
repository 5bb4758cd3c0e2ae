//! Sums, differences, halves and products modulo p in words of 32 bits, W = 32·N.
//!
//! In the place of an operand, which keeps the stack small, and in loops that are as short when they are not unrolled.

use crate::{P256, word};

/// a becomes a + b, less p as often as that has more than W bits: at most twice, since a + b − 2p < 2^(W + 1) − 2p < 2^W.
///
/// `complement` is 2^W − p.
#[inline(always)]
pub(crate) const fn sum<const N: usize>(a: &mut [u32; N], b: &[u32; N], complement: &[u32; N]) {
    let mut addend = b;
    // The carry is 2^W, and adding the complement then makes −p of it.
    while add(a, addend) {
        addend = complement;
    }
}

/// a becomes a − b, and p more as often as that is negative: at most twice, since a − b + 2p > 2p − 2^W > 0.
#[inline(always)]
pub(crate) const fn difference<const N: usize>(a: &mut [u32; N], b: &[u32; N], p: &[u32; N]) {
    // a + (2^W − 1 − b) + 1, because the compiler makes a chain of carries of sums, and none of differences.
    let mut carry = true;
    let mut i = 0;
    while i < N {
        (a[i], carry) = word::add(a[i], !b[i], carry);
        i += 1;
    }
    while !carry {
        carry = add(a, p);
    }
}

/// a becomes a + b; returns the carry.
#[inline(always)]
const fn add<const N: usize>(a: &mut [u32; N], b: &[u32; N]) -> bool {
    let mut carry = false;
    let mut i = 0;
    while i < N {
        (a[i], carry) = word::add(a[i], b[i], carry);
        i += 1;
    }
    carry
}

/// a becomes a/2, or (a + p)/2 if a is odd.
#[inline(always)]
pub(crate) const fn half<const N: usize>(a: &mut [u32; N], p: &[u32; N]) {
    let mask = (a[0] & 1).wrapping_neg();
    let mut column = 0_i64;
    let mut i = 0;
    while i < N {
        column += a[i] as i64 + (p[i] & mask) as i64;
        if i > 0 {
            a[i - 1] |= (column as u32) << 31;
        }
        a[i] = column as u32 >> 1;
        column >>= 32;
        i += 1;
    }
    a[N - 1] |= (column as u32) << 31;
}

/// t·2^−W modulo p for a product t, by Montgomery's method as in HAC, algorithm 14.32, column by column.
///
/// For both primes −p⁻¹ ≡ 1 modulo 2^32 and every term of p is a power of 2^32, so that the multiple m[i] of p to add is
/// the column i itself, and adding it is adding m[i] to a few columns. It is put where the column was. A column sums at most
/// six words, so a signed 64-bit accumulator is far from its limits.
///
/// The answer is congruent and less than 2^W: t·2^−W + m·p·2^−W < 2^W + p, and p is subtracted once if the sum has left
/// W bits.
#[inline(never)]
pub(crate) const fn product<const N: usize>(t: &mut [[u32; N]; 2], p: &[u32; N]) -> [u32; N] {
    let words = t.as_flattened_mut();
    let mut column = 0_i64;
    let mut i = 0;
    while i < N {
        column += words[i] as i64;
        if N == P256 {
            // p = 2^256 − 2^224 + 2^192 + 2^96 − 1.
            if i >= 3 {
                column += words[i - 3] as i64;
                if i >= 6 {
                    column += words[i - 6] as i64;
                    if i >= 7 {
                        column -= words[i - 7] as i64;
                    }
                }
            }
        } else {
            // p = 2^384 − 2^128 − 2^96 + 2^32 − 1.
            if i >= 1 {
                column += words[i - 1] as i64;
                if i >= 3 {
                    column -= words[i - 3] as i64;
                    if i >= 4 {
                        column -= words[i - 4] as i64;
                    }
                }
            }
        }
        words[i] = column as u32;
        column >>= 32;
        i += 1;
    }
    let mut i = 0;
    while i < N {
        column += words[i + N] as i64 + words[i] as i64;
        if N == P256 {
            if i < 7 {
                column -= words[i + 1] as i64;
                if i < 6 {
                    column += words[i + 2] as i64;
                    if i < 3 {
                        column += words[i + 5] as i64;
                    }
                }
            }
        } else if i < 4 {
            column -= words[i + 8] as i64;
            if i < 3 {
                column -= words[i + 9] as i64;
                if i < 1 {
                    column += words[i + 11] as i64;
                }
            }
        }
        words[i + N] = column as u32;
        column >>= 32;
        i += 1;
    }
    let mut sum = t[1];
    if column != 0 {
        column = 0;
        let mut i = 0;
        while i < N {
            column += sum[i] as i64 - p[i] as i64;
            sum[i] = column as u32;
            column >>= 32;
            i += 1;
        }
    }
    sum
}
