//! Objects of other kinds and formats: FO.

use super::{Row, asr, att, device, edit};
use crate::auth_data::{AuthData, FLAG_AT};
use crate::cbor::Cbor;
use crate::device::{Device, Environment};
use crate::generation::Generation;
use crate::recipe::Edits;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = other_kinds();
    rows.extend(other_formats());
    rows
}

/// Puts another object in the place of the honest one.
fn replaced(object: Vec<u8>) -> Edits<'static> {
    edit().object(move |bytes| bytes.clone_from(&object))
}

fn other_kinds() -> Vec<Row> {
    const CODE: &str = "WrongObjectKind";
    let phone = device(Generation::Ios17, Environment::Production);
    let marked = phone.clone().with_cd_hash();
    let assertion = |device: &Device, edits: Edits<'_>| edits.mint_assertion(device, 1, &[0; 32]);
    let attestation = |device: &Device, edits: Edits<'_>| edits.mint_attestation(device, &[0; 32]);
    let in_attestation = "An assertion stands in the place of the attestation.";
    let in_assertion = "An attestation stands in the place of the assertion.";
    vec![
        att("fo-01a", CODE, in_attestation, replaced(assertion(&phone, edit()))),
        att("fo-01c", CODE, in_attestation, replaced(assertion(&marked, edit()))),
        asr("fo-02a", CODE, in_assertion, replaced(attestation(&phone, edit()))),
        asr("fo-02c", CODE, in_assertion, replaced(attestation(&marked, edit()))),
        asr(
            "fo-02d",
            CODE,
            in_assertion,
            replaced(attestation(&phone, edit().envelope(|root| root.entries().rotate_left(1)))),
        ),
        asr(
            "fo-03",
            "WrongObjectKind",
            "The assertion has a key of attestations beside its own.",
            edit().envelope(|root| root.push("fmt", Cbor::text("apple-appattest"))),
        ),
    ]
}

/// A registration of a passkey: the same three keys, and a statement of its own format.
fn registration(fmt: &str, statement: Vec<(Cbor, Cbor)>) -> Vec<(Cbor, Cbor)> {
    let auth_data =
        AuthData { rp_id_hash: [0; 32], flags: FLAG_AT, counter: 0, credential: None, extensions: None }.encode();
    vec![
        (Cbor::text("fmt"), Cbor::text(fmt)),
        (Cbor::text("attStmt"), Cbor::map(statement)),
        (Cbor::text("authData"), Cbor::bytes(&auth_data)),
    ]
}

fn other_formats() -> Vec<Row> {
    const CODE: &str = "FmtMismatch";
    let certificate = || Cbor::array(vec![Cbor::bytes(&[0x30; 500])]);
    let packed = || {
        let entries = [("alg", Cbor::int(-7)), ("sig", Cbor::bytes(&[0; 70])), ("x5c", certificate())];
        entries.into_iter().map(|(key, value)| (Cbor::text(key), value)).collect::<Vec<_>>()
    };
    let object = |entries: Vec<(Cbor, Cbor)>| Cbor::map(entries).encode();
    let last = |mut entries: Vec<(Cbor, Cbor)>| {
        entries.rotate_left(1);
        entries
    };
    let large = || vec![(Cbor::text("response"), Cbor::bytes(&[0; 8_000]))];
    let row =
        |id: &str, description: &str, entries: Vec<(Cbor, Cbor)>| att(id, CODE, description, replaced(object(entries)));
    vec![
        row("fo-10a", "A passkey was registered, with fmt none.", registration("none", vec![])),
        row("fo-10b", "A passkey was registered, with fmt packed.", registration("packed", packed())),
        row(
            "fo-10c",
            "A passkey was registered, with fmt apple.",
            registration("apple", vec![(Cbor::text("x5c"), certificate())]),
        ),
        row(
            "fo-11a",
            "A passkey was registered, with fmt none behind the statement.",
            last(registration("none", vec![])),
        ),
        row(
            "fo-11b",
            "A passkey was registered, with fmt packed behind the statement.",
            last(registration("packed", packed())),
        ),
        row(
            "fo-11c",
            "A passkey was registered, with fmt android-safetynet behind a long statement.",
            last(registration("android-safetynet", large())),
        ),
        row(
            "fo-11d",
            "A passkey was registered, with fmt packed behind a statement with twelve certificates.",
            last(registration("packed", vec![(Cbor::text("x5c"), Cbor::array(vec![Cbor::bytes(&[0x30; 50]); 12]))])),
        ),
        row("fo-14", "A passkey was registered, with fmt none and no statement.", {
            let mut entries = registration("none", vec![]);
            entries.remove(1);
            entries
        }),
        att(
            "fo-15",
            CODE,
            "fmt is none, and stands behind a genuine statement.",
            edit().envelope(|root| {
                *root.value("fmt") = Cbor::text("none");
                root.entries().rotate_left(1);
            }),
        ),
        att(
            "fo-16",
            "CborTrailing",
            "There is no format in the map, and one behind it.",
            edit()
                .envelope(|root| {
                    root.remove("fmt");
                })
                .object(|bytes| bytes.extend(b"\x63fmt\x64none")),
        ),
        att(
            "fo-12",
            "UnknownField",
            "The format is right and stands behind a statement with a key of another format.",
            replaced(object(last(registration("apple-appattest", packed())))),
        ),
        att(
            "fo-13",
            "MissingField",
            "There is no format behind an empty statement.",
            replaced(object(registration("", vec![]).split_off(1))),
        ),
    ]
}
