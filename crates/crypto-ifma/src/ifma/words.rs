//! The four words of a number of `genuine-crypto` into the five limbs of an element, and back.

use core::arch::x86_64::{__m512i, _mm512_and_si512, _mm512_or_si512, _mm512_set1_epi64};

use genuine_crypto::{
    P256,
    arithmetic::{Affine, Scalar},
};

use super::{
    field::{Fe, MASK},
    lanes::{Eight, left, right, to_lanes},
};

/// Words of a number.
pub(crate) const WORDS: usize = 4;

/// Four words of each lane times 2^`SHIFT`, in limbs; `SHIFT` is at most 4, so that it is below 2^260.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
pub(crate) fn to_limbs<const SHIFT: usize>([w0, w1, w2, w3]: [__m512i; 4]) -> Fe {
    let mask = _mm512_set1_epi64(MASK);
    let join = |low, high| _mm512_and_si512(_mm512_or_si512(low, high), mask);
    Fe([
        _mm512_and_si512(left(w0, SHIFT), mask),
        join(right(w0, 52 - SHIFT), left(w1, 12 + SHIFT)),
        join(right(w1, 40 - SHIFT), left(w2, 24 + SHIFT)),
        join(right(w2, 28 - SHIFT), left(w3, 36 + SHIFT)),
        right(w3, 16 - SHIFT),
    ])
}

/// The words of numbers below 2^256.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
pub(crate) fn to_words(number: &Fe) -> [__m512i; 4] {
    let [l0, l1, l2, l3, l4] = number.0;
    [
        _mm512_or_si512(l0, left(l1, 52)),
        _mm512_or_si512(right(l1, 12), left(l2, 40)),
        _mm512_or_si512(right(l2, 24), left(l3, 28)),
        _mm512_or_si512(right(l3, 36), left(l4, 16)),
    ]
}

/// Points as rows, x before y.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn rows(points: Eight<&Affine<P256>>) -> Eight<__m512i> {
    points.map(|point| {
        let ([x0, x1, x2, x3], [y0, y1, y2, y3]) = (point.x.0, point.y.0);
        to_lanes([x0, x1, x2, x3, y0, y1, y2, y3])
    })
}

/// Scalars as numbers in limbs, below n.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
pub(crate) fn scalars(scalars: Eight<&Scalar<P256>>) -> Fe {
    let word = |index: usize| to_lanes(scalars.map(|scalar| scalar.0[index]));
    to_limbs::<0>([word(0), word(1), word(2), word(3)])
}
