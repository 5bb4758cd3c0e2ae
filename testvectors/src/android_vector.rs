//! One vector of Android key attestation: a chain, what the verifier's operator configures, and the verdict.
//!
//! The JSON form is described by `android-schema.json` and by the table in the crate's documentation.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::group::SCHEMA_VERSION;
use crate::vector::{Hex, VectorError};

/// The most bytes of an id. No firmware carries these vectors, so that it may be longer than those of App Attest.
pub const MAX_ANDROID_ID: usize = 64;

/// Octets that are written in base64.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Base64(pub Vec<u8>);

impl TryFrom<String> for Base64 {
    type Error = base64::DecodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        STANDARD.decode(text).map(Self)
    }
}

impl From<Base64> for String {
    fn from(octets: Base64) -> Self {
        STANDARD.encode(octets.0)
    }
}

/// A trust anchor of the vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum AndroidRoot {
    /// The root on P-384, `vectors/android-p384-root.pem`.
    #[serde(rename = "p384")]
    P384,
    /// The RSA root, `vectors/android-rsa-root.pem`.
    #[serde(rename = "rsa")]
    Rsa,
}

/// What a policy says beside package and signing digests; what is absent is as a policy has it by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own, and none excludes another")]
pub struct AndroidPolicy {
    /// Whether only remotely provisioned phones are accepted.
    #[serde(skip_serializing_if = "is_false")]
    pub require_remote_provisioning: bool,
    /// Whether only keys in a secure element are accepted.
    #[serde(skip_serializing_if = "is_false")]
    pub require_strong_box: bool,
    /// The keys of other systems that are accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_boot_keys: Option<Vec<Hex>>,
    /// Other sets of certificates that the app may be signed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_other_signers: Option<Vec<Vec<Hex>>>,
    /// Whether the app may share its user identifier with others.
    #[serde(skip_serializing_if = "is_false")]
    pub accept_shared_user_id: bool,
    /// Whether a key with the purpose `ATTEST_KEY` may sign the leaf.
    #[serde(skip_serializing_if = "is_false")]
    pub accept_attest_keys: bool,
    /// Whether keys of any algorithm are accepted, and not those on P-256 alone.
    #[serde(skip_serializing_if = "is_false")]
    pub accept_any_key: bool,
    /// The purposes that a key must have, all of them and no others: `SIGN`, `VERIFY`; either `SIGN` or both by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_purposes: Option<Vec<String>>,
    /// The least version of the system: 160000 for 16.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_os_version: Option<u32>,
    /// The least patch level of the system, YYYYMM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_os_patch_level: Option<u32>,
    /// The least patch level of the vendor's part, YYYYMMDD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_vendor_patch_level: Option<u32>,
    /// The least patch level of the boot image, YYYYMMDD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_boot_patch_level: Option<u32>,
    /// Whether entries with unknown tags are refused.
    #[serde(skip_serializing_if = "is_false")]
    pub refuse_unknown_tags: bool,
    /// Whether certificates whose status is SUSPENDED are accepted.
    #[serde(skip_serializing_if = "is_false")]
    pub accept_suspended: bool,
    /// Whether the validity of certificates is not asked.
    #[serde(skip_serializing_if = "is_false")]
    pub danger_ignore_validity_period: bool,
    /// Whether unlocked phones are accepted.
    #[serde(skip_serializing_if = "is_false")]
    pub danger_accept_unlocked: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl AndroidPolicy {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How a phone came by its attestation key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provisioning {
    /// In the factory.
    Factory,
    /// Over the network.
    Remote,
}

/// What a good chain proves.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AndroidProof {
    /// How the phone came by its attestation key.
    pub provisioning: Provisioning,
    /// `TEE` or `StrongBox`.
    pub level: String,
    /// attestationVersion.
    pub attestation_version: u32,
    /// keyMintVersion.
    pub key_mint_version: u32,
    /// The attested key, a `SubjectPublicKeyInfo`.
    pub public_key_b64: Base64,
    /// The serial numbers of all certificates below the root, leaf first: lower-case hexadecimal digits without leading zeros.
    pub serials: Vec<String>,
    /// How many certificates the phone was issued of late, where Google says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates_issued: Option<u64>,
    /// How many entries of both lists have unknown tags.
    pub unknown_tags: usize,
}

/// A request that the key of a good chain signs: the object of an App Attest assertion.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AndroidRequest {
    /// The client data hash that the verifier passes.
    pub client_data_hash: Hex,
    /// The counter last accepted: 0 at registration.
    pub previous_counter: u32,
    /// The object, CBOR.
    pub assertion_b64: Base64,
}

/// A vector of Android key attestation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AndroidVector {
    /// Group and name: `android-boot::unlocked`. Unique among all vectors.
    pub id: String,
    /// One sentence: what was changed, or what a good chain shows.
    pub description: String,
    /// `pass`, or the name of the error.
    pub expected: String,
    /// The number of the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The good vector from which this bad one differs in one place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin: Option<String>,
    /// The trust anchors, if they are not both roots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchors: Option<Vec<AndroidRoot>>,
    /// The package that the policy accepts.
    pub package_name: String,
    /// SHA-256 of the certificates that the app is signed with, in hexadecimal digits.
    pub signing_digests: Vec<Hex>,
    /// What else the policy says.
    #[serde(default, skip_serializing_if = "AndroidPolicy::is_default")]
    pub policy: AndroidPolicy,
    /// The serial numbers that are revoked, sorted: lower-case hexadecimal digits without leading zeros.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revoked: Vec<String>,
    /// The serial numbers that are suspended, the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspended: Vec<String>,
    /// The challenge that the server expects, in hexadecimal digits.
    pub challenge: Hex,
    /// The time of verification, Unix seconds.
    pub now: u64,
    /// The certificates, DER, leaf first.
    pub certificates_b64: Vec<Base64>,
    /// A request by the key, verified after the chain; the verdict is the request's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<AndroidRequest>,
    /// What a good chain proves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<AndroidProof>,
}

impl AndroidVector {
    /// What stands before the `::` of the id.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        self.id.split_once("::").map(|(group, _)| group)
    }

    /// The trust anchors.
    #[must_use]
    pub fn anchors(&self) -> &[AndroidRoot] {
        self.anchors.as_deref().unwrap_or(&[AndroidRoot::P384, AndroidRoot::Rsa])
    }

    /// The certificates, DER, leaf first.
    #[must_use]
    pub fn certificates(&self) -> Vec<&[u8]> {
        self.certificates_b64.iter().map(|certificate| certificate.0.as_slice()).collect()
    }
}

/// The vectors of one group: one file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AndroidGroup {
    /// The version of this form: that of [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// What stands before the `::` of each id, and names the file.
    pub group: String,
    /// What the vectors are about, one sentence.
    pub description: String,
    /// The vectors, by id.
    pub vectors: Vec<AndroidVector>,
}

impl AndroidGroup {
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
