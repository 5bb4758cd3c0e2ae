//! What goes to a backend that verifies RSA: a modulus of one of three sizes.

use crate::encoding::der::{self, Reader};

/// The exponent of every key: 65537, big-endian.
const EXPONENT: &[u8] = &[1, 0, 1];

/// An RSA public key: a modulus of 2048, 3072 or 4096 bits, and the exponent 65537, which nearly every key has.
///
/// That the modulus is the product of two primes nobody can see. It has 256, 384 or 512 octets, is odd, and has its top bit set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RsaPublicKey<'k> {
    modulus: &'k [u8],
}

impl<'k> RsaPublicKey<'k> {
    /// Takes a modulus, big-endian; `None` unless it has 256, 384 or 512 octets, is odd, and has its top bit set.
    #[must_use]
    pub const fn new(modulus: &'k [u8]) -> Option<Self> {
        match (modulus.len(), modulus) {
            (256 | 384 | 512, [0x80..=0xFF, .., lowest]) if *lowest & 1 == 1 => Some(Self { modulus }),
            _ => None,
        }
    }

    /// Reads `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }` (RFC 8017 §A.1.1), which a certificate has in
    /// its subjectPublicKey; `None` for what is not strict DER, another exponent, or a modulus that [`new`](Self::new) does not take.
    #[must_use]
    pub fn from_der(key: &'k [u8]) -> Option<Self> {
        let mut outer = Reader::new(key);
        let mut reader = Reader::new(outer.value(der::SEQUENCE).ok()?);
        outer.finish().ok()?;
        let (modulus, exponent) = (reader.magnitude().ok()?, reader.magnitude().ok()?);
        reader.finish().ok()?;
        if exponent == EXPONENT { Self::new(modulus) } else { None }
    }

    /// Takes a modulus of 4096 bits that this crate has as a constant, and a test holds against its certificate.
    #[cfg(feature = "key-attestation")]
    pub(crate) const fn of_root(modulus: &'k [u8; 512]) -> Self {
        Self { modulus }
    }

    /// The modulus, big-endian: 256, 384 or 512 octets.
    #[must_use]
    pub const fn modulus(&self) -> &'k [u8] {
        self.modulus
    }

    /// Whether octets have the length of the modulus and are less than it, as a signature has to be (RFC 8017 §8.2.2 step 1,
    /// §5.2.2 step 1).
    ///
    /// Octet strings of one length compare as the numbers they are.
    #[allow(dead_code, reason = "for protocols with RSA, which are features")]
    pub(super) fn is_in_range(&self, signature: &[u8]) -> bool {
        signature.len() == self.modulus.len() && signature < self.modulus
    }
}
