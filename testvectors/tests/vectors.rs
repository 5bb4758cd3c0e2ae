//! The committed files: minted as they are.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use genuine_testvectors::android::AndroidPki;
use genuine_testvectors::{
    ANDROID_GROUPS, ANDROID_P384_ROOT_PEM, ANDROID_RSA_ROOT_PEM, AndroidGroup, GROUPS, Group, MAX_ANDROID_ID, MAX_ID,
    MINTED_DIRECTORY, PLAY_GROUPS, PlayGroup, ROOT_PEM, TestPki, Vector, android_vectors, minted_files, play_vectors,
    texts, vectors,
};

#[test]
fn files_are_what_the_suite_mints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = minted_files();
    for (path, content) in &files {
        let present = fs::read_to_string(root.join(path)).unwrap_or_default();
        assert!(present == *content, "{path} differs: run `cargo run -p genuine-testvectors --bin mint`");
    }
    let minted: BTreeSet<String> = files.into_iter().map(|(path, _)| path).collect();
    for entry in fs::read_dir(root.join(MINTED_DIRECTORY)).expect("the directory is committed") {
        let name = entry.expect("the directory can be read").file_name();
        let path = format!("{MINTED_DIRECTORY}/{}", name.to_string_lossy());
        assert!(minted.contains(&path), "{path} is stray: run `cargo run -p genuine-testvectors --bin mint`");
    }
    assert_eq!(ROOT_PEM, TestPki::default().root_pem());
    let android = AndroidPki::default();
    assert_eq!((ANDROID_P384_ROOT_PEM, ANDROID_RSA_ROOT_PEM), (&*android.p384_root_pem(), &*android.rsa_root_pem()));
}

#[test]
fn groups_survive_a_round_trip() {
    for (name, json) in GROUPS {
        let group = Group::parse(json).expect("a group");
        assert_eq!(group.name, *name);
        assert_eq!(group.to_json(), *json, "{name}");
    }
}

/// The texts are found by lines, without a JSON reader: a reader finds the same.
#[test]
fn the_text_of_each_vector_is_the_vector() {
    let of_groups: Vec<_> = GROUPS.iter().flat_map(|(_, json)| Group::parse(json).expect("a group").vectors).collect();
    assert!(of_groups.len() > 800, "the vectors are bundled");
    assert_eq!(vectors().collect::<Vec<_>>(), of_groups);
    for ((id, text), vector) in texts().zip(&of_groups) {
        assert_eq!(id, vector.id);
        assert_eq!(Vector::parse("", text).expect("a vector"), *vector, "{id}");
        assert_eq!(Vector::parse("", &vector.to_json()).expect("a vector"), *vector, "{id}");
    }
}

#[test]
fn ids_and_threats_are_unique() {
    let ids: BTreeSet<_> = vectors().map(|vector| vector.id).collect();
    let threats: BTreeSet<_> = vectors().filter_map(|vector| vector.threat).collect();
    assert_eq!((ids.len(), threats.len()), (vectors().count(), vectors().count()));
    let longest = ids.iter().max_by_key(|id| id.len()).expect("there are vectors");
    assert!(longest.len() <= MAX_ID, "{longest}");
}

#[test]
fn what_is_no_group_is_refused() {
    let (_, json) = GROUPS[0];
    for (from, to) in [
        ("\"schema_version\": 1", "\"schema_version\": 2"),
        ("\"group\": \"", "\"group\": \"x"),
        ("\"type\": \"attestation\"", "\"type\": \"receipt\""),
        ("\"vectors\"", "\"rows\""),
    ] {
        let changed = json.replacen(from, to, 1);
        assert_ne!(changed, json);
        assert!(Group::parse(&changed).is_err(), "{from}");
    }
}

#[test]
fn twins_are_good_vectors() {
    let good: BTreeSet<String> = vectors().filter(|vector| vector.expected.is_none()).map(|vector| vector.id).collect();
    for vector in vectors().filter(|vector| vector.expected.is_some()) {
        assert!(vector.twin.is_some_and(|twin| good.contains(&twin)), "{}", vector.id);
    }
}

#[test]
fn vectors_of_real_devices_parse_as_well() {
    let json = r#"{
        "type": "attestation", "source": ["a book"], "note": "unknown fields are ignored", "expected": "pass",
        "attestation_b64": "oA==", "app_id": "1234567890.com.example", "key_id_b64": "", "public_key_b64": "",
        "client_data_hash_b64": "", "environment": "production", "valid_at": "2026-04-21T18:13:12.153000Z", "counter": 0
    }"#;
    let vector = Vector::parse("real", json).expect("a vector");
    assert_eq!(vector.valid_at, Some(1_776_795_192));
    assert_eq!((vector.id.as_str(), vector.group(), vector.threat.as_deref()), ("real", None, None));
    assert_eq!(vector.object, [0xA0]);
    assert!(Vector::parse("bad", "{}").is_err());
}

#[test]
fn groups_of_play_integrity_survive_a_round_trip() {
    for (name, json) in PLAY_GROUPS {
        let group = PlayGroup::parse(json).expect("a group");
        assert_eq!(group.group, *name);
        assert_eq!(group.to_json(), *json, "{name}");
    }
    let (_, json) = PLAY_GROUPS[0];
    for (from, to) in [
        ("\"schema_version\": 1", "\"schema_version\": 2"),
        ("\"group\": \"", "\"group\": \"x"),
        ("\"request\": \"classic\"", "\"request\": \"other\""),
        ("\"token\"", "\"ticket\""),
    ] {
        let changed = json.replacen(from, to, 1);
        assert_ne!(changed, json);
        assert!(PlayGroup::parse(&changed).is_err(), "{from}");
    }
}

/// No two vectors of Play Integrity are the same case, and every bad one has a good one beside it.
#[test]
fn vectors_of_play_integrity_have_ids_of_their_own_and_good_twins() {
    let vectors: Vec<_> = play_vectors().collect();
    let ids: BTreeSet<_> = vectors.iter().map(|vector| vector.id.as_str()).collect();
    assert_eq!(ids.len(), vectors.len());
    assert!(vectors.len() > 300, "the vectors are bundled");
    assert!(ids.iter().all(|id| id.len() <= MAX_ID));
    let good: BTreeSet<_> =
        vectors.iter().filter(|vector| vector.expected == "pass").map(|vector| vector.id.as_str()).collect();
    for vector in &vectors {
        let id = &vector.id;
        match (&vector.twin, vector.code) {
            (Some(twin), Some(_)) => {
                assert!(good.contains(twin.as_str()), "{id}: {twin} is no good vector");
                let twin = vectors.iter().find(|other| other.id == *twin).expect("found before");
                assert_ne!(
                    (&twin.token, &twin.keys, &twin.policy, &twin.nonce, &twin.certificates, twin.now),
                    (&vector.token, &vector.keys, &vector.policy, &vector.nonce, &vector.certificates, vector.now),
                    "{id}: nothing was changed"
                );
                assert_eq!(twin.request, vector.request, "{id}");
            }
            (twin, code) => assert_eq!((twin, code, vector.expected.as_str()), (&None, None, "pass"), "{id}"),
        }
    }
}

#[test]
fn groups_of_android_survive_a_round_trip() {
    for (name, json) in ANDROID_GROUPS {
        let group = AndroidGroup::parse(json).expect("a group");
        assert_eq!(group.group, *name);
        assert_eq!(group.to_json(), *json, "{name}");
    }
    let (_, json) = ANDROID_GROUPS[0];
    for (from, to) in [
        ("\"schema_version\": 1", "\"schema_version\": 2"),
        ("\"group\": \"", "\"group\": \"x"),
        ("\"provisioning\": \"remote\"", "\"provisioning\": \"other\""),
        ("\"certificates_b64\"", "\"chain\""),
    ] {
        let changed = json.replacen(from, to, 1);
        assert_ne!(changed, json);
        assert!(AndroidGroup::parse(&changed).is_err(), "{from}");
    }
}

/// No two vectors of Android are the same case, but for good ones that were made by different ways, and every bad one has a good one
/// beside it that differs.
#[test]
fn vectors_of_android_have_ids_of_their_own_and_good_twins() {
    let vectors: Vec<_> = android_vectors().collect();
    let ids: BTreeSet<_> = vectors.iter().map(|vector| vector.id.as_str()).collect();
    assert_eq!(ids.len(), vectors.len());
    assert!(vectors.len() > 600, "the vectors are bundled: {}", vectors.len());
    assert!(ids.iter().all(|id| id.len() <= MAX_ANDROID_ID));
    let mut cases = BTreeSet::new();
    for vector in &vectors {
        let id = &vector.id;
        let mut case = vector.clone();
        (case.id, case.description, case.twin, case.proof) = (String::new(), String::new(), None, None);
        let (expected, code) = (std::mem::take(&mut case.expected), case.code.take());
        let case =
            AndroidGroup { schema_version: 1, group: String::new(), description: String::new(), vectors: vec![case] };
        let is_new = cases.insert(case.to_json());
        match (&vector.twin, code) {
            (Some(twin), Some(_)) => {
                let twin = vectors.iter().find(|other| other.id == *twin).unwrap_or_else(|| panic!("{id}: no twin"));
                assert_eq!(twin.expected, "pass", "{id}");
                assert!(is_new, "{id}: the same case has another verdict, or is there twice");
            }
            (twin, code) => assert_eq!((twin, code, expected.as_str()), (&None, None, "pass"), "{id}"),
        }
    }
}
