//! As `checked`, with the verification of our own.
#![no_std]
#![no_main]

use firmware::{board::entry, report::Report, scenario};
use genuine::crypto::VerifyOnly;

#[entry]
fn main() -> ! {
    let mut report = Report::default();
    scenario::check(&VerifyOnly, &mut report);
    scenario::play(&VerifyOnly, &mut report);
    scenario::play_real(&VerifyOnly, &mut report);
    report.end()
}
