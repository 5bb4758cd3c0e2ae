//! The platforms whose word on a device counts, and what is told of it.

use genuine::{
    UnixMillis,
    session::mode::{Mode, Status},
};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

use crate::store::{Device, DeviceKey};

/// A platform that vouches for devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Platform {
    /// Apple App Attest.
    AppAttest,
    /// Google Play Integrity.
    PlayIntegrity,
    /// Android key attestation.
    KeyAttestation,
}

/// What the attestation of a device came to, and when: with the names of its own platform, and of no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attested {
    /// The platform.
    pub platform: Platform,
    /// What it came to.
    pub status: Status,
    /// When that was.
    pub at: UnixMillis,
}

/// RFC 3339, in UTC and with milliseconds.
const DATE: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

impl Platform {
    /// The platform of a key, if anybody vouches for it.
    #[must_use]
    pub const fn of(key: &DeviceKey) -> Option<Self> {
        match key {
            DeviceKey::AppAttest(_) => Some(Self::AppAttest),
            DeviceKey::PlayIntegrity(_) => Some(Self::PlayIntegrity),
            DeviceKey::KeyAttestation(_) => Some(Self::KeyAttestation),
            DeviceKey::Erased => None,
        }
    }

    /// The platform under whose terms the requests come that this key signs. A key of Play Integrity signs none.
    #[must_use]
    pub const fn of_assertions(key: &DeviceKey) -> Self {
        match key {
            DeviceKey::KeyAttestation(_) => Self::KeyAttestation,
            _ => Self::AppAttest,
        }
    }

    /// Logs what an attempt came to, under a target of the platform's own: `genuine::app_attest`, `genuine::play_integrity` or
    /// `genuine::key_attestation`.
    pub fn log(self, mode: Mode, outcome: &str, reason: &str) {
        let mode = mode.as_str();
        match self {
            Self::AppAttest => tracing::info!(target: "genuine::app_attest", mode, outcome, reason, "attested"),
            Self::PlayIntegrity => tracing::info!(target: "genuine::play_integrity", mode, outcome, reason, "attested"),
            Self::KeyAttestation => {
                tracing::info!(target: "genuine::key_attestation", mode, outcome, reason, "attested");
            }
        }
    }

    /// The name in metrics, and the beginning of the names of its status.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AppAttest => "app_attest",
            Self::PlayIntegrity => "play_integrity",
            Self::KeyAttestation => "key_attestation",
        }
    }
}

impl Attested {
    /// The members `app_attest_status` and `app_attest_date`, or those of the same names that begin with another platform's.
    #[must_use]
    pub fn members(self) -> [(String, String); 2] {
        let name = self.platform.as_str();
        [(format!("{name}_status"), self.status.to_string()), (format!("{name}_date"), date(self.at))]
    }
}

impl Device {
    /// What its attestation came to; nothing if nobody vouches for it any more.
    #[must_use]
    pub fn attested_status(&self) -> Option<Attested> {
        let platform = Platform::of(&self.key)?;
        let (status, at) = match self.locked_at {
            Some(at) => (Status::Locked, UnixMillis(at.saturating_mul(1000))),
            None => (Status::Verified, self.attested_at),
        };
        Some(Attested { platform, status, at })
    }
}

/// A time as RFC 3339 has it, such as `2026-11-30T09:00:00.000Z`. Beyond the year 9999 it is the last one before.
#[must_use]
pub fn date(at: UnixMillis) -> String {
    let nanoseconds = i128::from(at.0).saturating_mul(1_000_000);
    let date = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok();
    date.and_then(|date| date.format(DATE).ok()).unwrap_or_else(|| "9999-12-31T23:59:59.999Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r50_dates_are_utc_with_milliseconds() {
        for (at, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_001, "2000-02-29T00:00:00.001Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (u64::MAX, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(date(UnixMillis(at)), expected);
        }
    }
}
