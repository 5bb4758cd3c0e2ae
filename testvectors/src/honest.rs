//! What an honest device does: it attests its key and signs requests.

use crate::device::Device;
use crate::keys::sha256;
use crate::mutation::Mutation;

/// What a device hands to the app after attesting its key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attestation {
    /// The attestation object, CBOR.
    pub object: Vec<u8>,
    /// The key identifier: SHA-256 of [`public_key`](Self::public_key).
    pub key_id: [u8; 32],
    /// The attested key, an uncompressed P-256 point `04 ‖ x ‖ y` (X9.62).
    pub public_key: [u8; 65],
    /// The client data hash under the nonce.
    pub client_data_hash: Vec<u8>,
}

/// What a device hands to the app after signing a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedAssertion {
    /// The assertion object, CBOR.
    pub object: Vec<u8>,
    /// The counter in it.
    pub counter: u32,
    /// The client data hash under the nonce.
    pub client_data_hash: Vec<u8>,
}

impl Device {
    /// Attests the key over SHA-256(`challenge`), as Apple asks.
    #[must_use]
    pub fn attest(&self, challenge: &[u8]) -> Attestation {
        self.attest_hash(&sha256(&[challenge]))
    }

    /// Attests the key over a client data hash given as such, of any length: some apps pass the challenge unhashed.
    #[must_use]
    pub fn attest_hash(&self, client_data_hash: &[u8]) -> Attestation {
        Attestation {
            object: Mutation::default().mint_attestation(self, client_data_hash),
            key_id: self.key_id(),
            public_key: self.public_key(),
            client_data_hash: client_data_hash.to_vec(),
        }
    }

    /// Signs a request over SHA-256(`client_data`) and advances the counter.
    ///
    /// # Panics
    ///
    /// When the counter has run out, after 2³² − 1 assertions.
    #[must_use]
    pub fn assert(&mut self, client_data: &[u8]) -> SignedAssertion {
        self.assert_hash(&sha256(&[client_data]))
    }

    /// Signs a request over a client data hash given as such, of any length, and advances the counter.
    ///
    /// # Panics
    ///
    /// When the counter has run out, after 2³² − 1 assertions.
    #[must_use]
    pub fn assert_hash(&mut self, client_data_hash: &[u8]) -> SignedAssertion {
        let counter = self.advance_counter();
        SignedAssertion {
            object: Mutation::default().mint_assertion(self, counter, client_data_hash),
            counter,
            client_data_hash: client_data_hash.to_vec(),
        }
    }
}
