//! The base points, prepared at build time.

use crate::{
    comb::Prepared,
    curve::{Curve, P256, P384},
    field::Fe,
    point::Affine,
    word::Word,
};

/// Multiples of the base point: 32 KB for P-256 and 48 KB for P-384 where words have 64 bits, 2 KB and 3 KB elsewhere, and a
/// quarter of that if it shall be compact.
pub(crate) const BASE_POINTS: usize = match (Word::BITS, cfg!(feature = "compact")) {
    (64, _) => 512,
    (_, false) => 32,
    (_, true) => 8,
};

/// A base point, prepared.
pub type Base<C> = Prepared<C, BASE_POINTS>;

/// A curve with its base point prepared, which each has.
pub trait BasePoint: Curve {
    /// The multiples of the base point.
    #[doc(hidden)]
    fn table() -> &'static Base<Self>;
}

impl BasePoint for P256 {
    fn table() -> &'static Base<Self> {
        &P256_BASE
    }
}

impl BasePoint for P384 {
    fn table() -> &'static Base<Self> {
        &P384_BASE
    }
}

include!(concat!(env!("OUT_DIR"), "/base.rs"));
