//! The second key of a client, to which its tokens are bound, and the proofs that it makes (RFC 9449).

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::{
    Error,
    crypto::{GenuineCrypto, RustCryptoSigner, SignP256 as _},
    session::jwk::{self, Thumbprint},
};
use serde_json::{Value, json};

use crate::gate::sha256;

/// A key on P-256 of a simulated client.
pub struct ProofKey(RustCryptoSigner);

impl ProofKey {
    /// The key of the client of this name: the same each time, and known to everybody.
    ///
    /// # Errors
    ///
    /// [`Error::CryptoUnavailable`] for a name whose hash is no key, which nobody will find.
    pub fn of(name: &str) -> Result<Self, Error> {
        let octets = sha256(format!("a simulated client's key for proofs: {name}").as_bytes());
        RustCryptoSigner::try_from(&octets).map(Self).map_err(|_| Error::CryptoUnavailable)
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
        let mut room = [0; 512];
        let key = jwk::write(&self.0.public_key(), "", &mut room)?;
        let key: Value = serde_json::from_str(key).map_err(|_| Error::CryptoUnavailable)?;
        let (x, y) = (&key["x"], &key["y"]);
        let header =
            json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": { "kty": "EC", "crv": "P-256", "x": x, "y": y } });
        let hash = BASE64_URL_SAFE_NO_PAD.encode(sha256(token.as_bytes()));
        let claims = json!({ "jti": id, "htm": method, "htu": uri, "iat": now, "ath": hash });
        let [header, claims] = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let signature = self.0.sign(&sha256(signed.as_bytes())).map_err(|_| Error::CryptoUnavailable)?;
        Ok(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.0)))
    }
}
