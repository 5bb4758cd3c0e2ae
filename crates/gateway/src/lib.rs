//! The gateway: the `genuine` engine behind HTTP, with storage.
//!
//! Read from the top: [`http`] turns requests into calls of the [`gate`], the gate asks the engine and the [`store`], and
//! nothing below knows of HTTP. `README.md` beside this crate shows the protocol.

pub mod account;
pub mod api_key;
pub mod application;
pub mod audit;
pub mod challenge;
#[cfg(feature = "demo")]
pub mod client;
mod clock;
mod complaint;
pub mod config;
pub mod connections;
#[cfg(feature = "demo")]
pub mod demo;
pub mod descriptors;
pub mod engine;
pub mod events;
pub mod fragment;
pub mod gate;
pub mod http;
pub mod inspect;
pub mod limit;
pub mod mediator;
pub mod metrics;
pub mod operator;
pub mod platform;
pub mod play;
pub mod prepared;
pub mod probe;
pub mod pseudonym;
pub mod refusal;
pub mod rehearsal;
pub mod revocations;
pub mod secrets;
pub mod server;
pub mod shop;
pub mod store;
pub mod telemetry;
pub mod token;
pub mod traces;
pub mod verdict;
