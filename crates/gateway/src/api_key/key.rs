//! One key: whose it is, what it is for, and how somebody shows that they have it.

use genuine::crypto::{GenuineCrypto, HmacSha256 as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::KeyFault;

/// What a key begins with.
pub(super) const PREFIX: &str = "gk_";
/// How many octets of an identifier are random: 16 characters of base64url.
pub(super) const ID: usize = 12;
/// How many octets a salt has.
pub(super) const SALT: usize = 16;
/// How many octets a secret has.
pub const SECRET: usize = 32;

/// A key of the file.
pub struct Key {
    /// The client that has it.
    pub application: String,
    /// What it is for.
    pub scopes: Vec<String>,
    /// How often its client may come.
    pub tier: String,
    /// From when on it is refused, in seconds since 1970.
    pub expires: Option<u64>,
    /// Whether it is revoked.
    pub revoked: bool,
    /// What is compared.
    pub(super) material: Material,
}

/// What the gateway has of a key.
pub(super) enum Material {
    /// SHA-256 of the salt and the secret. Nobody finds one of 2^256 secrets by trying, so that a slow hash would protect nothing more.
    Bearer { salt: [u8; SALT], hash: [u8; 32] },
    /// The secret itself: HMAC takes it.
    Signing(Zeroizing<[u8; SECRET]>),
}

/// What stands in the place of a key that is not there, so that it takes as long as one that is. The hash is of nothing known.
const NO_SALT: [u8; SALT] = [0; SALT];
const NO_HASH: [u8; 32] = [0; 32];
const NO_SECRET: [u8; SECRET] = [0; SECRET];

impl Key {
    /// Whether somebody has this key, or no key at all, whose secret is this one.
    ///
    /// # Errors
    ///
    /// [`KeyFault::Unknown`] if there is no such key that is shown, [`KeyFault::Wrong`] if its secret is another one.
    pub fn expect_secret<'k>(key: Option<&'k Self>, secret: &[u8; SECRET]) -> Result<&'k Self, KeyFault> {
        let known = key.and_then(|key| match &key.material {
            Material::Bearer { salt, hash } => Some((key, salt, hash)),
            Material::Signing(_) => None,
        });
        let (salt, hash) = known.map_or((&NO_SALT, &NO_HASH), |(_, salt, hash)| (salt, hash));
        let is_same = hash_of(salt, secret).ct_eq(hash);
        match known {
            None => Err(KeyFault::Unknown),
            Some((key, ..)) if bool::from(is_same) => Ok(key),
            Some(_) => Err(KeyFault::Wrong),
        }
    }

    /// Whether somebody signed this with the key, or with no key at all.
    ///
    /// # Errors
    ///
    /// [`KeyFault::Unknown`] if there is no such key that signs, [`KeyFault::Wrong`] if another one signed.
    pub fn expect_signature<'k>(key: Option<&'k Self>, signed: &str, mac: &[u8; 32]) -> Result<&'k Self, KeyFault> {
        let known = key.and_then(|key| match &key.material {
            Material::Signing(secret) => Some((key, &**secret)),
            Material::Bearer { .. } => None,
        });
        let secret = known.map_or(&NO_SECRET, |(_, secret)| secret);
        let is_same = hmac(secret, signed).is_some_and(|expected| expected.ct_eq(mac).into());
        match known {
            None => Err(KeyFault::Unknown),
            Some((key, _)) if is_same => Ok(key),
            Some(_) => Err(KeyFault::Wrong),
        }
    }

    /// That it is neither revoked nor expired.
    ///
    /// # Errors
    ///
    /// [`KeyFault::Revoked`], [`KeyFault::Expired`].
    pub fn expect_live(&self, now: u64) -> Result<(), KeyFault> {
        if self.revoked {
            return Err(KeyFault::Revoked);
        }
        if self.expires.is_some_and(|expires| now >= expires) { Err(KeyFault::Expired) } else { Ok(()) }
    }
}

/// What the file has of a secret.
pub(super) fn hash_of(salt: &[u8; SALT], secret: &[u8; SECRET]) -> [u8; 32] {
    Sha256::new_with_prefix(salt).chain_update(secret).finalize().into()
}

/// HMAC-SHA256 of a text. `None` if the backend fails, which this one does not.
pub(super) fn hmac(secret: &[u8], text: &str) -> Option<[u8; 32]> {
    GenuineCrypto.hmac_sha256(secret, &[text.as_bytes()]).ok()
}
