//! Keys, and tokens of any text signed with them.

use std::{env, fs, path::Path};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use genuine::{
    Error, UnixTime,
    crypto::{HmacSha256 as _, P256, PublicKey, RustCrypto, RustCryptoSigner, Sha256 as _, SignP256 as _},
    session::token::{TokenKey, TokenPolicy, TokenVerifier},
};
use serde_json::{Value, json};

pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const ISSUER: &str = "https://attest.example";
pub(crate) const AUDIENCE: &str = "https://api.example";
pub(crate) const SECRET: [u8; 32] = *b"thirty-two octets, no more, less";

/// The key of the server.
pub(crate) fn signer() -> RustCryptoSigner {
    RustCryptoSigner::try_from(&[7; 32]).unwrap()
}

/// The key of a device.
pub(crate) fn device() -> RustCryptoSigner {
    RustCryptoSigner::try_from(&[9; 32]).unwrap()
}

/// `h` of HS256 and `e` of ES256.
pub(crate) fn keys() -> [TokenKey<'static>; 2] {
    [TokenKey::hs256("h", &SECRET).unwrap(), TokenKey::es256("e", signer().public_key())]
}

pub(crate) fn policy() -> TokenPolicy<'static> {
    TokenPolicy::new(ISSUER, AUDIENCE)
}

pub(crate) fn b64(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

pub(crate) fn unb64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

pub(crate) fn sha256(octets: &[u8]) -> [u8; 32] {
    RustCrypto.sha256(&[octets]).unwrap()
}

/// A token of this header and payload, whatever they are, with the code of HS256.
pub(crate) fn hs256(header: &str, payload: impl AsRef<[u8]>, secret: &[u8]) -> String {
    let signed = format!("{}.{}", b64(header), b64(payload));
    let code = RustCrypto.hmac_sha256(secret, &[signed.as_bytes()]).unwrap();
    format!("{signed}.{}", b64(code))
}

/// The same with a signature of ES256.
pub(crate) fn es256(header: &str, payload: impl AsRef<[u8]>, signer: &RustCryptoSigner) -> String {
    let signed = format!("{}.{}", b64(header), b64(payload));
    let signature = signer.sign(&sha256(signed.as_bytes())).unwrap();
    format!("{signed}.{}", b64(signature.0))
}

pub(crate) const HS_HEADER: &str = r#"{"alg":"HS256","typ":"JWT","kid":"h"}"#;
pub(crate) const ES_HEADER: &str = r#"{"alg":"ES256","typ":"JWT","kid":"e"}"#;

/// Claims that are accepted.
pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "device-1", "aud": AUDIENCE, "iat": NOW, "exp": NOW + 300, "jti": "one",
    })
}

/// The same without one, or with another value.
pub(crate) fn claims_with(name: &str, value: Value) -> String {
    let mut claims = claims();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name).unwrap();
    } else {
        claims[name] = value;
    }
    claims.to_string()
}

/// What a verifier of both keys says.
pub(crate) fn verdict(policy: TokenPolicy<'_>, token: &str, now: u64) -> Result<(), Error> {
    verdict_of(policy, token.as_bytes(), now)
}

pub(crate) fn verdict_of(policy: TokenPolicy<'_>, token: &[u8], now: u64) -> Result<(), Error> {
    let keys = keys();
    let verifier = TokenVerifier::new(policy, &keys, &RustCrypto).unwrap();
    verifier.verify(&mut token.to_vec(), UnixTime(now)).map(drop)
}

/// A key as JSON.
pub(crate) fn jwk(key: &PublicKey<P256>) -> Value {
    json!({"kty": "EC", "crv": "P-256", "x": b64(&key.0[..32]), "y": b64(&key.0[32..])})
}

/// The variable that names the directory of genuine App Attest objects; the others are beside it.
const DIRECTORY: &str = "GENUINE_REAL_VECTORS";

/// A file of vectors that is not part of the repository; `None`, said on the standard output, if no directory is named. A directory
/// that is named and not there is a failure.
pub(crate) fn vectors(path: &str) -> Option<Value> {
    let Some(directory) = env::var_os(DIRECTORY) else {
        println!("skipped: {DIRECTORY} is not set");
        return None;
    };
    let path = Path::new(&directory).join("..").join(path);
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{DIRECTORY}: {}: {error}", path.display()));
    Some(serde_json::from_slice(&text).unwrap())
}

pub(crate) fn standard(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}
