//! How an explanation looks, on a terminal and elsewhere.

use std::{fmt, io::IsTerminal as _};

use genuine::{Class, Error};
use genuine_explain::{
    ChainVerdict, Compared, Diagnosis, Expected, Facts, KeyAttestationExplanation, Kind, LaunchFacts, Mark, Missing,
    Outcome, StepReport, TokenExplanation, Verdict,
};
use serde::Serialize;
use serde_json::json;

use crate::{chain, is_of_time, token};

/// The width of a line that is cut or broken; nothing but names from the files makes others longer.
pub(crate) const WIDTH: usize = 100;

/// Where the text of a line begins.
const INDENT: &str = "        ";

/// An explained input.
pub(crate) struct Explained {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// What a vector expects.
    pub(crate) expected: Option<Expected>,
    pub(crate) explanation: Explanation,
}

/// What was explained: an object of App Attest, a key attestation, or a token.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Explanation {
    Object(Box<genuine_explain::Explanation>),
    Chain(Box<KeyAttestationExplanation>),
    Token(Box<TokenExplanation>),
}

impl Explanation {
    pub(crate) const fn verdict(&self) -> &Verdict {
        match self {
            Self::Object(object) => &object.verdict,
            Self::Chain(chain) => &chain.verdict,
            Self::Token(token) => &token.verdict,
        }
    }

    fn steps(&self) -> &[StepReport] {
        match self {
            Self::Object(object) => &object.steps,
            Self::Chain(chain) => &chain.steps,
            Self::Token(token) => &token.steps,
        }
    }

    const fn diagnosis(&self) -> &Diagnosis {
        match self {
            Self::Object(object) => &object.diagnosis,
            Self::Chain(chain) => &chain.diagnosis,
            Self::Token(token) => &token.diagnosis,
        }
    }

    const fn title(&self) -> &'static str {
        match self {
            Self::Object(object) => object.kind.name(),
            Self::Chain(_) => "Android key attestation",
            Self::Token(token) => token.kind.title(),
        }
    }
}

impl Explained {
    /// An input that comes without an expectation.
    pub(crate) fn bare(name: &str, explanation: Explanation) -> Self {
        Self { name: name.to_owned(), description: None, expected: None, explanation }
    }

    /// Everything: each step, what it compared, what the object says, the verdict, and what it means.
    pub(crate) fn in_full(&self, style: Style) -> String {
        let Self { name, expected, explanation, .. } = self;
        let expects = expected.map(|expected| format!(" · expected: {expected}")).unwrap_or_default();
        let mut lines = vec![style.bold(format!("{name} · {}{expects}", explanation.title()))];
        lines.extend(self.description.iter().flat_map(|text| broken(&printable(text), "")));
        lines.push(String::new());
        lines.extend(explanation.steps().iter().flat_map(|step| step_lines(step, style)));
        if !explanation.steps().is_empty() {
            lines.push(String::new());
        }
        lines.extend(self.fact_lines(style));
        lines.extend(self.verdict_lines(style));
        lines.extend(broken(&printable(&explanation.diagnosis().sentence), INDENT));
        lines.extend(self.options());
        lines.push(String::new());
        lines.join("\n") + "\n"
    }

    fn verdict_lines(&self, style: Style) -> Vec<String> {
        let verdict = self.explanation.verdict();
        let title = match (self.outcome(), verdict.error) {
            (Outcome::Incomplete, Some(error)) => {
                style.bold(format!("  →     No verdict: parts of your side are missing. At this time: {error}"))
            }
            (_, Some(error)) => {
                style.red(format!("  →     {error}, class {:?}: {}", error.class(), to_peer(verdict.verdict, error)))
            }
            (Outcome::Accepted, None) => style.green("  →     Accepted."),
            (_, None) => style.bold("  →     No verdict: parts of your side are missing."),
        };
        let expectation = self.expected.map(|expected| {
            if self.is_as_expected() {
                style.green(format!("{INDENT}As expected."))
            } else {
                style.red(format!("{INDENT}NOT as expected, which is: {expected}."))
            }
        });
        [title].into_iter().chain(expectation).collect()
    }

    /// The options that would tell what is missing, ready to copy where the values are known.
    fn options(&self) -> Vec<String> {
        let verdict = self.explanation.verdict();
        let mut options = Vec::new();
        match (verdict.error, &self.explanation) {
            (Some(error), Explanation::Object(object)) if is_of_time(error) => {
                let within = object.chain.as_ref().and_then(|chain| chain.within_validity.as_ref());
                options.extend(within.map(|within| format!("--at {}", within.time)));
            }
            (Some(error), Explanation::Token(token)) if is_of_time(error) => {
                options.extend(token::time(token).map(|time| format!("--at {}", printable(time))));
            }
            (Some(error), Explanation::Chain(chain)) if is_of_time(error) => {
                options.extend(chain.chain.valid_between.as_ref().map(|(from, _)| format!("--at {}", printable(from))));
            }
            (Some(Error::AnchorUnknown), _) => options.push("--root ROOT.pem".to_owned()),
            (Some(Error::AndroidAnchorUnknown), Explanation::Chain(chain)) if chain.chain.known_root.is_none() => {
                options.push("--root ROOT.pem".to_owned());
            }
            _ => {}
        }
        if self.outcome() == Outcome::Incomplete {
            let option = |part: &Missing| match &self.explanation {
                Explanation::Object(object) => option_of(*part, object.kind),
                Explanation::Chain(_) => chain::option_of(*part),
                Explanation::Token(token) => token::option_of(*part, token),
            };
            let named = verdict.missing.iter().map(|part| option(part).to_owned());
            options.extend(named.filter(|option| !option.is_empty()));
        }
        if options.is_empty() {
            return Vec::new();
        }
        broken(&format!("Options: {}.", options.join(", ")), INDENT)
    }

    fn fact_lines(&self, style: Style) -> Vec<String> {
        let (title, rows) = match &self.explanation {
            Explanation::Object(object) => {
                let Some(facts) = &object.facts else { return Vec::new() };
                let mut rows = facts_of(facts);
                if let Some(chain) = &object.chain {
                    rows.push(("chain", chain_in_words(&chain.at, &chain.anchors)));
                    rows.extend(chain.within_validity.iter().map(|at| ("and", chain_in_words(at, &chain.anchors))));
                }
                (if facts.proved { "The proof says:" } else { "The object says, unverified:" }, rows)
            }
            Explanation::Chain(chain) => return chain::lines(chain, style),
            Explanation::Token(token) => (token::title(token), token::rows(token)),
        };
        if rows.is_empty() {
            return Vec::new();
        }
        let rows = rows.into_iter().flat_map(|(label, value)| value_lines(label, &value, style));
        [format!("  {title}")].into_iter().chain(rows).chain([String::new()]).collect()
    }

    /// One line: the verdict and which vector it is about.
    pub(crate) fn in_brief(&self, style: Style) -> String {
        let verdict = self.explanation.verdict().code.map_or_else(|| "pass".to_owned(), |code| code.to_string());
        let text = format!("{verdict:<4}  {:<22}  {}", self.name, self.description.as_deref().unwrap_or_default());
        let text = cut(&printable(&text), WIDTH - 8);
        if self.is_as_expected() {
            format!("  {}    {text}\n", style.green("ok"))
        } else {
            format!("  {}   {text}\n", style.red("NOT"))
        }
    }

    /// One line of JSON.
    pub(crate) fn as_json(&self) -> String {
        json_line(&Line {
            file: &self.name,
            explanation: &self.explanation,
            description: self.description.as_deref(),
            expected: self.expected.map(|expected| expected.to_string()),
            as_expected: self.expected.map(|_| self.is_as_expected()),
        })
    }
}

/// An explanation with what belongs to its input.
#[derive(Serialize)]
struct Line<'e> {
    file: &'e str,
    #[serde(flatten)]
    explanation: &'e Explanation,
    description: Option<&'e str>,
    expected: Option<String>,
    as_expected: Option<bool>,
}

/// The line of an input that is no object.
pub(crate) fn unreadable_as_json(name: &str, reason: &str) -> String {
    json_line(&json!({ "file": name, "kind": null, "verdict": "unreadable", "reason": reason }))
}

/// What JSON leaves as it is and a terminal would obey stands in strings alone, so that it can be escaped in place.
fn json_line(value: &impl Serialize) -> String {
    let escaped = |c: char| if is_harmful(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    serde_json::to_string(value).unwrap_or_default().chars().map(escaped).chain(["\n".to_owned()]).collect()
}

pub(crate) type Row = (&'static str, String);

fn facts_of(facts: &Facts) -> Vec<Row> {
    let mut rows = vec![match &facts.app_id {
        Some(app_id) => ("app", app_id.clone()),
        None => ("SHA-256(App ID)", facts.rp_id_hash_hex.clone()),
    }];
    let mut push = |label, value: Option<String>| rows.extend(value.map(|value| (label, value)));
    push("named by the leaf", facts.leaf_app_id.clone().filter(|named| facts.app_id.as_ref() != Some(named)));
    push("environment", facts.environment.map(str::to_owned));
    push("platform", facts.platform.clone());
    push("system", system(facts));
    push("key identifier", facts.key_id_b64.clone());
    push("in hexadecimal", facts.key_id_hex.clone());
    push("counter", Some(facts.counter.to_string()));
    push("launch data", Some(facts.launch.as_ref().map_or_else(|| "none".to_owned(), launch)));
    if let Some(launch) = &facts.launch {
        let doubt = if launch.announced { "" } else { " (not believed)" };
        let doubted = |text: String| text + doubt;
        push("code hash", launch.code_hash_hex.clone().map(doubted));
        push("its type", launch.code_hash_type.map(|kind| doubted(code_hash_type(kind))));
    }
    for (label, certificate) in [("leaf", &facts.leaf), ("intermediate", &facts.intermediate)] {
        let validity = certificate.as_ref().map(|one| format!("{} to {}", one.not_before, one.not_after));
        push(label, validity);
    }
    let documented = match facts.access_control_documented {
        Some(true) => ", the value that Apple documents for Macs",
        Some(false) => ", NOT the value that Apple documents for Macs",
        None => "",
    };
    push(
        "access control",
        facts.access_control_hex.as_ref().map(|list| format!("{} bytes{documented}", list.len() / 2)),
    );
    push("cdHash, unsigned", facts.unsigned_code_hash_hex.clone());
    if let Some(receipt) = &facts.receipt {
        let what = if receipt.readable { "UNVERIFIED: nothing above covers it" } else { "cannot be read" };
        push("receipt", Some(format!("{} bytes, {what}", receipt.size)));
        push("its client hash", receipt.client_hash_b64.clone());
        push("as text", receipt.client_hash_text.clone());
        push("created", receipt.created.clone());
        push("expires", receipt.expires.clone());
        push("of App ID", receipt.app_id.clone());
        let kind = [receipt.kind.clone(), receipt.environment.clone()];
        push("of type", receipt.kind.as_ref().map(|_| kind.into_iter().flatten().collect::<Vec<_>>().join(", ")));
        push("of this leaf", receipt.names_leaf.map(|same| if same { "yes" } else { "NO" }.to_owned()));
    }
    rows
}

/// As `codesign` numbers the hashes.
fn code_hash_type(kind: u8) -> String {
    if kind == 2 { "2 (SHA-256)".to_owned() } else { kind.to_string() }
}

fn system(facts: &Facts) -> Option<String> {
    let version = facts.os_version.clone()?;
    Some(facts.os_build.as_ref().map_or_else(|| version.clone(), |build| format!("{version}, build {build}")))
}

fn launch(launch: &LaunchFacts) -> String {
    let category = launch.category.map(|category| {
        let name = launch.category_name.unwrap_or("other");
        format!("category {category} ({name})")
    });
    let version = launch.bundle_version.as_ref().map(|version| format!("bundle version {}", cut(version, 40)));
    let doubt = (!launch.announced).then(|| "not announced, not believed".to_owned());
    category.into_iter().chain(version).chain(doubt).collect::<Vec<_>>().join(", ")
}

fn chain_in_words(verdict: &ChainVerdict, anchors: &[String]) -> String {
    let what = match (verdict.holds, verdict.name) {
        (Some(true), _) => format!("leads to {}", cut(&anchors.join(", "), 40)),
        (Some(false), Some(name)) => format!("refused: {name}"),
        _ => "not reached".to_owned(),
    };
    format!("at {}: {what}", verdict.time)
}

fn step_lines(report: &StepReport, style: Style) -> Vec<String> {
    let StepReport { mark, title, meaning, compared, .. } = report;
    let line = match mark {
        Mark::Passed => format!("  {}    {title:<21}{}", style.green("ok"), style.dim(meaning)),
        Mark::Failed => format!("  {}  {title:<21}not true that {meaning}", style.red("FAIL")),
        Mark::NotReached => style.dim(format!("  -     {title:<21}not reached")),
        Mark::NotAsked => style.dim(format!("  ?     {title:<21}not asked: your side does not tell it")),
    };
    let values = compared.iter().flat_map(|Compared { label, value }| {
        // Enough to recognise a hash, and all of one that has to be compared.
        let digits = if *mark == Mark::Failed { 64 } else { 40 };
        value_lines(label, &abridged(value, digits), style)
    });
    [line].into_iter().chain(values).collect()
}

/// A value that is too long for one line takes several.
pub(crate) fn value_lines(label: &str, value: &str, style: Style) -> Vec<String> {
    let lines = filled(value, WIDTH - INDENT.len() - 21);
    lines.iter().enumerate().map(|(row, line)| fact_line(if row == 0 { label } else { "" }, line, style)).collect()
}

fn fact_line(label: &str, value: &str, style: Style) -> String {
    format!("{INDENT}{}  {}", style.dim(format!("{label:>19}")), printable(value))
}

/// Cuts hexadecimal digits in the middle where there are more than so many.
fn abridged(value: &str, digits: usize) -> String {
    let word = |word: &str| {
        let is_long = word.len() > digits && word.bytes().all(|octet| octet.is_ascii_hexdigit());
        if is_long { format!("{}…{}", &word[..16], &word[word.len() - 8..]) } else { word.to_owned() }
    };
    value.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

const fn option_of(part: Missing, kind: Kind) -> &'static str {
    match (part, kind) {
        (Missing::AppId, _) => "--app-id ID",
        (Missing::KeyId, _) => "--key-id BASE64",
        (Missing::ClientData, Kind::Attestation) => "--challenge TEXT",
        (Missing::ClientData, Kind::Assertion) => "--client-data TEXT",
        (Missing::PublicKey, _) => "--key KEY",
        (Missing::Counter, _) => "--counter LAST",
        // What tokens miss has options of its own.
        _ => "",
    }
}

/// What a peer may be told: the class, and that is all.
const fn to_peer(outcome: Outcome, error: Error) -> &'static str {
    match (outcome, error.class()) {
        (Outcome::Undecided, _) => "undecided; the fault is not the peer's",
        (_, Class::Malformed) => "ill-formed; sending it again cannot help",
        _ => "well-formed, and refused",
    }
}

/// The title of a group of one-line reports.
pub(crate) fn group_title(expected: Expected, style: Style) -> String {
    style.bold(match expected {
        Expected::Pass => "Must be accepted".to_owned(),
        Expected::AnyError | Expected::OfSort(_) | Expected::Signature(false) => "Must be refused".to_owned(),
        Expected::Signature(true) | Expected::Unproved => "Without a verdict".to_owned(),
        Expected::Exactly(error) => format!("Must be refused with {error}, class {:?}", error.class()),
    })
}

/// Objects hold what their sender wants; none of it is to command a terminal or to reorder a line.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if is_harmful(c) { '\u{FFFD}' } else { c }).collect()
}

fn is_harmful(c: char) -> bool {
    let reorders =
        matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    c.is_control() || reorders || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Broken between words, and within those that are longer than a line.
pub(crate) fn broken(text: &str, indent: &str) -> Vec<String> {
    filled(text, WIDTH - indent.len()).iter().map(|line| format!("{indent}{line}")).collect()
}

/// Lines of no more than so many characters.
pub(crate) fn filled(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < width => *line = format!("{line} {word}"),
            _ => {
                let characters: Vec<_> = word.chars().collect();
                lines.extend(characters.chunks(width).map(|part| part.iter().collect::<String>()));
            }
        }
    }
    lines
}

pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

/// Colours, or none.
#[derive(Clone, Copy)]
pub(crate) struct Style(bool);

impl Style {
    /// Colours only on a terminal, and never where `NO_COLOR` asks for none (<https://no-color.org>).
    pub(crate) fn of_stdout() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(std::io::stdout().is_terminal() && !refused)
    }

    fn bold(self, text: impl fmt::Display) -> String {
        self.paint(1, text)
    }

    fn dim(self, text: impl fmt::Display) -> String {
        self.paint(2, text)
    }

    fn red(self, text: impl fmt::Display) -> String {
        self.paint(31, text)
    }

    fn green(self, text: impl fmt::Display) -> String {
        self.paint(32, text)
    }

    fn paint(self, code: u8, text: impl fmt::Display) -> String {
        if self.0 { format!("\x1B[{code}m{text}\x1B[0m") } else { text.to_string() }
    }
}
