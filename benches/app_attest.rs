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
//! tables lie in the cache; `benches/peers/run --scaling` measures many devices, and where nothing was prepared.
//!
//! Objects: one attestation and one assertion minted in the form of iOS 27; and, if `GENUINE_REAL_VECTORS` names a
//! directory of genuine ones, all of those in turn. Every answer is checked in the measured loop. `benches/record/run`
//! runs this and prints the medians; with `--write` it writes `benches/record/app_attest.md`.

#![allow(missing_docs)]

use std::{cell::RefCell, env, fs, hint::black_box, path::Path, time::Duration};

use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};
use genuine::{
    UnixTime,
    app_attest::{
        APPLE_APP_ATTEST_ROOT, AppIdHash, Assertion, AssertionVerifier, AttestationObject, AttestationVerifier,
        AttestedKey, ClientDataHash, Counter, Environment, KeyId, Policy, PreparedKey,
    },
    crypto::{
        Crypto, CryptoError, Digest, GenuineCrypto, P256PublicKey, P256Signature, P384PublicKey, P384Signature,
        PrepareP256, PrepareP384, PreparedP256, PreparedP384, RustCrypto,
    },
    x509::{CachedIssuer, TrustAnchor},
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
    apps: [AppIdHash; 1],
    anchors: [TrustAnchor<'static>; 1],
}

/// An assertion, the stored key and the counter before it.
struct Asserted {
    object: Vec<u8>,
    client_data_hash: Vec<u8>,
    stored_key: [u8; AttestedKey::ENCODED_LEN],
    last: Counter,
}

impl Attested {
    /// From bytes to proof; returns what there is to store.
    fn verify<C: Crypto>(&self, crypto: &C) -> [u8; AttestedKey::ENCODED_LEN] {
        let policy = Policy::new(&self.apps).allow_development();
        let object = AttestationObject::parse(black_box(&self.object)).expect("an attestation");
        let proof = AttestationVerifier::new(policy, &self.anchors, crypto)
            .verify(&object, &self.key_id, &ClientDataHash(&self.client_data_hash), self.now)
            .expect("an authentic attestation");
        assert_eq!(proof.key().id(), self.key_id);
        proof.key().to_bytes()
    }

    /// The same under an issuer that was kept: the first time it is verified and prepared, and then only used.
    fn verify_keeping_issuer<K, C: PrepareP384<K>>(&self, issuer: &mut Option<CachedIssuer<K>>, crypto: &C) {
        let policy = Policy::new(&self.apps).allow_development();
        let object = AttestationObject::parse(black_box(&self.object)).expect("an attestation");
        let proof = AttestationVerifier::new(policy, &self.anchors, crypto)
            .verify_and_keep_issuer(&object, &self.key_id, &ClientDataHash(&self.client_data_hash), self.now, issuer)
            .expect("an authentic attestation");
        assert_eq!(proof.key().id(), self.key_id);
    }
}

impl Asserted {
    fn key(&self) -> AttestedKey {
        AttestedKey::from_trusted_bytes(black_box(&self.stored_key), &RustCrypto).expect("a stored key")
    }

    /// From bytes to proof, the key being at hand; returns the new counter.
    fn verify<C: Crypto>(&self, key: &AttestedKey, crypto: &C) -> Counter {
        let apps = [key.app_id()];
        let assertion = Assertion::parse(black_box(&self.object)).expect("an assertion");
        let proof = AssertionVerifier::new(Policy::new(&apps).allow_development(), crypto)
            .verify(&assertion, key, &ClientDataHash(&self.client_data_hash))
            .expect("an authentic assertion")
            .accept(self.last)
            .expect("a fresh assertion");
        assert_eq!(proof.key_id(), key.id());
        proof.counter()
    }

    /// The same by a prepared key.
    fn verify_prepared<K, C: PrepareP256<K>>(&self, key: &PreparedKey<K>, crypto: &C) -> Counter {
        let apps = [key.key().app_id()];
        let assertion = Assertion::parse(black_box(&self.object)).expect("an assertion");
        let proof = AssertionVerifier::new(Policy::new(&apps).allow_development(), crypto)
            .verify_prepared(&assertion, key, &ClientDataHash(&self.client_data_hash))
            .expect("an authentic assertion")
            .accept(self.last)
            .expect("a fresh assertion");
        assert_eq!(proof.key_id(), key.key().id());
        proof.counter()
    }
}

/// A device of iOS 27 with a receipt of genuine length.
fn minted() -> (Vec<Attested>, Vec<Asserted>) {
    let mut device = Device::new("bench");
    let attestation = device.attest(b"challenge");
    let assertion = device.assert(b"request");
    let root = P384PublicKey::from_uncompressed(&device.authorities().root_point()).unwrap();
    let attested = Attested {
        object: attestation.object,
        key_id: KeyId(attestation.key_id),
        client_data_hash: attestation.client_data_hash,
        now: UnixTime(device.issue_time()),
        apps: [AppIdHash::of(device.app_id(), &RustCrypto).unwrap()],
        anchors: [TrustAnchor::new(device.authorities().root_subject().leak(), root)],
    };
    let asserted = Asserted {
        object: assertion.object,
        client_data_hash: assertion.client_data_hash,
        stored_key: attested.verify(&RustCrypto),
        last: Counter::ATTESTED,
    };
    (vec![attested], vec![asserted])
}

/// The genuine objects of a directory.
fn genuine_objects(directory: &Path) -> (Vec<Attested>, Vec<Asserted>) {
    let attested = read(&directory.join("attestations")).into_iter().map(|vector| Attested {
        key_id: KeyId::from_slice(&vector.key_id).expect("a key identifier"),
        now: UnixTime(vector.valid_at.expect("a time to verify at")),
        apps: [AppIdHash::of(&vector.app_id, &RustCrypto).unwrap()],
        anchors: [APPLE_APP_ATTEST_ROOT],
        object: vector.object,
        client_data_hash: vector.client_data_hash,
    });
    let asserted = read(&directory.join("assertions")).into_iter().map(|vector| {
        let key = AttestedKey::from_trusted_parts(
            &P256PublicKey::from_uncompressed(&vector.public_key).expect("a public key"),
            AppIdHash::of(&vector.app_id, &RustCrypto).unwrap(),
            Environment::Production,
            &RustCrypto,
        );
        Asserted {
            stored_key: key.expect("a point").to_bytes(),
            last: Counter(vector.previous_counter.expect("the counter before")),
            object: vector.object,
            client_data_hash: vector.client_data_hash,
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

impl<const POINTS: bool> Crypto for Engine<POINTS> {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        RustCrypto.sha256(parts)
    }

    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        RustCrypto.sha384(parts)
    }

    fn check_p256(&self, key: &P256PublicKey) -> Result<(), CryptoError> {
        if POINTS { RustCrypto.check_p256(key) } else { Ok(()) }
    }

    fn check_p384(&self, key: &P384PublicKey) -> Result<(), CryptoError> {
        if POINTS { RustCrypto.check_p384(key) } else { Ok(()) }
    }

    fn verify_p256(&self, _: &P256PublicKey, _: &Digest, _: &P256Signature) -> Result<(), CryptoError> {
        Ok(())
    }

    fn verify_p384(&self, _: &P384PublicKey, _: &Digest, _: &P384Signature) -> Result<(), CryptoError> {
        Ok(())
    }
}

/// One operation that a verification asks of its backend, with its digest if it is a hash.
enum Operation {
    Sha256(Vec<u8>, [u8; 32]),
    Sha384(Vec<u8>, [u8; 48]),
    CheckP256(P256PublicKey),
    CheckP384(P384PublicKey),
    VerifyP256(P256PublicKey, Digest, P256Signature),
    VerifyP384(P384PublicKey, Digest, P384Signature),
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
            Self::CheckP256(key) => RustCrypto.check_p256(key),
            Self::CheckP384(key) => RustCrypto.check_p384(key),
            Self::VerifyP256(key, digest, signature) => RustCrypto.verify_p256(key, digest, signature),
            Self::VerifyP384(key, digest, signature) => RustCrypto.verify_p384(key, digest, signature),
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

impl Crypto for Recorder {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        let digest = RustCrypto.sha256(parts)?;
        self.note(Operation::Sha256(parts.concat(), digest));
        Ok(digest)
    }

    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        let digest = RustCrypto.sha384(parts)?;
        self.note(Operation::Sha384(parts.concat(), digest));
        Ok(digest)
    }

    fn check_p256(&self, key: &P256PublicKey) -> Result<(), CryptoError> {
        self.note(Operation::CheckP256(*key));
        RustCrypto.check_p256(key)
    }

    fn check_p384(&self, key: &P384PublicKey) -> Result<(), CryptoError> {
        self.note(Operation::CheckP384(*key));
        RustCrypto.check_p384(key)
    }

    fn verify_p256(&self, key: &P256PublicKey, digest: &Digest, signature: &P256Signature) -> Result<(), CryptoError> {
        self.note(Operation::VerifyP256(*key, *digest, *signature));
        RustCrypto.verify_p256(key, digest, signature)
    }

    fn verify_p384(&self, key: &P384PublicKey, digest: &Digest, signature: &P384Signature) -> Result<(), CryptoError> {
        self.note(Operation::VerifyP384(*key, *digest, *signature));
        RustCrypto.verify_p384(key, digest, signature)
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

fn operations(verify: impl FnOnce(&Recorder)) -> Vec<Operation> {
    let recorder = Recorder::default();
    verify(&recorder);
    recorder.0.into_inner()
}

fn attestations(criterion: &mut Criterion, kind: &str, objects: &[Attested]) {
    let recorded = |object: &Attested| operations(|recorder| _ = object.verify(recorder));
    let verifications: Vec<_> = objects.iter().map(recorded).collect();
    for operations in &verifications {
        assert_eq!(operations.iter().filter(|operation| operation.is_ecdsa()).count(), 2);
    }
    let mut group = criterion.benchmark_group(format!("{kind} attestation"));
    in_turn(&mut group, "parse", objects, |object| {
        let view = AttestationObject::parse(black_box(&object.object)).expect("an attestation");
        assert_eq!(black_box(view).credential().id(), object.key_id.0);
    });
    in_turn(&mut group, "parse and verify", objects, |object| object.verify(&RustCrypto));
    bare(&mut group, "bare ECDSA, 2 × P-384", &verifications);
    in_turn(&mut group, "engine", objects, |object| object.verify(&Engine::<true>));
    in_turn(&mut group, "engine, no point checks", objects, |object| object.verify(&Engine::<false>));
}

fn assertions(criterion: &mut Criterion, kind: &str, objects: &[Asserted]) {
    let recorded =
        |object: &Asserted| operations(|recorder| assert!(object.verify(&object.key(), recorder) > object.last));
    let verifications: Vec<_> = objects.iter().map(recorded).collect();
    for operations in &verifications {
        assert_eq!(operations.iter().filter(|operation| operation.is_ecdsa()).count(), 1);
    }
    let objects: Vec<_> = objects.iter().map(|object| (object, object.key())).collect();
    let mut group = criterion.benchmark_group(format!("{kind} assertion"));
    in_turn(&mut group, "parse", &objects, |(object, _)| {
        let view = Assertion::parse(black_box(&object.object)).expect("an assertion");
        assert!(black_box(view).auth_data().counter() > object.last);
    });
    in_turn(&mut group, "parse, verify and accept", &objects, |(object, key)| object.verify(key, &RustCrypto));
    bare(&mut group, "bare ECDSA, 1 × P-256", &verifications);
    in_turn(&mut group, "engine", &objects, |(object, key)| object.verify(key, &Engine::<true>));
    in_turn(&mut group, "load the stored key", &objects, |(object, key)| assert_eq!(object.key(), *key));
}

/// Whole verifications by each backend, plain and prepared. The lanes are there if the processor has them.
fn backends(criterion: &mut Criterion, attested: &Attested, asserted: &Asserted) {
    let key = asserted.key();
    let mut group = criterion.benchmark_group("assertion, by backend");
    group.bench_function("RustCrypto", |bencher| bencher.iter(|| asserted.verify(&key, &RustCrypto)));
    group.bench_function("aws-lc-rs", |bencher| bencher.iter(|| asserted.verify(&key, &AwsLc)));
    group.bench_function("GenuineCrypto", |bencher| bencher.iter(|| asserted.verify(&key, &GenuineCrypto)));
    let prepared: PreparedKey<PreparedP256<32>> = PreparedKey::new(&key, &GenuineCrypto).expect("a point");
    group.bench_function("GenuineCrypto, prepared 2 KB", |bencher| {
        bencher.iter(|| asserted.verify_prepared(&prepared, &GenuineCrypto));
    });
    let prepared: PreparedKey<PreparedP256<128>> = PreparedKey::new(&key, &GenuineCrypto).expect("a point");
    group.bench_function("GenuineCrypto, prepared 8 KB", |bencher| {
        bencher.iter(|| asserted.verify_prepared(&prepared, &GenuineCrypto));
    });
    if let Some(lanes) = Ifma::detect() {
        group.bench_function("lanes, prepared 8 KB", |bencher| {
            bencher.iter(|| asserted.verify_prepared(&prepared, &lanes));
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("attestation, by backend");
    group.bench_function("RustCrypto", |bencher| bencher.iter(|| attested.verify(&RustCrypto)));
    group.bench_function("aws-lc-rs", |bencher| bencher.iter(|| attested.verify(&AwsLc)));
    group.bench_function("GenuineCrypto", |bencher| bencher.iter(|| attested.verify(&GenuineCrypto)));
    let mut issuer: Option<CachedIssuer<PreparedP384<128>>> = None;
    group.bench_function("GenuineCrypto, cached issuer 12 KB", |bencher| {
        bencher.iter(|| attested.verify_keeping_issuer(&mut issuer, &GenuineCrypto));
    });
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
