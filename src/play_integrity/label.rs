//! The sets of labels. All are open: what Google adds is kept as it is.

use crate::encoding::json::Text;

/// An enum of labels, each with its text, and the one for all others.
macro_rules! labels {
    ($(#[doc = $meaning:literal])+ $name:ident { $( $(#[doc = $sentence:literal])+ $label:ident = $text:literal, )+ }) => {
        $(#[doc = $meaning])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name<'i> {
            $( $(#[doc = $sentence])+ $label, )+
            /// A label that this release does not know, as it is.
            Other(Text<'i>),
        }

        impl<'i> From<Text<'i>> for $name<'i> {
            fn from(text: Text<'i>) -> Self {
                $( if text == $text { return Self::$label; } )+
                Self::Other(text)
            }
        }

        impl core::fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self {
                    $( Self::$label => f.write_str($text), )+
                    Self::Other(text) => core::fmt::Display::fmt(text, f),
                }
            }
        }
    };
}

labels! {
    /// What Google Play knows of app and certificate (`appRecognitionVerdict`).
    AppRecognition {
        /// The app and its certificate are those that Google Play distributes.
        PlayRecognized = "PLAY_RECOGNIZED",
        /// Certificate or package name are not those of Google Play: signed again, or installed from elsewhere.
        UnrecognizedVersion = "UNRECOGNIZED_VERSION",
        /// Not evaluated, because a requirement was missed, such as a device that is genuine enough.
        Unevaluated = "UNEVALUATED",
        /// Unknown to Google too.
        Unknown = "UNKNOWN",
    }
}

labels! {
    /// What Google says of the device (`deviceRecognitionVerdict`). A device has all labels that it meets.
    ///
    /// Since May 2025, on Android 13 and newer, the labels rest on key attestation.
    DeviceLabel {
        /// Key attestation passes; the boot may be unlocked, and the device not certified.
        MeetsBasicIntegrity = "MEETS_BASIC_INTEGRITY",
        /// A genuine, certified Android device; on Android 13 and newer with a locked boot that hardware proves.
        MeetsDeviceIntegrity = "MEETS_DEVICE_INTEGRITY",
        /// The same with hardware behind it; on Android 13 and newer also a security update of the last year.
        MeetsStrongIntegrity = "MEETS_STRONG_INTEGRITY",
        /// An emulator with Google Play services, such as Google Play Games on PC.
        MeetsVirtualIntegrity = "MEETS_VIRTUAL_INTEGRITY",
        /// Unknown to Google too.
        Unknown = "UNKNOWN",
    }
}

labels! {
    /// Whether the user has the app from Google Play (`appLicensingVerdict`).
    Licensing {
        /// Installed or updated by Google Play for this user.
        Licensed = "LICENSED",
        /// Not so: installed from elsewhere, for example.
        Unlicensed = "UNLICENSED",
        /// Not evaluated, because a requirement was missed.
        Unevaluated = "UNEVALUATED",
        /// Unknown to Google too.
        Unknown = "UNKNOWN",
    }
}

labels! {
    /// How many tokens the app on this device asked for in the last hour (`deviceActivityLevel`).
    DeviceActivity {
        /// The fewest.
        Level1 = "LEVEL_1",
        /// More.
        Level2 = "LEVEL_2",
        /// Still more.
        Level3 = "LEVEL_3",
        /// The most: many for one device.
        Level4 = "LEVEL_4",
        /// Not evaluated, because a requirement was missed.
        Unevaluated = "UNEVALUATED",
        /// No level at all.
        Unspecified = "DEVICE_ACTIVITY_LEVEL_UNSPECIFIED",
    }
}

labels! {
    /// How the account behaves in Google's eyes (`activityLevel`).
    AccountActivity {
        /// Not evaluated.
        Unevaluated = "UNEVALUATED",
        /// Unusual for an account of a person.
        Unusual = "UNUSUAL",
        /// Too little is known.
        Unknown = "UNKNOWN",
        /// Typical.
        TypicalBasic = "TYPICAL_BASIC",
        /// Typical, by stronger signals.
        TypicalStrong = "TYPICAL_STRONG",
        /// No level at all.
        Unspecified = "ACTIVITY_LEVEL_UNSPECIFIED",
    }
}

labels! {
    /// What Play Protect says (`playProtectVerdict`).
    PlayProtect {
        /// On, and nothing found.
        NoIssues = "NO_ISSUES",
        /// On, and has not scanned yet.
        NoData = "NO_DATA",
        /// Off.
        PossibleRisk = "POSSIBLE_RISK",
        /// On, and found apps that may be harmful.
        MediumRisk = "MEDIUM_RISK",
        /// On, and found harmful apps.
        HighRisk = "HIGH_RISK",
        /// Not evaluated, because a requirement was missed.
        Unevaluated = "UNEVALUATED",
        /// No verdict at all.
        Unspecified = "PLAY_PROTECT_VERDICT_UNSPECIFIED",
    }
}

labels! {
    /// Other apps that could read the screen or act for the user (`appsDetected`). A known app is one of Google Play or of the
    /// device's maker.
    AppDetected {
        /// Known apps are installed.
        KnownInstalled = "KNOWN_INSTALLED",
        /// Known apps run that could capture the screen.
        KnownCapturing = "KNOWN_CAPTURING",
        /// Known apps run that could draw over the screen.
        KnownOverlays = "KNOWN_OVERLAYS",
        /// Known apps run that could control the device.
        KnownControlling = "KNOWN_CONTROLLING",
        /// Unknown apps are installed.
        UnknownInstalled = "UNKNOWN_INSTALLED",
        /// Unknown apps run that could capture the screen.
        UnknownCapturing = "UNKNOWN_CAPTURING",
        /// Unknown apps run that could draw over the screen.
        UnknownOverlays = "UNKNOWN_OVERLAYS",
        /// Unknown apps run that could control the device.
        UnknownControlling = "UNKNOWN_CONTROLLING",
        /// No kind at all.
        Unspecified = "APPS_DETECTED_UNSPECIFIED",
    }
}

labels! {
    /// How likely it is that the location is false, by the device or by the network (`locationSpoofingRiskVerdict`).
    LocationRisk {
        /// Little risk of what the device says.
        LowDevice = "LOW_RISK_DEVICE",
        /// Some risk of what the device says.
        MediumDevice = "MEDIUM_RISK_DEVICE",
        /// Much risk of what the device says.
        HighDevice = "HIGH_RISK_DEVICE",
        /// Little risk of what the network says.
        LowNetwork = "LOW_RISK_NETWORK",
        /// Some risk of what the network says.
        MediumNetwork = "MEDIUM_RISK_NETWORK",
        /// Much risk of what the network says.
        HighNetwork = "HIGH_RISK_NETWORK",
    }
}
