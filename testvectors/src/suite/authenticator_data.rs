//! What stands in the authenticator data: groups auth-data, cose, environment, app-id and launch.

use super::{ATT_DEVELOPMENT, ATT_POLICY, Unminted, asr, att, att_27, device, lettered, mutation, other_device};
use crate::auth_data::{Credential, FLAG_AT, FLAG_ED, cose_key};
use crate::cbor::{Cbor, head};
use crate::device::{BUNDLE_VERSION, DEFAULT_APP_ID, Environment, VALIDATION_CATEGORY};
use crate::generation::Generation;
use crate::keys::sha256;
use crate::mutation::Mutation;
use crate::vector::{Kind, Vector};

pub(super) fn vectors() -> Vec<Unminted> {
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

fn credential(change: impl Fn(&mut Credential) + 'static) -> Mutation<'static> {
    mutation().auth_data(move |data| change(data.credential()))
}

fn cose(change: impl Fn(&mut Cbor) + 'static) -> Mutation<'static> {
    credential(move |credential| change(&mut credential.key))
}

fn tail(bytes: &'static [u8]) -> Mutation<'static> {
    mutation().auth_data_bytes(|data| data.extend_from_slice(bytes))
}

fn layout() -> Vec<Unminted> {
    let mut vectors = Vec::new();
    for (index, length) in [0, 1, 36, 37, 52, 54, 55, 86, 87, 100, 163].into_iter().enumerate() {
        vectors.push(att(
            format!("auth-data::cut-at-{length}"),
            lettered("ad-01", index),
            "AuthDataTruncated",
            format!("The authenticator data has {length} bytes."),
            mutation().auth_data_bytes(move |data| data.truncate(length)),
        ));
    }
    for (index, flags) in [0x00, 0x01, 0x3F, 0x80].into_iter().enumerate() {
        vectors.push(att(
            format!("auth-data::at-clear-flags-{flags:02x}"),
            lettered("ad-02", index),
            "AuthDataFlags",
            format!("The flags are 0x{flags:02X}: AT is clear."),
            mutation().auth_data(move |data| data.flags = flags),
        ));
    }
    vectors.push(att(
        "auth-data::ed-set-without-map",
        "ad-04",
        "AuthDataFlags",
        "ED is set and nothing follows the COSE key.",
        mutation().auth_data(|data| {
            data.flags = FLAG_AT | FLAG_ED;
        }),
    ));
    let tails: [(&str, &str, &[u8]); 4] = [
        ("auth-data::zero-after-key", "ad-05a", &[0x00]),
        ("auth-data::text-after-key", "ad-05b", b"\x61a"),
        ("auth-data::array-after-key", "ad-05c", &[0x80]),
        ("auth-data::cut-off-map-after-key", "ad-05d", b"\xA1\x61a"),
    ];
    for (id, threat, bytes) in tails {
        vectors.push(att(
            id,
            threat,
            "AuthDataTrailing",
            "What follows the COSE key, ED clear, is no complete map.",
            tail(bytes),
        ));
    }
    vectors.extend([
        att_27(
            "auth-data::byte-after-map",
            "ad-06",
            "AuthDataTrailing",
            "A byte follows the extension map.",
            tail(&[0]),
        ),
        att_27(
            "auth-data::second-map",
            "ad-07",
            "AuthDataTrailing",
            "A second extension map follows the first.",
            tail(&[0xA0]),
        ),
        att_27(
            "launch::map-4000-bytes",
            "ad-16",
            "ExtMapLimit",
            "The extension map has 4,000 bytes.",
            mutation().auth_data(|data| {
                data.extensions().push("apple_future_01", Cbor::bytes(&[0; 3_900]));
            }),
        ),
    ]);
    for (id, threat, counter) in [
        ("auth-data::counter-one", "ad-08a", 1),
        ("auth-data::counter-2-pow-24", "ad-08b", 0x0100_0000),
        ("auth-data::counter-maximum", "ad-08c", u32::MAX),
    ] {
        vectors.push(att(
            id,
            threat,
            "CounterNotZero",
            format!("The counter is {counter}."),
            mutation().auth_data(move |data| data.counter = counter),
        ));
    }
    vectors
}

fn credential_ids() -> Vec<Unminted> {
    const LENGTH: &str = "CredentialIdLength";
    let resized = |length: u8| {
        credential(move |credential| {
            credential.id_length = [0, length];
            credential.id.resize(usize::from(length), 0);
        })
    };
    vec![
        att("auth-data::credential-id-empty", "ad-09", LENGTH, "The credential identifier is empty.", resized(0)),
        att(
            "auth-data::credential-id-31-bytes",
            "ad-10a",
            LENGTH,
            "The credential identifier has 31 bytes.",
            resized(31),
        ),
        att(
            "auth-data::credential-id-33-bytes",
            "ad-10b",
            LENGTH,
            "The credential identifier has 33 bytes.",
            resized(33),
        ),
        att(
            "auth-data::credential-id-claims-65535-bytes",
            "ad-11",
            LENGTH,
            "The credential identifier claims 65,535 bytes.",
            credential(|credential| {
                credential.id_length = [0xFF, 0xFF];
            }),
        ),
        att(
            "auth-data::credential-id-length-little-endian",
            "ad-12",
            LENGTH,
            "The length of the credential identifier is little-endian.",
            credential(|credential| {
                credential.id_length = [32, 0];
            }),
        ),
        att(
            "auth-data::credential-id-64-bytes",
            "ad-14",
            LENGTH,
            "The credential identifier has 64 bytes and begins with the key identifier.",
            resized(64),
        ),
        att(
            "auth-data::credential-id-bit-flipped",
            "ad-13",
            "CredentialIdMismatch",
            "The credential identifier differs in one bit.",
            credential(|credential| {
                credential.id[31] ^= 1;
            }),
        ),
        att(
            "auth-data::bytes-before-cose-key",
            "ad-15",
            "CoseMalformed",
            "Two bytes stand between credential identifier and COSE key.",
            credential(|credential| {
                credential.key = Cbor::Raw([vec![0, 0], credential.key.encode()].concat());
            }),
        ),
    ]
}

fn cose_values() -> Vec<Unminted> {
    const CODE: &str = "CoseUnsupported";
    let mut vectors = vec![att(
        "cose::key-of-another-device",
        "ck-01",
        "CoseKeyMismatch",
        "The COSE key is that of another device.",
        credential(|credential| {
            credential.key = cose_key(&other_device().public_key());
        }),
    )];
    let values = [
        ("cose::kty-okp", "ck-02a", "kty is OKP", 1, 1),
        ("cose::kty-rsa", "ck-02b", "kty is RSA", 1, 3),
        ("cose::alg-es384", "ck-03a", "alg is ES384", 3, -35),
        ("cose::alg-rs256", "ck-03b", "alg is RS256", 3, -257),
        ("cose::alg-eddsa", "ck-03c", "alg is EdDSA", 3, -8),
        ("cose::crv-p384", "ck-04a", "crv is P-384", -1, 2),
        ("cose::crv-secp256k1", "ck-04b", "crv is secp256k1", -1, 8),
    ];
    for (id, threat, what, label, value) in values {
        vectors.push(att(
            id,
            threat,
            CODE,
            format!("The COSE key\'s {what}."),
            cose(move |key| *key.value(label) = Cbor::int(value)),
        ));
    }
    for (id, threat, what, label) in [
        ("cose::kty-missing", "ck-02c", "kty", 1),
        ("cose::alg-missing", "ck-03d", "alg", 3),
        ("cose::crv-missing", "ck-04c", "crv", -1),
    ] {
        vectors.push(att(
            id,
            threat,
            CODE,
            format!("The COSE key lacks {what}."),
            cose(move |key| {
                key.remove(label);
            }),
        ));
    }
    vectors
}

fn cose_forms() -> Vec<Unminted> {
    const CODE: &str = "CoseMalformed";
    let mut vectors = Vec::new();
    for (index, (label, length)) in [(-2, 31), (-2, 33), (-3, 31), (-3, 33)].into_iter().enumerate() {
        let name = if label == -2 { 'x' } else { 'y' };
        vectors.push(att(
            format!("cose::{name}-{length}-bytes"),
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
    vectors.extend([
        att(
            "cose::y-is-a-sign",
            "ck-06",
            CODE,
            "The COSE key's y is a sign: the compressed form.",
            cose(|key| *key.value(-3) = Cbor::Raw(vec![0xF5])),
        ),
        att(
            "cose::key-ops-present",
            "ck-07a",
            CODE,
            "The COSE key has key_ops.",
            cose(|key| {
                key.entries().insert(2, (Cbor::int(4), Cbor::array(vec![Cbor::int(2)])));
            }),
        ),
        att(
            "cose::kid-present",
            "ck-07b",
            CODE,
            "The COSE key has a kid.",
            cose(|key| key.entries().insert(1, (Cbor::int(2), Cbor::bytes(b"kid")))),
        ),
        att("cose::another-x-after", "ck-08a", "CoseDuplicateLabel", "The COSE key has a second x.", twice(true)),
        att(
            "cose::another-x-before",
            "ck-08b",
            "CoseDuplicateLabel",
            "The COSE key has another x before its own.",
            twice(false),
        ),
        att(
            "cose::labels-reordered",
            "ck-09",
            "CoseNonCanonical",
            "The labels of the COSE key stand in another order.",
            cose(|key| key.entries().swap(0, 1)),
        ),
        att(
            "cose::labels-texts",
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
            "cose::label-in-two-bytes",
            "ck-11",
            "CoseNonCanonical",
            "A label of the COSE key takes two bytes.",
            cose(|key| *key.key(1) = Cbor::Raw(vec![0x18, 0x01])),
        ),
        att(
            "cose::private-key-present",
            "ck-12",
            CODE,
            "The COSE key has a private key.",
            cose(|key| key.push(-4, Cbor::bytes(&[0x5A; 32]))),
        ),
        att(
            "cose::indefinite",
            "ck-13",
            "CoseIndefinite",
            "The COSE key has indefinite length.",
            cose(Cbor::set_indefinite),
        ),
    ]);
    vectors
}

fn environments() -> Vec<Unminted> {
    const CODE: &str = "AaguidUnknown";
    let other = |vector: &mut Vector| {
        vector.environment = match vector.environment {
            Some(Environment::Production) => Some(Environment::Development),
            _ => Some(Environment::Production),
        };
    };
    let mut vectors = vec![
        Unminted::new(
            Kind::Attestation,
            "environment::development-under-production",
            "ev-01",
            "A development key under a policy of production alone.",
            device(Generation::Ios17, Environment::Development),
        )
        .request(other)
        .fails("EnvironmentMismatch", ATT_DEVELOPMENT),
        att(
            "environment::production-under-development",
            "ev-02",
            "EnvironmentMismatch",
            "A production key under a policy of development alone.",
            mutation(),
        )
        .request(other),
    ];
    let others: [(&str, &str, &[u8; 16]); 5] = [
        ("environment::aaguid-production-last-octet-1", "ev-03", b"appattest\0\0\0\0\0\0\x01"),
        ("environment::aaguid-sandbox", "ev-04", b"appattestsandbox"),
        ("environment::aaguid-zero", "ev-05a", &[0; 16]),
        ("environment::aaguid-random", "ev-05b", b"\x5a\x5a\x5a\x5a\x5a\x5a\x4a\x5a\x9a\x5a\x5a\x5a\x5a\x5a\x5a\x5a"),
        ("environment::aaguid-other-case", "ev-05c", b"AppAttestdevelop"),
    ];
    for (id, threat, aaguid) in others {
        let text = String::from_utf8_lossy(aaguid).escape_debug().to_string();
        vectors.push(att(
            id,
            threat,
            CODE,
            format!("The AAGUID is \"{text}\"."),
            credential(move |credential| credential.aaguid = *aaguid),
        ));
    }
    vectors
}

fn app_ids() -> Vec<Unminted> {
    const CODE: &str = "RpIdMismatch";
    let hash_of = |text: &'static str| mutation().auth_data(move |data| data.rp_id_hash = sha256(&[text.as_bytes()]));
    vec![
        att(
            "app-id::hash-of-another-app",
            "rp-01",
            CODE,
            "The App ID hash is that of another app.",
            hash_of("ABCDE12345.org.example.other"),
        ),
        att(
            "app-id::another-app-throughout",
            "rp-02",
            CODE,
            "The object is consistently that of another app.",
            mutation(),
        )
        .device(|device| device.with_app_id("ABCDE12345.org.example.other"))
        .request(|vector| DEFAULT_APP_ID.clone_into(&mut vector.app_id)),
        att(
            "app-id::without-team",
            "rp-03",
            CODE,
            "The App ID hash lacks the team identifier.",
            hash_of("org.example.genuine"),
        ),
        att(
            "app-id::final-nul",
            "rp-04a",
            CODE,
            "The App ID hash covers a final NUL.",
            hash_of("ABCDE12345.org.example.genuine\0"),
        ),
        att(
            "app-id::final-newline",
            "rp-04b",
            CODE,
            "The App ID hash covers a final newline.",
            hash_of("ABCDE12345.org.example.genuine\n"),
        ),
        att(
            "app-id::team-in-lower-case",
            "rp-04c",
            CODE,
            "The App ID hash is of the lower-case team identifier.",
            hash_of("abcde12345.org.example.genuine"),
        ),
        att(
            "app-id::app-clip",
            "rp-05",
            CODE,
            "The App ID hash is of an App Clip's bundle identifier; a key of an App Clip has the App ID of the full app.",
            hash_of("ABCDE12345.org.example.genuine.Clip"),
        ),
    ]
}

fn policy(vector: Unminted) -> Unminted {
    vector.request(|vector| {
        vector.require_categories = vec![2, 4];
        vector.require_bundle_versions = vec!["0".to_owned(), "1".to_owned()];
    })
}

fn launch_values() -> Vec<Unminted> {
    const CATEGORY: &str = "CategoryRefused";
    let category = |octets: [u8; 4]| {
        mutation().auth_data(move |data| *data.extensions().value(VALIDATION_CATEGORY) = Cbor::bytes(&octets))
    };
    let mut vectors = vec![
        att_27(
            "launch::map-missing",
            "ex-01",
            "LaunchDataMissing",
            "The extension map is absent.",
            mutation().auth_data(|data| {
                data.extensions = None;
                data.flags = FLAG_AT;
            }),
        ),
        att_27(
            "launch::category-missing",
            "ex-02a",
            "LaunchDataMissing",
            "The extension map lacks the category.",
            mutation().auth_data(|data| {
                data.extensions().remove(VALIDATION_CATEGORY);
            }),
        ),
        att_27(
            "launch::bundle-version-missing",
            "ex-02b",
            "LaunchDataMissing",
            "The extension map lacks the bundle version.",
            mutation().auth_data(|data| {
                data.extensions().remove(BUNDLE_VERSION);
            }),
        ),
        att_27(
            "launch::category-big-endian",
            "ex-05",
            CATEGORY,
            "The category 4 is written big-endian.",
            category([0, 0, 0, 4]),
        ),
        att_27(
            "launch::bundle-version-not-in-policy",
            "ex-08a",
            "BundleVersionRefused",
            "The bundle version is another.",
            mutation().auth_data(|data| {
                *data.extensions().value(BUNDLE_VERSION) = Cbor::text("2");
            }),
        ),
        att_27(
            "launch::bundle-version-empty-under-policy",
            "ex-08b",
            "BundleVersionRefused",
            "The bundle version is empty.",
            mutation().auth_data(|data| {
                *data.extensions().value(BUNDLE_VERSION) = Cbor::text("");
            }),
        ),
        att_27(
            "launch::category-5-as-number",
            "ex-03c",
            CATEGORY,
            "The category 5 is an unsigned integer.",
            mutation().auth_data(|data| {
                *data.extensions().value(VALIDATION_CATEGORY) = Cbor::uint(5);
            }),
        ),
    ];
    let others = [
        ("launch::category-3", "ex-03a", 3),
        ("launch::category-10", "ex-03b", 10),
        ("launch::category-0", "ex-04a", 0),
        ("launch::category-7", "ex-04b", 7),
        ("launch::category-11", "ex-04c", 11),
        ("launch::category-u32-max", "ex-04d", u32::MAX),
        ("launch::category-8", "ex-04e", 8),
        ("launch::category-9", "ex-04f", 9),
    ];
    for (id, threat, value) in others {
        vectors.push(att_27(id, threat, CATEGORY, format!("The category is {value}."), category(value.to_le_bytes())));
    }
    let mut vectors: Vec<_> = vectors.into_iter().map(policy).collect();
    vectors.push(
        policy(att_27(
            "launch::category-not-in-policy",
            "ex-03e",
            CATEGORY,
            "The policy accepts other categories.",
            mutation(),
        ))
        .request(|vector| vector.require_categories = vec![2, 3]),
    );
    vectors.into_iter().map(|vector| vector.with_twin(ATT_POLICY)).collect()
}

/// The app of a device that appends no map passes map ‖ hash as its client data hash. Moved into the authenticator data
/// afterwards, with ED clear, the map leaves nonce and signatures valid: only ED says that a device appended it.
fn launch_maps_moved() -> Vec<Unminted> {
    const CODE: &str = "LaunchDataMissing";
    const DESCRIPTION: &str = "The extension map is the start of what the app passed as its client data hash.";
    let map = device(Generation::Ios27, Environment::Production).assertion_auth_data(0).extensions().encode();
    let moved = |vector: Unminted| {
        let (map, hash) = (map.clone(), vector.client_data_hash.clone());
        let passed = [map.as_slice(), &hash].concat();
        policy(
            vector
                .mutation(mutation().binding(move |binding| binding.auth_data.extend_from_slice(&map)))
                .raw_client_data_hash(&passed)
                .request(move |vector| vector.client_data_hash.clone_from(&hash)),
        )
    };
    vec![
        moved(att("launch::map-moved-from-client-data", "ex-14a", CODE, DESCRIPTION, mutation())),
        moved(asr("launch::assertion-map-moved-from-client-data", "ex-14b", CODE, DESCRIPTION, mutation())),
    ]
}

fn launch_forms() -> Vec<Unminted> {
    const CODE: &str = "ExtMapMalformed";
    const LIMIT: &str = "ExtMapLimit";
    let map = |change: fn(&mut Cbor)| mutation().auth_data(move |data| change(data.extensions()));
    let mut vectors = Vec::new();
    for (index, length) in [0, 3, 5].into_iter().enumerate() {
        vectors.push(att_27(
            format!("launch::category-of-{length}-bytes"),
            lettered("ex-07", index),
            CODE,
            format!("The category has {length} bytes."),
            mutation()
                .auth_data(move |data| *data.extensions().value(VALIDATION_CATEGORY) = Cbor::bytes(&vec![4; length])),
        ));
    }
    vectors.extend([
        att_27(
            "launch::category-of-33-bits",
            "ex-06b",
            CODE,
            "The category is an unsigned integer of 33 bits.",
            map(|map| {
                *map.value(VALIDATION_CATEGORY) = Cbor::uint(0x1_0000_0004);
            }),
        ),
        att_27(
            "launch::category-text",
            "ex-06c",
            CODE,
            "The category is a text.",
            map(|map| *map.value(VALIDATION_CATEGORY) = Cbor::text("four")),
        ),
        att_27(
            "launch::bundle-version-300-bytes",
            "ex-08c",
            LIMIT,
            "The bundle version has 300 bytes.",
            map(|map| {
                *map.value(BUNDLE_VERSION) = Cbor::text(&"1".repeat(300));
            }),
        ),
        att_27(
            "launch::bundle-version-not-utf8",
            "ex-08d",
            "ExtMapMalformed",
            "The bundle version is not UTF-8.",
            map(|map| {
                *map.value(BUNDLE_VERSION) = Cbor::Raw(vec![0x62, 0xC0, 0x80]);
            }),
        ),
        att_27(
            "launch::bundle-version-byte-string",
            "ex-08e",
            CODE,
            "The bundle version is a byte string.",
            map(|map| *map.value(BUNDLE_VERSION) = Cbor::bytes(b"1")),
        ),
        att_27(
            "launch::another-category-after",
            "ex-09a",
            "ExtMapDuplicateKey",
            "A second category follows the first.",
            map(|map| {
                map.push(VALIDATION_CATEGORY, Cbor::bytes(&[3, 0, 0, 0]));
            }),
        ),
        att_27(
            "launch::another-category-before",
            "ex-09b",
            "ExtMapDuplicateKey",
            "Another category precedes the first.",
            map(|map| {
                map.entries().insert(0, (Cbor::text(VALIDATION_CATEGORY), Cbor::bytes(&[3, 0, 0, 0])));
            }),
        ),
        att_27(
            "launch::unknown-key-nested",
            "ex-10b",
            LIMIT,
            "An unknown key holds 200 nested arrays.",
            map(|map| {
                map.push("apple_future_01", Cbor::Raw([vec![0x81; 200], vec![0]].concat()));
            }),
        ),
        att_27(
            "launch::map-17-entries",
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
            "launch::unknown-keys-of-33-items",
            "ex-10d",
            LIMIT,
            "The extension map has two unknown keys, with 17 items and 16.",
            map(|map| {
                map.push("apple_future_01", Cbor::Raw([&[0x90][..], &[0; 16]].concat()));
                map.push("apple_future_02", Cbor::Raw([&[0x8F][..], &[0; 15]].concat()));
            }),
        ),
        att_27(
            "launch::map-513-bytes",
            "ex-10g",
            LIMIT,
            "The extension map has 513 bytes.",
            map(|map| {
                let length = map.encode().len();
                map.push("apple_future_01", Cbor::bytes(&vec![0; 513 - length - 16 - 3]));
            }),
        ),
        att_27(
            "launch::unknown-key-array-of-17",
            "ex-10h",
            LIMIT,
            "An unknown key holds an array of 17.",
            map(|map| map.push("apple_future_01", Cbor::Raw([&[0x91][..], &[0; 17]].concat()))),
        ),
        att_27(
            "launch::unknown-key-tagged",
            "ex-10i",
            CODE,
            "An unknown key holds a tag.",
            map(|map| map.push("apple_future_01", Cbor::Raw(vec![0xC1, 0x1A, 0x66, 0, 0, 0]))),
        ),
        att_27(
            "launch::map-indefinite",
            "ex-11a",
            "ExtMapIndefinite",
            "The extension map has indefinite length.",
            map(Cbor::set_indefinite),
        ),
        att_27(
            "launch::key-length-in-three-bytes",
            "ex-11b",
            "ExtMapNonCanonical",
            "The length of a key takes three bytes.",
            map(|map| {
                let key = map.key(BUNDLE_VERSION);
                *key = Cbor::Raw([&[0x79, 0x00, 0x17], BUNDLE_VERSION.as_bytes()].concat());
            }),
        ),
        att_27(
            "launch::keys-integers",
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
    vectors
}
