//! The stores: the laws that each of them keeps, and what is particular to one.
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod memory;
mod postgres;
mod redb;
mod redis;

/// An address at which connections are taken and nothing is ever answered.
fn silent() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}/", listener.local_addr().unwrap());
    (listener, url)
}
