//! Whether an audit log is whole.

use std::{
    collections::BTreeSet,
    fmt,
    fs::File,
    io::{self, BufRead as _, BufReader},
    path::Path,
};

use serde_json::Value;

use super::{hex, trail::START};
use crate::gate::sha256;

/// What a log that is whole has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its lines.
    pub lines: u64,
    /// The SHA-256 of the last one, in hex.
    pub head: String,
    /// Changes of which nothing says what came of them: the gateway was killed meanwhile, or is at it.
    pub open: usize,
    /// The octets of a line that was not finished, after the last one.
    pub torn: usize,
}

/// Why a log is not whole.
#[derive(Debug)]
pub enum Broken {
    /// It cannot be read.
    Unreadable(io::Error),
    /// The line of this number is no line of a log, or does not follow the one before it.
    Line(u64),
    /// No line has the hash that one has to have.
    Missing,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::Line(number) => {
                write!(
                    f,
                    "line {number} does not follow the one before it: that one was changed, or lines are missing or were moved"
                )
            }
            Self::Missing => f.write_str("no line has this hash: the end is missing, or was changed"),
        }
    }
}

impl std::error::Error for Broken {}

/// Follows the hashes from the first line to the last one, and looks for the line of a hash that was noted elsewhere.
///
/// # Errors
///
/// Where the log is not whole.
pub fn verify(path: &Path, noted: Option<&str>) -> Result<Verified, Broken> {
    let mut reader = BufReader::new(File::open(path).map_err(Broken::Unreadable)?);
    let (mut lines, mut previous, mut open) = (0, START, BTreeSet::new());
    let mut found = noted.is_none();
    let torn = loop {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).map_err(Broken::Unreadable)?;
        let Some(line) = line.strip_suffix(b"\n") else {
            break line.len();
        };
        lines += 1;
        let parsed: Value = serde_json::from_slice(line).map_err(|_| Broken::Line(lines))?;
        if parsed["previous"] != hex(&previous) {
            return Err(Broken::Line(lines));
        }
        previous = sha256(line);
        found = found || noted.is_some_and(|noted| noted.eq_ignore_ascii_case(&hex(&previous)));
        let change = format!("{} {}", parsed["operator"], parsed["key"]);
        match parsed["event"].as_str() {
            Some("intent") => drop(open.insert(change)),
            Some("outcome") => drop(open.remove(&change)),
            _ => {}
        }
    };
    if found { Ok(Verified { lines, head: hex(&previous), open: open.len(), torn }) } else { Err(Broken::Missing) }
}
