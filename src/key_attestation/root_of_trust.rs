//! What the boot loader reported to the secure hardware.

use super::number::numbers;
use crate::encoding::der::{self, DerError, Reader};

numbers! {
    /// Whether the boot loader verified the system (`VerifiedBootState` of `KeyCreationResult.aidl`).
    BootState {
        /// By the key that the maker built in.
        Verified = 0,
        /// By a key that the owner installed: another system than the maker's.
        SelfSigned = 1,
        /// Not at all: the boot loader is unlocked.
        Unverified = 2,
        /// It failed.
        Failed = 3,
    }
}

/// `RootOfTrust ::= SEQUENCE { verifiedBootKey, deviceLocked, verifiedBootState, verifiedBootHash OPTIONAL }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootOfTrust<'i> {
    verified_boot_key: &'i [u8],
    device_locked: bool,
    verified_boot_state: BootState,
    verified_boot_hash: Option<&'i [u8]>,
}

impl<'i> RootOfTrust<'i> {
    /// Reads the content. The BOOLEAN may be any octet: some phones write `01`.
    pub(super) fn read(content: &'i [u8]) -> Result<Self, DerError> {
        let mut reader = Reader::new(content);
        let verified_boot_key = reader.value(der::OCTET_STRING)?;
        let device_locked = reader.lenient_boolean()?;
        let verified_boot_state = reader.enumerated()?.into();
        let verified_boot_hash = if reader.is_empty() { None } else { Some(reader.value(der::OCTET_STRING)?) };
        reader.finish()?;
        Ok(Self { verified_boot_key, device_locked, verified_boot_state, verified_boot_hash })
    }

    /// SHA-256 of the key that the boot loader verified the system with: 32 octets; all zeros, or none, while it is unlocked.
    ///
    /// Some phones of 2025 that never went on sale have zeros although they are locked.
    #[must_use]
    pub const fn verified_boot_key(&self) -> &'i [u8] {
        self.verified_boot_key
    }

    /// Whether the boot loader is locked.
    #[must_use]
    pub const fn device_locked(&self) -> bool {
        self.device_locked
    }

    /// Whether it verified the system, and by which key.
    #[must_use]
    pub const fn verified_boot_state(&self) -> BootState {
        self.verified_boot_state
    }

    /// A digest of what was verified: 32 octets, from attestation version 3 on.
    #[must_use]
    pub const fn verified_boot_hash(&self) -> Option<&'i [u8]> {
        self.verified_boot_hash
    }
}
