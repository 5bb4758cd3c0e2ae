//! What an answer means, and which usual mistake fits. Unverified: nothing here changes or replaces the engine's verdict.

mod app_id;
mod client_data;
mod form;
mod key_id;
mod outcome;

use genuine::Error;

use crate::{
    assertion::Asserted,
    attestation::Attested,
    caller::CallerSide,
    input::Object,
    model::{ChainReport, Diagnosis, Facts, Finding, Kind, Verdict},
    outline::Outline,
};

/// All that is known about an object and its verdict.
pub(crate) struct Subject<'c> {
    pub(crate) kind: Kind,
    pub(crate) detected: Option<Kind>,
    pub(crate) object: &'c Object,
    pub(crate) outline: &'c Outline,
    pub(crate) side: &'c CallerSide,
    pub(crate) verdict: &'c Verdict,
    pub(crate) facts: Option<&'c Facts>,
    pub(crate) chain: Option<&'c ChainReport>,
    pub(crate) attested: Option<Attested<'c>>,
    pub(crate) asserted: Option<Asserted<'c>>,
}

/// The most likely explanation of a verdict.
pub(crate) fn of(subject: &Subject<'_>) -> Diagnosis {
    let Some(error) = subject.verdict.error else { return outcome::without_failure(subject) };
    form::of(subject, error)
        .or_else(|| match error {
            Error::NonceMismatch => client_data::of_nonce(subject),
            Error::SignatureInvalid => client_data::of_signature(subject),
            Error::RpIdMismatch => app_id::of(subject),
            Error::KeyIdMismatch | Error::KeyIdFormat | Error::CredentialIdMismatch => key_id::of(subject, error),
            _ => None,
        })
        .unwrap_or_else(|| outcome::of_failure(subject, error))
}

fn found(finding: Finding, sentence: impl Into<String>) -> Diagnosis {
    after_trying(Vec::new(), finding, sentence)
}

fn after_trying(tried: Vec<String>, finding: Finding, sentence: impl Into<String>) -> Diagnosis {
    Diagnosis { unverified: true, finding, sentence: sentence.into(), tried }
}
