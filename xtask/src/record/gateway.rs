//! What the gateway takes, by store.

use serde::{Deserialize, Serialize};

use super::{Origin, Record};

/// All of it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// What the benches printed.
    printed: String,
    /// Where it comes from.
    origin: Origin,
    /// One for each store.
    store: Vec<Store>,
}

/// Under the load of the fleet.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Store {
    name: String,
    /// Accepted assertions.
    per_second: u64,
    /// Milliseconds until the answer.
    p50: f64,
    p99: f64,
    /// Microseconds of the server's processor time for each accepted assertion.
    processor: u64,
    /// Per cent of it that signatures take.
    signatures: u64,
}

impl Record for Gateway {
    const NAME: &'static str = "gateway";
    const WRITER: &'static str = "cargo xtask gateway-load --write";
}

impl Gateway {
    /// All, in Markdown.
    #[must_use]
    pub fn table(&self) -> String {
        let row = |store: &Store| {
            let Store { name, per_second, p50, p99, processor, signatures } = store;
            format!("| {name} | {per_second} | {p50:.2} ms | {p99:.2} ms | {processor} µs | {signatures} % |\n")
        };
        format!(
            "{}\n\n| store | assertions a second | p50 | p99 | CPU of the server for each | of it in signatures |\n\
             |---|---:|---:|---:|---:|---:|\n{}\n```text\n{}```\n",
            self.origin,
            self.store.iter().map(row).collect::<String>(),
            self.printed
        )
    }
}
