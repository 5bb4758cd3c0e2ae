//! What proofs say, in a form that does not borrow from the input, for those who keep it.

use core::fmt;

use super::{
    counter::Counter,
    device::DeviceInfo,
    key::{AttestedKey, KeyId},
    launch::{LaunchData, ValidationCategory},
};
use crate::x509::Validity;

/// A text or octets of at most `N` bytes, 255 at most.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OwnedText<const N: usize> {
    octets: [u8; N],
    length: u8,
}

impl<const N: usize> OwnedText<N> {
    /// `None` if there is no room.
    fn new(octets: &[u8]) -> Option<Self> {
        let mut text = Self { octets: [0; N], length: u8::try_from(octets.len()).ok()? };
        let (place, _) = text.octets.split_at_mut_checked(octets.len())?;
        for (to, from) in place.iter_mut().zip(octets) {
            *to = *from;
        }
        Some(text)
    }

    /// The octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// The text; empty if the octets are none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl<const N: usize> fmt::Debug for OwnedText<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

/// What [`VerifiedAttestation`](super::VerifiedAttestation) says, less the receipt and the access-control list.
///
/// Only a proof makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct OwnedAttestation {
    key: AttestedKey,
    app_index: usize,
    leaf_validity: Validity,
    os_version: Option<OwnedText<32>>,
    os_build: Option<OwnedText<32>>,
    platform: Option<OwnedText<32>>,
    launch: OwnedLaunchData,
}

/// What [`VerifiedAssertion`](super::VerifiedAssertion) says.
///
/// Only a proof makes one. It says that the assertion was accepted once, and never that it may be again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct OwnedAssertion {
    key_id: KeyId,
    app_index: usize,
    counter: Counter,
    launch: OwnedLaunchData,
}

/// What [`LaunchData`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnedLaunchData {
    /// How the app was distributed.
    pub category: Option<ValidationCategory>,
    /// `CFBundleVersion` of the app.
    pub bundle_version: Option<OwnedText<255>>,
    /// The hash of the app's code directory.
    pub code_hash: Option<OwnedText<64>>,
    /// Which hash that is.
    pub code_hash_type: Option<u8>,
}

impl From<LaunchData<'_>> for OwnedLaunchData {
    fn from(launch: LaunchData<'_>) -> Self {
        Self {
            category: launch.category,
            bundle_version: launch.bundle_version.and_then(|version| OwnedText::new(version.as_bytes())),
            code_hash: launch.code_hash.and_then(OwnedText::new),
            code_hash_type: launch.code_hash_type,
        }
    }
}

impl OwnedAttestation {
    /// The attested key.
    pub const fn key(&self) -> AttestedKey {
        self.key
    }

    /// The position of the app's policy in the verifier's list.
    #[must_use]
    pub const fn app_index(&self) -> usize {
        self.app_index
    }

    /// The validity of the leaf.
    #[must_use]
    pub const fn leaf_validity(&self) -> Validity {
        self.leaf_validity
    }

    /// The version of the operating system; `None` also for one of more than 32 bytes, which no genuine leaf has.
    #[must_use]
    pub fn os_version(&self) -> Option<&str> {
        self.os_version.as_ref().map(OwnedText::as_str)
    }

    /// Its build, likewise.
    #[must_use]
    pub fn os_build(&self) -> Option<&str> {
        self.os_build.as_ref().map(OwnedText::as_str)
    }

    /// The name of its platform, likewise.
    #[must_use]
    pub fn platform(&self) -> Option<&str> {
        self.platform.as_ref().map(OwnedText::as_str)
    }

    /// The launch data.
    #[must_use]
    pub const fn launch(&self) -> &OwnedLaunchData {
        &self.launch
    }

    pub(super) fn new(
        key: AttestedKey,
        app_index: usize,
        leaf_validity: Validity,
        device: DeviceInfo<'_>,
        launch: LaunchData<'_>,
    ) -> Self {
        let text = |text: Option<&str>| text.and_then(|text| OwnedText::new(text.as_bytes()));
        Self {
            key,
            app_index,
            leaf_validity,
            os_version: text(device.os_version),
            os_build: text(device.os_build),
            platform: text(device.platform.map(super::Platform::name)),
            launch: launch.into(),
        }
    }
}

impl OwnedAssertion {
    /// The identifier of the key that signed.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The position of the app's policy in the verifier's list.
    #[must_use]
    pub const fn app_index(&self) -> usize {
        self.app_index
    }

    /// The counter.
    pub const fn counter(&self) -> Counter {
        self.counter
    }

    /// The launch data.
    #[must_use]
    pub const fn launch(&self) -> &OwnedLaunchData {
        &self.launch
    }

    pub(super) fn new(key_id: KeyId, app_index: usize, counter: Counter, launch: LaunchData<'_>) -> Self {
        Self { key_id, app_index, counter, launch: launch.into() }
    }
}
