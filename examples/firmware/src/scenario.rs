//! A phone is paired and opens the door; forgers try both.

use core::cell::RefCell;

use genuine::{
    Error,
    app_attest::{APPLE_APP_ATTEST_ROOT, AssertionCrypto, AttestationCrypto, Counter, Environments, Policy},
    crypto::{P256, P384, PrepareEcdsa, conformance},
    x509::CachedIssuer,
};

use crate::{
    board::print,
    lock::{Lock, PairingMode, Phone},
    objects,
    report::{Expected, Report},
};

/// Asks a backend what it must know before it is trusted. Done once on a new board, or in its self-test.
pub fn check<C: AttestationCrypto>(crypto: &C, report: &mut Report) {
    report.expect("conformance::check", Expected::ACCEPTED, || {
        conformance::check(crypto).map_err(|failure| {
            print(&["not passed: ", failure.check, "\n"]);
            Error::CryptoUnavailable
        })
    });
}

/// Plays it with one cryptographic backend.
pub fn play<C: AttestationCrypto>(crypto: &C, report: &mut Report) {
    let policies = [Policy::new(objects::APP_ID)];
    let anchors = [objects::TEST_ROOT]; // In production: [APPLE_APP_ATTEST_ROOT].
    let pairing = report.require(PairingMode::new(&policies, &anchors, crypto));
    let now = objects::NOW; // In production: the time, from a source that you trust.
    let pair = |message| pairing.pair(message, &objects::CHALLENGE, now);

    // Under certification authorities with the names of the true ones.
    report.expect("attestation, forged", const { Expected::refused(Error::IntermediateSignature) }, || {
        pair(&objects::FORGED_PAIRING)
    });
    // A genuine one, made for another lock.
    report.expect("attestation, stolen", const { Expected::refused(Error::NonceMismatch) }, || {
        pair(&objects::STOLEN_PAIRING)
    });
    let Some(phone) = report.expect("attestation", Expected::ACCEPTED, || pair(&objects::PAIRING)) else { return };

    open(&report.require(Lock::new(&policies, crypto)), &phone, report);
}

/// Plays it to a lock that keeps what it knows in advance prepared, as `K` the phone's key and as `I` the issuer's.
pub fn play_prepared<K, I, C>(crypto: &C, report: &mut Report)
where
    C: AttestationCrypto + PrepareEcdsa<P256, K> + PrepareEcdsa<P384, I>,
{
    let policies = [Policy::new(objects::APP_ID)];
    let anchors = [objects::TEST_ROOT];
    let issuer: RefCell<Option<CachedIssuer<C, I>>> = RefCell::new(None);
    let pairing = report.require(PairingMode::new(&policies, &anchors, crypto)).with_issuer_cache(&issuer);

    let pair = |message| pairing.pair(message, &objects::CHALLENGE, objects::NOW);
    report.expect("attestation, issuer to be kept", Expected::ACCEPTED, || pair(&objects::PAIRING));
    let forged = const { Expected::refused(Error::IntermediateSignature) };
    report.expect("attestation, cached issuer, forged", forged, || pair(&objects::FORGED_PAIRING));
    let Some(phone) = report.expect("attestation, cached issuer", Expected::ACCEPTED, || pair(&objects::PAIRING))
    else {
        return;
    };

    let Some(key) = report.expect("key, to be prepared", Expected::ACCEPTED, || phone.prepare(crypto)) else { return };
    let lock = report.require(Lock::new(&policies, crypto));
    let open = |request| lock.open_with(&key, &objects::ASSERTION, request, &phone);
    report.expect("assertion, prepared, forged", const { Expected::refused(Error::SignatureInvalid) }, || {
        open(&objects::OTHER_REQUEST)
    });
    report.expect("assertion, prepared", Expected::ACCEPTED, || open(&objects::REQUEST));
}

/// Assertions only: the phone was paired elsewhere, and its key lies in the lock's storage.
pub fn play_assertions<C: AssertionCrypto>(crypto: &C, report: &mut Report) {
    let policies = [Policy::new(objects::APP_ID)];
    let lock = report.require(Lock::new(&policies, crypto));

    let restore = |stored| Phone::restore(stored, Counter::ATTESTED, crypto);
    let mut damaged = objects::STORED_KEY;
    damaged[100] ^= 1;
    report.expect("stored key, damaged", const { Expected::refused(Error::PublicKeyInvalid) }, || restore(&damaged));
    if let Some(phone) = report.expect("stored key", Expected::ACCEPTED, || restore(&objects::STORED_KEY)) {
        open(&lock, &phone, report);
    }
}

fn open<C: AssertionCrypto>(lock: &Lock<'_, C>, phone: &Phone, report: &mut Report) {
    let open = |request| lock.open(&objects::ASSERTION, request, phone);
    // A genuine signature, under another request.
    report.expect("assertion, forged", const { Expected::refused(Error::SignatureInvalid) }, || {
        open(&objects::OTHER_REQUEST)
    });
    report.expect("assertion", Expected::ACCEPTED, || open(&objects::REQUEST));
    // The same bytes a second time.
    report.expect("assertion, replayed", const { Expected::refused(Error::CounterNotIncreased) }, || {
        open(&objects::REQUEST)
    });
}

/// Objects of real devices, under Apple's root. There are none unless `GENUINE_REAL_VECTORS` named a directory when this was
/// built.
pub fn play_real<C: AttestationCrypto>(crypto: &C, report: &mut Report) {
    for real in objects::real::ATTESTATIONS {
        let environments = if real.development { Environments::Development } else { Environments::Production };
        let policies = [Policy::new(real.app_id).with_environments(environments)];
        let pairing = report.require(PairingMode::new(&policies, &[APPLE_APP_ATTEST_ROOT], crypto));
        report.expect(real.name, Expected::ACCEPTED, || pairing.pair(&real.pairing, &real.challenge, real.now));
    }
    for real in objects::real::ASSERTIONS {
        let policies = [Policy::new(real.app_id)];
        let lock = report.require(Lock::new(&policies, crypto));
        report.expect(real.name, Expected::ACCEPTED, || {
            let phone = Phone::restore(&real.stored_key, real.last, crypto)?;
            lock.open(real.assertion, &real.request, &phone)
        });
    }
}
