//! The verdict that a vector expects.

use genuine::{Error, Step, play_integrity, session};
use serde_json::Value;

use crate::model::{Missing, Outcome, Verdict};

/// The verdict that a vector expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Acceptance.
    Pass,
    /// Refusal, whatever the reason.
    AnyError,
    /// This failure.
    Exactly(Error),
    /// A failure of this sort, as the vectors of tokens name it: `jwe`, for example.
    OfSort(&'static str),
    /// The signature alone: right, whatever the rest of the answer is, or wrong.
    Signature(bool),
    /// No verdict: nobody can tell, because a key is not published.
    Unproved,
}

impl Expected {
    /// Whether a verdict is as expected.
    #[must_use]
    pub fn is_met_by(self, verdict: &Verdict) -> bool {
        match self {
            Self::Pass => verdict.verdict == Outcome::Accepted,
            Self::AnyError => verdict.error.is_some(),
            Self::Exactly(error) => verdict.error == Some(error),
            Self::OfSort(sort) => verdict.error.and_then(sort_of) == Some(sort),
            Self::Signature(false) => verdict.error == Some(Error::TokenForged),
            Self::Signature(true) => is_signed(verdict),
            Self::Unproved => verdict.verdict == Outcome::Incomplete,
        }
    }

    /// `pass`, `fail`, the name of an error or its number, the number also as a JSON number.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match text.as_str() {
            "pass" => Some(Self::Pass),
            "fail" => Some(Self::AnyError),
            text => {
                let named = |error: &&Error| error.name() == text || error.code().to_string() == text;
                Error::ALL.iter().find(named).copied().map(Self::Exactly)
            }
        }
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pass => f.write_str("pass"),
            Self::AnyError => f.write_str("any failure"),
            Self::Exactly(error) => error.fmt(f),
            Self::OfSort(sort) => write!(f, "reject:{sort}"),
            Self::Signature(true) => f.write_str("a right signature"),
            Self::Signature(false) => f.write_str("a wrong signature"),
            Self::Unproved => f.write_str("no verdict"),
        }
    }
}

/// Whether the signature of a token was asked and is right.
fn is_signed(verdict: &Verdict) -> bool {
    let is_asked = !verdict.missing.contains(&Missing::TokenKey);
    match verdict.error.map(Error::step) {
        None => is_asked,
        Some(Some(Step::Session(step))) => is_asked && step > session::Step::Authenticity,
        Some(_) => false,
    }
}

/// What the vectors of tokens call a failure.
fn sort_of(error: Error) -> Option<&'static str> {
    use play_integrity::Step as Play;

    let Some(Step::PlayIntegrity(step)) = error.step() else { return None };
    Some(match (step, error) {
        (Play::Size, _) => "too_large",
        (Play::Form, _) => "format",
        (Play::Header, _) => "header",
        (Play::Decryption, _) => "jwe",
        (Play::InnerForm | Play::Signature, _) => "jws",
        (Play::Payload, _) => "json",
        (Play::RequestPackage, _) | (_, Error::PlayAppPackage) => "package_mismatch",
        (_, Error::PlayNonceMissing) => "nonce_missing",
        (_, Error::PlayNonceMismatch) => "nonce_mismatch",
        (_, Error::PlayTooOld) => "stale",
        (_, Error::PlayFromFuture) => "future",
        (Play::Testing, _) => "testing_response",
        (_, Error::PlayAppNotRecognized | Error::PlayAppUnevaluated) => "app_not_recognized",
        (_, Error::PlayCertificate) => "cert_mismatch",
        (Play::Device, _) => "device_integrity",
        (Play::Licensing, _) => "not_licensed",
        _ => return None,
    })
}
