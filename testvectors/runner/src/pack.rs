//! Writing the packed form.

extern crate std;

use std::collections::BTreeMap;
use std::vec::Vec;

use genuine::Error;
use genuine::x509::{Certificate, SubjectKey};
use genuine_testvectors::{Environment, Kind, ROOT_PEM, Vector, vectors};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Serialize;

use crate::packed::{Header, MAX_VECTOR, MAX_VECTORS, Object, PackedVector, Requirements};
use crate::policy::Terms;

/// All committed vectors, packed.
///
/// # Panics
///
/// As [`pack`]; a test packs them all.
#[must_use]
pub fn suite() -> Vec<u8> {
    pack(&vectors().collect::<Vec<_>>())
}

/// Packs vectors that were minted under the committed root: the good ones first, otherwise in the order given.
///
/// # Panics
///
/// If a vector has no place in the form: a twin that is not among the good ones, an error that the engine does not know,
/// an attestation without time, an assertion without previous counter, a frame or suite over its cap.
#[must_use]
pub fn pack(vectors: &[Vector]) -> Vec<u8> {
    assert!(vectors.len() <= MAX_VECTORS, "{} vectors", vectors.len());
    let (good, bad): (Vec<_>, Vec<_>) = vectors.iter().partition(|vector| vector.expected.is_none());
    let positions: BTreeMap<&str, u16> = good.iter().map(|vector| vector.id.as_str()).zip(0..).collect();

    let root = CertificateDer::from_pem_slice(ROOT_PEM.as_bytes()).expect("the committed root is PEM");
    let root = Certificate::parse(&root).expect("the committed root is a certificate");
    let SubjectKey::P384(key) = root.key() else { panic!("the committed root has a key on P-384") };
    let count = u16::try_from(vectors.len()).expect("few vectors");
    let header = Header { anchor_subject: root.subject(), anchor_key: key, vectors: count };

    let mut pack = Vec::new();
    append(&mut pack, &header, "header");
    for (position, vector) in (0..).zip(good.into_iter().chain(bad)) {
        append(&mut pack, &packed(vector, position, &positions), &vector.id);
    }
    pack
}

fn packed<'t>(vector: &'t Vector, position: u16, positions: &BTreeMap<&str, u16>) -> PackedVector<'t> {
    let id = &vector.id;
    let twin = vector.twin.as_deref();
    let expected = vector.expected.as_deref().map(|name| {
        let error = Error::ALL.iter().find(|error| error.name() == name);
        error.unwrap_or_else(|| panic!("{id}: {name} is no error")).code()
    });
    let object = match vector.kind {
        Kind::Attestation => Object::Attestation {
            bytes: &vector.object,
            key_id: &vector.key_id,
            public_key: &vector.public_key,
            now: vector.valid_at.unwrap_or_else(|| panic!("{id}: an attestation has a time")),
        },
        Kind::Assertion => Object::Assertion {
            bytes: &vector.object,
            public_key: &vector.public_key,
            previous_counter: vector.previous_counter.unwrap_or_else(|| panic!("{id}: an assertion has a predecessor")),
            previous_window: vector.previous_window.as_deref(),
        },
    };
    PackedVector {
        id,
        position,
        twin: twin.map(|twin| *positions.get(twin).unwrap_or_else(|| panic!("{id}: no twin {twin}"))),
        expected,
        app_id: &vector.app_id,
        development: vector.environment == Some(Environment::Development),
        categories: vector.require_categories.iter().copied().collect(),
        bundle_versions: vector.require_bundle_versions.iter().map(std::string::String::as_str).collect(),
        requirements: requirements(&vector.requirements),
        client_data_hash: &vector.client_data_hash,
        object,
    }
}

impl<'v> Terms<'v> {
    /// What a vector requires.
    ///
    /// # Panics
    ///
    /// If it has no place in the form: a version or a build that is none, more than
    /// [`MAX_REQUIRED`](crate::MAX_REQUIRED) of a kind.
    #[must_use]
    pub fn of(vector: &'v Vector) -> Self {
        let bundle_versions = vector.require_bundle_versions.iter().map(std::string::String::as_str).collect();
        let terms = Self::read(&vector.require_categories, bundle_versions, requirements(&vector.requirements));
        terms.unwrap_or_else(|error| panic!("{}: {error}", vector.id))
    }
}

fn requirements(of: &genuine_testvectors::Requirements) -> Requirements<'_> {
    Requirements {
        code_hashes: of.code_hashes.iter().map(|hash| &*hash.0).collect(),
        platforms: of.platforms.iter().map(|name| &**name).collect(),
        os_version: of.os_version.as_deref(),
        os_builds: of.os_builds.iter().map(|(platform, build)| (&**platform, &**build)).collect(),
        macos_access_control: of.macos_access_control.as_ref().map(|list| &*list.0),
        attestation_age: of.attestation_age,
        counter_step: of.counter_step,
    }
}

fn append(pack: &mut Vec<u8>, value: &impl Serialize, name: &str) {
    let frame = postcard::to_stdvec(value).expect("memory suffices");
    assert!(frame.len() <= MAX_VECTOR, "{name}: {} bytes", frame.len());
    let length = u16::try_from(frame.len()).expect("the cap fits two bytes");
    pack.extend_from_slice(&length.to_le_bytes());
    pack.extend_from_slice(&frame);
}
