//! Tokens of Google Play Integrity, run through the engine and explained.

mod backend;
mod diagnosis;
mod facts;
mod keys;
mod model;
mod requirements;
mod run;
mod side;
mod steps;
pub(super) mod vector;

use genuine::{UnixMillis, play_integrity::Payload};

use self::run::{Opened, Run};
use super::{
    header::HeaderFacts,
    model::{Token, TokenExplanation, TokenFacts, TokenForm, TokenKind},
};
use crate::model::Verdict;

pub use model::{CertificateDigest, DialogFacts, PlayFacts, Recall};
pub use requirements::PlayRequirements;
pub use side::{PlayBinding, PlayKeys, PlaySide, Secret, certificate_digest, device_label};

/// Explains one.
pub(super) fn explained(token: &Token, form: TokenForm, side: &PlaySide, now: UnixMillis) -> TokenExplanation {
    let opened = Opened::of(token, form, side);
    let payload = opened.json.as_deref().and_then(|json| Payload::parse_answer(json).ok());
    let run = Run { token, form, side, now: side.at.unwrap_or(now), opened: &opened, payload };
    let result = run.verify();
    let verdict = Verdict::new(result, run.missing());
    let facts = run.payload.as_ref().map(|payload| facts::of(&run, payload));
    let segment = |text: &[u8]| text.split(|octet| *octet == b'.').next().and_then(HeaderFacts::of);
    TokenExplanation {
        kind: match form {
            TokenForm::Compact => TokenKind::PlayToken,
            TokenForm::Payload => TokenKind::PlayPayload,
        },
        decoding: token.decoding.clone(),
        steps: steps::report(&run, result.err()),
        header: Some(&token.text).filter(|_| form == TokenForm::Compact).and_then(|text| segment(text)),
        inner_header: opened.text.as_deref().and_then(segment),
        diagnosis: diagnosis::of(&run, &verdict),
        facts: facts.map(|facts| TokenFacts::Play(Box::new(facts))),
        verdict,
    }
}
