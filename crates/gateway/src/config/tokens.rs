//! What session tokens are like.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Config, Secret, headers::is_free};

/// The longest audience and issuer of a token.
pub(super) const AUDIENCE: usize = 512;
/// How many secrets of HS256 there may be: as many as there are keys of ES256.
const SECRETS: usize = 4;

/// What session tokens are like.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tokens {
    /// How long one is good for.
    pub lifetime_seconds: u32,
    /// Whom they are for (`aud`): the address of the service, unless it is set.
    pub audience: Option<String>,
    /// The header that holds one: `authorization`, after `Bearer` or `DPoP`, or another one that holds nothing else.
    pub header: String,
    /// Whether they are bound to a key of the client (RFC 9449).
    pub dpop: Dpop,
    /// What of the client they are bound to beside that.
    pub bind: Vec<ClientTrait>,
    /// How many bits of an IPv6 address count where they are bound to the address.
    pub ipv6_prefix: u8,
    /// What signs them.
    pub algorithm: Algorithm,
    /// The secrets of HS256 in base64, the one that signs first.
    pub secrets: Vec<Secret>,
    /// What a registered device gets whose request for a token is refused.
    pub on_refusal: OnRefusal,
}

/// Whether tokens are bound to a key of the client, which signs each request that one comes with (RFC 9449).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dpop {
    /// Those are whose client asks for it.
    #[default]
    Optional,
    /// All are.
    Required,
    /// None is.
    Off,
}

/// What a client shows of itself with each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientTrait {
    /// The address that it comes from, as the rate limit sees it.
    Address,
    /// `User-Agent`.
    Agent,
}

/// What signs tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum Algorithm {
    /// Keys of the gateways', in the store. Anybody verifies with the public ones.
    #[default]
    #[serde(rename = "ES256")]
    Es256,
    /// A secret that the gateways share with the API.
    #[serde(rename = "HS256")]
    Hs256,
}

/// What a registered device gets whose request for a token is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnRefusal {
    /// The problem.
    #[default]
    Problem,
    /// A token that nobody accepts, in the place of a verdict.
    Decoy,
}

/// What the configuration says of tokens.
#[derive(Clone, Debug)]
pub struct TokenSettings {
    /// Who issues them (`iss`).
    pub issuer: String,
    /// Whom they are for (`aud`).
    pub audience: String,
    /// How long one lives, in seconds.
    pub lifetime: u32,
    /// Whether they are bound to a key of the client.
    pub dpop: Dpop,
    /// What of the client they are bound to beside that.
    pub bind: Vec<ClientTrait>,
    /// How many bits of an IPv6 address count, from 1 to 128.
    pub ipv6_prefix: u8,
    /// What signs them.
    pub signing: Signing,
}

/// What signs tokens, and with what.
#[derive(Clone, Debug)]
pub enum Signing {
    /// Keys of ES256 in the store.
    Stored,
    /// Secrets of HS256, the one that signs first.
    Shared {
        /// The secrets; one at least, and no two alike.
        secrets: Vec<TokenSecret>,
        /// Whether a registered device gets a token that nobody accepts in the place of a verdict.
        decoys: bool,
    },
}

/// A secret of HS256. It is neither printed nor logged, and wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenSecret(Zeroizing<Vec<u8>>);

impl TokenSecret {
    /// 32 to 64 octets, as the engine takes them, in standard base64 with its padding.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let octets = Zeroizing::new(BASE64_STANDARD.decode(text).ok()?);
        (32..=64).contains(&octets.len()).then_some(Self(octets))
    }

    /// The octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            lifetime_seconds: 300,
            audience: None,
            header: "authorization".to_owned(),
            dpop: Dpop::default(),
            bind: Vec::new(),
            ipv6_prefix: 64,
            algorithm: Algorithm::default(),
            secrets: Vec::new(),
            on_refusal: OnRefusal::default(),
        }
    }
}

impl TokenSettings {
    /// Tokens of ES256 that live so many seconds, bound to a key where the client asks for it and to nothing else.
    #[must_use]
    pub fn new(issuer: &str, audience: &str, lifetime: u32) -> Self {
        Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            lifetime,
            dpop: Dpop::default(),
            bind: Vec::new(),
            ipv6_prefix: 64,
            signing: Signing::Stored,
        }
    }
}

impl Config {
    /// What session tokens are like, if there are any. Their issuer is how apps call this service.
    #[must_use]
    pub fn token_settings(&self) -> Option<TokenSettings> {
        let tokens = self.tokens.as_ref()?;
        let issuer = format!("https://{}", self.authority);
        let audience = tokens.audience.as_deref().unwrap_or(&issuer);
        let signing = match tokens.algorithm {
            Algorithm::Es256 => Signing::Stored,
            Algorithm::Hs256 => Signing::Shared {
                secrets: tokens.secrets.iter().filter_map(|secret| TokenSecret::decode(&secret.0)).collect(),
                decoys: tokens.on_refusal == OnRefusal::Decoy,
            },
        };
        Some(TokenSettings {
            dpop: tokens.dpop,
            bind: tokens.bind.clone(),
            ipv6_prefix: tokens.ipv6_prefix,
            signing,
            ..TokenSettings::new(&issuer, audience, tokens.lifetime_seconds)
        })
    }

    pub(super) fn check_tokens(&self, mistakes: &mut Vec<String>) {
        let Some(tokens) = &self.tokens else { return };
        let mut expect = |right: bool, mistake: &str| {
            if !right {
                mistakes.push(mistake.to_owned());
            }
        };
        expect((1..=3600).contains(&tokens.lifetime_seconds), "tokens.lifetime_seconds: from 1 to 3600");
        let is_short = |text: &str| (1..=AUDIENCE).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        expect(
            tokens.audience.as_deref().is_none_or(is_short) && self.authority.len() <= AUDIENCE,
            "tokens.audience: from 1 to 512 printable characters without a space, and authority too: a token has room for that",
        );
        expect(is_free(&tokens.header, &[]), "tokens.header: this is no name of a header that could hold a token");
        expect(
            !tokens.header.eq_ignore_ascii_case(&self.session_header),
            "tokens.header: session_header is the same one, and a request has either twice",
        );
        expect((1..=128).contains(&tokens.ipv6_prefix), "tokens.ipv6_prefix: from 1 to 128");
        let is_listed_twice = |listed: &ClientTrait| tokens.bind.iter().filter(|other| *other == listed).count() > 1;
        expect(!tokens.bind.iter().any(is_listed_twice), "tokens.bind: the same is there twice");
        tokens.check_signing(&mut expect);
    }
}

impl Tokens {
    fn check_signing(&self, expect: &mut impl FnMut(bool, &str)) {
        if self.algorithm == Algorithm::Es256 {
            expect(
                self.secrets.is_empty(),
                "tokens.secrets: they take algorithm = \"HS256\"; the keys of ES256 are in the store",
            );
            expect(
                self.on_refusal == OnRefusal::Problem,
                "tokens.on_refusal: a decoy takes algorithm = \"HS256\"; whoever has the public keys would know one of ES256",
            );
            return;
        }
        expect(
            (1..=SECRETS).contains(&self.secrets.len()),
            "tokens.secrets: HS256 takes from 1 to 4, of which the first one signs",
        );
        let secrets: Vec<_> = self.secrets.iter().map(|secret| TokenSecret::decode(&secret.0)).collect();
        expect(
            secrets.iter().all(Option::is_some),
            "tokens.secrets: each is 32 to 64 octets in base64, such as openssl rand -base64 32 gives",
        );
        let is_twice = |secret: &Option<TokenSecret>| secrets.iter().filter(|other| *other == secret).count() > 1;
        expect(
            !secrets.iter().flatten().any(|secret| is_twice(&Some(secret.clone()))),
            "tokens.secrets: the same is there twice",
        );
    }
}
