//! The file of API keys: read at start, and again while the gateway runs.

use std::{
    collections::HashMap,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Instant,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use time::{Date, Month};
use toml::value::Datetime;
use zeroize::Zeroizing;

use super::{
    are_scopes, is_name,
    key::{Key, Material, PREFIX},
};
use crate::complaint::Complaint;

/// The largest file, in octets.
const FILE: u64 = 8 << 20;
/// The most keys.
const KEYS: usize = 10_000;
/// How many mistakes are named at a time.
const MISTAKES: usize = 20;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// What a key may refer to.
#[derive(Clone, Debug, Default)]
pub struct KeyTerms {
    /// The names of the clients.
    pub clients: Vec<String>,
    /// The names of the tiers.
    pub tiers: Vec<String>,
}

/// The keys of a file, by their identifiers. Two are equal if they were read from the same octets.
#[derive(Default)]
pub struct KeyBook {
    read_from: [u8; 32],
    keys: HashMap<String, Arc<Key>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    #[serde(default)]
    keys: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    application: String,
    scopes: Vec<String>,
    tier: String,
    expires: Option<Datetime>,
    #[serde(default)]
    revoked: bool,
    salt: Option<String>,
    hash: Option<String>,
    signing_secret: Option<String>,
}

impl KeyBook {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// That it cannot be read or has more than 8 MiB, and what [`parse`](Self::parse) says; with its path.
    pub fn read(path: &Path, terms: &KeyTerms) -> Result<Self, Vec<String>> {
        let named = |mistake: &str| vec![format!("{}: {mistake}", path.display())];
        Self::parse(&read(path).map_err(|mistake| named(&mistake))?, terms)
            .map_err(|mistakes| mistakes.iter().flat_map(|mistake| named(mistake)).collect())
    }

    /// Takes the keys of a file, each of which has to be right.
    ///
    /// # Errors
    ///
    /// That it has not the form of a file of keys, or each mistake of its keys, up to 20. Of what is in the file they repeat an
    /// identifier and nothing else: a secret may stand in any other place.
    pub fn parse(text: &[u8], terms: &KeyTerms) -> Result<Self, Vec<String>> {
        let read_from = Sha256::digest(text).into();
        let text = std::str::from_utf8(text).map_err(|_| vec!["this is not UTF-8".to_owned()])?;
        let Listed { keys: entries } = toml::from_str(text).map_err(|error| vec![describe(&error, text)])?;
        if entries.len() > KEYS {
            return Err(vec![format!("more than {KEYS} keys")]);
        }
        let (mut keys, mut mistakes) = (HashMap::with_capacity(entries.len()), Vec::new());
        for (number, entry) in (1..).zip(entries) {
            let id = entry.id.clone();
            match entry.key(terms) {
                Ok(key) => {
                    if keys.insert(id.clone(), Arc::new(key)).is_some() {
                        mistakes.push(format!("keys {id:?}: another one has this id"));
                    }
                }
                Err(wrong) if is_id(&id) => mistakes.push(format!("keys {id:?}: {wrong}")),
                // It may be a whole key.
                Err(wrong) => mistakes.push(format!("keys, entry {number}: {wrong}")),
            }
        }
        mistakes.truncate(MISTAKES);
        if mistakes.is_empty() { Ok(Self { read_from, keys }) } else { Err(mistakes) }
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key of this identifier.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Key>> {
        self.keys.get(id)
    }
}

impl Entry {
    fn key(self, terms: &KeyTerms) -> Result<Key, String> {
        let Self { id, application, scopes, tier, expires, revoked, salt, hash, signing_secret } = self;
        if !is_id(&id) {
            return Err("id: gk_ and 16 characters of base64url".to_owned());
        }
        if !terms.clients.contains(&application) {
            return Err("application: there is no such client in api_keys.clients".to_owned());
        }
        if !terms.tiers.contains(&tier) {
            return Err("tier: there is no such one in api_keys.tiers".to_owned());
        }
        if !are_scopes(&scopes) {
            return Err("scopes: 1 to 16, each once, of 1 to 64 lower-case letters, digits and :._-".to_owned());
        }
        let material = match (&salt, &hash, &signing_secret) {
            (Some(salt), Some(hash), None) => Material::Bearer {
                salt: octets(salt).ok_or("salt: 16 octets in base64url, as --new-api-key prints them")?,
                hash: octets(hash).ok_or("hash: 32 octets in base64url, as --new-api-key prints them")?,
            },
            (None, None, Some(secret)) => Material::Signing(Zeroizing::new(
                octets(secret).ok_or("signing_secret: 32 octets in base64url, as --new-api-key prints them")?,
            )),
            _ => return Err("a key has salt and hash, or a signing_secret".to_owned()),
        };
        let expires = expires.map(|expires| seconds(&expires).ok_or(EXPIRES)).transpose()?;
        Ok(Key { application, scopes, tier, expires, revoked, material })
    }
}

const EXPIRES: &str =
    "expires: a date such as 2027-01-31, from which on the key is refused, or a time such as 2027-01-31T12:00:00Z";

/// What would be wrong with an entry that has this in it, for whoever makes one.
pub(super) fn expect_entry(
    application: &str,
    scopes: &[String],
    tier: &str,
    expires: Option<&str>,
) -> Result<(), String> {
    for (setting, name) in [("application", application), ("tier", tier)] {
        if !is_name(name) {
            return Err(format!("{setting}: a name is 1 to 64 lower-case letters, digits and hyphens"));
        }
    }
    let terms = KeyTerms { clients: vec![application.to_owned()], tiers: vec![tier.to_owned()] };
    let entry = Entry {
        id: format!("{PREFIX}{}", "A".repeat(16)),
        application: application.to_owned(),
        scopes: scopes.to_owned(),
        tier: tier.to_owned(),
        expires: expires.map(str::parse).transpose().map_err(|_| EXPIRES)?,
        revoked: false,
        salt: None,
        hash: None,
        signing_secret: Some(BASE64_URL_SAFE_NO_PAD.encode([0; 32])),
    };
    entry.key(&terms).map(drop)
}

/// Whether this is the public part of a key, in the form in which each is made.
fn is_id(text: &str) -> bool {
    let is_word = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    text.strip_prefix(PREFIX).is_some_and(|rest| rest.len() == 16 && rest.bytes().all(is_word))
}

/// The file's octets, up to the limit.
fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut text = Zeroizing::new(Vec::new());
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(FILE + 1).read_to_end(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > FILE { Err("more than 8 MiB".to_owned()) } else { Ok(text) }
}

fn octets<const N: usize>(text: &str) -> Option<[u8; N]> {
    Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).as_slice().try_into().ok()
}

/// Seconds since 1970, of a date or of a time in UTC.
fn seconds(of: &Datetime) -> Option<u64> {
    let date = of.date?;
    let day = Date::from_calendar_date(date.year.into(), Month::try_from(date.month).ok()?, date.day).ok()?;
    let days =
        day.to_julian_day().checked_sub(Date::from_calendar_date(1970, Month::January, 1).ok()?.to_julian_day())?;
    let of_day = match (of.time, of.offset) {
        (None, None) => 0,
        (Some(time), Some(toml::value::Offset::Z)) => {
            (i64::from(time.hour) * 60 + i64::from(time.minute)) * 60 + i64::from(time.second.unwrap_or(0))
        }
        _ => return None,
    };
    u64::try_from(i64::from(days) * DAY + of_day).ok()
}

/// What is wrong and where. Nothing of the text is repeated, no name of a field either: each may be a secret in the wrong place. A field
/// that is missing is one of ours.
fn describe(error: &toml::de::Error, text: &str) -> String {
    let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
    match error.message() {
        missing if missing.starts_with("missing field") => format!("line {line}: {missing}"),
        unknown if unknown.starts_with("unknown field") => format!("line {line}: unknown field"),
        _ => format!("line {line}: this is not of the form that docs/api-keys.md gives"),
    }
}

/// The file of keys, with what it held when it was read last.
pub struct KeyFile {
    path: PathBuf,
    terms: KeyTerms,
    current: RwLock<Arc<KeyBook>>,
    complaint: Mutex<Complaint>,
}

impl KeyFile {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// As for [`KeyBook::read`].
    pub fn open(path: &Path, terms: KeyTerms) -> Result<Self, Vec<String>> {
        let current = RwLock::new(Arc::new(KeyBook::read(path, &terms)?));
        Ok(Self { path: path.to_owned(), terms, current, complaint: Mutex::default() })
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> Arc<KeyBook> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the file again: whether what it holds is in use. If it cannot be taken, the log says so now and every ten minutes, and the
    /// old keys stay.
    pub fn renew(&self) -> bool {
        let read = read(&self.path).map_err(|mistake| vec![mistake]).and_then(|text| {
            let is_same = <[u8; 32]>::from(Sha256::digest(&text)) == self.keys().read_from;
            if is_same { Ok(None) } else { KeyBook::parse(&text, &self.terms).map(Some) }
        });
        let mut complaint = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(keys) => {
                *complaint = Complaint::default();
                if let Some(keys) = keys {
                    tracing::info!(keys = keys.len(), "api_keys.file: the API keys were read again");
                    *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
                }
                true
            }
            Err(mistakes) => {
                if complaint.is_due(&mistakes, Instant::now()) {
                    tracing::error!("api_keys.file: the API keys stay as they were: {}", mistakes.join("; "));
                }
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::seconds;

    /// By `date -u -d 2027-01-31 +%s`, and so on.
    #[test]
    fn dates_are_seconds_since_1970() {
        for (text, expected) in [
            ("1970-01-01", Some(0)),
            ("2027-01-31", Some(1_801_353_600)),
            ("2028-02-29T23:59:59Z", Some(1_835_481_599)),
            ("1969-12-31", None),
            ("2027-01-31T12:00:00", None),
            ("2027-01-31T12:00:00+01:00", None),
            ("12:00:00", None),
        ] {
            assert_eq!(seconds(&text.parse().unwrap()), expected, "{text}");
        }
    }
}
