//! The configuration: a TOML file, the environment over it, and every mistake named.

mod accounts;
mod api_keys;
mod application;
mod check;
mod forward_auth;
mod google;
mod headers;
mod key_attestation;
mod log;
pub(crate) mod mediator;
mod mode;
mod oauth;
mod operators;
mod play;
mod rehearsal;
mod revocations;
mod store;
mod tokens;
mod traces;
mod values;
mod variables;

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use genuine::session::mode::Mode;

use self::check::LOCAL_AUTHORITY;
pub use self::{
    accounts::Accounts,
    api_keys::{ApiClient, ApiKeys, Tier},
    application::{Application, DEMO},
    forward_auth::{Bodies, ForwardAuth, Freshness, RequestEvidence},
    google::Google,
    key_attestation::{KeyAttestation, Level},
    log::{Log, LogFormat},
    mediator::{ClientAuthentication, Mediator, MediatorClient, MediatorProvider},
    mode::Percent,
    oauth::OauthClient,
    operators::{Operator, OperatorTls, Role},
    play::{Play, PlayKeys},
    rehearsal::{Day, Rehearsal},
    revocations::Revocations,
    store::{Redis, Secret, Store},
    tokens::{Algorithm, ClientTrait, Dpop, OnRefusal, Signing, TokenSecret, TokenSettings, Tokens},
    traces::Traces,
    values::{Checked, Environment, Hex, Value},
    variables::{VARIABLES, is_ours},
};

/// What the server is told.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting by itself")]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where apps come.
    pub listen: SocketAddr,
    /// Where the operator and the monitoring come. Without operators and without a token it is on loopback.
    pub operator_listen: SocketAddr,
    /// What the operator and the monitoring have to show: `Authorization: Bearer …`.
    pub operator_token: Option<Secret>,
    /// What `--ready` shows in its place. A variable alone sets it.
    #[serde(skip)]
    pub ready_token: Option<Secret>,
    /// The operators, each with a role. With a token alone there is one, who may do everything.
    pub operators: Vec<Operator>,
    /// TLS on the operator's listener.
    pub operator_tls: Option<OperatorTls>,
    /// Names under which the operator's listener is reached, beside its address and those of this machine.
    pub operator_hosts: Vec<String>,
    /// Whether the operator's listener speaks plain HTTP beyond loopback.
    pub operator_allow_plain: bool,
    /// The file of the audit log.
    pub audit: Option<PathBuf>,
    /// How apps address this service: host, and port unless it is the scheme's own. A line of what they sign.
    pub authority: String,
    /// Certificate chain and key, both PEM.
    pub tls: Option<Tls>,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed, and who may ask what `forward_auth` lists.
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Whether plain HTTP is served beyond loopback: for development.
    pub allow_plain_http: bool,
    /// The applications whose apps may call the protected routes. May be left out if there is one only.
    pub callers: Vec<String>,
    /// What reverse proxies may ask. Nothing, unless it is listed here.
    pub forward_auth: Vec<ForwardAuth>,
    /// The header that holds the client's session, such as `authorization` or `cookie`. Challenges are bound to it.
    pub session_header: String,
    /// Where devices and challenges are kept.
    pub store: Store,
    /// Raised by one after the store was restored from a backup: devices then show a challenge once, and earlier challenges
    /// are void.
    pub epoch: u32,
    /// After how many days without an attestation what is known of a device is erased. Never, unless this is set.
    pub retention_days: Option<u32>,
    /// What challenges are like.
    pub challenges: Challenges,
    /// What session tokens are like. There are none unless this is set.
    pub tokens: Option<Tokens>,
    /// How Google's server is asked about tokens of Play Integrity. It is not, unless this is set.
    pub google: Option<Google>,
    /// Where Google's list of revoked attestation keys comes from. There is no default: not even that there is none.
    pub revocations: Option<Revocations>,
    /// Who says whose account a request is in. Nobody unless this is set.
    pub accounts: Option<Accounts>,
    /// Whose secrets the gateway keeps from apps that are clients of OAuth servers. Nobody's unless this is set.
    pub mediator: Option<Mediator>,
    /// The API keys of clients that cannot attest. There are none unless this is set.
    pub api_keys: Option<ApiKeys>,
    /// How the log is written, and what it calls devices.
    pub log: Log,
    /// Where traces go. There are none unless this is set.
    pub traces: Option<Traces>,
    /// How much of everything.
    pub limits: Limits,
    /// Who may register.
    pub applications: Vec<Application>,
    /// Whether the public test root is trusted. No file and no variable sets it.
    #[serde(skip_deserializing)]
    pub demo: bool,
    /// Whether applications may be rehearsals: `--rehearsal` says so. No file and no variable sets it.
    #[serde(skip_deserializing, skip_serializing_if = "std::ops::Not::not")]
    pub allow_rehearsals: bool,
}

/// A certificate chain and its key.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The chain, leaf first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// What challenges are like.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Challenges {
    /// How long one is good for.
    pub lifetime_seconds: u64,
}

/// How much of everything.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The largest body of a protected request, in bytes; it is held in memory to be hashed.
    pub body_bytes: usize,
    /// The bodies that are held at a time, in bytes.
    pub buffered_bytes: usize,
    /// What the prepared keys of devices may take in memory, in bytes; 0 to prepare none.
    pub prepared_bytes: u64,
    /// How long a body may take to arrive.
    pub request_timeout_ms: u32,
    /// Requests of one address (of one /64 in IPv6) in a minute; 0 for any number.
    pub address_per_minute: u32,
    /// Requests that one device signed in a minute; 0 for any number.
    pub device_per_minute: u32,
    /// Connections at a time.
    pub connections: usize,
    /// Connections of one address (of one /64 in IPv6) at a time, but for trusted proxies and this machine.
    pub connections_per_address: usize,
    /// How long requests in flight may take after the signal to stop.
    pub shutdown_seconds: u64,
}

/// The longest time that a body may take to arrive: what makes a request count once is remembered for longer than that.
pub const LONGEST_REQUEST: Duration = Duration::from_secs(60);

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            operator_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            operator_token: None,
            ready_token: None,
            operators: Vec::new(),
            operator_tls: None,
            operator_hosts: Vec::new(),
            operator_allow_plain: false,
            audit: None,
            authority: LOCAL_AUTHORITY.to_owned(),
            tls: None,
            trusted_proxies: Vec::new(),
            allow_plain_http: false,
            callers: Vec::new(),
            forward_auth: Vec::new(),
            session_header: "x-session".to_owned(),
            store: Store::Redb { path: "genuine.redb".into() },
            epoch: 0,
            retention_days: None,
            challenges: Challenges::default(),
            tokens: None,
            google: None,
            revocations: None,
            accounts: None,
            mediator: None,
            api_keys: None,
            log: Log::default(),
            traces: None,
            limits: Limits::default(),
            applications: Vec::new(),
            demo: false,
            allow_rehearsals: false,
        }
    }
}

impl Default for Challenges {
    fn default() -> Self {
        Self { lifetime_seconds: 300 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            buffered_bytes: 256 << 20,
            prepared_bytes: 128 << 20,
            request_timeout_ms: 10_000,
            address_per_minute: 600,
            device_per_minute: 600,
            connections: 4096,
            connections_per_address: 256,
            shutdown_seconds: 10,
        }
    }
}

/// Everything that is wrong with a configuration.
#[derive(Debug)]
pub struct Mistakes(pub Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|mistake| writeln!(f, "error: {mistake}"))
    }
}

impl std::error::Error for Mistakes {}

impl Config {
    /// What a file says, with the variables over it.
    ///
    /// # Errors
    ///
    /// Every mistake of the variables and of what results, or the first one that makes the file unreadable.
    pub fn load(toml: Option<&str>, variables: impl Iterator<Item = (String, String)>) -> Result<Self, Mistakes> {
        Self::read(toml)?.with_variables(variables)
    }

    /// What a file says, not yet checked.
    ///
    /// # Errors
    ///
    /// The first mistake that makes it unreadable.
    pub fn read(toml: Option<&str>) -> Result<Self, Mistakes> {
        match toml {
            Some(text) => toml::from_str(text).map_err(|error| Mistakes(vec![describe(&error, text)])),
            None => Ok(Self::default()),
        }
    }

    /// This configuration, if it has no mistake.
    ///
    /// # Errors
    ///
    /// Every mistake.
    pub fn checked(self) -> Result<Self, Mistakes> {
        let mut mistakes = Vec::new();
        self.check(&mut mistakes);
        if mistakes.is_empty() { Ok(self) } else { Err(Mistakes(mistakes)) }
    }

    /// The applications whose apps may call the protected routes. A rehearsal is one if it is named.
    #[must_use]
    pub fn callers(&self) -> Vec<String> {
        match &*self.callers {
            [] => self.without_rehearsals(self.applications.iter().take(1).map(|only| only.name.clone()).collect()),
            named => named.to_vec(),
        }
    }
}

/// Networks, such as `10.0.0.0/8`, or addresses, each of which is a network of one.
fn networks<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let network = |text: &String| {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        let form = "trusted_proxies: networks such as 10.0.0.0/8, or addresses such as 10.0.0.1";
        text.parse().or_else(|_| address()).map_err(|_| serde::de::Error::custom(form))
    };
    texts.iter().map(network).collect()
}

/// What is wrong and where, without an address that stands in the wrong place: it may hold a password.
fn describe(error: &toml::de::Error, text: &str) -> String {
    let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
    match error.message() {
        message if message.contains("//") => format!("line {line}: this is not of the form that the README gives"),
        message => format!("line {line}: {message}"),
    }
}
