//! What is counted: each kind of verification, over inputs from fixed seeds.

use std::{array, cell::RefCell, hint::black_box};

use genuine::{
    UnixTime,
    app_attest::{
        AppIdHash, Assertion, AssertionKey, AssertionVerifier, AttestationObject, AttestationVerifier, AttestedKey,
        ClientDataHash, Counter, Environment, KeyId, Policy, PreparedKey,
    },
    crypto::{
        BatchEcdsa, CryptoError, Curve, Digest, GenuineCrypto, Item, Key, P256, P384, PrepareEcdsa, PreparedP256,
        PreparedP384, PublicKey, RsaPublicKey, Signature, Unprepared, VerifyEcdsa, VerifyRsa as _,
    },
    x509::{CachedIssuer, Issuers, TrustAnchor},
};
use genuine_testvectors::{
    Device, Mutation,
    certificate::part,
    der::Der,
    keys::{Hash, Signer, other_form_p384, sha256},
    rsa::PrivateKey,
};

/// How many signatures there are, and how many attestations.
const SIGNATURES: usize = 16;
const ATTESTATIONS: usize = 4;
/// Fewer, because signing takes long under valgrind.
const RSA_SIGNATURES: usize = 4;
/// How many signatures are a batch.
const BATCH: usize = 8;

/// A kind of verification.
pub(crate) struct Kind {
    /// What it is called in the figures.
    pub(crate) name: &'static str,
    /// How many of them go once over all inputs.
    pub(crate) verifications: u64,
    /// Goes over all inputs so many times.
    pub(crate) verify: fn(usize),
}

const fn signatures(name: &'static str, verify: fn(usize)) -> Kind {
    Kind { name, verifications: SIGNATURES as u64, verify }
}

const fn attestations(name: &'static str, verify: fn(usize)) -> Kind {
    Kind { name, verifications: ATTESTATIONS as u64, verify }
}

const fn rsa(name: &'static str, verify: fn(usize)) -> Kind {
    Kind { name, verifications: RSA_SIGNATURES as u64, verify }
}

/// All of them.
pub(crate) const KINDS: [Kind; 26] = [
    signatures("P-256", p256_plain),
    signatures("P-256, prepared 512 B", p256_prepared::<8>),
    signatures("P-256, prepared 2 KB", p256_prepared::<32>),
    signatures("P-256, prepared 8 KB", p256_prepared::<128>),
    signatures("P-256, prepared 32 KB", p256_prepared::<512>),
    signatures("P-256, batch of 8", p256_batch),
    signatures("P-256, batch of 8, prepared 2 KB", p256_batch_prepared::<32>),
    signatures("P-256, batch of 8, prepared 8 KB", p256_batch_prepared::<128>),
    signatures("P-256, prepare 2 KB", p256_prepare::<32>),
    signatures("P-256, prepare 8 KB", p256_prepare::<128>),
    signatures("P-384", p384_plain),
    signatures("P-384, prepared 768 B", p384_prepared::<8>),
    signatures("P-384, prepared 3 KB", p384_prepared::<32>),
    signatures("P-384, prepared 12 KB", p384_prepared::<128>),
    signatures("P-384, prepared 48 KB", p384_prepared::<512>),
    signatures("P-384, prepare 48 KB", p384_prepare::<512>),
    rsa("RSA-2048", rsa_of_bits::<2048>),
    rsa("RSA-3072", rsa_of_bits::<3072>),
    rsa("RSA-4096", rsa_of_bits::<4096>),
    signatures("assertion, whole", assertion_plain),
    signatures("assertion, whole, prepared 2 KB", assertion_prepared::<32>),
    signatures("assertion, whole, prepared 8 KB", assertion_prepared::<128>),
    attestations("attestation, whole", attestation_plain),
    attestations("attestation, whole, cached issuer 3 KB", attestation_cached::<32>),
    attestations("attestation, whole, cached issuer 48 KB", attestation_cached::<512>),
    attestations(
        "attestation, whole, cached issuer 48 KB, s of the issuer's signature flipped",
        attestation_relayed::<512>,
    ),
];

/// A digest, a signature, and the key.
struct Signed<C: Curve> {
    key: PublicKey<C>,
    digest: Digest,
    signature: Signature<C>,
}

/// By a key each.
fn signed_p256() -> Vec<Signed<P256>> {
    let sign = |number: usize| {
        let signer = Signer::p256(&format!("instructions {number}"));
        let digest = sha256(&[&number.to_be_bytes()]);
        Signed {
            key: PublicKey::from_uncompressed(&signer.public_point()).expect("a point"),
            digest: Digest::Sha256(digest),
            signature: Signature(fixed(&signer.sign_digest(&digest))),
        }
    };
    (0..SIGNATURES).map(sign).collect()
}

/// By one key, with SHA-384, as an intermediate certificate is signed.
fn signed_p384() -> Vec<Signed<P384>> {
    let signer = Signer::p384("instructions");
    let key = PublicKey::from_uncompressed(&signer.public_point()).expect("a point");
    let sign = |number: usize| {
        let digest = Hash::Sha384.digest(&number.to_be_bytes());
        let signature = Signature(fixed(&signer.sign_digest(&digest)));
        Signed { key, digest: Digest::Sha384(digest.try_into().expect("48 octets")), signature }
    };
    (0..SIGNATURES).map(sign).collect()
}

/// r ‖ s of a DER signature.
fn fixed<const N: usize>(der: &[u8]) -> [u8; N] {
    let mut fixed = [0; N];
    let mut sequence = Der::decode(der);
    for (half, number) in fixed.chunks_exact_mut(N / 2).zip(sequence.elements()) {
        let octets: &[u8] = number.octets();
        for (to, from) in half.iter_mut().rev().zip(octets.iter().rev()) {
            *to = *from;
        }
    }
    fixed
}

/// Goes over inputs so many times; each has to be accepted.
fn over<T>(inputs: &[T], times: usize, accepts: impl Fn(&T) -> bool) {
    for _ in 0..times {
        assert!(inputs.iter().all(|input| accepts(black_box(input))));
    }
}

fn p256_plain(times: usize) {
    over(&signed_p256(), times, |signed| GenuineCrypto.verify(&signed.key, &signed.digest, &signed.signature).is_ok());
}

fn p256_prepared<const POINTS: usize>(times: usize) {
    let signed = signed_p256();
    let prepared: Vec<PreparedP256<POINTS>> = signed.iter().map(prepare_p256).collect();
    let inputs: Vec<_> = signed.iter().zip(&prepared).collect();
    over(&inputs, times, |(signed, key)| {
        GenuineCrypto.verify_prepared(*key, &signed.digest, &signed.signature).is_ok()
    });
}

fn prepare_p256<const POINTS: usize>(signed: &Signed<P256>) -> PreparedP256<POINTS> {
    GenuineCrypto.prepare(&signed.key).expect("a point")
}

fn p256_prepare<const POINTS: usize>(times: usize) {
    over(&signed_p256(), times, |signed| {
        black_box(&prepare_p256::<POINTS>(signed));
        true
    });
}

fn p256_batch(times: usize) {
    let signed = signed_p256();
    let item = |index: usize| Item::<_, Unprepared> {
        key: Key::Plain(&signed[index].key),
        digest: signed[index].digest,
        signature: signed[index].signature,
    };
    over(&batches(item), times, all_of_batch);
}

fn p256_batch_prepared<const POINTS: usize>(times: usize) {
    let signed = signed_p256();
    let prepared: Vec<PreparedP256<POINTS>> = signed.iter().map(prepare_p256).collect();
    let item = |index: usize| Item {
        key: Key::Prepared(&prepared[index]),
        digest: signed[index].digest,
        signature: signed[index].signature,
    };
    over(&batches(item), times, all_of_batch);
}

fn batches<'k, K>(item: impl Fn(usize) -> Item<'k, P256, K>) -> Vec<[Item<'k, P256, K>; BATCH]> {
    (0..SIGNATURES / BATCH).map(|batch| array::from_fn(|place| item(batch * BATCH + place))).collect()
}

fn all_of_batch<K>(batch: &[Item<'_, P256, K>; BATCH]) -> bool
where
    GenuineCrypto: BatchEcdsa<P256, K>,
{
    let mut verdicts = [Err(CryptoError::Unavailable); BATCH];
    GenuineCrypto.verify_batch(batch, &mut verdicts);
    verdicts.iter().all(Result::is_ok)
}

fn p384_plain(times: usize) {
    over(&signed_p384(), times, |signed| GenuineCrypto.verify(&signed.key, &signed.digest, &signed.signature).is_ok());
}

fn p384_prepared<const POINTS: usize>(times: usize) {
    let signed = signed_p384();
    let key: PreparedP384<POINTS> = GenuineCrypto.prepare(&signed[0].key).expect("a point");
    over(&signed, times, |signed| GenuineCrypto.verify_prepared(&key, &signed.digest, &signed.signature).is_ok());
}

fn p384_prepare<const POINTS: usize>(times: usize) {
    over(&signed_p384(), times, |signed| {
        let key: Result<PreparedP384<POINTS>, _> = GenuineCrypto.prepare(&signed.key);
        black_box(&key).is_ok()
    });
}

fn rsa_of_bits<const BITS: usize>(times: usize) {
    let private = PrivateKey::of_bits(BITS);
    let modulus = private.modulus();
    let sign = |number: usize| {
        let digest = sha256(&[&number.to_be_bytes()]);
        (digest, private.sign_digest(&digest))
    };
    over(&(0..RSA_SIGNATURES).map(sign).collect::<Vec<_>>(), times, |(digest, signature)| {
        let key = RsaPublicKey::new(&modulus).expect("a key");
        GenuineCrypto.verify_rsa_pkcs1_sha256(key, digest, signature).is_ok()
    });
}

/// Assertions of one device, and its stored key.
struct Asserted {
    policies: [Policy<'static>; 1],
    key: AttestedKey,
    /// Object and client data hash.
    objects: Vec<(Vec<u8>, Vec<u8>)>,
}

fn asserted() -> Asserted {
    let mut device = Device::new("instructions");
    let app_id = AppIdHash::of(device.app_id(), &GenuineCrypto).expect("a hash");
    let key = PublicKey::from_uncompressed(&device.public_key()).expect("a point");
    let key = AttestedKey::from_trusted_parts(&key, app_id, Environment::Production, &GenuineCrypto).expect("a point");
    let assertion = |number: usize| {
        let assertion = device.assert(&number.to_be_bytes());
        (assertion.object, assertion.client_data_hash)
    };
    Asserted { policies: [Policy::new(app_id)], key, objects: (0..SIGNATURES).map(assertion).collect() }
}

fn assertions(asserted: &Asserted, key: &impl AssertionKey<GenuineCrypto>, times: usize) {
    let verifier = AssertionVerifier::new(&asserted.policies, &GenuineCrypto).expect("a configuration");
    over(&asserted.objects, times, |(object, client_data_hash)| {
        let verify = || {
            let client_data = ClientDataHash::new(client_data_hash)?;
            verifier.verify(&Assertion::parse(object)?, key, &client_data)?.accept_without_store(Counter::ATTESTED)
        };
        verify().is_ok()
    });
}

fn assertion_plain(times: usize) {
    let asserted = asserted();
    assertions(&asserted, &asserted.key, times);
}

fn assertion_prepared<const POINTS: usize>(times: usize) {
    let asserted = asserted();
    let key = PreparedKey::<_, PreparedP256<POINTS>>::new(&asserted.key, &GenuineCrypto).expect("a point");
    assertions(&asserted, &key, times);
}

/// Attestations of a device each.
struct Attested {
    policies: [Policy<'static>; 1],
    anchors: [TrustAnchor<'static>; 1],
    now: UnixTime,
    /// Object, key identifier and client data hash.
    objects: Vec<(Vec<u8>, KeyId, Vec<u8>)>,
}

fn attested() -> Attested {
    let devices: Vec<_> = (0..ATTESTATIONS).map(|number| Device::new(&format!("instructions {number}"))).collect();
    let first = &devices[0];
    let attestation = |device: &Device| {
        let attestation = device.attest(b"challenge");
        (attestation.object, KeyId(attestation.key_id), attestation.client_data_hash)
    };
    let root = PublicKey::from_uncompressed(&first.authorities().root_point()).expect("a point");
    Attested {
        policies: [Policy::new(AppIdHash::of(first.app_id(), &GenuineCrypto).expect("a hash"))],
        anchors: [TrustAnchor::new(first.authorities().root_subject().leak(), root)],
        now: UnixTime(first.issue_time()),
        objects: devices.iter().map(attestation).collect(),
    }
}

impl Attested {
    /// What a relay makes of them: n − s for s in the signature of each second intermediate.
    fn relayed(mut self) -> Self {
        let flipped = Mutation::default().chain(|chain| {
            let bits = chain.intermediate[part::SIGNATURE].octets();
            *bits = [&[0][..], &other_form_p384(&bits[1..])].concat();
        });
        for (number, (object, _, client_data_hash)) in self.objects.iter_mut().enumerate().step_by(2) {
            *object = flipped.mint_attestation(&Device::new(&format!("instructions {number}")), client_data_hash);
        }
        self
    }

    fn verifier(&self) -> AttestationVerifier<'_, GenuineCrypto> {
        AttestationVerifier::new(&self.policies, &self.anchors, &GenuineCrypto).expect("a configuration")
    }

    fn accepts<I: Issuers<GenuineCrypto>>(
        &self,
        verifier: &AttestationVerifier<'_, GenuineCrypto, I>,
        (object, key_id, client_data_hash): &(Vec<u8>, KeyId, Vec<u8>),
    ) -> bool {
        let verify = || {
            let client_data = ClientDataHash::new(client_data_hash)?;
            verifier.verify(&AttestationObject::parse(object)?, key_id, &client_data, self.now).map(drop)
        };
        verify().is_ok()
    }

    /// Under the issuer that the first one leaves behind: that of all others, whichever form of s came with it.
    fn under_cached_issuer<const POINTS: usize>(&self, times: usize) {
        let issuer: RefCell<Option<CachedIssuer<GenuineCrypto, PreparedP384<POINTS>>>> = RefCell::new(None);
        let verifier = self.verifier().with_issuer_cache(&issuer);
        assert!(self.accepts(&verifier, &self.objects[0]));
        assert!(issuer.borrow().is_some());
        over(&self.objects, times, |object| self.accepts(&verifier, object));
    }
}

fn attestation_plain(times: usize) {
    let attested = attested();
    let verifier = attested.verifier();
    over(&attested.objects, times, |object| attested.accepts(&verifier, object));
}

fn attestation_cached<const POINTS: usize>(times: usize) {
    attested().under_cached_issuer::<POINTS>(times);
}

fn attestation_relayed<const POINTS: usize>(times: usize) {
    attested().relayed().under_cached_issuer::<POINTS>(times);
}
