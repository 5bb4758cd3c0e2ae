//! Explanations, held against the engine, minted objects, genuine ones, and the faults that users reported.

mod faults;
mod form;
mod genuine;
mod input;
mod key_attestation;
mod key_description;
mod mint;
mod mistakes;
mod play_vectors;
mod properties;
mod receipt;
mod session;
mod support;
mod token;
mod token_mistakes;
mod verdict;
