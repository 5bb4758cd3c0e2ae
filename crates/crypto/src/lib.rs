#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::inline_always,
    clippy::many_single_char_names,
    clippy::must_use_candidate,
    clippy::needless_bitwise_bool,
    clippy::return_self_not_must_use,
    reason = "arithmetic on words: it takes low halves, signs and what the compiler would not inline, and has the papers' names"
)]

mod base;
mod comb;
mod field;
mod inverse;
mod key;
mod point;
#[cfg_attr(target_pointer_width = "64", path = "reduce64.rs")]
#[cfg_attr(not(target_pointer_width = "64"), path = "reduce32.rs")]
mod reduce;
mod scalar;
mod verify;
mod word;
mod words;

pub use base::{Base, BasePoint};
pub use comb::Prepared;
pub use key::{BATCH, Invalid, PublicKey, Unverified};

/// What the verification is made of, for tests and for backends of other instruction sets. Not under semantic versioning.
#[doc(hidden)]
pub mod arithmetic {
    pub use crate::{
        comb::Odd,
        field::Fe,
        inverse::{Inverter, limbs},
        point::{Affine, Jacobian},
        scalar::Scalar,
        words::{mul, square},
    };

    /// The points of a table.
    #[must_use]
    pub const fn entries<const N: usize, const POINTS: usize>(
        table: &crate::Prepared<N, POINTS>,
    ) -> &[Affine<N>; POINTS] {
        &table.0
    }

    /// The point of a key.
    #[must_use]
    pub const fn point<const N: usize>(key: &crate::PublicKey<N>) -> &Affine<N> {
        &key.0
    }

    /// r, u1 and u2 of a signature.
    #[must_use]
    pub const fn numbers<const N: usize>(signed: &crate::Unverified<N>) -> [&Scalar<N>; 3] {
        [&signed.r, &signed.u1, &signed.u2]
    }
}

use word::Word;

/// The words of a number of P-256: four of 64 bits or eight of 32. The number of words names the curve.
pub const P256: usize = 256 / Word::BITS as usize;
/// The words of a number of P-384: six of 64 bits or twelve of 32.
pub const P384: usize = 384 / Word::BITS as usize;
