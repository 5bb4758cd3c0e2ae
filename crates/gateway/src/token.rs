//! Session tokens: what a verified device shows in the place of an assertion, for a short time.
//!
//! They are JWTs of ES256. This gateway mints them, and whoever has the public keys verifies them. A gateway looks at the
//! device's record as well, so that a revoked device is refused at its next request; other verifiers refuse it when the
//! token expires.

use std::sync::{Arc, PoisonError, RwLock};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::{
    Error, UnixTime,
    app_attest::{AttestedKey, KeyId},
    crypto::{GenuineCrypto, RustCryptoSigner, SignP256 as _},
    session::{
        jwk::{self, Thumbprint},
        token::{ClaimValue, NewToken, TokenKey, TokenMinter, TokenPolicy, TokenVerifier},
    },
};

use crate::{
    application::environment_name,
    config::TokenSettings,
    refusal::Refusal,
    secrets::{SKEW, Secrets},
    store::{Store, StoredSecret, Unavailable, Usage},
};

/// How long one key signs, in seconds: a week.
const PERIOD: u64 = 7 * 86_400;
/// How long after it was made a key signs first, in seconds. Verifiers elsewhere have read it by then: they keep the list of keys for
/// [`KEYS_MAX_AGE`].
const SETTLING: u64 = 600;
/// For how long a verifier elsewhere may keep the list of keys, in seconds.
pub const KEYS_MAX_AGE: u64 = 300;
/// The claim that names the application.
const APPLICATION: &str = "application";
/// How many characters of its thumbprint name a key: 72 bits, in a list of four.
const KID: usize = 12;
/// Room for a token, whose application, audience and issuer the configuration bounds, and for four keys.
const ROOM: usize = 4096;

/// Mints session tokens, and verifies them.
pub struct Tokens {
    settings: TokenSettings,
    secrets: Secrets,
    /// What follows from the secrets as they were read last.
    keys: RwLock<Arc<Keys>>,
}

#[derive(Default)]
struct Keys {
    of: Arc<[StoredSecret]>,
    keys: Vec<Key>,
}

struct Key {
    number: u32,
    kid: String,
    signer: RustCryptoSigner,
}

/// Who showed a token: a device that was verified when it was minted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHolder {
    /// The key, which stands for one installation of the app.
    pub key_id: KeyId,
    /// The application's name.
    pub application: String,
    /// When the token expires, in seconds since 1970.
    pub expires_at: u64,
}

impl Tokens {
    /// Tokens with keys from this store.
    #[must_use]
    pub fn new(settings: TokenSettings, store: Arc<dyn Store>) -> Self {
        let secrets = Secrets::new(Usage::Tokens, PERIOD, SETTLING, store);
        Self { settings, secrets, keys: RwLock::default() }
    }

    /// How long a token lives, in seconds.
    #[must_use]
    pub const fn lifetime(&self) -> u32 {
        self.settings.lifetime
    }

    /// A token for this device.
    ///
    /// # Errors
    ///
    /// If there is no key, because the store cannot answer, or no randomness.
    pub async fn mint(&self, key: &AttestedKey, application: &str, now: u64) -> Result<String, Refusal> {
        let keys = self.keys(now).await?;
        let maker = self.secrets.maker(&keys.of, now).ok_or(Refusal::Internal)?;
        let signing = keys.keys.iter().find(|key| key.number == maker.number).ok_or(Refusal::Internal)?;
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|_| Refusal::Internal)?;
        let TokenSettings { issuer, audience, lifetime } = &self.settings;
        let subject = BASE64_URL_SAFE_NO_PAD.encode(key.id().0);
        let claims = [(APPLICATION, ClaimValue::Text(application))];
        let token = NewToken::new(&subject, dated_lifetime(*lifetime))
            .with_environment(environment_name(key.environment()))
            .with_verdict("VERIFIED")
            .with_claims(&claims);
        let minter = TokenMinter::es256(issuer, audience, &signing.kid, &signing.signer, &GenuineCrypto)?;
        let mut room = [0; ROOM];
        let dated = UnixTime(now.saturating_sub(SKEW));
        Ok(minter.mint(&token, &random, dated, &mut room)?.to_owned())
    }

    /// Who shows a token. Whether the device was revoked since is not part of it.
    ///
    /// # Errors
    ///
    /// Why the token is refused, or that there is no key, because the store cannot answer.
    pub async fn verify(&self, token: &str, now: u64) -> Result<TokenHolder, Refusal> {
        let keys = self.keys(now).await?;
        let keys = keys.public();
        let TokenSettings { issuer, audience, lifetime } = &self.settings;
        let policy = TokenPolicy::new(issuer, audience).limit_lifetime(dated_lifetime(*lifetime));
        let mut text = token.as_bytes().to_vec();
        let token = TokenVerifier::new(policy, &keys, &GenuineCrypto)?.verify(&mut text, UnixTime(now))?;
        // A token of this gateway's has both.
        let subject = token.subject().ok_or(Error::TokenSubjectMissing)?.to_string();
        let application = token.text(APPLICATION).ok_or(Error::TokenClaimType)?.to_string();
        let expires_at = u64::try_from(token.expires()).map_err(|_| Refusal::Internal)?;
        Ok(TokenHolder { key_id: KeyId::from_base64(&subject)?, application, expires_at })
    }

    /// The public keys, as a JWK set (RFC 7517 §5): also those that sign no more, or not yet.
    ///
    /// # Errors
    ///
    /// If there is none, because the store cannot answer.
    pub async fn public_keys(&self, now: u64) -> Result<String, Refusal> {
        let keys = self.keys(now).await?;
        Ok(jwk::write_set(&keys.public(), &mut [0; ROOM])?.to_owned())
    }

    /// Reads the keys again, and adds one when that is due.
    ///
    /// # Errors
    ///
    /// If the store cannot answer.
    pub async fn renew(&self, now: u64) -> Result<(), Unavailable> {
        self.secrets.renew(now).await
    }

    /// Adds a key before that is due.
    ///
    /// # Errors
    ///
    /// If the store cannot answer.
    pub async fn rotate(&self, now: u64) -> Result<(), Unavailable> {
        self.secrets.rotate(now).await
    }

    async fn keys(&self, now: u64) -> Result<Arc<Keys>, Refusal> {
        let secrets = self.secrets.all(now).await?;
        let known = Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner));
        if Arc::ptr_eq(&known.of, &secrets) {
            return Ok(known);
        }
        let keys = Arc::new(Keys::of(secrets)?);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&keys);
        Ok(keys)
    }
}

/// What a token lives by its own dates. It is dated back by as much as clocks may lie apart, so that a gateway whose clock is
/// behind takes it, and expires as if it were not.
const fn dated_lifetime(lifetime: u32) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "a minute")]
    lifetime.saturating_add(SKEW as u32)
}

impl Keys {
    fn of(secrets: Arc<[StoredSecret]>) -> Result<Self, Error> {
        let key = |secret: &StoredSecret| {
            let signer = RustCryptoSigner::try_from(&secret.octets).map_err(|_| Error::CryptoUnavailable)?;
            let mut kid = Thumbprint::of(&signer.public_key(), &GenuineCrypto)?.to_string();
            kid.truncate(KID);
            Ok(Key { number: secret.number, kid, signer })
        };
        let keys = secrets.iter().map(key).collect::<Result<_, Error>>()?;
        Ok(Self { of: secrets, keys })
    }

    fn public(&self) -> Vec<TokenKey<'_>> {
        self.keys.iter().map(|key| TokenKey::es256(&key.kid, key.signer.public_key())).collect()
    }
}
