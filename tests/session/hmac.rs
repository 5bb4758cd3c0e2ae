//! HMAC of both backends in software, against RFC 4231 and Project Wycheproof; and the conformance check of it.

use std::{env, fs, path::Path};

use genuine::crypto::{
    CryptoError, GenuineCrypto, HmacSha256, RustCrypto,
    conformance::{self, Answer, ConformanceFailure},
};
use proptest::prelude::*;
use serde_json::Value;

use crate::Broken;

const BACKENDS: [&dyn HmacSha256; 2] = [&RustCrypto, &GenuineCrypto];

fn octets(digits: &str) -> Vec<u8> {
    assert!(digits.len().is_multiple_of(2));
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// RFC 4231 §4: key, text, and as much of the code as the case has.
fn rfc_4231() -> [(Vec<u8>, Vec<u8>, &'static str); 7] {
    let long = vec![0xAA; 131];
    [
        (vec![0x0B; 20], b"Hi There".to_vec(), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe".to_vec(),
            b"what do ya want for nothing?".to_vec(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (vec![0xAA; 20], vec![0xDD; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        ((1..=25).collect(), vec![0xCD; 50], "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        (vec![0x0C; 20], b"Test With Truncation".to_vec(), "a3b6167473100ee06e0c796c2955552b"),
        (
            long.clone(),
            b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            long,
            b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be \
              hashed before being used by the HMAC algorithm."
                .to_vec(),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ]
}

#[test]
fn the_cases_of_rfc_4231() {
    for crypto in BACKENDS {
        for (key, text, code) in rfc_4231() {
            let expected = octets(code);
            assert_eq!(crypto.hmac_sha256(&key, &[&text]).unwrap()[..expected.len()], expected);
            // In parts, some of them empty, wherever they end.
            for at in 0..=text.len() {
                let (first, second) = text.split_at(at);
                let computed = crypto.hmac_sha256(&key, &[&[], first, &[], second, &[]]).unwrap();
                assert_eq!(computed[..expected.len()], expected);
            }
        }
    }
}

/// The directory `wycheproof` beside the one of genuine objects, if there is one: set and missing is a failure.
#[test]
fn the_cases_of_wycheproof() {
    let Some(directory) = env::var_os("GENUINE_REAL_VECTORS") else { return };
    let path = Path::new(&directory).join("../wycheproof/hmac_sha256_test.json");
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: Value = serde_json::from_slice(&text).unwrap();
    let mut counts = (0, 0);
    for group in file["testGroups"].as_array().unwrap() {
        let size = usize::try_from(group["tagSize"].as_u64().unwrap()).unwrap() / 8;
        for test in group["tests"].as_array().unwrap() {
            let field = |name: &str| octets(test[name].as_str().unwrap());
            let (key, message, tag) = (field("key"), field("msg"), field("tag"));
            let valid = match test["result"].as_str().unwrap() {
                "valid" => true,
                "invalid" => false,
                other => panic!("{other} leaves the verdict open"),
            };
            for crypto in BACKENDS {
                let computed = crypto.hmac_sha256(&key, &[&message]).unwrap();
                assert_eq!(computed[..size] == tag[..], valid, "{} {}", test["tcId"], test["comment"]);
            }
            if valid { counts.0 += 1 } else { counts.1 += 1 }
        }
    }
    assert_eq!(counts, (66, 108));
}

proptest! {
    /// Against `ring`, which shares no code with either backend.
    #[test]
    fn both_backends_agree_with_another(
        key in prop::collection::vec(any::<u8>(), 0..200),
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..150), 0..5),
    ) {
        let expected = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key), &parts.concat());
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        for crypto in BACKENDS {
            prop_assert_eq!(&crypto.hmac_sha256(&key, &parts).unwrap()[..], expected.as_ref());
        }
    }
}

type Code = Result<[u8; 32], CryptoError>;

/// A backend whose HMAC is this function.
struct Faulty(fn(&[u8], &[&[u8]]) -> Code);

impl HmacSha256 for Faulty {
    fn hmac_sha256(&self, key: &[u8], parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        (self.0)(key, parts)
    }
}

fn sound(key: &[u8], parts: &[&[u8]]) -> Code {
    RustCrypto.hmac_sha256(key, parts)
}

/// HMAC as in RFC 2104 §2, with another length of block.
fn with_block(block: usize, key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut padded = if key.len() > block { crate::sha256(key).to_vec() } else { key.to_vec() };
    padded.resize(block, 0);
    let with = |pad: u8| padded.iter().map(|octet| octet ^ pad).collect::<Vec<_>>();
    let inner = crate::sha256(&[with(0x36), parts.concat()].concat());
    crate::sha256(&[with(0x5C), inner.to_vec()].concat())
}

/// What is wrong with a backend, the backend, and the check that says so.
const FAULTY: &[(&str, Faulty, &str)] = &[
    ("hashes without the key", Faulty(|_, parts| Ok(crate::sha256(&parts.concat()))), "HMAC, RFC 4231 case 1"),
    (
        "hashes key and text",
        Faulty(|key, parts| Ok(crate::sha256(&[key, &parts.concat()].concat()))),
        "HMAC, RFC 4231 case 1",
    ),
    ("takes a block for 128 octets", Faulty(|key, parts| Ok(with_block(128, key, parts))), "HMAC, RFC 4231 case 1"),
    (
        "takes the first part",
        Faulty(|key, parts| sound(key, parts.get(..1).unwrap_or_default())),
        "HMAC, a key shorter than the code",
    ),
    (
        "stops at an empty part",
        Faulty(|key, parts| sound(key, parts.split(|part| part.is_empty()).next().unwrap())),
        "HMAC, a key shorter than the code",
    ),
    (
        "wants a key of 20 octets at least",
        Faulty(|key, parts| sound(&key.repeat(if key.len() < 20 { 5 } else { 1 }), parts)),
        "HMAC, a key shorter than the code",
    ),
    ("wants keys of 20 octets", Faulty(|key, parts| sound(&key[..key.len().min(20)], parts)), "HMAC, RFC 4231 case 4"),
    (
        "cuts a key off at a block",
        Faulty(|key, parts| sound(&key[..key.len().min(64)], parts)),
        "HMAC, a key longer than a block",
    ),
    (
        "has room for one block of text behind a long key",
        Faulty(|key, parts| {
            let text = parts.concat();
            sound(key, &[if key.len() > 64 { &text[..text.len().min(64)] } else { &text }])
        }),
        "HMAC, key and text longer than a block",
    ),
    (
        "hashes a key of one block",
        Faulty(|key, parts| if key.len() == 64 { sound(&crate::sha256(key), parts) } else { sound(key, parts) }),
        "HMAC, a key of one block",
    ),
    (
        "hashes keys of more than 65 octets",
        Faulty(|key, parts| sound(if key.len() == 65 { &key[..64] } else { key }, parts)),
        "HMAC, a key of one block and an octet",
    ),
    (
        "has no code of nothing",
        Faulty(|key, parts| if parts.is_empty() { Ok([0; 32]) } else { sound(key, parts) }),
        "HMAC of nothing",
    ),
];

#[test]
fn the_conformance_check_finds_faults() {
    assert_eq!(conformance::check_hmac_sha256(&RustCrypto), Ok(()));
    assert_eq!(conformance::check_hmac_sha256(&GenuineCrypto), Ok(()));
    assert_eq!(conformance::check_hmac_sha256(&Faulty(|key, parts| Ok(with_block(64, key, parts)))), Ok(()));
    for (fault, backend, check) in FAULTY {
        let failure = ConformanceFailure { check, answer: Answer::WrongDigest };
        assert_eq!(conformance::check_hmac_sha256(backend), Err(failure), "a backend that {fault}");
    }
    let failure = ConformanceFailure { check: "HMAC, RFC 4231 case 1", answer: Answer::Unavailable };
    assert_eq!(conformance::check_hmac_sha256(&Broken), Err(failure));
}
