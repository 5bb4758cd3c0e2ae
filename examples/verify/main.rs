//! Verifies App Attest objects, Android key attestations, Play Integrity tokens and session tokens, and shows each step with its verdict and what was compared.
//!
//! ```text
//! cargo run --release --example verify                          # the bundled vectors, good and tampered
//! cargo run --release --example verify -- object.b64            # what an object says, without the caller's side
//! cargo run --release --example verify -- --app-id ABCDE12345.org.example.app --key-id … --challenge … object.b64
//! cargo run --release --example verify -- --package org.example.app --decryption-key @FILE --verification-key … token.txt
//! cargo run --release --example verify -- --json FILE.json …    # one line for each
//! cargo run --release --example verify -- --package org.example.app --signing-digest … --challenge-b64 … --revocation status.json chain.pem
//! cargo run --release --example verify -- --secret @FILE --issuer https://… --audience https://… token.jwt
//! cargo run --release --example verify -- testvectors/vectors/der.json der::boolean-not-ff
//! ```
//!
//! `--help` lists the options and the exit status. The explanation is made by `crates/explain`; here are arguments and
//! printing.

mod arguments;
mod bundled;
mod chain;
mod print;
mod token;

use std::{
    fs,
    io::{self, Read as _, Write as _},
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use genuine::{Error, UnixMillis, UnixTime};
use genuine_explain::{
    CallerSide, Expected, Input, KeyAttestationVector, Kind, MAX_INPUT, Object, Outcome, TokenSide, TokenVector,
    Vector, explain, explain_key_attestation, explain_token,
};

use crate::{
    arguments::{Arguments, Named, USAGE},
    print::{Explained, Explanation, Style, printable},
};

pub(crate) const INTRODUCTION: &str = "\
Each step of the verification, in the order in which it runs. Of App Attest, A1 to A9 are Apple's
steps for an attestation and B1 to B6 those for an assertion (\"Validating apps that connect to your
server\").

";

const UNREADABLE: u8 = 2;

fn main() -> ExitCode {
    match Arguments::parse(std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned())) {
        Ok(Arguments { help: true, .. }) => report_io(print(USAGE).map(|()| ExitCode::SUCCESS)),
        Ok(arguments) if arguments.files.is_empty() => report_io(bundled::run()),
        Ok(arguments) => report_io(run(&arguments)),
        Err(message) => fail(&format!("{message}\n--help lists the options")),
    }
}

/// Writing fails when nobody reads on, as in `verify | head`.
fn report_io(result: io::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| fail(&format!("cannot write: {error}")))
}

fn fail(message: &str) -> ExitCode {
    eprintln!("verify: {}", message.trim_end());
    ExitCode::from(UNREADABLE)
}

/// Every input in full. One that cannot be read is told at once, and the others are verified all the same.
fn run(arguments: &Arguments) -> io::Result<ExitCode> {
    let style = Style::of_stdout();
    let now = now();
    if !arguments.json {
        print(INTRODUCTION)?;
    }
    let mut tally = Tally::default();
    for named in &arguments.files {
        let name = if named.file == "-" { "standard input".to_owned() } else { printable(&named.file) };
        let input = read(&named.file).and_then(|bytes| Input::read(&bytes).map_err(|reason| reason.to_string()));
        match input.and_then(|input| explain_input(&name, named, input, arguments, now)) {
            Ok(explained) => {
                for one in explained {
                    tally.count(&one);
                    print(&if arguments.json { one.as_json() } else { one.in_full(style) })?;
                }
            }
            Err(reason) => {
                fail(&format!("{name}: {}", printable(&reason)));
                tally.unreadable = true;
                if arguments.json {
                    print(&print::unreadable_as_json(&name, &reason))?;
                }
            }
        }
    }
    if !arguments.json {
        print(&tally.line())?;
    }
    Ok(tally.status())
}

/// One explanation for each object of an input.
fn explain_input(
    name: &str,
    named: &Named,
    input: Input,
    arguments: &Arguments,
    now: UnixTime,
) -> Result<Vec<Explained>, String> {
    let what = match &input {
        Input::Group(_) | Input::TokenGroup(_) | Input::ChainGroup(_) => None,
        Input::Object(_) | Input::Vector(_) => Some("object"),
        Input::Token(_) | Input::TokenVector(_) => Some("token"),
        Input::Chain(_) | Input::ChainVector(_) => Some("chain"),
    };
    if let (Some(what), [id, ..]) = (what, named.ids.as_slice()) {
        return Err(format!("one {what}, and {id} belongs to a group of vectors"));
    }
    arguments.roots.check(&input)?;
    let millis = UnixMillis(now.0.saturating_mul(1_000));
    let explained = |object: &Object, kind: Option<Kind>, side: &CallerSide| {
        explain(object, kind, side, &arguments.roots.of_objects, now)
    };
    let of_vector = |name: &str, vector: Vector| {
        let explanation = explained(&vector.object, Some(vector.kind), &arguments.side.clone().or(vector.side));
        let (description, expected) = (vector.description, Some(vector.expected));
        Explained {
            name: name.to_owned(),
            description,
            expected,
            explanation: Explanation::Object(Box::new(explanation)),
        }
    };
    let all = match input {
        Input::Object(object) => {
            let explanation = explained(&object, None, &arguments.side);
            vec![Explained::bare(name, Explanation::Object(Box::new(explanation)))]
        }
        Input::Chain(chain) => {
            let (side, roots) = (&arguments.chain_side, &arguments.roots.of_chains);
            let explanation = explain_key_attestation(&chain, side, roots, now);
            vec![Explained::bare(name, Explanation::Chain(Box::new(explanation)))]
        }
        Input::ChainVector(vector) => vec![of_chain(name, *vector, arguments, now)],
        Input::ChainGroup(vectors) => {
            let of_member = |vector: KeyAttestationVector| {
                let name = printable(vector.id.as_deref().unwrap_or(name));
                of_chain(&name, vector, arguments, now)
            };
            chosen(vectors, &named.ids, |vector| vector.id.as_ref())?.into_iter().map(of_member).collect()
        }
        Input::Token(token) => {
            let explanation = explain_token(&token, None, &arguments.token_side, millis);
            vec![Explained::bare(name, Explanation::Token(Box::new(explanation)))]
        }
        Input::TokenVector(vector) => vec![of_token(name, *vector, &arguments.token_side, millis)],
        Input::TokenGroup(vectors) => {
            let of_member = |vector: TokenVector| {
                let name = printable(vector.id.as_deref().unwrap_or(name));
                of_token(&name, vector, &arguments.token_side, millis)
            };
            chosen(vectors, &named.ids, |vector| vector.id.as_ref())?.into_iter().map(of_member).collect()
        }
        Input::Vector(vector) => vec![of_vector(name, *vector)],
        Input::Group(vectors) => {
            let of_member = |vector: Vector| of_vector(&printable(vector.id.as_deref().unwrap_or_default()), vector);
            chosen(vectors, &named.ids, |vector| vector.id.as_ref())?.into_iter().map(of_member).collect()
        }
    };
    let is_attestation =
        |one: &Explained| matches!(&one.explanation, Explanation::Object(object) if object.kind == Kind::Attestation);
    if arguments.side.last_counter.is_some() && all.iter().any(is_attestation) {
        return Err("an attestation, and --counter belongs to assertions".to_owned());
    }
    Ok(all)
}

/// A chain with its own side, where the options leave it open; and if it was accepted and brings a request, that.
pub(crate) fn of_chain(name: &str, vector: KeyAttestationVector, arguments: &Arguments, now: UnixTime) -> Explained {
    let (roots, side) = (&arguments.roots, arguments.chain_side.clone().or(vector.side.clone()));
    let chain = vector.explain(&side, &roots.of_chains, now);
    let explanation = match &vector.request {
        Some((object, side)) if chain.verdict.verdict == Outcome::Accepted => {
            let side = arguments.side.clone().or(side.clone());
            Explanation::Object(Box::new(explain(object, Some(Kind::Assertion), &side, &roots.of_objects, now)))
        }
        _ => Explanation::Chain(Box::new(chain)),
    };
    Explained { name: name.to_owned(), description: vector.description, expected: Some(vector.expected), explanation }
}

/// A token with its own side, where the options leave it open.
pub(crate) fn of_token(name: &str, vector: TokenVector, options: &TokenSide, now: UnixMillis) -> Explained {
    let side = options.clone().or(vector.side);
    let explanation = explain_token(&vector.token, Some(vector.kind), &side, now);
    Explained {
        name: name.to_owned(),
        description: vector.description,
        expected: Some(vector.expected),
        explanation: Explanation::Token(Box::new(explanation)),
    }
}

/// The vectors of these ids, in this order; all of them where no id is given.
fn chosen<V: Clone>(vectors: Vec<V>, ids: &[String], id_of: impl Fn(&V) -> Option<&String>) -> Result<Vec<V>, String> {
    if ids.is_empty() {
        return Ok(vectors);
    }
    let find = |id: &String| {
        let found = vectors.iter().find(|vector| id_of(vector) == Some(id));
        found.cloned().ok_or_else(|| format!("there is no vector {id}"))
    };
    ids.iter().map(find).collect()
}

fn read(file: &str) -> Result<Vec<u8>, String> {
    // One byte more than is read, so that what is longer is told.
    let limit = u64::try_from(MAX_INPUT).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let result = if file == "-" {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        fs::File::open(file).and_then(|opened| opened.take(limit).read_to_end(&mut bytes))
    };
    result.map(|_| bytes).map_err(|error| format!("cannot be read: {error}"))
}

/// The time of verification where nobody tells one. The engine itself never asks a clock.
pub(crate) fn now() -> UnixTime {
    UnixTime(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}

/// How many of which outcome: vectors have an expectation, and bare objects a verdict alone.
#[derive(Default)]
pub(crate) struct Tally {
    as_expected: usize,
    not: usize,
    accepted: usize,
    refused: usize,
    without_verdict: usize,
    unreadable: bool,
}

impl Tally {
    pub(crate) fn count(&mut self, explained: &Explained) {
        let counter = match (explained.outcome(), explained.expected, explained.is_as_expected()) {
            // Where no verdict, or that of one step, is what a vector expects.
            (Outcome::Incomplete, Some(Expected::Signature(_) | Expected::Unproved), true) => &mut self.as_expected,
            (Outcome::Incomplete, ..) => &mut self.without_verdict,
            (_, Some(_), true) => &mut self.as_expected,
            (_, Some(_), false) => &mut self.not,
            (_, None, true) => &mut self.accepted,
            (_, None, false) => &mut self.refused,
        };
        *counter += 1;
    }

    /// Of bare objects alone, of vectors alone, or of both; with neither, as of vectors.
    pub(crate) fn line(&self) -> String {
        let Self { as_expected, not, accepted, refused, without_verdict, .. } = self;
        let bare = accepted + refused > 0;
        let vectors = as_expected + not > 0 || (!bare && *without_verdict == 0);
        let parts = [
            bare.then(|| format!("{accepted} accepted, {refused} refused")),
            vectors.then(|| format!("{as_expected} as expected, {not} not")),
            (*without_verdict > 0).then(|| format!("{without_verdict} without a verdict")),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ") + "\n"
    }

    pub(crate) fn status(&self) -> ExitCode {
        ExitCode::from(match self {
            Self { unreadable: true, .. } => UNREADABLE,
            Self { not: 0, refused: 0, without_verdict: 0, .. } => 0,
            _ => 1,
        })
    }
}

impl Explained {
    /// A bare object is expected to be accepted.
    pub(crate) fn is_as_expected(&self) -> bool {
        self.expected.unwrap_or(Expected::Pass).is_met_by(self.explanation.verdict())
    }

    /// The engine's, but for one thing: an old object that is only looked at is refused for its time, which says
    /// nothing where nobody asked for a verdict.
    pub(crate) fn outcome(&self) -> Outcome {
        let verdict = self.explanation.verdict();
        if self.expected.is_none() && !verdict.missing.is_empty() && verdict.error.is_some_and(is_of_time) {
            return Outcome::Incomplete;
        }
        verdict.verdict
    }
}

/// The certificates are not valid at the time of verification, or the token is not of this time.
pub(crate) const fn is_of_time(error: Error) -> bool {
    matches!(
        error,
        Error::LeafExpired
            | Error::LeafNotYetValid
            | Error::IntermediateExpired
            | Error::IntermediateNotYetValid
            | Error::AndroidExpired
            | Error::AndroidNotYetValid
            | Error::PlayTooOld
            | Error::PlayFromFuture
            | Error::TokenExpired
            | Error::TokenNotYetValid
            | Error::TokenFromFuture
            | Error::TokenTooOld
    )
}

pub(crate) fn print(text: &str) -> io::Result<()> {
    io::stdout().write_all(text.as_bytes())
}
