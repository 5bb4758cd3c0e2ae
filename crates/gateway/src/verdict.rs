//! What a request showed, as a route that lets everybody through is told.

use genuine::session::mode::Outcome;
use strum::IntoStaticStr;

use crate::refusal::Refusal;

/// What a request showed. A handler finds it among the extensions, and the [`Caller`](crate::gate::Caller) beside it only where it
/// is [`Verified`](Self::Verified).
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Verdict {
    /// A genuine app on a genuine device sent it.
    Verified,
    /// It has no assertion.
    Missing,
    /// Its assertion is refused.
    Invalid,
    /// Its client is older than what is supported.
    Outdated,
    /// Nobody could decide: the store was away, for one.
    Undecided,
    /// The route is `OFF`: nobody has looked.
    Unchecked,
}

impl Verdict {
    /// The name in metrics and headers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What a refusal says of a request; `None` if it holds in every mode.
    #[must_use]
    pub fn of(refusal: Refusal) -> Option<Self> {
        Some(match refusal.outcome()? {
            _ if matches!(refusal, Refusal::ClientOutdated(_)) => Self::Outdated,
            Outcome::NotPerformed => Self::Missing,
            Outcome::Unavailable => Self::Undecided,
            _ => Self::Invalid,
        })
    }
}
