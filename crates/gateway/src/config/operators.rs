//! Who operates the gateway, and how they reach it.

use std::{collections::BTreeSet, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    Config, Secret,
    check::{TOKEN_LENGTH, is_authority},
};
use crate::gate::sha256;

/// The longest name of an operator.
const NAME_LENGTH: usize = 64;

/// What an operator may do. Each may what the ones before it may.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Ask whether the gateway is well, and read what it counts.
    Monitor,
    /// Read what is known of devices, and the audit log.
    Viewer,
    /// Change it.
    Admin,
}

impl Role {
    /// The name in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Monitor => "monitor",
            Self::Viewer => "viewer",
            Self::Admin => "admin",
        }
    }
}

/// An operator, who shows a token or a certificate.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// The name in the audit log.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The SHA-256 of their token, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_sha256: Option<Secret>,
    /// The SHA-256 of their certificate, in hex: what `openssl x509 -fingerprint -sha256` prints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_sha256: Option<String>,
}

/// TLS on the operator's listener.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorTls {
    /// The chain, leaf first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
    /// The authorities of clients' certificates, PEM. With it whoever shows none gets no connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<PathBuf>,
}

impl Operator {
    /// What they show, as its SHA-256.
    #[must_use]
    pub fn token(&self) -> Option<[u8; 32]> {
        self.token_sha256.as_ref().and_then(|hex| read_hash(&hex.0))
    }

    /// The fingerprint of their certificate.
    #[must_use]
    pub fn certificate(&self) -> Option<[u8; 32]> {
        self.certificate_sha256.as_deref().and_then(read_hash)
    }

    fn check(&self, config: &Config, expect: &mut impl FnMut(bool, String)) {
        let is_letter = |octet: u8| octet.is_ascii_alphanumeric() || b"._@-".contains(&octet);
        let Self { name, .. } = self;
        expect(
            (1..=NAME_LENGTH).contains(&name.len()) && name.bytes().all(is_letter),
            "operators: a name has 1 to 64 of letters, digits, and . _ @ -".to_owned(),
        );
        expect(
            self.token_sha256.is_some() != self.certificate_sha256.is_some(),
            format!("operators: {name:?} has either token_sha256 or certificate_sha256"),
        );
        expect(
            self.token_sha256.is_none() || self.token().is_some(),
            format!(
                "operators: token_sha256 of {name:?} has 64 hexadecimal digits, as genuine-gateway --new-operator-token prints them"
            ),
        );
        expect(
            self.token() != Some(sha256(b"")),
            format!("operators: token_sha256 of {name:?} is that of no token: something was hashed that was empty"),
        );
        expect(
            self.certificate_sha256.is_none() || self.certificate().is_some(),
            format!(
                "operators: certificate_sha256 of {name:?} has 64 hexadecimal digits, as openssl x509 -fingerprint -sha256 prints them"
            ),
        );
        let clients = config.operator_tls.as_ref().is_some_and(|tls| tls.clients.is_some());
        expect(
            self.certificate_sha256.is_none() || clients,
            format!("operators: certificate_sha256 of {name:?} takes operator_tls.clients"),
        );
    }
}

impl Config {
    /// Whether whoever comes to the operator's listener has to say who they are.
    #[must_use]
    pub fn has_operators(&self) -> bool {
        self.operator_token.is_some() || !self.operators.is_empty()
    }

    pub(super) fn check_operators(&self, mistakes: &mut Vec<String>) {
        let mut expect = |right: bool, mistake: String| {
            if !right {
                mistakes.push(mistake);
            }
        };
        let loopback = self.operator_listen.ip().is_loopback();
        expect(
            loopback || self.has_operators(),
            "operator_listen: beyond loopback it takes operators or operator_token, and operator_tls or operator_allow_plain".to_owned(),
        );
        expect(
            loopback || !self.has_operators() || self.operator_tls.is_some() || self.operator_allow_plain,
            "operator_listen: beyond loopback it takes operator_tls, or operator_allow_plain where nobody else reads the network".to_owned(),
        );
        expect(
            loopback || !self.has_operators() || self.audit.is_some(),
            "audit: beyond loopback it takes a file, so that what operators change is noted".to_owned(),
        );
        expect(
            self.operator_token.is_none() || self.operators.is_empty(),
            "operator_token: with operators, it is one of them: give its SHA-256 a name and a role there".to_owned(),
        );
        let clients = self.operator_tls.as_ref().is_some_and(|tls| tls.clients.is_some());
        expect(
            !clients || self.has_operators(),
            "operator_tls.clients: takes operators or operator_token; that somebody has a certificate says not what they may do".to_owned(),
        );
        let is_token = |token: &Secret| token.0.len() >= TOKEN_LENGTH && token.0.bytes().all(|b| b.is_ascii_graphic());
        expect(
            self.ready_token.as_ref().is_none_or(is_token),
            "GENUINE_GATEWAY_READY_TOKEN: a token of an operator, which has at least 32 printable characters"
                .to_owned(),
        );
        let mut known = BTreeSet::new();
        for operator in &self.operators {
            operator.check(self, &mut expect);
            let name = operator.name.as_str();
            expect(known.insert(name.as_bytes().to_vec()), format!("operators: {name:?} is there twice"));
            let shown = operator.token().or_else(|| operator.certificate());
            let is_new = shown.is_none_or(|hash| known.insert(hash.to_vec()));
            expect(is_new, format!("operators: {name:?} shows what another one shows"));
        }
        for host in &self.operator_hosts {
            let is_host = is_authority(host) && (host.ends_with(']') || !host.contains(':'));
            expect(is_host, format!("operator_hosts: {host:?} is no host in lower case, without a port"));
        }
    }
}

/// 32 octets in hex. Some tools write a colon between octets.
fn read_hash(text: &str) -> Option<[u8; 32]> {
    let digits = text.bytes().filter(|octet| *octet != b':').map(|digit| char::from(digit).to_digit(16));
    let digits = digits.collect::<Option<Vec<_>>>()?;
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    let octets: Vec<u8> = pairs.iter().map(|[high, low]| u8::try_from(high << 4 | low).ok()).collect::<Option<_>>()?;
    octets.try_into().ok()
}
