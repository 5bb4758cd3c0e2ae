//! The suite with cryptography in software.
#![no_std]
#![no_main]

use firmware::{board::entry, suite};
use genuine::crypto::RustCrypto;

#[entry]
fn main() -> ! {
    suite::play(&RustCrypto)
}
