//! The scripts around the targets, as far as they run without a fuzzer.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use genuine_fuzz::TARGETS;

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
        let committed = ["corpus", "regressions"].map(|kind| count(&directory(kind).join(target.name)));
        assert_eq!(count(&inputs), (target.seeds)().len() + committed.iter().sum::<usize>(), "{}", target.name);
    }
}

/// The builders of OSS-Fuzz are given what the campaign has: checks that are on, and the same inputs to start from.
#[test]
fn oss_fuzz_builds_what_the_campaign_builds() {
    let build = fs::read_to_string(directory("../.clusterfuzzlite/build.sh")).expect("build.sh");
    let command = build.lines().find(|line| line.starts_with("cargo fuzz build")).expect("it builds the targets");
    assert!(!command.contains(" -O") && !command.contains("--release"), "without checks: {command}");
    assert!(build.contains("./campaign --seeds"));
}
