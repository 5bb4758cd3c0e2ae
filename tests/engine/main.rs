//! The engine, seen from outside. One binary, because what the tests share would be compiled and linked again for each:
//! `cargo test --test engine -- forms::` runs one module.
#![cfg(feature = "rust-crypto")]

mod common;
mod conformance;
mod conformance_rsa;
mod differential;
mod exhaustive;
mod forms;
mod paths;
mod policy;
mod properties;
mod real_devices;
mod rsa_key;
mod seam;
mod storage;
mod system;
mod threats;
mod values;
mod verify_example;
mod window;
mod x509;
