//! A backend that says yes, so that a fuzzer gets behind the hashes and the signatures. It lives here and nowhere else.

use std::cell::RefCell;

use genuine::{
    Error, UnixTime,
    app_attest::{AttestationObject, AttestationVerifier, ClientDataHash, KeyId, Policy, VerifiedAttestation},
    crypto::{Crypto, CryptoError, Digest, P256PublicKey, P256Signature, P384PublicKey, P384Signature, RustCrypto},
    x509::TrustAnchor,
};

/// The client data hash that, to a [`Yes`], is under the nonce that it was made with.
pub(crate) const CLIENT_DATA: &[u8] = b"client data of the yes-backend";

/// A signature that the engine asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) key: Vec<u8>,
    pub(crate) digest: Digest,
    /// r ‖ s.
    pub(crate) signature: Vec<u8>,
}

/// Says yes to points and signatures; every key has one identifier to it, and everything over [`CLIENT_DATA`] one nonce.
pub(crate) struct Yes {
    key_id: [u8; 32],
    nonce: [u8; 32],
    asked: RefCell<Vec<Question>>,
    points: RefCell<Vec<Vec<u8>>>,
}

/// What the engine asked a [`Yes`].
pub(crate) struct Asked {
    /// The signatures, in order.
    pub(crate) signatures: Vec<Question>,
    /// The keys that it had checked, `X ‖ Y`, in order.
    pub(crate) points: Vec<Vec<u8>>,
}

impl Yes {
    pub(crate) fn new(key_id: [u8; 32], nonce: [u8; 32]) -> Self {
        Self { key_id, nonce, asked: RefCell::default(), points: RefCell::default() }
    }

    fn ask(&self, key: &[u8], digest: &Digest, signature: &[u8]) -> Result<(), CryptoError> {
        let question = Question { key: key.to_vec(), digest: *digest, signature: signature.to_vec() };
        self.asked.borrow_mut().push(question);
        Ok(())
    }
}

impl Crypto for Yes {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        match parts {
            [[0x04], _] => Ok(self.key_id),
            [_, CLIENT_DATA] => Ok(self.nonce),
            _ => RustCrypto.sha256(parts),
        }
    }

    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        RustCrypto.sha384(parts)
    }

    fn check_p256(&self, key: &P256PublicKey) -> Result<(), CryptoError> {
        self.points.borrow_mut().push(key.0.to_vec());
        Ok(())
    }

    fn check_p384(&self, key: &P384PublicKey) -> Result<(), CryptoError> {
        self.points.borrow_mut().push(key.0.to_vec());
        Ok(())
    }

    fn verify_p256(&self, key: &P256PublicKey, digest: &Digest, signature: &P256Signature) -> Result<(), CryptoError> {
        self.ask(&key.0, digest, &signature.0)
    }

    fn verify_p384(&self, key: &P384PublicKey, digest: &Digest, signature: &P384Signature) -> Result<(), CryptoError> {
        self.ask(&key.0, digest, &signature.0)
    }
}

/// What the caller of a verification brings along. Nothing of it comes from the object, or a comparison that is left out
/// would not be seen.
pub(crate) struct Caller<'a> {
    pub(crate) policy: Policy<'a>,
    pub(crate) anchors: &'a [TrustAnchor<'a>],
    pub(crate) key_id: [u8; 32],
    pub(crate) client_data: &'a [u8],
    pub(crate) now: UnixTime,
}

impl Caller<'_> {
    /// Verifies an object, and says what the backend was asked about.
    pub(crate) fn verify<'i>(
        &self,
        object: &AttestationObject<'i>,
        yes: Yes,
    ) -> (Result<VerifiedAttestation<'i>, Error>, Asked) {
        let verifier = AttestationVerifier::new(self.policy, self.anchors, &yes);
        let verdict = verifier.verify(object, &KeyId(self.key_id), &ClientDataHash(self.client_data), self.now);
        (verdict, Asked { signatures: yes.asked.into_inner(), points: yes.points.into_inner() })
    }
}
