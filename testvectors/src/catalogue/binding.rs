//! Nonce and key identifier: NX, KI.

use super::{ATT, CHALLENGE, Row, att, edit, lettered, other_device};
use crate::certificate::{ec_public_key, extension, field, nonce_value, oid};
use crate::der::{Der, tag};
use crate::device::hex;
use crate::keys::sha256;
use crate::recipe::{Binding, Edits};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = nonces();
    rows.extend(nonce_forms());
    rows.extend(key_identifiers());
    rows
}

fn nonces() -> Vec<Row> {
    const CODE: &str = "NonceMismatch";
    let nonce = |nonce: fn(&Binding) -> [u8; 32]| edit().binding(move |binding| binding.nonce = nonce(binding));
    vec![
        att("nx-03", CODE, "The nonce differs in one bit.", edit().binding(|binding| binding.nonce[31] ^= 1)),
        att(
            "nx-04",
            CODE,
            "The nonce leaves the authenticator data out.",
            nonce(|binding| sha256(&[&binding.client_data_hash])),
        ),
        att(
            "nx-05",
            CODE,
            "The nonce hashes in the other order.",
            nonce(|binding| sha256(&[&binding.client_data_hash, &binding.auth_data])),
        ),
        att(
            "nx-06a",
            CODE,
            "The nonce covers the challenge, the verifier expects its hash.",
            nonce(|binding| sha256(&[&binding.auth_data, CHALLENGE])),
        ),
        att("nx-06b", CODE, "The nonce covers the hash of the challenge, the verifier expects the challenge.", edit())
            .request(|vector| vector.client_data_hash = CHALLENGE.to_vec()),
        att(
            "nx-07",
            CODE,
            "The nonce covers the hash of the hash.",
            nonce(|binding| sha256(&[&binding.auth_data, &sha256(&[&binding.client_data_hash])])),
        ),
        att("nx-08a", CODE, "The nonce is zero.", nonce(|_| [0; 32])),
        att("nx-08b", "ConfigEmptyClientData", "The client data hash is empty, in object and expectation.", edit())
            .raw_client_data_hash(&[]),
        att(
            "nx-19",
            CODE,
            "An ignored flag bit is set after issue.",
            edit().binding(|binding| binding.auth_data[32] |= 1),
        ),
        att(
            "ex-12",
            CODE,
            "An extension map is appended after issue.",
            edit().binding(|binding| {
                binding.auth_data.extend(edit_map());
            }),
        ),
        super::att_27(
            "ex-13",
            CODE,
            "The extension map is stripped after issue.",
            edit().binding(|binding| {
                binding.auth_data.truncate(164);
                binding.auth_data[32] = crate::auth_data::FLAG_AT;
            }),
        ),
        att("rb-11", CODE, "The attestation is replayed under a fresh challenge.", edit())
            .request(|vector| vector.client_data_hash = sha256(&[b"a fresh challenge"]).to_vec()),
    ]
}

/// An extension map as of iOS 27.
fn edit_map() -> Vec<u8> {
    other_device().with_generation(crate::Generation::Ios27).assertion_auth_data(0).extensions().encode()
}

fn tagged(number: u16, nonce: &[u8]) -> Der {
    Der::context(number, vec![Der::octet_string(nonce)])
}

fn nonce_forms() -> Vec<Row> {
    const CODE: &str = "NonceMalformed";
    let value = |value: fn(&[u8]) -> Vec<u8>| {
        edit().leaf(move |leaf| {
            let present = leaf.extension(oid::NONCE)[1].octets().clone();
            leaf.set_extension_value(oid::NONCE, &value(&present[6..]));
        })
    };
    let oid_is = |octets: &'static [u8]| -> Edits<'static> {
        edit().leaf(|leaf| *leaf.extension(oid::NONCE)[0].octets() = octets.to_vec())
    };
    let mut rows = vec![
        att("nx-01", "NonceMissing", "The leaf has no nonce.", edit().leaf(|leaf| leaf.remove_extension(oid::NONCE))),
        att(
            "nx-02",
            "NonceMissing",
            "The nonce stands in the intermediate.",
            edit().leaf(|leaf| leaf.remove_extension(oid::NONCE)).intermediate(|intermediate| {
                intermediate.extensions().push(extension(oid::NONCE, false, &nonce_value(&[0; 32])));
            }),
        ),
        att(
            "nx-11a",
            CODE,
            "A second nonce follows under the same tag.",
            value(|nonce| Der::sequence(vec![tagged(1, nonce), tagged(1, &[0; 32])]).encode()),
        ),
        att(
            "nx-11b",
            CODE,
            "Another nonce precedes under the same tag.",
            value(|nonce| Der::sequence(vec![tagged(1, &[0; 32]), tagged(1, nonce)]).encode()),
        ),
        att(
            "nx-12a",
            CODE,
            "An element precedes the tag.",
            value(|nonce| Der::sequence(vec![Der::primitive(tag::NULL, &[]), tagged(1, nonce)]).encode()),
        ),
        att(
            "nx-12b",
            CODE,
            "An element follows the tag.",
            value(|nonce| Der::sequence(vec![tagged(1, nonce), Der::primitive(tag::NULL, &[])]).encode()),
        ),
        att("nx-13", CODE, "The nonce is a bare OCTET STRING.", value(|nonce| Der::octet_string(nonce).encode())),
        att(
            "nx-14",
            CODE,
            "The tag is primitive.",
            value(|nonce| Der::sequence(vec![Der::primitive(0x81, nonce)]).encode()),
        ),
        att("nx-15", CODE, "A byte follows the SEQUENCE.", value(|nonce| [nonce_value(nonce), vec![0]].concat())),
        att(
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
            "nx-18",
            "ExtCriticalUnknown",
            "The nonce extension is critical.",
            edit().leaf(|leaf| {
                leaf.extension(oid::NONCE).elements().insert(1, Der::true_value());
            }),
        ),
        att("nx-09a", CODE, "The nonce has 31 bytes.", value(|nonce| nonce_value(&nonce[1..]))),
        att("nx-09b", CODE, "The nonce has 33 bytes.", value(|nonce| nonce_value(&[nonce, &[0]].concat()))),
        att("nx-09c", CODE, "The nonce has no bytes.", value(|_| nonce_value(&[]))),
        att(
            "nx-10a",
            CODE,
            "The nonce stands under tag 0.",
            value(|nonce| Der::sequence(vec![tagged(0, nonce)]).encode()),
        ),
        att(
            "nx-10b",
            CODE,
            "The nonce stands under tag 2.",
            value(|nonce| Der::sequence(vec![tagged(2, nonce)]).encode()),
        ),
    ];
    let others: [&'static [u8]; 3] = [
        &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x08, 0x01],
        &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x08, 0x14],
        &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x63, 0x64, 0x08, 0x02, 0x01],
    ];
    for (index, oid) in others.into_iter().enumerate() {
        rows.push(att(
            lettered("nx-17", index),
            "NonceMissing",
            "The nonce stands under another identifier.",
            oid_is(oid),
        ));
    }
    rows
}

fn key_identifiers() -> Vec<Row> {
    const CODE: &str = "KeyIdMismatch";
    let key_id = |id, expected, description, key_id: fn(&[u8]) -> Vec<u8>| {
        att(id, expected, description, edit()).request(move |vector| vector.key_id = key_id(&vector.public_key))
    };
    let random = || sha256(&[b"some key identifier"]);
    vec![
        key_id("ki-01", CODE, "The client sends another key identifier.", |_| {
            sha256(&[b"some key identifier"]).to_vec()
        }),
        key_id("ki-02", CODE, "The key identifier is the hash of the SubjectPublicKeyInfo.", |point| {
            sha256(&[&ec_public_key(oid::P256, point).encode()]).to_vec()
        }),
        key_id("ki-03", CODE, "The key identifier is the hash of x and y.", |point| sha256(&[&point[1..]]).to_vec()),
        key_id("ki-04a", "KeyIdFormat", "The key identifier has 31 bytes.", |point| sha256(&[point])[..31].to_vec()),
        key_id("ki-04b", "KeyIdFormat", "The key identifier has 33 bytes.", |point| {
            [&sha256(&[point])[..], &[0]].concat()
        }),
        key_id("ki-04c", "KeyIdFormat", "The key identifier is empty.", |_| Vec::new()),
        key_id("ki-05", "KeyIdFormat", "The key identifier is given as the bytes of its base64 text.", |point| {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD.encode(sha256(&[point])).into_bytes()
        }),
        key_id("ki-06", CODE, "The client sends the key identifier of another device.", |_| {
            other_device().key_id().to_vec()
        }),
        att(
            "ki-07",
            CODE,
            "The leaf certifies the key of another device.",
            edit().leaf(|leaf| {
                leaf.tbs[field::SPKI] = ec_public_key(oid::P256, &other_device().public_key());
            }),
        ),
        att(
            "ki-08",
            CODE,
            "Key identifier, credential identifier and common name agree, and are not the key's hash.",
            edit().auth_data(move |data| data.credential().id = random().to_vec()).leaf(move |leaf| {
                leaf.tbs[field::SUBJECT][0][0][1] = Der::utf8(&hex(&random()));
            }),
        )
        .request(move |vector| vector.key_id = random().to_vec())
        .fails(CODE, ATT),
    ]
}
