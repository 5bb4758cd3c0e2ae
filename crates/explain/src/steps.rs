//! The steps of a verification, their order, and what each of them says.
//!
//! An [`Error`] knows the step that failed; the steps that run before it have passed, and those after it
//! were not reached.

use genuine::{Error, app_attest::Step};

use crate::{
    caller::{CallerSide, StoredKey},
    model::{Compared, Kind, Mark, StepReport},
    stage::Stage::{self, Of, YourSide},
};

/// A stage with its title and what its passing means.
type Row = (Stage, &'static str, &'static str);

/// The steps of an attestation in the order in which the engine runs them: parsing, then the checks from cheap to expensive.
const ATTESTATION: &[Row] = &[
    (Of(Step::Kind), "Kind", "it is not an assertion"),
    (Of(Step::Size), "Size", "the object is no larger than any genuine one"),
    (Of(Step::Encoding), "Encoding", "it is one strict CBOR map: fmt, attStmt, authData"),
    (Of(Step::Certificates), "Certificates", "leaf and intermediate are X.509 v3 in strict DER"),
    (Of(Step::AuthenticatorData), "Authenticator data", "its fields fill it exactly"),
    (YourSide, "Your side", "what the object is held against is well-formed"),
    (Of(Step::AppId), "App ID (A6)", "the key was made by an app of yours"),
    (Of(Step::CounterZero), "Counter zero (A7)", "the key has not signed anything yet"),
    (Of(Step::Environment), "Environment (A8)", "the AAGUID names an environment that you allow"),
    (Of(Step::KeyId), "Key identifier (A5)", "the key that the client names is the certified one"),
    (Of(Step::CredentialId), "Credential ID (A9)", "the authenticator data names the same key"),
    (Of(Step::CredentialKey), "Credential key", "the authenticator data holds the same key, on P-256"),
    (Of(Step::Launch), "Launch data", "the app was distributed as you require (iOS 27)"),
    (Of(Step::Device), "Device", "the device and its system are as you require"),
    (Of(Step::Nonce), "Nonce (A2–A4)", "the leaf was issued for this data and your challenge"),
    (Of(Step::Validity), "Validity (A1)", "both certificates are valid at the time"),
    (Of(Step::Chain), "Chain (A1)", "names, roles and keys lead from leaf to trust anchor"),
    (Of(Step::IntermediateSignature), "CA signature (A1)", "the trust anchor signed the intermediate"),
    (Of(Step::LeafSignature), "Leaf signature (A1)", "the intermediate signed the leaf"),
];

/// The steps of an assertion, likewise.
const ASSERTION: &[Row] = &[
    (Of(Step::Kind), "Kind", "it is not an attestation"),
    (Of(Step::Size), "Size", "the object is no larger than any genuine one"),
    (Of(Step::Encoding), "Encoding", "it is one strict CBOR map: signature, authenticatorData"),
    (Of(Step::AuthenticatorData), "Authenticator data", "its fields fill it exactly"),
    (Of(Step::SignatureForm), "Signature form", "the signature is an ECDSA-Sig-Value in strict DER"),
    (YourSide, "Your side", "what the object is held against is well-formed"),
    (Of(Step::KeyId), "Key identifier", "the stored identifier is that of the stored key"),
    (Of(Step::AppId), "App ID (B4)", "the app is the one that the key was attested for"),
    (Of(Step::Environment), "Environment", "the key was attested in an environment that you allow"),
    (Of(Step::Launch), "Launch data", "the app was distributed as you require (iOS 27)"),
    (Of(Step::Signature), "Signature (B1–B3)", "the attested key signed this data and your client data"),
    (Of(Step::CounterRisen), "Counter risen (B5)", "the assertion is newer than the last accepted one"),
];

const fn rows(kind: Kind) -> &'static [Row] {
    match kind {
        Kind::Attestation => ATTESTATION,
        Kind::Assertion => ASSERTION,
    }
}

/// What is true if a step passes.
pub(crate) fn meaning(kind: Kind, stage: Stage) -> &'static str {
    rows(kind)
        .iter()
        .find(|(found, ..)| *found == stage)
        .map_or("the object is as it has to be", |(.., meaning)| meaning)
}

/// Marks each step and asks for what it compared, unless it was not reached.
pub(crate) fn report(
    kind: Kind,
    parsed: bool,
    failed: Option<Error>,
    side: &CallerSide,
    compared: impl Fn(Stage) -> Vec<Compared>,
) -> Vec<StepReport> {
    let rows = rows(kind);
    let position = failed.and_then(|error| rows.iter().position(|(stage, ..)| *stage == Stage::of(error)));
    let row = |(index, &(stage, title, meaning)): (usize, &Row)| {
        // An object that was not parsed was not compared with anything, wherever the fault lay.
        let run = parsed || stage.is_of_parsing();
        let (mark, compared) = match position {
            Some(position) if index == position => (Mark::Failed, compared(stage)),
            Some(position) if index > position || !run => (Mark::NotReached, Vec::new()),
            _ if !is_asked(kind, stage, side) => (Mark::NotAsked, compared(stage)),
            _ => (Mark::Passed, compared(stage)),
        };
        // The step asks more than its title says where the policy limits the age.
        let meaning = match failed {
            Some(Error::AttestationTooOld) if mark == Mark::Failed => "the attestation is no older than you allow",
            _ => meaning,
        };
        StepReport { step: stage.name(), title, meaning, mark, compared }
    };
    rows.iter().enumerate().map(row).collect()
}

/// Whether the caller told what this step compares with.
fn is_asked(kind: Kind, stage: Stage, side: &CallerSide) -> bool {
    let stored = side.public_key.as_ref().is_some_and(StoredKey::is_record);
    match (kind, stage) {
        (_, Of(Step::AppId)) => side.app_id.is_some() || (kind == Kind::Assertion && stored),
        (_, Of(Step::Environment)) => side.requirements.environment.is_some() || (kind == Kind::Assertion && stored),
        (Kind::Attestation, Of(Step::KeyId)) => side.key_id.is_some(),
        (Kind::Assertion, Of(Step::KeyId)) => side.key_id.is_some() && side.public_key.is_some(),
        (_, Of(Step::Nonce)) => side.client_data.is_some(),
        (_, Of(Step::Signature)) => side.public_key.is_some() && side.client_data.is_some(),
        (_, Of(Step::CounterRisen)) => side.last_counter.is_some(),
        _ => true,
    }
}
