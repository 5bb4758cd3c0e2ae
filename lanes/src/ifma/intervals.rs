//! The intervals that stand beside the formulas, computed: each formula once more, on intervals in units of p.
//!
//! `carry` asserts what it needs, and `fold` likewise. What comes out has to be what may go in.

/// What a number lies between.
#[derive(Clone, Copy, Debug)]
struct Interval(f64, f64);

/// What `Point` and `Jacobian` promise.
const X: Interval = Interval(0.99, 2.01);
const POINT_Y: Interval = Interval(0., 4.);
const ZZ: Interval = Interval(0., 1.95);
const JACOBIAN_Y: Interval = Interval(0., 3.8);
const Z: Interval = Interval(0., 3.85);
/// An inverse of a window's table.
const INVERSE: Interval = Interval(0., 2.1);
/// A table's coordinate with four bits of zeros, and one that a window's table or a point has.
const SHIFTED: Interval = Interval(0., 16.01);
const SMALL: Interval = Interval(0., 4.);

impl Interval {
    fn mul(self, other: Self) -> Self {
        self.mul_add_mul(other, Self(0., 0.), Self(0., 0.))
    }

    /// p / 2^260 is less than 1/16.
    fn mul_add_mul(self, b: Self, c: Self, d: Self) -> Self {
        let factors = [self, b, c, d];
        assert!(factors.iter().all(|factor| factor.0 >= 0. && factor.1 < 16.02), "{factors:?}");
        Self(0., (self.1 * b.1 + c.1 * d.1) / 16. + 1.)
    }

    fn square(self) -> Self {
        self.mul(self)
    }

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1 + other.1)
    }

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.1, self.1 - other.0)
    }

    fn double(self) -> Self {
        self.add(self)
    }

    fn either_sign(self) -> Self {
        Self(-self.1, self.1)
    }

    fn add_p(self, k: f64) -> Self {
        Self(self.0 + k, self.1 + k)
    }

    fn carry(self) -> Self {
        assert!(self.0 > -1e-9 && self.1 < 16., "{self:?}");
        self
    }

    fn fold(self) -> Self {
        assert!(self.0 > -1000. && self.1 < 1000., "{self:?}");
        X
    }

    fn within(self, other: Self) {
        assert!(self.0 >= other.0 && self.1 <= other.1, "{self:?} in {other:?}");
    }
}

#[test]
fn doubling_in_xyzz() {
    let u = POINT_Y.double().carry();
    let v = u.square().carry();
    let w = u.mul(v).carry();
    let s = X.mul(v);
    let product = X.sub(ZZ).add_p(1.).carry().mul(X.add(ZZ).carry());
    let m = product.double().add(product).carry();
    let x3 = m.square().sub(s.double()).fold();
    w.mul_add_mul(POINT_Y, m, x3.sub(s).add_p(1.).carry()).carry().within(POINT_Y);
    ZZ.mul(v).carry().within(ZZ);
    ZZ.mul(w).carry().within(ZZ);
}

#[test]
fn mixed_addition_in_xyzz() {
    let u2 = SHIFTED.mul(ZZ);
    let s2 = SHIFTED.mul(ZZ);
    let p = u2.sub(X).add_p(3.).carry();
    let r = s2.either_sign().add(POINT_Y).add_p(3.).carry();
    let pp = p.square().carry();
    let ppp = p.mul(pp).carry();
    let q = X.mul(pp);
    let x3 = r.square().sub(ppp).sub(q.double()).fold();
    r.mul_add_mul(q.sub(x3).add_p(3.).carry(), POINT_Y, ppp).carry().within(POINT_Y);
    ZZ.mul(pp).carry().within(ZZ);
    ZZ.mul(ppp).carry().within(ZZ);
}

#[test]
fn complete_addition() {
    let u1 = X.mul(ZZ).carry();
    let u2 = X.mul(ZZ);
    let minus_s1 = POINT_Y.mul(ZZ).either_sign().add_p(2.);
    let minus_s1 = Interval(minus_s1.0, 2.).carry();
    let s2 = POINT_Y.mul(ZZ);
    let p = u2.sub(u1).add_p(2.).carry();
    let r = s2.add(minus_s1).carry();
    r.within(Interval(0., 4.));
    let pp = p.square().carry();
    let ppp = p.mul(pp).carry();
    let q = u1.mul(pp);
    let x3 = r.square().sub(ppp).sub(q.double()).fold();
    r.mul_add_mul(q.sub(x3).add_p(3.).carry(), minus_s1, ppp).carry().within(POINT_Y);
    ZZ.mul(ZZ).carry().mul(pp).carry().within(ZZ);
    ZZ.mul(ZZ).carry().mul(ppp).carry().within(ZZ);
}

#[test]
fn doubling_in_jacobian() {
    let delta = Z.square().carry();
    let gamma_2 = JACOBIAN_Y.square().double();
    let gamma_4 = gamma_2.double().carry();
    let beta_4 = X.mul(gamma_4);
    let product = X.sub(delta).add_p(1.).carry().mul(X.add(delta).carry());
    let alpha = product.double().add(product).carry();
    let x3 = alpha.square().sub(beta_4.double()).fold();
    gamma_4.mul_add_mul(gamma_2.carry(), alpha, x3.sub(beta_4).add_p(1.).carry()).carry().within(JACOBIAN_Y);
    JACOBIAN_Y.mul(Z).double().carry().within(Z);
    // As a point in XYZZ.
    Z.square().carry().within(ZZ);
    Z.mul(Z.square().carry()).carry().within(ZZ);
}

#[test]
fn mixed_addition_in_jacobian() {
    let zz = Z.square().carry();
    let zzz = Z.mul(zz).carry();
    let h = SMALL.mul(zz).sub(X).add_p(3.).carry();
    let r = SMALL.mul(zzz).either_sign().add(JACOBIAN_Y).add_p(2.).carry();
    let hh = h.square().carry();
    let hhh = h.mul(hh).carry();
    let v = X.mul(hh);
    let x3 = r.square().sub(hhh).sub(v.double()).fold();
    r.mul_add_mul(v.sub(x3).add_p(3.).carry(), JACOBIAN_Y, hhh).carry().within(JACOBIAN_Y);
    Z.mul(h).carry().within(Z);
}

/// Of a Z that is a product of two.
#[test]
fn inversion() {
    let z = Z.mul(Z).carry();
    let pairs = z.square().carry();
    let fours = pairs.square().carry();
    fours.square().carry().within(Interval(0., 2.01));
    let others = z.mul(pairs).carry().mul(fours).carry();
    SHIFTED.mul(others).carry().within(INVERSE);
}

#[test]
fn table_of_a_window() {
    // The point itself, on the image of the curve under Z of its double.
    let coordinate = SHIFTED.fold();
    Interval(0., 1.).within(Z);
    coordinate.within(JACOBIAN_Y);
    let zz = Z.square().carry();
    let zzz = Z.mul(zz).carry();
    coordinate.mul(zz).carry().fold().within(X);
    coordinate.mul(zzz).carry().within(JACOBIAN_Y);
    // What is added is a doubled point.
    X.within(SMALL);
    JACOBIAN_Y.within(SMALL);
    // Back again, the factors being H of an addition.
    let h = SMALL.mul(zz).sub(X).add_p(3.).carry();
    INVERSE.mul(h).carry().within(INVERSE);
    let square = INVERSE.square().carry();
    X.mul(square).carry().within(Interval(0., 2.01));
    JACOBIAN_Y.mul(INVERSE.mul(square).carry()).carry().within(Interval(0., 2.01));
}

#[test]
fn comparison() {
    let expected = Interval(0., 1.).mul(ZZ);
    let x = X.mul(Interval(0., 1e-9));
    let difference = expected.sub(x).add_p(2.).carry();
    difference.within(Interval(0., 3.99));
    difference.add(Interval(0., 1.).mul(ZZ)).carry().within(Interval(0., 4.99));
}
