//! Whose account a request is in: users' tokens, a proxy's word, and the configuration of both.
//!
//! The tokens are signed by `ring` and `p256`, and put together here: neither is what verifies them.
#![allow(missing_docs)]

mod support;

use std::{fs, path::PathBuf};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue},
    response::IntoResponse as _,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::crypto::{RustCryptoSigner, SignP256 as _};
use genuine_gateway::{
    account::{AccountId, KeySet, TokenFault, UserTokens},
    config::{Accounts, Config},
    gate::sha256,
    http::{AccountSource, Problem},
    refusal::Refusal,
};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
        RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair, RsaPublicKeyComponents,
    },
};
use serde_json::{Value, json};
use support::Scratch;

const NOW: u64 = 1_790_000_000;
const ISSUER: &str = "https://login.example/";
const AUDIENCE: &str = "https://shop.example";
/// Two keys of 2048 bits, in PKCS #8, that openssl made for this test: nobody else's.
const RSA: [&[u8]; 2] = [include_bytes!("accounts/rsa-1.pk8"), include_bytes!("accounts/rsa-2.pk8")];

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

#[test]
fn r83_tokens_of_every_algorithm_name_their_account() {
    let signers = [
        ("RS256", rsa(0, &RSA_PKCS1_SHA256)),
        ("RS512", rsa(0, &RSA_PKCS1_SHA512)),
        ("PS256", rsa(0, &RSA_PSS_SHA256)),
        ("ES256", p256(1)),
        ("ES384", p384()),
        ("EdDSA", ed(1)),
    ];
    for (algorithm, signer) in signers {
        let token = signer.token(&header(algorithm, "1"), &claims());
        // As the key says more or less of itself.
        for members in [
            json!({ "kid": "1" }),
            json!({ "kid": "1", "alg": algorithm }),
            json!({ "kid": "1", "use": "sig", "key_ops": ["verify"] }),
        ] {
            let provider = Provider::new("every", &[with(&signer.jwk(), members.clone())]);
            assert_eq!(provider.verify(&token), Ok(alice()), "{algorithm} {members}");
        }
        for members in [
            json!({ "kid": "1", "alg": "RS384" }),
            json!({ "kid": "1", "alg": "RSA-OAEP" }),
            json!({ "kid": "1", "use": "enc" }),
            json!({ "kid": "1", "use": "" }),
            json!({ "kid": "1", "key_ops": ["encrypt"] }),
        ] {
            let other = with(&ed(9).jwk(), json!({ "kid": "2" }));
            let provider = Provider::new("every", &[with(&signer.jwk(), members.clone()), other]);
            assert_eq!(provider.verify(&token), Err(TokenFault::Key), "{algorithm} {members}");
        }
    }
}

/// The examples of RFC 7515 §A.2 and §A.3, which others signed, verify with their keys: they are refused for what they say.
#[test]
fn the_examples_of_rfc_7515_verify() {
    let n = concat!(
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMs",
        "D1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV",
        "MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    );
    let rs256 = concat!(
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZ",
        "cAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-e",
        "OkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    );
    let es256 = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let (x, y) = ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    let payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let keys = [json!({ "kty": "RSA", "n": n, "e": "AQAB" }), json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })];
    let provider = Provider::new("rfc7515", &keys);
    for (header, signature) in [("eyJhbGciOiJSUzI1NiJ9", rs256), ("eyJhbGciOiJFUzI1NiJ9", es256)] {
        let token = format!("{header}.{payload}.{signature}");
        assert_eq!(provider.verify(&token), Err(TokenFault::Audience), "{header}");
        let other = format!("{header}.{payload}.e{}", &signature[1..]);
        assert_eq!(provider.verify(&other), Err(TokenFault::Signature), "{header}");
    }
}

#[test]
fn r83_each_claim_counts() {
    let (provider, signer) = (Provider::usual("claims"), rsa(0, &RSA_PKCS1_SHA256));
    let verify = |members: Value| provider.verify(&signer.token(&header("RS256", "r"), &with(&claims(), members)));
    assert_eq!(verify(json!({})), Ok(alice()));
    for (members, fault) in [
        (json!({ "iss": "https://login.example" }), TokenFault::Issuer),
        (json!({ "iss": null }), TokenFault::Issuer),
        (json!({ "iss": [ISSUER] }), TokenFault::Issuer),
        (json!({ "iss": 1 }), TokenFault::Issuer),
        (json!({ "aud": "https://other.example" }), TokenFault::Audience),
        (json!({ "aud": ["https://other.example"] }), TokenFault::Audience),
        (json!({ "aud": null }), TokenFault::Audience),
        (json!({ "aud": [] }), TokenFault::Audience),
        (json!({ "aud": 1 }), TokenFault::Audience),
        (json!({ "exp": null }), TokenFault::Endless),
        (json!({ "exp": (NOW + 300).to_string() }), TokenFault::Endless),
        (json!({ "exp": NOW }), TokenFault::Expired),
        (json!({ "exp": -1 }), TokenFault::Expired),
        (json!({ "nbf": NOW + 61 }), TokenFault::NotYet),
        (json!({ "nbf": NOW.to_string() }), TokenFault::NotYet),
        (json!({ "sub": null }), TokenFault::Subject),
        (json!({ "sub": "" }), TokenFault::Subject),
        (json!({ "sub": "x".repeat(513) }), TokenFault::Subject),
        (json!({ "sub": 7 }), TokenFault::Subject),
        (json!({ "sub": ["alice"] }), TokenFault::Form),
    ] {
        assert_eq!(verify(members.clone()), Err(fault), "{members}");
    }
    for members in [
        json!({ "aud": ["https://other.example", AUDIENCE] }),
        json!({ "exp": NOW + 1 }),
        json!({ "exp": 1_790_000_000.5 }),
        json!({ "exp": 11_833_862_400_u64 }),
        json!({ "nbf": NOW + 60 }),
        json!({ "nbf": null }),
        json!({ "iat": null }),
    ] {
        assert_eq!(verify(members.clone()), Ok(alice()), "{members}");
    }
    assert_eq!(verify(json!({ "sub": "bob" })), Ok(AccountId::of(ISSUER, "bob").unwrap()));
    let longest = "x".repeat(512);
    assert_eq!(verify(json!({ "sub": &longest })), Ok(AccountId::of(ISSUER, &longest).unwrap()));
    // A claim that is there twice is two claims to two readers.
    let twice = claims().to_string().replace("\"sub\"", "\"sub\":\"bob\",\"sub\"");
    let message = format!("{}.{}", base64(header("RS256", "r").to_string()), base64(twice));
    let token = format!("{message}.{}", base64(signer.sign(message.as_bytes())));
    assert_eq!(provider.verify(&token), Err(TokenFault::Form));
}

#[test]
fn r83_a_token_expires_to_the_second() {
    let provider = Provider::usual("second");
    let token = p256(1).token(&header("ES256", "e"), &with(&claims(), json!({ "exp": NOW + 10 })));
    assert_eq!(provider.tokens.verify(&token, NOW + 9), Ok(alice()));
    assert_eq!(provider.tokens.verify(&token, NOW + 10), Err(TokenFault::Expired));
    assert_eq!(provider.tokens.verify(&token, u64::MAX), Err(TokenFault::Expired));
    assert_eq!(provider.tokens.verify(&token, NOW - 60), Ok(alice()));
    assert_eq!(provider.tokens.verify(&token, NOW - 61), Err(TokenFault::NotYet));
}

#[test]
fn another_claim_may_name_the_account() {
    let provider = Provider::usual("claim");
    let file = Provider::file(&provider.scratch);
    let tokens = UserTokens::new(ISSUER, AUDIENCE, "account_number", file).unwrap();
    let token = |members| p256(1).token(&header("ES256", "e"), &with(&claims(), members));
    assert_eq!(tokens.verify(&token(json!({ "account_number": "17" })), NOW), Ok(AccountId::of(ISSUER, "17").unwrap()));
    assert_eq!(tokens.verify(&token(json!({})), NOW), Err(TokenFault::Subject));
}

#[test]
fn the_key_decides_which_algorithm_it_is_for() {
    let provider = Provider::usual("confusion");
    let (rsa_key, ec_key) = (rsa(0, &RSA_PKCS1_SHA256), p256(1));
    let components = rsa_key.jwk();
    let modulus = BASE64_URL_SAFE_NO_PAD.decode(components["n"].as_str().unwrap()).unwrap();
    let Signer::Rsa(pair, _) = &rsa_key else { panic!("RSA") };
    let secrets = [
        pair.public().as_ref().to_vec(),
        modulus,
        components["n"].as_str().unwrap().as_bytes().to_vec(),
        fs::read(Provider::file(&provider.scratch)).unwrap(),
    ];
    for secret in secrets {
        for kid in [json!("r"), Value::Null] {
            let header = with(&header("HS256", "r"), json!({ "kid": kid }));
            let token = Signer::Secret(secret.clone()).token(&header, &claims());
            assert_eq!(provider.verify(&token), Err(TokenFault::Key));
        }
    }
    for (header, signer, fault) in [
        (header("none", "r"), &Signer::Nobody, TokenFault::Form),
        (header("None", "r"), &Signer::Nobody, TokenFault::Form),
        (header("RS256", "r"), &Signer::Nobody, TokenFault::Signature),
        // The key identifier of one, the algorithm of the other.
        (header("ES256", "r"), &ec_key, TokenFault::Key),
        (header("RS256", "e"), &rsa_key, TokenFault::Key),
        (header("RS256", "r"), &ec_key, TokenFault::Signature),
        (header("PS256", "r"), &rsa_key, TokenFault::Signature),
        (header("RS256", "r"), &rsa(1, &RSA_PKCS1_SHA256), TokenFault::Signature),
        (header("ES256", "e"), &p256(2), TokenFault::Signature),
        // Keys that nobody has, and one that the token brings along.
        (header("RS256", "x"), &rsa_key, TokenFault::Key),
        (header("RS256", ""), &rsa_key, TokenFault::Key),
        (header("RS256", "R"), &rsa_key, TokenFault::Key),
        (
            with(&header("ES256", "e"), json!({ "jwk": p256(2).jwk(), "jku": "https://eve.example/" })),
            &p256(2),
            TokenFault::Signature,
        ),
        (with(&header("ES256", "e"), json!({ "alg": null })), &ec_key, TokenFault::Form),
        // What is critical is not understood.
        (with(&header("ES256", "e"), json!({ "crit": ["exp"], "exp": NOW + 1 })), &ec_key, TokenFault::Form),
        (with(&header("ES256", "e"), json!({ "crit": [] })), &ec_key, TokenFault::Form),
        (with(&header("ES256", "e"), json!({ "crit": ["b64"], "b64": false })), &ec_key, TokenFault::Form),
    ] {
        assert_eq!(provider.verify(&signer.token(&header, &claims())), Err(fault), "{header}");
    }
    // A secret in the set is no key.
    let secret = Signer::Secret(vec![7; 32]);
    let keys = [with(&secret.jwk(), json!({ "kid": "s", "alg": "HS256" })), with(&ec_key.jwk(), json!({ "kid": "e" }))];
    let provider = Provider::new("secret", &keys);
    assert_eq!(provider.verify(&secret.token(&header("HS256", "s"), &claims())), Err(TokenFault::Key));
    assert_eq!(provider.verify(&ec_key.token(&header("ES256", "e"), &claims())), Ok(alice()));
}

#[test]
fn without_a_key_identifier_every_key_of_the_algorithm_is_tried() {
    let keys =
        [p256(1).jwk(), rsa(0, &RSA_PKCS1_SHA256).jwk(), with(&p256(2).jwk(), json!({ "kid": "2" })), ed(1).jwk()];
    let provider = Provider::new("no-kid", &keys);
    let bare = |algorithm: &str| json!({ "alg": algorithm });
    for (algorithm, signer) in
        [("ES256", p256(1)), ("ES256", p256(2)), ("RS256", rsa(0, &RSA_PKCS1_SHA256)), ("EdDSA", ed(1))]
    {
        assert_eq!(provider.verify(&signer.token(&bare(algorithm), &claims())), Ok(alice()), "{algorithm}");
    }
    assert_eq!(provider.verify(&p256(3).token(&bare("ES256"), &claims())), Err(TokenFault::Signature));
    // The first key signed it: what it says is not asked of the second.
    let expired = p256(1).token(&bare("ES256"), &with(&claims(), json!({ "exp": NOW })));
    assert_eq!(provider.verify(&expired), Err(TokenFault::Expired));
    let elsewhere = p256(1).token(&bare("ES256"), &with(&claims(), json!({ "aud": "https://other.example" })));
    assert_eq!(provider.verify(&elsewhere), Err(TokenFault::Audience));
    // One that names a key is tried with that one alone, and a key without a name has none.
    assert_eq!(provider.verify(&p256(1).token(&header("ES256", "2"), &claims())), Err(TokenFault::Signature));
    assert_eq!(provider.verify(&p256(1).token(&header("ES256", "1"), &claims())), Err(TokenFault::Key));
}

#[test]
fn no_bit_of_a_token_may_differ() {
    let provider = Provider::usual("bits");
    let token = p256(1).token(&header("ES256", "e"), &claims());
    for place in 0..token.len() {
        for bit in 0..7 {
            let mut flipped = token.clone().into_bytes();
            flipped[place] ^= 1 << bit;
            let Ok(flipped) = String::from_utf8(flipped) else { continue };
            assert!(provider.verify(&flipped).is_err(), "{place} {bit}");
        }
    }
    for other in ["", ".", "..", "...", "a.b.c", "e30.e30.", &token[1..], &format!("{token}."), &format!("{token} ")] {
        assert_eq!(provider.verify(other), Err(TokenFault::Form), "{other}");
    }
    // Cut short, a signature is of another length.
    let end = token.rfind('.').unwrap();
    assert_eq!(provider.verify(&token[..=end]), Err(TokenFault::Signature));
    assert_eq!(provider.verify(&token[..end]), Err(TokenFault::Form));
}

#[test]
fn a_token_has_8_kib_at_most() {
    let provider = Provider::usual("long");
    let token = |padding: usize| {
        let claims = with(&claims(), json!({ "padding": "x".repeat(padding) }));
        p256(1).token(&header("ES256", "e"), &claims)
    };
    // Three octets are four characters.
    let padding = (8192 - token(0).len()) / 4 * 3;
    let (fits, longer) = (token(padding), token(padding + 4));
    assert!((8185..=8192).contains(&fits.len()) && (8193..8200).contains(&longer.len()), "{}", longer.len());
    assert_eq!(provider.verify(&fits), Ok(alice()));
    assert_eq!(provider.verify(&longer), Err(TokenFault::TooLong));
}

#[test]
fn a_set_of_keys_is_held_to_what_it_has_to_be() {
    let good = p256(1).jwk();
    let parse = |keys: &[Value]| KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).err();
    assert_eq!(parse(std::slice::from_ref(&good)), None);
    // What is unknown is passed over (RFC 7517 §5).
    let others = [
        json!({ "kty": "new" }),
        json!({}),
        json!(7),
        json!({ "kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA" }),
    ];
    let beside: Vec<_> = others.iter().cloned().chain([good.clone()]).collect();
    assert_eq!(parse(&beside), None);
    let small = json!({ "kty": "RSA", "n": base64([0xff; 255]), "e": "AQAB" });
    let small_padded = json!({ "kty": "RSA", "n": base64([&[0][..], &[0xff; 255]].concat()), "e": "AQAB" });
    let large = json!({ "kty": "RSA", "n": base64([0xff; 1025]), "e": "AQAB" });
    for unusable in [
        json!({ "kty": "oct", "k": "AAAA" }),
        with(&good, json!({ "use": "enc" })),
        with(&good, json!({ "alg": "ES384" })),
        with(&good, json!({ "crv": "P-384" })),
        with(&good, json!({ "crv": "P-521" })),
        with(&good, json!({ "kty": "OKP" })),
        with(&good, json!({ "x": "AA" })),
        with(&good, json!({ "x": "?" })),
        with(&ed(1).jwk(), json!({ "x": "AA" })),
        with(&ed(1).jwk(), json!({ "crv": "X25519" })),
        small,
        small_padded,
        large,
    ] {
        let mistake = parse(std::slice::from_ref(&unusable)).unwrap_or_else(|| panic!("{unusable}"));
        assert!(mistake.starts_with("no key in it"), "{unusable}: {mistake}");
    }
    assert_eq!(parse(&[]).map(|mistake| &mistake[..12]), Some("no key in it"));
    let private = with(&good, json!({ "d": "AA" }));
    assert!(parse(&[good.clone(), private]).is_some_and(|mistake| mistake.starts_with("a private key")));
    assert_eq!(parse(&vec![good.clone(); 32]), None);
    assert_eq!(parse(&vec![good.clone(); 33]), Some("more than 32 keys"));
    for text in ["", "{}", "[]", "{\"keys\":{}}", "-----BEGIN PUBLIC KEY-----", &good.to_string()] {
        assert_eq!(KeySet::parse(text.as_bytes()).err(), Some("this is no JWK set"), "{text}");
    }
    let scratch = Scratch::new("accounts-large");
    let file = Provider::file(&scratch);
    let set = json!({ "keys": [good] }).to_string();
    for (octets, fits) in [(256 * 1024, true), (256 * 1024 + 1, false)] {
        fs::write(&file, [set.as_bytes(), &vec![b' '; octets - set.len()]].concat()).unwrap();
        assert_eq!(KeySet::read(&file).is_ok(), fits, "{octets}");
    }
}

#[test]
fn keys_are_read_again_and_stay_if_the_file_is_broken() {
    let provider = Provider::new("renewed", &[p256(1).jwk()]);
    let source = provider.source("x-user");
    let token = |secret| p256(secret).token(&json!({ "alg": "ES256" }), &claims());
    let account = |secret| source.account(&headers(&[("x-user", &token(secret))]), false, NOW);
    let refused = Err(Refusal::AccountRefused(TokenFault::Signature));
    assert_eq!((account(1), account(2)), (Ok(Some(alice())), refused));
    let file = Provider::file(&provider.scratch);
    fs::write(&file, json!({ "keys": [p256(2).jwk()] }).to_string()).unwrap();
    assert_eq!((account(1), account(2)), (Ok(Some(alice())), refused), "not yet");
    source.renew();
    assert_eq!((account(1), account(2)), (refused, Ok(Some(alice()))));
    for broken in ["", "{\"keys\":[]}", "{\"keys\":["] {
        fs::write(&file, broken).unwrap();
        source.renew();
        assert_eq!((account(1), account(2)), (refused, Ok(Some(alice()))), "{broken}");
    }
    fs::remove_file(&file).unwrap();
    source.renew();
    assert_eq!((account(1), account(2)), (refused, Ok(Some(alice()))));
    fs::write(&file, json!({ "keys": [p256(1).jwk(), p256(2).jwk()] }).to_string()).unwrap();
    source.renew();
    assert_eq!((account(1), account(2)), (Ok(Some(alice())), Ok(Some(alice()))));
}

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let line = |(name, value): &(&str, &str)| {
        (HeaderName::try_from(*name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    let mut headers = HeaderMap::new();
    for (name, value) in lines.iter().map(line) {
        headers.append(name, value);
    }
    headers
}

#[test]
fn r83_the_users_token_stands_after_bearer() {
    let provider = Provider::usual("bearer");
    let source = provider.source("authorization");
    let token = p256(1).token(&header("ES256", "e"), &claims());
    let account = |lines: &[(&str, &str)]| source.account(&headers(lines), false, NOW);
    let (bearer, attest) = (format!("Bearer {token}"), "Attest key_id=\"AA\", assertion=\"AA\"");
    assert_eq!(account(&[("authorization", &bearer)]), Ok(Some(alice())));
    assert_eq!(account(&[("authorization", &format!("bEARER {token}"))]), Ok(Some(alice())));
    assert_eq!(account(&[("authorization", &bearer), ("x-app-attest", "key_id=AA; assertion=AA")]), Ok(Some(alice())));
    // Whose request it is, nobody says.
    assert_eq!(account(&[]), Ok(None));
    assert_eq!(account(&[("authorization", attest)]), Ok(None));
    assert_eq!(account(&[("authorization", "Basic YTpi")]), Ok(None));
    assert_eq!(account(&[("x-user", &token)]), Ok(None));
    // Twice, or of two schemes.
    for other in [&*bearer, attest, ""] {
        assert_eq!(account(&[("authorization", &bearer), ("authorization", other)]), Err(Refusal::RequestMalformed));
        assert_eq!(account(&[("authorization", other), ("authorization", &bearer)]), Err(Refusal::RequestMalformed));
    }
    assert_eq!(account(&[("authorization", "Bearer ä")]), Err(Refusal::RequestMalformed));
    let form = Err(Refusal::AccountRefused(TokenFault::Form));
    for value in [&*format!("{bearer}, {attest}"), "Bearer", "Bearer ", &format!("Bearer  {token}"), "Bearer x"] {
        assert_eq!(account(&[("authorization", value)]), form, "{value}");
    }
    let expired = p256(1).token(&header("ES256", "e"), &with(&claims(), json!({ "exp": NOW })));
    let refused = account(&[("authorization", &format!("Bearer {expired}"))]);
    assert_eq!(refused, Err(Refusal::AccountRefused(TokenFault::Expired)));
    assert_eq!(refused.unwrap_err().reason(), "UserTokenExpired");
}

#[test]
fn another_header_holds_the_users_token_alone() {
    let provider = Provider::usual("alone");
    let source = provider.source("X-User");
    let token = p256(1).token(&header("ES256", "e"), &claims());
    let account = |lines: &[(&str, &str)]| source.account(&headers(lines), true, NOW);
    let form = Err(Refusal::AccountRefused(TokenFault::Form));
    assert_eq!(account(&[("x-user", &token)]), Ok(Some(alice())));
    assert_eq!(account(&[("x-user", &format!("Bearer {token}"))]), form);
    assert_eq!(account(&[("x-user", "")]), form);
    assert_eq!(account(&[("authorization", &format!("Bearer {token}"))]), Ok(None));
    assert_eq!(account(&[("x-user", &token), ("x-user", &token)]), Err(Refusal::RequestMalformed));
}

#[test]
fn a_proxys_word_is_believed_of_proxies_alone() {
    let source = AccountSource::new(&Accounts::Proxy { header: "X-Account".to_owned() }).unwrap();
    let account = |lines: &[(&str, &str)], trusted| source.account(&headers(lines), trusted, NOW);
    let bob = AccountId::of("proxy", "bob").unwrap();
    assert_eq!(account(&[("x-account", "bob")], true), Ok(Some(bob)));
    assert_eq!(account(&[("x-account", "bob")], false), Err(Refusal::ProxyUnknown));
    assert_eq!((account(&[], true), account(&[], false)), (Ok(None), Ok(None)));
    // What the client said stands beside what the proxy said.
    assert_eq!(account(&[("x-account", "bob"), ("x-account", "alice")], true), Err(Refusal::RequestMalformed));
    for value in ["", &*"x".repeat(513), "bäb"] {
        assert_eq!(account(&[("x-account", value)], true), Err(Refusal::RequestMalformed), "{value}");
    }
    assert!(account(&[("x-account", &*"x".repeat(512))], true).is_ok_and(|account| account.is_some()));
    source.renew();
}

#[tokio::test]
async fn a_client_is_told_what_it_can_act_on() {
    for (refusal, status, code, retryable, scheme) in [
        (Refusal::AccountMissing, 401, "account_required", true, Some("Bearer")),
        (Refusal::AccountRefused(TokenFault::Issuer), 401, "user_token_rejected", true, Some("Bearer")),
        (Refusal::AccountMismatch, 401, "rejected", false, Some("Attest")),
        (Refusal::ProxyUnknown, 403, "proxy_unknown", false, None),
    ] {
        let response = Problem::from(refusal).into_response();
        let challenge = response.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!((response.status().as_u16(), challenge.as_deref()), (status, scheme), "{code}");
        let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&body["code"], &body["retryable"]), (&json!(code), &json!(retryable)));
        assert!(!body.to_string().contains("Issuer"), "the reason stays here");
    }
}

/// A configuration with these lines in `[accounts]`, and before it.
fn load(before: &str, accounts: &str) -> Result<Config, Vec<String>> {
    let text = format!(
        "{before}\n[[applications]]\nname = \"shop\"\napp_ids = [\"ABCDE12345.com.example.shop\"]\n[accounts]\n{accounts}\n"
    );
    Config::load(Some(&text), std::iter::empty()).map_err(|mistakes| mistakes.0)
}

const BEHIND_PROXY: &str = "authority = \"shop.example\"\ntrusted_proxies = [\"10.0.0.0/8\"]";

#[test]
fn a_configuration_says_whose_word_on_accounts_counts() {
    let provider = Provider::usual("config");
    let keys = Provider::file(&provider.scratch);
    let least = format!("kind = \"token\"\nissuer = \"{ISSUER}\"\naudience = \"{AUDIENCE}\"\nkeys = {keys:?}");
    let config = load("", &least).unwrap();
    let expected = Accounts::Token {
        header: "authorization".to_owned(),
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        keys: keys.clone(),
        claim: "sub".to_owned(),
    };
    assert_eq!(config.accounts.as_ref(), Some(&expected));
    assert!(AccountSource::new(&expected).is_ok());
    // What is printed by --check is a configuration again.
    let printed = toml::to_string(&config).unwrap().replace("demo = false\n", "");
    assert_eq!(Config::load(Some(&printed), std::iter::empty()).unwrap().accounts.as_ref(), Some(&expected));
    // Challenges may be bound to the same header.
    assert!(load("session_header = \"authorization\"", &least).is_ok());
    let tokens = "\n[tokens]\nheader = \"x-device-token\"";
    assert!(load("", &format!("{least}{tokens}")).is_ok());

    let config = load(BEHIND_PROXY, "kind = \"proxy\"\nheader = \"x-account\"").unwrap();
    assert_eq!(config.accounts, Some(Accounts::Proxy { header: "x-account".to_owned() }));
    assert_eq!((expected.issuer(), config.accounts.unwrap().issuer()), (ISSUER, "proxy"));
    assert!(Config::default().accounts.is_none());
}

#[test]
fn every_mistake_about_accounts_is_named() {
    let provider = Provider::usual("mistakes");
    let keys = Provider::file(&provider.scratch);
    let missing = keys.with_file_name("missing.json");
    let unusable = keys.with_file_name("unusable.json");
    fs::write(&unusable, "{\"keys\":[]}").unwrap();
    let token = |line: &str| {
        let name = line.split_once(" = ").map_or("", |(name, _)| name);
        let lines = [
            "kind = \"token\"".to_owned(),
            format!("issuer = \"{ISSUER}\""),
            format!("audience = \"{AUDIENCE}\""),
            format!("keys = {keys:?}"),
        ];
        let kept = lines.into_iter().filter(|kept| !kept.starts_with(&format!("{name} ")));
        kept.chain([line.to_owned()]).collect::<Vec<_>>().join("\n")
    };
    let long = "x".repeat(513);
    for (line, mistake) in [
        ("issuer = \"\"", "accounts.issuer: from 1 to 512"),
        (&*format!("issuer = \"{long}\""), "accounts.issuer: from 1 to 512"),
        ("audience = \"\"", "accounts.audience: from 1 to 512"),
        ("audience = \"a b\"", "accounts.audience: from 1 to 512"),
        ("claim = \"\"", "accounts.claim: from 1 to 512"),
        (&format!("keys = {missing:?}"), &format!("accounts.keys: {}: No such file", missing.display())),
        (&format!("keys = {unusable:?}"), &format!("accounts.keys: {}: no key in it", unusable.display())),
        ("header = \"content-type\"", "accounts.header: this is no name"),
        ("header = \"Host\"", "accounts.header: this is no name"),
        ("header = \"X-App-Attest\"", "accounts.header: this is no name"),
        ("header = \"X-Forwarded-For\"", "accounts.header: this is no name"),
        ("header = \"cookie\"", "accounts.header: this is no name"),
        ("header = \"two words\"", "accounts.header: this is no name"),
        ("header = \"\"", "accounts.header: this is no name"),
        ("header = \"x-user\"\n[tokens]\nheader = \"X-User\"", "tokens.header: accounts.header is the same one"),
        ("[tokens]", "tokens.header: accounts.header is the same one"),
    ] {
        let mistakes = load("", &token(line)).unwrap_err();
        assert!(mistakes.len() == 1 && mistakes[0].starts_with(mistake), "{line}: {mistakes:?}");
    }
    for (before, accounts, mistake) in [
        ("", "kind = \"proxy\"\nheader = \"x-account\"", "accounts: trusted_proxies lists no proxy"),
        (
            BEHIND_PROXY,
            "kind = \"proxy\"\nheader = \"Authorization\"",
            "accounts.header: authorization is the client's",
        ),
        (BEHIND_PROXY, "kind = \"proxy\"\nheader = \"x-app-attest\"", "accounts.header: this is no name"),
    ] {
        let mistakes = load(before, accounts).unwrap_err();
        assert!(mistakes.len() == 1 && mistakes[0].starts_with(mistake), "{accounts}: {mistakes:?}");
    }
    // What is left out or unknown stops the reading.
    for (accounts, word) in [
        ("kind = \"proxy\"", "header"),
        ("kind = \"cookie\"", "cookie"),
        ("header = \"x-account\"", "kind"),
        ("kind = \"proxy\"\nheader = \"x-account\"\nissuer = \"x\"", "issuer"),
        ("kind = \"token\"\nissuer = \"x\"\naudience = \"y\"", "keys"),
    ] {
        let mistakes = load(BEHIND_PROXY, accounts).unwrap_err();
        assert!(mistakes[0].contains(word), "{accounts}: {mistakes:?}");
    }
}
