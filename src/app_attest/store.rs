//! Where counters are kept, and what an assertion asks of that place.

use core::fmt;

use super::{
    counter::{Counter, Refusal},
    key::KeyId,
    window::ReplayWindow,
};
use crate::error::Error;

/// What an authentic assertion asks of the place where counters are kept: its own counter, and how far below that the last
/// one may be.
///
/// The two decisions are here, without the storage: [`in_order`](Self::in_order) and [`in_window`](Self::in_window). A store
/// makes one of them within its atomic step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advance {
    to: Counter,
    /// The least last counter: above zero if the policy limits the step.
    from: Counter,
}

impl Advance {
    /// To this counter, by a step that is not larger than the greatest one, if there is one. An authentic assertion
    /// [has its own](super::AuthenticAssertion::advance); this is for testing a store.
    #[must_use]
    pub const fn new(to: Counter, greatest_step: Option<u32>) -> Self {
        let from = match greatest_step {
            Some(step) => to.0.saturating_sub(step),
            None => 0,
        };
        Self { to, from: Counter(from) }
    }

    /// The counter of the assertion.
    pub const fn to(&self) -> Counter {
        self.to
    }

    /// The least that the last counter, or the highest of a window, has to be: 0 unless the policy
    /// [limits the step](super::Policy::limit_counter_step).
    pub const fn from(&self) -> Counter {
        self.from
    }

    /// The strict order: the last counter from now on, if the counter is greater than the last one so far.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotIncreased`], [`Refusal::StepTooLarge`].
    pub fn in_order(&self, last: Counter) -> Result<Counter, Refusal> {
        if self.to <= last {
            return Err(Refusal::NotIncreased);
        }
        if last < self.from { Err(Refusal::StepTooLarge) } else { Ok(self.to) }
    }

    /// The window: what it is from now on, if the counter was not seen and lies within it or above.
    ///
    /// # Errors
    ///
    /// [`Refusal::Seen`], [`Refusal::BelowWindow`], [`Refusal::StepTooLarge`].
    pub fn in_window(&self, window: ReplayWindow) -> Result<ReplayWindow, Refusal> {
        if window.highest() < self.from {
            return Err(Refusal::StepTooLarge);
        }
        window.with(self.to)
    }
}

/// Where the last counter of each key is kept, or the window of its last counters.
///
/// # Contract
///
/// `advance` is **one atomic step** that decides and writes. Of any number of concurrent calls with one counter, one at most
/// answers `Ok`, and whatever is refused has changed nothing. An implementation that reads, decides and writes in
/// three steps accepts replays. A store keeps one of two contracts:
///
/// - **In order**, the stricter one: it keeps the last counter and takes what
///   [`Advance::in_order`] takes. Requests of one device that overtake each other are refused.
/// - **In a window**: it keeps a [`ReplayWindow`] and takes what [`Advance::in_window`] takes. Each counter is still accepted
///   once at most.
///
/// In SQL the first is one statement, and `Ok` is "one row changed":
///
/// ```sql
/// UPDATE device_key SET counter = :to WHERE key_id = :key_id AND counter < :to AND counter >= :from
/// ```
///
/// `Ok` is answered only when the new counter is durable. A key that is not there is [`AdvanceError::UnknownKey`],
/// never a key with counter zero. [`guide::storing`](crate::guide::storing) has both contracts for SQL, Redis and flash.
pub trait CounterStore {
    /// Why the store itself failed.
    type Error;

    /// Advances the counter of `key`, or its window, by an assertion.
    ///
    /// # Errors
    ///
    /// [`AdvanceError::Refused`] if the counter may not be accepted, [`AdvanceError::UnknownKey`] if nothing is stored of the
    /// key, [`AdvanceError::Store`] if the store could not answer.
    fn advance(&self, key: &KeyId, advance: &Advance) -> Result<(), AdvanceError<Self::Error>>;
}

/// Why a counter did not advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdvanceError<E> {
    /// The counter may not be accepted.
    Refused(Refusal),
    /// The store holds no counter for this key.
    UnknownKey,
    /// The store could not answer; the counter may or may not have moved.
    Store(E),
}

impl<E> AdvanceError<E> {
    /// The code for logs and metrics, and with it the class for the peer.
    pub const fn error(&self) -> Error {
        match self {
            Self::Refused(refusal) => refusal.error(),
            Self::UnknownKey => Error::UnknownKey,
            Self::Store(_) => Error::StoreUnavailable,
        }
    }
}

impl<E> From<AdvanceError<E>> for Error {
    fn from(error: AdvanceError<E>) -> Self {
        error.error()
    }
}

impl<E> From<Refusal> for AdvanceError<E> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<E> fmt::Display for AdvanceError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error().fmt(f)
    }
}

impl<E: core::error::Error + 'static> core::error::Error for AdvanceError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Refused(_) | Self::UnknownKey => None,
            Self::Store(error) => Some(error),
        }
    }
}
