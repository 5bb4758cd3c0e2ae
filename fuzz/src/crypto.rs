//! A backend that says yes, so that a fuzzer gets behind the hashes and the signatures. It lives here and nowhere else.

use std::cell::RefCell;

use genuine::{
    Error, UnixTime,
    app_attest::{
        AttestationObject, AttestationVerifier, ClientDataHash, Environments, KeyId, Policy, VerifiedAttestation,
    },
    crypto::{
        CryptoError, Curve, Digest, P256, PrepareEcdsa, PublicKey, RsaPublicKey, RustCrypto, Sha256, Sha384, Signature,
        VerifyEcdsa, VerifyRsa,
    },
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
}

impl Yes {
    /// What it was asked since it was asked this.
    pub(crate) fn take(&self) -> Asked {
        Asked { signatures: self.asked.take(), points: self.points.take() }
    }
}

impl Sha256 for Yes {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        match parts {
            [[0x04], _] => Ok(self.key_id),
            [_, CLIENT_DATA] => Ok(self.nonce),
            _ => RustCrypto.sha256(parts),
        }
    }
}

impl Sha384 for Yes {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        RustCrypto.sha384(parts)
    }
}

impl<C: Curve> VerifyEcdsa<C> for Yes {
    fn check_key(&self, key: &PublicKey<C>) -> Result<(), CryptoError> {
        self.points.borrow_mut().push(key.0.as_ref().to_vec());
        Ok(())
    }

    fn verify(&self, key: &PublicKey<C>, digest: &Digest, signature: &Signature<C>) -> Result<(), CryptoError> {
        let (key, signature) = (key.0.as_ref().to_vec(), signature.0.as_ref().to_vec());
        self.asked.borrow_mut().push(Question { key, digest: *digest, signature });
        Ok(())
    }
}

impl VerifyRsa for Yes {
    fn verify_rsa_pkcs1_sha256(
        &self,
        key: RsaPublicKey<'_>,
        digest: &[u8; 32],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        let (key, signature) = (key.modulus().to_vec(), signature.to_vec());
        self.asked.borrow_mut().push(Question { key, digest: Digest::Sha256(*digest), signature });
        Ok(())
    }
}

/// A prepared key is the key, to a [`Yes`].
#[derive(Clone)]
pub(crate) struct Prepared(PublicKey<P256>);

impl PrepareEcdsa<P256, Prepared> for Yes {
    fn prepare(&self, key: &PublicKey<P256>) -> Result<Prepared, CryptoError> {
        Ok(Prepared(*key))
    }

    fn verify_prepared(&self, key: &Prepared, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        self.verify(&key.0, digest, signature)
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
    ///
    /// In front of the policy stands one that demands nothing, of an app that is not the object's.
    pub(crate) fn verify<'i>(
        &self,
        object: &AttestationObject<'i>,
        yes: Yes,
    ) -> (Result<VerifiedAttestation<'i>, Error>, Asked) {
        let mut other = object.auth_data().app_id();
        other.0[31] ^= 1;
        let lenient = Policy::new(other)
            .with_environments(Environments::ProductionAndDevelopment)
            .danger_ignore_validity_period();
        let both = [lenient, self.policy];
        let is_twice = other == self.policy.app_id();
        if is_twice {
            let verifier = AttestationVerifier::new(&both, self.anchors, &yes);
            assert_eq!(verifier.map(drop), Err(Error::ConfigDuplicateAppId));
        }
        let policies = &both[usize::from(is_twice)..];
        let verifier = AttestationVerifier::new(policies, self.anchors, &yes).expect("a good configuration");
        assert!(yes.asked.borrow().is_empty(), "a signature before there is an object");
        let client_data = ClientDataHash::new(self.client_data).expect("it is not empty");
        let verdict = verifier.verify(object, &KeyId(self.key_id), &client_data, self.now);
        if let Ok(proof) = &verdict {
            assert_eq!(proof.app_index(), policies.len() - 1, "the policy of another app");
        }
        (verdict, Asked { signatures: yes.asked.into_inner(), points: yes.points.into_inner() })
    }
}
