//! What becomes of a request whose assertion is missing or refused: the mode in force says so.

use genuine::session::mode::{Lock, Mode};

use super::{Access, Client, Gate};
use crate::{application::in_force, events, platform::Platform, refusal::Refusal, verdict::Verdict};

impl Gate {
    /// The mode of a route for whoever has this identifier.
    #[must_use]
    pub fn mode_of(&self, access: &Access, identifier: &[u8]) -> Mode {
        in_force(access.mode, access.rollout, &access.applications.join(","), identifier)
    }

    /// Whether a request goes on that was refused for this: as what. The log has it under the target of the device's platform, as far as
    /// [that was noted](events::sighted).
    ///
    /// # Errors
    ///
    /// The refusal, where the mode upholds it. Where anybody looks, what is none of an attestation is upheld: revoked and locked
    /// devices, another account, limits.
    pub fn rule(&self, access: &Access, mode: Mode, refusal: Refusal) -> Result<Verdict, Refusal> {
        let (Some(verdict), Some(outcome)) = (Verdict::of(refusal), refusal.outcome()) else { return Err(refusal) };
        self.metrics.verdict(&access.name, mode, verdict);
        if !mode.decide(outcome, Lock::Open).decision.allows() {
            return Err(refusal);
        }
        let platform = events::platform().unwrap_or_else(|| self.platform_of(access));
        platform.log(mode, verdict.as_str(), refusal.reason());
        events::note(|sighting| sighting.passed_despite(refusal.reason()));
        Ok(verdict)
    }

    /// The platform of a request that names no device that is registered: Apple's, unless only Android phones may sign requests there.
    fn platform_of(&self, access: &Access) -> Platform {
        let takes = |platform| {
            let applications = access.applications.iter().filter_map(|name| self.application(name).ok());
            applications.into_iter().any(|application| application.terms(platform).is_some())
        };
        let is_android = !takes(Platform::AppAttest) && takes(Platform::KeyAttestation);
        if is_android { Platform::KeyAttestation } else { Platform::AppAttest }
    }

    /// Why a request without an assertion is refused: a client that is too old to send one may say so.
    #[must_use]
    pub fn missing(&self, access: &Access, client: Client) -> Refusal {
        let outdated = access.applications.iter().filter_map(|name| {
            let application = self.application(name).ok()?;
            let terms = application.terms(Platform::AppAttest).or(application.terms(Platform::KeyAttestation))?;
            client.version?;
            super::expect_version(terms, client.version).err()
        });
        outdated.last().unwrap_or(Refusal::AssertionMissing)
    }
}
