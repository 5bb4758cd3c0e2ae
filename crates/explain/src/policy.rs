//! The policy that the caller's side asks for, with what it borrows.

use std::fmt;

use genuine::app_attest::{
    AppIdHash, Environment, Environments, OsBuild, OsVersion, Platform, Policy, ValidationCategory,
};

/// What a policy requires beside the app; nothing by default. An empty list is no requirement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// The environments to allow. `None` is not told: both are allowed, and nothing was asked.
    pub environment: Option<Environments>,
    /// The validation categories to allow.
    pub categories: Vec<ValidationCategory>,
    /// The bundle versions to allow.
    pub bundle_versions: Vec<String>,
    /// The signed code hashes to allow.
    pub code_hashes: Vec<Vec<u8>>,
    /// The platforms to allow, as leaves name them.
    pub platforms: Vec<String>,
    /// The least version of the operating system.
    pub os_version: Option<OsVersion>,
    /// The least build of the operating system, for each platform to allow.
    pub os_builds: Vec<LeastBuild>,
    /// The access-control list of keys on Macs.
    pub macos_access_control: Option<Vec<u8>>,
    /// The greatest age of an attestation, in seconds since the leaf's notBefore.
    pub attestation_age: Option<u64>,
    /// The greatest step of a counter.
    pub counter_step: Option<u32>,
}

/// This environment alone.
pub(crate) const fn only(environment: Environment) -> Environments {
    match environment {
        Environment::Production => Environments::Production,
        Environment::Development => Environments::Development,
    }
}

/// The least build of one platform, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeastBuild {
    platform: String,
    text: String,
    build: OsBuild,
}

impl LeastBuild {
    /// Reads a build such as `24A435`; `None` for what is not one.
    #[must_use]
    pub fn parse(platform: &str, build: &str) -> Option<Self> {
        let (platform, text) = (platform.to_owned(), build.to_owned());
        OsBuild::parse(build).map(|build| Self { platform, text, build })
    }
}

impl LeastBuild {
    pub(crate) fn platform(&self) -> &str {
        &self.platform
    }
}

impl fmt::Display for LeastBuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "on {} at least {}", self.platform, self.text)
    }
}

/// Requirements in the form that a policy borrows.
pub(crate) struct Rules<'c> {
    required: &'c Requirements,
    app: AppIdHash,
    bundle_versions: Vec<&'c str>,
    code_hashes: Vec<&'c [u8]>,
    platforms: Vec<Platform<'c>>,
    os_builds: Vec<(Platform<'c>, OsBuild)>,
}

impl<'c> Rules<'c> {
    pub(crate) fn new(required: &'c Requirements, app: AppIdHash) -> Self {
        Self {
            required,
            app,
            bundle_versions: required.bundle_versions.iter().map(String::as_str).collect(),
            code_hashes: required.code_hashes.iter().map(Vec::as_slice).collect(),
            platforms: required.platforms.iter().map(|name| Platform::named(name)).collect(),
            os_builds: required.os_builds.iter().map(|least| (Platform::named(&least.platform), least.build)).collect(),
        }
    }

    pub(crate) fn policy(&self) -> Policy<'_> {
        let required = self.required;
        let environments = required.environment.unwrap_or(Environments::ProductionAndDevelopment);
        let mut policy = Policy::new(self.app).with_environments(environments);
        if !required.categories.is_empty() {
            policy = policy.require_categories(&required.categories);
        }
        if !self.bundle_versions.is_empty() {
            policy = policy.require_bundle_versions(&self.bundle_versions);
        }
        if !self.code_hashes.is_empty() {
            policy = policy.require_code_hashes(&self.code_hashes);
        }
        if !self.platforms.is_empty() {
            policy = policy.require_platforms(&self.platforms);
        }
        if let Some(least) = required.os_version {
            policy = policy.require_os_version(least);
        }
        if !self.os_builds.is_empty() {
            policy = policy.require_os_builds(&self.os_builds);
        }
        if let Some(list) = &required.macos_access_control {
            policy = policy.require_macos_access_control(list);
        }
        if let Some(seconds) = required.attestation_age {
            policy = policy.limit_attestation_age(seconds);
        }
        if let Some(greatest) = required.counter_step {
            policy = policy.limit_counter_step(greatest);
        }
        policy
    }
}
