//! Where Google's list of revoked attestation keys comes from, and how old it may be.

use std::{fs::File, path::PathBuf, sync::Arc, time::Duration};

use rustls::RootCertStore;
use serde::{Deserialize, Serialize};

use super::Config;
use crate::{
    metrics::Metrics,
    play::{Clock, ServerUrl, system_roots},
    revocations::{self, Origin, Settings},
};

/// Where Google has the list.
const GOOGLE: &str = "https://android.googleapis.com/attestation/status";
/// The seconds of a day.
const DAY: u32 = 86_400;

/// Where Google's list of revoked attestation keys comes from.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Revocations {
    /// From a server.
    Url {
        /// Another address than Google's, such as a mirror's: `https://…`, or `http://…` on this machine.
        #[serde(default = "google")]
        url: String,
        /// How often the server is asked, in seconds.
        #[serde(default = "hour")]
        refresh_seconds: u32,
        /// How long it may take in all, in milliseconds.
        #[serde(default = "default_timeout")]
        timeout_ms: u32,
        /// The file in which the list is kept, so that the gateway starts while the server is away.
        copy: Option<PathBuf>,
        /// How old a list may be by which a device is registered, in seconds.
        #[serde(default = "three_days")]
        age_limit_seconds: u32,
        /// The longest list, in bytes.
        #[serde(default = "default_size")]
        max_bytes: usize,
    },
    /// From a file, which somebody else keeps up to date.
    File {
        /// The file.
        path: PathBuf,
        /// How old the file may be, by its time of modification, where a device is registered, in seconds.
        #[serde(default = "three_days")]
        age_limit_seconds: u32,
        /// The longest list, in bytes.
        #[serde(default = "default_size")]
        max_bytes: usize,
    },
    /// From nowhere: no key is looked up, and whoever has a leaked one registers devices.
    None {},
}

fn google() -> String {
    GOOGLE.to_owned()
}

const fn hour() -> u32 {
    3_600
}

const fn default_timeout() -> u32 {
    10_000
}

const fn three_days() -> u32 {
    3 * DAY
}

const fn default_size() -> usize {
    8 << 20
}

impl Revocations {
    /// The list that this describes, which it asks for.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub async fn open(&self, clock: Clock, metrics: Arc<Metrics>) -> Result<revocations::Revocations, String> {
        let (origin, max_bytes, age_limit) = match self {
            Self::Url { url, refresh_seconds, timeout_ms, copy, age_limit_seconds, max_bytes } => {
                let url = address(url)?;
                let roots = if url.is_tls() {
                    system_roots().map_err(|mistake| format!("revocations: {mistake}"))?
                } else {
                    RootCertStore::empty()
                };
                let timeout = Duration::from_millis((*timeout_ms).into());
                let refresh = Duration::from_secs((*refresh_seconds).into());
                (Origin::Server { url, roots, timeout, refresh, copy: copy.clone() }, *max_bytes, *age_limit_seconds)
            }
            Self::File { path, age_limit_seconds, max_bytes } => {
                (Origin::File(path.clone()), *max_bytes, *age_limit_seconds)
            }
            Self::None {} => (Origin::Nowhere, 0, 0),
        };
        let settings = Settings { origin, max_bytes, age_limit: age_limit.into() };
        revocations::Revocations::open(settings, clock, metrics).await
    }
}

impl Config {
    /// Reads the list of revoked attestation keys, if it comes from a file. No server is asked for one: that shows at start.
    ///
    /// # Errors
    ///
    /// Why the gateway would not start with it, as it says so then.
    pub async fn check_list(&self, clock: Clock) -> Result<(), String> {
        let Some(section @ Revocations::File { .. }) = &self.revocations else { return Ok(()) };
        let metrics = Metrics::new().map_err(|error| error.to_string())?;
        section.open(clock, Arc::new(metrics)).await.map(drop)
    }
}

fn address(url: &str) -> Result<ServerUrl, String> {
    let form = || "revocations.url: https://HOST/PATH, or http://HOST:PORT/PATH on this machine".to_owned();
    ServerUrl::parse(url).ok_or_else(form)
}

impl Config {
    pub(super) fn check_revocations(&self, mistakes: &mut Vec<String>) {
        let (age_limit, max_bytes) = match &self.revocations {
            None | Some(Revocations::None {}) => return,
            Some(Revocations::File { path, age_limit_seconds, max_bytes }) => {
                if let Err(error) = File::open(path) {
                    mistakes.push(format!("revocations.path: {}: {error}", path.display()));
                }
                (*age_limit_seconds, *max_bytes)
            }
            Some(Revocations::Url { url, refresh_seconds, timeout_ms, copy, age_limit_seconds, max_bytes }) => {
                mistakes.extend(address(url).err());
                if !(1..=DAY).contains(refresh_seconds) {
                    mistakes.push("revocations.refresh_seconds: from 1 to 86400".to_owned());
                }
                if !(1..=60_000).contains(timeout_ms) {
                    mistakes.push("revocations.timeout_ms: from 1 to 60000".to_owned());
                }
                if copy.as_ref().is_some_and(|copy| copy.file_name().is_none()) {
                    mistakes.push("revocations.copy: a file".to_owned());
                }
                if refresh_seconds >= age_limit_seconds {
                    let order =
                        "revocations.age_limit_seconds: more than refresh_seconds, or the list is too old in between";
                    mistakes.push(order.to_owned());
                }
                (*age_limit_seconds, *max_bytes)
            }
        };
        if !(1..=31 * DAY).contains(&age_limit) {
            mistakes.push("revocations.age_limit_seconds: from 1 to 2678400".to_owned());
        }
        if !(1..=64 << 20).contains(&max_bytes) {
            mistakes.push("revocations.max_bytes: from 1 to 67108864".to_owned());
        }
    }
}
