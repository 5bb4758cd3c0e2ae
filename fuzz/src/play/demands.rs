//! What a caller demands of a payload, and a model of what comes of it.

use genuine::{
    Error, UnixMillis,
    play_integrity::{
        AccountActivity, AppDetected, Binding, DeviceActivity, DeviceLabel, Licensing, LocationRisk, PlayProtect,
        Policy,
    },
};

use super::{CERTIFICATES, NONCES, NOW, PACKAGE, REQUEST_HASH, Said, is_text_of};

/// Sixteen options of a caller: of the policy, of what it expects in the token, and of the time. None of them is the policy as
/// it is made.
#[derive(Clone, Copy)]
pub(crate) struct Demands(pub(crate) u16);

/// The least version code and API level, where one is demanded.
const VERSION: i64 = 42;
const SDK: i64 = 33;

/// What the policy names, where it names something, as the engine has it and as the format does.
const DEVICES: ([DeviceLabel<'_>; 2], [&str; 2]) = (
    [DeviceLabel::MeetsVirtualIntegrity, DeviceLabel::MeetsStrongIntegrity],
    ["MEETS_VIRTUAL_INTEGRITY", "MEETS_STRONG_INTEGRITY"],
);
const LICENCES: ([Licensing<'_>; 2], [&str; 2]) =
    ([Licensing::Unlicensed, Licensing::Unevaluated], ["UNLICENSED", "UNEVALUATED"]);
const PLAY_PROTECT: ([PlayProtect<'_>; 2], [&str; 2]) =
    ([PlayProtect::NoIssues, PlayProtect::NoData], ["NO_ISSUES", "NO_DATA"]);
const APPS: ([AppDetected<'_>; 2], [&str; 2]) =
    ([AppDetected::UnknownCapturing, AppDetected::KnownControlling], ["UNKNOWN_CAPTURING", "KNOWN_CONTROLLING"]);
const DEVICE_ACTIVITY: ([DeviceActivity<'_>; 2], [&str; 2]) =
    ([DeviceActivity::Level1, DeviceActivity::Level2], ["LEVEL_1", "LEVEL_2"]);
const LOCATION_RISKS: ([LocationRisk<'_>; 2], [&str; 2]) =
    ([LocationRisk::HighDevice, LocationRisk::MediumNetwork], ["HIGH_RISK_DEVICE", "MEDIUM_RISK_NETWORK"]);
const ACCOUNT_ACTIVITY: ([AccountActivity<'_>; 2], [&str; 2]) =
    ([AccountActivity::TypicalBasic, AccountActivity::TypicalStrong], ["TYPICAL_BASIC", "TYPICAL_STRONG"]);

/// What makes a policy another one.
type Demand = fn(Policy<'static>) -> Policy<'static>;

impl Demands {
    pub(crate) const TEST_RESPONSES: u16 = 1;
    pub(crate) const UNRECOGNIZED: u16 = 1 << 1;
    pub(crate) const VERSION: u16 = 1 << 2;
    pub(crate) const DEVICES: u16 = 1 << 3;
    pub(crate) const LICENCES: u16 = 1 << 4;
    pub(crate) const PLAY_PROTECT: u16 = 1 << 5;
    pub(crate) const APPS: u16 = 1 << 6;
    pub(crate) const DEVICE_ACTIVITY: u16 = 1 << 7;
    pub(crate) const SDK: u16 = 1 << 8;
    pub(crate) const LOCATION_RISKS: u16 = 1 << 9;
    pub(crate) const ACCOUNT_ACTIVITY: u16 = 1 << 10;
    pub(crate) const REQUEST_HASH: u16 = 1 << 11;
    pub(crate) const LONG_NONCE: u16 = 1 << 12;
    pub(crate) const LIMITS: u16 = 1 << 13;
    pub(crate) const NO_CLOCK: u16 = 1 << 14;
    pub(crate) const FIRST_SECOND: u16 = 1 << 15;

    const fn has(self, option: u16) -> bool {
        self.0 & option != 0
    }

    /// The policy that says so.
    pub(crate) fn policy(self) -> Policy<'static> {
        let mut policy = Policy::new(PACKAGE, &CERTIFICATES);
        let options: [(u16, Demand); 12] = [
            (Self::TEST_RESPONSES, Policy::accept_test_responses),
            (Self::UNRECOGNIZED, Policy::accept_unrecognized_versions),
            (Self::VERSION, |policy| policy.require_version(VERSION)),
            (Self::DEVICES, |policy| policy.accept_devices(&DEVICES.0)),
            (Self::LICENCES, |policy| policy.accept_licensing(&LICENCES.0)),
            (Self::PLAY_PROTECT, |policy| policy.require_play_protect(&PLAY_PROTECT.0)),
            (Self::APPS, |policy| policy.refuse_apps_detected(&APPS.0)),
            (Self::DEVICE_ACTIVITY, |policy| policy.require_device_activity(&DEVICE_ACTIVITY.0)),
            (Self::SDK, |policy| policy.require_sdk_version(SDK)),
            (Self::LOCATION_RISKS, |policy| policy.refuse_location_risks(&LOCATION_RISKS.0)),
            (Self::ACCOUNT_ACTIVITY, |policy| policy.require_account_activity(&ACCOUNT_ACTIVITY.0)),
            (Self::LIMITS, |policy| policy.limit_age(1000).limit_skew(0)),
        ];
        for (option, demand) in options {
            if self.has(option) {
                policy = demand(policy);
            }
        }
        policy
    }

    pub(crate) const fn nonce(self) -> Option<&'static [u8]> {
        match self.0 & (Self::REQUEST_HASH | Self::LONG_NONCE) {
            0 => Some(NONCES[0]),
            Self::LONG_NONCE => Some(NONCES[1]),
            _ => None,
        }
    }

    pub(crate) fn binding(self) -> Binding<'static> {
        let binding = self.nonce().map_or_else(|| Binding::request_hash(REQUEST_HASH), Binding::nonce);
        binding.expect("a length that Google takes")
    }

    pub(crate) const fn now(self) -> UnixMillis {
        UnixMillis(if self.has(Self::NO_CLOCK) {
            0
        } else if self.has(Self::FIRST_SECOND) {
            1000
        } else {
            NOW
        })
    }

    /// What has to come of a payload: each check in its order, with its code; the time of the token if all pass.
    pub(crate) fn judge(self, said: &Said) -> Result<UnixMillis, Error> {
        let now = i128::from(self.now().0);
        if now == 0 {
            return Err(Error::ClockUnset);
        }
        let (Some(requester), Some(timestamp)) = (&said.requester, said.timestamp) else {
            return Err(Error::PlayMemberMissing);
        };
        refuse(requester != PACKAGE, Error::PlayRequestPackage)?;
        self.judge_binding(said)?;
        let (age, skew) = if self.has(Self::LIMITS) { (1000, 0) } else { (300_000, 60_000) };
        let lead = i128::from(timestamp) - now;
        refuse(lead > skew, Error::PlayFromFuture)?;
        refuse(timestamp < 0 || -lead > age, Error::PlayTooOld)?;
        refuse(said.is_test && !self.has(Self::TEST_RESPONSES), Error::PlayTestResponse)?;
        self.judge_app(said)?;
        let devices: &[&str] = if self.has(Self::DEVICES) { &DEVICES.1 } else { &["MEETS_DEVICE_INTEGRITY"] };
        refuse(!said.labels.iter().any(|label| devices.contains(&label.as_str())), Error::PlayDeviceLabels)?;
        let licences: &[&str] = if self.has(Self::LICENCES) { &LICENCES.1 } else { &["LICENSED"] };
        match said.licensing.as_deref() {
            Some(licence) if licences.contains(&licence) => {}
            None | Some("UNEVALUATED") => return Err(Error::PlayLicensingUnevaluated),
            Some(_) => return Err(Error::PlayNotLicensed),
        }
        self.judge_signals(said)?;
        Ok(UnixMillis(timestamp.try_into().expect("it is not before 1970")))
    }

    fn judge_binding(self, said: &Said) -> Result<(), Error> {
        let Some(octets) = self.nonce() else {
            let hash = said.request_hash.as_ref().ok_or(Error::PlayRequestHashMissing)?;
            return refuse(hash != REQUEST_HASH, Error::PlayRequestHashMismatch);
        };
        let nonce = said.nonce.as_ref().ok_or(Error::PlayNonceMissing)?;
        refuse(!is_text_of(nonce, octets), Error::PlayNonceMismatch)
    }

    fn judge_app(self, said: &Said) -> Result<(), Error> {
        match said.recognition.as_deref() {
            Some("PLAY_RECOGNIZED") => {}
            Some("UNRECOGNIZED_VERSION") if self.has(Self::UNRECOGNIZED) => {}
            None | Some("UNEVALUATED") => return Err(Error::PlayAppUnevaluated),
            Some(_) => return Err(Error::PlayAppNotRecognized),
        }
        refuse(said.package.as_deref() != Some(PACKAGE), Error::PlayAppPackage)?;
        let is_ours = |text: &String| CERTIFICATES.iter().any(|digest| is_text_of(text, digest));
        refuse(!said.digests.iter().any(is_ours), Error::PlayCertificate)?;
        refuse(
            self.has(Self::VERSION) && said.version.is_none_or(|version| version < VERSION),
            Error::PlayVersionTooOld,
        )
    }

    /// Each signal that is demanded: there at all, and good.
    fn judge_signals(self, said: &Said) -> Result<(), Error> {
        let is_one_of = |list: [&str; 2], found: &String| list.contains(&found.as_str());
        let has_one_of = |list: [&str; 2], found: &Vec<String>| found.iter().any(|label| is_one_of(list, label));
        let signals = [
            (
                Self::PLAY_PROTECT,
                said.play_protect.as_ref().map(|found| is_one_of(PLAY_PROTECT.1, found)),
                Error::PlayProtectRefused,
            ),
            (Self::APPS, said.apps.as_ref().map(|found| !has_one_of(APPS.1, found)), Error::PlayAccessRisk),
            (
                Self::DEVICE_ACTIVITY,
                said.device_activity.as_ref().map(|found| is_one_of(DEVICE_ACTIVITY.1, found)),
                Error::PlayDeviceActivity,
            ),
            (Self::SDK, said.sdk.map(|sdk| sdk >= SDK), Error::PlaySdkTooOld),
            (
                Self::LOCATION_RISKS,
                said.location_risks.as_ref().map(|found| !has_one_of(LOCATION_RISKS.1, found)),
                Error::PlayLocationRisk,
            ),
            (
                Self::ACCOUNT_ACTIVITY,
                said.account_activity.as_ref().map(|found| is_one_of(ACCOUNT_ACTIVITY.1, found)),
                Error::PlayAccountActivity,
            ),
        ];
        signals
            .into_iter()
            .filter(|(option, ..)| self.has(*option))
            .try_for_each(|(_, is_good, error)| refuse(!is_good.ok_or(Error::PlaySignalMissing)?, error))
    }
}

fn refuse(is_wrong: bool, error: Error) -> Result<(), Error> {
    if is_wrong { Err(error) } else { Ok(()) }
}
