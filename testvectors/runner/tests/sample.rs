//! A sample of the table that is small enough for an interpreter.
//!
//! One attestation and two assertions are in it with all their cryptography. Of each group it takes each sixteenth vector, if
//! one of those is its twin and it fails before a signature is verified; of a group that has none there, the last with such
//! a twin. So every group of the table is in it. Only what is taken is decoded, which costs an interpreter as much as
//! verifying it.

use std::collections::BTreeMap;

use genuine::crypto::RustCrypto;
use genuine::{Error, Step};
use genuine_testvectors::{BUNDLED, Vector};
use genuine_testvectors_runner::{Runner, open, pack};

/// The three good ones: the second assertion is under a policy on launch data, which is little-endian.
const GOOD: [&str; 3] = ["att-ios17-production", "asr-ios17-production", "p-launch-policy-assertion"];

/// The groups that hold good ones alone.
const GOOD_GROUPS: [&str; 3] = ["att", "asr", "p"];

const STRIDE: usize = 16;

/// Whether the engine finds the fault without verifying a signature.
fn is_cheap(vector: &Vector) -> bool {
    let expected = vector.expected.as_deref();
    Error::ALL.iter().any(|error| expected == Some(error.name()) && error.step() < Step::IntermediateSignature)
}

fn sample() -> Vec<Vector> {
    let mut groups: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for (id, json) in BUNDLED {
        let (group, _) = id.split_once('-').expect("an id has a group");
        groups.entry(group).or_default().push((id, json));
    }
    let decode = |(id, json): &(&str, &str)| Vector::parse(id, json).expect("the committed vectors parse");
    let has_twin = |vector: &Vector| vector.twin.as_deref().is_some_and(|twin| GOOD.contains(&twin));

    let mut sample: Vec<_> = BUNDLED.iter().filter(|(id, _)| GOOD.contains(id)).map(decode).collect();
    for (group, vectors) in groups {
        if GOOD_GROUPS.contains(&group) {
            continue;
        }
        let before = sample.len();
        sample.extend(vectors.iter().step_by(STRIDE).map(decode).filter(|vector| has_twin(vector) && is_cheap(vector)));
        if sample.len() == before {
            sample.push(vectors.iter().rev().map(decode).find(has_twin).expect("a bad one with a good twin"));
        }
    }
    sample
}

#[test]
fn a_sample_has_its_verdicts() {
    let pack = pack(&sample());
    let (header, cases) = open(&pack).unwrap();
    let anchor = header.anchor().unwrap();
    let mut runner = Runner::new();
    for case in cases.map(Result::unwrap) {
        println!("{}", case.id);
        let found = case.verdict(&anchor, &RustCrypto);
        assert_eq!(runner.check(&case, found), Ok(()));
    }
    assert!(runner.is_complete(&header));
    println!("{} verdicts hold", runner.held());
}
