//! Group play-good.

use super::{NONCE, NOW, Unminted, app, becomes, keys_of, other_app, replace};
use crate::json::Json;
use crate::play::with_high_s;

pub(super) fn vectors() -> Vec<Unminted> {
    let mut vectors = payloads();
    vectors.extend(layers());
    vectors
}

fn payloads() -> Vec<Unminted> {
    vec![
        Unminted::new("play-good::minimal", "The payload has what every genuine one has, and nothing else."),
        Unminted::full("play-good::full", "The payload has every member of the discovery document."),
        Unminted::standard("play-good::standard", "The token is of a standard request, with a request hash."),
        Unminted::new("play-good::unknown-members", "Members that no verifier knows stand in every object.").payload(
            |payload| {
                let unknown = Json::object([("deep", Json::raw(r#"[{"a":[1.5e3,true,null,"\u20ac"]},{}]"#))]);
                for place in ["", "requestDetails.", "appIntegrity.", "deviceIntegrity.", "accountDetails."] {
                    payload.set(&format!("{place}addedLater"), unknown.clone());
                }
            },
        ),
        Unminted::full("play-good::unknown-labels", "Labels that no verifier knows stand beside the known ones.")
            .payload(|payload| {
                for list in
                    ["deviceIntegrity.deviceRecognitionVerdict", "environmentDetails.appAccessRiskVerdict.appsDetected"]
                {
                    let mut labels = payload.remove(list);
                    let Json::Array(items) = &mut labels else { unreachable!("a list") };
                    items.insert(0, "ADDED_LATER".into());
                    payload.set(list, labels);
                }
                payload.set("environmentDetails.playProtectVerdict", "ADDED_LATER");
                payload.set("environmentDetails.locationSpoofingRiskVerdict", Json::texts(&["ADDED_LATER"]));
                payload.set("deviceIntegrity.recentDeviceActivity.deviceActivityLevel", "ADDED_LATER");
                payload.set("accountDetails.accountActivity.activityLevel", "ADDED_LATER");
            }),
        Unminted::full("play-good::null-members", "Optional members are null, as if they were absent.").payload(
            |payload| {
                for path in [
                    "deviceIntegrity.recentDeviceActivity.deviceActivityLevel",
                    "deviceIntegrity.deviceAttributes",
                    "deviceIntegrity.deviceRecall.values.bitSecond",
                    "accountDetails.accountActivity",
                    "environmentDetails",
                    "testingDetails.isTestingResponse",
                    "requestDetails.requestHash",
                ] {
                    payload.set(path, Json::Null);
                }
            },
        ),
        Unminted::new("play-good::empty-objects", "Every optional object is there, and empty.").payload(|payload| {
            for path in [
                "deviceIntegrity.recentDeviceActivity",
                "deviceIntegrity.deviceAttributes",
                "deviceIntegrity.deviceRecall",
                "accountDetails.accountActivity",
                "environmentDetails",
                "testingDetails",
            ] {
                payload.set(path, Json::object([]));
            }
        }),
        Unminted::new("play-good::numbers-as-numbers", "The time and the version code are numbers, not strings.")
            .payload(|payload| {
                payload.set("requestDetails.timestampMillis", Json::Integer(i64::try_from(NOW).expect("a time")));
                payload.set("appIntegrity.versionCode", 42);
            }),
        Unminted::new("play-good::names-escaped", "Names and labels are written with escapes.").mutated(|mutation| {
            mutation.payload_bytes(|bytes| {
                replace(bytes, "\"requestDetails\"", r#""request\u0044etails""#);
                replace(bytes, "\"nonce\"", r#""\u006eonce""#);
                replace(bytes, "\"LICENSED\"", r#""\u004cICENSED""#);
                replace(bytes, "\"MEETS_DEVICE_INTEGRITY\"", r#""MEETS\u005fDEVICE_INTEGRITY""#);
                replace(bytes, "\"packageName\":\"com.", r#""packageName":"com\u002E"#);
            })
        }),
        Unminted::new("play-good::white-space", "White space stands wherever JSON allows it.").mutated(|mutation| {
            mutation.payload_bytes(|bytes| {
                let text = String::from_utf8(std::mem::take(bytes)).expect("text");
                let spaced = text.replace(':', " :\t").replace(',', "\r\n, ").replace('{', " { ");
                *bytes = format!("\n{spaced} \n").into_bytes();
            })
        }),
        Unminted::new(
            "play-good::several-certificates",
            "The app has two certificates, and the policy lists the second.",
        )
        .payload(|payload| {
            let mut digests = payload.remove("appIntegrity.certificateSha256Digest");
            let Json::Array(items) = &mut digests else { unreachable!("a list") };
            items.insert(0, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into());
            payload.set("appIntegrity.certificateSha256Digest", digests);
        }),
        Unminted::new(
            "play-good::signals-of-other-types",
            "Signals that decide nothing have other types than they should.",
        )
        .payload(|payload| {
            payload.set("deviceIntegrity.deviceRecall.values.bitFirst", 1);
            payload.set("deviceIntegrity.deviceAttributes.sdkVersion", Json::Raw("36.1".to_owned()));
            payload.set("deviceIntegrity.recentDeviceActivity", "LEVEL_1");
            payload.set("accountDetails.accountActivity", Json::texts(&[]));
            payload.set("environmentDetails.appAccessRiskVerdict.appsDetected", Json::object([]));
            payload.set("environmentDetails.playProtectVerdict", 7);
            payload.set("environmentDetails.locationSpoofingRiskVerdict", false);
        }),
        Unminted::new("play-good::many-labels", "The device has a hundred labels, the right one last.").payload(
            |payload| {
                let labels: Vec<_> = (0..99).map(|number| format!("LABEL_{number}")).collect();
                let labels = labels.iter().map(String::as_str).chain(["MEETS_DEVICE_INTEGRITY"]).collect::<Vec<_>>();
                payload.set("deviceIntegrity.deviceRecognitionVerdict", Json::texts(&labels));
            },
        ),
        Unminted::new("play-good::payload-at-the-cap", "The payload has 8,192 octets.")
            .mutated(|mutation| mutation.payload_bytes(|bytes| bytes.resize(8_192, b' '))),
    ]
}

fn layers() -> Vec<Unminted> {
    vec![
        Unminted::new("play-good::second-keys", "The verifier has two pairs of keys, and the second opens the token.")
            .said(|vector| {
                vector.keys.insert(0, keys_of(&app().with_keys("keys after the rotation")));
                vector.key_index = Some(1);
            }),
        Unminted::new("play-good::first-keys", "The verifier has two pairs of keys, and the first opens the token.")
            .said(|vector| vector.keys.push(keys_of(&app().with_keys("keys after the rotation")))),
        Unminted::new("play-good::high-s", "The s of the signature lies in the upper half of the order.").mutated(
            |mutation| mutation.signature(|signature| signature.octets = with_high_s(&signature.octets).to_vec()),
        ),
        Unminted::new("play-good::header-in-another-order", "The header has enc before alg, and white space.")
            .mutated(|mutation| mutation.outer_header(becomes("{ \"enc\" : \"A256GCM\" ,\n\"alg\" : \"A256KW\" }"))),
        Unminted::new("play-good::header-escaped", "The header writes its algorithm with an escape.")
            .mutated(|mutation| mutation.outer_header(becomes(r#"{"alg":"A256\u004bW","enc":"A256GCM"}"#))),
        Unminted::new("play-good::header-with-more", "The header has kid, typ, cty and members that nobody knows.")
            .mutated(|mutation| {
                mutation.outer_header(becomes(
                    r#"{"alg":"A256KW","enc":"A256GCM","kid":"1","typ":"JOSE","cty":"JWT","x":{"y":[1,2]},"jwk":null}"#,
                ))
            }),
        Unminted::new("play-good::header-at-the-cap", "The header has 384 octets, 512 characters.").mutated(
            |mutation| {
                mutation.outer_header(becomes(format!(
                    r#"{{"alg":"A256KW","enc":"A256GCM","kid":"{}"}}"#,
                    "k".repeat(384 - 41)
                )))
            },
        ),
        Unminted::new(
            "play-good::inner-header-with-keys",
            "The header of the JWS names keys and chains, which nobody follows.",
        )
        .mutated(|mutation| {
            let key = other_app().verification_key_base64();
            mutation.inner_header(becomes(format!(
                r#"{{"kid":"0","alg":"ES256","x5c":["{key}"],"jku":"https://example.com/","typ":"JWT"}}"#
            )))
        }),
        Unminted::new("play-good::nonce-padded", "The nonce has its padding.")
            .payload(|payload| payload.set("requestDetails.nonce", "hG-di7UkZLMDUHMgD2WUOqd_O61VI6vIeyV3-ycjlRU=")),
        Unminted::new(
            "play-good::nonce-padding-escaped",
            "The nonce has its padding as an escape, as Google writes it.",
        )
        .payload(|payload| {
            let text = Json::raw(r#""hG-di7UkZLMDUHMgD2WUOqd_O61VI6vIeyV3-ycjlRU\u003d""#);
            payload.set("requestDetails.nonce", text);
        }),
        Unminted::new("play-good::nonce-escaped", "Every character of the nonce is an escape.").payload(|payload| {
            let text = "hG-di7UkZLMDUHMgD2WUOqd_O61VI6vIeyV3-ycjlRU";
            let escaped: Vec<_> = text.bytes().map(|octet| format!("\\u{octet:04x}")).collect();
            let escaped = escaped.concat();
            payload.set("requestDetails.nonce", Json::Raw(format!("\"{escaped}\"")));
        }),
        Unminted::new("play-good::longest-nonce", "The nonce has 375 octets, 500 characters.")
            .payload(|payload| payload.set("requestDetails.nonce", "A".repeat(500)))
            .said(|vector| vector.nonce = Some(crate::vector::Hex(vec![0; 375]))),
        Unminted::new("play-good::shortest-nonce", "The nonce has 12 octets, 16 characters.")
            .payload(|payload| payload.set("requestDetails.nonce", "hG-di7UkZLMDUHMg"))
            .said(|vector| vector.nonce = Some(crate::vector::Hex(NONCE[..12].to_vec()))),
        Unminted::standard("play-good::longest-request-hash", "The request hash has 500 bytes.")
            .payload(|payload| payload.set("requestDetails.requestHash", "#".repeat(500)))
            .said(|vector| vector.request_hash = Some("#".repeat(500))),
        Unminted::standard("play-good::request-hash-escaped", "The request hash is written with escapes.")
            .mutated(|mutation| mutation.payload_bytes(|bytes| replace(bytes, "2cp24z…/", r"\u0032cp24z\u2026\/"))),
    ]
}
