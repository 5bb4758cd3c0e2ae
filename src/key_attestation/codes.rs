//! Which code of key attestation a fault is that the readers of certificates found: they know no protocol.

use crate::{encoding::der::DerError, error::Error, x509::X509Error};

/// In a certificate of the chain. What concerns chains of other protocols alone cannot come.
pub(super) const fn in_x509(error: X509Error) -> Error {
    match error {
        X509Error::Der(DerError::Truncated) => Error::AndroidDerTruncated,
        X509Error::Der(DerError::Length) | X509Error::TooLarge => Error::AndroidDerLength,
        X509Error::Der(DerError::Tag) => Error::AndroidDerTag,
        X509Error::Der(DerError::Trailing) => Error::AndroidDerTrailing,
        X509Error::Der(DerError::Integer) => Error::AndroidDerInteger,
        X509Error::Der(DerError::Boolean) => Error::AndroidDerBoolean,
        X509Error::Der(DerError::BitString) => Error::AndroidDerBitString,
        X509Error::Der(DerError::Oid) => Error::AndroidDerOid,
        X509Error::Time => Error::AndroidCertTime,
        X509Error::Version => Error::AndroidCertVersion,
        X509Error::Serial => Error::AndroidCertSerial,
        X509Error::AlgorithmMismatch => Error::AndroidCertAlgMismatch,
        X509Error::ValidityInverted => Error::AndroidValidityInverted,
        X509Error::ExtensionDuplicate => Error::AndroidExtDuplicate,
        X509Error::ExtensionLimit => Error::AndroidExtLimit,
        X509Error::CryptoUnavailable => Error::CryptoUnavailable,
        _ => Error::AndroidExtMalformed,
    }
}
