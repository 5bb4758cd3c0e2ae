//! Google Play Integrity of one application, and what its devices have to show.

use genuine::{
    play_integrity::{DecryptionKey, KeyPair, VerificationKey},
    session::mode::{ClientVersion, Mode},
};
use serde::{Deserialize, Serialize};

use super::{
    Secret,
    mode::{Percent, required},
    values::{Checked, Environment, Hex},
};

/// SHA-256 of a certificate, in bytes.
const CERTIFICATE: usize = 32;
/// The labels of devices that Google documents.
pub(super) const DEVICE_LABELS: [&str; 4] =
    ["MEETS_BASIC_INTEGRITY", "MEETS_DEVICE_INTEGRITY", "MEETS_STRONG_INTEGRITY", "MEETS_VIRTUAL_INTEGRITY"];
/// Pairs of keys: as many as a rotation needs.
const KEYS: usize = 2;
/// The longest time that one attestation may count, in seconds: a year.
const LONGEST: u32 = 366 * 86_400;

/// Google Play Integrity of one application.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Play {
    /// The package, such as `com.example.shop`.
    pub package_name: String,
    /// SHA-256 of the certificates that sign the app, in hex: in the Play Console under *App signing*.
    pub certificates: Vec<Hex>,
    /// How much an attestation counts.
    #[serde(default = "required")]
    pub mode: Mode,
    /// How many devices `REQUIRED` has reached; the others are `OPTIONAL`.
    #[serde(default)]
    pub rollout_percent: Percent,
    /// The keys of classic tokens, newest first, as the Play Console shows them. Without any, classic tokens are refused.
    #[serde(default)]
    pub keys: Vec<PlayKeys>,
    /// Whether Google's server decodes standard tokens, which takes `[google]`.
    #[serde(default)]
    pub standard: bool,
    /// Labels of which a device has to have one.
    #[serde(default = "device_integrity")]
    pub device_labels: Vec<String>,
    /// Whether users have to have the app from Google Play.
    #[serde(default = "yes")]
    pub licensed: bool,
    /// The least version code of the app.
    pub version_at_least: Option<i64>,
    /// `DEVELOPMENT` accepts builds that Google Play does not recognize, and test responses of the Play Console.
    #[serde(default)]
    pub environment: Environment,
    /// For how long one attestation counts, in seconds; then a device has to show another one.
    #[serde(default = "a_day")]
    pub attestation_lifetime_seconds: u32,
    /// The least version of the client, such as `3.17`; older ones are told to upgrade.
    pub client_version_at_least: Option<Checked<ClientVersion>>,
}

/// The two keys of an app that belong together.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlayKeys {
    /// Standard base64 of 32 bytes.
    pub decryption_key: Secret,
    /// Standard base64 of a `SubjectPublicKeyInfo` on P-256.
    pub verification_key: String,
}

fn device_integrity() -> Vec<String> {
    vec!["MEETS_DEVICE_INTEGRITY".to_owned()]
}

const fn yes() -> bool {
    true
}

const fn a_day() -> u32 {
    86_400
}

impl PlayKeys {
    /// The keys in the engine's terms.
    ///
    /// # Errors
    ///
    /// Which of them is none, without it.
    pub fn pair(&self) -> Result<KeyPair, &'static str> {
        Ok(KeyPair {
            decryption: DecryptionKey::from_base64(&self.decryption_key.0)
                .map_err(|_| "play.keys: decryption_key is not the base64 of 32 bytes that the Play Console shows")?,
            verification: VerificationKey::from_base64(&self.verification_key)
                .map_err(|_| "play.keys: verification_key is not the base64 of a key that the Play Console shows")?,
        })
    }

    /// Whether both have a key in common.
    pub(super) fn shares_with(&self, other: &Self) -> bool {
        self.decryption_key.0 == other.decryption_key.0 || self.verification_key == other.verification_key
    }
}

impl Play {
    /// Google Play Integrity of this package, under the defaults.
    #[must_use]
    pub fn new(package_name: &str, certificates: &[[u8; 32]]) -> Self {
        Self {
            package_name: package_name.to_owned(),
            certificates: certificates.iter().map(|digest| Hex(digest.to_vec())).collect(),
            mode: required(),
            rollout_percent: Percent::ALL,
            keys: Vec::new(),
            standard: false,
            device_labels: device_integrity(),
            licensed: true,
            version_at_least: None,
            environment: Environment::default(),
            attestation_lifetime_seconds: a_day(),
            client_version_at_least: None,
        }
    }

    /// Tells each mistake. `google` says whether there is a door to Google's server.
    pub(super) fn check(&self, google: bool, mut tell: impl FnMut(&str)) {
        let mut expect = |right: bool, mistake: &str| {
            if !right {
                tell(mistake);
            }
        };
        // A platform that is asked for has everything that it needs; one that is not may wait for it.
        if !self.mode.verifies() {
            return;
        }
        expect(
            is_package(&self.package_name),
            "play.package_name: words of letters, digits and _ with periods between them, such as com.example.shop",
        );
        expect(!self.certificates.is_empty(), "play.certificates: at least one; under App signing in the Play Console");
        expect(
            self.certificates.iter().all(|digest| digest.0.len() == CERTIFICATE),
            "play.certificates: SHA-256 of a certificate has 32 bytes",
        );
        expect(
            !self.keys.is_empty() || self.standard,
            "play: keys for classic tokens, or standard = true for those that Google decodes; else nothing is accepted",
        );
        expect(self.keys.len() <= KEYS, "play.keys: two pairs at most");
        for keys in &self.keys {
            let mistake = keys.pair().err();
            expect(mistake.is_none(), mistake.unwrap_or_default());
        }
        expect(!self.standard || google, "play.standard: takes [google], which says how Google's server is asked");
        expect(!self.device_labels.is_empty(), "play.device_labels: an empty list refuses everything");
        for label in &self.device_labels {
            let known = DEVICE_LABELS.contains(&label.as_str());
            expect(known, &format!("play.device_labels: {label:?} is none of Google's: {}", DEVICE_LABELS.join(", ")));
        }
        expect(
            (1..=LONGEST).contains(&self.attestation_lifetime_seconds),
            "play.attestation_lifetime_seconds: from 1 to 31622400",
        );
    }
}

/// At least two words, each beginning with a letter (Android's `applicationId`).
pub(super) fn is_package(name: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_alphabetic())
            && word.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_')
    };
    name.len() <= 256 && name.contains('.') && name.split('.').all(is_word)
}
