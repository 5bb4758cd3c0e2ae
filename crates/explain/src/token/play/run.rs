//! One token under the engine, and what its layers gave.

use genuine::{
    Error, UnixMillis,
    crypto::RustCrypto,
    play_integrity::{
        AuthenticPayload, Binding, ClassicVerifier, DecodedVerifier, DecryptionKey, DeviceLabel, KeyPair, Payload,
        Policy, Text, VerificationKey,
    },
};

use super::{
    backend::Watched,
    keys::{self, NO_KEY},
    side::{PlayBinding, PlaySide},
};
use crate::{
    model::Missing,
    text::from_base64,
    token::{
        header,
        model::{Token, TokenForm},
    },
};

/// Stands for a package that was not told, where the payload names none either. No package has a space in its name.
pub(super) const NO_PACKAGE: &str = "not told";

/// Stands for a nonce that was not told, where the payload has none that could be expected.
const NO_NONCE: [u8; 32] = [0; 32];

/// Stands for the token that Google's server decoded. Its hash alone is made of it, and nothing here stores that.
const ANY_TOKEN: &[u8] = b"AAAA.AAAA.AAAA.AAAA.AAAA";

/// What the layers of a token gave.
pub(super) struct Opened {
    /// The engine's answer up to the payload, the policy left aside.
    pub(super) result: Result<(), Error>,
    /// The pairs of keys that open tokens.
    pub(super) pairs: Vec<KeyPair>,
    /// The position of the pair that unwrapped the content key.
    pub(super) unwrapped: Option<usize>,
    /// What the token held, if it was opened: a JWS, if all is well.
    pub(super) text: Option<Vec<u8>>,
    /// The payload in that, or what was given for one.
    pub(super) json: Option<Vec<u8>>,
}

impl Opened {
    pub(super) fn of(token: &Token, form: TokenForm, side: &PlaySide) -> Self {
        let nothing = Self { result: Ok(()), pairs: Vec::new(), unwrapped: None, text: None, json: None };
        if form == TokenForm::Payload {
            return Self { json: Some(token.text.clone()), ..nothing };
        }
        let pairs = match keys::pairs(&side.keys) {
            Ok(pairs) => pairs,
            Err(error) => {
                // The payload of a JWS alone lies open, whatever the keys are.
                return Self { result: Err(error), json: open_payload(&token.text), ..nothing };
            }
        };
        let watched = Watched { is_closed: pairs.is_empty(), ..Watched::default() };
        let policy = Policy::new(side.package.as_deref().unwrap_or(NO_PACKAGE), &[[0; 32]]);
        let stand_in =
            [KeyPair { decryption: DecryptionKey::new([0; 32]), verification: VerificationKey::new(NO_KEY) }];
        let keys = if pairs.is_empty() { &stand_in } else { pairs.as_slice() };
        let verifier = ClassicVerifier::new(&policy, keys, &watched);
        let result = verifier.and_then(|verifier| verifier.open(&mut token.text.clone()).map(drop));
        let text = watched.opened.into_inner();
        let json = open_payload(text.as_deref().unwrap_or(&token.text));
        Self { result, pairs, unwrapped: watched.unwrapped.get(), text, json }
    }
}

/// The payload of a JWS, whoever made it.
fn open_payload(text: &[u8]) -> Option<Vec<u8>> {
    let segments: Vec<_> = text.split(|octet| *octet == b'.').collect();
    let [_, payload, _] = segments[..] else { return None };
    header::decoded(payload)
}

/// A token, what it is held against, and what its layers gave.
pub(super) struct Run<'c> {
    pub(super) token: &'c Token,
    pub(super) form: TokenForm,
    pub(super) side: &'c PlaySide,
    pub(super) now: UnixMillis,
    pub(super) opened: &'c Opened,
    pub(super) payload: Option<Payload<'c>>,
}

impl Run<'_> {
    /// The engine's verdict; what the caller did not tell is taken from the payload.
    pub(super) fn verify(&self) -> Result<(), Error> {
        if let Some(binding) = &self.side.binding {
            binding.to_engine()?;
        }
        match self.opened.result {
            Err(Error::PlayNotOpened) if self.is_closed() => return Ok(()),
            result => result?,
        }
        match &self.side.binding {
            Some(told) => self.judged(told.to_engine()?),
            None => self.judged(self.binding_found().to_engine()?),
        }
    }

    /// The engine's verdict with this binding.
    pub(super) fn judged(&self, binding: Binding<'_>) -> Result<(), Error> {
        let (package, certificates) = (self.package(), self.certificates());
        let mut policy = self.side.requirements.apply(Policy::new(&package, &certificates));
        if let Some(milliseconds) = self.side.max_age {
            policy = policy.limit_age(milliseconds);
        }
        if let Some(milliseconds) = self.side.max_skew {
            policy = policy.limit_skew(milliseconds);
        }
        if !self.side.devices.is_empty() {
            policy = policy.accept_devices(&self.side.devices);
        }
        if self.side.accept_test_responses {
            policy = policy.accept_test_responses();
        }
        match self.form {
            TokenForm::Compact => {
                let watched = Watched::default();
                let verifier = ClassicVerifier::new(&policy, &self.opened.pairs, &watched)?;
                let mut text = self.token.text.clone();
                verifier.open(&mut text)?.accept(binding, self.now).map(drop)
            }
            TokenForm::Payload => trusted(&policy, &self.token.text)?.accept(binding, self.now).map(drop),
        }
    }

    /// Whether this pair of keys proves that Google made the token.
    pub(super) fn is_signed_by(&self, pair: &KeyPair) -> bool {
        let policy = Policy::new(NO_PACKAGE, &[[0; 32]]);
        let keys = [pair.clone()];
        let opened = ClassicVerifier::new(&policy, &keys, &RustCrypto)
            .and_then(|verifier| verifier.open(&mut self.token.text.clone()).map(drop));
        opened.is_ok()
    }

    /// Without a decryption key a token stays closed.
    pub(super) fn is_closed(&self) -> bool {
        self.form == TokenForm::Compact && self.opened.pairs.is_empty()
    }

    /// Whether the pair that opened the token has a verification key.
    pub(super) fn is_signature_asked(&self) -> bool {
        let pairs = &self.opened.pairs;
        let has_key = |pair: &KeyPair| pair.verification != VerificationKey::new(NO_KEY);
        self.opened
            .unwrapped
            .and_then(|position| pairs.get(position))
            .map_or_else(|| pairs.iter().all(has_key), has_key)
    }

    /// Whether Google's signature over the payload was verified.
    pub(super) fn is_authentic(&self) -> bool {
        self.form == TokenForm::Compact && self.opened.result.is_ok() && self.is_signature_asked()
    }

    pub(super) fn missing(&self) -> Vec<Missing> {
        let side = self.side;
        let is_token = self.form == TokenForm::Compact;
        let has_no_key = side.keys.iter().all(|keys| keys.verification.is_none());
        let no_signature = if self.is_closed() { has_no_key } else { !self.is_signature_asked() };
        [
            (is_token && side.keys.iter().all(|keys| keys.decryption.is_none()), Missing::DecryptionKey),
            (is_token && no_signature, Missing::VerificationKey),
            (side.package.is_none(), Missing::Package),
            (side.certificates.is_empty(), Missing::CertificateDigest),
            (side.binding.is_none(), Missing::Binding),
        ]
        .into_iter()
        .filter_map(|(is_missing, part)| is_missing.then_some(part))
        .collect()
    }

    /// The package that was told, or the one that asked for the token.
    pub(super) fn package(&self) -> String {
        let found = || self.payload?.request.package_name.map(text).filter(|name| !name.is_empty());
        self.side.package.clone().or_else(found).unwrap_or_else(|| NO_PACKAGE.to_owned())
    }

    /// The digests that were told, or one that the payload has.
    pub(super) fn certificates(&self) -> Vec<[u8; 32]> {
        if !self.side.certificates.is_empty() {
            return self.side.certificates.clone();
        }
        let mut found = self.payload.iter().flat_map(|payload| payload.app.certificate_digests.iter());
        vec![found.find_map(|digest| from_base64(&text(digest))?.try_into().ok()).unwrap_or([0; 32])]
    }

    /// What the payload is bound to; [`NO_NONCE`] where that is nothing that anybody could expect.
    pub(super) fn binding_found(&self) -> PlayBinding {
        let request = self.payload.map(|payload| payload.request).unwrap_or_default();
        let nonce = request.nonce.and_then(|nonce| from_base64(&text(nonce))).map(PlayBinding::Nonce);
        // A token that is opened here is a classic one.
        let is_standard = self.form == TokenForm::Payload && request.nonce.is_none();
        let hash = request.request_hash.filter(|_| is_standard).map(|hash| PlayBinding::RequestHash(text(hash)));
        let found = nonce.or(hash).filter(|binding| binding.to_engine().is_ok());
        found.unwrap_or_else(|| PlayBinding::Nonce(NO_NONCE.to_vec()))
    }

    /// The labels of which a device needs one.
    pub(super) fn devices(&self) -> Vec<String> {
        let default = [DeviceLabel::MeetsDeviceIntegrity];
        let accepted = match &self.side.requirements.accept_devices {
            _ if !self.side.devices.is_empty() => self.side.devices.as_slice(),
            Some(labels) => labels,
            None => &default,
        };
        accepted.iter().map(ToString::to_string).collect()
    }
}

/// A payload taken for Google's word, as whoever gave it says.
pub(super) fn trusted<'a, 'i>(policy: &'a Policy<'a>, json: &'i [u8]) -> Result<AuthenticPayload<'a, 'i>, Error> {
    DecodedVerifier::new(policy, &RustCrypto)?.trust_answer(json, ANY_TOKEN)
}

pub(super) fn text(text: Text<'_>) -> String {
    text.chars().collect()
}
