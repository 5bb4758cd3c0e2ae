//! As `demo`, and first asks the backend what it must know before it is trusted: what that costs in an image.
#![no_std]
#![no_main]

use firmware::{board::entry, report::Report, scenario};
use genuine::crypto::RustCrypto;

#[entry]
fn main() -> ! {
    let mut report = Report::default();
    scenario::check(&RustCrypto, &mut report);
    scenario::play(&RustCrypto, &mut report);
    scenario::play_real(&RustCrypto, &mut report);
    report.end()
}
