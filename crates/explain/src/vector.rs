//! A JSON vector: the object, what the caller knows about it, and the verdict to expect.
//!
//! The form is that of `testvectors/README.md`, of one vector or of a group of them; all fields but the object may be absent. Nothing here judges: what the
//! engine has an error for, such as a key identifier of another length, is handed to the engine as it is.

use genuine::{
    UnixTime,
    app_attest::{Counter, Environment, OsVersion, ValidationCategory},
};
use serde_json::{Map, Value};

use crate::{
    caller::{CallerSide, ClientData, LastCounter, StoredKey},
    expected::Expected,
    input::{Input, Object, decode_base64_text},
    model::{Decoding, Kind},
    policy::{LeastBuild, Requirements, only},
    text::{from_hex, shortened, unix_time},
};

/// An object with the caller's side.
#[derive(Clone, Debug)]
pub struct Vector {
    /// The id, which those of a group have.
    pub id: Option<String>,
    /// One sentence about it.
    pub description: Option<String>,
    /// What it is to be verified as.
    pub kind: Kind,
    /// The object.
    pub object: Object,
    /// What it is held against.
    pub side: CallerSide,
    /// The verdict to expect; acceptance if the vector does not say.
    pub expected: Expected,
}

const NO_VECTOR: &str = "JSON, but not a vector (testvectors/README.md describes them; of other JSON, give the text of \
                         the object alone): ";

impl Vector {
    /// Reads a vector.
    ///
    /// # Errors
    ///
    /// Why the text is none.
    pub fn parse(json: &str) -> Result<Self, String> {
        Self::of(&parse(json)?)
    }

    fn of(value: &Value) -> Result<Self, String> {
        let fields = Fields(value.as_object().ok_or_else(|| NO_VECTOR.to_owned() + "not a JSON object")?);
        let kind = fields.kind().map_err(|reason| NO_VECTOR.to_owned() + &reason)?;
        let name = format!("{}_b64", kind.name());
        let text = fields.text(&name)?.ok_or_else(|| format!("`{name}` is missing"))?;
        let mut object = decode_base64_text(text).ok_or_else(|| format!("`{name}` is not base64"))?;
        object.decoding.insert(0, Decoding::Vector);
        let (environment, last_counter) = match kind {
            Kind::Attestation => (Some(fields.environment()?.unwrap_or(Environment::Production)), None),
            Kind::Assertion => (fields.environment()?, Some(fields.last_counter()?)),
        };
        Ok(Self {
            id: fields.text("id")?.map(str::to_owned),
            description: fields.text("description")?.map(str::to_owned),
            kind,
            object,
            side: CallerSide {
                app_id: fields.text("app_id")?.map(str::to_owned),
                key_id: fields.text("key_id_b64")?.map(str::to_owned),
                client_data: fields.client_data()?,
                // What is not base64 is no key either, and for that the engine has an error.
                public_key: fields
                    .text("public_key_b64")?
                    .map(|text| StoredKey(decode_base64_text(text).map(|object| object.bytes).unwrap_or_default())),
                last_counter,
                requirements: fields.requirements(environment)?,
                at: fields.valid_at()?,
            },
            expected: fields.expected()?,
        })
    }
}

/// Reads a vector or a group of vectors.
pub(crate) fn read(json: &str) -> Result<Input, String> {
    let value = parse(json)?;
    let Some(vectors) = value.get("vectors").and_then(Value::as_array) else {
        return Vector::of(&value).map(Box::new).map(Input::Vector);
    };
    let member = |(place, vector): (usize, &Value)| {
        let id = vector.get("id").and_then(Value::as_str).ok_or_else(|| format!("vector {place} has no `id`"))?;
        Vector::of(vector).map_err(|reason| format!("{}: {reason}", shortened(id, 60)))
    };
    vectors.iter().enumerate().map(member).collect::<Result<_, _>>().map(Input::Group)
}

fn parse(json: &str) -> Result<Value, String> {
    serde_json::from_str(json).map_err(|error| format!("not JSON: {error}"))
}

/// The fields of a vector that ask something of the policy.
const REQUIREMENTS: [&str; 9] = [
    "require_categories",
    "require_bundle_versions",
    "require_code_hashes",
    "require_platforms",
    "require_os_version",
    "require_os_builds",
    "require_macos_access_control",
    "limit_attestation_age",
    "limit_counter_step",
];

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

    fn kind(&self) -> Result<Kind, String> {
        match self.text("type")? {
            Some("attestation") => Ok(Kind::Attestation),
            Some("assertion") => Ok(Kind::Assertion),
            Some(other) => Err(format!("type is {other:?}, neither \"attestation\" nor \"assertion\"")),
            None => Err("`type` is missing".to_owned()),
        }
    }

    fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let decoded = |text| decode_base64_text(text).ok_or_else(|| format!("`{name}` is not base64"));
        Ok(self.text(name)?.map(decoded).transpose()?.map(|object| object.bytes))
    }

    fn list<T>(&self, name: &str, item: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>, String> {
        let Some(value) = self.value(name) else { return Ok(Vec::new()) };
        let items = value.as_array().and_then(|items| items.iter().map(item).collect());
        items.ok_or_else(|| format!("`{name}` is not a list of its kind"))
    }

    fn one<T>(&self, name: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, String> {
        let read = |value| read(value).ok_or_else(|| format!("`{name}` is not of its kind"));
        self.value(name).map(read).transpose()
    }

    fn valid_at(&self) -> Result<Option<UnixTime>, String> {
        let time = |text| unix_time(text).ok_or_else(|| format!("`valid_at` is {text:?}, not RFC 3339 since 1970"));
        self.text("valid_at")?.map(time).transpose()
    }

    /// A requirement whose name is misspelt would not be asked, and what it is to refuse would pass.
    fn requirements(&self, environment: Option<Environment>) -> Result<Requirements, String> {
        let is_unknown = |name: &&String| {
            (name.starts_with("require_") || name.starts_with("limit_")) && !REQUIREMENTS.contains(&name.as_str())
        };
        if let Some(unknown) = self.0.keys().find(is_unknown) {
            return Err(format!(
                "`{}` is no requirement; there are {}",
                shortened(unknown, 40),
                REQUIREMENTS.join(", ")
            ));
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let octets = |value: &Value| from_hex(value.as_str()?);
        Ok(Requirements {
            environment: environment.map(only),
            categories: self.list("require_categories", category)?,
            bundle_versions: self.list("require_bundle_versions", text)?,
            code_hashes: self.list("require_code_hashes", octets)?,
            platforms: self.list("require_platforms", text)?,
            os_version: self.one("require_os_version", |value| OsVersion::parse(value.as_str()?))?,
            os_builds: self.list("require_os_builds", |value| {
                let [platform, build] = value.as_array()?.as_slice() else { return None };
                LeastBuild::parse(platform.as_str()?, build.as_str()?)
            })?,
            macos_access_control: self.one("require_macos_access_control", octets)?,
            attestation_age: self.one("limit_attestation_age", Value::as_u64)?,
            counter_step: self.one("limit_counter_step", number)?,
        })
    }

    /// No counter stored is an unknown key, never a counter of zero.
    fn last_counter(&self) -> Result<LastCounter, String> {
        if let Some(window) = self.bytes("previous_window_b64")? {
            return Ok(LastCounter::Window(window));
        }
        let Some(value) = self.value("previous_counter") else { return Ok(LastCounter::UnknownKey) };
        Ok(LastCounter::Is(Counter(number(value).ok_or("`previous_counter` is not a number of 32 bits")?)))
    }

    /// Apple asks for SHA-256 of the client data, which stands in where the hash itself is not given.
    fn client_data(&self) -> Result<Option<ClientData>, String> {
        Ok(match (self.bytes("client_data_hash_b64")?, self.bytes("client_data_b64")?) {
            (Some(hash), data) => Some(ClientData { data, hash }),
            (None, Some(data)) => Some(ClientData::of_data(data)),
            (None, None) => None,
        })
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
        let Some(value) = self.value("expected") else { return Ok(Expected::Pass) };
        Expected::read(value).ok_or_else(|| format!("expected is {value}: not `pass`, `fail` or a code of an error"))
    }
}

fn category(value: &Value) -> Option<ValidationCategory> {
    number(value).map(ValidationCategory)
}

fn number(value: &Value) -> Option<u32> {
    u32::try_from(value.as_u64()?).ok()
}
