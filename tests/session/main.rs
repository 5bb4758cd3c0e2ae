//! What stands around an attestation: challenges, signed requests, PKCE and modes, seen from outside.
#![cfg(feature = "rust-crypto")]

mod challenge;
mod hmac;
mod mode;
mod pkce;
mod request;

use genuine::{
    crypto::{CryptoError, HmacSha256, RustCrypto, Sha256},
    session::SessionKey,
};

/// A backend that cannot compute.
struct Broken;

impl HmacSha256 for Broken {
    fn hmac_sha256(&self, _: &[u8], _: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        Err(CryptoError::Unavailable)
    }
}

impl Sha256 for Broken {
    fn sha256(&self, _: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        Err(CryptoError::Unavailable)
    }
}

/// A key of 32 octets that all are this one.
fn key(octet: u8) -> SessionKey {
    SessionKey::new(&[octet; 32]).unwrap()
}

fn sha256(octets: &[u8]) -> [u8; 32] {
    RustCrypto.sha256(&[octets]).unwrap()
}
