//! The keys of tokens, each with its identifier and the one algorithm that it is for.

use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::capabilities::TokenCrypto;
use crate::{
    crypto::{Backend, P256, PublicKey},
    encoding::json::Text,
    error::Error,
    jose::{HeaderRoom, Jws},
    session::jwt,
};

/// The longest secret: a block of SHA-256. A longer one would be hashed to 32 octets (RFC 2104 §2).
const BLOCK: usize = 64;

/// The shortest: the size of the hash (RFC 7518 §3.2).
const LEAST: usize = 32;

/// A key that tokens are verified with: a secret of HS256, with which they are minted as well, or a public key of ES256.
///
/// `Debug` shows the identifier and the algorithm alone, and the secret is wiped when the value is dropped. Moving the value
/// may leave a copy behind, as moving any value may: make it where it stays.
pub struct TokenKey<'k> {
    kid: &'k str,
    material: Material,
}

enum Material {
    Secret(Secret),
    Public(PublicKey<P256>),
}

/// A secret of 32 to 64 octets, filled up with zeros, which for HMAC changes nothing (RFC 2104 §2).
pub(super) struct Secret {
    block: Zeroizing<[u8; BLOCK]>,
    length: usize,
}

impl Secret {
    pub(super) fn new(octets: &[u8]) -> Result<Self, Error> {
        if !(LEAST..=BLOCK).contains(&octets.len()) {
            return Err(Error::ConfigSecretLength);
        }
        let mut block = Zeroizing::new([0; BLOCK]);
        for (to, from) in block.iter_mut().zip(octets) {
            *to = *from;
        }
        Ok(Self { block, length: octets.len() })
    }

    pub(super) fn octets(&self) -> &[u8] {
        self.block.get(..self.length).unwrap_or_default()
    }

    /// Whether they are one key to HMAC, in constant time.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.block.ct_eq(&*other.block).into()
    }
}

impl<'k> TokenKey<'k> {
    /// A secret of HS256, of 32 to 64 octets from a generator of random octets.
    ///
    /// # Errors
    ///
    /// [`Error::ConfigSecretLength`].
    pub fn hs256(kid: &'k str, secret: &[u8]) -> Result<Self, Error> {
        Ok(Self { kid, material: Material::Secret(Secret::new(secret)?) })
    }

    /// A public key of ES256. Whoever uses it looks whether it is a point of P-256.
    #[must_use]
    pub const fn es256(kid: &'k str, key: PublicKey<P256>) -> Self {
        Self { kid, material: Material::Public(key) }
    }

    /// The identifier, which a header names as `kid`.
    #[must_use]
    pub const fn kid(&self) -> &'k str {
        self.kid
    }

    /// The algorithm, as a header names it: `HS256` or `ES256`.
    #[must_use]
    pub const fn algorithm(&self) -> &'static str {
        match self.material {
            Material::Secret(_) => "HS256",
            Material::Public(_) => "ES256",
        }
    }

    /// The public key; `None` if this is a secret.
    #[must_use]
    pub const fn public_key(&self) -> Option<&PublicKey<P256>> {
        match &self.material {
            Material::Secret(_) => None,
            Material::Public(key) => Some(key),
        }
    }

    pub(super) const fn secret(&self) -> Option<&Secret> {
        match &self.material {
            Material::Secret(secret) => Some(secret),
            Material::Public(_) => None,
        }
    }

    /// Verifies that the code or signature is by this key.
    pub(in crate::session) fn verify<C: TokenCrypto + ?Sized>(
        &self,
        jws: &mut Jws<'_>,
        crypto: &Backend<'_, C>,
    ) -> Result<(), Error> {
        match &self.material {
            Material::Secret(secret) => jwt::verify_hs256(jws, secret.octets(), crypto),
            Material::Public(key) => jwt::verify_es256(jws, key, crypto),
        }
    }
}

impl fmt::Debug for TokenKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey").field("kid", &self.kid).field("alg", &self.algorithm()).finish_non_exhaustive()
    }
}

/// At least one key, no two of one identifier, and every public key a point.
pub(in crate::session) fn check_keys<C: TokenCrypto + ?Sized>(keys: &[TokenKey<'_>], crypto: &C) -> Result<(), Error> {
    let mut rest = keys;
    while let Some((key, others)) = rest.split_first() {
        if others.iter().any(|other| other.kid == key.kid) {
            return Err(Error::ConfigDuplicateTokenKey);
        }
        if let Some(key) = key.public_key() {
            Backend::new(crypto).check_key::<P256, _>(&key.0, Error::PublicKeyInvalid)?;
        }
        rest = others;
    }
    if keys.is_empty() { Err(Error::ConfigNoTokenKey) } else { Ok(()) }
}

/// The key that the header of a token names, and its position. The header is of this type, or of none where none is asked for, and
/// of the algorithm of that key.
// Not inlined, so that the room of the header does not lie under what follows: 500 bytes of stack on Cortex-M4.
#[inline(never)]
pub(in crate::session) fn key_by_header<'a, 'k>(
    jws: &Jws<'_>,
    kind: &str,
    is_kind_asked: bool,
    keys: &'a [TokenKey<'k>],
) -> Result<(usize, &'a TokenKey<'k>), Error> {
    let mut room = HeaderRoom::new();
    let header = jwt::header(jws, &mut room)?;
    if is_kind_asked || header.kind.is_some() {
        jwt::expect_type(&header, kind)?;
    }
    let (index, key) = key_of(keys, header.key_id)?;
    jwt::expect_algorithm(&header, key.algorithm())?;
    Ok((index, key))
}

/// The key that a header names, and its position; the only one if it names none.
fn key_of<'a, 'k>(keys: &'a [TokenKey<'k>], kid: Option<Text<'_>>) -> Result<(usize, &'a TokenKey<'k>), Error> {
    match (kid, keys) {
        (Some(kid), _) => keys.iter().enumerate().find(|(_, key)| kid == *key.kid).ok_or(Error::TokenKeyUnknown),
        (None, [key]) => Ok((0, key)),
        (None, _) => Err(Error::TokenKeyMissing),
    }
}
