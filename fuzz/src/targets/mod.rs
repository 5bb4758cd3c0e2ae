//! The targets: one module each, with what it runs and what it starts from.

pub mod assertion;
pub mod attestation;
pub mod attestation_real;
pub mod attestation_structured;
pub mod auth_data;
pub mod batch;
pub mod cbor;
pub mod certificate;
pub mod chain_diff;
pub mod der;
pub mod ecdsa_diff;
pub mod issuer;
pub mod key_attestation;
pub mod key_attestation_structured;
pub mod key_description;
pub mod key_id;
pub mod play_payload;
pub mod play_token;
pub mod prepared;
pub mod rsa_diff;
pub mod session_sealed;
pub mod session_token;
pub mod stateful;
pub mod system;
pub mod time;
pub mod window;

/// A target as the campaign and the replay see it.
pub struct Target {
    /// The name of its binary, its corpus and its row in `README.md`.
    pub name: &'static str,
    /// Runs it on one input; panics if something is wrong.
    pub run: fn(&[u8]),
    /// The inputs to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

macro_rules! targets {
    ($($name:ident)+) => {
        /// Every target, in the order of the table in `README.md`.
        pub const TARGETS: &[Target] =
            &[$( Target { name: stringify!($name), run: $name::run, seeds: $name::seeds } ),+];
    };
}

targets! {
    cbor der certificate auth_data attestation attestation_structured attestation_real assertion ecdsa_diff rsa_diff
    chain_diff time stateful batch prepared issuer key_id window system play_payload play_token session_token
    session_sealed key_description key_attestation key_attestation_structured
}
