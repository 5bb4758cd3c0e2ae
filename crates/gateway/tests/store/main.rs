//! The stores: the laws that each of them keeps, and what is particular to one.
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod memory;
mod postgres;
mod redb;
mod redis;
mod redis_cluster;
mod redis_pages;
mod redis_sentinel;

/// An address at which connections are taken and nothing is ever answered.
fn silent() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}/", listener.local_addr().unwrap());
    (listener, url)
}

/// Each store is held to the same laws: the macro makes a test of each.
#[test]
fn r24_each_store_is_held_to_the_same_laws() {
    let stores =
        [include_str!("memory.rs"), include_str!("redb.rs"), include_str!("redis.rs"), include_str!("postgres.rs")];
    assert!(stores.iter().all(|store| store.contains("genuine_gateway::store_laws!(empty);")));
}
