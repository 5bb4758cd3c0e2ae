//! A backend that remembers what it was asked and can be told what to answer.

use std::cell::RefCell;

use genuine::crypto::{
    BatchEcdsa, CryptoError, Curve, Digest, Item, Key, LaneCount, P256, P384, PrepareEcdsa, PublicKey, RustCrypto,
    Sha256, Sha384, Signature, VerifyEcdsa,
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
pub(crate) struct Tap {
    answer: Box<dyn Fn(usize, Call) -> Answer>,
    calls: RefCell<Vec<Call>>,
}

/// An answer in the place of `RustCrypto`'s; a hash that is answered `Ok` is computed all the same.
pub(crate) type Answer = Option<Result<(), CryptoError>>;

impl Tap {
    /// Remembers and does not interfere.
    pub(crate) fn counting() -> Self {
        Self::new(|_, _| None)
    }

    pub(crate) fn new(answer: impl Fn(usize, Call) -> Answer + 'static) -> Self {
        Self { answer: Box::new(answer), calls: RefCell::default() }
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

impl Sha256 for Tap {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        self.ask(Call::Sha256).unwrap_or(Ok(()))?;
        RustCrypto.sha256(parts)
    }
}

impl Sha384 for Tap {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        self.ask(Call::Sha384).unwrap_or(Ok(()))?;
        RustCrypto.sha384(parts)
    }
}

/// What the calls on a curve are called.
trait Calls: Curve {
    const CHECK: Call;
    const VERIFY: Call;
    const PREPARE: Call;
    const VERIFY_PREPARED: Call;
}

impl Calls for P256 {
    const CHECK: Call = Call::CheckP256;
    const VERIFY: Call = Call::VerifyP256;
    const PREPARE: Call = Call::PrepareP256;
    const VERIFY_PREPARED: Call = Call::VerifyP256Prepared;
}

impl Calls for P384 {
    const CHECK: Call = Call::CheckP384;
    const VERIFY: Call = Call::VerifyP384;
    const PREPARE: Call = Call::PrepareP384;
    const VERIFY_PREPARED: Call = Call::VerifyP384Prepared;
}

impl<V: Calls> VerifyEcdsa<V> for Tap
where
    RustCrypto: VerifyEcdsa<V>,
{
    fn check_key(&self, key: &PublicKey<V>) -> Result<(), CryptoError> {
        self.ask(V::CHECK).unwrap_or_else(|| RustCrypto.check_key(key))
    }

    fn verify(&self, key: &PublicKey<V>, digest: &Digest, signature: &Signature<V>) -> Result<(), CryptoError> {
        self.ask(V::VERIFY).unwrap_or_else(|| RustCrypto.verify(key, digest, signature))
    }
}

/// What it prepares is the key itself.
impl<V: Calls> PrepareEcdsa<V, PublicKey<V>> for Tap
where
    RustCrypto: VerifyEcdsa<V>,
{
    fn prepare(&self, key: &PublicKey<V>) -> Result<PublicKey<V>, CryptoError> {
        self.ask(V::PREPARE).unwrap_or_else(|| RustCrypto.check_key(key)).map(|()| *key)
    }

    fn verify_prepared(
        &self,
        key: &PublicKey<V>,
        digest: &Digest,
        signature: &Signature<V>,
    ) -> Result<(), CryptoError> {
        self.ask(V::VERIFY_PREPARED).unwrap_or_else(|| RustCrypto.verify(key, digest, signature))
    }
}

/// An item that it is told not to decide is left as it was.
impl BatchEcdsa<P256, PublicKey<P256>> for Tap {
    type Lanes = LaneCount<8>;

    fn verify_batch(&self, items: &[Item<'_, P256, PublicKey<P256>>], verdicts: &mut [Result<(), CryptoError>]) {
        for (item, verdict) in items.iter().zip(verdicts) {
            let (Key::Plain(key) | Key::Prepared(key)) = item.key;
            let answer = self.ask(Call::VerifyP256Batched);
            let answer = answer.unwrap_or_else(|| RustCrypto.verify(key, &item.digest, &item.signature));
            if answer != Err(CryptoError::Unavailable) {
                *verdict = answer;
            }
        }
    }
}

type Operands = (PublicKey<P384>, Digest, Signature<P384>);

/// Believes the signatures that it has seen verify and no others, which is what ECDSA comes to where nobody has the keys,
/// in a hundredth of the time.
#[derive(Default)]
pub(crate) struct Known {
    signatures: RefCell<Vec<Operands>>,
    has_learned: bool,
}

impl Known {
    /// Believes nothing more from here on.
    pub(crate) fn learned(self) -> Self {
        Self { has_learned: true, ..self }
    }
}

impl Sha256 for Known {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        RustCrypto.sha256(parts)
    }
}

impl Sha384 for Known {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        RustCrypto.sha384(parts)
    }
}

impl VerifyEcdsa<P256> for Known {
    fn check_key(&self, key: &PublicKey<P256>) -> Result<(), CryptoError> {
        RustCrypto.check_key(key)
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        RustCrypto.verify(key, digest, signature)
    }
}

impl VerifyEcdsa<P384> for Known {
    fn check_key(&self, key: &PublicKey<P384>) -> Result<(), CryptoError> {
        RustCrypto.check_key(key)
    }

    fn verify(&self, key: &PublicKey<P384>, digest: &Digest, signature: &Signature<P384>) -> Result<(), CryptoError> {
        let operands = (*key, *digest, *signature);
        if self.has_learned {
            let is_known = self.signatures.borrow().contains(&operands);
            return if is_known { Ok(()) } else { Err(CryptoError::Invalid) };
        }
        RustCrypto.verify(key, digest, signature)?;
        self.signatures.borrow_mut().push(operands);
        Ok(())
    }
}
