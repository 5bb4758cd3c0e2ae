//! The issuer of many leaves, verified once and kept.

use super::chain::{Chain, Issuers};
use crate::{
    crypto::{Backend, Crypto, PrepareP384},
    error::Error,
};

/// The proof that a trust anchor signed an intermediate certificate, and the certificate's key, prepared.
///
/// Made by [`AttestationVerifier::keep_issuer`](crate::app_attest::AttestationVerifier::keep_issuer) and kept by the caller, in
/// memory. It is bound to the octets of that certificate and to the key of that anchor, and says nothing of any other; names,
/// roles and validity of the certificate are checked in every attestation again.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct KeptIssuer<K> {
    /// SHA-256 of the anchor's key and the certificate.
    fingerprint: [u8; 32],
    key: K,
}

impl<K> KeptIssuer<K> {
    /// Verifies the signature of the intermediate, and prepares its key.
    pub(crate) fn new<C: PrepareP384<K> + ?Sized>(
        chain: &Chain<'_, '_>,
        issuers: &Issuers<'_>,
        crypto: &Backend<'_, C>,
    ) -> Result<Self, Error> {
        chain.verify_intermediate(issuers, crypto)?;
        let fingerprint = chain.fingerprint(issuers, crypto)?;
        Ok(Self { fingerprint, key: crypto.prepare_p384(issuers.of_leaf, Error::SpkiPoint)? })
    }

    /// Verifies both signatures of a chain; that of the intermediate only if it is another one.
    pub(crate) fn verify_signatures<C: PrepareP384<K> + ?Sized>(
        &self,
        chain: &Chain<'_, '_>,
        issuers: &Issuers<'_>,
        crypto: &Backend<'_, C>,
    ) -> Result<(), Error> {
        if !self.is_of(chain, issuers, crypto)? {
            return chain.verify_signatures(issuers, crypto);
        }
        chain.verify_leaf(crypto, |digest, signature| {
            crypto.verify_p384_prepared(&self.key, digest, signature, Error::LeafSignature)
        })
    }

    /// Whether this is the intermediate of a chain, under the same anchor.
    pub(crate) fn is_of<C: Crypto + ?Sized>(
        &self,
        chain: &Chain<'_, '_>,
        issuers: &Issuers<'_>,
        crypto: &Backend<'_, C>,
    ) -> Result<bool, Error> {
        Ok(chain.fingerprint(issuers, crypto)? == self.fingerprint)
    }
}
