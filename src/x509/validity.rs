//! The validity period of a certificate, and the two time forms of X.509.

use super::error::X509Error;
use crate::{encoding::der, time::UnixTime};

/// The validity period of a certificate, both ends included (RFC 5280 §4.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Validity {
    /// The first second of the period.
    pub not_before: UnixTime,
    /// The last second of the period.
    pub not_after: UnixTime,
}

/// UTCTime with a two-digit year below this is in the 2000s, else in the 1900s (RFC 5280 §4.1.2.5.1).
const UTC_TIME_PIVOT: u8 = 50;

/// Years from this one on are written as GeneralizedTime, earlier ones as UTCTime (RFC 5280 §4.1.2.5).
const FIRST_GENERALIZED_YEAR: u16 = 2050;

impl Validity {
    /// All of time: what stands for a validity period that nobody looks at.
    #[cfg(feature = "key-attestation")]
    pub(super) const UNREAD: Self = Self { not_before: UnixTime(0), not_after: UnixTime(u64::MAX) };

    /// Reads `Validity ::= SEQUENCE { notBefore Time, notAfter Time }`.
    pub(super) fn read(reader: &mut der::Reader<'_>) -> Result<Self, X509Error> {
        let mut inner = der::Reader::new(reader.value(der::SEQUENCE)?);
        let not_before = time(&mut inner)?;
        let not_after = time(&mut inner)?;
        inner.finish()?;
        if not_before > not_after {
            return Err(X509Error::ValidityInverted);
        }
        Ok(Self { not_before, not_after })
    }
}

/// Reads `Time ::= CHOICE { UTCTime, GeneralizedTime }` in the one form that DER and RFC 5280 leave.
fn time(reader: &mut der::Reader<'_>) -> Result<UnixTime, X509Error> {
    if reader.next_is(der::GENERALIZED_TIME) {
        let ([century, year, rest @ ..], b"Z") = reader.value(der::GENERALIZED_TIME)?.as_chunks() else {
            return Err(X509Error::Time);
        };
        let year = u16::from(number(*century)?).saturating_mul(100).saturating_add(u16::from(number(*year)?));
        if year < FIRST_GENERALIZED_YEAR {
            return Err(X509Error::Time);
        }
        date_time(year, rest)
    } else {
        let ([year, rest @ ..], b"Z") = reader.value(der::UTC_TIME)?.as_chunks() else {
            return Err(X509Error::Time);
        };
        let year = number(*year)?;
        let century = if year < UTC_TIME_PIVOT { 2000 } else { 1900 };
        date_time(u16::from(year).saturating_add(century), rest)
    }
}

/// Hands `MMDDHHMMSS` to the calendar of `der::DateTime`.
fn date_time(year: u16, rest: &[[u8; 2]]) -> Result<UnixTime, X509Error> {
    let &[month, day, hour, minute, second] = rest else {
        return Err(X509Error::Time);
    };
    ::der::DateTime::new(year, number(month)?, number(day)?, number(hour)?, number(minute)?, number(second)?)
        .map(|date| UnixTime(date.unix_duration().as_secs()))
        .map_err(|_| X509Error::Time)
}

/// The number of two decimal digits.
fn number(digits: [u8; 2]) -> Result<u8, X509Error> {
    let [high, low] = digits.map(|digit| digit.wrapping_sub(b'0'));
    if high > 9 || low > 9 {
        return Err(X509Error::Time);
    }
    Ok(high.saturating_mul(10).saturating_add(low))
}
