#![doc = include_str!("guide/links.md")]
#![doc = include_str!("guide/crate.md")]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
// No panic: what could panic does not compile. Tests live outside of `src/`.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::integer_division,
    clippy::panic,
    clippy::string_slice,
    clippy::todo,
    clippy::unimplemented,
    clippy::unreachable,
    clippy::unwrap_used
)]

pub mod app_attest;
pub mod crypto;
mod encoding;
mod error;
#[cfg(feature = "play-integrity")]
pub mod evidence;
pub mod guide;
#[cfg(any(feature = "play-integrity", feature = "session"))]
mod jose;
#[cfg(feature = "key-attestation")]
pub mod key_attestation;
#[cfg(feature = "play-integrity")]
pub mod play_integrity;
#[cfg(feature = "session")]
pub mod session;
mod time;
pub mod x509;

pub use error::{Class, Error, Step};
#[cfg(feature = "play-integrity")]
pub use time::UnixMillis;
pub use time::UnixTime;

/// The code in the README compiles.
#[cfg(all(doctest, feature = "rust-crypto"))]
#[doc = include_str!("../README.md")]
struct Readme;
