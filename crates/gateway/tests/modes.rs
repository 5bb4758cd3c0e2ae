//! What the modes mean: for registration by application and platform, for requests by route.
#![allow(missing_docs)]

mod support;

use std::sync::Arc;

use axum::{Extension, Router, body::Body, http::Request, routing::get};
use genuine::{
    app_attest::KeyId,
    session::mode::{Mode, Rollout, Status},
};
use genuine_gateway::{
    config::{Application, Config},
    gate::{Access, Caller, Client, Freshness, Gate, sha256},
    http::{AppRoutes, ForwardRule},
    platform::Platform,
    store::{Contract, MemoryStore},
    verdict::Verdict,
};
use genuine_testvectors::{Device, Generation};
use serde_json::json;
use support::{
    APP_ID, APPLICATION, Answer, Hands, Site, answer_of, authorization, device, gate_of, json_request, now, origin,
    registration, signed,
};

fn applications(settings: Application) -> (Arc<Gate>, Hands) {
    let hands = Hands::at(now());
    (Arc::new(gate_of(&[settings], Arc::new(MemoryStore::default()), &hands)), hands)
}

fn site_of(settings: Application) -> Site {
    let (gate, hands) = applications(settings);
    Site::of(gate, hands, origin())
}

fn demo() -> Application {
    Application::new(APPLICATION, &[APP_ID])
}

fn attestations(site: &Site, mode: Mode, status: Status) -> u64 {
    site.gate.metrics.attestations(Platform::AppAttest, mode, status)
}

/// A registration that fails: its challenge is another session's.
async fn failing(site: &Site, device: &Device) -> Answer {
    let challenge = site.challenge("attestation", "bob").await;
    site.post("/devices", "alice", &registration(device, &challenge)).await
}

#[tokio::test]
async fn r38_off_verifies_nothing() {
    let site = site_of(Application { mode: Mode::Off, ..demo() });
    let alice = device("alice");
    let challenge = site.challenge("attestation", "alice").await;
    for body in [registration(&alice, &challenge), registration(&alice, "no challenge")] {
        let answer = site.post("/devices", "alice", &body).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "application": APPLICATION, "registered": false })));
    }
    assert_eq!((attestations(&site, Mode::Off, Status::NotPerformed), site.gate.metrics.chains.get()), (2, 0));
    assert_eq!(site.gate.store.device(KeyId(alice.key_id())).await, Ok(None));
}

#[tokio::test]
async fn r39_optional_fails_no_registration_and_keeps_none_that_failed() {
    let site = site_of(Application { mode: Mode::Optional, ..demo() });
    let alice = device("alice");
    let answer = failing(&site, &alice).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "application": APPLICATION, "registered": false })));
    assert_eq!(site.gate.store.device(KeyId(alice.key_id())).await, Ok(None));
    assert_eq!(attestations(&site, Mode::Optional, Status::Failed), 1);
    // Asked again, it registers; and a key that is there, or revoked, is told as ever.
    site.register(&alice, "alice").await;
    assert_eq!(attestations(&site, Mode::Optional, Status::Verified), 1);
    assert_eq!(failing(&site, &alice).await.status, 409);
    site.gate.revoke(KeyId(alice.key_id())).await.unwrap();
    assert_eq!(failing(&site, &alice).await.status, 401);
}

#[tokio::test]
async fn r40_r41_r51_required_fails_a_registration_and_says_so() {
    let site = site_of(demo());
    let answer = failing(&site, &device("alice")).await;
    assert_eq!((answer.status, answer.json()["session_status"].as_str()), (401, Some("REFUSED")));
    assert_eq!(attestations(&site, Mode::Required, Status::Failed), 1);
}

/// R1, R42: an app that cannot attest, as before iOS 14.
#[tokio::test]
async fn r42_who_cannot_attest_fails_where_it_is_required() {
    for (mode, status, counted) in [
        (Mode::Off, 200, Status::NotSupported),
        (Mode::Optional, 200, Status::NotSupported),
        (Mode::Required, 403, Status::NotSupported),
    ] {
        let site = site_of(Application { mode, ..demo() });
        for body in
            [json!({ "application": APPLICATION }), json!({ "application": APPLICATION, "platform": "app_attest" })]
        {
            let answer = site.post("/devices/unsupported", "alice", &body).await;
            assert_eq!(answer.status, status, "{mode:?}");
            if status == 200 {
                assert_eq!(answer.json()["app_attest_status"], "NOT_SUPPORTED");
            } else {
                assert_eq!(answer.code(), "attestation_required");
            }
        }
        assert_eq!(attestations(&site, mode, counted), 2, "{mode:?}");
        let other = json!({ "application": APPLICATION, "platform": "play_integrity" });
        assert_eq!(site.post("/devices/unsupported", "alice", &other).await.code(), "platform_unknown");
    }
}

/// R56: sessions of one account are in one share.
#[test]
fn r56_who_cannot_attest_is_placed_by_account_first() {
    let site = site_of(Application { rollout_percent: 50.0.try_into().unwrap(), ..demo() });
    let refused = |account: Option<u64>, session: u64| {
        let hash = |number: u64| sha256(&number.to_be_bytes());
        let client = Client { account: account.map(hash), session: hash(session), ..Client::default() };
        site.gate.unsupported(APPLICATION, Platform::AppAttest, client).is_err()
    };
    let accounts: Vec<_> = (0..32).map(|account| refused(Some(account), 0)).collect();
    for session in 1..32 {
        assert!(
            (0..32).all(|account| refused(Some(account), session) == accounts[usize::try_from(account).unwrap()]),
            "{session}"
        );
    }
    assert!(accounts.contains(&true) && accounts.contains(&false));
    assert!((1..32).any(|session| refused(None, session) != refused(None, 0)));
}

/// R56: who is reached stays so while the share rises, and the share is what it says.
#[tokio::test]
async fn r56_a_roll_out_reaches_the_same_devices_and_more() {
    const DEVICES: usize = 400;
    let mut reached = Vec::new();
    for percent in [0.0, 25.0, 50.0, 100.0] {
        let site = site_of(Application { rollout_percent: percent.try_into().unwrap(), ..demo() });
        let challenge = site.challenge("attestation", "bob").await;
        let mut body = registration(&device("alice"), &challenge);
        let mut now = Vec::new();
        for number in 0..DEVICES {
            body["key_id"] = support::key_id_text(&sha256(&number.to_be_bytes())).into();
            let answer = site.post("/devices", "alice", &body).await;
            assert!([200, 401].contains(&answer.status));
            now.push(answer.status == 401);
        }
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let share = now.iter().filter(|refused| **refused).count() as f64 / DEVICES as f64 * 100.0;
        assert!((share - percent).abs() < 8.0, "{share} for {percent}");
        if !reached.is_empty() {
            assert!(reached.iter().zip(&now).all(|(before, now)| !before || *now), "{percent}");
        }
        reached = now;
    }
    assert!(reached.iter().all(|refused| *refused));
}

#[tokio::test]
async fn r57_a_client_that_is_too_old_is_told_to_upgrade() {
    let least = toml::from_str::<Config>(&format!(
        "[[applications]]\nname = \"{APPLICATION}\"\napp_ids = [\"{APP_ID}\"]\nclient_version_at_least = \"3.15\"\n"
    ));
    let settings = least.unwrap().applications.remove(0);
    let site = site_of(settings.clone());
    let alice = device("alice");
    let register = async |site: &Site, version: Option<&str>| {
        let challenge = site.challenge("attestation", "alice").await;
        let mut request = json_request("/devices", "alice", &registration(&alice, &challenge));
        if let Some(version) = version {
            request.headers_mut().insert("x-client-version", version.parse().unwrap());
        }
        site.send(request).await
    };
    for version in [None, Some("3.14"), Some("3.9"), Some("2.99.99.99"), Some("three"), Some("3.15.0.0.1"), Some("")] {
        let answer = register(&site, version).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "upgrade_required"), "{version:?}");
        assert_eq!(answer.json()["least_version"], "3.15");
    }
    assert_eq!((register(&site, Some("3.15")).await.status, site.refusals("ClientOutdated")), (201, 7));
    // A request too; and where nothing is required nobody is told.
    let mut alice = device("alice");
    let mut come = async |version: &str| {
        let mut request = signed(&mut alice, "GET", "/orders", "", None);
        request.headers_mut().insert("x-client-version", version.parse().unwrap());
        site.send(request).await.status
    };
    assert_eq!((come("3.14").await, come("3.15").await, come("4").await), (403, 200, 200));
    let optional = site_of(Application { mode: Mode::Optional, ..settings });
    assert_eq!(register(&optional, Some("3.14")).await.json()["registered"], false);
}

/// A route in a mode, with a handler that says what it was told.
struct Route {
    site: Site,
    app: Router,
}

impl Route {
    fn of(site: Site, mode: Mode, rollout: Rollout) -> Self {
        async fn told(
            Extension(verdict): Extension<Verdict>,
            caller: Option<Extension<Caller>>,
            body: String,
        ) -> String {
            assert_eq!(caller.is_some(), verdict == Verdict::Verified);
            format!("{} {body}", verdict.as_str())
        }
        let access = Access::new(vec![APPLICATION.to_owned()], Freshness::Counter).in_mode(mode, rollout);
        let routes = Router::new().route("/news", get(told).post(told));
        let app = AppRoutes::new(Arc::clone(&site.gate), support::intake()).protected(access, routes);
        Self { app: app.router(Arc::new(origin())), site }
    }

    async fn send(&self, request: Request<Body>) -> (u16, String) {
        let answer = answer_of(self.app.clone(), "127.0.0.1", request).await;
        (answer.status, String::from_utf8(answer.body).unwrap())
    }

    fn verdicts(&self, mode: Mode) -> [u64; 6] {
        use Verdict::{Invalid, Missing, Outdated, Unchecked, Undecided, Verified};
        [Verified, Missing, Invalid, Outdated, Undecided, Unchecked]
            .map(|verdict| self.site.gate.metrics.verdicts("routes", mode, verdict))
    }
}

fn unsigned() -> Request<Body> {
    Request::post("/news").body(Body::from("abc")).unwrap()
}

/// A signature of another body.
fn tampered(alice: &mut Device) -> Request<Body> {
    let mut request = signed(alice, "POST", "/news", "other", None);
    *request.body_mut() = Body::from("abc");
    request
}

#[tokio::test]
async fn r53_a_route_is_watched_first_and_closed_later() {
    for (mode, expected, counted) in [
        (Mode::Off, [Ok("unchecked"), Ok("unchecked"), Ok("unchecked")], [0, 0, 0, 0, 0, 3]),
        (Mode::Optional, [Ok("verified"), Ok("missing"), Ok("invalid")], [1, 1, 1, 0, 0, 0]),
        (Mode::Required, [Ok("verified"), Err(()), Err(())], [1, 1, 1, 0, 0, 0]),
    ] {
        let route = Route::of(site_of(demo()), mode, Rollout::ALL);
        let mut alice = device("alice");
        route.site.register(&alice, "alice").await;
        let requests = [signed(&mut alice, "POST", "/news", "abc", None), unsigned(), tampered(&mut alice)];
        for (request, expected) in requests.into_iter().zip(expected) {
            let (status, body) = route.send(request).await;
            match expected {
                Ok(verdict) => assert_eq!((status, body), (200, format!("{verdict} abc")), "{mode:?}"),
                Err(()) => assert_eq!(status, 401, "{mode:?}"),
            }
        }
        assert_eq!(route.verdicts(mode), counted, "{mode:?}");
    }
}

/// What is no matter of an attestation holds in every mode: bodies within limits, and devices that are revoked or locked.
#[tokio::test]
async fn revoked_and_locked_devices_and_limits_hold_where_nothing_is_required() {
    let route = Route::of(site_of(demo()), Mode::Optional, Rollout::ALL);
    let mut alice = device("alice");
    route.site.register(&alice, "alice").await;
    let key = KeyId(alice.key_id());
    route.site.gate.set_lock(key, true).await.unwrap();
    let (status, body) = route.send(signed(&mut alice, "POST", "/news", "abc", None)).await;
    assert!(status == 401 && body.contains("\"locked\"") && body.contains("\"LOCKED\""), "{body}");
    route.site.gate.set_lock(key, false).await.unwrap();
    assert_eq!(route.send(signed(&mut alice, "POST", "/news", "abc", None)).await.0, 200);
    let large = Request::post("/news").body(Body::from(vec![b'a'; 1001])).unwrap();
    assert_eq!(route.send(large).await.0, 413);
    route.site.gate.revoke(key).await.unwrap();
    assert_eq!(route.send(signed(&mut alice, "POST", "/news", "abc", None)).await.0, 401);
    let off = Route::of(site_of(demo()), Mode::Off, Rollout::ALL);
    let large = Request::post("/news").body(Body::from(vec![b'a'; 1001])).unwrap();
    assert_eq!(off.send(large).await.0, 413);
}

#[tokio::test]
async fn r56_a_route_is_closed_for_a_share_of_devices() {
    let half = Rollout::from_hundredths(5000).unwrap();
    let route = Route::of(site_of(demo()), Mode::Required, half);
    let mut refused = 0;
    for number in 0..100 {
        let session = format!("session {number}");
        let request = || Request::post("/news").header("x-session", &session).body(Body::from("abc")).unwrap();
        let status = route.send(request()).await.0;
        assert_eq!(route.send(request()).await.0, status, "the same client, the same answer");
        refused += u32::from(status == 401);
    }
    assert!((30..=70).contains(&refused), "{refused}");
    // Without a session it is the address that stays.
    let statuses = [route.send(unsigned()).await.0, route.send(unsigned()).await.0];
    assert_eq!(statuses[0], statuses[1]);
}

/// An app that shows what its application no longer takes: its own signature locks it, and nobody else's does.
#[tokio::test]
async fn r40_a_device_whose_own_app_is_refused_is_locked() {
    let settings = Application { bundle_versions: Some(vec!["7".to_owned()]), ..demo() };
    let alice = || device("alice").with_generation(Generation::Ios27);
    for (mode, locked) in [(Mode::Optional, false), (Mode::Required, true)] {
        // The device registers before the application asks for a version.
        let (before, hands) = applications(demo());
        let after = Gate {
            store: Arc::clone(&before.store),
            ..gate_of(std::slice::from_ref(&settings), Arc::clone(&before.store), &hands)
        };
        let mut alice = alice();
        Site::of(before, hands.clone(), origin()).register(&alice, "alice").await;
        let route = Route::of(Site::of(Arc::new(after), hands, origin()), mode, Rollout::ALL);
        let lock =
            async || route.site.gate.store.device(KeyId(alice_key())).await.unwrap().unwrap().locked_at.is_some();
        route.send(tampered(&mut alice)).await;
        assert!(!lock().await, "a signature that is not of this request");
        let request = || {
            let assertion = support::assert(
                &mut device("alice").with_generation(Generation::Ios27).with_counter(9),
                "POST",
                "/news",
                b"abc",
                None,
            );
            let header = authorization(&device("alice"), &assertion, None);
            Request::post("/news").header("authorization", header).body(Body::from("abc")).unwrap()
        };
        let status = route.send(request()).await.0;
        assert_eq!((status, lock().await), (if locked { 401 } else { 200 }, locked), "{mode:?}");
        if locked {
            // Opened by the operator, and the same request once more, by somebody who has seen it: it locks nothing again.
            route.site.gate.set_lock(KeyId(alice_key()), false).await.unwrap();
            assert_eq!((route.send(request()).await.0, lock().await), (401, false));
        }
    }
}

fn alice_key() -> [u8; 32] {
    device("alice").key_id()
}

/// S6: after a restored backup a request counts only with a challenge of now, and then nothing earlier does.
#[tokio::test]
async fn s6_an_epoch_makes_earlier_requests_void() {
    let hands = Hands::at(now());
    let store = Arc::new(MemoryStore::default());
    let window = Application { counter: Contract::Window, ..demo() };
    let gate = |epoch| {
        let gate = gate_of(std::slice::from_ref(&window), Arc::clone(&store) as _, &hands);
        let challenges = gate.challenges.in_epoch(epoch);
        Site::of(Arc::new(Gate { epoch, challenges, ..gate }), hands.clone(), origin())
    };
    let before = gate(0);
    let mut alice = device("alice");
    before.register(&alice, "alice").await;
    let sealed_before = before.challenge("assertion", "alice").await;
    // Signed before the restore: the store has forgotten that it was accepted.
    let old = || signed(&mut device("alice"), "GET", "/orders", "", None);
    let unused = signed(&mut alice, "POST", "/payments", "", Some(&sealed_before));
    let after = gate(1);
    assert_eq!(
        (after.send(old()).await.code().as_str(), after.refusals("ChallengeMissing")),
        ("challenge_rejected", 1)
    );
    assert_eq!(
        (after.send(unused).await.code().as_str(), after.refusals("ChallengeForged")),
        ("challenge_rejected", 1)
    );
    let challenge = after.challenge("assertion", "alice").await;
    assert_eq!(after.send(signed(&mut alice, "POST", "/payments", "", Some(&challenge))).await.status, 200);
    assert_eq!(after.gate.store.device(KeyId(alice.key_id())).await.unwrap().unwrap().epoch, 1);
    // From then on as before, and under the window nothing from before the restore.
    assert_eq!(after.send(old()).await.code(), "counter_overtaken");
    assert_eq!(after.send(signed(&mut alice, "GET", "/orders", "", None)).await.status, 200);
    // A device that registers now needs none.
    let mut bob = device("bob");
    after.register(&bob, "bob").await;
    assert_eq!(after.send(signed(&mut bob, "GET", "/orders", "", None)).await.status, 200);
}

/// A proxy is told what a request showed, and the claims only where they are verified.
#[tokio::test]
async fn a_proxy_is_told_the_verdict() {
    let settings = "
        authority = \"localhost:8080\"
        [[applications]]
        name = \"demo\"
        app_ids = [\"ABCDE12345.com.example.demo\"]
        [[forward_auth]]
        name = \"watched\"
        body = \"none\"
        mode = \"OPTIONAL\"
        [[forward_auth]]
        name = \"open\"
        body = \"none\"
        mode = \"OFF\"
        [[forward_auth]]
        name = \"closed\"
        body = \"none\"";
    let config: Config = toml::from_str(settings).unwrap();
    let site = site_of(demo());
    let mut alice = device("alice");
    site.register(&alice, "alice").await;
    let app = AppRoutes::new(Arc::clone(&site.gate), support::intake())
        .forward_auth(&["10.0.0.1/32".parse().unwrap()], ForwardRule::configured(&config))
        .unwrap()
        .router(Arc::new(genuine_gateway::http::Origin { allow_plain_http: true, ..origin() }));
    let mut ask = async |rule: &str, signs: bool| {
        let mut request = Request::get(format!("/authorize/{rule}"))
            .header("x-forwarded-method", "GET")
            .header("x-forwarded-uri", "/news")
            .body(Body::empty())
            .unwrap();
        if signs {
            let header = signed(&mut alice, "GET", "/news", "", None).headers()["authorization"].clone();
            request.headers_mut().insert("authorization", header);
        }
        answer_of(app.clone(), "10.0.0.1", request).await
    };
    for (rule, signs, status, verdict) in [
        ("watched", true, 200, Some("verified")),
        ("watched", false, 200, Some("missing")),
        ("open", true, 200, Some("unchecked")),
        ("open", false, 200, Some("unchecked")),
        ("closed", true, 200, Some("verified")),
        ("closed", false, 401, None),
    ] {
        let answer = ask(rule, signs).await;
        let told = answer.headers.get("x-genuine-verdict").map(|verdict| verdict.to_str().unwrap());
        assert_eq!((answer.status, told), (status, verdict), "{rule} {signs}");
        let claims = ["device", "application", "counter", "content-digest"]
            .map(|claim| answer.headers.get(format!("x-genuine-{claim}")).is_some_and(|claim| !claim.is_empty()));
        assert_eq!(claims, [verdict == Some("verified"); 4], "{rule} {signs}");
    }
}
