//! What an answer means, and which usual mistake fits. Unverified: nothing here changes or replaces the engine's
//! verdict.

use genuine::{
    Error,
    crypto::{RustCrypto, Sha256 as _},
    play_integrity::Binding,
};

use super::{
    facts, keys,
    run::{Run, text},
    side::PlayBinding,
    steps::seconds,
};
use crate::{
    model::{Decoding, Diagnosis, Finding, Missing, Outcome, Verdict},
    text::{base64, base64url, from_base64, from_hex, hex, listed, rfc_3339_millis, shortened},
    token::{
        header::{self, HeaderFacts, is_payload},
        model::TokenForm,
    },
};

/// How much of a value that the payload gives goes into a sentence, in characters.
const MAX_VALUE: usize = 80;

type Found = (Finding, String);

pub(super) fn of(run: &Run<'_>, verdict: &Verdict) -> Diagnosis {
    let mut tried = Vec::new();
    let (finding, sentence) = match verdict.error {
        None => without_failure(run, verdict),
        Some(error) => of_failure(run, error, &mut tried),
    };
    Diagnosis { unverified: true, finding, sentence, tried }
}

fn found(finding: Finding, sentence: impl Into<String>) -> Found {
    (finding, sentence.into())
}

/// A value of the payload's, in quotes.
fn quoted(value: &str) -> String {
    format!("\"{}\"", shortened(value, MAX_VALUE))
}

fn without_failure(run: &Run<'_>, verdict: &Verdict) -> Found {
    if verdict.verdict == Outcome::Accepted {
        return found(Finding::Accepted, accepted(run));
    }
    let missing: Vec<_> = verdict.missing.iter().map(|part| in_words(*part, run).to_owned()).collect();
    let so_far = if run.is_closed() {
        "The token has the form and the header of one of Play Integrity, which anybody can write, and nothing more is \
         known: to open it"
    } else if run.form == TokenForm::Compact && !run.is_signature_asked() {
        "The token was opened, and nothing proves that Google made it: whoever has the decryption key can make one. To \
         verify it"
    } else {
        "Nothing that could be checked is wrong, but this is no verdict: to verify it"
    };
    found(Finding::Incomplete, format!("{so_far}, give {}.", listed(&missing)))
}

fn in_words(part: Missing, run: &Run<'_>) -> &'static str {
    let has_hash =
        run.payload.is_some_and(|payload| payload.request.nonce.is_none() && payload.request.request_hash.is_some());
    match part {
        Missing::DecryptionKey => "the decryption key",
        Missing::VerificationKey => "the verification key",
        Missing::Package => "the package name",
        Missing::CertificateDigest => "the SHA-256 of the certificate that signs the app",
        Missing::Binding if has_hash => "the request hash",
        Missing::Binding => "the nonce",
        _ => "the rest of your side",
    }
}

fn accepted(run: &Run<'_>) -> String {
    let broken = run.token.decoding.contains(&Decoding::WhiteSpace);
    let breaks = if broken {
        " The token had line breaks or spaces in it, which the engine refuses: send it without."
    } else {
        ""
    };
    let test = run.payload.is_some_and(|payload| payload.is_test_response);
    let test = if test { " It is a test response, which a production server refuses." } else { "" };
    if run.form == TokenForm::Compact {
        return format!(
            "Verified. Left to you is that the nonce was yours and is used once: remember it until the token is too \
             old.{breaks}{test}"
        );
    }
    let keys = if run.side.keys.is_empty() {
        ""
    } else {
        " The keys were not asked: they open tokens, and this one is decoded."
    };
    format!(
        "Accepted as Google's answer, and nothing in it proves that it is: left to you is that your server fetched it \
         from playintegrity.googleapis.com itself and took it from nobody else, and that each token is used \
         once.{keys}{test}"
    )
}

fn of_failure(run: &Run<'_>, error: Error, tried: &mut Vec<String>) -> Found {
    match error {
        Error::PlayTooLarge | Error::PlayPayloadTooLarge => of_size(run),
        Error::PlaySegments => of_segments(run),
        Error::PlayBase64 => of_base64(run),
        Error::PlayHeaderTooLarge
        | Error::PlayHeaderMalformed
        | Error::PlayHeaderDuplicate
        | Error::PlayAlgorithm
        | Error::PlayEncryption
        | Error::PlayCompressed
        | Error::PlayCritical => of_header(run, error),
        Error::PlayNotOpened => of_not_opened(run),
        Error::PlayNotSigned
        | Error::PlayInnerHeader
        | Error::PlayInnerAlgorithm
        | Error::PlayInnerCritical
        | Error::PlaySignatureForm => of_inner(run, error),
        Error::PlaySignatureInvalid => of_signature(run, tried),
        Error::PlayJsonMalformed
        | Error::PlayJsonTrailing
        | Error::PlayJsonDuplicate
        | Error::PlayJsonType
        | Error::PlayJsonLimit
        | Error::PlayMemberMissing => of_json(run, error),
        Error::PlayRequestPackage | Error::PlayAppPackage => of_package(run, error),
        Error::PlayNonceMissing | Error::PlayRequestHashMissing => of_request_kind(run, error),
        Error::PlayNonceMismatch => of_nonce(run, tried),
        Error::PlayRequestHashMismatch => of_request_hash(run, tried),
        Error::PlayTooOld | Error::PlayFromFuture => of_time(run, error),
        Error::PlayTestResponse => found(
            Finding::TestResponse,
            "Somebody configured these verdicts in the Play Console for this account (Testing): they say nothing about \
             the device. A production server refuses them; to look at one, accept test responses.",
        ),
        Error::PlayAppNotRecognized | Error::PlayAppUnevaluated | Error::PlayLicensingUnevaluated => {
            of_evaluation(run, error)
        }
        Error::PlayCertificate => of_certificate(run),
        Error::PlayDeviceLabels => of_device(run),
        Error::PlayNotLicensed => of_licence(run),
        Error::PlayBindingLength => found(
            Finding::CallerSide,
            "What you expect is no nonce of 12 to 375 octets and no request hash of 1 to 500 bytes, and Google takes \
             no others. Nothing is known about the token.",
        ),
        Error::PlayConfigPackage => found(
            Finding::CallerSide,
            "The package name is empty: give that of your app. Nothing is known about the token.",
        ),
        Error::ClockUnset => found(
            Finding::CallerSide,
            "The time of verification is zero: set the clock, or tell the time. Nothing is known about the token.",
        ),
        Error::PlayConfigDuplicateKey
        | Error::PublicKeyInvalid
        | Error::PlayDecryptionKeyBase64
        | Error::PlayDecryptionKeyLength
        | Error::PlayVerificationKeyBase64
        | Error::PlayVerificationKeyForm => {
            let (finding, sentence) = keys::fault(&run.side.keys, error);
            found(finding, format!("{sentence} Nothing is known about the token."))
        }
        _ => found(Finding::NoneFits, error.description()),
    }
}

fn of_size(run: &Run<'_>) -> Found {
    let what = if run.form == TokenForm::Compact { "1,400 characters" } else { "1,000 bytes" };
    found(
        Finding::Length,
        format!("It is longer than any that Google makes, which have some {what}: this is something else."),
    )
}

fn of_segments(run: &Run<'_>) -> Found {
    let whole = String::from_utf8_lossy(&run.token.text);
    let segments: Vec<_> = run.token.text.split(|octet| *octet == b'.').collect();
    if whole.trim().is_empty() {
        return found(Finding::OtherSegments, "The token is empty: nothing was sent, or a variable was never set.");
    }
    if let Some(decoded) = of_json_text(&whole) {
        return decoded;
    }
    if let [one] = segments[..]
        && let Some(octets) = header::decoded(one)
    {
        if octets.starts_with(b"eyJ") && octets.contains(&b'.') {
            return found(
                Finding::DoubleBase64,
                "The token was encoded in base64 once more. It is text already: send it as it is.",
            );
        }
        if is_payload(&String::from_utf8_lossy(&octets)) {
            return found(
                Finding::AlreadyDecoded,
                "This is base64 of a payload: it was decoded already. Give the token as the app received it, or the \
                 payload as JSON.",
            );
        }
    }
    if segments.len() == 3 {
        let header = segments.first().and_then(|segment| HeaderFacts::of(segment));
        return if header.is_some_and(|header| header.has_certificates) {
            found(
                Finding::InnerLayer,
                "This is a JWS of three segments with certificates in its header (`x5c`), as SafetyNet had it, or of \
                 somebody's own making. Tokens of Play Integrity have five segments and no certificates; who trusts \
                 those in a header trusts whoever wrote it.",
            )
        } else {
            found(
                Finding::InnerLayer,
                "This is a JWS of three segments, the inner layer of a token alone: somebody opened the token and \
                 handed on what was in it. Give the token as the app received it, with five segments.",
            )
        };
    }
    let what = match segments.len() {
        1 => "1 segment".to_owned(),
        count => format!("{count} segments"),
    };
    found(
        Finding::OtherSegments,
        format!("The text has {what}, and a token has five: it was cut off, or put together with something else."),
    )
}

/// JSON in the place of a token. The names in it have periods, so that it may have five segments.
fn of_json_text(text: &str) -> Option<Found> {
    text.trim_start().starts_with('{').then(|| {
        found(
            Finding::AlreadyDecoded,
            "This is JSON and no token: it was decoded already. Give the token as the app received it; or give the \
             payload by itself, as the answer of Google's server, which nothing in it proves.",
        )
    })
}

fn of_base64(run: &Run<'_>) -> Found {
    let text = String::from_utf8_lossy(&run.token.text);
    if let Some(decoded) = of_json_text(&text) {
        return decoded;
    }
    let why = if text.contains(char::is_whitespace) {
        "white space or a line break is in it: a mail, a log or a form broke the line"
    } else if text.contains('\\') {
        "escapes of a string are in it: undo them first"
    } else if text.contains('%') {
        "percent signs are in it, as in a URL: undo that encoding first"
    } else if text.contains('=') {
        "padding (`=`) is in it, which the segments of a token do not have"
    } else if text.contains(['+', '/']) {
        "`+` or `/` is in it: somebody encoded the segments again, in standard base64"
    } else if text.contains(['"', '\'']) {
        "quotes are around it: take them away"
    } else {
        "a segment is not canonical base64url: it was cut off, or changed by hand"
    };
    found(Finding::TokenText, format!("The token is not as Google wrote it: {why}. Send it unchanged."))
}

fn of_header(run: &Run<'_>, error: Error) -> Found {
    let header = run.token.text.split(|octet| *octet == b'.').next().and_then(HeaderFacts::of);
    let named = header.map_or_else(String::new, |header| {
        let member = |value: &Option<String>| value.as_deref().map_or_else(|| "nothing".to_owned(), quoted);
        format!(" Here `alg` is {} and `enc` {}.", member(&header.algorithm), member(&header.encryption))
    });
    found(
        Finding::OtherHeader,
        format!(
            "{}{named} Every token of Play Integrity has `A256KW` and `A256GCM` and nothing critical: this one is of \
             another service, or was made to deceive a verifier that does what the header asks.",
            error.description()
        ),
    )
}

/// The engine does not tell which, so that nobody learns it from an answer. Whoever has the keys may know more.
fn of_not_opened(run: &Run<'_>) -> Found {
    let lengths: Vec<_> = run
        .token
        .text
        .split(|octet| *octet == b'.')
        .map(|segment| header::decoded(segment).map_or(0, |octets| octets.len()))
        .collect();
    if let [_, key, iv, _, tag] = lengths[..]
        && (key, iv, tag) != (40, 12, 16)
    {
        return found(
            Finding::Altered,
            format!(
                "Wrapped key, IV and tag have {key}, {iv} and {tag} bytes, and 40, 12 and 16 belong there: the token \
                 was cut or put together from parts."
            ),
        );
    }
    if let Some(position) = run.opened.unwrapped {
        return found(
            Finding::Altered,
            format!(
                "Decryption key {} is the right one, for it unwraps the content key, and the tag does not fit: header, \
                 IV, text or tag were changed after Google made the token. Send it unchanged.",
                position + 1
            ),
        );
    }
    if let Some(PlayBinding::RequestHash(_)) = run.side.binding {
        return found(
            Finding::NotOpened,
            "You expect a request hash, so this is a token of a standard request, and those no key of yours opens. \
             Send it to Google's server (`decodeIntegrityToken`), and give the payload that it answers.",
        );
    }
    found(
        Finding::NotOpened,
        "No decryption key of yours opens it. Either it is of a standard request (`StandardIntegrityManager`, with a \
         request hash), which Google's server alone opens; or the keys are those of another app or from before a \
         rotation; or the wrapped key was changed. Send it to `decodeIntegrityToken` to tell: if the answer has a \
         `requestHash`, it is a standard one; if it has a `nonce`, take the keys from the Play Console of the app that \
         the answer names.",
    )
}

fn of_inner(run: &Run<'_>, error: Error) -> Found {
    let inner = run.opened.text.as_deref().unwrap_or_default();
    if error == Error::PlayNotSigned && inner.trim_ascii_start().starts_with(b"{") {
        return found(
            Finding::NotSigned,
            "The payload lies in the JWE without a signature. Encryption proves nothing: whoever has the decryption \
             key can make such a token, and Google never does.",
        );
    }
    found(
        Finding::NotSigned,
        format!(
            "{} Google signs every token with ES256: whoever has the decryption key made this one.",
            error.description()
        ),
    )
}

fn of_signature(run: &Run<'_>, tried: &mut Vec<String>) -> Found {
    let opened = run.opened.unwrapped.and_then(|position| run.opened.pairs.get(position));
    let others = run.opened.pairs.iter().enumerate().filter(|(position, _)| Some(*position) != run.opened.unwrapped);
    if let Some(pair) = opened {
        for (position, other) in others {
            let mut pair = pair.clone();
            pair.verification = other.verification;
            if run.is_signed_by(&pair) {
                return found(
                    Finding::MixedPairs,
                    format!(
                        "Verification key {} signed it, and it stands beside another decryption key: the pairs are \
                         mixed up. Give the two keys of one download in one pair.",
                        position + 1
                    ),
                );
            }
        }
    }
    tried.push("the verification keys of the other pairs".to_owned());
    found(
        Finding::NotGenuine,
        "The decryption key fits, and the verification key does not: it is that of another app or from before a \
         rotation; or somebody who has the decryption key made the token, and not Google.",
    )
}

fn of_json(run: &Run<'_>, error: Error) -> Found {
    let json = run.opened.json.as_deref().unwrap_or_default();
    let json = json.trim_ascii();
    if run.form == TokenForm::Payload && json.starts_with(b"{'") {
        return found(
            Finding::PayloadForm,
            "This is a dictionary as Python prints it, in single quotes, and not JSON: write it with `json.dumps`, or \
             give the answer of Google's server as it came.",
        );
    }
    let advice = if run.form == TokenForm::Payload {
        "Give the answer of Google's server as it came, not one that was parsed, cut or written again."
    } else if run.is_authentic() {
        "Google signed it: report it with the token, for Google changed something."
    } else {
        "Google's payloads are not so: whoever has the keys made the token."
    };
    found(Finding::PayloadForm, format!("{} {advice}", error.description()))
}

fn of_package(run: &Run<'_>, error: Error) -> Found {
    let payload = run.payload.unwrap_or_default();
    let (name, member) = if error == Error::PlayRequestPackage {
        (payload.request.package_name, "requestDetails.requestPackageName")
    } else {
        (payload.app.package_name, "appIntegrity.packageName")
    };
    let Some(name) = name.map(text) else {
        return found(Finding::OtherApp, format!("The payload has no `{member}`, so that nothing names the app."));
    };
    let expected = run.package();
    let part = |whole: &str, part: &str| whole.strip_prefix(part).is_some_and(|rest| rest.starts_with('.'));
    let why = if expected.trim().trim_matches(['"', '\'']) == name {
        "white space or quotes are around yours. Take them away"
    } else if expected.eq_ignore_ascii_case(&name) {
        "capital and small letters differ, and count"
    } else if part(&name, &expected) {
        "a build with a suffix, such as one for debugging. Give that name for it, or refuse it"
    } else if part(&expected, &name) {
        "yours has a suffix, such as that of a build for debugging. Give the name of the app that asked"
    } else if error == Error::PlayAppPackage {
        "another app than the one that asked. Refuse it"
    } else {
        "another app. Give the package name of the app that asked, or refuse it"
    };
    found(Finding::OtherApp, format!("`{member}` is {}, and you expect {}: {why}.", quoted(&name), quoted(&expected)))
}

fn of_request_kind(run: &Run<'_>, error: Error) -> Found {
    let request = run.payload.map(|payload| payload.request).unwrap_or_default();
    let sentence = match (error, request.nonce.is_some(), request.request_hash.is_some()) {
        (Error::PlayNonceMissing, false, true) if run.form == TokenForm::Compact => {
            "It has a request hash and no nonce, as a standard request has, and yet it was opened with keys of yours: \
             Google's classic tokens have a nonce. Refuse it."
        }
        (Error::PlayNonceMissing, false, true) => {
            "It is of a standard request: it has a request hash and no nonce. Give the request hash that the app \
             handed to Google, or let the app make a classic request with `setNonce`."
        }
        (Error::PlayNonceMissing, true, _) => {
            "It was opened here and holds a request hash too, and nothing but its nonce identifies a classic token: \
             give the nonce."
        }
        (Error::PlayRequestHashMissing, true, _) => {
            "It is of a classic request: it has a nonce and no request hash. Give the nonce that the app handed to \
             Google."
        }
        _ => {
            "It has neither nonce nor request hash: the app bound it to nothing. Let it hand one to Google, and refuse \
             this one."
        }
    };
    found(Finding::OtherRequestKind, sentence)
}

/// What a value may have become between server, app and Google, each with how to say it.
fn forms(octets: &[u8]) -> Vec<(Vec<u8>, &'static str)> {
    let sha256 = |octets: &[u8]| RustCrypto.sha256(&[octets]).map(|hash| hash.to_vec()).unwrap_or_default();
    let mut forms = vec![
        (base64url(octets).into_bytes(), "the base64url text of it, encoded once more"),
        (base64(octets).into_bytes(), "the base64 text of it, encoded once more"),
        (
            base64(octets).replace('+', "-").replace('/', "_").into_bytes(),
            "the padded base64url text of it, encoded once more",
        ),
        (hex(octets).into_bytes(), "its hexadecimal digits as text"),
        (hex(octets).to_uppercase().into_bytes(), "its hexadecimal digits as text, in capital letters"),
        (sha256(octets), "its SHA-256"),
        (sha256(base64url(octets).as_bytes()), "the SHA-256 of its base64url text"),
        (sha256(base64(octets).as_bytes()), "the SHA-256 of its base64 text"),
        (sha256(hex(octets).as_bytes()), "the SHA-256 of its hexadecimal digits"),
    ];
    // The digits are base64url themselves, and an app that hands them over means them as such.
    forms.extend(from_base64(&hex(octets)).map(|octets| (octets, "its hexadecimal digits in the place of base64url")));
    if let Ok(text) = std::str::from_utf8(octets) {
        forms.extend(from_base64(text).map(|octets| (octets, "the bytes that it is the base64 text of")));
        forms.extend(from_hex(text).map(|octets| (octets, "the bytes that it is the hexadecimal digits of")));
        forms.push((text.trim().as_bytes().to_vec(), "the same text without the white space around it"));
        forms.push((format!("{text}\n").into_bytes(), "the same text with a line break at its end"));
    }
    forms
}

fn of_nonce(run: &Run<'_>, tried: &mut Vec<String>) -> Found {
    let nonce = run.payload.and_then(|payload| payload.request.nonce).map(text).unwrap_or_default();
    let Some(PlayBinding::Nonce(expected)) = &run.side.binding else {
        let sentence =
            format!("The nonce {} is none that Google takes: base64url of 12 to 375 octets.", quoted(&nonce));
        return found(Finding::BindingForm, sentence);
    };
    // The engine says which of them it would take for the nonce.
    let is_bound = |octets: &[u8]| {
        Binding::nonce(octets).is_ok_and(|binding| !matches!(run.judged(binding), Err(Error::PlayNonceMismatch)))
    };
    if let Some((_, what)) = forms(expected).into_iter().find(|(octets, _)| is_bound(octets)) {
        return found(
            Finding::BindingForm,
            format!(
                "The nonce in the token is {what}, seen from the nonce that you gave. Let the server make random \
                 bytes, the app hand their base64url to `setNonce` once, and the server compare the bytes.",
            ),
        );
    }
    let found_octets = from_base64(nonce.trim_end_matches('='));
    if found_octets.as_deref() == Some(expected) {
        return found(
            Finding::BindingForm,
            "The nonce in the token has the same bytes and is not written in base64url: the app encoded it in standard \
             base64 (with `+` or `/`), or with padding that does not belong. Let it encode base64url.",
        );
    }
    if nonce.as_bytes() == expected {
        return found(
            Finding::BindingForm,
            "The nonce in the token is the text that you gave as bytes. It is base64url: compare the bytes that it \
             decodes to, not the text.",
        );
    }
    if found_octets.is_none() {
        return found(
            Finding::BindingForm,
            format!("The nonce {} in the token is not base64url: Google made no such token.", quoted(&nonce)),
        );
    }
    tried.extend(TRIED.map(str::to_owned));
    found(
        Finding::OtherBinding,
        "The nonce is another, and none of the usual mistakes fits: the token was made for another request, as when \
         the app keeps tokens or somebody sends one again; or the server keeps the nonces of several requests in one \
         place.",
    )
}

const TRIED: [&str; 4] = [
    "encoded once more in base64, base64url or hexadecimal digits, or once less",
    "its SHA-256, and that of its text",
    "the text in the place of its bytes",
    "standard base64, padding, and white space around it",
];

fn of_request_hash(run: &Run<'_>, tried: &mut Vec<String>) -> Found {
    let Some(PlayBinding::RequestHash(expected)) = &run.side.binding else {
        return found(Finding::OtherBinding, "The request hash is another.");
    };
    let is_bound = |text: &str| {
        Binding::request_hash(text)
            .is_ok_and(|binding| !matches!(run.judged(binding), Err(Error::PlayRequestHashMismatch)))
    };
    let octets = from_hex(expected).or_else(|| from_base64(expected));
    let hashed = RustCrypto.sha256(&[expected.as_bytes()]).unwrap_or_default();
    let written = |octets: &[u8]| {
        [
            (hex(octets), "in hexadecimal digits"),
            (base64(octets), "in padded base64"),
            (base64url(octets), "in base64url without padding"),
            (base64(octets).replace('+', "-").replace('/', "_"), "in padded base64url"),
            (base64(octets).trim_end_matches('=').to_owned(), "in base64 without padding"),
        ]
    };
    let same =
        octets.as_deref().map(written).into_iter().flatten().map(|(text, how)| (text, format!("the same bytes {how}")));
    let hash =
        written(&hashed).into_iter().map(|(text, how)| (text, format!("the SHA-256 of the text that you gave, {how}")));
    let plain = [
        (expected.trim().to_owned(), "the same without the white space around it".to_owned()),
        (expected.to_lowercase(), "the same in small letters".to_owned()),
        (expected.to_uppercase(), "the same in capital letters".to_owned()),
    ];
    if let Some((_, what)) = same.chain(hash).chain(plain).find(|(text, _)| is_bound(text)) {
        return found(
            Finding::BindingForm,
            format!(
                "The request hash in the token is {what}. It is compared as text: write it alike in app and server."
            ),
        );
    }
    tried.extend(
        ["hexadecimal digits, base64 and base64url", "its SHA-256", "white space, capital and small letters"]
            .map(str::to_owned),
    );
    found(
        Finding::OtherBinding,
        "The request hash is another, and none of the usual mistakes fits: the token was made for another request, or \
         app and server hash different bytes of it, as when JSON is parsed and written again.",
    )
}

fn of_time(run: &Run<'_>, error: Error) -> Found {
    let made = run.payload.and_then(|payload| payload.request.timestamp_millis).unwrap_or_default();
    let age = i128::from(run.now.0) - i128::from(made);
    // Milliseconds of 1973 and earlier are seconds of today.
    if (1..100_000_000_000).contains(&made) {
        return found(
            Finding::Time,
            format!(
                "`timestampMillis` is {made}, which would be 1973 or earlier: somebody wrote seconds in the place of \
                 milliseconds."
            ),
        );
    }
    if run.now.0 < 100_000_000_000 {
        return found(
            Finding::Time,
            "The time of verification lies before 1974: the clock is not set, or seconds were given for milliseconds.",
        );
    }
    let made = rfc_3339_millis(made);
    if error == Error::PlayFromFuture {
        return found(
            Finding::Time,
            format!(
                "The token was made at {made}, {} after the time of verification: the clock of the server is behind, \
                 or an earlier time was given than that of the token.",
                seconds(-age)
            ),
        );
    }
    found(
        Finding::Time,
        format!(
            "The token was made at {made}, {} before the time of verification: the app kept it, somebody sent it \
             again, or the clock of the server is ahead. Let the app ask for one for each request; to look at an old \
             one, give the time at which it was made.",
            seconds(age)
        ),
    )
}

fn of_evaluation(run: &Run<'_>, error: Error) -> Found {
    let app = run.payload.map(|payload| payload.app).unwrap_or_default();
    match (error, app.recognition.map(|label| label.to_string())) {
        (Error::PlayAppNotRecognized, Some(label)) if label == "UNRECOGNIZED_VERSION" => found(
            Finding::NotRecognized,
            "Google Play does not know this app with this certificate: it was signed again, or it is a build that \
             Google Play never distributed, as one from Android Studio. Install it from a track of Google Play, or by \
             internal app sharing.",
        ),
        (Error::PlayAppNotRecognized, label) => found(
            Finding::NotRecognized,
            format!(
                "The verdict on the app is {}, which no policy accepts. Google may have added it, or could not tell.",
                quoted(&label.unwrap_or_default())
            ),
        ),
        _ => {
            let what = if error == Error::PlayAppUnevaluated { "app" } else { "licence" };
            found(
                Finding::Unevaluated,
                format!(
                    "Google did not evaluate the {what} (UNEVALUATED, or no verdict), because a requirement was missed \
                     before: the device is not genuine enough, Play services or the Play Store are old, or nobody is \
                     signed in. It says nothing against the app: let the user mend the device, and ask again."
                ),
            )
        }
    }
}

fn of_certificate(run: &Run<'_>) -> Found {
    let digests: Vec<_> =
        run.payload.iter().flat_map(|payload| payload.app.certificate_digests.iter()).map(text).collect();
    if digests.is_empty() {
        return found(
            Finding::OtherCertificate,
            "The payload names no certificate, so that nothing says who signed the app.",
        );
    }
    // As the Play Console writes it, so that it can be compared there.
    let with_colons = |digest: &String| {
        let octets = from_base64(digest).filter(|octets| octets.len() == 32);
        octets.map(|octets| octets.iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().join(":"))
    };
    let digits = digests.iter().find_map(with_colons).map_or_else(String::new, |digits| format!(" It is {digits}."));
    found(
        Finding::OtherCertificate,
        format!(
            "The app is signed with a certificate that you did not list.{digits} Where Google Play signs the app, list \
             the SHA-256 of the *app signing key* (Play Console, App integrity), not that of the upload key or of a \
             key for debugging. If it is neither, somebody else signed the app."
        ),
    )
}

fn of_device(run: &Run<'_>) -> Found {
    let labels = run.payload.map(|payload| facts::labels(&payload.device.labels)).unwrap_or_default();
    let accepted = run.devices();
    let is_optional = !accepted.iter().any(|label| label == "MEETS_DEVICE_INTEGRITY");
    let console = if is_optional {
        " Labels other than MEETS_DEVICE_INTEGRITY are sent only if they are switched on in the Play Console (Change \
         responses)."
    } else {
        ""
    };
    let why = if labels.is_empty() {
        "The device has no label: it shows signs of attack, as a rooted one, or is an emulator, or Google could not \
         evaluate it."
            .to_owned()
    } else if labels.iter().any(|label| label == "MEETS_VIRTUAL_INTEGRITY") {
        "The device is an emulator with Google Play services, such as Google Play Games on PC.".to_owned()
    } else if labels == ["MEETS_BASIC_INTEGRITY"] {
        "The device has MEETS_BASIC_INTEGRITY alone: its boot is unlocked, or it is not certified.".to_owned()
    } else {
        let labels: Vec<_> = labels.iter().map(|label| shortened(label, MAX_VALUE)).collect();
        format!("The device has {}, and you accept {}. Labels are compared whole.", listed(&labels), listed(&accepted))
    };
    found(Finding::DeviceRefused, format!("{why}{console}"))
}

fn of_licence(run: &Run<'_>) -> Found {
    let label =
        run.payload.and_then(|payload| payload.account.licensing).map(|label| label.to_string()).unwrap_or_default();
    if label == "UNLICENSED" {
        return found(
            Finding::NotLicensed,
            "The user does not have the app from Google Play: it was installed from elsewhere, or with another \
             account. The dialog GET_LICENSED lets the user get it.",
        );
    }
    let sentence = format!("The verdict on the licence is {}, which no policy accepts.", quoted(&label));
    found(Finding::NotLicensed, sentence)
}
