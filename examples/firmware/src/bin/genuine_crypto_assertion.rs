//! Assertions only, with genuine-crypto: the phone was paired elsewhere, and its key lies in this lock's storage.
//!
//! The linker leaves out X.509, P-384 and SHA-384, because nothing here calls them.
#![no_std]
#![no_main]

use firmware::{board::entry, report::Report, scenario};
use genuine::crypto::GenuineCrypto;

#[entry]
fn main() -> ! {
    let mut report = Report::default();
    scenario::play_assertions(&GenuineCrypto, &mut report);
    report.end()
}
