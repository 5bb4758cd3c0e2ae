//! Descriptors and connections.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use reqwest::{Client, StatusCode};

use crate::server::Server;
use crate::support::Scratch;

/// Runs what ends by itself, as its start is refused: what it says of that.
pub(super) fn refused(command: &mut Command) -> String {
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
