//! Points of the two curves y² = x³ − 3x + b.
//!
//! Formulas are those of the Explicit-Formulas Database for Jacobian coordinates with a = −3
//! (<https://hyperelliptic.org/EFD/g1p/auto-shortw-jacobian-3.html>), under their names there: `dbl-2001-b` and `madd`. Behind each
//! step stands what it computes, in the names of the formula. P is (X1, Y1, Z1) and becomes (X3, Y3, Z3), in the place of its
//! coordinates and of values that are done with, which keeps the stack small.
//!
//! Coordinates may be any [`Fe`], below p or not; and so are those that come out.

use crate::{curve::Curve, field::Fe, word::Word, words::Words};

/// A point other than infinity.
#[derive(Clone, Copy, Debug)]
pub struct Affine<C: Curve> {
    /// The x-coordinate.
    pub x: Fe<C>,
    /// The y-coordinate.
    pub y: Fe<C>,
}

/// A point (X/Z², Y/Z³), at infinity if Z is zero.
#[derive(Clone, Copy, Debug)]
pub struct Jacobian<C: Curve> {
    /// X.
    pub x: Fe<C>,
    /// Y.
    pub y: Fe<C>,
    /// Z.
    pub z: Fe<C>,
}

impl<C: Curve> Affine<C> {
    /// The base point G.
    pub const GENERATOR: Self = Self { x: Fe(C::G[0]), y: Fe(C::G[1]) };

    /// No point of the curve: room for one.
    pub(crate) const ZEROS: Self = Self { x: Fe::ZERO, y: Fe::ZERO };

    /// Reads `X ‖ Y`; `None` unless both are below p and the point is on the curve (SEC 1 §3.2.2.1).
    pub fn from_be(coordinates: &[u8]) -> Option<Self> {
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        match (Fe::from_be(x), Fe::from_be(y)) {
            (Some(x), Some(y)) => {
                let point = Self { x, y };
                if point.is_on_curve() { Some(point) } else { None }
            }
            _ => None,
        }
    }

    /// The length of [`write_to`](Self::write_to) in octets.
    pub(crate) const ENCODED_LEN: usize = 2 * C::Words::OCTETS;

    /// Writes the Montgomery forms of x and y below p, little-endian, as far as there is room.
    pub(crate) fn write_to(&self, octets: &mut [u8]) {
        let (x, y) = (self.x.canonical(), self.y.canonical());
        let (octets, _) = octets.as_chunks_mut();
        for (octets, word) in octets.iter_mut().zip(x.as_ref().iter().chain(y.as_ref())) {
            *octets = word.to_le_bytes();
        }
    }

    /// Reads what [`write_to`](Self::write_to) wrote; `None` unless both are below p and the point is on the curve.
    pub(crate) fn from_written(octets: &[u8]) -> Option<Self> {
        let (mut x, mut y) = (C::Words::ZERO, C::Words::ZERO);
        let (octets, _) = octets.as_chunks();
        for (word, octets) in x.as_mut().iter_mut().chain(y.as_mut()).zip(octets) {
            *word = Word::from_le_bytes(*octets);
        }
        let point = Self { x: Fe(x), y: Fe(y) };
        (x.less(C::P) && y.less(C::P) && point.is_on_curve()).then_some(point)
    }

    /// y² = (x² − 3)·x + b.
    fn is_on_curve(&self) -> bool {
        let (one, mut factor) = (Fe::ONE, self.x.square());
        for _ in 0..3 {
            factor.decrease(&one); //                x² − 3
        }
        let mut difference = factor.mul(&self.x);
        difference.increase(&Fe(C::B)); //           (x² − 3)·x + b
        difference.decrease(&self.y.square());
        difference.is_zero()
    }

    /// (x·f², y·f³).
    #[inline(always)]
    pub fn scaled(&self, factor: &Fe<C>) -> Self {
        let mut scaled = *self;
        scaled.scale(factor);
        scaled
    }

    /// The point becomes (x·f², y·f³).
    #[inline(always)]
    pub(crate) fn scale(&mut self, factor: &Fe<C>) {
        let mut power = factor.square(); // f²
        self.x = self.x.mul(&power);
        power = power.mul(factor); //       f³
        self.y = self.y.mul(&power);
    }

    /// P + Q for finite P ≠ ±Q, the slope λ = (y2 − y1)/(x2 − x1) being known (SEC 1 §2.2.1 rule 4).
    #[inline(always)]
    pub fn chord(&self, other: &Self, slope: &Fe<C>) -> Self {
        let x = slope.square().sub(&self.x).sub(&other.x); //    x3 = λ² − x1 − x2
        let y = slope.mul(&self.x.sub(&x)).sub(&self.y); // y3 = λ·(x1 − x3) − y1
        Self { x, y }
    }
}

impl<C: Curve> Jacobian<C> {
    /// The point at infinity.
    pub const INFINITY: Self = Self { x: Fe::ONE, y: Fe::ONE, z: Fe::ZERO };

    /// The same point, with Z = 1.
    pub fn from_affine(point: &Affine<C>) -> Self {
        Self { x: point.x, y: point.y, z: Fe::ONE }
    }

    /// P becomes (x·f², y·f³), with Z = 1.
    #[inline(always)]
    pub(crate) fn set_scaled(&mut self, point: &Affine<C>, factor: &Fe<C>) {
        let mut power = factor.square(); // f²
        self.x = point.x.mul(&power);
        power = power.mul(factor); //       f³
        self.y = point.y.mul(&power);
        self.z = Fe::ONE;
    }

    /// Whether Z is zero.
    pub fn is_infinity(&self) -> bool {
        self.z.is_zero()
    }

    /// P becomes 2P, for every P: infinity stays infinity, since Z3 is a multiple of Z1. 4M + 4S: `dbl-2001-b` scaled by 1/2, as
    /// libsecp256k1 has it for a = 0. (X3, Y3, Z3) there is (4·X3, 8·Y3, 2·Z3) here, and alpha is halved.
    #[inline(never)]
    pub fn double(&mut self) {
        let mut delta = self.z.square(); //         delta = Z1²
        let mut gamma = self.y.square(); //         gamma = Y1²
        self.z = self.y.mul(&self.z); //            Z3 = Y1·Z1
        let mut beta = self.x.mul(&gamma); //       beta = X1·gamma
        let mut alpha = self.x.sub(&delta);
        self.x.increase(&delta);
        alpha = alpha.mul(&self.x); //              (X1 − delta)·(X1 + delta)
        delta = alpha;
        alpha.increase(&delta);
        alpha.increase(&delta);
        alpha.halve(); //                           alpha = 3/2·(X1 − delta)·(X1 + delta)
        self.x = alpha.square();
        delta = beta.double();
        self.x.decrease(&delta); //                 X3 = alpha² − 2·beta
        beta.decrease(&self.x);
        self.y = alpha.mul(&beta);
        gamma = gamma.square();
        self.y.decrease(&gamma); //                 Y3 = alpha·(beta − X3) − gamma²
    }

    /// P becomes P + Q, whatever they are.
    #[inline(never)]
    pub fn add(&mut self, other: &Affine<C>) {
        if self.is_infinity() {
            self.x = other.x;
            self.y = other.y;
            self.z = Fe::ONE;
            return;
        }
        let mut power = self.z.square(); //         Z1Z1 = Z1²
        let mut h = self.x_difference(other, &power);
        power = power.mul(&self.z); //              Z1·Z1Z1
        let r = self.y_difference(other, &power);
        if h.is_zero() && r.is_zero() {
            self.double();
        } else {
            // For P = −Q as well: H is zero, and with it Z3 = Z1·H.
            self.add_differences(&mut h, &r);
        }
    }

    /// P becomes P + Q, or P − Q, whatever they are.
    #[inline(always)]
    pub(crate) fn add_signed(&mut self, other: &Affine<C>, negative: bool) {
        let mut other = *other;
        if negative {
            other.y = other.y.neg();
        }
        self.add(&other);
    }

    /// P becomes P + Q for P ≠ ±Q and P not infinity, in 8M + 3S. Returns H, by which Z was multiplied.
    // Not inlined where stack is scarce, so that the differences are gone when Z is inverted: 64 bytes on Cortex-M4.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub fn add_unequal(&mut self, other: &Affine<C>) -> Fe<C> {
        let mut power = self.z.square(); //         Z1Z1 = Z1²
        let h = self.x_difference(other, &power);
        power = power.mul(&self.z); //              Z1·Z1Z1
        let r = self.y_difference(other, &power);
        power = h; //                               becomes J, and H is kept
        self.add_differences(&mut power, &r);
        h
    }

    // H and r of `madd` scaled by 1/2: the differences of the x- and of the y-coordinates, both in terms of Z1. Both are zero if
    // and only if P = Q, and H alone is zero if and only if P = −Q, for P not infinity.

    /// H = U2 − X1, and U2 = X2·Z1Z1.
    #[inline(always)]
    fn x_difference(&self, other: &Affine<C>, z_squared: &Fe<C>) -> Fe<C> {
        let mut h = other.x.mul(z_squared);
        h.decrease(&self.x);
        h
    }

    /// r = S2 − Y1, and S2 = Y2·Z1·Z1Z1.
    #[inline(always)]
    fn y_difference(&self, other: &Affine<C>, z_cubed: &Fe<C>) -> Fe<C> {
        let mut r = other.y.mul(z_cubed);
        r.decrease(&self.y);
        r
    }

    /// The rest of `madd` scaled by 1/2, with Z3 = Z1·H, I = HH = H² and J = H³. H becomes J.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn add_differences(&mut self, h: &mut Fe<C>, r: &Fe<C>) {
        self.z = self.z.mul(h); //                  Z3 = Z1·H
        let mut square = h.square(); //             HH = H²
        let mut v = self.x.mul(&square); //         V = X1·HH
        *h = square.mul(h); //                      J = H·HH
        self.x = r.square();
        self.x.decrease(h);
        square = v.double();
        self.x.decrease(&square); //                X3 = r² − J − 2·V
        v.decrease(&self.x);
        square = self.y.mul(h); //                  Y1·J
        self.y = r.mul(&v);
        self.y.decrease(&square); //                Y3 = r·(V − X3) − Y1·J
    }
}
