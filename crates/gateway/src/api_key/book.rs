//! The file of API keys: read at start, and again while the gateway runs.

use std::{
    collections::HashMap,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use time::{Date, Month};
use toml::value::Datetime;
use zeroize::Zeroizing;

use super::{
    is_scope,
    key::{Key, Material, PREFIX},
};

/// The largest file, in octets.
const FILE: u64 = 8 << 20;
/// The most keys.
const KEYS: usize = 10_000;
/// The most scopes of a key: a request token has room for them.
const SCOPES: usize = 16;
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
    /// That it has not the form of a file of keys, or each mistake of its keys, up to 20. No secret is in them.
    pub fn parse(text: &[u8], terms: &KeyTerms) -> Result<Self, Vec<String>> {
        let read_from = Sha256::digest(text).into();
        let text = std::str::from_utf8(text).map_err(|_| vec!["this is not UTF-8".to_owned()])?;
        let Listed { keys: entries } = toml::from_str(text).map_err(|error| vec![describe(&error, text)])?;
        if entries.len() > KEYS {
            return Err(vec![format!("more than {KEYS} keys")]);
        }
        let (mut keys, mut mistakes) = (HashMap::with_capacity(entries.len()), Vec::new());
        for entry in entries {
            let id = entry.id.clone();
            match entry.key(terms) {
                Ok(key) => {
                    if keys.insert(id.clone(), Arc::new(key)).is_some() {
                        mistakes.push(format!("keys {id:?}: another one has this id"));
                    }
                }
                Err(wrong) => mistakes.push(format!("keys {id:?}: {wrong}")),
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
        let is_word = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
        let rest = id.strip_prefix(PREFIX).unwrap_or_default();
        if rest.len() != 16 || !rest.bytes().all(is_word) {
            return Err("id: gk_ and 16 characters of base64url".to_owned());
        }
        if !terms.clients.contains(&application) {
            return Err(format!("application: there is no client {application:?} in api_keys.clients"));
        }
        if !terms.tiers.contains(&tier) {
            return Err(format!("tier: there is no {tier:?} in api_keys.tiers"));
        }
        let is_twice = |scope: &String| scopes.iter().filter(|other| *other == scope).count() > 1;
        if !(1..=SCOPES).contains(&scopes.len())
            || !scopes.iter().all(|scope| is_scope(scope))
            || scopes.iter().any(is_twice)
        {
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

/// What is wrong and where. Only what TOML calls fields is repeated, and no value: one may be a secret in the wrong place.
fn describe(error: &toml::de::Error, text: &str) -> String {
    let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
    let message = error.message();
    let is_of_field = ["unknown field", "missing field", "duplicate"].iter().any(|known| message.starts_with(known));
    if is_of_field {
        format!("line {line}: {message}")
    } else {
        format!("line {line}: this is not of the form that docs/api-keys.md gives")
    }
}

/// The file of keys, with what it held when it was read last.
pub struct KeyFile {
    path: PathBuf,
    terms: KeyTerms,
    current: RwLock<Arc<KeyBook>>,
    /// What was wrong when it was read last, so that the log says it once.
    complaint: RwLock<Option<Vec<String>>>,
}

impl KeyFile {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// As for [`KeyBook::read`].
    pub fn open(path: &Path, terms: KeyTerms) -> Result<Self, Vec<String>> {
        let current = RwLock::new(Arc::new(KeyBook::read(path, &terms)?));
        Ok(Self { path: path.to_owned(), terms, current, complaint: RwLock::new(None) })
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> Arc<KeyBook> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the file again. If that fails, the log says so and the old keys stay.
    pub fn renew(&self) {
        let read = read(&self.path).map_err(|mistake| vec![mistake]).and_then(|text| {
            let is_same = <[u8; 32]>::from(Sha256::digest(&text)) == self.keys().read_from;
            if is_same { Ok(None) } else { KeyBook::parse(&text, &self.terms).map(Some) }
        });
        let mistakes = match read {
            Ok(None) => None,
            Ok(Some(keys)) => {
                tracing::info!(keys = keys.len(), "api_keys.file: the API keys were read again");
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
                None
            }
            Err(mistakes) => Some(mistakes),
        };
        let mut complaint = self.complaint.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(mistakes) = mistakes.as_ref().filter(|_| *complaint != mistakes) {
            tracing::error!("api_keys.file: the API keys stay as they were: {}", mistakes.join("; "));
        }
        *complaint = mistakes;
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
