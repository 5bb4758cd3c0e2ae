//! The capabilities of a backend, one trait for each: a driver implements those that its users need.

use core::fmt;

use super::operand::{Curve, Digest, PublicKey, Signature};

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

/// SHA-256 (FIPS 180-4 §6.2).
pub trait Sha256 {
    /// The hash of the parts as if concatenated. There may be none, and a part may be empty.
    ///
    /// # Errors
    ///
    /// A hash has no verdict: any error means that it could not be computed.
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError>;
}

/// SHA-384 (FIPS 180-4 §6.5).
pub trait Sha384 {
    /// The hash of the parts as if concatenated. There may be none, and a part may be empty.
    ///
    /// # Errors
    ///
    /// As for [`Sha256::sha256`].
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError>;
}

/// ECDSA verification on one curve.
///
/// # Contract
///
/// - A key is `X ‖ Y`: a backend must refuse coordinates that are not below the field prime and points that are not on
///   the curve. All zeros, the common stand-in for the point at infinity, is not on either curve.
/// - A signature is `r ‖ s`: a backend must refuse r or s equal to zero or not below the group order, although the
///   engine does so too. It must accept s in the upper half (7 of 22 genuine assertions have it there).
/// - The answer depends on the operands only.
pub trait VerifyEcdsa<C: Curve> {
    /// Whether the key is a point of the curve (SEC 1 §3.2.2.1, steps 2 and 3).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] if it is not.
    fn check_key(&self, key: &PublicKey<C>) -> Result<(), CryptoError>;

    /// Verifies a signature (FIPS 186-5 §6.4.2).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] if the key is no point of the curve or the signature does not verify.
    fn verify(&self, key: &PublicKey<C>, digest: &Digest, signature: &Signature<C>) -> Result<(), CryptoError>;
}
