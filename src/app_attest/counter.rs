//! Freshness: the counter that makes an assertion count once.

use core::fmt;

use super::key::KeyId;
use crate::error::Error;

/// The signature counter of a key: 0 when attested, greater with each assertion. It may skip, and it never wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Counter(pub u32);

impl Counter {
    /// The counter of a key that has been attested and has not signed yet: what to store at registration.
    pub const ATTESTED: Self = Self(0);
}

/// Where the last counter of each key is kept.
///
/// # Contract
///
/// `advance` is **one atomic compare-and-advance**: if the stored counter of `key` is less than `to`, it becomes `to`
/// and the answer is `Ok`; otherwise nothing changes. Of any number of concurrent calls with one `to`, exactly one
/// answers `Ok`. An implementation that reads, compares and writes in three steps accepts replays.
///
/// In SQL it is one statement, and `Ok` is "one row changed":
///
/// ```sql
/// UPDATE device_key SET counter = :to WHERE key_id = :key_id AND counter < :to
/// ```
///
/// `Ok` is answered only when the new counter is durable. A key that is not there is [`AdvanceError::UnknownKey`],
/// never a key with counter zero. [`guide::storing`](crate::guide::storing) has SQL, Redis and flash.
pub trait CounterStore {
    /// Why the store itself failed.
    type Error;

    /// Advances the counter of `key` to `to`.
    ///
    /// # Errors
    ///
    /// [`AdvanceError::NotIncreased`] if the stored counter is `to` or greater, [`AdvanceError::UnknownKey`] if none is
    /// stored, [`AdvanceError::Store`] if the store could not answer.
    fn advance(&self, key: &KeyId, to: Counter) -> Result<(), AdvanceError<Self::Error>>;
}

/// Why a counter did not advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdvanceError<E> {
    /// The stored counter is not less than the new one: a replay, or an assertion that was overtaken.
    NotIncreased,
    /// The store holds no counter for this key.
    UnknownKey,
    /// The store could not answer; the counter may or may not have moved.
    Store(E),
}

impl<E> AdvanceError<E> {
    /// The code for logs and metrics, and with it the class for the peer.
    pub const fn error(&self) -> Error {
        match self {
            Self::NotIncreased => Error::CounterNotIncreased,
            Self::UnknownKey => Error::UnknownKey,
            Self::Store(_) => Error::StoreUnavailable,
        }
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
            Self::NotIncreased | Self::UnknownKey => None,
            Self::Store(error) => Some(error),
        }
    }
}
