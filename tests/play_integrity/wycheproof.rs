//! Project Wycheproof: AES through the seam of the backends, and tokens of others through the engine.
//!
//! The files lie beside the directory that `GENUINE_REAL_VECTORS` names: `../wycheproof`.

use std::{env, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use genuine::{
    Error, Step,
    crypto::{AesKwGcm, CryptoError, GenuineCrypto, RustCrypto},
    play_integrity::{ClassicVerifier, DecryptionKey, KeyPair, Policy, Step as Play},
};
use serde_json::Value;

use crate::common::{app, certificates, pair};

/// The groups of a file; set-but-missing fails, and unset leaves out.
fn groups(name: &str) -> Option<Vec<Value>> {
    let Some(directory) = env::var_os("GENUINE_REAL_VECTORS") else {
        println!("skipped: GENUINE_REAL_VECTORS is not set");
        return None;
    };
    let file = Path::new(&directory).parent().expect("a directory above").join("wycheproof").join(name);
    let text = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let Value::Array(groups) = serde_json::from_slice::<Value>(&text).unwrap()["testGroups"].take() else {
        panic!("a list")
    };
    Some(groups)
}

fn tests(group: &Value) -> &[Value] {
    group["tests"].as_array().expect("a list")
}

fn octets(test: &Value, name: &str) -> Vec<u8> {
    let digits = test[name].as_str().expect("hexadecimal digits");
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn is_valid(test: &Value) -> bool {
    match test["result"].as_str() {
        Some("valid") => true,
        Some("invalid") => false,
        other => panic!("{other:?}: {test}"),
    }
}

#[test]
fn aes_gcm_of_both_backends() {
    let Some(groups) = groups("aes_gcm_test.json") else { return };
    let mut judged = 0;
    for group in groups.iter().filter(|group| group["keySize"] == 256 && group["ivSize"] == 96) {
        assert_eq!(group["tagSize"], 128);
        for test in tests(group) {
            let key = octets(test, "key").try_into().unwrap();
            let iv = octets(test, "iv").try_into().unwrap();
            let tag = octets(test, "tag").try_into().unwrap();
            let (additional, text) = (octets(test, "aad"), octets(test, "msg"));
            for backend in [&RustCrypto as &dyn AesKwGcm, &GenuineCrypto] {
                let mut sealed = octets(test, "ct");
                let opened = backend.open_in_place(&key, &iv, &additional, &mut sealed, &tag);
                let expected = if is_valid(test) { Ok(()) } else { Err(CryptoError::Invalid) };
                assert_eq!(opened, expected, "{test}");
                if opened.is_ok() {
                    assert_eq!(sealed, text, "{test}");
                }
            }
            judged += 1;
        }
    }
    assert_eq!(judged, 66);
}

#[test]
fn aes_key_wrap_of_both_backends() {
    let Some(groups) = groups("aes_wrap_test.json") else { return };
    let (mut judged, mut other_sizes) = (0, 0);
    for test in groups.iter().filter(|group| group["keySize"] == 256).flat_map(tests) {
        // A JWE of `A256GCM` wraps keys of 32 octets; the types let nothing else through.
        let Ok(wrapped) = octets(test, "ct").try_into() else {
            other_sizes += 1;
            continue;
        };
        let wrapping = octets(test, "key").try_into().unwrap();
        for backend in [&RustCrypto as &dyn AesKwGcm, &GenuineCrypto] {
            let unwrapped = backend.unwrap_key(&wrapping, &wrapped).map(Vec::from);
            let expected = if is_valid(test) { Ok(octets(test, "msg")) } else { Err(CryptoError::Invalid) };
            assert_eq!(unwrapped, expected, "{test}");
        }
        judged += 1;
    }
    assert!(judged >= 5, "{judged}");
    assert_eq!(judged + other_sizes, 68);
}

/// Tokens of `A256KW`: what is sealed in them is no JWS, so that a good one comes as far as to that.
#[test]
fn tokens_of_others_go_as_far_as_they_should() {
    let Some(groups) = groups("json_web_encryption_test.json") else { return };
    let (certificates, app) = (certificates(), app());
    let policy = Policy::new(app.package_name(), &certificates);
    let (mut opened, mut refused) = (0, 0);
    for group in &groups {
        let key = group["private"]["k"].as_str().and_then(|key| URL_SAFE_NO_PAD.decode(key).ok());
        let key: Option<[u8; 32]> = key.and_then(|key| key.try_into().ok());
        let algorithm = group["private"]["alg"].as_str().unwrap();
        for test in tests(group) {
            let token = test["jwe"].as_str().map_or_else(|| test["jwe"].to_string(), str::to_owned);
            let decryption = DecryptionKey::new(key.unwrap_or([7; 32]));
            let keys = [KeyPair { decryption, ..pair(&app) }];
            for result in [
                ClassicVerifier::new(&policy, &keys, &RustCrypto)
                    .unwrap()
                    .open(&mut token.clone().into_bytes())
                    .map(drop),
                ClassicVerifier::new(&policy, &keys, &GenuineCrypto)
                    .unwrap()
                    .open(&mut token.clone().into_bytes())
                    .map(drop),
            ] {
                let error = result.expect_err("Google made none of these");
                if algorithm == "A256KW" && is_valid(test) && test["enc"] == "A256GCM" {
                    assert_eq!(error, Error::PlayNotSigned, "{test}");
                    opened += 1;
                } else {
                    let Some(Step::PlayIntegrity(step)) = error.step() else { panic!("{error}") };
                    assert!(step <= Play::Decryption, "{test}: {error}");
                    refused += 1;
                }
            }
        }
    }
    assert_eq!((opened, refused), (2, 2 * 138));
}
