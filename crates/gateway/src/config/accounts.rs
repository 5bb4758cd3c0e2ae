//! Whose account a request is in: who says so, and where.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{
    Config,
    headers::{USER, is_free},
    tokens::AUDIENCE,
};
use crate::account::{KeySet, PROXY};

/// Who says whose account a request is in.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Accounts {
    /// The user's access token, a JWT that the service's identity provider signed.
    Token {
        /// The header that holds it: `authorization`, after `Bearer`, or another one that holds nothing else.
        #[serde(default = "default_header")]
        header: String,
        /// Who issues them (`iss`).
        issuer: String,
        /// Whom they are for (`aud`).
        audience: String,
        /// The file with the public keys of the issuer, a JWK set (RFC 7517 §5).
        keys: PathBuf,
        /// The claim that names the account.
        #[serde(default = "default_claim")]
        claim: String,
    },
    /// A proxy that has authenticated the user, one of `trusted_proxies`.
    Proxy {
        /// The header in which it names the account.
        header: String,
    },
}

fn default_header() -> String {
    "authorization".to_owned()
}

fn default_claim() -> String {
    "sub".to_owned()
}

impl Accounts {
    /// The header that says whose account a request is in.
    #[must_use]
    pub fn header(&self) -> &str {
        match self {
            Self::Token { header, .. } | Self::Proxy { header } => header,
        }
    }

    /// Who vouches for accounts: the issuer of [`AccountId::of`](crate::account::AccountId::of).
    #[must_use]
    pub fn issuer(&self) -> &str {
        match self {
            Self::Token { issuer, .. } => issuer,
            Self::Proxy { .. } => PROXY,
        }
    }
}

impl Config {
    pub(super) fn check_accounts(&self, mistakes: &mut Vec<String>) {
        let Some(accounts) = &self.accounts else { return };
        let mut expect = |right: bool, mistake: &str| {
            if !right {
                mistakes.push(mistake.to_owned());
            }
        };
        expect(
            is_free(accounts.header(), &USER),
            "accounts.header: this is no name of a header that could say whose account it is",
        );
        expect(
            self.tokens.as_ref().is_none_or(|tokens| !tokens.header.eq_ignore_ascii_case(accounts.header())),
            "tokens.header: accounts.header is the same one, and a request has both",
        );
        match accounts {
            Accounts::Token { issuer, audience, keys, claim, .. } => {
                let is_short =
                    |text: &str| (1..=AUDIENCE).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
                for (setting, text) in [("issuer", issuer), ("audience", audience), ("claim", claim)] {
                    expect(
                        is_short(text),
                        &format!("accounts.{setting}: from 1 to 512 printable characters without a space"),
                    );
                }
                if let Err(mistake) = KeySet::read(keys) {
                    expect(false, &format!("accounts.keys: {mistake}"));
                }
            }
            Accounts::Proxy { header } => {
                expect(
                    !header.eq_ignore_ascii_case("authorization"),
                    "accounts.header: authorization is the client's own word; a proxy says it in another one",
                );
                expect(
                    !self.trusted_proxies.is_empty(),
                    "accounts: trusted_proxies lists no proxy whose word on accounts could be believed",
                );
            }
        }
    }
}
