//! The pages that are to be typed: `docs/quickstart.md`, in bash and zsh, and what `docs/backup.md` says of Redis.

use std::{fs, net::TcpListener, process::Command};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::StatusCode;

use crate::{
    installed,
    server::{Server, register},
    support::{Redis, Scratch},
};

/// What stands between fences of a language.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    page.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix(language)).collect()
}

#[test]
fn the_quickstart_can_be_followed() {
    let page = include_str!("../../docs/quickstart.md");
    let (scripts, expected) = (blocks(page, "sh\n"), blocks(page, "text\n").concat());
    assert_eq!(scripts.len(), 5, "the gateway, nginx, and three walks");
    assert!(scripts[0].starts_with("GENUINE_GATEWAY_STORE=memory cargo run ") && scripts[0].ends_with("-- --demo\n"));
    let script = scripts[1..].concat();
    if !["curl", "openssl", "nginx"].into_iter().all(installed) {
        return;
    }
    for shell in ["bash", "zsh"].into_iter().filter(|shell| installed(shell)) {
        let server = Server::start("memory", &[]);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (device, host) = (env!("CARGO_BIN_EXE_device"), |url: &str| url.replace("http://", ""));
        let script = script
            .replace("cargo run --quiet --release -p genuine-gateway --features demo --bin device --", device)
            .replace("127.0.0.1:8080", &host(&server.app))
            .replace("localhost:8081", &host(&server.operator))
            .replace(":8443", &format!(":{port}"));
        assert!(script.contains(device) && !script.contains('#'), "comments are errors at the prompt of zsh");
        let output = Command::new(shell).args(["-euo", "pipefail", "-c", &script]).output().unwrap();
        let (printed, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{shell}: {printed}{complaints}");
        assert_eq!(printed, expected, "{shell}: {complaints}");
    }
}

/// A device that registered before the backup is known afterwards, on an empty Redis; one that registered later is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_redis_can_be_restored() {
    let Some(mut redis) = Redis::start("backup") else { return };
    if !installed("redis-cli") {
        return;
    }
    let page = include_str!("../../docs/backup.md");
    let (_, part) = page.split_once("\n## Redis\n").unwrap();
    let (part, _) = part.split_once("\n## ").unwrap();
    let [backup, restore] = blocks(part, "sh\n").try_into().unwrap();
    let scratch = Scratch::new("backup");
    let run = |script: &str, port: u16, data: &std::path::Path| {
        let mut shell = Command::new("bash");
        shell.args(["-euo", "pipefail", "-c", script]).env("port", port.to_string()).env("backup", scratch.path());
        let output = shell.env("data", data).current_dir(scratch.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let known = async |server: &Server, device: &[u8; 32]| {
        let path = format!("{}/devices/{}", server.operator, BASE64_URL_SAFE_NO_PAD.encode(device));
        reqwest::get(path).await.unwrap().status() == StatusCode::OK
    };
    let server = Server::start(&redis.url(), &[]);
    let (early, late) = (server.client("early"), server.client("late"));
    assert!(register(&early).await);
    run(backup, redis.port(), redis.directory());
    assert!(register(&late).await);
    assert!(known(&server, &late.device.key_id()).await);
    drop(server);
    redis.kill();
    fs::remove_dir_all(redis.directory()).unwrap();
    fs::create_dir(redis.directory()).unwrap();
    run(restore, redis.port(), redis.directory());
    redis.run();
    let server = Server::start(&redis.url(), &[]);
    assert!(known(&server, &early.device.key_id()).await, "what was in the backup");
    assert!(!known(&server, &late.device.key_id()).await, "what was not");
}
