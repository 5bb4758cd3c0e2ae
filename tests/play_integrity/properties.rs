//! Payloads drawn from members, and nonces of any octets.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use genuine::{
    Error, UnixMillis,
    crypto::RustCrypto,
    play_integrity::{Binding, DecodedVerifier, Payload, Policy, Text},
};
use genuine_testvectors::json::Json;
use proptest::{prelude::*, sample::select, test_runner::RngSeed};
use serde_json::Value;

use crate::common::{NOW, TOKEN, app, certificates, minimal};

/// A string as JSON may write it: each character as it is, or as an escape.
fn text() -> impl Strategy<Value = Json> {
    let character = (any::<char>(), any::<bool>()).prop_map(|(character, escaped)| {
        if escaped {
            let mut units = [0; 2];
            character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat()
        } else {
            let quoted = Value::from(character.to_string()).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
    });
    let drawn = prop::collection::vec(character, 0..12)
        .prop_map(|text: Vec<String>| Json::Raw(format!("\"{}\"", text.concat())));
    let labels = [
        "UNKNOWN",
        "UNEVALUATED",
        "PLAY_RECOGNIZED",
        "UNRECOGNIZED_VERSION",
        "LICENSED",
        "UNLICENSED",
        "LEVEL_1",
        "MEETS_DEVICE_INTEGRITY",
        "NO_ISSUES",
        "HIGH_RISK",
        "KNOWN_INSTALLED",
        "UNKNOWN_CAPTURING",
        "LOW_RISK_DEVICE",
        "TYPICAL_BASIC",
        "DEVICE_ACTIVITY_LEVEL_UNSPECIFIED",
        "",
    ];
    prop_oneof![drawn, select(labels.to_vec()).prop_map(Json::from)]
}

fn integer() -> impl Strategy<Value = Json> {
    (prop_oneof![any::<i64>(), 0..100_i64], any::<bool>())
        .prop_map(|(number, quoted)| if quoted { number.to_string().into() } else { number.into() })
}

fn texts() -> impl Strategy<Value = Json> {
    prop::collection::vec(text(), 0..6).prop_map(Json::Array)
}

/// Every member that is known, by what it holds.
fn members() -> impl Strategy<Value = Vec<(&'static str, Json)>> {
    let lists_at = [
        "appIntegrity.certificateSha256Digest",
        "deviceIntegrity.deviceRecognitionVerdict",
        "environmentDetails.appAccessRiskVerdict.appsDetected",
        "environmentDetails.locationSpoofingRiskVerdict",
    ];
    let string_at = [
        "requestDetails.requestPackageName",
        "requestDetails.nonce",
        "requestDetails.requestHash",
        "appIntegrity.appRecognitionVerdict",
        "appIntegrity.packageName",
        "deviceIntegrity.recentDeviceActivity.deviceActivityLevel",
        "accountDetails.appLicensingVerdict",
        "accountDetails.accountActivity.activityLevel",
        "environmentDetails.playProtectVerdict",
        // Known to nobody.
        "requestDetails.addedLater",
        "deviceIntegrity.deviceRecall.values.bitFourth",
        "addedLater",
    ];
    let integer_at = [
        "requestDetails.timestampMillis",
        "appIntegrity.versionCode",
        "deviceIntegrity.deviceAttributes.sdkVersion",
        "deviceIntegrity.deviceRecall.writeDates.yyyymmFirst",
        "deviceIntegrity.deviceRecall.writeDates.yyyymmThird",
    ];
    let boolean_at = [
        "testingDetails.isTestingResponse",
        "deviceIntegrity.deviceRecall.values.bitFirst",
        "deviceIntegrity.deviceRecall.values.bitSecond",
    ];
    let member = prop_oneof![
        3 => (select(string_at.to_vec()), text()),
        2 => (select(lists_at.to_vec()), texts()),
        2 => (select(integer_at.to_vec()), integer()),
        1 => (select(boolean_at.to_vec()), any::<bool>().prop_map(Json::from)),
        1 => (select([&string_at[..], &lists_at, &integer_at, &boolean_at].concat()), Just(Json::Null)),
    ];
    prop::collection::vec(member, 0..24)
}

/// What another reader finds at a path; `null` is absent.
fn at<'v>(payload: &'v Value, path: &str) -> Option<&'v Value> {
    payload.pointer(path).filter(|value| !value.is_null())
}

fn texts_of(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).cloned().unwrap_or_default();
    items.iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

fn integer_of(value: Option<&Value>) -> Option<i64> {
    value.map(|value| value.as_str().map_or_else(|| value.as_i64().unwrap(), |text| text.parse().unwrap()))
}

/// The labels as they were written, known or not.
fn shown<L: std::fmt::Display>(labels: impl Iterator<Item = L>) -> Vec<String> {
    labels.map(|label| label.to_string()).collect()
}

fn same_fields(payload: &Payload<'_>, other: &Value) {
    let text = |path: &str| at(other, path).map(|value| value.as_str().unwrap().to_owned());
    let own = |text: Option<Text<'_>>| text.map(|text| text.to_string());
    let Payload { request, app, device, account, environment, .. } = payload;
    assert_eq!(own(request.package_name), text("/requestDetails/requestPackageName"));
    assert_eq!(own(request.nonce), text("/requestDetails/nonce"));
    assert_eq!(own(request.request_hash), text("/requestDetails/requestHash"));
    assert_eq!(request.timestamp_millis, integer_of(at(other, "/requestDetails/timestampMillis")));
    assert_eq!(app.recognition.map(|label| label.to_string()), text("/appIntegrity/appRecognitionVerdict"));
    assert_eq!(own(app.package_name), text("/appIntegrity/packageName"));
    assert_eq!(shown(app.certificate_digests.iter()), texts_of(at(other, "/appIntegrity/certificateSha256Digest")));
    assert_eq!(app.version_code, integer_of(at(other, "/appIntegrity/versionCode")));
    assert_eq!(shown(device.labels.iter()), texts_of(at(other, "/deviceIntegrity/deviceRecognitionVerdict")));
    let level = text("/deviceIntegrity/recentDeviceActivity/deviceActivityLevel");
    assert_eq!(device.activity.map(|label| label.to_string()), level);
    assert_eq!(device.sdk_version, integer_of(at(other, "/deviceIntegrity/deviceAttributes/sdkVersion")));
    let recall = at(other, "/deviceIntegrity/deviceRecall");
    assert_eq!(device.recall.is_some(), recall.is_some());
    if let (Some(own), Some(recall)) = (device.recall, recall) {
        for (bit, name) in own.bits.iter().zip(["bitFirst", "bitSecond", "bitThird"]) {
            assert_eq!(*bit, at(recall, &format!("/values/{name}")).and_then(Value::as_bool), "{name}");
        }
        for (date, name) in own.written.iter().zip(["yyyymmFirst", "yyyymmSecond", "yyyymmThird"]) {
            assert_eq!(*date, integer_of(at(recall, &format!("/writeDates/{name}"))), "{name}");
        }
    }
    assert_eq!(account.licensing.map(|label| label.to_string()), text("/accountDetails/appLicensingVerdict"));
    assert_eq!(account.activity.map(|label| label.to_string()), text("/accountDetails/accountActivity/activityLevel"));
    let detected = at(other, "/environmentDetails/appAccessRiskVerdict/appsDetected").map(|apps| texts_of(Some(apps)));
    assert_eq!(environment.apps_detected.map(|apps| shown(apps.iter())), detected);
    assert_eq!(environment.play_protect.map(|label| label.to_string()), text("/environmentDetails/playProtectVerdict"));
    let risks = at(other, "/environmentDetails/locationSpoofingRiskVerdict").map(|risks| texts_of(Some(risks)));
    assert_eq!(environment.location_risks.map(|risks| shown(risks.iter())), risks);
    let testing = at(other, "/testingDetails/isTestingResponse").and_then(Value::as_bool);
    assert_eq!(payload.is_test_response, testing.unwrap_or(false));
}

/// Whether a nonce in this text is the expected one.
fn bound(text: &str, expected: &[u8]) -> Result<(), Error> {
    let mut payload = minimal();
    payload.set("requestDetails.nonce", text);
    let (json, certificates, app) = (payload.encode(), certificates(), app());
    let policy = Policy::new(app.package_name(), &certificates);
    let verifier = DecodedVerifier::new(&policy, &RustCrypto)?;
    verifier.trust_answer(json.as_bytes(), TOKEN)?.accept(Binding::nonce(expected)?, UnixMillis(NOW)).map(drop)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(27), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn a_payload_says_what_another_reader_finds(members in members()) {
        let mut json = Json::object([]);
        for (path, value) in members {
            json.set(path, value);
        }
        let json = json.encode();
        let other: Value = serde_json::from_str(&json).unwrap();
        same_fields(&Payload::parse(json.as_bytes()).unwrap(), &other);
        let wrapped = genuine_testvectors::play::wrapped(&json);
        same_fields(&Payload::parse_answer(wrapped.as_bytes()).unwrap(), &other);
        same_fields(&Payload::parse_answer(json.as_bytes()).unwrap(), &other);
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn a_nonce_is_compared_by_its_octets(octets in prop::collection::vec(any::<u8>(), 12..=375), flip in any::<(u16, u8)>()) {
        let (unpadded, padded) = (URL_SAFE_NO_PAD.encode(&octets), URL_SAFE.encode(&octets));
        prop_assert_eq!(bound(&unpadded, &octets), Ok(()));
        prop_assert_eq!(bound(&padded, &octets), Ok(()));
        let mut other = octets.clone();
        let place = usize::from(flip.0) % other.len();
        other[place] ^= 1 << (flip.1 % 8);
        let refused = Err(Error::PlayNonceMismatch);
        prop_assert_eq!(bound(&unpadded, &other), refused);
        prop_assert_eq!(bound(&padded, &other), refused);
        prop_assert_eq!(bound(&unpadded[..unpadded.len() - 1], &octets), refused);
        prop_assert_eq!(bound(&format!("{padded}="), &octets), refused);
        prop_assert_eq!(bound(&format!("{unpadded}A"), &octets), refused);
        if octets.len() < 375 {
            let longer = [&octets[..], &[0]].concat();
            prop_assert_eq!(bound(&unpadded, &longer), refused);
        }
        let standard = STANDARD_NO_PAD.encode(&octets);
        prop_assert_eq!(bound(&standard, &octets), if standard == unpadded { Ok(()) } else { refused });
    }
}
