//! The lock for Android phones of every kind, with genuine-crypto, RSA among it.
#![no_std]
#![no_main]

use firmware::{android_scenario, board::entry, report::Report};
use genuine::crypto::GenuineCrypto;

#[entry]
fn main() -> ! {
    let mut report = Report::default();
    android_scenario::play(&GenuineCrypto, &mut report);
    report.end()
}
