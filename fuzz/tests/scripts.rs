//! The scripts around the targets, as far as they run without a fuzzer.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use genuine_fuzz::TARGETS;

#[path = "common/corpus.rs"]
mod corpus;

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn run(script: &str, arguments: &[&str]) -> Output {
    Command::new(directory(script)).args(arguments).output().expect("bash")
}

/// Each fault that is to be planted still finds its place in the engine.
#[test]
fn every_fault_can_be_planted() {
    let output = run("plant", &["--check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What is fuzzed from is all there is, whether a target was ever found to fail or has no corpus yet.
#[test]
fn a_target_starts_from_seeds_corpus_and_regressions() {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("seeds");
    for target in TARGETS {
        let inputs = home.join(target.name);
        let _ = fs::remove_dir_all(&inputs);
        fs::create_dir_all(&inputs).expect("a directory");
        let output = run("campaign", &["--seeds", target.name, inputs.to_str().expect("UTF-8")]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let count = |directory: &Path| fs::read_dir(directory).map_or(0, Iterator::count);
        let regressions = count(&directory("regressions").join(target.name));
        let committed = corpus::inputs(target.name).len() + regressions;
        assert_eq!(count(&inputs), (target.seeds)().len() + committed, "{}", target.name);
    }
}

/// What is taken out of a corpus and packed again is the same file, whatever its names and times were meanwhile.
#[test]
fn packing_is_deterministic() {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packing");
    let _ = fs::remove_dir_all(&home);
    let inputs = home.join("inputs");
    fs::create_dir_all(&inputs).expect("a directory");
    fs::copy(directory("campaign"), home.join("campaign")).expect("the script");
    fs::copy(directory("Cargo.toml"), home.join("Cargo.toml")).expect("the manifest");
    for (number, input) in corpus::inputs("issuer").iter().rev().enumerate() {
        fs::write(inputs.join(format!("input-{number}")), &input.content).expect("a file");
    }
    let pack = |inputs: &Path| Command::new(home.join("campaign")).arg("--pack").arg("issuer").arg(inputs).output();
    let output = pack(&inputs).expect("bash");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |directory: &Path| fs::read(directory.join("corpus/issuer.tar")).expect("a packed corpus");
    assert!(read(&home) == read(Path::new(env!("CARGO_MANIFEST_DIR"))), "packed in another way");
}

/// The builders of OSS-Fuzz are given what the campaign has: checks that are on, and the same inputs to start from.
#[test]
fn oss_fuzz_builds_what_the_campaign_builds() {
    let build = fs::read_to_string(directory("../.clusterfuzzlite/build.sh")).expect("build.sh");
    let command = build.lines().find(|line| line.starts_with("cargo fuzz build")).expect("it builds the targets");
    assert!(!command.contains(" -O") && !command.contains("--release"), "without checks: {command}");
    assert!(build.contains("./campaign --seeds"));
}
