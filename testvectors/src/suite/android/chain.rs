//! Groups android-chain, android-time and android-revocation: what the chain says of itself, and a list about it.

use super::faults::{
    ANCHOR_UNKNOWN, CHAIN_LENGTH, CLOCK_UNSET, EXPIRED, FACTORY_REFUSED, ISSUER_MISMATCH, NOT_AUTHORITY, NOT_YET_VALID,
    PROVISIONING_UNKNOWN, REVOKED, SUSPENDED,
};
use super::{Base, Fault, Unminted, add_issuer, catalogue, now};
use crate::android::{AndroidPki, set_validity};
use crate::android_vector::{AndroidRoot, AndroidVector};
use crate::certificate::{UnsignedCertificate, algorithm, field, name, name_of, oid, part};
use crate::der::Der;
use crate::keys::Signer;

pub(super) fn vectors() -> Vec<Unminted> {
    [anchors(), names(), provisioning(), lengths(), authorities(), times(), revocation()]
        .into_iter()
        .flatten()
        .collect()
}

/// Gives a certificate another subject, and the one below it that issuer.
fn rename(chain: &mut [UnsignedCertificate], position: usize, subject: &Der) {
    chain[position].tbs[field::SUBJECT] = subject.clone();
    chain[position - 1].tbs[field::ISSUER] = subject.clone();
}

fn anchors() -> Vec<Unminted> {
    let attacker = |id: &'static str, base: Base, description: &'static str| {
        let device = move || base.device().with_authorities(AndroidPki::attacker());
        Unminted::on(base, id, description).device(move |_| device())
    };
    vec![
        attacker(
            "android-chain::another-root",
            Base::Remote,
            "The whole chain is an attacker's, whose root has the right name.",
        )
        .fails(ANCHOR_UNKNOWN),
        attacker(
            "android-chain::another-rsa-root",
            Base::Factory,
            "The whole chain is an attacker's, whose RSA root has the right name.",
        )
        .fails(ANCHOR_UNKNOWN),
        Unminted::new("android-chain::root-of-another-name", "The root has the right key and another name.")
            .unsigned(|chain| {
                let other = name(&[(oid::COMMON_NAME, "Genuine Test Android P-385 Root")]);
                let root = chain.len() - 1;
                chain[root].tbs[field::ISSUER] = other.clone();
                rename(chain, root, &other);
            })
            .fails(ANCHOR_UNKNOWN),
        Unminted::on(
            Base::RemoteWithoutRoot,
            "android-chain::issuer-is-no-anchor",
            "The root is left out, and the last issuer is unknown.",
        )
        .certificate(3, |certificate| {
            certificate.tbs[field::ISSUER] = name(&[(oid::COMMON_NAME, "Key Attestation CA2")]);
        })
        .fails(ANCHOR_UNKNOWN),
        Unminted::new(
            "android-chain::rsa-root-not-pinned",
            "Only the root on P-384 is pinned, and the chain is under the other.",
        )
        .with_base(Base::UnderRsa)
        .said(|vector| vector.anchors = Some(vec![AndroidRoot::P384]))
        .fails(ANCHOR_UNKNOWN),
        Unminted::new(
            "android-chain::p384-root-not-pinned",
            "Only the RSA root is pinned, and the chain is under the other.",
        )
        .said(|vector| vector.anchors = Some(vec![AndroidRoot::Rsa]))
        .fails(ANCHOR_UNKNOWN),
        Unminted::new("android-chain::p384-root-alone", "Only the root on P-384 is pinned, and the chain is under it.")
            .said(|vector| vector.anchors = Some(vec![AndroidRoot::P384])),
        Unminted::on(
            Base::UnderRsa,
            "android-chain::rsa-root-alone",
            "Only the RSA root is pinned, and the chain is under it.",
        )
        .said(|vector| vector.anchors = Some(vec![AndroidRoot::Rsa])),
        Unminted::on(Base::Factory, "android-chain::software-root", "The chain ends in a root of an emulator.")
            .unsigned(|chain| {
                let key = Signer::p256("android software root");
                let other = name(&[(oid::COMMON_NAME, "Android Keystore Software Attestation Root")]);
                let root = chain.len() - 1;
                chain[root].tbs[field::SPKI] = key.public_key();
                chain[root].tbs[field::ISSUER] = other.clone();
                rename(chain, root, &other);
                for position in [root, root - 1] {
                    chain[position].signer = key.clone();
                    chain[position].set_algorithm(&algorithm(oid::ECDSA_SHA256));
                }
            })
            .fails(ANCHOR_UNKNOWN),
        Unminted::on(
            Base::Factory,
            "android-chain::root-key-of-the-other-kind",
            "The root has the RSA root's name and the key on P-384.",
        )
        .unsigned(|chain| {
            let p384 = catalogue().authorities().p384_root_signer().clone();
            let root = chain.len() - 1;
            chain[root].tbs[field::SPKI] = p384.public_key();
            for position in [root, root - 1] {
                chain[position].signer = p384.clone();
                chain[position].set_algorithm(&algorithm(oid::ECDSA_SHA256));
            }
        })
        .fails(ANCHOR_UNKNOWN),
    ]
}

fn names() -> Vec<Unminted> {
    let issuer = |id: String, position: usize, description: String, change: fn(&mut Der)| {
        Unminted::new(id, description)
            .certificate(position, move |certificate| change(&mut certificate.tbs[field::ISSUER]))
            .fails(ISSUER_MISMATCH)
    };
    let mut vectors: Vec<_> = ["leaf", "attestation", "droid-ca3"]
        .into_iter()
        .enumerate()
        .map(|(position, who)| {
            issuer(
                format!("android-chain::{who}-issuer-differs"),
                position,
                format!("The issuer in certificate {position} differs from the subject above it in one letter."),
                |name| {
                    let last = name.elements().last_mut().expect("an attribute");
                    *last[0][1].octets().last_mut().expect("a letter") ^= 1;
                },
            )
        })
        .collect();
    vectors.extend([
        issuer(
            "android-chain::issuer-in-another-order".to_owned(),
            1,
            "The attributes of the attestation certificate's issuer stand in another order.".to_owned(),
            |name| name.elements().reverse(),
        ),
        issuer(
            "android-chain::issuer-of-another-string-type".to_owned(),
            1,
            "The issuer's strings are of the type UTF8String, those of the subject above of the type PrintableString."
                .to_owned(),
            |name| {
                for attribute in name.elements() {
                    attribute[0][1].tag = vec![crate::der::tag::UTF8_STRING];
                }
            },
        ),
        issuer("android-chain::issuer-empty".to_owned(), 0, "The leaf's issuer is empty.".to_owned(), |name| {
            name.elements().clear();
        }),
        Unminted::new(
            "android-chain::attestation-and-ca3-swapped",
            "Attestation certificate and Droid CA3 stand in the other order.",
        )
        .signed(|chain| chain.swap(1, 2))
        .fails(ISSUER_MISMATCH),
        Unminted::new("android-chain::ca3-missing", "Droid CA3 is missing.")
            .signed(|chain| {
                chain.remove(2);
            })
            .fails(ISSUER_MISMATCH),
        Unminted::new(
            "android-chain::leaf-of-another-phone",
            "The leaf is of another phone under the same authorities.",
        )
        .signed(|chain| {
            let other = crate::android::AndroidDevice::new("another phone").attest(super::CHALLENGE);
            chain[0] = Der::decode(&other.certificates[0]);
        })
        .fails(ISSUER_MISMATCH),
        Unminted::on(Base::Remote, "android-chain::root-first", "The root stands first, as in lists from the root on.")
            .signed(|chain| chain.reverse())
            .fails(super::faults::DESCRIPTION_MISSING),
    ]);
    vectors
}

fn provisioning() -> Vec<Unminted> {
    let droid = |id: &'static str, description: &'static str, subject: fn() -> Der| {
        Unminted::new(id, description).unsigned(move |chain| rename(chain, 3, &subject())).fails(PROVISIONING_UNKNOWN)
    };
    vec![
        droid("android-chain::droid-ca4", "The last intermediate is Droid CA4, which Google does not have.", || {
            name_of(vec![
                (oid::ORGANIZATION, Der::printable("Google LLC")),
                (oid::COMMON_NAME, Der::printable("Droid CA4")),
            ])
        }),
        droid("android-chain::droid-of-nobody", "The last intermediate is Droid CA2 of no organization.", || {
            name_of(vec![(oid::COMMON_NAME, Der::printable("Droid CA2"))])
        }),
        droid("android-chain::droid-of-another", "The last intermediate is Droid CA2 of another organization.", || {
            name_of(vec![
                (oid::ORGANIZATION, Der::printable("Google")),
                (oid::COMMON_NAME, Der::printable("Droid CA2")),
            ])
        }),
        droid("android-chain::droid-longer", "The last intermediate is Droid CA22.", || {
            name_of(vec![
                (oid::ORGANIZATION, Der::printable("Google LLC")),
                (oid::COMMON_NAME, Der::printable("Droid CA22")),
            ])
        }),
        droid("android-chain::droid-as-unit", "Google LLC is an organizational unit of the last intermediate.", || {
            name_of(vec![
                (oid::ORGANIZATIONAL_UNIT, Der::printable("Google LLC")),
                (oid::COMMON_NAME, Der::printable("Droid CA2")),
            ])
        }),
        Unminted::on(
            Base::Factory,
            "android-chain::batch-without-serial-number",
            "The batch intermediate has a level and no serial number.",
        )
        .unsigned(|chain| {
            let subject = name_of(vec![(oid::TITLE, Der::utf8("TEE"))]);
            rename(chain, 2, &subject);
        })
        .fails(PROVISIONING_UNKNOWN),
        Unminted::on(Base::Factory, "android-chain::factory-refused", "The policy asks for remote provisioning.")
            .policy(|policy| policy.require_remote_provisioning = true)
            .fails(FACTORY_REFUSED),
        Unminted::on(
            Base::FactoryRsa3072,
            "android-chain::factory-rsa-refused",
            "The policy asks for remote provisioning.",
        )
        .policy(|policy| policy.require_remote_provisioning = true)
        .fails(FACTORY_REFUSED),
    ]
}

fn lengths() -> Vec<Unminted> {
    vec![
        Unminted::new("android-chain::remote-of-4", "Droid CA2 itself signed the attestation certificate.")
            .unsigned(|chain| {
                let signer = catalogue().authorities().ca2_signer();
                chain.remove(2);
                chain[1].tbs[field::ISSUER] = chain[2].tbs[field::SUBJECT].clone();
                chain[1].signer = signer;
            })
            .fails(CHAIN_LENGTH),
        Unminted::new("android-chain::remote-of-6", "An authority stands between the attestation certificate and the leaf.")
            .unsigned(|chain| add_issuer(chain, 1))
            .fails(CHAIN_LENGTH),
        Unminted::on(Base::RemoteWithoutRoot, "android-chain::remote-of-5-without-root", "The root is left out, and an authority more stands there.")
            .unsigned(|chain| add_issuer(chain, 1))
            .fails(CHAIN_LENGTH),
        Unminted::on(Base::Factory, "android-chain::factory-of-3", "The batch intermediate itself signed the leaf.")
            .unsigned(|chain| {
                let signer = catalogue().authorities().batch_signer(crate::android::Batch::Ec);
                chain.remove(1);
                chain[0].tbs[field::ISSUER] = chain[1].tbs[field::SUBJECT].clone();
                chain[0].signer = signer;
            })
            .fails(CHAIN_LENGTH),
        Unminted::on(Base::Factory, "android-chain::factory-of-5", "An authority stands between the attestation certificate and the leaf.")
            .unsigned(|chain| add_issuer(chain, 1))
            .fails(CHAIN_LENGTH),
        Unminted::on(
            Base::FactoryWithoutRoot,
            "android-chain::factory-of-4-without-root",
            "The root is left out, and an authority more makes it four certificates.",
        )
        .unsigned(|chain| add_issuer(chain, 1))
        .fails(CHAIN_LENGTH),
        Unminted::on(
            Base::FactoryWithoutRoot,
            "android-chain::factory-of-4-no-authority",
            "The root is left out, and an attestation certificate that is CA:FALSE signed another, which signed the leaf.",
        )
        .unsigned(|chain| {
            add_issuer(chain, 1);
            chain[2].set_extension_value(oid::BASIC_CONSTRAINTS, &[0x30, 0x00]);
        })
        .fails(CHAIN_LENGTH),
        Unminted::on(Base::AttestKey, "android-chain::attest-key-of-7", "An authority more stands above an attest key.")
            .unsigned(|chain| add_issuer(chain, 2))
            .fails(CHAIN_LENGTH),
    ]
}

/// Certificates above that of the secure hardware, which are those of authorities.
fn authorities() -> Vec<Unminted> {
    let mut vectors = Vec::new();
    for (base, position, who) in [
        (Base::Remote, 2, "droid-ca3"),
        (Base::Remote, 3, "droid-ca2"),
        (Base::UnderRsa, 3, "droid-ca2-under-rsa"),
        (Base::Factory, 2, "batch"),
        (Base::FactoryRsa3072, 2, "batch-rsa"),
        (Base::FactoryWithoutRoot, 2, "batch-without-root"),
        (Base::AttestKey, 3, "above-attest-key"),
    ] {
        let certificate = |id: &str, description: &str, change: fn(&mut UnsignedCertificate)| {
            Unminted::on(
                base,
                format!("android-chain::{who}-{id}"),
                format!("Certificate {position}, an issuer above the secure hardware's, {description}."),
            )
            .certificate(position, change)
        };
        vectors.extend([
            certificate("no-authority", "is CA:FALSE", |certificate| {
                certificate.set_extension_value(oid::BASIC_CONSTRAINTS, &[0x30, 0x00]);
            })
            .fails(NOT_AUTHORITY),
            certificate("without-constraints", "has no basicConstraints", |certificate| {
                certificate.remove_extension(oid::BASIC_CONSTRAINTS);
            })
            .fails(NOT_AUTHORITY),
            certificate("for-signing", "has a keyUsage without keyCertSign", |certificate| {
                certificate.set_extension_value(oid::KEY_USAGE, &[0x03, 0x02, 0x07, 0x80]);
            })
            .fails(NOT_AUTHORITY),
            certificate("without-key-usage", "has no keyUsage, which leaves it all uses", |certificate| {
                certificate.remove_extension(oid::KEY_USAGE);
            }),
        ]);
    }
    vectors
}

fn times() -> Vec<Unminted> {
    let mut vectors = Vec::new();
    for (position, who) in [(1, "attestation"), (2, "droid-ca3"), (3, "droid-ca2")] {
        let times = move |end: &str, description: &str, not_before: i64, not_after: i64| {
            let at = |offset: i64| now().checked_add_signed(offset).expect("a time");
            Unminted::new(format!("android-time::{who}-{end}"), format!("Certificate {position} {description}."))
                .certificate(position, move |certificate| set_validity(certificate, at(not_before), at(not_after)))
        };
        vectors.extend([
            times("begins-now", "begins at the second of verification", 0, 86_400),
            times("begins-in-a-second", "begins a second later", 1, 86_400)
                .with_twin(format!("android-time::{who}-begins-now"))
                .fails(NOT_YET_VALID),
            times("ends-now", "ends at the second of verification", -86_400, 0),
            times("ended-a-second-ago", "ended a second ago", -86_400, -1)
                .with_twin(format!("android-time::{who}-ends-now"))
                .fails(EXPIRED),
            times("ignored-before", "begins a second later, which the policy does not ask", 1, 86_400)
                .policy(|policy| policy.danger_ignore_validity_period = true),
            times("ignored-after", "ended a second ago, which the policy does not ask", -86_400, -1)
                .policy(|policy| policy.danger_ignore_validity_period = true),
        ]);
    }
    for (position, who) in [(1, "factory-attestation"), (2, "batch")] {
        let times = move |end: &str, description: &str, not_before: i64, not_after: i64| {
            let at = |offset: i64| now().checked_add_signed(offset).expect("a time");
            Unminted::on(
                Base::Factory,
                format!("android-time::{who}-{end}"),
                format!("Certificate {position} of a factory chain {description}."),
            )
            .certificate(position, move |certificate| set_validity(certificate, at(not_before), at(not_after)))
        };
        vectors.extend([
            times("begins-now", "begins at the second of verification", 0, 86_400),
            times("begins-in-a-second", "begins a second later", 1, 86_400)
                .with_twin(format!("android-time::{who}-begins-now"))
                .fails(NOT_YET_VALID),
            times("ended-a-second-ago", "ended a second ago, which nobody asks", -86_400, -1),
        ]);
    }
    vectors.extend([
        Unminted::new("android-time::clock-unset", "The clock of the verifier is not set.")
            .said(|vector| vector.now = 0)
            .fails(CLOCK_UNSET),
        Unminted::new(
            "android-time::clock-unset-ignored",
            "The clock is not set, and the policy does not ask for the validity.",
        )
        .said(|vector| vector.now = 0)
        .policy(|policy| policy.danger_ignore_validity_period = true),
        Unminted::on(
            Base::UnderRsa,
            "android-time::under-rsa-expired",
            "A remotely provisioned chain under the RSA root has run out.",
        )
        .said(|vector| vector.now += 13 * 86_400)
        .fails(EXPIRED),
        Unminted::on(
            Base::AttestKey,
            "android-time::attest-key-expired",
            "The certificate of the attest key has run out, which nobody asks.",
        )
        .certificate(1, |certificate| set_validity(certificate, now() - 100, now() - 1)),
        Unminted::new("android-time::two-months-later", "The chain is verified two months after it was made.")
            .said(|vector| vector.now += 60 * 86_400)
            .fails(EXPIRED),
        Unminted::new("android-time::two-months-earlier", "The chain is verified two months before it was made.")
            .said(|vector| vector.now -= 60 * 86_400)
            .fails(NOT_YET_VALID),
    ]);
    vectors
}

/// The serial number of a certificate of the vector, as a revocation list has it.
fn serial(vector: &AndroidVector, position: usize) -> String {
    let mut certificate = Der::decode(&vector.certificates_b64[position].0);
    super::serial(&mut certificate[part::TBS][field::SERIAL])
}

fn revocation() -> Vec<Unminted> {
    /// The attestation certificate has this serial number, and the list this one.
    fn listed(id: &'static str, description: &'static str, octets: &'static [u8], listed: &'static str) -> Unminted {
        Unminted::on(Base::Factory, id, description)
            .certificate(1, |certificate| *certificate.tbs[field::SERIAL].octets() = octets.to_vec())
            .said(move |vector| vector.revoked = vec![listed.to_owned()])
    }
    const DIGITS: &[u8] = &[0x03, 0x88, 0x26, 0x67, 0x60, 0x65, 0x89, 0x96, 0x86, 0x0D];
    const DECIMAL: &[u8] = &[0x16, 0x58, 0x07, 0x68, 0x33, 0x55, 0x59, 0x03, 0x16, 0x05];
    let mut vectors = Vec::new();
    for (base, position, who) in [
        (Base::Remote, 0, "leaf"),
        (Base::Remote, 1, "attestation"),
        (Base::Remote, 2, "droid-ca3"),
        (Base::Remote, 3, "droid-ca2"),
        (Base::Factory, 1, "factory-attestation"),
        (Base::Factory, 2, "batch"),
        (Base::AttestKey, 2, "attestation-above-attest-key"),
        (Base::RemoteWithoutRoot, 3, "droid-ca2-without-root"),
        (Base::FactoryWithoutRoot, 2, "batch-without-root"),
    ] {
        vectors.extend([
            Unminted::on(
                base,
                format!("android-revocation::{who}-revoked"),
                format!("The serial number of certificate {position} is revoked."),
            )
            .said(move |vector| vector.revoked = vec![serial(vector, position)])
            .fails(REVOKED),
            Unminted::on(
                base,
                format!("android-revocation::{who}-suspended"),
                format!("The serial number of certificate {position} is suspended."),
            )
            .said(move |vector| vector.suspended = vec![serial(vector, position)])
            .fails(SUSPENDED),
        ]);
    }
    let fails = |unminted: Unminted, fault: Fault| unminted.fails(fault);
    vectors.extend([
        fails(
            listed(
                "android-revocation::odd-number-of-digits",
                "The serial number begins with 03, and the list with 3.",
                DIGITS,
                "388266760658996860d",
            ),
            REVOKED,
        ),
        fails(
            listed(
                "android-revocation::all-digits",
                "The hexadecimal digits of the serial number spell a decimal number.",
                DECIMAL,
                "16580768335559031605",
            ),
            REVOKED,
        ),
        listed(
            "android-revocation::decimal-of-another",
            "The list has a serial number that is this one's in decimal digits.",
            &[0x00, 0xE6, 0x1A, 0xB8, 0xF3, 0xD8, 0x0A, 0x7B, 0x35],
            "16580768335559031605",
        ),
        listed(
            "android-revocation::longer-one",
            "The list has a serial number that begins as this one.",
            DIGITS,
            "388266760658996860d0",
        ),
        listed(
            "android-revocation::shorter-one",
            "The list has the beginning of this serial number.",
            DIGITS,
            "388266760658996860",
        ),
        fails(
            listed(
                "android-revocation::top-bit-set",
                "The serial number has a leading zero octet for its sign, and the list has none.",
                &[0x00, 0xAB, 0x4D, 0x58],
                "ab4d58",
            ),
            REVOKED,
        ),
        Unminted::new(
            "android-revocation::root-revoked",
            "The serial number of the root is revoked, which nobody asks.",
        )
        .said(|vector| vector.revoked = vec![serial(vector, 4)]),
        Unminted::new("android-revocation::others-revoked", "Other serial numbers are revoked and suspended.").said(
            |vector| {
                vector.revoked = vec!["a".to_owned(), "ff".to_owned()];
                vector.suspended = vec!["2".to_owned()];
            },
        ),
        Unminted::new(
            "android-revocation::suspended-accepted",
            "The attestation certificate is suspended, which the policy accepts.",
        )
        .said(|vector| vector.suspended = vec![serial(vector, 1)])
        .policy(|policy| policy.accept_suspended = true),
        Unminted::new(
            "android-revocation::revoked-not-accepted",
            "The attestation certificate is revoked, and the policy accepts suspended ones.",
        )
        .said(|vector| vector.revoked = vec![serial(vector, 1)])
        .policy(|policy| policy.accept_suspended = true)
        .with_twin("android-revocation::suspended-accepted")
        .fails(REVOKED),
        Unminted::new(
            "android-revocation::one-of-each",
            "The attestation certificate is suspended, and Droid CA3 revoked.",
        )
        .said(|vector| {
            vector.suspended = vec![serial(vector, 1)];
            vector.revoked = vec![serial(vector, 2)];
        })
        .policy(|policy| policy.accept_suspended = true)
        .with_twin("android-revocation::suspended-accepted")
        .fails(REVOKED),
    ]);
    vectors
}
