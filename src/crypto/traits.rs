//! The capabilities of a backend, one trait for each: a driver implements those that its users need.

use core::fmt;

#[cfg(feature = "session")]
use super::operand::P256;
use super::{
    operand::{Curve, Digest, PublicKey, Signature},
    rsa::RsaPublicKey,
};

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

/// RSA verification: PKCS #1 v1.5 with SHA-256 under the exponent 65537 (RFC 8017 §8.2.2).
///
/// A backend without it still verifies what is signed by ECDSA alone.
///
/// # Contract
///
/// - A signature has the length of the modulus and is less than it: a backend must refuse any other, although the engine does so
///   too.
/// - The whole encoded message is compared, or what a backend parses of it is as strict: `00 01`, as many octets `FF` as fill
///   it, `00`, the `DigestInfo` with its NULL, and the digest at the end. Backends that looked for the digest behind the padding,
///   or passed over what follows it, took signatures that anybody can make (CVE-2006-4339, CVE-2014-1568).
/// - Moduli of 2048, 3072 and 4096 bits are all verified. A peripheral that has one size leaves the others to software.
/// - The answer depends on the operands only.
pub trait VerifyRsa {
    /// Verifies the signature of a digest.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] if the signature does not verify.
    fn verify_rsa_pkcs1_sha256(
        &self,
        key: RsaPublicKey<'_>,
        digest: &[u8; 32],
        signature: &[u8],
    ) -> Result<(), CryptoError>;
}

/// HMAC with SHA-256 (RFC 2104 §2, FIPS 198-1).
#[cfg(feature = "session")]
pub trait HmacSha256 {
    /// The code of the parts as if concatenated, under a key of any length. There may be no part, and a part may be empty.
    ///
    /// The key is secret: a backend must not let its time depend on it. Where the key never leaves a device, its octets may
    /// be the name of one.
    ///
    /// # Errors
    ///
    /// A code has no verdict: any error means that it could not be computed.
    fn hmac_sha256(&self, key: &[u8], parts: &[&[u8]]) -> Result<[u8; 32], CryptoError>;
}

/// AES with keys of 256 bits: what opens a JWE of `A256KW` and `A256GCM` (RFC 7518 §4.4, §5.3).
///
/// Both keys are secret: a backend must not let its time depend on them.
#[cfg(feature = "play-integrity")]
pub trait AesKwGcm {
    /// Unwraps a key of 256 bits (RFC 3394 §2.2.2, with the initial value of §2.2.3.1).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] if this key did not wrap it.
    fn unwrap_key(&self, wrapping: &[u8; 32], wrapped: &[u8; 40]) -> Result<[u8; 32], CryptoError>;

    /// Decrypts in place, if the tag is that of this text and of the additional data (SP 800-38D §7.2). What stands in `text`
    /// after an error is not looked at.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] if it is not.
    fn open_in_place(
        &self,
        key: &[u8; 32],
        iv: &[u8; 12],
        additional: &[u8],
        text: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), CryptoError>;
}

/// A key on P-256 that signs, wherever it is: in memory, or in a security module that never shows it.
///
/// This is the one trait that belongs to a key and not to a backend.
#[cfg(feature = "session")]
pub trait SignP256 {
    /// The public key.
    fn public_key(&self) -> PublicKey<P256>;

    /// Signs a SHA-256 digest (FIPS 186-5 §6.4.1).
    ///
    /// # Errors
    ///
    /// A signature has no verdict: any error means that it could not be made.
    fn sign(&self, digest: &[u8; 32]) -> Result<Signature<P256>, CryptoError>;
}
