//! The threat table with the verification of our own.
#![no_std]
#![no_main]

use firmware::{board::entry, table};
use genuine::crypto::GenuineCrypto;

#[entry]
fn main() -> ! {
    table::play(&GenuineCrypto)
}
