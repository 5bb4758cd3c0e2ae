//! The commands of docs/operator.md, run as they stand there.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{
    server::{Server, register},
    support::Scratch,
};

const PAGE: &str = include_str!("../../docs/operator.md");

/// The commands of a section of the page that begins so.
pub(crate) fn commands(marker: &str) -> String {
    let block = PAGE.split("```sh\n").skip(1).find(|block| block.starts_with(marker));
    block.unwrap_or_else(|| panic!("{marker}")).split("```").next().unwrap().to_owned()
}

pub(crate) fn run(directory: &Path, script: &str) -> String {
    let mut shell = Command::new("sh");
    shell.args(["-eu"]).current_dir(directory).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut shell = shell.spawn().unwrap();
    shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = shell.wait_with_output().unwrap();
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Changes a device as the page says, with curl, and finds the hashes of the audit log without the gateway.
#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_page_do_what_it_says() {
    if Command::new("curl").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "curl is not installed");
        eprintln!("NOTICE: curl is not installed; the commands with it are left out");
        return;
    }
    let scratch = Scratch::new("operator-page");
    let audit = scratch.path().join("audit.jsonl").display().to_string();
    let server = Server::start("memory", &[("GENUINE_GATEWAY_AUDIT", &audit)]);
    let app = server.client("phone");
    assert!(register(&app).await);
    let key_id = super::url_text(app.device.key_id());
    let answer = |marker: &str| {
        let commands = commands(marker).replace("https://localhost:8081", &server.operator);
        run(
            scratch.path(),
            &format!("TOKEN=unasked KEY_ID={key_id}\n{}", commands.replace("curl ", "curl -sS --fail-with-body ")),
        )
    };
    for _ in 0..2 {
        assert_eq!(answer("curl -X PUT"), "", "204");
    }
    let found: Value =
        serde_json::from_str(&answer("curl -H \"Authorization: Bearer $TOKEN\" 'https://localhost:8081/devices"))
            .unwrap();
    assert_eq!((&found["devices"], &found["next"]), (&serde_json::json!([]), &Value::Null), "of another application");
    let told: Value =
        serde_json::from_str(&answer("curl -H \"Authorization: Bearer $TOKEN\" 'https://localhost:8081/audit"))
            .unwrap();
    let actions: Vec<_> =
        told["entries"].as_array().unwrap().iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["lock device"; 4]);
    // sha256sum knows nothing of the gateway.
    let hashes = run(scratch.path(), &commands("# The hash of each line."));
    let hashes: Vec<_> = hashes.lines().map(|line| line.split(' ').next().unwrap()).collect();
    let lines = fs::read_to_string(&audit).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let previous: Vec<_> = lines.iter().map(|line| line["previous"].as_str().unwrap()).collect();
    assert_eq!((hashes.len(), &hashes[..3]), (4, &previous[1..]));
    assert_eq!(told["head"], hashes[3]);
    // The same of a token.
    let said = Command::new(env!("CARGO_BIN_EXE_genuine-gateway")).arg("--new-operator-token").output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let token = said.lines().next().unwrap().rsplit(' ').next().unwrap();
    let hash = run(scratch.path(), &format!("printf %s '{token}' | sha256sum"));
    assert_eq!(said.lines().nth(1).unwrap(), format!("token_sha256 = \"{}\"", &hash[..64]));
}
