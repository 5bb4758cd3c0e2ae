//! `RustCrypto` that remembers its verdicts: most objects share a signature with those before them.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    hash::Hash,
};

use genuine::crypto::{
    BatchP256, Crypto, CryptoError, Digest, P256Item, P256Key, P256PublicKey, P256Signature, P384PublicKey,
    P384Signature, PrepareP256, PrepareP384, RustCrypto,
};

type Verdict = Result<(), CryptoError>;
type Verdicts<Key, Signature> = RefCell<HashMap<(Key, Digest, Signature), Verdict>>;

/// The backend. It also counts what it is asked, and can be told to fail.
#[derive(Default)]
pub(crate) struct Remembering {
    on_p256: Verdicts<P256PublicKey, P256Signature>,
    on_p384: Verdicts<P384PublicKey, P384Signature>,
    /// Whether keys cannot be prepared.
    pub(crate) cannot_prepare: Cell<bool>,
    /// Keys on P-384 that were prepared, and signatures that were verified with the key as it is, and with a prepared one.
    pub(crate) asked_on_p384: Cell<[u32; 3]>,
    /// The items of each batch.
    pub(crate) batches: RefCell<Vec<usize>>,
    /// The digests about which a batch says nothing.
    pub(crate) undecided: RefCell<Vec<Digest>>,
}

/// A key that was prepared: the key.
#[derive(Clone, Debug)]
pub(crate) struct Prepared<Key>(Key);

impl Remembering {
    fn count(&self, what: usize) {
        let mut asked = self.asked_on_p384.get();
        asked[what] += 1;
        self.asked_on_p384.set(asked);
    }
}

fn remembered<Key: Eq + Hash + Copy, Signature: Eq + Hash + Copy>(
    verdicts: &Verdicts<Key, Signature>,
    key: &Key,
    digest: &Digest,
    signature: &Signature,
    verify: impl FnOnce(&Key, &Digest, &Signature) -> Verdict,
) -> Verdict {
    /// Memory is bounded.
    const MOST: usize = 4_096;
    let mut verdicts = verdicts.borrow_mut();
    if verdicts.len() >= MOST {
        verdicts.clear();
    }
    *verdicts.entry((*key, *digest, *signature)).or_insert_with(|| verify(key, digest, signature))
}

impl Crypto for Remembering {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        RustCrypto.sha256(parts)
    }

    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        RustCrypto.sha384(parts)
    }

    fn check_p256(&self, key: &P256PublicKey) -> Verdict {
        RustCrypto.check_p256(key)
    }

    fn check_p384(&self, key: &P384PublicKey) -> Verdict {
        RustCrypto.check_p384(key)
    }

    fn verify_p256(&self, key: &P256PublicKey, digest: &Digest, signature: &P256Signature) -> Verdict {
        assert!(in_range(signature), "a backend is asked about r or s out of range");
        remembered(&self.on_p256, key, digest, signature, |key, digest, signature| {
            RustCrypto.verify_p256(key, digest, signature)
        })
    }

    fn verify_p384(&self, key: &P384PublicKey, digest: &Digest, signature: &P384Signature) -> Verdict {
        self.count(1);
        remembered(&self.on_p384, key, digest, signature, |key, digest, signature| {
            RustCrypto.verify_p384(key, digest, signature)
        })
    }
}

impl PrepareP256<Prepared<P256PublicKey>> for Remembering {
    fn prepare_p256(&self, key: &P256PublicKey) -> Result<Prepared<P256PublicKey>, CryptoError> {
        if self.cannot_prepare.get() { Err(CryptoError::Unavailable) } else { Ok(Prepared(*key)) }
    }

    fn verify_p256_prepared(
        &self,
        key: &Prepared<P256PublicKey>,
        digest: &Digest,
        signature: &P256Signature,
    ) -> Verdict {
        self.verify_p256(&key.0, digest, signature)
    }
}

impl PrepareP384<Prepared<P384PublicKey>> for Remembering {
    fn prepare_p384(&self, key: &P384PublicKey) -> Result<Prepared<P384PublicKey>, CryptoError> {
        self.count(0);
        if self.cannot_prepare.get() { Err(CryptoError::Unavailable) } else { Ok(Prepared(*key)) }
    }

    fn verify_p384_prepared(
        &self,
        key: &Prepared<P384PublicKey>,
        digest: &Digest,
        signature: &P384Signature,
    ) -> Verdict {
        self.count(2);
        remembered(&self.on_p384, &key.0, digest, signature, |key, digest, signature| {
            RustCrypto.verify_p384(key, digest, signature)
        })
    }
}

impl BatchP256<Prepared<P256PublicKey>> for Remembering {
    fn verify_p256_batch(&self, items: &[P256Item<'_, Prepared<P256PublicKey>>], verdicts: &mut [Verdict]) {
        self.batches.borrow_mut().push(items.len());
        for (item, verdict) in items.iter().zip(verdicts) {
            let key = match item.key {
                P256Key::Plain(key) | P256Key::Prepared(Prepared(key)) => key,
            };
            assert!(in_range(&item.signature), "a backend is asked about r or s out of range");
            if !self.undecided.borrow().contains(&item.digest) {
                *verdict = self.verify_p256(key, &item.digest, &item.signature);
            }
        }
    }
}

/// Whether r and s lie in 1 … n − 1.
fn in_range(signature: &P256Signature) -> bool {
    p256::ecdsa::Signature::from_slice(&signature.0).is_ok()
}
