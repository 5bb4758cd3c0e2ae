//! Scalars against integers, and inversion for other moduli too: those for which Euclid's algorithm takes longest.

use genuine_crypto::{
    P256, P384,
    arithmetic::{Fe, Inverter, Scalar, limbs},
};
use num_bigint::{BigInt, BigUint};

use crate::common::{self, Word, curve::Oracle, number, octets, power, random::Random, small, words};

fn edges<C: Oracle>() -> Vec<BigUint> {
    let (n, one) = (C::n(), small(1));
    let half: BigUint = n >> 1_u32;
    let mut edges = vec![half.clone(), half + &one, C::limit() - n, C::limit() - n - &one];
    edges.extend((0..16).flat_map(|i| [small(i), n - small(i + 1)]));
    for bit in 0..8 * C::OCTETS {
        edges.extend([power(bit), n - power(bit) % n, power(bit) - &one].map(|number| number % n));
    }
    edges
}

/// a⁻¹·2^W comes out, so that `times` of it and b is b/a.
fn division<C: Oracle>(a: &BigUint, b: &BigUint) {
    let inverse = Scalar::<C>(words(a)).invert();
    let expected = a.modinv(C::n()).unwrap_or(BigUint::ZERO);
    assert_eq!(number(&inverse.0), &expected * C::limit() % C::n());
    assert_eq!(number(&inverse.times(&Scalar(words(b))).0), expected * b % C::n());
}

fn laws<C: Oracle>(seed: u64) {
    let mut random = Random(seed);
    let (n, limit) = (C::n(), C::limit());
    assert_eq!(number(C::N), *n);
    let edges = edges::<C>();
    let unit = limit.modinv(n).unwrap();
    let times = |a: &BigUint, b: &BigUint| {
        assert_eq!(number(&Scalar::<C>(words(a)).times(&Scalar(words(b))).0), a * b * &unit % n);
    };
    for a in &edges {
        let scalar = Scalar::<C>(words(a));
        assert_eq!(number(&scalar.complement()), n - a);
        assert_eq!(scalar.is_odd(), a.bit(0));
        division::<C>(a, &random.below(n));
        for b in edges.iter().step_by(7) {
            times(a, b);
        }
    }
    for _ in 0..20_000 {
        times(&random.below(n), &random.below(n));
    }
    for _ in 0..5_000 {
        division::<C>(&random.below(n), &random.below(n));
    }
}

/// r and s are read in 1 … n − 1 only, and digests modulo n from their leftmost octets.
fn reading<C: Oracle>(seed: u64) {
    let mut random = Random(seed);
    let (n, limit, one) = (C::n(), C::limit(), small(1));
    let mut numbers = edges::<C>();
    numbers.extend((0..16).flat_map(|i| [n + small(i), &limit - small(i + 1)]));
    numbers.extend([C::p() - &one, C::p().clone()]);
    numbers.extend((0..200).map(|_| random.below(&limit)));
    let mut refused = 0;
    for number in &numbers {
        let octets = octets(number, C::OCTETS);
        let read = Scalar::<C>::from_be(&octets);
        let in_range = *number >= one && number < n;
        assert_eq!(read.map(|read| common::number(&read.0)), in_range.then(|| number.clone()));
        refused += usize::from(!in_range);
        assert!(Scalar::<C>::from_be(&octets[1..]).is_none());
        assert!(Scalar::<C>::from_be(&[&[0], &octets[..]].concat()).is_none());

        let digest = |octets: &[u8]| common::number(&Scalar::<C>::from_digest(octets).unwrap().0);
        assert_eq!(digest(&octets), number % n);
        assert_eq!(digest(&[&octets[..], &[0xFF]].concat()), number % n);
        assert_eq!(digest(&octets[..24]), BigUint::from_bytes_be(&octets[..24]));
        assert_eq!(digest(&octets[..C::OCTETS / 2]), BigUint::from_bytes_be(&octets[..C::OCTETS / 2]));
        assert!(Scalar::<C>::from_digest(&octets[..C::OCTETS / 2 - 1]).is_none());
    }
    assert!(refused >= 33, "{refused}");
    assert!(Scalar::<C>::from_be(&[]).is_none());
    assert!(Scalar::<C>::from_digest(&[]).is_none());
}

/// Neighbours in Fibonacci's sequence and in those like it (Lucas's, Pell's) are what Euclid's algorithm takes longest for;
/// neighbours of the other parity, and sequences of the steps themselves run backwards, what division steps do.
fn hard<const N: usize, const M: usize>(seed: u64) {
    let mut random = Random(seed);
    let limit = power(N * size_of::<Word>() * 8);
    let mut checked = 0;
    let mut check = |modulus: &BigUint, x: &BigUint| {
        // Modulo 1, what is left of the modulus would be no number below it.
        if modulus.bit(0)
            && *modulus > small(1)
            && x < modulus
            && let Some(inverse) = x.modinv(modulus)
        {
            let inverter = Inverter::<M>::new(&words::<[Word; N]>(modulus));
            assert_eq!(number(&inverter.invert(&words::<[Word; N]>(x))), inverse, "{x} modulo {modulus}");
            assert_eq!(number(&inverter.invert(&words::<[Word; N]>(&(modulus - x)))), modulus - inverse);
            checked += 1;
        }
    };
    for factor in 1..=4_u32 {
        for start in 1..=8 {
            let (mut a, mut b) = (small(0), small(start));
            while b < limit {
                check(&b, &a);
                // The half and the double of a neighbour, for division steps look at low bits.
                check(&b, &(&a >> 1_u32));
                check(&b, &(&a << 1_u32));
                (a, b) = (b.clone(), a + &b * factor);
            }
        }
    }
    // g from f by steps backwards: f odd, and (f, g) ← (f, 2g) or (f, 2g ± f) or (2f − …, …) at random.
    for _ in 0..200 {
        let (mut f, mut g) = (small(1), small(0));
        while (&g << 1_u32) + &f < limit {
            match random.index(3) {
                0 => g <<= 1_u32,
                1 => g = (g << 1_u32) + &f,
                _ if g.bit(0) => (f, g) = (g.clone(), (g << 1_u32) + f),
                _ => g += &f,
            }
            check(&f, &(&g % &f));
        }
    }
    for _ in 0..2_000 {
        let modulus = random.below(&limit) | small(1);
        check(&modulus, &random.below(&modulus));
        let bits = 1 + random.index(N * size_of::<Word>() * 8);
        let short = random.below(&power(bits)) | small(1);
        check(&short, &random.below(&short));
    }
    assert!(checked > 15_000, "{checked}");
}

/// The number for which the first division steps of Bernstein and Yang find g even and odd as told. Each bit of it decides
/// about one step, and about none before.
fn steered(modulus: &BigUint, odd: impl Iterator<Item = bool>) -> BigUint {
    let (mut f, mut g) = (BigInt::from(modulus.clone()), BigInt::ZERO);
    // What a further bit of the number adds to f and g.
    let (mut to_f, mut to_g) = (BigInt::ZERO, BigInt::from(1));
    let mut delta = 1;
    let mut number = BigUint::ZERO;
    for (bit, odd) in odd.enumerate() {
        if g.bit(0) != odd {
            number.set_bit(bit.try_into().unwrap(), true);
            f += &to_f;
            g += &to_g;
        }
        if odd && delta > 0 {
            (f, g) = (g.clone(), (g - f) >> 1_u32);
            (to_f, to_g) = (&to_g * 2, to_g - to_f);
            delta = 1 - delta;
        } else {
            if odd {
                g += &f;
                to_g += &to_f;
            }
            g >>= 1_u32;
            to_f *= 2;
            delta += 1;
        }
    }
    number
}

/// Runs of even and odd g, as long as a batch of steps and longer: the matrices of batches at their bounds.
fn runs<C: Oracle>(seed: u64) {
    let mut random = Random(seed);
    let mut checked = 0;
    for round in 0..600 {
        let mut steps = Vec::new();
        while steps.len() < 8 * C::OCTETS {
            let odd = steps.last().is_some_and(|odd: &bool| !odd);
            let length = match round % 3 {
                0 => 1 + random.index(64),
                1 => [28, 29, 30, 31, 32, 58, 60, 61, 62, 63][random.index(10)],
                _ if odd => 1 + random.index(3),
                _ => 1 + random.index(64),
            };
            steps.extend(vec![odd; length]);
        }
        for modulus in [C::p(), C::n()] {
            let number = steered(modulus, steps[..8 * C::OCTETS].iter().copied());
            if let Some(inverse) = number.modinv(modulus)
                && number < *modulus
            {
                let inverted = if modulus == C::n() {
                    common::number(&Scalar::<C>(words(&number)).invert().0)
                } else {
                    common::number(&Fe::<C>::from_number(words(&number)).invert().canonical())
                };
                assert_eq!(inverted, inverse * C::limit() % modulus, "{number} modulo {modulus}");
                checked += 1;
            }
        }
    }
    assert!(checked > 1_000, "{checked}");
}

#[test]
fn runs_p256() {
    runs::<P256>(37);
}

#[test]
fn runs_p384() {
    runs::<P384>(38);
}

#[test]
fn laws_p256() {
    laws::<P256>(31);
}

#[test]
fn laws_p384() {
    laws::<P384>(32);
}

#[test]
fn reading_p256() {
    reading::<P256>(33);
}

#[test]
fn reading_p384() {
    reading::<P384>(34);
}

#[test]
fn hard_256() {
    hard::<{ 256 / Word::BITS as usize }, { limbs(256) }>(35);
}

#[test]
fn hard_384() {
    hard::<{ 384 / Word::BITS as usize }, { limbs(384) }>(36);
}
