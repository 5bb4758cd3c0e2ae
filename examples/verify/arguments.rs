//! The command line.

use std::{fs, path::Path};

use genuine::app_attest::{Counter, Environments};
use genuine_explain::{Anchors, CallerSide, ClientData, LastCounter, StoredKey, unix_time};

use crate::print::printable;

pub(crate) const USAGE: &str = "\
Usage: verify [OPTION]… FILE…      objects or vectors, `-` for standard input
       verify [OPTION]… FILE ID…   these vectors of a group
       verify                      the bundled vectors, good and tampered

A FILE holds an attestation or an assertion: binary, base64 of either alphabet (padded or not, with
line breaks or quotes), hexadecimal digits, or JSON: a vector with the caller's side, or a group of
them. Without the caller's side it is shown, and not verified.

  --app-id ID                  prefix, period and bundle identifier
  --key-id BASE64              the key identifier that the client sent
  --challenge TEXT             the challenge of an attestation; --challenge-b64 for bytes
  --client-data TEXT|@FILE     the client data of an assertion
  --client-data-hash-b64 HASH  the client data hash itself, or whatever the app passed for it
  --key KEY|@FILE              the attested key: base64 of 65 octets, of the 130 stored ones, or PEM
  --counter LAST               the counter last accepted for the key
  --environment NAME           production, development or any: which keys to accept; of a vector, not its own
  --at RFC3339                 verify attestations at this time: not now, nor at a vector's `valid_at`
  --root ROOT.pem              trust this certificate in the place of Apple's root; may be repeated
  --json                       one JSON object a line for each input
  --help                       this text

Exit status: 0 if every object is accepted, or answered as its vector expects; 1 if not, or if there
is no verdict because the caller's side is incomplete; 2 for wrong usage or an unreadable input.
";

#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) help: bool,
    pub(crate) json: bool,
    pub(crate) anchors: Anchors,
    pub(crate) side: CallerSide,
    pub(crate) files: Vec<Named>,
}

/// An input, and the ids that say which vectors of it are meant; none: all.
pub(crate) struct Named {
    pub(crate) file: String,
    pub(crate) ids: Vec<String>,
}

impl Arguments {
    /// Reads the arguments, and the files that they name with `@` or as a root.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut parsed = Self::default();
        let (mut data, mut hash) = (None, None);
        let mut has_options = false;
        while let Some(argument) = arguments.next() {
            let side = &mut parsed.side;
            let mut value = || {
                has_options = true;
                let value = arguments.next().ok_or_else(|| format!("{argument} needs a value"))?;
                // An empty value is a variable of the shell that was never set.
                if value.trim().is_empty() { Err(format!("{argument} has an empty value")) } else { Ok(value) }
            };
            match argument.as_str() {
                "--help" | "-h" => parsed.help = true,
                "--json" => parsed.json = true,
                "--app-id" => side.app_id = Some(value()?),
                "--key-id" => side.key_id = Some(value()?),
                "--challenge" => data = Some(value()?.into_bytes()),
                "--challenge-b64" => data = Some(base64(&argument, &value()?)?),
                "--client-data" => data = Some(text_or_file(&argument, value()?)?),
                "--client-data-hash-b64" => hash = Some(client_data_hash(&argument, &value()?)?),
                "--environment" => side.requirements.environment = Some(environment(&value()?)?),
                "--key" => side.public_key = Some(key(&argument, value()?)?),
                "--counter" => side.last_counter = Some(LastCounter::Is(counter(&value()?)?)),
                "--at" => side.at = Some(at(&value()?)?),
                "--root" => root(&mut parsed.anchors, &value()?)?,
                "-" => parsed.files.push(Named { file: argument, ids: Vec::new() }),
                option if option.starts_with('-') => return Err(format!("unknown option {}", printable(option))),
                _ => match parsed.files.last_mut().filter(|_| is_id(&argument)) {
                    Some(named) => named.ids.push(argument),
                    None => parsed.files.push(Named { file: argument, ids: Vec::new() }),
                },
            }
        }
        parsed.side.client_data = match (data, hash) {
            (data, Some(hash)) => Some(ClientData { data, hash }),
            (Some(data), None) => Some(ClientData::of_data(data)),
            (None, None) => None,
        };
        if (has_options || parsed.json) && parsed.files.is_empty() && !parsed.help {
            return Err("options need a FILE, or - for standard input".to_owned());
        }
        Ok(parsed)
    }
}

/// Whether it is `group::name`, and no file.
fn is_id(argument: &str) -> bool {
    argument.contains("::") && !Path::new(argument).exists()
}

fn base64(option: &str, text: &str) -> Result<Vec<u8>, String> {
    genuine_explain::from_base64(text.trim()).ok_or_else(|| format!("{option} {}: not base64", printable(text)))
}

/// A SHA-256 in hexadecimal digits is valid base64 too, of 48 octets that nobody meant.
fn client_data_hash(option: &str, text: &str) -> Result<Vec<u8>, String> {
    if text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(format!("{option} {text}: 64 hexadecimal digits, where base64 belongs"));
    }
    base64(option, text)
}

fn environment(name: &str) -> Result<Environments, String> {
    match name {
        "production" => Ok(Environments::Production),
        "development" => Ok(Environments::Development),
        "any" => Ok(Environments::ProductionAndDevelopment),
        _ => Err(format!("--environment {}: not production, development or any", printable(name))),
    }
}

fn text_or_file(option: &str, value: String) -> Result<Vec<u8>, String> {
    match value.strip_prefix('@') {
        Some(path) => fs::read(path).map_err(|error| format!("{option} @{}: {error}", printable(path))),
        None if Path::new(&value).is_file() => {
            Err(format!("{option} {0}: that is a file; to have it read, write @{0}", printable(&value)))
        }
        None => Ok(value.into_bytes()),
    }
}

fn key(option: &str, value: String) -> Result<StoredKey, String> {
    let named = |reason: String| format!("{option}: {reason}");
    let text = String::from_utf8(text_or_file(option, value)?).map_err(|error| named(error.to_string()))?;
    StoredKey::read(&text).map_err(named)
}

fn counter(text: &str) -> Result<Counter, String> {
    text.parse().map(Counter).map_err(|_| format!("--counter {}: not a number of 32 bits", printable(text)))
}

fn at(text: &str) -> Result<genuine::UnixTime, String> {
    unix_time(text)
        .ok_or_else(|| format!("--at {}: not a time in RFC 3339, such as 2026-01-31T12:00:00Z", printable(text)))
}

fn root(anchors: &mut Anchors, path: &str) -> Result<(), String> {
    let named = |reason: String| format!("--root {}: {reason}", printable(path));
    let text = fs::read(path).map_err(|error| named(error.to_string()))?;
    anchors.add_pem(&text).map_err(named)
}
