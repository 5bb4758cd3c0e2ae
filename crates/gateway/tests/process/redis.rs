//! A Redis that changes, or is slow.

use std::{process::Command, time::Duration};

use genuine_gateway::challenge::Purpose;
use reqwest::StatusCode;

use crate::server::{Server, register};
use crate::{limits::refused, support::Redis};

/// Redis is asked while it is used: what it is set to then counts.
#[tokio::test(flavor = "multi_thread")]
async fn redis_that_begins_to_evict_makes_the_server_unready() {
    let Some(redis) = Redis::start("evicts") else { return };
    let server = Server::start(&redis.url(), &[]);
    let alice = server.client("alice");
    assert!(register(&alice).await);
    let ready = async || alice.http.get(format!("{}/ready", server.operator)).send().await.unwrap().status();
    assert_eq!(ready().await, StatusCode::OK);
    redis.operate(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).await;
    let mut noticed = false;
    for _ in 0..200 {
        noticed = ready().await == StatusCode::SERVICE_UNAVAILABLE;
        if noticed {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(noticed && !register(&server.client("bob")).await);
    server.signal("-TERM");
    let (_, log) = server.end();
    assert!(log.contains("Redis forgets when it is full"), "{log}");

    // Nor does one start on it.
    let mut command = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"));
    command.arg("--demo").env("GENUINE_GATEWAY_STORE", redis.url()).env("GENUINE_GATEWAY_LISTEN", "127.0.0.1:0");
    let text = refused(command.env("GENUINE_GATEWAY_OPERATOR_LISTEN", "127.0.0.1:0"));
    assert!(text.contains("maxmemory-policy noeviction"), "{text}");
}

/// Redis that takes longer than a second, and not as long as the application waits.
#[tokio::test(flavor = "multi_thread")]
async fn redis_may_take_as_long_as_the_application_waits() {
    let Some(redis) = Redis::start("slow") else { return };
    let server = Server::start(&redis.url(), &[]);
    let alice = server.client("alice");
    assert!(alice.challenge(Purpose::Attestation).await.unwrap().challenge().is_some());
    redis.operate(&["CLIENT", "PAUSE", "1500", "ALL"]).await;
    let answer = alice.challenge(Purpose::Attestation).await.unwrap();
    assert!(answer.challenge().is_some(), "{answer:?}");
}
