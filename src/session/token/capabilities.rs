//! What the verifier of tokens needs of a backend: a short name for a set of capabilities.

use crate::crypto::{HmacSha256, P256, Sha256, VerifyEcdsa};

/// What tokens need: SHA-256, HMAC with it, and ECDSA on P-256. Every backend that has them has it.
pub trait TokenCrypto: Sha256 + HmacSha256 + VerifyEcdsa<P256> {}

impl<C: Sha256 + HmacSha256 + VerifyEcdsa<P256> + ?Sized> TokenCrypto for C {}
