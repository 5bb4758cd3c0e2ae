//! Group android-forged: trap T1, the leaf that a key of an app signed, and whatever else puts a description where none belongs.
//!
//! Whoever has a phone has a genuine key, and that can sign a certificate with any description. Signatures, names and root of such a
//! chain are all in order.

use super::faults::{ATTEST_KEY_MISMATCH, CHAIN_LENGTH, DESCRIPTION_ELSEWHERE, DESCRIPTION_MISSING, PURPOSE};
use super::{Base, CHALLENGE, Fault, Unminted};
use crate::android::{AndroidDevice, ApplicationId, KeyDescription, key_certificate, member, tag};
use crate::certificate::{UnsignedCertificate, algorithm, extension, field, name, oid};
use crate::der::Der;
use crate::keys::{Hash, Signer};

pub(super) fn vectors() -> Vec<Unminted> {
    [forged(), elsewhere(), attest_keys()].into_iter().flatten().collect()
}

/// keyUsage digitalSignature.
const DIGITAL_SIGNATURE: &[u8] = &[0x03, 0x02, 0x07, 0x80];

/// Puts a leaf below the first certificate, whose key signs it.
fn forge(chain: &mut Vec<UnsignedCertificate>, signer: &Signer, description: &Der) {
    let forger = Signer::p256("android forger").public_key();
    let issuer = chain[0].tbs[field::SUBJECT].clone();
    chain.insert(0, key_certificate(&forger, issuer, description, signer, DIGITAL_SIGNATURE));
}

/// A forged leaf below the genuine one of this phone. The forged description is what the server wants.
fn below(base: Base, id: impl Into<String>, description: impl Into<String>) -> Unminted {
    let device = base.device();
    let wanted = device.description(CHALLENGE).to_der();
    Unminted::on(base, id, description).unsigned(move |chain| forge(chain, &device.signer(), &wanted))
}

fn forged() -> Vec<Unminted> {
    let mut vectors: Vec<_> = [
        (Base::Remote, "remote"),
        (Base::StrongBox, "strong-box"),
        (Base::UnderRsa, "under-rsa"),
        (Base::Factory, "factory"),
        (Base::FactoryStrongBox, "factory-strong-box"),
        (Base::FactoryRsa3072, "factory-rsa-3072"),
        (Base::FactoryRsa2048, "factory-rsa-2048"),
        (Base::RemoteWithoutRoot, "remote-without-root"),
        (Base::FactoryWithoutRoot, "factory-without-root"),
        (Base::OwnSystem, "own-system"),
        (Base::Version2, "version-2"),
    ]
    .into_iter()
    .map(|(base, of)| {
        below(base, format!("android-forged::below-{of}"), "A genuine key that signs has signed a forged leaf.")
            .fails(DESCRIPTION_ELSEWHERE)
    })
    .collect();
    // What the server wants stands in the forged leaf alone.
    let unlike = |id: &'static str, description: &'static str, change: fn(&mut KeyDescription)| {
        below(Base::Remote, id, description).describes(change).fails(DESCRIPTION_ELSEWHERE)
    };
    vectors.extend([
        unlike("android-forged::below-another-app", "The genuine key is of another app, over another challenge.", |genuine| {
            genuine.challenge = b"another challenge".to_vec();
            let other = ApplicationId {
                packages: vec![("com.example.attacker".to_owned(), 1)],
                signing_digests: vec![vec![0xAA; 32]],
            };
            genuine.software_enforced.set_octets(tag::ATTESTATION_APPLICATION_ID, &other.to_der().encode());
        }),
        unlike("android-forged::below-unlocked", "The genuine key is of an unlocked phone.", |genuine| {
            let root_of_trust = genuine.hardware_enforced.value(tag::ROOT_OF_TRUST);
            *root_of_trust[0].octets() = vec![0; 32];
            root_of_trust[1].octets()[0] = 0;
            root_of_trust[2].octets()[0] = 2;
        }),
        unlike("android-forged::below-imported", "The genuine key was imported, so that others have it.", |genuine| {
            genuine.hardware_enforced.set_number(tag::ORIGIN, 2);
        }),
        below(Base::Remote, "android-forged::below-no-authority", "The genuine leaf says that it is no authority.")
            .certificate(1, |genuine| {
                genuine.extensions().push(extension(oid::BASIC_CONSTRAINTS, true, &[0x30, 0x00]));
            })
            .fails(DESCRIPTION_ELSEWHERE),
        below(Base::Remote, "android-forged::below-an-authority", "The genuine leaf may sign certificates.")
            .certificate(1, |genuine| {
                genuine.set_extension_value(oid::KEY_USAGE, &[0x03, 0x02, 0x02, 0x04]);
                genuine
                    .extensions()
                    .push(extension(oid::BASIC_CONSTRAINTS, true, &[0x30, 0x03, 0x01, 0x01, 0xFF]));
            })
            .fails(DESCRIPTION_ELSEWHERE),
        below(Base::RsaKey, "android-forged::below-rsa-key", "A genuine RSA key of an app has signed a forged leaf.")
            .fails(DESCRIPTION_ELSEWHERE),
        below(Base::Remote, "android-forged::below-attest-keys-accepted", "The policy accepts attest keys; the genuine key is for signing.")
            .policy(|policy| policy.accept_attest_keys = true)
            .with_twin(Base::AttestKey.id())
            .fails(ATTEST_KEY_MISMATCH),
        below(Base::Factory, "android-forged::below-factory-attest-keys-accepted", "The same with factory keys.")
            .policy(|policy| policy.accept_attest_keys = true)
            .with_twin(Base::FactoryAttestKey.id())
            .fails(ATTEST_KEY_MISMATCH),
        Unminted::new("android-forged::below-forged-attest-key", "A genuine key signed a forged attest key, which signed the leaf.")
            .with_base(Base::AttestKey)
            .device(|_| Base::Remote.device())
            .unsigned(|chain| two_forged(chain, &Base::Remote.device()))
            .fails(CHAIN_LENGTH),
        Unminted::on(
            Base::FactoryAttestKey,
            "android-forged::below-forged-attest-key-without-root",
            "The same with factory keys, and the root left out: as many certificates as with an attest key and the root.",
        )
        .device(|_| Base::FactoryWithoutRoot.device())
        .unsigned(|chain| two_forged(chain, &Base::FactoryWithoutRoot.device()))
        .fails(CHAIN_LENGTH),
        Unminted::on(
            Base::FactoryWithoutRoot,
            "android-forged::below-forged-attestation",
            "A genuine key signed a certificate as of an attestation key, which signed the leaf.",
        )
        .unsigned(|chain| {
            // Leaf, forged attestation certificate, genuine leaf and so on.
            let device = Base::FactoryWithoutRoot.device();
            let mut attestation = chain[1].clone();
            let key = Signer::p256("android forged attestation");
            attestation.tbs[field::SUBJECT] = name(&[(oid::SERIAL_NUMBER, "0123456789abcdef")]);
            attestation.tbs[field::SPKI] = key.public_key();
            attestation.tbs[field::ISSUER] = chain[0].tbs[field::SUBJECT].clone();
            attestation.set_algorithm(&algorithm(oid::ECDSA_SHA256));
            attestation.signer = device.signer();
            chain.insert(0, attestation);
            forge(chain, &key, &device.description(CHALLENGE).to_der());
        })
        .fails(CHAIN_LENGTH),
    ]);
    vectors
}

/// A forged attest key below the genuine leaf, and a forged leaf below that.
fn two_forged(chain: &mut Vec<UnsignedCertificate>, device: &AndroidDevice) {
    let attest_key = Signer::p256("android forged attest key");
    let issuer = chain[0].tbs[field::SUBJECT].clone();
    let description = device.attest_key_description(CHALLENGE).to_der();
    let forged = key_certificate(&attest_key.public_key(), issuer, &description, &device.signer(), DIGITAL_SIGNATURE);
    chain.insert(0, forged);
    forge(chain, &attest_key, &device.description(CHALLENGE).to_der());
}

/// Puts a description into a certificate.
fn describe(certificate: &mut UnsignedCertificate, description: &Der) {
    certificate.extensions().push(extension(oid::KEY_DESCRIPTION, false, &description.encode()));
}

fn elsewhere() -> Vec<Unminted> {
    let in_both = |base: Base, position: usize, id: &'static str, description: &'static str| {
        let value = base.device().description(CHALLENGE).to_der();
        Unminted::on(base, id, description)
            .certificate(position, move |certificate| describe(certificate, &value))
            .fails(DESCRIPTION_ELSEWHERE)
    };
    let alone = |position: usize, id: &'static str, description: &'static str| {
        Unminted::new(id, description)
            .unsigned(move |chain| {
                let value = chain[0].extension(oid::KEY_DESCRIPTION).clone();
                chain[0].remove_extension(oid::KEY_DESCRIPTION);
                chain[position].extensions().push(value);
            })
            .fails(DESCRIPTION_MISSING)
    };
    vec![
        in_both(
            Base::Remote,
            1,
            "android-forged::in-attestation-too",
            "The attestation certificate has the leaf's description as well.",
        ),
        in_both(Base::Remote, 2, "android-forged::in-droid-ca3-too", "Droid CA3 has the leaf's description as well."),
        in_both(Base::Remote, 3, "android-forged::in-droid-ca2-too", "Droid CA2 has the leaf's description as well."),
        in_both(
            Base::Factory,
            1,
            "android-forged::in-factory-attestation-too",
            "The factory attestation certificate has the leaf's description as well.",
        ),
        in_both(
            Base::Factory,
            2,
            "android-forged::in-batch-too",
            "The batch intermediate has the leaf's description as well.",
        ),
        in_both(
            Base::RemoteWithoutRoot,
            3,
            "android-forged::in-last-too",
            "The last certificate has the leaf's description as well, and the root is left out.",
        ),
        in_both(
            Base::Remote,
            1,
            "android-forged::in-attestation-attest-keys-accepted",
            "The policy accepts attest keys; the attestation certificate has the leaf's description as well.",
        )
        .policy(|policy| policy.accept_attest_keys = true)
        .with_twin(Base::AttestKey.id())
        .fails(ATTEST_KEY_MISMATCH),
        Unminted::new(
            "android-forged::attest-key-of-the-attestation",
            "The policy accepts attest keys; the attestation certificate describes itself as one.",
        )
        .certificate(1, |certificate| {
            describe(certificate, &Base::AttestKey.device().attest_key_description(CHALLENGE).to_der());
        })
        .policy(|policy| policy.accept_attest_keys = true)
        .with_twin(Base::AttestKey.id())
        .fails(ATTEST_KEY_MISMATCH),
        Unminted::new(
            "android-forged::nearest-to-root",
            "The description nearest to the root is what the server wants, the leaf's is not.",
        )
        .describes(|leaf| leaf.challenge = b"another challenge".to_vec())
        .certificate(1, |certificate| {
            describe(certificate, &Base::Remote.device().description(CHALLENGE).to_der());
        })
        .fails(DESCRIPTION_ELSEWHERE),
        Unminted::new(
            "android-forged::malformed-elsewhere",
            "The attestation certificate has NULL for a description as well.",
        )
        .certificate(1, |certificate| {
            certificate.extensions().push(extension(oid::KEY_DESCRIPTION, false, &[5, 0]));
        })
        .fails(DESCRIPTION_ELSEWHERE),
        alone(1, "android-forged::in-attestation-alone", "The attestation certificate alone has a description."),
        alone(2, "android-forged::in-droid-ca3-alone", "Droid CA3 alone has a description."),
        alone(3, "android-forged::in-droid-ca2-alone", "Droid CA2 alone has a description."),
    ]
}

/// A chain with an attest key whose description was changed.
fn attest_key(id: &str, description: &str, change: impl Fn(&mut KeyDescription) + 'static) -> Unminted {
    Unminted::on(Base::AttestKey, format!("android-forged::attest-key-{id}"), description)
        .mutated(|mutation| mutation.attest_key_description(change))
        .fails(ATTEST_KEY_MISMATCH)
}

fn attest_keys() -> Vec<Unminted> {
    fn hardware(id: &str, description: &str, change: fn(&mut crate::android::AuthorizationList)) -> Unminted {
        attest_key(id, description, move |attest_key| change(&mut attest_key.hardware_enforced))
    }
    fn root(id: &str, description: &str, change: fn(&mut Der)) -> Unminted {
        attest_key(id, description, move |attest_key| change(attest_key.hardware_enforced.value(tag::ROOT_OF_TRUST)))
    }
    fn app(id: &str, description: &str, change: fn(&mut Der)) -> Unminted {
        attest_key(id, description, move |attest_key| {
            let value = attest_key.software_enforced.value(tag::ATTESTATION_APPLICATION_ID).octets();
            let mut tree = Der::decode(value);
            change(&mut tree);
            *value = tree.encode();
        })
    }
    let not_accepted = |base: Base, id: &'static str| {
        Unminted::on(
            base,
            id,
            "A key with the purpose ATTEST_KEY signed the leaf, and the policy does not accept that.",
        )
        .policy(|policy| policy.accept_attest_keys = false)
        .fails(DESCRIPTION_ELSEWHERE)
    };
    vec![
        not_accepted(Base::AttestKey, "android-forged::attest-key-not-accepted"),
        not_accepted(Base::FactoryAttestKey, "android-forged::factory-attest-key-not-accepted"),
        not_accepted(Base::AttestKey, "android-forged::attest-key-not-accepted-without-root")
            .device(AndroidDevice::without_root)
            .with_twin("android-good::attest-key-without-root"),
        hardware("purpose-sign", "The attest key is for signing, and not for attesting.", |list| {
            list.set_numbers(tag::PURPOSE, &[2]);
        }),
        hardware("purposes-sign-and-attest", "The attest key is for signing as well.", |list| {
            list.set_numbers(tag::PURPOSE, &[2, 7]);
        }),
        hardware("no-purpose", "The attest key has no purposes.", |list| drop(list.remove(tag::PURPOSE))),
        hardware("purposes-empty", "The attest key's set of purposes is empty.", |list| {
            list.set_numbers(tag::PURPOSE, &[]);
        }),
        attest_key("purpose-by-software", "Software alone says that the attest key may attest.", |attest_key| {
            let purposes = attest_key.hardware_enforced.remove(tag::PURPOSE);
            attest_key.software_enforced.set(tag::PURPOSE, purposes);
        }),
        hardware("imported", "The attest key was imported.", |list| list.set_number(tag::ORIGIN, 2)),
        hardware("no-origin", "The attest key has no origin.", |list| drop(list.remove(tag::ORIGIN))),
        attest_key("origin-by-software", "Software alone says that the attest key was generated.", |attest_key| {
            let origin = attest_key.hardware_enforced.remove(tag::ORIGIN);
            attest_key.software_enforced.set(tag::ORIGIN, origin);
        }),
        attest_key("level-software", "Software attests the attest key.", |attest_key| {
            attest_key.attestation_security_level = 0;
        }),
        attest_key("keymint-level-software", "Software keeps the attest key.", |attest_key| {
            attest_key.key_mint_security_level = 0;
        }),
        attest_key(
            "level-strong-box",
            "A secure element keeps the attest key, and the trusted environment the leaf's.",
            |attest_key| {
                attest_key.attestation_security_level = 2;
                attest_key.key_mint_security_level = 2;
            },
        ),
        attest_key("challenge-differs", "The attest key is attested over another challenge.", |attest_key| {
            attest_key.challenge = b"another challenge".to_vec();
        }),
        attest_key("challenge-empty", "The attest key is attested over no challenge.", |attest_key| {
            attest_key.challenge.clear();
        }),
        root("boot-key-differs", "The attest key is of a phone with another boot key.", |root| {
            root[0].octets()[31] ^= 1;
        }),
        root("unlocked", "The attest key is of an unlocked phone.", |root| root[1].octets()[0] = 0),
        root("boot-state-differs", "The attest key is of a phone with another boot state.", |root| {
            root[2].octets()[0] = 1;
        }),
        root("boot-hash-differs", "The attest key is of a phone with another boot hash.", |root| {
            root[3].octets()[0] ^= 1;
        }),
        root("no-boot-hash", "The attest key has no boot hash.", |root| drop(root.elements().pop())),
        hardware("no-root-of-trust", "The attest key has no root of trust.", |list| {
            drop(list.remove(tag::ROOT_OF_TRUST));
        }),
        hardware("os-patch-level-differs", "The system's patch level of the attest key is another.", |list| {
            list.set_number(tag::OS_PATCH_LEVEL, 202_608);
        }),
        hardware("vendor-patch-level-differs", "The vendor's patch level of the attest key is another.", |list| {
            list.set_number(tag::VENDOR_PATCH_LEVEL, 20_260_805);
        }),
        hardware("boot-patch-level-differs", "The boot image's patch level of the attest key is another.", |list| {
            list.set_number(tag::BOOT_PATCH_LEVEL, 20_260_805);
        }),
        hardware("no-patch-levels", "The attest key has no patch level of the system.", |list| {
            list.remove(tag::OS_PATCH_LEVEL);
        }),
        app("package-differs", "The attest key is of another package.", |app| {
            app[0][0][0].octets()[0] ^= 1;
        }),
        app("package-version-differs", "The attest key is of another version of the package.", |app| {
            app[0][0][1].octets()[0] ^= 1;
        }),
        app("signing-digest-differs", "The attest key is of an app that is signed otherwise.", |app| {
            app[1][0].octets()[0] ^= 1;
        }),
        attest_key("no-app", "The attest key has no application identifier.", |attest_key| {
            attest_key.software_enforced.remove(tag::ATTESTATION_APPLICATION_ID);
        }),
        Unminted::on(
            Base::FactoryAttestKey,
            "android-forged::factory-attest-key-unlocked",
            "A factory phone's attest key is of an unlocked phone.",
        )
        .mutated(|mutation| {
            mutation.attest_key_description(|attest_key| {
                attest_key.hardware_enforced.value(tag::ROOT_OF_TRUST)[1].octets()[0] = 0;
            })
        })
        .fails(ATTEST_KEY_MISMATCH),
        with_attest_key(
            "without-description",
            CHAIN_LENGTH,
            "The certificate of the attest key has no description.",
            |chain| {
                chain[1].remove_extension(oid::KEY_DESCRIPTION);
            },
        ),
        with_attest_key(
            "and-in-attestation",
            DESCRIPTION_ELSEWHERE,
            "The attestation certificate has a description as well.",
            |chain| {
                describe(&mut chain[2], &Base::AttestKey.device().attest_key_description(CHALLENGE).to_der());
            },
        ),
        with_attest_key("and-in-droid-ca3", DESCRIPTION_ELSEWHERE, "Droid CA3 has a description as well.", |chain| {
            describe(&mut chain[3], &Base::AttestKey.device().attest_key_description(CHALLENGE).to_der());
        }),
        with_attest_key(
            "of-attest-key",
            CHAIN_LENGTH,
            "An attest key signed the attest key that signed the leaf.",
            |chain| {
                let device = Base::AttestKey.device();
                let second = Signer::p256("android second attest key");
                let issuer = chain[1].tbs[field::SUBJECT].clone();
                let description = device.attest_key_description(CHALLENGE).to_der();
                let signer = device.attest_key_signer();
                let added = key_certificate(&second.public_key(), issuer, &description, &signer, DIGITAL_SIGNATURE);
                chain[0].signer = second;
                chain[0].hash = Hash::Sha256;
                chain.insert(1, added);
            },
        ),
        Unminted::on(Base::AttestKey, "android-forged::attest-key-alone", "The leaf itself is an attest key.")
            .hardware(|list| list.set_numbers(tag::PURPOSE, &[7]))
            .fails(PURPOSE),
        Unminted::on(
            Base::AttestKey,
            "android-forged::attest-key-description-malformed",
            "The description of the attest key lacks a list.",
        )
        .certificate(1, |certificate| {
            let mut value = Der::decode(&certificate.extension(oid::KEY_DESCRIPTION)[1].octets().clone());
            value.elements().remove(member::HARDWARE_ENFORCED);
            certificate.set_extension_value(oid::KEY_DESCRIPTION, &value.encode());
        })
        .fails(ATTEST_KEY_MISMATCH),
    ]
}

/// A chain with an attest key that was changed before it was signed.
fn with_attest_key(
    id: &str,
    fault: Fault,
    description: &str,
    change: impl Fn(&mut Vec<UnsignedCertificate>) + 'static,
) -> Unminted {
    Unminted::on(Base::AttestKey, format!("android-forged::attest-key-{id}"), description).unsigned(change).fails(fault)
}
