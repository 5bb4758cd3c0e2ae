//! No crate has a circle between its modules, and where a crate has layers, no module imports upward.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{imports, sources};

/// A crate: where its sources are, its layers from the bottom up, and the circles that it still has.
struct Package {
    src: &'static str,
    /// Modules with all below them that are not named themselves. A module imports from its own layer or one below. Without
    /// any, only circles are looked for.
    layers: &'static [&'static [&'static str]],
    /// Modules that import from each other, and why they do. `a::` is all modules below `a`.
    circles: &'static [(&'static str, &'static str, &'static str)],
    /// Imports that the test has to see, so that it does not see none.
    known: &'static [(&'static str, &'static str)],
}

const PACKAGES: [Package; 8] = [
    Package {
        src: "src",
        layers: &[
            &["error"],
            &["encoding", "time"],
            &["crypto::operand", "crypto::rsa"],
            &["crypto::traits"],
            &["crypto::prepare"],
            &["crypto::conformance::known"],
            &["crypto::conformance::digests"],
            &["crypto::conformance::hmac", "crypto::conformance::p256", "crypto::conformance::p384"],
            &["crypto::backend", "crypto::conformance", "crypto::hash"],
            &["crypto"],
            &["x509::error", "x509::oid"],
            &["x509::extension", "x509::name", "x509::validity"],
            &["x509::certificate"],
            &["x509::signature"],
            &["x509::link"],
            &["x509::anchor"],
            &["x509::cache", "x509::profile"],
            &["x509"],
            &["jose"],
            &["app_attest", "play_integrity"],
            &["key_attestation"],
            &["evidence"],
            &["session::secret"],
            &["session"],
            &["guide"],
            &["lib"],
        ],
        circles: &[],
        known: &[
            ("x509::error", "encoding::der"),
            ("x509::validity", "time"),
            ("x509::chain", "crypto::backend"),
            ("app_attest::attestation", "x509::certificate"),
            ("session::challenge", "session::secret"),
        ],
    },
    Package {
        src: "crates/crypto/src",
        layers: &[
            &["word"],
            &["modular", "words"],
            &["inverse", "reduce"],
            &["curve"],
            &["field", "scalar"],
            &["point"],
            &["comb", "window"],
            &["base", "key", "signature"],
            &["rsa", "verify"],
            &["lib"],
        ],
        circles: &[],
        known: &[
            ("verify", "signature"),
            ("comb", "point"),
            ("curve", "reduce"),
            ("reduce", "words"),
            ("rsa", "modular"),
        ],
    },
    Package {
        src: "crates/crypto-ifma/src",
        layers: &[
            &["ifma::lanes"],
            &["ifma::field"],
            &["ifma::point", "ifma::words"],
            &["ifma::check", "ifma::comb", "ifma::jacobian"],
            &["ifma::spread", "ifma::window"],
            &["ifma"],
            &["token"],
            &["batch"],
            &["backend"],
            &["lib"],
        ],
        circles: &[],
        known: &[("ifma::field", "ifma::lanes"), ("ifma", "ifma::check"), ("token", "ifma"), ("batch", "token")],
    },
    Package { src: "crates/backend-aws-lc/src", layers: &[], circles: &[], known: &[] },
    Package {
        src: "crates/explain/src",
        layers: &[],
        circles: &[
            ("diagnosis", "diagnosis::", "what the causes have in common stands in the module that asks them"),
            ("input", "vector", "a vector is one of the forms of an input, and is read with the input's base64"),
            (
                "input",
                "key_attestation::chain",
                "a chain is one of the forms of an input, and is read with the input's base64",
            ),
            (
                "input",
                "key_attestation::vector",
                "a vector of a chain is one of the forms of an input, and its request is an object of the input's",
            ),
        ],
        known: &[("diagnosis::form", "outline")],
    },
    Package { src: "crates/gateway/src", layers: &[], circles: &[], known: &[("gate", "store")] },
    Package {
        src: "testvectors/src",
        layers: &[],
        circles: &[
            ("suite", "suite::", "what its groups have in common stands in the module that lists them"),
            ("suite::play", "suite::play::", "what its groups have in common stands in the module that lists them"),
            (
                "suite::android",
                "suite::android::",
                "what its groups have in common stands in the module that lists them",
            ),
        ],
        known: &[("suite::chain", "certificate")],
    },
    Package { src: "testvectors/runner/src", layers: &[], circles: &[], known: &[] },
];

/// A crate by its imports.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// What is left when everything is taken away, again and again, that imports nothing that is left: circles, and what imports
/// from them.
fn circles(mut graph: Graph) -> Graph {
    while let Some(done) = graph.iter().find(|(_, targets)| targets.is_empty()).map(|(module, _)| module.clone()) {
        graph.remove(&done);
        for targets in graph.values_mut() {
            targets.remove(&done);
        }
    }
    graph
}

/// The imports that go to a higher layer.
fn upward(graph: &Graph, layers: &[&[&str]]) -> Vec<String> {
    let layer = |module: &str| {
        let names: Vec<_> = module.split("::").collect();
        let mut prefixes = (1..=names.len()).rev().map(|length| names[..length].join("::"));
        let place = prefixes.find_map(|prefix| layers.iter().position(|layer| layer.contains(&prefix.as_str())));
        place.unwrap_or_else(|| panic!("{module} has no layer"))
    };
    let pairs = graph.iter().flat_map(|(module, targets)| targets.iter().map(move |target| (module, target)));
    pairs.filter(|(module, target)| layer(target) > layer(module)).map(|(a, b)| format!("{a} → {b}")).collect()
}

#[test]
fn imports_are_seen() {
    for Package { src, known, .. } in &PACKAGES {
        let graph = imports(&sources(src));
        for (from, to) in *known {
            let seen = graph.get(*from).is_some_and(|targets| targets.contains(*to));
            assert!(seen, "{src}: the import of {to} by {from}: {:?}", graph.get(*from));
        }
    }
}

#[test]
fn modules_import_downward() {
    for Package { src, layers, .. } in PACKAGES.iter().filter(|package| !package.layers.is_empty()) {
        let upward = upward(&imports(&sources(src)), layers);
        assert!(upward.is_empty(), "{src}: {upward:?}");
    }
}

#[test]
fn modules_form_no_circle() {
    for Package { src, circles: known, .. } in &PACKAGES {
        let mut graph = imports(&sources(src));
        for (above, below, reason) in *known {
            let is_below = |module: &str| module == *below || below.ends_with("::") && module.starts_with(below);
            let targets = graph.get_mut(*above).expect("a module");
            let imported: Vec<_> = targets.iter().filter(|module| is_below(module)).cloned().collect();
            targets.retain(|target| !imported.contains(target));
            let is_circle = imported.iter().any(|module| graph[module].contains(*above));
            assert!(is_circle, "{src}: {above} and {below} are no circle any more: {reason}");
        }
        let left = circles(graph);
        assert!(left.is_empty(), "{src}: there is a circle in {left:#?}");
    }
}

/// Every crate of the workspace is in the list, but for those of one file.
#[test]
fn every_crate_is_looked_at() {
    let crates = std::fs::read_dir(crate::source::root().join("crates")).expect("crates/ can be read");
    let of_crates = crates.map(|entry| format!("crates/{}/src", entry.expect("an entry").file_name().display()));
    let others = ["src", "testvectors/src", "testvectors/runner/src"].map(str::to_owned);
    let listed: BTreeSet<_> = PACKAGES.iter().map(|package| package.src.to_owned()).collect();
    assert_eq!(of_crates.chain(others).collect::<BTreeSet<_>>(), listed);
}

#[test]
fn circles_and_arrows_upward_are_found() {
    let graph = |edges: &[(&str, &str)]| {
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph.entry((*to).to_owned()).or_default();
            graph.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        graph
    };
    let line = graph(&[("a", "b"), ("b", "c"), ("a", "c")]);
    assert!(circles(line.clone()).is_empty());
    let round = circles(graph(&[("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")]));
    assert_eq!(round.keys().map(String::as_str).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert!(upward(&line, &[&["c"], &["b"], &["a"]]).is_empty());
    assert_eq!(upward(&line, &[&["b"], &["c"], &["a"]]), ["b → c"]);
}
