//! Every minted vector, against its exact verdict.
//!
//! A bad vector differs from its twin in one place. The twin has to pass, so that a fault of the minting cannot look like
//! a fault found.

use std::collections::{BTreeMap, BTreeSet};

use genuine::app_attest::{
    AppIdHash, Assertion, AssertionVerifier, AttestationObject, AttestationVerifier, AttestedKey, ClientDataHash,
    Counter, Environment, KeyId, Policy, ValidationCategory,
};
use genuine::crypto::{P256PublicKey, P384PublicKey, RustCrypto};
use genuine::x509::TrustAnchor;
use genuine::{Error, UnixTime};
use genuine_testvectors::{Kind, TestPki, Vector, vectors};

/// What no minted object and nothing that a client says about it can provoke, with the reason.
const NOT_PROVOKED: &[(Error, &str)] = &[
    (Error::UnknownKey, "the answer of a counter store"),
    (Error::CryptoUnavailable, "the answer of a backend"),
    (Error::ConfigNoAppId, "configuration"),
    (Error::ConfigNoAnchor, "configuration"),
    (Error::ConfigInvalidAnchor, "configuration"),
    (Error::StoredKeyMalformed, "a stored key"),
    (Error::PublicKeyInvalid, "a public key given by the caller"),
    (Error::StoreUnavailable, "the answer of a counter store"),
];

#[test]
fn every_vector_has_its_verdict() {
    let anchor = Anchor::of(&TestPki::default());
    let verdicts: BTreeMap<String, (Vector, Result<(), Error>)> =
        vectors().map(|vector| (vector.id.clone(), (vector.clone(), verify(&vector, &anchor)))).collect();
    assert!(verdicts.len() > 100, "the vectors are bundled");

    let mut wrong = Vec::new();
    for (id, (vector, verdict)) in &verdicts {
        let found = verdict.map_or_else(Error::name, |()| "pass");
        let expected = vector.expected.as_deref().unwrap_or("pass");
        if found != expected {
            wrong.push(format!("{id}: expected {expected}, found {found}: {:?}", vector.description));
        }
        match vector.twin.as_ref().map(|twin| &verdicts[twin]) {
            None => assert_eq!(vector.expected, None, "{id}: a bad vector has a twin"),
            Some((twin, verdict)) => {
                assert_ne!(vector.expected, None, "{id}: a good vector needs no twin");
                assert_eq!(twin.kind, vector.kind, "{id}: a twin is of one kind");
                assert_eq!(*verdict, Ok(()), "{id}: the twin passes");
            }
        }
    }
    assert!(wrong.is_empty(), "{} verdicts differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_error_that_an_object_can_provoke_is_provoked() {
    let provoked: BTreeSet<String> = vectors().filter_map(|vector| vector.expected).collect();
    for name in &provoked {
        assert!(Error::ALL.iter().any(|error| error.name() == name), "{name} is no error");
    }
    for error in Error::ALL {
        let excused = NOT_PROVOKED.iter().any(|(exception, _)| exception == error);
        assert_ne!(provoked.contains(error.name()), excused, "{error}");
    }
}

/// The root of a test authority, owned, because a trust anchor borrows.
struct Anchor {
    subject: Vec<u8>,
    key: P384PublicKey,
}

impl Anchor {
    fn of(pki: &TestPki) -> Self {
        let key = P384PublicKey::from_uncompressed(&pki.root_point()).expect("an uncompressed point");
        Self { subject: pki.root_subject(), key }
    }
}

fn verify(vector: &Vector, anchor: &Anchor) -> Result<(), Error> {
    let app_id = AppIdHash::of(&vector.app_id, &RustCrypto)?;
    let apps = [app_id];
    let categories: Vec<_> = vector.require_categories.iter().copied().map(ValidationCategory).collect();
    let versions: Vec<_> = vector.require_bundle_versions.iter().map(String::as_str).collect();

    let development = vector.environment == Some(genuine_testvectors::Environment::Development);
    let mut policy = Policy::new(&apps);
    if development {
        policy = policy.only_development();
    }
    if !categories.is_empty() {
        policy = policy.require_categories(&categories);
    }
    if !versions.is_empty() {
        policy = policy.require_bundle_versions(&versions);
    }
    let client_data = ClientDataHash(&vector.client_data_hash);

    match vector.kind {
        Kind::Attestation => {
            let object = AttestationObject::parse(&vector.object)?;
            let key_id = KeyId::from_slice(&vector.key_id)?;
            let now = UnixTime(vector.valid_at.expect("an attestation has a time"));
            let anchors = [TrustAnchor::new(&anchor.subject, anchor.key)];
            let verified =
                AttestationVerifier::new(policy, &anchors, &RustCrypto).verify(&object, &key_id, &client_data, now)?;
            assert_eq!(verified.key().id(), key_id, "{}", vector.id);
            assert_eq!(verified.key().public_key().0, vector.public_key[1..], "{}", vector.id);
            Ok(())
        }
        Kind::Assertion => {
            let assertion = Assertion::parse(&vector.object)?;
            let environment = if development { Environment::Development } else { Environment::Production };
            let point = P256PublicKey::from_uncompressed(&vector.public_key).ok_or(Error::PublicKeyInvalid)?;
            let key = AttestedKey::from_trusted_parts(&point, app_id, environment, &RustCrypto)?;
            let authentic = AssertionVerifier::new(policy, &RustCrypto).verify(&assertion, &key, &client_data)?;
            let last = Counter(vector.previous_counter.expect("an assertion has a predecessor"));
            let accepted = authentic.accept(last)?;
            assert!(accepted.counter() > last, "{}", vector.id);
            Ok(())
        }
    }
}
