//! What the configuration of a verifier decides, and what its proofs say.

use genuine::{
    Class, Error, UnixTime,
    app_attest::{
        AppIdHash, Assertion, AssertionVerifier, AttestationObject, AttestationVerifier, ClientDataHash, Counter,
        Environment, Environments, KeyId, MACOS_ACCESS_CONTROL, OsBuild, Platform, Policy, ValidationCategory,
    },
    crypto::{P384, PublicKey, RustCrypto},
    x509::{TrustAnchor, Validity},
};
use genuine_testvectors::{
    Device, Generation, Mutation, TestPki,
    certificate::{UnsignedCertificate, extension, field, name, oid, time},
    der::Der,
};

use crate::common::{
    self, AssertionCase, AttestationCase, CLIENT_DATA, app_hash, device, mistakes::DECOY, mutation, other_pki,
};

/// A development device of iOS 27 with launch data.
fn new_device() -> Device {
    Device::new("policy")
        .with_environment(genuine_testvectors::Environment::Development)
        .with_launch_data("1.2.3", 2)
        .with_receipt_length(64)
}

/// Verifies an attestation of this device under another policy.
fn attest(device: &Device, policy: Policy<'_>) -> Result<(), Error> {
    let case = AttestationCase::mint(device, &mutation());
    AttestationVerifier::new(&[policy], &[TrustAnchor::new(&case.root_subject, case.root_key)], &RustCrypto)?
        .verify(&AttestationObject::parse(&case.object)?, &case.key_id, &ClientDataHash::from(CLIENT_DATA), case.now)
        .map(drop)
}

/// Verifies an assertion of this device under another policy.
fn assert(device: &Device, policy: Policy<'_>) -> Result<(), Error> {
    let case = AssertionCase::mint(device, 1, &mutation());
    AssertionVerifier::new(&[policy], &RustCrypto)?
        .verify(&Assertion::parse(&case.object)?, &case.key, &ClientDataHash::from(CLIENT_DATA))
        .map(drop)
}

#[test]
fn proofs_say_what_was_attested() {
    let device = new_device();
    let app = app_hash(device.app_id());
    let attestation =
        AttestationCase::mint(&device, &mutation()).with(|case| case.apps = vec![DECOY, AppIdHash([0; 32]), app]);
    let proof = attestation.verify().unwrap();
    assert_eq!(proof.key().id(), KeyId(device.key_id()));
    assert_eq!(proof.key().public_key(), common::point(&device));
    assert_eq!(proof.key().app_id(), app);
    assert_eq!(proof.key().environment(), Environment::Development);
    assert_eq!(proof.environment(), Environment::Development);
    assert_eq!(proof.app_index(), 2);
    assert_eq!(proof.receipt().as_unverified_bytes(), device.receipt());
    assert_eq!(proof.device().os_version, Some("27.0"));
    assert_eq!(proof.device().os_build, Some("90Z999"));
    assert_eq!(proof.launch().category, Some(ValidationCategory::TESTFLIGHT));
    assert_eq!(proof.launch().bundle_version, Some("1.2.3"));
    let validity = Validity { not_before: UnixTime(device.not_before()), not_after: UnixTime(device.not_after()) };
    assert_eq!(proof.leaf_validity(), validity);
    let mut leaf = device.leaf(&[0; 32]);
    let wrapped = leaf.extension(oid::KEY_ACCESS)[1].octets().as_slice();
    assert_eq!(proof.access_control(), wrapped.strip_prefix(&[0x30, 73, 0xA3, 71, 0x04, 69]));
    assert_eq!(proof.device().platform, Some(Platform::IPhoneOs));

    let assertion =
        AssertionCase::mint(&device, 7, &mutation()).with(|case| case.apps = vec![DECOY, AppIdHash([0; 32]), app]);
    let proof = assertion.verify().unwrap().accept_without_store(Counter(6)).unwrap();
    assert_eq!(proof.key_id(), KeyId(device.key_id()));
    assert_eq!(proof.app_index(), 2);
    assert_eq!(proof.counter(), Counter(7));
    assert_eq!(proof.launch().category, Some(ValidationCategory::TESTFLIGHT));
    assert_eq!(proof.launch().bundle_version, Some("1.2.3"));
}

#[test]
fn older_systems_say_less() {
    let device = device("policy").with_generation(Generation::Ios14);
    let case = AttestationCase::mint(&device, &mutation());
    let proof = case.verify().unwrap();
    assert_eq!((proof.device().os_version, proof.device().os_build), (Some("14.2"), None));
    assert_eq!(proof.device().platform, None);
    assert_eq!((proof.launch().code_hash, proof.launch().code_hash_type), (None, None));
    assert_eq!(proof.access_control(), None);
    assert_eq!((proof.launch().category, proof.launch().bundle_version), (None, None));
}

#[test]
fn environments_are_those_of_the_policy() {
    let mismatch = Err(Error::EnvironmentMismatch);
    for (environment, default, both, development) in [
        (genuine_testvectors::Environment::Production, Ok(()), Ok(()), mismatch),
        (genuine_testvectors::Environment::Development, mismatch, Ok(()), Ok(())),
    ] {
        let device = device("policy").with_environment(environment);
        let policy = Policy::new(app_hash(device.app_id()));
        for verify in [attest, assert] {
            assert_eq!(verify(&device, policy), default);
            assert_eq!(verify(&device, policy.with_environments(Environments::default())), default);
            assert_eq!(verify(&device, policy.with_environments(Environments::ProductionAndDevelopment)), both);
            assert_eq!(verify(&device, policy.with_environments(Environments::Development)), development);
        }
    }
}

#[test]
fn launch_data_is_what_the_policy_requires() {
    const TESTFLIGHT: &[ValidationCategory] = &[ValidationCategory::APP_STORE, ValidationCategory::TESTFLIGHT];
    const STORE: &[ValidationCategory] = &[ValidationCategory::APP_STORE];
    let device = new_device();
    let policy = Policy::new(app_hash(device.app_id())).with_environments(Environments::ProductionAndDevelopment);
    let (new, old) = (device.clone(), device.with_generation(Generation::Ios26));
    let missing = Err(Error::LaunchDataMissing);
    for (policy, of_new, of_old) in [
        (policy, Ok(()), Ok(())),
        (policy.require_categories(TESTFLIGHT), Ok(()), missing),
        (policy.require_categories(STORE), Err(Error::CategoryRefused), missing),
        (policy.require_categories(&[]), Err(Error::CategoryRefused), missing),
        (policy.require_bundle_versions(&["1.2.4", "1.2.3"]), Ok(()), missing),
        (policy.require_bundle_versions(&["1.2", "1.2.30", " 1.2.3"]), Err(Error::BundleVersionRefused), missing),
        (policy.require_bundle_versions(&[]), Err(Error::BundleVersionRefused), missing),
        (policy.require_categories(TESTFLIGHT).require_bundle_versions(&["1.2.3"]), Ok(()), missing),
        (
            policy.require_categories(TESTFLIGHT).require_bundle_versions(&["9"]),
            Err(Error::BundleVersionRefused),
            missing,
        ),
        (policy.require_categories(STORE).require_bundle_versions(&["1.2.3"]), Err(Error::CategoryRefused), missing),
    ] {
        for verify in [attest, assert] {
            assert_eq!(verify(&new, policy), of_new, "{policy:?}");
            assert_eq!(verify(&old, policy), of_old, "{policy:?}");
        }
    }
}

/// A device of macOS 27, with its leaf changed.
fn on_mac(mutation: &Mutation<'_>, policy: impl Fn(Policy<'_>) -> Policy<'_>, now: Option<u64>) -> Option<Error> {
    let device = device("policy").with_generation(Generation::Macos27).with_code_hash(&[7; 32]);
    let case = AttestationCase::mint(&device, mutation);
    AttestationVerifier::new(
        &[policy(Policy::new(app_hash(device.app_id())))],
        &[TrustAnchor::new(&case.root_subject, case.root_key)],
        &RustCrypto,
    )
    .unwrap()
    .verify(
        &AttestationObject::parse(&case.object).unwrap(),
        &case.key_id,
        &ClientDataHash::from(CLIENT_DATA),
        now.map_or(case.now, UnixTime),
    )
    .err()
}

/// The device facts hold nothing but this version.
fn of_version(version: &'static str) -> Mutation<'static> {
    Mutation::default().leaf(move |leaf| {
        let version = Der::context(1400, vec![Der::octet_string(version.as_bytes())]);
        leaf.set_extension_value(oid::DEVICE_FACTS, &Der::sequence(vec![version]).encode());
    })
}

#[test]
fn an_empty_list_refuses_everything() {
    assert_eq!(on_mac(&mutation(), |policy| policy.require_code_hashes(&[&[7; 32]]), None), None);
    assert_eq!(on_mac(&mutation(), |policy| policy.require_code_hashes(&[]), None), Some(Error::CodeHashRefused));
    assert_eq!(on_mac(&mutation(), |policy| policy.require_platforms(&[]), None), Some(Error::PlatformRefused));
    assert_eq!(on_mac(&mutation(), |policy| policy.require_os_builds(&[]), None), Some(Error::PlatformRefused));
    let unnamed = of_version("27.0");
    assert_eq!(on_mac(&unnamed, |policy| policy.require_platforms(&[]), None), Some(Error::PlatformMissing));
}

/// Each requirement by itself, where the leaf says nothing but a version.
#[test]
fn what_a_leaf_does_not_say_is_missing() {
    let build = OsBuild::parse("1A1").unwrap();
    let builds: &[_] = vec![(Platform::IPhoneOs, build), (Platform::MacOsX, build)].leak();
    assert_eq!(
        on_mac(&of_version("27.0"), |policy| policy.require_os_builds(builds), None),
        Some(Error::PlatformMissing)
    );
    // Leaves name their platform from 18.0 on: one below that names none may be of an iPhone.
    for (version, expected) in [
        ("17.9.9", None),
        ("9.0", None),
        ("18.0", Some(Error::PlatformMissing)),
        ("27.0", Some(Error::PlatformMissing)),
        ("", Some(Error::PlatformMissing)),
        ("x", Some(Error::PlatformMissing)),
    ] {
        let found =
            on_mac(&of_version(version), |policy| policy.require_macos_access_control(MACOS_ACCESS_CONTROL), None);
        assert_eq!(found, expected, "{version}");
    }
}

/// A clock that was never set, or stands before the attestation, makes nothing young.
#[test]
fn an_age_is_measured_with_a_clock_that_is_set() {
    let device = device("policy").with_generation(Generation::Macos27);
    let (from, until) = (device.not_before(), device.not_after());
    for (now, expected) in [
        (0, Some(Error::ClockUnset)),
        (1, Some(Error::LeafNotYetValid)),
        (from - 1, Some(Error::LeafNotYetValid)),
        (from, None),
        (until, None),
        (until + 1, Some(Error::AttestationTooOld)),
        (u64::MAX, Some(Error::AttestationTooOld)),
    ] {
        let found = on_mac(
            &mutation(),
            |policy| policy.limit_attestation_age(until - from).danger_ignore_validity_period(),
            Some(now),
        );
        assert_eq!(found, expected, "{now}");
    }
    // Expired comes before too old.
    let found = on_mac(&mutation(), |policy| policy.limit_attestation_age(0), Some(until + 1));
    assert_eq!(found, Some(Error::LeafExpired));
    assert_eq!(on_mac(&mutation(), |policy| policy.limit_attestation_age(0), Some(from)), None);
}

/// Launch data before the device, the device before the nonce.
#[test]
fn requirements_have_an_order() {
    let found = on_mac(&mutation(), |policy| policy.require_code_hashes(&[]).require_platforms(&[]), None);
    assert_eq!(found, Some(Error::CodeHashRefused));
    let wrong_nonce = Mutation::default().binding(|binding| binding.nonce[0] ^= 1);
    assert_eq!(on_mac(&wrong_nonce, |policy| policy.require_platforms(&[]), None), Some(Error::PlatformRefused));
}

#[test]
fn the_leaf_names_its_app_and_the_list_of_macs() {
    let device = new_device().with_generation(Generation::Macos27).with_app_id("ABCDE12345.org.example.mac");
    let case = AttestationCase::mint(&device, &mutation());
    let object = AttestationObject::parse(&case.object).unwrap();
    assert_eq!(object.unverified_app_id(), Some("ABCDE12345.org.example.mac"));
    assert_eq!(object.device().platform, Some(Platform::MacOsX));
    assert_eq!(object.device().os_version, Some("27.0"));
    assert_eq!(MACOS_ACCESS_CONTROL.len(), 66);
    let proof = case.verify().unwrap();
    assert_eq!(proof.access_control(), Some(MACOS_ACCESS_CONTROL));
    assert_eq!(proof.launch().code_hash.map(<[u8]>::len), Some(32));
    assert_eq!((proof.launch().code_hash_type, proof.launch().bundle_version), (Some(2), None));
}

#[test]
fn ignoring_the_validity_period_ignores_nothing_else() {
    let intermediate_of_2010 = Mutation::default().intermediate(|certificate| {
        certificate.tbs[field::VALIDITY][0] = time(1_262_304_000);
        certificate.tbs[field::VALIDITY][1] = time(1_293_840_000);
    });
    let expired = AttestationCase::mint(&device("policy"), &intermediate_of_2010);
    assert_eq!(expired.verify().err(), Some(Error::IntermediateExpired));
    let good = AttestationCase::mint(&device("policy"), &mutation());
    let forged = good.with(|case| case.root_key = AttestationCase::mint(&other_device(), &mutation()).root_key);
    for (case, expected) in [(&good, None), (&expired, None), (&forged, Some(Error::IntermediateSignature))] {
        let policies = [Policy::new(case.apps[0]).danger_ignore_validity_period()];
        let anchors = [TrustAnchor::new(&case.root_subject, case.root_key)];
        let object = AttestationObject::parse(&case.object).unwrap();
        for now in [0, 1, case.now.0, u64::MAX] {
            let verdict = AttestationVerifier::new(&policies, &anchors, &RustCrypto).unwrap().verify(
                &object,
                &case.key_id,
                &ClientDataHash::from(CLIENT_DATA),
                UnixTime(now),
            );
            assert_eq!(verdict.err(), expected, "at {now}");
        }
    }
}

/// The same device under authorities of the same names.
fn other_device() -> Device {
    device("policy").with_authorities(other_pki())
}

#[test]
fn both_ends_of_the_intermediates_validity_belong_to_it() {
    let device = device("policy");
    let now = device.issue_time();
    let validity = |not_before, not_after| {
        Mutation::default().intermediate(move |certificate| {
            certificate.tbs[field::VALIDITY][0] = time(not_before);
            certificate.tbs[field::VALIDITY][1] = time(not_after);
        })
    };
    for (not_before, not_after, expected) in [
        (now + 1, now + 1, Some(Error::IntermediateNotYetValid)),
        (now, now + 1, None),
        (now, now, None),
        (now - 1, now, None),
        (now - 1, now - 1, Some(Error::IntermediateExpired)),
    ] {
        let case = AttestationCase::mint(&device, &validity(not_before, not_after));
        assert_eq!(case.verify().err(), expected, "{not_before} to {not_after} at {now}");
    }
}

#[test]
fn both_ends_of_the_leafs_validity_belong_to_it() {
    let device = device("policy");
    let case = AttestationCase::mint(&device, &mutation());
    for (now, expected) in [
        (device.not_before() - 1, Some(Error::LeafNotYetValid)),
        (device.not_before(), None),
        (device.not_after(), None),
        (device.not_after() + 1, Some(Error::LeafExpired)),
    ] {
        assert_eq!(case.with(|case| case.now = UnixTime(now)).verify().err(), expected, "at {now}");
    }
}

#[test]
fn anchors_have_distinct_names_and_the_right_one_is_used() {
    let case = AttestationCase::mint(&device("policy"), &mutation());
    let ours = TrustAnchor::new(&case.root_subject, case.root_key);
    let pki = other_pki();
    let other_key = PublicKey::<P384>::from_uncompressed(&pki.root_point()).unwrap();
    let same_name = TrustAnchor::new(&case.root_subject, other_key);
    let no_key = TrustAnchor::new(&case.root_subject, PublicKey([1; 96]));
    let names = ["another", "a third"].map(|common_name| name(&[(oid::COMMON_NAME, common_name)]).encode());
    let same_key = TrustAnchor::new(&names[0], case.root_key);
    let other = TrustAnchor::new(&names[1], other_key);
    let other_without_key = TrustAnchor::new(&names[1], PublicKey([1; 96]));
    let no_name = TrustAnchor::new(b"\x30\x00", case.root_key);
    let half_a_name = TrustAnchor::new(b"\x30\x02\x31\x00", case.root_key);
    let invalid = Some(Error::ConfigInvalidAnchor);
    for (anchors, expected) in [
        (&[ours][..], None),
        (&[ours, same_key, other], None),
        (&[other, same_key, ours], None),
        (&[], Some(Error::ConfigNoAnchor)),
        (&[same_key], Some(Error::AnchorUnknown)),
        (&[other, same_key], Some(Error::AnchorUnknown)),
        (&[same_name], Some(Error::IntermediateSignature)),
        (&[no_key], invalid),
        (&[ours, other_without_key], invalid),
        (&[ours, no_name], invalid),
        (&[ours, half_a_name], invalid),
        (&[ours, ours], invalid),
        (&[ours, same_name], invalid),
        (&[same_name, ours], invalid),
        (&[other, ours, same_name], invalid),
        (&[other, same_key, other], invalid),
    ] {
        let policies = case.policies();
        let verifier = AttestationVerifier::new(&policies, anchors, &RustCrypto);
        let configuration = verifier.err().filter(|error| error.step().is_none());
        assert_eq!(configuration, expected.filter(|error| error.step().is_none()), "{} anchors", anchors.len());
        let verdict = verifier.and_then(|verifier| {
            let object = AttestationObject::parse(&case.object)?;
            verifier.verify(&object, &case.key_id, &ClientDataHash::from(CLIENT_DATA), case.now).map(drop)
        });
        assert_eq!(verdict.err(), expected, "{} anchors", anchors.len());
    }
    assert_eq!(Error::ConfigNoAnchor.class(), Class::Unavailable);
    assert_eq!(Error::ConfigInvalidAnchor.class(), Class::Unavailable);
}

#[test]
fn anchors_are_taken_from_certification_authorities() {
    /// 2.5.29.30 (RFC 5280 §4.2.1.10).
    const NAME_CONSTRAINTS: [u8; 3] = [0x55, 0x1D, 30];

    let pki = TestPki::default();
    let (root, subject) = (pki.root_der(), pki.root_subject());
    let key = PublicKey::<P384>::from_uncompressed(&pki.root_point()).unwrap();
    assert_eq!(TrustAnchor::from_trusted_certificate(&root), Ok(TrustAnchor::new(&subject, key)));

    let intermediate = |change: fn(&mut UnsignedCertificate)| {
        let mut certificate = pki.intermediate();
        change(&mut certificate);
        certificate.sign().encode()
    };
    assert!(TrustAnchor::from_trusted_certificate(&intermediate(|_| ())).is_ok());
    for (what, certificate) in [
        ("nothing", Vec::new()),
        ("text", b"-----BEGIN CERTIFICATE-----".to_vec()),
        ("a certificate cut short", root[..root.len() - 1].to_vec()),
        ("a certificate and a byte", [root.as_slice(), &[0]].concat()),
        ("a leaf", device("policy").leaf(&[0; 32]).sign().encode()),
        ("no CA", intermediate(|certificate| certificate.set_extension_value(oid::BASIC_CONSTRAINTS, &[0x30, 0]))),
        (
            "an extension that restricts it, critical and unknown",
            intermediate(|certificate| certificate.extensions().push(extension(&NAME_CONSTRAINTS, true, &[0x30, 0]))),
        ),
        ("no constraints", intermediate(|certificate| certificate.remove_extension(oid::BASIC_CONSTRAINTS))),
    ] {
        let anchor = TrustAnchor::from_trusted_certificate(&certificate);
        assert_eq!(anchor, Err(Error::ConfigInvalidAnchor), "{what}");
    }
}

/// A map that the flag ED does not announce is shown in the view and is no part of a proof.
#[test]
fn launch_data_that_is_not_announced_is_not_proved() {
    for (announced, expected) in [(true, Some(ValidationCategory::TESTFLIGHT)), (false, None)] {
        let mutation = Mutation::default().auth_data(move |data| {
            if !announced {
                data.flags &= 0x7F;
            }
        });
        let attestation = AttestationCase::mint(&new_device(), &mutation);
        let view = AttestationObject::parse(&attestation.object).unwrap().auth_data().launch_even_if_unannounced();
        assert_eq!(view.category, Some(ValidationCategory::TESTFLIGHT));
        let proof = attestation.verify().unwrap().launch();
        assert_eq!((proof.category, proof.bundle_version), (expected, expected.map(|_| "1.2.3")));

        let assertion = AssertionCase::mint(&new_device(), 1, &mutation);
        let view = Assertion::parse(&assertion.object).unwrap().auth_data().launch_even_if_unannounced();
        assert_eq!(view.category, Some(ValidationCategory::TESTFLIGHT));
        let proof = assertion.verify().unwrap().accept_without_store(Counter::ATTESTED).unwrap().launch();
        assert_eq!((proof.category, proof.bundle_version), (expected, expected.map(|_| "1.2.3")));
    }
}

/// A beta app that takes keys from development, with requirements of its own, beside the production app.
#[test]
fn what_one_app_allows_opens_no_other() {
    use genuine_testvectors::Environment::{Development, Production};

    let of = |app_id: &str, environment| device("policy").with_app_id(app_id).with_environment(environment);
    let (production, beta) = ("ABCDE12345.org.example.app", "ABCDE12345.org.example.beta");
    let policies = [
        Policy::new(app_hash(production)),
        Policy::new(app_hash(beta)).with_environments(Environments::Development).limit_counter_step(1),
    ];
    for (app_id, environment, expected) in [
        (production, Production, Ok(0)),
        (production, Development, Err(Error::EnvironmentMismatch)),
        (beta, Production, Err(Error::EnvironmentMismatch)),
        (beta, Development, Ok(1)),
        ("ABCDE12345.org.example.other", Production, Err(Error::RpIdMismatch)),
    ] {
        let device = of(app_id, environment);
        let attestation = AttestationCase::mint(&device, &mutation());
        let anchors = [TrustAnchor::new(&attestation.root_subject, attestation.root_key)];
        let object = AttestationObject::parse(&attestation.object).unwrap();
        let client_data = ClientDataHash::from(CLIENT_DATA);
        let verdict = AttestationVerifier::new(&policies, &anchors, &RustCrypto).unwrap().verify(
            &object,
            &attestation.key_id,
            &client_data,
            attestation.now,
        );
        assert_eq!(verdict.map(|proof| proof.app_index()), expected, "{app_id}, {environment:?}");

        let assertion = AssertionCase::mint(&device, 7, &mutation());
        let verifier = AssertionVerifier::new(&policies, &RustCrypto).unwrap();
        let verdict = verifier.verify(&Assertion::parse(&assertion.object).unwrap(), &assertion.key, &client_data);
        // The step of a counter is limited for one of the apps.
        let from = verdict.map(|authentic| authentic.advance().from());
        let limited = expected.map(|index| Counter(if index == 1 { 6 } else { 0 }));
        assert_eq!(from, limited, "{app_id}, {environment:?}");
    }
}

#[test]
fn an_app_has_one_policy() {
    let app = app_hash("ABCDE12345.org.example.app");
    let lax = Policy::new(app).with_environments(Environments::ProductionAndDevelopment);
    let other = Policy::new(DECOY);
    let case = AttestationCase::mint(&device("policy"), &mutation());
    let anchors = [TrustAnchor::new(&case.root_subject, case.root_key)];
    for (policies, expected) in [
        (&[][..], Some(Error::ConfigNoAppId)),
        (&[lax, other], None),
        (&[lax, Policy::new(app)], Some(Error::ConfigDuplicateAppId)),
        (&[other, lax, lax], Some(Error::ConfigDuplicateAppId)),
        (&[lax, other, lax], Some(Error::ConfigDuplicateAppId)),
    ] {
        assert_eq!(AttestationVerifier::new(policies, &anchors, &RustCrypto).err(), expected, "{policies:?}");
        assert_eq!(AssertionVerifier::new(policies, &RustCrypto).err(), expected, "{policies:?}");
    }
}

/// A clock that was never set is refused only where the policy of the app needs it.
#[test]
fn each_app_has_its_own_need_of_a_clock() {
    let case = AttestationCase::mint(&device("policy"), &mutation()).with(|case| case.now = UnixTime(0));
    let anchors = [TrustAnchor::new(&case.root_subject, case.root_key)];
    let object = AttestationObject::parse(&case.object).unwrap();
    let (app, other) = (Policy::new(case.apps[0]), Policy::new(DECOY));
    for (policies, expected) in [
        ([app, other], Some(Error::ClockUnset)),
        ([app, other.danger_ignore_validity_period()], Some(Error::ClockUnset)),
        ([app.danger_ignore_validity_period(), other], None),
        ([app.danger_ignore_validity_period().limit_attestation_age(1), other], Some(Error::ClockUnset)),
    ] {
        let verifier = AttestationVerifier::new(&policies, &anchors, &RustCrypto).unwrap();
        let verdict = verifier.verify(&object, &case.key_id, &ClientDataHash::from(CLIENT_DATA), case.now);
        assert_eq!(verdict.err(), expected, "{policies:?}");
    }
}
