//! The base points, prepared at build time.

use crate::{P256, P384, comb::Prepared, field::Fe, point::Affine, verify::BASE_POINTS};

/// A base point, prepared.
pub type Base<const N: usize> = Prepared<N, BASE_POINTS>;

/// The curves that there are: those with a base point.
pub trait BasePoint: Sized + 'static {
    /// The multiples of the base point.
    fn base() -> &'static Self;
}

impl BasePoint for Base<P256> {
    fn base() -> &'static Self {
        &P256_BASE
    }
}

impl BasePoint for Base<P384> {
    fn base() -> &'static Self {
        &P384_BASE
    }
}

include!(concat!(env!("OUT_DIR"), "/base.rs"));
