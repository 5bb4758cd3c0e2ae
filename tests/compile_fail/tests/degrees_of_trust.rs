//! What must not compile: a proof made by hand, a view taken for a proof, a proof ignored or used twice.

#[test]
fn degrees_of_trust_do_not_mix() {
    let cases = trybuild::TestCases::new();
    cases.pass("cases/pass.rs");
    cases.compile_fail("cases/fail_*.rs");
}
