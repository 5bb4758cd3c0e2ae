//! The signature of a certificate that is ECDSA, over SHA-256 or SHA-384.

use super::{
    certificate::{AlgorithmIdentifier, Certificate},
    error::X509Error,
};
use crate::crypto::{Backend, Curve, Digest, EcdsaSigValue, P384, Sha256, Sha384};

/// 1.2.840.10045.4.3.2 and 1.2.840.10045.4.3.3, parameters absent (RFC 5758 §3.2). In DER each has this one form.
const ECDSA_WITH_SHA256: AlgorithmIdentifier<'static> =
    AlgorithmIdentifier(b"\x06\x08\x2A\x86\x48\xCE\x3D\x04\x03\x02");
const ECDSA_WITH_SHA384: AlgorithmIdentifier<'static> =
    AlgorithmIdentifier(b"\x06\x08\x2A\x86\x48\xCE\x3D\x04\x03\x03");

/// The hash that the issuer signed; the curve is the issuer's.
#[derive(Clone, Copy)]
enum Hash {
    Sha256,
    Sha384,
}

/// Whether the algorithm is ECDSA with SHA-256 or SHA-384, its parameters absent (RFC 5758 §3.2), and the signature is of its
/// form.
pub(super) fn check_form(certificate: &Certificate<'_>) -> Result<(), X509Error> {
    hash(certificate).ok_or(X509Error::AlgorithmUnsupported)?;
    value::<P384>(certificate).map(drop)
}

fn hash(certificate: &Certificate<'_>) -> Option<Hash> {
    match certificate.signature_algorithm() {
        algorithm if algorithm == ECDSA_WITH_SHA256 => Some(Hash::Sha256),
        algorithm if algorithm == ECDSA_WITH_SHA384 => Some(Hash::Sha384),
        _ => None,
    }
}

/// r and s, for a key on this curve.
// Not inlined, so that the certificate's signature is found in one place: 250 bytes of flash on Cortex-M4.
#[inline(never)]
pub(super) fn value<'i, V: Curve>(certificate: &Certificate<'i>) -> Result<EcdsaSigValue<'i, V>, X509Error> {
    EcdsaSigValue::parse(certificate.signature()).ok_or(X509Error::SignatureEncoding)
}

/// Hashes what a certificate says and has its signature verified.
pub(super) fn verify<V: Curve, C: Sha256 + Sha384 + ?Sized>(
    certificate: &Certificate<'_>,
    crypto: &Backend<'_, C>,
    verify: impl FnOnce(&Digest, EcdsaSigValue<'_, V>) -> Result<(), X509Error>,
) -> Result<(), X509Error> {
    let signature = value(certificate)?;
    let digest = match hash(certificate).ok_or(X509Error::AlgorithmUnsupported)? {
        Hash::Sha256 => crypto.digest_256(certificate.tbs()),
        Hash::Sha384 => crypto.digest_384(certificate.tbs()),
    };
    // Looked at where it is, because `?` copies what it takes out of a result.
    match &digest {
        Ok(digest) => verify(digest, signature),
        Err(_) => Err(X509Error::CryptoUnavailable),
    }
}
