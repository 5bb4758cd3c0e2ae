//! RSA keys that everybody knows, and what they sign: any message, encoded as PKCS #1 v1.5 has it or not.
//!
//! For tests of a verification, which has to refuse what no honest signer encodes. The primes come from seeds: each is the first
//! one from certain octets on, and how far that is stands here, because looking for it takes seconds. None of these keys protects
//! anything.

use num_bigint::BigUint;

use crate::{der::Der, keys::pseudo_random};

/// The public exponent of all keys.
const EXPONENT: u32 = 65537;

/// `DigestInfo` of SHA-256 without the digest (RFC 8017 §9.2 note 1).
pub const SHA256_PREFIX: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];

/// A private key.
#[derive(Clone, Debug)]
pub struct PrivateKey {
    octets: usize,
    primes: [BigUint; 2],
    /// The private exponent modulo each prime less one.
    exponents: [BigUint; 2],
}

impl PrivateKey {
    /// The key of 2048, 3072 or 4096 bits.
    ///
    /// # Panics
    ///
    /// For another size.
    #[must_use]
    pub fn of_bits(bits: usize) -> Self {
        let distances: [u32; 2] = match bits {
            2048 => [942, 130],
            3072 => [1414, 2038],
            4096 => [590, 466],
            _ => panic!("there is no key of {bits} bits"),
        };
        let prime = |name: &str, distance: u32| {
            let mut start = pseudo_random(&format!("RSA-{bits} {name}"), bits / 16);
            // So that the product has all its bits.
            start[0] |= 0xC0;
            start[bits / 16 - 1] |= 1;
            (BigUint::from_bytes_be(&start) + distance).to_bytes_be()
        };
        Self::from_primes(&prime("p", distances[0]), &prime("q", distances[1]))
    }

    /// The key of two primes, big-endian.
    ///
    /// # Panics
    ///
    /// If 65537 divides a prime less one.
    #[must_use]
    pub fn from_primes(p: &[u8], q: &[u8]) -> Self {
        let primes = [p, q].map(BigUint::from_bytes_be);
        let exponents = primes.each_ref().map(|prime| {
            let order = prime - 1_u8;
            BigUint::from(EXPONENT).modinv(&order).expect("65537 does not divide a prime less one")
        });
        let octets = (&primes[0] * &primes[1]).to_bytes_be().len();
        Self { octets, primes, exponents }
    }

    /// The modulus, big-endian, without a sign.
    #[must_use]
    pub fn modulus(&self) -> Vec<u8> {
        let [p, q] = &self.primes;
        (p * q).to_bytes_be()
    }

    /// `RSAPublicKey` of the key (RFC 8017 §A.1.1).
    #[must_use]
    pub fn public_key_der(&self) -> Vec<u8> {
        Der::sequence(vec![Der::integer(&self.modulus()), Der::integer(&EXPONENT.to_be_bytes()[1..])]).encode()
    }

    /// Signs a digest of SHA-256 (RFC 8017 §8.2.1).
    #[must_use]
    pub fn sign_digest(&self, digest: &[u8; 32]) -> Vec<u8> {
        self.sign_encoded(&self.encoded(digest))
    }

    /// The encoded message of a digest of SHA-256 (RFC 8017 §9.2).
    #[must_use]
    pub fn encoded(&self, digest: &[u8; 32]) -> Vec<u8> {
        self.padded(&[&SHA256_PREFIX[..], digest].concat())
    }

    /// `00 01 FF … FF 00` and then this, as long as the modulus.
    #[must_use]
    pub fn padded(&self, info: &[u8]) -> Vec<u8> {
        [&[0, 1], &*vec![0xFF; self.octets - 3 - info.len()], &[0], info].concat()
    }

    /// The number whose power with the public exponent is this message, as long as the modulus (RFC 8017 §5.2.1).
    ///
    /// # Panics
    ///
    /// If the message is a number that is not less than the modulus.
    #[must_use]
    pub fn sign_encoded(&self, message: &[u8]) -> Vec<u8> {
        let [p, q] = &self.primes;
        let message = BigUint::from_bytes_be(message);
        assert!(message < p * q, "no message of this key");
        // By the Chinese remainder theorem.
        let of_p = message.modpow(&self.exponents[0], p);
        let of_q = message.modpow(&self.exponents[1], q);
        let inverse = q.modinv(p).expect("two primes");
        let signature = &of_q + q * ((&of_p + p * q - &of_q) * inverse % p);
        let octets = signature.to_bytes_be();
        [vec![0; self.octets - octets.len()], octets].concat()
    }
}

/// A signature and the modulus added, if that has as many octets: another number, and the same one modulo the modulus.
#[must_use]
pub fn plus_modulus(signature: &[u8], modulus: &[u8]) -> Option<Vec<u8>> {
    let sum = (BigUint::from_bytes_be(signature) + BigUint::from_bytes_be(modulus)).to_bytes_be();
    (sum.len() == modulus.len()).then_some(sum)
}
