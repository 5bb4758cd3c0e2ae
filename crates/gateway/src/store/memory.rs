//! Everything in memory: for tests.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use genuine::app_attest::{Advance, AdvanceError, KeyId};

use super::{AdvanceFault, Challenge, ChallengeId, Challenges, Contract, Device, PutError, Spent, Store, Unavailable};

/// A store that forgets everything when it is dropped.
pub struct MemoryStore {
    challenges: Challenges,
    devices: Mutex<HashMap<KeyId, Device>>,
}

impl MemoryStore {
    /// An empty store, with room for so many challenges.
    #[must_use]
    pub fn new(challenges: usize) -> Self {
        Self { challenges: Challenges::new(challenges), devices: Mutex::default() }
    }

    fn devices(&self) -> MutexGuard<'_, HashMap<KeyId, Device>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn put_challenge(&self, id: ChallengeId, challenge: &Challenge, now: u64) -> Result<(), PutError> {
        self.challenges.put(id, challenge, now)
    }

    async fn challenge(&self, id: ChallengeId) -> Result<Option<Challenge>, Unavailable> {
        Ok(self.challenges.get(id))
    }

    async fn spend_challenge(&self, id: ChallengeId, by: KeyId) -> Result<Spent, Unavailable> {
        Ok(self.challenges.spend(id, by))
    }

    async fn register(&self, key: KeyId, device: &Device) -> Result<bool, Unavailable> {
        let mut devices = self.devices();
        if devices.contains_key(&key) {
            return Ok(false);
        }
        devices.insert(key, device.clone());
        Ok(true)
    }

    async fn device(&self, key: KeyId) -> Result<Option<Device>, Unavailable> {
        Ok(self.devices().get(&key).cloned())
    }

    async fn advance(
        &self,
        key: KeyId,
        advance: Advance,
        contract: Contract,
    ) -> Result<(), AdvanceError<AdvanceFault>> {
        let mut devices = self.devices();
        let device = devices.get_mut(&key).ok_or(AdvanceError::UnknownKey)?;
        if device.revoked_at.is_some() {
            return Err(AdvanceError::Store(AdvanceFault::Revoked));
        }
        device.window = contract.decide(advance, device.window)?;
        Ok(())
    }

    async fn revoke(&self, key: KeyId, at: u64) -> Result<bool, Unavailable> {
        let mut devices = self.devices();
        let Some(device) = devices.get_mut(&key) else { return Ok(false) };
        device.revoked_at.get_or_insert(at);
        Ok(true)
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        Ok(())
    }
}
