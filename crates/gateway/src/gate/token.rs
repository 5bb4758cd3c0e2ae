//! Decisions on session tokens: who gets one, and who may come with one.

use std::time::Instant;

use genuine::Error;

use super::{Caller, Gate, attested_key, expect_open, in_time};
use crate::{
    refusal::Refusal,
    token::{TokenHolder, Tokens},
};

impl Gate {
    /// A token for whoever has just signed a request, and how many seconds it lives.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub async fn issue_token(&self, caller: &Caller) -> Result<(String, u32), Refusal> {
        let tokens = self.tokens()?;
        let device = self.device(caller.key_id).await?;
        expect_open(&device)?;
        let key = attested_key(&device)?;
        let application = self.application(&device.application)?;
        let token = in_time(application, tokens.mint(&key, &application.name, (self.clock)())).await??;
        self.metrics.tokens.inc();
        Ok((token, tokens.lifetime()))
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
    /// If the store could not answer.
    pub async fn rotate_token_keys(&self) -> Result<(), Refusal> {
        self.tokens()?.rotate((self.clock)()).await?;
        tracing::warn!("a key for tokens was added by the operator");
        Ok(())
    }

    /// Who comes with a token: it verifies, and its device is registered, of one of these applications, and was not revoked since.
    ///
    /// # Errors
    ///
    /// Why the request is refused.
    pub async fn admit(&self, token: &str, applications: &[String]) -> Result<TokenHolder, Refusal> {
        let holder = self.tokens()?.verify(token, (self.clock)()).await?;
        let start = Instant::now();
        let found = self.store.device(holder.key_id).await;
        self.observe("device", start);
        let device = found?.ok_or(Error::UnknownKey)?;
        expect_open(&device)?;
        if device.application != holder.application || !applications.contains(&device.application) {
            return Err(Refusal::ApplicationRefused);
        }
        self.application(&device.application)?;
        if let Some(devices) = &self.devices {
            devices.check(holder.key_id, Instant::now()).map_err(Refusal::DeviceLimit)?;
        }
        self.metrics.admissions.inc();
        Ok(holder)
    }

    fn tokens(&self) -> Result<&Tokens, Refusal> {
        self.tokens.as_ref().ok_or(Refusal::RouteUnknown)
    }
}
