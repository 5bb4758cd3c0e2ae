//! The synthetic tokens of another generator, each with the stage at which it has to be refused.
//!
//! They lie beside the directory that `GENUINE_REAL_VECTORS` names: `../play-integrity`.

use std::{collections::BTreeMap, env, fs, path::Path};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use genuine::{
    Error, Step, UnixMillis,
    crypto::{GenuineCrypto, RustCrypto},
    play_integrity::{
        Binding, ClassicVerifier, DecodedVerifier, DecryptionKey, KeyPair, PlayIntegrityCrypto, Policy, Step as Play,
        VerificationKey, VerifiedIntegrity,
    },
};
use genuine_backend_aws_lc::AwsLc;
use serde_json::Value;

/// How many there are of each outcome.
const EXPECTED: &[(&str, usize)] = &[
    ("ok", 13),
    ("reject:app_not_recognized", 2),
    ("reject:cert_mismatch", 2),
    ("reject:device_integrity", 5),
    ("reject:format", 6),
    ("reject:future", 1),
    ("reject:header", 8),
    ("reject:json", 5),
    ("reject:jwe", 7),
    ("reject:jws", 6),
    ("reject:nonce_mismatch", 1),
    ("reject:nonce_missing", 1),
    ("reject:not_licensed", 1),
    ("reject:package_mismatch", 2),
    ("reject:stale", 1),
    ("reject:testing_response", 1),
    ("reject:too_large", 1),
];

struct Case(Value);

impl Case {
    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().expect("a text")
    }

    fn context(&self, name: &str) -> &str {
        self.0["context"][name].as_str().expect("a text")
    }

    fn millis(&self, name: &str) -> u64 {
        self.0["context"][name].as_u64().expect("a number")
    }

    fn verify<C: PlayIntegrityCrypto>(&self, crypto: &C) -> Result<(), Error> {
        let certificates: Vec<[u8; 32]> = self.0["context"]["cert_sha256_allowed"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|digest| URL_SAFE_NO_PAD.decode(digest.as_str().unwrap()).unwrap().try_into().unwrap())
            .collect();
        let policy = Policy::new(self.context("package"), &certificates)
            .limit_age(self.millis("max_age_ms"))
            .limit_skew(self.millis("future_skew_ms"));
        let keys = [KeyPair {
            decryption: DecryptionKey::from_base64(self.context("decryption_key_b64"))?,
            verification: VerificationKey::from_base64(self.context("verification_key_b64"))?,
        }];
        let nonce = URL_SAFE_NO_PAD.decode(self.context("expected_nonce")).unwrap();
        let now = UnixMillis(self.millis("now_ms"));
        let mut token = self.text("token").as_bytes().to_vec();
        let verifier = ClassicVerifier::new(&policy, &keys, crypto)?;
        let proof: VerifiedIntegrity<'_> = verifier.verify(&mut token, Binding::nonce(&nonce)?, now)?;
        assert_eq!(proof.key_index(), Some(0));
        Ok(())
    }
}

fn cases() -> Option<Vec<Case>> {
    let Some(directory) = env::var_os("GENUINE_REAL_VECTORS") else {
        println!("skipped: GENUINE_REAL_VECTORS is not set");
        return None;
    };
    let directory = Path::new(&directory).parent().expect("a directory above").join("play-integrity");
    let index: Vec<Value> = serde_json::from_slice(&fs::read(directory.join("index.json")).expect("an index")).unwrap();
    let read = |entry: &Value| {
        let file = directory.join(format!("{}.json", entry["name"].as_str().unwrap()));
        Case(serde_json::from_slice(&fs::read(file).expect("a case")).unwrap())
    };
    Some(index.iter().map(read).collect())
}

/// The word of the vectors for a result.
fn outcome(result: Result<(), Error>) -> String {
    let Err(error) = result else {
        return "ok".to_owned();
    };
    let Some(Step::PlayIntegrity(step)) = error.step() else { panic!("{error}") };
    let stage = match step {
        Play::Size => "too_large",
        Play::Form => "format",
        Play::Header => "header",
        Play::Decryption => "jwe",
        Play::InnerForm | Play::Signature => "jws",
        Play::Payload => "json",
        Play::Device => "device_integrity",
        Play::Testing => "testing_response",
        _ => match error {
            Error::PlayRequestPackage | Error::PlayAppPackage => "package_mismatch",
            Error::PlayNonceMissing => "nonce_missing",
            Error::PlayNonceMismatch => "nonce_mismatch",
            Error::PlayTooOld => "stale",
            Error::PlayFromFuture => "future",
            Error::PlayAppNotRecognized | Error::PlayAppUnevaluated => "app_not_recognized",
            Error::PlayCertificate => "cert_mismatch",
            Error::PlayNotLicensed => "not_licensed",
            other => panic!("{other}"),
        },
    };
    format!("reject:{stage}")
}

#[test]
fn every_token_has_the_expected_outcome() {
    let Some(cases) = cases() else { return };
    let mut counts = BTreeMap::new();
    for case in &cases {
        let name = case.text("name");
        let result = case.verify(&RustCrypto);
        assert_eq!(result, case.verify(&GenuineCrypto), "{name}");
        assert_eq!(result, case.verify(&AwsLc), "{name}");
        assert_eq!(outcome(result), case.text("expect"), "{name}: {result:?}");
        *counts.entry(case.text("expect")).or_insert(0) += 1;
    }
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), EXPECTED);
}

/// Google's server decodes what can be opened here to the same payload, and the same policy judges it.
#[test]
fn the_decoded_payload_has_the_same_outcome() {
    let Some(cases) = cases() else { return };
    let mut judged = 0;
    for case in &cases {
        let keys = [KeyPair {
            decryption: DecryptionKey::from_base64(case.context("decryption_key_b64")).unwrap(),
            verification: VerificationKey::from_base64(case.context("verification_key_b64")).unwrap(),
        }];
        let certificate: [u8; 32] = URL_SAFE_NO_PAD
            .decode(case.0["context"]["cert_sha256_allowed"][0].as_str().unwrap())
            .unwrap()
            .try_into()
            .unwrap();
        let certificates = [certificate];
        let policy = Policy::new(case.context("package"), &certificates).limit_age(600_000);
        let verifier = ClassicVerifier::new(&policy, &keys, &RustCrypto).unwrap();
        let mut token = case.text("token").as_bytes().to_vec();
        if verifier.open(&mut token).is_err() {
            continue;
        }
        // The payload stands in the middle of what was decrypted in place; it is read again from outside.
        let json = payload_of(case);
        for answer in [json.clone(), [br#"{"tokenPayloadExternal":"#, &json[..], b"}"].concat()] {
            let nonce = URL_SAFE_NO_PAD.decode(case.context("expected_nonce")).unwrap();
            let decoded = DecodedVerifier::new(&policy, &RustCrypto)
                .unwrap()
                .trust_answer(&answer, case.text("token").as_bytes())
                .unwrap();
            let result = decoded
                .accept(Binding::nonce(&nonce).unwrap(), UnixMillis(case.millis("now_ms")))
                .map(|verified| assert_eq!(verified.key_index(), None));
            assert_eq!(outcome(result), case.text("expect"), "{}", case.text("name"));
            judged += 1;
        }
    }
    assert_eq!(judged, 2 * (13 + 17));
}

/// The payload by independent means: the crates under the backend, and nothing of the engine.
fn payload_of(case: &Case) -> Vec<u8> {
    use aes_gcm::{Aes256Gcm, KeyInit, aead::AeadInOut};

    let segments: Vec<_> = case.text("token").split('.').collect();
    let decoded = |index: usize| URL_SAFE_NO_PAD.decode(segments[index]).unwrap();
    let wrapping: [u8; 32] = STANDARD.decode(case.context("decryption_key_b64")).unwrap().try_into().unwrap();
    let mut content = [0; 32];
    aes_kw::KwAes256::new(&wrapping.into()).unwrap_key(&decoded(1), &mut content).unwrap();
    let (iv, mut text, tag): ([u8; 12], _, [u8; 16]) =
        (decoded(2).try_into().unwrap(), decoded(3), decoded(4).try_into().unwrap());
    Aes256Gcm::new(&content.into())
        .decrypt_inout_detached(&iv.into(), segments[0].as_bytes(), text.as_mut_slice().into(), &tag.into())
        .unwrap();
    let jws = String::from_utf8(text).unwrap();
    URL_SAFE_NO_PAD.decode(jws.split('.').nth(1).unwrap()).unwrap()
}
