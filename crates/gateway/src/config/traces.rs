//! Where traces go, and of how many requests there are any.

use std::time::Duration;

use rustls::RootCertStore;
use serde::{Deserialize, Serialize};

use super::Config;
use crate::{
    play::{ServerUrl, system_roots},
    traces::{self, Collector},
};

/// The longest name of a service.
const SERVICE: usize = 255;

/// Where traces go, and of how many requests there are any.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Traces {
    /// The collector, which speaks OTLP over HTTP: `https://…`, or `http://…` on this machine. `/v1/traces` is appended.
    pub endpoint: String,
    /// Of how many requests in percent there is a trace, where no proxy says whether there is.
    #[serde(default = "all")]
    pub sample_percent: f64,
    /// How long the collector may take over one batch.
    #[serde(default = "default_timeout")]
    pub timeout_ms: u32,
    /// What the traces call this gateway.
    #[serde(default = "default_service")]
    pub service_name: String,
}

const fn all() -> f64 {
    100.0
}

const fn default_timeout() -> u32 {
    10_000
}

fn default_service() -> String {
    "genuine-gateway".to_owned()
}

impl Traces {
    /// The traces that this describes. It reads the system's certificates of authorities if the collector is reached over TLS.
    ///
    /// # Errors
    ///
    /// What is wrong with the address, or that the machine has no certificates.
    pub fn start(&self) -> Result<traces::Traces, String> {
        let endpoint = self.endpoint()?;
        let roots = if endpoint.is_tls() {
            system_roots().map_err(|mistake| format!("traces: {mistake}"))?
        } else {
            RootCertStore::empty()
        };
        let timeout = Duration::from_millis(self.timeout_ms.into());
        let collector = Collector::new(&endpoint, roots, timeout, &self.service_name)?;
        traces::Traces::start(collector, self.sample_percent / 100.0).map_err(|error| format!("traces: {error}"))
    }

    fn endpoint(&self) -> Result<ServerUrl, String> {
        let endpoint = ServerUrl::parse(&self.endpoint);
        endpoint.ok_or_else(|| "traces.endpoint: https://HOST, or http://HOST:PORT on this machine".to_owned())
    }
}

impl Config {
    pub(super) fn check_traces(&self, mistakes: &mut Vec<String>) {
        let Some(traces) = &self.traces else { return };
        mistakes.extend(traces.endpoint().err());
        let mut expect = |right: bool, mistake: &str| {
            if !right {
                mistakes.push(mistake.to_owned());
            }
        };
        expect((0.0..=100.0).contains(&traces.sample_percent), "traces.sample_percent: from 0 to 100");
        expect((1..=60_000).contains(&traces.timeout_ms), "traces.timeout_ms: from 1 to 60000");
        let is_name =
            |name: &str| (1..=SERVICE).contains(&name.len()) && name.bytes().all(|octet| octet.is_ascii_graphic());
        expect(
            is_name(&traces.service_name),
            "traces.service_name: from 1 to 255 printable characters without a space",
        );
    }
}
