//! What the tests share: the curves as other libraries know them, every path of a verification, a model of the sums.

pub(crate) mod build;
pub(crate) mod cubic;
pub(crate) mod curve;
pub(crate) mod extreme;
pub(crate) mod model;
pub(crate) mod paths;
pub(crate) mod random;

use genuine_crypto::arithmetic::Words;
use num_bigint::BigUint;

#[cfg(target_pointer_width = "64")]
pub(crate) type Word = u64;
#[cfg(not(target_pointer_width = "64"))]
pub(crate) type Word = u32;

pub(crate) fn number(words: &impl Words) -> BigUint {
    BigUint::from_bytes_le(&words.as_ref().iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>())
}

/// The words of a number that they can hold.
pub(crate) fn words<W: Words>(number: &BigUint) -> W {
    let mut words = W::ZERO;
    let octets = octets(number, size_of::<W>());
    for (word, octets) in words.as_mut().iter_mut().zip(octets.rchunks_exact(size_of::<Word>())) {
        *word = Word::from_be_bytes(octets.try_into().unwrap());
    }
    words
}

/// Big-endian, with zeros in front.
pub(crate) fn octets(number: &BigUint, length: usize) -> Vec<u8> {
    let octets = number.to_bytes_be();
    [vec![0; length.checked_sub(octets.len()).expect("it fits")], octets].concat()
}

pub(crate) fn small(number: u32) -> BigUint {
    BigUint::from(number)
}

/// 2^exponent.
pub(crate) fn power(exponent: usize) -> BigUint {
    small(1) << exponent
}
