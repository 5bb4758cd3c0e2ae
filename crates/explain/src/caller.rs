//! What the caller knows: what an object is held against.

use der::{Decode as _, pem};
use genuine::{
    Error, UnixTime,
    app_attest::{AttestedKey, AuthenticAssertion, Counter, ReplayWindow},
    crypto::{P256, PublicKey, RustCrypto, Sha256 as _},
};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::{
    policy::Requirements,
    text::{from_base64, from_hex},
};

/// The caller's side. What is `None` was not told, and the steps that need it are not asked.
#[derive(Clone, Debug, Default)]
pub struct CallerSide {
    /// The App ID: prefix, period, bundle identifier.
    pub app_id: Option<String>,
    /// The key identifier as the client sent it: base64, not decoded.
    pub key_id: Option<String>,
    /// The challenge or client data, or its hash.
    pub client_data: Option<ClientData>,
    /// The attested key, for assertions.
    pub public_key: Option<StoredKey>,
    /// The counter last accepted, for assertions.
    pub last_counter: Option<LastCounter>,
    /// What the policy requires beside the app.
    pub requirements: Requirements,
    /// The time of verification, for attestations.
    pub at: Option<UnixTime>,
}

impl CallerSide {
    /// This side, with what it leaves open taken from another.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let environment = self.requirements.environment.or(other.requirements.environment);
        let told = Requirements { environment: None, ..self.requirements.clone() } != Requirements::default();
        let requirements = if told { self.requirements } else { other.requirements };
        Self {
            app_id: self.app_id.or(other.app_id),
            key_id: self.key_id.or(other.key_id),
            client_data: self.client_data.or(other.client_data),
            public_key: self.public_key.or(other.public_key),
            last_counter: self.last_counter.or(other.last_counter),
            requirements: Requirements { environment, ..requirements },
            at: self.at.or(other.at),
        }
    }
}

/// What the device was given to sign, as the caller has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientData {
    /// The challenge or client data before hashing, if the caller has it.
    pub data: Option<Vec<u8>>,
    /// What the verifier passes to the engine: any number of bytes.
    pub hash: Vec<u8>,
}

impl ClientData {
    /// A challenge, or the client data of a request: hashed once, as Apple asks.
    #[must_use]
    pub fn of_data(data: Vec<u8>) -> Self {
        Self { hash: sha256(&data).to_vec(), data: Some(data) }
    }

    /// A hash, or whatever the app passed for one.
    #[must_use]
    pub const fn of_hash(hash: Vec<u8>) -> Self {
        Self { data: None, hash }
    }
}

/// The attested key as the caller stored it, not looked at yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey(pub Vec<u8>);

impl StoredKey {
    /// Reads PEM of a public key, or base64 or hexadecimal digits of 65 octets `04 ‖ X ‖ Y`, or those of the 130 octets that
    /// [`AttestedKey::to_bytes`](genuine::app_attest::AttestedKey::to_bytes) gave.
    ///
    /// # Errors
    ///
    /// Why the text is none of these. Whether the octets are a key is for the engine to say.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with("-----BEGIN") {
            let (label, der) = pem::decode_vec(text.as_bytes()).map_err(|error| format!("not PEM: {error}"))?;
            let info = SubjectPublicKeyInfoRef::from_der(&der).ok().filter(|_| label == "PUBLIC KEY");
            let info = info.ok_or("PEM, but not of one public key")?;
            let point = info.subject_public_key.as_bytes().ok_or("a public key with bits left over")?;
            return Ok(Self(point.to_vec()));
        }
        from_hex(text).or_else(|| from_base64(text)).map(Self).ok_or_else(|| "neither PEM nor base64".to_owned())
    }
}

impl StoredKey {
    /// The octets as a point, if they are one of either form.
    pub(crate) fn point(&self) -> Option<PublicKey<P256>> {
        if self.is_record() {
            return AttestedKey::from_trusted_bytes(&self.0, &RustCrypto).ok().map(|key| key.public_key());
        }
        PublicKey::<P256>::from_uncompressed(&self.0)
    }

    /// Whether these are the octets of an [`AttestedKey`], which names its app and its environment.
    pub(crate) const fn is_record(&self) -> bool {
        self.0.len() == AttestedKey::ENCODED_LEN
    }
}

/// What the caller stored as the key's last counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LastCounter {
    /// No counter is stored for this key: a key that was never registered.
    UnknownKey,
    /// The counter of the last accepted assertion; 0 after registration.
    Is(Counter),
    /// The stored form of the key's replay window, in which counters are accepted that overtake each other.
    Window(Vec<u8>),
}

impl LastCounter {
    /// The engine's decision (step B5).
    pub(crate) fn accept(&self, authentic: AuthenticAssertion<'_>) -> Result<(), Error> {
        match self {
            Self::UnknownKey => Err(Error::UnknownKey),
            Self::Is(last) => authentic.accept_without_store(*last).map(drop),
            Self::Window(window) => {
                let window = ReplayWindow::from_trusted_bytes(window)?;
                authentic.accept_in_window_without_store(window).map(drop)
            }
        }
    }
}

/// SHA-256 by the engine's backend, which is always there.
pub(crate) fn sha256(octets: &[u8]) -> [u8; 32] {
    sha256_of(&[octets])
}

/// As [`sha256`], of parts one behind the other.
pub(crate) fn sha256_of(parts: &[&[u8]]) -> [u8; 32] {
    RustCrypto.sha256(parts).unwrap_or_default()
}
