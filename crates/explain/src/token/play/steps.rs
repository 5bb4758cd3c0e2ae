//! The steps in the order in which the engine runs them, and what each of them compared.

use genuine::{
    Error,
    play_integrity::{MAX_ANSWER, MAX_PAYLOAD, MAX_TOKEN, Payload, Step},
};

use super::{
    facts,
    requirements::one_of,
    run::{Run, text},
    side::PlayBinding,
};
use crate::{
    model::{Compared, Mark, StepReport},
    text::{base64url, bytes, from_base64, hex, rfc_3339_millis, shortened},
    token::{
        header::{self, HeaderFacts},
        model::TokenForm,
    },
};

/// A step, or `None` for the caller's side; its title, and what its passing means.
type Row = (Option<Step>, &'static str, &'static str);

const TOKEN: &[Row] = &[
    (None, "Your side", "what the token is held against is well-formed"),
    (Some(Step::Size), "Size", "it is no longer than any genuine one"),
    (Some(Step::Form), "Form", "it is a JWE: five segments of strict base64url"),
    (Some(Step::Header), "Header", "A256KW and A256GCM, and nothing critical"),
    (Some(Step::Decryption), "Decryption", "a decryption key of yours opens it"),
    (Some(Step::InnerForm), "Inner form", "a JWS with ES256 is in it"),
    (Some(Step::Signature), "Signature", "your verification key signed it: Google made it"),
    (Some(Step::Payload), "Payload", "it is strict JSON of the known shape"),
    (Some(Step::RequestPackage), "Request package", "your app asked for it, by its own word"),
    (Some(Step::Binding), "Nonce", "it was made for your request"),
    (Some(Step::Time), "Time", "it is as fresh as you allow"),
    (Some(Step::Testing), "Test response", "it is not one, unless you take those"),
    (Some(Step::App), "App", "Google Play knows it: your package, your certificate"),
    (Some(Step::Device), "Device", "it has one of the labels that you accept"),
    (Some(Step::Licensing), "Licence", "the user has the app from Google Play"),
    (Some(Step::Signals), "Signals", "they are as you require"),
];

/// The steps of a payload that was decoded elsewhere: no layers.
const LAYERS: [Step; 5] = [Step::Form, Step::Header, Step::Decryption, Step::InnerForm, Step::Signature];

const NOT_TOLD: &str = "not told";

/// The age that the engine allows where nobody tells one, in milliseconds.
const DEFAULT_AGE: u64 = 300_000;

/// Values that the payload gives are cut here, in characters: the longest nonce has 500.
const MAX_VALUE: usize = 500;

/// Marks each step, with what it compared unless it was not reached.
pub(super) fn report(run: &Run<'_>, failed: Option<Error>) -> Vec<StepReport> {
    let is_there =
        |(step, ..): &&Row| run.form == TokenForm::Compact || !step.is_some_and(|step| LAYERS.contains(&step));
    let rows: Vec<&Row> = TOKEN.iter().filter(is_there).collect();
    let of_failure = failed.map(|error| match error.step() {
        Some(genuine::Step::PlayIntegrity(step)) => Some(step),
        _ => None,
    });
    let failure = of_failure.and_then(|failure| rows.iter().position(|(step, ..)| *step == failure));
    // A token that nobody can open ends there.
    let closed = run.is_closed().then(|| rows.iter().position(|(step, ..)| *step == Some(Step::Decryption))).flatten();
    let end = failure.or(closed).unwrap_or(rows.len());
    let row = |(index, &&(step, title, meaning)): (usize, &&Row)| {
        let mark = match failure {
            Some(position) if position == index => Mark::Failed,
            _ if index > end => Mark::NotReached,
            _ if !is_asked(run, step) => Mark::NotAsked,
            _ => Mark::Passed,
        };
        let title = match (step, &run.side.binding) {
            (Some(Step::Binding), Some(PlayBinding::RequestHash(_))) => "Request hash",
            _ => title,
        };
        let compared = if mark == Mark::NotReached { Vec::new() } else { compared(run, step) };
        let step = step.map_or_else(|| "Configuration".to_owned(), |step| format!("{step:?}"));
        StepReport { step, title, meaning, mark, compared }
    };
    rows.iter().enumerate().map(row).collect()
}

/// Whether the caller told what this step compares with.
fn is_asked(run: &Run<'_>, step: Option<Step>) -> bool {
    let side = run.side;
    match step {
        Some(Step::Decryption) => !run.is_closed(),
        Some(Step::Signature) => run.is_signature_asked(),
        Some(Step::RequestPackage) => side.package.is_some(),
        Some(Step::Binding) => side.binding.is_some(),
        Some(Step::App) => side.package.is_some() && !side.certificates.is_empty(),
        _ => true,
    }
}

fn row(label: &'static str, value: impl AsRef<str>) -> Compared {
    Compared { label, value: shortened(value.as_ref(), MAX_VALUE) }
}

fn compared(run: &Run<'_>, step: Option<Step>) -> Vec<Compared> {
    let Some(step) = step else { return your_side(run) };
    match (step, &run.payload) {
        (Step::Size | Step::Form | Step::Header | Step::Decryption | Step::InnerForm | Step::Signature, _) => {
            of_layer(run, step)
        }
        (Step::Payload, _) => {
            let size = run.opened.json.as_ref().map_or(0, Vec::len);
            vec![row("found", format!("{}, at most {MAX_PAYLOAD}", bytes(size)))]
        }
        (_, Some(payload)) => of_payload(run, step, payload),
        (_, None) => Vec::new(),
    }
}

fn your_side(run: &Run<'_>) -> Vec<Compared> {
    let side = run.side;
    let keys = match run.opened.pairs.len() {
        _ if run.form == TokenForm::Payload => "none needed".to_owned(),
        0 if side.keys.is_empty() => NOT_TOLD.to_owned(),
        0 => "not a pair that opens tokens".to_owned(),
        1 => "1 pair".to_owned(),
        count => format!("{count} pairs"),
    };
    let binding = match &side.binding {
        None => NOT_TOLD.to_owned(),
        Some(PlayBinding::Nonce(octets)) => format!("nonce of {}", bytes(octets.len())),
        Some(PlayBinding::RequestHash(hash)) => format!("request hash of {}", bytes(hash.len())),
    };
    let certificates = match side.certificates.len() {
        0 => NOT_TOLD.to_owned(),
        count => count.to_string(),
    };
    vec![
        row("keys", keys),
        row("package", side.package.as_deref().unwrap_or(NOT_TOLD)),
        row("certificates", certificates),
        row("binding", binding),
        row("time", time(run.now.0)),
    ]
}

fn of_layer(run: &Run<'_>, step: Step) -> Vec<Compared> {
    let text = &run.token.text;
    let segments: Vec<_> = text.split(|octet| *octet == b'.').collect();
    let length =
        |segment: &&[u8]| header::decoded(segment).map_or_else(|| "?".to_owned(), |octets| octets.len().to_string());
    match step {
        Step::Size if run.form == TokenForm::Payload => {
            vec![row("found", format!("{}, at most {MAX_ANSWER}", bytes(text.len())))]
        }
        Step::Size => vec![row("found", format!("{} characters, at most {MAX_TOKEN}", text.len()))],
        Step::Form => vec![row("segments", segments.len().to_string())],
        Step::Header => {
            let found = segments.first().and_then(|segment| HeaderFacts::of(segment));
            vec![row("found", found.map_or_else(|| "no JSON object".to_owned(), |header| header.text))]
        }
        Step::Decryption => {
            let [_, key, iv, text, tag] = segments[..] else { return Vec::new() };
            let [key, iv, text, tag] = [key, iv, text, tag].map(|segment| length(&segment));
            vec![
                row("expected", "wrapped key of 40 bytes, IV of 12, tag of 16"),
                row("found", format!("{key}, {iv} and {tag}, around {text} bytes of text")),
                row("keys tried", run.opened.pairs.len().to_string()),
            ]
        }
        Step::InnerForm => {
            let inner = run.opened.text.as_deref().unwrap_or_default();
            let count = inner.split(|octet| *octet == b'.').count();
            let header = inner.split(|octet| *octet == b'.').next().and_then(HeaderFacts::of);
            vec![
                row("segments", count.to_string()),
                row("header", header.map_or_else(|| "no JSON object".to_owned(), |header| header.text)),
            ]
        }
        _ => {
            let inner = run.opened.text.as_deref().unwrap_or_default();
            let signature = inner.rsplit(|octet| *octet == b'.').next().and_then(header::decoded).unwrap_or_default();
            let (r, s) = signature.split_at(signature.len().min(32));
            let pair = run.opened.unwrapped.map_or_else(|| "?".to_owned(), |position| (position + 1).to_string());
            vec![row("pair of keys", pair), row("signature r", hex(r)), row("s", hex(s))]
        }
    }
}

fn of_payload(run: &Run<'_>, step: Step, payload: &Payload<'_>) -> Vec<Compared> {
    let side = run.side;
    let found = |found: Option<String>| row("found", found.unwrap_or_else(|| "nothing".to_owned()));
    let package = side.package.as_deref().unwrap_or(NOT_TOLD);
    match step {
        Step::RequestPackage => vec![row("expected", package), found(payload.request.package_name.map(text))],
        Step::Binding => binding(run, payload),
        Step::Time => {
            let made = payload.request.timestamp_millis.unwrap_or_default();
            let age = i128::from(run.now.0) - i128::from(made);
            vec![
                row("made", rfc_3339_millis(made)),
                row("time", time(run.now.0)),
                row(
                    "age",
                    format!("{}, at most {}", seconds(age), seconds(side.max_age.unwrap_or(DEFAULT_AGE).into())),
                ),
            ]
        }
        Step::Testing => vec![
            row("accepted", if side.accept_test_responses { "yes" } else { "no" }),
            row("found", if payload.is_test_response { "a test response" } else { "none" }),
        ],
        Step::App => {
            let digests: Vec<_> = side.certificates.iter().map(|digest| hex(digest)).collect();
            let accepted = if digests.is_empty() { NOT_TOLD.to_owned() } else { digests.join(" or ") };
            let digests = payload.app.certificate_digests.iter().map(|digest| {
                let digest = text(digest);
                from_base64(&digest).map_or(digest, |octets| hex(&octets))
            });
            let digests = Some(digests.collect::<Vec<_>>().join(", ")).filter(|digests| !digests.is_empty());
            let least = side.requirements.require_version;
            let version = least.map(|least| row("least version", least.to_string()));
            let version_found = payload.app.version_code.map(|version| version.to_string());
            let version = version.into_iter().chain(least.map(|_| found(version_found)));
            [
                row("required verdict", side.requirements.app()),
                found(payload.app.recognition.map(|label| label.to_string())),
                row("expected package", package),
                found(payload.app.package_name.map(text)),
                row("certificates yours", accepted),
                found(digests),
            ]
            .into_iter()
            .chain(version)
            .collect()
        }
        Step::Device => {
            let labels = facts::labels(&payload.device.labels);
            let labels = Some(labels.join(", ")).filter(|labels| !labels.is_empty());
            vec![row("accepted", one_of(&run.devices(), " or ")), found(labels)]
        }
        Step::Licensing => {
            vec![
                row("required", side.requirements.licensing()),
                found(payload.account.licensing.map(|label| label.to_string())),
            ]
        }
        Step::Signals => {
            let required = side.requirements.signals();
            if required.is_empty() {
                return vec![row("required", "nothing: they are reported below")];
            }
            required.into_iter().map(|one| row("required", one)).collect()
        }
        _ => Vec::new(),
    }
}

fn binding(run: &Run<'_>, payload: &Payload<'_>) -> Vec<Compared> {
    let nonce = payload.request.nonce.map(text);
    let hash = payload.request.request_hash.map(text);
    let octets = |text: &str| from_base64(text).map(|octets| row("its bytes", hex(&octets)));
    match (&run.side.binding, nonce, hash) {
        (Some(PlayBinding::Nonce(expected)), Some(nonce), _) => {
            let expected = [row("expected nonce", base64url(expected)), row("its bytes", hex(expected))];
            let bytes = octets(&nonce);
            expected.into_iter().chain([row("found", nonce)]).chain(bytes).collect()
        }
        (Some(PlayBinding::Nonce(expected)), None, hash) => {
            let found =
                hash.map_or_else(|| "no nonce".to_owned(), |hash| format!("no nonce, but the request hash {hash}"));
            vec![row("expected nonce", base64url(expected)), row("found", found)]
        }
        (Some(PlayBinding::RequestHash(expected)), _, Some(hash)) => {
            vec![row("expected", expected), row("found", hash)]
        }
        (Some(PlayBinding::RequestHash(expected)), nonce, None) => {
            let found = nonce.map_or_else(|| "no hash".to_owned(), |nonce| format!("no hash, but the nonce {nonce}"));
            vec![row("expected", expected), row("found", found)]
        }
        (None, Some(nonce), _) => {
            let bytes = octets(&nonce);
            [row("found", format!("nonce {nonce}"))].into_iter().chain(bytes).collect()
        }
        (None, None, Some(hash)) => vec![row("found", format!("request hash {hash}"))],
        (None, None, None) => vec![row("found", "nothing")],
    }
}

fn time(millis: u64) -> String {
    i64::try_from(millis).map_or_else(|_| format!("{millis} ms after 1970"), rfc_3339_millis)
}

/// Milliseconds in seconds, with what there is of a fraction.
pub(super) fn seconds(millis: i128) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let (whole, fraction) = (millis.unsigned_abs() / 1_000, millis.unsigned_abs() % 1_000);
    if fraction == 0 { format!("{sign}{whole} s") } else { format!("{sign}{whole}.{fraction:03} s") }
}
