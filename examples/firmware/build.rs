//! Chooses the board's memory map and mints what the images verify.
//!
//! The objects come from a simulated iPhone; nothing minted is committed. `GENUINE_REAL_VECTORS` may name a directory with
//! objects of real devices, which the demo then verifies as well.

use std::{
    cell::RefCell,
    env,
    fmt::Debug,
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use genuine::{
    UnixTime,
    app_attest::{
        AppIdHash, Assertion, AssertionVerifier, AttestationObject, AttestationVerifier, AttestedKey, ClientDataHash,
        Environment, KeyId, Policy,
    },
    crypto::{
        CryptoError, Digest, P256, P384, PublicKey, RustCrypto, RustCryptoSigner, Sha256, Sha384, SignP256 as _,
        Signature, VerifyEcdsa,
    },
    session::token::{NewToken, TokenKey, TokenMinter},
    x509::TrustAnchor,
};
use genuine_testvectors::{
    Device, TestPki, Vector,
    android::{AndroidDevice, AndroidMutation, AndroidPki, Shape},
    certificate::field,
    keys::sha256,
    rsa,
};

/// What the phone answers to when it is paired, and what it asks for later.
const CHALLENGE: &[u8] = b"challenge of the lock";
const REQUEST: &[u8] = b"open the door, challenge 17";
const OTHER_REQUEST: &[u8] = b"open the safe, challenge 17";

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    board(&out);
    fs::write(out.join("objects.rs"), minted()).expect("OUT_DIR can be written to");
    if env::var_os("CARGO_FEATURE_KEY_ATTESTATION").is_some() {
        fs::write(out.join("android.rs"), android()).expect("OUT_DIR can be written to");
    }
    fs::write(out.join("real.rs"), real()).expect("OUT_DIR can be written to");
    fs::write(out.join("suite.bin"), genuine_testvectors_runner::suite()).expect("OUT_DIR can be written to");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=boards");
}

/// Hands the linker the memory map of the target's board and the start-up code's script, which includes it.
fn board(out: &Path) {
    let target = env::var("TARGET").expect("cargo sets TARGET");
    let board = match target.split('-').next() {
        Some("thumbv7em") => "mps2-an386",
        Some("thumbv8m.main") => "mps2-an505",
        Some("riscv32imac") => "virt",
        // Any other target has no board here, and the code says so.
        _ => return,
    };
    fs::copy(format!("boards/{board}.x"), out.join("memory.x")).expect("the board's memory map can be copied");
    // Where a device crate names its handlers of interrupts. None is used here.
    fs::write(out.join("device.x"), "").expect("OUT_DIR can be written to");
    println!("cargo::rustc-cfg=board=\"{board}\"");
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
}

/// The paired phone, its forgers, and what the simulated accelerator knows about them, as Rust source.
fn minted() -> String {
    let mut phone = Device::new("paired phone");
    let attacker = Device::new("paired phone").with_authorities(TestPki::new("attacker"));
    let authorities = phone.authorities();
    let (subject, root) = (authorities.root_subject(), p384(&authorities.root_point()));
    let now = phone.issue_time();
    let attestation = phone.attest(CHALLENGE);
    let stolen = phone.attest(b"challenge of another lock");
    let forged = attacker.attest(CHALLENGE);
    let assertion = phone.assert(REQUEST);

    // The host verifies first: what it asks of its backend are the answers that the accelerator has to know.
    let asked = Recorder::default();
    let app_id = AppIdHash::of(phone.app_id(), &asked).expect("software hashes");
    let policies = [Policy::new(app_id)];
    let anchors = [TrustAnchor::new(&subject, root)];
    let attested = |object: &[u8]| {
        let object = AttestationObject::parse(object)?;
        let challenge = ClientDataHash::new(&attestation.client_data_hash)?;
        let verifier = AttestationVerifier::new(&policies, &anchors, &asked)?;
        let proof = verifier.verify(&object, &KeyId(attestation.key_id), &challenge, UnixTime(now))?;
        Ok::<_, genuine::Error>(proof.key())
    };
    let key = attested(&attestation.object).expect("a minted attestation is genuine");
    attested(&forged.object).expect_err("a forged attestation is not genuine");
    let parsed = Assertion::parse(&assertion.object).expect("a minted assertion is well-formed");
    let request = ClientDataHash::new(&assertion.client_data_hash).expect("a hash is not empty");
    let _ = AssertionVerifier::new(&policies, &asked)
        .and_then(|verifier| verifier.verify(&parsed, &key, &request))
        .expect("a minted assertion is authentic");

    let mut source = vec![
        format!("pub const APP_ID: AppIdHash = AppIdHash({:?});", app_id.0),
        format!("pub const NOW: UnixTime = UnixTime({now});"),
        format!("pub const TEST_ROOT: TrustAnchor<'static> = TrustAnchor::new(&{subject:?}, PublicKey({:?}));", root.0),
        format!("pub static STORED_KEY: [u8; AttestedKey::ENCODED_LEN] = {:?};", key.to_bytes()),
    ];
    for (name, made) in [("PAIRING", &attestation), ("STOLEN_PAIRING", &stolen), ("FORGED_PAIRING", &forged)] {
        source.push(bytes(&format!("{name}_OBJECT"), &made.object));
        let pairing = pairing(&format!("{name}_OBJECT"), &made.key_id);
        source.push(format!("pub static {name}: Pairing<'static> = {pairing};"));
    }
    source.push(format!(
        "pub static CHALLENGE: ClientDataHash<'static> = {};",
        client_data_hash(&attestation.client_data_hash)
    ));
    source.push(format!("pub {}", bytes("ASSERTION", &assertion.object)));
    for (name, hash) in [("REQUEST", sha256(&[REQUEST])), ("OTHER_REQUEST", sha256(&[OTHER_REQUEST]))] {
        source.push(format!("pub static {name}: ClientDataHash<'static> = {};", client_data_hash(&hash)));
    }
    source.extend(tokens());
    source.extend([2048, 3072, 4096].into_iter().map(rsa));
    source.extend(asked.signed.into_inner());
    let answers = asked.answers.into_inner();
    source.extend((0..).zip(&answers).map(|(index, answer)| bytes(&format!("ANSWER_{index}"), answer)));
    let answers: Vec<_> = (0..answers.len()).map(|index| format!("&ANSWER_{index}")).collect();
    source.push(format!("pub static ANSWERS: &[&[u8]] = &[{}];", answers.join(", ")));
    source.join("\n")
}

/// An RSA key of this size and a signature, as Rust source.
fn rsa(bits: usize) -> String {
    let (key, digest) = (rsa::PrivateKey::of_bits(bits), sha256(&[REQUEST]));
    let [modulus, signature] =
        [("MODULUS", key.modulus()), ("SIGNATURE", key.sign_digest(&digest))].map(|(name, octets)| {
            let name = format!("RSA_{bits}_{name}");
            (bytes(&name, &octets), format!("&{name}"))
        });
    let signed = format!("pub static RSA_{bits}_SIGNED: RsaSigned = ({}, {digest:?}, {});", modulus.1, signature.1);
    [modulus.0, signature.0, signed].join("\n")
}

/// Android phones of three kinds and their forgers, as Rust source.
fn android() -> String {
    let mut phone = AndroidDevice::new("paired phone");
    let now = phone.issue_time();
    let digest: Vec<_> = phone.signing_digests().concat();
    let possession = phone.assert(CHALLENGE).object;
    let foreign = phone.clone().with_key("another phone").assert(CHALLENGE).object;
    let request = phone.assert(REQUEST).object;
    let of_shape = |shape| phone.clone().with_shape(shape);
    // Under authorities with the names of the true ones, whose root is left out.
    let forged =
        |shape| of_shape(shape).with_authorities(AndroidPki::attacker()).without_root().attest(CHALLENGE).certificates;
    // The attested key of an app signs a leaf over another key, as if it were the phone's hardware.
    let (signer, other_key) = (phone.signer(), phone.clone().with_key("forger").public_key_info());
    let forged_leaf = AndroidMutation::default().unsigned(|chain| {
        let mut leaf = chain[0].clone();
        leaf.tbs[field::ISSUER] = chain[0].tbs[field::SUBJECT].clone();
        leaf.tbs[field::SPKI] = other_key.clone();
        leaf.signer = signer.clone();
        chain.insert(0, leaf);
    });
    let chains = [
        ("REMOTE", phone.attest(CHALLENGE).certificates),
        ("REMOTE_FORGED", forged(Shape::Remote)),
        ("FORGED_LEAF", forged_leaf.mint(&phone, CHALLENGE)),
        ("FACTORY_EC", of_shape(Shape::FactoryEc).attest(CHALLENGE).certificates),
        ("FACTORY_RSA", of_shape(Shape::FactoryRsa3072).attest(CHALLENGE).certificates),
        ("FACTORY_FORGED", forged(Shape::FactoryEc)),
    ];
    let mut source = vec![
        format!("pub const PACKAGE: &str = {:?};", phone.package()),
        format!("pub const SIGNERS: [[u8; 32]; 1] = [{digest:?}];"),
        format!("pub const NOW: UnixTime = UnixTime({now});"),
        format!("pub const CHALLENGE: &[u8] = &{CHALLENGE:?};"),
        bytes("POSSESSION", &possession),
        bytes("FOREIGN", &foreign),
        bytes("ASSERTION", &request),
        "pub static REQUEST: &[u8] = &ASSERTION;".to_owned(),
        format!("pub static REQUESTED: ClientDataHash<'static> = {};", client_data_hash(&sha256(&[REQUEST]))),
    ];
    for (name, certificates) in &chains {
        source.extend((0..).zip(certificates).map(|(index, der): (u8, _)| bytes(&format!("{name}_{index}"), der)));
        let certificates: Vec<_> = (0..certificates.len()).map(|index| format!("&{name}_{index}")).collect();
        source.push(format!("pub static {name}: &[&[u8]] = &[{}];", certificates.join(", ")));
    }
    for (name, possession) in [("PAIRING", "POSSESSION"), ("COPIED", "FOREIGN")] {
        source.push(format!(
            "pub static {name}: AndroidPairing<'static> = \
             AndroidPairing {{ certificates: REMOTE, possession: &{possession} }};"
        ));
    }
    let roots = phone.authorities();
    let (p384, rsa) = (&roots.p384_root_point()[1..], roots.rsa_root_modulus());
    for (name, subject, key) in [
        ("P384_ROOT", roots.p384_root_subject(), format!("IssuerKey::P384(&{p384:?})")),
        (
            "RSA_ROOT",
            roots.rsa_root_subject(),
            format!("match RsaPublicKey::new(&{rsa:?}) {{ Some(key) => IssuerKey::Rsa(key), None => panic!() }}"),
        ),
    ] {
        source.push(format!(
            "pub const {name}: TrustAnchor<'static, IssuerKey<'static>> = TrustAnchor::new(&{subject:?}, {key});"
        ));
    }
    source.join("\n")
}

/// Session tokens of both algorithms and their keys, good and forged, as Rust source.
fn tokens() -> Vec<String> {
    let (issuer, audience, now, life) = ("https://attest.example", "https://api.example", 1_790_000_000, 300);
    let key_pair = RustCryptoSigner::try_from(&[7; 32]).expect("a secret");
    let (secret, keys) = ([0x5A; 32], ["2026-11", "2026-11-es"]);
    let key = TokenKey::hs256(keys[0], &secret).expect("a key");
    let new = NewToken::new("8d7cd5d1-0e5c-4a4b-9f14-5a1c2d3e4f50", life)
        .with_platform("ios")
        .with_environment("production")
        .with_verdict("VERIFIED");
    let mint = |minter: Result<TokenMinter<'_, RustCrypto>, genuine::Error>| {
        let mut room = [0; 1024];
        let text = minter.and_then(|minter| minter.mint(&new, &[1; 16], UnixTime(now), &mut room)).expect("a token");
        text.as_bytes().to_vec()
    };
    let hs256 = mint(TokenMinter::hs256(issuer, audience, &key, &RustCrypto));
    let es256 = mint(TokenMinter::es256(issuer, audience, keys[1], &key_pair, &RustCrypto));
    let text = String::from_utf8(es256.clone()).expect("a token is text");
    let (signed, signature) = text.rsplit_once('.').expect("a token has a signature");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    // Another first character of the code or signature.
    let forged = |token: &[u8]| {
        let mut token = token.to_vec();
        let first = token.iter().rposition(|octet| *octet == b'.').expect("a period") + 1;
        token[first] = if token[first] == b'A' { b'B' } else { b'A' };
        token
    };
    let longest = hs256.len().max(es256.len());
    vec![
        format!("pub const TOKEN_ISSUER: &str = {issuer:?};\npub const TOKEN_AUDIENCE: &str = {audience:?};"),
        format!("pub const TOKEN_NOW: u64 = {now};\npub const TOKEN_LIFE: u64 = {life};"),
        format!("pub const MAX_TOKEN: usize = {longest};\npub const TOKEN_KEYS: [&str; 2] = {keys:?};"),
        format!("pub {}", bytes("TOKEN_SECRET", &secret)),
        format!("pub {}", bytes("TOKEN_KEY", &key_pair.public_key().0)),
        format!("pub {}", bytes("TOKEN_DIGEST", &sha256(&[signed.as_bytes()]))),
        format!("pub {}", bytes("TOKEN_SIGNATURE", &signature)),
        format!("pub {}", bytes("TOKEN_HS256", &hs256)),
        format!("pub {}", bytes("TOKEN_ES256", &es256)),
        format!("pub {}", bytes("TOKEN_HS256_FORGED", &forged(&hs256))),
        format!("pub {}", bytes("TOKEN_ES256_FORGED", &forged(&es256))),
    ]
}

/// The objects of real devices, as Rust source: two empty lists if no directory is named.
fn real() -> String {
    println!("cargo::rerun-if-env-changed=GENUINE_REAL_VECTORS");
    let directory = env::var_os("GENUINE_REAL_VECTORS").map(PathBuf::from);
    let read = |kind: &str| directory.iter().flat_map(|path| vectors(&path.join(kind))).collect::<Vec<_>>();

    let attestations = read("attestations").into_iter().map(|vector| {
        let Vector { id, object, key_id, .. } = &vector;
        let pairing = pairing(&format!("{object:?}"), key_id);
        let challenge = client_data_hash(&vector.client_data_hash);
        let app_id = app_id(&vector).0;
        let development = vector.environment == Some(genuine_testvectors::Environment::Development);
        let now = vector.valid_at.expect("an attestation has a time");
        format!(
            "RealAttestation {{ name: {id:?}, app_id: AppIdHash({app_id:?}), development: {development}, \
             now: UnixTime({now}), pairing: {pairing}, challenge: {challenge} }},"
        )
    });
    let assertions = read("assertions").into_iter().map(|vector| {
        let Vector { id, object, .. } = &vector;
        let request = client_data_hash(&vector.client_data_hash);
        let app_id = app_id(&vector);
        let point = PublicKey::<P256>::from_uncompressed(&vector.public_key).expect("an assertion has a key");
        let key = AttestedKey::from_trusted_parts(&point, app_id, Environment::Production, &RustCrypto);
        let key = key.expect("the key is a point").to_bytes();
        let last = vector.previous_counter.expect("an assertion has a previous counter");
        format!(
            "RealAssertion {{ name: {id:?}, app_id: AppIdHash({:?}), last: Counter({last}), stored_key: {key:?}, \
             assertion: &{object:?}, request: {request} }},",
            app_id.0
        )
    });
    format!(
        "pub static ATTESTATIONS: &[RealAttestation] = &[{}];\npub static ASSERTIONS: &[RealAssertion] = &[{}];",
        attestations.collect::<String>(),
        assertions.collect::<String>()
    )
}

fn vectors(directory: &Path) -> Vec<Vector> {
    println!("cargo::rerun-if-changed={}", directory.display());
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a directory can be listed").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    assert!(!paths.is_empty(), "{} holds no objects", directory.display());
    let read = |path: &PathBuf| {
        let id = path.file_stem().expect("a file has a name").to_string_lossy();
        let json = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Vector::parse(&id, &json).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    paths.iter().map(read).collect()
}

/// Bytes under a name of their own, so that `meter` can tell them from the verifier.
fn bytes(name: &str, bytes: &[u8]) -> String {
    format!("static {name}: [u8; {}] = {bytes:?};", bytes.len())
}

fn pairing(object: &str, key_id: &[u8]) -> String {
    format!("Pairing {{ attestation: &{object}, key_id: KeyId({key_id:?}) }}")
}

fn client_data_hash(octets: &[u8]) -> String {
    format!("match ClientDataHash::new(&{octets:?}) {{ Ok(hash) => hash, Err(_) => panic!() }}")
}

fn app_id(vector: &Vector) -> AppIdHash {
    AppIdHash::of(&vector.app_id, &RustCrypto).expect("software hashes")
}

fn p384(point: &[u8]) -> PublicKey<P384> {
    PublicKey::from_uncompressed(point).expect("an uncompressed point")
}

/// Answers like the software backend and keeps the operands of every question about curves that is answered with yes.
#[derive(Default)]
struct Recorder {
    answers: RefCell<Vec<Vec<u8>>>,
    /// The last signature of each curve, with key and digest, as Rust source.
    signed: RefCell<[String; 2]>,
}

impl Recorder {
    fn keep(&self, answer: Result<(), CryptoError>, operands: &[&[u8]]) -> Result<(), CryptoError> {
        let operands = operands.concat();
        if answer.is_ok() && !self.answers.borrow().contains(&operands) {
            self.answers.borrow_mut().push(operands);
        }
        answer
    }

    fn keep_signed(&self, curve: &str, answer: Result<(), CryptoError>, operands: (impl Debug, &Digest, impl Debug)) {
        if answer.is_ok() {
            let (key, digest, signature) = operands;
            self.signed.borrow_mut()[usize::from(curve == "P384")] = format!(
                "pub static {curve}_SIGNED: (PublicKey<{curve}>, Digest, Signature<{curve}>) = \
                 ({key:?}, Digest::{digest:?}, {signature:?});"
            );
        }
    }
}

impl Sha256 for Recorder {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        RustCrypto.sha256(parts)
    }
}

impl Sha384 for Recorder {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        RustCrypto.sha384(parts)
    }
}

impl VerifyEcdsa<P256> for Recorder {
    fn check_key(&self, key: &PublicKey<P256>) -> Result<(), CryptoError> {
        self.keep(RustCrypto.check_key(key), &[&key.0])
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        let answer = RustCrypto.verify(key, digest, signature);
        self.keep_signed("P256", answer, (key, digest, signature));
        self.keep(answer, &[&key.0, digest.as_bytes(), &signature.0])
    }
}

impl VerifyEcdsa<P384> for Recorder {
    fn check_key(&self, key: &PublicKey<P384>) -> Result<(), CryptoError> {
        self.keep(RustCrypto.check_key(key), &[&key.0])
    }

    fn verify(&self, key: &PublicKey<P384>, digest: &Digest, signature: &Signature<P384>) -> Result<(), CryptoError> {
        let answer = RustCrypto.verify(key, digest, signature);
        self.keep_signed("P384", answer, (key, digest, signature));
        self.keep(answer, &[&key.0, digest.as_bytes(), &signature.0])
    }
}
