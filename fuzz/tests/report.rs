//! The committed report is one of this code, whole, with nothing found.

use std::{fs, path::Path};

use genuine_fuzz::{TARGETS, sources};

#[test]
fn the_report_is_of_this_code() {
    let report = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("REPORT.md")).expect("REPORT.md");
    let stated = report.lines().find_map(|line| line.strip_prefix("Code: `")?.strip_suffix('`'));
    assert_eq!(
        stated,
        Some(&*sources::digest()),
        "REPORT.md is older than the code. Run `fuzz/campaign 20` on the last commit, and commit what it writes."
    );
    for target in TARGETS {
        let row = report.lines().find(|line| line.starts_with(&format!("| `{}` |", target.name)));
        let row = row.unwrap_or_else(|| panic!("{} has no row", target.name));
        assert!(row.ends_with("| nothing |"), "{row}");
    }
}
