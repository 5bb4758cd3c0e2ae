//! Session tokens: JSON Web Tokens (RFC 7519) of HS256 or ES256, in the compact form.
//!
//! A verifier takes a list of [`TokenKey`]s, each with its algorithm: what a token says of its algorithm is only held against the
//! key's (RFC 8725 §3.1). While a key is being replaced, the old one and the new one stand in the list, and `kid` tells them
//! apart. Any server verifies with this key material alone.
//!
//! A token whose `cnf` binds it to a key (RFC 7800) is no bearer token: [`TokenVerifier::verify`] refuses it, and
//! [`TokenVerifier::verify_bound`] takes it together with a proof.
//!
//! ```
//! # #[cfg(feature = "rust-crypto")] {
//! use genuine::{
//!     UnixTime,
//!     crypto::RustCrypto,
//!     session::token::{NewToken, TokenKey, TokenMinter, TokenPolicy, TokenVerifier},
//! };
//!
//! // Both come from a generator of random octets.
//! let (secret, id) = ([0x5A; 32], [0xA5; 16]);
//! let keys = [TokenKey::hs256("2026-11", &secret)?];
//!
//! let minter = TokenMinter::hs256("https://attest.example", "https://api.example", &keys[0], &RustCrypto)?;
//! let mut room = [0; 512];
//! let claims = NewToken::new("device-1", 300).with_platform("ios").with_verdict("VERIFIED");
//! let token = minter.mint(&claims, &id, UnixTime(1_800_000_000), &mut room)?;
//!
//! let policy = TokenPolicy::new("https://attest.example", "https://api.example");
//! let verifier = TokenVerifier::new(policy, &keys, &RustCrypto)?;
//! let mut received = token.as_bytes().to_vec();
//! let token = verifier.verify(&mut received, UnixTime(1_800_000_299))?;
//! assert_eq!(token.subject().unwrap(), "device-1");
//! # }
//! # Ok::<(), genuine::Error>(())
//! ```

mod capabilities;
mod key;
mod mint;
mod policy;
mod verify;

pub use capabilities::TokenCrypto;
pub use key::TokenKey;
pub(in crate::session) use key::{check_keys, key_by_header};
pub use mint::{ClaimValue, DecoyToken, NewToken, TokenMinter, WrongSecret};
pub use policy::TokenPolicy;
pub use verify::{BoundToken, Confirmation, Platform, TokenVerifier, VerifiedToken};

pub use super::jwt::MAX_TOKEN;
