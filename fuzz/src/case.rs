//! Objects with everything that is said about them, verified by the engine.

use std::{env, fs, path::Path, sync::LazyLock};

use genuine::{
    Error, UnixTime,
    app_attest::{
        AppIdHash, Assertion, AssertionCrypto, AssertionVerifier, AttestationCrypto, AttestationObject,
        AttestationVerifier, AttestedKey, ClientDataHash, Counter, Environment, Environments, KeyId, Policy,
        ReplayWindow, VerifiedAssertion, VerifiedAttestation,
    },
    crypto::{P256, PublicKey},
};
use genuine_testvectors::{
    Device, Environment as Of, Generation, Kind, Mutation, Requirements, Vector, auth_data::FLAG_ED, keys::sha256,
};
use genuine_testvectors_runner::Terms;

use crate::around::{anchors, devices};

/// The one environment that the policy allows, if it is known.
fn environment(vector: &Vector) -> Option<Environment> {
    vector.environment.map(|environment| match environment {
        Of::Production => Environment::Production,
        Of::Development => Environment::Development,
    })
}

fn app(vector: &Vector) -> AppIdHash {
    AppIdHash(sha256(&[vector.app_id.as_bytes()]))
}

/// The policy of the vector's app, behind one of another app that demands nothing.
fn policies<'t>(terms: &'t Terms<'_>, vector: &Vector) -> [Policy<'t>; 2] {
    let app = app(vector);
    let other = AppIdHash(sha256(&[b"beside ", &app.0]));
    [
        Policy::new(other).with_environments(Environments::ProductionAndDevelopment),
        terms.policy(app, environment(vector)),
    ]
}

/// Verifies an attestation object under what the vector says, which may have been said of another object.
pub(crate) fn verify_attestation<'i>(
    vector: &Vector,
    object: &AttestationObject<'i>,
    crypto: &impl AttestationCrypto,
) -> Result<VerifiedAttestation<'i>, Error> {
    let key_id = KeyId::from_slice(&vector.key_id)?;
    let now = UnixTime(vector.valid_at.unwrap_or_default());
    let (terms, anchors) = (Terms::of(vector), anchors());
    let policies = policies(&terms, vector);
    let verifier = AttestationVerifier::new(&policies, &anchors, crypto)?;
    let proof = verifier.verify(object, &key_id, &ClientDataHash::new(&vector.client_data_hash)?, now)?;
    assert_eq!(proof.app_index(), 1);
    Ok(proof)
}

/// Verifies an assertion under what the vector says, with the key that it names.
pub(crate) fn verify_assertion<'i>(
    vector: &Vector,
    assertion: &Assertion<'i>,
    crypto: &impl AssertionCrypto,
) -> Result<VerifiedAssertion<'i>, Error> {
    let terms = Terms::of(vector);
    let policies = policies(&terms, vector);
    let verifier = AssertionVerifier::new(&policies, crypto)?;
    let client_data = ClientDataHash::new(&vector.client_data_hash)?;
    let point = PublicKey::<P256>::from_uncompressed(&vector.public_key).ok_or(Error::PublicKeyInvalid)?;
    let key = |app, environment| AttestedKey::from_trusted_parts(&point, app, environment, crypto);
    let (environment, other) = match vector.environment {
        Some(Of::Development) => (Environment::Development, Environment::Production),
        _ => (Environment::Production, Environment::Development),
    };
    let window = vector.previous_window.as_deref().map(ReplayWindow::from_trusted_bytes).transpose()?;
    let authentic = verifier.verify(assertion, &key(app(vector), environment)?, &client_data)?;
    // The same key, attested for another app or in another place, is another key.
    let elsewhere = verifier.verify(assertion, &key(AppIdHash([0; 32]), environment)?, &client_data);
    assert_eq!(elsewhere.map(drop), Err(Error::RpIdMismatch));
    if vector.environment.is_some() {
        let elsewhere = verifier.verify(assertion, &key(app(vector), other)?, &client_data);
        assert_eq!(elsewhere.map(drop), Err(Error::EnvironmentMismatch));
    }
    let proof = match window {
        Some(window) => authentic.accept_in_window_without_store(window).map(|(proof, _)| proof),
        None => authentic.accept_without_store(Counter(vector.previous_counter.unwrap_or_default())),
    }?;
    assert_eq!(proof.app_index(), 1);
    Ok(proof)
}

/// The good objects that the targets with real cryptography start from: of simulated devices, each of an app of its own,
/// and of real devices if `GENUINE_REAL_VECTORS` names their directory.
pub(crate) fn good(kind: Kind) -> impl Iterator<Item = &'static Vector> {
    static GOOD: LazyLock<Vec<Vector>> = LazyLock::new(|| [simulated(), real()].concat());
    GOOD.iter().filter(move |vector| vector.kind == kind)
}

/// The objects of the committed vectors that are refused: each a fault that somebody thought of.
pub(crate) fn refused(kind: Kind) -> impl Iterator<Item = Vec<u8>> {
    let refused = genuine_testvectors::vectors().filter(move |vector| vector.kind == kind && vector.expected.is_some());
    refused.map(|vector| vector.object)
}

/// Made of the device alone, so that an object in a committed corpus stays what that device made.
///
/// Those of one generation a second time, with an extension map that the flag ED does not announce, and of another one with
/// the unsigned code hash.
fn simulated() -> Vec<Vector> {
    let unannounced = devices().filter(|device| device.generation() == Generation::Ios27);
    let unannounced = unannounced.map(|device| (device, Mutation::default().auth_data(|data| data.flags &= !FLAG_ED)));
    let unsigned = devices().filter(|device| device.generation() == Generation::Ios26);
    let unsigned = unsigned.map(|device| (device.with_cd_hash(), Mutation::default()));
    let devices = devices().map(|device| (device, Mutation::default())).chain(unannounced).chain(unsigned);
    let both = |(number, (device, mutation)): (usize, (Device, Mutation<'_>))| {
        let mut device = device.with_app_id(&format!("FUZZ000000.org.example.app{number}"));
        let attestation = device.attest(b"a challenge");
        let assertion = device.assert(b"a request");
        let attested = Vector {
            id: device.app_id().to_owned(),
            threat: None,
            kind: Kind::Attestation,
            description: None,
            twin: None,
            object: mutation.mint_attestation(&device, &attestation.client_data_hash),
            app_id: device.app_id().to_owned(),
            key_id: device.key_id().to_vec(),
            client_data_hash: attestation.client_data_hash,
            client_data: None,
            environment: Some(device.environment()),
            valid_at: Some(device.issue_time()),
            public_key: device.public_key().to_vec(),
            counter: Some(0),
            previous_counter: None,
            require_categories: Vec::new(),
            require_bundle_versions: Vec::new(),
            requirements: Requirements::default(),
            previous_window: None,
            expected: None,
        };
        let asserted = Vector {
            kind: Kind::Assertion,
            object: mutation.mint_assertion(&device, assertion.counter, &assertion.client_data_hash),
            client_data_hash: assertion.client_data_hash,
            valid_at: None,
            counter: Some(assertion.counter),
            previous_counter: Some(0),
            ..attested.clone()
        };
        [attested, asserted]
    };
    devices.enumerate().flat_map(both).collect()
}

fn real() -> Vec<Vector> {
    let Some(directory) = env::var_os("GENUINE_REAL_VECTORS") else { return Vec::new() };
    let load = |kind: &str| {
        let directory = Path::new(&directory).join(kind);
        let files = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        files.map(|file| {
            let path = file.expect("a directory entry").path();
            let id = path.file_stem().expect("a file name").to_string_lossy();
            Vector::parse(&id, &fs::read_to_string(&path).expect("UTF-8")).expect("a vector")
        })
    };
    load("attestations").chain(load("assertions")).collect()
}
