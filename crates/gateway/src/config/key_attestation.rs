//! Android key attestation of one application, and what its devices have to show.

use std::collections::BTreeSet;

use genuine::session::mode::{ClientVersion, Mode};
use serde::{Deserialize, Serialize};
use time::{Date, Month};

use super::{
    mode::{Percent, required},
    play::is_package,
    values::{Checked, Hex},
};

/// SHA-256, in bytes.
const DIGEST: usize = 32;
/// The least number that a version of Android has where key attestation is: 7, as 70000.
const FIRST_VERSION: u32 = 70_000;

/// Android key attestation of one application.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting by itself")]
pub struct KeyAttestation {
    /// The package, such as `com.example.shop`.
    pub package_name: String,
    /// SHA-256 of the certificates of which one signs the app, in hex: in the Play Console under *App signing*.
    pub certificates: Vec<Hex>,
    /// How much an attestation counts.
    #[serde(default = "required")]
    pub mode: Mode,
    /// How many devices `REQUIRED` has reached; the others are `OPTIONAL`.
    #[serde(default)]
    pub rollout_percent: Percent,
    /// Where keys have to live.
    #[serde(default)]
    pub security_level: Level,
    /// Whether keys of factories are refused, which leak: then the phone has to have come out with Android 13 or later, or nearly.
    #[serde(default)]
    pub remote_provisioning: bool,
    /// SHA-256 of the boot keys of other systems than the makers' that are accepted, in hex.
    #[serde(default)]
    pub boot_keys: Vec<Hex>,
    /// Whether the app may share its user identifier with others.
    #[serde(default)]
    pub shared_user_id: bool,
    /// Whether certificates that Google has suspended are accepted.
    #[serde(default)]
    pub suspended: bool,
    /// Whether attestations are refused that say what this release does not know: those of a new Android.
    #[serde(default)]
    pub known_tags_alone: bool,
    /// The least version of Android, such as `130000` for 13.
    pub os_version_at_least: Option<u32>,
    /// The least patch level of Android, such as `202611`.
    pub os_patch_level_at_least: Option<u32>,
    /// The least patch level of the vendor, such as `20261105`.
    pub vendor_patch_level_at_least: Option<u32>,
    /// The least patch level of the boot image, such as `20261105`.
    pub boot_patch_level_at_least: Option<u32>,
    /// The least version of the client, such as `3.17`; older ones are told to upgrade.
    pub client_version_at_least: Option<Checked<ClientVersion>>,
}

/// Where keys live.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Level {
    /// In the secure world of the processor, or in a chip of their own.
    #[default]
    TrustedEnvironment,
    /// In a chip of their own.
    StrongBox,
}

impl KeyAttestation {
    /// Key attestation of this package, under the defaults.
    #[must_use]
    pub fn new(package_name: &str, certificates: &[[u8; 32]]) -> Self {
        Self {
            package_name: package_name.to_owned(),
            certificates: certificates.iter().map(|digest| Hex(digest.to_vec())).collect(),
            mode: required(),
            rollout_percent: Percent::ALL,
            security_level: Level::default(),
            remote_provisioning: false,
            boot_keys: Vec::new(),
            shared_user_id: false,
            suspended: false,
            known_tags_alone: false,
            os_version_at_least: None,
            os_patch_level_at_least: None,
            vendor_patch_level_at_least: None,
            boot_patch_level_at_least: None,
            client_version_at_least: None,
        }
    }

    /// Tells each mistake. `revocations` says whether somebody has said where the list of revoked keys comes from.
    pub(super) fn check(&self, revocations: bool, mut tell: impl FnMut(&str)) {
        let mut expect = |right: bool, mistake: &str| {
            if !right {
                tell(mistake);
            }
        };
        expect(
            revocations,
            "key_attestation: takes [revocations], which says where the list of revoked keys comes from, or kind = \"none\"",
        );
        expect(
            is_package(&self.package_name),
            "key_attestation.package_name: words of letters, digits and _ with periods between them, such as com.example.shop",
        );
        expect(
            !self.certificates.is_empty(),
            "key_attestation.certificates: at least one; under App signing in the Play Console",
        );
        let are_digests = |digests: &[Hex]| {
            let mut seen = BTreeSet::new();
            digests.iter().all(|digest| digest.0.len() == DIGEST && seen.insert(&digest.0))
        };
        expect(
            are_digests(&self.certificates),
            "key_attestation.certificates: SHA-256 of a certificate has 32 bytes, and each is there once",
        );
        expect(
            are_digests(&self.boot_keys) && !self.boot_keys.iter().any(|key| key.0.iter().all(|octet| *octet == 0)),
            "key_attestation.boot_keys: SHA-256 of a key has 32 bytes, not all of them zero, and each is there once",
        );
        expect(
            self.os_version_at_least.is_none_or(|version| version >= FIRST_VERSION),
            "key_attestation.os_version_at_least: six digits, such as 130000 for Android 13",
        );
        for (name, level) in [
            ("os_patch_level_at_least", self.os_patch_level_at_least),
            ("vendor_patch_level_at_least", self.vendor_patch_level_at_least),
            ("boot_patch_level_at_least", self.boot_patch_level_at_least),
        ] {
            let is_level = level.is_none_or(is_patch_level);
            expect(is_level, &format!("key_attestation.{name}: a month such as 202611, or a day such as 20261105"));
        }
    }
}

/// A month or a day, as patch levels are written.
fn is_patch_level(level: u32) -> bool {
    let day = if level < 1_000_000 { level.saturating_mul(100).saturating_add(1) } else { level };
    let of = |number: u32| u8::try_from(number % 100).ok();
    let date = || {
        let month = Month::try_from(of(day / 100)?).ok()?;
        let year = i32::try_from(day / 10_000).ok().filter(|year| (2000..3000).contains(year))?;
        Date::from_calendar_date(year, month, of(day)?).ok()
    };
    date().is_some()
}
