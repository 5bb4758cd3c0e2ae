//! A sample of the suite that is small enough for an interpreter.
//!
//! One attestation and two assertions are in it with all their cryptography. Of each group it takes each sixteenth vector, if
//! one of those is its twin and it fails before a signature is verified; of a group that has none there, the last with such
//! a twin. So every group of the suite is in it. Only what is taken is decoded, which costs an interpreter as much as
//! verifying it.

use std::collections::BTreeMap;

use genuine::crypto::RustCrypto;
use genuine::{Error, Step, app_attest::Step::IntermediateSignature};
use genuine_testvectors::{Vector, texts};
use genuine_testvectors_runner::{Runner, open, pack};

/// The three good ones: the second assertion is under a policy on launch data, which is little-endian.
const GOOD: [&str; 3] =
    ["generation::ios17-production", "generation::assertion-ios17-production", "launch::assertion-policy-met"];

/// The group that holds good ones alone.
const GOOD_GROUP: &str = "generation";

const STRIDE: usize = 16;

/// Whether the engine finds the fault without verifying a signature.
fn is_cheap(vector: &Vector) -> bool {
    let expected = vector.expected.as_deref();
    Error::ALL
        .iter()
        .any(|error| expected == Some(error.name()) && error.step() < Some(Step::AppAttest(IntermediateSignature)))
}

fn sample() -> Vec<Vector> {
    let mut groups: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for (id, json) in texts() {
        let (group, _) = id.split_once("::").expect("an id has a group");
        groups.entry(group).or_default().push((id, json));
    }
    let decode = |(id, json): &(&str, &str)| Vector::parse(id, json).expect("the committed vectors parse");
    let has_twin = |vector: &Vector| vector.twin.as_deref().is_some_and(|twin| GOOD.contains(&twin));

    let mut sample: Vec<_> = texts().filter(|(id, _)| GOOD.contains(id)).map(|text| decode(&text)).collect();
    for (group, vectors) in groups {
        if group == GOOD_GROUP {
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
    let (header, packed) = open(&pack).unwrap();
    let anchor = header.anchor().unwrap();
    let mut runner = Runner::new();
    for vector in packed.map(Result::unwrap) {
        println!("{}", vector.id);
        let found = vector.verdict(&anchor, &RustCrypto);
        assert_eq!(runner.check(&vector, found), Ok(()));
    }
    assert!(runner.is_complete(&header));
    println!("{} verdicts hold", runner.held());
}
