//! `README.md`, *Requirements*: each number has its row, and what is said to be done is shown by a test of its name.
#![allow(missing_docs)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const README: &str = include_str!("../README.md");
const NUMBERS: u8 = 90;

/// A row of the table: the numbers that it is of, and its text.
struct Row {
    numbers: Vec<u8>,
    text: &'static str,
}

fn rows() -> Vec<Row> {
    let (_, table) = README.split_once("\n## Requirements\n").unwrap();
    let lines = table.lines().filter(|line| line.starts_with("| R"));
    let row = |text: &'static str| Row { numbers: numbers(text.split('|').nth(1).unwrap().trim()), text };
    lines.map(row).collect()
}

/// `R5` or `R30–36`.
fn numbers(label: &str) -> Vec<u8> {
    let label = label.strip_prefix('R').unwrap();
    let (first, last) = label.split_once('–').unwrap_or((label, label));
    (first.parse().unwrap()..=last.parse().unwrap()).collect()
}

/// What a test's name begins with: `r4_r8_…` or `r30_to_r37_…`.
fn shown_by(name: &str) -> BTreeSet<u8> {
    let (mut shown, mut last, mut through) = (BTreeSet::new(), None, false);
    for part in name.split('_') {
        match (part.strip_prefix('r').and_then(|digits| digits.parse::<u8>().ok()), part) {
            (Some(number), _) => {
                let first = if through { last.unwrap_or(number) } else { number };
                shown.extend(first..=number);
                (last, through) = (Some(number), false);
            }
            (None, "to") if last.is_some() => through = true,
            (None, _) => break,
        }
    }
    shown
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The names of functions in the gateway's sources and tests, and in the engine's tests: those that macros make included.
fn names() -> BTreeSet<String> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "../../tests", "../../testvectors"] {
        sources(&package.join(folder), &mut files);
    }
    files.retain(|file| !file.ends_with(file!()));
    let texts = files.iter().map(|file| fs::read_to_string(file).unwrap());
    let words = |text: String| {
        let words = text.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_'));
        words.filter(|word| word.contains('_')).map(str::to_owned).collect::<Vec<_>>()
    };
    texts.flat_map(words).collect()
}

#[test]
fn each_number_has_one_row() {
    let listed: Vec<_> = rows().iter().flat_map(|row| row.numbers.clone()).collect();
    assert_eq!(listed, (1..=NUMBERS).collect::<Vec<_>>());
}

#[test]
fn what_is_done_is_shown_by_a_test_of_its_number() {
    let shown: BTreeSet<_> = names().iter().flat_map(|name| shown_by(name)).collect();
    for row in rows().iter().filter(|row| row.text.contains("| done")) {
        let missing: Vec<_> = row.numbers.iter().filter(|number| !shown.contains(number)).collect();
        assert!(missing.is_empty(), "no test is named after R{missing:?}: {}", row.text);
    }
}

#[test]
fn each_test_that_is_named_is_there() {
    let names = names();
    for row in rows() {
        let column = row.text.rsplit('|').nth(1).unwrap();
        for name in column.split('`').skip(1).step_by(2) {
            let there = match name.strip_suffix('…') {
                Some(start) => names.iter().any(|name| name.starts_with(start)),
                None => names.contains(name),
            };
            assert!(there, "{name} is not there: {}", row.text);
        }
    }
}

#[test]
fn names_say_which_numbers_they_show() {
    assert_eq!(shown_by("r4_r8_r9_registrations"), [4, 8, 9].into());
    assert_eq!(shown_by("r30_to_r33_one_change"), [30, 31, 32, 33].into());
    assert_eq!(shown_by("registrations_r4"), [].into());
}
