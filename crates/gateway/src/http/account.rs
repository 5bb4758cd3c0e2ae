//! Whose account a request is in, from its headers.

use axum::http::{HeaderMap, HeaderName, header::AUTHORIZATION};

use super::header::{credentials, single};
use crate::{
    account::{AccountId, PROXY, UserTokens},
    config::Accounts,
    refusal::Refusal,
};

/// Where requests say whose account they are in.
pub struct AccountSource {
    header: HeaderName,
    said_by: SaidBy,
}

enum SaidBy {
    Token(UserTokens),
    Proxy,
}

impl AccountSource {
    /// As it is configured, with the keys of users' tokens read.
    ///
    /// # Errors
    ///
    /// What is wrong with the header or the keys.
    pub fn new(accounts: &Accounts) -> Result<Self, String> {
        let header = accounts.header();
        let header = HeaderName::try_from(header).map_err(|error| format!("accounts.header: {header:?}: {error}"))?;
        let said_by = match accounts {
            Accounts::Token { issuer, audience, keys, claim, .. } => {
                let tokens = UserTokens::new(issuer, audience, claim, keys.clone());
                SaidBy::Token(tokens.map_err(|mistake| format!("accounts.keys: {mistake}"))?)
            }
            Accounts::Proxy { .. } => SaidBy::Proxy,
        };
        Ok(Self { header, said_by })
    }

    /// Whose account a request is in, at this time in seconds since 1970. `None` if it does not say: whether it has to is not
    /// decided here.
    ///
    /// # Errors
    ///
    /// [`Refusal::RequestMalformed`] if the header is there twice or cannot be read, [`Refusal::AccountRefused`] if the user's
    /// token is not to be believed, [`Refusal::ProxyUnknown`] if somebody else than a proxy has set the proxy's header.
    pub fn account(
        &self,
        headers: &HeaderMap,
        peer_is_trusted_proxy: bool,
        now: u64,
    ) -> Result<Option<AccountId>, Refusal> {
        let Some(value) = single(headers, &self.header)? else { return Ok(None) };
        match &self.said_by {
            SaidBy::Token(tokens) => {
                // Another scheme is somebody else's: `Attest` is the device's.
                let token = if self.header == AUTHORIZATION { credentials(value, "bearer") } else { Some(value) };
                token.map(|token| tokens.verify(token, now)).transpose().map_err(Refusal::AccountRefused)
            }
            SaidBy::Proxy if !peer_is_trusted_proxy => Err(Refusal::ProxyUnknown),
            SaidBy::Proxy => AccountId::of(PROXY, value).map(Some).ok_or(Refusal::RequestMalformed),
        }
    }

    /// Reads the keys of users' tokens again. If that fails, the log says so and the old ones stay.
    pub fn renew(&self) {
        if let SaidBy::Token(tokens) = &self.said_by {
            tokens.renew();
        }
    }
}
