//! The secrets that all gateways of a store share: made by one of them, kept in the store, renewed while they run.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    refusal::Refusal,
    store::{Store, StoredSecret, Unavailable, Usage},
};

/// How far the clocks of gateways may lie apart, in seconds.
pub const SKEW: u64 = 60;

/// The secrets of one use.
///
/// The first gateway makes the first secret when it is needed. When the newest is older than the period, one gateway adds another;
/// all of them read it before any uses it, and go on taking what the earlier ones made.
pub struct Secrets {
    usage: Usage,
    /// How long one secret is used, in seconds.
    period: u64,
    /// How long after it was made a secret is first used, in seconds: by then everybody has read it who has to.
    settling: u64,
    store: Arc<dyn Store>,
    /// Newest first; none before they were read.
    read: RwLock<Arc<[StoredSecret]>>,
    /// One of those who find none reads them.
    reading: tokio::sync::Mutex<()>,
    /// How often that failed: those who waited for it meanwhile fail as well.
    failures: AtomicU64,
}

impl Secrets {
    /// The secrets of a use: each is used so many seconds after it was made, and for so long.
    #[must_use]
    pub fn new(usage: Usage, period: u64, settling: u64, store: Arc<dyn Store>) -> Self {
        Self {
            usage,
            period,
            settling,
            store,
            read: RwLock::default(),
            reading: tokio::sync::Mutex::default(),
            failures: AtomicU64::new(0),
        }
    }

    /// All of them, newest first: what any of them made is good. There is one at least, and as long as nothing changes it is the
    /// same list.
    ///
    /// # Errors
    ///
    /// If they were not read yet and the store cannot answer.
    pub async fn all(&self, now: u64) -> Result<Arc<[StoredSecret]>, Refusal> {
        let read = self.read();
        if !read.is_empty() {
            return Ok(read);
        }
        let failures = self.failures.load(Ordering::SeqCst);
        let _reading = self.reading.lock().await;
        if self.read().is_empty() {
            if self.failures.load(Ordering::SeqCst) != failures {
                return Err(Unavailable.into());
            }
            if let Err(error) = self.renew(now).await {
                self.failures.fetch_add(1, Ordering::SeqCst);
                return Err(error.into());
            }
        }
        Ok(self.read())
    }

    /// The one that makes: the newest that has settled, or the oldest.
    #[must_use]
    pub fn maker<'s>(&self, secrets: &'s [StoredSecret], now: u64) -> Option<&'s StoredSecret> {
        secrets.iter().find(|secret| secret.made_at.saturating_add(self.settling) <= now).or(secrets.last())
    }

    /// Reads them again, and adds one if the newest has been used long enough.
    ///
    /// # Errors
    ///
    /// If the store cannot answer; those that were read stay.
    pub async fn renew(&self, now: u64) -> Result<(), Unavailable> {
        let mut secrets = self.store.secrets(self.usage).await?;
        // One of a clock that was ahead would never be due.
        let is_due = |newest: &StoredSecret| {
            newest.made_at.saturating_add(self.period) <= now || newest.made_at > now.saturating_add(SKEW)
        };
        if secrets.first().is_none_or(is_due) {
            secrets = self.add(secrets.first(), now).await?;
        }
        self.keep(secrets);
        Ok(())
    }

    /// Adds one before that is due.
    ///
    /// # Errors
    ///
    /// If the store cannot answer.
    pub async fn rotate(&self, now: u64) -> Result<(), Unavailable> {
        let secrets = self.store.secrets(self.usage).await?;
        self.keep(self.add(secrets.first(), now).await?);
        Ok(())
    }

    /// All of them, after one was added. If another gateway was faster, its secret is the one.
    async fn add(&self, newest: Option<&StoredSecret>, now: u64) -> Result<Vec<StoredSecret>, Unavailable> {
        let number = newest.map_or(0, |newest| newest.number).checked_add(1).ok_or(Unavailable)?;
        let mut secret = StoredSecret { number, made_at: now, octets: [0; 32] };
        while !self.usage.takes(&secret.octets) {
            getrandom::fill(&mut secret.octets).map_err(|_| Unavailable)?;
        }
        self.store.add_secret(self.usage, &secret).await?;
        self.store.secrets(self.usage).await
    }

    fn keep(&self, secrets: Vec<StoredSecret>) {
        let mut read = self.read.write().unwrap_or_else(PoisonError::into_inner);
        if **read != secrets[..] {
            *read = secrets.into();
        }
    }

    fn read(&self) -> Arc<[StoredSecret]> {
        Arc::clone(&self.read.read().unwrap_or_else(PoisonError::into_inner))
    }
}
