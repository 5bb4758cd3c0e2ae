//! Contenders for bare ECDSA verification.
//!
//! Every iteration starts from the octets of the key and the DER of the signature, unless the contender's name says that
//! it keeps the parsed key. Where a library takes no digest, it gets the message, of 32 bytes.

use aws_lc_rs::{
    digest::{Digest, SHA256, SHA384},
    signature as aws,
};
use genuine_testvectors::keys::{Hash, Signer};
use graviola::{
    hashing::{Sha256, Sha384},
    signing::ecdsa as by_curve,
};
use openssl::{
    bn::BigNumContext,
    ec::{EcGroup, EcKey, EcPoint},
    ecdsa::EcdsaSig,
    nid::Nid,
    pkey::Public,
};
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use ring::signature as ring;

use crate::{
    measure::{Cases, Contender, Side},
    multi_buffer::{self, LANES, MultiBuffer},
    objects::{Signed, batches, signatures},
    ours,
};

/// A curve and a hash, and what the libraries call them.
#[derive(Clone, Copy)]
struct Algorithm {
    single: &'static str,
    batch: &'static str,
    curve: Curve,
    hash: Hash,
    aws: &'static aws::EcdsaVerificationAlgorithm,
    ring: &'static ring::EcdsaVerificationAlgorithm,
    openssl: Nid,
}

#[derive(Clone, Copy, PartialEq)]
enum Curve {
    P256,
    P384,
}

/// Of an assertion.
pub(crate) const P256: &str = "ECDSA P-256, SHA-256";
/// Of several assertions.
pub(crate) const P256_BATCH: &str = "ECDSA P-256, SHA-256, batch of 8";
/// Of a leaf certificate.
pub(crate) const P384: &str = "ECDSA P-384, SHA-256";
/// What the others are measured by.
pub(crate) const AWS_LC: &str = "aws-lc-rs";
/// The library of the default backend.
pub(crate) const DEFAULT: &str = "p256";

/// What App Attest uses: assertions, leaf certificates, intermediates.
const ALGORITHMS: [Algorithm; 3] = [
    Algorithm {
        single: P256,
        batch: P256_BATCH,
        curve: Curve::P256,
        hash: Hash::Sha256,
        aws: &aws::ECDSA_P256_SHA256_ASN1,
        ring: &ring::ECDSA_P256_SHA256_ASN1,
        openssl: Nid::X9_62_PRIME256V1,
    },
    Algorithm {
        single: P384,
        batch: "ECDSA P-384, SHA-256, batch of 8",
        curve: Curve::P384,
        hash: Hash::Sha256,
        aws: &aws::ECDSA_P384_SHA256_ASN1,
        ring: &ring::ECDSA_P384_SHA256_ASN1,
        openssl: Nid::SECP384R1,
    },
    Algorithm {
        single: "ECDSA P-384, SHA-384",
        batch: "ECDSA P-384, SHA-384, batch of 8",
        curve: Curve::P384,
        hash: Hash::Sha384,
        aws: &aws::ECDSA_P384_SHA384_ASN1,
        ring: &ring::ECDSA_P384_SHA384_ASN1,
        openssl: Nid::SECP384R1,
    },
];

/// All of them.
pub(crate) fn contenders() -> Vec<Contender> {
    let mut contenders = Vec::new();
    for algorithm in &ALGORITHMS {
        let signer = |seed: &str| match algorithm.curve {
            Curve::P256 => Signer::p256(seed),
            Curve::P384 => Signer::p384(seed),
        };
        contenders.extend(singles(algorithm, signatures(&signer("peers"), algorithm.hash).leak()));
        let signers = std::array::from_fn(|lane| signer(&format!("peers {lane}")));
        contenders.extend(batched(algorithm, batches(&signers, algorithm.hash).leak()));
    }
    contenders.extend(ours::preparing(|operation, cases| {
        let algorithm = ALGORITHMS[usize::from(operation == ours::PREPARE_P384)].aws;
        Contender::new(operation, "aws-lc-rs, one verification", Side::Yardstick, cases, |signed| {
            by_aws(algorithm, signed)
        })
        .into_reference()
    }));
    contenders
}

/// One signature after the other, all by one key.
fn singles(algorithm: &Algorithm, cases: &'static Cases<Signed>) -> Vec<Contender> {
    let Algorithm { curve, aws, ring, .. } = *algorithm;
    let point = cases.good[0].point.as_slice();
    let rival = |name: &str, accepts: Box<dyn FnMut(&Signed) -> bool>| {
        Contender::new(algorithm.single, name, Side::Rival, cases, accepts)
    };
    let parsed_by_aws = aws::ParsedPublicKey::new(aws, point).expect("a point");
    let mut contenders = match curve {
        Curve::P256 => ours::singles_p256(algorithm.single, cases),
        Curve::P384 => ours::singles_p384(algorithm.single, cases),
    };
    contenders.extend([
        rival(AWS_LC, Box::new(move |signed| by_aws(aws, signed))).into_reference(),
        rival(
            "aws-lc-rs, parsed key",
            Box::new(move |signed| parsed_by_aws.verify_digest_sig(&imported(signed), &signed.der).is_ok()),
        ),
        rival(
            "ring",
            Box::new(move |signed| {
                ring::UnparsedPublicKey::new(ring, &signed.point).verify(&signed.message, &signed.der).is_ok()
            }),
        ),
    ]);
    contenders.extend(by_openssl(algorithm, cases));
    contenders.extend(by_graviola(algorithm, cases));
    match curve {
        Curve::P256 => {
            let parsed = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).expect("a point");
            contenders.push(rival(DEFAULT, Box::new(|signed| by_p256(&p256_key(&signed.point), signed))));
            contenders.push(rival("p256, parsed key", Box::new(move |signed| by_p256(&parsed, signed))));
        }
        Curve::P384 => {
            let parsed = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).expect("a point");
            contenders.push(rival("p384", Box::new(|signed| by_p384(&p384_key(&signed.point), signed))));
            contenders.push(rival("p384, parsed key", Box::new(move |signed| by_p384(&parsed, signed))));
        }
    }
    contenders
}

/// Eight at a time, each by another key; all have to be good.
fn batched(algorithm: &Algorithm, cases: &'static Cases<[Signed; LANES]>) -> Vec<Contender> {
    let Algorithm { batch, curve, aws, .. } = *algorithm;
    let items = u32::try_from(LANES).expect("eight");
    let one_by_one = Contender::new(batch, "aws-lc-rs, one by one", Side::Rival, cases, move |signed| {
        signed.iter().all(|signed| by_aws(aws, signed))
    });
    let mut contenders = match curve {
        Curve::P256 => ours::batches_p256(batch, cases),
        Curve::P384 => ours::one_by_one_p384(batch, cases),
    };
    let multi_buffer = match MultiBuffer::load() {
        Ok(library) => {
            let verify = match curve {
                Curve::P256 => MultiBuffer::verify_p256,
                Curve::P384 => MultiBuffer::verify_p384,
            };
            Contender::new(batch, multi_buffer::NAME, Side::Rival, cases, move |signed| verify(&library, signed))
        }
        Err(reason) => Contender::absent(batch, multi_buffer::NAME, Side::Rival, &reason),
    };
    contenders.extend([one_by_one.into_reference(), multi_buffer]);
    contenders.into_iter().map(|contender| contender.with_items(items)).collect()
}

fn imported(signed: &Signed) -> Digest {
    let algorithm = if signed.digest.len() == SHA256.output_len() { &SHA256 } else { &SHA384 };
    Digest::import_less_safe(&signed.digest, algorithm).expect("a digest of that length")
}

fn by_aws(algorithm: &'static aws::EcdsaVerificationAlgorithm, signed: &Signed) -> bool {
    aws::UnparsedPublicKey::new(algorithm, &signed.point).verify_digest(&imported(signed), &signed.der).is_ok()
}

fn p256_key(point: &[u8]) -> p256::ecdsa::VerifyingKey {
    p256::ecdsa::VerifyingKey::from_sec1_bytes(point).expect("a point")
}

fn by_p256(key: &p256::ecdsa::VerifyingKey, signed: &Signed) -> bool {
    p256::ecdsa::Signature::from_der(&signed.der)
        .is_ok_and(|signature| key.verify_prehash(&signed.digest, &signature).is_ok())
}

fn p384_key(point: &[u8]) -> p384::ecdsa::VerifyingKey {
    p384::ecdsa::VerifyingKey::from_sec1_bytes(point).expect("a point")
}

fn by_p384(key: &p384::ecdsa::VerifyingKey, signed: &Signed) -> bool {
    p384::ecdsa::Signature::from_der(&signed.der)
        .is_ok_and(|signature| key.verify_prehash(&signed.digest, &signature).is_ok())
}

fn by_openssl(algorithm: &Algorithm, cases: &'static Cases<Signed>) -> [Contender; 2] {
    let key = |group: &EcGroup, point: &[u8]| -> EcKey<Public> {
        let mut context = BigNumContext::new().expect("memory");
        let point = EcPoint::from_bytes(group, point, &mut context).expect("a point");
        EcKey::from_public_key(group, &point).expect("a key")
    };
    let verify = |key: &EcKey<Public>, signed: &Signed| {
        EcdsaSig::from_der(&signed.der)
            .and_then(|signature| signature.verify(&signed.digest, key))
            .expect("a signature of the right form")
    };
    let group = EcGroup::from_curve_name(algorithm.openssl).expect("a curve that OpenSSL knows");
    let parsed = key(&group, &cases.good[0].point);
    [
        Contender::new(algorithm.single, "OpenSSL", Side::Rival, cases, move |signed| {
            verify(&key(&group, &signed.point), signed)
        }),
        Contender::new(algorithm.single, "OpenSSL, parsed key", Side::Rival, cases, move |signed| {
            verify(&parsed, signed)
        }),
    ]
}

fn by_graviola(algorithm: &Algorithm, cases: &'static Cases<Signed>) -> Vec<Contender> {
    const NAME: &str = "graviola";
    fn of<C: by_curve::Curve + 'static>(algorithm: &Algorithm, cases: &'static Cases<Signed>) -> Vec<Contender>
    where
        by_curve::VerifyingKey<C>: 'static,
    {
        let key = |point: &[u8]| by_curve::VerifyingKey::<C>::from_x962_uncompressed(point).expect("a point");
        let verify = match algorithm.hash {
            Hash::Sha256 => by_curve::VerifyingKey::<C>::verify_asn1::<Sha256>,
            Hash::Sha384 => by_curve::VerifyingKey::<C>::verify_asn1::<Sha384>,
        };
        let parsed = key(&cases.good[0].point);
        let from_octets = Contender::new(algorithm.single, NAME, Side::Rival, cases, move |signed| {
            verify(&key(&signed.point), &[&signed.message], &signed.der).is_ok()
        });
        let name = format!("{NAME}, parsed key");
        let from_parsed = Contender::new(algorithm.single, &name, Side::Rival, cases, move |signed| {
            verify(&parsed, &[&signed.message], &signed.der).is_ok()
        });
        vec![from_octets, from_parsed]
    }
    if !graviola::util::is_cpu_supported() {
        return vec![Contender::absent(algorithm.single, NAME, Side::Rival, "does not support this processor")];
    }
    match algorithm.curve {
        Curve::P256 => of::<by_curve::P256>(algorithm, cases),
        Curve::P384 => of::<by_curve::P384>(algorithm, cases),
    }
}
