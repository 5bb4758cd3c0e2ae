//! The Swift. There is no compiler for it here: `clients/swift/parse` says whether it is of the language, and this whether it decides as
//! the table says.

use std::collections::BTreeMap;

use crate::table::table;

const ANSWERS: &str = include_str!("../../clients/swift/Sources/Genuine/Answers.swift");

/// A branch of `decide`: where, which code, of which answers, and what is done.
struct Branch {
    at: String,
    code: String,
    retryable: String,
    steps: Vec<String>,
}

/// The words of the table for those of the code.
fn names() -> BTreeMap<String, String> {
    let (_, body) = ANSWERS.split_once("enum Action: String {").unwrap();
    let (body, _) = body.split_once("\n}").unwrap();
    let cases = body.lines().filter_map(|line| line.trim().strip_prefix("case ")?.split_once(" = "));
    cases.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect()
}

fn branches() -> Vec<Branch> {
    let names = names();
    let lines = ANSWERS.lines().filter_map(|line| line.trim().strip_prefix("case ("));
    let branch = |line: &str| {
        let (pattern, steps) = line.split_once("): steps = [")?;
        let [at, code, retryable] = pattern.split(", ").collect::<Vec<_>>().try_into().ok()?;
        let steps = steps.strip_suffix(']')?.split(", ").map(|step| names[step.strip_prefix('.').unwrap()].clone());
        Some(Branch {
            at: at.trim_start_matches('.').to_owned(),
            code: code.trim_matches('"').to_owned(),
            retryable: retryable.to_owned(),
            steps: steps.collect(),
        })
    };
    lines.map(|line| branch(line).unwrap_or_else(|| panic!("{line}"))).collect()
}

#[test]
fn the_code_decides_as_the_table_says() {
    let branches = branches();
    assert!(branches.len() > 15);
    let mut taken = vec![false; branches.len()];
    for row in table().0.iter().filter(|row| row.platform == "app_attest") {
        for retryable in row.retryable.map_or(vec![true, false], |retryable| vec![retryable]) {
            let fits = |branch: &Branch| {
                ["_", &*row.at].contains(&&*branch.at)
                    && branch.code == row.code
                    && ["_", &*retryable.to_string()].contains(&&*branch.retryable)
            };
            let found = branches.iter().position(fits);
            let steps = found.map_or(vec!["give_up".to_owned()], |index| branches[index].steps.clone());
            assert_eq!(steps, row.steps, "{row:?}, {retryable}");
            if let Some(index) = found {
                taken[index] = true;
            }
        }
    }
    assert!(taken.iter().all(|taken| *taken), "a branch that no row of the table takes");
    assert!(ANSWERS.contains("default: steps = status >= 500 ? [.wait] : [.giveUp]"));
}

/// An assertion and a session go to the service alone: no redirection is followed with them. Read, and not run.
#[test]
fn no_redirection_is_followed() {
    let platform = include_str!("../../clients/swift/Sources/Genuine/Platform.swift");
    let (_, delegate) = platform.split_once("class NoRedirections: NSObject, URLSessionTaskDelegate {").unwrap();
    let (delegate, rest) = delegate.split_once("\n}\n").unwrap();
    assert!(delegate.contains("willPerformHTTPRedirection") && delegate.contains("completionHandler(nil)"));
    assert!(rest.contains(
        "session = URLSession(configuration: configuration, delegate: NoRedirections(), delegateQueue: nil)"
    ));
    assert_eq!(platform.matches("URLSession(").count(), 1);
    assert!(!platform.contains("URLSession.shared") && !platform.contains(": URLSession = "));
}

/// The form of what is signed is that of the README, in the page for whoever writes an app too.
#[test]
fn what_is_signed_is_what_the_readme_says() {
    let request = include_str!("../../clients/swift/Sources/Genuine/SignedRequest.swift");
    let lines = r#"genuine-request-v1\n\(method)\n\(authority)\n\(target)\n\(hash)\n\(challenge ?? "")\n"#;
    assert!(request.contains(lines));
    assert!(include_str!("../../docs/clients.md").contains(lines));
}
