//! The tags of an authorization list: number, name and type of each, written once.

use core::fmt;

/// What the value of a tag is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// `INTEGER`
    Integer,
    /// `SET OF INTEGER`
    Integers,
    /// `NULL`
    Null,
    /// `OCTET STRING`
    Octets,
    /// `RootOfTrust`
    RootOfTrust,
}

macro_rules! tags {
    ($( $(#[doc = $sentence:literal])+ $name:ident = $number:literal $kind:ident $json:literal, )+) => {
        /// A tag of an authorization list that this release knows (`Tag.aidl` of KeyMint, with the type bits taken off).
        ///
        /// `Display` is the name in the JSON of Google's verifier.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum Tag {
            $( $(#[doc = $sentence])+ $name = $number, )+
        }

        impl Tag {
            /// Every tag, in ascending order of the numbers.
            pub const ALL: &'static [Self] = &[ $( Self::$name, )+ ];

            /// The number.
            #[must_use]
            pub const fn number(self) -> u16 {
                match self { $( Self::$name => $number, )+ }
            }

            /// The tag of this number; `None` if this release does not know it.
            #[must_use]
            pub const fn from_number(number: u16) -> Option<Self> {
                match number { $( $number => Some(Self::$name), )+ _ => None }
            }

            /// The name in the JSON of Google's verifier; of what that does not know, the name in KeyMint.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$name => $json, )+ }
            }

            pub(super) const fn kind(self) -> Type {
                match self { $( Self::$name => Type::$kind, )+ }
            }
        }
    };
}

tags! {
    /// What the key may be used for.
    Purpose = 1 Integers "purposes",
    /// The algorithm.
    Algorithm = 2 Integer "algorithms",
    /// The size of the key in bits. Absent for ML-DSA.
    KeySize = 3 Integer "keySize",
    /// Modes of a block cipher.
    BlockMode = 4 Integers "blockModes",
    /// The digests that the key signs.
    Digest = 5 Integers "digests",
    /// The paddings of an RSA key.
    Padding = 6 Integers "paddings",
    /// Whether the caller may choose a nonce.
    CallerNonce = 7 Null "callerNonce",
    /// The least bits of a message authentication code.
    MinMacLength = 8 Integer "minMacLength",
    /// The curve.
    EcCurve = 10 Integer "ecCurve",
    /// The parameter set of ML-DSA (since version 500).
    MlDsaVariant = 11 Integer "mlDsaVariant",
    /// The public exponent of an RSA key.
    RsaPublicExponent = 200 Integer "rsaPublicExponent",
    /// The digests of the mask generation function of OAEP.
    RsaOaepMgfDigest = 203 Integers "rsaOaepMgfDigests",
    /// The hardware deletes the key for good (since version 3).
    RollbackResistance = 303 Null "rollbackResistance",
    /// The key works until the system has started.
    EarlyBootOnly = 305 Null "earlyBootOnly",
    /// From when on the key works, in milliseconds since 1970.
    ActiveDateTime = 400 Integer "activeDateTime",
    /// Until when the key signs, in milliseconds since 1970.
    OriginationExpireDateTime = 401 Integer "originationExpireDateTime",
    /// Until when the key verifies, in milliseconds since 1970.
    UsageExpireDateTime = 402 Integer "usageExpireDateTime",
    /// How often the key works.
    UsageCountLimit = 405 Integer "usageCountLimit",
    /// The user that has to authenticate.
    UserSecureId = 502 Integer "userSecureId",
    /// Nobody has to authenticate.
    NoAuthRequired = 503 Null "noAuthRequired",
    /// How a user has to authenticate.
    UserAuthType = 504 Integer "userAuthType",
    /// For how many seconds an authentication lasts.
    AuthTimeout = 505 Integer "authTimeout",
    /// The key works while the phone is worn.
    AllowWhileOnBody = 506 Null "allowWhileOnBody",
    /// A person has to be present (since version 3).
    TrustedUserPresenceRequired = 507 Null "trustedUserPresenceRequired",
    /// A person has to confirm (since version 3).
    TrustedConfirmationRequired = 508 Null "trustedConfirmationRequired",
    /// The phone has to be unlocked (since version 3).
    UnlockedDeviceRequired = 509 Null "unlockedDeviceRequired",
    /// All apps may use the key.
    AllApplications = 600 Null "allApplications",
    /// The app that may use the key.
    ApplicationId = 601 Octets "applicationId",
    /// When the key was made, by the phone's clock, in milliseconds since 1970.
    CreationDateTime = 701 Integer "creationDateTime",
    /// Where the key comes from.
    Origin = 702 Integer "origin",
    /// The hardware deletes the key for good (versions 1 and 2).
    RollbackResistant = 703 Null "rollbackResistant",
    /// What the boot loader reported.
    RootOfTrust = 704 RootOfTrust "rootOfTrust",
    /// The version of Android, `170000` for 17; 0 where it is not known.
    OsVersion = 705 Integer "osVersion",
    /// The patch level of Android, `YYYYMM`.
    OsPatchLevel = 706 Integer "osPatchLevel",
    /// Which packages asked, and who signed them.
    AttestationApplicationId = 709 Octets "attestationApplicationId",
    /// The brand.
    AttestationIdBrand = 710 Octets "attestationIdBrand",
    /// The device.
    AttestationIdDevice = 711 Octets "attestationIdDevice",
    /// The product.
    AttestationIdProduct = 712 Octets "attestationIdProduct",
    /// The serial number of the phone.
    AttestationIdSerial = 713 Octets "attestationIdSerial",
    /// The IMEI.
    AttestationIdImei = 714 Octets "attestationIdImei",
    /// The MEID.
    AttestationIdMeid = 715 Octets "attestationIdMeid",
    /// The maker.
    AttestationIdManufacturer = 716 Octets "attestationIdManufacturer",
    /// The model.
    AttestationIdModel = 717 Octets "attestationIdModel",
    /// The patch level of the vendor, `YYYYMMDD` or `YYYYMM` (since version 3).
    VendorPatchLevel = 718 Integer "vendorPatchLevel",
    /// The patch level of the boot image, `YYYYMMDD` or `YYYYMM` (since version 3).
    BootPatchLevel = 719 Integer "bootPatchLevel",
    /// The phone's own key signed, and no batch key.
    DeviceUniqueAttestation = 720 Null "deviceUniqueAttestation",
    /// The second IMEI (since version 300).
    AttestationIdSecondImei = 723 Octets "attestationIdSecondImei",
    /// SHA-256 of the list of system modules (since version 400).
    ModuleHash = 724 Octets "moduleHash",
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
