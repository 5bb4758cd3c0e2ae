//! The code of each verdict, and which of them a thread has met.

use std::cell::Cell;

use genuine::{
    Error, Step,
    app_attest::Step as AppAttestStep,
    x509::{DerError, X509Error},
};

/// Larger than every code; 0 is acceptance.
const CODES: usize = 10_000;

thread_local! {
    static MET: [Cell<bool>; CODES] = const { [const { Cell::new(false) }; CODES] };
}

fn is_met(code: u16) -> bool {
    MET.with(|met| met[usize::from(code)].get())
}

/// Remembers a verdict.
pub(crate) fn record<T>(verdict: &Result<T, Error>) {
    let code = verdict.as_ref().err().map_or(0, |error| error.code());
    MET.with(|met| met[usize::from(code)].set(true));
}

/// Whether something was accepted.
#[must_use]
pub fn accepted() -> bool {
    is_met(0)
}

/// The errors met, in the order of the table.
#[must_use]
pub fn met() -> Vec<Error> {
    Error::ALL.iter().copied().filter(|error| is_met(error.code())).collect()
}

/// The step at which an object was refused.
///
/// # Panics
///
/// If the error is about something else than the object.
pub(crate) fn step(error: Error) -> AppAttestStep {
    match error.step() {
        Some(Step::AppAttest(step)) => step,
        step => panic!("{error} at {step:?}"),
    }
}

/// The code that App Attest has for what is wrong with a certificate, stated once more. What only a chain can be refused for is
/// not here: no certificate alone is.
pub(crate) fn of_certificate(error: X509Error) -> Error {
    match error {
        X509Error::Der(DerError::Truncated) => Error::DerTruncated,
        X509Error::Der(DerError::Length) => Error::DerLength,
        X509Error::Der(DerError::Tag) => Error::DerTag,
        X509Error::Der(DerError::Trailing) => Error::DerTrailing,
        X509Error::Der(DerError::Integer) => Error::DerInteger,
        X509Error::Der(DerError::Boolean) => Error::DerBoolean,
        X509Error::Der(DerError::BitString) => Error::DerBitString,
        X509Error::Der(DerError::Oid) => Error::DerOid,
        X509Error::Time => Error::DerTime,
        X509Error::Version => Error::CertVersion,
        X509Error::Serial => Error::CertSerial,
        X509Error::AlgorithmMismatch => Error::CertAlgMismatch,
        X509Error::ValidityInverted => Error::ValidityInverted,
        X509Error::ExtensionDuplicate => Error::ExtDuplicate,
        X509Error::ExtensionLimit => Error::ExtLimit,
        X509Error::ExtensionMalformed => Error::ExtMalformed,
        other => panic!("a certificate alone is refused for {other}"),
    }
}
