//! Parsing and verifying allocate nothing.
#![cfg(feature = "rust-crypto")]

#[path = "engine/common/mod.rs"]
mod common;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use common::{AssertionCase, AttestationCase, device, mutation, real::real};
use genuine::{
    Error,
    app_attest::{AttestedKey, Counter, KeyId},
    crypto::{RustCrypto, conformance},
};

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: all of it is the system's allocator; the counter is thread-local, needs no destructor and allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` returns, and how often it allocated.
fn allocations<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = ALLOCATIONS.with(Cell::get);
    let result = work();
    (result, ALLOCATIONS.with(Cell::get) - before)
}

fn check_attestation(name: &str, case: &AttestationCase) {
    let policies = case.policies();
    let (verdict, count) =
        allocations(|| case.verify_under(&policies, &RustCrypto).map(|proof| proof.key().to_bytes()));
    assert_eq!(count, 0, "{name}");
    let blob = verdict.expect(name);
    let (key, count) = allocations(|| AttestedKey::from_trusted_bytes(&blob, &RustCrypto));
    assert_eq!((key.map(|key| key.id()), count), (Ok(case.key_id), 0), "{name}");
}

fn check_assertion(name: &str, case: &AssertionCase) {
    let policies = case.policies();
    let (verdict, count) = allocations(|| {
        let authentic = case.verify_under(&policies, &case.key, &RustCrypto)?;
        authentic.accept_without_store(Counter::ATTESTED).map(|proof| proof.counter())
    });
    assert!(verdict.is_ok(), "{name}: {verdict:?}");
    assert_eq!(count, 0, "{name}");
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| Box::new(1)).1, 1);
    assert_eq!(allocations(|| vec![0_u8; 100]).1, 1);
}

#[test]
fn minted_objects() {
    check_attestation("minted", &AttestationCase::mint(&device("no alloc"), &mutation()));
    check_assertion("minted", &AssertionCase::mint(&device("no alloc"), 1, &mutation()));
    let new = genuine_testvectors::Device::new("no alloc").with_launch_data("1.2.3", 4);
    check_attestation("minted, iOS 27", &AttestationCase::mint(&new, &mutation()));
    check_assertion("minted, iOS 27", &AssertionCase::mint(&new, 1, &mutation()));
}

#[test]
fn real_objects() {
    let Some(real) = real() else { return };
    for attestation in &real.attestations {
        check_attestation(&attestation.name, &attestation.case);
    }
    for assertion in &real.assertions {
        check_assertion(&assertion.name, &assertion.case);
    }
}

#[test]
fn refusals() {
    let attestation = AttestationCase::mint(&device("no alloc"), &mutation());
    for (mistake, make, expected) in common::mistakes::ATTESTATION_MISTAKES {
        let case = attestation.with(make);
        let policies = case.policies();
        let answer = allocations(|| case.verify_under(&policies, &RustCrypto).err());
        assert_eq!(answer, (Some(*expected), 0), "{mistake}");
    }
    let assertion = AssertionCase::mint(&device("no alloc"), 1, &mutation());
    for (mistake, make, expected) in common::mistakes::ASSERTION_MISTAKES {
        let case = assertion.with(make);
        let policies = case.policies();
        let answer = allocations(|| case.verify_under(&policies, &case.key, &RustCrypto).err());
        assert_eq!(answer, (Some(*expected), 0), "{mistake}");
    }
    let text = "zgSY9YSD+7TaDXssY6WlOPVS1K3Lmk+pFhlcSWE+ZV0=";
    assert_eq!(allocations(|| KeyId::from_base64(text).is_ok()), (true, 0));
    assert_eq!(allocations(|| KeyId::from_base64("!")), (Err(Error::KeyIdFormat), 0));
    assert_eq!(allocations(|| conformance::check(&RustCrypto)), (Ok(()), 0));
}
