//! ECDSA signatures that are encoded or valued wrongly, in assertions and on leaves: EC.

use super::{Row, asr, att, edit, lettered};
use crate::certificate::part;
use crate::der::{Der, tag};
use crate::keys::Signer;

/// The order of P-256 (SEC 2 §2.4.2).
const N256: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA,
    0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
];

/// The order of P-384 (SEC 2 §2.5.1).
const N384: [u8; 48] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xC7, 0x63, 0x4D, 0x81, 0xF4, 0x37, 0x2D, 0xDF, 0x58, 0x1A, 0x0D, 0xB2, 0x48, 0xB0,
    0xA7, 0x7A, 0xEC, 0xEC, 0x19, 0x6A, 0xCC, 0xC5, 0x29, 0x73,
];

/// Changes an `ECDSA-Sig-Value`, given the order of its curve.
type Change = fn(&mut Der, &[u8]);

/// Not strict DER, or an integer longer than the order.
const ENCODINGS: &[(&str, &str, Change)] = &[
    ("ec-04", "r is negative", |signature, _| {
        let r = signature[0].octets();
        r.retain({
            let mut leading = true;
            move |octet| {
                leading &= *octet == 0;
                !leading
            }
        });
        r[0] |= 0x80;
    }),
    ("ec-04-2", "s is negative", |signature, _| {
        let s = signature[1].octets();
        if s[0] == 0 {
            s.remove(0);
        }
        s[0] |= 0x80;
    }),
    ("ec-05", "r has a superfluous leading zero", |signature, _| {
        signature[0].octets().insert(0, 0);
        signature[0].octets().insert(0, 0);
    }),
    ("ec-06", "the length of the SEQUENCE is in long form", |signature, _| {
        let length = u8::try_from(signature.content_len()).expect("below 128");
        signature.length = Some(vec![0x81, length]);
    }),
    ("ec-07", "the SEQUENCE has indefinite length", |signature, _| {
        signature.length = Some(vec![0x80]);
        signature.elements().push(Der::raw(&[0, 0]));
    }),
    ("ec-08-1", "a byte follows the SEQUENCE", |signature, _| {
        *signature = Der::raw(&[signature.encode(), vec![0]].concat());
    }),
    ("ec-08-2", "a NULL follows s", |signature, _| signature.elements().push(Der::primitive(tag::NULL, &[]))),
    ("ec-08-3", "a third INTEGER follows s", |signature, _| signature.elements().push(Der::small_integer(1))),
    ("ec-09", "the signature is r and s without any DER", |signature, order| {
        let mut fixed = Vec::new();
        for position in 0..2 {
            let mut integer = signature[position].octets().clone();
            integer.retain({
                let mut leading = true;
                move |octet| {
                    leading &= *octet == 0;
                    !leading
                }
            });
            fixed.extend(vec![0; order.len() - integer.len()]);
            fixed.extend(integer);
        }
        *signature = Der::raw(&fixed);
    }),
    ("ec-10-1", "the signature is empty", |signature, _| *signature = Der::raw(&[])),
    ("ec-10-2", "the signature is one byte", |signature, _| *signature = Der::raw(&[0x30])),
    ("ec-10-3", "the signature is an empty SEQUENCE", |signature, _| *signature = Der::sequence(Vec::new())),
    ("ec-10-4", "the signature is an empty SEQUENCE of indefinite length", |signature, _| {
        *signature = Der::raw(&[0x30, 0x80, 0, 0]);
    }),
    ("ec-12-1", "r is a BOOLEAN", |signature, _| signature[0] = Der::true_value()),
    ("ec-12-2", "r is NULL", |signature, _| signature[0] = Der::primitive(tag::NULL, &[])),
    ("ec-12-3", "r is an OCTET STRING", |signature, _| signature[0].tag = vec![tag::OCTET_STRING]),
    ("ec-12-4", "r is a UTF8String", |signature, _| signature[0].tag = vec![tag::UTF8_STRING]),
    ("ec-13", "r is one octet longer than the order", |signature, order| {
        signature[0] = Der::integer(&[&[1], order].concat());
    }),
];

/// Well encoded, but no signature of this key.
const VALUES: &[(&str, &str, Change)] = &[
    ("ec-01", "r and s are zero", |signature, _| {
        signature[0] = Der::small_integer(0);
        signature[1] = Der::small_integer(0);
    }),
    ("ec-02-1", "r is zero", |signature, _| signature[0] = Der::small_integer(0)),
    ("ec-02-2", "s is zero", |signature, _| signature[1] = Der::small_integer(0)),
    ("ec-03-1", "r is the order", |signature, order| signature[0] = Der::integer(order)),
    ("ec-03-2", "s is the order", |signature, order| signature[1] = Der::integer(order)),
    ("ec-03-3", "s is above the order", |signature, order| signature[1] = Der::integer(&after(order))),
    ("ec-03-4", "r is above the order", |signature, order| signature[0] = Der::integer(&after(order))),
    ("ec-11", "r and s are swapped", |signature, _| signature.elements().reverse()),
];

/// The number after an order, which is odd and does not end in `FF`.
fn after(order: &[u8]) -> Vec<u8> {
    let mut after = order.to_vec();
    *after.last_mut().expect("an order has octets") += 1;
    after
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = table(ENCODINGS, "SignatureEncoding", "CertSignatureEncoding");
    rows.extend(table(VALUES, "SignatureInvalid", "LeafSignature"));
    rows.extend([
        asr(
            "ec-14a",
            "SignatureEncoding",
            "Assertion: the signature is by a key on P-384.",
            edit().signature(|signature| *signature = Signer::p384("wrong curve").sign_digest(&[0; 32])),
        ),
        att(
            "ec-14b",
            "LeafSignature",
            "Leaf: the signature is by a key on P-256.",
            edit().leaf(|leaf| leaf.signer = Signer::p256("wrong curve")),
        ),
        att(
            "ec-01c",
            "IntermediateSignature",
            "Intermediate: r and s are zero.",
            edit().chain(|chain| {
                edit_bit_string(&mut chain.intermediate[part::SIGNATURE], change(VALUES, "ec-01"));
            }),
        ),
        att(
            "ec-06c",
            "CertSignatureEncoding",
            "Intermediate: the length of the SEQUENCE is in long form.",
            edit().chain(|chain| {
                edit_bit_string(&mut chain.intermediate[part::SIGNATURE], change(ENCODINGS, "ec-06"));
            }),
        ),
    ]);
    rows
}

fn change(changes: &[(&str, &str, Change)], id: &str) -> Change {
    changes.iter().find(|(found, ..)| *found == id).expect("a change of this id").2
}

/// Each change twice: letter a in an assertion, letter b on a leaf.
fn table(changes: &'static [(&str, &str, Change)], in_assertion: &'static str, on_leaf: &'static str) -> Vec<Row> {
    let mut rows = Vec::new();
    for &(id, description, change) in changes {
        rows.push(asr(
            lettered(id, 0),
            in_assertion,
            format!("Assertion: {description}."),
            edit().signature(move |signature| {
                let mut value = Der::decode(signature);
                change(&mut value, &N256);
                *signature = value.encode();
            }),
        ));
        // On a certificate, an empty signature is a matter of the BIT STRING: de-31b.
        if id == "ec-10-1" {
            continue;
        }
        rows.push(att(
            lettered(id, 1),
            on_leaf,
            format!("Leaf: {description}."),
            edit().chain(move |chain| {
                edit_bit_string(&mut chain.leaf[part::SIGNATURE], change);
            }),
        ));
    }
    rows
}

fn edit_bit_string(bits: &mut Der, change: Change) {
    let mut value = Der::decode(&bits.octets()[1..]);
    change(&mut value, &N384);
    *bits = Der::bit_string(&value.encode());
}
