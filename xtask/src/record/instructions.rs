//! The instructions of one verification on x86-64.

use serde::{Deserialize, Serialize};

use super::{Origin, Record, thousands};

/// All figures, in the order in which they are counted.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Instructions {
    /// Where they come from.
    pub origin: Origin,
    /// One for each kind.
    pub figure: Vec<Figure>,
}

/// One kind of verification.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The kind.
    pub name: String,
    /// Of one verification.
    pub instructions: u64,
}

impl Record for Instructions {
    const NAME: &'static str = "instructions";
    const WRITER: &'static str = "cargo xtask instructions --write";
}

impl Instructions {
    /// In Markdown.
    #[must_use]
    pub fn table(&self) -> String {
        let row = |figure: &Figure| format!("| {} | {} |\n", figure.name, thousands(figure.instructions));
        let rows: String = self.figure.iter().map(row).collect();
        format!("{}\n\n| | instructions |\n|---|---:|\n{rows}", self.origin)
    }
}
