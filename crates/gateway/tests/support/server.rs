//! The server as a process, and a simulated app that speaks to it.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "shared by several test crates")]

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
    thread::{self, JoinHandle},
    time::Duration,
};

use genuine_gateway::{challenge::Purpose, client::App};
use genuine_testvectors::Device;
use reqwest::{Client, StatusCode};

use crate::support::{APP_ID, APPLICATION, AUTHORITY};

/// The server as a process. It is killed with the test.
pub struct Server {
    pub process: Child,
    pub app: String,
    pub operator: String,
    log: Option<JoinHandle<String>>,
}

impl Server {
    /// The demonstration over a store, on free ports.
    pub fn start(store: &str, settings: &[(&str, &str)]) -> Self {
        Self::run(
            Command::new(env!("CARGO_BIN_EXE_genuine-gateway"))
                .arg("--demo")
                .env("GENUINE_GATEWAY_LISTEN", "127.0.0.1:0")
                .env("GENUINE_GATEWAY_OPERATOR_LISTEN", "127.0.0.1:0")
                .env("GENUINE_GATEWAY_STORE", store)
                .envs(settings.iter().copied()),
        )
    }

    pub fn run(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        // Other lines may stand before them.
        let mut address = |name: &str| loop {
            let line = lines.next().unwrap().unwrap();
            if let Some(address) = line.strip_prefix(name) {
                return address.trim().to_owned();
            }
        };
        let (app, operator) = (address("apps:"), address("operator:"));
        // Read as it comes, so that nothing of it is dropped.
        let mut errors = process.stderr.take().unwrap();
        let log = thread::spawn(move || {
            let mut log = String::new();
            errors.read_to_string(&mut log).unwrap();
            log
        });
        Self { process, app, operator, log: Some(log) }
    }

    pub fn client(&self, name: &str) -> App {
        App {
            server: self.app.clone(),
            application: APPLICATION.to_owned(),
            authority: AUTHORITY.to_owned(),
            session: format!("session of {name}"),
            device: device(name),
            http: Client::builder().timeout(Duration::from_secs(20)).build().unwrap(),
        }
    }

    pub fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the end; the exit code and what was logged.
    pub fn end(mut self) -> (Option<i32>, String) {
        let code = self.process.wait().unwrap().code();
        (code, self.log.take().unwrap().join().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Valid at the time at which the test runs, as the server's clock is the system's.
pub fn device(seed: &str) -> Device {
    let clock = genuine_gateway::server::system_clock();
    Device::new(seed).with_app_id(APP_ID).with_issue_time(clock() - 60)
}

/// Registers, which may be interrupted: whether it was acknowledged.
pub async fn register(app: &App) -> bool {
    let Ok(answer) = app.challenge(Purpose::Attestation).await else { return false };
    let Some(challenge) = answer.challenge() else { return false };
    app.register(challenge).await.is_ok_and(|answer| answer.status == StatusCode::CREATED)
}
