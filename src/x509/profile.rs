//! What a protocol demands of its certificates, beyond what X.509 does.

use super::{
    certificate::{Certificate, SubjectKey},
    error::X509Error,
    extension::{EXT_KEY_USAGE, has_purpose},
    signature,
};
use crate::encoding::der::DerError;

/// The demands of a protocol whose chains have two certificates below the trust anchor, signed by keys on P-384.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    /// The longest certificate in octets, beyond which nothing is read.
    pub(crate) max_certificate: usize,
    /// The purpose that an extended key usage has to contain: the content octets of its OBJECT IDENTIFIER.
    pub(crate) purpose: &'static [u8],
}

/// What a policy demands of the time, within what the protocol allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeRules {
    /// The most seconds since the notBefore of the leaf.
    pub(crate) max_leaf_age: Option<u64>,
    /// Whether the time need not lie within the validity periods.
    pub(crate) ignore_validity_period: bool,
}

impl Profile {
    /// Reads a certificate of a chain, and checks those demands that concern one certificate alone.
    pub(crate) fn read<'i, E>(&self, input: &'i [u8], error: fn(X509Error) -> E) -> Result<Certificate<'i>, E> {
        if input.len() > self.max_certificate {
            return Err(error(X509Error::TooLarge));
        }
        // Nested, because `?` copies what it takes out of a result: 48 bytes of stack on Cortex-M4.
        Certificate::parse(input).and_then(|certificate| check_form(&certificate).map(|()| certificate)).map_err(error)
    }

    /// An extended key usage, if there is one, contains the purpose (RFC 5280 §4.2.1.12).
    pub(super) fn check_purpose(&self, certificate: &Certificate<'_>) -> Result<(), X509Error> {
        match certificate.extension(EXT_KEY_USAGE) {
            Some(purposes) if has_purpose(purposes, self.purpose) != Ok(true) => Err(X509Error::ExtendedKeyUsage),
            _ => Ok(()),
        }
    }
}

/// Keys on P-256 or P-384, signatures of ECDSA, a key usage in strict DER, and no critical extension that is not processed.
fn check_form(certificate: &Certificate<'_>) -> Result<(), X509Error> {
    if let SubjectKey::Other { algorithm, .. } = certificate.key() {
        return Err(if algorithm.is_known_curve() { X509Error::KeyPoint } else { X509Error::KeyAlgorithm });
    }
    if certificate.key_usage().is_some_and(|usage| !usage.is_shortest) {
        return Err(DerError::BitString.into());
    }
    if certificate.extensions().has_unknown_critical() {
        return Err(X509Error::ExtensionCritical);
    }
    signature::check_form(certificate)
}
