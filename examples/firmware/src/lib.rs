//! `genuine` on bare metal: a door lock that opens for the phone it was paired with, and for no other.
//!
//! [`lock`] is what an application writes, and what to copy, with `android` for phones of that kind. [`objects`] is what the phone
//! sends, [`scenario`] plays it to the lock, and [`board`] is what differs from board to board.
#![no_std]

#[cfg(feature = "key-attestation")]
pub mod android;
#[cfg(feature = "key-attestation")]
pub mod android_scenario;
pub mod board;
pub mod lock;
pub mod objects;
pub mod report;
pub mod scenario;
pub mod sha384;
#[cfg(feature = "suite")]
pub mod suite;
