//! The header that carries an assertion, in two forms:
//!
//! ```text
//! Authorization: Attest key_id="…", assertion="…", challenge="…"
//! X-App-Attest: key_id=…; assertion=…; challenge=…
//! ```
//!
//! The challenge is optional. Whatever is there twice, unknown or differs between the two is refused as a whole: two
//! readers of one header must not see two things.

use axum::http::{HeaderMap, HeaderName, header};
use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use genuine::app_attest::KeyId;

use crate::{gate::PresentedAssertion, refusal::Refusal};

const X_APP_ATTEST: HeaderName = HeaderName::from_static("x-app-attest");
const SCHEME: &str = "attest";

/// Padding may be missing, as in much of what apps send.
const INDIFFERENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// Standard base64 or URL-safe.
pub(super) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let standard = GeneralPurpose::new(&STANDARD, INDIFFERENT).decode(text);
    standard.or_else(|_| GeneralPurpose::new(&URL_SAFE, INDIFFERENT).decode(text)).ok()
}

/// Reads the assertion that came with a request.
///
/// # Errors
///
/// [`Refusal::AssertionMissing`] if there is none, [`Refusal::RequestMalformed`] if what is there can be read in more
/// than one way or in none.
pub fn parse(headers: &HeaderMap) -> Result<PresentedAssertion, Refusal> {
    let authorization = single(headers, &header::AUTHORIZATION)?.and_then(|value| credentials(value, SCHEME));
    let authorization = authorization.map(|list| parse_list(list, ',')).transpose()?;
    let own = single(headers, &X_APP_ATTEST)?.map(|list| parse_list(list, ';')).transpose()?;
    match (authorization, own) {
        (None, None) => Err(Refusal::AssertionMissing),
        (Some(one), None) | (None, Some(one)) => Ok(one),
        (Some(one), Some(other)) if one == other => Ok(one),
        (Some(_), Some(_)) => Err(Refusal::RequestMalformed),
    }
}

/// The header's value, if it is there once.
pub(super) fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Refusal::RequestMalformed);
    }
    first.map(|value| value.to_str().map_err(|_| Refusal::RequestMalformed)).transpose()
}

/// What follows the scheme, which has no case (RFC 9110 §11.1). Another scheme is somebody else's.
pub(super) fn credentials<'v>(value: &'v str, scheme: &str) -> Option<&'v str> {
    let (named, rest) = value.split_once([' ', '\t']).unwrap_or((value, ""));
    named.eq_ignore_ascii_case(scheme).then_some(rest)
}

fn parse_list(list: &str, separator: char) -> Result<PresentedAssertion, Refusal> {
    let (mut key_id, mut assertion, mut challenge) = (None, None, None);
    // Neither separator is in base64, so that a quoted value cannot hold one.
    for parameter in list.split(separator) {
        let (name, value) = parameter.split_once('=').ok_or(Refusal::RequestMalformed)?;
        let place = match name.trim().to_ascii_lowercase().as_str() {
            "key_id" => &mut key_id,
            "assertion" => &mut assertion,
            "challenge" => &mut challenge,
            _ => return Err(Refusal::RequestMalformed),
        };
        if place.replace(unquote(value.trim())?).is_some() {
            return Err(Refusal::RequestMalformed);
        }
    }
    let (Some(key_id), Some(assertion)) = (key_id, assertion) else { return Err(Refusal::RequestMalformed) };
    Ok(PresentedAssertion {
        key_id: KeyId::from_base64(key_id)?,
        assertion: decode_base64(assertion).ok_or(Refusal::RequestMalformed)?,
        challenge: challenge.map(str::to_owned),
    })
}

/// A token or a quoted string; base64 needs no escapes.
fn unquote(value: &str) -> Result<&str, Refusal> {
    let inner = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').ok_or(Refusal::RequestMalformed)?,
        None => value,
    };
    if inner.is_empty() || inner.contains(['"', '\\']) { Err(Refusal::RequestMalformed) } else { Ok(inner) }
}
