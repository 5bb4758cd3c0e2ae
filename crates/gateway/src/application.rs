//! Which apps are served, and what each of them has to show.

use genuine::{
    Error,
    app_attest::{
        self, AppIdHash, AssertionVerifier, AttestationVerifier, Environments, MACOS_ACCESS_CONTROL, OsBuild,
        Platform as ApplePlatform, Policy, ValidationCategory,
    },
    crypto::GenuineCrypto,
    key_attestation::{self, KeyAttestationVerifier, WithRsa},
    play_integrity::{self, ClassicVerifier, DecodedVerifier, DeviceLabel, KeyPair, Licensing},
    session::mode::{ClientVersion, Cohort, Mode, Rollout},
    x509::{IssuerKey, TrustAnchor},
};

use crate::{
    config::{self, Checked, Environment, Level},
    engine::{Engine, PhoneIssuers, SharedIssuer},
    metrics::Metered,
    platform::Platform,
    refusal::Refusal,
    store::Contract,
};

/// Whose word counts on the devices of applications that are no rehearsals. Each list lives as long as the process.
#[derive(Clone, Copy, Debug)]
pub struct Roots {
    /// On Apple's: the roots of App Attest.
    pub app_attest: &'static [TrustAnchor<'static>],
    /// On Android's: the roots of key attestation.
    pub key_attestation: &'static [TrustAnchor<'static, IssuerKey<'static>>],
}

impl Roots {
    /// Apple's, and Google's.
    pub const REAL: Self =
        Self { app_attest: &[app_attest::APPLE_APP_ATTEST_ROOT], key_attestation: &key_attestation::GOOGLE_ROOTS };
}

/// One application, on the platforms that it is there for.
#[derive(Debug)]
pub struct Application {
    /// The name that clients say and that is stored with each key.
    pub name: String,
    /// How long to wait for each operation of the store.
    pub timeout: std::time::Duration,
    /// In which order counters are accepted.
    pub contract: Contract,
    /// Apple App Attest, if it is there for Apple's systems.
    pub app_attest: Option<AppAttest>,
    /// Google Play Integrity, if it is there for Android.
    pub play_integrity: Option<PlayIntegrity>,
    /// Android key attestation, if it is there for phones that attest keys themselves.
    pub key_attestation: Option<KeyAttestation>,
    /// The app as a client of OAuth servers, if it is one.
    pub oauth_client: Option<config::OauthClient>,
    /// The certificate of its own root, in DER, if it is a rehearsal with devices of Apple's.
    pub rehearsal_root: Option<&'static [u8]>,
    /// When it is over, in seconds since 1970, if it is a rehearsal.
    pub rehearsal_end: Option<u64>,
    /// What all of this was made of, as the configuration says it.
    pub settings: config::Application,
    /// Where its certificates come from.
    pub anchors: &'static [TrustAnchor<'static>],
    /// What outlives a request, of all applications.
    pub engine: &'static Engine,
}

/// An application on Apple's systems: its App IDs are accepted alike, under one policy.
#[derive(Debug)]
pub struct AppAttest {
    /// How much an attestation counts.
    pub terms: Terms,
    /// The engine on attestations.
    pub attestations: AttestationVerifier<'static, Metered, &'static SharedIssuer>,
    /// The engine on assertions.
    pub assertions: AssertionVerifier<'static, Metered>,
    /// The same, without what an app has to show beside its key: whether a refused assertion is at least the device's own.
    pub authorship: AssertionVerifier<'static, Metered>,
}

/// An application on Android.
#[derive(Debug)]
pub struct PlayIntegrity {
    /// How much an attestation counts.
    pub terms: Terms,
    /// For how long one attestation counts, in seconds.
    pub lifetime: u64,
    /// Whose apps it takes.
    pub environment: Environment,
    /// The package.
    pub package_name: &'static str,
    /// The engine on classic tokens, if there are keys to open them.
    pub classic: Option<ClassicVerifier<'static, GenuineCrypto>>,
    /// The engine on Google's answers, if standard tokens are accepted.
    pub standard: Option<DecodedVerifier<'static, GenuineCrypto>>,
}

/// An application on Android whose keys the phones' secure hardware attests.
#[derive(Debug)]
pub struct KeyAttestation {
    /// How much an attestation counts.
    pub terms: Terms,
    /// Whether certificates that Google has suspended are accepted.
    pub accepts_suspended: bool,
    /// What its requests have in the place of an App ID's hash.
    pub app_id: AppIdHash,
    /// Whose keys it takes: in a rehearsal those of development alone.
    pub environment: app_attest::Environment,
    /// The engine on attestations.
    pub attestations: KeyAttestationVerifier<'static, Metered, WithRsa, &'static PhoneIssuers>,
    /// The engine on assertions: requests of a key of either platform have one form.
    pub assertions: AssertionVerifier<'static, Metered>,
}

/// How much an attestation counts, and whom.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The mode of devices that the roll-out has reached.
    pub mode: Mode,
    /// How many of them `REQUIRED` has reached; the others are `OPTIONAL`.
    pub rollout: Rollout,
    /// The least version of the client, if there is one.
    pub least_client: Option<ClientVersion>,
}

impl Terms {
    /// The mode for whoever has this identifier: always the same while the share rises.
    #[must_use]
    pub fn mode_of(&self, label: &str, identifier: &[u8]) -> Mode {
        in_force(self.mode, self.rollout, label, identifier)
    }
}

/// A mode, or `OPTIONAL` in the place of `REQUIRED` for whom a roll-out has not reached. A backend that cannot hash is one that
/// cannot place anybody: then it is `REQUIRED`.
#[must_use]
pub fn in_force(mode: Mode, rollout: Rollout, label: &str, identifier: &[u8]) -> Mode {
    match mode {
        Mode::Required if rollout == Rollout::ALL => mode,
        Mode::Required => match Cohort::of(label.as_bytes(), identifier, &GenuineCrypto) {
            Ok(cohort) if !rollout.includes(cohort) => Mode::Optional,
            _ => mode,
        },
        other => other,
    }
}

impl Application {
    /// What the configuration says of one application, in the engine's terms. Its certificates come from `roots`, or, if it is a
    /// rehearsal, from its own roots and from nobody else's.
    ///
    /// Lists and verifiers live as long as the process, as the configuration does: they are leaked, once each.
    ///
    /// # Errors
    ///
    /// What the engine finds wrong with the configuration, such as an App ID that is listed twice.
    pub fn new(settings: &config::Application, roots: Roots, engine: &'static Engine) -> Result<Self, Error> {
        let rehearsal_root = match &settings.rehearsal {
            Some(rehearsal) => rehearsal.certificate().map_err(|_| Error::ConfigInvalidAnchor)?,
            None => None,
        };
        let rehearsal_root: Option<&'static [u8]> = rehearsal_root.map(|certificate| &*certificate.leak());
        let anchors = match (&settings.rehearsal, rehearsal_root) {
            (None, _) => roots.app_attest,
            (Some(_), None) => &[],
            (Some(_), Some(root)) => vec![TrustAnchor::from_trusted_certificate(root)?].leak(),
        };
        let app_attest = (!settings.app_ids.is_empty()).then(|| AppAttest::new(settings, anchors, engine));
        let is_rehearsal = settings.rehearsal.is_some();
        let play_integrity = settings.play.as_ref().map(|play| PlayIntegrity::new(play, is_rehearsal));
        let key_attestation =
            settings.key_attestation.as_ref().map(|keys| KeyAttestation::new(keys, settings, roots, engine));
        Ok(Self {
            name: settings.name.clone(),
            timeout: settings.timeout(),
            contract: settings.counter,
            app_attest: app_attest.transpose()?,
            play_integrity: play_integrity.transpose()?,
            key_attestation: key_attestation.transpose()?,
            rehearsal_root,
            rehearsal_end: settings.rehearsal.as_ref().map(config::Rehearsal::end),
            oauth_client: settings.oauth_client.clone(),
            settings: settings.clone(),
            anchors,
            engine,
        })
    }

    /// This application, unless it is a rehearsal that is over.
    ///
    /// # Errors
    ///
    /// [`Refusal::RehearsalOver`].
    pub fn in_force(&self, now: u64) -> Result<&Self, Refusal> {
        match self.rehearsal_end {
            Some(end) if end <= now => Err(Refusal::RehearsalOver),
            _ => Ok(self),
        }
    }

    /// How long something may live that is given out now: as long as it would, and no longer than a rehearsal takes. Whoever verifies
    /// it elsewhere does not learn that the rehearsal is over.
    #[must_use]
    pub fn lifetime(&self, longest: u32, now: u64) -> u32 {
        let left = self.rehearsal_end.map(|end| end.saturating_sub(now));
        left.and_then(|left| u32::try_from(left).ok()).map_or(longest, |left| left.min(longest))
    }

    /// How much an attestation of a platform counts; `None` if the application is not there for it.
    #[must_use]
    pub fn terms(&self, platform: Platform) -> Option<&Terms> {
        match platform {
            Platform::AppAttest => self.app_attest.as_ref().map(|app| &app.terms),
            Platform::PlayIntegrity => self.play_integrity.as_ref().map(|app| &app.terms),
            Platform::KeyAttestation => self.key_attestation.as_ref().map(|app| &app.terms),
        }
    }

    /// What verifies the assertions of a platform's keys; `None` if the application is not there for it, or its keys sign none. With it
    /// comes what does so without what an app has to show beside its key: whether a refused assertion is at least the device's own.
    #[must_use]
    pub fn assertions(&self, platform: Platform) -> Option<[&AssertionVerifier<'static, Metered>; 2]> {
        match platform {
            Platform::AppAttest => self.app_attest.as_ref().map(|app| [&app.assertions, &app.authorship]),
            Platform::KeyAttestation => self.key_attestation.as_ref().map(|app| [&app.assertions, &app.assertions]),
            Platform::PlayIntegrity => None,
        }
    }
}

impl AppAttest {
    fn new(
        settings: &config::Application,
        anchors: &'static [TrustAnchor<'static>],
        engine: &'static Engine,
    ) -> Result<Self, Error> {
        let policies = |policy: &dyn Fn(AppIdHash) -> Policy<'static>| {
            let ids = settings.app_ids.iter().map(|id| AppIdHash::of(id, &GenuineCrypto));
            let policies = ids.map(|id| Ok(policy(id?))).collect::<Result<Vec<_>, Error>>()?;
            Ok::<&'static [Policy<'static>], Error>(policies.leak())
        };
        let all = policies(&|id| policy(settings, id))?;
        let key = policies(&|id| key_policy(settings, id))?;
        // Simulated devices do not make the gateway forget Apple's issuer.
        let issuer = match settings.rehearsal {
            Some(_) => Box::leak(Box::default()),
            None => &engine.issuer,
        };
        Ok(Self {
            terms: Terms {
                mode: settings.mode,
                rollout: settings.rollout_percent.rollout(),
                least_client: settings.client_version_at_least.as_ref().map(|least| least.value),
            },
            attestations: AttestationVerifier::new(all, anchors, &engine.crypto)?.with_issuer_cache(issuer),
            assertions: AssertionVerifier::new(all, &engine.crypto)?,
            authorship: AssertionVerifier::new(key, &engine.crypto)?,
        })
    }
}

impl PlayIntegrity {
    fn new(settings: &config::Play, is_rehearsal: bool) -> Result<Self, Error> {
        let certificates = settings.certificates.iter().filter_map(|digest| digest.0.as_slice().try_into().ok());
        let certificates: &'static [[u8; 32]] = certificates.collect::<Vec<_>>().leak();
        let package_name: &'static str = settings.package_name.clone().leak();
        let labels = settings.device_labels.iter().filter_map(|label| device_label(label));
        let mut policy =
            play_integrity::Policy::new(package_name, certificates).accept_devices(labels.collect::<Vec<_>>().leak());
        if !settings.licensed {
            policy = policy.accept_licensing(&[Licensing::Licensed, Licensing::Unlicensed, Licensing::Unevaluated]);
        }
        if let Some(least) = settings.version_at_least {
            policy = policy.require_version(least);
        }
        // A rehearsal is one of the terms under which real apps come.
        if settings.environment == Environment::Development && !is_rehearsal {
            policy = policy.accept_unrecognized_versions().accept_test_responses();
        }
        let policy: &'static play_integrity::Policy<'static> = Box::leak(Box::new(policy));
        let keys = settings.keys.iter().map(config::PlayKeys::pair).collect::<Result<Vec<_>, _>>();
        let keys: &'static [KeyPair] = keys.map_err(|_| Error::PlayConfigNoKeys)?.leak();
        let classic = (!keys.is_empty()).then(|| ClassicVerifier::new(policy, keys, &GenuineCrypto)).transpose()?;
        let standard = settings.standard.then(|| DecodedVerifier::new(policy, &GenuineCrypto)).transpose()?;
        Ok(Self {
            terms: Terms {
                mode: settings.mode,
                rollout: settings.rollout_percent.rollout(),
                least_client: settings.client_version_at_least.as_ref().map(|least| least.value),
            },
            lifetime: settings.attestation_lifetime_seconds.into(),
            environment: settings.environment,
            package_name,
            classic,
            standard,
        })
    }
}

impl KeyAttestation {
    fn new(
        settings: &config::KeyAttestation,
        application: &config::Application,
        roots: Roots,
        engine: &'static Engine,
    ) -> Result<Self, Error> {
        let package_name: &'static str = settings.package_name.clone().leak();
        let digests = |list: &[config::Hex]| {
            let digests = list.iter().filter_map(|digest| <[u8; 32]>::try_from(digest.0.as_slice()).ok());
            &*digests.collect::<Vec<_>>().leak()
        };
        // An app is signed by one of them: by the one of now, or by that of another store.
        let mut signers = digests(&settings.certificates).chunks(1);
        let first = signers.next().unwrap_or_default();
        let mut policy = key_attestation::Policy::new(package_name, first)
            .accept_other_signers(signers.collect::<Vec<_>>().leak())
            .accept_boot_keys(digests(&settings.boot_keys));
        if settings.security_level == Level::StrongBox {
            policy = policy.require_strong_box();
        }
        if settings.remote_provisioning {
            policy = policy.require_remote_provisioning();
        }
        if settings.shared_user_id {
            policy = policy.accept_shared_user_id();
        }
        if settings.suspended {
            policy = policy.accept_suspended();
        }
        if settings.known_tags_alone {
            policy = policy.refuse_unknown_tags();
        }
        if let Some(least) = settings.os_version_at_least {
            policy = policy.require_os_version(least);
        }
        if let Some(least) = settings.os_patch_level_at_least {
            policy = policy.require_os_patch_level(least);
        }
        if let Some(least) = settings.vendor_patch_level_at_least {
            policy = policy.require_vendor_patch_level(least);
        }
        if let Some(least) = settings.boot_patch_level_at_least {
            policy = policy.require_boot_patch_level(least);
        }
        let (anchors, issuers, environment) = match &application.rehearsal {
            None => (roots.key_attestation, &engine.phone_issuers, app_attest::Environment::Production),
            // Simulated phones do not make the gateway forget Google's issuers.
            Some(rehearsal) => {
                let root = rehearsal.key_attestation_certificate().map_err(|_| Error::ConfigInvalidAnchor)?;
                let root: &'static [u8] = root.ok_or(Error::ConfigNoAnchor)?.leak();
                let anchors: &'static [_] = vec![TrustAnchor::from_trusted_issuer(root)?].leak();
                (anchors, &*Box::leak(Box::default()), app_attest::Environment::Development)
            }
        };
        let app_id = key_attestation::app_id_hash(package_name, &GenuineCrypto)?;
        let mut requests = Policy::new(app_id);
        if environment == app_attest::Environment::Development {
            requests = requests.with_environments(Environments::Development);
        }
        if let Some(step) = application.counter_step {
            requests = requests.limit_counter_step(step);
        }
        let attestations = KeyAttestationVerifier::new(vec![policy].leak(), anchors, &engine.crypto)?;
        Ok(Self {
            terms: Terms {
                mode: settings.mode,
                rollout: settings.rollout_percent.rollout(),
                least_client: settings.client_version_at_least.as_ref().map(|least| least.value),
            },
            accepts_suspended: settings.suspended,
            app_id,
            environment,
            attestations: attestations.with_issuer_cache(issuers),
            assertions: AssertionVerifier::new(vec![requests].leak(), &engine.crypto)?,
        })
    }
}

/// A label that Google documents, in the engine's terms.
fn device_label(label: &str) -> Option<DeviceLabel<'static>> {
    [
        DeviceLabel::MeetsBasicIntegrity,
        DeviceLabel::MeetsDeviceIntegrity,
        DeviceLabel::MeetsStrongIntegrity,
        DeviceLabel::MeetsVirtualIntegrity,
    ]
    .into_iter()
    .find(|known| known.to_string() == label)
}

/// What an application's keys have to be, whatever the app on the device shows.
fn key_policy(settings: &config::Application, app_id: AppIdHash) -> Policy<'static> {
    let policy = Policy::new(app_id);
    match settings.environment {
        Environment::Production => policy,
        Environment::Development => policy.with_environments(Environments::Development),
    }
}

/// What one of an application's apps has to show.
fn policy(settings: &config::Application, app_id: AppIdHash) -> Policy<'static> {
    let mut policy = key_policy(settings, app_id);
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
        let platforms = leak_all(platforms).iter().map(|name| ApplePlatform::named(name)).collect::<Vec<_>>();
        policy = policy.require_platforms(platforms.leak());
    }
    if let Some(Checked { value, .. }) = &settings.os_version_at_least {
        policy = policy.require_os_version(*value);
    }
    if let Some(builds) = &settings.os_build_at_least {
        let builds = builds.iter().map(|(name, build)| (ApplePlatform::named(name.clone().leak()), build.value));
        policy = policy.require_os_builds(builds.collect::<Vec<(ApplePlatform<'_>, OsBuild)>>().leak());
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
