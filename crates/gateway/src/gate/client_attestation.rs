//! Attestations of OAuth clients: that an instance of the app is genuine, for authorization servers elsewhere.

use genuine::{
    crypto::{P256, PublicKey},
    session::client_attestation::NewClientAttestation,
};

use super::{Caller, Gate, expect_open, in_time};
use crate::{
    events::{self, What},
    refusal::Refusal,
};

impl Gate {
    /// An attestation for whoever has just signed a request, of the key that it names as its own, and how many seconds that is good.
    /// Authorization servers verify it with the published keys of tokens.
    ///
    /// # Errors
    ///
    /// [`Refusal::RouteUnknown`] if the application is no client, or why there is none for this device.
    pub async fn attest_client(&self, caller: &Caller, key: PublicKey<P256>) -> Result<(String, u32), Refusal> {
        let device = self.device(caller.key_id).await?;
        expect_open(&device)?;
        let application = self.application(&device.application)?;
        self.expect_attested(application, &device)?;
        let client = application.oauth_client.as_ref().ok_or(Refusal::RouteUnknown)?;
        let now = (self.clock)();
        let lifetime = application.lifetime(client.lifetime_seconds, now);
        let attestation = NewClientAttestation { client_id: &client.client_id, key, lifetime };
        let minted = self.tokens()?.attest_client(&attestation, now);
        let attestation = in_time(application, minted).await??;
        self.metrics.client_attestations.inc();
        events::note(|sighting| {
            sighting.is_about(What::Token);
            sighting.came_to("issued", None);
        });
        Ok((attestation, lifetime))
    }
}
