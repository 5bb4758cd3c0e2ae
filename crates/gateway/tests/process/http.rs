//! HTTP as it comes over a socket.

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use reqwest::{Client, Method, StatusCode};

use crate::server::{Server, register};

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
