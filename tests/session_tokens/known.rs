//! Tokens that others made: those of RFC 7515, of a vendor's examples, and with times far away.

use genuine::{
    Error, UnixTime,
    crypto::{P256, PublicKey, RustCrypto},
    session::token::{Platform, TokenKey, TokenPolicy, TokenVerifier},
};
use serde_json::json;

use crate::common::{
    AUDIENCE, HS_HEADER, ISSUER, NOW, SECRET, b64, claims_with, hs256, keys, policy, sha256, standard, unb64, vectors,
    verdict,
};

/// RFC 7515 A.1.1.
const A1: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
    eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
    dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const A1_KEY: &str = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
/// RFC 7515 A.3.1.
const A3: &str = "eyJhbGciOiJFUzI1NiJ9.\
    eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
    DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
const A3_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const A3_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

fn a3_key() -> PublicKey<P256> {
    PublicKey([unb64(A3_X), unb64(A3_Y)].concat().try_into().unwrap())
}

#[test]
fn tokens_of_rfc_7515_verify() {
    let secret = unb64(A1_KEY);
    for (token, key) in [(A1, TokenKey::hs256("any", &secret).unwrap()), (A3, TokenKey::es256("any", a3_key()))] {
        let keys = [key];
        let policy = TokenPolicy::danger_ignore_issuer_and_audience();
        let verifier = TokenVerifier::new(policy, &keys, &RustCrypto).unwrap();
        let mut text = token.as_bytes().to_vec();
        let verified = verifier.verify(&mut text, UnixTime(1_300_819_379)).unwrap();
        assert_eq!(verified.issuer().unwrap(), "joe");
        assert_eq!(verified.expires(), 1_300_819_380);
        assert_eq!(verified.boolean("http://example.com/is_root"), Some(true));
        assert_eq!((verified.text("exp"), verified.integer("iss"), verified.boolean("none")), (None, None, None));
        let expired = verifier.verify(&mut token.as_bytes().to_vec(), UnixTime(1_300_819_380)).map(drop);
        assert_eq!(expired, Err(Error::TokenExpired));
        let later = TokenVerifier::new(policy.with_skew(60), &keys, &RustCrypto).unwrap();
        assert!(later.verify(&mut token.as_bytes().to_vec(), UnixTime(1_300_819_439)).is_ok());
        let expired = later.verify(&mut token.as_bytes().to_vec(), UnixTime(1_300_819_440)).map(drop);
        assert_eq!(expired, Err(Error::TokenExpired));
    }
}

/// The keys swapped: each algorithm with the other's key.
#[test]
fn no_key_serves_another_algorithm() {
    for (token, key) in [(A3, TokenKey::hs256("any", &unb64(A1_KEY)).unwrap()), (A1, TokenKey::es256("any", a3_key()))]
    {
        let keys = [key];
        let verifier =
            TokenVerifier::new(TokenPolicy::danger_ignore_issuer_and_audience(), &keys, &RustCrypto).unwrap();
        let verdict = verifier.verify(&mut token.as_bytes().to_vec(), UnixTime(1_300_819_379)).map(drop);
        assert_eq!(verdict, Err(Error::TokenAlgorithm));
    }
}

/// Secret, tokens and bindings of Approov's documentation.
#[test]
fn tokens_of_a_vendor_verify() {
    let Some(vectors) = vectors("tokens/hs256_examples.json") else { return };
    let keys = [TokenKey::hs256("approov", &standard(vectors["secret_b64"].as_str().unwrap())).unwrap()];
    let verifier = TokenVerifier::new(TokenPolicy::danger_ignore_issuer_and_audience(), &keys, &RustCrypto).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let mut token = case["token"].as_str().unwrap().as_bytes().to_vec();
        let verified = verifier.verify(&mut token, UnixTime(NOW));
        if case["signature_valid"] == json!(false) {
            assert_eq!(verified.map(drop), Err(Error::TokenForged), "{case}");
            continue;
        }
        let verified = verified.unwrap();
        assert!(verified.expires() > 4_708_683_204 && verified.issuer().is_none(), "{case}");
        // What binds it to a header of the request: base64 of its SHA-256.
        if let Some(header) = case["authorization_header"].as_str() {
            use base64::Engine as _;
            let expected = base64::engine::general_purpose::STANDARD.encode(sha256(header.as_bytes()));
            let is_bound = verified.text("pay").unwrap() == expected.as_str();
            assert_eq!(json!(is_bound), case["binding_valid"], "{case}");
        }
    }
}

/// A fraction of a second is cut off, so that a token is not accepted in the second in which it expires.
#[test]
fn fractions_of_seconds_are_cut_off() {
    let token = hs256(HS_HEADER, claims_with("exp", json!(4_708_683_205.891_912_f64)), &SECRET);
    assert_eq!(verdict(policy(), &token, 4_708_683_204), Ok(()));
    assert_eq!(verdict(policy(), &token, 4_708_683_205), Err(Error::TokenExpired));
}

/// In the year 2345: beyond 32 bits, signed or not.
#[test]
fn times_have_64_bits() {
    let token = hs256(HS_HEADER, claims_with("exp", json!(11_833_862_400_u64)), &SECRET);
    assert_eq!(verdict(policy(), &token, 11_833_862_399), Ok(()));
    assert_eq!(verdict(policy(), &token, 11_833_862_400), Err(Error::TokenExpired));
    // Nothing overflows.
    let token = hs256(HS_HEADER, claims_with("exp", json!(i64::MAX)), &SECRET);
    assert_eq!(verdict(policy().with_skew(u32::MAX), &token, NOW), Ok(()));
    assert_eq!(verdict(policy(), &token, u64::MAX), Err(Error::TokenExpired));
    let token = hs256(HS_HEADER, claims_with("exp", json!(i64::MIN)), &SECRET);
    assert_eq!(verdict(policy().with_skew(u32::MAX), &token, 1), Err(Error::TokenExpired));
    let token = hs256(HS_HEADER, claims_with("nbf", json!(i64::MIN)), &SECRET);
    assert_eq!(verdict(policy().with_skew(u32::MAX), &token, 1), Ok(()));
}

#[test]
fn every_claim_is_shown() {
    let mut claims = crate::common::claims();
    claims["aud"] = json!(["https://other.example", AUDIENCE]);
    claims["nbf"] = json!(NOW - 1);
    claims["platform"] = json!("android");
    claims["environment"] = json!("production");
    claims["verdict"] = json!("VERIFIED");
    claims["level"] = json!(-7.9);
    claims["admin"] = json!(false);
    let mut token = hs256(HS_HEADER, claims.to_string(), &SECRET).into_bytes();
    let keys = keys();
    let verifier = TokenVerifier::new(policy(), &keys, &RustCrypto).unwrap();
    let verified = verifier.verify(&mut token, UnixTime(NOW)).unwrap();
    assert_eq!(verified.key_index(), 0);
    assert_eq!(verified.issuer().unwrap().as_str(), Some(ISSUER));
    assert_eq!(verified.subject().unwrap().to_string(), "device-1");
    assert_eq!(verified.id().unwrap().chars().collect::<String>(), "one");
    assert_eq!(
        verified.audiences().map(|one| one.to_string()).collect::<Vec<_>>(),
        ["https://other.example", AUDIENCE]
    );
    let (issued, not_before) = (verified.issued().unwrap(), verified.not_before().unwrap());
    assert_eq!((issued, not_before, verified.expires()), (1_800_000_000, 1_799_999_999, 1_800_000_300));
    assert_eq!(verified.platform(), Some(Platform::Android));
    assert_eq!(verified.environment().unwrap(), "production");
    assert_eq!(verified.verdict().unwrap(), "VERIFIED");
    assert_eq!((verified.integer("level"), verified.boolean("admin")), (Some(-7), Some(false)));
    assert_eq!((verified.text("level"), verified.confirmation()), (None, None));
    assert!(format!("{verified:?}").contains("\"device-1\""));
}

#[test]
fn platforms_are_an_open_list() {
    let keys = keys();
    let verifier = TokenVerifier::new(policy(), &keys, &RustCrypto).unwrap();
    for (name, is) in [
        (json!("ios"), "Some(Ios)"),
        (json!("android"), "Some(Android)"),
        (json!("visionos"), "Some(Other(\"visionos\"))"),
        (json!("iOS"), "Some(Other(\"iOS\"))"),
        (json!(1), "None"),
    ] {
        let mut token = hs256(HS_HEADER, claims_with("platform", name), &SECRET).into_bytes();
        let verified = verifier.verify(&mut token, UnixTime(NOW)).unwrap();
        assert_eq!(format!("{:?}", verified.platform()), is);
    }
}

/// What is escaped is the text that it stands for.
#[test]
fn escapes_are_resolved() {
    let payload = format!(
        r#"{{"iss":"https:\/\/attest.ex\u0061mple","aud":["https:\/\/api.example"],"exp":{},"sub":"a\"\ud83d\ude00"}}"#,
        NOW + 1
    );
    let mut token =
        hs256(r#"{"\u0061lg":"HS\u0032\u0035\u0036","typ":"J\u0057T","kid":"\u0068"}"#, payload, &SECRET).into_bytes();
    let keys = keys();
    let verifier = TokenVerifier::new(policy(), &keys, &RustCrypto).unwrap();
    let verified = verifier.verify(&mut token, UnixTime(NOW)).unwrap();
    let subject = verified.subject().unwrap();
    assert_eq!((subject.as_str(), subject.to_string()), (None, "a\"😀".to_owned()));
    assert!(subject == "a\"😀" && subject != "a\"" && !subject.is_empty());
    assert_eq!(b64("x"), "eA");
}
