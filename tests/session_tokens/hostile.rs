//! Tokens with one mistake each: every one is refused, and for that mistake.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE},
};
use genuine::{
    Class, Error, UnixTime,
    crypto::{RustCrypto, SignP256 as _},
    session::token::{MAX_TOKEN, TokenKey, TokenVerifier},
};
use serde_json::{Value, json};

use crate::common::{
    AUDIENCE, ES_HEADER, HS_HEADER, ISSUER, NOW, SECRET, b64, claims, claims_with, es256, hs256, jwk, keys, policy,
    sha256, signer, unb64, verdict,
};

fn good() -> String {
    hs256(HS_HEADER, claims().to_string(), &SECRET)
}

/// With this header, and a code that is good.
fn headed(header: &str) -> String {
    hs256(header, claims().to_string(), &SECRET)
}

/// With this payload, and a code that is good.
fn holding(payload: impl AsRef<[u8]>) -> String {
    hs256(HS_HEADER, payload, &SECRET)
}

fn expect(name: &str, token: &str, expected: Error) {
    assert_eq!(verdict(policy(), token, NOW), Err(expected), "{name}: {token}");
}

#[test]
fn good_ones_are_accepted() {
    assert_eq!(verdict(policy(), &good(), NOW), Ok(()));
    assert_eq!(verdict(policy(), &es256(ES_HEADER, claims().to_string(), &signer()), NOW), Ok(()));
}

#[test]
fn other_algorithms_are_refused() {
    for algorithm in
        ["none", "None", "nOnE", "NONE", "", "hs256", "HS384", "HS512", "RS256", "PS256", "ES384", "ES256K", "EdDSA"]
    {
        let header = json!({"alg": algorithm, "typ": "JWT", "kid": "h"}).to_string();
        expect(algorithm, &headed(&header), Error::TokenAlgorithm);
        // As well without a code.
        let bare = format!("{}.{}.", b64(&header), b64(claims().to_string()));
        expect(algorithm, &bare, Error::TokenAlgorithm);
    }
    expect("none given", &headed(r#"{"typ":"JWT","kid":"h"}"#), Error::TokenAlgorithm);
    expect("HS256 by the key of ES256", &headed(r#"{"alg":"HS256","typ":"JWT","kid":"e"}"#), Error::TokenAlgorithm);
    expect("ES256 by the key of HS256", &headed(r#"{"alg":"ES256","typ":"JWT","kid":"h"}"#), Error::TokenAlgorithm);
    // The public key as a secret, in each form that is published.
    let key = signer().public_key();
    let point = [&[4], &key.0[..]].concat();
    for secret in [&key.0[..], &point, jwk(&key).to_string().as_bytes(), b64(point.clone()).as_bytes()] {
        let token = hs256(r#"{"alg":"HS256","typ":"JWT","kid":"e"}"#, claims().to_string(), secret);
        expect("a public key as a secret", &token, Error::TokenAlgorithm);
    }
}

#[test]
fn headers_are_strict() {
    let with = |more: &str| headed(&format!(r#"{{"alg":"HS256","typ":"JWT","kid":"h"{more}}}"#));
    expect("duplicate alg", &with(r#","alg":"HS256""#), Error::TokenHeaderDuplicate);
    expect("duplicate alg, escaped", &with(r#","\u0061lg":"none""#), Error::TokenHeaderDuplicate);
    expect("duplicate of a name that is not known", &with(r#","x":1,"x":1"#), Error::TokenHeaderDuplicate);
    expect("crit", &with(r#","crit":["b64"],"b64":false"#), Error::TokenCritical);
    expect("empty crit", &with(r#","crit":[]"#), Error::TokenCritical);
    expect("zip", &with(r#","zip":"DEF""#), Error::TokenEncoding);
    expect("enc", &with(r#","enc":"A256GCM""#), Error::TokenEncoding);
    expect("trailing comma", &with(","), Error::TokenHeaderJson);
    expect("alg of another type", &headed(r#"{"alg":["HS256"],"typ":"JWT","kid":"h"}"#), Error::TokenHeaderJson);
    expect("kid of another type", &headed(r#"{"alg":"HS256","typ":"JWT","kid":1}"#), Error::TokenHeaderJson);
    expect("no object", &headed("[]"), Error::TokenHeaderJson);
    expect("empty", &headed(""), Error::TokenHeaderJson);
    expect("something behind", &headed(&format!("{HS_HEADER}{{}}")), Error::TokenHeaderJson);
    expect("single quotes", &headed("{'alg':'HS256'}"), Error::TokenHeaderJson);
    let deep = format!(r#","x":{}{}"#, "[".repeat(9), "]".repeat(9));
    expect("deep", &with(&deep), Error::TokenHeaderLimit);
    let wide = (0..30).map(|name| format!(r#","{name}":1"#)).collect::<Vec<_>>().concat();
    expect("wide", &with(&wide), Error::TokenHeaderLimit);
    let long = format!(r#","x":"{}""#, "x".repeat(480));
    expect("long", &with(&long), Error::TokenHeaderLimit);
    // A segment of 512 characters is the longest.
    let filled =
        |octets: usize| with(&format!(r#","x":"{}""#, "x".repeat(octets - HS_HEADER.len() - r#","x":"""#.len())));
    assert_eq!(verdict(policy(), &filled(384), NOW), Ok(()));
    expect("longer", &filled(385), Error::TokenHeaderLimit);
    // The byte order mark, a null, and an octet that is no UTF-8.
    for octets in [&b"\xEF\xBB\xBF{}"[..], b"{}\0", b"{\"x\":\"\xFF\"}"] {
        let signed = format!("{}.{}", b64(octets), b64(claims().to_string()));
        let token = format!("{signed}.{}", b64(sha256(b"any")));
        expect("octets", &token, Error::TokenHeaderJson);
    }
    // Keys in the header, and addresses of keys, are not looked at.
    let key = jwk(&signer().public_key());
    let embedded = json!({
        "alg": "HS256", "typ": "JWT", "kid": "h", "jwk": key, "jku": "https://evil.example", "x5u": "https://evil.example",
        "x5c": ["AAAA"],
    });
    assert_eq!(verdict(policy(), &headed(&embedded.to_string()), NOW), Ok(()));
    let embedded = json!({"alg": "ES256", "typ": "JWT", "kid": "e", "jwk": jwk(&crate::common::device().public_key())});
    expect(
        "by the key in the header",
        &es256(&embedded.to_string(), claims().to_string(), &crate::common::device()),
        Error::TokenForged,
    );
}

#[test]
fn types_are_compared() {
    for typ in ["JWT", "jwt", "application/JWT", "Application/jWt"] {
        let header = json!({"alg": "HS256", "typ": typ, "kid": "h"}).to_string();
        assert_eq!(verdict(policy(), &headed(&header), NOW), Ok(()), "{typ}");
        assert_eq!(verdict(policy().with_type("application/jwt"), &headed(&header), NOW), Ok(()), "{typ}");
        assert_eq!(verdict(policy().with_type("at+jwt"), &headed(&header), NOW), Err(Error::TokenType), "{typ}");
    }
    for typ in
        ["", "JW", "JWT ", "at+jwt", "dpop+jwt", "application/", "application/application/jwt", "text/jwt", "JOSE"]
    {
        let header = json!({"alg": "HS256", "typ": typ, "kid": "h"}).to_string();
        expect(typ, &headed(&header), Error::TokenType);
    }
    expect("no typ", &headed(r#"{"alg":"HS256","kid":"h"}"#), Error::TokenType);
    // Where nothing else is known of a token, its type may be missing, but not be another.
    let weak = genuine::session::token::TokenPolicy::danger_ignore_issuer_and_audience();
    assert_eq!(verdict(weak, &headed(r#"{"alg":"HS256","kid":"h"}"#), NOW), Ok(()));
    let header = json!({"alg": "HS256", "typ": "dpop+jwt", "kid": "h"}).to_string();
    assert_eq!(verdict(weak, &headed(&header), NOW), Err(Error::TokenType));
}

#[test]
fn keys_are_found_by_name() {
    expect("unknown", &headed(r#"{"alg":"HS256","typ":"JWT","kid":"x"}"#), Error::TokenKeyUnknown);
    expect("empty", &headed(r#"{"alg":"HS256","typ":"JWT","kid":""}"#), Error::TokenKeyUnknown);
    expect("longer", &headed(r#"{"alg":"HS256","typ":"JWT","kid":"hh"}"#), Error::TokenKeyUnknown);
    expect("a path", &headed(r#"{"alg":"HS256","typ":"JWT","kid":"../../dev/null"}"#), Error::TokenKeyUnknown);
    let nameless = headed(r#"{"alg":"HS256","typ":"JWT"}"#);
    expect("missing", &nameless, Error::TokenKeyMissing);
    let [only, _] = keys();
    let only = [only];
    let verifier = TokenVerifier::new(policy(), &only, &RustCrypto).unwrap();
    assert!(verifier.verify(&mut nameless.into_bytes(), UnixTime(NOW)).is_ok());
    let unknown = headed(r#"{"alg":"HS256","typ":"JWT","kid":"x"}"#);
    assert_eq!(verifier.verify(&mut unknown.into_bytes(), UnixTime(NOW)).map(drop), Err(Error::TokenKeyUnknown));
}

/// While a key is replaced, both are good, and each token is verified by its own.
#[test]
fn keys_overlap() {
    let keys = [TokenKey::hs256("new", &[1; 32]).unwrap(), TokenKey::hs256("old", &[2; 32]).unwrap()];
    let verifier = TokenVerifier::new(policy(), &keys, &RustCrypto).unwrap();
    for (kid, octet, expected) in
        [("new", 1, Ok(0)), ("old", 2, Ok(1)), ("new", 2, Err(Error::TokenForged)), ("old", 1, Err(Error::TokenForged))]
    {
        let header = json!({"alg": "HS256", "typ": "JWT", "kid": kid}).to_string();
        let mut token = hs256(&header, claims().to_string(), &[octet; 32]).into_bytes();
        assert_eq!(verifier.verify(&mut token, UnixTime(NOW)).map(|token| token.key_index()), expected);
    }
    let after = &keys[..1];
    let verifier = TokenVerifier::new(policy(), after, &RustCrypto).unwrap();
    let mut token = hs256(r#"{"alg":"HS256","typ":"JWT","kid":"old"}"#, claims().to_string(), &[2; 32]).into_bytes();
    assert_eq!(verifier.verify(&mut token, UnixTime(NOW)).map(drop), Err(Error::TokenKeyUnknown));
}

#[test]
fn the_form_is_compact() {
    let token = good();
    let (signed, code) = token.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    expect("empty", "", Error::TokenSegments);
    expect("one segment", header, Error::TokenSegments);
    expect("two segments", signed, Error::TokenSegments);
    expect("four segments", &format!("{token}.{code}"), Error::TokenSegments);
    expect("trailing dot", &format!("{token}."), Error::TokenSegments);
    expect("leading dot", &format!(".{token}"), Error::TokenSegments);
    expect("five segments, as of a JWE", &format!("{header}.{code}.{code}.{payload}.{code}"), Error::TokenSegments);
    expect(
        "JSON",
        &json!({"payload": payload, "protected": header, "signature": code}).to_string(),
        Error::TokenSegments,
    );
    expect("Bearer", &format!("Bearer {token}"), Error::TokenHeaderBase64);
    expect("white space before", &format!(" {token}"), Error::TokenHeaderBase64);
    expect("white space behind", &format!("{token} "), Error::TokenSignatureForm);
    expect("line break behind", &format!("{token}\n"), Error::TokenSignatureForm);
    expect("white space within", &format!("{header} .{payload}.{code}"), Error::TokenHeaderBase64);
    expect("header with padding", &format!("{header}=.{payload}.{code}"), Error::TokenHeaderBase64);
    expect("no header", &format!(".{payload}.{code}"), Error::TokenHeaderJson);
    expect("no code", &format!("{signed}."), Error::TokenSignatureForm);
    expect("code with padding", &format!("{signed}.{}", URL_SAFE.encode(unb64(code))), Error::TokenSignatureForm);
    // The payload's form is looked at behind the code.
    let resigned = |payload: &str| {
        let signed = format!("{header}.{payload}");
        let code = genuine::crypto::HmacSha256::hmac_sha256(&RustCrypto, &SECRET, &[signed.as_bytes()]).unwrap();
        format!("{signed}.{}", b64(code))
    };
    expect("payload with padding", &resigned(&URL_SAFE.encode("{}  ")), Error::TokenPayloadBase64);
    expect(
        "payload of the other alphabet",
        &resigned(&STANDARD_NO_PAD.encode("{\"\u{7f}~~~\":\"\u{7f}???\"}")),
        Error::TokenPayloadBase64,
    );
    expect("payload with white space", &resigned(&format!("{payload} ")), Error::TokenPayloadBase64);
    expect("no payload", &resigned(""), Error::TokenPayloadJson);
    expect("spare bits of the payload", &resigned("e31"), Error::TokenPayloadBase64);
    let other = STANDARD.encode([0xFF; 32]).replace('=', "");
    expect("code of the other alphabet", &format!("{signed}.{other}"), Error::TokenSignatureForm);
    // 32 octets leave two spare bits in the 43rd character.
    let last = code.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
    expect("spare bits", &format!("{signed}.{}{next}", &code[..42]), Error::TokenSignatureForm);
}

#[test]
fn sizes_are_capped() {
    // A segment has no length of 1 modulo 4, so that the two lengths need headers of different lengths.
    let filled = |header: &str, length: usize| {
        let make = |filler: usize| hs256(header, claims_with("x", json!("x".repeat(filler))), &SECRET);
        (2700..3000).map(make).find(|token| token.len() == length).unwrap()
    };
    assert_eq!(verdict(policy(), &filled(&HS_HEADER.replace(',', " ,"), MAX_TOKEN), NOW), Ok(()));
    expect("one more", &filled(HS_HEADER, MAX_TOKEN + 1), Error::TokenTooLarge);
    expect("dots", &".".repeat(MAX_TOKEN + 1), Error::TokenTooLarge);
}

#[test]
fn codes_and_signatures_have_one_form() {
    let token = good();
    let (signed, code) = token.rsplit_once('.').unwrap();
    let code = unb64(code);
    let with = |code: &[u8]| format!("{signed}.{}", b64(code));
    for length in [0, 1, 15, 16, 31] {
        expect("truncated code", &with(&code[..length]), Error::TokenSignatureForm);
    }
    expect("longer code", &with(&[&code[..], &[0]].concat()), Error::TokenSignatureForm);
    expect("code of zeros", &with(&[0; 32]), Error::TokenForged);
    expect("hash in the place of the code", &with(&sha256(signed.as_bytes())), Error::TokenForged);

    let token = es256(ES_HEADER, claims().to_string(), &signer());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature: [u8; 64] = unb64(signature).try_into().unwrap();
    let with = |signature: &[u8]| format!("{signed}.{}", b64(signature));
    expect("63 octets", &with(&signature[..63]), Error::TokenSignatureForm);
    expect("65 octets", &with(&[&signature[..], &[0]].concat()), Error::TokenSignatureForm);
    expect("65 octets", &with(&[&[0], &signature[..]].concat()), Error::TokenSignatureForm);
    let integer = |half: &[u8]| [&[2, 33, 0], half].concat();
    let der = [&[0x30, 70][..], &integer(&signature[..32]), &integer(&signature[32..])].concat();
    expect("DER", &with(&der), Error::TokenSignatureForm);
    expect("zeros", &with(&[0; 64]), Error::TokenForged);
    expect("r zero", &with(&[&[0; 32], &signature[32..]].concat()), Error::TokenForged);
    expect("s zero", &with(&[&signature[..32], &[0; 32]].concat()), Error::TokenForged);
    expect("ones", &with(&[0xFF; 64]), Error::TokenForged);
    expect("swapped", &with(&[&signature[32..], &signature[..32]].concat()), Error::TokenForged);
}

#[test]
fn claims_have_to_be_there() {
    for (name, expected) in [
        ("iss", Err(Error::TokenIssuerMissing)),
        ("aud", Err(Error::TokenAudienceMissing)),
        ("exp", Err(Error::TokenExpiryMissing)),
        ("iat", Ok(())),
        ("sub", Ok(())),
        ("jti", Ok(())),
    ] {
        let token = holding(claims_with(name, Value::Null));
        assert_eq!(verdict(policy(), &token, NOW), expected, "{name}");
    }
    let limited = policy().limit_lifetime(300);
    assert_eq!(verdict(limited, &good(), NOW), Ok(()));
    assert_eq!(verdict(limited, &holding(claims_with("iat", Value::Null)), NOW), Err(Error::TokenIssuedAtMissing));
    assert_eq!(verdict(limited, &holding(claims_with("exp", json!(NOW + 301))), NOW), Err(Error::TokenLifetime));
    assert_eq!(verdict(limited, &holding(claims_with("iat", json!(i64::MIN))), NOW), Err(Error::TokenLifetime));
    // A token of others needs its expiration time too.
    let weak = genuine::session::token::TokenPolicy::danger_ignore_issuer_and_audience();
    assert_eq!(verdict(weak, &holding(r#"{"pay":"x"}"#), NOW), Err(Error::TokenExpiryMissing));
}

#[test]
fn claims_have_one_type() {
    let exps = [json!("1800000300"), json!(true), json!([NOW + 300]), json!({"a": 1})];
    for value in exps {
        expect("exp", &holding(claims_with("exp", value)), Error::TokenClaimType);
    }
    expect("exp null", &holding(claims().to_string().replace("1800000300", "null")), Error::TokenClaimType);
    for number in ["9223372036854775808", "99999999999999999999999999", "18e8", "1.8E9", "-9223372036854775809"] {
        expect(number, &holding(claims().to_string().replace("1800000300", number)), Error::TokenClaimType);
    }
    for number in ["01800000300", "1800000300.", "+1800000300", ".5", "0x6B49D3AC", "NaN", "Infinity", "1800000300 1"] {
        expect(number, &holding(claims().to_string().replace("1800000300", number)), Error::TokenPayloadJson);
    }
    for (name, value) in [
        ("iss", json!([ISSUER])),
        ("iss", json!(1)),
        ("sub", json!(1)),
        ("jti", json!(1)),
        ("iat", json!("1800000000")),
        ("nbf", json!("0")),
        ("aud", json!(1)),
        ("aud", json!({AUDIENCE: true})),
        ("aud", json!([AUDIENCE, 1])),
        ("aud", json!([[AUDIENCE]])),
    ] {
        expect(name, &holding(claims_with(name, value)), Error::TokenClaimType);
    }
}

#[test]
fn claims_are_compared() {
    for issuer in [
        "",
        "https://attest.example/",
        "https://attest.exampl",
        "HTTPS://attest.example",
        "https://attest.example\u{0}",
    ] {
        expect(issuer, &holding(claims_with("iss", json!(issuer))), Error::TokenIssuer);
    }
    for audience in [
        json!(""),
        json!("https://api.example/"),
        json!("https://API.example"),
        json!([]),
        json!(["https://other.example"]),
        json!(["https://other.example", "https://api.example.evil"]),
    ] {
        expect("aud", &holding(claims_with("aud", audience)), Error::TokenAudience);
    }
    let several = json!(["https://other.example", AUDIENCE, "x"]);
    assert_eq!(verdict(policy(), &holding(claims_with("aud", several)), NOW), Ok(()));
}

#[test]
fn times_are_compared_to_the_second() {
    let at = |now: u64, skew: u32| verdict(policy().with_skew(skew), &good(), now);
    assert_eq!(at(NOW + 299, 0), Ok(()));
    assert_eq!(at(NOW + 300, 0), Err(Error::TokenExpired));
    assert_eq!(at(NOW + 329, 30), Ok(()));
    assert_eq!(at(NOW + 330, 30), Err(Error::TokenExpired));
    assert_eq!(at(NOW - 1, 0), Err(Error::TokenFromFuture));
    assert_eq!(at(NOW - 30, 30), Ok(()));
    assert_eq!(at(NOW - 31, 30), Err(Error::TokenFromFuture));
    assert_eq!(at(0, 0), Err(Error::ClockUnset));
    expect("negative exp", &holding(claims_with("exp", json!(-1))), Error::TokenExpired);
    expect("exp zero", &holding(claims_with("exp", json!(0))), Error::TokenExpired);
    let later = |nbf: u64, skew: u32| verdict(policy().with_skew(skew), &holding(claims_with("nbf", json!(nbf))), NOW);
    assert_eq!(later(NOW, 0), Ok(()));
    assert_eq!(later(NOW + 1, 0), Err(Error::TokenNotYetValid));
    assert_eq!(later(NOW + 30, 30), Ok(()));
    assert_eq!(later(NOW + 31, 30), Err(Error::TokenNotYetValid));
    expect("iat in the future", &holding(claims_with("iat", json!(NOW + 1))), Error::TokenFromFuture);
}

#[test]
fn payloads_are_strict() {
    let text = claims().to_string();
    let with = |more: &str| holding(format!("{}{more}}}", text.strip_suffix('}').unwrap()));
    expect("duplicate exp", &with(r#","exp":1"#), Error::TokenPayloadDuplicate);
    expect("duplicate iss, escaped", &with(r#","is\u0073":"x""#), Error::TokenPayloadDuplicate);
    expect("duplicate of another", &with(r#","x":1,"x":2"#), Error::TokenPayloadDuplicate);
    expect("duplicate within", &with(r#","x":{"y":1,"y":2}"#), Error::TokenPayloadDuplicate);
    expect("trailing comma", &with(","), Error::TokenPayloadJson);
    expect("something behind", &holding(format!("{text}0")), Error::TokenPayloadJson);
    expect("comment", &with("/**/"), Error::TokenPayloadJson);
    expect("array", &holding("[]"), Error::TokenPayloadJson);
    expect("string", &holding("\"x\""), Error::TokenPayloadJson);
    expect("control character", &with(",\"x\":\"\u{1}\""), Error::TokenPayloadJson);
    expect("half a surrogate pair", &with(r#","x":"\ud83d""#), Error::TokenPayloadJson);
    expect("byte order mark", &holding(format!("\u{feff}{text}")), Error::TokenPayloadJson);
    for octets in [&b"\xFF"[..], b"\xC0\xAF", b"\xED\xA0\x80", b"\xF4\x90\x80\x80"] {
        let payload = [&text.as_bytes()[..text.len() - 1], b",\"x\":\"", octets, b"\"}"].concat();
        expect("not UTF-8", &holding(payload), Error::TokenPayloadJson);
    }
    expect("deep", &with(&format!(r#","x":{}{}"#, "[".repeat(9), "]".repeat(9))), Error::TokenPayloadLimit);
    expect("very deep", &with(&format!(r#","x":{}"#, "[".repeat(1000))), Error::TokenPayloadLimit);
    let wide = (0..27).map(|name| format!(r#","{name}":1"#)).collect::<Vec<_>>().concat();
    expect("wide", &with(&wide), Error::TokenPayloadLimit);
    assert_eq!(verdict(policy(), &with(&format!(r#","x":{}{}"#, "[".repeat(8), "]".repeat(8))), NOW), Ok(()));
}

/// A token that is bound to a key is nobody's without that key, however it names it.
#[test]
fn bound_tokens_are_no_bearer_tokens() {
    for cnf in [json!({"jkt": b64([1; 32])}), json!({"x5t#S256": b64([1; 32])}), json!({}), json!("x"), json!(1)] {
        expect("cnf", &holding(claims_with("cnf", cnf)), Error::TokenBound);
    }
    let weak = genuine::session::token::TokenPolicy::danger_ignore_issuer_and_audience();
    let bound = holding(claims_with("cnf", json!({"jkt": b64([1; 32])})));
    assert_eq!(verdict(weak, &bound, NOW), Err(Error::TokenBound));
}

#[test]
fn every_truncation_is_refused() {
    for token in [good(), es256(ES_HEADER, claims().to_string(), &signer())] {
        for length in 0..token.len() {
            let error = verdict(policy(), &token[..length], NOW).unwrap_err();
            assert_ne!(error.class(), Class::Unavailable);
        }
    }
}

#[test]
fn every_change_of_an_octet_is_refused() {
    let keys = keys();
    let verifier = TokenVerifier::new(policy(), &keys, &RustCrypto).unwrap();
    let refused = |token: &[u8], position: usize, octet: u8| {
        let mut changed = token.to_vec();
        changed[position] = octet;
        let error = verifier.verify(&mut changed, UnixTime(NOW)).unwrap_err();
        assert_ne!(error.class(), Class::Unavailable);
    };
    let token = good().into_bytes();
    for position in 0..token.len() {
        for octet in (0..=u8::MAX).filter(|octet| *octet != token[position]) {
            refused(&token, position, octet);
        }
    }
    let token = es256(ES_HEADER, claims().to_string(), &signer()).into_bytes();
    for position in 0..token.len() {
        refused(&token, position, token[position] ^ 1);
        refused(&token, position, token[position].wrapping_add(0x20));
    }
}

/// A secret of no more than 64 octets is filled up with zeros (RFC 2104 §2): these two are one key to HMAC, as they are everywhere.
#[test]
fn secrets_are_those_of_hmac() {
    let key = [TokenKey::hs256("h", &[&SECRET[..], &[0]].concat()).unwrap()];
    let verifier = TokenVerifier::new(policy(), &key, &RustCrypto).unwrap();
    assert!(verifier.verify(&mut good().into_bytes(), UnixTime(NOW)).is_ok());
}
