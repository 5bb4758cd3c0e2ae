//! A rehearsal: an application whose devices an authority of the operator's own vouches for, by explicit setting and for a time.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
    time::SystemTime,
};

use genuine::x509::{Certificate, SubjectKey, TrustAnchor};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use time::{Date, Month};

use super::{
    Application, Config,
    values::{Checked, Environment, Value},
};

/// The seconds of a day.
const DAY: u64 = 86_400;
/// How many days ahead a rehearsal may end: what takes longer is no rehearsal.
const LONGEST: u64 = 90;
/// What an authority's certificate holds that must not vouch for a rehearsal, as SHA-256 of its key and of its name: production has
/// nothing else of the test authority in it.
const TAKEN: [(&str, &str); 5] = [
    ("6dc25bb52319c203070383a254f776d6cce8d4412d9e7eff6655de0af56f67b6", APPLE),
    ("b08088ec23959841861618666bb6de8476248d56503cef05afa897f7a9d7399d", APPLE),
    ("37bf9aa22e92c56760607b19c3bcde653ccbd80454a2842dac1ea651a341749d", PUBLIC),
    // Of the test authority's intermediate, whose key is as public.
    ("fb311a1ca7523f8244dbc77521f91b011de431bdf495806bd80c2fd0c4bd2c25", PUBLIC),
    ("d8ab9430ea0a5825a975751d3af35bcd331e0a087b0ad033c325f8e0e25b2500", PUBLIC),
];
/// The same for the keys of Android phones: Google's roots, the one on P-256 of phones and emulators without secure hardware, the test
/// authorities' roots, and what stands below those for good.
const TAKEN_FOR_PHONES: [(&str, &str); 14] = [
    ("bd5413bca243d3cc63017d5ad7147a3ab9adcc2fe72e1d91cef97c9b9b2a30b4", GOOGLE),
    ("5a4d038b5f527d8b6f7a20c1e1fafa106f3aa4529c4551ff4cf6deb58772326b", GOOGLE),
    ("69bcb7bc4894bbc43914c6a655205d89f4b254cea2f1f5597e3788d7f6b80a10", GOOGLE),
    ("a7436f11df618b8f0342472550be3fc3cc147bc9ef172f05b506e237dcfeee3b", GOOGLE),
    ("9f80b6bbb1f79754b429d02738a037e55054d874d456e92996cbab5f00f6c4b7", SOFTWARE),
    ("875fcdca53472710a9b19b14f767f0436e7366098633404f24436b7e371e6b88", SOFTWARE),
    ("4522c3c243db34b424694317fc454d2dacfd0d436236bd5fd3489eeca9d0dadb", PUBLIC),
    ("4b0620f3fa6309e8124b07ad097e67eed1e042562ae9f208bd8af5351bc99349", PUBLIC),
    ("940e9e468e1ca36c3486edceeb9fe7e3530d3e9d0606e65da09aab3cf0bbce65", PUBLIC),
    ("ff31b74a99cfafd53973624848b42242cb6a19cd963de474da3390052a63f2b7", PUBLIC),
    // Both keys of `Droid CA2`, and of factories' batches on curves and with RSA.
    ("c1413b6b9e6816081a711bd2e00fb063f321aa46303c82ec76269961b2ba7c17", PUBLIC),
    ("4d0b38dd97a05ef121d48587dbd57e367d4bc6710155e956b8d8e61ae3d88b05", PUBLIC),
    ("c2f8daf5ba55e453bf0f320502ae15f0ce16f0cac8da660085bfdf26d316dd96", PUBLIC),
    ("792849ebe7ff746453684ff776332897f3987b0f547370a8a870b6057b7ff64e", PUBLIC),
];
const GOOGLE: &str = "is Google's, which vouches for real devices";
const APPLE: &str = "is Apple's, which vouches for real devices";
const SOFTWARE: &str = "is of Android's source: a key below it is public, and anybody would be accepted";
const PUBLIC: &str = "is a public test root: anybody can compute its key, and would be accepted";
/// SHA-256 of the key that verifies the tokens of the demonstration, in the form in which it is configured.
const PUBLIC_PLAY_KEY: &str = "f398950358d3e1784f3c05d1c287ee2b469315d6922a6b27f69870551335ee7c";

/// What makes an application a rehearsal.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rehearsal {
    /// The certificate, in PEM, of the authority that vouches for simulated devices in Apple's place.
    pub root: Option<PathBuf>,
    /// The certificate, in PEM, of the authority that vouches for the keys of simulated Android phones in Google's place.
    pub key_attestation_root: Option<PathBuf>,
    /// The last day, in UTC.
    pub until: Checked<Day>,
}

/// A day of the calendar, in UTC: how many days after the first one of 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(u64);

impl Value for Day {
    const FORM: &str = "this is no day such as 2026-12-31";

    fn read(text: &str) -> Option<Self> {
        let number = |range: Range<usize>| {
            text.get(range).filter(|part: &&str| part.bytes().all(|octet| octet.is_ascii_digit()))
        };
        if text.len() != 10 || text.get(4..5) != Some("-") || text.get(7..8) != Some("-") {
            return None;
        }
        let month = Month::try_from(number(5..7)?.parse::<u8>().ok()?).ok()?;
        let date = Date::from_calendar_date(number(0..4)?.parse().ok()?, month, number(8..10)?.parse().ok()?).ok()?;
        u64::try_from(date.midnight().assume_utc().unix_timestamp()).ok().map(|seconds| Self(seconds / DAY))
    }
}

impl Rehearsal {
    /// When it is over, in seconds since 1970: at the end of its last day.
    #[must_use]
    pub const fn end(&self) -> u64 {
        (self.until.value.0 + 1) * DAY
    }

    /// Whether it may begin now.
    ///
    /// # Errors
    ///
    /// What is wrong with its end.
    pub const fn expect_ahead(&self, now: u64) -> Result<(), &'static str> {
        if self.end() <= now {
            return Err("rehearsal.until: is over; take the application out of the configuration, or set another day");
        }
        if self.until.value.0 > now / DAY + LONGEST {
            return Err("rehearsal.until: at most 90 days ahead");
        }
        Ok(())
    }

    /// The certificate, in DER, of the authority that vouches for its devices; none if it has no devices of Apple's.
    ///
    ///
    /// # Errors
    ///
    /// Why the certificate is not one that may.
    pub fn certificate(&self) -> Result<Option<Vec<u8>>, String> {
        self.root.as_deref().map(read_root).transpose()
    }

    /// The certificate, in DER, of the authority that vouches for the keys of its Android phones; none if it has no such phones.
    ///
    /// # Errors
    ///
    /// Why the certificate is not one that may.
    pub fn key_attestation_certificate(&self) -> Result<Option<Vec<u8>>, String> {
        self.key_attestation_root.as_deref().map(read_key_attestation_root).transpose()
    }
}

/// The certificate of a root, found to be one that may vouch for a rehearsal.
fn read_root(path: &Path) -> Result<Vec<u8>, String> {
    let refuse = |why: &str| format!("rehearsal.root: {}: {why}", path.display());
    let certificate = read_certificate(path).map_err(|why| refuse(&why))?;
    let form = "is no certificate of an authority with a key on P-384";
    TrustAnchor::from_trusted_certificate(&certificate).map_err(|_| refuse(form))?;
    let parsed = Certificate::parse(&certificate).map_err(|_| refuse(form))?;
    let SubjectKey::P384(key) = parsed.key() else { return Err(refuse(form)) };
    let hashes = [key, parsed.subject()].map(sha256_hex);
    let taken = TAKEN.iter().find(|(hash, _)| hashes.iter().any(|own| own == hash));
    match taken {
        Some((_, why)) => Err(refuse(why)),
        None if parsed.issuer() != parsed.subject() => Err(refuse("is no root: somebody else signed it")),
        None => Ok(certificate),
    }
}

/// The certificate of a root for Android phones, likewise.
fn read_key_attestation_root(path: &Path) -> Result<Vec<u8>, String> {
    let refuse = |why: &str| format!("rehearsal.key_attestation_root: {}: {why}", path.display());
    let certificate = read_certificate(path).map_err(|why| refuse(&why))?;
    let form = "is no certificate of an authority with a key on P-256 or P-384, or for RSA of 2048, 3072 or 4096 bits";
    TrustAnchor::from_trusted_issuer(&certificate).map_err(|_| refuse(form))?;
    let parsed = Certificate::parse(&certificate).map_err(|_| refuse(form))?;
    let key: &[u8] = match parsed.key() {
        SubjectKey::P256(key) => key,
        SubjectKey::P384(key) => key,
        SubjectKey::Other { key, .. } => key,
        _ => return Err(refuse(form)),
    };
    let hashes = [key, parsed.subject()].map(sha256_hex);
    let taken = TAKEN_FOR_PHONES.iter().find(|(hash, _)| hashes.iter().any(|own| own == hash));
    match taken {
        Some((_, why)) => Err(refuse(why)),
        None if parsed.issuer() != parsed.subject() => Err(refuse("is no root: somebody else signed it")),
        None => Ok(certificate),
    }
}

/// The one certificate of a file in PEM, in DER.
fn read_certificate(path: &Path) -> Result<Vec<u8>, String> {
    let text = fs::read(path).map_err(|error| error.to_string())?;
    let certificates = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    match certificates.as_deref() {
        Ok([certificate]) => Ok(certificate.to_vec()),
        _ => Err("takes one certificate in PEM".to_owned()),
    }
}

fn sha256_hex(data: &[u8]) -> String {
    Sha256::digest(data).iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().concat()
}

impl Config {
    /// The applications of these names that are no rehearsals: what is open to all callers is not open to simulated ones.
    #[must_use]
    pub fn without_rehearsals(&self, mut names: Vec<String>) -> Vec<String> {
        let rehearsals = || self.applications.iter().filter(|application| application.rehearsal.is_some());
        names.retain(|name| !rehearsals().any(|application| application.name == *name));
        names
    }

    pub(super) fn check_rehearsals(&self, mistakes: &mut Vec<String>) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs());
        if self.allow_rehearsals && self.applications.iter().all(|application| application.rehearsal.is_none()) {
            mistakes.push("--rehearsal: no application has a rehearsal".to_owned());
        }
        for application in &self.applications {
            let mut expect = |right: bool, mistake: &str| {
                if !right {
                    mistakes.push(format!("application {:?}: {mistake}", application.name));
                }
            };
            let keys = || application.play.iter().flat_map(|play| &play.keys);
            expect(
                self.demo || keys().all(|keys| sha256_hex(keys.verification_key.as_bytes()) != PUBLIC_PLAY_KEY),
                "play.keys: are the demonstration's, which anybody can compute",
            );
            let Some(rehearsal) = &application.rehearsal else { continue };
            expect(self.allow_rehearsals, "rehearsal: takes --rehearsal on the command line as well");
            if let Err(mistake) = rehearsal.expect_ahead(now) {
                expect(false, mistake);
            }
            expect(
                self.applications.len() > 1 || !self.callers.is_empty(),
                "rehearsal: it calls no route unless callers names it",
            );
            expect(
                rehearsal.root.is_some() != application.app_ids.is_empty(),
                "rehearsal.root: goes with app_ids, whose devices it vouches for; one without the other has no use",
            );
            expect(
                rehearsal.key_attestation_root.is_some() == application.key_attestation.is_some(),
                "rehearsal.key_attestation_root: goes with key_attestation, whose keys it vouches for; one without the other has no use",
            );
            let roots = [
                rehearsal.root.as_deref().map(read_root),
                rehearsal.key_attestation_root.as_deref().map(read_key_attestation_root),
            ];
            for root in roots.into_iter().flatten() {
                if let Err(mistake) = root {
                    expect(false, &mistake);
                }
            }
            expect(
                application.app_ids.is_empty() || application.environment == Environment::Development,
                "environment: a rehearsal takes DEVELOPMENT, which its tokens then say",
            );
            let client_id =
                |application: &Application| application.oauth_client.as_ref().map(|client| client.client_id.clone());
            let real = self.applications.iter().filter(|other| other.rehearsal.is_none());
            expect(
                !real.filter_map(client_id).any(|theirs| Some(theirs) == client_id(application)),
                "oauth_client.client_id: an application that is no rehearsal has it, and OAuth servers know no other name",
            );
            let Some(play) = &application.play else { continue };
            expect(
                play.environment == Environment::Development,
                "play.environment: a rehearsal takes DEVELOPMENT, which its tokens then say",
            );
            expect(!play.standard, "play.standard: Google's server opens no tokens of a rehearsal");
            let real = self.applications.iter().filter(|other| other.rehearsal.is_none());
            let mut real = real.flat_map(|other| &other.play).flat_map(|play| &play.keys);
            expect(
                !real.any(|theirs| keys().any(|own| own.shares_with(theirs))),
                "play.keys: an application that is no rehearsal has one of them",
            );
        }
        for rule in self.forward_auth.iter().filter(|rule| rule.callers.is_none()) {
            if !self.callers().is_empty() && self.without_rehearsals(self.callers()).is_empty() {
                mistakes.push(format!("forward_auth {:?}: callers: a rule has to name a rehearsal itself", rule.name));
            }
        }
    }
}
