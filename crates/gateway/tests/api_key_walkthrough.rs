//! docs/api-keys.md is followed, in bash and zsh, with a gateway that its settings start; and what the log has of it.
#![allow(missing_docs)]

#[path = "support/server.rs"]
mod server;
mod support;

use std::{
    fs,
    process::{Command, Stdio},
};

use server::Server;
use support::Scratch;

const DOCUMENT: &str = include_str!("../docs/api-keys.md");

fn installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "{program} is not installed");
    if !found {
        eprintln!("NOTICE: {program} is not installed; the walk-through is left out there");
    }
    found
}

/// The blocks of this language.
fn blocks(language: &str) -> Vec<&'static str> {
    DOCUMENT.split("```").filter_map(|block| block.strip_prefix(language)).collect()
}

/// What the commands print, without this member's value, which is another one each time.
fn without(member: &str, printed: &str) -> String {
    let start = format!("\"{member}\":\"");
    let Some((before, after)) = printed.split_once(&start) else { return printed.to_owned() };
    let (_, rest) = after.split_once('"').unwrap();
    format!("{before}{start}…\"{rest}")
}

fn without_token(printed: &str) -> String {
    without("access_token", printed)
}

/// Runs these commands in a directory; what they print.
fn shell(shell: &str, directory: &std::path::Path, script: &str) -> String {
    assert!(!script.contains('#'), "comments are errors at the prompt of zsh");
    let output = Command::new(shell).args(["-euo", "pipefail", "-c", script]).current_dir(directory).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{shell}: {printed}{}", String::from_utf8_lossy(&output.stderr));
    printed
}

/// The settings of the document, and what else a gateway on this machine takes.
fn settings() -> String {
    let before = "listen = \"127.0.0.1:0\"\noperator_listen = \"127.0.0.1:0\"\nauthority = \"shop.example.com\"";
    let after = "[store]\nkind = \"memory\"\n[[applications]]\nname = \"shop\"\n\
                 app_ids = [\"ABCDE12345.com.example.shop\"]\n";
    format!("{before}\n{}{after}", blocks("toml\n")[0])
}

#[test]
fn r69_r71_the_document_can_be_followed() {
    if !["curl", "openssl"].into_iter().all(installed) {
        return;
    }
    let (scripts, expected) = (blocks("sh\n"), blocks("text\n"));
    let [make, exchange, rotate, revoke, by_hand] = scripts[..] else { panic!("five blocks of commands") };
    let [exchanged, rotated, revoked, headers, code] = expected[..] else { panic!("five blocks of text") };
    assert!(headers.contains(&format!("Signature: sig=:{}:", code.trim())));
    for name in ["bash", "zsh"] {
        if !installed(name) {
            continue;
        }
        let scratch = Scratch::new(&format!("api-keys-{name}"));
        let path = scratch.path();
        let built = env!("CARGO_BIN_EXE_genuine-gateway");
        assert_eq!(shell(name, path, &make.replace("genuine-gateway", built)), "");
        fs::write(path.join("gateway.toml"), settings()).unwrap();
        let server = Server::run(
            Command::new(built).args(["--config", "gateway.toml"]).current_dir(path).env("RUST_LOG", "trace"),
        );
        let here = |script: &str| script.replace("http://localhost:8080", &server.app);
        let printed = shell(name, path, &here(exchange));
        assert_eq!(without_token(&printed).trim(), exchanged.trim(), "{name}");
        let next = shell(name, path, &here(rotate).replace("genuine-gateway", built));
        assert_eq!(without_token(&next).trim(), rotated.trim(), "{name}");
        assert_eq!(
            without_token(&shell(name, path, &here(exchange))).trim(),
            exchanged.trim(),
            "{name}: both are good"
        );
        // Both parts of the commands in one shell: the second one uses the first one's variables.
        let both = format!("{}\n{}", exchange.lines().next().unwrap(), here(revoke));
        assert_eq!(without("request_id", &shell(name, path, &both)).trim(), revoked.trim(), "{name}");
        assert_eq!(shell(name, path, by_hand), code, "{name}");

        // What was shown stays out of the log, at its most talkative.
        server.signal("-TERM");
        let (status, log) = server.end();
        assert_eq!(status, Some(0), "{log}");
        assert!(log.contains("the API keys were read again") && log.contains("ApiKeyRevoked"), "{log}");
        let key = fs::read_to_string(path.join("partner-web.key")).unwrap();
        let (_, secret) = key.trim().split_once('.').unwrap();
        let token = printed.split('"').find(|part| part.starts_with("eyJ")).unwrap();
        let shown = [secret, &secret[..16], token, token.rsplit('.').next().unwrap()];
        assert!(!shown.iter().any(|part| log.contains(part)), "{log}");
    }
}

#[test]
fn r69_the_command_says_how_it_is_typed() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_genuine-gateway")).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let all = ["--new-api-key", "partner-web", "--kind", "signing", "--scopes", "orders:read", "--tier", "partner"];
    let (code, entry, shown) = run(&all);
    assert_eq!(code, Some(0));
    assert!(entry.contains("signing_secret = ") && !entry.contains("hash = ") && shown.contains("keyid:"), "{entry}");
    for arguments in [&all[..1], &all[..6], &[&all[..], &["--check"]].concat()] {
        let (code, printed, complaint) = run(arguments);
        assert_eq!((code, &*printed), (Some(2), ""), "{arguments:?}");
        assert!(complaint.starts_with("usage: genuine-gateway --new-api-key CLIENT"), "{complaint}");
    }
}

#[test]
fn check_prints_the_settings_and_no_key() {
    let scratch = Scratch::new("api-keys-check");
    let output = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"))
        .args(["--new-api-key", "partner-web", "--kind", "signing", "--scopes", "orders:read", "--tier", "partner"])
        .output()
        .unwrap();
    let entry = String::from_utf8(output.stdout).unwrap();
    let check = |keys: &str| {
        fs::write(scratch.path().join("keys.toml"), keys).unwrap();
        fs::write(scratch.path().join("gateway.toml"), settings()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"));
        let output =
            command.args(["--config", "gateway.toml", "--check"]).current_dir(scratch.path()).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let secret = entry.split('"').find(|part| part.len() == 43).unwrap().to_owned();
    let (code, printed) = check(&entry);
    assert_eq!(code, Some(0), "{printed}");
    assert!(
        printed.contains("[api_keys]") && printed.contains("partner-web") && !printed.contains(&secret),
        "{printed}"
    );
    let (code, complaint) = check(&entry.replace("tier = \"partner\"", "tier = \"none\""));
    assert_eq!(code, Some(2), "{complaint}");
    assert!(complaint.contains("api_keys.file: keys.toml: keys \"gk_") && !complaint.contains(&secret), "{complaint}");
}
