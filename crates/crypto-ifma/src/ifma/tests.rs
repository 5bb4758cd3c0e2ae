//! The arithmetic against integers of any size, at the extremes of its bounds.

use std::{arch::x86_64::__m512i, array, ptr, sync::LazyLock, vec, vec::Vec};

use genuine_crypto::{
    P256, Prepared, PublicKey,
    arithmetic::{self, Affine, Odd, Scalar},
};
use num_bigint::{BigInt, BigUint, Sign};
use p256::elliptic_curve::{PrimeField as _, point::DecompressPoint as _, sec1::ToSec1Point as _, subtle::Choice};
use sha2::{Digest as _, Sha256};

use super::{
    check,
    comb::Places,
    field::{Fe, LIMBS, Loose},
    jacobian::Jacobian,
    lanes::{Eight, from_lanes, to_lanes, transpose},
    point::{Entry, Point},
    window::{Table, invert},
    words::{rows, to_limbs, to_words},
};

/// Tests that run where there are lanes.
macro_rules! with_lanes {
    ($($(#[$doc:meta])* fn $name:ident() $body:block)*) => {$(
        $(#[$doc])*
        #[test]
        fn $name() {
            #[target_feature(enable = "avx512f,avx512ifma")]
            fn body() $body

            if crate::token::Ifma::detect().is_some() {
                // SAFETY: the processor has the features that the function needs.
                unsafe { body() }
            } else {
                assert!(std::env::var_os("GENUINE_REQUIRE_IFMA").is_none(), "this processor has no AVX-512 IFMA");
                std::eprintln!("not run: this processor has no AVX-512 IFMA");
            }
        }
    )*};
}

static PRIME: LazyLock<BigInt> = LazyLock::new(|| power(256) - power(224) + power(192) + power(96) - 1);
static ORDER: LazyLock<BigInt> = LazyLock::new(|| {
    BigInt::parse_bytes(b"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16).expect("digits")
});

fn power(exponent: u32) -> BigInt {
    BigInt::from(1) << exponent
}

/// The least number ≥ 0 that is congruent modulo p.
fn modulo(number: &BigInt) -> BigInt {
    ((number % &*PRIME) + &*PRIME) % &*PRIME
}

fn inverse(number: &BigInt) -> BigInt {
    number.modinv(&PRIME).expect("not zero")
}

/// Whether it lies between two hundredths of p.
fn between(number: &BigInt, low: i64, high: i64) -> bool {
    let hundredfold: BigInt = number * 100;
    hundredfold >= low * &*PRIME && hundredfold <= high * &*PRIME
}

/// Numbers below a limit, without end and always the same.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: &BigInt) -> BigInt {
        self.0 += 1;
        let octets: Vec<u8> =
            (0..2_u8).flat_map(|half| Sha256::digest([&self.0.to_le_bytes()[..], &[half]].concat())).collect();
        BigInt::from_bytes_be(Sign::Plus, &octets) % limit
    }
}

fn limbs(number: &BigInt) -> [i64; LIMBS] {
    assert!(number.sign() != Sign::Minus && *number < power(260));
    array::from_fn(|i| i64::try_from((number >> (52 * i)) & (power(52) - 1)).expect("52 bits"))
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn lanes_of(numbers: &Eight<[i64; LIMBS]>) -> [__m512i; LIMBS] {
    array::from_fn(|i| to_lanes(numbers.map(|number| number[i].cast_unsigned())))
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn fe(numbers: &Eight<BigInt>) -> Fe {
    Fe(lanes_of(&numbers.each_ref().map(limbs)))
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn numbers(limbs: &[__m512i; LIMBS]) -> Eight<BigInt> {
    let limbs = limbs.map(|limb| from_lanes(limb));
    array::from_fn(|lane| {
        (0..LIMBS).rev().fold(BigInt::ZERO, |number, i| (number << 52) + limbs[i][lane].cast_signed())
    })
}

/// The numbers of an [`Fe`], whose limbs have to have 52 bits.
#[target_feature(enable = "avx512f,avx512ifma")]
fn carried(number: &Fe) -> Eight<BigInt> {
    assert!(number.0.iter().all(|limb| from_lanes(*limb).iter().all(|limb| limb >> 52 == 0)));
    numbers(&number.0)
}

/// Numbers at which something can go wrong, up to 2^260 − 1.
fn extremes() -> Vec<BigInt> {
    let mut extremes = Vec::new();
    for k in 0..=16 {
        extremes.extend([-1, 0, 1].map(|more| k * &*PRIME + more));
    }
    for i in 0..=LIMBS as u32 {
        extremes.extend([-1, 0, 1].map(|more| power(52 * i) + more));
        extremes.push(power(260) - power(52 * i));
    }
    for exponent in [64, 96, 128, 192, 224, 256, 259] {
        extremes.extend([-1, 0, 1].map(|more| power(exponent) + more));
    }
    let mut random = Random(1);
    extremes.extend((0..20).map(|_| random.below(&power(260))));
    extremes.retain(|number| number.sign() != Sign::Minus && *number < power(260));
    extremes
}

/// Eight at a time, the last group filled up.
fn in_eights<T: Clone>(values: &[T]) -> impl Iterator<Item = Eight<T>> + '_ {
    values.chunks(8).map(|chunk| array::from_fn(|lane| chunk[lane % chunk.len()].clone()))
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn assert_product(product: &Loose, of: Eight<BigInt>) {
    for (limbs, _) in product.0.map(|limb| from_lanes(limb)).iter().zip(0..) {
        assert!(limbs.iter().all(|limb| limb >> 58 == 0), "limbs below 2^58");
    }
    for (product, of) in numbers(&product.0).iter().zip(of) {
        assert_eq!(modulo(&(product << 260)), modulo(&of));
        assert!(product << 260 < of + (&*PRIME << 260), "below a·b / 2^260 + p");
    }
}

with_lanes! {
    /// Products of all pairs of extreme numbers.
    fn products() {
        let extremes = extremes();
        for a in &extremes {
            for b in in_eights(&extremes) {
                let (in_a, in_b) = (fe(&array::from_fn(|_| a.clone())), fe(&b));
                assert_product(&in_a.mul(&in_b), b.each_ref().map(|b| a * b));
                assert_product(&in_a.mul_add_mul(&in_b, &in_b, &in_b), b.each_ref().map(|b| (a + b) * b));
            }
        }
        for a in in_eights(&extremes) {
            assert_product(&fe(&a).square(), a.map(|a| &a * &a));
        }
    }

    /// Carrying and folding with limbs of any sign, up to the size that is allowed.
    fn carries() {
        let sizes = [0, 1, (1 << 52) - 1, 1 << 52, (1 << 60) - 1];
        let values: Vec<i64> = sizes.iter().flat_map(|&size| [size, -size]).collect();
        let tops = [0, 1, (1 << 48) - 1, 1 << 48, (1 << 48) + 1, (1 << 58) - 1];
        let mut all = Vec::new();
        for (index, &top) in tops.iter().enumerate() {
            for code in 0..values.len().pow(4) {
                let value = |place: u32| values[code / values.len().pow(place) % values.len()];
                let sign = if (index + code).is_multiple_of(2) { 1 } else { -1 };
                all.push([value(0), value(1), value(2), value(3), sign * top]);
            }
        }
        for eight in in_eights(&all) {
            let loose = Loose(lanes_of(&eight));
            let (before, after) = (numbers(&loose.0), carried(&loose.fold()));
            for (before, after) in before.iter().zip(&after) {
                assert_eq!(modulo(before), modulo(after));
                assert!(between(after, 99, 201), "{after:x}");
            }
            if before.iter().all(|number| number.sign() != Sign::Minus && *number < power(260)) {
                assert_eq!(carried(&loose.carry()), before);
            }
        }
    }

    /// Sums, differences, signs, multiples of p, zero.
    fn sums() {
        let extremes = extremes();
        for a in &extremes {
            for b in in_eights(&extremes) {
                let (in_a, in_b) = (fe(&array::from_fn(|_| a.clone())).loose(), fe(&b).loose());
                assert_eq!(numbers(&in_a.add(in_b).0), b.each_ref().map(|b| a + b));
                assert_eq!(numbers(&in_a.sub(in_b).add_p::<3>().0), b.each_ref().map(|b| a - b + 3 * &*PRIME));
                let negated: Vec<_> = b.iter().zip(0..).map(|(b, i)| if 0xa5 >> i & 1 == 1 { -b } else { b.clone() }).collect();
                assert_eq!(numbers(&in_b.negate(0xa5).0).to_vec(), negated);
            }
        }
        for eight in in_eights(&extremes) {
            let zero = eight.iter().rev().fold(0, |mask, number| mask << 1 | u8::from((0..=4).any(|k| *number == k * &*PRIME)));
            assert_eq!(fe(&eight).is_zero::<4>(), zero);
        }
        assert_eq!(modulo(&carried(&Fe::all(Fe::ONE))[7]), modulo(&power(260)));
        assert_eq!(carried(&Fe::all(Fe::P))[0], *PRIME);
    }

    /// Words to limbs and back, rows to columns, lanes swapped.
    fn words() {
        let words: Eight<Eight<u64>> = array::from_fn(|i| array::from_fn(|j| u64::MAX / (8 * i + j + 1) as u64));
        let columns = transpose(&words.map(|row| to_lanes(row))).map(|column| from_lanes(column));
        for (i, j) in (0..64).map(|i| (i / 8, i % 8)) {
            assert_eq!(columns[i][j], words[j][i]);
        }
        let below: Vec<_> = extremes().into_iter().filter(|number| *number < power(256)).collect();
        for eight in in_eights(&below) {
            let words = to_words(&fe(&eight));
            assert_eq!(carried(&to_limbs::<0>(words)), eight);
            assert_eq!(carried(&to_limbs::<4>(words)), eight.each_ref().map(|number| number << 4));
            for distance in [1, 2, 4] {
                let swapped = carried(&fe(&eight).swapped(distance as u64));
                assert!((0..8).all(|lane| swapped[lane] == eight[lane ^ distance]));
            }
        }
    }

    /// What eight scalars add is what the comb of each says.
    fn places() {
        let mut random = Random(2);
        let mut all: Vec<BigInt> = [0, 1, 2, 3].iter().flat_map(|&i| [BigInt::from(i), &*ORDER - 1 - i]).collect();
        all.extend((0..56).map(|_| random.below(&ORDER)));
        for eight in in_eights(&all) {
            let eight = eight.map(|number| Odd::new(&scalar(&number)));
            same_places::<8>(&eight);
            same_places::<32>(&eight);
            same_places::<128>(&eight);
            same_places::<512>(&eight);
        }
    }

    /// Every formula with coordinates at the ends of their intervals: right, and in the intervals again.
    fn formulas() {
        let mut random = Random(3);
        for round in 0..200 {
            let pairs: Eight<_> = array::from_fn(|_| [multiple(&random.below(&ORDER)), multiple(&random.below(&ORDER))]);
            let mut highest = |most: u32| if (round + most).is_multiple_of(2) { most } else { u32::try_from(random.below(&BigInt::from(most + 1))).expect("small") };
            let (x_more, y_more, z_more) = (1, highest(3), highest(1));
            let affine: Eight<_> = pairs.map(|[p, _]| coordinates(&p));
            let points: Eight<_> = affine.each_ref().map(|(x, y)| {
                let z = random.below(&(&*PRIME - 1)) + 1;
                [x * &z * &z, y * &z * &z * &z, &z * &z, &z * &z * &z, z].map(|number| modulo(&(number << 260)))
            });
            let part = |index: usize, more: u32| points.each_ref().map(|parts| &parts[index] + more * &*PRIME);
            let low_x = part(0, x_more).map(|x| if between(&x, 99, 201) { x } else { x + &*PRIME });
            let point = Point { x: fe(&low_x), y: fe(&part(1, y_more)), zz: fe(&capped(&part(2, z_more), 195)), zzz: fe(&capped(&part(3, z_more), 195)) };
            let jacobian = Jacobian { x: fe(&low_x), y: fe(&capped(&part(1, y_more), 380)), z: fe(&part(4, y_more.min(2))) };

            let table = pairs.map(|[_, q]| q);
            let [x0, x1, x2, x3, y0, y1, y2, y3] = transpose(&rows(table.each_ref()));
            let entry = Entry { x: to_limbs::<4>([x0, x1, x2, x3]), y: to_limbs::<4>([y0, y1, y2, y3]), negative: 0x0f };
            let small = Entry { x: entry.x.loose().fold(), y: entry.y.loose().fold(), negative: 0x0f };
            let signed: Eight<_> = array::from_fn(|lane| {
                let (x, y) = coordinates(&table[lane]);
                if lane < 4 { (x, modulo(&-y)) } else { (x, y) }
            });
            let negated = |points: Eight<(BigInt, BigInt)>| points.map(|(x, y)| (x, modulo(&-y)));
            let twice = negated(affine.each_ref().map(|p| chord(p, p)));
            let difference: Eight<_> = array::from_fn(|lane| chord(&signed[lane], &(affine[lane].0.clone(), modulo(&-&affine[lane].1))));

            let mut answer = point;
            answer.double_and_negate();
            assert_point(&answer, &twice);
            let mut answer = point;
            answer.subtract_from(&entry, entry.negative);
            assert_point(&answer, &difference);
            let mut answer = jacobian;
            answer.double_and_negate();
            assert_jacobian(&answer, &twice);
            let mut answer = jacobian;
            answer.subtract_from(&small, small.negative);
            assert_jacobian(&answer, &difference);

            // Complete: lanes 0 and 1 add the same point, 2 and 3 its opposite, 4 and 5 nothing, 6 to nothing, 7 another one.
            let other = Point::from_entry(&entry);
            let mut other = other;
            for (to, from) in [(&mut other.x, &point.x), (&mut other.y, &point.y), (&mut other.zz, &point.zz), (&mut other.zzz, &point.zzz)] {
                *to = Fe::select(0x0f, to, from);
            }
            other.y = Fe::select(0x0c, &other.y, &other.negated().y);
            let zero = fe(&array::from_fn(|lane| lane as u32 % 2 * PRIME.clone()));
            (other.zz, other.zzz) = (Fe::select(0x30, &other.zz, &zero), Fe::select(0x30, &other.zzz, &zero));
            let point = Point { zz: Fe::select(0x40, &point.zz, &zero), zzz: Fe::select(0x40, &point.zzz, &zero), ..point };
            for (a, b) in [(point, other), (other, point)] {
                let sum = a.add(&b);
                assert_eq!(sum.is_infinity(), 0x0c);
                let expected = array::from_fn(|lane| match lane {
                    0 | 1 => chord(&affine[lane], &affine[lane]),
                    4 | 5 => affine[lane].clone(),
                    6 => signed[lane].clone(),
                    _ => chord(&affine[lane], &signed[lane]),
                });
                assert_finite(&sum, &expected, !0x0c);
            }
        }
    }
}

with_lanes! {
    /// Infinity has no x, whatever its X is.
    fn infinity_has_no_x() {
        let p = Fe::all(Fe::P);
        let zero = fe(&array::from_fn(|lane| lane as u32 % 2 * PRIME.clone()));
        let infinity = Point { x: p, y: p, zz: zero, zzz: zero };
        let r = scalar(&(&*ORDER - 5));
        assert_eq!(check::has_x(&infinity, [&r; 8]), 0);
        assert_eq!(check::has_x(&Point { zz: Fe::all(Fe::ONE), ..infinity }, [&r; 8]), 0);
    }
}

with_lanes! {
    /// What is written as words: numbers next to 2^256, and those that need a second subtraction, which random ones do once in 2^32.
    fn below_2_256() {
        let mut all = extremes();
        for more in [BigInt::from(0), power(100), power(220), power(223), power(224) - 1, power(224), power(225), power(240), power(248)] {
            all.extend([power(256) + &more, &*PRIME + &more, &*PRIME * 2 - &more, &*PRIME * 2 + &more]);
        }
        all.retain(|number| between(number, 0, 201));
        let twice = all.iter().filter(|number| **number >= power(256) + &*PRIME).count();
        assert!(twice > 2 && all.len() - twice > 5);
        for eight in in_eights(&all) {
            for (before, after) in eight.iter().zip(carried(&fe(&eight).below_2_256())) {
                assert!(after < power(256) && modulo(before) == modulo(&after), "{before:x}");
            }
        }
    }

    /// Tables of points whose x is held as an extreme number: each digit is the multiple that it says, below 2^256.
    fn tables_of_windows() {
        let mut held = extremes();
        held.extend((1..16).flat_map(|k| (-2..3).map(move |more| (power(252) * k) + more)));
        held.retain(|number| *number < *PRIME);
        let units = [256, 260].map(|exponent| inverse(&power(exponent)));
        let points: Vec<_> =
            held.iter().flat_map(|number| units.each_ref().map(|unit| lift(&modulo(&(number * unit))))).flatten().collect();
        assert!(points.len() > 100);
        let unit = inverse(&power(260));
        for eight in in_eights(&points) {
            let table = Table::new(eight.each_ref());
            let affine = eight.each_ref().map(coordinates);
            let twice = affine.each_ref().map(|point| chord(point, point));
            let mut multiples = vec![affine];
            for index in 0..7 {
                multiples.push(array::from_fn(|lane| chord(&multiples[index][lane], &twice[lane])));
            }
            for signs in 0_u32..16 {
                // Σ ±2^i over four signs is twice the number that they are, less 15.
                let digit = 2 * i64::from(signs) - 15;
                let entry = table.get(to_lanes([signs.into(); 8]));
                let (x, y) = (carried(&entry.x), carried(&entry.y));
                for lane in 0..8 {
                    assert!(x[lane] < power(256) && y[lane] < power(256));
                    let is_negative = (entry.negative >> lane & 1 == 1) != (digit < 0);
                    let y = if is_negative { -&y[lane] } else { y[lane].clone() };
                    let found = (modulo(&(&x[lane] * &unit)), modulo(&(y * &unit)));
                    assert_eq!(found, multiples[usize::try_from(digit.abs() / 2).expect("small")][lane], "{digit}·Q");
                }
            }
        }
    }

    /// The shared inversion, of numbers at both ends.
    fn inversion() {
        let mut all = extremes();
        let mut random = Random(4);
        all.extend((0..200).map(|_| random.below(&(&*PRIME * 2))));
        all.retain(|number| between(number, 0, 195) && modulo(number) != BigInt::ZERO);
        for eight in in_eights(&all) {
            for (number, inverted) in eight.iter().zip(carried(&invert(&fe(&eight)))) {
                assert!(between(&inverted, 0, 210));
                assert_eq!(modulo(&(number * inverted)), modulo(&power(520)), "{number:x}");
            }
        }
    }

    /// The sum's x is compared by a difference that is one of a few multiples of p: each of them occurs, and is noticed.
    fn differences() {
        let below: BigInt = &*PRIME - &*ORDER;
        let mut random = Random(5);
        // r, ZZ, x and whether they belong together.
        let mut cases = Vec::new();
        let mut counts = [[0; 5]; 2];
        for index in 0..4000 {
            let zz = random.below(&(&*PRIME * 195 / 100));
            let r = match index % 8 {
                0 => random.below(&ORDER),
                1 => &below - 1 - index / 8,
                2 | 3 => random.below(&below) + power(64 * (index % 8)),
                _ => random.below(&below),
            };
            for (more, counts) in [BigInt::ZERO, ORDER.clone()].iter().zip(&mut counts) {
                let sum = &r + more;
                let x = modulo(&(&sum * &zz));
                let x = if between(&x, 99, 201) { x } else { x + &*PRIME };
                let difference = product(&r, &zz) - product(&x, &BigInt::from(1)) + 2 * &*PRIME;
                let difference = if *more == BigInt::ZERO { difference } else { difference + product(&ORDER, &zz) };
                assert_eq!(modulo(&difference), BigInt::ZERO);
                if sum < *PRIME {
                    counts[usize::try_from(difference / &*PRIME).expect("small")] += 1;
                }
                cases.push((r.clone(), zz.clone(), x.clone(), sum < *PRIME));
                cases.push((r.clone(), zz.clone(), if between(&(&x + 1), 99, 201) { x + 1 } else { x - 1 }, false));
            }
        }
        std::println!("{counts:?}");
        let [first, second] = counts;
        assert!(first[2..=3].iter().chain(&second[2..=4]).all(|count| *count > 5), "{counts:?}");
        // p itself, for an r that no signature has; and an r with which r + n is p, which is not 0.
        cases.push((BigInt::ZERO, BigInt::from(1), PRIME.clone(), true));
        cases.push((below, BigInt::from(1), PRIME.clone(), false));
        for eight in in_eights(&cases) {
            let part = |part: fn(&(BigInt, BigInt, BigInt, bool)) -> &BigInt| fe(&eight.each_ref().map(|case| part(case).clone()));
            let (zz, x) = (part(|case| &case.1), part(|case| &case.2));
            let r = eight.each_ref().map(|case| scalar(&case.0));
            let mask = check::has_x(&Point { x, y: x, zz, zzz: zz }, r.each_ref());
            for (lane, case) in eight.iter().enumerate() {
                assert_eq!(mask >> lane & 1 == 1, case.3, "{case:x?}");
            }
        }
    }
}

/// a·b·2^−260 by Montgomery's method.
fn product(a: &BigInt, b: &BigInt) -> BigInt {
    let factor = a * b * (power(260) - PRIME.modinv(&power(260)).expect("odd")) % power(260);
    (a * b + factor * &*PRIME) >> 260
}

/// The point with this x and an even y, by another library.
fn lift(x: &BigInt) -> Option<Affine<P256>> {
    let octets = x.to_bytes_be().1;
    let mut padded = [0; 32];
    padded[32 - octets.len()..].copy_from_slice(&octets);
    let point = p256::AffinePoint::decompress(&padded.into(), Choice::from(0)).into_option()?.to_sec1_point(false);
    PublicKey::from_be(&point.as_bytes()[1..]).as_ref().map(arithmetic::point).copied()
}

/// As numbers whose hundredfold is at most a limit in p, with one p less where they are above.
fn capped(numbers: &Eight<BigInt>, limit: i64) -> Eight<BigInt> {
    numbers.each_ref().map(|number| if between(number, 0, limit) { number.clone() } else { number - &*PRIME })
}

fn scalar(number: &BigInt) -> Scalar<P256> {
    let words = number.to_u64_digits().1;
    Scalar(array::from_fn(|i| words.get(i).copied().unwrap_or(0)))
}

/// k·G by another library.
pub(super) fn key(k: &BigInt) -> PublicKey<P256> {
    let octets = k.to_bytes_be().1;
    let mut padded = [0; 32];
    padded[32 - octets.len()..].copy_from_slice(&octets);
    let k = p256::Scalar::from_repr(padded.into()).expect("below n");
    let point = (p256::ProjectivePoint::GENERATOR * k).to_affine().to_sec1_point(false);
    PublicKey::from_be(&point.as_bytes()[1..]).expect("a point")
}

fn multiple(k: &BigInt) -> Affine<P256> {
    *arithmetic::point(&key(k))
}

/// x and y, out of Montgomery form.
fn coordinates(point: &Affine<P256>) -> (BigInt, BigInt) {
    let number = |words: &[u64; 4]| {
        let octets: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        modulo(&(BigInt::from(BigUint::from_bytes_le(&octets)) * inverse(&power(256))))
    };
    (number(&point.x.0), number(&point.y.0))
}

/// P + Q (SEC 1 §2.2.1).
fn chord(p: &(BigInt, BigInt), q: &(BigInt, BigInt)) -> (BigInt, BigInt) {
    let slope = if p == q {
        (&p.0 * &p.0 * 3 - 3) * inverse(&(&p.1 * 2))
    } else {
        (&q.1 - &p.1) * inverse(&modulo(&(&q.0 - &p.0)))
    };
    let x = modulo(&(&slope * &slope - &p.0 - &q.0));
    let y = modulo(&(slope * (&p.0 - &x) - &p.1));
    (x, y)
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn assert_finite(point: &Point, expected: &Eight<(BigInt, BigInt)>, lanes: u8) {
    let (x, y, zz, zzz) = (carried(&point.x), carried(&point.y), carried(&point.zz), carried(&point.zzz));
    for lane in (0..8).filter(|lane| lanes >> lane & 1 == 1) {
        assert!(between(&x[lane], 99, 201) && between(&y[lane], 0, 400));
        assert!(between(&zz[lane], 0, 195) && between(&zzz[lane], 0, 195));
        let (zz, zzz) = (&zz[lane], &zzz[lane]);
        assert_eq!(modulo(&(zz * zz * zz)), modulo(&(zzz * zzz * power(260))), "ZZ³ = ZZZ²");
        assert_eq!(modulo(&(&expected[lane].0 * zz)), modulo(&x[lane]));
        assert_eq!(modulo(&(&expected[lane].1 * zzz)), modulo(&y[lane]));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn assert_point(point: &Point, expected: &Eight<(BigInt, BigInt)>) {
    assert_finite(point, expected, !0);
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn assert_jacobian(jacobian: &Jacobian, expected: &Eight<(BigInt, BigInt)>) {
    let (y, z) = (carried(&jacobian.y), carried(&jacobian.z));
    assert!(y.iter().all(|y| between(y, 0, 380)) && z.iter().all(|z| between(z, 0, 385)));
    assert_finite(&jacobian.to_point(), expected, !0);
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn same_places<const POINTS: usize>(eight: &Eight<Odd<P256>>) {
    let table = key(&BigInt::from(1)).prepare::<POINTS>();
    let places = Places::new::<POINTS>(eight);
    for block in 0..Prepared::<P256, POINTS>::BLOCKS {
        for column in 0..Prepared::<P256, POINTS>::COLUMNS {
            let opposite = places.opposite(block * Prepared::<P256, POINTS>::COLUMNS + column);
            for (lane, scalar) in eight.iter().enumerate() {
                let (place, negative) = Prepared::<P256, POINTS>::place(scalar, block, column);
                let point = places.point(&table, block, column, lane);
                assert!(ptr::eq(point, &raw const arithmetic::entries(&table)[place]));
                assert_eq!(opposite >> lane & 1 == 1, negative);
            }
        }
    }
}
