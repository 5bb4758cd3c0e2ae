//! One application, and what its apps have to show.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use genuine::{
    app_attest::{OsBuild, OsVersion},
    session::mode::{ClientVersion, Mode},
};
use serde::{Deserialize, Serialize};

use super::{
    Config,
    key_attestation::KeyAttestation,
    mode::{Percent, required},
    oauth::OauthClient,
    play::Play,
    rehearsal::Rehearsal,
    tokens::Algorithm,
    values::{Checked, Environment, Hex},
};
use crate::store::Contract;

/// SHA-256 of a code directory, in bytes.
const CODE_HASH: usize = 32;
/// As the leaves of genuine devices name them.
const PLATFORMS: [&str; 2] = ["iphoneos", "macosx"];
/// The seconds of a day.
const DAY: u64 = 86_400;
/// The application of the demonstration. Nobody else's, so that what it stored is of no use to any other configuration.
pub const DEMO: &str = "demo";

/// One application.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// What clients call it.
    pub name: String,
    /// Team identifier, period, bundle identifier: of the app, and of extensions that attest keys of their own. The key of an
    /// App Clip has the App ID of the full app, as Apple's guide says.
    #[serde(default)]
    pub app_ids: Vec<String>,
    /// Whose keys are accepted. They do not mix.
    #[serde(default)]
    pub environment: Environment,
    /// How much an attestation of App Attest counts when a device registers.
    #[serde(default = "required")]
    pub mode: Mode,
    /// How many devices `REQUIRED` has reached; the others are `OPTIONAL`.
    #[serde(default)]
    pub rollout_percent: Percent,
    /// The least version of the client on Apple's systems, such as `3.15`; older ones are told to upgrade.
    pub client_version_at_least: Option<Checked<ClientVersion>>,
    /// Google Play Integrity, if the app is there for Android.
    pub play: Option<Play>,
    /// Android key attestation, if the app is there for Android and has its keys attested by the phone itself.
    pub key_attestation: Option<KeyAttestation>,
    /// The app as a client of OAuth servers, if its devices get attestations for those.
    pub oauth_client: Option<OauthClient>,
    /// How long to wait for each operation of the store, in milliseconds.
    #[serde(default = "default_timeout")]
    pub timeout_ms: u32,
    /// Validation categories of iOS 27 to accept; others and none are refused.
    pub categories: Option<Vec<u32>>,
    /// Bundle versions of iOS 27 to accept; others and none are refused.
    pub bundle_versions: Option<Vec<String>>,
    /// Hashes of the code of iOS 27 and macOS 27 to accept, in hex; others and none are refused.
    pub code_hashes: Option<Vec<Hex>>,
    /// Platforms to accept, such as `iphoneos` and `macosx`; others and none are refused.
    pub platforms: Option<Vec<String>>,
    /// The least version of the operating system, such as `18.5`; older ones and none are refused.
    pub os_version_at_least: Option<Checked<OsVersion>>,
    /// The least build of the operating system by platform, such as `22F76`; older ones, others and none are refused.
    pub os_build_at_least: Option<BTreeMap<String, Checked<OsBuild>>>,
    /// Whether Macs have to have the access control of their key that Apple documents.
    #[serde(default)]
    pub macos_access_control: bool,
    /// How long ago an attestation may have been made, in seconds; Apple dates it a day back.
    pub attestation_age_seconds: Option<u64>,
    /// In which order counters are accepted.
    #[serde(default)]
    pub counter: Contract,
    /// How far a counter may be above the highest one so far.
    pub counter_step: Option<u32>,
    /// Whether it is a rehearsal: simulated devices of the operator's own, in the place of real ones.
    pub rehearsal: Option<Rehearsal>,
}

impl Application {
    /// An application with these App IDs, and the defaults.
    #[must_use]
    pub fn new(name: &str, app_ids: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            app_ids: app_ids.iter().map(|&id| id.to_owned()).collect(),
            environment: Environment::default(),
            mode: required(),
            rollout_percent: Percent::ALL,
            client_version_at_least: None,
            play: None,
            key_attestation: None,
            oauth_client: None,
            timeout_ms: default_timeout(),
            categories: None,
            bundle_versions: None,
            code_hashes: None,
            platforms: None,
            os_version_at_least: None,
            os_build_at_least: None,
            macos_access_control: false,
            attestation_age_seconds: None,
            counter: Contract::default(),
            counter_step: None,
            rehearsal: None,
        }
    }

    /// The time limit.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.into())
    }
}

const fn default_timeout() -> u32 {
    5000
}

impl Config {
    pub(super) fn check_applications(&self, mistakes: &mut Vec<String>) {
        let mut names = BTreeSet::new();
        for application in &self.applications {
            let name = &application.name;
            let mut expect = |right: bool, mistake: &str| {
                if !right {
                    mistakes.push(format!("application {name:?}: {mistake}"));
                }
            };
            expect(names.insert(name), "its name is taken");
            expect(
                (1..=64).contains(&name.len()) && name.bytes().all(|octet| octet.is_ascii_graphic()),
                "its name has from 1 to 64 letters, digits and signs of ASCII: it goes into headers and tokens",
            );
            expect(self.demo || name != DEMO, "its name is the demonstration's");
            expect(
                !application.app_ids.is_empty() || application.play.is_some() || application.key_attestation.is_some(),
                "app_ids, play, key_attestation: at least one App ID, Google Play Integrity, or key attestation",
            );
            if let Some(key_attestation) = &application.key_attestation {
                key_attestation.check(self.revocations.is_some(), |mistake| expect(false, mistake));
            }
            if let Some(play) = &application.play {
                play.check(self.google.is_some(), |mistake| expect(false, mistake));
            }
            let mut ids = BTreeSet::new();
            for id in &application.app_ids {
                expect(ids.insert(id), &format!("app_ids: {id:?} is there twice"));
                expect(
                    is_app_id(id),
                    &format!(
                        "app_ids: {id:?} lacks its prefix: ten capital letters or digits and a period, as in \
                         ABCDE12345.com.example.shop"
                    ),
                );
            }
            let timeout = (1..=i32::MAX.unsigned_abs()).contains(&application.timeout_ms);
            expect(timeout, "timeout_ms: from 1 to 2147483647");
            let empty = [
                ("categories", application.categories.as_ref().is_some_and(Vec::is_empty)),
                ("bundle_versions", application.bundle_versions.as_ref().is_some_and(Vec::is_empty)),
                ("code_hashes", application.code_hashes.as_ref().is_some_and(Vec::is_empty)),
                ("platforms", application.platforms.as_ref().is_some_and(Vec::is_empty)),
                ("os_build_at_least", application.os_build_at_least.as_ref().is_some_and(BTreeMap::is_empty)),
            ];
            for (setting, _) in empty.into_iter().filter(|(_, empty)| *empty) {
                expect(false, &format!("{setting}: an empty list refuses everything; leave it out to ask for nothing"));
            }
            let mut hashes = application.code_hashes.iter().flatten();
            expect(
                hashes.all(|hash| hash.0.len() == CODE_HASH),
                "code_hashes: CandidateCDHashFull of codesign -dvvv has 32 bytes",
            );
            // A name that no leaf has would refuse every device, which looks like an attack.
            let platforms = application.platforms.iter().flatten().map(|name| ("platforms", name));
            let builds = application.os_build_at_least.iter().flatten().map(|(name, _)| ("os_build_at_least", name));
            for (setting, name) in platforms.chain(builds) {
                let known = PLATFORMS.contains(&name.as_str());
                expect(known, &format!("{setting}: {name:?} is no platform; leaves name iphoneos or macosx"));
            }
            expect(
                application.attestation_age_seconds.is_none_or(|seconds| seconds >= DAY),
                "attestation_age_seconds: at least 86400, since Apple dates an attestation a day back",
            );
            expect(application.counter_step != Some(0), "counter_step: at least 1");
            if let Some(client) = &application.oauth_client {
                let keys = self.tokens.as_ref().is_some_and(|tokens| tokens.algorithm == Algorithm::Es256);
                client.check(keys, |mistake| expect(false, mistake));
            }
        }
    }
}

/// Ten capital letters and digits, a period, and something: what Apple calls an App ID.
fn is_app_id(id: &str) -> bool {
    id.split_once('.').is_some_and(|(team, bundle)| {
        team.len() == 10
            && team.bytes().all(|octet| octet.is_ascii_uppercase() || octet.is_ascii_digit())
            && !bundle.is_empty()
            && bundle.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'.' || octet == b'-')
    })
}
