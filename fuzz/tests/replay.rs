//! Every committed input of every target, and every seed, without a fuzzer.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use genuine_fuzz::{TARGETS, codes};
use genuine_testvectors::keys::sha256;

#[path = "common/corpus.rs"]
mod corpus;

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
    let corpus = corpus::inputs(name);
    assert!(!corpus.is_empty(), "no committed corpus");
    for input in corpus {
        // Seen when it panics.
        println!("corpus/{name}.tar: {}", input.name);
        (target.run)(&input.content);
    }
    // What was found once; a target that never was has none.
    for file in files(&directory("regressions").join(name)) {
        println!("{}", file.display());
        (target.run)(&fs::read(&file).expect("a readable file"));
    }
}

/// Equal inputs make equal files: each is named after its content and stands in the order of the names, once, and nothing
/// tells when and by whom it was packed.
#[test]
fn corpora_are_packed_in_one_way() {
    for target in TARGETS {
        let inputs = corpus::inputs(target.name);
        assert!(!inputs.is_empty(), "{}: no inputs", target.name);
        for input in &inputs {
            let digest: String = sha256(&[&input.content]).iter().map(|octet| format!("{octet:02x}")).collect();
            assert_eq!(input.name, digest, "{}", target.name);
            assert_eq!(input.metadata, (0, 0, 0, 0o644), "{}: {}", target.name, input.name);
        }
        let in_order = inputs.windows(2).all(|pair| pair[0].name < pair[1].name);
        assert!(in_order, "{}: pack it anew with `campaign --pack`", target.name);
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
    cbor der certificate auth_data attestation attestation_structured attestation_real assertion ecdsa_diff rsa_diff
    chain_diff time stateful batch prepared issuer key_id window system play_payload play_token session_token
    session_sealed key_description key_attestation key_attestation_structured
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
            .map(|name| directory("corpus").join(format!("{name}.tar")))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
    let limits = Command::new(directory("campaign")).arg("--limits").output().expect("bash");
    let limits = String::from_utf8(limits.stdout).expect("UTF-8");
    assert_eq!(limits.lines().map(|line| line.split(' ').next().expect("a name")).collect::<Vec<_>>(), names);
}
