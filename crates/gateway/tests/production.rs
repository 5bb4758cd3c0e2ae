//! The server as it is built without `--features demo`: it trusts no test key, however it is configured.
#![allow(missing_docs)]

mod support;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

use genuine_gateway::{
    challenge::Purpose,
    client::{App, Authority, Scene},
    platform::date,
    server::system_clock,
};
use genuine_testvectors::{Device, TestPki};
use reqwest::Client;
use support::{APP_ID, AUTHORITY, Scratch};

/// The server with default features, as what the Dockerfile calls builds it. `cargo test` builds the demonstration, so that this one
/// has a directory of its own; the first run takes a minute or two.
static PRODUCTION: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("production");
    let binary = directory.join("genuine-gateway");
    let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/build"))
        .arg(&binary)
        .env("GENUINE_PROFILE", "dev")
        .env("CARGO_TARGET_DIR", &directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    binary
});

/// Where it was built does not stand in it: the same commit comes out as the same octets elsewhere.
#[test]
fn it_does_not_say_where_it_was_built() {
    let production = fs::read(&*PRODUCTION).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    assert!(!contains(&production, root.as_os_str().as_encoded_bytes()));
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo"))).unwrap();
    assert!(!contains(&production, home.as_os_str().as_encoded_bytes()));
    // They would be found: a build of the tests has them.
    let demonstration = fs::read(env!("CARGO_BIN_EXE_genuine-gateway")).unwrap();
    assert!(contains(&demonstration, home.as_os_str().as_encoded_bytes()));
    assert!(contains(&production, b"/registry/"), "paths are there under another name");
}

fn contains(binary: &[u8], part: &[u8]) -> bool {
    binary.windows(part.len()).any(|window| window == part)
}

#[test]
fn it_has_no_demonstration() {
    for arguments in [&["--demo"][..], &["--demo", "--check"]] {
        let output = Command::new(&*PRODUCTION).env_clear().args(arguments).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{text}");
        assert!(text.contains("cargo run --release -p genuine-gateway --features demo -- --demo"), "{text}");
    }
    // Nor is there a setting of that name.
    for file in ["demo = true", "[[applications]]\nanchors = []", "[demo]"] {
        let path = std::env::temp_dir().join(format!("genuine-gateway-no-demo-{}.toml", std::process::id()));
        fs::write(&path, file).unwrap();
        let output = Command::new(&*PRODUCTION).env_clear().arg("--config").arg(&path).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{file}");
    }
}

/// The root's key is computed from a text, so that it is in the demonstration as little as its name is in production: what is
/// looked for is that text and both names, with the demonstration to show that they are found where they are.
#[test]
fn the_test_authority_is_not_in_it() {
    let production = fs::read(&*PRODUCTION).unwrap();
    let demonstration = fs::read(env!("CARGO_BIN_EXE_genuine-gateway")).unwrap();
    for part in ["genuine-testvectors key ", "Genuine Test App Attestation"] {
        assert!(!contains(&production, part.as_bytes()), "{part}");
        assert!(contains(&demonstration, part.as_bytes()), "{part}: the search finds nothing");
    }
    let authorities = TestPki::default();
    let point = authorities.root_point();
    for key in [&point[..], &point[1..49], &authorities.root_subject()] {
        assert!(!contains(&production, key));
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a file says in front of its applications.
const LISTENERS: &str = "listen = \"127.0.0.1:0\"\noperator_listen = \"127.0.0.1:0\"\nstore = { kind = \"memory\" }\n";

/// A server that has said where it listens: for apps, and for the operator.
fn start(command: &mut Command) -> (Running, String, String) {
    let mut running = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let mut address = || lines.next().unwrap().unwrap().split_once(':').unwrap().1.trim().to_owned();
    let (server, operator) = (address(), address());
    (running, server, operator)
}

/// It needs no test authority to rehearse: the operator's root vouches for the rehearsal's devices, and for no others; and the public
/// test root is refused, though it is not in this build.
#[tokio::test]
async fn it_rehearses_under_the_operators_root() {
    let scratch = Scratch::new("production-rehearsal");
    let scene = Scene {
        application: "shop-rehearsal".to_owned(),
        authority: AUTHORITY.to_owned(),
        app_id: APP_ID.to_owned(),
        package: None,
    };
    let authority = Authority::create(&scratch.path().join("authority"), scene).unwrap();
    let until = &date(genuine::UnixMillis((system_clock()() + 86_400) * 1000))[..10];
    let (root, path) = (scratch.path().join("authority/root.pem"), scratch.path().join("server.toml"));
    let settings = authority.settings(&root, until);
    fs::write(&path, format!("{LISTENERS}callers = [\"shop-rehearsal\"]\n{settings}")).unwrap();
    let command = || {
        let mut command = Command::new(&*PRODUCTION);
        command.env_clear().arg("--config").arg(&path).arg("--rehearsal");
        command
    };
    let (running, server, _) = start(&mut command());
    for (app, status, code) in [
        (Authority::demonstration().app("alice", 0, system_clock()()), 401, Some("rejected")),
        (authority.app("alice", 0, system_clock()()), 201, None),
    ] {
        let device = app.device.with_environment(genuine_testvectors::Environment::Development);
        let app = App { server: server.clone(), application: "shop-rehearsal".to_owned(), device, ..app };
        let answer = app.challenge(Purpose::Attestation).await.unwrap();
        let answer = app.register(answer.challenge().unwrap()).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.code.as_deref()), (status, code), "{}", answer.body);
    }
    drop(running);
    fs::write(&root, TestPki::default().root_pem()).unwrap();
    let output = command().output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && text.contains("is a public test root"), "{text}");
}

/// Everything is right about this device but who vouches for it. Nor does a server trust it that has the demonstration in it
/// and was not told to run that.
#[tokio::test]
async fn it_refuses_the_simulated_device_under_a_full_configuration() {
    let scratch = Scratch::new("production");
    let path = scratch.path().join("server.toml");
    let file = format!("{LISTENERS}[[applications]]\nname = \"shop\"\napp_ids = [\"{APP_ID}\"]\n");
    fs::write(&path, file).unwrap();
    for binary in [&**PRODUCTION, Path::new(env!("CARGO_BIN_EXE_genuine-gateway"))] {
        let (_running, server, operator) = start(Command::new(binary).env_clear().arg("--config").arg(&path));
        let app = App {
            server,
            application: "shop".to_owned(),
            authority: AUTHORITY.to_owned(),
            session: "alice".to_owned(),
            device: Device::new("alice").with_app_id(APP_ID).with_issue_time(system_clock()() - 60),
            http: Client::new(),
        };
        let answer = app.challenge(Purpose::Attestation).await.unwrap();
        let answer = app.register(answer.challenge().unwrap()).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.code.as_deref()), (401, Some("rejected")));
        let metrics = app.http.get(format!("{operator}/metrics")).send().await.unwrap().text().await.unwrap();
        assert!(metrics.contains("genuine_refusals_total{reason=\"AnchorUnknown\"} 1\n"), "{metrics}");
    }
}
