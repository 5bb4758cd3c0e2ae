//! Who operates the gateway: found out from what they show.

mod tls;

use genuine::app_attest::KeyId;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

pub(crate) use self::tls::leaf;
pub use self::tls::{OperatorCertificate, Peer, WithPeer};
pub use crate::config::Role;
use crate::{config::Config, gate::sha256};

/// How far the time in an [`IdempotencyKey`] may be from the gateway's, in seconds.
const RECENT: u64 = 300;
/// How much longer its use is remembered: clocks of gateways differ.
const CLOCKS: u64 = 300;

/// An operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Their name, in the audit log.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What they showed.
    pub shown: Shown,
}

/// What an operator showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A token.
    Token,
    /// A certificate.
    Certificate,
    /// Nothing: they came from this machine, and nobody is asked.
    Nothing,
}

impl Shown {
    /// The name in the audit log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Certificate => "certificate",
            Self::Nothing => "nothing",
        }
    }
}

/// What came in the place of a token.
#[derive(Clone, Copy)]
pub enum Credential<'t> {
    /// Nothing.
    None,
    /// Something that is no token. It is compared with nothing.
    Malformed,
    /// A token.
    Token(&'t str),
}

/// Those who operate the gateway.
#[derive(Clone, Debug)]
pub struct Operators {
    /// Whether everybody is one.
    open: bool,
    /// Each with the hash of what they show.
    listed: Vec<(Operator, [u8; 32])>,
}

impl Operators {
    /// Those of a configuration. If it has none, everybody who reaches the listener is one: it is on loopback then. One whose hash
    /// cannot be read lets nobody in.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let named = config.operators.iter().filter_map(|operator| {
            let (shown, hash) = match (operator.token(), operator.certificate()) {
                (Some(hash), _) => (Shown::Token, hash),
                (None, Some(hash)) => (Shown::Certificate, hash),
                (None, None) => return None,
            };
            Some((Operator { name: operator.name.clone(), role: operator.role, shown }, hash))
        });
        let short = config.operator_token.as_ref().map(|token| {
            let operator = Operator { name: "operator".to_owned(), role: Role::Admin, shown: Shown::Token };
            (operator, sha256(token.0.as_bytes()))
        });
        Self { open: !config.has_operators(), listed: named.chain(short).collect() }
    }

    /// Who shows this token, or else this certificate. A token that is wrong is not made good by a certificate.
    #[must_use]
    pub fn find(&self, token: Credential<'_>, certificate: Option<&[u8; 32]>) -> Option<Operator> {
        if self.open {
            return Some(Operator { name: "local".to_owned(), role: Role::Admin, shown: Shown::Nothing });
        }
        match (token, certificate) {
            (Credential::Token(token), _) => self.whose(Shown::Token, &sha256(token.as_bytes())),
            (Credential::None, Some(certificate)) => self.whose(Shown::Certificate, certificate),
            (Credential::Malformed, _) | (Credential::None, None) => None,
        }
    }

    /// In the same time whatever is shown.
    fn whose(&self, shown: Shown, hash: &[u8; 32]) -> Option<Operator> {
        let mut found = u64::MAX;
        for (place, (operator, expected)) in (0_u64..).zip(&self.listed) {
            let right = hash.ct_eq(expected) & Choice::from(u8::from(operator.shown == shown));
            found.conditional_assign(&place, right);
        }
        self.listed.get(usize::try_from(found).ok()?).map(|(operator, _)| operator.clone())
    }
}

/// What makes a change count once: the time in seconds, and what nobody has used before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    text: String,
    seconds: u64,
}

impl IdempotencyKey {
    /// `<seconds since 1970>-<16 to 64 of letters and digits>`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (number, unique) = text.split_once('-')?;
        let seconds: u64 = number.parse().ok()?;
        let is_key = seconds.to_string() == number
            && (16..=64).contains(&unique.len())
            && unique.bytes().all(|octet| octet.is_ascii_alphanumeric());
        is_key.then(|| Self { text: text.to_owned(), seconds })
    }

    /// As it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it was made just now.
    #[must_use]
    pub fn is_recent(&self, now: u64) -> bool {
        self.seconds.abs_diff(now) <= RECENT
    }

    /// Until when its use has to be remembered.
    #[must_use]
    pub fn until(&self) -> u64 {
        self.seconds.saturating_add(RECENT + CLOCKS)
    }

    /// What the store knows it by: another one for each operator.
    #[must_use]
    pub fn of(&self, operator: &str) -> ([u8; 32], KeyId) {
        let name = sha256(format!("genuine-operator-v1\n{operator}\n").as_bytes());
        let key = sha256(format!("genuine-operator-key-v1\n{operator}\n{}\n", self.text).as_bytes());
        (key, KeyId(name))
    }
}
