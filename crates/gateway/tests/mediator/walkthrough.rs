//! `docs/mediator.md` typed into shells: a login with curl, a rehearsal's device and a real authorization server.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    oidc::{Browser, CLIENT_SECRET, Oidc},
    secrets::server::Server,
    support::Scratch,
};

const DOCUMENT: &str = include_str!("../../docs/mediator.md");

fn blocks(language: &str) -> Vec<&'static str> {
    DOCUMENT.split("```").filter_map(|block| block.strip_prefix(language)).collect()
}

fn installed(program: &str, version: &str) -> bool {
    let found = Command::new(program).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "{program} is not installed");
    if !found {
        eprintln!("NOTICE: {program} is not installed; the walk-through is left out there");
    }
    found
}

fn shell(name: &str, directory: &Path, script: &str) -> Command {
    assert!(
        !script.contains('#') || !script.replace("${back#https", "").contains('#'),
        "no comments at the prompt of zsh"
    );
    let mut command = Command::new(name);
    command.args(["-euo", "pipefail", "-c", script]).current_dir(directory);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// This text in the place of that, which has to be there.
fn instead(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}: {text}");
        text.replace(from, to)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn r85_r89_the_document_can_be_followed() {
    if !installed("curl", "--version") || !installed("openssl", "version") {
        return;
    }
    let Some(oidc) = Oidc::start() else { return };
    let [configure, begin, finish] = blocks("sh\n")[..] else { panic!("three blocks of commands") };
    let expected = *blocks("text\n").last().unwrap();
    let tool = (
        "cargo run --quiet --release -p genuine-gateway --features demo --bin device --",
        env!("CARGO_BIN_EXE_device"),
    );
    let device = configure.lines().find(|line| line.starts_with("device()")).unwrap();
    for name in ["bash", "zsh"] {
        if !installed(name, "--version") {
            continue;
        }
        let scratch = Scratch::new(&format!("mediator-{name}"));
        let configure = instead(
            configure,
            &[
                ("http://127.0.0.1:41234", &oidc.rotating),
                tool,
                ("127.0.0.1:8080", "127.0.0.1:0"),
                ("127.0.0.1:8081", "127.0.0.1:0"),
                ("\"secret-rotating\"", &format!("\"{CLIENT_SECRET}-rotating\"")),
            ],
        );
        let output = shell(name, scratch.path(), &configure).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let built = env!("CARGO_BIN_EXE_genuine-gateway");
        let server = Server::run(
            Command::new(built).args(["--config", "gateway.toml", "--rehearsal"]).current_dir(scratch.path()),
        );

        let script = format!("{device}\n{begin}{finish}");
        let script = instead(&script, &[("http://localhost:8080", &server.app), tool]);
        let mut process = shell(name, scratch.path(), &script).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let login = lines.next().unwrap();
        let back = Browser::of("alice").log_in(&login).await;
        assert!(back.starts_with("https://localhost:8080/oauth/callback/rotating?"), "{name}: {back}");
        writeln!(process.stdin.take().unwrap(), "{back}").unwrap();
        let printed: Vec<_> = lines.collect();
        let mut complaints = String::new();
        process.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
        assert!(process.wait().unwrap().success(), "{name}: {printed:?} {complaints}");
        assert_eq!(printed, expected.trim().lines().collect::<Vec<_>>(), "{name}: {complaints}");
    }
}
