//! Signatures of Project Wycheproof: those of HS256 and ES256. What is signed are no claims, so that what is authentic ends at the
//! payload.

use genuine::{
    Error, Step, UnixTime,
    crypto::RustCrypto,
    session::{
        self, jwk,
        token::{TokenKey, TokenPolicy, TokenVerifier},
    },
};
use serde_json::Value;

use crate::common::{NOW, unb64, vectors};

#[test]
fn signatures_of_wycheproof() {
    let Some(vectors) = vectors("wycheproof/json_web_signature_test.json") else { return };
    let (mut valid, mut invalid, mut of_keys) = (0, 0, 0);
    for group in vectors["testGroups"].as_array().unwrap() {
        let json = if group["public"].is_object() { &group["public"] } else { &group["private"] };
        let kid = json["kid"].as_str().unwrap();
        let (key, public);
        match json["kty"].as_str().unwrap() {
            "oct" if json["alg"] == "HS256" => key = TokenKey::hs256(kid, &unb64(json["k"].as_str().unwrap())).unwrap(),
            "EC" if json["crv"] == "P-256" => {
                public = jwk::read(json.to_string().as_bytes(), &RustCrypto);
                let Ok(public) = public else {
                    // Keys for another use are none to verify with.
                    assert_eq!(public, Err(Error::JwkUnsupported), "{json}");
                    let tests = group["tests"].as_array().unwrap();
                    assert!(tests.iter().all(|test| test["result"] == "invalid"), "{json}");
                    of_keys += tests.len();
                    continue;
                };
                key = TokenKey::es256(kid, public);
            }
            _ => continue,
        }
        let keys = [key];
        let verifier =
            TokenVerifier::new(TokenPolicy::danger_ignore_issuer_and_audience(), &keys, &RustCrypto).unwrap();
        for test in group["tests"].as_array().unwrap() {
            let is_authentic = match verifier.verify(&mut token(test), UnixTime(NOW)) {
                Ok(_) => true,
                // Signed as it came, and not base64url.
                Err(Error::TokenPayloadBase64) => false,
                Err(error) => match error.step().unwrap() {
                    Step::Session(step) => step > session::Step::Authenticity,
                    other => panic!("{other:?}"),
                },
            };
            let expected = test["result"] == "valid";
            if DIFFERENT.contains(&test["tcId"].as_u64().unwrap()) {
                assert!(expected != is_authentic, "{test}");
                continue;
            }
            assert_eq!(is_authentic, expected, "{test}");
            *(if expected { &mut valid } else { &mut invalid }) += 1;
        }
    }
    println!("{valid} valid, {invalid} invalid, {of_keys} by their keys");
    assert!(valid >= 5 && invalid >= 50 && of_keys == 2, "{valid} {invalid} {of_keys}");
}

/// Where this verifier answers otherwise. 367 and 370 are to have padding, and are octet for octet the good one 357; 372 and 373 are
/// to be good with a question mark in a segment, which RFC 7515 §2 does not allow.
const DIFFERENT: [u64; 4] = [367, 370, 372, 373];

fn token(test: &Value) -> Vec<u8> {
    match &test["jws"] {
        Value::String(text) => text.as_bytes().to_vec(),
        other => other.to_string().into_bytes(),
    }
}
