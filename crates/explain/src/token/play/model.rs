//! What a payload says: plain data.

use serde::Serialize;

/// What a payload says. `authentic` tells whether Google does. Labels stand as they are, also those that are unknown
/// here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PlayFacts {
    /// Whether Google's signature over all of this was verified. Never so of a payload that was decoded elsewhere: that
    /// it is Google's answer, whoever fetched it knows.
    pub authentic: bool,
    /// The length of the payload in bytes.
    pub size: usize,
    /// The package that asked for the token, by its own word.
    pub request_package: Option<String>,
    /// When the token was made, RFC 3339.
    pub time: Option<String>,
    /// The same in milliseconds since 1970.
    pub timestamp_millis: Option<i64>,
    /// The nonce of a classic request, as it stands there.
    pub nonce: Option<String>,
    /// Its octets, if it is base64.
    pub nonce_hex: Option<String>,
    /// The request hash of a standard request.
    pub request_hash: Option<String>,
    /// What Google Play knows of the app.
    pub app_recognition: Option<String>,
    /// The package of the app.
    pub app_package: Option<String>,
    /// The certificates that sign it.
    pub certificates: Vec<CertificateDigest>,
    /// Its version code.
    pub version_code: Option<i64>,
    /// The labels of the device.
    pub device_labels: Vec<String>,
    /// How many tokens were asked for of late.
    pub device_activity: Option<String>,
    /// The API level of Android.
    pub sdk_version: Option<i64>,
    /// What the developer wrote down about the device.
    pub device_recall: Option<Recall>,
    /// Whether the user has the app from Google Play.
    pub licensing: Option<String>,
    /// How the account behaves.
    pub account_activity: Option<String>,
    /// Other apps that could read the screen or act for the user; `None` if that is not told.
    pub apps_detected: Option<Vec<String>>,
    /// What Play Protect says.
    pub play_protect: Option<String>,
    /// Risks of a false location; `None` if that is not told.
    pub location_risks: Option<Vec<String>>,
    /// Whether the verdicts are those of a test that the Play Console configures.
    pub test_response: bool,
    /// The dialog of Google Play that could help the user.
    pub dialog: Option<DialogFacts>,
}

/// The SHA-256 of a certificate, in both forms in which people meet it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CertificateDigest {
    /// As the payload has it: base64url.
    pub digest: String,
    /// In hexadecimal digits, as the Play Console has it but for the colons; `None` of what is not base64.
    pub digest_hex: Option<String>,
}

/// Three bits about a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Recall {
    /// The bits.
    pub bits: [Option<bool>; 3],
    /// The month in which each was written, such as 202609.
    pub written: [Option<i64>; 3],
}

/// A dialog that the app hands to `showDialog`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DialogFacts {
    /// Its type code.
    pub number: u8,
    /// Google's name of it.
    pub dialog_name: &'static str,
    /// What it asks of the user.
    pub purpose: &'static str,
}
