//! The steps in the order in which the engine runs them, and what each of them compared.

use genuine::{
    Error,
    crypto::{RustCrypto, Sha256 as _},
    session::{Step, token::MAX_TOKEN},
};

use super::{
    facts,
    run::{Purpose, Run},
    side::SessionKeys,
};
use crate::{
    model::{Compared, Mark, StepReport},
    text::{base64, bytes, from_base64, hex, listed, rfc_3339, shortened},
    token::header::HeaderFacts,
};

/// A step, or `None` for the caller's side; its title, and what its passing means.
type Row = (Option<Step>, &'static str, &'static str);

const ROWS: [Row; 10] = [
    (None, "Your side", "what the token is held against is well-formed"),
    (Some(Step::Size), "Size", "it is no longer than a token may be"),
    (Some(Step::Form), "Form", "it is a JWS: three segments"),
    (Some(Step::Header), "Header", "it is of your type, and nothing in it is critical"),
    (Some(Step::Key), "Key", "a key of yours is for it, by `kid` and `alg`"),
    (Some(Step::Authenticity), "Authenticity", "a key of yours signed it"),
    (Some(Step::Payload), "Payload", "it is strict JSON with the claims that it needs"),
    (Some(Step::Claims), "Claims", "it is by your issuer and for your audience"),
    (Some(Step::Time), "Time", "it is in force"),
    (Some(Step::Binding), "Binding", "it needs no proof beside it"),
];

const NOT_TOLD: &str = "not told";

/// Values that the token gives are cut here, in characters.
const MAX_VALUE: usize = 300;

/// Marks each step, with what it compared unless it was not reached.
pub(super) fn report(run: &Run<'_>, failed: Option<Error>) -> Vec<StepReport> {
    let of_failure = failed.map(|error| match error.step() {
        Some(genuine::Step::Session(step)) => Some(step),
        _ => None,
    });
    let failure = of_failure.and_then(|failure| ROWS.iter().position(|(step, ..)| *step == failure));
    let row = |(index, &(step, title, meaning)): (usize, &Row)| {
        let mark = match failure {
            Some(position) if position == index => Mark::Failed,
            Some(position) if index > position => Mark::NotReached,
            _ if step.is_some_and(|step| !run.is_asked(step)) => Mark::NotAsked,
            _ => Mark::Passed,
        };
        let (title, meaning) = match (step, run.purpose()) {
            (Some(Step::Authenticity), _) if matches!(run.side.keys, Some(SessionKeys::Unproved(_))) => {
                (title, "the key in the attestation signed it")
            }
            (Some(Step::Binding), Purpose::Proof) => ("Challenge", "it was made for your challenge"),
            (Some(Step::Claims), Purpose::Proof) => (title, "it is for your audience, and no other"),
            (Some(Step::Claims), Purpose::Attestation) => (title, "it is of the client of the request"),
            (Some(Step::Binding), Purpose::Attestation) => (title, "a proof by its key came with it"),
            _ => (title, meaning),
        };
        let compared = if mark == Mark::NotReached { Vec::new() } else { compared(run, step) };
        let step = step.map_or_else(|| "Configuration".to_owned(), |step| format!("{step:?}"));
        StepReport { step, title, meaning, mark, compared }
    };
    ROWS.iter().enumerate().map(row).collect()
}

fn row(label: &'static str, value: impl AsRef<str>) -> Compared {
    Compared { label, value: shortened(value.as_ref(), MAX_VALUE) }
}

/// The keys without their material: of a secret its length alone.
pub(super) fn keys_in_words(run: &Run<'_>) -> String {
    match &run.side.keys {
        None => NOT_TOLD.to_owned(),
        Some(SessionKeys::Secret(secret)) => {
            let length = from_base64(secret.text()).map_or(0, |octets| octets.len());
            format!("a secret of HS256 of {}", bytes(length))
        }
        Some(SessionKeys::Public(keys)) => {
            let name =
                |kid: &Option<String>| kid.as_deref().map_or("without a kid".to_owned(), |kid| format!("\"{kid}\""));
            let names: Vec<_> = keys.iter().map(|key| name(&key.kid)).collect();
            format!("of ES256: {}", listed(&names))
        }
        Some(SessionKeys::Unproved(_)) => "the one in the attestation, which nobody proved".to_owned(),
    }
}

fn compared(run: &Run<'_>, step: Option<Step>) -> Vec<Compared> {
    let side = run.side;
    let told = |value: &Option<String>| value.clone().unwrap_or_else(|| NOT_TOLD.to_owned());
    let parameter = |name| run.parameter(name).unwrap_or("nothing").to_owned();
    let claim = |name| run.claim(name).map_or_else(|| "nothing".to_owned(), facts::in_words);
    match step {
        None => vec![row("keys", keys_in_words(run)), row("time", rfc_3339(run.now))],
        Some(Step::Size) => vec![row("found", format!("{} characters, at most {MAX_TOKEN}", run.token.text.len()))],
        Some(Step::Form) => vec![row("segments", run.segments.len().to_string())],
        Some(Step::Header) => {
            let found = run.segments.first().and_then(|segment| HeaderFacts::of(segment));
            let expected = if run.is_type_asked() { run.kind() } else { NOT_TOLD };
            let found = found.map_or_else(|| "no JSON object".to_owned(), |header| header.text);
            vec![row("expected type", expected), row("found", found)]
        }
        Some(Step::Key) => vec![
            row("keys yours", keys_in_words(run)),
            row("algorithm found", parameter("alg")),
            row("key found", parameter("kid")),
        ],
        Some(Step::Authenticity) => {
            let signature = run.signature();
            if signature.len() == 64 {
                let (r, s) = signature.split_at(32);
                vec![row("signature r", hex(r)), row("s", hex(s))]
            } else {
                vec![row("code", if signature.is_empty() { "nothing".to_owned() } else { hex(&signature) })]
            }
        }
        Some(Step::Payload) => {
            let names = run.claims.iter().flat_map(|claims| claims.keys()).map(|name| shortened(name, 40));
            let names: Vec<_> = names.collect();
            vec![row("found", bytes(run.payload_size)), row("claims", listed(&names))]
        }
        Some(Step::Claims) if run.purpose() == Purpose::Attestation => vec![row("client found", claim("sub"))],
        Some(Step::Claims) => {
            let audience = [row("expected audience", told(&side.audience)), row("found", claim("aud"))];
            let issuer = [row("expected issuer", told(&side.issuer)), row("found", claim("iss"))];
            let issuer = issuer.into_iter().filter(|_| run.purpose() == Purpose::Session);
            issuer.chain(audience).collect()
        }
        Some(Step::Time) => times(run),
        Some(_) => binding(run),
    }
}

fn times(run: &Run<'_>) -> Vec<Compared> {
    let skew = match run.skew() {
        0 => String::new(),
        seconds => format!(", give or take {seconds} s"),
    };
    let age = run.side.max_age.map(|age| row("greatest age", format!("{age} s")));
    let claim = |(label, name)| {
        let value = run.claim(name)?;
        Some(row(label, facts::time(value).unwrap_or_else(|| facts::in_words(value))))
    };
    let claims = [("expires", "exp"), ("not before", "nbf"), ("issued", "iat")].into_iter().filter_map(claim);
    [row("time", rfc_3339(run.now) + &skew)]
        .into_iter()
        .chain(age.filter(|_| run.purpose() == Purpose::Proof))
        .chain(claims)
        .collect()
}

fn binding(run: &Run<'_>) -> Vec<Compared> {
    if run.purpose() == Purpose::Proof {
        let found = run.claim("challenge").map_or_else(|| "nothing".to_owned(), facts::in_words);
        let expected = run.side.challenge.as_deref().unwrap_or(NOT_TOLD);
        return vec![row("expected", expected), row("found", found)];
    }
    let bound = match (run.claim("cnf"), facts::bound_to(run)) {
        (None, _) => "nothing".to_owned(),
        (Some(_), Some(thumbprint)) => format!("the key of thumbprint {thumbprint}"),
        (Some(confirmation), None) => confirmation.to_string(),
    };
    let header = authorization_hash(run).map(|hash| row("header yours", hash));
    let pay = run.claim("pay").filter(|_| header.is_some()).map(|pay| row("pay found", facts::in_words(pay)));
    [row("bound to", bound)].into_iter().chain(header).chain(pay).collect()
}

/// What the claim `pay` is for the `Authorization` header that the caller told.
pub(super) fn authorization_hash(run: &Run<'_>) -> Option<String> {
    let header = run.side.authorization.as_deref()?;
    RustCrypto.sha256(&[header.as_bytes()]).ok().map(|hash| base64(&hash))
}
