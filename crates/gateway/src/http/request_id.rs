//! The name of a request: in its answer, in the log, and in its trace.

use std::{fmt, sync::Arc};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::header::single;

/// Where a proxy says the name that it has for a request, and where an answer says it.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest name that a proxy may have for a request.
const LONGEST: usize = 128;

/// The name of a request: what its answer says in `X-Request-Id`, and the log in `request_id`. It is among the extensions of every
/// request.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// What a trusted proxy calls the request, if it says so once and in letters, digits, `.`, `_` and `-`.
    pub(super) fn said(headers: &HeaderMap) -> Option<Self> {
        let said = single(headers, &REQUEST_ID).ok().flatten()?;
        let is_name = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'_' | b'-');
        ((1..=LONGEST).contains(&said.len()) && said.bytes().all(is_name)).then(|| Self(said.into()))
    }

    /// A name that no other request has: 128 random bits in hex.
    ///
    /// # Errors
    ///
    /// If the system has no randomness.
    pub(super) fn fresh() -> Result<Self, getrandom::Error> {
        let mut octets = [0; 16];
        getrandom::fill(&mut octets)?;
        Ok(Self(format!("{:032x}", u128::from_be_bytes(octets)).into()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Names the request in its answer.
    pub(super) fn answer(&self, headers: &mut HeaderMap) {
        headers.extend(HeaderValue::try_from(self.as_str()).map(|id| (REQUEST_ID, id)));
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
