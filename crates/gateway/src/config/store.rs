//! Which store, and what of its address is told.

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::store::{Durability, PostgresStore, RedisSettings};

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
    Redis(Redis),
    /// For several servers, in a database.
    Postgres {
        /// `postgres://[user[:password]@]host[:port]/database`.
        #[serde(serialize_with = "without_postgres_secrets")]
        url: String,
        /// The certificate of the authority that signed the server's, PEM. With it the connection is over TLS, and nothing else.
        ca: Option<PathBuf>,
        /// Whether a server on another machine may be reached without TLS.
        #[serde(default)]
        allow_plain: bool,
    },
    /// Nothing is kept: for tests.
    Memory {},
}

/// Where Redis is, and how it is reached: `url` of one server, `cluster`, or `sentinels` and `master`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Redis {
    /// `redis://[user:password@]host:port[/database]`, or `rediss://…` over TLS.
    #[serde(serialize_with = "without_secrets", skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Addresses of some servers of a Redis Cluster. The others are asked of them.
    #[serde(serialize_with = "without_any_secrets", skip_serializing_if = "Vec::is_empty")]
    pub cluster: Vec<String>,
    /// Addresses of the sentinels, of which more than half have to name the same master.
    #[serde(serialize_with = "without_any_secrets", skip_serializing_if = "Vec::is_empty")]
    pub sentinels: Vec<String>,
    /// The name under which the sentinels know the master.
    pub master: Option<String>,
    /// The user of the master that sentinels name, if it is not the default one.
    pub user: Option<String>,
    /// The password of the master that sentinels name.
    pub password: Option<Secret>,
    /// The certificate of the authority that signed the servers', PEM: what `rediss://` takes.
    pub ca: Option<PathBuf>,
    /// Whether a server on another machine may be reached without TLS.
    pub allow_plain: bool,
    /// How it is known that Redis keeps what it acknowledged.
    pub durability: Durability,
    /// How many replicas have to have a write before it counts.
    pub replicas: u32,
}

impl Redis {
    /// One server.
    #[must_use]
    pub fn server(url: &str) -> Self {
        Self { url: Some(url.to_owned()), ..Self::default() }
    }

    /// The same, for the store.
    ///
    /// # Errors
    ///
    /// What is wrong with it, without the addresses: they may hold passwords.
    pub fn settings(&self) -> Result<RedisSettings, String> {
        let ca = self.ca.as_deref();
        let password = self.password.as_ref().map(|Secret(password)| password.as_str());
        let settings = match (&self.url, self.cluster.as_slice(), self.sentinels.as_slice(), &self.master) {
            (None, [], [_, ..], Some(master)) => {
                RedisSettings::sentinels(&self.sentinels, master, (self.user.as_deref(), password), ca)?
            }
            _ if self.user.is_some() || password.is_some() => {
                return Err(
                    "store.user, store.password: are the master's that sentinels name; others stand in the address"
                        .into(),
                );
            }
            (Some(url), [], [], None) => RedisSettings::server(url, ca)?,
            (None, [_, ..], [], None) => RedisSettings::cluster(&self.cluster, ca)?,
            _ => return Err("store: Redis takes one of url, cluster, or sentinels with master".to_owned()),
        };
        Ok(settings.durability(self.durability).allow_plain(self.allow_plain).replicas(self.replicas))
    }
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

/// `memory`, `redb:PATH`, or an address of Redis or PostgreSQL. What the file says beside the address of the same kind stays.
pub(super) fn parse_store(text: &str, before: &Store) -> Option<Store> {
    let (ca, allow_plain) = match before {
        Store::Postgres { ca, allow_plain, .. } => (ca.clone(), *allow_plain),
        _ => (None, false),
    };
    match text.split_once(':') {
        None if text == "memory" => Some(Store::Memory {}),
        Some(("redb", path)) if !path.is_empty() => Some(Store::Redb { path: path.into() }),
        Some(("postgres" | "postgresql", _)) => Some(Store::Postgres { url: text.to_owned(), ca, allow_plain }),
        Some(("redis" | "rediss", _)) => {
            let redis = match before {
                Store::Redis(redis) => redis.clone(),
                _ => Redis::default(),
            };
            let Redis { ca, allow_plain, durability, replicas, .. } = redis;
            Some(Store::Redis(Redis { ca, allow_plain, durability, replicas, ..Redis::server(text) }))
        }
        _ => None,
    }
}

/// An address with nothing of it but host and port, or path.
#[expect(clippy::ref_option, reason = "as serde calls it")]
fn without_secrets<S: serde::Serializer>(url: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    url.as_deref().map(RedisSettings::place).serialize(serializer)
}

/// The same of several.
fn without_any_secrets<S: serde::Serializer>(urls: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(urls.iter().map(|url| RedisSettings::place(url)))
}

/// The same of PostgreSQL.
fn without_postgres_secrets<S: serde::Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&PostgresStore::place(url))
}
