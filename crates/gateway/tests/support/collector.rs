//! A collector of traces that decodes OTLP with OpenTelemetry's own messages, in Python.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "shared by several test crates")]

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, LazyLock, Mutex},
    thread,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/collector");

/// A collector on a free port. It is killed with the test.
pub struct Collector {
    process: Child,
    commands: ChildStdin,
    pub endpoint: String,
    lines: Arc<Mutex<Vec<Value>>>,
}

/// Python with what decodes OTLP, below the target directory; `None` where it cannot be had, which is a failure in CI.
static PYTHON: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("collector");
    let python = directory.join("bin/python");
    let run = |command: &mut Command| command.stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    let installed = || {
        run(Command::new(&python).args(["-c", "import opentelemetry.proto.trace.v1.trace_pb2"]).stderr(Stdio::null()))
    };
    let install = || {
        let requirements = format!("{FILES}/requirements.txt");
        let pip =
            ["-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "-r", &requirements];
        run(Command::new("python3").args(["-m", "venv"]).arg(&directory)) && run(Command::new(&python).args(pip))
    };
    let found = installed() || install() && installed();
    assert!(found || env::var_os("CI").is_none(), "python3 with venv is not installed, or PyPI is away");
    if !found {
        eprintln!(
            "NOTICE: python3 with venv is not installed, or PyPI is away; the tests with a collector are left out"
        );
    }
    found.then_some(python)
});

impl Collector {
    pub fn start() -> Option<Self> {
        let python = PYTHON.as_ref()?;
        let mut command = Command::new(python);
        command.arg(format!("{FILES}/collector.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = output.next().unwrap().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&lines);
        thread::spawn(move || {
            for line in output.map_while(Result::ok) {
                seen.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            }
        });
        let commands = process.stdin.take().unwrap();
        Some(Self { process, commands, endpoint: format!("http://127.0.0.1:{port}"), lines })
    }

    /// Has it answer this from now on.
    pub fn answer(&mut self, what: &str) {
        writeln!(self.commands, "{what}").unwrap();
        for _ in 0..200 {
            if self.lines.lock().unwrap().iter().any(|line| line["answers"] == *what) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the collector does not listen");
    }

    /// What was sent so far: each request, decoded.
    pub fn requests(&self) -> Vec<Value> {
        self.lines.lock().unwrap().iter().filter(|line| line["spans"].is_array()).cloned().collect()
    }

    /// The spans that were sent so far.
    pub fn spans(&self) -> Vec<Value> {
        self.requests().iter().flat_map(|request| request["spans"].as_array().unwrap().clone()).collect()
    }

    /// The spans, once there are as many.
    pub fn spans_of(&self, count: usize) -> Vec<Value> {
        for _ in 0..1000 {
            if self.spans().len() >= count {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.spans()
    }

    /// Every octet that was sent, and what it reads as.
    pub fn octets(&self) -> Vec<u8> {
        let part = |request: &Value| {
            let mut octets = BASE64_STANDARD.decode(request["body"].as_str().unwrap()).unwrap();
            octets.extend_from_slice(request["text"].as_str().unwrap().as_bytes());
            octets
        };
        self.requests().iter().flat_map(part).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
