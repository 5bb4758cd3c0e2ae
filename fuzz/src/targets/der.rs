//! Strict DER, in the places of an attestation's certificates: the lengths around the input are always right, so that
//! the fuzzer gets as deep as the engine reads.
//!
//! The engine's reader is private; certificates and signatures are all that it reads.

use genuine::app_attest::Assertion;
use genuine_testvectors::cbor::Cbor;

use crate::around::{self, CHAIN, DEVICE};

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
    seeds
}
