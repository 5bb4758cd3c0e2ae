//! Whether the certificates that vouched for a device still count: what Google's list says of them now.

use genuine::{Error, key_attestation::RevocationStatus};

use super::Gate;
use crate::{
    application::Application,
    refusal::Refusal,
    revocations::{Listed, RevocationList},
    store::HardwareKey,
};

impl Gate {
    /// What the last good list says of the certificates of a key: the worst of it.
    #[must_use]
    pub fn listed(&self, key: &HardwareKey) -> Option<Listed> {
        let list = self.revocations.as_ref()?.latest();
        key.serials.iter().filter_map(|serial| list.get(&serial.to_string())).max()
    }

    /// Whether the certificates that vouched for a key still count. The last good list decides, however old: it is right about those
    /// that are on it. Without any, nobody knows.
    pub(super) fn expect_unrevoked(&self, application: &Application, key: &HardwareKey) -> Result<(), Refusal> {
        let app = application.key_attestation.as_ref().ok_or(Refusal::PlatformUnknown)?;
        if self.revocations.is_none() {
            return Err(Refusal::RevocationsTooOld);
        }
        match self.listed(key) {
            None => Ok(()),
            Some(Listed::Suspended) if app.accepts_suspended => Ok(()),
            Some(Listed::Suspended) => Err(Error::AndroidSuspended.into()),
            Some(Listed::Revoked) => Err(Error::AndroidRevoked.into()),
        }
    }
}

/// What a list says of a serial number, in the engine's terms.
pub(super) fn status(list: &RevocationList, serial: &str) -> RevocationStatus {
    match list.get(serial) {
        None => RevocationStatus::Good,
        Some(Listed::Suspended) => RevocationStatus::Suspended,
        Some(Listed::Revoked) => RevocationStatus::Revoked,
    }
}
