//! What can be wrong with a certificate or a chain, whatever the protocol. Each protocol has codes of its own for them.

use core::fmt;

use crate::{crypto::Unavailable, encoding::der::DerError};

/// Why a certificate was not read, or a chain was not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum X509Error {
    /// The DER is not strict.
    Der(DerError),
    /// A time is not `YYMMDDHHMMSSZ`, or `YYYYMMDDHHMMSSZ` from 2050 on, or not a date since 1970 (RFC 5280 §4.1.2.5).
    Time,
    /// The certificate is longer than the profile allows.
    TooLarge,
    /// The certificate is not X.509 version 3 (RFC 5280 §4.1.2.1).
    Version,
    /// The serial number is not positive, or longer than 20 octets (RFC 5280 §4.1.2.2).
    Serial,
    /// The signature algorithms inside and outside the signed part differ (RFC 5280 §4.1.1.2).
    AlgorithmMismatch,
    /// The signature algorithm is not one of the profile.
    AlgorithmUnsupported,
    /// The signature is not a strict DER `ECDSA-Sig-Value` (RFC 3279 §2.2.3).
    SignatureEncoding,
    /// notBefore is later than notAfter (RFC 5280 §4.1.2.5).
    ValidityInverted,
    /// The subject key is not of an algorithm and a curve of the profile (RFC 5480 §2.1.1).
    KeyAlgorithm,
    /// The subject key is not an uncompressed point (RFC 5480 §2.2).
    KeyPoint,
    /// An extension occurs twice (RFC 5280 §4.2).
    ExtensionDuplicate,
    /// There are more extensions than [`MAX_EXTENSIONS`](super::MAX_EXTENSIONS).
    ExtensionLimit,
    /// An extension's value, or the list of extensions, is not of its form.
    ExtensionMalformed,
    /// There is a critical extension that the profile does not handle (RFC 5280 §4.2).
    ExtensionCritical,
    /// The leaf's issuer is empty, or not the intermediate's subject, byte by byte (RFC 5280 §6.1.3 (a)(4)).
    IssuerMismatch,
    /// No trust anchor has the name of the intermediate's issuer (RFC 5280 §6.1.3 (a)(4)).
    AnchorUnknown,
    /// The leaf is a certification authority (RFC 5280 §4.2.1.9).
    CaAsLeaf,
    /// The basic constraints do not fit the certificate's place (RFC 5280 §4.2.1.9).
    BasicConstraints,
    /// The key usage does not fit the certificate's place (RFC 5280 §4.2.1.3).
    KeyUsage,
    /// The intermediate is issued under its own name (RFC 5280 §3.2).
    SelfIssued,
    /// The profile's purpose is not in an extended key usage that has to contain it (RFC 5280 §4.2.1.12).
    ExtendedKeyUsage,
    /// The intermediate's key is not on the profile's curve.
    IntermediateKeyAlgorithm,
    /// The intermediate's key is not a point of its curve.
    IntermediateKeyInvalid,
    /// The time is before the leaf's notBefore (RFC 5280 §6.1.3 (a)(2)).
    LeafNotYetValid,
    /// The time is after the leaf's notAfter.
    LeafExpired,
    /// The time is before the intermediate's notBefore.
    IntermediateNotYetValid,
    /// The time is after the intermediate's notAfter.
    IntermediateExpired,
    /// More time has passed since the leaf's notBefore than the profile allows.
    LeafTooOld,
    /// The trust anchor's key did not sign the intermediate (RFC 5280 §6.1.3 (a)(1)).
    IntermediateSignature,
    /// The intermediate's key did not sign the leaf (RFC 5280 §6.1.3 (a)(1)).
    LeafSignature,
    /// The cryptographic backend could not compute: nothing is known about the chain.
    CryptoUnavailable,
}

impl From<Unavailable> for X509Error {
    fn from(_: Unavailable) -> Self {
        Self::CryptoUnavailable
    }
}

impl From<DerError> for X509Error {
    fn from(error: DerError) -> Self {
        Self::Der(error)
    }
}

impl fmt::Display for X509Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Der(error) => error.fmt(f),
            error => fmt::Debug::fmt(error, f),
        }
    }
}

impl core::error::Error for X509Error {}
