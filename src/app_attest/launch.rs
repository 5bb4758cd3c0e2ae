//! The launch data of iOS 27 and macOS 27.

/// What iOS 27 and macOS 27 say about the app that was launched; an app that was built with an older SDK has none of it.
///
/// As a part of a view it is a claim, as a part of a proof a fact. A proof holds it only where the signed flag ED
/// announces it, as every release of iOS 27 does; Apple's published sample and the betas do not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LaunchData<'i> {
    /// How the app was distributed.
    pub category: Option<ValidationCategory>,
    /// `CFBundleVersion` of the app: at most 255 bytes.
    pub bundle_version: Option<&'i str>,
    /// The hash of the app's code directory, which `codesign -dvvv` shows as `CandidateCDHashFull`: 32 bytes on every device
    /// seen, at most 64. Other code has another hash, with the same key and the same App ID.
    pub code_hash: Option<&'i [u8]>,
    /// Which hash that is: 2, SHA-256, on every device seen (the constants `CS_HASHTYPE_…` of Apple's `cs_blobs.h`). `None` also
    /// where it is not one byte; no policy looks at it.
    pub code_hash_type: Option<u8>,
}

/// How the app was distributed, as iOS 27 and macOS 27 report it (`apple_validation_category_01`).
///
/// The set is open: other numbers may appear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ValidationCategory(pub u32);

impl ValidationCategory {
    /// Part of the operating system.
    pub const OPERATING_SYSTEM: Self = Self(1);
    /// Installed by TestFlight.
    pub const TESTFLIGHT: Self = Self(2);
    /// Signed for development.
    pub const DEVELOPMENT: Self = Self(3);
    /// Installed from the App Store.
    pub const APP_STORE: Self = Self(4);
    /// Enterprise or ad hoc distribution.
    pub const ENTERPRISE: Self = Self(5);
    /// Signed with a Developer ID (macOS).
    pub const DEVELOPER_ID: Self = Self(6);
    /// Anything else.
    pub const OTHER: Self = Self(10);
}
