//! The lanes themselves: AVX-512 with its multiplier of 52 bits (IFMA).
//!
//! Functions with `#[target_feature]` are safe to call from each other. What calls them from outside is unsafe, and in
//! `present.rs`.

mod check;
mod comb;
mod field;
#[cfg(test)]
#[macro_use]
mod tests;
#[cfg(test)]
#[allow(clippy::duplicate_mod, dead_code, reason = "the formulas once more, on other elements")]
mod intervals;
mod jacobian;
mod lanes;
mod point;
mod spread;
mod window;
mod words;

use genuine_crypto::{
    Base, BasePoint as _, P256, Prepared, PublicKey, Unverified,
    arithmetic::{self, Odd, Scalar, numbers},
};

use comb::Comb;
use lanes::Eight;
use point::Point;
pub(crate) use spread::fits as can_spread;

/// Verifies eight signatures with prepared keys. Bit i of the answer is set if signature i is valid.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn eight_prepared<const POINTS: usize>(
    signed: Eight<&Unverified<P256>>,
    keys: &Eight<&Prepared<P256, POINTS>>,
) -> u8 {
    let [r, u1, u2] = all_numbers(signed);
    let of_keys = Comb::new(keys, &u2.map(Odd::new));
    // While the base point's table is used, which is always near, those of the keys come nearer, some with each term.
    let of_base = base(u1, |term| {
        let each = Comb::<POINTS>::TERMS.div_ceil(Base::<P256>::COLUMNS * Base::<P256>::BLOCKS - 2);
        (each * (term - 1)..each * term).for_each(|term| of_keys.prefetch(term));
    });
    check::has_x(&of_keys.multiply(|_| {}).add(&of_base), r)
}

/// Verifies eight signatures. Bit i of the answer is set if signature i is valid.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn eight_plain(signed: Eight<&Unverified<P256>>, keys: &Eight<&PublicKey<P256>>) -> u8 {
    let [r, u1, u2] = all_numbers(signed);
    let of_keys = window::multiply(keys.map(arithmetic::point), &u2.map(Odd::new));
    check::has_x(&of_keys.add(&base(u1, |_| {})), r)
}

/// r, u1 and u2 of each signature.
fn all_numbers(signed: Eight<&Unverified<P256>>) -> [Eight<&Scalar<P256>>; 3] {
    [0, 1, 2].map(|index| signed.map(|signed| numbers(signed)[index]))
}

/// Multiples of the base point.
#[target_feature(enable = "avx512f,avx512ifma")]
fn base(scalars: Eight<&Scalar<P256>>, meanwhile: impl Fn(usize)) -> Point {
    Comb::new(&[P256::table(); 8], &scalars.map(Odd::new)).multiply(meanwhile)
}

/// Verifies one signature with a prepared key.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn one_prepared<const POINTS: usize>(signed: &Unverified<P256>, key: &Prepared<P256, POINTS>) -> bool {
    let [r, u1, u2] = numbers(signed);
    check::has_x(&spread::sum(Odd::new(u1), key, Odd::new(u2)), [r; 8]) & 1 == 1
}
