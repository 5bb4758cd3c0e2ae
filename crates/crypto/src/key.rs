//! Keys: points that signatures are verified with.

use crate::{comb::Prepared, curve::Curve, point::Affine};

/// A public key: a point of the curve.
#[derive(Clone, Copy, Debug)]
pub struct PublicKey<C: Curve>(pub(crate) Affine<C>);

impl<C: Curve> PublicKey<C> {
    /// Reads `X ‖ Y`, big-endian; `None` unless it has 64 or 96 octets, both are below p, and the point is on the curve
    /// (SEC 1 §3.2.2.1).
    #[must_use]
    pub fn from_be(coordinates: &[u8]) -> Option<Self> {
        Affine::from_be(coordinates).map(Self)
    }

    /// Computes the multiples that make its verifications several times faster.
    #[must_use]
    pub fn prepare<const POINTS: usize>(&self) -> Prepared<C, POINTS> {
        Prepared::new(&self.0)
    }
}
