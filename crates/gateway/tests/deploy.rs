//! The files of `deploy/`, and the pages that tell how to use them, held against the gateway.
#![allow(missing_docs)]

#[path = "support/google.rs"]
mod google;
#[path = "support/server.rs"]
mod server;
mod support;

#[path = "deploy/compose.rs"]
mod compose;
#[path = "deploy/readiness.rs"]
mod readiness;
#[path = "deploy/walk.rs"]
mod walk;
#[path = "deploy/watching.rs"]
mod watching;

use std::process::{Command, Stdio};

/// What a file of `deploy/` says.
fn file(name: &str) -> String {
    std::fs::read_to_string(format!("{}/deploy/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Whether a program is here; in CI it has to be.
fn installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "{program} is not installed");
    if !found {
        eprintln!("NOTICE: {program} is not installed; the tests with it are left out");
    }
    found
}
