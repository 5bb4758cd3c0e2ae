//! Many assertions at once: what is asked, what is taken together, and how each keeps its own answer.

use super::{
    assertion::{Assertion, AssertionVerifier, AuthenticAssertion, VerifiedAssertion},
    assertion_key::BatchKey,
    client_data::ClientDataHash,
};
use crate::{
    crypto::{
        Backend, BatchEcdsa, CryptoError, Digest, Item, Key, Lanes, P256, PublicKey, Sha256, Signature, batch_item,
        verdict,
    },
    error::Error,
};

/// One assertion of a batch: what [`AssertionVerifier::verify`](super::AssertionVerifier::verify) takes.
#[derive(Debug)]
pub struct AssertionRequest<'b, 'i, H> {
    /// The assertion.
    pub assertion: &'b Assertion<'i>,
    /// The key that is to have signed.
    pub key: &'b H,
    /// What the caller computed from the request itself.
    pub client_data: ClientDataHash<'b>,
}

impl<C: Sha256 + ?Sized> AssertionVerifier<'_, C> {
    /// Verifies many assertions, of one device or of many, and hands the answer of each to `answer` with its position, in
    /// their order: the same answers as from [`verify`](Self::verify), sooner.
    ///
    /// They are taken as many at a time as the backend has lanes. What is taken together shares work, and no verdict.
    pub fn verify_batch<'b, 'i: 'b, H: BatchKey<C> + 'b>(
        &self,
        requests: impl IntoIterator<Item = AssertionRequest<'b, 'i, H>>,
        mut answer: impl FnMut(usize, Result<AuthenticAssertion<'i>, Error>),
    ) where
        C: BatchEcdsa<P256, H::Form>,
    {
        let mut requests = requests.into_iter().map(|request| self.examine(&request)).fuse();
        let mut position = 0_usize;
        loop {
            let examined = C::Lanes::from_fn(|_| requests.next());
            // Those that come to their signature, side by side: a backend is asked about nothing else.
            let mut items = C::Lanes::from_fn(|_| nothing());
            let mut asked = 0_usize;
            let candidates = examined.as_ref().iter().flatten().flatten();
            for (place, (item, _)) in items.as_mut().iter_mut().zip(candidates) {
                *place = *item;
                asked = asked.saturating_add(1);
            }
            // What a backend leaves undecided is not refused.
            let mut verdicts = C::Lanes::from_fn(|_| Err(CryptoError::Unavailable));
            if let Some((items @ [_, ..], _)) = items.as_ref().split_at_checked(asked) {
                Backend::new(self.crypto).verify_batch(items, verdicts.as_mut());
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
    fn examine<'b, 'i, H: BatchKey<C>>(&self, request: &AssertionRequest<'b, 'i, H>) -> Examined<'b, 'i, H::Form> {
        let AssertionRequest { assertion, key, client_data } = *request;
        let (digest, proof) = self.check(assertion, key.attested(), &client_data)?;
        let item = batch_item(key.to_verify_with(), digest, assertion.signature).ok_or(Error::SignatureInvalid)?;
        Ok((item, proof))
    }
}

/// What is left of a request of a batch: a signature to verify, and what it proves; or why it was refused before.
type Examined<'b, 'i, K> = Result<(Item<'b, P256, K>, VerifiedAssertion<'i>), Error>;

/// Where there is no item: no backend is asked about it, and none would accept it.
const fn nothing<'a, K>() -> Item<'a, P256, K> {
    Item { key: Key::Plain(&PublicKey([0; 64])), digest: Digest::Sha256([0; 32]), signature: Signature([0; 64]) }
}

// Not derived, because that would ask H to be `Copy`, which is only referred to.
impl<H> Clone for AssertionRequest<'_, '_, H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H> Copy for AssertionRequest<'_, '_, H> {}
