//! The token: bytes → verified claims.

use core::fmt;

use super::{
    capabilities::TokenCrypto,
    key::{TokenKey, check_keys, key_by_header},
    policy::{Parties, TokenPolicy},
};
use crate::{
    UnixTime,
    crypto::{Backend, P256, PublicKey, Sha256},
    encoding::json::{JsonError, Reader, Text},
    error::Error,
    session::{
        claims::{Audiences, Claims},
        dpop::VerifiedProof,
        jwk::{self, Thumbprint},
        jwt::{self, Clock},
    },
};

/// Verifies tokens, with one policy, a list of keys and one cryptographic backend.
///
/// Made once, for as long as the keys are good.
pub struct TokenVerifier<'a, C: ?Sized> {
    policy: TokenPolicy<'a>,
    keys: &'a [TokenKey<'a>],
    crypto: &'a C,
}

// Not derived, because that would ask C for the same, which is only referred to.
impl<C: ?Sized> Clone for TokenVerifier<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized> Copy for TokenVerifier<'_, C> {}

impl<C: ?Sized> fmt::Debug for TokenVerifier<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenVerifier").field("policy", &self.policy).field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl<'a, C: TokenCrypto + ?Sized> TokenVerifier<'a, C> {
    /// A verifier.
    ///
    /// # Errors
    ///
    /// [`Error::ConfigTokenPolicy`], [`Error::ConfigNoTokenKey`], [`Error::ConfigDuplicateTokenKey`],
    /// [`Error::PublicKeyInvalid`] if a public key is no point of P-256, [`Error::CryptoUnavailable`] if the backend cannot
    /// tell.
    pub fn new(policy: TokenPolicy<'a>, keys: &'a [TokenKey<'a>], crypto: &'a C) -> Result<Self, Error> {
        policy.check()?;
        check_keys(keys, crypto)?;
        Ok(Self { policy, keys, crypto })
    }

    /// Verifies a token that whoever has it may use, as it came after `Bearer`: nothing around it. The octets of the buffer are
    /// used up, whatever the answer.
    ///
    /// A token that is bound to a key is refused: it is a [`verify_bound`](Self::verify_bound)'s.
    ///
    /// # Errors
    ///
    /// The first check that fails, in the order of [`Step`](super::super::Step); 9xxx if nothing could be decided.
    pub fn verify<'t>(&self, token: &'t mut [u8], now: UnixTime) -> Result<VerifiedToken<'t>, Error> {
        let token = self.authenticate(token, now)?;
        if token.claims.confirmation.is_some() { Err(Error::TokenBound) } else { Ok(token) }
    }

    /// Verifies a token that is bound to a key, as it came after `DPoP`. Who presents it has still to show that the key is theirs:
    /// one of the methods `confirm…` of the answer.
    ///
    /// # Errors
    ///
    /// As for [`verify`](Self::verify); [`Error::TokenUnbound`] for a token that is bound to no key, and
    /// [`Error::TokenConfirmation`] for one that is bound in another way than by `jkt` or `jwk` (RFC 9449 §6.1, RFC 7800 §3.2).
    pub fn verify_bound<'t>(&self, token: &'t mut [u8], now: UnixTime) -> Result<BoundToken<'t>, Error> {
        // The text is used up below.
        let hash = Backend::new(self.crypto).sha256::<Error>(&[token])?;
        let token = self.authenticate(token, now)?;
        let confirmation = token.confirmation().ok_or(Error::TokenUnbound)??;
        let thumbprint = match confirmation {
            Confirmation::Thumbprint(thumbprint) => thumbprint,
            Confirmation::Key(key) => Thumbprint::of(&key, self.crypto)?,
        };
        Ok(BoundToken { token, thumbprint, hash })
    }

    fn authenticate<'t>(&self, token: &'t mut [u8], now: UnixTime) -> Result<VerifiedToken<'t>, Error> {
        let TokenPolicy { parties, kind, skew, greatest_lifetime } = self.policy;
        let clock = Clock::new(now, skew)?;
        let mut jws = jwt::split(token)?;

        let (key_index, key) = key_by_header(&jws, kind, parties.is_some(), self.keys)?;
        key.verify(&mut jws, &Backend::new(self.crypto))?;

        let claims = Claims::read(jwt::payload(jws)?)?;
        let expires = claims.expires.ok_or(Error::TokenExpiryMissing)?;
        if greatest_lifetime.is_some() && claims.issued.is_none() {
            return Err(Error::TokenIssuedAtMissing);
        }
        if let Some(Parties { issuer, audience }) = parties {
            let by = claims.issuer.ok_or(Error::TokenIssuerMissing)?;
            claims.audience.ok_or(Error::TokenAudienceMissing)?;
            if by != *issuer {
                return Err(Error::TokenIssuer);
            }
            claims.expect_audience(audience)?;
        }
        claims.check_times(clock)?;
        if let (Some(greatest), Some(issued)) = (greatest_lifetime, claims.issued)
            && expires.saturating_sub(issued) > i64::from(greatest)
        {
            return Err(Error::TokenLifetime);
        }
        Ok(VerifiedToken { claims, key_index, expires })
    }
}

/// A token that is authentic, in force, and bound to a key that has not been shown yet.
///
/// Only [`TokenVerifier::verify_bound`] makes one. It says nothing of its holder until a method `confirm…` has compared the key.
#[derive(Debug)]
#[must_use = "this token may be stolen: grant nothing until one of its methods `confirm…` has compared the key"]
pub struct BoundToken<'t> {
    token: VerifiedToken<'t>,
    thumbprint: Thumbprint,
    /// SHA-256 of the token's text.
    hash: [u8; 32],
}

impl<'t> BoundToken<'t> {
    /// The thumbprint of the key that the token is bound to.
    #[must_use]
    pub const fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// Confirms that the token came with this proof, by the key that it is bound to (RFC 9449 §4.3 number 12).
    ///
    /// # Errors
    ///
    /// [`Error::TokenKeyMismatch`]; [`Error::ProofTokenHash`] if the proof is not for this token.
    pub fn confirm(self, proof: &VerifiedProof<'_>) -> Result<VerifiedToken<'t>, Error> {
        self.thumbprint.expect(&proof.thumbprint())?;
        proof.expect_token_hash(&self.hash)?;
        Ok(self.token)
    }

    /// Confirms the token by another proof than that of RFC 9449: the caller has verified that whoever sent it has this key, for this
    /// request, by a signature of its own kind.
    ///
    /// # Errors
    ///
    /// [`Error::TokenKeyMismatch`], [`Error::CryptoUnavailable`] if the backend cannot hash.
    pub fn confirm_by_proven_key<C: Sha256 + ?Sized>(
        self,
        key: &PublicKey<P256>,
        crypto: &C,
    ) -> Result<VerifiedToken<'t>, Error> {
        self.thumbprint.expect(&Thumbprint::of(key, crypto)?)?;
        Ok(self.token)
    }
}

/// What a token is bound to (`cnf`, RFC 7800 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// The key of this thumbprint (`jkt`, RFC 9449 §6.1).
    Thumbprint(Thumbprint),
    /// This key (`jwk`, RFC 7800 §3.2). Nobody has looked whether it is a point of the curve.
    Key(PublicKey<P256>),
}

impl Confirmation {
    /// Reads the value of `cnf`: it names one key, in one of the two ways.
    fn read(mut reader: Reader<'_>) -> Result<Self, Error> {
        let in_confirmation = |_: JsonError| Error::TokenConfirmation;
        let mut found = None;
        let mut members = reader.object().map_err(in_confirmation)?;
        while let Some(position) = members.next(&mut reader, &["jkt", "jwk"]).map_err(in_confirmation)? {
            let confirmation = if position == 0 {
                let text = reader.text().map_err(in_confirmation)?;
                Self::Thumbprint(Thumbprint(jwk::octets(text).ok_or(Error::TokenConfirmation)?))
            } else {
                Self::Key(jwk::read_value(&mut reader).map_err(|_| Error::TokenConfirmation)?)
            };
            if found.replace(confirmation).is_some() {
                return Err(Error::TokenConfirmation);
            }
        }
        found.ok_or(Error::TokenConfirmation)
    }
}

/// The app's platform, as a token names it: an open list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Platform<'t> {
    /// `ios`.
    Ios,
    /// `macos`.
    MacOs,
    /// `android`.
    Android,
    /// Another one.
    Other(Text<'t>),
}

/// The proof that a token is authentic, for this audience and in force; and, if it is bound to a key, that whoever sent it has that key.
///
/// Made by [`TokenVerifier::verify`] and the `confirm…` methods of [`BoundToken`] alone. Whether it was revoked, and whether its
/// identifier was used before, only the caller's store knows.
#[derive(Debug)]
#[must_use]
pub struct VerifiedToken<'t> {
    claims: Claims<'t>,
    key_index: usize,
    expires: i64,
}

impl<'t> VerifiedToken<'t> {
    /// The position of the key in the verifier's list.
    #[must_use]
    pub const fn key_index(&self) -> usize {
        self.key_index
    }

    /// Who issued it (`iss`): the policy's issuer, unless the policy names none.
    #[must_use]
    pub const fn issuer(&self) -> Option<Text<'t>> {
        self.claims.issuer
    }

    /// Who or what it is about (`sub`).
    #[must_use]
    pub const fn subject(&self) -> Option<Text<'t>> {
        self.claims.subject
    }

    /// Whom it is for (`aud`): the policy's audience among others, unless the policy names none.
    #[must_use]
    pub fn audiences(&self) -> Audiences<'t> {
        self.claims.audiences()
    }

    /// When it expires (`exp`), in seconds since 1970, a fraction cut off. From that second on it is not accepted any more, or from as
    /// many seconds later as the policy allows clocks to differ: a list of revoked tokens keeps it for as long.
    #[must_use]
    pub const fn expires(&self) -> i64 {
        self.expires
    }

    /// From when on it is accepted (`nbf`), in seconds since 1970, a fraction cut off.
    #[must_use]
    pub const fn not_before(&self) -> Option<i64> {
        self.claims.not_before
    }

    /// When it was issued (`iat`), in seconds since 1970, a fraction cut off.
    #[must_use]
    pub const fn issued(&self) -> Option<i64> {
        self.claims.issued
    }

    /// The identifier (`jti`), by which a list of revoked tokens names it.
    #[must_use]
    pub const fn id(&self) -> Option<Text<'t>> {
        self.claims.id
    }

    /// What the token is bound to (`cnf`); `None` if it is bound to nothing.
    #[must_use]
    pub fn confirmation(&self) -> Option<Result<Confirmation, Error>> {
        self.claims.confirmation.map(Confirmation::read)
    }

    /// The app's platform (`platform`).
    #[must_use]
    pub fn platform(&self) -> Option<Platform<'t>> {
        self.claims.text(PLATFORM).map(|platform| {
            if platform == "ios" {
                Platform::Ios
            } else if platform == "macos" {
                Platform::MacOs
            } else if platform == "android" {
                Platform::Android
            } else {
                Platform::Other(platform)
            }
        })
    }

    /// The environment that the app was attested in (`environment`).
    #[must_use]
    pub fn environment(&self) -> Option<Text<'t>> {
        self.claims.text(ENVIRONMENT)
    }

    /// What the attestation came to (`verdict`), such as `VERIFIED`.
    #[must_use]
    pub fn verdict(&self) -> Option<Text<'t>> {
        self.claims.text(VERDICT)
    }

    /// Any claim that is a string; `None` if it is missing or of another type.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Text<'t>> {
        self.claims.text(name)
    }

    /// Any claim that is a number of which the part before the point fits 64 bits; its fraction is cut off. `None` if it is missing
    /// or something else.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.claims.integer(name)
    }

    /// Any claim that is `true` or `false`; `None` if it is missing or of another type.
    #[must_use]
    pub fn boolean(&self, name: &str) -> Option<bool> {
        self.claims.boolean(name)
    }
}

pub(super) const PLATFORM: &str = "platform";
pub(super) const ENVIRONMENT: &str = "environment";
pub(super) const VERDICT: &str = "verdict";
