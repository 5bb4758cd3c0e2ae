//! Contenders for whole verification: from the bytes of an object to the answer.

use std::cell::{Cell, RefCell};

use appattest_rs::{assertion::Assertion as RsAssertion, attestation::Attestation as RsAttestation};
use genuine::{
    Error, UnixTime,
    app_attest::{
        AppIdHash, Assertion, AssertionCrypto, AssertionKey, AssertionVerifier, AttestationCrypto, AttestationObject,
        AttestationVerifier, AttestedKey, ClientDataHash, Counter, Environment, KeyId, Policy, PreparedKey,
    },
    crypto::{GenuineCrypto, P256, P384, PrepareEcdsa, PreparedP256, PreparedP384, PublicKey, RustCrypto},
    x509::{CachedIssuer, IssuerCache, Issuers, TrustAnchor},
};
use genuine_backend_aws_lc::AwsLc;
use genuine_crypto_ifma::Ifma;

use crate::{
    external::{self, Child},
    measure::{Contender, Side},
    objects::{self, Objects},
    ours::{GENUINE_CRYPTO, NO_LANES, prepared, size},
};

/// Whole verification of an assertion under a stored key.
pub(crate) const ASSERTION: &str = "assertion, whole";
/// Whole verification of an attestation.
pub(crate) const ATTESTATION: &str = "attestation, whole";

/// All of them.
pub(crate) fn contenders(objects: &'static Objects, children: &[Result<Child, external::Absent>]) -> Vec<Contender> {
    let mut contenders = Vec::new();
    contenders.extend(backends(objects));
    contenders.extend(appattest(objects));
    contenders.extend(appattest_rs(objects));
    for operation in [ASSERTION, ATTESTATION] {
        contenders.extend(children.iter().map(|child| external::contender(operation, child)));
    }
    contenders
}

/// One prepared assertion over eight lanes.
pub(crate) fn prepared_in_lanes(table: usize) -> String {
    format!("genuine, lanes, prepared {}", size(table))
}

/// An attestation with its issuer kept, prepared in a table of so many bytes.
pub(crate) fn cached_issuer(table: usize) -> String {
    format!("genuine, cached issuer {}", size(table))
}

/// `genuine` with each backend, with prepared keys and with cached issuers.
fn backends(objects: &'static Objects) -> Vec<Contender> {
    let mut contenders = Vec::new();
    contenders.extend(genuine("genuine, aws-lc-rs", objects, AwsLc).map(Contender::into_reference));
    contenders.extend(genuine("genuine, RustCrypto", objects, RustCrypto));
    contenders.extend(genuine(GENUINE_CRYPTO, objects, GenuineCrypto));
    contenders.push(with_prepared::<8, _>(&prepared, objects, GenuineCrypto));
    contenders.push(with_prepared::<32, _>(&prepared, objects, GenuineCrypto));
    contenders.push(with_prepared::<128, _>(&prepared, objects, GenuineCrypto));
    contenders.push(with_prepared::<512, _>(&prepared, objects, GenuineCrypto));
    contenders.push(match Ifma::detect() {
        Some(crypto) => with_prepared::<128, _>(&prepared_in_lanes, objects, crypto),
        None => Contender::absent(ASSERTION, &prepared_in_lanes(8 << 10), Side::Ours, NO_LANES),
    });
    contenders.push(with_cached_issuer::<32, _>(objects, GenuineCrypto));
    contenders.push(with_cached_issuer::<128, _>(objects, GenuineCrypto));
    contenders.push(with_cached_issuer::<512, _>(objects, GenuineCrypto));
    contenders
}

/// What a verifier is configured with. Like one of a server it is made once, and verifies for as long as that runs.
struct Setting {
    policies: [Policy<'static>; 1],
    anchors: [TrustAnchor<'static>; 1],
    now: UnixTime,
    /// The key of all assertions.
    key: AttestedKey,
}

impl Setting {
    fn of(objects: &'static Objects, crypto: &impl AssertionCrypto) -> &'static Self {
        let app_id = AppIdHash::of(&objects.app_id, crypto).expect("a hash");
        let root = PublicKey::from_uncompressed(&objects.root_point).expect("a point");
        let key = PublicKey::from_uncompressed(&objects.public_key).expect("a point");
        Box::leak(Box::new(Self {
            policies: [Policy::new(app_id)],
            anchors: [TrustAnchor::new(&objects.root_subject, root)],
            now: UnixTime(objects.now),
            key: AttestedKey::from_trusted_parts(&key, app_id, Environment::Production, crypto).expect("a key"),
        }))
    }

    fn assertions<C: AssertionCrypto>(&'static self, crypto: C) -> AssertionVerifier<'static, C> {
        AssertionVerifier::new(&self.policies, Box::leak(Box::new(crypto))).expect("a configuration")
    }

    fn attestations<C: AttestationCrypto>(&'static self, crypto: C) -> AttestationVerifier<'static, C> {
        AttestationVerifier::new(&self.policies, &self.anchors, Box::leak(Box::new(crypto))).expect("a configuration")
    }
}

/// `genuine` with a backend.
fn genuine<C: AttestationCrypto + Copy + 'static>(name: &str, objects: &'static Objects, crypto: C) -> [Contender; 2] {
    let setting = Setting::of(objects, &crypto);
    let assertions = setting.assertions(crypto);
    let assertion = Contender::new(ASSERTION, name, Side::Ours, &objects.assertions, move |case| {
        verify_assertion(&assertions, case, &setting.key)
    });
    let attestations = setting.attestations(crypto);
    let attestation = Contender::new(ATTESTATION, name, Side::Ours, &objects.attestations, move |case| {
        verify_attestation(&attestations, case, setting.now)
    });
    [assertion, attestation]
}

/// Assertions under a prepared key.
fn with_prepared<const POINTS: usize, C>(
    name: &dyn Fn(usize) -> String,
    objects: &'static Objects,
    crypto: C,
) -> Contender
where
    C: AssertionCrypto + PrepareEcdsa<P256, PreparedP256<POINTS>> + Copy + 'static,
{
    let setting = Setting::of(objects, &crypto);
    let key = PreparedKey::new(&setting.key, &crypto).expect("a point");
    let name = name(size_of::<PreparedP256<POINTS>>());
    let verifier = setting.assertions(crypto);
    Contender::new(ASSERTION, &name, Side::Ours, &objects.assertions, move |case| {
        verify_assertion(&verifier, case, &key)
    })
}

/// Attestations under an issuer that was verified before.
fn with_cached_issuer<const POINTS: usize, C>(objects: &'static Objects, crypto: C) -> Contender
where
    C: AttestationCrypto + PrepareEcdsa<P384, PreparedP384<POINTS>> + Copy + 'static,
{
    let setting = Setting::of(objects, &crypto);
    let cache: &Issuer<C, PreparedP384<POINTS>> = Box::leak(Box::default());
    let verifier = setting.attestations(crypto).with_issuer_cache(cache);
    // Or else it would verify intermediates too.
    assert!(objects.attestations.good.iter().all(|case| verify_attestation(&verifier, case, setting.now)));
    assert_eq!(cache.stored.get(), 1, "all are of one issuer");
    let name = cached_issuer(size_of::<PreparedP384<POINTS>>());
    Contender::new(ATTESTATION, &name, Side::Ours, &objects.attestations, move |case| {
        verify_attestation(&verifier, case, setting.now)
    })
}

/// The issuer of an earlier attestation, and how often there was another.
struct Issuer<C, K> {
    last: RefCell<Option<CachedIssuer<C, K>>>,
    stored: Cell<u32>,
}

impl<C, K> Default for Issuer<C, K> {
    fn default() -> Self {
        Self { last: RefCell::new(None), stored: Cell::new(0) }
    }
}

impl<C, K> IssuerCache<C> for Issuer<C, K> {
    type Key = K;

    fn with_issuer<T>(&self, fingerprint: &[u8; 32], function: impl FnOnce(Option<&CachedIssuer<C, K>>) -> T) -> T {
        self.last.with_issuer(fingerprint, function)
    }

    fn store(&self, issuer: CachedIssuer<C, K>) {
        self.stored.set(self.stored.get() + 1);
        self.last.store(issuer);
    }
}

fn verify_assertion<C: AssertionCrypto>(
    verifier: &AssertionVerifier<'_, C>,
    case: &objects::Assertion,
    key: &impl AssertionKey<C>,
) -> bool {
    let verify = || {
        verifier
            .verify(&Assertion::parse(&case.object)?, key, &ClientDataHash::from(&case.client_data_hash))?
            .accept_without_store(Counter::ATTESTED)
    };
    verify().is_ok_and(|proof| proof.counter() == Counter(case.counter))
}

fn verify_attestation<C: AttestationCrypto, I: Issuers<C>>(
    verifier: &AttestationVerifier<'_, C, I>,
    case: &objects::Attestation,
    now: UnixTime,
) -> bool {
    let verify = || -> Result<_, Error> {
        let object = AttestationObject::parse(&case.object)?;
        let client_data = ClientDataHash::from(&case.client_data_hash);
        Ok(verifier.verify(&object, &KeyId(case.key_id), &client_data, now)?.key().id())
    };
    verify().is_ok_and(|id| id.0 == case.key_id)
}

/// The crate `appattest`.
fn appattest(objects: &'static Objects) -> [Contender; 2] {
    const NAME: &str = "appattest";
    let assertion = Contender::new(ASSERTION, NAME, Side::Rival, &objects.assertions, |case| {
        ::appattest::assertion::Assertion::from_assertion(&case.object).is_ok_and(|assertion| {
            assertion
                .verify(case.client_data_hash, &case.challenge, &objects.app_id, objects.public_key, 0, &case.challenge)
                .is_ok()
        })
    });
    let attestation = Contender::new(ATTESTATION, NAME, Side::Rival, &objects.attestations, |case| {
        let root = objects.root_pem.as_bytes();
        ::appattest::attestation::Attestation::from_cbor_bytes(&case.object)
            .and_then(|attestation| attestation.verify(&case.challenge, &objects.app_id, &case.key_id_base64, root))
            .is_ok_and(|(public_key, _receipt)| public_key == case.public_key)
    });
    [assertion, attestation]
}

/// The crate `appattest-rs`. It takes base64, and what it takes it keeps, so that copies are part of it.
fn appattest_rs(objects: &'static Objects) -> [Contender; 2] {
    const NAME: &str = "appattest-rs";
    let assertion = Contender::new(ASSERTION, NAME, Side::Rival, &objects.assertions, |case| {
        RsAssertion::from_base64(&case.base64).is_ok_and(|assertion| {
            assertion
                .verify(case.client_data.clone(), &objects.app_id, objects.public_key.to_vec(), 0, &case.challenge)
                .is_ok()
        })
    });
    // It parses ours; what comes next is a request to apple.com.
    for case in &objects.attestations.good {
        assert!(RsAttestation::from_base64(&case.base64).is_ok());
    }
    let reason = "fetches Apple's root over the network in every verification, and takes no other";
    [assertion, Contender::absent(ATTESTATION, NAME, Side::Rival, reason)]
}
