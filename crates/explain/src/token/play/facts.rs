//! What the payload says.

use genuine::play_integrity::{Dialog, Labels, Payload, Policy, Text};

use super::{
    model::{CertificateDigest, DialogFacts, PlayFacts, Recall},
    run::{NO_PACKAGE, Run, text, trusted},
};
use crate::text::{from_base64, hex, rfc_3339_millis};

pub(super) fn of(run: &Run<'_>, payload: &Payload<'_>) -> PlayFacts {
    let Payload { request, app, device, account, environment, .. } = payload;
    let nonce = request.nonce.map(text);
    let certificate = |digest: Text<'_>| {
        let digest = text(digest);
        CertificateDigest { digest_hex: from_base64(&digest).map(|octets| hex(&octets)), digest }
    };
    PlayFacts {
        authentic: run.is_authentic(),
        size: run.opened.json.as_ref().map_or(0, Vec::len),
        request_package: request.package_name.map(text),
        time: request.timestamp_millis.map(rfc_3339_millis),
        timestamp_millis: request.timestamp_millis,
        nonce_hex: nonce.as_deref().and_then(from_base64).map(|octets| hex(&octets)),
        nonce,
        request_hash: request.request_hash.map(text),
        app_recognition: app.recognition.map(|label| label.to_string()),
        app_package: app.package_name.map(text),
        certificates: app.certificate_digests.iter().map(certificate).collect(),
        version_code: app.version_code,
        device_labels: labels(&device.labels),
        device_activity: device.activity.map(|label| label.to_string()),
        sdk_version: device.sdk_version,
        device_recall: device.recall.map(|recall| Recall { bits: recall.bits, written: recall.written }),
        licensing: account.licensing.map(|label| label.to_string()),
        account_activity: account.activity.map(|label| label.to_string()),
        apps_detected: environment.apps_detected.as_ref().map(labels),
        play_protect: environment.play_protect.map(|label| label.to_string()),
        location_risks: environment.location_risks.as_ref().map(labels),
        test_response: payload.is_test_response,
        dialog: run.opened.json.as_deref().and_then(dialog),
    }
}

pub(super) fn labels<'i, L: From<Text<'i>> + ToString>(labels: &Labels<'i, L>) -> Vec<String> {
    labels.iter().map(|label| label.to_string()).collect()
}

/// The engine's choice, whoever made the payload.
fn dialog(json: &[u8]) -> Option<DialogFacts> {
    let policy = Policy::new(NO_PACKAGE, &[[0; 32]]);
    let dialog = trusted(&policy, json).ok()?.remediation()?;
    let (dialog_name, purpose) = match dialog {
        Dialog::GetLicensed => ("GET_LICENSED", "get the app from Google Play"),
        Dialog::CloseUnknownAccessRisk => {
            ("CLOSE_UNKNOWN_ACCESS_RISK", "close unknown apps that capture the screen or control the device")
        }
        Dialog::CloseAllAccessRisk => {
            ("CLOSE_ALL_ACCESS_RISK", "close all apps that capture the screen or control the device")
        }
        Dialog::GetIntegrity => ("GET_INTEGRITY", "mend device and app until they meet device integrity"),
        Dialog::GetStrongIntegrity => {
            ("GET_STRONG_INTEGRITY", "mend device and app until they meet strong integrity and please Play Protect")
        }
    };
    Some(DialogFacts { number: dialog.code(), dialog_name, purpose })
}
