//! `KeyDescription`, the extension in which a phone's secure hardware says what a key is.

use crate::der::Der;

/// Tags of an `AuthorizationList`, by Android's names for them.
pub mod tag {
    /// purpose: SET OF INTEGER.
    pub const PURPOSE: u16 = 1;
    /// algorithm: INTEGER.
    pub const ALGORITHM: u16 = 2;
    /// keySize: INTEGER, bits.
    pub const KEY_SIZE: u16 = 3;
    /// blockMode: SET OF INTEGER.
    pub const BLOCK_MODE: u16 = 4;
    /// digest: SET OF INTEGER.
    pub const DIGEST: u16 = 5;
    /// padding: SET OF INTEGER.
    pub const PADDING: u16 = 6;
    /// callerNonce: NULL.
    pub const CALLER_NONCE: u16 = 7;
    /// minMacLength: INTEGER, bits.
    pub const MIN_MAC_LENGTH: u16 = 8;
    /// ecCurve: INTEGER.
    pub const EC_CURVE: u16 = 10;
    /// mlDsaVariant: INTEGER.
    pub const ML_DSA_VARIANT: u16 = 11;
    /// rsaPublicExponent: INTEGER.
    pub const RSA_PUBLIC_EXPONENT: u16 = 200;
    /// mgfDigest: SET OF INTEGER.
    pub const MGF_DIGEST: u16 = 203;
    /// rollbackResistance: NULL.
    pub const ROLLBACK_RESISTANCE: u16 = 303;
    /// earlyBootOnly: NULL.
    pub const EARLY_BOOT_ONLY: u16 = 305;
    /// activeDateTime: INTEGER, milliseconds since 1970.
    pub const ACTIVE_DATE_TIME: u16 = 400;
    /// originationExpireDateTime: INTEGER, milliseconds since 1970.
    pub const ORIGINATION_EXPIRE_DATE_TIME: u16 = 401;
    /// usageExpireDateTime: INTEGER, milliseconds since 1970.
    pub const USAGE_EXPIRE_DATE_TIME: u16 = 402;
    /// usageCountLimit: INTEGER.
    pub const USAGE_COUNT_LIMIT: u16 = 405;
    /// userSecureId: INTEGER.
    pub const USER_SECURE_ID: u16 = 502;
    /// noAuthRequired: NULL.
    pub const NO_AUTH_REQUIRED: u16 = 503;
    /// userAuthType: INTEGER.
    pub const USER_AUTH_TYPE: u16 = 504;
    /// authTimeout: INTEGER, seconds.
    pub const AUTH_TIMEOUT: u16 = 505;
    /// allowWhileOnBody: NULL.
    pub const ALLOW_WHILE_ON_BODY: u16 = 506;
    /// trustedUserPresenceRequired: NULL.
    pub const TRUSTED_USER_PRESENCE_REQUIRED: u16 = 507;
    /// trustedConfirmationRequired: NULL.
    pub const TRUSTED_CONFIRMATION_REQUIRED: u16 = 508;
    /// unlockedDeviceRequired: NULL.
    pub const UNLOCKED_DEVICE_REQUIRED: u16 = 509;
    /// allApplications: NULL.
    pub const ALL_APPLICATIONS: u16 = 600;
    /// applicationId: OCTET STRING.
    pub const APPLICATION_ID: u16 = 601;
    /// creationDateTime: INTEGER, milliseconds since 1970.
    pub const CREATION_DATE_TIME: u16 = 701;
    /// origin: INTEGER.
    pub const ORIGIN: u16 = 702;
    /// rollbackResistant: NULL.
    pub const ROLLBACK_RESISTANT: u16 = 703;
    /// rootOfTrust: SEQUENCE.
    pub const ROOT_OF_TRUST: u16 = 704;
    /// osVersion: INTEGER.
    pub const OS_VERSION: u16 = 705;
    /// osPatchLevel: INTEGER, YYYYMM.
    pub const OS_PATCH_LEVEL: u16 = 706;
    /// attestationApplicationId: OCTET STRING with DER in it.
    pub const ATTESTATION_APPLICATION_ID: u16 = 709;
    /// attestationIdBrand: OCTET STRING. The identifiers up to [`ID_MODEL`] are of this type.
    pub const ID_BRAND: u16 = 710;
    /// attestationIdDevice.
    pub const ID_DEVICE: u16 = 711;
    /// attestationIdProduct.
    pub const ID_PRODUCT: u16 = 712;
    /// attestationIdSerial.
    pub const ID_SERIAL: u16 = 713;
    /// attestationIdImei.
    pub const ID_IMEI: u16 = 714;
    /// attestationIdMeid.
    pub const ID_MEID: u16 = 715;
    /// attestationIdManufacturer.
    pub const ID_MANUFACTURER: u16 = 716;
    /// attestationIdModel.
    pub const ID_MODEL: u16 = 717;
    /// vendorPatchLevel: INTEGER, YYYYMMDD.
    pub const VENDOR_PATCH_LEVEL: u16 = 718;
    /// bootPatchLevel: INTEGER, YYYYMMDD.
    pub const BOOT_PATCH_LEVEL: u16 = 719;
    /// deviceUniqueAttestation: NULL.
    pub const DEVICE_UNIQUE_ATTESTATION: u16 = 720;
    /// attestationIdSecondImei: OCTET STRING.
    pub const ID_SECOND_IMEI: u16 = 723;
    /// moduleHash: OCTET STRING.
    pub const MODULE_HASH: u16 = 724;
}

/// Values of the tag purpose.
pub mod purpose {
    /// ENCRYPT.
    pub const ENCRYPT: u64 = 0;
    /// SIGN.
    pub const SIGN: u64 = 2;
    /// VERIFY.
    pub const VERIFY: u64 = 3;
    /// `ATTEST_KEY`: the key signs the certificates of other keys.
    pub const ATTEST_KEY: u64 = 7;
}

/// What keeps a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecurityLevel {
    /// Software, 0: no hardware at all.
    Software,
    /// The trusted execution environment, 1.
    Tee,
    /// A secure element, 2.
    StrongBox,
}

impl SecurityLevel {
    /// The ENUMERATED value.
    #[must_use]
    pub const fn value(self) -> u8 {
        match self {
            Self::Software => 0,
            Self::Tee => 1,
            Self::StrongBox => 2,
        }
    }

    /// As in the subjects of attestation certificates: `TEE`, `StrongBox`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Software => "Software",
            Self::Tee => "TEE",
            Self::StrongBox => "StrongBox",
        }
    }
}

/// A `KeyDescription`, member by member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDescription {
    /// attestationVersion: 1, 2, 3, 4, 100, 200, 300, 400 or 500.
    pub attestation_version: u64,
    /// attestationSecurityLevel, ENUMERATED.
    pub attestation_security_level: u8,
    /// keyMintVersion.
    pub key_mint_version: u64,
    /// keyMintSecurityLevel, ENUMERATED.
    pub key_mint_security_level: u8,
    /// attestationChallenge.
    pub challenge: Vec<u8>,
    /// uniqueId; empty on every phone.
    pub unique_id: Vec<u8>,
    /// softwareEnforced.
    pub software_enforced: AuthorizationList,
    /// hardwareEnforced.
    pub hardware_enforced: AuthorizationList,
}

impl KeyDescription {
    /// The value of the extension as a tree of 8 elements.
    #[must_use]
    pub fn to_der(&self) -> Der {
        Der::sequence(vec![
            Der::number(self.attestation_version),
            Der::enumerated(self.attestation_security_level),
            Der::number(self.key_mint_version),
            Der::enumerated(self.key_mint_security_level),
            Der::octet_string(&self.challenge),
            Der::octet_string(&self.unique_id),
            self.software_enforced.to_der(),
            self.hardware_enforced.to_der(),
        ])
    }
}

/// The positions of the members of a [`KeyDescription`] as a tree.
pub mod member {
    /// attestationVersion.
    pub const ATTESTATION_VERSION: usize = 0;
    /// attestationSecurityLevel.
    pub const ATTESTATION_SECURITY_LEVEL: usize = 1;
    /// keyMintVersion.
    pub const KEY_MINT_VERSION: usize = 2;
    /// keyMintSecurityLevel.
    pub const KEY_MINT_SECURITY_LEVEL: usize = 3;
    /// attestationChallenge.
    pub const CHALLENGE: usize = 4;
    /// uniqueId.
    pub const UNIQUE_ID: usize = 5;
    /// softwareEnforced.
    pub const SOFTWARE_ENFORCED: usize = 6;
    /// hardwareEnforced.
    pub const HARDWARE_ENFORCED: usize = 7;
}

/// An `AuthorizationList`: explicitly tagged values, in ascending order unless an entry is moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizationList {
    /// The entries as they are written, each with the number of its tag.
    pub entries: Vec<(u16, Der)>,
}

impl AuthorizationList {
    /// Sets an entry: in the place of the one with this tag, or where the order asks for it.
    pub fn set(&mut self, tag: u16, value: Der) {
        if let Some((_, place)) = self.entries.iter_mut().find(|(found, _)| *found == tag) {
            *place = value;
        } else {
            let place = self.entries.iter().position(|(found, _)| *found > tag).unwrap_or(self.entries.len());
            self.entries.insert(place, (tag, value));
        }
    }

    /// The same with an INTEGER.
    pub fn set_number(&mut self, tag: u16, value: u64) {
        self.set(tag, Der::number(value));
    }

    /// The same with a SET OF INTEGER, in the order given.
    pub fn set_numbers(&mut self, tag: u16, values: &[u64]) {
        self.set(tag, Der::set(values.iter().copied().map(Der::number).collect()));
    }

    /// The same with NULL: what is there or is not.
    pub fn set_null(&mut self, tag: u16) {
        self.set(tag, Der::null());
    }

    /// The same with an OCTET STRING.
    pub fn set_octets(&mut self, tag: u16, octets: &[u8]) {
        self.set(tag, Der::octet_string(octets));
    }

    /// The value of the entry with this tag.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn value(&mut self, tag: u16) -> &mut Der {
        let entry = self.entries.iter_mut().find(|(found, _)| *found == tag);
        &mut entry.unwrap_or_else(|| panic!("no entry {tag}")).1
    }

    /// Whether there is an entry with this tag.
    #[must_use]
    pub fn has(&self, tag: u16) -> bool {
        self.entries.iter().any(|(found, _)| *found == tag)
    }

    /// Takes an entry out, and returns its value.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn remove(&mut self, tag: u16) -> Der {
        let place = self.entries.iter().position(|(found, _)| *found == tag);
        self.entries.remove(place.unwrap_or_else(|| panic!("no entry {tag}"))).1
    }

    /// The list as a tree: each element has a context-specific tag and holds the value.
    #[must_use]
    pub fn to_der(&self) -> Der {
        Der::sequence(self.entries.iter().map(|(tag, value)| Der::context(*tag, vec![value.clone()])).collect())
    }
}

/// The root of trust: what the boot loader reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootOfTrust {
    /// verifiedBootKey: 32 octets.
    pub verified_boot_key: Vec<u8>,
    /// deviceLocked: the octet of the BOOLEAN, 0xFF for true; some phones write 0x01.
    pub device_locked: u8,
    /// verifiedBootState: 0 verified, 1 self-signed, 2 unverified, 3 failed.
    pub verified_boot_state: u8,
    /// verifiedBootHash: 32 octets, from version 3 on.
    pub verified_boot_hash: Option<Vec<u8>>,
}

impl RootOfTrust {
    /// The SEQUENCE.
    #[must_use]
    pub fn to_der(&self) -> Der {
        let mut elements = vec![
            Der::octet_string(&self.verified_boot_key),
            Der::primitive(crate::der::tag::BOOLEAN, &[self.device_locked]),
            Der::enumerated(self.verified_boot_state),
        ];
        elements.extend(self.verified_boot_hash.as_deref().map(Der::octet_string));
        Der::sequence(elements)
    }
}

/// The application identifier: which app asked, as the system says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApplicationId {
    /// packageInfos: name and version of each package that shares the user identifier.
    pub packages: Vec<(String, u64)>,
    /// signatureDigests: SHA-256 of the signing certificates.
    pub signing_digests: Vec<Vec<u8>>,
}

impl ApplicationId {
    /// The SEQUENCE. Both sets are written in the order given: phones do not sort them.
    #[must_use]
    pub fn to_der(&self) -> Der {
        let package = |(name, version): &(String, u64)| {
            Der::sequence(vec![Der::octet_string(name.as_bytes()), Der::number(*version)])
        };
        Der::sequence(vec![
            Der::set(self.packages.iter().map(package).collect()),
            Der::set(self.signing_digests.iter().map(|digest| Der::octet_string(digest)).collect()),
        ])
    }
}
