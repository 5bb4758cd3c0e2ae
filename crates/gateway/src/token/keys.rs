//! What tokens are signed and verified with: keys of ES256 from the store, or secrets of HS256 from the configuration.

use std::sync::{Arc, PoisonError, RwLock};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::{
    Error, UnixTime,
    crypto::{
        CryptoError, Digest, GenuineCrypto, HmacSha256, P256, PrepareEcdsa as _, PublicKey, RustCryptoSigner, Sha256,
        SignP256 as _, Signature, VerifyEcdsa,
    },
    session::{
        client_attestation::{self, NewClientAttestation},
        jwk::Thumbprint,
        token::{TokenKey, TokenMinter},
    },
};
use sha2::Digest as _;
use zeroize::Zeroizing;

use crate::{
    config::TokenSecret,
    metrics::DeviceTable,
    refusal::Refusal,
    secrets::Secrets,
    store::{StoredSecret, Unavailable},
};

/// How many characters of its thumbprint name a key: 72 bits, in a list of four.
const KID: usize = 12;

/// Where keys come from.
pub(super) enum KeyRing {
    /// ES256: one gateway makes them, the store keeps them.
    Stored {
        secrets: Secrets,
        /// What follows from the secrets as they were read last.
        known: RwLock<Known>,
    },
    /// HS256: they are configured. The first one signs.
    Shared(Arc<[Key]>),
}

/// Keys, and the secrets of the store that they were made of.
#[derive(Default)]
pub(super) struct Known {
    of: Arc<[StoredSecret]>,
    keys: Arc<[Key]>,
}

/// A key with its name.
pub(super) struct Key {
    kid: String,
    material: Material,
}

enum Material {
    Signer(Box<Signer>),
    Secret(TokenSecret),
}

/// A key of the store.
struct Signer {
    number: u32,
    secret: RustCryptoSigner,
    public: PublicKey<P256>,
    /// What signatures of this key are verified with, several times sooner: there are four keys at most, for all requests.
    table: DeviceTable,
}

/// The engine's backend, with the tables of these keys.
pub(super) struct Prepared<'k>(pub(super) &'k [Key]);

impl KeyRing {
    pub(super) fn stored(secrets: Secrets) -> Self {
        Self::Stored { secrets, known: RwLock::default() }
    }

    pub(super) fn shared(secrets: &[TokenSecret]) -> Self {
        let key = |secret: &TokenSecret| Key { kid: kid_of(secret), material: Material::Secret(secret.clone()) };
        Self::Shared(secrets.iter().map(key).collect())
    }

    /// All keys: what any of them signed is good.
    pub(super) async fn all(&self, now: u64) -> Result<Arc<[Key]>, Refusal> {
        match self {
            Self::Shared(keys) => Ok(Arc::clone(keys)),
            Self::Stored { secrets, known } => Ok(read(secrets, known, now).await?.1),
        }
    }

    /// All keys, and the position of the one that signs.
    pub(super) async fn signing(&self, now: u64) -> Result<(Arc<[Key]>, usize), Refusal> {
        match self {
            Self::Shared(keys) => Ok((Arc::clone(keys), 0)),
            Self::Stored { secrets, known } => {
                let (of, keys) = read(secrets, known, now).await?;
                let maker = secrets.maker(&of, now).ok_or(Refusal::Internal)?.number;
                let is_maker = |key: &Key| matches!(&key.material, Material::Signer(signer) if signer.number == maker);
                let position = keys.iter().position(is_maker).ok_or(Refusal::Internal)?;
                Ok((keys, position))
            }
        }
    }

    /// Reads the keys again, and adds one when that is due. Those that are configured stay.
    pub(super) async fn renew(&self, now: u64) -> Result<(), Unavailable> {
        match self {
            Self::Stored { secrets, .. } => secrets.renew(now).await,
            Self::Shared(_) => Ok(()),
        }
    }

    /// The secrets that a key can be added to: none where they are configured.
    pub(super) const fn secrets(&self) -> Option<&Secrets> {
        match self {
            Self::Stored { secrets, .. } => Some(secrets),
            Self::Shared(_) => None,
        }
    }
}

/// The secrets of the store, and the keys that they are.
async fn read(
    secrets: &Secrets,
    known: &RwLock<Known>,
    now: u64,
) -> Result<(Arc<[StoredSecret]>, Arc<[Key]>), Refusal> {
    let read = secrets.all(now).await?;
    {
        let known = known.read().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&known.of, &read) {
            return Ok((read, Arc::clone(&known.keys)));
        }
    }
    let keys: Arc<[Key]> = read.iter().map(Key::stored).collect::<Result<_, Error>>()?;
    *known.write().unwrap_or_else(PoisonError::into_inner) = Known { of: Arc::clone(&read), keys: Arc::clone(&keys) };
    Ok((read, keys))
}

impl Key {
    fn stored(secret: &StoredSecret) -> Result<Self, Error> {
        let signer = RustCryptoSigner::try_from(&secret.octets).map_err(|_| Error::CryptoUnavailable)?;
        let public = signer.public_key();
        let mut kid = Thumbprint::of(&public, &GenuineCrypto)?.to_string();
        kid.truncate(KID);
        let table = GenuineCrypto.prepare(&public).map_err(|_| Error::CryptoUnavailable)?;
        let signer = Box::new(Signer { number: secret.number, secret: signer, public, table });
        Ok(Self { kid, material: Material::Signer(signer) })
    }

    /// What a verifier takes.
    pub(super) fn for_verifying(&self) -> Result<TokenKey<'_>, Error> {
        match &self.material {
            Material::Signer(signer) => Ok(TokenKey::es256(&self.kid, signer.public)),
            Material::Secret(secret) => TokenKey::hs256(&self.kid, secret.octets()),
        }
    }

    /// An attestation of an OAuth client, by this key.
    ///
    /// # Errors
    ///
    /// [`Error::ConfigKeyKind`] for a secret, which nobody else verifies with; those of [`client_attestation::mint`].
    pub(super) fn attest_client(
        &self,
        attestation: &NewClientAttestation<'_>,
        now: UnixTime,
        room: &mut [u8],
    ) -> Result<String, Error> {
        let Material::Signer(signer) = &self.material else { return Err(Error::ConfigKeyKind) };
        client_attestation::mint(attestation, &self.kid, &signer.secret, now, room, &GenuineCrypto).map(str::to_owned)
    }

    /// Hands a minter with this key to the function.
    pub(super) fn with_minter<T>(
        &self,
        issuer: &str,
        audience: &str,
        mint: impl FnOnce(&TokenMinter<'_, GenuineCrypto>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match &self.material {
            Material::Signer(signer) => {
                mint(&TokenMinter::es256(issuer, audience, &self.kid, &signer.secret, &GenuineCrypto)?)
            }
            Material::Secret(_) => mint(&TokenMinter::hs256(issuer, audience, &self.for_verifying()?, &GenuineCrypto)?),
        }
    }
}

impl Prepared<'_> {
    /// The table of this very key.
    fn table(&self, key: &PublicKey<P256>) -> Option<&DeviceTable> {
        self.0.iter().find_map(|known| match &known.material {
            Material::Signer(signer) if signer.public == *key => Some(&signer.table),
            _ => None,
        })
    }
}

impl Sha256 for Prepared<'_> {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        GenuineCrypto.sha256(parts)
    }
}

impl HmacSha256 for Prepared<'_> {
    fn hmac_sha256(&self, key: &[u8], parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        GenuineCrypto.hmac_sha256(key, parts)
    }
}

impl VerifyEcdsa<P256> for Prepared<'_> {
    fn check_key(&self, key: &PublicKey<P256>) -> Result<(), CryptoError> {
        // What has a table was a point when that was made.
        self.table(key).map_or_else(|| GenuineCrypto.check_key(key), |_| Ok(()))
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        match self.table(key) {
            Some(table) => GenuineCrypto.verify_prepared(table, digest, signature),
            None => GenuineCrypto.verify(key, digest, signature),
        }
    }
}

/// The name of a secret: the beginning of its thumbprint as a JSON Web Key (RFC 7638 §3.2). Of 256 random bits it gives away
/// nothing that the codes of tokens do not.
pub(super) fn kid_of(secret: &TokenSecret) -> String {
    let octets = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(secret.octets()));
    let jwk = Zeroizing::new(format!("{{\"k\":\"{}\",\"kty\":\"oct\"}}", *octets));
    let mut kid = BASE64_URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(jwk.as_bytes()));
    kid.truncate(KID);
    kid
}
