//! Every truncation, and every octet with another value: refused, never accepted as something else, and without a panic.

use genuine::{
    Error, Step, UnixMillis,
    crypto::RustCrypto,
    play_integrity::{DecodedVerifier, Payload, Policy, Step as Play},
};
use serde_json::Value;

use crate::common::{NOW, TOKEN, app, binding, certificates, full, judge, minimal, open};

/// Where a segment is base64url with no spare bits set.
fn is_canonical(segment: &str) -> bool {
    use base64::Engine as _;

    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(segment).is_ok()
}

fn is_of_the_payload(error: Error) -> bool {
    error.step() == Some(Step::PlayIntegrity(Play::Payload))
}

/// What a token that was altered between its header and its tag has to be.
fn expected(token: &str) -> Error {
    if token.matches('.').count() != 4 {
        Error::PlaySegments
    } else if token.split('.').all(is_canonical) {
        Error::PlayNotOpened
    } else {
        Error::PlayBase64
    }
}

#[test]
fn every_truncation_of_a_token_is_refused() {
    let token = app().token(&minimal());
    assert_eq!(open(token.as_bytes()), Ok(()));
    for length in 0..token.len() {
        let token = &token[..length];
        assert_eq!(open(token.as_bytes()), Err(expected(token)), "{length}");
        // And from its start.
        assert!(open(&token.as_bytes()[length.min(1)..]).is_err());
    }
    for more in [".", "A", "AAAA", "=", "\n", "\0"] {
        let token = format!("{token}{more}");
        assert_eq!(open(token.as_bytes()), Err(expected(&token)), "{more:?}");
    }
}

#[test]
fn every_octet_of_a_token_counts() {
    let token = app().token(&minimal());
    let header = token.find('.').unwrap();
    for position in 0..token.len() {
        let octet = token.as_bytes()[position];
        for other in [octet ^ 1, octet ^ 0x20, octet ^ 2, b'.', b'A', b'-', b'=', 0] {
            if other == octet {
                continue;
            }
            let mut altered = token.clone().into_bytes();
            altered[position] = other;
            let found = open(&altered).expect_err("altered");
            if position < header {
                // The header can stay one, of another text than the tag covers; else it is none, or names another algorithm.
                let Some(Step::PlayIntegrity(step)) = found.step() else { panic!("{found}") };
                assert!(matches!(step, Play::Form | Play::Header | Play::Decryption), "{position}: {found}");
            } else {
                assert_eq!(found, expected(&String::from_utf8(altered).unwrap()), "{position} {other:#x}");
            }
        }
        // No text at all.
        let mut altered = token.clone().into_bytes();
        altered[position] ^= 0x80;
        assert!(matches!(open(&altered), Err(Error::PlayBase64 | Error::PlaySegments)), "{position}");
    }
}

#[test]
fn every_truncation_of_a_payload_is_malformed() {
    let json = full().encode();
    assert_eq!(judge(json.as_bytes()), Ok(()));
    for length in 0..json.len() {
        assert_eq!(Payload::parse(&json.as_bytes()[..length]).err(), Some(Error::PlayJsonMalformed), "{length}");
        assert_eq!(Payload::parse_answer(&json.as_bytes()[..length]).err(), Some(Error::PlayJsonMalformed));
    }
}

/// What a policy decides by, as another reader of JSON sees it.
fn decisive(json: &[u8]) -> Value {
    let payload: Value = serde_json::from_slice(json).expect("what was accepted is JSON");
    let whole = |path: &str| payload.pointer(path).cloned().unwrap_or_default();
    let time = match whole("/requestDetails/timestampMillis") {
        Value::String(text) => text.parse::<u64>().unwrap(),
        number => number.as_u64().unwrap(),
    };
    assert!((NOW - 300_000..=NOW + 60_000).contains(&time));
    let labels = whole("/deviceIntegrity/deviceRecognitionVerdict");
    assert!(labels.as_array().unwrap().iter().any(|label| label == "MEETS_DEVICE_INTEGRITY"));
    assert_ne!(whole("/testingDetails/isTestingResponse"), Value::Bool(true));
    let nonce = whole("/requestDetails/nonce").as_str().unwrap().trim_end_matches('=').to_owned();
    [
        whole("/requestDetails/requestPackageName"),
        nonce.into(),
        whole("/appIntegrity/appRecognitionVerdict"),
        whole("/appIntegrity/packageName"),
        whole("/appIntegrity/certificateSha256Digest/0"),
        whole("/accountDetails/appLicensingVerdict"),
    ]
    .into_iter()
    .collect()
}

#[test]
fn every_octet_of_a_payload_is_read_or_refused() {
    let json = full().encode();
    let original = decisive(json.as_bytes());
    let mut accepted = 0;
    for position in 0..json.len() {
        for pattern in
            [1, 2, 4, 0x10, 0x20, 0x80, 0xFF, 0x5C ^ json.as_bytes()[position], 0x22 ^ json.as_bytes()[position]]
        {
            let mut altered = json.clone().into_bytes();
            altered[position] ^= pattern;
            let reader = serde_json::from_slice::<Value>(&altered);
            match Payload::parse(&altered) {
                Ok(_) => assert!(reader.is_ok(), "{position} {pattern:#x}: no JSON was read"),
                Err(Error::PlayJsonMalformed) => assert!(reader.is_err(), "{position} {pattern:#x}: JSON was refused"),
                Err(error) => assert!(is_of_the_payload(error), "{position}: {error}"),
            }
            if judge(&altered).is_ok() {
                accepted += 1;
                assert_eq!(decisive(&altered), original, "{position} {pattern:#x}");
            }
        }
    }
    // Most of what is altered is a signal that the policy does not ask for.
    assert!(accepted > 1_000, "{accepted}");
}

/// An answer is read as a payload is, within `tokenPayloadExternal` and bare.
#[test]
fn every_octet_of_an_answer_is_read_or_refused() {
    let answer = genuine_testvectors::play::answer(&minimal());
    let (certificates, app) = (certificates(), app());
    let policy = Policy::new(app.package_name(), &certificates);
    let verifier = DecodedVerifier::new(&policy, &RustCrypto).unwrap();
    let judge = |answer: &[u8]| -> Result<(), Error> {
        verifier.trust_answer(answer, TOKEN)?.accept(binding(), UnixMillis(NOW)).map(drop)
    };
    assert_eq!(judge(answer.as_bytes()), Ok(()));
    let name = r#"{"tokenPayloadExternal""#.len();
    for position in 0..name {
        for pattern in [1, 2, 4, 0x20, 0x80] {
            let mut altered = answer.clone().into_bytes();
            altered[position] ^= pattern;
            let error = judge(&altered).expect_err("no payload is where it belongs");
            assert!(is_of_the_payload(error), "{position}: {error}");
        }
    }
}
