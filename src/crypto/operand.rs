//! What goes to a backend: keys, digests and signatures of fixed size, by curve.

use core::{fmt::Debug, hash::Hash, marker::PhantomData};

use crate::encoding::der::{self, Reader};

/// A curve of this crate: [`P256`] or [`P384`]. Nobody else can add one.
pub trait Curve: sealed::Sealed + Copy + Debug + Eq + Hash + 'static {
    /// Two numbers of the curve's size, one behind the other, big-endian: `X ‖ Y` or `r ‖ s`.
    type Octets: AsRef<[u8]> + AsMut<[u8]> + Copy + Debug + Eq + Hash;

    /// The octets of two zeros.
    const ZEROS: Self::Octets;

    /// The order of the group, big-endian.
    const ORDER: &'static [u8];
}

/// P-256, also called secp256r1 and prime256v1 (SEC 2 §2.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct P256;

/// P-384, also called secp384r1 (SEC 2 §2.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct P384;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::P256 {}
    impl Sealed for super::P384 {}
}

impl Curve for P256 {
    type Octets = [u8; 64];

    const ZEROS: [u8; 64] = [0; 64];

    const ORDER: &'static [u8] = &[
        0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6,
        0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
    ];
}

impl Curve for P384 {
    type Octets = [u8; 96];

    const ZEROS: [u8; 96] = [0; 96];

    const ORDER: &'static [u8] = &[
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xC7, 0x63, 0x4D, 0x81, 0xF4, 0x37, 0x2D, 0xDF, 0x58, 0x1A, 0x0D, 0xB2,
        0x48, 0xB0, 0xA7, 0x7A, 0xEC, 0xEC, 0x19, 0x6A, 0xCC, 0xC5, 0x29, 0x73,
    ];
}

/// A public key: `X ‖ Y`, big-endian, without the leading `04`; 64 octets on P-256, 96 on P-384.
///
/// The value may be anything of that size; whether it is a point of the curve is decided by
/// [`VerifyEcdsa::check_key`](super::VerifyEcdsa::check_key).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct PublicKey<C: Curve>(pub C::Octets);

/// An ECDSA signature: `r ‖ s`, big-endian; 64 octets by a key on P-256, 96 on P-384.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Signature<C: Curve>(pub C::Octets);

/// A digest that was signed.
///
/// ECDSA uses its leftmost bits up to the size of the group order, and all of it when it is shorter (SEC 1 §4.1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Digest {
    /// SHA-256 (FIPS 180-4 §6.2).
    Sha256([u8; 32]),
    /// SHA-384 (FIPS 180-4 §6.5).
    Sha384([u8; 48]),
}

impl Digest {
    /// The octets of the digest: 32 or 48.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha256(octets) => octets,
            Self::Sha384(octets) => octets,
        }
    }
}

/// The first octet of an uncompressed point (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 0x04;

impl<C: Curve> PublicKey<C> {
    /// Reads the octets `04 ‖ X ‖ Y` of X9.62 and SEC 1 §2.3.3, 65 or 97 of them; `None` for any other form or length.
    #[must_use]
    pub fn from_uncompressed(octets: &[u8]) -> Option<Self> {
        let (&UNCOMPRESSED, coordinates) = octets.split_first()? else {
            return None;
        };
        let mut key = Self(C::ZEROS);
        if key.0.as_ref().len() != coordinates.len() {
            return None;
        }
        copy(key.0.as_mut(), coordinates);
        Some(key)
    }
}

impl PublicKey<P256> {
    /// Joins X and Y.
    pub(crate) fn from_coordinates(coordinates: [&[u8; 32]; 2]) -> Self {
        let mut key = Self(P256::ZEROS);
        for (to, from) in key.0.iter_mut().zip(coordinates.into_iter().flatten()) {
            *to = *from;
        }
        key
    }
}

/// `X ‖ Y` of the octets `04 ‖ X ‖ Y` (X9.62, SEC 1 §2.3.3); `None` for any other form or length.
pub(crate) fn coordinates<const N: usize>(octets: &[u8]) -> Option<&[u8; N]> {
    match octets.split_first()? {
        (&UNCOMPRESSED, coordinates) => coordinates.try_into().ok(),
        _ => None,
    }
}

/// The octets `04 ‖ X ‖ Y` in parts, to be hashed: SHA-256 over them is the key identifier of App Attest.
pub(crate) const fn uncompressed(coordinates: &[u8; 64]) -> [&[u8]; 2] {
    [&[UNCOMPRESSED], coordinates]
}

fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// `ECDSA-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }` (RFC 3279 §2.2.3), each number of at most the curve's size.
///
/// Zero and values at or above the group order fit: they are refused where the signature is verified.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EcdsaSigValue<'i, C> {
    /// The two elements, each one checked.
    integers: &'i [u8],
    curve: PhantomData<C>,
}

impl<'i, C: Curve> EcdsaSigValue<'i, C> {
    /// `None` for anything that is not strict DER, is negative or does not fit.
    pub(crate) fn parse(input: &'i [u8]) -> Option<Self> {
        let mut outer = Reader::new(input);
        let integers = outer.value(der::SEQUENCE).ok()?;
        outer.finish().ok()?;
        let mut reader = Reader::new(integers);
        let r = reader.magnitude().ok()?;
        let s = reader.magnitude().ok()?;
        reader.finish().ok()?;
        let size = C::ORDER.len();
        (r.len() <= size && s.len() <= size).then_some(Self { integers, curve: PhantomData })
    }

    /// `r ‖ s`. Whether they are in range is checked where the signature is verified.
    pub(crate) fn to_signature(self) -> Signature<C> {
        let mut signature = Signature::<C>(C::ZEROS);
        let mut reader = Reader::new(self.integers);
        for half in signature.0.as_mut().chunks_exact_mut(C::ORDER.len()) {
            // Checked before. Nothing at all would be zero, which no backend sees.
            let magnitude = reader.magnitude().unwrap_or_default();
            for (to, from) in half.iter_mut().rev().zip(magnitude.iter().rev()) {
                *to = *from;
            }
        }
        signature
    }
}

/// Both halves are; one function for all curves.
fn are_in_range(scalars: &[u8], order: &[u8]) -> bool {
    let Some((r, s)) = scalars.split_at_checked(order.len()) else {
        return false;
    };
    [r, s].into_iter().all(|scalar| scalar < order && scalar.iter().any(|&octet| octet != 0))
}

impl<C: Curve> Signature<C> {
    /// Whether r and s both lie in 1 … order − 1 (FIPS 186-5 §6.4.2 step 1).
    ///
    /// Octet strings of one length compare as the numbers they are.
    pub(super) fn is_in_range(&self) -> bool {
        are_in_range(self.0.as_ref(), C::ORDER)
    }

    /// The one of the two forms (r, s) and (r, n − s) with the lower s; an s out of range stays out of range. Whoever has a
    /// signature can compute the other form, and both verify.
    pub(crate) fn with_low_s(mut self) -> Self {
        let mut negated = Self(C::ZEROS);
        let Some((_, s)) = self.0.as_mut().split_at_mut_checked(C::ORDER.len()) else {
            return self;
        };
        let Some((negated, _)) = negated.0.as_mut().split_at_mut_checked(C::ORDER.len()) else {
            return self;
        };
        let mut borrow = false;
        for ((digit, order), subtrahend) in negated.iter_mut().zip(C::ORDER).zip(s.iter()).rev() {
            let (difference, below) = order.overflowing_sub(*subtrahend);
            let (difference, below_again) = difference.overflowing_sub(u8::from(borrow));
            *digit = difference;
            borrow = below | below_again;
        }
        // A borrow is left over if s is above n.
        if !borrow && *negated < *s {
            copy(s, negated);
        }
        self
    }
}
