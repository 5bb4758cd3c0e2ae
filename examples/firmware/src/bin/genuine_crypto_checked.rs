//! As `checked`, with genuine-crypto.
#![no_std]
#![no_main]

use firmware::{board::entry, report::Report, scenario};
use genuine::crypto::GenuineCrypto;

#[entry]
fn main() -> ! {
    let mut report = Report::default();
    scenario::check(&GenuineCrypto, &mut report);
    scenario::play(&GenuineCrypto, &mut report);
    scenario::play_real(&GenuineCrypto, &mut report);
    report.end()
}
