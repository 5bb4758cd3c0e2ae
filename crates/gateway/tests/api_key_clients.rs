//! The signing helpers of `clients/` against a running gateway, and other libraries' signatures: Python and TypeScript.
//!
//! What npm and pip install stays in the target directory, at the versions and hashes of the lock files.
#![allow(missing_docs)]

mod support;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use axum::{Extension, Json, Router, body::Bytes, routing::any};
use genuine_gateway::{
    api_key::{ApiKeyHolder, KeyAccess},
    config::{self, Config, Store},
    gate::sha256,
    server::Server,
};
use serde_json::{Value, json};
use support::{APP_ID, AUTHORITY, Scratch};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Whether these programs are there. CI installs them.
fn has(programs: &[&str]) -> bool {
    let is_missing = |program: &&&str| Command::new(program).arg("--version").output().is_err();
    let missing: Vec<_> = programs.iter().filter(is_missing).collect();
    leave_out(missing.is_empty(), &format!("{missing:?} are not installed"))
}

/// Under CI everything has to be there.
fn leave_out(is_there: bool, what: &str) -> bool {
    assert!(is_there || env::var_os("CI").is_none(), "{what}");
    if !is_there {
        eprintln!("NOTICE: {what}; the clients that need it are left out");
    }
    is_there
}

/// The version of Node.
fn node() -> u32 {
    let version = run(Command::new("node").arg("--version"));
    version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok()).unwrap()
}

/// A directory below the target directory, with these files in it.
fn workshop(name: &str, files: &[&str]) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("api-key-clients").join(name);
    fs::create_dir_all(&directory).unwrap();
    for file in files {
        let from = Path::new(HERE).join(file);
        fs::copy(&from, directory.join(from.file_name().unwrap())).unwrap();
    }
    directory
}

/// `npm ci`, with what the lock file says.
fn npm(name: &str, files: &[&str]) -> Option<PathBuf> {
    if !has(&["node", "npm"]) || !leave_out(node() >= 20, "node is older than 20, and has no WebCrypto by itself") {
        return None;
    }
    let directory = workshop(name, files);
    let options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    let installed = Command::new("npm").args(options).current_dir(&directory).output().unwrap();
    leave_out(installed.status.success(), &format!("npm: {}", text(&installed))).then_some(directory)
}

/// The compiled TypeScript client and its tests, whose types were checked.
static TYPESCRIPT: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let names = ["package.json", "package-lock.json", "tsconfig.json", "genuine-keys.ts", "genuine-keys.test.ts"];
    let files = names.map(|name| format!("clients/typescript/{name}"));
    let directory = npm("typescript", &files.each_ref().map(String::as_str))?;
    run(Command::new("npx").args(["--no-install", "tsc"]).current_dir(&directory));
    Some(directory)
});

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(&output));
    text(&output)
}

/// A key, as the operator makes one: its entry, and what the client gets.
fn new_key(kind: &str) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"))
        .args(["--new-api-key", "partner-web", "--kind", kind, "--scopes", "orders:read", "--tier", "large"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// A running gateway, and what its clients are told.
struct Running {
    settings: Vec<(&'static str, String)>,
    _scratch: Scratch,
}

impl Running {
    async fn start(name: &str) -> Self {
        let scratch = Scratch::new(&format!("api-key-clients-{name}"));
        let file = scratch.path().join("keys.toml");
        let ((bearer, shown), (signing, told)) = (new_key("bearer"), new_key("signing"));
        fs::write(&file, bearer + &signing).unwrap();
        let part = |text: &str, name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().to_owned()
        };
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            operator_listen: "127.0.0.1:0".parse().unwrap(),
            store: Store::Memory {},
            tokens: Some(config::Tokens::default()),
            api_keys: Some(config::ApiKeys {
                file,
                header: "authorization".to_owned(),
                token_lifetime_seconds: 120,
                clients: vec![config::ApiClient { name: "partner-web".to_owned() }],
                tiers: vec![config::Tier { name: "large".to_owned(), per_minute: 6000, burst: None }],
            }),
            applications: vec![config::Application::new("shop", &[APP_ID])],
            ..Config::default()
        };
        let access = || KeyAccess::new(["partner-web"]).scope("orders:read");
        let server = Server::bind(config).await.unwrap();
        let server = server
            .with_api_key_routes(access(), Router::new().route("/partner/orders", any(who)))
            .and_then(|server| {
                server.with_api_key_routes(
                    access().scope("orders:write"),
                    Router::new().route("/partner/write", any(who)),
                )
            })
            .unwrap();
        let settings = vec![
            ("GATEWAY", format!("http://{}", server.app_address().unwrap())),
            ("AUTHORITY", AUTHORITY.to_owned()),
            ("API_KEY", part(&shown, "key:")),
            ("SIGNING_ID", part(&told, "keyid:")),
            ("SIGNING_SECRET", part(&told, "secret:")),
            ("DOCUMENT", format!("{HERE}/docs/api-keys.md")),
        ];
        tokio::spawn(async move { server.serve(std::future::pending()).await.unwrap() });
        Self { settings, _scratch: scratch }
    }

    /// Runs a program of a client beside the gateway.
    async fn with(&self, mut command: Command) -> String {
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap()
    }
}

async fn who(Extension(holder): Extension<ApiKeyHolder>, body: Bytes) -> Json<Value> {
    let ApiKeyHolder { key, application, scopes, kind } = holder;
    let body = sha256(&body).map(|octet| format!("{octet:02x}")).concat();
    Json(json!({ "key": key, "application": application, "scopes": scopes, "kind": kind.as_str(), "body": body }))
}

#[tokio::test(flavor = "multi_thread")]
async fn r71_r78_the_python_client_comes_with_keys_tokens_and_signatures() {
    if !has(&["python3"]) {
        return;
    }
    let running = Running::start("python").await;
    let mut tests = Command::new("python3");
    tests.args(["-B", "-W", "error", "-m", "unittest", "-v", "test_genuine_keys"]);
    tests.current_dir(Path::new(HERE).join("clients/python"));
    let told = running.with(tests).await;
    assert!(told.contains("Ran 11 tests") && told.trim_end().ends_with("OK"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r71_r78_the_typescript_client_comes_with_keys_tokens_and_signatures() {
    let Some(directory) = tokio::task::spawn_blocking(|| TYPESCRIPT.clone()).await.unwrap() else { return };
    let running = Running::start("typescript").await;
    let mut tests = Command::new("node");
    tests.args(["--test", "--test-reporter", "tap", "dist/"]).current_dir(directory);
    let told = running.with(tests).await;
    assert!(told.contains("# pass 8") && told.contains("# fail 0"), "{told}");
}

/// What another implementation of RFC 9421 signs passes, and it verifies what the client signs.
#[tokio::test(flavor = "multi_thread")]
async fn r78_a_library_of_pypi_signs_and_verifies() {
    if !has(&["python3"]) {
        return;
    }
    let directory = workshop("python", &["tests/api_key_oracles/requirements.txt"]);
    let venv = Command::new("python3").args(["-m", "venv", "venv"]).current_dir(&directory).output().unwrap();
    if !leave_out(venv.status.success(), &format!("python3 -m venv: {}", text(&venv))) {
        return;
    }
    let python = directory.join("venv/bin/python");
    let options =
        ["-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "-r", "requirements.txt"];
    let installed = Command::new(&python).args(options).current_dir(&directory).output().unwrap();
    if !leave_out(installed.status.success(), &format!("pip: {}", text(&installed))) {
        return;
    }
    let running = Running::start("pypi").await;
    let mut oracle = Command::new(python);
    oracle.arg("-B").arg(Path::new(HERE).join("tests/api_key_oracles/oracle.py"));
    oracle.env("CLIENT", Path::new(HERE).join("clients/python"));
    assert_eq!(running.with(oracle).await.trim(), "3 requests each way");
}

#[tokio::test(flavor = "multi_thread")]
async fn r78_a_library_of_npm_signs_and_verifies() {
    let prepared = tokio::task::spawn_blocking(|| {
        let files =
            ["package.json", "package-lock.json", "oracle.mjs"].map(|name| format!("tests/api_key_oracles/{name}"));
        Some((npm("oracle", &files.each_ref().map(String::as_str))?, TYPESCRIPT.clone()?))
    });
    let Some((directory, client)) = prepared.await.unwrap() else { return };
    let running = Running::start("npm").await;
    let mut oracle = Command::new("node");
    oracle.arg("oracle.mjs").current_dir(directory).env("CLIENT", client.join("dist/genuine-keys.js"));
    assert_eq!(running.with(oracle).await.trim(), "3 requests each way");
}
