//! The counter that makes an assertion count once, and why one is not accepted.

use core::fmt;

use crate::error::Error;

/// The signature counter of a key: 0 when attested, greater with each assertion. It may skip, and it never wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use = "a counter that is not stored lets its assertion be replayed"]
pub struct Counter(pub u32);

impl Counter {
    /// The counter of a key that has been attested and has not signed yet: what to store at registration.
    pub const ATTESTED: Self = Self(0);
}

/// Why a counter is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Refusal {
    /// In strict order: the last counter is not less than this one. It is a replay, or was overtaken.
    NotIncreased,
    /// In a window: the counter was accepted before. It is a replay.
    Seen,
    /// In a window: the counter is below it, so that nobody knows whether it was accepted before.
    BelowWindow,
    /// The counter is further above the last one than the policy allows.
    StepTooLarge,
}

impl Refusal {
    /// The code for logs and metrics, and with it the class for the peer.
    #[must_use]
    pub const fn error(self) -> Error {
        match self {
            Self::NotIncreased => Error::CounterNotIncreased,
            Self::Seen => Error::CounterSeen,
            Self::BelowWindow => Error::CounterBelowWindow,
            Self::StepTooLarge => Error::CounterStepTooLarge,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error().fmt(f)
    }
}

impl core::error::Error for Refusal {}
