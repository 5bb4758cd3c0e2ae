//! Versions and builds of operating systems: what is read of a text, and which of two comes first.

use std::cmp::Ordering;

use genuine::{
    Error,
    app_attest::{OsBuild, OsVersion},
};

use crate::codes;

/// Two texts with a line feed between them, each as a version and as a build.
///
/// The engine reads what the model reads; two that it reads compare as the model has it, and two builds of one form as
/// their parts do.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (first, second) = text.split_once('\n').unwrap_or((&text, ""));
    let texts = [first, second];

    let (ours, theirs) = (texts.map(OsVersion::parse), texts.map(version));
    assert_eq!(ours.map(|version| version.is_some()), theirs.map(|version| version.is_some()), "{texts:?}");
    compare(ours, theirs);
    for (ours, [major, minor, patch]) in ours.into_iter().flatten().zip(theirs.into_iter().flatten()) {
        assert_eq!(ours, OsVersion::new(major, minor, patch));
        assert_eq!(OsVersion::parse(&ours.to_string()), Some(ours));
    }

    let (ours, theirs) = (texts.map(OsBuild::parse), texts.map(build));
    assert_eq!(ours.map(|build| build.is_some()), theirs.map(|build| build.is_some()), "{texts:?}");
    compare(ours, theirs);
}

fn compare<Ours: Ord, Theirs: Ord>(ours: [Option<Ours>; 2], theirs: [Option<Theirs>; 2]) {
    let order = |both: Option<(Ours, Ours)>| both.map(|(first, second)| first.cmp(&second));
    let [first, second] = ours;
    let ours = order(first.zip(second));
    let [first, second] = theirs;
    let theirs: Option<Ordering> = first.zip(second).map(|(first, second)| first.cmp(&second));
    assert_eq!(ours, theirs);
    // The verdict that a policy would come to.
    if let Some(order) = ours {
        codes::record(&if order == Ordering::Less { Err(Error::OsVersionTooOld) } else { Ok(()) });
    }
}

/// Up to a space: one to three numbers below 65,536, periods between them.
pub(super) fn version(text: &str) -> Option<[u16; 3]> {
    let numbers: Vec<_> = text.split(' ').next()?.split('.').map(number).collect::<Option<_>>()?;
    let mut version = [0; 3];
    for (position, number) in numbers.into_iter().enumerate() {
        *version.get_mut(position)? = number.try_into().ok()?;
    }
    Some(version)
}

/// Major number, letter, whether it is released, number, small letter: in the order in which they decide.
pub(super) type Build = (u16, char, bool, u32, Option<char>);

/// Digits, a capital letter, digits, a small letter or none; with a small letter only numbers of six
/// digits are released.
pub(super) fn build(text: &str) -> Option<Build> {
    let train = text.chars().find(|letter| !letter.is_ascii_digit()).filter(char::is_ascii_uppercase)?;
    let (major, rest) = text.split_once(train)?;
    let digits = rest.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    let letter = match &rest.as_bytes()[digits.len()..] {
        [] => None,
        [letter] => Some(char::from(*letter)),
        _ => return None,
    };
    let (major, number) = (number(major)?, number(digits)?);
    Some((major.try_into().ok()?, train, letter.is_none() || number.to_string().len() > 5, number, letter))
}

/// Digits and nothing else, a number of 32 bits.
fn number(digits: &str) -> Option<u32> {
    digits.parse().ok().filter(|_| digits.bytes().all(|digit| digit.is_ascii_digit()))
}

/// Versions and builds as Apple writes them, and what is none.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    [
        "18.5\n18.5.0",
        "16.4.1 (a)\n16.4.1",
        "27.0\n18",
        "65535.0.65536\n65536",
        "18..5\n+18.5",
        "24A435\n24B5089g",
        "24B82\n24B5089g",
        "20E252\n20E772520a",
        "24A5000\n24A4999a",
        "24A100000a\n24A99999a",
        "24A435aa\n24a435",
        "A435\n24A",
        "65536A1\n1A4294967296",
    ]
    .map(|texts| texts.as_bytes().to_vec())
    .to_vec()
}
