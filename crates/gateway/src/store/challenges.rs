//! Challenges in memory: for the stores of one server.
//!
//! A restart forgets them, which refuses them: a challenge is never used twice, and its client asks for another.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use genuine::app_attest::KeyId;

use super::{Challenge, ChallengeId, PutError, REMEMBERED, Spent};

/// The challenges of one server, of which so many may be unused.
pub struct Challenges {
    most: usize,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    challenges: HashMap<ChallengeId, Challenge>,
    /// How many of them are not used. Those that are came from an attested key, or made one.
    unused: usize,
    /// In the order of issue, which is that of expiry, since all have one lifetime.
    oldest: VecDeque<(u64, ChallengeId)>,
}

impl Challenges {
    /// Room for so many.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, table: Mutex::default() }
    }

    /// As [`Store::put_challenge`](super::Store::put_challenge).
    ///
    /// # Errors
    ///
    /// [`PutError::Full`].
    pub fn put(&self, id: ChallengeId, challenge: &Challenge, now: u64) -> Result<(), PutError> {
        let mut table = self.table();
        while let Some((expires_at, old)) = table.oldest.front().copied() {
            if expires_at + REMEMBERED > now {
                break;
            }
            table.oldest.pop_front();
            if table.challenges.remove(&old).is_some_and(|challenge| challenge.used_by.is_none()) {
                table.unused -= 1;
            }
        }
        if table.unused >= self.most {
            return Err(PutError::Full);
        }
        table.unused += 1;
        table.oldest.push_back((challenge.expires_at, id));
        table.challenges.insert(id, challenge.clone());
        Ok(())
    }

    /// As [`Store::challenge`](super::Store::challenge).
    pub fn get(&self, id: ChallengeId) -> Option<Challenge> {
        self.table().challenges.get(&id).cloned()
    }

    /// As [`Store::spend_challenge`](super::Store::spend_challenge).
    pub fn spend(&self, id: ChallengeId, by: KeyId) -> Spent {
        let mut table = self.table();
        let Some(challenge) = table.challenges.get_mut(&id) else { return Spent::Unknown };
        if let Some(before) = challenge.used_by {
            return Spent::Before(before);
        }
        challenge.used_by = Some(by);
        table.unused -= 1;
        Spent::Now
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
