//! Tokens of users: what verifies, and what does not.

use std::fs;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine_gateway::account::{AccountId, TokenFault, UserTokens};
use ring::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256};
use serde_json::{Value, json};

use crate::{AUDIENCE, ISSUER, NOW, Provider, Signer, alice, base64, claims, ed, header, p256, p384, rsa, with};

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
