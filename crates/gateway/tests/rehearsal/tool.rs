//! The tool for the command line: the authority that it makes, and the devices of that.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use genuine_gateway::challenge::Purpose;
use reqwest::Client;
use serde_json::{Value, json};

use super::{PACKAGE, REHEARSAL, load, server::Server};
use crate::support::{APP_ID, AUTHORITY, Scratch};

/// What it prints; nothing if it fails.
fn device(arguments: &[&str]) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_device")).args(arguments).output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn what_it_makes_is_accepted_as_it_is() {
    let scratch = Scratch::new("rehearsal-tool");
    let directory = scratch.path().join("authority").display().to_string();
    let root = ["root", &directory, REHEARSAL, AUTHORITY, APP_ID, PACKAGE];
    let settings = device(&root).unwrap();
    let text = format!(
        "listen = \"127.0.0.1:0\"\noperator_listen = \"127.0.0.1:0\"\nstore = {{ kind = \"memory\" }}\n\
         callers = [\"{REHEARSAL}\"]\ntokens = {{}}\n{settings}"
    );
    load(&text, true).unwrap();
    // Nobody else reads what it writes, and it writes over nothing.
    for file in fs::read_dir(&directory).unwrap() {
        assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(device(&root), None);

    let path = scratch.path().join("server.toml");
    fs::write(&path, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"));
    let server = Server::run(command.env_clear().arg("--config").arg(&path).arg("--rehearsal"));
    let http = Client::new();
    let post = |path: &str| http.post(format!("{}{path}", server.app));
    let challenge = async |purpose: Purpose| {
        let asked = post("/challenges").json(&json!({ "application": REHEARSAL, "purpose": purpose }));
        let answer: Value = asked.send().await.unwrap().json().await.unwrap();
        answer["challenge"].as_str().unwrap().to_owned()
    };
    let header = |line: &str| line.split_once(": ").map(|(_, value)| value.trim().to_owned()).unwrap();
    let body = |text: &str| serde_json::from_str::<Value>(text).unwrap();

    // One of the same name in the demonstration is another device.
    let issued = challenge(Purpose::Attestation).await;
    let foreign = device(&["attest", "one", &issued]).unwrap();
    let own = device(&["--root", &directory, "attest", "one", &issued]).unwrap();
    assert_ne!(body(&foreign)["key_id"], body(&own)["key_id"]);
    assert_eq!(post("/devices").json(&body(&own)).send().await.unwrap().status(), 201);
    let signed = device(&["--root", &directory, "sign", "one", "0", "POST", "/orders", "two of them"]).unwrap();
    let order = post("/orders").header("authorization", header(signed.lines().next().unwrap())).body("two of them");
    assert_eq!(order.send().await.unwrap().status(), 200);

    let issued = challenge(Purpose::Integrity).await;
    let attested = device(&["--root", &directory, "play-attest", "two", &issued]).unwrap();
    let proof = device(&["--root", &directory, "play-prove", "two", "/devices", &issued]).unwrap();
    let registration = post("/devices").header("dpop", header(&proof)).json(&body(&attested));
    assert_eq!(registration.send().await.unwrap().status(), 201);
    let issued = challenge(Purpose::Assertion).await;
    let proof = device(&["--root", &directory, "play-prove", "two", "/tokens", &issued]).unwrap();
    let token: Value = post("/tokens").header("dpop", header(&proof)).send().await.unwrap().json().await.unwrap();
    let token = token["access_token"].as_str().unwrap();
    let uri = format!("https://{AUTHORITY}/basket");
    let proof = device(&["--root", &directory, "prove", "two", "GET", &uri, token]).unwrap();
    let basket = http.get(format!("{}/basket", server.app)).header("authorization", format!("DPoP {token}"));
    let basket: Value = basket.header("dpop", proof.trim()).send().await.unwrap().json().await.unwrap();
    assert_eq!(basket["application"], REHEARSAL, "{basket}");
}
