//! One file: the object, what the caller knows about it, and the verdict to expect.
//!
//! Nothing here judges. What the engine has an error for, such as a key identifier of another length, is handed to the
//! engine as it is; only a file that says nothing to be verified is refused.

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use genuine::{
    Error, UnixTime,
    app_attest::{Counter, Environment, ValidationCategory},
    crypto::{Crypto as _, RustCrypto},
};
use serde_json::{Map, Value};

/// What to verify and against what.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) object: Vec<u8>,
    pub(crate) app_id: String,
    /// As the client sent it: base64, not decoded.
    pub(crate) key_id: Option<String>,
    /// The attested key as the caller knows it: 65 octets, if it is one.
    pub(crate) public_key: Option<Vec<u8>>,
    pub(crate) client_data: Option<Vec<u8>>,
    pub(crate) client_data_hash: Vec<u8>,
    /// The only environment to allow.
    pub(crate) environment: Option<Environment>,
    pub(crate) categories: Vec<ValidationCategory>,
    pub(crate) bundle_versions: Vec<String>,
    pub(crate) expected: Expected,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Attestation { now: UnixTime },
    Assertion { last: Option<Counter> },
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Attestation { .. } => "attestation",
            Self::Assertion { .. } => "assertion",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Pass,
    AnyError,
    Exactly(Error),
}

impl Expected {
    pub(crate) fn is_met_by(self, failure: Option<Error>) -> bool {
        match self {
            Self::Pass => failure.is_none(),
            Self::AnyError => failure.is_some(),
            Self::Exactly(error) => failure == Some(error),
        }
    }

    /// `pass`, `fail`, the name of an error or its number, the number also as a JSON number.
    fn read(value: &Value) -> Option<Self> {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match text.as_str() {
            "pass" => Some(Self::Pass),
            "fail" => Some(Self::AnyError),
            text => {
                let named = |error: &&Error| error.name() == text || error.code().to_string() == text;
                Error::ALL.iter().find(named).copied().map(Self::Exactly)
            }
        }
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pass => f.write_str("pass"),
            Self::AnyError => f.write_str("any failure"),
            Self::Exactly(error) => error.fmt(f),
        }
    }
}

impl Case {
    /// Reads a vector; `at` takes the place of its time. The error is the reason why it is none.
    pub(crate) fn parse(name: &str, json: &str, at: Option<UnixTime>) -> Result<Self, String> {
        let value: Value = serde_json::from_str(json).map_err(|error| format!("not JSON: {error}"))?;
        let fields = Fields(value.as_object().ok_or("not a JSON object")?);
        let kind = match fields.required("type")? {
            "attestation" => Kind::Attestation { now: fields.now(at)? },
            "assertion" => Kind::Assertion { last: fields.last_counter()? },
            other => return Err(format!("type is {other:?}, neither \"attestation\" nor \"assertion\"")),
        };
        let client_data = fields.bytes("client_data_b64")?;
        let case = Self {
            name: name.to_owned(),
            description: fields.text("description")?.map(str::to_owned),
            kind,
            object: fields.required_bytes(&format!("{}_b64", kind.name()))?,
            app_id: fields.required("app_id")?.to_owned(),
            key_id: fields.text("key_id_b64")?.map(str::to_owned),
            // What is not base64 is no key either, and for that the engine has an error.
            public_key: fields.text("public_key_b64")?.map(|text| decode(text).unwrap_or_default()),
            client_data_hash: fields.client_data_hash(client_data.as_deref())?,
            client_data,
            environment: fields.environment()?,
            categories: fields.list("require_categories", category)?,
            bundle_versions: fields.list("require_bundle_versions", |value| value.as_str().map(str::to_owned))?,
            expected: fields.expected()?,
        };
        match kind {
            Kind::Attestation { .. } if case.key_id.is_none() => Err(missing("key_id_b64")),
            Kind::Assertion { .. } if case.public_key.is_none() => Err(missing("public_key_b64")),
            _ => Ok(case),
        }
    }
}

/// The fields of a vector, read with a reason where one is not of its form.
struct Fields<'v>(&'v Map<String, Value>);

impl<'v> Fields<'v> {
    /// `null` is the same as absent.
    fn value(&self, name: &str) -> Option<&'v Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Result<Option<&'v str>, String> {
        self.value(name).map(|value| value.as_str().ok_or_else(|| format!("`{name}` is not text"))).transpose()
    }

    fn required(&self, name: &str) -> Result<&'v str, String> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let decoded = |text| decode(text).ok_or_else(|| format!("`{name}` is not base64"));
        self.text(name)?.map(decoded).transpose()
    }

    fn required_bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        self.bytes(name)?.ok_or_else(|| missing(name))
    }

    fn list<T>(&self, name: &str, item: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>, String> {
        let Some(value) = self.value(name) else { return Ok(Vec::new()) };
        let items = value.as_array().and_then(|items| items.iter().map(item).collect());
        items.ok_or_else(|| format!("`{name}` is not a list of its kind"))
    }

    fn now(&self, at: Option<UnixTime>) -> Result<UnixTime, String> {
        if let Some(at) = at {
            return Ok(at);
        }
        let text = self.text("valid_at")?.ok_or("`valid_at` is missing; give the time with --at")?;
        unix_time(text).ok_or_else(|| format!("`valid_at` is {text:?}, not RFC 3339 since 1970"))
    }

    fn last_counter(&self) -> Result<Option<Counter>, String> {
        let counter = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok()).map(Counter);
        let valid = |value| counter(value).ok_or("`previous_counter` is not a number of 32 bits");
        Ok(self.value("previous_counter").map(valid).transpose()?)
    }

    /// Apple asks for SHA-256 of the client data, which stands in where the hash itself is not given.
    fn client_data_hash(&self, client_data: Option<&[u8]>) -> Result<Vec<u8>, String> {
        match (self.bytes("client_data_hash_b64")?, client_data) {
            (Some(hash), _) => Ok(hash),
            (None, Some(data)) => {
                let hash = RustCrypto.sha256(&[data]).map_err(|_| "the backend cannot hash")?;
                Ok(hash.to_vec())
            }
            (None, None) => Err(missing("client_data_hash_b64")),
        }
    }

    fn environment(&self) -> Result<Option<Environment>, String> {
        match self.text("environment")? {
            None => Ok(None),
            Some("production") => Ok(Some(Environment::Production)),
            Some("development") => Ok(Some(Environment::Development)),
            Some(other) => Err(format!("environment is {other:?}, neither \"production\" nor \"development\"")),
        }
    }

    fn expected(&self) -> Result<Expected, String> {
        let value = self.value("expected").ok_or_else(|| missing("expected"))?;
        Expected::read(value).ok_or_else(|| format!("expected is {value}: not `pass`, `fail` or a code of an error"))
    }
}

fn missing(name: &str) -> String {
    format!("`{name}` is missing")
}

fn category(value: &Value) -> Option<ValidationCategory> {
    value.as_u64().and_then(|number| u32::try_from(number).ok()).map(ValidationCategory)
}

/// Base64 of either alphabet, padded or not.
fn decode(text: &str) -> Option<Vec<u8>> {
    let alphabet = if text.contains(['-', '_']) { URL_SAFE } else { STANDARD };
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet, config).decode(text).ok()
}

/// Reads RFC 3339. A fraction of a second is dropped, because certificates have none.
pub(crate) fn unix_time(text: &str) -> Option<UnixTime> {
    // The last day of the year 9999, where certificates without end do end, is beyond jiff's range.
    if let Ok(date) = text.parse::<der::DateTime>() {
        return Some(UnixTime(date.unix_duration().as_secs()));
    }
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    // `as_second` truncates, which would take the last second of 1969 for the first of 1970.
    (timestamp >= jiff::Timestamp::UNIX_EPOCH).then(|| UnixTime(timestamp.as_second().cast_unsigned()))
}
