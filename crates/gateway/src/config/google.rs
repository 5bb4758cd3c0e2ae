//! How Google's server is asked to open tokens of standard requests.

use std::{fs, path::PathBuf, time::Duration};

use rustls::RootCertStore;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Config;
use crate::play::{
    Clock, DEFAULT_DAILY_QUOTA, GoogleDecoder, Quota, ServerUrl, ServiceAccount, Settings, system_roots,
};

/// Where Google's server is unless the configuration says otherwise.
const ENDPOINT: &str = "https://playintegrity.googleapis.com";

/// How Google's server is asked to open tokens of standard requests.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Google {
    /// The file with the key of the service account, JSON, as the Google Cloud console gives it.
    pub service_account: PathBuf,
    /// How many tokens of each app are decoded in a day (UTC).
    #[serde(default = "default_daily_quota")]
    pub daily_quota: u32,
    /// How many tokens of one address (of one /64 in IPv6) are decoded in a minute: each costs one of the day's, good or not.
    #[serde(default = "default_per_address")]
    pub address_per_minute: u32,
    /// How long one token may take in all, in milliseconds.
    #[serde(default = "default_timeout")]
    pub timeout_ms: u32,
    /// Another server than Google's, for tests: `https://…`, or `http://…` on this machine.
    pub endpoint: Option<String>,
}

const fn default_daily_quota() -> u32 {
    DEFAULT_DAILY_QUOTA
}

const fn default_per_address() -> u32 {
    10
}

const fn default_timeout() -> u32 {
    5_000
}

impl Google {
    /// The decoder that this describes. It reads the file of the service account, and the system's certificates of authorities
    /// if one of the servers is reached over TLS.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, and the setting that names it; or that the machine has no certificates.
    pub fn decoder(&self, clock: Clock) -> Result<GoogleDecoder, String> {
        let (account, endpoint) = (self.account()?, self.endpoint()?);
        let roots = if endpoint.is_tls() || account.token_uri().is_tls() {
            system_roots().map_err(|mistake| format!("google: {mistake}"))?
        } else {
            RootCertStore::empty()
        };
        let quota = Quota::new(self.daily_quota, clock.clone()).map_err(|error| format!("google: {error}"))?;
        let timeout = Duration::from_millis(self.timeout_ms.into());
        let settings = Settings { account, endpoint, roots, timeout, quota, clock };
        GoogleDecoder::new(settings).map_err(|error| format!("google: {error}"))
    }

    fn account(&self) -> Result<ServiceAccount, String> {
        let named = |mistake: &dyn std::fmt::Display| {
            format!("google.service_account: {}: {mistake}", self.service_account.display())
        };
        let json = fs::read(&self.service_account).map(Zeroizing::new).map_err(|error| named(&error))?;
        ServiceAccount::parse(&json).map_err(|mistake| named(&mistake))
    }

    fn endpoint(&self) -> Result<ServerUrl, String> {
        let endpoint = ServerUrl::parse(self.endpoint.as_deref().unwrap_or(ENDPOINT));
        endpoint.ok_or_else(|| "google.endpoint: https://HOST, or http://HOST:PORT on this machine".to_owned())
    }
}

impl Config {
    pub(super) fn check_google(&self, mistakes: &mut Vec<String>) {
        let Some(google) = &self.google else { return };
        if google.daily_quota == 0 {
            mistakes.push("google.daily_quota: at least 1".to_owned());
        }
        if !(1..=i32::MAX.unsigned_abs()).contains(&google.timeout_ms) {
            mistakes.push("google.timeout_ms: from 1 to 2147483647".to_owned());
        }
        mistakes.extend(google.endpoint().err());
        mistakes.extend(google.account().err());
    }
}
