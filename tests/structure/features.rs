//! Builds without an operating system have neither `std` nor `alloc`, whatever the features.

use std::process::Command;

use crate::source::root;

/// `cargo tree` of the engine alone on a target without an operating system.
fn feature_tree(arguments: &[&str]) -> String {
    let output = Command::new(std::env::var_os("CARGO").expect("run by cargo"))
        .args(["tree", "-p", "genuine", "-e", "normal,no-proc-macro,features", "--target", "thumbv6m-none-eabi"])
        .args(["--prefix", "depth", "--no-dedupe", "--locked"])
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn bare_builds_have_neither_std_nor_alloc() {
    for (arguments, present) in [
        (&["--no-default-features"][..], &["minicbor", "der"][..]),
        (&[], &["p384", "sha2"]),
        (&["--features", "genuine-crypto"], &["genuine-crypto"]),
        (&["--no-default-features", "--features", "session"], &["hmac", "subtle", "zeroize"]),
        (&["--no-default-features", "--features", "serde,defmt"], &["serde_core", "defmt"]),
    ] {
        let tree = feature_tree(arguments);
        for name in present {
            assert!(tree.contains(&format!("{name} v")), "{arguments:?}: {name} is in the tree");
        }
        let mut path: Vec<&str> = Vec::new();
        for line in tree.lines().filter(|line| !line.is_empty()) {
            let digits = line.find(|letter: char| !letter.is_ascii_digit()).expect("a name after the depth");
            path.truncate(line[..digits].parse().expect("a depth"));
            path.push(&line[digits..]);
            for feature in ["std", "alloc"] {
                let needle = format!("feature \"{feature}\"");
                assert!(!line.contains(&needle), "{arguments:?}: {feature} comes in by {}", path.join(" → "));
            }
        }
    }
}
