//! A gateway that is killed while an operator changes something.

use std::{process::Command, sync::Arc, time::Duration};

use genuine_gateway::audit::verify;
use serde_json::Value;
use tokio::{sync::Mutex, task::JoinSet};

use crate::{
    server::{Server, register},
    support::{Scratch, idempotency_key_of_now},
};

const ROUNDS: usize = 6;

/// Whatever the kill hits: the log is whole, a change that was answered has both lines, and a device that is revoked has the first one.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_whole_when_the_gateway_is_killed() {
    let scratch = Scratch::new("killed-operator");
    let (file, store) = (scratch.path().join("audit.jsonl"), scratch.path().join("genuine.redb"));
    let (store, audit) = (format!("redb:{}", store.display()), file.display().to_string());
    let answered = Arc::new(Mutex::new(Vec::<String>::new()));
    let (mut devices, mut open) = (Vec::new(), 0);
    for round in 0..ROUNDS {
        let server = Server::start(&store, &[("GENUINE_GATEWAY_AUDIT", &audit)]);
        let mut changes = JoinSet::new();
        for number in 0..8 {
            let app = server.client(&format!("{round} {number}"));
            assert!(register(&app).await);
            let key_id = super::url_text(app.device.key_id());
            devices.push(key_id.clone());
            let (operator, answered) = (server.operator.clone(), Arc::clone(&answered));
            changes.spawn(async move {
                for what in ["lock", "tokens/revocation", "revocation", "lock", "lock", "lock", "lock", "lock"] {
                    let key = idempotency_key_of_now();
                    let change = app.http.put(format!("{operator}/devices/{key_id}/{what}"));
                    let Ok(answer) = change.header("idempotency-key", &key).send().await else { return };
                    assert_eq!(answer.status(), 204);
                    answered.lock().await.push(key);
                }
            });
        }
        tokio::time::sleep(Duration::from_millis(20 + 37 * u64::try_from(round).unwrap() % 90)).await;
        server.signal("-KILL");
        while changes.join_next().await.is_some() {}
        drop(server);
        let verified = verify(&file, None).unwrap();
        open = open.max(verified.open);
    }
    let server = Server::start(&store, &[("GENUINE_GATEWAY_AUDIT", &audit)]);
    let verified = verify(&file, None).unwrap();
    assert_eq!(verified.torn, 0);
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for key in answered.lock().await.iter() {
        let events: Vec<_> =
            lines.iter().filter(|line| line["key"] == key.as_str()).map(|line| &line["event"]).collect();
        assert_eq!(events, ["intent", "outcome"], "{key}");
    }
    let http = reqwest::Client::new();
    let mut revoked = 0;
    for key_id in &devices {
        let device: Value =
            http.get(format!("{}/devices/{key_id}", server.operator)).send().await.unwrap().json().await.unwrap();
        let is_noted = |line: &&Value| line["action"] == "revoke device" && line["subject"] == key_id.as_str();
        if !device["revoked_at"].is_null() {
            revoked += 1;
            assert!(lines.iter().find(is_noted).is_some(), "{key_id}");
        }
    }
    eprintln!(
        "{} answered, {revoked} revoked, {open} without an outcome, {} lines",
        answered.lock().await.len(),
        verified.lines
    );
    assert!(revoked > 0);

    // The program says the same, and knows a hash that was noted.
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_genuine-gateway")).args(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let (code, said) = run(&["--verify-audit", &audit]);
    assert!(code == Some(0) && said.contains(&verified.head), "{said}");
    assert_eq!(run(&["--verify-audit", &audit, &verified.head]).0, Some(0));
    let (code, said) = run(&["--verify-audit", &audit, &"0".repeat(64)]);
    assert!(code == Some(1) && said.contains("no line has this hash"), "{said}");
    // A second gateway does not write to it.
    let second = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"))
        .args(["--demo"])
        .env("GENUINE_GATEWAY_LISTEN", "127.0.0.1:0")
        .env("GENUINE_GATEWAY_OPERATOR_LISTEN", "127.0.0.1:0")
        .env("GENUINE_GATEWAY_STORE", "memory")
        .env("GENUINE_GATEWAY_AUDIT", &audit)
        .output()
        .unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(second.status.code() == Some(1) && said.contains("audit: "), "{said}");
}
