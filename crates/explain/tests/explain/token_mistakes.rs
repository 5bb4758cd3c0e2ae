//! The usual mistakes with tokens, each with the sentence that says how to mend it.

use genuine::{UnixMillis, play_integrity::DeviceLabel};
use genuine_explain::{Finding, Outcome, PlayBinding, PlayKeys, PlaySide, Secret, TokenExplanation};
use serde_json::{Value, json};

use crate::{
    mint::{CERTIFICATE, HEADER, Keys, NONCE, NOW, base64url, payload, payload_with, standard_payload},
    support::{base64, hex},
    token::{explained, facts, keys, side},
};

/// The finding, and parts of the sentence.
#[track_caller]
fn assert_says(explanation: &TokenExplanation, finding: Finding, parts: &[&str]) {
    let sentence = &explanation.diagnosis.sentence;
    assert_eq!(explanation.diagnosis.finding, finding, "{sentence}");
    assert!(explanation.diagnosis.unverified);
    for part in parts {
        assert!(sentence.contains(part), "{part:?} is not in: {sentence}");
    }
    assert!(sentence.ends_with('.') && !sentence.contains("  "), "{sentence:?}");
}

fn of(payload: &Value) -> TokenExplanation {
    explained(&Keys::new(1).token(payload), side())
}

fn with(path: &str, value: Value) -> TokenExplanation {
    of(&payload_with(path, value))
}

fn good() -> String {
    Keys::new(1).token(&payload())
}

#[test]
fn what_is_no_token() {
    let keys = Keys::new(1);
    let jws = keys.jws(r#"{"alg":"ES256"}"#, &payload().to_string());
    let safety_net = keys.jws(r#"{"alg":"RS256","x5c":["MIIB"]}"#, r#"{"nonce":"AAAA"}"#);
    let segments = good().split('.').map(str::to_owned).collect::<Vec<_>>();
    let rows = [
        (jws.clone(), Finding::InnerLayer, "the inner layer of a token alone"),
        (safety_net, Finding::InnerLayer, "`x5c`"),
        (segments[..4].join("."), Finding::OtherSegments, "4 segments"),
        (segments[0].clone(), Finding::OtherSegments, "1 segment,"),
        (base64(good().as_bytes()), Finding::DoubleBase64, "once more"),
        (base64(payload().to_string().as_bytes()), Finding::AlreadyDecoded, "base64 of a payload"),
        (
            format!(r#"{{"token":{:?},"expect":"ok"}}"#, payload().to_string()),
            Finding::AlreadyDecoded,
            "decoded already",
        ),
        (r#"{"token":"","expect":"ok"}"#.to_owned(), Finding::OtherSegments, "is empty"),
    ];
    for (text, finding, part) in rows {
        let explanation =
            if let Ok(genuine_explain::Input::TokenVector(vector)) = genuine_explain::Input::read(text.as_bytes()) {
                genuine_explain::explain_token(&vector.token, Some(vector.kind), &vector.side, UnixMillis(NOW))
            } else {
                explained(&text, side())
            };
        assert_eq!(explanation.verdict.step.as_deref(), Some("Form"), "{text}");
        assert_says(&explanation, finding, &[part]);
    }
    // The inner layer shows what it says, and nobody vouches for it.
    assert!(!facts(&explained(&jws, side())).authentic);
}

#[test]
fn text_that_was_changed_on_its_way() {
    let token = good();
    let (start, end) = token.split_at(60);
    let case = |text: String| json!({"token": text, "expect": "reject:format"}).to_string();
    let rows = [
        (format!("{start}\n{end}"), "line break"),
        (format!("{token}="), "padding"),
        (format!("{start}%2D{end}"), "percent"),
        (format!("{start}\\n{end}"), "escapes"),
        (token.replace(['-', '_'], "+"), "standard base64"),
        (format!("\"{token}\""), "quotes"),
        (format!("{token}AAA"), "cut off"),
    ];
    for (text, part) in rows {
        let Ok(genuine_explain::Input::TokenVector(vector)) = genuine_explain::Input::read(case(text).as_bytes())
        else {
            panic!("a case")
        };
        let side = genuine_explain::TokenSide { play: side(), ..Default::default() };
        let explanation = genuine_explain::explain_token(&vector.token, Some(vector.kind), &side, UnixMillis(NOW));
        assert_eq!(explanation.verdict.name, Some("PlayBase64"), "{part}");
        assert_says(&explanation, Finding::TokenText, &[part]);
    }
}

#[test]
fn headers_of_other_tokens() {
    let keys = Keys::new(1);
    for header in [r#"{"alg":"dir","enc":"A256GCM"}"#, r#"{"alg":"A256KW","enc":"A256GCM","zip":"DEF"}"#] {
        let explanation = explained(&keys.jwe(header, ""), side());
        assert_says(&explanation, Finding::OtherHeader, &["Here `alg` is", "of another service"]);
    }
    assert_says(&explained(&("e30.".to_owned() + "AAAA.AAAA.AAAA.AAAA"), side()), Finding::OtherHeader, &["nothing"]);
}

#[test]
fn tokens_that_no_key_opens() {
    let other = Keys::new(2).token(&payload());
    let how_to_tell = ["`decodeIntegrityToken` to tell", "`requestHash`", "`nonce`", "keys are those of another app"];
    assert_says(&explained(&other, side()), Finding::NotOpened, &how_to_tell);
    let standard = PlaySide { binding: Some(PlayBinding::RequestHash("h".to_owned())), ..side() };
    assert_says(&explained(&other, standard), Finding::NotOpened, &["standard request", "Google's server"]);
    let segments = good().split('.').map(str::to_owned).collect::<Vec<_>>();
    let mut changed = segments.clone();
    changed[3].replace_range(..4, "AAAA");
    assert_says(&explained(&changed.join("."), side()), Finding::Altered, &["Decryption key 1 is the right one"]);
    let mut short = segments;
    short[4].truncate(16);
    assert_says(&explained(&short.join("."), side()), Finding::Altered, &["40, 12 and 12 bytes"]);
}

#[test]
fn what_google_did_not_sign() {
    let (one, two) = (Keys::new(1), Keys::new(2));
    let forged = one.jwe(HEADER, &two.jws(r#"{"alg":"ES256"}"#, &payload().to_string()));
    let explanation = explained(&forged, side());
    assert_says(&explanation, Finding::NotGenuine, &["another app", "somebody who has the decryption key"]);
    assert!(!facts(&explanation).authentic && !explanation.diagnosis.tried.is_empty());
    // The verification keys of two pairs stand the wrong way round.
    let mixed = vec![
        PlayKeys { verification: Some(two.verification()), ..keys(&one) },
        PlayKeys { verification: Some(one.verification()), ..keys(&two) },
    ];
    assert_says(&explained(&good(), PlaySide { keys: mixed, ..side() }), Finding::MixedPairs, &["Verification key 2"]);
    let bare = one.jwe(HEADER, &payload().to_string());
    assert_says(&explained(&bare, side()), Finding::NotSigned, &["Encryption proves nothing"]);
    let unsigned = one.jwe(HEADER, &one.jws(r#"{"alg":"none"}"#, &payload().to_string()));
    assert_says(&explained(&unsigned, side()), Finding::NotSigned, &["ES256"]);
}

#[test]
fn keys_that_are_none() {
    let (decryption, verification) = (Keys::new(0xFB).decryption(), Keys::new(1).verification());
    let url = |text: &str| text.replace('+', "-").replace('/', "_");
    let broken = |text: &str| format!("{}\n{}", &text[..20], &text[20..]);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{verification}\n-----END PUBLIC KEY-----");
    let point = base64(&base64_decoded(&verification)[26..]);
    let rows = [
        (verification.clone(), decryption.clone(), Finding::SwappedKeys, "each other's place"),
        (decryption.clone(), decryption.clone(), Finding::SwappedKeys, "is the decryption key"),
        (url(&decryption), verification.clone(), Finding::KeyForm, "URL-safe"),
        (broken(&decryption), verification.clone(), Finding::KeyForm, "line breaks"),
        (decryption.trim_end_matches('=').to_owned(), verification.clone(), Finding::KeyForm, "lost the `=`"),
        (format!("\"{decryption}\""), verification.clone(), Finding::KeyForm, "quotes"),
        ("ab".repeat(32), verification.clone(), Finding::KeyForm, "hexadecimal"),
        ("AAAA".to_owned(), verification.clone(), Finding::KeyForm, "3 octets, and 32"),
        ("???".to_owned(), verification.clone(), Finding::KeyForm, "not standard base64"),
        (decryption.clone(), url(&verification), Finding::KeyForm, "URL-safe"),
        (decryption.clone(), broken(&verification), Finding::KeyForm, "line breaks"),
        (decryption.clone(), pem, Finding::KeyForm, "PEM"),
        (decryption.clone(), point, Finding::KeyForm, "bare point"),
        (decryption.clone(), base64(&[0x31; 91]), Finding::KeyForm, "another kind"),
        (decryption.clone(), zeros(&verification), Finding::KeyForm, "not a point"),
    ];
    for (decryption, verification, finding, part) in rows {
        let keys = vec![PlayKeys { decryption: Some(Secret::new(&*decryption)), verification: Some(verification) }];
        let sentence = PlayKeys::check(&keys).expect_err(part);
        assert!(sentence.contains(part) && !sentence.contains(&*decryption), "{sentence}");
        let explanation = explained(&good(), PlaySide { keys, ..side() });
        assert_eq!(explanation.verdict.verdict, Outcome::Undecided);
        assert_says(&explanation, finding, &[part, "Nothing is known about the token."]);
    }
    let twice = PlaySide { keys: vec![keys(&Keys::new(1)), keys(&Keys::new(1))], ..side() };
    assert!(PlayKeys::check(&twice.keys).is_err());
    assert_says(&explained(&good(), twice), Finding::KeyForm, &["Two pairs"]);
}

fn base64_decoded(text: &str) -> Vec<u8> {
    genuine_explain::from_base64(text).expect("base64")
}

/// The form of a verification key, around no point: what the engine's caller leaves open must not stand for it.
fn zeros(verification: &str) -> String {
    let mut octets = base64_decoded(verification);
    octets[27..].fill(0);
    base64(&octets)
}

#[test]
fn other_configurations() {
    let rows = [
        (PlaySide { package: Some(String::new()), ..side() }, "package name is empty"),
        (PlaySide { binding: Some(PlayBinding::Nonce(vec![1; 11])), ..side() }, "12 to 375 octets"),
        (PlaySide { at: Some(UnixMillis(0)), ..side() }, "is zero"),
    ];
    for (side, part) in rows {
        let explanation = explained(&good(), side);
        assert_eq!(explanation.verdict.verdict, Outcome::Undecided, "{part}");
        assert_says(&explanation, Finding::CallerSide, &[part, "Nothing is known"]);
    }
}

#[test]
fn nonces_in_another_form() {
    let text = base64url(NONCE);
    let sha256 = genuine_testvectors::keys::sha256(&[&NONCE]);
    let rows = [
        (base64url(&text), "the base64url text of it"),
        (base64url(base64(&NONCE)), "the base64 text of it"),
        (base64url(hex(&NONCE)), "its hexadecimal digits as text"),
        (hex(&NONCE), "hexadecimal digits in the place of base64url"),
        (base64url(sha256), "its SHA-256"),
        (base64(&NONCE), "standard base64"),
        (format!("{text}=="), "padding that does not belong"),
    ];
    for (nonce, part) in rows {
        assert_says(&with("/requestDetails/nonce", json!(nonce)), Finding::BindingForm, &[part]);
    }
    assert_eq!(with("/requestDetails/nonce", json!(text.clone() + "=")).verdict.verdict, Outcome::Accepted);
    // The other way round: what was given is encoded once more.
    let given = |octets: Vec<u8>| explained(&good(), PlaySide { binding: Some(PlayBinding::Nonce(octets)), ..side() });
    assert_says(&given(text.into_bytes()), Finding::BindingForm, &["the bytes that it is the base64 text of"]);
    assert_says(
        &given(hex(&NONCE).into_bytes()),
        Finding::BindingForm,
        &["the bytes that it is the hexadecimal digits of"],
    );
    let other = given(vec![7; 32]);
    assert_says(&other, Finding::OtherBinding, &["another request"]);
    assert!(!other.diagnosis.tried.is_empty());
    assert_says(&with("/requestDetails/nonce", json!("a nonce!")), Finding::BindingForm, &["not base64url"]);
}

#[test]
fn request_hashes_in_another_form() {
    let octets = [0xFB; 32];
    let verdict = |found: &str, expected: &str| {
        let binding = Some(PlayBinding::RequestHash(expected.to_owned()));
        explained(&standard_payload(found).to_string(), PlaySide { binding, ..side() })
    };
    let hashed = hex(&genuine_testvectors::keys::sha256(&[b"POST /pay"]));
    let rows = [
        (base64url(octets), hex(&octets), "base64url without padding"),
        (hex(&octets), base64(&octets), "in hexadecimal digits"),
        (hashed, "POST /pay".to_owned(), "the SHA-256 of the text"),
        ("hash".to_owned(), " hash\n".to_owned(), "white space"),
        ("HASH".to_owned(), "hash".to_owned(), "capital letters"),
    ];
    for (found, expected, part) in rows {
        assert_says(&verdict(&found, &expected), Finding::BindingForm, &[part, "compared as text"]);
    }
    assert_says(&verdict("one", "other"), Finding::OtherBinding, &["another request"]);
    assert_says(
        &explained(&standard_payload("h").to_string(), side()),
        Finding::OtherRequestKind,
        &["Give the request hash"],
    );
    let hash = PlaySide { binding: Some(PlayBinding::RequestHash("h".to_owned())), ..side() };
    assert_says(&explained(&good(), hash), Finding::OtherRequestKind, &["Give the nonce"]);
    assert_says(&of(&standard_payload("h")), Finding::OtherRequestKind, &["opened with keys of yours"]);
    assert_says(
        &with("/requestDetails/nonce", Value::Null),
        Finding::OtherRequestKind,
        &["neither nonce nor request hash"],
    );
}

#[test]
fn times() {
    let at = |millis: u64| explained(&good(), PlaySide { at: Some(UnixMillis(millis)), ..side() });
    assert_says(
        &at(NOW + 3_600_000),
        Finding::Time,
        &["3601.500 s before", "Let the app ask for one for each request"],
    );
    assert_says(&at(NOW - 3_600_000), Finding::Time, &["3598.500 s after", "clock of the server is behind"]);
    assert_says(&at(NOW / 1_000), Finding::Time, &["seconds were given for milliseconds"]);
    let seconds = with("/requestDetails/timestampMillis", json!(NOW / 1_000));
    assert_says(&seconds, Finding::Time, &["somebody wrote seconds"]);
}

#[test]
fn packages_and_certificates() {
    let rows = [
        ("org.example.shop.debug", "suffix"),
        ("org.example", "yours has a suffix"),
        ("Org.Example.Shop", "capital and small letters"),
        ("com.evil", "another app"),
    ];
    for (name, part) in rows {
        assert_says(&with("/requestDetails/requestPackageName", json!(name)), Finding::OtherApp, &[part, name]);
    }
    assert_says(&with("/appIntegrity/packageName", json!("com.evil")), Finding::OtherApp, &["than the one that asked"]);
    assert_says(
        &with("/appIntegrity/packageName", Value::Null),
        Finding::OtherApp,
        &["has no `appIntegrity.packageName`"],
    );
    let quoted = PlaySide { package: Some("\"org.example.shop\"".to_owned()), ..side() };
    assert_says(&explained(&good(), quoted), Finding::OtherApp, &["quotes"]);
    let other = PlaySide { certificates: vec![[1; 32]], ..side() };
    let digits = CERTIFICATE.map(|octet| format!("{octet:02X}")).join(":");
    assert_says(&explained(&good(), other), Finding::OtherCertificate, &[&digits, "app signing key", "upload key"]);
    assert_says(
        &with("/appIntegrity/certificateSha256Digest", json!([])),
        Finding::OtherCertificate,
        &["no certificate"],
    );
}

#[test]
fn verdicts_of_google() {
    let app = |label: &str| with("/appIntegrity/appRecognitionVerdict", json!(label));
    assert_says(&app("UNRECOGNIZED_VERSION"), Finding::NotRecognized, &["signed again", "Android Studio"]);
    assert_says(&app("SOMETHING_NEW"), Finding::NotRecognized, &["\"SOMETHING_NEW\""]);
    assert_says(
        &app("UNEVALUATED"),
        Finding::Unevaluated,
        &["did not evaluate the app", "says nothing against the app"],
    );
    let licence = |label: &str| with("/accountDetails/appLicensingVerdict", json!(label));
    assert_says(&licence("UNEVALUATED"), Finding::Unevaluated, &["did not evaluate the licence"]);
    assert_says(&licence("UNLICENSED"), Finding::NotLicensed, &["GET_LICENSED"]);
    assert_says(&licence("SOMETHING_NEW"), Finding::NotLicensed, &["\"SOMETHING_NEW\""]);
    assert_eq!(facts(&licence("UNLICENSED")).dialog.as_ref().map(|dialog| dialog.number), Some(1));
    let device = |labels: Value| with("/deviceIntegrity/deviceRecognitionVerdict", labels);
    assert_says(&device(json!([])), Finding::DeviceRefused, &["no label"]);
    assert_says(&device(json!(["MEETS_BASIC_INTEGRITY"])), Finding::DeviceRefused, &["boot is unlocked"]);
    assert_says(&device(json!(["MEETS_VIRTUAL_INTEGRITY"])), Finding::DeviceRefused, &["emulator"]);
    assert_says(&device(json!(["NOT_MEETS_DEVICE_INTEGRITY"])), Finding::DeviceRefused, &["compared whole"]);
    let virtual_only = PlaySide { devices: vec![DeviceLabel::MeetsVirtualIntegrity], ..side() };
    assert_says(&explained(&good(), virtual_only), Finding::DeviceRefused, &["switched on in the Play Console"]);
    let mut test = payload();
    test["testingDetails"] = json!({"isTestingResponse": true});
    assert_says(&of(&test), Finding::TestResponse, &["configured these verdicts"]);
    let taken = explained(&Keys::new(1).token(&test), PlaySide { accept_test_responses: true, ..side() });
    assert_says(&taken, Finding::Accepted, &["a test response, which a production server refuses"]);
}

#[test]
fn payloads_that_are_none() {
    let python = payload().to_string().replace('"', "'");
    assert_says(&explained(&python, side()), Finding::PayloadForm, &["json.dumps"]);
    let cut = &payload().to_string()[..80];
    assert_says(&explained(cut, side()), Finding::PayloadForm, &["as it came"]);
    let long = payload_with("/requestDetails/x", json!("x".repeat(9_000))).to_string();
    assert_says(&explained(&long, side()), Finding::Length, &["1,000 bytes"]);
    let keys = explained(&payload().to_string(), side());
    assert_says(&keys, Finding::Accepted, &["The keys were not asked"]);
    let inner = Keys::new(1).token(&json!({"requestDetails": {}}));
    assert_says(&explained(&inner, side()), Finding::PayloadForm, &["requestPackageName"]);
}

/// What a payload holds goes into no sentence at length.
#[test]
fn sentences_are_short_whatever_the_payload_holds() {
    let long = json!("x".repeat(2_000));
    for path in ["/requestDetails/requestPackageName", "/appIntegrity/appRecognitionVerdict", "/requestDetails/nonce"] {
        let explanation = with(path, long.clone());
        assert!(explanation.diagnosis.sentence.len() < 600, "{path}");
    }
}
