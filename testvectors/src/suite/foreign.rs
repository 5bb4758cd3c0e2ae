//! Objects of other kinds and formats: group foreign.

use super::{Unminted, asr, att, device, mutation};
use crate::auth_data::{AuthData, FLAG_AT};
use crate::cbor::Cbor;
use crate::device::{Device, Environment};
use crate::generation::Generation;
use crate::mutation::Mutation;

pub(super) fn vectors() -> Vec<Unminted> {
    let mut vectors = other_kinds();
    vectors.extend(other_formats());
    vectors
}

/// Puts another object in the place of the honest one.
fn replaced(object: Vec<u8>) -> Mutation<'static> {
    mutation().object(move |bytes| bytes.clone_from(&object))
}

fn other_kinds() -> Vec<Unminted> {
    const CODE: &str = "WrongObjectKind";
    let phone = device(Generation::Ios17, Environment::Production);
    let marked = phone.clone().with_cd_hash();
    let assertion = |device: &Device, mutation: Mutation<'_>| mutation.mint_assertion(device, 1, &[0; 32]);
    let attestation = |device: &Device, mutation: Mutation<'_>| mutation.mint_attestation(device, &[0; 32]);
    let in_attestation = "An assertion stands in the place of the attestation.";
    let in_assertion = "An attestation stands in the place of the assertion.";
    vec![
        att("foreign::an-assertion", "fo-01a", CODE, in_attestation, replaced(assertion(&phone, mutation()))),
        att(
            "foreign::an-assertion-with-cd-hash",
            "fo-01c",
            CODE,
            in_attestation,
            replaced(assertion(&marked, mutation())),
        ),
        asr(
            "foreign::assertion-is-an-attestation",
            "fo-02a",
            CODE,
            in_assertion,
            replaced(attestation(&phone, mutation())),
        ),
        asr(
            "foreign::assertion-is-an-attestation-with-cd-hash",
            "fo-02c",
            CODE,
            in_assertion,
            replaced(attestation(&marked, mutation())),
        ),
        asr(
            "foreign::assertion-is-an-attestation-fmt-last",
            "fo-02d",
            CODE,
            in_assertion,
            replaced(attestation(&phone, mutation().envelope(|root| root.entries().rotate_left(1)))),
        ),
        asr(
            "foreign::assertion-with-fmt",
            "fo-03",
            "WrongObjectKind",
            "The assertion has a key of attestations beside its own.",
            mutation().envelope(|root| root.push("fmt", Cbor::text("apple-appattest"))),
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

fn other_formats() -> Vec<Unminted> {
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
    let vector = |id: &str, threat: &str, description: &str, entries: Vec<(Cbor, Cbor)>| {
        att(id, threat, CODE, description, replaced(object(entries)))
    };
    vec![
        vector(
            "foreign::passkey-none",
            "fo-10a",
            "A passkey was registered, with fmt none.",
            registration("none", vec![]),
        ),
        vector(
            "foreign::passkey-packed",
            "fo-10b",
            "A passkey was registered, with fmt packed.",
            registration("packed", packed()),
        ),
        vector(
            "foreign::passkey-apple",
            "fo-10c",
            "A passkey was registered, with fmt apple.",
            registration("apple", vec![(Cbor::text("x5c"), certificate())]),
        ),
        vector(
            "foreign::passkey-none-fmt-last",
            "fo-11a",
            "A passkey was registered, with fmt none behind the statement.",
            last(registration("none", vec![])),
        ),
        vector(
            "foreign::passkey-packed-fmt-last",
            "fo-11b",
            "A passkey was registered, with fmt packed behind the statement.",
            last(registration("packed", packed())),
        ),
        vector(
            "foreign::passkey-safetynet-fmt-last",
            "fo-11c",
            "A passkey was registered, with fmt android-safetynet behind a long statement.",
            last(registration("android-safetynet", large())),
        ),
        vector(
            "foreign::passkey-twelve-certificates-fmt-last",
            "fo-11d",
            "A passkey was registered, with fmt packed behind a statement with twelve certificates.",
            last(registration("packed", vec![(Cbor::text("x5c"), Cbor::array(vec![Cbor::bytes(&[0x30; 50]); 12]))])),
        ),
        vector(
            "foreign::passkey-none-without-statement",
            "fo-14",
            "A passkey was registered, with fmt none and no statement.",
            {
                let mut entries = registration("none", vec![]);
                entries.remove(1);
                entries
            },
        ),
        att(
            "foreign::genuine-statement-fmt-none-last",
            "fo-15",
            CODE,
            "fmt is none, and stands behind a genuine statement.",
            mutation().envelope(|root| {
                *root.value("fmt") = Cbor::text("none");
                root.entries().rotate_left(1);
            }),
        ),
        att(
            "foreign::fmt-behind-the-map",
            "fo-16",
            "CborTrailing",
            "There is no format in the map, and one behind it.",
            mutation()
                .envelope(|root| {
                    root.remove("fmt");
                })
                .object(|bytes| bytes.extend(b"\x63fmt\x64none")),
        ),
        att(
            "foreign::packed-statement-under-right-fmt",
            "fo-12",
            "UnknownField",
            "The format is right and stands behind a statement with a key of another format.",
            replaced(object(last(registration("apple-appattest", packed())))),
        ),
        att(
            "foreign::empty-statement-without-fmt",
            "fo-13",
            "MissingField",
            "There is no format behind an empty statement.",
            replaced(object(registration("", vec![]).split_off(1))),
        ),
    ]
}
