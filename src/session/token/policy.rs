//! What a verifier of tokens accepts: fixed at start-up, never taken from a request.

use crate::error::Error;

/// The type of a token where nothing else is said (RFC 7519 §5.1).
pub(super) const TYPE: &str = "JWT";

/// What a verifier accepts.
///
/// [`new`](Self::new) is the strictest: one issuer, one audience, `typ` present, no skew of clocks.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct TokenPolicy<'a> {
    pub(super) parties: Option<Parties<'a>>,
    pub(super) kind: &'a str,
    pub(super) skew: u32,
    pub(super) greatest_lifetime: Option<u32>,
}

/// Who the tokens are by and for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parties<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
}

impl<'a> TokenPolicy<'a> {
    /// Accepts tokens by this issuer (`iss`) for this audience (`aud`), compared character by character (RFC 7519 §2). Their
    /// type is `JWT`.
    pub const fn new(issuer: &'a str, audience: &'a str) -> Self {
        let parties = Some(Parties { issuer, audience });
        Self { parties, kind: TYPE, skew: 0, greatest_lifetime: None }
    }

    /// Accepts tokens of other issuers which say neither by whom nor for whom they are, and perhaps not of which type: `iss` and
    /// `aud` are not looked at, and `typ` only where it is there.
    ///
    /// Weaker than [`new`](Self::new): whatever anybody signs with one of the keys is accepted, also for another service.
    /// Have a key for this purpose that nothing else uses.
    pub const fn danger_ignore_issuer_and_audience() -> Self {
        Self { parties: None, kind: TYPE, skew: 0, greatest_lifetime: None }
    }

    /// Requires this type (`typ`) in the place of `JWT`: a service that takes tokens of several kinds keeps them apart by it (RFC
    /// 8725 §3.11). The case of ASCII and a leading `application/` make no difference.
    pub const fn with_type(self, kind: &'a str) -> Self {
        Self { kind, ..self }
    }

    /// Allows clocks to differ by so many seconds, in the place of none.
    pub const fn with_skew(self, seconds: u32) -> Self {
        Self { skew: seconds, ..self }
    }

    /// Refuses tokens that live longer than so many seconds, from `iat` to `exp`, and those that do not say when they were issued.
    pub const fn limit_lifetime(self, seconds: u32) -> Self {
        Self { greatest_lifetime: Some(seconds), ..self }
    }

    pub(super) const fn check(&self) -> Result<(), Error> {
        let are_named = match self.parties {
            Some(Parties { issuer, audience }) => !issuer.is_empty() && !audience.is_empty(),
            None => true,
        };
        if are_named && !self.kind.is_empty() { Ok(()) } else { Err(Error::ConfigTokenPolicy) }
    }
}
