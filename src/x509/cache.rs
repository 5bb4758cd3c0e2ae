//! The issuer of many leaves, verified once and kept.

use super::chain::{Chain, IssuerKeys};
use crate::{
    crypto::{Backend, Crypto, PrepareP384},
    error::Error,
};

/// The proof that a trust anchor signed an intermediate certificate, and the certificate's key, prepared.
///
/// Made by [`AttestationVerifier::verify_and_keep_issuer`](crate::app_attest::AttestationVerifier::verify_and_keep_issuer) of an
/// attestation that is authentic, and kept by the caller, in memory. It is bound to the octets of that certificate, whichever of
/// the two forms of its signature came with it, and to the key of that anchor, and says nothing of any other; names, roles and validity of the certificate are checked in every
/// attestation again.
#[derive(Clone, Debug)]
#[must_use]
pub struct CachedIssuer<K> {
    /// SHA-256 of the anchor's key, the certificate and its signature, in the form with the lower s.
    fingerprint: [u8; 32],
    key: K,
}

impl<K> CachedIssuer<K> {
    /// Verifies both signatures of a chain; that of the intermediate only if it is another one.
    pub(crate) fn verify_signatures<C: PrepareP384<K> + ?Sized>(
        &self,
        chain: &Chain<'_, '_>,
        issuers: &IssuerKeys<'_>,
        crypto: &Backend<'_, C>,
    ) -> Result<(), Error> {
        if self.is_of(chain, issuers, crypto)? {
            self.verify_leaf(chain, crypto)
        } else {
            chain.verify_signatures(issuers, crypto)
        }
    }

    /// The same; and if it is another one, it is kept from then on. One whose key cannot be prepared is not.
    pub(crate) fn verify_signatures_and_keep<C: PrepareP384<K> + ?Sized>(
        kept: &mut Option<Self>,
        chain: &Chain<'_, '_>,
        issuers: &IssuerKeys<'_>,
        crypto: &Backend<'_, C>,
    ) -> Result<(), Error> {
        let fingerprint = chain.fingerprint(issuers, crypto)?;
        match kept {
            Some(issuer) if issuer.fingerprint == fingerprint => issuer.verify_leaf(chain, crypto),
            _ => {
                chain.verify_signatures(issuers, crypto)?;
                Self::keep(kept, fingerprint, issuers, crypto);
                Ok(())
            }
        }
    }

    // Not inlined, so that what preparing takes, 13 KB of stack on Cortex-M4 for 3 KB, is not there while verifying.
    #[inline(never)]
    fn keep<C: PrepareP384<K> + ?Sized>(
        kept: &mut Option<Self>,
        fingerprint: [u8; 32],
        issuers: &IssuerKeys<'_>,
        crypto: &Backend<'_, C>,
    ) {
        *kept = crypto.prepare_p384(issuers.of_leaf).map(|key| Self { fingerprint, key });
    }

    fn verify_leaf<C: PrepareP384<K> + ?Sized>(
        &self,
        chain: &Chain<'_, '_>,
        crypto: &Backend<'_, C>,
    ) -> Result<(), Error> {
        chain.verify_leaf(crypto, |digest, signature| {
            crypto.verify_p384_prepared(&self.key, digest, signature, Error::LeafSignature)
        })
    }

    /// Whether this is the intermediate of a chain, under the same anchor.
    pub(crate) fn is_of<C: Crypto + ?Sized>(
        &self,
        chain: &Chain<'_, '_>,
        issuers: &IssuerKeys<'_>,
        crypto: &Backend<'_, C>,
    ) -> Result<bool, Error> {
        Ok(chain.fingerprint(issuers, crypto)? == self.fingerprint)
    }
}
