//! The decisions about API keys: who comes, what they may do, how often; and what a key is exchanged for.
//!
//! As everywhere, checks run from cheap to expensive, and the store is changed last: a nonce is spent when all else has passed.

use std::{collections::HashMap, path::Path, sync::Arc, time::Instant};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::{Class, app_attest::KeyId};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{Gate, SignedHead};
use crate::{
    api_key::{AGE, ApiKeyHolder, Key, KeyAccess, KeyFault, KeyFile, KeyKind, RequestSignature, SECRET},
    config::{self, Config, LONGEST_REQUEST},
    events::{self, What},
    limit::RateLimiter,
    refusal::Refusal,
    secrets::SKEW,
    store::{ChallengeId, Spent},
    token::{RequestClaims, Tokens},
};

/// What the identifiers of used nonces begin with before they are hashed, so that they are those of nothing else.
const NONCE_LABEL: &[u8] = b"genuine-gateway API key nonce\0";
/// What stands for a key in the place of a device's begins with this before it is hashed.
const KEY_LABEL: &[u8] = b"genuine-gateway API key\0";
/// How long after a signature was made its nonce is remembered, in seconds.
const REMEMBERED: u64 = AGE + SKEW + LONGEST_REQUEST.as_secs();
/// What stands for the client in metrics as long as nobody has shown a key.
const NOBODY: &str = "";

/// What a client shows. There is no `Debug`, so that it gets into no log.
pub enum PresentedKey<'p> {
    /// A key, as it came: identifier, period, secret.
    Bearer(&'p str),
    /// A request token.
    Token(&'p str),
    /// The signature of the request.
    Signature(RequestSignature),
}

/// The API keys of a gateway.
pub struct ApiKeys {
    gate: Arc<Gate>,
    file: KeyFile,
    tiers: HashMap<String, RateLimiter<String>>,
    audience: String,
    lifetime: u32,
}

/// Whoever came with a key. The request counts when it is [`used`](ApiKeys::use_once).
#[must_use]
pub struct IdentifiedKey {
    /// Who it is.
    pub holder: ApiKeyHolder,
    /// The SHA-256 of the body that was signed, of a signed request.
    pub body: Option<[u8; 32]>,
    signed: Option<Signed>,
}

/// A signed request, which does not count yet.
struct Signed {
    signature: RequestSignature,
    tier: String,
}

/// What a key was exchanged for.
pub struct RequestToken {
    /// The token.
    pub token: String,
    /// How long it lives, in seconds.
    pub lifetime: u32,
    /// What it is for.
    pub scopes: Vec<String>,
}

impl ApiKeys {
    /// As it is configured, with the file read.
    ///
    /// # Errors
    ///
    /// What is wrong with the file; that there are no API keys.
    pub fn new(config: &Config, gate: Arc<Gate>) -> Result<Self, Vec<String>> {
        let keys = config.api_keys.as_ref().ok_or_else(|| vec!["api_keys: there are none".to_owned()])?;
        let config::ApiKeys { file, tiers, token_lifetime_seconds, .. } = keys;
        let limiter =
            |tier: &config::Tier| Some((tier.name.clone(), RateLimiter::with_burst(tier.per_minute, tier.burst())?));
        Ok(Self {
            gate,
            file: KeyFile::open(Path::new(file), keys.terms())?,
            tiers: tiers.iter().filter_map(limiter).collect(),
            audience: config.request_audience(),
            lifetime: *token_lifetime_seconds,
        })
    }

    /// The file of the keys.
    #[must_use]
    pub const fn file(&self) -> &KeyFile {
        &self.file
    }

    /// Reads the file of the keys again, and shows whether what it holds is in use.
    pub fn renew(&self) {
        self.gate.metrics.api_keys_stale.set(i64::from(!self.file.renew()));
    }

    /// The gate whose store, token keys, clock and counters these keys use.
    #[must_use]
    pub const fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// Who comes with a request: they have a live key of one of the clients, for all of the scopes, and come no more often than its
    /// tier allows. A signed request does not count yet, neither for the tier.
    ///
    /// # Errors
    ///
    /// Why the request is refused.
    pub async fn identify(
        &self,
        shown: &PresentedKey<'_>,
        access: &KeyAccess,
        head: &SignedHead<'_>,
    ) -> Result<IdentifiedKey, Refusal> {
        let kind = shown.kind();
        let now = (self.gate.clock)();
        let (id, key, scopes) = match self.authenticate(shown, head, now).await {
            Ok(known) => known,
            Err(refusal) => return Err(self.refused(NOBODY, kind, refusal)),
        };
        let holder = ApiKeyHolder { key: id, application: key.application.clone(), scopes, kind };
        self.authorize(&holder, &key, shown, access, now)
            .map(|signed| {
                let body = signed.is_some().then_some(head.body);
                IdentifiedKey { holder, body, signed }
            })
            .map_err(|refusal| self.refused(&key.application, kind, refusal))
    }

    /// Counts a request, whose nonce is spent: of any number of copies one is accepted, and counts for the tier. `body` is the hash of
    /// what arrived, where the gateway has it.
    ///
    /// # Errors
    ///
    /// That the body is another one or came too late, that the nonce was used, that the tier allows no more, or that the store cannot
    /// answer.
    pub async fn use_once(&self, identified: IdentifiedKey, body: Option<[u8; 32]>) -> Result<ApiKeyHolder, Refusal> {
        let IdentifiedKey { holder, body: said, signed } = identified;
        let used = async {
            if let (Some(said), Some(body)) = (said, body)
                && said != body
            {
                return Err(KeyFault::Body.into());
            }
            let Some(Signed { signature, tier }) = signed else { return Ok(()) };
            let now = (self.gate.clock)();
            // The body may have taken its time since the head was looked at.
            if !signature.is_fresh(now) {
                return Err(KeyFault::Stale.into());
            }
            let (nonce, by, until) = signature.spent();
            match self.gate.ask_for_all("spend", self.gate.store.spend(nonce, by, until, now)).await?? {
                Spent::Now => self.tier(&tier)?.check(holder.application.clone(), Instant::now()),
                Spent::Before(_) => return Err(KeyFault::Replayed.into()),
            }
            .map_err(Refusal::TierLimit)
        };
        match used.await {
            Ok(()) => {
                self.gate.metrics.api_key(&holder.application, holder.kind, "accepted");
                events::note(|sighting| sighting.is_about(What::Request));
                Ok(holder)
            }
            Err(refusal) => Err(self.refused(&holder.application, holder.kind, refusal)),
        }
    }

    /// A request token for whoever has shown a key: for all of its scopes, or for some.
    ///
    /// # Errors
    ///
    /// That the key is not for one of the scopes, or that there is no key that signs tokens.
    pub async fn exchange(&self, holder: &ApiKeyHolder, scopes: Option<Vec<String>>) -> Result<RequestToken, Refusal> {
        events::note(|sighting| sighting.is_about(What::Token));
        let scopes = scopes.unwrap_or_else(|| holder.scopes.clone());
        if !scopes.iter().all(|scope| holder.scopes.contains(scope)) {
            return Err(Refusal::ScopeMissing);
        }
        let claims = RequestClaims { key: holder.key.clone(), application: holder.application.clone(), scopes };
        let (now, lifetime) = ((self.gate.clock)(), self.lifetime);
        let token = self.tokens()?.mint_request(&claims, &self.audience, lifetime, now).await?;
        self.gate.metrics.api_key_tokens.inc();
        Ok(RequestToken { token, lifetime, scopes: claims.scopes })
    }

    /// That somebody has a live key: its identifier, what is known of it, and what the request may do.
    async fn authenticate(
        &self,
        shown: &PresentedKey<'_>,
        head: &SignedHead<'_>,
        now: u64,
    ) -> Result<(String, Arc<Key>, Vec<String>), Refusal> {
        let book = self.file.keys();
        let (id, claimed) = match shown {
            PresentedKey::Bearer(text) => {
                let (id, secret) = split(text).ok_or(KeyFault::Form)?;
                Key::expect_secret(book.get(id).map(Arc::as_ref), &secret)?;
                (id.to_owned(), None)
            }
            PresentedKey::Signature(signature) => {
                let key = book.get(&signature.key).map(Arc::as_ref);
                Key::expect_signature(
                    key,
                    &signature.base(head.method, head.authority, head.target, &head.body),
                    &signature.mac,
                )?;
                (signature.key.clone(), None)
            }
            PresentedKey::Token(text) => {
                let verified = self.tokens()?.verify_request(text, &self.audience, self.lifetime, now).await;
                let claims = verified.map_err(|refusal| match refusal {
                    Refusal::Engine(error) if matches!(error.class(), Class::Malformed | Class::Rejected) => {
                        KeyFault::Token.into()
                    }
                    other => other,
                })?;
                (claims.key.clone(), Some(claims))
            }
        };
        let key = Arc::clone(book.get(&id).ok_or(KeyFault::Unknown)?);
        key.expect_live(now)?;
        let scopes = match claimed {
            None => key.scopes.clone(),
            // What the key lost since, the token has lost.
            Some(claims) if claims.application == key.application => {
                claims.scopes.into_iter().filter(|scope| key.scopes.contains(scope)).collect()
            }
            Some(_) => return Err(KeyFault::Client.into()),
        };
        Ok((id, key, scopes))
    }

    /// That whoever has this key may do this, now; and what makes a signed request count once.
    fn authorize(
        &self,
        holder: &ApiKeyHolder,
        key: &Key,
        shown: &PresentedKey<'_>,
        access: &KeyAccess,
        now: u64,
    ) -> Result<Option<Signed>, Refusal> {
        let signed = match shown {
            PresentedKey::Signature(signature) if !signature.is_fresh(now) => return Err(KeyFault::Stale.into()),
            PresentedKey::Signature(signature) => Some(Signed { signature: signature.clone(), tier: key.tier.clone() }),
            _ if access.signed_only => return Err(KeyFault::Unsigned.into()),
            _ => None,
        };
        if !access.clients.contains(&holder.application) {
            return Err(KeyFault::Client.into());
        }
        if !access.scopes.iter().all(|scope| holder.scopes.contains(scope)) {
            return Err(Refusal::ScopeMissing);
        }
        let (tier, now) = (self.tier(&key.tier)?, Instant::now());
        // By client: a second key, to replace the first one, is no second allowance. A signed request counts when its nonce is spent, so
        // that copies of one use nothing up; those of a client that has used all up write nothing.
        let allowed = match &signed {
            Some(_) => tier.look(&holder.application, now),
            None => tier.check(holder.application.clone(), now),
        };
        allowed.map_err(Refusal::TierLimit)?;
        Ok(signed)
    }

    fn tier(&self, name: &str) -> Result<&RateLimiter<String>, Refusal> {
        self.tiers.get(name).ok_or(Refusal::Internal)
    }

    fn refused(&self, application: &str, kind: KeyKind, refusal: Refusal) -> Refusal {
        let verdict = match refusal {
            Refusal::ApiKey(_) => "rejected",
            Refusal::ScopeMissing => "insufficient_scope",
            Refusal::TierLimit(_) => "limited",
            _ => "undecided",
        };
        self.gate.metrics.api_key(application, kind, verdict);
        refusal
    }

    fn tokens(&self) -> Result<&Tokens, Refusal> {
        self.gate.tokens.as_ref().ok_or(Refusal::ApiKey(KeyFault::Token))
    }
}

impl PresentedKey<'_> {
    /// How the client shows that it has a key.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        match self {
            Self::Bearer(_) => KeyKind::Bearer,
            Self::Token(_) => KeyKind::Token,
            Self::Signature(_) => KeyKind::Signature,
        }
    }
}

impl RequestSignature {
    /// What the store remembers of the nonce, who used it, and until when: gateways whose clocks differ take the signature for as
    /// long, and a request whose head came in time may end later by as much as a body may take.
    fn spent(&self) -> (ChallengeId, KeyId, u64) {
        let by = Sha256::new_with_prefix(KEY_LABEL).chain_update(&self.key).finalize();
        let id = Sha256::new_with_prefix(NONCE_LABEL).chain_update(by).chain_update(&self.nonce).finalize();
        (id.into(), KeyId(by.into()), self.created.saturating_add(REMEMBERED))
    }
}

impl From<KeyFault> for Refusal {
    fn from(fault: KeyFault) -> Self {
        Self::ApiKey(fault)
    }
}

/// The two parts of a key.
fn split(text: &str) -> Option<(&str, Zeroizing<[u8; SECRET]>)> {
    let (id, secret) = text.split_once('.')?;
    let secret = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(secret).ok()?);
    Some((id, Zeroizing::new(secret.as_slice().try_into().ok()?)))
}
