//! The Kotlin, compiled and run on a JVM: the Keystore and Google Play are left out, and everything else is as on a phone.

use std::{
    collections::hash_map::DefaultHasher,
    env, fs,
    hash::{Hash as _, Hasher as _},
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::OnceLock,
};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use genuine_gateway::{client::Authority, gate::sha256, server::system_clock};
use genuine_testvectors::{keys::Signer, play::PlayApp};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::Jwk};
use reqwest::Client;
use serde_json::Value;

use crate::{
    server::Server,
    support::{
        APPLICATION, AUTHORITY, Scratch,
        android::{Phone, play_app},
        idempotency_key_of_now,
    },
    table::table,
};

const KOTLIN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/kotlin");

/// Whether a program is here; in CI it has to be.
fn installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    assert!(found || env::var_os("CI").is_none(), "{program} is not installed");
    if !found {
        eprintln!("NOTICE: {program} is not installed; the Kotlin is left out");
    }
    found
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    let (printed, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {printed}{complaints}");
}

/// The compiler, in the version of the lock file, in the target directory.
fn compiler() -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kotlin");
    let lock = fs::read_to_string(format!("{KOTLIN}/package-lock.json")).unwrap();
    let installed = home.join("installed");
    if !fs::read_to_string(&installed).is_ok_and(|before| before == lock) {
        fs::create_dir_all(&home).unwrap();
        for file in ["package.json", "package-lock.json"] {
            fs::copy(format!("{KOTLIN}/{file}"), home.join(file)).unwrap();
        }
        succeeds(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&home));
        fs::write(installed, lock).unwrap();
    }
    home.join("node_modules/kotlin-compiler/lib")
}

fn class_path(library: &Path, jars: &[&str]) -> String {
    jars.iter().map(|jar| format!("{}/{jar}.jar", library.display())).collect::<Vec<_>>().join(":")
}

/// What a JVM runs, compiled without a warning. `None` where there is no JVM; in CI that is a failure.
pub(super) fn program() -> Option<&'static str> {
    static PROGRAM: OnceLock<Option<String>> = OnceLock::new();
    let compile = || {
        if !installed("java") || !installed("npm") {
            return None;
        }
        let library = compiler();
        let mut hasher = DefaultHasher::new();
        for part in ["genuine", "test"] {
            let mut files: Vec<_> =
                fs::read_dir(format!("{KOTLIN}/{part}")).unwrap().map(|file| file.unwrap().path()).collect();
            files.sort();
            for file in files {
                fs::read(file).unwrap().hash(&mut hasher);
            }
        }
        let jar = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kotlin-client-{:016x}.jar", hasher.finish()));
        let standard = class_path(&library, &["kotlin-stdlib"]);
        if !jar.exists() {
            let whole = ["kotlin-compiler", "kotlin-stdlib", "kotlin-script-runtime", "kotlin-reflect"];
            let rest = ["kotlinx-coroutines-core-jvm", "annotations-13.0", "kotlin-daemon-client"];
            let unfinished = jar.with_extension("unfinished.jar");
            succeeds(
                Command::new("java")
                    .args(["-cp", &class_path(&library, &[&whole[..], &rest[..]].concat())])
                    .args(["org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", "-Werror", "-no-reflect", "-no-stdlib"])
                    .args(["-jvm-target", "1.8", "-cp", &standard, "-d"])
                    .arg(&unfinished)
                    .args([format!("{KOTLIN}/genuine"), format!("{KOTLIN}/test")]),
            );
            fs::rename(unfinished, &jar).unwrap();
        }
        Some(format!("{}:{standard}", jar.display()))
    };
    PROGRAM.get_or_init(compile).as_deref()
}

/// The program, which is asked a line at a time.
pub(super) struct Jvm {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Jvm {
    pub(super) fn start(program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new("java");
        command.args(["-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", program, "MainKt"]).args(arguments);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Self { questions: process.stdin.take(), process, answers }
    }

    pub(super) fn tell(&mut self, line: &str) {
        writeln!(self.questions.as_mut().unwrap(), "{line}").unwrap();
    }

    fn read(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "it has ended");
        line.trim_end().to_owned()
    }

    /// How a request ended, where any word of Google's will do.
    pub(super) fn read_until_the_end(&mut self) -> String {
        loop {
            let line = self.read();
            if line.starts_with("integrity ") {
                self.tell("a word");
            } else if !line.starts_with("sleep ") {
                return line;
            }
        }
    }
}

impl Drop for Jvm {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the code decides is what the table says, row by row, for the first time, the second and so on.
#[test]
fn the_code_decides_as_the_table_says() {
    let Some(program) = program() else { return };
    let mut jvm = Jvm::start(program, &["decide"]);
    let (rows, actions) = table();
    let mut seen = std::collections::BTreeSet::new();
    for row in rows.iter().filter(|row| row.platform == "play_integrity") {
        for retryable in row.retryable.map_or(vec![true, false], |retryable| vec![retryable]) {
            for times in 0..row.steps.len() + 2 {
                // The status does not matter where the code is known.
                jvm.tell(&format!("{} 401 {} {retryable} {times}", row.at.to_uppercase(), row.code));
                let step = &row.steps[times.min(row.steps.len() - 1)];
                assert_eq!(jvm.read().to_lowercase(), *step, "{row:?}, {times} before");
                seen.insert(step.clone());
            }
        }
    }
    assert!(seen.len() > 8 && seen.is_subset(&actions), "{seen:?}");
    for (status, step) in [(503, "WAIT"), (418, "GIVE_UP")] {
        jvm.tell(&format!("REQUEST {status} unheard_of true 0"));
        assert_eq!(jvm.read(), step);
    }
}

/// The same for an app whose keys the hardware attests.
#[test]
fn the_code_for_attested_keys_decides_as_the_table_says() {
    let Some(program) = program() else { return };
    let mut jvm = Jvm::start(program, &["decide-attested"]);
    for row in table().0.iter().filter(|row| row.platform == "key_attestation") {
        for retryable in row.retryable.map_or(vec![true, false], |retryable| vec![retryable]) {
            for times in 0..row.steps.len() + 2 {
                jvm.tell(&format!("{} 401 {} {retryable} {times}", row.at.to_uppercase(), row.code));
                let step = &row.steps[times.min(row.steps.len() - 1)];
                assert_eq!(jvm.read().to_lowercase(), *step, "{row:?}, {times} before");
            }
        }
    }
}

/// A key in software, in the place of the hardware's, registers with the chain of a simulated phone and signs requests.
#[tokio::test]
async fn an_attested_key_comes_through() {
    let Some(program) = program() else { return };
    let gateway = Server::start("memory", &[]);
    let authority = Authority::demonstration();
    let handset = authority.handset("kotlin", 0, system_clock()()).unwrap();
    let signer = handset.phone.signer();
    let Signer::P256(secret) = &signer else { panic!("a key on P-256") };
    let point = signer.public_point();
    let arguments = [hex(&secret.to_bytes()), hex(&point[1..33]), hex(&point[33..])];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let start = |signed: &str| {
        Jvm::start(program, &[&["attested"], &arguments[..], &[handset.phone.package(), signed]].concat())
    };
    let mut app = start("0");
    app.tell("id");
    assert_eq!(app.read(), BASE64_STANDARD.encode(handset.app.device.key_id()));
    let client = Client::new();
    let challenge = async |purpose: &str| {
        let body = serde_json::json!({ "application": APPLICATION, "purpose": purpose });
        let asked = client.post(format!("{}/challenges", gateway.app)).header("x-session", "kotlin").json(&body);
        asked.send().await.unwrap().json::<Value>().await.unwrap()["challenge"].as_str().unwrap().to_owned()
    };
    let of = challenge("attestation").await;
    app.tell(&format!("challenge {of}"));
    assert_eq!(app.read(), hex(&sha256(of.as_bytes())));
    let chain: Vec<_> = handset.chain(&of).iter().map(|octets| BASE64_STANDARD.encode(octets)).collect();
    app.tell(&format!("register {APPLICATION} {of} {}", chain.join(" ")));
    let registration = app.read();
    let register = client.post(format!("{}/devices", gateway.app)).header("content-type", "application/json");
    let register = register.header("x-session", "kotlin").body(registration);
    assert_eq!(register.try_clone().unwrap().send().await.unwrap().status(), 201);
    assert_eq!(register.send().await.unwrap().status(), 409, "sent again as it was");
    let send = async |target: &str, authorization: &str, body: &'static str| {
        let request = client.post(format!("{}{target}", gateway.app)).header("authorization", authorization);
        let answer = request.header("x-session", "kotlin").body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    app.tell(&format!("POST {AUTHORITY} /orders?item=7 three"));
    let header = app.read();
    let (status, answer) = send("/orders?item=7", &header, "three").await;
    assert_eq!((status, &answer["counter"]), (200, &Value::from(2)), "{answer}");
    assert_eq!(send("/orders?item=7", &header, "three").await.1["code"], "counter_overtaken");
    app.tell(&format!("POST {AUTHORITY} /orders three"));
    let header = app.read();
    assert_eq!(send("/orders", &header, "four").await.1["code"], "rejected");
    // After the process has ended the counter goes on.
    let mut app = start("3");
    let of = challenge("assertion").await;
    app.tell(&format!("POST {AUTHORITY} /payments all {of}"));
    let header = app.read();
    assert_eq!(send("/payments", &header, "all").await.0, 200);
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().concat()
}

/// Identifier, thumbprint and binding are those that another implementation computes, and another library verifies the proof.
#[test]
fn keys_are_named_and_prove_themselves() {
    let Some(program) = program() else { return };
    for seed in ["alice", "bob", "carol"] {
        let phone = Phone::new(seed);
        let members = serde_json::to_value(&phone.jwk).unwrap();
        let number = |name: &str| hex(&BASE64_URL_SAFE_NO_PAD.decode(members[name].as_str().unwrap()).unwrap());
        let (secret, now) = (hex(&sha256(seed.as_bytes())), system_clock()());
        let uri = format!("https://{AUTHORITY}/basket");
        let arguments = ["key", &secret, &number("x"), &number("y"), "a-challenge", &uri, &now.to_string(), "a-token"];
        let mut jvm = Jvm::start(program, &arguments);
        let binding = BASE64_URL_SAFE_NO_PAD.encode(phone.binding("a-challenge"));
        let thumbprint = phone.jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap();
        assert_eq!(jvm.read(), format!("{} {thumbprint} {binding}", BASE64_STANDARD.encode(phone.key_id)));
        let proof = jvm.read();
        let header = decode_header(&proof).unwrap();
        let jwk: Jwk = header.jwk.unwrap();
        assert_eq!((header.typ.as_deref(), header.alg), (Some("dpop+jwt"), Algorithm::ES256));
        let mut validation = Validation::new(Algorithm::ES256);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        let claims = decode::<Value>(&proof, &DecodingKey::from_jwk(&jwk).unwrap(), &validation).unwrap().claims;
        let hash = BASE64_URL_SAFE_NO_PAD.encode(sha256(b"a-token"));
        assert_eq!((&claims["htm"], &claims["htu"], &claims["ath"]), (&"GET".into(), &uri.into(), &hash.into()));
        assert_eq!(claims["iat"], now);
        assert_eq!(jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap(), thumbprint);
    }
}

/// An app, the gateway that it speaks to, and Google Play.
struct Story {
    app: Jvm,
    gateway: Server,
    play: PlayApp,
    /// How often Google's word was asked for since the last request.
    attested: u32,
    slept: u32,
    _scratch: Scratch,
}

impl Story {
    fn start(program: &str, name: &str, settings: &str) -> Self {
        let scratch = Scratch::new(&format!("kotlin-{name}"));
        let play = play_app();
        let file = format!(
            "listen = \"127.0.0.1:0\"\noperator_listen = \"127.0.0.1:0\"\nstore = {{ kind = \"memory\" }}\n\
             authority = \"{AUTHORITY}\"\n[tokens]\n[[applications]]\nname = \"shop\"\n[applications.play]\n\
             package_name = \"{}\"\ncertificates = [\"{}\"]\n{settings}\n\
             keys = [{{ decryption_key = \"{}\", verification_key = \"{}\" }}]\n",
            play.package_name(),
            hex(&play.certificate()),
            play.decryption_key_base64(),
            play.verification_key_base64(),
        );
        let path = scratch.path().join("gateway.toml");
        fs::write(&path, file).unwrap();
        let gateway = Server::run(Command::new(env!("CARGO_BIN_EXE_genuine-gateway")).arg("--config").arg(path));
        let app = Jvm::start(program, &["app", &gateway.app, AUTHORITY, "shop"]);
        Self { app, gateway, play, attested: 0, slept: 0, _scratch: scratch }
    }

    /// Has the app send a request: how it ended, with how often Google was asked.
    fn send(&mut self, request: &str) -> String {
        (self.attested, self.slept) = (0, 0);
        self.app.tell(request);
        loop {
            let line = self.app.read();
            if let Some(binding) = line.strip_prefix("integrity ") {
                self.attested += 1;
                let binding = BASE64_URL_SAFE_NO_PAD.decode(binding).unwrap();
                let word = self.play.classic(&binding, system_clock()() * 1000);
                let token = self.play.token(&word);
                self.app.tell(&token);
            } else if line.starts_with("sleep ") {
                self.slept += 1;
            } else {
                return format!("{}; attested {}", line.strip_prefix("outcome ").unwrap(), self.attested);
            }
        }
    }

    /// The key of the app, as the operator names it.
    fn key_id(&mut self) -> String {
        self.app.tell("key ?");
        let line = self.app.read();
        BASE64_URL_SAFE_NO_PAD.encode(BASE64_STANDARD.decode(line.strip_prefix("key ").unwrap()).unwrap())
    }

    async fn operate(&mut self, what: &str) {
        let key = self.key_id();
        let path = format!("{}/devices/{key}/{what}", self.gateway.operator);
        let change = Client::new().put(path).header("idempotency-key", idempotency_key_of_now());
        assert_eq!(change.send().await.unwrap().status(), 204);
    }
}

const GOOD: &str = "200 - - false";

#[tokio::test]
async fn an_app_comes_through() {
    let Some(program) = program() else { return };
    let mut story = Story::start(program, "comes-through", "");
    // The first request registers the key and gets a token; the next ones have both.
    assert_eq!(story.send("GET /basket"), format!("{GOOD}; attested 1"));
    assert_eq!(story.send("GET /basket?page=2"), format!("{GOOD}; attested 0"));
    // A lock is opened by an attestation of the same key, which is later than the lock.
    let key = story.key_id();
    story.operate("lock").await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(story.send("GET /basket"), format!("{GOOD}; attested 1"));
    assert_eq!(story.key_id(), key);
    // A key that is revoked stays so: there is another one afterwards.
    story.operate("revocation").await;
    assert_eq!(story.send("GET /basket"), format!("{GOOD}; attested 1"));
    assert_ne!(story.key_id(), key);
    // What is not there is not asked for again.
    assert_eq!(story.send("GET /nothing"), "404 not_found GIVE_UP false; attested 0");
}

/// A phone whose clock is wrong takes the gateway's time from the answer that says so.
#[tokio::test]
async fn a_wrong_clock_is_corrected() {
    let Some(program) = program() else { return };
    for wrong in ["-4000", "4000"] {
        let mut story = Story::start(program, &format!("clock{wrong}"), "");
        story.app.tell(&format!("clock {wrong}"));
        assert_eq!(story.send("GET /basket"), format!("{GOOD}; attested 2"), "{wrong}");
        assert_eq!(story.send("GET /basket"), format!("{GOOD}; attested 0"), "{wrong}");
    }
}

/// An app that Google does not know is not attested in a loop: once more, once with another key, and then it is told.
#[tokio::test]
async fn a_refused_app_ends() {
    let Some(program) = program() else { return };
    let mut story = Story::start(program, "refused", "version_at_least = 4000000");
    assert_eq!(story.send("GET /basket"), "401 rejected GIVE_UP false; attested 3");
    // Under a mode that asks for no attestation the app goes on without.
    let mut story = Story::start(program, "optional", "mode = \"OPTIONAL\"\nversion_at_least = 4000000");
    assert_eq!(story.send("GET /basket"), "200 - - true; attested 1");
    // Its version is too old, which no key changes.
    let mut story = Story::start(program, "outdated", "client_version_at_least = \"3.16\"");
    let outcome = story.send("GET /basket");
    assert!(outcome.starts_with("403 upgrade_required UPDATE_APP false"), "{outcome}");
}

/// Where nobody answers, what may be repeated is, a few times. What may have arrived and must not count twice is not.
#[tokio::test]
async fn silence_is_waited_for_where_it_may_be() {
    let Some(program) = program() else { return };
    let mut story = Story::start(program, "silence", "");
    assert_eq!(story.send("GET /basket"), format!("{GOOD}; attested 1"));
    story.gateway.signal("-KILL");
    let _ = story.gateway.process.wait();
    story.app.tell("GET /basket");
    for seconds in [2, 4, 8] {
        assert_eq!(story.app.read(), format!("sleep {seconds}"));
    }
    assert_eq!(story.app.read(), "silence");
    story.app.tell("POST /basket");
    assert_eq!(story.app.read(), "unknown", "at once");
}
