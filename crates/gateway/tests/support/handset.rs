//! A simulated Android phone whose hardware attests keys, and a gateway that takes them, with a list of revoked keys in a file.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "shared by several test crates")]

use std::{fs, path::PathBuf, sync::Arc, time::SystemTime};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use genuine_gateway::{
    config::{self, KeyAttestation, Revocations},
    demo::minted_keys,
    gate::{Gate, sha256},
    store::{MemoryStore, Store},
};
use genuine_testvectors::{
    Device,
    android::{AndroidDevice, AndroidMutation},
};
use serde_json::{Value, json};

use crate::support::{APP_ID, APPLICATION, Answer, Hands, Scratch, Site, gate_of, now, origin};

pub const PACKAGE: &str = "com.example.attest";
/// None of the phones' certificates is on it.
pub const NOBODY: &str = r#"{"entries": {"f00d": {"status": "REVOKED"}}}"#;

/// A phone with the app.
pub fn phone(seed: &str) -> AndroidDevice {
    AndroidDevice::new(seed).with_package(PACKAGE, 7).with_issue_time(now())
}

/// What the configuration says of the app.
pub fn keys() -> KeyAttestation {
    minted_keys(&phone("any"))
}

/// An application on Apple's systems, and on Android with these settings.
pub fn application(keys: KeyAttestation) -> config::Application {
    config::Application { key_attestation: Some(keys), ..config::Application::new(APPLICATION, &[APP_ID]) }
}

/// What the app has its key attested over, and signs when it registers.
pub fn over(challenge: &str) -> [u8; 32] {
    sha256(challenge.as_bytes())
}

/// What is sent to register, with this chain and this assertion.
pub fn registration_of(challenge: &str, chain: &[Vec<u8>], assertion: &[u8]) -> Value {
    let chain: Vec<_> = chain.iter().map(|certificate| BASE64_STANDARD.encode(certificate)).collect();
    let assertion = BASE64_STANDARD.encode(assertion);
    json!({ "application": APPLICATION, "challenge": challenge, "chain": chain, "assertion": assertion })
}

/// What the app sends to register. The counter of `app` rises.
pub fn registration(phone: &AndroidDevice, app: &mut Device, challenge: &str) -> Value {
    let chain = phone.attest(&over(challenge)).certificates;
    registration_of(challenge, &chain, &app.assert_hash(&over(challenge)).object)
}

/// A gateway, and the file that its list comes from.
pub struct Place {
    pub site: Site,
    pub list: PathBuf,
    pub revocations: Arc<genuine_gateway::revocations::Revocations>,
    _scratch: Scratch,
}

impl Place {
    pub async fn new(name: &str) -> Self {
        Self::of(name, keys()).await
    }

    pub async fn of(name: &str, keys: KeyAttestation) -> Self {
        Self::over(name, application(keys), Arc::new(MemoryStore::default()), Hands::at(now())).await
    }

    pub async fn over(name: &str, application: config::Application, store: Arc<dyn Store>, hands: Hands) -> Self {
        let scratch = Scratch::new(&format!("key-attestation-{name}"));
        let list = scratch.path().join("status.json");
        write_list(&list, NOBODY, &hands);
        let gate = gate_of(&[application], store, &hands);
        let section = Revocations::File { path: list.clone(), age_limit_seconds: 1000, max_bytes: 10_000 };
        let revocations = Arc::new(section.open(hands.clock(), Arc::clone(&gate.metrics)).await.unwrap());
        let gate = Gate { revocations: Some(Arc::clone(&revocations)), ..gate };
        Self { site: Site::of(Arc::new(gate), hands, origin()), list, revocations, _scratch: scratch }
    }

    /// Puts another list in use.
    pub async fn list(&self, entries: &Value) {
        write_list(&self.list, &json!({ "entries": entries }).to_string(), &self.site.hands);
        self.revocations.renew().await;
    }

    /// An attempt to register with the chain of this mutation: the app that registers, and the answer.
    pub async fn attempt(&self, phone: &AndroidDevice, mutation: &AndroidMutation<'_>) -> (Device, Answer) {
        let mut app = phone.requester();
        let challenge = self.site.challenge("attestation", "alice").await;
        let chain = mutation.mint(phone, &over(&challenge));
        let body = registration_of(&challenge, &chain, &app.assert_hash(&over(&challenge)).object);
        (app, self.site.post("/devices", "alice", &body).await)
    }

    /// The app of a phone, registered.
    pub async fn register(&self, phone: &AndroidDevice) -> Device {
        let (app, answer) = self.attempt(phone, &AndroidMutation::default()).await;
        assert_eq!(answer.status, 201, "{}", answer.json());
        app
    }
}

fn write_list(path: &std::path::Path, text: &str, hands: &Hands) {
    fs::write(path, text).unwrap();
    let at = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(hands.clock()());
    fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
}
