//! What a payload says: read from a tree of `serde_json`, and from the engine's view.

use genuine::{
    Error,
    play_integrity::{
        AccountActivity, AppDetected, AppRecognition, DeviceActivity, DeviceLabel, Dialog, Licensing, LocationRisk,
        MAX_PAYLOAD, Payload, PlayProtect,
    },
};

use crate::json::{self, Fault, Tree};

/// Every value of a payload, labels as their texts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(super) requester: Option<String>,
    pub(super) timestamp: Option<i64>,
    pub(super) nonce: Option<String>,
    pub(super) request_hash: Option<String>,
    pub(super) recognition: Option<String>,
    pub(super) package: Option<String>,
    pub(super) digests: Vec<String>,
    pub(super) version: Option<i64>,
    pub(super) labels: Vec<String>,
    pub(super) device_activity: Option<String>,
    pub(super) sdk: Option<i64>,
    recall: Option<Recall>,
    pub(super) licensing: Option<String>,
    pub(super) account_activity: Option<String>,
    pub(super) apps: Option<Vec<String>>,
    pub(super) play_protect: Option<String>,
    pub(super) location_risks: Option<Vec<String>>,
    pub(super) is_test: bool,
}

/// Three bits, and the months in which they were written.
#[derive(Debug, Default, PartialEq, Eq)]
struct Recall {
    bits: [Option<bool>; 3],
    months: [Option<i64>; 3],
}

/// What a model says of a text: its values, or the code of the first fault; without a code, one of those that are about the
/// grammar.
pub(crate) type Model = Result<Said, Option<Error>>;

impl Said {
    /// The payload of a token.
    pub(crate) fn in_payload(text: &[u8]) -> Model {
        if text.len() > MAX_PAYLOAD {
            return Err(Some(Error::PlayPayloadTooLarge));
        }
        json::document(text, Self::read).map_err(code)
    }

    /// What Google's server answers: an object with the payload in it, and all else in it is passed over; or the payload.
    pub(crate) fn in_answer(text: &[u8]) -> Model {
        if text.len() > MAX_PAYLOAD {
            return Err(Some(Error::PlayPayloadTooLarge));
        }
        let wrapped = json::document(text, |tree| {
            let mut wrapped = None;
            members(tree, &["tokenPayloadExternal"], |_, value| Self::read(value).map(|said| wrapped = Some(said)))?;
            Ok(wrapped)
        });
        wrapped.map_err(code)?.map_or_else(|| Self::in_payload(text), Ok)
    }

    fn read(tree: &Tree) -> Result<Self, Fault> {
        let mut said = Self::default();
        let parts = [
            "requestDetails",
            "appIntegrity",
            "deviceIntegrity",
            "accountDetails",
            "environmentDetails",
            "testingDetails",
        ];
        members(tree, &parts, |part, tree| match part {
            "requestDetails" => said.request(tree),
            "appIntegrity" => said.app(tree),
            "deviceIntegrity" => said.device(tree),
            "accountDetails" => said.account(tree),
            "environmentDetails" => said.environment(tree),
            _ => members(tree, &["isTestingResponse"], |_, value| value.boolean().map(|is| said.is_test = is)),
        })?;
        Ok(said)
    }

    fn request(&mut self, tree: &Tree) -> Result<(), Fault> {
        members(tree, &["requestPackageName", "timestampMillis", "nonce", "requestHash"], |name, value| {
            match name {
                "requestPackageName" => self.requester = Some(value.text()?),
                "timestampMillis" => self.timestamp = Some(value.integer()?),
                "nonce" => self.nonce = Some(value.text()?),
                _ => self.request_hash = Some(value.text()?),
            }
            Ok(())
        })
    }

    fn app(&mut self, tree: &Tree) -> Result<(), Fault> {
        let names = ["appRecognitionVerdict", "packageName", "certificateSha256Digest", "versionCode"];
        members(tree, &names, |name, value| {
            match name {
                "appRecognitionVerdict" => self.recognition = Some(value.text()?),
                "packageName" => self.package = Some(value.text()?),
                "certificateSha256Digest" => self.digests = value.texts()?,
                _ => self.version = Some(value.integer()?),
            }
            Ok(())
        })
    }

    fn device(&mut self, tree: &Tree) -> Result<(), Fault> {
        let names = ["deviceRecognitionVerdict", "recentDeviceActivity", "deviceAttributes", "deviceRecall"];
        members(tree, &names, |name, value| {
            match name {
                "deviceRecognitionVerdict" => self.labels = value.texts()?,
                "recentDeviceActivity" => {
                    self.device_activity = inner_signal(value, "deviceActivityLevel", Tree::text)?
                }
                "deviceAttributes" => self.sdk = inner_signal(value, "sdkVersion", Tree::integer)?,
                _ => self.recall = signal(value, recall)?,
            }
            Ok(())
        })
    }

    fn account(&mut self, tree: &Tree) -> Result<(), Fault> {
        members(tree, &["appLicensingVerdict", "accountActivity"], |name, value| {
            match name {
                "appLicensingVerdict" => self.licensing = Some(value.text()?),
                _ => self.account_activity = inner_signal(value, "activityLevel", Tree::text)?,
            }
            Ok(())
        })
    }

    fn environment(&mut self, tree: &Tree) -> Result<(), Fault> {
        let names = ["appAccessRiskVerdict", "playProtectVerdict", "locationSpoofingRiskVerdict"];
        members(tree, &names, |name, value| {
            match name {
                "appAccessRiskVerdict" => self.apps = inner_signal(value, "appsDetected", Tree::texts)?,
                "playProtectVerdict" => self.play_protect = signal(value, Tree::text)?,
                _ => self.location_risks = signal(value, Tree::texts)?,
            }
            Ok(())
        })
    }

    /// What the engine's view says. A label is known to it if and only if the format has it.
    pub(crate) fn of(payload: &Payload<'_>) -> Self {
        let Payload { request, app, device, account, environment, is_test_response, .. } = payload;
        let recall = device.recall.map(|recall| Recall { bits: recall.bits, months: recall.written });
        Self {
            requester: request.package_name.map(|text| text.to_string()),
            timestamp: request.timestamp_millis,
            nonce: request.nonce.map(|text| text.to_string()),
            request_hash: request.request_hash.map(|text| text.to_string()),
            recognition: app.recognition.map(recognition),
            package: app.package_name.map(|text| text.chars().collect()),
            digests: app.certificate_digests.iter().map(|text| text.to_string()).collect(),
            version: app.version_code,
            labels: device.labels.iter().map(device_label).collect(),
            device_activity: device.activity.map(device_activity),
            sdk: device.sdk_version,
            recall,
            licensing: account.licensing.map(licensing),
            account_activity: account.activity.map(account_activity),
            apps: environment.apps_detected.map(|apps| apps.iter().map(app_detected).collect()),
            play_protect: environment.play_protect.map(play_protect),
            location_risks: environment.location_risks.map(|risks| risks.iter().map(location_risk).collect()),
            is_test: *is_test_response,
        }
    }

    /// The dialog that an app should show: `GET_INTEGRITY` before `GET_LICENSED`, then what reads the screen or acts for the
    /// user, then what a strong device would have.
    pub(crate) fn dialog(&self) -> Option<Dialog> {
        let has = |label| self.labels.iter().any(|other| other == label);
        let runs = |kinds: [&str; 2]| self.apps.iter().flatten().any(|app| kinds.contains(&app.as_str()));
        if self.recognition.as_deref() == Some("UNRECOGNIZED_VERSION") || !has("MEETS_DEVICE_INTEGRITY") {
            return Some(Dialog::GetIntegrity);
        }
        if self.licensing.as_deref() == Some("UNLICENSED") {
            return Some(Dialog::GetLicensed);
        }
        if runs(["UNKNOWN_CAPTURING", "UNKNOWN_CONTROLLING"]) {
            return Some(Dialog::CloseUnknownAccessRisk);
        }
        if runs(["KNOWN_CAPTURING", "KNOWN_CONTROLLING"]) {
            return Some(Dialog::CloseAllAccessRisk);
        }
        let is_at_risk = matches!(self.play_protect.as_deref(), Some("POSSIBLE_RISK" | "MEDIUM_RISK" | "HIGH_RISK"));
        (!has("MEETS_STRONG_INTEGRITY") || is_at_risk).then_some(Dialog::GetStrongIntegrity)
    }
}

/// Whether the engine's reading of a text is the model's.
pub(crate) fn compare(ours: &Result<Payload<'_>, Error>, model: &Model) {
    match (ours, model) {
        (Ok(ours), Ok(said)) => assert_eq!(Said::of(ours), *said),
        (Err(ours), Err(Some(error))) => assert_eq!(ours, error),
        (Err(ours), Err(None)) => {
            assert!(FAULTS.iter().any(|(_, code)| code == ours), "{ours} for what is not JSON");
        }
        _ => panic!("{ours:?} where the model has {model:?}"),
    }
}

const FAULTS: [(Fault, Error); 5] = [
    (Fault::Malformed, Error::PlayJsonMalformed),
    (Fault::Trailing, Error::PlayJsonTrailing),
    (Fault::Duplicate, Error::PlayJsonDuplicate),
    (Fault::Type, Error::PlayJsonType),
    (Fault::Limit, Error::PlayJsonLimit),
];

fn code(fault: Option<Fault>) -> Option<Error> {
    FAULTS.iter().find(|(other, _)| Some(*other) == fault).map(|(_, code)| *code)
}

/// As [`Tree::members`], and what is `null` is not there.
fn members(tree: &Tree, names: &[&str], mut each: impl FnMut(&str, &Tree) -> Result<(), Fault>) -> Result<(), Fault> {
    tree.members(names, |name, value| if matches!(value, Tree::Null) { Ok(()) } else { each(name, value) })
}

/// What decides nothing by itself is absent where it has another type than it should.
fn signal<T>(tree: &Tree, read: impl FnOnce(&Tree) -> Result<T, Fault>) -> Result<Option<T>, Fault> {
    match read(tree) {
        Err(Fault::Type) => tree.pass(0).map(|()| None),
        other => other.map(Some),
    }
}

/// The one known member of an object, where both decide nothing by themselves.
fn inner_signal<T>(tree: &Tree, name: &str, read: fn(&Tree) -> Result<T, Fault>) -> Result<Option<T>, Fault> {
    let mut found = None;
    signal(tree, |tree| members(tree, &[name], |_, value| signal(value, read).map(|value| found = value)))?;
    Ok(found)
}

fn recall(tree: &Tree) -> Result<Recall, Fault> {
    const BITS: [&str; 3] = ["bitFirst", "bitSecond", "bitThird"];
    const MONTHS: [&str; 3] = ["yyyymmFirst", "yyyymmSecond", "yyyymmThird"];
    let Recall { mut bits, mut months } = Recall::default();
    members(tree, &["values", "writeDates"], |name, value| match name {
        "values" => members(value, &BITS, |name, value| {
            bits[BITS.iter().position(|bit| *bit == name).expect("known")] = signal(value, Tree::boolean)?;
            Ok(())
        }),
        _ => members(value, &MONTHS, |name, value| {
            months[MONTHS.iter().position(|month| *month == name).expect("known")] = signal(value, Tree::integer)?;
            Ok(())
        }),
    })?;
    Ok(Recall { bits, months })
}

/// For each set of labels, the text of one; those of the format are known, and no others.
macro_rules! labels {
    ($( $function:ident $labels:ident: $($known:literal)+; )+) => {
        $(
            fn $function(label: $labels<'_>) -> String {
                let text = label.to_string();
                let is_known = [$($known),+].contains(&text.as_str());
                assert_eq!(!matches!(label, $labels::Other(_)), is_known, "{text}");
                text
            }
        )+
    };
}

labels! {
    recognition AppRecognition: "UNKNOWN" "PLAY_RECOGNIZED" "UNRECOGNIZED_VERSION" "UNEVALUATED";
    device_label DeviceLabel:
        "UNKNOWN" "MEETS_BASIC_INTEGRITY" "MEETS_DEVICE_INTEGRITY" "MEETS_STRONG_INTEGRITY" "MEETS_VIRTUAL_INTEGRITY";
    licensing Licensing: "UNKNOWN" "LICENSED" "UNLICENSED" "UNEVALUATED";
    device_activity DeviceActivity:
        "DEVICE_ACTIVITY_LEVEL_UNSPECIFIED" "UNEVALUATED" "LEVEL_1" "LEVEL_2" "LEVEL_3" "LEVEL_4";
    account_activity AccountActivity:
        "ACTIVITY_LEVEL_UNSPECIFIED" "UNEVALUATED" "UNUSUAL" "UNKNOWN" "TYPICAL_BASIC" "TYPICAL_STRONG";
    app_detected AppDetected:
        "APPS_DETECTED_UNSPECIFIED" "KNOWN_INSTALLED" "KNOWN_CAPTURING" "KNOWN_OVERLAYS" "KNOWN_CONTROLLING"
        "UNKNOWN_INSTALLED" "UNKNOWN_CAPTURING" "UNKNOWN_OVERLAYS" "UNKNOWN_CONTROLLING";
    play_protect PlayProtect:
        "PLAY_PROTECT_VERDICT_UNSPECIFIED" "UNEVALUATED" "NO_ISSUES" "NO_DATA" "POSSIBLE_RISK" "MEDIUM_RISK" "HIGH_RISK";
    location_risk LocationRisk:
        "LOW_RISK_DEVICE" "MEDIUM_RISK_DEVICE" "HIGH_RISK_DEVICE" "LOW_RISK_NETWORK" "MEDIUM_RISK_NETWORK"
        "HIGH_RISK_NETWORK";
}
