//! Chains of real and simulated phones, and what their verification is given.

use std::{cell::RefCell, env, fs, path::Path};

use genuine::{
    Error, UnixTime,
    crypto::{
        CryptoError, Digest, GenuineCrypto, P256, P384, PrepareEcdsa, PreparedP256, PublicKey, RsaPublicKey, Sha256,
        Sha384, Signature, VerifyEcdsa, VerifyRsa,
    },
    key_attestation::{
        AttestationApplicationId, KeyAttestation, KeyAttestationCrypto, KeyAttestationVerifier, KeyDescription, Policy,
        RevocationStatus, VerifiedKeyAttestation,
    },
    x509::{IssuerCache, IssuerKey, TrustAnchor},
};
use genuine_testvectors::android::{AndroidDevice, AndroidMutation};
use x509_cert::der::Encode as _;

/// A chain: file name without its ending, and the certificates in DER, leaf first.
pub(crate) struct Chain {
    pub(crate) name: String,
    pub(crate) certificates: Vec<Vec<u8>>,
}

impl Chain {
    pub(crate) fn slices(&self) -> Vec<&[u8]> {
        self.certificates.iter().map(Vec::as_slice).collect()
    }
}

/// Those that lie beside the objects of App Attest, or none where `GENUINE_REAL_VECTORS` is not set.
pub(crate) fn phones() -> Vec<Chain> {
    let Some(directory) = env::var_os("GENUINE_REAL_VECTORS") else {
        println!("skipped: GENUINE_REAL_VECTORS is not set");
        return Vec::new();
    };
    let directory = Path::new(&directory).join("../android-key-attestation");
    let mut chains: Vec<_> = fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pem"))
        .map(|path| {
            let text = fs::read(&path).unwrap();
            let certificates = x509_cert::Certificate::load_pem_chain(&text).unwrap();
            let certificates = certificates.iter().map(|certificate| certificate.to_der().unwrap()).collect();
            Chain { name: path.file_stem().unwrap().to_str().unwrap().to_owned(), certificates }
        })
        .collect();
    chains.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(chains.len() >= 17, "{} chains", chains.len());
    chains
}

/// The package that a description names first, and the digests of its signers.
pub(crate) fn app_of(description: &KeyDescription<'_>) -> (String, Vec<[u8; 32]>) {
    let app = AttestationApplicationId::parse(description.application_id().unwrap()).unwrap();
    let package = app.packages().next().unwrap();
    let digests = app.signature_digests().map(|digest| digest.try_into().unwrap()).collect();
    (String::from_utf8(package.name.to_vec()).unwrap(), digests)
}

/// The challenge of what is minted here.
pub(crate) const CHALLENGE: &[u8] = b"a challenge of these tests";

/// A chain of a simulated phone, and what its verification is given.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) roots: [Vec<u8>; 2],
    pub(crate) package: String,
    pub(crate) digests: Vec<[u8; 32]>,
    pub(crate) challenge: Vec<u8>,
    pub(crate) now: UnixTime,
}

impl Case {
    /// What an honest phone sends.
    pub(crate) fn honest(device: &AndroidDevice) -> Self {
        Self::mint(device, &AndroidMutation::default())
    }

    /// What the mutation makes of it.
    pub(crate) fn mint(device: &AndroidDevice, mutation: &AndroidMutation<'_>) -> Self {
        let authorities = device.authorities();
        Self {
            certificates: mutation.mint(device, CHALLENGE),
            roots: [authorities.p384_root_der(), authorities.rsa_root_der()],
            package: device.package().to_owned(),
            digests: device.signing_digests().iter().map(|digest| digest.as_slice().try_into().unwrap()).collect(),
            challenge: CHALLENGE.to_vec(),
            now: UnixTime(device.issue_time()),
        }
    }

    pub(crate) fn slices(&self) -> Vec<&[u8]> {
        self.certificates.iter().map(Vec::as_slice).collect()
    }

    pub(crate) fn parse(&self) -> Result<KeyAttestation<'_>, Error> {
        KeyAttestation::parse(&self.slices())
    }

    pub(crate) fn anchors(&self) -> Vec<TrustAnchor<'_, IssuerKey<'_>>> {
        self.roots.iter().map(|root| TrustAnchor::from_trusted_issuer(root).unwrap()).collect()
    }

    pub(crate) fn policy(&self) -> Policy<'_> {
        Policy::new(&self.package, &self.digests)
    }

    pub(crate) fn verify(&self) -> Result<VerifiedKeyAttestation<'_>, Error> {
        self.verify_under(&[self.policy()], &GenuineCrypto)
    }

    pub(crate) fn verify_under<C: KeyAttestationCrypto + VerifyRsa + ?Sized>(
        &self,
        policies: &[Policy<'_>],
        crypto: &C,
    ) -> Result<VerifiedKeyAttestation<'_>, Error> {
        let anchors = self.anchors();
        let verifier = KeyAttestationVerifier::new(policies, &anchors, crypto)?;
        verifier.verify(&self.parse()?, &self.challenge, &nothing_revoked, self.now)
    }

    /// The same with a cache.
    pub(crate) fn verify_cached<C, I>(&self, cache: &I, crypto: &C) -> Result<VerifiedKeyAttestation<'_>, Error>
    where
        C: KeyAttestationCrypto + VerifyRsa + PrepareEcdsa<P256, I::Key>,
        I: IssuerCache<C>,
    {
        let (anchors, policies) = (self.anchors(), [self.policy()]);
        let verifier = KeyAttestationVerifier::new(&policies, &anchors, crypto)?.with_issuer_cache(cache);
        verifier.verify(&self.parse()?, &self.challenge, &nothing_revoked, self.now)
    }
}

/// An empty revocation list.
pub(crate) fn nothing_revoked(_: &str) -> RevocationStatus {
    RevocationStatus::Good
}

/// What was asked of a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    Sha256,
    Sha384,
    CheckP256,
    CheckP384,
    VerifyP256,
    VerifyP384,
    VerifyRsa,
    PrepareP256,
    VerifyP256Prepared,
}

/// The backend of genuine-crypto, which keeps a list of what was asked, and fails at one call if it is told to.
#[derive(Default)]
pub(crate) struct Tap {
    calls: RefCell<Vec<Call>>,
    fails_at: Option<usize>,
}

impl Tap {
    /// The call at this position, from 0, cannot be computed.
    pub(crate) fn failing_at(position: usize) -> Self {
        Self { fails_at: Some(position), ..Self::default() }
    }

    pub(crate) fn take(&self) -> Vec<Call> {
        self.calls.take()
    }

    fn note(&self, call: Call) -> Result<(), CryptoError> {
        let mut calls = self.calls.borrow_mut();
        calls.push(call);
        if self.fails_at == Some(calls.len() - 1) { Err(CryptoError::Unavailable) } else { Ok(()) }
    }
}

impl Sha256 for Tap {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        self.note(Call::Sha256)?;
        GenuineCrypto.sha256(parts)
    }
}

impl Sha384 for Tap {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        self.note(Call::Sha384)?;
        GenuineCrypto.sha384(parts)
    }
}

macro_rules! ecdsa {
    ($curve:ty, $check:ident, $verify:ident) => {
        impl VerifyEcdsa<$curve> for Tap {
            fn check_key(&self, key: &PublicKey<$curve>) -> Result<(), CryptoError> {
                self.note(Call::$check)?;
                GenuineCrypto.check_key(key)
            }

            fn verify(
                &self,
                key: &PublicKey<$curve>,
                digest: &Digest,
                signature: &Signature<$curve>,
            ) -> Result<(), CryptoError> {
                self.note(Call::$verify)?;
                GenuineCrypto.verify(key, digest, signature)
            }
        }
    };
}
ecdsa!(P256, CheckP256, VerifyP256);
ecdsa!(P384, CheckP384, VerifyP384);

impl VerifyRsa for Tap {
    fn verify_rsa_pkcs1_sha256(
        &self,
        key: RsaPublicKey<'_>,
        digest: &[u8; 32],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        self.note(Call::VerifyRsa)?;
        GenuineCrypto.verify_rsa_pkcs1_sha256(key, digest, signature)
    }
}

/// How the tap holds a prepared key.
pub(crate) type Prepared = PreparedP256<32>;

impl PrepareEcdsa<P256, Prepared> for Tap {
    fn prepare(&self, key: &PublicKey<P256>) -> Result<Prepared, CryptoError> {
        self.note(Call::PrepareP256)?;
        GenuineCrypto.prepare(key)
    }

    fn verify_prepared(&self, key: &Prepared, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        self.note(Call::VerifyP256Prepared)?;
        GenuineCrypto.verify_prepared(key, digest, signature)
    }
}

/// The signature (r, n − s) of a signature (r, s) by a key on P-384, in DER.
pub(crate) fn other_form(signature: &[u8]) -> Vec<u8> {
    use num_bigint::BigUint;
    use x509_cert::der::{
        Decode as _, Encode as _,
        asn1::{Uint, UintRef},
    };

    let order = BigUint::parse_bytes(
        b"ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        16,
    )
    .unwrap();
    let numbers = Vec::<Uint>::from_der(signature).unwrap();
    let s = (order - BigUint::from_bytes_be(numbers[1].as_bytes())).to_bytes_be();
    let content = [numbers[0].to_der().unwrap(), UintRef::new(&s).unwrap().to_der().unwrap()].concat();
    let mut der = vec![0x30, u8::try_from(content.len()).unwrap()];
    der.extend(content);
    der
}
