//! `jsonwebtoken` takes our tokens, and we take its tokens.

use std::collections::BTreeMap;

use genuine::{
    UnixTime,
    crypto::{RustCrypto, SignP256 as _},
    session::token::{ClaimValue, NewToken, TokenMinter, TokenVerifier},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::{Value, json};

use crate::common::{AUDIENCE, ISSUER, NOW, SECRET, b64, keys, policy, signer};

/// After whatever the clock of this machine shows, by which the other library goes.
const FAR: u64 = 11_833_862_400;

/// A key as PKCS #8 (RFC 5958), with a public key (RFC 5915).
fn pkcs8(secret: &[u8; 32], public: &[u8; 64]) -> Vec<u8> {
    let algorithm = b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
    let start = b"\x30\x81\x87\x02\x01\x00";
    let key = b"\x04\x6d\x30\x6b\x02\x01\x01\x04\x20";
    [start, &algorithm[..], key, secret, b"\xa1\x44\x03\x42\x00\x04", public].concat()
}

/// Both algorithms of the other library, with our keys.
fn theirs() -> [(Algorithm, &'static str, EncodingKey, DecodingKey); 2] {
    let public = signer().public_key().0;
    [
        (Algorithm::HS256, "h", EncodingKey::from_secret(&SECRET).unwrap(), DecodingKey::from_secret(&SECRET).unwrap()),
        (
            Algorithm::ES256,
            "e",
            EncodingKey::from_ec_der(&pkcs8(&[7; 32], &public)),
            DecodingKey::from_ec_components(&b64(&public[..32]), &b64(&public[32..])).unwrap(),
        ),
    ]
}

#[test]
fn ours_are_accepted() {
    let (keys, signer) = (keys(), signer());
    let minters = [
        TokenMinter::hs256(ISSUER, AUDIENCE, &keys[0], &RustCrypto).unwrap(),
        TokenMinter::es256(ISSUER, AUDIENCE, "e", &signer, &RustCrypto).unwrap(),
    ];
    let others = [("text \"\\\n\u{1}😀", ClaimValue::Text("\u{0}\t\"é\u{7f}")), ("n", ClaimValue::Integer(i64::MIN))];
    let token = NewToken::new("device \"1\"", u32::MAX).with_platform("ios").with_claims(&others);
    for (minter, (algorithm, kid, _, key)) in minters.iter().zip(theirs()) {
        let mut room = [0; 1024];
        let text = minter.mint(&token, &[1; 16], UnixTime(NOW), &mut room).unwrap();
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.leeway = 0;
        let read = decode::<Value>(text, &key, &validation).unwrap();
        assert_eq!((read.header.alg, read.header.typ.as_deref()), (algorithm, Some("JWT")));
        assert_eq!(read.header.kid.as_deref(), Some(kid));
        let expected = json!({
            "iss": ISSUER, "sub": "device \"1\"", "aud": AUDIENCE, "iat": NOW, "exp": NOW + u64::from(u32::MAX),
            "jti": b64([1; 16]), "platform": "ios", "text \"\\\n\u{1}😀": "\u{0}\t\"é\u{7f}", "n": i64::MIN,
        });
        assert_eq!(read.claims, expected);
        validation.set_audience(&["https://other.example"]);
        assert!(decode::<Value>(text, &key, &validation).is_err());
    }
}

#[test]
fn theirs_are_accepted() {
    let keys = keys();
    let verifier = TokenVerifier::new(policy(), &keys, &RustCrypto).unwrap();
    for (index, (algorithm, kid, key, _)) in theirs().into_iter().enumerate() {
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) };
        let claims: BTreeMap<_, _> = [
            ("iss", json!(ISSUER)),
            ("aud", json!([AUDIENCE])),
            ("sub", json!("\u{1}\"\\/😀")),
            ("exp", json!(FAR)),
            ("nested", json!({"a": [1, {"b": null}]})),
        ]
        .into();
        let mut text = encode(&header, &claims, &key).unwrap().into_bytes();
        let token = verifier.verify(&mut text, UnixTime(FAR - 1)).unwrap();
        assert_eq!(token.key_index(), index);
        assert_eq!(token.subject().unwrap(), "\u{1}\"\\/😀");
        assert_eq!(token.expires(), i64::try_from(FAR).unwrap());
    }
}
