//! The chain of certificates, leaf first: a view, and the checks that concern certificates and not what the leaf describes.

use super::{
    capabilities::KeyAttestationCrypto,
    codes::in_x509,
    description::{KEY_DESCRIPTION, KeyDescription},
    provisioning::Provisioning,
    revocation::{Revocation, RevocationStatus},
    serial::Serial,
};
use crate::{
    crypto::{Backend, Curve, EcdsaSigValue, P256, P384},
    error::Error,
    time::UnixTime,
    x509::{Algorithm, Certificate, Form, IssuerKey, Issuers, RsaLinks, TrustAnchor, X509Error},
};

/// The most octets of all certificates together: 8 KiB. Genuine chains have up to 5,637.
pub const MAX_CHAIN: usize = 8 * 1024;

/// The most certificates, the root among them. Genuine chains have up to 6.
pub const MAX_CERTIFICATES: usize = 8;

/// The most certificates between that of the secure hardware and the anchor: those of remote provisioning.
const MAX_ABOVE: usize = 2;

/// The fewest: a leaf, an attestation certificate, and one above it where the root was left out.
const MIN_CERTIFICATES: usize = 3;

/// An untrusted key attestation: certificates in DER, and the description in the leaf, nothing compared and nothing verified.
#[derive(Clone, Debug)]
pub struct KeyAttestation<'i> {
    certificates: [Option<Certificate<'i>>; MAX_CERTIFICATES],
    count: usize,
    description: KeyDescription<'i>,
}

impl<'i> KeyAttestation<'i> {
    /// Reads the chain that `KeyStore.getCertificateChain` returns: each certificate in DER, leaf first. The root may be left out.
    ///
    /// # Errors
    ///
    /// The first thing that is not of its form, in the order of [`Step`](super::Step).
    // Not inlined, so that what parsing takes is gone when the verification starts.
    #[inline(never)]
    pub fn parse(certificates: &[&'i [u8]]) -> Result<Self, Error> {
        match certificates.len() {
            0..MIN_CERTIFICATES => return Err(Error::AndroidTooFewCertificates),
            MIN_CERTIFICATES..=MAX_CERTIFICATES => {}
            _ => return Err(Error::AndroidTooManyCertificates),
        }
        let octets = certificates.iter().fold(0_usize, |sum, certificate| sum.saturating_add(certificate.len()));
        if octets > MAX_CHAIN {
            return Err(Error::AndroidTooLarge);
        }
        let mut views = [const { None }; MAX_CERTIFICATES];
        let mut rest = certificates;
        for (position, place) in views.iter_mut().enumerate() {
            let Some((certificate, others)) = rest.split_first() else { break };
            if others.contains(certificate) {
                return Err(Error::AndroidCertificateRepeated);
            }
            *place = Some(read(position, certificate)?);
            rest = others;
        }
        let leaf = views.first().and_then(Option::as_ref).ok_or(Error::AndroidTooFewCertificates)?;
        let description = KeyDescription::of(leaf)?;
        Ok(Self { certificates: views, count: certificates.len(), description })
    }

    /// The certificates, leaf first.
    ///
    /// The validity period of the leaf was not read: nothing relies on it, and those of genuine leaves end in 1969. All of time stands
    /// there, and in the certificate of a key that attests if its period is of no form.
    #[must_use]
    pub fn certificates(&self) -> impl DoubleEndedIterator<Item = &Certificate<'i>> {
        self.certificates.iter().flatten()
    }

    /// What the leaf says of its key. Nothing of it is believed yet.
    #[must_use]
    pub const fn description(&self) -> &KeyDescription<'i> {
        &self.description
    }

    /// How the secure hardware came by its key, as the subject of the highest certificate below these anchors says.
    #[must_use]
    pub fn provisioning(&self, anchors: &[TrustAnchor<'_, IssuerKey<'_>>]) -> Option<Provisioning> {
        Path::new(self, anchors).ok()?.provisioning().ok()
    }

    fn get(&self, position: usize) -> Option<&Certificate<'i>> {
        self.certificates.get(position)?.as_ref()
    }
}

/// Reads the certificate at this position. The periods of leaves mean nothing, nor do those of keys that attest, which apps make as
/// well.
fn read(position: usize, der: &[u8]) -> Result<Certificate<'_>, Error> {
    let form = if position == 0 { Form::WithoutValidity } else { Form::Lenient };
    let certificate = match (position, Certificate::read(der, form)) {
        (1, Err(error @ (X509Error::Time | X509Error::ValidityInverted))) => {
            Certificate::read(der, Form::WithoutValidity)
                .and_then(|certificate| if is_described(&certificate) { Ok(certificate) } else { Err(error) })
        }
        (_, read) => read,
    };
    let certificate = certificate.map_err(in_x509)?;
    if certificate.extensions().has_unknown_critical() {
        return Err(Error::AndroidExtCritical);
    }
    Ok(certificate)
}

/// Whether a certificate has a key description, of whatever form.
fn is_described(certificate: &Certificate<'_>) -> bool {
    certificate.extension(KEY_DESCRIPTION).is_some()
}

/// A chain under the anchor that it ends at.
pub(super) struct Path<'c, 'i> {
    chain: &'c KeyAttestation<'i>,
    /// How many certificates are below the anchor: all, or all but a copy of the anchor.
    below: usize,
    anchor: TrustAnchor<'c, IssuerKey<'c>>,
}

impl<'c, 'i> Path<'c, 'i> {
    /// Finds the anchor: the last certificate has its name and its key, or was issued under its name.
    ///
    /// By name and key, whatever else a copy says: phones deliver the one that they were built with, and some have expired. A
    /// certificate that has the name alone is none.
    pub(super) fn new(
        chain: &'c KeyAttestation<'i>,
        anchors: &[TrustAnchor<'c, IssuerKey<'c>>],
    ) -> Result<Self, Error> {
        let last = chain.certificates().next_back().ok_or(Error::AndroidAnchorUnknown)?;
        let named = |name: &[u8]| anchors.iter().find(|anchor| anchor.subject == name).copied();
        if let Some(anchor) = named(last.subject()) {
            return match IssuerKey::of(last) {
                Some(key) if key == anchor.key => Ok(Self { chain, below: chain.count.saturating_sub(1), anchor }),
                _ => Err(Error::AndroidAnchorUnknown),
            };
        }
        match named(last.issuer()) {
            Some(anchor) => Ok(Self { chain, below: chain.count, anchor }),
            None => Err(Error::AndroidAnchorUnknown),
        }
    }

    /// The certificates below the anchor, leaf first.
    pub(super) fn certificates(&self) -> impl DoubleEndedIterator<Item = &'c Certificate<'i>> + Clone + use<'c, 'i> {
        self.chain.certificates.iter().take(self.below).flatten()
    }

    /// Each issuer is the next subject, byte by byte (RFC 5280 §6.1.3 (a)(4)).
    pub(super) fn check_names(&self) -> Result<(), Error> {
        let mut subjects = self.chain.certificates().map(Certificate::subject);
        let _ = subjects.next();
        for certificate in self.certificates() {
            // Where the anchor was left out, its name is the last one, by which it was found.
            let subject = subjects.next().unwrap_or(self.anchor.subject);
            if certificate.issuer() != subject {
                return Err(Error::AndroidIssuerMismatch);
            }
        }
        Ok(())
    }

    /// Every signature is of an algorithm that this verifier takes, and every issuer has a key of one.
    pub(super) fn check_algorithms<C: ?Sized, R: RsaLinks<C>>(&self) -> Result<(), Error> {
        for (position, certificate) in self.certificates().enumerate() {
            let algorithm = match Algorithm::of(certificate) {
                None => return Err(Error::AndroidCertAlgUnsupported),
                Some(Algorithm::RsaSha256) if !R::VERIFIES => return Err(Error::AndroidCertAlgUnsupported),
                Some(algorithm) => algorithm,
            };
            if !algorithm.fits(certificate.signature()) {
                return Err(Error::AndroidCertSignatureEncoding);
            }
            if position > 0 && IssuerKey::of(certificate).is_none() {
                return Err(Error::AndroidIssuerKey);
            }
        }
        Ok(())
    }

    /// The kind of provisioning. The number of certificates is that of the kind, or one more with a key that attests.
    pub(super) fn provisioning(&self) -> Result<Provisioning, Error> {
        let highest = self.certificates().next_back();
        let kind = highest.and_then(Provisioning::of).ok_or(Error::AndroidProvisioningUnknown)?;
        if self.below == kind.length() || (self.has_attest_key() && self.has_one_more(kind)) {
            Ok(kind)
        } else {
            Err(Error::AndroidChainLength)
        }
    }

    /// Whether there is one certificate more than chains of this kind have.
    pub(super) fn has_one_more(&self, kind: Provisioning) -> bool {
        self.below == kind.length().saturating_add(1)
    }

    /// Whether the issuer of the leaf has a key description too: a key that attests, or a forger's.
    pub(super) fn has_attest_key(&self) -> bool {
        self.chain.get(1).is_some_and(is_described)
    }

    /// The certificate of a key that attests.
    pub(super) fn attest_key(&self) -> Option<&'c Certificate<'i>> {
        self.chain.get(1).filter(|certificate| is_described(certificate))
    }

    /// The position of the certificate of the secure hardware's key.
    fn hardware_position(&self) -> usize {
        1_usize.saturating_add(usize::from(self.has_attest_key()))
    }

    /// The certificate of the secure hardware's key, which signed the leaf or the key that attests.
    pub(super) fn hardware(&self) -> Option<&'c Certificate<'i>> {
        self.chain.get(self.hardware_position())
    }

    /// Periods between leaf and anchor. Those of factories end while phones live, and Google does not ask for their end.
    pub(super) fn check_validity(&self, now: UnixTime, kind: Provisioning) -> Result<(), Error> {
        for certificate in self.certificates().skip(self.hardware_position()) {
            let validity = certificate.validity();
            if now < validity.not_before {
                return Err(Error::AndroidNotYetValid);
            }
            if kind == Provisioning::Remote && now > validity.not_after {
                return Err(Error::AndroidExpired);
            }
        }
        Ok(())
    }

    /// From the secure hardware's certificate on none has a key description, a copy of the anchor included, so that no app's key signs
    /// there; and all above it are of authorities. Its own need not be: some genuine ones say that they are not.
    pub(super) fn check_placement(&self) -> Result<(), Error> {
        let position = self.hardware_position();
        if self.chain.certificates().skip(position).any(is_described) {
            return Err(Error::AndroidDescriptionElsewhere);
        }
        if self.certificates().skip(position).skip(1).all(Certificate::is_authority) {
            Ok(())
        } else {
            Err(Error::AndroidNotAuthority)
        }
    }

    /// No certificate is revoked, or suspended unless that is accepted.
    pub(super) fn check_revocation<V: Revocation + ?Sized>(
        &self,
        revocation: &V,
        accept_suspended: bool,
    ) -> Result<(), Error> {
        for certificate in self.certificates() {
            match revocation.status(Serial::of(certificate).to_text().as_str()) {
                RevocationStatus::Revoked => return Err(Error::AndroidRevoked),
                RevocationStatus::Suspended if !accept_suspended => return Err(Error::AndroidSuspended),
                RevocationStatus::Good | RevocationStatus::Suspended => {}
            }
        }
        Ok(())
    }

    /// The signatures, from the anchor downward, so that no key is used before it is certified. An issuer that the cache has spares
    /// those of the certificates above the secure hardware's.
    pub(super) fn verify_signatures<C, R, I>(&self, crypto: &Backend<'_, C>, issuers: &I) -> Result<(), Error>
    where
        C: KeyAttestationCrypto + ?Sized,
        R: RsaLinks<C>,
        I: Issuers<C, P256>,
    {
        let Some((key, hardware)) = self.cacheable().filter(|_| I::CACHES) else {
            return self.verify_from::<C, R>(self.anchor.key, self.below, crypto);
        };
        let fingerprint = self.fingerprint(crypto)?;
        if let Some(verdict) = issuers.verify_leaf(&fingerprint, hardware, crypto) {
            verdict.map_err(|error| match error {
                X509Error::CryptoUnavailable => Error::CryptoUnavailable,
                _ => Error::AndroidSignature,
            })?;
            let key = IssuerKey::of(hardware).ok_or(Error::AndroidIssuerKey)?;
            return self.verify_from::<C, R>(key, self.hardware_position(), crypto);
        }
        self.verify_from::<C, R>(self.anchor.key, self.below, crypto)?;
        issuers.keep(fingerprint, key, crypto);
        Ok(())
    }

    /// Verifies the signatures of the certificates below this position, the highest of them by this key.
    fn verify_from<C, R>(&self, mut key: IssuerKey<'c>, position: usize, crypto: &Backend<'_, C>) -> Result<(), Error>
    where
        C: KeyAttestationCrypto + ?Sized,
        R: RsaLinks<C>,
        'i: 'c,
    {
        let lower = self.chain.certificates.iter().take(position.min(self.below)).flatten();
        for (above, certificate) in lower.rev().enumerate() {
            key.verify::<C, R, Error>(certificate, crypto, Error::AndroidSignature)?;
            // The leaf's own key signs nothing here.
            if above.saturating_add(1) < position {
                key = IssuerKey::of(certificate).ok_or(Error::AndroidIssuerKey)?;
            }
        }
        Ok(())
    }

    /// The key of the certificate above the secure hardware's, if it is one on P-256, as it is in chains of remote provisioning; and
    /// the certificate below it, if a prepared key verifies it.
    fn cacheable(&self) -> Option<(&'c [u8; 64], &'c Certificate<'i>)> {
        if !(1..=MAX_ABOVE).contains(&self.above()) {
            return None;
        }
        let (issuer, hardware) = (self.chain.get(self.hardware_position().saturating_add(1))?, self.hardware()?);
        match IssuerKey::of(issuer)? {
            IssuerKey::P256(key) if Algorithm::is_strict_ecdsa(hardware) => Some((key, hardware)),
            _ => None,
        }
    }

    /// SHA-256 of everything that the signatures above the secure hardware's certificate are statements of: the anchor's key, and from
    /// there downward the signed octets of each certificate, and its signature, of ECDSA the one of its two forms with the lower s.
    ///
    /// Which octets are whose is beyond doubt: the first octet says how long the anchor's key is, and so which, the other keys stand in
    /// the certificates, a key says how long a signature is, and DER how long a certificate.
    fn fingerprint<C: KeyAttestationCrypto + ?Sized>(&self, crypto: &Backend<'_, C>) -> Result<[u8; 32], Error> {
        let mut key = self.anchor.key;
        // In units of 32 octets: no two kinds of keys, nor sizes of one, have the same.
        let [.., size] = (key.as_bytes().len() >> 5).to_be_bytes();
        let mut signatures = [const { Signed::Rsa(&[]) }; MAX_ABOVE];
        let above = self.certificates().rev().take(self.above());
        for (place, certificate) in signatures.iter_mut().zip(above.clone()) {
            *place = Signed::by(&key, certificate.signature())?;
            key = IssuerKey::of(certificate).ok_or(Error::AndroidIssuerKey)?;
        }
        let mut tbs = above.map(Certificate::tbs);
        let [first, second] = &signatures;
        let of_first = (tbs.next().unwrap_or_default(), first.as_bytes());
        let of_second = (tbs.next().unwrap_or_default(), second.as_bytes());
        // At once: the parts hashed one after the other take half as many instructions more.
        crypto.sha256(&[&[size], self.anchor.key.as_bytes(), of_first.0, of_first.1, of_second.0, of_second.1])
    }

    /// How many certificates there are between that of the secure hardware and the anchor.
    fn above(&self) -> usize {
        self.below.saturating_sub(self.hardware_position()).saturating_sub(1)
    }
}

/// A signature, of ECDSA as `r ‖ s` with the lower of s and n − s.
enum Signed<'i> {
    P256([u8; 64]),
    P384([u8; 96]),
    Rsa(&'i [u8]),
}

impl<'i> Signed<'i> {
    /// By a key of this kind.
    fn by(key: &IssuerKey<'_>, signature: &'i [u8]) -> Result<Self, Error> {
        match key {
            IssuerKey::P256(_) => low_s::<P256>(signature).map(Self::P256),
            IssuerKey::P384(_) => low_s::<P384>(signature).map(Self::P384),
            IssuerKey::Rsa(key) if signature.len() == key.modulus().len() => Ok(Self::Rsa(signature)),
            IssuerKey::Rsa(_) => Err(Error::AndroidSignature),
        }
    }

    const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::P256(octets) => octets,
            Self::P384(octets) => octets,
            Self::Rsa(octets) => octets,
        }
    }
}

/// `r ‖ s`, with the lower of s and n − s.
fn low_s<V: Curve>(signature: &[u8]) -> Result<V::Octets, Error> {
    let signature = EcdsaSigValue::<V>::parse(signature).ok_or(Error::AndroidSignature)?;
    Ok(signature.to_signature().with_low_s().0)
}
