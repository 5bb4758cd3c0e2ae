//! CBOR: the engine's reading of both objects against ciborium.

use ciborium::Value;
use genuine::{
    app_attest::{Assertion, AttestationObject, AuthenticatorData, LaunchData},
    x509::Certificate,
};
use genuine_testvectors::{BUNDLE_VERSION, Generation, Mutation, VALIDATION_CATEGORY, cbor::Cbor};

use super::corpus::{Allowed, Divergences, Random, SERIES, all, device, hex};

/// What the engine accepts and ciborium refuses.
const ALLOWED: &[Allowed] = &[
    Allowed {
        how: "a simple value",
        why: "RFC 8949 §3.3: unassigned simple values are well-formed, so an unknown extension may hold one; \
              ciborium's Value has no room for them",
        named: &["unassigned in one byte", "unassigned in two"],
    },
    Allowed {
        how: "undefined",
        why: "an unknown extension may be undefined; ciborium reads null for it",
        named: &["undefined"],
    },
];

/// All of the input as one value.
fn value(bytes: &[u8]) -> Option<Value> {
    let mut rest = bytes;
    let value = ciborium::from_reader(&mut rest).ok()?;
    assert!(rest.is_empty(), "the engine accepts what ciborium finds bytes behind: {}", hex(bytes));
    Some(value)
}

/// The value in the one canonical form that keeps the order of maps; the engine accepts nothing else.
fn is_canonical(value: &Value, bytes: &[u8]) {
    let again = encoded(value);
    assert!(again == bytes, "not canonical: {}, {}", hex(&again), hex(bytes));
}

fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("a vector takes all");
    bytes
}

fn holds_float(value: &Value) -> bool {
    match value {
        Value::Float(_) => true,
        Value::Array(items) => items.iter().any(holds_float),
        Value::Map(entries) => entries.iter().any(|(key, value)| holds_float(key) || holds_float(value)),
        Value::Tag(_, value) => holds_float(value),
        _ => false,
    }
}

/// The entries of a map whose keys are different texts.
fn entries(value: &Value) -> Vec<(&str, &Value)> {
    let entries: Vec<_> =
        value.as_map().expect("a map").iter().map(|(key, value)| (key.as_text().expect("a text"), value)).collect();
    for (at, (key, _)) in entries.iter().enumerate() {
        assert!(entries[..at].iter().all(|(other, _)| other != key), "{key} occurs twice");
    }
    entries
}

fn find<'v>(value: &'v Value, key: &str) -> &'v Value {
    entries(value).into_iter().find(|(present, _)| *present == key).unwrap_or_else(|| panic!("{key}")).1
}

fn only_holds(value: &Value, allowed: &[&str]) {
    for (key, _) in entries(value) {
        assert!(allowed.contains(&key), "{key}");
    }
}

/// The extension map behind the fixed fields of authenticator data.
fn compare_launch(ours: LaunchData<'_>, tail: &[u8], id: &str, divergences: &mut Divergences) {
    if tail.is_empty() {
        assert_eq!(ours, LaunchData::default());
        return;
    }
    let Some(map) = value(tail) else {
        divergences.add("a simple value", id);
        return;
    };
    let again = encoded(&map);
    if again.len() == tail.len()
        && again.iter().zip(tail).all(|bytes| matches!(bytes, (0xF6, 0xF7)) || bytes.0 == bytes.1)
    {
        if again != tail {
            divergences.add("undefined", id);
        }
    } else if !holds_float(&map) {
        // Floats may have any width, and ciborium writes the narrowest.
        is_canonical(&map, tail);
    }
    let optional = |key| entries(&map).into_iter().find(|(present, _)| *present == key).map(|(_, value)| value);
    let version = optional(BUNDLE_VERSION).map(|value| value.as_text().expect("a text"));
    assert_eq!(ours.bundle_version, version);
    let category = optional(VALIDATION_CATEGORY).map(|value| match value {
        Value::Bytes(octets) => u32::from_le_bytes(octets.as_slice().try_into().expect("four octets")),
        other => other.as_integer().expect("an integer").try_into().expect("32 bits"),
    });
    assert_eq!(ours.category.map(|category| category.0), category);
}

/// The 37 bytes that all authenticator data starts with.
fn compare_header(ours: &AuthenticatorData<'_>, bytes: &[u8]) {
    assert_eq!(ours.as_bytes(), bytes);
    assert_eq!(ours.app_id().0, bytes[..32]);
    assert_eq!(ours.flags(), bytes[32]);
    assert_eq!(ours.counter().0.to_be_bytes(), bytes[33..37]);
}

/// Whether the engine accepts the attestation; what it reads from it is what ciborium reads from it.
fn compare_attestation(object: &[u8], id: &str, divergences: &mut Divergences) -> bool {
    let Ok(ours) = AttestationObject::parse(object) else { return false };
    let theirs = value(object).unwrap_or_else(|| panic!("{id}: {}", hex(object)));
    is_canonical(&theirs, object);
    only_holds(&theirs, &["fmt", "attStmt", "authData", "cdHash"]);
    assert_eq!(find(&theirs, "fmt").as_text(), Some("apple-appattest"));
    let statement = find(&theirs, "attStmt");
    only_holds(statement, &["x5c", "receipt"]);
    assert_eq!(find(statement, "receipt").as_bytes().expect("bytes"), ours.receipt().as_unverified_bytes());
    let certificates = find(statement, "x5c").as_array().expect("an array");
    assert_eq!(certificates.len(), 2);
    for (certificate, ours) in certificates.iter().zip([ours.leaf(), ours.intermediate()]) {
        let certificate = Certificate::parse(certificate.as_bytes().expect("bytes")).expect("it was parsed before");
        assert_eq!(certificate.tbs(), ours.tbs());
        assert_eq!(certificate.serial(), ours.serial());
    }
    let auth_data = find(&theirs, "authData").as_bytes().expect("bytes");
    compare_header(ours.auth_data(), auth_data);
    assert_eq!(ours.credential().aaguid(), auth_data[37..53]);
    assert_eq!(auth_data[53..55], [0, 32]);
    assert_eq!(ours.credential().id(), auth_data[55..87]);
    let mut tail = &auth_data[87..];
    let key: Value = ciborium::from_reader(&mut tail).expect("a COSE key");
    is_canonical(&key, &auth_data[87..auth_data.len() - tail.len()]);
    let key = key.into_map().expect("a map");
    let labels: Vec<i64> =
        key.iter().map(|(label, _)| label.as_integer().expect("a label").try_into().expect("64 bits")).collect();
    assert_eq!(labels, [1, 3, -1, -2, -3]);
    assert_eq!([&key[0].1, &key[1].1, &key[2].1], [&Value::from(2), &Value::from(-7), &Value::from(1)]);
    let point = [key[3].1.as_bytes().expect("x").as_slice(), key[4].1.as_bytes().expect("y")].concat();
    assert_eq!(point, ours.credential().key().0);
    compare_launch(ours.auth_data().launch_even_if_unannounced(), tail, id, divergences);
    true
}

/// As [`compare_attestation`], for assertions.
fn compare_assertion(object: &[u8], id: &str, divergences: &mut Divergences) -> bool {
    let Ok(ours) = Assertion::parse(object) else { return false };
    let theirs = value(object).unwrap_or_else(|| panic!("{id}: {}", hex(object)));
    is_canonical(&theirs, object);
    only_holds(&theirs, &["signature", "authenticatorData", "cdHash"]);
    let signature = find(&theirs, "signature").as_bytes().expect("bytes");
    if let Ok(signature) = p256::ecdsa::Signature::from_der(signature) {
        assert_eq!(ours.signature().0, <[u8; 64]>::from(signature.to_bytes()));
    }
    let auth_data = find(&theirs, "authenticatorData").as_bytes().expect("bytes");
    compare_header(ours.auth_data(), auth_data);
    compare_launch(ours.auth_data().launch_even_if_unannounced(), &auth_data[37..], id, divergences);
    true
}

#[test]
fn objects_read_the_same() {
    let mut divergences = Divergences::default();
    let mut accepted = [0; 2];
    for entry in all() {
        accepted[usize::from(entry.attestation)] += u32::from(if entry.attestation {
            compare_attestation(&entry.object, &entry.id, &mut divergences)
        } else {
            compare_assertion(&entry.object, &entry.id, &mut divergences)
        });
    }
    assert!(accepted.iter().all(|count| *count >= 16), "{accepted:?}");
    for (id, simple) in ALLOWED.iter().flat_map(|row| row.named).zip([&[0xE0][..], &[0xF8, 0x20], &[0xF7]]) {
        let entry = Mutation::default().auth_data(|data| data.extensions().push("x", Cbor::Raw(simple.to_vec())));
        assert!(compare_assertion(&entry.mint_assertion(&device(), 1, &[1]), id, &mut divergences), "{id}");
    }
    divergences.check(ALLOWED);
}

/// Where the CBOR of an object is, as opposed to the content of its certificates and its receipt.
fn structure(object: &[u8]) -> Vec<usize> {
    let mut places = vec![true; object.len()];
    for certificate in super::certificate::certificates_of(object) {
        // A byte string in chunks is found nowhere, and an empty one hides nothing.
        if let Some(at) = object.windows(certificate.len().max(1)).position(|window| window == certificate) {
            places[at..at + certificate.len()].fill(false);
        }
    }
    (0..object.len()).filter(|at| places[*at]).collect()
}

#[test]
fn mutated_objects_read_the_same() {
    let mut random = Random(3);
    let mut divergences = Divergences::default();
    let mut accepted = [0; 2];
    for entry in all() {
        let places = structure(&entry.object);
        for _ in 0..150 {
            let object = random.mutate(&entry.object, &places);
            accepted[usize::from(entry.attestation)] += u32::from(if entry.attestation {
                compare_attestation(&object, SERIES, &mut divergences)
            } else {
                compare_assertion(&object, SERIES, &mut divergences)
            });
        }
    }
    assert!(accepted.iter().all(|count| *count >= 500), "{accepted:?}");
}

/// A random value, as deep as the engine passes over and a little deeper.
fn random_value(random: &mut Random, depth: usize) -> Cbor {
    let kinds = if depth == 0 { 5 } else { 7 };
    match random.below(kinds) {
        0 => {
            let shift = random.below(64);
            Cbor::uint(random.next() >> shift)
        }
        1 => Cbor::int(-1 - i64::from(random.byte())),
        2 => Cbor::bytes(&vec![random.byte(); random.below(40)]),
        3 => Cbor::text(&"é".repeat(random.below(20))),
        4 => Cbor::Raw(
            [&[0xF4][..], &[0xF5], &[0xF6], &[0xF9, 0x3C, 0x00], &[0x3B; 9], &[0xD8, 0x20, 0x00], &[0xFF]]
                [random.below(7)]
            .to_vec(),
        ),
        5 => Cbor::array((0..random.below(5)).map(|_| random_value(random, depth - 1)).collect()),
        _ => Cbor::map((0..random.below(4)).map(|n| (Cbor::uint(n as u64), random_value(random, depth - 1))).collect()),
    }
}

#[test]
fn random_extension_maps_read_the_same() {
    let mut random = Random(4);
    let mut divergences = Divergences::default();
    let header = [&[5; 32][..], &[0xC0, 0, 0, 0, 9]].concat();
    let mut accepted = 0;
    for _ in 0..20_000 {
        let mut map = Vec::new();
        for number in 0..random.below(6) {
            map.push(match random.below(4) {
                0 => (Cbor::text(BUNDLE_VERSION), Cbor::text(&"1".repeat(random.below(300)))),
                1 => (Cbor::text(VALIDATION_CATEGORY), Cbor::bytes(&vec![random.byte(); 3 + random.below(3)])),
                2 => (Cbor::text(VALIDATION_CATEGORY), random_value(&mut random, 0)),
                _ => (Cbor::text(&format!("unknown {number}")), random_value(&mut random, 4)),
            });
        }
        let mut auth_data = [header.clone(), Cbor::map(map).encode()].concat();
        if random.below(3) == 0 {
            let places: Vec<_> = (37..auth_data.len()).collect();
            auth_data = random.mutate(&auth_data, &places);
        }
        if let Ok(ours) = AuthenticatorData::parse_assertion(&auth_data) {
            accepted += 1;
            compare_header(&ours, &auth_data);
            compare_launch(ours.launch_even_if_unannounced(), &auth_data[37..], SERIES, &mut divergences);
        }
    }
    assert!(accepted >= 4_000, "{accepted}");
}

#[test]
fn orders_and_generations_read_the_same() {
    let mut divergences = Divergences::default();
    for generation in Generation::ALL {
        let device = device().with_generation(generation).with_cd_hash();
        for rotation in 0..4 {
            let mutation = Mutation::default().envelope(move |envelope| {
                let entries = envelope.entries();
                let length = entries.len();
                entries.rotate_left(rotation % length);
            });
            assert!(compare_attestation(&mutation.mint_attestation(&device, &[1]), SERIES, &mut divergences));
            assert!(compare_assertion(&mutation.mint_assertion(&device, 1, &[1]), SERIES, &mut divergences));
        }
    }
    divergences.check(&[]);
}
