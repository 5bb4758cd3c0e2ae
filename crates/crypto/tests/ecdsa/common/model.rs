//! A model of how the crate adds up u1·G + u2·Q, in integers: which multiple of G and of Q is added when.
//!
//! With the private key d known, the model tells what each addition meets, and finds the d with which an addition of
//! choice meets equal or opposite points. It shares no code with the crate; only the order of additions and the shapes of
//! combs are the same by design.

use std::ops::AddAssign;

use genuine_crypto::{Base, arithmetic::Affine};
use num_bigint::{BigInt, BigUint, Sign};

use super::{Word, curve::Oracle, power};

/// How a sum is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    Plain,
    /// With so many points.
    Prepared(usize),
}

pub(crate) const PATHS: [Path; 5] =
    [Path::Plain, Path::Prepared(8), Path::Prepared(32), Path::Prepared(128), Path::Prepared(512)];

/// Bits of a window.
const WINDOW: usize = if Word::BITS == 64 { 5 } else { 4 };

/// What happens to a sum.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Double,
    /// Of this multiple of G.
    AddBase(BigInt),
    /// Of this multiple of Q.
    AddKey(BigInt),
}

/// How often each case of an addition occurred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// The sum was infinity, again after the first addition.
    pub(crate) infinity: usize,
    /// The sum was equal to what is added.
    pub(crate) equal: usize,
    /// The sum was opposite to what is added.
    pub(crate) opposite: usize,
    pub(crate) ordinary: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.infinity += other.infinity;
        self.equal += other.equal;
        self.opposite += other.opposite;
        self.ordinary += other.ordinary;
    }
}

/// Teeth, blocks and columns.
pub(crate) fn shape(points: usize, bits: usize) -> (usize, usize, usize) {
    let (teeth, blocks) = match points {
        8 => (4, 1),
        32 => (6, 1),
        128 => (6, 4),
        512 => (8, 4),
        _ => panic!("no such comb"),
    };
    (teeth, blocks, bits.div_ceil(teeth * blocks))
}

/// The multiple of a point that an entry of its comb is.
pub(crate) fn entry(points: usize, bits: usize, index: usize) -> BigInt {
    let (teeth, blocks, columns) = shape(points, bits);
    let (block, signs) = (index >> (teeth - 1), index & ((1 << (teeth - 1)) - 1));
    (0..teeth)
        .map(|tooth| {
            let term = BigInt::from(power((tooth * blocks + block) * columns));
            if tooth == teeth - 1 || signs >> tooth & 1 == 1 { term } else { -term }
        })
        .sum()
}

/// The entries that a comb adds in each column, the lowest column first.
fn comb<C: Oracle>(points: usize, k: &BigUint) -> Vec<Vec<BigInt>> {
    let (teeth, blocks, columns) = shape(points, 8 * C::OCTETS);
    let odd = if k.bit(0) { k.clone() } else { C::n() - k };
    let last = teeth * blocks * columns - 1;
    let sum = |column, block| {
        let sum: BigInt = (0..teeth)
            .map(|tooth| {
                let from = (tooth * blocks + block) * columns;
                let positive = from + column == last || odd.bit(u64::try_from(from + column + 1).unwrap());
                if positive { BigInt::from(power(from)) } else { -BigInt::from(power(from)) }
            })
            .sum();
        if k.bit(0) { sum } else { -sum }
    };
    (0..columns).map(|column| (0..blocks).map(|block| sum(column, block)).collect()).collect()
}

/// The digits of the non-adjacent form, the lowest first.
fn windows<C: Oracle>(k: &BigUint) -> Vec<i64> {
    let high = k * 2_u32 > *C::n();
    let mut rest = BigInt::from(if high { C::n() - k } else { k.clone() });
    let mut digits = Vec::new();
    while rest.sign() != Sign::NoSign {
        let mut digit = 0;
        if rest.bit(0) {
            digit = i64::try_from(&rest & BigInt::from((1 << WINDOW) - 1)).unwrap();
            if digit >= 1 << (WINDOW - 1) {
                digit -= 1 << WINDOW;
            }
        }
        rest = (rest - digit) >> 1;
        digits.push(if high { -digit } else { digit });
    }
    digits
}

/// All that happens to the sum on a path.
pub(crate) fn steps<C: Oracle>(path: Path, u1: &BigUint, u2: &BigUint) -> Vec<Step> {
    let base = comb::<C>(size_of::<Base<C>>() / size_of::<Affine<C>>(), u1);
    let key = match path {
        Path::Plain => windows::<C>(u2)
            .into_iter()
            .map(|digit| if digit == 0 { vec![] } else { vec![BigInt::from(digit)] })
            .collect(),
        Path::Prepared(points) => comb::<C>(points, u2),
    };
    let mut steps = Vec::new();
    for column in (0..base.len().max(key.len())).rev() {
        steps.push(Step::Double);
        steps.extend(key.get(column).into_iter().flatten().cloned().map(Step::AddKey));
        steps.extend(base.get(column).into_iter().flatten().cloned().map(Step::AddBase));
    }
    steps
}

fn modulo<C: Oracle>(number: &BigInt) -> BigUint {
    let n = BigInt::from(C::n().clone());
    ((number % &n + &n) % n).to_biguint().unwrap()
}

/// What the additions meet with a key d·G. The sum is that of the definition, which is asserted.
pub(crate) fn count<C: Oracle>(path: Path, u1: &BigUint, u2: &BigUint, d: &BigUint) -> Counts {
    let (zero, n) = (BigUint::ZERO, C::n());
    let mut counts = Counts::default();
    let mut sum = zero.clone();
    let mut first = true;
    for step in steps::<C>(path, u1, u2) {
        let term = match step {
            Step::Double => {
                sum = (&sum << 1) % n;
                continue;
            }
            Step::AddBase(multiple) => modulo::<C>(&multiple),
            Step::AddKey(multiple) => modulo::<C>(&multiple) * d % n,
        };
        let total = (&sum + &term) % n;
        if first {
            first = false;
        } else if sum == zero {
            counts.infinity += 1;
        } else if sum == term {
            counts.equal += 1;
        } else if total == zero {
            counts.opposite += 1;
        } else {
            counts.ordinary += 1;
        }
        sum = total;
    }
    assert_eq!(sum, (u1 + u2 * d) % n, "the model is right");
    counts
}

/// For each addition on a path, the keys d with which its points are equal and opposite, where there are such.
pub(crate) fn collisions<C: Oracle>(path: Path, u1: &BigUint, u2: &BigUint) -> Vec<[Option<BigUint>; 2]> {
    let (mut of_base, mut of_key) = (BigInt::ZERO, BigInt::ZERO);
    let mut found = Vec::new();
    for step in steps::<C>(path, u1, u2) {
        let (base, key) = match step {
            Step::Double => {
                of_base *= 2;
                of_key *= 2;
                continue;
            }
            Step::AddBase(multiple) => (multiple, BigInt::ZERO),
            Step::AddKey(multiple) => (BigInt::ZERO, multiple),
        };
        // of_base + of_key·d = ±(base + key·d).
        found.push([(&base - &of_base, &of_key - &key), (-&base - &of_base, &of_key + &key)].map(|(left, right)| {
            let right = modulo::<C>(&right).modinv(C::n())?;
            Some(modulo::<C>(&left) * right % C::n()).filter(|d| *d != BigUint::ZERO)
        }));
        of_base += base;
        of_key += key;
    }
    found
}
