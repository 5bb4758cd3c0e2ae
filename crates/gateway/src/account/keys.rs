//! The public keys of an identity provider: a JWK set (RFC 7517 §5) in a file.

use std::{fs::File, io::Read as _, path::Path};

use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, Header,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The largest file, in octets: keys may come with their certificates.
const FILE: u64 = 256 * 1024;
/// The most keys of a set.
const KEYS: usize = 32;
/// The sizes of an RSA modulus, in octets: 2048 to 8192 bits.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;

/// The algorithms of signatures that an RSA key verifies (RFC 7518 §3.3, §3.5).
const RSA: &[Algorithm] =
    &[Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384, Algorithm::PS512];

/// The public keys that tokens are verified with. Two sets are equal if they were read from the same octets.
pub struct KeySet {
    read_from: [u8; 32],
    keys: Vec<Key>,
}

/// A key, and what it may be used for.
struct Key {
    kid: Option<String>,
    algorithms: Vec<Algorithm>,
    public: DecodingKey,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

impl PartialEq for KeySet {
    fn eq(&self, other: &Self) -> bool {
        self.read_from == other.read_from
    }
}

impl KeySet {
    /// Reads a set.
    ///
    /// # Errors
    ///
    /// That the file cannot be read or has more than 256 KiB, and what [`parse`](Self::parse) says; with its path.
    pub fn read(path: &Path) -> Result<Self, String> {
        let named = |mistake: &str| format!("{}: {mistake}", path.display());
        let mut text = Vec::new();
        let file = File::open(path).map_err(|error| named(&error.to_string()))?;
        file.take(FILE + 1).read_to_end(&mut text).map_err(|error| named(&error.to_string()))?;
        if text.len() as u64 > FILE {
            return Err(named("more than 256 KiB"));
        }
        Self::parse(&text).map_err(named)
    }

    /// Takes the keys of a set that verify signatures of RS256 to RS512, PS256 to PS512, ES256, ES384 or `EdDSA` on Ed25519,
    /// and passes over the others, as RFC 7517 §5 has it: such for encryption, secrets, other curves.
    ///
    /// # Errors
    ///
    /// That it is no JWK set, has more than 32 keys, a private one, or none that is usable.
    pub fn parse(text: &[u8]) -> Result<Self, &'static str> {
        let Set { keys } = serde_json::from_slice(text).map_err(|_| "this is no JWK set")?;
        if keys.len() > KEYS {
            return Err("more than 32 keys");
        }
        if keys.iter().any(|key| key.get("d").is_some()) {
            return Err("a private key is in it, which nobody but the identity provider should have");
        }
        let keys: Vec<_> = keys.into_iter().filter_map(Key::of).collect();
        if keys.is_empty() {
            return Err("no key in it is of RSA from 2048 bits, P-256, P-384 or Ed25519, and for signatures");
        }
        Ok(Self { read_from: Sha256::digest(text).into(), keys })
    }

    /// The keys that may have signed a token with this header: for its algorithm, and of its key identifier if it has one.
    pub(super) fn candidates<'k>(&'k self, header: &'k Header) -> impl Iterator<Item = &'k DecodingKey> {
        let has_kid = |key: &Key| header.kid.is_none() || header.kid == key.kid;
        self.keys.iter().filter(move |key| key.algorithms.contains(&header.alg) && has_kid(key)).map(|key| &key.public)
    }
}

impl Key {
    fn of(jwk: Value) -> Option<Self> {
        let Jwk { common, algorithm } = serde_json::from_value(jwk).ok()?;
        if !matches!(common.public_key_use, None | Some(PublicKeyUse::Signature)) {
            return None;
        }
        if common.key_operations.as_ref().is_some_and(|operations| !operations.contains(&KeyOperations::Verify)) {
            return None;
        }
        // A secret would make everybody who verifies one who signs, and a public key is none.
        let possible = match &algorithm {
            AlgorithmParameters::RSA(_) => RSA,
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => &[Algorithm::ES256],
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => &[Algorithm::ES384],
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
            _ => return None,
        };
        let algorithms: Vec<_> = match common.key_algorithm {
            None => possible.to_vec(),
            Some(named) => Algorithm::try_from(named).into_iter().filter(|named| possible.contains(named)).collect(),
        };
        let kid = common.key_id.clone();
        let public = DecodingKey::from_jwk(&Jwk { common, algorithm }).ok()?;
        (!algorithms.is_empty() && has_size(&public, possible)).then_some(Self { kid, algorithms, public })
    }
}

/// Whether a key has the size of one for these algorithms.
fn has_size(key: &DecodingKey, algorithms: &[Algorithm]) -> bool {
    match (key.kind(), algorithms) {
        (DecodingKeyKind::RsaModulusExponent { n, .. }, _) => {
            MODULUS.contains(&n.iter().skip_while(|octet| **octet == 0).count())
        }
        // A point is 4, x and y (SEC 1 §2.3.3).
        (DecodingKeyKind::SecretOrDer(point), [Algorithm::ES256]) => point.len() == 1 + 2 * 32,
        (DecodingKeyKind::SecretOrDer(point), [Algorithm::ES384]) => point.len() == 1 + 2 * 48,
        (DecodingKeyKind::SecretOrDer(point), _) => point.len() == 32,
    }
}
