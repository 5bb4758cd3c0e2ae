//! The maps of the attestation: AM.

use super::{ATT_CD_HASH, Row, att, edit, other_device};
use crate::cbor::Cbor;
use crate::device::Environment;
use crate::generation::Generation;
use crate::pki::TestPki;
use crate::recipe::Edits;
use crate::vector::Kind;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = fields();
    rows.extend(cd_hash());
    rows.extend(x5c());
    rows
}

fn fields() -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, key) in ["fmt", "attStmt", "authData"].into_iter().enumerate() {
        rows.push(att(
            format!("am-0{}", index + 1),
            "MissingField",
            format!("{key} is missing."),
            edit().envelope(move |root| {
                root.remove(key);
            }),
        ));
    }
    rows.push(att(
        "am-04",
        "UnknownField",
        "The outermost map has an unknown key.",
        edit().envelope(|root| {
            root.push("foo", Cbor::uint(0));
        }),
    ));
    for (id, fmt) in [
        ("am-07", "apple"),
        ("am-08a", "packed"),
        ("am-08b", "none"),
        ("am-08c", ""),
        ("am-08d", "fido-u2f"),
        ("am-08e", "android-key"),
        ("am-09a", "apple-appattes"),
        ("am-09b", "apple-appattestx"),
        ("am-09c", "Apple-AppAttest"),
        ("am-09d", "apple-appattest\0"),
    ] {
        rows.push(att(
            id,
            "FmtMismatch",
            format!("fmt is {fmt:?}."),
            edit().envelope(move |root| {
                *root.value("fmt") = Cbor::text(fmt);
            }),
        ));
    }
    rows.push(att(
        "am-10",
        "CborType",
        "fmt is a byte string.",
        edit().envelope(|root| {
            *root.value("fmt") = Cbor::bytes(b"apple-appattest");
        }),
    ));
    for (index, value) in [0xF6, 0x80, 0x60, 0x00].into_iter().enumerate() {
        rows.push(att(
            super::lettered("am-11", index),
            "CborType",
            "attStmt is null, an array, a text or a number.",
            edit().envelope(move |root| {
                *root.value("attStmt") = Cbor::Raw(vec![value]);
            }),
        ));
    }
    rows.push(att(
        "am-12",
        "MissingField",
        "attStmt is empty.",
        edit().envelope(|root| *root.value("attStmt") = Cbor::map(vec![])),
    ));
    for (id, key) in [("am-13", "x5c"), ("am-14", "receipt")] {
        rows.push(att(
            id,
            "MissingField",
            format!("{key} is missing."),
            edit().envelope(move |root| {
                root.value("attStmt").remove(key);
            }),
        ));
    }
    for (index, key) in ["alg", "sig", "ecdaaKeyId"].into_iter().enumerate() {
        rows.push(att(
            super::lettered("am-15", index),
            "UnknownField",
            format!("attStmt has {key}, which belongs to other formats."),
            edit().envelope(move |root| {
                root.value("attStmt").push(key, Cbor::int(-7));
            }),
        ));
    }
    rows.push(att("am-16", "ReceiptEmpty", "The receipt is empty.", receipt_is(Cbor::bytes(&[]))));
    rows.push(att("am-17a", "CborType", "The receipt is a text.", receipt_is(Cbor::text("receipt"))));
    rows.push(att("am-17b", "CborType", "The receipt is null.", receipt_is(Cbor::Raw(vec![0xF6]))));
    rows
}

fn receipt_is(value: Cbor) -> Edits<'static> {
    edit().envelope(move |root| *root.value("attStmt").value("receipt") = value.clone())
}

/// The tolerated key may hold anything, within bounds.
fn cd_hash() -> Vec<Row> {
    let row = |id, expected, description, value: Cbor| {
        let device = super::device(Generation::Ios26, Environment::Production).with_cd_hash();
        Row::new(Kind::Attestation, id, description, device)
            .edits(edit().envelope(move |root| *root.value("cdHash") = value.clone()))
            .fails(expected, ATT_CD_HASH)
    };
    let nested = Cbor::Raw([vec![0x81; 1_000], vec![0]].concat());
    vec![
        row("am-05a", "CborLimit", "cdHash holds 1,000 nested arrays.", nested.clone()),
        row(
            "am-05b",
            "CborLimit",
            "An entry of cdHash holds 1,000 nested arrays.",
            Cbor::map(vec![(Cbor::text("hash"), nested)]),
        ),
        row(
            "am-05c",
            "CborTruncated",
            "cdHash holds a text that ends behind the object.",
            Cbor::Raw(vec![0x79, 0xFF, 0xFF]),
        ),
        row("am-06", "CborLimit", "cdHash holds 12 KiB of bytes.", Cbor::bytes(&[0; 12_288])),
        row("am-06b", "CborLimit", "cdHash takes 513 bytes.", Cbor::bytes(&[0; 510])),
    ]
}

fn x5c() -> Vec<Row> {
    let x5c = |edit_items: fn(&mut Vec<Cbor>)| {
        edit().envelope(move |root| edit_items(root.value("attStmt").value("x5c").items()))
    };
    vec![
        att(
            "am-18",
            "CborType",
            "x5c is a byte string.",
            edit().envelope(|root| {
                *root.value("attStmt").value("x5c") = Cbor::bytes(&[0; 2]);
            }),
        ),
        att("am-19", "X5cCount", "x5c is empty.", x5c(Vec::clear)),
        att("am-20", "X5cCount", "x5c holds the leaf alone.", x5c(|items| items.truncate(1))),
        att(
            "am-21",
            "X5cCount",
            "x5c holds the root as well.",
            x5c(|items| {
                items.push(Cbor::bytes(&TestPki::default().root_der()));
            }),
        ),
        att(
            "am-22",
            "X5cCount",
            "x5c holds the leaf and another authority's intermediate and root.",
            x5c(|items| {
                let attacker = TestPki::new("attacker");
                items[1] = Cbor::bytes(&attacker.intermediate().sign().encode());
                items.push(Cbor::bytes(&attacker.root_der()));
            }),
        ),
        att("am-23", "SpkiAlgorithm", "x5c holds the intermediate before the leaf.", x5c(|items| items.swap(0, 1))),
        att("am-24", "IssuerMismatch", "x5c holds the leaf twice.", x5c(|items| items[1] = items[0].clone())),
        att("am-25", "SpkiAlgorithm", "x5c holds the intermediate twice.", x5c(|items| items[0] = items[1].clone())),
        att("am-26", "CborType", "The leaf is a text.", x5c(|items| items[0] = Cbor::text("leaf"))),
        att("am-27a", "DerTruncated", "The leaf is an empty byte string.", x5c(|items| items[0] = Cbor::bytes(&[]))),
        att(
            "am-27b",
            "DerTruncated",
            "The intermediate is an empty byte string.",
            x5c(|items| items[1] = Cbor::bytes(&[])),
        ),
        att(
            "am-28",
            "CborType",
            "The leaf stands in an array of its own.",
            x5c(|items| {
                items[0] = Cbor::array(vec![items[0].clone()]);
            }),
        ),
        att("am-29", "X5cCount", "x5c holds 64 items.", x5c(|items| items.resize(64, Cbor::bytes(&[0x30, 0x00])))),
        att("am-30", "CertTooLarge", "The leaf is 2,049 bytes long.", super::good::pad_leaf(2_049)),
        att(
            "ch-11",
            "SpkiAlgorithm",
            "An App Attest leaf stands in the intermediate's place and signed the leaf.",
            edit()
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
