//! A long comparison with aws-lc and the crate `rsa`: good signatures, changed ones, and signatures of messages that are encoded in
//! other ways, by keys whose primes are known.

use std::{collections::BTreeMap, env};

use genuine_crypto::RsaPublicKey;
use genuine_testvectors::rsa::{PrivateKey, SHA256_PREFIX};
use num_bigint::BigUint;
use rsa::{BoxedUint, Pkcs1v15Sign};
use sha2::Sha256;

use crate::common::{Random, keys, octets};

/// One key to all three.
struct Judges {
    modulus: Vec<u8>,
    rust_crypto: rsa::PublicKey,
    #[cfg(target_pointer_width = "64")]
    aws_lc: aws_lc::Key,
}

impl Judges {
    /// `None` if it is no key.
    fn new(modulus: &[u8]) -> Option<Self> {
        RsaPublicKey::new(modulus)?;
        let n = BoxedUint::from_be_slice_vartime(modulus);
        Some(Self {
            modulus: modulus.to_vec(),
            rust_crypto: rsa::PublicKey::new(n, BoxedUint::from(65537_u64))
                .expect("an odd number with its top bit set"),
            #[cfg(target_pointer_width = "64")]
            aws_lc: aws_lc::Key::new(modulus),
        })
    }

    /// The verdict of all, which is the same.
    fn verdict(&self, digest: &[u8; 32], signature: &[u8], what: &str) -> bool {
        let ours = RsaPublicKey::new(&self.modulus).expect("a key").verify_pkcs1_sha256(digest, signature).is_ok();
        let by_rust_crypto = self.rust_crypto.verify(Pkcs1v15Sign::new::<Sha256>(), digest, signature).is_ok();
        assert_eq!(ours, by_rust_crypto, "rsa: {what}: {:02x?} {digest:02x?} {signature:02x?}", self.modulus);
        #[cfg(target_pointer_width = "64")]
        assert_eq!(ours, self.aws_lc.verifies(digest, signature), "aws-lc: {what}: {signature:02x?}");
        ours
    }
}

#[cfg(target_pointer_width = "64")]
mod aws_lc {
    use aws_lc_rs::{
        digest::{Digest, SHA256},
        signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256},
    };
    use genuine_testvectors::der::Der;

    pub(super) struct Key(ParsedPublicKey);

    impl Key {
        pub(super) fn new(modulus: &[u8]) -> Self {
            let der = Der::sequence(vec![Der::integer(modulus), Der::integer(&[1, 0, 1])]).encode();
            Self(ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).expect("an odd number with its top bit set"))
        }

        pub(super) fn verifies(&self, digest: &[u8; 32], signature: &[u8]) -> bool {
            let digest = Digest::import_less_safe(digest, &SHA256).expect("32 octets");
            self.0.verify_digest_sig(&digest, signature).is_ok()
        }
    }
}

/// The encoded message in another way, and what it is called.
fn other_encoding(private: &PrivateKey, digest: &[u8; 32], random: &mut Random) -> (&'static str, Vec<u8>) {
    let mut message = private.encoded(digest);
    let length = message.len();
    let info = [&SHA256_PREFIX[..], digest].concat();
    match random.index(9) {
        // The last 52 are what is not padding; the first octet may become one that is too large.
        0 => {
            let at = if random.index(2) == 0 { random.index(3) } else { length - 1 - random.index(52) };
            message[at] ^= 1 << random.index(if at == 0 { 6 } else { 8 });
            ("one bit of what is not padding", message)
        }
        1 => {
            message[2 + random.index(length - 54)] ^= 1 << random.index(8);
            ("one bit of the padding", message)
        }
        2 => {
            let behind = 1 + random.index(length - 11 - info.len());
            let garbage = random.octets(behind);
            let padding = vec![0xFF; length - 3 - info.len() - behind];
            ("octets behind the digest", [&[0, 1], &*padding, &[0], &info, &garbage].concat())
        }
        3 => {
            let at = random.index(info.len() + 1);
            let length = 1 + random.index(8);
            let inserted = random.octets(length);
            ("octets inserted", private.padded(&[&info[..at], &inserted, &info[at..]].concat()))
        }
        4 => {
            let at = random.index(info.len());
            let end = (at + 1 + random.index(8)).min(info.len());
            ("octets left out", private.padded(&[&info[..at], &info[end..]].concat()))
        }
        5 => {
            let shift = 1 + random.index(8);
            ("zeros in front", [vec![0; shift], message[..length - shift].to_vec()].concat())
        }
        6 => ("no DigestInfo", private.padded(digest)),
        7 => {
            let without_null = [&[0x30, 0x2F, 0x30, 0x0B], &SHA256_PREFIX[4..15], &[0x04, 0x20], digest].concat();
            ("no NULL", private.padded(&without_null))
        }
        _ => {
            let mut octets = random.octets(length);
            octets[0] = 0;
            ("any message", octets)
        }
    }
}

/// A good signature, or its digest or key, with something changed.
fn changed(
    judges: &Judges,
    digest: &[u8; 32],
    signature: &[u8],
    random: &mut Random,
) -> (&'static str, [u8; 32], Vec<u8>) {
    let length = signature.len();
    let (mut digest, mut signature) = (*digest, signature.to_vec());
    let n = BigUint::from_bytes_be(&judges.modulus);
    let s = BigUint::from_bytes_be(&signature);
    match random.index(8) {
        0 | 1 => {
            signature[random.index(length)] ^= 1 << random.index(8);
            ("one bit of the signature", digest, signature)
        }
        2 => {
            digest[random.index(32)] ^= 1 << random.index(8);
            ("one bit of the digest", digest, signature)
        }
        3 => ("the negated signature", digest, octets(&(n - s), length)),
        4 => {
            let sum = n + s;
            let length = length.max(sum.to_bytes_be().len());
            ("the modulus added", digest, octets(&sum, length))
        }
        5 => {
            let at = random.index(length + 1);
            signature.insert(at, 0);
            ("a zero inserted", digest, signature)
        }
        6 => {
            signature.remove(random.index(length));
            ("an octet left out", digest, signature)
        }
        _ => ("any signature", digest, octets(&random.below(&n), length)),
    }
}

/// `GENUINE_CASES` is how many of all keys, 3,000 if not set.
#[test]
fn verdicts_are_those_of_other_libraries() {
    // Signing takes longer than verifying: each good signature is changed many times.
    const CHANGES: usize = 32;
    const ENCODINGS: usize = 6;
    let cases: usize = env::var("GENUINE_CASES").map_or(3_000, |cases| cases.parse().expect("a number"));
    let keys = keys();
    let signed = cases.div_ceil(keys.len() * (1 + CHANGES + ENCODINGS));
    let mut random = Random(0x5A);
    let mut counts: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    let mut count = |what, verdict: bool| counts.entry(what).or_default()[usize::from(verdict)] += 1;
    for (name, private) in &keys {
        let modulus = private.modulus();
        let judges = Judges::new(&modulus).expect("a key");
        for _ in 0..signed {
            let digest = random.octets(32).try_into().expect("32 octets");
            let signature = private.sign_digest(&digest);
            let verdict = judges.verdict(&digest, &signature, name);
            assert!(verdict, "{name}: an honest signature");
            count("honest", verdict);
            for _ in 0..CHANGES {
                let (what, digest, signature) = changed(&judges, &digest, &signature, &mut random);
                let verdict = judges.verdict(&digest, &signature, &format!("{name}, {what}"));
                assert!(!verdict, "{name}, {what}");
                count(what, verdict);
            }
            // One bit of the key, which is a key still or none.
            let mut other = modulus.clone();
            other[random.index(modulus.len())] ^= 1 << random.index(8);
            if let Some(judges) = Judges::new(&other) {
                count("one bit of the key", judges.verdict(&digest, &signature, &format!("{name}, another key")));
            }
            for _ in 0..ENCODINGS {
                let (what, message) = other_encoding(private, &digest, &mut random);
                if BigUint::from_bytes_be(&message) < BigUint::from_bytes_be(&modulus) {
                    let signature = private.sign_encoded(&message);
                    let verdict = judges.verdict(&digest, &signature, &format!("{name}, {what}"));
                    assert!(!verdict, "{name}, {what}");
                    count(what, verdict);
                }
            }
        }
    }
    println!("{counts:#?}");
    assert_eq!(counts.len(), 18, "{counts:#?}");
    assert_eq!(counts["honest"], [0, keys.len() * signed]);
}
