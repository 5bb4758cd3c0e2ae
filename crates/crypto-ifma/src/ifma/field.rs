//! The field of P-256, eight elements at a time: p = 2^256 − 2^224 + 2^192 + 2^96 − 1.
//!
//! An element x is held as a number congruent to x·2^260 modulo p, in five limbs of 52 bits, which is what the multiplier
//! takes. There are two forms of it:
//!
//! | form | limbs | number |
//! |---|---|---|
//! | [`Fe`] | 0 … 2^52 − 1 | 0 … 2^260 − 1, that is below 16·p and a little; where it is made says how far |
//! | [`Loose`] | signed, below 2^60 in size | between −2^10·p and 2^10·p |
//!
//! The multiplier reads 52 bits of a limb and no more, so only an [`Fe`] can be multiplied. A product is [`Loose`], and sums
//! and differences are taken of it before it is carried: carrying costs as much as a fifth of a multiplication.
//!
//! Bounds are written in units of p, [a, b] for "between a·p and b·p". 2^256 is p and 2^−32 of it, and such small parts are
//! left out where there is room.

use core::{
    arch::x86_64::{
        __m512i, __mmask8, _mm512_add_epi64, _mm512_and_si512, _mm512_cmpeq_epi64_mask, _mm512_cmpge_epi64_mask,
        _mm512_cmpgt_epu64_mask, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_mask_blend_epi64,
        _mm512_mask_sub_epi64, _mm512_or_si512, _mm512_permutexvar_epi64, _mm512_set1_epi64, _mm512_setzero_si512,
        _mm512_slli_epi64, _mm512_srai_epi64, _mm512_srli_epi64, _mm512_sub_epi64, _mm512_xor_si512,
    },
    array,
};

use super::lanes::to_lanes;

/// Limbs of an element.
pub(crate) const LIMBS: usize = 5;

/// Bits of a limb.
const BITS: u32 = 52;

/// The bits of a limb.
pub(crate) const MASK: i64 = (1 << BITS) - 1;

/// The highest limb of p but for what 2^224 takes off it: m·`TOP` is m·(2^256 − 2^224) / 2^208.
const TOP: i64 = (1 << 48) - (1 << 16);

/// Eight elements that can be multiplied.
#[derive(Clone, Copy)]
pub(crate) struct Fe(pub(crate) [__m512i; LIMBS]);

/// Eight elements that have to be carried first.
#[derive(Clone, Copy)]
pub(crate) struct Loose(pub(crate) [__m512i; LIMBS]);

/// k·p in signed limbs, for 0 ≤ k < 2^8.
const fn multiple_of_p(k: i64) -> [i64; LIMBS] {
    [-k, k << 44, 0, k << 36, k * TOP]
}

/// The same number in limbs of 52 bits.
pub(crate) const fn carried(mut limbs: [i64; LIMBS]) -> [i64; LIMBS] {
    let mut i = 0;
    while i + 1 < LIMBS {
        limbs[i + 1] += limbs[i] >> BITS;
        limbs[i] &= MASK;
        i += 1;
    }
    limbs
}

impl Fe {
    /// One: 2^260 modulo p, sixteen times 2^256 − p.
    pub(crate) const ONE: [i64; LIMBS] = carried([16, -(1 << 48), 0, -(1 << 40), 1 << 20]);

    /// p.
    pub(crate) const P: [i64; LIMBS] = carried(multiple_of_p(1));

    /// The same element in all lanes.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn all(limbs: [i64; LIMBS]) -> Self {
        Self(limbs.map(|limb| _mm512_set1_epi64(limb)))
    }

    /// a·b·2^−260, in [0, a·b/16 + 1], for any two: 50 products of limbs and 20 of the reduction.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn mul(&self, other: &Self) -> Loose {
        let mut t = [_mm512_setzero_si512(); LIMBS + 1];
        for a in self.0 {
            add_row(&mut t, a, other);
            t = reduce_limb(t);
        }
        let [t0, t1, t2, t3, t4, _] = t;
        Loose([t0, t1, t2, t3, t4])
    }

    /// (a·b + c·d)·2^−260, in [0, (a·b + c·d)/16 + 1], for any four, with one reduction: 100 products of limbs and 20.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn mul_add_mul(&self, b: &Self, c: &Self, d: &Self) -> Loose {
        let mut t = [_mm512_setzero_si512(); LIMBS + 1];
        for (a, c) in self.0.into_iter().zip(c.0) {
            add_row(&mut t, a, b);
            add_row(&mut t, c, d);
            t = reduce_limb(t);
        }
        let [t0, t1, t2, t3, t4, _] = t;
        Loose([t0, t1, t2, t3, t4])
    }

    /// a²·2^−260, in [0, a²/16 + 1], for any: 30 products of limbs and 20 of the reduction.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn square(&self) -> Loose {
        let a = &self.0;
        let mut t = [_mm512_setzero_si512(); 2 * LIMBS];
        for i in 0..LIMBS {
            for j in i + 1..LIMBS {
                t[i + j] = _mm512_madd52lo_epu64(t[i + j], a[i], a[j]);
                t[i + j + 1] = _mm512_madd52hi_epu64(t[i + j + 1], a[i], a[j]);
            }
        }
        for limb in &mut t {
            *limb = _mm512_add_epi64(*limb, *limb);
        }
        for i in 0..LIMBS {
            t[2 * i] = _mm512_madd52lo_epu64(t[2 * i], a[i], a[i]);
            t[2 * i + 1] = _mm512_madd52hi_epu64(t[2 * i + 1], a[i], a[i]);
        }
        for i in 0..LIMBS {
            let [t1, t2, t3, t4, t5, _] = reduce_limb([t[i], t[i + 1], t[i + 2], t[i + 3], t[i + 4], t[i + 5]]);
            [t[i + 1], t[i + 2], t[i + 3], t[i + 4], t[i + 5]] = [t1, t2, t3, t4, t5];
        }
        Loose([t[5], t[6], t[7], t[8], t[9]])
    }

    /// The same, to be added to and subtracted from.
    pub(crate) fn loose(self) -> Loose {
        Loose(self.0)
    }

    /// a where the mask's bit is clear, b where it is set.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn select(mask: __mmask8, a: &Self, b: &Self) -> Self {
        let mut limbs = a.0;
        for (a, b) in limbs.iter_mut().zip(b.0) {
            *a = _mm512_mask_blend_epi64(mask, *a, b);
        }
        Self(limbs)
    }

    /// Lane i to lane i ⊕ distance.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn swapped(&self, distance: u64) -> Self {
        let from = to_lanes(array::from_fn(|lane| lane as u64 ^ distance));
        Self(self.0.map(|limb| _mm512_permutexvar_epi64(from, limb)))
    }

    /// A congruent number below 2^256, for one in [0, 2.01].
    ///
    /// 2^256 is p and 2^224 more, so what the first subtraction leaves can still be 2^256 and more: only 2^−32 of all numbers do
    /// it, but whoever chooses a key can choose such a coordinate.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn below_2_256(&self) -> Self {
        let mut number = *self;
        for _ in 0..2 {
            let above = _mm512_cmpge_epi64_mask(number.0[LIMBS - 1], _mm512_set1_epi64(1 << 48));
            let excess = Self::select(above, &Self::all([0; LIMBS]), &Self::all(Self::P));
            number = number.loose().sub(excess.loose()).carry();
        }
        number
    }

    /// The lanes that hold zero, if the number is below (`UP_TO` + 1)·p: it is then one of 0, p … `UP_TO`·p.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn is_zero<const UP_TO: i64>(&self) -> __mmask8 {
        let mut zero = 0;
        for k in 0..=UP_TO {
            let mut different = _mm512_setzero_si512();
            for (limb, of_multiple) in self.0.into_iter().zip(carried(multiple_of_p(k))) {
                different = _mm512_or_si512(different, _mm512_xor_si512(limb, _mm512_set1_epi64(of_multiple)));
            }
            zero |= _mm512_cmpeq_epi64_mask(different, _mm512_setzero_si512());
        }
        zero
    }
}

/// t + a·b.
///
/// A limb of t is in five rounds at most, and gets at most 6 halves of products of 52 bits in each, and a carry: t < 2^58 from
/// first to last.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn add_row(t: &mut [__m512i; LIMBS + 1], a: __m512i, b: &Fe) {
    for (t, b) in t.iter_mut().zip(b.0) {
        *t = _mm512_madd52lo_epu64(*t, a, b);
    }
    for (t, b) in t[1..].iter_mut().zip(b.0) {
        *t = _mm512_madd52hi_epu64(*t, a, b);
    }
}

/// (t + m·p) / 2^52, m being t mod 2^52: one round of Montgomery's reduction (HAC, algorithm 14.32), with m itself because −p⁻¹ ≡ 1
/// modulo 2^52.
///
/// m·p + m = m·2^96 + m·2^192 + m·(2^256 − 2^224), and 96 = 52 + 44, 192 = 3·52 + 36. Of a product by a power of two, the upper
/// half is a shift and the lower half is not, which leaves multiplier and shifter as much to do as they can do at a time.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn reduce_limb([t0, t1, t2, t3, t4, t5]: [__m512i; LIMBS + 1]) -> [__m512i; LIMBS + 1] {
    let (shift_44, shift_36, top) = (_mm512_set1_epi64(1 << 44), _mm512_set1_epi64(1 << 36), _mm512_set1_epi64(TOP));
    let m = _mm512_and_si512(t0, _mm512_set1_epi64(MASK));
    let t1 = _mm512_add_epi64(_mm512_madd52lo_epu64(t1, t0, shift_44), _mm512_srli_epi64::<BITS>(t0));
    let t2 = _mm512_add_epi64(t2, _mm512_srli_epi64::<8>(m));
    let t3 = _mm512_madd52lo_epu64(t3, t0, shift_36);
    let t4 = _mm512_add_epi64(_mm512_madd52lo_epu64(t4, t0, top), _mm512_srli_epi64::<16>(m));
    let t5 = _mm512_madd52hi_epu64(t5, t0, top);
    [t1, t2, t3, t4, t5, _mm512_setzero_si512()]
}

impl Loose {
    /// a + b.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn add(self, other: Self) -> Self {
        let mut limbs = self.0;
        for (a, b) in limbs.iter_mut().zip(other.0) {
            *a = _mm512_add_epi64(*a, b);
        }
        Self(limbs)
    }

    /// a − b.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn sub(self, other: Self) -> Self {
        let mut limbs = self.0;
        for (a, b) in limbs.iter_mut().zip(other.0) {
            *a = _mm512_sub_epi64(*a, b);
        }
        Self(limbs)
    }

    /// 2a.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn double(self) -> Self {
        self.add(self)
    }

    /// −a where the mask's bit is set.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn negate(self, mask: __mmask8) -> Self {
        let mut limbs = self.0;
        for limb in &mut limbs {
            *limb = _mm512_mask_sub_epi64(*limb, mask, _mm512_setzero_si512(), *limb);
        }
        Self(limbs)
    }

    /// a + k·p, k below 2^8.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn add_p<const K: i64>(self) -> Self {
        let mut limbs = self.0;
        for (limb, of_multiple) in limbs.iter_mut().zip(const { multiple_of_p(K) }) {
            *limb = _mm512_add_epi64(*limb, _mm512_set1_epi64(of_multiple));
        }
        Self(limbs)
    }

    /// The same number in limbs of 52 bits. It has to be in [0, 16].
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn carry(self) -> Fe {
        let mut limbs = self.0;
        for i in 1..LIMBS {
            limbs[i] = _mm512_add_epi64(limbs[i], _mm512_srai_epi64::<BITS>(limbs[i - 1]));
            limbs[i - 1] = _mm512_and_si512(limbs[i - 1], _mm512_set1_epi64(MASK));
        }
        debug_assert_eq!(_mm512_cmpgt_epu64_mask(limbs[LIMBS - 1], _mm512_set1_epi64(MASK)), 0, "in [0, 16]");
        Fe(limbs)
    }

    /// A congruent number in [0.99, 2.01], whatever it is.
    ///
    /// Let q be the highest limb's bits from 2^256 on, less one. Without q·p, less than 2^256 is left of that limb, and p
    /// more; the other limbs are below 2^60·2^156·(1 + 2^−51) in size, and q·(2^256 − p) below 2^12·2^224: both less than p/100.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn fold(self) -> Fe {
        let [t0, t1, t2, t3, t4] = self.0;
        let one = _mm512_set1_epi64(1 << 48);
        let q = _mm512_srai_epi64::<48>(_mm512_sub_epi64(t4, one));
        let below = _mm512_and_si512(t4, _mm512_set1_epi64((1 << 48) - 1));
        // − q·p = − q·2^256 + q·2^224 − q·2^192 − q·2^96 + q.
        Self([
            _mm512_add_epi64(t0, q),
            _mm512_sub_epi64(t1, _mm512_slli_epi64::<44>(q)),
            t2,
            _mm512_sub_epi64(t3, _mm512_slli_epi64::<36>(q)),
            _mm512_add_epi64(_mm512_or_si512(below, one), _mm512_slli_epi64::<16>(q)),
        ])
        .carry()
    }
}
