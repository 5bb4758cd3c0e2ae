//! The suite with genuine-crypto.
#![no_std]
#![no_main]

use firmware::{board::entry, suite};
use genuine::crypto::GenuineCrypto;

#[entry]
fn main() -> ! {
    suite::play(&GenuineCrypto)
}
