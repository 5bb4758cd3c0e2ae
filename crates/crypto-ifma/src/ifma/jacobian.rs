//! Points of P-256, eight at a time, in Jacobian coordinates: x = X/Z² and y = Y/Z³. For chains of doublings.
//!
//! Formulas are those of the Explicit-Formulas Database
//! (<https://hyperelliptic.org/EFD/g1p/auto-shortw-jacobian-3.html>), under their names there. The answers are negated as in
//! [`point`](super::point), for the same reason.

use core::arch::x86_64::__mmask8;

use super::{
    field::Fe,
    point::{Entry, Point},
};

/// Eight points, at infinity where Z is zero. X is in [0.99, 2.01], Y in [0, 3.8], Z in [0, 3.85].
#[derive(Clone, Copy)]
pub(crate) struct Jacobian {
    pub(crate) x: Fe,
    pub(crate) y: Fe,
    pub(crate) z: Fe,
}

impl Jacobian {
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn from_entry(entry: &Entry) -> Self {
        let Point { x, y, .. } = Point::from_entry(entry);
        Self { x, y, z: Fe::all(Fe::ONE) }
    }

    /// P ← −2P, in 5M + 3S: `dbl-2001-b` with Z3 = 2·Y1·Z1, and with 8·gamma² as a product that shares a reduction. Right for
    /// every P: only infinity doubles to infinity.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn double_and_negate(&mut self) {
        let x = self.x.loose();
        let delta = self.z.square().carry().loose(); // delta = Z1²: [0, 1.93]
        let gamma_2 = self.y.square().double(); // 2·gamma = 2·Y1²: [0, 3.81]
        let gamma_4 = gamma_2.double().carry(); // 4·gamma: [0, 7.62]
        let beta_4 = self.x.mul(&gamma_4); // 4·beta = 4·X1·gamma: [0, 1.96]
        // (X1 − delta)·(X1 + delta): [0.06, 3.01]·[0.99, 3.94] is [0, 1.75]
        let product = x.sub(delta).add_p::<1>().carry().mul(&x.add(delta).carry());
        let alpha = product.double().add(product).carry(); // alpha = 3·(X1 − delta)·(X1 + delta): [0, 5.25]
        let x3 = alpha.square().sub(beta_4.double()).fold(); // X3 = alpha² − 8·beta, of [−4, 2.8]
        // −Y3 = 8·gamma² + alpha·(X3 − 4·beta): 7.62·3.81 + 5.25·[0.03, 3.01] is [0, 3.8]
        let y3 = gamma_4.mul_add_mul(&gamma_2.carry(), &alpha, &x3.loose().sub(beta_4).add_p::<1>().carry());
        self.z = self.y.mul(&self.z).double().carry(); // Z3 = 2·Y1·Z1: [0, 3.83]
        self.x = x3;
        self.y = y3.carry();
    }

    /// P ← E − P for P ≠ ±E not at infinity, in 8M + 3S: `madd` scaled by 1/2, with Z3 = Z1·H, for −P, whose Y1 is −Y1. x and y of E
    /// are in [0, 4]; E is the opposite point in the lanes that `negative` has, whatever its own signs.
    ///
    /// Returns H, by which Z is multiplied.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn subtract_from(&mut self, entry: &Entry, negative: __mmask8) -> Fe {
        let zz = self.z.square().carry(); // Z1Z1 = Z1²: [0, 1.93]
        let zzz = self.z.mul(&zz).carry(); // Z1·Z1Z1: [0, 1.5]
        let h = entry.x.mul(&zz).sub(self.x.loose()).add_p::<3>().carry(); // H = X2·Z1Z1 − X1: [0.99, 3.5]
        let r = entry.y.mul(&zzz).negate(negative).add(self.y.loose()).add_p::<2>().carry(); // r = S2 + Y1: [0.6, 7.2]
        let hh = h.square().carry(); // HH = H²: [0, 1.8]
        let hhh = h.mul(&hh).carry(); // J = H·HH: [0, 1.4]
        let v = self.x.mul(&hh); // V = X1·HH: [0, 1.3]
        let x3 = r.square().sub(hhh.loose()).sub(v.double()).fold(); // X3 = r² − J − 2·V, of [−4, 4.3]
        // Y3 = r·(V − X3) + Y1·J: 7.2·[0.99, 3.31] + 3.8·1.4 is [0, 2.9]
        let y3 = r.mul_add_mul(&v.sub(x3.loose()).add_p::<3>().carry(), &self.y, &hhh);
        self.z = self.z.mul(&h).carry(); // Z3 = Z1·H: [0, 1.9]
        self.x = x3;
        self.y = y3.carry();
        h
    }

    /// The same points.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn to_point(self) -> Point {
        let zz = self.z.square().carry(); // ZZ = Z²: [0, 1.93]
        Point { x: self.x, y: self.y, zz, zzz: self.z.mul(&zz).carry() }
    }
}
