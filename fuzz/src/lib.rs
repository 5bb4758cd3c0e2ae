//! What the fuzz targets of `genuine` run, as plain functions: a fuzzer, the replay of the corpora and the campaign's
//! report call the same ones.
//!
//! A target takes any bytes and panics where the engine and an oracle disagree. `README.md` has the table of targets.

mod android;
mod around;
mod boundaries;
mod case;
pub mod codes;
mod crypto;
mod json;
mod naive;
mod play;
mod remembering;
mod session;
pub mod sources;
pub mod targets;
mod x509;

pub use targets::{TARGETS, Target};
