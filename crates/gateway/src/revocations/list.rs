//! The list itself: serial numbers of certificates, and what is said of each.

use std::{borrow::Cow, collections::HashMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

/// As much is told of what stands in the place of a list, in characters.
const SHOWN: usize = 200;

/// What the list says of a certificate that is on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Listed {
    /// `SUSPENDED`: for the time being it is not to be believed.
    Suspended,
    /// `REVOKED`, or anything else that the list says of it: it is not to be believed again.
    Revoked,
}

/// Serial numbers of certificates that are revoked or suspended, in lower-case hexadecimal digits without leading zeros.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevocationList {
    entries: HashMap<Box<str>, Listed>,
    rewritten: usize,
}

impl RevocationList {
    /// Reads the form of Google's list: a JSON object whose member `entries` has a member for each certificate, named by its serial number
    /// in hexadecimal digits, with a `status`.
    ///
    /// What a later version of the form may add refuses devices and lets none in. Members beside these are passed over. An entry is one of
    /// a revoked certificate whatever it says, unless that is `SUSPENDED`. Of two entries of one serial number the worse counts. A serial
    /// number is read as hexadecimal digits also if all of them are decimal ones; capitals and leading zeros, which Google's list has none
    /// of, are [rewritten](Self::rewritten). A name that is no hexadecimal number at all makes the whole list none: what it stands for would
    /// pass. So it is with an entry of two statuses, of which nobody knows the right one, and with a list of nobody: hundreds are on
    /// Google's, and a later form may have them somewhere else.
    ///
    /// # Errors
    ///
    /// Why it is no list, with the line and the column.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let Document(list) = serde_json::from_slice(json).map_err(|error| match error.classify() {
            // It quotes what it found, of whatever length.
            serde_json::error::Category::Data => error.to_string().chars().take(SHOWN).collect(),
            _ => format!("this is no JSON: line {}, column {}", error.line(), error.column()),
        })?;
        if list.is_empty() { Err("entries: there is none".to_owned()) } else { Ok(list) }
    }

    /// What the list says of the certificate with this serial number, in lower-case hexadecimal digits without leading zeros.
    #[must_use]
    pub fn get(&self, serial: &str) -> Option<Listed> {
        self.entries.get(serial).copied()
    }

    /// How many certificates are on the list.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many serial numbers were written with capitals or leading zeros.
    #[must_use]
    pub const fn rewritten(&self) -> usize {
        self.rewritten
    }

    /// How many of the certificates on this list are not on the other one.
    #[must_use]
    pub fn beyond(&self, other: &Self) -> usize {
        self.entries.keys().filter(|serial| !other.entries.contains_key(*serial)).count()
    }
}

/// What the object as a whole holds.
struct Document(RevocationList);

/// What its member `entries` holds.
struct Entries(RevocationList);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DocumentVisitor)
    }
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the member entries")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Document, A::Error> {
        let mut list = None;
        while let Some(name) = members.next_key::<Cow<'_, str>>()? {
            if name != "entries" {
                members.next_value::<IgnoredAny>()?;
            } else if list.is_some() {
                return Err(A::Error::duplicate_field("entries"));
            } else {
                list = Some(members.next_value::<Entries>()?.0);
            }
        }
        list.map(Document).ok_or_else(|| A::Error::missing_field("entries"))
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a member for each serial number")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Entries, A::Error> {
        let mut list = RevocationList::default();
        while let Some(name) = members.next_key::<Cow<'_, str>>()? {
            if name.is_empty() || !name.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(A::Error::custom("entries: a name that is no serial number in hexadecimal digits"));
            }
            let serial = minimal(&name);
            list.rewritten += usize::from(serial != name);
            let Entry(listed) = members.next_value()?;
            let entry = list.entries.entry(serial.into()).or_insert(listed);
            *entry = listed.max(*entry);
        }
        Ok(Entries(list))
    }
}

/// A serial number in lower case and without leading zeros. That of zero is one zero.
fn minimal(serial: &str) -> String {
    let digits = serial.trim_start_matches('0');
    if digits.is_empty() { "0".to_owned() } else { digits.to_ascii_lowercase() }
}

/// What an entry says.
struct Entry(Listed);

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Entry, A::Error> {
        let mut listed = None;
        while let Some(name) = members.next_key::<Cow<'_, str>>()? {
            // Read, and not passed over, so that what is nested without end is refused.
            let value = members.next_value::<Value>()?;
            if name != "status" {
                continue;
            }
            if listed.is_some() {
                return Err(A::Error::duplicate_field("status"));
            }
            listed = Some(if value == "SUSPENDED" { Listed::Suspended } else { Listed::Revoked });
        }
        Ok(Entry(listed.unwrap_or(Listed::Revoked)))
    }

    // What is no object has no status.

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Entry, A::Error> {
        while items.next_element::<Value>()?.is_some() {}
        Ok(Entry(Listed::Revoked))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Entry, E> {
        Ok(Entry(Listed::Revoked))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Entry, E> {
        Ok(Entry(Listed::Revoked))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Entry, E> {
        Ok(Entry(Listed::Revoked))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Entry, E> {
        Ok(Entry(Listed::Revoked))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Entry, E> {
        Ok(Entry(Listed::Revoked))
    }

    fn visit_unit<E: Error>(self) -> Result<Entry, E> {
        Ok(Entry(Listed::Revoked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(json: &str) -> RevocationList {
        RevocationList::parse(json.as_bytes()).unwrap()
    }

    #[test]
    fn an_entry_refuses_whatever_it_says() {
        let list = list(
            r#"{"version": 2, "entries": {
                "a1": {"status": "REVOKED", "reason": "KEY_COMPROMISE", "comment": "…", "expires": "2027-01-01"},
                "b2": {"reason": "SOFTWARE_FLAW", "status": "SUSPENDED"},
                "c3": {"status": "WITHDRAWN"}, "c4": {}, "c5": null, "c6": "SUSPENDED", "c7": {"status": ["SUSPENDED"]},
                "c8": {"status": "suspended"}, "c9": {"state": {"status": "SUSPENDED"}}, "ca": ["status", "SUSPENDED"],
                "cb": true, "cc": 1, "cd": -1, "ce": 1.5
            }, "more": [{"entries": 1}]}"#,
        );
        assert_eq!((list.len(), list.get("a1"), list.get("b2")), (14, Some(Listed::Revoked), Some(Listed::Suspended)));
        for serial in ["c3", "c4", "c5", "c6", "c7", "c8", "c9", "ca", "cb", "cc", "cd", "ce"] {
            assert_eq!(list.get(serial), Some(Listed::Revoked), "{serial}");
        }
        assert_eq!((list.get("version"), list.get("d"), list.rewritten()), (None, None, 0));
    }

    /// The serial number 6681152659205225093 of a factory certificate, say: its digits are hexadecimal ones all the same.
    #[test]
    fn a_serial_number_is_hexadecimal_in_one_spelling() {
        let list = list(
            r#"{"entries": {"6681152659205225093": {"status": "REVOKED"}, "0A": {"status": "REVOKED"},
                "000": {"status": "REVOKED"}, "F00d": {"status": "REVOKED"}, "10": {"status": "REVOKED"}}}"#,
        );
        for serial in ["6681152659205225093", "a", "0", "f00d", "10"] {
            assert_eq!(list.get(serial), Some(Listed::Revoked), "{serial}");
        }
        for serial in ["0A", "0a", "A", "000", "", "16", "5cb8370ed15bfe85"] {
            assert_eq!(list.get(serial), None, "{serial}");
        }
        assert_eq!(list.rewritten(), 3);
    }

    #[test]
    fn of_two_entries_the_worse_counts() {
        for json in [
            r#"{"entries": {"1": {"status": "REVOKED"}, "1": {"status": "SUSPENDED"}}}"#,
            r#"{"entries": {"1": {"status": "SUSPENDED"}, "01": {"status": "REVOKED"}}}"#,
        ] {
            let list = list(json);
            assert_eq!((list.len(), list.get("1")), (1, Some(Listed::Revoked)));
        }
    }

    #[test]
    fn what_is_no_list_is_refused_as_a_whole() {
        for (json, expected) in [
            ("", "this is no JSON"),
            ("<html></html>", "this is no JSON: line 1, column 1"),
            (r#"{"entries": {"1": {"status": "REVOKED"}"#, "this is no JSON"),
            (r#"{"entries": {}} x"#, "this is no JSON"),
            ("{\"entries\": {\"1\": {\"reason\": \"\u{1}\"}}}", "this is no JSON"),
            ("null", "expected an object with the member entries"),
            (r#"[{"entries": {}}]"#, "expected an object with the member entries"),
            (r#"{"1": {"status": "REVOKED"}}"#, "missing field `entries`"),
            (r#"{"entries": {}, "entries": {}}"#, "duplicate field `entries`"),
            (r#"{"entries": ["1"]}"#, "expected an object with a member for each serial number"),
            (r#"{"entries": null}"#, "expected an object with a member for each serial number"),
            (r#"{"entries": {"": {"status": "REVOKED"}}}"#, "no serial number in hexadecimal digits"),
            (r#"{"entries": {"0x1": {"status": "REVOKED"}}}"#, "no serial number in hexadecimal digits"),
            (r#"{"entries": {"a b": {"status": "REVOKED"}}}"#, "no serial number in hexadecimal digits"),
            (r#"{"entries": {"1:2": {"status": "REVOKED"}}}"#, "no serial number in hexadecimal digits"),
            (r#"{"entries": {"1": {"status": "REVOKED", "status": "SUSPENDED"}}}"#, "duplicate field `status`"),
            (r#"{"entries": {"1": {"status": "REVOKED", "status": "REVOKED"}}}"#, "duplicate field `status`"),
            (
                r#"{"entries": {"1": {"status": null, "reason": "", "status": "SUSPENDED"}}}"#,
                "duplicate field `status`",
            ),
            (r#"{"entries": {}}"#, "entries: there is none"),
            (r#"{"version": 3, "entries": {}, "revoked": {"1": {"status": "REVOKED"}}}"#, "entries: there is none"),
        ] {
            let mistake = RevocationList::parse(json.as_bytes()).unwrap_err();
            assert!(mistake.contains(expected), "{json}: {mistake}");
        }
        assert!(RevocationList::parse(b"{\"entries\": {\"\xFF\": {}}}").is_err());
        let deep = format!("{{\"entries\": {{\"1\": {}{}}}}}", "[".repeat(500), "]".repeat(500));
        assert!(RevocationList::parse(deep.as_bytes()).is_err());
        // What is said goes to the log.
        let long = format!("\"{}\"", "x".repeat(100_000));
        assert_eq!(RevocationList::parse(long.as_bytes()).unwrap_err().chars().count(), SHOWN);
    }

    #[test]
    fn lists_are_compared_by_their_serial_numbers() {
        let [old, new] =
            [r#"{"entries": {"1": {}, "2": {}}}"#, r#"{"entries": {"2": {}, "3": {}, "4": {}}}"#].map(list);
        assert_eq!((new.beyond(&old), old.beyond(&new)), (2, 1));
    }
}
