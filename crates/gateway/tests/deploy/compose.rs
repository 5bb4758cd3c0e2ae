//! What the files for Compose ask of gateway and Redis.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use genuine_gateway::{
    config::{Config, Role},
    gate::sha256,
};

use crate::{file, installed, support::Scratch};

/// What docs/deploy.md makes the secrets with, without the certificate of a web server and without root.
fn make_secrets(directory: &Path) {
    for name in ["gateway.toml", "chain.pem", "key.pem"] {
        let text = if name == "gateway.toml" { file(name) } else { String::new() };
        fs::write(directory.join(name), text).unwrap();
    }
    let page = include_str!("../../docs/deploy.md");
    let script = page.split("```sh\n").find(|block| block.starts_with("cd crates/gateway/deploy\n")).unwrap();
    let script = script.split("```").next().unwrap();
    let kept =
        script.lines().filter(|line| !["cd ", "cp ", "chown ", "docker "].iter().any(|word| line.starts_with(word)));
    let script = kept.collect::<Vec<_>>().join("\n");
    let output = Command::new("sh").args(["-euc", &script]).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// `--check` of a configuration, with the address of Redis from where its secrets are.
fn checked(path: &Path) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"))
        .arg("--config")
        .arg(path)
        .arg("--check")
        .env("GENUINE_GATEWAY_STORE", "redis://:the-password-of-redis@redis:6379/0")
        // The volume that it is in is the container's.
        .env("GENUINE_GATEWAY_AUDIT", path.with_file_name("audit.jsonl"))
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

/// Nobody is an operator by being in the network that Grafana and the service are in too. As it is committed the configuration is none.
#[test]
fn the_operators_of_compose_show_tokens() {
    if !installed("openssl") {
        return;
    }
    let scratch = Scratch::new("compose-secrets");
    make_secrets(scratch.path());
    let secret = |name: &str| fs::read_to_string(scratch.path().join("secrets").join(name)).unwrap();
    let (is_good, text) = checked(&scratch.path().join("gateway.toml"));
    assert!(!is_good, "{text}");
    for name in ["admin", "monitor"] {
        assert!(text.contains(&format!("operators: token_sha256 of \"{name}\" has 64")), "{text}");
    }
    let config = Config::read(Some(&secret("gateway.toml"))).unwrap();
    assert!(config.has_operators() && config.operator_listen.ip().is_loopback());
    assert_eq!(config.audit.unwrap().parent(), Some(Path::new("/var/lib/genuine")), "in a volume");
    let operators: Vec<_> = config.operators.iter().map(|one| (&*one.name, one.role, one.token())).collect();
    let hash = |name: &str| Some(sha256(secret(name).as_bytes()));
    assert_eq!(
        operators,
        [("admin", Role::Admin, hash("admin-token")), ("monitor", Role::Monitor, hash("monitor-token"))]
    );
    // Whoever asks by machine is the monitor.
    let ready = format!("GENUINE_GATEWAY_READY_TOKEN={}", secret("monitor-token"));
    assert!(secret("store").lines().any(|line| line == ready));
    let (compose, prometheus) = (file("compose.yaml"), file("prometheus/prometheus.yml"));
    for mount in
        ["secrets/gateway.toml:/etc/genuine/gateway.toml:ro", "secrets/monitor-token:/run/secrets/monitor-token:ro"]
    {
        assert_eq!(compose.matches(&format!("- ./{mount}\n")).count(), 1, "{mount}");
    }
    assert_eq!(compose.matches("admin-token").count(), 0);
    assert!(prometheus.contains("authorization: { credentials_file: /run/secrets/monitor-token }"));
}

/// What the build is given has no secret: a file that anybody makes beside Compose does not end in a layer.
#[test]
fn no_secret_is_copied_into_the_build() {
    let ignored = file("Dockerfile.dockerignore");
    let patterns: Vec<_> = ignored.lines().filter(|line| !line.starts_with('#')).collect();
    for pattern in ["**/secrets", "**/*.pem", "**/*.key"] {
        assert!(patterns.contains(&pattern), "{pattern}");
    }
    // Later lines count more: nothing is let in again but the root of the test vectors, which is public.
    let again: Vec<_> = patterns.iter().filter(|pattern| pattern.starts_with('!')).collect();
    assert_eq!(again, [&"!testvectors/vectors/root.pem"]);
    for line in file("compose.yaml").lines().filter(|line| line.contains("secret") && line.contains("- ./")) {
        assert!(line.contains("- ./secrets/"), "{line}");
    }
}

/// The exit code that ends the restarts counts for the gateway itself, and not for what runs before it.
#[test]
fn a_mistake_is_no_reason_to_start_again() {
    let unit = file("genuine-gateway.service");
    assert!(unit.contains("\nRestartPreventExitStatus=2\n") && !unit.contains("\nExecStartPre="));
    let scratch = Scratch::new("mistaken-unit");
    let path = scratch.path().join("gateway.toml");
    fs::write(&path, "listen = 1\n").unwrap();
    let started = Command::new(env!("CARGO_BIN_EXE_genuine-gateway")).arg("--config").arg(&path).output().unwrap();
    assert_eq!(started.status.code(), Some(2));
}

/// The configuration of Compose is one, with the address of Redis from where its secrets are; and its rules are those that nginx names.
#[test]
fn the_configuration_of_compose_is_good() {
    if !installed("openssl") {
        return;
    }
    let scratch = Scratch::new("compose-configuration");
    make_secrets(scratch.path());
    let (is_good, text) = checked(&scratch.path().join("secrets/gateway.toml"));
    assert!(is_good, "{text}");
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
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(path);
        assert!(path.starts_with("secrets/") || here.exists(), "{path}");
    }
}
