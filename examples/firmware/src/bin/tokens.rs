//! A gateway that checks session tokens and nothing else: HS256 by SHA-2 in software, ES256 by an accelerator.
//!
//! The linker leaves out CBOR, X.509 and everything of App Attest, because nothing here calls them.
#![no_std]
#![no_main]

use firmware::{
    board::entry,
    objects,
    report::{Expected, Report},
};
use genuine::{
    Error, UnixTime,
    crypto::{CryptoError, Digest, HmacSha256, P256, PublicKey, Sha256, Signature, VerifyEcdsa},
    session::token::{TokenKey, TokenPolicy, TokenVerifier},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Digest as _;

#[entry]
fn main() -> ! {
    let mut report = Report::default();
    let keys = [
        report.require(TokenKey::hs256(objects::TOKEN_KEYS[0], &objects::TOKEN_SECRET)),
        TokenKey::es256(objects::TOKEN_KEYS[1], PublicKey(objects::TOKEN_KEY)),
    ];
    let policy = TokenPolicy::new(objects::TOKEN_ISSUER, objects::TOKEN_AUDIENCE);
    let verifier = report.require(TokenVerifier::new(policy, &keys, &Backend));
    // A token is read where it came in, and its octets are used up.
    let mut received = [0; objects::MAX_TOKEN];
    let mut verify = |report: &mut Report, name: &str, expected: Expected, token: &[u8], now: u64| {
        let room = &mut received[..token.len()];
        room.copy_from_slice(token);
        report.expect(name, expected, || verifier.verify(room, UnixTime(now)).map(|token| token.expires()));
    };
    let (now, later) = (objects::TOKEN_NOW, objects::TOKEN_NOW + objects::TOKEN_LIFE);
    let [hs256, es256] = [&objects::TOKEN_HS256[..], &objects::TOKEN_ES256[..]];
    verify(&mut report, "token, HS256", Expected::ACCEPTED, hs256, now);
    verify(&mut report, "token, ES256", Expected::ACCEPTED, es256, now);
    let forged = const { Expected::refused(Error::TokenForged) };
    verify(&mut report, "forged token, HS256", forged, &objects::TOKEN_HS256_FORGED, now);
    verify(&mut report, "forged token, ES256", forged, &objects::TOKEN_ES256_FORGED, now);
    verify(&mut report, "expired token", const { Expected::refused(Error::TokenExpired) }, hs256, later);
    report.end()
}

/// All that tokens ask for. Yours calls a peripheral for ECDSA; this one knows the answer to what the demo asks.
struct Backend;

impl Sha256 for Backend {
    fn sha256(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        let mut hash = sha2::Sha256::new();
        for part in parts {
            hash.update(part);
        }
        Ok(hash.finalize().into())
    }
}

impl HmacSha256 for Backend {
    fn hmac_sha256(&self, key: &[u8], parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        let mut code = Hmac::<sha2::Sha256>::new_from_slice(key).map_err(|_| CryptoError::Unavailable)?;
        for part in parts {
            code.update(part);
        }
        Ok(code.finalize().into_bytes().into())
    }
}

impl VerifyEcdsa<P256> for Backend {
    fn check_key(&self, key: &PublicKey<P256>) -> Result<(), CryptoError> {
        if key.0 == objects::TOKEN_KEY { Ok(()) } else { Err(CryptoError::Invalid) }
    }

    fn verify(&self, key: &PublicKey<P256>, digest: &Digest, signature: &Signature<P256>) -> Result<(), CryptoError> {
        let known = key.0 == objects::TOKEN_KEY
            && *digest.as_bytes() == objects::TOKEN_DIGEST
            && signature.0 == objects::TOKEN_SIGNATURE;
        if known { Ok(()) } else { Err(CryptoError::Invalid) }
    }
}
