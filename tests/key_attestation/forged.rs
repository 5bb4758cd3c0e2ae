//! Chains whose signatures are all in order, and that say what does not fit.

use genuine::{
    Error,
    crypto::GenuineCrypto,
    key_attestation::{KeyAttestation, Provisioning},
};
use genuine_testvectors::{
    android::{AndroidDevice, AndroidMutation, Shape, tag},
    certificate::{algorithm, ec_public_key, extension, field, name, oid, rsa_public_key},
    der::Der,
    keys::Signer,
};

use crate::common::{CHALLENGE, Call, Case, Tap};

/// Of a copy of the root name and key count. What describes a key is in the leaf alone, though.
#[test]
fn a_copy_of_the_root_describes_no_key() {
    for shape in [Shape::Remote, Shape::FactoryEc] {
        let device = AndroidDevice::new("copy").with_shape(shape);
        let value = device.description(CHALLENGE).to_der().encode();
        for (id, expected) in [(oid::KEY_DESCRIPTION, Some(Error::AndroidDescriptionElsewhere)), (oid::NONCE, None)] {
            let mutation = AndroidMutation::default()
                .unsigned(|chain| chain.last_mut().unwrap().extensions().push(extension(id, false, &value)));
            assert_eq!(Case::mint(&device, &mutation).verify().err(), expected, "{shape:?}");
        }
    }
}

/// What a vector has no room for: the versions of leaf and attest key, that of the system, and that it is for one app.
#[test]
fn a_key_that_attests_differs_from_the_leaf_in_nothing() {
    for shape in [Shape::Remote, Shape::FactoryEc] {
        let device = AndroidDevice::new("attest key").with_shape(shape).with_attest_key();
        let verdict = |mutation: AndroidMutation<'_>| {
            let case = Case::mint(&device, &mutation);
            case.verify_under(&[case.policy().accept_attest_keys()], &GenuineCrypto).err()
        };
        let honest = AndroidMutation::default;
        assert_eq!(verdict(honest()), None);
        for (what, other) in [
            ("version", honest().attest_key_description(|key| key.attestation_version += 100)),
            ("KeyMint", honest().attest_key_description(|key| key.key_mint_version += 100)),
            ("system", honest().attest_key_description(|key| key.hardware_enforced.set_number(tag::OS_VERSION, 1))),
            ("for all", honest().attest_key_description(|key| key.hardware_enforced.set_null(tag::ALL_APPLICATIONS))),
            ("for all", honest().attest_key_description(|key| key.software_enforced.set_null(tag::ALL_APPLICATIONS))),
        ] {
            assert_eq!(verdict(other), Some(Error::AndroidAttestKeyMismatch), "{shape:?}: {what}");
        }
    }
}

/// Nothing is computed if an issuer has a key that nothing can be verified with, or a signature has parameters.
#[test]
fn algorithms_are_looked_at_before_anything_is_computed() {
    let secp521r1 = ec_public_key(&[0x2B, 0x81, 0x04, 0x00, 0x23], &[4; 133]);
    let device = AndroidDevice::new("algorithms");
    for position in 1..4 {
        let key =
            AndroidMutation::default().certificate(position, |issuer| issuer.tbs[field::SPKI] = secp521r1.clone());
        let mut with_parameters = algorithm(if position > 1 { oid::ECDSA_SHA384 } else { oid::ECDSA_SHA256 });
        with_parameters.elements().push(Der::sequence(Vec::new()));
        let parameters =
            AndroidMutation::default().certificate(position, |issuer| issuer.set_algorithm(&with_parameters));
        for (mutation, expected) in [(key, Error::AndroidIssuerKey), (parameters, Error::AndroidCertAlgUnsupported)] {
            let (tap, case) = (Tap::default(), Case::mint(&device, &mutation));
            assert_eq!(case.verify_under(&[case.policy()], &tap).err(), Some(expected), "{position}");
            // The anchors, when the verifier was made.
            assert_eq!(tap.take(), [Call::CheckP384], "{position}");
        }
    }
}

/// A policy that accepts any key accepts it on the curve that the hardware says, where it says one.
#[test]
fn a_key_is_on_the_curve_that_is_said() {
    let point = |id: &[u8]| Der::sequence(vec![algorithm(id), Der::bit_string(&[5; 32])]);
    let secp521r1 = ec_public_key(&[0x2B, 0x81, 0x04, 0x00, 0x23], &[4; 133]);
    let (ed25519, unknown) = (point(&[0x2B, 0x65, 0x70]), point(&[0x2B, 0x65, 0x7F]));
    for (key, accepted) in [
        (Signer::p256("leaf").public_key(), &[Some(1), None][..]),
        (Signer::p384("leaf").public_key(), &[Some(2), None]),
        (secp521r1, &[Some(0), Some(3), None]),
        (ed25519, &[Some(4), None]),
        (unknown, &[]),
    ] {
        for said in [Some(0), Some(1), Some(2), Some(3), Some(4), Some(5), None] {
            let mutation = AndroidMutation::default()
                .description(|description| match said {
                    Some(curve) => description.hardware_enforced.set_number(tag::EC_CURVE, curve),
                    None => drop(description.hardware_enforced.remove(tag::EC_CURVE)),
                })
                .leaf(|leaf| leaf.tbs[field::SPKI] = key.clone());
            let case = Case::mint(&AndroidDevice::new("curves"), &mutation);
            let verdict = case.verify_under(&[case.policy().accept_any_key()], &GenuineCrypto);
            let expected = if accepted.contains(&said) { None } else { Some(Error::AndroidLeafKey) };
            assert_eq!(verdict.err(), expected, "{said:?}");
        }
    }
}

/// The same policy accepts it of the algorithm that the hardware says, and of one that nobody knows if neither is known.
#[test]
fn a_key_is_of_the_algorithm_that_is_said() {
    let key = |id: &[u8]| Der::sequence(vec![Der::sequence(vec![Der::oid(id)]), Der::bit_string(&[5; 32])]);
    for (key, accepted) in [
        (Signer::p256("leaf").public_key(), 3),
        (Signer::p384("leaf").public_key(), 3),
        (key(&[0x2B, 0x65, 0x70]), 3),
        (rsa_public_key(&[0xA5; 256], &[1, 0, 1]), 1),
        (key(oid::ML_DSA_65), 4),
        (key(&[0x2B, 0x65, 0x7F]), 99),
    ] {
        for said in [1, 3, 4, 32, 99] {
            let mutation = AndroidMutation::default()
                .description(|description| {
                    description.hardware_enforced.set_number(tag::ALGORITHM, said);
                    description.hardware_enforced.remove(tag::EC_CURVE);
                })
                .leaf(|leaf| leaf.tbs[field::SPKI] = key.clone());
            let case = Case::mint(&AndroidDevice::new("algorithms of keys"), &mutation);
            let verdict = case.verify_under(&[case.policy().accept_any_key()], &GenuineCrypto);
            let expected = if said == accepted { None } else { Some(Error::AndroidLeafKey) };
            assert_eq!(verdict.err(), expected, "{said} for a key of {accepted}");
        }
    }
}

/// A point on P-256 in its short form is not one on another curve, whatever the description leaves out.
#[test]
fn a_key_in_another_form_is_not_handed_out() {
    let point = Signer::p256("leaf").public_point();
    let short = [&[2 + (point[64] & 1)], &point[1..33]].concat();
    for key in [ec_public_key(oid::P256, &short), ec_public_key(oid::P384, &[4; 95])] {
        let mutation = AndroidMutation::default()
            .description(|description| drop(description.hardware_enforced.remove(tag::EC_CURVE)))
            .leaf(|leaf| leaf.tbs[field::SPKI] = key.clone());
        let case = Case::mint(&AndroidDevice::new("forms"), &mutation);
        let verdict = case.verify_under(&[case.policy().accept_any_key()], &GenuineCrypto);
        assert_eq!(verdict.err(), Some(Error::AndroidLeafKey));
    }
}

/// Organization and title say it, no other attribute does, and they do not contradict each other.
#[test]
fn hardware_is_what_organization_and_title_say() {
    type Attributes = &'static [(&'static [u8], &'static str)];
    // Whether a key in a trusted environment is backed, and one in a StrongBox.
    let cases: [(Attributes, [bool; 2]); 9] = [
        (&[(oid::ORGANIZATION, "TEE")], [true, false]),
        (&[(oid::TITLE, "TEE")], [true, false]),
        (&[(oid::ORGANIZATION, "StrongBox")], [false, true]),
        (&[(oid::TITLE, "StrongBox")], [false, true]),
        (&[(oid::COMMON_NAME, "StrongBox")], [true, false]),
        (&[(oid::COMMON_NAME, "TEE"), (oid::ORGANIZATION, "StrongBox")], [false, true]),
        (&[(oid::ORGANIZATION, "TEE"), (oid::TITLE, "StrongBox")], [false, false]),
        (&[(oid::ORGANIZATION, "StrongBox"), (oid::TITLE, "TEE")], [false, false]),
        (&[(oid::ORGANIZATION, "strongbox")], [true, false]),
    ];
    for (attributes, backed) in cases {
        for (level, is_backed) in [1, 2].into_iter().zip(backed) {
            let mutation = AndroidMutation::default()
                .description(|description| {
                    description.attestation_security_level = level;
                    description.key_mint_security_level = level;
                })
                .certificate(1, |hardware| hardware.tbs[field::SUBJECT] = name(attributes))
                .leaf(|leaf| leaf.tbs[field::ISSUER] = name(attributes));
            let case = Case::mint(&AndroidDevice::new("hardware"), &mutation);
            let expected = if is_backed { None } else { Some(Error::AndroidLevelUnbacked) };
            assert_eq!(case.verify().err(), expected, "{attributes:02x?}, level {level}");
        }
    }
}

/// Nothing stands behind what an extension has, nor behind the values that a chain is read by.
#[test]
fn nothing_follows_within_an_extension() {
    let device = AndroidDevice::new("extensions");
    let verdict = |mutation: AndroidMutation<'_>| Case::mint(&device, &mutation).verify().err();
    let behind = AndroidMutation::default()
        .certificate(2, |authority| authority.extension(oid::BASIC_CONSTRAINTS).elements().push(Der::null()));
    assert_eq!(verdict(behind), Some(Error::AndroidDerTrailing));
    let behind = AndroidMutation::default()
        .certificate(2, |authority| authority.tbs[field::EXTENSIONS].elements().push(Der::null()));
    assert_eq!(verdict(behind), Some(Error::AndroidDerTrailing));
    for (id, value) in
        [(oid::BASIC_CONSTRAINTS, &[0x30, 0x03, 0x01, 0x01, 0xFF][..]), (oid::KEY_USAGE, &[0x03, 0x02, 0x02, 0x04])]
    {
        for (behind, expected) in [(&[][..], None), (&[0x05, 0x00], Some(Error::AndroidExtMalformed))] {
            let value = [value, behind].concat();
            let mutation =
                AndroidMutation::default().certificate(2, |authority| authority.set_extension_value(id, &value));
            assert_eq!(verdict(mutation), expected, "{value:02x?}");
        }
    }
}

/// It decides nothing: what is not of its form is not there.
#[test]
fn provisioning_info_of_another_form_is_none() {
    let device = AndroidDevice::new("info");
    for (value, expected) in [
        (&[0xA1, 0x01, 0x05][..], Some((Some(5), None))),
        (&[0xA2, 0x01, 0x05, 0x03, 0x61, b'G'], Some((Some(5), Some("G")))),
        (&[0xA2, 0x01, 0x05, 0x18, 0x63, 0x80], Some((Some(5), None))),
        (&[0xA0], Some((None, None))),
        (&[0xA1, 0x01, 0x05, 0x00], None),
        (&[0xA1, 0x01, 0x20], None),
        (&[0xA2, 0x01, 0x05], None),
        (&[0x05], None),
    ] {
        let mutation = AndroidMutation::default()
            .certificate(1, |certificate| certificate.set_extension_value(oid::PROVISIONING_INFO, value));
        let case = Case::mint(&device, &mutation);
        let info = case.verify().unwrap().provisioning_info();
        assert_eq!(info.map(|info| (info.certificates_issued, info.manufacturer)), expected, "{value:02x?}");
    }
}

/// A chain that is shown, and not verified, says how its hardware came by its key under the anchors that it has.
#[test]
fn provisioning_is_said_under_an_anchor() {
    for shape in Shape::ALL {
        let case = Case::honest(&AndroidDevice::new("shown").with_shape(shape));
        let parsed: KeyAttestation<'_> = case.parse().unwrap();
        let expected = if shape.is_remote() { Provisioning::Remote } else { Provisioning::Factory };
        assert_eq!(parsed.provisioning(&case.anchors()), Some(expected), "{shape:?}");
        assert_eq!(parsed.provisioning(&[]), None, "{shape:?}");
    }
}
