//! Receipts: read in every form, never believed, and never a reason to fail.

use genuine_explain::{CallerSide, Kind, ReceiptFacts};
use genuine_testvectors::{Device, Mutation, cbor::Cbor};

use crate::support::{base64, explained};

/// Tag, definite length, value.
fn definite(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).expect("short").to_be_bytes();
    [&[tag, 0x82][..], &length, value].concat()
}

/// Tag, value, end-of-contents (X.690 §8.1.3.6).
fn indefinite(tag: u8, value: &[u8]) -> Vec<u8> {
    [&[tag, 0x80][..], value, &[0, 0]].concat()
}

fn payload(fields: &[(u8, &[u8])]) -> Vec<u8> {
    let field =
        |(kind, value): &(u8, &[u8])| definite(0x30, &[&[2, 1, *kind, 2, 1, 1][..], &definite(4, value)].concat());
    definite(0x31, &fields.iter().flat_map(field).collect::<Vec<_>>())
}

/// A receipt whose seven outer nodes come from `node` and whose content is `content`.
fn receipt(node: impl Fn(u8, &[u8]) -> Vec<u8>, content: &[u8]) -> Vec<u8> {
    const SIGNED_DATA: &[u8] = b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02";
    const DATA: &[u8] = b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01";
    let encapsulated = node(0x30, &[DATA, &node(0xA0, content)].concat());
    let signed = [b"\x02\x01\x01\x31\x00", encapsulated.as_slice(), &node(0xA0, b""), b"\x31\x00"].concat();
    node(0x30, &[SIGNED_DATA, &node(0xA0, &node(0x30, &signed))].concat())
}

/// As Apple makes them: indefinite lengths, the content in chunks.
pub(crate) fn ber_receipt(fields: &[(u8, &[u8])], chunk: usize) -> Vec<u8> {
    let chunks: Vec<u8> = payload(fields).chunks(chunk).flat_map(|chunk| definite(4, chunk)).collect();
    receipt(indefinite, &indefinite(0x24, &chunks))
}

fn facts_of(receipt: &[u8]) -> ReceiptFacts {
    let change = |map: &mut Cbor| *map.value(Cbor::text("attStmt")).value(Cbor::text("receipt")) = Cbor::bytes(receipt);
    let object = Mutation::default().envelope(change).mint_attestation(&Device::new("receipt"), b"hash");
    let explanation = explained(object, Kind::Attestation, &CallerSide::default());
    explanation.facts.expect("parsed").receipt.expect("an attestation")
}

const FIELDS: [(u8, &[u8]); 8] = [
    (2, b"ABCDE12345.com.example.shop"),
    (3, b"not the leaf"),
    (4, b"hash"),
    (6, b"ATTEST"),
    (7, b"sandbox"),
    (12, b"2026-10-01T00:00:00.25Z"),
    (21, b"2026-12-30T00:00:00.25Z"),
    (99, b"a field that Apple may add"),
];

/// Both encodings, and chunks that cut a field anywhere.
#[test]
fn every_form_is_read() {
    let expected = facts_of(&ber_receipt(&FIELDS, 1_000));
    assert_eq!(expected.app_id.as_deref(), Some("ABCDE12345.com.example.shop"));
    assert_eq!(expected.client_hash_b64, Some(base64(b"hash")));
    assert_eq!(expected.client_hash_hex.as_deref(), Some("68617368"));
    assert_eq!(expected.created.as_deref(), Some("2026-10-01T00:00:00.25Z"));
    assert_eq!(expected.expires.as_deref(), Some("2026-12-30T00:00:00.25Z"));
    assert_eq!((expected.kind.as_deref(), expected.environment.as_deref()), (Some("ATTEST"), Some("sandbox")));
    assert_eq!((expected.names_leaf, expected.readable, expected.unverified), (Some(false), true, true));
    let same = |receipt: &[u8]| {
        let facts = facts_of(receipt);
        let mut of_this_size = expected.clone();
        of_this_size.size = receipt.len();
        facts == of_this_size
    };
    for chunk in 1..200 {
        assert!(same(&ber_receipt(&FIELDS, chunk)), "chunks of {chunk}");
    }
    assert!(same(&receipt(definite, &definite(4, &payload(&FIELDS)))));
}

/// Cut off, changed in one byte, nested without end: no facts at most.
#[test]
fn what_is_none_is_unreadable() {
    let good = ber_receipt(&FIELDS, 100);
    for end in 1..good.len() {
        assert!(!facts_of(&good[..end]).readable, "{end}");
    }
    for position in 0..good.len() {
        let mut changed = good.clone();
        changed[position] ^= 0xFF;
        let _ = facts_of(&changed);
    }
    let sequence = definite(0x30, &payload(&FIELDS)[4..]);
    assert!(!facts_of(&receipt(definite, &definite(4, &sequence))).readable);
    let certificates = |depth| (0..depth).fold(Vec::new(), |inner, _| indefinite(0x30, &inner));
    let nested = |depth| {
        let chunk = definite(4, &payload(&FIELDS));
        receipt(indefinite, &[indefinite(0x24, &chunk), certificates(depth)].concat())
    };
    assert!(facts_of(&nested(8)).readable && !facts_of(&nested(30)).readable);
    for nested in [
        [0x30, 0x80].repeat(1_500),
        [0x24, 0x80].repeat(1_500),
        vec![0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
        vec![0x3F; 40],
    ] {
        let facts = facts_of(&nested);
        assert_eq!((facts.readable, facts.size, facts.unverified), (false, nested.len(), true));
    }
}
