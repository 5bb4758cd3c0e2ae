//! The files of `deploy/`, and the pages that tell how to use them, held against the gateway.
#![allow(missing_docs)]

#[path = "support/server.rs"]
mod server;
mod support;

#[path = "deploy/readiness.rs"]
mod readiness;
