//! What the log calls devices. Alone in its program: it takes the whole log.
#![allow(missing_docs)]

mod support;

use std::{
    io,
    sync::{Arc, Mutex},
};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use genuine::{app_attest::KeyId, session::mode::Mode};
use genuine_gateway::{
    config::{Application, Log, Secret},
    gate::Gate,
    play::{DecodeFault, Decoder},
    pseudonym::Pseudonyms,
    store::MemoryStore,
};
use serde_json::json;
use support::{
    APP_ID, APPLICATION, Hands, Site,
    android::{self, Phone},
    device, gate_of, now, origin, registration, signed,
};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// The lines since the last time.
    fn take(&self) -> Vec<String> {
        let octets = std::mem::take(&mut *self.0.lock().unwrap());
        String::from_utf8(octets).unwrap().lines().map(str::to_owned).collect()
    }
}

/// Computed with Python: `hmac.new(bytes(range(n)), bytes([0x5a] * 32), "sha256").digest()[:12]`, in URL-safe base64.
#[test]
fn a_pseudonym_is_the_beginning_of_an_hmac() {
    let key = KeyId([0x5a; 32]);
    let secret: Vec<u8> = (0..64).collect();
    assert_eq!(Pseudonyms::keyed(&secret[..32]).of(key), "Ria5tE93euy-VKcw");
    assert_eq!(Pseudonyms::keyed(&secret).of(key), "A3m-enJguy9Kd0xm");
}

#[test]
fn gateways_that_share_a_secret_agree_and_others_do_not() {
    let key = KeyId(device("alice").key_id());
    let of = |secret: Option<&str>| {
        let pseudonym_secret = secret.map(|secret| Secret(secret.to_owned()));
        Log { pseudonym_secret, ..Log::default() }.pseudonyms().unwrap().of(key)
    };
    let (one, other) = (BASE64_STANDARD.encode([1; 32]), BASE64_STANDARD.encode([2; 32]));
    assert_eq!(of(Some(&one)), of(Some(&one)));
    let mut all = vec![of(Some(&one)), of(Some(&other)), of(None), of(None)];
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 4);
}

#[tokio::test]
async fn lines_about_a_device_have_its_pseudonym_and_not_its_key() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();
    let hands = Hands::at(now());
    let applications = [
        Application::new(APPLICATION, &[APP_ID]),
        Application { mode: Mode::Optional, ..Application::new("lax", &["ABCDE12345.com.example.lax"]) },
    ];
    let gate = gate_of(&applications, Arc::new(MemoryStore::default()), &hands);
    let site = Site::of(Arc::new(gate), hands, origin());
    let (mut alice, mut stranger) = (device("alice"), device("stranger"));
    let pseudonym = site.gate.pseudonyms.of(KeyId(alice.key_id()));
    let device_field = format!("device=\"{pseudonym}\"");
    let key_ids = [BASE64_STANDARD.encode(alice.key_id()), BASE64_URL_SAFE_NO_PAD.encode(alice.key_id())];
    let one_line = |part: &str| {
        let all = lines.take();
        let found: Vec<_> = all.iter().filter(|line| line.contains(part)).cloned().collect();
        assert_eq!(found.len(), 1, "{part}: {all:?}");
        assert!(found[0].contains("request{request_id="), "{}", found[0]);
        found.into_iter().next().unwrap()
    };
    let is_about = |line: &str| line.contains(&device_field) && !key_ids.iter().any(|key_id| line.contains(key_id));

    // Registration, and one that is refused as the key is there.
    site.register(&alice, "alice").await;
    assert!(is_about(&one_line("registered application=\"demo\" platform=\"app_attest\" is_new=true")));
    let challenge = site.challenge("attestation", "alice").await;
    assert_eq!(site.post("/devices", "alice", &registration(&alice, &challenge)).await.status, 409);
    assert!(is_about(&one_line("refused reason=\"KeyAlreadyEnrolled\"")));

    // A request that was accepted before.
    let (parts, body) = signed(&mut alice, "GET", "/orders", "", None).into_parts();
    let again = axum::http::Request::from_parts(parts.clone(), axum::body::Body::empty());
    assert_eq!(site.send(axum::http::Request::from_parts(parts, body)).await.status, 200);
    assert_eq!(site.send(again).await.status, 401);
    assert!(is_about(&one_line("refused reason=\"CounterNotIncreased\"")));

    // Of somebody who is not registered nothing is known.
    assert_eq!(site.send(signed(&mut stranger, "GET", "/orders", "", None)).await.status, 401);
    let line = one_line("refused reason=\"UnknownKey\"");
    assert!(!line.contains("device="), "{line}");

    // Where a mode lets pass what would be refused, the line of the platform has it too.
    let asked = json!({ "application": "lax", "purpose": "attestation" });
    let challenge = site.post("/challenges", "bob", &asked).await.json()["challenge"].as_str().unwrap().to_owned();
    let mut lax = registration(&stranger, &challenge);
    lax["application"] = "lax".into();
    assert_eq!(site.post("/devices", "bob", &lax).await.status, 200);
    let line = one_line("genuine::app_attest: attested");
    let named = format!("device=\"{}\"", site.gate.pseudonyms.of(KeyId(stranger.key_id())));
    assert!(line.contains(&named) && line.contains("RpIdMismatch"), "{line}");

    // The operator goes from the device to the log. What the operator does names the key, and not the pseudonym beside it.
    let path = format!("/devices/{}", key_ids[1]);
    assert_eq!(site.operate("GET", &path).await.json()["pseudonym"], *pseudonym);
    for (method, rest, part) in
        [("PUT", "/lock", "changed a lock"), ("DELETE", "/lock", "changed a lock"), ("PUT", "/revocation", "revoked")]
    {
        assert_eq!(site.operate(method, &format!("{path}{rest}")).await.status, 204);
        let line = one_line(part);
        assert!(line.contains(&format!("key_id=\"{}\"", key_ids[1])) && !line.contains(&pseudonym), "{line}");
    }
    assert_eq!(site.operate("GET", &path).await.json()["pseudonym"], *pseudonym);
    assert_eq!(site.send(signed(&mut alice, "GET", "/orders", "", None)).await.status, 401);
    assert!(is_about(&one_line("refused reason=\"KeyRevoked\"")));

    // What is asked of Google goes on without the client, in lines of its request all the same.
    let android = [android::application(android::play(true))];
    let gate = gate_of(&android, Arc::new(MemoryStore::default()), &site.hands);
    let gate = Gate { decoder: Some(Arc::new(Asked)), ..gate };
    let site = Site::of(Arc::new(gate), site.hands.clone(), origin());
    let (phone, challenge) = (Phone::new("phone"), site.challenge("integrity", "carol").await);
    let asked = json!({ "application": APPLICATION, "challenge": challenge, "integrity_token": { "standard": "any" } });
    let request = axum::http::Request::post("/devices")
        .header("content-type", "application/json")
        .header("x-session", "carol")
        .header("dpop", phone.proof("/devices", &challenge, now(), &json!({})))
        .body(asked.to_string().into())
        .unwrap();
    assert_eq!(site.send(request).await.status, 503);
    one_line("Google is asked");
}

/// In the place of Google's server: it is asked, and away.
struct Asked;

#[async_trait::async_trait]
impl Decoder for Asked {
    async fn decode(&self, _: &str, _: &str) -> Result<Vec<u8>, DecodeFault> {
        tracing::info!("Google is asked");
        Err(DecodeFault::Unavailable)
    }
}
