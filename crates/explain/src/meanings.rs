//! What each code means, from the table that the engine's documentation has.

use genuine::Error;

const TABLE: &str = include_str!("../../../src/guide/errors.md");

/// The sentence of `src/guide/errors.md`.
pub(crate) fn meaning(error: Error) -> &'static str {
    let start = format!("| {} |", error.code());
    let row = TABLE.lines().find(|line| line.starts_with(&start));
    row.and_then(|row| row.trim_end_matches(['|', ' ']).rsplit_once("| ")).map_or("", |(_, meaning)| meaning)
}
