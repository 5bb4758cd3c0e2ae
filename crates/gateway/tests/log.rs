//! What the log says of attestations, under a target for each platform. Alone in its program: it takes the whole log.
#![allow(missing_docs)]

#[path = "support/handset.rs"]
mod handset;
mod support;

use std::{
    io,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Body, http::Request, routing::post};
use genuine::session::mode::{Mode, Rollout};
use genuine_gateway::{
    config::{Application, KeyAttestation, Play},
    gate::{Access, Freshness},
    http::AppRoutes,
    store::MemoryStore,
};
use genuine_testvectors::android::AndroidMutation;
use handset::Place;
use serde_json::json;
use support::{
    APPLICATION, Hands, Site,
    android::{Phone, application, play, play_app},
    answer_of, device, gate_of, intake, json_request, now, origin, registration, signed,
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
    let gate = gate_of(&[optional], Arc::new(MemoryStore::default()), &hands);
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

    hardware(&lines).await;
    // What was shown stays out of it.
    let all = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(![&token, &proof, &challenge].into_iter().any(|shown| all.contains(&shown[..20])), "{all}");
}

/// Phones whose hardware attests keys: what a registration and requests would have been refused for.
async fn hardware(lines: &Lines) {
    const TARGETS: [&str; 3] = ["genuine::app_attest", "genuine::play_integrity", "genuine::key_attestation"];
    let keys = KeyAttestation { mode: Mode::Optional, ..handset::keys() };
    let both = Application { mode: Mode::Optional, ..handset::application(keys) };
    let android = Application { app_ids: Vec::new(), ..both.clone() };
    // A request that names no device is Apple's, unless no device of Apple's could have sent it.
    for (name, application, of_nobody) in
        [("both", both, "genuine::app_attest"), ("android", android, "genuine::key_attestation")]
    {
        let place = Place::over(name, application, Arc::new(MemoryStore::default()), Hands::at(now())).await;
        let mut app = place.register(&handset::phone("pixel")).await;
        let access =
            Access::new(vec![APPLICATION.to_owned()], Freshness::Counter).in_mode(Mode::Optional, Rollout::ALL);
        let routes = Router::new().route("/news", post(async || "news"));
        let routes = AppRoutes::new(Arc::clone(&place.site.gate), intake()).protected(access, routes);
        let routes = routes.router(Arc::new(origin()));
        let tampered = signed(&mut app, "POST", "/news", "other", None).map(|_| Body::from("news"));
        let unsigned = Request::post("/news").body(Body::from("news")).unwrap();

        let mut counts = TARGETS.map(|target| lines.of(target).len());
        let mut expect = |target: &str, said: [&str; 2]| {
            let found = lines.of(target);
            let last = found.last().unwrap();
            assert!(said.iter().all(|said| last.contains(said)) && last.contains("OPTIONAL"), "{last}");
            counts[TARGETS.iter().position(|other| *other == target).unwrap()] += 1;
            assert_eq!(TARGETS.map(|target| lines.of(target).len()), counts, "{name}: {last}");
        };
        let unlocked = handset::phone("unlocked").unlocked();
        assert_eq!(place.attempt(&unlocked, &AndroidMutation::default()).await.1.status, 200);
        expect("genuine::key_attestation", ["FAILED", "AndroidUnlocked"]);
        assert_eq!(answer_of(routes.clone(), "127.0.0.1", tampered).await.status, 200);
        expect("genuine::key_attestation", ["invalid", "SignatureInvalid"]);
        assert_eq!(answer_of(routes, "127.0.0.1", unsigned).await.status, 200);
        expect(of_nobody, ["missing", "AssertionMissing"]);
    }
}
