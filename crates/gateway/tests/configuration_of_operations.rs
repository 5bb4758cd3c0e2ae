//! The configuration of log and traces: every mistake is named, and no secret is shown.
#![allow(missing_docs)]

use std::process::Command;

use genuine_gateway::config::{Config, LogFormat};

const FILE: &str = "[[applications]]\nname = \"shop\"\napp_ids = [\"ABCDE12345.com.example.shop\"]\n";
const SECRET: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

fn load(text: &str) -> Result<Config, Vec<String>> {
    Config::load(Some(&format!("{text}\n{FILE}")), std::iter::empty()).map_err(|mistakes| mistakes.0)
}

fn mistake(text: &str) -> String {
    let mistakes = load(text).expect_err(text);
    assert_eq!(mistakes.len(), 1, "{text}: {mistakes:?}");
    mistakes.into_iter().next().unwrap()
}

#[test]
fn log_and_traces_are_off_or_plain_unless_they_are_set() {
    let config = load("").unwrap();
    assert_eq!(config.log.format, LogFormat::Text);
    assert!(config.log.pseudonym_secret.is_none() && config.traces.is_none());
    let config = load("[traces]\nendpoint = \"http://127.0.0.1:4318\"").unwrap().traces.unwrap();
    assert_eq!((config.sample_percent, config.timeout_ms, &*config.service_name), (100.0, 10_000, "genuine-gateway"));
    let text = "[log]\nformat = \"json\"\n[traces]\nendpoint = \"https://otel.example\"\nsample_percent = 12.5\n\
        timeout_ms = 1\nservice_name = \"x\"";
    let config = load(text).unwrap();
    let traces = config.traces.unwrap();
    assert_eq!((config.log.format, traces.sample_percent, traces.timeout_ms), (LogFormat::Json, 12.5, 1));
}

#[test]
fn each_mistake_about_the_log_is_named() {
    for secret in ["", "AQID", "not base64 but as long as one of 32 octets is", &"A".repeat(88), &"A".repeat(87)] {
        let mistake = mistake(&format!("[log]\npseudonym_secret = \"{secret}\""));
        assert!(mistake.starts_with("log.pseudonym_secret: 32 to 64 octets in base64"), "{mistake}");
        assert!(secret.is_empty() || !mistake.contains(secret), "{mistake}");
    }
    for (text, part) in [
        ("format = \"xml\"", "unknown variant `xml`"),
        ("colour = true", "unknown field `colour`"),
        ("pseudonym_secret = 5", "a secret is text in quotes"),
    ] {
        let mistake = mistake(&format!("[log]\n{text}"));
        assert!(mistake.contains(part), "{mistake}");
    }
}

#[test]
fn each_mistake_about_traces_is_named() {
    let endpoint = "endpoint = \"http://127.0.0.1:4318\"";
    for address in [
        "",
        "127.0.0.1:4318",
        "http://otel.example:4318",
        "http://10.0.0.1:4318",
        "ftp://127.0.0.1",
        "https://user:secret@otel.example",
        "https://otel.example/?key=secret",
        "https://otel.example/#x",
    ] {
        let mistake = mistake(&format!("[traces]\nendpoint = \"{address}\""));
        assert_eq!(mistake, "traces.endpoint: https://HOST, or http://HOST:PORT on this machine", "{address}");
    }
    for (text, expected) in [
        ("sample_percent = -0.1", "traces.sample_percent: from 0 to 100"),
        ("sample_percent = 100.1", "traces.sample_percent: from 0 to 100"),
        ("sample_percent = nan", "traces.sample_percent: from 0 to 100"),
        ("timeout_ms = 0", "traces.timeout_ms: from 1 to 60000"),
        ("timeout_ms = 60001", "traces.timeout_ms: from 1 to 60000"),
        ("service_name = \"\"", "traces.service_name: from 1 to 255 printable characters without a space"),
        ("service_name = \"a b\"", "traces.service_name: from 1 to 255 printable characters without a space"),
    ] {
        assert_eq!(mistake(&format!("[traces]\n{endpoint}\n{text}")), expected);
    }
    for (text, part) in [
        ("sample_percent = 5", "missing field `endpoint`"),
        (&*format!("{endpoint}\nheaders = 1"), "unknown field `headers`"),
    ] {
        let mistake = mistake(&format!("[traces]\n{text}"));
        assert!(mistake.contains(part), "{mistake}");
    }
    // With all the others.
    let all = load("listen = \"0.0.0.0:1\"\n[log]\npseudonym_secret = \"\"\n[traces]\nendpoint = \"\"\ntimeout_ms = 0")
        .unwrap_err();
    for start in ["listen:", "log.pseudonym_secret:", "traces.endpoint:", "traces.timeout_ms:"] {
        assert!(all.iter().any(|mistake| mistake.starts_with(start)), "{start} {all:?}");
    }
}

#[test]
fn what_is_in_effect_is_printed_without_the_secret() {
    let path = std::env::temp_dir().join(format!("genuine-operations-{}.toml", std::process::id()));
    let text = format!(
        "[log]\nformat = \"json\"\npseudonym_secret = \"{SECRET}\"\n[traces]\nendpoint = \"http://127.0.0.1:4318\"\n{FILE}"
    );
    std::fs::write(&path, &text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"));
    let output = command.env_clear().arg("--config").arg(&path).arg("--check").output().unwrap();
    std::fs::remove_file(&path).unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        "format = \"json\"",
        "pseudonym_secret = \"…\"",
        "endpoint = \"http://127.0.0.1:4318\"",
        "sample_percent = 100.0",
    ] {
        assert!(printed.lines().any(|printed| printed == line), "{line}: {printed}");
    }
    assert!(!printed.contains(SECRET));
    assert!(!format!("{:?}", Config::load(Some(&text), std::iter::empty()).unwrap()).contains(SECRET));
}
