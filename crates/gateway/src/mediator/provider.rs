//! A provider: where its users log in, and what it answers the gateway, which shows it the secret.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, Response, StatusCode, Uri},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tokio::sync::Semaphore;
use url::form_urlencoded::{Serializer, byte_serialize};
use zeroize::Zeroizing;

use super::{Fault, located, pkce};
use crate::{
    config::{ClientAuthentication, MediatorProvider, Secret},
    metrics::Metrics,
    play::exchange::{Exchange, read},
};

/// How many requests one provider is sent at a time. The others wait, so that a flood of them leaves file descriptors to the rest.
const AT_A_TIME: usize = 64;
/// The longest answer of a provider.
const ANSWER: usize = 64 * 1024;
/// The longest refresh token of a provider: sealed, it still fits into a request.
const REFRESH_TOKEN: usize = 4096;

/// An authorization server that the gateway is a client of.
pub(super) struct Provider {
    /// What apps call it.
    pub(super) name: String,
    /// Its issuer identifier.
    pub(super) issuer: String,
    /// Whether each of its answers has to say that.
    pub(super) issuer_in_response: bool,
    authorization_endpoint: String,
    token_endpoint: Uri,
    /// Where it sends browsers back to.
    back: String,
    client_id: String,
    secret: Secret,
    authentication: ClientAuthentication,
    scopes: Vec<String>,
    parameters: BTreeMap<String, String>,
    timeout: Duration,
    slots: Semaphore,
    exchange: Arc<Exchange>,
    metrics: Arc<Metrics>,
}

/// What a provider gives for a code or a refresh token (RFC 6749 §5.1), as far as an app is given it.
#[derive(Clone, Deserialize)]
pub(super) struct ProviderTokens {
    pub(super) access_token: String,
    pub(super) token_type: String,
    #[serde(default, deserialize_with = "seconds")]
    pub(super) expires_in: Option<u64>,
    #[serde(default, deserialize_with = "scope")]
    pub(super) scope: Option<String>,
    pub(super) id_token: Option<String>,
    /// The provider's own, which no app sees.
    pub(super) refresh_token: Option<String>,
}

/// What a provider says of a refusal (RFC 6749 §5.2).
#[derive(Deserialize)]
struct Told {
    error: String,
}

/// A time of life, also as a text or with a fraction, as some providers have it. Anything else is as good as none, which OAuth allows.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => whole(&number.to_string()),
        Value::String(text) => whole(&text),
        _ => None,
    })
}

/// The digits of a number before its fraction, if that is all there is to it.
fn whole(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = fraction.bytes().chain(whole.bytes()).all(|octet| octet.is_ascii_digit());
    if is_number { whole.parse().ok() } else { None }
}

/// A scope, also as a list. Anything else is as good as none.
fn scope<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Array(list) => {
            let scopes: Option<Vec<_>> = list.iter().map(Value::as_str).collect();
            scopes.map(|scopes| scopes.join(" "))
        }
        _ => None,
    })
}

/// What is shown to a provider.
#[derive(Clone, Copy)]
pub(super) enum Shown<'s> {
    /// A code, and the verifier of the login that it came from.
    Code { code: &'s str, verifier: &'s str },
    /// A refresh token.
    Refresh(&'s str),
}

impl Provider {
    pub(super) fn new(
        settings: &MediatorProvider,
        back: String,
        exchange: Arc<Exchange>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, String> {
        Ok(Self {
            name: settings.name.clone(),
            issuer: settings.issuer.clone(),
            issuer_in_response: settings.issuer_in_response,
            authorization_endpoint: settings.authorization_endpoint.clone(),
            token_endpoint: settings.token_endpoint.parse().map_err(|_| "token_endpoint: this is no address")?,
            back,
            client_id: settings.client_id.clone(),
            secret: settings.secret()?,
            authentication: settings.client_authentication,
            scopes: settings.scopes.clone(),
            parameters: settings.authorization_parameters.clone(),
            timeout: Duration::from_millis(settings.timeout_ms.into()),
            slots: Semaphore::new(AT_A_TIME),
            exchange,
            metrics,
        })
    }

    /// Whether apps may ask for this: one scope at least, and none that is not configured.
    pub(super) fn allows(&self, scope: &str) -> bool {
        scope.split(' ').all(|asked| self.scopes.iter().any(|allowed| allowed == asked))
    }

    /// Where a user logs in.
    pub(super) fn login(&self, scope: &str, state: &str, challenge: &str) -> String {
        let own = [
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.back),
            ("scope", scope),
            ("state", state),
            ("code_challenge", challenge),
            ("code_challenge_method", pkce::METHOD),
        ];
        let configured = self.parameters.iter().map(|(name, value)| (&**name, &**value));
        located(&self.authorization_endpoint, own.into_iter().chain(configured))
    }

    /// Has a code or a refresh token exchanged, with the secret.
    ///
    /// # Errors
    ///
    /// Why there are no tokens. What the provider says of it stays here.
    pub(super) async fn exchange(&self, shown: Shown<'_>) -> Result<ProviderTokens, Fault> {
        let asked = tokio::time::timeout(self.timeout, self.ask(shown)).await;
        let tokens = asked.unwrap_or_else(|_| Err(self.lost(&"no answer in time", Fault::ProviderUnavailable)));
        let outcome = match &tokens {
            Ok(_) => "granted",
            Err(Fault::GrantRefused) => "refused",
            Err(Fault::ProviderMisconfigured) => "misconfigured",
            Err(Fault::ProviderAnswer) => "unreadable",
            Err(_) => "unavailable",
        };
        self.metrics.oauth_exchanges.with_label_values(&[&*self.name, shown.grant_type(), outcome]).inc();
        tokens
    }

    async fn ask(&self, shown: Shown<'_>) -> Result<ProviderTokens, Fault> {
        let _slot = self.slots.acquire().await.map_err(|_| Fault::ProviderUnavailable)?;
        let basic = self.basic();
        let answer = self
            .exchange
            .post(&self.token_endpoint, "application/x-www-form-urlencoded", basic.as_ref(), self.form(shown))
            .await
            .map_err(|lost| self.lost(&lost, Fault::ProviderUnavailable))?;
        match answer.status() {
            StatusCode::OK => self.tokens(answer).await,
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(self.refused(answer).await)
            }
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Err(self.lost(&status, Fault::ProviderUnavailable))
            }
            status => Err(self.lost(&status, Fault::ProviderAnswer)),
        }
    }

    fn form(&self, shown: Shown<'_>) -> Bytes {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", shown.grant_type());
        match shown {
            Shown::Code { code, verifier } => {
                form.append_pair("code", code)
                    .append_pair("redirect_uri", &self.back)
                    .append_pair("code_verifier", verifier);
            }
            Shown::Refresh(token) => {
                form.append_pair("refresh_token", token);
            }
        }
        if self.authentication == ClientAuthentication::Post {
            form.append_pair("client_id", &self.client_id).append_pair("client_secret", &self.secret.0);
        }
        form.finish().into()
    }

    /// The header that shows the secret, where it is not in the body. Both halves are encoded first (RFC 6749 §2.3.1).
    fn basic(&self) -> Option<HeaderValue> {
        if self.authentication != ClientAuthentication::Basic {
            return None;
        }
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let credentials = Zeroizing::new(format!("{}:{}", encoded(&self.client_id), encoded(&self.secret.0)));
        let mut header = HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(&*credentials))).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    async fn tokens(&self, answer: Response<Body>) -> Result<ProviderTokens, Fault> {
        let body = read(answer, ANSWER).await.map_err(|lost| self.lost(&lost, Fault::ProviderAnswer))?;
        // There are providers that refuse with 200.
        if let Ok(Told { error }) = serde_json::from_slice(&body) {
            return Err(self.told(&error).unwrap_or(Fault::GrantRefused));
        }
        let tokens: ProviderTokens =
            serde_json::from_slice(&body).map_err(|_| self.lost(&"an answer without tokens", Fault::ProviderAnswer))?;
        let refresh_token = tokens.refresh_token.as_deref().unwrap_or_default();
        if tokens.access_token.is_empty() || refresh_token.len() > REFRESH_TOKEN {
            return Err(self.lost(&"tokens that are empty or too long", Fault::ProviderAnswer));
        }
        Ok(tokens)
    }

    async fn refused(&self, answer: Response<Body>) -> Fault {
        let body = match read(answer, ANSWER).await {
            Ok(body) => body,
            Err(lost) => return self.lost(&lost, Fault::ProviderAnswer),
        };
        let told = serde_json::from_slice(&body).map(|Told { error }| error).unwrap_or_default();
        let fault = self.told(&told);
        fault.unwrap_or_else(|| self.lost(&"a refusal that is none of OAuth's", Fault::ProviderAnswer))
    }

    /// What a refusal means. Of what the provider says, the words that OAuth has are understood, and logged; nothing else is.
    fn told(&self, error: &str) -> Option<Fault> {
        let error = match error {
            // The app's affair: nothing is wrong with the gateway.
            "invalid_grant" => return Some(Fault::GrantRefused),
            "invalid_client" => "invalid_client",
            "invalid_request" => "invalid_request",
            "invalid_scope" => "invalid_scope",
            "unauthorized_client" => "unauthorized_client",
            "unsupported_grant_type" => "unsupported_grant_type",
            _ => return None,
        };
        tracing::error!(provider = self.name, error, "OAuth: the provider does not take what the gateway sends");
        Some(Fault::ProviderMisconfigured)
    }

    fn lost(&self, reason: &dyn fmt::Display, fault: Fault) -> Fault {
        tracing::warn!(provider = self.name, %reason, "OAuth: the provider has not answered as it should");
        fault
    }
}

impl Shown<'_> {
    const fn grant_type(self) -> &'static str {
        match self {
            Self::Code { .. } => "authorization_code",
            Self::Refresh(_) => "refresh_token",
        }
    }
}
