//! Android key attestation, seen from outside: `cargo test --test key_attestation -- phones::` runs one module.
#![cfg(all(feature = "genuine-crypto", feature = "key-attestation"))]

mod common;
mod phones;
