//! Bytes that are not what a device gave: encoded twice, damaged, of another kind or another format.

use genuine::Error;

use super::{Subject, found};
use crate::{
    model::{Diagnosis, Finding, Kind},
    outline::{Outline, extension_entries},
    stage::Stage,
    text::{bytes, from_base64, from_hex, hex, listed, shortened},
};

/// U+FFFD in UTF-8: what a decoder puts in the place of bytes that are no text.
const REPLACEMENT: &[u8] = b"\xEF\xBF\xBD";

/// How much of a name that the object gives goes into a sentence, in characters.
const MAX_NAME: usize = 40;

/// The fixed fields before the extension map, in bytes.
const ATTESTED: usize = 164;
const ASSERTED: usize = 37;

pub(super) fn of(subject: &Subject<'_>, error: Error) -> Option<Diagnosis> {
    if !Stage::of(error).is_of_parsing() {
        return None;
    }
    let bytes = subject.object.bytes.as_slice();
    text_damage(bytes)
        .or_else(|| encoded_again(bytes))
        .or_else(|| other_thing(bytes))
        .or_else(|| other_kind(subject))
        .or_else(|| other_format(subject.outline))
        .or_else(|| fields(subject, error))
        .or_else(|| length(subject, error))
        .or_else(|| extension_map(subject, error))
}

/// By the first bytes, because a head of CBOR is no text.
fn text_damage(bytes: &[u8]) -> Option<Diagnosis> {
    let start = bytes.get(..64).unwrap_or(bytes);
    if bytes.starts_with(REPLACEMENT) {
        let count = bytes.windows(3).filter(|window| *window == REPLACEMENT).count();
        return Some(found(
            Finding::TextDamage,
            format!(
                "A binary object was put through a text string on its way: it starts with EF BF BD, which a UTF-8 decoder \
                 puts in the place of bytes that are no text, and {count} such places are lost for good. Send the bytes of \
                 the object as base64 (`Data.base64EncodedString()`) and decode them once."
            ),
        ));
    }
    // A2, A3 or A4 read as Latin-1 and written as UTF-8.
    let latin_1 = matches!(start, [0xC2, 0xA2..=0xA4, 0x60..=0x7B, ..]) && std::str::from_utf8(bytes).is_ok();
    latin_1.then(|| {
        found(
            Finding::TextDamage,
            "A binary object was put through a text string on its way: each byte from 80 on became two, as when Latin-1 is \
             written as UTF-8. Send the bytes of the object as base64 and decode them once.",
        )
    })
}

/// Base64 or hexadecimal digits where the object should be.
fn encoded_again(bytes: &[u8]) -> Option<Diagnosis> {
    let text = std::str::from_utf8(bytes).ok()?.trim().trim_matches('"');
    let (inner, encoding) = match from_hex(text) {
        Some(inner) => (inner, "hexadecimal digits"),
        None => (from_base64(&text.replace(['\r', '\n'], ""))?, "base64"),
    };
    let kind = Outline::of(&inner).kind()?;
    Some(found(
        Finding::DoubleBase64,
        format!(
            "The object was encoded twice: what was decoded is {encoding} once more, and the {} is inside. Decode once \
             more, or let the app encode only once.",
            kind.name()
        ),
    ))
}

/// What apps and servers hold beside objects, by size and first byte.
fn other_thing(bytes: &[u8]) -> Option<Diagnosis> {
    let what = match bytes {
        [0x30, _, ..] => "ASN.1, as receipts and certificates are",
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => {
            "text in UTF-16, as editors and shells of Windows write it: save it as UTF-8"
        }
        [0xFF, 0xD8, 0xFF, ..] => "a JPEG image",
        [0x1F, 0x8B, ..] => "compressed with gzip: decompress it first",
        [0x04, ..] if bytes.len() == 65 => "65 bytes that begin with 04, as a public key does",
        _ if bytes.len() == 32 => "32 bytes, as key identifiers, challenges and hashes have",
        _ => return None,
    };
    Some(found(
        Finding::OtherKind,
        format!("This is no object of App Attest but {what}. Give what `attestKey` or `generateAssertion` returned."),
    ))
}

fn other_kind(subject: &Subject<'_>) -> Option<Diagnosis> {
    let sentence = match (subject.kind, subject.detected?) {
        (Kind::Attestation, Kind::Assertion) => {
            "This is an assertion, which signs a request with a key that is registered already; an attestation was \
             expected. Verify it as an assertion, or let the app send what `attestKey` returned."
        }
        (Kind::Assertion, Kind::Attestation) => {
            "This is an attestation, which registers a new key; an assertion was expected. Verify it as an attestation, or \
             let the app send what `generateAssertion` returned."
        }
        _ => return None,
    };
    Some(found(Finding::OtherKind, sentence))
}

/// `fmt` of WebAuthn (§8), by name.
fn other_format(outline: &Outline) -> Option<Diagnosis> {
    let format = outline.format.as_deref().filter(|format| *format != "apple-appattest")?;
    let what = match format {
        "none" => "a passkey registration (WebAuthn) without attestation",
        "packed" => "a passkey registration (WebAuthn), signed by an authenticator or its maker",
        "apple" => {
            "Apple's anonymous attestation for passkeys (WebAuthn), which ACME device attestation uses as well, not App \
             Attest"
        }
        "tpm" | "android-key" | "android-safetynet" | "fido-u2f" | "compound" => {
            "an attestation of another WebAuthn authenticator"
        }
        _ => "a format that App Attest does not have",
    };
    Some(found(
        Finding::OtherFormat,
        format!(
            "This is no App Attest object: its `fmt` is {:?}, {what}. App Attest has `fmt` \"apple-appattest\", and \
             comes from `DCAppAttestService.attestKey`.",
            shortened(format, MAX_NAME)
        ),
    ))
}

fn fields(subject: &Subject<'_>, error: Error) -> Option<Diagnosis> {
    let Outline { keys, statement_keys, .. } = subject.outline;
    let (top, statement): (&[&str], &[&str]) = match subject.kind {
        Kind::Attestation => (&["fmt", "attStmt", "authData"], &["x5c", "receipt"]),
        Kind::Assertion => (&["signature", "authenticatorData"], &[]),
    };
    let missing = |known: &[&str], keys: &[String]| {
        let missing = known.iter().filter(|known| !keys.iter().any(|key| key == *known));
        missing.map(|known| format!("`{known}`")).collect::<Vec<_>>()
    };
    let unknown = |known: &[&str], keys: &[String]| {
        let unknown = keys.iter().filter(|key| !known.contains(&key.as_str()) && *key != "cdHash");
        unknown.map(|key| format!("{:?}", shortened(key, MAX_NAME))).collect::<Vec<_>>()
    };
    match error {
        Error::MissingField => {
            let fields = match missing(top, keys) {
                none if none.is_empty() => missing(statement, statement_keys),
                fields => fields,
            };
            Some(found(
                Finding::MissingField,
                format!(
                    "The object lacks {}, which every genuine {} has: it was taken apart and put together again on its way, \
                     or made by another tool. Pass on the bytes that the device returned, unchanged.",
                    listed(&fields),
                    subject.kind.name()
                ),
            ))
        }
        Error::UnknownField => {
            let fields = [unknown(top, keys), unknown(statement, statement_keys)].concat();
            Some(found(
                Finding::UnknownField,
                format!(
                    "The object has a field that does not belong there: {}. Nothing signs the outermost map, so somebody on \
                     the way added it; or, if many devices send it, Apple did: then this verifier has to learn it, and a \
                     report with the object helps.",
                    listed(&fields)
                ),
            ))
        }
        _ => None,
    }
}

fn length(subject: &Subject<'_>, error: Error) -> Option<Diagnosis> {
    let length = subject.object.bytes.len();
    let sentence = match error {
        Error::CborTruncated => format!(
            "The object ends too early, after {length} bytes: it was cut off on its way, as by a column or buffer that is \
             too short, or by base64 copied in part."
        ),
        Error::CborTrailing => format!(
            "The object is complete after {} bytes, and more follows ({}): {}.",
            length.saturating_sub(subject.outline.trailing),
            bytes(subject.outline.trailing),
            following(&subject.object.bytes[length.saturating_sub(subject.outline.trailing)..])
        ),
        Error::InputTooLarge => format!(
            "The object has {length} bytes, more than any {} has: something else was sent, or several objects at once.",
            subject.kind.name()
        ),
        _ => return None,
    };
    Some(found(Finding::Length, sentence))
}

/// What stands behind a complete object.
fn following(rest: &[u8]) -> String {
    if rest.iter().all(|octet| *octet == 0) {
        return "zeros, as of a buffer that was sent beyond its content".to_owned();
    }
    if rest.iter().all(u8::is_ascii_whitespace) {
        return "a line feed or other white space, as tools for text append it".to_owned();
    }
    match Outline::of(rest).kind() {
        Some(kind) => format!("another {}, so that two objects were joined", kind.name()),
        None => format!("it begins with {}; two things were joined", hex(rest.get(..16).unwrap_or(rest))),
    }
}

/// Where Apple adds things: which entry it is.
fn extension_map(subject: &Subject<'_>, error: Error) -> Option<Diagnosis> {
    let of_map = matches!(
        error,
        Error::ExtMapMalformed
            | Error::ExtMapLimit
            | Error::ExtMapIndefinite
            | Error::ExtMapNonCanonical
            | Error::ExtMapDuplicateKey
            | Error::AuthDataTrailing
    );
    if !of_map {
        return None;
    }
    let fixed = if subject.kind == Kind::Attestation { ATTESTED } else { ASSERTED };
    let map = subject.outline.auth_data.as_deref()?.get(fixed..).filter(|map| !map.is_empty())?;
    let entries = extension_entries(map);
    if entries.is_empty() {
        return None;
    }
    let entries: Vec<_> =
        entries.iter().map(|entry| format!("{:?} ({})", shortened(&entry.key, MAX_NAME), entry.value)).collect();
    Some(found(
        Finding::NotGenuine,
        format!(
            "The extension map of {} bytes behind the authenticator data is not as genuine ones are: it holds {}. This \
             verifier takes text keys with strict CBOR, without tags, within small limits. If many devices send this, Apple \
             changed something: report it with the object. Otherwise the object was changed or is made up.",
            map.len(),
            listed(&entries)
        ),
    ))
}
