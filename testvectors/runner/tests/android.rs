//! The vectors of Android key attestation: the engine's verdict of each, by its exact number.
//!
//! On this machine and others with `std` alone, as those of Play Integrity: the packed form that firmware reads is that of App Attest.

use std::cell::RefCell;
use std::collections::BTreeSet;

use genuine::app_attest::{self, Assertion, AssertionVerifier, ClientDataHash, Counter};
use genuine::crypto::{GenuineCrypto, PreparedP256, RustCrypto};
use genuine::key_attestation::{
    KeyAttestation, KeyAttestationCrypto, KeyAttestationVerifier, Policy, Provisioning, Purpose, RevocationStatus,
    RevokedSerials, SecurityLevel, VerifiedKeyAttestation, app_id_hash,
};
use genuine::x509::{CachedIssuer, IssuerKey, SubjectKey, TrustAnchor};
use genuine::{Error, UnixTime};
use genuine_testvectors::android::AndroidPki;
use genuine_testvectors::{AndroidRoot, AndroidVector, Hex, Provisioning as Provisioned, android_vectors};

/// The certificates of both roots.
struct Roots {
    p384: Vec<u8>,
    rsa: Vec<u8>,
}

impl Roots {
    fn new() -> Self {
        let authorities = AndroidPki::default();
        Self { p384: authorities.p384_root_der(), rsa: authorities.rsa_root_der() }
    }

    fn anchors(&self, roots: &[AndroidRoot]) -> Vec<TrustAnchor<'_, IssuerKey<'_>>> {
        let anchor = |root: &AndroidRoot| match root {
            AndroidRoot::P384 => &self.p384,
            AndroidRoot::Rsa => &self.rsa,
        };
        roots.iter().map(|root| TrustAnchor::from_trusted_issuer(anchor(root)).expect("a root")).collect()
    }
}

fn digests(texts: &[Hex]) -> Vec<[u8; 32]> {
    texts.iter().map(|digest| digest.0.as_slice().try_into().expect("32 octets")).collect()
}

/// What is said of one vector, in the types of the engine.
struct Case {
    vector: AndroidVector,
    digests: Vec<[u8; 32]>,
    others: Vec<Vec<[u8; 32]>>,
    boot_keys: Vec<[u8; 32]>,
    purposes: Option<Vec<Purpose>>,
    revoked: Vec<(String, RevocationStatus)>,
}

impl Case {
    fn new(vector: AndroidVector) -> Self {
        let purpose = |text: &String| match text.as_str() {
            "SIGN" => Purpose::Sign,
            "VERIFY" => Purpose::Verify,
            other => panic!("{other} is no purpose"),
        };
        let listed = |serials: &[String], status| serials.iter().map(|serial| (serial.clone(), status)).collect();
        let mut revoked: Vec<_> = listed(&vector.revoked, RevocationStatus::Revoked);
        revoked.append(&mut listed(&vector.suspended, RevocationStatus::Suspended));
        revoked.sort_by(|left, right| left.0.cmp(&right.0));
        Self {
            digests: digests(&vector.signing_digests),
            others: vector.policy.accept_other_signers.iter().flatten().map(|signers| digests(signers)).collect(),
            boot_keys: vector.policy.accept_boot_keys.as_deref().map(digests).unwrap_or_default(),
            purposes: vector.policy.require_purposes.as_ref().map(|texts| texts.iter().map(purpose).collect()),
            revoked,
            vector,
        }
    }

    fn policy<'p>(&'p self, others: &'p [&'p [[u8; 32]]]) -> Policy<'p> {
        let said = &self.vector.policy;
        let mut policy = Policy::new(&self.vector.package_name, &self.digests).accept_other_signers(others);
        if said.require_remote_provisioning {
            policy = policy.require_remote_provisioning();
        }
        if said.require_strong_box {
            policy = policy.require_strong_box();
        }
        if said.accept_boot_keys.is_some() {
            policy = policy.accept_boot_keys(&self.boot_keys);
        }
        if said.accept_shared_user_id {
            policy = policy.accept_shared_user_id();
        }
        if said.accept_attest_keys {
            policy = policy.accept_attest_keys();
        }
        if said.accept_any_key {
            policy = policy.accept_any_key();
        }
        if let Some(purposes) = &self.purposes {
            policy = policy.require_purposes(purposes);
        }
        if let Some(least) = said.require_os_version {
            policy = policy.require_os_version(least);
        }
        if let Some(least) = said.require_os_patch_level {
            policy = policy.require_os_patch_level(least);
        }
        if let Some(least) = said.require_vendor_patch_level {
            policy = policy.require_vendor_patch_level(least);
        }
        if let Some(least) = said.require_boot_patch_level {
            policy = policy.require_boot_patch_level(least);
        }
        if said.refuse_unknown_tags {
            policy = policy.refuse_unknown_tags();
        }
        if said.accept_suspended {
            policy = policy.accept_suspended();
        }
        if said.danger_ignore_validity_period {
            policy = policy.danger_ignore_validity_period();
        }
        if said.danger_accept_unlocked {
            policy = policy.danger_accept_unlocked();
        }
        policy
    }

    /// Verifies with this verifier's other arguments, and hands the proof on.
    fn verify<'i>(
        &self,
        certificates: &[&'i [u8]],
        verify: impl FnOnce(&KeyAttestation<'i>, &RevokedSerials<'_>) -> Result<VerifiedKeyAttestation<'i>, Error>,
    ) -> Result<VerifiedKeyAttestation<'i>, Error> {
        let attestation = KeyAttestation::parse(certificates)?;
        let revoked: Vec<_> = self.revoked.iter().map(|(serial, status)| (serial.as_str(), *status)).collect();
        let revoked = RevokedSerials::new(&revoked).expect("serial numbers in order");
        verify(&attestation, &revoked)
    }

    /// The chain, and after it the request, with a backend that has RSA; and with a cache of issuers, twice.
    fn with_rsa(&self, roots: &Roots) -> [Result<(), Error>; 3] {
        let crypto = &GenuineCrypto;
        let anchors = roots.anchors(self.vector.anchors());
        let others: Vec<&[[u8; 32]]> = self.others.iter().map(Vec::as_slice).collect();
        let policies = [self.policy(&others)];
        let certificates = self.vector.certificates();
        let (challenge, now) = (self.vector.challenge.0.as_slice(), UnixTime(self.vector.now));
        let verifier = KeyAttestationVerifier::new(&policies, &anchors, crypto).expect("a configuration");
        let plain = self.verify(&certificates, |chain, revoked| verifier.verify(chain, challenge, revoked, now));
        let cache = RefCell::<Option<CachedIssuer<GenuineCrypto, PreparedP256<32>>>>::default();
        let verifier = KeyAttestationVerifier::new(&policies, &anchors, crypto).expect("a configuration");
        let verifier = verifier.with_issuer_cache(&cache);
        let cached = || self.verify(&certificates, |chain, revoked| verifier.verify(chain, challenge, revoked, now));
        [plain, cached(), cached()].map(|verified| self.request(&verified?, crypto))
    }

    /// The chain under the root on P-384 alone, with a backend without RSA.
    fn without_rsa<C: KeyAttestationCrypto>(&self, roots: &Roots, crypto: &C) -> Result<(), Error> {
        let anchors = roots.anchors(&[AndroidRoot::P384]);
        let others: Vec<&[[u8; 32]]> = self.others.iter().map(Vec::as_slice).collect();
        let policies = [self.policy(&others)];
        let certificates = self.vector.certificates();
        let (challenge, now) = (self.vector.challenge.0.as_slice(), UnixTime(self.vector.now));
        let verifier = KeyAttestationVerifier::without_rsa(&policies, &anchors, crypto).expect("a configuration");
        let proof = self.verify(&certificates, |chain, revoked| verifier.verify(chain, challenge, revoked, now));
        self.request(&proof?, crypto)
    }

    /// What the chain proved, and the request that its key signed.
    fn request<C: KeyAttestationCrypto>(&self, verified: &VerifiedKeyAttestation<'_>, crypto: &C) -> Result<(), Error> {
        let AndroidVector { id, proof, request, .. } = &self.vector;
        if let Some(proof) = proof {
            let description = verified.description();
            let level = match verified.security_level() {
                SecurityLevel::StrongBox => "StrongBox",
                SecurityLevel::TrustedEnvironment => "TEE",
                other => panic!("{id}: {other:?}"),
            };
            let provisioning = match verified.provisioning() {
                Provisioning::Remote => Provisioned::Remote,
                Provisioning::Factory => Provisioned::Factory,
            };
            assert_eq!((provisioning, level), (proof.provisioning, proof.level.as_str()), "{id}");
            assert_eq!(description.attestation_version(), u64::from(proof.attestation_version), "{id}");
            assert_eq!(description.key_mint_version(), u64::from(proof.key_mint_version), "{id}");
            assert_eq!(verified.description().unknown_tags(), proof.unknown_tags, "{id}");
            let issued = verified.provisioning_info().and_then(|info| info.certificates_issued);
            assert_eq!(issued, proof.certificates_issued, "{id}");
            let serials: Vec<_> = verified.serials().map(|serial| serial.to_string()).collect();
            assert_eq!(serials, proof.serials, "{id}");
            let spki = &proof.public_key_b64.0;
            match verified.key() {
                SubjectKey::P256(point) => assert!(spki.ends_with(point), "{id}"),
                _ => assert!(verified.public_key().is_none(), "{id}"),
            }
        }
        let Some(request) = request else { return Ok(()) };
        let key = verified.attested_key(crypto).expect("a key on P-256");
        assert_eq!(key.app_id(), app_id_hash(&self.vector.package_name, crypto).expect("a hash"), "{id}");
        let policies = [app_attest::Policy::new(key.app_id())];
        let requests = AssertionVerifier::new(&policies, crypto).expect("a configuration");
        let assertion = Assertion::parse(&request.assertion_b64.0)?;
        let hash = ClientDataHash::new(&request.client_data_hash.0).expect("a hash");
        let signed = requests.verify(&assertion, &key, &hash)?;
        signed.accept_without_store(Counter(request.previous_counter)).map(drop)
    }
}

/// The object identifiers of RSA keys and signatures: 1.2.840.113549.1.1.
const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01];

fn speaks_of_rsa(vector: &AndroidVector) -> bool {
    vector.certificates().iter().any(|certificate| certificate.windows(RSA.len()).any(|window| window == RSA))
}

#[test]
fn every_chain_has_its_verdict() {
    let roots = Roots::new();
    let mut failures = BTreeSet::new();
    let (mut count, mut curves_alone) = (0, 0);
    for vector in android_vectors() {
        let case = Case::new(vector);
        let AndroidVector { id, expected, code, .. } = &case.vector;
        if let Some(code) = code {
            assert_eq!(Error::from_code(*code).map(Error::name), Some(expected.as_str()), "{id}");
        }
        let mut expect = |way: &str, found: Result<(), Error>| {
            let found = found.err();
            if found.map(Error::code) != *code {
                failures.insert(format!("{id}, {way}: expected {expected}, found {found:?}"));
            }
        };
        for (way, found) in ["plain", "cache", "cached"].into_iter().zip(case.with_rsa(&roots)) {
            expect(way, found);
        }
        if case.vector.anchors().contains(&AndroidRoot::P384) && !speaks_of_rsa(&case.vector) {
            curves_alone += 1;
            expect("without RSA", case.without_rsa(&roots, &GenuineCrypto));
            expect("without RSA, RustCrypto", case.without_rsa(&roots, &RustCrypto));
        }
        count += 1;
    }
    assert!(failures.is_empty(), "{} verdicts differ: {failures:#?}", failures.len());
    println!("{count} verdicts hold, {curves_alone} of them without RSA");
}

/// What is wrong with a configuration shows where a service starts, and is no chain's fault: the numbers 3900 to 3999.
#[test]
fn every_error_of_a_chain_is_provoked() {
    let provoked: BTreeSet<_> = android_vectors().filter_map(|vector| vector.code).collect();
    for error in Error::ALL.iter().filter(|error| matches!(error.code(), 3000..3900)) {
        assert!(provoked.contains(&error.code()), "{error}");
    }
}
