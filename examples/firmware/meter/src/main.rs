//! Builds the firmware images, runs them in QEMU, and holds what they cost against budgets and the committed figures.
//!
//! Without an option it compares and exits with 1 if something does not hold; `--write` writes the figures to
//! `benches/record/footprint.toml`. `--fresh` holds a project that is made as the README says against them.
//! `cargo xtask footprint` starts it.

mod elf;
mod figures;
mod fresh;
mod image;
mod panics;
mod stack;

use std::{env, process::ExitCode, thread};

use image::{BOARDS, Build};
use panics::CallSites;
use xtask::{
    Outcome,
    record::{Record as _, footprint::Figure},
};

fn main() -> Outcome<ExitCode> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let faults = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => measure_all(false)?,
        ["--write"] => measure_all(true)?,
        ["--fresh"] => fresh::differs_from_committed()?,
        _ => return Err("usage: measure [--fresh | --write]".into()),
    };
    for fault in &faults {
        println!("FAULT: {fault}");
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Measures all images, and says what does not hold.
fn measure_all(write: bool) -> Outcome<Vec<String>> {
    // Cargo builds one image of each profile at a time, and linking an image takes one processor.
    let measured = thread::scope(|scope| {
        let threads = PROFILES.map(|profile| scope.spawn(move || measure(profile)));
        threads.map(|thread| thread.join().expect("no thread panics"))
    });
    let mut all = Measured::default();
    for measured in measured {
        let measured = measured?;
        all.figures.extend(measured.figures);
        all.panics.merge(measured.panics);
        all.own.merge(measured.own);
    }
    let footprint = figures::footprint(all.figures)?;

    for table in [
        footprint.table(),
        footprint.curves(),
        footprint.rsa(),
        footprint.tokens(),
        footprint.chains(),
        footprint.checks(),
        footprint.crates(),
    ] {
        println!("{table}");
    }
    let mut faults = figures::over_budget(&footprint);
    faults.extend(all.own.lines().map(|site| format!("genuine-crypto can panic: {site}")));
    if write {
        footprint.write()?;
        all.panics.write()?;
    } else {
        faults.extend(figures::differ_from_committed(&footprint)?);
        faults.extend(all.panics.differ_from_committed()?);
    }
    Ok(faults)
}

const PROFILES: [(&str, &str); 3] = [("release", "opt 3"), ("size", "opt s"), ("tiny", "opt z")];

const SUITE: &[&str] = &["--features", "suite"];
const OWN: &[&str] = &["--no-default-features", "--features", "genuine-crypto"];
const OWN_SUITE: &[&str] = &["--no-default-features", "--features", "genuine-crypto,suite"];
const COMPACT: &[&str] = &["--no-default-features", "--features", "compact"];
const NONE: &[&str] = &["--no-default-features"];
const TOKENS: &[&str] = &["--no-default-features", "--features", "tokens"];
const KEY_ATTESTATION: &[&str] = &["--no-default-features", "--features", "genuine-crypto,key-attestation"];
const ENGINE: &[&str] = &["--no-default-features", "--features", "protocols"];
const OWN_ENGINE: &[&str] = &["--no-default-features", "--features", "genuine-crypto,protocols"];

/// The images: binary, what its figures are called, features, and profiles.
const IMAGES: [(&str, &str, &[&str], &[&str]); 17] = [
    ("demo", "full", &[], &["release", "size"]),
    ("checked", "full, checked", &[], &["release"]),
    ("assertion", "assertion only", &[], &["release", "size"]),
    ("accelerator", "without ECDSA", NONE, &["release"]),
    ("suite", "suite", SUITE, &["release"]),
    ("genuine_crypto", "genuine-crypto", OWN, &["release", "size"]),
    ("genuine_crypto_checked", "genuine-crypto, checked", OWN, &["release"]),
    ("genuine_crypto_assertion", "genuine-crypto, assertion only", OWN, &["release", "size"]),
    ("genuine_crypto_assertion", "genuine-crypto, assertion only, compact", COMPACT, &["tiny"]),
    ("genuine_crypto_prepared", "genuine-crypto, prepared", OWN, &["release"]),
    ("genuine_crypto_suite", "genuine-crypto, suite", OWN_SUITE, &["release"]),
    ("curves", "genuine-crypto, curves", OWN, &["release"]),
    ("rsa", "genuine-crypto, RSA", OWN, &["release", "size"]),
    ("tokens", "session tokens", TOKENS, &["release", "size"]),
    ("key_attestation", "genuine-crypto, key attestation", KEY_ATTESTATION, &["release", "size"]),
    (
        "key_attestation_without_rsa",
        "genuine-crypto, key attestation, without RSA",
        KEY_ATTESTATION,
        &["release", "size"],
    ),
    ("key_attestation_prepared", "genuine-crypto, key attestation, prepared", KEY_ATTESTATION, &["release"]),
];

/// What one profile gives on all boards.
#[derive(Default)]
struct Measured {
    figures: Vec<Figure>,
    /// Where the images with the default backend can panic.
    panics: CallSites,
    /// Where the engine can, and the images with genuine-crypto: nowhere.
    own: CallSites,
}

fn measure((profile, optimisation): (&'static str, &str)) -> Outcome<Measured> {
    let mut measured = Measured::default();
    for board in &BOARDS {
        for (binary, what, features, _) in IMAGES.into_iter().filter(|(.., profiles)| profiles.contains(&profile)) {
            let image = Build { board, profile, binary, features }.image()?;
            measured.figures.push(figures::measure(&image, format!("{what}, {optimisation}"))?);
            match binary {
                "demo" => measured.panics.merge(CallSites::of(&image.elf)),
                "genuine_crypto"
                | "genuine_crypto_assertion"
                | "genuine_crypto_prepared"
                | "rsa"
                | "key_attestation"
                | "key_attestation_without_rsa"
                | "key_attestation_prepared"
                    if profile != "tiny" =>
                {
                    measured.own.merge(CallSites::of(&image.elf));
                }
                _ => {}
            }
        }
        // What is built for size alone keeps panics that cannot be reached: in SHA-2, for one.
        if profile == "tiny" {
            continue;
        }
        for features in [ENGINE, OWN_ENGINE] {
            let engine = Build { board, profile, binary: "engine", features }.image()?;
            measured.own.merge(CallSites::of(&engine.elf));
        }
    }
    Ok(measured)
}
