//! What the caller accepts: fixed at start-up, never taken from a request.

use super::{
    app::{AppIdHash, Environment, Environments},
    device::{self, DeviceInfo},
    launch::{LaunchData, ValidationCategory},
    system::{OsBuild, OsVersion, Platform},
};
use crate::{
    error::Error,
    x509::{Extensions, TimeRules},
};

/// The first version whose leaves name their platform; every leaf before is an iPhone's or an iPad's.
const FIRST_WITH_PLATFORM: OsVersion = OsVersion::new(18, 0, 0);

/// What a verifier accepts of one app.
///
/// [`new`](Self::new) is the strictest in what it trusts: production only, within validity. Requirements on app, device and
/// age are added where a deployment has them, because older systems say less: what is required and absent is refused.
///
/// A verifier has a policy for each of its apps, so that what one of them allows, such as keys from development, opens no
/// other.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Policy<'a> {
    app_id: AppIdHash,
    environments: Environments,
    categories: Option<&'a [ValidationCategory]>,
    bundle_versions: Option<&'a [&'a str]>,
    code_hashes: Option<&'a [&'a [u8]]>,
    platforms: Option<&'a [Platform<'a>]>,
    least_version: Option<OsVersion>,
    least_builds: Option<&'a [(Platform<'a>, OsBuild)]>,
    macos_access_control: Option<&'a [u8]>,
    time_rules: TimeRules,
    greatest_step: Option<u32>,
}

/// Checks the configuration: at least one policy, and no two for one app.
pub(super) fn check_policies(policies: &[Policy<'_>]) -> Result<(), Error> {
    let mut rest = policies;
    while let Some((policy, others)) = rest.split_first() {
        if others.iter().any(|other| other.app_id == policy.app_id) {
            return Err(Error::ConfigDuplicateAppId);
        }
        rest = others;
    }
    if policies.is_empty() { Err(Error::ConfigNoAppId) } else { Ok(()) }
}

/// The policy of the app with this hash, and its position in the list (steps A6 and B4).
pub(super) fn policy_of<'p, 'a>(
    policies: &'p [Policy<'a>],
    app_id: &[u8; 32],
) -> Result<(usize, &'p Policy<'a>), Error> {
    policies.iter().enumerate().find(|(_, policy)| policy.app_id.0 == *app_id).ok_or(Error::RpIdMismatch)
}

impl<'a> Policy<'a> {
    /// Accepts this app, from production.
    pub const fn new(app_id: AppIdHash) -> Self {
        Self {
            app_id,
            environments: Environments::Production,
            categories: None,
            bundle_versions: None,
            code_hashes: None,
            platforms: None,
            least_version: None,
            least_builds: None,
            macos_access_control: None,
            time_rules: TimeRules { max_leaf_age: None, ignore_validity_period: false },
            greatest_step: None,
        }
    }

    /// The app.
    #[must_use]
    pub const fn app_id(&self) -> AppIdHash {
        self.app_id
    }

    /// Accepts keys of these environments, in the place of production alone.
    pub const fn with_environments(self, environments: Environments) -> Self {
        Self { environments, ..self }
    }

    /// Requires a validation category that the list holds. An object that does not announce one is refused, which
    /// excludes every system before iOS 27 and every app built with an older SDK. An empty list refuses everything.
    pub const fn require_categories(self, categories: &'a [ValidationCategory]) -> Self {
        Self { categories: Some(categories), ..self }
    }

    /// Requires a bundle version (`CFBundleVersion`) that the list holds, compared byte by byte. An object that does not
    /// announce one is refused. An empty list refuses everything.
    pub const fn require_bundle_versions(self, versions: &'a [&'a str]) -> Self {
        Self { bundle_versions: Some(versions), ..self }
    }

    /// Requires a code hash that the list holds, compared byte by byte at full length: `CandidateCDHashFull` of
    /// `codesign -dvvv`, for each slice of the app. An object that does not announce one is refused. An empty list refuses
    /// everything.
    pub const fn require_code_hashes(self, hashes: &'a [&'a [u8]]) -> Self {
        Self { code_hashes: Some(hashes), ..self }
    }

    /// Requires of an attestation that its leaf names a platform which the list holds. Leaves name one from iOS 18.0 on. An
    /// empty list refuses everything.
    pub const fn require_platforms(self, platforms: &'a [Platform<'a>]) -> Self {
        Self { platforms: Some(platforms), ..self }
    }

    /// Requires of an attestation at least this version of the operating system, on whatever platform.
    ///
    /// The version is the one at the time of the attestation. No assertion names one. A beta names the version that it leads to, so
    /// that 27.0 accepts the betas of 27.0; [`require_os_builds`](Self::require_os_builds) tells them apart.
    pub const fn require_os_version(self, least: OsVersion) -> Self {
        Self { least_version: Some(least), ..self }
    }

    /// Requires of an attestation at least this build of the operating system, by platform. Leaves name builds from iOS 17
    /// and their platform from iOS 18.0 on; a platform that the list does not hold is refused.
    pub const fn require_os_builds(self, least: &'a [(Platform<'a>, OsBuild)]) -> Self {
        Self { least_builds: Some(least), ..self }
    }

    /// Requires this access-control list of keys on Macs; in production
    /// [`MACOS_ACCESS_CONTROL`](super::MACOS_ACCESS_CONTROL), which says that the Mac runs with System Integrity Protection
    /// and full security. Keys on iPhones and iPads need none.
    ///
    /// A leaf that names no platform is taken for an iPhone's if its version is below 18.0, because no leaf did so before, and
    /// App Attest keys on Macs came later. Platforms other than these two are refused.
    pub const fn require_macos_access_control(self, list: &'a [u8]) -> Self {
        Self { macos_access_control: Some(list), ..self }
    }

    /// Refuses an attestation if more than so many seconds have passed since the notBefore of its leaf, which Apple sets a
    /// day before the time of issue (ten minutes before on the first devices of 2020). A time before notBefore is
    /// refused too, so that a clock which was never set makes nothing young.
    pub const fn limit_attestation_age(self, seconds: u64) -> Self {
        Self { time_rules: TimeRules { max_leaf_age: Some(seconds), ..self.time_rules }, ..self }
    }

    /// Refuses an assertion whose counter is more than this above the highest that was accepted, so that a key which signs
    /// for others shows. A device that is further ahead stays refused until it attests another key. In a window, leave room for
    /// as many requests as an app sends at a time: the last of them may arrive first.
    pub const fn limit_counter_step(self, greatest: u32) -> Self {
        Self { greatest_step: Some(greatest), ..self }
    }

    /// Accepts certificates at any time, the time zero included, unless the [age is limited](Self::limit_attestation_age).
    ///
    /// For a device that has no clock and takes the risk: a leaf is meant to live for days, and whoever obtains its
    /// attestation later can present it for ever, if the challenge was not fresh. Names, roles and signatures of the
    /// chain are checked as ever.
    pub const fn danger_ignore_validity_period(self) -> Self {
        Self { time_rules: TimeRules { ignore_validity_period: true, ..self.time_rules }, ..self }
    }

    /// What the policy demands of the chain, beyond what App Attest does.
    pub(super) const fn time_rules(&self) -> &TimeRules {
        &self.time_rules
    }

    pub(super) const fn needs_time(&self) -> bool {
        !self.time_rules.ignore_validity_period || self.time_rules.max_leaf_age.is_some()
    }

    pub(super) const fn greatest_step(&self) -> Option<u32> {
        self.greatest_step
    }

    pub(super) const fn check_environment(&self, environment: Environment) -> Result<(), Error> {
        if self.environments.contain(environment) { Ok(()) } else { Err(Error::EnvironmentMismatch) }
    }

    /// Each requirement looks at its own entry: what is required and absent is refused.
    pub(super) fn check_launch(&self, launch: LaunchData<'_>) -> Result<(), Error> {
        if let Some(categories) = self.categories {
            let category = launch.category.ok_or(Error::LaunchDataMissing)?;
            if !categories.contains(&category) {
                return Err(Error::CategoryRefused);
            }
        }
        if let Some(versions) = self.bundle_versions {
            let version = launch.bundle_version.ok_or(Error::LaunchDataMissing)?;
            if !versions.contains(&version) {
                return Err(Error::BundleVersionRefused);
            }
        }
        if let Some(hashes) = self.code_hashes {
            let hash = launch.code_hash.ok_or(Error::LaunchDataMissing)?;
            if !hashes.contains(&hash) {
                return Err(Error::CodeHashRefused);
            }
        }
        Ok(())
    }

    /// Each requirement looks at its own entry. The extension is not read unless there is one, because Apple changes it.
    pub(super) fn check_device(&self, leaf: Extensions<'_>) -> Result<(), Error> {
        let Self { platforms, least_version, least_builds, macos_access_control, .. } = self;
        if platforms.is_none() && least_version.is_none() && least_builds.is_none() && macos_access_control.is_none() {
            return Ok(());
        }
        let device = DeviceInfo::read(leaf);
        if let Some(platforms) = platforms {
            let platform = device.platform.ok_or(Error::PlatformMissing)?;
            if !platforms.contains(&platform) {
                return Err(Error::PlatformRefused);
            }
        }
        if let Some(least) = least_version
            && device.version().ok_or(Error::OsVersionMissing)? < *least
        {
            return Err(Error::OsVersionTooOld);
        }
        if let Some(builds) = least_builds {
            let platform = device.platform.ok_or(Error::PlatformMissing)?;
            let (_, least) = builds.iter().find(|(listed, _)| *listed == platform).ok_or(Error::PlatformRefused)?;
            if device.build().ok_or(Error::OsBuildMissing)? < *least {
                return Err(Error::OsBuildTooOld);
            }
        }
        if let Some(required) = macos_access_control {
            match device.platform {
                Some(Platform::MacOsX) => {
                    let list = device::access_control(leaf).ok_or(Error::AccessControlMissing)?;
                    if list != *required {
                        return Err(Error::AccessControlRefused);
                    }
                }
                Some(Platform::IPhoneOs) => {}
                // A Mac under another name would need none.
                Some(Platform::Other(_)) => return Err(Error::PlatformRefused),
                None if device.version().is_some_and(|version| version < FIRST_WITH_PLATFORM) => {}
                None => return Err(Error::PlatformMissing),
            }
        }
        Ok(())
    }
}
