//! What a genuine device gets for a code, and later for a refresh token.

use std::fmt;

use genuine::app_attest::KeyId;
use serde::{Deserialize, Serialize};

use super::{
    Fault, Mediator,
    login::IssuedCode,
    pkce,
    provider::{Provider, ProviderTokens, Shown},
    seal::{Opened, Purpose},
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
    issued_at: u64,
}

impl Mediator {
    /// Tokens for a device that has signed the request, or has shown a session token with it.
    ///
    /// # Errors
    ///
    /// Why there are none.
    pub async fn grant(&self, caller: &Caller, request: &GrantRequest) -> Result<Granted, Refusal> {
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
        let revoked_until = self.gate.grants_revoked_until(caller).await?;
        // A refresh token of now would be refused, since clocks of gateways differ.
        if let Some(wait) = revoked_until.checked_sub(self.now()) {
            return Err(Refusal::TokenTooSoon(wait.saturating_add(1)));
        }
        // First, and for good: a provider that is shown a code twice ends everything that came from it (RFC 6749 §4.1.2).
        self.spend(caller, id, until, Fault::CodeReused).await?;
        let shown = Shown::Code { code: &code.code, verifier: &code.verifier };
        let tokens = provider.exchange(shown).await.map_err(Refusal::Oauth)?;
        self.granted(caller, client, provider, tokens, None)
    }

    async fn refresh(&self, caller: &Caller, client: &MediatorClient, token: &str) -> Result<Granted, Refusal> {
        let opened: Option<Opened<Refresh>> = self.sealer.open(Purpose::Refresh, token, self.now());
        let Opened { content: refresh, id, until } = opened.ok_or(Refusal::Oauth(Fault::RefreshUnknown))?;
        if refresh.client != client.client_id {
            return Err(Refusal::Oauth(Fault::RefreshOfAnother));
        }
        if KeyId(refresh.key) != caller.key_id {
            return Err(Refusal::Oauth(Fault::DeviceChanged));
        }
        let provider = self.provider(&refresh.provider, client).ok_or(Refusal::Oauth(Fault::RefreshUnknown))?;
        if refresh.issued_at <= self.gate.grants_revoked_until(caller).await? {
            return Err(Refusal::Oauth(Fault::GrantRevoked));
        }
        let mut used = self.turns.take(id).await?;
        if *used {
            return Err(Refusal::Oauth(Fault::RefreshReused));
        }
        let tokens = provider.exchange(Shown::Refresh(&refresh.token)).await.map_err(Refusal::Oauth)?;
        // After the provider's answer, so that a provider that is down costs no device its grant. Nobody gets tokens before this.
        self.spend(caller, id, until, Fault::RefreshReused).await?;
        *used = true;
        self.granted(caller, client, provider, tokens, Some(refresh.token))
    }

    /// Uses a code or a refresh token: of any number of uses one wins.
    async fn spend(&self, caller: &Caller, id: ChallengeId, until: u64, reused: Fault) -> Result<(), Refusal> {
        if self.gate.spend_grant(caller, id, until).await? { Ok(()) } else { Err(Refusal::Oauth(reused)) }
    }

    /// What the device gets of what the provider gave. A provider that gives no new refresh token goes on taking the earlier one.
    fn granted(
        &self,
        caller: &Caller,
        client: &MediatorClient,
        provider: &Provider,
        tokens: ProviderTokens,
        earlier: Option<String>,
    ) -> Result<Granted, Refusal> {
        let now = self.now();
        let ProviderTokens { access_token, token_type, expires_in, scope, id_token, refresh_token } = tokens;
        let refresh_token = refresh_token.or(earlier).map(|token| {
            let refresh = Refresh {
                provider: provider.name.clone(),
                client: client.client_id.clone(),
                key: caller.key_id.0,
                token,
                issued_at: now,
            };
            self.sealer.seal(Purpose::Refresh, &refresh, now.saturating_add(self.refresh_lifetime))
        });
        let refresh_token = refresh_token.transpose()?;
        Ok(Granted { access_token, token_type, expires_in, scope, id_token, refresh_token })
    }
}
