//! The key of a client's own, the proofs that it makes (RFC 9449), and what a token of Play Integrity is bound to.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::{
    Error,
    app_attest::KeyId,
    crypto::{GenuineCrypto, RustCryptoSigner, SignP256 as _},
    session::jwk::{self, Thumbprint},
};
use serde_json::{Value, json};

use crate::gate::sha256;

/// A key on P-256 of a simulated client.
pub struct ProofKey(RustCryptoSigner);

/// What a proof is made with: the time, and an identifier that is new in each.
#[derive(Clone, Copy, Debug)]
pub struct Fresh<'f> {
    /// In seconds since 1970.
    pub now: u64,
    /// The identifier.
    pub id: &'f str,
}

impl ProofKey {
    /// The key of the client of this name: the same each time, and known to everybody.
    ///
    /// # Errors
    ///
    /// [`Error::CryptoUnavailable`] for a name whose hash is no key, which nobody will find.
    pub fn of(name: &str) -> Result<Self, Error> {
        Self::from_secret(&sha256(secret_text(name).as_bytes()))
    }

    /// The key of this secret, a big-endian number.
    ///
    /// # Errors
    ///
    /// [`Error::CryptoUnavailable`] if it is zero or not below the order of the curve.
    pub fn from_secret(secret: &[u8; 32]) -> Result<Self, Error> {
        RustCryptoSigner::try_from(secret).map(Self).map_err(|_| Error::CryptoUnavailable)
    }

    /// The public key, an uncompressed point.
    #[must_use]
    pub fn point(&self) -> [u8; 65] {
        let mut point = [4; 65];
        point[1..].copy_from_slice(&self.0.public_key().0);
        point
    }

    /// The identifier under which the key registers: the SHA-256 of its point.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId(sha256(&self.point()))
    }

    /// The thumbprint, which a request for a token names.
    ///
    /// # Errors
    ///
    /// [`Error::CryptoUnavailable`] if nothing can be hashed.
    pub fn thumbprint(&self) -> Result<Thumbprint, Error> {
        Thumbprint::of(&self.0.public_key(), &GenuineCrypto)
    }

    /// A proof for a request of this method to this URI with this token. `id` is new in each, and `now` in seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`Error::CryptoUnavailable`] if nothing can be signed.
    pub fn prove(&self, method: &str, uri: &str, token: &str, id: &str, now: u64) -> Result<String, Error> {
        let hash = BASE64_URL_SAFE_NO_PAD.encode(sha256(token.as_bytes()));
        self.sign(&json!({ "jti": id, "htm": method, "htu": uri, "iat": now, "ath": hash }))
    }

    /// A proof for a `POST` to this URI with this challenge: what a client registers with, and gets its tokens by.
    ///
    /// # Errors
    ///
    /// [`Error::CryptoUnavailable`] if nothing can be signed.
    pub fn prove_with_challenge(&self, uri: &str, challenge: &str, fresh: Fresh<'_>) -> Result<String, Error> {
        let Fresh { now, id } = fresh;
        self.sign(&json!({ "jti": id, "htm": "POST", "htu": uri, "iat": now, "nonce": challenge }))
    }

    fn sign(&self, claims: &Value) -> Result<String, Error> {
        let mut room = [0; 512];
        let key = jwk::write(&self.0.public_key(), "", &mut room)?;
        let key: Value = serde_json::from_str(key).map_err(|_| Error::CryptoUnavailable)?;
        let (x, y) = (&key["x"], &key["y"]);
        let header =
            json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": { "kty": "EC", "crv": "P-256", "x": x, "y": y } });
        let [header, claims] = [&header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let signature = self.0.sign(&sha256(signed.as_bytes())).map_err(|_| Error::CryptoUnavailable)?;
        Ok(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.0)))
    }
}

/// The text whose SHA-256 is the secret of the client of this name.
#[must_use]
pub fn secret_text(name: &str) -> String {
    format!("a simulated client's key for proofs: {name}")
}
