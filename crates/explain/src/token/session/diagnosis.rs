//! What an answer means, and which usual mistake fits. Unverified: nothing here changes or replaces the engine's verdict. A secret
//! is in no sentence.

use genuine::{
    Error,
    crypto::{HmacSha256 as _, RustCrypto},
};
use serde_json::Value;

use super::{
    facts,
    run::{ATTESTATION, PROOF, Purpose, Run, bare_type},
    side::SessionKeys,
    steps::{authorization_hash, keys_in_words},
};
use crate::{
    model::{Decoding, Diagnosis, Finding, Missing, Outcome, Verdict},
    text::{from_base64, from_hex, listed, rfc_3339, shortened},
    token::header,
};

/// How much of a value that the token gives goes into a sentence, in characters.
const MAX_VALUE: usize = 80;

/// The first moment, in seconds, that is taken for milliseconds: of the year 5138, or of the year 1973 in milliseconds.
const MILLISECONDS: i64 = 100_000_000_000;

type Found = (Finding, String);

pub(super) fn of(run: &Run<'_>, verdict: &Verdict) -> Diagnosis {
    let mut tried = Vec::new();
    let (finding, sentence) = match verdict.error {
        None if verdict.verdict == Outcome::Accepted => found(Finding::Accepted, accepted(run)),
        None => found(Finding::Incomplete, incomplete(run, verdict)),
        Some(error) => of_failure(run, error, &mut tried),
    };
    let sentence = sentence + &notes(run, verdict);
    Diagnosis { unverified: true, finding, sentence, tried }
}

fn found(finding: Finding, sentence: impl Into<String>) -> Found {
    (finding, sentence.into())
}

/// A value of the token's, in quotes.
fn quoted(value: &str) -> String {
    format!("\"{}\"", shortened(value, MAX_VALUE))
}

fn claim(run: &Run<'_>, name: &str) -> String {
    run.claim(name).map_or_else(|| "nothing".to_owned(), |value| quoted(&facts::in_words(value)))
}

fn accepted(run: &Run<'_>) -> &'static str {
    match run.purpose() {
        Purpose::Proof => {
            "Verified. Left to you is that each proof is used once: remember its `jti` until it is too old."
        }
        _ => {
            "Verified. Left to you is whether it was revoked, and whether its `jti` was used before where it is good once."
        }
    }
}

fn incomplete(run: &Run<'_>, verdict: &Verdict) -> String {
    let missing: Vec<_> = verdict.missing.iter().map(|part| in_words(*part).to_owned()).collect();
    let so_far = match &run.side.keys {
        None => "The token is well-formed, and nothing proves who made it: anybody can write one. To verify it",
        Some(SessionKeys::Unproved(_)) => {
            "It is signed by the key that the attestation names. That stays unproved, because nobody showed that a trusted \
             attester made the attestation: its key is not published here. To verify it"
        }
        Some(_) => {
            "A key of yours signed it, and that alone is no verdict: whatever else this key signs would pass. To verify it"
        }
    };
    format!("{so_far}, give {}.", listed(&missing))
}

const fn in_words(part: Missing) -> &'static str {
    match part {
        Missing::TokenKey => "the secret or the public keys",
        Missing::AttesterKey => "the key of the attester to a verifier of both tokens",
        Missing::TokenType => "the type",
        Missing::Issuer => "the issuer",
        Missing::Audience => "the audience",
        Missing::MaxAge => "the greatest age",
        Missing::Challenge => "the challenge",
        Missing::Proof => "the proof of possession that came with it, to a verifier of both",
        _ => "the rest of your side",
    }
}

/// What is worth saying whatever the answer is.
fn notes(run: &Run<'_>, verdict: &Verdict) -> String {
    let mut notes = String::new();
    let is_clean = matches!(verdict.verdict, Outcome::Accepted | Outcome::Incomplete);
    if is_clean && run.claim("exp").and_then(facts::seconds).is_some_and(|expires| expires >= MILLISECONDS) {
        notes += " Its `exp` is in milliseconds, where seconds belong: it is good for ever.";
    }
    if run.token.decoding.contains(&Decoding::Scheme) {
        notes += " The name of the scheme was before it, as in a header of a request: a verifier takes what stands behind that.";
    }
    if is_clean && run.token.decoding.contains(&Decoding::WhiteSpace) {
        notes += " The token had line breaks or spaces in it, which the engine refuses: send it without.";
    }
    if let (true, Some(hash), Some(pay)) = (is_clean, authorization_hash(run), run.claim("pay")) {
        notes += if pay.as_str() == Some(hash.as_str()) {
            " Its claim `pay` is the hash of the Authorization header, a comparison that is left to you."
        } else {
            " Its claim `pay` is NOT the hash of the Authorization header, a comparison that is left to you."
        };
    }
    notes
}

fn of_failure(run: &Run<'_>, error: Error, tried: &mut Vec<String>) -> Found {
    match error {
        Error::TokenTooLarge => found(
            Finding::Length,
            "It is longer than 4 KiB, which this verifier takes and proxies let through: this is something else, or says too much.",
        ),
        Error::TokenSegments => of_segments(run),
        Error::TokenHeaderBase64 | Error::TokenPayloadBase64 | Error::TokenSignatureForm => of_base64(run, error),
        Error::TokenType => of_type(run),
        Error::TokenAlgorithm => of_algorithm(run),
        Error::TokenKeyMissing | Error::TokenKeyUnknown => found(
            Finding::OtherKey,
            format!(
                "The header names the key {}, and yours are {}. Give the key that the issuer has for it: keys may have been \
                 replaced, or the token is of another issuer.",
                run.parameter("kid").map_or_else(|| "by nothing".to_owned(), quoted),
                keys_in_words(run)
            ),
        ),
        Error::TokenForged => of_forged(run, tried),
        Error::TokenClaimType => of_claim_type(run),
        Error::TokenIssuer | Error::TokenAudience => of_party(run, error),
        Error::TokenExpired | Error::TokenNotYetValid | Error::TokenFromFuture | Error::TokenTooOld => {
            of_time(run, error)
        }
        Error::TokenBound => found(
            Finding::NeedsProof,
            "The token is bound to a key by `cnf`: it is no bearer token, and whoever stole it could not use it. It is good with a \
             proof of that key alone, sent as `DPoP` and verified together with it.",
        ),
        Error::AttestationChallenge => found(
            Finding::OtherBinding,
            format!(
                "The proof holds the challenge {}, and you gave {}: it was made for another one, or is a replay.",
                claim(run, "challenge"),
                run.side.challenge.as_deref().map_or_else(|| "none".to_owned(), quoted)
            ),
        ),
        Error::ConfigSecretLength => of_secret(run, tried),
        Error::ConfigDuplicateTokenKey => found(
            Finding::CallerSide,
            "Two of your keys have one `kid`, or none, so that nobody knows which of them counts. Nothing is known about the token.",
        ),
        Error::ConfigTokenPolicy => found(
            Finding::CallerSide,
            "The issuer, audience or type that you give is empty. Nothing is known about the token.",
        ),
        Error::ConfigKeyKind => found(
            Finding::CallerSide,
            "A proof of possession is signed with ES256, and you give a secret. Nothing is known about the token.",
        ),
        Error::ClockUnset => found(
            Finding::CallerSide,
            "The time of verification is zero: set the clock, or tell the time. Nothing is known about the token.",
        ),
        error => of_the_rest(error),
    }
}

fn of_the_rest(error: Error) -> Found {
    let finding = match error.step() {
        Some(genuine::Step::Session(genuine::session::Step::Header)) => Finding::OtherHeader,
        Some(genuine::Step::Session(genuine::session::Step::Payload)) => Finding::PayloadForm,
        _ => Finding::NoneFits,
    };
    found(finding, error.description())
}

fn of_segments(run: &Run<'_>) -> Found {
    let what = match run.segments.len() {
        5 => {
            return found(
                Finding::OtherSegments,
                "The text has five segments, so it is encrypted (JWE): a token of Play Integrity, for example, which is verified with \
                 the keys of the Play Console. Signed tokens have three.",
            );
        }
        1 => "1 segment".to_owned(),
        count => format!("{count} segments"),
    };
    found(
        Finding::OtherSegments,
        format!(
            "The text has {what}, and a signed token has three: it was cut off, or put together with something else."
        ),
    )
}

fn of_base64(run: &Run<'_>, error: Error) -> Found {
    let text = String::from_utf8_lossy(&run.token.text);
    let lower = text.trim_start().to_ascii_lowercase();
    let (part, segment) = match error {
        Error::TokenHeaderBase64 => ("header", 0),
        Error::TokenPayloadBase64 => ("payload", 1),
        _ => ("signature", 2),
    };
    let segment = run.segments.get(segment).copied().unwrap_or_default();
    let octets = header::decoded(segment).unwrap_or_default();
    let has = |wanted: &[u8]| segment.iter().any(|octet| wanted.contains(octet));
    let why = if ["bearer ", "dpop ", "authorization:"].iter().any(|scheme| lower.starts_with(scheme)) {
        "has the name of the scheme before it (`Bearer`, as in a header of a request). Give what stands behind that"
            .to_owned()
    } else if segment.iter().any(u8::is_ascii_whitespace) {
        "has white space or a line break in it. Send the token as one line".to_owned()
    } else if has(b"+/") {
        "is standard base64, and URL-safe base64 belongs there: `-` and `_` in the place of `+` and `/`".to_owned()
    } else if has(b"=") {
        "is padded base64, and base64url without `=` belongs there".to_owned()
    } else if has(b"%\\\"'") {
        "has quotes or escapes in it. Undo that encoding first".to_owned()
    } else if part == "signature" && segment.is_empty() {
        "is empty: nobody signed this token".to_owned()
    } else if part == "signature" && octets.first() == Some(&0x30) && (68..=72).contains(&octets.len()) {
        "is DER, as libraries for X.509 write it. ES256 is r and s, 32 octets each".to_owned()
    } else if part == "signature" && !octets.is_empty() {
        format!("has {} octets, and HS256 has 32, ES256 64. It was cut off, or is of another algorithm", octets.len())
    } else {
        "is not canonical base64url: it was cut off, or changed by hand".to_owned()
    };
    found(Finding::TokenText, format!("The {part} of the token {why}."))
}

fn of_type(run: &Run<'_>) -> Found {
    let found_type = run.parameter("typ");
    let what = match found_type.map(bare_type).as_deref() {
        Some("dpop+jwt") => " It is a proof of possession (DPoP), which comes with a token and is none.",
        Some(ATTESTATION) => " It is an attestation of an OAuth client, which is verified together with a proof.",
        Some(PROOF) => " It is the proof that comes with an attestation of an OAuth client.",
        Some("at+jwt") => " It is an access token of RFC 9068.",
        _ => "",
    };
    found(
        Finding::OtherHeader,
        format!(
            "The type (`typ`) is {}, and {} is required: a token of one kind is none of another.{what}",
            found_type.map_or_else(|| "missing".to_owned(), quoted),
            quoted(run.kind())
        ),
    )
}

fn of_algorithm(run: &Run<'_>) -> Found {
    let algorithm = run.parameter("alg").unwrap_or_default();
    let is_secret = matches!(run.side.keys, Some(SessionKeys::Secret(_)));
    let sentence = if algorithm.eq_ignore_ascii_case("none") {
        "The header says that nobody signed the token (`alg` is `none`): anybody can write one. Whoever accepts that accepts everything."
            .to_owned()
    } else if algorithm == "ES256" && is_secret {
        "The token is signed with a private key (ES256), and you give a secret: give the public keys of the issuer."
            .to_owned()
    } else if algorithm == "HS256" {
        "The token has a code of a secret (HS256), and you give public keys: give the secret. If the issuer signs with ES256, this \
         token is a forgery that takes the public key for a secret."
            .to_owned()
    } else if algorithm.is_empty() {
        "The header does not say with which algorithm the token is signed (`alg`).".to_owned()
    } else {
        format!(
            "The algorithm is {}, and this verifier takes HS256 with a secret and ES256 with a public key: one for each key, \
             never the one that a token asks for.",
            quoted(algorithm)
        )
    };
    found(Finding::OtherAlgorithm, sentence)
}

/// Other readings of a secret, each with its octets.
fn readings(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let octets = from_base64(text);
    let inner = octets.as_deref().and_then(|octets| std::str::from_utf8(octets).ok());
    let readings = [
        ("the text itself", Some(text.as_bytes().to_vec())),
        ("hexadecimal digits", from_hex(text)),
        ("base64 of base64", inner.and_then(from_base64)),
        ("base64 of hexadecimal digits", inner.and_then(from_hex)),
    ];
    readings.into_iter().filter_map(|(name, octets)| Some((name, octets?))).collect()
}

/// The reading of the secret that the code of the token is by.
fn reading_that_fits(run: &Run<'_>, tried: &mut Vec<String>) -> Option<&'static str> {
    let Some(SessionKeys::Secret(secret)) = &run.side.keys else { return None };
    let end = run.token.text.iter().rposition(|octet| *octet == b'.')?;
    let (signed, code) = (&run.token.text[..end], run.signature());
    let readings = readings(secret.text());
    tried.extend(readings.iter().map(|(name, _)| format!("the secret as {name}")));
    let fits = |octets: &[u8]| RustCrypto.hmac_sha256(octets, &[signed]).is_ok_and(|own| own.as_slice() == code);
    readings.into_iter().find(|(_, octets)| fits(octets)).map(|(name, _)| name)
}

fn in_place_of_base64(name: &str) -> Found {
    found(
        Finding::KeyForm,
        format!(
            "With the secret taken as {name} the code is right: that is what the issuer signs with. Give the base64 of those octets, \
             or mend the side that has them in another form."
        ),
    )
}

fn of_secret(run: &Run<'_>, tried: &mut Vec<String>) -> Found {
    if let Some(name) = reading_that_fits(run, tried) {
        return in_place_of_base64(name);
    }
    let length = match &run.side.keys {
        Some(SessionKeys::Secret(secret)) => from_base64(secret.text()).map(|octets| octets.len()),
        _ => None,
    };
    let what = length.map_or_else(
        || "is not base64. If it is text, give the base64 of its octets".to_owned(),
        |length| format!("has {length} octets when base64 is undone, and 32 to 64 belong there (RFC 7518 §3.2)"),
    );
    found(Finding::KeyForm, format!("The secret {what}. Nothing is known about the token."))
}

fn of_forged(run: &Run<'_>, tried: &mut Vec<String>) -> Found {
    if let Some(name) = reading_that_fits(run, tried) {
        return in_place_of_base64(name);
    }
    let what = if matches!(run.side.keys, Some(SessionKeys::Secret(_))) {
        "The code is not by this secret"
    } else {
        "The signature is not by this key"
    };
    found(
        Finding::OtherKey,
        format!(
            "{what}: the token is of another issuer or from before a change of keys, or it was altered after it was signed, in any \
             character of header or payload."
        ),
    )
}

fn of_claim_type(run: &Run<'_>) -> Found {
    let as_text = ["exp", "nbf", "iat"].into_iter().find(|name| run.claim(name).is_some_and(Value::is_string));
    match as_text {
        Some(name) => found(
            Finding::PayloadForm,
            format!(
                "The time `{name}` is the text {}, and a number of seconds since 1970 belongs there.",
                claim(run, name)
            ),
        ),
        None => found(Finding::PayloadForm, Error::TokenClaimType.description()),
    }
}

fn of_party(run: &Run<'_>, error: Error) -> Found {
    let (name, expected, what) = if error == Error::TokenIssuer {
        ("iss", &run.side.issuer, "issuer")
    } else {
        ("aud", &run.side.audience, "audience")
    };
    let same = |text: &str| text.trim().trim_end_matches('/').to_ascii_lowercase();
    let is_near = |expected: &str| {
        let value = run.claim(name);
        let items = value
            .and_then(Value::as_array)
            .map_or_else(|| value.into_iter().collect(), |items| items.iter().collect::<Vec<_>>());
        items.iter().any(|item| item.as_str().is_some_and(|item| same(item) == same(expected)))
    };
    let near = if expected.as_deref().is_some_and(is_near) {
        " They differ in capital letters, white space or a slash at the end, and are compared character by character."
    } else {
        ""
    };
    found(
        Finding::OtherParty,
        format!(
            "The {what} (`{name}`) is {}, and you require {}.{near}",
            claim(run, name),
            expected.as_deref().map_or_else(|| "another".to_owned(), quoted)
        ),
    )
}

fn of_time(run: &Run<'_>, error: Error) -> Found {
    let (name, what) = match error {
        Error::TokenExpired => ("exp", "It expired"),
        Error::TokenNotYetValid => ("nbf", "It is not valid before"),
        Error::TokenFromFuture => ("iat", "It was issued"),
        _ => ("iat", "It was issued too long ago,"),
    };
    let value = run.claim(name).and_then(facts::seconds).unwrap_or_default();
    if value >= MILLISECONDS {
        return found(
            Finding::Time,
            format!("Its `{name}` is {value}: that is in milliseconds, and seconds since 1970 belong there."),
        );
    }
    let at = run.claim(name).and_then(facts::time).unwrap_or_else(|| format!("{value} s after 1970"));
    let now = i64::try_from(run.now.0).unwrap_or(i64::MAX);
    let apart = now.saturating_sub(value).unsigned_abs();
    let why = match error {
        Error::TokenExpired => "Get a new one; to look at an old one, tell the time",
        Error::TokenTooOld => "Make a new proof for each request",
        _ if apart <= 300 => "Clocks differ: set them, or allow for a skew",
        _ => "The clock of the issuer or yours is wrong",
    };
    found(
        Finding::Time,
        format!("{what} at {at}, {apart} s from the time of verification, {}. {why}.", rfc_3339(run.now)),
    )
}
