//! The verdict that a vector expects.

use genuine::{Error, Step, play_integrity};
use serde_json::Value;

use crate::model::{Outcome, Verdict};

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
        }
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
