//! How a verdict looks, on a terminal and elsewhere.

use std::{fmt, io::IsTerminal as _};

use genuine::{Error, ErrorClass};

use crate::case::{Case, Expected};

/// The width of a line that is cut; nothing but names from the files makes others longer.
const WIDTH: usize = 100;

/// The engine's verdict on one object, step by step; with `Ok` comes what the proof says.
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    pub(crate) verdict: Result<Vec<Fact>, Error>,
}

pub(crate) struct Row {
    pub(crate) mark: Mark,
    pub(crate) title: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) facts: Vec<Fact>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Passed,
    Failed,
    NotReached,
}

/// A value and what to call it.
pub(crate) type Fact = (&'static str, String);

pub(crate) fn fact(label: &'static str, value: impl Into<String>) -> Fact {
    (label, value.into())
}

impl Report {
    pub(crate) fn failure(&self) -> Option<Error> {
        self.verdict.as_ref().err().copied()
    }

    pub(crate) fn is_as_expected(&self, expected: Expected) -> bool {
        expected.is_met_by(self.failure())
    }

    /// Everything: each step, what it compared, and the verdict.
    pub(crate) fn in_full(&self, case: &Case, style: Style) -> String {
        let mut lines = vec![style.bold(format!("{} · {} · expected: {}", case.name, case.kind.name(), case.expected))];
        lines.extend(case.description.as_deref().map(printable));
        lines.push(String::new());
        lines.extend(self.rows.iter().flat_map(|row| row.lines(style)));
        lines.push(String::new());
        lines.extend(self.verdict_lines(case.expected, style));
        lines.push(String::new());
        lines.join("\n") + "\n"
    }

    fn verdict_lines(&self, expected: Expected, style: Style) -> Vec<String> {
        let mut lines = match &self.verdict {
            Ok(facts) => {
                let title = style.green("  →     Verified. The proof says:".to_owned());
                [title].into_iter().chain(facts.iter().map(|fact| fact_line(fact, style))).collect()
            }
            Err(error) => vec![style.red(format!("  →     {error}, class {:?}: {}", error.class(), to_peer(*error)))],
        };
        lines.push(if self.is_as_expected(expected) {
            style.green("        As expected.".to_owned())
        } else {
            style.red(format!("        NOT as expected, which is: {expected}."))
        });
        lines
    }

    /// One line: the verdict and which vector it is about.
    pub(crate) fn in_brief(&self, case: &Case, style: Style) -> String {
        let verdict = self.failure().map_or_else(|| "pass".to_owned(), |error| error.code().to_string());
        let text = format!("{verdict:<4}  {:<22}  {}", case.name, case.description.as_deref().unwrap_or_default());
        let text = cut(&printable(&text), WIDTH - 8);
        if self.is_as_expected(case.expected) {
            format!("  {}    {text}\n", style.green("ok".to_owned()))
        } else {
            format!("  {}   {text}\n", style.red("NOT".to_owned()))
        }
    }
}

impl Row {
    fn lines(&self, style: Style) -> Vec<String> {
        let Self { mark, title, meaning, facts } = self;
        let mut lines = vec![match mark {
            Mark::Passed => {
                format!("  {}    {title:<21}{}", style.green("ok".to_owned()), style.dim((*meaning).to_owned()))
            }
            Mark::Failed => format!("  {}  {title:<21}not true that {meaning}", style.red("FAIL".to_owned())),
            Mark::NotReached => style.dim(format!("  -     {title:<21}not reached")),
        }];
        lines.extend(facts.iter().map(|fact| fact_line(fact, style)));
        lines
    }
}

fn fact_line((label, value): &Fact, style: Style) -> String {
    format!("        {}  {}", style.dim(format!("{label:>19}")), printable(value))
}

/// What a peer may be told: the class, and that is all.
fn to_peer(error: Error) -> &'static str {
    match error.class() {
        ErrorClass::Malformed => "ill-formed; sending it again cannot help",
        ErrorClass::Rejected => "well-formed, and refused",
        ErrorClass::Unavailable => "undecided; the fault is not the peer's",
        _ => "not accepted",
    }
}

/// The title of a group of one-line reports.
pub(crate) fn group_title(expected: Expected, style: Style) -> String {
    style.bold(match expected {
        Expected::Pass => "Must be accepted".to_owned(),
        Expected::AnyError => "Must be refused".to_owned(),
        Expected::Exactly(error) => format!("Must be refused with {error}, class {:?}", error.class()),
    })
}

/// Objects hold what their sender wants; none of it is to command a terminal or to reorder a line.
pub(crate) fn printable(text: &str) -> String {
    let harmful = |c: char| {
        c.is_control() || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if harmful(c) { '\u{FFFD}' } else { c }).collect()
}

fn cut(text: &str, width: usize) -> String {
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
