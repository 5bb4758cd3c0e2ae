//! What the integration tests share: objects with everything that a verification is given beside them.
#![allow(dead_code, reason = "no test uses all of it")]

pub(crate) mod backend;
pub(crate) mod mistakes;
pub(crate) mod real;
pub(crate) mod vectors;

use genuine::{
    Error, UnixTime,
    app_attest::{
        AppIdHash, Assertion, AssertionKey, AssertionRequest, AssertionVerifier, AttestationObject,
        AttestationVerifier, AttestedKey, AuthenticAssertion, ClientDataHash, Environment, KeyId, OsBuild, OsVersion,
        Platform, Policy, PreparedKey, ValidationCategory, VerifiedAttestation,
    },
    crypto::{BatchP256, Crypto, P256PublicKey, P384PublicKey, PrepareP256, PrepareP384, RustCrypto},
    x509::{CachedIssuer, TrustAnchor},
};
use genuine_testvectors::{Device, Edits, Generation, TestPki, keys::sha256};

/// The client data hash of what is minted here.
pub(crate) const CLIENT_DATA: &[u8; 32] = b"the hash of data of some client.";

/// An attestation and all that its verification is given.
#[derive(Clone, Debug)]
pub(crate) struct AttestationCase {
    pub(crate) object: Vec<u8>,
    pub(crate) key_id: KeyId,
    pub(crate) client_data: Vec<u8>,
    pub(crate) apps: Vec<AppIdHash>,
    /// The one environment that the policy allows.
    pub(crate) environment: Environment,
    pub(crate) launch: Launch,
    pub(crate) now: UnixTime,
    pub(crate) root_subject: Vec<u8>,
    pub(crate) root_key: P384PublicKey,
}

impl AttestationCase {
    /// What the edits make of an attestation by this device.
    pub(crate) fn mint(device: &Device, edits: &Edits<'_>) -> Self {
        let authorities = device.authorities();
        Self {
            object: edits.mint_attestation(device, CLIENT_DATA),
            key_id: KeyId(device.key_id()),
            client_data: CLIENT_DATA.to_vec(),
            apps: vec![app_hash(device.app_id())],
            environment: environment(device.environment()),
            launch: Launch::default(),
            now: UnixTime(device.issue_time()),
            root_subject: authorities.root_subject(),
            root_key: P384PublicKey::from_uncompressed(&authorities.root_point()).unwrap(),
        }
    }

    pub(crate) fn policy(&self) -> Policy<'_> {
        self.launch.require(policy(&self.apps, self.environment))
    }

    /// The key that it attests, if it verifies.
    pub(crate) fn key(&self) -> AttestedKey {
        self.verify().expect("a genuine one").key()
    }

    pub(crate) fn verify(&self) -> Result<VerifiedAttestation<'_>, Error> {
        self.verify_with(&RustCrypto)
    }

    pub(crate) fn verify_with<C: Crypto + ?Sized>(&self, crypto: &C) -> Result<VerifiedAttestation<'_>, Error> {
        AttestationVerifier::new(self.policy(), &self.anchors(), crypto).verify(
            &AttestationObject::parse(&self.object)?,
            &self.key_id,
            &ClientDataHash(&self.client_data),
            self.now,
        )
    }

    fn anchors(&self) -> [TrustAnchor<'_>; 1] {
        [TrustAnchor::new(&self.root_subject, self.root_key)]
    }

    pub(crate) fn verify_and_keep_issuer<K, C: PrepareP384<K> + ?Sized>(
        &self,
        issuer: &mut Option<CachedIssuer<K>>,
        crypto: &C,
    ) -> Result<VerifiedAttestation<'_>, Error> {
        AttestationVerifier::new(self.policy(), &self.anchors(), crypto).verify_and_keep_issuer(
            &AttestationObject::parse(&self.object)?,
            &self.key_id,
            &ClientDataHash(&self.client_data),
            self.now,
            issuer,
        )
    }

    /// The issuer of this attestation, if it verifies.
    pub(crate) fn keep<K, C: PrepareP384<K> + ?Sized>(&self, crypto: &C) -> Result<CachedIssuer<K>, Error> {
        let mut issuer = None;
        let _ = self.verify_and_keep_issuer(&mut issuer, crypto)?;
        Ok(issuer.expect("it can be prepared"))
    }

    /// Whether a cached issuer is the one of this attestation.
    pub(crate) fn is_of<K, C: Crypto + ?Sized>(&self, issuer: &CachedIssuer<K>, crypto: &C) -> Result<bool, Error> {
        AttestationVerifier::new(self.policy(), &self.anchors(), crypto)
            .is_of_issuer(&AttestationObject::parse(&self.object)?, issuer)
    }

    pub(crate) fn verify_with_issuer<K, C: PrepareP384<K> + ?Sized>(
        &self,
        issuer: &CachedIssuer<K>,
        crypto: &C,
    ) -> Result<VerifiedAttestation<'_>, Error> {
        AttestationVerifier::new(self.policy(), &self.anchors(), crypto).verify_with_issuer(
            &AttestationObject::parse(&self.object)?,
            &self.key_id,
            &ClientDataHash(&self.client_data),
            self.now,
            issuer,
        )
    }

    /// The same with one thing changed.
    pub(crate) fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut other = self.clone();
        change(&mut other);
        other
    }
}

/// An assertion and all that its verification is given.
#[derive(Clone, Debug)]
pub(crate) struct AssertionCase {
    pub(crate) object: Vec<u8>,
    pub(crate) key: AttestedKey,
    pub(crate) client_data: Vec<u8>,
    pub(crate) apps: Vec<AppIdHash>,
    /// The one environment that the policy allows.
    pub(crate) environment: Environment,
    pub(crate) launch: Launch,
}

impl AssertionCase {
    /// What the edits make of an assertion by this device.
    pub(crate) fn mint(device: &Device, counter: u32, edits: &Edits<'_>) -> Self {
        let app = app_hash(device.app_id());
        let environment = environment(device.environment());
        Self {
            object: edits.mint_assertion(device, counter, CLIENT_DATA),
            key: trusted_key(&point(device), app, environment),
            client_data: CLIENT_DATA.to_vec(),
            apps: vec![app],
            environment,
            launch: Launch::default(),
        }
    }

    pub(crate) fn policy(&self) -> Policy<'_> {
        self.launch.require(policy(&self.apps, self.environment))
    }

    pub(crate) fn verify(&self) -> Result<AuthenticAssertion<'_>, Error> {
        self.verify_with(&RustCrypto)
    }

    pub(crate) fn verify_with<C: Crypto + ?Sized>(&self, crypto: &C) -> Result<AuthenticAssertion<'_>, Error> {
        AssertionVerifier::new(self.policy(), crypto).verify(
            &Assertion::parse(&self.object)?,
            &self.key,
            &ClientDataHash(&self.client_data),
        )
    }

    /// The same with the key prepared.
    pub(crate) fn verify_prepared_with<K, C: PrepareP256<K> + ?Sized>(
        &self,
        key: &PreparedKey<K>,
        crypto: &C,
    ) -> Result<AuthenticAssertion<'_>, Error> {
        AssertionVerifier::new(self.policy(), crypto).verify_prepared(
            &Assertion::parse(&self.object)?,
            key,
            &ClientDataHash(&self.client_data),
        )
    }

    /// The same in a batch of its own, the key as it is.
    pub(crate) fn verify_batched_with<K, C: BatchP256<K> + ?Sized>(&self, crypto: &C) -> Result<(), Error> {
        let assertion = Assertion::parse(&self.object)?;
        let client_data = ClientDataHash(&self.client_data);
        let request = AssertionRequest { assertion: &assertion, key: AssertionKey::Plain(&self.key), client_data };
        let mut answers = Vec::new();
        AssertionVerifier::new(self.policy(), crypto)
            .verify_batch([request], |_, answer| answers.push(answer.map(drop)));
        let [answer] = answers[..] else { panic!("{} answers to one request", answers.len()) };
        answer
    }

    /// The same with one thing changed.
    pub(crate) fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut other = self.clone();
        change(&mut other);
        other
    }
}

/// What the policy requires beside apps and environments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Launch {
    pub(crate) categories: Option<Vec<ValidationCategory>>,
    pub(crate) versions: Option<Vec<&'static str>>,
    pub(crate) code_hashes: Option<Vec<&'static [u8]>>,
    pub(crate) platforms: Option<Vec<Platform<'static>>>,
    pub(crate) os_version: Option<OsVersion>,
    pub(crate) os_builds: Option<Vec<(Platform<'static>, OsBuild)>>,
    pub(crate) macos_access_control: Option<Vec<u8>>,
    pub(crate) attestation_age: Option<u64>,
    pub(crate) counter_step: Option<u32>,
}

impl Launch {
    pub(crate) fn is_none(&self) -> bool {
        self.categories.is_none() && self.versions.is_none() && self.code_hashes.is_none()
    }

    fn require<'a>(&'a self, mut policy: Policy<'a>) -> Policy<'a> {
        if let Some(categories) = &self.categories {
            policy = policy.require_categories(categories);
        }
        if let Some(versions) = &self.versions {
            policy = policy.require_bundle_versions(versions);
        }
        if let Some(hashes) = &self.code_hashes {
            policy = policy.require_code_hashes(hashes);
        }
        if let Some(platforms) = &self.platforms {
            policy = policy.require_platforms(platforms);
        }
        if let Some(least) = self.os_version {
            policy = policy.require_os_version(least);
        }
        if let Some(builds) = &self.os_builds {
            policy = policy.require_os_builds(builds);
        }
        if let Some(list) = &self.macos_access_control {
            policy = policy.require_macos_access_control(list);
        }
        if let Some(seconds) = self.attestation_age {
            policy = policy.limit_attestation_age(seconds);
        }
        if let Some(greatest) = self.counter_step {
            policy = policy.limit_counter_step(greatest);
        }
        policy
    }
}

/// A simulated iOS 17 device.
pub(crate) fn device(seed: &str) -> Device {
    Device::new(seed).with_generation(Generation::Ios17).with_receipt_length(64)
}

/// The public key of a device.
pub(crate) fn point(device: &Device) -> P256PublicKey {
    P256PublicKey::from_uncompressed(&device.public_key()).unwrap()
}

pub(crate) fn trusted_key(key: &P256PublicKey, app: AppIdHash, environment: Environment) -> AttestedKey {
    AttestedKey::from_trusted_parts(key, app, environment, &RustCrypto).unwrap()
}

pub(crate) fn app_hash(app_id: &str) -> AppIdHash {
    AppIdHash(sha256(&[app_id.as_bytes()]))
}

pub(crate) fn policy(apps: &[AppIdHash], environment: Environment) -> Policy<'_> {
    match environment {
        Environment::Production => Policy::new(apps),
        Environment::Development => Policy::new(apps).only_development(),
    }
}

pub(crate) const fn other_environment(environment: Environment) -> Environment {
    match environment {
        Environment::Production => Environment::Development,
        Environment::Development => Environment::Production,
    }
}

fn environment(environment: genuine_testvectors::Environment) -> Environment {
    match environment {
        genuine_testvectors::Environment::Production => Environment::Production,
        genuine_testvectors::Environment::Development => Environment::Development,
    }
}

/// No edits: the object as the device makes it.
pub(crate) fn edits() -> Edits<'static> {
    Edits::default()
}

/// Authorities with the names of the default ones and other keys.
pub(crate) fn other_pki() -> TestPki {
    TestPki::new("attacker")
}
