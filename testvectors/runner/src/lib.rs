//! The threat table: every minted vector in a packed form that a reader on any target takes one case at a time, and the
//! runner that holds the engine's verdicts against it.
//!
//! No allocation and no cryptography of its own: the caller brings the backend and the buffer.
//!
//! # The packed form
//!
//! Frames: a length (2 bytes, little-endian) and that many bytes of [postcard](https://postcard.jamesmunns.com/wire-format).
//! The first frame is a [`Header`], each of the [`Header::cases`] that follow is a [`Case`] of at most [`MAX_CASE`] bytes. A
//! bad case comes after its twin. With the whole of it in memory, [`open`] reads it:
//!
//! ```
//! use genuine::crypto::RustCrypto;
//! use genuine_testvectors_runner::{Runner, open};
//!
//! # let vectors: Vec<_> = genuine_testvectors::vectors().filter(|vector| vector.id.starts_with("att-ios17-p")).collect();
//! # let pack = genuine_testvectors_runner::pack(&vectors);
//! let (header, cases) = open(&pack)?;
//! let anchor = header.anchor()?;
//! let mut runner = Runner::new();
//! for case in cases {
//!     let case = case?;
//!     let found = case.verdict(&anchor, &RustCrypto);
//!     if let Err(failure) = runner.check(&case, found) {
//!         println!("{failure}");
//!     }
//! }
//! assert!(runner.is_complete(&header));
//! # Ok::<(), genuine_testvectors_runner::Malformed>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

mod form;
#[cfg(feature = "pack")]
mod pack;
mod runner;

pub use form::{Case, Cases, FRAME_LENGTH, Header, MAX_CASE, MAX_CASES, MAX_REQUIRED, Malformed, Object, open};
#[cfg(feature = "pack")]
pub use pack::{pack, table};
pub use runner::{Failure, Runner};
