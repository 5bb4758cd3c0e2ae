//! A lock that opens for the phone it was paired with: policies, anchors, a counter store, and the two verifications.
//!
//! [`PairingMode`] takes attestations and [`Lock`] assertions. A device whose phones are paired elsewhere has the second alone,
//! and asks its backend for less.
//!
//! Nothing here depends on the board or on who computes the cryptography. What the phone sends comes as bytes; what only the
//! lock may say (its challenge, the request that it is about to grant, the time) are arguments of their own.

use core::{cell::Cell, convert::Infallible};

use genuine::{
    Error, UnixTime,
    app_attest::{
        Advance, AdvanceError, Assertion, AssertionCrypto, AssertionKey, AssertionVerifier, AttestationCrypto,
        AttestationObject, AttestationVerifier, AttestedKey, ClientDataHash, Counter, CounterStore, KeyId, Policy,
        PreparedKey,
    },
    crypto::{P256, PrepareEcdsa},
    x509::{Issuers, NoCache, TrustAnchor},
};

/// What the phone sends to be paired.
#[derive(Clone, Copy)]
pub struct Pairing<'m> {
    /// The attestation object.
    pub attestation: &'m [u8],
    /// The key identifier that the app names.
    pub key_id: KeyId,
}

/// The lock while phones are paired: which apps may be, under which anchors, and who verifies it.
pub struct PairingMode<'a, C, I = NoCache> {
    attestations: AttestationVerifier<'a, C, I>,
}

impl<'a, C: AttestationCrypto> PairingMode<'a, C> {
    /// For phones with apps of these policies, under these anchors.
    ///
    /// # Errors
    ///
    /// If policies or anchors can never serve, which shows when the lock starts.
    pub fn new(policies: &'a [Policy<'a>], anchors: &'a [TrustAnchor<'a>], crypto: &'a C) -> Result<Self, Error> {
        AttestationVerifier::new(policies, anchors, crypto).map(|attestations| Self { attestations })
    }

    /// Caches the issuer of phones' certificates: sooner for others of the same issuer.
    pub const fn with_issuer_cache<I>(self, cache: &'a I) -> PairingMode<'a, C, &'a I>
    where
        &'a I: Issuers<C>,
    {
        PairingMode { attestations: self.attestations.with_issuer_cache(cache) }
    }
}

impl<C: AttestationCrypto, I: Issuers<C>> PairingMode<'_, C, I> {
    /// Pairs a phone: once, and then its key is trusted.
    ///
    /// `challenge` is SHA-256 of the challenge that the lock made for this phone, and forgets with this call.
    ///
    /// The counter starts anew, so a phone whose key identifier is stored already must not be stored again: every request
    /// that it ever made would be fresh.
    ///
    /// # Errors
    ///
    /// What the attestation is refused for, or why it could not be decided.
    pub fn pair(&self, message: &Pairing<'_>, challenge: &ClientDataHash<'_>, now: UnixTime) -> Result<Phone, Error> {
        // Looked at where it is, because `?` copies what it takes out of a result: 140 bytes of stack on Cortex-M4.
        match &AttestationObject::parse(message.attestation) {
            Ok(object) => {
                let proof = self.attestations.verify(object, &message.key_id, challenge, now)?;
                Ok(Phone::new(proof.key(), Counter::ATTESTED))
            }
            Err(error) => Err(*error),
        }
    }
}

/// The lock: for which apps it opens, and who verifies it.
pub struct Lock<'a, C> {
    assertions: AssertionVerifier<'a, C>,
}

impl<'a, C: AssertionCrypto> Lock<'a, C> {
    /// For phones with apps of these policies.
    ///
    /// # Errors
    ///
    /// If the policies can never serve, which shows when the lock starts.
    pub fn new(policies: &'a [Policy<'a>], crypto: &'a C) -> Result<Self, Error> {
        AssertionVerifier::new(policies, crypto).map(|assertions| Self { assertions })
    }

    /// Opens for a request, once.
    ///
    /// `request` is SHA-256 of the request that the lock is about to grant, computed by the lock from that request.
    ///
    /// # Errors
    ///
    /// What the assertion is refused for, or why it could not be decided.
    pub fn open(&self, assertion: &[u8], request: &ClientDataHash<'_>, phone: &Phone) -> Result<Counter, Error> {
        self.open_with(&phone.key, assertion, request, phone)
    }

    /// As [`open`](Self::open), with the phone's key as it is held: [prepared](Phone::prepare), it is sooner.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub fn open_with(
        &self,
        key: &impl AssertionKey<C>,
        assertion: &[u8],
        request: &ClientDataHash<'_>,
        phone: &Phone,
    ) -> Result<Counter, Error> {
        let assertion = Assertion::parse(assertion)?;
        let authentic = self.assertions.verify(&assertion, key, request)?;
        Ok(authentic.accept_in(phone)?.counter())
    }
}

/// A paired phone: 130 bytes of key and its last counter.
///
/// Here both live in RAM and are gone with the power. A product keeps them in flash or EEPROM: the key as
/// [`AttestedKey::to_bytes`], the counter as `genuine::guide::storing` says.
pub struct Phone {
    key: AttestedKey,
    last: Cell<Counter>,
}

impl Phone {
    /// A phone whose key was attested, and the last counter that it may not use again.
    pub(crate) const fn new(key: AttestedKey, last: Counter) -> Self {
        Self { key, last: Cell::new(last) }
    }

    /// Reads a phone back from where the lock keeps it.
    ///
    /// # Errors
    ///
    /// If the stored bytes are damaged, or the backend cannot tell.
    pub fn restore(
        stored: &[u8; AttestedKey::ENCODED_LEN],
        last: Counter,
        crypto: &impl AssertionCrypto,
    ) -> Result<Self, Error> {
        AttestedKey::from_trusted_bytes(stored, crypto).map(|key| Self::new(key, last))
    }

    /// Prepares the phone's key. The answer can be stored beside the key, or made again after each start.
    ///
    /// # Errors
    ///
    /// If the backend cannot.
    pub fn prepare<K, C: PrepareEcdsa<P256, K>>(&self, crypto: &C) -> Result<PreparedKey<C, K>, Error> {
        PreparedKey::new(&self.key, crypto)
    }

    /// The key in the form to be stored.
    #[must_use]
    pub fn stored_key(&self) -> [u8; AttestedKey::ENCODED_LEN] {
        self.key.to_bytes()
    }
}

/// One compare-and-advance. It is atomic because a `Cell` stays in one thread of execution; with interrupts or a second
/// core that verify too, it takes a critical section.
impl CounterStore for Phone {
    type Error = Infallible;

    fn advance(&self, key: &KeyId, advance: &Advance) -> Result<(), AdvanceError<Infallible>> {
        if *key != self.key.id() {
            return Err(AdvanceError::UnknownKey);
        }
        self.last.set(advance.in_order(self.last.get())?);
        Ok(())
    }
}
