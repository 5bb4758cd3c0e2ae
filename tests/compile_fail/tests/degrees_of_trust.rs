//! What must not compile: a proof made by hand, a view taken for a proof, a proof ignored or used twice.
//!
//! Left out unless asked for, since the engine is compiled a second time for it; CI asks:
//! `cargo test --workspace --test degrees_of_trust -- --ignored`.

#[test]
#[ignore = "compiles the engine a second time"]
fn degrees_of_trust_do_not_mix() {
    let cases = trybuild::TestCases::new();
    cases.pass("cases/pass.rs");
    cases.compile_fail("cases/fail_*.rs");
}
