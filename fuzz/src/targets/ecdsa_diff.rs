//! ECDSA: the verdicts of the engine's backends, genuine-crypto on every path, of p256 or p384 used in another way,
//! and with the feature `c-oracles` of aws-lc-rs and ring.

use std::{cell::RefCell, collections::HashMap, sync::LazyLock};

use genuine::{
    Error,
    crypto::{
        BatchEcdsa, CryptoError, Digest, GenuineCrypto, Item, Key, P256, P384, PrepareEcdsa, PreparedP256,
        PreparedP384, PublicKey, RustCrypto, Signature, Unprepared, VerifyEcdsa as _,
    },
};
use genuine_crypto_ifma::Ifma;
use genuine_testvectors::keys::{Hash, Signer};

use crate::codes;

/// A curve and a hash.
struct Algorithm {
    hash: Hash,
    /// Octets of a coordinate.
    size: usize,
    signer: Signer,
}

static ALGORITHMS: LazyLock<[Algorithm; 4]> = LazyLock::new(|| {
    let (p256, p384) = (Signer::p256("ecdsa"), Signer::p384("ecdsa"));
    [
        Algorithm { hash: Hash::Sha256, size: 32, signer: p256.clone() },
        Algorithm { hash: Hash::Sha384, size: 32, signer: p256 },
        Algorithm { hash: Hash::Sha256, size: 48, signer: p384.clone() },
        Algorithm { hash: Hash::Sha384, size: 48, signer: p384 },
    ]
});

/// Algorithm and replacements (1 byte), message (1), then what replaces key, r and s of an honest signature: bit 2 the
/// key, bit 3 r, bit 4 s, and bit 5 says that they are combined with the honest ones by exclusive or.
///
/// All give one verdict, and the honest signature has a good one.
pub fn run(data: &[u8]) {
    let Some((&[kind, message], mut rest)) = data.split_first_chunk() else { return };
    let Algorithm { hash, size, .. } = &ALGORITHMS[usize::from(kind & 3)];
    let message = [message];
    let (honest_point, honest_numbers) = honest(kind & 3, message[0]);
    let (mut point, mut numbers) = (honest_point.clone(), honest_numbers.clone());
    let mut replace = |bit: u8, octets: &mut [u8]| {
        if kind & bit != 0 {
            for octet in octets {
                let new = rest.split_off_first().copied().unwrap_or_default();
                *octet = if kind & 0x20 == 0 { new } else { *octet ^ new };
            }
        }
    };
    replace(4, &mut point[1..]);
    replace(8, &mut numbers[..*size]);
    replace(16, &mut numbers[*size..]);

    let digest = hash.digest(&message);
    #[cfg_attr(not(feature = "c-oracles"), expect(unused_variables, reason = "for oracles that are not here"))]
    let verdicts @ (ours, _) =
        if *size == 32 { p256(&point, &digest, &numbers) } else { p384(&point, &digest, &numbers) };
    codes::record(&ours.then_some(()).ok_or(Error::SignatureInvalid));
    #[cfg(feature = "c-oracles")]
    c_oracles::agree(kind & 3, &point, &message, numbers.split_at(*size), verdicts);
    if point == honest_point && numbers == honest_numbers {
        assert!(ours, "an honest signature");
    }
}

/// A public key, and r ‖ s.
type Signed = (Vec<u8>, Vec<u8>);

/// The public key of an algorithm, and its signature over a message of one byte; made once each.
fn honest(algorithm: u8, message: u8) -> Signed {
    thread_local! {
        static MADE: RefCell<HashMap<(u8, u8), Signed>> = RefCell::default();
    }
    let make = || {
        let Algorithm { hash, size, signer, .. } = &ALGORITHMS[usize::from(algorithm)];
        (signer.public_point(), split(&signer.sign_digest(&hash.digest(&[message])), *size))
    };
    MADE.with_borrow_mut(|made| made.entry((algorithm, message)).or_insert_with(make).clone())
}

/// r ‖ s of a DER signature.
fn split(signature: &[u8], size: usize) -> Vec<u8> {
    if size == 32 {
        p256::ecdsa::Signature::from_der(signature).expect("an honest one").to_bytes().to_vec()
    } else {
        p384::ecdsa::Signature::from_der(signature).expect("an honest one").to_bytes().to_vec()
    }
}

fn digest_of(octets: &[u8]) -> Digest {
    octets.try_into().map(Digest::Sha256).unwrap_or_else(|_| Digest::Sha384(octets.try_into().expect("48 octets")))
}

fn is_ok(answer: Result<(), CryptoError>) -> bool {
    assert_ne!(answer, Err(CryptoError::Unavailable));
    answer.is_ok()
}

/// What genuine-crypto says, which is the same on every path: with the key, prepared or not, and in a batch beside
/// an honest signature and one out of range; in portable code, and in lanes where the processor has any.
fn p256_on_every_path(key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> bool {
    let verdict = is_ok(GenuineCrypto.verify(key, digest, signature));
    let tables = || {
        let prepared: (PreparedP256<8>, PreparedP256<32>, PreparedP256<128>, PreparedP256<512>) = (
            GenuineCrypto.prepare(key).ok()?,
            GenuineCrypto.prepare(key).ok()?,
            GenuineCrypto.prepare(key).ok()?,
            GenuineCrypto.prepare(key).ok()?,
        );
        Some(prepared)
    };
    let Some((smallest, small, large, largest)) = tables() else {
        assert!(!verdict, "a key that is no point");
        return false;
    };
    let mut written = [0; PreparedP256::<8>::ENCODED_LEN];
    smallest.write_to(&mut written).expect("the length is right");
    let read = PreparedP256::<8>::from_trusted_bytes(&written).expect("what was written");

    // A method of this name is another one in lanes.
    macro_rules! prepared {
        ($backend:expr, $key:expr) => {
            is_ok(PrepareEcdsa::<P256, _>::verify_prepared(&$backend, $key, digest, signature))
        };
    }
    macro_rules! backend {
        ($backend:expr) => {
            assert_eq!(prepared!($backend, &smallest), verdict, "8 points");
            assert_eq!(prepared!($backend, &read), verdict, "8 points, stored");
            assert_eq!(prepared!($backend, &small), verdict, "32 points");
            assert_eq!(prepared!($backend, &large), verdict, "128 points");
            assert_eq!(prepared!($backend, &largest), verdict, "512 points");
            in_a_batch(&$backend, key, &large, digest, signature, verdict);
        };
    }
    backend!(GenuineCrypto);
    if let Some(lanes) = Ifma::detect() {
        backend!(lanes);
    }
    verdict
}

/// Four of it, two of them prepared, beside an honest signature and three that are out of range; and the same with no key
/// prepared.
fn in_a_batch(
    backend: &(impl BatchEcdsa<P256, PreparedP256<128>> + BatchEcdsa<P256, Unprepared>),
    key: &PublicKey<P256>,
    prepared: &PreparedP256<128>,
    digest: &Digest,
    signature: &Signature<P256>,
    verdict: bool,
) {
    let (honest_point, honest_numbers) = honest(0, 0);
    let honest_key = PublicKey::<P256>::from_uncompressed(&honest_point).expect("an honest one");
    let honest_digest = digest_of(&ALGORITHMS[0].hash.digest(&[0]));
    let honest_signature = Signature::<P256>(honest_numbers.try_into().expect("two numbers"));
    let expected = [false, verdict, true, verdict, false, verdict, verdict, false];
    macro_rules! batch {
        ($prepared:expr) => {
            let honest = Item { key: Key::Plain(&honest_key), digest: honest_digest, signature: honest_signature };
            let zero = Item { signature: Signature::<P256>([0; 64]), ..honest };
            let plain = Item { key: Key::Plain(key), digest: *digest, signature: *signature };
            let prepared = Item { key: $prepared, ..plain };
            let mut verdicts = [Err(CryptoError::Unavailable); 8];
            backend.verify_batch(&[zero, plain, honest, prepared, zero, plain, prepared, zero], &mut verdicts);
            assert_eq!(verdicts.map(is_ok), expected, "in a batch");
        };
    }
    batch!(Key::Prepared(prepared));
    batch!(Key::<P256, Unprepared>::Plain(key));
}

/// The same for P-384, which has no batches.
fn p384_on_every_path(key: &PublicKey<P384>, digest: &Digest, signature: &Signature<P384>) -> bool {
    let verdict = is_ok(GenuineCrypto.verify(key, digest, signature));
    let small: Option<PreparedP384<8>> = GenuineCrypto.prepare(key).ok();
    let large: Option<PreparedP384<128>> = GenuineCrypto.prepare(key).ok();
    let Some((small, large)) = small.zip(large) else {
        assert!(!verdict, "a key that is no point");
        return false;
    };
    assert_eq!(is_ok(GenuineCrypto.verify_prepared(&small, digest, signature)), verdict, "8 points");
    assert_eq!(is_ok(GenuineCrypto.verify_prepared(&large, digest, signature)), verdict, "128 points");
    verdict
}

macro_rules! on_curve {
    ($name:ident: $library:ident, $curve:ident, $every_path:ident) => {
        /// The backends' verdict on the signature, and on the key: the same by way of SEC 1.
        fn $name(point: &[u8], digest: &[u8], numbers: &[u8]) -> (bool, bool) {
            use $library::ecdsa::{Signature as Decoded, VerifyingKey, signature::hazmat::PrehashVerifier as _};
            let key = PublicKey::<$curve>::from_uncompressed(point).expect("an uncompressed point");
            let signature = Signature::<$curve>(numbers.try_into().expect("two numbers"));
            let is_point = is_ok(RustCrypto.check_key(&key));
            let verdict = is_ok(RustCrypto.verify(&key, &digest_of(digest), &signature));
            assert_eq!(is_ok(GenuineCrypto.check_key(&key)), is_point, "the key");
            assert_eq!($every_path(&key, &digest_of(digest), &signature), verdict, "genuine-crypto");
            let decoded = VerifyingKey::from_sec1_bytes(point).ok();
            assert_eq!(decoded.is_some(), is_point, "the key by way of SEC 1");
            let again = decoded.zip(Decoded::from_slice(numbers).ok());
            let again = again.is_some_and(|(key, signature)| key.verify_prehash(digest, &signature).is_ok());
            assert_eq!(again, verdict, "by way of SEC 1");
            (verdict, is_point)
        }
    };
}

on_curve!(p256: p256, P256, p256_on_every_path);
on_curve!(p384: p384, P384, p384_on_every_path);

/// Each algorithm as it is, and with the numbers where implementations have failed.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    (0..4_u8)
        .flat_map(|algorithm| {
            [0, 4, 8, 16, 24, 28, 0x20 | 8, 0x20 | 16, 0x20 | 4].map(|bits| vec![algorithm | bits, 7])
        })
        .collect()
}

/// Two libraries whose arithmetic is C and assembly.
#[cfg(feature = "c-oracles")]
mod c_oracles {
    use aws_lc_rs::signature as aws;
    use genuine_testvectors::der::Der;
    use ring::signature as ring;

    /// In the order of `ALGORITHMS`.
    static ALGORITHMS: [(&aws::EcdsaVerificationAlgorithm, &ring::EcdsaVerificationAlgorithm); 4] = [
        (&aws::ECDSA_P256_SHA256_ASN1, &ring::ECDSA_P256_SHA256_ASN1),
        (&aws::ECDSA_P256_SHA384_ASN1, &ring::ECDSA_P256_SHA384_ASN1),
        (&aws::ECDSA_P384_SHA256_ASN1, &ring::ECDSA_P384_SHA256_ASN1),
        (&aws::ECDSA_P384_SHA384_ASN1, &ring::ECDSA_P384_SHA384_ASN1),
    ];

    /// Panics unless both say the same of the signature, and aws-lc-rs of the key, which ring does not check alone.
    pub(super) fn agree(
        algorithm: u8,
        point: &[u8],
        message: &[u8],
        (r, s): (&[u8], &[u8]),
        (verdict, is_point): (bool, bool),
    ) {
        let (aws, ring) = ALGORITHMS[usize::from(algorithm)];
        let encoded = Der::sequence(vec![Der::integer(r), Der::integer(s)]).encode();
        let of_aws = aws::UnparsedPublicKey::new(aws, point).verify(message, &encoded).is_ok();
        let of_ring = ring::UnparsedPublicKey::new(ring, point).verify(message, &encoded).is_ok();
        assert_eq!([of_aws, of_ring], [verdict; 2], "aws-lc-rs and ring");
        assert_eq!(aws::ParsedPublicKey::new(aws, point).is_ok(), is_point, "the key, to aws-lc-rs");
    }
}
