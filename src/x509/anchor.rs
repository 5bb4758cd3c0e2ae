//! Trust anchors: what the caller believes.

use super::{
    certificate::{Certificate, SubjectKey},
    name::is_name,
};
use crate::{
    crypto::{Backend, P384, PublicKey, VerifyEcdsa},
    error::Error,
};

/// A trust anchor: a name and a key (RFC 5280 §6.1.1 (d)).
///
/// Not a certificate: the anchor's own validity, extensions and signature say nothing that the caller has not decided
/// by configuring it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustAnchor<'a> {
    pub(super) subject: &'a [u8],
    pub(super) key: PublicKey<P384>,
}

impl<'a> TrustAnchor<'a> {
    /// An anchor of this subject, a `Name` in DER with tag and length, and this key on P-384.
    #[must_use]
    pub const fn new(subject: &'a [u8], key: PublicKey<P384>) -> Self {
        Self { subject, key }
    }

    /// Takes name and key from a certificate (DER, at most 65,535 octets) that the caller trusts. Its signature is not looked at:
    /// nobody but the caller vouches for an anchor.
    ///
    /// # Errors
    ///
    /// [`Error::ConfigInvalidAnchor`] if it is no certificate of a certification authority with a P-384 key, or has a critical
    /// extension that this verifier does not handle, which would restrict what the anchor may sign.
    pub fn from_trusted_certificate(der: &'a [u8]) -> Result<Self, Error> {
        let certificate = Certificate::parse(der).map_err(|_| Error::ConfigInvalidAnchor)?;
        let is_ca = certificate.basic_constraints().is_some_and(|constraints| constraints.ca);
        match certificate.key() {
            SubjectKey::P384(key) if is_ca && !certificate.extensions().has_unknown_critical() => {
                Ok(Self::new(certificate.subject(), PublicKey(*key)))
            }
            _ => Err(Error::ConfigInvalidAnchor),
        }
    }
}

/// Checks the configuration: at least one anchor, each with a name and a point of its curve, no two with one name.
///
/// One name, one key keeps the work bounded: a chain costs one verification for each certificate, never one for each anchor.
pub(crate) fn check_anchors<C: VerifyEcdsa<P384> + ?Sized>(
    anchors: &[TrustAnchor<'_>],
    crypto: &Backend<'_, C>,
) -> Result<(), Error> {
    let mut rest = anchors;
    while let Some((anchor, others)) = rest.split_first() {
        if !is_name(anchor.subject) || others.iter().any(|other| other.subject == anchor.subject) {
            return Err(Error::ConfigInvalidAnchor);
        }
        crypto.check_key(&anchor.key.0, Error::ConfigInvalidAnchor)?;
        rest = others;
    }
    if anchors.is_empty() { Err(Error::ConfigNoAnchor) } else { Ok(()) }
}
