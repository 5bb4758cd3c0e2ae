//! The lock for Android phones that were provisioned remotely since 2026: the linker leaves out RSA.
#![no_std]
#![no_main]

use firmware::{android_scenario, board::entry, report::Report};
use genuine::crypto::GenuineCrypto;

#[entry]
fn main() -> ! {
    let mut report = Report::default();
    android_scenario::play_without_rsa(&GenuineCrypto, &mut report);
    report.end()
}
