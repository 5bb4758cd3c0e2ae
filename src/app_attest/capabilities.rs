//! What the verifiers of App Attest need of a backend: short names for sets of capabilities.

use crate::crypto::{P256, P384, Sha256, Sha384, VerifyEcdsa};

/// What assertions need: SHA-256, and ECDSA on P-256. Every backend that has both has it.
pub trait AssertionCrypto: Sha256 + VerifyEcdsa<P256> {}

impl<C: Sha256 + VerifyEcdsa<P256> + ?Sized> AssertionCrypto for C {}

/// What attestations need: beside that, SHA-384 and ECDSA on P-384, for the chain. Every backend that has them has it.
pub trait AttestationCrypto: AssertionCrypto + Sha384 + VerifyEcdsa<P384> {}

impl<C: AssertionCrypto + Sha384 + VerifyEcdsa<P384> + ?Sized> AttestationCrypto for C {}
