//! Certificates: `genuine::x509` against x509-cert.

use der::{Decode as _, Encode as _};
use genuine::x509::{Certificate, SubjectKey};
use genuine_testvectors::{
    Generation, Mutation, TestPki,
    certificate::{extension, field, name, oid},
    der::{Der, tag},
};

use super::corpus::{Allowed, Divergences, Random, SERIES, all, device, hex};

/// What the engine accepts and x509-cert refuses.
const ALLOWED: &[Allowed] = &[
    Allowed {
        how: "x509-cert: OidMalformed",
        why: "the crate der holds object identifiers of arcs below 2^32, at least two of them; X.690 §8.19 has no such \
              limits, and the engine compares octets",
        named: &[],
    },
    Allowed {
        how: "x509-cert: TagUnknown",
        why: "the crate der knows the tags that it has types for; the value of an attribute of a name is ANY, and the \
              engine reads none",
        named: &[],
    },
    Allowed {
        how: "x509-cert sorts the SET OF of a name",
        why: "X.690 §11.6 wants it sorted, der accepts any order; the engine compares names as octets and reads no \
              attribute, so that the order has no meaning to it",
        named: &[],
    },
];

/// Whether the engine accepts the certificate; what it reads from it is what x509-cert reads from it.
pub(super) fn compare(input: &[u8], id: &str, divergences: &mut Divergences) -> bool {
    let Ok(ours) = Certificate::parse(input) else { return false };
    let theirs = match x509_cert::Certificate::from_der(input) {
        Ok(certificate) => certificate,
        Err(error) => {
            let error = format!("x509-cert: {:?}", error.kind());
            divergences.add(error.split(" {").next().unwrap_or(&error), id);
            return true;
        }
    };
    let tbs = theirs.tbs_certificate();
    let same = |what: &str, ours: &[u8], theirs: &[u8]| {
        assert!(ours == theirs, "{id}: {what}: {} and {}: {}", hex(ours), hex(theirs), hex(input));
    };
    // Found again by position: behind the tag and the length of the certificate, with a length of its own.
    let (_, content) = split_header(input);
    let (length, _) = split_header(content);
    same("signed part, by position", ours.tbs(), &content[..length]);
    assert_eq!(ours.tbs().as_ptr(), content.as_ptr(), "{id}: the signed part is not a copy");
    same("serial number", ours.serial(), tbs.serial_number().as_bytes());
    let names = [tbs.issuer(), tbs.subject()].map(|name| name.to_der().expect("it was decoded"));
    let swapped = |ours: &[u8], theirs: &[u8]| ours != theirs && sorted(ours) == sorted(theirs);
    if swapped(ours.issuer(), &names[0]) || swapped(ours.subject(), &names[1]) {
        divergences.add("x509-cert sorts the SET OF of a name", id);
    } else {
        same("issuer", ours.issuer(), &names[0]);
        same("subject", ours.subject(), &names[1]);
        same("signed part, encoded again", ours.tbs(), &tbs.to_der().expect("it was decoded"));
    }
    assert_eq!(ours.validity().not_before.0, tbs.validity().not_before.to_unix_duration().as_secs(), "{id}");
    assert_eq!(ours.validity().not_after.0, tbs.validity().not_after.to_unix_duration().as_secs(), "{id}");
    let info = tbs.subject_public_key_info();
    let parameters = info.algorithm.parameters.as_ref().map(|any| any.to_der().expect("it was decoded"));
    let key = info.subject_public_key.as_bytes().expect("whole octets");
    let on_curve = |curve: &[u8], coordinates: &[u8]| {
        same("algorithm", oid::EC_PUBLIC_KEY, info.algorithm.oid.as_bytes());
        same("curve", &Der::oid(curve).encode(), parameters.as_deref().expect("a curve"));
        same("key", &[&[4], coordinates].concat(), key);
    };
    match ours.key() {
        SubjectKey::P256(coordinates) => on_curve(oid::P256, coordinates),
        SubjectKey::P384(coordinates) => on_curve(oid::P384, coordinates),
        SubjectKey::Other { algorithm, key: other } => {
            same("algorithm", algorithm.id(), info.algorithm.oid.as_bytes());
            same("parameters", algorithm.parameters(), parameters.as_deref().unwrap_or_default());
            same("key", other, key);
        }
        other => panic!("{id}: {other:?}"),
    }
    same("signature", ours.signature(), theirs.signature().as_bytes().expect("whole octets"));
    same("signature algorithm", ours.signature_algorithm().id(), theirs.signature_algorithm().oid.as_bytes());
    let extensions = tbs.extensions().expect("version 3 with extensions");
    assert!(!extensions.is_empty(), "{id}");
    for extension in extensions {
        let value = ours.extension(extension.extn_id.as_bytes()).unwrap_or_else(|| panic!("{id}: an extension"));
        same("extension", value, extension.extn_value.as_bytes());
    }
    assert_eq!(ours.extension(&[0x2A, 0x03, 0x7F]), None, "{id}: an extension that is not there");
    true
}

fn sorted(octets: &[u8]) -> Vec<u8> {
    let mut octets = octets.to_vec();
    octets.sort_unstable();
    octets
}

/// The length of the first element with its header, and its content with all that follows.
fn split_header(input: &[u8]) -> (usize, &[u8]) {
    let (header, length) = match input[1] {
        0x82 => (4, usize::from(input[2]) << 8 | usize::from(input[3])),
        0x81 => (3, usize::from(input[2])),
        short => (2, usize::from(short)),
    };
    (header + length, &input[header..])
}

/// Leaves of all generations, the authorities, and what occurs only here: many extensions, odd names.
fn originals() -> Vec<(String, Vec<u8>)> {
    let authorities = TestPki::default();
    let mut originals = vec![
        ("root".to_owned(), authorities.root_der()),
        ("intermediate".to_owned(), authorities.intermediate().sign().encode()),
    ];
    for generation in Generation::ALL {
        let leaf = device().with_generation(generation).leaf(&[7; 32]).sign().encode();
        originals.push((format!("leaf {}", generation.name()), leaf));
    }
    let mut odd = device().leaf(&[7; 32]);
    odd.tbs[field::SUBJECT] = Der::sequence(vec![]);
    odd.tbs[field::SERIAL] = Der::integer(&[0xFF; 19]);
    for arc in 0..9 {
        odd.extensions().push(extension(&[0x2A, 0x03, arc], false, &[0x05, 0x00]));
    }
    originals.push(("leaf of no name".to_owned(), odd.sign().encode()));
    let mut named = device().leaf(&[7; 32]);
    let mut subject = name(&[(oid::COMMON_NAME, "é"), (oid::STATE, "")]);
    subject.elements().push(Der::constructed(
        tag::SET,
        vec![
            Der::sequence(vec![Der::oid(oid::COMMON_NAME), Der::primitive(tag::PRINTABLE_STRING, b"a")]),
            Der::sequence(vec![Der::oid(oid::STATE), Der::primitive(tag::PRINTABLE_STRING, b"b")]),
        ],
    ));
    named.tbs[field::SUBJECT] = subject;
    originals.push(("leaf of a long name".to_owned(), named.sign().encode()));
    originals
}

/// The certificates of an attestation, found without the engine; none if there are none.
pub(super) fn certificates_of(object: &[u8]) -> Vec<Vec<u8>> {
    let find = |value: &ciborium::Value, key: &str| {
        let entry = value.as_map()?.iter().find(|(present, _)| present.as_text() == Some(key));
        entry.map(|(_, value)| value.clone())
    };
    let Ok(envelope) = ciborium::from_reader::<ciborium::Value, _>(object) else { return Vec::new() };
    let list = find(&envelope, "attStmt").and_then(|statement| find(&statement, "x5c"));
    let list = list.and_then(|list| list.into_array().ok()).unwrap_or_default();
    list.into_iter().filter_map(|certificate| certificate.into_bytes().ok()).collect()
}

#[test]
fn certificates_read_the_same() {
    let mut divergences = Divergences::default();
    for (id, certificate) in originals() {
        assert!(compare(&certificate, &id, &mut divergences), "{id} is accepted");
    }
    let mut accepted = 0;
    for entry in all().into_iter().filter(|entry| entry.attestation) {
        for certificate in certificates_of(&entry.object) {
            accepted += u32::from(compare(&certificate, SERIES, &mut divergences));
        }
    }
    assert!(accepted >= 32, "{accepted}");
    divergences.check(&[]);
}

#[test]
fn mutated_certificates_read_the_same() {
    let mut divergences = Divergences::default();
    let mut accepted = 0;
    let mut random = Random(1);
    let mut see = |certificate: &[u8]| accepted += u32::from(compare(certificate, SERIES, &mut divergences));
    for (_, original) in originals() {
        for at in 0..original.len() {
            let mut changed = original.clone();
            for value in [original[at] ^ 1, original[at] ^ 0x20, original[at] ^ 0x80, 0, 0xFF] {
                changed[at] = value;
                see(&changed);
            }
            for inserted in [0x00, 0x05, 0x30, 0x80, 0xFF] {
                let mut longer = original.clone();
                longer.insert(at, inserted);
                see(&longer);
            }
            let mut shorter = original.clone();
            shorter.remove(at);
            see(&shorter);
            see(&original[..at]);
        }
        see(&[original.as_slice(), &[0]].concat());
        // Mutation whose lengths are right again: the tree is changed, not the bytes.
        let original = Der::decode(&original);
        for _ in 0..5_000 {
            let mut changed = original.clone();
            change(&mut changed, &mut random);
            see(&changed.encode());
        }
    }
    assert!(accepted >= 5_000, "{accepted} mutated certificates are still accepted");
    divergences.check(ALLOWED);
}

/// Goes down to a random element and changes its content, its tag or its neighbours.
fn change(element: &mut Der, random: &mut Random) {
    match &mut element.content {
        genuine_testvectors::der::Content::Elements(elements) if !elements.is_empty() => {
            let at = random.below(elements.len());
            match random.below(12) {
                0 => drop(elements.remove(at)),
                1 => elements.insert(at, elements[at].clone()),
                2 => elements.insert(at, Der::primitive(random.byte() & 0x1F, &[random.byte()])),
                3 => elements.swap(at, 0),
                4 => elements[at].tag[0] = random.byte(),
                _ => change(&mut elements[at], random),
            }
        }
        genuine_testvectors::der::Content::Elements(elements) => elements.push(Der::primitive(tag::NULL, &[])),
        genuine_testvectors::der::Content::Octets(octets) => *octets = random.mutate(octets, &[]),
    }
}

/// X.690 §8.19 sets no limit to an object identifier; the crate der holds 39 octets. Found by fuzzing.
#[test]
fn an_object_identifier_may_be_long() {
    let mut divergences = Divergences::default();
    for length in [39, 40, 48, 127, 200] {
        let long = vec![0x2A; length];
        let mut leaf = device().leaf(&[7; 32]);
        leaf.tbs[field::SUBJECT] = name(&[(&long, "value")]);
        assert!(compare(&leaf.sign().encode(), &format!("{length} octets"), &mut divergences), "{length} octets");
    }
    divergences.check(&[Allowed {
        how: "x509-cert: Length",
        why: "the crate der holds object identifiers of at most 39 octets; the engine compares octets",
        named: &["40 octets", "48 octets", "127 octets", "200 octets"],
    }]);
}

/// The view and its accessors do not depend on the order of the extensions.
#[test]
fn extensions_are_found_in_any_order() {
    let mut divergences = Divergences::default();
    let device = device();
    for rotation in 0..6 {
        let mutation = Mutation::default().leaf(move |leaf| leaf.extensions().rotate_left(rotation));
        let object = mutation.mint_attestation(&device, &[1; 32]);
        for certificate in certificates_of(&object) {
            assert!(compare(&certificate, SERIES, &mut divergences));
        }
    }
    divergences.check(&[]);
}
