//! From what a vector requires to the engine's policy. Whatever verifies a vector comes through here.

use genuine::Error;
use genuine::app_attest::{
    AppIdHash, Environment, Environments, OsBuild, OsVersion, Platform, Policy, ValidationCategory,
};
use heapless::Vec;

use crate::packed::{MAX_REQUIRED, PackedVector, Requirements};

/// What a policy requires beside the app and its environments, in the engine's types. An empty list is no requirement.
#[derive(Clone, Copy, Debug, Default)]
pub struct Required<'p> {
    /// The validation categories to accept.
    pub categories: &'p [ValidationCategory],
    /// The bundle versions to accept.
    pub bundle_versions: &'p [&'p str],
    /// The signed code hashes to accept.
    pub code_hashes: &'p [&'p [u8]],
    /// The platforms to accept.
    pub platforms: &'p [Platform<'p>],
    /// The least version of the operating system.
    pub os_version: Option<OsVersion>,
    /// The least build of each platform to accept.
    pub os_builds: &'p [(Platform<'p>, OsBuild)],
    /// The access-control list of keys on Macs.
    pub macos_access_control: Option<&'p [u8]>,
    /// The greatest age of an attestation, in seconds.
    pub attestation_age: Option<u64>,
    /// The greatest step of a counter.
    pub counter_step: Option<u32>,
}

impl<'p> Required<'p> {
    /// The policy for this app. `None`: keys of either environment.
    pub fn policy(&self, app_id: AppIdHash, environment: Option<Environment>) -> Policy<'p> {
        let mut policy = Policy::new(app_id).with_environments(match environment {
            Some(Environment::Production) => Environments::Production,
            Some(Environment::Development) => Environments::Development,
            None => Environments::ProductionAndDevelopment,
        });
        if !self.categories.is_empty() {
            policy = policy.require_categories(self.categories);
        }
        if !self.bundle_versions.is_empty() {
            policy = policy.require_bundle_versions(self.bundle_versions);
        }
        if !self.code_hashes.is_empty() {
            policy = policy.require_code_hashes(self.code_hashes);
        }
        if !self.platforms.is_empty() {
            policy = policy.require_platforms(self.platforms);
        }
        if let Some(least) = self.os_version {
            policy = policy.require_os_version(least);
        }
        if !self.os_builds.is_empty() {
            policy = policy.require_os_builds(self.os_builds);
        }
        if let Some(list) = self.macos_access_control {
            policy = policy.require_macos_access_control(list);
        }
        if let Some(seconds) = self.attestation_age {
            policy = policy.limit_attestation_age(seconds);
        }
        if let Some(greatest) = self.counter_step {
            policy = policy.limit_counter_step(greatest);
        }
        policy
    }
}

/// What a vector requires, with room for its lists.
#[derive(Clone, Debug, Default)]
pub struct Terms<'v> {
    /// The validation categories to accept; empty: none required, as below.
    pub categories: Vec<ValidationCategory, MAX_REQUIRED>,
    /// The bundle versions to accept.
    pub bundle_versions: Vec<&'v str, MAX_REQUIRED>,
    /// The signed code hashes to accept.
    pub code_hashes: Vec<&'v [u8], MAX_REQUIRED>,
    /// The platforms to accept.
    pub platforms: Vec<Platform<'v>, MAX_REQUIRED>,
    /// The least version of the operating system.
    pub os_version: Option<OsVersion>,
    /// The least build of each platform to accept.
    pub os_builds: Vec<(Platform<'v>, OsBuild), MAX_REQUIRED>,
    /// The access-control list of keys on Macs.
    pub macos_access_control: Option<&'v [u8]>,
    /// The greatest age of an attestation, in seconds.
    pub attestation_age: Option<u64>,
    /// The greatest step of a counter.
    pub counter_step: Option<u32>,
}

impl<'v> Terms<'v> {
    /// The policy for this app. `None`: keys of either environment.
    pub fn policy(&self, app_id: AppIdHash, environment: Option<Environment>) -> Policy<'_> {
        let required = Required {
            categories: &self.categories,
            bundle_versions: &self.bundle_versions,
            code_hashes: &self.code_hashes,
            platforms: &self.platforms,
            os_version: self.os_version,
            os_builds: &self.os_builds,
            macos_access_control: self.macos_access_control,
            attestation_age: self.attestation_age,
            counter_step: self.counter_step,
        };
        required.policy(app_id, environment)
    }

    /// Reads versions and builds.
    ///
    /// # Errors
    ///
    /// If one is none: that of the object without it.
    pub(crate) fn read(
        categories: &[u32],
        bundle_versions: Vec<&'v str, MAX_REQUIRED>,
        requirements: Requirements<'v>,
    ) -> Result<Self, Error> {
        let read_version = |least| OsVersion::parse(least).ok_or(Error::OsVersionMissing);
        let mut os_builds = Vec::new();
        for (platform, least) in &requirements.os_builds {
            let least = OsBuild::parse(least).ok_or(Error::OsBuildMissing)?;
            os_builds.push((Platform::named(platform), least)).map_err(|_| Error::OsBuildMissing)?;
        }
        Ok(Self {
            categories: categories.iter().copied().map(ValidationCategory).collect(),
            bundle_versions,
            platforms: requirements.platforms.iter().copied().map(Platform::named).collect(),
            os_version: requirements.os_version.map(read_version).transpose()?,
            os_builds,
            code_hashes: requirements.code_hashes,
            macos_access_control: requirements.macos_access_control,
            attestation_age: requirements.attestation_age,
            counter_step: requirements.counter_step,
        })
    }
}

impl<'t> PackedVector<'t> {
    /// What the vector requires.
    ///
    /// # Errors
    ///
    /// If a version or a build is none.
    pub fn terms(&self) -> Result<Terms<'t>, Error> {
        Terms::read(&self.categories, self.bundle_versions.clone(), self.requirements.clone())
    }

    /// The one environment whose keys the policy accepts.
    #[must_use]
    pub const fn environment(&self) -> Environment {
        if self.development { Environment::Development } else { Environment::Production }
    }
}
