//! A simulated device for the command line: what an app would send, to be sent with curl.

use std::{
    env,
    io::{self, Write as _},
    process::ExitCode,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine_gateway::{
    client::{App, ProofKey},
    demo::{self, CLIENT_DATA},
    server::system_clock,
};
use genuine_testvectors::Device;
use reqwest::{Client, Method};

const USAGE: &str = "usage: device attest NAME CHALLENGE
       device sign NAME COUNTER METHOD TARGET BODY [CHALLENGE]
       device key NAME
       device prove NAME METHOD URI TOKEN

attest  prints the body of POST /devices
sign    prints the headers of a request, for curl -H @FILE; COUNTER is how often this device has signed before
key     prints the thumbprint of a second key, which a token can be bound to
prove   prints the header DPoP of a request with such a token
";

fn app(name: &str, signed: u32) -> App {
    let config = demo::config();
    let application = &config.applications[0];
    let device = Device::new(name).with_app_id(&application.app_ids[0]).with_issue_time(system_clock()() - 60);
    App {
        server: String::new(),
        application: application.name.clone(),
        authority: config.authority.clone(),
        session: String::new(),
        device: device.with_counter(signed),
        http: Client::new(),
    }
}

fn output(arguments: &[&str]) -> Option<String> {
    match *arguments {
        ["attest", name, challenge] => Some(app(name, 0).registration(challenge).to_string()),
        ["sign", name, counter, method, target, body, ref challenge @ ..] if challenge.len() < 2 => {
            let method = Method::from_bytes(method.as_bytes()).ok()?;
            let call = app(name, counter.parse().ok()?).sign(method, target, body, challenge.first().copied());
            Some(format!("Authorization: {}\n{CLIENT_DATA}: {}", call.authorization, call.client_data))
        }
        ["key", name] => Some(ProofKey::of(name).ok()?.thumbprint().ok()?.to_string()),
        ["prove", name, method, uri, token] => {
            let mut random = [0; 16];
            getrandom::fill(&mut random).ok()?;
            let id = BASE64_URL_SAFE_NO_PAD.encode(random);
            ProofKey::of(name).ok()?.prove(method, uri, token, &id, system_clock()()).ok()
        }
        _ => None,
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some(text) = output(&arguments) else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    let _ = writeln!(io::stdout(), "{text}");
    ExitCode::SUCCESS
}
