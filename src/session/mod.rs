//! What stands around an attestation: the challenge before it, the signed requests after it, and what follows from its
//! outcome.
//!
//! Nothing here keeps state. [`challenge`] seals what a server would otherwise store, [`request`] derives the secrets that it
//! would otherwise keep, [`pkce`] binds a code to who asked for it (RFC 7636), and [`mode`] says what an outcome means for a
//! transaction. Where a value may be used once only, the proof names what to remember and until when.

pub mod challenge;
pub mod mode;
pub mod pkce;
pub mod request;
mod secret;

pub use secret::{MAX_SESSION_KEYS, SessionKey};
//! What comes after an attestation: session tokens, and proofs that whoever sends one has its key.
//!
//! - [`token`]: JSON Web Tokens of HS256 and ES256 (RFC 7519), minted and verified
//! - [`dpop`]: proofs of possession (RFC 9449), which a stolen token does not come with
//! - [`client_attestation`]: attestations of OAuth clients (draft-ietf-oauth-attestation-based-client-auth-10)
//! - [`jwk`]: public keys as JSON (RFC 7517), and their thumbprints (RFC 7638)

mod claims;
pub mod client_attestation;
pub mod dpop;
pub mod jwk;
mod jwt;
pub mod token;

pub use claims::{Audiences, ClaimText};

pub use crate::error::session::Step;
