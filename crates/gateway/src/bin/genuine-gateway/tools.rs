//! What the binary does for the operator beside serving: tokens, keys, and the audit log.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine_gateway::{
    api_key::{self, NewKey},
    audit::{self, Verified},
    gate::sha256,
};

use crate::{MISTAKE, fail};

/// Does what these arguments ask for; `None` if it is none of this.
pub(crate) fn run(arguments: &[String]) -> Option<ExitCode> {
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    match &words[..] {
        ["--new-operator-token"] => Some(new_operator_token()),
        ["--verify-audit", file] => Some(verify_audit(file, None)),
        ["--verify-audit", file, noted] => Some(verify_audit(file, Some(noted))),
        ["--new-api-key", ..] => Some(new_api_key(arguments)),
        _ => None,
    }
}

/// 256 random bits for an operator, and what the configuration has of them.
fn new_operator_token() -> ExitCode {
    let mut octets = [0; 32];
    if let Err(error) = getrandom::fill(&mut octets) {
        return fail(&error);
    }
    let token = BASE64_URL_SAFE_NO_PAD.encode(octets);
    let hash = sha256(token.as_bytes()).map(|octet| format!("{octet:02x}")).concat();
    println!("token, for the operator: {token}\ntoken_sha256 = \"{hash}\"");
    ExitCode::SUCCESS
}

fn verify_audit(file: &str, noted: Option<&str>) -> ExitCode {
    match audit::verify(file.as_ref(), noted) {
        Ok(Verified { lines, head, open, torn }) => {
            println!("{lines} lines, each after the one before it; the last one has the hash {head}");
            if open > 0 {
                println!("{open} of the changes have no outcome: the gateway was ended meanwhile, or is at it");
            }
            if torn > 0 {
                println!("{torn} octets of a line that was not finished follow: nothing was changed for it");
            }
            ExitCode::SUCCESS
        }
        Err(broken) => fail(&broken),
    }
}

/// The entry for the file goes to standard output, and to standard error what only the client gets.
fn new_api_key(arguments: &[String]) -> ExitCode {
    let Some(key) = NewKey::parse(arguments.iter().cloned()) else {
        eprint!("{}", api_key::USAGE);
        return MISTAKE.into();
    };
    if let Err(mistake) = key.expect_right() {
        let _ = writeln!(io::stderr(), "error: {mistake}");
        return MISTAKE.into();
    }
    let (entry, shown) = match key.make() {
        Ok(made) => made,
        Err(error) => return fail(&error),
    };
    // Without the entry the secret is good for nothing.
    if let Err(error) = io::stdout().write_all(entry.as_bytes()) {
        return fail(&error);
    }
    eprint!("{}", *shown);
    ExitCode::SUCCESS
}
