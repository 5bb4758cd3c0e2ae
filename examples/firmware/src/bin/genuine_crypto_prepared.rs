//! The lock with genuine-crypto, which has prepared what it knows in advance: the key of the phone, as 2 KB, and
//! that of the issuer of phones' certificates, as 3 KB.
#![no_std]
#![no_main]

use firmware::{board::entry, report::Report, scenario};
use genuine::crypto::{GenuineCrypto, PreparedP256, PreparedP384};

#[entry]
fn main() -> ! {
    let mut report = Report::default();
    scenario::play_prepared::<PreparedP256<32>, PreparedP384<32>, _>(&GenuineCrypto, &mut report);
    report.end()
}
