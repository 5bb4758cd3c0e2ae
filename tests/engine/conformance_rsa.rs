//! The conformance check of RSA: its constants are what they say, sound backends pass it, and each of its checks finds a backend that
//! is wrong in that and in nothing else.

use std::cell::RefCell;

use genuine::crypto::{
    CryptoError, GenuineCrypto, RsaPublicKey, VerifyRsa,
    conformance::{self, Answer, ConformanceFailure},
};
use genuine_backend_aws_lc::AwsLc;
use genuine_testvectors::{
    keys::sha256,
    rsa::{PrivateKey, SHA256_PREFIX, plus_modulus},
};
use num_bigint::BigUint;

type Verdict = Result<(), CryptoError>;
type Verify = fn(&Textbook<'_>) -> bool;

/// What a verification is about.
struct Textbook<'a> {
    modulus: &'a [u8],
    digest: &'a [u8; 32],
    signature: &'a [u8],
}

/// A backend that is one function.
struct Backend(Verify);

impl VerifyRsa for Backend {
    fn verify_rsa_pkcs1_sha256(&self, key: RsaPublicKey<'_>, digest: &[u8; 32], signature: &[u8]) -> Verdict {
        let verifies = (self.0)(&Textbook { modulus: key.modulus(), digest, signature });
        if verifies { Ok(()) } else { Err(CryptoError::Invalid) }
    }
}

impl Textbook<'_> {
    fn is_of_length(&self) -> bool {
        self.signature.len() == self.modulus.len()
    }

    fn is_below_modulus(&self) -> bool {
        BigUint::from_bytes_be(self.signature) < BigUint::from_bytes_be(self.modulus)
    }

    /// s^65537 modulo n, as long as n, if the signature is in range.
    fn opened(&self) -> Option<Vec<u8>> {
        (self.is_of_length() && self.is_below_modulus()).then(|| self.opened_unchecked())
    }

    fn opened_unchecked(&self) -> Vec<u8> {
        let modulus = BigUint::from_bytes_be(self.modulus);
        let message = BigUint::from_bytes_be(self.signature).modpow(&BigUint::from(65537_u32), &modulus).to_bytes_be();
        [vec![0; self.modulus.len() - message.len()], message].concat()
    }

    /// `DigestInfo` of the digest.
    fn info(&self) -> Vec<u8> {
        [&SHA256_PREFIX[..], self.digest].concat()
    }

    fn encoded(&self) -> Vec<u8> {
        [&[0, 1], &*vec![0xFF; self.modulus.len() - 54], &[0], &*self.info()].concat()
    }

    /// As RFC 8017 §8.2.2 has it.
    fn verifies(&self) -> bool {
        self.opened().is_some_and(|message| message == self.encoded())
    }

    /// Without a look at one octet.
    fn verifies_but_for(&self, position: usize) -> bool {
        self.opened().is_some_and(|mut message| {
            let encoded = self.encoded();
            message[position] = encoded[position];
            message == encoded
        })
    }

    /// What follows `00 01`, at least eight octets `FF`, and `00`.
    fn behind_padding(&self) -> Option<Vec<u8>> {
        let message = self.opened()?;
        let padded = message.strip_prefix(&[0, 1])?;
        let padding = padded.iter().take_while(|octet| **octet == 0xFF).count();
        (padding >= 8 && padded.get(padding) == Some(&0)).then(|| padded[padding + 1..].to_vec())
    }
}

/// Nothing is wrong with it.
fn sound(textbook: &Textbook<'_>) -> bool {
    textbook.verifies()
}

/// What a backend does wrong, and the check that finds it out.
type Row = (&'static str, Verify, &'static str, Answer);

const UNSOUND: &[Row] = &[
    ("refuses everything", |_| false, "RSA-2048", Answer::Refused),
    ("has no 3072 bits", |t| t.modulus.len() != 384 && t.verifies(), "RSA-3072", Answer::Refused),
    ("has no 4096 bits", |t| t.modulus.len() != 512 && t.verifies(), "RSA-4096", Answer::Refused),
    ("accepts everything", |_| true, "RSA-2048 of another digest", Answer::Accepted),
    (
        "accepts everything of 3072 bits",
        |t| t.modulus.len() == 384 || t.verifies(),
        "RSA-3072 of another digest",
        Answer::Accepted,
    ),
    (
        "accepts everything of 4096 bits",
        |t| t.modulus.len() == 512 || t.verifies(),
        "RSA-4096 of another digest",
        Answer::Accepted,
    ),
    (
        "compares the padding and no digest",
        |t| t.opened().is_some_and(|message| message.starts_with(&t.encoded()[..t.modulus.len() - 32])),
        "RSA-2048 of another digest",
        Answer::Accepted,
    ),
    (
        "takes a signature modulo the modulus",
        |t| t.is_of_length() && t.opened_unchecked() == t.encoded(),
        "RSA-2048 with the modulus added to the signature",
        Answer::Accepted,
    ),
    (
        "takes a signature without zeros in front",
        |t| t.signature.len() <= t.modulus.len() && t.is_below_modulus() && t.opened_unchecked() == t.encoded(),
        "RSA-2048 without the zero that the signature begins with",
        Answer::Accepted,
    ),
    (
        "takes a signature with more zeros in front",
        |t| t.signature.len() >= t.modulus.len() && t.is_below_modulus() && t.opened_unchecked() == t.encoded(),
        "RSA-2048 with a zero in front of the signature",
        Answer::Accepted,
    ),
    (
        "compares as many octets as there are",
        |t| t.signature.is_empty() || t.verifies(),
        "RSA-2048 without a signature",
        Answer::Accepted,
    ),
    (
        "takes zero for success",
        |t| t.opened().is_some_and(|message| message == t.encoded() || message.iter().all(|octet| *octet == 0)),
        "RSA-2048 with a signature of zeros",
        Answer::Accepted,
    ),
    (
        "does not see that the modulus is out of range",
        |t| t.signature == t.modulus || t.verifies(),
        "RSA-2048 with the modulus for a signature",
        Answer::Accepted,
    ),
    (
        "takes parameters that are absent",
        |t| {
            let [info, without] = [t.info(), [&without_null()[..], t.digest].concat()];
            t.behind_padding().is_some_and(|behind| behind == info || behind == without)
        },
        "RSA-2048, the NULL left out",
        Answer::Accepted,
    ),
    (
        "does not look behind the digest",
        |t| t.behind_padding().is_some_and(|behind| behind.starts_with(&t.info())),
        "RSA-2048, octets behind the DigestInfo",
        Answer::Accepted,
    ),
    (
        "takes any parameters",
        |t| {
            t.behind_padding().is_some_and(|behind| {
                let digest = [&[0x04, 0x20], &t.digest[..]].concat();
                let algorithm = behind.strip_suffix(&*digest).and_then(|head| position(head, &SHA256_PREFIX[4..15]));
                // Lengths in any form, with nothing but parameters behind the identifier.
                algorithm.is_some_and(|at| behind == t.info() || at == 8)
            })
        },
        "RSA-2048, octets in the parameters",
        Answer::Accepted,
    ),
    (
        "does not end the DigestInfo",
        |t| {
            t.behind_padding().is_some_and(|behind| {
                let length = behind.get(1).copied().map_or(0, usize::from);
                behind.len() == 2 + length && behind[2..].starts_with(&t.info()[2..])
            })
        },
        "RSA-2048, another element in the DigestInfo",
        Answer::Accepted,
    ),
    ("ignores the block type", |t| t.verifies_but_for(1), "RSA-2048, block type 2", Answer::Accepted),
    ("ignores the first octet", |t| t.verifies_but_for(0), "RSA-2048, not zero in front", Answer::Accepted),
    (
        "ignores the padding",
        |t| {
            t.opened()
                .is_some_and(|message| message.starts_with(&[0, 1]) && message.ends_with(&[&[0], &*t.info()].concat()))
        },
        "RSA-2048, another octet in the padding",
        Answer::Accepted,
    ),
    (
        "knows where the DigestInfo begins",
        |t| t.verifies_but_for(t.modulus.len() - 52),
        "RSA-2048, no zero behind the padding",
        Answer::Accepted,
    ),
    (
        "takes the message for a number, without zeros in front",
        |t| {
            t.opened().is_some_and(|message| {
                let start = message.iter().take_while(|octet| **octet == 0).count();
                let (encoded, number) = (t.encoded(), &message[start..]);
                // The padding is as long as it is.
                number.starts_with(&[1, 0xFF]) && encoded.ends_with(&number[1..])
            })
        },
        "RSA-2048, one octet short",
        Answer::Accepted,
    ),
    (
        "ignores which hash is named",
        |t| t.verifies_but_for(t.modulus.len() - 51 + 14),
        "RSA-2048, another hash named",
        Answer::Accepted,
    ),
    (
        "takes a digest without its DigestInfo",
        |t| t.behind_padding().is_some_and(|behind| behind == t.info() || behind == t.digest),
        "RSA-2048, the digest alone",
        Answer::Accepted,
    ),
];

/// `DigestInfo` without its digest and without the NULL.
fn without_null() -> Vec<u8> {
    [&[0x30, 0x2F, 0x30, 0x0B], &SHA256_PREFIX[4..15], &[0x04, 0x20]].concat()
}

fn position(octets: &[u8], wanted: &[u8]) -> Option<usize> {
    octets.windows(wanted.len()).position(|window| window == wanted)
}

#[test]
fn sound_backends_conform() {
    assert_eq!(conformance::check_rsa(&GenuineCrypto), Ok(()));
    assert_eq!(conformance::check_rsa(&AwsLc), Ok(()));
    assert_eq!(conformance::check_rsa(&Backend(sound)), Ok(()));
    let crypto: &dyn VerifyRsa = &GenuineCrypto;
    assert_eq!(conformance::check_rsa(crypto), Ok(()));
}

#[test]
fn unsound_backends_are_found_out() {
    for (fault, verify, check, answer) in UNSOUND {
        let expected = Err(ConformanceFailure { check, answer: *answer });
        assert_eq!(conformance::check_rsa(&Backend(*verify)), expected, "a backend that {fault}");
    }
}

/// A backend that cannot compute is said to be that, whatever is asked.
#[test]
fn what_cannot_be_computed_is_said() {
    struct Busy;
    impl VerifyRsa for Busy {
        fn verify_rsa_pkcs1_sha256(&self, _: RsaPublicKey<'_>, _: &[u8; 32], _: &[u8]) -> Verdict {
            Err(CryptoError::Unavailable)
        }
    }
    let expected = ConformanceFailure { check: "RSA-2048", answer: Answer::Unavailable };
    assert_eq!(conformance::check_rsa(&Busy), Err(expected));
}

/// Modulus, digest and signature.
type Operands = (Vec<u8>, [u8; 32], Vec<u8>);

/// Keeps what it is asked, in the order of the checks.
#[derive(Default)]
struct Recorder(RefCell<Vec<Operands>>);

impl VerifyRsa for Recorder {
    fn verify_rsa_pkcs1_sha256(&self, key: RsaPublicKey<'_>, digest: &[u8; 32], signature: &[u8]) -> Verdict {
        self.0.borrow_mut().push((key.modulus().to_vec(), *digest, signature.to_vec()));
        GenuineCrypto.verify_rsa_pkcs1_sha256(key, digest, signature)
    }
}

/// The first digest of which the signature by this key begins with a zero.
fn first_digest(key: &PrivateKey) -> [u8; 32] {
    let mut digests = (0..).map(|number| sha256(&[format!("sample {number}").as_bytes()]));
    digests.find(|digest| key.sign_digest(digest)[0] == 0).expect("one in 256 does")
}

/// The operands are the signatures of what the checks are called after, by keys whose primes are known.
#[test]
fn constants_are_what_they_say() {
    let recorder = Recorder::default();
    conformance::check_rsa(&recorder).unwrap();

    let [small, middle, large] = [2048, 3072, 4096].map(PrivateKey::of_bits);
    let digest = first_digest(&small);
    let [good, good_3072, good_4096] = [&small, &middle, &large].map(|key| key.sign_digest(&digest));
    let info = [&SHA256_PREFIX[..], &digest].concat();
    let encoded = small.encoded(&digest);
    let altered = |position: usize, octet: u8| {
        let mut message = encoded.clone();
        message[position] = octet;
        small.sign_encoded(&message)
    };
    let behind = |info: &[u8]| [&[0, 1], &[0xFF; 8][..], &[0], info].concat();
    let fill = |length: usize| vec![0; length];
    let in_long_form = |tag: u8, content: &[u8]| {
        [&[tag, 0x82], &u16::try_from(content.len()).unwrap().to_be_bytes()[..], content].concat()
    };
    let with_parameters = {
        let parameters = in_long_form(0x05, &fill(256 - 11 - 4 - 4 - 11 - 4 - 34));
        let algorithm = in_long_form(0x30, &[&SHA256_PREFIX[4..15], &parameters].concat());
        in_long_form(0x30, &[&algorithm[..], &SHA256_PREFIX[17..], &digest].concat())
    };
    let of_abc = sha256(&[b"abc"]);
    let expected: Vec<(&PrivateKey, [u8; 32], Vec<u8>)> = vec![
        (&small, digest, good.clone()),
        (&middle, digest, good_3072.clone()),
        (&large, digest, good_4096.clone()),
        (&small, of_abc, good.clone()),
        (&middle, of_abc, good_3072),
        (&large, of_abc, good_4096),
        (&small, digest, plus_modulus(&good, &small.modulus()).expect("a small signature")),
        (&small, digest, good[1..].to_vec()),
        (&small, digest, [&[0], &*good].concat()),
        (&small, digest, Vec::new()),
        (&small, digest, fill(256)),
        (&small, digest, small.modulus()),
        (&small, digest, small.sign_encoded(&small.padded(&[without_null(), digest.to_vec()].concat()))),
        (&small, digest, small.sign_encoded(&[behind(&info), fill(256 - 11 - 51)].concat())),
        (&small, digest, small.sign_encoded(&behind(&with_parameters))),
        (&small, digest, small.sign_encoded(&small.padded(&[&[0x30, 0x33], &info[2..], &[0x05, 0x00]].concat()))),
        (&small, digest, altered(1, 2)),
        (&small, digest, altered(0, 1)),
        (&small, digest, altered(100, 0xFE)),
        (&small, digest, altered(256 - 52, 0xFF)),
        (&small, digest, small.sign_encoded(&[&[0, 0, 1], &encoded[3..]].concat())),
        (&small, digest, altered(256 - 51 + 14, 6)),
        (&small, digest, small.sign_encoded(&small.padded(&digest))),
    ];
    let expected: Vec<_> =
        expected.into_iter().map(|(key, digest, signature)| (key.modulus(), digest, signature)).collect();
    assert_eq!(recorder.0.into_inner(), expected);
}
