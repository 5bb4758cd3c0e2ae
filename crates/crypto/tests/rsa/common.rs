//! What the tests share: numbers as words, the keys, and random numbers.

use genuine_testvectors::rsa::PrivateKey;
use num_bigint::BigUint;

#[path = "../ecdsa/common/random.rs"]
mod random;

pub(crate) use random::Random;

#[cfg(target_pointer_width = "64")]
pub(crate) type Word = u64;
#[cfg(not(target_pointer_width = "64"))]
pub(crate) type Word = u32;

/// 2^exponent.
pub(crate) fn power(exponent: usize) -> BigUint {
    BigUint::from(1_u8) << exponent
}

pub(crate) fn number(words: &[Word]) -> BigUint {
    BigUint::from_bytes_le(&words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>())
}

/// So many words of a number.
pub(crate) fn words(number: &BigUint, length: usize) -> Vec<Word> {
    let mut octets = number.to_bytes_le();
    assert!(octets.len() <= length * size_of::<Word>() || *number == BigUint::ZERO, "it fits");
    octets.resize(length * size_of::<Word>(), 0);
    octets.chunks_exact(size_of::<Word>()).map(|word| Word::from_le_bytes(word.try_into().unwrap())).collect()
}

/// Big-endian, with zeros in front.
pub(crate) fn octets(number: &BigUint, length: usize) -> Vec<u8> {
    let octets = number.to_bytes_be();
    [vec![0; length.checked_sub(octets.len()).expect("it fits")], octets].concat()
}

/// A key of each size whose modulus looks random; one that is the largest that two primes of half the size make, with all its upper
/// half ones; and one of the smallest, of which the upper half is a one and zeros.
///
/// The latter are 2^b − x and 2^b − y, and 2^b − x and 2^(b − 1) + z, for the first x, y and z for which they are prime.
pub(crate) fn keys() -> Vec<(String, PrivateKey)> {
    let mut keys = Vec::new();
    for (bits, x, y, z) in [(2048, 105, 179, 1155_u32), (3072, 3453, 4977, 1971), (4096, 1557, 2543, 1919)] {
        let below = |distance: u32| (power(bits / 2) - distance).to_bytes_be();
        let above = (power(bits / 2 - 1) + BigUint::from(z)).to_bytes_be();
        keys.push((format!("{bits} bits"), PrivateKey::of_bits(bits)));
        keys.push((format!("{bits} bits, the largest"), PrivateKey::from_primes(&below(x), &below(y))));
        keys.push((format!("{bits} bits, the smallest"), PrivateKey::from_primes(&below(x), &above)));
    }
    keys
}
