//! Descriptions in the form of Google's JSON, field by field, and in words.

use std::{fs, path::PathBuf};

use genuine::key_attestation::{AuthorizationList, KEY_DESCRIPTION, KeyDescription, MAX_TAGS, Tag};
use genuine_explain::{CertificateChain, Input, key_description};
use genuine_testvectors::{
    android::{self, AndroidDevice, ApplicationId, RootOfTrust, tag},
    der::Der,
};
use serde_json::{Map, Value, json};
use x509_cert::{Certificate, der::Decode as _};

use crate::support::{base64, real_vectors};

pub(crate) fn directory() -> Option<PathBuf> {
    real_vectors().map(|directory| directory.join("../android-key-attestation"))
}

/// The chains of real phones, by name.
pub(crate) fn phones() -> Vec<(String, CertificateChain)> {
    let Some(directory) = directory() else { return Vec::new() };
    let entries = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let paths = entries.map(|entry| entry.expect("a directory entry").path());
    let mut chains: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "pem"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            match Input::read(&fs::read(&path).expect("readable")) {
                Ok(Input::Chain(chain)) => (name, chain),
                other => panic!("{name}: {other:?}"),
            }
        })
        .collect();
    chains.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(chains.len() >= 17, "{} chains", chains.len());
    chains
}

/// The extension of a leaf, as another reader of certificates finds it.
fn extension(leaf: &[u8]) -> Vec<u8> {
    assert_eq!(KEY_DESCRIPTION, [0x2B, 0x06, 0x01, 0x04, 0x01, 0xD6, 0x79, 0x02, 0x01, 0x11]);
    let certificate = Certificate::from_der(leaf).expect("x509-cert reads the leaf");
    let extensions = certificate.tbs_certificate().extensions().expect("extensions");
    let found = extensions.iter().find(|extension| extension.extn_id.to_string() == "1.3.6.1.4.1.11129.2.1.17");
    found.expect("a key description").extn_value.as_bytes().to_vec()
}

fn as_json(extension: &[u8]) -> Value {
    let description = KeyDescription::parse(extension).expect("a description");
    serde_json::to_value(key_description(&description)).expect("JSON")
}

/// Where Google's file leaves out whether the tags are in order, ours says so; nothing else may differ.
fn without_order(own: &mut Value, expected: &Value) {
    let own = own.as_object_mut().expect("an object");
    for list in ["softwareEnforced", "hardwareEnforced"] {
        if expected[list].get("areTagsOrdered").is_none() {
            own[list].as_object_mut().expect("a list").remove("areTagsOrdered").expect("ours is always there");
        }
    }
}

/// Google's expected contents lie beside thirteen of the chains.
#[test]
fn descriptions_of_phones_equal_googles_json() {
    let Some(directory) = directory() else { return };
    let mut compared = 0;
    for (name, chain) in phones() {
        let Ok(text) = fs::read_to_string(directory.join(format!("{name}.json"))) else { continue };
        let expected: Value = serde_json::from_str(&text).expect("JSON");
        let mut own = as_json(&extension(&chain.certificates[0]));
        without_order(&mut own, &expected);
        assert_eq!(own, expected, "{name}");
        compared += 1;
    }
    assert_eq!(compared, 13);
}

/// An authorization list in DER of what its JSON says: the way back, by an encoder that knows nothing of the reader.
fn list(json: &Map<String, Value>) -> android::AuthorizationList {
    let octets = |value: &Value| genuine_explain::from_base64(value.as_str().expect("base64")).expect("base64");
    let number = |value: &Value| value.as_str().expect("text").parse::<u64>().expect("a number");
    let mut list = android::AuthorizationList::default();
    for (name, value) in json {
        let known = Tag::ALL.iter().find(|tag| tag.name() == name).unwrap_or_else(|| panic!("{name} is no tag"));
        let der = match (name.as_str(), value) {
            ("origin", Value::String(origin)) => Der::number(u64::from(origin != "GENERATED")),
            ("rootOfTrust", root) => RootOfTrust {
                verified_boot_key: octets(&root["verifiedBootKey"]),
                device_locked: if root["deviceLocked"] == json!(true) { 0xFF } else { 0 },
                verified_boot_state: if root["verifiedBootState"] == json!("VERIFIED") { 0 } else { 2 },
                verified_boot_hash: Some(octets(&root["verifiedBootHash"])),
            }
            .to_der(),
            ("attestationApplicationId", app) => {
                let package =
                    |package: &Value| (package["name"].as_str().expect("text").to_owned(), number(&package["version"]));
                let packages = app["packages"].as_array().expect("a list").iter().map(package).collect();
                let signing_digests = app["signatures"].as_array().expect("a list").iter().map(octets).collect();
                Der::octet_string(&ApplicationId { packages, signing_digests }.to_der().encode())
            }
            (name, Value::String(text)) if name.starts_with("attestationId") => Der::octet_string(text.as_bytes()),
            ("moduleHash", value) => Der::octet_string(&octets(value)),
            (_, Value::String(_)) => Der::number(number(value)),
            (_, Value::Array(values)) => Der::set(values.iter().map(|value| Der::number(number(value))).collect()),
            (_, Value::Bool(true)) => Der::null(),
            (name, other) => panic!("{name}: {other}"),
        };
        list.set(known.number(), der);
    }
    list
}

/// Google's file of nearly every tag: put into DER, and read back.
#[test]
fn every_tag_equals_googles_json() {
    let Some(directory) = directory() else { return };
    let text = fs::read_to_string(directory.join("complete_authlist.json")).expect("readable");
    let expected: Value = serde_json::from_str(&text).expect("JSON");
    let octets = |name: &str| genuine_explain::from_base64(expected[name].as_str().expect("base64")).expect("base64");
    let lists = ["softwareEnforced", "hardwareEnforced"].map(|name| list(expected[name].as_object().expect("a list")));
    assert!(lists[0].entries.len() > 30, "{} tags", lists[0].entries.len());
    let [software_enforced, hardware_enforced] = lists;
    let description = android::KeyDescription {
        attestation_version: 400,
        attestation_security_level: 1,
        key_mint_version: 400,
        key_mint_security_level: 1,
        challenge: octets("attestationChallenge"),
        unique_id: octets("uniqueId"),
        software_enforced,
        hardware_enforced,
    };
    let mut own = as_json(&description.to_der().encode());
    without_order(&mut own, &expected);
    assert_eq!(own, expected);
}

fn changed(change: impl Fn(&mut android::KeyDescription)) -> Value {
    let mut description = AndroidDevice::new("description").description(b"challenge");
    change(&mut description);
    as_json(&description.to_der().encode())
}

/// Each name and form that no file of Google's here shows.
#[test]
fn values_have_their_forms() {
    let minted = changed(|_| {});
    assert_eq!(minted["attestationVersion"], json!("400"));
    assert_eq!(minted["softwareEnforced"]["areTagsOrdered"], json!(true));
    assert!(minted["softwareEnforced"].get("unknownTags").is_none(), "only where there are any");

    let levels = [(0, "SOFTWARE"), (1, "TRUSTED_ENVIRONMENT"), (2, "STRONG_BOX"), (3, "3")];
    for (number, name) in levels {
        let json = changed(|description| description.attestation_security_level = number);
        assert_eq!(json["attestationSecurityLevel"], json!(name));
    }
    let origins = ["GENERATED", "DERIVED", "IMPORTED", "RESERVED", "SECURELY_IMPORTED", "5"];
    for (number, name) in (0..).zip(origins) {
        let json = changed(|description| description.hardware_enforced.set_number(tag::ORIGIN, number));
        assert_eq!(json["hardwareEnforced"]["origin"], json!(name));
    }
    let states = ["VERIFIED", "SELF_SIGNED", "UNVERIFIED", "FAILED", "4"];
    for (number, name) in (0..).zip(states) {
        let root = RootOfTrust {
            verified_boot_key: vec![7; 32],
            device_locked: 1,
            verified_boot_state: number,
            verified_boot_hash: None,
        };
        let json = changed(|description| description.hardware_enforced.set(tag::ROOT_OF_TRUST, root.to_der()));
        let expected = json!({"verifiedBootKey": base64(&[7; 32]), "deviceLocked": true, "verifiedBootState": name});
        assert_eq!(json["hardwareEnforced"]["rootOfTrust"], expected);
    }
}

#[test]
fn what_google_does_not_have_has_names_of_ours() {
    let json = changed(|description| {
        description.software_enforced.set_number(12_345, 1);
        description.software_enforced.set_null(900);
        description.software_enforced.entries.reverse();
    });
    let software = &json["softwareEnforced"];
    assert_eq!((&software["unknownTags"], &software["areTagsOrdered"]), (&json!(["12345", "900"]), &json!(false)));
    assert!(json["hardwareEnforced"].get("unknownTags").is_none());

    let json = changed(|description| {
        description.software_enforced.set_octets(tag::ATTESTATION_APPLICATION_ID, b"no DER");
    });
    let software = &json["softwareEnforced"];
    assert_eq!(software["attestationApplicationIdOctets"], json!(base64(b"no DER")));
    assert!(software.get("attestationApplicationId").is_none());
}

/// Numbers have their names beside them, times are times, and digests are in hexadecimal digits.
#[test]
fn rows_are_in_words() {
    let mut description = AndroidDevice::new("rows").description(b"challenge");
    description.hardware_enforced.set_numbers(tag::DIGEST, &[4, 0, 99]);
    description.software_enforced.set_number(tag::CREATION_DATE_TIME, 1_783_361_716_745);
    description.hardware_enforced.set_number(tag::OS_VERSION, 80_100);
    let octets = description.to_der().encode();
    let rows = key_description(&KeyDescription::parse(&octets).expect("a description")).rows();
    let rows: Vec<_> =
        rows.iter().map(|row| format!("{}/{}: {}", row.list.unwrap_or_default(), row.name, row.value)).collect();
    for expected in [
        "/attestationChallenge: Y2hhbGxlbmdl (\"challenge\")",
        "/uniqueId: (empty)",
        "hardwareEnforced/purposes: 2 (SIGN), 3 (VERIFY)",
        "hardwareEnforced/digests: 4 (SHA-256), 0 (NONE), 99",
        "hardwareEnforced/algorithms: 3 (EC)",
        "hardwareEnforced/rootOfTrust.deviceLocked: yes",
        "hardwareEnforced/osVersion: 80100 (Android 8.1)",
        "softwareEnforced/creationDateTime: 1783361716745 (2026-07-06T18:15:16.745Z)",
        "softwareEnforced/attestationApplicationId.packages: name org.example.genuine, version 42",
    ] {
        assert!(rows.iter().any(|row| row == expected), "{expected} is not in {rows:#?}");
    }
}

/// The longest list that is read, and an empty one.
#[test]
fn lists_of_every_length_are_written() {
    let json = changed(|description| {
        description.software_enforced.entries.clear();
        for number in 1000..1000 + u16::try_from(MAX_TAGS).expect("small") {
            description.software_enforced.set_null(number);
        }
    });
    assert_eq!(json["softwareEnforced"]["unknownTags"].as_array().map(Vec::len), Some(MAX_TAGS));
    let json = changed(|description| description.software_enforced.entries.clear());
    assert_eq!(json["softwareEnforced"], json!({"areTagsOrdered": true}));
    assert_eq!(AuthorizationList::default().iter().count(), 0);
}
