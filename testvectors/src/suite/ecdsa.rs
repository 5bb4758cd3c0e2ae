//! ECDSA signatures that are encoded or valued wrongly, in assertions and on leaves: group ecdsa.

use super::{Unminted, asr, att, lettered, mutation};
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
const ENCODINGS: &[(&str, &str, &str, Change)] = &[
    ("ecdsa::r-negative", "ec-04", "r is negative", |signature, _| {
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
    ("ecdsa::s-negative", "ec-04-2", "s is negative", |signature, _| {
        let s = signature[1].octets();
        if s[0] == 0 {
            s.remove(0);
        }
        s[0] |= 0x80;
    }),
    ("ecdsa::r-leading-zeros", "ec-05", "r has a superfluous leading zero", |signature, _| {
        signature[0].octets().insert(0, 0);
        signature[0].octets().insert(0, 0);
    }),
    ("ecdsa::length-long-form", "ec-06", "the length of the SEQUENCE is in long form", |signature, _| {
        let length = u8::try_from(signature.content_len()).expect("below 128");
        signature.length = Some(vec![0x81, length]);
    }),
    ("ecdsa::length-indefinite", "ec-07", "the SEQUENCE has indefinite length", |signature, _| {
        signature.length = Some(vec![0x80]);
        signature.elements().push(Der::raw(&[0, 0]));
    }),
    ("ecdsa::byte-after", "ec-08-1", "a byte follows the SEQUENCE", |signature, _| {
        *signature = Der::raw(&[signature.encode(), vec![0]].concat());
    }),
    ("ecdsa::null-after-s", "ec-08-2", "a NULL follows s", |signature, _| {
        signature.elements().push(Der::primitive(tag::NULL, &[]));
    }),
    ("ecdsa::third-integer", "ec-08-3", "a third INTEGER follows s", |signature, _| {
        signature.elements().push(Der::small_integer(1));
    }),
    ("ecdsa::raw-r-and-s", "ec-09", "the signature is r and s without any DER", |signature, order| {
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
    ("ecdsa::empty", "ec-10-1", "the signature is empty", |signature, _| *signature = Der::raw(&[])),
    ("ecdsa::one-byte", "ec-10-2", "the signature is one byte", |signature, _| *signature = Der::raw(&[0x30])),
    ("ecdsa::sequence-empty", "ec-10-3", "the signature is an empty SEQUENCE", |signature, _| {
        *signature = Der::sequence(Vec::new());
    }),
    (
        "ecdsa::sequence-empty-indefinite",
        "ec-10-4",
        "the signature is an empty SEQUENCE of indefinite length",
        |signature, _| {
            *signature = Der::raw(&[0x30, 0x80, 0, 0]);
        },
    ),
    ("ecdsa::r-boolean", "ec-12-1", "r is a BOOLEAN", |signature, _| signature[0] = Der::true_value()),
    ("ecdsa::r-null", "ec-12-2", "r is NULL", |signature, _| signature[0] = Der::primitive(tag::NULL, &[])),
    ("ecdsa::r-octet-string", "ec-12-3", "r is an OCTET STRING", |signature, _| {
        signature[0].tag = vec![tag::OCTET_STRING];
    }),
    ("ecdsa::r-utf8-string", "ec-12-4", "r is a UTF8String", |signature, _| signature[0].tag = vec![tag::UTF8_STRING]),
    ("ecdsa::r-octet-longer", "ec-13", "r is one octet longer than the order", |signature, order| {
        signature[0] = Der::integer(&[&[1], order].concat());
    }),
];

/// Well encoded, but no signature of this key.
const VALUES: &[(&str, &str, &str, Change)] = &[
    ("ecdsa::r-and-s-zero", "ec-01", "r and s are zero", |signature, _| {
        signature[0] = Der::small_integer(0);
        signature[1] = Der::small_integer(0);
    }),
    ("ecdsa::r-zero", "ec-02-1", "r is zero", |signature, _| signature[0] = Der::small_integer(0)),
    ("ecdsa::s-zero", "ec-02-2", "s is zero", |signature, _| signature[1] = Der::small_integer(0)),
    ("ecdsa::r-is-order", "ec-03-1", "r is the order", |signature, order| signature[0] = Der::integer(order)),
    ("ecdsa::s-is-order", "ec-03-2", "s is the order", |signature, order| signature[1] = Der::integer(order)),
    ("ecdsa::s-above-order", "ec-03-3", "s is above the order", |signature, order| {
        signature[1] = Der::integer(&after(order));
    }),
    ("ecdsa::r-above-order", "ec-03-4", "r is above the order", |signature, order| {
        signature[0] = Der::integer(&after(order));
    }),
    ("ecdsa::r-and-s-swapped", "ec-11", "r and s are swapped", |signature, _| signature.elements().reverse()),
];

/// The number after an order, which is odd and does not end in `FF`.
fn after(order: &[u8]) -> Vec<u8> {
    let mut after = order.to_vec();
    *after.last_mut().expect("an order has octets") += 1;
    after
}

pub(super) fn vectors() -> Vec<Unminted> {
    let mut vectors = in_both_objects(ENCODINGS, "SignatureEncoding", "CertSignatureEncoding");
    vectors.extend(in_both_objects(VALUES, "SignatureInvalid", "LeafSignature"));
    vectors.extend([
        asr(
            "ecdsa::assertion-signed-on-p384",
            "ec-14a",
            "SignatureEncoding",
            "Assertion: the signature is by a key on P-384.",
            mutation().signature(|signature| *signature = Signer::p384("wrong curve").sign_digest(&[0; 32])),
        ),
        att(
            "ecdsa::leaf-signed-on-p256",
            "ec-14b",
            "LeafSignature",
            "Leaf: the signature is by a key on P-256.",
            mutation().leaf(|leaf| leaf.signer = Signer::p256("wrong curve")),
        ),
        att(
            "ecdsa::intermediate-r-and-s-zero",
            "ec-01c",
            "IntermediateSignature",
            "Intermediate: r and s are zero.",
            mutation().chain(|chain| {
                change_bit_string(&mut chain.intermediate[part::SIGNATURE], change(VALUES, "ec-01"));
            }),
        ),
        att(
            "ecdsa::intermediate-length-long-form",
            "ec-06c",
            "CertSignatureEncoding",
            "Intermediate: the length of the SEQUENCE is in long form.",
            mutation().chain(|chain| {
                change_bit_string(&mut chain.intermediate[part::SIGNATURE], change(ENCODINGS, "ec-06"));
            }),
        ),
    ]);
    vectors
}

fn change(changes: &[(&str, &str, &str, Change)], threat: &str) -> Change {
    changes.iter().find(|(_, found, ..)| *found == threat).expect("a change of this threat").3
}

/// Each change twice, in an assertion and on a leaf, which the id says behind the group.
fn in_both_objects(
    changes: &'static [(&str, &str, &str, Change)],
    in_assertion: &'static str,
    on_leaf: &'static str,
) -> Vec<Unminted> {
    let mut vectors = Vec::new();
    for &(id, threat, description, change) in changes {
        vectors.push(asr(
            id.replace("::", "::assertion-"),
            lettered(threat, 0),
            in_assertion,
            format!("Assertion: {description}."),
            mutation().signature(move |signature| {
                let mut value = Der::decode(signature);
                change(&mut value, &N256);
                *signature = value.encode();
            }),
        ));
        // On a certificate, an empty signature is a matter of the BIT STRING: der::signature-without-bits.
        if threat == "ec-10-1" {
            continue;
        }
        vectors.push(att(
            id.replace("::", "::leaf-"),
            lettered(threat, 1),
            on_leaf,
            format!("Leaf: {description}."),
            mutation().chain(move |chain| {
                change_bit_string(&mut chain.leaf[part::SIGNATURE], change);
            }),
        ));
    }
    vectors
}

fn change_bit_string(bits: &mut Der, change: Change) {
    let mut value = Der::decode(&bits.octets()[1..]);
    change(&mut value, &N384);
    *bits = Der::bit_string(&value.encode());
}
