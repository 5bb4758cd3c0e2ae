//! A simulated device for the command line: what an app would send, to be sent with curl. And an authority for a rehearsal.

use std::{
    env,
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
};

use genuine_gateway::{
    client::{Authority, Scene, identifier},
    demo::CLIENT_DATA,
    platform::date,
    server::system_clock,
};
use reqwest::Method;

const USAGE: &str = "usage: device [--root DIR] attest NAME CHALLENGE
       device [--root DIR] sign NAME COUNTER METHOD TARGET BODY [CHALLENGE]
       device [--root DIR] key NAME
       device [--root DIR] prove NAME METHOD URI TOKEN
       device [--root DIR] play-attest NAME CHALLENGE
       device [--root DIR] play-prove NAME PATH CHALLENGE
       device [--root DIR] key-attest NAME CHALLENGE
       device [--root DIR] key-sign NAME COUNTER METHOD TARGET BODY [CHALLENGE]
       device root DIR APPLICATION AUTHORITY APP_ID [PACKAGE]

attest       prints the body of POST /devices
sign         prints the headers of a request, for curl -H @FILE; COUNTER is how often this device has signed before
key          prints the thumbprint of a second key, which a token can be bound to
prove        prints the header DPoP of a request with such a token
play-attest  prints the body of POST /devices of an Android phone
play-prove   prints its header DPoP of a POST to PATH, for curl -H @FILE
key-attest   prints the body of POST /devices of an Android phone whose hardware attests keys
key-sign     prints the headers of a request of it; COUNTER is how often it has signed before, 1 after its registration
root         makes an authority for a rehearsal in DIR, which must not be there, and prints what the configuration says of it
--root       the device is one of that authority, and not of the demonstration
";

/// How many days ahead the rehearsal ends that `root` proposes.
const DAYS: u64 = 14;

fn make(directory: &str, scene: Scene) -> Result<String, String> {
    let directory = Path::new(directory);
    let authority = Authority::create(directory, scene).map_err(|error| format!("{}: {error}", directory.display()))?;
    let root = directory.join("root.pem").canonicalize().map_err(|error| error.to_string())?;
    let end = date(genuine::UnixMillis((system_clock()() + DAYS * 86_400) * 1000));
    Ok(authority.settings(&root, end.get(..10).unwrap_or_default()).trim_end().to_owned())
}

fn output(authority: &Authority, arguments: &[&str]) -> Option<String> {
    let now = system_clock()();
    match *arguments {
        ["attest", name, challenge] => Some(authority.app(name, 0, now).registration(challenge).to_string()),
        ["sign", name, counter, method, target, body, ref challenge @ ..] if challenge.len() < 2 => {
            let method = Method::from_bytes(method.as_bytes()).ok()?;
            let mut app = authority.app(name, counter.parse().ok()?, now);
            let call = app.sign(method, target, body, challenge.first().copied());
            Some(format!("Authorization: {}\n{CLIENT_DATA}: {}", call.authorization, call.client_data))
        }
        ["key", name] => Some(authority.proof_key(name)?.thumbprint().ok()?.to_string()),
        ["prove", name, method, uri, token] => {
            authority.proof_key(name)?.prove(method, uri, token, &identifier()?, now).ok()
        }
        ["play-attest", name, challenge] => {
            let phone = authority.phone(name)?;
            Some(phone.registration(challenge, &phone.verdict(challenge, now)).to_string())
        }
        ["play-prove", name, path, challenge] => {
            Some(format!("DPoP: {}", authority.phone(name)?.proof(path, challenge, now)?))
        }
        ["key-attest", name, challenge] => Some(authority.handset(name, 0, now)?.registration(challenge).to_string()),
        ["key-sign", name, counter, method, target, body, ref challenge @ ..] if challenge.len() < 2 => {
            let method = Method::from_bytes(method.as_bytes()).ok()?;
            let mut app = authority.handset(name, counter.parse().ok()?, now)?.app;
            let call = app.sign(method, target, body, challenge.first().copied());
            Some(format!("Authorization: {}\n{CLIENT_DATA}: {}", call.authorization, call.client_data))
        }
        _ => None,
    }
}

fn run(arguments: &[&str]) -> Result<Option<String>, String> {
    Ok(match *arguments {
        ["root", directory, application, authority, app_id, ref package @ ..] if package.len() < 2 => {
            let [application, authority, app_id] = [application, authority, app_id].map(str::to_owned);
            let package = package.first().map(|&package| package.to_owned());
            Some(make(directory, Scene { application, authority, app_id, package })?)
        }
        ["--root", directory, ref arguments @ ..] => {
            let authority = Authority::open(Path::new(directory)).map_err(|error| format!("{directory}: {error}"))?;
            output(&authority, arguments)
        }
        _ => output(&Authority::demonstration(), arguments),
    })
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(Some(text)) => {
            let _ = writeln!(io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Ok(None) => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
