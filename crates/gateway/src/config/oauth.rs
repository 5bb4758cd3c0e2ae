//! An app as a client of OAuth servers.

use serde::{Deserialize, Serialize};

/// The longest time that an attestation may be good for, in seconds: a day.
const LONGEST: u32 = 86_400;
/// The longest identifier of a client.
const IDENTIFIER: usize = 255;

/// The app as a client of OAuth servers (draft-ietf-oauth-attestation-based-client-auth).
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OauthClient {
    /// Its `client_id` there.
    pub client_id: String,
    /// For how long an attestation is good, in seconds.
    #[serde(default = "an_hour")]
    pub lifetime_seconds: u32,
}

const fn an_hour() -> u32 {
    3600
}

impl OauthClient {
    /// Tells each mistake. `keys` says whether there are keys that servers elsewhere verify with.
    pub(super) fn check(&self, keys: bool, mut tell: impl FnMut(&str)) {
        if !(1..=IDENTIFIER).contains(&self.client_id.len())
            || !self.client_id.bytes().all(|octet| octet.is_ascii_graphic())
        {
            tell("oauth_client.client_id: from 1 to 255 printable characters without a space");
        }
        if !(1..=LONGEST).contains(&self.lifetime_seconds) {
            tell("oauth_client.lifetime_seconds: from 1 to 86400");
        }
        if !keys {
            tell("oauth_client: takes [tokens] with ES256, whose published keys OAuth servers verify with");
        }
    }
}
