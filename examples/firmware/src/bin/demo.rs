//! The lock with cryptography in software, on what a simulated phone and its forgers send, and on objects of real devices.
#![no_std]
#![no_main]

use firmware::{
    board::entry,
    lock::{Lock, Phone},
    objects::real,
    report::Report,
    scenario,
};
use genuine::{
    app_attest::{APPLE_APP_ATTEST_ROOT, Policy},
    crypto::RustCrypto,
};

#[entry]
fn main() -> ! {
    let mut report = Report::default();
    scenario::play(&RustCrypto, &mut report);
    real_devices(&mut report);
    report.end()
}

/// Under Apple's root. There are none unless `GENUINE_REAL_VECTORS` named a directory when this was built.
fn real_devices(report: &mut Report) {
    for real in real::ATTESTATIONS {
        let apps = [real.app_id];
        let policy = Policy::new(&apps);
        let policy = if real.development { policy.only_development() } else { policy };
        let lock = Lock::new(policy, &[APPLE_APP_ATTEST_ROOT], &RustCrypto);
        report.expect(real.name, None, || lock.pair(&real.pairing, &real.challenge, real.now));
    }
    for real in real::ASSERTIONS {
        let apps = [real.app_id];
        let lock = Lock::new(Policy::new(&apps), &[], &RustCrypto);
        report.expect(real.name, None, || {
            let phone = Phone::restore(&real.stored_key, real.last, &RustCrypto)?;
            lock.open(real.assertion, &real.request, &phone)
        });
    }
}
