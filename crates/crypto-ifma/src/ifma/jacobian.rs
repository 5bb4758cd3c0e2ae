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

    /// P ← −2P, in 5M + 3S: `dbl-2001-b` with Z3 = 2·Y·Z, and with 8·Y⁴ as a product that shares a reduction. No multiple but infinity doubles to infinity.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn double_and_negate(&mut self) {
        let x = self.x.loose();
        let delta = self.z.square().carry().loose(); // [0, 1.93]
        let gamma_2 = self.y.square().double(); // [0, 3.81]
        let gamma_4 = gamma_2.double().carry(); // [0, 7.62]
        let beta_4 = self.x.mul(&gamma_4); // [0, 1.96]
        let product = x.sub(delta).add_p::<1>().carry().mul(&x.add(delta).carry()); // [0.06, 3.01]·[0.99, 3.94]: [0, 1.75]
        let alpha = product.double().add(product).carry(); // [0, 5.25]
        let x3 = alpha.square().sub(beta_4.double()).fold(); // of [−4, 2.8]
        let y3 = gamma_4.mul_add_mul(&gamma_2.carry(), &alpha, &x3.loose().sub(beta_4).add_p::<1>().carry());
        self.z = self.y.mul(&self.z).double().carry(); // [0, 3.83]
        self.x = x3;
        self.y = y3.carry(); // 7.62·3.81 + 5.25·[0.03, 3.01]: [0, 3.8]
    }

    /// P ← E − P for P ≠ ±E not at infinity, in 8M + 3S: `madd` with Z3 = Z1·H, for −P. x and y of E are in [0, 4].
    ///
    /// Returns H, by which Z is multiplied.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn subtract_from(&mut self, entry: &Entry, negative: __mmask8) -> Fe {
        let zz = self.z.square().carry(); // [0, 1.93]
        let zzz = self.z.mul(&zz).carry(); // [0, 1.5]
        let h = entry.x.mul(&zz).sub(self.x.loose()).add_p::<3>().carry(); // [0.99, 3.5]
        let r = entry.y.mul(&zzz).negate(negative).add(self.y.loose()).add_p::<2>().carry(); // [0.6, 7.2]
        let hh = h.square().carry(); // [0, 1.8]
        let hhh = h.mul(&hh).carry(); // [0, 1.4]
        let v = self.x.mul(&hh); // [0, 1.3]
        let x3 = r.square().sub(hhh.loose()).sub(v.double()).fold(); // of [−4, 4.3]
        let y3 = r.mul_add_mul(&v.sub(x3.loose()).add_p::<3>().carry(), &self.y, &hhh); // 7.2·[0.99, 3.31] + 3.8·1.4: [0, 2.9]
        self.z = self.z.mul(&h).carry(); // [0, 1.9]
        self.x = x3;
        self.y = y3.carry();
        h
    }

    /// The same points.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn to_point(self) -> Point {
        let zz = self.z.square().carry(); // [0, 1.93]
        Point { x: self.x, y: self.y, zz, zzz: self.z.mul(&zz).carry() }
    }
}
