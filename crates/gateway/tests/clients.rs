//! What `clients/` has for whoever writes an app: one table of what to do about each answer, and code that reads like it. The Kotlin is
//! compiled and run against a gateway; the Swift is read, as there is no compiler for it here.
#![allow(missing_docs)]

#[path = "support/server.rs"]
mod server;
mod support;

#[path = "clients/kotlin.rs"]
mod kotlin;
#[path = "clients/orders.rs"]
mod orders;
#[path = "clients/swift.rs"]
mod swift;
#[path = "clients/table.rs"]
mod table;
