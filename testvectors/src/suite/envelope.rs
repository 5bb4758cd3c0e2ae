//! The maps of the attestation: group envelope.

use super::{ATT_CD_HASH, Unminted, att, mutation, other_device};
use crate::cbor::Cbor;
use crate::device::Environment;
use crate::generation::Generation;
use crate::mutation::Mutation;
use crate::pki::TestPki;
use crate::vector::Kind;

pub(super) fn vectors() -> Vec<Unminted> {
    let mut vectors = fields();
    vectors.extend(cd_hash());
    vectors.extend(x5c());
    vectors
}

fn fields() -> Vec<Unminted> {
    let mut vectors = Vec::new();
    for (id, threat, key) in [
        ("envelope::fmt-missing", "am-01", "fmt"),
        ("envelope::att-stmt-missing", "am-02", "attStmt"),
        ("envelope::auth-data-missing", "am-03", "authData"),
    ] {
        vectors.push(att(
            id,
            threat,
            "MissingField",
            format!("{key} is missing."),
            mutation().envelope(move |root| {
                root.remove(key);
            }),
        ));
    }
    vectors.push(att(
        "envelope::unknown-key",
        "am-04",
        "UnknownField",
        "The outermost map has an unknown key.",
        mutation().envelope(|root| {
            root.push("foo", Cbor::uint(0));
        }),
    ));
    for (id, threat, fmt) in [
        ("envelope::fmt-apple", "am-07", "apple"),
        ("envelope::fmt-packed", "am-08a", "packed"),
        ("envelope::fmt-none", "am-08b", "none"),
        ("envelope::fmt-empty", "am-08c", ""),
        ("envelope::fmt-fido-u2f", "am-08d", "fido-u2f"),
        ("envelope::fmt-android-key", "am-08e", "android-key"),
        ("envelope::fmt-a-letter-short", "am-09a", "apple-appattes"),
        ("envelope::fmt-a-letter-more", "am-09b", "apple-appattestx"),
        ("envelope::fmt-other-case", "am-09c", "Apple-AppAttest"),
        ("envelope::fmt-final-nul", "am-09d", "apple-appattest\0"),
    ] {
        vectors.push(att(
            id,
            threat,
            "FmtMismatch",
            format!("fmt is {fmt:?}."),
            mutation().envelope(move |root| {
                *root.value("fmt") = Cbor::text(fmt);
            }),
        ));
    }
    vectors.push(att(
        "envelope::fmt-byte-string",
        "am-10",
        "CborType",
        "fmt is a byte string.",
        mutation().envelope(|root| {
            *root.value("fmt") = Cbor::bytes(b"apple-appattest");
        }),
    ));
    for (id, threat, value) in [
        ("envelope::att-stmt-null", "am-11a", 0xF6),
        ("envelope::att-stmt-array", "am-11b", 0x80),
        ("envelope::att-stmt-text", "am-11c", 0x60),
        ("envelope::att-stmt-number", "am-11d", 0x00),
    ] {
        vectors.push(att(
            id,
            threat,
            "CborType",
            "attStmt is null, an array, a text or a number.",
            mutation().envelope(move |root| {
                *root.value("attStmt") = Cbor::Raw(vec![value]);
            }),
        ));
    }
    vectors.push(att(
        "envelope::att-stmt-empty",
        "am-12",
        "MissingField",
        "attStmt is empty.",
        mutation().envelope(|root| *root.value("attStmt") = Cbor::map(vec![])),
    ));
    for (id, threat, key) in
        [("envelope::x5c-missing", "am-13", "x5c"), ("envelope::receipt-missing", "am-14", "receipt")]
    {
        vectors.push(att(
            id,
            threat,
            "MissingField",
            format!("{key} is missing."),
            mutation().envelope(move |root| {
                root.value("attStmt").remove(key);
            }),
        ));
    }
    for (id, threat, key) in [
        ("envelope::att-stmt-with-alg", "am-15a", "alg"),
        ("envelope::att-stmt-with-sig", "am-15b", "sig"),
        ("envelope::att-stmt-with-ecdaa-key-id", "am-15c", "ecdaaKeyId"),
    ] {
        vectors.push(att(
            id,
            threat,
            "UnknownField",
            format!("attStmt has {key}, which belongs to other formats."),
            mutation().envelope(move |root| {
                root.value("attStmt").push(key, Cbor::int(-7));
            }),
        ));
    }
    vectors.push(att(
        "envelope::receipt-empty",
        "am-16",
        "ReceiptEmpty",
        "The receipt is empty.",
        receipt_is(Cbor::bytes(&[])),
    ));
    vectors.push(att(
        "envelope::receipt-text",
        "am-17a",
        "CborType",
        "The receipt is a text.",
        receipt_is(Cbor::text("receipt")),
    ));
    vectors.push(att(
        "envelope::receipt-null",
        "am-17b",
        "CborType",
        "The receipt is null.",
        receipt_is(Cbor::Raw(vec![0xF6])),
    ));
    vectors
}

fn receipt_is(value: Cbor) -> Mutation<'static> {
    mutation().envelope(move |root| *root.value("attStmt").value("receipt") = value.clone())
}

/// The tolerated key may hold anything, within bounds.
fn cd_hash() -> Vec<Unminted> {
    let vector = |id, threat, expected, description, value: Cbor| {
        let device = super::device(Generation::Ios26, Environment::Production).with_cd_hash();
        Unminted::new(Kind::Attestation, id, threat, description, device)
            .mutation(mutation().envelope(move |root| *root.value("cdHash") = value.clone()))
            .fails(expected, ATT_CD_HASH)
    };
    let nested = Cbor::Raw([vec![0x81; 1_000], vec![0]].concat());
    vec![
        vector("envelope::cd-hash-nested", "am-05a", "CborLimit", "cdHash holds 1,000 nested arrays.", nested.clone()),
        vector(
            "envelope::cd-hash-entry-nested",
            "am-05b",
            "CborLimit",
            "An entry of cdHash holds 1,000 nested arrays.",
            Cbor::map(vec![(Cbor::text("hash"), nested)]),
        ),
        vector(
            "envelope::cd-hash-text-past-the-end",
            "am-05c",
            "CborTruncated",
            "cdHash holds a text that ends behind the object.",
            Cbor::Raw(vec![0x79, 0xFF, 0xFF]),
        ),
        vector(
            "envelope::cd-hash-12-kib",
            "am-06",
            "CborLimit",
            "cdHash holds 12 KiB of bytes.",
            Cbor::bytes(&[0; 12_288]),
        ),
        vector("envelope::cd-hash-513-bytes", "am-06b", "CborLimit", "cdHash takes 513 bytes.", Cbor::bytes(&[0; 510])),
    ]
}

fn x5c() -> Vec<Unminted> {
    let x5c = |change_items: fn(&mut Vec<Cbor>)| {
        mutation().envelope(move |root| change_items(root.value("attStmt").value("x5c").items()))
    };
    vec![
        att(
            "envelope::x5c-byte-string",
            "am-18",
            "CborType",
            "x5c is a byte string.",
            mutation().envelope(|root| {
                *root.value("attStmt").value("x5c") = Cbor::bytes(&[0; 2]);
            }),
        ),
        att("envelope::x5c-empty", "am-19", "X5cCount", "x5c is empty.", x5c(Vec::clear)),
        att(
            "envelope::x5c-leaf-alone",
            "am-20",
            "X5cCount",
            "x5c holds the leaf alone.",
            x5c(|items| items.truncate(1)),
        ),
        att(
            "envelope::x5c-with-root",
            "am-21",
            "X5cCount",
            "x5c holds the root as well.",
            x5c(|items| {
                items.push(Cbor::bytes(&TestPki::default().root_der()));
            }),
        ),
        att(
            "envelope::x5c-with-another-authority",
            "am-22",
            "X5cCount",
            "x5c holds the leaf and another authority's intermediate and root.",
            x5c(|items| {
                let attacker = TestPki::new("attacker");
                items[1] = Cbor::bytes(&attacker.intermediate().sign().encode());
                items.push(Cbor::bytes(&attacker.root_der()));
            }),
        ),
        att(
            "envelope::x5c-reversed",
            "am-23",
            "SpkiAlgorithm",
            "x5c holds the intermediate before the leaf.",
            x5c(|items| items.swap(0, 1)),
        ),
        att(
            "envelope::x5c-leaf-twice",
            "am-24",
            "IssuerMismatch",
            "x5c holds the leaf twice.",
            x5c(|items| items[1] = items[0].clone()),
        ),
        att(
            "envelope::x5c-intermediate-twice",
            "am-25",
            "SpkiAlgorithm",
            "x5c holds the intermediate twice.",
            x5c(|items| items[0] = items[1].clone()),
        ),
        att(
            "envelope::leaf-text",
            "am-26",
            "CborType",
            "The leaf is a text.",
            x5c(|items| items[0] = Cbor::text("leaf")),
        ),
        att(
            "envelope::leaf-empty",
            "am-27a",
            "DerTruncated",
            "The leaf is an empty byte string.",
            x5c(|items| items[0] = Cbor::bytes(&[])),
        ),
        att(
            "envelope::intermediate-empty",
            "am-27b",
            "DerTruncated",
            "The intermediate is an empty byte string.",
            x5c(|items| items[1] = Cbor::bytes(&[])),
        ),
        att(
            "envelope::leaf-in-an-array",
            "am-28",
            "CborType",
            "The leaf stands in an array of its own.",
            x5c(|items| {
                items[0] = Cbor::array(vec![items[0].clone()]);
            }),
        ),
        att(
            "envelope::x5c-64-items",
            "am-29",
            "X5cCount",
            "x5c holds 64 items.",
            x5c(|items| items.resize(64, Cbor::bytes(&[0x30, 0x00]))),
        ),
        att(
            "envelope::leaf-2049-bytes",
            "am-30",
            "CertTooLarge",
            "The leaf is 2,049 bytes long.",
            super::good::pad_leaf(2_049),
        ),
        att(
            "chain::leaf-under-a-leaf",
            "ch-11",
            "IntermediateKeyAlgorithm",
            "An App Attest leaf stands in the intermediate's place and signed the leaf.",
            mutation()
                .leaf(|leaf| {
                    leaf.tbs[crate::certificate::field::ISSUER] =
                        other_device().leaf(&[0; 32]).tbs[crate::certificate::field::SUBJECT].clone();
                    leaf.signer = other_device().signer().clone();
                })
                .chain(|chain| {
                    let mut above = other_device().leaf(&[0; 32]);
                    let validity = crate::certificate::field::VALIDITY;
                    above.tbs[validity] = chain.leaf[crate::certificate::part::TBS][validity].clone();
                    chain.intermediate = above.sign();
                }),
        ),
    ]
}
