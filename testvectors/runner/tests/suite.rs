//! The whole suite on this machine, and that its packed form is the vectors.

use std::collections::BTreeSet;

use genuine::Error;
use genuine::app_attest::MAX_ATTESTATION;
use genuine::crypto::RustCrypto;
use genuine_testvectors::{Environment, Kind, TestPki, Vector, vectors};
use genuine_testvectors_runner::{
    FRAME_LENGTH, Header, MAX_VECTOR, Malformed, Object, PackedVector, PackedVectors, Runner, open, suite,
};

#[test]
fn every_vector_has_its_verdict() {
    let pack = suite();
    let (header, all) = open(&pack).unwrap();
    let anchor = header.anchor().unwrap();
    let mut runner = Runner::new();
    let failures: Vec<String> = all
        .map(Result::unwrap)
        .filter_map(|packed| runner.check(&packed, packed.verdict(&anchor, &RustCrypto)).err())
        .map(|failure| failure.to_string())
        .collect();
    assert!(failures.is_empty(), "{} verdicts differ:\n{}", failures.len(), failures.join("\n"));
    assert!(runner.is_complete(&header));
    println!("{} verdicts hold", runner.held());
}

/// What no minted object and nothing that is said about it can provoke, with the reason.
const NOT_PROVOKED: &[(Error, &str)] = &[
    (Error::UnknownKey, "the answer of a counter store"),
    (Error::CryptoUnavailable, "the answer of a backend"),
    (Error::ConfigNoAppId, "configuration"),
    (Error::ConfigDuplicateAppId, "configuration"),
    (Error::ConfigNoAnchor, "configuration"),
    (Error::ConfigInvalidAnchor, "configuration"),
    (Error::StoredKeyMalformed, "a stored key"),
    (Error::PublicKeyInvalid, "a public key given by the caller"),
    (Error::StoreUnavailable, "the answer of a counter store"),
];

#[test]
fn every_error_that_an_object_can_provoke_is_provoked() {
    let provoked: BTreeSet<String> = vectors().filter_map(|vector| vector.expected).collect();
    for name in &provoked {
        assert!(Error::ALL.iter().any(|error| error.name() == name), "{name} is no error");
    }
    for error in Error::ALL.iter().filter(|error| matches!(error.code(), 1000..2000 | 9000..)) {
        let excused = NOT_PROVOKED.iter().any(|(exception, _)| exception == error);
        assert_ne!(provoked.contains(error.name()), excused, "{error}");
    }
}

/// The good vectors first, each part in the order in which they are bundled: the order of the suite.
fn in_order() -> Vec<Vector> {
    let (mut good, bad): (Vec<_>, Vec<_>) = vectors().partition(|vector| vector.expected.is_none());
    good.extend(bad);
    good
}

#[test]
fn the_packed_form_is_the_vectors() {
    let pack = suite();
    let (header, all) = open(&pack).unwrap();
    let pki = TestPki::default();
    assert_eq!(header.anchor_subject, pki.root_subject());
    assert_eq!(header.anchor_key, &pki.root_point()[1..]);

    let vectors = in_order();
    let all: Vec<_> = all.map(Result::unwrap).collect();
    assert_eq!(usize::from(header.vectors), all.len());
    assert_eq!(all.len(), vectors.len());
    assert!(all.len() > 500, "the vectors are bundled");
    for ((position, packed), vector) in (0..).zip(&all).zip(&vectors) {
        let id = &vector.id;
        assert_eq!((packed.id, packed.position), (id.as_str(), position));
        assert_eq!(packed.group(), id.split("::").next().unwrap());
        let twin = packed.twin.map(|twin| &all[usize::from(twin)]);
        assert_eq!(twin.map(|twin| twin.id), vector.twin.as_deref(), "{id}");
        if let Some(twin) = twin {
            assert!(twin.position < position, "{id}: the twin comes first");
            assert!(matches!(
                (twin.object, packed.object),
                (Object::Attestation { .. }, Object::Attestation { .. })
                    | (Object::Assertion { .. }, Object::Assertion { .. })
            ));
        }
        let expected = packed.expected.map(|code| Error::ALL.iter().find(|error| error.code() == code).unwrap().name());
        assert_eq!(expected, vector.expected.as_deref(), "{id}");
        assert_eq!(packed.app_id, vector.app_id, "{id}");
        assert_eq!(packed.development, vector.environment == Some(Environment::Development), "{id}");
        assert_eq!(packed.categories[..], vector.require_categories[..], "{id}");
        assert_eq!(packed.bundle_versions[..], vector.require_bundle_versions[..], "{id}");
        let (given, wanted) = (&packed.requirements, &vector.requirements);
        assert_eq!(
            given.code_hashes[..],
            wanted.code_hashes.iter().map(|hash| &*hash.0).collect::<Vec<_>>()[..],
            "{id}"
        );
        assert_eq!(given.platforms[..], wanted.platforms.iter().map(|name| &**name).collect::<Vec<_>>()[..], "{id}");
        assert_eq!(given.os_version, wanted.os_version.as_deref(), "{id}");
        let builds: Vec<_> = wanted.os_builds.iter().map(|(platform, build)| (&**platform, &**build)).collect();
        assert_eq!(given.os_builds[..], builds[..], "{id}");
        assert_eq!(given.macos_access_control, wanted.macos_access_control.as_ref().map(|list| &*list.0), "{id}");
        assert_eq!((given.attestation_age, given.counter_step), (wanted.attestation_age, wanted.counter_step), "{id}");
        assert_eq!(packed.client_data_hash, vector.client_data_hash, "{id}");
        let object = match vector.kind {
            Kind::Attestation => Object::Attestation {
                bytes: &vector.object,
                key_id: &vector.key_id,
                public_key: &vector.public_key,
                now: vector.valid_at.unwrap(),
            },
            Kind::Assertion => Object::Assertion {
                bytes: &vector.object,
                public_key: &vector.public_key,
                previous_counter: vector.previous_counter.unwrap(),
                previous_window: vector.previous_window.as_deref(),
            },
        };
        assert_eq!(packed.object, object, "{id}");
    }
}

/// A reader with a buffer for one frame takes the suite from a file.
#[test]
fn a_frame_at_a_time_is_enough() {
    let pack = suite();
    let mut file = pack.as_slice();
    let mut buffer = vec![0; MAX_VECTOR];
    let mut frames = Vec::new();
    while let Some((length, rest)) = file.split_first_chunk::<FRAME_LENGTH>() {
        let (frame, rest) = rest.split_at(u16::from_le_bytes(*length).into());
        let buffer = &mut buffer[..frame.len()];
        buffer.copy_from_slice(frame);
        if frames.is_empty() {
            assert_eq!(usize::from(Header::decode(buffer).unwrap().vectors), vectors().count());
        } else {
            assert_eq!(usize::from(PackedVector::decode(buffer).unwrap().position) + 1, frames.len());
        }
        frames.push(frame.len());
        file = rest;
    }
    assert!(file.is_empty());
    assert!(frames.into_iter().max().unwrap() > MAX_ATTESTATION, "the suite has an object over its cap");
}

#[test]
fn what_is_no_suite_is_refused() {
    let vectors: Vec<_> = vectors().filter(|vector| vector.id == "generation::assertion-ios17-production").collect();
    let pack = genuine_testvectors_runner::pack(&vectors);
    let read = |pack: &[u8]| open(pack).and_then(|(_, all)| all.collect::<Result<Vec<_>, _>>().map(|all| all.len()));
    assert_eq!(read(&pack), Ok(1));
    let header = FRAME_LENGTH + usize::from(u16::from_le_bytes([pack[0], pack[1]]));
    for length in 0..pack.len() {
        let expected = if length == header { Ok(0) } else { Err(Malformed) };
        assert_eq!(read(&pack[..length]), expected, "{length}");
    }
    // A frame is filled by its value, and a broken frame ends the suite.
    let mut longer = pack[..header].to_vec();
    longer.extend(u16::to_le_bytes(1));
    let all = |pack| -> PackedVectors<'_> { open(pack).unwrap().1 };
    assert_eq!(all(&longer).map(|packed| packed.is_err()).collect::<Vec<_>>(), [true]);
    let frame = [&pack[FRAME_LENGTH..header], &[0]].concat();
    assert_eq!(Header::decode(&frame), Err(Malformed));
}
