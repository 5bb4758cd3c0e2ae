//! Which dialog of Google Play the app should show, for the user to better the verdicts.

use super::{
    label::{AppDetected, AppRecognition, DeviceLabel, Licensing, PlayProtect},
    payload::Payload,
};

/// A dialog of Google Play. Its number is the type code that an app hands to `showDialog`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[repr(u8)]
pub enum Dialog {
    /// `GET_LICENSED`: get the app from Google Play.
    GetLicensed = 1,
    /// `CLOSE_UNKNOWN_ACCESS_RISK`: close unknown apps that capture the screen or control the device.
    CloseUnknownAccessRisk = 2,
    /// `CLOSE_ALL_ACCESS_RISK`: close all apps that do, but for those that help people with disabilities.
    CloseAllAccessRisk = 3,
    /// `GET_INTEGRITY`: make device and app such that they meet device integrity and are recognized and licensed.
    GetIntegrity = 4,
    /// `GET_STRONG_INTEGRITY`: the same for strong integrity and Play Protect.
    GetStrongIntegrity = 5,
}

impl Dialog {
    /// The type code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::GetLicensed => 1,
            Self::CloseUnknownAccessRisk => 2,
            Self::CloseAllAccessRisk => 3,
            Self::GetIntegrity => 4,
            Self::GetStrongIntegrity => 5,
        }
    }

    /// The dialog for what is worst in the payload, in the order of what keeps most requests out: integrity, licence, apps that
    /// capture or control, strong integrity and Play Protect. What was not evaluated asks for no dialog by itself.
    pub(super) fn of(payload: &Payload<'_>) -> Option<Self> {
        use AppDetected::{KnownCapturing, KnownControlling, UnknownCapturing, UnknownControlling};

        let has = |label| payload.device.labels.iter().any(|found| found == label);
        let detected = |kinds: [AppDetected<'_>; 2]| {
            payload.environment.apps_detected.is_some_and(|apps| apps.iter().any(|app| kinds.contains(&app)))
        };
        if payload.app.recognition == Some(AppRecognition::UnrecognizedVersion)
            || !has(DeviceLabel::MeetsDeviceIntegrity)
        {
            Some(Self::GetIntegrity)
        } else if payload.account.licensing == Some(Licensing::Unlicensed) {
            Some(Self::GetLicensed)
        } else if detected([UnknownCapturing, UnknownControlling]) {
            Some(Self::CloseUnknownAccessRisk)
        } else if detected([KnownCapturing, KnownControlling]) {
            Some(Self::CloseAllAccessRisk)
        } else if !has(DeviceLabel::MeetsStrongIntegrity)
            || matches!(
                payload.environment.play_protect,
                Some(PlayProtect::PossibleRisk | PlayProtect::MediumRisk | PlayProtect::HighRisk)
            )
        {
            Some(Self::GetStrongIntegrity)
        } else {
            None
        }
    }
}
