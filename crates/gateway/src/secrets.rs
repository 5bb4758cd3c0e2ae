//! The secrets that all gateways of a store share: made by one of them, kept in the store, renewed while they run.

use std::sync::{Arc, PoisonError, RwLock};

use crate::{
    refusal::Refusal,
    store::{Store, StoredSecret, Unavailable, Usage},
};

/// How long after it was made a secret is first used, in seconds: by then every gateway has read it.
pub const SETTLING: u64 = 60;

/// The secrets of one use.
///
/// The first gateway makes the first secret when it is needed. When the newest is older than the period, one gateway adds another; all of
/// them read it before any uses it, and go on taking what the earlier ones made.
pub struct Secrets {
    usage: Usage,
    /// How long one secret is used, in seconds.
    period: u64,
    store: Arc<dyn Store>,
    /// Newest first; none before they were read.
    read: RwLock<Arc<[StoredSecret]>>,
    /// One of those who find none reads them.
    reading: tokio::sync::Mutex<()>,
}

impl Secrets {
    /// The secrets of a use, each of which is used for so many seconds.
    #[must_use]
    pub fn new(usage: Usage, period: u64, store: Arc<dyn Store>) -> Self {
        Self { usage, period, store, read: RwLock::new(Arc::default()), reading: tokio::sync::Mutex::default() }
    }

    /// All of them, newest first: what any of them made is good. There is one at least.
    ///
    /// # Errors
    ///
    /// If they were not read yet and the store cannot answer.
    pub async fn all(&self, now: u64) -> Result<Arc<[StoredSecret]>, Refusal> {
        let read = self.read();
        if !read.is_empty() {
            return Ok(read);
        }
        let _reading = self.reading.lock().await;
        if self.read().is_empty() {
            self.renew(now).await?;
        }
        Ok(self.read())
    }

    /// The one that makes: the newest that has settled, or the oldest.
    #[must_use]
    pub fn maker(secrets: &[StoredSecret], now: u64) -> Option<&StoredSecret> {
        secrets.iter().find(|secret| secret.made_at.saturating_add(SETTLING) <= now).or(secrets.last())
    }

    /// Reads them again, and adds one if the newest has been used long enough.
    ///
    /// # Errors
    ///
    /// If the store cannot answer; those that were read stay.
    pub async fn renew(&self, now: u64) -> Result<(), Unavailable> {
        let mut secrets = self.store.secrets(self.usage).await?;
        let newest = secrets.first();
        if newest.is_none_or(|newest| newest.made_at.saturating_add(self.period) <= now) {
            let number = newest.map_or(0, |newest| newest.number).checked_add(1).ok_or(Unavailable)?;
            let mut octets = [0; 32];
            getrandom::fill(&mut octets).map_err(|_| Unavailable)?;
            // If another gateway was faster, its secret is the one.
            self.store.add_secret(self.usage, &StoredSecret { number, made_at: now, octets }).await?;
            secrets = self.store.secrets(self.usage).await?;
        }
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = secrets.into();
        Ok(())
    }

    fn read(&self) -> Arc<[StoredSecret]> {
        Arc::clone(&self.read.read().unwrap_or_else(PoisonError::into_inner))
    }
}
