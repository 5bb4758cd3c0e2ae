//! Which apps are served, and what each of them has to show.

use genuine::{
    Error,
    app_attest::{AppIdHash, Policy, ValidationCategory},
    crypto::RustCrypto,
    x509::TrustAnchor,
};

use crate::config::{self, Environment, Mode};

/// One application: its App IDs are accepted alike, under one policy.
#[derive(Debug)]
pub struct Application {
    /// The name that clients say and that is stored with each key.
    pub name: String,
    /// What an app is told that reports that App Attest is unavailable.
    pub mode: Mode,
    /// How long to wait for each operation of the store.
    pub timeout: std::time::Duration,
    /// The engine's policy.
    pub policy: Policy<'static>,
    /// Whom the certificates have to come from.
    pub anchors: &'static [TrustAnchor<'static>],
}

impl Application {
    /// What the configuration says of one application, in the engine's terms. Its certificates come from `anchors`.
    ///
    /// The lists live as long as the process, as the configuration does: they are leaked, once each.
    ///
    /// # Errors
    ///
    /// If the engine cannot hash an App ID, which does not happen with its own backend.
    pub fn new(settings: &config::Application, anchors: &'static [TrustAnchor<'static>]) -> Result<Self, Error> {
        let ids = settings.app_ids.iter().map(|id| AppIdHash::of(id, &RustCrypto));
        let mut policy = Policy::new(ids.collect::<Result<Vec<_>, _>>()?.leak());
        if settings.environment == Environment::Development {
            policy = policy.only_development();
        }
        if let Some(categories) = &settings.categories {
            let categories = categories.iter().copied().map(ValidationCategory).collect::<Vec<_>>();
            policy = policy.require_categories(categories.leak());
        }
        if let Some(versions) = &settings.bundle_versions {
            let versions: Vec<&str> = versions.iter().map(|version| &*version.clone().leak()).collect();
            policy = policy.require_bundle_versions(versions.leak());
        }
        Ok(Self { name: settings.name.clone(), mode: settings.mode, timeout: settings.timeout(), policy, anchors })
    }
}
