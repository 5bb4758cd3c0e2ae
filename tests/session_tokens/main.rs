//! Session tokens and proofs of possession, seen from outside of the engine.
//!
//! `cargo test --test session_tokens -- hostile::` runs one module.

#![allow(clippy::similar_names, reason = "a verifier and what it verified")]

mod client_attestation;
mod common;
mod configuration;
mod differential;
mod dpop;
mod hostile;
mod jwk;
mod known;
mod properties;
mod seam;
mod wycheproof;
