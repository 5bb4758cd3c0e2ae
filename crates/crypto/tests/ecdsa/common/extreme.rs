//! Numbers that a coordinate in Montgomery form is by choice only: where a subtraction more or less would show.

use std::collections::BTreeSet;

use num_bigint::BigUint;

/// Numbers below p, which is a little less than 2^bits: next to zero, to p, to 2^bits − p and to multiples of a sixteenth of 2^bits;
/// powers of two next to the terms of p; runs of ones over the borders of words of 32 bits and of limbs of 52; and of
/// each what is left of p.
pub(crate) fn numbers(p: &BigUint, bits: u64) -> BTreeSet<BigUint> {
    let power = |exponent: u64| BigUint::from(1_u8) << exponent;
    let mut numbers = BTreeSet::new();
    for distance in 0..=20_u8 {
        numbers.extend([BigUint::from(distance), p - distance]);
        if distance <= 10 {
            let complement = power(bits) - p;
            numbers.extend([&complement - distance, &complement + distance]);
        }
    }
    for sixteenth in (1..16_u8).map(|k| power(bits - 4) * k) {
        numbers.extend([&sixteenth - 1_u8, &sixteenth + 1_u8]);
    }
    numbers.extend([100, 220, 221, bits - 36, bits - 35].map(power));
    for border in (32..bits).step_by(32).chain((52..bits).step_by(52)) {
        let (around, up) = ((power(16) - 1_u8) << (border - 8), power(bits - 8) - power(border - 8));
        numbers.extend([p - &around, around, up, power(border + 8) - 1_u8]);
    }
    numbers.retain(|number| number < p);
    numbers
}
