//! The threat table with cryptography in software.
#![no_std]
#![no_main]

use firmware::{board::entry, table};
use genuine::crypto::RustCrypto;

#[entry]
fn main() -> ! {
    table::play(&RustCrypto)
}
