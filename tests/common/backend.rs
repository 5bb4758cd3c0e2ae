//! A backend that remembers what it was asked and can be told what to answer.

use std::cell::RefCell;

use genuine::crypto::{
    BatchP256, Crypto, CryptoError, Digest, P256Item, P256Key, P256PublicKey, P256Signature, P384PublicKey,
    P384Signature, PrepareP256, PrepareP384, RustCrypto,
};

/// One question to a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Sha256,
    Sha384,
    CheckP256,
    CheckP384,
    VerifyP256,
    VerifyP384,
    PrepareP256,
    PrepareP384,
    VerifyP256Prepared,
    VerifyP384Prepared,
    /// One item of a batch.
    VerifyP256Batched,
}

impl Call {
    pub(crate) const fn is_signature(self) -> bool {
        use Call::{VerifyP256, VerifyP256Batched, VerifyP256Prepared, VerifyP384, VerifyP384Prepared};
        matches!(self, VerifyP256 | VerifyP256Prepared | VerifyP256Batched | VerifyP384 | VerifyP384Prepared)
    }
}

/// Asks `answer` first, with the position of the call, and `RustCrypto` where that is `None`.
pub(crate) struct Tap<F> {
    answer: F,
    calls: RefCell<Vec<Call>>,
}

/// An answer in the place of `RustCrypto`'s; a hash that is answered `Ok` is computed all the same.
pub(crate) type Answer = Option<Result<(), CryptoError>>;

impl Tap<fn(usize, Call) -> Answer> {
    /// Remembers and does not interfere.
    pub(crate) fn counting() -> Self {
        Self::new(|_, _| None)
    }
}

impl<F: Fn(usize, Call) -> Answer> Tap<F> {
    pub(crate) fn new(answer: F) -> Self {
        Self { answer, calls: RefCell::default() }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.borrow().clone()
    }

    /// How many signatures were verified.
    pub(crate) fn signatures(&self) -> usize {
        self.calls.borrow().iter().filter(|call| call.is_signature()).count()
    }

    fn ask(&self, call: Call) -> Answer {
        let mut calls = self.calls.borrow_mut();
        calls.push(call);
        (self.answer)(calls.len() - 1, call)
    }
}

impl<F: Fn(usize, Call) -> Answer> Crypto for Tap<F> {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        self.ask(Call::Sha256).unwrap_or(Ok(()))?;
        RustCrypto.sha256(parts)
    }

    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        self.ask(Call::Sha384).unwrap_or(Ok(()))?;
        RustCrypto.sha384(parts)
    }

    fn check_p256(&self, key: &P256PublicKey) -> Result<(), CryptoError> {
        self.ask(Call::CheckP256).unwrap_or_else(|| RustCrypto.check_p256(key))
    }

    fn check_p384(&self, key: &P384PublicKey) -> Result<(), CryptoError> {
        self.ask(Call::CheckP384).unwrap_or_else(|| RustCrypto.check_p384(key))
    }

    fn verify_p256(&self, key: &P256PublicKey, digest: &Digest, signature: &P256Signature) -> Result<(), CryptoError> {
        self.ask(Call::VerifyP256).unwrap_or_else(|| RustCrypto.verify_p256(key, digest, signature))
    }

    fn verify_p384(&self, key: &P384PublicKey, digest: &Digest, signature: &P384Signature) -> Result<(), CryptoError> {
        self.ask(Call::VerifyP384).unwrap_or_else(|| RustCrypto.verify_p384(key, digest, signature))
    }
}

/// What it prepares is the key itself.
impl<F: Fn(usize, Call) -> Answer> PrepareP256<P256PublicKey> for Tap<F> {
    fn prepare_p256(&self, key: &P256PublicKey) -> Result<P256PublicKey, CryptoError> {
        self.ask(Call::PrepareP256).unwrap_or_else(|| RustCrypto.check_p256(key)).map(|()| *key)
    }

    fn verify_p256_prepared(
        &self,
        key: &P256PublicKey,
        digest: &Digest,
        signature: &P256Signature,
    ) -> Result<(), CryptoError> {
        self.ask(Call::VerifyP256Prepared).unwrap_or_else(|| RustCrypto.verify_p256(key, digest, signature))
    }
}

impl<F: Fn(usize, Call) -> Answer> PrepareP384<P384PublicKey> for Tap<F> {
    fn prepare_p384(&self, key: &P384PublicKey) -> Result<P384PublicKey, CryptoError> {
        self.ask(Call::PrepareP384).unwrap_or_else(|| RustCrypto.check_p384(key)).map(|()| *key)
    }

    fn verify_p384_prepared(
        &self,
        key: &P384PublicKey,
        digest: &Digest,
        signature: &P384Signature,
    ) -> Result<(), CryptoError> {
        self.ask(Call::VerifyP384Prepared).unwrap_or_else(|| RustCrypto.verify_p384(key, digest, signature))
    }
}

/// An item that it is told not to decide is left as it was.
impl<F: Fn(usize, Call) -> Answer> BatchP256<P256PublicKey> for Tap<F> {
    fn verify_p256_batch(&self, items: &[P256Item<'_, P256PublicKey>], verdicts: &mut [Result<(), CryptoError>]) {
        for (item, verdict) in items.iter().zip(verdicts) {
            let (P256Key::Plain(key) | P256Key::Prepared(key)) = item.key;
            let answer = self.ask(Call::VerifyP256Batched);
            let answer = answer.unwrap_or_else(|| RustCrypto.verify_p256(key, &item.digest, &item.signature));
            if answer != Err(CryptoError::Unavailable) {
                *verdict = answer;
            }
        }
    }
}

/// Believes the signatures that it has seen verify and no others, which is what ECDSA comes to where nobody has the keys,
/// in a hundredth of the time.
#[derive(Default)]
pub(crate) struct Known(RefCell<Vec<(P384PublicKey, Digest, P384Signature)>>, bool);

impl Known {
    /// Believes nothing more from here on.
    pub(crate) fn learned(self) -> Self {
        Self(self.0, true)
    }
}

impl Crypto for Known {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        RustCrypto.sha256(parts)
    }

    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        RustCrypto.sha384(parts)
    }

    fn check_p256(&self, key: &P256PublicKey) -> Result<(), CryptoError> {
        RustCrypto.check_p256(key)
    }

    fn check_p384(&self, key: &P384PublicKey) -> Result<(), CryptoError> {
        RustCrypto.check_p384(key)
    }

    fn verify_p256(&self, key: &P256PublicKey, digest: &Digest, signature: &P256Signature) -> Result<(), CryptoError> {
        RustCrypto.verify_p256(key, digest, signature)
    }

    fn verify_p384(&self, key: &P384PublicKey, digest: &Digest, signature: &P384Signature) -> Result<(), CryptoError> {
        let operands = (*key, *digest, *signature);
        let Self(known, has_learned) = self;
        if *has_learned {
            return if known.borrow().contains(&operands) { Ok(()) } else { Err(CryptoError::Invalid) };
        }
        RustCrypto.verify_p384(key, digest, signature)?;
        known.borrow_mut().push(operands);
        Ok(())
    }
}
