//! What the caller knows: keys, issuer, audience, type, time and challenge.

use genuine::{
    Error, UnixTime,
    crypto::{P256, PublicKey, RustCrypto},
    session::jwk,
};
use serde_json::Value;

use crate::token::play::Secret;

/// The caller's side of session tokens, of attestations of OAuth clients, and of the proofs that come with those. What is not
/// told was not asked.
#[derive(Clone, Debug, Default)]
pub struct SessionSide {
    /// What the token is verified with.
    pub keys: Option<SessionKeys>,
    /// Who issues the tokens (`iss`).
    pub issuer: Option<String>,
    /// Whom they are for (`aud`).
    pub audience: Option<String>,
    /// Their type (`typ`); `JWT` where it is not told and the token does not say another.
    pub kind: Option<String>,
    /// The time of verification.
    pub at: Option<UnixTime>,
    /// How many seconds clocks may differ; none where it is not told.
    pub skew: Option<u32>,
    /// Proofs: the greatest age in seconds.
    pub max_age: Option<u32>,
    /// Proofs: the challenge that the server gave.
    pub challenge: Option<String>,
    /// The `Authorization` header that came with the token, which some services bind by the claim `pay`.
    pub authorization: Option<String>,
}

/// What tokens are verified with: one algorithm, never the one that a token asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionKeys {
    /// A secret of HS256, base64 of 32 to 64 octets. It is for any `kid`.
    Secret(Secret),
    /// Public keys of ES256.
    Public(Vec<SessionKey>),
    /// The key in the `cnf` of an attestation, of which nobody has proved that a trusted attester made it.
    Unproved(PublicKey<P256>),
}

/// A public key of ES256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionKey {
    /// What headers know it by; without it, one that is alone is for any `kid`.
    pub kid: Option<String>,
    /// The key.
    pub key: PublicKey<P256>,
}

impl SessionKeys {
    /// Reads a JSON Web Key Set (RFC 7517 §5) or one key. Keys of a set that are for something else than ES256 are passed over.
    ///
    /// # Errors
    ///
    /// Why there is no key in it.
    pub fn read_jwks(json: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(json).map_err(|error| format!("not JSON: {error}"))?;
        let Some(set) = value.get("keys") else {
            let key = jwk::read(json.trim().as_bytes(), &RustCrypto).map_err(|error| fault(error).to_owned())?;
            return Ok(Self::Public(vec![SessionKey { kid: kid(&value), key }]));
        };
        let mut keys = Vec::new();
        for (place, member) in set.as_array().ok_or("`keys` is not a list")?.iter().enumerate() {
            match jwk::read(member.to_string().as_bytes(), &RustCrypto) {
                Ok(key) => keys.push(SessionKey { kid: kid(member), key }),
                Err(Error::JwkUnsupported) => {}
                // What is no elliptic curve has no coordinates, and is for something else as well.
                Err(Error::JwkForm) if member.get("kty").is_some_and(|kind| kind != "EC") => {}
                Err(error) => return Err(format!("key {}: {}", place + 1, fault(error))),
            }
        }
        if keys.is_empty() { Err("no key on P-256 for ES256 is in it".to_owned()) } else { Ok(Self::Public(keys)) }
    }
}

fn kid(key: &Value) -> Option<String> {
    key.get("kid")?.as_str().map(str::to_owned)
}

/// The key itself is in no sentence: it may be a private one.
const fn fault(error: Error) -> &'static str {
    match error {
        Error::JwkPrivate => "a private key or a secret is in it; give the public key, without `d`",
        _ => error.description(),
    }
}

impl SessionSide {
    /// This side, with what it leaves open taken from another. A proof keeps the key of its attestation: those of an attester are for
    /// the attestation.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            keys: match other.keys {
                Some(SessionKeys::Unproved(_)) => other.keys,
                keys => self.keys.or(keys),
            },
            issuer: self.issuer.or(other.issuer),
            audience: self.audience.or(other.audience),
            kind: self.kind.or(other.kind),
            at: self.at.or(other.at),
            skew: self.skew.or(other.skew),
            max_age: self.max_age.or(other.max_age),
            challenge: self.challenge.or(other.challenge),
            authorization: self.authorization.or(other.authorization),
        }
    }

    /// Whether it says something that is of these tokens alone.
    pub(crate) const fn is_told(&self) -> bool {
        self.keys.is_some() || self.issuer.is_some() || self.audience.is_some() || self.kind.is_some()
    }
}
