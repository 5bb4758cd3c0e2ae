//! What stands around an attestation: the challenge before it, and the signed requests after it.
//!
//! Nothing here keeps state. Where a value may be used once only, the proof names what to remember and until when.

pub mod challenge;
pub mod pkce;
pub mod request;
mod secret;

pub use secret::{MAX_SESSION_KEYS, SessionKey};

pub use crate::error::session::Step;
