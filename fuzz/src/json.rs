//! JSON as `serde_json` reads it, in a tree that keeps what it would drop, and what the engine's reader bounds or refuses
//! beyond the grammar.

use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::{Deserializer, value::RawValue};

/// How deep a value may be that no reader knows, and how many members there may be.
const MAX_DEPTH: usize = 8;
const MAX_MEMBERS: usize = 32;

/// Deeper than any reader goes: six levels of known objects, and eight of what is passed over.
const DEEPEST: usize = 16;

/// A value.
pub(crate) enum Tree {
    Null,
    Boolean(bool),
    /// As it is written, because no type computes every number.
    Number(String),
    /// Between the quotation marks as it is written, and what it means.
    Text(String, String),
    Array(Vec<Self>),
    /// The members in their order, those that stand twice among them.
    Object(Vec<(String, Self)>),
    /// An object or array at [`DEEPEST`], which nobody reads.
    Deep,
}

/// What is wrong with a text, or with a value in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Malformed,
    Trailing,
    Duplicate,
    Type,
    Limit,
}

/// Reads a text that has to be one object, and then what the object says.
///
/// The error is the first fault in the text. It is `None` where the text is not of the grammar: which fault a reader meets
/// first depends on what it reads before the place, and `serde_json` says nothing about that.
pub(crate) fn document<T>(text: &[u8], says: impl Fn(&Tree) -> Result<T, Fault>) -> Result<T, Option<Fault>> {
    let text = std::str::from_utf8(text).map_err(|_| Some(Fault::Malformed))?;
    match text.trim_start_matches([' ', '\t', '\n', '\r']).bytes().next() {
        Some(b'{') => {}
        Some(b'[' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9') => return Err(Some(Fault::Type)),
        _ => return Err(Some(Fault::Malformed)),
    }
    let mut values = Deserializer::from_str(text).into_iter::<&RawValue>();
    let tree = values.next().and_then(|raw| Tree::read(raw.ok()?.get(), 0)).ok_or(None)?;
    let rest = &text[values.byte_offset()..];
    let said = says(&tree)?;
    if rest.trim_start_matches([' ', '\t', '\n', '\r']).is_empty() { Ok(said) } else { Err(Some(Fault::Trailing)) }
}

impl Tree {
    /// Reads a text that holds one value, and no white space around it.
    fn read(raw: &str, depth: usize) -> Option<Self> {
        let tree = match raw.as_bytes().first()? {
            b'{' | b'[' if depth == DEEPEST => Self::Deep,
            b'{' => {
                let members = Deserializer::from_str(raw).deserialize_map(Members).ok()?;
                let read = |(name, raw): (String, &RawValue)| Some((name, Self::read(raw.get(), depth + 1)?));
                Self::Object(members.into_iter().map(read).collect::<Option<_>>()?)
            }
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
                Self::Array(items.iter().map(|raw| Self::read(raw.get(), depth + 1)).collect::<Option<_>>()?)
            }
            b'"' => Self::Text(raw[1..raw.len() - 1].to_owned(), serde_json::from_str(raw).ok()?),
            b't' | b'f' => Self::Boolean(raw == "true"),
            b'n' => Self::Null,
            _ => Self::Number(raw.to_owned()),
        };
        Some(tree)
    }

    pub(crate) fn text(&self) -> Result<String, Fault> {
        if let Self::Text(_, text) = self { Ok(text.clone()) } else { Err(Fault::Type) }
    }

    /// A string as it is written, where an escape is a character of no other meaning.
    pub(crate) fn raw_text(&self) -> Result<&str, Fault> {
        if let Self::Text(written, _) = self { Ok(written) } else { Err(Fault::Type) }
    }

    pub(crate) fn boolean(&self) -> Result<bool, Fault> {
        if let Self::Boolean(value) = self { Ok(*value) } else { Err(Fault::Type) }
    }

    /// An integer of 64 bits, as a number or as a string in which it is written as one, without escapes.
    pub(crate) fn integer(&self) -> Result<i64, Fault> {
        let (Self::Number(written) | Self::Text(written, _)) = self else { return Err(Fault::Type) };
        let digits = written.strip_prefix('-').unwrap_or(written);
        let is_integer = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        if !is_integer || digits.len() > 1 && digits.starts_with('0') {
            return Err(Fault::Type);
        }
        written.parse().map_err(|_| Fault::Type)
    }

    /// A list of strings.
    pub(crate) fn texts(&self) -> Result<Vec<String>, Fault> {
        let Self::Array(items) = self else { return Err(Fault::Type) };
        items.iter().map(Self::text).collect()
    }

    /// An object, of which these names are known: each value of theirs is handed on, and all others are passed over.
    pub(crate) fn members(
        &self,
        names: &[&str],
        mut each: impl FnMut(&str, &Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let Self::Object(members) = self else { return Err(Fault::Type) };
        walk(members, |name, value| if names.contains(&name) { each(name, value) } else { value.pass(0) })
    }

    /// Whether a value may be passed over.
    pub(crate) fn pass(&self, depth: usize) -> Result<(), Fault> {
        match self {
            Self::Deep => Err(Fault::Limit),
            Self::Array(_) | Self::Object(_) if depth == MAX_DEPTH => Err(Fault::Limit),
            Self::Array(items) => items.iter().try_for_each(|item| item.pass(depth + 1)),
            Self::Object(members) => walk(members, |_, value| value.pass(depth + 1)),
            Self::Null | Self::Boolean(_) | Self::Number(_) | Self::Text(..) => Ok(()),
        }
    }
}

/// The members in their order. One too many, or a name that stood before, is a fault before its value is looked at.
fn walk(members: &[(String, Tree)], mut each: impl FnMut(&str, &Tree) -> Result<(), Fault>) -> Result<(), Fault> {
    counted(members).enumerate().try_for_each(|(position, member)| {
        let (name, value) = member?;
        if members[..position].iter().any(|(before, _)| before == name) {
            return Err(Fault::Duplicate);
        }
        each(name, value)
    })
}

/// Members up to their cap.
fn counted<T>(items: &[T]) -> impl Iterator<Item = Result<&T, Fault>> {
    items.iter().enumerate().map(|(position, item)| if position < MAX_MEMBERS { Ok(item) } else { Err(Fault::Limit) })
}

/// All members of an object.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(member) = members.next_entry()? {
            all.push(member);
        }
        Ok(all)
    }
}
