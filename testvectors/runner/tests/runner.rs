//! That the runner itself can fail.

use genuine::Error;
use genuine::crypto::RustCrypto;
use genuine_testvectors::{Vector, vectors};
use genuine_testvectors_runner::{Failure, PackedVector, Runner, open, pack};

const GOOD: &str = "generation::assertion-ios17-production";
const BAD: &str = "counter::replayed";

/// Both packed, with the vectors changed before they are packed.
fn run(change: impl FnOnce(&mut [Vector]), select: impl Fn(&PackedVector<'_>) -> bool) -> (Vec<String>, Runner, bool) {
    let mut vectors: Vec<_> = [GOOD, BAD].map(|id| vectors().find(|vector| vector.id == id).unwrap()).into();
    change(&mut vectors);
    let pack = pack(&vectors);
    let (header, packed) = open(&pack).unwrap();
    let anchor = header.anchor().unwrap();
    let mut runner = Runner::new();
    let mut failures = Vec::new();
    for vector in packed.map(Result::unwrap).filter(select) {
        if let Err(failure) = runner.check(&vector, vector.verdict(&anchor, &RustCrypto)) {
            failures.push(failure.to_string());
        }
    }
    let complete = runner.is_complete(&header);
    (failures, runner, complete)
}

#[test]
fn verdicts_that_hold_are_counted() {
    let (failures, runner, complete) = run(|_| (), |_| true);
    assert!(failures.is_empty(), "{failures:?}");
    assert_eq!((runner.held(), runner.failed(), complete), (2, 0, true));
}

#[test]
fn a_wrong_code_is_reported() {
    let (failures, runner, complete) = run(|vectors| vectors[1].expected = Some("UnknownKey".to_owned()), |_| true);
    assert_eq!(failures, ["counter::replayed: expected 1406, found 1405"]);
    assert_eq!((runner.held(), runner.failed(), complete), (1, 1, false));
}

#[test]
fn a_good_vector_that_fails_takes_its_bad_ones_along() {
    let (failures, runner, _) = run(|vectors| vectors[0].object.clear(), |_| true);
    assert_eq!(
        failures,
        [
            "generation::assertion-ios17-production: expected pass, found 1101",
            "counter::replayed: expected 1405, found 1405; its twin has not passed",
        ]
    );
    assert_eq!((runner.held(), runner.failed()), (0, 2));
}

#[test]
fn a_bad_vector_that_passes_is_reported() {
    let (failures, ..) = run(|vectors| vectors[1].previous_counter = Some(0), |_| true);
    assert_eq!(failures, ["counter::replayed: expected 1405, found pass"]);
}

#[test]
fn another_attested_key_is_reported() {
    let mut vector = vectors().find(|vector| vector.id == "generation::ios17-production").unwrap();
    vector.public_key[64] ^= 1;
    let pack = pack(&[vector]);
    let (header, mut packed) = open(&pack).unwrap();
    let vector = packed.next().unwrap().unwrap();
    assert_eq!(vector.verdict(&header.anchor().unwrap(), &RustCrypto), Err(Error::PublicKeyInvalid));
}

#[test]
fn a_twin_that_is_left_out_is_reported() {
    let (failures, _, complete) = run(|_| (), |vector| vector.expected.is_some());
    assert_eq!(failures, ["counter::replayed: expected 1405, found 1405; its twin has not passed"]);
    assert!(!complete);
    // The other one alone holds, and the run is not complete.
    let (failures, _, complete) = run(|_| (), |vector| vector.expected.is_none());
    assert!(failures.is_empty() && !complete);
}

#[test]
fn a_bad_vector_names_a_twin_and_a_good_one_none() {
    let (failures, ..) = run(|vectors| vectors[1].twin = None, |_| true);
    assert_eq!(failures, ["counter::replayed: expected 1405, found 1405; its twin has not passed"]);
    let (failures, ..) = run(|vectors| vectors[0].twin = Some(GOOD.to_owned()), |_| true);
    assert_eq!(
        failures[0],
        "generation::assertion-ios17-production: expected pass, found pass; its twin has not passed"
    );
}

/// A bad vector with an expected verdict is no twin.
#[test]
fn only_good_vectors_are_twins() {
    let vectors: Vec<_> = [GOOD, BAD].map(|id| vectors().find(|vector| vector.id == id).unwrap()).into();
    let pack = pack(&vectors);
    let packed: Vec<_> = open(&pack).unwrap().1.map(Result::unwrap).collect();
    let mut runner = Runner::new();
    runner.check(&packed[0], Ok(())).unwrap();
    runner.check(&packed[1], Err(Error::CounterNotIncreased)).unwrap();
    let nephew = PackedVector { twin: Some(packed[1].position), ..packed[1].clone() };
    let far = PackedVector { twin: Some(u16::MAX), ..nephew.clone() };
    for vector in [&nephew, &far] {
        let failure = runner.check(vector, Err(Error::CounterNotIncreased)).unwrap_err();
        assert_eq!(failure, Failure { id: BAD, expected: Some(1405), found: Some(1405), twin_passed: false });
    }
}

#[test]
#[should_panic(expected = "counter::replayed: no twin generation::assertion-ios17-production")]
fn a_twin_that_is_not_packed_is_refused() {
    let vectors: Vec<_> = vectors().filter(|vector| vector.id == BAD).collect();
    let _ = pack(&vectors);
}
