//! That the runner itself can fail.

use genuine::Error;
use genuine::crypto::RustCrypto;
use genuine_testvectors::{Vector, vectors};
use genuine_testvectors_runner::{Case, Failure, Runner, open, pack};

const GOOD: &str = "asr-ios17-production";
const BAD: &str = "ct-01";

/// Both cases, with the vectors changed before they are packed.
fn run(change: impl FnOnce(&mut [Vector]), select: impl Fn(&Case<'_>) -> bool) -> (Vec<String>, Runner, bool) {
    let mut vectors: Vec<_> = [GOOD, BAD].map(|id| vectors().find(|vector| vector.id == id).unwrap()).into();
    change(&mut vectors);
    let pack = pack(&vectors);
    let (header, cases) = open(&pack).unwrap();
    let anchor = header.anchor().unwrap();
    let mut runner = Runner::new();
    let mut failures = Vec::new();
    for case in cases.map(Result::unwrap).filter(select) {
        if let Err(failure) = runner.check(&case, case.verdict(&anchor, &RustCrypto)) {
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
    assert_eq!(failures, ["ct-01: expected 406, found 405"]);
    assert_eq!((runner.held(), runner.failed(), complete), (1, 1, false));
}

#[test]
fn a_good_case_that_fails_takes_its_bad_ones_along() {
    let (failures, runner, _) = run(|vectors| vectors[0].object.clear(), |_| true);
    assert_eq!(
        failures,
        ["asr-ios17-production: expected pass, found 101", "ct-01: expected 405, found 405; its twin has not passed",]
    );
    assert_eq!((runner.held(), runner.failed()), (0, 2));
}

#[test]
fn a_bad_case_that_passes_is_reported() {
    let (failures, ..) = run(|vectors| vectors[1].previous_counter = Some(0), |_| true);
    assert_eq!(failures, ["ct-01: expected 405, found pass"]);
}

#[test]
fn another_attested_key_is_reported() {
    let mut vector = vectors().find(|vector| vector.id == "att-ios17-production").unwrap();
    vector.public_key[64] ^= 1;
    let pack = pack(&[vector]);
    let (header, mut cases) = open(&pack).unwrap();
    let case = cases.next().unwrap().unwrap();
    assert_eq!(case.verdict(&header.anchor().unwrap(), &RustCrypto), Err(Error::PublicKeyInvalid));
}

#[test]
fn a_twin_that_is_left_out_is_reported() {
    let (failures, _, complete) = run(|_| (), |case| case.expected.is_some());
    assert_eq!(failures, ["ct-01: expected 405, found 405; its twin has not passed"]);
    assert!(!complete);
    // The other one alone holds, and the run is not complete.
    let (failures, _, complete) = run(|_| (), |case| case.expected.is_none());
    assert!(failures.is_empty() && !complete);
}

#[test]
fn a_bad_case_names_a_twin_and_a_good_one_none() {
    let (failures, ..) = run(|vectors| vectors[1].twin = None, |_| true);
    assert_eq!(failures, ["ct-01: expected 405, found 405; its twin has not passed"]);
    let (failures, ..) = run(|vectors| vectors[0].twin = Some(GOOD.to_owned()), |_| true);
    assert_eq!(failures[0], "asr-ios17-production: expected pass, found pass; its twin has not passed");
}

/// A bad case with an expected verdict is no twin.
#[test]
fn only_good_cases_are_twins() {
    let vectors: Vec<_> = [GOOD, BAD].map(|id| vectors().find(|vector| vector.id == id).unwrap()).into();
    let pack = pack(&vectors);
    let cases: Vec<_> = open(&pack).unwrap().1.map(Result::unwrap).collect();
    let mut runner = Runner::new();
    runner.check(&cases[0], Ok(())).unwrap();
    runner.check(&cases[1], Err(Error::CounterNotIncreased)).unwrap();
    let nephew = Case { twin: Some(cases[1].position), ..cases[1].clone() };
    let far = Case { twin: Some(u16::MAX), ..nephew.clone() };
    for case in [&nephew, &far] {
        let failure = runner.check(case, Err(Error::CounterNotIncreased)).unwrap_err();
        assert_eq!(failure, Failure { id: BAD, expected: Some(405), found: Some(405), twin_passed: false });
    }
}

#[test]
#[should_panic(expected = "ct-01: no twin asr-ios17-production")]
fn a_twin_that_is_not_packed_is_refused() {
    let vectors: Vec<_> = vectors().filter(|vector| vector.id == BAD).collect();
    let _ = pack(&vectors);
}
