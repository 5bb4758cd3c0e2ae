//! What the log says of attestations, under a target for each platform. Alone in its program: it takes the whole log.
#![allow(missing_docs)]

mod support;

use std::{
    io,
    sync::{Arc, Mutex},
};

use genuine::session::mode::Mode;
use genuine_gateway::config::{Application, Play};
use serde_json::json;
use support::{
    APPLICATION, Hands, Site,
    android::{Phone, application, play, play_app},
    device, gate_of, json_request, now, origin, registration,
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
    fn of(&self, target: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(&format!(" {target}: "))).map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn r52_each_platform_has_a_target_of_its_own() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();
    let optional = Application { mode: Mode::Optional, ..application(Play { mode: Mode::Optional, ..play(false) }) };
    let hands = Hands::at(now());
    let gate = gate_of(&[optional], Arc::new(genuine_gateway::store::MemoryStore::default()), &hands);
    let site = Site::of(Arc::new(gate), hands, origin());

    let challenge = site.challenge("attestation", "another session").await;
    site.post("/devices", "session", &registration(&device("alice"), &challenge)).await;
    let apple = lines.of("genuine::app_attest");
    assert!(apple.len() == 1 && apple[0].contains("ChallengeForged") && apple[0].contains("OPTIONAL"), "{apple:?}");
    assert_eq!(lines.of("genuine::play_integrity"), [""; 0]);

    let phone = Phone::new("pixel");
    let challenge = site.challenge("integrity", "session").await;
    let token = play_app().token(&phone.classic("another challenge", now()));
    let body = json!({ "application": APPLICATION, "challenge": challenge, "integrity_token": { "classic": token } });
    let mut request = json_request("/devices", "session", &body);
    let proof = phone.proof("/devices", &challenge, now(), &json!({}));
    request.headers_mut().insert("dpop", proof.parse().unwrap());
    site.send(request).await;
    let google = lines.of("genuine::play_integrity");
    assert!(google.len() == 1 && google[0].contains("PlayNonceMismatch") && google[0].contains("FAILED"), "{google:?}");
    assert_eq!(lines.of("genuine::app_attest").len(), 1);
    // What was shown stays out of it.
    let all = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(![&token, &proof, &challenge].into_iter().any(|shown| all.contains(&shown[..20])), "{all}");
}
