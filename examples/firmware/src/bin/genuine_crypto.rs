//! The lock with genuine-crypto, on the same objects as `demo`.
#![no_std]
#![no_main]

use firmware::{board::entry, report::Report, scenario};
use genuine::crypto::GenuineCrypto;

#[entry]
fn main() -> ! {
    let mut report = Report::default();
    scenario::play(&GenuineCrypto, &mut report);
    scenario::play_real(&GenuineCrypto, &mut report);
    report.end()
}
