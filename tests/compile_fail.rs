//! What must not compile: a proof made by hand, a view taken for a proof, a proof ignored or used twice.
#![cfg(feature = "rust-crypto")]

#[test]
fn degrees_of_trust_do_not_mix() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/compile_fail/pass.rs");
    cases.compile_fail("tests/compile_fail/fail_*.rs");
}
