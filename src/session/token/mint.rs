//! Making tokens, in the caller's buffer.

use core::fmt;

use super::{
    key::{Secret, TokenKey},
    policy::TYPE,
    verify::{ENVIRONMENT, PLATFORM, VERDICT},
};
use crate::{
    UnixTime,
    crypto::{Backend, HmacSha256, Sha256, SignP256},
    encoding::text::{Base64, Room, Write},
    error::Error,
    session::{jwk::Thumbprint, jwt},
};

/// What a new token says beside its issuer and audience.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct NewToken<'a> {
    subject: &'a str,
    lifetime: u32,
    bound_to: Option<Thumbprint>,
    platform: Option<&'a str>,
    environment: Option<&'a str>,
    verdict: Option<&'a str>,
    others: &'a [(&'a str, ClaimValue<'a>)],
}

/// The value of a claim that the caller adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimValue<'a> {
    /// A string of any characters.
    Text(&'a str),
    /// An integer.
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
}

impl<'a> NewToken<'a> {
    /// About this subject (`sub`), for so many seconds from now.
    pub const fn new(subject: &'a str, lifetime: u32) -> Self {
        Self { subject, lifetime, bound_to: None, platform: None, environment: None, verdict: None, others: &[] }
    }

    /// Binds it to a key (`cnf`, RFC 9449 §6.1): whoever presents it has to prove that they have that key.
    pub const fn bound_to(self, key: Thumbprint) -> Self {
        Self { bound_to: Some(key), ..self }
    }

    /// Names the app's platform (`platform`): `ios`, `macos` or `android`.
    pub const fn with_platform(self, platform: &'a str) -> Self {
        Self { platform: Some(platform), ..self }
    }

    /// Names the environment that the app was attested in (`environment`).
    pub const fn with_environment(self, environment: &'a str) -> Self {
        Self { environment: Some(environment), ..self }
    }

    /// Says what the attestation came to (`verdict`).
    pub const fn with_verdict(self, verdict: &'a str) -> Self {
        Self { verdict: Some(verdict), ..self }
    }

    /// Adds claims of other names.
    pub const fn with_claims(self, others: &'a [(&'a str, ClaimValue<'a>)]) -> Self {
        Self { others, ..self }
    }

    /// Every name once, and none that has a meaning here.
    fn check(&self) -> Result<(), Error> {
        let mut rest = self.others;
        while let Some(((name, _), others)) = rest.split_first() {
            if RESERVED.contains(name) || others.iter().any(|(other, _)| other == name) {
                return Err(Error::ConfigClaimName);
            }
            rest = others;
        }
        Ok(())
    }
}

/// The names of the claims that are written without the caller's naming them, or whose meaning is fixed.
const RESERVED: [&str; 11] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", PLATFORM, ENVIRONMENT, VERDICT];

/// Makes tokens of one issuer for one audience, with one key.
pub struct TokenMinter<'a, C: ?Sized> {
    issuer: &'a str,
    audience: &'a str,
    kind: &'a str,
    key: MintingKey<'a>,
    crypto: &'a C,
}

#[derive(Clone, Copy)]
enum MintingKey<'a> {
    Secret { kid: &'a str, secret: &'a Secret },
    Signer { kid: &'a str, signer: &'a dyn SignP256 },
}

impl<C: ?Sized> Clone for TokenMinter<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized> Copy for TokenMinter<'_, C> {}

impl<C: ?Sized> fmt::Debug for TokenMinter<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (algorithm, kid) = self.key.names();
        f.debug_struct("TokenMinter")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("alg", &algorithm)
            .field("kid", &kid)
            .finish_non_exhaustive()
    }
}

impl<'a> MintingKey<'a> {
    /// Algorithm and identifier.
    const fn names(&self) -> (&'static str, &'a str) {
        match self {
            Self::Secret { kid, .. } => ("HS256", kid),
            Self::Signer { kid, .. } => ("ES256", kid),
        }
    }
}

/// A secret that is none of the verifier's: 32 octets from a generator of random octets, made for one token.
///
/// `Debug` shows nothing of it, and it is wiped when the value is dropped.
pub struct WrongSecret(Secret);

impl WrongSecret {
    /// Takes the octets.
    ///
    /// # Errors
    ///
    /// [`Error::RandomTooShort`] if they are all zeros.
    pub fn from_random(octets: &[u8; 32]) -> Result<Self, Error> {
        jwt::check_random(octets, octets.len())?;
        Secret::new(octets).map(Self)
    }
}

impl fmt::Debug for WrongSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrongSecret").finish_non_exhaustive()
    }
}

/// The text of a token that no verifier accepts.
#[derive(Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct DecoyToken<'r>(&'r str);

impl<'r> DecoyToken<'r> {
    /// The text, to be sent to a client that is not to know that it failed.
    #[must_use]
    pub const fn as_text_that_no_verifier_accepts(&self) -> &'r str {
        self.0
    }
}

impl fmt::Debug for DecoyToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecoyToken").finish_non_exhaustive()
    }
}

impl<'a, C: Sha256 + HmacSha256 + ?Sized> TokenMinter<'a, C> {
    /// A minter of HS256 (RFC 7518 §3.2).
    ///
    /// # Errors
    ///
    /// [`Error::ConfigKeyKind`] if the key is a public one, [`Error::ConfigTokenPolicy`] if the issuer or the audience is empty.
    pub fn hs256(issuer: &'a str, audience: &'a str, key: &'a TokenKey<'a>, crypto: &'a C) -> Result<Self, Error> {
        let secret = key.secret().ok_or(Error::ConfigKeyKind)?;
        Self::new(issuer, audience, MintingKey::Secret { kid: key.kid(), secret }, crypto)
    }

    /// A minter of ES256 (RFC 7518 §3.4). Verifiers take [`TokenKey::es256`] of this `kid` and the signer's public key.
    ///
    /// # Errors
    ///
    /// [`Error::ConfigTokenPolicy`] if the issuer or the audience is empty.
    pub fn es256(
        issuer: &'a str,
        audience: &'a str,
        kid: &'a str,
        signer: &'a dyn SignP256,
        crypto: &'a C,
    ) -> Result<Self, Error> {
        Self::new(issuer, audience, MintingKey::Signer { kid, signer }, crypto)
    }

    fn new(issuer: &'a str, audience: &'a str, key: MintingKey<'a>, crypto: &'a C) -> Result<Self, Error> {
        if issuer.is_empty() || audience.is_empty() {
            return Err(Error::ConfigTokenPolicy);
        }
        Ok(Self { issuer, audience, kind: TYPE, key, crypto })
    }

    /// Gives tokens this type (`typ`) in the place of `JWT`.
    #[must_use]
    pub const fn with_type(self, kind: &'a str) -> Self {
        Self { kind, ..self }
    }

    /// Writes a token. `random` is at least 16 octets from a generator of random octets: the identifier (`jti`) in base64url.
    ///
    /// # Errors
    ///
    /// [`Error::RoomTooSmall`], [`Error::RandomTooShort`], [`Error::ConfigClaimName`], [`Error::ClockUnset`], and
    /// [`Error::CryptoUnavailable`] if it could not be signed.
    pub fn mint<'r>(
        &self,
        token: &NewToken<'_>,
        random: &[u8],
        now: UnixTime,
        room: &'r mut [u8],
    ) -> Result<&'r str, Error> {
        match self.key {
            MintingKey::Secret { secret, .. } => self.write(token, random, now, room, |text| self.code(secret, text)),
            MintingKey::Signer { signer, .. } => {
                self.write(token, random, now, room, |text| jwt::sign_es256(text, signer, self.crypto))
            }
        }
    }

    /// Writes a token that no verifier accepts, of the same shape and length as [`mint`](Self::mint) writes, for a client that
    /// failed and is not to learn why, or that it did: its code is by the secret given here.
    ///
    /// It hides the failure from the client and from who sees its traffic, and from nobody who can verify: not from the API, which
    /// answers in another way, and not from a client that has the true secret. It takes HS256, because anybody can verify
    /// ES256. The claims are those given here: one that says `FAILED` tells.
    ///
    /// # Errors
    ///
    /// As for [`mint`](Self::mint); [`Error::ConfigKeyKind`] for a minter of ES256, and [`Error::RandomTooShort`] if the secret is
    /// the true one.
    pub fn mint_with_wrong_secret<'r>(
        &self,
        wrong: &WrongSecret,
        token: &NewToken<'_>,
        random: &[u8],
        now: UnixTime,
        room: &'r mut [u8],
    ) -> Result<DecoyToken<'r>, Error> {
        let MintingKey::Secret { secret, .. } = self.key else {
            return Err(Error::ConfigKeyKind);
        };
        if wrong.0.is_same(secret) {
            return Err(Error::RandomTooShort);
        }
        self.write(token, random, now, room, |text| self.code(&wrong.0, text)).map(DecoyToken)
    }

    fn code(&self, secret: &Secret, text: &[u8]) -> Result<[u8; 32], Error> {
        Backend::new(self.crypto).hmac_sha256(secret.octets(), &[text])
    }

    fn write<'r, const N: usize>(
        &self,
        token: &NewToken<'_>,
        random: &[u8],
        now: UnixTime,
        room: &'r mut [u8],
        authenticate: impl FnOnce(&[u8]) -> Result<[u8; N], Error>,
    ) -> Result<&'r str, Error> {
        token.check()?;
        jwt::check_id(random)?;
        let now = jwt::seconds(now)?;
        let (algorithm, kid) = self.key.names();
        let header = |to: &mut Base64<'_, Room<'r>>| {
            jwt::write_header(to, algorithm, self.kind, Some(kid));
            to.octet(b'}');
        };
        let payload = |to: &mut Base64<'_, Room<'r>>| {
            to.text("{\"iss\":");
            to.string(self.issuer);
            to.text(",\"sub\":");
            to.string(token.subject);
            to.text(",\"aud\":");
            to.string(self.audience);
            jwt::write_times(to, now, Some(token.lifetime));
            to.octet(b',');
            jwt::write_id(to, random);
            for (name, value) in
                [(PLATFORM, token.platform), (ENVIRONMENT, token.environment), (VERDICT, token.verdict)]
            {
                if let Some(value) = value {
                    write_claim(to, name, ClaimValue::Text(value));
                }
            }
            if let Some(Thumbprint(thumbprint)) = token.bound_to {
                to.text(",\"cnf\":{\"jkt\":");
                to.base64_string(&thumbprint);
                to.octet(b'}');
            }
            for (name, value) in token.others {
                write_claim(to, name, *value);
            }
            to.octet(b'}');
        };
        jwt::write(room, header, payload, authenticate)
    }
}

fn write_claim(to: &mut impl Write, name: &str, value: ClaimValue<'_>) {
    to.octet(b',');
    to.string(name);
    to.octet(b':');
    match value {
        ClaimValue::Text(text) => to.string(text),
        ClaimValue::Integer(integer) => to.integer(integer),
        ClaimValue::Boolean(true) => to.text("true"),
        ClaimValue::Boolean(false) => to.text("false"),
    }
}
