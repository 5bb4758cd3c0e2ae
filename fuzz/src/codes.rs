//! Which verdicts a process has met.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use genuine::Error;

/// Larger than every code; 0 is acceptance.
const CODES: usize = 1_000;

static MET: [AtomicBool; CODES] = [const { AtomicBool::new(false) }; CODES];

/// Remembers a verdict.
pub(crate) fn record<T>(verdict: &Result<T, Error>) {
    let code = verdict.as_ref().err().map_or(0, |error| error.code());
    MET[usize::from(code)].store(true, Relaxed);
}

/// Whether something was accepted.
#[must_use]
pub fn accepted() -> bool {
    MET[0].load(Relaxed)
}

/// The errors met, in the order of the table.
#[must_use]
pub fn met() -> Vec<Error> {
    Error::ALL.iter().copied().filter(|error| MET[usize::from(error.code())].load(Relaxed)).collect()
}
