//! The server as it runs: a process of its own, real HTTP, and the simulated device in the place of an iPhone.
#![allow(missing_docs)]

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::SystemTime,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine_testvectors::{Device, Environment, TestPki};
use reqwest::{Client, Response};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const APP_ID: &str = "ABCDE12345.com.example.app";
const SERVER: &str = env!("CARGO_BIN_EXE_genuine-example-server");

/// A directory that goes away with the test, with the test root in it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("genuine-example-server-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("root.der"), TestPki::default().root_der()).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Server {
    process: Child,
    url: String,
    http: Client,
}

/// An answer, read.
#[derive(Debug)]
struct Answer {
    status: u16,
    body: Value,
}

impl Answer {
    async fn of(response: Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response.bytes().await.unwrap();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        if status >= 400 {
            assert_eq!(
                (&headers["content-type"], &body["status"]),
                (&"application/problem+json".parse().unwrap(), &status.into())
            );
            assert!(body["title"].is_string(), "{body}");
            assert_eq!(headers["www-authenticate"], "Attest");
        }
        Self { status, body }
    }

    fn code(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }
}

impl Server {
    fn start(scratch: &Scratch) -> Self {
        let root = scratch.0.join("root.der");
        Self::run(scratch, &["--danger-trust-root", root.to_str().unwrap()])
    }

    fn run(scratch: &Scratch, options: &[&str]) -> Self {
        let mut process = Command::new(SERVER)
            .arg(APP_ID)
            .args(options)
            .env("LISTEN", "127.0.0.1:0")
            .env("STORE", scratch.0.join("devices.redb"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { process, url: url.trim().to_owned(), http: Client::new() }
    }

    /// Kills it, without a chance to tidy up, and gives what it logged.
    fn kill(mut self) -> String {
        self.process.kill().unwrap();
        let mut log = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        log
    }

    async fn challenge(&self) -> String {
        let response = self.http.post(format!("{}/challenges", self.url)).send().await.unwrap();
        let answer = Answer::of(response).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body["challenge"].as_str().unwrap().to_owned()
    }

    async fn post(&self, target: &str, authorization: &[&str], body: &[u8]) -> Answer {
        let request = self.http.post(format!("{}{target}", self.url)).body(body.to_vec());
        let request = authorization.iter().fold(request, |request, value| request.header("authorization", *value));
        Answer::of(request.send().await.unwrap()).await
    }

    async fn register(&self, device: &Device, challenge: &str) -> Answer {
        let object = device.attest_hash(&Sha256::digest(challenge)).object;
        self.post("/devices", &[&format!("Attest {}.{challenge}", key_id(device))], &object).await
    }

    async fn registered(&self, name: &str) -> Device {
        let device = device(name);
        assert_eq!(self.register(&device, &self.challenge().await).await.status, 201);
        device
    }

    async fn order(&self, call: &Call) -> Answer {
        self.post(&call.target, &[&call.authorization], call.body.as_bytes()).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A signed request, to be sent any number of times.
#[derive(Clone)]
struct Call {
    target: String,
    authorization: String,
    body: String,
}

fn device(name: &str) -> Device {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    Device::new(name).with_app_id(APP_ID).with_issue_time(now - 60)
}

fn key_id(device: &Device) -> String {
    BASE64_STANDARD.encode(device.key_id())
}

/// What the app does for each request. The counter of the device rises.
fn sign(device: &mut Device, challenge: &str, target: &str, body: &str) -> Call {
    let client_data = format!("POST\n{target}\n{challenge}\n{body}");
    let assertion = BASE64_STANDARD.encode(device.assert_hash(&Sha256::digest(client_data)).object);
    let authorization = format!("Attest {}.{challenge}.{assertion}", key_id(device));
    Call { target: target.to_owned(), authorization, body: body.to_owned() }
}

#[tokio::test]
async fn a_device_registers_and_each_request_counts_once() {
    let scratch = Scratch::new("once");
    let server = Server::start(&scratch);
    let mut alice = server.registered("alice").await;

    let call = sign(&mut alice, &server.challenge().await, "/orders?item=7", "two of them");
    let answer = server.order(&call).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body, serde_json::json!({ "device": key_id(&alice), "counter": 1, "body_bytes": 11 }));
    // The very same, which is a replay.
    assert_eq!(server.order(&call).await.code(), (401, "challenge_rejected"));
    // With another challenge in the header than the one that was signed.
    let used = call.authorization.split('.').nth(1).unwrap();
    let moved = call.authorization.replace(used, &server.challenge().await);
    assert_eq!(server.order(&Call { authorization: moved, ..call }).await.code(), (401, "rejected"));
    // With a challenge that was never issued.
    let call = sign(&mut alice, &BASE64_STANDARD.encode([7; 32]), "/orders", "");
    assert_eq!(server.order(&call).await.code(), (401, "challenge_rejected"));

    // A counter that was accepted before is refused whatever the challenge, and says so in the log alone.
    let mut restored = alice.clone().with_counter(0);
    let call = sign(&mut restored, &server.challenge().await, "/orders", "");
    assert_eq!(server.order(&call).await.code(), (401, "rejected"));
    let call = sign(&mut alice, &server.challenge().await, "/orders", "");
    assert_eq!(server.order(&call).await.status, 200);
    let log = server.kill();
    assert_eq!(log.matches("CounterNotIncreased").count(), 1, "{log}");
    assert_eq!(log.matches("SignatureInvalid").count(), 1, "{log}");
}

#[tokio::test]
async fn nothing_but_what_was_signed_passes() {
    let scratch = Scratch::new("signed");
    let server = Server::start(&scratch);
    let mut alice = server.registered("alice").await;
    let changes: [fn(&mut Call); 3] = [
        |call| call.body.push('0'),
        |call| call.target.push_str("?free"),
        |call| call.body = call.body.replace("two", "ten"),
    ];
    for change in changes {
        let mut call = sign(&mut alice, &server.challenge().await, "/orders", "two of them");
        change(&mut call);
        assert_eq!(server.order(&call).await.code(), (401, "rejected"), "{} {}", call.target, call.body);
    }
    // By a key that nobody registered, and by another registered key under the name of the first.
    let call = sign(&mut device("nobody"), &server.challenge().await, "/orders", "");
    assert_eq!(server.order(&call).await.code(), (401, "unknown_key"));
    let mut bob = server.registered("bob").await;
    let mut call = sign(&mut bob, &server.challenge().await, "/orders", "");
    call.authorization = call.authorization.replace(&key_id(&bob), &key_id(&alice));
    assert_eq!(server.order(&call).await.code(), (401, "rejected"));

    // Unsigned, in every way.
    let call = sign(&mut alice, &server.challenge().await, "/orders", "");
    assert_eq!(server.post("/orders", &[], b"").await.code(), (401, "rejected"));
    for header in ["", "Attest", "Attest ", "Attest a.b", "Attest a.b.c.d", "Bearer a.b.c", "attest a.b.c"] {
        assert_eq!(server.post("/orders", &[header], b"").await.code(), (401, "rejected"), "{header:?}");
    }
    let twice = [&*call.authorization; 2];
    assert_eq!(server.post("/orders", &twice, b"").await.code(), (401, "rejected"));
    let (id, challenge) = (key_id(&alice), server.challenge().await);
    for credentials in [format!("{id}.{challenge}.%"), format!("{id}.{challenge}.AAAA"), format!("x.{challenge}.AAAA")]
    {
        let authorization = format!("Attest {credentials}");
        let answer = server.post("/orders", &[&authorization], b"").await;
        assert!(matches!(answer.code(), (400, "malformed") | (401, "challenge_rejected")), "{credentials}: {answer:?}");
    }
    // None of that has moved the counter or used up the challenge of this one.
    assert_eq!(server.order(&call).await.status, 200);
    assert_eq!(server.http.get(format!("{}/orders", server.url)).send().await.unwrap().status(), 405);
    assert_eq!(server.http.post(format!("{}/admin", server.url)).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn of_concurrent_requests_one_is_accepted() {
    let scratch = Scratch::new("concurrent");
    let server = Server::start(&scratch);
    let mut alice = server.registered("alice").await;
    for _ in 0..10 {
        // One assertion twice, where the challenge decides.
        let call = sign(&mut alice, &server.challenge().await, "/orders", "");
        let (one, other) = tokio::join!(server.order(&call), server.order(&call));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
        // Two assertions with one counter and a challenge each, where the store decides.
        let (first, second) = (server.challenge().await, server.challenge().await);
        let mut twin = alice.clone();
        let calls = [sign(&mut alice, &first, "/orders", ""), sign(&mut twin, &second, "/orders", "")];
        let (one, other) = tokio::join!(server.order(&calls[0]), server.order(&calls[1]));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
    }
}

#[tokio::test]
async fn what_is_stored_outlives_the_process() {
    let scratch = Scratch::new("restart");
    let server = Server::start(&scratch);
    let mut alice = server.registered("alice").await;
    for _ in 0..2 {
        let call = sign(&mut alice, &server.challenge().await, "/orders", "");
        assert_eq!(server.order(&call).await.status, 200);
    }
    let lost = sign(&mut alice.clone(), &server.challenge().await, "/orders", "");
    server.kill();

    let server = Server::start(&scratch);
    assert_eq!(server.order(&lost).await.code(), (401, "challenge_rejected"), "challenges are not stored");
    // A second registration is refused, and sets nothing back.
    assert_eq!(server.register(&alice, &server.challenge().await).await.code(), (409, "already_registered"));
    let call = sign(&mut alice.clone().with_counter(1), &server.challenge().await, "/orders", "");
    assert_eq!(server.order(&call).await.code(), (401, "rejected"));
    let call = sign(&mut alice, &server.challenge().await, "/orders", "");
    let answer = server.order(&call).await;
    assert_eq!((answer.status, &answer.body["counter"]), (200, &3.into()));
}

#[tokio::test]
async fn registrations_are_refused_for_each_reason() {
    let scratch = Scratch::new("registration");
    let server = Server::start(&scratch);
    let alice = device("alice");
    let fresh = server.challenge().await;
    let object = alice.attest_hash(&Sha256::digest(&fresh)).object;
    let shown = format!("Attest {}.{fresh}", key_id(&alice));

    let refused = server.register(&alice, &BASE64_STANDARD.encode([7; 32])).await;
    assert_eq!(refused.code(), (401, "challenge_rejected"));
    assert_eq!(server.post("/devices", &[], &object).await.code(), (401, "rejected"));
    assert_eq!(server.post("/devices", &[&shown, &shown], &object).await.code(), (401, "rejected"));
    assert_eq!(server.post("/devices", &[&format!("Attest nobody.{fresh}")], &object).await.code(), (400, "malformed"));
    // An attestation that was made for another challenge, one of another key, and what is no attestation.
    let other = format!("Attest {}.{}", key_id(&alice), server.challenge().await);
    assert_eq!(server.post("/devices", &[&other], &object).await.code(), (401, "rejected"));
    let bobs = format!("Attest {}.{}", key_id(&device("bob")), server.challenge().await);
    assert_eq!(server.post("/devices", &[&bobs], &object).await.code(), (401, "rejected"));
    let garbage = format!("Attest {}.{}", key_id(&alice), server.challenge().await);
    assert_eq!(server.post("/devices", &[&garbage], b"{}").await.code(), (400, "malformed"));
    // Another app's device, one that runs a development build, and one of another root.
    let now = alice.issue_time();
    for stranger in [
        device("alice").with_app_id("ABCDE12345.com.example.other"),
        device("alice").with_environment(Environment::Development),
        Device::new("alice").with_app_id(APP_ID).with_issue_time(now).with_authorities(TestPki::new("another")),
        Device::new("alice").with_app_id(APP_ID).with_issue_time(now + 30 * 86_400),
    ] {
        assert_eq!(server.register(&stranger, &server.challenge().await).await.code(), (401, "rejected"));
    }
    assert_eq!(server.post("/devices", &[&shown], &object).await.status, 201);
    assert_eq!(server.post("/devices", &[&shown], &object).await.code(), (401, "challenge_rejected"));
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let scratch = Scratch::new("body");
    let server = Server::start(&scratch);
    let mut alice = server.registered("alice").await;
    let call = sign(&mut alice, &server.challenge().await, "/orders", &"x".repeat(16 * 1024));
    assert_eq!(server.order(&call).await.status, 200);
    let call = sign(&mut alice, &server.challenge().await, "/orders", &"x".repeat(16 * 1024 + 1));
    assert_eq!(server.order(&call).await.code(), (413, "too_large"));
    let shown = format!("Attest {}.{}", key_id(&alice), server.challenge().await);
    assert_eq!(server.post("/devices", &[&shown], &vec![0; 16 * 1024 + 1]).await.code(), (413, "too_large"));
}

/// Neither the log nor an answer holds anything that belongs to a device.
#[tokio::test]
async fn the_log_tells_nothing_of_a_request() {
    let scratch = Scratch::new("log");
    let server = Server::start(&scratch);
    let mut alice = server.registered("alice").await;
    let call = sign(&mut alice, &server.challenge().await, "/orders", "a secret order");
    assert_eq!(server.order(&call).await.status, 200);
    assert_eq!(server.order(&call).await.status, 401);
    let mut call = sign(&mut alice, &server.challenge().await, "/orders", "a secret order");
    call.body.push('!');
    assert_eq!(server.order(&call).await.status, 401);
    let log = server.kill();
    let lines = ["401 challenge_rejected: ChallengeRejected", "401 rejected: SignatureInvalid"];
    assert_eq!(log.lines().skip(1).collect::<Vec<_>>(), lines);
    assert!(log.starts_with("DANGER"), "{log}");
}

/// Without the option Apple's root is the only one.
#[tokio::test]
async fn no_test_root_is_trusted_unless_asked_for() {
    let scratch = Scratch::new("apple");
    let server = Server::run(&scratch, &[]);
    assert_eq!(server.register(&device("alice"), &server.challenge().await).await.code(), (401, "rejected"));
    let log = server.kill();
    assert_eq!(log, "401 rejected: AnchorUnknown\n");
}

#[test]
fn without_an_app_id_it_does_not_start() {
    let scratch = Scratch::new("arguments");
    let root = scratch.0.join("root.der");
    let root = root.to_str().unwrap();
    let missing = scratch.0.join("nothing.der");
    for arguments in [
        &[][..],
        &[""],
        &["com.example.app"],
        &["ABCDE12345.com.example.app "],
        &[APP_ID, "--danger-trust-root"],
        &[APP_ID, "--trust-root", root],
        &["com.example.app", "--danger-trust-root", root],
        &["--danger-trust-root", root],
        &[APP_ID, "--danger-trust-root", missing.to_str().unwrap()],
        &[APP_ID, "--danger-trust-root", "Cargo.toml"],
    ] {
        let store = scratch.0.join("never.redb");
        let mut command = Command::new(SERVER);
        let command = command.args(arguments).env("LISTEN", "127.0.0.1:0").env("STORE", &store);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // One that does start says where it listens, and is ended then.
        let mut started = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut started).unwrap();
        if !started.is_empty() {
            process.kill().unwrap();
        }
        let output = process.wait_with_output().unwrap();
        assert!(!output.status.success() && started.is_empty() && !store.exists(), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}

/// The promise of this example: somebody reads all of it.
#[test]
fn it_has_three_hundred_lines_at_most() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files: Vec<_> = fs::read_dir(src).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.iter().all(|file| file.extension().is_some_and(|extension| extension == "rs")), "{files:?}");
    let lines: usize = files.iter().map(|file| fs::read_to_string(file).unwrap().lines().count()).sum();
    assert!((100..=300).contains(&lines), "{lines}");
}

/// The README names each part of the server, and no part that is not there.
#[test]
fn the_readme_walks_through_all_of_it() {
    let (source, readme) = (include_str!("../src/main.rs"), include_str!("../README.md"));
    let defined: Vec<_> = source
        .lines()
        .filter_map(|line| {
            let line = line.trim_start();
            let line = line.strip_prefix("async ").unwrap_or(line);
            let rest = ["fn ", "struct ", "const "].iter().find_map(|keyword| line.strip_prefix(keyword))?;
            rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()
        })
        .collect();
    assert!(defined.len() > 25, "{defined:?}");
    for name in &defined {
        assert!(
            readme.contains(&format!("`{name}`")) || readme.contains(&format!("::{name}`")),
            "README.md does not say {name}"
        );
    }
    for link in readme.split("[`").skip(1).filter_map(|rest| rest.split_once("`](src/main.rs)")) {
        let name = link.0.rsplit("::").next().unwrap();
        assert!(defined.contains(&name), "README.md links {name}");
    }
}

/// The commands of the README, in bash, with what the tests have built, and what they print.
#[test]
fn the_commands_of_the_readme_print_what_it_says() {
    let installed = |tool| Command::new(tool).arg("--version").stdout(Stdio::null()).status().is_ok();
    assert!((installed("curl") && installed("bash")) || env::var_os("CI").is_none(), "curl and bash are missing");
    if !installed("curl") || !installed("bash") {
        eprintln!("NOTICE: no curl or bash; the commands of the README are left out");
        return;
    }
    let readme = include_str!("../README.md");
    let blocks = |language: &str| -> Vec<&str> {
        readme.split("```").filter_map(|block| block.strip_prefix(language)).collect()
    };
    let [start, talk] = *blocks("sh\n") else { panic!("a block starts the server and a block talks to it") };
    let expected = *blocks("text\n").last().unwrap();

    // The first block makes the root and starts the server.
    let scratch = Scratch::new("readme");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testvectors/vectors/root.pem");
    let start = start
        .replace("testvectors/vectors/root.pem", root.to_str().unwrap())
        .replace("cargo run --release -p genuine-example-server --", &format!("exec {SERVER}"));
    assert!(start.contains(SERVER) && start.contains(APP_ID), "{start}");
    let mut command = Command::new("bash");
    let process = command.args(["-euc", &start]).current_dir(&scratch.0).env("LISTEN", "127.0.0.1:0");
    let mut process = process.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let server = Server { process, url: url.trim().to_owned(), http: Client::new() };

    let device = env::current_exe().unwrap().parent().unwrap().join("../examples/device");
    let call = "cargo run --quiet --release -p genuine-example-server --example device --";
    assert!(talk.contains(call) && talk.contains("localhost:8080"), "{talk}");
    let talk = talk.replace(call, device.to_str().unwrap()).replace("http://localhost:8080", &server.url);
    let output = Command::new("bash").args(["-euo", "pipefail", "-c", &talk]).current_dir(&scratch.0).output().unwrap();
    let (printed, complaints) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{printed}{complaints}");
    assert_eq!(printed.trim(), expected.trim(), "{complaints}");
}
