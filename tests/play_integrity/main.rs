//! Play Integrity, seen from outside: `cargo test --test play_integrity -- shared::` runs one module.
#![cfg(all(feature = "rust-crypto", feature = "play-integrity"))]

mod backends;
mod common;
mod evidence;
mod exhaustive;
mod policy;
mod properties;
mod shared;
/// The minted vectors are tests of the engine as well: what changes it must turn one of its own tests red.
#[path = "../../testvectors/runner/tests/play.rs"]
mod vectors;
mod wycheproof;
