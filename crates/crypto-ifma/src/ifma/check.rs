//! The last step: whether the sum's x-coordinate is r modulo n (FIPS 186-5 §6.4.2 steps 5 to 7).

use core::arch::x86_64::__mmask8;

use genuine_crypto::{Curve as _, P256, arithmetic::Scalar};

use super::{
    field::{Fe, LIMBS, MASK},
    lanes::{Eight, mask},
    point::Point,
    words::scalars,
};

/// n in limbs.
const ORDER: [i64; LIMBS] = {
    let [w0, w1, w2, w3] = *P256::N;
    [
        w0.cast_signed() & MASK,
        (w0 >> 52 | w1 << 12).cast_signed() & MASK,
        (w1 >> 40 | w2 << 24).cast_signed() & MASK,
        (w2 >> 28 | w3 << 36).cast_signed() & MASK,
        (w3 >> 16).cast_signed(),
    ]
};

/// p − n, which is below 2^128. Only if r is less, r + n is an x-coordinate, too.
const P_LESS_N: u128 = {
    let [p, n] = [P256::P, P256::N];
    (p[0] as u128 | (p[1] as u128) << 64).wrapping_sub(n[0] as u128 | (n[1] as u128) << 64)
};

/// The lanes in which the sum is finite and has x = r or x = r + n, without a division by ZZ.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
pub(crate) fn has_x(sum: &Point, r: Eight<&Scalar<P256>>) -> __mmask8 {
    // A product with a number that is not in Montgomery form is not either: these are r·zz and x·zz themselves.
    let expected = scalars(r).mul(&sum.zz); // [0, 1.13]
    let x = sum.x.mul(&Fe::all([1, 0, 0, 0, 0])); // [0, 1.01]
    let difference = expected.sub(x).add_p::<2>(); // [0.87, 3.13]
    let mut equal = difference.carry().is_zero::<3>();

    let small = mask(r.map(is_below_p_less_n));
    if small != 0 {
        let difference = difference.add(Fe::all(ORDER).mul(&sum.zz)); // [0.87, 4.26]
        equal |= small & difference.carry().is_zero::<4>();
    }
    equal & !sum.is_infinity()
}

fn is_below_p_less_n(r: &Scalar<P256>) -> bool {
    let [w0, w1, w2, w3] = r.0;
    w2 | w3 == 0 && (u128::from(w1) << 64 | u128::from(w0)) < P_LESS_N
}
