//! Verification on every path against `p256`, `p384`, aws-lc and the text of FIPS 186-5, with signatures that are made to
//! meet each exceptional case.
//!
//! Which case an addition meets is told by a model in integers (`common/model.rs`), since the crate has no hooks; its
//! counts are asserted, and so is that each case occurs on each path.
#![allow(clippy::many_single_char_names, reason = "as the standards and the crate name them")]

use genuine_crypto::{P256, P384, PublicKey, Unverified};
use num_bigint::BigUint;

use crate::common::{
    build::Case,
    curve::Oracle,
    model::{self, Counts, PATHS},
    octets,
    paths::{Keys, assert_agreed, assert_paths},
    power,
    random::Random,
    small,
};

fn keys<C: Oracle>(case: &Case) -> Keys<C> {
    Keys::new(&case.key).expect("a point")
}

/// A number in 1 … n − 1.
fn scalar<C: Oracle>(random: &mut Random) -> BigUint {
    random.below(&(C::n() - small(1))) + small(1)
}

/// A signature as it comes from a signer.
fn honest<C: Oracle>(random: &mut Random) -> Case {
    let [u1, u2, d] = [(); 3].map(|()| scalar::<C>(random));
    Case::solve::<C>(&u1, &u2, &d, random).expect("nothing is zero")
}

/// Good signatures pass; with one bit changed anywhere, or under the opposite key, they do not.
fn changed<C: Oracle>(seed: u64) {
    let mut random = Random(seed);
    for _ in 0..16 {
        let case = honest::<C>(&mut random);
        assert_agreed::<C>(&keys(&case), &case);
    }
    let good = honest::<C>(&mut random);
    let keys = keys::<C>(&good);
    for bit in 0..8 * C::OCTETS {
        let (at, mask) = (bit / 8, 1 << (bit % 8));
        for part in 0..3 {
            let mut case = Case { valid: false, ..good.clone() };
            match part {
                0 => case.digest[at] ^= mask,
                1 => case.signature[at] ^= mask,
                _ => case.signature[C::OCTETS + at] ^= mask,
            }
            assert_paths(&keys, &case);
            if bit % 8 == 0 {
                assert_agreed::<C>(&keys, &case);
            }
        }
        for at in [at, C::OCTETS + at] {
            let mut key = good.key.clone();
            key[at] ^= mask;
            assert!(PublicKey::<C>::from_be(&key).is_none() && C::read(&key).is_none());
        }
    }
    let key = C::write(&-C::read(&good.key).unwrap()).unwrap();
    let opposite = Case { key, valid: false, ..good };
    assert_agreed::<C>(&self::keys(&opposite), &opposite);
}

/// Every addition of every path meets equal points once and opposite points once, by the choice of the key.
///
/// After opposite points the sum is infinity, and the next addition or the end meets that.
fn collisions<C: Oracle>(seed: u64, every: usize) {
    let mut random = Random(seed);
    for path in PATHS {
        let [u1, u2] = [(); 2].map(|()| scalar::<C>(&mut random));
        let mut counts = Counts::default();
        let mut tried = (0, 0);
        for [equal, opposite] in model::collisions::<C>(path, &u1, &u2).into_iter().step_by(every) {
            for (d, is_equal) in [(equal, true), (opposite, false)] {
                let Some(d) = d else { continue };
                let met = model::count::<C>(path, &u1, &u2, &d);
                assert!(if is_equal { met.equal > 0 } else { met.opposite > 0 }, "{path:?}");
                counts += met;
                *(if is_equal { &mut tried.0 } else { &mut tried.1 }) += 1;
                let case = Case::solve::<C>(&u1, &u2, &d, &mut random).expect("nothing is zero");
                let keys = keys::<C>(&case);
                assert_agreed::<C>(&keys, &case);
                let mut wrong = Case { valid: false, ..case };
                wrong.digest[0] ^= 1;
                assert_paths(&keys, &wrong);
            }
        }
        assert!(counts.equal >= tried.0 && counts.opposite >= tried.1);
        // Opposite points in the last addition of all leave nothing to be added; everywhere else something follows.
        assert!(counts.infinity + 1 >= tried.1, "{path:?}: {counts:?}");
        assert!(tried.0 * every >= 20 && tried.1 * every >= 20, "{path:?}: {tried:?}");
        println!("{}, {path:?}: {counts:?}", std::any::type_name::<C>());
    }
}

/// Keys ±1 … ±20 times the base point, with small, opposite and extreme multiples: sums that meet multiples of each other
/// everywhere, and infinity at the end.
fn small_multiples<C: Oracle>(seed: u64, keys_up_to: u32) {
    let mut random = Random(seed);
    let n = C::n();
    let half: BigUint = n >> 1_u32;
    let mut multiples: Vec<_> = (0..3).flat_map(|i| [small(i), n - small(i + 1)]).collect();
    multiples.extend([half.clone(), half + small(1), small(16), power(8 * C::OCTETS - 1), scalar::<C>(&mut random)]);
    let mut counts = [Counts::default(); PATHS.len()];
    let (mut valid, mut infinite) = (0, 0);
    for d in (1..=keys_up_to).flat_map(|d| [small(d), n - small(d)]) {
        let mut keys: Option<Keys<C>> = None;
        for u2 in multiples.iter().filter(|u2| **u2 != BigUint::ZERO) {
            // With the last, the sum is infinity; with the one before, twice u1·G.
            let to_infinity = n - u2 * &d % n;
            let twice = u2 * &d % n;
            for u1 in multiples.iter().chain([&twice, &to_infinity]) {
                let Some(case) = Case::solve::<C>(u1, u2, &d, &mut random) else { continue };
                let keys = keys.get_or_insert_with(|| self::keys::<C>(&case));
                assert_paths(keys, &case);
                if random.index(24) == 0 {
                    assert_agreed::<C>(keys, &case);
                    for (counts, path) in counts.iter_mut().zip(PATHS) {
                        *counts += model::count::<C>(path, u1, u2, &d);
                    }
                }
                *(if case.valid { &mut valid } else { &mut infinite }) += 1;
            }
        }
    }
    assert!(valid > 100 * keys_up_to && infinite > 20 * keys_up_to, "{valid}, {infinite}");
    for (counts, path) in counts.iter().zip(PATHS) {
        println!("{}, {path:?}: {counts:?}", std::any::type_name::<C>());
        assert!(counts.opposite > 0, "{path:?}: {counts:?}");
    }
}

/// The points on the curve whose x is nearest to a number on one side of it.
fn nearest<C: Oracle>(from: &BigUint, up: bool, count: usize) -> Vec<(BigUint, C::Point)> {
    let x = |i| if up { from + small(i) } else { from - small(i) };
    (0..).map(x).filter_map(|x| C::lift(&x).map(|point| (x, point))).take(count).collect()
}

/// An x from n on is r + n: accepted for that r, and for no other that is congruent to it in some other sense.
fn wrapped<C: Oracle>(seed: u64) {
    let mut random = Random(seed);
    let (p, n, limit) = (C::p(), C::n(), C::limit());
    let mut run = |point: C::Point, r: &BigUint, valid: bool| {
        for u1 in [BigUint::ZERO, scalar::<C>(&mut random)] {
            let u2 = scalar::<C>(&mut random);
            let case = Case::with_sum::<C>(point, r, &u1, &u2, valid).expect("nothing is zero");
            assert_agreed::<C>(&keys(&case), &case);
        }
    };
    let mut second_comparison = 0;
    let between: BigUint = (n + p) >> 1_u32;
    let of_wrapped = [
        nearest::<C>(&(n + small(1)), true, 4),
        nearest::<C>(&between, true, 4),
        nearest::<C>(&(p - small(1)), false, 4),
    ];
    for (x, point) in of_wrapped.into_iter().flatten() {
        let r = &x - n;
        assert!(r > BigUint::ZERO && x < *p);
        run(point, &r, true);
        run(-point, &r, true);
        run(point, &(r + small(1)), false);
        second_comparison += 1;
    }
    assert_eq!(second_comparison, 12);
    for (x, point) in [nearest::<C>(&BigUint::ZERO, true, 6), nearest::<C>(&small(1 << 20), true, 2)].concat() {
        if x > BigUint::ZERO {
            // The same r for x and for x + n: the first comparison.
            run(point, &x, true);
        }
        // r + n = x + p, just not below p; and r + n = x + 2^W, a carry.
        run(point, &(&x + p - n), false);
        run(point, &(&x + &limit - n), false);
    }
    // An x below n, under its remainder modulo other numbers.
    for (x, point) in nearest::<C>(&(n - small(1)), false, 4) {
        run(point, &x, true);
        run(point, &(&limit - &x), false);
        run(point, &(p - &x), false);
        run(point, &(n - &x), false);
    }
}

/// Digests of any length and value, those from n on among them; of less than half the length of n they are refused.
fn digests<C: Oracle>(seed: u64) {
    let mut random = Random(seed);
    let n = C::n();
    let d = scalar::<C>(&mut random);
    let key = C::write(&C::base(&d)).unwrap();
    let keys = Keys::<C>::new(&key).unwrap();
    let mut sign = |digest: Vec<u8>| {
        let k = scalar::<C>(&mut random);
        let r = BigUint::from_bytes_be(&C::write(&C::base(&k)).unwrap()[..C::OCTETS]) % n;
        let e = BigUint::from_bytes_be(&digest[..digest.len().min(C::OCTETS)]);
        let s = (e + &r * &d) * C::inverse(&k) % n;
        let signature = [octets(&r, C::OCTETS), octets(&s, C::OCTETS)].concat();
        let case = Case { key: key.clone(), digest, signature, valid: true };
        if case.digest.len() >= C::OCTETS / 2 {
            assert_agreed::<C>(&keys, &case);
        } else {
            // By the book they are good. But such digests come of mistakes only.
            assert!(C::by_the_book(&case.key, &case.digest, &case.signature));
            assert_paths(&keys, &Case { valid: false, ..case });
        }
    };
    for length in 0..=2 * C::OCTETS + 1 {
        sign(vec![0xA5; length]);
        sign(vec![0xFF; length]);
    }
    let one = small(1);
    let top = C::limit() - &one;
    for e in [BigUint::ZERO, one.clone(), n - &one, n.clone(), n + &one, C::p() - &one, C::p().clone(), top] {
        sign(octets(&e, C::OCTETS));
        sign([octets(&e, C::OCTETS), vec![0xFF; 16]].concat());
    }
}

/// r and s outside 1 … n − 1, and signatures of another length.
fn ranges<C: Oracle>(seed: u64) {
    let mut random = Random(seed);
    let (n, one) = (C::n(), small(1));
    let edges =
        [BigUint::ZERO, one.clone(), n - &one, n.clone(), n + &one, C::p() - &one, C::p().clone(), C::limit() - &one];
    // Good ones with an r or an s so small that the same plus n fits.
    let mut good = vec![honest::<C>(&mut random)];
    for (x, point) in nearest::<C>(&small(1), true, 4) {
        let u2 = scalar::<C>(&mut random);
        good.extend(Case::with_sum::<C>(point, &x, &scalar::<C>(&mut random), &u2, true));
        // s = 1 and s = 2: u2 = r/s.
        for s in [1, 2] {
            let u2 = &x * C::inverse(&small(s)) % n;
            good.extend(Case::with_sum::<C>(point, &x, &scalar::<C>(&mut random), &u2, true));
        }
    }
    let (mut of_r, mut of_s) = (0, 0);
    for case in good {
        let keys = keys::<C>(&case);
        assert_agreed::<C>(&keys, &case);
        let (r, s) = case.signature.split_at(C::OCTETS);
        let judge = |r: &[u8], s: &[u8]| {
            let signature = [r, s].concat();
            let valid = C::by_the_book(&case.key, &case.digest, &signature);
            assert_agreed::<C>(&keys, &Case { signature, valid, ..case.clone() });
            valid
        };
        for edge in &edges {
            judge(&octets(edge, C::OCTETS), s);
            judge(r, &octets(edge, C::OCTETS));
            for other in &edges {
                judge(&octets(edge, C::OCTETS), &octets(other, C::OCTETS));
            }
        }
        assert!(judge(r, &octets(&(n - BigUint::from_bytes_be(s)), C::OCTETS)), "the other s is as good");
        for (part, count) in [(r, &mut of_r), (s, &mut of_s)] {
            let sum = BigUint::from_bytes_be(part) + n;
            if sum < C::limit() {
                let sum = octets(&sum, C::OCTETS);
                let valid = if part == r { judge(&sum, s) } else { judge(r, &sum) };
                assert!(!valid, "n more is out of range");
                *count += 1;
            }
        }
        for length in 0..2 * C::OCTETS + 3 {
            let octets = [&case.signature[..], &[0, 0]].concat();
            let (from_front, from_back) = (&octets[..length], &octets[octets.len() - length..]);
            if length != case.signature.len() {
                assert!(Unverified::<C>::new(&case.digest, from_front).is_err());
            }
            assert!(Unverified::<C>::new(&case.digest, from_back).is_err() || length == case.signature.len());
        }
        // r or s one octet longer at the other's cost.
        let mut moved = case.signature.clone();
        moved.insert(0, 0);
        assert!(Unverified::<C>::new(&case.digest, &moved).is_err());
        moved.insert(1 + C::OCTETS, 0);
        assert!(Unverified::<C>::new(&case.digest, &moved).is_err());
    }
    assert!(of_r >= 12 && of_s >= 8, "{of_r}, {of_s}");
}

/// Keys that are none: coordinates from p on, points beside the curve, other lengths.
fn refused_keys<C: Oracle>(seed: u64) {
    let mut random = Random(seed);
    let (p, zero) = (C::p(), BigUint::ZERO);
    let refused = |x: &BigUint, y: &BigUint| {
        let key = [octets(x, C::OCTETS), octets(y, C::OCTETS)].concat();
        assert!(PublicKey::<C>::from_be(&key).is_none() && C::read(&key).is_none(), "{key:02x?}");
    };
    let split = |point: &C::Point| {
        let octets = C::write(point).unwrap();
        (BigUint::from_bytes_be(&octets[..C::OCTETS]), BigUint::from_bytes_be(&octets[C::OCTETS..]))
    };
    for (x, point) in nearest::<C>(&zero, true, 8) {
        let (_, y) = split(&point);
        assert!(PublicKey::<C>::from_be(&C::write(&point).unwrap()).is_some());
        refused(&(&x + p), &y);
        refused(&x, &(&y + small(1)));
        refused(&x, &(p - &y + small(1)));
    }
    let small_y = (1..).map(small).find_map(|y| C::all_x_of(&y).pop().map(|x| (x, y)));
    let (x, y) = small_y.expect("most y are of some point");
    let half = |number: &BigUint| octets(number, C::OCTETS);
    assert!(PublicKey::<C>::from_be(&[half(&x), half(&y)].concat()).is_some());
    refused(&x, &(y + p));
    let point = C::base(&scalar::<C>(&mut random));
    let (x, y) = split(&point);
    let top = C::limit() - small(1);
    for number in [&zero, &small(1), p, &(p - small(1)), &(p + small(1)), &top] {
        refused(number, &y);
        refused(&x, number);
        for other in [&zero, &small(1), p, &(p - small(1)), &top] {
            refused(number, other);
        }
    }
    refused(&y, &x);
    let key = C::write(&point).unwrap();
    for length in (0..2 * key.len() + 2).filter(|length| *length != key.len()) {
        let octets: Vec<_> = key.iter().chain(&key).chain(&[0, 0]).copied().take(length).collect();
        assert!(PublicKey::<C>::from_be(&octets).is_none(), "{length} octets");
        let zeros: Vec<_> = [vec![0; key.len() + 2], key.clone()].concat();
        assert!(PublicKey::<C>::from_be(&zeros[zeros.len().saturating_sub(length)..]).is_none(), "{length} octets");
    }
    assert!(PublicKey::<C>::from_be(&[&[4], &key[..]].concat()).is_none(), "with a prefix");
    let (x, y) = key.split_at(C::OCTETS);
    assert!(PublicKey::<C>::from_be(&[&[0], x, &[0], y].concat()).is_none(), "each with a zero");
}

/// What a caller gets can go on as any error.
#[test]
fn invalid_is_an_error() {
    let error: Box<dyn std::error::Error> = Unverified::<P256>::new(&[0; 32], &[0; 64]).expect_err("r is zero").into();
    assert_eq!(error.to_string(), "the signature is invalid");
}

macro_rules! both {
    ($($law:ident => $p256:ident($($at_p256:expr),*), $p384:ident($($at_p384:expr),*);)*) => {
        $(
            #[test]
            fn $p256() {
                $law::<P256>($($at_p256),*);
            }

            #[test]
            fn $p384() {
                $law::<P384>($($at_p384),*);
            }
        )*
    };
}

both! {
    changed => changed_p256(1), changed_p384(2);
    collisions => collisions_p256(3, 1), collisions_p384(4, 3);
    small_multiples => small_multiples_p256(5, 20), small_multiples_p384(6, 3);
    wrapped => wrapped_p256(7), wrapped_p384(8);
    digests => digests_p256(9), digests_p384(10);
    ranges => ranges_p256(11), ranges_p384(12);
    refused_keys => refused_keys_p256(13), refused_keys_p384(14);
}
