//! The arithmetic against integers, and verification against other libraries and the text of FIPS 186-5.
//!
//! One binary, because what is generic and optimised would be compiled again for each: `cargo test -p genuine-crypto --test
//! ecdsa -- points::` runs one module.

mod batch;
mod cases;
mod common;
mod extremes;
mod field;
mod many;
mod points;
mod scalar;
mod tables;
mod worst;
mod wycheproof;
