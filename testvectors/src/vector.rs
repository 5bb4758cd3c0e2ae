//! One test vector: an object, what the client and the verifier's operator say about it, and the verdict.
//!
//! The JSON form is described by `schema.json` and by the table in the crate's documentation.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::DateTime;
use serde::{Deserialize, Serialize};

use crate::device::{Environment, hex};

/// What kind of object a vector holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An attestation object.
    Attestation,
    /// An assertion.
    Assertion,
}

impl Kind {
    /// `attestation` or `assertion`: the value of `type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attestation => "attestation",
            Self::Assertion => "assertion",
        }
    }
}

/// A vector, decoded. Fields that not every source has are optional.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector {
    /// Group and name: `der::boolean-not-ff`. Unique among all vectors. Of an object in a file of its own, the name of the file.
    pub id: String,
    /// The row of the threat catalogue that asks for it, with a letter where the row has several inputs.
    pub threat: Option<String>,
    /// What [`object`](Self::object) is.
    pub kind: Kind,
    /// One sentence: what was changed, or what a good object shows.
    pub description: Option<String>,
    /// The good vector from which this bad one differs in one place.
    pub twin: Option<String>,
    /// The object, CBOR.
    pub object: Vec<u8>,
    /// The App ID that the verifier expects.
    pub app_id: String,
    /// The key identifier as the client sent it: 32 bytes unless that is the fault.
    pub key_id: Vec<u8>,
    /// The client data hash, of any length.
    pub client_data_hash: Vec<u8>,
    /// The client data, where the hash is its SHA-256.
    pub client_data: Option<Vec<u8>>,
    /// The only environment that the policy allows; of an assertion, the one that the key was attested in as well.
    /// Absent where it is not known.
    pub environment: Option<Environment>,
    /// The time of verification, Unix seconds. Absent for assertions, which carry no certificate.
    pub valid_at: Option<u64>,
    /// The attested key, an uncompressed P-256 point `04 ‖ x ‖ y`: expected of an attestation, given for an assertion.
    pub public_key: Vec<u8>,
    /// The counter in the object.
    pub counter: Option<u32>,
    /// The counter last accepted, for an assertion.
    pub previous_counter: Option<u32>,
    /// Validation categories that the policy accepts; empty: no launch data required.
    pub require_categories: Vec<u32>,
    /// Bundle versions that the policy accepts; empty: no launch data required.
    pub require_bundle_versions: Vec<String>,
    /// What else the policy requires.
    pub requirements: Requirements,
    /// The stored form of the replay window in which an assertion is accepted, in the place of the order after
    /// [`previous_counter`](Self::previous_counter).
    pub previous_window: Option<Vec<u8>>,
    /// The name of the error, or `None` for an object that must be accepted.
    pub expected: Option<String>,
}

/// What a policy requires of code, device, age and counter; nothing by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Requirements {
    /// Code hashes that the policy accepts, in hexadecimal digits; empty: none required.
    #[serde(default, rename = "require_code_hashes", skip_serializing_if = "Vec::is_empty")]
    pub code_hashes: Vec<Hex>,
    /// Platforms that the policy accepts, as leaves name them; empty: none required.
    #[serde(default, rename = "require_platforms", skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<String>,
    /// The least version of the operating system.
    #[serde(default, rename = "require_os_version", skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// The least build of the operating system for each platform; empty: none required.
    #[serde(default, rename = "require_os_builds", skip_serializing_if = "Vec::is_empty")]
    pub os_builds: Vec<(String, String)>,
    /// The access-control list of keys on Macs, in hexadecimal digits.
    #[serde(default, rename = "require_macos_access_control", skip_serializing_if = "Option::is_none")]
    pub macos_access_control: Option<Hex>,
    /// The greatest age of an attestation, seconds since the leaf's notBefore.
    #[serde(default, rename = "limit_attestation_age", skip_serializing_if = "Option::is_none")]
    pub attestation_age: Option<u64>,
    /// The greatest step of a counter.
    #[serde(default, rename = "limit_counter_step", skip_serializing_if = "Option::is_none")]
    pub counter_step: Option<u32>,
}

/// Bytes that JSON has as hexadecimal digits, as `codesign` prints them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hex(pub Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = VectorError;

    fn try_from(digits: String) -> Result<Self, VectorError> {
        let malformed = || VectorError(format!("{digits}: not octets in lower-case hexadecimal digits"));
        let digit = |octet: &u8| match octet {
            b'0'..=b'9' => Ok(octet - b'0'),
            b'a'..=b'f' => Ok(octet - b'a' + 10),
            _ => Err(malformed()),
        };
        let octet = |pair: &[u8]| match pair {
            [high, low] => Ok(digit(high)? << 4 | digit(low)?),
            _ => Err(malformed()),
        };
        digits.as_bytes().chunks(2).map(octet).collect::<Result<_, _>>().map(Self)
    }
}

impl From<Hex> for String {
    fn from(octets: Hex) -> Self {
        hex(&octets.0)
    }
}

/// A JSON text is not a vector.
#[derive(Debug)]
pub struct VectorError(pub(crate) String);

impl fmt::Display for VectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a test vector: {}", self.0)
    }
}

impl std::error::Error for VectorError {}

impl Vector {
    /// Reads the JSON form of one vector; `id` is the id of one that has none in it. Unknown fields are ignored: vectors taken
    /// from genuine devices carry their provenance.
    ///
    /// # Errors
    ///
    /// If the text is not JSON, lacks a required field, or a field is not of its form.
    pub fn parse(id: &str, json: &str) -> Result<Self, VectorError> {
        let document: Document = serde_json::from_str(json).map_err(|error| VectorError(error.to_string()))?;
        document.into_vector(id)
    }

    /// What stands before the `::` of the id, if it has one.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        self.id.split_once("::").map(|(group, _)| group)
    }

    /// Writes the JSON form: pretty-printed, fields in a fixed order, a newline at the end.
    ///
    /// # Panics
    ///
    /// If [`valid_at`](Self::valid_at) lies beyond the year 9999.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(&Document::from(self)).expect("strings and numbers only");
        json.push('\n');
        json
    }
}

/// The JSON form, field by field.
#[derive(Deserialize, Serialize)]
pub(crate) struct Document {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threat: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    expected: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    twin: Option<String>,
    app_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_at: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    require_categories: Vec<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    require_bundle_versions: Vec<String>,
    #[serde(flatten)]
    requirements: Requirements,
    #[serde(skip_serializing_if = "Option::is_none")]
    counter: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_counter: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_window_b64: Option<String>,
    key_id_b64: String,
    public_key_b64: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_data_b64: Option<String>,
    client_data_hash_b64: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    attestation_b64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assertion_b64: Option<String>,
}

impl Document {
    pub(crate) fn into_vector(self, id: &str) -> Result<Vector, VectorError> {
        let (kind, object) = match self.kind.as_str() {
            "attestation" => (Kind::Attestation, self.attestation_b64),
            "assertion" => (Kind::Assertion, self.assertion_b64),
            _ => return Err(VectorError("type is neither attestation nor assertion".to_owned())),
        };
        let object = object.ok_or_else(|| VectorError(format!("{}_b64 is missing", kind.name())))?;
        let environment = match self.environment.as_deref() {
            None => None,
            Some("production") => Some(Environment::Production),
            Some("development") => Some(Environment::Development),
            Some(_) => return Err(VectorError("environment is neither production nor development".to_owned())),
        };
        Ok(Vector {
            id: self.id.unwrap_or_else(|| id.to_owned()),
            threat: self.threat,
            kind,
            description: self.description,
            twin: self.twin,
            object: base64("object", &object)?,
            app_id: self.app_id,
            key_id: base64("key_id_b64", &self.key_id_b64)?,
            client_data_hash: base64("client_data_hash_b64", &self.client_data_hash_b64)?,
            client_data: self.client_data_b64.map(|text| base64("client_data_b64", &text)).transpose()?,
            environment,
            valid_at: self.valid_at.map(|text| unix_time(&text)).transpose()?,
            public_key: base64("public_key_b64", &self.public_key_b64)?,
            counter: self.counter,
            previous_counter: self.previous_counter,
            require_categories: self.require_categories,
            require_bundle_versions: self.require_bundle_versions,
            requirements: self.requirements,
            previous_window: self.previous_window_b64.map(|text| base64("previous_window_b64", &text)).transpose()?,
            expected: (self.expected != "pass").then_some(self.expected),
        })
    }
}

impl From<&Vector> for Document {
    fn from(vector: &Vector) -> Self {
        let object = STANDARD.encode(&vector.object);
        let (attestation_b64, assertion_b64) = match vector.kind {
            Kind::Attestation => (Some(object), None),
            Kind::Assertion => (None, Some(object)),
        };
        Self {
            id: Some(vector.id.clone()),
            threat: vector.threat.clone(),
            kind: vector.kind.name().to_owned(),
            description: vector.description.clone(),
            expected: vector.expected.clone().unwrap_or_else(|| "pass".to_owned()),
            twin: vector.twin.clone(),
            app_id: vector.app_id.clone(),
            environment: vector.environment.map(|environment| environment.name().to_owned()),
            valid_at: vector.valid_at.map(rfc3339),
            require_categories: vector.require_categories.clone(),
            require_bundle_versions: vector.require_bundle_versions.clone(),
            requirements: vector.requirements.clone(),
            counter: vector.counter,
            previous_counter: vector.previous_counter,
            previous_window_b64: vector.previous_window.as_deref().map(|window| STANDARD.encode(window)),
            key_id_b64: STANDARD.encode(&vector.key_id),
            public_key_b64: STANDARD.encode(&vector.public_key),
            client_data_b64: vector.client_data.as_ref().map(|data| STANDARD.encode(data)),
            client_data_hash_b64: STANDARD.encode(&vector.client_data_hash),
            attestation_b64,
            assertion_b64,
        }
    }
}

fn base64(field: &str, text: &str) -> Result<Vec<u8>, VectorError> {
    STANDARD.decode(text).map_err(|error| VectorError(format!("{field}: {error}")))
}

fn rfc3339(unix: u64) -> String {
    DateTime::from_unix_duration(Duration::from_secs(unix)).expect("a year of four digits").to_string()
}

/// RFC 3339 in UTC; a fraction of a second is dropped, because certificates have none.
fn unix_time(text: &str) -> Result<u64, VectorError> {
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if fraction.ends_with('Z') => format!("{whole}Z"),
        _ => text.to_owned(),
    };
    let time: DateTime = whole.parse().map_err(|_| VectorError(format!("{text}: not RFC 3339 in UTC")))?;
    Ok(time.unix_duration().as_secs())
}
