//! The JSON form is the one that README.md describes, word by word.

use genuine_explain::{CallerSide, Kind};
use genuine_testvectors::Device;
use serde_json::Value;

use crate::{
    receipt::ber_receipt,
    support::{CHALLENGE, attestation_side, explained},
};

pub(crate) const README: &str = include_str!("../../README.md");

pub(crate) fn names<'v>(value: &'v Value, list: &mut Vec<&'v str>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                list.push(name);
                names(value, list);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, list)),
        _ => {}
    }
}

#[test]
fn every_field_is_described() {
    let device = Device::new("form");
    let receipt = ber_receipt(&[(2, b"app")], 1_000);
    let change = |map: &mut genuine_testvectors::cbor::Cbor| {
        use genuine_testvectors::cbor::Cbor;
        *map.value(Cbor::text("attStmt")).value(Cbor::text("receipt")) = Cbor::bytes(&receipt);
    };
    let hash = genuine_testvectors::keys::sha256(&[CHALLENGE]);
    let object = genuine_testvectors::Mutation::default().envelope(change).mint_attestation(&device, &hash);
    let full = explained(object, Kind::Attestation, &attestation_side(&device));
    let none = explained(b"nothing".to_vec(), Kind::Attestation, &CallerSide::default());
    let [full, none] = [full, none].map(|explanation| serde_json::to_value(explanation).expect("serialises"));
    let mut list = Vec::new();
    names(&full, &mut list);
    for name in &list {
        assert!(README.contains(&format!("`{name}`")) || README.contains(&format!("[].{name}`")), "{name}");
    }
    let [full, none] = [&full, &none].map(|value| value.as_object().expect("an object").keys().collect::<Vec<_>>());
    assert_eq!(full, none, "all fields are always there");
    assert!(list.contains(&"names_leaf") && list.contains(&"code_hash_hex") && list.contains(&"within_validity"));
}
