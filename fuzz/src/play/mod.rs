//! Google Play Integrity without the engine: what a payload says, and what a policy makes of it.

mod demands;
mod said;

pub(crate) use demands::Demands;
pub(crate) use said::{Said, compare};

use base64::{
    Engine as _,
    engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD},
};

pub(crate) const PACKAGE: &str = "com.example.shop";

/// The certificates of the app, the one that signs now last.
pub(crate) const CERTIFICATES: [[u8; 32]; 2] = [[0x11; 32], [0xFB; 32]];

/// What the server expects: a nonce of 16 octets, whose text may have padding, or one of 24, whose text has none.
pub(crate) const NONCES: [&[u8]; 2] = [&[0xFE; 16], b"a nonce of 24 octets ~~~"];

pub(crate) const REQUEST_HASH: &str = "hash of „request“ /1";

/// The time of an honest payload, and a second later, when it is judged.
pub(crate) const MADE: i64 = 1_790_000_000_000;
pub(crate) const NOW: u64 = 1_790_000_001_000;

/// A payload with every member of Google's discovery document.
pub(crate) fn honest() -> String {
    format!(
        r#"{{"requestDetails":{{"requestPackageName":"{PACKAGE}","timestampMillis":"{MADE}","nonce":"{}","requestHash":"{REQUEST_HASH}"}},"appIntegrity":{{"appRecognitionVerdict":"PLAY_RECOGNIZED","packageName":"{PACKAGE}","certificateSha256Digest":["{}"],"versionCode":"42"}},"deviceIntegrity":{{"deviceRecognitionVerdict":["MEETS_BASIC_INTEGRITY","MEETS_DEVICE_INTEGRITY","MEETS_STRONG_INTEGRITY"],"recentDeviceActivity":{{"deviceActivityLevel":"LEVEL_1"}},"deviceAttributes":{{"sdkVersion":36}},"deviceRecall":{{"values":{{"bitFirst":true,"bitSecond":false,"bitThird":true}},"writeDates":{{"yyyymmFirst":202609,"yyyymmThird":"202501"}}}}}},"accountDetails":{{"appLicensingVerdict":"LICENSED","accountActivity":{{"activityLevel":"TYPICAL_BASIC"}}}},"environmentDetails":{{"appAccessRiskVerdict":{{"appsDetected":["KNOWN_INSTALLED","UNKNOWN_INSTALLED"]}},"playProtectVerdict":"NO_ISSUES","locationSpoofingRiskVerdict":["LOW_RISK_DEVICE","LOW_RISK_NETWORK"]}},"testingDetails":{{"isTestingResponse":false}}}}"#,
        URL_SAFE.encode(NONCES[0]),
        URL_SAFE_NO_PAD.encode(CERTIFICATES[1]),
    )
}

/// Whether a text is base64url of these octets, with all of its padding or with none.
fn is_text_of(text: &str, octets: &[u8]) -> bool {
    let read = URL_SAFE_NO_PAD.decode(text).or_else(|_| URL_SAFE.decode(text));
    read.is_ok_and(|read| read == octets)
}
