//! What an operator demands of chains, as an input says it: once as a policy of the engine's, once as plain data.

use genuine::key_attestation::{Policy, Purpose};

/// A floor: none, the value of the simulated phones, or one more.
const fn floor(bits: u32, value: u32) -> Option<u32> {
    match bits & 3 {
        0 | 1 => None,
        2 => Some(value),
        _ => Some(value + 1),
    }
}

/// What is demanded of an app's keys.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "as in the policy")]
pub(crate) struct Demands {
    pub(crate) remote: bool,
    pub(crate) strong_box: bool,
    pub(crate) own_systems: bool,
    pub(crate) shared_user_id: bool,
    pub(crate) attest_keys: bool,
    pub(crate) any_key: bool,
    pub(crate) known_tags: bool,
    pub(crate) suspended: bool,
    pub(crate) without_validity: bool,
    pub(crate) unlocked: bool,
    pub(crate) other_signers: bool,
    pub(crate) purposes: Option<&'static [Purpose]>,
    pub(crate) os_version: Option<u32>,
    /// Of the system, the vendor's part and the boot image.
    pub(crate) patch_levels: [Option<u32>; 3],
}

/// The keys of other systems that are accepted, if any are: of the suite's.
pub(crate) const BOOT_KEYS: [[u8; 32]; 2] = [[0xB0; 32], [7; 32]];
/// A set of signers beside the app's own.
pub(crate) const OTHER_SIGNERS: [[u8; 32]; 1] = [[0x5A; 32]];

impl Demands {
    pub(crate) fn from_bits(bits: u32) -> Self {
        let is_set = |bit: u32| bits >> bit & 1 == 1;
        Self {
            remote: is_set(0),
            strong_box: is_set(1),
            own_systems: is_set(2),
            shared_user_id: is_set(3),
            attest_keys: is_set(4),
            any_key: is_set(5),
            known_tags: is_set(6),
            suspended: is_set(7),
            without_validity: is_set(8),
            unlocked: is_set(9),
            other_signers: is_set(10),
            purposes: match bits >> 12 & 3 {
                0 | 1 => None,
                2 => Some(&[Purpose::Sign]),
                _ => Some(&[Purpose::Verify, Purpose::Sign]),
            },
            os_version: floor(bits >> 14, 160_000),
            patch_levels: [floor(bits >> 16, 202_609), floor(bits >> 18, 20_260_905), floor(bits >> 20, 202_609)],
        }
    }

    /// The policy for an app.
    pub(crate) fn policy<'a>(
        &self,
        package: &'a str,
        signers: &'a [[u8; 32]],
        others: &'a [&'a [[u8; 32]]],
    ) -> Policy<'a> {
        let mut policy = Policy::new(package, signers);
        if self.remote {
            policy = policy.require_remote_provisioning();
        }
        if self.strong_box {
            policy = policy.require_strong_box();
        }
        if self.own_systems {
            policy = policy.accept_boot_keys(&BOOT_KEYS);
        }
        if self.shared_user_id {
            policy = policy.accept_shared_user_id();
        }
        if self.attest_keys {
            policy = policy.accept_attest_keys();
        }
        if self.any_key {
            policy = policy.accept_any_key();
        }
        if self.known_tags {
            policy = policy.refuse_unknown_tags();
        }
        if self.suspended {
            policy = policy.accept_suspended();
        }
        if self.without_validity {
            policy = policy.danger_ignore_validity_period();
        }
        if self.unlocked {
            policy = policy.danger_accept_unlocked();
        }
        if self.other_signers {
            policy = policy.accept_other_signers(others);
        }
        if let Some(purposes) = self.purposes {
            policy = policy.require_purposes(purposes);
        }
        if let Some(version) = self.os_version {
            policy = policy.require_os_version(version);
        }
        let [os, vendor, boot] = self.patch_levels;
        if let Some(level) = os {
            policy = policy.require_os_patch_level(level);
        }
        if let Some(level) = vendor {
            policy = policy.require_vendor_patch_level(level);
        }
        if let Some(level) = boot {
            policy = policy.require_boot_patch_level(level);
        }
        policy
    }
}
