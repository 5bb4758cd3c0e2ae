//! Trust anchors: what the caller believes.

#[cfg(feature = "key-attestation")]
use super::link::IssuerKey;
use super::{
    certificate::{Certificate, SubjectKey},
    name::is_name,
};
use crate::{
    crypto::{P384, PublicKey},
    error::Error,
};

/// A trust anchor: a name and a key (RFC 5280 §6.1.1 (d)).
///
/// Not a certificate: the anchor's own validity, extensions and signature say nothing that the caller has not decided
/// by configuring it.
///
/// `K` is what its key is: for App Attest a key on P-384, for Android key attestation an `IssuerKey`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustAnchor<'a, K = PublicKey<P384>> {
    pub(crate) subject: &'a [u8],
    pub(crate) key: K,
}

impl<'a, K> TrustAnchor<'a, K> {
    /// An anchor of this subject, a `Name` in DER with tag and length, and this key.
    #[must_use]
    pub const fn new(subject: &'a [u8], key: K) -> Self {
        Self { subject, key }
    }

    /// The subject: a `Name` in DER, tag and length included.
    #[must_use]
    pub const fn subject(&self) -> &'a [u8] {
        self.subject
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &K {
        &self.key
    }
}

impl<'a> TrustAnchor<'a> {
    /// Takes name and key from a certificate (DER, at most 65,535 octets) that the caller trusts. Its signature is not looked at:
    /// nobody but the caller vouches for an anchor.
    ///
    /// # Errors
    ///
    /// [`Error::ConfigInvalidAnchor`] if it is no certificate of a certification authority with a P-384 key, or has a critical
    /// extension that this verifier does not handle, which would restrict what the anchor may sign.
    pub fn from_trusted_certificate(der: &'a [u8]) -> Result<Self, Error> {
        let certificate = authority(der)?;
        match certificate.key() {
            SubjectKey::P384(key) => Ok(Self::new(certificate.subject(), PublicKey(*key))),
            _ => Err(Error::ConfigInvalidAnchor),
        }
    }
}

#[cfg(feature = "key-attestation")]
impl<'a> TrustAnchor<'a, IssuerKey<'a>> {
    /// As [`from_trusted_certificate`](TrustAnchor::from_trusted_certificate), of a certificate with any key that an [`IssuerKey`] holds.
    ///
    /// # Errors
    ///
    /// [`Error::ConfigInvalidAnchor`] if it is no certificate of a certification authority with such a key, or has a critical
    /// extension that this verifier does not handle.
    pub fn from_trusted_issuer(der: &'a [u8]) -> Result<Self, Error> {
        let certificate = authority(der)?;
        let key = IssuerKey::of(&certificate).ok_or(Error::ConfigInvalidAnchor)?;
        Ok(Self::new(certificate.subject(), key))
    }
}

/// A certificate that may be an anchor.
fn authority(der: &[u8]) -> Result<Certificate<'_>, Error> {
    let certificate = Certificate::parse(der).map_err(|_| Error::ConfigInvalidAnchor)?;
    let is_ca = certificate.basic_constraints().is_some_and(|constraints| constraints.ca);
    if is_ca && !certificate.extensions().has_unknown_critical() {
        Ok(certificate)
    } else {
        Err(Error::ConfigInvalidAnchor)
    }
}

/// Checks the configuration: at least one anchor, each with a name and a key that is one, no two with one name.
///
/// One name, one key keeps the work bounded: a chain costs one verification for each certificate, never one for each anchor.
pub(crate) fn check_anchors<K>(
    anchors: &[TrustAnchor<'_, K>],
    check_key: impl Fn(&K) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut rest = anchors;
    while let Some((anchor, others)) = rest.split_first() {
        if !is_name(anchor.subject) || others.iter().any(|other| other.subject == anchor.subject) {
            return Err(Error::ConfigInvalidAnchor);
        }
        check_key(&anchor.key)?;
        rest = others;
    }
    if anchors.is_empty() { Err(Error::ConfigNoAnchor) } else { Ok(()) }
}
