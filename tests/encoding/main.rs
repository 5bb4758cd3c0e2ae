//! The readers of JSON and base64url, compiled from their sources: nothing outside of the engine can call them.
//!
//! `cargo test --test encoding -- json::` runs one module.
#![allow(dead_code, unreachable_pub, reason = "the engine uses the rest, and hands some of it on")]

#[path = "../../src/encoding/base64.rs"]
mod base64_reader;
#[path = "../../src/encoding/json.rs"]
mod json_reader;

mod base64;
mod json;
