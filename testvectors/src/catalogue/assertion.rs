//! Assertions: AO, AS, CT, and the launch policy in an assertion.

use super::{ASR_POLICY, LAST_COUNTER, Row, asr, asr_27, edit, lettered, other_device};
use crate::auth_data::{FLAG_AT, FLAG_ED};
use crate::cbor::Cbor;
use crate::certificate::part;
use crate::device::VALIDATION_CATEGORY;
use crate::keys::{pseudo_random, sha256};
use crate::recipe::{Binding, Edits};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = objects();
    rows.extend(authenticator_data());
    rows.extend(launch());
    rows.extend(signatures());
    rows.extend(counters());
    rows
}

fn objects() -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, key) in ["signature", "authenticatorData"].into_iter().enumerate() {
        rows.push(asr(
            lettered("ao-01", index),
            "MissingField",
            format!("{key} is missing."),
            edit().envelope(move |root| {
                root.remove(key);
            }),
        ));
    }
    rows.push(asr(
        "ao-02",
        "UnknownField",
        "The map has an unknown key.",
        edit().envelope(|root| root.push("foo", Cbor::uint(0))),
    ));
    let spellings =
        [("signature", "Signature"), ("authenticatorData", "authData"), ("authenticatorData", "authenticatordata")];
    for (index, (key, spelling)) in spellings.into_iter().enumerate() {
        rows.push(asr(
            lettered("ao-03", index),
            "UnknownField",
            format!("{key} is spelled {spelling}."),
            edit().envelope(move |root| {
                *root.key(key) = Cbor::text(spelling);
            }),
        ));
    }
    let values = [
        ("ao-04a", "signature", Cbor::text("signature")),
        ("ao-04b", "authenticatorData", Cbor::text("data")),
        ("ao-04c", "authenticatorData", Cbor::array(vec![])),
    ];
    for (id, key, value) in values {
        rows.push(asr(
            id,
            "CborType",
            format!("{key} is no byte string."),
            edit().envelope(move |root| {
                *root.value(key) = value.clone();
            }),
        ));
    }
    rows.push(asr(
        "ao-12",
        "CborType",
        "The object is an array of signature and authenticatorData.",
        edit().envelope(|root| {
            let values = root.entries().iter().map(|(_, value)| value.clone()).collect();
            *root = Cbor::array(values);
        }),
    ));
    rows
}

fn authenticator_data() -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, length) in [0, 30, 36].into_iter().enumerate() {
        rows.push(asr(
            lettered("ao-05", index),
            "AuthDataTruncated",
            format!("The authenticator data has {length} bytes."),
            edit().auth_data_bytes(move |data| data.truncate(length)),
        ));
    }
    rows.extend([
        asr("ao-06", "AuthDataTrailing", "A byte follows the counter.", edit().auth_data_bytes(|data| data.push(0))),
        asr_27(
            "ao-07",
            "AuthDataTrailing",
            "A byte follows the extension map.",
            edit().auth_data_bytes(|data| data.push(0)),
        ),
        asr(
            "ao-08",
            "AuthDataTrailing",
            "Attested credential data follows the counter.",
            edit().auth_data(|data| {
                data.credential = other_device().attestation_auth_data().credential;
            }),
        ),
        asr(
            "ao-09d",
            "AuthDataFlags",
            "The flags are 0xFF: ED is set and nothing follows the counter.",
            edit().auth_data(|data| {
                data.flags = 0xFF;
            }),
        ),
        asr(
            "ao-10",
            "AuthDataFlags",
            "ED is set and nothing follows the counter.",
            edit().auth_data(|data| {
                data.flags = FLAG_AT | FLAG_ED;
            }),
        ),
        asr(
            "ao-11",
            "RpIdMismatch",
            "The App ID hash is that of another app.",
            edit().auth_data(|data| {
                data.rp_id_hash = sha256(&[b"ABCDE12345.org.example.other"]);
            }),
        ),
    ]);
    rows
}

fn launch() -> Vec<Row> {
    let rows = [
        asr_27(
            "ex-01c",
            "LaunchDataMissing",
            "The extension map is absent.",
            edit().auth_data(|data| {
                data.extensions = None;
                data.flags = FLAG_AT;
            }),
        ),
        asr_27(
            "ex-03d",
            "CategoryRefused",
            "The category is 3.",
            edit().auth_data(|data| {
                *data.extensions().value(VALIDATION_CATEGORY) = Cbor::bytes(&[3, 0, 0, 0]);
            }),
        ),
        asr_27(
            "ex-08f",
            "BundleVersionRefused",
            "The bundle version is another.",
            edit().auth_data(|data| {
                *data.extensions().value(crate::device::BUNDLE_VERSION) = Cbor::text("2");
            }),
        ),
    ];
    rows.into_iter()
        .map(|row| {
            row.with_twin(ASR_POLICY).request(|vector| {
                vector.require_categories = vec![2, 4];
                vector.require_bundle_versions = vec!["0".to_owned(), "1".to_owned()];
            })
        })
        .collect()
}

fn signatures() -> Vec<Row> {
    const CODE: &str = "SignatureInvalid";
    let digest = |digest: fn(&Binding) -> [u8; 32]| -> Edits<'static> {
        edit().binding(move |binding| binding.digest = digest(binding))
    };
    vec![
        asr(
            "as-01",
            CODE,
            "The signature is over the nonce as a digest: hashed once.",
            digest(|binding| binding.nonce),
        ),
        asr(
            "as-02",
            CODE,
            "The signature is over the hash of the hash of the nonce.",
            digest(|binding| sha256(&[&sha256(&[&binding.nonce])])),
        ),
        asr(
            "as-03a",
            CODE,
            "The signature leaves the authenticator data out.",
            digest(|binding| sha256(&[&sha256(&[&binding.client_data_hash])])),
        ),
        asr(
            "as-03b",
            CODE,
            "The signature leaves the client data out.",
            digest(|binding| sha256(&[&sha256(&[&binding.auth_data])])),
        ),
        asr(
            "as-04",
            CODE,
            "The signature hashes in the other order.",
            digest(|binding| sha256(&[&sha256(&[&binding.client_data_hash, &binding.auth_data])])),
        ),
        asr("as-05", CODE, "The key is that of another device.", edit()).request(|vector| {
            vector.public_key = other_device().public_key().to_vec();
            vector.key_id = other_device().key_id().to_vec();
        }),
        asr(
            "as-06",
            CODE,
            "The counter is raised after signing.",
            edit().binding(|binding| binding.auth_data[33] ^= 1),
        ),
        asr("as-07", CODE, "A bit of the client data hash is flipped.", edit())
            .request(|vector| vector.client_data_hash[0] ^= 1),
        asr(
            "as-11",
            "SignatureEncoding",
            "The signature is that of the leaf, of another curve.",
            edit().signature(|signature| {
                let mut leaf = other_device().leaf(&[0; 32]).sign();
                *signature = leaf[part::SIGNATURE].octets()[1..].to_vec();
            }),
        ),
        asr(
            "as-13",
            "AuthDataTruncated",
            "The last byte of the authenticator data moved into the client data hash.",
            edit().binding(|binding| {
                binding.auth_data.pop();
            }),
        )
        .request(|vector| {
            let counter = u8::try_from(LAST_COUNTER + 1).expect("a small counter");
            vector.client_data_hash.insert(0, counter);
            vector.client_data = None;
        }),
        asr("rb-01", CODE, "One byte of the request was changed.", edit()).request(|vector| {
            let data = br#"{"challenge":"bm9uY2U","action":"Unlock"}"#;
            vector.client_data = Some(data.to_vec());
            vector.client_data_hash = sha256(&[data]).to_vec();
        }),
        asr(
            "in-06b",
            "InputTooLarge",
            "A long extension map makes the object larger than the cap.",
            edit().auth_data(|data| {
                data.extensions =
                    Some(Cbor::map(vec![(Cbor::text("apple_future_01"), Cbor::bytes(&pseudo_random("future", 900)))]));
            }),
        ),
    ]
}

fn counters() -> Vec<Row> {
    const CODE: &str = "CounterNotIncreased";
    let row = |id, description, counter, previous| {
        asr(id, CODE, description, edit())
            .counter(counter)
            .request(move |vector| vector.previous_counter = Some(previous))
    };
    vec![
        row("ct-01", "The counter is the last one: a replay.", LAST_COUNTER + 1, LAST_COUNTER + 1),
        row("ct-02", "The counter is below the last one.", LAST_COUNTER + 1, LAST_COUNTER + 2),
        row("ct-03", "The counter of a first assertion is zero.", 0, 0),
        row("ct-04", "The counter wrapped around to zero.", 0, u32::MAX),
        row("ct-05b", "The counter, read in the other byte order, would have risen.", 3, 0x0100_0000),
        row("ct-04b", "The counter stays at its maximum.", u32::MAX, u32::MAX),
    ]
}
