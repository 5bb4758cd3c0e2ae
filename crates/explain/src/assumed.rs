//! A backend that takes for granted what the caller did not tell.
//!
//! An engine that verifies has no way to leave a step out, and that is as it should be. To say what can be said about an
//! object without the caller's side, the engine runs all the same, and this backend answers the one question that nobody
//! asked. A verdict that rests on it is never `Accepted`: the step is `NotAsked`, and what is missing is named.

use genuine::crypto::{
    Crypto, CryptoError, Digest, P256PublicKey, P256Signature, P384PublicKey, P384Signature, RustCrypto,
};

/// Stands for client data that the caller did not tell.
pub(crate) const NOT_TOLD: &[u8] = b"client data that was not told";

/// RustCrypto, but for what is assumed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Assumed {
    /// The nonce of an attestation whose client data is [`NOT_TOLD`].
    pub(crate) nonce: Option<[u8; 32]>,
    /// An assertion's signature, and with it the key, is taken for right.
    pub(crate) signature: bool,
}

impl Crypto for Assumed {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        match self.nonce {
            Some(nonce) if parts.last() == Some(&NOT_TOLD) => Ok(nonce),
            _ => RustCrypto.sha256(parts),
        }
    }

    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        RustCrypto.sha384(parts)
    }

    fn check_p256(&self, key: &P256PublicKey) -> Result<(), CryptoError> {
        if self.signature { Ok(()) } else { RustCrypto.check_p256(key) }
    }

    fn check_p384(&self, key: &P384PublicKey) -> Result<(), CryptoError> {
        RustCrypto.check_p384(key)
    }

    fn verify_p256(&self, key: &P256PublicKey, digest: &Digest, signature: &P256Signature) -> Result<(), CryptoError> {
        if self.signature { Ok(()) } else { RustCrypto.verify_p256(key, digest, signature) }
    }

    fn verify_p384(&self, key: &P384PublicKey, digest: &Digest, signature: &P384Signature) -> Result<(), CryptoError> {
        RustCrypto.verify_p384(key, digest, signature)
    }
}
