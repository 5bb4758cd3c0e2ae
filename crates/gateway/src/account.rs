//! Whose account a request is in, without HTTP: what stands for an account, and the users' tokens that name one.
//!
//! The tokens are JWTs of the service's own identity provider (RFC 7519, RFC 9068). The gateway issues none of them; it
//! verifies them with the public keys of the provider, which a file holds.

mod keys;

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Validation, decode, decode_header, errors::ErrorKind};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use strum::IntoStaticStr;

pub use self::keys::KeySet;

/// What an account's identifier is the hash of begins with this, so that it is no hash of anything else.
const LABEL: &[u8] = b"genuine-account-v1";
/// What stands for the issuer of an account that a proxy names.
pub const PROXY: &str = "proxy";
/// The longest token, in octets.
const TOKEN: usize = 8 * 1024;
/// The longest subject, in octets.
const SUBJECT: usize = 512;
/// How far the clock of the identity provider may be ahead of this one, in seconds.
const SKEW: u64 = 60;

/// An account: the SHA-256 of who vouches for it and of its name there. Stores and logs hold this, and no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub [u8; 32]);

impl AccountId {
    /// The account that `issuer` calls `subject`. `None` unless the subject has 1 to 512 octets.
    ///
    /// The hash is over a label, the length of the issuer in octets (64 bits, big-endian), the issuer and the subject, so
    /// that no two pairs give the same octets.
    #[must_use]
    pub fn of(issuer: &str, subject: &str) -> Option<Self> {
        if !(1..=SUBJECT).contains(&subject.len()) {
            return None;
        }
        let mut hash = Sha256::new_with_prefix(LABEL);
        hash.update((issuer.len() as u64).to_be_bytes());
        hash.update(issuer);
        hash.update(subject);
        Some(Self(hash.finalize().into()))
    }
}

/// URL-safe base64 without padding: 43 characters.
impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// Why a user's token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(prefix = "UserToken")]
pub enum TokenFault {
    /// It has more than 8 KiB.
    TooLong,
    /// It is no JWS of an algorithm that could be accepted, has a critical extension (RFC 7515 §4.1.11), or its payload is
    /// no set of claims.
    Form,
    /// No key of the set has its key identifier and is for its algorithm.
    Key,
    /// No such key signed it.
    Signature,
    /// It is somebody else's (`iss`), or nobody's.
    Issuer,
    /// It is for somebody else (`aud`), or for nobody.
    Audience,
    /// It has no end (`exp`).
    Endless,
    /// It has ended (`exp`).
    Expired,
    /// It is good from later on (`nbf`).
    NotYet,
    /// It names no account: the claim is missing, no text, empty, or longer than 512 octets.
    Subject,
}

/// What users' tokens are like, and the keys that verify them.
pub struct UserTokens {
    issuer: String,
    audience: String,
    claim: String,
    file: PathBuf,
    keys: RwLock<Arc<KeySet>>,
}

impl UserTokens {
    /// Tokens of this issuer (`iss`) for this audience (`aud`), with the account in this claim and the keys in this file, a
    /// JWK set (RFC 7517 §5).
    ///
    /// # Errors
    ///
    /// That the file cannot be read, is no JWK set, or has no usable key.
    pub fn new(issuer: &str, audience: &str, claim: &str, file: PathBuf) -> Result<Self, String> {
        let keys = RwLock::new(Arc::new(KeySet::read(&file)?));
        Ok(Self { issuer: issuer.to_owned(), audience: audience.to_owned(), claim: claim.to_owned(), file, keys })
    }

    /// Whose token this is, at this time in seconds since 1970.
    ///
    /// # Errors
    ///
    /// Why the token is refused.
    pub fn verify(&self, token: &str, now: u64) -> Result<AccountId, TokenFault> {
        if token.len() > TOKEN {
            return Err(TokenFault::TooLong);
        }
        let header = decode_header(token).map_err(|_| TokenFault::Form)?;
        // The algorithm is the key's: what the header says only chooses among the keys that are for it.
        let mut validation = Validation::new(header.alg);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["aud"]);
        // Below, by the clock of the gate.
        validation.validate_exp = false;
        let keys = Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner));
        let mut fault = TokenFault::Key;
        for key in keys.candidates(&header) {
            match decode(token, key, &validation) {
                Ok(decoded) => return self.account(&decoded.claims, now),
                Err(error) => fault = fault_of(error.kind()),
            }
            // Only another signature could be another key's.
            if fault != TokenFault::Signature {
                break;
            }
        }
        Err(fault)
    }

    /// Reads the keys again. If that fails, the log says so and the old ones stay.
    pub fn renew(&self) {
        match KeySet::read(&self.file) {
            Ok(keys) => {
                let mut current = self.keys.write().unwrap_or_else(PoisonError::into_inner);
                if **current != keys {
                    *current = Arc::new(keys);
                    tracing::info!("accounts.keys: the keys of users' tokens were read again");
                }
            }
            Err(error) => tracing::error!("accounts.keys: the keys of users' tokens stay as they were: {error}"),
        }
    }

    /// Whose these claims are, which were signed and are for this audience.
    fn account(&self, claims: &Map<String, Value>, now: u64) -> Result<AccountId, TokenFault> {
        let text = |claim: &str| claims.get(claim).and_then(Value::as_str);
        if text("iss") != Some(&self.issuer) {
            return Err(TokenFault::Issuer);
        }
        let expires = claims.get("exp").and_then(Value::as_f64).ok_or(TokenFault::Endless)?;
        if expires <= seconds(now) {
            return Err(TokenFault::Expired);
        }
        if let Some(from) = claims.get("nbf") {
            let from = from.as_f64().ok_or(TokenFault::NotYet)?;
            if from > seconds(now.saturating_add(SKEW)) {
                return Err(TokenFault::NotYet);
            }
        }
        text(&self.claim).and_then(|subject| AccountId::of(&self.issuer, subject)).ok_or(TokenFault::Subject)
    }
}

/// Dates of tokens may have fractions (RFC 7519 §2).
#[expect(clippy::cast_precision_loss, reason = "exact for 285 million years")]
const fn seconds(time: u64) -> f64 {
    time as f64
}

fn fault_of(error: &ErrorKind) -> TokenFault {
    match error {
        ErrorKind::InvalidSignature => TokenFault::Signature,
        ErrorKind::InvalidAudience => TokenFault::Audience,
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) if claim == "aud" => {
            TokenFault::Audience
        }
        _ => TokenFault::Form,
    }
}

#[cfg(test)]
mod tests {
    use super::AccountId;

    /// By hand: `printf 'genuine-account-v1\0\0\0\0\0\0\0\1ab' | sha256sum`, and so on.
    #[test]
    fn an_account_is_the_hash_of_issuer_and_name() {
        let ab = AccountId::of("a", "b").unwrap();
        assert_eq!(ab.to_string(), "Z93dXm4O0-bJ4LY9o3m2FKDwOPI3t7ljheerQGgg5L0");
        assert_ne!(AccountId::of("ab", "c"), AccountId::of("a", "bc"), "where one ends and the other begins counts");
        assert_ne!(AccountId::of("a", "b"), AccountId::of("a", "B"));
        assert_eq!(AccountId::of("a", ""), None);
        assert!(AccountId::of("a", &"x".repeat(512)).is_some());
        assert_eq!(AccountId::of("a", &"x".repeat(513)), None);
    }
}
