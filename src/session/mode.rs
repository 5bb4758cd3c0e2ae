//! What the outcome of an attestation means for a transaction: modes, statuses, roll-out and least versions.
//!
//! A [`Mode`] is set for each platform and application. Under [`Mode::Off`] nothing is verified, under [`Mode::Optional`] nobody is
//! refused for an outcome, and under [`Mode::Required`] nothing passes but what is verified. [`Mode::decide`] is a pure function; storing the
//! [`Lock`] and the [`Status`] is the caller's.
//!
//! | | off | optional | required |
//! |---|---|---|---|
//! | verified | allow | allow | allow |
//! | failed | allow | allow, ask again | refuse and lock |
//! | anything else | allow | allow, ask again | refuse |
//! | of a locked device, verified | refuse | allow, and open the lock | allow, and open the lock |
//! | of a locked device, anything else | refuse | refuse | refuse |
//!
//! Off says `NOT_PERFORMED` of a device that is not locked, whatever it is handed, since nothing was verified under it; only that the
//! client has no platform to ask is told as it is. What could not be decided, such as an outage of the platform's provider, is no failure: it
//! locks nobody. It is no success either.
//!
//! A lock outlives a change of mode, so that neither a slip in the configuration nor a phase of a roll-out opens what a failed
//! attestation has closed. A device opens it by a successful attestation, and by nothing else: under `OFF` nothing is verified, so
//! whoever turns verification off and wants locked devices back removes the locks from the store, knowingly.
//!
//! To roll out, start with new devices at `REQUIRED`; take the existing ones to `OPTIONAL`, count outcomes by
//! [`Error::code`], and then raise a [`Rollout`] from `OPTIONAL` to `REQUIRED`.

use core::fmt;

use super::secret::length;
#[cfg(feature = "play-integrity")]
use crate::error::play_integrity;
use crate::{
    crypto::{Backend, Sha256},
    encoding::text::split_once,
    error::{Class, Error, Step, app_attest, session},
};

/// How much an attestation counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "UPPERCASE"))]
pub enum Mode {
    /// `OFF`: nothing is asked for, and nothing verified.
    #[default]
    Off,
    /// `OPTIONAL`: an attestation is verified, and no outcome fails the transaction of a device that is not locked.
    Optional,
    /// `REQUIRED`: the transaction fails without a verified attestation, and a failed one locks the device.
    Required,
}

/// Whether a device is locked, as the caller stores it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Lock {
    /// The device is not locked.
    #[default]
    Open,
    /// An attestation of the device has failed under [`Mode::Required`], and none has succeeded since.
    Locked,
}

/// How an attestation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Outcome {
    /// The client sent none.
    NotPerformed,
    /// It was asked for and has not come yet.
    Pending,
    /// A verifier accepted it.
    Verified,
    /// A verifier refused it.
    Failed,
    /// The client says that its platform has none to offer. Everybody can say so.
    NotSupported,
    /// The platform answered, and its answer says that it evaluated nothing (`UNEVALUATED` of Play Integrity).
    Unevaluated,
    /// Nobody could decide: an outage, a timeout, a fault on this side.
    Unavailable,
    /// The attestation, the challenge or the token was genuine, and this was not its time: mostly, it is over.
    Expired,
}

impl Outcome {
    /// The outcome of a verification, by its error: what was not evaluated, was not in its time, or could not be decided is no
    /// failure; everything else is.
    ///
    /// A wrong clock, on either side, shows as [`Expired`](Self::Expired), so that it locks nobody.
    pub fn of<T>(verification: &Result<T, Error>) -> Self {
        match verification {
            Ok(_) => Self::Verified,
            #[cfg(feature = "play-integrity")]
            Err(Error::PlayAppUnevaluated | Error::PlayLicensingUnevaluated) => Self::Unevaluated,
            Err(error) => match (error.class(), error.step()) {
                (Class::Unavailable, _) => Self::Unavailable,
                (_, Some(Step::Session(session::Step::Time) | Step::AppAttest(app_attest::Step::Validity))) => {
                    Self::Expired
                }
                #[cfg(feature = "play-integrity")]
                (_, Some(Step::PlayIntegrity(play_integrity::Step::Time))) => Self::Expired,
                (Class::Malformed | Class::Rejected, _) => Self::Failed,
            },
        }
    }
}

/// What to do with the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Decision {
    /// Go on.
    Allow,
    /// Go on, and ask for an attestation the next time.
    AllowAndAskAgain,
    /// Fail the transaction.
    Refuse,
    /// Fail the transaction, and lock the device.
    RefuseAndLock,
}

impl Decision {
    /// Whether the transaction goes on.
    #[must_use]
    pub const fn allows(self) -> bool {
        matches!(self, Self::Allow | Self::AllowAndAskAgain)
    }
}

/// What is stored of a device, and told to who runs the service. The client is told a [`Class`] at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "SCREAMING_SNAKE_CASE"))]
#[non_exhaustive]
pub enum Status {
    /// `NOT_PERFORMED`: no attestation came, or none was asked for.
    NotPerformed,
    /// `PENDING`: one was asked for and has not come yet.
    Pending,
    /// `VERIFIED`: it was verified and accepted.
    Verified,
    /// `FAILED`: it was refused.
    Failed,
    /// `NOT_SUPPORTED`: the client says that its platform has none.
    NotSupported,
    /// `UNEVALUATED`: the platform evaluated nothing.
    Unevaluated,
    /// `UNAVAILABLE`: nobody could decide.
    Unavailable,
    /// `EXPIRED`: it was genuine, and its time is over.
    Expired,
    /// `LOCKED`: an earlier one failed under `REQUIRED`, and the device is locked since.
    Locked,
}

impl Status {
    /// The name as it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotPerformed => "NOT_PERFORMED",
            Self::Pending => "PENDING",
            Self::Verified => "VERIFIED",
            Self::Failed => "FAILED",
            Self::NotSupported => "NOT_SUPPORTED",
            Self::Unevaluated => "UNEVALUATED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Expired => "EXPIRED",
            Self::Locked => "LOCKED",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A decision, and what to store with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "a decision that is not carried out allows everything"]
#[non_exhaustive]
pub struct Ruling {
    /// What to do with the transaction.
    pub decision: Decision,
    /// Whether the device is locked from now on.
    pub lock: Lock,
    /// What to store of the attestation.
    pub status: Status,
}

impl Mode {
    /// Reads `OFF`, `OPTIONAL` or `REQUIRED`; `None` for anything else, a small letter among it: a mode that nobody understands
    /// is a mistake to report at start, and never `OFF`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Off, Self::Optional, Self::Required].into_iter().find(|mode| mode.as_str() == text)
    }

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "OFF",
            Self::Optional => "OPTIONAL",
            Self::Required => "REQUIRED",
        }
    }

    /// Whether to ask for an attestation and to verify it: under `OFF` nothing is.
    #[must_use]
    pub const fn verifies(self) -> bool {
        matches!(self, Self::Optional | Self::Required)
    }

    /// What the outcome of an attestation means for the transaction of a device that is locked or not.
    pub const fn decide(self, outcome: Outcome, lock: Lock) -> Ruling {
        let (decision, status) = match (self, lock, outcome) {
            (Self::Required | Self::Optional, _, Outcome::Verified) => (Decision::Allow, Status::Verified),
            (Self::Required, Lock::Open, Outcome::Failed) => (Decision::RefuseAndLock, Status::Failed),
            (Self::Required, Lock::Open, other) => (Decision::Refuse, status(other)),
            (_, Lock::Locked, _) => (Decision::Refuse, Status::Locked),
            (Self::Optional, Lock::Open, other) => (Decision::AllowAndAskAgain, status(other)),
            (Self::Off, Lock::Open, Outcome::NotSupported) => (Decision::Allow, Status::NotSupported),
            (Self::Off, Lock::Open, _) => (Decision::Allow, Status::NotPerformed),
        };
        let lock = match (decision, lock) {
            (Decision::RefuseAndLock, _) | (Decision::Refuse, Lock::Locked) => Lock::Locked,
            _ => Lock::Open,
        };
        Ruling { decision, lock, status }
    }
}

/// The status of an outcome where nothing else has a say.
const fn status(outcome: Outcome) -> Status {
    match outcome {
        Outcome::NotPerformed => Status::NotPerformed,
        Outcome::Pending => Status::Pending,
        Outcome::Verified => Status::Verified,
        Outcome::Failed => Status::Failed,
        Outcome::NotSupported => Status::NotSupported,
        Outcome::Unevaluated => Status::Unevaluated,
        Outcome::Unavailable => Status::Unavailable,
        Outcome::Expired => Status::Expired,
    }
}

/// The beginning of what is hashed to place a device.
const COHORT_LABEL: &[u8] = b"genuine roll-out 1\n";

/// How many places there are: a hundredth of a percent each.
const PLACES: u16 = 10_000;

/// Where a device stands in a roll-out: one of 10,000 places, the same at every time and on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Cohort(u16);

impl Cohort {
    /// The place of a device by the SHA-256 of a label and its identifier.
    ///
    /// Roll-outs of different labels place devices independently, so that it is not always the same ones that go first. The
    /// identifier is one that the device does not choose, such as that of its account or installation. A client that may make
    /// identifiers until one has a late place, as it may with attested keys, is not held by a roll-out; a label that is
    /// secret keeps it from seeing which these are.
    ///
    /// # Errors
    ///
    /// [`Error::CryptoUnavailable`].
    pub fn of<C: Sha256 + ?Sized>(label: &[u8], identifier: &[u8], crypto: &C) -> Result<Self, Error> {
        let hash = Backend::new(crypto).sha256::<Error>(&[COHORT_LABEL, &length(label), label, identifier])?;
        Ok(Self::from_hash(&hash))
    }

    /// The place of a hash that the caller computed. Its octets have to be as good as random: those of a counter would all
    /// stand in one place.
    #[must_use]
    pub fn from_hash(hash: &[u8; 32]) -> Self {
        let [a, b, c, d, ..] = *hash;
        // The upper half of the product is below 10,000, and the places are of one size but for 1 in 400,000.
        let place = u64::from(u32::from_be_bytes([a, b, c, d])).saturating_mul(u64::from(PLACES)) >> 32;
        Self(u16::try_from(place).unwrap_or(PLACES))
    }
}

/// How many devices a roll-out has reached, in hundredths of a percent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Rollout(u16);

impl Rollout {
    /// No device.
    pub const NONE: Self = Self(0);

    /// Every device.
    pub const ALL: Self = Self(PLACES);

    /// So many hundredths of a percent; `None` above 10,000.
    #[must_use]
    pub const fn from_hundredths(hundredths: u16) -> Option<Self> {
        if hundredths <= PLACES { Some(Self(hundredths)) } else { None }
    }

    /// Whether the roll-out has reached a device. A device that is reached stays so while the share rises.
    #[must_use]
    pub const fn includes(self, cohort: Cohort) -> bool {
        cohort.0 < self.0
    }
}

/// The version of a client: up to four numbers, those left out being zero, compared as numbers: 3.17 is above 3.9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ClientVersion([u32; 4]);

/// The client is older than what is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Upgrade {
    /// The least version that is.
    pub least: ClientVersion,
}

impl ClientVersion {
    /// The version of these numbers.
    #[must_use]
    pub const fn new(numbers: [u32; 4]) -> Self {
        Self(numbers)
    }

    /// Reads one to four decimal numbers with periods between them, such as `3.17` or `3.15.0`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mut numbers, mut rest) = ([0; 4], Some(text));
        for place in &mut numbers {
            let Some(text) = rest else { break };
            let (digits, after) = split_once(text, b'.').map_or((text, None), |(digits, after)| (digits, Some(after)));
            *place = number(digits)?;
            rest = after;
        }
        if rest.is_none() { Some(Self(numbers)) } else { None }
    }

    /// Whether a client is not older than this, the least version that is supported. A client that names none, or one that
    /// nobody can read, is older than every version.
    ///
    /// A client names its version itself: this spares an old one a failure that nobody understands, and stops nobody who lies.
    ///
    /// # Errors
    ///
    /// [`Upgrade`], with this version.
    pub fn supports(self, client: Option<Self>) -> Result<(), Upgrade> {
        match client {
            Some(client) if client >= self => Ok(()),
            _ => Err(Upgrade { least: self }),
        }
    }
}

/// A decimal number that fits 32 bits, with any number of zeros in front.
fn number(digits: &str) -> Option<u32> {
    let digit = |sum: u32, octet: u8| match octet {
        b'0'..=b'9' => sum.checked_mul(10)?.checked_add(u32::from(octet & 0x0F)),
        _ => None,
    };
    if digits.is_empty() { None } else { digits.bytes().try_fold(0, digit) }
}

impl fmt::Display for ClientVersion {
    /// Two numbers, or as many as it takes to the last that is not zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [major, minor, 0, 0] => write!(f, "{major}.{minor}"),
            [major, minor, patch, 0] => write!(f, "{major}.{minor}.{patch}"),
            [major, minor, patch, build] => write!(f, "{major}.{minor}.{patch}.{build}"),
        }
    }
}

impl fmt::Display for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "upgrade to {} or later", self.least)
    }
}

impl core::error::Error for Upgrade {}
