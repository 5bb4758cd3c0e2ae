//! What the verifier of key attestations needs of a backend.

use crate::crypto::{P256, P384, Sha256, Sha384, VerifyEcdsa};

/// What chains without RSA need, as those of remote provisioning have been since 2026; with RSA, beside it
/// [`VerifyRsa`](crate::crypto::VerifyRsa). Every backend that has these has it.
pub trait KeyAttestationCrypto: Sha256 + Sha384 + VerifyEcdsa<P256> + VerifyEcdsa<P384> {}

impl<C: Sha256 + Sha384 + VerifyEcdsa<P256> + VerifyEcdsa<P384> + ?Sized> KeyAttestationCrypto for C {}
