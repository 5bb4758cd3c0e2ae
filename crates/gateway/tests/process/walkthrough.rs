//! The fleet, and the README typed into shells.

use std::process::{Command, Stdio};

use crate::server::Server;

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
        "attested: another one's chain",
        "attested: order, replayed",
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
    let readme = include_str!("../../README.md");
    let blocks = |language: &str| -> Vec<&str> {
        readme.split("```").filter_map(|block| block.strip_prefix(language)).collect()
    };
    // What is to be typed into one shell, and what it prints: with curl, and then with session tokens.
    let all = |language: &str, part: &str| -> Vec<&str> {
        blocks(language).into_iter().filter(|block| block.contains(part)).collect()
    };
    let (scripts, expected) = (all("sh\n", "$headers"), all("text\n", "\"application\":\"demo\""));
    assert_eq!((scripts.len(), expected.len()), (6, 6));
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
