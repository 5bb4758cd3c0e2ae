//! Lanes: eight words in a register, into it and out of it.

use core::{
    arch::x86_64::{
        __m512i, __mmask8, _mm512_set1_epi64, _mm512_shuffle_i64x2, _mm512_sllv_epi64, _mm512_srlv_epi64,
        _mm512_unpackhi_epi64, _mm512_unpacklo_epi64,
    },
    mem,
};

/// One for each lane.
pub(crate) type Eight<T> = [T; 8];

/// Eight words as lanes.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn to_lanes(words: Eight<u64>) -> __m512i {
    // SAFETY: both types are 64 octets without padding, and every value of these is a value of either.
    unsafe { mem::transmute::<Eight<u64>, __m512i>(words) }
}

/// Lanes as eight words.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn from_lanes(lanes: __m512i) -> Eight<u64> {
    // SAFETY: as in `to_lanes`.
    unsafe { mem::transmute::<__m512i, Eight<u64>>(lanes) }
}

/// Columns for rows: word j of row i comes to be word i of row j.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn transpose(rows: &Eight<__m512i>) -> Eight<__m512i> {
    let [a, b, c, d, e, f, g, h] = *rows;
    // Pairs of rows: words 0, 2, 4, 6 and words 1, 3, 5, 7 of both.
    let (ab0, ab1) = (_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    let (cd0, cd1) = (_mm512_unpacklo_epi64(c, d), _mm512_unpackhi_epi64(c, d));
    let (ef0, ef1) = (_mm512_unpacklo_epi64(e, f), _mm512_unpackhi_epi64(e, f));
    let (gh0, gh1) = (_mm512_unpacklo_epi64(g, h), _mm512_unpackhi_epi64(g, h));
    let [w0, w2, w4, w6] = transpose_pairs([ab0, cd0, ef0, gh0]);
    let [w1, w3, w5, w7] = transpose_pairs([ab1, cd1, ef1, gh1]);
    [w0, w1, w2, w3, w4, w5, w6, w7]
}

/// The same for four rows of four pairs of words.
#[target_feature(enable = "avx512f")]
#[inline]
fn transpose_pairs([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    // Pairs 0 and 1 of two rows, and pairs 2 and 3.
    let (ab0, ab2) = (_mm512_shuffle_i64x2::<0x44>(a, b), _mm512_shuffle_i64x2::<0xee>(a, b));
    let (cd0, cd2) = (_mm512_shuffle_i64x2::<0x44>(c, d), _mm512_shuffle_i64x2::<0xee>(c, d));
    [
        _mm512_shuffle_i64x2::<0x88>(ab0, cd0),
        _mm512_shuffle_i64x2::<0xdd>(ab0, cd0),
        _mm512_shuffle_i64x2::<0x88>(ab2, cd2),
        _mm512_shuffle_i64x2::<0xdd>(ab2, cd2),
    ]
}

/// A word shifted to the left in each lane; by 64 bits it gives zero.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn left(word: __m512i, by: usize) -> __m512i {
    _mm512_sllv_epi64(word, _mm512_set1_epi64(by as i64))
}

/// A word shifted to the right in each lane, zeros coming in.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn right(word: __m512i, by: usize) -> __m512i {
    _mm512_srlv_epi64(word, _mm512_set1_epi64(by as i64))
}

/// The lanes for which something is so.
pub(crate) fn mask(lanes: Eight<bool>) -> __mmask8 {
    lanes.iter().rev().fold(0, |mask, &lane| mask << 1 | u8::from(lane))
}
