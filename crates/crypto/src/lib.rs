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
mod curve;
mod field;
mod inverse;
mod key;
mod modular;
mod point;
#[cfg_attr(target_pointer_width = "64", path = "reduce64.rs")]
#[cfg_attr(not(target_pointer_width = "64"), path = "reduce32.rs")]
mod reduce;
mod rsa;
mod scalar;
mod signature;
mod verify;
mod window;
mod word;
mod words;

pub use base::{Base, BasePoint};
pub use comb::Prepared;
pub use curve::{Curve, P256, P384};
pub use key::PublicKey;
pub use rsa::RsaPublicKey;
pub use signature::{BATCH, Invalid, Unverified};

/// What the verification is made of, for tests and for backends of other instruction sets. Not under semantic versioning.
#[doc(hidden)]
pub mod arithmetic {
    use crate::Curve;
    pub use crate::{
        comb::Odd,
        field::Fe,
        inverse::{Inverter, limbs},
        modular::{Modulus, multiply, square},
        point::{Affine, Jacobian},
        scalar::Scalar,
        verify::has_x,
        words::Words,
    };

    /// The points of a table.
    #[must_use]
    pub const fn entries<C: Curve, const POINTS: usize>(table: &crate::Prepared<C, POINTS>) -> &[Affine<C>; POINTS] {
        &table.0
    }

    /// The point of a key.
    #[must_use]
    pub const fn point<C: Curve>(key: &crate::PublicKey<C>) -> &Affine<C> {
        &key.0
    }

    /// r, u1 and u2 of a signature.
    #[must_use]
    pub const fn numbers<C: Curve>(signed: &crate::Unverified<C>) -> [&Scalar<C>; 3] {
        [&signed.r, &signed.u1, &signed.u2]
    }
}
