//! Play Integrity, seen from outside: `cargo test --test play_integrity -- shared::` runs one module.
#![cfg(all(feature = "rust-crypto", feature = "play-integrity"))]

mod shared;
