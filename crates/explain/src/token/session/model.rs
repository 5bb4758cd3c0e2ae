//! What a payload says: plain data.

use serde::Serialize;

/// What the payload of a JSON Web Token says. `authentic` tells whether somebody with the caller's key does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SessionFacts {
    /// Whether the code or signature over all of this was verified by a key that the caller trusts.
    pub authentic: bool,
    /// The length of the payload in bytes.
    pub size: usize,
    /// The claims: those of RFC 7519 first, in its order.
    pub claims: Vec<Claim>,
    /// The thumbprint of the key that the token is bound to by `cnf`.
    pub bound_to: Option<String>,
}

/// One claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Claim {
    /// Its name.
    pub claim_name: String,
    /// Its value: text as it is, everything else as JSON, cut where it is very long.
    pub value: String,
    /// Claims that are times: RFC 3339, up to the year 9999.
    pub time: Option<String>,
}
