//! What the files for Compose ask of gateway and Redis.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crate::{file, installed, support::Scratch};

/// The configuration of Compose is one, with the address of Redis from where its secrets are; and its rules are those that nginx names.
#[test]
fn the_configuration_of_compose_is_good() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/gateway.toml");
    let output = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"))
        .args(["--config", path, "--check"])
        .env("GENUINE_GATEWAY_STORE", "redis://:the-password-of-redis@redis:6379/0")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("redis://redis:6379") && !text.contains("the-password-of-redis"), "{text}");
    let nginx = include_str!("../../proxies/nginx.conf");
    let mut rules: Vec<_> =
        nginx.split("set $genuine_rule ").skip(1).filter_map(|rest| rest.split(';').next()).collect();
    let mut configured: Vec<_> = file("gateway.toml")
        .lines()
        .skip_while(|line| !line.starts_with("[[forward_auth]]"))
        .take_while(|line| !line.starts_with("[tokens]"))
        .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"').map(str::to_owned))
        .collect();
    rules.sort_unstable();
    configured.sort_unstable();
    assert_eq!(configured, rules);
}

/// A server that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What `compose.yaml` starts Redis with, but for its files and its port.
fn redis_arguments() -> Vec<String> {
    let compose = file("compose.yaml");
    let (_, command) = compose.split_once("command: [redis-server, /etc/redis/secret.conf, ").unwrap();
    let (command, _) = command.split_once(", --dir, /data]").unwrap();
    command.split(',').map(|word| word.trim().trim_matches('"').to_owned()).collect()
}

/// Whether the gateway takes a Redis that is started like this for a store to rely on.
fn is_relied_on(name: &str, arguments: &[String]) -> bool {
    let scratch = Scratch::new(&format!("compose-redis-{name}"));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--dir"]).arg(scratch.path()).args(arguments);
    let _redis = Running(command.stdout(Stdio::null()).spawn().unwrap());
    for _ in 0..200 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            break;
        }
        thread::sleep(Duration::from_millis(25));
    }
    let mut gateway = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"))
        .arg("--demo")
        .env("GENUINE_GATEWAY_LISTEN", "127.0.0.1:0")
        .env("GENUINE_GATEWAY_OPERATOR_LISTEN", "127.0.0.1:0")
        .env("GENUINE_GATEWAY_STORE", format!("redis://127.0.0.1:{port}/"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map(Running)
        .unwrap();
    // The first line says where it listens; one that ends says nothing.
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(gateway.0.stdout.take().unwrap()), &mut line).unwrap();
    line.starts_with("apps:")
}

#[test]
fn the_redis_of_compose_is_one_that_the_gateway_relies_on() {
    if !installed("redis-server") {
        return;
    }
    let arguments = redis_arguments();
    assert!(is_relied_on("as-written", &arguments));
    for (name, from, to) in [("everysec", "always", "everysec"), ("evicting", "noeviction", "allkeys-lru")] {
        let changed: Vec<_> =
            arguments.iter().map(|word| if word == from { to.to_owned() } else { word.clone() }).collect();
        assert_ne!(changed, arguments);
        assert!(!is_relied_on(name, &changed), "{name}");
    }
}

/// What Compose mounts is here, and what it starts Prometheus and Grafana with.
#[test]
fn what_compose_mounts_is_here() {
    let compose = file("compose.yaml");
    let mounts: Vec<_> =
        compose.lines().filter_map(|line| line.trim().strip_prefix("- ./")?.strip_suffix(":ro")).collect();
    assert!(mounts.len() > 5);
    for mount in mounts {
        let (path, _) = mount.split_once(':').unwrap();
        let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(path);
        assert!(path.starts_with("secrets/") || here.exists(), "{path}");
    }
}
