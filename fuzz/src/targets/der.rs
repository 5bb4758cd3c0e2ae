//! Strict DER, in the places of an attestation's certificates: the lengths around the input are always right, so that
//! the fuzzer gets as deep as the engine reads.
//!
//! The engine's reader is private; certificates and signatures are all that it reads.

use genuine::app_attest::Assertion;
use genuine_testvectors::{
    cbor::Cbor,
    certificate::{field, oid, part},
    der::{Der, tag},
};

use crate::{
    around::{self, CHAIN, DEVICE},
    boundaries,
};

/// The first byte names the place and the rest stands there, in an attestation or as the signature of an assertion.
/// What has to hold is what holds for those.
pub fn run(data: &[u8]) {
    let Some((&place, content)) = data.split_first() else { return };
    let [leaf, intermediate] = &*CHAIN;
    let (place, in_leaf) = (usize::from(place), leaf.places.len());
    if place >= in_leaf + intermediate.places.len() {
        let entries = [("signature", content), ("authenticatorData", &[0x25; 37])];
        let object = Cbor::map(entries.map(|(key, value)| (Cbor::text(key), Cbor::bytes(value))).to_vec()).encode();
        super::assertion::compare(&Assertion::parse(&object), &object);
    } else if place < in_leaf {
        let filled = leaf.fill(place, content);
        super::certificate::run(&filled);
        super::attestation::around_chain(&around::attestation(&filled, &intermediate.whole));
    } else {
        let filled = intermediate.fill(place - in_leaf, content);
        super::certificate::run(&filled);
        super::attestation::around_chain(&around::attestation(&leaf.whole, &filled));
    }
}

/// What an honest device has in each place.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let places = CHAIN.iter().flat_map(|certificate| &certificate.places).zip(0_u8..);
    let mut seeds: Vec<_> = places.map(|((_, honest), number)| [&[number], &honest[..]].concat()).collect();
    seeds.push([&[0xFF], &DEVICE.signer().sign_digest(&[7; 32])[..]].concat());
    seeds.extend(at_borders());
    seeds
}

/// In the leaf: lengths, numbers and bits on both sides of their borders, one at a time.
fn at_borders() -> Vec<Vec<u8>> {
    let [leaf, _] = &*CHAIN;
    let whole = Der::decode(&leaf.whole);
    let place = |path: &[usize]| {
        let number = leaf.number_of(path);
        move |content: Vec<u8>| [&[number], &content[..]].concat()
    };
    let mut seeds = Vec::new();
    let in_list = place(&[part::TBS, field::EXTENSIONS, 0]);
    let list = whole.clone()[part::TBS][field::EXTENSIONS][0].elements().clone();
    let others = |oid: &[u8]| {
        let honest = list
            .iter()
            .filter(|extension| extension.encode()[2..].get(..2 + oid.len()) != Some(&Der::oid(oid).encode()));
        honest.flat_map(Der::encode).collect::<Vec<_>>()
    };
    let mut with = |oid: &[u8], fields: &[u8]| {
        let extension = Der::sequence(vec![Der::oid(oid), Der::raw(fields)]).encode();
        seeds.push(in_list([others(oid), extension].concat()));
    };
    // An extension that nobody knows, with each value, and each way to say that it is critical.
    let unknown = &[0x2A, 3, 4];
    boundaries::der_elements(tag::OCTET_STRING).iter().for_each(|value| with(unknown, value));
    for critical in [&[1, 1, 0][..], &[1, 1, 1], &[1, 1, 0xFE], &[1, 1, 0xFF], &[1, 0], &[1, 2, 0xFF, 0xFF]] {
        with(unknown, &[critical, &[4, 1, 0]].concat());
        with(oid::KEY_USAGE, &[critical, &[4, 4, 3, 2, 7, 0x80]].concat());
        with(
            oid::BASIC_CONSTRAINTS,
            &Der::octet_string(&[&[0x30, u8::try_from(critical.len()).expect("a few")], critical].concat()).encode(),
        );
    }
    let bits: [&[u8]; 8] =
        [&[0], &[7, 0x80], &[7, 0x81], &[6, 0x80], &[0, 0x80], &[2, 0x84], &[7, 0x80, 0x80], &[8, 0x80]];
    for bits in bits {
        with(oid::KEY_USAGE, &Der::octet_string(&Der::primitive(tag::BIT_STRING, bits).encode()).encode());
    }
    for length in [&[2, 1, 0][..], &[2, 1, 0x7F], &[2, 1, 0x80], &[2, 2, 0, 0x7F], &[2, 2, 0, 0x80], &[2, 0]] {
        let constraints = [&[0x30, 3 + u8::try_from(length.len()).expect("a few"), 1, 1, 0xFF], length].concat();
        with(oid::BASIC_CONSTRAINTS, &Der::octet_string(&constraints).encode());
    }
    let purposes = [&[oid::APP_ATTEST_PURPOSE][..], &[unknown], &[unknown, oid::APP_ATTEST_PURPOSE], &[]];
    for purposes in purposes {
        let value = Der::sequence(purposes.iter().map(|purpose| Der::oid(purpose)).collect()).encode();
        for critical in [&[][..], &[1, 1, 0xFF]] {
            with(oid::EXT_KEY_USAGE, &[critical, &Der::octet_string(&value).encode()].concat());
        }
    }
    // As many extensions as there may be, and one more; one that is there twice, with others between them.
    let numbered = |number: u8| Der::sequence(vec![Der::oid(&[0x2A, number]), Der::octet_string(&[0])]).encode();
    for count in [15, 16, 17] {
        let more = (0..count - u8::try_from(list.len()).expect("a few")).flat_map(numbered);
        seeds.push(in_list(list.iter().flat_map(Der::encode).chain(more).collect()));
    }
    seeds.push(in_list([others(&[]), numbered(1), numbered(2), numbered(1)].concat()));
    // Object identifiers whose arcs are longer than they have to be, or end in the middle.
    for arcs in [&[0x2A, 0x80, 1][..], &[0x2A, 0x81, 1], &[0x80, 0x2A], &[0x2A, 0x81], &[0x2A, 1, 0x80, 0x80, 1], &[]] {
        let extension = Der::sequence(vec![Der::primitive(tag::OID, arcs), Der::octet_string(&[0])]);
        seeds.push(in_list(list.iter().flat_map(Der::encode).chain(extension.encode()).collect()));
    }
    seeds.extend(roles_of_the_intermediate());
    // Serial numbers.
    let serial = place(&[part::TBS, field::SERIAL]);
    let numbers =
        [&[0][..], &[1], &[0x7F], &[0x80], &[0, 0x7F], &[0, 0x80], &[0xFF, 0x7F], &[0xFF, 0x80], &[0, 0, 0x80], &[]];
    seeds.extend(numbers.map(|octets| serial(octets.to_vec())));
    seeds.extend([19, 20, 21].map(|length| serial(vec![1; length])));
    // r and s of an assertion: 31 to 33 octets, with a sign octet where there has to be one and where there has not.
    for number in [&[0; 1][..], &[1], &[0, 0x7F], &[0, 0x80], &[0x80], &[1; 31], &[1; 32], &[1; 33], &[0xFF; 32]] {
        let element = Der::primitive(tag::INTEGER, number).encode();
        let sign = Der::integer(number).encode();
        for pair in [[&element, &sign], [&sign, &element]] {
            seeds.push(
                [&[0xFF], &Der::constructed(0x30, pair.iter().map(|one| Der::raw(one)).collect()).encode()[..]]
                    .concat(),
            );
        }
    }
    seeds
}

/// In the intermediate: what it may not be.
fn roles_of_the_intermediate() -> Vec<Vec<u8>> {
    let [leaf, intermediate] = &*CHAIN;
    let whole = Der::decode(&intermediate.whole);
    let path = [part::TBS, field::EXTENSIONS, 0];
    let number = u8::try_from(leaf.places.len()).expect("a few dozen") + intermediate.number_of(&path);
    let with = |oid: &[u8], fields: &[u8]| {
        let mut list = whole.clone()[part::TBS][field::EXTENSIONS][0].clone();
        list.elements().retain(|extension| extension[0] != Der::oid(oid));
        let extension = Der::sequence(vec![Der::oid(oid), Der::raw(fields)]).encode();
        let others: Vec<u8> = list.elements().iter().flat_map(Der::encode).collect();
        [&[number], &others[..], &extension].concat()
    };
    let constraints = |value: &[u8]| with(oid::BASIC_CONSTRAINTS, value);
    let usage = |value: &[u8]| with(oid::KEY_USAGE, value);
    vec![
        // No authority; one that does not say so critically; one that does not say so at all.
        constraints(&[1, 1, 0xFF, 4, 2, 0x30, 0]),
        constraints(&[4, 5, 0x30, 3, 1, 1, 0xFF]),
        with(oid::BASIC_CONSTRAINTS, &[4, 2, 0x30, 0]),
        // It signs data; nothing.
        usage(&[1, 1, 0xFF, 4, 4, 3, 2, 7, 0x80]),
        usage(&[1, 1, 0xFF, 4, 3, 3, 1, 0]),
        // Purposes of another kind, critical or not.
        with(oid::EXT_KEY_USAGE, &[4, 7, 0x30, 5, 6, 3, 0x2A, 3, 4]),
        with(oid::EXT_KEY_USAGE, &[1, 1, 0xFF, 4, 7, 0x30, 5, 6, 3, 0x2A, 3, 4]),
    ]
}
