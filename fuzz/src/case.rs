//! Objects with everything that is said about them, verified by the engine.

use std::{env, fs, path::Path, sync::LazyLock};

use genuine::{
    Error, UnixTime,
    app_attest::{
        AppIdHash, Assertion, AssertionVerifier, AttestationObject, AttestationVerifier, AttestedKey, ClientDataHash,
        Counter, Environment, KeyId, OsBuild, OsVersion, Platform, Policy, ReplayWindow, ValidationCategory,
        VerifiedAssertion, VerifiedAttestation,
    },
    crypto::{Crypto, P256PublicKey},
};
use genuine_testvectors::{
    Device, Edits, Environment as Of, Generation, Kind, Requirements, Vector, auth_data::FLAG_ED, keys::sha256,
};

use crate::around::{anchors, devices};

/// What a policy is made of.
struct Terms<'v> {
    apps: [AppIdHash; 1],
    environment: Option<Of>,
    categories: Vec<ValidationCategory>,
    versions: Vec<&'v str>,
    code_hashes: Vec<&'v [u8]>,
    platforms: Vec<Platform<'v>>,
    os_builds: Vec<(Platform<'v>, OsBuild)>,
    requirements: &'v Requirements,
}

impl<'v> Terms<'v> {
    fn of(vector: &'v Vector) -> Self {
        Self {
            apps: [AppIdHash(sha256(&[vector.app_id.as_bytes()]))],
            environment: vector.environment,
            categories: vector.require_categories.iter().copied().map(ValidationCategory).collect(),
            versions: vector.require_bundle_versions.iter().map(String::as_str).collect(),
            code_hashes: vector.requirements.code_hashes.iter().map(|hash| &hash.0[..]).collect(),
            platforms: vector.requirements.platforms.iter().map(|name| Platform::named(name)).collect(),
            os_builds: vector.requirements.os_builds.iter().map(least_build).collect(),
            requirements: &vector.requirements,
        }
    }

    fn policy(&self) -> Policy<'_> {
        let policy = match self.environment {
            None => Policy::new(&self.apps).allow_development(),
            Some(Of::Production) => Policy::new(&self.apps),
            Some(Of::Development) => Policy::new(&self.apps).only_development(),
        };
        let policy = if self.categories.is_empty() { policy } else { policy.require_categories(&self.categories) };
        let policy = if self.versions.is_empty() { policy } else { policy.require_bundle_versions(&self.versions) };
        let policy = if self.code_hashes.is_empty() { policy } else { policy.require_code_hashes(&self.code_hashes) };
        let policy = if self.platforms.is_empty() { policy } else { policy.require_platforms(&self.platforms) };
        let policy = if self.os_builds.is_empty() { policy } else { policy.require_os_builds(&self.os_builds) };
        let Requirements { os_version, macos_access_control, attestation_age, counter_step, .. } = self.requirements;
        let version = os_version.as_deref().map(|version| OsVersion::parse(version).expect("a version"));
        let policy = version.map_or(policy, |version| policy.require_os_version(version));
        let policy = match macos_access_control {
            Some(list) => policy.require_macos_access_control(&list.0),
            None => policy,
        };
        let policy = attestation_age.map_or(policy, |seconds| policy.limit_attestation_age(seconds));
        counter_step.map_or(policy, |greatest| policy.limit_counter_step(greatest))
    }
}

fn least_build((platform, build): &(String, String)) -> (Platform<'_>, OsBuild) {
    (Platform::named(platform), OsBuild::parse(build).expect("a build"))
}

/// Verifies an attestation object under what the vector says, which may have been said of another object.
pub(crate) fn verify_attestation<'i>(
    vector: &Vector,
    object: &AttestationObject<'i>,
    crypto: &impl Crypto,
) -> Result<VerifiedAttestation<'i>, Error> {
    let key_id = KeyId::from_slice(&vector.key_id)?;
    let now = UnixTime(vector.valid_at.unwrap_or_default());
    AttestationVerifier::new(Terms::of(vector).policy(), &anchors(), crypto).verify(
        object,
        &key_id,
        &ClientDataHash(&vector.client_data_hash),
        now,
    )
}

/// Verifies an assertion under what the vector says, with the key that it names.
pub(crate) fn verify_assertion<'i>(
    vector: &Vector,
    assertion: &Assertion<'i>,
    crypto: &impl Crypto,
) -> Result<VerifiedAssertion<'i>, Error> {
    let terms = Terms::of(vector);
    let verifier = AssertionVerifier::new(terms.policy(), crypto);
    let client_data = ClientDataHash(&vector.client_data_hash);
    let point = P256PublicKey::from_uncompressed(&vector.public_key).ok_or(Error::PublicKeyInvalid)?;
    let key = |app, environment| AttestedKey::from_trusted_parts(&point, app, environment, crypto);
    let (environment, other) = match vector.environment {
        Some(Of::Development) => (Environment::Development, Environment::Production),
        _ => (Environment::Production, Environment::Development),
    };
    let window = vector.previous_window.as_deref().map(ReplayWindow::from_trusted_bytes).transpose()?;
    let authentic = verifier.verify(assertion, &key(terms.apps[0], environment)?, &client_data)?;
    // The same key, attested for another app or in another place, is another key.
    let elsewhere = verifier.verify(assertion, &key(AppIdHash([0; 32]), environment)?, &client_data);
    assert_eq!(elsewhere.map(drop), Err(Error::RpIdMismatch));
    if vector.environment.is_some() {
        let elsewhere = verifier.verify(assertion, &key(terms.apps[0], other)?, &client_data);
        assert_eq!(elsewhere.map(drop), Err(Error::EnvironmentMismatch));
    }
    match window {
        Some(window) => authentic.accept_in_window(window).map(|(proof, _)| proof),
        None => authentic.accept(Counter(vector.previous_counter.unwrap_or_default())),
    }
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
    let unannounced = unannounced.map(|device| (device, Edits::default().auth_data(|data| data.flags &= !FLAG_ED)));
    let unsigned = devices().filter(|device| device.generation() == Generation::Ios26);
    let unsigned = unsigned.map(|device| (device.with_cd_hash(), Edits::default()));
    let devices = devices().map(|device| (device, Edits::default())).chain(unannounced).chain(unsigned);
    let both = |(number, (device, edits)): (usize, (Device, Edits<'_>))| {
        let mut device = device.with_app_id(&format!("FUZZ000000.org.example.app{number}"));
        let attestation = device.attest(b"a challenge");
        let assertion = device.assert(b"a request");
        let attested = Vector {
            id: device.app_id().to_owned(),
            kind: Kind::Attestation,
            description: None,
            twin: None,
            object: edits.mint_attestation(&device, &attestation.client_data_hash),
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
            object: edits.mint_assertion(&device, assertion.counter, &assertion.client_data_hash),
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
