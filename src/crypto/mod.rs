//! The cryptographic seam: capabilities on raw operands, so that a hardware driver can provide them.
//!
//! The engine decodes and checks every encoding itself. What reaches a backend has fixed size: coordinates, digests
//! and `r ‖ s`, big-endian, with r and s already known to lie in 1 … n − 1; of RSA a modulus of one of three sizes, and a signature of
//! the same length that is less than it. Curve and hash are independent, because
//! Apple signs its leaf certificates with a P-384 key over SHA-256.
//!
//! There is one trait for each capability, and a protocol names the set that it needs, such as
//! [`AssertionCrypto`](crate::app_attest::AssertionCrypto) (two of them). All are dyn-compatible and take `&self`: a driver puts
//! its peripheral behind a `RefCell`, a critical section or a mutex. `examples/hardware.rs` wraps one, and [`conformance`] tests
//! one on the board.
//!
//! What App Attest hands to a backend is public, and may be computed in variable time. The keys of `HmacSha256`, `AesKwGcm` and
//! `SignP256` are secret, and may not.

#[cfg(all(feature = "play-integrity", any(feature = "rust-crypto", feature = "genuine-crypto")))]
mod aes;
mod backend;
pub mod conformance;
#[cfg(feature = "genuine-crypto")]
mod genuine_crypto;
#[cfg(any(feature = "rust-crypto", feature = "genuine-crypto"))]
mod hash;
#[cfg(all(feature = "session", any(feature = "rust-crypto", feature = "genuine-crypto")))]
mod hmac;
mod operand;
mod prepare;
mod rsa;
#[cfg(feature = "rust-crypto")]
mod rust_crypto;
mod traits;

#[cfg(feature = "session")]
pub(crate) use backend::sign;
pub(crate) use backend::{Backend, Unavailable, batch_item, verdict};
#[cfg(feature = "genuine-crypto")]
pub use genuine_crypto::{GenuineCrypto, PreparedP256, PreparedP384};
pub use operand::{Curve, Digest, P256, P384, PublicKey, Signature};
pub(crate) use operand::{EcdsaSigValue, coordinates, uncompressed};
pub use prepare::{BatchEcdsa, Item, Key, LaneCount, Lanes, PrepareEcdsa, StoredForm, Unprepared};
pub use rsa::RsaPublicKey;
#[cfg(feature = "rust-crypto")]
pub use rust_crypto::RustCrypto;
#[cfg(all(feature = "rust-crypto", feature = "session"))]
pub use rust_crypto::RustCryptoSigner;
#[cfg(feature = "play-integrity")]
pub use traits::AesKwGcm;
pub use traits::{CryptoError, Sha256, Sha384, VerifyEcdsa, VerifyRsa};
#[cfg(feature = "session")]
pub use traits::{HmacSha256, SignP256};
