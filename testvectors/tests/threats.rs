//! `THREATS.md`, held against the suite: each row of the threat catalogue is a vector or has its reason, and each trap of Android has
//! its vectors.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use genuine_testvectors::{android_vectors, vectors};

const THREATS: &str = include_str!("../THREATS.md");

/// The groups of the threat catalogue, and how many rows each has.
const CATALOGUE: [(&str, usize); 23] = [
    ("in", 10),
    ("cb", 46),
    ("am", 30),
    ("de", 44),
    ("xs", 33),
    ("ch", 26),
    ("ec", 16),
    ("nx", 19),
    ("ad", 16),
    ("ck", 14),
    ("ki", 8),
    ("ev", 8),
    ("rp", 8),
    ("ex", 13),
    ("ao", 12),
    ("as", 13),
    ("ct", 10),
    ("rb", 13),
    ("rc", 7),
    ("cf", 10),
    ("rx", 8),
    ("fi", 4),
    ("p", 24),
];

/// Vectors beyond the threat catalogue: the twins, and what was found later.
const MORE: [&str; 10] =
    ["att-", "asr-", "p-launch-policy-", "p-code-hash-", "p-device-", "p-macos-", "ex-14", "fo-", "rq-", "cw-"];

fn threats() -> BTreeSet<String> {
    CATALOGUE.iter().flat_map(|(group, rows)| (1..=*rows).map(move |row| format!("{group}-{row:02}"))).collect()
}

/// Whether the threat of a vector is an input of the row: the row, and not a longer number.
fn is_of(threat: &str, row: &str) -> bool {
    threat.strip_prefix(row).is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
}

/// The rows of a section's table, as the words in backticks of each cell.
fn section(title: &str) -> Vec<Vec<Vec<&'static str>>> {
    let (_, rest) = THREATS.split_once(&format!("\n## {title}\n")).expect("the section is there");
    let rows = rest.lines().take_while(|line| !line.starts_with("## ")).filter(|line| line.starts_with("| `"));
    let words = |cell: &'static str| cell.split('`').skip(1).step_by(2).collect();
    rows.map(|line| line.trim_matches('|').split('|').map(words).collect()).collect()
}

#[test]
fn every_row_is_a_vector_or_has_its_reason() {
    let inputs: Vec<_> = vectors().filter_map(|vector| vector.threat).collect();
    let listed: Vec<_> =
        ["Tests", "Left out"].into_iter().flat_map(section).flat_map(|cells| cells[0].clone()).collect();
    for row in threats() {
        let minted = inputs.iter().any(|input| is_of(input, &row));
        let reasons = listed.iter().filter(|id| **id == row).count();
        assert_eq!(usize::from(minted) + reasons, 1, "{row}: a vector or listed, and once");
    }
    let threats = threats();
    for row in listed {
        assert!(threats.contains(row), "{row} is no row");
    }
    for input in inputs {
        let known = threats.iter().any(|row| is_of(&input, row)) || MORE.iter().any(|more| input.starts_with(more));
        assert!(known, "{input} is of no row");
    }
}

#[test]
fn sampled_rows_are_vectors() {
    let inputs: Vec<_> = vectors().filter_map(|vector| vector.threat).collect();
    for cells in section("More inputs than vectors") {
        assert!(inputs.iter().any(|input| is_of(input, cells[0][0])), "{}", cells[0][0]);
    }
}

#[test]
fn tests_that_are_named_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut named = 0;
    for cells in ["Tests", "More inputs than vectors"].into_iter().flat_map(section) {
        let (path, name) = cells[1][0].split_once("::").expect("a file and a test");
        let source = fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let (before, _) = source.split_once(&format!("fn {name}()")).unwrap_or_else(|| panic!("{path} has no {name}"));
        assert!(before.trim_end().ends_with("#[test]"), "{name} in {path} is a test");
        named += 1;
    }
    assert!(named > 30, "the tables are read");
}

#[test]
fn codes_with_a_reason_are_the_vectors() {
    let codes = section("Codes that need a reason");
    assert!(codes.len() > 20, "the table is read");
    for cells in codes {
        let (id, code) = (cells[0][0], cells[1][0]);
        let vector = vectors().find(|vector| vector.id == id).unwrap_or_else(|| panic!("{id} is no vector"));
        assert_eq!(vector.expected.as_deref().unwrap_or("pass"), code, "{id}");
    }
}

/// The traps of Android key attestation, each with the vectors that a verifier which steps into it gets wrong.
#[test]
fn every_trap_of_android_has_vectors() {
    let traps = section("Traps of Android key attestation");
    let names: Vec<_> = traps.iter().map(|cells| cells[0][0]).collect();
    let expected: Vec<_> = (1..=16).map(|number| format!("T{number}")).collect();
    assert_eq!(names, expected);
    let verdicts: std::collections::BTreeMap<_, _> =
        android_vectors().map(|vector| (vector.id, vector.expected)).collect();
    for cells in traps {
        let trap = cells[0][0];
        let (refused, accepted) = (&cells[2], &cells[3]);
        assert!(refused.len() + accepted.len() > 0, "{trap}");
        for (ids, is_good) in [(refused, false), (accepted, true)] {
            for id in ids {
                let id = format!("android-{id}");
                let verdict = verdicts.get(&id).unwrap_or_else(|| panic!("{trap}: {id} is no vector"));
                assert_eq!(verdict == "pass", is_good, "{trap}: {id}");
            }
        }
    }
}

#[test]
fn codes_of_android_with_a_reason_are_the_vectors() {
    for cells in section("Codes of Android that need a reason") {
        let (id, code) = (cells[0][0], cells[1][0]);
        let vector = android_vectors().find(|vector| vector.id == id).unwrap_or_else(|| panic!("{id} is no vector"));
        assert_eq!(vector.expected, code, "{id}");
    }
}
