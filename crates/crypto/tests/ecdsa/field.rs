//! Field elements against integers: not only the residue but the very number that is held, which is what the bounds in
//! `field.rs` and `reduce64.rs` or `reduce32.rs` say.
//!
//! Operands are any numbers that N words hold, below p or not, with words at their edges. Each rare branch is counted.
#![allow(clippy::many_single_char_names, reason = "as the standards and the crate name them")]

use std::collections::BTreeSet;

use genuine_crypto::{
    P256, P384,
    arithmetic::{Fe, Words as _},
};
use num_bigint::BigUint;

use crate::common::{self, Word, curve::Oracle, number, power, random::Random, small, words};

/// How often the branches were taken.
#[derive(Debug, Default)]
struct Counts {
    /// Sums that subtract p so often.
    add: [usize; 3],
    /// Differences that add p so often.
    sub: [usize; 3],
    /// Products that subtract p so often.
    reduce: [usize; 2],
    /// Answers from p on, of an addition, a subtraction, a halving and a product.
    loose: [usize; 4],
    /// Halves of numbers that are even and odd.
    half: [usize; 2],
    /// Answers of `is_zero`: no, for 0, for p.
    is_zero: [usize; 3],
}

/// Numbers at the edges of words, of p and of what N words hold.
fn edges<C: Oracle>(random: &mut Random) -> Vec<BigUint> {
    let (p, limit) = (C::p(), C::limit());
    let complement = &limit - p;
    let mut edges = BTreeSet::new();
    let twice_complement = &complement * 2_u32;
    let (half, half_limit): (BigUint, BigUint) = (p >> 1_u32, &limit >> 1_u32);
    let centres =
        [BigUint::ZERO, p.clone(), limit.clone(), complement, twice_complement, half, half_limit, C::n().clone()];
    for centre in &centres {
        for distance in (0..4).map(small).chain([power(32), power(64)]) {
            edges.extend([centre + &distance, &limit + centre - &distance].map(|number| number % &limit));
        }
    }
    for bit in (0..8 * C::OCTETS).step_by(32) {
        edges.extend([power(bit), power(bit) - small(1), &limit - power(bit)]);
    }
    // Words at their edges, and those of p.
    let of_p = words::<C::Words>(p);
    let of_p = of_p.as_ref();
    let values = [&[0, 1, 2, Word::MAX, Word::MAX - 1, 1 << (Word::BITS - 1)], of_p].concat();
    for _ in 0..400 {
        let mut chosen = C::Words::ZERO;
        for (word, &of_p) in chosen.as_mut().iter_mut().zip(of_p) {
            *word = match random.index(4) {
                0 => of_p,
                _ => values[random.index(values.len())],
            };
        }
        edges.insert(number(&chosen));
    }
    edges.into_iter().collect()
}

/// Numbers that added to a, or subtracted from it, just leave W bits or just do not, once or twice; and those that differ
/// from such a number in one word only.
fn thresholds<C: Oracle>(a: &BigUint) -> Vec<BigUint> {
    let (p, limit) = (C::p(), C::limit());
    let mut thresholds = Vec::new();
    for centre in [&limit * 2_u32 - a, &limit + p - a, &limit + a, &limit + a + p, &limit + a - p] {
        let centre = centre + &limit;
        let bits = (0..8 * C::OCTETS).step_by(32).map(power);
        for distance in (0..3).map(small).chain(bits) {
            thresholds.extend([&centre + &distance, &centre - &distance].map(|number| number % &limit));
        }
    }
    thresholds
}

struct Checker<'a> {
    p: &'a BigUint,
    limit: BigUint,
    /// −p⁻¹ modulo 2^W.
    negative_inverse: BigUint,
    counts: Counts,
}

impl<'a> Checker<'a> {
    fn new<C: Oracle>() -> Checker<'a> {
        let limit = C::limit();
        let negative_inverse = &limit - C::p().modinv(&limit).unwrap();
        Self { p: C::p(), limit, negative_inverse, counts: Counts::default() }
    }

    /// One operation on two numbers, all of it.
    fn pair<C: Oracle>(&mut self, a: &BigUint, b: &BigUint) {
        let (p, limit) = (self.p, &self.limit);
        let (x, y) = (Fe::<C>(words(a)), Fe::<C>(words(b)));

        let mut sum = a + b;
        let mut times = 0;
        while sum >= *limit {
            sum -= p;
            times += 1;
        }
        assert_eq!(number(&x.add(&y).0), sum);
        self.counts.add[times] += 1;
        self.counts.loose[0] += usize::from(sum >= *p);

        let mut minuend = a.clone();
        let mut times = 0;
        while minuend < *b {
            minuend += p;
            times += 1;
        }
        let difference = minuend - b;
        assert_eq!(number(&x.sub(&y).0), difference);
        self.counts.sub[times] += 1;
        self.counts.loose[1] += usize::from(difference >= *p);
        assert_eq!(x.equals(&y), &difference % p == BigUint::ZERO);
        assert_eq!(x.equals(&y), a % p == b % p);

        let product = a * b;
        let mut words = [C::Words::ZERO; 2];
        x.0.write_product(&y.0, &mut words);
        let [low, high] = words;
        assert_eq!(number(&low) + number(&high) * limit, product);
        let reduced = self.reduced(&product);
        assert_eq!(number(&x.mul(&y).0), reduced);
        assert_eq!(reduced * &self.limit % self.p, product % self.p);
    }

    /// t·2^−W by Montgomery's method, and p less if that needs more than W bits.
    fn reduced(&mut self, product: &BigUint) -> BigUint {
        let factor = product * &self.negative_inverse % &self.limit;
        let sum: BigUint = (product + factor * self.p) / &self.limit;
        let subtract = sum >= self.limit;
        let reduced = if subtract { sum - self.p } else { sum };
        self.counts.reduce[usize::from(subtract)] += 1;
        self.counts.loose[3] += usize::from(reduced >= *self.p);
        reduced
    }

    /// One operation on one number, all of it.
    fn single<C: Oracle>(&mut self, a: &BigUint) {
        let p = self.p;
        let x = Fe::<C>(words(a));
        let [low, high] = x.0.square();
        let square = a * a;
        assert_eq!(number(&low) + number(&high) * &self.limit, square);
        assert_eq!(number(&x.square().0), self.reduced(&square));

        assert_eq!(x.double().0, x.add(&x).0);
        assert_eq!(number(&x.canonical()), a % p);
        assert!(x.neg().add(&x).is_zero());
        assert_eq!(number(&x.neg().canonical()), (p - a % p) % p);

        let half: BigUint = if a.bit(0) { a + p } else { a.clone() } >> 1_u32;
        assert_eq!(number(&x.half().0), half);
        self.counts.half[usize::from(a.bit(0))] += 1;
        self.counts.loose[2] += usize::from(half >= *p);

        assert_eq!(x.is_zero(), a % p == BigUint::ZERO);
        self.counts.is_zero[if !x.is_zero() {
            0
        } else if *a == BigUint::ZERO {
            1
        } else {
            2
        }] += 1;
    }

    /// x is held as x·2^W, and its inverse as x⁻¹·2^W.
    fn inverse<C: Oracle>(&self, a: &BigUint) {
        let inverse = Fe::<C>(words(a)).invert();
        let expected = a.modinv(self.p).map_or(BigUint::ZERO, |inverse| inverse * &self.limit * &self.limit % self.p);
        assert_eq!(number(&inverse.canonical()), expected);
    }

    /// Reading and writing: any number is taken by `from_number`, those below p by `from_be`.
    fn reading<C: Oracle>(&self, a: &BigUint) {
        let element = Fe::<C>::from_number(words(a));
        let expected = a * &self.limit % self.p;
        assert_eq!(number(&element.canonical()), expected);
        let read = Fe::<C>::from_be(&common::octets(a, C::OCTETS));
        assert_eq!(read.is_some(), a < self.p);
        assert!(read.is_none_or(|read| number(&read.canonical()) == expected));
    }
}

fn laws<C: Oracle>(seed: u64) {
    let mut random = Random(seed);
    let mut checker = Checker::new::<C>();
    let (p, limit) = (C::p(), C::limit());
    assert_eq!(number(C::P), *p);
    assert_eq!(number(&Fe::<C>::ONE.canonical()), &limit % p);
    assert_eq!(number(&Fe::<C>::ZERO.0), BigUint::ZERO);

    let edges = edges::<C>(&mut random);
    assert!(edges.len() > 200);
    for a in &edges {
        checker.single::<C>(a);
        checker.inverse::<C>(a);
        checker.reading::<C>(a);
        for b in &edges {
            checker.pair::<C>(a, b);
        }
        for b in thresholds::<C>(a) {
            checker.pair::<C>(a, &b);
            checker.pair::<C>(&b, a);
        }
    }
    for _ in 0..20_000 {
        let [a, b] = [(); 2].map(|()| random.below(&limit));
        checker.pair::<C>(&a, &b);
        checker.single::<C>(&a);
        let edge = &edges[random.index(edges.len())];
        checker.pair::<C>(&a, edge);
        checker.pair::<C>(edge, &a);
    }
    for _ in 0..2_000 {
        let a = random.below(&limit);
        checker.inverse::<C>(&a);
        checker.reading::<C>(&a);
    }
    let octets = vec![0; C::OCTETS + 1];
    assert!(Fe::<C>::from_be(&octets).is_none() && Fe::<C>::from_be(&octets[2..]).is_none());
    assert!(Fe::<C>::from_be(&octets[1..]).is_some_and(|zero| zero.is_zero()) && Fe::<C>::from_be(&[]).is_none());

    let counts = checker.counts;
    println!("{}: {counts:?}", std::any::type_name::<C>());
    let all = [&counts.add[..], &counts.sub, &counts.reduce, &counts.loose, &counts.half, &counts.is_zero].concat();
    assert!(all.iter().all(|count| *count > 0), "{counts:?}");
}

#[test]
fn laws_p256() {
    laws::<P256>(21);
}

#[test]
fn laws_p384() {
    laws::<P384>(22);
}
