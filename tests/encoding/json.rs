//! JSON against `serde_json`, which takes the same texts but for what this reader bounds or refuses beyond the grammar.

use std::collections::BTreeSet;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::json_reader::{JsonError, MAX_DEPTH, MAX_MEMBERS, Reader};

/// What `serde_json` says of a text: whether it is one value whose names are unique, and whose size is within the caps.
#[derive(Clone, Copy)]
struct Value {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Value {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("a name twice"));
            }
            members.next_value_seed(inner)?;
        }
        if names.len() > MAX_MEMBERS { Err(A::Error::custom("members")) } else { Ok(()) }
    }
}

impl Value {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH { Err(E::custom("depth")) } else { Ok(Self { depth: self.depth + 1 }) }
    }
}

///
/// `None` where it stops at a number that it cannot compute: this reader computes none that it passes over.
fn oracle(text: &[u8]) -> Option<bool> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read = Value { depth: 0 }.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    match read {
        Err(error) if error.to_string().starts_with("number out of range") => None,
        read => Some(read.is_ok()),
    }
}

fn pass(text: &[u8]) -> Result<(), JsonError> {
    let mut reader = Reader::new(text)?;
    reader.pass()?;
    reader.finish()
}

/// As [`pass`], with the outermost object read member by member.
fn walk(text: &[u8]) -> Result<(), JsonError> {
    let mut reader = Reader::new(text)?;
    let mut members = reader.object()?;
    while members.next(&mut reader, &["a", "b", "aud"])?.is_some() {
        reader.pass()?;
    }
    reader.finish()
}

/// A generator with a fixed seed (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

const NAMES: &[&str] =
    &[r#""a""#, r#""\u0061""#, r#""b""#, r#""""#, r#""aud""#, r#""\uD83D\uDE00""#, r#""😀""#, r#""\/""#];
const SCALARS: &[&str] =
    &["0", "-0", "1.5e-3", "1E9", "true", "false", "null", r#""x""#, r#""\"\\\b\f\n\r\t""#, "12345678901234567890"];
const SPACES: &[&str] = &["", "", "", " ", "\t", "\r\n"];
const FAULTS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u12",
    "\\ud800",
    "\\udc00\\ud800",
    "01",
    "+1",
    "-",
    ".5",
    "1.",
    "1e",
    "nul",
    "\u{1}",
    "\u{b}",
    "\u{feff}",
    "'",
    "//",
    "NaN",
    "é",
    "\\x",
    "\\u00e9",
    "\0",
    "\u{7f}",
    "\u{2028}",
];

fn value(random: &mut Random, depth: usize, text: &mut String) {
    text.push_str(random.of(SPACES));
    match random.below(if depth > 8 { 1 } else { 4 }) {
        2 => {
            text.push('{');
            for member in 0..random.below(4) {
                text.push_str(if member == 0 { "" } else { "," });
                text.push_str(random.of(SPACES));
                text.push_str(random.of(NAMES));
                text.push_str(random.of(SPACES));
                text.push(':');
                value(random, depth + 1, text);
            }
            text.push('}');
        }
        3 => {
            text.push('[');
            for item in 0..random.below(4) {
                text.push_str(if item == 0 { "" } else { "," });
                value(random, depth + 1, text);
            }
            text.push(']');
        }
        _ => text.push_str(random.of(SCALARS)),
    }
    text.push_str(random.of(SPACES));
}

/// Texts that are drawn, and the same with one place changed: both readers say the same of each.
#[test]
fn texts_are_taken_if_the_oracle_takes_them() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..60_000 {
        let mut text = String::new();
        value(&mut random, 0, &mut text);
        let mut texts = vec![text.clone().into_bytes()];
        let at = (0..=random.below(text.len() + 1)).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        texts.push([&text[..at], random.of(FAULTS), &text[at..]].concat().into_bytes());
        texts.push(text.as_bytes()[..at].to_vec());
        let mut octets = text.into_bytes();
        let place = random.below(octets.len());
        octets[place] = octets[place].wrapping_add(u8::try_from(random.below(255)).unwrap());
        texts.push(octets);
        for text in texts {
            let shown = String::from_utf8_lossy(&text);
            let Some(expected) = oracle(&text) else {
                continue;
            };
            assert_eq!(pass(&text).is_ok(), expected, "{shown}: {:?}", pass(&text));
            if pass(&text).is_ok() && shown.trim_start().starts_with('{') {
                assert_eq!(walk(&text), Ok(()), "{shown}");
            }
            *(if expected { &mut taken } else { &mut refused }) += 1;
        }
    }
    assert!(taken > 50_000 && refused > 50_000, "{taken} taken, {refused} refused");
}

/// Every text is read as `serde_json` reads it, by its characters and by comparison.
#[test]
fn strings_are_read_as_the_oracle_reads_them() {
    let mut random = Random(1);
    let pieces = [
        "a",
        "é",
        "😀",
        r"\u0041",
        r"\uD83D\uDE00",
        r"\udbff\udfff",
        r"\uFFFF",
        r#"\""#,
        r"\\",
        r"\/",
        r"\b",
        r"\f",
        r"\n",
        r"\r",
        r"\t",
        r"\u0000",
    ];
    for _ in 0..20_000 {
        let body: String = (0..random.below(6)).map(|_| random.of(&pieces)).collect();
        let text = format!("\"{body}\"");
        let expected: String = serde_json::from_str(&text).unwrap();
        let mut reader = Reader::new(text.as_bytes()).unwrap();
        let read = reader.text().unwrap();
        reader.finish().unwrap();
        assert_eq!(read.to_string(), expected);
        assert!(read == *expected.as_str() && read == read);
        assert_eq!(read.as_str().is_some(), !body.contains('\\'));
        assert!(read != *format!("{expected}a").as_str() && (expected.is_empty() || read != *""));
    }
}

fn integer(text: &str) -> Result<i64, JsonError> {
    let mut reader = Reader::new(text.as_bytes())?;
    let integer = reader.integer()?;
    reader.finish().map(|()| integer)
}

#[test]
fn integers_are_numbers_or_strings_of_64_bits() {
    for (text, value) in [
        ("0", 0),
        ("-0", 0),
        ("1790000000000", 1_790_000_000_000),
        ("\"1790000000000\"", 1_790_000_000_000),
        ("9223372036854775807", i64::MAX),
        ("\"-9223372036854775808\"", i64::MIN),
        (" 7 ", 7),
    ] {
        assert_eq!(integer(text), Ok(value), "{text}");
    }
    for text in [
        "9223372036854775808",
        "\"9223372036854775808\"",
        "1.0",
        "1e3",
        "\"1.0\"",
        "\"\"",
        "\"-\"",
        "\"+1\"",
        "\"01\"",
        "\" 1\"",
        "\"1 \"",
        "\"\\u0031\"",
        "true",
        "null",
        "[1]",
        "{}",
    ] {
        assert_eq!(integer(text), Err(JsonError::Type), "{text}");
    }
    for text in ["01", "+1", "-", "1.", ".1", "1e", "-a", ""] {
        assert!(
            matches!(integer(text), Err(JsonError::Malformed | JsonError::Trailing)),
            "{text}: {:?}",
            integer(text)
        );
    }
}

#[test]
fn dates_are_cut_off_at_the_second() {
    for (text, expected) in [
        ("4708683205.891912", Ok(4_708_683_205)),
        ("11833862400", Ok(11_833_862_400)),
        ("-1.9", Ok(-1)),
        ("0.999", Ok(0)),
        ("1e9", Err(JsonError::Type)),
        ("1.5e3", Err(JsonError::Type)),
        ("9223372036854775808", Err(JsonError::Type)),
        ("\"1\"", Err(JsonError::Type)),
        ("01", Err(JsonError::Trailing)),
    ] {
        let mut reader = Reader::new(text.as_bytes()).unwrap();
        assert_eq!(reader.numeric_date().and_then(|date| reader.finish().map(|()| date)), expected, "{text}");
    }
}

/// Each fault has its error, the caps at their edges.
#[test]
fn each_fault_has_its_error() {
    let list = |length: usize| format!("[{}]", vec!["0"; length].join(","));
    let object = |length: usize| {
        format!("{{{}}}", (0..length).map(|member| format!("\"{member}\":0")).collect::<Vec<_>>().join(","))
    };
    let deep = |depth: usize| [&"[".repeat(depth), "", &"]".repeat(depth)].concat();
    for (text, expected) in [
        (list(MAX_MEMBERS), Ok(())),
        (list(MAX_MEMBERS + 1), Ok(())),
        (list(2_000), Ok(())),
        (object(MAX_MEMBERS), Ok(())),
        (object(MAX_MEMBERS + 1), Err(JsonError::Limit)),
        (deep(MAX_DEPTH), Ok(())),
        (deep(MAX_DEPTH + 1), Err(JsonError::Limit)),
        (r#"{"a":1,"b":{"c":2,"c":3}}"#.into(), Err(JsonError::DuplicateName)),
        (r#"{"a":"}","b":[",\""],"a":3}"#.into(), Err(JsonError::DuplicateName)),
        (r#"{"x\u0079":1,"xy":2}"#.into(), Err(JsonError::DuplicateName)),
        (r#"{"a":1}{"#.into(), Err(JsonError::Trailing)),
        (r#"{"a":1,}"#.into(), Err(JsonError::Malformed)),
        (r#"{"a":1 "b":2}"#.into(), Err(JsonError::Malformed)),
        ("{a:1}".into(), Err(JsonError::Malformed)),
        (r#"{,"a":1}"#.into(), Err(JsonError::Malformed)),
        (r#"{"a":1"#.into(), Err(JsonError::Malformed)),
        ("[1 2]".into(), Err(JsonError::Malformed)),
        ("[1}".into(), Err(JsonError::Malformed)),
        ("1e999".into(), Ok(())),
        (String::new(), Err(JsonError::Malformed)),
    ] {
        assert_eq!(pass(text.as_bytes()), expected, "{text}");
        if text.starts_with('{') {
            assert_eq!(walk(text.as_bytes()), expected, "{text}");
        }
    }
    assert_eq!(pass(b"\"\xFF\""), Err(JsonError::Malformed));
    assert_eq!(walk(b"[]"), Err(JsonError::Type));
    assert_eq!(walk(b"?"), Err(JsonError::Malformed));
}

/// Known names are found whatever their escapes, twice the same is refused, and all others are passed over.
#[test]
fn members_are_found_by_name() {
    let mut reader = Reader::new(br#" { "z" : [1,{"b":2}] , "\u0062" : true , "a" : "A" } "#).unwrap();
    let mut members = reader.object().unwrap();
    assert_eq!(members.next(&mut reader, &["a", "b"]), Ok(Some(1)));
    assert_eq!(reader.boolean(), Ok(true));
    assert_eq!(members.next(&mut reader, &["a", "b"]), Ok(Some(0)));
    assert!(reader.text().unwrap() == *"A");
    assert_eq!(members.next(&mut reader, &["a", "b"]), Ok(None));
    assert_eq!(reader.finish(), Ok(()));
    assert_eq!(walk(br#"{"a":1,"\u0061":2}"#), Err(JsonError::DuplicateName));
}
