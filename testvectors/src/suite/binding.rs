//! Groups nonce and key-id.

use super::{ATT, CHALLENGE, Unminted, att, mutation, other_device};
use crate::certificate::{ec_public_key, extension, field, nonce_value, oid};
use crate::der::{Der, tag};
use crate::device::hex;
use crate::keys::sha256;
use crate::mutation::{Binding, Mutation};

pub(super) fn vectors() -> Vec<Unminted> {
    let mut vectors = nonces();
    vectors.extend(nonce_forms());
    vectors.extend(key_identifiers());
    vectors
}

fn nonces() -> Vec<Unminted> {
    const CODE: &str = "NonceMismatch";
    let nonce = |nonce: fn(&Binding) -> [u8; 32]| mutation().binding(move |binding| binding.nonce = nonce(binding));
    vec![
        att(
            "nonce::bit-flipped",
            "nx-03",
            CODE,
            "The nonce differs in one bit.",
            mutation().binding(|binding| binding.nonce[31] ^= 1),
        ),
        att(
            "nonce::without-auth-data",
            "nx-04",
            CODE,
            "The nonce leaves the authenticator data out.",
            nonce(|binding| sha256(&[&binding.client_data_hash])),
        ),
        att(
            "nonce::hashed-in-the-other-order",
            "nx-05",
            CODE,
            "The nonce hashes in the other order.",
            nonce(|binding| sha256(&[&binding.client_data_hash, &binding.auth_data])),
        ),
        att(
            "nonce::over-the-raw-challenge",
            "nx-06a",
            CODE,
            "The nonce covers the challenge, the verifier expects its hash.",
            nonce(|binding| sha256(&[&binding.auth_data, CHALLENGE])),
        ),
        att(
            "nonce::over-the-hash-of-the-challenge",
            "nx-06b",
            CODE,
            "The nonce covers the hash of the challenge, the verifier expects the challenge.",
            mutation(),
        )
        .request(|vector| vector.client_data_hash = CHALLENGE.to_vec()),
        att(
            "nonce::over-the-hash-of-the-hash",
            "nx-07",
            CODE,
            "The nonce covers the hash of the hash.",
            nonce(|binding| sha256(&[&binding.auth_data, &sha256(&[&binding.client_data_hash])])),
        ),
        att("nonce::zero", "nx-08a", CODE, "The nonce is zero.", nonce(|_| [0; 32])),
        att(
            "nonce::client-data-hash-empty",
            "nx-08b",
            "ClientDataEmpty",
            "The client data hash is empty, in object and expectation.",
            mutation(),
        )
        .raw_client_data_hash(&[]),
        att(
            "nonce::flag-set-after-issue",
            "nx-19",
            CODE,
            "An ignored flag bit is set after issue.",
            mutation().binding(|binding| binding.auth_data[32] |= 1),
        ),
        att(
            "launch::map-appended-after-issue",
            "ex-12",
            CODE,
            "An extension map is appended after issue.",
            mutation().binding(|binding| {
                binding.auth_data.extend(launch_map());
            }),
        ),
        super::att_27(
            "launch::map-stripped-after-issue",
            "ex-13",
            CODE,
            "The extension map is stripped after issue.",
            mutation().binding(|binding| {
                binding.auth_data.truncate(164);
                binding.auth_data[32] = crate::auth_data::FLAG_AT;
            }),
        ),
        att(
            "nonce::replayed-under-a-fresh-challenge",
            "rb-11",
            CODE,
            "The attestation is replayed under a fresh challenge.",
            mutation(),
        )
        .request(|vector| vector.client_data_hash = sha256(&[b"a fresh challenge"]).to_vec()),
    ]
}

/// An extension map as of iOS 27.
fn launch_map() -> Vec<u8> {
    other_device().with_generation(crate::Generation::Ios27).assertion_auth_data(0).extensions().encode()
}

fn tagged(number: u16, nonce: &[u8]) -> Der {
    Der::context(number, vec![Der::octet_string(nonce)])
}

fn nonce_forms() -> Vec<Unminted> {
    const CODE: &str = "NonceMalformed";
    let value = |value: fn(&[u8]) -> Vec<u8>| {
        mutation().leaf(move |leaf| {
            let present = leaf.extension(oid::NONCE)[1].octets().clone();
            leaf.set_extension_value(oid::NONCE, &value(&present[6..]));
        })
    };
    let oid_is = |octets: &'static [u8]| -> Mutation<'static> {
        mutation().leaf(|leaf| *leaf.extension(oid::NONCE)[0].octets() = octets.to_vec())
    };
    let mut vectors = vec![
        att(
            "nonce::missing",
            "nx-01",
            "NonceMissing",
            "The leaf has no nonce.",
            mutation().leaf(|leaf| leaf.remove_extension(oid::NONCE)),
        ),
        att(
            "nonce::in-the-intermediate",
            "nx-02",
            "NonceMissing",
            "The nonce stands in the intermediate.",
            mutation().leaf(|leaf| leaf.remove_extension(oid::NONCE)).intermediate(|intermediate| {
                intermediate.extensions().push(extension(oid::NONCE, false, &nonce_value(&[0; 32])));
            }),
        ),
        att(
            "nonce::another-after",
            "nx-11a",
            CODE,
            "A second nonce follows under the same tag.",
            value(|nonce| Der::sequence(vec![tagged(1, nonce), tagged(1, &[0; 32])]).encode()),
        ),
        att(
            "nonce::another-before",
            "nx-11b",
            CODE,
            "Another nonce precedes under the same tag.",
            value(|nonce| Der::sequence(vec![tagged(1, &[0; 32]), tagged(1, nonce)]).encode()),
        ),
        att(
            "nonce::element-before-tag",
            "nx-12a",
            CODE,
            "An element precedes the tag.",
            value(|nonce| Der::sequence(vec![Der::primitive(tag::NULL, &[]), tagged(1, nonce)]).encode()),
        ),
        att(
            "nonce::element-after-tag",
            "nx-12b",
            CODE,
            "An element follows the tag.",
            value(|nonce| Der::sequence(vec![tagged(1, nonce), Der::primitive(tag::NULL, &[])]).encode()),
        ),
        att(
            "nonce::bare-octet-string",
            "nx-13",
            CODE,
            "The nonce is a bare OCTET STRING.",
            value(|nonce| Der::octet_string(nonce).encode()),
        ),
        att(
            "nonce::tag-primitive",
            "nx-14",
            CODE,
            "The tag is primitive.",
            value(|nonce| Der::sequence(vec![Der::primitive(0x81, nonce)]).encode()),
        ),
        att(
            "nonce::byte-after-sequence",
            "nx-15",
            CODE,
            "A byte follows the SEQUENCE.",
            value(|nonce| [nonce_value(nonce), vec![0]].concat()),
        ),
        att(
            "nonce::length-not-minimal",
            "nx-16",
            CODE,
            "A length is not minimal.",
            value(|nonce| {
                let mut inner = tagged(1, nonce);
                inner.length = Some(vec![0x81, 0x22]);
                Der::sequence(vec![inner]).encode()
            }),
        ),
        att(
            "nonce::critical",
            "nx-18",
            "ExtCriticalUnknown",
            "The nonce extension is critical.",
            mutation().leaf(|leaf| {
                leaf.extension(oid::NONCE).elements().insert(1, Der::true_value());
            }),
        ),
        att("nonce::31-bytes", "nx-09a", CODE, "The nonce has 31 bytes.", value(|nonce| nonce_value(&nonce[1..]))),
        att(
            "nonce::33-bytes",
            "nx-09b",
            CODE,
            "The nonce has 33 bytes.",
            value(|nonce| nonce_value(&[nonce, &[0]].concat())),
        ),
        att("nonce::empty", "nx-09c", CODE, "The nonce has no bytes.", value(|_| nonce_value(&[]))),
        att(
            "nonce::tag-0",
            "nx-10a",
            CODE,
            "The nonce stands under tag 0.",
            value(|nonce| Der::sequence(vec![tagged(0, nonce)]).encode()),
        ),
        att(
            "nonce::tag-2",
            "nx-10b",
            CODE,
            "The nonce stands under tag 2.",
            value(|nonce| Der::sequence(vec![tagged(2, nonce)]).encode()),
        ),
    ];
    let others: [(&str, &str, &'static [u8]); 3] = [
        ("nonce::under-8-1", "nx-17a", &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x08, 0x01]),
        ("nonce::under-8-20", "nx-17b", &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x08, 0x14]),
        ("nonce::under-8-2-1", "nx-17c", &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x08, 0x02, 0x01]),
    ];
    for (id, threat, oid) in others {
        vectors.push(att(id, threat, "NonceMissing", "The nonce stands under another identifier.", oid_is(oid)));
    }
    vectors
}

fn key_identifiers() -> Vec<Unminted> {
    const CODE: &str = "KeyIdMismatch";
    let key_id = |id, threat, expected, description, key_id: fn(&[u8]) -> Vec<u8>| {
        att(id, threat, expected, description, mutation())
            .request(move |vector| vector.key_id = key_id(&vector.public_key))
    };
    let random = || sha256(&[b"some key identifier"]);
    vec![
        key_id("key-id::random", "ki-01", CODE, "The client sends another key identifier.", |_| {
            sha256(&[b"some key identifier"]).to_vec()
        }),
        key_id(
            "key-id::hash-of-spki",
            "ki-02",
            CODE,
            "The key identifier is the hash of the SubjectPublicKeyInfo.",
            |point| sha256(&[&ec_public_key(oid::P256, point).encode()]).to_vec(),
        ),
        key_id("key-id::hash-of-x-and-y", "ki-03", CODE, "The key identifier is the hash of x and y.", |point| {
            sha256(&[&point[1..]]).to_vec()
        }),
        key_id("key-id::31-bytes", "ki-04a", "KeyIdFormat", "The key identifier has 31 bytes.", |point| {
            sha256(&[point])[..31].to_vec()
        }),
        key_id("key-id::33-bytes", "ki-04b", "KeyIdFormat", "The key identifier has 33 bytes.", |point| {
            [&sha256(&[point])[..], &[0]].concat()
        }),
        key_id("key-id::empty", "ki-04c", "KeyIdFormat", "The key identifier is empty.", |_| Vec::new()),
        key_id(
            "key-id::base64-text",
            "ki-05",
            "KeyIdFormat",
            "The key identifier is given as the bytes of its base64 text.",
            |point| {
                use base64::Engine as _;
                base64::engine::general_purpose::STANDARD.encode(sha256(&[point])).into_bytes()
            },
        ),
        key_id(
            "key-id::of-another-device",
            "ki-06",
            CODE,
            "The client sends the key identifier of another device.",
            |_| other_device().key_id().to_vec(),
        ),
        att(
            "key-id::leaf-of-another-device",
            "ki-07",
            CODE,
            "The leaf certifies the key of another device.",
            mutation().leaf(|leaf| {
                leaf.tbs[field::SPKI] = ec_public_key(oid::P256, &other_device().public_key());
            }),
        ),
        att(
            "key-id::agreeing-but-not-the-hash",
            "ki-08",
            CODE,
            "Key identifier, credential identifier and common name agree, and are not the key's hash.",
            mutation().auth_data(move |data| data.credential().id = random().to_vec()).leaf(move |leaf| {
                leaf.tbs[field::SUBJECT][0][0][1] = Der::utf8(&hex(&random()));
            }),
        )
        .request(move |vector| vector.key_id = random().to_vec())
        .fails(CODE, ATT),
    ]
}
