//! JSON as a tree that can hold what no serializer writes: a member twice, members in any order, and any text in their place.

use std::fmt::Write as _;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// An object: its members in their order. A name may be there twice.
    Object(Vec<(String, Json)>),
    /// An array.
    Array(Vec<Json>),
    /// A string, escaped when it is written.
    Text(String),
    /// A number.
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`.
    Null,
    /// What is written as it is: a number with a fraction, a string with escapes of one's own, no JSON at all.
    Raw(String),
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl Json {
    /// An object of these members.
    #[must_use]
    pub fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(members.map(|(name, value)| (name.to_owned(), value)).into())
    }

    /// An array of strings.
    #[must_use]
    pub fn texts(texts: &[&str]) -> Self {
        Self::Array(texts.iter().map(|text| Self::from(*text)).collect())
    }

    /// What is written as it is.
    #[must_use]
    pub fn raw(text: &str) -> Self {
        Self::Raw(text.to_owned())
    }

    /// Sets the member with this path, such as `requestDetails.nonce`; it stays in its place, or comes last if there was none.
    ///
    /// # Panics
    ///
    /// If the path leads through something that is no object.
    pub fn set(&mut self, path: &str, value: impl Into<Self>) {
        let (parent, name) = self.parent(path);
        match parent.iter_mut().find(|(found, _)| found == name) {
            Some((_, place)) => *place = value.into(),
            None => parent.push((name.to_owned(), value.into())),
        }
    }

    /// Adds a member behind the others, whether one with its name is there or not.
    ///
    /// # Panics
    ///
    /// As for [`set`](Self::set).
    pub fn add(&mut self, path: &str, value: impl Into<Self>) {
        let (parent, name) = self.parent(path);
        parent.push((name.to_owned(), value.into()));
    }

    /// Takes the member with this path out, and returns it.
    ///
    /// # Panics
    ///
    /// As for [`set`](Self::set), and if there is none.
    #[expect(clippy::return_self_not_must_use, reason = "most callers want it to be gone")]
    pub fn remove(&mut self, path: &str) -> Self {
        let (parent, name) = self.parent(path);
        let place = parent.iter().position(|(found, _)| found == name).unwrap_or_else(|| panic!("no {path}"));
        parent.remove(place).1
    }

    /// The members among which the last name of a path belongs; objects on the way are made where there are none.
    fn parent<'p>(&mut self, path: &'p str) -> (&mut Vec<(String, Self)>, &'p str) {
        let Self::Object(members) = self else { panic!("{path} leads through something that is no object") };
        let Some((first, rest)) = path.split_once('.') else {
            return (members, path);
        };
        let place = members.iter().position(|(name, _)| name == first).unwrap_or_else(|| {
            members.push((first.to_owned(), Self::Object(Vec::new())));
            members.len() - 1
        });
        members[place].1.parent(rest)
    }

    /// The text, without white space.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Object(members) => {
                text.push('{');
                for (position, (name, value)) in members.iter().enumerate() {
                    text.push_str(if position == 0 { "" } else { "," });
                    text.push_str(&quoted(name));
                    text.push(':');
                    value.write(text);
                }
                text.push('}');
            }
            Self::Array(items) => {
                text.push('[');
                for (position, item) in items.iter().enumerate() {
                    text.push_str(if position == 0 { "" } else { "," });
                    item.write(text);
                }
                text.push(']');
            }
            Self::Text(value) => text.push_str(&quoted(value)),
            Self::Integer(number) => write!(text, "{number}").expect("a String takes all text"),
            Self::Boolean(value) => write!(text, "{value}").expect("a String takes all text"),
            Self::Null => text.push_str("null"),
            Self::Raw(raw) => text.push_str(raw),
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}
