//! The arithmetic modulo n against integers, and verification against other libraries and Project Wycheproof.
//!
//! One binary, as for ECDSA: `cargo test -p genuine-crypto --test rsa -- arithmetic::` runs one module.

mod arithmetic;
mod common;
mod keys;
mod many;
mod wycheproof;
