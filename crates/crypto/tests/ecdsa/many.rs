//! A long comparison of every path with aws-lc and with `p256` and `p384`: random signatures, changed ones, and ones made
//! to meet exceptional cases.
//!
//! aws-lc judges every case. `p256` and `p384` judge those that were made, and one in 63 of the others, since they take
//! longer than everything else together. One case in ten is of P-384.
//!
//! `GENUINE_CASES` is how many, 2,000 if not set; CI takes 20,000. `GENUINE_THREADS` on how many threads; `GENUINE_SEED` where to
//! start.
#![allow(clippy::many_single_char_names, reason = "as the standards and the crate name them")]

use std::{env, iter, ops::AddAssign, thread};

use genuine_crypto::{P256, P384};
use num_bigint::BigUint;
use p256::elliptic_curve::{Field as _, Group as _};

use crate::common::{
    self,
    build::Case,
    curve::Oracle,
    model::{self, PATHS},
    octets,
    paths::Keys,
    random::Random,
    small,
};

/// Cases by kind, and verdicts.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    random: u64,
    bit_changed: u64,
    /// Digest, r or s at an edge.
    edge: u64,
    /// Keys and multiples chosen so that an addition meets equal or opposite points.
    collision: u64,
    /// Small, opposite and extreme multiples of small and extreme keys.
    extreme: u64,
    /// x from n on, and r that are congruent to x in some other sense.
    wrapped: u64,
    accepted: u64,
    refused: u64,
    by_aws_lc: u64,
    by_rust_crypto: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.random += other.random;
        self.bit_changed += other.bit_changed;
        self.edge += other.edge;
        self.collision += other.collision;
        self.extreme += other.extreme;
        self.wrapped += other.wrapped;
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.by_aws_lc += other.by_aws_lc;
        self.by_rust_crypto += other.by_rust_crypto;
    }
}

impl Counts {
    fn cases(&self) -> u64 {
        self.accepted + self.refused
    }

    /// Judges a case by everyone. `valid` is what is known before, if anything is.
    fn judge<C: Oracle>(&mut self, keys: &Keys<C>, case: &Case, valid: Option<bool>, made: bool) {
        let Case { key, digest, signature, .. } = case;
        let verdicts = keys.verdicts(digest, signature);
        let ours = verdicts[0].1;
        let is_agreed = |other: Option<bool>| other.is_none_or(|other| other == ours);
        assert!(verdicts.iter().all(|verdict| verdict.1 == ours), "{verdicts:?}: {case:02x?}");
        assert!(is_agreed(valid), "expected {valid:?}: {case:02x?}");
        let by_aws_lc = C::by_aws_lc(key, digest, signature);
        assert!(is_agreed(by_aws_lc), "aws-lc: {by_aws_lc:?}: {case:02x?}");
        self.by_aws_lc += u64::from(by_aws_lc.is_some());
        if made || self.cases().is_multiple_of(63) || by_aws_lc.is_none() {
            let by_rust_crypto = C::by_rust_crypto(key, digest, signature);
            assert!(is_agreed(by_rust_crypto), "RustCrypto: {by_rust_crypto:?}: {case:02x?}");
            self.by_rust_crypto += u64::from(by_rust_crypto.is_some());
        }
        *(if ours { &mut self.accepted } else { &mut self.refused }) += 1;
    }
}

/// Signs without a multiplication for each: the nonces are sums of nonces whose points are known.
struct Nonces<C: Oracle> {
    steps: Vec<(C::Scalar, C::Point)>,
    sum: (C::Scalar, C::Point),
}

impl<C: Oracle> Nonces<C> {
    fn new(random: &mut Random) -> Self {
        let mut step = || {
            let k = C::scalar(&(random.below(&(C::n() - small(1))) + small(1)));
            (k, C::Point::generator() * k)
        };
        Self { sum: step(), steps: (0..64).map(|_| step()).collect() }
    }

    /// k⁻¹ and r for some k.
    fn take(&mut self, count: usize, random: &mut Random) -> Vec<(C::Scalar, BigUint)> {
        let sums: Vec<_> = (0..count)
            .map(|_| {
                let step = self.steps[random.index(self.steps.len())];
                self.sum = (self.sum.0 + step.0, self.sum.1 + step.1);
                self.sum
            })
            .collect();
        let points: Vec<_> = sums.iter().map(|sum| sum.1).collect();
        let r = C::write_all(&points).into_iter().map(|sum| BigUint::from_bytes_be(&sum[..C::OCTETS]) % C::n());
        sums.iter().zip(r).map(|((k, _), r)| (k.invert().unwrap(), r)).collect()
    }
}

/// Signatures by one random key: good ones, and for each one with a bit changed or something at an edge.
fn random_key<C: Oracle>(nonces: &mut Nonces<C>, counts: &mut Counts, random: &mut Random) {
    let n = C::n();
    let d = random.below(&(n - small(1))) + small(1);
    let key = C::write(&C::base(&d)).unwrap();
    let keys = Keys::<C>::new(&key).expect("a point");
    let d = C::scalar(&d);
    let edges = [0, 1, 2].map(small).into_iter().chain((0..3).map(|i| n - small(i)));
    let edges: Vec<_> = edges.chain([n + small(1), C::p().clone(), C::limit() - small(1)]).collect();
    for (inverse, r) in nonces.take(128, random) {
        // Both lengths of digests; the longer is cut off for P-256, and the shorter is what it is for P-384.
        let length = if random.index(4) == 0 { 80 - C::OCTETS } else { C::OCTETS };
        let mut digest = random.octets(length);
        let is_edge = random.index(8) == 0;
        if is_edge {
            let edge = octets(&edges[random.index(edges.len())], C::OCTETS);
            digest = if length < C::OCTETS { edge[C::OCTETS - length..].to_vec() } else { edge };
            digest.resize(length, 0xFF);
        }
        let e = BigUint::from_bytes_be(&digest[..length.min(C::OCTETS)]) % n;
        let s = C::number(&((C::scalar(&e) + C::scalar(&r) * d) * inverse));
        let signature = [octets(&r, C::OCTETS), octets(&s, C::OCTETS)].concat();
        let case = Case { key: key.clone(), digest, signature, valid: true };
        counts.judge::<C>(&keys, &case, Some(true), false);
        *(if is_edge { &mut counts.edge } else { &mut counts.random }) += 1;

        let mut wrong = case;
        if random.index(8) == 0 {
            let edge = octets(&edges[random.index(edges.len())], C::OCTETS);
            let from = C::OCTETS * random.index(2);
            wrong.signature[from..from + C::OCTETS].copy_from_slice(&edge);
            counts.judge::<C>(&keys, &wrong, None, false);
            counts.edge += 1;
        } else {
            let bit = random.index(8 * (wrong.digest.len().min(C::OCTETS) + 2 * C::OCTETS));
            let changed = wrong.signature.iter_mut().chain(&mut wrong.digest).nth(bit / 8).unwrap();
            *changed ^= 1 << (bit % 8);
            counts.judge::<C>(&keys, &wrong, Some(false), false);
            counts.bit_changed += 1;
        }
    }
}

/// Judges a case that was made, and neighbours of it.
fn made<C: Oracle>(case: &Case, counts: &mut Counts, random: &mut Random) -> u64 {
    let keys = Keys::<C>::new(&case.key).expect("a point");
    counts.judge::<C>(&keys, case, Some(case.valid), true);
    // The other s is as good, and so is the same signature of the opposite numbers under the same key.
    let (r, s) = case.signature.split_at(C::OCTETS);
    let s = C::n() - BigUint::from_bytes_be(s);
    let other = Case { signature: [r, &octets(&s, C::OCTETS)].concat(), ..case.clone() };
    counts.judge::<C>(&keys, &other, Some(case.valid), true);
    for part in 0..2 {
        let mut changed = case.clone();
        let octets = if part == 0 { &mut changed.digest } else { &mut changed.signature };
        let at = random.index(octets.len());
        octets[at] ^= 1 << random.index(8);
        counts.judge::<C>(&keys, &changed, None, true);
    }
    4
}

/// A scalar that is small, next to n or n/2, of few bits or of many, or any.
fn extreme<C: Oracle>(random: &mut Random) -> BigUint {
    let (n, small) = (C::n(), small(u32::try_from(random.index(33)).unwrap()));
    let bit = random.index(8 * C::OCTETS);
    match random.index(7) {
        0 => small,
        1 => n - small,
        2 => (n >> 1_u32) + small,
        3 => (n >> 1_u32) - small,
        4 => (common::power(bit) + small) % n,
        5 => ((common::power(bit) << random.index(64)) - small.min(common::small(1))) % n,
        _ => random.below(n),
    }
}

fn made_cases<C: Oracle>(counts: &mut Counts, random: &mut Random) {
    let any = |random: &mut Random| random.below(&(C::n() - small(1))) + small(1);
    // Equal or opposite points in some addition of some path.
    let path = PATHS[random.index(PATHS.len())];
    let (u1, u2) = (any(random), any(random));
    let keys: Vec<_> = model::collisions::<C>(path, &u1, &u2).into_iter().flatten().flatten().collect();
    for _ in 0..2 {
        let d = &keys[random.index(keys.len())];
        let case = Case::solve::<C>(&u1, &u2, d, random).expect("nothing is zero");
        counts.collision += made::<C>(&case, counts, random);
    }
    // Extreme numbers, and those that lead to infinity or to twice the same.
    let (u2, d) = (extreme::<C>(random), extreme::<C>(random));
    let of_key = &u2 * &d % C::n();
    let u1 = match random.index(4) {
        0 => of_key,
        1 => (C::n() - of_key) % C::n(),
        _ => extreme::<C>(random),
    };
    if let Some(case) = Case::solve::<C>(&u1, &u2, &d, random) {
        counts.extreme += made::<C>(&case, counts, random);
    }
    // x in n … p − 1, and small x under an r that is the same modulo p or 2^W only.
    let (u1, u2) = (any(random), any(random));
    let beyond = C::p() - C::n();
    let choice = random.index(4);
    let (x, point) = iter::repeat_with(|| random.below(&beyond))
        .map(|x| if choice == 0 { x + C::n() } else { x })
        .find_map(|x| C::lift(&x).map(|point| (x, point)))
        .expect("half of all x are of points");
    let (r, valid) = match choice {
        0 => (x - C::n(), true),
        1 => (x, true),
        2 => (x + beyond, false),
        _ => (x + C::limit() - C::n(), false),
    };
    if let Some(case) = Case::with_sum::<C>(point, &r, &u1, &u2, valid) {
        counts.wrapped += made::<C>(&case, counts, random);
    }
}

/// At least so many cases of a curve, about one in twenty of them made.
fn compare<C: Oracle>(cases: u64, seed: u64) -> Counts {
    let mut random = Random(seed);
    let mut nonces = Nonces::<C>::new(&mut random);
    let mut counts = Counts::default();
    let mut reported = 0;
    while counts.cases() < cases {
        random_key::<C>(&mut nonces, &mut counts, &mut random);
        made_cases::<C>(&mut counts, &mut random);
        if counts.cases() >> 17 > reported {
            reported = counts.cases() >> 17;
            eprintln!("{}: {counts:?}", std::any::type_name::<C>());
        }
    }
    counts
}

#[test]
fn many() {
    let setting = |name, default| env::var(name).map_or(default, |value| value.parse::<u64>().expect("a number"));
    let cases = setting("GENUINE_CASES", 2_000);
    let threads = setting("GENUINE_THREADS", thread::available_parallelism().map_or(1, |it| it.get() as u64));
    let seed = setting("GENUINE_SEED", 61);
    let (mut p256, mut p384) = (Counts::default(), Counts::default());
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                let seed = seed + thread * 1_000_003;
                scope.spawn(move || {
                    let of_p256 = compare::<P256>((cases - cases / 10).div_ceil(threads), seed);
                    (of_p256, compare::<P384>((cases / 10).div_ceil(threads), !seed))
                })
            })
            .collect();
        for worker in workers {
            let counts = worker.join().expect("no disagreement");
            p256 += counts.0;
            p384 += counts.1;
        }
    });
    for counts in [p256, p384] {
        println!("{counts:?}");
        let kinds = [counts.random, counts.bit_changed, counts.edge, counts.collision, counts.extreme, counts.wrapped];
        assert!(kinds.iter().all(|kind| *kind > 0), "{counts:?}");
        assert_eq!(kinds.iter().sum::<u64>(), counts.cases());
    }
    assert!(p256.cases() + p384.cases() >= cases);
}
