//! The steps of a verification, their order, and what each of them says.
//!
//! An [`Error`](genuine::Error) knows the step that failed; the steps that run before it have passed, and those after it
//! were not reached.

use genuine::{Error, Step};

use crate::{
    caller::{CallerSide, StoredKey},
    model::{Compared, Kind, Mark, StepReport, step_name},
};

/// A step with its title and what its passing means.
type Row = (Step, &'static str, &'static str);

/// The steps of an attestation in the order in which the engine runs them: parsing, then the checks from cheap to expensive.
const ATTESTATION: &[Row] = &[
    (Step::Kind, "Kind", "it is not an assertion"),
    (Step::Size, "Size", "the object is no larger than any genuine one"),
    (Step::Encoding, "Encoding", "it is one strict CBOR map: fmt, attStmt, authData"),
    (Step::Certificates, "Certificates", "leaf and intermediate are X.509 v3 in strict DER"),
    (Step::AuthenticatorData, "Authenticator data", "its fields fill it exactly"),
    (Step::Configuration, "Your side", "what the object is held against is well-formed"),
    (Step::AppId, "App ID (A6)", "the key was made by an app of yours"),
    (Step::CounterZero, "Counter zero (A7)", "the key has not signed anything yet"),
    (Step::Environment, "Environment (A8)", "the AAGUID names an environment that you allow"),
    (Step::KeyId, "Key identifier (A5)", "the key that the client names is the certified one"),
    (Step::CredentialId, "Credential ID (A9)", "the authenticator data names the same key"),
    (Step::CredentialKey, "Credential key", "the authenticator data holds the same key, on P-256"),
    (Step::Launch, "Launch data", "the app was distributed as you require (iOS 27)"),
    (Step::Device, "Device", "the device and its system are as you require"),
    (Step::Nonce, "Nonce (A2–A4)", "the leaf was issued for this data and your challenge"),
    (Step::Validity, "Validity (A1)", "both certificates are valid at the time"),
    (Step::Chain, "Chain (A1)", "names and roles lead from the leaf to a trust anchor"),
    (Step::IntermediateSignature, "CA signature (A1)", "the trust anchor signed the intermediate"),
    (Step::LeafSignature, "Leaf signature (A1)", "the intermediate signed the leaf"),
];

/// The steps of an assertion, likewise.
const ASSERTION: &[Row] = &[
    (Step::Kind, "Kind", "it is not an attestation"),
    (Step::Size, "Size", "the object is no larger than any genuine one"),
    (Step::Encoding, "Encoding", "it is one strict CBOR map: signature, authenticatorData"),
    (Step::AuthenticatorData, "Authenticator data", "its fields fill it exactly"),
    (Step::SignatureForm, "Signature form", "the signature is an ECDSA-Sig-Value in strict DER"),
    (Step::Configuration, "Your side", "what the object is held against is well-formed"),
    (Step::KeyId, "Key identifier", "the stored identifier is that of the stored key"),
    (Step::AppId, "App ID (B4)", "the app is the one that the key was attested for"),
    (Step::Environment, "Environment", "the key was attested in an environment that you allow"),
    (Step::Launch, "Launch data", "the app was distributed as you require (iOS 27)"),
    (Step::Signature, "Signature (B1–B3)", "the attested key signed this data and your client data"),
    (Step::CounterRisen, "Counter risen (B5)", "the assertion is newer than the last accepted one"),
];

const fn rows(kind: Kind) -> &'static [Row] {
    match kind {
        Kind::Attestation => ATTESTATION,
        Kind::Assertion => ASSERTION,
    }
}

/// What is true if a step passes.
pub(crate) fn meaning(kind: Kind, step: Step) -> &'static str {
    rows(kind)
        .iter()
        .find(|(found, ..)| *found == step)
        .map_or("the object is as it has to be", |(.., meaning)| meaning)
}

/// Marks each step and asks for what it compared, unless it was not reached.
pub(crate) fn report(
    kind: Kind,
    parsed: bool,
    failed: Option<(Step, Error)>,
    side: &CallerSide,
    compared: impl Fn(Step) -> Vec<Compared>,
) -> Vec<StepReport> {
    let rows = rows(kind);
    let position = failed.and_then(|(failed, _)| rows.iter().position(|(step, ..)| *step == failed));
    let row = |(index, &(step, title, meaning)): (usize, &Row)| {
        // An object that was not parsed was not compared with anything, wherever the fault lay.
        let run = parsed || step <= Step::SignatureForm;
        let (mark, compared) = match position {
            Some(position) if index == position => (Mark::Failed, compared(step)),
            Some(position) if index > position || !run => (Mark::NotReached, Vec::new()),
            _ if !is_asked(kind, step, side) => (Mark::NotAsked, compared(step)),
            _ => (Mark::Passed, compared(step)),
        };
        // The step asks more than its title says where the policy limits the age.
        let meaning = match failed {
            Some((_, Error::AttestationTooOld)) if mark == Mark::Failed => "the attestation is no older than you allow",
            _ => meaning,
        };
        StepReport { step: step_name(step), title, meaning, mark, compared }
    };
    rows.iter().enumerate().map(row).collect()
}

/// Whether the caller told what this step compares with.
fn is_asked(kind: Kind, step: Step, side: &CallerSide) -> bool {
    let stored = side.public_key.as_ref().is_some_and(StoredKey::is_record);
    match (kind, step) {
        (_, Step::AppId) => side.app_id.is_some() || (kind == Kind::Assertion && stored),
        (_, Step::Environment) => side.requirements.environment.is_some() || (kind == Kind::Assertion && stored),
        (Kind::Attestation, Step::KeyId) => side.key_id.is_some(),
        (Kind::Assertion, Step::KeyId) => side.key_id.is_some() && side.public_key.is_some(),
        (_, Step::Nonce) => side.client_data.is_some(),
        (_, Step::Signature) => side.public_key.is_some() && side.client_data.is_some(),
        (_, Step::CounterRisen) => side.last_counter.is_some(),
        _ => true,
    }
}
