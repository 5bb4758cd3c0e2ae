//! The bundled vectors as cases.

use genuine::{
    Error, UnixTime,
    app_attest::{Counter, Environment, KeyId, OsBuild, OsVersion, Platform, ReplayWindow, ValidationCategory},
    crypto::{Crypto, P256PublicKey, P384PublicKey},
};
use genuine_testvectors::{Kind, TestPki, Vector};

use super::{AssertionCase, AttestationCase, Launch, app_hash, environment, trusted_key};

/// Verifies a vector, an assertion after its previous counter.
pub(crate) fn verify<C: Crypto + ?Sized>(vector: &Vector, pki: &TestPki, crypto: &C) -> Result<(), Error> {
    match vector.kind {
        Kind::Attestation => attestation(vector, pki)?.verify_with(crypto).map(drop),
        Kind::Assertion => {
            let case = assertion(vector)?;
            match &vector.previous_window {
                Some(window) => {
                    let window = ReplayWindow::from_trusted_bytes(window)?;
                    case.verify_with(crypto)?.accept_in_window(window).map(drop)
                }
                None => case.verify_with(crypto)?.accept(Counter(vector.previous_counter.unwrap())).map(drop),
            }
        }
    }
}

/// An attestation; its key identifier may be none.
pub(crate) fn attestation(vector: &Vector, pki: &TestPki) -> Result<AttestationCase, Error> {
    Ok(AttestationCase {
        object: vector.object.clone(),
        key_id: KeyId::from_slice(&vector.key_id)?,
        client_data: vector.client_data_hash.clone(),
        apps: vec![app_hash(&vector.app_id)],
        environment: environment(vector.environment.unwrap()),
        launch: launch(vector),
        now: UnixTime(vector.valid_at.unwrap()),
        root_subject: pki.root_subject(),
        root_key: P384PublicKey::from_uncompressed(&pki.root_point()).unwrap(),
    })
}

/// An assertion; its environment has no say.
pub(crate) fn assertion(vector: &Vector) -> Result<AssertionCase, Error> {
    let app = app_hash(&vector.app_id);
    let key = P256PublicKey::from_uncompressed(&vector.public_key).ok_or(Error::PublicKeyInvalid)?;
    Ok(AssertionCase {
        object: vector.object.clone(),
        key: trusted_key(&key, app, Environment::Production),
        client_data: vector.client_data_hash.clone(),
        apps: vec![app],
        environment: Environment::Production,
        launch: launch(vector),
    })
}

fn launch(vector: &Vector) -> Launch {
    let categories: Vec<_> = vector.require_categories.iter().copied().map(ValidationCategory).collect();
    let versions: Vec<_> = vector.require_bundle_versions.iter().map(|version| &*version.clone().leak()).collect();
    let required = &vector.requirements;
    Launch {
        categories: (!categories.is_empty()).then_some(categories),
        versions: (!versions.is_empty()).then_some(versions),
        code_hashes: listed(&required.code_hashes, |hash| &*hash.0.clone().leak()),
        platforms: listed(&required.platforms, |name| platform(name)),
        os_version: required.os_version.as_deref().map(|least| OsVersion::parse(least).unwrap()),
        os_builds: listed(&required.os_builds, |(name, least)| (platform(name), OsBuild::parse(least).unwrap())),
        macos_access_control: required.macos_access_control.as_ref().map(|list| list.0.clone()),
        attestation_age: required.attestation_age,
        counter_step: required.counter_step,
    }
}

fn platform(name: &str) -> Platform<'static> {
    Platform::named(name.to_owned().leak())
}

/// What a policy lists; an empty list is no requirement.
fn listed<T, U>(values: &[T], convert: impl Fn(&T) -> U) -> Option<Vec<U>> {
    (!values.is_empty()).then(|| values.iter().map(convert).collect())
}
