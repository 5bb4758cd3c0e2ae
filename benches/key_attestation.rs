//! Android key attestation: reading a chain and verifying it, beside the signatures in it.
//!
//! ```text
//! cargo bench --bench key_attestation
//! ```
//!
//! The expected answer is asked for before anything is measured: every chain verifies on every backend, with a cache and without, and is
//! refused once a bit of its highest signature is changed. "Remote" is a chain of 2026 under a root on P-384; "factory, EC" has keys on
//! curves and "factory, RSA" keys of RSA-3072 and RSA-4096, both under an RSA root of 4096 bits. `all but signatures` is what is left
//! over a backend that takes every signature for good.

use std::{cell::RefCell, hint::black_box};

use criterion::{Criterion, criterion_group, criterion_main};
use genuine::{
    Error, UnixTime,
    crypto::{
        CryptoError, Curve, Digest, GenuineCrypto, P256, PrepareEcdsa, PreparedP256, PublicKey, RsaPublicKey, Sha256,
        Sha384, Signature, VerifyEcdsa, VerifyRsa,
    },
    key_attestation::{
        KeyAttestation, KeyAttestationCrypto, KeyAttestationVerifier, KeyDescription, Policy, RevocationStatus,
        RevokedSerials,
    },
    x509::{CachedIssuer, IssuerKey, TrustAnchor},
};
use genuine_backend_aws_lc::AwsLc;
use genuine_testvectors::{
    android::{AndroidDevice, Shape},
    keys::sha256,
    rsa::PrivateKey,
};

const CHALLENGE: &[u8] = b"a challenge";

/// What is on the revocation list.
const REVOKED: &[(&str, RevocationStatus)] = &[("6681152659205225093", RevocationStatus::Revoked)];

/// Another backend's hashes, under which every signature is good.
struct Without<C>(C);

impl<C: Sha256> Sha256 for Without<C> {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        self.0.sha256(parts)
    }
}

impl<C: Sha384> Sha384 for Without<C> {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        self.0.sha384(parts)
    }
}

impl<C, V: Curve> VerifyEcdsa<V> for Without<C> {
    fn check_key(&self, _: &PublicKey<V>) -> Result<(), CryptoError> {
        Ok(())
    }

    fn verify(&self, _: &PublicKey<V>, _: &Digest, _: &Signature<V>) -> Result<(), CryptoError> {
        Ok(())
    }
}

impl<C> VerifyRsa for Without<C> {
    fn verify_rsa_pkcs1_sha256(&self, _: RsaPublicKey<'_>, _: &[u8; 32], _: &[u8]) -> Result<(), CryptoError> {
        Ok(())
    }
}

/// A chain of a simulated phone, and what it is verified under.
struct Chain {
    certificates: Vec<Vec<u8>>,
    roots: [Vec<u8>; 2],
    package: String,
    digests: Vec<[u8; 32]>,
    now: UnixTime,
}

impl Chain {
    fn new(shape: Shape) -> Self {
        let phone = AndroidDevice::new("benchmark").with_shape(shape);
        let authorities = phone.authorities();
        Self {
            certificates: phone.attest(CHALLENGE).certificates,
            roots: [authorities.p384_root_der(), authorities.rsa_root_der()],
            package: phone.package().to_owned(),
            digests: phone.signing_digests().iter().map(|digest| digest[..].try_into().unwrap()).collect(),
            now: UnixTime(phone.issue_time()),
        }
    }

    /// With a bit changed of the signature under the anchor.
    fn forged(&self) -> Vec<Vec<u8>> {
        let mut certificates = self.certificates.clone();
        let highest = certificates.len() - 2;
        *certificates[highest].last_mut().unwrap() ^= 1;
        certificates
    }

    fn slices(certificates: &[Vec<u8>]) -> Vec<&[u8]> {
        certificates.iter().map(Vec::as_slice).collect()
    }
}

/// Measures a chain on a backend, once it has the expected answers.
fn verify<C: KeyAttestationCrypto + VerifyRsa>(group: &mut Group<'_>, name: &str, chain: &Chain, crypto: &C) {
    let policies = [Policy::new(&chain.package, &chain.digests)];
    let anchors: [TrustAnchor<'_, IssuerKey<'_>>; 2] =
        chain.roots.each_ref().map(|root| TrustAnchor::from_trusted_issuer(root).unwrap());
    let revoked = RevokedSerials::new(REVOKED).unwrap();
    let verifier = KeyAttestationVerifier::new(&policies, &anchors, crypto).unwrap();
    let verify = |certificates: &[&[u8]]| {
        let attestation = KeyAttestation::parse(certificates)?;
        verifier.verify(&attestation, CHALLENGE, &revoked, chain.now).map(|proof| proof.public_key())
    };
    let (honest, forged) = (Chain::slices(&chain.certificates), chain.forged());
    assert!(verify(&honest).unwrap().is_some());
    if name != WITHOUT {
        assert_eq!(verify(&Chain::slices(&forged)), Err(Error::AndroidSignature));
    }
    group.bench_function(name, |b| b.iter(|| verify(black_box(&honest)).is_ok()));
}

const WITHOUT: &str = "all but signatures";

/// The same under an issuer that is cached, its key prepared as `K`.
fn cached<K>(group: &mut Group<'_>, name: &str, chain: &Chain)
where
    GenuineCrypto: PrepareEcdsa<P256, K>,
{
    let policies = [Policy::new(&chain.package, &chain.digests)];
    let anchors: [TrustAnchor<'_, IssuerKey<'_>>; 2] =
        chain.roots.each_ref().map(|root| TrustAnchor::from_trusted_issuer(root).unwrap());
    let revoked = RevokedSerials::new(REVOKED).unwrap();
    let issuers: RefCell<[Option<CachedIssuer<GenuineCrypto, K>>; 4]> = RefCell::new([const { None }; 4]);
    let verifier =
        KeyAttestationVerifier::new(&policies, &anchors, &GenuineCrypto).unwrap().with_issuer_cache(&issuers);
    let verify = |certificates: &[&[u8]]| {
        let attestation = KeyAttestation::parse(certificates)?;
        verifier.verify(&attestation, CHALLENGE, &revoked, chain.now).map(|proof| proof.public_key())
    };
    let (honest, forged) = (Chain::slices(&chain.certificates), chain.forged());
    assert_eq!(verify(&Chain::slices(&forged)), Err(Error::AndroidSignature));
    assert!(issuers.borrow()[0].is_none());
    assert!(verify(&honest).unwrap().is_some());
    assert!(issuers.borrow()[0].is_some(), "the issuer is kept");
    assert_eq!(verify(&Chain::slices(&forged)), Err(Error::AndroidSignature));
    group.bench_function(name, |b| b.iter(|| verify(black_box(&honest)).is_ok()));
}

type Group<'c> = criterion::BenchmarkGroup<'c, criterion::measurement::WallTime>;

fn key_attestation(criterion: &mut Criterion) {
    for (name, shape) in
        [("remote", Shape::Remote), ("factory, EC", Shape::FactoryEc), ("factory, RSA", Shape::FactoryRsa3072)]
    {
        let chain = Chain::new(shape);
        let mut group = criterion.benchmark_group(format!("chain, {name}"));
        verify(&mut group, "genuine-crypto", &chain, &GenuineCrypto);
        verify(&mut group, "aws-lc-rs", &chain, &AwsLc);
        verify(&mut group, WITHOUT, &chain, &Without(GenuineCrypto));
        if shape == Shape::Remote {
            cached::<PreparedP256<32>>(&mut group, "genuine-crypto, cached issuer 2 KB", &chain);
            cached::<PreparedP256<128>>(&mut group, "genuine-crypto, cached issuer 8 KB", &chain);
        }
        let certificates = Chain::slices(&chain.certificates);
        let attestation = KeyAttestation::parse(&certificates).unwrap();
        assert_eq!(attestation.description().attestation_challenge(), CHALLENGE);
        group.bench_function("parse", |b| b.iter(|| KeyAttestation::parse(black_box(&certificates)).is_ok()));
        let mut leaf = attestation.certificates();
        let extension = leaf.next().unwrap().extension(genuine::key_attestation::KEY_DESCRIPTION).unwrap();
        group.bench_function("parse the description", |b| {
            b.iter(|| KeyDescription::parse(black_box(extension)).is_ok());
        });
        group.finish();
    }
}

fn rsa(criterion: &mut Criterion) {
    for bits in [2048, 3072, 4096] {
        let (key, digest) = (PrivateKey::of_bits(bits), sha256(&[b"a message"]));
        let (modulus, signature) = (key.modulus(), key.sign_digest(&digest));
        let key = RsaPublicKey::new(&modulus).unwrap();
        let other = sha256(&[b"another message"]);
        let mut group = criterion.benchmark_group(format!("RSA-{bits}, SHA-256"));
        macro_rules! verify {
            ($name:literal, $crypto:expr) => {
                assert_eq!($crypto.verify_rsa_pkcs1_sha256(key, &digest, &signature), Ok(()));
                assert_eq!($crypto.verify_rsa_pkcs1_sha256(key, &other, &signature), Err(CryptoError::Invalid));
                group.bench_function($name, |b| {
                    b.iter(|| $crypto.verify_rsa_pkcs1_sha256(black_box(key), &digest, &signature));
                });
            };
        }
        verify!("genuine-crypto", GenuineCrypto);
        verify!("aws-lc-rs", AwsLc);
        group.finish();
    }
}

criterion_group!(benches, key_attestation, rsa);
criterion_main!(benches);
