#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod android;
pub mod android_generator;
mod android_vector;
pub mod auth_data;
mod bundled;
pub mod cbor;
pub mod certificate;
pub mod der;
mod device;
mod files;
mod generation;
pub mod generator;
mod group;
mod honest;
pub mod json;
pub mod keys;
pub mod mutation;
mod pki;
pub mod play;
mod play_vector;
pub mod rsa;
pub mod suite;
mod vector;

pub use android_vector::{
    AndroidGroup, AndroidPolicy, AndroidProof, AndroidRequest, AndroidRoot, AndroidVector, Base64, MAX_ANDROID_ID,
    Provisioning,
};
pub use bundled::{ANDROID_GROUPS, ANDROID_P384_ROOT_PEM, ANDROID_RSA_ROOT_PEM, GROUPS, PLAY_GROUPS, ROOT_PEM};
pub use device::{
    BUNDLE_VERSION, CODE_HASH, CODE_HASH_TYPE, DEFAULT_APP_ID, Device, Environment, GENUINE_RECEIPT_LENGTH,
    VALIDATION_CATEGORY,
};
pub use files::{MINTED_DIRECTORY, minted_files};
pub use generation::Generation;
pub use group::{Group, MAX_ID, SCHEMA_VERSION};
pub use honest::{Attestation, SignedAssertion};
pub use mutation::Mutation;
pub use pki::TestPki;
pub use play_vector::{PlayGroup, PlayKeys, PlayPolicy, PlayVector, Request};
pub use vector::{Hex, Kind, Requirements, Vector, VectorError};

/// The committed vectors, parsed: group by group, and in each in the order of their ids.
///
/// # Panics
///
/// Never: a test of this crate parses them all.
pub fn vectors() -> impl Iterator<Item = Vector> {
    texts().map(|(id, json)| Vector::parse(id, json).expect("the committed vectors parse"))
}

/// Id and JSON text of every committed vector, in the order of [`vectors`].
pub fn texts() -> impl Iterator<Item = (&'static str, &'static str)> {
    GROUPS.iter().flat_map(|(_, file)| group::texts(file))
}

/// The committed vectors of Play Integrity, parsed: group by group, and in each in the order of their ids.
///
/// # Panics
///
/// Never: a test of this crate parses them all.
pub fn play_vectors() -> impl Iterator<Item = PlayVector> {
    PLAY_GROUPS.iter().flat_map(|(_, file)| PlayGroup::parse(file).expect("the committed vectors parse").vectors)
}

/// The committed vectors of Android key attestation, parsed: group by group, and in each in the order of their ids.
///
/// # Panics
///
/// Never: a test of this crate parses them all.
pub fn android_vectors() -> impl Iterator<Item = AndroidVector> {
    ANDROID_GROUPS.iter().flat_map(|(_, file)| AndroidGroup::parse(file).expect("the committed vectors parse").vectors)
}

/// The JSON text of the committed vector with this id.
///
/// # Panics
///
/// If there is none.
#[must_use]
pub fn text(id: &str) -> &'static str {
    let (_, text) = texts().find(|(found, _)| *found == id).unwrap_or_else(|| panic!("{id} is no vector"));
    text
}
