//! The payload of a token: the registered claims (RFC 7519 §4.1), and a look at all others.

use core::fmt;

use super::jwt::{self, in_payload};
use crate::{
    encoding::json::{self, Array, JsonError, Reader, Text},
    error::Error,
};

/// The registered claims of a payload, each of its type, none compared yet.
#[derive(Clone, Copy)]
pub(super) struct Claims<'t> {
    payload: &'t [u8],
    pub(super) issuer: Option<Text<'t>>,
    pub(super) subject: Option<Text<'t>>,
    pub(super) audience: Option<Reader<'t>>,
    pub(super) expires: Option<i64>,
    pub(super) not_before: Option<i64>,
    pub(super) issued: Option<i64>,
    pub(super) id: Option<Text<'t>>,
    pub(super) confirmation: Option<Reader<'t>>,
}

impl<'t> Claims<'t> {
    pub(super) fn read(payload: &'t [u8]) -> Result<Self, Error> {
        Self::read_json(payload).map_err(in_payload)
    }

    fn read_json(payload: &'t [u8]) -> Result<Self, JsonError> {
        let mut claims = Self {
            payload,
            issuer: None,
            subject: None,
            audience: None,
            expires: None,
            not_before: None,
            issued: None,
            id: None,
            confirmation: None,
        };
        let mut reader = Reader::new(payload)?;
        // A payload that is no object is none of another type, but none at all.
        let mut members = reader.object().map_err(|_| JsonError::Malformed)?;
        let names = &["exp", "iat", "iss", "sub", "aud", "jti", "nbf", "cnf"];
        while let Some(position) = members.next(&mut reader, names)? {
            match position {
                0 => claims.expires = Some(reader.numeric_date()?),
                1 => claims.issued = Some(reader.numeric_date()?),
                2 => claims.issuer = Some(reader.text()?),
                3 => claims.subject = Some(reader.text()?),
                4 => {
                    claims.audience = Some(reader);
                    audience(&mut reader)?;
                }
                5 => claims.id = Some(reader.text()?),
                6 => claims.not_before = Some(reader.numeric_date()?),
                _ => {
                    claims.confirmation = Some(reader);
                    reader.pass()?;
                }
            }
        }
        reader.finish()?;
        Ok(claims)
    }

    /// The audiences, none if there is no such claim.
    pub(super) fn audiences(&self) -> Audiences<'t> {
        Audiences::of(self.audience)
    }

    /// The value of any claim.
    fn value(&self, name: &str) -> Option<Reader<'t>> {
        json::member(self.payload, name)
    }

    /// A claim that is a string; `None` if it is missing or of another type.
    pub(super) fn text(&self, name: &str) -> Option<Text<'t>> {
        self.value(name)?.text().ok()
    }

    /// A claim that is a string where it is present.
    pub(super) fn typed_text(&self, name: &str) -> Result<Option<Text<'t>>, Error> {
        self.value(name).map(|mut reader| reader.text().map_err(in_payload)).transpose()
    }

    /// A claim that is a number that fits 64 bits, its fraction cut off.
    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        self.value(name)?.numeric_date().ok()
    }

    /// A claim that is `true` or `false`.
    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        self.value(name)?.boolean().ok()
    }

    /// Whether the audience is there and ours is among it (RFC 7519 §4.1.3).
    pub(super) fn expect_audience(&self, ours: &str) -> Result<(), Error> {
        if self.audiences().any(|audience| audience == *ours) { Ok(()) } else { Err(Error::TokenAudience) }
    }

    /// The times: `exp`, if it is there, `nbf` and `iat`.
    pub(super) fn check_times(&self, clock: jwt::Clock) -> Result<(), Error> {
        // "The current date/time MUST be before the expiration date/time" (RFC 7519 §4.1.4).
        if self.expires.is_some_and(|expires| expires <= clock.earliest) {
            return Err(Error::TokenExpired);
        }
        if self.not_before.is_some_and(|not_before| not_before > clock.latest) {
            return Err(Error::TokenNotYetValid);
        }
        if self.issued.is_some_and(|issued| issued > clock.latest) {
            return Err(Error::TokenFromFuture);
        }
        Ok(())
    }
}

impl fmt::Debug for Claims<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("iss", &self.issuer)
            .field("sub", &self.subject)
            .field("exp", &self.expires)
            .field("nbf", &self.not_before)
            .field("iat", &self.issued)
            .finish_non_exhaustive()
    }
}

/// Passes over an audience: a string, or an array of strings.
fn audience(reader: &mut Reader<'_>) -> Result<(), JsonError> {
    match reader.text() {
        Err(JsonError::Type) => {
            let mut items = reader.array()?;
            while items.next(reader)? {
                reader.text()?;
            }
            Ok(())
        }
        other => other.map(drop),
    }
}

/// The audiences of a token, in its order.
#[derive(Debug)]
pub struct Audiences<'t> {
    /// Before the next one.
    reader: Option<Reader<'t>>,
    /// The array that they are in; `None` for a single string.
    items: Option<Array>,
}

impl<'t> Audiences<'t> {
    fn of(claim: Option<Reader<'t>>) -> Self {
        let mut reader = claim;
        let items = reader.as_mut().and_then(|reader| reader.array().ok());
        Self { reader, items }
    }
}

impl<'t> Iterator for Audiences<'t> {
    type Item = Text<'t>;

    fn next(&mut self) -> Option<Text<'t>> {
        let mut reader = self.reader.take()?;
        if let Some(items) = &mut self.items {
            if !items.next(&mut reader).ok()? {
                return None;
            }
            let text = reader.text().ok()?;
            self.reader = Some(reader);
            return Some(text);
        }
        reader.text().ok()
    }
}
