//! The faults that `cargo xtask arithmetic-mutants` plants are where the list says: that takes an hour, and nobody runs it after
//! each change.

use std::{collections::BTreeSet, fs};

use xtask::repository;

#[test]
fn each_fault_has_one_place() {
    let list = fs::read_to_string(repository().join(".ci/arithmetic-mutants.tsv")).expect("the list");
    let mut lines = BTreeSet::new();
    for line in list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let [file, old, new, ..] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("too few columns: {line}") };
        // The script takes two tabs for one, and a backslash for the start of an escape.
        assert!(!line.contains("\t\t") && !line.replace("\\n", "").contains('\\'), "not read as written: {line}");
        assert!(lines.insert((file, old, new)), "twice: {line}");
        let code = fs::read_to_string(repository().join(file)).expect(file);
        let places = code.matches(&old.replace("\\n", "\n")).count();
        assert!(places == 1 && old != new, "{places} places: {line}");
    }
    assert!(lines.len() > 100, "{} faults", lines.len());
}
