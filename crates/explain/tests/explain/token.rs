//! Tokens of Play Integrity: input, verdicts, steps and facts.

use genuine::{Error, UnixMillis, play_integrity::DeviceLabel};
use genuine_explain::{
    Decoding, Input, Mark, Missing, Outcome, PlayBinding, PlayFacts, PlayKeys, PlaySide, Secret, Token,
    TokenExplanation, TokenFacts, TokenForm, TokenKind, TokenSide, certificate_digest, device_label, explain_token,
    unix_millis,
};
use serde_json::{Value, json};

use crate::{
    mint::{CERTIFICATE, HEADER, Keys, NONCE, NOW, PACKAGE, base64url, payload, payload_with, standard_payload},
    support::{hex, json_files, real_vectors},
};

pub(crate) fn keys(keys: &Keys) -> PlayKeys {
    PlayKeys { decryption: Some(Secret::new(keys.decryption())), verification: Some(keys.verification()) }
}

/// All that a server knows about an honest token of [`payload`].
pub(crate) fn side() -> PlaySide {
    PlaySide {
        keys: vec![keys(&Keys::new(1))],
        package: Some(PACKAGE.to_owned()),
        certificates: vec![CERTIFICATE],
        binding: Some(PlayBinding::Nonce(NONCE.to_vec())),
        at: Some(UnixMillis(NOW)),
        ..PlaySide::default()
    }
}

pub(crate) fn read(text: &str) -> Token {
    match Input::read(text.as_bytes()).expect("a token") {
        Input::Token(token) => token,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn explained(text: &str, side: PlaySide) -> TokenExplanation {
    explain_token(&read(text), None, &TokenSide { play: side, ..TokenSide::default() }, UnixMillis(1_000))
}

pub(crate) fn facts(explanation: &TokenExplanation) -> &PlayFacts {
    match &explanation.facts {
        Some(TokenFacts::Play(facts)) => facts,
        other => panic!("{other:?}"),
    }
}

fn marks(explanation: &TokenExplanation, mark: Mark) -> Vec<&str> {
    let steps = explanation.steps.iter().filter(|step| step.mark == mark);
    steps.map(|step| step.step.as_str()).collect()
}

/// Every case has the outcome that it names; the tests of the engine hold the engine itself against them.
#[test]
fn every_shared_case_is_as_expected() {
    let Some(directory) = real_vectors() else { return };
    let directory = directory.parent().expect("a directory above").join("play-integrity");
    let mut count = 0;
    for (name, json) in json_files(&directory).iter().filter(|(name, _)| name != "index") {
        let Ok(Input::TokenVector(vector)) = Input::read(json.as_bytes()) else { panic!("{name} is a case") };
        assert_eq!(vector.id.as_deref(), Some(name.as_str()));
        let explanation = explain_token(&vector.token, Some(vector.kind), &vector.side, UnixMillis(1));
        assert!(vector.expected.is_met_by(&explanation.verdict), "{name}: {:?}", explanation.verdict);
        let is_accepted = explanation.verdict.verdict == Outcome::Accepted;
        assert_eq!(marks(&explanation, Mark::Failed).len(), usize::from(!is_accepted), "{name}");
        assert!(marks(&explanation, Mark::NotAsked).is_empty(), "{name}");
        let sentence = &explanation.diagnosis.sentence;
        assert!(sentence.ends_with('.') && !sentence.contains("  "), "{name}: {sentence:?}");
        let keys = vector.side.play.keys.first().expect("a pair");
        let shown = format!("{explanation:?}{:?}", vector.side);
        assert!(!shown.contains("fnqqOpH8R"), "{name}: the decryption key is shown");
        assert!(keys.verification.is_some());
        count += 1;
    }
    assert_eq!(count, 63);
}

#[test]
fn a_good_token_is_accepted() {
    let token = Keys::new(1).token(&payload());
    let explanation = explained(&token, side());
    assert_eq!((explanation.kind, explanation.verdict.verdict), (TokenKind::PlayToken, Outcome::Accepted));
    assert_eq!(marks(&explanation, Mark::Passed).len(), 16);
    let facts = facts(&explanation);
    assert!(facts.authentic && !facts.test_response);
    assert_eq!(facts.nonce_hex, Some(hex(&NONCE)));
    assert_eq!(facts.certificates[0].digest_hex, Some(hex(&CERTIFICATE)));
    assert_eq!((facts.version_code, facts.dialog.as_ref()), (Some(42), None));
    assert_eq!(facts.time.as_deref(), Some("2026-09-21T14:13:18.5Z"));
    assert_eq!(explanation.header.map(|header| header.text).as_deref(), Some(HEADER));
    assert_eq!(explanation.inner_header.and_then(|header| header.algorithm).as_deref(), Some("ES256"));
    // Line breaks of a mail are taken away, and told.
    let broken = format!("\"{}\n{}\"", &token[..80], &token[80..]);
    let explanation = explained(&broken, side());
    assert_eq!(explanation.decoding, [Decoding::Quotes, Decoding::WhiteSpace]);
    assert_eq!(explanation.verdict.verdict, Outcome::Accepted);
    assert!(explanation.diagnosis.sentence.contains("line breaks"));
}

/// The steps are the engine's, in the order of their type.
#[test]
fn the_steps_are_the_engines() {
    use genuine::play_integrity::Step;
    let steps = [
        Step::Size,
        Step::Form,
        Step::Header,
        Step::Decryption,
        Step::InnerForm,
        Step::Signature,
        Step::Payload,
        Step::RequestPackage,
        Step::Binding,
        Step::Time,
        Step::Testing,
        Step::App,
        Step::Device,
        Step::Licensing,
        Step::Signals,
    ];
    assert!(steps.is_sorted());
    let of_errors = Error::ALL.iter().filter_map(|error| match error.step() {
        Some(genuine::Step::PlayIntegrity(step)) => Some(step),
        _ => None,
    });
    assert!(of_errors.into_iter().all(|step| steps.contains(&step)), "a step is missing above");
    let names: Vec<_> = ["Configuration".to_owned()].into_iter().chain(steps.map(|step| format!("{step:?}"))).collect();
    let of = |text: &str| -> Vec<_> { explained(text, side()).steps.into_iter().map(|step| step.step).collect() };
    assert_eq!(of(&Keys::new(1).token(&payload())), names);
    let layers = [2, 3, 4, 5, 6];
    let decoded = names.into_iter().enumerate().filter(|(place, _)| !layers.contains(place)).map(|(_, name)| name);
    assert_eq!(of(&payload().to_string()), decoded.collect::<Vec<_>>());
}

/// What is left out, what is missed then, and the steps that are not asked.
type Row = (fn(&mut PlaySide), Vec<Missing>, Vec<&'static str>);

#[test]
fn what_is_not_told_is_not_asked() {
    let token = Keys::new(1).token(&payload());
    let without = |change: fn(&mut PlaySide)| {
        let mut side = side();
        change(&mut side);
        explained(&token, side)
    };
    let rows: [Row; 6] = [
        (|side| side.package = None, vec![Missing::Package], vec!["RequestPackage", "App"]),
        (|side| side.certificates.clear(), vec![Missing::CertificateDigest], vec!["App"]),
        (|side| side.binding = None, vec![Missing::Binding], vec!["Binding"]),
        (|side| side.keys[0].verification = None, vec![Missing::VerificationKey], vec!["Signature"]),
        (|side| side.keys[0].decryption = None, vec![Missing::DecryptionKey], vec!["Decryption"]),
        (|side| side.keys.clear(), vec![Missing::DecryptionKey, Missing::VerificationKey], vec!["Decryption"]),
    ];
    for (change, missing, steps) in rows {
        let explanation = without(change);
        assert_eq!(explanation.verdict.verdict, Outcome::Incomplete, "{missing:?}: {:?}", explanation.verdict);
        assert_eq!((&explanation.verdict.missing, marks(&explanation, Mark::NotAsked)), (&missing, steps));
    }
    let shown = without(|side| side.keys.clear());
    assert!(shown.header.is_some() && shown.inner_header.is_none() && shown.facts.is_none());
    assert_eq!(marks(&shown, Mark::NotReached).len(), 11);
    assert_eq!(marks(&shown, Mark::Passed), ["Configuration", "Size", "Form", "Header"]);
    let opened = without(|side| side.keys[0].verification = None);
    assert!(!facts(&opened).authentic);
    // Nobody's keys open nothing.
    let nobody = explained(&Keys::new(1).token(&payload()), PlaySide::default());
    assert_eq!(nobody.verdict.missing.len(), 5);
}

/// What fails whatever the caller might tell is refused without it.
#[test]
fn what_nobody_could_accept_is_refused() {
    let untold = || PlaySide { keys: vec![keys(&Keys::new(1))], at: Some(UnixMillis(NOW)), ..PlaySide::default() };
    let rows = [
        (payload_with("/requestDetails/nonce", Value::Null), "PlayNonceMissing"),
        (payload_with("/requestDetails/nonce", json!("abc")), "PlayNonceMismatch"),
        (standard_payload("h"), "PlayNonceMissing"),
        (payload_with("/requestDetails/requestPackageName", json!("")), "PlayRequestPackage"),
        (payload_with("/appIntegrity/packageName", json!("other")), "PlayAppPackage"),
        (payload_with("/appIntegrity/certificateSha256Digest", json!([])), "PlayCertificate"),
        (payload_with("/appIntegrity/appRecognitionVerdict", json!("NEW")), "PlayAppNotRecognized"),
    ];
    for (payload, name) in rows {
        let explanation = explained(&Keys::new(1).token(&payload), untold());
        assert_eq!(explanation.verdict.name, Some(name), "{payload}");
        assert_eq!(explanation.verdict.verdict, Outcome::Refused);
    }
}

#[test]
fn payloads_are_read_bare_and_wrapped() {
    for json in [payload(), json!({"tokenPayloadExternal": payload()})] {
        let explanation = explained(&json.to_string(), PlaySide { keys: Vec::new(), ..side() });
        assert_eq!((explanation.kind, explanation.verdict.verdict), (TokenKind::PlayPayload, Outcome::Accepted));
        assert_eq!(marks(&explanation, Mark::Passed).len(), 11);
        assert!(!facts(&explanation).authentic && explanation.header.is_none());
        assert!(explanation.diagnosis.sentence.contains("nothing in it proves"));
    }
    let hash = PlaySide { binding: Some(PlayBinding::RequestHash("h".to_owned())), ..side() };
    let standard = standard_payload("h").to_string();
    assert_eq!(explained(&standard, hash).verdict.verdict, Outcome::Accepted);
    let untold = explained(&standard, PlaySide { binding: None, ..side() });
    assert_eq!((untold.verdict.verdict, untold.verdict.missing), (Outcome::Incomplete, vec![Missing::Binding]));
    assert!(untold.diagnosis.sentence.contains("give the request hash."));
    // What is wrong with JSON, the engine says.
    for (text, name) in [
        (payload().to_string() + "{}", "PlayJsonTrailing"),
        (
            payload().to_string().replace(",\"appIntegrity", ",\"requestDetails\":{},\"appIntegrity"),
            "PlayJsonDuplicate",
        ),
        ("{'requestDetails': {}}".to_owned(), "PlayJsonMalformed"),
        ("{\"requestDetails\": {}}".to_owned(), "PlayMemberMissing"),
    ] {
        assert_eq!(explained(&text, side()).verdict.name, Some(name), "{text}");
    }
}

#[test]
fn tokens_are_told_from_objects() {
    let keys = Keys::new(1);
    let token = keys.token(&payload());
    assert_eq!(read(&token), Token { text: token.clone().into(), form: TokenForm::Compact, decoding: vec![] });
    for name in ["integrityToken", "token"] {
        let body = json!({ name: token }).to_string();
        assert_eq!(read(&body).decoding, [Decoding::JsonMember]);
        assert_eq!(read(&body).text, token.as_bytes());
    }
    let foreign = keys.jws(r#"{"typ":"JWT","alg":"ES256"}"#, r#"{"sub":"device"}"#);
    let explanation = explained(&foreign, side());
    assert_eq!((explanation.kind, explanation.verdict.verdict), (TokenKind::Jwt, Outcome::Refused));
    assert!(matches!(&explanation.facts, Some(TokenFacts::Session(facts)) if !facts.authentic));
    assert_eq!(explanation.header.and_then(|header| header.kind).as_deref(), Some("JWT"));
    assert_eq!(explanation.verdict.name, Some("TokenExpiryMissing"), "whatever its key is");
    for text in ["org.example.shop", "a.b.c.d.e", "oWNm.a.b", "[]"] {
        assert!(!matches!(Input::read(text.as_bytes()), Ok(Input::Token(_))), "{text}");
    }
}

#[test]
fn cases_are_read_with_reasons() {
    let case = json!({"name": "n", "token": "t", "expect": "ok", "context": {"expected_nonce": base64url(NONCE)}});
    let changed = |path: &str, value: Value| {
        let mut case = case.clone();
        let (parent, name) = path.rsplit_once('/').expect("a path");
        case.pointer_mut(parent).expect("it is there")[name] = value;
        Input::read(case.to_string().as_bytes())
    };
    let rows = [
        ("/expect", json!("maybe"), "not `ok`"),
        ("/token", json!(1), "`token` is not text"),
        ("/context", json!(1), "not a JSON object"),
        ("/context/expected_nonce", json!("???"), "not base64"),
        ("/context/now_ms", json!(-1), "not a number"),
        ("/context/cert_sha256_allowed", json!("x"), "not a list of texts"),
        ("/context/cert_sha256_allowed", json!(["AAAA"]), "2 octets"),
        ("/context/require", json!({"device": "MEETS_NOTHING"}), "is no label"),
        ("/context/require", json!({"colour": "red"}), "nothing that can be required"),
    ];
    for (path, value, reason) in rows {
        let unreadable = changed(path, value).expect_err(reason).to_string();
        assert!(unreadable.contains(reason), "{unreadable}");
    }
    let Ok(Input::TokenVector(vector)) = changed("/context/require", json!({"device": "MEETS_BASIC_INTEGRITY"})) else {
        panic!("a case")
    };
    assert_eq!(vector.side.play.devices, [DeviceLabel::MeetsBasicIntegrity]);
    assert_eq!(vector.side.play.binding, Some(PlayBinding::Nonce(NONCE.to_vec())));
}

/// The caller's policy reaches the engine.
#[test]
fn the_policy_is_the_callers() {
    let token = |path: &str, value: Value| Keys::new(1).token(&payload_with(path, value));
    let verdict = |token: &str, side: PlaySide| explained(token, side).verdict.name;
    let basic = token("/deviceIntegrity/deviceRecognitionVerdict", json!(["MEETS_BASIC_INTEGRITY"]));
    assert_eq!(verdict(&basic, side()), Some("PlayDeviceLabels"));
    let devices = vec![DeviceLabel::MeetsStrongIntegrity, DeviceLabel::MeetsBasicIntegrity];
    assert_eq!(verdict(&basic, PlaySide { devices, ..side() }), None);
    let test = Keys::new(1).token(&{
        let mut payload = payload();
        payload["testingDetails"] = json!({"isTestingResponse": true});
        payload
    });
    assert_eq!(verdict(&test, side()), Some("PlayTestResponse"));
    assert_eq!(verdict(&test, PlaySide { accept_test_responses: true, ..side() }), None);
    // The age that is shown as the default is the engine's.
    for (age, expected) in [(300_000, None), (300_001, Some("PlayTooOld"))] {
        let old = token("/requestDetails/timestampMillis", json!(NOW - age));
        assert_eq!(verdict(&old, side()), expected);
        assert_eq!(verdict(&old, PlaySide { max_age: Some(300_001), ..side() }), None);
        let time = explained(&old, side()).steps.into_iter().find(|step| step.step == "Time").expect("it is there");
        assert!(time.compared[2].value.ends_with("at most 300 s"), "{time:?}");
    }
    let early = token("/requestDetails/timestampMillis", json!(NOW + 60_001));
    assert_eq!(verdict(&early, side()), Some("PlayFromFuture"));
    assert_eq!(verdict(&early, PlaySide { max_skew: Some(60_001), ..side() }), None);
    // Both pairs open tokens while keys are rotated.
    let pairs = vec![keys(&Keys::new(2)), keys(&Keys::new(1))];
    let rotated = explained(&Keys::new(1).token(&payload()), PlaySide { keys: pairs, ..side() });
    assert_eq!(rotated.verdict.verdict, Outcome::Accepted);
    let signature = rotated.steps.iter().find(|step| step.step == "Signature").expect("it is there");
    assert_eq!(signature.compared[0].value, "2");
}

#[test]
fn a_side_is_filled_up_from_another() {
    let own = PlaySide { package: Some("own".to_owned()), ..PlaySide::default() };
    let of = |play| TokenSide { play, ..TokenSide::default() };
    let both = of(own).or(of(side())).play;
    assert_eq!((both.package.as_deref(), both.certificates, both.keys.len()), (Some("own"), vec![CERTIFICATE], 1));
}

#[test]
fn values_are_read_as_people_have_them() {
    let digits = hex(&CERTIFICATE);
    let colons = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("ASCII").to_uppercase());
    let colons = colons.collect::<Vec<_>>().join(":");
    let padded = base64url(CERTIFICATE) + "=";
    for text in [digits.clone(), colons.clone(), format!("SHA256: {colons}\n"), base64url(CERTIFICATE), padded] {
        assert_eq!(certificate_digest(&text), Ok(CERTIFICATE), "{text}");
    }
    let again = base64url(&digits);
    for (text, reason) in [
        ("ab".repeat(20), "SHA-1"),
        ("ab".repeat(16), "MD5"),
        (again, "the digits themselves"),
        ("?".to_owned(), "neither"),
    ] {
        assert!(certificate_digest(&text).expect_err(reason).contains(reason), "{text}");
    }
    assert_eq!(device_label("MEETS_VIRTUAL_INTEGRITY"), Some(DeviceLabel::MeetsVirtualIntegrity));
    assert_eq!(device_label("UNKNOWN"), None);
    assert_eq!(unix_millis("2026-01-31T12:00:00.25Z"), Some(UnixMillis(1_769_860_800_250)));
    assert_eq!((unix_millis("yesterday"), unix_millis("1969-12-31T23:59:59.5Z")), (None, None));
    assert!(PlayBinding::read_nonce("AAAA").is_err() && PlayBinding::read_request_hash(&"h".repeat(501)).is_err());
    assert_eq!(PlayBinding::read_nonce(&base64url(NONCE)), Ok(PlayBinding::Nonce(NONCE.to_vec())));
}

fn every_fact() -> Value {
    let mut full = payload();
    full["requestDetails"]["requestHash"] = json!("hash");
    full["deviceIntegrity"]["recentDeviceActivity"] = json!({"deviceActivityLevel": "LEVEL_2"});
    full["deviceIntegrity"]["deviceAttributes"] = json!({"sdkVersion": 36});
    full["deviceIntegrity"]["deviceRecall"] =
        json!({"values": {"bitFirst": true, "bitSecond": false}, "writeDates": {"yyyymmFirst": 202_609}});
    full["accountDetails"]["accountActivity"] = json!({"activityLevel": "TYPICAL_BASIC"});
    full["environmentDetails"] = json!({
        "appAccessRiskVerdict": {"appsDetected": ["KNOWN_INSTALLED", "UNKNOWN_CAPTURING", "A_NEW_LABEL"]},
        "playProtectVerdict": "NO_ISSUES",
        "locationSpoofingRiskVerdict": ["LOW_RISK_DEVICE"],
    });
    full
}

#[test]
fn every_fact_is_told() {
    let explanation = explained(&Keys::new(1).token(&every_fact()), side());
    assert_eq!(explanation.verdict.verdict, Outcome::Accepted);
    let facts = facts(&explanation);
    let recall = facts.device_recall.as_ref().expect("it is there");
    assert_eq!((recall.bits, recall.written), ([Some(true), Some(false), None], [Some(202_609), None, None]));
    assert_eq!(facts.apps_detected.as_ref().expect("a list")[2], "A_NEW_LABEL", "unknown labels stand as they are");
    assert_eq!((facts.sdk_version, facts.play_protect.as_deref()), (Some(36), Some("NO_ISSUES")));
    let dialog = facts.dialog.as_ref().expect("an app captures the screen");
    assert_eq!((dialog.number, dialog.dialog_name), (2, "CLOSE_UNKNOWN_ACCESS_RISK"));
}

/// The JSON form is the one that README.md describes.
#[test]
fn every_field_is_described() {
    let full = serde_json::to_value(explained(&Keys::new(1).token(&every_fact()), side())).expect("serialises");
    let none = serde_json::to_value(explained("e30.", PlaySide::default())).expect("serialises");
    let mut list = Vec::new();
    crate::form::names(&full, &mut list);
    for name in &list {
        assert!(crate::form::README.contains(&format!("`{name}`")), "{name}");
    }
    let [full, none] = [&full, &none].map(|value| value.as_object().expect("an object").keys().collect::<Vec<_>>());
    assert_eq!(full, none, "all fields are always there");
    assert!(list.contains(&"dialog_name") && list.contains(&"has_certificates"));
}
