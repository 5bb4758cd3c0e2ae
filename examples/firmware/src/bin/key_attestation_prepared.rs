//! As `key_attestation_without_rsa`, with the keys of two issuers prepared, as 2 KB each.
#![no_std]
#![no_main]

use firmware::{android_scenario, board::entry, report::Report};
use genuine::crypto::{GenuineCrypto, PreparedP256};

#[entry]
fn main() -> ! {
    let mut report = Report::default();
    android_scenario::play_prepared::<PreparedP256<32>, _>(&GenuineCrypto, &mut report);
    report.end()
}
