//! Policies: which one counts, what each option lets in, and configurations that are none.

use genuine::{
    Error, UnixTime,
    crypto::GenuineCrypto,
    key_attestation::{KeyAttestationVerifier, Policy, Purpose},
    x509::{Certificate, IssuerKey, TrustAnchor},
};
use genuine_testvectors::{
    android::{AndroidDevice, AndroidMutation, RootOfTrust, Shape, tag},
    certificate::field,
    keys::Signer,
};

use crate::common::{Case, nothing_revoked};

#[test]
fn a_configuration_that_is_none_makes_no_verifier() {
    let case = Case::honest(&AndroidDevice::new("configuration"));
    let anchors = case.anchors();
    let (digest, zeros) = ([[1; 32]], [[0; 32]]);
    let good = Policy::new("org.example", &digest);
    let none: &[&[[u8; 32]]] = &[&[]];
    let cases: [(&[Policy<'_>], Error); 6] = [
        (&[], Error::ConfigNoAppId),
        (&[Policy::new("", &digest)], Error::AndroidConfigPackage),
        (&[Policy::new("org.example", &[])], Error::AndroidConfigNoDigest),
        (&[good.accept_other_signers(none)], Error::AndroidConfigNoDigest),
        (&[good.accept_boot_keys(&zeros)], Error::AndroidConfigBootKey),
        (&[good, Policy::new("org.example", &digest)], Error::AndroidConfigDuplicatePackage),
    ];
    for (policies, expected) in cases {
        assert_eq!(KeyAttestationVerifier::new(policies, &anchors, &GenuineCrypto).err(), Some(expected));
    }
    assert_eq!(KeyAttestationVerifier::new(&[good], &[], &GenuineCrypto).err(), Some(Error::ConfigNoAnchor));
    let twice = [anchors[0], anchors[0]];
    assert_eq!(KeyAttestationVerifier::new(&[good], &twice, &GenuineCrypto).err(), Some(Error::ConfigInvalidAnchor));
    let root = Certificate::parse(&case.roots[0]).unwrap();
    let unnamed = [TrustAnchor::new(&[0x30, 0x00], IssuerKey::of(&root).unwrap())];
    assert_eq!(KeyAttestationVerifier::new(&[good], &unnamed, &GenuineCrypto).err(), Some(Error::ConfigInvalidAnchor));
}

#[test]
fn the_policy_of_the_named_package_counts() {
    let device = AndroidDevice::new("packages").with_package("org.example.second", 7);
    let case = Case::honest(&device);
    let strict = Policy::new("org.example.first", &case.digests).require_strong_box();
    let second = Policy::new("org.example.second", &case.digests);
    let proof = case.verify_under(&[strict, second], &GenuineCrypto).unwrap();
    assert_eq!(proof.policy_index(), 1);
    // Where no policy is for it, it is refused whatever the first says.
    let lax = Policy::new("org.example.first", &case.digests).accept_shared_user_id().accept_any_key();
    assert_eq!(case.verify_under(&[lax], &GenuineCrypto).err(), Some(Error::AndroidPackage));
}

#[test]
fn signers_are_a_set() {
    let (a, b, c) = ([1; 32], [2; 32], [3; 32]);
    let case = Case::honest(&AndroidDevice::new("signers").with_signing_digests(&[a, b]));
    let verdict = |digests: &[[u8; 32]], others: &[&[[u8; 32]]]| {
        let policy = Policy::new(&case.package, digests).accept_other_signers(others);
        case.verify_under(&[policy], &GenuineCrypto).err()
    };
    assert_eq!(verdict(&[a, b], &[]), None);
    assert_eq!(verdict(&[b, a], &[]), None);
    for other in [&[a][..], &[b], &[a, b, c], &[c]] {
        assert_eq!(verdict(other, &[]), Some(Error::AndroidSigningDigest), "{other:?}");
        assert_eq!(verdict(other, &[&[c], &[b, a]]), None, "{other:?}");
        assert_eq!(verdict(other, &[&[a], &[b]]), Some(Error::AndroidSigningDigest), "{other:?}");
    }
}

/// A month counts as its first day, on either side.
#[test]
fn patch_levels_compare_as_days() {
    let cases = [
        (202_609, 202_609, true),
        (202_609, 202_610, false),
        (202_609, 20_260_901, true),
        (202_609, 20_260_902, false),
        (20_260_905, 202_609, true),
        (20_260_905, 20_260_905, true),
        (20_260_905, 20_260_906, false),
        (20_260_905, 202_610, false),
        (0, 202_001, false),
    ];
    for (level, floor, accepted) in cases {
        let device = AndroidDevice::new("patches").with_patch_levels(level, level, level);
        let case = Case::honest(&device);
        let policy = case.policy();
        for (policy, error) in [
            (policy.require_os_patch_level(floor), Error::AndroidOsPatchLevel),
            (policy.require_vendor_patch_level(floor), Error::AndroidVendorPatchLevel),
            (policy.require_boot_patch_level(floor), Error::AndroidBootPatchLevel),
        ] {
            let expected = if accepted { None } else { Some(error) };
            assert_eq!(case.verify_under(&[policy], &GenuineCrypto).err(), expected, "{level} {floor}");
        }
    }
    let without = AndroidMutation::default().description(|description| {
        for tag in [tag::OS_VERSION, tag::OS_PATCH_LEVEL, tag::VENDOR_PATCH_LEVEL, tag::BOOT_PATCH_LEVEL] {
            description.hardware_enforced.remove(tag);
        }
    });
    let case = Case::mint(&AndroidDevice::new("patches"), &without);
    assert!(case.verify().is_ok());
    for (policy, error) in [
        (case.policy().require_os_version(0), Error::AndroidOsVersion),
        (case.policy().require_os_patch_level(0), Error::AndroidOsPatchLevel),
        (case.policy().require_vendor_patch_level(0), Error::AndroidVendorPatchLevel),
        (case.policy().require_boot_patch_level(0), Error::AndroidBootPatchLevel),
    ] {
        assert_eq!(case.verify_under(&[policy], &GenuineCrypto).err(), Some(error));
    }
}

#[test]
fn purposes_are_a_set_and_never_to_attest() {
    let verdict = |of_key: &[u64], required: Option<&[Purpose]>| {
        let case = Case::honest(&AndroidDevice::new("purposes").with_purposes(of_key));
        let policy = match required {
            Some(required) => case.policy().require_purposes(required),
            None => case.policy(),
        };
        case.verify_under(&[policy], &GenuineCrypto).err()
    };
    let refused = Some(Error::AndroidPurpose);
    assert_eq!(verdict(&[2], None), None);
    assert_eq!(verdict(&[3, 2], None), None);
    for other in [&[][..], &[3], &[2, 6], &[2, 3, 0], &[7], &[2, 7], &[2, 99]] {
        assert_eq!(verdict(other, None), refused, "{other:?}");
    }
    assert_eq!(verdict(&[6, 2], Some(&[Purpose::Sign, Purpose::AgreeKey])), None);
    assert_eq!(verdict(&[2], Some(&[Purpose::Sign, Purpose::AgreeKey])), refused);
    assert_eq!(verdict(&[2, 3], Some(&[Purpose::Sign])), refused);
    assert_eq!(verdict(&[7], Some(&[Purpose::AttestKey])), refused);
    assert_eq!(verdict(&[], Some(&[])), refused);
}

/// A state that nobody knows is not verified, and no key of the policy's makes it so.
#[test]
fn every_other_boot_state_is_refused() {
    for state in 0..=6 {
        let device = AndroidDevice::new("boot");
        let root = RootOfTrust { verified_boot_state: state, ..device.root_of_trust().clone() };
        let key: [u8; 32] = root.verified_boot_key.as_slice().try_into().unwrap();
        let case = Case::honest(&device.with_root_of_trust(root));
        let (alone, with_key) = match state {
            0 => (None, None),
            1 => (Some(Error::AndroidBootKey), None),
            _ => (Some(Error::AndroidBootState), Some(Error::AndroidBootState)),
        };
        assert_eq!(case.verify().err(), alone, "{state}");
        let keys = [key];
        let policy = [case.policy().accept_boot_keys(&keys)];
        assert_eq!(case.verify_under(&policy, &GenuineCrypto).err(), with_key, "{state}");
    }
}

/// Where the hardware names no curve, as in Pixel 3 to 5, the certificate of the key does; software has no say.
#[test]
fn the_hardware_may_leave_the_curve_to_the_key() {
    let p384 = Signer::p384("leaf").public_key();
    for (by_software, other_key, expected) in [
        (None, None, None),
        (Some(1), None, Some(Error::AndroidAlgorithm)),
        (None, Some(p384), Some(Error::AndroidLeafKey)),
    ] {
        let mutation = AndroidMutation::default()
            .description(|description| {
                description.hardware_enforced.remove(tag::EC_CURVE);
                if let Some(curve) = by_software {
                    description.software_enforced.set_number(tag::EC_CURVE, curve);
                }
            })
            .leaf(|leaf| {
                if let Some(key) = &other_key {
                    leaf.tbs[field::SPKI] = key.clone();
                }
            });
        let case = Case::mint(&AndroidDevice::new("no curve"), &mutation);
        assert_eq!(case.verify().err(), expected, "{by_software:?}");
    }
}

#[test]
fn time_is_asked_for_unless_the_policy_takes_the_risk() {
    let mut case = Case::honest(&AndroidDevice::new("time"));
    for (now, expected) in
        [(0, Some(Error::ClockUnset)), (1, Some(Error::AndroidNotYetValid)), (u64::MAX, Some(Error::AndroidExpired))]
    {
        case.now = UnixTime(now);
        assert_eq!(case.verify().err(), expected);
        let risky = [case.policy().danger_ignore_validity_period()];
        assert!(case.verify_under(&risky, &GenuineCrypto).is_ok());
    }
    // Certificates of factories end while phones live.
    let mut case = Case::honest(&AndroidDevice::new("time").with_shape(Shape::FactoryEc));
    case.now = UnixTime(u64::MAX);
    assert!(case.verify().is_ok());
    let remote = [case.policy().require_remote_provisioning()];
    assert_eq!(case.verify_under(&remote, &GenuineCrypto).err(), Some(Error::AndroidFactoryRefused));
}

#[test]
fn nothing_is_bound_to_an_empty_challenge() {
    let device = AndroidDevice::new("empty");
    let mut case = Case::honest(&device);
    case.certificates = device.attest(b"").certificates;
    case.challenge = Vec::new();
    assert_eq!(case.verify().err(), Some(Error::AndroidChallengeEmpty));
}

/// The verifier is a value that a service owns, copies and prints.
#[test]
fn a_verifier_is_copied_and_printed() {
    let case = Case::honest(&AndroidDevice::new("value"));
    let (anchors, policies) = (case.anchors(), [case.policy()]);
    let verifier = KeyAttestationVerifier::new(&policies, &anchors, &GenuineCrypto).unwrap();
    let copy = verifier;
    let verdict = copy.clone().verify(&case.parse().unwrap(), &case.challenge, &nothing_revoked, case.now);
    assert!(verdict.is_ok());
    assert!(format!("{verifier:?}").contains("org.example.genuine"));
}
