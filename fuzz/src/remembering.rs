//! `RustCrypto` that remembers its verdicts: most objects share a signature with those before them.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
};

use genuine::crypto::{
    BatchEcdsa, CryptoError, Curve, Digest, Item, Key, LaneCount, P256, P384, PrepareEcdsa, PublicKey, RustCrypto,
    Sha256, Sha384, Signature, Unprepared, VerifyEcdsa,
};

type Verdict = Result<(), CryptoError>;
type Verdicts<C> = RefCell<HashMap<(PublicKey<C>, Digest, Signature<C>), Verdict>>;

/// The backend. It also counts what it is asked, and can be told to fail.
#[derive(Default)]
pub(crate) struct Remembering {
    on_p256: Verdicts<P256>,
    on_p384: Verdicts<P384>,
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
pub(crate) struct Prepared<C: Curve>(PublicKey<C>);

impl Remembering {
    fn count(&self, what: usize) {
        let mut asked = self.asked_on_p384.get();
        asked[what] += 1;
        self.asked_on_p384.set(asked);
    }

    fn batch<K>(&self, items: &[Item<'_, P256, K>], verdicts: &mut [Verdict], plain: impl Fn(&K) -> &PublicKey<P256>) {
        self.batches.borrow_mut().push(items.len());
        for (item, verdict) in items.iter().zip(verdicts) {
            let key = match item.key {
                Key::Plain(key) => key,
                Key::Prepared(key) => plain(key),
            };
            assert!(in_range(&item.signature), "a backend is asked about r or s out of range");
            if !self.undecided.borrow().contains(&item.digest) {
                *verdict = self.verify(key, &item.digest, &item.signature);
            }
        }
    }
}

fn remembered<C: Curve>(
    verdicts: &Verdicts<C>,
    key: &PublicKey<C>,
    digest: &Digest,
    signature: &Signature<C>,
) -> Verdict
where
    RustCrypto: VerifyEcdsa<C>,
{
    /// Memory is bounded.
    const MOST: usize = 4_096;
    let mut verdicts = verdicts.borrow_mut();
    if verdicts.len() >= MOST {
        verdicts.clear();
    }
    *verdicts.entry((*key, *digest, *signature)).or_insert_with(|| RustCrypto.verify(key, digest, signature))
}

impl Sha256 for Remembering {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        RustCrypto.sha256(parts)
    }
}

impl Sha384 for Remembering {
    fn sha384(&self, parts: &[&[u8]]) -> Result<[u8; 48], CryptoError> {
        RustCrypto.sha384(parts)
    }
}

impl VerifyEcdsa<P256> for Remembering {
    fn check_key(&self, key: &PublicKey<P256>) -> Verdict {
        RustCrypto.check_key(key)
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Verdict {
        assert!(in_range(signature), "a backend is asked about r or s out of range");
        remembered(&self.on_p256, key, digest, signature)
    }
}

impl VerifyEcdsa<P384> for Remembering {
    fn check_key(&self, key: &PublicKey<P384>) -> Verdict {
        RustCrypto.check_key(key)
    }

    fn verify(&self, key: &PublicKey<P384>, digest: &Digest, signature: &Signature<P384>) -> Verdict {
        self.count(1);
        remembered(&self.on_p384, key, digest, signature)
    }
}

impl PrepareEcdsa<P256, Prepared<P256>> for Remembering {
    fn prepare(&self, key: &PublicKey<P256>) -> Result<Prepared<P256>, CryptoError> {
        if self.cannot_prepare.get() { Err(CryptoError::Unavailable) } else { Ok(Prepared(*key)) }
    }

    fn verify_prepared(&self, key: &Prepared<P256>, digest: &Digest, signature: &Signature<P256>) -> Verdict {
        self.verify(&key.0, digest, signature)
    }
}

impl PrepareEcdsa<P384, Prepared<P384>> for Remembering {
    fn prepare(&self, key: &PublicKey<P384>) -> Result<Prepared<P384>, CryptoError> {
        self.count(0);
        if self.cannot_prepare.get() { Err(CryptoError::Unavailable) } else { Ok(Prepared(*key)) }
    }

    fn verify_prepared(&self, key: &Prepared<P384>, digest: &Digest, signature: &Signature<P384>) -> Verdict {
        self.count(2);
        remembered(&self.on_p384, &key.0, digest, signature)
    }
}

impl BatchEcdsa<P256, Prepared<P256>> for Remembering {
    type Lanes = LaneCount<8>;

    fn verify_batch(&self, items: &[Item<'_, P256, Prepared<P256>>], verdicts: &mut [Verdict]) {
        self.batch(items, verdicts, |Prepared(key)| key);
    }
}

/// With another number of lanes.
impl BatchEcdsa<P256, Unprepared> for Remembering {
    type Lanes = LaneCount<3>;

    fn verify_batch(&self, items: &[Item<'_, P256, Unprepared>], verdicts: &mut [Verdict]) {
        self.batch(items, verdicts, |none| match *none {});
    }
}

/// Whether r and s lie in 1 … n − 1.
fn in_range(signature: &Signature<P256>) -> bool {
    p256::ecdsa::Signature::from_slice(&signature.0).is_ok()
}
