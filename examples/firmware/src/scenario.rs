//! A phone is paired and opens the door; forgers try both.

use genuine::{Error, app_attest::Policy, crypto::Crypto};

use crate::{lock::Lock, objects, report::Report};

/// Plays it with one cryptographic backend.
pub fn play<C: Crypto>(crypto: &C, report: &mut Report) {
    let apps = [objects::APP_ID];
    let anchors = [objects::TEST_ROOT]; // In production: [APPLE_APP_ATTEST_ROOT].
    let lock = Lock::new(Policy::new(&apps), &anchors, crypto);
    let now = objects::NOW; // In production: the time, from a source that you trust.
    let pair = |message| lock.pair(message, &objects::CHALLENGE, now);

    // Under certification authorities with the names of the true ones.
    report.expect("attestation, forged", Some(Error::IntermediateSignature), || pair(&objects::FORGED_PAIRING));
    // A genuine one, made for another lock.
    report.expect("attestation, stolen", Some(Error::NonceMismatch), || pair(&objects::STOLEN_PAIRING));
    let Some(phone) = report.expect("attestation", None, || pair(&objects::PAIRING)) else { return };

    // A genuine signature, under another request.
    report.expect("assertion, forged", Some(Error::SignatureInvalid), || {
        lock.open(&objects::ASSERTION, &objects::OTHER_REQUEST, &phone)
    });
    report.expect("assertion", None, || lock.open(&objects::ASSERTION, &objects::REQUEST, &phone));
    // The same bytes a second time.
    report.expect("assertion, replayed", Some(Error::CounterNotIncreased), || {
        lock.open(&objects::ASSERTION, &objects::REQUEST, &phone)
    });
}
