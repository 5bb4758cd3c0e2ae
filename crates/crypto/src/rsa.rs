//! RSA signatures of PKCS #1 v1.5 with SHA-256 (RFC 8017 §8.2.2), under the exponent 65537.

use crate::{
    modular::{self, Modulus},
    signature::Invalid,
    word::Word,
};

/// The octets of a word.
const OCTETS: usize = (Word::BITS / 8) as usize;

/// The words of the largest modulus.
const WORDS: usize = 512 / OCTETS;

/// A public key: a modulus of 2048, 3072 or 4096 bits, and the exponent 65537.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RsaPublicKey<'k> {
    modulus: &'k [u8],
}

impl<'k> RsaPublicKey<'k> {
    /// Takes a modulus, big-endian; `None` unless it has 256, 384 or 512 octets, is odd, and has its top bit set.
    ///
    /// That it is the product of two primes is not seen, nor whether somebody knows them.
    #[must_use]
    pub fn new(modulus: &'k [u8]) -> Option<Self> {
        let is_of_size = matches!(modulus.len(), 256 | 384 | 512);
        let is_odd = modulus.last()? & 1 == 1;
        (is_of_size && is_odd && *modulus.first()? >= 0x80).then_some(Self { modulus })
    }

    /// Verifies the signature of a digest (RFC 8017 §8.2.2 with §5.2.2): s^65537 modulo n has to be the one encoded message that
    /// a signer can have made, which is compared whole.
    ///
    /// # Errors
    ///
    /// [`Invalid`] unless the signature has as many octets as the modulus, is less than it, and verifies.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub fn verify_pkcs1_sha256(&self, digest: &[u8; 32], signature: &[u8]) -> Result<(), Invalid> {
        // Octet strings of one length compare as the numbers they are.
        if signature.len() != self.modulus.len() || signature >= self.modulus {
            return Err(Invalid);
        }
        let (mut modulus, mut power, mut product) = ([0; WORDS], [0; WORDS], [0; 2 * WORDS]);
        let length = self.modulus.len() / OCTETS;
        let (Some(modulus), Some(power)) = (modulus.get_mut(..length), power.get_mut(..length)) else {
            return Err(Invalid);
        };
        let Some(product) = product.get_mut(..2 * length) else { return Err(Invalid) };
        write(modulus, words(self.modulus));
        let modulus = Modulus::new(modulus).ok_or(Invalid)?;

        // s·2^k modulo n, by division; then s^(2^16)·2^k; and s^(2^16)·s.
        write(product.get_mut(length..).unwrap_or_default(), words(signature));
        modulus.divide(product, power);
        write(power, product.iter().copied());
        for _ in 0..16 {
            modular::square(power, product);
            modulus.reduce(product, power);
        }
        modular::multiply(power, words(signature), product);
        modulus.reduce(product, power);
        modulus.normalize(power);

        let expected = product.get_mut(..length).unwrap_or_default();
        write_encoded(expected, digest);
        if power == expected { Ok(()) } else { Err(Invalid) }
    }
}

/// Writes `00 01 FF … FF 00 ‖ DigestInfo` of a digest, as a number (RFC 8017 §9.2).
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn write_encoded(message: &mut [Word], digest: &[u8; 32]) {
    // SEQUENCE { SEQUENCE { id-sha256, NULL }, OCTET STRING } without the digest, behind what comes before it in a whole number
    // of words.
    const BEFORE: [u8; 24] = [
        0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
        0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
    ];
    message.fill(Word::MAX);
    write(message, words(digest).chain(words(&BEFORE)));
    if let Some(highest) = message.last_mut() {
        *highest >>= 15;
    }
}

/// The words of a big-endian number, the lowest first.
fn words(octets: &[u8]) -> impl Iterator<Item = Word> {
    let (_, words) = octets.as_rchunks::<OCTETS>();
    words.iter().rev().map(|octets| Word::from_be_bytes(*octets))
}

/// Writes as many words as there are and fit.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn write(to: &mut [Word], words: impl Iterator<Item = Word>) {
    for (to, word) in to.iter_mut().zip(words) {
        *to = word;
    }
}
