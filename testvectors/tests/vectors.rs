//! The committed files: minted as they are.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use genuine_testvectors::{BUNDLED, MINTED_DIRECTORIES, ROOT_PEM, TestPki, Vector, minted_files, vectors};

#[test]
fn files_are_what_the_catalogue_mints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = minted_files();
    for (path, content) in &files {
        let present = fs::read_to_string(root.join(path)).unwrap_or_default();
        assert!(present == *content, "{path} differs: run `cargo run -p genuine-testvectors --bin mint`");
    }
    let minted: BTreeSet<String> = files.into_iter().map(|(path, _)| path).collect();
    for directory in MINTED_DIRECTORIES {
        for entry in fs::read_dir(root.join(directory)).expect("the directory is committed") {
            let name = entry.expect("the directory can be read").file_name();
            let path = format!("{directory}/{}", name.to_string_lossy());
            assert!(minted.contains(&path), "{path} is stray: run `cargo run -p genuine-testvectors --bin mint`");
        }
    }
    assert_eq!(ROOT_PEM, TestPki::default().root_pem());
}

#[test]
fn vectors_survive_a_round_trip() {
    for (vector, (id, json)) in vectors().zip(BUNDLED) {
        assert_eq!(vector.to_json(), *json, "{id}");
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
    assert_eq!(vector.object, [0xA0]);
    assert!(Vector::parse("bad", "{}").is_err());
}
