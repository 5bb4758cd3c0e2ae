//! Challenges: sealed, so that no number of them takes room, and remembered once they are used.

use std::{slice, sync::Arc};

use genuine::{
    Error, UnixTime,
    app_attest::KeyId,
    crypto::GenuineCrypto,
    session::{
        SessionKey,
        challenge::{self, ChallengeSealer},
    },
};

use crate::{
    refusal::Refusal,
    secrets::{SKEW, Secrets},
    store::{ChallengeId, Spent, Store, StoredSecret, Unavailable, Usage},
};

/// How long a secret seals challenges, in seconds: longer than any challenge lives.
const PERIOD: u64 = 86_400;

/// How long after it was made a secret seals first, in seconds: by then every gateway has read it, whatever its clock says.
pub const SETTLING: u64 = 2 * SKEW;

/// A session: SHA-256 of what the client shows.
pub type Session = [u8; 32];

/// What a challenge is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Registering a key that is attested once: of App Attest, or of a phone's hardware.
    Attestation,
    /// Registering a key by Play Integrity, or attesting it again.
    Integrity,
    /// A request.
    Assertion,
}

/// What a challenge is bound to, beside its purpose.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'b> {
    /// The application's name.
    pub application: &'b str,
    /// The session that asks.
    pub session: Session,
}

/// A challenge that was sealed for this, and lives. It may have been used.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Opened {
    id: ChallengeId,
    purpose: Purpose,
    expires_at: u64,
}

/// Seals challenges, opens them, and lets each be used once.
pub struct Challenges {
    secrets: Secrets,
    store: Arc<dyn Store>,
    lifetime: u64,
    epoch: u32,
}

impl Challenges {
    /// Challenges that live so many seconds, with secrets of this store.
    #[must_use]
    pub fn new(lifetime: u64, store: Arc<dyn Store>) -> Self {
        Self {
            secrets: Secrets::new(Usage::Challenges, PERIOD, SETTLING, Arc::clone(&store)),
            store,
            lifetime,
            epoch: 0,
        }
    }

    /// Challenges of this epoch of the store: those of another one do not open.
    #[must_use]
    pub fn in_epoch(self, epoch: u32) -> Self {
        Self { epoch, ..self }
    }

    /// How long one lives, in seconds.
    #[must_use]
    pub const fn lifetime(&self) -> u64 {
        self.lifetime
    }

    /// Seals a challenge: 100 characters of base64url. Nothing is stored.
    ///
    /// # Errors
    ///
    /// If there is no secret, because the store cannot answer, or no randomness.
    pub async fn seal(&self, purpose: Purpose, binding: Binding<'_>, now: u64) -> Result<String, Refusal> {
        let secrets = self.secrets.all(now).await?;
        let maker = self.secrets.maker(&secrets, now).ok_or(Refusal::Internal)?;
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|_| Refusal::Internal)?;
        let key = SessionKey::new(&maker.octets)?;
        let sealer = self.sealer(purpose, slice::from_ref(&key))?;
        Ok(sealer.seal(&binding.octets(self.epoch), &random, UnixTime(now))?.to_string())
    }

    /// Opens a challenge, which stays good: it is used later, when all else has passed.
    ///
    /// # Errors
    ///
    /// [`Error::ChallengeForm`], [`Error::ChallengeForged`] for another purpose, application or session as well, and
    /// [`Error::ChallengeExpired`]; or that there is no secret, because the store cannot answer.
    pub async fn open(&self, text: &str, purpose: Purpose, binding: Binding<'_>, now: u64) -> Result<Opened, Refusal> {
        let keys = keys(&self.secrets.all(now).await?)?;
        let opened = self.sealer(purpose, &keys)?.open_text(text, &binding.octets(self.epoch), UnixTime(now))?;
        Ok(Opened { id: *opened.id(), purpose, expires_at: opened.expires_at().0 })
    }

    /// Uses a challenge. A registration of a key that is attested once may be sent again, and is decided by the store once more;
    /// everything else counts once.
    ///
    /// # Errors
    ///
    /// [`Error::ChallengeExpired`] if time has passed since it was opened, [`Refusal::ChallengeReused`], or that the store
    /// cannot answer.
    pub async fn spend(&self, challenge: Opened, by: KeyId, now: u64) -> Result<(), Refusal> {
        let Opened { id, purpose, expires_at } = challenge;
        if now > expires_at {
            return Err(Error::ChallengeExpired.into());
        }
        match self.store.spend(id, by, expires_at.saturating_add(SKEW), now).await? {
            Spent::Now => Ok(()),
            Spent::Before(before) if purpose == Purpose::Attestation && before == by => Ok(()),
            Spent::Before(_) => Err(Refusal::ChallengeReused),
        }
    }

    /// Reads the secrets again, and adds one when that is due.
    ///
    /// # Errors
    ///
    /// If the store cannot answer.
    pub async fn renew(&self, now: u64) -> Result<(), Unavailable> {
        self.secrets.renew(now).await
    }

    fn sealer<'k>(
        &self,
        purpose: Purpose,
        keys: &'k [SessionKey],
    ) -> Result<ChallengeSealer<'k, GenuineCrypto>, Error> {
        let purpose = match purpose {
            Purpose::Attestation => challenge::Purpose::AppAttest,
            Purpose::Integrity => challenge::Purpose::PlayIntegrity,
            Purpose::Assertion => challenge::Purpose::AppAttestAssertion,
        };
        Ok(ChallengeSealer::new(purpose, keys, &GenuineCrypto)?.with_lifetime(self.lifetime).allow_skew(SKEW))
    }
}

fn keys(secrets: &[StoredSecret]) -> Result<Vec<SessionKey>, Error> {
    secrets.iter().map(|secret| SessionKey::new(&secret.octets)).collect()
}

impl Binding<'_> {
    /// Session and epoch have one length, so that the application ends where they begin. The first epoch is left out: what the
    /// version before has sealed opens.
    fn octets(&self, epoch: u32) -> Vec<u8> {
        let epoch = epoch.to_be_bytes();
        let epoch = if epoch == [0; 4] { &[][..] } else { &epoch[..] };
        [self.application.as_bytes(), &self.session, epoch].concat()
    }
}
