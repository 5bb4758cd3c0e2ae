//! What verifying costs, and how much of it is the engine's.
//!
//! Each verification stands beside the bare ECDSA operations in it, run by the same backend over the same operands, and
//! beside the same verification without them:
//!
//! - *engine*: from bytes to proof, with real hashes and point checks, and signatures answered at once
//! - *engine, no point checks*: the same with the point checks answered at once as well
//!
//! Two more groups put the backends side by side over the same objects: a whole assertion and a whole attestation by each of
//! them, plain and with what can be prepared beforehand. Here one key and one issuer are verified again and again, so that
//! tables lie in the cache; `cargo xtask peers --scaling` measures many devices, and where nothing was prepared.
//!
//! Objects: one attestation and one assertion minted in the form of iOS 27; and, if `GENUINE_REAL_VECTORS` names a
//! directory of genuine ones, all of those in turn. Every answer is checked in the measured loop. `cargo xtask bench`
//! runs this and prints the medians; with `--write` it writes `benches/record/app_attest.toml`.

#![allow(missing_docs)]

use std::{cell::RefCell, env, fs, hint::black_box, path::Path, slice, time::Duration};

use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};
use genuine::{
    UnixTime,
    app_attest::{
        APPLE_APP_ATTEST_ROOT, AppIdHash, Assertion, AssertionCrypto, AssertionKey, AssertionVerifier,
        AttestationCrypto, AttestationObject, AttestationVerifier, AttestedKey, ClientDataHash, Counter, Environment,
        Environments, KeyId, Policy, PreparedKey,
    },
    crypto::{
        CryptoError, Curve, Digest, GenuineCrypto, P256, P384, PreparedP256, PreparedP384, PublicKey, RustCrypto,
        Sha256, Sha384, Signature, VerifyEcdsa,
    },
    x509::{CachedIssuer, Issuers, TrustAnchor},
};
use genuine_backend_aws_lc::AwsLc;
use genuine_crypto_ifma::Ifma;
use genuine_testvectors::{Device, Vector};

/// An attestation and what its verifier is configured with.
struct Attested {
    object: Vec<u8>,
    key_id: KeyId,
    client_data_hash: Vec<u8>,
    now: UnixTime,
    policies: [Policy<'static>; 1],
    anchors: [TrustAnchor<'static>; 1],
}

/// An assertion, the stored key and the counter before it.
struct Asserted {
    object: Vec<u8>,
    client_data_hash: Vec<u8>,
    policies: [Policy<'static>; 1],
    stored_key: [u8; AttestedKey::ENCODED_LEN],
    last: Counter,
}

/// Of this app, from either environment.
fn policy(app_id: &str) -> Policy<'static> {
    let app_id = AppIdHash::of(app_id, &RustCrypto).expect("a hash");
    Policy::new(app_id).with_environments(Environments::ProductionAndDevelopment)
}

impl Attested {
    /// Made once, and not measured.
    fn verifier<'a, C: AttestationCrypto>(&'a self, crypto: &'a C) -> AttestationVerifier<'a, C> {
        AttestationVerifier::new(&self.policies, &self.anchors, crypto).expect("a configuration")
    }

    /// From bytes to proof; returns what there is to store.
    fn verify<C: AttestationCrypto, I: Issuers<C>>(
        &self,
        verifier: &AttestationVerifier<'_, C, I>,
    ) -> [u8; AttestedKey::ENCODED_LEN] {
        let object = AttestationObject::parse(black_box(&self.object)).expect("an attestation");
        let client_data = ClientDataHash::new(&self.client_data_hash).expect("a hash");
        let proof = verifier.verify(&object, &self.key_id, &client_data, self.now).expect("an authentic attestation");
        assert_eq!(proof.key().id(), self.key_id);
        proof.key().to_bytes()
    }
}

impl Asserted {
    fn key(&self) -> AttestedKey {
        AttestedKey::from_trusted_bytes(black_box(&self.stored_key), &RustCrypto).expect("a stored key")
    }

    /// Made once, and not measured.
    fn verifier<'a, C: AssertionCrypto>(&'a self, crypto: &'a C) -> AssertionVerifier<'a, C> {
        AssertionVerifier::new(&self.policies, crypto).expect("a configuration")
    }

    /// From bytes to proof, the key being at hand; returns the new counter.
    fn verify<C: AssertionCrypto>(&self, verifier: &AssertionVerifier<'_, C>, key: &impl AssertionKey<C>) -> Counter {
        let assertion = Assertion::parse(black_box(&self.object)).expect("an assertion");
        let client_data = ClientDataHash::new(&self.client_data_hash).expect("a hash");
        let proof = verifier
            .verify(&assertion, key, &client_data)
            .expect("an authentic assertion")
            .accept_without_store(self.last)
            .expect("a fresh assertion");
        assert_eq!(proof.key_id(), key.attested().id());
        proof.counter()
    }
}

/// A device of iOS 27 with a receipt of genuine length.
fn minted() -> (Vec<Attested>, Vec<Asserted>) {
    let mut device = Device::new("bench");
    let attestation = device.attest(b"challenge");
    let assertion = device.assert(b"request");
    let root = PublicKey::from_uncompressed(&device.authorities().root_point()).unwrap();
    let attested = Attested {
        object: attestation.object,
        key_id: KeyId(attestation.key_id),
        client_data_hash: attestation.client_data_hash,
        now: UnixTime(device.issue_time()),
        policies: [policy(device.app_id())],
        anchors: [TrustAnchor::new(device.authorities().root_subject().leak(), root)],
    };
    let asserted = Asserted {
        object: assertion.object,
        client_data_hash: assertion.client_data_hash,
        policies: attested.policies,
        stored_key: attested.verify(&attested.verifier(&RustCrypto)),
        last: Counter::ATTESTED,
    };
    (vec![attested], vec![asserted])
}

/// The genuine objects of a directory.
fn genuine_objects(directory: &Path) -> (Vec<Attested>, Vec<Asserted>) {
    let attested = read(&directory.join("attestations")).into_iter().map(|vector| Attested {
        key_id: KeyId::from_slice(&vector.key_id).expect("a key identifier"),
        now: UnixTime(vector.valid_at.expect("a time to verify at")),
        policies: [policy(&vector.app_id)],
        anchors: [APPLE_APP_ATTEST_ROOT],
        object: vector.object,
        client_data_hash: vector.client_data_hash,
    });
    let asserted = read(&directory.join("assertions")).into_iter().map(|vector| {
        let policies = [policy(&vector.app_id)];
        let key = AttestedKey::from_trusted_parts(
            &PublicKey::from_uncompressed(&vector.public_key).expect("a public key"),
            policies[0].app_id(),
            Environment::Production,
            &RustCrypto,
        );
        Asserted {
            stored_key: key.expect("a point").to_bytes(),
            last: Counter(vector.previous_counter.expect("the counter before")),
            object: vector.object,
            client_data_hash: vector.client_data_hash,
            policies,
        }
    });
    (attested.collect(), asserted.collect())
}

/// The vectors of a directory that are expected to be accepted.
fn read(directory: &Path) -> Vec<Vector> {
    let files = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut vectors: Vec<_> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| Vector::parse(&path.display().to_string(), &fs::read_to_string(&path).unwrap()).unwrap())
        .filter(|vector| vector.expected.is_none())
        .collect();
    vectors.sort_by(|a, b| a.id.cmp(&b.id));
    assert!(!vectors.is_empty(), "{} holds no vector", directory.display());
    vectors
}

/// Real hashes, signatures answered at once; so are the point checks if `POINTS` is false.
struct Engine<const POINTS: bool>;

impl<const POINTS: bool> Sha256 for Engine<POINTS> {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        RustCrypto.sha256(parts)
    }
}

impl<const POINTS: bool> Sha384 for Engine<POINTS> {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        RustCrypto.sha384(parts)
    }
}

impl<const POINTS: bool, V: Curve> VerifyEcdsa<V> for Engine<POINTS>
where
    RustCrypto: VerifyEcdsa<V>,
{
    fn check_key(&self, key: &PublicKey<V>) -> Result<(), CryptoError> {
        if POINTS { RustCrypto.check_key(key) } else { Ok(()) }
    }

    fn verify(&self, _: &PublicKey<V>, _: &Digest, _: &Signature<V>) -> Result<(), CryptoError> {
        Ok(())
    }
}

/// One operation that a verification asks of its backend, with its digest if it is a hash.
enum Operation {
    Sha256(Vec<u8>, [u8; 32]),
    Sha384(Vec<u8>, [u8; 48]),
    CheckP256(PublicKey<P256>),
    CheckP384(PublicKey<P384>),
    VerifyP256(PublicKey<P256>, Digest, Signature<P256>),
    VerifyP384(PublicKey<P384>, Digest, Signature<P384>),
}

impl Operation {
    const fn is_hash(&self) -> bool {
        matches!(self, Self::Sha256(..) | Self::Sha384(..))
    }

    const fn is_check(&self) -> bool {
        matches!(self, Self::CheckP256(_) | Self::CheckP384(_))
    }

    const fn is_ecdsa(&self) -> bool {
        matches!(self, Self::VerifyP256(..) | Self::VerifyP384(..))
    }

    fn run(&self) {
        match black_box(self) {
            Self::Sha256(bytes, digest) => RustCrypto.sha256(&[bytes]).map(|found| assert_eq!(found, *digest)),
            Self::Sha384(bytes, digest) => RustCrypto.sha384(&[bytes]).map(|found| assert_eq!(found, *digest)),
            Self::CheckP256(key) => RustCrypto.check_key(key),
            Self::CheckP384(key) => RustCrypto.check_key(key),
            Self::VerifyP256(key, digest, signature) => RustCrypto.verify(key, digest, signature),
            Self::VerifyP384(key, digest, signature) => RustCrypto.verify(key, digest, signature),
        }
        .expect("the answer that it had in the verification");
    }
}

/// Writes down the operations of a verification, so that they can be measured bare.
#[derive(Default)]
struct Recorder(RefCell<Vec<Operation>>);

impl Recorder {
    fn note(&self, operation: Operation) {
        self.0.borrow_mut().push(operation);
    }
}

impl Sha256 for Recorder {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        let digest = RustCrypto.sha256(parts)?;
        self.note(Operation::Sha256(parts.concat(), digest));
        Ok(digest)
    }
}

impl Sha384 for Recorder {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        let digest = RustCrypto.sha384(parts)?;
        self.note(Operation::Sha384(parts.concat(), digest));
        Ok(digest)
    }
}

impl VerifyEcdsa<P256> for Recorder {
    fn check_key(&self, key: &PublicKey<P256>) -> Result<(), CryptoError> {
        self.note(Operation::CheckP256(*key));
        RustCrypto.check_key(key)
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        self.note(Operation::VerifyP256(*key, *digest, *signature));
        RustCrypto.verify(key, digest, signature)
    }
}

impl VerifyEcdsa<P384> for Recorder {
    fn check_key(&self, key: &PublicKey<P384>) -> Result<(), CryptoError> {
        self.note(Operation::CheckP384(*key));
        RustCrypto.check_key(key)
    }

    fn verify(&self, key: &PublicKey<P384>, digest: &Digest, signature: &Signature<P384>) -> Result<(), CryptoError> {
        self.note(Operation::VerifyP384(*key, *digest, *signature));
        RustCrypto.verify(key, digest, signature)
    }
}

/// Measures one item an iteration, the items in turn.
fn in_turn<T, O>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, items: &[T], mut measured: impl FnMut(&T) -> O) {
    let mut turn = items.iter().cycle();
    group.bench_function(name, |bencher| {
        bencher.iter(|| measured(turn.next().expect("at least one item")));
    });
}

/// Measures the hashes, the point checks and the signatures of some verifications, bare.
fn bare(group: &mut BenchmarkGroup<'_, WallTime>, ecdsa: &str, verifications: &[Vec<Operation>]) {
    let run = |operations: &Vec<Operation>, wanted: fn(&Operation) -> bool| {
        operations.iter().filter(|operation| wanted(operation)).for_each(Operation::run);
    };
    in_turn(group, ecdsa, verifications, |operations| run(operations, Operation::is_ecdsa));
    in_turn(group, "bare hashes", verifications, |operations| run(operations, Operation::is_hash));
    if verifications.iter().flatten().any(Operation::is_check) {
        in_turn(group, "bare point checks", verifications, |operations| run(operations, Operation::is_check));
    }
}

/// What a verification asks of its backend; what making the verifier asked before does not belong to it.
fn operations<'r, V>(
    recorder: &'r Recorder,
    verifier: impl FnOnce(&'r Recorder) -> V,
    verify: impl FnOnce(&V),
) -> Vec<Operation> {
    let verifier = verifier(recorder);
    recorder.0.borrow_mut().clear();
    verify(&verifier);
    recorder.0.take()
}

fn attestations(criterion: &mut Criterion, kind: &str, objects: &[Attested]) {
    let recorded = |object: &Attested| {
        let verify = |verifier: &AttestationVerifier<'_, Recorder>| _ = object.verify(verifier);
        operations(&Recorder::default(), |recorder| object.verifier(recorder), verify)
    };
    let verifications: Vec<_> = objects.iter().map(recorded).collect();
    for operations in &verifications {
        assert_eq!(operations.iter().filter(|operation| operation.is_ecdsa()).count(), 2);
    }
    let mut group = criterion.benchmark_group(format!("{kind} attestation"));
    in_turn(&mut group, "parse", objects, |object| {
        let view = AttestationObject::parse(black_box(&object.object)).expect("an attestation");
        assert_eq!(black_box(view).credential().id(), object.key_id.0);
    });
    whole(&mut group, "parse and verify", objects, &RustCrypto);
    bare(&mut group, "bare ECDSA, 2 × P-384", &verifications);
    whole(&mut group, "engine", objects, &Engine::<true>);
    whole(&mut group, "engine, no point checks", objects, &Engine::<false>);
}

/// Measures whole attestations with a backend.
fn whole<C: AttestationCrypto>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, objects: &[Attested], crypto: &C) {
    let objects: Vec<_> = objects.iter().map(|object| (object, object.verifier(crypto))).collect();
    in_turn(group, name, &objects, |(object, verifier)| object.verify(verifier));
}

fn assertions(criterion: &mut Criterion, kind: &str, objects: &[Asserted]) {
    let recorded = |object: &Asserted| {
        let verify = |verifier: &AssertionVerifier<'_, Recorder>| {
            assert!(object.verify(verifier, &object.key()) > object.last);
        };
        operations(&Recorder::default(), |recorder| object.verifier(recorder), verify)
    };
    let verifications: Vec<_> = objects.iter().map(recorded).collect();
    for operations in &verifications {
        assert_eq!(operations.iter().filter(|operation| operation.is_ecdsa()).count(), 1);
    }
    let keyed: Vec<_> = objects.iter().map(|object| (object, object.key())).collect();
    let mut group = criterion.benchmark_group(format!("{kind} assertion"));
    in_turn(&mut group, "parse", objects, |object| {
        let view = Assertion::parse(black_box(&object.object)).expect("an assertion");
        assert!(black_box(view).auth_data().counter() > object.last);
    });
    let rust_crypto: Vec<_> = keyed.iter().map(|(object, key)| (object, key, object.verifier(&RustCrypto))).collect();
    in_turn(&mut group, "parse, verify and accept", &rust_crypto, |(object, key, verifier)| {
        object.verify(verifier, *key)
    });
    bare(&mut group, "bare ECDSA, 1 × P-256", &verifications);
    let engine: Vec<_> = keyed.iter().map(|(object, key)| (object, key, object.verifier(&Engine::<true>))).collect();
    in_turn(&mut group, "engine", &engine, |(object, key, verifier)| object.verify(verifier, *key));
    in_turn(&mut group, "load the stored key", &keyed, |(object, key)| assert_eq!(object.key(), *key));
}

/// Whole verifications by each backend, plain and prepared. The lanes are there if the processor has them.
fn backends(criterion: &mut Criterion, attested: &Attested, asserted: &Asserted) {
    let mut group = criterion.benchmark_group("assertion, by backend");
    let key = asserted.key();
    one(&mut group, "RustCrypto", asserted, &RustCrypto, &key);
    one(&mut group, "aws-lc-rs", asserted, &AwsLc, &key);
    one(&mut group, "GenuineCrypto", asserted, &GenuineCrypto, &key);
    let prepared = PreparedKey::<_, PreparedP256<32>>::new(&key, &GenuineCrypto).expect("a point");
    one(&mut group, "GenuineCrypto, prepared 2 KB", asserted, &GenuineCrypto, &prepared);
    let prepared = PreparedKey::<_, PreparedP256<128>>::new(&key, &GenuineCrypto).expect("a point");
    one(&mut group, "GenuineCrypto, prepared 8 KB", asserted, &GenuineCrypto, &prepared);
    if let Some(lanes) = Ifma::detect() {
        let prepared = PreparedKey::<_, PreparedP256<128>>::new(&key, &lanes).expect("a point");
        one(&mut group, "lanes, prepared 8 KB", asserted, &lanes, &prepared);
    }
    group.finish();

    let mut group = criterion.benchmark_group("attestation, by backend");
    whole(&mut group, "RustCrypto", slice::from_ref(attested), &RustCrypto);
    whole(&mut group, "aws-lc-rs", slice::from_ref(attested), &AwsLc);
    whole(&mut group, "GenuineCrypto", slice::from_ref(attested), &GenuineCrypto);
    let issuer: RefCell<Option<CachedIssuer<GenuineCrypto, PreparedP384<128>>>> = RefCell::new(None);
    let verifier = attested.verifier(&GenuineCrypto).with_issuer_cache(&issuer);
    attested.verify(&verifier);
    assert!(issuer.borrow().is_some());
    group.bench_function("GenuineCrypto, cached issuer 12 KB", |bencher| bencher.iter(|| attested.verify(&verifier)));
}

/// Measures whole assertions with a backend, by a key as it is held.
fn one<C: AssertionCrypto>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    asserted: &Asserted,
    crypto: &C,
    key: &impl AssertionKey<C>,
) {
    let verifier = asserted.verifier(crypto);
    group.bench_function(name, |bencher| bencher.iter(|| asserted.verify(&verifier, key)));
}

fn app_attest(criterion: &mut Criterion) {
    let (attested, asserted) = minted();
    backends(criterion, &attested[0], &asserted[0]);
    attestations(criterion, "minted", &attested);
    assertions(criterion, "minted", &asserted);
    if let Some(directory) = env::var_os("GENUINE_REAL_VECTORS") {
        let (attested, asserted) = genuine_objects(Path::new(&directory));
        attestations(criterion, "genuine", &attested);
        assertions(criterion, "genuine", &asserted);
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = app_attest
}
criterion_main!(benches);
