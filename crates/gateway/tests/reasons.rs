//! `docs/reasons.md`: each label of `genuine_refusals_total`, from the sources and the engine's table. `GENUINE_WRITE_DOCS=1` writes it.
#![allow(missing_docs)]

use std::{collections::BTreeSet, env, fmt::Write as _, fs, path::Path};

use genuine::{Class, Error};

const ABOUT: &str = "# Reasons

Each reason for which the gateway refuses: a label of `genuine_refusals_total`, and `reason` in the log, in traces and on the
operator's page. Clients are told [a class](../README.md#what-is-answered) and no reason. To see where one is decided, look for its
name in `src/gate/`, or in the engine's `src/` if it is the engine's.

A test writes this page from the code, and fails when they differ.
";

/// An enum, the prefix of its labels, and what to say of them.
const PARTS: [(&str, &str, &str, &str); 4] = [
    (include_str!("../src/refusal.rs"), "Refusal", "", "The gateway's own"),
    (include_str!("../src/api_key.rs"), "KeyFault", "ApiKey", "API keys"),
    (include_str!("../src/refusal/oauth.rs"), "Fault", "", "The mediator"),
    (include_str!("../src/account.rs"), "TokenFault", "UserToken", "Users' tokens"),
];

/// Those that stand for the reasons of another part.
const OTHERS: [&str; 7] = ["Engine", "Proof", "Possession", "TokenProof", "AccountRefused", "ApiKey", "Oauth"];

/// The variants of an enum, with their documentation.
fn variants(source: &str, name: &str) -> Vec<(String, String)> {
    let (_, body) = source.split_once(&format!("pub enum {name} {{\n")).unwrap();
    let (mut found, mut text) = (Vec::new(), Vec::new());
    for line in body.lines().take_while(|line| *line != "}").map(str::trim) {
        if let Some(sentence) = line.strip_prefix("/// ") {
            text.push(sentence);
        } else if !line.is_empty() {
            let variant: String = line.chars().take_while(char::is_ascii_alphanumeric).collect();
            found.push((variant, text.join(" ")));
            text.clear();
        }
    }
    found
}

fn row(page: &mut String, label: &str, text: &str) {
    // Links to items of Rust are names here.
    let text = text.replace("[`", "`").replace("`]", "`").replace('|', "\\|").replace('\n', " ");
    writeln!(page, "| `{label}` | {} |", text.trim()).unwrap();
}

fn page() -> String {
    let mut page = ABOUT.to_owned();
    for (source, name, prefix, title) in PARTS {
        write!(page, "\n## {title}\n\n| reason | what happened |\n|---|---|\n").unwrap();
        for (variant, text) in variants(source, name) {
            if name != "Refusal" || !OTHERS.contains(&&*variant) {
                row(&mut page, &format!("{prefix}{variant}"), &text);
            }
        }
    }
    for (class, title) in [
        (Class::Malformed, "The engine's: what is not of the form"),
        (Class::Rejected, "The engine's: what is not as it has to be"),
        (Class::Unavailable, "The engine's: what could not be decided"),
    ] {
        write!(page, "\n## {title}\n\n| reason | what happened |\n|---|---|\n").unwrap();
        // A store that is away is one reason, whoever finds out.
        for error in Error::ALL.iter().filter(|error| error.class() == class && **error != Error::StoreUnavailable) {
            row(&mut page, error.name(), error.description());
        }
    }
    page
}

#[test]
fn each_reason_is_described() {
    let (path, page) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reasons.md"), page());
    if env::var_os("GENUINE_WRITE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap_or_default() == page, "write docs/reasons.md with GENUINE_WRITE_DOCS=1");
    let labels: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(labels.iter().collect::<BTreeSet<_>>().len(), labels.len(), "each has one row");
    assert!(
        page.lines()
            .filter(|line| line.starts_with("| `"))
            .all(|line| line.split(" | ").nth(1).is_some_and(|text| text.len() > 9))
    );
    for known in ["CounterNotIncreased", "ApplicationRefused", "ApiKeyReplayed", "CodeReused", "UserTokenExpired"] {
        assert!(labels.contains(&known), "{known}");
    }
}
