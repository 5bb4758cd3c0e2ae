//! Points of the two curves y² = x³ − 3x + b.
//!
//! Formulas are those of the Explicit-Formulas Database for Jacobian coordinates with a = −3
//! (<https://hyperelliptic.org/EFD/g1p/auto-shortw-jacobian-3.html>), under their names there.

use crate::{P256, P384, field::Fe, scalar::Scalar, word::Word, words};

/// A point other than infinity.
#[derive(Clone, Copy, Debug)]
pub struct Affine<const N: usize> {
    /// The x-coordinate.
    pub x: Fe<N>,
    /// The y-coordinate.
    pub y: Fe<N>,
}

/// A point (X/Z², Y/Z³), at infinity if Z is zero.
#[derive(Clone, Copy, Debug)]
pub struct Jacobian<const N: usize> {
    /// X.
    pub x: Fe<N>,
    /// Y.
    pub y: Fe<N>,
    /// Z.
    pub z: Fe<N>,
}

impl<const N: usize> Affine<N> {
    /// b (SEC 2 §2.4.2 and §2.5.1).
    const B: Fe<N> = Fe::from_number(if N == P256 {
        words::rename(&words::hex::<P256>("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"))
    } else {
        words::rename(&words::hex::<P384>(
            "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
        ))
    });

    /// The base point G (SEC 2 §2.4.2 and §2.5.1).
    pub const GENERATOR: Self = if N == P256 {
        Self {
            x: Fe::from_number(words::rename(&words::hex::<P256>(
                "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
            ))),
            y: Fe::from_number(words::rename(&words::hex::<P256>(
                "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
            ))),
        }
    } else {
        Self {
            x: Fe::from_number(words::rename(&words::hex::<P384>(
                "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
            ))),
            y: Fe::from_number(words::rename(&words::hex::<P384>(
                "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
            ))),
        }
    };

    /// No point of the curve: room for one.
    pub(crate) const ZEROS: Self = Self { x: Fe::ZERO, y: Fe::ZERO };

    /// Reads `X ‖ Y`; `None` unless both are below p and the point is on the curve (SEC 1 §3.2.2.1).
    pub const fn from_be(coordinates: &[u8]) -> Option<Self> {
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
    pub(crate) const ENCODED_LEN: usize = 2 * N * words::OCTETS;

    /// Writes the Montgomery forms of x and y below p, little-endian, as far as there is room.
    pub(crate) fn write_to(&self, octets: &mut [u8]) {
        let words = [self.x.canonical(), self.y.canonical()];
        for (octet, written) in octets.iter_mut().zip(words.as_flattened().iter().flat_map(|word| word.to_le_bytes())) {
            *octet = written;
        }
    }

    /// Reads what [`write_to`](Self::write_to) wrote; `None` unless both are below p and the point is on the curve.
    pub(crate) fn from_written(octets: &[u8]) -> Option<Self> {
        let mut words = [[0; N]; 2];
        for (word, octets) in words.as_flattened_mut().iter_mut().zip(octets.chunks_exact(words::OCTETS)) {
            *word = octets.iter().rev().fold(0, |word, &octet| word << 8 | Word::from(octet));
        }
        let [x, y] = words;
        let point = Self { x: Fe(x), y: Fe(y) };
        (words::less(&x, &Fe::P) && words::less(&y, &Fe::P) && point.is_on_curve()).then_some(point)
    }

    /// y² = (x² − 3)·x + b.
    const fn is_on_curve(&self) -> bool {
        let three = Fe::ONE.double().add(&Fe::ONE);
        self.x.square().sub(&three).mul(&self.x).add(&Self::B).equals(&self.y.square())
    }

    /// (x·f², y·f³).
    #[inline(always)]
    pub const fn scaled(&self, factor: &Fe<N>) -> Self {
        let mut scaled = *self;
        scaled.scale(factor);
        scaled
    }

    /// The point becomes (x·f², y·f³).
    #[inline(always)]
    pub(crate) const fn scale(&mut self, factor: &Fe<N>) {
        let mut power = factor.square();
        self.x = self.x.mul(&power);
        power = power.mul(factor);
        self.y = self.y.mul(&power);
    }

    /// The point opposite to the third on the line through this and another one, the slope being known (SEC 1 §2.2.1).
    #[inline(always)]
    pub const fn chord(&self, other: &Self, slope: &Fe<N>) -> Self {
        let x = slope.square().sub(&self.x).sub(&other.x);
        Self { x, y: slope.mul(&self.x.sub(&x)).sub(&self.y) }
    }
}

impl<const N: usize> Jacobian<N> {
    /// The point at infinity.
    pub const INFINITY: Self = Self { x: Fe::ONE, y: Fe::ONE, z: Fe::ZERO };

    /// The same point, with Z = 1.
    pub const fn from_affine(point: &Affine<N>) -> Self {
        Self { x: point.x, y: point.y, z: Fe::ONE }
    }

    /// P becomes (x·f², y·f³), with Z = 1.
    #[inline(always)]
    pub(crate) const fn set_scaled(&mut self, point: &Affine<N>, factor: &Fe<N>) {
        let mut power = factor.square();
        self.x = point.x.mul(&power);
        power = power.mul(factor);
        self.y = point.y.mul(&power);
        self.z = Fe::ONE;
    }

    /// Whether Z is zero.
    pub const fn is_infinity(&self) -> bool {
        self.z.is_zero()
    }

    /// P becomes 2P, in 4M + 4S: `dbl-2001-b` scaled by 1/2, as libsecp256k1 has it for a = 0.
    #[inline(never)]
    pub const fn double(&mut self) {
        let mut delta = self.z.square();
        let mut gamma = self.y.square();
        self.z = self.y.mul(&self.z);
        let mut beta = self.x.mul(&gamma);
        let mut alpha = self.x.sub(&delta);
        self.x.increase(&delta);
        alpha = alpha.mul(&self.x);
        // 3/2 of the product.
        delta = alpha;
        alpha.increase(&delta);
        alpha.increase(&delta);
        alpha.halve();
        self.x = alpha.square();
        delta = beta.double();
        self.x.decrease(&delta);
        beta.decrease(&self.x);
        self.y = alpha.mul(&beta);
        gamma = gamma.square();
        self.y.decrease(&gamma);
    }

    /// P becomes P + Q, whatever they are.
    #[inline(never)]
    pub const fn add(&mut self, other: &Affine<N>) {
        if self.is_infinity() {
            *self = Self::from_affine(other);
            return;
        }
        let (mut h, r) = self.differences(other);
        if h.is_zero() && r.is_zero() {
            self.double();
        } else {
            // For P = −Q as well: H is zero, and with it Z·H.
            self.add_differences(&mut h, &r);
        }
    }

    /// P becomes P + Q, or P − Q.
    #[inline(always)]
    pub(crate) const fn add_signed(&mut self, other: &Affine<N>, negative: bool) {
        let mut other = *other;
        if negative {
            other.y = other.y.neg();
        }
        self.add(&other);
    }

    /// P becomes P + Q for P ≠ ±Q and P not infinity, in 8M + 3S: `madd`, with Z3 = Z1·H. Returns H.
    pub const fn add_unequal(&mut self, other: &Affine<N>) -> Fe<N> {
        let (h, r) = self.differences(other);
        self.add_differences(&mut { h }, &r);
        h
    }

    /// H and R: the differences of the x- and of the y-coordinates, both in terms of Z1.
    #[inline(always)]
    const fn differences(&self, other: &Affine<N>) -> (Fe<N>, Fe<N>) {
        let mut power = self.z.square();
        let mut h = other.x.mul(&power);
        h.decrease(&self.x);
        power = power.mul(&self.z);
        let mut r = other.y.mul(&power);
        r.decrease(&self.y);
        (h, r)
    }

    /// The rest of an addition, once H and R are known. H becomes H³.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    const fn add_differences(&mut self, h: &mut Fe<N>, r: &Fe<N>) {
        self.z = self.z.mul(h);
        let mut square = h.square();
        let mut v = self.x.mul(&square);
        *h = square.mul(h);
        self.x = r.square();
        self.x.decrease(h);
        square = v.double();
        self.x.decrease(&square);
        v.decrease(&self.x);
        square = self.y.mul(h);
        self.y = r.mul(&v);
        self.y.decrease(&square);
    }

    /// Whether it is not infinity, and the x-coordinate, a number below p, is r modulo n: FIPS 186-5 §6.4.2 steps 5 to 7,
    /// without dividing by Z².
    ///
    /// Of an infinity that the formulas here give, X is not zero, and r·Z² is; so the first follows from the second. A proof is
    /// a poor reason to leave out what the standard asks for.
    ///
    /// It may be r or r + n. That the latter is below p happens once in 2^128 signatures, or when somebody wants it to.
    pub fn has_x(&self, r: &Scalar<N>) -> bool {
        if self.is_infinity() {
            return false;
        }
        let zz = self.z.square();
        if Fe::from_number(r.0).mul(&zz).equals(&self.x) {
            return true;
        }
        let (sum, carry) = words::add(&r.0, &Scalar::ORDER);
        !carry && words::less(&sum, &Fe::P) && Fe::from_number(sum).mul(&zz).equals(&self.x)
    }
}
