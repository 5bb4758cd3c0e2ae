//! Assertions: what is signed, counters, and their own maps and authenticator data.

use super::{ASR_POLICY, LAST_COUNTER, Unminted, asr, asr_27, lettered, mutation, other_device};
use crate::auth_data::{FLAG_AT, FLAG_ED};
use crate::cbor::Cbor;
use crate::certificate::part;
use crate::device::VALIDATION_CATEGORY;
use crate::keys::{pseudo_random, sha256};
use crate::mutation::{Binding, Mutation};

pub(super) fn vectors() -> Vec<Unminted> {
    let mut vectors = objects();
    vectors.extend(authenticator_data());
    vectors.extend(launch());
    vectors.extend(signatures());
    vectors.extend(counters());
    vectors
}

fn objects() -> Vec<Unminted> {
    let mut vectors = Vec::new();
    for (id, threat, key) in [
        ("envelope::assertion-signature-missing", "ao-01a", "signature"),
        ("envelope::assertion-auth-data-missing", "ao-01b", "authenticatorData"),
    ] {
        vectors.push(asr(
            id,
            threat,
            "MissingField",
            format!("{key} is missing."),
            mutation().envelope(move |root| {
                root.remove(key);
            }),
        ));
    }
    vectors.push(asr(
        "envelope::assertion-unknown-key",
        "ao-02",
        "UnknownField",
        "The map has an unknown key.",
        mutation().envelope(|root| root.push("foo", Cbor::uint(0))),
    ));
    let spellings = [
        ("envelope::assertion-signature-capitalised", "ao-03a", "signature", "Signature"),
        ("envelope::assertion-auth-data-abbreviated", "ao-03b", "authenticatorData", "authData"),
        ("envelope::assertion-auth-data-in-lower-case", "ao-03c", "authenticatorData", "authenticatordata"),
    ];
    for (id, threat, key, spelling) in spellings {
        vectors.push(asr(
            id,
            threat,
            "UnknownField",
            format!("{key} is spelled {spelling}."),
            mutation().envelope(move |root| {
                *root.key(key) = Cbor::text(spelling);
            }),
        ));
    }
    let values = [
        ("envelope::assertion-signature-text", "ao-04a", "signature", Cbor::text("signature")),
        ("envelope::assertion-auth-data-text", "ao-04b", "authenticatorData", Cbor::text("data")),
        ("envelope::assertion-auth-data-array", "ao-04c", "authenticatorData", Cbor::array(vec![])),
    ];
    for (id, threat, key, value) in values {
        vectors.push(asr(
            id,
            threat,
            "CborType",
            format!("{key} is no byte string."),
            mutation().envelope(move |root| {
                *root.value(key) = value.clone();
            }),
        ));
    }
    vectors.push(asr(
        "envelope::assertion-array-for-map",
        "ao-12",
        "CborType",
        "The object is an array of signature and authenticatorData.",
        mutation().envelope(|root| {
            let values = root.entries().iter().map(|(_, value)| value.clone()).collect();
            *root = Cbor::array(values);
        }),
    ));
    vectors
}

fn authenticator_data() -> Vec<Unminted> {
    let mut vectors = Vec::new();
    for (index, length) in [0, 30, 36].into_iter().enumerate() {
        vectors.push(asr(
            format!("auth-data::assertion-cut-at-{length}"),
            lettered("ao-05", index),
            "AuthDataTruncated",
            format!("The authenticator data has {length} bytes."),
            mutation().auth_data_bytes(move |data| data.truncate(length)),
        ));
    }
    vectors.extend([
        asr(
            "auth-data::assertion-byte-after-counter",
            "ao-06",
            "AuthDataTrailing",
            "A byte follows the counter.",
            mutation().auth_data_bytes(|data| data.push(0)),
        ),
        asr_27(
            "auth-data::assertion-byte-after-map",
            "ao-07",
            "AuthDataTrailing",
            "A byte follows the extension map.",
            mutation().auth_data_bytes(|data| data.push(0)),
        ),
        asr(
            "auth-data::assertion-credential-after-counter",
            "ao-08",
            "AuthDataTrailing",
            "Attested credential data follows the counter.",
            mutation().auth_data(|data| {
                data.credential = other_device().attestation_auth_data().credential;
            }),
        ),
        asr(
            "auth-data::assertion-flags-ff",
            "ao-09d",
            "AuthDataFlags",
            "The flags are 0xFF: ED is set and nothing follows the counter.",
            mutation().auth_data(|data| {
                data.flags = 0xFF;
            }),
        ),
        asr(
            "auth-data::assertion-ed-set-without-map",
            "ao-10",
            "AuthDataFlags",
            "ED is set and nothing follows the counter.",
            mutation().auth_data(|data| {
                data.flags = FLAG_AT | FLAG_ED;
            }),
        ),
        asr(
            "app-id::assertion-hash-of-another-app",
            "ao-11",
            "RpIdMismatch",
            "The App ID hash is that of another app.",
            mutation().auth_data(|data| {
                data.rp_id_hash = sha256(&[b"ABCDE12345.org.example.other"]);
            }),
        ),
    ]);
    vectors
}

fn launch() -> Vec<Unminted> {
    let vectors = [
        asr_27(
            "launch::assertion-map-missing",
            "ex-01c",
            "LaunchDataMissing",
            "The extension map is absent.",
            mutation().auth_data(|data| {
                data.extensions = None;
                data.flags = FLAG_AT;
            }),
        ),
        asr_27(
            "launch::assertion-category-3",
            "ex-03d",
            "CategoryRefused",
            "The category is 3.",
            mutation().auth_data(|data| {
                *data.extensions().value(VALIDATION_CATEGORY) = Cbor::bytes(&[3, 0, 0, 0]);
            }),
        ),
        asr_27(
            "launch::assertion-bundle-version-not-in-policy",
            "ex-08f",
            "BundleVersionRefused",
            "The bundle version is another.",
            mutation().auth_data(|data| {
                *data.extensions().value(crate::device::BUNDLE_VERSION) = Cbor::text("2");
            }),
        ),
    ];
    vectors
        .into_iter()
        .map(|vector| {
            vector.with_twin(ASR_POLICY).request(|vector| {
                vector.require_categories = vec![2, 4];
                vector.require_bundle_versions = vec!["0".to_owned(), "1".to_owned()];
            })
        })
        .collect()
}

fn signatures() -> Vec<Unminted> {
    const CODE: &str = "SignatureInvalid";
    let digest = |digest: fn(&Binding) -> [u8; 32]| -> Mutation<'static> {
        mutation().binding(move |binding| binding.digest = digest(binding))
    };
    vec![
        asr(
            "signature::nonce-as-digest",
            "as-01",
            CODE,
            "The signature is over the nonce as a digest: hashed once.",
            digest(|binding| binding.nonce),
        ),
        asr(
            "signature::nonce-hashed-twice",
            "as-02",
            CODE,
            "The signature is over the hash of the hash of the nonce.",
            digest(|binding| sha256(&[&sha256(&[&binding.nonce])])),
        ),
        asr(
            "signature::without-auth-data",
            "as-03a",
            CODE,
            "The signature leaves the authenticator data out.",
            digest(|binding| sha256(&[&sha256(&[&binding.client_data_hash])])),
        ),
        asr(
            "signature::without-client-data",
            "as-03b",
            CODE,
            "The signature leaves the client data out.",
            digest(|binding| sha256(&[&sha256(&[&binding.auth_data])])),
        ),
        asr(
            "signature::hashed-in-the-other-order",
            "as-04",
            CODE,
            "The signature hashes in the other order.",
            digest(|binding| sha256(&[&sha256(&[&binding.client_data_hash, &binding.auth_data])])),
        ),
        asr("signature::key-of-another-device", "as-05", CODE, "The key is that of another device.", mutation())
            .request(|vector| {
                vector.public_key = other_device().public_key().to_vec();
                vector.key_id = other_device().key_id().to_vec();
            }),
        asr(
            "signature::counter-changed-after-signing",
            "as-06",
            CODE,
            "The counter is raised after signing.",
            mutation().binding(|binding| binding.auth_data[33] ^= 1),
        ),
        asr(
            "signature::client-data-hash-flipped",
            "as-07",
            CODE,
            "A bit of the client data hash is flipped.",
            mutation(),
        )
        .request(|vector| vector.client_data_hash[0] ^= 1),
        asr(
            "signature::of-a-leaf",
            "as-11",
            "SignatureEncoding",
            "The signature is that of the leaf, of another curve.",
            mutation().signature(|signature| {
                let mut leaf = other_device().leaf(&[0; 32]).sign();
                *signature = leaf[part::SIGNATURE].octets()[1..].to_vec();
            }),
        ),
        asr(
            "signature::byte-moved-into-client-data",
            "as-13",
            "AuthDataTruncated",
            "The last byte of the authenticator data moved into the client data hash.",
            mutation().binding(|binding| {
                binding.auth_data.pop();
            }),
        )
        .request(|vector| {
            let counter = u8::try_from(LAST_COUNTER + 1).expect("a small counter");
            vector.client_data_hash.insert(0, counter);
            vector.client_data = None;
        }),
        asr("signature::request-changed", "rb-01", CODE, "One byte of the request was changed.", mutation()).request(
            |vector| {
                let data = br#"{"challenge":"bm9uY2U","action":"Unlock"}"#;
                vector.client_data = Some(data.to_vec());
                vector.client_data_hash = sha256(&[data]).to_vec();
            },
        ),
        asr(
            "size::assertion-over-cap-by-map",
            "in-06b",
            "InputTooLarge",
            "A long extension map makes the object larger than the cap.",
            mutation().auth_data(|data| {
                data.extensions =
                    Some(Cbor::map(vec![(Cbor::text("apple_future_01"), Cbor::bytes(&pseudo_random("future", 900)))]));
            }),
        ),
    ]
}

fn counters() -> Vec<Unminted> {
    const CODE: &str = "CounterNotIncreased";
    let vector = |id, threat, description, counter, previous| {
        asr(id, threat, CODE, description, mutation())
            .counter(counter)
            .request(move |vector| vector.previous_counter = Some(previous))
    };
    vec![
        vector(
            "counter::replayed",
            "ct-01",
            "The counter is the last one: a replay.",
            LAST_COUNTER + 1,
            LAST_COUNTER + 1,
        ),
        vector("counter::lower", "ct-02", "The counter is below the last one.", LAST_COUNTER + 1, LAST_COUNTER + 2),
        vector("counter::first-is-zero", "ct-03", "The counter of a first assertion is zero.", 0, 0),
        vector("counter::wrapped-to-zero", "ct-04", "The counter wrapped around to zero.", 0, u32::MAX),
        vector(
            "counter::risen-only-little-endian",
            "ct-05b",
            "The counter, read in the other byte order, would have risen.",
            3,
            0x0100_0000,
        ),
        vector("counter::stays-at-maximum", "ct-04b", "The counter stays at its maximum.", u32::MAX, u32::MAX),
    ]
}
