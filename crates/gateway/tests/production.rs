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

use genuine_gateway::{challenge::Purpose, client::App, server::system_clock};
use genuine_testvectors::{Device, TestPki};
use reqwest::Client;
use support::{APP_ID, AUTHORITY, Scratch};

/// The server with default features. `cargo test` builds the demonstration, so that this one has a directory of its own; the
/// first run takes a minute or two.
static PRODUCTION: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("production");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--package", "genuine-gateway", "--bin", "genuine-gateway"])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), "--target-dir"])
        .arg(&directory)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .status();
    assert!(status.unwrap().success());
    directory.join("debug/genuine-gateway")
});

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
    for part in
        ["genuine-testvectors key ", "Genuine Test App Attestation Root CA", "Genuine Test App Attestation CA 1"]
    {
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

/// Everything is right about this device but who vouches for it. Nor does a server trust it that has the demonstration in it
/// and was not told to run that.
#[tokio::test]
async fn it_refuses_the_simulated_device_under_a_full_configuration() {
    let scratch = Scratch::new("production");
    let path = scratch.path().join("server.toml");
    let file = format!(
        "listen = \"127.0.0.1:0\"\noperator_listen = \"127.0.0.1:0\"\nstore = {{ kind = \"memory\" }}\n\
         [[applications]]\nname = \"shop\"\napp_ids = [\"{APP_ID}\"]\n"
    );
    fs::write(&path, file).unwrap();
    for binary in [&**PRODUCTION, Path::new(env!("CARGO_BIN_EXE_genuine-gateway"))] {
        let mut command = Command::new(binary);
        command.env_clear().arg("--config").arg(&path).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut running = Running(command.spawn().unwrap());
        let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
        let mut address = || lines.next().unwrap().unwrap().split_once(':').unwrap().1.trim().to_owned();
        let (server, operator) = (address(), address());
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
