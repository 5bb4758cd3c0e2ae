//! Which code of App Attest a fault is that a reader or the backend found: the readers know no protocol.

use crate::{
    crypto::Unavailable,
    encoding::{cbor::CborError, der::DerError},
    error::Error,
    x509::X509Error,
};

impl From<Unavailable> for Error {
    fn from(_: Unavailable) -> Self {
        Self::CryptoUnavailable
    }
}

/// In the object itself. The two enums have the same order, so that this is an addition.
impl From<CborError> for Error {
    fn from(error: CborError) -> Self {
        match error {
            CborError::Truncated => Self::CborTruncated,
            CborError::Malformed => Self::CborMalformed,
            CborError::Indefinite => Self::CborIndefinite,
            CborError::NonCanonical => Self::CborNonCanonical,
            CborError::Tag => Self::CborTag,
            CborError::Utf8 => Self::CborUtf8,
            CborError::Type => Self::CborType,
            CborError::DuplicateKey => Self::CborDuplicateKey,
            CborError::Trailing => Self::CborTrailing,
            CborError::Limit => Self::CborLimit,
        }
    }
}

/// In the COSE key, which is a part of the authenticator data: what is cut off there, is cut off here.
// Not inlined, nor is the one below, because many places call it: 300 bytes of flash on Cortex-M4.
#[inline(never)]
pub(super) const fn in_cose_key(error: CborError) -> Error {
    match error {
        CborError::Truncated => Error::AuthDataTruncated,
        CborError::Indefinite => Error::CoseIndefinite,
        CborError::NonCanonical => Error::CoseNonCanonical,
        _ => Error::CoseMalformed,
    }
}

/// At the head of the extension map.
pub(super) const fn in_extension_map_head(error: CborError) -> Error {
    match error {
        CborError::Indefinite => Error::ExtMapIndefinite,
        CborError::NonCanonical => Error::ExtMapNonCanonical,
        CborError::Limit => Error::ExtMapLimit,
        _ => Error::AuthDataTrailing,
    }
}

/// Within the extension map.
#[inline(never)]
pub(super) const fn in_extension_map(error: CborError) -> Error {
    match error {
        CborError::Truncated => Error::AuthDataTrailing,
        CborError::Indefinite => Error::ExtMapIndefinite,
        CborError::NonCanonical => Error::ExtMapNonCanonical,
        CborError::Limit => Error::ExtMapLimit,
        _ => Error::ExtMapMalformed,
    }
}

/// In a certificate or in the chain.
pub(super) const fn in_x509(error: X509Error) -> Error {
    match error {
        X509Error::Der(DerError::Truncated) => Error::DerTruncated,
        X509Error::Der(DerError::Length) => Error::DerLength,
        X509Error::Der(DerError::Tag) => Error::DerTag,
        X509Error::Der(DerError::Trailing) => Error::DerTrailing,
        X509Error::Der(DerError::Integer) => Error::DerInteger,
        X509Error::Der(DerError::Boolean) => Error::DerBoolean,
        X509Error::Der(DerError::BitString) => Error::DerBitString,
        X509Error::Der(DerError::Oid) => Error::DerOid,
        X509Error::Time => Error::DerTime,
        X509Error::TooLarge => Error::CertTooLarge,
        X509Error::Version => Error::CertVersion,
        X509Error::Serial => Error::CertSerial,
        X509Error::AlgorithmMismatch => Error::CertAlgMismatch,
        X509Error::AlgorithmUnsupported => Error::CertAlgUnsupported,
        X509Error::SignatureEncoding => Error::CertSignatureEncoding,
        X509Error::ValidityInverted => Error::ValidityInverted,
        X509Error::KeyAlgorithm => Error::SpkiAlgorithm,
        X509Error::KeyPoint => Error::SpkiPoint,
        X509Error::ExtensionDuplicate => Error::ExtDuplicate,
        X509Error::ExtensionLimit => Error::ExtLimit,
        X509Error::ExtensionMalformed => Error::ExtMalformed,
        X509Error::ExtensionCritical => Error::ExtCriticalUnknown,
        X509Error::IssuerMismatch => Error::IssuerMismatch,
        X509Error::AnchorUnknown => Error::AnchorUnknown,
        X509Error::CaAsLeaf => Error::CaAsLeaf,
        X509Error::BasicConstraints => Error::BasicConstraints,
        X509Error::KeyUsage => Error::KeyUsage,
        X509Error::SelfIssued => Error::SelfIssued,
        X509Error::ExtendedKeyUsage => Error::ExtendedKeyUsage,
        X509Error::IntermediateKeyAlgorithm => Error::IntermediateKeyAlgorithm,
        X509Error::IntermediateKeyInvalid => Error::IntermediateKeyInvalid,
        X509Error::LeafNotYetValid => Error::LeafNotYetValid,
        X509Error::LeafExpired => Error::LeafExpired,
        X509Error::IntermediateNotYetValid => Error::IntermediateNotYetValid,
        X509Error::IntermediateExpired => Error::IntermediateExpired,
        X509Error::LeafTooOld => Error::AttestationTooOld,
        X509Error::IntermediateSignature => Error::IntermediateSignature,
        X509Error::LeafSignature => Error::LeafSignature,
        X509Error::CryptoUnavailable => Error::CryptoUnavailable,
    }
}
