//! What the caller knows: keys, app, binding, time and device.

use std::fmt;

use genuine::{
    Error, UnixMillis,
    play_integrity::{Binding, DeviceLabel},
};

use super::requirements::PlayRequirements;
use crate::text::{from_base64, from_hex};

/// The caller's side of tokens of Play Integrity. What is not told was not asked, or is the engine's default.
#[derive(Clone, Debug, Default)]
pub struct PlaySide {
    /// The keys of the app, several while they are rotated. A payload that Google decoded needs none.
    pub keys: Vec<PlayKeys>,
    /// The package name of the app.
    pub package: Option<String>,
    /// SHA-256 of the certificates that sign the app; none is not told.
    pub certificates: Vec<[u8; 32]>,
    /// The nonce or the request hash.
    pub binding: Option<PlayBinding>,
    /// The time of verification.
    pub at: Option<UnixMillis>,
    /// The greatest age of a token in milliseconds; the engine's default where it is not told.
    pub max_age: Option<u64>,
    /// How far clocks may differ, in milliseconds; the engine's default where it is not told.
    pub max_skew: Option<u64>,
    /// The labels of which a device needs one; none is the engine's default, `MEETS_DEVICE_INTEGRITY`.
    pub devices: Vec<DeviceLabel<'static>>,
    /// Whether test responses are accepted.
    pub accept_test_responses: bool,
    /// What else the policy says.
    pub requirements: PlayRequirements,
}

impl PlaySide {
    /// This side, with what it leaves open taken from another.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        fn either<T>(own: Vec<T>, other: Vec<T>) -> Vec<T> {
            if own.is_empty() { other } else { own }
        }
        Self {
            keys: either(self.keys, other.keys),
            package: self.package.or(other.package),
            certificates: either(self.certificates, other.certificates),
            binding: self.binding.or(other.binding),
            at: self.at.or(other.at),
            max_age: self.max_age.or(other.max_age),
            max_skew: self.max_skew.or(other.max_skew),
            devices: either(self.devices, other.devices),
            accept_test_responses: self.accept_test_responses || other.accept_test_responses,
            requirements: self.requirements.or(other.requirements),
        }
    }
}

/// The two keys of an app, as the Play Console shows them, not looked at yet.
///
/// Without the first, a token stays closed; without the second, it is opened, and nothing proves that Google made it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlayKeys {
    /// The decryption key: base64 of 32 octets.
    pub decryption: Option<Secret>,
    /// The verification key: base64 of 91 octets.
    pub verification: Option<String>,
}

/// A text that is not shown, neither by `Debug` nor in an explanation.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What binds a token to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlayBinding {
    /// The octets of the nonce of a classic request.
    Nonce(Vec<u8>),
    /// The request hash of a standard request, as the app handed it to Google.
    RequestHash(String),
}

impl PlayBinding {
    /// Reads a nonce as the app handed it to Google: base64url of 12 to 375 octets, with padding or without.
    ///
    /// # Errors
    ///
    /// Why it is none.
    pub fn read_nonce(text: &str) -> Result<Self, String> {
        let octets = from_base64(text.trim()).ok_or("a nonce is base64url, and this is not")?;
        let binding = Self::Nonce(octets);
        binding
            .to_engine()
            .map_err(|_| "a nonce has 12 to 375 octets, which make 16 to 500 characters of base64url")?;
        Ok(binding)
    }

    /// Reads a request hash.
    ///
    /// # Errors
    ///
    /// Why it is none.
    pub fn read_request_hash(text: &str) -> Result<Self, String> {
        let binding = Self::RequestHash(text.to_owned());
        binding.to_engine().map_err(|_| "a request hash has 1 to 500 bytes")?;
        Ok(binding)
    }

    /// For the engine, which says whether anything can be bound to it.
    pub(super) fn to_engine(&self) -> Result<Binding<'_>, Error> {
        match self {
            Self::Nonce(octets) => Binding::nonce(octets),
            Self::RequestHash(text) => Binding::request_hash(text),
        }
    }
}

/// Reads the SHA-256 of a certificate: hexadecimal digits with colons or without, as the Play Console and `keytool`
/// show it, or base64 of either alphabet, as tokens have it.
///
/// # Errors
///
/// Why the text is none.
pub fn certificate_digest(text: &str) -> Result<[u8; 32], String> {
    let text = text.trim();
    let digits = text.strip_prefix("SHA256:").or_else(|| text.strip_prefix("SHA-256:")).unwrap_or(text).trim();
    let octets = from_hex(&digits.replace([':', ' '], "")).or_else(|| from_base64(digits));
    let octets = octets.ok_or("a digest is hexadecimal digits or base64, and this is neither")?;
    let is_text = |octets: &[u8]| std::str::from_utf8(octets).ok().and_then(from_hex).is_some();
    let what = match octets.len() {
        32 => return octets.try_into().map_err(|_| String::new()),
        20 => "20 octets, which is SHA-1: take the SHA-256 that stands beside it",
        16 => "16 octets, which is MD5: take the SHA-256",
        64 if is_text(&octets) => "base64 of hexadecimal digits: give the digits themselves",
        count => return Err(format!("{count} octets, and a SHA-256 has 32")),
    };
    Err(what.to_owned())
}

/// The label of this name; `None` for what no policy accepts.
#[must_use]
pub fn device_label(text: &str) -> Option<DeviceLabel<'static>> {
    use DeviceLabel::{MeetsBasicIntegrity, MeetsDeviceIntegrity, MeetsStrongIntegrity, MeetsVirtualIntegrity};

    [MeetsBasicIntegrity, MeetsDeviceIntegrity, MeetsStrongIntegrity, MeetsVirtualIntegrity]
        .into_iter()
        .find(|label| label.to_string() == text)
}
