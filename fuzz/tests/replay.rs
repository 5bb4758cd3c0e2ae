//! Every committed input of every target, and every seed, without a fuzzer.

use std::{collections::BTreeSet, fs, path::Path};

use genuine_fuzz::TARGETS;

fn corpora() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    for seed in (target.seeds)() {
        (target.run)(&seed);
    }
    let mut files: Vec<_> = fs::read_dir(corpora().join(name))
        .expect("a committed corpus")
        .map(|file| file.expect("a directory entry").path())
        .collect();
    assert!(!files.is_empty());
    files.sort();
    for file in files {
        // Seen when it panics.
        println!("{}", file.display());
        (target.run)(&fs::read(&file).expect("a readable file"));
    }
}

macro_rules! replay {
    ($($name:ident)+) => {
        const REPLAYED: &[&str] = &[$( stringify!($name) ),+];

        $(
            #[test]
            fn $name() {
                replay(stringify!($name));
            }
        )+
    };
}

replay! {
    cbor der certificate auth_data attestation attestation_structured attestation_real assertion ecdsa_diff chain_diff
    time stateful
}

#[test]
fn no_target_is_forgotten() {
    let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names, REPLAYED);
    let manifest = include_str!("../Cargo.toml");
    for name in &names {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} has no binary");
    }
    let directories = fs::read_dir(corpora()).expect("corpora");
    let directories: BTreeSet<_> = directories.map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(directories, names.iter().map(|name| (*name).into()).collect());
}
