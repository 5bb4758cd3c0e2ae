//! What can be read of a token without a key, the header above all. It is shown as it is: no verdict rests on it.

use serde::Serialize;
use serde_json::Value;

use crate::text::{from_base64, shortened};

/// As much of a header as is shown, in characters. A genuine one has 33.
const SHOWN: usize = 400;

/// What a header says. **Unverified**: anybody can write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HeaderFacts {
    /// The header itself, cut where it is very long.
    pub text: String,
    /// `alg`.
    pub algorithm: Option<String>,
    /// `enc`.
    pub encryption: Option<String>,
    /// `typ`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// `kid`.
    pub key_id: Option<String>,
    /// Whether certificates come with it (`x5c`), which whoever made the token chose.
    pub has_certificates: bool,
}

impl HeaderFacts {
    /// Reads a segment; `None` for what is not base64 of a JSON object.
    pub(crate) fn of(segment: &[u8]) -> Option<Self> {
        let octets = decoded(segment)?;
        let json = String::from_utf8_lossy(&octets);
        json.trim_start().starts_with('{').then_some(())?;
        let value: Value = serde_json::from_str(&json).unwrap_or_default();
        let member = |name: &str| value.get(name)?.as_str().map(|text| shortened(text, SHOWN));
        Some(Self {
            text: shortened(&json, SHOWN),
            algorithm: member("alg"),
            encryption: member("enc"),
            kind: member("typ"),
            key_id: member("kid"),
            has_certificates: value.get("x5c").is_some(),
        })
    }
}

/// The octets of a segment, of whatever alphabet and padding.
pub(crate) fn decoded(segment: &[u8]) -> Option<Vec<u8>> {
    from_base64(std::str::from_utf8(segment).ok()?)
}

/// The members by which a payload is known, and the one that Google's answer wraps it in.
pub(super) const PAYLOAD: [&str; 5] =
    ["requestDetails", "appIntegrity", "deviceIntegrity", "accountDetails", "tokenPayloadExternal"];

/// Whether a text names a member of a payload. It need not be JSON: what is wrong with it, the engine tells.
pub(super) fn is_payload(text: &str) -> bool {
    PAYLOAD.iter().any(|name| text.contains(name))
}
