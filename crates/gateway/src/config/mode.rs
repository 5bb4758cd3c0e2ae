//! How much an attestation counts, and for how many devices.

use genuine::session::mode::{Mode, Rollout};
use serde::{Deserialize, Serialize};

/// How many hundredths of a percent a percent has.
const HUNDREDTHS: f64 = 100.0;

/// A share of devices in percent, with up to two decimals.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Percent(u16);

impl Percent {
    /// Every device.
    pub const ALL: Self = Self(10_000);

    /// The share in the engine's terms.
    #[must_use]
    pub fn rollout(self) -> Rollout {
        Rollout::from_hundredths(self.0).unwrap_or(Rollout::ALL)
    }
}

impl Default for Percent {
    fn default() -> Self {
        Self::ALL
    }
}

impl TryFrom<f64> for Percent {
    type Error = &'static str;

    fn try_from(percent: f64) -> Result<Self, Self::Error> {
        let hundredths = percent * HUNDREDTHS;
        let whole = hundredths.round();
        if !(0.0..=100.0).contains(&percent) || (hundredths - whole).abs() > 1e-6 {
            return Err("rollout_percent: from 0 to 100, with two decimals at most");
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 10,000")]
        Ok(Self(whole as u16))
    }
}

impl From<Percent> for f64 {
    fn from(percent: Percent) -> Self {
        Self::from(percent.0) / HUNDREDTHS
    }
}

/// What counts unless something else is said: nothing opens by default.
pub(super) const fn required() -> Mode {
    Mode::Required
}

#[cfg(test)]
mod tests {
    use genuine::session::mode::Rollout;

    use super::Percent;

    #[test]
    fn a_percent_has_two_decimals_at_most() {
        for (percent, hundredths) in [(0.0, 0), (0.01, 1), (12.5, 1250), (33.33, 3333), (99.99, 9999), (100.0, 10_000)]
        {
            assert_eq!(
                Percent::try_from(percent).map(Percent::rollout),
                Ok(Rollout::from_hundredths(hundredths).unwrap())
            );
            assert!((f64::from(Percent::try_from(percent).unwrap()) - percent).abs() < 1e-9);
        }
        for percent in [-0.01, 100.01, 0.001, 33.333, f64::NAN, f64::INFINITY] {
            assert!(Percent::try_from(percent).is_err(), "{percent}");
        }
    }
}
