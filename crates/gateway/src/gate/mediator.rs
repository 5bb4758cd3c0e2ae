//! What the mediator asks of a device, and the one use of a code or a refresh token.

use super::{Caller, Gate, expect_open};
use crate::{
    refusal::Refusal,
    secrets::SKEW,
    store::{ChallengeId, Spent},
};

impl Gate {
    /// Until when what was given out to this device is revoked, in seconds since 1970. Its attestation still counts, and it is neither
    /// revoked nor locked.
    ///
    /// # Errors
    ///
    /// Why the device gets nothing, or that the store could not answer.
    pub(crate) async fn grants_revoked_until(&self, caller: &Caller) -> Result<u64, Refusal> {
        let device = self.device(caller.key_id).await?;
        expect_open(&device)?;
        self.expect_attested(self.application(&device.application)?, &device)?;
        Ok(device.tokens_after)
    }

    /// Uses something that is good once, and until this second is over. `false` if it was used before.
    ///
    /// # Errors
    ///
    /// If the store could not answer.
    pub(crate) async fn spend_grant(&self, caller: &Caller, id: ChallengeId, until: u64) -> Result<bool, Refusal> {
        let spent = self.store.spend(id, caller.key_id, until.saturating_add(SKEW), (self.clock)());
        let spent = self.ask(self.application(&caller.application)?, "spend", spent).await??;
        Ok(spent == Spent::Now)
    }
}
