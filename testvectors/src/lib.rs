#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod auth_data;
mod bundled;
pub mod catalogue;
pub mod cbor;
pub mod certificate;
pub mod der;
mod device;
mod files;
mod generation;
pub mod generator;
mod honest;
pub mod keys;
mod pki;
pub mod recipe;
mod vector;

pub use bundled::{BUNDLED, ROOT_PEM};
pub use device::{
    BUNDLE_VERSION, CODE_HASH, CODE_HASH_TYPE, DEFAULT_APP_ID, Device, Environment, GENUINE_RECEIPT_LENGTH,
    VALIDATION_CATEGORY,
};
pub use files::{MINTED_DIRECTORIES, minted_files};
pub use generation::Generation;
pub use honest::{Attestation, SignedAssertion};
pub use pki::TestPki;
pub use recipe::Edits;
pub use vector::{Hex, Kind, Requirements, Vector, VectorError};

/// The committed vectors, parsed: the good ones and the bad ones, in the order of their ids within each kind.
///
/// # Panics
///
/// Never: a test of this crate parses them all.
pub fn vectors() -> impl Iterator<Item = Vector> {
    BUNDLED.iter().map(|(id, json)| Vector::parse(id, json).expect("the committed vectors parse"))
}
