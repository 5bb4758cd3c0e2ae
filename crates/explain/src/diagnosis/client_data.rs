//! The client data hash: which bytes, hashed how often.

use super::{Subject, after_trying, found};
use crate::{
    caller::{ClientData, sha256},
    model::{Diagnosis, Finding, Kind},
    text::{base64, base64url, from_base64, from_hex, hex, unix_time},
};

/// A client data hash that the app may have passed, and how it comes from what the caller gave.
struct Candidate {
    hash: Vec<u8>,
    what: String,
    /// One side took text, the other its bytes.
    text_or_bytes: bool,
}

/// What is taken for the thing to hash.
struct Reading {
    bytes: Vec<u8>,
    what: String,
    text_or_bytes: bool,
}

const TRIED: [&str; 5] = [
    "the bytes, and their text in base64, base64url and hexadecimal digits",
    "the text, and its bytes decoded from base64, base64url and hexadecimal digits",
    "hashed once, twice, or not at all",
    "the hash as hexadecimal or base64 text",
    "with and without a line break at the end, in quotes, in capital and small letters",
];

const ADVICE: &str =
    "Let app and server hash the same bytes: Apple asks for SHA-256 of the challenge or client data, once.";

/// The nonce of an attestation does not fit.
pub(super) fn of_nonce(subject: &Subject<'_>) -> Option<Diagnosis> {
    let attested = subject.attested?;
    let given = subject.side.client_data.as_ref()?;
    if let Some(candidate) = candidates(subject.kind, given).find(|candidate| attested.nonce_covers(&candidate.hash)) {
        return Some(other_hashing(given, &candidate));
    }
    let receipt = crate::receipt::Receipt::read(attested.object.receipt().as_unverified_bytes());
    let named = receipt.as_ref().and_then(|receipt| receipt.client_hash());
    let created = subject.facts.and_then(|facts| facts.receipt.as_ref()).and_then(|receipt| receipt.created.as_deref());
    // Nothing signs the receipt, so that it may hold anything in the place of a time.
    let created = created.filter(|time| unix_time(time).is_some()).unwrap_or("a time that the receipt does not tell");
    let tried = TRIED.map(str::to_owned).to_vec();
    if let Some(named) = named.filter(|named| attested.nonce_covers(named))
        && let Some(own) = made_of(named, "that").find(|candidate| candidate.hash == given.hash)
    {
        return Some(found(
            Finding::OtherHashing,
            format!(
                "The app passed {} (base64; so the receipt says, and the nonce fits) for the client data hash, and you \
                 verified with {}. {}{ADVICE}",
                base64(named),
                own.what,
                text_or_bytes(&own)
            ),
        ));
    }
    Some(match named {
        Some(named) if attested.nonce_covers(named) => after_trying(
            tried,
            Finding::SavedObject,
            format!(
                "The object was made for client data hash {} at {created} (so its receipt says, and the nonce fits), not for \
                 the one that you gave: an object that was saved earlier and sent again, or a challenge of another request. \
                 Let the app make a new key, attest it with the challenge of now, and send that at once.",
                base64(named)
            ),
        ),
        Some(named) if named == given.hash => after_trying(
            tried,
            Finding::ChangedAuthData,
            "The receipt names the client data hash that you gave, and yet the nonce does not fit: the authenticator data \
             was changed after Apple issued the certificate for it. Pass on the bytes that the device returned, unchanged.",
        ),
        Some(named) => after_trying(
            tried,
            Finding::NoneFits,
            format!(
                "None of the usual mistakes fits: the object was made for another challenge, or its authenticator data was \
                 changed. Its receipt names client data hash {} at {created}, which does not fit the nonce either; it may \
                 be the receipt of another object.",
                base64(named)
            ),
        ),
        None => {
            let otherwise = "the object was made for another challenge, as when it was saved earlier and sent again (its \
                             receipt, which would name it, cannot be read), or it was changed on its way";
            after_trying(tried, Finding::NoneFits, none_fits(given, otherwise))
        }
    })
}

/// The signature of an assertion does not verify.
pub(super) fn of_signature(subject: &Subject<'_>) -> Option<Diagnosis> {
    let asserted = subject.asserted?;
    let given = subject.side.client_data.as_ref()?;
    if let Some(candidate) = candidates(subject.kind, given).find(|one| asserted.signature_covers(&one.hash)) {
        return Some(other_hashing(given, &candidate));
    }
    let otherwise = "another key signed it (look up the key by the identifier that the client sends), or the client data is \
                     not byte for byte what the app hashed: take the body as it was received, not as JSON that was parsed \
                     and written again";
    Some(after_trying(TRIED.map(str::to_owned).to_vec(), Finding::NoneFits, none_fits(given, otherwise)))
}

fn other_hashing(given: &ClientData, candidate: &Candidate) -> Diagnosis {
    let own = if given.data.is_some() { "its SHA-256, hashed once" } else { "the hash as you gave it" };
    found(
        Finding::OtherHashing,
        format!(
            "The app passed {} for the client data hash, and you verified with {own}. {}{ADVICE}",
            candidate.what,
            text_or_bytes(candidate)
        ),
    )
}

const fn text_or_bytes(candidate: &Candidate) -> &'static str {
    if candidate.text_or_bytes { "One side takes the text and the other the bytes. " } else { "" }
}

fn none_fits(given: &ClientData, otherwise: &str) -> String {
    if given.data.is_some() {
        return format!("None of the usual mistakes in hashing fits, so {otherwise}.");
    }
    format!(
        "None of the usual mistakes fits the client data hash alone. Give the challenge or client data itself, so that text \
         or bytes, hashed or not, can be tried; if those do not fit either, {otherwise}."
    )
}

fn candidates(kind: Kind, given: &ClientData) -> impl Iterator<Item = Candidate> {
    let (octets, name) = match (&given.data, kind) {
        (Some(data), Kind::Attestation) => (data.as_slice(), "the challenge"),
        (Some(data), Kind::Assertion) => (data.as_slice(), "the client data"),
        (None, _) => (given.hash.as_slice(), "what you gave as the hash"),
    };
    made_of(octets, name)
}

fn made_of(octets: &[u8], name: &str) -> impl Iterator<Item = Candidate> {
    readings(octets, name).into_iter().flat_map(forms)
}

/// As text, as bytes, and as they change on their way.
fn readings(octets: &[u8], name: &str) -> Vec<Reading> {
    let as_given = Reading { bytes: octets.to_vec(), what: name.to_owned(), text_or_bytes: false };
    let mut list = vec![as_given];
    let mut push = |bytes: Vec<u8>, what: String, text_or_bytes| list.push(Reading { bytes, what, text_or_bytes });
    let unpadded = |text: String| text.trim_end_matches('=').to_owned();
    let padded = |text: String| {
        let missing = text.len().wrapping_neg() % 4;
        text + &"="[..].repeat(missing)
    };
    for (text, what) in [
        (base64(octets), "the base64 text of"),
        (unpadded(base64(octets)), "the base64 text without padding of"),
        (base64url(octets), "the base64url text of"),
        (padded(base64url(octets)), "the base64url text with padding of"),
        (hex(octets), "the hexadecimal text of"),
        (hex(octets).to_uppercase(), "the hexadecimal text in capital letters of"),
    ] {
        push(text.into_bytes(), format!("{what} {name}"), true);
    }
    let Ok(text) = std::str::from_utf8(octets) else { return list };
    if let Some(bytes) = from_hex(text.trim()) {
        push(bytes, format!("{name} decoded from hexadecimal digits"), true);
    }
    if let Some(bytes) = from_base64(text.trim()).filter(|bytes| !bytes.is_empty()) {
        push(bytes, format!("{name} decoded from base64"), true);
    }
    for (other, what) in [
        (text.trim_end().to_owned(), "without the white space at its end"),
        (format!("{text}\n"), "with a line break at its end"),
        (format!("\"{text}\""), "in double quotes"),
        (text.trim_matches('"').to_owned(), "without its double quotes"),
        (text.to_uppercase(), "in capital letters"),
        (text.to_lowercase(), "in small letters"),
    ] {
        if other != text {
            push(other.into_bytes(), format!("{name} {what}"), false);
        }
    }
    list
}

/// Hashed not at all, once and twice, and the hash as text.
fn forms(reading: Reading) -> Vec<Candidate> {
    let Reading { bytes, what, text_or_bytes } = reading;
    let once = sha256(&bytes);
    let list = [
        (once.to_vec(), format!("the SHA-256 of {what}")),
        (sha256(&once).to_vec(), format!("the SHA-256 of {what}, hashed once more")),
        (hex(&once).into_bytes(), format!("the SHA-256 of {what} as hexadecimal text")),
        (
            sha256(hex(&once).as_bytes()).to_vec(),
            format!("the SHA-256 of {what} as hexadecimal text, hashed once more"),
        ),
        (base64(&once).into_bytes(), format!("the SHA-256 of {what} as base64 text")),
        (sha256(base64(&once).as_bytes()).to_vec(), format!("the SHA-256 of {what} as base64 text, hashed once more")),
        (bytes, format!("{what} itself, not hashed")),
    ];
    list.into_iter().map(|(hash, what)| Candidate { hash, what, text_or_bytes }).collect()
}
