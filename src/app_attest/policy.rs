//! What the caller accepts: fixed at start-up, never taken from a request.

use super::{
    app::{AppIdHash, Environment},
    launch::{LaunchData, ValidationCategory},
};
use crate::error::Error;

/// What a verifier accepts.
///
/// [`new`](Self::new) is the strictest in what it trusts: production only, within validity. Requirements on the launch
/// data of iOS 27 are added, because older systems send none.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Policy<'a> {
    apps: &'a [AppIdHash],
    production: bool,
    development: bool,
    categories: Option<&'a [ValidationCategory]>,
    bundle_versions: Option<&'a [&'a str]>,
    ignore_validity_period: bool,
}

impl<'a> Policy<'a> {
    /// Accepts these apps, from production. An empty list is refused by the verifiers ([`Error::ConfigNoAppId`]).
    pub const fn new(apps: &'a [AppIdHash]) -> Self {
        Self {
            apps,
            production: true,
            development: false,
            categories: None,
            bundle_versions: None,
            ignore_validity_period: false,
        }
    }

    /// Accepts development keys beside production keys.
    pub const fn allow_development(self) -> Self {
        Self { production: true, development: true, ..self }
    }

    /// Accepts development keys and no others.
    pub const fn only_development(self) -> Self {
        Self { production: false, development: true, ..self }
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

    /// Accepts certificates at any time, the time zero included.
    ///
    /// For a device that has no clock and takes the risk: a leaf is meant to live for days, and whoever obtains its
    /// attestation later can present it for ever, if the challenge was not fresh. Names, roles and signatures of the
    /// chain are checked as ever.
    pub const fn danger_ignore_validity_period(self) -> Self {
        Self { ignore_validity_period: true, ..self }
    }

    pub(super) const fn ignores_validity_period(&self) -> bool {
        self.ignore_validity_period
    }

    pub(super) const fn check(&self) -> Result<(), Error> {
        if self.apps.is_empty() { Err(Error::ConfigNoAppId) } else { Ok(()) }
    }

    /// The position in the list of the app with this hash (steps A6 and B4).
    pub(super) fn app_index(&self, hash: &[u8; 32]) -> Result<usize, Error> {
        self.apps.iter().position(|app| app.0 == *hash).ok_or(Error::RpIdMismatch)
    }

    pub(super) const fn check_environment(&self, environment: Environment) -> Result<(), Error> {
        let allowed = match environment {
            Environment::Production => self.production,
            Environment::Development => self.development,
        };
        if allowed { Ok(()) } else { Err(Error::EnvironmentMismatch) }
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
        Ok(())
    }
}
