//! Strict CBOR: the extension map, whose unknown values may be of any type, and the map around an assertion.
//!
//! The engine's reader is private; these two are its widest uses.

use ciborium::Value;
use genuine::app_attest::Assertion;
use genuine_testvectors::{BUNDLE_VERSION, CODE_HASH, CODE_HASH_TYPE, VALIDATION_CATEGORY, cbor::Cbor};
use minicbor::{Decoder, Encoder, data::Token};

use crate::{boundaries, codes, naive::Item};

/// In front of the map: an App ID hash, ED, a counter.
const HEADER: [u8; 37] = {
    let mut header = [0xA5; 37];
    header[32] = 0x80;
    header
};

/// What the engine accepts, minicbor, ciborium and the plain reader accept and read the same; what the plain reader
/// accepts, the engine accepts.
pub fn run(data: &[u8]) {
    if super::auth_data::alone(&[&HEADER, data].concat()) {
        agree(data);
    }

    let assertion = Assertion::parse(data);
    codes::record(&assertion);
    super::assertion::compare(&assertion, data);
    if assertion.is_ok() {
        agree(data);
    }
}

/// minicbor writes the same again, and ciborium reads the same tree as the plain reader.
pub(super) fn agree(data: &[u8]) {
    let tokens: Vec<Token<'_>> = Decoder::new(data).tokens().collect::<Result<_, _>>().expect("minicbor accepts");
    let mut again = Vec::new();
    Encoder::new(&mut again).tokens(&tokens).expect("memory takes all");
    // A NaN may change its payload on the way through a register.
    if !tokens.iter().any(|token| matches!(token, Token::F16(x) | Token::F32(x) if x.is_nan())) {
        assert_eq!(again, data);
    }
    let item = Item::whole(data).expect("the plain reader accepts");
    match ciborium::from_reader::<Value, _>(data) {
        Ok(value) => assert!(same(&item, &value), "{item:?} and {value:?}"),
        // A simple value without a meaning is well-formed (RFC 8949 §3.3), and ciborium has no room for it.
        Err(_) => assert!(holds_unassigned(&item), "ciborium refuses {item:?}"),
    }
}

fn same(item: &Item<'_>, value: &Value) -> bool {
    match (item, value) {
        (Item::Integer(ours), Value::Integer(theirs)) => *ours == i128::from(*theirs),
        (Item::Bytes(ours), Value::Bytes(theirs)) => ours == theirs,
        (Item::Text(ours), Value::Text(theirs)) => ours == theirs,
        (Item::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Item::Map(ours), Value::Map(theirs)) => {
            let entries = |(ours, theirs): (&(Item<'_>, Item<'_>), &(Value, Value))| {
                same(&ours.0, &theirs.0) && same(&ours.1, &theirs.1)
            };
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(entries)
        }
        (Item::Simple([0xF4]), Value::Bool(false)) | (Item::Simple([0xF5]), Value::Bool(true)) => true,
        // ciborium reads null for undefined.
        (Item::Simple([0xF6 | 0xF7]), Value::Null) => true,
        (Item::Simple([0xF9..=0xFB, ..]), Value::Float(_)) => true,
        _ => false,
    }
}

fn holds_unassigned(item: &Item<'_>) -> bool {
    match item {
        Item::Simple([0xE0..=0xF3 | 0xF8, ..]) => true,
        Item::Array(items) => items.iter().any(holds_unassigned),
        Item::Map(entries) => entries.iter().any(|(key, value)| holds_unassigned(key) || holds_unassigned(value)),
        _ => false,
    }
}

/// Assertions, extension maps, and one with a value of each type.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = super::assertion::seeds();
    seeds.extend(super::auth_data::seeds().into_iter().filter_map(|data| Some(data.get(37..)?.to_vec())));
    let values = [
        Cbor::int(-1_000),
        Cbor::uint(u64::MAX),
        Cbor::bytes(&[0; 24]),
        Cbor::text("é"),
        Cbor::array(vec![Cbor::map(vec![(Cbor::uint(1), Cbor::array(vec![]))])]),
        Cbor::Raw(vec![0xF5]),
        Cbor::Raw(vec![0xF8, 0xFF]),
        Cbor::Raw(vec![0xF9, 0x3C, 0x00]),
        Cbor::Raw(vec![0xFB, 0x3F, 0xF1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9A]),
    ];
    let entries = values.into_iter().zip('a'..).map(|(value, key)| (Cbor::text(&key.to_string()), value));
    seeds.push(Cbor::map(entries.collect()).encode());
    let under = |key: &str, item: Vec<u8>| Cbor::map(vec![(Cbor::text(key), Cbor::Raw(item))]).encode();
    seeds.extend(boundaries::cbor_items().into_iter().map(|item| under("a", item)));
    // Simple values in two octets: none is below 32.
    seeds.extend([0, 31, 32].map(|value| under("a", vec![0xF8, value])));
    // Known values on both sides of their borders.
    for (key, lengths) in
        [(BUNDLE_VERSION, &[0, 255, 256][..]), (CODE_HASH, &[0, 1, 64, 65]), (CODE_HASH_TYPE, &[0, 1, 2])]
    {
        let value = |length: usize| {
            if key == BUNDLE_VERSION { Cbor::text(&"1".repeat(length)) } else { Cbor::bytes(&vec![2; length]) }
        };
        seeds.extend(lengths.iter().map(|length| under(key, value(*length).encode())));
    }
    for number in [-1, 0, 0xFFFF_FFFF, 0x1_0000_0000_i64] {
        seeds.push(under(VALIDATION_CATEGORY, Cbor::int(number).encode()));
    }
    for length in [0, 3, 4, 5] {
        seeds.push(under(VALIDATION_CATEGORY, Cbor::bytes(&vec![4; length]).encode()));
    }
    // Bytes of the map, entries of it, items that are passed over in it, and a key that comes again behind another.
    let entries =
        |count: usize| Cbor::map((0..count).map(|key| (Cbor::text(&key.to_string()), Cbor::uint(0))).collect());
    seeds.extend([511, 512, 513].map(|length| under("a", Cbor::bytes(&vec![0; length - 6]).encode())));
    seeds.extend([15, 16, 17].map(|count| entries(count).encode()));
    seeds.extend(
        [14, 15, 16].map(|count| under("a", Cbor::array(vec![Cbor::array(vec![Cbor::uint(0)]); count]).encode())),
    );
    let mut again = entries(3);
    again.push("0", Cbor::uint(1));
    seeds.push(again.encode());
    seeds
}
