//! Time, always given by the caller.

/// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// The crate never reads a clock. Zero means "the clock was never set" and is refused
/// ([`Error::ClockUnset`](crate::Error::ClockUnset)), because boards without a battery boot in 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UnixTime(pub u64);

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// What Google Play Integrity reckons in. Zero means "the clock was never set", as in [`UnixTime`].
#[cfg(feature = "play-integrity")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UnixMillis(pub u64);

#[cfg(feature = "play-integrity")]
impl UnixMillis {
    /// The second that it lies in.
    #[must_use]
    #[allow(clippy::integer_division, reason = "by a constant, and the fraction is what goes")]
    pub const fn to_unix_time(self) -> UnixTime {
        UnixTime(self.0 / 1_000)
    }
}
