//! What the tests have in common: the test authority, and explanations of minted objects.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use genuine::{UnixTime, app_attest::Counter};
use genuine_explain::{
    Anchors, CallerSide, ClientData, Decoding, Explanation, Finding, Input, Kind, LastCounter, Object, StoredKey,
    Vector, explain,
};
use genuine_testvectors::{Attestation, Device, ROOT_PEM};

pub(crate) const CHALLENGE: &[u8] = b"b2f7a6e1-0c9d";
pub(crate) const CLIENT_DATA: &[u8] = br#"{"challenge":"c1","action":"pay"}"#;

pub(crate) fn anchors() -> Anchors {
    let mut anchors = Anchors::apple();
    anchors.add_pem(ROOT_PEM.as_bytes()).expect("the committed root");
    anchors
}

pub(crate) fn object(bytes: Vec<u8>) -> Object {
    Object { bytes, decoding: Vec::new() }
}

pub(crate) fn base64(octets: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(octets)
}

pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |digits, octet| digits + &format!("{octet:02x}"))
}

/// All that a server knows about an honest attestation over [`CHALLENGE`].
pub(crate) fn attestation_side(device: &Device) -> CallerSide {
    CallerSide {
        app_id: Some(device.app_id().to_owned()),
        key_id: Some(base64(&device.key_id())),
        client_data: Some(ClientData::of_data(CHALLENGE.to_vec())),
        at: Some(UnixTime(device.issue_time())),
        ..CallerSide::default()
    }
}

/// All that a server knows about an honest assertion over [`CLIENT_DATA`].
pub(crate) fn assertion_side(device: &Device) -> CallerSide {
    CallerSide {
        app_id: Some(device.app_id().to_owned()),
        public_key: Some(StoredKey(device.public_key().to_vec())),
        client_data: Some(ClientData::of_data(CLIENT_DATA.to_vec())),
        last_counter: Some(LastCounter::Is(Counter(0))),
        ..CallerSide::default()
    }
}

pub(crate) fn explained(bytes: Vec<u8>, kind: Kind, side: &CallerSide) -> Explanation {
    explain(&object(bytes), Some(kind), side, &anchors(), UnixTime(1))
}

pub(crate) fn explained_attestation(attestation: &Attestation, side: &CallerSide) -> Explanation {
    explained(attestation.object.clone(), Kind::Attestation, side)
}

pub(crate) fn explained_vector(json: &str, anchors: &Anchors) -> Explanation {
    let vector = Vector::parse(json).expect("a vector");
    explain(&vector.object, Some(vector.kind), &vector.side, anchors, UnixTime(1))
}

/// The finding, and parts of the sentence.
#[track_caller]
pub(crate) fn assert_says(explanation: &Explanation, finding: Finding, parts: &[&str]) {
    let sentence = &explanation.diagnosis.sentence;
    assert_eq!(explanation.diagnosis.finding, finding, "{sentence}");
    assert!(explanation.diagnosis.unverified);
    for part in parts {
        assert!(sentence.contains(part), "{part:?} is not in: {sentence}");
    }
    assert!(sentence.ends_with('.') && !sentence.contains("  "), "{sentence:?}");
}

pub(crate) fn read(bytes: &[u8]) -> Object {
    match Input::read(bytes).expect("an object") {
        Input::Object(object) => object,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn decoding(bytes: &[u8]) -> Vec<Decoding> {
    read(bytes).decoding
}

/// `GENUINE_REAL_VECTORS`, or `None` if there are no objects of real devices here.
pub(crate) fn real_vectors() -> Option<PathBuf> {
    env::var_os("GENUINE_REAL_VECTORS").map(PathBuf::from)
}

/// The JSON files of a directory that has to be there, by name.
pub(crate) fn json_files(directory: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let paths = entries.map(|entry| entry.expect("a directory entry").path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("readable"))
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{}: no vectors", directory.display());
    files
}
