//! Numbers of as many words as a curve needs, little-endian: what field and scalars share.

use core::fmt::Debug;

use crate::word::{self, Word};

/// The octets of a word.
pub(crate) const OCTETS: usize = (Word::BITS / 8) as usize;

/// A number from 0 to 2^W − 1, W being the bits of its N words.
pub trait Words: Copy + Debug + Eq + AsRef<[Word]> + AsMut<[Word]> + 'static {
    /// Something for each word.
    type Each<T: Copy>: AsRef<[T]> + AsMut<[T]>;

    /// Zero.
    const ZERO: Self;

    /// Twice zero, for a product to be written over.
    fn zeros() -> [Self; 2];

    /// The octets of all words.
    const OCTETS: usize;

    /// The same for each word.
    fn each<T: Copy>(value: T) -> Self::Each<T>;

    /// Reads a number from big-endian octets, as many as its words have or fewer. Of more, the last ones count.
    fn from_be(octets: &[u8]) -> Self;

    /// a + b modulo 2^W, as (sum, carry).
    fn add(&self, other: &Self) -> (Self, bool);

    /// a − b modulo 2^W, as (difference, borrow).
    fn sub(&self, other: &Self) -> (Self, bool);

    /// Whether a < b.
    fn less(&self, other: &Self) -> bool;

    /// Whether a = b. With words of 64 bits it leaves at the first one that differs, which is nearly always the first.
    fn equal(&self, other: &Self) -> bool;

    /// Whether a = 0.
    fn is_zero(&self) -> bool;

    /// One bit, counted from the least; none above the highest.
    fn bit(&self, index: usize) -> bool;

    /// Up to 8 bits from one on, as a number; zeros above the highest.
    fn bits(&self, index: usize, count: u32) -> Word;

    /// Writes a·b, as its low and its high words, over zeros: row by row, N² products (HAC, algorithm 14.12). Over other numbers
    /// it writes another one.
    ///
    /// Written where the caller wants it, because a returned one is copied: 64 bytes of stack on Cortex-M4.
    fn write_product(&self, other: &Self, product: &mut [Self; 2]);

    /// a², as its low and its high words: N(N − 1)/2 products taken twice and N squares (HAC, algorithm 14.16).
    ///
    /// Returned, because where the loops are unrolled the compiler keeps its words in registers: 4 % of a verification on RV32.
    fn square(&self) -> [Self; 2];
}

impl<const N: usize> Words for [Word; N] {
    type Each<T: Copy> = [T; N];

    const ZERO: Self = [0; N];

    const OCTETS: usize = N * OCTETS;

    #[inline(always)]
    fn zeros() -> [Self; 2] {
        // Of a zero that it knows the compiler makes a call that clears memory, which is short and slow: 4 % of a verification on
        // Cortex-M4.
        let zero = if Word::BITS == 64 || cfg!(feature = "compact") { 0 } else { core::hint::black_box(0) };
        [[zero; N]; 2]
    }

    #[inline(always)]
    fn each<T: Copy>(value: T) -> [T; N] {
        [value; N]
    }

    // In one place, because where the loop is unrolled it is long: 700 bytes of flash on Cortex-M4.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn from_be(octets: &[u8]) -> Self {
        let mut words = [0; N];
        for (i, &octet) in octets.iter().rev().enumerate() {
            if i / OCTETS < N {
                words[i / OCTETS] |= Word::from(octet) << (8 * (i % OCTETS));
            }
        }
        words
    }

    #[inline(always)]
    fn add(&self, other: &Self) -> (Self, bool) {
        add(self, other)
    }

    #[inline(always)]
    fn sub(&self, other: &Self) -> (Self, bool) {
        sub(self, other)
    }

    fn less(&self, other: &Self) -> bool {
        sub(self, other).1
    }

    #[inline(always)]
    fn equal(&self, other: &Self) -> bool {
        // Where words have 32 bits, `==` calls what compares octets, and is shorter, but nearly always the first word decides; with 64
        // bits that call takes longer than a loop.
        if Word::BITS == 64 {
            self.iter().zip(other).all(|(a, b)| a == b)
        } else {
            (cfg!(feature = "compact") || self[0] == other[0]) && *self == *other
        }
    }

    #[inline(always)]
    fn is_zero(&self) -> bool {
        self.equal(&Self::ZERO)
    }

    #[inline(always)]
    fn bit(&self, index: usize) -> bool {
        let word = index / Word::BITS as usize;
        word < N && self[word] >> (index % Word::BITS as usize) & 1 == 1
    }

    #[inline(always)]
    fn bits(&self, index: usize, count: u32) -> Word {
        let (word, shift) = (index / Word::BITS as usize, index as u32 % Word::BITS);
        let mut bits = if word < N { self[word] >> shift } else { 0 };
        if shift > 0 && word + 1 < N {
            bits |= self[word + 1] << (Word::BITS - shift);
        }
        bits & ((1 << count) - 1)
    }

    #[inline(always)]
    fn write_product(&self, other: &Self, product: &mut [Self; 2]) {
        let words = product.as_flattened_mut();
        debug_assert!(words.iter().all(|word| *word == 0), "a product is written over zeros");
        if Word::BITS == 64 {
            // The compiler does not unroll six rows, and in a loop a verification takes 5 % more time (`benches/peers`).
            words[N] = add_row_64(words, 0, self[0], other);
            words[N + 1] = add_row_64(words, 1, self[1], other);
            words[N + 2] = add_row_64(words, 2, self[2], other);
            words[N + 3] = add_row_64(words, 3, self[3], other);
            if N > 4 {
                words[N + 4] = add_row_64(words, 4, self[4], other);
                words[N + 5] = add_row_64(words, 5, self[5], other);
            }
        } else {
            let mut i = 0;
            while i < N {
                words[i + N] = add_row_32(words, i, self[i], other);
                i += 1;
            }
        }
    }

    #[inline(always)]
    fn square(&self) -> [Self; 2] {
        let mut square = Self::zeros();
        let words = square.as_flattened_mut();
        let mut i = 0;
        while i < N {
            let mut carry = 0;
            // No `for` around it, and slices cut where their length is known: otherwise a check of an index stays where code is
            // built for its size, and with it what prints a panic, 1 KB on Cortex-M4.
            let (row, _) = words.split_at_mut(i + N);
            let (_, others) = self.split_at(i + 1);
            for (word, b) in row[2 * i + 1..].iter_mut().zip(others) {
                (*word, carry) = word::mul_add(*word, self[i], *b, carry);
            }
            words[i + N] = carry;
            i += 1;
        }
        let mut shifted_out = 0;
        let mut carry = false;
        let mut i = 0;
        while i < N {
            let (low, high) = word::mul_add(0, self[i], self[i], 0);
            let (even, odd) = (words[2 * i], words[2 * i + 1]);
            (words[2 * i], carry) = word::add(even << 1 | shifted_out, low, carry);
            (words[2 * i + 1], carry) = word::add(odd << 1 | even >> (Word::BITS - 1), high, carry);
            shifted_out = odd >> (Word::BITS - 1);
            i += 1;
        }
        square
    }
}

/// a + b, as (sum, carry).
#[inline(always)]
const fn add<const N: usize>(a: &[Word; N], b: &[Word; N]) -> ([Word; N], bool) {
    let mut sum = [0; N];
    let mut carry = false;
    let mut i = 0;
    while i < N {
        (sum[i], carry) = word::add(a[i], b[i], carry);
        i += 1;
    }
    (sum, carry)
}

/// a − b, as (difference, borrow).
#[inline(always)]
const fn sub<const N: usize>(a: &[Word; N], b: &[Word; N]) -> ([Word; N], bool) {
    let mut difference = [0; N];
    let mut borrow = false;
    let mut i = 0;
    while i < N {
        (difference[i], borrow) = word::sub(a[i], b[i], borrow);
        i += 1;
    }
    (difference, borrow)
}

/// Adds a·b from a word on, and returns what is left for the word above.
///
/// Two chains of carries, one within the row and one from row to sum: the form that x86-64 takes fewest instructions for.
#[inline(always)]
const fn add_row_64<const N: usize>(words: &mut [Word], from: usize, a: Word, b: &[Word; N]) -> Word {
    let mut row = [0; N];
    let mut above = 0;
    let mut carry = false;
    let mut j = 0;
    while j < N {
        let (low, high) = word::mul_add(0, a, b[j], 0);
        (row[j], carry) = word::add(low, above, carry);
        above = high;
        j += 1;
    }
    // The highest word of a row is at most 2^W − 2, and that of its sum with the words before at most 2^W − 1.
    above += carry as Word;
    carry = false;
    j = 0;
    while j < N {
        (words[from + j], carry) = word::add(words[from + j], row[j], carry);
        j += 1;
    }
    above + carry as Word
}

/// The same with one chain: word by word what `umaal` of Armv7E-M does in one instruction, four of them in a row.
#[inline(always)]
const fn add_row_32<const N: usize>(words: &mut [Word], from: usize, a: Word, b: &[Word; N]) -> Word {
    // Zero, as the word above still is. The compiler makes longer code of a zero that it knows.
    let mut carry = words[from + N];
    let (_, mut words) = words.split_at_mut(from);
    let mut b = b.as_slice();
    while let [b0, b1, b2, b3, b_above @ ..] = b {
        let [w0, w1, w2, w3, above @ ..] = words else { return carry };
        (*w0, carry) = word::mul_add(*w0, a, *b0, carry);
        (*w1, carry) = word::mul_add(*w1, a, *b1, carry);
        (*w2, carry) = word::mul_add(*w2, a, *b2, carry);
        (*w3, carry) = word::mul_add(*w3, a, *b3, carry);
        (b, words) = (b_above, above);
    }
    carry
}

/// a·2^n modulo m, for a < m: bit by bit, at compile time.
pub(crate) const fn shifted<const N: usize>(mut a: [Word; N], n: u32, m: &[Word; N]) -> [Word; N] {
    let mut i = 0;
    while i < n {
        let (double, carry) = add(&a, &a);
        let (reduced, borrow) = sub(&double, m);
        a = if carry || !borrow { reduced } else { double };
        i += 1;
    }
    a
}

/// One.
pub(crate) const fn one<const N: usize>() -> [Word; N] {
    let mut one = [0; N];
    one[0] = 1;
    one
}

/// Reads hexadecimal digits at compile time.
pub(crate) const fn hex<const N: usize>(digits: &str) -> [Word; N] {
    let digits = digits.as_bytes();
    assert!(digits.len() == 2 * OCTETS * N, "as many digits as the words hold");
    let mut words = [0; N];
    let mut i = 0;
    while i < digits.len() {
        let digit = match digits[digits.len() - 1 - i] {
            digit @ b'0'..=b'9' => digit - b'0',
            digit @ b'a'..=b'f' => digit - b'a' + 10,
            _ => panic!("a hexadecimal digit"),
        };
        words[i / (2 * OCTETS)] |= (digit as Word) << (4 * (i % (2 * OCTETS)));
        i += 1;
    }
    words
}
