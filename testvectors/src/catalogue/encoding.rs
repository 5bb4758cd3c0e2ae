//! Size and CBOR strictness: IN, CB, RX.

use super::{ASR, ATT, Row, asr, asr_27, att, edit};
use crate::cbor::{Cbor, head};
use crate::device::{BUNDLE_VERSION, VALIDATION_CATEGORY};
use crate::keys::pseudo_random;
use crate::recipe::Edits;

pub(super) fn rows() -> Vec<Row> {
    [sizes(), indefinite(), malformed(), not_shortest(), counts(), trailing(), tags_and_types(), duplicates()]
        .into_iter()
        .flatten()
        .collect()
}

/// Replaces the value of `authData`, whose place in the map is the last.
fn auth_data_is(bytes: &'static [u8]) -> Edits<'static> {
    edit().envelope(|root| *root.value("authData") = Cbor::Raw(bytes.to_vec()))
}

fn raw(bytes: &[u8]) -> Cbor {
    Cbor::Raw(bytes.to_vec())
}

fn sizes() -> Vec<Row> {
    vec![
        att("in-01", "CborTruncated", "The attestation is empty.", edit().object(Vec::clear)),
        asr("in-02", "CborTruncated", "The assertion is empty.", edit().object(Vec::clear)),
        att(
            "in-03",
            "CborTruncated",
            "The attestation is the head of a map.",
            edit().object(|object| object.truncate(1)),
        ),
        att(
            "in-04a",
            "CborTruncated",
            "The attestation lacks its last byte.",
            edit().object(|object| {
                object.pop();
            }),
        ),
        asr(
            "in-04b",
            "CborTruncated",
            "The assertion lacks its last byte.",
            edit().object(|object| {
                object.pop();
            }),
        ),
        att(
            "in-05",
            "InputTooLarge",
            "A longer receipt makes the object 16,385 bytes long.",
            edit().envelope(|root| {
                let length = root.encode().len();
                let receipt = root.value("attStmt").value("receipt");
                // A length of more than 255 has a head of 3 bytes.
                let missing = 16_385 - (length - receipt.encode().len() + 3);
                *receipt = Cbor::bytes(&pseudo_random("receipt", missing));
            }),
        ),
        asr(
            "in-06",
            "InputTooLarge",
            "An unknown key makes the object 1,025 bytes long.",
            edit().envelope(|root| {
                let missing = 1_025 - root.encode().len();
                root.push("foo", Cbor::bytes(&vec![0; missing - 4 - 3]));
            }),
        ),
        att(
            "in-07",
            "CborType",
            "The object is given as base64 text.",
            edit().object(|object| {
                use base64::Engine as _;
                *object = base64::engine::general_purpose::STANDARD.encode(&*object).into_bytes();
            }),
        ),
        Row::new(super::Kind::Attestation, "in-09", "An assertion is given as an attestation.", super::other_device())
            .edits(edit().object(|object| {
                *object = edit().mint_assertion(&super::other_device(), 7, &[0; 32]);
            }))
            .fails("WrongObjectKind", ATT),
        Row::new(super::Kind::Assertion, "in-10", "An attestation is given as an assertion.", super::other_device())
            .edits(edit().object(|object| {
                let device = super::other_device().with_receipt_length(1).with_generation(crate::Generation::Ios14);
                *object = edit().mint_attestation(&device, &[0; 32]);
            }))
            .fails("WrongObjectKind", ASR),
    ]
}

fn indefinite() -> Vec<Row> {
    const CODE: &str = "CborIndefinite";
    vec![
        att("cb-01a", CODE, "The outermost map has indefinite length.", edit().envelope(Cbor::set_indefinite)),
        asr("cb-01b", CODE, "The outermost map has indefinite length.", edit().envelope(Cbor::set_indefinite)),
        asr_27(
            "cb-01c",
            CODE,
            "The extension map has indefinite length.",
            edit().auth_data(|data| {
                data.extensions().set_indefinite();
            }),
        ),
        att(
            "cb-02",
            CODE,
            "An indefinite attStmt hides a decoy authData behind its break.",
            edit().envelope(|root| {
                let decoy = root.value("authData").clone();
                root.value("attStmt").set_indefinite();
                let last = root.position("authData");
                root.entries().insert(last, (Cbor::text("authData"), decoy));
                root.entries().push((Cbor::text("fmt"), Cbor::text("apple-appattest")));
            }),
        ),
        att(
            "cb-03",
            CODE,
            "x5c has indefinite length.",
            edit().envelope(|root| {
                root.value("attStmt").value("x5c").set_indefinite();
            }),
        ),
        att("cb-04a", CODE, "authData comes in two chunks.", edit().envelope(|root| in_chunks(root.value("authData")))),
        asr(
            "cb-04b",
            CODE,
            "authenticatorData comes in two chunks.",
            edit().envelope(|root| {
                in_chunks(root.value("authenticatorData"));
            }),
        ),
        asr_27(
            "cb-04c",
            CODE,
            "The category comes in two chunks.",
            edit().auth_data(|data| {
                *data.extensions().value(VALIDATION_CATEGORY) = raw(&[0x5F, 0x42, 4, 0, 0x42, 0, 0, 0xFF]);
            }),
        ),
        att(
            "cb-05",
            CODE,
            "The key fmt has indefinite length.",
            edit().envelope(|root| {
                *root.key("fmt") = raw(b"\x7F\x63fmt\xFF");
            }),
        ),
        att(
            "cb-06",
            CODE,
            "authData is an indefinite byte string with a text chunk.",
            auth_data_is(&[0x5F, 0x61, 0x61, 0xFF]),
        ),
        att(
            "cb-07",
            CODE,
            "authData is an indefinite byte string inside another.",
            auth_data_is(&[0x5F, 0x5F, 0x41, 0, 0xFF, 0xFF]),
        ),
    ]
}

/// Cuts a byte string of 24 to 255 bytes into two chunks of an indefinite one; a shorter one loses bytes.
fn in_chunks(item: &mut Cbor) {
    let encoded = item.encode();
    let content = encoded.get(2..).unwrap_or_default();
    let (first, second) = content.split_at(content.len().min(18));
    let chunks = [Cbor::bytes(first).encode(), Cbor::bytes(second).encode()].concat();
    *item = Cbor::Raw([&[0x5F], chunks.as_slice(), &[0xFF]].concat());
}

fn malformed() -> Vec<Row> {
    const CODE: &str = "CborMalformed";
    let mut rows = vec![
        att("cb-08a", CODE, "The first byte is a break.", edit().object(|object| object[0] = 0xFF)),
        asr("cb-08b", CODE, "The first byte is a break.", edit().object(|object| object[0] = 0xFF)),
        asr_27(
            "cb-08c",
            "AuthDataTrailing",
            "The first byte of the extension map is a break.",
            edit().auth_data(|data| data.extensions().set_head(&[0xFF])),
        ),
        att(
            "cb-09",
            CODE,
            "The second item of x5c is a break.",
            edit().envelope(|root| {
                root.value("attStmt").value("x5c").items()[1] = raw(&[0xFF]);
            }),
        ),
        att("cb-10", CODE, "The value of authData is a break.", auth_data_is(&[0xFF])),
    ];
    let reserved: [&'static [u8]; 24] = [
        &[0x1C],
        &[0x5D],
        &[0xBE],
        &[0xFC],
        &[0x1D],
        &[0x1E],
        &[0x3C],
        &[0x3D],
        &[0x3E],
        &[0x5C],
        &[0x5E],
        &[0x7C],
        &[0x7D],
        &[0x7E],
        &[0x9C],
        &[0x9D],
        &[0x9E],
        &[0xBC],
        &[0xBD],
        &[0xDC],
        &[0xDD],
        &[0xDE],
        &[0xFD],
        &[0xFE],
    ];
    for (index, head) in reserved.into_iter().enumerate() {
        let id = super::lettered("cb-11", index);
        rows.push(att(
            id,
            CODE,
            "The value of authData has reserved additional information, 28 to 30.",
            auth_data_is(head),
        ));
    }
    let no_indefinite: [&'static [u8]; 3] = [&[0x1F], &[0x3F], &[0xDF]];
    for (index, head) in no_indefinite.into_iter().enumerate() {
        let id = super::lettered("cb-12", index);
        rows.push(att(
            id,
            CODE,
            "The value of authData has additional information 31 on a type without chunks.",
            auth_data_is(head),
        ));
    }
    rows.push(att(
        "cb-46",
        CODE,
        "The value of authData is a two-byte simple value below 32.",
        auth_data_is(&[0xF8, 0x18]),
    ));
    rows
}

fn not_shortest() -> Vec<Row> {
    const CODE: &str = "CborNonCanonical";
    vec![
        att(
            "cb-13a",
            CODE,
            "The length of the key fmt takes two bytes.",
            edit().envelope(|root| {
                *root.key("fmt") = raw(b"\x78\x03fmt");
            }),
        ),
        asr(
            "cb-13b",
            CODE,
            "The length of the key signature takes two bytes.",
            edit().envelope(|root| {
                *root.key("signature") = raw(b"\x78\x09signature");
            }),
        ),
        att(
            "cb-14",
            CODE,
            "The length of authData takes three bytes.",
            edit().envelope(|root| {
                let value = root.value("authData");
                let encoded = value.encode();
                // The length of nothing stands in the first byte.
                let length_and_content = if encoded.len() == 1 { &[0] } else { &encoded[1..] };
                *value = Cbor::Raw([&[0x59, 0x00], length_and_content].concat());
            }),
        ),
        att(
            "cb-15",
            CODE,
            "The length of the leaf takes five bytes.",
            edit().envelope(|root| {
                let leaf = &mut root.value("attStmt").value("x5c").items()[0];
                *leaf = Cbor::Raw([&[0x5A, 0x00, 0x00], &leaf.encode()[1..]].concat());
            }),
        ),
        att(
            "cb-16",
            CODE,
            "The count of the outermost map takes two bytes.",
            edit().envelope(|root| root.set_head(&[0xB8, 3])),
        ),
        att(
            "cb-17",
            CODE,
            "The count of x5c takes two bytes.",
            edit().envelope(|root| {
                root.value("attStmt").value("x5c").set_head(&[0x98, 2]);
            }),
        ),
        att(
            "cb-18",
            CODE,
            "The length of the receipt takes nine bytes.",
            edit().envelope(|root| {
                let receipt = root.value("attStmt").value("receipt");
                *receipt = Cbor::Raw([&[0x5B, 0, 0, 0, 0, 0, 0, 0], &receipt.encode()[1..]].concat());
            }),
        ),
    ]
}

fn counts() -> Vec<Row> {
    vec![
        att(
            "cb-19",
            "CborTruncated",
            "authData claims 2^64 - 1 bytes.",
            auth_data_is(&[0x5B, 255, 255, 255, 255, 255, 255, 255, 255]),
        ),
        // A length beyond the memory of 32 bits is no bad UTF-8.
        att(
            "cb-19b",
            "CborTruncated",
            "fmt claims 2^64 - 1 bytes.",
            fmt_is(&[0x7B, 255, 255, 255, 255, 255, 255, 255, 255]),
        ),
        asr_27(
            "cb-19c",
            "AuthDataTrailing",
            "The bundle version claims 2^64 - 1 bytes.",
            edit().auth_data(|data| {
                *data.extensions().value(BUNDLE_VERSION) = raw(&[0x7B, 255, 255, 255, 255, 255, 255, 255, 255]);
            }),
        ),
        att("cb-20b", "CborTruncated", "fmt claims 2^32 - 1 bytes.", fmt_is(&[0x7A, 255, 255, 255, 255])),
        att("cb-20", "CborTruncated", "authData claims 2^32 - 1 bytes.", auth_data_is(&[0x5A, 255, 255, 255, 255])),
        att("cb-21a", "CborTruncated", "authData claims 2^31 bytes.", auth_data_is(&[0x5A, 0x80, 0, 0, 0])),
        att("cb-21b", "CborTruncated", "authData claims 2^31 - 1 bytes.", auth_data_is(&[0x5A, 0x7F, 255, 255, 255])),
        att(
            "cb-22",
            "X5cCount",
            "x5c claims 2^63 - 1 items.",
            edit().envelope(|root| {
                root.value("attStmt").value("x5c").set_head(&head(4, u64::MAX >> 1));
            }),
        ),
        att(
            "rx-05a",
            "X5cCount",
            "x5c holds 14,000 zeros.",
            edit().envelope(|root| {
                *root.value("attStmt").value("x5c") = Cbor::Raw([head(4, 14_000), vec![0; 14_000]].concat());
            }),
        ),
        att(
            "rx-05b",
            "CborType",
            "The object is an array of 16,381 zeros.",
            edit().object(|object| *object = [head(4, 16_381), vec![0; 16_381]].concat()),
        ),
        att(
            "cb-23",
            "CborLimit",
            "The outermost map claims 2^64 - 1 entries.",
            edit().envelope(|root| {
                root.set_head(&head(5, u64::MAX));
            }),
        ),
        att(
            "cb-24",
            "CborTruncated",
            "The outermost map claims one entry more.",
            edit().envelope(|root| root.set_head(&[0xA4])),
        ),
        att(
            "cb-25",
            "CborTrailing",
            "The outermost map claims one entry less.",
            edit().envelope(|root| root.set_head(&[0xA2])),
        ),
    ]
}

fn trailing() -> Vec<Row> {
    const CODE: &str = "CborTrailing";
    let twice = |object: &mut Vec<u8>| object.extend_from_within(..);
    vec![
        att("cb-26a", CODE, "A zero byte follows the object.", edit().object(|object| object.push(0))),
        asr("cb-26b", CODE, "A zero byte follows the object.", edit().object(|object| object.push(0))),
        att("cb-27a", CODE, "The object follows itself.", edit().object(twice)),
        asr("cb-27b", CODE, "The object follows itself.", edit().object(twice)),
        att("cb-28a", CODE, "A newline follows the object.", edit().object(|object| object.push(b'\n'))),
        att(
            "cb-28b",
            CODE,
            "Zero bytes pad the object to a multiple of 16.",
            edit().object(|object| {
                object.resize((object.len() / 16 + 1) * 16, 0);
            }),
        ),
    ]
}

fn tags_and_types() -> Vec<Row> {
    let mut rows = vec![
        att(
            "cb-29",
            "CborTag",
            "The tag of self-described CBOR precedes the object.",
            edit().object(|object| {
                object.splice(..0, [0xD9, 0xD9, 0xF7]);
            }),
        ),
        att(
            "cb-31",
            "UnknownField",
            "An unknown key holds 4,096 nested arrays.",
            edit().envelope(|root| {
                root.push("foo", Cbor::Raw([vec![0x81; 4_096], vec![0]].concat()));
            }),
        ),
        att(
            "cb-32",
            "CborTag",
            "authData is an item under 4,096 tags.",
            edit().envelope(|root| {
                *root.value("authData") = Cbor::Raw([vec![0xC6; 4_096], vec![0]].concat());
            }),
        ),
        att(
            "cb-33",
            "CborType",
            "authData is 4,096 nested maps.",
            edit().envelope(|root| {
                *root.value("authData") = Cbor::Raw([[0xA1, 0x00].repeat(4_096), vec![0]].concat());
            }),
        ),
        att(
            "cb-34",
            "CborType",
            "The outermost map has an integer key.",
            edit().envelope(|root| root.push(1, Cbor::uint(0))),
        ),
        att(
            "cb-35",
            "CborType",
            "The key fmt is a byte string.",
            edit().envelope(|root| *root.key("fmt") = Cbor::bytes(b"fmt")),
        ),
        att(
            "cb-37",
            "CborUtf8",
            "A key is not UTF-8.",
            edit().envelope(|root| *root.key("fmt") = raw(&[0x63, 0xFF, 0xFE, 0xFD])),
        ),
        att("cb-38a", "CborUtf8", "The value of fmt has an overlong NUL.", fmt_is(b"\x6Fapple-appatte\xC0\x80")),
        att("cb-38b", "CborUtf8", "The value of fmt has a surrogate.", fmt_is(b"\x6Fapple-appatt\xED\xA0\x80")),
    ];
    for (index, tag) in [&[0xC2][..], &[0xD8, 24], &[0xD8, 64]].into_iter().enumerate() {
        rows.push(att(
            super::lettered("cb-30", index),
            "CborTag",
            "authData has a tag.",
            edit().envelope(move |root| {
                let value = root.value("authData");
                *value = Cbor::Raw([tag, &value.encode()].concat());
            }),
        ));
    }
    for (index, key) in [&[0xF6][..], &[0xF5], &[0xA0], &[0xF9, 0, 0]].into_iter().enumerate() {
        rows.push(att(
            super::lettered("cb-36", index),
            "CborType",
            "A key is null, true, a map or a float.",
            edit().envelope(move |root| {
                *root.key("fmt") = raw(key);
            }),
        ));
    }
    for (index, key) in ["fmt\0", "FMT", "fmt ", "ｆｍｔ"].into_iter().enumerate() {
        rows.push(att(
            super::lettered("cb-39", index),
            "UnknownField",
            "The key fmt is spelled in another way.",
            edit().envelope(move |root| {
                *root.key("fmt") = Cbor::text(key);
            }),
        ));
    }
    for (index, value) in [&b"\xF6"[..], b"\xF7", b"\xF5", b"\xE0", b"\xF9\x7E\x00"].into_iter().enumerate() {
        rows.push(att(
            super::lettered("cb-45", index),
            "CborType",
            "The value of fmt is a simple value or a float.",
            fmt_is(value),
        ));
    }
    rows
}

fn fmt_is(bytes: &'static [u8]) -> Edits<'static> {
    edit().envelope(|root| *root.value("fmt") = raw(bytes))
}

fn duplicates() -> Vec<Row> {
    const CODE: &str = "CborDuplicateKey";
    let mut rows = vec![
        att("cb-40", CODE, "fmt stands twice.", edit().envelope(|root| twice(root, "fmt"))),
        att(
            "cb-41a",
            CODE,
            "A second fmt names another format.",
            edit().envelope(|root| root.push("fmt", Cbor::text("none"))),
        ),
        att(
            "cb-41b",
            CODE,
            "A first fmt names another format.",
            edit().envelope(|root| {
                root.entries().insert(0, (Cbor::text("fmt"), Cbor::text("none")));
            }),
        ),
        att(
            "cb-42a",
            CODE,
            "A first authData is a decoy.",
            edit().envelope(|root| {
                root.entries().insert(0, (Cbor::text("authData"), Cbor::bytes(&[0; 164])));
            }),
        ),
        att(
            "cb-42b",
            CODE,
            "A second authData is a decoy.",
            edit().envelope(|root| root.push("authData", Cbor::bytes(&[0; 164]))),
        ),
        att("cb-43a", CODE, "attStmt stands twice.", edit().envelope(|root| twice(root, "attStmt"))),
        att("cb-43b", CODE, "x5c stands twice.", edit().envelope(|root| twice(root.value("attStmt"), "x5c"))),
        att("cb-43c", CODE, "receipt stands twice.", edit().envelope(|root| twice(root.value("attStmt"), "receipt"))),
    ];
    for (index, key) in ["signature", "authenticatorData"].into_iter().enumerate() {
        rows.push(asr(
            super::lettered("cb-44", 2 * index),
            CODE,
            format!("A first {key} is a decoy."),
            edit().envelope(move |root| {
                root.entries().insert(0, (Cbor::text(key), Cbor::bytes(&[0; 37])));
            }),
        ));
        rows.push(asr(
            super::lettered("cb-44", 2 * index + 1),
            CODE,
            format!("A second {key} is a decoy."),
            edit().envelope(move |root| {
                root.push(key, Cbor::bytes(&[0; 37]));
            }),
        ));
    }
    rows
}

fn twice(map: &mut Cbor, key: &str) {
    let value = map.value(key).clone();
    map.push(key, value);
}
