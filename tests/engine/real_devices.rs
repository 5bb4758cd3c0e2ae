//! Objects of genuine devices: each verifies, and fails with the right error as soon as one thing is wrong.
//!
//! The objects are not part of the repository: `GENUINE_REAL_VECTORS` names the directory that holds them. Without it
//! these tests say that they were skipped.

use ciborium::Value;
use genuine::{
    Error, UnixTime,
    app_attest::{
        APPLE_APP_ATTEST_ROOT, AppIdHash, Assertion, AssertionVerifier, AttestationObject, AttestationVerifier,
        AttestedKey, AuthenticatorData, ClientDataHash, Counter, Environments, KeyId, LaunchData, MACOS_ACCESS_CONTROL,
        OsBuild, OsVersion, Platform, Policy, ValidationCategory, VerifiedAttestation,
    },
    crypto::RustCrypto,
    x509::TrustAnchor,
};

use crate::common::{
    self, AttestationCase,
    backend::{Known, Tap},
    mistakes::{ASSERTION_MISTAKES, ATTESTATION_MISTAKES, DECOY},
    policy,
    real::{RealAttestation, RealVectors, real},
    trusted_key,
};

fn client_data(case: &AttestationCase) -> ClientDataHash<'_> {
    ClientDataHash::new(&case.client_data).unwrap()
}

fn of_any_environment(app: AppIdHash) -> Policy<'static> {
    Policy::new(app).with_environments(Environments::ProductionAndDevelopment)
}

#[test]
fn attestations_verify_under_apples_root() {
    let Some(real) = real() else { return };
    for RealAttestation { name, case, public_key, os_version, os_build, leaf_validity, counter } in &real.attestations {
        let apps = [DECOY, case.apps[0], AppIdHash([0; 32])];
        let object = AttestationObject::parse(&case.object).expect(name);
        let policies = apps.map(|app| policy(app, case.environment));
        let proof = AttestationVerifier::new(&policies, &[APPLE_APP_ATTEST_ROOT], &RustCrypto)
            .expect(name)
            .verify(&object, &case.key_id, &client_data(case), case.now)
            .expect(name);

        assert_eq!(proof.key().public_key(), *public_key, "{name}");
        assert_eq!(proof.key().id(), case.key_id, "{name}");
        assert_eq!(proof.key().app_id(), case.apps[0], "{name}");
        assert_eq!(proof.key().environment(), case.environment, "{name}");
        assert_eq!(proof.environment(), case.environment, "{name}");
        assert_eq!(proof.app_index(), 1, "{name}");
        assert_eq!(proof.device().os_version, os_version.as_deref(), "{name}");
        if os_build.is_some() {
            assert_eq!(proof.device().os_build, os_build.as_deref(), "{name}");
        }
        // The name of the file says which system it is; leaves name their platform from iOS 18.0 on.
        let major: u32 = os_version.as_deref().unwrap().split('.').next().unwrap().parse().unwrap();
        let platform = if name.contains("macos") { Platform::MacOsX } else { Platform::IPhoneOs };
        assert_eq!(proof.device().platform, (major >= 18).then_some(platform), "{name}");
        let list = proof.access_control();
        assert_eq!(
            list.map(<[u8]>::len),
            (major >= 26).then_some(if name.contains("macos") { 66 } else { 69 }),
            "{name}"
        );
        assert_eq!(object.unverified_app_id().map(common::app_hash), Some(case.apps[0]), "{name}");
        assert_eq!(proof.leaf_validity(), *leaf_validity, "{name}");
        assert_eq!(object.auth_data().counter(), *counter, "{name}");
        assert_eq!(object.leaf_key(), *public_key, "{name}");
        assert_eq!(object.receipt(), proof.receipt(), "{name}");
    }
}

/// Apple's own sample has an extension map that the flag ED does not announce: read, and not believed.
#[test]
fn launch_data_is_believed_where_it_is_announced() {
    let Some(real) = real() else { return };
    for RealAttestation { name, case, .. } in &real.attestations {
        let object = AttestationObject::parse(&case.object).expect(name);
        let data = object.auth_data();
        let shown = data.launch_even_if_unannounced();
        assert_eq!(shown != LaunchData::default(), data.as_bytes().len() > 164, "{name}");
        let expected = if data.flags() & 0x80 == 0 { LaunchData::default() } else { shown };
        assert_eq!(case.verify().expect(name).launch(), expected, "{name}");
    }
}

#[test]
fn the_root_is_apples_certificate() {
    let Some(real) = real() else { return };
    assert_eq!(TrustAnchor::from_trusted_certificate(&real.root), Ok(APPLE_APP_ATTEST_ROOT));
    for attestation in &real.attestations {
        assert_eq!(common::real::anchor(&attestation.case), APPLE_APP_ATTEST_ROOT);
    }
}

#[test]
fn attestations_fail_when_one_thing_is_wrong() {
    let Some(real) = real() else { return };
    for RealAttestation { name, case, .. } in &real.attestations {
        for (change, apply, expected) in ATTESTATION_MISTAKES {
            assert_eq!(case.with(apply).verify().err(), Some(*expected), "{name}: {change}");
        }
    }
}

#[test]
fn attestations_are_valid_from_the_first_to_the_last_second() {
    let Some(real) = real() else { return };
    for RealAttestation { name, case, leaf_validity, .. } in &real.attestations {
        let (first, last) = (leaf_validity.not_before.0, leaf_validity.not_after.0);
        for (now, expected) in [
            (first - 1, Some(Error::LeafNotYetValid)),
            (first, None),
            (last, None),
            (last + 1, Some(Error::LeafExpired)),
        ] {
            assert_eq!(case.with(|case| case.now = UnixTime(now)).verify().err(), expected, "{name} at {now}");
        }
    }
}

/// Each object beside what belongs to the next one, under a policy that takes both apps and both environments.
#[test]
fn parts_of_two_attestations_do_not_mix() {
    let Some(real) = real() else { return };
    let next = real.attestations.iter().cycle().skip(1);
    for (ours, theirs) in real.attestations.iter().zip(next) {
        let name = format!("{} with {}", ours.name, theirs.name);
        let leaf = |from: &RealAttestation| part(&from.case.object, &["attStmt", "x5c"]).as_array().unwrap()[0].clone();
        let auth_data = |from: &RealAttestation| part(&from.case.object, &["authData"]);
        let with_leaf = replace(&ours.case.object, |object| {
            entry(entry(object, "attStmt"), "x5c").as_array_mut().unwrap()[0] = leaf(theirs);
        });
        let with_auth_data = replace(&ours.case.object, |object| *entry(object, "authData") = auth_data(theirs));
        assert_eq!(replace(&ours.case.object, |_| ()), ours.case.object, "{name}");
        for (what, object, key_id, expected) in [
            ("object", &theirs.case.object, ours.case.key_id, Error::KeyIdMismatch),
            ("leaf", &with_leaf, ours.case.key_id, Error::KeyIdMismatch),
            ("leaf and key identifier", &with_leaf, theirs.case.key_id, Error::CredentialIdMismatch),
            ("authenticator data", &with_auth_data, ours.case.key_id, Error::CredentialIdMismatch),
            ("authenticator data and key identifier", &with_auth_data, theirs.case.key_id, Error::KeyIdMismatch),
        ] {
            let apps = [ours.case.apps[0], theirs.case.apps[0]];
            let policies = apps.map(of_any_environment);
            let policies = if apps[0] == apps[1] { &policies[..1] } else { &policies[..] };
            let verified = AttestationVerifier::new(policies, &[APPLE_APP_ATTEST_ROOT], &RustCrypto).unwrap().verify(
                &AttestationObject::parse(object).expect(&name),
                &key_id,
                &client_data(&theirs.case),
                ours.case.now,
            );
            assert_eq!(verified.err(), Some(expected), "{name}: {what}");
        }
    }
}

#[test]
fn certificates_keep_their_places() {
    let Some(real) = real() else { return };
    for RealAttestation { name, case, .. } in &real.attestations {
        let x5c = |change: &dyn Fn(&mut Vec<Value>)| {
            replace(&case.object, |object| change(entry(entry(object, "attStmt"), "x5c").as_array_mut().unwrap()))
        };
        let root = Value::Bytes(real.root.clone());
        for (what, object, expected) in [
            ("swapped", x5c(&|certificates| certificates.swap(0, 1)), Error::SpkiAlgorithm),
            ("the leaf alone", x5c(&|certificates| certificates.truncate(1)), Error::X5cCount),
            ("with the root", x5c(&|certificates| certificates.push(root.clone())), Error::X5cCount),
            ("the root in between", x5c(&|certificates| certificates[1] = root.clone()), Error::IssuerMismatch),
            ("the leaf twice", x5c(&|certificates| certificates[1] = certificates[0].clone()), Error::IssuerMismatch),
        ] {
            assert_eq!(case.with(|case| case.object = object).verify().err(), Some(expected), "{name}: {what}");
        }
    }
}

#[test]
fn assertions_verify_and_count_once() {
    let Some(real) = real() else { return };
    for assertion in &real.assertions {
        let name = &assertion.name;
        let case = assertion.case.with(|case| case.apps.insert(0, DECOY));
        let authentic = || case.verify().expect(name);
        assert_eq!(authentic().advance().to(), assertion.counter, "{name}");

        let accepted = authentic().accept_without_store(assertion.previous_counter).expect(name);
        assert_eq!(accepted.key_id(), assertion.key_id, "{name}");
        assert_eq!(accepted.counter(), assertion.counter, "{name}");
        assert_eq!(accepted.app_index(), 1, "{name}");
        let object = Assertion::parse(&case.object).expect(name);
        let announced = object.auth_data().flags() & 0x80 != 0;
        let expected = if announced { object.auth_data().launch_even_if_unannounced() } else { LaunchData::default() };
        assert_eq!(accepted.launch(), expected, "{name}");

        let refused = Some(Error::CounterNotIncreased);
        for last in [assertion.counter, Counter(assertion.counter.0 + 1), Counter(u32::MAX)] {
            assert_eq!(authentic().accept_without_store(last).err(), refused, "{name} after {last:?}");
        }
    }
}

#[test]
fn assertions_fail_when_one_thing_is_wrong() {
    let Some(real) = real() else { return };
    let next = real.assertions.iter().cycle().skip(1);
    for (assertion, other) in real.assertions.iter().zip(next) {
        let (name, case) = (&assertion.name, &assertion.case);
        for (mistake, make, expected) in ASSERTION_MISTAKES {
            assert_eq!(case.with(make).verify().err(), Some(*expected), "{name}: {mistake}");
        }
        if other.key_id == assertion.key_id {
            continue;
        }
        let key = trusted_key(&other.case.key.public_key(), case.key.app_id(), case.environment);
        let by_another = case.with(|case| case.key = key).verify().err();
        assert_eq!(by_another, Some(Error::SignatureInvalid), "{name} by the key of {}", other.name);
    }
}

/// An attested key that was stored and read back verifies the assertions of its device and no other's.
#[test]
fn stored_keys_verify_their_assertions() {
    let Some(real) = real() else { return };
    let stored: Vec<_> = real
        .attestations
        .iter()
        .map(|attestation| {
            let blob = attestation.case.verify().expect(&attestation.name).key().to_bytes();
            (&attestation.name, AttestedKey::from_trusted_bytes(&blob, &RustCrypto).unwrap())
        })
        .collect();
    for assertion in &real.assertions {
        let mut owners = 0;
        for (name, key) in &stored {
            let apps = [assertion.case.apps[0]];
            let policies = apps.map(of_any_environment);
            let verified = AssertionVerifier::new(&policies, &RustCrypto).unwrap().verify(
                &Assertion::parse(&assertion.case.object).unwrap(),
                key,
                &ClientDataHash::new(&assertion.case.client_data).unwrap(),
            );
            let expected = if key.id() == assertion.key_id {
                owners += 1;
                None
            } else if key.app_id() == apps[0] {
                Some(Error::SignatureInvalid)
            } else {
                Some(Error::RpIdMismatch)
            };
            assert_eq!(verified.err(), expected, "{} by the key of {name}", assertion.name);
        }
        assert!(owners > 0 || assertion.attestations.is_empty(), "{} has no attestation", assertion.name);
    }
}

#[test]
fn an_attestation_is_no_assertion_nor_the_reverse() {
    let Some(real) = real() else { return };
    for attestation in &real.attestations {
        assert_eq!(Assertion::parse(&attestation.case.object).err(), Some(Error::WrongObjectKind));
        let short = &attestation.case.object[..1_000];
        assert_eq!(Assertion::parse(short).err(), Some(Error::WrongObjectKind));
    }
    for assertion in &real.assertions {
        assert_eq!(AttestationObject::parse(&assertion.case.object).err(), Some(Error::WrongObjectKind));
    }
}

#[test]
fn authenticator_data_of_ios_27_parses() {
    let Some(real) = real() else { return };
    for sample in &real.partial_auth_data {
        let (attested, credential) = AuthenticatorData::parse_attestation(&sample.attestation).unwrap();
        assert_eq!(credential.aaguid(), *b"appattestdevelop");
        assert_eq!(KeyId::of(&credential.key(), &RustCrypto), Ok(KeyId(credential.id())));
        let asserted = AuthenticatorData::parse_assertion(&sample.assertion).unwrap();
        for (data, counter) in [(attested, Counter::ATTESTED), (asserted, Counter(1))] {
            assert_eq!(data.flags(), 0xC0);
            assert_eq!(data.counter(), counter);
            assert_eq!(data.launch().category, Some(ValidationCategory::DEVELOPMENT));
            assert_eq!(data.launch().bundle_version, Some("1"));
        }
        assert_eq!(attested.app_id(), asserted.app_id());
        assert_eq!(attested.as_bytes(), sample.attestation);
    }
}

#[test]
fn prefixes_are_refused() {
    let Some(real) = real() else { return };
    for RealAttestation { name, case, .. } in &real.attestations {
        for length in 0..case.object.len() {
            let refused = AttestationObject::parse(&case.object[..length]).err();
            assert_eq!(refused, Some(Error::CborTruncated), "{name}: {length} bytes");
        }
    }
    for assertion in &real.assertions {
        let object = &assertion.case.object;
        for length in 0..object.len() {
            let refused = Assertion::parse(&object[..length]).err();
            assert_eq!(refused, Some(Error::CborTruncated), "{}: {length} bytes", assertion.name);
        }
    }
}

/// A change of any byte is an error, or, exactly within the receipt, the same proof with another receipt.
#[test]
fn changed_bytes_of_an_attestation_are_noticed() {
    let Some(real) = real() else { return };
    let case = ios_27(&real);
    let whole = case.verify().unwrap();
    let receipt = whole.receipt().as_unverified_bytes();
    let start = receipt.as_ptr().addr() - case.object.as_ptr().addr();
    let receipt = start..start + receipt.len();

    let outside = (0..case.object.len()).filter(|offset| !receipt.contains(offset));
    for (offset, flip) in outside.flat_map(|offset| FLIPS.map(|flip| (offset, flip))) {
        let changed = case.with(|case| case.object[offset] ^= flip);
        assert!(changed.verify().is_err(), "{offset} ^ {flip:#04x} was accepted");
    }
    for (offset, flip) in receipt.clone().flat_map(|offset| [0x01, 0x80, 0xFF].map(|flip| (offset, flip))) {
        let changed = case.with(|case| case.object[offset] ^= flip);
        let proof = changed.verify().unwrap_or_else(|error| panic!("{offset} ^ {flip:#04x}: {error}"));
        assert_eq!(all_but_the_receipt(&proof), all_but_the_receipt(&whole), "{offset} ^ {flip:#04x}");
        assert_eq!(proof.receipt().as_unverified_bytes(), &changed.object[receipt.clone()]);
        assert_ne!(proof.receipt(), whole.receipt());
    }
}

/// One bit of each byte of every attestation: refused outside of the receipt and the unsigned code hash, and everything else
/// the same within them.
#[test]
fn changed_bits_of_every_attestation_are_noticed() {
    let Some(real) = real() else { return };
    for RealAttestation { name, case, .. } in &real.attestations {
        let whole = case.verify().expect(name);
        let receipt = whole.receipt().as_unverified_bytes().as_ptr_range();
        for offset in 0..case.object.len() {
            let changed = case.with(|case| case.object[offset] ^= 1 << (offset % 8));
            if code_hash(&case.object).contains(&offset) {
                if let Ok(proof) = changed.verify() {
                    assert_eq!(all_but_the_receipt(&proof), all_but_the_receipt(&whole), "{name}: byte {offset}");
                }
            } else if receipt.contains(&case.object[offset..].as_ptr()) {
                // The receipt is read by nobody, so a sample of it will do.
                if offset % 64 == 0 {
                    assert_eq!(all_but_the_receipt(&changed.verify().expect(name)), all_but_the_receipt(&whole));
                }
            } else {
                assert!(changed.verify().is_err(), "{name}: byte {offset}");
            }
        }
    }
}

/// Every bit of every attestation outside of the receipt and the unsigned code hash. What real ECDSA says to changed bytes is in the test above.
#[test]
fn every_flipped_bit_of_every_attestation_is_noticed() {
    let Some(real) = real() else { return };
    for RealAttestation { name, case, .. } in &real.attestations {
        let crypto = Known::default();
        let receipt = case.verify_with(&crypto).expect(name).receipt().as_unverified_bytes().as_ptr_range();
        let crypto = crypto.learned();
        let mut changed = case.with(|_| ());
        assert!(changed.verify_with(&crypto).is_ok(), "{name}");
        let unsigned = |offset: &usize| {
            receipt.contains(&case.object[*offset..].as_ptr()) || code_hash(&case.object).contains(offset)
        };
        for offset in (0..case.object.len()).filter(|offset| !unsigned(offset)) {
            for bit in 0..8 {
                changed.object[offset] ^= 1 << bit;
                assert!(changed.verify_with(&crypto).is_err(), "{name}: byte {offset}, bit {bit}");
                changed.object[offset] ^= 1 << bit;
            }
        }
    }
}

/// All 255 other values of each byte of one attestation, the receipt left out, with a backend that says yes: whatever is
/// made of them, no panic.
#[test]
fn no_value_of_a_byte_panics() {
    let Some(real) = real() else { return };
    let case = ios_27(&real);
    let whole = case.verify().unwrap();
    let receipt = whole.receipt().as_unverified_bytes().as_ptr_range();
    let mut changed = case.with(|_| ());
    for offset in (0..case.object.len()).filter(|offset| !receipt.contains(&case.object[*offset..].as_ptr())) {
        for flip in 1..=u8::MAX {
            changed.object[offset] = case.object[offset] ^ flip;
            let _ = changed.verify_with(&Tap::new(|_, _| Some(Ok(()))));
        }
        changed.object[offset] = case.object[offset];
    }
    assert!(changed.verify().is_ok());
}

/// Every single bit, and all of a byte.
const FLIPS: [u8; 9] = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF];

#[test]
fn changed_bytes_of_an_assertion_are_refused() {
    let Some(real) = real() else { return };
    let case = &real.assertions[0].case;
    for offset in 0..case.object.len() {
        for flip in 1..=u8::MAX {
            let changed = case.with(|case| case.object[offset] ^= flip);
            assert!(changed.verify().is_err(), "{offset} ^ {flip:#04x} was accepted");
        }
    }
}

#[test]
fn changed_bits_of_assertions_are_refused() {
    let Some(real) = real() else { return };
    for assertion in &real.assertions {
        let unsigned = code_hash(&assertion.case.object);
        for offset in (0..assertion.case.object.len()).filter(|offset| !unsigned.contains(offset)) {
            for flip in FLIPS {
                let changed = assertion.case.with(|case| case.object[offset] ^= flip);
                assert!(changed.verify().is_err(), "{}: {offset} ^ {flip:#04x} was accepted", assertion.name);
            }
        }
    }
}

/// The system, the code and the age of genuine devices, under policies that they satisfy and under the next stricter ones.
#[test]
fn policies_on_devices_decide() {
    let Some(real) = real() else { return };
    let mut seen = [0; 4];
    for RealAttestation { name, case, os_version, os_build, leaf_validity, .. } in &real.attestations {
        let policy = policy(case.apps[0], case.environment);
        let verify = |policy: Policy<'_>| {
            AttestationVerifier::new(&[policy], &[APPLE_APP_ATTEST_ROOT], &RustCrypto)
                .unwrap()
                .verify(
                    &AttestationObject::parse(&case.object).expect(name),
                    &case.key_id,
                    &client_data(case),
                    case.now,
                )
                .err()
        };
        let is_mac = name.contains("macos");

        let version = OsVersion::parse(os_version.as_deref().unwrap()).expect(name);
        assert_eq!(verify(policy.require_os_version(version)), None, "{name}");
        let (major, later) = os_version.as_deref().unwrap().split_once('.').map(|(major, _)| (major, 99)).unwrap();
        let later = OsVersion::new(major.parse().unwrap(), later, 0);
        assert_eq!(verify(policy.require_os_version(later)), Some(Error::OsVersionTooOld), "{name}");

        let age = case.now.0 - leaf_validity.not_before.0;
        assert_eq!(verify(policy.limit_attestation_age(age)), None, "{name}");
        assert_eq!(verify(policy.limit_attestation_age(age - 1)), Some(Error::AttestationTooOld), "{name}");

        let platform = if is_mac { Platform::MacOsX } else { Platform::IPhoneOs };
        let names_platform = version >= OsVersion::new(18, 0, 0);
        let expected = (!names_platform).then_some(Error::PlatformMissing);
        assert_eq!(verify(policy.require_platforms(&[platform])), expected, "{name}");
        let others = [Platform::Other("watchos"), if is_mac { Platform::IPhoneOs } else { Platform::MacOsX }];
        let expected = Some(if names_platform { Error::PlatformRefused } else { Error::PlatformMissing });
        assert_eq!(verify(policy.require_platforms(&others)), expected, "{name}");
        if let Some(build) = os_build {
            let build = OsBuild::parse(build).expect(name);
            assert_eq!(verify(policy.require_os_builds(&[(platform, build)])), None, "{name}");
            let later = OsBuild::parse("99A1").unwrap();
            assert_eq!(verify(policy.require_os_builds(&[(platform, later)])), Some(Error::OsBuildTooOld), "{name}");
            seen[0] += 1;
        }

        assert_eq!(verify(policy.require_macos_access_control(MACOS_ACCESS_CONTROL)), None, "{name}");
        let other_list = verify(policy.require_macos_access_control(&MACOS_ACCESS_CONTROL[1..]));
        assert_eq!(other_list, is_mac.then_some(Error::AccessControlRefused), "{name}");
        seen[1] += usize::from(is_mac);

        let object = AttestationObject::parse(&case.object).expect(name);
        let (shown, announced) = (object.auth_data().launch_even_if_unannounced(), object.auth_data().launch());
        let hash = shown.code_hash.unwrap_or(&[0; 32]);
        let expected = announced.code_hash.is_none().then_some(Error::LaunchDataMissing);
        assert_eq!(verify(policy.require_code_hashes(&[hash])), expected, "{name}");
        if announced.code_hash.is_some() {
            assert_eq!(shown.code_hash_type, Some(2), "{name}");
            assert_eq!(hash.len(), 32, "{name}");
            assert_eq!(verify(policy.require_code_hashes(&[&hash[..20]])), Some(Error::CodeHashRefused), "{name}");
            seen[2] += 1;
        }
        // The betas of macOS 27 carry launch data that ED does not announce.
        seen[3] += usize::from(shown.code_hash.is_some() && announced.code_hash.is_none());
    }
    assert!(seen.into_iter().all(|count| count > 0), "{seen:?}: builds, Macs, code hashes, unannounced ones");
}

/// The same key after other code was installed over the app: only the code hash tells.
#[test]
fn other_code_has_another_hash() {
    let Some(real) = real() else { return };
    let mut hashes = Vec::new();
    for assertion in real.assertions.iter().filter(|assertion| assertion.name.starts_with("asr-ios27.2-24B5089g")) {
        let launch = Assertion::parse(&assertion.case.object).unwrap().auth_data().launch();
        hashes.push((assertion.key_id, launch.bundle_version, launch.category, launch.code_hash.map(<[u8]>::to_vec)));
    }
    let [first, second] = &hashes[..] else { panic!("{} assertions", hashes.len()) };
    assert_eq!((first.0, first.1, first.2), (second.0, second.1, second.2));
    assert_ne!(first.3, second.3);
}

/// Where the value of the unsigned code hash lies.
fn code_hash(object: &[u8]) -> std::ops::Range<usize> {
    let key = b"\x66cdHash";
    let Some(start) = object.windows(key.len()).position(|window| window == key) else {
        return 0..0;
    };
    let start = start + key.len();
    let mut value = Vec::new();
    ciborium::into_writer(&part(object, &["cdHash"]), &mut value).unwrap();
    assert!(object[start..].starts_with(&value));
    start..start + value.len()
}

/// Apple's own sample of iOS 27, if it is there.
fn ios_27(real: &RealVectors) -> &AttestationCase {
    let is_27 = |attestation: &&RealAttestation| attestation.os_version.as_deref() == Some("27.0");
    &real.attestations.iter().find(is_27).or(real.attestations.first()).expect("an attestation").case
}

fn all_but_the_receipt(proof: &VerifiedAttestation<'_>) -> impl PartialEq + core::fmt::Debug {
    (
        proof.key(),
        proof.environment(),
        proof.app_index(),
        proof.device().os_version.map(str::to_owned),
        proof.device().os_build.map(str::to_owned),
        proof.access_control().map(<[u8]>::to_vec),
        proof.leaf_validity(),
        proof.launch().category,
        proof.launch().bundle_version.map(str::to_owned),
        proof.launch().code_hash.map(<[u8]>::to_vec),
    )
}

/// Decodes an object, changes it, and encodes it again.
fn replace(object: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value = ciborium::from_reader(object).unwrap();
    change(&mut value);
    let mut changed = Vec::new();
    ciborium::into_writer(&value, &mut changed).unwrap();
    changed
}

fn part(object: &[u8], path: &[&str]) -> Value {
    let mut value: Value = ciborium::from_reader(object).unwrap();
    path.iter().fold(&mut value, |value, key| entry(value, key)).clone()
}

fn entry<'v>(value: &'v mut Value, key: &str) -> &'v mut Value {
    let entries = value.as_map_mut().unwrap();
    &mut entries.iter_mut().find(|(name, _)| name.as_text() == Some(key)).unwrap().1
}
