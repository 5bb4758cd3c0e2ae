//! Configuration, what is to be remembered, which dialog helps, and Google's answers. What each method of a policy accepts and
//! refuses, the vectors say.

use genuine::{
    Class, Error, UnixMillis,
    crypto::{RustCrypto, Sha256},
    play_integrity::{
        Binding, ClassicVerifier, DecodedVerifier, DecryptionKey, Dialog, KeyPair, Labels, MAX_ANSWER, MAX_TOKEN,
        Payload, Policy, SingleUse, VerificationKey,
    },
};
use genuine_testvectors::{
    json::Json,
    play::{answer, unevaluated, with_every_member},
};

use crate::common::{
    NONCE, NOW, TOKEN, app, binding, certificates, full, judge, minimal, off_the_curve, pair, rotated,
};

#[test]
fn a_faulty_configuration_shows_at_the_start() {
    let (app, certificates) = (app(), certificates());
    let good = Policy::new(app.package_name(), &certificates);
    let (first, second) = (pair(&app), pair(&rotated()));
    let other_verification = KeyPair { verification: second.verification, ..first.clone() };
    let off_curve = KeyPair { verification: off_the_curve(), ..second.clone() };
    let no_package = Policy::new("", &certificates);
    let no_certificate = Policy::new(app.package_name(), &[]);
    let with = |policy: &Policy<'_>, keys: &[KeyPair]| ClassicVerifier::new(policy, keys, &RustCrypto).map(drop).err();
    assert_eq!(with(&good, &[first.clone(), second.clone()]), None);
    for (found, expected) in [
        (with(&good, &[]), Error::PlayConfigNoKeys),
        (with(&good, &[first.clone(), first.clone()]), Error::PlayConfigDuplicateKey),
        (with(&good, &[first.clone(), second.clone(), other_verification]), Error::PlayConfigDuplicateKey),
        (with(&good, &[first.clone(), off_curve.clone()]), Error::PublicKeyInvalid),
        (with(&good, &[off_curve]), Error::PublicKeyInvalid),
        (with(&no_package, std::slice::from_ref(&first)), Error::PlayConfigPackage),
        (with(&no_certificate, &[first]), Error::PlayConfigNoCertificate),
        (DecodedVerifier::new(&no_package, &RustCrypto).map(drop).err(), Error::PlayConfigPackage),
        (DecodedVerifier::new(&no_certificate, &RustCrypto).map(drop).err(), Error::PlayConfigNoCertificate),
    ] {
        assert_eq!(found, Some(expected));
        assert_eq!(expected.class(), Class::Unavailable, "no fault of a token");
    }
    assert_eq!(good.package_name(), app.package_name());
}

#[test]
fn keys_are_read_as_the_play_console_shows_them() {
    let decryption = app().decryption_key_base64();
    let short = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";
    for (text, expected) in [
        (decryption.as_str(), None),
        ("", Some(Error::PlayDecryptionKeyLength)),
        (short, Some(Error::PlayDecryptionKeyLength)),
        (&format!("AAAA{decryption}"), Some(Error::PlayDecryptionKeyLength)),
        (&"AAAA".repeat(100), Some(Error::PlayDecryptionKeyLength)),
        (decryption.trim_end_matches('='), Some(Error::PlayDecryptionKeyBase64)),
        (&format!("{decryption}\n"), Some(Error::PlayDecryptionKeyBase64)),
        (&format!("-{}", &decryption[1..]), Some(Error::PlayDecryptionKeyBase64)),
        (&format!("_{}", &decryption[1..]), Some(Error::PlayDecryptionKeyBase64)),
        (&format!("{}B=", &decryption[..42]), Some(Error::PlayDecryptionKeyBase64)),
    ] {
        assert_eq!(DecryptionKey::from_base64(text).err(), expected, "{text:?}");
    }
    let verification = app().verification_key_base64();
    for (text, expected) in [
        (verification.as_str(), None),
        ("", Some(Error::PlayVerificationKeyForm)),
        (&decryption, Some(Error::PlayVerificationKeyForm)),
        (&format!("{}A", &verification[..verification.len() - 4]), Some(Error::PlayVerificationKeyBase64)),
        (&verification[..verification.len() - 4], Some(Error::PlayVerificationKeyForm)),
        (&format!("{}AAAA", &verification[..verification.len() - 4]), Some(Error::PlayVerificationKeyForm)),
        // Another curve, another form of the point.
        (&verification.replacen("DAQcD", "DAQgD", 1), Some(Error::PlayVerificationKeyForm)),
        (&verification.replacen("QgAE", "QgAC", 1), Some(Error::PlayVerificationKeyForm)),
        (&verification.replacen("MFkw", "MFgw", 1), Some(Error::PlayVerificationKeyForm)),
        (&"AAAA".repeat(100), Some(Error::PlayVerificationKeyForm)),
        (verification.trim_end_matches('='), Some(Error::PlayVerificationKeyBase64)),
        (&format!(" {verification}"), Some(Error::PlayVerificationKeyBase64)),
        (&format!("M-{}", &verification[2..]), Some(Error::PlayVerificationKeyBase64)),
    ] {
        assert_eq!(VerificationKey::from_base64(text).err(), expected, "{text:?}");
    }
    // A secret does not show in a log.
    let key = DecryptionKey::from_base64(&decryption).unwrap();
    assert_eq!(format!("{key:?}"), "DecryptionKey(…)");
}

#[test]
fn bindings_have_the_lengths_that_google_takes() {
    let octets = [0; 400];
    for (length, good) in [(0, false), (11, false), (12, true), (375, true), (376, false), (400, false)] {
        let expected = if good { None } else { Some(Error::PlayBindingLength) };
        assert_eq!(Binding::nonce(&octets[..length]).err(), expected, "{length}");
    }
    let text = "#".repeat(501);
    for (length, good) in [(0, false), (1, true), (500, true), (501, false)] {
        let expected = if good { None } else { Some(Error::PlayBindingLength) };
        assert_eq!(Binding::request_hash(&text[..length]).err(), expected, "{length}");
    }
}

#[test]
fn a_classic_token_is_identified_by_its_nonce() {
    let (app, certificates) = (app(), certificates());
    let policy = Policy::new(app.package_name(), &certificates);
    let keys = [pair(&rotated()), pair(&app)];
    let verifier = ClassicVerifier::new(&policy, &keys, &RustCrypto).unwrap();
    let token = app.token(&full());
    let mut buffer = token.clone().into_bytes();
    let accepted = verifier.verify(&mut buffer, binding(), UnixMillis(NOW + 1)).unwrap();
    assert_eq!(accepted.single_use(), SingleUse::Nonce(&NONCE));
    assert_eq!((accepted.key_index(), accepted.timestamp()), (Some(1), UnixMillis(NOW)));
    assert_eq!(accepted.payload().device.sdk_version, Some(36));
    // The same from Google's server.
    let decoded = DecodedVerifier::new(&policy, &RustCrypto).unwrap();
    let answer = answer(&full());
    let authentic = decoded.trust_answer(answer.as_bytes(), token.as_bytes()).unwrap();
    let accepted = authentic.accept(binding(), UnixMillis(NOW)).unwrap();
    assert_eq!((accepted.single_use(), accepted.key_index()), (SingleUse::Nonce(&NONCE), None));
    // A token that was opened here is a classic one, whatever it holds: nothing would identify one with a request hash.
    let mut forged = app.token(&app.standard("hash", NOW)).into_bytes();
    let found = verifier.verify(&mut forged, Binding::request_hash("hash").unwrap(), UnixMillis(NOW)).err();
    assert_eq!(found, Some(Error::PlayNonceMissing));
}

#[test]
fn a_standard_token_is_identified_by_its_hash() {
    let (app, certificates) = (app(), certificates());
    let policy = Policy::new(app.package_name(), &certificates);
    let payload = app.standard("hash", NOW);
    let (token, answer) = (app.standard_token(&payload), answer(&payload));
    let decoded = DecodedVerifier::new(&policy, &RustCrypto).unwrap();
    let binding = Binding::request_hash("hash").unwrap();
    let identity = |answer: &str, token: &str| {
        let authentic = decoded.trust_answer(answer.as_bytes(), token.as_bytes())?;
        authentic.accept(binding, UnixMillis(NOW)).map(|accepted| match accepted.single_use() {
            SingleUse::Token(hash) => hash,
            SingleUse::Nonce(_) => panic!("no nonce was sent"),
        })
    };
    let hash = RustCrypto.sha256(&[token.as_bytes()]).unwrap();
    assert_eq!(identity(&answer, &token), Ok(hash));
    // Bare, with white space, with more beside it: the same token.
    assert_eq!(identity(&payload.encode(), &token), Ok(hash));
    assert_eq!(identity(&answer.replace(':', " : "), &token), Ok(hash));
    assert_ne!(identity(&answer, &app.token(&payload)), Ok(hash));
    // One token has one text.
    let spare = format!("{}B", &token[..token.len() - 1]);
    for text in [
        "",
        &format!("{token}.A"),
        &format!("{token}."),
        &format!(".{token}"),
        ".....",
        &token[..token.len() / 2],
        "A.A..A.A",
    ] {
        assert_eq!(identity(&answer, text), Err(Error::PlaySegments), "{text:?}");
    }
    for text in [
        &format!("{token}="),
        &format!("{token}\n"),
        &format!(" {token}"),
        &token.replacen('.', ".%2E", 1),
        &token.replace(['-', '_'], "+"),
        &spare,
    ] {
        assert_eq!(identity(&answer, text), Err(Error::PlayBase64), "{text:?}");
    }
    assert_eq!(identity(&answer, &format!("AA.AA.AA.AA.{}", "A".repeat(MAX_TOKEN - 12))).map(drop), Ok(()));
    assert_eq!(identity(&answer, &"A".repeat(MAX_TOKEN + 1)), Err(Error::PlayTooLarge));
}

#[test]
fn an_answer_is_the_payload_or_holds_it() {
    let (bare, wrapped) = (minimal().encode(), answer(&minimal()));
    assert_eq!(judge(bare.as_bytes()), Ok(()));
    assert_eq!(judge(wrapped.as_bytes()), Ok(()));
    // Both at once: what Google says stands within, and what stands beside it is nothing.
    let mut both = app().classic(&[0; 32], NOW);
    both.set("tokenPayloadExternal", minimal());
    assert_eq!(judge(both.encode().as_bytes()), Ok(()));
    let mut other = minimal();
    other.set("tokenPayloadExternal", app().classic(&[0; 32], NOW));
    assert_eq!(judge(other.encode().as_bytes()), Err(Error::PlayNonceMismatch));
    let mut twice = Json::object([("tokenPayloadExternal", app().classic(&[0; 32], NOW))]);
    twice.add("tokenPayloadExternal", minimal());
    assert_eq!(judge(twice.encode().as_bytes()), Err(Error::PlayJsonDuplicate));
    // The inner one of two is not looked for, and a token holds no answer.
    let nested = format!(r#"{{"tokenPayloadExternal":{wrapped}}}"#);
    assert_eq!(judge(nested.as_bytes()), Err(Error::PlayMemberMissing));
    assert!(Payload::parse(wrapped.as_bytes()).unwrap().request.nonce.is_none());
    let null = minimal().encode().replacen('{', r#"{"tokenPayloadExternal":null,"#, 1);
    assert_eq!(judge(null.as_bytes()), Ok(()));
    assert_eq!(judge(br#"{"error":{"code":400}}"#), Err(Error::PlayMemberMissing));
    for more in ["x", "{}", "\0", ","] {
        assert_eq!(judge(format!("{wrapped}{more}").as_bytes()), Err(Error::PlayJsonTrailing), "{more:?}");
    }
    // Google's answer has the cap of a payload.
    let mut padded = bare.into_bytes();
    padded.resize(MAX_ANSWER, b' ');
    assert_eq!(judge(&padded), Ok(()));
    padded.push(b' ');
    assert_eq!(judge(&padded), Err(Error::PlayTooLarge));
    assert_eq!(Payload::parse(&padded).err(), Some(Error::PlayPayloadTooLarge));
    assert_eq!(Payload::parse_answer(&padded).err(), Some(Error::PlayPayloadTooLarge));
}

/// A payload with these changes.
fn changed(from: Json, changes: &[(&str, Json)]) -> Json {
    let mut payload = from;
    for (path, value) in changes {
        payload.set(path, value.clone());
    }
    payload
}

/// The dialog, as it is asked of what Google said.
fn dialog(payload: &Json) -> Option<Dialog> {
    let (certificates, app) = (certificates(), app());
    let policy = Policy::new(app.package_name(), &certificates);
    let json = payload.encode();
    let verifier = DecodedVerifier::new(&policy, &RustCrypto).unwrap();
    let authentic = verifier.trust_answer(json.as_bytes(), TOKEN).unwrap();
    if let Ok(accepted) = authentic.accept(binding(), UnixMillis(NOW)) {
        assert_eq!(accepted.remediation(), authentic.remediation());
    }
    authentic.remediation()
}

#[test]
fn the_dialog_is_the_one_for_what_is_worst() {
    let apps = |labels: &[&str]| ("environmentDetails.appAccessRiskVerdict.appsDetected", Json::texts(labels));
    let protect = |verdict: &str| ("environmentDetails.playProtectVerdict", Json::from(verdict));
    let licence = |verdict: &str| ("accountDetails.appLicensingVerdict", Json::from(verdict));
    let recognition = |verdict: &str| ("appIntegrity.appRecognitionVerdict", Json::from(verdict));
    let device = |labels: &[&str]| ("deviceIntegrity.deviceRecognitionVerdict", Json::texts(labels));
    let dialog = |changes: &[(&str, Json)]| dialog(&changed(full(), changes));

    assert_eq!(dialog(&[]), None);
    // Each by itself.
    assert_eq!(dialog(&[licence("UNLICENSED")]), Some(Dialog::GetLicensed));
    assert_eq!(dialog(&[licence("UNEVALUATED")]), None);
    assert_eq!(dialog(&[recognition("UNRECOGNIZED_VERSION")]), Some(Dialog::GetIntegrity));
    assert_eq!(dialog(&[recognition("UNEVALUATED")]), None);
    for labels in [&["MEETS_BASIC_INTEGRITY"][..], &["MEETS_VIRTUAL_INTEGRITY"], &["MEETS_STRONG_INTEGRITY"], &[]] {
        assert_eq!(dialog(&[device(labels)]), Some(Dialog::GetIntegrity), "{labels:?}");
    }
    assert_eq!(dialog(&[device(&["MEETS_DEVICE_INTEGRITY"])]), Some(Dialog::GetStrongIntegrity));
    for (labels, expected) in [
        ("UNKNOWN_CAPTURING", Some(Dialog::CloseUnknownAccessRisk)),
        ("UNKNOWN_CONTROLLING", Some(Dialog::CloseUnknownAccessRisk)),
        ("KNOWN_CAPTURING", Some(Dialog::CloseAllAccessRisk)),
        ("KNOWN_CONTROLLING", Some(Dialog::CloseAllAccessRisk)),
        ("UNKNOWN_OVERLAYS", None),
        ("KNOWN_OVERLAYS", None),
        ("UNKNOWN_INSTALLED", None),
    ] {
        assert_eq!(dialog(&[apps(&["KNOWN_INSTALLED", labels])]), expected, "{labels}");
    }
    for (verdict, expected) in [
        ("POSSIBLE_RISK", Some(Dialog::GetStrongIntegrity)),
        ("MEDIUM_RISK", Some(Dialog::GetStrongIntegrity)),
        ("HIGH_RISK", Some(Dialog::GetStrongIntegrity)),
        ("NO_DATA", None),
        ("UNEVALUATED", None),
    ] {
        assert_eq!(dialog(&[protect(verdict)]), expected, "{verdict}");
    }
    // Their order: each of these goes before those that follow.
    let faults = [
        (recognition("UNRECOGNIZED_VERSION"), Dialog::GetIntegrity),
        (licence("UNLICENSED"), Dialog::GetLicensed),
        (apps(&["KNOWN_CAPTURING", "UNKNOWN_CONTROLLING"]), Dialog::CloseUnknownAccessRisk),
        (protect("HIGH_RISK"), Dialog::GetStrongIntegrity),
    ];
    for first in 0..faults.len() {
        let changes: Vec<_> = faults[first..].iter().map(|(change, _)| change.clone()).collect();
        assert_eq!(dialog(&changes), Some(faults[first].1), "{first}");
    }
    assert_eq!(dialog(&[apps(&["KNOWN_CAPTURING"]), protect("HIGH_RISK")]), Some(Dialog::CloseAllAccessRisk));
    let codes = [
        Dialog::GetLicensed,
        Dialog::CloseUnknownAccessRisk,
        Dialog::CloseAllAccessRisk,
        Dialog::GetIntegrity,
        Dialog::GetStrongIntegrity,
    ]
    .map(Dialog::code);
    assert_eq!(codes, [1, 2, 3, 4, 5]);
}

#[test]
fn what_was_not_evaluated_is_read_and_refused() {
    let payload = unevaluated(full()).encode();
    let read = Payload::parse(payload.as_bytes()).unwrap();
    assert!(read.device.labels.is_empty() && read.app.certificate_digests.is_empty());
    assert!(read.environment.apps_detected.is_none());
    assert_eq!(judge(payload.as_bytes()), Err(Error::PlayAppUnevaluated));
    assert_eq!(dialog(&unevaluated(full())), Some(Dialog::GetIntegrity));
    let standard = with_every_member(app().standard("hash", NOW)).encode();
    assert_eq!(judge(standard.as_bytes()), Err(Error::PlayNonceMissing));
    assert!(Labels::<genuine::play_integrity::Text<'_>>::default().is_empty());
}

/// The first fault in the order of the checks is the one that is reported.
#[test]
fn checks_run_in_their_order() {
    let mut payload = full();
    let faults: [(&str, Json, Error); 9] = [
        ("environmentDetails.playProtectVerdict", "HIGH_RISK".into(), Error::PlayProtectRefused),
        ("accountDetails.appLicensingVerdict", "UNLICENSED".into(), Error::PlayNotLicensed),
        ("deviceIntegrity.deviceRecognitionVerdict", Json::texts(&[]), Error::PlayDeviceLabels),
        ("appIntegrity.versionCode", 1.into(), Error::PlayVersionTooOld),
        ("appIntegrity.certificateSha256Digest", Json::texts(&[]), Error::PlayCertificate),
        ("appIntegrity.packageName", "com.example.other".into(), Error::PlayAppPackage),
        ("appIntegrity.appRecognitionVerdict", "UNKNOWN".into(), Error::PlayAppNotRecognized),
        ("testingDetails.isTestingResponse", true.into(), Error::PlayTestResponse),
        ("requestDetails.timestampMillis", 0.into(), Error::PlayTooOld),
    ];
    for (path, value, error) in faults {
        payload.set(path, value);
        let (certificates, app) = (certificates(), app());
        let accepted = [genuine::play_integrity::PlayProtect::NoIssues];
        let policy = Policy::new(app.package_name(), &certificates).require_version(2).require_play_protect(&accepted);
        let json = payload.encode();
        let verifier = DecodedVerifier::new(&policy, &RustCrypto).unwrap();
        let authentic = verifier.trust_answer(json.as_bytes(), TOKEN).unwrap();
        assert_eq!(authentic.accept(binding(), UnixMillis(NOW)).err(), Some(error), "{path}");
        let other = Binding::nonce(&[0; 12]).unwrap();
        assert_eq!(authentic.accept(other, UnixMillis(NOW)).err(), Some(Error::PlayNonceMismatch));
        assert_eq!(authentic.accept(other, UnixMillis(0)).err(), Some(Error::ClockUnset));
    }
    payload.set("requestDetails.requestPackageName", "com.example.other");
    assert_eq!(judge(payload.encode().as_bytes()), Err(Error::PlayRequestPackage));
}
