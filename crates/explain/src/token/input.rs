//! Telling tokens from the other things that people have.

use serde_json::{Map, Value};

use super::{
    header::{self, PAYLOAD, is_payload},
    model::{Token, TokenForm},
    vector::TokenVector,
};
use crate::{
    input::{Input, clean},
    model::Decoding,
};

impl Input {
    /// What JSON is of a token; `None` for everything else.
    pub(crate) fn of_token_json(text: &str) -> Option<Result<Self, String>> {
        let payload = || Self::Token(Token::payload(text));
        let Ok(value) = serde_json::from_str::<Value>(text) else { return is_payload(text).then(|| Ok(payload())) };
        let members = value.as_object()?;
        if TokenVector::is_group(members) {
            return Some(TokenVector::group(members).map(Self::TokenGroup));
        }
        if TokenVector::is_one(members) {
            return Some(TokenVector::of(members).map(|vector| Self::TokenVector(Box::new(vector))));
        }
        if let Some(token) = token_in(members) {
            return Some(Ok(Self::Token(Token::compact(token, vec![Decoding::JsonMember]))));
        }
        PAYLOAD.iter().any(|name| members.contains_key(*name)).then(|| Ok(payload()))
    }
}

/// The token in the body of a request: `integrityToken` is Google's name.
fn token_in(members: &Map<String, Value>) -> Option<&str> {
    let names = ["integrityToken", "integrity_token", "token"];
    names.iter().find_map(|name| members.get(*name)?.as_str())
}

impl Token {
    pub(crate) fn compact(text: &str, decoding: Vec<Decoding>) -> Self {
        Self { text: text.as_bytes().to_vec(), form: TokenForm::Compact, decoding }
    }

    pub(super) fn payload(text: &str) -> Self {
        Self { text: text.as_bytes().to_vec(), form: TokenForm::Payload, decoding: Vec::new() }
    }

    /// A token, also one with a fault; `None` for text that does not begin as one. Its first segment is a JSON object;
    /// so is that of one that was encoded once more.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let (text, has_scheme) = without_scheme(text);
        let (text, cleaned) = clean(text);
        let decoding = has_scheme.then_some(Decoding::Scheme).into_iter().chain(cleaned).collect();
        let first = text.split('.').next().and_then(|segment| header::decoded(segment.as_bytes()))?;
        let is_token = first.trim_ascii_start().starts_with(b"{") || first.starts_with(b"eyJ");
        is_token.then(|| Self::compact(&text, decoding))
    }
}

/// What stands behind `Bearer` or `DPoP`, perhaps with the name of the header before that, and whether there was any of it.
fn without_scheme(text: &str) -> (&str, bool) {
    let whole = text.trim().trim_start_matches(['"', '\'']);
    let mut rest = whole;
    for prefix in ["authorization:", "bearer ", "dpop "] {
        if rest.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)) {
            rest = rest[prefix.len()..].trim_start();
        }
    }
    if rest.len() < whole.len() { (rest, true) } else { (text, false) }
}
