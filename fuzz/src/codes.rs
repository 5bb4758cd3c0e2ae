//! Which verdicts a thread has met.

use std::cell::Cell;

use genuine::Error;

/// Larger than every code; 0 is acceptance.
const CODES: usize = 1_000;

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
