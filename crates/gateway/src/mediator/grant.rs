//! What a genuine device gets for a code, and later for a refresh token.

use std::{fmt, sync::Arc};

use genuine::app_attest::KeyId;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tracing::Instrument as _;

use super::{
    Fault, Mediator,
    login::IssuedCode,
    pkce,
    provider::{ProviderTokens, Shown},
    seal::{Opened, Purpose},
    turns::Turn,
};
use crate::{config::MediatorClient, gate::Caller, refusal::Refusal, store::ChallengeId};

/// What a device shows (RFC 6749 §4.1.3, §6; RFC 7636 §4.5).
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GrantRequest {
    grant_type: Option<String>,
    client_id: Option<String>,
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    refresh_token: Option<String>,
}

/// What a device is given (RFC 6749 §5.1): the provider's tokens, but for the refresh token, which is the gateway's.
#[derive(Serialize)]
pub struct Granted {
    access_token: String,
    token_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Granted(…)")
    }
}

/// What the gateway has to know when a device shows a refresh token.
#[derive(Serialize, Deserialize)]
struct Refresh {
    provider: String,
    client: String,
    /// The device's.
    key: [u8; 32],
    /// The provider's.
    token: String,
    /// When the device was last found to be good, before the provider was asked.
    issued_at: u64,
}

impl Mediator {
    /// Tokens for a device that has signed the request, or has shown a session token with it.
    ///
    /// # Errors
    ///
    /// Why there are none.
    pub async fn grant(self: &Arc<Self>, caller: &Caller, request: &GrantRequest) -> Result<Granted, Refusal> {
        let client = self.client(request.client_id.as_deref())?;
        if client.application != caller.application {
            return Err(Refusal::Oauth(Fault::OauthClientUnknown));
        }
        let GrantRequest { grant_type, client_id: _, code, redirect_uri, code_verifier, refresh_token } = request;
        match (grant_type.as_deref(), code, redirect_uri, code_verifier, refresh_token) {
            (Some("authorization_code"), Some(code), Some(redirect), Some(verifier), None) => {
                self.exchange(caller, client, code, redirect, verifier).await
            }
            (Some("refresh_token"), None, None, None, Some(token)) => self.refresh(caller, client, token).await,
            (Some("authorization_code" | "refresh_token") | None, ..) => Err(Refusal::Oauth(Fault::ParameterWrong)),
            (Some(_), ..) => Err(Refusal::Oauth(Fault::GrantTypeUnknown)),
        }
    }

    async fn exchange(
        &self,
        caller: &Caller,
        client: &MediatorClient,
        code: &str,
        redirect: &str,
        verifier: &str,
    ) -> Result<Granted, Refusal> {
        if !pkce::is_verifier(verifier) {
            return Err(Refusal::Oauth(Fault::ParameterWrong));
        }
        let opened: Option<Opened<IssuedCode>> = self.sealer.open(Purpose::Code, code, self.now());
        let Opened { content: code, id, until } = opened.ok_or(Refusal::Oauth(Fault::CodeUnknown))?;
        if code.client != client.client_id {
            return Err(Refusal::Oauth(Fault::CodeOfAnother));
        }
        if code.redirect != redirect {
            return Err(Refusal::Oauth(Fault::RedirectChanged));
        }
        if !pkce::matches(verifier, &code.challenge) {
            return Err(Refusal::Oauth(Fault::VerifierWrong));
        }
        let provider = self.provider(&code.provider, client).ok_or(Refusal::Oauth(Fault::CodeUnknown))?;
        let since = self.now();
        let revoked_until = self.gate.grants_revoked_until(caller).await?;
        // A refresh token of now would be refused, since clocks of gateways differ.
        if let Some(wait) = revoked_until.checked_sub(since) {
            return Err(Refusal::TokenTooSoon(wait.saturating_add(1)));
        }
        // First, and for good: a provider that is shown a code twice ends everything that came from it (RFC 6749 §4.1.2).
        self.spend(caller, id, until, Fault::CodeReused).await?;
        let shown = Shown::Code { code: &code.code, verifier: &code.verifier };
        let tokens = provider.exchange(shown).await.map_err(Refusal::Oauth)?;
        let refresh = Refresh {
            provider: code.provider,
            client: code.client,
            key: caller.key_id.0,
            token: String::new(),
            issued_at: since,
        };
        // The provider took its time: the device may have been locked or revoked meanwhile.
        self.expect_unrevoked(caller, since).await?;
        self.granted(tokens, refresh)
    }

    async fn refresh(
        self: &Arc<Self>,
        caller: &Caller,
        client: &MediatorClient,
        token: &str,
    ) -> Result<Granted, Refusal> {
        let opened: Option<Opened<Refresh>> = self.sealer.open(Purpose::Refresh, token, self.now());
        let Opened { content: refresh, id, until } = opened.ok_or(Refusal::Oauth(Fault::RefreshUnknown))?;
        if refresh.client != client.client_id {
            return Err(Refusal::Oauth(Fault::RefreshOfAnother));
        }
        if KeyId(refresh.key) != caller.key_id {
            return Err(Refusal::Oauth(Fault::DeviceChanged));
        }
        self.provider(&refresh.provider, client).ok_or(Refusal::Oauth(Fault::RefreshUnknown))?;
        let since = self.now();
        self.expect_unrevoked(caller, refresh.issued_at).await?;
        let turn = self.turns.take(id).await?;
        if turn.is_used {
            return Err(Refusal::Oauth(Fault::RefreshReused));
        }
        let (done, answer) = oneshot::channel();
        let renewal = Arc::clone(self).renew(caller.clone(), Opened { content: refresh, id, until }, since, turn, done);
        // It is brought to its end if the device goes away: the provider has perhaps replaced its token.
        tokio::spawn(renewal.in_current_span());
        answer.await.map_err(|_| Refusal::Internal)?
    }

    async fn renew(
        self: Arc<Self>,
        caller: Caller,
        opened: Opened<Refresh>,
        since: u64,
        mut turn: Turn,
        done: oneshot::Sender<Result<Granted, Refusal>>,
    ) {
        let tokens = match turn.kept(self.now()) {
            Some(kept) => Ok(kept),
            None => self.ask_again(&opened.content).await,
        };
        let tokens = match tokens {
            Ok(tokens) => tokens,
            Err(fault) => {
                let _ = done.send(Err(Refusal::Oauth(fault)));
                return;
            }
        };
        if done.is_closed() {
            return turn.keep(tokens, self.now());
        }
        let granted = self.renewed(&caller, opened, since, tokens.clone()).await;
        match &granted {
            Ok(_) => turn.is_used = true,
            // Whoever comes again is answered the same.
            Err(Refusal::Oauth(_)) => {}
            Err(_) => turn.keep(tokens, self.now()),
        }
        let _ = done.send(granted);
    }

    async fn ask_again(&self, refresh: &Refresh) -> Result<ProviderTokens, Fault> {
        let provider = self.providers.iter().find(|provider| provider.name == refresh.provider);
        provider.ok_or(Fault::RefreshUnknown)?.exchange(Shown::Refresh(&refresh.token)).await
    }

    /// What the device gets for its refresh token, which is used up with that.
    async fn renewed(
        &self,
        caller: &Caller,
        opened: Opened<Refresh>,
        since: u64,
        tokens: ProviderTokens,
    ) -> Result<Granted, Refusal> {
        let Opened { content: refresh, id, until } = opened;
        // The provider took its time: the device may have been locked or revoked meanwhile.
        self.expect_unrevoked(caller, since).await?;
        // Sealed before the earlier one is used up: a token of the provider's may be too long for that.
        let granted = self.granted(tokens, Refresh { issued_at: since, ..refresh })?;
        // After the provider's answer, so that a provider that is down costs no device its grant. Nobody gets tokens before this.
        self.spend(caller, id, until, Fault::RefreshReused).await?;
        Ok(granted)
    }

    /// Uses a code or a refresh token: of any number of uses one wins.
    async fn spend(&self, caller: &Caller, id: ChallengeId, until: u64, reused: Fault) -> Result<(), Refusal> {
        if self.gate.spend_grant(caller, id, until).await? { Ok(()) } else { Err(Refusal::Oauth(reused)) }
    }

    /// Whether the device is still good, and what was given out to it at this time is not revoked.
    async fn expect_unrevoked(&self, caller: &Caller, issued_at: u64) -> Result<(), Refusal> {
        let revoked_until = self.gate.grants_revoked_until(caller).await?;
        if issued_at > revoked_until { Ok(()) } else { Err(Refusal::Oauth(Fault::GrantRevoked)) }
    }

    /// What the device gets of what the provider gave. A provider that gives no new refresh token goes on taking the earlier one.
    fn granted(&self, tokens: ProviderTokens, refresh: Refresh) -> Result<Granted, Refusal> {
        let ProviderTokens { access_token, token_type, expires_in, scope, id_token, refresh_token } = tokens;
        let token = refresh_token.unwrap_or(refresh.token);
        let until = refresh.issued_at.saturating_add(self.refresh_lifetime);
        let refresh_token = (!token.is_empty())
            .then(|| self.sealer.seal(Purpose::Refresh, &Refresh { token, ..refresh }, until))
            .transpose()?;
        Ok(Granted { access_token, token_type, expires_in, scope, id_token, refresh_token })
    }
}
