//! The assertion: parse → view → verify → authentic → accept → proof.

use core::fmt;

use super::{
    assertion_key::AssertionKey,
    auth_data::AuthenticatorData,
    client_data::ClientDataHash,
    counter::{Counter, Refusal},
    envelope::{CODE_HASH, once, skip_code_hash, within},
    key::{AttestedKey, KeyId},
    launch::LaunchData,
    owned::OwnedAssertion,
    policy::{Policy, check_policies, policy_of},
    store::{Advance, AdvanceError, CounterStore},
    window::ReplayWindow,
};
use crate::{
    crypto::{Backend, Digest, EcdsaSigValue, P256, Sha256, Signature},
    encoding::cbor::Reader,
    error::Error,
};

/// The largest assertion: 1 KiB. Genuine ones have 140 to 142 bytes, on iOS 27 up to 284.
pub const MAX_ASSERTION: usize = 1024;

/// An untrusted assertion: its bytes in strict CBOR, nothing compared and nothing verified.
#[derive(Clone, Debug)]
pub struct Assertion<'i> {
    pub(super) signature: EcdsaSigValue<'i, P256>,
    auth_data: AuthenticatorData<'i>,
}

impl<'i> Assertion<'i> {
    /// Reads an assertion, as `generateAssertion(_:clientDataHash:)` returns it: decoded from base64, nothing else.
    ///
    /// # Errors
    ///
    /// [`Error::WrongObjectKind`] for an attestation, and otherwise the first thing that is not of its form, in the order of
    /// [`Step`](super::Step).
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
    pub fn signature(&self) -> Signature<P256> {
        self.signature.to_signature()
    }

    /// The authenticator data.
    #[must_use]
    pub const fn auth_data(&self) -> &AuthenticatorData<'i> {
        &self.auth_data
    }
}

/// Verifies assertions, with a policy for each app and one cryptographic backend.
///
/// Made once, for as long as the apps are served. Its parts are references, so that nothing is allocated: a service has what
/// they refer to in statics, leaks it once at its start, or makes it in the function in which it runs.
pub struct AssertionVerifier<'a, C: ?Sized> {
    policies: &'a [Policy<'a>],
    pub(super) crypto: &'a C,
}

// Not derived, because that would ask C for the same, which is only referred to.
impl<C: ?Sized> Clone for AssertionVerifier<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized> Copy for AssertionVerifier<'_, C> {}

impl<C: ?Sized> fmt::Debug for AssertionVerifier<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssertionVerifier").field("policies", &self.policies).finish_non_exhaustive()
    }
}

impl<'a, C: Sha256 + ?Sized> AssertionVerifier<'a, C> {
    /// A verifier. App and environments of a policy are held against the attested key.
    ///
    /// # Errors
    ///
    /// [`Error::ConfigNoAppId`], [`Error::ConfigDuplicateAppId`].
    pub fn new(policies: &'a [Policy<'a>], crypto: &'a C) -> Result<Self, Error> {
        check_policies(policies)?;
        Ok(Self { policies, crypto })
    }

    /// Verifies that the attested key signed this client data: steps B1 to B4 and the launch policy. With a
    /// [`PreparedKey`](super::PreparedKey) the answers are the same, sooner.
    ///
    /// `client_data` is what the caller computed from the request itself. Step B6 happens there: the client data must
    /// contain the challenge or the request that the assertion is meant for, or it proves nothing about it.
    ///
    /// The answer is *authentic*, not *fresh*: it may be a replay. Step B5 is
    /// [`accept_in`](AuthenticAssertion::accept_in) a store.
    ///
    /// # Errors
    ///
    /// The first check that fails, in the order of [`Step`](super::Step); 9xxx if nothing could be decided.
    pub fn verify<'i, H: AssertionKey<C> + ?Sized>(
        &self,
        assertion: &Assertion<'i>,
        key: &H,
        client_data: &ClientDataHash<'_>,
    ) -> Result<AuthenticAssertion<'i>, Error> {
        let (digest, proof) = self.check(assertion, key.attested(), client_data)?;
        key.verify(&digest, assertion.signature, &Backend::new(self.crypto))?;
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
        let crypto = Backend::new(self.crypto);
        let auth_data = &assertion.auth_data;

        // B4: the app is the one that the key was attested for, and has a policy.
        if auth_data.app_id() != key.app_id() {
            return Err(Error::RpIdMismatch);
        }
        let (app_index, policy) = policy_of(self.policies, auth_data.app_id_octets())?;
        policy.check_environment(key.environment())?;

        // The launch data of iOS 27, as far as the policy asks for it.
        let launch = auth_data.launch();
        policy.check_launch(launch)?;

        // B1 to B3: ECDSA with SHA-256 over the nonce, which is itself a SHA-256.
        let nonce = crypto.sha256::<Error>(&[auth_data.as_bytes(), client_data.as_bytes()])?;
        let digest = Digest::Sha256(crypto.sha256::<Error>(&[&nonce])?);
        let advance = Advance::new(auth_data.counter(), policy.greatest_step());
        Ok((digest, VerifiedAssertion { key_id: key.id(), app_index, advance, launch }))
    }
}

/// An assertion that the attested key did sign, for this client data, and that may be a replay.
///
/// Only [`AssertionVerifier`] makes one. It is good for nothing but being accepted: it does not say whose it is, which the
/// [`VerifiedAssertion`] does.
#[derive(Debug)]
#[must_use = "this assertion is authentic and may be a replay: grant nothing until one of its methods `accept…` has accepted it"]
pub struct AuthenticAssertion<'i>(pub(super) VerifiedAssertion<'i>);

impl<'i> AuthenticAssertion<'i> {
    /// What the assertion asks of the place where counters are kept.
    #[must_use]
    pub const fn advance(&self) -> Advance {
        self.0.advance
    }

    /// Accepts the assertion if the store advances the key's counter, or its window, by it (step B5), in one atomic operation.
    ///
    /// # Errors
    ///
    /// What the store answers; it converts into [`Error`].
    pub fn accept_in<S: CounterStore + ?Sized>(
        self,
        store: &S,
    ) -> Result<VerifiedAssertion<'i>, AdvanceError<S::Error>> {
        self.accept_with(|key, advance| store.advance(key, advance))
    }

    /// Accepts the assertion if `advance` did what [`CounterStore::advance`] is to do, under the same contract (step B5).
    ///
    /// The record to advance is the one of the identifier that `advance` is given, which is that of the key that signed, and of
    /// no other: not of one that came with the request.
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

    /// As [`accept_with`](Self::accept_with), for a store that is asynchronous.
    ///
    /// The future is the compiler's: one that is polled again after it was ready panics, which no executor does.
    ///
    /// # Errors
    ///
    /// What `advance` answers.
    pub async fn accept_with_async<E>(
        self,
        advance: impl AsyncFnOnce(KeyId, Advance) -> Result<(), AdvanceError<E>>,
    ) -> Result<VerifiedAssertion<'i>, AdvanceError<E>> {
        advance(self.0.key_id, self.0.advance).await?;
        Ok(self.0)
    }

    /// Accepts the assertion if its counter is greater than the last one (step B5). The weakest way: nothing but the caller's
    /// care keeps a replay out.
    ///
    /// The caller alone knows `last`, stores [`VerifiedAssertion::counter`] in its place, and lets nobody else do the
    /// same in between. Where that is not certain, it is [`accept_in`](Self::accept_in).
    ///
    /// # Errors
    ///
    /// [`Error::CounterNotIncreased`], [`Error::CounterStepTooLarge`].
    pub fn accept_without_store(self, last: Counter) -> Result<VerifiedAssertion<'i>, Error> {
        // What to store is the proof's counter.
        let _ = self.0.advance.in_order(last).map_err(Refusal::error)?;
        Ok(self.0)
    }

    /// Accepts the assertion if its counter was not seen before (step B5 for assertions that overtake each other); with it comes
    /// the window to store in the place of this one. As weak as [`accept_without_store`](Self::accept_without_store).
    ///
    /// The caller alone has the window of this key, and lets nobody else accept anything in between. Where that is not certain,
    /// it is [`accept_in`](Self::accept_in).
    ///
    /// # Errors
    ///
    /// [`Error::CounterSeen`], [`Error::CounterBelowWindow`], [`Error::CounterStepTooLarge`].
    pub fn accept_in_window_without_store(
        self,
        window: ReplayWindow,
    ) -> Result<(VerifiedAssertion<'i>, ReplayWindow), Error> {
        let window = self.0.advance.in_window(window).map_err(Refusal::error)?;
        Ok((self.0, window))
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

    /// The position of the app's policy in the verifier's list.
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

    /// A form that does not borrow from the input, to be kept.
    pub fn to_owned(&self) -> OwnedAssertion {
        OwnedAssertion::new(self.key_id, self.app_index, self.counter(), self.launch)
    }
}
