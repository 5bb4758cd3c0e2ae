//! One entry for every platform: evidence in, a proof with the same claims out.
//!
//! ```text
//! Evidence::AppAttest   ─┐                                  ┌─ platform · environment · issued_at
//! Evidence::PlayToken   ─┼─▶ EvidenceVerifier ─▶ Verified ──┼─ key, if the platform gives one
//! Evidence::PlayAnswer  ─┘                                  └─ the platform's own proof, with everything else
//! ```
//!
//! It decides nothing itself: each kind of evidence goes to the platform's own verifier. A platform without one refuses.
//!
//! The two do not prove the same. An attestation certifies a key once, whose assertions vouch for the requests that follow. A
//! token vouches for one request, and the next one needs another.

use crate::{
    UnixMillis, UnixTime,
    app_attest::{
        AttestationCrypto, AttestationObject, AttestationVerifier, AttestedKey, ClientDataHash, Environment, KeyId,
        Platform as ApplePlatform, VerifiedAttestation,
    },
    error::Error,
    play_integrity::{
        AppRecognition, Binding, ClassicVerifier, DecodedVerifier, PlayIntegrityCrypto, VerifiedIntegrity,
    },
    x509::{Issuers, NoCache},
};

/// What a client sent, with what the caller expects in it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Evidence<'e> {
    /// An attestation of Apple App Attest.
    AppAttest {
        /// The attestation object.
        object: &'e [u8],
        /// What the client sent beside it.
        key_id: KeyId,
        /// What the client hashed into it, with a challenge of the caller's.
        client_data: ClientDataHash<'e>,
    },
    /// A classic token of Google Play Integrity, opened in place.
    PlayToken {
        /// The token; the payload afterwards.
        token: &'e mut [u8],
        /// The nonce, a challenge of the caller's.
        binding: Binding<'e>,
    },
    /// Google's answer to a token of Google Play Integrity, which the caller fetched from Google itself.
    PlayAnswer {
        /// The answer.
        answer: &'e [u8],
        /// The token that was sent to Google.
        token: &'e [u8],
        /// The nonce or request hash.
        binding: Binding<'e>,
    },
}

/// The verifiers of the platforms that a service takes; a platform without one is refused.
#[derive(Debug)]
pub struct EvidenceVerifier<'a, C: ?Sized, I = NoCache> {
    app_attest: Option<AttestationVerifier<'a, C, I>>,
    play_tokens: Option<ClassicVerifier<'a, C>>,
    play_answers: Option<DecodedVerifier<'a, C>>,
}

impl<C: ?Sized, I: Copy> Clone for EvidenceVerifier<'_, C, I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized, I: Copy> Copy for EvidenceVerifier<'_, C, I> {}

impl<C: ?Sized, I> Default for EvidenceVerifier<'_, C, I> {
    /// Refuses every platform.
    fn default() -> Self {
        Self { app_attest: None, play_tokens: None, play_answers: None }
    }
}

impl<'a, C: ?Sized, I> EvidenceVerifier<'a, C, I> {
    /// Takes attestations of App Attest.
    #[must_use]
    pub fn with_app_attest(self, verifier: AttestationVerifier<'a, C, I>) -> Self {
        Self { app_attest: Some(verifier), ..self }
    }

    /// Takes classic tokens of Play Integrity, and opens them with these keys.
    #[must_use]
    pub fn with_play_tokens(self, verifier: ClassicVerifier<'a, C>) -> Self {
        Self { play_tokens: Some(verifier), ..self }
    }

    /// Takes answers of Google's server.
    #[must_use]
    pub fn with_play_answers(self, verifier: DecodedVerifier<'a, C>) -> Self {
        Self { play_answers: Some(verifier), ..self }
    }
}

impl<C, I> EvidenceVerifier<'_, C, I>
where
    C: AttestationCrypto + PlayIntegrityCrypto + ?Sized,
    I: Issuers<C>,
{
    /// Verifies evidence of any platform. That what it is bound to is used once is the caller's, as for the platform alone.
    ///
    /// # Errors
    ///
    /// Those of the platform's verifier; [`Error::ConfigNoPlatform`] if there is none for it.
    pub fn verify<'e>(&self, evidence: Evidence<'e>, now: UnixMillis) -> Result<Verified<'e>, Error> {
        match evidence {
            Evidence::AppAttest { object, key_id, client_data } => {
                let verifier = self.app_attest.as_ref().ok_or(Error::ConfigNoPlatform)?;
                let object = AttestationObject::parse(object)?;
                verifier.verify(&object, &key_id, &client_data, now.to_unix_time()).map(Verified::AppAttest)
            }
            Evidence::PlayToken { token, binding } => {
                let verifier = self.play_tokens.ok_or(Error::ConfigNoPlatform)?;
                verifier.verify(token, binding, now).map(Verified::PlayIntegrity)
            }
            Evidence::PlayAnswer { answer, token, binding } => {
                let verifier = self.play_answers.ok_or(Error::ConfigNoPlatform)?;
                verifier.trust_answer(answer, token)?.accept(binding, now).map(Verified::PlayIntegrity)
            }
        }
    }
}

/// A proof of either platform, with the claims that both have.
#[derive(Clone, Debug)]
#[must_use]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "nothing allocates, and a proof is made in place")]
pub enum Verified<'e> {
    /// Apple vouches for the app and its key.
    AppAttest(VerifiedAttestation<'e>),
    /// Google vouches for app and device.
    PlayIntegrity(VerifiedIntegrity<'e>),
}

/// The platform of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Platform {
    /// An iPhone or iPad; also where an Apple device does not say what it is, as before iOS 18.
    Ios,
    /// A Mac.
    MacOs,
    /// Android, or an emulator of it that the policy accepts.
    Android,
}

impl Platform {
    /// The name in tokens and metrics: `ios`, `macos`, `android`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ios => "ios",
            Self::MacOs => "macos",
            Self::Android => "android",
        }
    }
}

impl core::fmt::Display for Platform {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Verified<'_> {
    /// The platform.
    #[must_use]
    pub fn platform(&self) -> Platform {
        match self {
            Self::AppAttest(attestation) => match attestation.device().platform {
                Some(ApplePlatform::MacOsX) => Platform::MacOs,
                _ => Platform::Ios,
            },
            Self::PlayIntegrity(_) => Platform::Android,
        }
    }

    /// Whether it is an app as it is distributed. A test response of the Play Console counts as development, and so does an app that
    /// Google Play does not recognize, where the policy accepts one.
    #[must_use]
    pub const fn environment(&self) -> Environment {
        match self {
            Self::AppAttest(attestation) => attestation.environment(),
            Self::PlayIntegrity(integrity) => {
                let payload = integrity.payload();
                match payload.app.recognition {
                    Some(AppRecognition::PlayRecognized) if !payload.is_test_response => Environment::Production,
                    _ => Environment::Development,
                }
            }
        }
    }

    /// Since when the evidence is: the notBefore of an attestation's leaf, which Apple sets before the time of issue, or the time
    /// of a token.
    #[must_use]
    pub const fn issued_at(&self) -> UnixTime {
        match self {
            Self::AppAttest(attestation) => attestation.leaf_validity().not_before,
            Self::PlayIntegrity(integrity) => integrity.timestamp().to_unix_time(),
        }
    }

    /// The key that was attested, whose assertions vouch for later requests. A token has none.
    #[must_use]
    pub const fn key(&self) -> Option<AttestedKey> {
        match self {
            Self::AppAttest(attestation) => Some(attestation.key()),
            Self::PlayIntegrity(_) => None,
        }
    }
}
