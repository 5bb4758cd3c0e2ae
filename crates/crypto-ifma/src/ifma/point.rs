//! Points of P-256, eight at a time, in the coordinates "XYZZ": x = X/ZZ and y = Y/ZZZ with ZZ³ = ZZZ².
//!
//! Formulas are those of the Explicit-Formulas Database
//! (<https://hyperelliptic.org/EFD/g1p/auto-shortw-xyzz.html>), under their names there. A mixed addition takes 10
//! multiplications, one less than in Jacobian coordinates, and a doubling 9, one more.
//!
//! Y3 is a difference of two products in all of them. In the negative of the sum it is the sum of two products, which takes
//! one reduction and not two. So what adds up is negated at each step, and [`Sum`] knows its sign.
//!
//! Behind each value stands what it is in the names of the formula, and in which interval; `Point` says what they start from.
//! P is (X1, Y1, ZZ1, ZZZ1) and E is (X2, Y2).

use core::arch::x86_64::__mmask8;

use super::field::Fe;

/// Eight points in affine coordinates, none at infinity, with signs. x and y are in [0, 16].
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) x: Fe,
    pub(crate) y: Fe,
    /// The lanes that mean the opposite point.
    pub(crate) negative: __mmask8,
}

/// Eight points, at infinity where ZZ is zero. X is in [0.99, 2.01], Y in [0, 4], ZZ and ZZZ in [0, 1.95].
#[derive(Clone, Copy)]
pub(crate) struct Point {
    pub(crate) x: Fe,
    pub(crate) y: Fe,
    pub(crate) zz: Fe,
    pub(crate) zzz: Fe,
}

/// A sum that changes its sign at every step.
#[derive(Clone, Copy)]
pub(crate) struct Sum {
    point: Point,
    negative: bool,
}

impl Sum {
    /// A first term.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn of(entry: &Entry) -> Self {
        Self { point: Point::from_entry(entry), negative: false }
    }

    /// Doubles it.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn double(&mut self) {
        self.point.double_and_negate();
        self.negative = !self.negative;
    }

    /// Adds a term. The sum must not be that term, or its opposite, or infinity.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn add(&mut self, entry: &Entry) {
        let negative = if self.negative { entry.negative } else { !entry.negative };
        self.point.subtract_from(entry, negative);
        self.negative = !self.negative;
    }

    /// Adds a last term, whatever the sum is.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn add_last(self, entry: &Entry) -> Point {
        self.point().add(&Point::from_entry(entry))
    }

    /// Puts a first term in the place of the sum in some lanes.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn restart(&mut self, lanes: __mmask8, entry: &Entry) {
        self.point = Point::select(lanes, &self.point(), &Point::from_entry(entry));
        self.negative = false;
    }

    /// What it is without the changes of sign.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn point(&self) -> Point {
        if self.negative { self.point.negated() } else { self.point }
    }
}

impl Point {
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn from_entry(entry: &Entry) -> Self {
        let one = Fe::all(Fe::ONE);
        Self { x: entry.x.loose().fold(), y: entry.y.loose().negate(entry.negative).fold(), zz: one, zzz: one }
    }

    /// (x, −y).
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn negated(&self) -> Self {
        Self { y: self.y.loose().negate(!0).fold(), ..*self }
    }

    /// Lane i to lane i ⊕ distance.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn swapped(&self, distance: u64) -> Self {
        Self {
            x: self.x.swapped(distance),
            y: self.y.swapped(distance),
            zz: self.zz.swapped(distance),
            zzz: self.zzz.swapped(distance),
        }
    }

    /// a where the mask's bit is clear, b where it is set.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    fn select(mask: __mmask8, a: &Self, b: &Self) -> Self {
        Self {
            x: Fe::select(mask, &a.x, &b.x),
            y: Fe::select(mask, &a.y, &b.y),
            zz: Fe::select(mask, &a.zz, &b.zz),
            zzz: Fe::select(mask, &a.zzz, &b.zzz),
        }
    }

    /// The lanes that are at infinity.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn is_infinity(&self) -> __mmask8 {
        self.zz.is_zero::<1>()
    }

    /// P ← −2P, in 7M + 2S: `dbl-2008-s-1`, with 3·(X − ZZ)·(X + ZZ) for 3·X² + a·ZZ² because a is −3.
    ///
    /// Right for every P: only infinity doubles to infinity, since the order is odd, and with ZZ it stays zero.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn double_and_negate(&mut self) {
        let (x, y, zz) = (self.x.loose(), self.y.loose(), self.zz.loose());
        let u = y.double().carry(); // U = 2·Y1: [0, 8]
        let v = u.square().carry(); // V = U²: [0, 5]
        let w = u.mul(&v).carry(); // W = U·V: [0, 3.5]
        let s = self.x.mul(&v); // S = X1·V: [0, 1.64]
        // (X1 − ZZ1)·(X1 + ZZ1): [0.04, 3.01]·[0.99, 3.96] is [0, 1.75]
        let product = x.sub(zz).add_p::<1>().carry().mul(&x.add(zz).carry());
        let m = product.double().add(product).carry(); // M = 3·X1² + a·ZZ1²: [0, 5.25]
        let x3 = m.square().sub(s.double()).fold(); // X3 = M² − 2·S, of [−3.3, 2.8]
        // −Y3 = W·Y1 + M·(X3 − S): 3.5·4 + 5.25·[0.35, 3.01] is [0, 2.9]
        let y3 = w.mul_add_mul(&self.y, &m, &x3.loose().sub(s).add_p::<1>().carry());
        self.x = x3;
        self.y = y3.carry();
        self.zz = self.zz.mul(&v).carry(); // ZZ3 = V·ZZ1
        self.zzz = self.zzz.mul(&w).carry(); // ZZZ3 = W·ZZZ1
    }

    /// P ← E − P for P ≠ ±E not at infinity, in 8M + 2S: `madd-2008-s` for −P, whose Y1 is −Y1. E is the opposite point in the
    /// lanes that `negative` has, whatever its own signs. If P = ±E, the answer is at infinity, and so is all that is added to it
    /// later.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn subtract_from(&mut self, entry: &Entry, negative: __mmask8) {
        let u2 = entry.x.mul(&self.zz); // U2 = X2·ZZ1: [0, 2.96]
        let s2 = entry.y.mul(&self.zzz); // S2 = Y2·ZZZ1: [0, 2.96]
        let p = u2.sub(self.x.loose()).add_p::<3>().carry(); // P = U2 − X1: [0.99, 4.97]
        let r = s2.negate(negative).add(self.y.loose()).add_p::<3>().carry(); // R = S2 + Y1: [0.04, 9.96]
        let pp = p.square().carry(); // PP = P²: [0, 2.6]
        let ppp = p.mul(&pp).carry(); // PPP = P·PP: [0, 1.9]
        let q = self.x.mul(&pp); // Q = X1·PP: [0, 1.4]
        let x3 = r.square().sub(ppp.loose()).sub(q.double()).fold(); // X3 = R² − PPP − 2·Q, of [−4.7, 7.3]
        // Y3 = R·(Q − X3) + Y1·PPP: 9.96·[0.99, 3.41] + 4·1.9 is [0, 3.6]
        let y3 = r.mul_add_mul(&q.sub(x3.loose()).add_p::<3>().carry(), &self.y, &ppp);
        self.x = x3;
        self.y = y3.carry();
        self.zz = self.zz.mul(&pp).carry(); // ZZ3 = ZZ1·PP
        self.zzz = self.zzz.mul(&ppp).carry(); // ZZZ3 = ZZZ1·PPP
    }

    /// P + Q for all P and Q, in 12M + 2S: `add-2008-s`.
    ///
    /// ZZ3 is ZZ1·ZZ2·(x2 − x1)² but for squares, and so zero in just the lanes that the formula is not for.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline(never)]
    pub(crate) fn add(&self, other: &Self) -> Self {
        let u1 = self.x.mul(&other.zz).carry(); // U1 = X1·ZZ2: [0, 1.25]
        let u2 = other.x.mul(&self.zz); // U2 = X2·ZZ1: [0, 1.25]
        let minus_s1 = self.y.mul(&other.zzz).negate(!0).add_p::<2>().carry(); // −S1 = −Y1·ZZZ2: [0.5, 2]
        let s2 = other.y.mul(&self.zzz); // S2 = Y2·ZZZ1: [0, 1.5]
        let p = u2.sub(u1.loose()).add_p::<2>().carry(); // P = U2 − U1: [0.75, 3.25]
        let r = s2.add(minus_s1.loose()).carry(); // R = S2 − S1: [0.5, 3.5]
        let pp = p.square().carry(); // PP = P²: [0, 1.7]
        let ppp = p.mul(&pp).carry(); // PPP = P·PP: [0, 1.4]
        let q = u1.mul(&pp); // Q = U1·PP: [0, 1.2]
        let x3 = r.square().sub(ppp.loose()).sub(q.double()).fold(); // X3 = R² − PPP − 2·Q, of [−3.8, 1.8]
        // Y3 = R·(Q − X3) − S1·PPP: 3.5·[0.99, 3.21] + 2·1.4 is [0, 1.9]
        let y3 = r.mul_add_mul(&q.sub(x3.loose()).add_p::<3>().carry(), &minus_s1, &ppp);
        let zz3 = self.zz.mul(&other.zz).carry().mul(&pp).carry(); // ZZ3 = ZZ1·ZZ2·PP: [0, 1.2]
        let zzz3 = self.zzz.mul(&other.zzz).carry().mul(&ppp).carry(); // ZZZ3 = ZZZ1·ZZZ2·PPP: [0, 1.2]
        let sum = Self { x: x3, y: y3.carry(), zz: zz3, zzz: zzz3 };
        let exceptional = sum.is_infinity();
        if exceptional == 0 { sum } else { self.add_exceptional(other, sum, r.is_zero::<3>(), exceptional) }
    }

    /// The sum where the formula gave infinity: 2P for P = Q, Q and P for infinite P and Q, and infinity for P = −Q.
    ///
    /// `same_y` has the lanes with Y1·ZZZ2 = Y2·ZZZ1, which says that y is the same if both points are finite.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[cold]
    #[inline(never)]
    fn add_exceptional(&self, other: &Self, sum: Self, same_y: __mmask8, exceptional: __mmask8) -> Self {
        let mut twice = self.negated();
        twice.double_and_negate();
        let sum = Self::select(exceptional & same_y, &sum, &twice);
        let sum = Self::select(self.is_infinity(), &sum, other);
        Self::select(other.is_infinity(), &sum, self)
    }
}
