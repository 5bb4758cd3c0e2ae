//! Platforms, versions and builds of operating systems: what the leaf names and the policy compares.

use core::fmt;

/// The platform that the leaf of a key names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Platform<'a> {
    /// `iphoneos`: iPhone and iPad.
    IPhoneOs,
    /// `macosx`: Mac.
    MacOsX,
    /// Another name, which no leaf seen so far holds.
    Other(&'a str),
}

impl<'a> Platform<'a> {
    /// The platform of this name.
    #[must_use]
    pub fn named(name: &'a str) -> Self {
        match name {
            "iphoneos" => Self::IPhoneOs,
            "macosx" => Self::MacOsX,
            other => Self::Other(other),
        }
    }

    /// The name, as the leaf has it.
    #[must_use]
    pub const fn name(self) -> &'a str {
        match self {
            Self::IPhoneOs => "iphoneos",
            Self::MacOsX => "macosx",
            Self::Other(name) => name,
        }
    }
}

/// The version of an operating system: up to three numbers, those left out being zero, so that `18.5` and `18.5.0` are
/// equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OsVersion {
    major: u16,
    minor: u16,
    patch: u16,
}

impl OsVersion {
    /// The version of these three numbers.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }

    /// Reads one to three numbers with periods between them, such as `18`, `18.5` or `17.6.1`. What follows a space is passed
    /// over, as Apple writes `16.4.1 (a)` for a security response between two versions; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = [0; 3];
        let mut rest = text.as_bytes();
        for place in &mut numbers {
            let (digits, after) = split_digits(rest);
            *place = u16::try_from(number(digits)?).ok()?;
            match after {
                [] | [b' ', ..] => {
                    let [major, minor, patch] = numbers;
                    return Some(Self::new(major, minor, patch));
                }
                [b'.', more @ ..] => rest = more,
                _ => return None,
            }
        }
        None
    }
}

impl fmt::Display for OsVersion {
    /// Two numbers, or three where the third is not zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, patch } = self;
        if *patch == 0 { write!(f, "{major}.{minor}") } else { write!(f, "{major}.{minor}.{patch}") }
    }
}

/// The build of an operating system, such as `24A435`: a number that rises with each major version, the letter of a train, a
/// number within it, and in some builds a small letter.
///
/// Builds are ordered as Apple publishes them, which Apple documents nowhere: by major number, by letter, what comes before a
/// release before the releases, and by number. A small letter says that a build is not released yet: betas such as `24B5089g`,
/// and builds of before a beta such as `24A325b` in Apple's own sample. Only a security response has a small letter and is
/// released: `20E772520a`, with a number of six digits. Builds of different platforms do not compare: iOS 27.0 is `24A435`,
/// macOS 27.0 `26A428`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OsBuild {
    // The order of the fields is the order of builds.
    major: u16,
    train: u8,
    release: bool,
    number: u32,
    letter: u8,
}

/// The least number of a security response.
const SECURITY_RESPONSE: u32 = 100_000;

impl OsBuild {
    /// Reads a build; `None` for anything that is not of the form above.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (major, rest) = split_digits(text.as_bytes());
        let (&train @ b'A'..=b'Z', rest) = rest.split_first()? else {
            return None;
        };
        let (digits, rest) = split_digits(rest);
        let letter = match *rest {
            [] => 0,
            [letter @ b'a'..=b'z'] => letter,
            _ => return None,
        };
        let number = number(digits)?;
        let release = letter == 0 || number >= SECURITY_RESPONSE;
        Some(Self { major: u16::try_from(self::number(major)?).ok()?, train, release, number, letter })
    }
}

/// The digits at the start, and what follows.
fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|octet| !octet.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}

/// A number of digits alone; `None` for none and for more than fit.
fn number(digits: &[u8]) -> Option<u32> {
    let digit = |sum: u32, octet: &u8| match octet {
        b'0'..=b'9' => sum.checked_mul(10)?.checked_add(u32::from(octet & 0x0F)),
        _ => None,
    };
    if digits.is_empty() { None } else { digits.iter().try_fold(0, digit) }
}
