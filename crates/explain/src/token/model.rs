//! A token, the caller's side, and the explanation: plain data.

use serde::Serialize;

use super::{
    header::HeaderFacts,
    play::{PlayFacts, PlaySide},
    session::{SessionFacts, SessionSide},
};
use crate::model::{Decoding, Diagnosis, StepReport, Verdict};

/// A token as it was given, not looked at yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What the verifier passes to the engine.
    pub text: Vec<u8>,
    /// What it is to be read as.
    pub form: TokenForm,
    /// What was done to the input, in this order.
    pub decoding: Vec<Decoding>,
}

/// What a token is to be read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenForm {
    /// Segments of base64url between periods.
    Compact,
    /// The payload of a token of Play Integrity as Google's server decoded it: JSON.
    Payload,
}

/// What a token was verified as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TokenKind {
    /// A token of Play Integrity, as the app received it.
    PlayToken,
    /// The payload of one, as Google's server decoded it.
    PlayPayload,
    /// A JSON Web Token of three segments: a session token, an attestation of an OAuth client, or the proof that comes with one.
    Jwt,
}

impl TokenKind {
    /// For people: `Play Integrity token`, `Play Integrity payload`, `JSON Web Token`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::PlayToken => "Play Integrity token",
            Self::PlayPayload => "Play Integrity payload",
            Self::Jwt => "JSON Web Token",
        }
    }
}

/// What the caller knows about tokens: a side for each kind.
#[derive(Clone, Debug, Default)]
pub struct TokenSide {
    /// For those of Play Integrity.
    pub play: PlaySide,
    /// For JSON Web Tokens of three segments.
    pub session: SessionSide,
}

impl TokenSide {
    /// This side, with what it leaves open taken from another.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { play: self.play.or(other.play), session: self.session.or(other.session) }
    }

    /// Whether it is told for JSON Web Tokens, and no key of Play Integrity is.
    pub(super) const fn is_of_session(&self) -> bool {
        self.session.is_told() && self.play.keys.is_empty()
    }
}

/// One token, explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TokenExplanation {
    /// What it was verified as.
    pub kind: TokenKind,
    /// What was done to the input to get the token, in this order.
    pub decoding: Vec<Decoding>,
    /// What the engine answers.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The steps of the verification in the order in which they run.
    pub steps: Vec<StepReport>,
    /// What the header says, which anybody can write; `None` if it cannot be read.
    pub header: Option<HeaderFacts>,
    /// What the header of the inner layer says; `None` unless a key opened the token.
    pub inner_header: Option<HeaderFacts>,
    /// What the payload says; `None` if it could not be read.
    pub facts: Option<TokenFacts>,
    /// What the answer means, and which usual mistake fits.
    pub diagnosis: Diagnosis,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum TokenFacts {
    /// One of Play Integrity.
    Play(Box<PlayFacts>),
    /// A JSON Web Token of three segments.
    Session(Box<SessionFacts>),
}
