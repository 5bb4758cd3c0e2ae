//! An attestation under the engine: its verdict in full, and that of its certificates alone.

use genuine::{
    Error, UnixTime,
    app_attest::{
        AppIdHash, AttestationObject, AttestationVerifier, ClientDataHash, Environments, KeyId, Policy, Step,
    },
    crypto::RustCrypto,
};

use crate::{
    anchors::Anchors,
    assumed::{Assumed, NOT_TOLD},
    caller::CallerSide,
    model::{ChainReport, ChainVerdict, Missing},
    policy::Rules,
    stage::Stage,
    text::rfc_3339,
};

/// An attestation and what it is held against.
#[derive(Clone, Copy)]
pub(crate) struct Attested<'c> {
    pub(crate) object: &'c AttestationObject<'c>,
    pub(crate) side: &'c CallerSide,
    pub(crate) anchors: &'c Anchors,
    pub(crate) now: UnixTime,
}

pub(crate) fn missing(side: &CallerSide) -> Vec<Missing> {
    [
        (side.app_id.is_none(), Missing::AppId),
        (side.key_id.is_none(), Missing::KeyId),
        (side.client_data.is_none(), Missing::ClientData),
    ]
    .into_iter()
    .filter_map(|(is_missing, part)| is_missing.then_some(part))
    .collect()
}

impl Attested<'_> {
    /// The engine's verdict; what the caller did not tell is taken from the object.
    pub(crate) fn verify(&self) -> Result<(), Error> {
        let Self { object, side, .. } = self;
        let key_id = match &side.key_id {
            Some(text) => KeyId::from_base64(text)?,
            None => KeyId::of(&object.leaf_key(), &RustCrypto)?,
        };
        let app = match &side.app_id {
            Some(app_id) => AppIdHash::of(app_id, &RustCrypto)?,
            None => object.auth_data().app_id(),
        };
        let rules = Rules::new(&side.requirements, app);
        match &side.client_data {
            Some(data) => {
                let client_data = ClientDataHash::new(&data.hash)?;
                let (policies, anchors) = ([rules.policy()], self.anchors.trusted());
                let verifier = AttestationVerifier::new(&policies, &anchors, &RustCrypto)?;
                let _proof = verifier.verify(object, &key_id, &client_data, self.now)?;
            }
            None => self.verify_without_client_data(rules.policy(), &key_id, self.now)?,
        }
        match &side.public_key {
            // The identifier fits the attested key; a caller who says another key speaks of another identifier.
            Some(expected) => {
                let expected = expected.point().ok_or(Error::PublicKeyInvalid)?;
                if KeyId::of(&expected, &RustCrypto)? == key_id { Ok(()) } else { Err(Error::KeyIdMismatch) }
            }
            None => Ok(()),
        }
    }

    fn verify_without_client_data(&self, policy: Policy<'_>, key_id: &KeyId, now: UnixTime) -> Result<(), Error> {
        let (policies, anchors) = ([policy], self.anchors.trusted());
        let crypto = Assumed { nonce: Some(*self.object.nonce()), signature: false };
        let verifier = AttestationVerifier::new(&policies, &anchors, &crypto)?;
        verifier.verify(self.object, key_id, &ClientDataHash::new(NOT_TOLD)?, now).map(drop)
    }

    /// Whether another client data hash would fit the nonce.
    pub(crate) fn nonce_covers(&self, client_data_hash: &[u8]) -> bool {
        crate::caller::sha256_of(&[self.object.auth_data().as_bytes(), client_data_hash]) == *self.object.nonce()
    }

    /// The certificates by themselves.
    pub(crate) fn chain(&self) -> ChainReport {
        let (leaf, intermediate) = (self.object.leaf().validity(), self.object.intermediate().validity());
        let start = leaf.not_before.max(intermediate.not_before);
        let overlaps = start <= leaf.not_after.min(intermediate.not_after);
        ChainReport {
            anchors: self.anchors.names(),
            at: self.chain_at(self.now),
            within_validity: overlaps.then(|| self.chain_at(start)),
        }
    }

    /// The engine verifies everything; whatever is not of the certificates comes from the object and so passes, unless
    /// the object contradicts itself.
    fn chain_at(&self, time: UnixTime) -> ChainVerdict {
        let app = self.object.auth_data().app_id();
        let policy = Policy::new(app).with_environments(Environments::ProductionAndDevelopment);
        let verdict = KeyId::of(&self.object.leaf_key(), &RustCrypto)
            .and_then(|key_id| self.verify_without_client_data(policy, &key_id, time));
        let is_of_chain = |error: &Error| matches!(Stage::of(*error), Stage::Of(step) if step >= Step::Validity);
        let failure = verdict.as_ref().err().filter(|error| is_of_chain(error));
        ChainVerdict {
            time: rfc_3339(time),
            holds: match verdict {
                Ok(()) => Some(true),
                Err(_) => failure.map(|_| false),
            },
            code: failure.map(|error| error.code()),
            name: failure.map(|error| error.name()),
        }
    }
}
