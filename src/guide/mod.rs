//! Pages for integrators: no code, only what to feed the crate and what to do with its answers.

#[doc = include_str!("hashing.md")]
pub mod hashing {}

#[doc = include_str!("storing.md")]
pub mod storing {}

#[doc = include_str!("platform-changes.md")]
pub mod platform_changes {}

#[doc = include_str!("throughput.md")]
pub mod throughput {}

#[doc = include_str!("threats.md")]
pub mod threats {}
