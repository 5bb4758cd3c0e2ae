//! Authenticator data: AD, CK, EV, RP, EX.

use super::{ATT_DEVELOPMENT, ATT_POLICY, Row, asr, att, att_27, device, edit, lettered, other_device};
use crate::auth_data::{Credential, FLAG_AT, FLAG_ED, cose_key};
use crate::cbor::{Cbor, head};
use crate::device::{BUNDLE_VERSION, DEFAULT_APP_ID, Environment, VALIDATION_CATEGORY};
use crate::generation::Generation;
use crate::keys::sha256;
use crate::recipe::Edits;
use crate::vector::{Kind, Vector};

pub(super) fn rows() -> Vec<Row> {
    [
        layout(),
        credential_ids(),
        cose_values(),
        cose_forms(),
        environments(),
        app_ids(),
        launch_values(),
        launch_forms(),
        launch_maps_moved(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn credential(change: impl Fn(&mut Credential) + 'static) -> Edits<'static> {
    edit().auth_data(move |data| change(data.credential()))
}

fn cose(change: impl Fn(&mut Cbor) + 'static) -> Edits<'static> {
    credential(move |credential| change(&mut credential.key))
}

fn tail(bytes: &'static [u8]) -> Edits<'static> {
    edit().auth_data_bytes(|data| data.extend_from_slice(bytes))
}

fn layout() -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, length) in [0, 1, 36, 37, 52, 54, 55, 86, 87, 100, 163].into_iter().enumerate() {
        rows.push(att(
            lettered("ad-01", index),
            "AuthDataTruncated",
            format!("The authenticator data has {length} bytes."),
            edit().auth_data_bytes(move |data| data.truncate(length)),
        ));
    }
    for (index, flags) in [0x00, 0x01, 0x3F, 0x80].into_iter().enumerate() {
        rows.push(att(
            lettered("ad-02", index),
            "AuthDataFlags",
            format!("The flags are 0x{flags:02X}: AT is clear."),
            edit().auth_data(move |data| data.flags = flags),
        ));
    }
    rows.push(att(
        "ad-04",
        "AuthDataFlags",
        "ED is set and nothing follows the COSE key.",
        edit().auth_data(|data| {
            data.flags = FLAG_AT | FLAG_ED;
        }),
    ));
    for (index, bytes) in [&[0x00][..], b"\x61a", &[0x80], b"\xA1\x61a"].into_iter().enumerate() {
        rows.push(att(
            lettered("ad-05", index),
            "AuthDataTrailing",
            "What follows the COSE key, ED clear, is no complete map.",
            tail(bytes),
        ));
    }
    rows.extend([
        att_27("ad-06", "AuthDataTrailing", "A byte follows the extension map.", tail(&[0])),
        att_27("ad-07", "AuthDataTrailing", "A second extension map follows the first.", tail(&[0xA0])),
        att_27(
            "ad-16",
            "ExtMapLimit",
            "The extension map has 4,000 bytes.",
            edit().auth_data(|data| {
                data.extensions().push("apple_future_01", Cbor::bytes(&[0; 3_900]));
            }),
        ),
    ]);
    for (index, counter) in [1, 0x0100_0000, u32::MAX].into_iter().enumerate() {
        rows.push(att(
            lettered("ad-08", index),
            "CounterNotZero",
            format!("The counter is {counter}."),
            edit().auth_data(move |data| data.counter = counter),
        ));
    }
    rows
}

fn credential_ids() -> Vec<Row> {
    const LENGTH: &str = "CredentialIdLength";
    let resized = |length: u8| {
        credential(move |credential| {
            credential.id_length = [0, length];
            credential.id.resize(usize::from(length), 0);
        })
    };
    vec![
        att("ad-09", LENGTH, "The credential identifier is empty.", resized(0)),
        att("ad-10a", LENGTH, "The credential identifier has 31 bytes.", resized(31)),
        att("ad-10b", LENGTH, "The credential identifier has 33 bytes.", resized(33)),
        att(
            "ad-11",
            LENGTH,
            "The credential identifier claims 65,535 bytes.",
            credential(|credential| {
                credential.id_length = [0xFF, 0xFF];
            }),
        ),
        att(
            "ad-12",
            LENGTH,
            "The length of the credential identifier is little-endian.",
            credential(|credential| {
                credential.id_length = [32, 0];
            }),
        ),
        att("ad-14", LENGTH, "The credential identifier has 64 bytes and begins with the key identifier.", resized(64)),
        att(
            "ad-13",
            "CredentialIdMismatch",
            "The credential identifier differs in one bit.",
            credential(|credential| {
                credential.id[31] ^= 1;
            }),
        ),
        att(
            "ad-15",
            "CoseMalformed",
            "Two bytes stand between credential identifier and COSE key.",
            credential(|credential| {
                credential.key = Cbor::Raw([vec![0, 0], credential.key.encode()].concat());
            }),
        ),
    ]
}

fn cose_values() -> Vec<Row> {
    const CODE: &str = "CoseUnsupported";
    let mut rows = vec![att(
        "ck-01",
        "CoseKeyMismatch",
        "The COSE key is that of another device.",
        credential(|credential| {
            credential.key = cose_key(&other_device().public_key());
        }),
    )];
    let values = [
        ("ck-02a", "kty is OKP", 1, 1),
        ("ck-02b", "kty is RSA", 1, 3),
        ("ck-03a", "alg is ES384", 3, -35),
        ("ck-03b", "alg is RS256", 3, -257),
        ("ck-03c", "alg is EdDSA", 3, -8),
        ("ck-04a", "crv is P-384", -1, 2),
        ("ck-04b", "crv is secp256k1", -1, 8),
    ];
    for (id, what, label, value) in values {
        rows.push(att(
            id,
            CODE,
            format!("The COSE key's {what}."),
            cose(move |key| *key.value(label) = Cbor::int(value)),
        ));
    }
    for (id, what, label) in [("ck-02c", "kty", 1), ("ck-03d", "alg", 3), ("ck-04c", "crv", -1)] {
        rows.push(att(
            id,
            CODE,
            format!("The COSE key lacks {what}."),
            cose(move |key| {
                key.remove(label);
            }),
        ));
    }
    rows
}

fn cose_forms() -> Vec<Row> {
    const CODE: &str = "CoseMalformed";
    let mut rows = Vec::new();
    for (index, (label, length)) in [(-2, 31), (-2, 33), (-3, 31), (-3, 33)].into_iter().enumerate() {
        let name = if label == -2 { 'x' } else { 'y' };
        rows.push(att(
            lettered("ck-05", index),
            CODE,
            format!("The COSE key's {name} has {length} bytes."),
            cose(move |key| *key.value(label) = Cbor::bytes(&vec![0x5A; length])),
        ));
    }
    let twice = |first: bool| {
        cose(move |key| {
            let position = key.position(-2) + usize::from(first);
            key.entries().insert(position, (Cbor::int(-2), Cbor::bytes(&[0; 32])));
        })
    };
    rows.extend([
        att(
            "ck-06",
            CODE,
            "The COSE key's y is a sign: the compressed form.",
            cose(|key| *key.value(-3) = Cbor::Raw(vec![0xF5])),
        ),
        att(
            "ck-07a",
            CODE,
            "The COSE key has key_ops.",
            cose(|key| {
                key.entries().insert(2, (Cbor::int(4), Cbor::array(vec![Cbor::int(2)])));
            }),
        ),
        att(
            "ck-07b",
            CODE,
            "The COSE key has a kid.",
            cose(|key| key.entries().insert(1, (Cbor::int(2), Cbor::bytes(b"kid")))),
        ),
        att("ck-08a", "CborDuplicateKey", "The COSE key has a second x.", twice(true)),
        att("ck-08b", "CborDuplicateKey", "The COSE key has another x before its own.", twice(false)),
        att(
            "ck-09",
            "CborNonCanonical",
            "The labels of the COSE key stand in another order.",
            cose(|key| key.entries().swap(0, 1)),
        ),
        att(
            "ck-10",
            CODE,
            "The labels of the COSE key are texts.",
            cose(|key| {
                for (label, text) in key.entries().iter_mut().zip(["1", "3", "-1", "-2", "-3"]) {
                    label.0 = Cbor::text(text);
                }
            }),
        ),
        att(
            "ck-11",
            "CborNonCanonical",
            "A label of the COSE key takes two bytes.",
            cose(|key| *key.key(1) = Cbor::Raw(vec![0x18, 0x01])),
        ),
        att("ck-12", CODE, "The COSE key has a private key.", cose(|key| key.push(-4, Cbor::bytes(&[0x5A; 32])))),
        att("ck-13", "CborIndefinite", "The COSE key has indefinite length.", cose(Cbor::set_indefinite)),
    ]);
    rows
}

fn environments() -> Vec<Row> {
    const CODE: &str = "AaguidUnknown";
    let other = |vector: &mut Vector| {
        vector.environment = match vector.environment {
            Some(Environment::Production) => Some(Environment::Development),
            _ => Some(Environment::Production),
        };
    };
    let mut rows = vec![
        Row::new(
            Kind::Attestation,
            "ev-01",
            "A development key under a policy of production alone.",
            device(Generation::Ios17, Environment::Development),
        )
        .request(other)
        .fails("EnvironmentMismatch", ATT_DEVELOPMENT),
        att("ev-02", "EnvironmentMismatch", "A production key under a policy of development alone.", edit())
            .request(other),
    ];
    let others: [(&str, &[u8; 16]); 5] = [
        ("ev-03", b"appattest\0\0\0\0\0\0\x01"),
        ("ev-04", b"appattestsandbox"),
        ("ev-05a", &[0; 16]),
        ("ev-05b", b"\x5a\x5a\x5a\x5a\x5a\x5a\x4a\x5a\x9a\x5a\x5a\x5a\x5a\x5a\x5a\x5a"),
        ("ev-05c", b"AppAttestdevelop"),
    ];
    for (id, aaguid) in others {
        let text = String::from_utf8_lossy(aaguid).escape_debug().to_string();
        rows.push(att(
            id,
            CODE,
            format!("The AAGUID is \"{text}\"."),
            credential(move |credential| credential.aaguid = *aaguid),
        ));
    }
    rows
}

fn app_ids() -> Vec<Row> {
    const CODE: &str = "RpIdMismatch";
    let hash_of = |text: &'static str| edit().auth_data(move |data| data.rp_id_hash = sha256(&[text.as_bytes()]));
    vec![
        att("rp-01", CODE, "The App ID hash is that of another app.", hash_of("ABCDE12345.org.example.other")),
        att("rp-02", CODE, "The object is consistently that of another app.", edit())
            .device(|device| device.with_app_id("ABCDE12345.org.example.other"))
            .request(|vector| DEFAULT_APP_ID.clone_into(&mut vector.app_id)),
        att("rp-03", CODE, "The App ID hash lacks the team identifier.", hash_of("org.example.genuine")),
        att("rp-04a", CODE, "The App ID hash covers a final NUL.", hash_of("ABCDE12345.org.example.genuine\0")),
        att("rp-04b", CODE, "The App ID hash covers a final newline.", hash_of("ABCDE12345.org.example.genuine\n")),
        att(
            "rp-04c",
            CODE,
            "The App ID hash is of the lower-case team identifier.",
            hash_of("abcde12345.org.example.genuine"),
        ),
        att(
            "rp-05",
            CODE,
            "The App ID hash is of an App Clip's bundle identifier; a key of an App Clip has the App ID of the full app.",
            hash_of("ABCDE12345.org.example.genuine.Clip"),
        ),
    ]
}

fn policy(row: Row) -> Row {
    row.request(|vector| {
        vector.require_categories = vec![2, 4];
        vector.require_bundle_versions = vec!["0".to_owned(), "1".to_owned()];
    })
}

fn launch_values() -> Vec<Row> {
    const CATEGORY: &str = "CategoryRefused";
    let category = |octets: [u8; 4]| {
        edit().auth_data(move |data| *data.extensions().value(VALIDATION_CATEGORY) = Cbor::bytes(&octets))
    };
    let mut rows = vec![
        att_27(
            "ex-01",
            "LaunchDataMissing",
            "The extension map is absent.",
            edit().auth_data(|data| {
                data.extensions = None;
                data.flags = FLAG_AT;
            }),
        ),
        att_27(
            "ex-02a",
            "LaunchDataMissing",
            "The extension map lacks the category.",
            edit().auth_data(|data| {
                data.extensions().remove(VALIDATION_CATEGORY);
            }),
        ),
        att_27(
            "ex-02b",
            "LaunchDataMissing",
            "The extension map lacks the bundle version.",
            edit().auth_data(|data| {
                data.extensions().remove(BUNDLE_VERSION);
            }),
        ),
        att_27("ex-05", CATEGORY, "The category 4 is written big-endian.", category([0, 0, 0, 4])),
        att_27(
            "ex-08a",
            "BundleVersionRefused",
            "The bundle version is another.",
            edit().auth_data(|data| {
                *data.extensions().value(BUNDLE_VERSION) = Cbor::text("2");
            }),
        ),
        att_27(
            "ex-08b",
            "BundleVersionRefused",
            "The bundle version is empty.",
            edit().auth_data(|data| {
                *data.extensions().value(BUNDLE_VERSION) = Cbor::text("");
            }),
        ),
        att_27(
            "ex-03c",
            CATEGORY,
            "The category 5 is an unsigned integer.",
            edit().auth_data(|data| {
                *data.extensions().value(VALIDATION_CATEGORY) = Cbor::uint(5);
            }),
        ),
    ];
    let others = [
        ("ex-03a", 3),
        ("ex-03b", 10),
        ("ex-04a", 0),
        ("ex-04b", 7),
        ("ex-04c", 11),
        ("ex-04d", u32::MAX),
        ("ex-04e", 8),
        ("ex-04f", 9),
    ];
    for (id, value) in others {
        rows.push(att_27(id, CATEGORY, format!("The category is {value}."), category(value.to_le_bytes())));
    }
    let mut rows: Vec<_> = rows.into_iter().map(policy).collect();
    rows.push(
        policy(att_27("ex-03e", CATEGORY, "The policy accepts other categories.", edit()))
            .request(|vector| vector.require_categories = vec![2, 3]),
    );
    rows.into_iter().map(|row| row.with_twin(ATT_POLICY)).collect()
}

/// The app of a device that appends no map passes map ‖ hash as its client data hash. Moved into the authenticator data
/// afterwards, with ED clear, the map leaves nonce and signatures valid: only ED says that a device appended it.
fn launch_maps_moved() -> Vec<Row> {
    const CODE: &str = "LaunchDataMissing";
    const DESCRIPTION: &str = "The extension map is the start of what the app passed as its client data hash.";
    let map = device(Generation::Ios27, Environment::Production).assertion_auth_data(0).extensions().encode();
    let moved = |row: Row| {
        let (map, hash) = (map.clone(), row.client_data_hash.clone());
        let passed = [map.as_slice(), &hash].concat();
        policy(
            row.edits(edit().binding(move |binding| binding.auth_data.extend_from_slice(&map)))
                .raw_client_data_hash(&passed)
                .request(move |vector| vector.client_data_hash.clone_from(&hash)),
        )
    };
    vec![moved(att("ex-14a", CODE, DESCRIPTION, edit())), moved(asr("ex-14b", CODE, DESCRIPTION, edit()))]
}

fn launch_forms() -> Vec<Row> {
    const CODE: &str = "ExtMapMalformed";
    const LIMIT: &str = "ExtMapLimit";
    let map = |change: fn(&mut Cbor)| edit().auth_data(move |data| change(data.extensions()));
    let mut rows = Vec::new();
    for (index, length) in [0, 3, 5].into_iter().enumerate() {
        rows.push(att_27(
            lettered("ex-07", index),
            CODE,
            format!("The category has {length} bytes."),
            edit().auth_data(move |data| *data.extensions().value(VALIDATION_CATEGORY) = Cbor::bytes(&vec![4; length])),
        ));
    }
    rows.extend([
        att_27(
            "ex-06b",
            CODE,
            "The category is an unsigned integer of 33 bits.",
            map(|map| {
                *map.value(VALIDATION_CATEGORY) = Cbor::uint(0x1_0000_0004);
            }),
        ),
        att_27(
            "ex-06c",
            CODE,
            "The category is a text.",
            map(|map| *map.value(VALIDATION_CATEGORY) = Cbor::text("four")),
        ),
        att_27(
            "ex-08c",
            LIMIT,
            "The bundle version has 300 bytes.",
            map(|map| {
                *map.value(BUNDLE_VERSION) = Cbor::text(&"1".repeat(300));
            }),
        ),
        att_27(
            "ex-08d",
            "ExtMapMalformed",
            "The bundle version is not UTF-8.",
            map(|map| {
                *map.value(BUNDLE_VERSION) = Cbor::Raw(vec![0x62, 0xC0, 0x80]);
            }),
        ),
        att_27(
            "ex-08e",
            CODE,
            "The bundle version is a byte string.",
            map(|map| *map.value(BUNDLE_VERSION) = Cbor::bytes(b"1")),
        ),
        att_27(
            "ex-09a",
            "CborDuplicateKey",
            "A second category follows the first.",
            map(|map| {
                map.push(VALIDATION_CATEGORY, Cbor::bytes(&[3, 0, 0, 0]));
            }),
        ),
        att_27(
            "ex-09b",
            "CborDuplicateKey",
            "Another category precedes the first.",
            map(|map| {
                map.entries().insert(0, (Cbor::text(VALIDATION_CATEGORY), Cbor::bytes(&[3, 0, 0, 0])));
            }),
        ),
        att_27(
            "ex-10b",
            LIMIT,
            "An unknown key holds 200 nested arrays.",
            map(|map| {
                map.push("apple_future_01", Cbor::Raw([vec![0x81; 200], vec![0]].concat()));
            }),
        ),
        att_27(
            "ex-10c",
            LIMIT,
            "The extension map has 17 entries.",
            map(|map| {
                for entry in 0..15 {
                    map.push(format!("apple_future_{entry:02}").as_str(), Cbor::uint(0));
                }
            }),
        ),
        att_27(
            "ex-10d",
            LIMIT,
            "The extension map has two unknown keys, with 17 items and 16.",
            map(|map| {
                map.push("apple_future_01", Cbor::Raw([&[0x90][..], &[0; 16]].concat()));
                map.push("apple_future_02", Cbor::Raw([&[0x8F][..], &[0; 15]].concat()));
            }),
        ),
        att_27(
            "ex-10g",
            LIMIT,
            "The extension map has 513 bytes.",
            map(|map| {
                let length = map.encode().len();
                map.push("apple_future_01", Cbor::bytes(&vec![0; 513 - length - 16 - 3]));
            }),
        ),
        att_27(
            "ex-10h",
            LIMIT,
            "An unknown key holds an array of 17.",
            map(|map| map.push("apple_future_01", Cbor::Raw([&[0x91][..], &[0; 17]].concat()))),
        ),
        att_27(
            "ex-10i",
            CODE,
            "An unknown key holds a tag.",
            map(|map| map.push("apple_future_01", Cbor::Raw(vec![0xC1, 0x1A, 0x66, 0, 0, 0]))),
        ),
        att_27("ex-11a", "CborIndefinite", "The extension map has indefinite length.", map(Cbor::set_indefinite)),
        att_27(
            "ex-11b",
            "CborNonCanonical",
            "The length of a key takes three bytes.",
            map(|map| {
                let key = map.key(BUNDLE_VERSION);
                *key = Cbor::Raw([&[0x79, 0x00, 0x17], BUNDLE_VERSION.as_bytes()].concat());
            }),
        ),
        att_27(
            "ex-11c",
            CODE,
            "The keys are integers.",
            map(|map| {
                for (position, (key, _)) in map.entries().iter_mut().enumerate() {
                    *key = Cbor::Raw(head(0, position as u64));
                }
            }),
        ),
    ]);
    rows
}
