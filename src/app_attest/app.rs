//! The app and the environment that a key belongs to.

use crate::{
    crypto::{Backend, Sha256},
    error::Error,
};

/// SHA-256 of an App ID: a prefix of ten characters, a period and the bundle identifier.
///
/// The prefix is the team identifier, except for older apps, whose prefix is another. The key of an App Clip has the App ID of
/// the full app, as Apple's guide says; no genuine object of an App Clip is known that confirms it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct AppIdHash(pub [u8; 32]);

super::identifier::identifier!(AppIdHash);

impl AppIdHash {
    /// Hashes an App ID such as `0352187391.com.apple.example_app_attest`.
    ///
    /// # Errors
    ///
    /// [`Error::CryptoUnavailable`] if the backend cannot hash.
    pub fn of<C: Sha256 + ?Sized>(app_id: &str, crypto: &C) -> Result<Self, Error> {
        Backend::new(crypto).sha256(&[app_id.as_bytes()]).map(Self)
    }
}

/// The environments that a policy accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Environments {
    /// Keys of apps as they are distributed.
    #[default]
    Production,
    /// Keys of builds under development.
    Development,
    /// Both.
    ProductionAndDevelopment,
}

impl Environments {
    pub(super) const fn contain(self, environment: Environment) -> bool {
        match environment {
            Environment::Production => !matches!(self, Self::Development),
            Environment::Development => !matches!(self, Self::Production),
        }
    }
}

/// The environment that a key was attested in. Keys of the two do not mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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
    pub(super) fn from_aaguid(aaguid: &[u8; 16]) -> Result<Self, Error> {
        match aaguid {
            b"appattest\0\0\0\0\0\0\0" => Ok(Self::Production),
            b"appattestdevelop" => Ok(Self::Development),
            _ => Err(Error::AaguidUnknown),
        }
    }
}
