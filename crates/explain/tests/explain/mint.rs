//! Tokens of Play Integrity, minted with keys of our own. The tests of the example `verify` use it too.

use aes_gcm::{Aes256Gcm, KeyInit as _, aead::AeadInOut as _};
use aes_kw::KwAes256;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};

pub(crate) const PACKAGE: &str = "org.example.shop";
pub(crate) const CERTIFICATE: [u8; 32] = [0x5A; 32];
/// Such that its standard base64 has another alphabet than its base64url.
pub(crate) const NONCE: [u8; 32] = [0xFB; 32];
/// When the tokens are made, in milliseconds.
pub(crate) const NOW: u64 = 1_790_000_000_000;

/// The header that every genuine token has.
pub(crate) const HEADER: &str = r#"{"alg":"A256KW","enc":"A256GCM"}"#;

pub(crate) fn base64url(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

/// The keys of an app.
pub(crate) struct Keys {
    wrapping: [u8; 32],
    signing: SigningKey,
}

impl Keys {
    pub(crate) fn new(seed: u8) -> Self {
        Self { wrapping: [seed; 32], signing: SigningKey::from_slice(&[seed; 32]).expect("a scalar") }
    }

    /// As the Play Console shows it.
    pub(crate) fn decryption(&self) -> String {
        STANDARD.encode(self.wrapping)
    }

    /// Likewise.
    pub(crate) fn verification(&self) -> String {
        let prefix =
            b"\x30\x59\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07\x03\x42\0";
        STANDARD.encode([&prefix[..], self.signing.verifying_key().to_sec1_point(false).as_bytes()].concat())
    }

    pub(crate) fn token(&self, payload: &Value) -> String {
        self.jwe(HEADER, &self.jws(r#"{"alg":"ES256"}"#, &payload.to_string()))
    }

    pub(crate) fn jws(&self, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", base64url(header), base64url(payload));
        let signature: Signature = self.signing.sign(signed.as_bytes());
        format!("{signed}.{}", base64url(signature.to_bytes()))
    }

    pub(crate) fn jwe(&self, header: &str, text: &str) -> String {
        let (content, iv, header) = ([0xC0; 32], [0x17; 12], base64url(header));
        let mut wrapped = [0; 40];
        KwAes256::new(&self.wrapping.into()).wrap_key(&content, &mut wrapped).expect("it has the length");
        let mut text = text.as_bytes().to_vec();
        let tag = Aes256Gcm::new(&content.into())
            .encrypt_inout_detached(&iv.into(), header.as_bytes(), text.as_mut_slice().into())
            .expect("it is short");
        [header, base64url(wrapped), base64url(iv), base64url(text), base64url(tag)].join(".")
    }
}

/// What Google says of a good app on a good device.
pub(crate) fn payload() -> Value {
    json!({
        "requestDetails": {
            "requestPackageName": PACKAGE,
            "timestampMillis": (NOW - 1_500).to_string(),
            "nonce": base64url(NONCE),
        },
        "appIntegrity": {
            "appRecognitionVerdict": "PLAY_RECOGNIZED",
            "packageName": PACKAGE,
            "certificateSha256Digest": [base64url(CERTIFICATE)],
            "versionCode": "42",
        },
        "deviceIntegrity": {"deviceRecognitionVerdict": ["MEETS_DEVICE_INTEGRITY", "MEETS_STRONG_INTEGRITY"]},
        "accountDetails": {"appLicensingVerdict": "LICENSED"},
    })
}

/// The same with another value at a path, such as `/appIntegrity/packageName`; `null` is as good as absent.
pub(crate) fn payload_with(path: &str, value: Value) -> Value {
    let mut payload = payload();
    let (parent, name) = path.rsplit_once('/').expect("a path");
    payload.pointer_mut(parent).expect("it is there")[name] = value;
    payload
}

/// What Google says of a standard request.
pub(crate) fn standard_payload(request_hash: &str) -> Value {
    let mut payload = payload_with("/requestDetails/nonce", Value::Null);
    payload["requestDetails"]["requestHash"] = request_hash.into();
    payload
}
