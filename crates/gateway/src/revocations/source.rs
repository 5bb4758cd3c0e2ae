//! Where the list comes from: a server, which is Google's, or a file.

use std::{
    fs::{self, File, FileTimes},
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Uri,
    header::{AGE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED},
};
use tokio::time::timeout;

use super::RevocationList;
use crate::{
    play::{Exchange, read},
    secrets::SKEW,
};

/// Where the list comes from.
pub(super) enum Source {
    /// A server, and a file in which its list is kept for the next start.
    Server { server: Box<ListServer>, copy: Option<PathBuf> },
    /// A file, which somebody else keeps up to date.
    File(ListFile),
    /// Nowhere: no certificate is looked up.
    Nowhere,
}

/// What a source had.
pub(super) struct Loaded {
    /// The time of which this is the list, in seconds since 1970.
    pub(super) as_of: u64,
    /// By what it is known again.
    pub(super) mark: Mark,
    /// The list, unless it is the one that the mark was of.
    pub(super) list: Option<RevocationList>,
    /// As it was read.
    pub(super) text: Vec<u8>,
}

/// By what a list is known again without being read.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// What the server called it.
    validators: HeaderMap,
    /// Inode, length, and when anything of the file was changed last, in seconds and nanoseconds.
    file: Option<(u64, u64, i64, i64)>,
}

/// A server that has the list.
pub(super) struct ListServer {
    pub(super) exchange: Exchange,
    pub(super) uri: Uri,
    pub(super) timeout: Duration,
    pub(super) max_bytes: usize,
}

/// A file that holds the list.
#[derive(Clone)]
pub(super) struct ListFile {
    pub(super) path: PathBuf,
    pub(super) max_bytes: usize,
}

/// What a server calls a list, and what is asked for if it may be that one still (RFC 9110 §13.1).
const CONDITIONS: [(HeaderName, HeaderName); 2] = [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)];

impl ListServer {
    /// Asks for the list, unless it is still the one of this mark.
    pub(super) async fn load(&self, known: &Mark, now: u64) -> Result<Loaded, String> {
        timeout(self.timeout, self.ask(known, now)).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
    }

    async fn ask(&self, known: &Mark, now: u64) -> Result<Loaded, String> {
        let answer = self.exchange.get(&self.uri, known.validators.clone()).await.map_err(|lost| lost.to_string())?;
        // A cache on the way has kept it for so long.
        let as_of = now.saturating_sub(seconds(&answer, &AGE).unwrap_or(0));
        match answer.status() {
            StatusCode::NOT_MODIFIED if !known.validators.is_empty() => {
                Ok(Loaded { as_of, mark: known.clone(), list: None, text: Vec::new() })
            }
            StatusCode::OK => {
                let validators = CONDITIONS.into_iter().filter_map(|(name, condition)| {
                    let value: &HeaderValue = answer.headers().get(name)?;
                    Some((condition, value.clone()))
                });
                let mark = Mark { validators: validators.collect(), file: None };
                let text = read(answer, self.max_bytes).await.map_err(|lost| lost.to_string())?;
                let parsed = text.clone();
                let list = aside(move || RevocationList::parse(&parsed)).await?;
                Ok(Loaded { as_of, mark, list: Some(list), text: text.into() })
            }
            status => Err(status.to_string()),
        }
    }
}

/// A number of seconds in a header, if it is one.
fn seconds<T>(answer: &Response<T>, name: &HeaderName) -> Option<u64> {
    answer.headers().get(name)?.to_str().ok()?.parse().ok()
}

/// Does what takes its time, or waits for a disk, where no request waits for it.
pub(super) async fn aside<T, F>(work: F) -> Result<T, String>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, String> + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(error.to_string()))
}

impl ListFile {
    /// Reads the file, unless it is still the one of this mark. It is as old as the file's time of modification says.
    pub(super) async fn load(&self, known: &Mark, now: u64) -> Result<Loaded, String> {
        let (file, known) = (self.clone(), known.clone());
        aside(move || file.read(&known, now)).await
    }

    fn read(&self, known: &Mark, now: u64) -> Result<Loaded, String> {
        let named = |mistake: &dyn std::fmt::Display| format!("{}: {mistake}", self.path.display());
        let file = File::open(&self.path).map_err(|error| named(&error))?;
        let metadata = file.metadata().map_err(|error| named(&error))?;
        let as_of = u64::try_from(metadata.mtime()).unwrap_or(0);
        // What is dated ahead would never be too old.
        if as_of > now.saturating_add(SKEW) {
            return Err(named(&"its time of modification is yet to come"));
        }
        let stamp = (metadata.ino(), metadata.len(), metadata.ctime(), metadata.ctime_nsec());
        let mark = Mark { validators: HeaderMap::new(), file: Some(stamp) };
        if mark == *known {
            return Ok(Loaded { as_of, mark, list: None, text: Vec::new() });
        }
        let (mut text, limit) = (Vec::new(), self.max_bytes as u64);
        file.take(limit.saturating_add(1)).read_to_end(&mut text).map_err(|error| named(&error))?;
        if text.len() as u64 > limit {
            return Err(named(&format!("more than {limit} bytes")));
        }
        let list = RevocationList::parse(&text).map_err(|mistake| named(&mistake))?;
        Ok(Loaded { as_of, mark, list: Some(list), text })
    }
}

/// Keeps a list in a file, in the place of what is there: all of it or nothing.
pub(super) fn keep(path: &Path, text: &[u8], as_of: u64) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(&new)?;
    file.write_all(text)?;
    file.set_times(times(as_of))?;
    file.sync_all()?;
    fs::rename(&new, path)
}

/// Says in a file's time of modification of when the list in it is, if it is the one that was kept `since` then.
pub(super) fn confirm(path: &Path, since: u64, as_of: u64) -> io::Result<()> {
    let file = File::options().write(true).open(path)?;
    if u64::try_from(file.metadata()?.mtime()) != Ok(since) {
        return Err(io::Error::other("somebody has put another file there"));
    }
    file.set_times(times(as_of))
}

fn times(as_of: u64) -> FileTimes {
    FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(as_of))
}
