//! Floods from 2,000 addresses, and an honest app in the middle of them.
#![allow(missing_docs)]

#[path = "support/server.rs"]
mod server;
mod support;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::{Method, StatusCode};
use server::{Server, register};
use support::{APPLICATION, device};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
    task::JoinSet,
};

/// Addresses that attack: of loopback, which is one network of 2^24.
const ADDRESSES: u32 = 2000;
/// How many attack at a time: of those who are answered, and of those who wait for nothing.
const ANSWERED: usize = 24;
const IDLE: usize = 150;
/// How long an attacker waits for an answer, and for one that never comes.
const ANSWER: Duration = Duration::from_secs(5);
const NONE: Duration = Duration::from_millis(300);
/// Requests of the honest app while they do.
const HONEST: usize = 100;

/// Sends this from one of the addresses, reads the beginning of an answer, and says whether there was one.
async fn send_from(number: u32, server: SocketAddr, request: &[u8], patience: Duration) -> bool {
    let [.., high, low] = (number % ADDRESSES).to_be_bytes();
    let source = SocketAddr::from((Ipv4Addr::new(127, 7, high, low.max(1)), 0));
    let attack = async {
        let socket = TcpSocket::new_v4().ok()?;
        socket.bind(source).ok()?;
        let mut stream = socket.connect(server).await.ok()?;
        stream.write_all(request).await.ok()?;
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.ok()
    };
    tokio::time::timeout(patience, attack).await.is_ok_and(|status| status.is_some())
}

/// An honest app sends its requests, one after the other, while all addresses send what `request` makes: how many of its requests
/// passed, and how many attacks were answered.
async fn withstand(
    attackers_at_a_time: usize,
    patience: Duration,
    request: impl Fn(u32) -> Vec<u8> + Send + Sync + 'static,
) -> (usize, usize) {
    let server = Server::start("memory", &[]);
    let mut alice = server.client("alice");
    assert!(register(&alice).await);
    let address: SocketAddr = server.app.trim_start_matches("http://").parse().unwrap();
    let (stop, next, answered) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)), Arc::new(AtomicUsize::new(0)));
    let request = Arc::new(request);
    let mut attackers = JoinSet::new();
    for _ in 0..attackers_at_a_time {
        let (stop, next, answered, request) =
            (Arc::clone(&stop), Arc::clone(&next), Arc::clone(&answered), Arc::clone(&request));
        attackers.spawn(async move {
            while !stop.load(Ordering::SeqCst) {
                let number = next.fetch_add(1, Ordering::SeqCst);
                let was = send_from(number, address, &request(number), patience).await;
                answered.fetch_add(usize::from(was), Ordering::SeqCst);
            }
        });
    }
    // Every address has attacked once before the honest app is looked at.
    while next.load(Ordering::SeqCst) < ADDRESSES {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut passed = 0;
    for _ in 0..HONEST {
        let call = alice.sign(Method::POST, "/orders", "honest", None);
        passed += usize::from(alice.call(&call).await.is_ok_and(|answer| answer.status == StatusCode::OK));
    }
    stop.store(true, Ordering::SeqCst);
    attackers.join_all().await;
    (passed, answered.load(Ordering::SeqCst))
}

fn post(path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n{body}").into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn challenges_that_nobody_uses_keep_nobody_out() {
    let body = format!("{{\"application\":\"{APPLICATION}\",\"purpose\":\"attestation\"}}");
    let (passed, answered) =
        withstand(ANSWERED, ANSWER, move |_| post("/challenges", "Content-Type: application/json\r\n", &body)).await;
    assert!(passed * 100 >= HONEST * 99 && answered > 1000, "{passed} of {HONEST}, {answered} attacks");
}

/// In the name of the honest app: its key is known, its counter is not, and the signature is another's.
#[tokio::test(flavor = "multi_thread")]
async fn forged_assertions_of_a_known_key_keep_nobody_out() {
    let mut mallory = device("mallory");
    let assertion = support::assert(&mut mallory, "POST", "/orders", b"forged", None);
    let key = BASE64_STANDARD.encode(device("alice").key_id());
    let header = format!("X-App-Attest: key_id={key}; assertion={}\r\n", BASE64_STANDARD.encode(assertion));
    let (passed, answered) = withstand(ANSWERED, ANSWER, move |_| post("/orders", &header, "forged")).await;
    assert!(passed * 100 >= HONEST * 99 && answered > 1000, "{passed} of {HONEST}, {answered} attacks");
}

/// Bodies as large as the limit, of which the rest never comes, in the name of the honest app.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_do_not_end_keep_nobody_out() {
    let mut mallory = device("mallory");
    let assertion = support::assert(&mut mallory, "POST", "/orders", b"forged", None);
    let key = BASE64_STANDARD.encode(device("alice").key_id());
    let header = format!("X-App-Attest: key_id={key}; assertion={}\r\n", BASE64_STANDARD.encode(assertion));
    let part = "x".repeat(60_000);
    let (passed, _) = withstand(IDLE, NONE, move |_| {
        format!("POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n{header}\r\n{part}")
            .into_bytes()
    })
    .await;
    assert!(passed * 100 >= HONEST * 99, "{passed} of {HONEST}");
}

/// Connections that say nothing, and are given up after a while.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_say_nothing_keep_nobody_out() {
    let (passed, _) = withstand(IDLE, NONE, |_| b"GET /orders HTTP/1.1\r\nHost: local".to_vec()).await;
    assert!(passed * 100 >= HONEST * 99, "{passed} of {HONEST}");
}
