//! What reverse proxies may ask, and who compares the bodies.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Config, Mode,
    mode::{Percent, required},
};

/// The longest name of a rule.
const NAME: usize = 64;

/// A rule under which a proxy asks whether a request may pass: at `/authorize/` and its name.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ForwardAuth {
    /// What the proxy calls it: lower-case letters, digits and hyphens.
    pub name: String,
    /// The applications whose apps may. Those of the server unless they are named; under a rule that takes API keys, the clients of
    /// those, which have to be named.
    pub callers: Option<Vec<String>>,
    /// What a request has to come with.
    #[serde(default)]
    pub evidence: RequestEvidence,
    /// What an API key has to be for, under a rule that takes those.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What makes a request with an assertion count once.
    #[serde(default)]
    pub freshness: Freshness,
    /// How much an assertion counts: under `OPTIONAL` nobody is refused, and each request is counted by what it showed.
    #[serde(default = "required")]
    pub mode: Mode,
    /// How many devices `REQUIRED` has reached; for the others the rule is `OPTIONAL`.
    #[serde(default)]
    pub rollout_percent: Percent,
    /// Whether a request has to be in the session of an account as well, which takes `[accounts]`.
    #[serde(default)]
    pub account: bool,
    /// What becomes of the bodies, which the gateway never sees. There is no default: somebody has to know.
    pub body: Bodies,
}

/// What a request has to come with.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestEvidence {
    /// An assertion of this very request.
    #[default]
    Assertion,
    /// A session token, which says who comes and nothing of the request.
    Token,
    /// An API key of a client that cannot attest, a request token, or a request that is signed with a key.
    #[serde(rename = "api_key")]
    ApiKey,
}

/// What makes a request count once.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Freshness {
    /// The counter of the key alone: the request was not accepted before, and may be old.
    #[default]
    Counter,
    /// A challenge as well: the request is not older than the challenge.
    Challenge,
}

/// What becomes of the bodies of requests that a proxy asks about.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bodies {
    /// The proxy hands none on, whatever the client sends. What is signed is the hash of nothing.
    None,
    /// The upstream compares each body with the hash that was signed, which the client has to send.
    Upstream,
    /// The proxy hands it on, and nobody vouches for it: with session tokens, which sign no body.
    Unsigned,
}

impl Config {
    pub(super) fn check_forward_auth(&self, mistakes: &mut Vec<String>) {
        if !self.forward_auth.is_empty() && self.trusted_proxies.is_empty() {
            mistakes.push("forward_auth: trusted_proxies lists no proxy that could ask".to_owned());
        }
        let mut names = BTreeSet::new();
        for rule in &self.forward_auth {
            let ForwardAuth { name, callers, account, evidence, freshness, body, .. } = rule;
            let mut expect = |right: bool, mistake: &str| {
                if !right {
                    mistakes.push(format!("forward_auth {name:?}: {mistake}"));
                }
            };
            let is_word = |octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-');
            expect(
                (1..=NAME).contains(&name.len()) && name.bytes().all(is_word),
                "name: 1 to 64 lower-case letters, digits and hyphens, since it stands in a path",
            );
            expect(names.insert(name), "name: another one has it");
            let token = *evidence == RequestEvidence::Token;
            expect(!token || self.tokens.is_some(), "evidence: token takes [tokens], which says that there are any");
            expect(
                !token || *body != Bodies::Upstream,
                "body: a token signs no body that an upstream could compare; none or unsigned",
            );
            let by_key = *evidence == RequestEvidence::ApiKey;
            if by_key {
                self.check_key_rule(rule, &mut expect);
                continue;
            }
            expect(rule.scopes.is_empty(), "scopes: are those of API keys; evidence = \"api_key\" takes them");
            expect(
                token || *body != Bodies::Unsigned,
                "body: unsigned is for evidence = \"token\" or \"api_key\"; none or upstream",
            );
            expect(
                !token || *freshness == Freshness::Counter,
                "freshness: is for assertions; a token is as fresh as its lifetime says",
            );
            expect(!account || self.accounts.is_some(), "account: takes [accounts], which says who names accounts");
            expect(
                callers.as_ref().is_none_or(|callers| !callers.is_empty()),
                "callers: an empty list lets nobody in; leave it out for the callers of the server",
            );
            for caller in callers.iter().flatten() {
                let known = self.applications.iter().any(|application| application.name == *caller);
                expect(known, &format!("callers: there is no application {caller:?}"));
            }
        }
    }
}
