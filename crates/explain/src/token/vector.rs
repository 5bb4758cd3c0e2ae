//! A JSON vector of a token: the token, what the caller knows about it, and the outcome to expect.
//!
//! A *case*, with the members `token`, `expect` and `context`, is read here, and a vector of `testvectors/play-schema.json` by
//! [`play::vector`]. **Vectors of another form are told apart in [`TokenVector::is_one`] and read in [`TokenVector::of`]**, files of
//! several in [`TokenVector::is_group`] and [`TokenVector::group`]; what an outcome is called in them belongs to [`Expected`].

use genuine::UnixMillis;
use serde_json::{Map, Value};

use super::{
    model::{Token, TokenKind, TokenSide},
    play::{self, PlayBinding, PlayKeys, PlayRequirements, PlaySide, Secret, certificate_digest, device_label},
    session,
};
use crate::{
    expected::Expected,
    model::Decoding,
    text::{from_base64, shortened},
};

/// A token with the caller's side.
#[derive(Clone, Debug)]
pub struct TokenVector {
    /// The name of it.
    pub id: Option<String>,
    /// One sentence about it.
    pub description: Option<String>,
    /// What it is to be verified as.
    pub kind: TokenKind,
    /// The token.
    pub token: Token,
    /// What it is held against.
    pub side: TokenSide,
    /// The outcome to expect.
    pub expected: Expected,
}

impl TokenVector {
    /// Whether a JSON object is of one of the forms.
    pub(super) fn is_one(members: &Map<String, Value>) -> bool {
        let has = |name: &str| members.contains_key(name);
        has("token") && (has("expect") || has("context") || is_of_suite(members))
    }

    pub(super) fn of(members: &Map<String, Value>) -> Result<Self, String> {
        if is_of_suite(members) { play::vector::read(members) } else { of_case(members) }
    }

    /// Whether a JSON object has several tokens.
    pub(super) fn is_group(members: &Map<String, Value>) -> bool {
        let first = members.get("vectors").and_then(Value::as_array).and_then(|vectors| vectors.first());
        first.and_then(Value::as_object).is_some_and(is_of_suite) || session::vector::is_one(members)
    }

    pub(super) fn group(members: &Map<String, Value>) -> Result<Vec<Self>, String> {
        let Some(vectors) = members.get("vectors").and_then(Value::as_array) else {
            return session::vector::read(members);
        };
        let member = |(place, vector): (usize, &Value)| {
            let id = vector.get("id").and_then(Value::as_str).ok_or_else(|| format!("vector {place} has no `id`"))?;
            let members = vector.as_object().ok_or_else(|| format!("vector {place} is not a JSON object"))?;
            Self::of(members).map_err(|reason| format!("{}: {reason}", shortened(id, 60)))
        };
        vectors.iter().enumerate().map(member).collect()
    }
}

/// Of `testvectors/play-schema.json`.
fn is_of_suite(members: &Map<String, Value>) -> bool {
    ["token", "request", "expected"].iter().all(|name| members.contains_key(*name))
}

fn of_case(members: &Map<String, Value>) -> Result<TokenVector, String> {
    let (case, no_context) = (Members(members), Map::new());
    let context = match case.value("context") {
        None => Members(&no_context),
        Some(context) => Members(context.as_object().ok_or("`context` is not a JSON object")?),
    };
    let text = case.text("token")?.ok_or("`token` is missing")?;
    let expected = case.text("expect")?.map(expected).transpose()?;
    Ok(TokenVector {
        id: case.text("name")?.map(str::to_owned),
        description: case.text("note")?.filter(|note| !note.is_empty()).map(str::to_owned),
        kind: TokenKind::PlayToken,
        token: Token::compact(text, vec![Decoding::Vector]),
        side: TokenSide { play: side(&context)?, ..TokenSide::default() },
        expected: expected.unwrap_or(Expected::Pass),
    })
}

fn side(context: &Members<'_>) -> Result<PlaySide, String> {
    let keys = PlayKeys {
        decryption: context.text("decryption_key_b64")?.map(Secret::new),
        verification: context.text("verification_key_b64")?.map(str::to_owned),
    };
    let nonce = context.text("expected_nonce")?;
    let octets = nonce.map(|text| from_base64(text).ok_or("`expected_nonce` is not base64")).transpose()?;
    let certificates = context.texts("cert_sha256_allowed")?.into_iter().map(certificate_digest);
    let require = context.value("require").and_then(Value::as_object);
    let mut devices = Vec::new();
    for (name, value) in require.into_iter().flatten() {
        match (name.as_str(), value.as_str()) {
            // What the engine's policy requires in any case.
            ("app", Some("PLAY_RECOGNIZED")) | ("licensing", Some("LICENSED")) => {}
            ("device", Some(label)) => {
                devices.push(device_label(label).ok_or_else(|| format!("`require.device`: {label:?} is no label"))?);
            }
            _ => return Err(format!("`require.{name}` is {value}, which is nothing that can be required")),
        }
    }
    Ok(PlaySide {
        keys: if keys == PlayKeys::default() { Vec::new() } else { vec![keys] },
        package: context.text("package")?.map(str::to_owned),
        certificates: certificates
            .collect::<Result<_, _>>()
            .map_err(|fault| format!("`cert_sha256_allowed`: {fault}"))?,
        binding: octets.map(PlayBinding::Nonce),
        at: context.number("now_ms")?.map(UnixMillis),
        max_age: context.number("max_age_ms")?,
        max_skew: context.number("future_skew_ms")?,
        devices,
        accept_test_responses: false,
        requirements: PlayRequirements::default(),
    })
}

/// The members of a case, read with a reason where one is not of its form. `null` is the same as absent.
pub(super) struct Members<'v>(pub(super) &'v Map<String, Value>);

impl<'v> Members<'v> {
    pub(super) fn value(&self, name: &str) -> Option<&'v Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'v str>, String> {
        self.value(name).map(|value| value.as_str().ok_or_else(|| format!("`{name}` is not text"))).transpose()
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, String> {
        let number = |value: &Value| value.as_u64().ok_or_else(|| format!("`{name}` is not a number"));
        self.value(name).map(number).transpose()
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, String> {
        let number = |value: &Value| value.as_i64().ok_or_else(|| format!("`{name}` is not a number"));
        self.value(name).map(number).transpose()
    }

    /// Absent is `false`.
    pub(super) fn flag(&self, name: &str) -> Result<bool, String> {
        let flag = |value: &Value| value.as_bool().ok_or_else(|| format!("`{name}` is neither true nor false"));
        self.value(name).map_or(Ok(false), flag)
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<&'v str>, String> {
        let Some(value) = self.value(name) else { return Ok(Vec::new()) };
        let items = value.as_array().and_then(|items| items.iter().map(Value::as_str).collect());
        items.ok_or_else(|| format!("`{name}` is not a list of texts"))
    }
}

/// The sorts of failure that the cases know.
const SORTS: [&str; 16] = [
    "too_large",
    "format",
    "header",
    "jwe",
    "jws",
    "json",
    "package_mismatch",
    "nonce_missing",
    "nonce_mismatch",
    "stale",
    "future",
    "testing_response",
    "app_not_recognized",
    "cert_mismatch",
    "device_integrity",
    "not_licensed",
];

fn expected(text: &str) -> Result<Expected, String> {
    let sort = text.strip_prefix("reject:").and_then(|sort| SORTS.into_iter().find(|known| *known == sort));
    match (text, sort) {
        ("ok", _) => Ok(Expected::Pass),
        ("reject", _) => Ok(Expected::AnyError),
        (_, Some(sort)) => Ok(Expected::OfSort(sort)),
        _ => Err(format!("`expect` is {text:?}: not `ok`, `reject` or `reject:` with one of {}", SORTS.join(", "))),
    }
}
