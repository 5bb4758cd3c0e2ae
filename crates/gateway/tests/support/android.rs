//! A simulated Android phone: a key of its own, and what Google Play says of it.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "shared by several test crates")]

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use genuine_gateway::{
    config::{self, Play, PlayKeys, Secret},
    gate::sha256,
};
use genuine_testvectors::{json::Json, play::PlayApp};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use serde_json::{Value, json};

/// The package of the simulated app.
pub const PACKAGE: &str = "com.example.attest";
/// A private key on P-256 in the form of PKCS #8 (RFC 5208, RFC 5915), but for its 32 octets.
const PKCS8: [u8; 35] = [
    0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A,
    0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20,
];

/// The app in the Play Console.
pub fn play_app() -> PlayApp {
    PlayApp::new("gateway").with_package(PACKAGE)
}

/// Its configuration: classic tokens, and standard ones if somebody decodes them.
pub fn play(standard: bool) -> Play {
    let app = play_app();
    let keys = PlayKeys {
        decryption_key: Secret(app.decryption_key_base64()),
        verification_key: app.verification_key_base64(),
    };
    Play { keys: vec![keys], standard, ..Play::new(PACKAGE, &[app.certificate()]) }
}

/// An application on both platforms.
pub fn application(play: Play) -> config::Application {
    config::Application { play: Some(play), ..config::Application::new(super::APPLICATION, &[super::APP_ID]) }
}

/// A phone with the app.
pub struct Phone {
    key: EncodingKey,
    pub jwk: Jwk,
    pub key_id: [u8; 32],
}

impl Phone {
    pub fn new(seed: &str) -> Self {
        let key = EncodingKey::from_ec_der(&[&PKCS8[..], &sha256(seed.as_bytes())].concat());
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
        jwk.common.key_algorithm = None;
        let members = serde_json::to_value(&jwk).unwrap();
        let [x, y] = ["x", "y"].map(|name| BASE64_URL_SAFE_NO_PAD.decode(members[name].as_str().unwrap()).unwrap());
        let key_id = sha256(&[&[4], &x[..], &y].concat());
        Self { key, jwk, key_id }
    }

    /// A proof of its key (RFC 9449 §4.2), with these claims over the usual ones.
    pub fn proof(&self, path: &str, nonce: &str, now: u64, others: &Value) -> String {
        let mut claims = json!({
            "htm": "POST",
            "htu": format!("https://{}{path}", super::AUTHORITY),
            "iat": now,
            "jti": BASE64_URL_SAFE_NO_PAD.encode(sha256(nonce.as_bytes())),
            "nonce": nonce,
        });
        claims.as_object_mut().unwrap().extend(others.as_object().cloned().unwrap_or_default());
        let header =
            Header { typ: Some("dpop+jwt".to_owned()), jwk: Some(self.jwk.clone()), ..Header::new(Algorithm::ES256) };
        encode(&header, &claims, &self.key).unwrap()
    }

    /// What a token is bound to, as README.md says.
    pub fn binding(&self, challenge: &str) -> [u8; 32] {
        let lines = format!("genuine-device-v1\n{challenge}\n{}\n", BASE64_STANDARD.encode(self.key_id));
        sha256(lines.as_bytes())
    }

    /// What Google says to a classic request.
    pub fn classic(&self, challenge: &str, now: u64) -> Json {
        play_app().classic(&self.binding(challenge), now * 1000)
    }

    /// What Google says to a standard request.
    pub fn standard(&self, challenge: &str, now: u64) -> Json {
        play_app().standard(&BASE64_URL_SAFE_NO_PAD.encode(self.binding(challenge)), now * 1000)
    }
}
