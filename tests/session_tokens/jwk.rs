//! Keys as JSON: read strictly, written for others to read.

use genuine::{
    Error,
    crypto::{P256, PublicKey, RustCrypto, SignP256 as _},
    session::{
        jwk::{self, Thumbprint},
        token::TokenKey,
    },
};
use serde_json::{Value, json};

use crate::common::{SECRET, b64, device, jwk as as_json, sha256, signer, unb64};

fn read(json: &str) -> Result<PublicKey<P256>, Error> {
    jwk::read(json.as_bytes(), &RustCrypto)
}

/// The key and the thumbprint of RFC 9449 §4.2 and §6.1.
#[test]
fn thumbprints_are_those_of_rfc_7638() {
    let key = read(
        r#"{"kty":"EC", "x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA", "crv":"P-256"}"#,
    )
    .unwrap();
    let thumbprint = Thumbprint::of(&key, &RustCrypto).unwrap();
    assert_eq!(thumbprint.to_string(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    // RFC 7638 §3.3 has an RSA key; this is its construction, by other code.
    let key = signer().public_key();
    let mut canonical = String::new();
    for (position, (name, value)) in
        [("crv", "P-256".to_owned()), ("kty", "EC".to_owned()), ("x", b64(&key.0[..32])), ("y", b64(&key.0[32..]))]
            .into_iter()
            .enumerate()
    {
        canonical += if position == 0 { "{" } else { "," };
        canonical.extend([json!(name).to_string(), ":".to_owned(), json!(value).to_string()]);
    }
    canonical += "}";
    assert_eq!(Thumbprint::of(&key, &RustCrypto).unwrap().0, sha256(canonical.as_bytes()));
}

#[test]
fn good_keys_are_read() {
    let key = signer().public_key();
    let mut json = as_json(&key);
    assert_eq!(read(&json.to_string()), Ok(key));
    json["use"] = json!("sig");
    json["alg"] = json!("ES256");
    json["kid"] = json!("any \"name\"");
    json["key_ops"] = json!(["sign", "verify"]);
    json["x5c"] = json!(["AAAA"]);
    json["ext"] = json!(true);
    assert_eq!(read(&json.to_string()), Ok(key));
}

#[test]
fn other_keys_are_refused() {
    let key = signer().public_key();
    let with = |name: &str, value: Value| {
        let mut json = as_json(&key);
        json[name] = value;
        read(&json.to_string())
    };
    let without = |name: &str| {
        let mut json = as_json(&key);
        json.as_object_mut().unwrap().remove(name).unwrap();
        read(&json.to_string())
    };
    for name in ["kty", "crv", "x", "y"] {
        assert_eq!(without(name), Err(Error::JwkForm), "{name}");
        assert_eq!(with(name, json!(1)), Err(Error::JwkForm), "{name}");
    }
    for kty in ["ec", "RSA", "oct", "OKP", ""] {
        assert_eq!(with("kty", json!(kty)), Err(Error::JwkUnsupported), "{kty}");
    }
    for crv in ["p-256", "P-384", "secp256k1", ""] {
        assert_eq!(with("crv", json!(crv)), Err(Error::JwkUnsupported), "{crv}");
    }
    assert_eq!(with("use", json!("enc")), Err(Error::JwkUnsupported));
    assert_eq!(with("alg", json!("ES384")), Err(Error::JwkUnsupported));
    assert_eq!(with("alg", json!("HS256")), Err(Error::JwkUnsupported));
    for operations in [json!([]), json!(["sign"]), json!(["encrypt", "deriveKey"])] {
        assert_eq!(with("key_ops", operations), Err(Error::JwkUnsupported));
    }
    assert_eq!(with("key_ops", json!("verify")), Err(Error::JwkForm));
    // A private key is none to show, whatever it is.
    for value in [json!(b64([7; 32])), json!(""), json!(null), json!({})] {
        assert_eq!(with("d", value), Err(Error::JwkPrivate));
    }
    assert_eq!(with("k", json!(b64([7; 32]))), Err(Error::JwkPrivate));
    // Coordinates of another length or form.
    let x = b64(&key.0[..32]);
    for value in [
        b64([&[0], &key.0[..32]].concat()),
        b64(&key.0[..31]),
        String::new(),
        format!("{x}="),
        format!(" {x}"),
        x.replace(['-', '_'], "+"),
        format!("{}{}", &x[..42], "_"),
    ] {
        assert_eq!(with("x", json!(value)), Err(Error::JwkForm), "{value}");
    }
    let text = as_json(&key).to_string();
    assert_eq!(read(&text.replace(&x, &format!("\\u00{:02x}{}", x.as_bytes()[0], &x[1..]))), Err(Error::JwkForm));
    assert_eq!(read(&text.replace('{', r#"{"kty":"EC","#)), Err(Error::JwkForm));
    assert_eq!(read(&format!("{text}0")), Err(Error::JwkForm));
    assert_eq!(read(&format!("{text}{}", " ".repeat(jwk::MAX_JWK))), Err(Error::JwkForm));
    assert_eq!(read("[]"), Err(Error::JwkForm));
    assert_eq!(read(""), Err(Error::JwkForm));
    // No point of the curve.
    assert_eq!(with("x", json!(b64([0; 32]))), Err(Error::JwkPoint));
    assert_eq!(with("y", json!(x)), Err(Error::JwkPoint));
    assert_eq!(with("x", json!(b64([0xFF; 32]))), Err(Error::JwkPoint));
}

/// What others read of it: `serde_json`, and `jsonwebtoken`.
#[test]
fn keys_are_written() {
    let key = signer().public_key();
    let mut room = [0; 512];
    let text = jwk::write(&key, "2026 \"11\"\\\u{1}", &mut room).unwrap();
    let json: Value = serde_json::from_str(text).unwrap();
    let mut expected = as_json(&key);
    expected["use"] = json!("sig");
    expected["alg"] = json!("ES256");
    expected["kid"] = json!("2026 \"11\"\\\u{1}");
    assert_eq!(json, expected);
    assert_eq!(read(text), Ok(key));
    let theirs: jsonwebtoken::jwk::Jwk = serde_json::from_str(text).unwrap();
    assert!(theirs.is_supported());
    let length = text.len();
    for short in 0..length {
        assert_eq!(jwk::write(&key, "2026 \"11\"\\\u{1}", &mut vec![0; short]), Err(Error::RoomTooSmall));
    }
}

/// R15: both keys of a rotation, and no secret.
#[test]
fn sets_hold_public_keys_only() {
    let keys = [
        TokenKey::es256("new", signer().public_key()),
        TokenKey::hs256("secret", &SECRET).unwrap(),
        TokenKey::es256("old", device().public_key()),
    ];
    let mut room = [0; 1024];
    let text = jwk::write_set(&keys, &mut room).unwrap();
    let json: Value = serde_json::from_str(text).unwrap();
    let set = json["keys"].as_array().unwrap();
    assert_eq!(set.iter().map(|key| key["kid"].as_str().unwrap()).collect::<Vec<_>>(), ["new", "old"]);
    assert_eq!(read(&set[1].to_string()), Ok(device().public_key()));
    assert!(!text.contains("secret") && !text.contains(&b64(SECRET)));
    let theirs: jsonwebtoken::jwk::JwkSet = serde_json::from_str(text).unwrap();
    assert!(theirs.find("old").is_some());
    assert_eq!(jwk::write_set(&keys, &mut [0; 100]), Err(Error::RoomTooSmall));
    let mut room = [0; 16];
    assert_eq!(jwk::write_set(&[], &mut room), Ok(r#"{"keys":[]}"#));
    assert_eq!(unb64("AA"), [0]);
}
