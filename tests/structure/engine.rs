//! What holds for `src/` alone: no code for tests, and a proof that no public function panics.

use std::{collections::BTreeSet, fs};

use crate::source::{Source, root, sources, without_comments};

/// The engine's files.
fn engine() -> Vec<Source> {
    sources("src")
}

#[test]
fn source_has_no_back_doors() {
    for Source { path, code, .. } in engine() {
        let words: BTreeSet<_> = code.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).collect();
        for word in ["unsafe", "fuzzing", "debug_assertions", "debug_assert", "debug_assert_eq", "miri"] {
            assert!(!words.contains(word), "{}: {word}", path.display());
        }
        let dense: String = code.split_whitespace().collect();
        assert!(!dense.contains("cfg(test") && !dense.contains("#[test]"), "{}: tests live in tests/", path.display());
        for (at, _) in dense.match_indices("feature=\"") {
            let name = dense[at..].split('"').nth(1);
            assert!(
                matches!(
                    name,
                    Some(
                        "rust-crypto"
                            | "genuine-crypto"
                            | "key-attestation"
                            | "play-integrity"
                            | "session"
                            | "serde"
                            | "defmt"
                    )
                ),
                "{}",
                path.display()
            );
        }
    }
    let library = engine().into_iter().find(|source| source.module == "lib").expect("src/lib.rs");
    for attribute in ["#![no_std]", "#![forbid(unsafe_code)]"] {
        assert!(library.code.contains(attribute), "{attribute}");
    }
}

/// Names of all public functions of `src/`.
fn public_functions() -> BTreeSet<String> {
    let name = |line: &str| {
        let rest = line.trim_start().strip_prefix("pub ")?;
        let rest = rest.strip_prefix("const ").unwrap_or(rest).strip_prefix("fn ")?;
        Some(rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?.to_owned())
    };
    engine().iter().flat_map(|source| source.code.lines().filter_map(name).collect::<Vec<_>>()).collect()
}

/// That image is the proof that no function panics, so each has to be in it.
#[test]
fn the_image_that_cannot_panic_calls_every_public_function() {
    let path = root().join("examples/firmware/src/bin/engine.rs");
    let image = without_comments(&fs::read_to_string(path).expect("UTF-8"));
    let functions = public_functions();
    assert!(functions.len() > 50, "{functions:?}");
    let is_called = |name: &&String| {
        [".", "::"]
            .iter()
            .any(|before| ["(", "::<"].iter().any(|after| image.contains(&format!("{before}{name}{after}"))))
    };
    let left_out: Vec<_> = functions.iter().filter(|name| !is_called(name)).collect();
    assert!(left_out.is_empty(), "{left_out:?}");
}
