//! The lock while Android phones are paired: a chain of certificates, and the proof that the phone has the key.
//!
//! What it pairs is a [`Phone`] as any other, and the same [`Lock`] opens for it: an app on Android signs requests as one of Apple's
//! does, with a counter that it keeps itself.

use genuine::{
    Error, UnixTime,
    app_attest::{ClientDataHash, Counter},
    crypto::{P256, VerifyRsa},
    key_attestation::{
        KeyAttestation, KeyAttestationCrypto, KeyAttestationVerifier, Policy, RevokedSerials, VerifiedKeyAttestation,
        WithRsa, WithoutRsa,
    },
    x509::{IssuerKey, Issuers, NoCache, RsaLinks, TrustAnchor},
};

use crate::lock::{Lock, Phone};

/// What the phone sends to be paired.
#[derive(Clone, Copy)]
pub struct AndroidPairing<'m> {
    /// The chain of `KeyStore.getCertificateChain`: each certificate in DER, leaf first.
    pub certificates: &'m [&'m [u8]],
    /// A request over the challenge, which nobody can sign who has copied the chain.
    pub possession: &'m [u8],
}

/// The lock while Android phones are paired: which apps may be, under which anchors, what is revoked, and who verifies it.
pub struct AndroidPairingMode<'a, C, R = WithRsa, I = NoCache> {
    chains: KeyAttestationVerifier<'a, C, R, I>,
    revoked: RevokedSerials<'a>,
    crypto: &'a C,
}

impl<'a, C: KeyAttestationCrypto + VerifyRsa> AndroidPairingMode<'a, C> {
    /// For phones with apps of these policies, under these anchors, none of whose certificates is on this list.
    ///
    /// # Errors
    ///
    /// If policies or anchors can never serve, which shows when the lock starts.
    pub fn new(
        policies: &'a [Policy<'a>],
        anchors: &'a [TrustAnchor<'a, IssuerKey<'a>>],
        revoked: RevokedSerials<'a>,
        crypto: &'a C,
    ) -> Result<Self, Error> {
        KeyAttestationVerifier::new(policies, anchors, crypto).map(|chains| Self { chains, revoked, crypto })
    }
}

impl<'a, C: KeyAttestationCrypto> AndroidPairingMode<'a, C, WithoutRsa> {
    /// The same without RSA, which phones that were provisioned remotely since 2026 do not need.
    ///
    /// # Errors
    ///
    /// As for [`new`](AndroidPairingMode::new).
    pub fn without_rsa(
        policies: &'a [Policy<'a>],
        anchors: &'a [TrustAnchor<'a, IssuerKey<'a>>],
        revoked: RevokedSerials<'a>,
        crypto: &'a C,
    ) -> Result<Self, Error> {
        KeyAttestationVerifier::without_rsa(policies, anchors, crypto).map(|chains| Self { chains, revoked, crypto })
    }
}

impl<'a, C: KeyAttestationCrypto, R: RsaLinks<C>> AndroidPairingMode<'a, C, R> {
    /// Caches issuers of phones' certificates: sooner for others of the same issuer.
    pub fn with_issuer_cache<I: ?Sized>(self, cache: &'a I) -> AndroidPairingMode<'a, C, R, &'a I>
    where
        &'a I: Issuers<C, P256>,
    {
        let Self { chains, revoked, crypto } = self;
        AndroidPairingMode { chains: chains.with_issuer_cache(cache), revoked, crypto }
    }
}

impl<C: KeyAttestationCrypto, R: RsaLinks<C>, I: Issuers<C, P256>> AndroidPairingMode<'_, C, R, I> {
    /// Pairs a phone: once, and then its key is trusted. `lock` is the one that it is to open.
    ///
    /// `challenge` is what the lock made for this phone, and forgets with this call. A phone whose key is stored already must not be
    /// stored again, as in [`PairingMode::pair`](crate::lock::PairingMode::pair).
    ///
    /// # Errors
    ///
    /// What chain or request are refused for, or why it could not be decided.
    pub fn pair(
        &self,
        message: &AndroidPairing<'_>,
        challenge: &[u8],
        now: UnixTime,
        lock: &Lock<'_, C>,
    ) -> Result<Phone, Error> {
        let key = self.attested(message.certificates, challenge, now)?.attested_key(self.crypto)?;
        let phone = Phone::new(key, Counter::ATTESTED);
        let signed = ClientDataHash::digest(&[challenge], self.crypto)?;
        // The counter stays with the phone.
        lock.open(message.possession, &ClientDataHash::from(&signed), &phone).map(|_| phone)
    }

    /// What a chain vouches for. It is no secret, so that who sends it need not have the key.
    ///
    /// # Errors
    ///
    /// What the chain is refused for, or why it could not be decided.
    pub fn attested<'m>(
        &self,
        certificates: &[&'m [u8]],
        challenge: &[u8],
        now: UnixTime,
    ) -> Result<VerifiedKeyAttestation<'m>, Error> {
        // Looked at where it is, because `?` copies what it takes out of a result.
        match &KeyAttestation::parse(certificates) {
            Ok(chain) => self.chains.verify(chain, challenge, &self.revoked, now),
            Err(error) => Err(*error),
        }
    }
}
