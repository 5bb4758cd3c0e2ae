//! Contenders for whole verification: from the bytes of an object to the answer.

use appattest_rs::{assertion::Assertion as RsAssertion, attestation::Attestation as RsAttestation};
use genuine::{
    UnixTime,
    app_attest::{
        AppIdHash, Assertion, AssertionVerifier, AttestationObject, AttestationVerifier, AttestedKey, ClientDataHash,
        Counter, Environment, KeyId, Policy, PreparedKey,
    },
    crypto::{
        Crypto, P256PublicKey, P384PublicKey, PrepareP256, PrepareP384, PreparedP256, PreparedP384, RustCrypto,
        GenuineCrypto,
    },
    x509::{CachedIssuer, TrustAnchor},
};
use genuine_backend_aws_lc::AwsLc;
use genuine_crypto_ifma::Ifma;

use crate::{
    external::{self, Child},
    measure::{Contender, Side},
    objects::Objects,
    ours::{NO_LANES, GENUINE_CRYPTO, prepared, size},
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

/// What a verifier is configured with.
struct Setting {
    apps: [AppIdHash; 1],
    anchors: [TrustAnchor<'static>; 1],
    now: UnixTime,
    /// The key of all assertions.
    key: AttestedKey,
}

impl Setting {
    fn of(objects: &'static Objects, crypto: &impl Crypto) -> Self {
        let apps = [AppIdHash::of(&objects.app_id, crypto).expect("a hash")];
        let root = P384PublicKey::from_uncompressed(&objects.root_point).expect("a point");
        let key = P256PublicKey::from_uncompressed(&objects.public_key).expect("a point");
        Self {
            apps,
            anchors: [TrustAnchor::new(&objects.root_subject, root)],
            now: UnixTime(objects.now),
            key: AttestedKey::from_trusted_parts(&key, apps[0], Environment::Production, crypto).expect("a key"),
        }
    }
}

/// `genuine` with a backend.
fn genuine<C: Crypto + Copy + 'static>(name: &str, objects: &'static Objects, crypto: C) -> [Contender; 2] {
    let Setting { apps, anchors, now, key } = Setting::of(objects, &crypto);
    let assertion = Contender::new(ASSERTION, name, Side::Ours, &objects.assertions, move |case| {
        let verify = || {
            AssertionVerifier::new(Policy::new(&apps), &crypto)
                .verify(&Assertion::parse(&case.object)?, &key, &ClientDataHash(&case.client_data_hash))?
                .accept(Counter::ATTESTED)
        };
        verify().is_ok_and(|proof| proof.counter() == Counter(case.counter))
    });
    let attestation = Contender::new(ATTESTATION, name, Side::Ours, &objects.attestations, move |case| {
        let verify = || {
            let object = AttestationObject::parse(&case.object)?;
            AttestationVerifier::new(Policy::new(&apps), &anchors, &crypto)
                .verify(&object, &KeyId(case.key_id), &ClientDataHash(&case.client_data_hash), now)
                .map(|proof| proof.key().id())
        };
        verify().is_ok_and(|id| id.0 == case.key_id)
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
    C: PrepareP256<PreparedP256<POINTS>> + Copy + 'static,
{
    let Setting { apps, key, .. } = Setting::of(objects, &crypto);
    let key = PreparedKey::new(&key, &crypto).expect("a point");
    let name = name(size_of::<PreparedP256<POINTS>>());
    Contender::new(ASSERTION, &name, Side::Ours, &objects.assertions, move |case| {
        let verify = || {
            AssertionVerifier::new(Policy::new(&apps), &crypto)
                .verify_prepared(&Assertion::parse(&case.object)?, &key, &ClientDataHash(&case.client_data_hash))?
                .accept(Counter::ATTESTED)
        };
        verify().is_ok_and(|proof| proof.counter() == Counter(case.counter))
    })
}

/// Attestations under an issuer that was verified before.
fn with_cached_issuer<const POINTS: usize, C>(objects: &'static Objects, crypto: C) -> Contender
where
    C: PrepareP384<PreparedP384<POINTS>> + Copy + 'static,
{
    let Setting { apps, anchors, now, .. } = Setting::of(objects, &crypto);
    let verifier = AttestationVerifier::new(Policy::new(&apps), &anchors, &crypto);
    let parse = |object| AttestationObject::parse(object).expect("an attestation");
    let first = &objects.attestations.good[0];
    let (id, client_data) = (KeyId(first.key_id), ClientDataHash(&first.client_data_hash));
    let mut issuer: Option<CachedIssuer<PreparedP384<POINTS>>> = None;
    let _ = verifier
        .verify_and_keep_issuer(&parse(&first.object), &id, &client_data, now, &mut issuer)
        .expect("an attestation");
    let issuer = issuer.expect("an issuer");
    // Or else it would verify the intermediate too.
    for case in &objects.attestations.good {
        assert_eq!(verifier.is_of_issuer(&parse(&case.object), &issuer), Ok(true));
    }
    let name = cached_issuer(size_of::<PreparedP384<POINTS>>());
    Contender::new(ATTESTATION, &name, Side::Ours, &objects.attestations, move |case| {
        let verify = || {
            let object = AttestationObject::parse(&case.object)?;
            let client_data = ClientDataHash(&case.client_data_hash);
            AttestationVerifier::new(Policy::new(&apps), &anchors, &crypto)
                .verify_with_issuer(&object, &KeyId(case.key_id), &client_data, now, &issuer)
                .map(|proof| proof.key().id())
        };
        verify().is_ok_and(|id| id.0 == case.key_id)
    })
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
