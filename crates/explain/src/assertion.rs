//! An assertion under the engine.

use genuine::{
    Error,
    app_attest::{
        AppIdHash, Assertion, AssertionVerifier, AttestedKey, AuthenticAssertion, ClientDataHash, Environment,
        Environments, KeyId,
    },
    crypto::{P256, PublicKey, RustCrypto},
};

use crate::{
    assumed::{Assumed, NOT_TOLD},
    caller::{CallerSide, StoredKey},
    model::Missing,
    policy::Rules,
};

/// An assertion and what it is held against.
#[derive(Clone, Copy)]
pub(crate) struct Asserted<'c> {
    pub(crate) assertion: &'c Assertion<'c>,
    pub(crate) side: &'c CallerSide,
}

pub(crate) fn missing(side: &CallerSide) -> Vec<Missing> {
    let stored = side.public_key.as_ref().is_some_and(StoredKey::is_record);
    [
        (side.app_id.is_none() && !stored, Missing::AppId),
        (side.public_key.is_none(), Missing::PublicKey),
        (side.client_data.is_none(), Missing::ClientData),
        (side.last_counter.is_none(), Missing::Counter),
    ]
    .into_iter()
    .filter_map(|(is_missing, part)| is_missing.then_some(part))
    .collect()
}

impl<'c> Asserted<'c> {
    /// The engine's verdict; what the caller did not tell is taken for granted.
    pub(crate) fn verify(&self) -> Result<(), Error> {
        let authentic = self.authentic(self.side.client_data.as_ref().map_or(NOT_TOLD, |data| &data.hash))?;
        self.side.last_counter.as_ref().map_or(Ok(()), |last| last.accept(authentic))
    }

    /// Whether the key signed this client data hash.
    pub(crate) fn signature_covers(&self, client_data_hash: &[u8]) -> bool {
        self.authentic(client_data_hash).is_ok()
    }

    /// Everything but the counter.
    fn authentic(&self, client_data_hash: &[u8]) -> Result<AuthenticAssertion<'c>, Error> {
        let Self { assertion, side } = self;
        // Without key or client data there is nothing that the signature could be verified with.
        let assumed = Assumed { nonce: None, signature: side.public_key.is_none() || side.client_data.is_none() };
        let key = self.key()?;
        let stored_id = side.key_id.as_deref().map(KeyId::from_base64).transpose()?;
        let client_data = ClientDataHash::new(client_data_hash)?;
        let app = match &side.app_id {
            Some(app_id) => AppIdHash::of(app_id, &RustCrypto)?,
            None => key.app_id(),
        };
        let rules = Rules::new(&side.requirements, app);
        let policies = [rules.policy()];
        let verifier = AssertionVerifier::new(&policies, &assumed)?;
        if side.public_key.is_some() && stored_id.is_some_and(|stored| stored != key.id()) {
            return Err(Error::KeyIdMismatch);
        }
        verifier.verify(assertion, &key, &client_data)
    }

    /// The attested key: stored, or of the parts that the caller told, or one that nothing is verified with.
    fn key(&self) -> Result<AttestedKey, Error> {
        let Self { assertion, side } = self;
        let app = match &side.app_id {
            Some(app_id) => AppIdHash::of(app_id, &RustCrypto)?,
            None => assertion.auth_data().app_id(),
        };
        let environment = match side.requirements.environment {
            Some(Environments::Development) => Environment::Development,
            Some(Environments::Production | Environments::ProductionAndDevelopment) | None => Environment::Production,
        };
        match &side.public_key {
            Some(key) if key.is_record() => AttestedKey::from_trusted_bytes(&key.0, &RustCrypto),
            Some(key) => {
                let point = key.point().ok_or(Error::PublicKeyInvalid)?;
                AttestedKey::from_trusted_parts(&point, app, environment, &RustCrypto)
            }
            None => {
                let no_key = PublicKey::<P256>([0; 64]);
                AttestedKey::from_trusted_parts(&no_key, app, environment, &Assumed { nonce: None, signature: true })
            }
        }
    }

    /// The key that the caller told, as a point.
    pub(crate) fn point(&self) -> Option<PublicKey<P256>> {
        self.side.public_key.as_ref()?.point()
    }
}
