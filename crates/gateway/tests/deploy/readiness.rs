//! `--ready`, which is the health check of the container.

use std::{
    net::TcpListener,
    process::{Command, Output},
};

use crate::server::Server;

const TOKEN: &str = "an-operator-token-of-40-characters-0123";

/// `--ready` of the demonstration whose operator listens there: the exit code, and what it says.
fn asked(operator: &str, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"));
    command.args(["--demo", "--ready"]).env("GENUINE_GATEWAY_OPERATOR_LISTEN", operator.replace("http://", ""));
    let Output { status, stdout, stderr } = command.envs(settings.iter().copied()).output().unwrap();
    assert!(stdout.is_empty());
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_gateway_says_whether_it_is_ready() {
    let server = Server::start("memory", &[("GENUINE_GATEWAY_OPERATOR_TOKEN", TOKEN)]);
    let operator = server.operator.clone();
    assert_eq!(asked(&operator, &[("GENUINE_GATEWAY_OPERATOR_TOKEN", TOKEN)]), (Some(0), String::new()));
    // Without the token, and with another one, which the message does not repeat.
    let other = TOKEN.replace("operator", "unknown!");
    for settings in [&[][..], &[("GENUINE_GATEWAY_OPERATOR_TOKEN", &*other)]] {
        let (code, text) = asked(&operator, settings);
        assert_eq!(code, Some(1));
        assert!(text.contains("401") && !text.contains(&other), "{text}");
    }
    drop(server);
    let (code, text) = asked(&operator, &[]);
    assert_eq!((code, text.contains("nobody answers")), (Some(1), true), "{text}");
    let (code, text) = asked("127.0.0.1:0", &[]);
    assert_eq!((code, text.contains("names no port")), (Some(1), true), "{text}");
}

#[test]
fn a_gateway_without_its_store_is_not_ready() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Server::start(&format!("redis://{nobody}/"), &[]);
    let (code, text) = asked(&server.operator, &[]);
    assert_eq!((code, text.contains("503")), (Some(1), true), "{text}");
}
