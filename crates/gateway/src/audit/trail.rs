//! The file: one line of JSON for each event, chained by hashes.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};

use super::{Latest, hex, now};
use crate::{gate::sha256, platform::date};

/// What the first line has in the place of a hash.
pub(super) const START: [u8; 32] = [0; 32];
/// How much of the file is read at a time, from its end.
const BLOCK: u64 = 64 * 1024;
/// More than the longest line has.
const LINE: u64 = 16 * 1024;

/// The file, open for appending by this process alone.
pub(super) struct Trail {
    path: PathBuf,
    file: File,
    /// How long it is, with whole lines alone.
    length: u64,
    /// The hash of the last line.
    previous: [u8; 32],
    /// Whether the file has nothing behind that length.
    sound: bool,
}

impl Trail {
    /// Opens the file, or makes it, readable by this user alone. What is left of a line that was not finished is cut off, and a line says so.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        file.try_lock().map_err(|_| io::Error::other("it is in use by another process"))?;
        let whole = file.metadata()?.len();
        let (length, last) = last_line(&mut file, whole)?;
        let previous = match &last {
            None => START,
            Some(line) => {
                let parsed: Option<Value> = serde_json::from_slice(line).ok();
                let is_ours = parsed.is_some_and(|line| line["previous"].is_string());
                if !is_ours {
                    return Err(io::Error::other("its last line is not one of an audit log"));
                }
                sha256(line)
            }
        };
        let mut trail = Self { path: path.to_owned(), file, length, previous, sound: true };
        if whole > length {
            let mut torn = vec![0; usize::try_from(whole - length).unwrap_or(usize::MAX)];
            trail.file.seek(SeekFrom::Start(length))?;
            trail.file.read_exact(&mut torn)?;
            trail.sound = false;
            let mut line = Map::new();
            line.insert("time".to_owned(), date(now()).into());
            line.insert("event".to_owned(), "torn".into());
            line.insert("octets".to_owned(), torn.len().into());
            line.insert("sha256".to_owned(), hex(&sha256(&torn)).into());
            trail.append(line)?;
            tracing::warn!(octets = torn.len(), "the audit log ended within a line, which was cut off");
        }
        Ok(trail)
    }

    /// Appends a line, and waits for the disk. Gives the line.
    pub(super) fn append(&mut self, mut line: Map<String, Value>) -> io::Result<String> {
        let (named, open) = (fs::metadata(&self.path)?, self.file.metadata()?);
        if (named.dev(), named.ino()) != (open.dev(), open.ino()) {
            return Err(io::Error::other("the file was moved: it is opened anew at start"));
        }
        if !self.sound {
            self.file.set_len(self.length)?;
            self.file.sync_all()?;
            self.sound = true;
        }
        line.insert("previous".to_owned(), json!(hex(&self.previous)));
        let text = Value::Object(line).to_string();
        self.sound = false;
        self.file.write_all(format!("{text}\n").as_bytes())?;
        self.file.sync_all()?;
        self.sound = true;
        self.length = self.length.saturating_add(text.len() as u64 + 1);
        self.previous = sha256(text.as_bytes());
        Ok(text)
    }

    /// The latest lines, or those that end before this place; `None` if no line ends there.
    pub(super) fn latest(&mut self, before: Option<u64>, most: usize) -> io::Result<Option<Latest>> {
        let end = before.unwrap_or(self.length);
        if end > self.length {
            return Ok(None);
        }
        let most_octets = LINE.saturating_mul(most as u64).max(BLOCK);
        let (mut start, mut octets) = (end, Vec::new());
        loop {
            let lines = octets.split(|octet| *octet == b'\n').count();
            // The last one ends, and the first one may begin earlier.
            if start == 0 || lines > most + 1 || end - start >= most_octets {
                break;
            }
            let block = BLOCK.min(start);
            start -= block;
            let mut earlier = vec![0; usize::try_from(block).unwrap_or_default()];
            self.file.seek(SeekFrom::Start(start))?;
            self.file.read_exact(&mut earlier)?;
            earlier.append(&mut octets);
            octets = earlier;
        }
        let Some(lines) = (if octets.is_empty() { Some(&octets[..]) } else { octets.strip_suffix(b"\n") }) else {
            return Ok(None);
        };
        let (mut entries, mut next) = (Vec::new(), end);
        for line in lines.rsplit(|octet| *octet == b'\n').filter(|line| !line.is_empty()).take(most) {
            let Ok(entry) = serde_json::from_slice(line) else { break };
            entries.push(entry);
            next = next.saturating_sub(line.len() as u64 + 1);
        }
        let next = (next > 0 && !entries.is_empty()).then_some(next);
        Ok(Some(Latest { entries, next, head: hex(&self.previous) }))
    }
}

/// Where the last whole line ends, and that line.
fn last_line(file: &mut File, whole: u64) -> io::Result<(u64, Option<Vec<u8>>)> {
    let mut start = whole.saturating_sub(BLOCK);
    loop {
        let mut octets = vec![0; usize::try_from(whole - start).unwrap_or_default()];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut octets)?;
        let end = octets.iter().rposition(|octet| *octet == b'\n');
        let begin = end.map(|end| octets[..end].iter().rposition(|octet| *octet == b'\n').map(|before| before + 1));
        match (end, begin) {
            (Some(end), Some(Some(begin))) => {
                return Ok((start + end as u64 + 1, Some(octets[begin..end].to_vec())));
            }
            (Some(end), Some(None)) if start == 0 => return Ok((end as u64 + 1, Some(octets[..end].to_vec()))),
            _ if start == 0 => return Ok((0, None)),
            _ => start = start.saturating_sub(BLOCK),
        }
    }
}
