//! Forms at the edge of what is accepted that no bundled vector has.
#![cfg(feature = "rust-crypto")]

mod common;

use common::{AssertionCase, AttestationCase, device, edits};
use genuine::Error;
use genuine_testvectors::{
    Edits,
    cbor::Cbor,
    certificate::oid,
    der::{Der, tag},
};

fn both(edits: &Edits<'_>) -> [Option<Error>; 2] {
    [
        AttestationCase::mint(&device("forms"), edits).verify().err(),
        AssertionCase::mint(&device("forms"), 1, edits).verify().err(),
    ]
}

#[test]
fn unsigned_code_hashes_have_their_form() {
    let hash = |length| (Cbor::text("hash"), Cbor::bytes(&vec![7; length]));
    let kind = || (Cbor::text("type"), Cbor::uint(2));
    for (what, entries, expected) in [
        ("seen", vec![hash(20), kind()], None),
        ("the longest hash", vec![hash(64), kind()], None),
        ("a longer hash", vec![hash(65), kind()], Some(Error::CborLimit)),
        ("the other order", vec![kind(), hash(20)], None),
        ("two hashes", vec![hash(20), hash(20)], Some(Error::CborDuplicateKey)),
        ("two types", vec![kind(), kind()], Some(Error::CborDuplicateKey)),
        ("another key", vec![hash(20), (Cbor::text("salt"), Cbor::uint(2))], Some(Error::UnknownField)),
        ("a hash of text", vec![(Cbor::text("hash"), Cbor::text("seven")), kind()], Some(Error::CborType)),
        ("a type of text", vec![hash(20), (Cbor::text("type"), Cbor::text("two"))], Some(Error::CborType)),
    ] {
        let edits = Edits::default().envelope(move |envelope| envelope.push("cdHash", Cbor::map(entries.clone())));
        assert_eq!(both(&edits), [expected; 2], "{what}");
    }
    assert_eq!(both(&edits()), [None; 2]);
}

#[test]
fn the_nonce_stands_alone() {
    let value = |change: fn(Der) -> Der| {
        let edits = Edits::default().leaf(move |leaf| {
            let value = Der::decode(leaf.extension(oid::NONCE)[1].octets());
            leaf.set_extension_value(oid::NONCE, &change(value).encode());
        });
        AttestationCase::mint(&device("forms"), &edits).verify().err()
    };
    assert_eq!(value(|value| value), None);
    let trailing: [fn(Der) -> Der; 3] = [
        |mut value| {
            value[0].elements().push(Der::primitive(tag::NULL, &[]));
            value
        },
        |mut value| {
            let nonce = value[0][0].clone();
            value[0].elements().push(nonce);
            value
        },
        |mut value| {
            value.elements().push(Der::primitive(tag::NULL, &[]));
            value
        },
    ];
    for change in trailing {
        assert_eq!(value(change), Some(Error::NonceMalformed));
    }
}
