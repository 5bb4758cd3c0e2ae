//! Group android-good: what genuine phones send, in all its shapes. Several traps are here: what a verifier must accept.

use super::{Base, Unminted, now};
use crate::android::{AndroidDevice, KeyKind, RootOfTrust, SecurityLevel, Shape, set_utc_time, set_validity, tag};
use crate::android_vector::Base64;
use crate::certificate::{algorithm, extension, field, name, oid};
use crate::der::Der;
use crate::keys::{Hash, Signer, pseudo_random};

pub(super) fn vectors() -> Vec<Unminted> {
    [shapes(), versions(), keys(), entries(), certificates(), times(), chains()].into_iter().flatten().collect()
}

fn shapes() -> Vec<Unminted> {
    [
        (Base::Remote, "A phone of 2026, provisioned over the network, keeps the key in its trusted environment."),
        (Base::StrongBox, "A phone of 2026, provisioned over the network, keeps the key in a secure element."),
        (Base::UnderRsa, "A phone of before 2026, provisioned over the network, comes under the RSA root."),
        (Base::Factory, "A phone was provisioned in the factory with keys on curves, P-384 signing with SHA-256."),
        (Base::FactoryStrongBox, "A phone was provisioned in the factory with keys on curves in a secure element."),
        (Base::FactoryRsa3072, "A phone was provisioned in the factory with RSA keys, of 3072 bits at the end."),
        (Base::FactoryRsa2048, "A phone was provisioned in the factory with RSA keys, of 2048 bits at the end."),
        (Base::RemoteWithoutRoot, "The root on P-384 is left out."),
        (Base::FactoryWithoutRoot, "The RSA root is left out, so that there are three certificates."),
        (Base::AttestKey, "A key of the app with the purpose ATTEST_KEY signed the leaf, and the policy accepts that."),
        (
            Base::FactoryAttestKey,
            "An attest key of a phone with factory keys signed the leaf, and the policy accepts that.",
        ),
        (Base::RsaKey, "The app asked for an RSA key, and the policy accepts those."),
        (Base::OwnSystem, "The phone is locked and runs another system, whose key the policy accepts."),
        (Base::SharedUserId, "Three packages share the user identifier, and the policy accepts that."),
    ]
    .into_iter()
    .map(|(base, description)| Unminted::on(base, base.id(), description))
    .collect()
}

fn versions() -> Vec<Unminted> {
    [1, 2, 3, 4, 100, 200, 300, 400, 500]
        .into_iter()
        .map(|version| {
            let base = if version < 100 { Base::Factory } else { Base::Remote };
            let description = format!("The key description has version {version}.");
            Unminted::on(base, format!("android-good::version-{version}"), description)
                .device(|device| device.with_version(version))
        })
        .chain([
            Unminted::new("android-good::version-3-keymaster-41", "attestationVersion is 3, and keyMintVersion 41.")
                .device(|device| device.with_shape(Shape::FactoryEc).with_version(3))
                .describes(|description| description.key_mint_version = 41)
                .proves(|proof| proof.key_mint_version = 41),
            Unminted::new("android-good::version-2-keymaster-1", "attestationVersion is 2, and keyMintVersion 1.")
                .device(|device| device.with_shape(Shape::FactoryEc).with_version(2))
                .describes(|description| description.key_mint_version = 1)
                .proves(|proof| proof.key_mint_version = 1),
        ])
        .collect()
}

fn keys() -> Vec<Unminted> {
    vec![
        Unminted::new("android-good::key-ml-dsa-65", "The app asked for an ML-DSA key, and the policy accepts those.")
            .device(|device| device.with_version(500).with_key_kind(KeyKind::MlDsa65))
            .policy(|policy| policy.accept_any_key = true),
        Unminted::on(
            Base::Factory,
            "android-good::key-ml-dsa-65-factory",
            "The app asked a phone with factory keys for an ML-DSA key.",
        )
        .device(|device| device.with_version(500).with_key_kind(KeyKind::MlDsa65))
        .policy(|policy| policy.accept_any_key = true),
        Unminted::on(
            Base::FactoryRsa3072,
            "android-good::key-rsa-2048-factory",
            "An RSA key of an app under RSA keys of the factory.",
        )
        .device(|device| device.with_key_kind(KeyKind::Rsa2048))
        .policy(|policy| policy.accept_any_key = true),
        Unminted::new("android-good::key-p384", "The app asked for a key on P-384, and the policy accepts those.")
            .hardware(|list| {
                list.set_number(tag::KEY_SIZE, 384);
                list.set_number(tag::EC_CURVE, 2);
            })
            .certificate(0, |certificate| certificate.tbs[field::SPKI] = p384_key())
            .policy(|policy| policy.accept_any_key = true)
            .proves(|proof| proof.public_key_b64 = Base64(p384_key().encode())),
        Unminted::new(
            "android-good::curve-left-out",
            "The description names no curve, as those of the secure elements in Pixel 3 to 5, and the key is on P-256.",
        )
        .hardware(|list| drop(list.remove(tag::EC_CURVE))),
        Unminted::new("android-good::purpose-sign", "The key signs, and nothing else.")
            .device(|device| device.with_purposes(&[2])),
        Unminted::new("android-good::purposes-unsorted", "The set of purposes is not sorted.")
            .device(|device| device.with_purposes(&[3, 2])),
        Unminted::new("android-good::digests-unsorted", "The set of digests is not sorted.")
            .hardware(|list| list.set_numbers(tag::DIGEST, &[6, 4, 5])),
    ]
}

/// The key of an app on P-384.
fn p384_key() -> Der {
    Signer::p384("android leaf").public_key()
}

/// What the lists may hold.
fn entries() -> Vec<Unminted> {
    let octets = |what: &str| pseudo_random(&format!("android {what}"), 32);
    vec![
        Unminted::new("android-good::every-tag", "Every known tag but allApplications is in one of the lists.")
            .describes(move |description| {
                let hardware = &mut description.hardware_enforced;
                hardware.set_numbers(tag::BLOCK_MODE, &[1, 32]);
                hardware.set_numbers(tag::PADDING, &[5, 3]);
                hardware.set_number(tag::MIN_MAC_LENGTH, 128);
                hardware.set_number(tag::ML_DSA_VARIANT, 1);
                hardware.set_number(tag::RSA_PUBLIC_EXPONENT, 65_537);
                hardware.set_numbers(tag::MGF_DIGEST, &[2, 4]);
                hardware.set_number(tag::USER_SECURE_ID, 0xF000_0000_0000_0001);
                hardware.set_number(tag::USER_AUTH_TYPE, 0xFFFF_FFFF);
                hardware.set_number(tag::AUTH_TIMEOUT, 30);
                for null in [
                    tag::CALLER_NONCE,
                    tag::ROLLBACK_RESISTANCE,
                    tag::EARLY_BOOT_ONLY,
                    tag::TRUSTED_USER_PRESENCE_REQUIRED,
                    tag::TRUSTED_CONFIRMATION_REQUIRED,
                    tag::UNLOCKED_DEVICE_REQUIRED,
                    tag::ROLLBACK_RESISTANT,
                    tag::DEVICE_UNIQUE_ATTESTATION,
                ] {
                    hardware.set_null(null);
                }
                for (id, text) in [
                    (tag::ID_BRAND, "genuine"),
                    (tag::ID_DEVICE, "simulated"),
                    (tag::ID_PRODUCT, "simulated"),
                    (tag::ID_SERIAL, "0123456789ABCDEF"),
                    (tag::ID_IMEI, "490154203237518"),
                    (tag::ID_MEID, "A0000000000001"),
                    (tag::ID_MANUFACTURER, "Genuine"),
                    (tag::ID_MODEL, "Simulated 9 Pro"),
                    (tag::ID_SECOND_IMEI, "490154203237526"),
                ] {
                    hardware.set_octets(id, text.as_bytes());
                }
                let software = &mut description.software_enforced;
                software.set_number(tag::ACTIVE_DATE_TIME, 1_000);
                software.set_number(tag::ORIGINATION_EXPIRE_DATE_TIME, 4_102_444_800_000);
                software.set_number(tag::USAGE_EXPIRE_DATE_TIME, 4_102_444_800_001);
                software.set_number(tag::USAGE_COUNT_LIMIT, 42);
                software.set_null(tag::ALLOW_WHILE_ON_BODY);
                software.set_octets(tag::APPLICATION_ID, &octets("application id"));
                software.set_octets(tag::MODULE_HASH, &octets("system modules"));
            }),
        Unminted::new("android-good::unknown-tags", "Entries with tags that nobody knows stand in both lists.")
            .describes(|description| {
                description.software_enforced.set_number(9, 1);
                description.software_enforced.set_octets(725, &[1, 2, 3]);
                let deep = Der::sequence(vec![Der::sequence(vec![Der::null()])]);
                description.hardware_enforced.set(799, deep);
                description.hardware_enforced.set_null(16_383);
            })
            .proves(|proof| proof.unknown_tags = 4),
        Unminted::new("android-good::tags-out-of-order", "The application identifier stands before the creation time.")
            .software(|list| list.entries.sort_by_key(|(tag, _)| (*tag != tag::ATTESTATION_APPLICATION_ID, *tag))),
        Unminted::new(
            "android-good::hardware-tags-out-of-order",
            "The entries of the hardware stand in descending order.",
        )
        .hardware(|list| list.entries.reverse()),
        Unminted::new("android-good::same-tag-in-both-lists", "The creation time stands in both lists.")
            .hardware(|list| list.set_number(tag::CREATION_DATE_TIME, 1)),
        Unminted::new("android-good::unique-id", "The unique identifier is there.")
            .describes(|description| description.unique_id = vec![7; 16]),
        Unminted::new(
            "android-good::device-locked-01",
            "deviceLocked is true, written as 01 as some genuine phones do.",
        )
        .hardware(|list| list.value(tag::ROOT_OF_TRUST)[1].octets()[0] = 1),
        Unminted::new(
            "android-good::boot-key-zero",
            "The key of verified boot is all zeros on a locked phone, as on some.",
        )
        .device(|device| {
            let root_of_trust = RootOfTrust { verified_boot_key: vec![0; 32], ..device.root_of_trust().clone() };
            device.with_root_of_trust(root_of_trust)
        }),
        Unminted::new("android-good::software-says-otherwise", "softwareEnforced denies what hardwareEnforced says.")
            .software(|list| {
                list.set_numbers(tag::PURPOSE, &[0, 7]);
                list.set_number(tag::ALGORITHM, 1);
                list.set_number(tag::ORIGIN, 2);
                list.set_number(tag::OS_VERSION, 0);
                let unlocked = RootOfTrust {
                    verified_boot_key: vec![0; 32],
                    device_locked: 0,
                    verified_boot_state: 2,
                    verified_boot_hash: None,
                };
                list.set(tag::ROOT_OF_TRUST, unlocked.to_der());
            }),
        Unminted::new("android-good::os-version-zero", "The version of the system is 0, as on some phones.")
            .device(|device| device.with_os_version(0)),
        Unminted::new("android-good::patch-levels-of-the-future", "All patch levels lie in the year 2099.")
            .device(|device| device.with_patch_levels(209_912, 20_991_231, 20_991_231)),
        Unminted::new(
            "android-good::patch-levels-odd",
            "The vendor's patch level is 0, and the boot image's has six digits.",
        )
        .device(|device| device.with_patch_levels(202_609, 0, 202_609)),
        Unminted::new("android-good::no-patch-levels", "Version and patch levels of the system are missing.").hardware(
            |list| {
                for tag in [tag::OS_VERSION, tag::OS_PATCH_LEVEL, tag::VENDOR_PATCH_LEVEL, tag::BOOT_PATCH_LEVEL] {
                    list.remove(tag);
                }
            },
        ),
        Unminted::new(
            "android-good::challenge-128-octets",
            "The challenge has 128 octets, the most that a phone takes.",
        )
        .describes(|description| description.challenge = pseudo_random("android challenge", 128))
        .said(|vector| vector.challenge.0 = pseudo_random("android challenge", 128)),
    ]
}

/// What certificates of genuine phones have that RFC 5280 does not like, and what changes from phone to phone.
fn certificates() -> Vec<Unminted> {
    const NOT_CA: &[u8] = &[0x30, 0x00];
    vec![
        Unminted::on(
            Base::Factory,
            "android-good::attestation-no-authority",
            "The factory attestation certificate is CA:FALSE.",
        )
        .certificate(1, |certificate| {
            certificate.set_extension_value(oid::BASIC_CONSTRAINTS, NOT_CA);
            certificate.set_extension_value(oid::KEY_USAGE, &[0x03, 0x02, 0x07, 0x80]);
            // Permitted: the DNS name and the mailbox "invalid".
            let name = |tag| Der::sequence(vec![Der::primitive(tag, b"invalid")]);
            let permitted = Der::sequence(vec![Der::context(0, vec![name(0x82), name(0x81)])]);
            let place = certificate.extensions().len() - 1;
            certificate.extensions().insert(place, extension(oid::NAME_CONSTRAINTS, false, &permitted.encode()));
        }),
        Unminted::new(
            "android-good::remote-attestation-no-authority",
            "The remotely provisioned certificate is CA:FALSE.",
        )
        .certificate(1, |certificate| certificate.set_extension_value(oid::BASIC_CONSTRAINTS, NOT_CA)),
        Unminted::new(
            "android-good::attestation-without-constraints",
            "The attestation certificate has no basicConstraints.",
        )
        .certificate(1, |certificate| certificate.remove_extension(oid::BASIC_CONSTRAINTS)),
        Unminted::on(
            Base::UnderRsa,
            "android-good::path-length-0",
            "Droid CA2 has a path length that the chain exceeds.",
        )
        .certificate(3, |certificate| {
            certificate.set_extension_value(oid::BASIC_CONSTRAINTS, &[0x30, 0x06, 1, 1, 0xFF, 2, 1, 0]);
        }),
        Unminted::new("android-good::critical-01", "A critical flag is written as 01 as on some genuine phones.")
            .certificate(0, |certificate| *certificate.extension(oid::KEY_USAGE)[1].octets() = vec![1]),
        Unminted::new("android-good::key-usage-not-critical", "keyUsage of the leaf is not critical.").certificate(
            0,
            |certificate| {
                certificate.extension(oid::KEY_USAGE).elements().remove(1);
            },
        ),
        Unminted::new("android-good::description-before-key-usage", "The leaf's extensions stand in the other order.")
            .certificate(0, |certificate| certificate.extensions().reverse()),
        Unminted::new("android-good::unknown-extensions", "Every certificate has an unknown extension, not critical.")
            .unsigned(|chain| {
                for certificate in chain {
                    certificate.extensions().push(extension(&[0x2A, 0x03, 0x04], false, &[0x05, 0x00]));
                }
            }),
        Unminted::new("android-good::16-extensions", "The leaf has 16 extensions.").certificate(0, |certificate| {
            for arc in 0..14 {
                certificate.extensions().push(extension(&[0x2A, 0x03, 0x04, arc], false, &[0x05, 0x00]));
            }
        }),
        Unminted::on(
            Base::FactoryStrongBox,
            "android-good::ecdsa-null-parameters",
            "The algorithm of the leaf's signature has NULL parameters, as in secure elements of 2018.",
        )
        .certificate(0, |certificate| {
            let mut with_null = algorithm(oid::ECDSA_SHA256);
            with_null.elements().push(Der::null());
            certificate.set_algorithm(&with_null);
        }),
        Unminted::on(
            Base::Factory,
            "android-good::oldest-factory",
            "The subjects have serial numbers and no level, as on the oldest phones.",
        )
        .unsigned(|chain| {
            for position in [1, 2] {
                chain[position].tbs[field::SUBJECT].elements().truncate(1);
                chain[position - 1].tbs[field::ISSUER].elements().truncate(1);
            }
        }),
        Unminted::new("android-good::p256-with-sha384", "A key on P-256 signed with SHA-384.").certificate(
            1,
            |certificate| {
                certificate.set_algorithm(&algorithm(oid::ECDSA_SHA384));
                certificate.hash = Hash::Sha384;
            },
        ),
        Unminted::new("android-good::leaf-subject-of-the-app", "The app chose the leaf's subject.").certificate(
            0,
            |certificate| {
                certificate.tbs[field::SUBJECT] = name(&[(oid::COMMON_NAME, "http://example.org/\u{20AC}")]);
            },
        ),
        Unminted::new("android-good::leaf-subject-empty", "The leaf's subject is empty.").certificate(
            0,
            |certificate| {
                certificate.tbs[field::SUBJECT].elements().clear();
            },
        ),
        Unminted::new("android-good::leaf-serial-20-octets", "The leaf's serial number has 20 octets.").certificate(
            0,
            |certificate| {
                *certificate.tbs[field::SERIAL].octets() = vec![0x7F; 20];
            },
        ),
        provisioning(
            "android-good::certificates-issued-64",
            "The phone was issued 64 certificates.",
            &[0xA1, 1, 0x18, 64],
            Some(64),
        ),
        provisioning(
            "android-good::provisioning-info-malformed",
            "ProvisioningInfo is no CBOR, and read as absent.",
            &[0xFF, 0x00],
            None,
        ),
        provisioning("android-good::provisioning-info-empty", "ProvisioningInfo is an empty map.", &[0xA0], None),
        Unminted::new("android-good::no-provisioning-info", "There is no ProvisioningInfo.")
            .certificate(1, |certificate| certificate.remove_extension(oid::PROVISIONING_INFO))
            .proves(|proof| proof.certificates_issued = None),
    ]
}

/// A remotely provisioned certificate with this `ProvisioningInfo`.
fn provisioning(id: &'static str, description: &'static str, value: &'static [u8], issued: Option<u64>) -> Unminted {
    Unminted::new(id, description)
        .certificate(1, move |certificate| certificate.set_extension_value(oid::PROVISIONING_INFO, value))
        .proves(move |proof| proof.certificates_issued = issued)
}

/// Dates that nobody looks at.
fn times() -> Vec<Unminted> {
    let leaf = |id: &'static str, description: &'static str, not_before: &'static str, not_after: &'static str| {
        Unminted::new(id, description).certificate(0, move |certificate| {
            set_utc_time(certificate, 0, not_before);
            set_utc_time(certificate, 1, not_after);
        })
    };
    vec![
        leaf(
            "android-good::leaf-ends-1969",
            "The leaf ends in 1969, before it begins.",
            "700101000000Z",
            "691231235959Z",
        ),
        leaf("android-good::leaf-ends-1970", "The leaf ends as it begins, in 1970.", "700101000000Z", "700101000000Z"),
        leaf(
            "android-good::leaf-begins-later",
            "The leaf begins after the time of verification.",
            "480101000000Z",
            "490101000000Z",
        ),
        Unminted::new("android-good::leaf-ends-2106", "The leaf ends in 2106, in a time of the other type.")
            .certificate(0, |certificate| set_validity(certificate, 0, 4_294_967_295)),
        Unminted::on(Base::Factory, "android-good::factory-expired", "Both factory certificates have run out.")
            .said(|vector| vector.now = 2_000_000_000),
        Unminted::on(
            Base::Factory,
            "android-good::root-expired",
            "The sender has the copy of the RSA root that ran out in 2026.",
        )
        .unsigned(|chain| {
            let authorities = super::catalogue().authorities().clone();
            *chain.last_mut().expect("a root") = authorities.expired_rsa_root();
        }),
        Unminted::new("android-good::root-of-tomorrow", "The sender's copy of the root begins tomorrow.").unsigned(
            |chain| {
                set_validity(chain.last_mut().expect("a root"), now() + 86_400, now() + 864_000);
            },
        ),
    ]
}

fn chains() -> Vec<Unminted> {
    vec![
        Unminted::on(
            Base::UnderRsa,
            "android-good::under-rsa-without-root",
            "The RSA root is left out of a remotely provisioned chain.",
        )
        .device(AndroidDevice::without_root),
        Unminted::on(
            Base::AttestKey,
            "android-good::attest-key-without-root",
            "Leaf and attest key have one name, and there is no root behind them.",
        )
        .device(AndroidDevice::without_root),
        Unminted::on(
            Base::StrongBox,
            "android-good::organization-last",
            "The subject of the attestation certificate has CN before O.",
        )
        .device(AndroidDevice::with_organization_last),
        Unminted::new("android-good::droid-name-reversed", "The subject of Droid CA2 has CN before O.").unsigned(
            |chain| {
                chain[3].tbs[field::SUBJECT].elements().reverse();
                chain[2].tbs[field::ISSUER].elements().reverse();
            },
        ),
        Unminted::new("android-good::root-signed-by-another", "The root's signature is another's: its key is pinned.")
            .unsigned(|chain| {
                let attacker = crate::android::AndroidPki::attacker();
                chain.last_mut().expect("a root").signer = attacker.p384_root_signer().clone();
            }),
        Unminted::new(
            "android-good::attest-key-differs-elsewhere",
            "The attest key differs from the leaf in what need not be equal.",
        )
        .with_base(Base::AttestKey)
        .mutated(|mutation| {
            mutation.attest_key_description(|description| {
                description.software_enforced.set_number(tag::CREATION_DATE_TIME, 1);
                description.hardware_enforced.set_numbers(tag::DIGEST, &[5]);
                description.hardware_enforced.remove(tag::NO_AUTH_REQUIRED);
            })
        }),
        Unminted::new(
            "android-good::level-strong-box-accepted",
            "A secure element satisfies a policy that asks for one.",
        )
        .device(|device| device.with_level(SecurityLevel::StrongBox))
        .policy(|policy| policy.require_strong_box = true),
        Unminted::new("android-good::remote-required", "Remote provisioning satisfies a policy that asks for it.")
            .policy(|policy| policy.require_remote_provisioning = true),
    ]
}
