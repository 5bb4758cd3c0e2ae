//! One token under the engine.

use genuine::{
    Error, Step, UnixTime,
    session::{
        self,
        client_attestation::{ClientAttestationPolicy, ClientAttestationVerifier},
        token::{TokenKey, TokenPolicy, TokenVerifier},
    },
};
use serde_json::{Map, Value};

use super::{
    backend::{Assumed, NO_KEY},
    side::{SessionKeys, SessionSide},
};
use crate::{
    model::Missing,
    text::from_base64,
    token::{header, model::Token},
};

/// The type of an attestation of an OAuth client, and of the proof that comes with it.
pub(crate) const ATTESTATION: &str = "oauth-client-attestation+jwt";
pub(crate) const PROOF: &str = "oauth-client-attestation-pop+jwt";

/// The type of a session token where nobody tells another.
const JWT: &str = "JWT";

/// Stands for an issuer or audience that neither the caller tells nor the token has. The engine refuses a token without them
/// before it compares.
const NOBODY: &str = "not told";

/// What a token is verified as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Session,
    Attestation,
    Proof,
}

/// A token, what it is held against, and what can be read of it, unverified.
pub(super) struct Run<'c> {
    pub(super) token: &'c Token,
    pub(super) side: &'c SessionSide,
    pub(super) now: UnixTime,
    pub(super) segments: Vec<&'c [u8]>,
    pub(super) header: Option<Value>,
    pub(super) claims: Option<Map<String, Value>>,
    pub(super) payload_size: usize,
}

impl<'c> Run<'c> {
    pub(super) fn new(token: &'c Token, side: &'c SessionSide, now: UnixTime) -> Self {
        let segments: Vec<_> = token.text.split(|octet| *octet == b'.').collect();
        let read = |place: usize| segments.get(place).and_then(|segment| header::decoded(segment));
        let json = |octets: &Vec<u8>| serde_json::from_slice::<Value>(octets).ok();
        let payload = read(1).filter(|_| segments.len() == 3);
        Self {
            token,
            side,
            now: side.at.unwrap_or(now),
            header: read(0).as_ref().and_then(json),
            claims: payload.as_ref().and_then(json).and_then(|claims| claims.as_object().cloned()),
            payload_size: payload.map_or(0, |payload| payload.len()),
            segments,
        }
    }

    /// A parameter of the header that is text.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.header.as_ref()?.get(name)?.as_str()
    }

    pub(super) fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.as_ref()?.get(name)
    }

    /// The type that is required: the caller's, or else the token's own.
    pub(super) fn kind(&self) -> &str {
        self.side.kind.as_deref().or_else(|| self.parameter("typ")).filter(|kind| !kind.is_empty()).unwrap_or(JWT)
    }

    pub(super) fn purpose(&self) -> Purpose {
        match bare_type(self.kind()).as_str() {
            ATTESTATION => Purpose::Attestation,
            PROOF => Purpose::Proof,
            _ => Purpose::Session,
        }
    }

    /// Whether the type is the caller's, or the one that the engine requires by default.
    pub(super) fn is_type_asked(&self) -> bool {
        self.side.kind.is_some() || bare_type(self.kind()).eq_ignore_ascii_case(JWT)
    }

    /// The engine's verdict; what the caller did not tell is taken from the token.
    pub(super) fn verify(&self) -> Result<(), Error> {
        let keys = self.keys()?;
        let code = self.side.keys.is_none().then(|| self.signature().try_into().unwrap_or_default());
        let backend = Assumed { code };
        let mut text = self.token.text.clone();
        match self.purpose() {
            Purpose::Session => {
                let (issuer, audience) = (self.issuer(), self.audience());
                let policy = match (&self.side.issuer, &self.side.audience) {
                    (None, None) => TokenPolicy::danger_ignore_issuer_and_audience(),
                    _ => TokenPolicy::new(&issuer, &audience),
                };
                let policy = policy.with_type(self.kind()).with_skew(self.skew());
                TokenVerifier::new(policy, &keys, &backend)?.verify(&mut text, self.now).map(drop)
            }
            Purpose::Attestation => {
                let policy = ClientAttestationPolicy::new(0).with_skew(self.skew());
                let verifier = ClientAttestationVerifier::new(policy, NOBODY, &keys, &backend)?;
                verifier.verify(&mut text, None, self.now).map(drop)
            }
            Purpose::Proof => {
                let age = self.side.max_age.unwrap_or(u32::MAX);
                let policy = ClientAttestationPolicy::new(age).with_skew(self.skew());
                let audience = self.audience();
                let verifier = ClientAttestationVerifier::new(policy, &audience, &keys, &backend)?;
                // A proof names no key: it is of the one in the attestation.
                let mut result = Err(Error::ConfigKeyKind);
                for key in keys.iter().filter_map(TokenKey::public_key) {
                    let challenge = self.side.challenge.as_deref();
                    text.clone_from(&self.token.text);
                    result = verifier.verify_proof_by_trusted_key(&mut text, key, challenge, self.now).map(drop);
                    if result != Err(Error::TokenForged) {
                        break;
                    }
                }
                result
            }
        }
    }

    /// The keys as the engine takes them; one that stands for those that nobody told.
    fn keys(&self) -> Result<Vec<TokenKey<'_>>, Error> {
        let kid = self.parameter("kid").unwrap_or_default();
        Ok(match &self.side.keys {
            Some(SessionKeys::Secret(secret)) => {
                vec![TokenKey::hs256(kid, &from_base64(secret.text()).unwrap_or_default())?]
            }
            Some(SessionKeys::Public(keys)) => {
                let is_alone = keys.len() == 1;
                let name = |own: &'c Option<String>| own.as_deref().unwrap_or(if is_alone { kid } else { "" });
                keys.iter().map(|key| TokenKey::es256(name(&key.kid), key.key)).collect()
            }
            Some(SessionKeys::Unproved(key)) => vec![TokenKey::es256(kid, *key)],
            None if self.parameter("alg") == Some("ES256") || self.purpose() == Purpose::Proof => {
                vec![TokenKey::es256(kid, NO_KEY)]
            }
            None => vec![TokenKey::hs256(kid, &[0; 32])?],
        })
    }

    /// The octets of the last segment.
    pub(super) fn signature(&self) -> Vec<u8> {
        self.segments.last().and_then(|segment| header::decoded(segment)).unwrap_or_default()
    }

    pub(super) fn skew(&self) -> u32 {
        self.side.skew.unwrap_or(0)
    }

    /// The issuer that was told, or else the token's own.
    fn issuer(&self) -> String {
        let own = || self.claim("iss")?.as_str().filter(|own| !own.is_empty()).map(str::to_owned);
        self.side.issuer.clone().or_else(own).unwrap_or_else(|| NOBODY.to_owned())
    }

    /// The audience that was told, or else the first of the token's own.
    fn audience(&self) -> String {
        let own = || {
            let claim = self.claim("aud")?;
            let first = claim.as_array().and_then(|items| items.first());
            first.unwrap_or(claim).as_str().filter(|own| !own.is_empty()).map(str::to_owned)
        };
        self.side.audience.clone().or_else(own).unwrap_or_else(|| NOBODY.to_owned())
    }

    pub(super) const fn are_keys_trusted(&self) -> bool {
        matches!(self.side.keys, Some(SessionKeys::Secret(_) | SessionKeys::Public(_)))
    }

    /// Whether the caller told what this step compares with.
    pub(super) fn is_asked(&self, step: session::Step) -> bool {
        let (side, purpose) = (self.side, self.purpose());
        match (step, purpose) {
            (session::Step::Header, _) => self.is_type_asked(),
            (session::Step::Key, _) => self.are_keys_trusted(),
            (session::Step::Authenticity, _) => side.keys.is_some(),
            (session::Step::Claims, Purpose::Session) => side.issuer.is_some() && side.audience.is_some(),
            (session::Step::Claims, Purpose::Proof) => side.audience.is_some(),
            (session::Step::Time, Purpose::Proof) => side.max_age.is_some(),
            (session::Step::Binding, Purpose::Proof) => side.challenge.is_some() || self.claim("challenge").is_none(),
            (session::Step::Claims | session::Step::Binding, Purpose::Attestation) => false,
            _ => true,
        }
    }

    pub(super) fn missing(&self) -> Vec<Missing> {
        let (side, purpose) = (self.side, self.purpose());
        let is_proof = purpose == Purpose::Proof;
        [
            (side.keys.is_none(), Missing::TokenKey),
            (matches!(side.keys, Some(SessionKeys::Unproved(_))), Missing::AttesterKey),
            (!self.is_type_asked(), Missing::TokenType),
            (purpose == Purpose::Session && side.issuer.is_none(), Missing::Issuer),
            (purpose != Purpose::Attestation && side.audience.is_none(), Missing::Audience),
            (is_proof && side.max_age.is_none(), Missing::MaxAge),
            (is_proof && !self.is_asked(session::Step::Binding), Missing::Challenge),
            (purpose == Purpose::Attestation, Missing::Proof),
        ]
        .into_iter()
        .filter_map(|(is_missing, part)| is_missing.then_some(part))
        .collect()
    }

    /// Whether the code or signature was verified with a key that the caller trusts.
    pub(super) fn is_authentic(&self, result: Result<(), Error>) -> bool {
        let is_behind = match result.map_err(Error::step) {
            Ok(()) => true,
            Err(Some(Step::Session(step))) => step > session::Step::Authenticity,
            Err(_) => false,
        };
        is_behind && self.are_keys_trusted()
    }
}

/// In small letters where that makes no difference, and without what may be left out (RFC 7515 §4.1.9).
pub(super) fn bare_type(kind: &str) -> String {
    let lower = kind.to_ascii_lowercase();
    lower.strip_prefix("application/").map_or_else(|| lower.clone(), str::to_owned)
}
