//! What the caller accepts: fixed at start-up, never taken from a request.

use super::{
    binding::Binding,
    label::{
        AccountActivity, AppDetected, AppRecognition, DeviceActivity, DeviceLabel, Licensing, LocationRisk, PlayProtect,
    },
    payload::{AppIntegrity, Labels, Payload},
};
use crate::{UnixMillis, encoding::base64, error::Error};

/// The age that a token may have, unless the policy says otherwise: five minutes, as a challenge has.
const MAX_AGE: u64 = 300_000;

/// How far clocks may differ, unless the policy says otherwise: one minute.
const MAX_SKEW: u64 = 60_000;

/// What a verifier accepts of one app.
///
/// [`new`](Self::new) is the strictest in what nearly every device can meet: an app that Google Play recognizes and the user has
/// from there, on a device with `MEETS_DEVICE_INTEGRITY`, five minutes ago at most. Signals that an operator switches on in the
/// Play Console change nothing until the policy names them: they are reported in the payload.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Policy<'a> {
    package_name: &'a str,
    certificates: &'a [[u8; 32]],
    max_age: u64,
    max_skew: u64,
    test_responses: bool,
    unrecognized_versions: bool,
    least_version: Option<i64>,
    devices: &'a [DeviceLabel<'a>],
    licensing: &'a [Licensing<'a>],
    play_protect: Option<&'a [PlayProtect<'a>]>,
    apps_refused: Option<&'a [AppDetected<'a>]>,
    device_activity: Option<&'a [DeviceActivity<'a>]>,
    least_sdk: Option<i64>,
    location_risks_refused: Option<&'a [LocationRisk<'a>]>,
    account_activity: Option<&'a [AccountActivity<'a>]>,
}

impl<'a> Policy<'a> {
    /// Accepts this package, such as `com.example.shop`, signed by a certificate with one of these SHA-256 digests.
    ///
    /// With signing by Google Play the certificate is the one under *App signing* in the Play Console, not the one that uploads.
    pub const fn new(package_name: &'a str, certificates: &'a [[u8; 32]]) -> Self {
        Self {
            package_name,
            certificates,
            max_age: MAX_AGE,
            max_skew: MAX_SKEW,
            test_responses: false,
            unrecognized_versions: false,
            least_version: None,
            devices: &[DeviceLabel::MeetsDeviceIntegrity],
            licensing: &[Licensing::Licensed],
            play_protect: None,
            apps_refused: None,
            device_activity: None,
            least_sdk: None,
            location_risks_refused: None,
            account_activity: None,
        }
    }

    /// Accepts a token up to this age in milliseconds, in the place of five minutes.
    pub const fn limit_age(self, milliseconds: u64) -> Self {
        Self { max_age: milliseconds, ..self }
    }

    /// Accepts a token that was made up to so many milliseconds later than it is now, in the place of one minute.
    pub const fn limit_skew(self, milliseconds: u64) -> Self {
        Self { max_skew: milliseconds, ..self }
    }

    /// Accepts a device that has one of these labels at least, in the place of `MEETS_DEVICE_INTEGRITY`. An empty list refuses
    /// everything.
    pub const fn accept_devices(self, labels: &'a [DeviceLabel<'a>]) -> Self {
        Self { devices: labels, ..self }
    }

    /// Accepts these licences, in the place of `LICENSED`. An empty list refuses everything.
    pub const fn accept_licensing(self, verdicts: &'a [Licensing<'a>]) -> Self {
        Self { licensing: verdicts, ..self }
    }

    /// Accepts an app that Google Play does not recognize, such as a build under development. Package name and certificate have
    /// to be the policy's all the same; an app that was not evaluated has none, and is refused.
    pub const fn accept_unrecognized_versions(self) -> Self {
        Self { unrecognized_versions: true, ..self }
    }

    /// Accepts test responses, whose verdicts somebody configured in the Play Console. Not for production.
    pub const fn accept_test_responses(self) -> Self {
        Self { test_responses: true, ..self }
    }

    /// Requires at least this version code.
    pub const fn require_version(self, least: i64) -> Self {
        Self { least_version: Some(least), ..self }
    }

    /// Requires at least this API level of Android. Where a device misses the bar, Google sends none, and it is refused.
    pub const fn require_sdk_version(self, least: i64) -> Self {
        Self { least_sdk: Some(least), ..self }
    }

    /// Requires one of these verdicts of Play Protect.
    pub const fn require_play_protect(self, verdicts: &'a [PlayProtect<'a>]) -> Self {
        Self { play_protect: Some(verdicts), ..self }
    }

    /// Refuses a device on which one of these was detected. A payload without a list of them is refused too: Google has not evaluated
    /// it. A kind that Google adds later is none of these, and passes.
    pub const fn refuse_apps_detected(self, kinds: &'a [AppDetected<'a>]) -> Self {
        Self { apps_refused: Some(kinds), ..self }
    }

    /// Refuses a device with one of these risks. A payload without `locationSpoofingRiskVerdict` is refused too. A risk that Google adds
    /// later is none of these, and passes.
    pub const fn refuse_location_risks(self, risks: &'a [LocationRisk<'a>]) -> Self {
        Self { location_risks_refused: Some(risks), ..self }
    }

    /// Requires one of these levels of recent activity.
    pub const fn require_device_activity(self, levels: &'a [DeviceActivity<'a>]) -> Self {
        Self { device_activity: Some(levels), ..self }
    }

    /// Requires one of these levels of the account.
    pub const fn require_account_activity(self, levels: &'a [AccountActivity<'a>]) -> Self {
        Self { account_activity: Some(levels), ..self }
    }

    /// For how long, in milliseconds since it was made, a token may be accepted.
    pub(super) const fn life(&self) -> u64 {
        self.max_age
    }

    /// The package.
    #[must_use]
    pub const fn package_name(&self) -> &'a str {
        self.package_name
    }

    /// The configuration, checked once.
    pub(super) const fn check_configuration(&self) -> Result<(), Error> {
        if self.package_name.is_empty() {
            return Err(Error::PlayConfigPackage);
        }
        if self.certificates.is_empty() { Err(Error::PlayConfigNoCertificate) } else { Ok(()) }
    }

    /// All checks in their order; returns the time of the token.
    pub(super) fn check(
        &self,
        payload: &Payload<'_>,
        binding: Binding<'_>,
        now: UnixMillis,
    ) -> Result<UnixMillis, Error> {
        if now.0 == 0 {
            return Err(Error::ClockUnset);
        }
        let requester = payload.request.package_name.ok_or(Error::PlayMemberMissing)?;
        let timestamp = payload.request.timestamp_millis.ok_or(Error::PlayMemberMissing)?;
        if requester != *self.package_name {
            return Err(Error::PlayRequestPackage);
        }
        binding.check(&payload.request)?;
        let timestamp = self.check_time(timestamp, now)?;
        if payload.is_test_response && !self.test_responses {
            return Err(Error::PlayTestResponse);
        }
        self.check_app(&payload.app)?;
        if !payload.device.labels.iter().any(|label| self.devices.contains(&label)) {
            return Err(Error::PlayDeviceLabels);
        }
        self.check_licensing(payload.account.licensing)?;
        self.check_signals(payload)?;
        Ok(timestamp)
    }

    /// A time before 1970 is too old as well.
    fn check_time(&self, timestamp: i64, now: UnixMillis) -> Result<UnixMillis, Error> {
        let timestamp = u64::try_from(timestamp).map_err(|_| Error::PlayTooOld)?;
        if timestamp.saturating_sub(now.0) > self.max_skew {
            return Err(Error::PlayFromFuture);
        }
        if now.0.saturating_sub(timestamp) > self.max_age { Err(Error::PlayTooOld) } else { Ok(UnixMillis(timestamp)) }
    }

    fn check_app(&self, app: &AppIntegrity<'_>) -> Result<(), Error> {
        match app.recognition {
            Some(AppRecognition::PlayRecognized) => {}
            Some(AppRecognition::UnrecognizedVersion) if self.unrecognized_versions => {}
            None | Some(AppRecognition::Unevaluated) => return Err(Error::PlayAppUnevaluated),
            Some(_) => return Err(Error::PlayAppNotRecognized),
        }
        if app.package_name.is_none_or(|name| name != *self.package_name) {
            return Err(Error::PlayAppPackage);
        }
        let is_ours =
            |digest: &[u8; 32]| app.certificate_digests.iter().any(|text| base64::is_text_of(text.chars(), digest));
        if !self.certificates.iter().any(is_ours) {
            return Err(Error::PlayCertificate);
        }
        match self.least_version {
            Some(least) if app.version_code.is_none_or(|version| version < least) => Err(Error::PlayVersionTooOld),
            _ => Ok(()),
        }
    }

    fn check_licensing(&self, verdict: Option<Licensing<'_>>) -> Result<(), Error> {
        match verdict {
            Some(verdict) if self.licensing.contains(&verdict) => Ok(()),
            None | Some(Licensing::Unevaluated) => Err(Error::PlayLicensingUnevaluated),
            Some(_) => Err(Error::PlayNotLicensed),
        }
    }

    /// Each requirement looks at its own signal: what is required and absent is refused.
    fn check_signals(&self, payload: &Payload<'_>) -> Result<(), Error> {
        let Payload { device, account, environment, .. } = payload;
        one_of(self.play_protect, environment.play_protect, Error::PlayProtectRefused)?;
        none_of(self.apps_refused, environment.apps_detected, Error::PlayAccessRisk)?;
        one_of(self.device_activity, device.activity, Error::PlayDeviceActivity)?;
        if let Some(least) = self.least_sdk
            && device.sdk_version.ok_or(Error::PlaySignalMissing)? < least
        {
            return Err(Error::PlaySdkTooOld);
        }
        none_of(self.location_risks_refused, environment.location_risks, Error::PlayLocationRisk)?;
        one_of(self.account_activity, account.activity, Error::PlayAccountActivity)
    }
}

fn one_of<L: PartialEq>(accepted: Option<&[L]>, found: Option<L>, refused: Error) -> Result<(), Error> {
    let Some(accepted) = accepted else {
        return Ok(());
    };
    if accepted.contains(&found.ok_or(Error::PlaySignalMissing)?) { Ok(()) } else { Err(refused) }
}

fn none_of<'i, L: PartialEq + From<super::Text<'i>>>(
    refused: Option<&[L]>,
    found: Option<Labels<'i, L>>,
    error: Error,
) -> Result<(), Error> {
    let Some(refused) = refused else {
        return Ok(());
    };
    if found.ok_or(Error::PlaySignalMissing)?.iter().any(|label| refused.contains(&label)) {
        return Err(error);
    }
    Ok(())
}
