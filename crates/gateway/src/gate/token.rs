//! Decisions on session tokens: who gets one, and who may come with one.

use std::{fmt, time::Instant};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::{
    Class, Error,
    app_attest::{Environment, KeyId},
    session::jwk::Thumbprint,
};

use super::{Caller, Gate, PresentedAssertion, expect_account, expect_open, expect_version, in_time, proof::ProvenKey};
use crate::{
    application::Application,
    challenge::{Binding, Purpose},
    config,
    events::{self, What},
    platform::Platform,
    refusal::Refusal,
    secrets::SKEW,
    store::{AccountHash, Change, Device, DeviceKey, Spent},
    token::{Client, Grant, PresentedToken, TokenHolder, Tokens, UsableProof},
    traces,
};

/// A token for a client, and what it may be told of it. `Debug` leaves the token out.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedToken {
    /// The token.
    pub token: String,
    /// How many seconds it lives.
    pub lifetime: u32,
    /// Whether it is bound to a key of the client's.
    pub is_bound: bool,
}

/// Who asks for a token, and for which.
#[derive(Clone, Copy, Debug)]
pub struct TokenRequest<'r> {
    /// The thumbprint of the client's key that it is to be bound to, if it is.
    pub bound_to: Option<Thumbprint>,
    /// Who asks.
    pub client: Client<'r>,
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedToken").field("is_bound", &self.is_bound).finish_non_exhaustive()
    }
}

impl Gate {
    /// A token for whoever has just signed a request.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub async fn issue_token(&self, caller: &Caller, request: TokenRequest<'_>) -> Result<IssuedToken, Refusal> {
        let tokens = self.tokens()?;
        tokens.expect_binding(request.bound_to)?;
        let device = self.device(caller.key_id).await?;
        expect_open(&device)?;
        let environment = device.key.environment().ok_or(Refusal::KeyRevoked)?;
        // A token of now would be refused, since clocks of gateways differ.
        if let Some(wait) = device.tokens_after.checked_sub((self.clock)()) {
            return Err(Refusal::TokenTooSoon(wait.saturating_add(1)));
        }
        let application = self.application(&device.application)?;
        let TokenRequest { bound_to, client } = request;
        let now = (self.clock)();
        let lifetime = application.lifetime(tokens.lifetime(), now);
        let grant = Grant {
            key_id: caller.key_id,
            environment,
            application: &application.name,
            bound_to,
            client,
            lifetime: Some(lifetime),
        };
        let token = in_time(application, tokens.mint(&grant, now)).await??;
        self.metrics.tokens.inc();
        events::note(|sighting| {
            sighting.is_about(What::Token);
            sighting.came_to("issued", None);
        });
        Ok(IssuedToken { token, lifetime, is_bound: bound_to.is_some() })
    }

    /// Whether clients get a token that nobody accepts in the place of a verdict.
    #[must_use]
    pub fn has_decoys(&self) -> bool {
        self.tokens.as_ref().is_some_and(Tokens::has_decoys)
    }

    /// A token that nobody accepts, in the place of this refusal of a request for one: if the refusal is a verdict on a registered
    /// device, and the rest of the request is what it has to be. What was asked for may be malformed, which is said where a good
    /// device would hear it.
    ///
    /// # Errors
    ///
    /// The refusal that the client is told: this one, or what is wrong with the rest of the request.
    pub async fn decoy_token(
        &self,
        refusal: Refusal,
        presented: &PresentedAssertion,
        sender: super::Client,
        asked: Result<TokenRequest<'_>, Refusal>,
    ) -> Result<IssuedToken, Refusal> {
        let tokens = self.tokens()?;
        if !tokens.has_decoys() || !is_verdict(refusal) {
            return Err(refusal);
        }
        let challenge = presented.challenge.as_deref().ok_or(Refusal::ChallengeMissing)?;
        let Ok(device) = self.device(presented.key_id).await else { return Err(refusal) };
        let environment = device.key.environment().ok_or(refusal)?;
        let application = self.application(&device.application)?;
        expect_account(&device, sender.account)?;
        let terms = application.terms(Platform::of_assertions(&device.key)).ok_or(Refusal::PlatformUnknown)?;
        expect_version(terms, sender.version)?;
        // A device that was revoked is refused before its challenge is looked at, and a good one after: without this, any
        // challenge at all would tell the two apart.
        let binding = Binding { application: &application.name, session: sender.session };
        let _opened = self.open(application, challenge, Purpose::Assertion, binding).await?;
        let TokenRequest { bound_to, client } = asked?;
        tokens.expect_binding(bound_to)?;
        // In the place of the two writes that a good request takes, so that the store's time does not tell either.
        for _ in 0..2 {
            self.ask(application, "decoy", self.store.ready()).await??;
        }
        let now = (self.clock)();
        let lifetime = application.lifetime(tokens.lifetime(), now);
        let grant = Grant {
            key_id: presented.key_id,
            environment,
            application: &application.name,
            bound_to,
            client,
            lifetime: Some(lifetime),
        };
        let token = in_time(application, tokens.mint_decoy(&grant, now)).await??;
        Ok(IssuedToken { token, lifetime, is_bound: bound_to.is_some() })
    }

    /// Revokes all tokens of a device that were issued until now, for the operator: they are refused at their next request. As clocks
    /// of gateways differ, those of the next [`SKEW`] seconds are refused too.
    ///
    /// # Errors
    ///
    /// [`Refusal::DeviceNotFound`], or that the store could not answer.
    pub async fn revoke_tokens(&self, key_id: KeyId) -> Result<(), Refusal> {
        if !self.store.change(key_id, self.tokens_revoked()).await? {
            return Err(Refusal::DeviceNotFound);
        }
        tracing::warn!(key_id = BASE64_URL_SAFE_NO_PAD.encode(key_id.0), "its tokens are revoked");
        Ok(())
    }

    /// What becomes of a device whose tokens are revoked now.
    #[must_use]
    pub fn tokens_revoked(&self) -> Change {
        Change::RevokeTokens((self.clock)().saturating_add(SKEW))
    }

    /// The keys that tokens are verified with, as a JWK set.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub async fn token_keys(&self) -> Result<String, Refusal> {
        self.tokens()?.public_keys((self.clock)()).await
    }

    /// Adds a key for tokens before that is due, for the operator. It signs as soon as verifiers elsewhere have read it.
    ///
    /// # Errors
    ///
    /// If the store could not answer, or the keys are not in the store.
    pub async fn rotate_token_keys(&self) -> Result<(), Refusal> {
        self.tokens()?.rotate((self.clock)()).await?;
        tracing::warn!("a key for tokens was added by the operator");
        Ok(())
    }

    /// Who comes with a token: it verifies, came from the client that it is bound to with a proof that was not used before, and its
    /// device is registered, of one of these applications, and of this account if the request is in one; it was neither revoked nor
    /// locked since, and its attestation still counts.
    ///
    /// # Errors
    ///
    /// Why the request is refused.
    pub async fn admit(
        &self,
        shown: &PresentedToken<'_>,
        applications: &[String],
        account: Option<AccountHash>,
    ) -> Result<TokenHolder, Refusal> {
        events::note(|sighting| sighting.is_about(What::Token));
        let (holder, proof) = traces::within("verify", "token", self.tokens()?.verify(shown, (self.clock)())).await?;
        let device = self.find(holder.key_id).await?;
        expect_open(&device)?;
        if holder.issued_at <= device.tokens_after {
            return Err(Refusal::TokenRevoked);
        }
        if device.application != holder.application || !applications.contains(&device.application) {
            return Err(Refusal::ApplicationRefused);
        }
        expect_account(&device, account)?;
        let application = self.application(&device.application)?;
        self.expect_attested(application, &device)?;
        if let Some(devices) = &self.devices {
            devices.check(holder.key_id, Instant::now()).map_err(Refusal::DeviceLimit)?;
        }
        if let Some(proof) = proof {
            self.use_proof(application, proof, holder.key_id).await?;
        }
        self.metrics.admissions.inc();
        events::note(|sighting| sighting.came_to("admitted", None));
        Ok(holder)
    }

    /// Uses a proof: the store remembers it as it remembers a challenge, and of any number of requests with it one wins.
    async fn use_proof(&self, application: &Application, proof: UsableProof, by: KeyId) -> Result<(), Refusal> {
        let spent = self.store.spend(proof.id, by, proof.until, (self.clock)());
        match self.ask(application, "spend", spent).await?? {
            Spent::Now => Ok(()),
            Spent::Before(_) => Err(Refusal::ProofReused),
        }
    }

    /// Who proves that they have a registered key of the client's own, with a challenge that is used for that: what a device of Play
    /// Integrity does in the place of an assertion. Its token is bound to that key.
    ///
    /// # Errors
    ///
    /// Why the request is refused.
    pub async fn prove(
        &self,
        proof: &str,
        path: &str,
        client: super::Client,
        applications: &[String],
    ) -> Result<(Caller, ProvenKey), Refusal> {
        let proven = self.proven_key(proof, path, None)?;
        let challenge = proven.nonce.as_deref().ok_or(Refusal::ChallengeMissing)?;
        let device = self.find(proven.key_id).await?;
        expect_open(&device)?;
        if !applications.contains(&device.application) {
            return Err(Refusal::ApplicationRefused);
        }
        // An App Attest key signs assertions, and nothing else.
        if Platform::of(&device.key) != Some(Platform::PlayIntegrity) {
            return Err(Error::UnknownKey.into());
        }
        expect_account(&device, client.account)?;
        let application = self.application(&device.application)?;
        expect_version(application.terms(Platform::PlayIntegrity).ok_or(Refusal::PlatformUnknown)?, client.version)?;
        self.expect_attested(application, &device)?;
        let binding = Binding { application: &application.name, session: client.session };
        let opened = self.open(application, challenge, Purpose::Assertion, binding).await?;
        if let Some(devices) = &self.devices {
            devices.check(proven.key_id, Instant::now()).map_err(Refusal::DeviceLimit)?;
        }
        self.spend(application, opened, proven.key_id).await?;
        Ok((Caller { key_id: proven.key_id, application: device.application, counter: 0 }, proven))
    }

    /// Whether the attestation of a device counts, and still does. Apple's has no end, and its environment is held against the
    /// application's with each assertion. That of a phone's hardware ends when a certificate above it is revoked.
    pub(super) fn expect_attested(&self, application: &Application, device: &Device) -> Result<(), Refusal> {
        let key = match &device.key {
            DeviceKey::PlayIntegrity(key) => key,
            DeviceKey::KeyAttestation(key) => return self.expect_unrevoked(application, key),
            DeviceKey::AppAttest(_) | DeviceKey::Erased => return Ok(()),
        };
        let app = application.play_integrity.as_ref().ok_or(Refusal::PlatformUnknown)?;
        if app.environment == config::Environment::Production && key.environment != Environment::Production {
            return Err(Refusal::EnvironmentRefused);
        }
        let until = device.attested_at.0.saturating_add(app.lifetime.saturating_mul(1000));
        if (self.clock)().saturating_mul(1000) > until { Err(Refusal::AttestationExpired) } else { Ok(()) }
    }

    pub(super) fn tokens(&self) -> Result<&Tokens, Refusal> {
        self.tokens.as_ref().ok_or(Refusal::RouteUnknown)
    }
}

/// Whether a refusal is a verdict on a device, and nothing that an honest one acts on: by signing again, with another challenge or a
/// later counter, or by registering.
fn is_verdict(refusal: Refusal) -> bool {
    match refusal {
        Refusal::KeyRevoked | Refusal::ApplicationRefused => true,
        Refusal::Engine(
            Error::UnknownKey
            | Error::CounterNotIncreased
            | Error::CounterSeen
            | Error::CounterBelowWindow
            | Error::ChallengeForged
            | Error::ChallengeExpired
            | Error::ChallengeFromFuture,
        ) => false,
        Refusal::Engine(error) => error.class() == Class::Rejected,
        _ => false,
    }
}
