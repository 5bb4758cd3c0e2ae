//! The packed form, and what the engine says about a vector.

use core::{fmt, slice};

use genuine::app_attest::{
    AppIdHash, Assertion, AssertionVerifier, AttestationCrypto, AttestationObject, AttestationVerifier, AttestedKey,
    ClientDataHash, Counter, KeyId, ReplayWindow,
};
use genuine::crypto::{P256, P384, PublicKey};
use genuine::x509::TrustAnchor;
use genuine::{Error, UnixTime};
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// The most bytes of a packed vector or header: an object one byte over its cap of 16 KiB, and 1 KiB for all else.
pub const MAX_VECTOR: usize = 17 * 1024;

/// The most vectors of a suite.
pub const MAX_VECTORS: usize = 1024;

/// The most values that a policy of the suite lists of one kind.
pub const MAX_REQUIRED: usize = 4;

/// The bytes of the length before each frame, little-endian.
pub const FRAME_LENGTH: usize = 2;

/// The bytes are not a packed suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a packed suite")
    }
}

impl core::error::Error for Malformed {}

/// What all vectors share; the first frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Header<'t> {
    /// The subject of the trust anchor, a `Name` in DER.
    pub anchor_subject: &'t [u8],
    /// The key of the trust anchor, `X ‖ Y`.
    pub anchor_key: &'t [u8],
    /// How many vectors follow.
    pub vectors: u16,
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
        Ok(TrustAnchor::new(self.anchor_subject, PublicKey::<P384>(key)))
    }
}

/// An object, all that its verification is given, and the verdict that it must have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct PackedVector<'t> {
    /// The vector's id.
    pub id: &'t str,
    /// The position in the suite, from 0.
    pub position: u16,
    /// The position of the good vector that differs in one place; none if this one must pass.
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

impl<'t> PackedVector<'t> {
    /// Reads a frame.
    ///
    /// # Errors
    ///
    /// If it is not a vector.
    pub fn decode(frame: &'t [u8]) -> Result<Self, Malformed> {
        decode(frame)
    }

    /// What stands before the `::` of the id: the group.
    #[must_use]
    pub fn group(&self) -> &'t str {
        self.id.split_once("::").map_or(self.id, |(group, _)| group)
    }

    /// What the engine says: parsed, verified and, an assertion, accepted after its previous counter.
    ///
    /// # Errors
    ///
    /// The engine's, and [`Error::PublicKeyInvalid`], which no attestation can provoke, if the attested key is not the
    /// vector's.
    pub fn verdict<C: AttestationCrypto + ?Sized>(&self, anchor: &TrustAnchor<'_>, crypto: &C) -> Result<(), Error> {
        let app_id = AppIdHash::of(self.app_id, crypto)?;
        let terms = self.terms()?;
        let policies = [terms.policy(app_id, Some(self.environment()))];
        let client_data = ClientDataHash::new(self.client_data_hash)?;

        match self.object {
            Object::Attestation { bytes, key_id, public_key, now } => {
                let verifier = AttestationVerifier::new(&policies, slice::from_ref(anchor), crypto)?;
                // Looked at where it is, because `?` copies what it takes out of a result, and boards measure this.
                match &AttestationObject::parse(bytes) {
                    Ok(object) => {
                        let key_id = KeyId::from_slice(key_id)?;
                        let proof = verifier.verify(object, &key_id, &client_data, UnixTime(now))?;
                        let attested = Some(proof.key().public_key());
                        if attested == PublicKey::<P256>::from_uncompressed(public_key) {
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
                let point = PublicKey::<P256>::from_uncompressed(public_key).ok_or(Error::PublicKeyInvalid)?;
                let key = AttestedKey::from_trusted_parts(&point, app_id, self.environment(), crypto)?;
                let window = previous_window.map(ReplayWindow::from_trusted_bytes).transpose()?;
                let authentic = AssertionVerifier::new(&policies, crypto)?.verify(&assertion, &key, &client_data)?;
                match window {
                    Some(window) => authentic.accept_in_window_without_store(window).map(drop),
                    None => authentic.accept_without_store(Counter(previous_counter)).map(drop),
                }
            }
        }
    }
}

/// Reads a suite that is in memory as a whole: its header, and its vectors in order.
///
/// # Errors
///
/// If it does not start with a header.
pub fn open(pack: &[u8]) -> Result<(Header<'_>, PackedVectors<'_>), Malformed> {
    let (header, rest) = split_frame(pack).ok_or(Malformed)?;
    Ok((Header::decode(header)?, PackedVectors { rest }))
}

/// The vectors of a suite that is in memory; see [`open`].
#[derive(Clone, Debug)]
pub struct PackedVectors<'t> {
    rest: &'t [u8],
}

impl<'t> Iterator for PackedVectors<'t> {
    type Item = Result<PackedVector<'t>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let Some((frame, rest)) = split_frame(self.rest) else {
            self.rest = &[];
            return Some(Err(Malformed));
        };
        self.rest = rest;
        Some(PackedVector::decode(frame))
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
