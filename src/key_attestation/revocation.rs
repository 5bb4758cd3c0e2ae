//! Which certificates are revoked: a seam, because the list is the caller's, and so is its age.

use crate::error::Error;

/// What the revocation list says of a serial number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum RevocationStatus {
    /// Nothing: it is not on the list.
    Good,
    /// `SUSPENDED`: refused, unless the policy accepts it.
    Suspended,
    /// `REVOKED`, or anything else that the list may say one day.
    Revoked,
}

/// A revocation list, such as Google's at <https://android.googleapis.com/attestation/status>.
///
/// A closure is one, and so is [`RevokedSerials`]. That the list is there and new enough is the caller's to see to: without one
/// no chain should be accepted, since leaked keys of factories are what forgers use.
pub trait Revocation {
    /// The status of a serial number: lower-case hexadecimal digits without leading zeros, as the keys of Google's list are. Keys
    /// of that list that look like decimal numbers are hexadecimal too.
    fn status(&self, serial: &str) -> RevocationStatus;
}

impl<F: Fn(&str) -> RevocationStatus> Revocation for F {
    fn status(&self, serial: &str) -> RevocationStatus {
        self(serial)
    }
}

/// A revocation list in memory: serial numbers in ascending order of their octets as text, and the status of each.
#[derive(Clone, Copy, Debug)]
pub struct RevokedSerials<'a>(&'a [(&'a str, RevocationStatus)]);

impl<'a> RevokedSerials<'a> {
    /// Takes a list, and checks its order and form, since a search would miss what stands elsewhere.
    ///
    /// # Errors
    ///
    /// [`Error::AndroidConfigRevocations`] unless the serial numbers ascend as strings do, each once, and each is of the form that
    /// [`Revocation::status`] is asked for.
    pub fn new(sorted: &'a [(&'a str, RevocationStatus)]) -> Result<Self, Error> {
        let is_minimal = |serial: &str| {
            !serial.is_empty()
                && !serial.starts_with('0')
                && serial.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
        };
        let mut last = "";
        for (serial, _) in sorted {
            if !is_minimal(serial) || *serial <= last {
                return Err(Error::AndroidConfigRevocations);
            }
            last = serial;
        }
        Ok(Self(sorted))
    }
}

impl Revocation for RevokedSerials<'_> {
    fn status(&self, serial: &str) -> RevocationStatus {
        match self.0.binary_search_by(|(listed, _)| (*listed).cmp(serial)) {
            Ok(position) => self.0.get(position).map_or(RevocationStatus::Revoked, |(_, status)| *status),
            Err(_) => RevocationStatus::Good,
        }
    }
}
