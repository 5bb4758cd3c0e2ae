//! One use of a refresh token at a time: what has been given to the provider once is not given to it again while that is answered.

use std::{
    collections::HashMap,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::sync::{Mutex as Lock, OwnedMutexGuard};

use super::{Fault, provider::ProviderTokens};
use crate::{refusal::Refusal, store::ChallengeId};

/// How long tokens wait for the device that went away before it had them, or that could not be given them.
const KEPT: Duration = Duration::from_secs(60);

/// The refresh tokens that are being used on this gateway. Whether one was used, the store decides.
pub(super) struct Turns {
    taken: Mutex<HashMap<ChallengeId, Weak<Lock<Use>>>>,
    longest: Duration,
}

/// What is known of a refresh token from its uses just now.
#[derive(Default)]
pub(super) struct Use {
    /// Whether it was used up while somebody waited.
    pub(super) is_used: bool,
    /// What the provider gave for it and nobody got, and when, in seconds since 1970.
    kept: Option<(ProviderTokens, u64)>,
}

/// The one use of a token at a time.
pub(super) struct Turn(OwnedMutexGuard<Use>);

impl Turns {
    /// Nobody waits longer than that.
    pub(super) fn new(longest: Duration) -> Self {
        Self { taken: Mutex::default(), longest }
    }

    /// Waits until nobody else uses this token.
    ///
    /// # Errors
    ///
    /// [`Fault::RefreshBusy`] if that takes too long.
    pub(super) async fn take(&self, id: ChallengeId) -> Result<Turn, Refusal> {
        let lock = self.lock(id);
        let turn = tokio::time::timeout(self.longest, lock.lock_owned()).await;
        turn.map(Turn).map_err(|_| Refusal::Oauth(Fault::RefreshBusy))
    }

    fn lock(&self, id: ChallengeId) -> Arc<Lock<Use>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = taken.get(&id).and_then(Weak::upgrade) {
            return lock;
        }
        taken.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::new(Lock::default());
        taken.insert(id, Arc::downgrade(&lock));
        lock
    }
}

impl Turn {
    /// What the provider has given already, with the time that has gone by since taken off its own.
    pub(super) fn kept(&mut self, now: u64) -> Option<ProviderTokens> {
        let (tokens, at) = self.0.kept.take()?;
        let age = now.saturating_sub(at);
        let expires_in = tokens.expires_in.map(|seconds| seconds.saturating_sub(age));
        (age <= KEPT.as_secs()).then_some(ProviderTokens { expires_in, ..tokens })
    }

    /// Keeps what the provider gave for a minute, for the next use of the same token: the provider may not take it again.
    pub(super) fn keep(mut self, tokens: ProviderTokens, now: u64) {
        self.0.kept = Some((tokens, now));
        let lock = Arc::clone(OwnedMutexGuard::mutex(&self.0));
        tokio::spawn(async move {
            tokio::time::sleep(KEPT).await;
            drop(lock);
        });
    }
}

impl Deref for Turn {
    type Target = Use;

    fn deref(&self) -> &Use {
        &self.0
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut Use {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_learns_that_it_was_used_up() {
        let turns = Arc::new(Turns::new(Duration::from_secs(5)));
        let mut first = turns.take([1; 32]).await.unwrap();
        let waiting = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move { turns.take([1; 32]).await.unwrap().is_used }
        });
        assert!(!turns.take([2; 32]).await.unwrap().is_used, "another token");
        tokio::task::yield_now().await;
        first.is_used = true;
        drop(first);
        assert!(waiting.await.unwrap());
    }

    #[tokio::test]
    async fn nobody_waits_for_ever_and_nothing_is_kept() {
        let turns = Turns::new(Duration::from_millis(20));
        let first = turns.take([1; 32]).await.unwrap();
        assert_eq!(turns.take([1; 32]).await.err(), Some(Refusal::Oauth(Fault::RefreshBusy)));
        drop(first);
        drop(turns.take([2; 32]).await.unwrap());
        assert_eq!(turns.taken.lock().unwrap().len(), 1, "the first one is forgotten");
    }
    #[tokio::test]
    async fn what_nobody_got_is_kept_for_a_minute_and_given_once() {
        let turns = Turns::new(Duration::from_secs(5));
        let tokens: ProviderTokens =
            serde_json::from_str(r#"{"access_token":"a","token_type":"Bearer","expires_in":60}"#).unwrap();
        turns.take([1; 32]).await.unwrap().keep(tokens.clone(), 100);
        assert!(turns.take([2; 32]).await.unwrap().kept(110).is_none(), "another token");
        assert_eq!(turns.take([1; 32]).await.unwrap().kept(110).unwrap().expires_in, Some(50));
        assert!(turns.take([1; 32]).await.unwrap().kept(110).is_none());
        for (now, expected) in [(160, true), (161, false)] {
            turns.take([1; 32]).await.unwrap().keep(tokens.clone(), 100);
            assert_eq!(turns.take([1; 32]).await.unwrap().kept(now).is_some(), expected, "{now}");
        }
    }
}
