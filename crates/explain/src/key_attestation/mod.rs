//! Android key attestations, run through the engine and explained.

mod certificate;
mod chain;
mod description;
mod diagnosis;
mod facts;
mod links;
mod model;
mod roots;
mod run;
mod side;
mod steps;
mod vector;

use genuine::UnixTime;

use self::run::Run;
use crate::{
    model::{Outcome, Verdict},
    stage::step_name,
};

pub use chain::CertificateChain;
pub use description::{DescriptionRow, Member, Members, key_description};
pub use model::{Failure, KeyAttestationExplanation, KeyCertificateFacts, KeyChainFacts};
pub use roots::KeyAttestationRoots;
pub use side::{KeyAttestationRequirements, KeyAttestationSide, RevocationList};
pub use vector::KeyAttestationVector;

/// Explains a key attestation: what the engine answers, step by step, what the certificates and the leaf say, and what that means.
///
/// `now` is the time of verification where `side` tells none.
#[must_use]
pub fn explain_key_attestation(
    chain: &CertificateChain,
    side: &KeyAttestationSide,
    roots: &KeyAttestationRoots,
    now: UnixTime,
) -> KeyAttestationExplanation {
    let run = Run::new(chain, side, roots, now);
    let result = run.verify();
    let verdict = Verdict::new(result, run.missing());
    let (behind, is_finished) = result.err().map_or((Vec::new(), true), |error| run.behind(error));
    let failures: Vec<_> = result.err().into_iter().chain(behind.iter().copied()).collect();
    KeyAttestationExplanation {
        kind: "key_attestation",
        decoding: chain.decoding.clone(),
        steps: steps::report(&run, &failures, is_finished),
        chain: run.chain_facts(),
        proved: verdict.verdict == Outcome::Accepted,
        key_description: run.described().map(key_description),
        diagnosis: diagnosis::of(&run, &verdict, &behind),
        behind: behind
            .into_iter()
            .map(|error| Failure { code: error.code(), name: error.name(), step: step_name(error) })
            .collect(),
        verdict,
    }
}
