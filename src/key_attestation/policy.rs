//! What the caller accepts of an app's keys: fixed at start-up, never taken from a request.

use super::{
    app::AttestationApplicationId,
    chain::Path,
    description::KeyDescription,
    number::{Algorithm, EcCurve, Origin, Purpose, SecurityLevel},
    provisioning::{Provisioning, hardware},
    root_of_trust::BootState,
    tag::Tag,
};
use crate::error::Error;

/// The version of attestations from which on `verifiedBootHash` is there.
const FIRST_WITH_BOOT_HASH: u64 = 3;

/// What Android before 17 says if it does not know which package asked.
const UNKNOWN_PACKAGE: &[u8] = b"UnknownPackage";

/// What a verifier accepts of one app.
///
/// [`new`](Self::new) accepts what a key that signs requests has on any phone that is as its maker sold it: hardware, locked and
/// verified, the key generated there for this app alone, on P-256, to sign. Everything beyond that is required, or allowed, by name.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Policy<'a> {
    package_name: &'a str,
    signing_digests: &'a [[u8; 32]],
    other_signers: &'a [&'a [[u8; 32]]],
    boot_keys: &'a [[u8; 32]],
    purposes: Option<&'a [Purpose]>,
    least_os_version: Option<u32>,
    least_os_patch_level: Option<u32>,
    least_vendor_patch_level: Option<u32>,
    least_boot_patch_level: Option<u32>,
    options: Options,
}

/// What is on or off.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a method's own question, and none excludes another")]
struct Options {
    remote_alone: bool,
    strong_box: bool,
    shared_user_id: bool,
    attest_keys: bool,
    any_key: bool,
    no_unknown_tags: bool,
    suspended: bool,
    without_validity: bool,
    unlocked: bool,
}

/// Checks the configuration: a policy at least, each with a package and a signer, no boot key of zeros, no two for one package.
pub(super) fn check_policies(policies: &[Policy<'_>]) -> Result<(), Error> {
    let mut rest = policies;
    while let Some((policy, others)) = rest.split_first() {
        if policy.package_name.is_empty() {
            return Err(Error::AndroidConfigPackage);
        }
        if policy.signing_digests.is_empty() || policy.other_signers.iter().any(|digests| digests.is_empty()) {
            return Err(Error::AndroidConfigNoDigest);
        }
        if policy.boot_keys.contains(&[0; 32]) {
            return Err(Error::AndroidConfigBootKey);
        }
        if others.iter().any(|other| other.package_name == policy.package_name) {
            return Err(Error::AndroidConfigDuplicatePackage);
        }
        rest = others;
    }
    if policies.is_empty() { Err(Error::ConfigNoAppId) } else { Ok(()) }
}

/// The policy of the app that a description names, and its position in the list; if it names none, the first.
///
/// It decides which policy the checks before the app's are made under, and nothing else: [`Policy::check_app`] holds the app against
/// that policy.
pub(super) fn policy_of<'p, 'a>(
    policies: &'p [Policy<'a>],
    description: &KeyDescription<'_>,
) -> Option<(usize, &'p Policy<'a>)> {
    let app = description.application_id().and_then(|octets| AttestationApplicationId::parse(octets).ok());
    let is_named = |policy: &Policy<'_>| {
        app.is_some_and(|app| app.packages().any(|package| package.name == policy.package_name.as_bytes()))
    };
    let mut all = policies.iter().enumerate();
    all.clone().find(|(_, policy)| is_named(policy)).or_else(|| all.next())
}

impl<'a> Policy<'a> {
    /// Accepts keys of this package (`com.example.app`), signed by exactly these certificates: the SHA-256 of each, as `apksigner verify
    /// --print-certs` and the Play Console show it. An app that Google Play signs has the digest of Google's key for it.
    pub const fn new(package_name: &'a str, signing_digests: &'a [[u8; 32]]) -> Self {
        Self {
            package_name,
            signing_digests,
            other_signers: &[],
            boot_keys: &[],
            purposes: None,
            least_os_version: None,
            least_os_patch_level: None,
            least_vendor_patch_level: None,
            least_boot_patch_level: None,
            options: Options {
                remote_alone: false,
                strong_box: false,
                shared_user_id: false,
                attest_keys: false,
                any_key: false,
                no_unknown_tags: false,
                suspended: false,
                without_validity: false,
                unlocked: false,
            },
        }
    }

    /// The package.
    #[must_use]
    pub const fn package_name(&self) -> &'a str {
        self.package_name
    }

    /// Accepts the package signed by any one of these sets of certificates too: by another store's key, or by the one before a change.
    pub const fn accept_other_signers(self, signers: &'a [&'a [[u8; 32]]]) -> Self {
        Self { other_signers: signers, ..self }
    }

    /// Requires that the key of the secure hardware was provisioned remotely. Leaked keys of factories are the living attack; phones
    /// that came out with Android 12 or older have no other.
    pub const fn require_remote_provisioning(self) -> Self {
        Self { options: Options { remote_alone: true, ..self.options }, ..self }
    }

    /// Requires a key in a chip of its own. Many phones have none.
    pub const fn require_strong_box(self) -> Self {
        Self { options: Options { strong_box: true, ..self.options }, ..self }
    }

    /// Accepts the boot state `SelfSigned` with these keys: SHA-256 of the key of another system, such as GrapheneOS publishes for each
    /// phone. That system is believed then in what it says of apps.
    pub const fn accept_boot_keys(self, keys: &'a [[u8; 32]]) -> Self {
        Self { boot_keys: keys, ..self }
    }

    /// Accepts an app that shares its user identifier with others (`sharedUserId`), if it is among the packages named.
    pub const fn accept_shared_user_id(self) -> Self {
        Self { options: Options { shared_user_id: true, ..self.options }, ..self }
    }

    /// Accepts a leaf that a key of the same app with the purpose `ATTEST_KEY` signed.
    pub const fn accept_attest_keys(self) -> Self {
        Self { options: Options { attest_keys: true, ..self.options }, ..self }
    }

    /// Accepts keys of any algorithm, curve and size, and hands them out unread. Those that are not on P-256 sign no requests here.
    pub const fn accept_any_key(self) -> Self {
        Self { options: Options { any_key: true, ..self.options }, ..self }
    }

    /// Requires exactly these purposes, in any order. Without it, it is to sign, or to sign and to verify. A leaf that attests is
    /// never accepted.
    pub const fn require_purposes(self, purposes: &'a [Purpose]) -> Self {
        Self { purposes: Some(purposes), ..self }
    }

    /// Requires at least this version of Android: `130000` for 13. A phone that says 0 is refused.
    pub const fn require_os_version(self, least: u32) -> Self {
        Self { least_os_version: Some(least), ..self }
    }

    /// Requires at least this patch level of Android, `YYYYMM` or `YYYYMMDD`. A month alone counts as its first day, here and below.
    pub const fn require_os_patch_level(self, least: u32) -> Self {
        Self { least_os_patch_level: Some(least), ..self }
    }

    /// Requires at least this patch level of the vendor.
    pub const fn require_vendor_patch_level(self, least: u32) -> Self {
        Self { least_vendor_patch_level: Some(least), ..self }
    }

    /// Requires at least this patch level of the boot image.
    pub const fn require_boot_patch_level(self, least: u32) -> Self {
        Self { least_boot_patch_level: Some(least), ..self }
    }

    /// Refuses descriptions with tags that this release does not know. A new Android brings new tags: this locks it out.
    pub const fn refuse_unknown_tags(self) -> Self {
        Self { options: Options { no_unknown_tags: true, ..self.options }, ..self }
    }

    /// Accepts certificates that the revocation list says are suspended, as Google's verifier does.
    pub const fn accept_suspended(self) -> Self {
        Self { options: Options { suspended: true, ..self.options }, ..self }
    }

    /// Accepts certificates at any time, the time zero included.
    ///
    /// For a device that has no clock and takes the risk: certificates of remote provisioning are meant to live for weeks, so that
    /// a key which leaks is of little use. Names, signatures and revocation are checked as ever.
    pub const fn danger_ignore_validity_period(self) -> Self {
        Self { options: Options { without_validity: true, ..self.options }, ..self }
    }

    /// Accepts phones whose boot loader is unlocked.
    ///
    /// For phones that an app is developed on. What the Android system says there, the name of the app among it, is worth nothing: its
    /// owner can change it.
    pub const fn danger_accept_unlocked(self) -> Self {
        Self { options: Options { unlocked: true, ..self.options }, ..self }
    }

    pub(super) const fn needs_time(&self) -> bool {
        !self.options.without_validity
    }

    pub(super) const fn accepts_attest_keys(&self) -> bool {
        self.options.attest_keys
    }

    pub(super) const fn accepts_suspended(&self) -> bool {
        self.options.suspended
    }

    pub(super) const fn accepts_any_key(&self) -> bool {
        self.options.any_key
    }

    pub(super) fn check_provisioning(&self, kind: Provisioning) -> Result<(), Error> {
        if self.options.remote_alone && kind != Provisioning::Remote {
            Err(Error::AndroidFactoryRefused)
        } else {
            Ok(())
        }
    }

    /// The two levels are one, it is hardware, and the certificate of that hardware does not say another.
    pub(super) fn check_security_level(
        &self,
        description: &KeyDescription<'_>,
        path: &Path<'_, '_>,
    ) -> Result<(), Error> {
        let level = description.attestation_security_level();
        if level != description.key_mint_security_level() {
            return Err(Error::AndroidLevelMismatch);
        }
        let is_strong_box = match level {
            SecurityLevel::StrongBox => true,
            SecurityLevel::TrustedEnvironment if !self.options.strong_box => false,
            _ => return Err(Error::AndroidLevelTooLow),
        };
        let mut said = path.hardware().into_iter().flat_map(hardware).peekable();
        // A StrongBox says so; the oldest trusted environments do not say what they are.
        let is_silent = said.peek().is_none();
        if (is_silent && is_strong_box) || said.any(|strong_box| strong_box != is_strong_box) {
            return Err(Error::AndroidLevelUnbacked);
        }
        Ok(())
    }

    /// From the hardware-enforced list alone, but for the tag that lets in every app, which may be in neither.
    pub(super) fn check_key(&self, description: &KeyDescription<'_>) -> Result<(), Error> {
        let hardware = description.hardware_enforced();
        if hardware.origin() != Some(Origin::Generated) {
            return Err(Error::AndroidOrigin);
        }
        let has = |wanted: Purpose| hardware.purposes().any(|purpose| purpose == wanted);
        let is_as_required = match self.purposes {
            Some(required) => {
                hardware.purposes().all(|purpose| required.contains(&purpose))
                    && required.iter().all(|purpose| has(*purpose))
            }
            None => {
                has(Purpose::Sign)
                    && hardware.purposes().all(|purpose| matches!(purpose, Purpose::Sign | Purpose::Verify))
            }
        };
        if !is_as_required || has(Purpose::AttestKey) || hardware.purposes().next().is_none() {
            return Err(Error::AndroidPurpose);
        }
        // The secure elements of some phones name no curve: the leaf's key is on P-256 or refused, and its curve stands there.
        let may_be_p256 = match hardware.ec_curve() {
            Some(curve) => curve == EcCurve::P256,
            None => !description.software_enforced().has(Tag::EcCurve),
        };
        let is_accepted = self.options.any_key || (may_be_p256 && hardware.algorithm() == Some(Algorithm::Ec));
        if !is_accepted {
            return Err(Error::AndroidAlgorithm);
        }
        if hardware.has(Tag::AllApplications) || description.software_enforced().has(Tag::AllApplications) {
            return Err(Error::AndroidAllApplications);
        }
        Ok(())
    }

    /// Locked, and verified by the maker's key or one of the policy's.
    pub(super) fn check_boot(&self, description: &KeyDescription<'_>) -> Result<(), Error> {
        let root = description.hardware_enforced().root_of_trust().ok_or(Error::AndroidRootOfTrustMissing)?;
        if !root.device_locked() {
            return if self.options.unlocked { Ok(()) } else { Err(Error::AndroidUnlocked) };
        }
        match root.verified_boot_state() {
            BootState::Verified => {}
            BootState::SelfSigned if self.boot_keys.iter().any(|key| key == root.verified_boot_key()) => {}
            BootState::SelfSigned => return Err(Error::AndroidBootKey),
            _ => return Err(Error::AndroidBootState),
        }
        if description.attestation_version() >= FIRST_WITH_BOOT_HASH && root.verified_boot_hash().is_none() {
            return Err(Error::AndroidBootHashMissing);
        }
        Ok(())
    }

    /// The package and who signed it.
    pub(super) fn check_app(&self, description: &KeyDescription<'_>) -> Result<(), Error> {
        let app = AttestationApplicationId::parse(description.application_id().ok_or(Error::AndroidAppMissing)?)?;
        if app.packages().any(|package| package.name == UNKNOWN_PACKAGE) {
            return Err(Error::AndroidPackageUnknown);
        }
        if !self.options.shared_user_id && app.packages().count() != 1 {
            return Err(Error::AndroidPackageCount);
        }
        if !app.packages().any(|package| package.name == self.package_name.as_bytes()) {
            return Err(Error::AndroidPackage);
        }
        let is_signed_by = |digests: &[[u8; 32]]| {
            app.signature_digests().all(|found| digests.iter().any(|digest| digest == found))
                && digests.iter().all(|digest| app.signature_digests().any(|found| found == digest))
        };
        if is_signed_by(self.signing_digests) || self.other_signers.iter().any(|digests| is_signed_by(digests)) {
            Ok(())
        } else {
            Err(Error::AndroidSigningDigest)
        }
    }

    /// Floors of versions, each from the hardware-enforced list, and unknown tags.
    pub(super) fn check_system(&self, description: &KeyDescription<'_>) -> Result<(), Error> {
        let hardware = description.hardware_enforced();
        if let Some(least) = self.least_os_version
            && hardware.integer(Tag::OsVersion).is_none_or(|version| version < u64::from(least))
        {
            return Err(Error::AndroidOsVersion);
        }
        let floors = [
            (self.least_os_patch_level, Tag::OsPatchLevel, Error::AndroidOsPatchLevel),
            (self.least_vendor_patch_level, Tag::VendorPatchLevel, Error::AndroidVendorPatchLevel),
            (self.least_boot_patch_level, Tag::BootPatchLevel, Error::AndroidBootPatchLevel),
        ];
        for (least, tag, error) in floors {
            if let Some(least) = least
                && hardware.integer(tag).is_none_or(|level| day(level) < day(u64::from(least)))
            {
                return Err(error);
            }
        }
        if self.options.no_unknown_tags && description.unknown_tags() > 0 {
            return Err(Error::AndroidUnknownTag);
        }
        Ok(())
    }
}

/// A patch level as `YYYYMMDD`: of a month its first day, so that it claims no more than it says.
const fn day(level: u64) -> u64 {
    if level < 1_000_000 { level.saturating_mul(100).saturating_add(1) } else { level }
}
