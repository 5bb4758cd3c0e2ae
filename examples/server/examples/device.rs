//! A simulated iPhone for the command line, to talk to the server with curl. Its root is a test root, whose key is public.

use std::{
    env,
    io::{self, Write as _},
    process::ExitCode,
    time::SystemTime,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine_testvectors::Device;
use sha2::{Digest as _, Sha256};

const USAGE: &str = "usage: device attest NAME CHALLENGE
       device authorize NAME CHALLENGE
       device authorize NAME CHALLENGE COUNTER METHOD TARGET BODY

attest     writes the attestation object: the body of POST /devices
authorize  writes the header of POST /devices or, with the rest, of a request; COUNTER is how often NAME has signed before
";

const APP_ID: &str = "ABCDE12345.com.example.app";

fn device(name: &str) -> Device {
    let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    Device::new(name).with_app_id(APP_ID).with_issue_time(now.saturating_sub(60))
}

fn output(arguments: &[&str]) -> Option<Vec<u8>> {
    match *arguments {
        ["attest", name, challenge] => Some(device(name).attest_hash(&Sha256::digest(challenge)).object),
        ["authorize", name, challenge] => {
            let key_id = BASE64_STANDARD.encode(device(name).key_id());
            Some(format!("Authorization: Attest {key_id}.{challenge}").into_bytes())
        }
        ["authorize", name, challenge, counter, method, target, body] => {
            let mut device = device(name).with_counter(counter.parse().ok()?);
            let client_data = format!("{method}\n{target}\n{challenge}\n{body}");
            let assertion = BASE64_STANDARD.encode(device.assert_hash(&Sha256::digest(client_data)).object);
            let key_id = BASE64_STANDARD.encode(device.key_id());
            Some(format!("Authorization: Attest {key_id}.{challenge}.{assertion}").into_bytes())
        }
        _ => None,
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some(octets) = output(&arguments) else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    let _ = io::stdout().write_all(&octets);
    ExitCode::SUCCESS
}
