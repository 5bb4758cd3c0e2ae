//! One use of a refresh token at a time: what has been given to the provider once is not given to it again while that is answered.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use super::Fault;
use crate::{refusal::Refusal, store::ChallengeId};

/// The refresh tokens that are being used on this gateway. Whether one was used, the store decides.
pub(super) struct Turns {
    taken: Mutex<HashMap<ChallengeId, Weak<Turn<bool>>>>,
    longest: Duration,
}

impl Turns {
    /// Nobody waits longer than that.
    pub(super) fn new(longest: Duration) -> Self {
        Self { taken: Mutex::default(), longest }
    }

    /// Waits until nobody else uses this token. What is guarded is whether it was used up while somebody waited.
    ///
    /// # Errors
    ///
    /// [`Fault::RefreshBusy`] if that takes too long.
    pub(super) async fn take(&self, id: ChallengeId) -> Result<OwnedMutexGuard<bool>, Refusal> {
        let turn = self.turn(id);
        let turn = tokio::time::timeout(self.longest, turn.lock_owned()).await;
        turn.map_err(|_| Refusal::Oauth(Fault::RefreshBusy))
    }

    fn turn(&self, id: ChallengeId) -> Arc<Turn<bool>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = taken.get(&id).and_then(Weak::upgrade) {
            return turn;
        }
        taken.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(Turn::new(false));
        taken.insert(id, Arc::downgrade(&turn));
        turn
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
            async move { *turns.take([1; 32]).await.unwrap() }
        });
        assert!(!*turns.take([2; 32]).await.unwrap(), "another token");
        tokio::task::yield_now().await;
        *first = true;
        drop(first);
        assert!(waiting.await.unwrap());
    }

    #[tokio::test]
    async fn nobody_waits_for_ever_and_nothing_is_kept() {
        let turns = Turns::new(Duration::from_millis(20));
        let first = turns.take([1; 32]).await.unwrap();
        assert_eq!(turns.take([1; 32]).await.unwrap_err(), Refusal::Oauth(Fault::RefreshBusy));
        drop(first);
        drop(turns.take([2; 32]).await.unwrap());
        assert_eq!(turns.taken.lock().unwrap().len(), 1, "the first one is forgotten");
    }
}
