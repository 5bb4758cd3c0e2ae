//! Many assertions at once: what is asked, what is taken together, and how each keeps its own answer.

use core::array::from_fn;

use super::{
    ClientDataHash,
    assertion::{Assertion, AssertionVerifier, AuthenticAssertion, VerifiedAssertion},
    key::AttestedKey,
    prepared::PreparedKey,
};
use crate::{
    crypto::{
        BatchP256, Crypto, CryptoError, Digest, P256Item, P256Key, P256PublicKey, P256Signature, p256_operand, verdict,
    },
    error::Error,
};

/// Assertions that are verified together: as many as AVX-512 has lanes of 64 bits.
const BATCH: usize = 8;

/// One assertion of a batch: what [`AssertionVerifier::verify`](super::AssertionVerifier::verify) takes.
#[derive(Debug)]
pub struct AssertionRequest<'b, 'i, K> {
    /// The assertion.
    pub assertion: &'b Assertion<'i>,
    /// The key that is to have signed.
    pub key: AssertionKey<'b, K>,
    /// What the caller computed from the request itself.
    pub client_data: ClientDataHash<'b>,
}

/// A key, prepared or not.
#[derive(Debug)]
pub enum AssertionKey<'b, K> {
    /// As it is stored.
    Plain(&'b AttestedKey),
    /// Prepared.
    Prepared(&'b PreparedKey<K>),
}

impl<C: Crypto + ?Sized> AssertionVerifier<'_, C> {
    /// Verifies many assertions, of one device or of many, and hands the answer of each to `answer` with its position, in
    /// their order: the same answers as from [`verify`](Self::verify), sooner.
    ///
    /// They are taken eight at a time. What is taken together shares work, and no verdict.
    pub fn verify_batch<'b, 'i: 'b, K: 'b>(
        &self,
        requests: impl IntoIterator<Item = AssertionRequest<'b, 'i, K>>,
        mut answer: impl FnMut(usize, Result<AuthenticAssertion<'i>, Error>),
    ) where
        C: BatchP256<K>,
    {
        let mut requests = requests.into_iter().map(|request| self.examine(&request)).fuse();
        let mut position = 0_usize;
        loop {
            let examined: [Option<Examined<'b, 'i, K>>; BATCH] = from_fn(|_| requests.next());
            // Those that come to their signature, side by side: a backend is asked about nothing else.
            let mut items = [nothing(); BATCH];
            for (place, (item, _)) in items.iter_mut().zip(examined.iter().flatten().flatten()) {
                *place = *item;
            }
            let asked = examined.iter().flatten().flatten().count();
            // What a backend leaves undecided is not refused.
            let mut verdicts = [Err(CryptoError::Unavailable); BATCH];
            if let Some((items @ [_, ..], _)) = items.split_at_checked(asked) {
                self.crypto.verify_p256_batch(items, &mut verdicts);
            }
            // Each of them takes one verdict, in the same order.
            let mut verdicts = verdicts.into_iter();
            for examined in examined {
                let Some(examined) = examined else { return };
                answer(
                    position,
                    examined.and_then(|(_, proof)| {
                        let decided = verdicts.next().unwrap_or(Err(CryptoError::Unavailable));
                        verdict(decided, Error::SignatureInvalid).map(|()| AuthenticAssertion(proof))
                    }),
                );
                position = position.saturating_add(1);
            }
        }
    }

    /// Everything but the signature, of one request of a batch.
    fn examine<'b, 'i, K>(&self, request: &AssertionRequest<'b, 'i, K>) -> Examined<'b, 'i, K> {
        let AssertionRequest { assertion, key, client_data } = request;
        let (attested, key) = match *key {
            AssertionKey::Plain(key) => (key, P256Key::Plain(key.public_key_ref())),
            AssertionKey::Prepared(key) => (key.key(), P256Key::Prepared(key.prepared())),
        };
        let (digest, proof) = self.check(assertion, attested, client_data)?;
        let signature = p256_operand(assertion.signature).ok_or(Error::SignatureInvalid)?;
        Ok((P256Item { key, digest, signature }, proof))
    }
}

/// What is left of a request of a batch: a signature to verify, and what it proves; or why it was refused before.
type Examined<'b, 'i, K> = Result<(P256Item<'b, K>, VerifiedAssertion<'i>), Error>;

/// Where there is no item: no backend is asked about it, and none would accept it.
const fn nothing<'a, K>() -> P256Item<'a, K> {
    P256Item {
        key: P256Key::Plain(&P256PublicKey([0; 64])),
        digest: Digest::Sha256([0; 32]),
        signature: P256Signature([0; 64]),
    }
}

// Not derived, because that would ask K to be `Copy`, which is only referred to.
impl<K> Clone for AssertionRequest<'_, '_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for AssertionRequest<'_, '_, K> {}

impl<K> Clone for AssertionKey<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for AssertionKey<'_, K> {}
