//! Numbers of N words, little-endian: what field and scalars share.

use crate::{
    P384,
    word::{self, Word},
};

/// The octets of a word.
pub(crate) const OCTETS: usize = (Word::BITS / 8) as usize;

/// Reads a number from big-endian octets: as many as N words have, or fewer.
pub(crate) const fn from_be<const N: usize>(octets: &[u8]) -> [Word; N] {
    let mut words = [0; N];
    let mut rest = octets;
    let mut i = 0;
    while let Some((&octet, before)) = rest.split_last() {
        if i / OCTETS < N {
            words[i / OCTETS] |= (octet as Word) << (8 * (i % OCTETS));
        }
        rest = before;
        i += 1;
    }
    words
}

/// a + b, as (sum, carry).
#[inline(always)]
pub(crate) const fn add<const N: usize>(a: &[Word; N], b: &[Word; N]) -> ([Word; N], bool) {
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
pub(crate) const fn sub<const N: usize>(a: &[Word; N], b: &[Word; N]) -> ([Word; N], bool) {
    let mut difference = [0; N];
    let mut borrow = false;
    let mut i = 0;
    while i < N {
        (difference[i], borrow) = word::sub(a[i], b[i], borrow);
        i += 1;
    }
    (difference, borrow)
}

/// Whether a < b.
pub(crate) const fn less<const N: usize>(a: &[Word; N], b: &[Word; N]) -> bool {
    sub(a, b).1
}

/// Whether a = b. Leaves at the first word that differs, which is nearly always the first.
#[inline(always)]
pub(crate) const fn equal<const N: usize>(a: &[Word; N], b: &[Word; N]) -> bool {
    let mut i = 0;
    while i < N {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// One bit, counted from the least.
#[inline(always)]
pub(crate) const fn bit<const N: usize>(a: &[Word; N], index: usize) -> bool {
    let word = index / Word::BITS as usize;
    word < N && a[word] >> (index % Word::BITS as usize) & 1 == 1
}

/// Up to 8 bits from one on, zeros above the highest.
#[inline(always)]
pub(crate) const fn bits<const N: usize>(a: &[Word; N], index: usize, count: u32) -> Word {
    let (word, shift) = (index / Word::BITS as usize, index as u32 % Word::BITS);
    let mut bits = if word < N { a[word] >> shift } else { 0 };
    if shift > 0 && word + 1 < N {
        bits |= a[word + 1] << (Word::BITS - shift);
    }
    bits & ((1 << count) - 1)
}

/// a·b, as its low and its high words: row by row, N² products (HAC, algorithm 14.12).
#[inline(always)]
pub const fn mul<const N: usize>(a: &[Word; N], b: &[Word; N]) -> [[Word; N]; 2] {
    let mut product = [[0; N]; 2];
    let words = product.as_flattened_mut();
    if Word::BITS == 64 {
        // The compiler does not unroll six rows, and in a loop a verification takes 5 % more time (`benches/peers`).
        words[N] = add_row_64(words, 0, a[0], b);
        words[N + 1] = add_row_64(words, 1, a[1], b);
        words[N + 2] = add_row_64(words, 2, a[2], b);
        words[N + 3] = add_row_64(words, 3, a[3], b);
        if N == P384 {
            words[N + 4] = add_row_64(words, 4, a[4], b);
            words[N + 5] = add_row_64(words, 5, a[5], b);
        }
    } else {
        let mut i = 0;
        while i < N {
            words[i + N] = add_row_32(words, i, a[i], b);
            i += 1;
        }
    }
    product
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

/// a², as its low and its high words: N(N − 1)/2 products taken twice and N squares (HAC, algorithm 14.16).
#[inline(always)]
pub const fn square<const N: usize>(a: &[Word; N]) -> [[Word; N]; 2] {
    let mut product = [[0; N]; 2];
    let words = product.as_flattened_mut();
    let mut i = 0;
    while i < N {
        let mut carry = 0;
        let mut j = i + 1;
        while j < N {
            (words[i + j], carry) = word::mul_add(words[i + j], a[i], a[j], carry);
            j += 1;
        }
        words[i + N] = carry;
        i += 1;
    }
    let mut shifted_out = 0;
    let mut carry = false;
    let mut i = 0;
    while i < N {
        let (low, high) = word::mul_add(0, a[i], a[i], 0);
        let (even, odd) = (words[2 * i], words[2 * i + 1]);
        (words[2 * i], carry) = word::add(even << 1 | shifted_out, low, carry);
        (words[2 * i + 1], carry) = word::add(odd << 1 | even >> (Word::BITS - 1), high, carry);
        shifted_out = odd >> (Word::BITS - 1);
        i += 1;
    }
    product
}

/// The same words under the name of another number of them: N = M wherever this is run.
#[inline(always)]
pub(crate) const fn rename<const N: usize, const M: usize>(a: &[Word; N]) -> [Word; M] {
    let mut renamed = [0; M];
    let mut i = 0;
    while i < M && i < N {
        renamed[i] = a[i];
        i += 1;
    }
    renamed
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
