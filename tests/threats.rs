//! The threat model, held against the vectors that it names.

use std::collections::{BTreeMap, BTreeSet};

use genuine_testvectors::vectors;

const THREATS: &str = include_str!("../src/guide/threats.md");

/// The words in backticks of a cell.
fn code_words(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The lines of the tables whose third column names rows: code and rows.
fn attacks() -> Vec<(&'static str, Vec<&'static str>)> {
    THREATS
        .lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let [_, _, code, rows, _] = cells[..] else { return None };
            match code_words(code)[..] {
                [code] => Some((code, code_words(rows))),
                _ => None,
            }
        })
        .collect()
}

#[test]
fn every_row_that_is_named_has_the_code_beside_it() {
    let expected: BTreeMap<_, _> = vectors().map(|vector| (vector.id, vector.expected)).collect();
    let attacks = attacks();
    assert!(attacks.len() > 50, "the tables are read");
    for (code, rows) in attacks {
        assert!(!rows.is_empty(), "{code}: no row");
        for row in rows {
            let found = expected.get(row).unwrap_or_else(|| panic!("{row} is no vector"));
            assert_eq!(found.as_deref(), Some(code), "{row}");
        }
    }
}

#[test]
fn no_code_that_an_object_provokes_is_left_out() {
    let named: BTreeSet<_> = attacks().into_iter().map(|(code, _)| code.to_owned()).collect();
    let provoked: BTreeSet<_> = vectors().filter_map(|vector| vector.expected).collect();
    assert_eq!(named, provoked);
}
