//! API keys, for clients that cannot attest: websites, servers, scripts. No HTTP here.
//!
//! A key says which client comes, and that the client holds a secret. It says nothing of an app or a device: whoever has the
//! secret is the client. So a key opens only what is there for keys, and never what is there for devices.
//!
//! A client shows its key with each request, or exchanges it for a request token that lives for minutes, or signs each request
//! with it.

mod access;
mod book;
mod key;
mod new;
mod signature;

use strum::IntoStaticStr;

pub use self::{
    access::{ApiKeyHolder, KeyAccess, KeyKind},
    book::{KeyBook, KeyFile, KeyTerms},
    key::{Key, SECRET},
    new::{NewKey, USAGE},
    signature::{AGE, RequestSignature},
};

/// The longest scope, in octets.
const SCOPE: usize = 64;
/// The most scopes of a key: a request token has room for them.
const SCOPES: usize = 16;
/// The longest name of a client or a tier.
const NAME: usize = 64;

/// Why an API key, a request token or a signature by a key was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(prefix = "ApiKey")]
pub enum KeyFault {
    /// The request has none.
    Missing,
    /// It has not the form of a key: an identifier, a period and a secret.
    Form,
    /// The file has no key of this identifier and kind.
    Unknown,
    /// The secret is another one, or the signature is not by this key.
    Wrong,
    /// The key is revoked.
    Revoked,
    /// The key has expired.
    Expired,
    /// The key is of a client that the route is not for.
    Client,
    /// The route takes signed requests alone.
    Unsigned,
    /// The signature was made too long ago, or too far ahead.
    Stale,
    /// The nonce came with an earlier request of this key.
    Replayed,
    /// The body is not the one whose hash was signed.
    Body,
    /// The request token does not verify, has expired, or is none.
    Token,
    /// A request token was shown where a key is exchanged for one.
    Exchange,
}

/// Whether this is the name of a scope: 1 to 64 lower-case letters, digits and `:._-`.
#[must_use]
pub fn is_scope(text: &str) -> bool {
    let is_word = |octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b':' | b'.' | b'_' | b'-');
    (1..=SCOPE).contains(&text.len()) && text.bytes().all(is_word)
}

/// Whether a key or a request token may be for these: 1 to 16 scopes, each once.
#[must_use]
pub fn are_scopes(scopes: &[String]) -> bool {
    let is_twice = |scope: &String| scopes.iter().filter(|other| *other == scope).count() > 1;
    (1..=SCOPES).contains(&scopes.len()) && scopes.iter().all(|scope| is_scope(scope) && !is_twice(scope))
}

/// Whether this is the name of a client or a tier: 1 to 64 lower-case letters, digits and hyphens.
#[must_use]
pub fn is_name(text: &str) -> bool {
    (1..=NAME).contains(&text.len()) && text.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}
