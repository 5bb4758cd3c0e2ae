//! What the operator asks for: a device and what becomes of it, devices that are searched for, and changes that count once.

use std::time::{Duration, Instant};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::app_attest::{Environment, KeyId};
use serde::Deserialize;

use super::Gate;
use crate::{
    platform::Platform,
    refusal::Refusal,
    store::{ChallengeId, Change, Cursor, Device, DeviceKey, Spent},
};

/// How many devices a page of a search has at most, but for a few more on Redis.
pub const SEARCH_PAGE: usize = 1000;
/// How many records are read for a page: where few match, the page ends before it is full.
const READ: usize = 2000;
/// How long they are read.
const TIME: Duration = Duration::from_secs(1);

/// What a device is like for the operator. One that was revoked is that alone, whatever else it was.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub enum Standing {
    /// Its requests pass.
    Verified,
    /// Nothing of it passes until it is attested again.
    Locked,
    /// Nothing of it passes again.
    Revoked,
    /// Nothing is known of it but its key identifier.
    Erased,
}

/// Which devices are searched for. What is not said is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// The application's name.
    pub application: Option<String>,
    /// Whose word on the device counts.
    pub platform: Option<Platform>,
    /// What it is like.
    pub status: Option<Standing>,
    /// Whose app it is of.
    pub environment: Option<Environment>,
    /// Registered after this second since 1970.
    pub registered_after: Option<u64>,
    /// Registered before this second.
    pub registered_before: Option<u64>,
}

/// Devices that were found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Them.
    pub devices: Vec<(KeyId, Device)>,
    /// Where to go on, if that is not the end.
    pub next: Option<Cursor>,
}

impl Standing {
    /// What this device is like.
    #[must_use]
    pub fn of(device: &Device) -> Self {
        match device {
            Device { key: DeviceKey::Erased, .. } => Self::Erased,
            Device { revoked_at: Some(_), .. } => Self::Revoked,
            Device { locked_at: Some(_), .. } => Self::Locked,
            _ => Self::Verified,
        }
    }
}

impl Search {
    /// Whether this is one of them. Of one that was erased only that is known.
    #[must_use]
    pub fn takes(&self, device: &Device) -> bool {
        let is_known = device.key != DeviceKey::Erased;
        self.application.as_ref().is_none_or(|name| is_known && *name == device.application)
            && self.platform.is_none_or(|platform| Platform::of(&device.key) == Some(platform))
            && self.status.is_none_or(|status| Standing::of(device) == status)
            && self.environment.is_none_or(|environment| device.key.environment() == Some(environment))
            && self.registered_after.is_none_or(|after| is_known && device.registered_at > after)
            && self.registered_before.is_none_or(|before| is_known && device.registered_at < before)
    }
}

impl Gate {
    /// A device, for the operator.
    ///
    /// # Errors
    ///
    /// [`Refusal::DeviceNotFound`], or that the store could not answer.
    pub async fn device(&self, key_id: KeyId) -> Result<Device, Refusal> {
        self.store.device(key_id).await?.ok_or(Refusal::DeviceNotFound)
    }

    /// Revokes a device, for the operator: its next request is refused.
    ///
    /// # Errors
    ///
    /// [`Refusal::DeviceNotFound`], or that the store could not answer.
    pub async fn revoke(&self, key_id: KeyId) -> Result<(), Refusal> {
        if !self.store.change(key_id, Change::Revoke((self.clock)())).await? {
            return Err(Refusal::DeviceNotFound);
        }
        // By its key and not by its pseudonym: what a restored backup has forgotten is repeated from the log.
        tracing::warn!(key_id = BASE64_URL_SAFE_NO_PAD.encode(key_id.0), "revoked");
        Ok(())
    }

    /// Locks a device or opens its lock, for the operator.
    ///
    /// # Errors
    ///
    /// [`Refusal::DeviceNotFound`], or that the store could not answer.
    pub async fn set_lock(&self, key_id: KeyId, locked: bool) -> Result<(), Refusal> {
        let change = if locked { Change::Lock((self.clock)()) } else { Change::Unlock };
        if !self.store.change(key_id, change).await? {
            return Err(Refusal::DeviceNotFound);
        }
        let key_id = BASE64_URL_SAFE_NO_PAD.encode(key_id.0);
        tracing::warn!(key_id, locked, "the operator changed a lock");
        Ok(())
    }

    /// Devices that are searched for, up to so many. A page may have fewer, or none, although there are more: `next` says so.
    ///
    /// # Errors
    ///
    /// [`Refusal::RequestMalformed`] if the cursor is none of the store's, or that the store could not answer.
    pub async fn search(&self, search: &Search, after: Option<Cursor>, most: usize) -> Result<Found, Refusal> {
        let (start, mut read, mut next) = (Instant::now(), 0, after);
        let mut devices = Vec::new();
        loop {
            // Pages of the store are not cut: the next one begins where this one ends.
            let about = most.saturating_sub(devices.len()).max(1);
            let listing = self.store.list(next.as_ref(), about).await?.ok_or(Refusal::RequestMalformed)?;
            read += listing.devices.len().max(about);
            devices.extend(listing.devices.into_iter().filter(|(_, device)| search.takes(device)));
            next = listing.next;
            if next.is_none() || devices.len() * 2 >= most || read >= READ || start.elapsed() >= TIME {
                return Ok(Found { devices, next });
            }
        }
    }

    /// Notes that an operator has used this key for a change.
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangeReplayed`] if it was used before, or that the store could not answer.
    pub async fn spend_change(&self, key: ChallengeId, by: KeyId, until: u64) -> Result<(), Refusal> {
        match self.store.spend(key, by, until, (self.clock)()).await? {
            Spent::Now => Ok(()),
            Spent::Before(_) => Err(Refusal::ChangeReplayed),
        }
    }
}
