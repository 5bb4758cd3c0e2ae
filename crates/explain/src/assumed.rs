//! A backend that takes for granted what the caller did not tell.
//!
//! An engine that verifies has no way to leave a step out, and that is as it should be. To say what can be said about an
//! object without the caller's side, the engine runs all the same, and this backend answers the one question that nobody
//! asked. A verdict that rests on it is never `Accepted`: the step is `NotAsked`, and what is missing is named.

use genuine::crypto::{CryptoError, Digest, P256, P384, PublicKey, RustCrypto, Sha256, Sha384, Signature, VerifyEcdsa};

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

impl Sha256 for Assumed {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        match self.nonce {
            Some(nonce) if parts.last() == Some(&NOT_TOLD) => Ok(nonce),
            _ => RustCrypto.sha256(parts),
        }
    }
}

impl Sha384 for Assumed {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        RustCrypto.sha384(parts)
    }
}

impl VerifyEcdsa<P256> for Assumed {
    fn check_key(&self, key: &PublicKey<P256>) -> Result<(), CryptoError> {
        if self.signature { Ok(()) } else { RustCrypto.check_key(key) }
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        if self.signature { Ok(()) } else { RustCrypto.verify(key, digest, signature) }
    }
}

impl VerifyEcdsa<P384> for Assumed {
    fn check_key(&self, key: &PublicKey<P384>) -> Result<(), CryptoError> {
        RustCrypto.check_key(key)
    }

    fn verify(&self, key: &PublicKey<P384>, digest: &Digest, signature: &Signature<P384>) -> Result<(), CryptoError> {
        RustCrypto.verify(key, digest, signature)
    }
}
