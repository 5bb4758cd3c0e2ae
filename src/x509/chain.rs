//! The chain of two: leaf ← intermediate ← trust anchor, as in RFC 5280 §6.1 with nothing left to choose.

use super::certificate::{Certificate, EXT_KEY_USAGE, SignatureHash, SubjectKey, has_purpose, is_name};
use crate::{
    crypto::{Backend, Crypto, Digest, P384PublicKey, P384Signature},
    encoding::der::EcdsaSigValue,
    error::Error,
    time::UnixTime,
};

/// A trust anchor: a name and a key (RFC 5280 §6.1.1 (d)).
///
/// Not a certificate: the anchor's own validity, extensions and signature say nothing that the caller has not decided
/// by configuring it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustAnchor<'a> {
    subject: &'a [u8],
    key: P384PublicKey,
}

impl<'a> TrustAnchor<'a> {
    /// An anchor of this subject, a `Name` in DER with tag and length, and this key on P-384.
    #[must_use]
    pub const fn new(subject: &'a [u8], key: P384PublicKey) -> Self {
        Self { subject, key }
    }

    /// Takes name and key from a certificate (DER) that the caller trusts.
    ///
    /// # Errors
    ///
    /// [`Error::ConfigInvalidAnchor`] if it is no certificate of a certification authority with a P-384 key.
    pub fn from_trusted_certificate(der: &'a [u8]) -> Result<Self, Error> {
        let certificate = Certificate::parse(der).map_err(|_| Error::ConfigInvalidAnchor)?;
        let is_ca = certificate.basic_constraints().is_some_and(|constraints| constraints.ca);
        match certificate.key() {
            SubjectKey::P384(key) if is_ca => Ok(Self::new(certificate.subject(), key)),
            _ => Err(Error::ConfigInvalidAnchor),
        }
    }
}

/// Checks the configuration: at least one anchor, each with a name, no two with one name.
///
/// One name, one key keeps the work bounded: an attestation costs two P-384 verifications, never one for each anchor.
pub(crate) fn check_anchors(anchors: &[TrustAnchor<'_>]) -> Result<(), Error> {
    let mut rest = anchors;
    while let Some((anchor, others)) = rest.split_first() {
        if !is_name(anchor.subject) || others.iter().any(|other| other.subject == anchor.subject) {
            return Err(Error::ConfigInvalidAnchor);
        }
        rest = others;
    }
    if anchors.is_empty() { Err(Error::ConfigNoAnchor) } else { Ok(()) }
}

/// The two certificates of an attestation, to be verified in the order of the methods.
pub(crate) struct Chain<'c, 'i> {
    pub(crate) leaf: &'c Certificate<'i>,
    pub(crate) intermediate: &'c Certificate<'i>,
    /// The purpose that an extended key usage of the leaf has to contain, if the leaf has one: an OBJECT IDENTIFIER.
    pub(crate) purpose: &'static [u8],
}

/// The key that is to have signed each certificate: `X ‖ Y`.
pub(crate) struct IssuerKeys<'k> {
    pub(super) of_leaf: &'k [u8; 96],
    of_intermediate: &'k [u8; 96],
}

impl<'i> Chain<'_, 'i> {
    /// RFC 5280 §6.1.3 (a)(2): both ends of a validity period belong to it.
    pub(crate) fn check_validity(&self, now: UnixTime) -> Result<(), Error> {
        let leaf = self.leaf.validity();
        let intermediate = self.intermediate.validity();
        if now < leaf.not_before {
            return Err(Error::LeafNotYetValid);
        }
        if now > leaf.not_after {
            return Err(Error::LeafExpired);
        }
        if now < intermediate.not_before {
            return Err(Error::IntermediateNotYetValid);
        }
        if now > intermediate.not_after {
            return Err(Error::IntermediateExpired);
        }
        Ok(())
    }

    /// Names, roles and keys: everything about the chain that costs no signature verification.
    pub(crate) fn check_structure<'k, C: Crypto + ?Sized>(
        &self,
        anchors: &'k [TrustAnchor<'_>],
        crypto: &Backend<'_, C>,
    ) -> Result<IssuerKeys<'k>, Error>
    where
        'i: 'k,
    {
        let issuer = self.leaf.issuer();
        if issuer != self.intermediate.subject() || !is_name(issuer) {
            return Err(Error::IssuerMismatch);
        }
        // Else a leaf that the anchor signed itself would pass, with the anchor's own certificate as the intermediate.
        if issuer == self.intermediate.issuer() {
            return Err(Error::SelfIssued);
        }
        check_leaf(self.leaf)?;
        self.check_purpose(self.leaf)?;
        let of_leaf = check_intermediate(self.intermediate)?;
        // Apple's intermediate has no extended key usage. One that has it, and marks it critical, is held to it.
        if self.intermediate.extensions().is_critical(EXT_KEY_USAGE) {
            self.check_purpose(self.intermediate)?;
        }
        let anchor =
            anchors.iter().find(|anchor| anchor.subject == self.intermediate.issuer()).ok_or(Error::AnchorUnknown)?;
        let of_intermediate = &anchor.key.0;
        crypto.check_p384(of_intermediate, Error::ConfigInvalidAnchor)?;
        crypto.check_p384(of_leaf, Error::SpkiPoint)?;
        Ok(IssuerKeys { of_leaf, of_intermediate })
    }

    /// An extended key usage, if there is one, contains the purpose (RFC 5280 §4.2.1.12).
    fn check_purpose(&self, certificate: &Certificate<'i>) -> Result<(), Error> {
        match certificate.extension(EXT_KEY_USAGE) {
            Some(purposes) if has_purpose(purposes, self.purpose) != Ok(true) => Err(Error::ExtendedKeyUsage),
            _ => Ok(()),
        }
    }

    /// RFC 5280 §6.1.3 (a)(1), from the anchor downward, so that no key is used before it is certified.
    pub(crate) fn verify_signatures<C: Crypto + ?Sized>(
        &self,
        issuers: &IssuerKeys<'_>,
        crypto: &Backend<'_, C>,
    ) -> Result<(), Error> {
        self.verify_intermediate(issuers, crypto)?;
        self.verify_leaf(crypto, |digest, signature| {
            crypto.verify_p384(issuers.of_leaf, digest, signature, Error::LeafSignature)
        })
    }

    fn verify_intermediate<C: Crypto + ?Sized>(
        &self,
        issuers: &IssuerKeys<'_>,
        crypto: &Backend<'_, C>,
    ) -> Result<(), Error> {
        verify_signature(self.intermediate, crypto, |digest, signature| {
            crypto.verify_p384(issuers.of_intermediate, digest, signature, Error::IntermediateSignature)
        })
    }

    pub(super) fn verify_leaf<C: Crypto + ?Sized>(
        &self,
        crypto: &Backend<'_, C>,
        verify: impl FnOnce(&Digest, EcdsaSigValue<'_, 48>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        verify_signature(self.leaf, crypto, verify)
    }

    /// SHA-256 of everything that the signature of the intermediate is a statement of: the anchor's key, the certificate
    /// (self-delimiting, as all DER is, and naming the hash), r, and the lower of s and n − s. (r, s) and (r, n − s) count as
    /// one signature: anybody can compute one from the other, and both verify.
    pub(super) fn fingerprint<C: Crypto + ?Sized>(
        &self,
        issuers: &IssuerKeys<'_>,
        crypto: &Backend<'_, C>,
    ) -> Result<[u8; 32], Error> {
        let signature = P384Signature::from_sig_value(self.intermediate.signature()).with_low_s();
        crypto.sha256(&[issuers.of_intermediate, self.intermediate.tbs(), &signature.0])
    }
}

/// The role of the leaf: it signs data and certifies nobody.
fn check_leaf(leaf: &Certificate<'_>) -> Result<(), Error> {
    if let Some(constraints) = leaf.basic_constraints() {
        if constraints.ca {
            return Err(Error::CaAsLeaf);
        }
        if constraints.has_path_len {
            return Err(Error::BasicConstraints);
        }
    }
    match leaf.key_usage() {
        Some(usage) if usage.digital_signature() && !usage.key_cert_sign() => Ok(()),
        _ => Err(Error::KeyUsage),
    }
}

/// The role of the intermediate: a certification authority with a key on P-384, and says so critically.
fn check_intermediate<'i>(intermediate: &Certificate<'i>) -> Result<&'i [u8; 96], Error> {
    let key = intermediate.p384_key().ok_or(Error::SpkiAlgorithm)?;
    if !intermediate.basic_constraints().is_some_and(|constraints| constraints.ca && constraints.critical) {
        return Err(Error::BasicConstraints);
    }
    if !intermediate.key_usage().is_some_and(super::certificate::KeyUsage::key_cert_sign) {
        return Err(Error::KeyUsage);
    }
    Ok(key)
}

/// Hashes what a certificate says and has its signature verified.
fn verify_signature<C: Crypto + ?Sized>(
    certificate: &Certificate<'_>,
    crypto: &Backend<'_, C>,
    verify: impl FnOnce(&Digest, EcdsaSigValue<'_, 48>) -> Result<(), Error>,
) -> Result<(), Error> {
    let message = &[certificate.tbs()];
    let digest = match certificate.hash() {
        SignatureHash::Sha256 => crypto.0.sha256(message).map(Digest::Sha256),
        SignatureHash::Sha384 => crypto.0.sha384(message).map(Digest::Sha384),
    };
    // Looked at where it is, because `?` copies what it takes out of a result.
    match &digest {
        Ok(digest) => verify(digest, certificate.signature()),
        Err(_) => Err(Error::CryptoUnavailable),
    }
}
