//! How the log is written, and what it calls devices.

use serde::{Deserialize, Serialize};

use super::{Config, Secret, tokens::TokenSecret};
use crate::pseudonym::Pseudonyms;

/// How the log is written, and what it calls devices.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// How a line is written.
    pub format: LogFormat,
    /// What makes pseudonyms of devices: 32 to 64 octets in base64. Each process has a secret of its own unless it is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pseudonym_secret: Option<Secret>,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// A JSON object.
    Json,
}

impl Log {
    /// What this gives devices as their names.
    ///
    /// # Errors
    ///
    /// What is wrong with the secret, or that the system has no randomness.
    pub fn pseudonyms(&self) -> Result<Pseudonyms, String> {
        let Some(Secret(secret)) = &self.pseudonym_secret else {
            return Pseudonyms::of_this_process().map_err(|error| format!("log: {error}"));
        };
        let secret = TokenSecret::decode(secret)
            .ok_or("log.pseudonym_secret: 32 to 64 octets in base64, such as openssl rand -base64 32 gives")?;
        Ok(Pseudonyms::keyed(secret.octets()))
    }
}

impl Config {
    pub(super) fn check_log(&self, mistakes: &mut Vec<String>) {
        mistakes.extend(self.log.pseudonyms().err());
    }
}
