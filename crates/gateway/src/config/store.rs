//! Which store, and what of its address is told.

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::store::{Durability, PostgresStore};

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
        /// Whether a server on another machine may be reached without TLS.
        #[serde(default)]
        allow_plain: bool,
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

/// `memory`, `redb:PATH`, or an address of Redis or PostgreSQL. What the file says beside the address of the same kind stays.
pub(super) fn parse_store(text: &str, before: &Store) -> Option<Store> {
    let (ca, allow_plain, durability) = match before {
        Store::Postgres { ca, allow_plain, .. } => (ca.clone(), *allow_plain, Durability::default()),
        Store::Redis { durability, .. } => (None, false, *durability),
        _ => (None, false, Durability::default()),
    };
    match text.split_once(':') {
        None if text == "memory" => Some(Store::Memory {}),
        Some(("redb", path)) if !path.is_empty() => Some(Store::Redb { path: path.into() }),
        Some(("postgres" | "postgresql", _)) => Some(Store::Postgres { url: text.to_owned(), ca, allow_plain }),
        Some(("redis", _)) => Some(Store::Redis { url: text.to_owned(), durability }),
        _ => None,
    }
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
