//! One object, run through the engine once and explained.

use genuine::{
    UnixTime,
    app_attest::{Assertion, AttestationObject},
};

use crate::{
    anchors::Anchors,
    assertion::{self, Asserted},
    attestation::{self, Attested},
    caller::CallerSide,
    compared,
    diagnosis::{self, Subject},
    facts,
    input::Object,
    model::{Explanation, Kind, Outcome, Verdict},
    outline::Outline,
    steps,
    text::hex,
};

/// Explains an object: as what it is verified, what the engine answers, step by step, what the object says, and what it
/// means.
///
/// `kind` is what the caller expects, or `None` to take it for what it is. `now` is the time of verification where
/// `side` tells none.
#[must_use]
pub fn explain(
    object: &Object,
    kind: Option<Kind>,
    side: &CallerSide,
    anchors: &Anchors,
    now: UnixTime,
) -> Explanation {
    let outline = Outline::of(&object.bytes);
    let detected = outline.kind();
    let kind = kind.or(detected).unwrap_or(Kind::Attestation);
    let call = Call { object, outline: &outline, detected, side };
    match kind {
        Kind::Attestation => call.attestation(anchors, side.at.unwrap_or(now)),
        Kind::Assertion => call.assertion(),
    }
}

struct Call<'c> {
    object: &'c Object,
    outline: &'c Outline,
    detected: Option<Kind>,
    side: &'c CallerSide,
}

impl Call<'_> {
    fn attestation(&self, anchors: &Anchors, now: UnixTime) -> Explanation {
        let Self { object, outline, detected, side } = *self;
        let kind = Kind::Attestation;
        let parsed = AttestationObject::parse(&object.bytes);
        let attested = parsed.as_ref().map(|object| Attested { object, side, anchors, now });
        let result = attested.as_ref().map_err(|error| **error).and_then(Attested::verify);
        let attested = attested.ok();
        let steps = steps::report(kind, attested.is_some(), result.err(), side, |stage| match &attested {
            Some(attested) => compared::of_attestation(attested, object.bytes.len(), stage),
            None => compared::of_unparsed(kind, &object.bytes, stage),
        });
        let verdict = Verdict::new(result, attestation::missing(side));
        let mut facts = attested.map(|attested| facts::of_attestation(&attested, outline));
        if let Some(facts) = &mut facts {
            facts.proved = verdict.verdict == Outcome::Accepted;
            facts.size = object.bytes.len();
            facts.unsigned_code_hash_hex = outline.code_hash.as_deref().map(hex);
        }
        let chain = attested.map(|attested| attested.chain());
        let diagnosis = diagnosis::of(&Subject {
            kind,
            detected,
            object,
            outline,
            side,
            verdict: &verdict,
            facts: facts.as_ref(),
            chain: chain.as_ref(),
            attested,
            asserted: None,
        });
        Explanation { kind, detected, decoding: object.decoding.clone(), verdict, steps, facts, chain, diagnosis }
    }

    fn assertion(&self) -> Explanation {
        let Self { object, outline, detected, side } = *self;
        let kind = Kind::Assertion;
        let parsed = Assertion::parse(&object.bytes);
        let asserted = parsed.as_ref().map(|assertion| Asserted { assertion, side });
        let result = asserted.as_ref().map_err(|error| **error).and_then(Asserted::verify);
        let asserted = asserted.ok();
        let steps = steps::report(kind, asserted.is_some(), result.err(), side, |stage| match &asserted {
            Some(asserted) => compared::of_assertion(asserted, object.bytes.len(), stage),
            None => compared::of_unparsed(kind, &object.bytes, stage),
        });
        let verdict = Verdict::new(result, assertion::missing(side));
        let mut facts = asserted.map(|asserted| facts::of_assertion(&asserted));
        if let Some(facts) = &mut facts {
            facts.proved = verdict.verdict == Outcome::Accepted;
            facts.size = object.bytes.len();
            facts.unsigned_code_hash_hex = outline.code_hash.as_deref().map(hex);
        }
        let diagnosis = diagnosis::of(&Subject {
            kind,
            detected,
            object,
            outline,
            side,
            verdict: &verdict,
            facts: facts.as_ref(),
            chain: None,
            attested: None,
            asserted,
        });
        Explanation { kind, detected, decoding: object.decoding.clone(), verdict, steps, facts, chain: None, diagnosis }
    }
}
