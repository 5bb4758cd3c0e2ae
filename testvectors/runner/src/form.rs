//! The packed form, and what the engine says about a case.

use core::{fmt, slice};

use genuine::app_attest::{
    AppIdHash, Assertion, AssertionVerifier, AttestationObject, AttestationVerifier, AttestedKey, ClientDataHash,
    Counter, Environment, KeyId, OsBuild, OsVersion, Platform, Policy, ReplayWindow, ValidationCategory,
};
use genuine::crypto::{Crypto, P256PublicKey, P384PublicKey};
use genuine::x509::TrustAnchor;
use genuine::{Error, UnixTime};
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// The most bytes of a packed case or header: an object one byte over its cap of 16 KiB, and 1 KiB for all else.
pub const MAX_CASE: usize = 17 * 1024;

/// The most cases of a table.
pub const MAX_CASES: usize = 1024;

/// The most values that a policy of the table lists of one kind.
pub const MAX_REQUIRED: usize = 4;

/// The bytes of the length before each frame, little-endian.
pub const FRAME_LENGTH: usize = 2;

/// The bytes are not a packed table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a packed table")
    }
}

impl core::error::Error for Malformed {}

/// What all cases share; the first frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Header<'t> {
    /// The subject of the trust anchor, a `Name` in DER.
    pub anchor_subject: &'t [u8],
    /// The key of the trust anchor, `X ‖ Y`.
    pub anchor_key: &'t [u8],
    /// How many cases follow.
    pub cases: u16,
}

impl<'t> Header<'t> {
    /// Reads a frame.
    ///
    /// # Errors
    ///
    /// If it is not a header.
    pub fn decode(frame: &'t [u8]) -> Result<Self, Malformed> {
        decode(frame)
    }

    /// The trust anchor of every attestation.
    ///
    /// # Errors
    ///
    /// If the key is not 96 bytes long.
    pub fn anchor(&self) -> Result<TrustAnchor<'t>, Malformed> {
        let key = self.anchor_key.try_into().map_err(|_| Malformed)?;
        Ok(TrustAnchor::new(self.anchor_subject, P384PublicKey(key)))
    }
}

/// An object, all that its verification is given, and the verdict that it must have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Case<'t> {
    /// The vector's id.
    pub id: &'t str,
    /// The position in the table, from 0.
    pub position: u16,
    /// The position of the good case that differs in one place; none if this one must pass.
    pub twin: Option<u16>,
    /// The number of the error; none if the object must be accepted.
    pub expected: Option<u16>,
    /// The App ID that the policy lists.
    pub app_id: &'t str,
    /// Whether the policy allows development keys and no others, instead of production keys and no others.
    pub development: bool,
    /// Validation categories that the policy accepts; empty: none required.
    pub categories: Vec<u32, MAX_REQUIRED>,
    /// Bundle versions that the policy accepts; empty: none required.
    #[serde(borrow)]
    pub bundle_versions: Vec<&'t str, MAX_REQUIRED>,
    /// What else the policy requires.
    #[serde(borrow)]
    pub requirements: Requirements<'t>,
    /// The client data hash.
    pub client_data_hash: &'t [u8],
    /// The object.
    pub object: Object<'t>,
}

/// What a policy requires of code, device, age and counter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Requirements<'t> {
    /// Code hashes that the policy accepts; empty: none required.
    #[serde(borrow)]
    pub code_hashes: Vec<&'t [u8], MAX_REQUIRED>,
    /// Platforms that the policy accepts; empty: none required.
    pub platforms: Vec<&'t str, MAX_REQUIRED>,
    /// The least version.
    pub os_version: Option<&'t str>,
    /// The least build for each platform; empty: none required.
    pub os_builds: Vec<(&'t str, &'t str), MAX_REQUIRED>,
    /// The access-control list of keys on Macs.
    pub macos_access_control: Option<&'t [u8]>,
    /// The greatest age of an attestation in seconds.
    pub attestation_age: Option<u64>,
    /// The greatest step of a counter.
    pub counter_step: Option<u32>,
}

/// The bytes of an object, and what is given with an object of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Object<'t> {
    /// An attestation.
    Attestation {
        /// The object.
        bytes: &'t [u8],
        /// The key identifier as the client sent it, of any length.
        key_id: &'t [u8],
        /// The attested key, `04 ‖ X ‖ Y`.
        public_key: &'t [u8],
        /// The time of verification, Unix seconds.
        now: u64,
    },
    /// An assertion.
    Assertion {
        /// The object.
        bytes: &'t [u8],
        /// The stored key, `04 ‖ X ‖ Y`.
        public_key: &'t [u8],
        /// The counter last accepted.
        previous_counter: u32,
        /// The stored form of the window in its place, if the counter is accepted in one.
        previous_window: Option<&'t [u8]>,
    },
}

impl<'t> Case<'t> {
    /// Reads a frame.
    ///
    /// # Errors
    ///
    /// If it is not a case.
    pub fn decode(frame: &'t [u8]) -> Result<Self, Malformed> {
        decode(frame)
    }

    /// The letters before the first hyphen of the id: the group of the threat table.
    #[must_use]
    pub fn group(&self) -> &'t str {
        self.id.split_once('-').map_or(self.id, |(group, _)| group)
    }

    /// What the engine says: parsed, verified and, an assertion, accepted after its previous counter.
    ///
    /// # Errors
    ///
    /// The engine's, and [`Error::PublicKeyInvalid`], which no attestation can provoke, if the attested key is not the
    /// case's.
    pub fn verdict<C: Crypto + ?Sized>(&self, anchor: &TrustAnchor<'_>, crypto: &C) -> Result<(), Error> {
        let app_id = AppIdHash::of(self.app_id, crypto)?;
        let apps = [app_id];
        let categories: Vec<_, MAX_REQUIRED> = self.categories.iter().copied().map(ValidationCategory).collect();
        let mut policy = Policy::new(&apps);
        if self.development {
            policy = policy.only_development();
        }
        if !categories.is_empty() {
            policy = policy.require_categories(&categories);
        }
        if !self.bundle_versions.is_empty() {
            policy = policy.require_bundle_versions(&self.bundle_versions);
        }
        let Requirements { code_hashes, platforms, os_version, os_builds, macos_access_control, .. } =
            &self.requirements;
        if !code_hashes.is_empty() {
            policy = policy.require_code_hashes(code_hashes);
        }
        let platforms: Vec<_, MAX_REQUIRED> = platforms.iter().copied().map(Platform::named).collect();
        if !platforms.is_empty() {
            policy = policy.require_platforms(&platforms);
        }
        if let Some(least) = os_version {
            policy = policy.require_os_version(OsVersion::parse(least).ok_or(Error::OsVersionMissing)?);
        }
        let mut builds: Vec<_, MAX_REQUIRED> = Vec::new();
        for (platform, least) in os_builds {
            let least = OsBuild::parse(least).ok_or(Error::OsBuildMissing)?;
            builds.push((Platform::named(platform), least)).map_err(|_| Error::OsBuildMissing)?;
        }
        if !builds.is_empty() {
            policy = policy.require_os_builds(&builds);
        }
        if let Some(list) = macos_access_control {
            policy = policy.require_macos_access_control(list);
        }
        if let Some(seconds) = self.requirements.attestation_age {
            policy = policy.limit_attestation_age(seconds);
        }
        if let Some(greatest) = self.requirements.counter_step {
            policy = policy.limit_counter_step(greatest);
        }
        let client_data = ClientDataHash(self.client_data_hash);

        match self.object {
            Object::Attestation { bytes, key_id, public_key, now } => {
                let verifier = AttestationVerifier::new(policy, slice::from_ref(anchor), crypto);
                // Looked at where it is, because `?` copies what it takes out of a result, and boards measure this.
                match &AttestationObject::parse(bytes) {
                    Ok(object) => {
                        let key_id = KeyId::from_slice(key_id)?;
                        let proof = verifier.verify(object, &key_id, &client_data, UnixTime(now))?;
                        let attested = Some(proof.key().public_key());
                        if attested == P256PublicKey::from_uncompressed(public_key) {
                            Ok(())
                        } else {
                            Err(Error::PublicKeyInvalid)
                        }
                    }
                    Err(error) => Err(*error),
                }
            }
            Object::Assertion { bytes, public_key, previous_counter, previous_window } => {
                let assertion = Assertion::parse(bytes)?;
                let point = P256PublicKey::from_uncompressed(public_key).ok_or(Error::PublicKeyInvalid)?;
                let environment = if self.development { Environment::Development } else { Environment::Production };
                let key = AttestedKey::from_trusted_parts(&point, app_id, environment, crypto)?;
                let window = previous_window.map(ReplayWindow::from_trusted_bytes).transpose()?;
                let authentic = AssertionVerifier::new(policy, crypto).verify(&assertion, &key, &client_data)?;
                match window {
                    Some(window) => authentic.accept_in_window(window).map(drop),
                    None => authentic.accept(Counter(previous_counter)).map(drop),
                }
            }
        }
    }
}

/// Reads a table that is in memory as a whole: its header, and its cases in order.
///
/// # Errors
///
/// If it does not start with a header.
pub fn open(pack: &[u8]) -> Result<(Header<'_>, Cases<'_>), Malformed> {
    let (header, rest) = split_frame(pack).ok_or(Malformed)?;
    Ok((Header::decode(header)?, Cases { rest }))
}

/// The cases of a table that is in memory; see [`open`].
#[derive(Clone, Debug)]
pub struct Cases<'t> {
    rest: &'t [u8],
}

impl<'t> Iterator for Cases<'t> {
    type Item = Result<Case<'t>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let Some((frame, rest)) = split_frame(self.rest) else {
            self.rest = &[];
            return Some(Err(Malformed));
        };
        self.rest = rest;
        Some(Case::decode(frame))
    }
}

fn split_frame(pack: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = pack.split_first_chunk::<FRAME_LENGTH>()?;
    rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))
}

/// Reads a value that fills its frame.
fn decode<'t, T: Deserialize<'t>>(frame: &'t [u8]) -> Result<T, Malformed> {
    match postcard::take_from_bytes(frame) {
        Ok((value, [])) => Ok(value),
        _ => Err(Malformed),
    }
}
