//! Multiples of points that are not prepared: eight keys, each with its own scalar, by windows of fixed width.
//!
//! An odd k below 2^256 is Σ ±2^i over all i, with the signs that the comb uses too. Four of them in a row are an odd digit
//! between −15 and 15 (Joye and Tunstall, AFRICACRYPT 2009), so that every lane adds in every step: 252 doublings and 63 additions.
//!
//! No addition but the last meets equal or opposite points. Each adds d·Q to 16·a·Q with d odd and |d| ≤ 15, so that 16·a ± d is odd.
//! All but the last have 16·a ± d ≤ n/16 + 32 in size, and so it is no multiple of n. The last one may: k = n − 2 has d = −1, and
//! there 16·a − d is n. It is complete.

use core::{
    arch::x86_64::{__m512i, _mm512_and_si512, _mm512_or_si512, _mm512_set1_epi64, _mm512_test_epi64_mask},
    array,
};

use genuine_crypto::{
    P256,
    arithmetic::{self, Affine, Odd},
};

use super::{
    field::Fe,
    jacobian::Jacobian,
    lanes::{Eight, from_lanes, left, mask, right, to_lanes, transpose},
    point::{Entry, Point},
    words::{WORDS, rows, to_limbs, to_words},
};

/// Bits of a digit.
const WIDTH: usize = 4;

/// Digits of a scalar.
const DIGITS: usize = 256 / WIDTH;

/// The highest sign of a digit.
const HIGHEST: u8 = 1 << (WIDTH - 1);

/// Odd multiples of each point: ±1, ±3 … ±15 times.
const MULTIPLES: usize = HIGHEST as usize;

/// Q, −3Q, 5Q, −7Q … −15Q of eight points, in affine coordinates: x and y of each point in words, each below 2^256.
pub(super) struct Table([Eight<Eight<u64>>; MULTIPLES]);

impl Table {
    /// As libsecp256k1 does it: D = 2Q is added to Q again and again on the image of the curve under (x, y) ↦ (x·Z², y·Z³), Z
    /// being that of D. There D is affine, and additions do not use the curve's coefficients. Each Z is the one before times
    /// a factor, so that one inversion brings all of them back. Small multiples of Q differ: no addition is exceptional.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline(never)]
    pub(super) fn new(points: Eight<&Affine<P256>>) -> Self {
        let [x0, x1, x2, x3, y0, y1, y2, y3] = transpose(&rows(points));
        let (x, y) = (to_limbs::<4>([x0, x1, x2, x3]).loose().fold(), to_limbs::<4>([y0, y1, y2, y3]).loose().fold());
        let mut table = Self([[[0; 8]; 8]; MULTIPLES]);
        table.put(0, &x, &y);

        // −D and not D, which differs in the signs of the additions only.
        let mut twice = Jacobian { x, y, z: Fe::all(Fe::ONE) };
        twice.double_and_negate();
        let step = Entry { x: twice.x, y: twice.y, negative: 0 };
        let zz = twice.z.square().carry();
        let zzz = twice.z.mul(&zz).carry();
        let mut sum = Jacobian { x: x.mul(&zz).carry().loose().fold(), y: y.mul(&zzz).carry(), z: Fe::all(Fe::ONE) };
        let mut sums = [sum; MULTIPLES];
        let mut factors = [sum.z; MULTIPLES];
        for (index, (to, factor)) in sums.iter_mut().zip(&mut factors).enumerate().skip(1) {
            *factor = sum.subtract_from(&step, if index % 2 == 0 { !0 } else { 0 });
            *to = sum;
        }

        let mut inverse = invert(&sum.z.mul(&twice.z).carry()); // [0, 2.1]
        for (index, (sum, factor)) in sums.iter().zip(&factors).enumerate().skip(1).rev() {
            let square = inverse.square().carry(); // [0, 1.3]
            let x = sum.x.mul(&square).carry(); // [0, 1.2]
            let y = sum.y.mul(&inverse.mul(&square).carry()).carry(); // [0, 1.3]
            table.put(index, &x, &y);
            inverse = inverse.mul(factor).carry(); // [0, 1.6]
        }
        table
    }

    /// Puts points with x and y in [0, 2.01].
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    fn put(&mut self, index: usize, x: &Fe, y: &Fe) {
        let ([x0, x1, x2, x3], [y0, y1, y2, y3]) = (to_words(&x.below_2_256()), to_words(&y.below_2_256()));
        self.0[index] = transpose(&[x0, x1, x2, x3, y0, y1, y2, y3]).map(|row| from_lanes(row));
    }

    /// The multiples by a digit of each lane, given as four signs.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn get(&self, signs: __m512i) -> Entry {
        // Where the highest is +, the others are the number of the multiple; where not, their opposites are.
        let indices = from_lanes(signs);
        let rows = array::from_fn(|lane| {
            let index = indices[lane] as usize;
            let index = if index & MULTIPLES == 0 { !index } else { index } & (MULTIPLES - 1);
            to_lanes(self.0[index][lane])
        });
        let [x0, x1, x2, x3, y0, y1, y2, y3] = transpose(&rows);
        // All that are there are 1 modulo 4, and a digit whose lowest sign is + is 3.
        let negative = _mm512_test_epi64_mask(signs, octet(1));
        Entry { x: to_limbs::<0>([x0, x1, x2, x3]), y: to_limbs::<0>([y0, y1, y2, y3]), negative }
    }
}

/// A small number in all lanes.
#[target_feature(enable = "avx512f")]
#[inline]
fn octet(number: u8) -> __m512i {
    _mm512_set1_epi64(i64::from(number))
}

/// 1/z in each lane, in [0, 2.1], by one inversion of the product of all (Montgomery's trick, as a tree). Each z is in [0, 1.95],
/// and none may be zero.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
pub(super) fn invert(z: &Fe) -> Fe {
    let pairs = z.mul(&z.swapped(1)).carry();
    let fours = pairs.mul(&pairs.swapped(2)).carry();
    let all = fours.mul(&fours.swapped(4)).carry(); // [0, 1.1], since pairs are in [0, 1.3] and fours in [0, 1.1]
    let [x0, x1, x2, x3] = to_words(&all.below_2_256()).map(|words| from_lanes(words)[0]);
    // These words mean 2^4 times the product where a number is held times 2^256: so this is 2^−4 times the inverse.
    let mut inverse = arithmetic::Fe::<P256>([x0, x1, x2, x3]).invert();
    for _ in 0..4 {
        inverse = inverse.double();
    }
    let inverse = to_limbs::<4>(inverse.0.map(|word| _mm512_set1_epi64(word.cast_signed())));
    let others = z.swapped(1).mul(&pairs.swapped(2)).carry().mul(&fours.swapped(4)).carry();
    inverse.mul(&others).carry()
}

/// k·Q in each lane.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline(never)]
pub(crate) fn multiply(points: Eight<&Affine<P256>>, scalars: &Eight<Odd<P256>>) -> Point {
    let table = Table::new(points);
    let words: [__m512i; WORDS] = array::from_fn(|index| to_lanes(scalars.each_ref().map(|scalar| scalar.k[index])));
    let negative = mask(scalars.each_ref().map(|scalar| scalar.negative));
    // Sign i is bit i + 1, but for the highest of all, which is +. (So is bit 0, which comes round there, since k is odd.)
    let term = |digit: usize| {
        let (word, shift) = ((WIDTH * digit + 1) / 64, (WIDTH * digit + 1) % 64);
        let low = right(words[word % WORDS], shift);
        let high = if digit + 1 == DIGITS { octet(HIGHEST) } else { left(words[(word + 1) % WORDS], 64 - shift) };
        let mut entry = table.get(_mm512_and_si512(_mm512_or_si512(low, high), octet(2 * HIGHEST - 1)));
        entry.negative ^= negative;
        entry
    };
    let mut sum = Jacobian::from_entry(&term(DIGITS - 1));
    // Four doublings change the sign four times, and each addition once.
    let mut is_negative = false;
    for digit in (1..DIGITS - 1).rev() {
        for _ in 0..WIDTH {
            sum.double_and_negate();
        }
        let entry = term(digit);
        sum.subtract_from(&entry, if is_negative { entry.negative } else { !entry.negative });
        is_negative = !is_negative;
    }
    for _ in 0..WIDTH {
        sum.double_and_negate();
    }
    // As many additions, but for the first and the last, leave the sign as it was.
    const { assert!(DIGITS.is_multiple_of(2)) };
    sum.to_point().add(&Point::from_entry(&term(0)))
}
