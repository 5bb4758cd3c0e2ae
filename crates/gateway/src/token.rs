//! Session tokens: what a verified device shows in the place of an assertion, for a short time.
//!
//! They are JWTs. This gateway mints them with ES256, and whoever has the public keys verifies them; or with HS256, and whoever
//! has the secret does. A gateway looks at the device's record as well, so that a revoked device is refused at its next request;
//! other verifiers refuse it when the token expires.
//!
//! A token may be bound to a key of the client's (`DPoP`, RFC 9449), and to where and what the client is.

mod client;
mod keys;
mod request;

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::{
    Error, UnixTime,
    app_attest::{Environment, KeyId},
    crypto::GenuineCrypto,
    session::{
        client_attestation::NewClientAttestation,
        dpop::{DpopPolicy, DpopVerifier, ProofRequest, VerifiedProof},
        jwk::{self, Thumbprint},
        token::{ClaimValue, NewToken, TokenPolicy, TokenVerifier, WrongSecret},
    },
};
use sha2::{Digest as _, Sha256};

use self::keys::{KeyRing, Prepared};
pub use self::{client::Client, request::RequestClaims};
use crate::{
    application::environment_name,
    config::{Dpop, Signing, TokenSecret, TokenSettings},
    refusal::Refusal,
    secrets::{SKEW, Secrets},
    store::{ChallengeId, Store, Unavailable, Usage},
};

/// How long one key signs, in seconds: a week.
const PERIOD: u64 = 7 * 86_400;
/// How long after it was made a key signs first, in seconds. Verifiers elsewhere have read it by then: they keep the list of keys for
/// [`KEYS_MAX_AGE`].
const SETTLING: u64 = 600;
/// For how long a verifier elsewhere may keep the list of keys, in seconds.
pub const KEYS_MAX_AGE: u64 = 300;
/// How old a proof of possession may be, in seconds, beside what clocks may differ by.
const PROOF_AGE: u32 = 60;
/// What the identifiers of used proofs begin with before they are hashed, so that they are those of nothing else.
const PROOF_LABEL: &[u8] = b"genuine-gateway DPoP proof\0";
/// The claim that names the application.
const APPLICATION: &str = "application";
/// Room for a token, whose application, audience and issuer the configuration bounds, and for four keys.
const ROOM: usize = 4096;

/// Mints session tokens, and verifies them.
pub struct Tokens {
    settings: TokenSettings,
    keys: KeyRing,
}

/// What a new token is to say.
#[derive(Clone, Copy)]
pub struct Grant<'g> {
    /// The device that it is about.
    pub key_id: KeyId,
    /// Whose app it is of.
    pub environment: Environment,
    /// The application's name.
    pub application: &'g str,
    /// The thumbprint of the client's key that it is to be bound to, if it is.
    pub bound_to: Option<Thumbprint>,
    /// Who asks for it.
    pub client: Client<'g>,
    /// How many seconds it is to live, if not as long as tokens may.
    pub lifetime: Option<u32>,
}

/// A session token as it came with a request. There is no `Debug`, so that it gets into no log.
#[derive(Clone, Copy)]
pub struct PresentedToken<'p> {
    /// The token, with nothing around it.
    pub token: &'p str,
    /// The proof that came with it, if it was shown as a token that is bound to a key.
    pub proof: Option<PresentedProof<'p>>,
    /// Who sent the request.
    pub client: Client<'p>,
}

/// A proof of possession (RFC 9449), and the request that it came with.
#[derive(Clone, Copy)]
pub struct PresentedProof<'p> {
    /// The proof.
    pub proof: &'p str,
    /// The method, in capitals.
    pub method: &'p str,
    /// The address of the service, as apps call it: `https://` and its authority.
    pub origin: &'p str,
    /// The path, without the query.
    pub path: &'p str,
}

/// Who showed a token: a device that was verified when it was minted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHolder {
    /// The key, which stands for one installation of the app.
    pub key_id: KeyId,
    /// The application's name.
    pub application: String,
    /// When the token was issued, in seconds since 1970.
    pub issued_at: u64,
    /// When the token expires, in seconds since 1970.
    pub expires_at: u64,
    /// The thumbprint of the client's key that the token is bound to, which signed the request; `None` for a bearer's.
    pub bound_to: Option<Thumbprint>,
}

/// A proof that verified, to be used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a proof is good once: its identifier goes to the store"]
pub struct UsableProof {
    /// What the store knows it by: a hash of the key and of the identifier that the client gave it.
    pub id: ChallengeId,
    /// How long the store remembers that, in seconds since 1970.
    pub until: u64,
}

impl Tokens {
    /// Tokens with keys from this store, or with the secrets of the settings.
    #[must_use]
    pub fn new(settings: TokenSettings, store: Arc<dyn Store>) -> Self {
        let keys = match &settings.signing {
            Signing::Stored => KeyRing::stored(Secrets::new(Usage::Tokens, PERIOD, SETTLING, store)),
            Signing::Shared { secrets, .. } => KeyRing::shared(secrets),
        };
        Self { settings, keys }
    }

    /// How long a token lives, in seconds.
    #[must_use]
    pub const fn lifetime(&self) -> u32 {
        self.settings.lifetime
    }

    /// Who issues them and whom they are for.
    pub(crate) fn parties(&self) -> (&str, &str) {
        (&self.settings.issuer, &self.settings.audience)
    }

    /// The secret of this name, or the one that signs, where tokens are verified with secrets: for the inspector, which shows none.
    pub(crate) fn secret_of(&self, kid: Option<&str>) -> Option<&TokenSecret> {
        let Signing::Shared { secrets, .. } = &self.settings.signing else { return None };
        let named = |secret: &&TokenSecret| kid == Some(&*keys::kid_of(secret));
        secrets.iter().find(named).or_else(|| secrets.first())
    }

    /// Whether tokens are bound to keys of clients.
    #[must_use]
    pub const fn dpop(&self) -> Dpop {
        self.settings.dpop
    }

    /// Whether a registered device gets a token that nobody accepts in the place of a verdict.
    #[must_use]
    pub const fn has_decoys(&self) -> bool {
        matches!(self.settings.signing, Signing::Shared { decoys: true, .. })
    }

    /// Whether a token that is bound to this key, or to none, is issued at all.
    ///
    /// # Errors
    ///
    /// [`Refusal::BindingMissing`], [`Refusal::BindingRefused`].
    pub const fn expect_binding(&self, bound_to: Option<Thumbprint>) -> Result<(), Refusal> {
        match (self.settings.dpop, bound_to) {
            (Dpop::Required, None) => Err(Refusal::BindingMissing),
            (Dpop::Off, Some(_)) => Err(Refusal::BindingRefused),
            _ => Ok(()),
        }
    }

    /// A token.
    ///
    /// # Errors
    ///
    /// As for [`expect_binding`](Self::expect_binding); or that there is no key, because the store cannot answer, no randomness, or
    /// that nobody knows the client's address.
    pub async fn mint(&self, grant: &Grant<'_>, now: u64) -> Result<String, Refusal> {
        self.write(grant, now, None).await
    }

    /// A token that nobody accepts, of the shape and length of a token that says the same.
    ///
    /// # Errors
    ///
    /// As for [`mint`](Self::mint), and [`Error::ConfigKeyKind`] where tokens are signed with ES256.
    pub async fn mint_decoy(&self, grant: &Grant<'_>, now: u64) -> Result<String, Refusal> {
        let wrong = WrongSecret::from_random(&random()?)?;
        self.write(grant, now, Some(&wrong)).await
    }

    async fn write(&self, grant: &Grant<'_>, now: u64, wrong: Option<&WrongSecret>) -> Result<String, Refusal> {
        self.expect_binding(grant.bound_to)?;
        let (keys, position) = self.keys.signing(now).await?;
        let key = keys.get(position).ok_or(Refusal::Internal)?;
        let id = random::<16>()?;
        let settings = &self.settings;
        let hashes = settings.bind.iter().map(|of| {
            let hash = of.hash(grant.client, settings.ipv6_prefix, &BASE64_URL_SAFE_NO_PAD.encode(id))?;
            Ok((of.claim(), hash))
        });
        let hashes = hashes.collect::<Result<Vec<_>, Refusal>>()?;
        let mut claims = vec![(APPLICATION, ClaimValue::Text(grant.application))];
        claims.extend(hashes.iter().map(|(name, hash)| (*name, ClaimValue::Text(hash))));
        let subject = BASE64_URL_SAFE_NO_PAD.encode(grant.key_id.0);
        let lifetime = grant.lifetime.map_or(settings.lifetime, |lifetime| lifetime.min(settings.lifetime));
        let mut token = NewToken::new(&subject, dated_lifetime(lifetime))
            .with_environment(environment_name(grant.environment))
            .with_verdict("VERIFIED")
            .with_claims(&claims);
        if let Some(thumbprint) = grant.bound_to {
            token = token.bound_to(thumbprint);
        }
        let dated = UnixTime(now.saturating_sub(SKEW));
        let text = key.with_minter(&settings.issuer, &settings.audience, |minter| {
            let mut room = [0; ROOM];
            match wrong {
                None => Ok(minter.mint(&token, &id, dated, &mut room)?.to_owned()),
                Some(wrong) => {
                    let decoy = minter.mint_with_wrong_secret(wrong, &token, &id, dated, &mut room)?;
                    Ok(decoy.as_text_that_no_verifier_accepts().to_owned())
                }
            }
        });
        Ok(text?)
    }

    /// An attestation that a client of OAuth servers is genuine, by the key that signs tokens.
    ///
    /// # Errors
    ///
    /// If there is no key, because the store cannot answer, or there are secrets alone.
    pub async fn attest_client(&self, attestation: &NewClientAttestation<'_>, now: u64) -> Result<String, Refusal> {
        let (keys, position) = self.keys.signing(now).await?;
        let key = keys.get(position).ok_or(Refusal::Internal)?;
        // Dated back, as tokens are.
        let dated = UnixTime(now.saturating_sub(SKEW));
        let attestation = NewClientAttestation { lifetime: dated_lifetime(attestation.lifetime), ..*attestation };
        Ok(key.attest_client(&attestation, dated, &mut [0; ROOM])?)
    }

    /// Who shows a token, and the proof that has still to be used, if it is bound to a key. Whether the device was revoked since, and
    /// whether the proof was used before, is not part of it.
    ///
    /// # Errors
    ///
    /// Why the token or its proof is refused, or that there is no key, because the store cannot answer.
    pub async fn verify(
        &self,
        shown: &PresentedToken<'_>,
        now: u64,
    ) -> Result<(TokenHolder, Option<UsableProof>), Refusal> {
        let known = self.keys.all(now).await?;
        let keys = known.iter().map(keys::Key::for_verifying).collect::<Result<Vec<_>, Error>>()?;
        let crypto = Prepared(&known);
        let TokenSettings { issuer, audience, lifetime, bind, ipv6_prefix, .. } = &self.settings;
        let policy = TokenPolicy::new(issuer, audience).limit_lifetime(dated_lifetime(*lifetime));
        let verifier = TokenVerifier::new(policy, &keys, &crypto)?;
        let mut text = shown.token.as_bytes().to_vec();
        let mut proof_text = shown.proof.map(|shown| shown.proof.as_bytes().to_vec()).unwrap_or_default();
        let (token, bound_to, proof) = match &shown.proof {
            None => {
                let token = verifier.verify(&mut text, UnixTime(now))?;
                if self.settings.dpop == Dpop::Required {
                    return Err(Error::TokenUnbound.into());
                }
                (token, None, None)
            }
            Some(presented) => {
                let token = verifier.verify_bound(&mut text, UnixTime(now))?;
                let proof = presented.verify(shown.token, &mut proof_text, now)?;
                (token.confirm(&proof)?, Some(proof.thumbprint()), Some(UsableProof::of(&proof)))
            }
        };
        for of in bind {
            of.compare(&token, shown.client, *ipv6_prefix)?;
        }
        // A token of this gateway's has both.
        let subject = token.subject().ok_or(Error::TokenSubjectMissing)?.to_string();
        let application = token.text(APPLICATION).ok_or(Error::TokenClaimType)?.to_string();
        let expires_at = u64::try_from(token.expires()).map_err(|_| Refusal::Internal)?;
        // It is dated back.
        let issued_at = token.issued().and_then(|issued| u64::try_from(issued).ok());
        let issued_at = issued_at.ok_or(Error::TokenIssuedAtMissing)?.saturating_add(SKEW);
        Ok((TokenHolder { key_id: KeyId::from_base64(&subject)?, application, issued_at, expires_at, bound_to }, proof))
    }

    /// The public keys, as a JWK set (RFC 7517 §5): also those that sign no more, or not yet.
    ///
    /// # Errors
    ///
    /// If there is none, because the store cannot answer; [`Refusal::RouteUnknown`] where secrets are configured, which are
    /// nobody else's.
    pub async fn public_keys(&self, now: u64) -> Result<String, Refusal> {
        self.keys.secrets().ok_or(Refusal::RouteUnknown)?;
        let keys = self.keys.all(now).await?;
        let keys = keys.iter().map(keys::Key::for_verifying).collect::<Result<Vec<_>, Error>>()?;
        Ok(jwk::write_set(&keys, &mut [0; ROOM])?.to_owned())
    }

    /// Reads the keys again, and adds one when that is due.
    ///
    /// # Errors
    ///
    /// If the store cannot answer.
    pub async fn renew(&self, now: u64) -> Result<(), Unavailable> {
        self.keys.renew(now).await
    }

    /// Adds a key before that is due.
    ///
    /// # Errors
    ///
    /// If the store cannot answer; [`Refusal::RouteUnknown`] where secrets are configured.
    pub async fn rotate(&self, now: u64) -> Result<(), Refusal> {
        Ok(self.keys.secrets().ok_or(Refusal::RouteUnknown)?.rotate(now).await?)
    }
}

impl PresentedProof<'_> {
    /// That whoever sent this request, with this token, has the key of the proof.
    fn verify<'t>(&self, token: &str, text: &'t mut [u8], now: u64) -> Result<VerifiedProof<'t>, Refusal> {
        let uri = format!("{}{}", self.origin, self.path);
        let request = ProofRequest::new(self.method, &uri)?.with_access_token(token.as_bytes(), &GenuineCrypto)?;
        #[expect(clippy::cast_possible_truncation, reason = "a minute")]
        let policy = DpopPolicy::new(PROOF_AGE).with_skew(SKEW as u32);
        DpopVerifier::new(policy, &GenuineCrypto).verify(text, &request, UnixTime(now)).map_err(Refusal::TokenProof)
    }
}

impl UsableProof {
    fn of(proof: &VerifiedProof<'_>) -> Self {
        let mut hash = Sha256::new_with_prefix(PROOF_LABEL);
        hash.update(proof.thumbprint().0);
        hash.update(proof.id().to_string());
        // Gateways whose clocks differ take it for as long as it is remembered.
        Self { id: hash.finalize().into(), until: proof.expires_at().0.saturating_add(SKEW) }
    }
}

/// Random octets.
fn random<const N: usize>() -> Result<[u8; N], Refusal> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).map_err(|_| Refusal::Internal)?;
    Ok(octets)
}

/// What a token lives by its own dates. It is dated back by as much as clocks may lie apart, so that a gateway whose clock is
/// behind takes it, and expires as if it were not.
const fn dated_lifetime(lifetime: u32) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "a minute")]
    lifetime.saturating_add(SKEW as u32)
}
