//! The threat model, held against the vectors that it names.

use std::collections::{BTreeMap, BTreeSet};

use genuine_testvectors::vectors;

const THREATS: &str = include_str!("../../src/guide/threats.md");

/// The words in backticks of a cell.
fn code_words(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The lines of the tables whose third column names vectors: code and vectors.
fn attacks() -> Vec<(&'static str, Vec<&'static str>)> {
    THREATS
        .lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let [_, _, code, named, _] = cells[..] else { return None };
            match code_words(code)[..] {
                [code] => Some((code, code_words(named))),
                _ => None,
            }
        })
        .collect()
}

#[test]
fn every_vector_that_is_named_has_the_code_beside_it() {
    let expected: BTreeMap<_, _> = vectors().map(|vector| (vector.id, vector.expected)).collect();
    let attacks = attacks();
    assert!(attacks.len() > 50, "the tables are read");
    for (code, named) in attacks {
        assert!(!named.is_empty(), "{code}: no vector");
        for id in named {
            let found = expected.get(id).unwrap_or_else(|| panic!("{id} is no vector"));
            assert_eq!(found.as_deref(), Some(code), "{id}");
        }
    }
}

#[test]
fn no_code_that_an_object_provokes_is_left_out() {
    let named: BTreeSet<_> = attacks().into_iter().map(|(code, _)| code.to_owned()).collect();
    let provoked: BTreeSet<_> = vectors().filter_map(|vector| vector.expected).collect();
    assert_eq!(named, provoked);
}
