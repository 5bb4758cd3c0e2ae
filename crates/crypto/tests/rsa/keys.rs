//! Which moduli are keys, and which octets are signatures.

use genuine_crypto::{Invalid, RsaPublicKey};
use num_bigint::BigUint;

use crate::common::{keys, octets, power};

/// A modulus of this length with these octets at its ends.
fn modulus(length: usize, first: u8, last: u8) -> Vec<u8> {
    let mut modulus = vec![0xA5; length];
    modulus[0] = first;
    modulus[length - 1] = last;
    modulus
}

#[test]
fn a_modulus_has_one_of_three_sizes_is_odd_and_has_its_top_bit_set() {
    for length in 1..=1025 {
        for (first, last, is_good) in [
            (0x80, 0x01, true),
            (0xFF, 0xFF, true),
            (0x7F, 0xFF, false),
            (0x00, 0x01, false),
            (0x80, 0x00, false),
            (0xFF, 0xFE, false),
        ] {
            let expected = is_good && matches!(length, 256 | 384 | 512);
            let key = modulus(length, first, last);
            assert_eq!(RsaPublicKey::new(&key).is_some(), expected, "{length} octets, {first:02X} … {last:02X}");
        }
    }
    assert_eq!(RsaPublicKey::new(&[]), None);
}

/// A good signature and what is the same number, or the same modulo n, in other octets.
#[test]
fn a_signature_is_as_long_as_the_modulus_and_below_it() {
    for (name, private) in keys() {
        let modulus = private.modulus();
        let key = RsaPublicKey::new(&modulus).expect("a good modulus");
        let (n, length) = (BigUint::from_bytes_be(&modulus), modulus.len());
        let mut wrapped = 0;
        // A small one in a few, so that n can be added to it and it begins with a zero.
        for number in 0..12_u8 {
            let digest = [number; 32];
            let signature = private.sign_digest(&digest);
            assert_eq!(key.verify_pkcs1_sha256(&digest, &signature), Ok(()), "{name}");
            let sum = BigUint::from_bytes_be(&signature) + &n;
            if sum < power(8 * length) {
                assert_eq!(key.verify_pkcs1_sha256(&digest, &octets(&sum, length)), Err(Invalid), "{name}");
                wrapped += 1;
            }
            for other in [
                [&[0], &*signature].concat(),
                [&*signature, &[0]].concat(),
                signature[1..].to_vec(),
                signature[..length - 1].to_vec(),
                octets(&sum, length + 1),
                Vec::new(),
            ] {
                assert_eq!(key.verify_pkcs1_sha256(&digest, &other), Err(Invalid), "{name}: {} octets", other.len());
            }
        }
        // Of the largest moduli there is nearly none: 2^k − n is small.
        assert_eq!(wrapped > 0, !name.ends_with("the largest"), "{name}: {wrapped}");
        for number in [BigUint::ZERO, BigUint::from(1_u8), &n - 1_u8, n.clone(), &n + 1_u8, power(8 * length) - 1_u8] {
            assert_eq!(key.verify_pkcs1_sha256(&[0; 32], &octets(&number, length)), Err(Invalid), "{name}");
        }
    }
}

/// A signature whose number begins with zeros is verified with them, and is none without.
#[test]
fn zeros_in_front_belong_to_a_signature() {
    let (_, private) = keys().swap_remove(0);
    let modulus = private.modulus();
    let key = RsaPublicKey::new(&modulus).expect("a good modulus");
    let signed = (0..u16::MAX).map(|number| {
        let mut digest = [0; 32];
        digest[..2].copy_from_slice(&number.to_be_bytes());
        (digest, private.sign_digest(&digest))
    });
    let (digest, signature) = signed.into_iter().find(|(_, signature)| signature[0] == 0).expect("one in 256");
    assert_eq!(key.verify_pkcs1_sha256(&digest, &signature), Ok(()));
    assert_eq!(key.verify_pkcs1_sha256(&digest, &signature[1..]), Err(Invalid));
}
