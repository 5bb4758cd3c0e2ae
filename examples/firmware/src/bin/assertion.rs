//! Assertions only: the phone was paired elsewhere, and its key lies in this lock's storage.
//!
//! The linker leaves out X.509, P-384 and SHA-384, because nothing here calls them.
#![no_std]
#![no_main]

use firmware::{
    board::entry,
    lock::{Lock, Phone},
    objects,
    report::Report,
};
use genuine::{
    Error,
    app_attest::{Counter, Policy},
    crypto::RustCrypto,
};

#[entry]
fn main() -> ! {
    let mut report = Report::default();
    let apps = [objects::APP_ID];
    let lock = Lock::new(Policy::new(&apps), &[], &RustCrypto);

    let restore = |stored| Phone::restore(stored, Counter::ATTESTED, &RustCrypto);
    let mut damaged = objects::STORED_KEY;
    damaged[100] ^= 1;
    report.expect("stored key, damaged", Some(Error::PublicKeyInvalid), || restore(&damaged));
    if let Some(phone) = report.expect("stored key", None, || restore(&objects::STORED_KEY)) {
        let open = |request| lock.open(&objects::ASSERTION, request, &phone);
        report.expect("assertion, forged", Some(Error::SignatureInvalid), || open(&objects::OTHER_REQUEST));
        report.expect("assertion", None, || open(&objects::REQUEST));
        report.expect("assertion, replayed", Some(Error::CounterNotIncreased), || open(&objects::REQUEST));
    }
    report.end()
}
