//! JSON Web Tokens of three segments, run through the engine and explained: session tokens, attestations of OAuth clients, and the
//! proofs that come with those.

mod backend;
mod diagnosis;
mod facts;
mod model;
mod run;
mod side;
mod steps;
pub(super) mod vector;

use genuine::UnixTime;

use self::run::Run;
use super::{
    header::HeaderFacts,
    model::{Token, TokenExplanation, TokenFacts, TokenKind},
};
use crate::model::Verdict;

pub use model::{Claim, SessionFacts};
pub use side::{SessionKey, SessionKeys, SessionSide};

/// Explains one.
pub(super) fn explained(token: &Token, side: &SessionSide, now: UnixTime) -> TokenExplanation {
    let run = Run::new(token, side, now);
    let result = run.verify();
    let verdict = Verdict::new(result, run.missing());
    let facts = facts::of(&run, run.is_authentic(result));
    TokenExplanation {
        kind: TokenKind::Jwt,
        decoding: token.decoding.clone(),
        steps: steps::report(&run, result.err()),
        header: run.segments.first().and_then(|segment| HeaderFacts::of(segment)),
        inner_header: None,
        diagnosis: diagnosis::of(&run, &verdict),
        facts: facts.map(|facts| TokenFacts::Session(Box::new(facts))),
        verdict,
    }
}
