//! What an app on an Android phone does whose hardware attests keys, in the place of Kotlin.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine_testvectors::android::AndroidDevice;
use serde_json::{Value, json};

use super::App;
use crate::gate::sha256;

/// An installation of the app on a simulated phone whose hardware attests keys.
pub struct Handset {
    /// The phone.
    pub phone: AndroidDevice,
    /// The app: it signs requests like one on an Apple device, by the key of the phone.
    pub app: App,
}

impl Handset {
    /// What is sent to register: the chain over the hash of the challenge's text, and the assertion over that hash. The counter rises.
    pub fn registration(&mut self, challenge: &str) -> Value {
        let chain = self.chain(challenge);
        self.registration_with(challenge, &chain)
    }

    /// The same with another chain.
    pub fn registration_with(&mut self, challenge: &str, chain: &[Vec<u8>]) -> Value {
        let assertion = self.app.device.assert_hash(&sha256(challenge.as_bytes())).object;
        let chain: Vec<_> = chain.iter().map(|certificate| BASE64_STANDARD.encode(certificate)).collect();
        json!({
            "application": self.app.application,
            "challenge": challenge,
            "chain": chain,
            "assertion": BASE64_STANDARD.encode(assertion),
        })
    }

    /// The certificates of the key over the hash of this challenge's text, leaf first.
    #[must_use]
    pub fn chain(&self, challenge: &str) -> Vec<Vec<u8>> {
        self.phone.attest(&sha256(challenge.as_bytes())).certificates
    }
}
