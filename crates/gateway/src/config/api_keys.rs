//! API keys of clients that cannot attest: where the keys are, which clients there are, and how often each may come.

use std::{collections::BTreeSet, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{Bodies, Config, ForwardAuth, Freshness, Mode, Percent, headers::is_free};
use crate::api_key::{KeyBook, KeyTerms, is_name, is_scope};

/// How many clients or tiers there may be: each is a label of metrics.
const NAMES: usize = 1000;
/// The most requests that a tier allows in a minute.
const PER_MINUTE: u32 = 1_000_000;

/// The API keys of clients that cannot attest.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKeys {
    /// The file that lists the keys. The gateway reads it again every ten seconds.
    pub file: PathBuf,
    /// The header that holds a key: `authorization`, after `ApiKey`, or another one that holds nothing else.
    #[serde(default = "default_header")]
    pub header: String,
    /// How long a request token lives, in seconds.
    #[serde(default = "default_lifetime")]
    pub token_lifetime_seconds: u32,
    /// The clients, each of which is a program without attestation.
    pub clients: Vec<ApiClient>,
    /// How often clients may come.
    pub tiers: Vec<Tier>,
}

/// A client that cannot attest, such as a website or a server of a partner.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ApiClient {
    /// What keys, rules and handlers call it. No application that attests has the same name.
    pub name: String,
}

/// How often a client may come.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// What keys call it.
    pub name: String,
    /// Requests in a minute.
    pub per_minute: u32,
    /// Requests at once; a sixth of `per_minute` unless it is set.
    pub burst: Option<u32>,
}

fn default_header() -> String {
    "authorization".to_owned()
}

const fn default_lifetime() -> u32 {
    300
}

impl Tier {
    /// Requests at once.
    #[must_use]
    pub fn burst(&self) -> u32 {
        self.burst.unwrap_or_else(|| (self.per_minute / 6).max(1))
    }
}

impl ApiKeys {
    /// What a key of the file may refer to.
    #[must_use]
    pub fn terms(&self) -> KeyTerms {
        KeyTerms {
            clients: self.clients.iter().map(|client| client.name.clone()).collect(),
            tiers: self.tiers.iter().map(|tier| tier.name.clone()).collect(),
        }
    }
}

impl Config {
    /// Whom request tokens are for (`aud`): this service, and no API that takes session tokens.
    #[must_use]
    pub fn request_audience(&self) -> String {
        format!("https://{}/api-keys", self.authority)
    }

    pub(super) fn check_api_keys(&self, mistakes: &mut Vec<String>) {
        let Some(keys) = &self.api_keys else { return };
        let mut expect = |right: bool, mistake: &str| {
            if !right {
                mistakes.push(mistake.to_owned());
            }
        };
        let clients: Vec<_> = keys.clients.iter().map(|client| &*client.name).collect();
        let tiers: Vec<_> = keys.tiers.iter().map(|tier| &*tier.name).collect();
        for (setting, names) in [("clients", &clients), ("tiers", &tiers)] {
            expect(
                (1..=NAMES).contains(&names.len()),
                &format!("api_keys.{setting}: from 1 to 1000 of them, each with a name"),
            );
            expect(
                names.iter().all(|name| is_name(name)),
                &format!("api_keys.{setting}: a name is 1 to 64 lower-case letters, digits and hyphens"),
            );
            let different: BTreeSet<_> = names.iter().collect();
            expect(different.len() == names.len(), &format!("api_keys.{setting}: two have one name"));
        }
        for name in &clients {
            let is_free = self.applications.iter().all(|application| application.name != *name);
            expect(
                is_free,
                &format!("api_keys.clients: {name:?} is an application that attests; a client has another name"),
            );
        }
        for Tier { name, per_minute, burst } in &keys.tiers {
            expect(
                (1..=PER_MINUTE).contains(per_minute) && burst.is_none_or(|burst| (1..=*per_minute).contains(&burst)),
                &format!("api_keys.tiers {name:?}: per_minute is from 1 to 1000000, and burst from 1 to per_minute"),
            );
        }
        expect((1..=300).contains(&keys.token_lifetime_seconds), "api_keys.token_lifetime_seconds: from 1 to 300");
        expect(is_free(&keys.header, &[]), "api_keys.header: this is no name of a header that could hold a key");
        let others = [
            Some(&*self.session_header),
            self.tokens.as_ref().map(|tokens| &*tokens.header),
            self.accounts.as_ref().map(super::Accounts::header),
        ];
        // Schemes keep apart what is in Authorization.
        let is_taken = others.into_iter().flatten().any(|other| other.eq_ignore_ascii_case(&keys.header));
        expect(
            keys.header.eq_ignore_ascii_case("authorization") || !is_taken,
            "api_keys.header: session_header, tokens.header or accounts.header is the same one",
        );
        let audience = self.token_settings().map(|settings| settings.audience);
        expect(
            audience != Some(self.request_audience()),
            "tokens.audience: request tokens have this one, and session tokens have another",
        );
        if let Err(wrong) = KeyBook::read(&keys.file, &keys.terms()) {
            mistakes.extend(wrong.into_iter().map(|mistake| format!("api_keys.file: {mistake}")));
        }
    }

    /// What holds of a rule that takes API keys in the place of assertions.
    pub(super) fn check_key_rule(&self, rule: &ForwardAuth, expect: &mut impl FnMut(bool, &str)) {
        let keys = self.api_keys.as_ref();
        expect(keys.is_some(), "evidence: api_key takes [api_keys], which says where the keys are");
        expect(
            rule.mode == Mode::Required && rule.rollout_percent == Percent::ALL && rule.freshness == Freshness::Counter,
            "mode, rollout_percent, freshness: are for assertions; a key is asked of everybody",
        );
        expect(!rule.account, "account: is for devices; a key is of a client");
        expect(
            !rule.scopes.is_empty() && rule.scopes.iter().all(|scope| is_scope(scope)),
            "scopes: names what a key has to be for, such as \"orders:read\"; there is no default",
        );
        let callers = rule.callers.as_deref().unwrap_or_default();
        expect(!callers.is_empty(), "callers: names the clients whose keys pass; there is no default");
        for caller in callers {
            let known = keys.is_some_and(|keys| keys.clients.iter().any(|client| client.name == *caller));
            expect(known, &format!("callers: there is no client {caller:?} in api_keys.clients"));
        }
    }
}

impl Bodies {
    /// Whether the upstream compares bodies, so that each request has to be signed.
    #[must_use]
    pub fn are_compared(self) -> bool {
        self == Self::Upstream
    }
}
