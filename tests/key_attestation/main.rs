//! Android key attestation, seen from outside: `cargo test --test key_attestation -- phones::` runs one module.
#![cfg(all(feature = "genuine-crypto", feature = "key-attestation"))]

mod cache;
mod common;
mod exhaustive;
mod forged;
mod phones;
mod policy;
mod requests;
mod revocation;
mod roots;
mod seam;
mod values;
