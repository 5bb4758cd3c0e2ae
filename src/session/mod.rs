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

pub use crate::error::session::Step;
