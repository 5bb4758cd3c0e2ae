//! The two curves as other libraries know them: `p256`, `p384` and aws-lc. Nothing here is computed by the crate's code.

use std::sync::LazyLock;

use genuine_crypto::{
    BasePoint, P256, P384,
    arithmetic::{Affine, Fe},
};
use num_bigint::BigUint;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::elliptic_curve::{
    PrimeField,
    group::{Curve as _, Group},
    point::{AffineCoordinates as _, DecompressPoint as _},
    subtle::Choice,
};

use super::{cubic, octets, power, small};

/// What other libraries know of a curve, and compute on it.
pub(crate) trait Oracle: BasePoint {
    type Scalar: PrimeField;
    type Point: Group<Scalar = Self::Scalar>;

    /// Octets of a number.
    const OCTETS: usize = Self::BITS as usize / 8;

    fn p() -> &'static BigUint;
    fn n() -> &'static BigUint;

    /// Below n.
    fn scalar(number: &BigUint) -> Self::Scalar;
    fn number(scalar: &Self::Scalar) -> BigUint;
    /// Reads `X ‖ Y`.
    fn read(coordinates: &[u8]) -> Option<Self::Point>;
    /// Writes `X ‖ Y`, unless it is infinity.
    fn write(point: &Self::Point) -> Option<Vec<u8>>;
    /// Writes many, none of them infinity, at the price of one inversion.
    fn write_all(points: &[Self::Point]) -> Vec<Vec<u8>>;
    /// The point with this x and an even y.
    fn lift(x: &BigUint) -> Option<Self::Point>;

    /// The verdict of `p256` or `p384`; `None` for a digest shorter than they take.
    fn by_rust_crypto(key: &[u8], digest: &[u8], signature: &[u8]) -> Option<bool>;
    /// The verdict of aws-lc; `None` where it is not built, and for a digest of another length than that of SHA-256 or
    /// SHA-384.
    fn by_aws_lc(key: &[u8], digest: &[u8], signature: &[u8]) -> Option<bool>;

    /// k·G.
    fn base(k: &BigUint) -> Self::Point {
        Self::Point::generator() * Self::scalar(&(k % Self::n()))
    }

    /// The x of all points with this y, b being what makes the equation hold for the base point.
    fn all_x_of(y: &BigUint) -> Vec<BigUint> {
        let p = Self::p();
        let [gx, gy] = Self::coordinates(&Self::base(&small(1)));
        let b = (&gy * &gy + (p + small(3) - &gx * &gx % p) * &gx) % p;
        cubic::all_x_of(y, p, &b)
    }

    /// x and y of a point that is not infinity.
    fn coordinates(point: &Self::Point) -> [BigUint; 2] {
        let octets = Self::write(point).expect("not infinity");
        [&octets[..Self::OCTETS], &octets[Self::OCTETS..]].map(BigUint::from_bytes_be)
    }

    /// The modulus of octets: 2^256 or 2^384.
    fn limit() -> BigUint {
        power(8 * Self::OCTETS)
    }

    /// a⁻¹ modulo n.
    fn inverse(a: &BigUint) -> BigUint {
        a.modinv(Self::n()).expect("not zero")
    }

    /// FIPS 186-5 §6.4.2 word by word, with complete formulas.
    fn by_the_book(key: &[u8], digest: &[u8], signature: &[u8]) -> bool {
        let Some(key) = Self::read(key) else { return false };
        if signature.len() != 2 * Self::OCTETS {
            return false;
        }
        let (r, s) = signature.split_at(Self::OCTETS);
        let (r, s) = (BigUint::from_bytes_be(r), BigUint::from_bytes_be(s));
        let range = small(1)..Self::n().clone();
        if !range.contains(&r) || !range.contains(&s) {
            return false;
        }
        let e = BigUint::from_bytes_be(&digest[..digest.len().min(Self::OCTETS)]);
        let inverse = Self::inverse(&s);
        let (u1, u2) = (e * &inverse % Self::n(), &r * inverse % Self::n());
        let sum = Self::base(&u1) + key * Self::scalar(&u2);
        Self::write(&sum).is_some_and(|sum| BigUint::from_bytes_be(&sum[..Self::OCTETS]) % Self::n() == r)
    }
}

/// p of P-256 as FIPS 186-5 writes it.
static P256_PRIME: LazyLock<BigUint> = LazyLock::new(|| power(256) - power(224) + power(192) + power(96) - small(1));
/// p of P-384 likewise.
static P384_PRIME: LazyLock<BigUint> = LazyLock::new(|| power(384) - power(128) - power(96) + power(32) - small(1));

macro_rules! curve {
    ($name:ident, $crate_:ident, $nist:ident, $sha256:ident, $sha384:ident, $prime:ident) => {
        impl Oracle for $name {
            type Scalar = $crate_::Scalar;
            type Point = $crate_::ProjectivePoint;

            fn p() -> &'static BigUint {
                &$prime
            }

            fn n() -> &'static BigUint {
                static ORDER: LazyLock<BigUint> = LazyLock::new(|| $name::number(&-$crate_::Scalar::ONE) + small(1));
                &ORDER
            }

            fn scalar(number: &BigUint) -> Self::Scalar {
                let octets = octets(number, Self::OCTETS);
                Self::Scalar::from_repr($crate_::FieldBytes::try_from(&octets[..]).unwrap()).expect("below n")
            }

            fn number(scalar: &Self::Scalar) -> BigUint {
                BigUint::from_bytes_be(&scalar.to_repr())
            }

            fn read(coordinates: &[u8]) -> Option<Self::Point> {
                let (x, y) = coordinates.split_at_checked(Self::OCTETS)?;
                let (x, y) = (x.try_into().ok()?, y.try_into().ok()?);
                $crate_::AffinePoint::from_coordinates(&x, &y).into_option().map(Self::Point::from)
            }

            fn write(point: &Self::Point) -> Option<Vec<u8>> {
                let affine = point.to_affine();
                (!bool::from(point.is_identity())).then(|| [affine.x(), affine.y()].concat())
            }

            fn write_all(points: &[Self::Point]) -> Vec<Vec<u8>> {
                let mut affine = vec![$crate_::AffinePoint::IDENTITY; points.len()];
                Self::Point::batch_normalize(points, &mut affine);
                affine.iter().map(|affine| [affine.x(), affine.y()].concat()).collect()
            }

            fn lift(x: &BigUint) -> Option<Self::Point> {
                let x = octets(x, Self::OCTETS);
                let x = $crate_::FieldBytes::try_from(&x[..]).unwrap();
                $crate_::AffinePoint::decompress(&x, Choice::from(0)).into_option().map(Self::Point::from)
            }

            fn by_rust_crypto(key: &[u8], digest: &[u8], signature: &[u8]) -> Option<bool> {
                use $crate_::ecdsa::{Signature, VerifyingKey};
                if digest.len() < Self::OCTETS / 2 {
                    return None;
                }
                let key = VerifyingKey::from_sec1_bytes(&[&[4], key].concat());
                let signature = Signature::from_slice(signature);
                Some(key.is_ok_and(|key| signature.is_ok_and(|it| key.verify_prehash(digest, &it).is_ok())))
            }

            #[cfg(target_pointer_width = "64")]
            fn by_aws_lc(key: &[u8], digest: &[u8], signature: &[u8]) -> Option<bool> {
                use aws_lc_rs::{
                    digest,
                    signature::{self as algorithms, UnparsedPublicKey},
                };
                let (algorithm, hash) = match digest.len() {
                    32 => (&algorithms::$sha256, &digest::SHA256),
                    48 => (&algorithms::$sha384, &digest::SHA384),
                    _ => return None,
                };
                let digest = digest::Digest::import_less_safe(digest, hash).unwrap();
                let der = der(signature);
                Some(UnparsedPublicKey::new(algorithm, [&[4], key].concat()).verify_digest(&digest, &der).is_ok())
            }

            #[cfg(not(target_pointer_width = "64"))]
            fn by_aws_lc(_: &[u8], _: &[u8], _: &[u8]) -> Option<bool> {
                None
            }
        }
    };
}

curve!(P256, p256, NistP256, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, P256_PRIME);
curve!(P384, p384, NistP384, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, P384_PRIME);

/// `ECDSA-Sig-Value` of two numbers, each half of what is given.
#[cfg(target_pointer_width = "64")]
fn der(signature: &[u8]) -> Vec<u8> {
    let integer = |octets: &[u8]| {
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        let sign = vec![0; usize::from(octets.get(zeros).is_none_or(|octet| octet & 0x80 != 0))];
        let content = [&sign, &octets[zeros..]].concat();
        [&[2, u8::try_from(content.len()).unwrap()], &content[..]].concat()
    };
    let (r, s) = signature.split_at(signature.len() / 2);
    let content = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(content.len()).unwrap()], &content[..]].concat()
}

/// The number that a field element stands for.
pub(crate) fn value<C: Oracle>(element: &Fe<C>) -> BigUint {
    super::number(&element.0) * C::limit().modinv(C::p()).unwrap() % C::p()
}

/// `X ‖ Y` of a point of the crate.
pub(crate) fn coordinates<C: Oracle>(point: &Affine<C>) -> Vec<u8> {
    [&point.x, &point.y].map(|element| octets(&value::<C>(element), C::OCTETS)).concat()
}
