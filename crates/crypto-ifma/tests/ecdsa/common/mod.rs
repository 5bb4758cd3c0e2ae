//! Signatures that are made to order, and their verification on every path.

#[path = "../../../../crypto/tests/ecdsa/common/cubic.rs"]
pub(crate) mod cubic;
#[path = "../../../../crypto/tests/ecdsa/common/extreme.rs"]
pub(crate) mod extreme;

use std::sync::LazyLock;

use genuine_crypto::{Invalid, P256, Prepared, PublicKey, Unverified};
use genuine_crypto_ifma::{Ifma, Item, Key};
use num_bigint::BigUint;
use p256::{
    AffinePoint, FieldBytes, ProjectivePoint, Scalar,
    ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier as _},
    elliptic_curve::{
        PrimeField as _,
        group::Group as _,
        point::{AffineCoordinates as _, DecompressPoint as _},
        subtle::Choice,
    },
};
use sha2::{Digest as _, Sha256};

/// The processor's lanes. Where there are none, a test says so and does nothing.
pub(crate) fn lanes() -> Option<Ifma> {
    let lanes = Ifma::detect();
    if lanes.is_none() {
        assert!(std::env::var_os("GENUINE_REQUIRE_IFMA").is_none(), "this processor has no AVX-512 IFMA");
        eprintln!("not run: this processor has no AVX-512 IFMA");
    }
    lanes
}

pub(crate) static ORDER: LazyLock<BigUint> =
    LazyLock::new(|| hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"));

pub(crate) static PRIME: LazyLock<BigUint> =
    LazyLock::new(|| hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"));

pub(crate) fn hex(digits: &str) -> BigUint {
    BigUint::parse_bytes(digits.as_bytes(), 16).expect("digits")
}

pub(crate) fn octets(number: &BigUint) -> [u8; 32] {
    let octets = number.to_bytes_be();
    let mut padded = [0; 32];
    padded[32 - octets.len()..].copy_from_slice(&octets);
    padded
}

/// A number in 1 … n − 1, always the same for a seed.
pub(crate) fn random(seed: &str) -> BigUint {
    let octets = [Sha256::digest(seed), Sha256::digest(format!("{seed} again"))].concat();
    BigUint::from_bytes_be(&octets) % (&*ORDER - 1_u8) + 1_u8
}

/// a⁻¹ modulo n.
pub(crate) fn inverse(number: &BigUint) -> BigUint {
    number.modinv(&ORDER).expect("not zero")
}

fn scalar(number: &BigUint) -> Scalar {
    Scalar::from_repr(octets(&(number % &*ORDER)).into()).expect("below n")
}

/// k·G.
pub(crate) fn base(k: &BigUint) -> ProjectivePoint {
    ProjectivePoint::GENERATOR * scalar(k)
}

/// The point with this x and an even y.
pub(crate) fn lift(x: &BigUint) -> Option<ProjectivePoint> {
    AffinePoint::decompress(&FieldBytes::from(octets(x)), Choice::from(0)).into_option().map(ProjectivePoint::from)
}

/// The points whose x, and those whose y, is one of these, as far as there are such.
pub(crate) fn points_at(numbers: &[BigUint]) -> [Vec<ProjectivePoint>; 2] {
    let b = hex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b");
    let with_y = |y| {
        let point = lift(&cubic::all_x_of(y, &PRIME, &b).pop()?)?;
        Some(if BigUint::from_bytes_be(&point.to_affine().y()) == *y { point } else { -point })
    };
    [numbers.iter().filter_map(lift).collect(), numbers.iter().filter_map(with_y).collect()]
}

/// A digest and a signature, by a key that is `X ‖ Y`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) key: [u8; 64],
    pub(crate) digest: [u8; 32],
    pub(crate) signature: [u8; 64],
}

impl Case {
    /// The case in which u1·G + u2·Q is computed for Q = d·G, with the r that fits it, or with another one where that is
    /// infinity. s = r/u2 and e = u1·s. `None` if d is zero.
    pub(crate) fn of(d: &BigUint, u1: &BigUint, u2: &BigUint) -> Option<Self> {
        let sum = base(&(u1 + u2 * d));
        let r =
            if bool::from(sum.is_identity()) { random("any") } else { BigUint::from_bytes_be(&sum.to_affine().x()) };
        Self::with_key(&base(d), &(r % &*ORDER), u1, u2)
    }

    /// The case in which u1·G + u2·Q is a given point, for which Q = u2⁻¹·(R − u1·G).
    pub(crate) fn with_sum(sum: ProjectivePoint, r: &BigUint, u1: &BigUint, u2: &BigUint) -> Option<Self> {
        Self::with_key(&((sum - base(u1)) * scalar(&inverse(u2))), r, u1, u2)
    }

    /// The case in which u1·G + u2·Q is computed for Q = m⁻¹·P, with the r that fits it.
    pub(crate) fn of_part(point: ProjectivePoint, m: &BigUint, u1: &BigUint, u2: &BigUint) -> Option<Self> {
        let key = point * scalar(&inverse(m));
        let sum = base(u1) + key * scalar(u2);
        Self::with_key(&key, &(BigUint::from_bytes_be(&sum.to_affine().x()) % &*ORDER), u1, u2)
    }

    fn with_key(key: &ProjectivePoint, r: &BigUint, u1: &BigUint, u2: &BigUint) -> Option<Self> {
        if bool::from(key.is_identity()) {
            return None;
        }
        let key = key.to_affine();
        let s = r * inverse(u2) % &*ORDER;
        Some(Self {
            key: [key.x(), key.y()].concat().try_into().expect("64 octets"),
            digest: octets(&(u1 * &s % &*ORDER)),
            signature: [octets(r), octets(&s)].concat().try_into().expect("64 octets"),
        })
    }

    /// An honest signature.
    pub(crate) fn honest(seed: &str) -> Self {
        let [d, u1, u2] = ["d", "u1", "u2"].map(|name| random(&format!("{seed} {name}")));
        Self::of(&d, &u1, &u2).expect("d is not zero")
    }

    /// The same with a bit changed: in the digest, in r or in s.
    pub(crate) fn changed(&self, bit: usize) -> Self {
        let mut changed = self.clone();
        let octet = match bit / 8 % 96 {
            octet @ 0..32 => &mut changed.digest[octet],
            octet => &mut changed.signature[octet - 32],
        };
        *octet ^= 1 << (bit % 8);
        changed
    }

    /// What p256 says.
    pub(crate) fn is_valid(&self) -> bool {
        let key = VerifyingKey::from_sec1_bytes(&[&[4][..], &self.key].concat()).expect("a point");
        Signature::from_slice(&self.signature)
            .is_ok_and(|signature| key.verify_prehash(&self.digest, &signature).is_ok())
    }
}

/// A key in all its forms.
pub(crate) struct Keys {
    pub(crate) plain: PublicKey<P256>,
    pub(crate) of_8: Prepared<P256, 8>,
    pub(crate) of_32: Prepared<P256, 32>,
    pub(crate) of_128: Prepared<P256, 128>,
    pub(crate) of_512: Prepared<P256, 512>,
}

impl Keys {
    pub(crate) fn new(key: &[u8]) -> Self {
        let plain = PublicKey::<P256>::from_be(key).expect("a point");
        Self { of_8: plain.prepare(), of_32: plain.prepare(), of_128: plain.prepare(), of_512: plain.prepare(), plain }
    }
}

/// A digest of any length, a signature, a key, and whether it is valid.
pub(crate) struct Expected<'a> {
    pub(crate) keys: &'a Keys,
    pub(crate) digest: &'a [u8],
    pub(crate) signature: &'a [u8; 64],
    pub(crate) valid: bool,
}

/// Verifies together, with keys in one form.
pub(crate) fn batch<'a, const POINTS: usize>(
    lanes: Ifma,
    cases: &[Expected<'a>],
    key: impl Fn(&'a Keys) -> Key<'a, POINTS>,
) -> Vec<bool> {
    let items: Vec<_> =
        cases.iter().map(|case| Item { key: key(case.keys), digest: case.digest, signature: case.signature }).collect();
    // Answers that would be wrong if they stayed.
    let mut answers: Vec<_> = cases.iter().map(|case| if case.valid { Err(Invalid) } else { Ok(()) }).collect();
    lanes.verify_batch(&items, &mut answers);
    answers.iter().map(Result::is_ok).collect()
}

/// Verifies on every path.
pub(crate) fn assert_all(lanes: Ifma, cases: &[Expected<'_>]) {
    let expected: Vec<_> = cases.iter().map(|case| case.valid).collect();
    assert_eq!(batch::<8>(lanes, cases, |keys| Key::Plain(&keys.plain)), expected, "plain");
    assert_eq!(batch(lanes, cases, |keys| Key::Prepared(&keys.of_8)), expected, "8 points");
    assert_eq!(batch(lanes, cases, |keys| Key::Prepared(&keys.of_32)), expected, "32 points");
    assert_eq!(batch(lanes, cases, |keys| Key::Prepared(&keys.of_128)), expected, "128 points");
    assert_eq!(batch(lanes, cases, |keys| Key::Prepared(&keys.of_512)), expected, "512 points");
    for case in cases {
        let Expected { keys, digest, signature, valid } = *case;
        assert_eq!(lanes.verify_prepared(digest, signature, &keys.of_8).is_ok(), valid, "one, 8 points");
        assert_eq!(lanes.verify_prepared(digest, signature, &keys.of_32).is_ok(), valid, "one, 32 points");
        assert_eq!(lanes.verify_prepared(digest, signature, &keys.of_128).is_ok(), valid, "one, 128 points");
        assert_eq!(lanes.verify_prepared(digest, signature, &keys.of_512).is_ok(), valid, "one, 512 points");
        let portable = Unverified::new(digest, signature).and_then(|signed| signed.verify(&keys.plain));
        assert_eq!(portable.is_ok(), valid, "portable");
    }
}

/// Verifies on every path, and expects what p256 says.
pub(crate) fn assert_agreed(lanes: Ifma, cases: &[Case]) {
    for cases in cases.chunks(24) {
        let keys: Vec<_> = cases.iter().map(|case| Keys::new(&case.key)).collect();
        let expected: Vec<_> = cases
            .iter()
            .zip(&keys)
            .map(|(case, keys)| Expected {
                keys,
                digest: &case.digest,
                signature: &case.signature,
                valid: case.is_valid(),
            })
            .collect();
        assert_all(lanes, &expected);
    }
}

/// The scalars k for which an addition is exceptional, by the equation k − Σ c·(±2^i) = target: over some of the signs of k,
/// each with its factor c, in the order of i. The highest sign of all is `top`.
///
/// Sign i is + if bit i + 1 of k is set. The terms above do not reach that bit if c·2^j with j > i is a multiple of 2^(i + 2),
/// so that signs are found from the lowest on.
pub(crate) fn exceptional(terms: &[(usize, u8)], top: usize, target: &num_bigint::BigInt) -> Vec<BigUint> {
    let one = || num_bigint::BigInt::from(1);
    let mut partial = vec![target.clone()];
    for &(i, factor) in terms {
        let mut extended = Vec::new();
        for k in &partial {
            for positive in [true, false] {
                let term = (one() << i) * factor;
                let k = if positive { k + term } else { k - term };
                let is_so = if i == top { positive } else { (&k >> (i + 1)) % 2 != num_bigint::BigInt::ZERO };
                if is_so == positive {
                    extended.push(k);
                }
            }
        }
        partial = extended;
    }
    let in_range = |k: &BigUint| *k <= *ORDER && k.bit(0);
    partial.iter().filter_map(num_bigint::BigInt::to_biguint).filter(in_range).collect()
}
