//! Values that have a form of their own.

use genuine::{
    app_attest::{OsBuild, OsVersion},
    session::mode::ClientVersion,
};
use serde::{Deserialize, Serialize};

/// Octets in hex.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hex(pub Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // Some tools write a colon between octets.
        let digits = text
            .bytes()
            .filter(|octet| *octet != b':')
            .map(|digit| char::from(digit).to_digit(16))
            .collect::<Option<Vec<_>>>();
        let digits = digits.filter(|digits| !digits.is_empty()).ok_or("this is not hex")?;
        let (pairs, []) = digits.as_chunks() else { return Err("code_hashes: an odd number of hexadecimal digits") };
        let octet = |[high, low]: &[u32; 2]| u8::try_from(high << 4 | low);
        pairs.iter().map(octet).collect::<Result<_, _>>().map(Self).map_err(|_| "this is not hex")
    }
}

impl From<Hex> for String {
    fn from(octets: Hex) -> Self {
        octets.0.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().concat()
    }
}

/// A value with the text that it was read from.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(try_from = "String", into = "String", bound(deserialize = "T: Value", serialize = "T: Clone"))]
pub struct Checked<T> {
    text: String,
    /// What it says.
    pub value: T,
}

/// What the engine reads from text.
pub trait Value: Sized {
    /// What it looks like.
    const FORM: &str;

    /// Reads it.
    fn read(text: &str) -> Option<Self>;
}

impl Value for OsVersion {
    const FORM: &str = "this is no version such as 18.5 or 17.6.1";

    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Value for OsBuild {
    const FORM: &str = "this is no build such as 22F76";

    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl<T: Value> TryFrom<String> for Checked<T> {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let value = T::read(&text).ok_or(T::FORM)?;
        Ok(Self { text, value })
    }
}

impl<T> From<Checked<T>> for String {
    fn from(checked: Checked<T>) -> Self {
        checked.text
    }
}

impl Value for ClientVersion {
    const FORM: &str = "this is no version such as 3.15";

    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

/// Whose keys an application accepts.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Environment {
    /// Distributed apps.
    #[default]
    Production,
    /// Apps run from Xcode.
    Development,
}
