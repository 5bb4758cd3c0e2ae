//! The server as a process: killed, stopped, read over real sockets.
#![allow(missing_docs)]

#[path = "../support/server.rs"]
mod server;
#[path = "../support/mod.rs"]
mod support;

mod http;
mod limits;
mod redis;
mod tls;
mod walkthrough;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::Duration,
};

use genuine_gateway::challenge::Purpose;
use reqwest::{Method, StatusCode};
use server::{Server, register};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_flight_is_finished_before_the_end() {
    let server = Server::start("memory", &[]);
    let mut alice = server.client("alice");
    assert!(register(&alice).await);
    let body = "x".repeat(200_000);
    let call = alice.sign(Method::POST, "/orders", &body, None);
    let address = server.app.strip_prefix("http://").unwrap().to_owned();
    let mut connection = TcpStream::connect(&address).unwrap();
    write!(
        connection,
        "POST /orders HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        call.authorization,
        body.len()
    )
    .unwrap();
    connection.write_all(&body.as_bytes()[..100_000]).unwrap();
    thread::sleep(Duration::from_millis(200));
    server.signal("-TERM");
    thread::sleep(Duration::from_millis(300));
    assert!(TcpStream::connect(&address).is_err(), "nobody new comes in");
    connection.write_all(&body.as_bytes()[100_000..]).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (code, log) = server.end();
    assert_eq!(code, Some(0), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_reaches_a_client_that_still_sends() {
    let server = Server::start("memory", &[]);
    let mut stranger = server.client("stranger");
    let call = stranger.sign(Method::POST, "/orders", &"x".repeat(900_000), None);
    for _ in 0..20 {
        assert_eq!(stranger.call(&call).await.unwrap().status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_why_and_gives_nothing_away() {
    let server = Server::start("memory", &[("RUST_LOG", "trace")]);
    let mut alice = server.client("alice");
    let answer = alice.challenge(Purpose::Attestation).await.unwrap();
    let challenge = answer.challenge().unwrap().to_owned();
    assert_eq!(alice.register(&challenge).await.unwrap().status, StatusCode::CREATED);
    assert_eq!(alice.register(&challenge).await.unwrap().status, StatusCode::CONFLICT);
    let call = alice.sign(Method::POST, "/orders?secret=in-the-query", "secret in the body", None);
    assert_eq!(alice.call(&call).await.unwrap().status, StatusCode::OK);
    assert_eq!(alice.call(&call).await.unwrap().status, StatusCode::UNAUTHORIZED);
    let registration = alice.registration(&challenge);
    let metrics = alice.http.get(format!("{}/metrics", server.operator)).send().await.unwrap().text().await.unwrap();
    server.signal("-TERM");
    let (_, log) = server.end();
    for reason in ["KeyAlreadyEnrolled", "CounterNotIncreased"] {
        assert!(log.contains(reason), "{log}");
    }
    let (key_id, assertion) =
        (call.authorization.split('"').nth(1).unwrap(), call.authorization.split('"').nth(3).unwrap());
    let attestation = registration["attestation"].as_str().unwrap();
    for secret in [&*challenge, key_id, assertion, attestation, "session of alice", "in-the-query", "in the body"] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
        assert!(!metrics.contains(secret), "{secret} is in the metrics:\n{metrics}");
    }
}
