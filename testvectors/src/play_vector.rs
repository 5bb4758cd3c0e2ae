//! One vector of Play Integrity: a token, what the verifier's operator configures, and the verdict.
//!
//! The JSON form is described by `play-schema.json` and by the table in the crate's documentation.

use serde::{Deserialize, Serialize};

use crate::group::SCHEMA_VERSION;
use crate::vector::{Hex, VectorError};

/// What kind of request the token is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Request {
    /// A classic one: the keys of the app open the token.
    Classic,
    /// A standard one: Google's server alone opens the token.
    Standard,
}

/// The two keys of an app, as the Play Console shows them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlayKeys {
    /// The decryption key.
    pub decryption_key_b64: String,
    /// The verification key, which belongs to it.
    pub verification_key_b64: String,
}

/// What a policy says beside package and certificates; what is absent is as a policy has it by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlayPolicy {
    /// The greatest age of a token in milliseconds; five minutes by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_age: Option<u64>,
    /// By how much clocks may differ, in milliseconds; one minute by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_skew: Option<u64>,
    /// The labels of which a device needs one; `MEETS_DEVICE_INTEGRITY` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_devices: Option<Vec<String>>,
    /// The licences to accept; `LICENSED` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_licensing: Option<Vec<String>>,
    /// Whether to accept an app that Google Play does not recognize.
    #[serde(skip_serializing_if = "is_false")]
    pub accept_unrecognized_versions: bool,
    /// Whether to accept test responses.
    #[serde(skip_serializing_if = "is_false")]
    pub accept_test_responses: bool,
    /// The least version code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_version: Option<i64>,
    /// The least API level of Android.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_sdk_version: Option<i64>,
    /// The verdicts of Play Protect to accept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_play_protect: Option<Vec<String>>,
    /// The detected apps to refuse.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refuse_apps_detected: Option<Vec<String>>,
    /// The risks of a false location to refuse.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refuse_location_risks: Option<Vec<String>>,
    /// The levels of recent activity to accept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_device_activity: Option<Vec<String>>,
    /// The levels of the account to accept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_account_activity: Option<Vec<String>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl PlayPolicy {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A vector of Play Integrity.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlayVector {
    /// Group and name: `play-header::zip`. Unique among all vectors.
    pub id: String,
    /// One sentence: what was changed, or what a good token shows.
    pub description: String,
    /// What kind of request the token is of.
    pub request: Request,
    /// `pass`, or the name of the error.
    pub expected: String,
    /// The number of the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The good vector from which this bad one differs in one place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin: Option<String>,
    /// The package that the policy accepts.
    pub package_name: String,
    /// SHA-256 of the certificates that the policy accepts, in hexadecimal digits.
    pub certificates: Vec<Hex>,
    /// The pairs of keys of the verifier.
    pub keys: Vec<PlayKeys>,
    /// Which pair opens a good token, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_index: Option<usize>,
    /// What else the policy says.
    #[serde(default, skip_serializing_if = "PlayPolicy::is_default")]
    pub policy: PlayPolicy,
    /// The octets of the nonce that the server expects, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Hex>,
    /// The request hash that the server expects, in the place of a nonce.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_hash: Option<String>,
    /// The time of verification, in milliseconds since 1970.
    pub now: u64,
    /// The token.
    pub token: String,
    /// The payload as Google's server would answer it, but for the object around it. Absent where a layer of the token is at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

impl PlayVector {
    /// What stands before the `::` of the id.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        self.id.split_once("::").map(|(group, _)| group)
    }
}

/// The vectors of one group: one file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlayGroup {
    /// The version of this form: that of [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// What stands before the `::` of each id, and names the file.
    pub group: String,
    /// What the vectors are about, one sentence.
    pub description: String,
    /// The vectors, by id.
    pub vectors: Vec<PlayVector>,
}

impl PlayGroup {
    /// Reads the JSON form.
    ///
    /// # Errors
    ///
    /// If the text is no JSON of this form and version, or one of the vectors is of another group.
    pub fn parse(json: &str) -> Result<Self, VectorError> {
        let group: Self = serde_json::from_str(json).map_err(|error| VectorError(error.to_string()))?;
        if group.schema_version != SCHEMA_VERSION {
            return Err(VectorError(format!("schema version {}, not {SCHEMA_VERSION}", group.schema_version)));
        }
        match group.vectors.iter().find(|vector| vector.group() != Some(group.group.as_str())) {
            Some(stray) => Err(VectorError(format!("{:?} in the group {}", stray.id, group.group))),
            None => Ok(group),
        }
    }

    /// Writes the JSON form: pretty-printed, fields in a fixed order, a newline at the end.
    ///
    /// # Panics
    ///
    /// Never: there is nothing in it that JSON cannot hold.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("strings and numbers only");
        json.push('\n');
        json
    }
}
