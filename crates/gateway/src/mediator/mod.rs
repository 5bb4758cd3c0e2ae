//! The OAuth mediator: an authorization server to apps, and a client with a secret to the providers that users log in at.
//!
//! An app cannot keep a secret, so that the gateway keeps it. A login goes through the gateway to the provider and back, and what it
//! comes to, a code and later refresh tokens, is sealed on its way to the app: nothing of it is stored, and a genuine device of the
//! app alone has it exchanged.

mod grant;
mod login;
mod pkce;
mod provider;
mod seal;
mod turns;

use std::{fmt, sync::Arc, time::Duration};

use rustls::RootCertStore;
use url::form_urlencoded;

pub use self::{
    grant::{GrantRequest, Granted},
    login::{AuthorizationRequest, Declined, ProviderResponse},
};
use self::{provider::Provider, seal::Sealer, turns::Turns};
pub use crate::refusal::oauth::{Fault, LoginError};
use crate::{
    config::{self, MediatorClient, TokenSecret},
    gate::Gate,
    play::{exchange::Exchange, system_roots},
    refusal::Refusal,
};

/// Where the browser of a user begins.
const AUTHORIZE: &str = "/oauth/authorize";
/// Where it comes back from a provider: this and the provider's name.
const CALLBACK: &str = "/oauth/callback";
/// Where apps get tokens.
pub const TOKEN: &str = "/oauth/token";

/// The mediator.
pub struct Mediator {
    gate: Arc<Gate>,
    sealer: Sealer,
    providers: Vec<Provider>,
    clients: Vec<MediatorClient>,
    turns: Turns,
    /// Who the gateway is to apps.
    issuer: String,
    login_lifetime: u64,
    code_lifetime: u64,
    refresh_lifetime: u64,
}

impl fmt::Debug for Mediator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mediator").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Mediator {
    /// A mediator that these settings describe. It reads the providers' secrets from files, and the system's certificates of
    /// authorities if one of the providers is reached over TLS. No provider is asked anything before the first code is shown.
    ///
    /// # Errors
    ///
    /// What is wrong with a file, and the setting that names it; or that the machine has no certificates.
    pub fn new(settings: &config::Mediator, gate: Arc<Gate>) -> Result<Self, String> {
        let issuer = format!("https://{}", gate.authority);
        let metrics = Arc::clone(&gate.metrics);
        let is_tls = |provider: &config::MediatorProvider| provider.token_endpoint.starts_with("https:");
        let roots = if settings.providers.iter().any(is_tls) {
            system_roots().map_err(|mistake| format!("mediator: {mistake}"))?
        } else {
            RootCertStore::empty()
        };
        let longest = settings.providers.iter().map(|provider| provider.timeout_ms).max().unwrap_or_default();
        let longest = Duration::from_millis(longest.into());
        let exchange = Exchange::new(roots, longest).map_err(|error| format!("mediator: {error}"))?;
        let exchange = Arc::new(exchange);
        let providers = settings.providers.iter().map(|provider| {
            let back = format!("{issuer}{CALLBACK}/{}", provider.name);
            Provider::new(provider, back, Arc::clone(&exchange), Arc::clone(&metrics))
                .map_err(|mistake| format!("mediator.providers {:?}: {mistake}", provider.name))
        });
        Ok(Self {
            providers: providers.collect::<Result<_, _>>()?,
            sealer: Sealer::new(settings.secrets.iter().filter_map(|secret| TokenSecret::decode(&secret.0)).collect()),
            clients: settings.clients.clone(),
            // Whoever waits for another's use of a refresh token waits as long as that may take.
            turns: Turns::new(longest),
            login_lifetime: settings.login_lifetime_seconds.into(),
            code_lifetime: settings.code_lifetime_seconds.into(),
            refresh_lifetime: settings.refresh_lifetime_seconds.into(),
            issuer,
            gate,
        })
    }

    /// The applications whose devices get tokens.
    #[must_use]
    pub fn applications(&self) -> Vec<String> {
        let mut names: Vec<_> = self.clients.iter().map(|client| client.application.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Who the gateway is to apps: the `iss` of its answers.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    fn client(&self, client_id: Option<&str>) -> Result<&MediatorClient, Refusal> {
        let found = self.clients.iter().find(|client| Some(&*client.client_id) == client_id);
        found.ok_or(Refusal::Oauth(Fault::OauthClientUnknown))
    }

    /// A provider of this name that the client's users may log in at.
    fn provider(&self, name: &str, client: &MediatorClient) -> Option<&Provider> {
        let is_allowed = client.providers.iter().any(|allowed| allowed == name);
        self.providers.iter().find(|provider| is_allowed && provider.name == name)
    }

    fn now(&self) -> u64 {
        (self.gate.clock)()
    }
}

/// An address with these parameters behind those that it has. It stays as it is otherwise: whoever compares it does so to the letter.
fn located<'p>(address: &str, parameters: impl IntoIterator<Item = (&'p str, &'p str)>) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let separator = match address.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{address}{separator}{query}")
}
