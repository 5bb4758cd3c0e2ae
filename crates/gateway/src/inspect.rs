//! What the configuration says of an application, in the terms of `genuine-explain`.

use genuine::{
    app_attest::{Environments, MACOS_ACCESS_CONTROL, ValidationCategory},
    play_integrity::Licensing,
};
use genuine_explain::{Anchors, LeastBuild, PlayKeys, PlayRequirements, PlaySide, Requirements, Secret, device_label};

use crate::{
    application::Application,
    config::{self, Environment, Play},
};

/// Whom an application's certificates lead to.
///
/// # Errors
///
/// If a root cannot be read that was read at the start, which does not happen.
pub fn anchors(application: Option<&Application>) -> Result<Anchors, String> {
    if let Some(root) = application.and_then(|application| application.rehearsal_root) {
        let mut anchors = Anchors::default();
        anchors.add_der(root.to_vec())?;
        return Ok(anchors);
    }
    #[cfg(feature = "demo")]
    if application.is_some_and(|application| application.anchors != [genuine::app_attest::APPLE_APP_ATTEST_ROOT]) {
        let mut anchors = Anchors::default();
        anchors.add_pem(genuine_testvectors::ROOT_PEM.as_bytes())?;
        return Ok(anchors);
    }
    // Without the demonstration there is no other root.
    #[cfg(not(feature = "demo"))]
    let _ = application;
    Ok(Anchors::apple())
}

/// What an application's apps have to show.
#[must_use]
pub fn requirements(settings: &config::Application) -> Requirements {
    let builds = settings.os_build_at_least.iter().flatten();
    Requirements {
        environment: Some(match settings.environment {
            Environment::Production => Environments::Production,
            Environment::Development => Environments::Development,
        }),
        categories: settings.categories.iter().flatten().copied().map(ValidationCategory).collect(),
        bundle_versions: settings.bundle_versions.clone().unwrap_or_default(),
        code_hashes: settings.code_hashes.iter().flatten().map(|hash| hash.0.clone()).collect(),
        platforms: settings.platforms.clone().unwrap_or_default(),
        os_version: settings.os_version_at_least.as_ref().map(|least| least.value),
        os_builds: builds
            .filter_map(|(platform, build)| LeastBuild::parse(platform, &String::from(build.clone())))
            .collect(),
        macos_access_control: settings.macos_access_control.then(|| MACOS_ACCESS_CONTROL.to_vec()),
        attestation_age: settings.attestation_age_seconds,
        counter_step: settings.counter_step,
    }
}

/// What its tokens of Play Integrity are opened with, and have to show.
#[must_use]
pub fn play_side(settings: &Play, is_rehearsal: bool) -> PlaySide {
    // A rehearsal is one of the terms under which real apps come.
    let is_open = settings.environment == Environment::Development && !is_rehearsal;
    let licences = vec![Licensing::Licensed, Licensing::Unlicensed, Licensing::Unevaluated];
    let keys = |keys: &config::PlayKeys| PlayKeys {
        decryption: Some(Secret::new(keys.decryption_key.0.clone())),
        verification: Some(keys.verification_key.clone()),
    };
    PlaySide {
        keys: settings.keys.iter().map(keys).collect(),
        package: Some(settings.package_name.clone()),
        certificates: settings.certificates.iter().filter_map(|digest| digest.0.as_slice().try_into().ok()).collect(),
        accept_test_responses: is_open,
        requirements: PlayRequirements {
            accept_devices: Some(settings.device_labels.iter().filter_map(|label| device_label(label)).collect()),
            accept_licensing: (!settings.licensed).then_some(licences),
            accept_unrecognized_versions: is_open,
            require_version: settings.version_at_least,
            ..PlayRequirements::default()
        },
        ..PlaySide::default()
    }
}
