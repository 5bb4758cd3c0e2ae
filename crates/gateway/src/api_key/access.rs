//! Which keys a route is for, and who came with one.

use strum::IntoStaticStr;

use super::{KeyTerms, is_scope};

/// Which keys may use a route: of these clients, for all of these scopes. Whatever is not named is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct KeyAccess {
    /// The names of the clients whose keys pass.
    pub clients: Vec<String>,
    /// What a key has to be for: all of it.
    pub scopes: Vec<String>,
    /// Whether signed requests alone pass.
    pub signed_only: bool,
}

impl KeyAccess {
    /// For keys of these clients. A route names a [`scope`](Self::scope) as well.
    pub fn new<N: Into<String>>(clients: impl IntoIterator<Item = N>) -> Self {
        Self { clients: clients.into_iter().map(Into::into).collect(), scopes: Vec::new(), signed_only: false }
    }

    /// For keys that have this scope, beside those that are named already.
    pub fn scope(mut self, scope: &str) -> Self {
        self.scopes.push(scope.to_owned());
        self
    }

    /// For signed requests alone: a request with a key or a request token is refused.
    pub fn signed(self) -> Self {
        Self { signed_only: true, ..self }
    }

    /// What is wrong with it where these clients are configured. A route that names no client or no scope is for nobody, which is
    /// hardly what was meant.
    #[must_use]
    pub fn mistakes(&self, terms: &KeyTerms) -> Vec<String> {
        let mut mistakes = Vec::new();
        if self.clients.is_empty() || self.scopes.is_empty() {
            mistakes.push("api_keys: routes name the clients that they are for, and a scope".to_owned());
        }
        let unknown = self.clients.iter().filter(|client| !terms.clients.contains(client));
        mistakes
            .extend(unknown.map(|client| format!("api_keys.clients: routes are for {client:?}, which is not there")));
        let wrong = self.scopes.iter().filter(|scope| !is_scope(scope));
        mistakes.extend(wrong.map(|scope| format!("api_keys: routes ask for {scope:?}, which is no scope")));
        mistakes
    }
}

/// Who came with an API key. A handler finds it among the extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyHolder {
    /// The public part of the key.
    pub key: String,
    /// The client's name.
    pub application: String,
    /// What the request may do.
    pub scopes: Vec<String>,
    /// How the client showed that it has the key.
    pub kind: KeyKind,
}

/// How a client shows that it has a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum KeyKind {
    /// It sends the key.
    Bearer,
    /// It sends a request token, for which it exchanged the key.
    Token,
    /// It signs the request with the key.
    Signature,
}

impl KeyKind {
    /// The name in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
