//! The server as a process: killed, stopped, read over real sockets.
#![allow(missing_docs)]

#[path = "support/server.rs"]
mod server;
mod support;

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
    sync::Arc,
    thread::{self},
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine_gateway::challenge::Purpose;
use reqwest::{Client, Method, StatusCode};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    version::{TLS12, TLS13},
};
use server::{Server, register};
use support::{Redis, Scratch};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

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

#[test]
fn what_is_no_http_ends_its_own_connection_only() {
    let server = Server::start("memory", &[]);
    let address = server.app.strip_prefix("http://").unwrap().to_owned();
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: x\r\n".repeat(500));
    let cases: [(&[u8], &[&str]); 8] = [
        (b"\x16\x03\x01\x02\x00\x01", &["400"]),
        (b"nonsense\r\n\r\n", &["400"]),
        (b"GET / HTTP/9.9\r\n\r\n", &["400"]),
        (b"GET / HTTP/1.1\r\nX\x00: y\r\n\r\n", &["400"]),
        (b"POST /challenges HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nxxxxxx", &["400"]),
        (b"POST /challenges HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\nConnection: close\r\n\r\n0\r\n\r\n", &["400", "415"]),
        (long.as_bytes(), &["431"]),
        (many.as_bytes(), &["431"]),
    ];
    for (number, (sent, expected)) in cases.into_iter().enumerate() {
        let mut connection = TcpStream::connect(&address).unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
        // The server may have answered and closed before all is sent.
        let _ = connection.write_all(sent);
        let mut answer = Vec::new();
        let _ = connection.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(expected.contains(&status), "case {number}: {answer}");
    }
    let mut other = TcpStream::connect(&address).unwrap();
    other.write_all(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    other.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Whoever does not come to the point is cut off, on either listener, and everybody else is served meanwhile.
#[test]
fn silent_connections_are_closed() {
    let server = Server::start("memory", &[]);
    let mut waiting = Vec::new();
    for listener in [&server.app, &server.operator] {
        let address = listener.strip_prefix("http://").unwrap().to_owned();
        for sent in
            [&b""[..], b"GET /openapi.json HTTP/1.1\r\nX: ", b"PRI * HTTP/2.0\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
        {
            let mut connection = TcpStream::connect(&address).unwrap();
            waiting.push(thread::spawn(move || {
                connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
                connection.write_all(sent).unwrap();
                let start = Instant::now();
                let mut answer = Vec::new();
                let ended = connection.read_to_end(&mut answer);
                assert!(
                    ended.is_ok() || ended.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset),
                    "{sent:?}"
                );
                assert!(start.elapsed() < Duration::from_secs(20), "{sent:?}: {:?}", start.elapsed());
                assert!(!answer.starts_with(b"HTTP/1.1 200"), "{sent:?}");
            }));
        }
    }
    for connection in waiting {
        connection.join().unwrap();
    }
}

/// Nobody reads the log: requests are served all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_takes_stops_nothing() {
    for closed in [true, false] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"));
        command.arg("--demo").env("GENUINE_GATEWAY_LISTEN", "127.0.0.1:0").env("GENUINE_GATEWAY_STORE", "memory");
        command.env("GENUINE_GATEWAY_OPERATOR_LISTEN", "127.0.0.1:0").stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let app = lines.next().unwrap().unwrap().split_once(':').unwrap().1.trim().to_owned();
        let errors = process.stderr.take();
        let errors = if closed {
            drop(errors);
            None
        } else {
            errors
        };
        let http = Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
        let answered = async {
            for _ in 0..2000 {
                let answer = http.get(format!("{app}/nothing")).send().await.unwrap();
                assert_eq!(answer.status(), StatusCode::NOT_FOUND);
            }
        };
        answered.await;
        drop(errors);
        process.kill().unwrap();
        process.wait().unwrap();
    }
}

/// A TLS client that trusts this certificate and speaks this version only.
async fn get_over_tls(
    address: &str,
    certificate: &rcgen::CertifiedKey<rcgen::KeyPair>,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let connection = tokio::net::TcpStream::connect(address).await?;
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect("localhost".try_into().unwrap(), connection).await?;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    stream.write_all(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    // Some servers close without saying so.
    let _ = stream.read_to_end(&mut answer).await;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn r18_tls_is_spoken_in_1_2_and_1_3() {
    let scratch = Scratch::new("tls");
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let path = |name: &str| scratch.path().join(name).display().to_string();
    std::fs::write(path("chain.pem"), certificate.cert.pem()).unwrap();
    std::fs::write(path("key.pem"), certificate.signing_key.serialize_pem()).unwrap();
    let settings =
        [("GENUINE_GATEWAY_TLS_CERTIFICATE", &*path("chain.pem")), ("GENUINE_GATEWAY_TLS_KEY", &*path("key.pem"))];
    let server = Server::start("memory", &settings);
    let address = server.app.strip_prefix("https://").unwrap();
    for version in [&TLS12, &TLS13] {
        let answer = get_over_tls(address, &certificate, version).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    // Plain text and half a handshake end their own connection; the next one is served.
    let mut plain = TcpStream::connect(address).unwrap();
    plain.write_all(b"GET /openapi.json HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    let mut half = TcpStream::connect(address).unwrap();
    half.write_all(b"\x16\x03\x01\x02\x00\x01\x00").unwrap();
    assert!(get_over_tls(address, &certificate, &TLS13).await.unwrap().starts_with("HTTP/1.1 200"));
}

/// A new certificate is used from the hang-up on; one that cannot be read is not, and ends nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_at_a_hang_up() {
    let scratch = Scratch::new("renewed");
    let path = |name: &str| scratch.path().join(name).display().to_string();
    let issue = || {
        let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(path("chain.pem"), certificate.cert.pem()).unwrap();
        std::fs::write(path("key.pem"), certificate.signing_key.serialize_pem()).unwrap();
        certificate
    };
    let first = issue();
    let settings =
        [("GENUINE_GATEWAY_TLS_CERTIFICATE", &*path("chain.pem")), ("GENUINE_GATEWAY_TLS_KEY", &*path("key.pem"))];
    let server = Server::start("memory", &settings);
    let address = server.app.strip_prefix("https://").unwrap().to_owned();
    get_over_tls(&address, &first, &TLS13).await.unwrap();

    let second = issue();
    assert!(get_over_tls(&address, &second, &TLS13).await.is_err(), "nobody has said so yet");
    server.signal("-HUP");
    let mut renewed = false;
    for _ in 0..100 {
        renewed = get_over_tls(&address, &second, &TLS13).await.is_ok();
        if renewed {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(renewed && get_over_tls(&address, &first, &TLS13).await.is_err());

    // The key of another certificate.
    std::fs::write(path("key.pem"), first.signing_key.serialize_pem()).unwrap();
    server.signal("-HUP");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(get_over_tls(&address, &second, &TLS13).await.unwrap().starts_with("HTTP/1.1 200"));
    server.signal("-TERM");
    let (code, log) = server.end();
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(log.matches("the certificate was read again").count(), 1, "{log}");
    assert_eq!(log.matches("the certificate stays as it was: tls:").count(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hang_up_without_a_certificate_changes_nothing() {
    let server = Server::start("memory", &[]);
    server.signal("-HUP");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(register(&server.client("alice")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_logged_with_the_device() {
    let server = Server::start("memory", &[]);
    let alice = server.client("alice");
    assert!(register(&alice).await);
    let key_id = BASE64_URL_SAFE_NO_PAD.encode(alice.device.key_id());
    for (key_id, status) in [(&*key_id, StatusCode::NO_CONTENT), (&"A".repeat(43), StatusCode::NOT_FOUND)] {
        let url = format!("{}/devices/{key_id}/revocation", server.operator);
        assert_eq!(
            alice
                .http
                .put(url)
                .header("idempotency-key", support::idempotency_key_of_now())
                .send()
                .await
                .unwrap()
                .status(),
            status
        );
    }
    server.signal("-TERM");
    let (_, log) = server.end();
    let revoked: Vec<_> = log.lines().filter(|line| line.contains("revoked")).collect();
    assert!(revoked.len() == 1 && revoked[0].contains(&key_id), "{log}");
}

/// The statuses of what is answered on one connection until the server closes it.
fn statuses(address: &str, sent: &str, piece: usize) -> Vec<String> {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(9))).unwrap();
    connection.set_nodelay(true).unwrap();
    for piece in sent.as_bytes().chunks(piece) {
        // Whoever is refused may be cut off.
        let _ = connection.write_all(piece);
    }
    let mut answers = Vec::new();
    let ended = connection.read_to_end(&mut answers).map_err(|error| error.kind());
    assert!(matches!(ended, Ok(_) | Err(ErrorKind::ConnectionReset)), "{ended:?}");
    let answers = String::from_utf8(answers).unwrap();
    answers.match_indices("HTTP/1.1 ").map(|(at, _)| answers[at + 9..at + 12].to_owned()).collect()
}

/// hyper drops a fragment before anybody sees it: a request would arrive that is not the one that was sent.
#[test]
fn a_fragment_in_a_target_is_refused() {
    let server = Server::start("memory", &[]);
    let mut alice = server.client("alice");
    assert!(tokio::runtime::Runtime::new().unwrap().block_on(register(&alice)));
    let address = server.app.strip_prefix("http://").unwrap();
    // What else has a number sign in it passes: a header, and a body, of either kind, that looks like a request.
    let body = "\r\n\r\nGET /openapi.json#x HTTP/1.1\r\n\r\n";
    let mut order = |rest: &str| {
        let call = alice.sign(Method::POST, "/orders?item=7", body, None);
        format!("POST /orders?item=7 HTTP/1.1\r\nHost: x#y\r\nAuthorization: {}\r\n{rest}", call.authorization)
    };
    let sized = order(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    let good = "\r\nGET /openapi.json?x HTTP/1.1\r\nHost: x\r\n\r\n";
    for target in ["/openapi.json#", "/openapi.json?x#y", "/#/openapi.json", "http://x/openapi.json#y"] {
        let bad = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        let before: [&[&str]; 3] = [&[], &[good, good], &[&sized, good]];
        // Orders count once: they come with the first target.
        let cases = if target == "/openapi.json#" { 3 } else { 2 };
        for before in &before[..cases] {
            // In pieces of a few octets, so that each boundary lies everywhere.
            let answers = statuses(address, &(before.concat() + &bad), before.len() * 61 + 5);
            let expected: Vec<_> = before.iter().map(|_| "200").chain(["400"]).collect();
            assert_eq!(answers, expected, "{target} after {} requests", before.len());
        }
    }
}

/// Where a chunked request ends is hyper's to say. So whatever comes after it is answered by nobody, however it ends.
#[test]
fn a_chunked_request_is_the_last_one_of_its_connection() {
    let server = Server::start("memory", &[]);
    let mut alice = server.client("alice");
    assert!(tokio::runtime::Runtime::new().unwrap().block_on(register(&alice)));
    let address = server.app.strip_prefix("http://").unwrap();
    let mut order = |field: &str, body: &str, sent: &str| {
        let call = alice.sign(Method::POST, "/orders?item=7", body, None);
        let authorization = call.authorization;
        format!("POST /orders?item=7 HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n{field}\r\n\r\n{sent}")
    };
    let body = "\r\n\r\nGET /openapi.json#x HTTP/1.1\r\n\r\n";
    let chunks = format!("7;a#b\r\n{}\r\n{:X}\r\n{}\r\n", &body[..7], body.len() - 7, &body[7..]);
    for (body, sent, whole) in [
        (body, format!("{chunks}0\r\nX: #\r\n\r\n"), true),
        ("", "0\r\n\r\n".to_owned(), true),
        ("a#b", "00000000000000003\r\na#b\r\n0\r\n\r\n".to_owned(), false),
        ("a#b", "3\r\na#b\r\n00000000000000000\r\n\r\n".to_owned(), false),
        ("a#b", "3\r\na#b\r\n0\r\n\n".to_owned(), false),
        ("a#b", "3\r\na#b\r\n0\r\nX: y\n\r\n".to_owned(), false),
    ] {
        let chunked = order("Transfer-Encoding: chunked", body, &sent);
        for next in [
            "GET /orders?x#frag HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
            "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
            order("Content-Length: 5", "ab#cd", "ab#cd"),
        ] {
            // The same order again is a replay, and just as much the last.
            let answers = statuses(address, &(chunked.clone() + &next), 4096);
            assert_eq!(answers.len(), 1, "{sent:?} before {next:?}: {answers:?}");
        }
        if whole {
            let chunked = order("Transfer-Encoding: chunked", body, &sent);
            assert_eq!(statuses(address, &chunked, 3), ["200"], "{sent:?}");
        }
    }
}

#[test]
fn what_is_announced_as_too_large_is_not_waited_for() {
    let server = Server::start("memory", &[]);
    let mut alice = server.client("alice");
    assert!(tokio::runtime::Runtime::new().unwrap().block_on(register(&alice)));
    let call = alice.sign(Method::POST, "/orders", "", None);
    let json = "Content-Type: application/json".to_owned();
    let authorization = format!("Authorization: {}", call.authorization);
    for (path, header, length) in [("/challenges", json, 40_000), ("/orders", authorization, (1 << 20) + 1)] {
        let mut connection = TcpStream::connect(server.app.strip_prefix("http://").unwrap()).unwrap();
        // A body that is waited for times out after ten seconds, with 408.
        connection.set_read_timeout(Some(Duration::from_secs(9))).unwrap();
        write!(connection, "POST {path} HTTP/1.1\r\nHost: x\r\n{header}\r\nContent-Length: {length}\r\n\r\n").unwrap();
        let mut status = [0; 12];
        connection.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 413", "{path}");
    }
}

/// Runs what ends by itself, as its start is refused: what it says of that.
fn refused(command: &mut Command) -> String {
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut ended = None;
    for _ in 0..200 {
        ended = process.try_wait().unwrap();
        if ended.is_some() {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    let _ = process.kill();
    let output = process.wait_with_output().unwrap();
    assert_eq!(ended.map(|status| status.success()), Some(false), "it started");
    String::from_utf8(output.stderr).unwrap()
}

/// Runs the demonstration under a limit on file descriptors.
fn limited(limit: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit {limit} && exec \"$0\" --demo"), env!("CARGO_BIN_EXE_genuine-gateway")]);
    command.env("GENUINE_GATEWAY_LISTEN", "127.0.0.1:0").env("GENUINE_GATEWAY_OPERATOR_LISTEN", "127.0.0.1:0");
    command.env("GENUINE_GATEWAY_STORE", "memory");
    command
}

#[test]
fn descriptors_are_raised_or_the_start_is_refused() {
    let server = Server::run(&mut limited("-Sn 300"));
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.process.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let soft: u64 = line.split_whitespace().nth(3).unwrap().parse().unwrap();
    assert!(soft >= 4096 + 256, "{line}");

    let text = refused(&mut limited("-n 4351"));
    assert!(text.contains("4096 connections take 4352 file descriptors, and this process may have 4351"), "{text}");
}

/// Somebody lowers the limit while the server runs, and connections take what is left of it.
#[tokio::test(flavor = "multi_thread")]
async fn the_operator_is_answered_when_descriptors_run_out() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    genuine_gateway::descriptors::make_room(1000).unwrap();
    let server = Server::start("memory", &[]);
    let lowered = Rlimit { current: Some(300), maximum: Some(300) };
    prlimit(Pid::from_raw(server.process.id().try_into().unwrap()), Resource::Nofile, lowered).unwrap();
    let address = server.app.strip_prefix("http://").unwrap();
    let connections: Vec<_> = (0..400).map(|_| TcpStream::connect(address).unwrap()).collect();
    // Connections that say nothing are closed after ten seconds.
    let http = Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
    for _ in 0..3 {
        let answer = http.get(format!("{}/health", server.operator)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
    drop(connections);
}

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

#[test]
fn connections_are_bounded() {
    let scratch = Scratch::new("connections");
    let path = scratch.path().join("server.toml");
    let file = "listen = \"127.0.0.1:0\"\noperator_listen = \"127.0.0.1:0\"\nstore = { kind = \"memory\" }\n\
        limits = { connections = 3 }\n[[applications]]\nname = \"shop\"\napp_ids = [\"ABCDE12345.com.example.shop\"]\n";
    std::fs::write(&path, file).unwrap();
    let server = Server::run(Command::new(env!("CARGO_BIN_EXE_genuine-gateway")).arg("--config").arg(&path));
    let address = server.app.strip_prefix("http://").unwrap();
    let get = |connection: &mut TcpStream| {
        let _ = connection.write_all(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n");
        let mut status = [0; 12];
        connection.read_exact(&mut status).is_ok() && status == *b"HTTP/1.1 200"
    };
    let mut connections: Vec<_> = (0..3).map(|_| TcpStream::connect(address).unwrap()).collect();
    assert!(connections.iter_mut().all(get));
    assert!(!get(&mut TcpStream::connect(address).unwrap()), "a fourth one is closed");
    drop(connections);
    let again = (0..100).any(|_| {
        thread::sleep(Duration::from_millis(20));
        get(&mut TcpStream::connect(address).unwrap())
    });
    assert!(again, "there is room again");
}

/// Runs the fleet for a second: its exit code, and what it printed.
fn fleet(server: &Server) -> (Option<i32>, String) {
    let arguments = ["--server", &server.app, "--operator", &server.operator, "--devices", "4", "--seconds", "1"];
    let output = Command::new(env!("CARGO_BIN_EXE_fleet")).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_fleet_finds_nothing_wrong_and_would() {
    let (code, table) = fleet(&Server::start("memory", &[]));
    assert_eq!(code, Some(0), "{table}");
    for line in [
        "order, replayed",
        "payment, stolen challenge",
        "registration, forged",
        "Android: another nonce",
        "Android: basket, locked",
        "Android: basket, replayed",
        "4 devices, 2 of them phones with Android,",
        "wrong answers: 0",
    ] {
        assert!(table.contains(line), "{table}");
    }
    // A server that refuses what is good.
    let (code, table) = fleet(&Server::start("memory", &[("GENUINE_GATEWAY_DEVICE_PER_MINUTE", "1")]));
    assert_eq!(code, Some(1), "{table}");
    assert!(table.contains("WRONG order: 429"), "{table}");
}

#[test]
fn the_readme_can_be_followed() {
    let installed = |program: &str| {
        let found = Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok();
        assert!(found || std::env::var_os("CI").is_none(), "{program} is not installed");
        if !found {
            eprintln!("NOTICE: {program} is not installed; the walk-through is left out there");
        }
        found
    };
    if !installed("curl") {
        return;
    }
    let readme = include_str!("../README.md");
    let blocks = |language: &str| -> Vec<&str> {
        readme.split("```").filter_map(|block| block.strip_prefix(language)).collect()
    };
    // What is to be typed into one shell, and what it prints: with curl, and then with session tokens.
    let all = |language: &str, part: &str| -> Vec<&str> {
        blocks(language).into_iter().filter(|block| block.contains(part)).collect()
    };
    let (scripts, expected) = (all("sh\n", "$headers"), all("text\n", "\"application\":\"demo\""));
    assert_eq!((scripts.len(), expected.len()), (5, 5));
    let (script, expected) = (scripts.concat(), expected.concat());
    for shell in ["bash", "zsh"] {
        if !installed(shell) {
            continue;
        }
        let server = Server::start("memory", &[]);
        let built = env!("CARGO_BIN_EXE_device");
        let script = script
            .replace("cargo run --quiet --release -p genuine-gateway --features demo --bin device --", built)
            .replace("localhost:8080", server.app.strip_prefix("http://").unwrap())
            // What the client calls the service, which is what it signs, is in the configuration.
            .replace(&server.app.replace("http://", "https://"), "https://localhost:8080");
        assert!(script.contains(built) && !script.contains('#'), "comments are errors at the prompt of zsh");
        let output = Command::new(shell).args(["-euo", "pipefail", "-c", &script]).output().unwrap();
        let (printed, complaints) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned());
        assert!(output.status.success(), "{shell}: {printed}{complaints}");
        let without_device = |line: &str| match line.split_once("\"device\":\"") {
            None => line.to_owned(),
            Some((before, _)) => format!("{before}\"device\":\"…\"}}"),
        };
        let without_id = |line: String| match line.split_once("\"request_id\":\"") {
            None => line,
            Some((before, after)) => format!("{before}\"request_id\":\"…\"{}", after.split_once('"').unwrap().1),
        };
        let lines = |text: &str| text.trim().lines().map(without_device).map(without_id).collect::<Vec<_>>();
        assert_eq!(lines(&printed), lines(&expected), "{shell}");
    }
}
