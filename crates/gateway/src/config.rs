//! The configuration: a TOML file, the environment over it, and every mistake named.

mod forward_auth;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use genuine::app_attest::{OsBuild, OsVersion};
use ipnet::IpNet;
use serde::{Deserialize, Serialize, de::IntoDeserializer as _};

pub use self::forward_auth::{Bodies, ForwardAuth, Freshness};
use crate::{
    store::{Contract, Durability, PostgresStore},
    token::TokenSettings,
};

/// The prefix of this server's own variables.
const PREFIX: &str = "GENUINE_GATEWAY_";
/// The prefix of the variables that describe one application, under the names of the field.
const IOS_PREFIX: &str = "ATTESTATION_IOS_APP_ATTEST_";
/// How all variables begin that are meant for this server. One that nobody reads is a mistake, not somebody else's.
const FAMILIES: [&str; 2] = ["GENUINE_GATEWAY", "ATTESTATION_"];
/// Every variable that is read.
pub const VARIABLES: [&str; 17] = [
    "GENUINE_GATEWAY_LISTEN",
    "GENUINE_GATEWAY_OPERATOR_LISTEN",
    "GENUINE_GATEWAY_OPERATOR_TOKEN",
    "GENUINE_GATEWAY_AUTHORITY",
    "GENUINE_GATEWAY_STORE",
    "GENUINE_GATEWAY_SESSION_HEADER",
    "GENUINE_GATEWAY_CALLERS",
    "GENUINE_GATEWAY_TLS_CERTIFICATE",
    "GENUINE_GATEWAY_TLS_KEY",
    "GENUINE_GATEWAY_TRUSTED_PROXIES",
    "GENUINE_GATEWAY_ALLOW_PLAIN_HTTP",
    "GENUINE_GATEWAY_ADDRESS_PER_MINUTE",
    "GENUINE_GATEWAY_DEVICE_PER_MINUTE",
    "ATTESTATION_IOS_APP_ATTEST_APP_ID",
    "ATTESTATION_IOS_APP_ATTEST_ENVIRONMENT",
    "ATTESTATION_IOS_APP_ATTEST_MODE",
    "ATTESTATION_IOS_APP_ATTEST_TIMEOUT",
];
/// How many letters a name may be off for the message to say which one was meant.
const TYPO: usize = 3;
/// The application that those variables describe.
const IOS_APPLICATION: &str = "ios";
/// The application of the demonstration. Nobody else's, so that what it stored is of no use to any other configuration.
pub const DEMO: &str = "demo";
/// The seconds of a day.
const DAY: u64 = 86_400;
/// The shortest token of the operator: 32 hexadecimal digits hold 128 bits.
const TOKEN_LENGTH: usize = 32;
/// Headers that have a meaning of their own.
const NO_SESSION: [&str; 5] = ["content-length", "content-type", "host", "transfer-encoding", "x-app-attest"];

/// What the server is told.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where apps come.
    pub listen: SocketAddr,
    /// Where the operator and the monitoring come. Without a token it is on loopback.
    pub operator_listen: SocketAddr,
    /// What the operator and the monitoring have to show: `Authorization: Bearer …`.
    pub operator_token: Option<Secret>,
    /// How apps address this service: host, and port unless it is the scheme's own. A line of what they sign.
    pub authority: String,
    /// Certificate chain and key, both PEM.
    pub tls: Option<Tls>,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed, and who may ask what `forward_auth` lists.
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
    /// What challenges are like.
    pub challenges: Challenges,
    /// What session tokens are like. There are none unless this is set.
    pub tokens: Option<Tokens>,
    /// How much of everything.
    pub limits: Limits,
    /// Who may register.
    pub applications: Vec<Application>,
    /// Whether the public test root is trusted. No file and no variable sets it.
    #[serde(skip_deserializing)]
    pub demo: bool,
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

/// Which store.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Store {
    /// One file, for one server.
    Redb {
        /// The file.
        path: PathBuf,
    },
    /// For several servers.
    Redis {
        /// `redis://[user:password@]host:port[/database]`.
        #[serde(serialize_with = "without_secrets")]
        url: String,
        /// How it is known that Redis keeps what it acknowledged.
        #[serde(default)]
        durability: Durability,
    },
    /// For several servers, in a database.
    Postgres {
        /// `postgres://[user[:password]@]host[:port]/database`.
        #[serde(serialize_with = "without_postgres_secrets")]
        url: String,
        /// The certificate of the authority that signed the server's, PEM. With it the connection is over TLS, and nothing else.
        ca: Option<PathBuf>,
    },
    /// Nothing is kept: for tests.
    Memory {},
}

/// Text that is neither printed nor logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

/// What is no text stays out of the message too: whoever forgot the quotes wrote the secret all the same.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer) {
            Ok(toml::Value::String(text)) => Ok(Self(text)),
            _ => Err(serde::de::Error::custom("a secret is text in quotes")),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("…")
    }
}

/// What challenges are like.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Challenges {
    /// How long one is good for.
    pub lifetime_seconds: u64,
}

/// What session tokens are like.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// How long one is good for.
    #[serde(default = "default_token_lifetime")]
    pub lifetime_seconds: u32,
    /// Whom they are for (`aud`): the address of the service, unless it is set.
    pub audience: Option<String>,
    /// The header that holds one: `authorization`, after `Bearer`, or another one that holds nothing else.
    #[serde(default = "default_token_header")]
    pub header: String,
}

impl Default for Tokens {
    fn default() -> Self {
        Self { lifetime_seconds: default_token_lifetime(), audience: None, header: default_token_header() }
    }
}

const fn default_token_lifetime() -> u32 {
    300
}

fn default_token_header() -> String {
    "authorization".to_owned()
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

/// One application.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// What clients call it.
    pub name: String,
    /// Team identifier, period, bundle identifier: of the app, and of extensions that attest keys of their own. The key of an
    /// App Clip has the App ID of the full app, as Apple's guide says.
    pub app_ids: Vec<String>,
    /// Whose keys are accepted. They do not mix.
    #[serde(default)]
    pub environment: Environment,
    /// What an app is told that reports that App Attest is unavailable.
    #[serde(default)]
    pub mode: Mode,
    /// How long to wait for each operation of the store, in milliseconds.
    #[serde(default = "default_timeout")]
    pub timeout_ms: u32,
    /// Validation categories of iOS 27 to accept; others and none are refused.
    pub categories: Option<Vec<u32>>,
    /// Bundle versions of iOS 27 to accept; others and none are refused.
    pub bundle_versions: Option<Vec<String>>,
    /// Hashes of the code of iOS 27 and macOS 27 to accept, in hex; others and none are refused.
    pub code_hashes: Option<Vec<Hex>>,
    /// Platforms to accept, such as `iphoneos` and `macosx`; others and none are refused.
    pub platforms: Option<Vec<String>>,
    /// The least version of the operating system, such as `18.5`; older ones and none are refused.
    pub os_version_at_least: Option<Checked<OsVersion>>,
    /// The least build of the operating system by platform, such as `22F76`; older ones, others and none are refused.
    pub os_build_at_least: Option<BTreeMap<String, Checked<OsBuild>>>,
    /// Whether Macs have to have the access control of their key that Apple documents.
    #[serde(default)]
    pub macos_access_control: bool,
    /// How long ago an attestation may have been made, in seconds; Apple dates it a day back.
    pub attestation_age_seconds: Option<u64>,
    /// In which order counters are accepted.
    #[serde(default)]
    pub counter: Contract,
    /// How far a counter may be above the highest one so far.
    pub counter_step: Option<u32>,
}

/// Octets in hex.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hex(pub Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = text.bytes().map(|digit| char::from(digit).to_digit(16)).collect::<Option<Vec<_>>>();
        let digits = digits.filter(|digits| !digits.is_empty()).ok_or("this is not hex")?;
        let (pairs, []) = digits.as_chunks() else { return Err("code_hashes: an odd number of hexadecimal digits") };
        let octet = |[high, low]: &[u32; 2]| u8::try_from(high << 4 | low);
        pairs.iter().map(octet).collect::<Result<_, _>>().map(Self).map_err(|_| "this is not hex")
    }
}

impl From<Hex> for String {
    fn from(octets: Hex) -> Self {
        octets.0.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().concat()
    }
}

/// A value with the text that it was read from.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(try_from = "String", into = "String", bound(deserialize = "T: Value", serialize = "T: Clone"))]
pub struct Checked<T> {
    text: String,
    /// What it says.
    pub value: T,
}

/// What the engine reads from text.
pub trait Value: Sized {
    /// What it looks like.
    const FORM: &str;

    /// Reads it.
    fn read(text: &str) -> Option<Self>;
}

impl Value for OsVersion {
    const FORM: &str = "this is no version such as 18.5 or 17.6.1";

    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Value for OsBuild {
    const FORM: &str = "this is no build such as 22F76";

    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl<T: Value> TryFrom<String> for Checked<T> {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let value = T::read(&text).ok_or(T::FORM)?;
        Ok(Self { text, value })
    }
}

impl<T> From<Checked<T>> for String {
    fn from(checked: Checked<T>) -> Self {
        checked.text
    }
}

impl Application {
    /// An application with these App IDs, and the defaults.
    #[must_use]
    pub fn new(name: &str, app_ids: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            app_ids: app_ids.iter().map(|&id| id.to_owned()).collect(),
            environment: Environment::default(),
            mode: Mode::default(),
            timeout_ms: default_timeout(),
            categories: None,
            bundle_versions: None,
            code_hashes: None,
            platforms: None,
            os_version_at_least: None,
            os_build_at_least: None,
            macos_access_control: false,
            attestation_age_seconds: None,
            counter: Contract::default(),
            counter_step: None,
        }
    }

    /// The time limit.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.into())
    }
}

/// Whose keys an application accepts.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Environment {
    /// Distributed apps.
    #[default]
    Production,
    /// Apps run from Xcode.
    Development,
}

/// How much an application asks for.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Mode {
    /// An app without App Attest goes on.
    Off,
    /// An app without App Attest goes on.
    Optional,
    /// An app without App Attest is refused.
    #[default]
    Required,
}

/// How apps on this machine address the service unless it is configured.
const LOCAL_AUTHORITY: &str = "localhost:8080";

const fn default_timeout() -> u32 {
    5000
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            operator_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            operator_token: None,
            authority: LOCAL_AUTHORITY.to_owned(),
            tls: None,
            trusted_proxies: Vec::new(),
            allow_plain_http: false,
            callers: Vec::new(),
            forward_auth: Vec::new(),
            session_header: "x-session".to_owned(),
            store: Store::Redb { path: "genuine.redb".into() },
            challenges: Challenges::default(),
            tokens: None,
            limits: Limits::default(),
            applications: Vec::new(),
            demo: false,
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

/// Whether a variable of this name is meant for this server: it is read, or a mistake.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    FAMILIES.iter().any(|family| name.starts_with(family)) || meant(&name).is_some()
}

/// Whether Kubernetes sets this variable in every pod beside a service called `genuine-gateway`: its addresses. A port that is a
/// number is a setting which somebody took for one of this server's.
fn is_service_link(name: &str, value: &str) -> bool {
    const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
    let is_url = || value.split_once("://").is_some_and(|(scheme, _)| PROTOCOLS.contains(&&*scheme.to_uppercase()));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    let is_word =
        |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_uppercase() || octet.is_ascii_digit());
    let Some(rest) = name.strip_prefix(PREFIX) else { return false };
    match rest.split('_').collect::<Vec<_>>()[..] {
        ["SERVICE", "HOST" | "PORT"] => true,
        // The port's name.
        ["SERVICE", "PORT", ref port @ ..] => port.iter().all(|word| is_word(word)),
        ["PORT"] => is_url(),
        ["PORT", number, protocol] | ["PORT", number, protocol, "PROTO" | "PORT" | "ADDR"] => {
            is_number(number) && PROTOCOLS.contains(&protocol)
        }
        _ => false,
    }
}

/// The variable that is read and has almost this name.
fn meant(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_uppercase();
    let distance = |known: &&str| strsim::levenshtein(&name, known);
    VARIABLES.into_iter().min_by_key(distance).filter(|known| distance(known) <= TYPO)
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
        let config = match toml {
            Some(text) => toml::from_str(text).map_err(|error| Mistakes(vec![describe(&error, text)]))?,
            None => Self::default(),
        };
        config.with_variables(variables)
    }

    /// This configuration with the variables over it, checked.
    ///
    /// # Errors
    ///
    /// Every mistake.
    pub fn with_variables(mut self, variables: impl Iterator<Item = (String, String)>) -> Result<Self, Mistakes> {
        let mut mistakes = Vec::new();
        let (mut own, mut ios) = (BTreeMap::new(), BTreeMap::new());
        for (name, value) in variables {
            if !VARIABLES.contains(&&*name) {
                if is_ours(&name) && !is_service_link(&name, &value) {
                    let hint = meant(&name).map_or_else(String::new, |known| format!("; {known} is one"));
                    mistakes.push(format!("{name}: there is no such variable{hint}"));
                }
            } else if let Some(rest) = name.strip_prefix(PREFIX) {
                own.insert(rest.to_owned(), value);
            } else if let Some(rest) = name.strip_prefix(IOS_PREFIX) {
                ios.insert(rest.to_owned(), value);
            }
        }
        self.apply_own(own, &mut mistakes);
        self.apply_ios(ios, &mut mistakes);
        self.check(&mut mistakes);
        if mistakes.is_empty() { Ok(self) } else { Err(Mistakes(mistakes)) }
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

    /// What session tokens are like, if there are any. Their issuer is how apps call this service.
    #[must_use]
    pub fn token_settings(&self) -> Option<TokenSettings> {
        let tokens = self.tokens.as_ref()?;
        let issuer = format!("https://{}", self.authority);
        let audience = tokens.audience.clone().unwrap_or_else(|| issuer.clone());
        Some(TokenSettings { issuer, audience, lifetime: tokens.lifetime_seconds })
    }

    /// The applications whose apps may call the protected routes.
    #[must_use]
    pub fn callers(&self) -> Vec<String> {
        match &*self.callers {
            [] => self.applications.iter().take(1).map(|only| only.name.clone()).collect(),
            named => named.to_vec(),
        }
    }

    fn apply_own(&mut self, variables: BTreeMap<String, String>, mistakes: &mut Vec<String>) {
        for (name, value) in variables {
            let form = match name.as_str() {
                "LISTEN" => set(&mut self.listen, value.parse().ok(), "an address and a port"),
                "OPERATOR_LISTEN" => set(&mut self.operator_listen, value.parse().ok(), "an address and a port"),
                "STORE" => set(&mut self.store, parse_store(&value), "memory, redb:PATH, redis://… or postgres://…"),
                "SESSION_HEADER" => set(&mut self.session_header, Some(value), ""),
                "OPERATOR_TOKEN" => set(&mut self.operator_token, Some(Some(Secret(value))), ""),
                "AUTHORITY" => set(&mut self.authority, Some(value), ""),
                "CALLERS" => set(&mut self.callers, Some(list(&value)), ""),
                "ALLOW_PLAIN_HTTP" => set(&mut self.allow_plain_http, value.parse().ok(), "true or false"),
                "TRUSTED_PROXIES" => {
                    let networks = value.split(',').map(|network| network.trim().parse()).collect::<Result<_, _>>();
                    set(&mut self.trusted_proxies, networks.ok(), "networks such as 10.0.0.0/8, separated by commas")
                }
                "ADDRESS_PER_MINUTE" => set(&mut self.limits.address_per_minute, value.parse().ok(), "a number"),
                "DEVICE_PER_MINUTE" => set(&mut self.limits.device_per_minute, value.parse().ok(), "a number"),
                "TLS_CERTIFICATE" => set(&mut self.tls_mut().certificate, Some(value.into()), ""),
                "TLS_KEY" => set(&mut self.tls_mut().key, Some(value.into()), ""),
                _ => Err(UNKNOWN),
            };
            name_mistake(PREFIX, &name, form, mistakes);
        }
    }

    fn tls_mut(&mut self) -> &mut Tls {
        self.tls.get_or_insert_with(|| Tls { certificate: PathBuf::new(), key: PathBuf::new() })
    }

    /// The variables of the field describe one application beside those of the file.
    fn apply_ios(&mut self, variables: BTreeMap<String, String>, mistakes: &mut Vec<String>) {
        if variables.is_empty() {
            return;
        }
        let mut application = Application::new(IOS_APPLICATION, &[]);
        for (name, value) in variables {
            let form = match name.as_str() {
                "APP_ID" => set(&mut application.app_ids, Some(list(&value)), ""),
                "ENVIRONMENT" => set(&mut application.environment, word(&value), "PRODUCTION or DEVELOPMENT"),
                "MODE" => set(&mut application.mode, word(&value), "OFF, OPTIONAL or REQUIRED"),
                "TIMEOUT" => set(&mut application.timeout_ms, value.parse().ok(), "a number of milliseconds"),
                _ => Err(UNKNOWN),
            };
            name_mistake(IOS_PREFIX, &name, form, mistakes);
        }
        if application.app_ids.is_empty() {
            mistakes.push(format!("{IOS_PREFIX}APP_ID: is missing, and the others need it"));
        } else {
            self.applications.push(application);
        }
    }

    fn check(&self, mistakes: &mut Vec<String>) {
        let mut expect = |right: bool, mistake: &str| {
            if !right {
                mistakes.push(mistake.to_owned());
            }
        };
        let loopback = self.listen.ip().is_loopback();
        expect(
            loopback || self.tls.is_some() || !self.trusted_proxies.is_empty() || self.allow_plain_http,
            "listen: beyond loopback it takes tls, trusted_proxies or allow_plain_http",
        );
        let operator_loopback = self.operator_listen.ip().is_loopback();
        expect(
            operator_loopback || self.operator_token.is_some(),
            "operator_listen: beyond loopback it takes operator_token",
        );
        let printable = |token: &Secret| token.0.len() >= TOKEN_LENGTH && token.0.bytes().all(|b| b.is_ascii_graphic());
        expect(
            self.operator_token.as_ref().is_none_or(printable),
            "operator_token: at least 32 printable characters without a space, such as openssl rand -hex 32 gives",
        );
        expect(
            is_authority(&self.authority),
            "authority: a host in lower case, and a port if apps name one: shop.example.com or localhost:8080",
        );
        expect(
            self.authority != LOCAL_AUTHORITY || loopback && self.trusted_proxies.is_empty(),
            "authority: is missing; apps from beyond this machine sign the host that they call",
        );
        expect(
            !self.demo || loopback && operator_loopback && self.trusted_proxies.is_empty(),
            "listen, operator_listen, trusted_proxies: the demonstration trusts a public test root and stays on loopback",
        );
        expect(
            !self.demo || self.applications.len() == 1,
            "ATTESTATION_IOS_APP_ATTEST_…: the demonstration trusts a public test root and has no other application",
        );
        let session_header = axum::http::HeaderName::try_from(self.session_header.as_str());
        expect(
            session_header.is_ok_and(|name| !NO_SESSION.contains(&name.as_str())),
            "session_header: this is no name of a header that could hold a session",
        );
        if let Store::Redis { url, .. } = &self.store {
            expect(
                redis::Client::open(url.as_str()).is_ok(),
                "store.url: this is no address of Redis, which is redis://HOST:PORT",
            );
        }
        if let Store::Postgres { url, ca } = &self.store
            && let Err(mistake) = PostgresStore::settings(url, ca.as_deref())
        {
            expect(false, &mistake);
        }
        expect(
            (1..=86_400).contains(&self.challenges.lifetime_seconds),
            "challenges.lifetime_seconds: from 1 to 86400",
        );
        if let Some(tokens) = &self.tokens {
            expect((1..=3600).contains(&tokens.lifetime_seconds), "tokens.lifetime_seconds: from 1 to 3600");
            expect(tokens.audience.as_ref().is_none_or(|audience| !audience.is_empty()), "tokens.audience: is empty");
            let header = axum::http::HeaderName::try_from(tokens.header.as_str());
            expect(
                header.is_ok_and(|name| !NO_SESSION.contains(&name.as_str())),
                "tokens.header: this is no name of a header that could hold a token",
            );
        }
        expect((1..=1 << 30).contains(&self.limits.body_bytes), "limits.body_bytes: from 1 to 1073741824");
        expect(self.limits.request_timeout_ms > 0, "limits.request_timeout_ms: at least 1");
        expect(self.limits.connections_per_address > 0, "limits.connections_per_address: at least 1");
        expect((1..=1_000_000).contains(&self.limits.connections), "limits.connections: from 1 to 1000000");
        expect(
            self.limits.buffered_bytes >= self.limits.body_bytes,
            "limits.buffered_bytes: at least limits.body_bytes",
        );
        expect(
            !self.applications.is_empty(),
            "applications: there is none; a file (--config FILE) or ATTESTATION_IOS_APP_ATTEST_APP_ID describes them",
        );
        expect(
            self.applications.len() < 2 || !self.callers.is_empty(),
            "callers: with several applications, name those whose apps may call the protected routes",
        );
        for caller in &self.callers {
            let known = self.applications.iter().any(|application| application.name == *caller);
            expect(known, &format!("callers: there is no application {caller:?}"));
        }
        self.check_forward_auth(mistakes);
        self.check_applications(mistakes);
    }

    fn check_applications(&self, mistakes: &mut Vec<String>) {
        let mut names = BTreeSet::new();
        for application in &self.applications {
            let name = &application.name;
            let mut expect = |right: bool, mistake: &str| {
                if !right {
                    mistakes.push(format!("application {name:?}: {mistake}"));
                }
            };
            expect(names.insert(name), "its name is taken");
            expect((1..=64).contains(&name.len()), "its name has from 1 to 64 bytes");
            expect(self.demo || name != DEMO, "its name is the demonstration's");
            expect(!application.app_ids.is_empty(), "app_ids: at least one");
            let mut ids = BTreeSet::new();
            for id in &application.app_ids {
                expect(ids.insert(id), &format!("app_ids: {id:?} is there twice"));
                expect(
                    is_app_id(id),
                    &format!(
                        "app_ids: {id:?} lacks its prefix: ten capital letters or digits and a period, as in \
                         ABCDE12345.com.example.shop"
                    ),
                );
            }
            let timeout = (1..=i32::MAX.unsigned_abs()).contains(&application.timeout_ms);
            expect(timeout, "timeout_ms: from 1 to 2147483647");
            let empty = [
                ("categories", application.categories.as_ref().is_some_and(Vec::is_empty)),
                ("bundle_versions", application.bundle_versions.as_ref().is_some_and(Vec::is_empty)),
                ("code_hashes", application.code_hashes.as_ref().is_some_and(Vec::is_empty)),
                ("platforms", application.platforms.as_ref().is_some_and(Vec::is_empty)),
                ("os_build_at_least", application.os_build_at_least.as_ref().is_some_and(BTreeMap::is_empty)),
            ];
            for (setting, _) in empty.into_iter().filter(|(_, empty)| *empty) {
                expect(false, &format!("{setting}: an empty list refuses everything; leave it out to ask for nothing"));
            }
            let mut hashes = application.code_hashes.iter().flatten();
            expect(
                hashes.all(|hash| hash.0.len() == CODE_HASH),
                "code_hashes: CandidateCDHashFull of codesign -dvvv has 32 bytes",
            );
            // A name that no leaf has would refuse every device, which looks like an attack.
            let platforms = application.platforms.iter().flatten().map(|name| ("platforms", name));
            let builds = application.os_build_at_least.iter().flatten().map(|(name, _)| ("os_build_at_least", name));
            for (setting, name) in platforms.chain(builds) {
                let known = PLATFORMS.contains(&name.as_str());
                expect(known, &format!("{setting}: {name:?} is no platform; leaves name iphoneos or macosx"));
            }
            expect(
                application.attestation_age_seconds.is_none_or(|seconds| seconds >= DAY),
                "attestation_age_seconds: at least 86400, since Apple dates an attestation a day back",
            );
            expect(application.counter_step != Some(0), "counter_step: at least 1");
        }
    }
}

/// Takes the value if it has the form, which is the error otherwise.
fn set<T>(setting: &mut T, value: Option<T>, form: &'static str) -> Result<(), &'static str> {
    *setting = value.ok_or(form)?;
    Ok(())
}

/// SHA-256 of a code directory, in bytes.
const CODE_HASH: usize = 32;

/// As the leaves of genuine devices name them.
const PLATFORMS: [&str; 2] = ["iphoneos", "macosx"];

const UNKNOWN: &str = "absent: nothing reads it";

/// The value stays out of the message: it may be secret.
fn name_mistake(prefix: &str, name: &str, form: Result<(), &str>, mistakes: &mut Vec<String>) {
    if let Err(form) = form {
        mistakes.push(format!("{prefix}{name}: must be {form}"));
    }
}

/// One of an enum's words, as the file has them.
fn word<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    let words: serde::de::value::StrDeserializer<'a, serde::de::value::Error> = text.into_deserializer();
    T::deserialize(words).ok()
}

/// Ten capital letters and digits, a period, and something: what Apple calls an App ID.
fn is_app_id(id: &str) -> bool {
    id.split_once('.').is_some_and(|(team, bundle)| {
        team.len() == 10
            && team.bytes().all(|octet| octet.is_ascii_uppercase() || octet.is_ascii_digit())
            && !bundle.is_empty()
            && bundle.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'.' || octet == b'-')
    })
}

/// Host and port as clients name them (RFC 3986 §3.2): one spelling, and no user.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        // The last colon of an IPv6 address stands before its bracket.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_port = |port: &str| port.parse().is_ok_and(|number: u16| number > 0 && number.to_string() == port);
    let is_label = |label: &str| {
        !(label.is_empty() || label.starts_with('-') || label.ends_with('-'))
            && label.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse().is_ok_and(|parsed: Ipv6Addr| parsed.to_string() == address),
        None => host.split('.').all(is_label),
    };
    is_host && port.is_none_or(is_port)
}

/// `memory`, `redb:PATH`, or an address of Redis or PostgreSQL.
fn parse_store(text: &str) -> Option<Store> {
    match text.split_once(':') {
        None if text == "memory" => Some(Store::Memory {}),
        Some(("redb", path)) if !path.is_empty() => Some(Store::Redb { path: path.into() }),
        Some(("postgres" | "postgresql", _)) => Some(Store::Postgres { url: text.to_owned(), ca: None }),
        Some(("redis", _)) => Some(Store::Redis { url: text.to_owned(), durability: Durability::default() }),
        _ => None,
    }
}

/// Words separated by commas.
fn list(text: &str) -> Vec<String> {
    text.split(',').map(|word| word.trim().to_owned()).collect()
}

/// An address with nothing of it but host and port, or path.
fn without_secrets<S: serde::Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    match redis::Client::open(url) {
        Ok(client) => serializer.serialize_str(&format!("redis://{}", client.get_connection_info().addr)),
        Err(_) => serializer.serialize_str("redis://…"),
    }
}

/// The same of PostgreSQL.
fn without_postgres_secrets<S: serde::Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&PostgresStore::place(url))
}

/// What is wrong and where, without an address that stands in the wrong place: it may hold a password.
fn describe(error: &toml::de::Error, text: &str) -> String {
    let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
    match error.message() {
        message if message.contains("//") => format!("line {line}: this is not of the form that the README gives"),
        message => format!("line {line}: {message}"),
    }
}
