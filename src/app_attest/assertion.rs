//! The assertion: parse → view → verify → authentic → accept → proof.

use super::{
    ClientDataHash,
    auth_data::AuthenticatorData,
    counter::{Counter, Refusal},
    envelope::{CODE_HASH, once, skip_code_hash, within},
    key::{AttestedKey, KeyId},
    launch::LaunchData,
    policy::Policy,
    prepared::PreparedKey,
    store::{Advance, AdvanceError, CounterStore},
    window::ReplayWindow,
};
use crate::{
    crypto::{Backend, Crypto, Digest, P256Signature, PrepareP256},
    encoding::cbor::Reader,
    encoding::der::EcdsaSigValue,
    error::Error,
};

/// The largest assertion: 1 KiB. Genuine ones have 140 to 142 bytes, on iOS 27 up to 284.
pub const MAX_ASSERTION: usize = 1024;

/// An untrusted assertion: its bytes in strict CBOR, nothing compared and nothing verified.
#[derive(Clone, Debug)]
pub struct Assertion<'i> {
    pub(super) signature: EcdsaSigValue<'i, 32>,
    auth_data: AuthenticatorData<'i>,
}

impl<'i> Assertion<'i> {
    /// Reads an assertion, as `generateAssertion(_:clientDataHash:)` returns it: decoded from base64, nothing else.
    ///
    /// # Errors
    ///
    /// [`Error::WrongObjectKind`] for an attestation, [`Error::InputTooLarge`], [`Error::SignatureEncoding`], or one of the
    /// codes below 200.
    pub fn parse(input: &'i [u8]) -> Result<Self, Error> {
        within(MAX_ASSERTION, input, Self::read)
    }

    fn read(input: &'i [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(input);
        let mut signature = None;
        let mut auth_data = None;
        let mut code_hash = None;
        for _ in 0..reader.map()? {
            match reader.text()? {
                "signature" => once(&mut signature, reader.bytes()?)?,
                "authenticatorData" => once(&mut auth_data, reader.bytes()?)?,
                CODE_HASH => once(&mut code_hash, skip_code_hash(&mut reader)?)?,
                "fmt" | "attStmt" => return Err(Error::WrongObjectKind),
                _ => return Err(Error::UnknownField),
            }
        }
        reader.finish()?;
        let signature = signature.ok_or(Error::MissingField)?;
        let auth_data = AuthenticatorData::parse_assertion(auth_data.ok_or(Error::MissingField)?)?;
        let signature = EcdsaSigValue::parse(signature).ok_or(Error::SignatureEncoding)?;
        Ok(Self { signature, auth_data })
    }

    /// The signature.
    ///
    /// Not an identifier of the assertion: anyone can turn it into a second valid one (s into n − s). Replays are the
    /// counter's business.
    #[must_use]
    pub fn signature(&self) -> P256Signature {
        P256Signature::from_sig_value(self.signature)
    }

    /// The authenticator data.
    #[must_use]
    pub const fn auth_data(&self) -> &AuthenticatorData<'i> {
        &self.auth_data
    }
}

/// Verifies assertions under one policy and one cryptographic backend.
#[derive(Clone, Copy, Debug)]
pub struct AssertionVerifier<'a, C: ?Sized> {
    policy: Policy<'a>,
    pub(super) crypto: &'a C,
}

impl<'a, C: Crypto + ?Sized> AssertionVerifier<'a, C> {
    /// A verifier. Apps and environments of the policy are held against the attested key.
    pub const fn new(policy: Policy<'a>, crypto: &'a C) -> Self {
        Self { policy, crypto }
    }

    /// Verifies that the attested key signed this client data: steps B1 to B4 and the launch policy.
    ///
    /// `client_data` is what the caller computed from the request itself. Step B6 happens there: the client data must
    /// contain the challenge or the request that the assertion is meant for, or it proves nothing about it.
    ///
    /// The answer is *authentic*, not *fresh*: it may be a replay. Step B5 is
    /// [`accept_in`](AuthenticAssertion::accept_in) a store.
    ///
    /// # Errors
    ///
    /// The first check that fails; 9xx if nothing could be decided.
    pub fn verify<'i>(
        &self,
        assertion: &Assertion<'i>,
        key: &AttestedKey,
        client_data: &ClientDataHash<'_>,
    ) -> Result<AuthenticAssertion<'i>, Error> {
        let (digest, proof) = self.check(assertion, key, client_data)?;
        Backend(self.crypto).verify_p256(key.coordinates(), &digest, assertion.signature, Error::SignatureInvalid)?;
        Ok(AuthenticAssertion(proof))
    }

    /// As [`verify`](Self::verify), with a key that was prepared: the same answers, sooner.
    ///
    /// # Errors
    ///
    /// As for [`verify`](Self::verify).
    pub fn verify_prepared<'i, K>(
        &self,
        assertion: &Assertion<'i>,
        key: &PreparedKey<K>,
        client_data: &ClientDataHash<'_>,
    ) -> Result<AuthenticAssertion<'i>, Error>
    where
        C: PrepareP256<K>,
    {
        let (digest, proof) = self.check(assertion, key.key(), client_data)?;
        let crypto = Backend(self.crypto);
        crypto.verify_p256_prepared(key.prepared(), &digest, assertion.signature, Error::SignatureInvalid)?;
        Ok(AuthenticAssertion(proof))
    }

    /// Everything but the signature: steps B4 and B1 to B2, and the launch policy. Returns the digest that must be signed,
    /// and what is proved if it is.
    pub(super) fn check<'i>(
        &self,
        assertion: &Assertion<'i>,
        key: &AttestedKey,
        client_data: &ClientDataHash<'_>,
    ) -> Result<(Digest, VerifiedAssertion<'i>), Error> {
        let crypto = Backend(self.crypto);
        let auth_data = &assertion.auth_data;

        self.policy.check()?;
        client_data.check()?;

        // B4: the app is the one that the key was attested for, and one of the policy's.
        if auth_data.app_id() != key.app_id() {
            return Err(Error::RpIdMismatch);
        }
        let app_index = self.policy.app_index(auth_data.app_id_octets())?;
        self.policy.check_environment(key.environment())?;

        // The launch data of iOS 27, as far as the policy asks for it.
        self.policy.check_launch(auth_data.announced_launch())?;

        // B1 to B3: ECDSA with SHA-256 over the nonce, which is itself a SHA-256.
        let nonce = crypto.sha256(&[auth_data.as_bytes(), client_data.0])?;
        let digest = Digest::Sha256(crypto.sha256(&[&nonce])?);
        let launch = auth_data.announced_launch();
        let advance = Advance::new(auth_data.counter(), self.policy.greatest_step());
        Ok((digest, VerifiedAssertion { key_id: key.id(), app_index, advance, launch }))
    }
}

/// An assertion that the attested key did sign, for this client data, and that may be a replay.
///
/// Only the `verify…` methods of [`AssertionVerifier`] make one. It is good for nothing but being accepted.
#[derive(Debug)]
#[must_use = "an authentic assertion may be a replay until it is accepted"]
pub struct AuthenticAssertion<'i>(pub(super) VerifiedAssertion<'i>);

impl<'i> AuthenticAssertion<'i> {
    /// The identifier of the key that signed.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.0.key_id
    }

    /// The counter.
    pub const fn counter(&self) -> Counter {
        self.0.counter()
    }

    /// What the assertion asks of the place where counters are kept.
    #[must_use]
    pub const fn advance(&self) -> Advance {
        self.0.advance
    }

    /// Accepts the assertion if its counter is greater than the last one (step B5).
    ///
    /// The caller alone knows `last`, stores [`VerifiedAssertion::counter`] in its place, and lets nobody else do the
    /// same in between. Where that is not certain, it is [`accept_in`](Self::accept_in).
    ///
    /// # Errors
    ///
    /// [`Error::CounterNotIncreased`], [`Error::CounterStepTooLarge`].
    pub fn accept(self, last: Counter) -> Result<VerifiedAssertion<'i>, Error> {
        // What to store is the proof's counter.
        let _ = self.0.advance.in_order(last).map_err(Refusal::error)?;
        Ok(self.0)
    }

    /// Accepts the assertion if its counter was not seen before (step B5 for assertions that overtake each other); with it comes
    /// the window to store in the place of this one.
    ///
    /// The caller alone has the window of this key, and lets nobody else accept anything in between. Where that is not certain,
    /// it is [`accept_in`](Self::accept_in).
    ///
    /// # Errors
    ///
    /// [`Error::CounterSeen`], [`Error::CounterBelowWindow`], [`Error::CounterStepTooLarge`].
    pub fn accept_in_window(self, window: ReplayWindow) -> Result<(VerifiedAssertion<'i>, ReplayWindow), Error> {
        let window = self.0.advance.in_window(window).map_err(Refusal::error)?;
        Ok((self.0, window))
    }

    /// Accepts the assertion if the store advances the key's counter, or its window, by it (step B5), in one atomic operation.
    ///
    /// # Errors
    ///
    /// What the store answers; [`AdvanceError::error`] has the code.
    pub fn accept_in<S: CounterStore + ?Sized>(
        self,
        store: &S,
    ) -> Result<VerifiedAssertion<'i>, AdvanceError<S::Error>> {
        self.accept_with(|key, advance| store.advance(key, advance))
    }

    /// Accepts the assertion if `advance` did what [`CounterStore::advance`] is to do, under the same contract (step B5).
    ///
    /// For a store that is asynchronous: await its one atomic operation on [`key_id`](Self::key_id) and
    /// [`advance`](Self::advance), and hand its answer in. That it is the answer for this assertion and no other is for
    /// the caller to ensure, which [`accept_in`](Self::accept_in) does by itself.
    ///
    /// # Errors
    ///
    /// What `advance` answers.
    pub fn accept_with<E>(
        self,
        advance: impl FnOnce(&KeyId, &Advance) -> Result<(), AdvanceError<E>>,
    ) -> Result<VerifiedAssertion<'i>, AdvanceError<E>> {
        advance(&self.0.key_id, &self.0.advance)?;
        Ok(self.0)
    }
}

/// The proof that an assertion is authentic and fresh.
///
/// Only the `accept…` methods of [`AuthenticAssertion`] make one.
#[derive(Debug)]
#[must_use]
pub struct VerifiedAssertion<'i> {
    key_id: KeyId,
    app_index: usize,
    advance: Advance,
    launch: LaunchData<'i>,
}

impl<'i> VerifiedAssertion<'i> {
    /// The identifier of the key that signed.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The position in the policy's list of the app.
    #[must_use]
    pub const fn app_index(&self) -> usize {
        self.app_index
    }

    /// The counter: in strict order now the key's last one.
    pub const fn counter(&self) -> Counter {
        self.advance.to()
    }

    /// The launch data of iOS 27, as far as the signed flag ED announces it; empty otherwise, and before iOS 27.
    #[must_use]
    pub const fn launch(&self) -> LaunchData<'i> {
        self.launch
    }
}
