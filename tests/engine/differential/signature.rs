//! ECDSA signatures in DER: the engine's reading against the crates p256 and der.

use der::{Decode as _, Encode as _, Sequence, asn1::UintRef};
use genuine::{
    Error,
    app_attest::{AppIdHash, Assertion, AssertionVerifier, AttestedKey, ClientDataHash, Environment, Policy},
    crypto::{P256, PublicKey, RustCrypto},
};
use genuine_testvectors::{cbor::Cbor, der::Der, keys::sha256};
use p256::ecdsa::Signature;

use super::corpus::{Random, device, hex};

/// The order of P-256 (SEC 2 §2.4.2).
const ORDER: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA,
    0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
];

/// `ECDSA-Sig-Value` as the crate der reads it: any two numbers that are not negative.
#[derive(Sequence)]
struct SigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

fn padded(number: UintRef<'_>) -> Option<Vec<u8>> {
    let padding = 32_usize.checked_sub(number.as_bytes().len())?;
    Some([vec![0; padding], number.as_bytes().to_vec()].concat())
}

/// An assertion with this signature; the rest is honest.
fn assertion(signature: &[u8], auth_data: &[u8]) -> Vec<u8> {
    Cbor::map(vec![
        (Cbor::text("signature"), Cbor::bytes(signature)),
        (Cbor::text("authenticatorData"), Cbor::bytes(auth_data)),
    ])
    .encode()
}

struct Comparison {
    auth_data: Vec<u8>,
    key: AttestedKey,
    app: AppIdHash,
    in_range: u32,
    out_of_range: u32,
}

impl Comparison {
    fn new() -> Self {
        let device = device();
        let app = AppIdHash(sha256(&[device.app_id().as_bytes()]));
        let point = PublicKey::<P256>::from_uncompressed(&device.public_key()).expect("a point");
        Self {
            auth_data: [&app.0[..], &[0x40, 0, 0, 0, 1]].concat(),
            key: AttestedKey::from_trusted_parts(&point, app, Environment::Production, &RustCrypto).expect("a key"),
            app,
            in_range: 0,
            out_of_range: 0,
        }
    }

    fn compare(&mut self, signature: &[u8]) {
        let object = assertion(signature, &self.auth_data);
        let ours = Assertion::parse(&object);
        let form = SigValue::from_der(signature).ok();
        let expected = form.and_then(|value| Some([padded(value.r)?, padded(value.s)?].concat()));
        let strict = Signature::from_der(signature).ok();
        let Ok(ours) = ours else {
            assert_eq!(ours.err(), Some(Error::SignatureEncoding), "{}", hex(signature));
            assert!(expected.is_none() && strict.is_none(), "refused by the engine alone: {}", hex(signature));
            return;
        };
        assert_eq!(Some(ours.signature().0.to_vec()), expected, "{}", hex(signature));
        if let Some(strict) = strict {
            self.in_range += 1;
            assert_eq!(ours.signature().0, <[u8; 64]>::from(strict.to_bytes()), "{}", hex(signature));
        } else {
            // The one divergence: r and s out of range are of good form, and are refused where they are verified.
            self.out_of_range += 1;
            let scalars = [&ours.signature().0[..32], &ours.signature().0[32..]];
            assert!(
                scalars.iter().any(|scalar| **scalar >= ORDER[..] || **scalar == [0; 32][..]),
                "{}",
                hex(signature)
            );
            let policies = [Policy::new(self.app)];
            let verifier = AssertionVerifier::new(&policies, &RustCrypto).expect("a policy");
            let answer = verifier.verify(&ours, &self.key, &ClientDataHash::new(b"client data").expect("not empty"));
            assert_eq!(answer.map(drop), Err(Error::SignatureInvalid), "{}", hex(signature));
        }
    }
}

fn encoded(r: &[u8], s: &[u8]) -> Vec<u8> {
    Der::sequence(vec![Der::integer(r), Der::integer(s)]).encode()
}

#[test]
fn signatures_read_the_same() {
    let mut comparison = Comparison::new();
    let mut random = Random(2);
    let minus_one = {
        let mut number = ORDER;
        number[31] -= 1;
        number
    };
    let plus_one = {
        let mut number = ORDER;
        number[31] += 1;
        number
    };
    let small = [1_u8];
    let numbers: [&[u8]; 12] = [
        &[],
        &small,
        &[0x7F],
        &[0x80],
        &[0x7F; 32],
        &[0x80; 31],
        &minus_one,
        &ORDER,
        &plus_one,
        &[0xFF; 32],
        &[1; 33],
        &[0xFF; 40],
    ];
    for r in numbers {
        for s in numbers {
            comparison.compare(&encoded(r, s));
        }
    }
    let mut originals: Vec<_> = (0..24_u8).map(|seed| device().signer().sign_digest(&sha256(&[&[seed]]))).collect();
    originals.extend([encoded(&small, &minus_one), encoded(&[0x80; 32], &[0x7F; 20]), encoded(&ORDER, &small)]);
    for original in &originals {
        comparison.compare(original);
        for at in 0..original.len() {
            let mut changed = original.clone();
            for bit in 0..8 {
                changed[at] = original[at] ^ (1 << bit);
                comparison.compare(&changed);
            }
            comparison.compare(&original[..at]);
        }
        for _ in 0..2_000 {
            comparison.compare(&random.mutate(original, &[0, 1, 2, 3, 4, 5, 34, 35, 36, 37, 38, 39]));
        }
    }
    let Comparison { in_range, out_of_range, .. } = comparison;
    assert!(in_range >= 10_000, "{in_range}");
    assert!(out_of_range >= 50, "{out_of_range}");
}

#[test]
fn forms_that_are_not_der_are_refused_by_all() {
    let good = encoded(&[0x11; 32], &[0x22; 32]);
    let content = &good[2..];
    let mut comparison = Comparison::new();
    let length = u8::try_from(content.len()).expect("short");
    for form in [
        [&[0x30, 0x81, length], content].concat(),
        [&[0x30, 0x82, 0, length], content].concat(),
        [&[0x30, 0x80], content, &[0, 0]].concat(),
        [&good[..], &[0]].concat(),
        [&[0x31, length], content].concat(),
        [&[0x30, length + 2], content, &[5, 0]].concat(),
        Der::sequence(vec![Der::primitive(2, &[0, 1]), Der::integer(&[1])]).encode(),
        Der::sequence(vec![Der::primitive(2, &[]), Der::integer(&[1])]).encode(),
        Der::sequence(vec![Der::primitive(2, &[0x80]), Der::integer(&[1])]).encode(),
        Der::sequence(vec![Der::integer(&[1])]).encode(),
        good[..good.len() - 1].to_vec(),
        Der::sequence(vec![Der::integer(&[1]).clone(); 3]).encode(),
    ] {
        assert!(Assertion::parse(&assertion(&form, &comparison.auth_data)).is_err(), "{}", hex(&form));
        comparison.compare(&form);
    }
    let again = SigValue::from_der(&good).expect("good").to_der().expect("it was decoded");
    assert_eq!(again, good);
}
