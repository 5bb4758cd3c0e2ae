//! What stands around an attestation: the challenge before it, the tokens and signed requests after it, and what follows from its
//! outcome.
//!
//! - [`challenge`]: challenges that no server stores, because it seals them
//! - [`token`]: JSON Web Tokens of HS256 and ES256 (RFC 7519), minted and verified
//! - [`dpop`]: proofs of possession (RFC 9449), which a stolen token does not come with
//! - [`client_attestation`]: attestations of OAuth clients (draft-ietf-oauth-attestation-based-client-auth-10)
//! - [`jwk`]: public keys as JSON (RFC 7517), and their thumbprints (RFC 7638)
//! - [`request`]: requests that a key of two parts signs, for clients that have no attestation
//! - [`pkce`]: binds a code to who asked for it (RFC 7636)
//! - [`mode`]: what an outcome means for a transaction, and for which devices it counts yet
//!
//! Nothing here keeps state. Where a value may be used once only, the proof names what to remember and until when.

pub mod challenge;
mod claims;
pub mod client_attestation;
pub mod dpop;
pub mod jwk;
mod jwt;
pub mod mode;
pub mod pkce;
pub mod request;
mod secret;
pub mod token;

pub use claims::Audiences;
pub use secret::{MAX_SESSION_KEYS, SessionKey};

pub use crate::{encoding::json::Text, error::session::Step};
