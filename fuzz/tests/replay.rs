//! Every committed input of every target, and every seed, without a fuzzer.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use genuine_fuzz::{TARGETS, codes};

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|file| file.expect("a directory entry").path()).collect();
    files.sort();
    files
}

fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    for seed in (target.seeds)() {
        (target.run)(&seed);
    }
    // Or else an engine that refuses too much could go unnoticed.
    assert!(codes::accepted(), "no seed is accepted");
    let corpus = files(&directory("corpus").join(name));
    assert!(!corpus.is_empty(), "no committed corpus");
    // Regressions are what was found once; a target that never was has none.
    for file in corpus.into_iter().chain(files(&directory("regressions").join(name))) {
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
    time stateful batch prepared issuer key_id window system
}

#[test]
fn no_target_is_forgotten() {
    let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names, REPLAYED);
    let manifest = include_str!("../Cargo.toml");
    for name in &names {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} has no binary");
    }
    let corpora = files(&directory("corpus"));
    assert_eq!(
        corpora,
        names
            .iter()
            .map(|name| directory("corpus").join(name))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
    let limits = Command::new(directory("campaign")).arg("--limits").output().expect("bash");
    let limits = String::from_utf8(limits.stdout).expect("UTF-8");
    assert_eq!(limits.lines().map(|line| line.split(' ').next().expect("a name")).collect::<Vec<_>>(), names);
}
