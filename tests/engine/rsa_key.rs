//! Which RSA keys the engine takes, from a modulus and from `RSAPublicKey`.

use genuine::crypto::RsaPublicKey;
use genuine_testvectors::{
    der::{Der, tag},
    rsa::PrivateKey,
};

/// A modulus of this length with these octets at its ends.
fn modulus(length: usize, first: u8, last: u8) -> Vec<u8> {
    let mut modulus = vec![0x5A; length];
    modulus[0] = first;
    modulus[length - 1] = last;
    modulus
}

#[test]
fn a_modulus_has_one_of_three_sizes_is_odd_and_has_its_top_bit_set() {
    for length in 1..=600 {
        for (first, last, is_good) in [
            (0x80, 0x01, true),
            (0xFF, 0xFF, true),
            (0x7F, 0xFF, false),
            (0x00, 0x01, false),
            (0x80, 0x00, false),
            (0xFF, 0xFE, false),
        ] {
            let modulus = modulus(length, first, last);
            let expected = (matches!(length, 256 | 384 | 512) && is_good).then_some(&modulus[..]);
            let key = RsaPublicKey::new(&modulus);
            assert_eq!(key.map(|key| key.modulus()), expected, "{length} octets, {first:02X} … {last:02X}");
        }
    }
    assert_eq!(RsaPublicKey::new(&[]), None);
}

fn key(modulus: &[u8], exponent: &[u8]) -> Der {
    Der::sequence(vec![Der::integer(modulus), Der::integer(exponent)])
}

#[test]
fn a_key_in_der_has_such_a_modulus_and_the_exponent_65537() {
    for bits in [2048, 3072, 4096] {
        let private = PrivateKey::of_bits(bits);
        let der = private.public_key_der();
        let modulus = private.modulus();
        assert_eq!(RsaPublicKey::from_der(&der).map(|key| key.modulus()), Some(&modulus[..]), "{bits}");
        assert_eq!(key(&modulus, &[1, 0, 1]).encode(), der);
        // Cut off anywhere, and with one octet more.
        for end in 0..der.len() {
            assert_eq!(RsaPublicKey::from_der(&der[..end]), None, "{bits}, {end} octets");
        }
        assert_eq!(RsaPublicKey::from_der(&[&der[..], &[0]].concat()), None, "{bits}, another octet");
    }

    let modulus = PrivateKey::of_bits(2048).modulus();
    for exponent in
        [&[][..], &[1], &[3], &[17], &[1, 0, 0], &[1, 0, 3], &[1, 1], &[1, 0, 1, 0], &[1, 0, 0, 1], &[2, 0, 1]]
    {
        assert_eq!(RsaPublicKey::from_der(&key(&modulus, exponent).encode()), None, "exponent {exponent:?}");
    }
    let mut even = modulus.clone();
    even[255] ^= 1;
    let mut short = modulus.clone();
    short[0] &= 0x7F;
    let [smaller, larger] = [&modulus[1..], &[&modulus[..], &[1]].concat()];
    for modulus in [&even[..], &short, smaller, larger, &modulus[..128]] {
        assert_eq!(RsaPublicKey::from_der(&key(modulus, &[1, 0, 1]).encode()), None, "{} octets", modulus.len());
    }
}

#[test]
fn a_key_in_der_is_strict() {
    let modulus = PrivateKey::of_bits(2048).modulus();
    let positive = [&[0], &modulus[..]].concat();
    let integer = |octets: &[u8]| Der::primitive(tag::INTEGER, octets);
    let exponent = || integer(&[1, 0, 1]);
    let good = Der::sequence(vec![integer(&positive), exponent()]).encode();
    assert!(RsaPublicKey::from_der(&good).is_some());
    for (fault, der) in [
        ("a negative modulus", Der::sequence(vec![integer(&modulus), exponent()])),
        ("two octets of sign", Der::sequence(vec![integer(&[&[0], &positive[..]].concat()), exponent()])),
        ("an exponent that is not minimal", Der::sequence(vec![integer(&positive), integer(&[0, 1, 0, 1])])),
        ("a negative exponent", Der::sequence(vec![integer(&positive), integer(&[0xFF, 1, 0, 1])])),
        ("no exponent", Der::sequence(vec![integer(&positive)])),
        ("a third element", Der::sequence(vec![integer(&positive), exponent(), Der::primitive(tag::NULL, &[])])),
        ("a SET", Der::constructed(tag::SET, vec![integer(&positive), exponent()])),
        ("a modulus of another type", Der::sequence(vec![Der::primitive(tag::OCTET_STRING, &positive), exponent()])),
        (
            "an exponent of another type",
            Der::sequence(vec![integer(&positive), Der::primitive(tag::OCTET_STRING, &[1, 0, 1])]),
        ),
        (
            "a length that is not minimal",
            Der { length: Some(vec![0x83, 0x00, 0x01, 0x0A]), ..Der::sequence(vec![integer(&positive), exponent()]) },
        ),
    ] {
        assert_eq!(RsaPublicKey::from_der(&der.encode()), None, "{fault}");
    }
}
