//! The record of a device, and what happens to it beside its counters.

use genuine::{
    UnixMillis,
    app_attest::{AttestedKey, Counter, Environment, ReplayWindow},
    crypto::GenuineCrypto,
    key_attestation::{BootState, MAX_CERTIFICATES, Provisioning, SecurityLevel, Serial},
};

/// The length of an attested key in its stored form.
const APP_ATTEST: usize = 130;
/// The length of a key of the client's own in its stored form: a point, and an environment.
const CLIENT: usize = 66;

/// The first octet of a [`HardwareKey`] in its stored form: a later form has another one.
const HARDWARE: u8 = 1;

/// An account: a hash that the gateway makes of whatever names it, so that no store holds the name.
pub type AccountHash = [u8; 32];

/// A registered device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The key that vouches for its requests.
    pub key: DeviceKey,
    /// The application's name.
    pub application: String,
    /// The account of the session that registered it, if it had one.
    pub account: Option<AccountHash>,
    /// When, in seconds since 1970.
    pub registered_at: u64,
    /// When it was attested last.
    pub attested_at: UnixMillis,
    /// The epoch of the store in which its counter is known to be the last one.
    pub epoch: u32,
    /// The highest counter that was accepted, and which below it.
    pub window: ReplayWindow,
    /// From when on its session tokens are good, in seconds since 1970: those that were issued until then are not.
    pub tokens_after: u64,
    /// When it was locked, in seconds since 1970: nothing of it passes until it is attested again.
    pub locked_at: Option<u64>,
    /// When it was revoked, in seconds since 1970: nothing of it passes again.
    pub revoked_at: Option<u64>,
}

/// The key of a device, by what vouches for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceKey {
    /// Apple: as [`AttestedKey::to_bytes`](genuine::app_attest::AttestedKey::to_bytes) gives it.
    AppAttest(Box<[u8; APP_ATTEST]>),
    /// A key that the client made, and that a token of Google Play Integrity was bound to.
    PlayIntegrity(ClientKey),
    /// A key that the secure hardware of an Android phone attested.
    KeyAttestation(Box<HardwareKey>),
    /// Nobody any more: the account was erased. The record stays, so that its key is not registered again.
    Erased,
}

/// A key of the client's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientKey {
    /// The point on P-256, uncompressed (SEC 1 §2.3.3).
    pub point: [u8; 65],
    /// Whose app it is of.
    pub environment: Environment,
}

/// A key that the secure hardware of an Android phone attested, and what that said then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HardwareKey {
    /// As [`AttestedKey::to_bytes`](genuine::app_attest::AttestedKey::to_bytes) gives it.
    pub key: [u8; APP_ATTEST],
    /// Where the key lives.
    pub security_level: SecurityLevel,
    /// How the hardware came by the key that vouches for this one.
    pub provisioning: Provisioning,
    /// Whether the boot loader verified the system, and by whose key.
    pub boot_state: BootState,
    /// The version of Android, such as 160000.
    pub os_version: Option<u64>,
    /// The patch level of Android, such as 202611.
    pub os_patch_level: Option<u64>,
    /// The patch level of the vendor.
    pub vendor_patch_level: Option<u64>,
    /// The patch level of the boot image.
    pub boot_patch_level: Option<u64>,
    /// How many certificates the phone was issued of late, if it was provisioned remotely and says so.
    pub certificates_issued: Option<u64>,
    /// The serial numbers of the certificates that vouch for it, leaf first, to be looked up in later lists.
    pub serials: Vec<Serial>,
}

/// What happens to a device beside its counters, in one step of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is revoked for good, at this second. The first time counts.
    Revoke(u64),
    /// It is locked, at this second. The first time counts.
    Lock(u64),
    /// Its lock is opened.
    Unlock,
    /// Its platform vouched for it once more, at this millisecond, which opens its lock unless that is younger. The latest time counts.
    Attest(UnixMillis),
    /// Its counter is known to be the last one in this epoch of the store. The highest one counts.
    Epoch(u32),
    /// Its session tokens that were issued until this second are refused. The latest time counts.
    RevokeTokens(u64),
    /// All that is known of it is forgotten but that there was such a key, which is revoked, at this second.
    Erase(u64),
}

impl Device {
    /// A device whose key has just been attested.
    #[must_use]
    pub fn attested(key: DeviceKey, application: &str, now: u64) -> Self {
        Self {
            key,
            application: application.to_owned(),
            account: None,
            registered_at: now,
            attested_at: UnixMillis(now.saturating_mul(1000)),
            epoch: 0,
            window: ReplayWindow::ATTESTED,
            tokens_after: 0,
            locked_at: None,
            revoked_at: None,
        }
    }

    /// What is left of a device whose account was erased.
    #[must_use]
    pub const fn erased(revoked_at: u64) -> Self {
        Self {
            key: DeviceKey::Erased,
            application: String::new(),
            account: None,
            registered_at: 0,
            attested_at: UnixMillis(0),
            epoch: 0,
            window: ReplayWindow::after(Counter(u32::MAX)),
            tokens_after: 0,
            locked_at: None,
            revoked_at: Some(revoked_at),
        }
    }

    /// The device after this.
    #[must_use]
    pub fn after(self, change: Change) -> Self {
        match change {
            Change::Revoke(at) => Self { revoked_at: self.revoked_at.or(Some(at)), ..self },
            Change::Lock(at) => Self { locked_at: self.locked_at.or(Some(at)), ..self },
            Change::Unlock => Self { locked_at: None, ..self },
            Change::Attest(at) => {
                let locked_at = self.locked_at.filter(|locked| locked.saturating_mul(1000) > at.0);
                Self { attested_at: self.attested_at.max(at), locked_at, ..self }
            }
            Change::Epoch(epoch) => Self { epoch: self.epoch.max(epoch), ..self },
            Change::RevokeTokens(at) => Self { tokens_after: self.tokens_after.max(at), ..self },
            Change::Erase(at) => Self::erased(self.revoked_at.unwrap_or(at)),
        }
    }
}

impl DeviceKey {
    /// Whose app it is of; `None` if it is nobody's, or its record is damaged.
    #[must_use]
    pub fn environment(&self) -> Option<Environment> {
        match self {
            Self::AppAttest(key) => {
                AttestedKey::from_trusted_bytes(&key[..], &GenuineCrypto).ok()?.environment().into()
            }
            Self::KeyAttestation(key) => {
                AttestedKey::from_trusted_bytes(&key.key, &GenuineCrypto).ok()?.environment().into()
            }
            Self::PlayIntegrity(key) => Some(key.environment),
            Self::Erased => None,
        }
    }

    /// The number of its kind in stores, which stays.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Erased => 0,
            Self::AppAttest(_) => 1,
            Self::PlayIntegrity(_) => 2,
            Self::KeyAttestation(_) => 3,
        }
    }

    /// Its octets in stores.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        match self {
            Self::Erased => Vec::new(),
            Self::AppAttest(key) => key.to_vec(),
            Self::PlayIntegrity(ClientKey { point, environment }) => {
                let environment = match environment {
                    Environment::Development => 0,
                    Environment::Production => 1,
                };
                [&point[..], &[environment]].concat()
            }
            Self::KeyAttestation(key) => key.octets(),
        }
    }

    /// The key of this kind and these octets; `None` if the record is damaged.
    #[must_use]
    pub fn from_stored(kind: u8, octets: &[u8]) -> Option<Self> {
        match (kind, octets) {
            (0, []) => Some(Self::Erased),
            (1, key) => key.try_into().ok().map(Box::new).map(Self::AppAttest),
            (2, key) => {
                let key: &[u8; CLIENT] = key.try_into().ok()?;
                let (point, environment) = key.split_first_chunk()?;
                let environment = match environment {
                    [0] => Environment::Development,
                    [1] => Environment::Production,
                    _ => return None,
                };
                Some(Self::PlayIntegrity(ClientKey { point: *point, environment }))
            }
            (3, key) => HardwareKey::from_octets(key).map(Box::new).map(Self::KeyAttestation),
            _ => None,
        }
    }
}

/// No number, in the stored form.
const NONE: u64 = u64::MAX;

impl HardwareKey {
    /// The stored form: version (1 octet, `01`), key (130), level, provisioning and boot state (1 each), versions and patch levels and
    /// the number of certificates (8 each, big-endian, all ones for none), and the serial numbers: how many (1), and of each its length
    /// (1) and its octets.
    fn octets(&self) -> Vec<u8> {
        let provisioning = match self.provisioning {
            Provisioning::Factory => 0,
            Provisioning::Remote => 1,
        };
        let [level, boot_state] = [self.security_level.number(), self.boot_state.number()].map(octet);
        let mut octets = [&[HARDWARE][..], &self.key, &[level, provisioning, boot_state]].concat();
        for number in self.numbers() {
            octets.extend(number.unwrap_or(NONE).to_be_bytes());
        }
        octets.push(octet(self.serials.len() as u64));
        for serial in &self.serials {
            octets.push(octet(serial.as_bytes().len() as u64));
            octets.extend(serial.as_bytes());
        }
        octets
    }

    fn from_octets(octets: &[u8]) -> Option<Self> {
        let (&[HARDWARE], rest) = octets.split_first_chunk()? else { return None };
        let (key, rest) = rest.split_first_chunk()?;
        let (&[level, provisioning, boot_state], mut rest) = rest.split_first_chunk()?;
        let mut numbers = [None; 5];
        for number in &mut numbers {
            let octets;
            (octets, rest) = rest.split_first_chunk()?;
            *number = Some(u64::from_be_bytes(*octets)).filter(|number| *number != NONE);
        }
        let [os_version, os_patch_level, vendor_patch_level, boot_patch_level, certificates_issued] = numbers;
        let (&count, mut rest) = rest.split_first()?;
        let mut serials = Vec::new();
        for _ in 0..count {
            let (&length, others) = rest.split_first()?;
            let serial;
            (serial, rest) = others.split_at_checked(length.into())?;
            serials.push(Serial::from_slice(serial)?);
        }
        let provisioning = match provisioning {
            0 => Provisioning::Factory,
            1 => Provisioning::Remote,
            _ => return None,
        };
        (rest.is_empty() && serials.len() <= MAX_CERTIFICATES).then(|| Self {
            key: *key,
            security_level: u64::from(level).into(),
            provisioning,
            boot_state: u64::from(boot_state).into(),
            os_version,
            os_patch_level,
            vendor_patch_level,
            boot_patch_level,
            certificates_issued,
            serials,
        })
    }

    const fn numbers(&self) -> [Option<u64>; 5] {
        [self.os_version, self.os_patch_level, self.vendor_patch_level, self.boot_patch_level, self.certificates_issued]
    }
}

/// A number that has one octet.
fn octet(number: u64) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}
