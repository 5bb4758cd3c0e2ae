//! What an honest phone does: it attests a key of an app and signs requests with it.

use super::device::AndroidDevice;
use super::mutation::AndroidMutation;
use super::pki::pem;
use crate::honest::SignedAssertion;
use crate::keys::sha256;

impl AndroidDevice {
    /// Attests the app's key over a challenge of at most 128 octets.
    #[must_use]
    pub fn attest(&self, challenge: &[u8]) -> AttestedKey {
        AttestedKey {
            certificates: AndroidMutation::default().mint(self, challenge),
            challenge: challenge.to_vec(),
            public_key: self.public_key_info().encode(),
        }
    }

    /// Signs a request over SHA-256(`client_data`) and advances the counter. Over the challenge of an attestation it proves that the
    /// app holds the key.
    ///
    /// # Panics
    ///
    /// If the app's key is not on P-256, or when the counter has run out, after 2³² − 1 requests.
    #[must_use]
    pub fn assert(&mut self, client_data: &[u8]) -> SignedAssertion {
        self.assert_hash(&sha256(&[client_data]))
    }

    /// Signs a request over a client data hash given as such, of any length, and advances the counter.
    ///
    /// # Panics
    ///
    /// As for [`assert`](Self::assert).
    #[must_use]
    pub fn assert_hash(&mut self, client_data_hash: &[u8]) -> SignedAssertion {
        let mut requester = self.requester();
        let signed = requester.assert_hash(client_data_hash);
        self.count(signed.counter);
        signed
    }
}

/// A key in a phone, attested.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttestedKey {
    /// The certificates, DER, leaf first.
    pub certificates: Vec<Vec<u8>>,
    /// The challenge in the leaf.
    pub challenge: Vec<u8>,
    /// The attested key, a `SubjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
}

impl AttestedKey {
    /// The chain as PEM, leaf first (RFC 7468).
    #[must_use]
    pub fn pem(&self) -> String {
        self.certificates.iter().map(|certificate| pem(certificate)).collect()
    }

    /// The attested key as an uncompressed P-256 point `04 ‖ x ‖ y` (X9.62).
    ///
    /// # Panics
    ///
    /// If it is another key.
    #[must_use]
    pub fn point(&self) -> [u8; 65] {
        let point = self.public_key.strip_prefix(P256_PREFIX).expect("a key on P-256");
        point.try_into().expect("an uncompressed P-256 point has 65 bytes")
    }
}

/// What stands before the point in a `SubjectPublicKeyInfo` on P-256.
const P256_PREFIX: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE,
    0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
