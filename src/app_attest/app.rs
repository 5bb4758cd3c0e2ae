//! The app and the environment that a key belongs to.

use crate::{
    crypto::{Backend, Crypto},
    error::Error,
};

/// SHA-256 of an App ID: a prefix of ten characters, a period and the bundle identifier.
///
/// The prefix is the team identifier, except for older apps, whose prefix is another. The key of an App Clip has the App ID of
/// the full app, as Apple's guide says; no genuine object of an App Clip is known that confirms it.
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
