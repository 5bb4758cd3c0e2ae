//! How long what is known of a device is kept.

use std::time::Duration;

use genuine::UnixMillis;

use super::Gate;
use crate::{
    refusal::Refusal,
    store::{Change, DeviceKey},
};

/// How many seconds a day has.
const DAY: u64 = 86_400;
/// How many devices are read at a time.
const PAGE: usize = 500;
/// How often the gateway looks for devices that are to be forgotten.
pub const SWEEP: Duration = Duration::from_secs(3600);

impl Gate {
    /// Erases what is known of devices that nobody has vouched for since so many days, but for a tombstone of each: a key that was
    /// forgotten could be attested again, and everything that it signed before would be fresh. How many there were.
    ///
    /// A device that is attested at that very moment may be among them. It makes a new key, as every device that is erased.
    ///
    /// # Errors
    ///
    /// If the store could not answer. What was erased until then stays so.
    pub async fn forget(&self, days: u32) -> Result<u64, Refusal> {
        let now = (self.clock)();
        let oldest = UnixMillis(now.saturating_sub(u64::from(days) * DAY).saturating_mul(1000));
        let (mut erased, mut next) = (0, None);
        loop {
            let listing = self.store.list(next.as_ref(), PAGE).await?.ok_or(Refusal::Internal)?;
            for (key, device) in listing.devices {
                if device.key != DeviceKey::Erased && device.attested_at < oldest {
                    erased += u64::from(self.store.change(key, Change::Erase(now)).await?);
                }
            }
            next = listing.next;
            if next.is_none() {
                return Ok(erased);
            }
        }
    }
}
