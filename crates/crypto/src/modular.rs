//! Products modulo a number that is known at run time only: odd, of any length, with its top bit set.
//!
//! A number is a slice of words, little-endian, N of them, and k is their bits; so for the modulus n, 2^(k−1) < n < 2^k. Where
//! nothing else is said, operands and answers are any numbers below 2^k, below n or not. What is called a product has 2N words.
//! A slice of another length makes a wrong number, and no panic.

use crate::word::{self, Word};

/// Words that a row takes at a time.
const CHUNK: usize = if Word::BITS == 64 { 8 } else { 4 };

/// An odd number with its top bit set.
#[derive(Clone, Copy, Debug)]
pub struct Modulus<'w> {
    n: &'w [Word],
    /// −n⁻¹ modulo 2^W.
    inverse: Word,
    /// [`reciprocal`] of the highest word.
    reciprocal: Word,
}

impl<'w> Modulus<'w> {
    /// `None` unless it is odd and its top bit is set.
    pub fn new(n: &'w [Word]) -> Option<Self> {
        let (lowest, highest) = (*n.first()?, *n.last()?);
        (lowest & 1 == 1 && highest >> (Word::BITS - 1) == 1).then(|| Self {
            n,
            inverse: word::inverse(lowest).wrapping_neg(),
            reciprocal: reciprocal(highest),
        })
    }

    /// to becomes product·2^−k modulo n, and product nothing of use.
    ///
    /// By rows, as in HAC, algorithm 14.32: a multiple m·n with m < 2^k is added to the product below 2^2k, so that
    /// (product + m·n)·2^−k < 2^k + n, and n is subtracted once if that has left k bits.
    pub fn reduce(&self, product: &mut [Word], to: &mut [Word]) {
        let mut rest = product;
        let mut above = false;
        for _ in self.n {
            let Some((row, [next, ..])) = rest.split_at_mut_checked(self.n.len()) else { return };
            let m = row.first().map_or(0, |lowest| lowest.wrapping_mul(self.inverse));
            (*next, above) = word::add(*next, add_row(row, m, self.n), above);
            rest = rest.get_mut(1..).unwrap_or_default();
        }
        let mut borrow = false;
        for ((to, word), n) in to.iter_mut().zip(rest).zip(self.n) {
            (*to, borrow) = word::sub(*word, if above { *n } else { 0 }, borrow);
        }
    }

    /// The lower half of product, of which the upper half is below n, becomes its remainder modulo n, below n; and complement
    /// becomes 2^k − n.
    ///
    /// Long division (Knuth, TAOCP 4.3.1, algorithm D) that adds multiples of 2^k − n to the digits below, where it would
    /// subtract multiples of n from all of them. A digit of the quotient is first estimated, too small by 4 at most.
    pub fn divide(&self, product: &mut [Word], complement: &mut [Word]) {
        let Self { n, .. } = self;
        // n is odd: of its lowest word nothing is carried.
        for (complement, word) in complement.iter_mut().zip(*n) {
            *complement = !word;
        }
        if let Some(lowest) = complement.first_mut() {
            *lowest |= 1;
        }
        for i in (0..n.len()).rev() {
            let Some([digits @ .., top]) = product.get_mut(i..=i + n.len()) else { return };
            let quotient = self.quotient(*top, digits.last().map_or(0, |next| *next));
            let carry = add_row(digits, quotient, complement);
            *top = top.wrapping_add(carry).wrapping_sub(quotient);
            while *top != 0 || !less(digits, n) {
                let mut carry = false;
                for (digit, complement) in digits.iter_mut().zip(&*complement) {
                    (*digit, carry) = word::add(*digit, *complement, carry);
                }
                *top = top.wrapping_add(Word::from(carry)).wrapping_sub(1);
            }
        }
    }

    /// The estimate of ⌊a/n⌋ for a number a < n·2^W of N + 1 words, by its highest two, x = top·2^W + next: ⌊x·r·2^−2W⌋, where
    /// 2^W + the reciprocal is r.
    ///
    /// With d the highest word of n, r ≤ 2^2W/(d + 1), and so the estimate is at most x/(d + 1) ≤ a/n. It is more than
    /// x/(d + 1) − 2, since r ≥ 2^2W/(d + 1) − 1 and x < 2^2W. And a/n < (x + 1)/d, which is x/(d + 1) and
    /// (x + d + 1)/(d·(d + 1)) ≤ 2 + 2^(1−W) more, since x < (d + 1)·2^W and d ≥ 2^(W−1). So it is too small by 4 at most.
    fn quotient(&self, top: Word, next: Word) -> Word {
        let (_, low) = word::mul_add(0, next, self.reciprocal, 0);
        let (_, high) = word::mul_add(next, top, self.reciprocal, low);
        top.wrapping_add(high)
    }

    /// a becomes the same modulo n, below n.
    pub fn normalize(&self, a: &mut [Word]) {
        if !less(a, self.n) {
            // 2^k < 2n.
            let mut borrow = false;
            for (word, n) in a.iter_mut().zip(self.n) {
                (*word, borrow) = word::sub(*word, *n, borrow);
            }
        }
    }
}

/// ⌊(2^2W − 1)/(d + 1)⌋ − 2^W for d ≥ 2^(W−1); 0 for 2^W − 1, instead of −1.
fn reciprocal(d: Word) -> Word {
    let Some(divisor) = d.checked_add(1) else { return 0 };
    // (2^2W − 1) − divisor·2^W, bit by bit: what is left stays below the divisor.
    let (mut left, mut quotient) = (!divisor, 0);
    for _ in 0..Word::BITS {
        let overflows = left >> (Word::BITS - 1) == 1;
        left = left << 1 | 1;
        quotient <<= 1;
        if overflows || left >= divisor {
            left = left.wrapping_sub(divisor);
            quotient |= 1;
        }
    }
    quotient
}

/// Whether a < b.
fn less(a: &[Word], b: &[Word]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// product becomes a·b, b coming word by word, the lowest first: row by row, N² products (HAC, algorithm 14.12).
pub fn multiply(a: &[Word], b: impl Iterator<Item = Word>, product: &mut [Word]) {
    product.fill(0);
    let mut rest = product;
    for b in b {
        let Some((row, [next, ..])) = rest.split_at_mut_checked(a.len()) else { return };
        *next = add_row(row, b, a);
        rest = rest.get_mut(1..).unwrap_or_default();
    }
}

/// product becomes a²: N(N − 1)/2 products taken twice and N squares (HAC, algorithm 14.16).
pub fn square(a: &[Word], product: &mut [Word]) {
    product.fill(0);
    let (mut others, mut rest) = (a, &mut *product);
    while let [word, above @ ..] = others {
        let Some((row, next)) = rest.get_mut(1..).unwrap_or_default().split_at_mut_checked(above.len()) else { return };
        if let Some(next) = next.first_mut() {
            *next = add_row(row, *word, above);
        }
        (others, rest) = (above, rest.get_mut(2..).unwrap_or_default());
    }
    let (mut shifted_out, mut carry) = (0, false);
    let (pairs, _) = product.as_chunks_mut::<2>();
    for ([even, odd], word) in pairs.iter_mut().zip(a) {
        let (low, high) = word::mul_add(0, *word, *word, 0);
        let doubled = (*even << 1 | shifted_out, *odd << 1 | *even >> (Word::BITS - 1));
        shifted_out = *odd >> (Word::BITS - 1);
        (*even, carry) = word::add(doubled.0, low, carry);
        (*odd, carry) = word::add(doubled.1, high, carry);
    }
}

/// Adds a·b to as many words, and returns what is left for the word above.
#[inline(never)]
fn add_row(words: &mut [Word], a: Word, b: &[Word]) -> Word {
    let (chunks, last) = words.as_chunks_mut::<CHUNK>();
    let (b_chunks, b_last) = b.as_chunks::<CHUNK>();
    let mut above = 0;
    for (words, b) in chunks.iter_mut().zip(b_chunks) {
        above = add_chunk(words, a, b, above);
    }
    for (word, b) in last.iter_mut().zip(b_last) {
        (*word, above) = word::mul_add(*word, a, *b, above);
    }
    above
}

/// Adds a·b and what is left of the words below, and returns what is left for those above.
///
/// With 64 bits two chains of carries, as in `words.rs`, and with 32 bits one.
#[inline(always)]
fn add_chunk(words: &mut [Word; CHUNK], a: Word, b: &[Word; CHUNK], mut above: Word) -> Word {
    if Word::BITS == 64 {
        let mut row = [0; CHUNK];
        let mut carry = false;
        for (row, b) in row.iter_mut().zip(b) {
            let (low, high) = word::mul_add(0, a, *b, 0);
            (*row, carry) = word::add(low, above, carry);
            above = high;
        }
        // The highest word of a product is at most 2^W − 2.
        above += Word::from(carry);
        carry = false;
        for (word, row) in words.iter_mut().zip(row) {
            (*word, carry) = word::add(*word, row, carry);
        }
        above + Word::from(carry)
    } else {
        for (word, b) in words.iter_mut().zip(b) {
            (*word, above) = word::mul_add(*word, a, *b, above);
        }
        above
    }
}
