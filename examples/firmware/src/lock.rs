//! A lock that opens for the phone it was paired with: policy, anchors, a counter store, and the two verifications.
//!
//! Nothing here depends on the board or on who computes the cryptography. What the phone sends comes as bytes; what only the
//! lock may say (its challenge, the request that it is about to grant, the time) are arguments of their own.

use core::{cell::Cell, convert::Infallible};

use genuine::{
    Error, UnixTime,
    app_attest::{
        Advance, AdvanceError, Assertion, AssertionVerifier, AttestationObject, AttestationVerifier, AttestedKey,
        ClientDataHash, Counter, CounterStore, KeyId, Policy, PreparedKey,
    },
    crypto::{Crypto, PrepareP256, PrepareP384},
    x509::{CachedIssuer, TrustAnchor},
};

/// What the phone sends to be paired.
#[derive(Clone, Copy)]
pub struct Pairing<'m> {
    /// The attestation object.
    pub attestation: &'m [u8],
    /// The key identifier that the app names.
    pub key_id: KeyId,
}

/// Who may be paired, and who verifies it. Fixed when the firmware is built; it can be a `static`.
pub struct Lock<'a, C> {
    attestations: AttestationVerifier<'a, C>,
    assertions: AssertionVerifier<'a, C>,
}

impl<'a, C: Crypto> Lock<'a, C> {
    /// A lock for phones with apps of this policy, under these anchors.
    pub const fn new(policy: Policy<'a>, anchors: &'a [TrustAnchor<'a>], crypto: &'a C) -> Self {
        Self {
            attestations: AttestationVerifier::new(policy, anchors, crypto),
            assertions: AssertionVerifier::new(policy, crypto),
        }
    }

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

    /// As [`pair`](Self::pair), and keeps the issuer of the phone's certificate: sooner for others of the same issuer.
    ///
    /// # Errors
    ///
    /// As for [`pair`](Self::pair).
    pub fn pair_keeping_issuer<K>(
        &self,
        message: &Pairing<'_>,
        challenge: &ClientDataHash<'_>,
        now: UnixTime,
        issuer: &mut Option<CachedIssuer<K>>,
    ) -> Result<Phone, Error>
    where
        C: PrepareP384<K>,
    {
        match &AttestationObject::parse(message.attestation) {
            Ok(object) => {
                let proof =
                    self.attestations.verify_and_keep_issuer(object, &message.key_id, challenge, now, issuer)?;
                Ok(Phone::new(proof.key(), Counter::ATTESTED))
            }
            Err(error) => Err(*error),
        }
    }

    /// Opens for a request, once.
    ///
    /// `request` is SHA-256 of the request that the lock is about to grant, computed by the lock from that request.
    ///
    /// # Errors
    ///
    /// What the assertion is refused for, or why it could not be decided.
    pub fn open(&self, assertion: &[u8], request: &ClientDataHash<'_>, phone: &Phone) -> Result<Counter, Error> {
        let assertion = Assertion::parse(assertion)?;
        let authentic = self.assertions.verify(&assertion, &phone.key, request)?;
        let accepted = authentic.accept_in(phone).map_err(|refused| refused.error())?;
        Ok(accepted.counter())
    }

    /// As [`open`](Self::open), sooner: with the phone's key [prepared](Phone::prepare).
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub fn open_prepared<K>(
        &self,
        assertion: &[u8],
        request: &ClientDataHash<'_>,
        phone: &Phone,
        key: &PreparedKey<K>,
    ) -> Result<Counter, Error>
    where
        C: PrepareP256<K>,
    {
        let assertion = Assertion::parse(assertion)?;
        let authentic = self.assertions.verify_prepared(&assertion, key, request)?;
        let accepted = authentic.accept_in(phone).map_err(|refused| refused.error())?;
        Ok(accepted.counter())
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
    const fn new(key: AttestedKey, last: Counter) -> Self {
        Self { key, last: Cell::new(last) }
    }

    /// Reads a phone back from where the lock keeps it.
    ///
    /// # Errors
    ///
    /// If the stored bytes are damaged, or the backend cannot tell.
    pub fn restore<C: Crypto>(
        stored: &[u8; AttestedKey::ENCODED_LEN],
        last: Counter,
        crypto: &C,
    ) -> Result<Self, Error> {
        AttestedKey::from_trusted_bytes(stored, crypto).map(|key| Self::new(key, last))
    }

    /// Prepares the phone's key. The answer can be stored beside the key, or made again after each start.
    ///
    /// # Errors
    ///
    /// If the backend cannot.
    pub fn prepare<K, C: PrepareP256<K>>(&self, crypto: &C) -> Result<PreparedKey<K>, Error> {
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
