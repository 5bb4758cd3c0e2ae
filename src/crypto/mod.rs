//! The cryptographic seam: six operations on raw operands, so that a hardware driver can provide them.
//!
//! The engine decodes and checks every encoding itself. What reaches a backend has fixed size: coordinates, digests
//! and `r ‖ s`, big-endian, with r and s already known to lie in 1 … n − 1. Curve and hash are independent, because
//! Apple signs its leaf certificates with a P-384 key over SHA-256.
//!
//! Everything here is public data; a backend may run in variable time.

pub mod conformance;
#[cfg(feature = "genuine-crypto")]
mod genuine_crypto;
#[cfg(any(feature = "rust-crypto", feature = "genuine-crypto"))]
mod hash;
mod prepare;
#[cfg(feature = "rust-crypto")]
mod rust_crypto;

#[cfg(feature = "genuine-crypto")]
pub use genuine_crypto::{GenuineCrypto, PreparedP256, PreparedP384};
pub use prepare::{BatchP256, P256Item, P256Key, PrepareP256, PrepareP384};
#[cfg(feature = "rust-crypto")]
pub use rust_crypto::RustCrypto;

use core::fmt;

use crate::{encoding::der::EcdsaSigValue, error::Error};

/// A public key on P-256: `X ‖ Y`, big-endian, without the leading `04`.
///
/// The value may be anything of that size; whether it is a point of the curve is decided by [`Crypto::check_p256`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct P256PublicKey(pub [u8; 64]);

/// A public key on P-384: `X ‖ Y`, big-endian, without the leading `04`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct P384PublicKey(pub [u8; 96]);

/// An ECDSA signature by a P-256 key: `r ‖ s`, big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct P256Signature(pub [u8; 64]);

/// An ECDSA signature by a P-384 key: `r ‖ s`, big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct P384Signature(pub [u8; 96]);

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

/// A backend's answer when it is not "yes".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CryptoError {
    /// The key is no point of the curve, or the signature is not one of this digest by this key.
    Invalid,
    /// The backend could not compute: a timeout, a fault, a busy peripheral. Never reported as a refusal.
    Unavailable,
}

impl fmt::Display for CryptoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "the key or signature is invalid",
            Self::Unavailable => "the backend could not compute",
        })
    }
}

impl core::error::Error for CryptoError {}

/// What the engine needs of a cryptographic library or peripheral.
///
/// The trait is dyn-compatible and its methods take `&self`: a driver puts its peripheral behind a `RefCell`, a
/// critical section or a mutex. `examples/hardware.rs` wraps one, and [`conformance::check`] tests one on the board.
///
/// # Contract
///
/// - `parts` are hashed as if concatenated. There may be none, and a part may be empty.
/// - A key is `X ‖ Y`: a backend must refuse coordinates that are not below the field prime and points that are not on
///   the curve. All zeros, the common stand-in for the point at infinity, is not on either curve.
/// - A signature is `r ‖ s`: a backend must refuse r or s equal to zero or not below the group order, although the
///   engine does so too. It must accept s in the upper half (7 of 22 genuine assertions have it there).
/// - The answer depends on the operands only.
pub trait Crypto {
    /// SHA-256 of the concatenated parts.
    ///
    /// # Errors
    ///
    /// A hash has no verdict: any error means that it could not be computed.
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError>;

    /// SHA-384 of the concatenated parts.
    ///
    /// # Errors
    ///
    /// As for [`sha256`](Self::sha256).
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError>;

    /// Whether the key is a point of P-256 (SEC 1 §3.2.2.1, steps 2 and 3).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] if it is not.
    fn check_p256(&self, key: &P256PublicKey) -> Result<(), CryptoError>;

    /// Whether the key is a point of P-384 (SEC 1 §3.2.2.1, steps 2 and 3).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] if it is not.
    fn check_p384(&self, key: &P384PublicKey) -> Result<(), CryptoError>;

    /// Verifies an ECDSA signature by a P-256 key (FIPS 186-5 §6.4.2).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] if the key is no point of the curve or the signature does not verify.
    fn verify_p256(&self, key: &P256PublicKey, digest: &Digest, signature: &P256Signature) -> Result<(), CryptoError>;

    /// Verifies an ECDSA signature by a P-384 key (FIPS 186-5 §6.4.2).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] if the key is no point of the curve or the signature does not verify.
    fn verify_p384(&self, key: &P384PublicKey, digest: &Digest, signature: &P384Signature) -> Result<(), CryptoError>;
}

/// The order of the group of P-256 (SEC 2 §2.4.2).
const P256_ORDER: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA,
    0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
];

/// The order of the group of P-384 (SEC 2 §2.5.1).
const P384_ORDER: [u8; 48] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xC7, 0x63, 0x4D, 0x81, 0xF4, 0x37, 0x2D, 0xDF, 0x58, 0x1A, 0x0D, 0xB2, 0x48, 0xB0,
    0xA7, 0x7A, 0xEC, 0xEC, 0x19, 0x6A, 0xCC, 0xC5, 0x29, 0x73,
];

/// The first octet of an uncompressed point (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 0x04;

impl P256PublicKey {
    /// Reads the 65 octets `04 ‖ X ‖ Y` of X9.62 and SEC 1 §2.3.3; `None` for any other form or length.
    #[must_use]
    pub fn from_uncompressed(octets: &[u8]) -> Option<Self> {
        coordinates(octets).copied().map(Self)
    }

    /// Joins X and Y.
    pub(crate) fn from_coordinates(coordinates: [&[u8; 32]; 2]) -> Self {
        let mut joined = [0; 64];
        for (to, from) in joined.iter_mut().zip(coordinates.into_iter().flatten()) {
            *to = *from;
        }
        Self(joined)
    }
}

impl P384PublicKey {
    /// Reads the 97 octets `04 ‖ X ‖ Y` of X9.62 and SEC 1 §2.3.3; `None` for any other form or length.
    #[must_use]
    pub fn from_uncompressed(octets: &[u8]) -> Option<Self> {
        coordinates(octets).copied().map(Self)
    }
}

impl P256Signature {
    /// The raw form of a checked `ECDSA-Sig-Value`. Range is checked where it is verified.
    pub(crate) fn from_sig_value(value: EcdsaSigValue<'_, 32>) -> Self {
        let mut signature = Self([0; 64]);
        value.write_raw(&mut signature.0);
        signature
    }
}

impl P384Signature {
    /// The raw form of a checked `ECDSA-Sig-Value`. Range is checked where it is verified.
    pub(crate) fn from_sig_value(value: EcdsaSigValue<'_, 48>) -> Self {
        let mut signature = Self([0; 96]);
        value.write_raw(&mut signature.0);
        signature
    }

    /// The one of the two forms (r, s) and (r, n − s) with the lower s; an s out of range stays out of range. Whoever has a
    /// signature can compute the other form, and both verify.
    pub(crate) fn with_low_s(mut self) -> Self {
        let Some((_, s)) = self.0.split_last_chunk_mut::<48>() else {
            return self;
        };
        let mut negated = P384_ORDER;
        let mut borrow = false;
        for (digit, subtrahend) in negated.iter_mut().zip(s.iter()).rev() {
            let (difference, below) = digit.overflowing_sub(*subtrahend);
            let (difference, below_again) = difference.overflowing_sub(u8::from(borrow));
            *digit = difference;
            borrow = below | below_again;
        }
        // A borrow is left over if s is above n.
        if !borrow && negated < *s {
            *s = negated;
        }
        self
    }
}

/// `X ‖ Y` of the octets `04 ‖ X ‖ Y` (X9.62, SEC 1 §2.3.3); `None` for any other form or length.
pub(crate) fn coordinates<const N: usize>(octets: &[u8]) -> Option<&[u8; N]> {
    match octets.split_first()? {
        (&UNCOMPRESSED, coordinates) => coordinates.try_into().ok(),
        _ => None,
    }
}

/// The octets `04 ‖ X ‖ Y` in parts, to be hashed: SHA-256 over them is the key identifier.
pub(crate) const fn uncompressed(coordinates: &[u8; 64]) -> [&[u8]; 2] {
    [&[UNCOMPRESSED], coordinates]
}

/// The one place where the engine's operands meet a backend.
///
/// Views borrow keys and signatures from the input; the operands of fixed size are made here, for one call. Answers that
/// are not "yes" become the caller's error, and "could not compute" never does.
pub(crate) struct Backend<'a, C: ?Sized>(pub(crate) &'a C);

impl<C: Crypto + ?Sized> Backend<'_, C> {
    pub(crate) fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], Error> {
        self.0.sha256(parts).map_err(|_| Error::CryptoUnavailable)
    }

    /// Whether the SHA-256 of the concatenated parts is this one.
    pub(crate) fn expect_sha256(&self, parts: &[&[u8]], expected: &[u8; 32], different: Error) -> Result<(), Error> {
        match self.0.sha256(parts) {
            Ok(digest) if digest == *expected => Ok(()),
            Ok(_) => Err(different),
            Err(_) => Err(Error::CryptoUnavailable),
        }
    }

    // Not inlined, so that the operand does not lie under the rest of the verification: 48 bytes of stack on Cortex-M4.
    #[inline(never)]
    pub(crate) fn check_p256(&self, key: &[u8; 64], invalid: Error) -> Result<(), Error> {
        verdict(self.0.check_p256(&P256PublicKey(*key)), invalid)
    }

    pub(crate) fn check_p384(&self, key: &[u8; 96], invalid: Error) -> Result<(), Error> {
        verdict(self.0.check_p384(&P384PublicKey(*key)), invalid)
    }

    pub(crate) fn verify_p256(
        &self,
        key: &[u8; 64],
        digest: &Digest,
        signature: EcdsaSigValue<'_, 32>,
        invalid: Error,
    ) -> Result<(), Error> {
        // Here and below not by `p256_operand`, since an `Option` of it would be copied: stack on Cortex-M4.
        let signature = P256Signature::from_sig_value(signature);
        if !in_range(&signature.0, &P256_ORDER) {
            return Err(invalid);
        }
        verdict(self.0.verify_p256(&P256PublicKey(*key), digest, &signature), invalid)
    }

    // Not inlined, so that the operands do not lie under the hash of the message: 160 bytes of stack on Cortex-M4.
    #[inline(never)]
    pub(crate) fn verify_p384(
        &self,
        key: &[u8; 96],
        digest: &Digest,
        signature: EcdsaSigValue<'_, 48>,
        invalid: Error,
    ) -> Result<(), Error> {
        let signature = P384Signature::from_sig_value(signature);
        if !in_range(&signature.0, &P384_ORDER) {
            return Err(invalid);
        }
        verdict(self.0.verify_p384(&P384PublicKey(*key), digest, &signature), invalid)
    }

    pub(crate) fn prepare_p256<K>(&self, key: &P256PublicKey, invalid: Error) -> Result<K, Error>
    where
        C: PrepareP256<K>,
    {
        verdict(self.0.prepare_p256(key), invalid)
    }

    pub(crate) fn verify_p256_prepared<K>(
        &self,
        key: &K,
        digest: &Digest,
        signature: EcdsaSigValue<'_, 32>,
        invalid: Error,
    ) -> Result<(), Error>
    where
        C: PrepareP256<K>,
    {
        let signature = P256Signature::from_sig_value(signature);
        if !in_range(&signature.0, &P256_ORDER) {
            return Err(invalid);
        }
        verdict(self.0.verify_p256_prepared(key, digest, &signature), invalid)
    }

    pub(crate) fn prepare_p384<K>(&self, key: &[u8; 96]) -> Option<K>
    where
        C: PrepareP384<K>,
    {
        self.0.prepare_p384(&P384PublicKey(*key)).ok()
    }

    pub(crate) fn verify_p384_prepared<K>(
        &self,
        key: &K,
        digest: &Digest,
        signature: EcdsaSigValue<'_, 48>,
        invalid: Error,
    ) -> Result<(), Error>
    where
        C: PrepareP384<K>,
    {
        let signature = P384Signature::from_sig_value(signature);
        if !in_range(&signature.0, &P384_ORDER) {
            return Err(invalid);
        }
        verdict(self.0.verify_p384_prepared(key, digest, &signature), invalid)
    }
}

/// `r ‖ s`, if both are in range.
pub(crate) fn p256_operand(signature: EcdsaSigValue<'_, 32>) -> Option<P256Signature> {
    let signature = P256Signature::from_sig_value(signature);
    in_range(&signature.0, &P256_ORDER).then_some(signature)
}

/// The caller's error for an answer that is not "yes".
pub(crate) fn verdict<T>(answer: Result<T, CryptoError>, invalid: Error) -> Result<T, Error> {
    answer.map_err(|error| match error {
        CryptoError::Invalid => invalid,
        CryptoError::Unavailable => Error::CryptoUnavailable,
    })
}

/// Whether r and s of `r ‖ s` both lie in 1 … order − 1 (FIPS 186-5 §6.4.2 step 1).
///
/// Octet strings of one length compare as the numbers they are.
fn in_range(signature: &[u8], order: &[u8]) -> bool {
    let mut scalars = signature.chunks_exact(order.len());
    scalars.len() == 2 && scalars.all(|scalar| scalar < order && scalar.iter().any(|&octet| octet != 0))
}
