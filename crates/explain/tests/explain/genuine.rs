//! Objects of genuine devices, which `GENUINE_REAL_VECTORS` names.

use genuine::UnixTime;
use genuine_explain::{Anchors, CallerSide, Input, Outcome, Vector, explain};
use serde_json::Value;

use crate::support::{explained_vector, json_files, real_vectors};

/// The receipts of 25 attestations are genuine; four files have a placeholder of four bytes.
#[test]
fn attestations_tell_what_is_in_them() {
    let Some(directory) = real_vectors() else { return };
    let mut receipts = 0;
    for (name, json) in json_files(&directory.join("attestations")) {
        let file: Value = serde_json::from_str(&json).expect("JSON");
        let explanation = explained_vector(&json, &Anchors::apple());
        assert_eq!(explanation.verdict.verdict, Outcome::Accepted, "{name}: {}", explanation.diagnosis.sentence);
        let facts = explanation.facts.expect("parsed");
        assert_eq!(facts.app_id.as_deref(), file["app_id"].as_str(), "{name}");
        assert_eq!(facts.leaf_app_id, facts.app_id, "{name}");
        assert_eq!(facts.environment, file["environment"].as_str(), "{name}");
        assert_eq!(facts.key_id_b64.as_deref(), file["key_id_b64"].as_str(), "{name}");
        let version = file["os"].as_str().or(file["os_version_from_cert"].as_str());
        assert_eq!(facts.os_version.as_deref(), version, "{name}");
        assert!(file["build"].as_str().is_none_or(|build| facts.os_build.as_deref() == Some(build)), "{name}");
        let receipt = facts.receipt.expect("an attestation");
        if receipt.size > 4 {
            receipts += 1;
            assert!(receipt.readable && receipt.unverified, "{name}");
            assert_eq!(receipt.client_hash_b64.as_deref(), file["client_data_hash_b64"].as_str(), "{name}");
            assert_eq!(receipt.app_id, facts.leaf_app_id, "{name}");
            assert_eq!((receipt.names_leaf, receipt.kind.as_deref()), (Some(true), Some("ATTEST")), "{name}");
            let created = receipt.created.expect("field 12");
            // `valid_at` of these files is the time in the receipt, to the millisecond.
            let at = file["valid_at"].as_str().expect("a time");
            assert_eq!(created[..16], at[..16], "{name}");
        }
    }
    assert_eq!(receipts, 25);
}

#[test]
fn what_systems_27_add_is_told() {
    let Some(directory) = real_vectors() else { return };
    let rows = [
        ("att-macos27.0-26A428-20261006", Some("macosx"), 66, true),
        ("att-ios27.2-24B5089g-20260924", Some("iphoneos"), 69, true),
        ("att-mikedan37-ios26.2-20260114-494930", Some("iphoneos"), 69, false),
    ];
    for (name, platform, access_control, has_code_hash) in rows {
        let files = json_files(&directory.join("attestations"));
        let (_, json) = files.iter().find(|(found, _)| found == name).expect(name);
        let facts = explained_vector(json, &Anchors::apple()).facts.expect("parsed");
        assert_eq!(facts.platform.as_deref(), platform, "{name}");
        assert_eq!(facts.access_control_hex.map(|digits| digits.len() / 2), Some(access_control), "{name}");
        let code_hash = facts.launch.and_then(|launch| Some((launch.code_hash_hex?.len(), launch.code_hash_type?)));
        assert_eq!(code_hash, has_code_hash.then_some((64, 2)), "{name}");
    }
}

/// Without the caller's side: nothing is accepted, and the chain holds within its validity.
#[test]
fn bare_objects_show_their_chain() {
    let Some(directory) = real_vectors() else { return };
    for kind in ["attestations", "assertions"] {
        for (name, json) in json_files(&directory.join(kind)) {
            let vector = Vector::parse(&json).expect("a vector");
            let Ok(Input::Object(object)) = Input::read(&vector.object.bytes) else { panic!("{name}") };
            assert_eq!(object.bytes, vector.object.bytes, "{name}");
            let side = CallerSide::default();
            let explanation = explain(&object, None, &side, &Anchors::apple(), UnixTime(1_795_867_200));
            assert_eq!((explanation.detected, explanation.kind), (Some(vector.kind), vector.kind), "{name}");
            assert!(matches!(explanation.verdict.verdict, Outcome::Incomplete | Outcome::Refused), "{name}");
            let Some(chain) = explanation.chain else { continue };
            assert_eq!(chain.within_validity.expect("overlaps").holds, Some(true), "{name}");
        }
    }
}

/// Receipts by themselves are not objects, but those in attestations are read; so are these, put into one.
#[test]
fn every_receipt_is_read() {
    let Some(directory) = real_vectors() else { return };
    let device = genuine_testvectors::Device::new("genuine receipts");
    let files = json_files(&directory.join("receipts"));
    for (name, json) in &files {
        let file: Value = serde_json::from_str(json).expect("JSON");
        let Input::Object(receipt) =
            Input::read(file["receipt_b64"].as_str().expect("base64").as_bytes()).expect("base64")
        else {
            panic!("{name}")
        };
        let change = |map: &mut genuine_testvectors::cbor::Cbor| {
            use genuine_testvectors::cbor::Cbor;
            *map.value(Cbor::text("attStmt")).value(Cbor::text("receipt")) = Cbor::bytes(&receipt.bytes);
        };
        let object = genuine_testvectors::Mutation::default().envelope(change).mint_attestation(&device, b"hash");
        let explanation = crate::support::explained(object, genuine_explain::Kind::Attestation, &CallerSide::default());
        let facts = explanation.facts.expect("parsed").receipt.expect("an attestation");
        assert!(facts.readable, "{name}");
        assert_eq!(facts.app_id.as_deref(), file["app_id"].as_str(), "{name}");
        assert_eq!(facts.kind.as_deref(), file["receipt_type"].as_str(), "{name}");
        // The file may write the fraction of a second with another number of digits.
        let time = |text: Option<&str>| text.map(|text| genuine_explain::unix_time(text).expect("a time"));
        assert_eq!(time(facts.expires.as_deref()), time(file["expires"].as_str()), "{name}");
        assert_eq!(time(facts.not_before.as_deref()), time(file["not_before"].as_str()), "{name}");
        let metric = &file["risk_metric"];
        let metric = metric.as_str().map(str::to_owned).or_else(|| metric.as_u64().map(|metric| metric.to_string()));
        assert_eq!(facts.risk_metric, metric, "{name}");
        assert!(facts.created.is_some() && facts.client_hash_b64.is_some(), "{name}");
    }
    assert_eq!(files.len(), 27);
}
