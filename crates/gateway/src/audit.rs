//! The audit log: who changed what, and when. It is written before a change is made, and once more when it was.

mod trail;
mod verify;

use std::{
    fmt,
    fs::{self, OpenOptions},
    net::IpAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use genuine::UnixMillis;
use serde_json::{Map, Value, json};

use self::trail::Trail;
pub use self::verify::{Broken, Verified, verify};
use crate::{gate::sha256, operator::Operator, platform::date};

/// A change that an operator asks for.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who.
    pub operator: Operator,
    /// From where.
    pub address: Option<IpAddr>,
    /// What the request is called, if it says so.
    pub request_id: Option<String>,
    /// What makes it count once.
    pub key: String,
    /// What is done.
    pub action: &'static str,
    /// To which device, or to the devices of which account, by its hash.
    pub subject: Option<String>,
}

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The HTTP status.
    pub status: u16,
    /// Why it was refused; nothing if it was made.
    pub reason: Option<&'static str>,
}

/// The log could not be written. It has been logged why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unwritten;

/// Some lines of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Latest {
    /// Latest first.
    pub entries: Vec<Value>,
    /// Where those before them end, if there are any.
    pub next: Option<u64>,
    /// The SHA-256 of the last line of the whole log, in hex.
    pub head: String,
}

/// The audit log: the target `genuine::audit` of the gateway's log, and a file if there is one.
#[derive(Clone, Default)]
pub struct Audit(Option<Arc<Mutex<Trail>>>);

impl Audit {
    /// Whether a file could be opened there, without opening it as the log: another gateway may have it.
    ///
    /// # Errors
    ///
    /// Why it could not.
    pub fn check(path: &Path) -> Result<(), String> {
        let named = |error: &dyn fmt::Display| format!("audit: {}: {error}", path.display());
        if path.exists() {
            return OpenOptions::new().append(true).open(path).map(drop).map_err(|error| named(&error));
        }
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match fs::metadata(directory) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => Err(named(&"it stands in what is no directory")),
            Err(error) => Err(named(&error)),
        }
    }

    /// The log with this file.
    ///
    /// # Errors
    ///
    /// If it cannot be read or written, is another gateway's, or is no audit log.
    pub fn open(path: &Path) -> Result<Self, String> {
        let trail = Trail::open(path).map_err(|error| format!("audit: {}: {error}", path.display()))?;
        Ok(Self(Some(Arc::new(Mutex::new(trail)))))
    }

    /// Writes what an operator is about to do, to the disk if there is a file.
    ///
    /// # Errors
    ///
    /// If it could not be written: then it must not be done.
    pub async fn intent(&self, entry: &Entry) -> Result<(), Unwritten> {
        self.write(entry.line("intent")).await
    }

    /// Writes what came of it.
    ///
    /// # Errors
    ///
    /// If it could not be written. It has happened all the same.
    pub async fn outcome(&self, entry: &Entry, outcome: Outcome) -> Result<(), Unwritten> {
        let mut line = entry.line("outcome");
        line.insert("status".to_owned(), outcome.status.into());
        line.insert("outcome".to_owned(), outcome.reason.unwrap_or("done").into());
        self.write(line).await
    }

    async fn write(&self, line: Map<String, Value>) -> Result<(), Unwritten> {
        let Some(trail) = self.0.clone() else {
            let text = Value::Object(line).to_string();
            tracing::warn!(target: "genuine::audit", "{text}");
            return Ok(());
        };
        let written =
            tokio::task::spawn_blocking(move || trail.lock().unwrap_or_else(PoisonError::into_inner).append(line));
        match written.await {
            Ok(Ok(text)) => {
                let line = hex(&sha256(text.as_bytes()));
                tracing::warn!(target: "genuine::audit", line, "{text}");
                Ok(())
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "the audit log cannot be written");
                Err(Unwritten)
            }
            Err(_) => Err(Unwritten),
        }
    }

    /// The latest lines, or those that end before this place; `None` if there is no file, or no line ends there.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub async fn latest(&self, before: Option<u64>, most: usize) -> Result<Option<Latest>, Unwritten> {
        let Some(trail) = self.0.clone() else { return Ok(None) };
        let read = tokio::task::spawn_blocking(move || {
            trail.lock().unwrap_or_else(PoisonError::into_inner).latest(before, most)
        });
        match read.await {
            Ok(Ok(latest)) => Ok(latest),
            Ok(Err(error)) => {
                tracing::error!(%error, "the audit log cannot be read");
                Err(Unwritten)
            }
            Err(_) => Err(Unwritten),
        }
    }

    /// Whether there is a file.
    #[must_use]
    pub const fn has_file(&self) -> bool {
        self.0.is_some()
    }
}

impl Entry {
    fn line(&self, event: &str) -> Map<String, Value> {
        let Self { operator, address, request_id, key, action, subject } = self;
        let mut line = Map::new();
        for (name, value) in [
            ("time", json!(date(now()))),
            ("event", json!(event)),
            ("operator", json!(operator.name)),
            ("role", json!(operator.role.as_str())),
            ("shown", json!(operator.shown.as_str())),
            ("address", json!(address.map(|address| address.to_string()))),
            ("request_id", json!(request_id)),
            ("key", json!(key)),
            ("action", json!(action)),
            ("subject", json!(subject)),
        ] {
            if !value.is_null() {
                line.insert(name.to_owned(), value);
            }
        }
        line
    }
}

fn now() -> UnixMillis {
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    UnixMillis(now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX)))
}

/// Octets as text.
fn hex(octets: &[u8; 32]) -> String {
    octets.map(|octet| format!("{octet:02x}")).concat()
}
