//! Products modulo a number that is known at run time only: odd, of any length, with its top bit set.
//!
//! A number is a slice of words, little-endian, N of them, and k is their bits; so for the modulus n, 2^(k−1) < n < 2^k. Where
//! nothing else is said, operands and answers are any numbers below 2^k, below n or not. What is called a product has 2N words.
//! A slice of another length makes a wrong number, and no panic.

use crate::word::{self, Word};

/// Words that a row takes at a time. With 4 of them a verification takes a fifth more instructions on Cortex-M4, and with 16 a fifth
/// more time on x86-64.
const CHUNK: usize = 8;

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
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub fn reduce(&self, product: &mut [Word], to: &mut [Word]) {
        let mut rest = product;
        let mut above = false;
        for _ in self.n {
            let Some((row, [next, ..])) = rest.split_at_mut_checked(self.n.len()) else { return };
            let m = row.first().map_or(0, |lowest| lowest.wrapping_mul(self.inverse));
            (*next, above) = word::add(*next, add_row(row, m, self.n), above);
            rest = rest.get_mut(1..).unwrap_or_default();
        }
        for (to, word) in to.iter_mut().zip(rest) {
            *to = *word;
        }
        if above {
            subtract(to, self.n);
        }
    }

    /// The lower half of product becomes its remainder modulo n, below n, and the upper half zero; complement becomes 2^k − n.
    ///
    /// Long division (Knuth, TAOCP 4.3.1, algorithm D) that adds multiples of 2^k − n to the digits below, where it would
    /// subtract multiples of n from all of them. A digit of the quotient is first estimated, too small by 3 at most.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub fn divide(&self, product: &mut [Word], complement: &mut [Word]) {
        let Self { n, .. } = self;
        // n is odd: of its lowest word nothing is carried.
        for (complement, word) in complement.iter_mut().zip(*n) {
            *complement = !word;
        }
        if let Some(lowest) = complement.first_mut() {
            *lowest |= 1;
        }
        // Below n, as what each digit leaves: so it is less than 2^W.
        self.normalize(product.get_mut(n.len()..).unwrap_or_default());
        for i in (0..n.len()).rev() {
            let Some([digits @ .., top]) = product.get_mut(i..=i + n.len()) else { return };
            let quotient = self.quotient(*top, digits.last().map_or(0, |next| *next));
            let carry = add_row(digits, quotient, complement);
            *top = top.wrapping_add(carry).wrapping_sub(quotient);
            while *top != 0 || !less(digits, n) {
                let carry = add_row(digits, 1, complement);
                *top = top.wrapping_add(carry).wrapping_sub(1);
            }
        }
    }

    /// The estimate of ⌊a/n⌋ for a number a < n·2^W of N + 1 words, by its highest two, x = top·2^W + next: ⌊x·r·2^−2W⌋, where
    /// 2^W + the reciprocal is r.
    ///
    /// With d the highest word of n, r ≤ 2^2W/(d + 1), and so the estimate is at most x/(d + 1) ≤ a/n: it is never too large. It is
    /// more than x/(d + 1) − x·2^−2W − 1, since r ≥ 2^2W/(d + 1) − 1; and a/n < (x + 1)/d is x/(d + 1) and (x + d + 1)/(d·(d + 1)) more
    /// at most. With x < (d + 1)·2^W and y = (d + 1)·2^−W, those are less than y + 1 and, but for some 2^−W, 1/y. As 1/2 < y ≤ 1, that is
    /// less than 4 together: it is too small by 3 at most.
    pub fn quotient(&self, top: Word, next: Word) -> Word {
        let (_, low) = word::mul_add(0, next, self.reciprocal, 0);
        let (_, high) = word::mul_add(next, top, self.reciprocal, low);
        top.wrapping_add(high)
    }

    /// a becomes the same modulo n, below n.
    pub fn normalize(&self, a: &mut [Word]) {
        if !less(a, self.n) {
            // 2^k < 2n.
            subtract(a, self.n);
        }
    }
}

/// ⌊(2^2W − 1)/(d + 1)⌋ − 2^W for d ≥ 2^(W−1); 0 for 2^W − 1, instead of −1.
fn reciprocal(d: Word) -> Word {
    let Some(divisor) = d.checked_add(1) else { return 0 };
    // (2^2W − 1) − divisor·2^W, bit by bit: what is left stays below the divisor. The quotient has a one in front that leaves it when
    // it is complete, because the compiler unrolls a loop that counts.
    let (mut left, mut quotient) = (!divisor, 1);
    loop {
        let is_last = quotient >> (Word::BITS - 1) == 1;
        let overflows = left >> (Word::BITS - 1) == 1;
        (left, quotient) = (left << 1 | 1, quotient << 1);
        if overflows || left >= divisor {
            (left, quotient) = (left.wrapping_sub(divisor), quotient | 1);
        }
        if is_last {
            return quotient;
        }
    }
}

/// a becomes a − b modulo 2^k.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn subtract(a: &mut [Word], b: &[Word]) {
    let mut borrow = false;
    for (a, b) in a.iter_mut().zip(b) {
        (*a, borrow) = word::sub(*a, *b, borrow);
    }
}

/// Whether a < b.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn less(a: &[Word], b: &[Word]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// product becomes a·b, b coming word by word, the lowest first: row by row, N² products (HAC, algorithm 14.12).
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
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
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
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
    let (mut rest, mut shifted_out, mut carry) = (product, 0, false);
    for word in a {
        let [even, odd, above @ ..] = rest else { return };
        let (low, high) = word::mul_add(0, *word, *word, 0);
        let doubled = (*even << 1 | shifted_out, *odd << 1 | *even >> (Word::BITS - 1));
        shifted_out = *odd >> (Word::BITS - 1);
        (*even, carry) = word::add(doubled.0, low, carry);
        (*odd, carry) = word::add(doubled.1, high, carry);
        rest = above;
    }
}

/// Adds a·b to as many words, and returns what is left for the word above.
#[inline(never)]
fn add_row(mut words: &mut [Word], a: Word, mut b: &[Word]) -> Word {
    let mut above = 0;
    while let Some((chunk, others)) = b.split_first_chunk::<CHUNK>() {
        let Some((to, rest)) = words.split_first_chunk_mut::<CHUNK>() else { return above };
        above = add_chunk(to, a, chunk, above);
        (words, b) = (rest, others);
    }
    for (word, b) in words.iter_mut().zip(b) {
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
