//! Objects that users reported, one mistake each: the sentence that explains it.
//!
//! They lie beside the objects of genuine devices, which `GENUINE_REAL_VECTORS` names.

use std::{fs, path::Path};

use genuine::Error;
use genuine_explain::{Anchors, Explanation, Finding};

use crate::support::{assert_says, explained_vector, json_files, real_vectors};

type Row = (&'static str, Option<Error>, Finding, &'static [&'static str]);

const FAULTS: [Row; 17] = [
    ("t01-app-clip-apple", None, Finding::Accepted, &["Verified"]),
    (
        "t01-app-clip-docs",
        Some(Error::RpIdMismatch),
        Finding::AppClip,
        &["`ABCDE12345.com.example.hidden`", "full app"],
    ),
    ("t02-saved-attestation", Some(Error::NonceMismatch), Finding::NoneFits, &["saved earlier and sent again"]),
    (
        "t03-challenge-text-vs-bytes",
        Some(Error::NonceMismatch),
        Finding::NoneFits,
        &["Give the challenge", "text or bytes"],
    ),
    (
        "t04-bundle-id-only",
        Some(Error::RpIdMismatch),
        Finding::PrefixMissing,
        &["without its prefix", "com.example.hidden"],
    ),
    (
        "t05-legacy-prefix",
        Some(Error::RpIdMismatch),
        Finding::NoneFits,
        &["prefix is not", "older apps", "not the Team ID"],
    ),
    ("t07-utf8-assertion", Some(Error::CborType), Finding::TextDamage, &["EF BF BD", "base64"]),
    ("t07-utf8-attestation", Some(Error::CborType), Finding::TextDamage, &["EF BF BD", "base64"]),
    (
        "t08-double-base64",
        Some(Error::CborType),
        Finding::DoubleBase64,
        &["the attestation is inside", "Decode once more"],
    ),
    (
        "t08-double-base64-asr",
        Some(Error::CborType),
        Finding::DoubleBase64,
        &["the assertion is inside", "Decode once more"],
    ),
    ("t11-assertion-as-attestation", Some(Error::WrongObjectKind), Finding::OtherKind, &["This is an assertion"]),
    ("t11-attestation-as-assertion", Some(Error::WrongObjectKind), Finding::OtherKind, &["This is an attestation"]),
    ("t12-webauthn-apple", Some(Error::FmtMismatch), Finding::OtherFormat, &["\"apple\"", "ACME", "attestKey"]),
    ("t12-webauthn-none", Some(Error::FmtMismatch), Finding::OtherFormat, &["\"none\"", "passkey", "attestKey"]),
    ("t12-webauthn-packed", Some(Error::FmtMismatch), Finding::OtherFormat, &["\"packed\"", "passkey", "attestKey"]),
    ("t13-no-receipt", Some(Error::MissingField), Finding::MissingField, &["lacks `receipt`"]),
    ("t21-base64-line-breaks", None, Finding::Accepted, &["line breaks"]),
];

const ENGINE: [Row; 7] = [
    ("cdhash-inner-key", None, Finding::Accepted, &["Verified"]),
    ("eku-app-attest-critical", None, Finding::Accepted, &["Verified"]),
    ("eku-server-auth-only", Some(Error::ExtendedKeyUsage), Finding::OtherAuthority, &["1.2.840.113635.100.4.24"]),
    ("inter-s-twin", None, Finding::Accepted, &["Verified"]),
    ("tail-512-blob", Some(Error::ExtMapLimit), Finding::NotGenuine, &["591 bytes", "\"apple_new_01\"", "report it"]),
    (
        "tail-tagged-unknown",
        Some(Error::ExtMapMalformed),
        Finding::NotGenuine,
        &["\"apple_time_01\" (tag", "report it"],
    ),
    ("unknown-unsigned-key", Some(Error::UnknownField), Finding::UnknownField, &["\"cdHash2\"", "Nothing signs"]),
];

#[test]
fn reported_faults_are_explained() {
    let Some(directory) = real_vectors() else { return };
    let faults = directory.join("../faults");
    check(&faults, "mint-root.pem", &FAULTS);
    check(&faults.join("engine"), "root.pem", &ENGINE);
}

/// Each file has a row, and each row a file.
fn check(directory: &Path, root: &str, rows: &[Row]) {
    let mut anchors = Anchors::apple();
    let root = fs::read(directory.join(root)).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    anchors.add_pem(&root).expect("a root");
    let files = json_files(directory);
    let files: Vec<_> = files.iter().filter(|(name, _)| name != "ecdsa").collect();
    assert_eq!(
        files.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        rows.iter().map(|row| row.0).collect::<Vec<_>>()
    );
    for ((name, json), (_, error, finding, parts)) in files.into_iter().zip(rows) {
        let explanation = explained_vector(json, &anchors);
        assert_eq!(explanation.verdict.error, *error, "{name}");
        assert_says(&explanation, *finding, parts);
    }
}

/// The reporter's challenge at hand, the mistake is found: the bytes 0 to 31, whose text the app hashed.
#[test]
fn the_text_of_the_challenge_is_found() {
    let Some(directory) = real_vectors() else { return };
    let path = directory.join("../faults/t03-challenge-text-vs-bytes.json");
    let json = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let challenge: Vec<u8> = (0..32).collect();
    let vector = json.replacen('{', &format!("{{\"client_data_b64\":\"{}\",", crate::support::base64(&challenge)), 1);
    let explanation: Explanation = explained_vector(&vector, &Anchors::apple());
    assert_says(
        &explanation,
        Finding::OtherHashing,
        &["the SHA-256 of the base64 text", "text and the other the bytes"],
    );
}
