//! A login: from the app to the provider, and back with a code.

use serde::{Deserialize, Serialize};

use super::{
    AUTHORIZE, Fault, LoginError, Mediator, located, pkce,
    provider::Provider,
    seal::{Opened, Purpose},
};
use crate::{config::MediatorClient, refusal::Refusal};

/// The longest state of an app.
const STATE: usize = 512;
/// The longest code of a provider.
const CODE: usize = 2048;

/// How an app has its user log in (RFC 6749 §4.1.1, RFC 7636 §4.3).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthorizationRequest {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    response_type: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    state: Option<String>,
    scope: Option<String>,
    provider: Option<String>,
}

/// What a provider has the browser bring (RFC 6749 §4.1.2, RFC 9207). Providers say more, which means nothing here.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct ProviderResponse {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// Why a browser is not sent on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Declined {
    /// It stays: nobody is known to whom it could be sent.
    Here(Refusal),
    /// The app is told.
    Back {
        /// Where that is.
        location: String,
        /// Why.
        fault: Fault,
    },
}

/// What the gateway has to know when the browser comes back.
#[derive(Serialize, Deserialize)]
struct Login {
    provider: String,
    client: String,
    redirect: String,
    challenge: String,
    state: Option<String>,
    /// The gateway's own, to the provider.
    verifier: String,
}

/// What the gateway has to know when an app shows a code.
#[derive(Serialize, Deserialize)]
pub(super) struct IssuedCode {
    pub(super) provider: String,
    pub(super) client: String,
    pub(super) redirect: String,
    pub(super) challenge: String,
    /// The provider's.
    pub(super) code: String,
    /// The gateway's own, to the provider.
    pub(super) verifier: String,
}

impl Mediator {
    /// Where the browser of a user goes on to: the provider.
    ///
    /// # Errors
    ///
    /// Why it does not. Only an app that is known, with an address that is its own, is told by a redirection.
    pub fn authorize(&self, request: &AuthorizationRequest) -> Result<String, Declined> {
        let client = self.client(request.client_id.as_deref()).map_err(Declined::Here)?;
        let redirect = request.redirect_uri.as_deref().ok_or(Refusal::Oauth(Fault::RedirectUnknown));
        let redirect = redirect.and_then(|redirect| own_redirect(client, redirect)).map_err(Declined::Here)?;
        let state = request.state.as_deref().filter(|state| is_visible(state, STATE));
        let back = |fault| self.back(redirect, state, fault);
        if state != request.state.as_deref() {
            return Err(back(Fault::ParameterWrong));
        }
        match request.response_type.as_deref() {
            Some("code") => {}
            Some(_) => return Err(back(Fault::ResponseTypeUnknown)),
            None => return Err(back(Fault::ParameterWrong)),
        }
        if request.code_challenge_method.as_deref() != Some(pkce::METHOD) {
            return Err(back(Fault::ChallengeMethod));
        }
        let challenge = request.code_challenge.as_deref().filter(|challenge| pkce::is_challenge(challenge));
        let challenge = challenge.ok_or_else(|| back(Fault::ChallengeMethod))?;
        let name = request.provider.as_deref().ok_or_else(|| back(Fault::ParameterWrong))?;
        let provider = self.provider(name, client).ok_or_else(|| back(Fault::ProviderRefused))?;
        let scope = request.scope.as_deref().filter(|scope| provider.allows(scope));
        let scope = scope.ok_or_else(|| back(Fault::ScopeRefused))?;
        let verifier = pkce::verifier().map_err(Declined::Here)?;
        let own_challenge = pkce::challenge(&verifier);
        let login = Login {
            provider: name.to_owned(),
            client: client.client_id.clone(),
            redirect: redirect.to_owned(),
            challenge: challenge.to_owned(),
            state: state.map(str::to_owned),
            verifier,
        };
        let until = self.now().saturating_add(self.login_lifetime);
        let own_state = self.sealer.seal(Purpose::Login, &login, until).map_err(Declined::Here)?;
        Ok(provider.login(scope, &own_state, &own_challenge))
    }

    /// Where the browser of a user goes on to when it comes back from this provider: the app, with a code.
    ///
    /// # Errors
    ///
    /// Why there is no code. Only a login that began here is told to the app.
    pub fn respond(&self, provider: &str, response: &ProviderResponse) -> Result<String, Declined> {
        let unknown = || Declined::Here(Refusal::Oauth(Fault::LoginUnknown));
        let sealed = response.state.as_deref().unwrap_or_default();
        let opened: Option<Opened<Login>> = self.sealer.open(Purpose::Login, sealed, self.now());
        let login = opened.map(|opened| opened.content).filter(|login| login.provider == provider);
        let login = login.ok_or_else(unknown)?;
        // What was configured when the login began may be no more.
        let client = self.client(Some(&login.client)).map_err(|_| unknown())?;
        let redirect = own_redirect(client, &login.redirect).map_err(|_| unknown())?;
        let provider = self.provider(provider, client).ok_or_else(unknown)?;
        let back = |fault| self.back(redirect, login.state.as_deref(), fault);
        if !provider.is_issuer(response.iss.as_deref()) {
            return Err(back(Fault::IssuerChanged));
        }
        if let Some(error) = &response.error {
            return Err(back(Fault::LoginRefused(LoginError::of(error))));
        }
        let code = response.code.as_deref().filter(|code| is_visible(code, CODE));
        let code = code.ok_or_else(|| back(Fault::LoginRefused(LoginError::ServerError)))?;
        let code = IssuedCode {
            code: code.to_owned(),
            provider: login.provider.clone(),
            client: login.client.clone(),
            redirect: login.redirect.clone(),
            challenge: login.challenge.clone(),
            verifier: login.verifier.clone(),
        };
        let until = self.now().saturating_add(self.code_lifetime);
        let code = self.sealer.seal(Purpose::Code, &code, until).map_err(Declined::Here)?;
        Ok(self.located(redirect, [("code", &*code)], login.state.as_deref()))
    }

    fn back(&self, redirect: &str, state: Option<&str>, fault: Fault) -> Declined {
        // Everything that is told to an app has a word.
        let error = fault.error().unwrap_or("server_error");
        Declined::Back { location: self.located(redirect, [("error", error)], state), fault }
    }

    /// The address of the app, with what it is told, its own state, and who tells it (RFC 9207).
    fn located(&self, redirect: &str, told: [(&str, &str); 1], state: Option<&str>) -> String {
        let state = state.map(|state| ("state", state));
        located(redirect, told.into_iter().chain(state).chain([("iss", &*self.issuer)]))
    }

    /// Where apps find what they need to know (RFC 8414 §2).
    #[must_use]
    pub fn metadata(&self) -> serde_json::Value {
        serde_json::json!({
            "issuer": self.issuer,
            "authorization_endpoint": format!("{}{AUTHORIZE}", self.issuer),
            "token_endpoint": format!("{}{}", self.issuer, super::TOKEN),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": [pkce::METHOD],
            "token_endpoint_auth_methods_supported": ["none"],
            "authorization_response_iss_parameter_supported": true,
        })
    }
}

/// An address that the client has registered, to the letter (RFC 9700 §2.1).
fn own_redirect<'r>(client: &MediatorClient, redirect: &'r str) -> Result<&'r str, Refusal> {
    let is_own = client.redirect_uris.iter().any(|own| own == redirect);
    if is_own { Ok(redirect) } else { Err(Refusal::Oauth(Fault::RedirectUnknown)) }
}

/// Whether this is one to so many visible characters (RFC 6749, appendix A).
fn is_visible(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|octet| matches!(octet, b' '..=b'~'))
}

impl Provider {
    /// Whether whoever answered is this provider, as far as the answer says who it is.
    fn is_issuer(&self, said: Option<&str>) -> bool {
        said.map_or(!self.issuer_in_response, |said| said == self.issuer)
    }
}
