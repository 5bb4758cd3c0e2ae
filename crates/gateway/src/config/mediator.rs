//! The OAuth mediator: whose secrets it keeps, and for which apps.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::{Config, Secret, TokenSecret};
use crate::play::ServerUrl;

/// How many secrets there may be: as many as of HS256.
const SECRETS: usize = 4;
/// The longest name of a provider: it stands in a path.
const NAME: usize = 64;
/// The longest identifier of a client, and the longest scope.
pub(crate) const IDENTIFIER: usize = 255;
/// The longest address.
pub(crate) const ADDRESS: usize = 512;
/// The longest secret of a client.
const CLIENT_SECRET: usize = 512;
/// The longest time that a refresh token may be good for, in seconds: a year.
const LONGEST: u32 = 366 * 86_400;

/// What the gateway says to a provider itself, so that no setting may say it too.
const OWN_PARAMETERS: [&str; 10] = [
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "redirect_uri",
    "request",
    "request_uri",
    "response_type",
    "scope",
    "state",
];

/// The OAuth mediator: an authorization server to apps, and a client with a secret to providers.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mediator {
    /// Base64 of 32 to 64 octets each. The first one seals what the gateway gives out, and all open it.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// For how long a user may be at the provider, in seconds.
    #[serde(default = "ten_minutes")]
    pub login_lifetime_seconds: u32,
    /// For how long a code is good, in seconds.
    #[serde(default = "a_minute")]
    pub code_lifetime_seconds: u32,
    /// For how long a refresh token is good, in seconds; each use gives a new one.
    #[serde(default = "thirty_days")]
    pub refresh_lifetime_seconds: u32,
    /// Whether a session token counts in the place of an assertion, which takes `[tokens]`.
    #[serde(default)]
    pub session_tokens: bool,
    /// The authorization servers that users log in at.
    #[serde(default)]
    pub providers: Vec<MediatorProvider>,
    /// The apps, as clients of the gateway.
    #[serde(default)]
    pub clients: Vec<MediatorClient>,
}

/// An authorization server, and who the gateway is there.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MediatorProvider {
    /// What apps call it: lower-case letters, digits and hyphens.
    pub name: String,
    /// Its issuer identifier, which an `iss` in its answers has to be.
    pub issuer: String,
    /// Whether each of its answers has to have an `iss` (RFC 9207).
    #[serde(default)]
    pub issuer_in_response: bool,
    /// Where users log in.
    pub authorization_endpoint: String,
    /// Where the gateway gets tokens.
    pub token_endpoint: String,
    /// Who the gateway is there.
    pub client_id: String,
    /// What it shows there.
    pub client_secret: Option<Secret>,
    /// The file that holds that instead.
    pub client_secret_file: Option<PathBuf>,
    /// How it shows it.
    #[serde(default)]
    pub client_authentication: ClientAuthentication,
    /// What apps may ask for.
    pub scopes: Vec<String>,
    /// What is said to it beside that with each login, such as `prompt = "consent"`.
    #[serde(default)]
    pub authorization_parameters: BTreeMap<String, String>,
    /// How long it may take to answer, in milliseconds.
    #[serde(default = "five_seconds")]
    pub timeout_ms: u32,
}

/// How the gateway shows its secret to a provider (RFC 6749 §2.3.1).
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuthentication {
    /// In the header `Authorization`.
    #[default]
    Basic,
    /// In the body.
    Post,
}

/// An app, as a client of the gateway. It has no secret.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MediatorClient {
    /// Its `client_id`.
    pub client_id: String,
    /// The application whose devices get its tokens.
    pub application: String,
    /// Where its users may come back to, each to the letter.
    pub redirect_uris: Vec<String>,
    /// The providers that its users may log in at.
    pub providers: Vec<String>,
}

const fn ten_minutes() -> u32 {
    600
}

const fn a_minute() -> u32 {
    60
}

const fn thirty_days() -> u32 {
    30 * 86_400
}

const fn five_seconds() -> u32 {
    5_000
}

impl MediatorProvider {
    /// The secret, from the setting or from the file.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn secret(&self) -> Result<Secret, String> {
        let secret = match (&self.client_secret, &self.client_secret_file) {
            (Some(secret), None) => secret.clone(),
            (None, Some(file)) => {
                let text = fs::read_to_string(file)
                    .map_err(|error| format!("client_secret_file: {}: {error}", file.display()))?;
                Secret(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            _ => return Err("client_secret: this or client_secret_file, and not both".to_owned()),
        };
        let is_one = (1..=CLIENT_SECRET).contains(&secret.0.len()) && secret.0.bytes().all(|b| b.is_ascii_graphic());
        if is_one {
            Ok(secret)
        } else {
            Err("client_secret: from 1 to 512 printable characters without a space".into())
        }
    }

    fn check(&self, expect: &mut impl FnMut(bool, &str)) {
        expect(
            ServerUrl::parse(&self.issuer).is_some() && self.issuer.len() <= ADDRESS,
            "issuer: https://HOST, or http://HOST:PORT on this machine, to the letter as the provider has it",
        );
        for (setting, address) in
            [("authorization_endpoint", &self.authorization_endpoint), ("token_endpoint", &self.token_endpoint)]
        {
            expect(
                ServerUrl::parse(address).is_some() && address.len() <= ADDRESS,
                &format!("{setting}: https://HOST/PATH without a query, or http://HOST:PORT/PATH on this machine"),
            );
        }
        expect(is_identifier(&self.client_id), "client_id: from 1 to 255 printable characters without a space");
        if let Err(mistake) = self.secret() {
            expect(false, &mistake);
        }
        expect(!self.scopes.is_empty(), "scopes: name what apps may ask for, one at least");
        expect(
            self.scopes.iter().all(|scope| is_scope(scope)),
            "scopes: each is one word of printable characters, without a quotation mark or backslash",
        );
        expect(
            !self.authorization_parameters.keys().any(|name| OWN_PARAMETERS.contains(&name.as_str())),
            "authorization_parameters: the gateway itself says who it is, what is asked for and where the answer goes",
        );
        expect((1..=60_000).contains(&self.timeout_ms), "timeout_ms: from 1 to 60000");
    }
}

impl Config {
    pub(super) fn check_mediator(&self, mistakes: &mut Vec<String>) {
        let Some(mediator) = &self.mediator else { return };
        let mut expect = |right: bool, mistake: &str| {
            if !right {
                mistakes.push(format!("mediator{mistake}"));
            }
        };
        mediator.check_secrets(&mut expect);
        for (setting, seconds, most) in [
            ("login_lifetime_seconds", mediator.login_lifetime_seconds, 3600),
            ("code_lifetime_seconds", mediator.code_lifetime_seconds, 600),
            ("refresh_lifetime_seconds", mediator.refresh_lifetime_seconds, LONGEST),
        ] {
            expect((1..=most).contains(&seconds), &format!(".{setting}: from 1 to {most}"));
        }
        expect(
            !mediator.session_tokens || self.tokens.is_some(),
            ".session_tokens: takes [tokens], which says that there are any",
        );
        expect(!mediator.providers.is_empty(), ".providers: there is none that users could log in at");
        expect(!mediator.clients.is_empty(), ".clients: there is none that could ask");
        let (mut names, mut issuers) = (BTreeSet::new(), BTreeSet::new());
        for provider in &mediator.providers {
            let name = &provider.name;
            let mut expect = |right: bool, mistake: &str| expect(right, &format!(".providers {name:?}: {mistake}"));
            let is_word = |octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-');
            expect(
                (1..=NAME).contains(&name.len()) && name.bytes().all(is_word),
                "name: 1 to 64 lower-case letters, digits and hyphens, since it stands in a path",
            );
            expect(names.insert(name.as_str()), "name: another one has it");
            expect(
                issuers.insert((&provider.issuer, &provider.client_id)),
                "issuer: another one has it and its client_id",
            );
            provider.check(&mut expect);
        }
        let mut clients = BTreeSet::new();
        for client in &mediator.clients {
            let id = &client.client_id;
            let mut expect = |right: bool, mistake: &str| expect(right, &format!(".clients {id:?}: {mistake}"));
            expect(is_identifier(id), "client_id: from 1 to 255 printable characters without a space");
            expect(clients.insert(id), "client_id: another one has it");
            let known = self.applications.iter().any(|application| application.name == client.application);
            expect(known, &format!("application: there is no application {:?}", client.application));
            expect(!client.redirect_uris.is_empty(), "redirect_uris: name where its users come back to");
            for address in &client.redirect_uris {
                if let Err(mistake) = check_redirect(address) {
                    expect(false, &format!("redirect_uris {address:?}: {mistake}"));
                }
            }
            expect(!client.providers.is_empty(), "providers: name those that its users may log in at");
            for provider in &client.providers {
                expect(names.contains(provider.as_str()), &format!("providers: there is no provider {provider:?}"));
            }
        }
    }
}

impl Mediator {
    fn check_secrets(&self, expect: &mut impl FnMut(bool, &str)) {
        expect((1..=SECRETS).contains(&self.secrets.len()), ".secrets: from 1 to 4, of which the first one seals");
        let secrets: Vec<_> = self.secrets.iter().map(|secret| TokenSecret::decode(&secret.0)).collect();
        expect(
            secrets.iter().all(Option::is_some),
            ".secrets: each is 32 to 64 octets in base64, such as openssl rand -base64 32 gives",
        );
        let is_twice = |secret: &TokenSecret| secrets.iter().flatten().filter(|other| *other == secret).count() > 1;
        expect(!secrets.iter().flatten().any(is_twice), ".secrets: the same is there twice");
    }
}

fn is_identifier(text: &str) -> bool {
    (1..=IDENTIFIER).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_graphic())
}

/// RFC 6749 §3.3.
fn is_scope(text: &str) -> bool {
    is_identifier(text) && !text.contains(['"', '\\'])
}

/// Whether users may be sent there with a code: an address that the app alone can claim, or one on the user's own machine
/// (RFC 8252 §7).
fn check_redirect(address: &str) -> Result<(), &'static str> {
    if !(1..=ADDRESS).contains(&address.len()) || !address.bytes().all(|octet| octet.is_ascii_graphic()) {
        return Err("from 1 to 512 printable characters without a space");
    }
    if address.contains('*') {
        return Err("is compared to the letter, so that a * would be none");
    }
    if address.contains('#') {
        return Err("an address that codes are sent to has no fragment");
    }
    let parsed = Url::parse(address).map_err(|_| "this is no address")?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("an address that codes are sent to names no user");
    }
    match parsed.scheme() {
        "https" => Ok(()),
        "http" => {
            let is_local = match parsed.host() {
                Some(Host::Ipv4(address)) => address.is_loopback(),
                Some(Host::Ipv6(address)) => address.is_loopback(),
                _ => false,
            };
            if is_local { Ok(()) } else { Err("http is for 127.0.0.1 and [::1]") }
        }
        scheme if scheme.contains('.') => Ok(()),
        _ => Err("https, http on 127.0.0.1 or [::1], or a scheme with a dot in it, such as com.example.app"),
    }
}
