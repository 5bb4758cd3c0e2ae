//! Words: 64 bits where the target's registers have them, 32 elsewhere.

#[cfg(target_pointer_width = "64")]
mod size {
    pub(crate) type Word = u64;
    pub(crate) type Wide = u128;
    pub(crate) type Signed = i64;
    pub(crate) type SignedWide = i128;
}

#[cfg(not(target_pointer_width = "64"))]
mod size {
    pub(crate) type Word = u32;
    pub(crate) type Wide = u64;
    pub(crate) type Signed = i32;
    pub(crate) type SignedWide = i64;
}

pub(crate) use size::{Signed, SignedWide, Wide, Word};

/// a + b + carry, as (low, carry).
#[inline(always)]
pub(crate) const fn add(a: Word, b: Word, carry: bool) -> (Word, bool) {
    let (sum, first) = a.overflowing_add(b);
    let (sum, second) = sum.overflowing_add(carry as Word);
    (sum, first | second)
}

/// a − b − borrow, as (low, borrow).
#[inline(always)]
pub(crate) const fn sub(a: Word, b: Word, borrow: bool) -> (Word, bool) {
    let (difference, first) = a.overflowing_sub(b);
    let (difference, second) = difference.overflowing_sub(borrow as Word);
    (difference, first | second)
}

/// The inverse of an odd word modulo 2^W: by Newton's method, which doubles the bits that are right in each round. An odd number
/// is its own inverse modulo 8.
pub(crate) const fn inverse(odd: Word) -> Word {
    let mut inverse = odd;
    let mut bits = 3;
    while bits < Word::BITS {
        inverse = inverse.wrapping_mul((2 as Word).wrapping_sub(odd.wrapping_mul(inverse)));
        bits *= 2;
    }
    inverse
}

/// a + b·c + d, as (low, high): at most (2^W − 1)² + 2(2^W − 1) = 2^2W − 1, so nothing is lost.
#[inline(always)]
pub(crate) const fn mul_add(a: Word, b: Word, c: Word, d: Word) -> (Word, Word) {
    let wide = b as Wide * c as Wide + a as Wide + d as Wide;
    (wide as Word, (wide >> Word::BITS) as Word)
}
