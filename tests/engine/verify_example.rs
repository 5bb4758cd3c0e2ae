//! Runs the example `verify` as a process: verdicts, exit statuses, and what is said about files that are no vectors.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use genuine::crypto::{HmacSha256 as _, RustCrypto, RustCryptoSigner, Sha256 as _, SignP256 as _};
use genuine_testvectors::{
    PLAY_GROUPS, ROOT_PEM,
    android::{AndroidDevice, AndroidMutation, AndroidPki, KeyKind, Shape},
    android_vectors,
    certificate::{field, name, oid},
    play_vectors, text, texts,
};
use serde_json::{Value, json};

#[path = "../../crates/explain/tests/explain/mint.rs"]
mod mint;

const ATTESTATION: &str = "generation::ios17-production";
const ASSERTION: &str = "generation::assertion-ios17-production";

/// What a run of the example gave.
struct Run {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn last_line(&self) -> &str {
        self.stdout.lines().last().unwrap_or_default()
    }

    #[track_caller]
    fn assert_ends(&self, status: i32, last_line: &str) -> &Self {
        assert_eq!((self.status, self.last_line()), (Some(status), last_line), "{}\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    fn assert_says(&self, text: &str) -> &Self {
        assert!(self.stdout.contains(text) || self.stderr.contains(text), "{text}:\n{}\n{}", self.stdout, self.stderr);
        self
    }

    fn count(&self, start: &str) -> usize {
        self.stdout.lines().filter(|line| line.starts_with(start)).count()
    }
}

/// `cargo test` builds the examples beside the directory of the test executables; with `--test` or `--tests` it builds none, so
/// that one which is missing is built here.
fn example() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let test = env::current_exe().expect("the path of this test");
        let profile = test.parent().and_then(Path::parent).expect("target/<profile>/deps");
        let example = profile.join("examples").join(format!("verify{}", env::consts::EXE_SUFFIX));
        if !example.exists() {
            let name = profile.file_name().and_then(OsStr::to_str).expect("the name of a profile");
            let profile = if name == "debug" { "dev" } else { name };
            let mut cargo = Command::new(env!("CARGO"));
            cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args([
                "build",
                "--quiet",
                "--example",
                "verify",
                "--profile",
            ]);
            assert!(cargo.arg(profile).status().expect("cargo runs").success(), "the example is built");
        }
        example
    };
    BUILT.get_or_init(build).clone()
}

fn run(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
    run_with_input(arguments, &[])
}

fn run_with_input(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>, input: &[u8]) -> Run {
    let mut command = Command::new(example());
    let command = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the example runs");
    // Dropped at once, which ends the input. An example that does not read it has ended before.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    let output = child.wait_with_output().expect("the example ends");
    Run {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// A file that is gone with its owner.
struct TempFile(PathBuf);

impl TempFile {
    fn new(content: impl AsRef<[u8]>) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("genuine-verify-{}-{}.json", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = env::temp_dir().join(name);
        fs::write(&path, content).expect("a writable directory for temporary files");
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A bundled vector with some of its fields replaced; `null` is as good as absent.
fn vector(id: &str, fields: &Value) -> TempFile {
    let mut vector: Value = serde_json::from_str(text(id)).expect("JSON");
    for (name, value) in fields.as_object().expect("an object") {
        vector[name] = value.clone();
    }
    TempFile::new(vector.to_string())
}

/// Runs on one changed vector under the root of the bundled ones.
fn run_on(id: &str, fields: &Value) -> Run {
    let (root, file) = (TempFile::new(ROOT_PEM), vector(id, fields));
    run(["--root", root.path(), file.path()])
}

#[test]
fn the_bundled_vectors_are_as_expected() {
    let run = run([] as [&str; 0]);
    let count = texts().count() + play_vectors().count() + android_vectors().count();
    let last = format!("{count} as expected, 0 not");
    run.assert_ends(0, &last);
    assert!(play_vectors().all(|vector| run.stdout.contains(&format!("  {} ", vector.id))), "each token has a line");
    assert!(android_vectors().all(|vector| run.stdout.contains(&vector.id)), "each chain has a line");
    assert!(!run.stdout.contains('\x1B'), "colours without a terminal");
    assert_eq!(run.stderr, "");
    let readme = include_str!("../../README.md");
    for count in [format!("\n{last}\n"), format!("| {} objects, ", texts().count())] {
        assert!(readme.contains(&count), "README.md does not say: {count}");
    }
    let sample = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a sample");
    for part in sample.split("  …\n") {
        assert!(run.stdout.contains(part), "README.md shows what the command does not print: {part}");
    }
}

/// Each refused object in full, with the one step that refuses it.
#[test]
fn every_refused_object_has_one_failed_step() {
    let root = TempFile::new(ROOT_PEM);
    let refused = texts().filter(|(_, text)| !text.contains("\"expected\": \"pass\""));
    let files: Vec<_> = refused.map(|(_, text)| TempFile::new(text)).collect();
    let run = run(["--root", root.path()].into_iter().chain(files.iter().map(TempFile::path)));
    run.assert_ends(0, &format!("{} as expected, 0 not", files.len()));
    assert_eq!((run.count("  FAIL"), run.count("  →")), (files.len(), files.len()));
    let longest = run.stdout.lines().max_by_key(|line| line.chars().count()).unwrap_or_default();
    assert!(longest.chars().count() <= 100, "{longest}");
}

/// One vector of a committed file, several, and all of them.
#[test]
fn vectors_are_taken_from_groups() {
    const DER: &str = "testvectors/vectors/der.json";
    let (root, boolean, version) = ("testvectors/vectors/root.pem", "der::boolean-not-ff", "der::version-2");
    let one = run([DER, boolean]);
    one.assert_ends(0, "1 as expected, 0 not").assert_says("der::boolean-not-ff · attestation · expected: DerBoolean");
    assert_eq!(one.count("  FAIL"), 1);
    let several = run(["--root", root, DER, version, boolean, "testvectors/vectors/counter.json", "counter::replayed"]);
    several.assert_ends(0, "3 as expected, 0 not");
    let places = [version, boolean, "counter::replayed"].map(|id| several.stdout.find(id).expect("it is there"));
    assert!(places.is_sorted(), "in the order in which they are named");
    let all = texts().filter(|(id, _)| id.starts_with("der::")).count();
    run(["--root", root, DER]).assert_ends(0, &format!("{all} as expected, 0 not"));
    let lines = run(["--json", "--root", root, DER, boolean]).stdout;
    let line: Value = serde_json::from_str(&lines).expect("one line");
    assert_eq!((&line["file"], &line["as_expected"]), (&json!(boolean), &json!(true)));

    let unknown = run([DER, "der::no-such-vector"]);
    assert_eq!(unknown.status, Some(2));
    unknown.assert_says("testvectors/vectors/der.json: there is no vector der::no-such-vector");
    let single = vector(ATTESTATION, &json!({}));
    let named = run([single.path(), ATTESTATION]);
    assert_eq!(named.status, Some(2));
    named.assert_says("one object, and generation::ios17-production belongs to a group of vectors");
}

#[test]
fn every_step_of_a_good_object_passes() {
    for (id, steps) in [(ATTESTATION, 19), (ASSERTION, 12)] {
        let run = run_on(id, &json!({}));
        run.assert_ends(0, "1 as expected, 0 not");
        assert_eq!((run.count("  ok "), run.count("  FAIL"), run.count("  -")), (steps, 0, 0), "{id}");
    }
}

#[test]
fn a_changed_caller_side_is_refused() {
    let other_key = "BGR4sZdcDYd1d1gI+eWJ5WvjRpI693MLELBVNM2P6w3j3y5m38Fxa6UUxnReNV1AASPCCHv3wJRtxYWCZTQE49c=";
    let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let rows = [
        (ATTESTATION, json!({"app_id": "ABCDE12345.org.example.other"}), "RpIdMismatch (1500), class Rejected"),
        (ATTESTATION, json!({"environment": "development"}), "EnvironmentMismatch (1501)"),
        (ATTESTATION, json!({"key_id_b64": zeros}), "KeyIdMismatch (1401)"),
        (ATTESTATION, json!({"key_id_b64": "no key"}), "KeyIdFormat (1150), class Malformed"),
        (ATTESTATION, json!({"public_key_b64": other_key}), "KeyIdMismatch (1401)"),
        (ATTESTATION, json!({"client_data_hash_b64": zeros}), "NonceMismatch (1400)"),
        (ATTESTATION, json!({"client_data_hash_b64": ""}), "ClientDataEmpty (9005), class Unavailable"),
        (ATTESTATION, json!({"valid_at": "1970-01-01T00:00:00Z"}), "ClockUnset (9001)"),
        (ATTESTATION, json!({"valid_at": "2023-11-03T00:00:01.000Z"}), "LeafExpired (1311)"),
        (ATTESTATION, json!({"require_categories": [4]}), "LaunchDataMissing (1503)"),
        (ASSERTION, json!({"app_id": "ABCDE12345.org.example.other"}), "RpIdMismatch (1500)"),
        (ASSERTION, json!({"key_id_b64": zeros}), "KeyIdMismatch (1401)"),
        (ASSERTION, json!({"key_id_b64": "no key"}), "KeyIdFormat (1150)"),
        (ASSERTION, json!({"public_key_b64": other_key, "key_id_b64": null}), "SignatureInvalid (1331)"),
        (ASSERTION, json!({"public_key_b64": "BAAA"}), "PublicKeyInvalid (9007)"),
        (ASSERTION, json!({"public_key_b64": "no key"}), "PublicKeyInvalid (9007)"),
        (ASSERTION, json!({"previous_counter": 7}), "CounterNotIncreased (1405)"),
        (ASSERTION, json!({"previous_counter": null}), "UnknownKey (1406)"),
    ];
    for (id, fields, verdict) in rows {
        let run = run_on(id, &fields);
        run.assert_ends(1, "0 as expected, 1 not").assert_says(verdict).assert_says("NOT as expected");
        assert_eq!(run.count("  FAIL"), 1, "{fields}");
    }
}

#[test]
fn what_the_caller_may_write_otherwise_is_accepted() {
    let rows = [
        // URL-safe and without padding, a fraction of a second, another offset, absent or null.
        (ATTESTATION, json!({"key_id_b64": "MsywLvk_id1FtTsqOrx5W-5-Ng3JMiIrSBbYcdbdfjw"})),
        (ATTESTATION, json!({"valid_at": "2023-11-03T00:00:00.999Z"})),
        (ATTESTATION, json!({"valid_at": "2023-11-03T02:00:00+02:00"})),
        (ATTESTATION, json!({"environment": null, "public_key_b64": null, "client_data_hash_b64": null})),
        (ASSERTION, json!({"key_id_b64": null, "client_data_hash_b64": null, "environment": "development"})),
    ];
    for (id, fields) in rows {
        run_on(id, &fields).assert_ends(0, "1 as expected, 0 not");
    }
}

#[test]
fn the_expectation_has_several_forms() {
    let other_app = |expected: Value| json!({"app_id": "ABCDE12345.org.example.other", "expected": expected});
    for expected in [json!(1500), json!("1500"), json!("RpIdMismatch"), json!("fail")] {
        run_on(ATTESTATION, &other_app(expected)).assert_ends(0, "1 as expected, 0 not");
    }
    for expected in [json!(1400), json!("1401"), json!("NonceMismatch"), json!("pass")] {
        run_on(ATTESTATION, &other_app(expected)).assert_ends(1, "0 as expected, 1 not");
    }
    run_on(ATTESTATION, &json!({"expected": "fail"})).assert_ends(1, "0 as expected, 1 not").assert_says("any failure");
}

#[test]
fn at_overrides_the_time() {
    let (root, file) = (TempFile::new(ROOT_PEM), vector(ATTESTATION, &json!({"valid_at": null})));
    let run_at = |at| run(["--root", root.path(), "--at", at, file.path()]);
    run_at("2023-11-01T12:00:00Z").assert_ends(0, "1 as expected, 0 not");
    run_at("2020-01-01T00:00:00Z").assert_ends(1, "0 as expected, 1 not").assert_says("LeafNotYetValid (1310)");
    for far in ["2039-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
        run_at(far).assert_ends(1, "0 as expected, 1 not").assert_says("LeafExpired (1311)");
    }
    for none in ["yesterday", "2023-11-01", "1969-12-31T23:59:59.5Z"] {
        let run = run_at(none);
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
        run.assert_says("not a time in RFC 3339");
    }
}

#[test]
fn the_root_is_apples_unless_another_is_given() {
    let file = vector(ATTESTATION, &json!({}));
    run([file.path()]).assert_ends(1, "0 as expected, 1 not").assert_says("AnchorUnknown (1301)");
}

#[test]
fn a_root_that_is_none_is_refused() {
    let file = vector(ATTESTATION, &json!({}));
    for content in ["", "not PEM", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"] {
        let root = TempFile::new(content);
        let run = run(["--root", root.path(), file.path()]);
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
        run.assert_says(root.path());
    }
}

#[test]
fn a_file_that_is_no_vector_is_named_with_the_reason() {
    let root = TempFile::new(ROOT_PEM);
    let good = vector(ATTESTATION, &json!({}));
    let rows = [
        (TempFile::new("{ not JSON"), "not JSON"),
        (TempFile::new("neither"), "neither base64"),
        (TempFile::new(""), "empty"),
        (TempFile::new("[]"), "not a JSON object"),
        (TempFile::new("{}"), "`type` is missing"),
        (
            TempFile::new(json!({"type": "receipt", "receipt_b64": "MIAG", "expected": "pass"}).to_string()),
            "\"receipt\"",
        ),
        (vector(ATTESTATION, &json!({"attestation_b64": "???"})), "`attestation_b64` is not base64"),
        (vector(ATTESTATION, &json!({"attestation_b64": null})), "`attestation_b64` is missing"),
        (vector(ATTESTATION, &json!({"app_id": 1})), "`app_id` is not text"),
        (vector(ATTESTATION, &json!({"valid_at": "yesterday"})), "`valid_at`"),
        (vector(ATTESTATION, &json!({"environment": "sandbox"})), "\"sandbox\""),
        (vector(ATTESTATION, &json!({"expected": "perhaps"})), "\"perhaps\""),
        (vector(ATTESTATION, &json!({"expected": 999})), "999"),
        (vector(ATTESTATION, &json!({"require_categories": [-1]})), "`require_categories`"),
        (vector(ASSERTION, &json!({"previous_counter": 0x1_0000_0000_u64})), "`previous_counter`"),
    ];
    for (file, reason) in rows {
        // The others are verified all the same.
        let run = run(["--root", root.path(), file.path(), good.path()]);
        run.assert_ends(2, "1 as expected, 0 not").assert_says(reason);
        assert!(run.stderr.contains(file.path()), "{}", run.stderr);
    }
    run(["no-such-file.json"]).assert_ends(2, "0 as expected, 0 not").assert_says("no-such-file.json");
}

#[test]
fn wrong_usage_is_told() {
    let digits = "ab".repeat(32);
    let rows: [&[&str]; 19] = [
        &["--quiet"],
        &["--root"],
        &["--at"],
        &["--at", "2026-01-01T00:00:00Z"],
        &["--json"],
        &["--app-id"],
        &["--counter", "-1", "-"],
        &["--challenge-b64", "???", "-"],
        &["--client-data-hash-b64", "???", "-"],
        &["--client-data", "@/no/such/file", "-"],
        &["--key", "no key", "-"],
        &["--key", "@/no/such/file", "-"],
        &["--app-id", "", "-"],
        &["--challenge", "", "-"],
        &["--key-id", " ", "-"],
        &["--key", "Cargo.toml", "-"],
        &["--client-data", "Cargo.toml", "-"],
        &["--environment", "sandbox", "-"],
        &["--client-data-hash-b64", &digits, "-"],
    ];
    for arguments in rows {
        let run = run(arguments);
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert_eq!(run.stderr.lines().count(), 2, "{}", run.stderr);
        run.assert_says("--help lists the options");
    }
    let help = run(["--help"]);
    assert_eq!(help.status, Some(0));
    assert!(help.stdout.starts_with("Usage:"));
}

/// A file commands no terminal.
#[test]
fn what_a_file_says_is_printed_without_control_characters() {
    let hostile = "\x1B[2J\u{9B}2J\u{202E}";
    let run = run_on(ATTESTATION, &json!({"app_id": hostile, "description": hostile, "key_id_b64": hostile}));
    run.assert_ends(1, "0 as expected, 1 not");
    assert!(!run.stdout.contains(['\x1B', '\u{9B}', '\u{202E}']));
    let run = run_on(ATTESTATION, &json!({"environment": hostile}));
    assert_eq!(run.status, Some(2));
    assert!(!run.stderr.contains(['\x1B', '\u{9B}', '\u{202E}']));
    let (root, file) = (TempFile::new(ROOT_PEM), vector(ATTESTATION, &json!({"app_id": hostile})));
    let run = self::run(["--json", "--root", root.path(), file.path(), hostile]);
    assert!(!run.stdout.contains(['\x1B', '\u{9B}', '\u{202E}']));
    let line: Value = serde_json::from_str(run.stdout.lines().next().expect("a line")).expect("JSON");
    assert_eq!(line["steps"][6]["compared"][0]["value"], json!(hostile), "escaped, not lost");
}

/// The fields of a bundled vector.
fn fields(id: &str) -> Value {
    serde_json::from_str(text(id)).expect("JSON")
}

/// What a server knows about the object of a bundled vector, as options.
fn options(id: &str) -> Vec<String> {
    let fields = fields(id);
    let rows: &[(&str, &str)] = match id {
        ATTESTATION => &[("--app-id", "app_id"), ("--key-id", "key_id_b64"), ("--at", "valid_at")],
        _ => &[("--app-id", "app_id"), ("--key", "public_key_b64")],
    };
    let mut options: Vec<_> = rows
        .iter()
        .flat_map(|(option, field)| [(*option).to_owned(), fields[*field].as_str().expect("text").to_owned()])
        .collect();
    let hash = fields["client_data_hash_b64"].as_str().expect("text");
    options.extend(["--client-data-hash-b64".to_owned(), hash.to_owned()]);
    if id == ASSERTION {
        options.extend(["--counter".to_owned(), fields["previous_counter"].to_string()]);
    }
    options
}

/// The object of a bundled vector, in base64 and as bytes.
fn bare(id: &str) -> (String, Vec<u8>) {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let field = if id == ATTESTATION { "attestation_b64" } else { "assertion_b64" };
    let text = fields(id)[field].as_str().expect("base64").to_owned();
    let bytes = STANDARD.decode(&text).expect("base64");
    (text, bytes)
}

#[test]
fn bare_objects_are_verified_with_options() {
    let root = TempFile::new(ROOT_PEM);
    for id in [ATTESTATION, ASSERTION] {
        let (text, bytes) = bare(id);
        let options = [vec!["--root".to_owned(), root.path().to_owned()], options(id)].concat();
        for content in [text.into_bytes(), bytes] {
            let file = TempFile::new(&content);
            let with_file = options.iter().map(String::as_str).chain([file.path()]);
            run(with_file).assert_ends(0, "1 accepted, 0 refused").assert_says("Accepted.");
            let with_input = options.iter().map(String::as_str).chain(["-"]);
            run_with_input(with_input, &content).assert_ends(0, "1 accepted, 0 refused").assert_says("standard input");
        }
        // Each option but the root decides.
        for pair in (2..options.len()).step_by(2) {
            let mut fewer = options.clone();
            fewer.drain(pair..pair + 2);
            let run = run_with_input(fewer.iter().map(String::as_str).chain(["-"]), &bare(id).1);
            assert_eq!(run.status, Some(1), "{}: {}", options[pair], run.stdout);
        }
    }
}

#[test]
fn client_data_and_key_come_from_files_as_well() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let fields = fields(ASSERTION);
    let text = |name: &str| fields[name].as_str().expect("text").to_owned();
    let client_data = TempFile::new(STANDARD.decode(text("client_data_b64")).expect("base64"));
    let key = TempFile::new(text("public_key_b64") + "\n");
    let (data, key) = (format!("@{}", client_data.path()), format!("@{}", key.path()));
    let app_id = text("app_id");
    let arguments = ["--app-id", &app_id, "--client-data", &data, "--key", &key, "--counter", "0", "-"];
    run_with_input(arguments, &bare(ASSERTION).1).assert_ends(0, "1 accepted, 0 refused");
}

#[test]
fn bare_objects_are_shown_without_a_verdict() {
    let root = TempFile::new(ROOT_PEM);
    let at = fields(ATTESTATION)["valid_at"].as_str().expect("text").to_owned();
    for (id, missing) in
        [(ATTESTATION, "the App ID, the key identifier and the challenge"), (ASSERTION, "the attested key")]
    {
        let run = run_with_input(["--root", root.path(), "--at", &at, "-"], &bare(id).1);
        run.assert_ends(1, "1 without a verdict").assert_says("this is no verdict");
        run.assert_says(missing).assert_says("The object says, unverified:");
        assert_eq!(run.count("  FAIL"), 0);
    }
    let run = run_with_input(["--root", root.path(), "--at", &at, "-"], &bare(ATTESTATION).1);
    run.assert_says("ABCDE12345.org.example.genuine").assert_says("leads to Genuine Test");
}

/// An old object that is only looked at has no verdict, and what is to be told is ready to copy.
#[test]
fn an_old_object_names_the_options() {
    let root = TempFile::new(ROOT_PEM);
    let run = run_with_input(["--root", root.path(), "-"], &bare(ATTESTATION).1);
    run.assert_ends(1, "1 without a verdict")
        .assert_says("No verdict: parts of your side are missing. At this time: LeafExpired");
    run.assert_says("--at 2023-").assert_says("--app-id ID, --key-id BASE64, --challenge");
}

#[test]
fn a_counter_belongs_to_assertions() {
    let run = run_with_input(["--counter", "0", "-"], &bare(ATTESTATION).1);
    run.assert_ends(2, "0 as expected, 0 not").assert_says("--counter belongs to assertions");
}

#[test]
fn the_environment_is_an_option() {
    let root = TempFile::new(ROOT_PEM);
    let options = [vec!["--root".to_owned(), root.path().to_owned()], options(ATTESTATION)].concat();
    for (environment, status, says) in
        [("production", 0, "Accepted."), ("any", 0, "Accepted."), ("development", 1, "EnvironmentMismatch (1501)")]
    {
        let arguments = options.iter().map(String::as_str).chain(["--environment", environment, "-"]);
        let run = run_with_input(arguments, &bare(ATTESTATION).1);
        assert_eq!(run.status, Some(status), "{environment}");
        assert!(!run.stdout.contains("that the environment is yours"), "{}", run.stdout);
        run.assert_says(says);
    }
    let run = run_with_input(options.iter().map(String::as_str).chain(["-"]), &bare(ATTESTATION).1);
    run.assert_says("environment is yours:");
}

/// Options take the place of what a vector says.
#[test]
fn options_override_a_vector() {
    let (root, file) = (TempFile::new(ROOT_PEM), vector(ATTESTATION, &json!({})));
    let run = run(["--root", root.path(), "--challenge", "another", file.path()]);
    run.assert_ends(1, "0 as expected, 1 not").assert_says("NonceMismatch (1400)");
}

#[test]
fn json_is_one_line_for_each_input() {
    let (root, good) = (TempFile::new(ROOT_PEM), vector(ATTESTATION, &json!({})));
    let refused = vector(ATTESTATION, &json!({"app_id": "org.example.genuine", "expected": "RpIdMismatch"}));
    let (text, _) = bare(ASSERTION);
    let arguments = ["--json", "--root", root.path(), good.path(), "no-such-file", refused.path(), "-"];
    let run = run_with_input(arguments, text.as_bytes());
    assert_eq!(run.status, Some(2));
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let summary = |line: &Value| [&line["file"], &line["kind"], &line["verdict"], &line["code"]].map(Clone::clone);
    assert_eq!(
        lines.iter().map(summary).collect::<Vec<_>>(),
        [
            [json!(good.path()), json!("attestation"), json!("accepted"), json!(null)],
            [json!("no-such-file"), json!(null), json!("unreadable"), json!(null)],
            [json!(refused.path()), json!("attestation"), json!("refused"), json!(1500)],
            [json!("standard input"), json!("assertion"), json!("incomplete"), json!(null)],
        ]
    );
    let [accepted, _, refused, _] = &lines[..] else { panic!("four lines") };
    assert!(run.stdout.starts_with("{\"file\":"));
    assert_eq!(
        (&refused["name"], &refused["class"], &refused["step"]),
        (&json!("RpIdMismatch"), &json!("Rejected"), &json!("AppId"))
    );
    assert_eq!((&refused["expected"], &refused["as_expected"]), (&json!("RpIdMismatch (1500)"), &json!(true)));
    assert_eq!(refused["diagnosis"]["finding"], json!("prefix_missing"));
    assert_eq!(refused["facts"]["leaf_app_id"], json!("ABCDE12345.org.example.genuine"));
    assert_eq!((&accepted["facts"]["proved"], &accepted["facts"]["os_version"]), (&json!(true), &json!("17.1")));
    assert_eq!(accepted["steps"][0]["mark"], json!("passed"));
}

/// All that a server knows about an honest token, as options.
fn play_options(keys: &mint::Keys) -> Vec<String> {
    let digest = mint::CERTIFICATE.map(|octet| format!("{octet:02X}")).join(":");
    let options = [
        ("--decryption-key", keys.decryption()),
        ("--verification-key", keys.verification()),
        ("--package", mint::PACKAGE.to_owned()),
        ("--certificate-digest", digest),
        ("--nonce", mint::base64url(mint::NONCE)),
        ("--at", "2026-09-21T14:13:20Z".to_owned()),
    ];
    options.into_iter().flat_map(|(option, value)| [option.to_owned(), value]).collect()
}

/// Runs on one token with these options, and these beside them.
fn run_on_token(options: &[String], more: &[&str], token: &str) -> Run {
    let arguments = options.iter().map(String::as_str).chain(more.iter().copied()).chain(["-"]);
    run_with_input(arguments, token.as_bytes())
}

#[test]
fn tokens_are_verified_with_options() {
    let keys = mint::Keys::new(1);
    let (token, options) = (keys.token(&mint::payload()), play_options(&keys));
    let good = run_on_token(&options, &[], &token);
    good.assert_ends(0, "1 accepted, 0 refused")
        .assert_says("Google says:")
        .assert_says("standard input · Play Integrity token");
    assert_eq!((good.count("  ok "), good.count("  FAIL")), (16, 0));
    let longest = good.stdout.lines().max_by_key(|line| line.chars().count()).unwrap_or_default();
    assert!(longest.chars().count() <= 100, "{longest}");
    // Each option decides but the time, which makes it too old.
    for pair in (0..options.len()).step_by(2) {
        let mut fewer = options.clone();
        let removed: Vec<_> = fewer.drain(pair..pair + 2).collect();
        let run = run_on_token(&fewer, &[], &token);
        let (last, says) = match removed[0].as_str() {
            "--at" => ("0 accepted, 1 refused", "--at 2026-09-21T14:13:18.5Z".to_owned()),
            option => ("1 without a verdict", format!("Options: {option}")),
        };
        run.assert_ends(1, last).assert_says(&says);
    }
    // Keys in files, with the line break that editors leave; and nobody prints them.
    let files = [keys.decryption(), keys.verification()].map(|text| TempFile::new(text + "\n"));
    let mut from_files = options.clone();
    from_files[1] = format!("@{}", files[0].path());
    from_files[3] = format!("@{}", files[1].path());
    for arguments in [&options, &from_files] {
        let run = run_on_token(arguments, &["--json"], &token);
        assert_eq!(run.status, Some(0), "{}", run.stderr);
        assert!(!run.stdout.contains(&keys.decryption()) && run.stderr.is_empty());
        let line: Value = serde_json::from_str(&run.stdout).expect("one line");
        assert_eq!((&line["file"], &line["kind"]), (&json!("standard input"), &json!("play_token")));
        assert_eq!((&line["verdict"], &line["facts"]["authentic"]), (&json!("accepted"), &json!(true)));
        assert_eq!(line["steps"].as_array().map(Vec::len), Some(16));
    }
    // The other pair, while keys are rotated.
    let other = mint::Keys::new(2);
    let rotated = ["--decryption-key", &other.decryption(), "--verification-key", &other.verification()];
    run_on_token(&options, &rotated, &token).assert_ends(0, "1 accepted, 0 refused");
    run_on_token(&options, &[], &other.token(&mint::payload()))
        .assert_ends(1, "0 accepted, 1 refused")
        .assert_says("PlayNotOpened (2020)");
}

#[test]
fn the_policy_of_tokens_is_an_option() {
    let keys = mint::Keys::new(1);
    let options = play_options(&keys);
    let token = |path: &str, value: Value| keys.token(&mint::payload_with(path, value));
    let old = token("/requestDetails/timestampMillis", json!(mint::NOW - 400_000));
    run_on_token(&options, &[], &old).assert_ends(1, "0 accepted, 1 refused").assert_says("PlayTooOld (2105)");
    run_on_token(&options, &["--max-age", "400"], &old).assert_ends(0, "1 accepted, 0 refused");
    let basic = token("/deviceIntegrity/deviceRecognitionVerdict", json!(["MEETS_BASIC_INTEGRITY"]));
    run_on_token(&options, &[], &basic).assert_says("PlayDeviceLabels (2120)").assert_says("4 GET_INTEGRITY");
    let labels = ["--device", "MEETS_STRONG_INTEGRITY", "--device", "MEETS_BASIC_INTEGRITY"];
    run_on_token(&options, &labels, &basic).assert_ends(0, "1 accepted, 0 refused");
    let mut test = mint::payload();
    test["testingDetails"] = json!({"isTestingResponse": true});
    run_on_token(&options, &[], &keys.token(&test))
        .assert_says("PlayTestResponse (2107)")
        .assert_says("test response  YES");
    run_on_token(&options, &["--accept-test-responses"], &keys.token(&test)).assert_ends(0, "1 accepted, 0 refused");
}

#[test]
fn decoded_payloads_are_judged() {
    let keys = mint::Keys::new(1);
    let options = play_options(&keys)[4..].to_vec();
    for payload in [mint::payload(), json!({"tokenPayloadExternal": mint::payload()})] {
        let run = run_on_token(&options, &[], &payload.to_string());
        run.assert_ends(0, "1 accepted, 0 refused").assert_says("The payload says, if it is Google's answer:");
    }
    let standard = [&options[..4], &options[6..]].concat();
    let payload = mint::standard_payload("a hash").to_string();
    run_on_token(&standard, &["--request-hash", "a hash"], &payload).assert_ends(0, "1 accepted, 0 refused");
    run_on_token(&standard, &["--request-hash", "another"], &payload).assert_says("PlayRequestHashMismatch (2104)");
    run_on_token(&standard, &[], &payload)
        .assert_ends(1, "1 without a verdict")
        .assert_says("Options: --request-hash TEXT.");
}

#[test]
fn tokens_are_shown_without_a_verdict() {
    let keys = mint::Keys::new(1);
    let bare = run_with_input(["-"], keys.token(&mint::payload()).as_bytes());
    bare.assert_ends(1, "1 without a verdict").assert_says("anybody can write").assert_says("{\"alg\":\"A256KW\"");
    assert_eq!((bare.count("  ok "), bare.count("  ? "), bare.count("  - ")), (4, 1, 11));
    assert!(!bare.stdout.contains("MEETS_"), "nothing more is claimed");
    let foreign = keys.jws(r#"{"typ":"JWT","alg":"ES256"}"#, r#"{"sub":"device"}"#);
    let jwt = run_with_input(["-"], foreign.as_bytes());
    jwt.assert_ends(1, "0 accepted, 1 refused").assert_says("JSON Web Token").assert_says("TokenExpiryMissing (5133)");
    let named = run_with_input(["-", "group::name"], foreign.as_bytes());
    assert_eq!(named.status, Some(2));
    named.assert_says("one token, and group::name belongs to a group of vectors");
}

#[test]
fn wrong_options_of_tokens_are_told() {
    let keys = mint::Keys::new(1);
    let (decryption, verification) = (keys.decryption(), keys.verification());
    let url_safe = decryption.replace('+', "-") + "_";
    let rows: [(&[&str], &str); 17] = [
        (&["--decryption-key", &verification, "--verification-key", &decryption], "each other's place"),
        (&["--decryption-key", &url_safe], "URL-safe"),
        (&["--decryption-key", "AAAA"], "3 octets"),
        (&["--verification-key", "AAAA"], "3 octets"),
        (&["--decryption-key", "@/no/such/file"], "/no/such/file"),
        (&["--decryption-key", "Cargo.toml"], "that is a file"),
        (
            &["--decryption-key", &decryption, "--decryption-key", "AAAA", "--verification-key", &verification],
            "in pairs",
        ),
        (
            &[
                "--decryption-key",
                &decryption,
                "--decryption-key",
                &decryption,
                "--verification-key",
                &verification,
                "--verification-key",
                &verification,
            ],
            "Two pairs",
        ),
        (&["--certificate-digest", "ab:cd"], "2 octets"),
        (&["--certificate-digest", "?"], "neither"),
        (&["--nonce", "AAAA"], "12 to 375"),
        (&["--nonce", "???"], "base64url"),
        (&["--nonce", "AAAAAAAAAAAAAAAA", "--request-hash", "x"], "once"),
        (&["--max-age", "an hour"], "not a number of seconds"),
        (&["--device", "MEETS_NOTHING"], "not MEETS_"),
        (&["--package", ""], "empty value"),
        (&["--at", "yesterday"], "not a time"),
    ];
    for (arguments, says) in rows {
        let run = run(arguments.iter().copied().chain(["-"]));
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert_eq!(run.stderr.lines().count(), 2, "{}", run.stderr);
        run.assert_says(says).assert_says("--help lists the options");
        assert!(!run.stderr.contains(&decryption) && !run.stderr.contains(&url_safe), "a secret is printed");
    }
    assert_eq!(run(["--accept-test-responses"]).status, Some(2));
}

/// A payload commands no terminal.
#[test]
fn what_a_token_says_is_printed_without_control_characters() {
    let hostile = "\x1B[2J\u{9B}2J\u{202E}";
    let keys = mint::Keys::new(1);
    let options = play_options(&keys);
    for path in ["/requestDetails/nonce", "/requestDetails/requestPackageName", "/appIntegrity/appRecognitionVerdict"] {
        let payload = mint::payload_with(path, json!(hostile));
        for text in [keys.token(&payload), payload.to_string()] {
            for more in [&[][..], &["--json"]] {
                let run = run_on_token(&options, more, &text);
                assert_eq!(run.status, Some(1), "{path}");
                assert!(!run.stdout.contains(['\x1B', '\u{9B}', '\u{202E}']), "{path}");
            }
        }
    }
    let header = format!(r#"{{"alg":"{}"}}"#, "\u{9B}2J\u{202E}");
    let run = run_with_input(["-"], keys.jwe(&header, "").as_bytes());
    assert!(!run.stdout.contains(['\u{9B}', '\u{202E}']), "{}", run.stdout);
}

/// The cases lie beside the directory that `GENUINE_REAL_VECTORS` names.
#[test]
fn shared_tokens_are_as_expected() {
    let Some(directory) = env::var_os("GENUINE_REAL_VECTORS").map(PathBuf::from) else { return };
    let files = json_files(&directory.parent().expect("a directory above").join("play-integrity"));
    let files: Vec<_> = files.iter().filter(|file| !file.ends_with("index.json")).collect();
    let run = run(&files);
    run.assert_ends(0, "63 as expected, 0 not");
    assert_eq!((run.count("  FAIL"), run.count("  → ")), (50, 63));
    // An option takes the place of what a case says.
    let good = files.iter().find(|file| file.ends_with("valid_minimal.json")).expect("a case");
    let other = self::run([OsStr::new("--package"), OsStr::new("com.example.other"), good.as_os_str()]);
    other.assert_ends(1, "0 as expected, 1 not").assert_says("PlayRequestPackage (2100)");
}

/// Tokens of a committed file, several, and all of them.
#[test]
fn tokens_are_taken_from_groups() {
    const APP: &str = "testvectors/vectors/play-app.json";
    let (one, two) = ("play-app::another-certificate", "play-good::standard");
    let several = run([APP, one, "testvectors/vectors/play-good.json", two]);
    several.assert_ends(0, "2 as expected, 0 not").assert_says("Play Integrity payload · expected: pass");
    several.assert_says(&format!("{one} · Play Integrity token · expected: PlayCertificate"));
    let line: Value = serde_json::from_str(&run(["--json", APP, one]).stdout).expect("one line");
    assert_eq!((&line["file"], &line["name"]), (&json!(one), &json!("PlayCertificate")));
    assert_eq!((&line["as_expected"], &line["kind"]), (&json!(true), &json!("play_token")));
    run([APP, "play-app::no-such"]).assert_ends(2, "0 as expected, 0 not").assert_says("no vector play-app::no-such");
    // An option takes the place of what a vector says.
    let other = run(["--package", "com.example.other", "testvectors/vectors/play-good.json", "play-good::minimal"]);
    other.assert_ends(1, "0 as expected, 1 not").assert_says("PlayRequestPackage (2100)");
    let files: Vec<_> = PLAY_GROUPS.iter().map(|(name, _)| format!("testvectors/vectors/{name}.json")).collect();
    let all = run(&files);
    all.assert_ends(0, &format!("{} as expected, 0 not", play_vectors().count()));
    let lines = all.stdout.lines().filter(|line| !line.starts_with("play-"));
    let longest = lines.max_by_key(|line| line.chars().count()).unwrap_or_default();
    assert!(longest.chars().count() <= 100, "{longest}");
    assert!(!all.stdout.contains(['\x1B', '\u{202E}']));
}

/// Chains of a committed file, several, and requests by attested keys.
#[test]
fn chains_are_taken_from_groups() {
    let roots = ["p384", "rsa"].map(|kind| format!("testvectors/vectors/android-{kind}-root.pem"));
    let with_roots = ["--root", &roots[0], "--root", &roots[1]];
    let file = |group: &str| format!("testvectors/vectors/android-{group}.json");
    let (forged, good, request) = (file("forged"), file("good"), file("request"));
    let (one, two) = ("android-forged::below-remote", "android-good::factory-ec");
    let several = run(with_roots.into_iter().chain([forged.as_str(), one, &good, two]));
    several.assert_ends(0, "2 as expected, 0 not");
    several.assert_says(&format!("{one} · Android key attestation · expected: AndroidDescriptionElsewhere (3107)"));
    let requests = run(with_roots.into_iter().chain([request.as_str()]));
    requests.assert_says("· assertion · expected: pass").assert_says("SignatureInvalid (1331)");
    assert_eq!(requests.status, Some(0), "{}", requests.last_line());
    run([good.as_str(), two]).assert_ends(1, "0 as expected, 1 not").assert_says("Options: --root ROOT.pem.");
    // An option takes the place of what a vector says.
    let other = run(with_roots.into_iter().chain(["--package", "org.example.other", &good, two]));
    other.assert_ends(1, "0 as expected, 1 not").assert_says("AndroidPackage (3334)");
    let line: Value =
        serde_json::from_str(&run(with_roots.into_iter().chain(["--json", &good, two])).stdout).expect("a line");
    assert_eq!((&line["file"], &line["as_expected"]), (&json!(two), &json!(true)));
    assert!(line["description"].is_string() && line["key_description"].is_object());
    run([good.as_str(), "android-good::no-such"])
        .assert_ends(2, "0 as expected, 0 not")
        .assert_says("no vector android-good::no-such");
}

const SECRET: [u8; 32] = [0x5A; 32];

fn session_token(claims: &Value) -> String {
    let signed =
        format!("{}.{}", mint::base64url(r#"{"alg":"HS256","typ":"JWT"}"#), mint::base64url(claims.to_string()));
    let code = RustCrypto.hmac_sha256(&SECRET, &[signed.as_bytes()]).expect("a code");
    format!("{signed}.{}", mint::base64url(code))
}

fn session_claims() -> Value {
    json!({"iss": "https://a.example", "aud": "https://b.example", "exp": 1_800_000_300, "iat": 1_800_000_000})
}

fn session_options() -> Vec<String> {
    let options = [
        ("--secret", mint::base64url(SECRET)),
        ("--issuer", "https://a.example".to_owned()),
        ("--audience", "https://b.example".to_owned()),
        ("--at", "2027-01-15T08:00:01Z".to_owned()),
    ];
    options.into_iter().flat_map(|(option, value)| [option.to_owned(), value]).collect()
}

#[test]
fn session_tokens_are_verified_with_options() {
    let (token, options) = (session_token(&session_claims()), session_options());
    let good = run_on_token(&options, &[], &token);
    good.assert_ends(0, "1 accepted, 0 refused")
        .assert_says("standard input · JSON Web Token")
        .assert_says("Signed by a key of yours:")
        .assert_says("expires (exp)  1800000300 (2027-01-15T08:05:00Z)");
    assert_eq!((good.count("  ok "), good.count("  FAIL")), (10, 0));
    // Each option decides.
    for pair in (0..options.len()).step_by(2) {
        let mut fewer = options.clone();
        let removed: Vec<_> = fewer.drain(pair..pair + 2).collect();
        let run = run_on_token(&fewer, &[], &token);
        let (last, says) = match removed[0].as_str() {
            "--at" => ("0 accepted, 1 refused", "--at 2027-01-15T08:00:00Z".to_owned()),
            option => ("1 without a verdict", format!("Options: {option} ")),
        };
        run.assert_ends(1, last).assert_says(&says);
    }
    // The secret in a file; and nobody prints it.
    let file = TempFile::new(mint::base64url(SECRET) + "\n");
    let mut from_file = options.clone();
    from_file[1] = format!("@{}", file.path());
    for arguments in [&options, &from_file] {
        let run = run_on_token(arguments, &["--json"], &format!("Bearer {token}"));
        assert_eq!(run.status, Some(0), "{}", run.stderr);
        assert!(!run.stdout.contains(&mint::base64url(SECRET)) && !run.stdout.contains(&"5a".repeat(32)));
        let line: Value = serde_json::from_str(&run.stdout).expect("one line");
        assert_eq!((&line["kind"], &line["verdict"]), (&json!("jwt"), &json!("accepted")));
        assert_eq!((&line["decoding"][0], &line["facts"]["authentic"]), (&json!("scheme"), &json!(true)));
    }
    run_on_token(&options, &["--type", "at+jwt"], &token).assert_says("TokenType (5106)");
    let mut late = options.clone();
    late[7] = "2027-01-15T08:05:09Z".to_owned();
    run_on_token(&late, &[], &token).assert_ends(1, "0 accepted, 1 refused").assert_says("TokenExpired (5150)");
    run_on_token(&late, &["--skew", "10"], &token).assert_ends(0, "1 accepted, 0 refused");
    let play = run_on_token(&options, &[], &mint::Keys::new(1).token(&mint::payload()));
    play.assert_ends(1, "0 accepted, 1 refused").assert_says("five segments");
}

#[test]
fn session_tokens_are_verified_with_a_key_set() {
    let issuer = RustCryptoSigner::try_from(&[7; 32]).expect("a scalar");
    let mut room = [0; 256];
    let key = genuine::session::jwk::write(&issuer.public_key(), "one", &mut room).expect("room");
    let set = TempFile::new(format!(r#"{{"keys":[{key}]}}"#));
    let header = mint::base64url(r#"{"alg":"ES256","typ":"JWT","kid":"one"}"#);
    let signed = format!("{header}.{}", mint::base64url(session_claims().to_string()));
    let hash = RustCrypto.sha256(&[signed.as_bytes()]).expect("a hash");
    let token = format!("{signed}.{}", mint::base64url(issuer.sign(&hash).expect("a signature").0));
    let options = [&["--jwks".to_owned(), set.path().to_owned()], &session_options()[2..]].concat();
    run_on_token(&options, &[], &token).assert_ends(0, "1 accepted, 0 refused").assert_says("key found  one");
    run_on_token(&options, &[], &session_token(&session_claims())).assert_says("TokenAlgorithm (5117)");
}

#[test]
fn wrong_options_of_session_tokens_are_told() {
    let secret = mint::base64url(SECRET);
    let rows: [(&[&str], &str); 6] = [
        (&["--secret", &secret, "--secret", &secret], "once"),
        (&["--secret", &secret, "--jwks", "testvectors/play-schema.json"], "--jwks"),
        (&["--secret", "Cargo.toml"], "that is a file"),
        (&["--jwks", "/no/such/file"], "/no/such/file"),
        (&["--jwks", "Cargo.toml"], "not JSON"),
        (&["--skew", "-1"], "not a number of seconds"),
    ];
    for (arguments, says) in rows {
        let run = run(arguments.iter().copied().chain(["-"]));
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        run.assert_says(says).assert_says("--help lists the options");
        assert!(!run.stderr.contains(&secret), "a secret is printed");
    }
    // What is no secret is told beside the token, which may say what was meant.
    let run = run_on_token(&["--secret".to_owned(), "hunter2!".to_owned()], &[], &session_token(&session_claims()));
    run.assert_ends(1, "0 accepted, 1 refused").assert_says("ConfigSecretLength (5912)").assert_says("not base64");
    assert!(!run.stdout.contains("hunter2"));
}

/// Claims command no terminal, neither by their names nor by their values.
#[test]
fn what_a_session_token_says_is_printed_without_control_characters() {
    let hostile = "\x1B[2J\u{9B}2J\u{202E}";
    for name in ["iss", "aud", "sub", "jti", "cnf", hostile] {
        let mut claims = session_claims();
        claims[name] = json!(hostile);
        for more in [&[][..], &["--json"]] {
            let run = run_on_token(&session_options(), more, &session_token(&claims));
            assert!(run.stdout.contains("[2J"), "{name}: it is shown");
            assert!(!run.stdout.contains(['\x1B', '\u{9B}', '\u{202E}']), "{name}");
        }
    }
}

/// The examples lie beside the directory that `GENUINE_REAL_VECTORS` names.
#[test]
fn shared_session_tokens_are_as_expected() {
    let Some(directory) = env::var_os("GENUINE_REAL_VECTORS").map(PathBuf::from) else { return };
    let directory = directory.parent().expect("a directory above").join("tokens");
    let file = |name: &str| directory.join(name);
    let run = run([file("hs256_examples.json"), file("client_attestation_example.json")]);
    run.assert_ends(0, "6 as expected, 0 not").assert_says("stays unproved").assert_says("client_attestation_pop");
    assert_eq!((run.count("  FAIL"), run.count("  → ")), (1, 6));
    // Another secret, and the one whose signature is wrong is all that is as expected.
    let other = self::run([
        OsStr::new("--secret"),
        OsStr::new(&mint::base64url(SECRET)),
        file("hs256_examples.json").as_os_str(),
    ]);
    other.assert_ends(1, "1 as expected, 3 not").assert_says("TokenForged (5121)");
}

/// The root of a device's chain, the server's side of it, and the files that hold them.
struct Chain {
    root: TempFile,
    list: TempFile,
    pem: TempFile,
    device: AndroidDevice,
}

const KEY_CHALLENGE: &[u8] = &[0xFB, 0xF0, 0, 1, 2, 3, 4, 5];

impl Chain {
    fn of(device: AndroidDevice) -> Self {
        let authorities = device.authorities();
        let is_under_rsa = device.shape() != Shape::Remote;
        let root = if is_under_rsa { authorities.rsa_root_pem() } else { authorities.p384_root_pem() };
        Self {
            root: TempFile::new(root),
            list: TempFile::new(r#"{"entries": {"c0ffee": {"status": "REVOKED"}}}"#),
            pem: TempFile::new(device.attest(KEY_CHALLENGE).pem()),
            device,
        }
    }

    /// What a server knows, as options.
    fn options(&self) -> Vec<String> {
        let octets: Vec<_> = self.device.signing_digests()[0].iter().map(|octet| format!("{octet:02X}")).collect();
        let digest = octets.join(":");
        let options = [
            ("--root", self.root.path()),
            ("--at", "2026-10-14T18:00:00Z"),
            ("--challenge-b64", "+/AAAQIDBAU="),
            ("--package", self.device.package()),
            ("--signing-digest", &digest),
            ("--revocation", self.list.path()),
        ];
        options.into_iter().flat_map(|(option, value)| [option.to_owned(), value.to_owned()]).collect()
    }

    fn run(&self, more: &[&str]) -> Run {
        let options = self.options();
        run(options.iter().map(String::as_str).chain(more.iter().copied()).chain([self.pem.path()]))
    }
}

#[test]
fn chains_are_verified_with_options() {
    for shape in [Shape::Remote, Shape::FactoryRsa3072] {
        let chain = Chain::of(AndroidDevice::new("verify").with_shape(shape));
        let good = chain.run(&[]);
        good.assert_ends(0, "1 accepted, 0 refused")
            .assert_says("Android key attestation")
            .assert_says("The proof says:");
        assert_eq!((good.count("  ok "), good.count("  FAIL"), good.count("  ?")), (19, 0, 0));
        good.assert_says("all signatures hold").assert_says("signed by the next: ");
        let longest = good.stdout.lines().skip(5).max_by_key(|line| line.chars().count()).unwrap_or_default();
        assert!(longest.chars().count() <= 100, "{longest}");
        // Each option decides.
        let options = chain.options();
        for pair in (0..options.len()).step_by(2) {
            let mut fewer = options.clone();
            let removed: Vec<_> = fewer.drain(pair..pair + 2).collect();
            let run = run(fewer.iter().map(String::as_str).chain([chain.pem.path()]));
            let says = match removed[0].as_str() {
                "--root" => "AndroidAnchorUnknown (3100)",
                // The clock of whoever runs this test: long behind the chain's, or within it.
                "--at" => "now: no other time was told",
                "--challenge-b64" => "Options: --challenge TEXT.",
                option => &format!("Options: {option} "),
            };
            if removed[0] != "--at" {
                assert_eq!(run.status, Some(1), "{}: {}", removed[0], run.stdout);
            }
            run.assert_says(says);
        }
    }
}

#[test]
fn the_challenge_of_a_chain_has_three_forms() {
    let chain = Chain::of(AndroidDevice::new("forms"));
    for form in [["--challenge-hex", "fbf0000102030405"], ["--challenge-b64", "-_AAAQIDBAU"]] {
        chain.run(&form).assert_ends(0, "1 accepted, 0 refused");
    }
    let wrong = chain.run(&["--challenge", "+/AAAQIDBAU="]);
    wrong.assert_ends(1, "0 accepted, 1 refused").assert_says("AndroidChallengeMismatch (3300)");
    wrong.assert_says("The leaf has another form of the challenge that you gave");
    let text = AndroidDevice::new("forms").attest(b"in words").pem();
    let run = run_with_input(["--challenge", "in words", "-"], text.as_bytes());
    run.assert_says("(\"in words\")").assert_says("AndroidAnchorUnknown (3100)");
}

/// Each option of the policy, on a chain that it decides about.
#[test]
fn the_policy_of_a_chain_has_options() {
    let remote = Chain::of(AndroidDevice::new("policy"));
    let factory = Chain::of(AndroidDevice::new("policy").with_shape(Shape::FactoryEc));
    let unlocked = Chain::of(AndroidDevice::new("policy").unlocked());
    let own = Chain::of(AndroidDevice::new("policy").with_own_system([5; 32]));
    let attests = Chain::of(AndroidDevice::new("policy").with_attest_key());
    let shared = Chain::of(AndroidDevice::new("policy").with_another_package("org.example.second", 7));
    let rsa = Chain::of(AndroidDevice::new("policy").with_key_kind(KeyKind::Rsa2048));
    let boot_key = "05".repeat(32);
    for (chain, options, code) in [
        (&factory, &["--require-remote"] as &[&str], "AndroidFactoryRefused (3104)"),
        (&remote, &["--strong-box"], "AndroidLevelTooLow (3302)"),
        (&remote, &["--os-version", "170000"], "AndroidOsVersion (3340)"),
        (&remote, &["--os-patch-level", "202610"], "AndroidOsPatchLevel (3341)"),
        (&remote, &["--vendor-patch-level", "20260906"], "AndroidVendorPatchLevel (3342)"),
        (&remote, &["--boot-patch-level", "20260906"], "AndroidBootPatchLevel (3343)"),
    ] {
        chain.run(&[]).assert_ends(0, "1 accepted, 0 refused");
        let run = chain.run(options);
        run.assert_ends(1, "0 accepted, 1 refused").assert_says(code);
        assert_eq!(run.count("  FAIL"), 1, "{code}: what is behind it is asked all the same");
    }
    for (chain, options, code) in [
        (&unlocked, &["--accept-unlocked"] as &[&str], "AndroidUnlocked (3321)"),
        (&own, &["--boot-key", &boot_key], "AndroidBootKey (3323)"),
        (&attests, &["--accept-attest-keys"], "AndroidDescriptionElsewhere (3107)"),
        (&shared, &["--accept-shared-user-id"], "AndroidPackageCount (3333)"),
        (&rsa, &["--accept-any-key"], "AndroidAlgorithm (3312)"),
    ] {
        chain.run(&[]).assert_ends(1, "0 accepted, 1 refused").assert_says(code);
        chain.run(options).assert_ends(0, "1 accepted, 0 refused");
    }
    let line = remote.run(&["--json"]).stdout;
    let line: Value = serde_json::from_str(&line).expect("one line");
    let serial = line["chain"]["certificates"][1]["serial_hex"].as_str().expect("text").to_owned();
    let entry = |status: &str| TempFile::new(json!({"entries": {&serial: {"status": status}}}).to_string());
    let (revoked, suspended) = (entry("REVOKED"), entry("SUSPENDED"));
    remote.run(&["--revocation", revoked.path()]).assert_says("AndroidRevoked (3110)");
    remote.run(&["--revocation", suspended.path()]).assert_says("AndroidSuspended (3111)");
    remote.run(&["--revocation", suspended.path(), "--accept-suspended"]).assert_ends(0, "1 accepted, 0 refused");
}

/// What Google's JSON has is under `description`, in its forms.
#[test]
fn the_json_of_a_chain_has_the_description() {
    let chain = Chain::of(AndroidDevice::new("json"));
    let run = chain.run(&["--json"]);
    assert_eq!((run.status, run.stdout.lines().count()), (Some(0), 1), "{}", run.stderr);
    let line: Value = serde_json::from_str(&run.stdout).expect("one line");
    assert_eq!(
        (&line["kind"], &line["verdict"], &line["code"]),
        (&json!("key_attestation"), &json!("accepted"), &Value::Null)
    );
    assert_eq!((&line["file"], &line["as_expected"]), (&json!(chain.pem.path()), &Value::Null));
    assert_eq!((line["steps"].as_array().map(Vec::len), &line["proved"]), (Some(19), &json!(true)));
    let description = &line["key_description"];
    assert_eq!(description["attestationChallenge"], json!("+/AAAQIDBAU="));
    assert_eq!(description["hardwareEnforced"]["purposes"], json!(["2", "3"]));
    assert_eq!(description["hardwareEnforced"]["rootOfTrust"]["verifiedBootState"], json!("VERIFIED"));
    let package = json!([{"name": "org.example.genuine", "version": "42"}]);
    assert_eq!(description["softwareEnforced"]["attestationApplicationId"]["packages"], package);
    let refused = Chain::of(AndroidDevice::new("json").unlocked()).run(&["--json"]);
    let line: Value = serde_json::from_str(&refused.stdout).expect("one line");
    assert_eq!((refused.status, &line["code"], &line["step"]), (Some(1), &json!(3321), &json!("Boot")));
}

/// A root is of one kind of object or of both.
#[test]
fn a_root_of_the_other_kind_is_told() {
    let rsa = TempFile::new(AndroidPki::default().rsa_root_pem());
    let object = run_with_input(["--root", rsa.path(), "-"], &bare(ATTESTATION).1);
    object.assert_ends(2, "0 as expected, 0 not").assert_says("--root").assert_says("P-384");
    let chain = Chain::of(AndroidDevice::new("roots").with_shape(Shape::FactoryEc));
    chain.run(&["--root", chain.root.path()]).assert_says("ConfigInvalidAnchor");
}

#[test]
fn wrong_options_of_chains_are_told() {
    let rows: [(&[&str], &str); 9] = [
        (&["--challenge-hex", "abc"], "not hexadecimal digits"),
        (&["--challenge-hex", "+1+2"], "not hexadecimal digits"),
        (&["--signing-digest", "ab:cd"], "--signing-digest ab:cd: 2 octets"),
        (&["--boot-key", "?"], "--boot-key"),
        (&["--revocation", "/no/such/file"], "/no/such/file"),
        (&["--revocation", "Cargo.toml"], "not JSON"),
        (&["--os-version", "16.0"], "not a number"),
        (&["--os-patch-level", "-1"], "not a number"),
        (&["--package"], "needs a value"),
    ];
    for (arguments, says) in rows {
        let more: &[&str] = if arguments.len() == 1 { &[] } else { &["-"] };
        let run = run(arguments.iter().chain(more).copied());
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        run.assert_says(says).assert_says("--help lists the options");
    }
    for flag in ["--strong-box", "--require-remote", "--accept-unlocked"] {
        assert_eq!(run([flag]).status, Some(2), "{flag} needs a file");
    }
    let cut = run_with_input(["-"], b"-----BEGIN CERTIFICATE-----\nMIIB");
    cut.assert_ends(2, "0 as expected, 0 not").assert_says("certificate 1 in PEM has no end");
    let named = run([Chain::of(AndroidDevice::new("ids")).pem.path(), "der::boolean-not-ff"]);
    assert_eq!(named.status, Some(2));
}

/// Names and texts in a chain command no terminal.
#[test]
fn what_a_chain_says_is_printed_without_control_characters() {
    let hostile = "\x1B[2J\u{9B}2J\u{202E}";
    let chain = Chain::of(AndroidDevice::new("hostile").with_package(hostile, 1));
    for more in [&["--package", "org.example.other"] as &[&str], &["--package", "org.example.other", "--json"]] {
        let run = chain.run(more);
        assert!(run.stdout.contains("[2J"), "it is shown");
        assert!(!run.stdout.contains(['\x1B', '\u{9B}', '\u{202E}']));
    }
    // Nor does a name that is broken look like a line of the drawing.
    let forged = format!("{}\u{1B}[2J signed by the next: {hostile}", "x".repeat(74));
    let mutation =
        AndroidMutation::default().leaf(|leaf| leaf.tbs[field::SUBJECT] = name(&[(oid::COMMON_NAME, &forged)]));
    let certificates: Vec<_> = mutation.mint(&chain.device, KEY_CHALLENGE).iter().map(mint::base64url).collect();
    let file = TempFile::new(json!(certificates).to_string());
    let run = run(chain.options().iter().map(String::as_str).chain([file.path()]));
    run.assert_says("    signed by the next: \u{FFFD}[2J");
    assert!(!run.stdout.contains("│ signed by the next: \u{FFFD}"), "{}", run.stdout);
    assert!(!run.stdout.contains(['\x1B', '\u{9B}', '\u{202E}']));
}

/// The chains lie beside the directory that `GENUINE_REAL_VECTORS` names.
#[test]
fn genuine_chains_are_shown_and_verified() {
    let Some(directory) = env::var_os("GENUINE_REAL_VECTORS").map(PathBuf::from) else { return };
    let directory = directory.join("../android-key-attestation");
    let file = |name: &str| directory.join(name).to_str().expect("UTF-8").to_owned();
    let (chain, list) = (file("tegu-sdk36-SB_EC_2026_ROOT.pem"), file("revocation-status-sample.json"));
    let challenge = "OTA1NzhlMWQtZjViZi00Y2NmLWEyN2YtYTRmNGQ4OWVlMjFm";
    let digest = "10:39:38:EE:45:37:E5:9E:8E:E7:92:F6:54:50:4F:B8:34:6F:C6:B3:46:D0:BB:C4:41:5F:C3:39:FC:FC:8E:C1";
    let options = [
        ["--at", "2026-02-25T00:00:00Z"],
        ["--challenge-b64", challenge],
        ["--package", "com.google.android.attestation"],
        ["--signing-digest", digest],
        ["--revocation", &list],
    ];
    let good = run(options.concat().into_iter().chain(["--strong-box", "--require-remote", &chain]));
    good.assert_ends(0, "1 accepted, 0 refused").assert_says("up to Google's P-384 root");
    let json = run(options.concat().into_iter().chain(["--json", &chain]));
    let line: Value = serde_json::from_str(&json.stdout).expect("one line");
    let expected = fs::read_to_string(file("tegu-sdk36-SB_EC_2026_ROOT.json")).expect("readable");
    assert_eq!(line["key_description"], serde_json::from_str::<Value>(&expected).expect("JSON"), "as Google has it");

    // Every chain without a side: shown to its end, and none accepted.
    let entries = fs::read_dir(&directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    let chains: Vec<_> = entries.filter(|path| path.extension().is_some_and(|extension| extension == "pem")).collect();
    assert!(chains.len() >= 17);
    let all = run(&chains);
    assert_eq!((all.status, all.count("  →")), (Some(1), chains.len()), "{}", all.stderr);
    assert!(!all.stdout.contains("Accepted."));
    all.assert_says("Google's RSA root").assert_says("a software root of Android's source");
    // Names of files and of errors are not broken.
    let lines = all.stdout.lines().filter(|line| !line.starts_with('/') && !line.starts_with("  →"));
    let longest = lines.max_by_key(|line| line.chars().count()).unwrap_or_default();
    assert!(longest.chars().count() <= 100, "{longest}");
    let alone = run([file("allow_while_on_body.pem")]);
    alone.assert_ends(1, "0 accepted, 1 refused").assert_says("AndroidTooFewCertificates (3001)");
    alone.assert_says("allowWhileOnBody: yes").assert_says("com.google.android.gms, version");
}

/// `GENUINE_REAL_VECTORS` names a directory with `attestations/` and `assertions/` of genuine devices.
#[test]
fn genuine_objects_are_accepted() {
    let Some(directory) = env::var_os("GENUINE_REAL_VECTORS").map(PathBuf::from) else { return };
    let files: Vec<_> =
        ["attestations", "assertions"].iter().flat_map(|kind| json_files(&directory.join(kind))).collect();
    let run = run(&files);
    run.assert_ends(0, &format!("{} as expected, 0 not", files.len()));
    assert_eq!(run.count("  FAIL"), 0);
    let receipts = directory.join("receipts");
    for receipt in receipts.is_dir().then(|| json_files(&receipts)).iter().flatten().take(1) {
        self::run([receipt]).assert_ends(2, "0 as expected, 0 not").assert_says("\"receipt\"");
    }
}

/// Each of the reported faults ends with a sentence of its own, before the line that counts.
#[test]
fn reported_faults_end_with_a_sentence() {
    let Some(directory) = env::var_os("GENUINE_REAL_VECTORS").map(PathBuf::from) else { return };
    let faults = directory.join("../faults");
    let engine = faults.join("engine");
    for (root, directory) in [(faults.join("mint-root.pem"), &faults), (engine.join("root.pem"), &engine)] {
        for file in json_files(directory).iter().filter(|file| !file.ends_with("ecdsa.json")) {
            let root = root.to_str().expect("UTF-8");
            let run = run(["--root", root, file.to_str().expect("UTF-8")]);
            let lines: Vec<_> = run.stdout.lines().collect();
            let [.., last, "", _] = lines[..] else { panic!("{}: {}", file.display(), run.stdout) };
            assert!(last.starts_with("        ") && last.ends_with('.'), "{}: {last}", file.display());
        }
    }
}

fn json_files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let paths = entries.map(|entry| entry.expect("a directory entry").path());
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    assert!(!files.is_empty(), "{}: no vectors", directory.display());
    files.sort();
    files
}
