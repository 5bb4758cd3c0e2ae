//! Attestations of OAuth clients (draft-ietf-oauth-attestation-based-client-auth-10): an attester, such as the backend of an app
//! that verified an App Attest object, says that an instance of a client is genuine, and that instance proves that it is the one
//! spoken of.
//!
//! Two tokens come with a request: the attestation (§5) and a proof of possession (§6.1). Instead of the latter a proof of
//! [`dpop`](super::dpop) may come (§6.2).

use core::fmt;

use subtle::ConstantTimeEq;

use super::{
    claims::Claims,
    dpop::VerifiedProof,
    jwk,
    jwt::{self, Clock},
    token::{TokenCrypto, TokenKey, check_keys, key_by_header},
};
use crate::{
    UnixTime,
    crypto::{Backend, P256, PublicKey, Sha256, SignP256},
    encoding::{
        json::Text,
        text::{Base64, Room, Write},
    },
    error::Error,
    jose::HeaderRoom,
};

/// The type of an attestation (§5).
const ATTESTATION: &str = "oauth-client-attestation+jwt";

/// The type of a proof of possession (§6.1).
const PROOF: &str = "oauth-client-attestation-pop+jwt";

/// How old attestations and proofs may be.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct ClientAttestationPolicy {
    greatest_proof_age: u32,
    greatest_age: Option<u32>,
    skew: u32,
}

impl ClientAttestationPolicy {
    /// Accepts proofs that were made at most so many seconds ago, and attestations until they expire.
    pub const fn new(greatest_proof_age: u32) -> Self {
        Self { greatest_proof_age, greatest_age: None, skew: 0 }
    }

    /// Refuses attestations that were issued longer ago than so many seconds, and those that do not say when.
    pub const fn limit_attestation_age(self, seconds: u32) -> Self {
        Self { greatest_age: Some(seconds), ..self }
    }

    /// Allows clocks to differ by so many seconds, in the place of none.
    pub const fn with_skew(self, seconds: u32) -> Self {
        Self { skew: seconds, ..self }
    }
}

/// Verifies attestations of trusted attesters, and the proofs that come with them.
pub struct ClientAttestationVerifier<'a, C: ?Sized> {
    policy: ClientAttestationPolicy,
    audience: &'a str,
    attesters: &'a [TokenKey<'a>],
    crypto: &'a C,
}

// Not derived, because that would ask C for the same, which is only referred to.
impl<C: ?Sized> Clone for ClientAttestationVerifier<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized> Copy for ClientAttestationVerifier<'_, C> {}

impl<C: ?Sized> fmt::Debug for ClientAttestationVerifier<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAttestationVerifier")
            .field("policy", &self.policy)
            .field("audience", &self.audience)
            .field("attesters", &self.attesters)
            .finish_non_exhaustive()
    }
}

impl<'a, C: TokenCrypto + ?Sized> ClientAttestationVerifier<'a, C> {
    /// A verifier. `audience` is the issuer identifier of this authorization server, or the resource identifier of this resource server
    /// (§8.2 number 7), and `attesters` are the keys of those whom it trusts.
    ///
    /// # Errors
    ///
    /// [`Error::ConfigTokenPolicy`] if the audience is empty, [`Error::ConfigNoTokenKey`], [`Error::ConfigDuplicateTokenKey`],
    /// [`Error::PublicKeyInvalid`] if a public key is no point of P-256, [`Error::CryptoUnavailable`] if the backend cannot
    /// tell.
    pub fn new(
        policy: ClientAttestationPolicy,
        audience: &'a str,
        attesters: &'a [TokenKey<'a>],
        crypto: &'a C,
    ) -> Result<Self, Error> {
        if audience.is_empty() {
            return Err(Error::ConfigTokenPolicy);
        }
        check_keys(attesters, crypto)?;
        Ok(Self { policy, audience, attesters, crypto })
    }

    /// Verifies an attestation, as the one header field `OAuth-Client-Attestation` had it (§8.1). `client_id` is that of the request,
    /// if it has one. The octets of the buffer are used up, whatever the answer.
    ///
    /// # Errors
    ///
    /// The first check that fails, in the order of [`Step`](super::Step), the key in `cnf` last; 9xxx if nothing could be decided.
    pub fn verify<'t>(
        &self,
        attestation: &'t mut [u8],
        client_id: Option<&str>,
        now: UnixTime,
    ) -> Result<VerifiedClientAttestation<'t>, Error> {
        let clock = Clock::new(now, self.policy.skew)?;
        let crypto = Backend::new(self.crypto);
        let mut jws = jwt::split(attestation)?;

        let (attester_index, key) = key_by_header(&jws, ATTESTATION, true, self.attesters)?;
        key.verify(&mut jws, &crypto)?;

        let claims = Claims::read(jwt::payload(jws)?)?;
        let subject = claims.subject.ok_or(Error::TokenSubjectMissing)?;
        let expires = claims.expires.ok_or(Error::TokenExpiryMissing)?;
        let confirmation = claims.confirmation.ok_or(Error::TokenConfirmation)?;
        if self.policy.greatest_age.is_some() && claims.issued.is_none() {
            return Err(Error::TokenIssuedAtMissing);
        }
        if client_id.is_some_and(|client_id| subject != *client_id) {
            return Err(Error::TokenSubject);
        }
        claims.check_times(clock)?;
        if let (Some(age), Some(issued)) = (self.policy.greatest_age, claims.issued) {
            clock.expect_younger(issued, age)?;
        }

        let key = jwk::read_confirmation(confirmation)?;
        jwk::check(&key, &crypto)?;
        Ok(VerifiedClientAttestation { claims, subject, expires, key, attester_index })
    }

    /// Verifies the proof that came with an attestation, as the one header field `OAuth-Client-Attestation-PoP` had it (§8.2).
    /// `challenge` is the one that the server gave to this client, if it gave one.
    ///
    /// # Errors
    ///
    /// As for [`verify_proof_by_trusted_key`](Self::verify_proof_by_trusted_key).
    pub fn verify_proof<'p>(
        &self,
        proof: &'p mut [u8],
        attestation: &VerifiedClientAttestation<'_>,
        challenge: Option<&str>,
        now: UnixTime,
    ) -> Result<VerifiedClientProof<'p>, Error> {
        // It may have been kept since it was verified.
        if attestation.expires <= Clock::new(now, self.policy.skew)?.earliest {
            return Err(Error::TokenExpired);
        }
        self.verify_proof_by_trusted_key(proof, &attestation.key, challenge, now)
    }

    /// Verifies a proof by a key of which the caller knows by other means that a genuine client has it: no attestation is looked at.
    ///
    /// # Errors
    ///
    /// The first check that fails, in the order of [`Step`](super::Step); 9xxx if nothing could be decided.
    pub fn verify_proof_by_trusted_key<'p>(
        &self,
        proof: &'p mut [u8],
        key: &PublicKey<P256>,
        challenge: Option<&str>,
        now: UnixTime,
    ) -> Result<VerifiedClientProof<'p>, Error> {
        let clock = Clock::new(now, self.policy.skew)?;
        let mut jws = jwt::split(proof)?;

        let mut room = HeaderRoom::new();
        let header = jwt::header(&jws, &mut room)?;
        jwt::expect_type(&header, PROOF)?;
        jwt::expect_algorithm(&header, "ES256")?;
        jwt::verify_es256(&mut jws, key, &Backend::new(self.crypto))?;

        let claims = Claims::read(jwt::payload(jws)?)?;
        claims.audience.ok_or(Error::TokenAudienceMissing)?;
        let issued = claims.issued.ok_or(Error::TokenIssuedAtMissing)?;
        let id = claims.id.filter(|id| !id.is_empty()).ok_or(Error::TokenIdMissing)?;
        let claimed = claims.typed_text("challenge")?;

        // "A Client Attestation PoP JWT is intended for a single audience" (§6.1).
        if claims.audiences().nth(1).is_some() {
            return Err(Error::TokenAudience);
        }
        claims.expect_audience(self.audience)?;
        claims.check_times(clock)?;
        clock.expect_younger(issued, self.policy.greatest_proof_age)?;
        if let Some(challenge) = challenge
            && claimed.is_none_or(|claimed| claimed != *challenge)
        {
            return Err(Error::AttestationChallenge);
        }
        let life = i64::from(self.policy.greatest_proof_age).saturating_add(i64::from(self.policy.skew));
        let expires_at = jwt::unix_time(issued.saturating_add(life));
        Ok(VerifiedClientProof { claims, id, issued, expires_at, challenge: claimed })
    }
}

/// The proof that a trusted attester vouches for an instance of a client. Who sent it has still to prove that it is that instance.
///
/// Made by [`ClientAttestationVerifier`] alone.
#[derive(Debug)]
#[must_use = "an attestation may be a copy: grant nothing until a proof by its key was verified"]
pub struct VerifiedClientAttestation<'t> {
    claims: Claims<'t>,
    subject: Text<'t>,
    expires: i64,
    key: PublicKey<P256>,
    attester_index: usize,
}

impl<'t> VerifiedClientAttestation<'t> {
    /// The client (`sub`): its `client_id`.
    #[must_use]
    pub const fn client_id(&self) -> Text<'t> {
        self.subject
    }

    /// The key of the instance (`cnf.jwk`).
    #[must_use]
    pub const fn key(&self) -> &PublicKey<P256> {
        &self.key
    }

    /// The position of the attester's key in the verifier's list.
    #[must_use]
    pub const fn attester_index(&self) -> usize {
        self.attester_index
    }

    /// When it expires (`exp`), in seconds since 1970, a fraction cut off.
    #[must_use]
    pub const fn expires(&self) -> i64 {
        self.expires
    }

    /// When it was issued (`iat`), in seconds since 1970, a fraction cut off.
    #[must_use]
    pub const fn issued(&self) -> Option<i64> {
        self.claims.issued
    }

    /// Any claim that is a string; `None` if it is missing or of another type.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Text<'t>> {
        self.claims.text(name)
    }

    /// Takes a proof of RFC 9449 in the place of one of this draft (§8.3): it is by the key of this attestation. The challenge, if the
    /// server gave one, is the nonce that it was verified with.
    ///
    /// # Errors
    ///
    /// [`Error::TokenKeyMismatch`].
    pub fn expect_key_of(&self, proof: &VerifiedProof<'_>) -> Result<(), Error> {
        if self.key.0.ct_eq(&proof.key().0).into() { Ok(()) } else { Err(Error::TokenKeyMismatch) }
    }
}

/// The proof that whoever sent a request has the key of an attestation; it may be a replay.
///
/// Made by [`ClientAttestationVerifier`] alone.
#[derive(Debug)]
#[must_use = "a proof is good once: its identifier goes to a store"]
pub struct VerifiedClientProof<'p> {
    claims: Claims<'p>,
    id: Text<'p>,
    issued: i64,
    expires_at: UnixTime,
    challenge: Option<Text<'p>>,
}

impl<'p> VerifiedClientProof<'p> {
    /// The identifier (`jti`), which the caller accepts once of each key: what is stored is the key and this, or a hash of both.
    #[must_use]
    pub const fn id(&self) -> Text<'p> {
        self.id
    }

    /// The last second in which this proof is accepted: for so long the store remembers it.
    #[must_use]
    pub const fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// When it was made (`iat`), in seconds since 1970, a fraction cut off.
    #[must_use]
    pub const fn issued(&self) -> i64 {
        self.issued
    }

    /// The challenge that it holds (`challenge`), whether one was demanded or not.
    #[must_use]
    pub const fn challenge(&self) -> Option<Text<'p>> {
        self.challenge
    }

    /// Any claim that is a string; `None` if it is missing or of another type.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Text<'p>> {
        self.claims.text(name)
    }
}

/// What a new attestation says.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct NewClientAttestation<'a> {
    /// The client's `client_id` (`sub`).
    pub client_id: &'a str,
    /// The key of the instance (`cnf.jwk`).
    pub key: PublicKey<P256>,
    /// For how many seconds from now it is good.
    pub lifetime: u32,
}

/// Writes an attestation, as an attester. `kid` is what authorization servers know the attester's key by.
///
/// The key of the instance has been looked at before: an attester vouches for it.
///
/// # Errors
///
/// [`Error::RoomTooSmall`], [`Error::ClockUnset`], and [`Error::CryptoUnavailable`] if it could not be signed.
pub fn mint<'r, C: Sha256 + ?Sized>(
    attestation: &NewClientAttestation<'_>,
    kid: &str,
    signer: &dyn SignP256,
    now: UnixTime,
    room: &'r mut [u8],
    crypto: &C,
) -> Result<&'r str, Error> {
    let now = jwt::seconds(now)?;
    let header = |to: &mut Base64<'_, Room<'r>>| {
        jwt::write_header(to, "ES256", ATTESTATION, Some(kid));
        to.octet(b'}');
    };
    let payload = |to: &mut Base64<'_, Room<'r>>| {
        to.text("{\"sub\":");
        to.string(attestation.client_id);
        jwt::write_times(to, now, Some(attestation.lifetime));
        to.text(",\"cnf\":{\"jwk\":");
        jwk::write_key(to, &attestation.key, None);
        to.text("}}");
    };
    jwt::write(room, header, payload, |text| jwt::sign_es256(text, signer, crypto))
}

/// What a new proof is for.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct NewClientProof<'a> {
    /// The issuer identifier of the authorization server, or the resource identifier of the resource server (`aud`).
    pub audience: &'a str,
    /// The challenge that the server gave, if it gave one.
    pub challenge: Option<&'a str>,
}

/// Writes a proof, as a client. `random` is at least 16 octets from a generator of random octets: the identifier (`jti`) in base64url.
///
/// # Errors
///
/// [`Error::RoomTooSmall`], [`Error::RandomTooShort`], [`Error::ClockUnset`], and [`Error::CryptoUnavailable`] if it could not be
/// signed.
pub fn mint_proof<'r, C: Sha256 + ?Sized>(
    proof: &NewClientProof<'_>,
    signer: &dyn SignP256,
    random: &[u8],
    now: UnixTime,
    room: &'r mut [u8],
    crypto: &C,
) -> Result<&'r str, Error> {
    jwt::check_id(random)?;
    let now = jwt::seconds(now)?;
    let header = |to: &mut Base64<'_, Room<'r>>| {
        jwt::write_header(to, "ES256", PROOF, None);
        to.octet(b'}');
    };
    let payload = |to: &mut Base64<'_, Room<'r>>| {
        to.text("{\"aud\":");
        to.string(proof.audience);
        jwt::write_times(to, now, None);
        to.octet(b',');
        jwt::write_id(to, random);
        if let Some(challenge) = proof.challenge {
            to.text(",\"challenge\":");
            to.string(challenge);
        }
        to.octet(b'}');
    };
    jwt::write(room, header, payload, |text| jwt::sign_es256(text, signer, crypto))
}
