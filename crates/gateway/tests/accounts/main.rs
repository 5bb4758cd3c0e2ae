//! Whose account a request is in: users' tokens, a proxy's word, and the configuration of both.
//!
//! The tokens are signed by `ring` and `p256`, and put together here: neither is what verifies them.
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod configuration;
mod headers;
mod keys;
mod tokens;

use std::{fs, path::PathBuf};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::crypto::{RustCryptoSigner, SignP256 as _};
use genuine_gateway::{
    account::{AccountId, TokenFault, UserTokens},
    config::Accounts,
    gate::sha256,
    http::AccountSource,
};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaEncoding,
        RsaKeyPair, RsaPublicKeyComponents,
    },
};
use serde_json::{Value, json};
use support::Scratch;

const NOW: u64 = 1_790_000_000;
const ISSUER: &str = "https://login.example/";
const AUDIENCE: &str = "https://shop.example";
/// Two keys of 2048 bits, in PKCS #8, that openssl made for this test: nobody else's.
const RSA: [&[u8]; 2] = [include_bytes!("rsa-1.pk8"), include_bytes!("rsa-2.pk8")];

/// Whoever signs.
enum Signer {
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    P256(RustCryptoSigner),
    P384(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Secret(Vec<u8>),
    Nobody,
}

fn rsa(index: usize, encoding: &'static dyn RsaEncoding) -> Signer {
    Signer::Rsa(RsaKeyPair::from_pkcs8(RSA[index]).unwrap(), encoding)
}

fn p256(secret: u8) -> Signer {
    Signer::P256(RustCryptoSigner::try_from(&[secret; 32]).unwrap())
}

fn p384() -> Signer {
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let random = SystemRandom::new();
    Signer::P384(EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, document.as_ref(), &random).unwrap())
}

fn ed(seed: u8) -> Signer {
    Signer::Ed(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
}

fn base64(octets: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(octets)
}

impl Signer {
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Rsa(key, encoding) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(*encoding, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
            Self::P256(key) => key.sign(&sha256(message)).unwrap().0.to_vec(),
            Self::P384(key) => key.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Self::Ed(key) => key.sign(message).as_ref().to_vec(),
            Self::Secret(secret) => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec(),
            Self::Nobody => Vec::new(),
        }
    }

    /// The public key, without anything that is optional.
    fn jwk(&self) -> Value {
        match self {
            Self::Rsa(key, _) => {
                let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(key.public());
                json!({ "kty": "RSA", "n": base64(n), "e": base64(e) })
            }
            Self::P256(key) => {
                let point = key.public_key().0;
                json!({ "kty": "EC", "crv": "P-256", "x": base64(&point[..32]), "y": base64(&point[32..]) })
            }
            Self::P384(key) => {
                let point = &key.public_key().as_ref()[1..];
                json!({ "kty": "EC", "crv": "P-384", "x": base64(&point[..48]), "y": base64(&point[48..]) })
            }
            Self::Ed(key) => json!({ "kty": "OKP", "crv": "Ed25519", "x": base64(key.public_key()) }),
            Self::Secret(secret) => json!({ "kty": "oct", "k": base64(secret) }),
            Self::Nobody => Value::Null,
        }
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", base64(header.to_string()), base64(claims.to_string()));
        let signature = base64(self.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

/// This value with these members set, or taken away where they are null.
fn with(value: &Value, members: Value) -> Value {
    let mut value = value.clone();
    let object = value.as_object_mut().unwrap();
    let Value::Object(members) = members else { panic!("an object") };
    for (name, member) in members {
        if member.is_null() {
            object.remove(&name)
        } else {
            object.insert(name, member)
        };
    }
    value
}

fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "exp": NOW + 300, "nbf": NOW, "iat": NOW })
}

fn header(algorithm: &str, kid: &str) -> Value {
    json!({ "typ": "at+jwt", "alg": algorithm, "kid": kid })
}

fn alice() -> AccountId {
    AccountId::of(ISSUER, "alice").unwrap()
}

/// A file with keys, and tokens that they verify.
struct Provider {
    scratch: Scratch,
    tokens: UserTokens,
}

impl Provider {
    fn file(scratch: &Scratch) -> PathBuf {
        scratch.path().join("keys.json")
    }

    fn new(name: &str, keys: &[Value]) -> Self {
        let scratch = Scratch::new(&format!("accounts-{name}"));
        fs::write(Self::file(&scratch), json!({ "keys": keys }).to_string()).unwrap();
        let tokens = UserTokens::new(ISSUER, AUDIENCE, "sub", Self::file(&scratch)).unwrap();
        Self { scratch, tokens }
    }

    /// The keys that most tests have: an RSA key without `alg`, as many providers publish them, and one of P-256.
    fn usual(name: &str) -> Self {
        let rsa = with(&rsa(0, &RSA_PKCS1_SHA256).jwk(), json!({ "kid": "r", "use": "sig" }));
        Self::new(name, &[rsa, with(&p256(1).jwk(), json!({ "kid": "e", "use": "sig", "alg": "ES256" }))])
    }

    fn verify(&self, token: &str) -> Result<AccountId, TokenFault> {
        self.tokens.verify(token, NOW)
    }

    fn source(&self, header: &str) -> AccountSource {
        let accounts = Accounts::Token {
            header: header.to_owned(),
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            keys: Self::file(&self.scratch),
            claim: "sub".to_owned(),
        };
        AccountSource::new(&accounts).unwrap()
    }
}
