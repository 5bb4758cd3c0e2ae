//! A new API key: `genuine-gateway --new-api-key CLIENT --kind bearer|signing --scopes a,b --tier TIER [--expires DATE]`.

use std::fmt::Write as _;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::{
    book::expect_entry,
    key::{ID, PREFIX, SALT, SECRET, hash_of},
};

/// How the command is typed.
pub const USAGE: &str = "usage: genuine-gateway --new-api-key CLIENT --kind bearer|signing --scopes A,B --tier TIER [--expires YYYY-MM-DD]

Prints the entry for the file of keys on standard output, and on standard error what the client gets: the secret is shown once.
";

/// A key that is to be made.
#[derive(Debug, PartialEq, Eq)]
pub struct NewKey {
    application: String,
    is_signing: bool,
    scopes: Vec<String>,
    tier: String,
    expires: Option<String>,
}

impl NewKey {
    /// Reads the arguments of the command. `None` if they are those of something else, or are not all there.
    #[must_use]
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let (mut application, mut kind, mut scopes, mut tier, mut expires) = (None, None, None, None, None);
        while let Some(argument) = arguments.next() {
            let place = match argument.as_str() {
                "--new-api-key" => &mut application,
                "--kind" => &mut kind,
                "--scopes" => &mut scopes,
                "--tier" => &mut tier,
                "--expires" => &mut expires,
                _ => return None,
            };
            if place.replace(arguments.next()?).is_some() {
                return None;
            }
        }
        let is_signing = match kind?.as_str() {
            "bearer" => false,
            "signing" => true,
            _ => return None,
        };
        let scopes = scopes?.split(',').map(str::to_owned).collect();
        Some(Self { application: application?, is_signing, scopes, tier: tier?, expires })
    }

    /// That the gateway would take the entry: the rules are those by which it reads the file, where one wrong entry keeps all others out.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub fn expect_right(&self) -> Result<(), String> {
        expect_entry(&self.application, &self.scopes, &self.tier, self.expires.as_deref())
    }

    /// Makes it: the entry for the file, and what the client gets.
    ///
    /// # Errors
    ///
    /// If the system has no randomness.
    pub fn make(&self) -> Result<(String, Zeroizing<String>), getrandom::Error> {
        let id = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(random::<ID>()?));
        let secret = Zeroizing::new(random::<SECRET>()?);
        let text = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*secret));
        let mut entry =
            format!("\n[[keys]]\nid = {id:?}\napplication = {:?}\nscopes = {:?}\n", self.application, self.scopes);
        let _ = writeln!(entry, "tier = {:?}", self.tier);
        if let Some(expires) = &self.expires {
            let _ = writeln!(entry, "expires = {expires}");
        }
        if self.is_signing {
            let _ = writeln!(entry, "signing_secret = {:?}", *text);
            return Ok((entry, Zeroizing::new(format!("keyid:  {id}\nsecret: {}\n", *text))));
        }
        let salt = random::<SALT>()?;
        let hash = BASE64_URL_SAFE_NO_PAD.encode(hash_of(&salt, &secret));
        let _ = writeln!(entry, "salt = {:?}\nhash = {hash:?}", BASE64_URL_SAFE_NO_PAD.encode(salt));
        Ok((entry, Zeroizing::new(format!("key: {id}.{}\n", *text))))
    }
}

fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets)?;
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::NewKey;
    use crate::api_key::{KeyBook, KeyTerms};

    fn parse(text: &str) -> Option<NewKey> {
        NewKey::parse(text.split_whitespace().map(str::to_owned))
    }

    const ALL: &str = "--new-api-key partner-web --kind bearer --scopes orders:read,orders:write --tier partner";

    #[test]
    fn r69_r70_an_entry_is_read_and_holds_no_secret() {
        let terms = KeyTerms { clients: vec!["partner-web".to_owned()], tiers: vec!["partner".to_owned()] };
        for (kind, is_bearer) in [("bearer", true), ("signing", false)] {
            let (entry, shown) = parse(&ALL.replace("bearer", kind)).unwrap().make().unwrap();
            assert_eq!(KeyBook::parse(entry.as_bytes(), &terms).unwrap().len(), 1);
            let secret = shown.trim().rsplit(['.', ' ']).next().unwrap();
            assert_eq!(secret.len(), 43);
            assert_eq!(entry.contains(secret), !is_bearer, "{kind}");
            let (again, _) = parse(ALL).unwrap().make().unwrap();
            assert_ne!(entry, again);
        }
        let (dated, _) = parse(&format!("{ALL} --expires 2027-01-31")).unwrap().make().unwrap();
        KeyBook::parse(dated.as_bytes(), &terms).unwrap();
    }

    #[test]
    fn what_the_file_would_not_take_is_refused() {
        let many = (0..17).map(|number| format!("s{number}")).collect::<Vec<_>>().join(",");
        let dated = |date: &str| format!("{ALL} --expires {date}");
        parse(ALL).unwrap().expect_right().unwrap();
        parse(&dated("2027-01-31T12:00:00Z")).unwrap().expect_right().unwrap();
        for (text, expected) in [
            (ALL.replacen("partner-web", "Partner", 1), "application: a name is"),
            (ALL.replacen("partner-web", "a\"b", 1), "application: a name is"),
            (ALL.replacen("partner-web", &"a".repeat(65), 1), "application: a name is"),
            (ALL.replacen("--tier partner", "--tier a\"b", 1), "tier: a name is"),
            (ALL.replacen("orders:read,", "orders:read,,", 1), "scopes: 1 to 16"),
            (ALL.replacen("orders:read", "Orders", 1), "scopes: 1 to 16"),
            (ALL.replacen("orders:read", "orders:write", 1), "scopes: 1 to 16"),
            (ALL.replacen("orders:read", &many, 1), "scopes: 1 to 16"),
            (dated("31-01-2027"), "expires: a date"),
            (dated("2027-02-30"), "expires: a date"),
            (dated("soon"), "expires: a date"),
            (dated("1"), "expires: a date"),
            (dated("12:00:00"), "expires: a date"),
            (dated("2027-01-31T12:00:00"), "expires: a date"),
        ] {
            let wrong = parse(&text).unwrap().expect_right().unwrap_err();
            assert!(wrong.starts_with(expected), "{text}: {wrong}");
        }
        let empty = ["--new-api-key", "", "--kind", "bearer", "--scopes", "a", "--tier", "t"].map(str::to_owned);
        assert!(NewKey::parse(empty.into_iter()).unwrap().expect_right().is_err());
    }

    #[test]
    fn what_is_not_the_command_is_refused() {
        for (from, to) in [
            ("bearer", "other"),
            ("--kind bearer ", ""),
            ("--tier partner", ""),
            ("--tier partner", "--tier"),
            ("--tier", "--level"),
            ("--tier partner", "--tier partner --tier partner"),
        ] {
            let changed = ALL.replacen(from, to, 1);
            assert_eq!(parse(&changed), None, "{changed}");
        }
    }
}
