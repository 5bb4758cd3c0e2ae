//! The suite: every minted vector in a packed form that a reader on any target takes one vector at a time, and the
//! runner that holds the engine's verdicts against it.
//!
//! No allocation and no cryptography of its own: the caller brings the backend and the buffer.
//!
//! # The packed form
//!
//! Frames: a length (2 bytes, little-endian) and that many bytes of [postcard](https://postcard.jamesmunns.com/wire-format).
//! The first frame is a [`Header`], each of the [`Header::vectors`] that follow is a [`PackedVector`] of at most [`MAX_VECTOR`] bytes. A
//! bad vector comes after its twin. With the whole of it in memory, [`open`] reads it:
//!
//! ```
//! use genuine::crypto::RustCrypto;
//! use genuine_testvectors_runner::{Runner, open};
//!
//! # let vectors: Vec<_> = genuine_testvectors::vectors().filter(|vector| vector.id == "generation::ios17-production").collect();
//! # let pack = genuine_testvectors_runner::pack(&vectors);
//! let (header, vectors) = open(&pack)?;
//! let anchor = header.anchor()?;
//! let mut runner = Runner::new();
//! for vector in vectors {
//!     let vector = vector?;
//!     let found = vector.verdict(&anchor, &RustCrypto);
//!     if let Err(failure) = runner.check(&vector, found) {
//!         println!("{failure}");
//!     }
//! }
//! assert!(runner.is_complete(&header));
//! # Ok::<(), genuine_testvectors_runner::Malformed>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "pack")]
mod pack;
mod packed;
mod policy;
mod runner;

#[cfg(feature = "pack")]
pub use pack::{pack, suite};
pub use packed::{
    FRAME_LENGTH, Header, MAX_REQUIRED, MAX_VECTOR, MAX_VECTORS, Malformed, Object, PackedVector, PackedVectors, open,
};
pub use policy::{Required, Terms};
pub use runner::{Failure, Runner};
