//! What a proof says, in a form that does not borrow from the input, for those who keep it.

use super::{
    chain::MAX_CERTIFICATES,
    description::KeyDescription,
    number::SecurityLevel,
    provisioning::{Provisioning, ProvisioningInfo},
    root_of_trust::{BootState, RootOfTrust},
    serial::Serial,
    tag::Tag,
};
use crate::crypto::{P256, PublicKey};

/// What [`RootOfTrust`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnedRootOfTrust {
    /// The boot key; `None` if it has not 32 octets.
    pub verified_boot_key: Option<[u8; 32]>,
    /// Whether the boot loader is locked.
    pub device_locked: bool,
    /// Whether it verified the system, and by which key.
    pub verified_boot_state: BootState,
    /// The digest of what was verified; `None` if it has not 32 octets.
    pub verified_boot_hash: Option<[u8; 32]>,
}

impl From<RootOfTrust<'_>> for OwnedRootOfTrust {
    fn from(root: RootOfTrust<'_>) -> Self {
        Self {
            verified_boot_key: root.verified_boot_key().try_into().ok(),
            device_locked: root.device_locked(),
            verified_boot_state: root.verified_boot_state(),
            verified_boot_hash: root.verified_boot_hash().and_then(|hash| hash.try_into().ok()),
        }
    }
}

/// What [`VerifiedKeyAttestation`](super::VerifiedKeyAttestation) says, less texts and lists.
///
/// Only a proof makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnedKeyAttestation {
    /// The position of the app's policy in the verifier's list.
    pub policy_index: usize,
    /// The key, if it is one on P-256.
    pub key: Option<PublicKey<P256>>,
    /// Where the key lives.
    pub security_level: SecurityLevel,
    /// How the secure hardware came by its own key.
    pub provisioning: Provisioning,
    /// How many certificates the phone was issued of late, if remote provisioning says so.
    pub certificates_issued: Option<u64>,
    /// What the boot loader reported.
    pub root_of_trust: Option<OwnedRootOfTrust>,
    /// The version of the attestation.
    pub attestation_version: u64,
    /// The version of Keymaster or KeyMint.
    pub key_mint_version: u64,
    /// The version of Android.
    pub os_version: Option<u64>,
    /// The patch level of Android.
    pub os_patch_level: Option<u64>,
    /// The patch level of the vendor.
    pub vendor_patch_level: Option<u64>,
    /// The patch level of the boot image.
    pub boot_patch_level: Option<u64>,
    /// How many tags were unknown.
    pub unknown_tags: usize,
    serials: [Serial; MAX_CERTIFICATES],
    serial_count: usize,
}

impl OwnedKeyAttestation {
    /// The serial numbers of the certificates below the anchor, leaf first: what to ask a newer revocation list.
    pub fn serials(&self) -> impl Iterator<Item = &Serial> {
        self.serials.iter().take(self.serial_count)
    }

    pub(super) fn new(
        policy_index: usize,
        key: Option<PublicKey<P256>>,
        description: &KeyDescription<'_>,
        (provisioning, info): (Provisioning, Option<ProvisioningInfo<'_>>),
        of_chain: impl Iterator<Item = Serial>,
    ) -> Self {
        let hardware = description.hardware_enforced();
        let mut serials = [Serial::NONE; MAX_CERTIFICATES];
        let mut serial_count = 0_usize;
        for (place, serial) in serials.iter_mut().zip(of_chain) {
            *place = serial;
            serial_count = serial_count.saturating_add(1);
        }
        Self {
            policy_index,
            key,
            security_level: description.attestation_security_level(),
            provisioning,
            certificates_issued: info.and_then(|info| info.certificates_issued),
            root_of_trust: hardware.root_of_trust().map(Into::into),
            attestation_version: description.attestation_version(),
            key_mint_version: description.key_mint_version(),
            os_version: hardware.integer(Tag::OsVersion),
            os_patch_level: hardware.integer(Tag::OsPatchLevel),
            vendor_patch_level: hardware.integer(Tag::VendorPatchLevel),
            boot_patch_level: hardware.integer(Tag::BootPatchLevel),
            unknown_tags: description.unknown_tags(),
            serials,
            serial_count,
        }
    }
}
