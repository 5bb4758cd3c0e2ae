//! Which apps are served, and what each of them has to show.

use genuine::{
    Error,
    app_attest::{
        self, AppIdHash, AssertionVerifier, AttestationVerifier, Environments, MACOS_ACCESS_CONTROL, OsBuild, Platform,
        Policy, ValidationCategory,
    },
    crypto::GenuineCrypto,
    x509::TrustAnchor,
};

use crate::{
    config::{self, Checked, Environment, Mode},
    engine::{Engine, SharedIssuer},
    metrics::Metered,
    store::Contract,
};

/// One application: its App IDs are accepted alike, under one policy.
#[derive(Debug)]
pub struct Application {
    /// The name that clients say and that is stored with each key.
    pub name: String,
    /// What an app is told that reports that App Attest is unavailable.
    pub mode: Mode,
    /// How long to wait for each operation of the store.
    pub timeout: std::time::Duration,
    /// In which order counters are accepted.
    pub contract: Contract,
    /// The engine on attestations.
    pub attestations: AttestationVerifier<'static, Metered, &'static SharedIssuer>,
    /// The engine on assertions.
    pub assertions: AssertionVerifier<'static, Metered>,
    /// What outlives a request, of all applications.
    pub engine: &'static Engine,
}

impl Application {
    /// What the configuration says of one application, in the engine's terms. Its certificates come from `anchors`.
    ///
    /// Lists and verifiers live as long as the process, as the configuration does: they are leaked, once each.
    ///
    /// # Errors
    ///
    /// What the engine finds wrong with the configuration, such as an App ID that is listed twice.
    pub fn new(
        settings: &config::Application,
        anchors: &'static [TrustAnchor<'static>],
        engine: &'static Engine,
    ) -> Result<Self, Error> {
        let ids = settings.app_ids.iter().map(|id| AppIdHash::of(id, &GenuineCrypto));
        let policies = ids.map(|id| Ok(policy(settings, id?))).collect::<Result<Vec<_>, Error>>()?.leak();
        Ok(Self {
            name: settings.name.clone(),
            mode: settings.mode,
            timeout: settings.timeout(),
            contract: settings.counter,
            attestations: AttestationVerifier::new(policies, anchors, &engine.crypto)?
                .with_issuer_cache(&engine.issuer),
            assertions: AssertionVerifier::new(policies, &engine.crypto)?,
            engine,
        })
    }
}

/// What one of an application's apps has to show.
fn policy(settings: &config::Application, app_id: AppIdHash) -> Policy<'static> {
    let mut policy = Policy::new(app_id);
    if settings.environment == Environment::Development {
        policy = policy.with_environments(Environments::Development);
    }
    if let Some(categories) = &settings.categories {
        let categories = categories.iter().copied().map(ValidationCategory).collect::<Vec<_>>();
        policy = policy.require_categories(categories.leak());
    }
    if let Some(versions) = &settings.bundle_versions {
        policy = policy.require_bundle_versions(leak_all(versions));
    }
    if let Some(hashes) = &settings.code_hashes {
        let hashes = hashes.iter().map(|hash| &*hash.0.clone().leak()).collect::<Vec<&[u8]>>();
        policy = policy.require_code_hashes(hashes.leak());
    }
    if let Some(platforms) = &settings.platforms {
        let platforms = leak_all(platforms).iter().map(|name| Platform::named(name)).collect::<Vec<_>>();
        policy = policy.require_platforms(platforms.leak());
    }
    if let Some(Checked { value, .. }) = &settings.os_version_at_least {
        policy = policy.require_os_version(*value);
    }
    if let Some(builds) = &settings.os_build_at_least {
        let builds = builds.iter().map(|(name, build)| (Platform::named(name.clone().leak()), build.value));
        policy = policy.require_os_builds(builds.collect::<Vec<(Platform<'_>, OsBuild)>>().leak());
    }
    if settings.macos_access_control {
        policy = policy.require_macos_access_control(MACOS_ACCESS_CONTROL);
    }
    if let Some(seconds) = settings.attestation_age_seconds {
        policy = policy.limit_attestation_age(seconds);
    }
    if let Some(step) = settings.counter_step {
        policy = policy.limit_counter_step(step);
    }
    policy
}

/// Texts that live as long as the process.
fn leak_all(texts: &[String]) -> &'static [&'static str] {
    texts.iter().map(|text| &*text.clone().leak()).collect::<Vec<_>>().leak()
}

/// An environment's name, as clients and operators read it.
#[must_use]
pub const fn environment_name(environment: app_attest::Environment) -> &'static str {
    match environment {
        app_attest::Environment::Production => "PRODUCTION",
        app_attest::Environment::Development => "DEVELOPMENT",
    }
}
