//! The intervals that stand beside the formulas, computed from the formulas themselves.
//!
//! The files that add up points are compiled once more here, beside another `field`: its elements are intervals, in units of
//! p, and its operations give what an answer can be at most and at least. They assert what the operations of the real one ask for:
//! factors that fit the multiplier, limbs below 2^60, numbers that carrying, comparing and writing out can take. Nothing
//! depends on the numbers in lanes, so each formula is run once, from what `Point`, `Jacobian` and `Entry` promise, and has to
//! give what they promise; and so is each path from its tables to its comparison.

#[path = "check.rs"]
mod check;
#[path = "comb.rs"]
mod comb;
#[path = "jacobian.rs"]
mod jacobian;
#[path = "point.rs"]
mod point;
#[path = "spread.rs"]
mod spread;
#[path = "window.rs"]
mod window;

use core::array;

use genuine_crypto::{
    BasePoint as _, P256,
    arithmetic::{Affine, Odd, Scalar},
};

use comb::Comb;
use field::Fe;
use jacobian::Jacobian;
use point::{Entry, Point};

use super::lanes;

/// What a number lies between, as far as products of 53 bits tell.
#[derive(Clone, Copy, Debug)]
struct Interval(f64, f64);

impl Interval {
    fn within(self, other: Self) -> bool {
        self.0 >= other.0 && self.1 <= other.1
    }

    fn hull(self, other: Self) -> Self {
        Self(self.0.min(other.0), self.1.max(other.1))
    }

    fn negative(self) -> Self {
        Self(-self.1, -self.0)
    }
}

/// What 2^−32 and smaller parts add, and rounding.
const SMALL: f64 = 1e-9;

/// In the place of the real `field`.
mod field {
    use core::arch::x86_64::__mmask8;

    use super::{Interval, SMALL};
    use crate::ifma::field::{Fe as Real, carried};
    pub(crate) use crate::ifma::field::{LIMBS, MASK};

    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Fe(pub(super) Interval);

    /// Its limbs are below a number in size.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Loose(Interval, f64);

    fn two_to(exponent: i32) -> f64 {
        2_f64.powi(exponent)
    }

    #[allow(clippy::cast_precision_loss, reason = "rounding is allowed for")]
    impl Fe {
        pub(crate) const ONE: [i64; LIMBS] = Real::ONE;
        pub(crate) const P: [i64; LIMBS] = Real::P;

        pub(crate) fn all(limbs: [i64; LIMBS]) -> Self {
            let in_p = |limbs: [i64; LIMBS]| limbs.iter().rev().fold(0., |sum, &limb| sum * two_to(52) + limb as f64);
            let number = in_p(carried(limbs)) / in_p(Self::P);
            Self(Interval(number, number))
        }

        pub(crate) fn mul(&self, other: &Self) -> Loose {
            self.mul_add_mul(other, &Self::all([0; LIMBS]), &Self::all([0; LIMBS]))
        }

        pub(crate) fn mul_add_mul(&self, b: &Self, c: &Self, d: &Self) -> Loose {
            let [a, b, c, d] = [self, b, c, d].map(|factor| {
                assert!(factor.0.within(Interval(0., 16. + SMALL)), "{factor:?} as a factor");
                factor.0.1
            });
            // p/2^260 is less than 1/16.
            Loose(Interval(0., (a * b + c * d) / 16. + 1. + SMALL), two_to(58))
        }

        pub(crate) fn square(&self) -> Loose {
            self.mul(self)
        }

        pub(crate) fn loose(self) -> Loose {
            Loose(self.0, two_to(52))
        }

        /// Either, whatever the mask: it is different from lane to lane.
        pub(crate) fn select(_: __mmask8, a: &Self, b: &Self) -> Self {
            Self(a.0.hull(b.0))
        }

        pub(crate) fn swapped(&self, _: u64) -> Self {
            *self
        }

        pub(crate) fn below_2_256(&self) -> Self {
            assert!(self.0.within(Interval(0., 2.01)), "{self:?} to be made less than 2^256");
            Self(Interval(0., 1. + SMALL))
        }

        /// In all lanes: that is what leads to the most formulas.
        pub(crate) fn is_zero<const UP_TO: i64>(&self) -> __mmask8 {
            assert!(self.0.0 > -1. && self.0.1 < UP_TO as f64 + 1., "{self:?} compared up to {UP_TO}");
            !0
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    impl Loose {
        pub(crate) fn add(self, other: Self) -> Self {
            Self(Interval(self.0.0 + other.0.0, self.0.1 + other.0.1), self.1 + other.1)
        }

        pub(crate) fn sub(self, other: Self) -> Self {
            self.add(other.negate(!0))
        }

        pub(crate) fn double(self) -> Self {
            self.add(self)
        }

        pub(crate) fn negate(self, mask: __mmask8) -> Self {
            let number = match mask {
                0 => self.0,
                0xff => self.0.negative(),
                _ => self.0.hull(self.0.negative()),
            };
            Self(number, self.1)
        }

        pub(crate) fn add_p<const K: i64>(self) -> Self {
            let k = K as f64;
            Self(Interval(self.0.0 + k, self.0.1 + k), self.1 + k * two_to(48))
        }

        pub(crate) fn carry(self) -> Fe {
            assert!(self.0.within(Interval(0., 16.)) && self.1 <= two_to(60), "{self:?} carried");
            Fe(self.0)
        }

        pub(crate) fn fold(self) -> Fe {
            assert!(self.0.within(Interval(-1024., 1024.)) && self.1 <= two_to(60), "{self:?} folded");
            Fe(super::FOLDED)
        }
    }
}

/// In the place of the real `words`: words are words, but elements come of them and go into them.
mod words {
    use core::arch::x86_64::{__m512i, _mm512_setzero_si512};

    use genuine_crypto::{P256, arithmetic::Scalar};

    use super::{Interval, SMALL, field::Fe, lanes::Eight};
    pub(crate) use crate::ifma::words::{WORDS, rows};

    pub(crate) fn to_limbs<const SHIFT: usize>(_: [__m512i; 4]) -> Fe {
        Fe(Interval(0., f64::from(1 << SHIFT) + SMALL))
    }

    #[target_feature(enable = "avx512f")]
    pub(crate) fn to_words(number: &Fe) -> [__m512i; 4] {
        assert!(number.0.within(Interval(0., 1. + SMALL)), "{number:?} in 256 bits");
        [_mm512_setzero_si512(); 4]
    }

    pub(crate) fn scalars(_: Eight<&Scalar<P256>>) -> Fe {
        Fe(Interval(0., 1.))
    }
}

/// What folding promises.
const FOLDED: Interval = Interval(0.99, 2.01);
/// A table's coordinate with four bits of zeros, and what an entry of other origin may be.
const SHIFTED: Interval = Interval(0., 16. + SMALL);
const OF_WINDOW: Interval = Interval(0., 4.);

/// What `Point` promises.
const POINT: Point =
    Point { x: Fe(FOLDED), y: Fe(Interval(0., 4.)), zz: Fe(Interval(0., 1.95)), zzz: Fe(Interval(0., 1.95)) };
/// What `Jacobian` promises.
const JACOBIAN: Jacobian = Jacobian { x: Fe(FOLDED), y: Fe(Interval(0., 3.8)), z: Fe(Interval(0., 3.85)) };

/// An entry with both signs.
const fn entry(coordinate: Interval) -> Entry {
    Entry { x: Fe(coordinate), y: Fe(coordinate), negative: 0x0f }
}

fn assert_point(point: &Point) {
    let promised = [(point.x, POINT.x), (point.y, POINT.y), (point.zz, POINT.zz), (point.zzz, POINT.zzz)];
    assert!(promised.iter().all(|(is, promised)| is.0.within(promised.0)), "{promised:?}");
}

fn assert_jacobian(jacobian: &Jacobian) {
    let promised = [(jacobian.x, JACOBIAN.x), (jacobian.y, JACOBIAN.y), (jacobian.z, JACOBIAN.z)];
    assert!(promised.iter().all(|(is, promised)| is.0.within(promised.0)), "{promised:?}");
}

/// A small scalar, for which r + n is compared as well, as r; and, negative in some lanes only, as a factor.
fn scalars() -> ([Scalar<P256>; 8], [Odd<P256>; 8]) {
    let scalars = array::from_fn(|lane| Scalar([lane as u64 + 1, 0, 0, 0]));
    (scalars, scalars.map(|scalar| Odd::new(&scalar)))
}

with_lanes! {
    /// Each formula from what it may be given.
    fn formulas_keep_their_promises() {
        let mut point = POINT;
        point.double_and_negate();
        assert_point(&point);
        point = POINT;
        point.subtract_from(&entry(SHIFTED), 0x0f);
        assert_point(&point);
        assert_point(&POINT.negated());
        assert_point(&Point::from_entry(&entry(SHIFTED)));
        // With all that it does for exceptional lanes.
        assert_point(&POINT.add(&POINT));

        let mut jacobian = JACOBIAN;
        jacobian.double_and_negate();
        assert_jacobian(&jacobian);
        jacobian = JACOBIAN;
        let _ = jacobian.subtract_from(&entry(OF_WINDOW), 0x0f);
        assert_jacobian(&jacobian);
        assert_jacobian(&Jacobian::from_entry(&entry(SHIFTED)));
        assert_point(&JACOBIAN.to_point());

        let inverse = window::invert(&Fe(Interval(0., 1.95)));
        assert!(inverse.0.within(Interval(0., 2.1)), "{inverse:?}");
        let (r, _) = scalars();
        let _ = check::has_x(&POINT, r.each_ref());
    }

    /// Each path as a whole, from the words of its tables.
    fn paths_keep_their_promises() {
        let (r, factors) = scalars();
        let base = P256::table();
        let of_base = Comb::new(&[base; 8], &factors).multiply(|_| {});
        let of_window = window::multiply([&Affine::GENERATOR; 8], &factors);
        let key = super::tests::key(&1.into());
        let (of_8, of_32, of_128) = (key.prepare::<8>(), key.prepare::<32>(), key.prepare::<128>());
        let products = [
            of_window,
            Comb::new(&[&of_8; 8], &factors).multiply(|_| {}),
            Comb::new(&[&of_32; 8], &factors).multiply(|_| {}),
            Comb::new(&[&of_128; 8], &factors).multiply(|_| {}),
            of_base,
        ];
        for product in products {
            assert_point(&product);
            let _ = check::has_x(&product.add(&of_base), r.each_ref());
        }
        let (u1, u2) = (factors[0], factors[1]);
        for sum in [spread::sum(u1, &of_128, u2), spread::sum(u1, base, u2)] {
            assert_point(&sum);
            let _ = check::has_x(&sum, r.each_ref());
        }
    }
}
