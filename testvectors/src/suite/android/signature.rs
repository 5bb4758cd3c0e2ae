//! Group android-signature: the signatures of the chain.

use super::faults::{CERT_SIGNATURE_ENCODING, SIGNATURE};
use super::{Base, Unminted};
use crate::android::AndroidPki;
use crate::certificate::{algorithm, field, oid, part, signature_algorithm};
use crate::der::Der;
use crate::keys::{Hash, Signer, sha256};

pub(super) fn vectors() -> Vec<Unminted> {
    [links(), ecdsa(), rsa()].into_iter().flatten().collect()
}

/// Every link of every shape, with a bit of the signature flipped and with a bit of what was signed.
fn links() -> Vec<Unminted> {
    let mut vectors = Vec::new();
    for (base, of, count) in [
        (Base::Remote, "remote", 4),
        (Base::UnderRsa, "under-rsa", 4),
        (Base::Factory, "factory", 3),
        (Base::FactoryRsa3072, "factory-rsa-3072", 3),
        (Base::FactoryRsa2048, "factory-rsa-2048", 3),
        (Base::AttestKey, "attest-key", 5),
        (Base::RemoteWithoutRoot, "without-root", 4),
    ] {
        for position in 0..count {
            vectors.push(
                Unminted::on(
                    base,
                    format!("android-signature::{of}-{position}-flipped"),
                    format!("The last bit of the signature in certificate {position} is flipped."),
                )
                .signed(move |chain| {
                    let octets = chain[position][part::SIGNATURE].octets();
                    *octets.last_mut().expect("octets") ^= 1;
                })
                .fails(SIGNATURE),
            );
        }
    }
    for position in 0..4 {
        vectors.push(
            Unminted::new(
                format!("android-signature::changed-{position}"),
                format!("The serial number of certificate {position} was changed after it was signed."),
            )
            .signed(move |chain| {
                let serial = chain[position][part::TBS][field::SERIAL].octets();
                *serial.last_mut().expect("octets") ^= 2;
            })
            .fails(SIGNATURE),
        );
    }
    vectors
}

fn ecdsa() -> Vec<Unminted> {
    let by = |base: Base, position: usize, id: &'static str, description: &'static str, signer: fn() -> Signer| {
        Unminted::on(base, id, description)
            .certificate(position, move |certificate| certificate.signer = signer())
            .fails(SIGNATURE)
    };
    let named = |position: usize, id: &'static str, description: &'static str, hash: Hash| {
        Unminted::new(id, description)
            .certificate(position, move |certificate| certificate.hash = hash)
            .fails(SIGNATURE)
    };
    vec![
        by(Base::Remote, 0, "android-signature::leaf-by-another-phone", "Another phone's key signed the leaf.", || {
            crate::android::AndroidDevice::new("another phone").attestation_signer()
        }),
        by(Base::Remote, 0, "android-signature::leaf-by-itself", "The leaf's own key signed the leaf.", || {
            Base::Remote.device().signer()
        }),
        by(
            Base::Remote,
            1,
            "android-signature::attestation-by-attacker",
            "An attacker's Droid CA3 signed the attestation certificate.",
            || AndroidPki::attacker().ca3_signer(super::now()),
        ),
        by(Base::Remote, 2, "android-signature::ca3-by-attacker", "An attacker's Droid CA2 signed Droid CA3.", || {
            AndroidPki::attacker().ca2_signer()
        }),
        by(Base::Remote, 3, "android-signature::ca2-by-attacker", "An attacker's root signed Droid CA2.", || {
            AndroidPki::attacker().p384_root_signer().clone()
        }),
        by(
            Base::RemoteWithoutRoot,
            3,
            "android-signature::ca2-by-attacker-without-root",
            "An attacker's root signed Droid CA2, and no root is sent.",
            || AndroidPki::attacker().p384_root_signer().clone(),
        ),
        by(
            Base::Factory,
            2,
            "android-signature::batch-by-attacker",
            "An attacker's RSA root signed the batch intermediate.",
            || AndroidPki::attacker().rsa_signer().clone(),
        ),
        by(
            Base::FactoryWithoutRoot,
            2,
            "android-signature::batch-by-attacker-without-root",
            "An attacker's RSA root signed the batch intermediate, and no root is sent.",
            || AndroidPki::attacker().rsa_signer().clone(),
        ),
        named(
            0,
            "android-signature::leaf-with-another-hash",
            "The leaf names SHA-256 and is signed with SHA-384.",
            Hash::Sha384,
        ),
        named(
            2,
            "android-signature::ca3-with-another-hash",
            "Droid CA3 names SHA-384 and is signed with SHA-256.",
            Hash::Sha256,
        ),
        Unminted::on(
            Base::Factory,
            "android-signature::hash-by-curve",
            "A key on P-384 signed with SHA-384 what names SHA-256.",
        )
        .certificate(1, |certificate| certificate.hash = Hash::Sha384)
        .fails(SIGNATURE),
        Unminted::on(
            Base::Factory,
            "android-signature::p384-with-sha384",
            "A batch key on P-384 signed with SHA-384, and says so.",
        )
        .certificate(1, |certificate| {
            certificate.hash = Hash::Sha384;
            certificate.set_algorithm(&algorithm(oid::ECDSA_SHA384));
        }),
        Unminted::new("android-signature::ca2-without-issuer-key", "A key on P-256 signed Droid CA2.")
            .certificate(3, |certificate| certificate.signer = Signer::p256("android root on P-256"))
            .fails(SIGNATURE),
        Unminted::new("android-signature::r-zero", "r of the leaf's signature is zero.")
            .signed(|chain| {
                let octets = chain[0][part::SIGNATURE].octets();
                let mut value = Der::decode(&octets[1..]);
                value[0] = Der::small_integer(0);
                octets.truncate(1);
                octets.extend(value.encode());
            })
            .fails(SIGNATURE),
    ]
}

/// RSA signatures whose encoded message is not the one that PKCS #1 v1.5 asks for.
fn rsa() -> Vec<Unminted> {
    /// The leaf under RSA-2048, with a signature over another encoded message.
    fn encoded(id: &'static str, description: &'static str, payload: fn(&[u8; 32]) -> Vec<u8>) -> Unminted {
        Unminted::on(Base::FactoryRsa2048, id, description)
            .signed(move |chain| {
                let digest = sha256(&[&chain[0][part::TBS].encode()]);
                let Signer::Rsa(key) = Base::FactoryRsa2048.device().attestation_signer() else { unreachable!("RSA") };
                chain[0][part::SIGNATURE] = Der::bit_string(&key.sign_encoded(&payload(&digest)));
            })
            .fails(SIGNATURE)
    }
    /// The leaf under RSA-2048, with other octets in the place of the signature.
    fn octets(id: &'static str, description: &'static str, change: fn(&mut Vec<u8>)) -> Unminted {
        Unminted::on(Base::FactoryRsa2048, id, description)
            .signed(move |chain| {
                let octets = chain[0][part::SIGNATURE].octets();
                let mut signature = octets.split_off(1);
                change(&mut signature);
                octets.extend(signature);
            })
            .fails(SIGNATURE)
    }
    /// The same with a number of octets that no modulus has.
    fn length(id: &'static str, description: &'static str, change: fn(&mut Vec<u8>)) -> Unminted {
        octets(id, description, change).fails(CERT_SIGNATURE_ENCODING)
    }
    /// `DigestInfo` up to the digest, for SHA-256.
    const PREFIX: [u8; 19] = [
        0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04,
        0x20,
    ];
    vec![
        encoded("android-signature::rsa-without-null", "The DigestInfo of an RSA signature has no NULL.", |digest| {
            let mut info = [&PREFIX[..], digest].concat();
            info.drain(15..17);
            info[1] -= 2;
            info[3] -= 2;
            info
        }),
        encoded("android-signature::rsa-without-digest-info", "An RSA signature is over the bare digest.", |digest| {
            digest.to_vec()
        }),
        encoded("android-signature::rsa-names-sha1", "The DigestInfo of an RSA signature names SHA-1.", |digest| {
            [&[0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14], &digest[..20]]
                .concat()
        }),
        encoded(
            "android-signature::rsa-names-sha512",
            "The DigestInfo of an RSA signature names SHA-512 for 32 octets.",
            |digest| {
                let mut info = [&PREFIX[..], digest].concat();
                info[14] = 3;
                info
            },
        ),
        encoded(
            "android-signature::rsa-octets-after-digest",
            "Octets follow the digest in an RSA signature.",
            |digest| [&PREFIX[..], digest, &[0; 8]].concat(),
        ),
        encoded(
            "android-signature::rsa-length-long-form",
            "The DigestInfo of an RSA signature has a length in long form.",
            |digest| [&[0x30, 0x81, 0x31], &PREFIX[2..], digest].concat(),
        ),
        encoded("android-signature::rsa-of-another-digest", "An RSA signature is over another digest.", |digest| {
            let mut other = *digest;
            other[31] ^= 1;
            [&PREFIX[..], &other].concat()
        }),
        length("android-signature::rsa-octet-before", "A zero octet stands before an RSA signature.", |signature| {
            signature.insert(0, 0);
        }),
        length("android-signature::rsa-octet-after", "A zero octet follows an RSA signature.", |signature| {
            signature.push(0);
        }),
        length("android-signature::rsa-octet-missing", "The last octet of an RSA signature is missing.", |signature| {
            signature.pop();
        }),
        octets("android-signature::rsa-all-ones", "An RSA signature is all ones, above the modulus.", |signature| {
            signature.fill(0xFF);
        }),
        octets("android-signature::rsa-zero", "An RSA signature is zero.", |signature| signature.fill(0)),
        octets("android-signature::rsa-one", "An RSA signature is one.", |signature| {
            signature.fill(0);
            *signature.last_mut().expect("octets") = 1;
        }),
        Unminted::on(
            Base::FactoryRsa2048,
            "android-signature::rsa-of-another-size",
            "A key of 3072 bits signed the leaf, and the issuer's has 2048.",
        )
        .certificate(0, |certificate| certificate.signer = Base::FactoryRsa3072.device().attestation_signer())
        .fails(SIGNATURE),
        Unminted::on(
            Base::FactoryRsa2048,
            "android-signature::ecdsa-named-under-rsa",
            "The leaf names ECDSA, and its issuer has an RSA key.",
        )
        .certificate(0, |certificate| {
            certificate.signer = Signer::p256("android attestation on P-256");
            certificate.set_algorithm(&algorithm(oid::ECDSA_SHA256));
        })
        .fails(SIGNATURE),
        Unminted::new(
            "android-signature::rsa-named-under-ecdsa",
            "The leaf names RSA, and its issuer has a key on P-256.",
        )
        .certificate(0, |certificate| {
            certificate.signer = Base::FactoryRsa2048.device().attestation_signer();
            certificate.set_algorithm(&signature_algorithm(oid::RSA_SHA256));
        })
        .fails(SIGNATURE),
    ]
}
