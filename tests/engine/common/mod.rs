//! What the integration tests share: objects with everything that a verification is given beside them.
#![allow(dead_code, reason = "no test uses all of it")]

pub(crate) mod backend;
pub(crate) mod mistakes;
pub(crate) mod real;
pub(crate) mod vectors;

use std::cell::{Cell, RefCell};

use genuine::{
    Error, UnixTime,
    app_attest::{
        AppIdHash, Assertion, AssertionCrypto, AssertionKey, AssertionRequest, AssertionVerifier, AttestationCrypto,
        AttestationObject, AttestationVerifier, AttestedKey, AuthenticAssertion, ClientDataHash, EitherKey,
        Environment, Environments, KeyId, Policy, PreparedKey, VerifiedAttestation,
    },
    crypto::{BatchEcdsa, P256, P384, PrepareEcdsa, PublicKey, RustCrypto},
    x509::{CachedIssuer, IssuerCache, TrustAnchor},
};
use genuine_testvectors::{Device, Generation, Mutation, TestPki, keys::sha256};
use genuine_testvectors_runner::Terms;

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
    /// What the policy requires beside apps and environments.
    pub(crate) terms: Terms<'static>,
    pub(crate) now: UnixTime,
    pub(crate) root_subject: Vec<u8>,
    pub(crate) root_key: PublicKey<P384>,
}

impl AttestationCase {
    /// What the mutation makes of an attestation by this device.
    pub(crate) fn mint(device: &Device, mutation: &Mutation<'_>) -> Self {
        let authorities = device.authorities();
        Self {
            object: mutation.mint_attestation(device, CLIENT_DATA),
            key_id: KeyId(device.key_id()),
            client_data: CLIENT_DATA.to_vec(),
            apps: vec![app_hash(device.app_id())],
            environment: environment(device.environment()),
            terms: Terms::default(),
            now: UnixTime(device.issue_time()),
            root_subject: authorities.root_subject(),
            root_key: PublicKey::<P384>::from_uncompressed(&authorities.root_point()).unwrap(),
        }
    }

    /// A policy for each app.
    pub(crate) fn policies(&self) -> Vec<Policy<'_>> {
        self.apps.iter().map(|app| self.terms.policy(*app, Some(self.environment))).collect()
    }

    /// The key that it attests, if it verifies.
    pub(crate) fn key(&self) -> AttestedKey {
        self.verify().expect("a genuine one").key()
    }

    pub(crate) fn verify(&self) -> Result<VerifiedAttestation<'_>, Error> {
        self.verify_with(&RustCrypto)
    }

    pub(crate) fn verify_with<C: AttestationCrypto + ?Sized>(
        &self,
        crypto: &C,
    ) -> Result<VerifiedAttestation<'_>, Error> {
        self.verify_under(&self.policies(), crypto)
    }

    /// The same under these policies.
    pub(crate) fn verify_under<C: AttestationCrypto + ?Sized>(
        &self,
        policies: &[Policy<'_>],
        crypto: &C,
    ) -> Result<VerifiedAttestation<'_>, Error> {
        let object = AttestationObject::parse(&self.object)?;
        AttestationVerifier::new(policies, &self.anchors(), crypto)?.verify(
            &object,
            &self.key_id,
            &ClientDataHash::new(&self.client_data)?,
            self.now,
        )
    }

    fn anchors(&self) -> [TrustAnchor<'_>; 1] {
        [TrustAnchor::new(&self.root_subject, self.root_key)]
    }

    /// The same with a cache for the issuer.
    pub(crate) fn verify_cached<K, C>(
        &self,
        cache: &RefCell<Option<CachedIssuer<C, K>>>,
        crypto: &C,
    ) -> Result<VerifiedAttestation<'_>, Error>
    where
        C: AttestationCrypto + PrepareEcdsa<P384, K>,
    {
        AttestationVerifier::new(&self.policies(), &self.anchors(), crypto)?.with_issuer_cache(cache).verify(
            &AttestationObject::parse(&self.object)?,
            &self.key_id,
            &ClientDataHash::new(&self.client_data)?,
            self.now,
        )
    }

    /// The issuer of this attestation, if it verifies.
    pub(crate) fn issuer<K, C>(&self, crypto: &C) -> Result<CachedIssuer<C, K>, Error>
    where
        C: AttestationCrypto + PrepareEcdsa<P384, K>,
    {
        let cache = RefCell::new(None);
        let _ = self.verify_cached(&cache, crypto)?;
        Ok(cache.into_inner().expect("it can be prepared"))
    }

    /// Whether a cached issuer is the one of this attestation, which verifies.
    pub(crate) fn is_of<K, C>(&self, issuer: &CachedIssuer<C, K>, crypto: &C) -> Result<bool, Error>
    where
        C: AttestationCrypto + PrepareEcdsa<P384, K>,
    {
        let cache = Fixed { issuer, stored: Cell::new(false) };
        let _ = AttestationVerifier::new(&self.policies(), &self.anchors(), crypto)?.with_issuer_cache(&cache).verify(
            &AttestationObject::parse(&self.object)?,
            &self.key_id,
            &ClientDataHash::new(&self.client_data)?,
            self.now,
        )?;
        Ok(!cache.stored.get())
    }

    /// The same with an issuer that is never replaced.
    pub(crate) fn verify_with_issuer<K, C>(
        &self,
        issuer: &CachedIssuer<C, K>,
        crypto: &C,
    ) -> Result<VerifiedAttestation<'_>, Error>
    where
        C: AttestationCrypto + PrepareEcdsa<P384, K>,
    {
        let cache = Fixed { issuer, stored: Cell::new(false) };
        AttestationVerifier::new(&self.policies(), &self.anchors(), crypto)?.with_issuer_cache(&cache).verify(
            &AttestationObject::parse(&self.object)?,
            &self.key_id,
            &ClientDataHash::new(&self.client_data)?,
            self.now,
        )
    }

    /// The same with one thing changed.
    pub(crate) fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut other = self.clone();
        change(&mut other);
        other
    }
}

/// A cache that keeps what it has, and knows whether it was to take another.
struct Fixed<'a, C: ?Sized, K> {
    issuer: &'a CachedIssuer<C, K>,
    stored: Cell<bool>,
}

impl<C: ?Sized, K> IssuerCache<C> for Fixed<'_, C, K> {
    type Key = K;

    fn with_issuer<T>(&self, _: &[u8; 32], function: impl FnOnce(Option<&CachedIssuer<C, K>>) -> T) -> T {
        function(Some(self.issuer))
    }

    fn store(&self, _: CachedIssuer<C, K>) {
        self.stored.set(true);
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
    /// What the policy requires beside apps and environments.
    pub(crate) terms: Terms<'static>,
}

impl AssertionCase {
    /// What the mutation makes of an assertion by this device.
    pub(crate) fn mint(device: &Device, counter: u32, mutation: &Mutation<'_>) -> Self {
        let app = app_hash(device.app_id());
        let environment = environment(device.environment());
        Self {
            object: mutation.mint_assertion(device, counter, CLIENT_DATA),
            key: trusted_key(&point(device), app, environment),
            client_data: CLIENT_DATA.to_vec(),
            apps: vec![app],
            environment,
            terms: Terms::default(),
        }
    }

    /// A policy for each app.
    pub(crate) fn policies(&self) -> Vec<Policy<'_>> {
        self.apps.iter().map(|app| self.terms.policy(*app, Some(self.environment))).collect()
    }

    pub(crate) fn requires_no_launch_data(&self) -> bool {
        let Terms { categories, bundle_versions, code_hashes, .. } = &self.terms;
        categories.is_empty() && bundle_versions.is_empty() && code_hashes.is_empty()
    }

    pub(crate) fn verify(&self) -> Result<AuthenticAssertion<'_>, Error> {
        self.verify_with(&RustCrypto)
    }

    pub(crate) fn verify_with<C: AssertionCrypto + ?Sized>(&self, crypto: &C) -> Result<AuthenticAssertion<'_>, Error> {
        self.verify_key_with(&self.key, crypto)
    }

    /// The same with the key held in whatever way.
    pub(crate) fn verify_key_with<H: AssertionKey<C>, C: AssertionCrypto + ?Sized>(
        &self,
        key: &H,
        crypto: &C,
    ) -> Result<AuthenticAssertion<'_>, Error> {
        self.verify_under(&self.policies(), key, crypto)
    }

    /// The same under these policies.
    pub(crate) fn verify_under<H: AssertionKey<C>, C: AssertionCrypto + ?Sized>(
        &self,
        policies: &[Policy<'_>],
        key: &H,
        crypto: &C,
    ) -> Result<AuthenticAssertion<'_>, Error> {
        AssertionVerifier::new(policies, crypto)?.verify(
            &Assertion::parse(&self.object)?,
            key,
            &ClientDataHash::new(&self.client_data)?,
        )
    }

    /// The same with the key prepared.
    pub(crate) fn verify_prepared_with<K, C: AssertionCrypto + PrepareEcdsa<P256, K>>(
        &self,
        key: &PreparedKey<C, K>,
        crypto: &C,
    ) -> Result<AuthenticAssertion<'_>, Error> {
        self.verify_key_with(key, crypto)
    }

    /// The same in a batch of its own, the key as it is.
    pub(crate) fn verify_batched_with<K, C>(&self, crypto: &C) -> Result<(), Error>
    where
        C: AssertionCrypto + PrepareEcdsa<P256, K> + BatchEcdsa<P256, K>,
    {
        let key = &EitherKey::<C, K>::Plain(&self.key);
        let assertion = Assertion::parse(&self.object)?;
        let client_data = ClientDataHash::new(&self.client_data)?;
        let mut answers = Vec::new();
        AssertionVerifier::new(&self.policies(), crypto)?.verify_batch(
            [AssertionRequest { assertion: &assertion, key, client_data }],
            |_, answer| {
                answers.push(answer.map(drop));
            },
        );
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

/// A simulated iOS 17 device.
pub(crate) fn device(seed: &str) -> Device {
    Device::new(seed).with_generation(Generation::Ios17).with_receipt_length(64)
}

/// The public key of a device.
pub(crate) fn point(device: &Device) -> PublicKey<P256> {
    PublicKey::<P256>::from_uncompressed(&device.public_key()).unwrap()
}

pub(crate) fn trusted_key(key: &PublicKey<P256>, app: AppIdHash, environment: Environment) -> AttestedKey {
    AttestedKey::from_trusted_parts(key, app, environment, &RustCrypto).unwrap()
}

pub(crate) fn app_hash(app_id: &str) -> AppIdHash {
    AppIdHash(sha256(&[app_id.as_bytes()]))
}

pub(crate) fn policy(app: AppIdHash, environment: Environment) -> Policy<'static> {
    Policy::new(app).with_environments(match environment {
        Environment::Production => Environments::Production,
        Environment::Development => Environments::Development,
    })
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

/// No mutation: the object as the device makes it.
pub(crate) fn mutation() -> Mutation<'static> {
    Mutation::default()
}

/// Authorities with the names of the default ones and other keys.
pub(crate) fn other_pki() -> TestPki {
    TestPki::new("attacker")
}
