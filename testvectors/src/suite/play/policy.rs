//! Groups play-app, play-device, play-licensing and play-signals: what a policy makes of the verdicts.

use super::faults::{
    ACCESS_RISK, ACCOUNT_ACTIVITY, APP_NOT_RECOGNIZED, APP_PACKAGE, APP_UNEVALUATED, CERTIFICATE, DEVICE_ACTIVITY,
    DEVICE_LABELS, LICENSING_UNEVALUATED, LOCATION_RISK, NOT_LICENSED, PROTECT_REFUSED, SDK_TOO_OLD, SIGNAL_MISSING,
    TEST_RESPONSE, VERSION_TOO_OLD,
};
use super::{Fault, Unminted, strings};
use crate::json::Json;
use crate::play::{VERSION_CODE, unevaluated};
use crate::play_vector::PlayPolicy;
use crate::vector::Hex;

pub(super) fn vectors() -> Vec<Unminted> {
    [tests(), apps(), certificates(), devices(), licences(), signals()].into_iter().flatten().collect()
}

fn set(id: &'static str, description: &'static str, path: &'static str, value: impl Into<Json>) -> Unminted {
    let value = value.into();
    Unminted::new(id, description).payload(move |payload| payload.set(path, value.clone()))
}

fn without(id: &'static str, description: &'static str, path: &'static str) -> Unminted {
    Unminted::new(id, description).payload(move |payload| drop(payload.remove(path)))
}

fn tests() -> Vec<Unminted> {
    let test = |id, description| set(id, description, "testingDetails.isTestingResponse", true);
    vec![
        test("play-app::test-response", "The verdicts are those of a test.").fails(TEST_RESPONSE),
        test("play-app::test-response-accepted", "The policy accepts test responses.")
            .policy(|policy| policy.accept_test_responses = true),
    ]
}

fn apps() -> Vec<Unminted> {
    const VERDICT: &str = "appIntegrity.appRecognitionVerdict";
    let unrecognized = |id, description| {
        set(id, description, VERDICT, "UNRECOGNIZED_VERSION")
            .policy(|policy| policy.accept_unrecognized_versions = true)
    };
    vec![
        set(
            "play-app::unrecognized",
            "Google Play does not know app and certificate.",
            VERDICT,
            "UNRECOGNIZED_VERSION",
        )
        .fails(APP_NOT_RECOGNIZED),
        unrecognized("play-app::unrecognized-accepted", "The policy accepts apps that Google Play does not know."),
        unrecognized(
            "play-app::unrecognized-of-another-package",
            "An unknown app is accepted, but not of another package.",
        )
        .payload(|payload| payload.set("appIntegrity.packageName", "com.example.other"))
        .fails(APP_PACKAGE)
        .with_twin("play-app::unrecognized-accepted"),
        unrecognized(
            "play-app::unrecognized-certificate",
            "An unknown app is accepted, but not of another certificate.",
        )
        .payload(|payload| payload.set("appIntegrity.certificateSha256Digest", Json::Array(Vec::new())))
        .fails(CERTIFICATE)
        .with_twin("play-app::unrecognized-accepted"),
        set("play-app::unknown", "The verdict is UNKNOWN.", VERDICT, "UNKNOWN").fails(APP_NOT_RECOGNIZED),
        set("play-app::verdict-added-later", "The verdict is one that nobody knows yet.", VERDICT, "PLAY_RECOGNIZED_2")
            .fails(APP_NOT_RECOGNIZED),
        set("play-app::verdict-case", "The verdict is in small letters.", VERDICT, "play_recognized")
            .fails(APP_NOT_RECOGNIZED),
        set("play-app::verdict-empty", "The verdict is empty.", VERDICT, "").fails(APP_NOT_RECOGNIZED),
        set("play-app::unevaluated", "The app was not evaluated.", VERDICT, "UNEVALUATED").fails(APP_UNEVALUATED),
        Unminted::new("play-app::nothing-evaluated", "Nothing was evaluated, as on a phone that misses a requirement.")
            .payload(|payload| *payload = unevaluated(payload.clone()))
            .fails(APP_UNEVALUATED),
        Unminted::new(
            "play-app::unevaluated-and-unrecognized-accepted",
            "Not evaluated is not the same as not recognized.",
        )
        .payload(|payload| *payload = unevaluated(payload.clone()))
        .policy(|policy| policy.accept_unrecognized_versions = true)
        .fails(APP_UNEVALUATED),
        without("play-app::no-verdict", "There is no verdict.", VERDICT).fails(APP_UNEVALUATED),
        without("play-app::no-app", "The payload says nothing of the app.", "appIntegrity").fails(APP_UNEVALUATED),
        set(
            "play-app::another-package",
            "The app has another package.",
            "appIntegrity.packageName",
            "com.example.other",
        )
        .fails(APP_PACKAGE),
        set(
            "play-app::package-case",
            "The package differs in the case of a letter.",
            "appIntegrity.packageName",
            "com.example.attesT",
        )
        .fails(APP_PACKAGE),
        without("play-app::no-package", "The app has no package.", "appIntegrity.packageName").fails(APP_PACKAGE),
    ]
}

const DIGESTS: &str = "appIntegrity.certificateSha256Digest";

/// Changes the text of the digest.
fn digest(id: &'static str, description: &'static str, change: impl Fn(&str) -> String + 'static) -> Unminted {
    Unminted::new(id, description).fails(CERTIFICATE).payload(move |payload| {
        let Json::Array(digests) = payload.remove(DIGESTS) else { unreachable!("a list") };
        let Some(Json::Text(text)) = digests.first() else { unreachable!("a text") };
        payload.set(DIGESTS, Json::texts(&[&change(text)]));
    })
}

fn certificates() -> Vec<Unminted> {
    const VERSION: &str = "appIntegrity.versionCode";
    let version = |id, description, version: i64| {
        set(id, description, VERSION, version.to_string()).policy(|policy| policy.require_version = Some(VERSION_CODE))
    };
    vec![
        digest("play-app::another-certificate", "The certificate is another.", |_| "A".repeat(43)),
        digest("play-app::certificate-cut", "The digest lacks its last octet.", |text| text[..42].to_owned()),
        digest("play-app::certificate-hexadecimal", "The digest is in hexadecimal digits.", |_| {
            crate::device::hex(&super::app().certificate())
        }),
        digest("play-app::certificate-spare-bits", "The digest has a spare bit set.", |text| {
            let next = |letter: u8| char::from(letter + 1);
            format!("{}{}", &text[..42], next(text.as_bytes()[42]))
        }),
        set("play-app::no-certificates", "The list of certificates is empty.", DIGESTS, Json::Array(Vec::new()))
            .fails(CERTIFICATE),
        without("play-app::no-list-of-certificates", "There is no list of certificates.", DIGESTS).fails(CERTIFICATE),
        Unminted::new("play-app::certificate-not-listed", "The policy lists another certificate.")
            .fails(CERTIFICATE)
            .said(|vector| vector.certificates = vec![Hex(vec![0x11; 32])]),
        Unminted::new(
            "play-app::second-certificate-listed",
            "The policy lists two certificates, and the second is the app's.",
        )
        .said(|vector| vector.certificates.insert(0, Hex(vec![0x11; 32]))),
        version("play-app::least-version", "The version is the least that the policy accepts.", VERSION_CODE),
        version("play-app::version-too-old", "The version is one below the least.", VERSION_CODE - 1)
            .fails(VERSION_TOO_OLD)
            .with_twin("play-app::least-version"),
        version("play-app::version-negative", "The version is negative.", -VERSION_CODE)
            .fails(VERSION_TOO_OLD)
            .with_twin("play-app::least-version"),
        without("play-app::no-version", "The policy requires a version, and there is none.", VERSION)
            .policy(|policy| policy.require_version = Some(0))
            .fails(VERSION_TOO_OLD)
            .with_twin("play-app::least-version"),
        without("play-app::no-version-required", "There is no version, and the policy requires none.", VERSION),
    ]
}

fn devices() -> Vec<Unminted> {
    const LABELS: &str = "deviceIntegrity.deviceRecognitionVerdict";
    let labels = |id, description, labels: &[&str]| set(id, description, LABELS, Json::texts(labels));
    let bad = |id, description, list: &[&str]| labels(id, description, list).fails(DEVICE_LABELS);
    vec![
        bad("play-device::basic-only", "The device meets basic integrity alone.", &["MEETS_BASIC_INTEGRITY"]),
        bad("play-device::virtual-only", "The device is an emulator of Google's.", &["MEETS_VIRTUAL_INTEGRITY"]),
        bad(
            "play-device::strong-only",
            "The device has the label of strong integrity, and not that of the policy.",
            &["MEETS_STRONG_INTEGRITY"],
        ),
        bad("play-device::unknown", "The label is UNKNOWN.", &["UNKNOWN"]),
        bad("play-device::none", "The list of labels is empty.", &[]),
        bad("play-device::label-longer", "A label begins with the expected one.", &["MEETS_DEVICE_INTEGRITY_LITE"]),
        bad("play-device::label-shorter", "The expected label begins with it.", &["MEETS_DEVICE"]),
        bad(
            "play-device::label-within",
            "The expected label stands within another.",
            &["NOT_MEETS_DEVICE_INTEGRITY_X"],
        ),
        bad("play-device::label-case", "The label is in small letters.", &["meets_device_integrity"]),
        bad("play-device::label-empty", "The label is empty.", &[""]),
        bad(
            "play-device::labels-joined",
            "Two labels stand in one string.",
            &["MEETS_BASIC_INTEGRITY,MEETS_DEVICE_INTEGRITY"],
        ),
        without("play-device::no-labels", "There is no list of labels.", LABELS).fails(DEVICE_LABELS),
        set("play-device::labels-null", "The list of labels is null.", LABELS, Json::Null).fails(DEVICE_LABELS),
        set("play-device::empty", "Nothing is said of the device.", "deviceIntegrity", Json::object([]))
            .fails(DEVICE_LABELS),
        without("play-device::absent", "The payload has nothing of the device.", "deviceIntegrity")
            .fails(DEVICE_LABELS),
        Unminted::new("play-device::legacy-labels-alone", "The label stands in the legacy list alone.")
            .payload(|payload| {
                let labels = payload.remove(LABELS);
                payload.set("deviceIntegrity.legacyDeviceRecognitionVerdict", labels);
            })
            .fails(DEVICE_LABELS),
        labels("play-device::basic-accepted", "The policy accepts basic integrity.", &["MEETS_BASIC_INTEGRITY"])
            .policy(|policy| {
                policy.accept_devices = Some(strings(&["MEETS_BASIC_INTEGRITY", "MEETS_VIRTUAL_INTEGRITY"]));
            }),
        Unminted::new("play-device::strong-required", "The policy requires strong integrity.")
            .policy(|policy| policy.accept_devices = Some(strings(&["MEETS_STRONG_INTEGRITY"])))
            .fails(DEVICE_LABELS),
        Unminted::full("play-device::strong-met", "The policy requires strong integrity, and the device meets it.")
            .policy(|policy| policy.accept_devices = Some(strings(&["MEETS_STRONG_INTEGRITY"]))),
        Unminted::new("play-device::none-accepted", "The policy accepts no label.")
            .policy(|policy| policy.accept_devices = Some(strings(&[])))
            .fails(DEVICE_LABELS),
    ]
}

fn licences() -> Vec<Unminted> {
    const VERDICT: &str = "accountDetails.appLicensingVerdict";
    let verdict = |id, description, verdict| set(id, description, VERDICT, verdict);
    vec![
        verdict("play-licensing::unlicensed", "The user has not got the app from Google Play.", "UNLICENSED")
            .fails(NOT_LICENSED),
        verdict("play-licensing::unlicensed-accepted", "The policy accepts users without a licence.", "UNLICENSED")
            .policy(|policy| policy.accept_licensing = Some(strings(&["LICENSED", "UNLICENSED"]))),
        verdict("play-licensing::unknown", "The verdict is UNKNOWN.", "UNKNOWN").fails(NOT_LICENSED),
        verdict("play-licensing::added-later", "The verdict is one that nobody knows yet.", "LICENSED_2")
            .fails(NOT_LICENSED),
        verdict("play-licensing::unevaluated", "The licence was not evaluated.", "UNEVALUATED")
            .fails(LICENSING_UNEVALUATED),
        verdict(
            "play-licensing::unevaluated-accepted",
            "The policy accepts a licence that was not evaluated.",
            "UNEVALUATED",
        )
        .policy(|policy| policy.accept_licensing = Some(strings(&["UNEVALUATED"]))),
        without("play-licensing::no-verdict", "There is no verdict.", VERDICT).fails(LICENSING_UNEVALUATED),
        without(
            "play-licensing::no-verdict-to-accept",
            "There is no verdict, although the policy accepts any.",
            VERDICT,
        )
        .policy(|policy| policy.accept_licensing = Some(strings(&["LICENSED", "UNLICENSED", "UNEVALUATED", "UNKNOWN"])))
        .fails(LICENSING_UNEVALUATED),
        without("play-licensing::no-account", "The payload says nothing of the account.", "accountDetails")
            .fails(LICENSING_UNEVALUATED),
    ]
}

/// A signal that a policy asks for: accepted, refused, unknown, absent, and refused only where it is asked for.
struct Signal {
    /// Accepted, refused, unknown, absent, not asked for.
    ids: [&'static str; 5],
    path: &'static str,
    good: Json,
    bad: Json,
    /// What nobody knows yet, and whether it is accepted: what is to be refused is a list of the known.
    unknown: Json,
    unknown_passes: bool,
    fault: Fault,
    policy: fn(&mut PlayPolicy),
}

fn signals() -> Vec<Unminted> {
    let list = |label| Json::texts(&[label, "ADDED_LATER"]);
    let signals = [
        Signal {
            ids: [
                "play-signals::protect-accepted",
                "play-signals::protect-refused",
                "play-signals::protect-unknown",
                "play-signals::protect-absent",
                "play-signals::protect-not-asked-for",
            ],
            path: "environmentDetails.playProtectVerdict",
            good: "NO_ISSUES".into(),
            bad: "POSSIBLE_RISK".into(),
            unknown: "NO_ISSUES_2".into(),
            unknown_passes: false,
            fault: PROTECT_REFUSED,
            policy: |policy| policy.require_play_protect = Some(strings(&["NO_ISSUES", "NO_DATA"])),
        },
        Signal {
            ids: [
                "play-signals::apps-accepted",
                "play-signals::apps-refused",
                "play-signals::apps-unknown",
                "play-signals::apps-absent",
                "play-signals::apps-not-asked-for",
            ],
            path: "environmentDetails.appAccessRiskVerdict",
            good: Json::object([("appsDetected", list("KNOWN_INSTALLED"))]),
            bad: Json::object([("appsDetected", list("UNKNOWN_CAPTURING"))]),
            unknown: Json::object([("appsDetected", Json::texts(&["UNKNOWN_CAPTURING_2"]))]),
            unknown_passes: true,
            fault: ACCESS_RISK,
            policy: |policy| policy.refuse_apps_detected = Some(strings(&["UNKNOWN_CONTROLLING", "UNKNOWN_CAPTURING"])),
        },
        Signal {
            ids: [
                "play-signals::activity-accepted",
                "play-signals::activity-refused",
                "play-signals::activity-unknown",
                "play-signals::activity-absent",
                "play-signals::activity-not-asked-for",
            ],
            path: "deviceIntegrity.recentDeviceActivity.deviceActivityLevel",
            good: "LEVEL_2".into(),
            bad: "LEVEL_4".into(),
            unknown: "LEVEL_0".into(),
            unknown_passes: false,
            fault: DEVICE_ACTIVITY,
            policy: |policy| policy.require_device_activity = Some(strings(&["LEVEL_1", "LEVEL_2"])),
        },
        Signal {
            ids: [
                "play-signals::sdk-accepted",
                "play-signals::sdk-refused",
                "play-signals::sdk-negative",
                "play-signals::sdk-absent",
                "play-signals::sdk-not-asked-for",
            ],
            path: "deviceIntegrity.deviceAttributes.sdkVersion",
            good: 33.into(),
            bad: 32.into(),
            unknown: (-33).into(),
            unknown_passes: false,
            fault: SDK_TOO_OLD,
            policy: |policy| policy.require_sdk_version = Some(33),
        },
        Signal {
            ids: [
                "play-signals::location-accepted",
                "play-signals::location-refused",
                "play-signals::location-unknown",
                "play-signals::location-absent",
                "play-signals::location-not-asked-for",
            ],
            path: "environmentDetails.locationSpoofingRiskVerdict",
            good: list("LOW_RISK_DEVICE"),
            bad: list("HIGH_RISK_NETWORK"),
            unknown: Json::texts(&["HIGHER_RISK_NETWORK"]),
            unknown_passes: true,
            fault: LOCATION_RISK,
            policy: |policy| policy.refuse_location_risks = Some(strings(&["HIGH_RISK_DEVICE", "HIGH_RISK_NETWORK"])),
        },
        Signal {
            ids: [
                "play-signals::account-accepted",
                "play-signals::account-refused",
                "play-signals::account-unknown",
                "play-signals::account-absent",
                "play-signals::account-not-asked-for",
            ],
            path: "accountDetails.accountActivity.activityLevel",
            good: "TYPICAL_STRONG".into(),
            bad: "UNUSUAL".into(),
            unknown: "TYPICAL".into(),
            unknown_passes: false,
            fault: ACCOUNT_ACTIVITY,
            policy: |policy| policy.require_account_activity = Some(strings(&["TYPICAL_BASIC", "TYPICAL_STRONG"])),
        },
    ];
    let mut vectors = Vec::new();
    for Signal { ids, path, good, bad, unknown, unknown_passes, fault, policy } in signals {
        let [accepted, refused, odd, absent, not_asked] = ids;
        vectors.push(set(accepted, "The policy asks for the signal, and it is good.", path, good).policy(policy));
        let bad_one = set(refused, "The policy refuses what the signal says.", path, bad.clone()).policy(policy);
        vectors.push(bad_one.fails(fault).with_twin(accepted));
        let odd = set(odd, "The policy asks for the signal, and its value is one that nobody knows.", path, unknown)
            .policy(policy);
        vectors.push(if unknown_passes { odd } else { odd.fails(fault).with_twin(accepted) });
        let absent = Unminted::new(absent, "The policy asks for the signal, and there is none.").policy(policy);
        vectors.push(absent.fails(SIGNAL_MISSING).with_twin(accepted));
        vectors.push(set(not_asked, "The signal is bad, and the policy does not ask for it.", path, bad));
    }
    vectors.push(
        set(
            "play-signals::apps-empty",
            "The policy refuses apps, and the verdict is an empty object.",
            "environmentDetails.appAccessRiskVerdict",
            Json::object([]),
        )
        .policy(|policy| policy.refuse_apps_detected = Some(strings(&["UNKNOWN_CAPTURING"])))
        .fails(SIGNAL_MISSING)
        .with_twin("play-signals::apps-none"),
    );
    vectors.push(
        set(
            "play-signals::apps-none",
            "The policy refuses apps, and the list of those detected is empty.",
            "environmentDetails.appAccessRiskVerdict.appsDetected",
            Json::texts(&[]),
        )
        .policy(|policy| policy.refuse_apps_detected = Some(strings(&["UNKNOWN_CAPTURING"]))),
    );
    vectors.push(
        set(
            "play-signals::sdk-of-another-type",
            "The policy asks for the version of Android, and it has a fraction.",
            "deviceIntegrity.deviceAttributes.sdkVersion",
            Json::Raw("36.1".to_owned()),
        )
        .policy(|policy| policy.require_sdk_version = Some(34))
        .fails(SIGNAL_MISSING)
        .with_twin("play-signals::sdk-accepted"),
    );
    vectors.push(
        set(
            "play-signals::protect-null",
            "The policy asks for the signal, and it is null.",
            "environmentDetails.playProtectVerdict",
            Json::Null,
        )
        .policy(|policy| policy.require_play_protect = Some(strings(&["NO_ISSUES"])))
        .fails(SIGNAL_MISSING)
        .with_twin("play-signals::protect-accepted"),
    );
    vectors
}
