//! The proof that a client has its key, for a request whose challenge is in it (RFC 9449 §8): what a device of Play Integrity
//! registers with, and gets its tokens by.

use genuine::{
    UnixTime,
    app_attest::KeyId,
    crypto::GenuineCrypto,
    session::{
        dpop::{DpopPolicy, DpopVerifier, ProofRequest},
        jwk::Thumbprint,
    },
};

use super::{Gate, sha256};
use crate::{refusal::Refusal, secrets::SKEW};

/// How old a proof may be, in seconds. It names a challenge, which is used once.
const AGE: u32 = 300;

/// The key of whoever sent a request.
pub struct ProvenKey {
    /// Its identifier: SHA-256 of the point, as with App Attest.
    pub key_id: KeyId,
    /// The point, uncompressed.
    pub point: [u8; 65],
    /// What a token is bound to it by.
    pub thumbprint: Thumbprint,
    /// The challenge that the proof names.
    pub nonce: Option<String>,
}

impl Gate {
    /// The key of a client that proves that it has it, for a `POST` to this path, and for this challenge if one is known already.
    pub(super) fn proven_key(&self, proof: &str, path: &str, challenge: Option<&str>) -> Result<ProvenKey, Refusal> {
        let uri = format!("https://{}{path}", self.authority);
        let request = ProofRequest::new("POST", &uri)?;
        let request = challenge.map_or(request, |challenge| request.with_nonce(challenge));
        let mut proof = proof.as_bytes().to_vec();
        #[expect(clippy::cast_possible_truncation, reason = "a minute")]
        let policy = DpopPolicy::new(AGE).with_skew(SKEW as u32);
        let proofs = DpopVerifier::new(policy, &GenuineCrypto);
        let proven = proofs.verify(&mut proof, &request, UnixTime((self.clock)())).map_err(Refusal::Proof)?;
        let mut point = [4; 65];
        point[1..].copy_from_slice(&proven.key().0);
        Ok(ProvenKey {
            key_id: KeyId(sha256(&point)),
            point,
            thumbprint: proven.thumbprint(),
            nonce: proven.text("nonce").map(|nonce| nonce.to_string()),
        })
    }
}
