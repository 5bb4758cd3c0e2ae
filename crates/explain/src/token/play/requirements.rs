//! What a policy says of the signals of a device, as data.

use genuine::play_integrity::{
    AccountActivity, AppDetected, DeviceActivity, DeviceLabel, Licensing, LocationRisk, PlayProtect, Policy,
};

/// What a policy says beside package, certificates, times and test responses. What is not told is the engine's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlayRequirements {
    /// The labels of which a device needs one; none refuses everything.
    pub accept_devices: Option<Vec<DeviceLabel<'static>>>,
    /// The licences to accept.
    pub accept_licensing: Option<Vec<Licensing<'static>>>,
    /// Whether to accept an app that Google Play does not recognize.
    pub accept_unrecognized_versions: bool,
    /// The least version code.
    pub require_version: Option<i64>,
    /// The least API level of Android.
    pub require_sdk_version: Option<i64>,
    /// The verdicts of Play Protect to accept.
    pub require_play_protect: Option<Vec<PlayProtect<'static>>>,
    /// The detected apps to refuse.
    pub refuse_apps_detected: Option<Vec<AppDetected<'static>>>,
    /// The risks of a false location to refuse.
    pub refuse_location_risks: Option<Vec<LocationRisk<'static>>>,
    /// The levels of recent activity to accept.
    pub require_device_activity: Option<Vec<DeviceActivity<'static>>>,
    /// The levels of the account to accept.
    pub require_account_activity: Option<Vec<AccountActivity<'static>>>,
}

impl PlayRequirements {
    /// These, with what they leave open taken from others.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            accept_devices: self.accept_devices.or(other.accept_devices),
            accept_licensing: self.accept_licensing.or(other.accept_licensing),
            accept_unrecognized_versions: self.accept_unrecognized_versions || other.accept_unrecognized_versions,
            require_version: self.require_version.or(other.require_version),
            require_sdk_version: self.require_sdk_version.or(other.require_sdk_version),
            require_play_protect: self.require_play_protect.or(other.require_play_protect),
            refuse_apps_detected: self.refuse_apps_detected.or(other.refuse_apps_detected),
            refuse_location_risks: self.refuse_location_risks.or(other.refuse_location_risks),
            require_device_activity: self.require_device_activity.or(other.require_device_activity),
            require_account_activity: self.require_account_activity.or(other.require_account_activity),
        }
    }

    /// A policy with these.
    pub(super) fn apply<'a>(&'a self, mut policy: Policy<'a>) -> Policy<'a> {
        if let Some(labels) = &self.accept_devices {
            policy = policy.accept_devices(labels);
        }
        if let Some(licences) = &self.accept_licensing {
            policy = policy.accept_licensing(licences);
        }
        if self.accept_unrecognized_versions {
            policy = policy.accept_unrecognized_versions();
        }
        if let Some(least) = self.require_version {
            policy = policy.require_version(least);
        }
        if let Some(least) = self.require_sdk_version {
            policy = policy.require_sdk_version(least);
        }
        if let Some(verdicts) = &self.require_play_protect {
            policy = policy.require_play_protect(verdicts);
        }
        if let Some(kinds) = &self.refuse_apps_detected {
            policy = policy.refuse_apps_detected(kinds);
        }
        if let Some(risks) = &self.refuse_location_risks {
            policy = policy.refuse_location_risks(risks);
        }
        if let Some(levels) = &self.require_device_activity {
            policy = policy.require_device_activity(levels);
        }
        if let Some(levels) = &self.require_account_activity {
            policy = policy.require_account_activity(levels);
        }
        policy
    }

    /// The verdicts of Google Play about the app that are accepted.
    pub(super) const fn app(&self) -> &'static str {
        if self.accept_unrecognized_versions { "PLAY_RECOGNIZED or UNRECOGNIZED_VERSION" } else { "PLAY_RECOGNIZED" }
    }

    /// The licences that are accepted.
    pub(super) fn licensing(&self) -> String {
        self.accept_licensing.as_deref().map_or_else(|| "LICENSED".to_owned(), |licences| one_of(licences, " or "))
    }

    /// What is required of the signals, each with the value of the payload that it is held against.
    pub(super) fn signals(&self) -> Vec<String> {
        let rows = [
            self.require_sdk_version.map(|least| format!("API level {least} or higher")),
            self.require_play_protect.as_deref().map(|list| format!("Play Protect: {}", one_of(list, " or "))),
            self.refuse_apps_detected.as_deref().map(|list| format!("no app detected: {}", one_of(list, ", "))),
            self.refuse_location_risks.as_deref().map(|list| format!("no location risk: {}", one_of(list, ", "))),
            self.require_device_activity.as_deref().map(|list| format!("device activity: {}", one_of(list, " or "))),
            self.require_account_activity.as_deref().map(|list| format!("account activity: {}", one_of(list, " or "))),
        ];
        rows.into_iter().flatten().collect()
    }
}

pub(super) fn one_of(labels: &[impl ToString], between: &str) -> String {
    if labels.is_empty() {
        return "nothing".to_owned();
    }
    labels.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}
