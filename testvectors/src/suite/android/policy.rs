//! Groups android-key, android-boot, android-app and android-system: what a policy makes of the key description.

use super::faults::{
    ALGORITHM, ALL_APPLICATIONS, APP_MALFORMED, APP_MISSING, BOOT_HASH_MISSING, BOOT_KEY, BOOT_PATCH_LEVEL, BOOT_STATE,
    CHALLENGE_MISMATCH, LEAF_KEY, LEVEL_MISMATCH, LEVEL_TOO_LOW, LEVEL_UNBACKED, ORIGIN, OS_PATCH_LEVEL, OS_VERSION,
    PACKAGE, PACKAGE_COUNT, PACKAGE_UNKNOWN, PURPOSE, ROOT_OF_TRUST_MISSING, SIGNING_DIGEST, UNKNOWN_TAG, UNLOCKED,
    VENDOR_PATCH_LEVEL,
};
use super::{
    BOOT_PATCH_LEVEL as BOOT, Base, Fault, OS_PATCH_LEVEL as OS, Unminted, VENDOR_PATCH_LEVEL as VENDOR, own_boot_key,
};
use crate::android::{AndroidDevice, ApplicationId, AuthorizationList, KeyDescription, KeyKind, RootOfTrust, tag};
use crate::android_vector::AndroidPolicy;
use crate::certificate::{ec_public_key, field, name_of, oid};
use crate::der::Der;
use crate::keys::Signer;
use crate::vector::Hex;

pub(super) fn vectors() -> Vec<Unminted> {
    [challenges(), levels(), keys(), leaf_keys(), boot(), apps(), packages(), system()].into_iter().flatten().collect()
}

fn challenges() -> Vec<Unminted> {
    let challenge = |id: &'static str, description: &'static str, change: fn(&mut Vec<u8>)| {
        Unminted::new(id, description)
            .describes(move |description| change(&mut description.challenge))
            .fails(CHALLENGE_MISMATCH)
    };
    vec![
        challenge("android-key::challenge-differs", "One bit of the challenge differs.", |challenge| {
            *challenge.last_mut().expect("octets") ^= 1;
        }),
        challenge("android-key::challenge-shorter", "The challenge lacks its last octet.", |challenge| {
            challenge.pop();
        }),
        challenge("android-key::challenge-longer", "The challenge has an octet more.", |challenge| challenge.push(0)),
        challenge("android-key::challenge-missing", "The challenge is empty.", Vec::clear),
        Unminted::new("android-key::challenge-hashed", "The challenge is the hash of the one that the server expects.")
            .describes(|description| {
                description.challenge = crate::keys::sha256(&[&description.challenge.clone()]).to_vec();
            })
            .fails(CHALLENGE_MISMATCH),
    ]
}

fn levels() -> Vec<Unminted> {
    let levels =
        |base: Base, id: &'static str, fault: Fault, description: &'static str, attestation: u8, keymint: u8| {
            Unminted::on(base, id, description)
                .describes(move |description| {
                    description.attestation_security_level = attestation;
                    description.key_mint_security_level = keymint;
                })
                .fails(fault)
        };
    vec![
        levels(
            Base::Remote,
            "android-key::levels-1-and-2",
            LEVEL_MISMATCH,
            "The trusted environment attests, and a secure element keeps the key.",
            1,
            2,
        ),
        levels(
            Base::StrongBox,
            "android-key::levels-2-and-1",
            LEVEL_MISMATCH,
            "A secure element attests, and the trusted environment keeps the key.",
            2,
            1,
        ),
        levels(
            Base::Remote,
            "android-key::levels-0-and-1",
            LEVEL_MISMATCH,
            "Software attests, and the trusted environment keeps the key.",
            0,
            1,
        ),
        levels(
            Base::Remote,
            "android-key::levels-1-and-0",
            LEVEL_MISMATCH,
            "The trusted environment attests, and software keeps the key.",
            1,
            0,
        ),
        levels(Base::Remote, "android-key::level-3", LEVEL_TOO_LOW, "Both levels are 3, which nobody knows.", 3, 3),
        levels(
            Base::Remote,
            "android-key::levels-3-and-1",
            LEVEL_MISMATCH,
            "attestationSecurityLevel is 3, which nobody knows.",
            3,
            1,
        ),
        levels(
            Base::Remote,
            "android-key::level-software",
            LEVEL_TOO_LOW,
            "Software attests, and keeps the key.",
            0,
            0,
        ),
        Unminted::new(
            "android-key::strong-box-required",
            "The policy asks for a secure element, and the trusted environment keeps the key.",
        )
        .policy(|policy| policy.require_strong_box = true)
        .with_twin("android-good::level-strong-box-accepted")
        .fails(LEVEL_TOO_LOW),
        levels(
            Base::Remote,
            "android-key::strong-box-of-tee",
            LEVEL_UNBACKED,
            "A trusted environment says that it is a secure element.",
            2,
            2,
        ),
        levels(
            Base::UnderRsa,
            "android-key::strong-box-of-tee-under-rsa",
            LEVEL_UNBACKED,
            "A trusted environment says that it is a secure element, under the RSA root.",
            2,
            2,
        ),
        levels(
            Base::Factory,
            "android-key::strong-box-of-factory-tee",
            LEVEL_UNBACKED,
            "A trusted environment with factory keys says that it is a secure element.",
            2,
            2,
        ),
        levels(
            Base::StrongBox,
            "android-key::tee-of-strong-box",
            LEVEL_UNBACKED,
            "The attestation certificate is a secure element's, and the key one of the trusted environment.",
            1,
            1,
        ),
        levels(
            Base::FactoryStrongBox,
            "android-key::tee-of-factory-strong-box",
            LEVEL_UNBACKED,
            "The factory certificate is a secure element's, and the key one of the trusted environment.",
            1,
            1,
        ),
        Unminted::new(
            "android-key::strong-box-of-nothing",
            "The factory certificate says nothing of a secure element, and the key is in one.",
        )
        .with_base(Base::Factory)
        .unsigned(|chain| {
            for position in [1, 2] {
                chain[position].tbs[field::SUBJECT].elements().truncate(1);
                chain[position - 1].tbs[field::ISSUER].elements().truncate(1);
            }
        })
        .describes(|description| {
            description.attestation_security_level = 2;
            description.key_mint_security_level = 2;
        })
        .with_twin("android-good::oldest-factory")
        .fails(LEVEL_UNBACKED),
        Unminted::on(
            Base::AttestKey,
            "android-key::strong-box-of-tee-by-attest-key",
            "Both keys of a chain with an attest key say that they are in a secure element.",
        )
        .mutated(|mutation| {
            let raise = |description: &mut KeyDescription| {
                description.attestation_security_level = 2;
                description.key_mint_security_level = 2;
            };
            mutation.description(raise).attest_key_description(raise)
        })
        .fails(LEVEL_UNBACKED),
        Unminted::new(
            "android-key::strong-box-as-common-name",
            "The common name of the attestation certificate is StrongBox, and the organization TEE.",
        )
        .unsigned(|chain| {
            let subject = name_of(vec![
                (oid::ORGANIZATION, Der::printable("TEE")),
                (oid::COMMON_NAME, Der::printable("StrongBox")),
            ]);
            chain[1].tbs[field::SUBJECT] = subject.clone();
            chain[0].tbs[field::ISSUER] = subject;
        })
        .describes(|description| {
            description.attestation_security_level = 2;
            description.key_mint_security_level = 2;
        })
        .fails(LEVEL_UNBACKED),
    ]
}

fn keys() -> Vec<Unminted> {
    let hardware = |id: &'static str, fault: Fault, description: &'static str, change: fn(&mut AuthorizationList)| {
        Unminted::new(id, description).hardware(change).fails(fault)
    };
    // What the hardware should say, said by software.
    let by_software = |id: &'static str, fault: Fault, description: &'static str, tag: u16| {
        Unminted::new(id, description)
            .describes(move |description| {
                let value = description.hardware_enforced.remove(tag);
                description.software_enforced.set(tag, value);
            })
            .fails(fault)
    };
    let mut vectors = Vec::new();
    for (origin, name) in [(1, "derived"), (2, "imported"), (3, "reserved"), (4, "securely-imported"), (5, "unknown")] {
        vectors.push(
            Unminted::new(format!("android-key::origin-{name}"), format!("The origin of the key is {origin}."))
                .hardware(move |list| list.set_number(tag::ORIGIN, origin))
                .fails(ORIGIN),
        );
    }
    let purposes: [(&str, &'static [u64], &str); 8] = [
        ("attest-key", &[7], "The key may attest, and nothing else."),
        ("sign-and-attest-key", &[2, 7], "The key may sign and attest."),
        ("sign-verify-and-attest-key", &[2, 3, 7], "The key may sign, verify and attest."),
        ("verify", &[3], "The key may verify, and nothing else."),
        ("agree", &[6], "The key may agree on keys, and nothing else."),
        ("sign-and-agree", &[2, 6], "The key may sign and agree on keys."),
        ("sign-and-decrypt", &[2, 1], "The key may sign and decrypt."),
        ("none", &[], "The set of purposes is empty."),
    ];
    for (id, values, description) in purposes {
        vectors.push(
            Unminted::new(format!("android-key::purpose-{id}"), description)
                .hardware(|list| list.set_numbers(tag::PURPOSE, values))
                .fails(PURPOSE),
        );
    }
    vectors.extend([
        hardware("android-key::nothing-by-hardware", ORIGIN, "The list of the hardware is empty.", |list| {
            list.entries.clear();
        }),
        hardware("android-key::no-origin", ORIGIN, "The origin is missing.", |list| drop(list.remove(tag::ORIGIN))),
        hardware("android-key::no-purpose", PURPOSE, "The purposes are missing.", |list| {
            drop(list.remove(tag::PURPOSE));
        }),
        hardware("android-key::no-algorithm", ALGORITHM, "The algorithm is missing.", |list| {
            list.remove(tag::ALGORITHM);
        }),
        hardware("android-key::curve-p224", ALGORITHM, "The curve is P-224.", |list| list.set_number(tag::EC_CURVE, 0)),
        hardware("android-key::curve-p384", ALGORITHM, "The curve is P-384.", |list| list.set_number(tag::EC_CURVE, 2)),
        hardware("android-key::curve-25519", ALGORITHM, "The curve is Curve25519.", |list| {
            list.set_number(tag::EC_CURVE, 4);
        }),
        hardware("android-key::algorithm-unknown", ALGORITHM, "The algorithm is 99, which nobody knows.", |list| {
            list.set_number(tag::ALGORITHM, 99);
        }),
        hardware("android-key::algorithm-hmac", ALGORITHM, "The algorithm is HMAC.", |list| {
            list.set_number(tag::ALGORITHM, 128);
        }),
        by_software(
            "android-key::origin-by-software",
            ORIGIN,
            "Software alone says where the key comes from.",
            tag::ORIGIN,
        ),
        by_software(
            "android-key::purpose-by-software",
            PURPOSE,
            "Software alone says what the key is for.",
            tag::PURPOSE,
        ),
        by_software(
            "android-key::algorithm-by-software",
            ALGORITHM,
            "Software alone says what algorithm the key has.",
            tag::ALGORITHM,
        ),
        by_software(
            "android-key::curve-by-software",
            ALGORITHM,
            "Software alone says what curve the key is on.",
            tag::EC_CURVE,
        ),
        by_software(
            "android-boot::root-of-trust-by-software",
            ROOT_OF_TRUST_MISSING,
            "The root of trust stands in the list of software.",
            tag::ROOT_OF_TRUST,
        ),
        hardware("android-key::all-applications", ALL_APPLICATIONS, "The key is for all applications.", |list| {
            list.set_null(tag::ALL_APPLICATIONS);
        }),
        Unminted::new(
            "android-key::all-applications-by-software",
            "Software says that the key is for all applications.",
        )
        .software(|list| list.set_null(tag::ALL_APPLICATIONS))
        .fails(ALL_APPLICATIONS),
        Unminted::new(
            "android-key::rsa-not-accepted",
            "The key is an RSA key, and the policy accepts those on curves.",
        )
        .device(|_| Base::RsaKey.device())
        .with_twin(Base::RsaKey.id())
        .fails(ALGORITHM),
        Unminted::on(
            Base::RsaKey,
            "android-key::p256-of-any",
            "The key is on P-256, and the policy accepts keys of any algorithm.",
        )
        .device(|_| Base::Remote.device()),
        Unminted::new(
            "android-key::ml-dsa-not-accepted",
            "The key is an ML-DSA key, and the policy accepts those on curves.",
        )
        .device(|device| device.with_version(500).with_key_kind(KeyKind::MlDsa65))
        .with_twin("android-good::key-ml-dsa-65")
        .fails(ALGORITHM),
        Unminted::new("android-key::sign-required", "The policy asks for SIGN alone, and the key may do that alone.")
            .device(|device| device.with_purposes(&[2]))
            .policy(|policy| policy.require_purposes = Some(vec!["SIGN".to_owned()])),
        Unminted::new(
            "android-key::sign-required-and-verify",
            "The policy asks for SIGN alone, and the key may verify as well.",
        )
        .policy(|policy| policy.require_purposes = Some(vec!["SIGN".to_owned()]))
        .with_twin("android-key::sign-required")
        .fails(PURPOSE),
        Unminted::new("android-key::both-required", "The policy asks for SIGN and VERIFY, and the key may do both.")
            .policy(|policy| policy.require_purposes = Some(vec!["SIGN".to_owned(), "VERIFY".to_owned()])),
        Unminted::new(
            "android-key::both-required-and-sign",
            "The policy asks for SIGN and VERIFY, and the key may sign alone.",
        )
        .device(|device| device.with_purposes(&[2]))
        .policy(|policy| policy.require_purposes = Some(vec!["SIGN".to_owned(), "VERIFY".to_owned()]))
        .with_twin("android-key::both-required")
        .fails(PURPOSE),
    ]);
    vectors
}

/// The leaf's key against what the description says of it.
fn leaf_keys() -> Vec<Unminted> {
    fn point() -> Vec<u8> {
        Base::Remote.device().signer().public_point()
    }
    let key = |base: Base, id: &'static str, description: &'static str, key: fn() -> Der| {
        Unminted::on(base, id, description)
            .certificate(0, move |certificate| certificate.tbs[field::SPKI] = key())
            .fails(LEAF_KEY)
    };
    vec![
        key(
            Base::Remote,
            "android-signature::key-rsa",
            "The leaf's key is an RSA key, and the description says P-256.",
            || Base::RsaKey.device().public_key_info(),
        ),
        key(
            Base::Remote,
            "android-signature::key-p384",
            "The leaf's key is on P-384, and the description says P-256.",
            || Signer::p384("android leaf").public_key(),
        ),
        key(
            Base::Remote,
            "android-signature::key-ml-dsa",
            "The leaf's key is an ML-DSA key, and the description says P-256.",
            || Base::Remote.device().with_key_kind(KeyKind::MlDsa65).public_key_info(),
        ),
        Unminted::new(
            "android-signature::key-p384-for-none",
            "The leaf's key is on P-384, and the description names no curve.",
        )
        .hardware(|list| drop(list.remove(tag::EC_CURVE)))
        .certificate(0, |certificate| certificate.tbs[field::SPKI] = Signer::p384("android leaf").public_key())
        .with_twin("android-good::curve-left-out")
        .fails(LEAF_KEY),
        Unminted::new(
            "android-signature::key-p384-of-any",
            "The leaf's key is on P-384, the description says P-256, and the policy accepts keys of any algorithm.",
        )
        .certificate(0, |certificate| certificate.tbs[field::SPKI] = Signer::p384("android leaf").public_key())
        .policy(|policy| policy.accept_any_key = true)
        .with_twin("android-good::key-p384")
        .fails(LEAF_KEY),
        Unminted::new(
            "android-signature::key-p256-for-p384",
            "The leaf's key is on P-256, the description says P-384, and the policy accepts keys of any algorithm.",
        )
        .hardware(|list| list.set_number(tag::EC_CURVE, 2))
        .policy(|policy| policy.accept_any_key = true)
        .with_twin("android-good::key-p384")
        .fails(LEAF_KEY),
        Unminted::new(
            "android-signature::key-rsa-of-any",
            "The leaf's key is an RSA key, the description says P-256, and the policy accepts keys of any algorithm.",
        )
        .certificate(0, |certificate| certificate.tbs[field::SPKI] = Base::RsaKey.device().public_key_info())
        .policy(|policy| policy.accept_any_key = true)
        .with_twin("android-key::p256-of-any")
        .fails(LEAF_KEY),
        Unminted::on(
            Base::RsaKey,
            "android-signature::key-ml-dsa-of-any",
            "The leaf's key is an ML-DSA key, the description says RSA, and the policy accepts keys of any algorithm.",
        )
        .certificate(0, |certificate| {
            certificate.tbs[field::SPKI] = Base::Remote.device().with_key_kind(KeyKind::MlDsa65).public_key_info();
        })
        .fails(LEAF_KEY),
        key(
            Base::RsaKey,
            "android-signature::key-p256",
            "The leaf's key is on P-256, and the description says RSA.",
            || Base::Remote.device().public_key_info(),
        ),
        key(Base::Remote, "android-signature::key-off-curve", "The leaf's key is no point of P-256.", || {
            let mut point = point();
            point[64] ^= 1;
            ec_public_key(oid::P256, &point)
        }),
        key(Base::Remote, "android-signature::key-compressed", "The leaf's key is a compressed point.", || {
            let point = point();
            ec_public_key(oid::P256, &[&[2 + (point[64] & 1)], &point[1..33]].concat())
        }),
        key(Base::Remote, "android-signature::key-at-infinity", "The leaf's key is the point at infinity.", || {
            ec_public_key(oid::P256, &[0])
        }),
        key(Base::Remote, "android-signature::key-zero", "The leaf's key is the point (0, 0).", || {
            ec_public_key(oid::P256, &[&[4][..], &[0; 64]].concat())
        }),
        key(Base::Remote, "android-signature::key-above-prime", "The leaf's x is above the prime.", || {
            let mut point = point();
            point[1..33].fill(0xFF);
            ec_public_key(oid::P256, &point)
        }),
        key(Base::Remote, "android-signature::key-octet-more", "The leaf's point has an octet more.", || {
            ec_public_key(oid::P256, &[point(), vec![0]].concat())
        }),
        key(Base::Remote, "android-signature::key-for-ecdh", "The leaf's key is for id-ecDH.", || {
            let mut key = ec_public_key(oid::P256, &point());
            key[0][0] = Der::oid(&[0x2B, 0x81, 0x04, 0x01, 0x0C]);
            key
        }),
    ]
}

fn boot() -> Vec<Unminted> {
    let root = |base: Base, id: &'static str, fault: Fault, description: &'static str, change: fn(&mut Der)| {
        Unminted::on(base, id, description).hardware(move |list| change(list.value(tag::ROOT_OF_TRUST))).fails(fault)
    };
    vec![
        Unminted::new("android-boot::no-root-of-trust", "There is no root of trust.")
            .hardware(|list| drop(list.remove(tag::ROOT_OF_TRUST)))
            .fails(ROOT_OF_TRUST_MISSING),
        Unminted::new("android-boot::unlocked", "The phone is unlocked, as genuine ones say it.")
            .device(AndroidDevice::unlocked)
            .fails(UNLOCKED),
        root(
            Base::Remote,
            "android-boot::unlocked-alone",
            UNLOCKED,
            "The boot loader is unlocked, and all else is in order.",
            |root| {
                root[1].octets()[0] = 0;
            },
        ),
        root(
            Base::OwnSystem,
            "android-boot::own-system-unlocked",
            UNLOCKED,
            "The boot loader of a phone with another system is unlocked.",
            |root| {
                root[1].octets()[0] = 0;
            },
        ),
        root(
            Base::Remote,
            "android-boot::unverified",
            BOOT_STATE,
            "The boot state is unverified on a locked phone.",
            |root| {
                root[2].octets()[0] = 2;
            },
        ),
        root(Base::Remote, "android-boot::failed", BOOT_STATE, "The boot state is failed.", |root| {
            root[2].octets()[0] = 3;
        }),
        root(
            Base::OwnSystem,
            "android-boot::own-system-unverified",
            BOOT_STATE,
            "The boot state is unverified, with a key that the policy accepts.",
            |root| {
                root[2].octets()[0] = 2;
            },
        ),
        root(
            Base::Remote,
            "android-boot::no-hash",
            BOOT_HASH_MISSING,
            "There is no boot hash, from version 3 on.",
            |root| {
                root.elements().pop();
            },
        ),
        Unminted::on(Base::FactoryRsa3072, "android-boot::no-hash-version-3", "There is no boot hash, in version 3.")
            .hardware(|list| drop(list.value(tag::ROOT_OF_TRUST).elements().pop()))
            .fails(BOOT_HASH_MISSING),
        Unminted::new("android-boot::self-signed", "The phone runs another system, and the policy accepts none.")
            .device(|device| device.with_own_system(own_boot_key()))
            .with_twin(Base::OwnSystem.id())
            .fails(BOOT_KEY),
        Unminted::on(
            Base::OwnSystem,
            "android-boot::another-own-system",
            "The phone runs another system than the policy accepts.",
        )
        .device(|device| device.with_own_system([0xB1; 32]))
        .fails(BOOT_KEY),
        root(
            Base::OwnSystem,
            "android-boot::own-key-cut",
            BOOT_KEY,
            "The boot key is the beginning of one that the policy accepts.",
            |root| {
                root[0].octets().truncate(31);
            },
        ),
        root(
            Base::OwnSystem,
            "android-boot::own-key-longer",
            BOOT_KEY,
            "The boot key begins with one that the policy accepts.",
            |root| {
                root[0].octets().push(0xB0);
            },
        ),
        root(Base::OwnSystem, "android-boot::own-key-empty", BOOT_KEY, "The boot key is empty.", |root| {
            root[0].octets().clear();
        }),
        Unminted::new(
            "android-boot::second-own-system",
            "The policy accepts two other systems, and the phone runs the second.",
        )
        .device(|device| device.with_own_system(own_boot_key()))
        .policy(|policy| policy.accept_boot_keys = Some(vec![Hex(vec![0xAF; 32]), Hex(own_boot_key().to_vec())])),
        Unminted::on(
            Base::OwnSystem,
            "android-boot::verified-beside-own",
            "The policy accepts another system, and the phone runs its maker's.",
        )
        .device(|_| Base::Remote.device()),
        Unminted::on(
            Base::OwnSystem,
            "android-boot::verified-with-own-key",
            "The boot state is verified with the key of another system.",
        )
        .hardware(|list| list.value(tag::ROOT_OF_TRUST)[2].octets()[0] = 0),
        Unminted::new("android-boot::unlocked-accepted", "The phone is unlocked, which the policy accepts.")
            .device(AndroidDevice::unlocked)
            .policy(|policy| policy.danger_accept_unlocked = true),
        Unminted::new(
            "android-boot::unlocked-accepted-and-failed",
            "The boot state of a locked phone is failed, and the policy accepts unlocked ones.",
        )
        .hardware(|list| list.value(tag::ROOT_OF_TRUST)[2].octets()[0] = 3)
        .policy(|policy| policy.danger_accept_unlocked = true)
        .with_twin("android-boot::unlocked-accepted")
        .fails(BOOT_STATE),
        Unminted::new(
            "android-boot::software-says-locked",
            "Software says that the phone is locked, and the hardware that it is not.",
        )
        .describes(|description| {
            let root = description.hardware_enforced.value(tag::ROOT_OF_TRUST);
            description.software_enforced.set(tag::ROOT_OF_TRUST, root.clone());
            root[1].octets()[0] = 0;
        })
        .fails(UNLOCKED),
        Unminted::new("android-boot::boot-key-empty", "The boot key of a locked, verified phone is empty.").device(
            |device| {
                let root_of_trust = RootOfTrust { verified_boot_key: Vec::new(), ..device.root_of_trust().clone() };
                device.with_root_of_trust(root_of_trust)
            },
        ),
    ]
}

/// Changes the application identifier as a tree.
fn app(base: Base, id: &'static str, fault: Fault, description: &'static str, change: fn(&mut Der)) -> Unminted {
    Unminted::on(base, id, description)
        .software(move |list| {
            let octets = list.value(tag::ATTESTATION_APPLICATION_ID).octets();
            let mut tree = Der::decode(octets);
            change(&mut tree);
            *octets = tree.encode();
        })
        .fails(fault)
}

fn apps() -> Vec<Unminted> {
    let bare = |id: &'static str, description: &'static str, change: fn(&mut Vec<u8>)| {
        Unminted::new(id, description)
            .software(move |list| change(list.value(tag::ATTESTATION_APPLICATION_ID).octets()))
            .fails(APP_MALFORMED)
    };
    vec![
        Unminted::new("android-app::missing", "There is no application identifier.")
            .software(|list| drop(list.remove(tag::ATTESTATION_APPLICATION_ID)))
            .fails(APP_MISSING),
        Unminted::new("android-app::by-hardware", "The application identifier stands in the list of the hardware.")
            .describes(|description| {
                let value = description.software_enforced.remove(tag::ATTESTATION_APPLICATION_ID);
                description.hardware_enforced.set(tag::ATTESTATION_APPLICATION_ID, value);
            })
            .fails(APP_MISSING),
        bare("android-app::empty", "The application identifier has no octets.", Vec::clear),
        bare("android-app::octet-after", "An octet follows the application identifier.", |octets| octets.push(0)),
        bare("android-app::last-octet-missing", "The application identifier lacks its last octet.", |octets| {
            octets.pop();
        }),
        bare(
            "android-app::unknown-package-as-text",
            "The application identifier is the bare text UnknownPackage.",
            |octets| {
                *octets = b"UnknownPackage".to_vec();
            },
        ),
        app(Base::Remote, "android-app::1-member", APP_MALFORMED, "The digests are missing.", |app| {
            drop(app.elements().pop());
        }),
        app(Base::Remote, "android-app::3-members", APP_MALFORMED, "There is a third member.", |app| {
            app.elements().push(Der::set(Vec::new()));
        }),
        app(Base::Remote, "android-app::packages-sequence", APP_MALFORMED, "The packages are a SEQUENCE.", |app| {
            app[0].tag = vec![crate::der::tag::SEQUENCE];
        }),
        app(Base::Remote, "android-app::package-text", APP_MALFORMED, "The package name is a UTF8String.", |app| {
            app[0][0][0].tag = vec![crate::der::tag::UTF8_STRING];
        }),
        app(
            Base::Remote,
            "android-app::package-without-version",
            APP_MALFORMED,
            "The package has no version.",
            |app| {
                app[0][0].elements().pop();
            },
        ),
        app(Base::Remote, "android-app::package-of-3", APP_MALFORMED, "The package has a third member.", |app| {
            app[0][0].elements().push(Der::null());
        }),
        app(Base::Remote, "android-app::digest-text", APP_MALFORMED, "The digest is a UTF8String.", |app| {
            app[1][0].tag = vec![crate::der::tag::UTF8_STRING];
        }),
        app(
            Base::Remote,
            "android-app::unknown-package",
            PACKAGE_UNKNOWN,
            "The system did not find the package, and says UnknownPackage.",
            |app| {
                *app[0][0][0].octets() = b"UnknownPackage".to_vec();
            },
        ),
        app(
            Base::Remote,
            "android-app::unknown-package-without-digests",
            PACKAGE_UNKNOWN,
            "The system says UnknownPackage, and knows no digests.",
            |app| {
                *app[0][0][0].octets() = b"UnknownPackage".to_vec();
                app[1].elements().clear();
            },
        ),
    ]
}

fn packages() -> Vec<Unminted> {
    let digests = |id: &'static str, description: &'static str, change: fn(&mut Vec<Der>)| {
        Unminted::new(id, description)
            .software(move |list| {
                let octets = list.value(tag::ATTESTATION_APPLICATION_ID).octets();
                let mut tree = Der::decode(octets);
                change(tree[1].elements());
                *octets = tree.encode();
            })
            .fails(SIGNING_DIGEST)
    };
    let two = |id: &'static str, description: &'static str, order: [usize; 2]| {
        Unminted::new(id, description)
            .software(move |list| {
                let app = two_digests();
                let signing_digests = order.map(|position| app.signing_digests[position].clone()).to_vec();
                let app = ApplicationId { signing_digests, ..app };
                list.set_octets(tag::ATTESTATION_APPLICATION_ID, &app.to_der().encode());
            })
            .said(|vector| vector.signing_digests = two_digests().signing_digests.into_iter().map(Hex).collect())
    };
    vec![
        app(Base::Remote, "android-app::no-package", PACKAGE_COUNT, "There is no package.", |app| {
            app[0].elements().clear();
        }),
        Unminted::new(
            "android-app::two-packages",
            "Two packages share the user identifier, and the policy does not accept that.",
        )
        .device(|device| device.with_another_package("org.example.other", 7))
        .with_twin(Base::SharedUserId.id())
        .fails(PACKAGE_COUNT),
        app(Base::Remote, "android-app::package-twice", PACKAGE_COUNT, "The package stands twice.", |app| {
            let package = app[0][0].clone();
            app[0].elements().push(package);
        }),
        app(Base::Remote, "android-app::another-package", PACKAGE, "The package is another.", |app| {
            *app[0][0][0].octets() = b"com.example.attacker".to_vec();
        }),
        app(Base::Remote, "android-app::package-longer", PACKAGE, "The package begins with the policy's.", |app| {
            app[0][0][0].octets().extend(b".evil");
        }),
        app(
            Base::Remote,
            "android-app::package-shorter",
            PACKAGE,
            "The package is the beginning of the policy's.",
            |app| {
                app[0][0][0].octets().pop();
            },
        ),
        app(
            Base::Remote,
            "android-app::package-in-capitals",
            PACKAGE,
            "The package differs in the case of a letter.",
            |app| {
                app[0][0][0].octets()[0].make_ascii_uppercase();
            },
        ),
        app(Base::Remote, "android-app::package-empty", PACKAGE, "The package name is empty.", |app| {
            app[0][0][0].octets().clear();
        }),
        app(Base::Remote, "android-app::package-with-nul", PACKAGE, "A NUL follows the package name.", |app| {
            app[0][0][0].octets().push(0);
        }),
        app(
            Base::SharedUserId,
            "android-app::shared-without-ours",
            PACKAGE,
            "Three packages share the user identifier, none of them the policy's.",
            |app| {
                *app[0][0][0].octets() = b"com.example.attacker".to_vec();
            },
        ),
        Unminted::on(
            Base::SharedUserId,
            "android-app::shared-ours-last",
            "The policy's package is the last of those that share the user identifier.",
        )
        .software(|list| {
            let octets = list.value(tag::ATTESTATION_APPLICATION_ID).octets();
            let mut tree = Der::decode(octets);
            tree[0].elements().rotate_left(1);
            *octets = tree.encode();
        }),
        Unminted::new("android-app::package-version-large", "The version of the package takes six octets.").device(
            |device| {
                let package = device.package().to_owned();
                device.with_package(&package, 1_000_000_000_000)
            },
        ),
        Unminted::on(
            Base::SharedUserId,
            "android-app::shared-of-one",
            "The policy accepts a shared user identifier, and the package is alone.",
        )
        .device(|_| Base::Remote.device()),
        digests("android-app::another-digest", "The signing digest is another.", |digests| digests[0].octets()[0] ^= 1),
        digests("android-app::no-digest", "There is no signing digest.", Vec::clear),
        digests(
            "android-app::digest-more",
            "There is a second signing digest, which the policy does not have.",
            |digests| {
                digests.push(Der::octet_string(&[0xAA; 32]));
            },
        ),
        digests("android-app::digest-cut", "The signing digest lacks its last octet.", |digests| {
            digests[0].octets().pop();
        }),
        digests("android-app::digest-empty", "The signing digest is empty.", |digests| digests[0].octets().clear()),
        Unminted::new(
            "android-app::other-signer",
            "The policy accepts other signers, and the app has the second of them.",
        )
        .policy(|policy| {
            let known = Base::Remote.device().signing_digests().iter().cloned().map(Hex).collect();
            policy.accept_other_signers = Some(vec![vec![Hex(vec![0xAA; 32])], known]);
        })
        .said(|vector| vector.signing_digests = vec![Hex(vec![0xBB; 32])]),
        Unminted::new(
            "android-app::other-signers-mixed",
            "The app has one digest of each of two signers that the policy accepts.",
        )
        .policy(|policy| policy.accept_other_signers = Some(vec![vec![Hex(vec![0x11; 32])]]))
        .said(|vector| vector.signing_digests = vec![Hex(vec![0x22; 32])])
        .software(|list| list.set_octets(tag::ATTESTATION_APPLICATION_ID, &two_digests().to_der().encode()))
        .with_twin("android-app::two-digests")
        .fails(SIGNING_DIGEST),
        Unminted::new("android-app::digest-less", "The policy has a second signing digest, which the app has not.")
            .said(|vector| vector.signing_digests.push(Hex(vec![0xAA; 32])))
            .with_twin("android-app::two-digests")
            .fails(SIGNING_DIGEST),
        two("android-app::two-digests", "The app is signed with two certificates, as the policy says.", [0, 1]),
        two("android-app::two-digests-reversed", "The app's two digests stand in the other order.", [1, 0]),
        two("android-app::first-digest-twice", "The app has the first of the policy's digests twice.", [0, 0])
            .with_twin("android-app::two-digests")
            .fails(SIGNING_DIGEST),
    ]
}

/// An app that is signed with two certificates.
fn two_digests() -> ApplicationId {
    let packages = vec![(Base::Remote.device().package().to_owned(), 42)];
    ApplicationId { packages, signing_digests: vec![vec![0x22; 32], vec![0x11; 32]] }
}

fn system() -> Vec<Unminted> {
    /// A floor that the phone meets, and one that it does not.
    fn floor(name: &str, fault: Fault, tag: u16, level: u32, set: fn(&mut AndroidPolicy, u32)) -> [Unminted; 5] {
        let id = |end: &str| format!("android-system::{name}-{end}");
        let with = |end: &str, description: &str, floor: u32| {
            Unminted::new(id(end), description.replace("{}", name)).policy(|policy| set(policy, floor))
        };
        [
            with("just-met", "The phone's {} is the least that the policy takes.", level),
            with("above", "The phone's {} is above what the policy asks for.", level - 1),
            with("below", "The phone's {} is below what the policy asks for.", level + 1)
                .with_twin(id("just-met"))
                .fails(fault),
            with("missing", "The policy asks for a {}, and the phone says none.", level)
                .hardware(move |list| drop(list.remove(tag)))
                .with_twin(id("just-met"))
                .fails(fault),
            with("by-software", "The policy asks for a {}, and software alone says one.", level)
                .describes(move |description| {
                    let value = description.hardware_enforced.remove(tag);
                    description.software_enforced.set(tag, value);
                })
                .with_twin(id("just-met"))
                .fails(fault),
        ]
    }
    let mut vectors: Vec<_> = [
        floor("os-version", OS_VERSION, tag::OS_VERSION, 160_000, |policy, least| {
            policy.require_os_version = Some(least);
        }),
        floor("os-patch-level", OS_PATCH_LEVEL, tag::OS_PATCH_LEVEL, OS, |policy, least| {
            policy.require_os_patch_level = Some(least);
        }),
        floor("vendor-patch-level", VENDOR_PATCH_LEVEL, tag::VENDOR_PATCH_LEVEL, VENDOR, |policy, least| {
            policy.require_vendor_patch_level = Some(least);
        }),
        floor("boot-patch-level", BOOT_PATCH_LEVEL, tag::BOOT_PATCH_LEVEL, BOOT, |policy, least| {
            policy.require_boot_patch_level = Some(least);
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    vectors.extend([
        Unminted::new(
            "android-system::os-version-zero",
            "The policy asks for a version of the system, and the phone's is 0.",
        )
        .device(|device| device.with_os_version(0))
        .policy(|policy| policy.require_os_version = Some(1))
        .with_twin("android-system::os-version-just-met")
        .fails(OS_VERSION),
        Unminted::new(
            "android-system::vendor-of-6-digits",
            "The vendor's patch level has six digits, of a month after the policy's day.",
        )
        .device(|device| device.with_patch_levels(202_609, 202_609, 20_260_905))
        .policy(|policy| policy.require_vendor_patch_level = Some(20_260_805)),
        Unminted::new(
            "android-system::vendor-of-6-digits-before",
            "The vendor's patch level has six digits, of a month before the policy's day.",
        )
        .device(|device| device.with_patch_levels(202_609, 202_607, 20_260_905))
        .policy(|policy| policy.require_vendor_patch_level = Some(20_260_805))
        .with_twin("android-system::vendor-of-6-digits")
        .fails(VENDOR_PATCH_LEVEL),
        Unminted::new(
            "android-system::boot-of-6-digits",
            "The boot image's patch level has six digits, of a month after the policy's day.",
        )
        .device(|device| device.with_patch_levels(202_609, 20_260_905, 202_609))
        .policy(|policy| policy.require_boot_patch_level = Some(20_260_805)),
        Unminted::new(
            "android-system::boot-of-6-digits-before",
            "The boot image's patch level has six digits, of a month before the policy's day.",
        )
        .device(|device| device.with_patch_levels(202_609, 20_260_905, 202_607))
        .policy(|policy| policy.require_boot_patch_level = Some(20_260_805))
        .with_twin("android-system::boot-of-6-digits")
        .fails(BOOT_PATCH_LEVEL),
        Unminted::new("android-system::vendor-zero", "The vendor's patch level is 0, and the policy asks for one.")
            .device(|device| device.with_patch_levels(202_609, 0, 20_260_905))
            .policy(|policy| policy.require_vendor_patch_level = Some(VENDOR))
            .with_twin("android-system::vendor-patch-level-just-met")
            .fails(VENDOR_PATCH_LEVEL),
        Unminted::on(
            Base::Version2,
            "android-system::vendor-of-version-2",
            "The policy asks for a vendor's patch level, which old phones do not say.",
        )
        .policy(|policy| policy.require_vendor_patch_level = Some(20_000_101))
        .fails(VENDOR_PATCH_LEVEL),
        Unminted::new("android-system::unknown-tags-refused", "The policy refuses unknown tags, and there is none.")
            .policy(|policy| policy.refuse_unknown_tags = true),
        Unminted::new("android-system::unknown-tag", "The policy refuses unknown tags, and the hardware has one.")
            .hardware(|list| list.set_null(725))
            .policy(|policy| policy.refuse_unknown_tags = true)
            .with_twin("android-system::unknown-tags-refused")
            .fails(UNKNOWN_TAG),
        Unminted::new(
            "android-system::unknown-tag-by-software",
            "The policy refuses unknown tags, and software has one.",
        )
        .software(|list| list.set_null(725))
        .policy(|policy| policy.refuse_unknown_tags = true)
        .with_twin("android-system::unknown-tags-refused")
        .fails(UNKNOWN_TAG),
        Unminted::new(
            "android-system::tag-11-is-known",
            "The policy refuses unknown tags, and tag 11 of version 500 is none of them.",
        )
        .device(|device| device.with_version(500).with_key_kind(KeyKind::MlDsa65))
        .policy(|policy| {
            policy.refuse_unknown_tags = true;
            policy.accept_any_key = true;
        }),
    ]);
    vectors
}
