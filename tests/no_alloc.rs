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

/// Chains of each shape under a cold cache of issuers and a warm one, what the proof hands out, and refusals.
#[cfg(all(feature = "genuine-crypto", feature = "key-attestation"))]
#[test]
fn chains() {
    use std::cell::RefCell;

    use genuine::{
        UnixTime,
        crypto::{GenuineCrypto, PreparedP256},
        key_attestation::{KeyAttestation, KeyAttestationVerifier, Policy, RevocationStatus, RevokedSerials},
        x509::{CachedIssuer, TrustAnchor},
    };
    use genuine_testvectors::android::{AndroidDevice, AndroidPki, Shape};

    const CHALLENGE: &[u8] = b"a challenge";
    type Kept = CachedIssuer<GenuineCrypto, PreparedP256<8>>;

    let phone = AndroidDevice::new("no alloc");
    let roots = [phone.authorities().p384_root_der(), phone.authorities().rsa_root_der()];
    let digests: Vec<[u8; 32]> = phone.signing_digests().iter().map(|digest| digest[..].try_into().unwrap()).collect();
    let policies = [Policy::new(phone.package(), &digests).accept_attest_keys()];
    let now = UnixTime(phone.issue_time());
    let forged = phone.clone().with_authorities(AndroidPki::attacker()).without_root();
    let mut phones: Vec<_> = Shape::ALL.into_iter().map(|shape| (phone.clone().with_shape(shape), Ok(()))).collect();
    phones.push((phone.clone().with_attest_key(), Ok(())));
    phones.push((phone.clone().unlocked(), Err(Error::AndroidUnlocked)));
    phones.push((forged, Err(Error::AndroidSignature)));
    for (phone, expected) in phones {
        let certificates = phone.attest(CHALLENGE).certificates;
        let certificates: Vec<&[u8]> = certificates.iter().map(Vec::as_slice).collect();
        let issuers: RefCell<[Option<Kept>; 2]> = RefCell::new([const { None }; 2]);
        let (verdicts, count) = allocations(|| {
            let listed = [("6681152659205225093", RevocationStatus::Revoked)];
            let revoked = RevokedSerials::new(&listed)?;
            let anchors = [TrustAnchor::from_trusted_issuer(&roots[0])?, TrustAnchor::from_trusted_issuer(&roots[1])?];
            let verifier = KeyAttestationVerifier::new(&policies, &anchors, &GenuineCrypto)?;
            let caching = verifier.with_issuer_cache(&issuers);
            let attestation = KeyAttestation::parse(&certificates)?;
            let tags = attestation.description().hardware_enforced().iter().count();
            let verify = || {
                let proof = caching.verify(&attestation, CHALLENGE, &revoked, now)?;
                let serials = proof.to_owned().serials().count();
                Ok(serials + proof.attested_key(&GenuineCrypto)?.to_bytes().len())
            };
            Ok::<_, Error>((tags, [verify(), verify()]))
        });
        assert_eq!(count, 0, "{phone:?}");
        let (tags, verdicts) = verdicts.expect("it is well-formed");
        assert!(tags > 5);
        for verdict in verdicts {
            assert_eq!(verdict.map(|size| assert!(size > AttestedKey::ENCODED_LEN)), expected);
        }
    }
}
