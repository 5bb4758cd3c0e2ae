//! The keys of the identity provider, and their file.

use std::fs;

use genuine_gateway::{
    account::{KeySet, TokenFault},
    refusal::Refusal,
};
use serde_json::{Value, json};

use crate::{NOW, Provider, alice, base64, claims, ed, headers::headers, p256, support::Scratch, with};

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
