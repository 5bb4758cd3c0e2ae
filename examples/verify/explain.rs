//! Runs the engine once and tells its verdict step by step.
//!
//! An [`Error`] knows the step that failed; the steps that run before it have passed, and those after it were not
//! reached. What was compared is read from the public views of the objects; nothing here decides a second time.

use genuine::{
    Error, Step, UnixTime,
    app_attest::{
        AppIdHash, Assertion, AssertionVerifier, AttestationObject, AttestationVerifier, AttestedKey, ClientDataHash,
        Environment, KeyId, MAX_ASSERTION, MAX_ATTESTATION, Policy,
    },
    crypto::{Crypto as _, P256PublicKey, RustCrypto},
    x509::TrustAnchor,
};

use crate::{
    case::{Case, Kind},
    compared::{Asserted, Attested, Hex, of_assertion, of_attestation, of_unparsed, stored_key},
    report::{Fact, Mark, Report, Row},
};

/// The trust anchors, and what to call them.
pub(crate) struct Anchors<'a> {
    pub(crate) trusted: Vec<TrustAnchor<'a>>,
    pub(crate) names: Vec<String>,
}

/// A step with its title and what its passing means.
type StepRow = (Step, &'static str, &'static str);

/// The steps of an attestation in the order in which the engine runs them: parsing, then the checks from cheap to dear.
const ATTESTATION_STEPS: &[StepRow] = &[
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
    (Step::Nonce, "Nonce (A2–A4)", "the leaf was issued for this data and your challenge"),
    (Step::Validity, "Validity (A1)", "both certificates are valid at the time"),
    (Step::Chain, "Chain (A1)", "names and roles lead from the leaf to a trust anchor"),
    (Step::IntermediateSignature, "CA signature (A1)", "the trust anchor signed the intermediate"),
    (Step::LeafSignature, "Leaf signature (A1)", "the intermediate signed the leaf"),
];

/// The steps of an assertion, likewise.
const ASSERTION_STEPS: &[StepRow] = &[
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

pub(crate) fn explain(case: &Case, anchors: &Anchors<'_>) -> Report {
    match case.kind {
        Kind::Attestation { now } => explain_attestation(case, anchors, now),
        Kind::Assertion { .. } => explain_assertion(case),
    }
}

fn explain_attestation(case: &Case, anchors: &Anchors<'_>, now: UnixTime) -> Report {
    let parsed = AttestationObject::parse(&case.object);
    let object = parsed.as_ref().ok();
    let verdict =
        parsed.as_ref().map_err(|error| *error).and_then(|object| verify_attestation(case, anchors, now, object));
    let failed = verdict.as_ref().err().map(|error| attestation_step(*error, object));
    let rows = rows(ATTESTATION_STEPS, object.is_some(), failed, |step, hex| {
        object.map_or_else(
            || of_unparsed(step, case, MAX_ATTESTATION, "a3"),
            |object| Attested { case, anchors, now, object, hex }.facts(step),
        )
    });
    Report { rows, verdict }
}

fn verify_attestation(
    case: &Case,
    anchors: &Anchors<'_>,
    now: UnixTime,
    object: &AttestationObject<'_>,
) -> Result<Vec<Fact>, Error> {
    let key_id = KeyId::from_base64(case.key_id.as_deref().unwrap_or_default())?;
    let rules = Rules::new(case)?;
    let verifier = AttestationVerifier::new(rules.policy(), &anchors.trusted, &RustCrypto);
    let proof = verifier.verify(object, &key_id, &ClientDataHash(&case.client_data_hash), now)?;
    if let Some(expected) = &case.public_key {
        // The identifier fits the attested key; a file that says another key speaks of another identifier.
        let expected = P256PublicKey::from_uncompressed(expected).ok_or(Error::PublicKeyInvalid)?;
        same_key(KeyId::of(&expected, &RustCrypto)?, proof.key().id())?;
    }
    Ok(of_attestation(case, &proof))
}

/// The step of an error. A key that proves to be none after it was parsed is found by a later step than parsing.
fn attestation_step(error: Error, object: Option<&AttestationObject<'_>>) -> Step {
    match (error.step(), object) {
        (Step::Certificates, Some(object)) if RustCrypto.check_p256(&object.leaf_key()).is_err() => Step::CredentialKey,
        (Step::Certificates, Some(_)) => Step::Chain,
        (step, _) => step,
    }
}

fn explain_assertion(case: &Case) -> Report {
    let parsed = Assertion::parse(&case.object);
    let assertion = parsed.as_ref().ok();
    let verdict = parsed.as_ref().map_err(|error| *error).and_then(|assertion| verify_assertion(case, assertion));
    let failed = verdict.as_ref().err().map(|error| error.step());
    let rows = rows(ASSERTION_STEPS, assertion.is_some(), failed, |step, hex| {
        assertion.map_or_else(
            || of_unparsed(step, case, MAX_ASSERTION, "a2"),
            |assertion| Asserted { case, assertion, hex }.facts(step),
        )
    });
    Report { rows, verdict }
}

fn verify_assertion(case: &Case, assertion: &Assertion<'_>) -> Result<Vec<Fact>, Error> {
    let rules = Rules::new(case)?;
    let [app] = rules.apps;
    let point = stored_key(case).ok_or(Error::PublicKeyInvalid)?;
    let environment = case.environment.unwrap_or(Environment::Production);
    let key = AttestedKey::from_trusted_parts(&point, app, environment, &RustCrypto)?;
    if let Some(text) = &case.key_id {
        same_key(KeyId::from_base64(text)?, key.id())?;
    }
    let verifier = AssertionVerifier::new(rules.policy(), &RustCrypto);
    let authentic = verifier.verify(assertion, &key, &ClientDataHash(&case.client_data_hash))?;
    // No counter stored is an unknown key, never a counter of zero.
    let Kind::Assertion { last: Some(last) } = case.kind else { return Err(Error::UnknownKey) };
    Ok(of_assertion(case, &authentic.accept(last)?))
}

/// The two sides of the caller's record have to agree before it can be compared with anything.
fn same_key(one: KeyId, other: KeyId) -> Result<(), Error> {
    if one == other { Ok(()) } else { Err(Error::KeyIdMismatch) }
}

/// The policy that a file asks for, with what it borrows.
struct Rules<'c> {
    case: &'c Case,
    apps: [AppIdHash; 1],
    bundle_versions: Vec<&'c str>,
}

impl<'c> Rules<'c> {
    fn new(case: &'c Case) -> Result<Self, Error> {
        let apps = [AppIdHash::of(&case.app_id, &RustCrypto)?];
        Ok(Self { case, apps, bundle_versions: case.bundle_versions.iter().map(String::as_str).collect() })
    }

    fn policy(&self) -> Policy<'_> {
        let mut policy = Policy::new(&self.apps);
        match (self.case.environment, self.case.kind) {
            (Some(Environment::Development), _) => policy = policy.only_development(),
            // An assertion does not say where its key was attested: without a word of the file, both will do.
            (None, Kind::Assertion { .. }) => policy = policy.allow_development(),
            _ => {}
        }
        if !self.case.categories.is_empty() {
            policy = policy.require_categories(&self.case.categories);
        }
        if !self.bundle_versions.is_empty() {
            policy = policy.require_bundle_versions(&self.bundle_versions);
        }
        policy
    }
}

/// Marks each step and asks for what it compared, unless it was not reached.
fn rows(steps: &[StepRow], parsed: bool, failed: Option<Step>, compared: impl Fn(Step, Hex) -> Vec<Fact>) -> Vec<Row> {
    let position = failed.and_then(|failed| steps.iter().position(|(step, ..)| *step == failed));
    let row = |(index, &(step, title, meaning)): (usize, &StepRow)| {
        // An object that was not parsed was not compared with anything, wherever the fault lay.
        let run = parsed || step <= Step::SignatureForm;
        let (mark, facts) = match position {
            Some(position) if index == position => (Mark::Failed, compared(step, Hex::Whole)),
            Some(position) if index > position || !run => (Mark::NotReached, Vec::new()),
            _ => (Mark::Passed, compared(step, Hex::Short)),
        };
        Row { mark, title, meaning, facts }
    };
    steps.iter().enumerate().map(row).collect()
}
