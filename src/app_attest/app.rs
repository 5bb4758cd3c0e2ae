//! The app and the environment that a key belongs to.

use crate::{
    crypto::{Backend, Crypto},
    error::Error,
};

/// SHA-256 of an App ID: the ten-character team identifier, a period and the bundle identifier.
///
/// An App Clip has an App ID of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AppIdHash(pub [u8; 32]);

impl AppIdHash {
    /// Hashes an App ID such as `0352187391.com.apple.example_app_attest`.
    ///
    /// # Errors
    ///
    /// [`Error::CryptoUnavailable`] if the backend cannot hash.
    pub fn of<C: Crypto + ?Sized>(app_id: &str, crypto: &C) -> Result<Self, Error> {
        Backend(crypto).sha256(&[app_id.as_bytes()]).map(Self)
    }
}

/// The environment that a key was attested in. Keys of the two do not mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Environment {
    /// The App Store, TestFlight and enterprise distribution.
    Production,
    /// Builds run from Xcode with the development environment of App Attest.
    Development,
}

impl Environment {
    /// Reads the AAGUID (step A8), all 16 bytes of it.
    ///
    /// Apple's older text has `appattestsandbox`, which no device was ever seen to send.
    pub(crate) fn from_aaguid(aaguid: &[u8; 16]) -> Result<Self, Error> {
        match aaguid {
            b"appattest\0\0\0\0\0\0\0" => Ok(Self::Production),
            b"appattestdevelop" => Ok(Self::Development),
            _ => Err(Error::AaguidUnknown),
        }
    }
}
