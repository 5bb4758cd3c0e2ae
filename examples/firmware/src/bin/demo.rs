//! The lock with cryptography in software, on what a simulated phone and its forgers send, and on objects of real devices.
#![no_std]
#![no_main]

use firmware::{board::entry, report::Report, scenario};
use genuine::crypto::RustCrypto;

#[entry]
fn main() -> ! {
    let mut report = Report::default();
    scenario::play(&RustCrypto, &mut report);
    scenario::play_real(&RustCrypto, &mut report);
    report.end()
}
