//! Everything in memory: for tests.

use std::{
    collections::{BTreeSet, HashMap},
    ops::RangeBounds as _,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use genuine::app_attest::{Advance, AdvanceError, KeyId};

use super::{
    AccountHash, AdvanceFault, ChallengeId, Change, Contract, Cursor, Device, Listing, SECRETS, Spent, Store,
    StoredSecret, Unavailable, Usage, list::keys_after,
};

/// A store that forgets everything when it is dropped.
#[derive(Default)]
pub struct MemoryStore {
    devices: Mutex<HashMap<KeyId, Device>>,
    spent: Mutex<SpentChallenges>,
    secrets: Mutex<HashMap<Usage, Vec<StoredSecret>>>,
}

/// Who used a challenge, and when that is of no more interest.
#[derive(Default)]
struct SpentChallenges {
    by: HashMap<ChallengeId, KeyId>,
    until: BTreeSet<(u64, ChallengeId)>,
}

impl MemoryStore {
    fn devices(&self) -> MutexGuard<'_, HashMap<KeyId, Device>> {
        lock(&self.devices)
    }
}

/// Nothing that could panic runs under a lock, and no value is half-written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Store for MemoryStore {
    async fn spend(&self, challenge: ChallengeId, by: KeyId, until: u64, now: u64) -> Result<Spent, Unavailable> {
        let mut spent = lock(&self.spent);
        while let Some(&(over, old)) = spent.until.first().filter(|(until, _)| *until < now) {
            spent.until.remove(&(over, old));
            spent.by.remove(&old);
        }
        if let Some(before) = spent.by.get(&challenge) {
            return Ok(Spent::Before(*before));
        }
        spent.by.insert(challenge, by);
        spent.until.insert((until, challenge));
        Ok(Spent::Now)
    }

    async fn secrets(&self, usage: Usage) -> Result<Vec<StoredSecret>, Unavailable> {
        Ok(lock(&self.secrets).get(&usage).cloned().unwrap_or_default())
    }

    async fn add_secret(&self, usage: Usage, secret: &StoredSecret) -> Result<bool, Unavailable> {
        let mut secrets = lock(&self.secrets);
        let secrets = secrets.entry(usage).or_default();
        if secrets.iter().any(|other| other.number == secret.number) {
            return Ok(false);
        }
        secrets.retain(|other| other.number + SECRETS > secret.number);
        secrets.push(secret.clone());
        secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.number));
        Ok(true)
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
        if device.locked_at.is_some() {
            return Err(AdvanceError::Store(AdvanceFault::Locked));
        }
        device.window = contract.decide(advance, device.window)?;
        Ok(())
    }

    async fn change(&self, key: KeyId, change: Change) -> Result<bool, Unavailable> {
        let mut devices = self.devices();
        let Some(device) = devices.get_mut(&key) else { return Ok(false) };
        *device = device.clone().after(change);
        Ok(true)
    }

    async fn devices_of(
        &self,
        account: AccountHash,
        after: Option<KeyId>,
        most: usize,
    ) -> Result<Vec<KeyId>, Unavailable> {
        let devices = self.devices();
        let of_account = devices.iter().filter(|(_, device)| device.account == Some(account)).map(|(key, _)| *key);
        let mut keys: Vec<_> = of_account.filter(|key| after.is_none_or(|after| *key > after)).collect();
        keys.sort_unstable();
        keys.truncate(most);
        Ok(keys)
    }

    async fn list(&self, after: Option<&Cursor>, about: usize) -> Result<Option<Listing>, Unavailable> {
        let Some(range) = keys_after(after) else { return Ok(None) };
        let devices = self.devices();
        let mut page: Vec<_> = devices.iter().filter(|(key, _)| range.contains(&key.0)).collect();
        page.sort_unstable_by_key(|(key, _)| **key);
        page.truncate(about);
        let page = page.into_iter().map(|(key, device)| (*key, device.clone())).collect();
        Ok(Some(Listing::in_order(page, about)))
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        Ok(())
    }
}
