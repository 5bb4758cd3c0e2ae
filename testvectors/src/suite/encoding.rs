//! Groups size, cbor and foreign: what is read before anything is known of the object.

use super::{ASR, ATT, Unminted, asr, asr_27, att, mutation};
use crate::cbor::{Cbor, head};
use crate::device::{BUNDLE_VERSION, VALIDATION_CATEGORY};
use crate::keys::pseudo_random;
use crate::mutation::Mutation;

pub(super) fn vectors() -> Vec<Unminted> {
    [sizes(), indefinite(), malformed(), not_shortest(), counts(), trailing(), tags_and_types(), duplicates()]
        .into_iter()
        .flatten()
        .collect()
}

/// Replaces the value of `authData`, whose place in the map is the last.
fn auth_data_is(bytes: &'static [u8]) -> Mutation<'static> {
    mutation().envelope(|root| *root.value("authData") = Cbor::Raw(bytes.to_vec()))
}

fn raw(bytes: &[u8]) -> Cbor {
    Cbor::Raw(bytes.to_vec())
}

fn sizes() -> Vec<Unminted> {
    vec![
        att("size::empty", "in-01", "CborTruncated", "The attestation is empty.", mutation().object(Vec::clear)),
        asr(
            "size::assertion-empty",
            "in-02",
            "CborTruncated",
            "The assertion is empty.",
            mutation().object(Vec::clear),
        ),
        att(
            "size::head-alone",
            "in-03",
            "CborTruncated",
            "The attestation is the head of a map.",
            mutation().object(|object| object.truncate(1)),
        ),
        att(
            "size::last-byte-missing",
            "in-04a",
            "CborTruncated",
            "The attestation lacks its last byte.",
            mutation().object(|object| {
                object.pop();
            }),
        ),
        asr(
            "size::assertion-last-byte-missing",
            "in-04b",
            "CborTruncated",
            "The assertion lacks its last byte.",
            mutation().object(|object| {
                object.pop();
            }),
        ),
        att(
            "size::16385-bytes",
            "in-05",
            "InputTooLarge",
            "A longer receipt makes the object 16,385 bytes long.",
            mutation().envelope(|root| {
                let length = root.encode().len();
                let receipt = root.value("attStmt").value("receipt");
                // A length of more than 255 has a head of 3 bytes.
                let missing = 16_385 - (length - receipt.encode().len() + 3);
                *receipt = Cbor::bytes(&pseudo_random("receipt", missing));
            }),
        ),
        asr(
            "size::assertion-1025-bytes",
            "in-06",
            "InputTooLarge",
            "An unknown key makes the object 1,025 bytes long.",
            mutation().envelope(|root| {
                let missing = 1_025 - root.encode().len();
                root.push("foo", Cbor::bytes(&vec![0; missing - 4 - 3]));
            }),
        ),
        att(
            "foreign::base64-text",
            "in-07",
            "CborType",
            "The object is given as base64 text.",
            mutation().object(|object| {
                use base64::Engine as _;
                *object = base64::engine::general_purpose::STANDARD.encode(&*object).into_bytes();
            }),
        ),
        Unminted::new(
            super::Kind::Attestation,
            "foreign::assertion-of-another-device",
            "in-09",
            "An assertion is given as an attestation.",
            super::other_device(),
        )
        .mutation(mutation().object(|object| {
            *object = mutation().mint_assertion(&super::other_device(), 7, &[0; 32]);
        }))
        .fails("WrongObjectKind", ATT),
        Unminted::new(
            super::Kind::Assertion,
            "foreign::assertion-is-anothers-attestation",
            "in-10",
            "An attestation is given as an assertion.",
            super::other_device(),
        )
        .mutation(mutation().object(|object| {
            let device = super::other_device().with_receipt_length(1).with_generation(crate::Generation::Ios14);
            *object = mutation().mint_attestation(&device, &[0; 32]);
        }))
        .fails("WrongObjectKind", ASR),
    ]
}

fn indefinite() -> Vec<Unminted> {
    const CODE: &str = "CborIndefinite";
    vec![
        att(
            "cbor::map-indefinite",
            "cb-01a",
            CODE,
            "The outermost map has indefinite length.",
            mutation().envelope(Cbor::set_indefinite),
        ),
        asr(
            "cbor::assertion-map-indefinite",
            "cb-01b",
            CODE,
            "The outermost map has indefinite length.",
            mutation().envelope(Cbor::set_indefinite),
        ),
        asr_27(
            "cbor::assertion-launch-map-indefinite",
            "cb-01c",
            "ExtMapIndefinite",
            "The extension map has indefinite length.",
            mutation().auth_data(|data| {
                data.extensions().set_indefinite();
            }),
        ),
        att(
            "cbor::indefinite-statement-hides-auth-data",
            "cb-02",
            CODE,
            "An indefinite attStmt hides a decoy authData behind its break.",
            mutation().envelope(|root| {
                let decoy = root.value("authData").clone();
                root.value("attStmt").set_indefinite();
                let last = root.position("authData");
                root.entries().insert(last, (Cbor::text("authData"), decoy));
                root.entries().push((Cbor::text("fmt"), Cbor::text("apple-appattest")));
            }),
        ),
        att(
            "cbor::x5c-indefinite",
            "cb-03",
            CODE,
            "x5c has indefinite length.",
            mutation().envelope(|root| {
                root.value("attStmt").value("x5c").set_indefinite();
            }),
        ),
        att(
            "cbor::auth-data-in-chunks",
            "cb-04a",
            CODE,
            "authData comes in two chunks.",
            mutation().envelope(|root| in_chunks(root.value("authData"))),
        ),
        asr(
            "cbor::assertion-auth-data-in-chunks",
            "cb-04b",
            CODE,
            "authenticatorData comes in two chunks.",
            mutation().envelope(|root| {
                in_chunks(root.value("authenticatorData"));
            }),
        ),
        asr_27(
            "cbor::assertion-category-in-chunks",
            "cb-04c",
            "ExtMapIndefinite",
            "The category comes in two chunks.",
            mutation().auth_data(|data| {
                *data.extensions().value(VALIDATION_CATEGORY) = raw(&[0x5F, 0x42, 4, 0, 0x42, 0, 0, 0xFF]);
            }),
        ),
        att(
            "cbor::key-indefinite",
            "cb-05",
            CODE,
            "The key fmt has indefinite length.",
            mutation().envelope(|root| {
                *root.key("fmt") = raw(b"\x7F\x63fmt\xFF");
            }),
        ),
        att(
            "cbor::chunk-of-another-type",
            "cb-06",
            CODE,
            "authData is an indefinite byte string with a text chunk.",
            auth_data_is(&[0x5F, 0x61, 0x61, 0xFF]),
        ),
        att(
            "cbor::chunk-indefinite",
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

fn malformed() -> Vec<Unminted> {
    const CODE: &str = "CborMalformed";
    let mut vectors = vec![
        att(
            "cbor::break-first",
            "cb-08a",
            CODE,
            "The first byte is a break.",
            mutation().object(|object| object[0] = 0xFF),
        ),
        asr(
            "cbor::assertion-break-first",
            "cb-08b",
            CODE,
            "The first byte is a break.",
            mutation().object(|object| object[0] = 0xFF),
        ),
        asr_27(
            "cbor::assertion-launch-map-break-first",
            "cb-08c",
            "AuthDataTrailing",
            "The first byte of the extension map is a break.",
            mutation().auth_data(|data| data.extensions().set_head(&[0xFF])),
        ),
        att(
            "cbor::break-in-x5c",
            "cb-09",
            CODE,
            "The second item of x5c is a break.",
            mutation().envelope(|root| {
                root.value("attStmt").value("x5c").items()[1] = raw(&[0xFF]);
            }),
        ),
        att("cbor::break-for-auth-data", "cb-10", CODE, "The value of authData is a break.", auth_data_is(&[0xFF])),
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
        let id = format!("cbor::reserved-head-{:02x}", head[0]);
        let threat = super::lettered("cb-11", index);
        vectors.push(att(
            id,
            threat,
            CODE,
            "The value of authData has reserved additional information, 28 to 30.",
            auth_data_is(head),
        ));
    }
    let no_indefinite: [&'static [u8]; 3] = [&[0x1F], &[0x3F], &[0xDF]];
    for (index, head) in no_indefinite.into_iter().enumerate() {
        let id = format!("cbor::indefinite-head-{:02x}", head[0]);
        let threat = super::lettered("cb-12", index);
        vectors.push(att(
            id,
            threat,
            CODE,
            "The value of authData has additional information 31 on a type without chunks.",
            auth_data_is(head),
        ));
    }
    vectors.push(att(
        "cbor::simple-value-24-in-two-bytes",
        "cb-46",
        CODE,
        "The value of authData is a two-byte simple value below 32.",
        auth_data_is(&[0xF8, 0x18]),
    ));
    vectors
}

fn not_shortest() -> Vec<Unminted> {
    const CODE: &str = "CborNonCanonical";
    vec![
        att(
            "cbor::key-length-in-two-bytes",
            "cb-13a",
            CODE,
            "The length of the key fmt takes two bytes.",
            mutation().envelope(|root| {
                *root.key("fmt") = raw(b"\x78\x03fmt");
            }),
        ),
        asr(
            "cbor::assertion-key-length-in-two-bytes",
            "cb-13b",
            CODE,
            "The length of the key signature takes two bytes.",
            mutation().envelope(|root| {
                *root.key("signature") = raw(b"\x78\x09signature");
            }),
        ),
        att(
            "cbor::auth-data-length-in-three-bytes",
            "cb-14",
            CODE,
            "The length of authData takes three bytes.",
            mutation().envelope(|root| {
                let value = root.value("authData");
                let encoded = value.encode();
                // The length of nothing stands in the first byte.
                let length_and_content = if encoded.len() == 1 { &[0] } else { &encoded[1..] };
                *value = Cbor::Raw([&[0x59, 0x00], length_and_content].concat());
            }),
        ),
        att(
            "cbor::leaf-length-in-five-bytes",
            "cb-15",
            CODE,
            "The length of the leaf takes five bytes.",
            mutation().envelope(|root| {
                let leaf = &mut root.value("attStmt").value("x5c").items()[0];
                *leaf = Cbor::Raw([&[0x5A, 0x00, 0x00], &leaf.encode()[1..]].concat());
            }),
        ),
        att(
            "cbor::map-count-in-two-bytes",
            "cb-16",
            CODE,
            "The count of the outermost map takes two bytes.",
            mutation().envelope(|root| root.set_head(&[0xB8, 3])),
        ),
        att(
            "cbor::x5c-count-in-two-bytes",
            "cb-17",
            CODE,
            "The count of x5c takes two bytes.",
            mutation().envelope(|root| {
                root.value("attStmt").value("x5c").set_head(&[0x98, 2]);
            }),
        ),
        att(
            "cbor::receipt-length-in-nine-bytes",
            "cb-18",
            CODE,
            "The length of the receipt takes nine bytes.",
            mutation().envelope(|root| {
                let receipt = root.value("attStmt").value("receipt");
                *receipt = Cbor::Raw([&[0x5B, 0, 0, 0, 0, 0, 0, 0], &receipt.encode()[1..]].concat());
            }),
        ),
    ]
}

fn counts() -> Vec<Unminted> {
    vec![
        att(
            "cbor::auth-data-claims-u64-max",
            "cb-19",
            "CborTruncated",
            "authData claims 2^64 - 1 bytes.",
            auth_data_is(&[0x5B, 255, 255, 255, 255, 255, 255, 255, 255]),
        ),
        // A length beyond the memory of 32 bits is no bad UTF-8.
        att(
            "cbor::fmt-claims-u64-max",
            "cb-19b",
            "CborTruncated",
            "fmt claims 2^64 - 1 bytes.",
            fmt_is(&[0x7B, 255, 255, 255, 255, 255, 255, 255, 255]),
        ),
        asr_27(
            "cbor::assertion-bundle-version-claims-u64-max",
            "cb-19c",
            "AuthDataTrailing",
            "The bundle version claims 2^64 - 1 bytes.",
            mutation().auth_data(|data| {
                *data.extensions().value(BUNDLE_VERSION) = raw(&[0x7B, 255, 255, 255, 255, 255, 255, 255, 255]);
            }),
        ),
        att(
            "cbor::fmt-claims-u32-max",
            "cb-20b",
            "CborTruncated",
            "fmt claims 2^32 - 1 bytes.",
            fmt_is(&[0x7A, 255, 255, 255, 255]),
        ),
        att(
            "cbor::auth-data-claims-u32-max",
            "cb-20",
            "CborTruncated",
            "authData claims 2^32 - 1 bytes.",
            auth_data_is(&[0x5A, 255, 255, 255, 255]),
        ),
        att(
            "cbor::auth-data-claims-2-pow-31",
            "cb-21a",
            "CborTruncated",
            "authData claims 2^31 bytes.",
            auth_data_is(&[0x5A, 0x80, 0, 0, 0]),
        ),
        att(
            "cbor::auth-data-claims-i32-max",
            "cb-21b",
            "CborTruncated",
            "authData claims 2^31 - 1 bytes.",
            auth_data_is(&[0x5A, 0x7F, 255, 255, 255]),
        ),
        att(
            "cbor::x5c-claims-i64-max",
            "cb-22",
            "X5cCount",
            "x5c claims 2^63 - 1 items.",
            mutation().envelope(|root| {
                root.value("attStmt").value("x5c").set_head(&head(4, u64::MAX >> 1));
            }),
        ),
        att(
            "size::x5c-of-14000-zeros",
            "rx-05a",
            "X5cCount",
            "x5c holds 14,000 zeros.",
            mutation().envelope(|root| {
                *root.value("attStmt").value("x5c") = Cbor::Raw([head(4, 14_000), vec![0; 14_000]].concat());
            }),
        ),
        att(
            "size::array-of-16381-zeros",
            "rx-05b",
            "CborType",
            "The object is an array of 16,381 zeros.",
            mutation().object(|object| *object = [head(4, 16_381), vec![0; 16_381]].concat()),
        ),
        att(
            "cbor::map-claims-u64-max",
            "cb-23",
            "CborLimit",
            "The outermost map claims 2^64 - 1 entries.",
            mutation().envelope(|root| {
                root.set_head(&head(5, u64::MAX));
            }),
        ),
        att(
            "cbor::map-claims-one-more",
            "cb-24",
            "CborTruncated",
            "The outermost map claims one entry more.",
            mutation().envelope(|root| root.set_head(&[0xA4])),
        ),
        att(
            "cbor::map-claims-one-less",
            "cb-25",
            "CborTrailing",
            "The outermost map claims one entry less.",
            mutation().envelope(|root| root.set_head(&[0xA2])),
        ),
    ]
}

fn trailing() -> Vec<Unminted> {
    const CODE: &str = "CborTrailing";
    let twice = |object: &mut Vec<u8>| object.extend_from_within(..);
    vec![
        att(
            "cbor::trailing-zero",
            "cb-26a",
            CODE,
            "A zero byte follows the object.",
            mutation().object(|object| object.push(0)),
        ),
        asr(
            "cbor::assertion-trailing-zero",
            "cb-26b",
            CODE,
            "A zero byte follows the object.",
            mutation().object(|object| object.push(0)),
        ),
        att("cbor::object-twice", "cb-27a", CODE, "The object follows itself.", mutation().object(twice)),
        asr("cbor::assertion-object-twice", "cb-27b", CODE, "The object follows itself.", mutation().object(twice)),
        att(
            "cbor::trailing-newline",
            "cb-28a",
            CODE,
            "A newline follows the object.",
            mutation().object(|object| object.push(b'\n')),
        ),
        att(
            "cbor::padded-with-zeros",
            "cb-28b",
            CODE,
            "Zero bytes pad the object to a multiple of 16.",
            mutation().object(|object| {
                object.resize((object.len() / 16 + 1) * 16, 0);
            }),
        ),
    ]
}

fn tags_and_types() -> Vec<Unminted> {
    let mut vectors = vec![
        att(
            "cbor::self-described",
            "cb-29",
            "CborTag",
            "The tag of self-described CBOR precedes the object.",
            mutation().object(|object| {
                object.splice(..0, [0xD9, 0xD9, 0xF7]);
            }),
        ),
        att(
            "cbor::unknown-key-nested",
            "cb-31",
            "UnknownField",
            "An unknown key holds 4,096 nested arrays.",
            mutation().envelope(|root| {
                root.push("foo", Cbor::Raw([vec![0x81; 4_096], vec![0]].concat()));
            }),
        ),
        att(
            "cbor::auth-data-under-4096-tags",
            "cb-32",
            "CborTag",
            "authData is an item under 4,096 tags.",
            mutation().envelope(|root| {
                *root.value("authData") = Cbor::Raw([vec![0xC6; 4_096], vec![0]].concat());
            }),
        ),
        att(
            "cbor::auth-data-4096-nested-maps",
            "cb-33",
            "CborType",
            "authData is 4,096 nested maps.",
            mutation().envelope(|root| {
                *root.value("authData") = Cbor::Raw([[0xA1, 0x00].repeat(4_096), vec![0]].concat());
            }),
        ),
        att(
            "cbor::key-integer",
            "cb-34",
            "CborType",
            "The outermost map has an integer key.",
            mutation().envelope(|root| root.push(1, Cbor::uint(0))),
        ),
        att(
            "cbor::key-byte-string",
            "cb-35",
            "CborType",
            "The key fmt is a byte string.",
            mutation().envelope(|root| *root.key("fmt") = Cbor::bytes(b"fmt")),
        ),
        att(
            "cbor::key-not-utf8",
            "cb-37",
            "CborUtf8",
            "A key is not UTF-8.",
            mutation().envelope(|root| *root.key("fmt") = raw(&[0x63, 0xFF, 0xFE, 0xFD])),
        ),
        att(
            "cbor::fmt-overlong-nul",
            "cb-38a",
            "CborUtf8",
            "The value of fmt has an overlong NUL.",
            fmt_is(b"\x6Fapple-appatte\xC0\x80"),
        ),
        att(
            "cbor::fmt-surrogate",
            "cb-38b",
            "CborUtf8",
            "The value of fmt has a surrogate.",
            fmt_is(b"\x6Fapple-appatt\xED\xA0\x80"),
        ),
    ];
    let tags: [(&str, &str, &[u8]); 3] = [
        ("cbor::auth-data-under-tag-2", "cb-30a", &[0xC2]),
        ("cbor::auth-data-under-tag-24", "cb-30b", &[0xD8, 24]),
        ("cbor::auth-data-under-tag-64", "cb-30c", &[0xD8, 64]),
    ];
    for (id, threat, tag) in tags {
        vectors.push(att(
            id,
            threat,
            "CborTag",
            "authData has a tag.",
            mutation().envelope(move |root| {
                let value = root.value("authData");
                *value = Cbor::Raw([tag, &value.encode()].concat());
            }),
        ));
    }
    let keys: [(&str, &str, &[u8]); 4] = [
        ("cbor::key-null", "cb-36a", &[0xF6]),
        ("cbor::key-true", "cb-36b", &[0xF5]),
        ("cbor::key-map", "cb-36c", &[0xA0]),
        ("cbor::key-float", "cb-36d", &[0xF9, 0, 0]),
    ];
    for (id, threat, key) in keys {
        vectors.push(att(
            id,
            threat,
            "CborType",
            "A key is null, true, a map or a float.",
            mutation().envelope(move |root| {
                *root.key("fmt") = raw(key);
            }),
        ));
    }
    for (id, threat, key) in [
        ("cbor::key-final-nul", "cb-39a", "fmt\0"),
        ("cbor::key-upper-case", "cb-39b", "FMT"),
        ("cbor::key-final-space", "cb-39c", "fmt "),
        ("cbor::key-full-width", "cb-39d", "ｆｍｔ"),
    ] {
        vectors.push(att(
            id,
            threat,
            "UnknownField",
            "The key fmt is spelled in another way.",
            mutation().envelope(move |root| {
                *root.key("fmt") = Cbor::text(key);
            }),
        ));
    }
    let values: [(&str, &str, &[u8]); 5] = [
        ("cbor::fmt-null", "cb-45a", &[0xF6]),
        ("cbor::fmt-undefined", "cb-45b", &[0xF7]),
        ("cbor::fmt-true", "cb-45c", &[0xF5]),
        ("cbor::fmt-simple-0", "cb-45d", &[0xE0]),
        ("cbor::fmt-nan", "cb-45e", &[0xF9, 0x7E, 0x00]),
    ];
    for (id, threat, value) in values {
        vectors.push(att(id, threat, "CborType", "The value of fmt is a simple value or a float.", fmt_is(value)));
    }
    vectors
}

fn fmt_is(bytes: &'static [u8]) -> Mutation<'static> {
    mutation().envelope(|root| *root.value("fmt") = raw(bytes))
}

fn duplicates() -> Vec<Unminted> {
    const CODE: &str = "CborDuplicateKey";
    let mut vectors = vec![
        att("cbor::fmt-twice", "cb-40", CODE, "fmt stands twice.", mutation().envelope(|root| twice(root, "fmt"))),
        att(
            "cbor::fmt-none-after",
            "cb-41a",
            CODE,
            "A second fmt names another format.",
            mutation().envelope(|root| root.push("fmt", Cbor::text("none"))),
        ),
        att(
            "cbor::fmt-none-before",
            "cb-41b",
            CODE,
            "A first fmt names another format.",
            mutation().envelope(|root| {
                root.entries().insert(0, (Cbor::text("fmt"), Cbor::text("none")));
            }),
        ),
        att(
            "cbor::auth-data-decoy-before",
            "cb-42a",
            CODE,
            "A first authData is a decoy.",
            mutation().envelope(|root| {
                root.entries().insert(0, (Cbor::text("authData"), Cbor::bytes(&[0; 164])));
            }),
        ),
        att(
            "cbor::auth-data-decoy-after",
            "cb-42b",
            CODE,
            "A second authData is a decoy.",
            mutation().envelope(|root| root.push("authData", Cbor::bytes(&[0; 164]))),
        ),
        att(
            "cbor::att-stmt-twice",
            "cb-43a",
            CODE,
            "attStmt stands twice.",
            mutation().envelope(|root| twice(root, "attStmt")),
        ),
        att(
            "cbor::x5c-twice",
            "cb-43b",
            CODE,
            "x5c stands twice.",
            mutation().envelope(|root| twice(root.value("attStmt"), "x5c")),
        ),
        att(
            "cbor::receipt-twice",
            "cb-43c",
            CODE,
            "receipt stands twice.",
            mutation().envelope(|root| twice(root.value("attStmt"), "receipt")),
        ),
    ];
    for (name, threats, key) in
        [("signature", ["cb-44a", "cb-44b"], "signature"), ("auth-data", ["cb-44c", "cb-44d"], "authenticatorData")]
    {
        vectors.push(asr(
            format!("cbor::assertion-{name}-decoy-before"),
            threats[0],
            CODE,
            format!("A first {key} is a decoy."),
            mutation().envelope(move |root| {
                root.entries().insert(0, (Cbor::text(key), Cbor::bytes(&[0; 37])));
            }),
        ));
        vectors.push(asr(
            format!("cbor::assertion-{name}-decoy-after"),
            threats[1],
            CODE,
            format!("A second {key} is a decoy."),
            mutation().envelope(move |root| {
                root.push(key, Cbor::bytes(&[0; 37]));
            }),
        ));
    }
    vectors
}

fn twice(map: &mut Cbor, key: &str) {
    let value = map.value(key).clone();
    map.push(key, value);
}
